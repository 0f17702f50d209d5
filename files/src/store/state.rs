//! The state directories: what couplet keeps beside a transfer that isn't complete.
//!
//! Owns their names, their locks, what they say of themselves, and their removal. One is used by at
//! most one transfer at a time, whichever process it is in: the lock is the system's and goes with
//! its process.
//!
//! ```text
//! .couplet-0123456789abcdef/
//!   offer.json                what was offered, and when it began to come
//!   names                     what is kept under another name; see `names`
//!   looks                     what folders are to look like at the end; see `looks`
//!   placed                    bytes of files that are in their place
//!   <path>-<version>.part     a large file that is growing, by hashes of its path, size and time
//!   <path>-<version>.journal  what of it is there
//!   <number>.new              a small one
//!   apart/                    a folder that is to appear whole, as it grows
//! ```

use super::journal;
use super::rooted::{Folder, MODE_BITS, OWNER, look, set_looks};
use crate::clock;
use couplet::path::PARTIAL_PREFIX;
use couplet::transfer::entry::Stamp;
use couplet::transfer::offer::Offer;
use rustix::fs::{FlockOperation, OFlags, flock};
use serde::{Deserialize, Serialize};
use serde_json::error::Category;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::time::Duration;

/// How often a lock is tried for that somebody who is only looking may have.
const TRIES: u32 = 5;

/// How long to wait between two tries.
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// The longest description of a transfer that is read.
const MAX_ABOUT: u64 = 64 * 1024;

const ABOUT: &str = "offer.json";
const PLACED: &str = "placed";
const APART: &str = "apart";

/// What the names of files end with that are nothing to a later run.
pub(super) const NEW: &str = ".new";

/// What a state directory says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct About {
    /// What comes.
    pub(super) offer: Offer,
    /// When it began, by the clock of the disk.
    pub(super) begun: Stamp,
}

/// A state directory that this transfer alone uses.
#[derive(Debug)]
pub(super) struct State {
    /// The directory. Its handle holds the lock.
    pub(super) folder: Folder,
    name: String,
    placed: File,
}

/// A moment by the clock of the disk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// When.
    pub(super) at: Stamp,
    /// The bits that a mode keeps when a file is made with it.
    pub(super) granted: u32,
}

/// What of a state directory has to be on disk before anything in it is worth to be.
#[derive(Debug)]
pub(super) struct Foundation {
    about: File,
    folder: Folder,
    root: Folder,
}

impl Foundation {
    /// Flushes it.
    pub(super) fn flush(&self) -> io::Result<()> {
        self.about.sync_all()?;
        self.folder.flush()?;
        self.root.flush()
    }
}

/// A state directory, as anybody may look at it.
#[derive(Debug)]
pub(super) struct Found {
    /// Its name in the downloads directory.
    pub(super) name: String,
    /// The directory.
    pub(super) folder: Folder,
    /// What it says of itself.
    pub(super) about: Result<About, Unknown>,
}

/// Why a state directory says nothing of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// It was left half made or half removed.
    Remnant,
    /// It says something that only another version can read.
    Foreign,
}

impl State {
    /// Makes one.
    pub(super) fn make(root: &Folder, offer: &Offer) -> io::Result<(Self, About)> {
        loop {
            let name = format!("{PARTIAL_PREFIX}{:016x}", clock::random());
            root.make(name.as_bytes(), OWNER)?;
            // Somebody who clears up may have come in between and taken it for a remnant.
            let Some(folder) = lock(root, &name)? else { continue };
            let placed = folder.file(PLACED, OFlags::RDWR | OFlags::CREATE, 0o600)?;
            let state = Self { folder, name, placed };
            let about = About { offer: offer.clone(), begun: state.moment()?.at };
            let mut file = state.folder.file(ABOUT, OFlags::WRONLY | OFlags::CREATE, 0o600)?;
            file.write_all(&serde_json::to_vec(&about)?)?;
            return Ok((state, about));
        }
    }

    /// Takes one from before; none if somebody else uses it, or has just removed it.
    pub(super) fn take(root: &Folder, name: &str) -> io::Result<Option<Self>> {
        let Some(folder) = lock(root, name)? else { return Ok(None) };
        for name in folder.names() {
            // What was coming then comes anew.
            if name.ends_with(NEW.as_bytes()) {
                folder.remove(&name)?;
            }
        }
        let placed = folder.file(PLACED, OFlags::RDWR | OFlags::CREATE, 0o600)?;
        Ok(Some(Self { folder, name: name.to_owned(), placed }))
    }

    /// Removes it with all that is in it.
    pub(super) fn remove(&self, root: &Folder) -> io::Result<()> {
        // Without this it is a remnant, which is cleared up by whoever comes next.
        let _ = self.folder.remove(ABOUT.as_bytes());
        for name in self.folder.names() {
            self.folder.remove_tree(&name)?;
        }
        root.remove_folder(self.name.as_bytes())
    }

    /// The folder in it that a folder grows in which appears whole; made if it is missing.
    pub(super) fn apart(&self) -> io::Result<Folder> {
        match self.folder.make(APART.as_bytes(), OWNER) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            Ok(()) | Err(_) => self.folder.open(APART.as_bytes()),
        }
    }

    /// This moment.
    pub(super) fn moment(&self) -> io::Result<Moment> {
        const PROBE: &str = "probe";
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC;
        let probe = self.folder.file(PROBE, flags, MODE_BITS)?;
        let granted = look(&probe)?.mode;
        // Changed once more after it was looked at, its time is after all that was and not after
        // anything that comes, however coarse the clock of the disk is otherwise.
        set_looks(&probe, Some(OWNER), None);
        let at = look(&probe)?.ctime;
        self.folder.remove(PROBE.as_bytes())?;
        Ok(Moment { at, granted })
    }

    /// What has to be on disk for anything in the directory to be found after a crash. These handles
    /// don't hold the lock.
    pub(super) fn beside(&self, root: &Folder) -> io::Result<Foundation> {
        let folder = root.open(self.name.as_bytes())?;
        let about = folder.file(ABOUT, OFlags::RDONLY, 0)?;
        Ok(Foundation { about, folder, root: root.again()? })
    }

    /// Bytes of files that are in their place.
    pub(super) fn placed(&self) -> u64 {
        placed(&self.placed)
    }

    /// Notes how many bytes are in their place.
    pub(super) fn note_placed(&self, bytes: u64) {
        // It is only told, never relied on.
        let _ = self.placed.write_all_at(&bytes.to_be_bytes(), 0);
    }
}

impl Found {
    /// Bytes that it holds: in files that are in their place, and as journals prove.
    pub(super) fn held(&self) -> u64 {
        let files = self.folder.file(PLACED, OFlags::RDONLY, 0).map_or(0, |file| placed(&file));
        let growing = self.folder.names().into_iter().filter_map(|name| {
            let name = String::from_utf8(name).ok()?;
            let key = name.strip_suffix(JOURNAL)?;
            let there = self.folder.look(part_name(key).as_bytes()).ok()?.size;
            Some(journal::read(&self.folder, &name, there).held.held())
        });
        growing.fold(files, u64::saturating_add)
    }

    /// Whether a transfer uses it.
    pub(super) fn in_use(&self) -> bool {
        // The lock of this handle goes at once, or with the handle.
        match flock(&self.folder, FlockOperation::NonBlockingLockShared) {
            Ok(()) => {
                let _ = flock(&self.folder, FlockOperation::Unlock);
                false
            }
            Err(_) => true,
        }
    }

    /// When something was made, moved or changed in it last.
    pub(super) fn touched(&self) -> Stamp {
        let itself = self.folder.look_at_itself().map_or(Stamp(0, 0), |found| found.mtime);
        self.changed().max(itself)
    }

    /// When something in it was changed last.
    pub(super) fn changed(&self) -> Stamp {
        let names = self.folder.names().into_iter();
        let times = names.filter_map(|name| Some(self.folder.look(&name).ok()?.mtime));
        times.max().unwrap_or(Stamp(0, 0))
    }
}

/// All state directories that are the user's own.
pub(super) fn scan(root: &Folder) -> Vec<Found> {
    let names = root.names_that(|name| str::from_utf8(name).is_ok_and(is_state_name));
    names.into_iter().filter_map(|name| find(root, String::from_utf8(name).ok()?)).collect()
}

/// The state directory of this name.
pub(super) fn find(root: &Folder, name: String) -> Option<Found> {
    if !is_state_name(&name) {
        return None;
    }
    let folder = open(root, &name).ok()?;
    let about = read_about(&folder);
    Some(Found { name, folder, about })
}

fn read_about(folder: &Folder) -> Result<About, Unknown> {
    let mut json = Vec::new();
    let file = folder.file(ABOUT, OFlags::RDONLY, 0);
    file.and_then(|file| file.take(MAX_ABOUT).read_to_end(&mut json))
        .map_err(|_| Unknown::Remnant)?;
    serde_json::from_slice(&json).map_err(|error| match error.classify() {
        Category::Data => Unknown::Foreign,
        Category::Io | Category::Syntax | Category::Eof => Unknown::Remnant,
    })
}

/// The name of the part of the file with this key.
pub(super) fn part_name(key: &str) -> String {
    format!("{key}.part")
}

/// The name of its journal.
pub(super) fn journal_name(key: &str) -> String {
    format!("{key}{JOURNAL}")
}

const JOURNAL: &str = ".journal";

/// Opens one, if it is the user's own: in a directory that others may write to, anybody can put one
/// there, and a file in it that leads elsewhere.
fn open(root: &Folder, name: &str) -> io::Result<Folder> {
    let folder = root.open(name.as_bytes())?;
    if folder.look_at_itself()?.owner == rustix::process::geteuid().as_raw() {
        Ok(folder)
    } else {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

/// Opens and locks one; none if somebody else has it or it is gone.
fn lock(root: &Folder, name: &str) -> io::Result<Option<Folder>> {
    let folder = match open(root, name) {
        Ok(folder) => folder,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    for tried in 1..=TRIES {
        match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => break,
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error.into()),
            Err(_) if tried == TRIES => return Ok(None),
            Err(_) => std::thread::sleep(BETWEEN_TRIES),
        }
    }
    // Between opening and locking it may have been removed.
    let still = root.look(name.as_bytes()).map(|found| found.identity).ok();
    Ok((still == Some(folder.look_at_itself()?.identity)).then_some(folder))
}

fn is_state_name(name: &str) -> bool {
    name.strip_prefix(PARTIAL_PREFIX).is_some_and(|id| {
        id.len() == 16 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

fn placed(file: &File) -> u64 {
    let mut bytes = [0; 8];
    file.read_exact_at(&mut bytes, 0).map_or(0, |()| u64::from_be_bytes(bytes))
}
