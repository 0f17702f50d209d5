//! Folders as handles: every name is looked up in one, one name at a time, and no link is followed.
//!
//! Owns the system calls on names. Since nothing here takes a path of more than one name, nothing
//! can lead outside of the folder it begins at, whatever is in the way or is put there meanwhile.

use couplet::path::MAX_PATH_PARTS;
use couplet::transfer::entry::Stamp;
use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, RenameFlags, Stat, Timespec, Timestamps, UTIME_OMIT,
};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// The bits of a mode that a sender may set.
pub(super) const MODE_BITS: u32 = 0o777;

/// The rights of the owner to a folder: what it takes to go on working in it.
pub(super) const OWNER: u32 = 0o700;

/// How deep what is removed may be: deeper than anything that comes.
const MAX_DEPTH: usize = 4 * MAX_PATH_PARTS;

/// An open folder.
#[derive(Debug)]
pub struct Folder {
    fd: OwnedFd,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
pub struct Looked {
    /// What it is.
    pub kind: FileType,
    /// Bytes.
    pub size: u64,
    /// Who may read, write and enter it: the lowest nine bits.
    pub mode: u32,
    /// When its bytes were changed, as its owner says.
    pub mtime: Stamp,
    /// When anything about it was changed, as the system says.
    pub ctime: Stamp,
    /// Who it belongs to.
    pub owner: u32,
    /// Device and inode: what makes it that one and no other.
    pub identity: (u64, u64),
}

impl Looked {
    fn new(stat: &Stat) -> Self {
        Self {
            kind: FileType::from_raw_mode(stat.st_mode),
            size: u64::try_from(stat.st_size).unwrap_or(0),
            mode: stat.st_mode & MODE_BITS,
            mtime: Stamp(stat.st_mtime, u32::try_from(stat.st_mtime_nsec).unwrap_or(0)),
            ctime: Stamp(stat.st_ctime, u32::try_from(stat.st_ctime_nsec).unwrap_or(0)),
            owner: stat.st_uid,
            identity: (stat.st_dev, stat.st_ino),
        }
    }

    /// Whether it is a folder.
    pub(super) fn is_folder(&self) -> bool {
        self.kind == FileType::Directory
    }

    /// Whether it is a file of this size and time, as far as this disk's clock is fine.
    pub(super) fn is_file_of(&self, size: u64, mtime: Stamp) -> bool {
        let Stamp(secs, nanos) = mtime;
        let same_time = self.mtime.0 == secs
            && [1, 100, 1000, 1_000_000_000]
                .iter()
                .any(|grain| self.mtime.1 == nanos - nanos % grain);
        self.kind == FileType::RegularFile && self.size == size && same_time
    }
}

impl Folder {
    /// Opens the folder that all begins at. It is the user's own word, which may lead through links.
    ///
    /// # Errors
    /// What the system says.
    pub fn root(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { fd: rustix::fs::openat(CWD, path, flags, Mode::empty())? })
    }

    /// Opens a folder in it; a link is none.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(&self, name: &[u8]) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Self { fd: rustix::fs::openat(&self.fd, name, flags, Mode::empty())? })
    }

    /// Another handle of it.
    ///
    /// # Errors
    /// What the system says.
    pub fn again(&self) -> io::Result<Self> {
        Ok(Self { fd: self.fd.try_clone()? })
    }

    /// Makes a folder in it.
    ///
    /// # Errors
    /// What the system says.
    pub fn make(&self, name: &[u8], mode: u32) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(&self.fd, name, Mode::from_raw_mode(mode & MODE_BITS))?)
    }

    /// Opens a file in it, with `flags` beside those that keep links out.
    ///
    /// # Errors
    /// What the system says.
    pub fn file(&self, name: impl AsRef<[u8]>, flags: OFlags, mode: u32) -> io::Result<File> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(mode & MODE_BITS);
        Ok(File::from(rustix::fs::openat(&self.fd, name.as_ref(), flags, mode)?))
    }

    /// What a name in it stands for; of a link the link itself.
    ///
    /// # Errors
    /// What the system says.
    pub fn look(&self, name: &[u8]) -> io::Result<Looked> {
        let stat = rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(Looked::new(&stat))
    }

    /// What it is itself.
    ///
    /// # Errors
    /// What the system says.
    pub fn look_at_itself(&self) -> io::Result<Looked> {
        look(self)
    }

    /// Whether it was removed; a handle works on, and nothing can be put there.
    pub(super) fn is_gone(&self) -> bool {
        rustix::fs::fstat(&self.fd).is_ok_and(|stat| stat.st_nlink == 0)
    }

    /// Where a link in it leads.
    pub(super) fn link_target(&self, name: &[u8]) -> io::Result<Vec<u8>> {
        Ok(rustix::fs::readlinkat(&self.fd, name, Vec::new())?.into_bytes())
    }

    /// Makes a link in it.
    pub(super) fn make_link(&self, name: &str, target: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::symlinkat(target, &self.fd, name)?)
    }

    /// Makes `name` in `to` another name of the file `of` in it; a link is never followed.
    pub(super) fn make_twin(&self, of: &[u8], to: &Self, name: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::linkat(&self.fd, of, &to.fd, name, AtFlags::empty())?)
    }

    /// Removes a file or link.
    ///
    /// # Errors
    /// What the system says.
    pub fn remove(&self, name: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.fd, name, AtFlags::empty())?)
    }

    /// Removes an empty folder.
    ///
    /// # Errors
    /// What the system says.
    pub fn remove_folder(&self, name: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR)?)
    }

    /// Removes what has this name, a folder with all that is in it; links aren't followed.
    ///
    /// # Errors
    /// What the system says.
    pub fn remove_tree(&self, name: &[u8]) -> io::Result<()> {
        self.remove_within(name, MAX_DEPTH)
    }

    fn remove_within(&self, name: &[u8], deeper: usize) -> io::Result<()> {
        let found = self.look(name)?;
        if !found.is_folder() {
            return self.remove(name);
        }
        let deeper = deeper.checked_sub(1).ok_or(Errno::NAMETOOLONG)?;
        if found.mode & OWNER != OWNER {
            self.give_rights(name, found.mode)?;
        }
        let inner = self.open(name)?;
        for name in inner.names() {
            inner.remove_within(&name, deeper)?;
        }
        self.remove_folder(name)
    }

    /// Moves what has a name here to a name in `to`, in place of a file or link that has it.
    pub(super) fn replace(&self, from: &[u8], to: &Self, name: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.fd, from, &to.fd, name)?)
    }

    /// Moves what has a name here to a name in `to` that nothing has.
    pub(super) fn place(&self, from: &[u8], to: &Self, name: &[u8]) -> io::Result<()> {
        let flags = RenameFlags::NOREPLACE;
        match rustix::fs::renameat_with(&self.fd, from, &to.fd, name, flags) {
            // Not every file system can; a second link can't replace anything either.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            result => return Ok(result?),
        }
        match self.make_twin(from, to, name) {
            Ok(()) => self.remove(from),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            // Nor has each of them links. Between the look and the move somebody else could take the
            // name, and there is no better way.
            Err(_) => match to.look(name) {
                Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.replace(from, to, name)
                }
                Err(error) => Err(error),
            },
        }
    }

    /// The names in it, `.` and `..` aside; what can't be read of them is passed over.
    #[must_use]
    pub fn names(&self) -> Vec<Vec<u8>> {
        self.names_that(|_| true)
    }

    /// Those of them that are wanted.
    pub(super) fn names_that(&self, mut are_wanted: impl FnMut(&[u8]) -> bool) -> Vec<Vec<u8>> {
        let Ok(entries) = Dir::read_from(&self.fd) else { return Vec::new() };
        let entries = entries.map_while(Result::ok);
        let wanted = entries.filter(|entry| {
            let name = entry.file_name().to_bytes();
            !matches!(name, b"." | b"..") && are_wanted(name)
        });
        wanted.map(|entry| entry.file_name().to_bytes().to_vec()).collect()
    }

    /// Flushes its names to disk.
    pub(super) fn flush(&self) -> io::Result<()> {
        Ok(rustix::fs::fsync(&self.fd)?)
    }

    /// Flushes everything to disk that is on the same one.
    pub(super) fn flush_disk(&self) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        rustix::fs::syncfs(&self.fd)?;
        #[cfg(not(target_os = "linux"))]
        rustix::fs::sync();
        Ok(())
    }

    /// Free bytes; none if the disk can't tell.
    pub(super) fn free(&self) -> Option<u64> {
        let space = rustix::fs::fstatvfs(&self.fd).ok()?;
        Some(space.f_bavail.saturating_mul(space.f_frsize))
    }

    /// When what has this name was made; none if the disk can't tell.
    pub(super) fn born(&self, name: &[u8]) -> Option<Stamp> {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{StatxFlags, statx};
            let found = statx(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BTIME).ok()?;
            let known = found.stx_mask & StatxFlags::BTIME.bits() != 0;
            known.then_some(Stamp(found.stx_btime.tv_sec, found.stx_btime.tv_nsec))
        }
        #[cfg(not(target_os = "linux"))]
        {
            let _ = name;
            None
        }
    }

    /// Gives the owner back the rights to a folder in it that somebody, or an earlier end of the
    /// same transfer, has taken away.
    pub(super) fn give_rights(&self, name: &[u8], mode: u32) -> io::Result<()> {
        let mode = Mode::from_raw_mode((mode | OWNER) & MODE_BITS);
        #[cfg(target_os = "linux")]
        {
            // What can't be read can't be opened but as a place, and of a place only this path's
            // mode can be changed.
            use std::os::fd::AsRawFd;
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let place = rustix::fs::openat(&self.fd, name, flags, Mode::empty())?;
            let path = format!("/proc/self/fd/{}", place.as_raw_fd());
            Ok(rustix::fs::chmodat(CWD, path, mode, AtFlags::empty())?)
        }
        #[cfg(not(target_os = "linux"))]
        Ok(rustix::fs::fchmod(&self.open(name)?.fd, mode)?)
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// What an open file or folder is.
///
/// # Errors
/// What the system says.
pub fn look(what: impl AsFd) -> io::Result<Looked> {
    Ok(Looked::new(&rustix::fs::fstat(what)?))
}

/// Gives an open file or folder its looks. A disk that has no such thing, as some of sticks and
/// shares, keeps its own: what came is whole all the same.
pub fn set_looks(what: impl AsFd, mode: Option<u32>, mtime: Option<Stamp>) {
    if let Some(mode) = mode {
        let _ = rustix::fs::fchmod(&what, Mode::from_raw_mode(mode & MODE_BITS));
    }
    if let Some(mtime) = mtime {
        let _ = rustix::fs::futimens(&what, &times(mtime));
    }
}

/// Gives a link its time; as there.
pub(super) fn set_link_time(folder: &Folder, name: &str, mtime: Stamp) {
    let _ = rustix::fs::utimensat(&folder.fd, name, &times(mtime), AtFlags::SYMLINK_NOFOLLOW);
}

fn times(Stamp(secs, nanos): Stamp) -> Timestamps {
    // More nanoseconds than a second has mean something else to the system.
    let nanos = i64::from(nanos.min(999_999_999));
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: secs, tv_nsec: nanos },
    }
}
