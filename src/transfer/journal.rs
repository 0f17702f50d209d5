//! The ledger of a file that isn't complete, as it is kept on disk beside it.
//!
//! Owns the form of its records and what they prove after a crash. It is only ever appended to, so
//! that a crash at any instant leaves a good beginning and at most one torn record:
//!
//! ```text
//! record   kind (1) offset (8) length (8) hash (32) check (4)      all numbers big-endian
//! ```
//!
//! A *group* record says that these bytes of the file are written and have this chaining value, a
//! *hole* that they are zero and nothing was written. After the death of a process both are true: what
//! it has written, the system has. After the death of the system only that is true which was flushed
//! to disk before; so a *boot* record says which run of the system wrote what follows, and a *flush*
//! record that everything before it is on disk. The check is the beginning of the BLAKE3 hash of what
//! is before it in the record.

use super::ledger::Ledger;
use super::receive::Group;
use super::tree::Hash;
use std::collections::BTreeMap;

/// Bytes of a record.
pub const RECORD_LEN: usize = CHECKED + 4;

const CHECKED: usize = 1 + 8 + 8 + 32;

mod kind {
    pub(super) const GROUP: u8 = 1;
    pub(super) const HOLE: u8 = 2;
    pub(super) const BOOT: u8 = 3;
    pub(super) const FLUSH: u8 = 4;
}

/// One line of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// These bytes are written and have this chaining value.
    Group(Group),
    /// These bytes are zero; nothing was written.
    Hole {
        /// The first byte.
        offset: u64,
        /// How many.
        len: u64,
    },
    /// What follows was written in this run of the system, by a hash of what names it.
    Boot(Hash),
    /// Everything that is written of before is on disk.
    Flush,
}

impl Record {
    /// The record as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; RECORD_LEN] {
        let (kind, offset, len, hash) = match self {
            Self::Group(group) => (kind::GROUP, group.offset, group.len, group.hash),
            Self::Hole { offset, len } => (kind::HOLE, *offset, *len, [0; 32]),
            Self::Boot(boot) => (kind::BOOT, 0, 0, *boot),
            Self::Flush => (kind::FLUSH, 0, 0, [0; 32]),
        };
        let mut bytes = [0; RECORD_LEN];
        bytes[0] = kind;
        bytes[1..9].copy_from_slice(&offset.to_be_bytes());
        bytes[9..17].copy_from_slice(&len.to_be_bytes());
        bytes[17..CHECKED].copy_from_slice(&hash);
        let check = check(&bytes[..CHECKED]);
        bytes[CHECKED..].copy_from_slice(&check);
        bytes
    }

    /// Reads a record; `None` if it is torn, or isn't one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; RECORD_LEN]) -> Option<Self> {
        let (checked, end) = bytes.split_at(CHECKED);
        if end != check(checked) {
            return None;
        }
        let (kind, rest) = checked.split_first()?;
        let (offset, rest) = rest.split_first_chunk()?;
        let (len, hash) = rest.split_first_chunk()?;
        let (offset, len) = (u64::from_be_bytes(*offset), u64::from_be_bytes(*len));
        let hash: Hash = hash.try_into().ok()?;
        match *kind {
            kind::GROUP => Some(Self::Group(Group { offset, len, hash })),
            kind::HOLE => Some(Self::Hole { offset, len }),
            kind::BOOT => Some(Self::Boot(hash)),
            kind::FLUSH => Some(Self::Flush),
            _ => None,
        }
    }
}

/// What a journal proves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proven {
    /// The bytes that are there.
    pub held: Ledger,
    /// The groups among them, by offset: how long they are and what they hash to. The others are
    /// holes.
    pub groups: BTreeMap<u64, (u64, Hash)>,
    /// How many bytes of the journal are good; what follows is torn and must be cut off before
    /// anything is appended.
    pub good_len: u64,
}

/// Reads a journal in the run of the system that `boot` names.
#[must_use]
pub fn read(journal: &[u8], boot: &Hash) -> Proven {
    let mut proven = Proven::default();
    let mut records: Vec<Record> = Vec::new();
    let mut flushed = 0;
    let mut current = None;
    for bytes in journal.as_chunks().0 {
        let Some(record) = Record::from_bytes(bytes) else { break };
        proven.good_len += RECORD_LEN as u64;
        match record {
            Record::Boot(run) => {
                if current != Some(run) {
                    records.truncate(flushed);
                }
                current = Some(run);
            }
            Record::Flush => flushed = records.len(),
            Record::Group(_) | Record::Hole { .. } => records.push(record),
        }
    }
    if current != Some(*boot) {
        records.truncate(flushed);
    }
    for record in records {
        let (offset, len) = match record {
            Record::Group(Group { offset, len, .. }) | Record::Hole { offset, len } => {
                (offset, len)
            }
            Record::Boot(_) | Record::Flush => continue,
        };
        if offset.checked_add(len).is_none() {
            continue;
        }
        // What was refused on reading it again and came anew is told twice: the last word counts.
        proven.held.remove(offset, len);
        let covered: Vec<_> =
            proven.groups.range(offset..offset + len).map(|(at, _)| *at).collect();
        for at in covered {
            proven.groups.remove(&at);
        }
        let _ = proven.held.insert(offset, len);
        if let Record::Group(group) = record {
            proven.groups.insert(offset, (len, group.hash));
        }
    }
    proven
}

fn check(checked: &[u8]) -> [u8; 4] {
    let hash = blake3::hash(checked);
    hash.as_bytes().first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::GROUP;
    use proptest::prelude::*;

    const NOW: Hash = [1; 32];
    const BEFORE: Hash = [2; 32];

    fn group(number: u64) -> Record {
        let hash = [u8::try_from(number % 251).expect("small"); 32];
        Record::Group(Group { offset: number * GROUP, len: GROUP, hash })
    }

    fn journal(records: &[Record]) -> Vec<u8> {
        records.iter().flat_map(Record::to_bytes).collect()
    }

    fn held(records: &[Record]) -> u64 {
        read(&journal(records), &NOW).held.held() / GROUP
    }

    #[test]
    fn a_dead_process_loses_nothing_and_a_dead_system_what_was_not_flushed() {
        let boot = Record::Boot;
        assert_eq!(held(&[boot(NOW), group(0), Record::Flush, group(1)]), 2);
        assert_eq!(held(&[boot(BEFORE), group(0), Record::Flush, group(1)]), 1);
        let through = [boot(BEFORE), group(0), Record::Flush, group(1), boot(NOW), group(5)];
        assert_eq!(held(&through), 2);
        let twice = [boot(NOW), group(0), boot(NOW), group(1)];
        assert_eq!(held(&twice), 2);
        assert_eq!(held(&[group(0)]), 0, "nobody says when it was written");
    }

    #[test]
    fn a_torn_end_is_cut_off() {
        let whole = journal(&[Record::Boot(NOW), group(0), group(1)]);
        for len in 0..whole.len() {
            let proven = read(&whole[..len], &NOW);
            let records = len / RECORD_LEN;
            assert_eq!(proven.held.held(), records.saturating_sub(1) as u64 * GROUP);
            assert_eq!(proven.good_len, (records * RECORD_LEN) as u64);
        }
        let mut torn = whole.clone();
        torn[RECORD_LEN + 20] ^= 1;
        assert_eq!(read(&torn, &NOW).held.held(), 0);
    }

    #[test]
    fn holes_are_held_and_have_no_hash() {
        let hole = Record::Hole { offset: GROUP, len: 7 * GROUP };
        let proven = read(&journal(&[Record::Boot(NOW), group(0), hole]), &NOW);
        assert_eq!(proven.held.held(), 8 * GROUP);
        assert_eq!(proven.groups.len(), 1);
        // A hole that came where a group was leaves nothing of it.
        let again = Record::Hole { offset: 0, len: GROUP };
        let proven = read(&journal(&[Record::Boot(NOW), group(0), again]), &NOW);
        assert!(proven.held.contains(0, GROUP) && proven.groups.is_empty());
    }

    proptest! {
        #[test]
        fn records_come_back_and_garbage_never_panics(
            (offset, len) in any::<(u64, u64)>(),
            hash in any::<Hash>(),
            garbage in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let all = [
                Record::Group(Group { offset, len, hash }),
                Record::Hole { offset, len },
                Record::Boot(hash),
                Record::Flush,
            ];
            for record in all {
                prop_assert_eq!(Record::from_bytes(&record.to_bytes()), Some(record));
            }
            let _ = read(&journal(&all), &hash);
            prop_assert_eq!(read(&garbage, &hash).held.held(), 0);
        }
    }
}
