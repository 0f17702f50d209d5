//! The receiver's shell in small.

use super::world::{Again, Op, World};
use crate::limits::GROUP;
use crate::transfer::entry::EntryKind;
use crate::transfer::receive::{self, Closed, Ended, Greeted, Opened};
use crate::transfer::send::PipeNo;
use crate::transfer::tree;
use crate::transfer::wire::{Answer, Fault, Hole, SenderStep, Step, StepReader};

impl World {
    pub(super) fn arrive(&mut self, no: PipeNo) {
        let record = self.pipe(no).down.pop_front().expect("a record");
        for step in StepReader::new(&record) {
            let (kind, body) = step.expect("whole steps");
            self.pipe(no).steps.push_back((kind, body.to_vec()));
        }
    }

    /// The receiver's shell begins the next step.
    pub(super) fn step(&mut self, no: PipeNo) {
        let (kind, body) = self.pipe(no).steps.front().cloned().expect("a step");
        let step = SenderStep::decode(kind, &body).expect("a step");
        let mut answer = None;
        let mut op = None;
        match step {
            SenderStep::Hello(hello) => {
                let id = hello.entry;
                match self.receiver.handle_hello(hello) {
                    Greeted::Answer(ready) => answer = Some(ready),
                    Greeted::Look(entry) => op = Some(Op::Look(id, entry)),
                    Greeted::Open { entry, may_resume } => {
                        op = Some(Op::Open(id, entry, may_resume));
                    }
                    Greeted::Make(entry) => op = Some(Op::Make(id, entry)),
                    Greeted::Wait => return self.pipe(no).blocked = true,
                }
            }
            SenderStep::Chunk { head, data, .. } => match self.receiver.handle_chunk(&head) {
                Ok(()) => {
                    let mut data = data.to_vec();
                    if self.damages > 0 && (self.damage_all || self.chance.one_in(4)) {
                        self.damages -= 1;
                        data[0] ^= 1;
                    }
                    let hash = tree::piece_hash(head.offset, &data);
                    if hash.chain == head.checksum {
                        op = Some(Op::Write(head, data, hash));
                    } else {
                        answer = Some(self.receiver.handle_damaged(&head));
                    }
                }
                Err(error) => answer = Some(error),
            },
            SenderStep::Hole(hole) => match self.receiver.handle_hole(&hole) {
                Ok(()) => op = Some(Op::Hole(hole)),
                Err(error) => answer = Some(error),
            },
            SenderStep::Close(close) => {
                let path = self.receiver.entry(close.entry).map(|what| what.path.clone());
                match self.receiver.handle_close(&close) {
                    Closed::Save(entry) => op = Some(Op::Save(close.entry, entry)),
                    Closed::Wait => return self.pipe(no).blocked = true,
                    Closed::Answer { answer: ready, discard } => {
                        answer = Some(ready);
                        if let Some(path) = path.filter(|_| discard) {
                            self.disk.discard(&path);
                        }
                    }
                }
            }
            SenderStep::Skip(skip) => answer = Some(self.receiver.handle_skip(&skip)),
            SenderStep::End(end) => match self.receiver.handle_end(end) {
                Ended::Finish => op = Some(Op::Finish),
                Ended::Wait => return self.pipe(no).blocked = true,
                Ended::Answer(ready) => answer = Some(ready),
            },
            SenderStep::Abort(abort) => self.receiver.handle_abort(&abort),
        }
        let pipe = self.pipe(no);
        pipe.steps.pop_front();
        pipe.op = op;
        self.answered(no, answer);
    }

    /// The receiver's shell ends what it is at.
    pub(super) fn act(&mut self, no: PipeNo) {
        let op = self.pipe(no).op.take().expect("something that it is at");
        let answer = self.complete(op);
        self.answered(no, Some(answer));
    }

    fn complete(&mut self, op: Op) -> Answer {
        self.unblock();
        match op {
            Op::Look(id, what) => {
                let is_there = self.disk.files.contains_key(&what.path);
                self.receiver.handle_looked(id, &what, is_there)
            }
            Op::Open(id, what, _) if self.disk.files.contains_key(&what.path) => {
                self.receiver.handle_opened(id, Opened::Done)
            }
            Op::Open(id, what, may_resume) => {
                let may_resume = may_resume && what.size().is_some();
                let ranges = self.disk.open(&what.path, may_resume);
                let groups = self.disk.noted(&what.path).into();
                let answer = self.receiver.handle_opened(id, Opened::Ready(ranges));
                self.again.push(Again { entry: id, path: what.path, groups });
                answer
            }
            Op::Make(id, what) => {
                let lost = matches!(&what.kind, EntryKind::Twin { of } if !self.disk.files.contains_key(of));
                let no_file = (Fault::Unlawful, "there is no such file".to_owned());
                if !lost {
                    self.disk.made.insert(what.path);
                }
                self.receiver.handle_made(id, if lost { Err(no_file) } else { Ok(()) })
            }
            Op::Write(head, data, hash) => {
                let step = Step::Chunk { entry: head.entry, offset: head.offset };
                let Some(path) = self.receiver.entry(head.entry).map(|what| what.path.clone())
                else {
                    return Answer::ready(step);
                };
                self.disk.write(&path, head.offset, &data);
                let len = u64::from(head.size);
                if let Some(group) =
                    self.receiver.handle_written(head.entry, head.offset, len, &hash)
                {
                    self.disk.note(&path, group);
                }
                Answer::ready(step)
            }
            Op::Hole(Hole { entry, offset, size }) => {
                let step = Step::Chunk { entry, offset };
                let Some(path) = self.receiver.entry(entry).map(|what| what.path.clone()) else {
                    return Answer::ready(step);
                };
                self.disk.hole(&path, offset, size);
                let mut at = offset;
                while at < offset + size {
                    let len = (offset + size - at).min(GROUP);
                    self.receiver.handle_hole_written(entry, at, len, &tree::hole_hash(at, len));
                    at += len;
                }
                Answer::ready(step)
            }
            Op::Save(id, what) => {
                self.disk.save(&what.path);
                self.receiver.handle_saved(id, Ok(()))
            }
            Op::Finish => self.receiver.handle_finished("t"),
        }
    }

    fn answered(&mut self, no: PipeNo, answer: Option<Answer>) {
        let coalesce = self.chance.one_in(2);
        let pipe = self.pipe(no);
        pipe.answers.extend(answer);
        if pipe.steps.is_empty() && pipe.op.is_none() && !pipe.answers.is_empty() {
            let mut answers = std::mem::take(&mut pipe.answers);
            if coalesce {
                receive::coalesce(&mut answers);
            }
            pipe.up.push_back(answers);
        }
    }

    /// Answers come to the sender, sometimes twice.
    pub(super) fn answer(&mut self, no: PipeNo) {
        let answers = self.pipe(no).up.pop_front().expect("answers");
        let times = if self.repeats && self.chance.one_in(3) { 2 } else { 1 };
        for answer in answers.into_iter().flat_map(|answer| vec![answer; times]) {
            self.sender.handle_answer(answer, self.now);
        }
        self.wake();
    }

    pub(super) fn read_again(&mut self, which: usize) {
        let Some((offset, len, noted)) = self.again[which].groups.pop_front() else {
            self.again.swap_remove(which);
            return;
        };
        let (id, path) = (self.again[which].entry, self.again[which].path.clone());
        let hash = tree::piece_hash(offset, self.disk.read(&path, offset, len));
        if noted.is_some_and(|noted| noted != hash.chain) {
            self.disk.found_damaged(&path, offset, len);
        }
        self.receiver.handle_read_again(id, offset, len, &hash, noted.as_ref());
        self.unblock();
    }
}
