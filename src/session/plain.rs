//! A client's machine in a plain room, where nothing is sealed.
//!
//! Owns what [`Session`](super::Session) owns for a sealed line, as far as a plain room has it: words of
//! one line, in turns. It is a machine of its own so that neither can become the other: this one has no
//! keys and asks for no other room, a `Session` takes no seat in a plain one. A seat isn't kept when the
//! connection is lost; the client comes again as a newcomer then, and what was said to somebody is given
//! back rather than said to somebody else.

mod hearing;

use super::{Command, DraftId, Ending, Event, Link, SayError, Seal, link};
use crate::limits::{MAX_MESSAGE_BYTES, MAX_PLAIN_LINE, MAX_REASON_COLUMNS};
use crate::message::{ClientControl, ClientToRelay, ErrorCode, RelayToClient, Role};
use crate::plain::Speaker;
use crate::text;
use crate::time::Moment;
use crate::transfer::book::TransferId;
use bytes::Bytes;
use std::collections::VecDeque;
use std::time::Duration;

/// How long the relay may take to answer a `fin` before the client leaves anyway.
const FIN_LIMIT: Duration = super::leaving::FIN_LIMIT;

/// What the user is told at the start.
const NOT_SEALED: &str = "this is a plain room and NOT SEALED: the relay, and whoever can look into it \
     or the lines to it, reads all that is said here, and nobody proves who they are. It carries words, \
     one line at a time; files need a sealed room";

/// Words of one's own.
type Draft = (DraftId, String);

/// One client's side of a plain room.
#[derive(Debug)]
pub struct PlainSession {
    link: link::Machine,
    speaker: Speaker<Draft>,
    last_draft: u64,
    last_number: u32,
    was_seated: bool,
    /// The current pairing; 0 before the first.
    pairing: u32,
    /// The pairing whose peer has been told of.
    met: u32,
    role: Option<Role>,
    peer_here: bool,
    fin_by: Option<Moment>,
    /// Why the relay has no room for now, as the user knows.
    refusal_told: Option<ErrorCode>,
    over: bool,
    commands: VecDeque<Command>,
    events: VecDeque<Event>,
}

impl PlainSession {
    /// A session that connects at once; `seed` spreads the waits of clients that lost one relay.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut session = Self {
            link: link::Machine::new(seed),
            speaker: Speaker::default(),
            last_draft: 0,
            last_number: 0,
            was_seated: false,
            pairing: 0,
            met: 0,
            role: None,
            peer_here: false,
            fin_by: None,
            refusal_told: None,
            over: false,
            commands: VecDeque::new(),
            events: VecDeque::from([
                Event::Seal(Seal::Plain),
                Event::Notice(NOT_SEALED.to_owned()),
            ]),
        };
        session.connect();
        session
    }

    /// A number for a transfer that isn't with the peer, who takes none here: one from the relay's shelf.
    pub const fn number(&mut self) -> TransferId {
        self.last_number += 1;
        TransferId(self.last_number)
    }

    /// The connection that [`Command::Connect`] asked for is there.
    pub fn handle_connected(&mut self, now: Moment) {
        if !self.over {
            self.link.connected(now);
            self.control(ClientControl::plain_hello());
        }
    }

    /// The connection can't be made. Before the first seat that ends the session, with `text`;
    /// later it is tried again.
    pub fn handle_connect_failed(&mut self, text: &str, now: Moment) {
        if self.over {
            return;
        }
        if self.was_seated {
            self.wait_to_reconnect(now);
        } else {
            self.end(Ending::Unreachable { text: text.to_owned() });
        }
    }

    /// The connection is gone without a word.
    pub fn handle_lost(&mut self, now: Moment) {
        if self.over || !self.link.is_connected() {
            return;
        }
        if self.fin_by.is_some() {
            return self.end(Ending::Fin);
        }
        self.lose_connection(now);
    }

    /// The relay was met elsewhere, so there is no need to wait before the next attempt.
    pub fn handle_relay_met(&mut self, now: Moment) {
        self.link.hurry(now);
    }

    /// What came from the other end isn't couplet's protocol.
    pub fn handle_garbage(&mut self, text: &str) {
        self.end(Ending::Protocol { text: text::line(text, MAX_REASON_COLUMNS) });
    }

    /// What answers at the relay's address can't be trusted to be that relay.
    pub fn handle_distrusted(&mut self, text: &str) {
        self.end(Ending::Distrusted { text: text::message(text, 2048) });
    }

    /// A message has come from the relay.
    pub fn handle_message(&mut self, message: RelayToClient, now: Moment) {
        if self.over {
            return;
        }
        self.link.heard(now);
        match message {
            RelayToClient::Control(control) => self.handle_control(control, now),
            // Nothing comes before the seat, nor from anybody but the other one in the room.
            RelayToClient::Message { sequence, kept, body, .. } if self.link.is_online() => {
                self.hear(sequence, kept, &body);
            }
            RelayToClient::Message { .. } | RelayToClient::Signal { .. } => {}
        }
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Moment) {
        if self.over {
            return;
        }
        if self.fin_by.is_some_and(|by| by <= now) {
            return self.end(Ending::Fin);
        }
        match self.link.timeout(now) {
            Some(link::Due::Connect) => self.connect(),
            Some(link::Due::Ping) => {
                self.link.pinged(now);
                self.control(ClientControl::Ping);
            }
            Some(link::Due::Lost) => {
                self.commands.push_back(Command::Disconnect);
                self.lose_connection(now);
            }
            None => {}
        }
    }

    /// Takes a line to say: it goes out now if it is this client's turn, else it is held until it is.
    ///
    /// # Errors
    /// [`SayError`]; nothing is taken then.
    pub fn say(&mut self, text: &str) -> Result<DraftId, SayError> {
        if text.trim().is_empty() {
            return Err(SayError::Empty);
        }
        // What a screen wouldn't show need not travel.
        let text = text::message(text.trim_end_matches(['\r', '\n']), MAX_MESSAGE_BYTES);
        let lines = text.lines().count();
        if lines > 1 {
            return Err(SayError::SeveralLines { lines });
        }
        if text.len() > MAX_PLAIN_LINE {
            return Err(SayError::LineTooLong { bytes: text.len() });
        }
        self.hold(text)
    }

    /// Gives the turn away: an empty line, as from everybody in a plain room.
    pub fn pass(&mut self) {
        if self.may_say() {
            // There is room: in one's own turn nothing is held.
            let _ = self.hold(String::new());
        } else {
            let text = "it isn't your turn, so there is none to pass; it comes with your \
                        peer's next message"
                .to_owned();
            self.events.push_back(Event::Trouble(text));
        }
    }

    /// Takes held words back: these, or the newest.
    pub fn take_back(&mut self, draft: Option<DraftId>) {
        match self.speaker.take_back(|(id, _)| draft.is_none_or(|draft| draft == *id)) {
            Some((draft, text)) => self.events.push_back(Event::TakenBack { draft, text }),
            None => self.events.push_back(Event::Trouble("no message is held".to_owned())),
        }
    }

    /// The words that never left this machine, oldest first.
    pub fn unsaid(&self) -> impl Iterator<Item = &str> {
        self.speaker.unsaid().map(|(_, text)| text.as_str()).filter(|text| !text.is_empty())
    }

    /// Leaves for good, in either role. The session is over when the relay has answered, or soon
    /// after if it doesn't.
    pub fn fin(&mut self, now: Moment) {
        if self.over || self.fin_by.is_some() {
            return;
        }
        if self.link.is_online() {
            self.fin_by = Some(now + FIN_LIMIT);
            self.control(ClientControl::Fin);
        } else {
            self.end(Ending::Fin);
        }
    }

    /// The next thing to do. Call it after every other call until it has nothing.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// The next thing to show. Call it after every other call until it has nothing.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) must be called, if nothing else happens.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        let due = [self.fin_by, self.link.next_timeout()];
        due.into_iter().flatten().min().filter(|_| !self.over)
    }

    /// Whether it has ended; [`Event::Ended`] has said why.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.over
    }

    fn hold(&mut self, text: String) -> Result<DraftId, SayError> {
        let draft = DraftId(self.last_draft + 1);
        self.speaker.hold((draft, text.clone())).map_err(|_| SayError::TooManyHeld)?;
        self.last_draft += 1;
        if !self.may_say() {
            self.events.push_back(Event::Held { draft, text });
        }
        self.say_next();
        Ok(draft)
    }

    fn may_say(&self) -> bool {
        self.link.is_online()
            && self.speaker.role() == Some(Role::Emi)
            && !self.speaker.is_waiting()
    }

    fn say_next(&mut self) {
        if !self.link.is_online() {
            return;
        }
        let Some(say) = self.speaker.poll_say() else { return };
        let (draft, text) = say.line.clone();
        let (pairing, sequence, again) = (say.pairing, say.sequence, say.again);
        let body = Bytes::copy_from_slice(text.as_bytes());
        let say = ClientToRelay::Say { pairing, sequence, body };
        self.commands.push_back(Command::Transmit(say));
        if again {
            return;
        }
        let passes = text.is_empty();
        let event = if passes { Event::Passed } else { Event::Said { draft, text } };
        self.events.push_back(event);
        self.tell_role(Role::Rec);
    }

    fn tell_role(&mut self, role: Role) {
        if self.role != Some(role) {
            self.role = Some(role);
            self.events.push_back(Event::Role(role));
        }
    }

    fn connect(&mut self) {
        let attempt = self.link.connecting();
        self.events.push_back(Event::Link(Link::Connecting { attempt }));
        self.commands.push_back(Command::Connect);
    }

    fn lose_connection(&mut self, now: Moment) {
        if self.was_seated {
            return self.wait_to_reconnect(now);
        }
        let text = "the relay gave no seat before the connection was gone; it may be ending or too \
                    busy, so try again in a moment";
        self.end(Ending::Unreachable { text: text.to_owned() });
    }

    /// The seat is gone with the connection; the next one may be across somebody else.
    fn wait_to_reconnect(&mut self, now: Moment) {
        let was_online = self.link.is_online();
        let (attempt, retry_in) = self.link.lost(now);
        self.events.push_back(Event::Link(Link::Lost { attempt, retry_in }));
        self.speaker.set_role(None);
        self.role = None;
        if !was_online {
            return;
        }
        let text = "the connection is lost, and with it your seat, as none is kept in a plain room; \
                    you come again as a newcomer, perhaps to somebody else";
        self.events.push_back(Event::Trouble(text.to_owned()));
        let out = self.speaker.seated(0, 0);
        if out.as_ref().is_some_and(|(_, text)| !text.is_empty()) {
            let text = "nobody knows whether the last that you said was passed on; it is given back \
                        to you";
            self.events.push_back(Event::Trouble(text.to_owned()));
        }
        let back = out.into_iter().chain(self.speaker.take_all());
        let back = back.filter(|(_, text)| !text.is_empty());
        self.events.extend(back.map(|(draft, text)| Event::TakenBack { draft, text }));
    }

    fn control(&mut self, control: ClientControl) {
        self.commands.push_back(Command::Transmit(ClientToRelay::Control(control)));
    }

    fn end(&mut self, ending: Ending) {
        if !self.over {
            self.over = true;
            self.commands.push_back(Command::Disconnect);
            self.events.push_back(Event::Ended(ending));
        }
    }
}

#[cfg(test)]
#[path = "plain_tests.rs"]
mod tests;
