//! The steps of a transfer: what the sender says and what the receiver answers.

use super::Fault;
use crate::transfer::entry::{Entry, EntryId};
use crate::transfer::tree::Hash;
use serde::{Deserialize, Serialize};

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
