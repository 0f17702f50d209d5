//! Keys for the peer that is there: when they are agreed on, when they are gone.
//!
//! Owns the life of an exchange in a session: begun when somebody new comes, repeated when somebody
//! comes back, given up when it fails or takes too long; and the rule that nothing is said to a peer
//! before it has ended well. The exchange itself is [`crate::seal`]'s.
//!
//! ```text
//! nobody ──(a newcomer)──> agreeing ──(proofs)──> sealed ──(pairing over)──> nobody
//!                              └──(codes differ, disturbed, too late)──> failed ──> nobody
//! ```

use super::{Command, Ending, Event, Seal, Session, Verdict};
use crate::code;
use crate::guesses::Guesses;
use crate::limits;
use crate::message::{ClientControl, ClientToRelay};
use crate::peer::{self, PeerSignal};
use crate::seal::{
    Agreed, BodyFault, EXCHANGE_FORM, Entropy, Exchange, ExchangeError, Password, PipeKeys,
    Progress, Setup, Suites, step,
};
use crate::time::Moment;
use bytes::Bytes;
use std::fmt;
use std::time::Duration;

/// Faults that are told of one pairing; more would fill the screen and say nothing new.
const MAX_TOLD_FAULTS: u32 = 5;

#[derive(Debug)]
pub(super) struct Sealing {
    password: Password,
    suites: Suites,
    entropy: Entropy,
    state: State,
    /// Whether this client was the last to come into the current pairing.
    newcomer: bool,
    /// Exchanges that failed in this session, whoever came.
    guesses: Guesses<()>,
    /// How often an exchange of the current pairing was interrupted.
    pauses: u32,
    /// How often something that came couldn't be trusted, since the pairing began.
    faults: u32,
    /// When an exchange that goes on is given up.
    by: Option<Moment>,
}

#[derive(Debug)]
enum State {
    Nobody,
    /// An exchange begins at the time set, as too many have failed. What seat 1 sends meanwhile is
    /// kept.
    Slowed {
        early: Option<Bytes>,
    },
    Agreeing(Box<Exchange>),
    Sealed {
        agreed: Box<Agreed>,
        /// Kept until the peer has shown that it has the keys too, as it may have missed a step.
        exchange: Option<Box<Exchange>>,
        words: [&'static str; 3],
        verdict: Option<Verdict>,
    },
    Failed,
}

impl Sealing {
    /// Whether the two meet by a code.
    pub(super) fn has_password(&self) -> bool {
        !self.password.is_empty()
    }

    pub(super) fn new(password: Password, aes_in_hardware: bool, entropy: Entropy) -> Self {
        let suites = Suites::new(aes_in_hardware);
        Self {
            password,
            suites,
            entropy,
            state: State::Nobody,
            newcomer: false,
            guesses: Guesses::default(),
            pauses: 0,
            faults: 0,
            by: None,
        }
    }

    /// Whether there are keys for the current pairing.
    pub(super) const fn is_sealed(&self) -> bool {
        matches!(self.state, State::Sealed { .. })
    }

    /// When [`Session::time_out_exchange`] must be called.
    pub(super) const fn timeout(&self) -> Option<Moment> {
        self.by
    }

    /// Whoever is met next, this client was there before or came last.
    pub(super) const fn set_newcomer(&mut self, newcomer: bool) {
        self.newcomer = newcomer;
    }

    /// Whether the user has found that somebody sits in the middle.
    pub(super) const fn is_distrusted(&self) -> bool {
        matches!(self.state, State::Sealed { verdict: Some(Verdict::Different), .. })
    }

    /// Whether what was meant for this peer must not go to the next: the user has verified it, and
    /// there is no code that a stranger can't know; or has found that somebody sits in the middle.
    pub(super) fn is_for_this_peer_alone(&self) -> bool {
        let verified = matches!(self.state, State::Sealed { verdict: Some(Verdict::Same), .. });
        verified && self.password.is_empty() || self.is_distrusted()
    }

    /// How long the peer may take. Each interruption halves it, so a seat can't be held for ever
    /// without keys. Whoever came last holds nothing up and waits longer: the other may be away
    /// without the relay having noticed yet, or be slowed down.
    fn patience(&self) -> Duration {
        if self.newcomer {
            return limits::EXCHANGE_LIMIT * 3;
        }
        let halvings = 2_u32.saturating_pow(self.pauses.min(8));
        (limits::EXCHANGE_LIMIT / halvings).max(Duration::from_secs(1))
    }

    /// How long the next exchange must wait because too many have failed. Less than a newcomer's
    /// patience, so that the right one still gets in.
    fn slowed(&self, now: Moment) -> Duration {
        self.guesses.wait(&(), now).unwrap_or_default().min(limits::EXCHANGE_LIMIT * 2)
    }

    fn told(&self) -> Seal {
        match &self.state {
            State::Nobody => Seal::Nobody,
            State::Slowed { .. } | State::Agreeing(_) => Seal::Agreeing,
            State::Sealed { words, verdict, .. } => Seal::Sealed {
                words: *words,
                by_code: !self.password.is_empty(),
                verdict: *verdict,
            },
            State::Failed => Seal::Failed,
        }
    }
}

impl Session {
    /// The user compares the verification words; the peer is asked to do so too.
    pub fn compare(&mut self) {
        if self.is_paired() {
            self.signal(PeerSignal::Compare);
        }
    }

    /// What the user has found on comparing the verification words.
    pub fn verify(&mut self, found: Verdict, now: Moment) {
        if let State::Sealed { verdict, .. } = &mut self.sealing.state {
            *verdict = Some(found);
            self.tell_seal();
            if found == Verdict::Different {
                self.cancel_all(now);
            }
            // With another verdict, what was held back may go out.
            self.say_next();
        } else {
            let text = "there is nobody to verify yet".to_owned();
            self.events.push_back(Event::Trouble(text));
        }
    }

    /// The peer is there: agrees on keys with one who is new, goes on with one who is back.
    pub(super) fn meet_sealed(&mut self, now: Moment) {
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
            State::Failed => {}
        }
    }

    /// The peer isn't there any more; it may come back.
    pub(super) const fn pause_exchange(&mut self) {
        if self.sealing.by.take().is_some() && matches!(self.sealing.state, State::Agreeing(_)) {
            self.sealing.pauses = self.sealing.pauses.saturating_add(1);
        }
    }

    /// Whoever was there won't come back: its keys are forgotten.
    pub(super) fn forget_keys(&mut self, now: Moment) {
        if let State::Agreeing(exchange) = &self.sealing.state
            && exchange.awaits_proof()
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
                 wrong one, and it is used up"
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
    pub(super) fn time_out_exchange(&mut self, now: Moment) {
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

    /// A signal's body has come: a step of the exchange, or something sealed, which is given back
    /// opened.
    pub(super) fn open_signal(&mut self, body: &Bytes, now: Moment) -> Option<Vec<u8>> {
        if body.first() == Some(&EXCHANGE_FORM) {
            self.handle_step(body, now);
            return None;
        }
        let State::Sealed { agreed, exchange, .. } = &mut self.sealing.state else {
            // The peer has the keys and this side hasn't heard its last step: it will come again.
            return None;
        };
        match agreed.bodies.open_signal(body) {
            Ok(signal) => {
                // The peer has the keys, so no step has to be sent again.
                *exchange = None;
                Some(signal)
            }
            Err(fault) => {
                self.tell_fault(fault);
                None
            }
        }
    }

    /// Opens the peer's words; `None` if there are no keys yet.
    pub(super) fn open_words(
        &self,
        sequence: u64,
        body: &[u8],
    ) -> Option<Result<Vec<u8>, BodyFault>> {
        match &self.sealing.state {
            State::Sealed { agreed, .. } => Some(agreed.bodies.open_words(sequence, body)),
            State::Nobody | State::Slowed { .. } | State::Agreeing(_) | State::Failed => None,
        }
    }

    /// Seals words; empty if there is nobody to seal for.
    pub(super) fn seal_words(&mut self, sequence: u64, words: &[u8]) -> Bytes {
        match &mut self.sealing.state {
            State::Sealed { agreed, .. } => agreed.bodies.seal_words(sequence, words),
            State::Nobody | State::Slowed { .. } | State::Agreeing(_) | State::Failed => {
                Bytes::new()
            }
        }
    }

    /// Seals and sends a signal; without keys it goes nowhere.
    pub(super) fn transmit_sealed(&mut self, envelope: &peer::Envelope) {
        if let State::Sealed { agreed, .. } = &mut self.sealing.state {
            let body = agreed.bodies.seal_signal(&peer::encode(envelope));
            self.transmit_signal(body);
        }
    }

    /// The keys of the pipe with this tag.
    pub(super) fn pipe_keys(&mut self, tag: u64) -> Option<PipeKeys> {
        match &self.sealing.state {
            State::Sealed { agreed, .. } => Some(agreed.pipe(tag, &mut self.sealing.entropy)),
            State::Nobody | State::Slowed { .. } | State::Agreeing(_) | State::Failed => None,
        }
    }

    /// Says what is wrong with what came; the peer, or somebody between, must not fill the screen.
    pub(super) fn tell_fault(&mut self, fault: impl fmt::Display) {
        self.sealing.faults += 1;
        if self.sealing.faults > MAX_TOLD_FAULTS {
            return;
        }
        self.events.push_back(Event::Trouble(fault.to_string()));
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
        let (exchange, first) = Exchange::new(&Setup {
            seat,
            room: self.room.as_ref().map_or("", |room| room.as_str()),
            pairing: self.pairing,
            password: &self.sealing.password,
            suites: self.sealing.suites,
            random: &random,
        });
        self.sealing.by = Some(now + self.sealing.patience());
        self.set_seal(State::Agreeing(Box::new(exchange)));
        self.transmit_steps(first);
    }

    fn handle_step(&mut self, body: &Bytes, now: Moment) {
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
        let words = code::verification_words(agreed.verification);
        let exchange = Some(exchange);
        self.transmit_steps(step);
        self.set_seal(State::Sealed { agreed, exchange, words, verdict: None });
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

    fn transmit_signal(&mut self, body: Bytes) {
        let pairing = self.pairing;
        self.commands.push_back(Command::Transmit(ClientToRelay::Signal { pairing, body }));
    }

    fn set_seal(&mut self, state: State) {
        self.sealing.state = state;
        self.tell_seal();
    }

    fn tell_seal(&mut self) {
        self.events.push_back(Event::Seal(self.sealing.told()));
    }
}
