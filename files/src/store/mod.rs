//! The downloads directory: where received things grow, and where they appear.
//!
//! Owns the directory as a rooted handle: every name is looked up beneath it and nothing leads
//! outside, whatever links are in the way. What isn't complete is in a state directory of
//! couplet's own, so that it goes on later; a file gets its final name when it is whole and checked.
//! Nothing that is there is replaced unless the user has said so.

mod flusher;
mod folders;
mod growing;
mod incoming;
mod journal;
mod landing;
mod looks;
mod making;
mod names;
mod places;
pub mod rooted;
mod shelf;
mod sink;
mod state;
mod sweeping;
#[cfg(test)]
mod tests;
mod trouble;

pub use incoming::{Growing, Incoming};
pub use shelf::{Contents, MAX_FILES, ShelfFile, ShelfTrouble};
pub use sink::MAX_TEXT;
pub use sweeping::{Swept, Tally};
pub use trouble::Trouble;

use couplet::path::PARTIAL_PREFIX;
use couplet::text;
use couplet::transfer::entry::Stamp;
use couplet::transfer::offer::{Form, Match, Offer, OnCollision, Preflight};
use landing::Landing;
use names::Names;
use rooted::Folder;
use rustix::fs::{Access, AtFlags, accessat};
use rustix::io::Errno;
use state::{About, Found, State, Unknown};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// The directory that received things go into.
#[derive(Debug)]
pub struct Store {
    root: Arc<Folder>,
    /// Whether others fetch what is there, so that a folder, too, must not be seen before it is whole.
    is_shelf: bool,
    /// Held by who looks whether a part is in use: for that moment it is.
    looking: Mutex<()>,
}

/// A part of something that isn't complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPart {
    /// Names it.
    pub id: String,
    /// What it is a part of.
    pub offer: Offer,
    /// Bytes of it that are there.
    pub held: u64,
    /// When some of it came last.
    pub changed: SystemTime,
    /// Whether a transfer is at it.
    pub in_use: bool,
}

impl Store {
    /// Opens the directory, and makes it if it isn't there.
    ///
    /// # Errors
    /// What is wrong and what to do.
    pub fn open(path: &Path) -> Result<Arc<Self>, String> {
        let opened = std::fs::create_dir_all(path).and_then(|()| Folder::root(path));
        let root = opened.map_err(|error| {
            let shown = text::line(&path.to_string_lossy(), 120);
            let why = if path.exists() && !path.is_dir() {
                "it is no directory".to_owned()
            } else {
                error.to_string()
            };
            format!(
                "the downloads directory {shown} can't be used ({why}); choose another with \
                 --downloads DIR"
            )
        })?;
        Ok(Arc::new(Self::of(root, false)))
    }

    fn of(root: Folder, is_shelf: bool) -> Self {
        Self { root: Arc::new(root), is_shelf, looking: Mutex::new(()) }
    }

    /// What the disk has to say about an offer. Nothing is changed.
    pub fn preflight(&self, offer: &Offer) -> Preflight {
        let _alone = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        if offer.form == Form::Text {
            // Nothing of it comes to the disk.
            return Preflight::default();
        }
        let mut preflight = Preflight { free: self.root.free(), ..Preflight::default() };
        let writable = Access::WRITE_OK | Access::EXEC_OK;
        let access = accessat(&*self.root, ".", writable, AtFlags::EACCESS);
        if self.root.is_gone() {
            preflight.trouble = Some(unwritable(&io::ErrorKind::NotFound.into()));
        } else if let Err(error) = access {
            preflight.trouble = Some(unwritable(&error.into()));
        }
        let mut is_ours = false;
        for found in state::scan(&self.root) {
            let Ok(about) = &found.about else { continue };
            match offer.compare(&about.offer) {
                Match::Same if !found.in_use() => {
                    preflight.part = true;
                    preflight.held = preflight.held.max(found.held());
                    is_ours |= made(&found, offer);
                }
                Match::Changed if !found.in_use() => preflight.changed = Some(found.held()),
                Match::Same | Match::Changed | Match::Other => {}
            }
        }
        preflight.exists = !is_ours && names::is_there(&self.root, offer.name.as_str().as_bytes());
        preflight
    }

    /// Begins to receive an offer, or goes on with what is there of it. A part that another transfer
    /// is at is left to that, and this one begins anew; a part of what was changed since is removed.
    ///
    /// # Errors
    /// What is wrong and what to do; too little room is one of it.
    pub fn begin(
        self: &Arc<Self>,
        offer: &Offer,
        on_collision: OnCollision,
    ) -> Result<Incoming, String> {
        self.preflight(offer).check(offer)?;
        let _alone = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = self.resume(offer).and_then(|found| {
            let (state, about) = match found {
                Some(found) => found,
                None => State::make(&self.root, offer)?,
            };
            let whole = self.is_shelf && offer.is_folder();
            Landing::new(Arc::clone(&self.root), state, about, on_collision, whole)
        });
        begun.map(Incoming::directory).map_err(|error| unwritable(&error))
    }

    /// The parts of what isn't complete, the oldest first.
    pub fn parts(&self) -> Vec<StoredPart> {
        let _alone = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let mut parts: Vec<_> = state::scan(&self.root)
            .into_iter()
            .filter_map(|found| {
                let Stamp(secs, nanos) = found.changed();
                let since = Duration::new(u64::try_from(secs).unwrap_or(0), nanos);
                Some(StoredPart {
                    id: found.name.strip_prefix(PARTIAL_PREFIX)?.to_owned(),
                    held: found.held(),
                    changed: SystemTime::UNIX_EPOCH + since,
                    in_use: found.in_use(),
                    offer: found.about.ok()?.offer,
                })
            })
            .collect();
        parts.sort_by(|a, b| (a.changed, &a.id).cmp(&(b.changed, &b.id)));
        parts
    }

    /// Removes a part.
    ///
    /// # Errors
    /// What is wrong and what to do.
    pub fn remove_part(&self, id: &str) -> Result<(), String> {
        let _alone = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = text::line(id, 40);
        let found = state::find(&self.root, format!("{PARTIAL_PREFIX}{id}"))
            .ok_or_else(|| format!("there is no part {shown}; list those that there are"))?;
        match State::take(&self.root, &found.name) {
            Ok(Some(state)) => state
                .remove(&self.root)
                .map_err(|error| format!("the part {shown} can't be removed ({error})")),
            Ok(None) => Err(format!("a transfer is at the part {shown}; stop that first")),
            Err(error) => Err(format!("the part {shown} can't be removed ({error})")),
        }
    }

    /// The part of an offer from before, if there is one that nobody is at. Clears up on the way.
    fn resume(&self, offer: &Offer) -> io::Result<Option<(State, About)>> {
        let mut same = Vec::new();
        for found in state::scan(&self.root) {
            let of_no_use = match &found.about {
                Ok(about) => match offer.compare(&about.offer) {
                    Match::Same => {
                        same.push(found);
                        continue;
                    }
                    // What it is a part of is no more.
                    Match::Changed => true,
                    Match::Other => false,
                },
                Err(unknown) => *unknown == Unknown::Remnant,
            };
            if of_no_use && let Ok(Some(state)) = State::take(&self.root, &found.name) {
                // If it can't be removed now, the next one tries again.
                let _ = state.remove(&self.root);
            }
        }
        same.sort_by_cached_key(|found| std::cmp::Reverse(found.held()));
        for found in same {
            let Ok(about) = found.about else { continue };
            if let Some(state) = State::take(&self.root, &found.name)? {
                return Ok(Some((state, about)));
            }
        }
        Ok(None)
    }
}

/// Whether what has the name of an offer was put there by the transfer of this part.
fn made(found: &Found, offer: &Offer) -> bool {
    let name = offer.name.as_str().as_bytes();
    Names::open(&found.folder)
        .is_ok_and(|names| names.claim(name).is_some_and(|claim| claim.name == name))
}

/// Whether the system says that this is nothing to read: a link, or a pipe without another end.
fn unusable(error: &io::Error) -> bool {
    [Errno::LOOP, Errno::MLINK, Errno::NXIO].iter().any(|errno| trouble::is(error, *errno))
}

fn unwritable(error: &io::Error) -> String {
    if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        return "the disk is full; make room and accept again".to_owned();
    }
    format!(
        "nothing can be written to the downloads directory ({error}); make it writable, or choose \
         another with --downloads DIR"
    )
}
