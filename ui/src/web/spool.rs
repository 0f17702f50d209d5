//! Where what a page sends lies until it is across: a private directory for each running program.
//!
//! Owns the directory of it all, `uploads`, and which part of it is whose. A program's own directory is
//! locked as long as it runs, so what a killed one has left is told from what is in use, and goes with
//! the next start, unless the conversation that is gone back to needs it. Nothing in it is looked up but by
//! handles, one name at a time, and no link is followed.

use crate::places;
use couplet_files::store::rooted::Folder;
use rustix::fs::{FlockOperation, flock};
use std::ffi::OsStr;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Nobody but the user.
const PRIVATE: u32 = 0o700;

/// This program's directory; it goes with this, unless it [stays](Self::stay).
#[derive(Debug)]
pub(crate) struct Spool {
    all: Folder,
    name: String,
    path: PathBuf,
    /// Locked.
    own: Folder,
    /// Those of killed programs that are needed still.
    inherited: Mutex<Vec<Left>>,
    /// Two who remove the same would be in each other's way.
    removing: Mutex<()>,
    stays: AtomicBool,
}

/// What a killed program has left: its name, and itself, locked.
type Left = (Vec<u8>, Folder);

/// What killed programs have left. Nobody else removes it meanwhile.
#[derive(Debug)]
pub(crate) struct Leftovers {
    all: Folder,
    folders: Vec<Left>,
}

impl Spool {
    /// Where they are: `$XDG_CACHE_HOME/couplet/uploads`, or `~/.cache/couplet/uploads`; `None` without
    /// a home.
    pub(crate) fn default_dir() -> Option<PathBuf> {
        places::cache().map(|cache| cache.join("uploads"))
    }

    /// Makes a directory of its own in `dir`, which is made if it isn't there. `random` names it. What
    /// killed programs have left is this one's if any of the whole paths `needed` is in it.
    pub(crate) fn open(
        dir: &Path,
        needed: &[PathBuf],
        random: fn() -> u64,
    ) -> io::Result<(Self, Leftovers)> {
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
        // Whoever is told a path may be in another directory.
        let dir = std::path::absolute(dir)?;
        let is_needed = |(name, _): &Left| {
            let folder = dir.join(OsStr::from_bytes(name));
            needed.iter().any(|path| path.starts_with(&folder))
        };
        let left = if can_lock { unlocked(&all) } else { Vec::new() };
        let (inherited, folders) = left.into_iter().partition(is_needed);
        let leftovers = Leftovers { all: all.again()?, folders };
        let name = format!("{:016x}", random());
        all.make(name.as_bytes(), PRIVATE)?;
        let own = all.open(name.as_bytes())?;
        if can_lock {
            flock(&own, FlockOperation::NonBlockingLockExclusive)?;
            flock(&all, FlockOperation::Unlock)?;
        }
        let path = dir.join(&name);
        let inherited = Mutex::new(inherited);
        let (removing, stays) = (Mutex::default(), AtomicBool::new(false));
        Ok((Self { all, name, path, own, inherited, removing, stays }, leftovers))
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

    /// Removes what killed programs have left that isn't needed any more, either.
    pub(super) fn disinherit(&self) {
        let inherited = std::mem::take(&mut *self.inherited());
        for (name, _locked) in &inherited {
            self.remove_in(&self.all, name);
        }
    }

    /// From now on it is left to be gone back to.
    pub(super) fn stay(&self) {
        self.stays.store(true, Ordering::Relaxed);
    }

    /// Whether it is.
    pub(super) fn stays(&self) -> bool {
        self.stays.load(Ordering::Relaxed)
    }

    /// Removes it all, unless it is to stay.
    pub(super) fn clear(&self) {
        if !self.stays() {
            self.remove_in(&self.all, self.name.as_bytes());
            self.disinherit();
        }
    }

    fn inherited(&self) -> MutexGuard<'_, Vec<Left>> {
        self.inherited.lock().unwrap_or_else(PoisonError::into_inner)
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
fn unlocked(all: &Folder) -> Vec<Left> {
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
        open_with(dir, &[])
    }

    fn open_with(dir: &Path, needed: &[PathBuf]) -> (Spool, Leftovers) {
        Spool::open(dir, needed, crate::clock::random).expect("a spool")
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

    #[test]
    fn what_is_gone_back_to_is_inherited() {
        let dir = tempfile::tempdir().expect("a directory");
        for path in ["00/1/film", "01/1/a", "02/1/b"] {
            fs::create_dir_all(dir.path().join(path)).expect("folders");
        }
        let there = || ["00", "01", "02"].map(|name| dir.path().join(name).exists());
        let needed = [dir.path().join("00/1/film"), dir.path().join("01/1/a"), "/elsewhere".into()];
        let (spool, leftovers) = open_with(dir.path(), &needed);
        leftovers.remove();
        assert_eq!(there(), [true, true, false]);
        // It is in use, so another program leaves it alone.
        let (other, leftovers) = open(dir.path());
        leftovers.remove();
        assert_eq!(there(), [true, true, false]);
        drop(other);
        spool.disinherit();
        assert_eq!(there(), [false; 3]);
        assert!(spool.path.exists());
        drop(spool);
        assert_eq!(fs::read_dir(dir.path()).expect("there").count(), 0);
    }

    #[test]
    fn what_can_be_gone_back_to_stays_with_what_was_inherited() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(dir.path().join("00/1/film")).expect("folders");
        let (spool, _) = open_with(dir.path(), &[dir.path().join("00/1/film")]);
        let own = spool.path.clone();
        spool.stay();
        drop(spool);
        assert!(own.exists() && dir.path().join("00").exists());
        let (next, leftovers) = open(dir.path());
        leftovers.remove();
        assert!(!own.exists() && !dir.path().join("00").exists());
        drop(next);
    }
}
