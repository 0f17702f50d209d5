//! Going through folders, one entry after the other.
//!
//! Owns the order, what can't be sent, and that nothing outside of what the user named is looked
//! at: each folder is opened from the one above it and no link is followed, whatever changes
//! meanwhile.

use super::file::Place;
use super::look::{self, Look};
use super::rules::{FolderRules, Rules, RulesAbove};
use super::twins::Twins;
use super::{shown, shown_entry};
use couplet::path::{RawName, SafePath};
use couplet::text;
use couplet::transfer::entry::{Entry, EntryKind};
use rustix::fs::{CWD, Dir, FileType, OFlags, readlinkat};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::vec;

/// What a walk comes upon.
#[derive(Debug)]
pub enum Found {
    /// Something to send.
    Entry {
        /// What it is.
        what: Entry,
        /// Where its bytes are.
        place: Place,
        /// How much of the disk they take.
        on_disk: u64,
    },
    /// Something that can't be sent.
    LeftOut {
        /// Why, in a sentence.
        why: String,
    },
}

/// Something that the user named.
#[derive(Debug, Clone)]
pub(super) enum Top {
    /// A file, as it was found.
    Ready {
        /// What it is.
        what: Entry,
        /// Where its bytes are.
        place: Place,
        /// How much of the disk they take.
        on_disk: u64,
    },
    /// A folder.
    Folder {
        /// Its name in the offer.
        name: SafePath,
        /// Where it is.
        path: PathBuf,
    },
    /// A folder that is open.
    Open {
        /// Its name in the offer.
        name: SafePath,
        /// The folder.
        folder: Arc<OwnedFd>,
    },
}

/// Goes through all that the user named.
#[derive(Debug)]
pub struct Walk {
    tops: vec::IntoIter<Top>,
    rules: Arc<Rules>,
    tree: Option<Tree>,
}

/// A folder that the user named, on the way through it.
#[derive(Debug)]
pub(super) struct Tree {
    root: Arc<OwnedFd>,
    above: Vec<RulesAbove>,
    levels: Vec<Level>,
    twins: Twins,
}

/// A folder on the way.
#[derive(Debug)]
struct Level {
    dir: Dir,
    path: SafePath,
    /// Those to come.
    names: vec::IntoIter<Name>,
    rules: FolderRules,
}

/// A name in a folder.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Name(CString);

impl AsRef<[u8]> for Name {
    fn as_ref(&self) -> &[u8] {
        self.0.to_bytes()
    }
}

impl Walk {
    /// A walk through these, without what the rules leave out.
    pub(super) fn new(tops: Vec<Top>, rules: Arc<Rules>) -> Self {
        Self { tops: tops.into_iter(), rules, tree: None }
    }
}

impl Walk {
    fn enter(&mut self, name: SafePath, planted: Result<(Tree, Look), String>) -> Found {
        match planted {
            Ok((tree, look)) => {
                self.tree = Some(tree);
                folder_found(name, &look)
            }
            Err(why) => Found::LeftOut { why },
        }
    }
}

impl Iterator for Walk {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        if let Some(found) = self.tree.as_mut().and_then(|tree| tree.next(&self.rules)) {
            return Some(found);
        }
        self.tree = None;
        Some(match self.tops.next()? {
            Top::Ready { what, place, on_disk } => Found::Entry { what, place, on_disk },
            Top::Folder { name, path } => {
                let planted = Tree::plant(&path, &name, &self.rules);
                self.enter(name, planted)
            }
            Top::Open { name, folder } => {
                let planted = Tree::within(folder, &name, &self.rules);
                self.enter(name, planted)
            }
        })
    }
}

impl Tree {
    /// Begins with this folder. Links on the way to it are followed.
    ///
    /// # Errors
    /// Why it can't be read and what to do.
    pub(super) fn plant(
        path: &Path,
        name: &SafePath,
        rules: &Rules,
    ) -> Result<(Self, Look), String> {
        let shown = shown(path);
        let unreadable = |error| match error {
            Errno::NOENT | Errno::NOTDIR => {
                format!("there is no folder {shown} any more; check the path")
            }
            Errno::ACCESS | Errno::PERM => format!(
                "the folder {shown} can't be read; you have no permission (see ls -ld {shown})"
            ),
            error => format!("the folder {shown} can't be read ({error}); check its disk"),
        };
        let open = || {
            let root = look::open(CWD, path, OFlags::DIRECTORY)?;
            let look = Look::of(&root)?;
            Ok((Dir::read_from(&root)?, Arc::new(root), look))
        };
        let (dir, root, look) = open().map_err(unreadable)?;
        let above = rules.above(path).map_err(|error| {
            format!(
                "what is to be left out of {shown} can't be told, since a .gitignore above it can't \
                 be read ({error}); make it readable, or send without these rules"
            )
        })?;
        let first = Level::read(dir, name.clone(), rules)?;
        let tree = Self { root, above, levels: vec![first], twins: Twins::default() };
        Ok((tree, look))
    }

    /// Begins with a folder that is open. No rules from above it count.
    ///
    /// # Errors
    /// Why it can't be read and what to do.
    fn within(root: Arc<OwnedFd>, name: &SafePath, rules: &Rules) -> Result<(Self, Look), String> {
        let open = || Ok((Dir::read_from(&root)?, Look::of(&*root)?));
        let (dir, look) = open().map_err(|error| unreadable_folder(name, error))?;
        let first = Level::read(dir, name.clone(), rules)?;
        let tree = Self { root, above: Vec::new(), levels: vec![first], twins: Twins::default() };
        Ok((tree, look))
    }

    /// The next thing in it.
    fn next(&mut self, rules: &Rules) -> Option<Found> {
        while let Some(level) = self.levels.last_mut() {
            if let Some(Name(name)) = level.names.next() {
                match self.look_at(&name, rules) {
                    Ok(None) => {}
                    Ok(Some(found)) => return Some(found),
                    Err(why) => return Some(Found::LeftOut { why }),
                }
            } else {
                self.levels.pop();
            }
        }
        None
    }

    /// What this name in the last folder is; nothing if that needn't be known. Or why it can't be
    /// sent.
    fn look_at(&mut self, name: &CStr, rules: &Rules) -> Result<Option<Found>, String> {
        let Some(level) = self.levels.last() else { return Ok(None) };
        let bytes = [level.path.as_bytes(), name.to_bytes()].join(&b'/');
        let unreadable = |error: Errno| {
            let path = text::line(&String::from_utf8_lossy(&bytes), super::SHOWN_COLUMNS);
            format!("{path} can't be looked at ({error}), so it is left out")
        };
        let dir = level.dir.fd().map_err(unreadable)?;
        let look = match Look::at(dir, name, false) {
            Ok(look) => look,
            // It was there when the folder was read.
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        if rules.is_any() && self.is_left_out(&bytes, look.kind == FileType::Directory, rules) {
            return Ok(None);
        }
        let path = SafePath::new(&bytes).map_err(|error| error.to_string())?;
        match look.kind {
            FileType::RegularFile => Ok(Some(self.file_found(path, &look))),
            FileType::Symlink => {
                let target = readlinkat(dir, name, Vec::new()).map_err(unreadable)?;
                link_found(path, target.into_bytes(), &look).map(Some)
            }
            FileType::Directory => {
                let (next, look) = Level::open(dir, name, &path, rules)?;
                self.levels.push(next);
                Ok(Some(folder_found(path, &look)))
            }
            FileType::Fifo => Err(no_file(&path, "a named pipe")),
            FileType::Socket => Err(no_file(&path, "a socket")),
            FileType::CharacterDevice | FileType::BlockDevice => Err(no_file(&path, "a device")),
            FileType::Unknown => Err(no_file(&path, "nothing known")),
        }
    }

    fn is_left_out(&self, bytes: &[u8], is_folder: bool, rules: &Rules) -> bool {
        let first = self.levels.first().map_or(0, |level| level.path.as_bytes().len());
        let within = self.levels.iter().map(|level| {
            let len = level.path.as_bytes().len();
            (&level.rules, len.saturating_sub(first + 1))
        });
        let below = bytes.get(first + 1..).unwrap_or_default();
        rules.leave_out(below, is_folder, within, &self.above)
    }

    fn file_found(&mut self, path: SafePath, look: &Look) -> Found {
        if let Some(of) = self.twins.first_path(look, &path) {
            let place = Place::nowhere(path.clone());
            return Found::Entry {
                what: look.entry(path, EntryKind::Twin { of }),
                place,
                on_disk: 0,
            };
        }
        let place = Place::below(Arc::clone(&self.root), path.clone(), look.seen);
        let kind = EntryKind::File { size: Some(look.seen.size) };
        Found::Entry { what: look.entry(path, kind), place, on_disk: look.on_disk() }
    }
}

impl Level {
    /// A folder in this one.
    fn open(
        above: impl AsFd,
        name: &CStr,
        path: &SafePath,
        rules: &Rules,
    ) -> Result<(Self, Look), String> {
        let open = || {
            let folder = look::open(above, name, OFlags::DIRECTORY | OFlags::NOFOLLOW)?;
            let look = Look::of(&folder)?;
            Ok((Dir::new(folder)?, look))
        };
        let (dir, look) = open().map_err(|error| unreadable_folder(path, error))?;
        Ok((Self::read(dir, path.clone(), rules)?, look))
    }

    fn read(mut dir: Dir, path: SafePath, rules: &Rules) -> Result<Self, String> {
        let mut names = Vec::new();
        while let Some(entry) = dir.read() {
            let entry = entry.map_err(|error| unreadable_folder(&path, error))?;
            let name = entry.file_name();
            if !matches!(name.to_bytes(), b"." | b"..") {
                names.push(Name(name.to_owned()));
            }
        }
        names.sort_unstable();
        let fd = dir.fd().map_err(|error| unreadable_folder(&path, error))?;
        let rules = rules.of_folder(fd, &names).map_err(|error| {
            format!(
                "what is to be left out of the folder {} can't be told, since its .gitignore can't \
                 be read ({error}), so it is left out",
                shown_entry(&path)
            )
        })?;
        Ok(Self { dir, path, names: names.into_iter(), rules })
    }
}

fn folder_found(path: SafePath, look: &Look) -> Found {
    let place = Place::nowhere(path.clone());
    Found::Entry { what: look.entry(path, EntryKind::Folder), place, on_disk: 0 }
}

fn link_found(path: SafePath, target: Vec<u8>, look: &Look) -> Result<Found, String> {
    if !path.holds_link_to(&target) {
        let target = text::line(&String::from_utf8_lossy(&target), super::SHOWN_COLUMNS);
        let path = shown_entry(&path);
        return Err(format!(
            "the link {path} leads outside of what is sent, to {target}, so it is left out"
        ));
    }
    let place = Place::nowhere(path.clone());
    let kind = EntryKind::Link { target: RawName(target) };
    Ok(Found::Entry { what: look.entry(path, kind), place, on_disk: 0 })
}

fn no_file(path: &SafePath, what: &str) -> String {
    format!("{} is {what} and no file, so it is left out", shown_entry(path))
}

fn unreadable_folder(path: &SafePath, error: Errno) -> String {
    format!("the folder {} can't be read ({error}), so it is left out", shown_entry(path))
}

#[cfg(test)]
#[path = "walk_tests.rs"]
mod tests;
