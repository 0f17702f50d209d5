//! The conversations of this user that can be gone back to: a private file for each.
//!
//! Owns the directory and its files: one whose program is running is locked, one whose program was
//! killed is found by `couplet chat --last`, one that has ended is removed. A file holds secrets: the
//! code, the token of the seat, and what the two have in common; so nobody but the user may read it,
//! and what is of no use any more is removed at the next start. What is said isn't in it, but for
//! words that the peer hasn't seen.

use crate::places;
use couplet::session::Kept;
use couplet::transfer::offer::{Offer, OnCollision};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The form of the files; another isn't read.
const FORMAT: u32 = 1;

/// The longest file that is read: as much as a client can hold of words, and some thousand transfers.
const MAX_BYTES: u64 = 32 * 1024 * 1024;

/// How long after its seat was given up a file is kept: the relay may have stood still meanwhile.
const USELESS_AFTER: Duration = Duration::from_hours(1);

/// How old a file that can't be read may become.
const LONGEST: Duration = Duration::from_hours(48);

/// What a program goes on from that takes a conversation up again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    format: u32,
    /// The relay, as `HOST:PORT`.
    pub relay: String,
    /// The name that the peer was shown.
    pub name: Option<String>,
    /// Where received files go, as a whole path.
    pub downloads: PathBuf,
    /// The session.
    pub session: Kept,
    /// Bytes a second that each transfer may take, or none.
    pub limit: Option<u64>,
    /// For how long the relay keeps the seat, in milliseconds.
    pub grace_ms: u64,
    /// What stood in the composer.
    pub draft: String,
    /// What was offered and isn't through.
    pub sending: Vec<Sending>,
    /// What was accepted and isn't through.
    pub receiving: Vec<Receiving>,
    /// What has come whole, as the peer may not have heard of it; the latest.
    pub received: Vec<Received>,
}

/// Where a conversation takes place, and as who.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The relay, as `HOST:PORT`.
    pub relay: String,
    /// The name that the peer is shown.
    pub name: Option<String>,
    /// Where received files go, as a whole path.
    pub downloads: PathBuf,
}

/// Something that was offered: what the user named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    /// Whole paths.
    pub paths: Vec<PathBuf>,
    /// What is left out, as in a `.gitignore`.
    pub exclude: Vec<String>,
    /// Whether the `.gitignore`s in it count.
    pub gitignore: bool,
}

/// Something that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receiving {
    /// What the peer called it.
    pub offer: Offer,
    /// What is done about names that are taken, if the user has said so for it.
    pub on_collision: Option<OnCollision>,
}

/// Something that has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// What the peer called it.
    pub offer: Offer,
    /// What it is called here.
    pub saved_as: String,
}

/// The directory.
#[derive(Debug, Clone)]
pub struct Conversations {
    dir: PathBuf,
}

/// One conversation's file, locked as long as this lives.
#[derive(Debug)]
pub struct Conversation {
    path: PathBuf,
    lock_path: PathBuf,
    /// Held for its lock.
    _lock: File,
}

/// There is no conversation to go back to. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum LastError {
    /// None was left.
    #[error(
        "there is no conversation to go back to: one can be gone back to if its program was closed or killed without fin, for as long as the relay keeps the seat; start couplet with your code instead"
    )]
    None,
    /// All that there are belong to programs that run.
    #[error(
        "your last conversation is still open in another couplet; go there, or end that one first"
    )]
    InUse,
    /// The file can't be used.
    #[error(
        "the conversation kept in {path} can't be read ({reason}); that file may be deleted, and couplet started with your code instead"
    )]
    Unreadable {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

impl Remembered {
    /// What is to be remembered of a conversation at `relay`.
    #[must_use]
    pub fn new(place: Place, session: Kept, grace_ms: u64, draft: String) -> Self {
        let Place { relay, name, downloads } = place;
        Self {
            format: FORMAT,
            relay,
            name,
            downloads,
            session,
            limit: None,
            grace_ms,
            draft,
            sending: Vec::new(),
            receiving: Vec::new(),
            received: Vec::new(),
        }
    }

    /// The bytes of the file.
    ///
    /// # Panics
    /// Never: it has string keys and no failing parts, as paths that aren't text are left out.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("string keys and no failing parts")
    }
}

impl Conversations {
    /// Those in this directory, which needn't be there.
    #[must_use]
    pub const fn at(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Where they are: `$XDG_STATE_HOME/couplet/conversations`, or
    /// `~/.local/state/couplet/conversations`; `None` without a home.
    #[must_use]
    pub fn default_dir() -> Option<PathBuf> {
        places::state().map(|state| state.join("conversations"))
    }

    /// Begins one; nothing is written before there is something to go back to. What is of no use any
    /// more is removed.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn begin(&self, now: SystemTime) -> io::Result<Conversation> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
        self.sweep(now);
        // Numbers are short and free again after each conversation.
        for number in 1..10_000_u32 {
            if self.dir.join(format!("{number}.json")).exists() {
                continue;
            }
            if let Some(conversation) = self.lock(&number.to_string())? {
                return Ok(conversation);
            }
        }
        Err(io::Error::other("there are too many conversations"))
    }

    /// The one that was left last, and isn't open.
    ///
    /// # Errors
    /// [`LastError`].
    pub fn last(&self) -> Result<(Conversation, Remembered), LastError> {
        let mut found = self.files();
        found.sort_by_key(|(changed, _)| std::cmp::Reverse(*changed));
        let mut in_use = false;
        for (_, stem) in found {
            match self.lock(&stem) {
                Ok(Some(conversation)) => {
                    let unreadable = |reason: String| LastError::Unreadable {
                        path: conversation.path.display().to_string(),
                        reason,
                    };
                    let bytes = read(&conversation.path).map_err(|e| unreadable(e.to_string()))?;
                    let remembered: Remembered = serde_json::from_slice(&bytes)
                        // What it quotes may be a secret.
                        .map_err(|_| {
                            unreadable("it is damaged, or of another version".to_owned())
                        })?;
                    if remembered.format != FORMAT {
                        return Err(unreadable("it is of another version".to_owned()));
                    }
                    return Ok((conversation, remembered));
                }
                Ok(None) => in_use = true,
                Err(error) => {
                    let path = self.dir.display().to_string();
                    return Err(LastError::Unreadable { path, reason: error.to_string() });
                }
            }
        }
        Err(if in_use { LastError::InUse } else { LastError::None })
    }

    /// The files, with when they were written and their names without the ending.
    fn files(&self) -> Vec<(SystemTime, String)> {
        let Ok(entries) = fs::read_dir(&self.dir) else { return Vec::new() };
        entries
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let stem = name.strip_suffix(".json")?.to_owned();
                Some((entry.metadata().ok()?.modified().ok()?, stem))
            })
            .collect()
    }

    /// Locks one, unless somebody else has.
    fn lock(&self, stem: &str) -> io::Result<Option<Conversation>> {
        let lock_path = self.dir.join(format!("{stem}.lock"));
        let mut options = OpenOptions::new();
        let lock = options.create(true).truncate(false).write(true).mode(0o600).open(&lock_path)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                let path = self.dir.join(format!("{stem}.json"));
                // Whoever had it may have removed it between opening and locking.
                if !lock_path.exists() {
                    return Ok(None);
                }
                Ok(Some(Conversation { path, lock_path, _lock: lock }))
            }
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes what nobody can go back to.
    fn sweep(&self, now: SystemTime) {
        for (changed, stem) in self.files() {
            let age = now.duration_since(changed).unwrap_or_default();
            if age < USELESS_AFTER {
                continue;
            }
            let Ok(Some(conversation)) = self.lock(&stem) else { continue };
            let read = read(&conversation.path).ok();
            let remembered =
                read.and_then(|bytes| serde_json::from_slice::<Remembered>(&bytes).ok());
            let grace = remembered.map_or(LONGEST, |known| Duration::from_millis(known.grace_ms));
            if age > grace.min(LONGEST) + USELESS_AFTER {
                conversation.remove();
            }
        }
    }
}

impl Conversation {
    /// Writes what to go on from, whole or not at all. After the program was killed it is there; for
    /// the power the system's own time holds.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let dir = self.path.parent().unwrap_or_else(|| Path::new("."));
        // Made for the user alone.
        let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(dir)?;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o600))?;
        file.write_all(bytes)?;
        file.persist(&self.path)?;
        Ok(())
    }

    /// The program is still at it; if it is killed, its seat is kept from now on.
    pub fn touch(&self, now: SystemTime) {
        // A file that isn't there needn't be touched.
        if let Ok(file) = File::options().write(true).open(&self.path) {
            let _ = file.set_modified(now);
        }
    }

    /// There is nothing to go back to.
    pub fn forget(&self) {
        let _ = fs::remove_file(&self.path);
    }

    /// It has ended.
    pub fn remove(self) {
        self.forget();
        let _ = fs::remove_file(&self.lock_path);
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.len() > MAX_BYTES {
        return Err(io::Error::other("it is too long"));
    }
    fs::read(path)
}

#[cfg(test)]
#[path = "conversations_tests.rs"]
mod tests;
