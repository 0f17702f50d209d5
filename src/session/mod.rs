//! The client's machine: one line to one peer, from the first connection to the end.
//!
//! Owns what a client decides: when to connect and to come back, what goes out in its turn and what
//! is held, what has reached the peer, which transfers move. It has no socket, no file and no
//! screen: the engine carries out [`Command`]s, and faces show [`Event`]s.
//!
//! The parts: `link` keeps the connection, `relayed` hears the relay, `words` keeps what is said,
//! `catching_up` how long the peer may take to say it again, `signals` what must reach the peer
//! without a turn, `offers` the transfers, `sealing` agrees on keys with whoever is there, `kept` is
//! what a client that is started anew goes on from. `plain` is a machine of its own, for rooms in which
//! nothing is sealed. `config` says what a session is to be, `command`
//! what it asks of the engine, `event` what it shows.
//!
//! ```text
//! user:  say ──> held ──(emi)──> sent ──taken──> taken ──shown──> shown
//! link:  connecting ──> greeting ──welcome──> online ──lost──> waiting ──> connecting …
//! ```

mod catching_up;
mod command;
mod config;
mod event;
mod kept;
mod leaving;
mod link;
mod offers;
mod plain;
mod relayed;
mod sealing;
mod signals;
mod words;

pub use command::Command;
pub use config::{Config, Meet};
pub use event::{DraftId, Ending, Event, Link, Mark, Peer, Seal, Verdict};
pub use kept::{Kept, KeptCompany, KeptWords, Spelled};
pub use leaving::LEAVING_LIMIT;
pub use plain::PlainSession;
pub use words::SayError;

use crate::limits;
use crate::message::{
    ClientControl, ClientToRelay, ErrorCode, Known, RelayToClient, Role, RoomName, Seat, Token,
};
use crate::peer::PeerSignal;
use crate::text;
use crate::time::Moment;
use crate::transfer::book::Book;
use bytes::Bytes;
use std::collections::VecDeque;
use std::time::Duration;

/// One client's side of a line for two.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Session {
    meet: Meet,
    name: Option<String>,
    link: link::Machine,
    seat: Option<(Seat, Token)>,
    /// Whether it has ever had one: then what fails is tried again.
    was_seated: bool,
    /// How long the relay keeps it.
    grace: Duration,
    /// The room's name, as this client knows it.
    room: Option<RoomName>,
    /// The current pairing; 0 before the first.
    pairing: u32,
    /// The pairing since which the two in the room are the same.
    since: u32,
    /// The pairing whose peer has been greeted.
    met: u32,
    role: Option<Role>,
    /// The number of the turn, as it was last told.
    turn: u64,
    /// How far the conversation is for certain, whatever the relay forgets.
    known: Known,
    /// The turn in which something was said last, and the number of that.
    last_said: Option<(u64, u64)>,
    /// The turn that was last given away without words.
    passed: Option<u64>,
    /// How often the seat was come back to.
    times: u64,
    /// Whether the keys of the pairing are gone, as this client was started anew.
    anew: bool,
    peer_here: bool,
    sealing: sealing::Sealing,
    words: words::Words,
    catching_up: catching_up::CatchingUp,
    signals: signals::Signals,
    book: Book,
    fin_by: Option<Moment>,
    /// When this client leaves even if the peer hasn't heard all.
    leave_by: Option<Moment>,
    /// Whether words that the relay may not have taken must be said again.
    repeat_due: bool,
    /// When pipes that the relay refused are asked for again.
    pipes_again_at: Option<Moment>,
    /// Why the relay has no room for now, as the user knows.
    refusal_told: Option<ErrorCode>,
    /// Since when the user knows that this address may have no pipes for now.
    quota_told: Option<Moment>,
    over: bool,
    /// Whether what ended it may pass.
    may_go_back: bool,
    commands: VecDeque<Command>,
    events: VecDeque<Event>,
}

/// How long a pipe that the relay has no room for is waited with.
const PIPES_AGAIN: Duration = Duration::from_secs(2);

/// The same, when what this address may move in a day is used up.
const QUOTA_AGAIN: Duration = Duration::from_mins(1);

impl Session {
    /// A session that connects at once.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let Config { meet, password, name, aes_in_hardware, mut entropy } = config;
        let seed = entropy.draw().first_chunk().map_or(1, |bytes| u64::from_be_bytes(*bytes));
        let mut session = Self {
            meet,
            name: name.map(|name| text::line(&name, limits::MAX_NAME_COLUMNS)),
            link: link::Machine::new(seed),
            seat: None,
            was_seated: false,
            grace: Duration::ZERO,
            room: None,
            sealing: sealing::Sealing::new(password, aes_in_hardware, entropy),
            pairing: 0,
            since: 0,
            met: 0,
            role: None,
            turn: 0,
            known: Known::default(),
            last_said: None,
            passed: None,
            times: 0,
            anew: false,
            peer_here: false,
            words: words::Words::default(),
            catching_up: catching_up::CatchingUp::default(),
            signals: signals::Signals::default(),
            book: Book::default(),
            fin_by: None,
            leave_by: None,
            repeat_due: false,
            pipes_again_at: None,
            refusal_told: None,
            quota_told: None,
            over: false,
            may_go_back: false,
            commands: VecDeque::new(),
            events: VecDeque::new(),
        };
        session.connect();
        session
    }

    /// The connection that [`Command::Connect`] asked for is there.
    pub fn handle_connected(&mut self, now: Moment) {
        if self.over {
            return;
        }
        self.link.connected(now);
        let room = match &self.meet {
            Meet::In(room) => Some(room.clone()),
            Meet::Anybody | Meet::InNewRoom => None,
        };
        let new_room = self.meet == Meet::InNewRoom;
        let seat = self.seat.map(|(_, token)| token);
        let known = if seat.is_some() { self.known } else { Known::default() };
        let anew = self.anew && seat.is_some();
        // It may be from a file that somebody has written to.
        self.times = self.times.saturating_add(u64::from(seat.is_some()));
        let times = if seat.is_some() { self.times } else { 0 };
        self.control(ClientControl::Hello {
            room,
            new_room,
            seat,
            anew,
            times,
            known,
            plain: false,
        });
    }

    /// The connection can't be made. Before the first seat that ends the session, with `text`;
    /// later it is tried again.
    pub fn handle_connect_failed(&mut self, text: &str, now: Moment) {
        if self.over {
            return;
        }
        if !self.was_seated {
            return self.end(Ending::Unreachable { text: text.to_owned() });
        }
        self.wait_to_reconnect(now);
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

    /// What came from the other end isn't couplet's protocol.
    pub fn handle_garbage(&mut self, text: &str) {
        self.end(Ending::Protocol { text: text::line(text, limits::MAX_REASON_COLUMNS) });
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
        self.take_message(message, now);
        self.follow_catching_up(now);
        self.leave_if_heard(now);
    }

    fn take_message(&mut self, message: RelayToClient, now: Moment) {
        match message {
            RelayToClient::Control(control) => self.handle_control(control, now),
            RelayToClient::Message { pairing, sequence, body, .. } => {
                self.handle_words(pairing, sequence, body);
            }
            RelayToClient::Signal { pairing, body } if pairing == self.pairing => {
                self.handle_signal(&body, now);
            }
            RelayToClient::Signal { .. } => {}
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
        if self.leave_by.take_if(|by| *by <= now).is_some() {
            self.fin(now);
            if self.over {
                return;
            }
        }
        match self.link.timeout(now) {
            Some(link::Due::Connect) => self.connect(),
            Some(link::Due::Ping) => self.ping(now),
            Some(link::Due::Lost) => {
                self.commands.push_back(Command::Disconnect);
                self.lose_connection(now);
            }
            None => {}
        }
        self.time_out_exchange(now);
        self.time_out_catching_up(now);
        self.give_up_unoffered(now);
        let pipes_due = |at: &Moment| *at <= now;
        if self.pipes_again_at.take_if(|at| pipes_due(at)).is_some()
            || self.book.next_pipe_request().is_some_and(|at| pipes_due(&at))
        {
            self.request_pipes(now);
        }
        self.tell_without_pipe(now);
    }

    /// Tells the peer whether the user is writing.
    pub fn typing(&mut self, on: bool) {
        if self.is_paired() {
            self.signal(PeerSignal::Typing { on });
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
        if self.over {
            return None;
        }
        // Without somebody there it is asked for when they come.
        let pipes = self.book.next_pipe_request().filter(|_| self.is_paired());
        // Nor while nothing more can be told, as the peer acknowledges nothing.
        let may_tell = self.is_paired() && self.signals.has_room();
        let without = self.book.next_without_pipe().filter(|_| may_tell);
        let others = [self.fin_by, self.leave_by, self.pipes_again_at, pipes, without];
        let others = others.into_iter().chain([self.sealing.timeout(), self.catching_up.timeout()]);
        others.chain([self.link.next_timeout(), self.book.next_unoffered()]).flatten().min()
    }

    /// Whether it has ended; [`Event::Ended`] has said why.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.over
    }

    fn handle_signal(&mut self, body: &Bytes, now: Moment) {
        let Some(body) = self.open_signal(body, now) else { return };
        let arrival = self.signals.arrived(&body);
        if let Some(error) = arrival.error {
            self.tell_fault(error);
        }
        if let Some(signal) = arrival.signal {
            match signal {
                PeerSignal::Greeting { name, next } => {
                    match next {
                        Some(next) => self.words.announced(next),
                        None => self.words.caught_up(),
                    }
                    self.hear_early_words();
                    let name = name.map(|name| text::line(&name, limits::MAX_NAME_COLUMNS));
                    if let Some(name) = name.filter(|name| !name.is_empty()) {
                        self.events.push_back(Event::PeerName(name));
                    }
                }
                PeerSignal::Shown { sequence } => self.handle_shown(sequence),
                PeerSignal::LastMessage { sequence, text } => self.handle_handed(sequence, &text),
                PeerSignal::Compare => self.events.push_back(Event::PeerCompares),
                PeerSignal::Typing { on } => self.events.push_back(Event::PeerTyping(on)),
                PeerSignal::Offer { offer, again, what } => {
                    self.handle_offer(offer, again, what, now);
                }
                PeerSignal::Accept { offer, part } => self.handle_accept(offer, part),
                PeerSignal::Decline { offer } => self.handle_decline(offer),
                PeerSignal::Cancel { offer, by_offerer } => {
                    self.handle_cancel(offer, by_offerer, now);
                }
                PeerSignal::Interrupted { offer, by_offerer } => {
                    self.handle_interrupted(offer, by_offerer);
                }
                PeerSignal::Hold { offer, by_offerer, reason } => {
                    self.handle_hold(offer, by_offerer, reason);
                }
                PeerSignal::Pipes { offer, wanted } => self.handle_pipes(offer, wanted),
                PeerSignal::Finished { offer, saved_as } => self.handle_finished(offer, &saved_as),
                PeerSignal::Failed { offer, by_offerer, code } => {
                    self.handle_failed(offer, by_offerer, code, now);
                }
                PeerSignal::Acknowledge | PeerSignal::Unknown => {}
            }
        }
        if arrival.acknowledge {
            self.signal(PeerSignal::Acknowledge);
        }
        // What was waited with until the peer had the last message can go out.
        self.say_next();
    }

    /// Says something to the peer outside the turn. Numbered signals are kept until acknowledged.
    fn signal(&mut self, signal: PeerSignal) {
        let envelope = self.signals.wrap(signal);
        if self.is_paired() {
            self.transmit_sealed(&envelope);
        }
    }

    fn repeat_signals(&mut self) {
        for envelope in self.signals.unacknowledged() {
            self.transmit_sealed(&envelope);
        }
    }

    /// Whether somebody is there to signal to, and nobody else can read it.
    fn is_paired(&self) -> bool {
        self.link.is_online() && self.peer_here && self.sealing.is_sealed()
    }

    fn connect(&mut self) {
        let attempt = self.link.connecting();
        self.events.push_back(Event::Link(Link::Connecting { attempt }));
        self.commands.push_back(Command::Connect);
    }

    /// The connection is gone: before the first seat that is the end, later it is tried again.
    fn lose_connection(&mut self, now: Moment) {
        if !self.was_seated {
            let text = "the relay gave no seat before the connection was gone; it may be ending or \
                        too busy, so try again in a moment";
            return self.end(Ending::Unreachable { text: text.to_owned() });
        }
        self.wait_to_reconnect(now);
    }

    fn wait_to_reconnect(&mut self, now: Moment) {
        self.peer_here = false;
        self.pause_exchange();
        let (attempt, retry_in) = self.link.lost(now);
        self.follow_catching_up(now);
        self.events.push_back(Event::Link(Link::Lost { attempt, retry_in }));
    }

    fn control(&mut self, control: ClientControl) {
        self.commands.push_back(Command::Transmit(ClientToRelay::Control(control)));
    }

    fn end(&mut self, ending: Ending) {
        if self.over {
            return;
        }
        for id in self.book.unfinished().collect::<Vec<_>>() {
            self.commands.push_back(Command::StopTransfer { id, keep: true });
        }
        self.over = true;
        let may_pass = matches!(ending, Ending::Refused { .. } | Ending::Unreachable { .. });
        self.may_go_back = self.was_seated && may_pass;
        self.commands.push_back(Command::Disconnect);
        self.events.push_back(Event::Ended(ending));
    }
}

#[cfg(test)]
mod meddling_tests;
#[cfg(test)]
mod offer_tests;
#[cfg(test)]
mod restart_tests;
#[cfg(test)]
mod resume_tests;
#[cfg(test)]
mod sealing_tests;
#[cfg(test)]
mod simulated_tests;
#[cfg(test)]
mod test_line;
#[cfg(test)]
mod tests;
