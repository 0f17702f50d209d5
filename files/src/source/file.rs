//! Where the bytes of an entry are, and reading them.
//!
//! Owns the check that a file stays the one that was offered. Whatever took its place or the place of
//! a folder above it, nothing else is read: what was opened must have the device, inode, size and
//! time of change that were found.

use super::look::{self, Look, Seen};
use super::shown_entry;
use super::stream::{REMEMBERED, Stream, StreamFault};
use couplet::path::SafePath;
use couplet::transfer::wire::Fault;
use couplet::units;
use rustix::fs::{CWD, OFlags};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where an entry's bytes are, and how it looked when it was found.
#[derive(Debug, Clone)]
pub struct Place {
    /// The entry's path, for sentences, and below a root the way to it.
    name: SafePath,
    at: At,
}

#[derive(Debug, Clone)]
enum At {
    Disk {
        way: Way,
        seen: Seen,
    },
    Text(Arc<str>),
    Stream(Arc<Stream>),
    /// A folder, link or twin has no bytes of its own.
    Nowhere,
}

#[derive(Debug, Clone)]
enum Way {
    /// As the user named it. Links are followed.
    Named(PathBuf),
    /// Below this folder, which stands for the first name of the entry's path.
    Below(Arc<OwnedFd>),
    /// In this folder, under the last name of the entry's path.
    In(Arc<OwnedFd>),
}

/// Something that is open for reading. Threads may share it.
#[derive(Debug)]
pub struct OpenSource {
    place: Place,
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    File { file: File, way: Way, seen: Seen, is_sparse: bool },
    Text(Arc<str>),
    Stream(Arc<Stream>),
}

/// Why an entry's bytes can't be had, in a sentence for people: the same for whoever sends it and for
/// whoever receives it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceFault {
    /// It isn't any more what was offered.
    #[error("{0}")]
    Changed(String),
    /// It can't be read.
    #[error("{0}")]
    Unreadable(String),
}

impl SourceFault {
    /// The word for it on the wire.
    #[must_use]
    pub const fn code(&self) -> Fault {
        match self {
            Self::Changed(_) => Fault::SourceChanged,
            Self::Unreadable(_) => Fault::Unreadable,
        }
    }
}

impl Place {
    /// A file that the user named.
    pub(super) const fn named(name: SafePath, path: PathBuf, seen: Seen) -> Self {
        Self { name, at: At::Disk { way: Way::Named(path), seen } }
    }

    /// A file in a folder that the user named.
    pub(super) const fn below(root: Arc<OwnedFd>, name: SafePath, seen: Seen) -> Self {
        Self { name, at: At::Disk { way: Way::Below(root), seen } }
    }

    /// A file in a folder that is open.
    pub(super) const fn inside(folder: Arc<OwnedFd>, name: SafePath, seen: Seen) -> Self {
        Self { name, at: At::Disk { way: Way::In(folder), seen } }
    }

    /// A text.
    pub(super) const fn text(name: SafePath, text: Arc<str>) -> Self {
        Self { name, at: At::Text(text) }
    }

    /// A stream.
    pub(super) const fn stream(name: SafePath, stream: Arc<Stream>) -> Self {
        Self { name, at: At::Stream(stream) }
    }

    /// Of an entry without bytes.
    pub(super) const fn nowhere(name: SafePath) -> Self {
        Self { name, at: At::Nowhere }
    }

    /// Opens it, if it is still the same.
    ///
    /// # Errors
    /// [`SourceFault`] if it isn't, or can't be read.
    pub fn open(&self) -> Result<OpenSource, SourceFault> {
        let bytes = match &self.at {
            At::Disk { way, seen } => {
                let file = way.open(&self.name).map_err(|error| self.fault(error))?;
                let look = Look::of(&file).map_err(|error| self.fault(error))?;
                if look.seen != *seen {
                    return Err(self.changed());
                }
                let (file, is_sparse) = (File::from(file), look.is_sparse());
                Bytes::File { file, way: way.clone(), seen: *seen, is_sparse }
            }
            At::Text(text) => Bytes::Text(Arc::clone(text)),
            At::Stream(stream) => Bytes::Stream(Arc::clone(stream)),
            At::Nowhere => {
                let text = format!("{} is no file and has no bytes to send", self.shown());
                return Err(SourceFault::Unreadable(text));
            }
        };
        Ok(OpenSource { place: self.clone(), bytes })
    }

    fn shown(&self) -> String {
        shown_entry(&self.name)
    }

    fn changed(&self) -> SourceFault {
        SourceFault::Changed(format!(
            "{} has changed since it was offered; it has to be offered again",
            self.shown()
        ))
    }

    fn fault(&self, error: Errno) -> SourceFault {
        let name = self.shown();
        match error {
            Errno::NOENT => SourceFault::Changed(format!(
                "{name} was moved or removed since it was offered; it has to be offered again"
            )),
            // A link, a socket, or a file where a folder was.
            Errno::LOOP | Errno::MLINK | Errno::NXIO | Errno::NOTDIR | Errno::STALE => {
                self.changed()
            }
            Errno::ACCESS | Errno::PERM => SourceFault::Unreadable(format!(
                "{name} can't be read: whoever sends it needs permission (see ls -l) before it is \
                 offered again"
            )),
            error => SourceFault::Unreadable(format!(
                "{name} can't be read ({error}); the disk it is on has to be checked before it is \
                 offered again"
            )),
        }
    }
}

impl Way {
    fn open(&self, name: &SafePath) -> Result<OwnedFd, Errno> {
        match self {
            Self::Named(path) => look::open(CWD, path, OFlags::empty()),
            Self::Below(root) => look::open(root, below_first(name), OFlags::NOFOLLOW),
            Self::In(folder) => look::open(folder, name.last(), OFlags::NOFOLLOW),
        }
    }

    fn look(&self, name: &SafePath) -> Result<Look, Errno> {
        match self {
            Self::Named(path) => Look::at(CWD, path, true),
            Self::Below(root) => Look::at(root, below_first(name), false),
            Self::In(folder) => Look::at(folder, name.last(), false),
        }
    }
}

/// A path without its first name.
fn below_first(path: &SafePath) -> &Path {
    let rest = path.as_bytes().get(path.first().len() + 1..).unwrap_or_default();
    Path::new(OsStr::from_bytes(rest))
}

impl OpenSource {
    /// Fills the buffer with the bytes from `offset` on. Gives how many there were: fewer than asked
    /// for only at the end. Of a stream it waits for them.
    ///
    /// # Errors
    /// [`SourceFault::Changed`] if a file has become shorter, [`SourceFault::Unreadable`] if it can't
    /// be read, or a stream not from so far back.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, SourceFault> {
        match &self.bytes {
            Bytes::File { file, seen, .. } => {
                let len = within(buffer.len(), offset, seen.size);
                self.read_exact_at(file, &mut buffer[..len], offset)?;
                Ok(len)
            }
            Bytes::Text(text) => {
                let len = within(buffer.len(), offset, text.len() as u64);
                let start = usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
                buffer[..len].copy_from_slice(&text.as_bytes()[start..start + len]);
                Ok(len)
            }
            Bytes::Stream(stream) => {
                stream.read_at(buffer, offset).map_err(|fault| self.stream_fault(&fault))
            }
        }
    }

    /// The receiver has all before this offset. A stream needn't remember it.
    pub fn needed_from(&self, offset: u64) {
        if let Bytes::Stream(stream) = &self.bytes {
            stream.needed_from(offset);
        }
    }

    /// How many of the file's bytes from `offset` on are zeros that take no room on disk; 0 if none
    /// are, or nobody knows.
    #[must_use]
    pub fn hole_at(&self, offset: u64) -> u64 {
        match &self.bytes {
            Bytes::File { file, seen, is_sparse: true, .. } if offset < seen.size => {
                data_after(file, offset).map_or(0, |data| data.min(seen.size) - offset)
            }
            Bytes::File { .. } | Bytes::Text(_) | Bytes::Stream(_) => 0,
        }
    }

    /// Whether it is still the same, both what is open and what is where it was found.
    ///
    /// # Errors
    /// [`SourceFault`] if it isn't, or can't be reached.
    pub fn check(&self) -> Result<(), SourceFault> {
        let Bytes::File { file, way, seen, .. } = &self.bytes else { return Ok(()) };
        for look in [Look::of(file), way.look(&self.place.name)] {
            if look.map_err(|error| self.place.fault(error))?.seen != *seen {
                return Err(self.place.changed());
            }
        }
        Ok(())
    }

    /// How many bytes it has; of a stream none until its end was read.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match &self.bytes {
            Bytes::File { seen, .. } => Some(seen.size),
            Bytes::Text(text) => Some(text.len() as u64),
            Bytes::Stream(stream) => stream.size(),
        }
    }

    fn read_exact_at(&self, file: &File, to: &mut [u8], offset: u64) -> Result<(), SourceFault> {
        file.read_exact_at(to, offset).map_err(|error| {
            let name = self.place.shown();
            if error.kind() == io::ErrorKind::UnexpectedEof {
                SourceFault::Changed(format!(
                    "{name} became shorter while it was sent; it has to be offered again"
                ))
            } else {
                SourceFault::Unreadable(format!(
                    "{name} can't be read any more ({error}); the disk it is on has to be checked \
                     before it is offered again"
                ))
            }
        })
    }

    fn stream_fault(&self, fault: &StreamFault) -> SourceFault {
        let name = self.place.shown();
        SourceFault::Unreadable(match fault {
            StreamFault::Forgotten => format!(
                "{name} can't be sent again from so far back, only the last {} of it; start what \
                 gives it once more",
                units::bytes(REMEMBERED)
            ),
            StreamFault::Io(error) => {
                format!("{name} can't be read any more ({error}); start what gives it once more")
            }
        })
    }
}

/// How many of `len` bytes from `offset` on there are in `size`.
fn within(len: usize, offset: u64, size: u64) -> usize {
    usize::try_from(size.saturating_sub(offset)).map_or(len, |left| left.min(len))
}

/// Where the first byte at or after `offset` is that takes room on disk.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn data_after(file: &File, offset: u64) -> Option<u64> {
    match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(offset)) {
        Ok(data) => Some(data),
        // There is none. If the file just became shorter, the check at its end tells.
        Err(Errno::NXIO) => Some(u64::MAX),
        Err(_) => None,
    }
}

/// Elsewhere holes are read like all else.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn data_after(_: &File, _: u64) -> Option<u64> {
    None
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
