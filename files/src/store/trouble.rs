//! Why something couldn't be done on the disk.
//!
//! Owns the sentences for what a system call says, and what of it can be waited out.

use super::names::MAX_NUMBERED;
use couplet::path::SafePath;
use couplet::text;
use couplet::transfer::offer::OnCollision;
use couplet::transfer::wire::Fault;
use rustix::io::Errno;
use std::io;

/// Why something couldn't be done. Nothing has changed then, and the same can be tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The disk, or the user's share of it, is full: wait for room and try again.
    Full,
    /// It won't work, with the reason for programs and a sentence for people.
    Refused(Fault, String),
}

/// What is said of a full disk where nobody waits for room.
const FULL: &str = "the disk is full; make room and have it offered again";

impl Trouble {
    /// A name, link or kind of thing that isn't made.
    pub(super) fn unlawful(text: impl Into<String>) -> Self {
        Self::Refused(Fault::Unlawful, text.into())
    }

    /// What the system says about making or naming `what`.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only some of the system's errors are told apart"
    )]
    pub(super) fn of(what: &[u8], error: &io::Error) -> Self {
        let what = shown(what);
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => Self::in_the_way(&what),
            io::ErrorKind::InvalidFilename => Self::bad_name(&what),
            io::ErrorKind::FileTooLarge => Self::Refused(
                Fault::Storage,
                format!("{what} is larger than a file may be on this disk; choose another disk"),
            ),
            _ if is(error, Errno::LOOP) => Self::in_the_way(&what),
            _ if is(error, Errno::ILSEQ) => Self::bad_name(&what),
            _ => Self::Refused(
                Fault::Storage,
                format!("{what} can't be written ({error}); mend that and have it offered again"),
            ),
        }
    }

    fn bad_name(what: &str) -> Self {
        Self::unlawful(format!(
            "the disk can't hold the name of {what}; have it sent under another name"
        ))
    }

    fn in_the_way(what: &str) -> Self {
        Self::unlawful(format!(
            "{what} can't be put in its place, since a link or something else that is no folder \
             is in the way; move that away and have it offered again"
        ))
    }

    /// The same as a fault and its sentence, where nobody can wait for room.
    #[must_use]
    pub fn into_fault(self) -> (Fault, String) {
        match self {
            Self::Full => (Fault::Storage, FULL.to_owned()),
            Self::Refused(code, text) => (code, text),
        }
    }
}

/// Why something with a path couldn't be reached or put there.
pub(super) enum Failed {
    /// The system says so.
    System(io::Error),
    /// It is said already.
    Said(Trouble),
}

impl Failed {
    /// What is said of it.
    pub(super) fn at(self, path: &SafePath) -> Trouble {
        match self {
            Self::System(error) => Trouble::of(path.as_bytes(), &error),
            Self::Said(trouble) => trouble,
        }
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Self {
        Self::Said(trouble)
    }
}

/// All names that may be tried are taken.
pub(super) fn taken(path: &SafePath, policy: OnCollision) -> Trouble {
    if policy == OnCollision::Refuse {
        return Trouble::unlawful(format!(
            "there is a {path} already, and nothing is put in its place; choose another name"
        ));
    }
    Trouble::Refused(
        Fault::Storage,
        format!("{path} and its first {MAX_NUMBERED} numbered names are taken; make room there"),
    )
}

/// Whether this is that error.
pub(super) fn is(error: &io::Error, errno: Errno) -> bool {
    error.raw_os_error() == Some(errno.raw_os_error())
}

/// A path or name as it can be shown.
pub(super) fn shown(bytes: &[u8]) -> String {
    text::line(&String::from_utf8_lossy(bytes), 120)
}
