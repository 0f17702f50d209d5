//! How something on disk looks, and opening it without surprises.
//!
//! Owns what is asked of the operating system about a file, and what tells that it is still the
//! same one.

use couplet::path::SafePath;
use couplet::transfer::entry::{Entry, EntryKind, Stamp};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, openat, statat};
use rustix::io::{Errno, retry_on_intr};
use rustix::path::Arg;
use std::os::fd::{AsFd, OwnedFd};

/// How something looked when it was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// What it is.
    pub(super) kind: FileType,
    /// What tells it from others.
    pub(super) seen: Seen,
    /// How many names the file has.
    pub(super) names: u64,
    mode: u32,
    /// How much of the disk it takes, in blocks of 512 bytes.
    blocks: u64,
}

/// What tells that a file is still the same. Not when its inode was changed: a new name or other
/// permissions don't matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// The file system it is on.
    pub(super) device: u64,
    /// Its number there.
    pub(super) inode: u64,
    /// Its size in bytes.
    pub(super) size: u64,
    /// When it was changed.
    pub(super) mtime: Stamp,
}

impl Look {
    /// How an open file looks.
    pub(super) fn of(file: &impl AsFd) -> Result<Self, Errno> {
        fstat(file).map(|stat| Self::from(&stat))
    }

    /// How what a path leads to looks; of a link itself unless it is to be followed.
    pub(super) fn at(folder: impl AsFd, path: impl Arg, follow: bool) -> Result<Self, Errno> {
        let flags = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
        statat(folder, path, flags).map(|stat| Self::from(&stat))
    }

    /// An entry that looks so.
    pub(super) fn entry(&self, path: SafePath, kind: EntryKind) -> Entry {
        // A link's permissions are those of what it leads to, and a twin looks like the first.
        let (mode, mtime) = match kind {
            EntryKind::File { .. } | EntryKind::Folder => (Some(self.mode), Some(self.seen.mtime)),
            EntryKind::Link { .. } => (None, Some(self.seen.mtime)),
            EntryKind::Twin { .. } => (None, None),
        };
        Entry { path, kind, mode, mtime }
    }

    /// How much of the disk the bytes of the file take.
    pub(super) fn on_disk(&self) -> u64 {
        self.blocks.saturating_mul(512).min(self.seen.size)
    }

    /// Whether a part of the file takes no room on disk, because it is a hole or compressed.
    pub(super) const fn is_sparse(&self) -> bool {
        self.blocks.saturating_mul(512) < self.seen.size
    }
}

impl From<&Stat> for Look {
    #[allow(
        clippy::cast_lossless,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::unnecessary_cast,
        reason = "the types of these fields are others on each system, and none is too large"
    )]
    fn from(stat: &Stat) -> Self {
        Self {
            kind: FileType::from_raw_mode(stat.st_mode),
            seen: Seen {
                device: stat.st_dev as u64,
                inode: stat.st_ino as u64,
                size: stat.st_size as u64,
                mtime: Stamp(stat.st_mtime as i64, stat.st_mtime_nsec as u32),
            },
            names: stat.st_nlink as u64,
            mode: stat.st_mode as u32 & 0o777,
            blocks: stat.st_blocks as u64,
        }
    }
}

/// Opens for reading, without waiting for the other end of a named pipe that took the file's place.
pub(super) fn open(folder: impl AsFd, path: impl Arg, more: OFlags) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY | more;
    path.into_with_c_str(|path| retry_on_intr(|| openat(&folder, path, flags, Mode::empty())))
}
