//! Transfers from before a client was started anew, this one or its peer.

use super::{Book, Direction, Offer, TransferId, TransferInfo, TransferState};
use crate::time::Moment;
use std::time::Duration;

/// What has come whole that is remembered; older ones the peer has long heard of.
const MAX_RECEIVED: usize = 64;

/// A transfer that outlives its program, and as what a client that is started anew takes it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outliving<'a> {
    /// Offered to the peer or on its way there: [`Book::offered_before`].
    Outgoing(TransferId),
    /// Accepted from the peer: [`Book::accepted_before`].
    Incoming(TransferId, &'a Offer),
    /// Come whole, which the peer may not have heard: [`Book::received_before`].
    Received {
        /// What it is.
        offer: &'a Offer,
        /// The name it was given.
        saved_as: &'a str,
    },
}

/// How long a peer that was started anew may take to look at what it had on its way out, and to offer
/// it again.
const OFFERS_WITHIN: Duration = Duration::from_mins(2);

impl Book {
    /// Enters what was offered to the peer by the program before; it isn't with the peer of now until
    /// it is offered again. None if there are too many.
    pub fn offered_before(&mut self, what: Offer) -> Option<TransferId> {
        self.check_room(Direction::Outgoing).ok()?;
        Some(self.enter_before(Direction::Outgoing, what, TransferState::Queued))
    }

    /// Enters what was accepted from the peer by the program before. None if there are too many.
    pub fn accepted_before(&mut self, what: Offer) -> Option<TransferId> {
        self.check_room(Direction::Incoming).ok()?;
        Some(self.enter_before(Direction::Incoming, what, TransferState::Queued))
    }

    /// Enters what came whole from the peer in the program before.
    pub fn received_before(&mut self, what: Offer, saved_as: String) {
        let state = TransferState::Verified { saved_as, left_out: Vec::new(), left_out_count: 0 };
        self.enter_before(Direction::Incoming, what, state);
        self.forget_old();
    }

    /// The same peer is there, after one of the two was started anew: it offers again what is on its
    /// way. What it doesn't offer it has stopped, or it knows that it came.
    pub fn expect_offers(&mut self, now: Moment) {
        self.unoffered_by = Some(now + OFFERS_WITHIN);
    }

    /// Whoever is there isn't the same any more: what it offers says nothing of what is waited for.
    pub const fn expect_no_offers(&mut self) {
        self.unoffered_by = None;
    }

    /// When [`take_unoffered`](Self::take_unoffered) must be called, if nothing else happens.
    #[must_use]
    pub const fn next_unoffered(&self) -> Option<Moment> {
        self.unoffered_by
    }

    /// What was accepted before and isn't offered any more; once.
    pub fn take_unoffered(&mut self, now: Moment) -> Vec<TransferId> {
        if self.unoffered_by.take_if(|by| *by <= now).is_none() {
            return Vec::new();
        }
        let is_unoffered = |id: &TransferId| {
            let entry = self.entries.get(id);
            entry.is_some_and(|entry| {
                entry.peer != self.peer && entry.info.direction == Direction::Incoming
            })
        };
        self.unfinished().filter(is_unoffered).collect()
    }

    /// All of an incoming one is in its place under this name, and the sender hasn't been told. From
    /// here on a client that is started anew must know of it.
    pub fn set_whole(&mut self, id: TransferId, saved_as: String) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.whole = Some(saved_as);
        }
    }

    /// What a client that is started anew must know of, oldest first.
    pub fn outliving(&self) -> impl Iterator<Item = Outliving<'_>> {
        let all = || self.entries.iter().filter_map(|(id, entry)| entry.outliving(*id));
        let is_received =
            |outliving: &Outliving<'_>| matches!(outliving, Outliving::Received { .. });
        let mut excess = all().filter(is_received).count().saturating_sub(MAX_RECEIVED);
        all().filter(move |outliving| {
            let is_excess = excess > 0 && is_received(outliving);
            excess -= usize::from(is_excess);
            !is_excess
        })
    }

    /// All that are remembered, in the order of their numbers.
    pub fn all(&self) -> impl Iterator<Item = (TransferId, &TransferInfo)> {
        self.entries.iter().map(|(id, entry)| (*id, &entry.info))
    }

    fn enter_before(
        &mut self,
        direction: Direction,
        what: Offer,
        state: TransferState,
    ) -> TransferId {
        let id = self.enter(direction, 0, what);
        if let Some(entry) = self.entries.get_mut(&id) {
            // Nobody's: the first peer is number 0, and there may be no other yet.
            entry.peer = u64::MAX;
            entry.info.state = state;
        }
        id
    }
}

impl super::Entry {
    fn outliving(&self, id: TransferId) -> Option<Outliving<'_>> {
        let offer = &self.info.offer;
        match (self.info.direction, &self.info.state) {
            (Direction::Outgoing, state) => (!state.is_over()).then_some(Outliving::Outgoing(id)),
            (Direction::Incoming, TransferState::Verified { saved_as, .. }) => {
                Some(Outliving::Received { offer, saved_as })
            }
            (
                Direction::Incoming,
                TransferState::Queued | TransferState::Moving | TransferState::Interrupted,
            ) => Some(match &self.whole {
                Some(saved_as) => Outliving::Received { offer, saved_as },
                None => Outliving::Incoming(id, offer),
            }),
            // Nothing of it was promised.
            (
                Direction::Incoming,
                TransferState::Offered
                | TransferState::Declined
                | TransferState::Cancelled { .. }
                | TransferState::Failed { .. }
                | TransferState::Withdrawn,
            ) => None,
        }
    }
}
