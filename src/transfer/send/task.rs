//! What the shell of a pipe must do next.
//!
//! Owns whose turn it is: aborting before all else, then entries in their order, then the next entry,
//! and END when there is none.

use super::file::{self, FileOut};
use super::{OpenEntry, Phase, PipeNo, Sender, Stage, Task};
use crate::limits::{GROUP, MAX_OPEN_ENTRIES, MAX_OPEN_FILES, MAX_PIPES_PER_TRANSFER};
use crate::time::Moment;
use crate::transfer::entry::EntryId;
use crate::transfer::outcome::Outcome;
use crate::transfer::wire::{Close, End, Fault, SenderStep};

/// How many entries are looked at in search of something to do; most have something, or nothing at
/// all.
const MAX_LOOKED_AT: usize = 64;

/// Files that a receiver is made to hold open. The others that it can are left for what comes whole,
/// of which each pipe can have one.
const MAX_LARGE: usize = MAX_OPEN_FILES - MAX_PIPES_PER_TRANSFER;

/// What was found for an entry.
enum Found {
    /// A task; and whether there is more to do for the entry.
    Task(Task, bool),
    /// There is something to do, but not now or not through this pipe.
    NotNow,
    /// There is nothing to do until an answer comes.
    Nothing,
}

impl Sender {
    /// The next thing to do for `pipe`, which isn't lost. After [`Task::Wait`] call it when that says;
    /// every other task counts as done unless the pipe is lost.
    pub fn poll_task(&mut self, pipe: PipeNo, now: Moment) -> Task {
        self.pipes.insert(pipe);
        match &self.phase {
            Phase::Aborting(abort, text) => {
                let abort = abort.clone();
                self.phase = Phase::Over(Outcome::Failed { code: abort.code, text: text.clone() });
                return Task::Transmit(SenderStep::Abort(abort));
            }
            Phase::Over(outcome) => return Task::Done(outcome.clone()),
            Phase::Entries | Phase::LastOnes | Phase::Ending(_) => {}
        }
        if self.paused {
            return Task::Wait;
        }
        let may_send = self.under_way < self.window.limit();
        let mut after = 0;
        for _ in 0..MAX_LOOKED_AT {
            let Some(id) = self.todo.range(after..).next().copied() else { break };
            match self.task_for(id, pipe, may_send, now) {
                Found::Task(task, and_more) => {
                    if !and_more {
                        self.todo.remove(&id);
                    }
                    return task;
                }
                Found::NotNow => {}
                Found::Nothing => {
                    self.todo.remove(&id);
                }
            }
            after = id + 1;
        }
        match self.phase {
            Phase::Entries if self.todo.is_empty() && may_send && self.may_find_another() => {
                self.finding = Some(pipe);
                Task::NextEntry
            }
            Phase::LastOnes if self.open.is_empty() => self.send_end(pipe),
            Phase::Ending(None) => self.send_end(pipe),
            // What was found for an entry may have been that nothing is possible any more.
            Phase::Aborting(..) => self.poll_task(pipe, now),
            Phase::Entries | Phase::LastOnes | Phase::Ending(_) | Phase::Over(_) => Task::Wait,
        }
    }

    fn send_end(&mut self, pipe: PipeNo) -> Task {
        self.phase = Phase::Ending(Some(pipe));
        Task::Transmit(SenderStep::End(End { entries: self.next_id }))
    }

    /// Whether another entry may be begun: not too many at once, and none too far beyond the first
    /// that isn't through, since the receiver remembers each.
    fn may_find_another(&self) -> bool {
        let first = self.open.first_key_value().map_or(self.next_id, |(id, _)| *id);
        self.finding.is_none() && self.next_id - first < MAX_OPEN_ENTRIES as u64
    }

    fn task_for(&mut self, id: EntryId, pipe: PipeNo, may_send: bool, now: Moment) -> Found {
        let most = may_send.then(|| self.window.piece());
        let may_open = self.large.contains(&id) || self.large.len() < MAX_LARGE;
        let Some(entry) = self.open.get_mut(&id) else { return Found::Nothing };
        match entry.stage {
            Stage::Ask | Stage::Greet if entry.is_large() && !may_open => Found::NotNow,
            Stage::Small | Stage::Greet if !may_send => Found::NotNow,
            Stage::Greeted if entry.pipe != Some(pipe) => Found::NotNow,
            Stage::Ask | Stage::Greet => {
                let ask = entry.stage == Stage::Ask;
                entry.stage = if ask { Stage::Asked } else { Stage::Greeted };
                if entry.is_large() {
                    self.large.insert(id);
                    let size = entry.size();
                    entry.file.get_or_insert_with(|| FileOut::new(size)).ask();
                }
                greet(entry, id, ask, pipe)
            }
            Stage::Make => {
                entry.stage = Stage::Made;
                greet(entry, id, false, pipe)
            }
            Stage::Small => {
                let weight = entry.size().unwrap_or(0);
                entry.stage = Stage::Reading;
                entry.pipe = Some(pipe);
                entry.small = Some((weight, now));
                self.under_way += weight;
                Found::Task(Task::Small(id), false)
            }
            Stage::Greeted | Stage::Moving => self.task_for_file(id, most, pipe, now),
            Stage::Close => {
                let root = entry.file.as_ref().and_then(FileOut::root);
                entry.stage = Stage::Closed;
                entry.pipe = Some(pipe);
                if let Some((size, root)) = root {
                    let close = SenderStep::Close(Close { entry: id, size, root });
                    return Found::Task(Task::Transmit(close), false);
                }
                self.handle_fault(Fault::Gap, "not every byte was read; this client has a fault");
                Found::Nothing
            }
            Stage::Skip => {
                entry.stage = Stage::Skipped;
                entry.pipe = Some(pipe);
                Found::Task(Task::Transmit(SenderStep::Skip(entry.skip(id))), false)
            }
            Stage::Asked
            | Stage::Made
            | Stage::Reading
            | Stage::Sent
            | Stage::Checking
            | Stage::Closed
            | Stage::Skipped => Found::Nothing,
        }
    }

    fn task_for_file(
        &mut self,
        id: EntryId,
        most: Option<u64>,
        pipe: PipeNo,
        now: Moment,
    ) -> Found {
        let Some(step) = self.with_file(id, |file| file.step(most, pipe, now)) else {
            return Found::Nothing;
        };
        let short = |len: u64| u32::try_from(len).unwrap_or(u32::MAX);
        match step {
            file::Step::Send { offset, len } => {
                // A hole that goes again may be longer. If it is none any more the file was changed, as
                // too little of it shows.
                Found::Task(Task::Read { entry: id, offset, len: short(len.min(GROUP)) }, true)
            }
            file::Step::Hash { offset, len } => {
                Found::Task(Task::Hash { entry: id, offset, len: short(len) }, true)
            }
            file::Step::Close => {
                // Of a file without bytes on their way CLOSE may follow HELLO at once.
                if let Some(entry) = self.open.get_mut(&id) {
                    entry.stage = Stage::Checking;
                    entry.pipe = Some(pipe);
                }
                Found::Task(Task::Check(id), false)
            }
            file::Step::Later => Found::NotNow,
            file::Step::Wait => Found::Nothing,
        }
    }
}

fn greet(entry: &mut OpenEntry, id: EntryId, ask: bool, pipe: PipeNo) -> Found {
    entry.pipe = Some(pipe);
    entry.hello(id, ask).map_or(Found::Nothing, |hello| {
        let and_more = entry.stage == Stage::Greeted;
        Found::Task(Task::Transmit(SenderStep::Hello(hello)), and_more)
    })
}
