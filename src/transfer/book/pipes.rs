//! Which transfer may have a pipe, and when one is asked for.
//!
//! Owns how many move at once, the waits after pipes that came to nothing, and when the receiver is
//! told that there is none here.

use super::{Book, Direction, Entry, TransferId, TransferState};
use crate::limits;
use crate::time::Moment;
use std::time::Duration;

/// The wait before a pipe is asked for once more that came to nothing; doubled each time.
const FIRST_RETRY: Duration = Duration::from_millis(250);

/// The longest such wait.
const LONGEST_RETRY: Duration = Duration::from_secs(8);

/// How long an offerer waits for the next pipe before it tells the receiver that it has none.
const NO_PIPE: Duration = Duration::from_secs(1);

impl Book {
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
    /// Nothing for what it wouldn't give: whoever waits for that would be called again and again.
    #[must_use]
    pub fn next_pipe_request(&self) -> Option<Moment> {
        // With as many as may move at once none is asked for, nor for whoever isn't across: then
        // something else happens first.
        if self.active() >= limits::MAX_ACTIVE_RECEIVES {
            return None;
        }
        let peer = self.peer;
        let waiting = self.entries.values().filter(|e| e.peer == peer && e.wants_pipe());
        waiting.filter_map(|entry| entry.retry_at).min()
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

    /// Asks for the pipe again: the request may have been lost with a connection.
    pub fn forget_pipe_requests(&mut self) {
        for entry in self.entries.values_mut() {
            if matches!(entry.info.state, TransferState::Queued | TransferState::Interrupted) {
                entry.pipe_requested = false;
            }
        }
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
}
