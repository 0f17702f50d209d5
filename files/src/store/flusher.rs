//! Flushing what has been written, beside the writing.
//!
//! Owns the thread of a transfer that does it, and when. What is flushed is held even if the system
//! dies, and the end of a file has little left to wait for.

use super::journal::Journal;
use super::rooted::Folder;
use super::state::Foundation;
use super::trouble::Trouble;
use crate::clock;
use couplet::transfer::journal::Record;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

/// After how many bytes a file is flushed.
const FLUSH_BYTES: u64 = 64 * 1024 * 1024;

/// After how long it is flushed if fewer have come.
const FLUSH_EVERY: Duration = Duration::from_secs(5);

/// A file and its journal.
#[derive(Debug)]
pub(super) struct Bytes {
    /// The file.
    pub(super) file: File,
    /// Of a large file.
    pub(super) journal: Option<Journal>,
    /// Bytes and records that came since the last flush began.
    unflushed: AtomicU64,
    /// What a flush said that failed. The system says so once, and what it has lost is lost.
    failed: OnceLock<String>,
}

impl Bytes {
    /// A file that has just been opened.
    pub(super) fn new(file: File, journal: Option<Journal>) -> Self {
        Self { file, journal, unflushed: AtomicU64::new(0), failed: OnceLock::new() }
    }

    /// Writes where it belongs. Says whether it is time for a flush.
    pub(super) fn write(&self, offset: u64, data: &[u8]) -> io::Result<bool> {
        self.check()?;
        self.file.write_all_at(data, offset)?;
        let len = data.len() as u64;
        let before = self.unflushed.fetch_add(len, Ordering::AcqRel);
        Ok(before < FLUSH_BYTES && before + len >= FLUSH_BYTES)
    }

    /// Notes a record.
    pub(super) fn note(&self, record: Record) -> io::Result<()> {
        let Some(journal) = &self.journal else { return Ok(()) };
        journal.append(record)?;
        self.unflushed.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    /// Flushes the file, then notes that what was there when this began is on disk.
    fn flush(&self) {
        if self.unflushed.swap(0, Ordering::AcqRel) == 0 || self.failed.get().is_some() {
            return;
        }
        let Some(journal) = &self.journal else { return };
        let Ok(place) = journal.begin_flush() else {
            // A full disk, most likely, which is waited out; nothing is lost by it.
            self.unflushed.fetch_add(1, Ordering::AcqRel);
            return;
        };
        if let Err(error) = self.file.sync_data().and_then(|()| journal.end_flush(place)) {
            // Whoever writes next hears of it. That anything of this is on disk was never noted.
            let _ = self.failed.set(error.to_string());
        }
    }

    /// Flushes it at its end.
    pub(super) fn finish(&self) -> io::Result<()> {
        self.file.sync_all()?;
        self.check()
    }

    /// Whether all flushes went well.
    fn check(&self) -> io::Result<()> {
        self.failed.get().map_or(Ok(()), |why| Err(io::Error::other(why.clone())))
    }
}

/// The thread of one transfer.
#[derive(Debug)]
pub(super) struct Flusher {
    tasks: SyncSender<Task>,
}

enum Task {
    Begin(Weak<Bytes>),
    Flush,
}

impl Flusher {
    /// Begins one. It ends with this handle.
    pub(super) fn start(foundation: Foundation) -> io::Result<Self> {
        let (tasks, to_do) = mpsc::sync_channel(64);
        let builder = std::thread::Builder::new().name("flush".to_owned());
        builder.spawn(move || run(&to_do, foundation))?;
        Ok(Self { tasks })
    }

    /// A file grows from now on.
    pub(super) fn begin(&self, bytes: &Arc<Bytes>) {
        // It is gone only if it has panicked; then nothing is flushed before the end.
        let _ = self.tasks.send(Task::Begin(Arc::downgrade(bytes)));
    }

    /// Enough has come for a flush.
    pub(super) fn wake(&self) {
        // If so much is to do already, it will come to this as well.
        let _ = self.tasks.try_send(Task::Flush);
    }
}

fn run(tasks: &Receiver<Task>, foundation: Foundation) {
    let mut files: Vec<Weak<Bytes>> = Vec::new();
    let mut foundation = Some(foundation);
    let mut last = clock::now();
    loop {
        let wait = FLUSH_EVERY.saturating_sub(clock::now().since(last));
        let least = match tasks.recv_timeout(wait) {
            Ok(Task::Begin(file)) => {
                files.push(file);
                continue;
            }
            Ok(Task::Flush) => FLUSH_BYTES,
            Err(RecvTimeoutError::Timeout) => {
                last = clock::now();
                1
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if let Some(foundation) = foundation.take() {
            // Without its names what is flushed isn't found. If they can't be, nor can the rest.
            let _ = foundation.flush();
        }
        files.retain(|file| {
            let Some(file) = file.upgrade() else { return false };
            if file.unflushed.load(Ordering::Acquire) >= least {
                file.flush();
            }
            true
        });
    }
}

/// Files and folders that are in their place and may not be on disk yet.
#[derive(Debug, Default)]
pub(super) struct Unflushed {
    files: Vec<Arc<Bytes>>,
    folders: Vec<Folder>,
    /// There are more than it is worth to flush one by one.
    many: bool,
}

/// How many are flushed one by one; the disk as a whole may have much to do for others.
const FEW: usize = 16;

impl Unflushed {
    /// A file that came whole is in its place.
    pub(super) fn file(&mut self, bytes: &Arc<Bytes>, folder: &Folder) {
        if self.is_many(self.files.len()) {
            return;
        }
        self.files.push(Arc::clone(bytes));
        self.folder(folder);
    }

    /// Names in a folder have changed.
    pub(super) fn folder(&mut self, folder: &Folder) {
        if self.is_many(self.folders.len()) {
            return;
        }
        match folder.again() {
            Ok(folder) => self.folders.push(folder),
            Err(_) => self.many = true,
        }
    }

    /// Flushes all of them.
    pub(super) fn flush(&mut self, root: &Folder) -> Result<(), Trouble> {
        let flushed = if self.many {
            root.flush_disk()
        } else {
            let files = self.files.iter().try_for_each(|bytes| bytes.finish());
            files.and_then(|()| self.folders.iter().try_for_each(Folder::flush))
        };
        flushed.map_err(|error| Trouble::of(b"what has come", &error))?;
        *self = Self::default();
        Ok(())
    }

    fn is_many(&mut self, now: usize) -> bool {
        if now >= FEW {
            *self = Self { many: true, ..Self::default() };
        }
        self.many
    }
}
