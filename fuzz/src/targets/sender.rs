//! The sender's machine: a receiver that answers anything, pipes that are lost, files that change.
//!
//! Whatever comes, it never asks for bytes that aren't there, every step that it sends is read as it
//! was meant, its end is an end, and it isn't kept busy with nothing.

use crate::draw::{self, Input};
use arbitrary::Result;
use couplet::limits::{GROUP, MAX_PIPES_PER_TRANSFER};
use couplet::path::SafePath;
use couplet::time::Moment;
use couplet::transfer::entry::{Entry, EntryId, EntryKind};
use couplet::transfer::outcome::Outcome;
use couplet::transfer::send::{PipeNo, Sender, Task};
use couplet::transfer::wire::{Answer, Fault, SenderStep, Step, StepReader};
use std::time::Duration;

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let Ok(ask) = input.arbitrary() else { return };
    let mut world = World {
        sender: Sender::new(ask),
        now: Moment::START,
        pipes: (0..3).map(PipeNo).collect(),
        last_pipe: 2,
        tasks: Vec::new(),
        entries: Vec::new(),
        sent: Vec::new(),
        over: None,
    };
    // Running out of input is no find.
    while !input.is_empty() && world.step(&mut input).is_ok() {}
}

struct World {
    sender: Sender,
    now: Moment,
    pipes: Vec<PipeNo>,
    last_pipe: u32,
    /// What the shells of pipes are at, those of lost pipes included.
    tasks: Vec<(PipeNo, Task)>,
    /// The sizes of what was found; none of what is no file or a stream.
    entries: Vec<Option<u64>>,
    /// The places of what was sent, for answers.
    sent: Vec<Step>,
    over: Option<Outcome>,
}

impl World {
    fn step(&mut self, input: &mut Input<'_>) -> Result<()> {
        self.now = self.now + Duration::from_millis(input.arbitrary::<u8>()?.into());
        match input.arbitrary::<u8>()? % 16 {
            0..=4 => {
                let pipe = *input.choose(&self.pipes)?;
                self.poll(pipe);
            }
            5..=8 if !self.tasks.is_empty() => {
                let at = input.choose_index(self.tasks.len())?;
                let (pipe, task) = self.tasks.swap_remove(at);
                self.carry_out(input, pipe, &task)?;
            }
            9 => self.lose_pipe(input)?,
            10 => self.sender.set_paused(input.ratio(1, 4)?),
            11 => match input.arbitrary::<u8>()? % 16 {
                0 => self.sender.handle_fault(Fault::Unreadable, draw::text(input)?),
                1 => self.sender.handle_finished(&draw::text(input)?),
                _ => self.sender.set_paused(false),
            },
            _ => {
                let answer = self.answer(input)?;
                self.sender.handle_answer(answer, self.now);
            }
        }
        self.check();
        Ok(())
    }

    fn poll(&mut self, pipe: PipeNo) {
        match self.sender.poll_task(pipe, self.now) {
            Task::Transmit(step) => self.transmitted(&step),
            Task::Wait => {}
            Task::Done(outcome) => {
                assert_eq!(self.sender.outcome(), Some(&outcome));
                assert!(self.over.get_or_insert_with(|| outcome.clone()) == &outcome);
            }
            task @ (Task::NextEntry
            | Task::Small(_)
            | Task::Read { .. }
            | Task::Hash { .. }
            | Task::Check(_)) => self.tasks.push((pipe, task)),
        }
    }

    fn carry_out(&mut self, input: &mut Input<'_>, pipe: PipeNo, task: &Task) -> Result<()> {
        match *task {
            Task::NextEntry => self.find(input)?,
            Task::Small(id) => {
                let size = self.size(id).expect("a small file has a size");
                let changed = u64::from(input.ratio(1, 16)?);
                let data = data(size.saturating_sub(changed));
                for step in self.sender.handle_small(id, data, pipe) {
                    self.transmitted(&step);
                }
            }
            Task::Read { entry, offset, len } => self.read(input, entry, offset, len, pipe)?,
            Task::Hash { entry, offset, len } => {
                self.is_there(entry, offset, len);
                let data = data(u64::from(len) - u64::from(input.ratio(1, 16)?));
                self.sender.handle_held(entry, offset, data);
            }
            Task::Check(id) if input.ratio(7, 8)? => self.sender.handle_unchanged(id),
            Task::Check(id) => {
                let code = Fault::SourceChanged;
                let step = self.sender.handle_unreadable(id, code, draw::text(input)?, pipe);
                self.transmitted(&step);
            }
            Task::Transmit(_) | Task::Wait | Task::Done(_) => {}
        }
        Ok(())
    }

    fn find(&mut self, input: &mut Input<'_>) -> Result<()> {
        let number = self.entries.len();
        let path = SafePath::new(format!("a/{number}").as_bytes()).expect("a safe path");
        let (kind, size) = match input.arbitrary::<u8>()? % 10 {
            0 => {
                self.sender.handle_no_more();
                return Ok(());
            }
            1 => {
                self.entries.push(None);
                self.sender.handle_left_out(Fault::Unlawful, draw::text(input)?);
                return Ok(());
            }
            2 => (EntryKind::Folder, None),
            3 => {
                let of = number.saturating_sub(1);
                let of = SafePath::new(format!("a/{of}").as_bytes()).expect("a safe path");
                (EntryKind::Twin { of }, None)
            }
            4 => (EntryKind::File { size: None }, None),
            5..=7 => {
                let size = u64::from(input.arbitrary::<u16>()?) * 64;
                (EntryKind::File { size: Some(size) }, Some(size))
            }
            _ => {
                let size = draw::near(input, 5 * GROUP + 3)?;
                (EntryKind::File { size: Some(size) }, Some(size))
            }
        };
        let id = self.sender.handle_entry(Entry { path, kind, mode: None, mtime: None });
        assert_eq!(usize::try_from(id), Ok(number), "a number is left out, or used twice");
        self.entries.push(size);
        Ok(())
    }

    fn read(
        &mut self,
        input: &mut Input<'_>,
        entry: EntryId,
        offset: u64,
        len: u32,
        pipe: PipeNo,
    ) -> Result<()> {
        self.is_there(entry, offset, len);
        let choice = input.arbitrary::<u8>()?;
        if choice < 32 {
            let size = draw::near(input, GROUP)?;
            let hole = self.sender.handle_hole(entry, offset, size, pipe, self.now);
            if let Some(hole) = hole {
                assert!(hole.size <= size && hole.offset == offset);
                self.transmitted(&SenderStep::Hole(hole));
                return Ok(());
            }
        }
        let is_stream = self.size(entry).is_none();
        let short = if is_stream && choice > 200 || choice > 250 { choice } else { 0 };
        let data = data(u64::from(len).saturating_sub(u64::from(short) * 99));
        let now = self.now;
        if let Some(head) = self.sender.handle_data(entry, offset, data, pipe, now) {
            assert_eq!((head.entry, head.offset), (entry, offset));
            assert_eq!(u64::from(head.size), data.len() as u64);
            self.transmitted(&SenderStep::Chunk { head, packed: false, data });
        }
        if is_stream && short > 0 {
            self.sender.handle_ended(entry, offset + data.len() as u64);
        }
        Ok(())
    }

    fn lose_pipe(&mut self, input: &mut Input<'_>) -> Result<()> {
        let at = input.choose_index(self.pipes.len())?;
        let lost = self.pipes[at];
        self.last_pipe += 1;
        self.pipes[at] = PipeNo(self.last_pipe);
        self.sender.handle_pipe_lost(lost);
        if input.arbitrary()? {
            // Its shell died with it, but for what was found, which must be handed in.
            self.tasks.retain(|(pipe, task)| *pipe != lost || *task == Task::NextEntry);
        }
        // Somebody else was told to find the next one; only one of the two does.
        let mut found = self.tasks.iter().filter(|(_, task)| *task == Task::NextEntry);
        if found.next().is_some() && found.next().is_some() {
            let at = self.tasks.iter().position(|(_, task)| *task == Task::NextEntry);
            self.tasks.remove(at.expect("there are two"));
        }
        Ok(())
    }

    fn answer(&mut self, input: &mut Input<'_>) -> Result<Answer> {
        let step = if !self.sent.is_empty() && input.ratio(5, 6)? {
            let back = input.choose_index(self.sent.len().min(8))?;
            self.sent[self.sent.len() - 1 - back]
        } else {
            let entry = draw::near(input, 0)?;
            match input.arbitrary::<u8>()? % 4 {
                0 => Step::Hello { entry },
                1 => Step::Chunk { entry, offset: draw::near(input, GROUP)? },
                2 => Step::Close { entry },
                _ => Step::End,
            }
        };
        if input.ratio(1, 6)? {
            let faults = [
                Fault::Checksum,
                Fault::Gap,
                Fault::Mismatch,
                Fault::Unlawful,
                Fault::Overlap,
                Fault::OutOfOrder,
                Fault::Storage,
            ];
            let code = *input.choose(&faults)?;
            return Ok(Answer::Error { step, code, text: draw::text(input)? });
        }
        let mut held = Vec::new();
        for _ in 0..input.arbitrary::<u8>()? % 4 {
            held.push((draw::near(input, 0)?, draw::near(input, 2 * GROUP)?));
        }
        let saved_as = Some(draw::text(input)?);
        Ok(Answer::Ready { step, held, done: input.ratio(1, 8)?, saved_as })
    }

    fn transmitted(&mut self, step: &SenderStep<'_>) {
        let mut bytes = Vec::new();
        step.encode(&mut bytes);
        let (kind, body) = StepReader::new(&bytes).next().expect("a step").expect("whole");
        assert_eq!(SenderStep::decode(kind, body).as_ref(), Ok(step));
        self.sent.push(match step {
            SenderStep::Hello(hello) => Step::Hello { entry: hello.entry },
            SenderStep::Chunk { head, .. } => {
                Step::Chunk { entry: head.entry, offset: head.offset }
            }
            SenderStep::Hole(hole) => Step::Chunk { entry: hole.entry, offset: hole.offset },
            SenderStep::Close(close) => Step::Close { entry: close.entry },
            SenderStep::Skip(skip) => Step::Close { entry: skip.entry },
            SenderStep::End(_) | SenderStep::Abort(_) => Step::End,
        });
    }

    fn is_there(&self, entry: EntryId, offset: u64, len: u32) {
        assert!(u64::from(len) <= GROUP && len > 0);
        let end = offset.checked_add(len.into()).expect("no file has so many bytes");
        assert!(self.size(entry).is_none_or(|size| end <= size), "bytes that aren't there");
    }

    fn size(&self, entry: EntryId) -> Option<u64> {
        self.entries[usize::try_from(entry).expect("few entries")]
    }

    fn check(&self) {
        let entries = self.entries.len() as u64;
        assert!(self.sender.confirmed_entries() <= entries, "more is confirmed than was found");
        assert!((1..=MAX_PIPES_PER_TRANSFER).contains(&self.sender.pipes_wanted()));
        for (id, size) in (0..).zip(&self.entries) {
            let needed = self.sender.needed_from(id);
            assert!(needed.is_none_or(|at| size.is_none_or(|size| at <= size)), "{needed:?}");
        }
        if let Some(outcome) = &self.over {
            assert_eq!(self.sender.outcome(), Some(outcome), "the end was no end");
        }
    }
}

/// So many bytes of a file, at most a group.
fn data(len: u64) -> &'static [u8] {
    static BYTES: [u8; 1024 * 1024] = [7; 1024 * 1024];
    &BYTES[..usize::try_from(len).expect("it fits")]
}
