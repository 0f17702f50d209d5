//! A client's disk: what is kept of its session, files in their place, and parts with their journals,
//! of which only what was flushed survives the loss of power.
//!
//! As `files/src/store` does it: first the bytes, then the journal that says what is in them.

use super::Kept as KeptTransfer;
use crate::chance::Chance;
use crate::weather::Death;
use couplet::limits::GROUP;
use couplet::session::Kept;
use couplet::transfer::journal::{self, Proven, RECORD_LEN, Record};
use couplet::transfer::tree::{Hash, group_len};
use std::collections::{BTreeMap, BTreeSet};

/// What a disk writes at once.
const PAGE: usize = 4096;

/// What there is.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    pub(crate) kept: Option<Kept>,
    pub(crate) transfers: Vec<KeptTransfer>,
    /// Whole files in their place, by name.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Those of them that may go with the power.
    unflushed: BTreeSet<String>,
    /// How often a file was put into its place.
    pub(crate) saved: BTreeMap<String, u32>,
    parts: BTreeMap<String, Part>,
    /// The run of the system.
    boot: u8,
}

/// A file that isn't whole.
#[derive(Debug, Default)]
struct Part {
    bytes: Vec<u8>,
    /// What is on disk of them for certain, and the pages that may be.
    flushed: Vec<u8>,
    dirty: BTreeSet<usize>,
    /// None for one that comes whole or not at all.
    journal: Option<Vec<u8>>,
    /// How much of the journal is on disk for certain.
    journal_flushed: usize,
}

pub(super) fn index(at: u64) -> usize {
    usize::try_from(at).expect("small")
}

impl Disk {
    const fn boot(&self) -> Hash {
        [self.boot; 32]
    }

    /// Whether a part of it may be here, or all of it.
    pub(crate) fn has_part(&self, name: &str) -> bool {
        self.files.contains_key(name) || self.parts.get(name).is_some_and(|p| p.journal.is_some())
    }

    /// Begins a file, or goes on with it; gives what is there: whole groups and their hashes.
    pub(super) fn open(
        &mut self,
        name: &str,
        size: u64,
        resumable: bool,
    ) -> Vec<(u64, u64, Option<Hash>)> {
        let boot = self.boot();
        let part = self.parts.entry(name.to_owned()).or_default();
        if !resumable {
            *part = Part { bytes: vec![0; index(size)], ..Part::default() };
            return Vec::new();
        }
        let mut proven =
            part.journal.as_deref().map_or_else(Proven::default, |j| journal::read(j, &boot));
        if proven.held.end() > part.bytes.len() as u64 || proven.good_len == 0 {
            proven = Proven::default();
            *part = Part::default();
        }
        let journal = part.journal.get_or_insert_default();
        journal.truncate(index(proven.good_len));
        part.journal_flushed = part.journal_flushed.min(journal.len());
        journal.extend(Record::Boot(boot).to_bytes());
        part.bytes.resize(index(size), 0);
        part.flushed.resize(index(size), 0);
        let mut held = Vec::new();
        for (start, end) in proven.held.ranges() {
            let mut at = start.next_multiple_of(GROUP);
            while let Some(len) = group_len(size, at).filter(|len| at + len <= end) {
                let noted = proven.groups.get(&at).filter(|(noted, _)| *noted == len);
                held.push((at, len, noted.map(|(_, hash)| *hash)));
                at += GROUP;
            }
        }
        held
    }

    pub(super) fn write(&mut self, name: &str, offset: u64, data: &[u8]) {
        let Some(part) = self.parts.get_mut(name) else { return };
        let (from, to) = (index(offset), index(offset) + data.len());
        part.bytes[from..to].copy_from_slice(data);
        if part.journal.is_some() {
            part.dirty.extend(from / PAGE..=(to - 1) / PAGE);
        }
    }

    pub(super) fn note(&mut self, name: &str, record: Record) {
        if let Some(journal) = self.parts.get_mut(name).and_then(|part| part.journal.as_mut()) {
            journal.extend(record.to_bytes());
        }
    }

    pub(super) fn read(&self, name: &str, offset: u64, len: u64) -> Option<&[u8]> {
        self.parts.get(name)?.bytes.get(index(offset)..index(offset + len))
    }

    /// A flush begins, with a place for its record, and the bytes get to the disk.
    pub(super) fn begin_flush(&mut self, name: &str) -> Option<usize> {
        let boot = self.boot();
        let part = self.parts.get_mut(name)?;
        let journal = part.journal.as_mut()?;
        let place = journal.len();
        journal.extend(Record::Boot(boot).to_bytes());
        part.flushed.clone_from(&part.bytes);
        part.dirty.clear();
        Some(place)
    }

    /// It ends.
    pub(super) fn end_flush(&mut self, name: &str, place: usize) {
        let Some(part) = self.parts.get_mut(name) else { return };
        let Some(journal) = part.journal.as_mut() else { return };
        journal[place..place + RECORD_LEN].copy_from_slice(&Record::Flush.to_bytes());
        part.journal_flushed = journal.len();
    }

    pub(super) fn discard(&mut self, name: &str) {
        self.parts.remove(name);
    }

    /// Puts a whole file into its place.
    pub(super) fn save(&mut self, name: &str) {
        let Some(part) = self.parts.remove(name) else { return };
        if part.journal.is_none() {
            self.unflushed.insert(name.to_owned());
        }
        *self.saved.entry(name.to_owned()).or_default() += 1;
        self.files.insert(name.to_owned(), part.bytes);
    }

    /// Everything in its place is on disk.
    pub(super) fn finish(&mut self, name: &str) {
        self.unflushed.remove(name);
    }

    /// The program dies, and perhaps the system with it. Afterwards a journal must not claim more than
    /// is there: `truth` gives the bytes that a file must have.
    pub(crate) fn crash(
        &mut self,
        how: Death,
        chance: &mut Chance,
        truth: &BTreeMap<String, Vec<u8>>,
    ) {
        self.parts.retain(|_, part| part.journal.is_some());
        if how == Death::PowerCut {
            self.boot = self.boot.wrapping_add(1);
            for part in self.parts.values_mut() {
                part.lose_power(chance);
            }
            for name in std::mem::take(&mut self.unflushed) {
                if chance.one_in(2) {
                    self.files.remove(&name);
                    *self.saved.entry(name).or_default() -= 1;
                }
            }
        }
        let boot = self.boot();
        for (name, part) in &self.parts {
            let proven = journal::read(part.journal.as_deref().unwrap_or_default(), &boot);
            for (start, end) in proven.held.ranges() {
                let there = part.bytes.get(index(start)..index(end));
                let right = truth[name].get(index(start)..index(end));
                assert!(
                    there.is_some() && there == right,
                    "the journal of {name} claims {start}..{end}"
                );
            }
        }
    }
}

impl Part {
    fn lose_power(&mut self, chance: &mut Chance) {
        let mut there = std::mem::take(&mut self.flushed);
        there.resize(self.bytes.len(), 0);
        for page in std::mem::take(&mut self.dirty) {
            let (from, to) = (page * PAGE, ((page + 1) * PAGE).min(there.len()));
            if chance.one_in(2) {
                there[from..to].copy_from_slice(&self.bytes[from..to]);
            }
        }
        self.flushed.clone_from(&there);
        self.bytes = there;
        if let Some(journal) = &mut self.journal {
            let sure = self.journal_flushed.min(journal.len());
            let len = sure + chance.index(journal.len() - sure + 1);
            journal.truncate(len);
            self.journal_flushed = sure;
        }
    }
}
