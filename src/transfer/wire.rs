//! The steps of a transfer as bytes: what is inside the sealed records of a pipe.
//!
//! Owns encoding and decoding; what the steps mean is [`super::send`]'s and [`super::receive`]'s, and
//! the records are [`crate::seal`]'s. A record holds one step or several, one behind the other, so
//! that many small files cost one record and one system call:
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

use super::entry::{Entry, EntryId};
use super::tree::Hash;
use crate::limits::{GROUP, MAX_PIPE_BODY};
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

/// HELLO: an entry comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Its number.
    pub entry: EntryId,
    /// Whether the sender wants to know what of it is there already before it sends any of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ask: bool,
    /// What it is.
    #[serde(flatten)]
    pub what: Entry,
}

/// The head of a CHUNK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkHead {
    /// The file.
    pub entry: EntryId,
    /// Where in the file its bytes belong.
    pub offset: u64,
    /// How many bytes of the file it is.
    pub size: u32,
    /// The chaining value of these bytes.
    pub checksum: Hash,
}

/// HOLE: these bytes of a file are zero. Whole groups, however many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hole {
    /// The file.
    pub entry: EntryId,
    /// The first byte.
    pub offset: u64,
    /// How many.
    pub size: u64,
}

/// CLOSE: the file is this long and has this hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Close {
    /// The file.
    pub entry: EntryId,
    /// Bytes in all.
    pub size: u64,
    /// BLAKE3 of the whole file, as hex.
    #[serde(with = "hex_hash")]
    pub root: Hash,
}

/// SKIP: an entry can't be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    /// Its number.
    pub entry: EntryId,
    /// Why, for programs.
    pub code: Fault,
    /// Why, for people.
    pub text: String,
}

/// END: that were all entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// How many there were.
    pub entries: u64,
}

/// What an answer is to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Step {
    /// The HELLO of an entry.
    Hello {
        /// Which.
        entry: EntryId,
    },
    /// The CHUNK or HOLE of a file at this offset.
    Chunk {
        /// The file.
        entry: EntryId,
        /// Its offset.
        offset: u64,
    },
    /// The CLOSE of a file, or the SKIP of an entry.
    Close {
        /// Which.
        entry: EntryId,
    },
    /// The END.
    End,
}

/// The receiver's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// It is done.
    Ready {
        /// To what.
        #[serde(flatten)]
        step: Step,
        /// To the HELLO of a file: the bytes that are held already, as start and end (exclusive).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        held: Vec<(u64, u64)>,
        /// To a HELLO: the entry is there, as it should be, and nothing more of it is needed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        done: bool,
        /// To END: the name that it has at the receiver.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        saved_as: Option<String>,
    },
    /// It is refused.
    Error {
        /// To what.
        #[serde(flatten)]
        step: Step,
        /// What was refused, for programs.
        code: Fault,
        /// What was wrong, for people.
        text: String,
    },
}

/// ABORT: the sender can't complete the transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abort {
    /// Why, for programs.
    pub code: Fault,
    /// Why, for people.
    pub text: String,
}

/// What can be wrong with a step, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A step that has no place here, such as a chunk before the HELLO.
    OutOfOrder,
    /// A HELLO for something else than what was offered, or for more.
    NotAsOffered,
    /// A chunk that lies outside the file, or isn't a whole piece of it.
    OutOfRange,
    /// A chunk of which some bytes are here already.
    Overlap,
    /// Data that doesn't match its checksum, or can't be unpacked.
    Checksum,
    /// A CLOSE with bytes missing.
    Gap,
    /// A CLOSE with a size or root that isn't the file's.
    Mismatch,
    /// Another transfer is writing this name.
    InTransit,
    /// A name, link or kind of entry that the receiver doesn't make.
    Unlawful,
    /// The receiver couldn't write.
    Storage,
    /// The sender's file changed, shrank, or can't be read.
    SourceChanged,
    /// The sender's file can't be read at all.
    Unreadable,
    /// A fault that this build doesn't know.
    #[serde(other)]
    Unknown,
}

impl Fault {
    /// Whether it concerns one entry, which is left out then, and not the whole transfer.
    #[must_use]
    pub const fn concerns_entry(self) -> bool {
        matches!(self, Self::Unlawful | Self::InTransit | Self::SourceChanged | Self::Unreadable)
    }
}

/// A step from the sender. A chunk's data stays where it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SenderStep<'a> {
    /// An entry comes.
    Hello(Hello),
    /// Some bytes of a file; with `packed` their zstd frame.
    Chunk {
        /// Where they belong.
        head: ChunkHead,
        /// Whether they are compressed.
        packed: bool,
        /// The bytes.
        data: &'a [u8],
    },
    /// Bytes that are zero.
    Hole(Hole),
    /// A file is complete.
    Close(Close),
    /// An entry is left out.
    Skip(Skip),
    /// That were all.
    End(End),
    /// The transfer can't be completed.
    Abort(Abort),
}

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
    /// How many bytes of the file it is.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::try_from(self.size).unwrap_or(usize::MAX)
    }

    /// Whether it has none, as no good chunk.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.size == 0
    }

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
    /// An answer that it is done.
    #[must_use]
    pub const fn ready(step: Step) -> Self {
        Self::Ready { step, held: Vec::new(), done: false, saved_as: None }
    }

    /// An answer that it is refused.
    #[must_use]
    pub fn error(step: Step, code: Fault, text: impl Into<String>) -> Self {
        Self::Error { step, code, text: text.into() }
    }

    /// What it answers.
    #[must_use]
    pub const fn step(&self) -> Step {
        match self {
            Self::Ready { step, .. } | Self::Error { step, .. } => *step,
        }
    }

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
    serde_json::from_slice(body).map_err(|error| WireError::Json(error.to_string()))
}

fn put_json<T: Serialize>(kind: u8, value: &T, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&step_head(kind, 0));
    serde_json::to_writer(&mut *out, value).expect("string keys and no failing parts");
    let len = out.len() - start - STEP_HEAD_LEN;
    debug_assert!(len <= MAX_JSON, "texts are capped before");
    out[start..start + STEP_HEAD_LEN].copy_from_slice(&step_head(kind, len));
}

mod hex_hash {
    //! A hash as 64 lower-case hex digits.

    use super::Hash;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(hash: &Hash, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(blake3::Hash::from_bytes(*hash).to_hex().as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Hash, D::Error> {
        let hex = std::borrow::Cow::<str>::deserialize(from)?;
        blake3::Hash::from_hex(hex.as_bytes())
            .map(|hash| *hash.as_bytes())
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
