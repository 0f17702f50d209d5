//! The receiver's machine: what is good, what is refused, when a file may appear.
//!
//! Owns every check on what a sender claims: entries against the offer, each chunk against its place
//! and checksum, each file against its root, the end against the entries. Writing, flushing and
//! naming files are the shell's, and so is looking at what is there already. A transfer outlives its
//! pipes, and several may serve it at once. Nothing a sender says makes it keep more than some bytes
//! for each file that is open and for each piece that really came out of order.
//!
//! A receiver that was started anew finds on disk what it had. It needs a sender that was started
//! anew as well, since it doesn't know which entries were through.

mod bytes;
mod ending;
mod entry;
mod file;
mod loose;

pub use file::Group;
pub use loose::LOOSE;

use super::entry::{Entry, EntryId, EntryKind};
use super::offer::Offer;
use super::outcome::{Outcome, Problems};
use super::wire::{Answer, Fault, Hello, Skip, Step};
use crate::limits::{MAX_OPEN_FILES, SMALL_FILE};
use entry::{OpenEntry, Stage, Through, check_entry, is_allowed};
use file::FileIn;
use std::collections::BTreeMap;

/// How often chunks or files may not be what their hashes say before the whole is given up: as often
/// as a sender repeats what was refused.
const MAX_MISMATCHES: u32 = 64;

/// One transfer on its way in.
#[derive(Debug)]
pub struct Receiver {
    offer: Offer,
    phase: Phase,
    open: BTreeMap<EntryId, OpenEntry>,
    /// Entries that are through.
    through: Through,
    /// Bytes of files that were announced, of which some may still come.
    announced: u64,
    finished_bytes: u64,
    problems: Problems,
    moved: u64,
    /// Zeros that came as holes.
    holes: u64,
    /// How often something wasn't what its hash says.
    mismatches: u32,
    /// Whether bytes come loose, in a single file.
    loose: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Moving,
    Finishing,
    Over(Outcome),
}

/// What to do about a HELLO.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Greeted {
    /// Send this answer.
    Answer(Answer),
    /// Look whether the file is there already, whole and as it should be, and say
    /// [`Receiver::handle_looked`].
    Look(Entry),
    /// Open a file to write into, with its ledger if `may_resume`, and say
    /// [`Receiver::handle_opened`], even if the pipe is lost meanwhile.
    Open {
        /// The file.
        entry: Entry,
        /// Whether a part of it may be there.
        may_resume: bool,
    },
    /// Make a folder, link or twin, and say [`Receiver::handle_made`], even if the pipe is lost
    /// meanwhile.
    Make(Entry),
    /// It is being opened or made for a HELLO that came through another pipe: wait until that was
    /// said, then call [`Receiver::handle_hello`] once more.
    Wait,
}

/// What the shell found on opening a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// It is open. These whole groups are in it already, as start and end (exclusive); each of them
    /// is to be read again, beside what moves, and told with [`Receiver::handle_read_again`].
    Ready(Vec<(u64, u64)>),
    /// It is there, whole and as it should be.
    Done,
    /// It can't be; the sender may know why. A fault that doesn't
    /// [concern the entry alone](Fault::concerns_entry) is the end of the transfer.
    Refused(Fault, String),
}

/// What to do about a CLOSE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// The file is whole: put it in its place and say [`Receiver::handle_saved`], even if the pipe is
    /// lost meanwhile.
    Save(Entry),
    /// Wait until what was there from before has been read again, or until the file is in its place
    /// for a CLOSE that came through another pipe; then call [`Receiver::handle_close`] once more.
    Wait,
    /// Send this answer. The file stays open, if it is, but with `discard`: then what there is of it
    /// is of no use, and it is opened anew if it comes again.
    Answer {
        /// The answer.
        answer: Answer,
        /// Whether to close the file and remove what was written.
        discard: bool,
    },
}

/// What to do about an END.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Finish the whole, such as the looks of folders, flush it to disk, and say
    /// [`Receiver::handle_finished`], even if the pipe is lost meanwhile.
    Finish,
    /// That is being done for an END that came through another pipe: wait until it is, then call
    /// [`Receiver::handle_end`] once more.
    Wait,
    /// Send this answer.
    Answer(Answer),
}

impl Receiver {
    /// A receiver of what was offered.
    #[must_use]
    pub fn new(offer: Offer) -> Self {
        Self {
            offer,
            phase: Phase::Moving,
            open: BTreeMap::new(),
            through: Through::new(),
            announced: 0,
            finished_bytes: 0,
            problems: Problems::default(),
            moved: 0,
            holes: 0,
            mismatches: 0,
            loose: false,
        }
    }

    /// An entry comes.
    pub fn handle_hello(&mut self, hello: Hello) -> Greeted {
        let step = Step::Hello { entry: hello.entry };
        if let Some(answer) = self.through.answer(hello.entry, Some(&hello.what), step) {
            return Greeted::Answer(answer);
        }
        if let Some(answer) = self.no_place(step) {
            return Greeted::Answer(answer);
        }
        if let Some(open) = self.open.get_mut(&hello.entry) {
            if open.what != hello.what {
                let text = format!("entry {} was something else before", hello.entry);
                return Greeted::Answer(Answer::error(step, Fault::NotAsOffered, text));
            }
            if open.stage == Stage::Opening {
                return Greeted::Wait;
            }
            if let Some(answer) = open.greet_again(step) {
                return Greeted::Answer(answer);
            }
        } else if let Err((code, text)) = self.check_hello(&hello) {
            return Greeted::Answer(self.refuse_entry(hello.entry, step, code, text));
        }
        let what = hello.what;
        let greeted = match &what.kind {
            EntryKind::File { size } => {
                let small = size.is_some_and(|size| size <= SMALL_FILE);
                if hello.ask && small {
                    return Greeted::Look(what);
                }
                Greeted::Open { entry: what.clone(), may_resume: !small }
            }
            EntryKind::Folder | EntryKind::Link { .. } | EntryKind::Twin { .. } => {
                Greeted::Make(what.clone())
            }
        };
        let size = what.size().unwrap_or(0);
        if self.open.insert(hello.entry, OpenEntry::new(what)).is_none() {
            self.announced = self.announced.saturating_add(size);
        }
        greeted
    }

    /// What was found on looking for a small file. Gives the answer.
    pub fn handle_looked(&mut self, id: EntryId, what: &Entry, is_there: bool) -> Answer {
        let step = Step::Hello { entry: id };
        if let Some(answer) = self.through.answer(id, Some(what), step) {
            return answer;
        }
        if is_there && !self.open.contains_key(&id) {
            let size = what.size().unwrap_or(0);
            self.announced = self.announced.saturating_add(size);
            self.through.finish(id, what);
            self.finished_bytes = self.finished_bytes.saturating_add(size);
            return Answer::Ready { step, held: Vec::new(), done: true, saved_as: None };
        }
        Answer::ready(step)
    }

    /// A file was opened. Gives the answer.
    pub fn handle_opened(&mut self, id: EntryId, opened: Opened) -> Answer {
        let step = Step::Hello { entry: id };
        let Some(entry) = self.open.get_mut(&id) else { return self.is_gone(step) };
        if let Some(answer) = entry.greet_again(step) {
            return answer;
        }
        match opened {
            Opened::Ready(ranges) => {
                let size = entry.what.size();
                let mut file = if self.loose { FileIn::loose() } else { FileIn::new(size) };
                file.resume(&ranges);
                let held = file.held();
                entry.file = Some(file);
                entry.stage = Stage::Open;
                Answer::Ready { step, held, done: false, saved_as: None }
            }
            Opened::Done => {
                let size = entry.what.size().unwrap_or(0);
                self.finish(id, size);
                Answer::Ready { step, held: Vec::new(), done: true, saved_as: None }
            }
            Opened::Refused(code, text) => self.refuse_entry(id, step, code, text),
        }
    }

    /// A folder, link or twin was made, or why not. Gives the answer. A fault that doesn't
    /// [concern the entry alone](Fault::concerns_entry) is the end of the transfer.
    pub fn handle_made(&mut self, id: EntryId, result: Result<(), (Fault, String)>) -> Answer {
        let step = Step::Hello { entry: id };
        if !self.open.contains_key(&id) {
            return self.is_gone(step);
        }
        match result {
            Ok(()) => {
                self.finish(id, 0);
                Answer::ready(step)
            }
            Err((code, text)) => self.refuse_entry(id, step, code, text),
        }
    }

    /// The sender can't send an entry. Gives the answer. What there is of it may be removed.
    pub fn handle_skip(&mut self, skip: &Skip) -> Answer {
        let step = Step::Close { entry: skip.entry };
        if !self.through.contains(skip.entry) {
            if let Some(answer) = self.no_place(step) {
                return answer;
            }
            if let Err((code, text)) = is_allowed(skip.entry, &self.offer, &self.through) {
                return Answer::error(step, code, text);
            }
            self.leave_out(skip.entry, skip.code, ending::reason(&skip.text));
        }
        Answer::ready(step)
    }

    /// How it ended, once it has.
    #[must_use]
    pub const fn outcome(&self) -> Option<&Outcome> {
        match &self.phase {
            Phase::Over(outcome) => Some(outcome),
            Phase::Moving | Phase::Finishing => None,
        }
    }

    /// What an entry that isn't through is.
    #[must_use]
    pub fn entry(&self, id: EntryId) -> Option<&Entry> {
        self.open.get(&id).map(|open| &open.what)
    }

    /// Bytes that are there and checked, those from before included.
    #[must_use]
    pub fn held(&self) -> u64 {
        let files = self.open.values().filter_map(|entry| entry.file.as_ref());
        files.map(FileIn::bytes).fold(self.finished_bytes, u64::saturating_add)
    }

    /// Entries that are through.
    #[must_use]
    pub const fn finished_entries(&self) -> u64 {
        self.through.finished()
    }

    /// Bytes that were there from before.
    #[must_use]
    pub fn held_before(&self) -> u64 {
        self.held().saturating_sub(self.moved).saturating_sub(self.holes)
    }

    /// Bytes that came and were good.
    #[must_use]
    pub const fn moved(&self) -> u64 {
        self.moved
    }

    /// What a sender makes it remember: entries that are open, ranges of their bytes, and hashes.
    #[cfg(test)]
    pub(super) fn burden(&self) -> (usize, usize, usize) {
        let files = self.open.values().filter_map(|entry| entry.file.as_ref());
        let burdens = files.map(FileIn::burden);
        let (ranges, nodes) = burdens.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
        (self.open.len(), ranges, nodes)
    }

    fn check_hello(&self, hello: &Hello) -> Result<(), (Fault, String)> {
        is_allowed(hello.entry, &self.offer, &self.through)?;
        check_entry(&self.offer, &hello.what, self.announced)?;
        // Small ones come whole, so each pipe adds but one to those that are open.
        if self.open.len() >= MAX_OPEN_FILES {
            let text = format!("more than {MAX_OPEN_FILES} files are open at once");
            return Err((Fault::OutOfOrder, text));
        }
        Ok(())
    }

    /// The answer about an entry that was left out, or is through, while something was done for it.
    fn is_gone(&self, step: Step) -> Answer {
        let answer = match step {
            Step::Hello { entry } | Step::Close { entry } => self.through.answer(entry, None, step),
            Step::Chunk { .. } | Step::End => None,
        };
        answer.unwrap_or_else(|| Answer::error(step, Fault::OutOfOrder, "there is no such entry"))
    }

    fn file(&mut self, id: EntryId) -> Option<&mut FileIn> {
        self.open.get_mut(&id).and_then(|entry| entry.file.as_mut())
    }

    fn finish(&mut self, id: EntryId, bytes: u64) {
        if let Some(entry) = self.open.remove(&id) {
            self.through.finish(id, &entry.what);
            self.finished_bytes = self.finished_bytes.saturating_add(bytes);
        }
    }

    /// An entry can't be received, or with it the whole. Gives the answer.
    fn refuse_entry(&mut self, id: EntryId, step: Step, code: Fault, text: String) -> Answer {
        if code == Fault::Storage {
            return self.handle_storage_fault(step, &text);
        }
        if code.concerns_entry() {
            self.leave_out(id, code, text.clone());
        } else if self.open.remove(&id).is_some() {
            self.end(code, text.clone());
        }
        Answer::error(step, code, text)
    }

    fn leave_out(&mut self, id: EntryId, code: Fault, text: String) {
        self.open.remove(&id);
        if self.through.leave_out(id) {
            self.problems.note(code, text);
        }
    }
}

/// Leaves out the answers that a later one in the same record stands for: READY to CLOSE stands for
/// those to the file's HELLO and CHUNKs.
pub fn coalesce(answers: &mut Vec<Answer>) {
    let closed: std::collections::BTreeSet<_> = answers
        .iter()
        .filter_map(|answer| match answer {
            Answer::Ready { step: Step::Close { entry }, .. } => Some(*entry),
            Answer::Ready { .. } | Answer::Error { .. } => None,
        })
        .collect();
    if !closed.is_empty() {
        answers.retain(|answer| match answer {
            Answer::Ready { step: Step::Hello { entry } | Step::Chunk { entry, .. }, .. } => {
                !closed.contains(entry)
            }
            Answer::Ready { .. } | Answer::Error { .. } => true,
        });
    }
}
