//! The end: when all is well again everything must come to rest, and then it must be right.

use crate::audit::State;
use crate::client::Program;
use crate::weather::Place;
use crate::wire::AtRelay;
use crate::world::{Event, World};
use couplet::directory::RoomId;
use couplet::message::Role;
use couplet::session::{Mark, Seal};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long everything may take to come to rest.
const REST: Duration = Duration::from_mins(12);

impl World {
    /// Looks whether all is settled.
    pub(crate) fn look(&mut self) {
        match self.unrest() {
            None => self.settled = true,
            Some(why) => {
                let waited = self.now.since_start().saturating_sub(self.weather.heal_at);
                assert!(waited < REST, "it doesn't come to rest: {why}");
                self.after(Duration::from_secs(1), Event::Look);
            }
        }
    }

    /// Those who sit in each room, and are connected.
    fn seated(&self) -> BTreeMap<RoomId, Vec<usize>> {
        let mut rooms: BTreeMap<RoomId, Vec<usize>> = BTreeMap::new();
        for client in &self.clients {
            let Some(program) = &client.program else { continue };
            let Some(conn) = program.conn.and_then(|conn| self.conns.get(&conn)) else { continue };
            if let AtRelay::Seated { room, .. } = conn.at_relay {
                rooms.entry(room).or_default().push(client.index);
            }
        }
        rooms
    }

    /// What isn't at rest yet, if anything isn't.
    fn unrest(&self) -> Option<String> {
        for client in self.clients.iter().filter(|client| !client.retired) {
            let index = client.index;
            if index == 2 && client.programs == 0 {
                continue;
            }
            let Some(program) = &client.program else { return Some(format!("{index} is down")) };
            if !program.is_alone() && !program.is_with_somebody() {
                return Some(format!(
                    "{index} is neither alone nor with somebody: online {}, {:?}, {:?}",
                    program.online, program.peer, program.seal
                ));
            }
            let conn = program.conn.and_then(|conn| self.conns.get(&conn));
            if !conn.is_some_and(|conn| matches!(conn.at_relay, AtRelay::Seated { .. })) {
                return Some(format!("{index} believes in a connection that isn't there"));
            }
            if !program.screen.is_empty() {
                return Some(format!("{index} hasn't seen everything"));
            }
        }
        let rooms = self.seated();
        for (room, seats) in &rooms {
            if let [one, two] = seats[..] {
                if let Some(why) = self.pair_unrest(one, two) {
                    return Some(format!("room {room}: {why}"));
                }
            } else if self.program_of(seats[0]).is_with_somebody() {
                return Some(format!("{} believes in somebody who isn't there", seats[0]));
            }
        }
        let both = (0..2).all(|index| !self.clients[index].retired);
        if self.weather.place != Place::Lobby && both && !rooms.values().any(|two| two == &[0, 1]) {
            return Some(format!("the two haven't met again: {rooms:?}"));
        }
        None
    }

    pub(crate) fn program_of(&self, index: usize) -> &Program {
        self.clients[index].program.as_ref().expect("it runs")
    }

    fn pair_unrest(&self, one: usize, two: usize) -> Option<String> {
        for index in [one, two] {
            let program = self.program_of(index);
            if !program.is_with_somebody() {
                return Some(format!("{index} isn't with the other"));
            }
            if let Some(text) = program.session.unsaid().next() {
                return Some(format!("{index} hasn't said {text:?}, role {:?}", program.role));
            }
            // Of what a program before this one said nothing more is told.
            let known = |at: usize| program.drafts.values().any(|message| *message == at);
            let out = self.audit.messages.iter().enumerate().find(|(at, message)| {
                message.sayer == index
                    && message.state == State::Accepted
                    && !message.in_limbo
                    && !message.taken_back
                    && (message.shown_to.is_empty() || message.mark != Some(Mark::Shown))
                    && known(*at)
            });
            if let Some((_, out)) = out {
                return Some(format!("{:?} of {index} isn't shown: {out:?}", out.text));
            }
            if let Some(why) = self.bulk_unrest(index) {
                return Some(why);
            }
        }
        let emis = [one, two].map(|index| self.program_of(index).role == Some(Role::Emi));
        (emis[0] == emis[1]).then(|| format!("emi: {emis:?}"))
    }

    /// What must be true in the end.
    pub(crate) fn check_the_end(&mut self) {
        for (_, seats) in self.seated() {
            if let [one, two] = seats[..] {
                let seal = |index: usize| match self.program_of(index).seal {
                    Some(Seal::Sealed { words, by_code, .. }) => Some((words, by_code)),
                    _ => None,
                };
                assert_eq!(seal(one), seal(two), "the two see the same words");
                assert_eq!(
                    self.clients[one].password, self.clients[two].password,
                    "nobody is sealed with an impostor"
                );
            }
        }
        for message in &self.audit.messages {
            let client = &self.clients[message.sayer];
            let held = client.program.as_ref().is_some_and(|program| {
                let mut unsaid = program.session.unsaid();
                unsaid.any(|text| text == message.text)
            });
            // Alone with what was said: the relay keeps it for whoever comes.
            let waits = client.program.as_ref().is_some_and(Program::is_alone)
                && message.mark == Some(Mark::Taken);
            let is_known = !message.shown_to.is_empty()
                || message.taken_back
                || held
                || waits
                || message.state != State::Accepted
                || (message.in_limbo && message.mark < Some(Mark::Shown));
            assert!(is_known, "lost without a word: {message:?}");
        }
        self.check_transcripts();
        self.check_transfers();
    }

    /// Two who were alone with each other all the time have the same conversation before them.
    fn check_transcripts(&self) {
        let [one, two, third] = [0, 1, 2].map(|index| &self.clients[index]);
        if one.lives != 1 || two.lives != 1 || third.programs > 0 || !self.weather.keeps {
            return;
        }
        // A pass that a relay forgot may have been answered already, and what a program said that
        // died then may go out later.
        let tally = &self.audit.tally;
        if tally.relay_crashes + tally.deaths > 0
            || self.audit.into_the_void
            || one.endings + two.endings > 0
            || self.audit.messages.iter().any(|m| m.in_limbo)
        {
            return;
        }
        let seen = |index: usize| {
            let transcript = &self.audit.readers[index].transcript;
            let texts = transcript.iter().map(|message| &self.audit.messages[*message]);
            let there = texts.filter(|message| !message.taken_back && !message.shown_to.is_empty());
            there.map(|message| message.text.clone()).collect::<Vec<_>>()
        };
        assert_eq!(seen(0), seen(1), "the two have different conversations before them");
    }
}
