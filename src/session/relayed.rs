//! What the relay says, and what it changes: seat, role, peer, and refusals.
//!
//! Owns the answers to control messages; what the peer says inside bodies is in [`super::words`] and
//! [`super::signals`].

use super::{Command, Ending, Event, Link, Meet, PIPES_AGAIN, Peer, QUOTA_AGAIN, Session};
use crate::limits;
use crate::message::{
    ClientControl, ErrorCode, ExitReason, Known, PeerState, RelayControl, Role, RoomName,
};
use crate::peer::PeerSignal;
use crate::text;
use crate::time::Moment;
use std::time::Duration;

impl Session {
    pub(super) fn handle_control(&mut self, control: RelayControl, now: Moment) {
        match control {
            RelayControl::Welcome { plain: true, .. } => {
                // A session seals what it says, or says nothing.
                let text = "the relay gave a seat in a plain room, which isn't sealed, to a client \
                            that wants to be sealed; use another relay, or --plain-room if it was meant";
                self.handle_garbage(text);
            }
            RelayControl::Welcome {
                seat,
                token,
                room,
                pairing,
                since,
                next_sequence,
                grace_ms,
                returned,
                plain: false,
            } => {
                if self.link.is_online() {
                    let text = "the relay gave a second seat on one connection; report this fault";
                    return self.handle_garbage(text);
                }
                self.link.online(now);
                self.events.push_back(Event::Link(Link::Online));
                self.take_room(room.clone());
                self.seat = Some((seat, token));
                self.was_seated = true;
                self.refusal_told = None;
                self.grace = Duration::from_millis(grace_ms);
                self.handle_welcome((pairing, since), next_sequence, returned, now);
                self.events.push_back(Event::Seated { seat, room, returned });
                // So that the user needn't wait for the first heartbeat to know how far it is.
                self.ping(now);
            }
            RelayControl::Role { role, turn } => self.handle_role(role, turn),
            RelayControl::Peer { state, pairing, since, kept_ms } => {
                self.handle_peer(state, (pairing, since), kept_ms, now);
            }
            RelayControl::Taken { sequence } => {
                // What was taken took the turn; a role told before that is out of date. What was
                // said again took it long ago.
                if self.words.taken(sequence, &mut self.events) {
                    self.set_role(Role::Rec);
                }
            }
            RelayControl::Pipe { tag, token } => {
                self.quota_told = None;
                self.handle_pipe(tag, token);
            }
            RelayControl::Notice { text } => {
                let text = text::line(&text, limits::MAX_REASON_COLUMNS);
                self.events.push_back(Event::Notice(text));
            }
            RelayControl::Exit { reason } => match reason {
                ExitReason::Fin => self.end(Ending::Fin),
                ExitReason::Shutdown => self.end(Ending::RelayExit),
                ExitReason::Superseded => self.end(Ending::Superseded),
                ExitReason::Rejoin => self.rejoin(now),
                ExitReason::Restart => self.await_restart(now),
            },
            RelayControl::Error { code, text, kept_ms } => {
                self.handle_error(code, &text, kept_ms, now);
            }
            RelayControl::Pong => {
                self.events.extend(self.link.answered(now).map(Event::RoundTrip));
            }
            RelayControl::Joined => {
                self.handle_garbage("the relay answered as if this were a pipe; report this fault");
            }
        }
    }

    /// A seat, new or the old one. What the relay has taken of this seat's words tells which of them
    /// must be said again.
    fn handle_welcome(
        &mut self,
        (pairing, since): (u32, u32),
        next_sequence: u64,
        returned: bool,
        now: Moment,
    ) {
        self.role = None;
        self.peer_here = false;
        self.words.reconnected();
        if returned {
            self.words.returned(next_sequence, &mut self.events);
        } else {
            self.known = Known::default();
            self.times = 0;
            self.last_said = None;
            self.words.seated(next_sequence, &mut self.events);
        }
        let anew = std::mem::take(&mut self.anew) && returned;
        if !returned || anew || pairing != self.pairing {
            self.meet_anew(pairing, since, now);
            // Whoever comes into a pairing that is there already came last; whoever comes back to
            // another pairing than it left was there before somebody new came.
            self.sealing.set_newcomer((!returned && pairing > 0) || anew);
        }
        self.book.forget_pipe_requests();
        self.repeat_due = true;
    }

    /// The room's name: this client's own word for it if it named one, else the relay's.
    fn take_room(&mut self, told: Option<RoomName>) {
        self.room = match &self.meet {
            Meet::Anybody => None,
            Meet::In(room) => Some(room.clone()),
            Meet::InNewRoom => told,
        };
        // Whoever is told its number will look for it there, so it is come back to.
        if let (Meet::InNewRoom, Some(room)) = (&self.meet, &self.room) {
            self.meet = Meet::In(room.clone());
        }
    }

    fn handle_role(&mut self, role: Role, turn: u64) {
        self.turn = turn;
        if role == Role::Emi {
            // Whoever was across had the turn before, so it had heard all that was said.
            self.known.turn = self.known.turn.max(turn);
            self.known.said = self.known.said.max(self.words.taken_up_to());
        }
        if self.passed.is_some_and(|passed| turn > passed) {
            self.passed = None;
        }
        if role == Role::Emi && self.passed == Some(turn) {
            // The relay was started anew and never heard of it.
            self.control(ClientControl::Pass { turn });
            return self.set_role(Role::Rec);
        }
        self.set_role(role);
        self.say_next();
    }

    fn handle_peer(
        &mut self,
        state: PeerState,
        (pairing, since): (u32, u32),
        kept_ms: Option<u64>,
        now: Moment,
    ) {
        if pairing != self.pairing {
            self.meet_anew(pairing, since, now);
            self.sealing.set_newcomer(false);
            self.repeat_due = true;
        }
        let peer = match state {
            PeerState::Waiting => Peer::Waiting,
            PeerState::Present | PeerState::Replaced => Peer::Present,
            PeerState::Silent => {
                Peer::Silent { kept_for: Duration::from_millis(kept_ms.unwrap_or(0)) }
            }
            PeerState::Gone => Peer::Gone,
        };
        // Whoever comes back may have missed what was said to it.
        self.repeat_due |= peer == Peer::Present;
        self.peer_here = peer == Peer::Present;
        let known = self.sealing.has_company();
        let newcomer = self.peer_here && self.met != self.pairing && !known;
        self.events.push_back(Event::Peer { peer, newcomer });
        if self.peer_here {
            self.met = self.pairing;
            self.meet_sealed(now);
        } else {
            self.pause_exchange();
        }
        if peer == Peer::Gone {
            self.words.stop_catching_up();
            self.hear_early_words();
            self.withhold_from_strangers();
            self.forget_keys(now);
            self.sealing.part();
            self.book.part();
            self.withdraw_transfers();
            self.signals.start_anew();
            // Whoever is there next is somebody new, whatever the relay says.
            self.book.forget_peer();
            self.met = 0;
        }
        if !self.peer_here || self.sealing.is_sealed() {
            self.repeat_words();
        }
    }

    /// The peer is there and the line is sealed: it is told who this is, and what it may not know.
    pub(super) fn greet_peer(&mut self, now: Moment) {
        let name = self.name.clone();
        // What isn't taken may have to wait for a turn, and nobody must wait for it.
        let next = Some(self.words.taken_up_to().saturating_add(1));
        self.signal(PeerSignal::Greeting { name, next });
        self.repeat_shown();
        self.repeat_signals();
        self.offer_again();
        self.request_pipes(now);
        self.book.expect_pipes(now);
    }

    /// From here on there is, or will be, somebody else across, or the same client started anew:
    /// nothing of the old pairing counts, but what was said between the same two.
    fn meet_anew(&mut self, pairing: u32, since: u32, now: Moment) {
        if !self.sealing.is_same_company(since) {
            self.withhold_from_strangers();
            self.sealing.part();
            self.book.part();
            self.words.meet_anew();
        }
        self.forget_keys(now);
        self.words.early.clear();
        self.pairing = pairing;
        self.since = since;
        self.signals.start_anew();
        self.withdraw_transfers();
        self.book.forget_peer();
        self.book.expect_no_offers();
    }

    /// The relay is started anew, and this client comes back to its seat.
    fn await_restart(&mut self, now: Moment) {
        let text = "the relay is being started anew; the conversation goes on when it is back";
        self.events.push_back(Event::Notice(text.to_owned()));
        self.commands.push_back(Command::Disconnect);
        self.wait_to_reconnect(now);
    }

    /// Somebody waits in another room. Whoever has met somebody here stays, whatever the relay says.
    fn rejoin(&mut self, now: Moment) {
        if self.pairing == 0 {
            self.seat = None;
        }
        // After a moment, so that a relay that says so again and again costs little.
        self.commands.push_back(Command::Disconnect);
        self.wait_to_reconnect(now);
    }

    fn handle_error(&mut self, code: ErrorCode, text: &str, kept_ms: Option<u64>, now: Moment) {
        let text = text::line(text, limits::MAX_REASON_COLUMNS);
        let anywhere = self.pairing == 0 || matches!(self.meet, Meet::In(_));
        if code == ErrorCode::SeatGone && anywhere && self.seat.is_some() {
            // Nobody was met from that seat, so any other will do; or the relay has forgotten its
            // rooms, and whoever was met comes back to the one of this name, too.
            self.seat = None;
            self.commands.push_back(Command::Disconnect);
            self.wait_to_reconnect(now);
        } else if self.was_seated && passes(code) {
            // What is wrong passes. It is told once, however often it is tried.
            if self.refusal_told.replace(code) != Some(code) {
                self.events.push_back(Event::Trouble(text));
            }
            self.commands.push_back(Command::Disconnect);
            self.wait_to_reconnect(now);
        } else if code == ErrorCode::PairingFailed {
            self.end(Ending::WrongCode { text });
        } else if code.is_final() {
            let kept_for = kept_ms.map(Duration::from_millis);
            self.end(Ending::Refused { code, text, kept_for });
        } else if matches!(code, ErrorCode::NoPeer | ErrorCode::TooManyPipes) {
            // The pipe is asked for again when the peer is back, or after a while.
            self.book.forget_pipe_requests();
            self.pipes_again_at = Some(now + PIPES_AGAIN);
        } else if code == ErrorCode::Quota {
            // It may take hours, so the user is told, once until a pipe comes again.
            self.book.forget_pipe_requests();
            self.pipes_again_at = Some(now + QUOTA_AGAIN);
            if self.quota_told.replace(now).is_none() {
                self.events.push_back(Event::Trouble(text));
            }
        } else {
            let refused = matches!(code, ErrorCode::NotYourTurn | ErrorCode::WrongSequence);
            if refused {
                self.set_role(Role::Rec);
                self.words.refused(&mut self.events);
            }
            self.events.push_back(Event::Trouble(text));
            if code == ErrorCode::WrongSequence {
                // The relay's count holds, and a return tells it.
                self.commands.push_back(Command::Disconnect);
                self.wait_to_reconnect(now);
            }
        }
    }

    pub(super) fn set_role(&mut self, role: Role) {
        if self.role != Some(role) {
            self.role = Some(role);
            self.events.push_back(Event::Role(role));
        }
    }
}

/// Whether a refusal that ends the connection says nothing against coming back.
pub(super) const fn passes(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::Stuck
            | ErrorCode::HandshakeTimeout
            | ErrorCode::RelayFull
            | ErrorCode::RoomsFull
    )
}
