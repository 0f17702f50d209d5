//! Sealed bodies: what goes over the control connection, so that the relay moves it and can't read
//! it.
//!
//! Owns their form. What is inside is [`crate::peer`]'s.
//!
//! ```text
//! body     0x02  number (8)  ciphertext  tag (16)        the number is the nonce's
//! ```
//!
//! Associated data: the frame's kind and the pairing, and for words also their sequence number. So
//! a body can't be passed off as another kind, another pairing's or another message's. Directions
//! have keys of their own. A signal whose number isn't above all before is a replay; words may come
//! again, and their sequence number tells.

use super::cipher::{Opener, Sealer, TAG_LEN};
use super::schedule::{Purpose, Secrets};
use crate::message::{Seat, kind};
use bytes::Bytes;

/// The first byte of a sealed body.
pub const SEALED_FORM: u8 = 0x02;

/// Bytes that sealing adds to a body.
pub const SEALED_OVERHEAD: usize = HEAD_LEN + TAG_LEN;

const HEAD_LEN: usize = 1 + 8;

/// A body that can't be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    /// It isn't sealed.
    #[error(
        "something that isn't sealed came in place of your peer's words and was thrown away; \
         whoever runs the relay may be meddling"
    )]
    NotSealed,
    /// It was altered, or sealed for another place.
    #[error(
        "something your peer sent was altered on the way and was thrown away; whoever runs the \
         relay may be meddling"
    )]
    Altered,
    /// It came before.
    #[error(
        "something your peer sent came a second time and was thrown away; whoever runs the relay \
         may be meddling"
    )]
    Replayed,
}

/// Seals one client's bodies and opens the other's, for one pairing.
#[derive(Debug)]
pub struct SealedBodies {
    pairing: u32,
    words: Sealer,
    signals: Sealer,
    their_words: Opener,
    their_signals: Opener,
    /// The number of the next signal that may come.
    next_signal: u64,
}

impl SealedBodies {
    pub(super) fn new(secrets: &Secrets, seat: Seat, pairing: u32) -> Self {
        let sealer = |purpose| Sealer::new(secrets.cipher, secrets.key(seat, purpose));
        let opener = |purpose| Opener::new(secrets.cipher, secrets.key(seat.other(), purpose));
        Self {
            pairing,
            words: sealer(Purpose::Words),
            signals: sealer(Purpose::Signals),
            their_words: opener(Purpose::Words),
            their_signals: opener(Purpose::Signals),
            next_signal: 0,
        }
    }

    /// Seals the words with this sequence number.
    pub fn seal_words(&mut self, sequence: u64, words: &[u8]) -> Bytes {
        seal(&mut self.words, &words_place(self.pairing, sequence), words)
    }

    /// Seals a signal.
    pub fn seal_signal(&mut self, signal: &[u8]) -> Bytes {
        seal(&mut self.signals, &signal_place(self.pairing), signal)
    }

    /// Opens the peer's words with this sequence number.
    ///
    /// # Errors
    /// [`BodyFault`]; the body must be thrown away.
    pub fn open_words(&self, sequence: u64, body: &[u8]) -> Result<Vec<u8>, BodyFault> {
        open(&self.their_words, &words_place(self.pairing, sequence), body).map(|(_, words)| words)
    }

    /// Opens a signal of the peer's.
    ///
    /// # Errors
    /// [`BodyFault`]; the body must be thrown away.
    pub fn open_signal(&mut self, body: &[u8]) -> Result<Vec<u8>, BodyFault> {
        let (number, signal) = open(&self.their_signals, &signal_place(self.pairing), body)?;
        if number < self.next_signal {
            return Err(BodyFault::Replayed);
        }
        self.next_signal = number.saturating_add(1);
        Ok(signal)
    }
}

fn words_place(pairing: u32, sequence: u64) -> [u8; 13] {
    let mut place = [kind::SAY; 13];
    place[1..5].copy_from_slice(&pairing.to_be_bytes());
    place[5..].copy_from_slice(&sequence.to_be_bytes());
    place
}

fn signal_place(pairing: u32) -> [u8; 5] {
    let mut place = [kind::SIGNAL; 5];
    place[1..].copy_from_slice(&pairing.to_be_bytes());
    place
}

fn seal(sealer: &mut Sealer, place: &[u8], content: &[u8]) -> Bytes {
    let mut body = Vec::with_capacity(content.len() + SEALED_OVERHEAD);
    body.push(SEALED_FORM);
    body.extend_from_slice(&sealer.next_number().to_be_bytes());
    body.extend_from_slice(content);
    let tag = sealer.seal(place, &mut body[HEAD_LEN..]);
    body.extend_from_slice(&tag);
    Bytes::from(body)
}

fn open(opener: &Opener, place: &[u8], body: &[u8]) -> Result<(u64, Vec<u8>), BodyFault> {
    let [SEALED_FORM, rest @ ..] = body else { return Err(BodyFault::NotSealed) };
    let (number, sealed) = rest.split_first_chunk().ok_or(BodyFault::Altered)?;
    let number = u64::from_be_bytes(*number);
    let mut content = sealed.to_vec();
    let len = opener.open(number, place, &mut content).map_err(|_| BodyFault::Altered)?;
    content.truncate(len);
    Ok((number, content))
}
