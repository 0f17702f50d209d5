//! The downloads directory: where received files grow, and where they appear.
//!
//! Owns the directory as a rooted handle: every name is looked up beneath it and nothing leads
//! outside, whatever links are in the way. A file grows under a name of couplet's own and gets its
//! final name when it is whole, checked and on disk; an existing file is never replaced.

use crate::clock;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, OpenOptions};
use couplet::path::{PARTIAL_PREFIX, SafeName};
use couplet::text;
use rustix::fs::{Mode, OFlags, RenameFlags, fstatvfs, fsync, openat, renameat_with};
use rustix::io::Errno;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// How many numbered names are tried before giving up.
const MAX_NUMBERED: u32 = 10_000;

const MIB: u64 = 1024 * 1024;

/// The directory.
#[derive(Debug)]
pub(super) struct Downloads {
    dir: Dir,
}

/// A file that is growing. Unless it is [saved](Self::save), it is removed when it is dropped.
#[derive(Debug)]
pub(super) struct Partial<'a> {
    downloads: &'a Downloads,
    file: std::fs::File,
    name: String,
    saved: bool,
}

impl Downloads {
    /// Opens the directory, and makes it if it isn't there.
    ///
    /// # Errors
    /// What is wrong and what to do.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let shown = text::line(&path.to_string_lossy(), 120);
        std::fs::create_dir_all(path)
            .and_then(|()| Dir::open_ambient_dir(path, ambient_authority()))
            .map(|dir| Self { dir })
            .map_err(|error| {
                let why = if path.exists() && !path.is_dir() {
                    "it is no directory".to_owned()
                } else {
                    error.to_string()
                };
                format!(
                    "the downloads directory {shown} can't be used ({why}); choose another with \
                     --downloads DIR"
                )
            })
    }

    /// Begins a file of `size` bytes.
    ///
    /// # Errors
    /// What is wrong and what to do; too little room on the disk is one of it.
    pub(super) fn begin(&self, size: u64) -> Result<Partial<'_>, String> {
        // A file system that can't tell is believed to have room; it says so when it hasn't.
        if let Ok(space) = fstatvfs(&self.dir) {
            let free = space.f_bavail.saturating_mul(space.f_frsize);
            if free < size {
                return Err(format!(
                    "the disk is too full: the file has {} MiB and {} MiB are free; make room \
                     and have it offered again",
                    size.div_ceil(MIB),
                    free / MIB
                ));
            }
        }
        let name = format!("{PARTIAL_PREFIX}{:016x}.part", clock::random());
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let file: File = self.dir.open_with(&name, &options).map_err(|error| {
            format!(
                "nothing can be written to the downloads directory ({error}); make it writable, \
                 or choose another with --downloads DIR"
            )
        })?;
        Ok(Partial { downloads: self, file: file.into_std(), name, saved: false })
    }

    /// Gives a file its final name if nothing has it.
    fn rename_new(&self, from: &str, to: &str) -> io::Result<()> {
        match renameat_with(&self.dir, from, &self.dir, to, RenameFlags::NOREPLACE) {
            // Not every file system can; a second link can't replace anything either.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                self.dir.hard_link(from, &self.dir, to)?;
                self.dir.remove_file(from)
            }
            result => result.map_err(io::Error::from),
        }
    }
}

impl Partial<'_> {
    /// Writes where it belongs.
    ///
    /// # Errors
    /// What is wrong and what to do.
    pub(super) fn write(&self, offset: u64, data: &[u8]) -> Result<(), String> {
        self.file.write_all_at(data, offset).map_err(|error| storage_fault(&error))
    }

    /// Flushes it to disk and gives it its final name: `name`, or the first numbered one that is
    /// free.
    ///
    /// # Errors
    /// What is wrong and what to do.
    pub(super) fn save(mut self, name: &SafeName) -> Result<SafeName, String> {
        self.file.sync_all().map_err(|error| storage_fault(&error))?;
        let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
        for number in 1..=MAX_NUMBERED {
            let name = if number == 1 { name.clone() } else { name.numbered(number) };
            match self.downloads.rename_new(&self.name, name.as_str()) {
                Ok(()) => {
                    self.saved = true;
                    self.sync_directory().map_err(|error| storage_fault(&error))?;
                    return Ok(name);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
                Err(error) => return Err(storage_fault(&error)),
            }
        }
        Err(format!("{name} and its first {MAX_NUMBERED} numbered names are taken ({last})"))
    }

    /// The new name is safe only when the directory is on disk too.
    fn sync_directory(&self) -> io::Result<()> {
        // The handle itself is only a path to the kernel, which can't be flushed.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = openat(&self.downloads.dir, ".", flags, Mode::empty())?;
        Ok(fsync(directory)?)
    }
}

impl Drop for Partial<'_> {
    fn drop(&mut self) {
        if !self.saved {
            // It may be gone already; there is nobody left to tell.
            let _ = self.downloads.dir.remove_file(&self.name);
        }
    }
}

fn storage_fault(error: &io::Error) -> String {
    if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        "the disk is full; make room and have the file offered again".to_owned()
    } else {
        format!("the file can't be written ({error}); have it offered again")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> SafeName {
        SafeName::new(text).expect("a safe name")
    }

    fn entries(path: &Path) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(path)
            .expect("a directory")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_whole_and_never_replaces_another() {
        let root = tempfile::tempdir().expect("a directory");
        std::fs::write(root.path().join("photo.png"), "old").expect("written");
        let downloads = Downloads::open(root.path()).expect("opened");
        for expected in ["photo (2).png", "photo (3).png"] {
            let partial = downloads.begin(3).expect("begun");
            partial.write(1, b"ew").expect("written");
            partial.write(0, b"n").expect("written");
            assert!(!root.path().join(expected).exists());
            assert_eq!(partial.save(&name("photo.png")), Ok(name(expected)));
            assert_eq!(std::fs::read(root.path().join(expected)).expect("read"), b"new");
        }
        assert_eq!(std::fs::read(root.path().join("photo.png")).expect("read"), b"old");
    }

    #[test]
    fn what_is_given_up_leaves_nothing() {
        let root = tempfile::tempdir().expect("a directory");
        let downloads = Downloads::open(root.path()).expect("opened");
        let partial = downloads.begin(3).expect("begun");
        assert_eq!(entries(root.path()).len(), 1);
        drop(partial);
        assert_eq!(entries(root.path()), [""; 0]);
    }

    #[test]
    fn a_link_in_the_way_is_not_followed() {
        let root = tempfile::tempdir().expect("a directory");
        let outside = tempfile::tempdir().expect("a directory");
        let target = outside.path().join("target");
        std::os::unix::fs::symlink(&target, root.path().join("photo.png")).expect("linked");
        let downloads = Downloads::open(root.path()).expect("opened");
        let partial = downloads.begin(1).expect("begun");
        partial.write(0, b"x").expect("written");
        assert_eq!(partial.save(&name("photo.png")), Ok(name("photo (2).png")));
        assert!(!target.exists());
    }

    #[test]
    fn a_file_that_cannot_fit_is_refused_before_a_byte_is_written() {
        let root = tempfile::tempdir().expect("a directory");
        let downloads = Downloads::open(root.path()).expect("opened");
        let error = downloads.begin(u64::MAX).expect_err("no disk is so large");
        assert!(error.contains("too full"), "{error}");
        assert_eq!(entries(root.path()), [""; 0]);
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_named() {
        let root = tempfile::tempdir().expect("a directory");
        std::fs::write(root.path().join("file"), "").expect("written");
        let error = Downloads::open(&root.path().join("file/sub")).expect_err("not a directory");
        assert!(error.contains("--downloads"), "{error}");
    }
}
