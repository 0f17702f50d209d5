//! The exchange in a session: begun when somebody new comes, repeated when somebody comes back, given
//! up when it fails or takes too long.

use super::State;
use super::company::Company;
use crate::code;
use crate::message::ClientControl;
use crate::seal::{Agreed, Exchange, ExchangeError, Progress, Setup, step};
use crate::session::{Ending, Event, Session};
use crate::time::Moment;
use bytes::Bytes;

impl Session {
    /// The peer is there: agrees on keys with one who is new, goes on with one who is back.
    pub(in crate::session) fn meet_sealed(&mut self, now: Moment) {
        match &self.sealing.state {
            State::Nobody => self.begin_or_wait(now),
            State::Slowed { .. } => self.sealing.by = Some(now + self.sealing.slowed(now)),
            State::Agreeing(exchange) => {
                let again: Vec<_> = exchange.repeat().collect();
                // Back without having been away is an interruption, too.
                self.pause_exchange();
                self.sealing.by = Some(now + self.sealing.patience());
                self.transmit_steps(again);
            }
            State::Sealed { exchange, .. } => {
                let again: Vec<_> =
                    exchange.iter().flat_map(|exchange| exchange.repeat()).collect();
                self.transmit_steps(again);
                self.greet_peer(now);
            }
            // The relay turns away whoever came last, so it hasn't heard: that was lost with a
            // connection, and both would wait for ever.
            State::Failed => self.control(ClientControl::PairingFailed { pairing: self.pairing }),
        }
    }

    /// The peer isn't there any more; it may come back.
    pub(in crate::session) const fn pause_exchange(&mut self) {
        if self.sealing.by.take().is_some() && matches!(self.sealing.state, State::Agreeing(_)) {
            self.sealing.pauses = self.sealing.pauses.saturating_add(1);
        }
    }

    /// Whoever was there won't come back: its keys are forgotten.
    pub(in crate::session) fn forget_keys(&mut self, now: Moment) {
        if let State::Agreeing(exchange) = &self.sealing.state
            && exchange.awaits_proof()
            && self.sealing.company.is_none()
        {
            // It has tested a guess and left without a word. The relay turns away whoever came last,
            // so only the other one tells it.
            self.sealing.guesses.handle_failed((), now);
            if !self.sealing.newcomer {
                self.control(ClientControl::PairingFailed { pairing: self.pairing });
            }
            let text = if self.sealing.password.is_empty() {
                "your peer left before the line was sealed; whoever comes next can still come"
            } else {
                "somebody came and left before proving that they know the code; that counts as a \
                 wrong one. If it was your friend, let them come again, or make a new code with /new"
            };
            self.events.push_back(Event::Trouble(text.to_owned()));
        }
        self.sealing.by = None;
        self.sealing.faults = 0;
        self.sealing.pauses = 0;
        if !matches!(self.sealing.state, State::Nobody) {
            self.set_seal(State::Nobody);
        }
    }

    /// Gives an exchange up that takes too long.
    pub(in crate::session) fn time_out_exchange(&mut self, now: Moment) {
        if self.sealing.by.is_none_or(|by| by > now) {
            return;
        }
        if let State::Slowed { early } = &mut self.sealing.state {
            let early = early.take();
            self.begin_exchange(now);
            if let Some(step) = early {
                self.handle_step(&step, now);
            }
        } else {
            self.fail_exchange(ExchangeError::Unanswered, true, now);
        }
    }

    /// Begins an exchange, or waits with it where too many have failed: the relay is told to slow
    /// guessing down, but a relay that guesses itself wouldn't.
    fn begin_or_wait(&mut self, now: Moment) {
        let wait = self.sealing.slowed(now);
        if wait.is_zero() {
            return self.begin_exchange(now);
        }
        self.sealing.by = Some(now + wait);
        self.set_seal(State::Slowed { early: None });
    }

    fn begin_exchange(&mut self, now: Moment) {
        let Some((seat, _)) = self.seat else { return };
        let random = self.sealing.entropy.draw();
        let password = match &self.sealing.company {
            Some(company) => company.root.password(&self.sealing.password),
            None => self.sealing.password.clone(),
        };
        let (exchange, first) = Exchange::new(&Setup {
            seat,
            room: self.room.as_ref().map_or("", |room| room.as_str()),
            pairing: self.pairing,
            password: &password,
            suites: self.sealing.suites,
            random: &random,
        });
        self.sealing.by = Some(now + self.sealing.patience());
        self.set_seal(State::Agreeing(Box::new(exchange)));
        self.transmit_steps(first);
    }

    pub(super) fn handle_step(&mut self, body: &Bytes, now: Moment) {
        let exchange = match &mut self.sealing.state {
            State::Agreeing(exchange) | State::Sealed { exchange: Some(exchange), .. } => exchange,
            State::Slowed { early } => {
                *early = Some(body.clone());
                return;
            }
            State::Sealed { exchange: None, .. } | State::Nobody | State::Failed => return,
        };
        match exchange.handle(body) {
            Ok(Progress::Known) => {}
            Ok(Progress::Send(step)) => self.transmit_steps([step]),
            Ok(Progress::Done(step, agreed)) => self.agree(step, agreed, now),
            // Whoever was told why needn't be told again.
            Err(error) => {
                self.fail_exchange(error, body.get(1) != Some(&step::REFUSE), now);
            }
        }
    }

    fn agree(&mut self, step: Option<Bytes>, agreed: Box<Agreed>, now: Moment) {
        // An exchange ends well once, and only while it goes on.
        let before = std::mem::replace(&mut self.sealing.state, State::Failed);
        let State::Agreeing(exchange) = before else {
            self.sealing.state = before;
            return;
        };
        self.sealing.by = None;
        let company = match self.sealing.company.take() {
            // The same two: what they compared once holds.
            Some(company) => {
                self.book.expect_offers(now);
                Company { again: true, ..company }
            }
            None => Company {
                root: agreed.root.clone(),
                verification: agreed.verification,
                verdict: None,
                pairing: self.pairing,
                established: false,
                again: false,
            },
        };
        let (words, verdict) = (code::verification_words(company.verification), company.verdict);
        self.sealing.company = Some(company);
        let exchange = Some(exchange);
        self.transmit_steps(step);
        self.set_seal(State::Sealed { agreed, exchange, words, verdict });
        self.words.catch_up();
        self.greet_peer(now);
        self.hear_early_words();
        self.hand_over();
        self.repeat_words();
        self.say_next();
    }

    /// No keys with this peer. Whoever came last leaves; the other stays for somebody else.
    fn fail_exchange(&mut self, error: ExchangeError, tell_peer: bool, now: Moment) {
        self.sealing.by = None;
        if tell_peer {
            self.transmit_steps([error.refusal()]);
        }
        self.sealing.guesses.handle_failed((), now);
        self.control(ClientControl::PairingFailed { pairing: self.pairing });
        self.set_seal(State::Failed);
        let by_code = !self.sealing.password.is_empty();
        let text = match (error, by_code, self.sealing.newcomer) {
            (ExchangeError::Differ, true, true) => {
                "the code is wrong: your peer has another one, or somebody is in the middle; this \
                 attempt is used up. Ask your peer for the code, word by word, and try again"
                    .to_owned()
            }
            (ExchangeError::Differ, true, false) => {
                "somebody came with a wrong code and was turned away; if that was your peer, read \
                 the code to them again. The room stays open"
                    .to_owned()
            }
            (ExchangeError::Differ, false, true) => {
                "this room needs a code, and you have none: start couplet with the code that your \
                 peer has"
                    .to_owned()
            }
            (ExchangeError::Differ, false, false) => {
                "somebody came with a code, and this room has none, so they were turned away; give \
                 them the room's name alone, or meet in a new room with a code"
                    .to_owned()
            }
            (_, _, true) => format!("{error}; try again"),
            (_, _, false) => format!("{error}; they were turned away, and the room stays open"),
        };
        if self.sealing.newcomer {
            self.end(if error == ExchangeError::Differ {
                Ending::WrongCode { text }
            } else {
                Ending::Protocol { text }
            });
        } else {
            self.events.push_back(Event::Trouble(text));
        }
    }

    fn transmit_steps(&mut self, steps: impl IntoIterator<Item = Bytes>) {
        for body in steps {
            self.transmit_signal(body);
        }
    }
}
