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

mod agreeing;
mod company;

pub(super) use company::Company;

use super::{Command, Event, Seal, Session, Verdict};
use crate::guesses::Guesses;
use crate::limits;
use crate::message::ClientToRelay;
use crate::peer::{self, PeerSignal};
use crate::seal::{
    Agreed, BodyFault, EXCHANGE_FORM, Entropy, Exchange, Password, PipeKeys, Suites,
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
    /// Those who agreed on keys before: whoever it was with, if they may still be across.
    company: Option<Company>,
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

    /// The words of the code.
    pub(super) const fn password(&self) -> &Password {
        &self.password
    }

    pub(super) fn new(password: Password, aes_in_hardware: bool, entropy: Entropy) -> Self {
        let suites = Suites::new(aes_in_hardware);
        Self {
            password,
            suites,
            entropy,
            state: State::Nobody,
            company: None,
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

    /// Whether there will be no keys with whoever is there.
    pub(super) const fn has_failed(&self) -> bool {
        matches!(self.state, State::Failed)
    }

    /// Whether an exchange goes on, or is about to.
    pub(super) const fn is_agreeing(&self) -> bool {
        matches!(self.state, State::Slowed { .. } | State::Agreeing(_))
    }

    /// Whether the user has found that somebody sits in the middle.
    pub(super) const fn is_distrusted(&self) -> bool {
        matches!(self.state, State::Sealed { verdict: Some(Verdict::Different), .. })
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
            if let Some(company) = &mut self.sealing.company {
                company.verdict = Some(found);
                // Whoever has shown its user the words has the keys, even if nothing has come yet.
                company.established = true;
            }
            self.tell_seal();
            if found == Verdict::Different {
                self.cancel_all(now);
            } else {
                self.trust_words();
            }
            // With another verdict, what was held back may go out.
            self.say_next();
        } else {
            let text =
                "there is nobody to verify yet; compare the words once somebody is here".to_owned();
            self.events.push_back(Event::Trouble(text));
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
                if let Some(company) = &mut self.sealing.company {
                    company.established = true;
                }
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
