//! The book of offers and transfers between two peers: what is offered, by whom, and how far it is.
//!
//! Owns the life of a transfer from the offer to its end, and which transfers may move at once. It
//! doesn't move bytes ([`super::send`], [`super::receive`]) and doesn't talk to the peer
//! ([`crate::session`] does, and keeps this book).
//!
//! ```text
//! offered ──accept──> queued ──pipe──> moving ──check──> verified
//!    │                   │                │
//!    └─ declined         └── cancelled, failed, withdrawn (from any state before the end)
//! ```

use crate::limits;
use crate::path::SafeName;
use std::collections::BTreeMap;

/// A transfer's number, for commands such as `/accept 3`. One count for both directions, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransferId(pub u32);

impl std::fmt::Display for TransferId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Which way the bytes go, from this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To the peer.
    Outgoing,
    /// From the peer.
    Incoming,
}

/// How far a transfer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferState {
    /// Offered; nobody has answered yet.
    Offered,
    /// Accepted; waiting for its pipe, or for other transfers to end first.
    Queued,
    /// Bytes are moving.
    Moving,
    /// Every byte is there, checked, and safe on the receiver's disk.
    Verified {
        /// The name it has at the receiver, for showing.
        saved_as: String,
    },
    /// The receiver doesn't want it.
    Declined,
    /// One side stopped it.
    Cancelled {
        /// Whether it was the peer.
        by_peer: bool,
    },
    /// It can't be completed.
    Failed {
        /// What went wrong and what to do.
        reason: String,
    },
    /// The peer that it was offered by or to has left.
    Withdrawn,
}

impl TransferState {
    /// Whether nothing can happen to it any more.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        !matches!(self, Self::Offered | Self::Queued | Self::Moving)
    }
}

/// What a user sees of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferInfo {
    /// Which way the bytes go.
    pub direction: Direction,
    /// The file's name as offered.
    pub name: SafeName,
    /// The file's size in bytes as offered.
    pub size: u64,
    /// How far it is.
    pub state: TransferState,
}

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
    /// Nothing can be cancelled.
    #[error("no transfer is under way")]
    NothingToCancel,
    /// More than one could be meant.
    #[error("several transfers are under way; say which one: /cancel NUMBER")]
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
    /// Counts the peers, whose numbers of offers are their own.
    peer: u64,
}

#[derive(Debug)]
struct Entry {
    offer: u32,
    peer: u64,
    /// Whether a pipe has been asked for; only of incoming ones.
    pipe_requested: bool,
    info: TransferInfo,
}

impl Book {
    /// Enters an offer to the peer; gives its number here and the offer's number.
    ///
    /// # Errors
    /// [`BookError::TooMany`].
    pub fn offer(&mut self, name: SafeName, size: u64) -> Result<(TransferId, u32), BookError> {
        self.check_room(Direction::Outgoing)?;
        self.last_offer += 1;
        let offer = self.last_offer;
        Ok((self.enter(Direction::Outgoing, offer, name, size), offer))
    }

    /// Enters an offer from the peer. `None` if its number was used before.
    ///
    /// # Errors
    /// [`BookError::TooMany`]; the offer should be declined then.
    pub fn offered(
        &mut self,
        offer: u32,
        name: SafeName,
        size: u64,
    ) -> Result<Option<TransferId>, BookError> {
        if offer <= self.last_peer_offer {
            return Ok(None);
        }
        self.last_peer_offer = offer;
        self.check_room(Direction::Incoming)?;
        Ok(Some(self.enter(Direction::Incoming, offer, name, size)))
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

    /// The transfer that is meant to be cancelled: this one, or the only one.
    ///
    /// # Errors
    /// [`BookError`] if there is none, several, or this one is over.
    pub fn cancellable(&self, id: Option<TransferId>) -> Result<TransferId, BookError> {
        if let Some(id) = id {
            let entry = self.entries.get(&id).ok_or(BookError::NoSuch(id))?;
            return if entry.info.state.is_over() { Err(BookError::Over(id)) } else { Ok(id) };
        }
        let mut open = self.entries.iter().filter(|(_, entry)| !entry.info.state.is_over());
        match (open.next(), open.next()) {
            (None, _) => Err(BookError::NothingToCancel),
            (Some((id, _)), None) => Ok(*id),
            (Some(_), Some(_)) => Err(BookError::Ambiguous),
        }
    }

    /// The next accepted offer to ask a pipe for, if another transfer may begin; it counts as asked
    /// for from here on.
    pub fn poll_pipe_request(&mut self) -> Option<(TransferId, u32)> {
        let active = self
            .entries
            .values()
            .filter(|entry| entry.pipe_requested && !entry.info.state.is_over())
            .count();
        if active >= limits::MAX_ACTIVE_RECEIVES {
            return None;
        }
        let (id, entry) = self.entries.iter_mut().find(|(_, entry)| {
            entry.info.direction == Direction::Incoming
                && entry.info.state == TransferState::Queued
                && !entry.pipe_requested
        })?;
        entry.pipe_requested = true;
        Some((*id, entry.offer))
    }

    /// Asks for the pipe again: the request may have been lost with a connection.
    pub fn forget_pipe_requests(&mut self) {
        for entry in self.entries.values_mut() {
            if entry.info.state == TransferState::Queued {
                entry.pipe_requested = false;
            }
        }
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

    fn enter(&mut self, direction: Direction, offer: u32, name: SafeName, size: u64) -> TransferId {
        self.last_id += 1;
        let id = TransferId(self.last_id);
        let info = TransferInfo { direction, name, size, state: TransferState::Offered };
        self.entries.insert(id, Entry { offer, peer: self.peer, pipe_requested: false, info });
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
    fn is_open_offer(&self) -> bool {
        self.info.direction == Direction::Incoming && self.info.state == TransferState::Offered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> SafeName {
        SafeName::new(text).expect("a safe name")
    }

    fn book_with_offers(count: u32) -> Book {
        let mut book = Book::default();
        for offer in 1..=count {
            book.offered(offer, name("x"), 1).expect("room").expect("new");
        }
        book
    }

    #[test]
    fn accepted_offers_move_a_few_at_a_time() {
        let mut book = book_with_offers(20);
        for id in book.open_offers(None).expect("open ones") {
            assert!(book.set_state(id, TransferState::Queued));
        }
        let requested: Vec<_> = std::iter::from_fn(|| book.poll_pipe_request()).collect();
        assert_eq!(requested.len(), limits::MAX_ACTIVE_RECEIVES);
        let (first, _) = requested[0];
        book.set_state(first, TransferState::Moving);
        assert_eq!(book.poll_pipe_request(), None);
        book.set_state(first, TransferState::Verified { saved_as: "x".to_owned() });
        let next = book.poll_pipe_request().expect("one may begin");
        assert_eq!(next.1, 9);
    }

    #[test]
    fn a_request_that_was_lost_is_made_again() {
        let mut book = book_with_offers(1);
        book.set_state(TransferId(1), TransferState::Queued);
        assert!(book.poll_pipe_request().is_some());
        assert_eq!(book.poll_pipe_request(), None);
        book.forget_pipe_requests();
        assert!(book.poll_pipe_request().is_some());
    }

    #[test]
    fn commands_say_what_is_wrong() {
        let mut book = book_with_offers(2);
        let one = TransferId(1);
        assert_eq!(book.open_offers(Some(TransferId(9))), Err(BookError::NoSuch(TransferId(9))));
        assert_eq!(book.cancellable(None), Err(BookError::Ambiguous));
        book.set_state(one, TransferState::Declined);
        assert_eq!(book.open_offers(Some(one)), Err(BookError::NotOpen(one)));
        assert_eq!(book.cancellable(Some(one)), Err(BookError::Over(one)));
        assert_eq!(book.cancellable(None), Ok(TransferId(2)));
        book.set_state(TransferId(2), TransferState::Declined);
        assert_eq!(book.open_offers(None), Err(BookError::NoOffers));
        assert_eq!(book.cancellable(None), Err(BookError::NothingToCancel));
    }

    #[test]
    fn a_repeated_offer_is_passed_over_and_a_flood_is_refused() {
        let mut book = book_with_offers(1);
        assert_eq!(book.offered(1, name("x"), 1), Ok(None));
        let most = u32::try_from(limits::MAX_OPEN_OFFERS).expect("small");
        let mut book = book_with_offers(most);
        assert_eq!(book.offered(most + 1, name("x"), 1), Err(BookError::TooMany));
        // Finished ones are forgotten, oldest first.
        for round in 0..4 {
            for id in book.unfinished().collect::<Vec<_>>() {
                book.set_state(id, TransferState::Declined);
            }
            for offer in 1..=most {
                book.offered((round + 1) * 1000 + offer, name("x"), 1).expect("room");
            }
            assert!(book.entries.len() <= limits::MAX_FINISHED_TRANSFERS + limits::MAX_OPEN_OFFERS);
        }
    }

    #[test]
    fn the_peers_word_is_better_than_a_guess() {
        let mut book = book_with_offers(1);
        let id = TransferId(1);
        book.set_state(id, TransferState::Moving);
        book.set_state(id, TransferState::Failed { reason: "the pipe broke".to_owned() });
        assert!(!book.set_state(id, TransferState::Moving));
        assert_eq!(book.cancelled_by_peer(Direction::Incoming, 1), Some(id));
        let (info, _) = book.get(id).expect("remembered");
        assert_eq!(info.state, TransferState::Cancelled { by_peer: true });
        assert_eq!(book.cancelled_by_peer(Direction::Incoming, 1), None);
    }
}
