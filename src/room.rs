//! The relay's machine: two seats, one turn, and what happens when somebody comes or goes.
//!
//! Owns the turn rules of one room. It doesn't know sockets (the shell binds seats to connections
//! and carries out [`Command`]s), other rooms ([`crate::directory`]), or what bodies mean: they are
//! opaque bytes, kept only as a seat's *last message*.
//!
//! ```text
//! client 1        room         client 2
//!    │── join ─────>│              │
//!    │<─ welcome 1 ─│              │
//!    │<─ waiting ───│<──── join ───│
//!    │<─ present ───│── welcome 2 ─>
//!    │              │── present ──>│
//!    │<─ role emi ──│── role rec ─>│
//!    │── say 1 ────>│              │
//!    │<─ taken 1 ───│── message 1 ─>
//!    │<─ role rec ──│── role emi ─>│      the two have swapped
//! ```
//!
//! A *pairing* is the time in which the same two clients have the seats. Its number rises with each
//! newcomer. Says and signals carry the number they are meant for and are dropped when that pairing
//! is over, so nothing meant for one client ever reaches the one that took its seat.
//!
//! The parts: `coming` has who comes, comes back and goes, `telling` what they are told, `record`
//! what outlives the relay. Here is what is said, and whose turn it is.

mod coming;
mod record;
mod telling;

pub use record::{KeptMessage, KeptSeat, Record, RecordError};

use crate::message::{ErrorCode, RelayControl, RelayToClient, RoomName, Seat, Token, TokenHash};
use crate::time::Moment;
use bytes::Bytes;
use std::collections::VecDeque;
use std::time::Duration;

/// What the shell must do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// From here on the seat belongs to the connection whose join or return is being handled.
    Admit(Seat),
    /// Queue this message for the seat's connection.
    Send {
        /// Whose connection.
        to: Seat,
        /// The message.
        message: RelayToClient,
    },
    /// Close the seat's connection once its queue is flushed; the seat has no connection then.
    Close(Seat),
}

/// A pairing in which no keys were agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailedPairing {
    /// The current one; whoever came last into it has, or had, this seat.
    Current {
        /// The seat.
        newcomer: Seat,
    },
    /// One that is over: nobody knows any more who it was.
    Over,
}

/// What a room is to somebody who looks for a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Standing {
    /// Whether a seat is empty.
    pub open: bool,
    /// Whether somebody sits across the empty seat, with a connection.
    pub host_is_here: bool,
    /// Whether both seats have been taken once.
    pub met: bool,
    /// Whether the room has ended.
    pub over: bool,
    /// Of the tokens with which the seats can be taken up again.
    pub tokens: [Option<TokenHash>; 2],
}

/// One room.
#[derive(Debug)]
pub struct Room {
    name: Option<RoomName>,
    grace: Duration,
    places: [Place; 2],
    /// The number of the turn: even ones are seat 1's. Means nothing before the first pairing.
    turn: u64,
    /// 0 until both seats have been taken once.
    pairing: u32,
    /// The pairing in which one of the two came last who wasn't there before.
    since: u32,
    /// The seat of the one who came last into the current pairing.
    newcomer: Seat,
    /// The last pairing in which no keys were agreed on; 0 if there was none.
    failed: u32,
    /// The number of the last message that was said from each seat.
    said: [u64; 2],
    /// The last message that was sent *to* each seat.
    last: [Option<KeptMessage>; 2],
    /// How often each seat was come back to, as the client counts.
    times: [u64; 2],
    /// Whether the room is from a record, which may be behind, and this seat's client hasn't said yet
    /// what it knows.
    unsure: [bool; 2],
    /// Whether it is a plain room: nothing in it is sealed, and no seat is kept.
    plain: bool,
    commands: VecDeque<Command>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Empty,
    Here { token: TokenHash },
    Away { token: TokenHash, until: Moment },
}

impl Room {
    /// An empty room that keeps the seat of a lost connection for `grace`.
    #[must_use]
    pub fn new(name: Option<RoomName>, grace: Duration) -> Self {
        Self {
            name,
            grace,
            places: [Place::Empty; 2],
            turn: 0,
            pairing: 0,
            since: 0,
            newcomer: Seat::Two,
            failed: 0,
            said: [0; 2],
            last: [None, None],
            times: [0; 2],
            unsure: [false; 2],
            plain: false,
            commands: VecDeque::new(),
        }
    }

    /// An empty plain room ([`crate::plain`]): a connection that is lost leaves its seat empty at once,
    /// and whoever is in it knows that nothing is sealed. What may be said in it is for the shell to ask
    /// [`crate::plain::check_message`].
    #[must_use]
    pub fn plain() -> Self {
        Self { plain: true, ..Self::new(None, Duration::ZERO) }
    }

    /// The seat says something. `sequence` one above the last takes the turn; one from before is a
    /// repetition, which is passed on and acknowledged but takes no turn.
    pub fn handle_say(&mut self, seat: Seat, pairing: u32, sequence: u64, body: Bytes) {
        if !self.is_here(seat) {
            return;
        }
        let other = seat.other();
        let said = self.said[seat.index()];
        if self.pairing == 0 {
            return self.refuse(
                seat,
                ErrorCode::NotYourTurn,
                "nobody is there yet; wait for your peer",
            );
        }
        if pairing != self.pairing {
            // The client has been, or is just being, told of the new pairing, and says it again.
            return;
        }
        let repeated = sequence <= said && sequence > 0;
        if !repeated {
            if self.has_turn() != seat {
                return self.refuse(
                    seat,
                    ErrorCode::NotYourTurn,
                    "it is your peer's turn; wait for yours",
                );
            }
            if sequence != said.saturating_add(1) {
                return self.refuse(
                    seat,
                    ErrorCode::WrongSequence,
                    "that message has a wrong number; this client has a fault",
                );
            }
            self.said[seat.index()] = sequence;
            self.turn = self.turn.saturating_add(1);
        }
        // What is said again may be older than what is kept, and it is the newest that is kept.
        if sequence == self.said[seat.index()] {
            self.last[other.index()] = Some(KeptMessage { pairing, sequence, body: body.clone() });
        }
        self.control(seat, RelayControl::Taken { sequence });
        if self.is_here(other) {
            let message = RelayToClient::Message { pairing, sequence, kept: false, body };
            self.commands.push_back(Command::Send { to: other, message });
        }
        if repeated {
            // What was taken before took the turn then; whose it is now must be told again.
            self.tell_role(seat);
        } else {
            self.tell_roles();
        }
    }

    /// The seat gives this turn away; one that is over is passed over. A number that is too high is
    /// that of a client which knew more than the record that the room is from.
    pub fn handle_pass(&mut self, seat: Seat, turn: u64) {
        if !self.is_here(seat) || (turn < self.turn && self.pairing > 0) {
            return;
        }
        if self.pairing == 0 || self.has_turn() != seat {
            return self.refuse(
                seat,
                ErrorCode::NotYourTurn,
                "it isn't your turn, so there is none to pass",
            );
        }
        self.turn = self.turn.saturating_add(1);
        self.tell_roles();
    }

    /// The seat signals something, in either role.
    pub fn handle_signal(&mut self, seat: Seat, pairing: u32, body: Bytes) {
        let other = seat.other();
        if self.is_here(seat) && self.is_here(other) && pairing == self.pairing {
            let message = RelayToClient::Signal { pairing, body };
            self.commands.push_back(Command::Send { to: other, message });
        }
    }

    /// The seat asks for a pipe. `tokens` are fresh and random, one for each seat's end. Returns
    /// whether both ends were told, so that the shell must let those tokens in.
    pub fn handle_pipe_request(&mut self, seat: Seat, tag: u64, tokens: [Token; 2]) -> bool {
        if !self.is_here(seat) {
            return false;
        }
        if !self.is_here(seat.other()) {
            self.refuse(seat, ErrorCode::NoPeer, "your peer isn't there to open a pipe to");
            return false;
        }
        for end in Seat::BOTH {
            self.control(end, RelayControl::Pipe { tag, token: tokens[end.index()] });
        }
        true
    }

    /// The seat asked for something the shell refuses, for a reason outside the turn rules.
    pub fn handle_refusal(&mut self, seat: Seat, code: ErrorCode, text: &str) {
        if self.is_here(seat) {
            self.refuse(seat, code, text);
        }
    }

    /// The two couldn't agree on keys, says one of them: whoever came last is turned away, and the
    /// seat is empty. Gives what is to be counted, once for each pairing, even if whoever came last
    /// has left already or somebody else has come since, as one does who has tested a guess.
    pub fn handle_pairing_failed(&mut self, seat: Seat, pairing: u32) -> Option<FailedPairing> {
        if !self.is_here(seat) || pairing <= self.failed || pairing > self.pairing {
            return None;
        }
        self.failed = pairing;
        if pairing < self.pairing {
            return Some(FailedPairing::Over);
        }
        let newcomer = self.newcomer;
        if self.place(newcomer) == Place::Empty {
            return Some(FailedPairing::Current { newcomer });
        }
        if self.is_here(newcomer) {
            self.refuse(
                newcomer,
                ErrorCode::PairingFailed,
                "the two of you couldn't agree on keys; most often the codes differ, so ask for \
                 the code again",
            );
            self.commands.push_back(Command::Close(newcomer));
        }
        self.empty(newcomer);
        Some(FailedPairing::Current { newcomer })
    }

    /// The next thing to do. Call it after every `handle_*` until it has nothing.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) must be called, if nothing else happens.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        self.places.iter().filter_map(|place| place.kept_until()).min()
    }

    /// If a seat is only kept for somebody who is away: for how long at most from `now` on, until the
    /// first such seat is empty.
    #[must_use]
    pub fn kept_for(&self, now: Moment) -> Option<Duration> {
        self.poll_timeout().map(|until| until.since(now))
    }

    /// What the room is to somebody who looks for a seat.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let empty = Seat::BOTH.into_iter().find(|seat| self.place(*seat) == Place::Empty);
        Standing {
            open: empty.is_some(),
            host_is_here: empty.is_some_and(|seat| self.is_here(seat.other())),
            met: self.pairing > 0,
            over: self.places == [Place::Empty; 2],
            tokens: self.places.map(Place::token),
        }
    }

    /// The room's name, if it has one.
    #[must_use]
    pub const fn name(&self) -> Option<&RoomName> {
        self.name.as_ref()
    }

    /// The number of the current pairing; 0 before the first.
    #[must_use]
    pub const fn pairing(&self) -> u32 {
        self.pairing
    }

    /// The seat that is in `emi`.
    const fn has_turn(&self) -> Seat {
        if self.turn.is_multiple_of(2) { Seat::One } else { Seat::Two }
    }

    fn place(&self, seat: Seat) -> Place {
        self.places[seat.index()]
    }

    fn is_here(&self, seat: Seat) -> bool {
        matches!(self.place(seat), Place::Here { .. })
    }
}

impl Place {
    const fn token(self) -> Option<TokenHash> {
        match self {
            Self::Empty => None,
            Self::Here { token } | Self::Away { token, .. } => Some(token),
        }
    }

    const fn kept_until(self) -> Option<Moment> {
        match self {
            Self::Empty | Self::Here { .. } => None,
            Self::Away { until, .. } => Some(until),
        }
    }
}

#[cfg(test)]
#[path = "room_tests.rs"]
mod tests;
