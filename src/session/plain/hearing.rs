//! What the relay tells a client in a plain room, and what the other one says.
//!
//! Owns what that changes; what is said back, and when, is [`super`]'s.

use super::PlainSession;
use crate::limits::{MAX_MESSAGE_BYTES, MAX_REASON_COLUMNS};
use crate::message::{ClientControl, ErrorCode, ExitReason, PeerState, RelayControl, Role};
use crate::session::relayed::passes;
use crate::session::{Command, Ending, Event, Link, Mark, Peer};
use crate::text;
use crate::time::Moment;
use bytes::Bytes;

impl PlainSession {
    pub(super) fn handle_control(&mut self, control: RelayControl, now: Moment) {
        match control {
            RelayControl::Welcome { plain: false, .. } => {
                let text = "this relay is of an older release and has no plain rooms; ask its \
                            operator to bring it up to date"
                    .to_owned();
                let code = ErrorCode::NoPlainRooms;
                self.end(Ending::Refused { code, text, kept_for: None });
            }
            RelayControl::Welcome { .. } if self.link.is_online() => {
                let text = "the relay gave a second seat on one connection; report this fault";
                self.handle_garbage(text);
            }
            RelayControl::Welcome { seat, pairing, next_sequence, .. } => {
                self.link.online(now);
                self.was_seated = true;
                self.refusal_told = None;
                self.pairing = pairing;
                self.met = 0;
                // What was out was given back when the connection was lost.
                let _ = self.speaker.seated(pairing, next_sequence);
                self.events.push_back(Event::Link(Link::Online));
                self.events.push_back(Event::Seated { seat, room: None, returned: false });
                self.link.pinged(now);
                self.control(ClientControl::Ping);
            }
            RelayControl::Role { role, .. } => {
                self.speaker.set_role(Some(role));
                self.tell_role(role);
                self.say_next();
            }
            RelayControl::Peer { state, pairing, .. } => self.handle_peer(state, pairing),
            RelayControl::Taken { sequence } => {
                if let Some((draft, text)) = self.speaker.taken(sequence) {
                    if !text.is_empty() {
                        self.events.push_back(Event::Marked { draft, mark: Mark::Taken });
                    }
                    self.tell_role(Role::Rec);
                    self.say_next();
                }
            }
            RelayControl::Notice { text } => {
                self.events.push_back(Event::Notice(text::line(&text, MAX_REASON_COLUMNS)));
            }
            RelayControl::Exit { reason } => match reason {
                ExitReason::Fin => self.end(Ending::Fin),
                ExitReason::Shutdown => self.end(Ending::RelayExit),
                ExitReason::Superseded => self.end(Ending::Superseded),
                ExitReason::Rejoin | ExitReason::Restart => {
                    self.commands.push_back(Command::Disconnect);
                    self.lose_connection(now);
                }
            },
            RelayControl::Error { code, text, .. } => self.handle_error(code, &text, now),
            RelayControl::Pong => {
                self.events.extend(self.link.answered(now).map(Event::RoundTrip));
            }
            RelayControl::Pipe { .. } | RelayControl::Joined => {
                self.handle_garbage("the relay gave a pipe in a plain room; report this fault");
            }
        }
    }

    fn handle_peer(&mut self, state: PeerState, pairing: u32) {
        self.pairing = pairing;
        self.speaker.meet(pairing);
        let peer = match state {
            PeerState::Waiting => Peer::Waiting,
            PeerState::Present | PeerState::Replaced => Peer::Present,
            // No seat is kept in a plain room.
            PeerState::Silent | PeerState::Gone => Peer::Gone,
        };
        self.peer_here = peer == Peer::Present;
        let newcomer = self.peer_here && self.met != pairing;
        if self.peer_here {
            self.met = pairing;
        }
        self.events.push_back(Event::Peer { peer, newcomer });
        self.say_next();
    }

    fn handle_error(&mut self, code: ErrorCode, text: &str, now: Moment) {
        let text = text::line(text, MAX_REASON_COLUMNS);
        if self.was_seated && passes(code) {
            if self.refusal_told.replace(code) != Some(code) {
                self.events.push_back(Event::Trouble(text));
            }
            self.commands.push_back(Command::Disconnect);
            self.lose_connection(now);
        } else if code.is_final() {
            self.end(Ending::Refused { code, text, kept_for: None });
        } else {
            self.speaker.set_role(Some(Role::Rec));
            self.tell_role(Role::Rec);
            if let Some((draft, text)) = self.speaker.refused() {
                let (draft, text) = (*draft, text.clone());
                self.events.push_back(Event::Held { draft, text });
            }
            self.events.push_back(Event::Trouble(text));
        }
    }

    /// The line that the other one said. Of somebody who sends what is no line, what there is of it.
    pub(super) fn hear(&mut self, sequence: u64, kept: bool, body: &Bytes) {
        let text = text::message(&String::from_utf8_lossy(body), MAX_MESSAGE_BYTES);
        if text.is_empty() && kept {
            return;
        }
        self.events.push_back(if text.is_empty() {
            Event::Notice("your peer passed the turn (an empty line)".to_owned())
        } else {
            Event::Words { sequence, text, kept }
        });
    }
}
