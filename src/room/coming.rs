//! Who comes into a room, comes back to it, and goes.
//!
//! Owns the seats: when one is taken, kept and given up, and when a pairing begins.

use super::{Command, Place, Room};
use crate::message::{ErrorCode, ExitReason, Known, PeerState, RelayControl, Seat, Token};
use crate::time::Moment;

/// How far behind the clients' knowledge a record can be: many times what is said between two
/// writings. What a client claims beyond that is a lie.
const MAX_BEHIND: u64 = 1 << 20;

impl Room {
    /// Somebody new takes the empty seat, seat 1 first; `token` is fresh and random.
    ///
    /// # Errors
    /// [`ErrorCode::RoomTaken`] if no seat is empty.
    pub fn handle_join(&mut self, token: Token, now: Moment) -> Result<Seat, ErrorCode> {
        let seat = Seat::BOTH
            .into_iter()
            .find(|seat| self.place(*seat) == Place::Empty)
            .ok_or(ErrorCode::RoomTaken)?;
        let other = seat.other();
        let first = self.pairing == 0;
        if self.place(other) != Place::Empty {
            self.begin_pairing(seat);
            self.since = self.pairing;
        }
        self.places[seat.index()] = Place::Here { token: token.hash() };
        self.times[seat.index()] = 0;
        // What those who were there before know isn't about this one.
        self.unsure = [false; 2];
        self.commands.push_back(Command::Admit(seat));
        self.greet(seat, token, false, now);
        if self.is_here(other) {
            let state = if first { PeerState::Present } else { PeerState::Replaced };
            self.tell_peer(other, state, None);
            if first {
                self.tell_role(other);
            }
        }
        Ok(seat)
    }

    /// Somebody comes back to the seat that `token` stands for. If the relay hasn't yet noticed
    /// that the old connection is dead, that one is closed. With `anew` the client was started anew:
    /// the keys of the pairing are gone, so there is another, between the same two.
    ///
    /// `times` is how often it has come back, by its own count: a hello that was overtaken by a later
    /// one takes nothing from that.
    ///
    /// What it knows counts once, in a room from a record, which may be behind.
    ///
    /// # Errors
    /// [`ErrorCode::SeatGone`] if no seat is kept for the token.
    pub fn handle_return(
        &mut self,
        token: Token,
        anew: bool,
        times: u64,
        known: Known,
        now: Moment,
    ) -> Result<Seat, ErrorCode> {
        let hash = token.hash();
        let seat = Seat::BOTH
            .into_iter()
            .find(|seat| self.place(*seat).token() == Some(hash))
            .ok_or(ErrorCode::SeatGone)?;
        if times < self.times[seat.index()] {
            return Err(ErrorCode::SeatGone);
        }
        self.times[seat.index()] = times;
        let other = seat.other();
        if self.is_here(seat) {
            self.control(seat, RelayControl::Exit { reason: ExitReason::Superseded });
            self.commands.push_back(Command::Close(seat));
        }
        let turn = self.turn;
        self.learn(seat, known);
        let anew = anew && self.pairing > 0;
        if anew && self.place(other) != Place::Empty {
            self.begin_pairing(seat);
        }
        self.places[seat.index()] = Place::Here { token: hash };
        self.commands.push_back(Command::Admit(seat));
        self.greet(seat, token, true, now);
        if self.is_here(other) {
            let state = if anew { PeerState::Replaced } else { PeerState::Present };
            self.tell_peer(other, state, None);
            if self.turn != turn {
                self.tell_role(other);
            }
        }
        Ok(seat)
    }

    /// The seat leaves for good, in either role.
    pub fn handle_fin(&mut self, seat: Seat) {
        if !self.is_here(seat) {
            return;
        }
        self.control(seat, RelayControl::Exit { reason: ExitReason::Fin });
        self.commands.push_back(Command::Close(seat));
        self.empty(seat);
    }

    /// The seat's connection is gone without a `fin`. Before the first pairing there is nothing to
    /// come back to, and in a plain room nobody does, so the seat is empty at once.
    pub fn handle_lost(&mut self, seat: Seat, now: Moment) {
        let Place::Here { token } = self.place(seat) else { return };
        if self.pairing == 0 || self.plain {
            return self.empty(seat);
        }
        self.places[seat.index()] = Place::Away { token, until: now + self.grace };
        if self.is_here(seat.other()) {
            self.tell_peer(seat.other(), PeerState::Silent, Some(self.grace));
        }
    }

    /// Time has passed: seats whose grace is over become empty.
    pub fn handle_timeout(&mut self, now: Moment) {
        for seat in Seat::BOTH {
            if matches!(self.place(seat), Place::Away { until, .. } if until <= now) {
                self.empty(seat);
            }
        }
    }

    /// The relay is being ended: everybody is told and closed, and the room is over.
    pub fn handle_shutdown(&mut self) {
        self.send_away(ExitReason::Shutdown);
    }

    /// The relay is being started anew: everybody is told to come back and closed; the seats are
    /// kept, even that of one who has met nobody yet.
    pub fn handle_restart(&mut self, now: Moment) {
        for seat in Seat::BOTH {
            if let Place::Here { token } = self.place(seat) {
                self.control(seat, RelayControl::Exit { reason: ExitReason::Restart });
                self.commands.push_back(Command::Close(seat));
                self.places[seat.index()] = Place::Away { token, until: now + self.grace };
            }
        }
    }

    /// The one who waits here is better off elsewhere: it is told to come anew, and closed.
    pub fn handle_rejoin(&mut self) {
        self.send_away(ExitReason::Rejoin);
    }

    pub(super) fn empty(&mut self, seat: Seat) {
        self.places[seat.index()] = Place::Empty;
        if self.is_here(seat.other()) {
            self.tell_peer(seat.other(), PeerState::Gone, None);
        }
    }

    fn begin_pairing(&mut self, newcomer: Seat) {
        self.pairing = self.pairing.saturating_add(1);
        self.newcomer = newcomer;
    }

    /// Takes what a client knows into a room whose record may be behind. It tells only what both had
    /// come to know: its own turns, and what the other one has heard; so the highest is the newest,
    /// and whatever was said later is said again.
    fn learn(&mut self, seat: Seat, known: Known) {
        if !std::mem::take(&mut self.unsure[seat.index()]) {
            return;
        }
        let take = |own: &mut u64, told: u64| {
            if told > *own && told - *own <= MAX_BEHIND {
                *own = told;
            }
        };
        take(&mut self.turn, known.turn);
        take(&mut self.said[seat.index()], known.said);
        take(&mut self.said[seat.other().index()], known.heard);
    }

    fn send_away(&mut self, reason: ExitReason) {
        for seat in Seat::BOTH {
            if self.is_here(seat) {
                self.control(seat, RelayControl::Exit { reason });
                self.commands.push_back(Command::Close(seat));
            }
            self.places[seat.index()] = Place::Empty;
        }
    }
}
