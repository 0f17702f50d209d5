//! What a transfer writes to, whatever that is.
//!
//! Owns nothing but the choice between a [directory](super::landing) and a [sink](super::sink).

use super::growing::Part;
use super::landing::Landing;
use super::sink::Sink;
use super::trouble::Trouble;
use couplet::transfer::entry::{Entry, EntryId};
use couplet::transfer::journal::Record;
use couplet::transfer::receive::Opened;
use couplet::transfer::tree::Hash;
use std::io::{self, Write};
use std::sync::Arc;

/// One transfer that is coming in. Dropping it keeps what has come.
#[derive(Debug)]
pub struct Incoming(To);

#[derive(Debug)]
enum To {
    Directory(Arc<Landing>),
    Sink(Sink),
}

/// One file that is growing. Pieces are written from several threads at once. Dropping it keeps what
/// has come of a large file.
#[derive(Debug)]
pub struct Growing(File);

#[derive(Debug)]
enum File {
    Part(Box<Part>),
    Sink(Sink),
}

impl Incoming {
    /// One that goes into a directory.
    pub(super) fn directory(landing: Landing) -> Self {
        Self(To::Directory(Arc::new(landing)))
    }

    /// One whose single file is handed on as it comes, such as to the standard output.
    pub fn stream(to: impl Write + Send + 'static) -> Self {
        Self(To::Sink(Sink::stream(to)))
    }

    /// One whose single file is kept in memory as a text; see [`take_text`](Self::take_text).
    #[must_use]
    pub fn text() -> Self {
        Self(To::Sink(Sink::text()))
    }

    /// Opens a file, or finds that it is there already. `may_resume` is whether a part of it, or all,
    /// may be there.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn open(
        &self,
        _id: EntryId,
        entry: &Entry,
        may_resume: bool,
    ) -> Result<(Opened, Option<Growing>), Trouble> {
        match &self.0 {
            To::Directory(landing) => {
                let (opened, part) = landing.open(entry, may_resume)?;
                Ok((opened, part.map(|part| Growing(File::Part(Box::new(part))))))
            }
            To::Sink(sink) => {
                sink.open(entry)?;
                Ok((Opened::Ready(Vec::new()), Some(Growing(File::Sink(sink.clone())))))
            }
        }
    }

    /// Whether a file is there already, whole and as it should be: put there by this transfer, or
    /// left as it is since it is the same.
    #[must_use]
    pub fn is_there(&self, entry: &Entry) -> bool {
        match &self.0 {
            To::Directory(landing) => landing.is_there(entry),
            To::Sink(_) => false,
        }
    }

    /// Makes a folder, link or twin.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn make(&self, entry: &Entry) -> Result<(), Trouble> {
        match &self.0 {
            To::Directory(landing) => landing.make(entry),
            To::Sink(_) => Err(Sink::make(entry)),
        }
    }

    /// Whether so many bytes fit.
    #[must_use]
    pub fn has_room(&self, bytes: u64) -> bool {
        match &self.0 {
            // A disk that can't tell is believed to have room; it says so when it hasn't.
            To::Directory(landing) => landing.free().is_none_or(|free| free >= bytes),
            To::Sink(_) => true,
        }
    }

    /// Completes the transfer: folders get their looks, everything is flushed to disk, and what is
    /// only for going on with it is removed. Gives what it is saved as; empty if it isn't.
    ///
    /// # Errors
    /// [`Trouble`]; it can be called again.
    pub fn finish(&self) -> Result<String, Trouble> {
        match &self.0 {
            To::Directory(landing) => landing.finish(),
            To::Sink(_) => Ok(String::new()),
        }
    }

    /// Ends the transfer and removes what has come and isn't complete.
    pub fn discard(&self) {
        if let To::Directory(landing) = &self.0 {
            landing.discard();
        }
    }

    /// Takes a whole text out. It is as it came: nothing in it is safe to show.
    #[must_use]
    pub fn take_text(&self) -> Option<Vec<u8>> {
        match &self.0 {
            To::Directory(_) => None,
            To::Sink(sink) => sink.take_text(),
        }
    }
}

impl Growing {
    /// Writes where it belongs.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn write(&self, offset: u64, data: &[u8]) -> Result<(), Trouble> {
        match &self.0 {
            File::Part(part) => part.write(offset, data),
            File::Sink(sink) => sink.write(offset, data),
        }
    }

    /// Leaves a hole: nothing is written, and the file is long enough.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn skip_hole(&self, offset: u64, len: u64) -> Result<(), Trouble> {
        match &self.0 {
            File::Part(part) => part.skip_hole(offset, len),
            File::Sink(sink) => sink.skip_hole(offset, len),
        }
    }

    /// Notes what is written, after it is; of a file that nothing is kept of nothing is noted.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn note(&self, record: Record) -> Result<(), Trouble> {
        match &self.0 {
            File::Part(part) => part.note(record),
            File::Sink(_) => Ok(()),
        }
    }

    /// What is there from before: whole groups in order, with offset, length and what they are noted
    /// to hash to; those of holes without the last.
    pub fn held_from_before(&self) -> impl Iterator<Item = (u64, u64, Option<Hash>)> {
        let part = match &self.0 {
            File::Part(part) => Some(part.held_from_before()),
            File::Sink(_) => None,
        };
        part.into_iter().flatten()
    }

    /// Reads again what is there.
    ///
    /// # Errors
    /// The system's; of a sink always.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        match &self.0 {
            File::Part(part) => part.read_at(buffer, offset),
            File::Sink(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Gives it its looks and its final name; what is large is on disk then.
    ///
    /// # Errors
    /// [`Trouble`]; it can be called again.
    pub fn save(&self, entry: &Entry) -> Result<(), Trouble> {
        match &self.0 {
            File::Part(part) => part.save(entry),
            File::Sink(sink) => sink.save(),
        }
    }

    /// Removes what has come of it.
    pub fn discard(&self) {
        match &self.0 {
            File::Part(part) => part.discard(),
            File::Sink(sink) => sink.discard(),
        }
    }
}
