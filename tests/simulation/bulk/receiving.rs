//! The receiver's shell in small: the sender's steps, asked of the machine, done on the disk, told to
//! the machine. The program may die between any two of these.

use super::Machine;
use super::pipes::PipeEvent;
use crate::world::{Event, World};
use couplet::limits::SMALL_FILE;
use couplet::transfer::book::TransferId;
use couplet::transfer::journal::Record;
use couplet::transfer::outcome::Outcome;
use couplet::transfer::receive::{self, Closed, Ended, Greeted, Opened, Receiver};
use couplet::transfer::tree;
use couplet::transfer::wire::{Answer, ChunkHead, SenderStep, Step};
use std::time::Duration;

/// What came of a step.
enum Done {
    Answer(Answer),
    Nothing,
    /// It waits for something else.
    Later,
    /// The program died in the middle of it.
    Died,
}

impl World {
    /// An end goes on with what it is at.
    pub(super) fn go_on(&mut self, pipe: u64, side: usize) {
        let there = self.pipes.all.get_mut(&pipe).filter(|pipe| pipe.joined);
        let Some(end) = there.and_then(|pipe| pipe.ends[side].as_mut()) else { return };
        let (client, program, id) = (end.client, end.program, end.id);
        let steps = std::mem::take(&mut end.steps);
        match self.work(client, program, id).map(|work| &work.machine) {
            Some(Machine::Out { .. }) => self.serve(pipe, side, steps.into()),
            Some(Machine::In { .. }) => self.receive(pipe, side, steps, (client, program, id)),
            // It is over here.
            None => self.close_end(pipe, side),
        }
    }

    fn receive(
        &mut self,
        pipe: u64,
        side: usize,
        mut steps: std::collections::VecDeque<(u8, Vec<u8>)>,
        (client, program, id): (usize, u64, TransferId),
    ) {
        let mut answers = Vec::new();
        let mut did_something = false;
        while let Some((kind, body)) = steps.front() {
            let step = SenderStep::decode(*kind, body).expect("a step");
            match self.step(client, program, id, step) {
                Done::Answer(answer) => answers.push(answer),
                Done::Nothing => {}
                Done::Later => break,
                Done::Died => return,
            }
            did_something = true;
            steps.pop_front();
        }
        if let Some(end) = self.pipes.all.get_mut(&pipe).and_then(|pipe| pipe.ends[side].as_mut()) {
            end.steps = steps;
        }
        if !did_something {
            return;
        }
        receive::coalesce(&mut answers);
        let mut record = Vec::new();
        for answer in &answers {
            answer.encode(&mut record);
        }
        let outcome = self.work(client, program, id).and_then(|work| work.outcome());
        let is_over = outcome.is_some();
        if let Some(Outcome::Verified { saved_as, .. }) = outcome {
            if self.dies(client) {
                return;
            }
            // It is written down before the sender hears of it, which then forgets it.
            self.program(client, program).expect("it runs").session.handle_whole(id, saved_as);
            self.write_down(client);
            if self.dies(client) {
                return;
            }
        }
        self.send_record(pipe, side, is_over, &record);
        // Another pipe may wait for this.
        self.wake(client, id);
        if is_over {
            if self.dies(client) {
                return;
            }
            self.tell_end(client, id);
            self.close_end(pipe, side);
        }
    }

    fn receiver(&mut self, client: usize, program: u64, id: TransferId) -> Option<&mut Receiver> {
        match &mut self.work(client, program, id)?.machine {
            Machine::In { receiver, .. } => Some(receiver),
            Machine::Out { .. } => None,
        }
    }

    fn step(&mut self, client: usize, program: u64, id: TransferId, step: SenderStep<'_>) -> Done {
        let Some(work) = self.work(client, program, id) else { return Done::Nothing };
        let (name, size) = (work.name.clone(), work.size);
        let Machine::In { receiver, .. } = &mut work.machine else { return Done::Nothing };
        match step {
            SenderStep::Hello(hello) => {
                let entry = hello.entry;
                let greeted = receiver.handle_hello(hello);
                if matches!(greeted, Greeted::Wait) {
                    return Done::Later;
                }
                if self.dies(client) {
                    return Done::Died;
                }
                let is_there = self.clients[client].disk.files.contains_key(&name);
                match greeted {
                    Greeted::Answer(answer) => Done::Answer(answer),
                    Greeted::Look(what) => {
                        let receiver = self.receiver(client, program, id).expect("it works");
                        Done::Answer(receiver.handle_looked(entry, &what, is_there))
                    }
                    Greeted::Open { may_resume, .. } => {
                        let opened = if is_there {
                            Opened::Done
                        } else {
                            let large = size > SMALL_FILE && may_resume;
                            let held = self.clients[client].disk.open(&name, size, large);
                            self.plan_again(client, program, id, &held)
                        };
                        let receiver = self.receiver(client, program, id).expect("it works");
                        Done::Answer(receiver.handle_opened(entry, opened))
                    }
                    Greeted::Make(_) | Greeted::Wait => panic!("a file is neither made nor waits"),
                }
            }
            SenderStep::Chunk { head, data, .. } => self.chunk(client, program, id, (head, data)),
            SenderStep::Close(close) => match receiver.handle_close(&close) {
                Closed::Wait => Done::Later,
                Closed::Answer { answer, discard } => {
                    if discard {
                        self.clients[client].disk.discard(&name);
                    }
                    Done::Answer(answer)
                }
                Closed::Save(_) => {
                    if self.dies(client) {
                        return Done::Died;
                    }
                    self.clients[client].disk.save(&name);
                    if self.dies(client) {
                        return Done::Died;
                    }
                    let receiver = self.receiver(client, program, id).expect("it works");
                    Done::Answer(receiver.handle_saved(close.entry, Ok(())))
                }
            },
            SenderStep::Skip(skip) => Done::Answer(receiver.handle_skip(&skip)),
            SenderStep::End(end) => match receiver.handle_end(end) {
                Ended::Wait => Done::Later,
                Ended::Answer(answer) => Done::Answer(answer),
                Ended::Finish => {
                    self.clients[client].disk.finish(&name);
                    if self.dies(client) {
                        return Done::Died;
                    }
                    let receiver = self.receiver(client, program, id).expect("it works");
                    Done::Answer(receiver.handle_finished(&name))
                }
            },
            SenderStep::Abort(abort) => {
                receiver.handle_abort(&abort);
                Done::Nothing
            }
            SenderStep::Hole(_) => panic!("there are no holes in what is sent"),
        }
    }

    fn chunk(
        &mut self,
        client: usize,
        program: u64,
        id: TransferId,
        (head, data): (ChunkHead, &[u8]),
    ) -> Done {
        let Some(work) = self.work(client, program, id) else { return Done::Nothing };
        let name = work.name.clone();
        let Machine::In { receiver, .. } = &mut work.machine else { return Done::Nothing };
        if let Err(answer) = receiver.handle_chunk(&head) {
            return Done::Answer(answer);
        }
        let hash = tree::piece_hash(head.offset, data);
        assert_eq!(hash.chain, head.checksum, "nobody has damaged it");
        if self.dies(client) {
            return Done::Died;
        }
        self.clients[client].disk.write(&name, head.offset, data);
        if self.dies(client) {
            return Done::Died;
        }
        let receiver = self.receiver(client, program, id).expect("it works");
        let len = u64::from(head.size);
        let group = receiver.handle_written(head.entry, head.offset, len, &hash);
        if let Some(group) = group {
            self.clients[client].disk.note(&name, Record::Group(group));
        }
        if self.chance.one_in(6)
            && let Some(place) = self.clients[client].disk.begin_flush(&name)
        {
            if self.dies(client) {
                return Done::Died;
            }
            self.clients[client].disk.end_flush(&name, place);
        }
        Done::Answer(Answer::ready(Step::Chunk { entry: head.entry, offset: head.offset }))
    }

    /// What is there from before is read again, a group at a time.
    fn plan_again(
        &mut self,
        client: usize,
        program: u64,
        id: TransferId,
        held: &[(u64, u64, Option<tree::Hash>)],
    ) -> Opened {
        let ranges = held.iter().map(|(at, len, _)| (*at, at + len)).collect();
        self.audit.tally.resumed_bytes += held.iter().map(|(_, len, _)| len).sum::<u64>();
        if let Some(Machine::In { again, .. }) = self.machine(client, id) {
            again.clear();
            again.extend(held);
        }
        let event = PipeEvent::Again { client, program, id: id.0 };
        self.after(Duration::from_millis(1), Event::Pipe(event));
        Opened::Ready(ranges)
    }

    pub(super) fn read_again(&mut self, client: usize, program: u64, id: u32) {
        let id = TransferId(id);
        let Some(work) = self.work(client, program, id) else { return };
        let name = work.name.clone();
        let Machine::In { again, .. } = &mut work.machine else { return };
        let Some((offset, len, noted)) = again.pop_front() else { return };
        let Some(bytes) = self.clients[client].disk.read(&name, offset, len) else { return };
        let hash = tree::piece_hash(offset, bytes);
        let receiver = self.receiver(client, program, id).expect("it works");
        // A single file is the first entry.
        receiver.handle_read_again(0, offset, len, &hash, noted.as_ref());
        self.wake(client, id);
        let event = PipeEvent::Again { client, program, id: id.0 };
        self.after(Duration::from_millis(1), Event::Pipe(event));
    }
}
