//! What is offered, whether it fits, and whether a part of it is there already.
//!
//! Owns the description that travels in an offer and the judgement of the receiver before anything
//! moves; looking at disks is the shell's.

use super::entry::{Entry, EntryKind, Stamp};
use crate::path::SafeName;
use crate::units;
use serde::{Deserialize, Serialize};

/// What is offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Its name: of the file or folder, or of the first of several.
    pub name: SafeName,
    /// What it is.
    pub form: Form,
    /// The bytes of all its files; none if nobody knows, as of a stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The bytes that its files take on the sender's disk, if that is less than their size: some have
    /// holes, which take none here either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_disk: Option<u64>,
    /// How many entries it has: files, folders and links.
    pub entries: u64,
    /// When a file was changed. With name and size it tells whether it is the same one as before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtime: Option<Stamp>,
}

/// What kind of thing is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// One file.
    File,
    /// A folder with all that is in it.
    Folder,
    /// Several files and folders, beside each other.
    Several,
    /// Bytes without a name of their own and of a length that isn't known.
    Stream,
    /// A text to be shown, not a file to be kept.
    Text,
}

/// A part of something that is on disk from before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partial {
    /// What it is a part of, as it was offered then.
    pub offer: Offer,
    /// How many bytes of it are there.
    pub held: u64,
}

/// How a part that is on disk goes with an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// It is a part of the same; the transfer goes on from there.
    Same,
    /// It is a part of what had this name before it was changed.
    Changed,
    /// It has nothing to do with it.
    Other,
}

/// What the receiver's disk has to say about an offer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preflight {
    /// Whether a part of the same is there from before, however small.
    pub part: bool,
    /// Bytes of it that are there already, in a part from before.
    pub held: u64,
    /// A part from before of something that had the same name and was changed since, in bytes.
    pub changed: Option<u64>,
    /// Whether something has the name already.
    pub exists: bool,
    /// Free bytes; none if the disk can't tell.
    pub free: Option<u64>,
    /// Why nothing can be received at all; a sentence.
    pub trouble: Option<String>,
}

/// What to do about a name that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnCollision {
    /// Receive it under another name, with a number.
    #[default]
    Rename,
    /// Leave out what is there already with the same size and time; rename otherwise.
    Skip,
    /// Replace files. The user has said so.
    Overwrite,
    /// Leave out what has a name that is taken, and say so.
    Refuse,
}

impl OnCollision {
    /// How many names are tried for something: the one that it has, and numbered ones.
    #[must_use]
    pub const fn tries(self, most: u32) -> u32 {
        match self {
            Self::Refuse => 1,
            Self::Rename | Self::Skip | Self::Overwrite => most,
        }
    }
}

impl Form {
    /// Whether a part of it is of use: what it is a part of can be sent again from where it ended.
    #[must_use]
    pub const fn is_resumable(self) -> bool {
        matches!(self, Self::File | Self::Folder | Self::Several)
    }
}

impl Offer {
    /// The size in bytes; 0 if nobody knows.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size.unwrap_or(0)
    }

    /// Whether it is a folder, with whatever is in it.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.form == Form::Folder
    }

    /// Whether it is the same as another. How much of a disk it takes doesn't tell: that changes when
    /// a file system gets round to it.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let Self { name, form, size, on_disk: _, entries, mtime } = self;
        (name, form, size, entries, mtime)
            == (&other.name, &other.form, &other.size, &other.entries, &other.mtime)
    }

    /// Whether an entry can belong to it.
    ///
    /// # Errors
    /// What is wrong with it, for the sender.
    pub fn check_entry(&self, entry: &Entry) -> Result<(), String> {
        let named_so = entry.path.first() == self.name.as_str().as_bytes();
        let single = entry.path.parent().is_none();
        let fits = match self.form {
            Form::File => named_so && single && entry.size() == self.size,
            Form::Text => single && entry.is_file() && entry.size() == self.size,
            Form::Stream => single && matches!(entry.kind, EntryKind::File { size: None }),
            Form::Folder => named_so && (!single || matches!(entry.kind, EntryKind::Folder)),
            Form::Several => !matches!(entry.kind, EntryKind::File { size: None }),
        };
        if fits {
            Ok(())
        } else {
            Err(format!("{} isn't what was offered, which is {}", entry.path, self.name))
        }
    }

    /// Whether what is on disk is a part of it.
    #[must_use]
    pub fn compare(&self, partial: &Self) -> Match {
        if self.form != partial.form || self.name != partial.name {
            return Match::Other;
        }
        match self.form {
            Form::File if self.size == partial.size && self.mtime == partial.mtime => Match::Same,
            Form::File => Match::Changed,
            // Each entry of a tree is compared for itself.
            Form::Folder | Form::Several => Match::Same,
            Form::Stream | Form::Text => Match::Other,
        }
    }
}

impl Preflight {
    /// How many more bytes an offer takes on the disk.
    #[must_use]
    pub fn needed(&self, offer: &Offer) -> u64 {
        let missing = offer.size().saturating_sub(self.held);
        offer.on_disk.map_or(missing, |on_disk| missing.min(on_disk))
    }

    /// Whether the offer can be received.
    ///
    /// # Errors
    /// What is wrong and what to do, in a sentence.
    pub fn check(&self, offer: &Offer) -> Result<(), String> {
        if let Some(trouble) = &self.trouble {
            return Err(trouble.clone());
        }
        let needed = self.needed(offer);
        match self.free.filter(|free| *free < needed) {
            None => Ok(()),
            Some(free) => Err(format!(
                "the disk is too full: {} needs {} more and {} are free; make room, or choose \
                 another disk with --downloads DIR, and accept again",
                offer.name,
                units::bytes(needed),
                units::bytes(free)
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::SafePath;

    fn offer(form: Form, size: u64) -> Offer {
        let name = SafeName::new("photo.png").expect("a safe name");
        Offer { name, form, size: Some(size), on_disk: None, entries: 1, mtime: Some(Stamp(5, 0)) }
    }

    fn entry(path: &str, kind: EntryKind) -> Entry {
        let path = SafePath::new(path).expect("a safe path");
        Entry { path, kind, mode: None, mtime: None }
    }

    #[test]
    fn only_what_was_offered_belongs_to_it() {
        let file = |size| EntryKind::File { size: Some(size) };
        let one = offer(Form::File, 3);
        assert!(one.check_entry(&entry("photo.png", file(3))).is_ok());
        for bad in [
            entry("photo.png", file(4)),
            entry("other.png", file(3)),
            entry("photo.png/x", file(3)),
            entry("photo.png", EntryKind::Folder),
        ] {
            assert!(one.check_entry(&bad).is_err(), "{bad:?}");
        }
        let folder = offer(Form::Folder, 3);
        assert!(folder.check_entry(&entry("photo.png", EntryKind::Folder)).is_ok());
        assert!(folder.check_entry(&entry("photo.png/a/b", file(9))).is_ok());
        assert!(folder.check_entry(&entry("else/a", file(9))).is_err());
        assert!(folder.check_entry(&entry("photo.png", file(9))).is_err());
    }

    #[test]
    fn a_part_is_known_again() {
        let now = offer(Form::File, 3);
        assert_eq!(now.compare(&now), Match::Same);
        assert!(now.is_same(&Offer { on_disk: Some(1), ..now.clone() }));
        assert!(!now.is_same(&Offer { entries: 2, ..now.clone() }));
        let changed = Offer { mtime: Some(Stamp(6, 0)), ..now.clone() };
        assert_eq!(now.compare(&changed), Match::Changed);
        assert_eq!(now.compare(&offer(Form::Folder, 3)), Match::Other);
    }

    #[test]
    fn what_cannot_fit_is_refused_with_figures() {
        let offer = offer(Form::File, 3 << 30);
        let preflight = Preflight { free: Some(1 << 30), ..Preflight::default() };
        let said = preflight.check(&offer).expect_err("too full");
        assert!(said.contains("3.0 GiB more and 1.0 GiB are free"), "{said}");
        let resumed = Preflight { held: 2 << 30, ..preflight.clone() };
        assert!(resumed.check(&offer).is_ok());
        assert!(Preflight::default().check(&offer).is_ok());
        let sparse = Offer { on_disk: Some(1 << 20), ..offer };
        assert!(preflight.check(&sparse).is_ok());
    }
}
