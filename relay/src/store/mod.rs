//! Where the relay keeps its rooms' records, so that rooms outlive it.
//!
//! Owns the one trait of all stores, what can go wrong with any of them, and the words for it. When
//! something is written is [`keeper`]'s, the database in the relay's data directory [`embedded`]'s.
//! What is in a record isn't known here: to a store records are bytes.

pub(crate) mod embedded;
pub(crate) mod keeper;
#[cfg(test)]
pub(crate) mod memory;
mod pace;

use std::error::Error;
use std::fmt::Debug;

/// What is to be different in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// The room's record is this one, whatever it was.
    Put {
        /// The room.
        room: u64,
        /// Its record.
        record: Vec<u8>,
    },
    /// The room has no record any more; it needn't have had one.
    Remove {
        /// The room.
        room: u64,
    },
}

/// Records of rooms by number, kept where the relay's end doesn't reach them.
///
/// It blocks and belongs to one thread, the [`keeper`]'s; only [`Self::load`] is for the start.
pub(crate) trait Store: Debug + Send {
    /// All records.
    ///
    /// # Errors
    /// [`StoreError`].
    fn load(&mut self) -> Result<Vec<(u64, Vec<u8>)>, StoreError>;

    /// Carries out all of the changes in their order, or none. Once it has returned they survive
    /// the sudden end of this process (`SIGKILL`, a panic); each store says what they survive
    /// beyond that.
    ///
    /// # Errors
    /// [`StoreError`]; then the store is as it was, and may be asked again.
    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError>;
}

/// What any library gives as its reason.
pub(crate) type Reason = Box<dyn Error + Send + Sync>;

/// A store that can't be used. Each says what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// Somebody else has it open.
    #[error("{0} is in use by another relay; give each a directory of its own with --data")]
    Locked(String),
    /// What is in it makes no sense.
    #[error(
        "{path} is broken ({reason}); start the relay anew, which moves it aside and begins another"
    )]
    Broken {
        /// The file.
        path: String,
        /// What the library says.
        reason: Reason,
    },
    /// A later relay wrote it.
    #[error(
        "{path} was written by a later version of couplet-relay (format {found}, this one knows {known}); run that version, or give another directory with --data"
    )]
    Later {
        /// The file.
        path: String,
        /// Its format.
        found: i64,
        /// The latest format that this relay knows.
        known: i64,
    },
    /// It, or the directory it is to be in, may not be written.
    #[error(
        "{path} can't be written ({reason}); name a directory where the relay may write with --data DIR"
    )]
    NotWritable {
        /// The file or the directory.
        path: String,
        /// What the operating system or the library says.
        reason: Reason,
    },
    /// No room on the disk.
    #[error("there is no space left for {0}; free some on its disk")]
    Full(String),
    /// Anything else.
    #[error(
        "{path} can't be used ({reason}); see to its disk, or give another directory with --data"
    )]
    Other {
        /// The file.
        path: String,
        /// What the library says.
        reason: Reason,
    },
}

/// A store that can be used, though not as it was found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreWarning {
    /// What was in it is lost to the relay.
    #[error(
        "the record of rooms in {path} was broken ({reason}), so it is kept as {aside} and a new one begun: earlier rooms are gone, those who meet now aren't concerned"
    )]
    BegunAnew {
        /// The file.
        path: String,
        /// Where the broken one is now.
        aside: String,
        /// What was wrong with it.
        reason: Reason,
    },
}
