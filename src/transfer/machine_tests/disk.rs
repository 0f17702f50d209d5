//! The receiver's disk, in memory: what is in its place, and what a ledger proves of the rest.

use crate::limits::GROUP;
use crate::path::SafePath;
use crate::transfer::ledger::Ledger;
use crate::transfer::receive::Group;
use crate::transfer::tree::Hash;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub(super) struct Disk {
    pub(super) files: BTreeMap<SafePath, Vec<u8>>,
    pub(super) made: BTreeSet<SafePath>,
    parts: BTreeMap<SafePath, Part>,
}

/// A file that isn't complete.
#[derive(Default)]
struct Part {
    bytes: Vec<u8>,
    /// What the journal says: groups with their hashes, and holes without.
    noted: BTreeMap<u64, (u64, Option<Hash>)>,
    /// What was written and not found damaged.
    written: Ledger,
}

pub(super) fn index(at: u64) -> usize {
    usize::try_from(at).expect("small")
}

impl Disk {
    /// Opens a part, with what its journal proves if it may be resumed.
    pub(super) fn open(&mut self, path: &SafePath, may_resume: bool) -> Vec<(u64, u64)> {
        let part = self.parts.entry(path.clone()).or_default();
        if !may_resume {
            *part = Part::default();
        }
        let mut proven = Ledger::new();
        for (offset, (len, _)) in &part.noted {
            proven.cover(*offset, *len);
        }
        part.written = proven;
        part.noted.iter().map(|(offset, (len, _))| (*offset, offset + len)).collect()
    }

    /// What must be read again of what was there from before: offset, length, and its noted hash.
    pub(super) fn noted(&self, path: &SafePath) -> Vec<(u64, u64, Option<Hash>)> {
        let Some(part) = self.parts.get(path) else { return Vec::new() };
        let mut groups = Vec::new();
        for (offset, (len, hash)) in &part.noted {
            let mut at = *offset;
            while at < offset + len {
                let one = (offset + len - at).min(GROUP);
                groups.push((at, one, *hash));
                at += one;
            }
        }
        groups
    }

    pub(super) fn read(&mut self, path: &SafePath, offset: u64, len: u64) -> &[u8] {
        let part = self.parts.entry(path.clone()).or_default();
        let end = index(offset + len);
        if part.bytes.len() < end {
            part.bytes.resize(end, 0);
        }
        &part.bytes[index(offset)..end]
    }

    /// Writes what was never written before.
    pub(super) fn write(&mut self, path: &SafePath, offset: u64, data: &[u8]) {
        let end = index(offset) + data.len();
        let part = self.parts.entry(path.clone()).or_default();
        part.written.insert(offset, data.len() as u64).expect("nothing is written twice");
        if part.bytes.len() < end {
            part.bytes.resize(end, 0);
        }
        part.bytes[index(offset)..end].copy_from_slice(data);
    }

    pub(super) fn note(&mut self, path: &SafePath, group: Group) {
        let part = self.parts.entry(path.clone()).or_default();
        part.noted.insert(group.offset, (group.len, Some(group.hash)));
    }

    pub(super) fn hole(&mut self, path: &SafePath, offset: u64, size: u64) {
        let part = self.parts.entry(path.clone()).or_default();
        part.written.insert(offset, size).expect("nothing is written twice");
        part.noted.insert(offset, (size, None));
        // Damaged bytes may have been there before.
        let end = part.bytes.len();
        part.bytes[index(offset).min(end)..index(offset + size).min(end)].fill(0);
    }

    /// What was read again isn't what it was.
    pub(super) fn found_damaged(&mut self, path: &SafePath, offset: u64, len: u64) {
        if let Some(part) = self.parts.get_mut(path) {
            part.written.remove(offset, len);
        }
    }

    /// Damages a group of some part that a journal says is there. Returns whether there was one.
    pub(super) fn damage(&mut self) -> bool {
        for part in self.parts.values_mut() {
            for (offset, (_, hash)) in &part.noted {
                if hash.is_some() {
                    part.bytes[index(*offset)] ^= 1;
                    return true;
                }
            }
        }
        false
    }

    pub(super) fn discard(&mut self, path: &SafePath) {
        self.parts.remove(path);
    }

    /// Puts a part into its place.
    pub(super) fn save(&mut self, path: &SafePath) {
        let mut part = self.parts.remove(path).expect("a file is saved but once");
        part.bytes.resize(index(part.written.end()), 0);
        self.files.insert(path.clone(), part.bytes);
    }
}
