//! What can be wrong with a step, or with a transfer as a whole.

use serde::{Deserialize, Serialize};

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
