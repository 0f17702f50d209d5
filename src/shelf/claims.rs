//! Which names on the shelf somebody is laying something down under, and whether it still fits.
//!
//! Owns the one list of names in transit, which all doors of a relay share; how much room there is for
//! them is [`quota`](super::quota)'s. What is on the disk is the shell's to look at, and told here: a
//! name is claimed first, then looked for, so nobody can put anything there in between, and room is
//! taken for it last.

use super::quota::{Load, Quota, Room};
use crate::path::{SafeName, folded};
use crate::time::Moment;
use crate::units;
use std::collections::{BTreeMap, HashSet};

/// Names that may be in transit at once, over all doors.
pub const MAX_CLAIMS: usize = 4096;

/// Names a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimId(u64);

/// Why something can't be laid down, in a sentence for whoever wants to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// It is there.
    #[error("{0} is on the shelf already; choose another name, or have that removed first")]
    Taken(String),
    /// It is coming.
    #[error("{0} is being laid down by somebody at this moment; choose another name, or try later")]
    InTransit(String),
    /// One file.
    #[error(
        "{name} has {}, and a file on this shelf may have {}",
        units::bytes(*size),
        units::bytes(*most)
    )]
    TooLarge {
        /// Its name.
        name: String,
        /// Its bytes.
        size: u64,
        /// The most that there may be.
        most: u64,
    },
    /// All together.
    #[error(
        "the shelf has room for {} more, and {name} needs {}; have something removed first",
        units::bytes(*left),
        units::bytes(*needs)
    )]
    Full {
        /// Its name.
        name: String,
        /// What it needs, beyond what it has taken.
        needs: u64,
        /// What is left.
        left: u64,
    },
    /// As many as there may be.
    #[error(
        "the shelf may have {} files and folders and has room for {} more, and {name} is {}; have \
         something removed first",
        units::grouped(*most),
        units::grouped(*left),
        units::grouped(*needs)
    )]
    TooMany {
        /// Its name.
        name: String,
        /// How many it is.
        needs: u64,
        /// How many more there may be.
        left: u64,
        /// How many there may be in all.
        most: u64,
    },
    /// Too many at once.
    #[error("{MAX_CLAIMS} files are being laid down at this moment, which is the most; try later")]
    Crowded,
}

/// What there is of something whose claim is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// It is on the shelf.
    Whole,
    /// Perhaps a part, for whoever goes on with it.
    Part,
    /// Nothing.
    Nothing,
}

/// The names in transit, and the room.
#[derive(Debug)]
pub struct Claims {
    room: Room,
    by_name: BTreeMap<String, ClaimId>,
    open: BTreeMap<ClaimId, Claim>,
    last: u64,
}

#[derive(Debug)]
struct Claim {
    name: String,
    folded: String,
    load: Load,
    /// What of it is there already, and was counted.
    part: Load,
}

impl Claims {
    /// Nothing is in transit, and nothing is known to be there.
    #[must_use]
    pub const fn new(quota: Quota) -> Self {
        Self { room: Room::new(quota), by_name: BTreeMap::new(), open: BTreeMap::new(), last: 0 }
    }

    /// Whether what is there must be counted before [`grow`](Self::grow), or, if that has said so,
    /// before it is believed. Count then between [`begin_count`](Self::begin_count) and
    /// [`end_count`](Self::end_count), one at a time, and ask again.
    #[must_use]
    pub fn wants_count(&self, now: Moment, refused: Option<&ClaimError>) -> bool {
        self.room.wants_count(now, refused)
    }

    /// What is there is going to be counted: everything but what is in transit, whose [folded] names
    /// it gives. Some of that may have its place already, and its claim be open.
    pub fn begin_count(&mut self) -> HashSet<String> {
        self.room.begin_count();
        self.by_name.keys().cloned().collect()
    }

    /// It was counted.
    pub const fn end_count(&mut self, there: Load, now: Moment) {
        self.room.end_count(there, now);
    }

    /// Something was removed.
    pub const fn removed(&mut self) {
        self.room.is_unsure();
    }

    /// Somebody wants to lay down something under this name. Look then whether something has it, and
    /// say [`taken`](Self::taken) or [`grow`](Self::grow).
    ///
    /// # Errors
    /// [`ClaimError::InTransit`] and [`ClaimError::Crowded`]; nothing has changed then.
    pub fn claim(&mut self, name: &SafeName) -> Result<ClaimId, ClaimError> {
        let (name, folded) = (name.as_str().to_owned(), folded(name.as_str()));
        if self.by_name.contains_key(&folded) {
            return Err(ClaimError::InTransit(name));
        }
        if self.open.len() >= MAX_CLAIMS {
            return Err(ClaimError::Crowded);
        }
        self.last += 1;
        let id = ClaimId(self.last);
        self.by_name.insert(folded.clone(), id);
        let (load, part) = (Load::default(), Load::default());
        self.open.insert(id, Claim { name, folded, load, part });
        Ok(id)
    }

    /// Something has the name of a claim, which is over with that.
    pub fn taken(&mut self, id: ClaimId) -> ClaimError {
        let name = self.open.get(&id).map(|claim| claim.name.clone()).unwrap_or_default();
        self.release(id, Left::Nothing);
        ClaimError::Taken(name)
    }

    /// So much of what comes under a claim is there already, and was counted; before it grows.
    pub fn found_part(&mut self, id: ClaimId, part: Load) {
        if let Some(claim) = self.open.get_mut(&id) {
            claim.part = part;
        }
    }

    /// What comes under a claim is to be so much in all, if it is more than before.
    ///
    /// # Errors
    /// [`ClaimError::TooLarge`], [`ClaimError::Full`] and [`ClaimError::TooMany`]; nothing has changed
    /// then.
    pub fn grow(&mut self, id: ClaimId, to: Load) -> Result<(), ClaimError> {
        let Some(claim) = self.open.get_mut(&id) else { return Ok(()) };
        let to = to.or_more(claim.load);
        let more = to.without(claim.part).without(claim.reserved());
        self.room.reserve(&claim.name, to, more)?;
        claim.load = to;
        Ok(())
    }

    /// A claim is over.
    pub fn release(&mut self, id: ClaimId, left: Left) {
        let Some(claim) = self.open.remove(&id) else { return };
        self.by_name.remove(&claim.folded);
        match left {
            Left::Whole => self.room.land(claim.reserved()),
            Left::Part => {
                self.room.free(claim.reserved());
                self.room.is_unsure();
            }
            Left::Nothing => self.room.free(claim.reserved()),
        }
    }

    /// Whether somebody is laying something down under this name.
    #[must_use]
    pub fn is_in_transit(&self, name: &SafeName) -> bool {
        self.by_name.contains_key(&folded(name.as_str()))
    }

    /// How many names are in transit.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

impl Claim {
    fn reserved(&self) -> Load {
        self.load.without(self.part)
    }
}

#[cfg(test)]
#[path = "claims_tests.rs"]
mod tests;
