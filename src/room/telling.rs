//! What a room tells its clients.
//!
//! Owns the words and their order; when which of them is said is [`super`]'s.

use super::{Command, KeptMessage, Place, Room};
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
            since: self.since,
            next_sequence: self.said[seat.index()].saturating_add(1),
            grace_ms: millis(self.grace),
            returned,
            plain: self.plain,
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
        if let Some(KeptMessage { pairing, sequence, body }) = self.last[seat.index()].clone() {
            let message = RelayToClient::Message { pairing, sequence, kept: true, body };
            self.commands.push_back(Command::Send { to: seat, message });
        }
        if self.pairing > 0 {
            self.tell_role(seat);
        }
    }

    /// Nothing happened here for so long that both are told and closed, and the seats are empty.
    pub fn handle_idle(&mut self) {
        for seat in Seat::BOTH {
            if matches!(self.place(seat), Place::Here { .. }) {
                self.refuse(
                    seat,
                    ErrorCode::IdleRoom,
                    "nothing happened in this room for so long that the relay has closed it; start \
                     couplet again to meet anew",
                );
                self.commands.push_back(Command::Close(seat));
            }
            self.places[seat.index()] = Place::Empty;
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
        let role = if self.has_turn() == seat { Role::Emi } else { Role::Rec };
        self.control(seat, RelayControl::Role { role, turn: self.turn });
    }

    pub(super) fn tell_peer(&mut self, to: Seat, state: PeerState, kept: Option<Duration>) {
        let (pairing, since) = (self.pairing, self.since);
        let kept_ms = kept.map(millis);
        self.control(to, RelayControl::Peer { state, pairing, since, kept_ms });
    }

    pub(super) fn refuse(&mut self, seat: Seat, code: ErrorCode, text: &str) {
        self.control(seat, RelayControl::Error { code, text: text.to_owned(), kept_ms: None });
    }

    pub(super) fn control(&mut self, to: Seat, control: RelayControl) {
        self.commands.push_back(Command::Send { to, message: RelayToClient::Control(control) });
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
