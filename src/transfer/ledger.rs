//! Which byte ranges of a file are safely held.
//!
//! Owns the arithmetic of ranges; knows neither hashes nor disks. A ledger never claims a byte that
//! wasn't entered, and never takes one twice.

use std::collections::BTreeMap;

/// A set of bytes, as disjoint ranges. Neighbours are joined, so a file that came in order is one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    /// Start to end (exclusive); disjoint, and no end is another's start.
    ranges: BTreeMap<u64, u64>,
    held: u64,
}

/// A range that can't be entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// Bytes that are already held.
    #[error(
        "got offset {start} size {}, which overlaps {}–{}",
        end - start, start.max(held_start), end.min(held_end)
    )]
    Overlap {
        /// First byte offered.
        start: u64,
        /// End of the bytes offered (exclusive).
        end: u64,
        /// First byte of the range in the way.
        held_start: u64,
        /// End of the range in the way (exclusive).
        held_end: u64,
    },
    /// Offset and length that don't fit 64 bits.
    #[error("offset {offset} and size {size} lie beyond any file")]
    Beyond {
        /// The offset.
        offset: u64,
        /// The size.
        size: u64,
    },
}

impl Ledger {
    /// A ledger of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether `size` bytes from `offset` could be entered.
    ///
    /// # Errors
    /// [`LedgerError`] if any of them is held already, or the end doesn't fit 64 bits.
    pub fn check(&self, offset: u64, size: u64) -> Result<(), LedgerError> {
        let end = offset.checked_add(size).ok_or(LedgerError::Beyond { offset, size })?;
        let before = self.ranges.range(..end).next_back();
        match before {
            Some((&held_start, &held_end)) if held_end > offset && size > 0 => {
                Err(LedgerError::Overlap { start: offset, end, held_start, held_end })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Enters `size` bytes from `offset`.
    ///
    /// # Errors
    /// As [`check`](Self::check); nothing is entered then.
    pub fn insert(&mut self, offset: u64, size: u64) -> Result<(), LedgerError> {
        self.check(offset, size)?;
        if size == 0 {
            return Ok(());
        }
        let mut start = offset;
        let mut end = offset + size;
        if let Some((&left, &left_end)) = self.ranges.range(..offset).next_back()
            && left_end == offset
        {
            self.ranges.remove(&left);
            start = left;
        }
        if let Some(right_end) = self.ranges.remove(&end) {
            end = right_end;
        }
        self.ranges.insert(start, end);
        self.held += size;
        Ok(())
    }

    /// Enters what of `size` bytes from `offset` isn't held, up to the end of numbers.
    pub fn cover(&mut self, offset: u64, size: u64) {
        let end = offset.saturating_add(size);
        let mut at = self.first_missing(offset);
        while at < end {
            let until = self.next_start(at).unwrap_or(end).min(end);
            // What is missing up to the next range can be entered.
            let _ = self.insert(at, until - at);
            at = self.first_missing(until);
        }
    }

    /// Takes `size` bytes from `offset` out again; what of them isn't held is passed over.
    pub fn remove(&mut self, offset: u64, size: u64) {
        if size == 0 {
            return;
        }
        let end = offset.saturating_add(size);
        let touched: Vec<_> = self
            .ranges
            .range(..end)
            .rev()
            .take_while(|(_, held_end)| **held_end > offset)
            .map(|(start, held_end)| (*start, *held_end))
            .collect();
        for (start, held_end) in touched {
            self.ranges.remove(&start);
            self.held -= held_end.min(end) - start.max(offset);
            if start < offset {
                self.ranges.insert(start, offset);
            }
            if held_end > end {
                self.ranges.insert(end, held_end);
            }
        }
    }

    /// Whether all of `size` bytes from `offset` are held.
    #[must_use]
    pub fn contains(&self, offset: u64, size: u64) -> bool {
        let end = offset.saturating_add(size);
        size == 0
            || self
                .ranges
                .range(..=offset)
                .next_back()
                .is_some_and(|(_, held_end)| *held_end >= end)
    }

    /// Whether none of `size` bytes from `offset` is held.
    #[must_use]
    pub fn misses(&self, offset: u64, size: u64) -> bool {
        self.check(offset, size).is_ok()
    }

    /// The first byte at or after `offset` that isn't held.
    #[must_use]
    pub fn first_missing(&self, offset: u64) -> u64 {
        let before = self.ranges.range(..=offset).next_back();
        before.map_or(offset, |(_, end)| offset.max(*end))
    }

    /// Where the first range begins that begins at or after `offset`.
    #[must_use]
    pub fn next_start(&self, offset: u64) -> Option<u64> {
        self.ranges.range(offset..).next().map(|(start, _)| *start)
    }

    /// How many bytes are held.
    #[must_use]
    pub const fn held(&self) -> u64 {
        self.held
    }

    /// Whether exactly the bytes from 0 to `size` are held.
    #[must_use]
    pub fn is_complete(&self, size: u64) -> bool {
        self.held == size && self.end() == size
    }

    /// The end of the highest range; 0 if there is none.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.ranges.last_key_value().map_or(0, |(_, end)| *end)
    }

    /// How many separate ranges are held.
    #[must_use]
    pub fn count(&self) -> usize {
        self.ranges.len()
    }

    /// The ranges that are held, in order, as start and end (exclusive).
    pub fn ranges(&self) -> impl Iterator<Item = (u64, u64)> {
        self.ranges.iter().map(|(start, end)| (*start, *end))
    }

    /// The first gap below `size`, as start and end (exclusive).
    #[must_use]
    pub fn first_gap(&self, size: u64) -> Option<(u64, u64)> {
        let mut at = 0;
        for (start, end) in self.ranges() {
            if start > at {
                break;
            }
            at = end;
        }
        let next = self.ranges.range(at..).next().map_or(size, |(start, _)| (*start).min(size));
        (at < size).then_some((at, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: u64 = 64;

    proptest! {
        /// Against the plainest model there is: a flag per byte.
        #[test]
        fn it_holds_what_a_flag_per_byte_would(
            inserts in prop::collection::vec((0..SIZE, 0_u64..12), 0..60),
        ) {
            let mut ledger = Ledger::new();
            let mut model = [false; 128];
            for (offset, size) in inserts {
                let range = usize::try_from(offset).unwrap()..usize::try_from(offset + size).unwrap();
                let free = model[range.clone()].iter().all(|held| !held);
                prop_assert_eq!(ledger.insert(offset, size).is_ok(), free);
                if free {
                    model[range].fill(true);
                }
                let held = model.iter().filter(|held| **held).count() as u64;
                prop_assert_eq!(ledger.held(), held);
                prop_assert_eq!(
                    ledger.is_complete(SIZE),
                    model[..64].iter().all(|held| *held) && held == SIZE
                );
                let gap = model[..64].iter().position(|held| !held).map(|start| {
                    let len = model[start..64].iter().position(|held| *held);
                    (start as u64, len.map_or(SIZE, |len| (start + len) as u64))
                });
                prop_assert_eq!(ledger.first_gap(SIZE), gap);
                for ((_, end), (start, _)) in ledger.ranges().zip(ledger.ranges().skip(1)) {
                    prop_assert!(end < start, "neighbours are joined");
                }
            }
        }
    }

    proptest! {
        /// What is taken out is as if it had never been entered.
        #[test]
        fn it_forgets_what_a_flag_per_byte_would(
            steps in prop::collection::vec((0..3, 0..SIZE, 0_u64..12), 0..60),
            (at, len) in (0..SIZE, 0_u64..12),
        ) {
            let mut ledger = Ledger::new();
            let mut model = [false; 128];
            for (what, offset, size) in steps {
                let range = usize::try_from(offset).unwrap()..usize::try_from(offset + size).unwrap();
                if what == 0 {
                    ledger.remove(offset, size);
                    model[range].fill(false);
                } else if what == 1 {
                    ledger.cover(offset, size);
                    model[range].fill(true);
                } else if ledger.insert(offset, size).is_ok() {
                    model[range].fill(true);
                }
            }
            prop_assert_eq!(ledger.held(), model.iter().filter(|held| **held).count() as u64);
            let starts = model.windows(2).filter(|two| !two[0] && two[1]).count();
            prop_assert_eq!(ledger.count(), starts + usize::from(model[0]));
            let start = usize::try_from(at).unwrap();
            let end = usize::try_from(at + len).unwrap();
            prop_assert_eq!(ledger.contains(at, len), model[start..end].iter().all(|held| *held));
            let missing = model[start..].iter().position(|held| !held).expect("beyond all") as u64;
            prop_assert_eq!(ledger.first_missing(at), at + missing);
        }
    }

    #[test]
    fn what_overlaps_is_told_as_it_came_and_where() {
        let mut ledger = Ledger::new();
        ledger.insert(0, 5120).expect("room");
        let told = |offset, size| ledger.check(offset, size).expect_err("overlaps").to_string();
        assert_eq!(told(4096, 1024), "got offset 4096 size 1024, which overlaps 4096–5120");
        assert_eq!(told(5000, 1000), "got offset 5000 size 1000, which overlaps 5000–5120");
    }

    #[test]
    fn the_end_of_numbers_is_no_trap() {
        let mut ledger = Ledger::new();
        let beyond = LedgerError::Beyond { offset: u64::MAX, size: 1 };
        assert_eq!(ledger.insert(u64::MAX, 1), Err(beyond));
        assert_eq!(ledger.insert(u64::MAX - 1, 1), Ok(()));
        assert!(ledger.insert(0, u64::MAX).is_err());
    }
}
