//! The exchange: how two clients that share a password, or none, come to share keys.
//!
//! Owns the steps, their bytes and their order. The keys come from SPAKE2 (Abdalla and
//! Pointcheval 2005, over Ed25519, with the constants and the hash of the crate `spake2`, which are
//! older than RFC 9382's): whoever doesn't know the password learns nothing and can test one
//! guess an exchange. With an empty password it is still safe from whoever only listens; somebody in
//! the middle shows by the verification words, which have only 31 bits. So that nobody can search for
//! keys that give both sides the same words, seat 1 commits itself to its start before it sees seat
//! 2's, as in ZRTP (RFC 6189, section 4.4.1.1): whoever sits in the middle has one try.
//!
//! ```text
//! seat 1                         seat 2
//!    │── commit: hash of start 1 ──>│
//!    │<───────────────── start 2 ───│
//!    │── reveal: start 1, proof 1 ─>│   seat 2 checks the hash and the proof
//!    │<───────────────── proof 2 ───│   each now knows that the other has the same keys
//!    │
//!    │── refuse ───────────────────>│   either, at any time: what is wrong, and it is over
//! ```
//!
//! All steps are signals, and signals are lost when somebody is away. A step's bytes never change,
//! so all are simply sent again when somebody comes back; what has come before is passed over.

use super::body::SealedBodies;
use super::cipher::Suites;
use super::schedule::{self, Secrets, Transcript};
use super::{Agreed, Password, Root};
use crate::message::Seat;
use bytes::Bytes;
use curve25519_dalek::edwards::CompressedEdwardsY;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use spake2::{Ed25519Group, Identity, Spake2};
use std::fmt;
use zeroize::Zeroizing;

/// The first byte of a body that is a step of an exchange.
pub const EXCHANGE_FORM: u8 = 0x01;

/// The version of the exchange and of all that is sealed after it.
pub const SEAL_VERSION: u8 = 1;

/// The steps, as the second byte of a body.
pub mod step {
    /// Seat 1: the hash of its start.
    pub const COMMIT: u8 = 1;
    /// Seat 2: its start.
    pub const START: u8 = 2;
    /// Seat 1: its start, and the proof that it has the keys.
    pub const REVEAL: u8 = 3;
    /// Seat 2: the proof that it has the keys.
    pub const PROVE: u8 = 4;
    /// Either: it is over, and why.
    pub const REFUSE: u8 = 5;
}

/// Version, ciphers, and a SPAKE2 message of 33 bytes.
const START_LEN: usize = 2 + SPAKE_LEN;
const SPAKE_LEN: usize = 33;
const HASH_LEN: usize = 32;

/// Why an exchange came to nothing. Each says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// The other side has another password.
    #[error("the codes differ")]
    Differ,
    /// The other side speaks another version of the exchange.
    #[error("your peer's client seals in another way; bring both clients to the same release")]
    Version,
    /// The other side's bytes make no sense, or changed when they were repeated.
    #[error(
        "the exchange of keys was disturbed, by your peer's client or by whoever runs the relay"
    )]
    Disturbed,
    /// The other side took too long.
    #[error("your peer's client didn't answer the exchange of keys in time")]
    Unanswered,
}

impl ExchangeError {
    const fn to_byte(self) -> u8 {
        match self {
            Self::Differ => 1,
            Self::Version => 2,
            Self::Disturbed => 3,
            Self::Unanswered => 4,
        }
    }

    const fn from_byte(byte: u8) -> Self {
        match byte {
            1 => Self::Differ,
            2 => Self::Version,
            4 => Self::Unanswered,
            _ => Self::Disturbed,
        }
    }

    /// The body that tells the other side.
    #[must_use]
    pub fn refusal(self) -> Bytes {
        encode(step::REFUSE, &[&[self.to_byte()]])
    }
}

/// Who meets whom, and what this client brings.
#[derive(Debug, Clone, Copy)]
pub struct Setup<'a> {
    /// This client's seat.
    pub seat: Seat,
    /// The room's name; empty if it has none.
    pub room: &'a str,
    /// The pairing that the keys are for.
    pub pairing: u32,
    /// The password.
    pub password: &'a Password,
    /// The ciphers that this client can use.
    pub suites: Suites,
    /// 32 random bytes for this exchange alone.
    pub random: &'a [u8; 32],
}

/// What a step of the other side leads to.
#[derive(Debug)]
pub enum Progress {
    /// It came before; nothing.
    Known,
    /// Send this.
    Send(Bytes),
    /// Send this, if there is something; the keys are agreed on.
    Done(Option<Bytes>, Box<Agreed>),
}

/// One client's side of an exchange.
pub struct Exchange {
    seat: Seat,
    room: String,
    pairing: u32,
    suites: Suites,
    start: [u8; START_LEN],
    /// Gone once it has been used.
    spake: Option<Spake2<Ed25519Group>>,
    /// Seat 2: what seat 1 has committed itself to.
    commitment: Option<[u8; HASH_LEN]>,
    /// Seat 1, from the reveal on: the keys and the proof that is waited for.
    waiting: Option<(Secrets, blake3::Hash)>,
    /// All that was sent, for sending it again.
    sent: Vec<Bytes>,
    /// All that has come.
    heard: Vec<Bytes>,
}

impl Exchange {
    /// An exchange; send what it gives.
    #[must_use]
    pub fn new(setup: &Setup<'_>) -> (Self, Option<Bytes>) {
        let password = spake2::Password::new(setup.password.as_bytes());
        let (one, two) = (Identity::new(b"couplet seat 1"), Identity::new(b"couplet seat 2"));
        let random = ChaCha20Rng::from_seed(*setup.random);
        let (spake, message) = match setup.seat {
            Seat::One => Spake2::<Ed25519Group>::start_a_with_rng(&password, &one, &two, random),
            Seat::Two => Spake2::<Ed25519Group>::start_b_with_rng(&password, &one, &two, random),
        };
        let mut start = [SEAL_VERSION; START_LEN];
        start[1] = setup.suites.to_byte();
        start[2..].copy_from_slice(&message);
        let mut exchange = Self {
            seat: setup.seat,
            room: setup.room.to_owned(),
            pairing: setup.pairing,
            suites: setup.suites,
            start,
            spake: Some(spake),
            commitment: None,
            waiting: None,
            sent: Vec::new(),
            heard: Vec::new(),
        };
        let first = match setup.seat {
            Seat::One => Some(exchange.send(step::COMMIT, &[&schedule::commitment(&start)])),
            Seat::Two => None,
        };
        (exchange, first)
    }

    /// The other side has sent this body, whose first byte is [`EXCHANGE_FORM`].
    ///
    /// # Errors
    /// [`ExchangeError`] if it comes to nothing; this exchange must not be used any more, and the
    /// other side be told with [`ExchangeError::refusal`] unless it said so itself.
    pub fn handle(&mut self, body: &Bytes) -> Result<Progress, ExchangeError> {
        if self.heard.contains(body) {
            return Ok(Progress::Known);
        }
        let [EXCHANGE_FORM, step, payload @ ..] = &body[..] else {
            return Err(ExchangeError::Disturbed);
        };
        let progress = match (*step, self.seat) {
            (step::COMMIT, Seat::Two) if self.commitment.is_none() => {
                let hash = payload.try_into().map_err(|_| ExchangeError::Disturbed)?;
                self.commitment = Some(hash);
                let start = self.start;
                Progress::Send(self.send(step::START, &[&start]))
            }
            (step::START, Seat::One) if self.spake.is_some() => self.handle_start(payload)?,
            (step::REVEAL, Seat::Two) if self.spake.is_some() => self.handle_reveal(payload)?,
            (step::PROVE, Seat::One) => self.handle_proof(payload)?,
            (step::REFUSE, _) => {
                let reason = payload.first().copied().unwrap_or(0);
                return Err(ExchangeError::from_byte(reason));
            }
            _ => return Err(ExchangeError::Disturbed),
        };
        self.heard.push(body.clone());
        Ok(progress)
    }

    /// All that was sent so far, to be sent again to one who may have missed it.
    pub fn repeat(&self) -> impl Iterator<Item = Bytes> {
        self.sent.iter().cloned()
    }

    /// Whether the other side may have tested a guess: it has this side's proof, and hasn't given its
    /// own. Should it leave now, that was a guess that failed.
    #[must_use]
    pub const fn awaits_proof(&self) -> bool {
        self.waiting.is_some()
    }

    /// Seat 1 hears seat 2's start.
    fn handle_start(&mut self, theirs: &[u8]) -> Result<Progress, ExchangeError> {
        let theirs: [u8; START_LEN] = take_start(theirs)?;
        let (transcript, secrets) = self.finish(&theirs)?;
        let proof = secrets.confirmation(Seat::One, &transcript);
        let expected = secrets.confirmation(Seat::Two, &transcript);
        self.waiting = Some((secrets, expected));
        let start = self.start;
        Ok(Progress::Send(self.send(step::REVEAL, &[&start, proof.as_bytes()])))
    }

    /// Seat 2 hears seat 1's start and proof.
    fn handle_reveal(&mut self, payload: &[u8]) -> Result<Progress, ExchangeError> {
        let (theirs, proof) =
            payload.split_at_checked(START_LEN).ok_or(ExchangeError::Disturbed)?;
        let theirs = take_start(theirs)?;
        // Constant time or not makes no difference: both hashes are public.
        if self.commitment != Some(schedule::commitment(&theirs)) {
            return Err(ExchangeError::Disturbed);
        }
        let (transcript, secrets) = self.finish(&theirs)?;
        check(proof, secrets.confirmation(Seat::One, &transcript))?;
        let own = secrets.confirmation(Seat::Two, &transcript);
        let prove = self.send(step::PROVE, &[own.as_bytes()]);
        Ok(Progress::Done(Some(prove), Box::new(self.agreed(&secrets))))
    }

    /// Seat 1 hears seat 2's proof.
    fn handle_proof(&mut self, proof: &[u8]) -> Result<Progress, ExchangeError> {
        let (secrets, expected) = self.waiting.take().ok_or(ExchangeError::Disturbed)?;
        check(proof, expected)?;
        Ok(Progress::Done(None, Box::new(self.agreed(&secrets))))
    }

    fn finish(&mut self, theirs: &[u8; START_LEN]) -> Result<(Transcript, Secrets), ExchangeError> {
        let spake = self.spake.take().ok_or(ExchangeError::Disturbed)?;
        let cipher =
            self.suites.common(Suites::from_byte(theirs[1])).ok_or(ExchangeError::Version)?;
        let message = &theirs[2..];
        refuse_small_order(message)?;
        let shared = Zeroizing::new(spake.finish(message).map_err(|_| ExchangeError::Disturbed)?);
        let shared: Zeroizing<[u8; 32]> =
            Zeroizing::new(shared.as_slice().try_into().map_err(|_| ExchangeError::Disturbed)?);
        let starts: [&[u8]; 2] = match self.seat {
            Seat::One => [&self.start, theirs],
            Seat::Two => [theirs, &self.start],
        };
        let transcript = Transcript::new(&self.room, self.pairing, starts);
        let secrets = Secrets::new(&shared, &transcript, cipher);
        Ok((transcript, secrets))
    }

    fn agreed(&self, secrets: &Secrets) -> Agreed {
        Agreed {
            bodies: SealedBodies::new(secrets, self.seat, self.pairing),
            pipes: secrets.pipes(),
            cipher: secrets.cipher,
            verification: secrets.verification(),
            root: Root(secrets.root()),
            seat: self.seat,
        }
    }

    fn send(&mut self, step: u8, parts: &[&[u8]]) -> Bytes {
        let body = encode(step, parts);
        self.sent.push(body.clone());
        body
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("seat", &self.seat)
            .field("pairing", &self.pairing)
            .field("steps", &(self.sent.len() + self.heard.len()))
            .finish_non_exhaustive()
    }
}

fn encode(step: u8, parts: &[&[u8]]) -> Bytes {
    let mut body = vec![EXCHANGE_FORM, step];
    for part in parts {
        body.extend_from_slice(part);
    }
    Bytes::from(body)
}

fn take_start(bytes: &[u8]) -> Result<[u8; START_LEN], ExchangeError> {
    match bytes.first() {
        Some(&SEAL_VERSION) => bytes.try_into().map_err(|_| ExchangeError::Disturbed),
        Some(_) => Err(ExchangeError::Version),
        None => Err(ExchangeError::Disturbed),
    }
}

/// `spake2` takes any point; one of small order, the identity among them, would take this side's
/// share out of the key.
fn refuse_small_order(message: &[u8]) -> Result<(), ExchangeError> {
    let point = message.get(1..).and_then(|bytes| CompressedEdwardsY::from_slice(bytes).ok());
    match point.and_then(|compressed| compressed.decompress()) {
        Some(point) if !point.is_small_order() => Ok(()),
        Some(_) | None => Err(ExchangeError::Disturbed),
    }
}

/// `blake3::Hash` compares in constant time.
fn check(proof: &[u8], expected: blake3::Hash) -> Result<(), ExchangeError> {
    let proof: [u8; HASH_LEN] = proof.try_into().map_err(|_| ExchangeError::Disturbed)?;
    if blake3::Hash::from_bytes(proof) == expected { Ok(()) } else { Err(ExchangeError::Differ) }
}

#[cfg(test)]
#[path = "exchange_tests.rs"]
mod tests;
