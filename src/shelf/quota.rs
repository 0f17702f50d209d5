//! How much there may be on a shelf, and how much room is left.
//!
//! Owns the arithmetic of the quotas, and when what is there must be counted again: to count is to go
//! through the whole directory, so it isn't done for each that comes.

use super::claims::ClaimError;
use crate::time::Moment;
use crate::transfer::offer::Offer;
use std::time::Duration;

/// How long a count is good: what is put there or removed by hand is noticed as soon.
pub const COUNT_AGE: Duration = Duration::from_mins(1);

/// How old a count may be over which somebody is refused.
pub const REFUSING_AGE: Duration = Duration::from_secs(1);

/// How much may be laid down; what has no bound here is bounded by the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quota {
    /// Bytes of everything together.
    pub shelf: Option<u64>,
    /// Bytes of one file, or of all files of a folder.
    pub file: Option<u64>,
    /// Files and folders, and parts of such.
    pub entries: Option<u64>,
}

/// How much something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Its bytes.
    pub bytes: u64,
    /// Its files and folders.
    pub entries: u64,
}

impl Load {
    /// A file of so many bytes.
    #[must_use]
    pub const fn file(bytes: u64) -> Self {
        Self { bytes, entries: 1 }
    }

    /// What an offer says of itself. A file is one, whatever it says.
    #[must_use]
    pub fn of(offer: &Offer) -> Self {
        let entries = if offer.is_folder() { offer.entries.max(1) } else { 1 };
        Self { bytes: offer.size(), entries }
    }

    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            entries: self.entries.saturating_add(other.entries),
        }
    }

    /// What is left without the other; of either as little as nothing.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_sub(other.bytes),
            entries: self.entries.saturating_sub(other.entries),
        }
    }

    /// The more of either.
    #[must_use]
    pub(super) fn or_more(self, other: Self) -> Self {
        Self { bytes: self.bytes.max(other.bytes), entries: self.entries.max(other.entries) }
    }
}

/// The room.
#[derive(Debug)]
pub(super) struct Room {
    quota: Quota,
    /// What is there, as it was counted last, and what came since.
    there: Load,
    /// What came since the last count was begun.
    landed: Load,
    /// When it was counted last, if that is still good.
    counted: Option<Moment>,
    /// What is kept for those in transit.
    reserved: Load,
}

impl Room {
    pub(super) const fn new(quota: Quota) -> Self {
        let none = Load { bytes: 0, entries: 0 };
        Self { quota, there: none, landed: none, counted: None, reserved: none }
    }

    /// Whether it must be counted before anybody is refused for this, or let in without it.
    pub(super) fn wants_count(&self, now: Moment, refused: Option<&ClaimError>) -> bool {
        let good = match refused {
            None => COUNT_AGE,
            Some(ClaimError::Full { .. } | ClaimError::TooMany { .. }) => REFUSING_AGE,
            Some(
                ClaimError::Taken(_)
                | ClaimError::InTransit(_)
                | ClaimError::TooLarge { .. }
                | ClaimError::Crowded,
            ) => return false,
        };
        let matters = self.quota.shelf.is_some() || self.quota.entries.is_some();
        matters && self.counted.is_none_or(|counted| now.since(counted) >= good)
    }

    pub(super) const fn begin_count(&mut self) {
        self.landed = Load { bytes: 0, entries: 0 };
    }

    /// So much was there at some time since the count was begun. What has landed meanwhile may be in
    /// it or not; rather too little room than too much.
    pub(super) const fn end_count(&mut self, there: Load, now: Moment) {
        self.there = there.and(self.landed);
        self.counted = Some(now);
    }

    /// There may be less or more than is known.
    pub(super) const fn is_unsure(&mut self) {
        self.counted = None;
    }

    /// Keeps room for something that is so much in all and needs so much more than it has.
    pub(super) fn reserve(&mut self, name: &str, all: Load, more: Load) -> Result<(), ClaimError> {
        let (name, bytes) = (|| name.to_owned(), all.bytes);
        if let Some(most) = self.quota.file.filter(|most| bytes > *most) {
            return Err(ClaimError::TooLarge { name: name(), size: bytes, most });
        }
        let left = |most: u64, taken: fn(Load) -> u64| {
            most.saturating_sub(taken(self.there)).saturating_sub(taken(self.reserved))
        };
        if let Some(most) = self.quota.shelf {
            let (left, needs) = (left(most, |load| load.bytes), more.bytes);
            if needs > left {
                return Err(ClaimError::Full { name: name(), needs, left });
            }
        }
        if let Some(most) = self.quota.entries {
            let (left, needs) = (left(most, |load| load.entries), more.entries);
            if needs > left {
                return Err(ClaimError::TooMany { name: name(), needs, left, most });
            }
        }
        self.reserved = self.reserved.and(more);
        Ok(())
    }

    /// What was reserved isn't needed any more.
    pub(super) const fn free(&mut self, reserved: Load) {
        self.reserved = self.reserved.without(reserved);
    }

    /// What was reserved is there now.
    pub(super) const fn land(&mut self, reserved: Load) {
        self.free(reserved);
        self.there = self.there.and(reserved);
        self.landed = self.landed.and(reserved);
    }
}
