//! Which turn of a room it is.
//!
//! Owns the number, as clients are told it, for their connections, which count what a client does in
//! one turn and don't lock the room for it.

use couplet::message::{RelayControl, RelayToClient};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The number of one room, shared with its clients' connections.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns(Arc<AtomicU64>);

impl Turns {
    /// Which turn it is.
    pub(super) fn number(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Somebody is told something.
    pub(super) fn note(&self, message: &RelayToClient) {
        if let RelayToClient::Control(RelayControl::Role { turn, .. }) = message {
            self.0.store(*turn, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use couplet::message::Role;

    #[test]
    fn the_turn_is_what_was_told() {
        let turns = Turns::default();
        let seen = turns.clone();
        turns.note(&RelayToClient::Control(RelayControl::Role { role: Role::Emi, turn: 7 }));
        turns.note(&RelayToClient::Control(RelayControl::Pong));
        assert_eq!(seen.number(), 7);
    }
}
