//! One file on its way in: which bytes are there, being written, and hashed.
//!
//! Owns the checks on one file's chunks; which files there may be is
//! [`Receiver`](super::Receiver)'s.

use crate::limits::{GROUP, MAX_HELD_RANGES, MAX_HOLE, MAX_WINDOW, MIN_PIECE};
use crate::transfer::ledger::{Ledger, LedgerError};
use crate::transfer::tree::{self, HashTree, PieceHash};
use crate::transfer::wire::{Close, Fault};

/// How many separate ranges of a file may have come: more than a sender leaves open that keeps to its
/// window.
pub(super) const MAX_RANGES: usize = 2 * (MAX_WINDOW / MIN_PIECE) as usize;

/// A group of a file of which every byte is written and hashed: what a ledger on disk notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Its first byte.
    pub offset: u64,
    /// How many bytes it has: [`GROUP`] but for the last of a file.
    pub len: u64,
    /// Its chaining value.
    pub hash: tree::Hash,
}

#[derive(Debug)]
pub(super) struct FileIn {
    size: Option<u64>,
    /// What is there, and what is being written.
    taken: Ledger,
    /// What is there.
    there: Ledger,
    /// What is there from before and hasn't been read again yet.
    unread: Ledger,
    /// None for a file whose bytes come loose.
    tree: Option<HashTree>,
}

/// Why a file isn't complete.
pub(super) enum NotYet {
    /// Bytes from before must be read again first.
    Unread,
    /// It is refused.
    Refused(Fault, String),
}

impl FileIn {
    pub(super) fn new(size: Option<u64>) -> Self {
        Self {
            size,
            taken: Ledger::new(),
            there: Ledger::new(),
            unread: Ledger::new(),
            tree: Some(HashTree::new()),
        }
    }

    /// A file whose bytes come loose, and whose size is known at its end.
    pub(super) fn loose() -> Self {
        Self { tree: None, ..Self::new(None) }
    }

    /// These whole groups are there from before; what is none of this file is passed over.
    pub(super) fn resume(&mut self, ranges: &[(u64, u64)]) {
        for (start, end) in ranges {
            let len = end.saturating_sub(*start);
            if self.is_run_of_groups(*start, len) {
                self.taken.cover(*start, len);
                self.there.cover(*start, len);
                self.unread.cover(*start, len);
            }
        }
    }

    /// What is there, for the sender: the first ranges of it.
    pub(super) fn held(&self) -> Vec<(u64, u64)> {
        self.there.ranges().take(MAX_HELD_RANGES).collect()
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.there.held()
    }

    /// Whether these bytes may come now. They are taken then, until they are written or given back.
    pub(super) fn take(
        &mut self,
        offset: u64,
        len: u64,
        hole: bool,
    ) -> Result<(), (Fault, String)> {
        let lawful = if hole {
            len <= MAX_HOLE && self.is_run_of_groups(offset, len)
        } else {
            tree::is_piece(self.size, offset, len)
        };
        if !lawful {
            let size =
                self.size.map_or("a stream".to_owned(), |size| format!("a file of {size} bytes"));
            let text = format!("{len} bytes at offset {offset} are no piece of {size}");
            return Err((Fault::OutOfRange, text));
        }
        if self.taken.count() >= MAX_RANGES && self.is_apart(offset, len) {
            let text = format!("more than {MAX_RANGES} separate parts of a file come");
            return Err((Fault::OutOfRange, text));
        }
        self.taken.insert(offset, len).map_err(|error| (Fault::Overlap, error.to_string()))
    }

    /// As [`take`](Self::take), for loose bytes, of which there may be `most` separate ranges.
    pub(super) fn take_loose(
        &mut self,
        offset: u64,
        len: u64,
        most: usize,
    ) -> Result<(), (Fault, String)> {
        // No file system has files beyond that.
        let end = offset.checked_add(len).filter(|end| i64::try_from(*end).is_ok());
        if end.is_none() {
            let error = LedgerError::Beyond { offset, size: len };
            return Err((Fault::OutOfRange, error.to_string()));
        }
        match self.taken.check(offset, len) {
            Ok(()) => {}
            Err(error @ LedgerError::Overlap { .. }) => {
                return Err((Fault::Overlap, error.to_string()));
            }
            Err(error @ LedgerError::Beyond { .. }) => {
                return Err((Fault::OutOfRange, error.to_string()));
            }
        }
        if self.taken.count() >= most && self.is_apart(offset, len) {
            let text = format!(
                "got offset {offset} size {len}, which would make more than {most} separate ranges; \
                 fill a gap first, such as the one at {}",
                self.taken.first_missing(0)
            );
            return Err((Fault::OutOfRange, text));
        }
        self.taken.insert(offset, len).map_err(|error| (Fault::Overlap, error.to_string()))
    }

    /// Whether these bytes were taken, and neither written nor given back.
    pub(super) fn is_being_written(&self, offset: u64, len: u64) -> bool {
        len > 0 && self.taken.contains(offset, len) && self.there.misses(offset, len)
    }

    /// They couldn't be written, or aren't what they should be.
    pub(super) fn give_back(&mut self, offset: u64, len: u64) {
        self.taken.remove(offset, len);
    }

    /// They are written. Gives the group that is complete with them.
    pub(super) fn written(&mut self, offset: u64, len: u64, hash: &PieceHash) -> Option<Group> {
        // They were taken, so they weren't there.
        let _ = self.there.insert(offset, len);
        self.enter(offset, len, hash)
    }

    /// Bytes from before were read again; `hash` is what they have now, or nothing if they aren't
    /// what the ledger says.
    pub(super) fn read_again(&mut self, offset: u64, len: u64, hash: Option<&PieceHash>) {
        if !self.unread.contains(offset, len) {
            return;
        }
        self.unread.remove(offset, len);
        if let Some(hash) = hash {
            let _ = self.enter(offset, len, hash);
        } else {
            self.taken.remove(offset, len);
            self.there.remove(offset, len);
        }
    }

    /// Whether everything is there that `close` says.
    pub(super) fn check(&self, close: &Close) -> Result<(), NotYet> {
        let refuse = |fault, text| Err(NotYet::Refused(fault, text));
        if let Some(size) = self.size.filter(|size| *size != close.size) {
            let text = format!("the file has {size} bytes, CLOSE says {}", close.size);
            return refuse(Fault::Mismatch, text);
        }
        if self.unread.held() > 0 {
            return Err(NotYet::Unread);
        }
        if let Some((start, end)) = self.there.first_gap(close.size) {
            return refuse(Fault::Gap, format!("bytes {start} to {end} are missing"));
        }
        if self.there.end() > close.size {
            let text = format!("{} bytes came, CLOSE says {}", self.there.end(), close.size);
            return refuse(Fault::Mismatch, text);
        }
        if self.tree.as_ref().and_then(|tree| tree.root(close.size)) != Some(close.root) {
            let text = "the whole doesn't match its BLAKE3 hash".to_owned();
            return refuse(Fault::Mismatch, text);
        }
        Ok(())
    }

    /// Loose bytes are written.
    pub(super) fn written_loose(&mut self, offset: u64, len: u64) {
        // They were taken, so they weren't there.
        let _ = self.there.insert(offset, len);
    }

    /// Whether loose bytes are everything from 0 to `size`.
    pub(super) fn check_loose(&self, size: u64) -> Result<(), (Fault, String)> {
        let end = self.there.end();
        if let Some((start, end)) = self.there.first_gap(end) {
            return Err((Fault::Gap, format!("bytes {start} to {end} are missing")));
        }
        if size != end {
            let text = format!("CLOSE says {size} bytes, the highest chunk ends at {end}");
            return Err((Fault::Mismatch, text));
        }
        Ok(())
    }

    /// How many separate ranges it has, those being written included.
    pub(super) fn ranges(&self) -> usize {
        self.taken.count()
    }

    #[cfg(test)]
    pub(super) fn burden(&self) -> (usize, usize) {
        (
            self.taken.count() + self.there.count() + self.unread.count(),
            self.tree.as_ref().map_or(0, HashTree::nodes),
        )
    }

    fn enter(&mut self, offset: u64, len: u64, hash: &PieceHash) -> Option<Group> {
        let tree = self.tree.as_mut()?;
        tree.insert(offset, len, hash);
        let group = offset - offset % GROUP;
        let len = self.size.map_or(Some(GROUP), |size| tree::group_len(size, group))?;
        let hash = tree.finish_group(group, len)?;
        Some(Group { offset: group, len, hash })
    }

    /// Whether these bytes would be a range of their own.
    fn is_apart(&self, offset: u64, len: u64) -> bool {
        let touches_left = offset > 0 && self.taken.contains(offset - 1, 1);
        !touches_left && !self.taken.contains(offset.saturating_add(len), 1)
    }

    fn is_run_of_groups(&self, offset: u64, len: u64) -> bool {
        let Some(end) = offset.checked_add(len) else { return false };
        let whole = len > 0 && offset.is_multiple_of(GROUP);
        whole
            && self
                .size
                .is_some_and(|size| end == size || (end < size && end.is_multiple_of(GROUP)))
    }
}
