//! A client's errands at the shelf, over as many connections as they take.
//!
//! Owns which errand is next, what is asked for it, when to connect again and when to give up. An
//! errand is done once: what was cut is asked for again over the next connection, and goes on where
//! it was. Moving bytes, asking the user for a password and looking at the disk are the shell's.

mod hearing;
mod losing;
mod types;

pub use types::{Command, Connection, End, ErrandId, Event, Moved, NotTaken, Wish};

use super::message::{ClientToShelf, Password, Terms};
use crate::limits::SILENCE_LIMIT;
use crate::time::Moment;
use crate::transfer::offer::Offer;
use std::collections::VecDeque;
use std::time::Duration;

/// The wait before the first attempt after a loss; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// How long it is tried to come back to a relay that was lost, before all errands are given up.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Errands that may wait.
const MAX_ERRANDS: usize = 100_000;

/// A visit.
#[derive(Debug)]
pub struct Visit {
    link: Link,
    /// Whether a password may be sent over this connection.
    secure: bool,
    login: Option<(String, Password)>,
    terms: Option<Terms>,
    queue: VecDeque<(ErrandId, Wish)>,
    current: Option<Current>,
    last_id: u32,
    /// When the relay was lost, until it is there again.
    lost_at: Option<Moment>,
    attempts: u32,
    leaving: bool,
    commands: VecDeque<Command>,
    events: VecDeque<Event>,
}

/// How it stands with the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// No connection, and no need for one.
    Off,
    Connecting,
    /// The relay is to say something until then.
    Awaiting {
        what: Awaited,
        until: Moment,
    },
    /// The user is to say who it is.
    Login,
    /// Nothing is asked.
    Idle,
    /// The user's side is to say whether it takes what was offered.
    Offered,
    /// A transfer has the connection.
    Moving,
    /// Before the next attempt.
    Waiting {
        until: Moment,
    },
    Over,
}

/// What the relay is to say next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    Greeting,
    LoggedIn,
    /// The list that follows a login.
    FirstList,
    Answer,
    /// The list that follows the word that a name is missing.
    ListForMissing,
    Goodbye,
}

/// The errand that is being done.
#[derive(Debug)]
struct Current {
    id: ErrandId,
    wish: Wish,
    /// What was offered, once something was.
    offered: Option<Offer>,
    /// That the name is missing, while the list is awaited.
    missing: Option<String>,
    /// Whether the connection was lost over it, so that a part may be there.
    again: bool,
}

impl Default for Visit {
    fn default() -> Self {
        Self::new()
    }
}

impl Visit {
    /// A visit without errands, and so without a connection.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            link: Link::Off,
            secure: false,
            login: None,
            terms: None,
            queue: VecDeque::new(),
            current: None,
            last_id: 0,
            lost_at: None,
            attempts: 0,
            leaving: false,
            commands: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// The user wants something. It is done after what was wanted before.
    pub fn want(&mut self, wish: Wish, now: Moment) -> ErrandId {
        self.last_id += 1;
        let id = ErrandId(self.last_id);
        if self.link == Link::Over || self.queue.len() >= MAX_ERRANDS {
            self.end(id, End::GivenUp("the visit to the shelf is over".to_owned()));
            return id;
        }
        self.queue.push_back((id, wish));
        self.go_on(now);
        id
    }

    /// An errand that comes to nothing before anything is asked.
    pub fn refuse(&mut self, end: End) -> ErrandId {
        self.last_id += 1;
        let id = ErrandId(self.last_id);
        self.end(id, end);
        id
    }

    /// Who the user is, from here on and over all connections.
    pub fn log_in(&mut self, user: String, password: Password, now: Moment) {
        self.login = Some((user, password));
        match self.link {
            Link::Login => self.say_who(now),
            Link::Off if self.current.is_some() || !self.queue.is_empty() => self.connect(),
            Link::Off
            | Link::Connecting
            | Link::Awaiting { .. }
            | Link::Idle
            | Link::Offered
            | Link::Moving
            | Link::Waiting { .. }
            | Link::Over => {}
        }
    }

    /// The user takes what was offered. With `part` some of it may be here.
    pub fn accept(&mut self, id: ErrandId, part: bool, now: Moment) {
        if self.is_offered(id) {
            self.ask(ClientToShelf::Accept { part }, now);
        }
    }

    /// It isn't taken, for this reason.
    pub fn decline(&mut self, id: ErrandId, why: NotTaken, now: Moment) {
        if self.is_offered(id) {
            self.commands.push_back(Command::Transmit(ClientToShelf::Decline));
            self.done(End::NotTaken(why), now);
        }
    }

    /// An errand isn't wanted any more.
    pub fn cancel(&mut self, id: ErrandId, now: Moment) {
        if let Some(at) = self.queue.iter().position(|(queued, _)| *queued == id) {
            self.queue.remove(at);
            self.end(id, End::Cancelled);
        } else if self.current.as_ref().is_some_and(|current| current.id == id) {
            if self.link == Link::Moving {
                self.commands.push_back(Command::StopMoving(id));
            }
            // What is half said can't be taken back but so.
            self.commands.push_back(Command::Disconnect);
            self.finish(End::Cancelled);
            self.link = Link::Off;
            self.go_on(now);
        }
    }

    /// The user leaves, once the errand that is being done is through; the others aren't done.
    pub fn leave(&mut self, now: Moment) {
        self.leaving = true;
        for (id, _) in std::mem::take(&mut self.queue) {
            self.end(id, End::Cancelled);
        }
        // Of the one that is being done, what can't be without a connection isn't waited for.
        if matches!(self.link, Link::Off | Link::Login | Link::Waiting { .. }) {
            self.finish(End::Cancelled);
            self.link = if self.link == Link::Login { Link::Login } else { Link::Off };
        }
        self.go_on(now);
    }

    /// There is a connection, and the opening and `open_shelf` were sent. A password is sent over it
    /// only if it is `secure`: inside TLS with a relay that is known, or on this machine.
    pub fn handle_connected(&mut self, secure: bool, now: Moment) {
        if self.link == Link::Connecting {
            self.secure = secure;
            self.await_word(Awaited::Greeting, now);
        }
    }

    /// There is none, for this reason.
    pub fn handle_connect_failed(&mut self, text: &str, now: Moment) {
        if self.link == Link::Connecting {
            self.lost(text, now);
        }
    }

    /// What answers isn't the relay, or isn't believed to be; it isn't tried again.
    pub fn handle_distrusted(&mut self, text: &str) {
        self.give_up(Connection::Distrusted(text.to_owned()));
    }

    /// The connection is gone. During a transfer this counts only with [`Self::handle_moved`].
    pub fn handle_lost(&mut self, now: Moment) {
        match self.link {
            Link::Awaiting { what: Awaited::Goodbye, .. } => self.over(),
            Link::Awaiting { .. } | Link::Connecting | Link::Offered => {
                self.lost("the relay is gone", now);
            }
            // Nobody waits for it; the next errand brings another.
            Link::Idle | Link::Login => self.link = Link::Off,
            Link::Off | Link::Moving | Link::Waiting { .. } | Link::Over => {}
        }
        if self.leaving {
            self.go_on(now);
        }
    }

    /// The relay was met elsewhere, so there is no need to wait before the next attempt.
    pub fn handle_relay_met(&mut self) {
        if matches!(self.link, Link::Waiting { .. }) {
            self.connect();
        }
    }

    /// What came isn't the protocol.
    pub fn handle_garbage(&mut self, text: &str) {
        self.give_up(Connection::NoShelf(text.to_owned()));
    }

    /// The transfer of this errand is over, and the connection is free, or gone.
    pub fn handle_moved(&mut self, id: ErrandId, moved: Moved, now: Moment) {
        let is_it = self.current.as_ref().is_some_and(|current| current.id == id);
        if !is_it || self.link != Link::Moving {
            return;
        }
        match moved {
            Moved::Ended { outcome, connected } => {
                self.link = if connected { Link::Idle } else { Link::Off };
                if !connected {
                    self.commands.push_back(Command::Disconnect);
                }
                self.finish(End::Moved(outcome));
                self.go_on(now);
            }
            Moved::Cut { text, progressed } => {
                if progressed {
                    self.lost_at = None;
                    self.attempts = 0;
                }
                self.lost(&text, now);
            }
            Moved::Said(message) => self.told(message, now),
        }
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Moment) {
        match self.link {
            Link::Awaiting { what, until } if now >= until => {
                self.commands.push_back(Command::Disconnect);
                if what == Awaited::Goodbye {
                    self.over();
                } else {
                    self.lost("the relay doesn't answer", now);
                }
            }
            Link::Waiting { until } if now >= until => self.connect(),
            Link::Off
            | Link::Connecting
            | Link::Awaiting { .. }
            | Link::Login
            | Link::Idle
            | Link::Offered
            | Link::Moving
            | Link::Waiting { .. }
            | Link::Over => {}
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) must be called.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Moment> {
        match self.link {
            Link::Awaiting { until, .. } | Link::Waiting { until } => Some(until),
            Link::Off
            | Link::Connecting
            | Link::Login
            | Link::Idle
            | Link::Offered
            | Link::Moving
            | Link::Over => None,
        }
    }

    /// The next thing to do.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// The next thing to tell.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// What the user may do, as far as the relay has said.
    #[must_use]
    pub const fn terms(&self) -> Option<Terms> {
        self.terms
    }

    /// Whether it is over, and nothing more will be done.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.link == Link::Over
    }

    /// Does the next thing if nothing is being done.
    fn go_on(&mut self, now: Moment) {
        let has_work = self.current.is_some() || !self.queue.is_empty();
        match self.link {
            Link::Off if has_work => self.connect(),
            Link::Off if self.leaving => self.over(),
            Link::Idle => {
                if self.current.is_none() {
                    self.current = self.queue.pop_front().map(|(id, wish)| Current {
                        id,
                        wish,
                        offered: None,
                        missing: None,
                        again: false,
                    });
                }
                match self.current.as_ref().map(|current| current.wish.ask()) {
                    Some(ask) => self.ask(ask, now),
                    None if self.leaving => {
                        self.commands.push_back(Command::Transmit(ClientToShelf::Bye));
                        self.await_word(Awaited::Goodbye, now);
                    }
                    None => {}
                }
            }
            Link::Login if self.leaving && !has_work => {
                self.commands.push_back(Command::Transmit(ClientToShelf::Bye));
                self.await_word(Awaited::Goodbye, now);
            }
            Link::Off
            | Link::Connecting
            | Link::Awaiting { .. }
            | Link::Login
            | Link::Offered
            | Link::Moving
            | Link::Waiting { .. }
            | Link::Over => {}
        }
    }

    fn ask(&mut self, ask: ClientToShelf, now: Moment) {
        self.commands.push_back(Command::Transmit(ask));
        self.await_word(Awaited::Answer, now);
    }

    fn await_word(&mut self, what: Awaited, now: Moment) {
        self.link = Link::Awaiting { what, until: now + SILENCE_LIMIT };
    }

    fn is_offered(&self, id: ErrandId) -> bool {
        self.link == Link::Offered
            && self
                .current
                .as_ref()
                .is_some_and(|current| current.id == id && current.offered.is_some())
    }

    /// The current errand is through, and the next is begun.
    fn done(&mut self, end: End, now: Moment) {
        self.finish(end);
        self.link = Link::Idle;
        self.go_on(now);
    }

    fn finish(&mut self, end: End) {
        if let Some(current) = self.current.take() {
            self.lost_at = None;
            self.attempts = 0;
            self.end(current.id, end);
        }
    }

    fn end(&mut self, id: ErrandId, end: End) {
        self.events.push_back(Event::Ended(id, end));
    }
}

#[cfg(test)]
#[path = "visit_tests.rs"]
mod tests;
