//! Sealing: how two clients agree on keys through a relay that they don't trust, and what they do
//! with them.
//!
//! Owns every use of a cipher in couplet. Only clients have it (feature `client`), so that the relay
//! can't read what it moves can be seen from its dependencies.
//!
//! | part | owns |
//! | --- | --- |
//! | [`Password`] | the words of the code, if there is one |
//! | [`Exchange`] | SPAKE2 through signals, the commitment, the proofs |
//! | `schedule` | which key is for what, all from one transcript |
//! | `cipher` | AES-256-GCM and ChaCha20-Poly1305, counters as nonces |
//! | [`SealedBodies`] | says and signals |
//! | [`RecordSealer`], [`RecordOpener`] | what goes through pipes |
//!
//! The exact bytes are in docs/PROTOCOL.md; what they protect from, in docs/SECURITY.md.

mod body;
mod cipher;
mod entropy;
mod exchange;
mod password;
mod record;
mod root;
mod schedule;
#[cfg(test)]
mod vectors;

pub use body::{BodyFault, SEALED_FORM, SEALED_OVERHEAD, SealedBodies};
pub use cipher::{Cipher, Suites, TAG_LEN};
pub use entropy::Entropy;
pub use exchange::{EXCHANGE_FORM, Exchange, ExchangeError, Progress, SEAL_VERSION, Setup, step};
pub use password::Password;
pub use record::{
    MAX_RECORD, PipeKeys, RECORD_HEAD_LEN, RecordError, RecordOpener, RecordSealer, SALT_LEN,
};
pub use root::Root;

use crate::message::Seat;
use cipher::KeyBytes;

/// What an exchange that went well leaves: the keys of one pairing. Wiped when dropped, `Debug`
/// hides them.
pub struct Agreed {
    /// Seals and opens says and signals.
    pub bodies: SealedBodies,
    /// The cipher that both have.
    pub cipher: Cipher,
    /// The number that [`crate::code::verification_words`] makes words of; the same at both sides.
    pub verification: u64,
    /// What only these two know from here on.
    pub root: Root,
    pipes: KeyBytes,
    seat: Seat,
}

impl Agreed {
    /// The keys of one pipe; `entropy` gives this end's salt.
    pub fn pipe(&self, tag: u64, entropy: &mut Entropy) -> PipeKeys {
        PipeKeys {
            pipes: self.pipes.clone(),
            cipher: self.cipher,
            seat: self.seat,
            tag,
            salt: entropy.draw(),
        }
    }
}

impl std::fmt::Debug for Agreed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agreed")
            .field("seat", &self.seat)
            .field("cipher", &self.cipher)
            .finish_non_exhaustive()
    }
}
