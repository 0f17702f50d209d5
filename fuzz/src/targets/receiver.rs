//! The receiver's machine: steps of any kind and order, with a shell that takes its time.
//!
//! What the shell is told to do is done later, in any order, or never if the pipe is lost. Nothing is
//! called verified that isn't whole, no byte is taken twice, nothing comes after the end, and every
//! answer is read as it was meant.

use crate::draw::{self, Input};
use arbitrary::Result;
use couplet::limits::GROUP;
use couplet::path::{RawName, SafeName, SafePath};
use couplet::transfer::entry::{Entry, EntryId, EntryKind};
use couplet::transfer::offer::{Form, Offer};
use couplet::transfer::outcome::Outcome;
use couplet::transfer::receive::{Closed, Ended, Greeted, Opened, Receiver};
use couplet::transfer::tree::{self, PieceHash};
use couplet::transfer::wire::{
    Abort, Answer, ChunkHead, Close, End, Fault, Hello, Hole, Skip, Step, StepReader,
};

/// What is offered: two groups and some bytes.
const SIZE: u64 = 2 * GROUP + 9;

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let Ok(form) = input.choose(&[Form::Folder, Form::Several, Form::File, Form::Stream]) else {
        return;
    };
    let size = Some(SIZE).filter(|_| *form != Form::Stream);
    let name = SafeName::new("a").expect("a safe name");
    let offer = Offer { name, form: *form, size, on_disk: None, entries: 6, mtime: None };
    let mut world =
        World { receiver: Receiver::new(offer), form: *form, later: Vec::new(), over: None };
    // Running out of input is no find.
    while !input.is_empty() && world.step(&mut input).is_ok() {}
}

/// What the shell is at.
enum Op {
    Look(EntryId, Entry),
    Open(EntryId),
    Make(EntryId),
    Write(ChunkHead),
    Hole(Hole),
    Save(EntryId),
    Finish,
}

struct World {
    receiver: Receiver,
    form: Form,
    later: Vec<Op>,
    over: Option<Outcome>,
}

impl World {
    fn step(&mut self, input: &mut Input<'_>) -> Result<()> {
        if input.arbitrary()? && !self.later.is_empty() {
            let at = input.choose_index(self.later.len())?;
            let op = self.later.swap_remove(at);
            self.carry_out(input, op)?;
        } else {
            self.hear(input)?;
        }
        self.check();
        Ok(())
    }

    fn hear(&mut self, input: &mut Input<'_>) -> Result<()> {
        let entry = draw::near(input, 0)?;
        match input.arbitrary::<u8>()? % 12 {
            0..=2 => {
                let hello = Hello { entry, ask: input.arbitrary()?, what: self.entry(input)? };
                match self.receiver.handle_hello(hello) {
                    Greeted::Answer(answer) => comes_back(&answer),
                    Greeted::Look(what) => self.later.push(Op::Look(entry, what)),
                    Greeted::Open { .. } => self.later.push(Op::Open(entry)),
                    Greeted::Make(_) => self.later.push(Op::Make(entry)),
                    Greeted::Wait => {}
                }
            }
            3..=6 => {
                let group = u64::from(input.arbitrary::<u8>()? % 3) * GROUP;
                let offset = draw::near(input, group)?;
                let size = *input.choose(&[GROUP, 16 * 1024, 9, 0, GROUP + 1])?;
                let size = u32::try_from(size).expect("it fits");
                let checksum = piece(offset, size.into()).chain;
                let head = ChunkHead { entry, offset, size, checksum };
                match self.receiver.handle_chunk(&head) {
                    Ok(()) => {
                        let again = self.receiver.handle_chunk(&head);
                        assert!(again.is_err() || size == 0, "the same bytes twice");
                        self.later.push(Op::Write(head));
                    }
                    Err(answer) => comes_back(&answer),
                }
            }
            7 => {
                let (offset, size) = (draw::near(input, 0)?, draw::near(input, GROUP)?);
                let hole = Hole { entry, offset, size };
                match self.receiver.handle_hole(&hole) {
                    Ok(()) => self.later.push(Op::Hole(hole)),
                    Err(answer) => comes_back(&answer),
                }
            }
            8 | 9 => {
                let size = *input.choose(&[SIZE, GROUP, 9, 0])?;
                let root = if input.ratio(3, 4)? { root(size) } else { [1; 32] };
                match self.receiver.handle_close(&Close { entry, size, root }) {
                    Closed::Save(_) => self.later.push(Op::Save(entry)),
                    Closed::Wait => {}
                    Closed::Answer { answer, .. } => comes_back(&answer),
                }
            }
            10 => {
                let skip = Skip { entry, code: Fault::Unreadable, text: draw::text(input)? };
                comes_back(&self.receiver.handle_skip(&skip));
            }
            _ => match input.arbitrary::<u8>()? % 8 {
                0 => {
                    let abort = Abort { code: Fault::Unreadable, text: draw::text(input)? };
                    self.receiver.handle_abort(&abort);
                }
                _ => match self.receiver.handle_end(End { entries: draw::near(input, 1)? }) {
                    Ended::Finish => self.later.push(Op::Finish),
                    Ended::Wait => {}
                    Ended::Answer(answer) => comes_back(&answer),
                },
            },
        }
        Ok(())
    }

    fn carry_out(&mut self, input: &mut Input<'_>, op: Op) -> Result<()> {
        let trouble = input.ratio(1, 16)?;
        let fault = *input.choose(&[Fault::Storage, Fault::Unlawful, Fault::InTransit])?;
        let result = if trouble { Err((fault, "no".to_owned())) } else { Ok(()) };
        let answer = match op {
            Op::Look(id, what) => {
                let is_there = input.arbitrary()?;
                self.receiver.handle_looked(id, &what, is_there)
            }
            Op::Open(id) => {
                let opened = match (result, input.arbitrary::<u8>()? % 8) {
                    (Err((code, text)), _) => Opened::Refused(code, text),
                    (Ok(()), 0) => Opened::Done,
                    (Ok(()), 1 | 2) => Opened::Ready(vec![(0, GROUP)]),
                    (Ok(()), _) => Opened::Ready(Vec::new()),
                };
                let resumed = matches!(&opened, Opened::Ready(ranges) if !ranges.is_empty());
                let answer = self.receiver.handle_opened(id, opened);
                if resumed && input.ratio(7, 8)? {
                    let hash = piece(0, GROUP);
                    let noted = if input.ratio(7, 8)? { hash.chain } else { [3; 32] };
                    self.receiver.handle_read_again(id, 0, GROUP, &hash, Some(&noted));
                }
                answer
            }
            Op::Make(id) => self.receiver.handle_made(id, result),
            Op::Write(head) if trouble => self.receiver.handle_damaged(&head),
            Op::Write(head) => {
                let len = u64::from(head.size);
                let hash = piece(head.offset, len);
                let _ = self.receiver.handle_written(head.entry, head.offset, len, &hash);
                Answer::ready(Step::Chunk { entry: head.entry, offset: head.offset })
            }
            Op::Hole(hole) if trouble => {
                self.receiver.handle_unwritten(hole.entry, hole.offset, hole.size);
                return Ok(());
            }
            Op::Hole(hole) => {
                // As the shell does it, group by group; more of them than a test has time for are
                // given back.
                let mut at = hole.offset;
                let end = hole.offset.saturating_add(hole.size);
                while at < end && at - hole.offset < 4 * GROUP {
                    let len = GROUP.min(end - at);
                    self.receiver.handle_hole_written(hole.entry, at, len, &piece(at, len));
                    at += len;
                }
                if at < end {
                    self.receiver.handle_unwritten(hole.entry, at, end - at);
                }
                return Ok(());
            }
            Op::Save(id) => self.receiver.handle_saved(id, result),
            Op::Finish => self.receiver.handle_finished(&draw::text(input)?),
        };
        comes_back(&answer);
        Ok(())
    }

    fn entry(&self, input: &mut Input<'_>) -> Result<Entry> {
        let paths: &[&str] = match self.form {
            Form::File | Form::Stream | Form::Text => &["a", "a/b"],
            Form::Folder | Form::Several => &["a", "a/b", "a/c", "a/b/d", "e"],
        };
        let path = SafePath::new((*input.choose(paths)?).as_bytes()).expect("a safe path");
        let kind = match input.arbitrary::<u8>()? % 8 {
            0 => EntryKind::Folder,
            1 => EntryKind::Link { target: RawName((*input.choose(paths)?).as_bytes().to_vec()) },
            2 => EntryKind::Twin {
                of: SafePath::new((*input.choose(paths)?).as_bytes()).expect("a safe path"),
            },
            3 => EntryKind::File { size: None },
            _ => EntryKind::File { size: Some(*input.choose(&[SIZE, GROUP, 9, 0, u64::MAX])?) },
        };
        Ok(Entry { path, kind, mode: None, mtime: None })
    }

    fn check(&mut self) {
        let moved = self.receiver.moved();
        assert!(self.receiver.held() <= 8 * SIZE + 128, "more is held than was offered");
        assert!(moved <= 64 * SIZE);
        match (&self.over, self.receiver.outcome()) {
            (None, outcome) => self.over = outcome.cloned(),
            (Some(over), outcome) => assert_eq!(outcome, Some(over), "the end was no end"),
        }
        if let Some(Outcome::Verified { .. }) = self.receiver.outcome() {
            assert!(self.receiver.finished_entries() > 0, "verified with nothing in it");
        }
    }
}

/// The hash of these bytes of a file in which all are zero, or of something else if no piece lies there.
fn piece(offset: u64, len: u64) -> PieceHash {
    if (1..=GROUP).contains(&len) && tree::is_piece(None, offset, len) {
        tree::hole_hash(offset, len)
    } else {
        PieceHash { chain: [0; 32], alone: None }
    }
}

/// The hash of such a file.
fn root(size: u64) -> [u8; 32] {
    *blake3::hash(&vec![0; usize::try_from(size).expect("it fits")]).as_bytes()
}

fn comes_back(answer: &Answer) {
    let mut bytes = Vec::new();
    answer.encode(&mut bytes);
    let (kind, body) = StepReader::new(&bytes).next().expect("a step").expect("whole");
    assert_eq!(Answer::decode(kind, body).as_ref(), Ok(answer));
}
