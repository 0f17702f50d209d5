//! The journal of a file that isn't complete: records that are good in themselves, in any order.
//!
//! What it proves is in it: each group as one record says, nothing that wasn't flushed before another
//! run of the system, and nothing behind the first byte that is damaged.

use crate::draw;
use arbitrary::{Result, Unstructured};
use couplet::transfer::journal::{self, Proven, RECORD_LEN, Record};
use couplet::transfer::receive::Group;
use couplet::transfer::tree::Hash;

/// The run of the system in which it is read.
const NOW: Hash = [1; 32];

/// Runs one input.
pub fn run(data: &[u8]) {
    // Running out of input is no find.
    let _ = play(&mut Unstructured::new(data));
}

fn play(input: &mut Unstructured<'_>) -> Result<()> {
    let damage = input.arbitrary::<Option<(u16, u8)>>()?;
    let mut records = Vec::new();
    while !input.is_empty() {
        records.push(record(input)?);
    }
    let mut bytes: Vec<u8> = records.iter().flat_map(Record::to_bytes).collect();
    let whole = bytes.clone();
    if let Some((at, change)) = damage
        && let Some(byte) = bytes.get_mut(usize::from(at))
    {
        *byte ^= change;
    }
    let proven = journal::read(&bytes, &NOW);
    let same = bytes.iter().zip(&whole).take_while(|(one, other)| one == other).count();
    let good = same / RECORD_LEN;
    let good_len = u64::try_from(good * RECORD_LEN).expect("short");
    assert_eq!(proven.good_len, good_len, "a damaged record counts, or a good one doesn't");
    check(&proven, &records[..good]);
    // What was cut off made no difference.
    assert_eq!(journal::read(&bytes[..good * RECORD_LEN], &NOW), proven);
    Ok(())
}

fn check(proven: &Proven, records: &[Record]) {
    let held: u64 = proven.held.ranges().map(|(start, end)| end - start).sum();
    assert_eq!(proven.held.held(), held);
    for (offset, (len, hash)) in &proven.groups {
        let group = Record::Group(Group { offset: *offset, len: *len, hash: *hash });
        assert!(records.contains(&group), "nobody wrote {group:?}");
        assert!(proven.held.contains(*offset, *len));
    }
    for (start, end) in proven.held.ranges() {
        let inside = |record: &Record| match record {
            Record::Group(Group { offset, len, .. }) | Record::Hole { offset, len } => {
                *len > 0 && *offset == start && offset.saturating_add(*len) <= end
            }
            Record::Boot(_) | Record::Flush => false,
        };
        assert!(records.iter().any(inside), "nobody wrote what begins at {start}");
    }
    // In this run everything counts that was written in it, and elsewhere what was flushed.
    let last_boot =
        records.iter().rposition(|record| *record != Record::Boot(NOW) && is_boot(record));
    let flushed = records.iter().rposition(|record| *record == Record::Flush);
    if flushed.is_none() && last_boot.is_some_and(|at| at + 1 == records.len()) {
        assert_eq!(proven.held.held(), 0, "what wasn't flushed counts after a crash");
    }
}

const fn is_boot(record: &Record) -> bool {
    matches!(record, Record::Boot(_))
}

fn record(input: &mut Unstructured<'_>) -> Result<Record> {
    let group = u64::from(input.arbitrary::<u8>()? % 8) * 1024 * 1024;
    let offset = draw::near(input, group)?;
    let len = draw::near(input, 1024 * 1024)?;
    Ok(match input.arbitrary::<u8>()? % 8 {
        0..=3 => Record::Group(Group { offset, len, hash: [input.arbitrary()?; 32] }),
        4 | 5 => Record::Hole { offset, len },
        6 => Record::Boot([input.arbitrary::<u8>()? % 3; 32]),
        _ => Record::Flush,
    })
}
