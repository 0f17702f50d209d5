//! What a client with a seat may do, and what it is told when it does more.
//!
//! Owns the count of signals in a turn and the notices. Frames and bytes a second are counted by
//! `throttle`; holding the client up is `line`'s.

use crate::config::Config;
use crate::relay::Relay;
use crate::rooms::Place;
use crate::throttle::Speeds;
use couplet::message::{RelayControl, RelayToClient};
use couplet::time::Moment;
use std::time::Duration;

/// A client that isn't read hears no answer to its pings, so it is given a sign this often.
const SIGN_AFTER: Duration = Duration::from_secs(10);

/// How fast one client may go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manners {
    pub(crate) speeds: Speeds,
    /// Signals in one turn; 0 for no limit.
    pub(crate) signals: u32,
}

impl Manners {
    /// Those of `config`.
    pub(crate) fn new(config: &Config) -> Self {
        let speeds = Speeds {
            frames: config.max_frames_per_second.into(),
            bytes: config.max_bytes_per_second,
        };
        Self { speeds, signals: config.max_signals_per_turn }
    }
}

/// What a client does too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Excessive {
    Frames,
    Bytes,
    Signals,
}

impl Excessive {
    const fn text(self) -> &'static str {
        match self {
            Self::Frames => {
                "you send more messages a second than this relay takes from one client, so it reads them more slowly; nothing is lost"
            }
            Self::Bytes => {
                "you send more bytes a second than this relay takes from one client, so it reads them more slowly; nothing is lost"
            }
            Self::Signals => {
                "you have sent more signals in this turn than this relay takes at full speed, so it reads them more slowly until the turn changes; nothing is lost"
            }
        }
    }
}

/// What one connection has done in this turn, and what it was told.
#[derive(Debug, Default)]
pub(crate) struct Conduct {
    turn: u64,
    signals: u32,
    told: [bool; 3],
    signed: Option<Moment>,
}

impl Conduct {
    /// One more signal in this turn; whether that is more than `limit`.
    pub(crate) const fn is_one_too_many(&mut self, turn: u64, limit: u32) -> bool {
        if self.turn != turn {
            self.turn = turn;
            self.signals = 0;
        }
        self.signals = self.signals.saturating_add(1);
        limit > 0 && self.signals > limit
    }

    /// The client is held up for this: it is told once, and then given a sign now and then.
    pub(crate) fn tell(&mut self, what: Excessive, place: &Place, relay: &Relay) {
        let now = relay.clock.now();
        let told = &mut self.told[what as usize];
        let message = if !*told {
            *told = true;
            RelayControl::Notice { text: what.text().to_owned() }
        } else if self.signed.is_none_or(|at| now.since(at) >= SIGN_AFTER) {
            RelayControl::Pong
        } else {
            return;
        };
        self.signed = Some(now);
        place.tell(&RelayToClient::Control(message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_counted_anew_in_each_turn() {
        let mut conduct = Conduct::default();
        let mut beyond = |turn| (0..5).filter(|_| conduct.is_one_too_many(turn, 3)).count();
        assert_eq!([beyond(1), beyond(1), beyond(2)], [2, 5, 2]);
        assert!((0..100_000).all(|_| !conduct.is_one_too_many(3, 0)), "0 is no limit");
    }
}
