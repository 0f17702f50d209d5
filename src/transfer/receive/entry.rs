//! Entries on their way in: which may come, which are open, which are through.
//!
//! Owns the checks on entries against the offer, and the memory of those that are through: whether
//! one that is told again is the same.

use super::file::FileIn;
use crate::limits::{MAX_ENTRIES, MAX_OPEN_ENTRIES};
use crate::transfer::entry::{Entry, EntryId, EntryKind};
use crate::transfer::ledger::Ledger;
use crate::transfer::offer::{Form, Offer};
use crate::transfer::wire::{Answer, Fault, Step};
use std::hash::{DefaultHasher, Hash, Hasher};

#[derive(Debug)]
pub(super) struct OpenEntry {
    pub(super) what: Entry,
    pub(super) stage: Stage,
    /// The bytes of a file, from when it is open until they are of no use.
    pub(super) file: Option<FileIn>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The shell opens or makes it.
    Opening,
    /// Chunks may come.
    Open,
    /// CLOSE was refused; it needs a new HELLO.
    Refused,
    /// The shell puts it in its place.
    Saving,
}

impl OpenEntry {
    pub(super) const fn new(what: Entry) -> Self {
        Self { what, stage: Stage::Opening, file: None }
    }

    /// A HELLO for a file that is open comes again. Gives the answer.
    pub(super) fn greet_again(&mut self, step: Step) -> Option<Answer> {
        let held = self.file.as_ref()?.held();
        if self.stage == Stage::Refused {
            self.stage = Stage::Open;
        }
        Some(Answer::Ready { step, held, done: false, saved_as: None })
    }
}

/// Entries that are through.
#[derive(Debug)]
pub(super) struct Through {
    /// As ranges of their numbers.
    all: Ledger,
    /// How many of them were left out.
    left_out: u64,
    /// A few bytes of hash of what each was, by its number; [`LEFT_OUT`] of those that were. A sender
    /// that was started anew may count anew and find something else under a number.
    marks: Vec<u32>,
}

/// Marks an entry that was left out, or isn't through.
const LEFT_OUT: u32 = 0;

impl Through {
    pub(super) fn new() -> Self {
        Self { all: Ledger::new(), left_out: 0, marks: Vec::new() }
    }

    pub(super) fn contains(&self, id: EntryId) -> bool {
        self.all.contains(id, 1)
    }

    /// Whether these are all of so many entries, and no more.
    pub(super) fn are_all(&self, entries: u64) -> bool {
        self.all.is_complete(entries)
    }

    /// How many weren't left out.
    pub(super) const fn finished(&self) -> u64 {
        self.all.held() - self.left_out
    }

    /// An entry is there. Its number is [allowed](is_allowed).
    pub(super) fn finish(&mut self, id: EntryId, what: &Entry) {
        if self.all.insert(id, 1).is_ok()
            && let Ok(at) = usize::try_from(id)
        {
            if self.marks.len() <= at {
                self.marks.resize(at + 1, LEFT_OUT);
            }
            self.marks[at] = mark(what);
        }
    }

    /// An entry is left out. Returns whether it wasn't through.
    pub(super) fn leave_out(&mut self, id: EntryId) -> bool {
        let is_new = self.all.insert(id, 1).is_ok();
        if is_new {
            self.left_out += 1;
        }
        is_new
    }

    /// The answer to a HELLO or CLOSE of an entry that is through.
    pub(super) fn answer(&self, id: EntryId, what: Option<&Entry>, step: Step) -> Option<Answer> {
        if !self.contains(id) {
            return None;
        }
        let noted = usize::try_from(id).ok().and_then(|at| self.marks.get(at).copied());
        let noted = noted.unwrap_or(LEFT_OUT);
        if noted == LEFT_OUT {
            return Some(Answer::error(step, Fault::Unlawful, "it was left out before"));
        }
        if what.is_some_and(|what| noted != mark(what)) {
            let text = format!("entry {id} was something else before; offer it anew");
            return Some(Answer::error(step, Fault::NotAsOffered, text));
        }
        let done = matches!(step, Step::Hello { .. });
        Some(Answer::Ready { step, held: Vec::new(), done, saved_as: None })
    }
}

fn mark(what: &Entry) -> u32 {
    let mut hasher = DefaultHasher::new();
    what.path.hash(&mut hasher);
    match &what.kind {
        EntryKind::File { size } => (1, size, what.mtime).hash(&mut hasher),
        // Its time changes with what is in it.
        EntryKind::Folder => 2.hash(&mut hasher),
        EntryKind::Link { target } => (3, &target.0).hash(&mut hasher),
        EntryKind::Twin { of } => (4, of).hash(&mut hasher),
    }
    ((hasher.finish() >> 32) as u32).max(LEFT_OUT + 1)
}

/// Whether an entry may have this number. A tree may have grown a little since it was counted. Numbers
/// far beyond those that are through are nonsense, and would take much to remember.
pub(super) fn is_allowed(
    id: EntryId,
    offer: &Offer,
    through: &Through,
) -> Result<(), (Fault, String)> {
    let most = match offer.form {
        Form::File | Form::Stream | Form::Text => 1,
        Form::Folder | Form::Several => with_slack(offer.entries).min(MAX_ENTRIES),
    };
    let ahead = id.saturating_sub(through.all.first_missing(0));
    if id < most && ahead < MAX_OPEN_ENTRIES as u64 {
        Ok(())
    } else {
        let most = offer.entries.min(MAX_ENTRIES);
        let text = format!("more entries come than the {most} that were offered or are possible");
        Err((Fault::NotAsOffered, text))
    }
}

/// Whether an entry is lawful and what was offered, beside `announced` bytes that came before.
pub(super) fn check_entry(
    offer: &Offer,
    what: &Entry,
    announced: u64,
) -> Result<(), (Fault, String)> {
    offer.check_entry(what).map_err(|text| (Fault::NotAsOffered, text))?;
    let announced = announced.saturating_add(what.size().unwrap_or(0));
    if offer.size.is_some_and(|offered| announced > with_slack(offered)) {
        let text = format!("more bytes come than the {} that were offered", offer.size());
        return Err((Fault::NotAsOffered, text));
    }
    match &what.kind {
        EntryKind::Link { target } if !what.path.holds_link_to(&target.0) => {
            let text = format!("the link {} leads outside of what is sent", what.path);
            Err((Fault::Unlawful, text))
        }
        EntryKind::Twin { of } if of.first() != what.path.first() => {
            let text = format!("{} is said to be another name of something else", what.path);
            Err((Fault::Unlawful, text))
        }
        EntryKind::File { .. }
        | EntryKind::Folder
        | EntryKind::Link { .. }
        | EntryKind::Twin { .. } => Ok(()),
    }
}

/// A little more than was counted.
const fn with_slack(counted: u64) -> u64 {
    counted.saturating_add(counted / 8).saturating_add(64)
}
