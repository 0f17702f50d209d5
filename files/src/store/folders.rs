//! The folders that things of a transfer go into.
//!
//! Owns walking to one without following anything, making those that are missing, and which name
//! the outermost one has.

use super::names::{self, Claim, MAX_NUMBERED, Names};
use super::rooted::{Folder, OWNER};
use super::trouble::{Failed, Trouble, taken};
use couplet::path::SafePath;
use couplet::transfer::entry::Stamp;
use couplet::transfer::offer::OnCollision;
use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The mode of a folder of which nobody has said one; the user's own habit takes from it.
const USUAL: u32 = 0o777;

/// The folders of one transfer.
#[derive(Debug)]
pub(super) struct Folders {
    /// The downloads directory.
    pub(super) root: Arc<Folder>,
    /// What to do about names that are taken.
    pub(super) policy: OnCollision,
    names: Mutex<Names>,
    /// The one that was asked for last; things come sorted.
    last: Mutex<Option<Known>>,
    /// When the transfer began, by the clock of the disk.
    pub(super) begun: Stamp,
}

#[derive(Debug)]
struct Known {
    /// Its path as it was sent.
    path: Box<[u8]>,
    place: Arc<Place>,
}

/// A folder that things go into.
#[derive(Debug)]
pub(super) struct Place {
    /// The folder.
    pub(super) folder: Folder,
    /// Its path from the downloads directory; empty for that itself.
    pub(super) path: Vec<u8>,
    /// Whether everything in it is this transfer's, since it made the outermost folder.
    pub(super) ours: bool,
    /// What was in it when that was first asked for.
    listed: Mutex<Option<HashSet<Vec<u8>>>>,
}

impl Place {
    fn new(folder: Folder, path: Vec<u8>, ours: bool) -> Self {
        Self { folder, path, ours, listed: Mutex::new(None) }
    }

    /// Whether it is the downloads directory itself.
    pub(super) fn is_root(&self) -> bool {
        self.path.is_empty()
    }

    /// Whether a name is in it exactly so, on a disk that may hold several names equal.
    pub(super) fn lists(&self, name: &[u8]) -> bool {
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        listed.get_or_insert_with(|| self.folder.names().into_iter().collect()).contains(name)
    }

    /// The path of something in it.
    fn inside(&self, name: &[u8]) -> Vec<u8> {
        if self.is_root() { name.to_vec() } else { [&self.path, name].join(&b'/') }
    }
}

impl Folders {
    /// The folders of a transfer of which these names are known.
    pub(super) fn new(root: Arc<Folder>, policy: OnCollision, names: Names, begun: Stamp) -> Self {
        Self { root, policy, names: Mutex::new(names), last: Mutex::new(None), begun }
    }

    /// The names that were decided on.
    pub(super) fn names(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folder that something with this path goes into; made if it is missing.
    pub(super) fn of(&self, path: &SafePath) -> Result<Arc<Place>, Trouble> {
        self.walk(path, true).map_err(|failed| failed.at(path))
    }

    /// The same if it is there.
    pub(super) fn find(&self, path: &SafePath) -> Option<Arc<Place>> {
        self.walk(path, false).ok()
    }

    /// Looks anew for the folder that was asked for last: somebody may have removed it.
    pub(super) fn forget(&self) {
        *self.last() = None;
    }

    /// Makes a folder, or finds it there. Gives its path from the downloads directory, and whether
    /// it is this transfer's.
    pub(super) fn make(
        &self,
        path: &SafePath,
        mode: Option<u32>,
    ) -> Result<(Vec<u8>, bool), Trouble> {
        self.try_make(path, mode.map_or(USUAL, |mode| mode | OWNER))
            .map_err(|failed| failed.at(path))
    }

    fn try_make(&self, path: &SafePath, mode: u32) -> Result<(Vec<u8>, bool), Failed> {
        if path.parent().is_none() {
            let top = self.top(path, Some(mode))?;
            if top.ours {
                give_rights(&self.root, &top.path)?;
            }
            return Ok((top.path, top.ours));
        }
        let place = self.walk(path, true)?;
        let name = path.last();
        match place.folder.make(name, mode) {
            Ok(()) => return Ok((place.inside(name), true)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
        if !place.folder.look(name)?.is_folder() {
            return Err(io::Error::from(io::ErrorKind::NotADirectory).into());
        }
        let is_ours = || place.folder.born(name).is_some_and(|born| born >= self.begun);
        let ours = place.ours || is_ours();
        if ours {
            give_rights(&place.folder, name)?;
        }
        Ok((place.inside(name), ours))
    }

    fn walk(&self, path: &SafePath, make: bool) -> Result<Arc<Place>, Failed> {
        let bytes = path.as_bytes();
        let end = bytes.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        let parent = &bytes[..end];
        if let Some(known) = self.last().as_ref().filter(|known| *known.path == *parent) {
            return Ok(Arc::clone(&known.place));
        }
        let place = if parent.is_empty() {
            Place::new(self.root.again()?, Vec::new(), false)
        } else {
            let mut place = self.top(path, make.then_some(USUAL))?;
            for name in parent.split(|byte| *byte == b'/').skip(1) {
                let folder = open(&place.folder, name, make)?;
                place = Place::new(folder, place.inside(name), place.ours);
            }
            place
        };
        let place = Arc::new(place);
        *self.last() = Some(Known { path: parent.into(), place: Arc::clone(&place) });
        Ok(place)
    }

    /// The outermost folder of the path of something; made with this mode if it is missing.
    fn top(&self, path: &SafePath, make: Option<u32>) -> Result<Place, Failed> {
        let first = path.first();
        let mut names = self.names();
        if let Some(claim) = names.claim(first).cloned() {
            let folder = match open(&self.root, &claim.name, make.is_some()) {
                // What an earlier end has made unreadable is opened up again.
                Err(error) if claim.made && error.kind() == io::ErrorKind::PermissionDenied => {
                    give_rights(&self.root, &claim.name)?;
                    self.root.open(&claim.name)?
                }
                opened => opened?,
            };
            return Ok(Place::new(folder, claim.name, claim.made));
        }
        if matches!(self.policy, OnCollision::Skip | OnCollision::Overwrite) {
            match self.root.open(first) {
                Ok(folder) => {
                    if make.is_some() {
                        names.note(&outermost(path)?, Claim { name: first.into(), made: false })?;
                    }
                    return Ok(Place::new(folder, first.to_vec(), false));
                }
                // Something that is no folder is replaced by none.
                Err(error)
                    if self.policy == OnCollision::Overwrite
                        && error.kind() != io::ErrorKind::NotFound =>
                {
                    return Err(error.into());
                }
                Err(_) => {}
            }
        }
        let mode = make.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        for number in 1..=self.policy.tries(MAX_NUMBERED) {
            let name = names::numbered(first, number);
            let is_wanted = self.policy == OnCollision::Overwrite && number == 1;
            if !is_wanted && names.is_taken(&self.root, &name) {
                continue;
            }
            match self.root.make(&name, mode) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error.into()),
            }
            let folder = self.root.open(&name)?;
            names.note(&outermost(path)?, Claim { name: name.clone(), made: true })?;
            names.take(&self.root, &name);
            return Ok(Place::new(folder, name, true));
        }
        Err(taken(path, self.policy).into())
    }

    fn last(&self) -> MutexGuard<'_, Option<Known>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens a folder in another, and makes it first if it is missing and may be made. Nobody has said
/// its mode, since it wasn't told of itself.
fn open(folder: &Folder, name: &[u8], make: bool) -> io::Result<Folder> {
    match folder.open(name) {
        Err(error) if make && error.kind() == io::ErrorKind::NotFound => {}
        opened => return opened,
    }
    match folder.make(name, USUAL) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    // Nothing else flushes it.
    folder.flush()?;
    folder.open(name)
}

/// Gives the owner the rights to a folder that the same transfer has taken away at an earlier end.
fn give_rights(folder: &Folder, name: &[u8]) -> io::Result<()> {
    let found = folder.look(name)?;
    if found.is_folder() && found.mode & OWNER != OWNER {
        folder.give_rights(name, found.mode)?;
    }
    Ok(())
}

/// The first name of a path as a path.
fn outermost(path: &SafePath) -> Result<SafePath, Trouble> {
    SafePath::new(path.first()).map_err(|error| Trouble::unlawful(error.to_string()))
}
