//! Where what a page sends lies until it is across: a private directory for each running program.
//!
//! Owns the directory of it all, `uploads`, and which part of it is whose. A program's own directory is
//! locked as long as it runs, so what a killed one has left is told from what is in use, and goes with
//! the next start. Nothing in it is looked up but by handles, one name at a time, and no link is followed.

use crate::places;
use couplet_files::store::rooted::Folder;
use rustix::fs::{FlockOperation, flock};
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Nobody but the user.
const PRIVATE: u32 = 0o700;

/// This program's directory; it goes with this.
#[derive(Debug)]
pub(crate) struct Spool {
    all: Folder,
    name: String,
    path: PathBuf,
    /// Locked.
    own: Folder,
    /// Two who remove the same would be in each other's way.
    removing: Mutex<()>,
}

/// What killed programs have left. Nobody else removes it meanwhile.
#[derive(Debug)]
pub(crate) struct Leftovers {
    all: Folder,
    /// Each with its lock.
    folders: Vec<(Vec<u8>, Folder)>,
}

impl Spool {
    /// Where they are: `$XDG_CACHE_HOME/couplet/uploads`, or `~/.cache/couplet/uploads`; `None` without
    /// a home.
    pub(crate) fn default_dir() -> Option<PathBuf> {
        places::cache().map(|cache| cache.join("uploads"))
    }

    /// Makes a directory of its own in `dir`, which is made if it isn't there. `random` names it.
    pub(crate) fn open(dir: &Path, random: fn() -> u64) -> io::Result<(Self, Leftovers)> {
        DirBuilder::new().recursive(true).mode(PRIVATE).create(dir)?;
        let all = Folder::root(dir)?;
        if all.look_at_itself()?.owner != rustix::process::geteuid().as_raw() {
            let text = format!("{} belongs to somebody else", dir.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
        }
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(PRIVATE))?;
        // Nobody looks at a directory between its making and its locking. A disk without locks can't
        // tell what is in use, so there nothing is removed.
        let can_lock = flock(&all, FlockOperation::LockExclusive).is_ok();
        let leftovers = Leftovers {
            folders: if can_lock { unlocked(&all) } else { Vec::new() },
            all: all.again()?,
        };
        let name = format!("{:016x}", random());
        all.make(name.as_bytes(), PRIVATE)?;
        let own = all.open(name.as_bytes())?;
        if can_lock {
            flock(&own, FlockOperation::NonBlockingLockExclusive)?;
            flock(&all, FlockOperation::Unlock)?;
        }
        // Whoever is told a path may be in another directory.
        let path = std::path::absolute(dir)?.join(&name);
        Ok((Self { all, name, path, own, removing: Mutex::default() }, leftovers))
    }

    /// Makes a folder in it; gives its whole path, too.
    pub(super) fn make(&self, name: &str) -> io::Result<(Folder, PathBuf)> {
        self.own.make(name.as_bytes(), PRIVATE)?;
        Ok((self.own.open(name.as_bytes())?, self.path.join(name)))
    }

    /// Removes a folder in it, if it is there. What can't be removed now goes with the next start.
    pub(super) fn remove(&self, name: &str) {
        self.remove_in(&self.own, name.as_bytes());
    }

    /// Removes a file or folder in one of its folders, likewise.
    pub(super) fn remove_in(&self, folder: &Folder, name: &[u8]) {
        let _one_by_one = self.removing.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = folder.remove_tree(name);
    }

    /// Removes it all.
    pub(super) fn clear(&self) {
        self.remove_in(&self.all, self.name.as_bytes());
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Leftovers {
    /// Removes them, which may take a while.
    pub(super) fn remove(self) {
        for (name, _locked) in &self.folders {
            let _ = self.all.remove_tree(name);
        }
    }
}

/// Those of programs that run no more.
fn unlocked(all: &Folder) -> Vec<(Vec<u8>, Folder)> {
    let folders = all.names().into_iter().filter_map(|name| {
        let folder = all.open(&name).ok()?;
        flock(&folder, FlockOperation::NonBlockingLockExclusive).ok()?;
        Some((name, folder))
    });
    folders.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn open(dir: &Path) -> (Spool, Leftovers) {
        Spool::open(dir, crate::clock::random).expect("a spool")
    }

    #[test]
    fn it_is_private_and_goes_with_the_program() {
        let dir = tempfile::tempdir().expect("a directory");
        let dir = dir.path().join("cache/uploads");
        let (spool, _) = open(&dir);
        let (_, path) = spool.make("1").expect("a folder");
        fs::write(path.join("a.txt"), "a").expect("written");
        fs::create_dir(path.join("b")).expect("a folder");
        for private in [&dir, &spool.path, &path] {
            let mode = fs::metadata(private).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, PRIVATE, "{}", private.display());
        }
        drop(spool);
        assert_eq!(fs::read_dir(&dir).expect("there").count(), 0);
    }

    #[test]
    fn one_that_was_open_to_all_is_closed() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).expect("changed");
        let _spool = open(dir.path());
        let mode = fs::metadata(dir.path()).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, PRIVATE);
    }

    #[test]
    fn what_a_killed_program_left_goes_and_what_is_in_use_stays() {
        let dir = tempfile::tempdir().expect("a directory");
        let other = tempfile::tempdir().expect("a directory");
        fs::write(other.path().join("kept"), "kept").expect("written");
        let left = dir.path().join("0123456789abcdef/1/a");
        fs::create_dir_all(&left).expect("folders");
        std::os::unix::fs::symlink(other.path(), left.join("link")).expect("a link");
        std::os::unix::fs::symlink(other.path(), dir.path().join("aimed")).expect("a link");
        let (running, leftovers) = open(dir.path());
        let (_, path) = running.make("1").expect("a folder");
        let (later, none) = open(dir.path());
        assert!(none.folders.is_empty(), "somebody is at it already, or it is in use");
        assert_eq!(leftovers.folders.len(), 1, "a link is no leftover");
        leftovers.remove();
        assert!(!dir.path().join("0123456789abcdef").exists());
        assert!(path.exists());
        assert!(other.path().join("kept").exists(), "no link was followed");
        drop(running);
        assert!(!path.exists());
        assert!(later.path.exists());
    }
}
