//! What becomes of an entry when the receiver has answered, or a pipe is lost.
//!
//! Owns the sender's belief of what the receiver has: only its own word counts, and what went through
//! a lost pipe is asked about.

use super::{FileOut, MAX_REFUSALS, OpenEntry, Phase, PipeNo, Sender, Stage};
use crate::limits::{MAX_REASON_COLUMNS, SMALL_FILE};
use crate::text;
use crate::time::Moment;
use crate::transfer::entry::EntryId;
use crate::transfer::wire::{Abort, Answer, Fault, Step};

impl Sender {
    /// The receiver has answered, through a pipe that isn't lost.
    pub fn handle_answer(&mut self, answer: Answer, now: Moment) {
        if matches!(self.phase, Phase::Over(_) | Phase::Aborting(..)) {
            return;
        }
        match answer {
            Answer::Ready { step: Step::Hello { entry }, held, done, .. } => {
                self.greeted(entry, &held, done, now);
            }
            Answer::Ready { step: Step::Chunk { entry, offset }, .. } => {
                self.chunk_there(entry, offset, Some(now));
            }
            Answer::Ready { step: Step::Close { entry }, .. } => match self.open.get(&entry) {
                Some(open) if open.stage == Stage::Skipped => self.forget(entry),
                Some(open) if open.awaits_end() => self.finish(entry, now),
                Some(_) | None => {}
            },
            Answer::Ready { step: Step::End, saved_as, .. } => {
                if matches!(self.phase, Phase::Ending(Some(_))) {
                    self.verified(&saved_as.unwrap_or_default());
                }
            }
            Answer::Error { step, code, text } => self.refused(step, code, &text),
        }
    }

    /// A pipe is lost: nothing it was told to do will be done, and what was unanswered in it is asked
    /// about through another. No answers of it may be handed in from now on.
    pub fn handle_pipe_lost(&mut self, pipe: PipeNo) {
        self.pipes.remove(&pipe);
        if self.finding == Some(pipe) {
            self.finding = None;
        }
        if self.phase == Phase::Ending(Some(pipe)) {
            self.phase = Phase::Ending(None);
        }
        for (id, entry) in &mut self.open {
            let before = entry.weight();
            if entry.lost(pipe) {
                self.todo.insert(*id);
            }
            self.under_way = self.under_way - before + entry.weight();
        }
        self.window.cut();
    }

    /// The receiver has taken a HELLO.
    fn greeted(&mut self, id: EntryId, held: &[(u64, u64)], done: bool, now: Moment) {
        let Some(entry) = self.open.get_mut(&id) else { return };
        match entry.stage {
            Stage::Asked | Stage::Greeted if done => self.finish(id, now),
            Stage::Made => self.finish(id, now),
            Stage::Asked => {
                entry.pipe = None;
                if entry.size().is_some_and(|size| size <= SMALL_FILE) {
                    entry.stage = Stage::Small;
                } else {
                    entry.stage = Stage::Moving;
                    if let Some(file) = &mut entry.file {
                        file.resume(held);
                    }
                }
                self.requeue(id);
            }
            Stage::Greeted => {
                entry.pipe = None;
                entry.stage = Stage::Moving;
                if let Some(file) = &mut entry.file {
                    file.also_there(held);
                }
                self.requeue(id);
            }
            Stage::Ask
            | Stage::Make
            | Stage::Small
            | Stage::Reading
            | Stage::Sent
            | Stage::Greet
            | Stage::Moving
            | Stage::Checking
            | Stage::Close
            | Stage::Closed
            | Stage::Skip
            | Stage::Skipped => {}
        }
    }

    fn chunk_there(&mut self, id: EntryId, offset: u64, answered: Option<Moment>) {
        let Some(Some(piece)) = self.with_file(id, |file| file.answered(offset)) else { return };
        if let Some(now) = answered.filter(|_| piece.moved() > 0) {
            self.window.answered(piece.moved(), now.since(piece.at), now);
        }
        self.requeue(id);
    }

    fn refused(&mut self, step: Step, code: Fault, why: &str) {
        let id = match step {
            Step::Hello { entry } | Step::Chunk { entry, .. } | Step::Close { entry } => {
                Some(entry)
            }
            Step::End => None,
        };
        let open = id.and_then(|id| self.open.get(&id));
        let is_gone = id.is_some() && open.is_none_or(OpenEntry::is_left_out);
        let awaits_end = open.is_some_and(OpenEntry::awaits_end);
        let why = text::line(why, MAX_REASON_COLUMNS);
        match (step, code) {
            // It concerns what is over. Whoever can't go on at all says so with another word.
            (_, Fault::OutOfOrder | Fault::Gap | Fault::Overlap | Fault::Checksum) if is_gone => {}
            (_, code) if is_gone && code.concerns_entry() => {}
            // What is there already needn't be sent. If it is but a part of it, CLOSE will be refused.
            (Step::Chunk { entry, offset }, Fault::Overlap) => {
                self.chunk_there(entry, offset, None);
            }
            (Step::Chunk { entry, offset }, Fault::Checksum) => {
                if let Some(Some(_)) = self.with_file(entry, |file| file.refused(offset)) {
                    self.count_refusal(code, &why);
                    self.requeue(entry);
                }
            }
            // The receiver hasn't the file open, as one that was started anew.
            (Step::Chunk { entry, offset }, Fault::OutOfOrder) => {
                let refused = self.with_file(entry, |file| file.refused(offset));
                if let Some(Some(_)) = refused {
                    self.ask_anew(entry, code, &why);
                }
            }
            // What the receiver has isn't what was thought.
            (Step::Close { entry }, Fault::Gap | Fault::OutOfOrder) if awaits_end => {
                self.ask_anew(entry, code, &why);
            }
            (Step::Close { entry }, Fault::Mismatch) if awaits_end => {
                if self.forget_bytes(entry) {
                    self.ask_anew(entry, code, &why);
                } else {
                    self.fail(code, &why);
                }
            }
            // A late word about what is asked anew already.
            (Step::Close { .. }, Fault::Gap | Fault::OutOfOrder | Fault::Mismatch) => {}
            (Step::Hello { entry } | Step::Close { entry }, code) if code.concerns_entry() => {
                self.problems.note(code, peers(&why));
                self.forget(entry);
            }
            (Step::Hello { .. } | Step::Chunk { .. } | Step::Close { .. } | Step::End, _) => {
                self.fail(code, &why);
            }
        }
    }

    /// What is known of a file's bytes is wrong: it is read from the beginning. Returns whether it can
    /// be.
    fn forget_bytes(&mut self, id: EntryId) -> bool {
        let Some(entry) = self.open.get_mut(&id).filter(|entry| !entry.is_stream()) else {
            return false;
        };
        self.under_way -= entry.weight();
        entry.file = None;
        entry.small = None;
        true
    }

    /// The receiver is asked what it has of a file.
    fn ask_anew(&mut self, id: EntryId, code: Fault, why: &str) {
        let Some(entry) = self.open.get_mut(&id) else { return };
        if matches!(entry.stage, Stage::Moving | Stage::Greeted | Stage::Sent | Stage::Closed) {
            let before = entry.weight();
            entry.small = None;
            self.under_way = self.under_way - before + entry.weight();
            entry.stage = Stage::Ask;
            entry.pipe = None;
            self.count_refusal(code, why);
        }
        self.requeue(id);
    }

    fn count_refusal(&mut self, code: Fault, why: &str) {
        self.refusals += 1;
        if self.refusals > MAX_REFUSALS {
            self.fail(code, why);
        }
    }

    /// It can't be completed; the receiver is told, though it may know better.
    fn fail(&mut self, code: Fault, why: &str) {
        self.abort(Abort { code, text: why.to_owned() }, peers(why));
    }

    /// The receiver has the whole entry.
    fn finish(&mut self, id: EntryId, now: Moment) {
        if let Some(entry) = self.open.get(&id) {
            let size = entry.file.as_ref().and_then(FileOut::size).or_else(|| entry.size());
            self.finished_bytes = self.finished_bytes.saturating_add(size.unwrap_or(0));
            if let (Stage::Sent, Some((bytes, at))) = (entry.stage, entry.small) {
                self.window.answered(bytes, now.since(at), now);
            }
        }
        self.forget(id);
        self.finished_entries += 1;
    }

    fn forget(&mut self, id: EntryId) {
        self.todo.remove(&id);
        self.large.remove(&id);
        if let Some(entry) = self.open.remove(&id) {
            self.under_way -= entry.weight();
            self.todo.extend(entry.twins);
        }
    }
}

/// The receiver's words as they are said on this side.
fn peers(why: &str) -> String {
    format!("your peer's side: {why}")
}

impl OpenEntry {
    /// A pipe is lost. Returns whether there is something to do now.
    fn lost(&mut self, pipe: PipeNo) -> bool {
        let (was_reading, had_sent) =
            self.file.as_mut().map(|file| file.lost(pipe)).unwrap_or_default();
        if self.pipe == Some(pipe) {
            self.pipe = None;
            self.small = None;
            self.stage = match self.stage {
                Stage::Asked | Stage::Greeted | Stage::Sent => Stage::Ask,
                Stage::Made => Stage::Make,
                Stage::Reading => Stage::Small,
                Stage::Checking => Stage::Moving,
                Stage::Closed => Stage::Close,
                Stage::Skipped => Stage::Skip,
                same @ (Stage::Ask
                | Stage::Make
                | Stage::Small
                | Stage::Greet
                | Stage::Moving
                | Stage::Close
                | Stage::Skip) => same,
            };
            return true;
        }
        if had_sent && self.stage == Stage::Moving {
            self.stage = Stage::Ask;
        }
        was_reading || had_sent
    }
}
