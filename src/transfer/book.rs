//! The book of offers and transfers between two peers: what is offered, by whom, and how far it is.
//!
//! Owns the life of a transfer from the offer to its end, and which transfers may move at once. It
//! doesn't move bytes ([`super::send`], [`super::receive`]) and doesn't talk to the peer
//! ([`crate::session`] does, and keeps this book).
//!
//! ```text
//! offered ──accept──> queued ──pipe──> moving ──check──> verified
//!    │                   │             │    ^
//!    │                   │             v    │ pipe
//!    │                   │           interrupted
//!    └─ declined         └── cancelled, failed, withdrawn (from any state before the end)
//! ```

use super::offer::Offer;
use super::wire::Fault;
use crate::limits;
use crate::path::SafeName;
use crate::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// The wait before a pipe is asked for once more that came to nothing; doubled each time.
const FIRST_RETRY: Duration = Duration::from_millis(250);

/// The longest such wait.
const LONGEST_RETRY: Duration = Duration::from_secs(8);

/// How long an offerer waits for the next pipe before it tells the receiver that it has none.
const NO_PIPE: Duration = Duration::from_secs(1);

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
    /// Bytes are moving, unless it is [held](TransferInfo::held).
    Moving,
    /// Its pipe was cut; it goes on through another as soon as there is one.
    Interrupted,
    /// Every byte is there, checked, and safe on the receiver's disk.
    Verified {
        /// The name it has at the receiver, for showing.
        saved_as: String,
        /// What was left out of it, a sentence each for the first few.
        left_out: Vec<String>,
        /// How much was left out in all.
        left_out_count: u64,
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
        /// What went wrong, for programs.
        code: Fault,
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
        !matches!(self, Self::Offered | Self::Queued | Self::Moving | Self::Interrupted)
    }
}

/// Why a transfer stands still although it could move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// The user wants it so.
    Paused,
    /// The disk is full; it goes on when there is room.
    DiskFull,
    /// For a reason that this build doesn't know.
    #[serde(other)]
    Unknown,
}

/// What a user sees of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferInfo {
    /// Which way the bytes go.
    pub direction: Direction,
    /// What was offered.
    pub offer: Offer,
    /// How far it is.
    pub state: TransferState,
    /// Why this side holds it up.
    pub held_here: Option<Hold>,
    /// Why the peer's side does.
    pub held_there: Option<Hold>,
}

impl TransferInfo {
    /// The name as offered.
    #[must_use]
    pub const fn name(&self) -> &SafeName {
        &self.offer.name
    }

    /// The bytes as offered; 0 if nobody knew.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.offer.size()
    }

    /// Why it stands still, if one side wants it so.
    #[must_use]
    pub fn held(&self) -> Option<Hold> {
        self.held_here.or(self.held_there)
    }
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
                && entry.info.offer == *what
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
                    && entry.info.offer == *what =>
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

    /// The next accepted offer to ask a pipe for, if another transfer may begin; it counts as asked
    /// for from here on.
    pub fn poll_pipe_request(&mut self, now: Moment) -> Option<(TransferId, u32)> {
        if self.active() >= limits::MAX_ACTIVE_RECEIVES {
            return None;
        }
        let peer = self.peer;
        let (id, entry) = self.entries.iter_mut().find(|(_, entry)| {
            entry.peer == peer && entry.wants_pipe() && entry.retry_at.is_none_or(|at| at <= now)
        })?;
        entry.pipe_requested = true;
        entry.retry_at = None;
        Some((*id, entry.offer))
    }

    /// Whether a pipe that has come for a transfer is taken. One that the peer asked for, which it
    /// shouldn't, may be one too many.
    #[must_use]
    pub fn takes_pipe(&self, id: TransferId) -> bool {
        self.entries.get(&id).is_some_and(|entry| match entry.info.state {
            TransferState::Moving => true,
            TransferState::Queued | TransferState::Interrupted => {
                entry.info.direction == Direction::Outgoing
                    || entry.pipe_requested
                    || self.active() < limits::MAX_ACTIVE_RECEIVES
            }
            TransferState::Offered
            | TransferState::Verified { .. }
            | TransferState::Declined
            | TransferState::Cancelled { .. }
            | TransferState::Failed { .. }
            | TransferState::Withdrawn => false,
        })
    }

    /// When [`poll_pipe_request`](Self::poll_pipe_request) must be called, if nothing else happens.
    #[must_use]
    pub fn next_pipe_request(&self) -> Option<Moment> {
        self.entries.values().filter(|entry| entry.wants_pipe()).filter_map(|e| e.retry_at).min()
    }

    /// A transfer's last pipe is lost. With `progressed` something came through it; else the next one
    /// is waited with, longer each time.
    pub fn interrupt(&mut self, id: TransferId, progressed: bool, now: Moment) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else { return false };
        if entry.info.state.is_over() {
            return false;
        }
        entry.pipe_requested = false;
        entry.failures = if progressed { 0 } else { entry.failures + 1 };
        let wait = match entry.failures {
            0 => Duration::ZERO,
            failures => FIRST_RETRY.saturating_mul(1 << failures.min(8)).min(LONGEST_RETRY),
        };
        entry.retry_at = (!wait.is_zero()).then(|| now + wait);
        entry.tell_at = Some(now + NO_PIPE);
        self.set_state(id, TransferState::Interrupted)
    }

    /// An outgoing transfer that has been without a pipe for a while: its offer's number, once.
    pub fn poll_without_pipe(&mut self, now: Moment) -> Option<u32> {
        let peer = self.peer;
        let entry = self.entries.values_mut().find(|entry| {
            entry.is_without_pipe(peer) && entry.tell_at.is_some_and(|at| at <= now)
        })?;
        entry.tell_at = None;
        Some(entry.offer)
    }

    /// When [`poll_without_pipe`](Self::poll_without_pipe) must be called, if nothing else happens.
    #[must_use]
    pub fn next_without_pipe(&self) -> Option<Moment> {
        let without = self.entries.values().filter(|entry| entry.is_without_pipe(self.peer));
        without.filter_map(|entry| entry.tell_at).min()
    }

    /// Somebody was away, and a pipe may have been given in vain.
    pub fn expect_pipes(&mut self, now: Moment) {
        let peer = self.peer;
        for entry in self.entries.values_mut().filter(|entry| entry.is_without_pipe(peer)) {
            entry.tell_at = Some(now + NO_PIPE);
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

    /// Asks for the pipe again: the request may have been lost with a connection.
    pub fn forget_pipe_requests(&mut self) {
        for entry in self.entries.values_mut() {
            if matches!(entry.info.state, TransferState::Queued | TransferState::Interrupted) {
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

    fn enter(&mut self, direction: Direction, offer: u32, what: Offer) -> TransferId {
        self.last_id += 1;
        let id = TransferId(self.last_id);
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
            info,
        };
        self.entries.insert(id, entry);
        id
    }

    /// How many incoming transfers move, or are about to.
    fn active(&self) -> usize {
        let is_active = |entry: &&Entry| {
            let moving = entry.info.state == TransferState::Moving;
            entry.info.direction == Direction::Incoming
                && !entry.info.state.is_over()
                && (entry.pipe_requested || moving)
        };
        self.entries.values().filter(is_active).count()
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
    /// Whether it should have a pipe, hasn't, and none was asked for.
    fn wants_pipe(&self) -> bool {
        self.info.direction == Direction::Incoming
            && matches!(self.info.state, TransferState::Queued | TransferState::Interrupted)
            && !self.pipe_requested
    }

    /// Whether it was accepted, goes out, and has no pipe.
    fn is_without_pipe(&self, peer: u64) -> bool {
        self.peer == peer
            && self.info.direction == Direction::Outgoing
            && matches!(self.info.state, TransferState::Queued | TransferState::Interrupted)
    }

    /// From here on it is with this peer, and nothing of it has moved.
    const fn begin_anew(&mut self, offer: u32, peer: u64) {
        self.offer = offer;
        self.peer = peer;
        self.pipe_requested = false;
        self.failures = 0;
        self.retry_at = None;
        self.tell_at = None;
        self.failed_there = None;
        self.info.held_there = None;
    }

    fn is_open_offer(&self) -> bool {
        self.info.direction == Direction::Incoming && self.info.state == TransferState::Offered
    }
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
