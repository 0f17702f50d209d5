//! One entry on its way out, and how far it is.
//!
//! Owns what is kept of an entry until the receiver has confirmed it; what happens when is
//! [`Sender`](super::Sender)'s.

use super::PipeNo;
use super::file::FileOut;
use crate::limits::SMALL_FILE;
use crate::time::Moment;
use crate::transfer::entry::{Entry, EntryId, EntryKind};
use crate::transfer::wire::{Fault, Hello, Skip};

#[derive(Debug)]
pub(super) struct OpenEntry {
    /// What it is; nothing is known of one that was left out before it could be looked at.
    what: Option<Entry>,
    pub(super) stage: Stage,
    /// The pipe that the last task went to that decides about the whole entry.
    pub(super) pipe: Option<PipeNo>,
    /// The bytes of a file that takes several records.
    pub(super) file: Option<FileOut>,
    /// What a file that takes one record takes of the window, and since when.
    pub(super) small: Option<(u64, Moment)>,
    /// Why it is left out.
    why: Option<(Fault, String)>,
    /// Entries that are other names of this one, and wait until it is there.
    pub(super) twins: Vec<EntryId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The receiver is to be asked what it has.
    Ask,
    /// It was asked.
    Asked,
    /// A folder, link or twin is to be sent.
    Make,
    /// It was sent.
    Made,
    /// A small file is to be sent whole.
    Small,
    /// The shell reads it.
    Reading,
    /// It was sent whole.
    Sent,
    /// A file's HELLO is to be sent.
    Greet,
    /// Its bytes are moving. The receiver hasn't answered the HELLO yet, so they follow it through its
    /// pipe.
    Greeted,
    /// Its bytes are moving, through any pipe.
    Moving,
    /// The shell checks whether the file is still the same.
    Checking,
    /// It is; CLOSE is to be sent.
    Close,
    /// CLOSE was sent.
    Closed,
    /// The receiver is to be told that it is left out.
    Skip,
    /// It was told.
    Skipped,
}

impl OpenEntry {
    pub(super) fn new(what: Entry, ask: bool) -> Self {
        let stage = match what.kind {
            EntryKind::File { .. } if ask => Stage::Ask,
            EntryKind::File { size } if size.is_some_and(|size| size <= SMALL_FILE) => Stage::Small,
            EntryKind::File { .. } => Stage::Greet,
            EntryKind::Folder | EntryKind::Link { .. } | EntryKind::Twin { .. } => Stage::Make,
        };
        Self { what: Some(what), stage, ..Self::unseen() }
    }

    /// An entry that is left out before anybody has seen it.
    pub(super) fn unseen() -> Self {
        Self {
            what: None,
            stage: Stage::Skip,
            pipe: None,
            file: None,
            small: None,
            why: None,
            twins: Vec::new(),
        }
    }

    pub(super) const fn what(&self) -> Option<&Entry> {
        self.what.as_ref()
    }

    /// The size as it was found.
    pub(super) fn size(&self) -> Option<u64> {
        self.what.as_ref().and_then(Entry::size)
    }

    /// Whether it is a file that takes several records.
    pub(super) fn is_large(&self) -> bool {
        let file = self.what.as_ref().filter(|what| what.is_file());
        file.is_some_and(|what| what.size().is_none_or(|size| size > SMALL_FILE))
    }

    /// Whether its end is a stream's, which can't be read twice.
    pub(super) fn is_stream(&self) -> bool {
        self.what.as_ref().is_some_and(|what| matches!(what.kind, EntryKind::File { size: None }))
    }

    pub(super) fn hello(&self, id: EntryId, ask: bool) -> Option<Hello> {
        self.what.clone().map(|what| Hello { entry: id, ask, what })
    }

    /// It is left out, and its bytes with it. Returns whether that is new.
    pub(super) fn leave_out(&mut self, code: Fault, why: &str) -> bool {
        self.file = None;
        self.small = None;
        self.stage = Stage::Skip;
        self.pipe = None;
        let is_new = self.why.is_none();
        self.why.get_or_insert_with(|| (code, why.to_owned()));
        is_new
    }

    /// Whether it is left out.
    pub(super) const fn is_left_out(&self) -> bool {
        matches!(self.stage, Stage::Skip | Stage::Skipped)
    }

    pub(super) fn skip(&self, id: EntryId) -> Skip {
        let (code, text) = self.why.clone().unwrap_or((Fault::Unreadable, String::new()));
        Skip { entry: id, code, text }
    }

    /// What it takes of the window.
    pub(super) fn weight(&self) -> u64 {
        let small = self.small.map_or(0, |(weight, _)| weight);
        small + self.file.as_ref().map_or(0, FileOut::weight)
    }

    /// Whether its CLOSE was sent.
    pub(super) const fn awaits_end(&self) -> bool {
        matches!(self.stage, Stage::Sent | Stage::Closed)
    }

    /// Whether an answer is to come.
    pub(super) fn awaits_answer(&self) -> bool {
        match self.stage {
            Stage::Asked
            | Stage::Made
            | Stage::Sent
            | Stage::Greeted
            | Stage::Closed
            | Stage::Skipped => true,
            Stage::Ask | Stage::Moving => self.file.as_ref().is_some_and(FileOut::awaits_answer),
            Stage::Make
            | Stage::Small
            | Stage::Reading
            | Stage::Greet
            | Stage::Checking
            | Stage::Close
            | Stage::Skip => false,
        }
    }
}
