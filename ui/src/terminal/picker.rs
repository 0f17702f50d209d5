//! The files to choose from: a directory, what is typed to narrow it, and what is ticked.
//!
//! Owns which files are shown and chosen. It reads nothing ([`super::looking`] does) and draws
//! nothing.

use super::editor::Editor;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The files and directories that are ticked at most.
pub(crate) const MOST_TICKED: usize = 1000;

/// What files are chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To offer them to the peer.
    Send,
    /// To lay them on the shelf.
    Put,
}

/// What an entry of a directory is, through links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file of so many bytes.
    File(u64),
    /// A directory.
    Directory,
    /// Neither: it can't be sent.
    Other,
}

/// An entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its name in the file system.
    pub(crate) file: OsString,
    /// Its name as it is shown.
    pub(crate) label: String,
    /// What it is.
    pub(crate) kind: Kind,
}

/// What is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    /// Which question it is.
    pub(crate) serial: u64,
    /// What it is.
    pub(crate) path: PathBuf,
    /// Whether the entries of a directory are wanted, and not a preview.
    pub(crate) entries: bool,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// What was asked.
    pub(crate) look: Look,
    /// What it is.
    pub(crate) seen: Seen,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The entries of a directory.
    Entries {
        /// Its whole path.
        path: PathBuf,
        /// The entries, directories first.
        entries: Vec<Entry>,
        /// Whether there are more of them.
        cut: bool,
    },
    /// The first lines of a file, or a word about what it is.
    Preview(Vec<String>),
    /// Why nothing was seen.
    Nothing(String),
}

/// The state of the picker.
#[derive(Debug)]
pub(crate) struct Picker {
    /// What the files are for.
    pub(crate) purpose: Purpose,
    /// The directory that is shown.
    pub(crate) directory: PathBuf,
    /// What the names must have in them.
    pub(crate) filter: Editor,
    /// Whether hidden files are shown.
    pub(crate) hidden: bool,
    /// What is ticked, wherever it is, and its size if it is a file.
    pub(crate) ticked: BTreeMap<PathBuf, Kind>,
    /// Whether the directory has more entries than were read.
    pub(crate) cut: bool,
    /// Why the directory can't be shown.
    pub(crate) problem: Option<String>,
    /// A word about the chosen entry, or its first lines.
    preview: Option<(PathBuf, Vec<String>)>,
    entries: Vec<Entry>,
    row: usize,
    serial: u64,
    /// The questions that wait for an answer: for entries, and for a preview.
    waits_for: (Option<u64>, Option<u64>),
    /// The directory that was left, to be chosen in the one above it.
    left: Option<OsString>,
}

impl Picker {
    /// An empty one.
    pub(crate) fn new(purpose: Purpose) -> Self {
        Self {
            purpose,
            directory: PathBuf::from("."),
            filter: Editor::default(),
            hidden: false,
            ticked: BTreeMap::new(),
            cut: false,
            problem: None,
            preview: None,
            entries: Vec::new(),
            row: 0,
            serial: 0,
            waits_for: (None, None),
            left: None,
        }
    }

    /// What to look at to show `directory`.
    pub(crate) fn go_to(&mut self, directory: PathBuf) -> Look {
        self.left = None;
        let look = self.question(directory, true);
        self.waits_for.0 = Some(look.serial);
        look
    }

    /// The same for the directory above; none if there is none.
    pub(crate) fn go_up(&mut self) -> Option<Look> {
        let above = self.directory.parent()?.to_owned();
        let left = self.directory.file_name().map(ToOwned::to_owned);
        let look = self.go_to(above);
        self.left = left;
        Some(look)
    }

    /// Whether a directory is awaited.
    pub(crate) const fn is_reading(&self) -> bool {
        self.waits_for.0.is_some()
    }

    /// Takes in what was seen, unless it isn't awaited any more.
    pub(crate) fn found(&mut self, found: Found) {
        let serial = Some(found.look.serial);
        match found.seen {
            Seen::Entries { path, entries, cut } if self.waits_for.0 == serial => {
                self.waits_for.0 = None;
                let same = self.directory == path;
                let kept = self.chosen().map(|entry| entry.file.clone()).filter(|_| same);
                if !same {
                    self.filter.set("");
                }
                (self.directory, self.entries, self.cut) = (path, entries, cut);
                (self.problem, self.preview) = (None, None);
                let wanted = self.left.take().or(kept);
                let shown = self.shown();
                let row = shown.iter().position(|entry| Some(&entry.file) == wanted.as_ref());
                self.row = row.unwrap_or(0);
            }
            Seen::Nothing(problem) if self.waits_for.0 == serial => {
                self.waits_for.0 = None;
                self.left = None;
                self.problem = Some(problem);
            }
            Seen::Preview(lines) if self.waits_for.1 == serial => {
                self.waits_for.1 = None;
                self.preview = Some((found.look.path, lines));
            }
            Seen::Nothing(problem) if self.waits_for.1 == serial => {
                self.waits_for.1 = None;
                self.preview = Some((found.look.path, vec![problem]));
            }
            Seen::Entries { .. } | Seen::Preview(_) | Seen::Nothing(_) => {}
        }
    }

    /// What is to be looked at for the preview, if that isn't known or asked already.
    pub(crate) fn wants_preview(&mut self) -> Option<Look> {
        let path = self.path()?;
        let known = self.preview.as_ref().is_some_and(|(known, _)| *known == path);
        if known || self.waits_for.1.is_some() || self.is_reading() {
            return None;
        }
        let look = self.question(path, false);
        self.waits_for.1 = Some(look.serial);
        Some(look)
    }

    /// The preview of the chosen entry, as far as it is known.
    pub(crate) fn preview(&self) -> &[String] {
        let path = self.path();
        match &self.preview {
            Some((known, lines)) if Some(known) == path.as_ref() => lines,
            _ => &[],
        }
    }

    /// The entries that are shown.
    pub(crate) fn shown(&self) -> Vec<&Entry> {
        let query = self.filter.text();
        let exactly = query.contains(char::is_uppercase);
        let fits = |entry: &&Entry| {
            let label = &entry.label;
            let hidden = label.starts_with('.') && !self.hidden && !query.starts_with('.');
            let has = if exactly {
                label.contains(query)
            } else {
                query.is_empty() || label.to_lowercase().contains(query)
            };
            has && !hidden
        };
        self.entries.iter().filter(fits).collect()
    }

    /// The row of the chosen entry among `shown`.
    pub(crate) fn row(&self, shown: usize) -> usize {
        self.row.min(shown.saturating_sub(1))
    }

    /// Chooses a row.
    pub(crate) fn choose(&mut self, row: usize) {
        self.row = row;
    }

    /// The chosen entry.
    pub(crate) fn chosen(&self) -> Option<&Entry> {
        let shown = self.shown();
        shown.get(self.row(shown.len())).copied()
    }

    /// Whether Enter leads into the chosen entry: nothing is ticked, and it is a directory.
    pub(crate) fn enters(&self) -> bool {
        self.ticked.is_empty() && self.chosen().is_some_and(|entry| entry.kind == Kind::Directory)
    }

    /// The path of the chosen entry.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        self.chosen().map(|entry| self.path_of(entry))
    }

    /// The path of an entry.
    pub(crate) fn path_of(&self, entry: &Entry) -> PathBuf {
        self.directory.join(Path::new(&entry.file))
    }

    /// Ticks the chosen entry, or no longer.
    ///
    /// # Errors
    /// Why it can't be.
    pub(crate) fn tick(&mut self) -> Result<(), String> {
        let Some((path, entry)) = self.path().zip(self.chosen().cloned()) else { return Ok(()) };
        if self.ticked.remove(&path).is_some() {
            return Ok(());
        }
        if entry.kind == Kind::Other {
            return Err(format!("{} is neither a file nor a directory", entry.label));
        }
        if self.ticked.len() >= MOST_TICKED {
            return Err(format!("{MOST_TICKED} are ticked; send those first, or their directory"));
        }
        self.ticked.insert(path, entry.kind);
        Ok(())
    }

    fn question(&mut self, path: PathBuf, entries: bool) -> Look {
        self.serial += 1;
        Look { serial: self.serial, path, entries }
    }
}
