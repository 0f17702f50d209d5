//! What a transfer consists of: files, folders and links, each with its place and looks.
//!
//! Owns the words for them; the order in which they come is the sender's, and what is lawful where
//! is [`super::receive`]'s. A transfer of one file is a tree of one entry.

use crate::path::{RawName, SafePath};
use serde::{Deserialize, Serialize};

/// An entry's number in its transfer: 0 for the first, without gaps.
pub type EntryId = u64;

/// One entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where it is. The first name is that of the file or folder that was offered.
    pub path: SafePath,
    /// What it is.
    #[serde(flatten)]
    pub kind: EntryKind,
    /// Who may do what with it, as the lowest nine bits of a Unix mode; none keeps the usual ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// When it was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtime: Option<Stamp>,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum EntryKind {
    /// A file with bytes.
    File {
        /// How many; none if that is known only at its end, as of a stream.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
    },
    /// A folder.
    Folder,
    /// A symbolic link.
    Link {
        /// What it says, as it stands there.
        target: RawName,
    },
    /// Another name of a file that came before.
    Twin {
        /// That file's path.
        of: SafePath,
    },
}

/// A time of a file system: seconds since 1970 (UTC) and nanoseconds, as `[secs, nanos]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp(pub i64, pub u32);

impl Entry {
    /// The size of a file if it is known; `None` also for what is no file.
    #[must_use]
    pub const fn size(&self) -> Option<u64> {
        match self.kind {
            EntryKind::File { size } => size,
            EntryKind::Folder | EntryKind::Link { .. } | EntryKind::Twin { .. } => None,
        }
    }

    /// Whether it is a file with bytes of its own.
    #[must_use]
    pub const fn is_file(&self) -> bool {
        matches!(self.kind, EntryKind::File { .. })
    }
}
