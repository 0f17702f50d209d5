//! Where the things of a transfer go, and what of it is there already.
//!
//! Owns the policy for names that are taken.

use super::folders::{Folders, Place};
use super::names::{self, Claim, MAX_NUMBERED};
use super::rooted::Folder;
use super::trouble::{Failed, Trouble, shown, taken};
use couplet::path::{SafeName, SafePath};
use couplet::transfer::entry::{Entry, Stamp};
use couplet::transfer::offer::OnCollision;
use std::io;
use std::sync::Arc;

/// The places of one transfer.
#[derive(Debug)]
pub(super) struct Places {
    /// The folders among them.
    pub(super) folders: Folders,
    /// When this run of the transfer began, by the clock of the disk.
    since: Stamp,
}

impl Places {
    /// The places in these folders.
    pub(super) fn new(folders: Folders, since: Stamp) -> Self {
        Self { folders, since }
    }

    /// Whether something with this path may come at all. What appears in the downloads directory
    /// itself has a name that is safe everywhere; what is inside of it has its own.
    pub(super) fn check(path: &SafePath) -> Result<(), Trouble> {
        match str::from_utf8(path.first()).map(SafeName::new) {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Trouble::unlawful(error.to_string())),
            Err(_) => Err(Trouble::unlawful(format!(
                "the name \"{path}\" isn't UTF-8; rename it, or send the folder that it is in"
            ))),
        }
    }

    /// The name that something has in its folder.
    pub(super) fn name_of(&self, path: &SafePath) -> Vec<u8> {
        let names = self.folders.names();
        names.claim(path.as_bytes()).map_or_else(|| path.last().to_vec(), |c| c.name.clone())
    }

    /// Whether a file is there, whole and as it should be.
    pub(super) fn has(&self, entry: &Entry) -> bool {
        let (Some(size), Some(mtime)) = (entry.size(), entry.mtime) else { return false };
        let Some(place) = self.folders.find(&entry.path) else { return false };
        let found = place.folder.look(&self.name_of(&entry.path));
        found.is_ok_and(|found| {
            found.is_file_of(size, mtime) && self.counts(&place, &entry.path, found.ctime)
        })
    }

    /// Whether a file could get its name at the end, as far as can be seen now.
    pub(super) fn foresee(&self, path: &SafePath) -> Result<(), Trouble> {
        let place = self.folders.of(path)?;
        match place.folder.look(path.last()) {
            Ok(found) if found.is_folder() && self.folders.policy == OnCollision::Overwrite => {
                Err(folder_in_the_way(path))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Puts what has the name `from` in `state` into its place. Gives the folder.
    pub(super) fn put(
        &self,
        state: &Folder,
        from: &str,
        path: &SafePath,
    ) -> Result<Arc<Place>, Trouble> {
        let put = match self.try_put(state, from.as_bytes(), path) {
            // The folder was removed since it was last used; it is made again.
            Err(Failed::System(error)) if error.kind() == io::ErrorKind::NotFound => {
                self.folders.forget();
                self.try_put(state, from.as_bytes(), path)
            }
            put => put,
        };
        put.map_err(|failed| failed.at(path))
    }

    /// What it is all saved as.
    pub(super) fn saved_as(&self, offered: &SafeName) -> String {
        const TOLD: usize = 3;
        let names = self.folders.names();
        let told: Vec<String> = names.tops().take(TOLD).map(shown).collect();
        match names.tops().count() - told.len() {
            0 if told.is_empty() => offered.as_str().to_owned(),
            0 => told.join(", "),
            more => format!("{} and {more} more", told.join(", ")),
        }
    }

    fn try_put(&self, state: &Folder, from: &[u8], path: &SafePath) -> Result<Arc<Place>, Failed> {
        let place = self.folders.of(path)?;
        // Inside of what it has made itself nothing is anybody else's.
        let tries = self.folders.policy.tries(MAX_NUMBERED);
        for number in 1..=if place.is_root() { tries } else { MAX_NUMBERED } {
            let name = names::numbered(path.last(), number);
            if !self.claim(&place, path, &name, number)? {
                continue;
            }
            match state.place(from, &place.folder, &name) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if !self.may_replace(&place, path, &name)? {
                        continue;
                    }
                    state.replace(from, &place.folder, &name)?;
                }
                Err(error) => return Err(error.into()),
            }
            if place.is_root() {
                self.folders.names().take(&self.folders.root, &name);
            }
            return Ok(place);
        }
        Err(taken(path, self.folders.policy).into())
    }

    /// Whether what is there under the name of something, and looks like it, is to count as that.
    /// `changed` is when the system saw it change last.
    pub(super) fn counts(&self, place: &Place, path: &SafePath, changed: Stamp) -> bool {
        match self.folders.policy {
            OnCollision::Skip => true,
            // What was there before the transfer is to be replaced.
            OnCollision::Overwrite => place.ours || changed >= self.folders.begun,
            OnCollision::Rename | OnCollision::Refuse => {
                place.ours || self.folders.names().claim(path.as_bytes()).is_some()
            }
        }
    }

    /// Notes that something is going to have this name, if that is worth a note. `false` if it is
    /// clear already that it can't.
    fn claim(
        &self,
        place: &Place,
        path: &SafePath,
        name: &[u8],
        number: u32,
    ) -> Result<bool, Trouble> {
        if !place.is_root() && number == 1 {
            return Ok(true);
        }
        let mut names = self.folders.names();
        // One that is to be replaced is no obstacle.
        let is_wanted = self.folders.policy == OnCollision::Overwrite && number == 1;
        if place.is_root() && !is_wanted && names.is_taken(&self.folders.root, name) {
            return Ok(false);
        }
        names.note(path, Claim { name: name.to_vec(), made: false })?;
        Ok(true)
    }

    /// Whether what has the name may be replaced: because the user has said so, or because it is
    /// this transfer's own from an earlier run. What was put there in this run is something else of
    /// the same transfer, whose name only this disk holds equal.
    fn may_replace(&self, place: &Place, path: &SafePath, name: &[u8]) -> Result<bool, Failed> {
        let found = place.folder.look(name)?;
        let is_older = found.ctime < self.since;
        match self.folders.policy {
            OnCollision::Overwrite if found.is_folder() => Err(folder_in_the_way(path).into()),
            OnCollision::Overwrite => Ok(is_older),
            OnCollision::Rename | OnCollision::Skip | OnCollision::Refuse => {
                Ok(place.ours && is_older && !found.is_folder() && place.lists(name))
            }
        }
    }
}

fn folder_in_the_way(path: &SafePath) -> Trouble {
    Trouble::unlawful(format!(
        "{path} is a folder here and something else there, and a folder is never replaced; move it \
         away and have it offered again"
    ))
}
