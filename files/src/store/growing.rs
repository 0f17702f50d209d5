//! One file that grows in the state directory, and gets its place when it is whole.
//!
//! Owns writing, reading again, and what is proven of it from before. Pieces are written from several
//! threads at once.

use super::flusher::Bytes;
use super::landing::Landing;
use super::rooted::set_looks;
use super::state::{journal_name, part_name};
use super::trouble::Trouble;
use super::{journal, landing};
use couplet::limits::GROUP;
use couplet::transfer::entry::Entry;
use couplet::transfer::journal::{Proven, Record};
use couplet::transfer::tree::{Hash, group_len};
use rustix::fs::OFlags;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// What is written where a hole can't be made.
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// The file. Dropped before it is [saved](Self::save), it stays for the next time if it is a large
/// one.
#[derive(Debug)]
pub(super) struct Part {
    landing: Arc<Landing>,
    bytes: Arc<Bytes>,
    name: String,
    /// Of a large file: what names it in the state directory.
    key: Option<String>,
    size: Option<u64>,
    proven: Proven,
    /// Whether anything may be in it from before.
    resumed: bool,
    /// Held by all who write, and alone by who makes a file longer whose length isn't known.
    length: RwLock<()>,
    over: AtomicBool,
}

impl Part {
    /// Begins a file that comes whole, or of which nothing is kept if it doesn't.
    pub(super) fn begin(landing: &Arc<Landing>, entry: &Entry) -> Result<Self, Trouble> {
        let name = landing.fresh_name();
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
        let file = landing
            .state
            .folder
            .file(&name, flags, entry.mode.unwrap_or(0o666))
            .map_err(|error| Trouble::of(entry.path.as_bytes(), &error))?;
        Ok(Self {
            landing: Arc::clone(landing),
            bytes: Arc::new(Bytes::new(file, None)),
            name,
            key: None,
            size: entry.size(),
            proven: Proven::default(),
            resumed: false,
            length: RwLock::new(()),
            over: AtomicBool::new(false),
        })
    }

    /// Begins a large file of `size` bytes, or goes on with what is there of it.
    pub(super) fn resume(
        landing: &Arc<Landing>,
        entry: &Entry,
        size: u64,
    ) -> Result<Self, Trouble> {
        let key = landing::key(entry);
        let name = part_name(&key);
        let notes = journal_name(&key);
        let state = &landing.state.folder;
        let begin = || -> io::Result<_> {
            let mut there = state.look(name.as_bytes()).map_or(0, |found| found.size);
            let mut proven = journal::read(state, &notes, there);
            if proven.good_len == 0 && there > 0 {
                // Nobody knows what is in it; and holes must be empty.
                state.remove(name.as_bytes())?;
                there = 0;
            }
            if there == 0 {
                proven = Proven::default();
                landing.forget_others(&key);
            }
            let flags = OFlags::RDWR | OFlags::CREATE;
            let file = state.file(&name, flags, entry.mode.unwrap_or(0o666) | 0o600)?;
            // First the file, then what says what is in it: a journal may never be older than that.
            let journal = journal::Journal::open(state, &notes, &proven)?;
            file.set_len(size)?;
            Ok((Arc::new(Bytes::new(file, Some(journal))), proven, there > 0))
        };
        let (bytes, proven, resumed) =
            begin().map_err(|error| Trouble::of(entry.path.as_bytes(), &error))?;
        landing.flush_beside(&bytes)?;
        Ok(Self {
            landing: Arc::clone(landing),
            bytes,
            name,
            key: Some(key),
            size: Some(size),
            proven,
            resumed,
            length: RwLock::new(()),
            over: AtomicBool::new(false),
        })
    }

    /// Writes where it belongs.
    pub(super) fn write(&self, offset: u64, data: &[u8]) -> Result<(), Trouble> {
        let _others_may = self.length.read().unwrap_or_else(PoisonError::into_inner);
        if self.bytes.write(offset, data).map_err(|error| self.trouble(&error))? {
            self.landing.flush_soon();
        }
        Ok(())
    }

    /// Leaves a hole.
    pub(super) fn skip_hole(&self, offset: u64, len: u64) -> Result<(), Trouble> {
        let hole = || -> io::Result<()> {
            if self.size.is_none() {
                let _alone = self.length.write().unwrap_or_else(PoisonError::into_inner);
                let file = &self.bytes.file;
                if file.metadata()?.len() < offset.saturating_add(len) {
                    file.set_len(offset.saturating_add(len))?;
                }
            } else if self.resumed {
                // It has its length; what was here before, and wasn't good, goes.
                self.empty(offset, len)?;
            }
            Ok(())
        };
        hole().map_err(|error| self.trouble(&error))
    }

    /// Appends to the journal.
    pub(super) fn note(&self, record: Record) -> Result<(), Trouble> {
        self.bytes.note(record).map_err(|error| self.trouble(&error))
    }

    /// What is there from before: whole groups in order, with what they hash to; those of holes
    /// without.
    pub(super) fn held_from_before(&self) -> impl Iterator<Item = (u64, u64, Option<Hash>)> {
        let size = self.size.unwrap_or(0);
        let whole = move |(start, end): (u64, u64)| {
            let first = start.next_multiple_of(GROUP);
            let groups = std::iter::successors(Some(first), |at| at.checked_add(GROUP));
            groups.map_while(move |at| {
                let len = group_len(size, at)?;
                (at + len <= end).then_some((at, len))
            })
        };
        self.proven.held.ranges().flat_map(whole).map(|(at, len)| {
            let noted = self.proven.groups.get(&at).filter(|(noted_len, _)| *noted_len == len);
            (at, len, noted.map(|(_, hash)| *hash))
        })
    }

    /// Reads again what is there.
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.bytes.file.read_exact_at(buffer, offset)
    }

    /// Gives it its looks and its place. What is large is flushed to disk first.
    pub(super) fn save(&self, entry: &Entry) -> Result<(), Trouble> {
        let mode = entry.mode.filter(|mode| !self.landing.is_granted(*mode) || self.key.is_some());
        set_looks(&self.bytes.file, mode, entry.mtime);
        let is_large = self.key.is_some() || self.size.is_none();
        if is_large {
            self.bytes.finish().map_err(|error| self.trouble(&error))?;
        }
        let here = self.landing.place(&self.name, entry)?;
        self.over.store(true, Ordering::Release);
        if is_large {
            let size = self.bytes.file.metadata().map_or(0, |found| found.len());
            if here.folder.flush().is_err() {
                // It has its name; the end of the transfer tries again, and says so if it can't.
                self.landing.unflushed().folder(&here.folder);
            }
            self.landing.placed(size);
        } else {
            self.landing.placed_unflushed(&self.bytes, &here, entry.size().unwrap_or(0));
        }
        if let Some(key) = &self.key {
            // Without its part it proves nothing, and goes with the state directory at the latest.
            let _ = journal::remove(&self.landing.state.folder, &journal_name(key));
        }
        Ok(())
    }

    /// Removes it.
    pub(super) fn discard(&self) {
        if self.over.swap(true, Ordering::AcqRel) {
            return;
        }
        let state = &self.landing.state.folder;
        // What is left is found to be of no use by the next who opens it, or goes with the rest.
        if let Some(key) = &self.key {
            let _ = journal::remove(state, &journal_name(key));
        }
        let _ = state.remove(self.name.as_bytes());
    }

    /// Makes a hole where something may have been.
    fn empty(&self, offset: u64, len: u64) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{FallocateFlags, fallocate};
            let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            if fallocate(&self.bytes.file, flags, offset, len).is_ok() {
                return Ok(());
            }
        }
        let mut at = offset;
        let end = offset.saturating_add(len);
        while at < end {
            let step = usize::try_from(end - at).unwrap_or(usize::MAX).min(ZEROS.len());
            self.bytes.file.write_all_at(&ZEROS[..step], at)?;
            at += step as u64;
        }
        Ok(())
    }

    fn trouble(&self, error: &io::Error) -> Trouble {
        Trouble::of(self.landing.offered().as_bytes(), error)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.key.is_none() {
            self.discard();
        }
    }
}
