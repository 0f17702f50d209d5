//! What users do: they say numbered texts, take some back, pass, compare words, offer files, answer
//! offers; and when all is well again they see to it that the conversation comes to rest.

use crate::chance::Chance;
use crate::weather::Weather;
use crate::world::{Event, World};
use couplet::message::Role;
use couplet::session::{Seal, Verdict};
use couplet::transfer::book::{Direction, TransferId, TransferState};
use std::time::Duration;

/// One user.
#[derive(Debug)]
pub(crate) struct User {
    /// How much is still to be said and offered.
    sayings: u64,
    pub(crate) offers: u64,
    /// How much was said.
    said: u64,
    /// Whether this user left on purpose and won't come back.
    pub(crate) left_for_good: bool,
}

impl User {
    pub(crate) fn new(weather: &Weather, chance: &mut Chance) -> Self {
        let sayings = chance.below(weather.sayings + 1);
        Self { sayings, offers: weather.offers, said: 0, left_for_good: false }
    }
}

impl World {
    /// The user does something, or lets it be.
    pub(crate) fn user_acts(&mut self, index: usize, number: u64) {
        if self.program(index, number).is_none() {
            return;
        }
        if self.healed {
            self.finish_talking(index);
            let wait = self.chance.millis(300, 1500);
            self.after(wait, Event::Act { client: index, program: number });
        } else {
            self.do_something(index);
            let wait = self.pause();
            self.after(
                wait.max(Duration::from_millis(1)),
                Event::Act { client: index, program: number },
            );
        }
    }

    fn do_something(&mut self, index: usize) {
        let now = self.now;
        match self.chance.below(20) {
            0..9 => self.user_says(index),
            9..11 => {
                let in_emi = self.program_of(index).role == Some(Role::Emi);
                if in_emi || self.chance.one_in(20) {
                    self.user_session(index, couplet::session::Session::pass);
                }
            }
            11 => {
                if self.program_of(index).session.unsaid().next().is_some() {
                    self.user_session(index, |session| session.take_back(None));
                }
            }
            12 if self.chance.one_in(4) => {
                self.user_session(index, |session| session.typing(true));
            }
            13 if self.weather.verifies => self.user_verifies(index),
            14..16 => self.user_offers(index),
            16 if self.weather.offers > 0 && self.chance.one_in(4) => self.user_meddles(index),
            17 if self.chance.one_in(4) => {
                self.user_session(index, couplet::session::Session::compare);
            }
            _ => self.user_session(index, |session| session.handle_timeout(now)),
        }
    }

    /// The user does something with the session of a running program.
    pub(crate) fn user_session(
        &mut self,
        index: usize,
        act: impl FnOnce(&mut couplet::session::Session),
    ) {
        if let Some(program) = &mut self.clients[index].program {
            act(&mut program.session);
            self.pump(index);
        }
    }

    fn user_says(&mut self, index: usize) {
        let user = &mut self.clients[index].user;
        if user.sayings == 0 {
            return;
        }
        user.sayings -= 1;
        user.said += 1;
        let number = user.said;
        let text = format!("{index}:{number}");
        let message = self.audit.entered(index, number, &text);
        let program = self.clients[index].program.as_mut().expect("it runs");
        let draft = program.session.say(&text).expect("room for words");
        program.drafts.insert(draft, message);
        self.note(|| format!("{index} says {text:?}"));
        self.pump(index);
    }

    fn user_verifies(&mut self, index: usize) {
        let now = self.now;
        let seal = |client: usize| {
            let program = self.clients[client].program.as_ref()?;
            match program.seal {
                Some(Seal::Sealed { words, .. }) => Some(words),
                _ => None,
            }
        };
        let Some(mine) = seal(index) else { return };
        let other = (0..3).find(|other| *other != index && seal(*other) == Some(mine));
        // Whoever compares does it with somebody.
        let Some(other) = other else { return };
        if !self.weather.by_code {
            let life = self.clients[other].lives;
            self.audit.verified(index, Some((other, life)));
        }
        self.user_session(index, |session| session.verify(Verdict::Same, now));
    }

    /// The user answers an offer.
    pub(crate) fn user_answers(&mut self, index: usize, number: u64, transfer: u32) {
        let now = self.now;
        let accepts = self.healed || self.chance.percent(85);
        let id = TransferId(transfer);
        let Some(program) = self.program(index, number) else { return };
        let Some(info) = program.session.transfer(id) else { return };
        if info.direction != Direction::Incoming || info.state != TransferState::Offered {
            return;
        }
        let name = info.offer.name.as_str().to_owned();
        if accepts {
            let part = self.clients[index].disk.has_part(&name);
            self.user_session(index, |session| session.accept(id, part, now));
        } else {
            self.audit_declined(&name);
            self.user_session(index, |session| session.decline(Some(id)));
        }
    }

    fn user_meddles(&mut self, index: usize) {
        let now = self.now;
        let Some(program) = &self.clients[index].program else { return };
        let open: Vec<_> = program
            .session
            .transfers()
            .filter(|(_, info)| !info.state.is_over())
            .map(|(id, info)| (id, info.offer.name.as_str().to_owned()))
            .collect();
        if open.is_empty() {
            return;
        }
        let (id, name) = open[self.chance.index(open.len())].clone();
        match self.chance.below(3) {
            0 => {
                self.audit_declined(&name);
                let keep = self.chance.one_in(2);
                self.user_session(index, |session| session.cancel(Some(id), keep, now));
            }
            1 => {
                self.stories.entry(name).or_default().held = true;
                self.user_session(index, |session| session.pause(Some(id), true));
            }
            _ => self.user_session(index, |session| session.pause(Some(id), false)),
        }
    }

    /// When all is well again: who has the turn and nothing to say passes, and nothing is held up.
    fn finish_talking(&mut self, index: usize) {
        let Some(program) = &self.clients[index].program else { return };
        let idle = program.session.unsaid().next().is_none();
        let in_emi = program.role == Some(Role::Emi);
        let paused: Vec<_> = program
            .session
            .transfers()
            .filter(|(_, info)| !info.state.is_over() && info.held_here.is_some())
            .map(|(id, _)| id)
            .collect();
        for id in paused {
            self.user_session(index, |session| session.pause(Some(id), false));
        }
        if in_emi && idle && self.is_anything_unsaid() {
            self.user_session(index, couplet::session::Session::pass);
        }
    }

    fn is_anything_unsaid(&self) -> bool {
        let unsaid = |program: &crate::client::Program| program.session.unsaid().next().is_some();
        self.clients.iter().filter_map(|client| client.program.as_ref()).any(unsaid)
    }
}
