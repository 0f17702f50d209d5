//! A world of two machines, their shells in small, and the pipes between them.
//!
//! Every step of a shell that takes time on a real machine is two events here, its beginning and its
//! end, so that anything may happen between them.

use super::super::entry::OpenEntry;
use super::disk::{Disk, index};
use crate::limits::{GROUP, MAX_OPEN_ENTRIES, MAX_OPEN_FILES};
use crate::path::{SafeName, SafePath};
use crate::time::Moment;
use crate::transfer::entry::{Entry, EntryId};
use crate::transfer::offer::{Form, Offer};
use crate::transfer::outcome::Outcome;
use crate::transfer::receive::Receiver;
use crate::transfer::send::{PipeNo, Sender, Task};
use crate::transfer::tree::{Hash, PieceHash};
use crate::transfer::wire::{Answer, ChunkHead, Fault, Hole, SenderStep};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Something that is sent.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) what: Entry,
    pub(super) bytes: Vec<u8>,
    pub(super) trouble: Trouble,
}

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    None,
    /// It can't be read from this byte on.
    From(u64),
    /// It is found to be changed when all of it was read.
    Changed,
    /// The walk can't even tell what it is.
    Unseen,
}

/// A few numbers from one, so that a case can be repeated.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        index((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end.max(1) as u64)
    }

    pub(super) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }
}

/// What a receiver's shell is at.
pub(super) enum Op {
    Look(EntryId, Entry),
    Open(EntryId, Entry, bool),
    Make(EntryId, Entry),
    Write(ChunkHead, Vec<u8>, PieceHash),
    Hole(Hole),
    Save(EntryId, Entry),
    Finish,
}

/// What is still to be read again of a file that was resumed.
pub(super) struct Again {
    pub(super) entry: EntryId,
    pub(super) path: SafePath,
    pub(super) groups: VecDeque<(u64, u64, Option<Hash>)>,
}

#[derive(Default)]
pub(super) struct Pipe {
    /// The sender's shell: what it is at, and the record that it fills.
    task: Option<Task>,
    waits: bool,
    is_done: bool,
    record: Vec<u8>,
    pub(super) down: VecDeque<Vec<u8>>,
    /// The receiver's shell: the steps that it has before it, and what it is at.
    pub(super) steps: VecDeque<(u8, Vec<u8>)>,
    pub(super) op: Option<Op>,
    pub(super) blocked: bool,
    pub(super) answers: Vec<Answer>,
    pub(super) up: VecDeque<Vec<Answer>>,
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Poll(PipeNo),
    Finish(PipeNo),
    Arrive(PipeNo),
    Step(PipeNo),
    Act(PipeNo),
    Answer(PipeNo),
    LateTask,
    ReadAgain(usize),
}

pub(super) struct World {
    pub(super) items: Vec<Item>,
    pub(super) sender: Sender,
    pub(super) receiver: Receiver,
    pub(super) disk: Disk,
    pub(super) chance: Chance,
    /// Chunks that are yet to be damaged on their way.
    pub(super) damages: usize,
    pub(super) damage_all: bool,
    pub(super) repeats: bool,
    pipes: BTreeMap<PipeNo, Pipe>,
    pub(super) last_pipe: u32,
    /// What shells of lost pipes were at.
    late_tasks: Vec<(PipeNo, Task)>,
    /// Lost pipes of which the receiver's shell still carries out what it had read.
    dying: BTreeMap<PipeNo, Pipe>,
    pub(super) again: Vec<Again>,
    pub(super) paused: bool,
    walked: usize,
    by_id: BTreeMap<EntryId, usize>,
    ended: BTreeMap<EntryId, u64>,
    kept_from: BTreeMap<EntryId, u64>,
    pub(super) now: Moment,
    pub(super) most_under_way: u64,
}

impl World {
    pub(super) fn new(items: Vec<Item>, form: Form, seed: u64) -> Self {
        let offer = offer(&items, form);
        Self {
            items,
            sender: Sender::new(false),
            receiver: Receiver::new(offer),
            disk: Disk::default(),
            chance: Chance::new(seed),
            damages: 0,
            damage_all: false,
            repeats: false,
            pipes: BTreeMap::new(),
            last_pipe: 0,
            late_tasks: Vec::new(),
            dying: BTreeMap::new(),
            again: Vec::new(),
            paused: false,
            walked: 0,
            by_id: BTreeMap::new(),
            ended: BTreeMap::new(),
            kept_from: BTreeMap::new(),
            now: Moment::START,
            most_under_way: 0,
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.items.iter().map(|item| item.bytes.len() as u64).sum()
    }

    pub(super) fn pipes(&self) -> usize {
        self.pipes.len()
    }

    pub(super) fn open_pipe(&mut self) {
        self.last_pipe += 1;
        self.pipes.insert(PipeNo(self.last_pipe), Pipe::default());
    }

    /// Everything in a pipe is gone; what the shells were at may still come to an end.
    pub(super) fn lose_pipe(&mut self) {
        let which = self.chance.below(self.pipes.len());
        let Some(no) = self.pipes.keys().nth(which).copied() else { return };
        let Some(mut pipe) = self.pipes.remove(&no) else { return };
        self.late_tasks.extend(pipe.task.take().map(|task| (no, task)));
        if self.chance.one_in(2) {
            pipe.down.clear();
        }
        self.dying.insert(no, pipe);
        self.sender.handle_pipe_lost(no);
        self.wake();
    }

    /// The sender's process dies and begins anew.
    pub(super) fn restart_sender(&mut self) {
        while !self.pipes.is_empty() {
            self.lose_pipe();
        }
        self.sender = Sender::new(true);
        self.paused = false;
        self.late_tasks.clear();
        self.walked = 0;
        self.by_id.clear();
        self.ended.clear();
        self.kept_from.clear();
    }

    /// The receiver's process dies and begins anew.
    pub(super) fn restart_receiver(&mut self, form: Form) {
        while !self.pipes.is_empty() {
            self.lose_pipe();
        }
        self.receiver = Receiver::new(offer(&self.items, form));
        self.dying.clear();
        self.again.clear();
    }

    pub(super) fn pause(&mut self, on: bool) {
        self.paused = on;
        self.sender.set_paused(on);
        self.wake();
    }

    /// Lets one thing happen. Returns false when all is over.
    pub(super) fn happen(&mut self) -> bool {
        let sent = self.sender.outcome().is_some();
        if sent && self.receiver.outcome().is_some() {
            return false;
        }
        if self.pipes.is_empty() {
            if matches!(self.sender.outcome(), Some(Outcome::Failed { .. })) {
                // ABORT was lost; the peers have other ways to tell each other.
                return false;
            }
            self.open_pipe();
        }
        let events = self.events();
        if self.paused && (events.is_empty() || self.chance.one_in(40)) {
            self.pause(false);
            return true;
        }
        assert!(
            !events.is_empty(),
            "nothing can happen, and it isn't over: {:?} {:?}",
            self.sender,
            self.receiver
        );
        let event = events[self.chance.below(events.len())];
        self.now = self.now + Duration::from_micros(self.chance.below(3000) as u64);
        match event {
            Event::Poll(no) => self.poll(no),
            Event::Finish(no) => self.finish_task(no),
            Event::Arrive(no) => self.arrive(no),
            Event::Step(no) => self.step(no),
            Event::Act(no) => self.act(no),
            Event::Answer(no) => self.answer(no),
            Event::LateTask => {
                let which = self.chance.below(self.late_tasks.len());
                let (no, task) = self.late_tasks.swap_remove(which);
                // Perhaps its thread has died with the pipe.
                if self.chance.one_in(2) {
                    self.carry_out(no, &task, &mut Vec::new());
                }
            }
            Event::ReadAgain(which) => self.read_again(which),
        }
        self.check();
        true
    }

    fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        for (no, pipe) in self.pipes.iter().chain(&self.dying) {
            let mut add = |possible: bool, event: Event| events.extend(possible.then_some(event));
            let is_alive = self.pipes.contains_key(no);
            let is_free = pipe.task.is_none() && !pipe.waits && !pipe.is_done;
            add(is_alive && is_free, Event::Poll(*no));
            add(pipe.task.is_some(), Event::Finish(*no));
            let idle = pipe.op.is_none() && pipe.steps.is_empty();
            add(idle && !pipe.down.is_empty(), Event::Arrive(*no));
            add(pipe.op.is_none() && !pipe.steps.is_empty() && !pipe.blocked, Event::Step(*no));
            add(pipe.op.is_some(), Event::Act(*no));
            add(is_alive && !pipe.up.is_empty(), Event::Answer(*no));
        }
        events.extend((!self.late_tasks.is_empty()).then_some(Event::LateTask));
        events.extend((0..self.again.len()).map(Event::ReadAgain));
        events
    }

    /// What must be true at any instant.
    fn check(&mut self) {
        let sender = &self.sender;
        let weight: u64 = sender.open.values().map(OpenEntry::weight).sum();
        assert_eq!(sender.under_way, weight, "the window's account");
        self.most_under_way = self.most_under_way.max(weight);
        assert!(weight < sender.window.limit().max(self.most_under_way) + GROUP);
        assert!(sender.open.len() <= MAX_OPEN_ENTRIES && sender.todo.len() <= sender.open.len());
        assert!(sender.large.len() <= MAX_OPEN_FILES);
        let total = self.total();
        assert!(sender.confirmed() <= total, "more is confirmed than there is");
        assert!(self.receiver.held() <= total, "more is held than there is");
        let (open, ranges, nodes) = self.receiver.burden();
        assert!(open <= MAX_OPEN_FILES && ranges < 2000 && nodes < 4000, "{ranges} {nodes}");
    }

    pub(super) fn pipe(&mut self, no: PipeNo) -> &mut Pipe {
        self.pipes.get_mut(&no).or_else(|| self.dying.get_mut(&no)).expect("a pipe")
    }

    pub(super) fn wake(&mut self) {
        for pipe in self.pipes.values_mut() {
            pipe.waits = false;
        }
    }

    pub(super) fn unblock(&mut self) {
        for pipe in self.pipes.values_mut().chain(self.dying.values_mut()) {
            pipe.blocked = false;
        }
    }

    fn poll(&mut self, no: PipeNo) {
        let task = self.sender.poll_task(no, self.now);
        let full = self.pipe(no).record.len() > 256 * 1024 || self.chance.one_in(8);
        let pipe = self.pipe(no);
        match task {
            Task::Transmit(step) => step.encode(&mut pipe.record),
            Task::Wait => pipe.waits = true,
            Task::Done(_) => pipe.is_done = true,
            Task::NextEntry
            | Task::Small(_)
            | Task::Read { .. }
            | Task::Hash { .. }
            | Task::Check(_) => pipe.task = Some(task),
        }
        if full || pipe.waits || pipe.is_done {
            let record = std::mem::take(&mut pipe.record);
            pipe.down.extend((!record.is_empty()).then_some(record));
        }
    }

    fn finish_task(&mut self, no: PipeNo) {
        let pipe = self.pipe(no);
        let mut record = std::mem::take(&mut pipe.record);
        let task = pipe.task.take().expect("a task");
        self.carry_out(no, &task, &mut record);
        self.pipe(no).record = record;
    }

    /// What the shell of a sender's pipe does.
    fn carry_out(&mut self, no: PipeNo, task: &Task, record: &mut Vec<u8>) {
        match *task {
            Task::NextEntry => {
                let Some(item) = self.items.get(self.walked) else {
                    return self.sender.handle_no_more();
                };
                let id = if item.trouble == Trouble::Unseen {
                    self.sender.handle_left_out(Fault::Unreadable, "it can't be seen")
                } else {
                    self.sender.handle_entry(item.what.clone())
                };
                self.by_id.insert(id, self.walked);
                self.walked += 1;
            }
            Task::Small(id) => {
                let item = self.items[self.by_id[&id]].clone();
                if item.trouble == Trouble::None {
                    for step in self.sender.handle_small(id, &item.bytes, no) {
                        step.encode(record);
                    }
                } else {
                    self.unreadable(id, no, record);
                }
            }
            Task::Read { entry, offset, len } => {
                self.read(no, entry, offset, u64::from(len), record);
            }
            Task::Hash { entry, offset, len } => {
                let item = &self.items[self.by_id[&entry]];
                let data = &item.bytes[index(offset)..index(offset + u64::from(len))];
                self.sender.handle_held(entry, offset, data);
            }
            Task::Check(id) => {
                if self.items[self.by_id[&id]].trouble == Trouble::Changed {
                    self.unreadable(id, no, record);
                } else {
                    self.sender.handle_unchanged(id);
                }
            }
            Task::Transmit(_) | Task::Wait | Task::Done(_) => unreachable!("nothing to carry out"),
        }
    }

    fn read(&mut self, no: PipeNo, id: EntryId, offset: u64, len: u64, record: &mut Vec<u8>) {
        let item = &self.items[self.by_id[&id]];
        let size = item.bytes.len() as u64;
        let end = (offset + len).min(size);
        assert!(offset < size || item.what.size().is_none(), "nothing is read beyond the file");
        let is_stream = item.what.size().is_none();
        assert!(is_stream || offset + len <= size, "nothing is read beyond the file");
        if is_stream {
            let needed = self.sender.needed_from(id).unwrap_or(u64::MAX);
            let kept = self.kept_from.entry(id).or_default();
            // A late reader may come for what isn't needed any more.
            if self.pipes.contains_key(&no) {
                assert!(offset >= *kept, "what was confirmed is asked for again");
                *kept = (*kept).max(needed);
            }
        }
        if matches!(item.trouble, Trouble::From(from) if from < end) {
            return self.unreadable(id, no, record);
        }
        let data = item.bytes[index(offset)..index(end)].to_vec();
        let zeros =
            item.bytes[index(offset)..].iter().take_while(|byte| **byte == 0).count() as u64;
        if zeros >= GROUP
            && let Some(hole) = self.sender.handle_hole(id, offset, zeros, no, self.now)
        {
            return SenderStep::Hole(hole).encode(record);
        }
        if let Some(head) = self.sender.handle_data(id, offset, &data, no, self.now) {
            SenderStep::Chunk { head, packed: false, data: &data }.encode(record);
        }
        if is_stream && end < offset + len {
            self.sender.handle_ended(id, end);
            self.ended.insert(id, end);
        }
    }

    fn unreadable(&mut self, id: EntryId, no: PipeNo, record: &mut Vec<u8>) {
        let step = self.sender.handle_unreadable(id, Fault::SourceChanged, "it changed", no);
        step.encode(record);
    }
}

fn offer(items: &[Item], form: Form) -> Offer {
    let size = items.iter().map(|item| item.bytes.len() as u64).sum();
    Offer {
        name: SafeName::new("t").expect("a safe name"),
        form,
        size: (form != Form::Stream).then_some(size),
        on_disk: None,
        entries: items.len() as u64,
        mtime: None,
    }
}
