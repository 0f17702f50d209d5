//! Sealed records: what goes through a pipe, so that nothing on its way can be read, altered, left
//! out, doubled, moved or cut off unnoticed.
//!
//! Owns their form and order. What is inside is a step of a transfer ([`crate::transfer::wire`]):
//! its kind and its body.
//!
//! ```text
//! each end first    salt (32)
//! then records      length (4)  flags (1)  pipe (4)  number (8)  ciphertext  tag (16)
//! ```
//!
//! The length is that of all that follows it; flags: 1 = final, the last record of this direction.
//! `pipe` is a name derived like the keys. Associated data is the 13 bytes from flags to number; the
//! number is the nonce's, counted from 0 in each direction. All numbers are big-endian. Both salts
//! are in the keys, so neither side can be made to use a key twice, whatever the other or the relay
//! repeats.

use super::cipher::{Cipher, KeyBytes, Opener, Sealer, TAG_LEN};
use super::schedule::PipeSecrets;
use crate::limits::MAX_PIPE_BODY;
use crate::message::Seat;
use std::fmt;
use zeroize::Zeroizing;

/// Bytes before a record's ciphertext.
pub const RECORD_HEAD_LEN: usize = 4 + PLACE_LEN;

/// Bytes that each end of a pipe sends first.
pub const SALT_LEN: usize = 32;

/// Flags, pipe and number.
const PLACE_LEN: usize = 1 + 4 + 8;

/// The most that may follow a record's length: a kind, a body, and what sealing adds.
pub const MAX_RECORD: usize = PLACE_LEN + 1 + MAX_PIPE_BODY + TAG_LEN;

const FINAL: u8 = 1;

/// Why a pipe's records can't be trusted any further: what somebody did to them on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Longer or shorter than a record can be.
    #[error("a record of {0} bytes came through the pipe, which none can have")]
    Length(usize),
    /// Of another pipe.
    #[error("a record of another pipe was put into this one")]
    Spliced,
    /// Before its turn: some are missing or in another order.
    #[error("records are missing or in the wrong order (number {got} came, {expected} was next)")]
    OutOfOrder {
        /// The number that was next.
        expected: u64,
        /// The number that came.
        got: u64,
    },
    /// Come before.
    #[error("record {0} came a second time")]
    Replayed(u64),
    /// Altered.
    #[error("record {0} was altered on the way")]
    Altered(u64),
    /// After the final one.
    #[error("something came after the final record")]
    AfterFinal,
    /// The pipe ended without a final one.
    #[error("the pipe was cut off before its final record")]
    CutOff,
}

/// What one pipe's keys are made from; wiped when dropped, `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct PipeKeys {
    pub(super) pipes: KeyBytes,
    pub(super) cipher: Cipher,
    pub(super) seat: Seat,
    pub(super) tag: u64,
    pub(super) salt: Zeroizing<[u8; SALT_LEN]>,
}

impl PipeKeys {
    /// What this end must send first.
    #[must_use]
    pub fn salt(&self) -> [u8; SALT_LEN] {
        *self.salt
    }

    /// The two directions, once the other end's salt has come: what is sealed here, and what is
    /// opened. It can be done once: this end's salt is used up.
    #[must_use]
    pub fn open(self, their_salt: &[u8; SALT_LEN]) -> (RecordSealer, RecordOpener) {
        let salts = match self.seat {
            Seat::One => [&*self.salt, their_salt],
            Seat::Two => [their_salt, &*self.salt],
        };
        let secrets = PipeSecrets::new(&self.pipes, self.tag, salts);
        let pipe = secrets.name();
        let sealer = Sealer::new(self.cipher, secrets.key(self.seat));
        let opener = Opener::new(self.cipher, secrets.key(self.seat.other()));
        (RecordSealer { sealer, pipe }, RecordOpener { opener, pipe, next: 0, is_final: false })
    }
}

impl fmt::Debug for PipeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipeKeys").field("tag", &self.tag).finish_non_exhaustive()
    }
}

/// Seals one direction of a pipe.
#[derive(Debug)]
pub struct RecordSealer {
    sealer: Sealer,
    pipe: [u8; 4],
}

impl RecordSealer {
    /// Makes a record of `buffer`, in place: its first [`RECORD_HEAD_LEN`] bytes are space for the
    /// head, the rest is what is to be sealed, at most a kind and [`MAX_PIPE_BODY`] bytes. With
    /// `is_final` it is the last of this direction.
    pub fn seal(&mut self, is_final: bool, buffer: &mut Vec<u8>) {
        debug_assert!(buffer.len() <= RECORD_HEAD_LEN + 1 + MAX_PIPE_BODY, "no step is longer");
        let len = buffer.len() - 4 + TAG_LEN;
        let (head, content) = buffer.split_at_mut(RECORD_HEAD_LEN);
        head[..4].copy_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
        head[4] = if is_final { FINAL } else { 0 };
        head[5..9].copy_from_slice(&self.pipe);
        head[9..].copy_from_slice(&self.sealer.next_number().to_be_bytes());
        let tag = self.sealer.seal(&head[4..], content);
        buffer.extend_from_slice(&tag);
    }
}

/// Opens the other direction.
#[derive(Debug)]
pub struct RecordOpener {
    opener: Opener,
    pipe: [u8; 4],
    next: u64,
    is_final: bool,
}

impl RecordOpener {
    /// The length of the record whose first four bytes these are: how many bytes follow.
    ///
    /// # Errors
    /// [`RecordError::Length`] if no record can be that long or short.
    pub fn read_length(head: [u8; 4]) -> Result<usize, RecordError> {
        let len = u32::from_be_bytes(head);
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let fits = (PLACE_LEN + TAG_LEN..=MAX_RECORD).contains(&len);
        if fits { Ok(len) } else { Err(RecordError::Length(len)) }
    }

    /// Opens in place what followed a record's length; gives what was sealed.
    ///
    /// # Errors
    /// [`RecordError`]; nothing more may be taken from this pipe then.
    pub fn open<'a>(&mut self, record: &'a mut [u8]) -> Result<&'a mut [u8], RecordError> {
        if self.is_final {
            return Err(RecordError::AfterFinal);
        }
        let len = record.len();
        let (place, sealed) =
            record.split_at_mut_checked(PLACE_LEN).ok_or(RecordError::Length(len))?;
        let number = place.last_chunk().map_or(0, |number| u64::from_be_bytes(*number));
        if place[1..5] != self.pipe {
            return Err(RecordError::Spliced);
        }
        if number < self.next {
            return Err(RecordError::Replayed(number));
        }
        if number > self.next {
            return Err(RecordError::OutOfOrder { expected: self.next, got: number });
        }
        let opened =
            self.opener.open(number, place, sealed).map_err(|_| RecordError::Altered(number))?;
        self.next += 1;
        self.is_final = place[0] & FINAL != 0;
        Ok(&mut sealed[..opened])
    }

    /// The pipe has ended.
    ///
    /// # Errors
    /// [`RecordError::CutOff`] if that came before the final record.
    pub const fn end(&self) -> Result<(), RecordError> {
        if self.is_final { Ok(()) } else { Err(RecordError::CutOff) }
    }

    /// Whether the final record has come.
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        self.is_final
    }
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
