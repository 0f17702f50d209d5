//! The steps of a transfer as bytes: what is inside the sealed records of a pipe.
//!
//! Owns encoding and decoding; what the steps mean is [`super::send`]'s and [`super::receive`]'s, and
//! the records are [`crate::seal`]'s. A record holds one step: its kind (1 byte) and its body.
//! HELLO, CLOSE, ABORT and the answers are JSON, CHUNK has a binary head of 44 bytes so that its
//! data is neither copied nor escaped:
//!
//! ```text
//! chunk    offset (8) size (4) checksum (32) data (size)      all numbers big-endian
//! ```
//!
//! The checksum is the BLAKE3 subtree hash of [`super::tree::group_hash`].

use super::tree::Hash;
use crate::path::SafeName;
use serde::{Deserialize, Serialize};

/// The kinds of steps.
pub mod kind {
    /// Sender: what comes.
    pub const HELLO: u8 = 0x11;
    /// Sender: some of its bytes.
    pub const CHUNK: u8 = 0x12;
    /// Sender: that was all.
    pub const CLOSE: u8 = 0x13;
    /// Sender: it can't be completed.
    pub const ABORT: u8 = 0x14;
    /// Receiver: the answer to a HELLO, CHUNK or CLOSE.
    pub const ANSWER: u8 = 0x15;
}

/// Bytes before a chunk's data.
pub const CHUNK_HEAD_LEN: usize = 8 + 4 + 32;

/// The largest JSON body on a pipe.
pub const MAX_JSON: usize = 16 * 1024;

/// HELLO: what comes through this pipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The file's name.
    pub name: SafeName,
    /// The file's size in bytes.
    pub size: u64,
}

/// The head of a CHUNK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkHead {
    /// Where in the file its data belongs.
    pub offset: u64,
    /// How many bytes of data follow.
    pub size: u32,
    /// [`super::tree::group_hash`] of the data.
    pub checksum: Hash,
}

/// CLOSE: the file is this long and has this hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Close {
    /// Bytes in all.
    pub size: u64,
    /// BLAKE3 of the whole file, as hex.
    #[serde(with = "hex_hash")]
    pub root: Hash,
}

/// What an answer is to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Step {
    /// The HELLO.
    Hello,
    /// The CHUNK at this offset.
    Chunk {
        /// Its offset.
        offset: u64,
    },
    /// The CLOSE.
    Close,
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
        /// To a CLOSE: the name that the file has at the receiver.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A step that has no place here, such as a chunk before the HELLO.
    OutOfOrder,
    /// A HELLO for something else than what was offered.
    NotAsOffered,
    /// A chunk that lies outside the file, or isn't a whole group of it.
    OutOfRange,
    /// A chunk of which some bytes are here already.
    Overlap,
    /// Data that doesn't match its checksum.
    Checksum,
    /// A CLOSE with bytes missing.
    Gap,
    /// A CLOSE with a size or root that isn't the file's.
    Mismatch,
    /// The receiver couldn't write; its disk may be full.
    Storage,
    /// The sender's file changed, shrank, or can't be read.
    SourceChanged,
    /// A fault that this build doesn't know.
    #[serde(other)]
    Unknown,
}

/// A step from the sender, without a chunk's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SenderFrame {
    /// What comes.
    Hello(Hello),
    /// Some bytes; the data follows the head in the same record.
    Chunk(ChunkHead),
    /// That was all.
    Close(Close),
    /// It can't be completed.
    Abort(Abort),
}

/// Bytes on a pipe that are no step of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A kind that has no place on a pipe, or not in this direction.
    #[error("a step of the unknown kind {0:#04x} came through the pipe")]
    UnknownKind(u8),
    /// A chunk whose size isn't that of its data.
    #[error("a chunk said it had {said} bytes and had {had}")]
    ChunkSize {
        /// What its head said.
        said: u32,
        /// What the record had.
        had: usize,
    },
    /// A step that is too short or too long for its kind.
    #[error("a step with a body of {0} bytes is of no length that its kind can have")]
    Length(usize),
    /// JSON that is no step.
    #[error("a step of the transfer can't be read ({0})")]
    Json(String),
}

impl SenderFrame {
    /// Reads a step's body. A chunk's data is what follows the first [`CHUNK_HEAD_LEN`] bytes.
    ///
    /// # Errors
    /// [`WireError`] if it isn't one of these.
    pub fn decode(kind: u8, body: &[u8]) -> Result<Self, WireError> {
        match kind {
            kind::HELLO => from_json(body).map(Self::Hello),
            kind::CLOSE => from_json(body).map(Self::Close),
            kind::ABORT => from_json(body).map(Self::Abort),
            kind::CHUNK => {
                let bytes = body.first_chunk().ok_or(WireError::Length(body.len()))?;
                let head = ChunkHead::from_bytes(bytes);
                let data_len = body.len() - CHUNK_HEAD_LEN;
                if usize::try_from(head.size) == Ok(data_len) {
                    Ok(Self::Chunk(head))
                } else {
                    Err(WireError::ChunkSize { said: head.size, had: data_len })
                }
            }
            unknown => Err(WireError::UnknownKind(unknown)),
        }
    }

    /// Appends kind and body to `out`; after a chunk's, its data must follow.
    ///
    /// # Panics
    /// Never: the JSON has string keys and no failing parts.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Hello(hello) => put_json(kind::HELLO, hello, out),
            Self::Close(close) => put_json(kind::CLOSE, close, out),
            Self::Abort(abort) => put_json(kind::ABORT, abort, out),
            Self::Chunk(head) => {
                out.push(kind::CHUNK);
                out.extend_from_slice(&head.to_bytes());
            }
        }
    }
}

impl Answer {
    /// An answer that it is done.
    #[must_use]
    pub const fn ready(step: Step) -> Self {
        Self::Ready { step, saved_as: None }
    }

    /// An answer that it is refused.
    #[must_use]
    pub fn error(step: Step, code: Fault, text: impl Into<String>) -> Self {
        Self::Error { step, code, text: text.into() }
    }

    /// Reads a step's body.
    ///
    /// # Errors
    /// [`WireError`] if it isn't an answer.
    pub fn decode(kind: u8, body: &[u8]) -> Result<Self, WireError> {
        if kind == kind::ANSWER { from_json(body) } else { Err(WireError::UnknownKind(kind)) }
    }

    /// Appends kind and body to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_json(kind::ANSWER, self, out);
    }
}

impl ChunkHead {
    fn from_bytes(bytes: &[u8; CHUNK_HEAD_LEN]) -> Self {
        let (offset, rest) = bytes.split_first_chunk().expect("eight of 44 bytes");
        let (size, checksum) = rest.split_first_chunk().expect("four of 36 bytes");
        Self {
            offset: u64::from_be_bytes(*offset),
            size: u32::from_be_bytes(*size),
            checksum: *checksum.first_chunk().expect("the 32 bytes that are left"),
        }
    }

    fn to_bytes(self) -> [u8; CHUNK_HEAD_LEN] {
        let mut bytes = [0; CHUNK_HEAD_LEN];
        bytes[..8].copy_from_slice(&self.offset.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.size.to_be_bytes());
        bytes[12..].copy_from_slice(&self.checksum);
        bytes
    }
}

fn from_json<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, WireError> {
    if body.len() > MAX_JSON {
        return Err(WireError::Length(body.len()));
    }
    serde_json::from_slice(body).map_err(|error| WireError::Json(error.to_string()))
}

fn put_json<T: Serialize>(kind: u8, value: &T, out: &mut Vec<u8>) {
    let start = out.len();
    out.push(kind);
    serde_json::to_writer(&mut *out, value).expect("string keys and no failing parts");
    debug_assert!(out.len() - start <= 1 + MAX_JSON, "texts are capped before");
}

mod hex_hash {
    //! A hash as 64 lower-case hex digits.

    use super::Hash;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(hash: &Hash, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(blake3::Hash::from_bytes(*hash).to_hex().as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Hash, D::Error> {
        let hex = String::deserialize(from)?;
        blake3::Hash::from_hex(hex.as_bytes())
            .map(|hash| *hash.as_bytes())
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(frame: &SenderFrame) -> (u8, Vec<u8>) {
        let mut out = Vec::new();
        frame.encode(&mut out);
        (out[0], out[1..].to_vec())
    }

    #[test]
    fn answers_have_the_documented_form() {
        let mut out = Vec::new();
        Answer::ready(Step::Chunk { offset: 1_048_576 }).encode(&mut out);
        let expected = br#"{"answer":"ready","to":"chunk","offset":1048576}"#;
        assert_eq!(&out[1..], expected);
        assert_eq!(out[0], kind::ANSWER);
    }

    proptest! {
        #[test]
        fn frames_come_back_as_they_went(
            offset in any::<u64>(),
            checksum in any::<Hash>(),
            data in prop::collection::vec(any::<u8>(), 0..100),
            size in any::<u64>(),
            text in ".{0,40}",
        ) {
            let name = SafeName::new("a b.txt").expect("a safe name");
            let head = ChunkHead { offset, size: u32::try_from(data.len()).unwrap(), checksum };
            let (kind, mut body) = encoded(&SenderFrame::Chunk(head));
            body.extend_from_slice(&data);
            prop_assert_eq!(SenderFrame::decode(kind, &body), Ok(SenderFrame::Chunk(head)));
            prop_assert_eq!(&body[CHUNK_HEAD_LEN..], &data[..]);
            body.push(0);
            prop_assert!(SenderFrame::decode(kind, &body).is_err());
            for frame in [
                SenderFrame::Hello(Hello { name, size }),
                SenderFrame::Close(Close { size, root: checksum }),
                SenderFrame::Abort(Abort { code: Fault::SourceChanged, text: text.clone() }),
            ] {
                let (kind, body) = encoded(&frame);
                prop_assert_eq!(SenderFrame::decode(kind, &body), Ok(frame));
            }
            for step in [Step::Hello, Step::Chunk { offset }, Step::Close] {
                for answer in [
                    Answer::Ready { step, saved_as: Some(text.clone()) },
                    Answer::error(step, Fault::Gap, text.clone()),
                ] {
                    let mut out = Vec::new();
                    answer.encode(&mut out);
                    prop_assert_eq!(Answer::decode(out[0], &out[1..]), Ok(answer));
                }
            }
        }

        #[test]
        fn random_bodies_never_panic(kind in any::<u8>(), body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = SenderFrame::decode(kind, &body);
            let _ = SenderFrame::decode(kind::CHUNK, &body);
            let _ = SenderFrame::decode(kind::HELLO, &body);
            let _ = Answer::decode(kind::ANSWER, &body);
        }
    }
}
