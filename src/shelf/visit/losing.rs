//! Connections that are lost, and visits that come to nothing.
//!
//! Owns how often and how long it is tried to come back.

use super::{Command, Connection, End, Event, FIRST_WAIT, Link, PATIENCE, Visit};
use crate::limits::LONGEST_WAIT;
use crate::time::Moment;

impl Visit {
    pub(super) fn connect(&mut self) {
        self.link = Link::Connecting;
        self.attempts += 1;
        self.commands.push_back(Command::Connect);
    }

    /// The connection is gone, or couldn't be made: it is tried again, unless there never was one or it
    /// has been tried for long.
    pub(super) fn lost(&mut self, text: &str, now: Moment) {
        if self.terms.is_none() {
            return self.give_up(Connection::None(text.to_owned()));
        }
        if self.current.is_none() && self.queue.is_empty() {
            // Nobody waits for it; the next errand brings another.
            self.link = Link::Off;
            return self.go_on(now);
        }
        let since = *self.lost_at.get_or_insert(now);
        if now.since(since) >= PATIENCE {
            return self.give_up(Connection::None(text.to_owned()));
        }
        if let Some(current) = &mut self.current {
            current.again = true;
        }
        let wait = FIRST_WAIT.saturating_mul(1 << self.attempts.min(16)).min(LONGEST_WAIT);
        self.link = Link::Waiting { until: now + wait };
        let text = text.to_owned();
        self.events.push_back(Event::Connection(Connection::Lost { text, wait }));
    }

    /// Nothing more can be done.
    pub(super) fn give_up(&mut self, why: Connection) {
        if self.link == Link::Over {
            return;
        }
        let text = why.text().to_owned();
        self.commands.push_back(Command::Disconnect);
        self.events.push_back(Event::Connection(why));
        if self.current.is_some() {
            self.finish(End::GivenUp(text.clone()));
        }
        for (id, _) in std::mem::take(&mut self.queue) {
            self.end(id, End::GivenUp(text.clone()));
        }
        self.over();
    }

    pub(super) fn over(&mut self) {
        self.link = Link::Over;
        self.events.push_back(Event::Over);
    }
}
