//! What the user wants to send: files, folders, a text, or what comes from standard input.
//!
//! Owns what the paths of the user name, under which names it is offered, and what is counted for
//! the offer. Going through folders is `walk`'s, what is left out on request `rules`'s, opening
//! and reading `file`'s and `stream`'s, and how something looks on disk `look`'s. What
//! is sent of it and when is the [`Sender`](couplet::transfer::send::Sender)'s.

mod file;
mod look;
mod rules;
mod stream;
mod twins;
mod walk;

pub use file::{OpenSource, Place, SourceFault};
pub use walk::{Found, Walk};

use couplet::limits::MAX_ENTRIES;
use couplet::path::{SafeName, SafePath};
use couplet::transfer::entry::{Entry, EntryKind};
use couplet::transfer::offer::{Form, Offer};
use couplet::{text, units};
use look::Look;
use rules::Rules;
use rustix::fs::{CWD, FileType, OFlags};
use rustix::io::Errno;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stream::Stream;
use walk::{Top, Tree};

/// The columns that a path may take in a sentence.
const SHOWN_COLUMNS: usize = 120;

/// The name of the folder that has none.
const NAME_OF_ROOT: &str = "root";

/// What the user wants to send, as it was found.
#[derive(Debug, Clone)]
pub struct Source {
    offer: Offer,
    tops: Vec<Top>,
    rules: Arc<Rules>,
    /// What the user named, as whole paths; none if it isn't on disk.
    asked: Option<(Vec<PathBuf>, WalkOptions)>,
}

/// What of a folder isn't sent. What the user names is, whatever these say; they are about what is
/// in it.
#[derive(Debug, Clone, Default)]
pub struct WalkOptions {
    /// Patterns as the lines of a `.gitignore` in each folder that the user names: what they match is
    /// left out, and with a `!` in front it isn't, whatever the `.gitignore`s say.
    pub exclude: Vec<String>,
    /// Whether what the `.gitignore`s say is left out, and with it `.git`. They count for the folder
    /// that they are in; those above what the user names count up to the top of its repository.
    pub gitignore: bool,
}

impl Source {
    /// Looks at what these paths name: one file or folder, or several side by side, in this order.
    /// Links are followed. Counts what there is, so it takes a while for a large tree.
    ///
    /// The last name of each path is its name in the offer; `.`, `..` and the like have the name of
    /// the folder that they lead to. Those with equal names get numbers.
    ///
    /// # Errors
    /// What is wrong and what to do, for people.
    pub fn inspect(paths: &[PathBuf], options: &WalkOptions) -> Result<Self, String> {
        let rules = Arc::new(Rules::new(options)?);
        let mut found = Vec::new();
        let mut names = Vec::new();
        for path in paths {
            found.push(look_at(path)?);
            names.push(own_name(path)?);
        }
        let names = distinct(&names);
        let mut tops = Vec::new();
        for ((path, look), name) in paths.iter().zip(found).zip(&names) {
            tops.push(top(path, &look, name, &rules)?);
        }
        let Some((first, name)) = tops.first().zip(names.into_iter().next()) else {
            return Err("there is nothing to send; name at least one file or folder".to_owned());
        };
        let (form, mtime) = match first {
            _ if tops.len() > 1 => (Form::Several, None),
            Top::Ready { what, .. } => (Form::File, what.mtime),
            Top::Folder { .. } | Top::Open { .. } => (Form::Folder, None),
        };
        let offer = Offer { name, form, size: Some(0), on_disk: None, entries: 0, mtime };
        let whole: io::Result<Vec<_>> = paths.iter().map(std::path::absolute).collect();
        let asked = whole.ok().map(|paths| (paths, options.clone()));
        let mut source = Self { offer, tops, rules, asked };
        source.count();
        let entries = source.offer.entries;
        if entries > MAX_ENTRIES {
            return Err(format!(
                "there are {} items in it, more than the {} that one transfer takes; send its \
                 folders one by one",
                units::grouped(entries),
                units::grouped(MAX_ENTRIES)
            ));
        }
        Ok(source)
    }

    /// What has this name in a folder that is open: a file, or a folder with all that is in it. A
    /// link isn't followed.
    ///
    /// # Errors
    /// The system's; one that says so if it is neither.
    pub fn inside(folder: impl AsFd, name: &SafeName) -> io::Result<Self> {
        let path = SafePath::from(name.clone());
        let found = look::open(&folder, name.as_str(), OFlags::NOFOLLOW)?;
        let look = Look::of(&found)?;
        let (top, form, mtime) = match look.kind {
            FileType::RegularFile => {
                let what = look.entry(path.clone(), EntryKind::File { size: Some(look.seen.size) });
                let mtime = what.mtime;
                let folder = Arc::new(folder.as_fd().try_clone_to_owned()?);
                let place = Place::inside(folder, path, look.seen);
                (Top::Ready { what, place, on_disk: look.on_disk() }, Form::File, mtime)
            }
            FileType::Directory => {
                (Top::Open { name: path, folder: Arc::new(found) }, Form::Folder, None)
            }
            FileType::Symlink
            | FileType::Fifo
            | FileType::Socket
            | FileType::CharacterDevice
            | FileType::BlockDevice
            | FileType::Unknown => return Err(io::ErrorKind::Unsupported.into()),
        };
        let offer =
            Offer { name: name.clone(), form, size: Some(0), on_disk: None, entries: 0, mtime };
        let mut source = Self { offer, tops: vec![top], rules: Arc::default(), asked: None };
        source.count();
        Ok(source)
    }

    /// A text that is to be shown.
    #[must_use]
    pub fn text(text: String) -> Self {
        let size = Some(text.len() as u64);
        Self::nameless(Form::Text, "text.txt", size, |name| Place::text(name, text.into()))
    }

    /// What comes from standard input until it ends. It can be walked again after a cut, and then
    /// goes on where it was; from the beginning only while that is remembered.
    #[must_use]
    pub fn stdin() -> Self {
        Self::stream(Box::new(std::io::stdin()))
    }

    /// What this gives until it ends; see [`stdin`](Self::stdin).
    fn stream(from: Box<dyn Read + Send>) -> Self {
        let stream = Arc::new(Stream::new(from));
        Self::nameless(Form::Stream, "stdin", None, |name| Place::stream(name, stream))
    }

    /// One file that isn't on disk, under a name of couplet's.
    fn nameless(
        form: Form,
        name: &'static str,
        size: Option<u64>,
        place: impl FnOnce(SafePath) -> Place,
    ) -> Self {
        let name = SafeName::new(name).expect("a constant that is a safe name");
        let path = SafePath::from(name.clone());
        let kind = EntryKind::File { size };
        let what = Entry { path: path.clone(), kind, mode: None, mtime: None };
        let tops = vec![Top::Ready { what, place: place(path), on_disk: size.unwrap_or(0) }];
        let offer = Offer { name, form, size, on_disk: None, entries: 1, mtime: None };
        Self { offer, tops, rules: Arc::default(), asked: None }
    }

    /// What the peer is told of it.
    #[must_use]
    pub const fn offer(&self) -> &Offer {
        &self.offer
    }

    /// What the user named, and what of it isn't sent; none if it isn't on disk.
    #[must_use]
    pub fn asked(&self) -> Option<(&[PathBuf], &WalkOptions)> {
        self.asked.as_ref().map(|(paths, options)| (paths.as_slice(), options))
    }

    /// Its entries as they are now: what was named in its order, each folder before what is in it,
    /// and that sorted by the bytes of its names. Holds the names of one folder a level.
    #[must_use]
    pub fn walk(&self) -> Walk {
        Walk::new(self.tops.clone(), Arc::clone(&self.rules))
    }

    /// Counts the entries and the bytes of their files.
    fn count(&mut self) {
        let (mut entries, mut size, mut on_disk) = (0, 0_u64, 0_u64);
        for found in self.walk() {
            if let Found::Entry { what, on_disk: of_it, .. } = found {
                entries += 1;
                size = size.saturating_add(what.size().unwrap_or(0));
                on_disk = on_disk.saturating_add(of_it);
            }
        }
        self.offer.entries = entries;
        self.offer.size = Some(size);
        self.offer.on_disk = Some(on_disk).filter(|on_disk| *on_disk < size);
    }
}

/// Checks that these paths lead to something that can be offered, without looking into folders.
///
/// # Errors
/// What is wrong and what to do, for people.
pub fn check_paths(paths: &[PathBuf]) -> Result<(), String> {
    paths.iter().try_for_each(|path| look_at(path).and_then(|_| own_name(path)).map(drop))
}

/// How what the user named looks, links followed.
fn look_at(path: &Path) -> Result<Look, String> {
    let shown = shown(path);
    let look = Look::at(CWD, path, true).map_err(|error| match error {
        Errno::NOENT | Errno::NOTDIR => {
            format!(
                "there is no file or folder {shown}; check the path, and put quotes around blanks"
            )
        }
        Errno::ACCESS => format!("{shown} can't be reached; you may not enter its folder"),
        error => format!("{shown} can't be looked at ({error}); check the path"),
    })?;
    if matches!(look.kind, FileType::RegularFile | FileType::Directory) {
        return Ok(look);
    }
    Err(format!(
        "{shown} is no file or folder but a device, pipe or socket; copy what it gives into a file \
         first"
    ))
}

/// The name under which it is offered.
fn own_name(path: &Path) -> Result<SafeName, String> {
    let name = if let Some(name) = path.file_name() {
        name.to_owned()
    } else {
        let resolved = path.canonicalize().map_err(|error| {
            format!("the name of {} can't be found out ({error}); send it by name", shown(path))
        })?;
        resolved.file_name().unwrap_or(NAME_OF_ROOT.as_ref()).to_owned()
    };
    let name = name.to_str().ok_or_else(|| {
        format!("the name of {} isn't UTF-8; rename it before sending it", shown(path))
    })?;
    SafeName::new(name).map_err(|error| error.to_string())
}

/// The same names, all but the first of equal ones with a number that makes them different.
fn distinct(names: &[SafeName]) -> Vec<SafeName> {
    let all: BTreeSet<_> = names.iter().collect();
    let mut taken = BTreeSet::new();
    let mut numbers: BTreeMap<&SafeName, u32> = BTreeMap::new();
    let mut pick = |name| {
        let number = numbers.entry(name).or_insert(1);
        let mut picked = name.clone();
        // Two long names may become equal when they are numbered.
        while (*number > 1 && all.contains(&picked)) || taken.contains(&picked) {
            *number += 1;
            picked = name.numbered(*number);
        }
        taken.insert(picked.clone());
        picked
    };
    names.iter().map(&mut pick).collect()
}

/// A file or folder that the user named, if it can be read.
fn top(path: &Path, look: &Look, name: &SafeName, rules: &Rules) -> Result<Top, String> {
    let shown = shown(path);
    let name = SafePath::from(name.clone());
    if look.kind == FileType::Directory {
        Tree::plant(path, &name, rules)?;
        return Ok(Top::Folder { name, path: path.to_owned() });
    }
    // Opened to learn whether that is possible, and how what was opened looks.
    let look = look::open(CWD, path, OFlags::empty()).and_then(|file| Look::of(&file)).map_err(
        |error| match error {
            Errno::ACCESS | Errno::PERM => {
                format!("{shown} can't be read; you have no permission (see ls -l {shown})")
            }
            error => format!("{shown} can't be opened ({error}); check the path"),
        },
    )?;
    if look.kind != FileType::RegularFile {
        return Err(format!("{shown} has just become something else; check the path"));
    }
    let place = Place::named(name.clone(), path.to_owned(), look.seen);
    let what = look.entry(name, EntryKind::File { size: Some(look.seen.size) });
    Ok(Top::Ready { what, place, on_disk: look.on_disk() })
}

/// A path in a sentence.
fn shown(path: &Path) -> String {
    if path.as_os_str().is_empty() {
        return "\"\"".to_owned();
    }
    text::line(&path.to_string_lossy(), SHOWN_COLUMNS)
}

/// A path of an entry in a sentence.
fn shown_entry(path: &SafePath) -> String {
    text::line(&path.to_string(), SHOWN_COLUMNS)
}

#[cfg(test)]
mod tests;
