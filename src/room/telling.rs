//! What a room tells its clients.
//!
//! Owns the words and their order; when which of them is said is [`super`]'s.

use super::{Command, Kept, Place, Room};
use crate::message::{ErrorCode, PeerState, RelayControl, RelayToClient, Role, Seat, Token};
use crate::time::Moment;
use std::time::Duration;

impl Room {
    /// Tells somebody who has just got a seat all there is to know: number, peer, last message, role.
    pub(super) fn greet(&mut self, seat: Seat, token: Token, returned: bool, now: Moment) {
        let welcome = RelayControl::Welcome {
            seat,
            token,
            room: self.name.clone(),
            pairing: self.pairing,
            next_sequence: self.said[seat.index()] + 1,
            grace_ms: millis(self.grace),
            returned,
        };
        self.control(seat, welcome);
        match self.place(seat.other()) {
            Place::Empty if self.pairing == 0 => self.tell_peer(seat, PeerState::Waiting, None),
            Place::Empty => self.tell_peer(seat, PeerState::Gone, None),
            Place::Here { .. } => self.tell_peer(seat, PeerState::Present, None),
            Place::Away { until, .. } => {
                self.tell_peer(seat, PeerState::Silent, Some(until.since(now)));
            }
        }
        // The message comes before the role, as it does when it is new: whoever takes the turn has
        // heard what it answers, so keeping one message for each seat is enough.
        if let Some(Kept { pairing, sequence, body }) = self.last[seat.index()].clone() {
            let message = RelayToClient::Message { pairing, sequence, kept: true, body };
            self.commands.push_back(Command::Send { to: seat, message });
        }
        if self.pairing > 0 {
            self.tell_role(seat);
        }
    }

    pub(super) fn tell_roles(&mut self) {
        for seat in Seat::BOTH {
            if self.is_here(seat) {
                self.tell_role(seat);
            }
        }
    }

    pub(super) fn tell_role(&mut self, seat: Seat) {
        let role = if self.turn == seat { Role::Emi } else { Role::Rec };
        self.control(seat, RelayControl::Role { role });
    }

    pub(super) fn tell_peer(&mut self, to: Seat, state: PeerState, kept: Option<Duration>) {
        let kept_ms = kept.map(millis);
        self.control(to, RelayControl::Peer { state, pairing: self.pairing, kept_ms });
    }

    pub(super) fn refuse(&mut self, seat: Seat, code: ErrorCode, text: &str) {
        self.control(seat, RelayControl::Error { code, text: text.to_owned() });
    }

    pub(super) fn control(&mut self, to: Seat, control: RelayControl) {
        self.commands.push_back(Command::Send { to, message: RelayToClient::Control(control) });
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
