//! The connection to the relay: when to try, when to call it lost, when to try again.
//!
//! Owns the heartbeat and the back-off: 250 ms doubled up to 15 s, each wait shortened by up to a
//! quarter at random so that the clients of a restarted relay don't come all at once. There is no
//! last attempt: the user ends a session, not a counter.

use super::Session;
use crate::limits;
use crate::message::ClientControl;
use crate::time::Moment;
use std::time::Duration;

const FIRST_WAIT: Duration = Duration::from_millis(250);

/// What has become due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Try to connect.
    Connect,
    /// Ask the relay whether it is there.
    Ping,
    /// The relay has been silent for too long.
    Lost,
}

#[derive(Debug)]
pub(super) struct Machine {
    state: State,
    attempts: u32,
    random: u64,
    /// When the ping was sent whose answer comes next, if one is awaited.
    asked: Option<Moment>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The engine is connecting, or has yet to be told to.
    Connecting,
    /// Connected; the seat may not have been given yet.
    Connected { heard: Moment, ping_at: Moment, seated: bool },
    /// Waiting for the next attempt.
    Waiting { until: Moment },
}

impl Machine {
    pub(super) const fn new(seed: u64) -> Self {
        // A xorshift generator must not start at zero.
        Self { state: State::Connecting, attempts: 0, random: seed | 1, asked: None }
    }

    /// Begins an attempt; gives its number.
    pub(super) const fn connecting(&mut self) -> u32 {
        self.state = State::Connecting;
        self.attempts += 1;
        self.attempts
    }

    pub(super) fn connected(&mut self, now: Moment) {
        let ping_at = now + limits::PING_AFTER;
        self.state = State::Connected { heard: now, ping_at, seated: false };
        self.asked = None;
    }

    pub(super) fn online(&mut self, now: Moment) {
        let ping_at = now + limits::PING_AFTER;
        self.state = State::Connected { heard: now, ping_at, seated: true };
        self.attempts = 0;
    }

    pub(super) const fn heard(&mut self, now: Moment) {
        if let State::Connected { heard, .. } = &mut self.state {
            *heard = now;
        }
    }

    /// A ping goes out. While the answer to an earlier one is awaited it isn't timed: answers come in
    /// order and don't say to which they are.
    pub(super) fn pinged(&mut self, now: Moment) {
        self.asked = self.asked.or(Some(now));
    }

    /// The relay has answered; gives the time that it took, if it was asked.
    pub(super) fn answered(&mut self, now: Moment) -> Option<Duration> {
        self.asked.take().map(|asked| now.since(asked))
    }

    /// The connection is gone; gives the number of the next attempt and the wait before it.
    pub(super) fn lost(&mut self, now: Moment) -> (u32, Duration) {
        let doublings = self.attempts.min(16);
        let full = FIRST_WAIT.saturating_mul(1 << doublings).min(limits::LONGEST_WAIT);
        let quarters = u32::try_from(self.next_random() % 256).unwrap_or(0);
        let wait = full.saturating_sub(full / 4 * quarters / 256);
        self.state = State::Waiting { until: now + wait };
        (self.attempts + 1, wait)
    }

    /// An attempt that is waited for is due now.
    pub(super) fn hurry(&mut self, now: Moment) {
        if let State::Waiting { until } = &mut self.state {
            *until = now.min(*until);
        }
    }

    pub(super) const fn is_connected(&self) -> bool {
        matches!(self.state, State::Connected { .. })
    }

    /// Whether there is a connection and a seat.
    pub(super) const fn is_online(&self) -> bool {
        matches!(self.state, State::Connected { seated: true, .. })
    }

    pub(super) fn timeout(&mut self, now: Moment) -> Option<Due> {
        if self.next_timeout().is_none_or(|at| at > now) {
            return None;
        }
        match &mut self.state {
            State::Connecting => None,
            State::Waiting { .. } => Some(Due::Connect),
            State::Connected { heard, .. } if now.since(*heard) >= limits::SILENCE_LIMIT => {
                Some(Due::Lost)
            }
            State::Connected { ping_at, .. } => {
                // Whatever else is said and heard: the relay must hear from a client that only
                // listens, and a client must hear from a relay whose peer says nothing.
                *ping_at = now + limits::PING_AFTER;
                Some(Due::Ping)
            }
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Moment> {
        match self.state {
            State::Connecting => None,
            State::Waiting { until } => Some(until),
            State::Connected { heard, ping_at, .. } => {
                Some(ping_at.min(heard + limits::SILENCE_LIMIT))
            }
        }
    }

    /// Xorshift64 (Marsaglia 2003): plenty for spreading waits.
    const fn next_random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}

impl Session {
    /// Asks the relay whether it is there, and times the answer.
    pub(super) fn ping(&mut self, now: Moment) {
        self.link.pinged(now);
        self.control(ClientControl::Ping);
    }

    /// The relay was met elsewhere, so there is no need to wait before the next attempt.
    pub fn handle_relay_met(&mut self, now: Moment) {
        self.link.hurry(now);
    }
}
