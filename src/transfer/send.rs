//! The sender's machine: what to read, what to send, when it is over.
//!
//! Owns the order of entries and steps, the window of what is unanswered, what goes again, and what
//! happens when a pipe is cut: a transfer outlives its pipes, and several may serve it at once. It
//! hashes what the shell reads; walking folders, reading and the pipes are the shell's.
//!
//! A sender of which the process has died begins anew and asks about every entry. So does one that
//! speaks to a new receiver: what it knows was true of the old one.

mod answer;
mod entry;
mod file;
mod task;
mod window;

use super::entry::{Entry, EntryId, EntryKind};
use super::outcome::{Outcome, Problems};
use super::tree;
use super::wire::{Abort, ChunkHead, Close, Fault, Hello, Hole, SenderStep, Skip};
use crate::limits::{MAX_HOLE, MAX_REASON_COLUMNS};
use crate::text;
use crate::time::Moment;
use entry::{OpenEntry, Stage};
use file::{FileOut, Read};
use std::collections::{BTreeMap, BTreeSet};
use window::Window;

/// How often one transfer may have chunks refused, or files called incomplete, before it is given up.
const MAX_REFUSALS: u32 = 64;

/// One of the pipes of a transfer, by the order in which they came. A number is used but once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PipeNo(pub u32);

/// What the shell of a pipe must do next.
///
/// If the pipe is lost before it is done, somebody else is told to do it; what is handed in after that
/// does no harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Find the next entry and hand it to [`Sender::handle_entry`], or say
    /// [`Sender::handle_left_out`] or [`Sender::handle_no_more`]. Only one pipe is told so at a time.
    /// What was found once must be handed in, even if the pipe is lost meanwhile.
    NextEntry,
    /// Send this step; several may go in one record.
    Transmit(SenderStep<'static>),
    /// Read this whole small file, hand it to [`Sender::handle_small`], and send what it gives.
    Small(EntryId),
    /// Read these bytes, hand them to [`Sender::handle_data`], and send the chunk that it gives. If
    /// they are a hole say [`Sender::handle_hole`].
    ///
    /// Of a stream, which but one pipe reads at a time, wait until as many are there; if it ends
    /// before, hand in what there is (perhaps nothing) and say [`Sender::handle_ended`]. Bytes of a
    /// stream may be asked for again until they are confirmed: see [`Sender::needed_from`].
    Read {
        /// The file.
        entry: EntryId,
        /// Where.
        offset: u64,
        /// How many bytes.
        len: u32,
    },
    /// Read these bytes and hand them to [`Sender::handle_held`]; the receiver has them.
    Hash {
        /// The file.
        entry: EntryId,
        /// Where.
        offset: u64,
        /// How many bytes.
        len: u32,
    },
    /// Check that the file is still the one that was found, and say so with
    /// [`Sender::handle_unchanged`] or [`Sender::handle_unreadable`]. It may have to be read again
    /// after that, until [`Sender::is_open`] denies it.
    Check(EntryId),
    /// Nothing to do for this pipe until an answer has come to any pipe, another pipe is lost, or it
    /// isn't paused any more.
    Wait,
    /// The transfer is over.
    Done(Outcome),
}

/// One transfer on its way out.
#[derive(Debug)]
pub struct Sender {
    /// Whether entries may be there already, so that each is asked about before it is sent.
    ask: bool,
    phase: Phase,
    paused: bool,
    /// The pipes that are there.
    pipes: BTreeSet<PipeNo>,
    /// The pipe that was told to find the next entry.
    finding: Option<PipeNo>,
    next_id: EntryId,
    open: BTreeMap<EntryId, OpenEntry>,
    /// Entries for which there is something to do, in their order.
    todo: BTreeSet<EntryId>,
    /// Files that the receiver may have open.
    large: BTreeSet<EntryId>,
    window: Window,
    /// What all entries take of the window.
    under_way: u64,
    refusals: u32,
    /// Of entries that are through.
    finished_bytes: u64,
    finished_entries: u64,
    problems: Problems,
    /// Chunk bytes that were given to pipes, those that went twice included.
    moved: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Entries,
    /// All entries were found.
    LastOnes,
    /// END is to be sent, or was, through this pipe.
    Ending(Option<PipeNo>),
    /// ABORT is to be sent; and what is said of it on this side.
    Aborting(Abort, String),
    Over(Outcome),
}

impl Sender {
    /// A sender to a receiver that begins with nothing, or with `ask` may hold a part already.
    #[must_use]
    pub fn new(ask: bool) -> Self {
        Self {
            ask,
            phase: Phase::Entries,
            paused: false,
            pipes: BTreeSet::new(),
            finding: None,
            next_id: 0,
            open: BTreeMap::new(),
            todo: BTreeSet::new(),
            large: BTreeSet::new(),
            window: Window::new(),
            under_way: 0,
            refusals: 0,
            finished_bytes: 0,
            finished_entries: 0,
            problems: Problems::default(),
            moved: 0,
        }
    }

    /// The next entry is this one. Returns its number.
    pub fn handle_entry(&mut self, what: Entry) -> EntryId {
        let original = match &what.kind {
            // It can only be made when that file is there, and they may take different pipes.
            EntryKind::Twin { of } => self
                .open
                .iter_mut()
                .rfind(|(_, entry)| entry.what().is_some_and(|what| what.path == *of))
                .map(|(_, entry)| &mut entry.twins),
            EntryKind::File { .. } | EntryKind::Folder | EntryKind::Link { .. } => None,
        };
        let id = self.next_id;
        if let Some(twins) = original {
            twins.push(id);
        } else {
            self.todo.insert(id);
        }
        self.found(OpenEntry::new(what, self.ask))
    }

    /// The next entry is one that can't even be described. Counts as an entry that is left out;
    /// returns its number.
    pub fn handle_left_out(&mut self, code: Fault, why: impl Into<String>) -> EntryId {
        let why = why.into();
        let mut entry = OpenEntry::unseen();
        entry.leave_out(code, &told(&why));
        self.problems.note(code, why);
        self.todo.insert(self.next_id);
        self.found(entry)
    }

    /// There are no more entries.
    pub fn handle_no_more(&mut self) {
        self.finding = None;
        if self.phase == Phase::Entries {
            self.phase = Phase::LastOnes;
        }
    }

    /// The whole of a small file is here; gives the steps to send, or none if they aren't wanted any
    /// more. The data must have the size that the entry has.
    pub fn handle_small<'a>(
        &mut self,
        id: EntryId,
        data: &'a [u8],
        pipe: PipeNo,
    ) -> Vec<SenderStep<'a>> {
        let wanted =
            |entry: &&mut OpenEntry| entry.stage == Stage::Reading && entry.pipe == Some(pipe);
        let Some(entry) = self.open.get_mut(&id).filter(wanted) else { return Vec::new() };
        let size = data.len() as u64;
        let Some(what) = entry.what().filter(|what| what.size() == Some(size)).cloned() else {
            return vec![self.handle_unreadable(id, Fault::SourceChanged, CHANGED, pipe)];
        };
        entry.stage = Stage::Sent;
        self.moved += size;
        let mut steps = vec![SenderStep::Hello(Hello { entry: id, ask: false, what })];
        let mut root = *blake3::hash(b"").as_bytes();
        if !data.is_empty() {
            let hash = tree::piece_hash(0, data);
            root = hash.alone.unwrap_or(root);
            let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
            let head = ChunkHead { entry: id, offset: 0, size, checksum: hash.chain };
            steps.push(SenderStep::Chunk { head, packed: false, data });
        }
        steps.push(SenderStep::Close(Close { entry: id, size, root }));
        steps
    }

    /// The data of a [`Task::Read`] is here; gives the head of the chunk to send it with, or nothing if
    /// it isn't wanted any more. It must be as much as was asked for, except at the end of a stream.
    pub fn handle_data(
        &mut self,
        id: EntryId,
        offset: u64,
        data: &[u8],
        pipe: PipeNo,
        now: Moment,
    ) -> Option<ChunkHead> {
        match self.with_file(id, |file| file.read(offset, data, pipe, now))? {
            Read::Good(checksum) => {
                self.moved += data.len() as u64;
                let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
                Some(ChunkHead { entry: id, offset, size, checksum })
            }
            Read::Unasked => None,
            Read::Short => {
                self.leave_out(id, Fault::SourceChanged, CHANGED);
                None
            }
        }
    }

    /// Instead of the data of a [`Task::Read`]: from its offset on there are `size` zeros, perhaps
    /// many more than were asked for. Gives the step to send, or nothing if it isn't worth one and
    /// the data should be read.
    pub fn handle_hole(
        &mut self,
        id: EntryId,
        offset: u64,
        size: u64,
        pipe: PipeNo,
        now: Moment,
    ) -> Option<Hole> {
        let size = self.with_file(id, |file| file.hole(offset, size.min(MAX_HOLE), pipe, now))?;
        (size > 0).then_some(Hole { entry: id, offset, size })
    }

    /// A stream has ended: it had `size` bytes.
    pub fn handle_ended(&mut self, id: EntryId, size: u64) {
        if self.with_file(id, |file| file.ended(size)) == Some(false) {
            self.leave_out(id, Fault::SourceChanged, CHANGED);
        }
        self.requeue(id);
    }

    /// The data of a [`Task::Hash`] is here, as much as was asked for.
    pub fn handle_held(&mut self, id: EntryId, offset: u64, data: &[u8]) {
        if self.with_file(id, |file| file.read_held(offset, data)) == Some(Read::Short) {
            self.refusals += 1;
            if self.refusals > MAX_REFUSALS {
                self.handle_fault(Fault::SourceChanged, CHANGED);
            }
        }
        self.requeue(id);
    }

    /// The file is the one that was found: same size, same time of change.
    pub fn handle_unchanged(&mut self, id: EntryId) {
        if let Some(entry) = self.open.get_mut(&id)
            && entry.stage == Stage::Checking
        {
            entry.stage = Stage::Close;
            self.requeue(id);
        }
    }

    /// The file can't be sent, or not any further; the others can. Gives the step to send.
    pub fn handle_unreadable(
        &mut self,
        id: EntryId,
        code: Fault,
        why: impl Into<String>,
        pipe: PipeNo,
    ) -> SenderStep<'static> {
        let why = why.into();
        let skip = Skip { entry: id, code, text: told(&why) };
        self.leave_out(id, code, why);
        // What a lost pipe is given to send isn't sent.
        if self.pipes.contains(&pipe)
            && let Some(entry) = self.open.get_mut(&id)
        {
            entry.stage = Stage::Skipped;
            entry.pipe = Some(pipe);
        }
        SenderStep::Skip(skip)
    }

    /// The whole transfer can't be completed from this side; the receiver is told.
    pub fn handle_fault(&mut self, code: Fault, text: impl Into<String>) {
        let text = text.into();
        self.abort(Abort { code, text: told(&text) }, text);
    }

    /// The receiver's client says that it has everything; its last answer may have been cut off.
    pub fn handle_finished(&mut self, saved_as: &str) {
        if !matches!(self.phase, Phase::Over(_)) {
            self.verified(saved_as);
        }
    }

    /// Whether nothing is sent for now.
    pub const fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Bytes that the receiver has confirmed, those included that it had before.
    #[must_use]
    pub fn confirmed(&self) -> u64 {
        let files = self.large.iter().filter_map(|id| self.open.get(id)?.file.as_ref());
        files.map(FileOut::there).fold(self.finished_bytes, u64::saturating_add)
    }

    /// Entries that the receiver has confirmed.
    #[must_use]
    pub const fn confirmed_entries(&self) -> u64 {
        self.finished_entries
    }

    /// Bytes of files that went into pipes, as often as they did.
    #[must_use]
    pub const fn moved(&self) -> u64 {
        self.moved
    }

    /// How many pipes the line has use for.
    #[must_use]
    pub fn pipes_wanted(&self) -> usize {
        // A stream is read by one at a time.
        if self.open.values().any(OpenEntry::is_stream) { 1 } else { self.window.pipes() }
    }

    /// Whether an entry isn't through, so that it may have to be read.
    #[must_use]
    pub fn is_open(&self, id: EntryId) -> bool {
        self.open.contains_key(&id)
    }

    /// The first byte of a stream that may have to be read again; what is before it isn't needed any
    /// more, nor is any of it once this is `None`.
    #[must_use]
    pub fn needed_from(&self, id: EntryId) -> Option<u64> {
        let entry = self.open.get(&id).filter(|entry| !entry.is_left_out())?;
        Some(entry.file.as_ref().map_or(0, FileOut::needed_from))
    }

    /// Whether something was sent that the receiver hasn't answered. It may have much to read or to
    /// flush before it does, and says meanwhile that it is alive.
    #[must_use]
    pub fn awaits_answer(&self) -> bool {
        matches!(self.phase, Phase::Ending(Some(_)))
            || self.open.values().any(OpenEntry::awaits_answer)
    }

    /// How it ended, once it has.
    #[must_use]
    pub const fn outcome(&self) -> Option<&Outcome> {
        match &self.phase {
            Phase::Over(outcome) => Some(outcome),
            Phase::Entries | Phase::LastOnes | Phase::Ending(_) | Phase::Aborting(..) => None,
        }
    }

    fn found(&mut self, entry: OpenEntry) -> EntryId {
        let id = self.next_id;
        self.next_id += 1;
        self.finding = None;
        self.open.insert(id, entry);
        if matches!(self.phase, Phase::Ending(_)) {
            self.handle_fault(Fault::Gap, "an entry was found after the last one");
        }
        id
    }

    /// Does something with a file, and keeps account of what it takes of the window.
    fn with_file<T>(&mut self, id: EntryId, act: impl FnOnce(&mut FileOut) -> T) -> Option<T> {
        let file = self.open.get_mut(&id)?.file.as_mut()?;
        let before = file.weight();
        let result = act(file);
        self.under_way = self.under_way - before + file.weight();
        Some(result)
    }

    /// An entry is left out; the receiver is to be told.
    fn leave_out(&mut self, id: EntryId, code: Fault, why: impl Into<String>) {
        let Some(entry) = self.open.get_mut(&id) else { return };
        let why = why.into();
        self.under_way -= entry.weight();
        if entry.leave_out(code, &told(&why)) {
            self.problems.note(code, why);
        }
        self.requeue(id);
    }

    fn abort(&mut self, abort: Abort, text: String) {
        if !matches!(self.phase, Phase::Over(_) | Phase::Aborting(..)) {
            self.phase = Phase::Aborting(abort, text);
        }
    }

    fn requeue(&mut self, id: EntryId) {
        if self.open.contains_key(&id) {
            self.todo.insert(id);
        }
    }

    fn verified(&mut self, saved_as: &str) {
        // The receiver's word for it, so it is cleaned like everything a peer says.
        let saved_as = text::line(saved_as, MAX_REASON_COLUMNS);
        let problems = std::mem::take(&mut self.problems);
        self.phase = Phase::Over(problems.outcome(self.next_id, saved_as));
    }
}

/// What is said of a file that has fewer bytes than it had.
const CHANGED: &str = "a file was changed while it was sent; send it again when it is complete";

/// A text as it is told to the receiver, which cleans it once more.
fn told(why: &str) -> String {
    text::line(why, MAX_REASON_COLUMNS)
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
