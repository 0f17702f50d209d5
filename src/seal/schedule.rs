//! The key schedule: everything that is derived from one exchange.
//!
//! Owns which key is for what. Every key is BLAKE3's `derive_key` (BLAKE3 specification, section
//! 2.3) with a context of its own, so no key tells anything about another. The exact bytes are in
//! docs/PROTOCOL.md, "Keys", and its test vectors are checked.

use super::cipher::{Cipher, KeyBytes};
use crate::message::Seat;
use zeroize::Zeroizing;

/// All that both clients must agree on for their keys to be the same: who meets where, and every
/// byte that was exchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Transcript(Vec<u8>);

impl Transcript {
    /// The transcript of an exchange in `room` (empty for a room without a name) in this pairing.
    pub(super) fn new(room: &str, pairing: u32, starts: [&[u8]; 2]) -> Self {
        let mut bytes = b"couplet 1 exchange".to_vec();
        // A room's name has at most 64 bytes.
        bytes.push(u8::try_from(room.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(room.as_bytes());
        bytes.extend_from_slice(&pairing.to_be_bytes());
        for start in starts {
            bytes.extend_from_slice(start);
        }
        Self(bytes)
    }
}

/// What one exchange gives.
pub(super) struct Secrets {
    secret: Zeroizing<[u8; 32]>,
    /// The cipher of everything that is sealed.
    pub(super) cipher: Cipher,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Bodies of says.
    Words,
    /// Bodies of signals.
    Signals,
}

impl Secrets {
    /// From the shared key of SPAKE2 and the whole transcript.
    pub(super) fn new(shared: &[u8; 32], transcript: &Transcript, cipher: Cipher) -> Self {
        let material = Zeroizing::new([&shared[..], &transcript.0].concat());
        let secret = blake3::derive_key("couplet 1 session secret", &material);
        Self { secret: Zeroizing::new(secret), cipher }
    }

    /// What the client in `seat` shows to prove that it has the same secret.
    pub(super) fn confirmation(&self, seat: Seat, transcript: &Transcript) -> blake3::Hash {
        let key = self.derive(match seat {
            Seat::One => "couplet 1 confirmation of seat 1",
            Seat::Two => "couplet 1 confirmation of seat 2",
        });
        blake3::keyed_hash(&key, &transcript.0)
    }

    /// The key for what the client in `seat` seals.
    pub(super) fn key(&self, seat: Seat, purpose: Purpose) -> KeyBytes {
        self.derive(match (purpose, seat) {
            (Purpose::Words, Seat::One) => "couplet 1 words from seat 1",
            (Purpose::Words, Seat::Two) => "couplet 1 words from seat 2",
            (Purpose::Signals, Seat::One) => "couplet 1 signals from seat 1",
            (Purpose::Signals, Seat::Two) => "couplet 1 signals from seat 2",
        })
    }

    /// What the keys of all pipes are derived from.
    pub(super) fn pipes(&self) -> KeyBytes {
        self.derive("couplet 1 pipes")
    }

    /// The number that becomes the verification words.
    pub(super) fn verification(&self) -> u64 {
        let derived = self.derive("couplet 1 verification words");
        u64::from_be_bytes(*derived.first_chunk().expect("eight of 32 bytes"))
    }

    /// What these two know of each other from here on, whatever keys they agree on later.
    pub(super) fn root(&self) -> KeyBytes {
        self.derive("couplet 1 root")
    }

    fn derive(&self, context: &str) -> KeyBytes {
        Zeroizing::new(blake3::derive_key(context, &*self.secret))
    }
}

/// The keys of one pipe, once both ends' salts are known.
pub(super) struct PipeSecrets {
    material: Zeroizing<Vec<u8>>,
}

impl PipeSecrets {
    /// Of the pipe with this tag, whose ends chose these salts, that of seat 1 first.
    pub(super) fn new(pipes: &[u8; 32], tag: u64, salts: [&[u8; 32]; 2]) -> Self {
        let material = [&pipes[..], &tag.to_be_bytes(), salts[0], salts[1]].concat();
        Self { material: Zeroizing::new(material) }
    }

    /// The key for the records from the client in `seat`.
    pub(super) fn key(&self, seat: Seat) -> KeyBytes {
        Zeroizing::new(blake3::derive_key(
            match seat {
                Seat::One => "couplet 1 pipe from seat 1",
                Seat::Two => "couplet 1 pipe from seat 2",
            },
            &self.material,
        ))
    }

    /// What tells the records of this pipe from those of another; no secret.
    pub(super) fn name(&self) -> [u8; 4] {
        let derived = blake3::derive_key("couplet 1 name of a pipe", &self.material);
        *derived.first_chunk().expect("four of 32 bytes")
    }
}

/// What seat 1 commits itself to before it has seen anything of seat 2.
pub(super) fn commitment(start: &[u8]) -> [u8; 32] {
    blake3::derive_key("couplet 1 commitment", start)
}
