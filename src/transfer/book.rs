//! The book of offers and transfers between two peers: what is offered, by whom, and how far it is.
//!
//! Owns the life of a transfer from the offer to its end, and which transfers may move at once
//! (`pipes`). It doesn't move bytes ([`super::send`], [`super::receive`]) and doesn't talk to the peer
//! ([`crate::session`] does, and keeps this book).
//!
//! ```text
//! offered ──accept──> queued ──pipe──> moving ──check──> verified
//!    │                   │             │    ^
//!    │                   │             v    │ pipe
//!    │                   │           interrupted
//!    └─ declined         └── cancelled, failed, withdrawn (from any state before the end)
//! ```

mod before;
mod info;
mod pipes;

pub use before::Outliving;
pub use info::{Direction, Hold, TransferId, TransferInfo, TransferState};

use super::offer::Offer;
use super::wire::Fault;
use crate::limits;
use crate::time::Moment;
use std::collections::BTreeMap;

/// A command that fits no transfer, or not in its state. What is wrong and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// No transfer has this number.
    #[error("there is no transfer {0}; the list of transfers shows the numbers")]
    NoSuch(TransferId),
    /// It isn't an offer from the peer that waits for an answer.
    #[error("transfer {0} isn't an open offer from your peer")]
    NotOpen(TransferId),
    /// It is over.
    #[error("transfer {0} is over already")]
    Over(TransferId),
    /// There is no open offer.
    #[error("there is no open offer from your peer")]
    NoOffers,
    /// Nothing is under way that could be meant.
    #[error("no transfer is under way")]
    NothingUnderWay,
    /// More than one could be meant.
    #[error("several transfers are under way; say which one by its number")]
    Ambiguous,
    /// There are as many as there may be.
    #[error(
        "{} files are offered and unfinished; wait until some of them are through",
        limits::MAX_OPEN_OFFERS
    )]
    TooMany,
}

/// The transfers of one session. The offerer's own number of an offer is called `offer` here.
#[derive(Debug, Default)]
pub struct Book {
    entries: BTreeMap<TransferId, Entry>,
    last_id: u32,
    last_offer: u32,
    /// The highest number that the peer has used for an offer.
    last_peer_offer: u32,
    /// When what the same peer doesn't offer again is given up.
    unoffered_by: Option<Moment>,
    /// Counts the peers, whose numbers of offers are their own.
    peer: u64,
}

#[derive(Debug)]
struct Entry {
    offer: u32,
    peer: u64,
    /// Whether a pipe has been asked for; only of incoming ones.
    pipe_requested: bool,
    /// Pipes in a row that came to nothing, and when the next is asked for.
    failures: u32,
    retry_at: Option<Moment>,
    /// When the receiver is told that there is no pipe here; only of outgoing ones.
    tell_at: Option<Moment>,
    /// Why it failed at the peer's side, once that has been said.
    failed_there: Option<Fault>,
    /// Whether the peer has left for good.
    is_orphan: bool,
    /// As what all of it is in its place, before the sender is told.
    whole: Option<String>,
    info: TransferInfo,
}

impl Book {
    /// Enters an offer to the peer; gives its number here and the offer's number.
    ///
    /// # Errors
    /// [`BookError::TooMany`].
    pub fn offer(&mut self, what: Offer) -> Result<(TransferId, u32), BookError> {
        self.check_room(Direction::Outgoing)?;
        self.last_offer += 1;
        let offer = self.last_offer;
        Ok((self.enter(Direction::Outgoing, offer, what), offer))
    }

    /// A number for a transfer that isn't in this book; no other has it.
    pub const fn number(&mut self) -> TransferId {
        self.last_id += 1;
        TransferId(self.last_id)
    }

    /// Offers what an earlier peer didn't get, or not all of it, to the peer of now; gives the
    /// offer's new number.
    pub fn offer_again(&mut self, id: TransferId) -> Option<u32> {
        let entry = self.entries.get_mut(&id)?;
        if entry.info.direction != Direction::Outgoing || entry.info.state.is_over() {
            return None;
        }
        self.last_offer += 1;
        entry.begin_anew(self.last_offer, self.peer);
        entry.info.state = TransferState::Offered;
        Some(self.last_offer)
    }

    /// An offer from the peer of now that is what was accepted from an earlier one and isn't
    /// finished: the transfer goes on under the new number.
    pub fn adopt(&mut self, offer: u32, what: &Offer) -> Option<TransferId> {
        if offer <= self.last_peer_offer {
            return None;
        }
        let peer = self.peer;
        let (id, entry) = self.entries.iter_mut().find(|(_, entry)| {
            entry.peer != peer
                && entry.info.direction == Direction::Incoming
                && !entry.info.state.is_over()
                && entry.info.state != TransferState::Offered
                && entry.info.offer.is_same(what)
        })?;
        self.last_peer_offer = offer;
        entry.begin_anew(offer, peer);
        // Where the disk was full is looked again.
        entry.info.held_here = entry.info.held_here.filter(|hold| *hold != Hold::DiskFull);
        entry.info.state = TransferState::Queued;
        Some(*id)
    }

    /// An offer from the peer of now that is what was received whole from an earlier one, which may
    /// not have heard of it: the name that it has here.
    pub fn finished_before(&mut self, offer: u32, what: &Offer) -> Option<String> {
        if offer <= self.last_peer_offer {
            return None;
        }
        let saved_as = self.entries.values().rev().find_map(|entry| match &entry.info.state {
            TransferState::Verified { saved_as, .. }
                if entry.peer != self.peer
                    && entry.info.direction == Direction::Incoming
                    && entry.info.offer.is_same(what) =>
            {
                Some(saved_as.clone())
            }
            TransferState::Verified { .. }
            | TransferState::Offered
            | TransferState::Queued
            | TransferState::Moving
            | TransferState::Interrupted
            | TransferState::Declined
            | TransferState::Cancelled { .. }
            | TransferState::Failed { .. }
            | TransferState::Withdrawn => None,
        })?;
        self.last_peer_offer = offer;
        Some(saved_as)
    }

    /// Enters an offer from the peer. `None` if its number was used before.
    ///
    /// # Errors
    /// [`BookError::TooMany`]; the offer should be declined then.
    pub fn offered(&mut self, offer: u32, what: Offer) -> Result<Option<TransferId>, BookError> {
        if offer <= self.last_peer_offer {
            return Ok(None);
        }
        self.last_peer_offer = offer;
        self.check_room(Direction::Incoming)?;
        Ok(Some(self.enter(Direction::Incoming, offer, what)))
    }

    /// The offers from the peer that are meant: this one, or all that are open.
    ///
    /// # Errors
    /// [`BookError`] if there is none, or this isn't one.
    pub fn open_offers(&self, id: Option<TransferId>) -> Result<Vec<TransferId>, BookError> {
        if let Some(id) = id {
            let entry = self.entries.get(&id).ok_or(BookError::NoSuch(id))?;
            let open = entry.is_open_offer();
            return if open { Ok(vec![id]) } else { Err(BookError::NotOpen(id)) };
        }
        let open: Vec<_> =
            self.entries.iter().filter(|(_, e)| e.is_open_offer()).map(|(id, _)| *id).collect();
        if open.is_empty() { Err(BookError::NoOffers) } else { Ok(open) }
    }

    /// The transfer that is meant to be cancelled, held or let go on: this one, or the only one.
    ///
    /// # Errors
    /// [`BookError`] if there is none, several, or this one is over.
    pub fn unfinished_one(&self, id: Option<TransferId>) -> Result<TransferId, BookError> {
        if let Some(id) = id {
            let entry = self.entries.get(&id).ok_or(BookError::NoSuch(id))?;
            return if entry.info.state.is_over() { Err(BookError::Over(id)) } else { Ok(id) };
        }
        let mut open = self.entries.iter().filter(|(_, entry)| !entry.info.state.is_over());
        match (open.next(), open.next()) {
            (None, _) => Err(BookError::NothingUnderWay),
            (Some((id, _)), None) => Ok(*id),
            (Some(_), Some(_)) => Err(BookError::Ambiguous),
        }
    }

    /// The peer's side says that a transfer failed there, which its pipe may say better.
    pub fn note_failure(&mut self, id: TransferId, code: Fault) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.failed_there = Some(code);
        }
    }

    /// Why it failed there, if the peer's side has said so.
    #[must_use]
    pub fn failed_there(&self, id: TransferId) -> Option<Fault> {
        self.entries.get(&id).and_then(|entry| entry.failed_there)
    }

    /// Notes that a side holds a transfer up, or no longer does. Returns whether that is new.
    pub fn hold(&mut self, id: TransferId, here: bool, hold: Option<Hold>) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else { return false };
        if entry.info.state.is_over() {
            return false;
        }
        let side = if here { &mut entry.info.held_here } else { &mut entry.info.held_there };
        std::mem::replace(side, hold) != hold
    }

    /// The transfer of this direction and offer with the peer of now, if it isn't over.
    #[must_use]
    pub fn find(&self, direction: Direction, offer: u32) -> Option<TransferId> {
        self.entries
            .iter()
            .find(|(_, e)| {
                e.peer == self.peer
                    && e.info.direction == direction
                    && e.offer == offer
                    && !e.info.state.is_over()
            })
            .map(|(id, _)| *id)
    }

    /// The transfer and its offer's number.
    #[must_use]
    pub fn get(&self, id: TransferId) -> Option<(&TransferInfo, u32)> {
        self.entries.get(&id).map(|entry| (&entry.info, entry.offer))
    }

    /// Moves a transfer on; nothing happens to one that is over, except that the peer's word that it
    /// cancelled is better than a guess at why the pipe broke. Returns whether something changed.
    pub fn set_state(&mut self, id: TransferId, state: TransferState) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else { return false };
        if entry.info.state.is_over() || entry.info.state == state {
            return false;
        }
        entry.info.state = state;
        self.forget_old();
        true
    }

    /// A cancellation by the peer, which may come after the pipe has broken because of it. Returns
    /// the transfer if that changed it.
    pub fn cancelled_by_peer(&mut self, direction: Direction, offer: u32) -> Option<TransferId> {
        let peer = self.peer;
        let (id, entry) =
            self.entries.iter_mut().rev().find(|(_, e)| {
                e.peer == peer && e.info.direction == direction && e.offer == offer
            })?;
        let state = &mut entry.info.state;
        if state.is_over() && !matches!(state, TransferState::Failed { .. }) {
            return None;
        }
        *state = TransferState::Cancelled { by_peer: true };
        Some(*id)
    }

    /// The transfers that aren't over.
    pub fn unfinished(&self) -> impl Iterator<Item = TransferId> {
        self.entries.iter().filter(|(_, e)| !e.info.state.is_over()).map(|(id, _)| *id)
    }

    /// Whether a transfer is with the peer of now.
    #[must_use]
    pub fn is_current(&self, id: TransferId) -> bool {
        self.entries.get(&id).is_some_and(|entry| entry.peer == self.peer)
    }

    /// A new peer counts its offers from the start, and none of its numbers means an older transfer.
    pub fn forget_peer(&mut self) {
        self.last_peer_offer = 0;
        self.peer += 1;
    }

    /// The peer has left for good, whoever comes next.
    pub fn part(&mut self) {
        self.entries.values_mut().for_each(|entry| entry.is_orphan = true);
    }

    /// Whether the peer of a transfer has left for good.
    #[must_use]
    pub fn is_orphan(&self, id: TransferId) -> bool {
        self.entries.get(&id).is_some_and(|entry| entry.is_orphan)
    }

    fn enter(&mut self, direction: Direction, offer: u32, what: Offer) -> TransferId {
        let id = self.number();
        let info = TransferInfo {
            direction,
            offer: what,
            state: TransferState::Offered,
            held_here: None,
            held_there: None,
        };
        let peer = self.peer;
        let entry = Entry {
            offer,
            peer,
            pipe_requested: false,
            failures: 0,
            retry_at: None,
            tell_at: None,
            failed_there: None,
            is_orphan: false,
            whole: None,
            info,
        };
        self.entries.insert(id, entry);
        id
    }

    fn check_room(&self, direction: Direction) -> Result<(), BookError> {
        let open = self
            .entries
            .values()
            .filter(|e| e.info.direction == direction && !e.info.state.is_over())
            .count();
        if open >= limits::MAX_OPEN_OFFERS { Err(BookError::TooMany) } else { Ok(()) }
    }

    /// Drops the oldest finished transfers beyond what is remembered.
    fn forget_old(&mut self) {
        let over: Vec<_> = self
            .entries
            .iter()
            .filter(|(_, e)| e.info.state.is_over())
            .map(|(id, _)| *id)
            .collect();
        let excess = over.len().saturating_sub(limits::MAX_FINISHED_TRANSFERS);
        for id in &over[..excess] {
            self.entries.remove(id);
        }
    }
}

impl Entry {
    /// From here on it is with this peer, and nothing of it has moved.
    const fn begin_anew(&mut self, offer: u32, peer: u64) {
        self.offer = offer;
        self.peer = peer;
        self.pipe_requested = false;
        self.failures = 0;
        self.retry_at = None;
        self.tell_at = None;
        self.failed_there = None;
        self.is_orphan = false;
        self.info.held_there = None;
    }

    fn is_open_offer(&self) -> bool {
        self.info.direction == Direction::Incoming && self.info.state == TransferState::Offered
    }
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
