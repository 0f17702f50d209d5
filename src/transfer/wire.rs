//! The steps of a transfer as bytes: what is inside the sealed records of a pipe.
//!
//! Owns encoding and decoding; the steps themselves are in `step`, what can be wrong with them in
//! `fault`. What they mean is [`super::send`]'s and [`super::receive`]'s, and the records are
//! [`crate::seal`]'s. A record holds one step or several, one behind the other, so that many small
//! files cost one record and one system call:
//!
//! ```text
//! step     kind (1) length (4) body (length)                     all numbers big-endian
//! chunk    entry (8) offset (8) size (4) checksum (32) data
//! hole     entry (8) offset (8) size (8)
//! ```
//!
//! All other bodies are JSON. A chunk's size is that of its bytes in the file; its data is these
//! bytes, or of a [`kind::PACKED`] one their zstd frame. The checksum is the chaining value of
//! [`super::tree::piece_hash`] over the bytes in the file.

mod fault;
mod step;

pub use fault::Fault;
pub use step::{Abort, Answer, ChunkHead, Close, End, Hello, Hole, SenderStep, Skip, Step};

use crate::limits::{GROUP, MAX_PIPE_BODY, MAX_REASON_COLUMNS};
use crate::text;
use serde::{Deserialize, Serialize};

/// The kinds of steps.
pub mod kind {
    /// Sender: an entry comes.
    pub const HELLO: u8 = 0x11;
    /// Sender: some of a file's bytes.
    pub const CHUNK: u8 = 0x12;
    /// Sender: a file is complete.
    pub const CLOSE: u8 = 0x13;
    /// Sender: the transfer can't be completed.
    pub const ABORT: u8 = 0x14;
    /// Receiver: the answer to a HELLO, CHUNK, HOLE, CLOSE, SKIP or END.
    pub const ANSWER: u8 = 0x15;
    /// Sender: some of a file's bytes, compressed.
    pub const PACKED: u8 = 0x16;
    /// Sender: some of a file's bytes, all zero.
    pub const HOLE: u8 = 0x17;
    /// Sender: an entry can't be sent, the others can.
    pub const SKIP: u8 = 0x18;
    /// Sender: that were all entries.
    pub const END: u8 = 0x19;
}

/// Bytes before each step's body.
pub const STEP_HEAD_LEN: usize = 1 + 4;

/// Bytes before a chunk's data.
pub const CHUNK_HEAD_LEN: usize = 8 + 8 + 4 + 32;

/// Bytes of a HOLE's body.
const HOLE_LEN: usize = 8 + 8 + 8;

/// The largest JSON body on a pipe: two paths of the greatest length, each byte escaped.
pub const MAX_JSON: usize = 64 * 1024;

/// Bytes on a pipe that are no step of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A kind that has no place on a pipe, or not in this direction.
    #[error("a step of the unknown kind {0:#04x} came through the pipe")]
    UnknownKind(u8),
    /// A chunk whose size isn't that of its data, or that no chunk can have.
    #[error("a chunk said it had {said} bytes and had {had}")]
    ChunkSize {
        /// What its head said.
        said: u32,
        /// What the record had.
        had: usize,
    },
    /// A step that is too short or too long for its kind, or longer than its record.
    #[error("a step with a body of {0} bytes is of no length that its kind can have")]
    Length(usize),
    /// JSON that is no step.
    #[error("a step of the transfer can't be read ({0})")]
    Json(String),
}

/// The steps of one record, as kind and body.
///
/// ```
/// use couplet::transfer::wire::{StepReader, WireError};
/// let record = [0x19, 0, 0, 0, 2, b'{', b'}', 0x11, 0, 0, 0, 9];
/// let mut steps = StepReader::new(&record);
/// assert_eq!(steps.next(), Some(Ok((0x19, &b"{}"[..]))));
/// assert_eq!(steps.next(), Some(Err(WireError::Length(9))));
/// assert_eq!(steps.next(), None);
/// ```
#[derive(Debug)]
pub struct StepReader<'a> {
    rest: &'a [u8],
}

impl<'a> StepReader<'a> {
    /// The steps in a record's plaintext.
    #[must_use]
    pub const fn new(record: &'a [u8]) -> Self {
        Self { rest: record }
    }
}

impl<'a> Iterator for StepReader<'a> {
    type Item = Result<(u8, &'a [u8]), WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = std::mem::take(&mut self.rest);
        let (kind, after) = rest.split_first()?;
        let Some((len, after)) = after.split_first_chunk() else {
            return Some(Err(WireError::Length(0)));
        };
        let len = usize::try_from(u32::from_be_bytes(*len)).unwrap_or(usize::MAX);
        let Some((body, next)) = after.split_at_checked(len) else {
            return Some(Err(WireError::Length(len)));
        };
        self.rest = next;
        Some(Ok((*kind, body)))
    }
}

impl<'a> SenderStep<'a> {
    /// Reads a step.
    ///
    /// # Errors
    /// [`WireError`] if it isn't one of these.
    pub fn decode(kind: u8, body: &'a [u8]) -> Result<Self, WireError> {
        match kind {
            kind::HELLO => from_json(body).map(Self::Hello),
            kind::CLOSE => from_json(body).map(Self::Close),
            kind::SKIP => from_json(body).map(Self::Skip),
            kind::END => from_json(body).map(Self::End),
            kind::ABORT => from_json(body).map(Self::Abort),
            kind::CHUNK | kind::PACKED => {
                let (bytes, data) = body
                    .split_first_chunk::<CHUNK_HEAD_LEN>()
                    .ok_or(WireError::Length(body.len()))?;
                let head = ChunkHead::from_bytes(bytes);
                let packed = kind == kind::PACKED;
                let fits =
                    if packed { data.len() <= MAX_PIPE_BODY } else { head.len() == data.len() };
                if fits && u64::from(head.size) <= GROUP {
                    Ok(Self::Chunk { head, packed, data })
                } else {
                    Err(WireError::ChunkSize { said: head.size, had: data.len() })
                }
            }
            kind::HOLE => {
                let bytes: &[u8; HOLE_LEN] =
                    body.try_into().map_err(|_| WireError::Length(body.len()))?;
                let (entry, rest) = number(bytes);
                let (offset, rest) = number(rest);
                let (size, _) = number(rest);
                Ok(Self::Hole(Hole { entry, offset, size }))
            }
            unknown => Err(WireError::UnknownKind(unknown)),
        }
    }

    /// Appends the step to `out`.
    ///
    /// # Panics
    /// Never: the JSON has string keys and no failing parts.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Hello(hello) => put_json(kind::HELLO, hello, out),
            Self::Close(close) => put_json(kind::CLOSE, close, out),
            Self::Skip(skip) => put_json(kind::SKIP, skip, out),
            Self::End(end) => put_json(kind::END, end, out),
            Self::Abort(abort) => put_json(kind::ABORT, abort, out),
            Self::Chunk { head, packed, data } => {
                head.encode_before(*packed, data.len(), out);
                out.extend_from_slice(data);
            }
            Self::Hole(hole) => {
                out.extend_from_slice(&step_head(kind::HOLE, HOLE_LEN));
                for number in [hole.entry, hole.offset, hole.size] {
                    out.extend_from_slice(&number.to_be_bytes());
                }
            }
        }
    }
}

impl ChunkHead {
    /// Appends all of a chunk but its `data` bytes of data, which must follow.
    pub fn encode_before(&self, packed: bool, data: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes_before(packed, data));
    }

    /// The bytes of a chunk before its `data` bytes of data.
    #[must_use]
    pub fn bytes_before(&self, packed: bool, data: usize) -> [u8; STEP_HEAD_LEN + CHUNK_HEAD_LEN] {
        let kind = if packed { kind::PACKED } else { kind::CHUNK };
        let mut bytes = [0; STEP_HEAD_LEN + CHUNK_HEAD_LEN];
        bytes[..5].copy_from_slice(&step_head(kind, CHUNK_HEAD_LEN + data));
        bytes[5..13].copy_from_slice(&self.entry.to_be_bytes());
        bytes[13..21].copy_from_slice(&self.offset.to_be_bytes());
        bytes[21..25].copy_from_slice(&self.size.to_be_bytes());
        bytes[25..].copy_from_slice(&self.checksum);
        bytes
    }

    fn from_bytes(bytes: &[u8; CHUNK_HEAD_LEN]) -> Self {
        let (entry, rest) = number(bytes);
        let (offset, rest) = number(rest);
        let (size, checksum) = rest.split_first_chunk().expect("four of 36 bytes");
        Self {
            entry,
            offset,
            size: u32::from_be_bytes(*size),
            checksum: *checksum.first_chunk().expect("the 32 bytes that are left"),
        }
    }
}

impl Answer {
    /// Reads a step.
    ///
    /// # Errors
    /// [`WireError`] if it isn't an answer.
    pub fn decode(kind: u8, body: &[u8]) -> Result<Self, WireError> {
        if kind == kind::ANSWER { from_json(body) } else { Err(WireError::UnknownKind(kind)) }
    }

    /// Appends the step to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_json(kind::ANSWER, self, out);
    }
}

fn step_head(kind: u8, len: usize) -> [u8; STEP_HEAD_LEN] {
    let mut head = [kind; STEP_HEAD_LEN];
    head[1..].copy_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
    head
}

/// The first eight bytes as a number, and the rest. There must be so many.
fn number(bytes: &[u8]) -> (u64, &[u8]) {
    let (first, rest) = bytes.split_first_chunk().expect("eight bytes");
    (u64::from_be_bytes(*first), rest)
}

fn from_json<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, WireError> {
    if body.len() > MAX_JSON {
        return Err(WireError::Length(body.len()));
    }
    serde_json::from_slice(body).map_err(|error| {
        // It may quote what can't be read, and that is the peer's.
        WireError::Json(text::line(&error.to_string(), MAX_REASON_COLUMNS))
    })
}

fn put_json<T: Serialize>(kind: u8, value: &T, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&step_head(kind, 0));
    serde_json::to_writer(&mut *out, value).expect("string keys and no failing parts");
    let len = out.len() - start - STEP_HEAD_LEN;
    debug_assert!(len <= MAX_JSON, "texts are capped before");
    out[start..start + STEP_HEAD_LEN].copy_from_slice(&step_head(kind, len));
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
