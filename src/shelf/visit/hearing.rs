//! What the relay says to a visit.
//!
//! Owns what may be said when, and what it means for the errand that is being done.

use super::{Awaited, Command, Connection, End, Event, Link, Visit, Wish};
use crate::message::ExitReason;
use crate::shelf::host::Refused;
use crate::shelf::message::{ClientToShelf, ShelfFault, ShelfToClient, Terms};
use crate::time::Moment;
use std::time::Duration;

impl Visit {
    /// The relay says something.
    pub fn handle_message(&mut self, message: ShelfToClient, now: Moment) {
        let Link::Awaiting { what, .. } = self.link else {
            // What comes between errands is about the connection.
            if matches!(self.link, Link::Idle | Link::Login | Link::Offered) {
                self.told(message, now);
            }
            return;
        };
        match (what, message) {
            (Awaited::Greeting, ShelfToClient::Shelf(terms)) => self.greeted(terms, now),
            (Awaited::LoggedIn, ShelfToClient::Shelf(terms)) => {
                self.welcome(terms);
                self.await_word(Awaited::FirstList, now);
            }
            (Awaited::FirstList, ShelfToClient::List(page)) => {
                self.events.push_back(Event::List(None, page));
                self.link = Link::Idle;
                self.go_on(now);
            }
            (Awaited::ListForMissing, ShelfToClient::List(page)) => {
                let text = self.current.as_mut().and_then(|current| current.missing.take());
                self.done(End::Missing { text: text.unwrap_or_default(), page }, now);
            }
            (Awaited::Answer, message) => self.answered(message, now),
            (Awaited::Goodbye, ShelfToClient::Exit { .. }) => {
                self.commands.push_back(Command::Disconnect);
                self.over();
            }
            (_, ShelfToClient::Exit { reason }) => self.sent_away(reason, now),
            (_, ShelfToClient::Error { code, text, wait_ms }) => {
                self.shut_out((code, text), wait_ms.map(Duration::from_millis), now);
            }
            (
                _,
                ShelfToClient::Shelf(_)
                | ShelfToClient::List(_)
                | ShelfToClient::Offered { .. }
                | ShelfToClient::Begin { .. }
                | ShelfToClient::Wait { .. }
                | ShelfToClient::Deleted { .. },
            ) => self.out_of_place(),
        }
    }

    /// The relay says what nobody has asked for.
    pub(super) fn told(&mut self, message: ShelfToClient, now: Moment) {
        match message {
            // The next errand brings another connection, as after an error that says that nothing was
            // asked for long.
            ShelfToClient::Exit { reason: ExitReason::Restart } if self.link == Link::Login => {
                self.commands.push_back(Command::Disconnect);
                self.handle_lost(now);
            }
            ShelfToClient::Error { .. } if self.link != Link::Moving => {
                self.commands.push_back(Command::Disconnect);
                self.handle_lost(now);
            }
            ShelfToClient::Exit { reason } => self.sent_away(reason, now),
            ShelfToClient::Error { code, text, wait_ms } => {
                self.shut_out((code, text), wait_ms.map(Duration::from_millis), now);
            }
            ShelfToClient::Shelf(_)
            | ShelfToClient::List(_)
            | ShelfToClient::Offered { .. }
            | ShelfToClient::Begin { .. }
            | ShelfToClient::Wait { .. }
            | ShelfToClient::Deleted { .. } => {
                if self.link == Link::Moving {
                    self.out_of_place();
                }
            }
        }
    }

    pub(super) fn greeted(&mut self, terms: Terms, now: Moment) {
        if !terms.login {
            self.welcome(terms);
            self.link = Link::Idle;
            return self.go_on(now);
        }
        if !self.secure {
            let text = "this shelf asks for a password, which others could read on the way, so couplet \
                        doesn't send it; connect with TLS (--tls always)";
            return self.give_up(Connection::Refused(ShelfFault::NeedsTls, text.to_owned(), None));
        }
        if self.login.is_some() {
            self.link = Link::Login;
            self.say_who(now);
        } else {
            self.link = Link::Login;
            self.events.push_back(Event::LoginWanted);
        }
    }

    fn welcome(&mut self, terms: Terms) {
        self.terms = Some(terms);
        self.events.push_back(Event::Connection(Connection::There(terms)));
    }

    pub(super) fn say_who(&mut self, now: Moment) {
        if let Some((user, password)) = self.login.clone() {
            self.commands.push_back(Command::Transmit(ClientToShelf::Login { user, password }));
            self.await_word(Awaited::LoggedIn, now);
        }
    }

    fn answered(&mut self, message: ShelfToClient, now: Moment) {
        let Some(current) = &mut self.current else { return self.out_of_place() };
        let id = current.id;
        match (&current.wish, message) {
            (_, ShelfToClient::Exit { reason }) => self.sent_away(reason, now),
            (Wish::Get { .. }, ShelfToClient::Error { code: ShelfFault::NoSuchName, text, .. }) => {
                current.missing = Some(text);
                self.await_word(Awaited::ListForMissing, now);
            }
            (_, ShelfToClient::Error { code, text, .. }) if !code.is_final() => {
                self.done(End::Refused(code, text), now);
            }
            (_, ShelfToClient::Error { code, text, wait_ms }) => {
                self.shut_out((code, text), wait_ms.map(Duration::from_millis), now);
            }
            (Wish::List(_), ShelfToClient::List(page)) => {
                self.events.push_back(Event::List(Some(id), page));
                self.done(End::Listed, now);
            }
            (Wish::Get { name }, ShelfToClient::Offered { offer }) if offer.name != name.last() => {
                // It would be written under that name.
                self.commands.push_back(Command::Disconnect);
                let text = format!(
                    "the relay offers {} in the place of {name}, so it isn't fetched",
                    offer.name
                );
                self.give_up(Connection::NoShelf(text));
            }
            (Wish::Get { .. }, ShelfToClient::Offered { offer }) => {
                let changed =
                    current.offered.as_ref().is_some_and(|before| !before.is_same(&offer));
                current.offered = Some(offer.clone());
                let again = current.again;
                self.link = Link::Offered;
                self.events.push_back(Event::Offered { id, offer, again, changed });
            }
            (Wish::Get { .. } | Wish::Put { .. }, ShelfToClient::Wait { before }) => {
                self.events.push_back(Event::Waiting(id, before));
                self.await_word(Awaited::Answer, now);
            }
            (Wish::Get { .. }, ShelfToClient::Begin { .. }) => {
                if let Some(offer) = current.offered.clone() {
                    self.link = Link::Moving;
                    self.commands.push_back(Command::Receive { id, offer });
                } else {
                    self.out_of_place();
                }
            }
            (Wish::Put { .. }, ShelfToClient::Begin { part }) => {
                self.link = Link::Moving;
                self.commands.push_back(Command::Send { id, part });
            }
            (Wish::Delete { .. }, ShelfToClient::Deleted { .. }) => self.done(End::Deleted, now),
            (
                _,
                ShelfToClient::Shelf(_)
                | ShelfToClient::List(_)
                | ShelfToClient::Offered { .. }
                | ShelfToClient::Begin { .. }
                | ShelfToClient::Wait { .. }
                | ShelfToClient::Deleted { .. },
            ) => self.out_of_place(),
        }
    }

    /// The relay closes this connection on purpose.
    fn sent_away(&mut self, reason: ExitReason, now: Moment) {
        self.commands.push_back(Command::Disconnect);
        match reason {
            ExitReason::Restart => self.lost("the relay is being started anew", now),
            ExitReason::Shutdown
            | ExitReason::Fin
            | ExitReason::Superseded
            | ExitReason::Rejoin => {
                self.give_up(Connection::Ended("the relay was ended".to_owned()));
            }
        }
    }

    /// The relay won't have this client.
    fn shut_out(&mut self, (code, text): Refused, wait: Option<Duration>, now: Moment) {
        self.commands.push_back(Command::Disconnect);
        #[expect(clippy::wildcard_enum_match_arm, reason = "few of all faults can be mended")]
        match code {
            ShelfFault::LoginFailed | ShelfFault::LoginNeeded => {
                self.login = None;
                self.link = Link::Off;
                self.events.push_back(Event::LoginFailed { text });
            }
            // It had let it in before.
            ShelfFault::RelayFull | ShelfFault::HandshakeTimeout if self.lost_at.is_some() => {
                self.lost(&text, now);
            }
            ShelfFault::Idle => self.lost(&text, now),
            _ => self.give_up(Connection::Refused(code, text, wait)),
        }
    }

    fn out_of_place(&mut self) {
        let text = "the relay says what has no place here; bring both ends to the same release";
        self.give_up(Connection::NoShelf(text.to_owned()));
    }
}
