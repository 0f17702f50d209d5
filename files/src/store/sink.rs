//! Places for what comes that are no directory: a stream, such as the standard output, and a text in
//! memory.
//!
//! Owns what they can't do. Nothing of them is kept for another time.

use super::trouble::Trouble;
use couplet::limits::{MAX_WINDOW, MIN_PIECE};
use couplet::transfer::entry::{Entry, EntryKind};
use couplet::transfer::wire::Fault;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// The longest text that is taken, in bytes.
pub const MAX_TEXT: u64 = 1024 * 1024;

/// How many pieces may wait for their turn: a window of the smallest. Those of zeros have no bytes by
/// which they could be counted.
const MAX_EARLY: usize = (MAX_WINDOW / MIN_PIECE) as usize;

/// What is written for a hole.
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// One that takes a single file.
#[derive(Clone)]
pub(super) struct Sink {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    kind: Kind,
    is_open: bool,
    is_whole: bool,
}

enum Kind {
    /// Bytes go on, in order; what comes early, through another pipe, waits.
    Stream(Stream),
    /// Bytes are kept.
    Text(Vec<u8>),
}

struct Stream {
    to: Box<dyn Write + Send>,
    /// The bytes that are through.
    at: u64,
    early: BTreeMap<u64, Piece>,
    /// The bytes of those that have any.
    waiting: usize,
}

/// Bytes that go on.
enum Piece {
    Bytes(Vec<u8>),
    Zeros(u64),
}

impl Sink {
    /// One that hands on what comes.
    pub(super) fn stream(to: impl Write + Send + 'static) -> Self {
        let to = Box::new(to);
        Self::new(Kind::Stream(Stream { to, at: 0, early: BTreeMap::new(), waiting: 0 }))
    }

    /// One that keeps it as a text.
    pub(super) fn text() -> Self {
        Self::new(Kind::Text(Vec::new()))
    }

    fn new(kind: Kind) -> Self {
        Self { inner: Arc::new(Mutex::new(Inner { kind, is_open: false, is_whole: false })) }
    }

    /// Opens the one file.
    pub(super) fn open(&self, entry: &Entry) -> Result<(), Trouble> {
        self.with(|inner| {
            if inner.is_open {
                return Err(Trouble::unlawful(
                    "only one file fits here; choose a folder for several",
                ));
            }
            if matches!(inner.kind, Kind::Text(_)) && entry.size().is_some_and(|s| s > MAX_TEXT) {
                return Err(too_long());
            }
            inner.is_open = true;
            Ok(())
        })
    }

    /// Nothing but a file can be made here.
    pub(super) fn make(entry: &Entry) -> Trouble {
        let what = match entry.kind {
            EntryKind::Folder => "a folder",
            EntryKind::Link { .. } => "a link",
            EntryKind::Twin { .. } | EntryKind::File { .. } => "a file of this kind",
        };
        Trouble::unlawful(format!("{} is {what}; choose a folder to receive it in", entry.path))
    }

    /// Takes bytes.
    pub(super) fn write(&self, offset: u64, data: &[u8]) -> Result<(), Trouble> {
        self.with(|inner| match &mut inner.kind {
            Kind::Stream(stream) if stream.at == offset => {
                stream.write(data).and_then(|()| stream.go_on())
            }
            Kind::Stream(stream) => stream.keep(offset, Piece::Bytes(data.to_vec())),
            Kind::Text(text) => {
                let end = offset.saturating_add(data.len() as u64);
                if end > MAX_TEXT {
                    return Err(too_long());
                }
                let (Ok(start), Ok(end)) = (usize::try_from(offset), usize::try_from(end)) else {
                    return Err(too_long());
                };
                if text.len() < end {
                    text.resize(end, 0);
                }
                text[start..end].copy_from_slice(data);
                Ok(())
            }
        })
    }

    /// Takes zeros.
    pub(super) fn skip_hole(&self, offset: u64, len: u64) -> Result<(), Trouble> {
        let is_text = self.with(|inner| match &mut inner.kind {
            Kind::Stream(stream) if stream.at == offset => {
                stream.write_zeros(len).and_then(|()| stream.go_on()).map(|()| false)
            }
            Kind::Stream(stream) => stream.keep(offset, Piece::Zeros(len)).map(|()| false),
            Kind::Text(_) if offset.saturating_add(len) > MAX_TEXT => Err(too_long()),
            Kind::Text(_) => Ok(true),
        })?;
        if is_text {
            self.write(offset, &vec![0; usize::try_from(len).unwrap_or(0)])
        } else {
            Ok(())
        }
    }

    /// The file is whole.
    pub(super) fn save(&self) -> Result<(), Trouble> {
        self.with(|inner| {
            if let Kind::Stream(stream) = &mut inner.kind {
                stream.to.flush().map_err(|error| broken(&error))?;
            }
            inner.is_whole = true;
            Ok(())
        })
    }

    /// The file is of no use. What is handed on can't be taken back.
    pub(super) fn discard(&self) {
        self.with(|inner| {
            if let Kind::Text(text) = &mut inner.kind {
                text.clear();
                inner.is_open = false;
            }
        });
    }

    /// Takes a whole text out. It is as it came: nothing in it is safe to show.
    pub(super) fn take_text(&self) -> Option<Vec<u8>> {
        self.with(|inner| match &mut inner.kind {
            Kind::Text(text) if inner.is_whole => Some(std::mem::take(text)),
            Kind::Text(_) | Kind::Stream(_) => None,
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink").finish_non_exhaustive()
    }
}

impl Stream {
    fn write(&mut self, data: &[u8]) -> Result<(), Trouble> {
        self.to.write_all(data).map_err(|error| broken(&error))?;
        self.at += data.len() as u64;
        Ok(())
    }

    fn write_zeros(&mut self, len: u64) -> Result<(), Trouble> {
        let end = self.at.saturating_add(len);
        while self.at < end {
            let step = usize::try_from(end - self.at).unwrap_or(usize::MAX).min(ZEROS.len());
            self.write(&ZEROS[..step])?;
        }
        Ok(())
    }

    /// Writes what waited for what has just been written.
    fn go_on(&mut self) -> Result<(), Trouble> {
        while let Some(piece) = self.early.remove(&self.at) {
            match piece {
                Piece::Bytes(bytes) => {
                    self.waiting -= bytes.len();
                    self.write(&bytes)?;
                }
                Piece::Zeros(len) => self.write_zeros(len)?,
            }
        }
        Ok(())
    }

    /// Keeps what came before its turn, through another pipe. No more does than a sender may have
    /// under way.
    fn keep(&mut self, offset: u64, piece: Piece) -> Result<(), Trouble> {
        let len = if let Piece::Bytes(bytes) = &piece { bytes.len() } else { 0 };
        let is_full = self.early.len() >= MAX_EARLY || (self.waiting + len) as u64 > MAX_WINDOW;
        if offset < self.at || is_full {
            return Err(out_of_order(self.at, offset));
        }
        self.waiting += len;
        self.early.insert(offset, piece);
        Ok(())
    }
}

fn out_of_order(at: u64, offset: u64) -> Trouble {
    Trouble::Refused(
        Fault::Storage,
        format!(
            "bytes at {offset} came where those at {at} were due, and a stream takes them only in \
             order; have it offered again"
        ),
    )
}

fn broken(error: &io::Error) -> Trouble {
    let text = if error.kind() == io::ErrorKind::BrokenPipe {
        "whoever was reading the output has stopped; have it offered again".to_owned()
    } else if error.kind() == io::ErrorKind::StorageFull {
        // Some of it may be out, so it can't be tried again.
        "the disk that the output goes to is full; make room and have it offered again".to_owned()
    } else {
        format!("the output can't be written ({error}); have it offered again")
    };
    Trouble::Refused(Fault::Storage, text)
}

fn too_long() -> Trouble {
    let text = format!("the text is longer than {MAX_TEXT} bytes; have it sent as a file");
    Trouble::Refused(Fault::Unlawful, text)
}
