//! What `couplet shelf` is to do, and what its shell must do for it.

use super::report::Report;
use crate::engine::shelf::Command;
use couplet::shelf::name::ShelfName;
use std::path::PathBuf;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Task {
    /// Show what matches.
    List {
        /// What the names must match.
        pattern: Option<String>,
        /// Whether hashes aren't waited for.
        quick: bool,
    },
    /// Fetch these names, and what matches these globs.
    Get(Vec<String>),
    /// Lay these down.
    Put(Vec<PathBuf>),
    /// Have these removed.
    Delete(Vec<ShelfName>),
}

/// What the shell must do next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// Ask this of the visit.
    Do(Command),
    /// Tell this.
    Tell(Report),
    /// Find out the password; then `handle_password` or `handle_no_password`.
    Password {
        /// That the last one was wrong, as the relay says.
        wrong: Option<String>,
        /// Whether the relay is met for the first time, so that the user must say whether it is the
        /// right one before a password is sent to it.
        unknown: bool,
    },
    /// It is over, with this status.
    End(u8),
}
