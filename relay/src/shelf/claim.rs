//! Names on the shelf that something is being laid down under.
//!
//! Owns the way between the core's list of them ([`couplet::shelf::claims`]) and the disk: whether
//! something has a name, and how much is there. All of it may wait for the disk, so it isn't to be
//! called where nothing may wait; but letting a claim go never waits.

use super::Shelf;
use crate::counters::Count;
use crate::lock::lock;
use couplet::path::SafeName;
use couplet::shelf::claims::{ClaimError, ClaimId, Left};
use couplet::shelf::host::Refused;
use couplet::shelf::message::ShelfFault;
use couplet::shelf::name::ShelfName;
use couplet::shelf::quota::Load;
use couplet::transfer::offer::{Match, Offer};
use couplet_files::store::{Store, Tally};
use std::sync::Arc;

/// A name that is somebody's to lay something down under, until this is dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    shelf: Arc<Shelf>,
    id: ClaimId,
    left: Left,
}

impl Shelf {
    /// Claims a name for a file of which nobody knows how large it is. Nobody else gets it, through
    /// whatever door, while the claim lives; nor if something has it already.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn claim(self: &Arc<Self>, name: &SafeName) -> Result<Claim, Refused> {
        let (claim, store) = self.claim_name(name)?;
        self.grow(&store, claim.id, Load::file(0))?;
        Ok(claim)
    }

    /// The same for what is offered. What is there of it from before a cut isn't counted twice.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn claim_for(self: &Arc<Self>, offer: &Offer) -> Result<Claim, Refused> {
        let (claim, store) = self.claim_name(&offer.name)?;
        // A part of what was changed since gives way to the new.
        let part = store.tally_parts(|part| offer.compare(part) != Match::Other);
        lock(&self.claims).found_part(claim.id, load(part));
        self.grow(&store, claim.id, Load::of(offer))?;
        Ok(claim)
    }

    fn claim_name(self: &Arc<Self>, name: &SafeName) -> Result<(Claim, Arc<Store>), Refused> {
        let shelved = ShelfName::try_from(name);
        shelved.map_err(|error| (ShelfFault::BadName, error.to_string()))?;
        let store = self.store()?;
        let claimed = {
            let mut claims = lock(&self.claims);
            let claimed = claims.claim(name);
            self.counters.set(Count::ShelfClaims, u64::try_from(claims.len()).unwrap_or(u64::MAX));
            claimed
        };
        let id = claimed.map_err(|error| refused(&error))?;
        let claim = Claim { shelf: Arc::clone(self), id, left: Left::Nothing };
        if store.has(name) {
            let taken = lock(&self.claims).taken(id);
            return Err(refused(&taken));
        }
        Ok((claim, store))
    }

    /// Keeps room for what comes under a claim. What is there is counted before if need be.
    fn grow(&self, store: &Store, id: ClaimId, to: Load) -> Result<(), Refused> {
        self.count(store, None)?;
        let grown = lock(&self.claims).grow(id, to);
        let Err(error) = grown else { return Ok(()) };
        self.count(store, Some(&error))?;
        lock(&self.claims).grow(id, to).map_err(|error| refused(&error))
    }

    fn count(&self, store: &Store, over: Option<&ClaimError>) -> Result<(), Refused> {
        let is_wanted = || lock(&self.claims).wants_count(self.clock.now(), over);
        if !is_wanted() {
            return Ok(());
        }
        // Who waits here has it counted by another.
        let _alone = lock(&self.counting);
        if is_wanted() {
            let in_transit = lock(&self.claims).begin_count();
            let there = store.tally(&in_transit).map_err(|error| self.unreadable(&error))?;
            lock(&self.claims).end_count(load(there), self.clock.now());
        }
        Ok(())
    }
}

impl Claim {
    /// What comes is to have so many bytes in all, if that is more than before.
    ///
    /// # Errors
    /// If there is no room for so much.
    pub(crate) fn grow(&self, to: u64) -> Result<(), Refused> {
        let grown = lock(&self.shelf.claims).grow(self.id, Load::file(to));
        if grown.is_ok() {
            return Ok(());
        }
        let store = self.shelf.store()?;
        self.shelf.grow(&store, self.id, Load::file(to))
    }

    /// Where it is.
    pub(crate) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// A part of it may be there from now on, and stay.
    pub(super) const fn leaves_a_part(&mut self) {
        self.left = Left::Part;
    }

    /// What the name was claimed for is in its place.
    pub(crate) fn laid_down(mut self) {
        self.left = Left::Whole;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claims = lock(&self.shelf.claims);
        claims.release(self.id, self.left);
        let left = u64::try_from(claims.len()).unwrap_or(u64::MAX);
        self.shelf.counters.set(Count::ShelfClaims, left);
    }
}

const fn load(Tally { bytes, entries }: Tally) -> Load {
    Load { bytes, entries }
}

fn refused(error: &ClaimError) -> Refused {
    let code = match error {
        ClaimError::Taken(_) => ShelfFault::Taken,
        ClaimError::InTransit(_) | ClaimError::Crowded => ShelfFault::InTransit,
        ClaimError::TooLarge { .. } => ShelfFault::TooLarge,
        ClaimError::Full { .. } | ClaimError::TooMany { .. } => ShelfFault::ShelfFull,
    };
    (code, error.to_string())
}
