//! The sender's shell in small: what its machine says is read, packed into records, and sent.

use super::{Machine, disk::index};
use crate::world::World;
use couplet::path::SafePath;
use couplet::transfer::book::TransferId;
use couplet::transfer::entry::{Entry, EntryKind, Stamp};
use couplet::transfer::send::{PipeNo, Task};
use couplet::transfer::wire::{Answer, SenderStep};

/// A record has no more steps once it has so many bytes.
const PACK: usize = 64 * 1024;

impl World {
    /// An end of a sender's: hears answers, then sends until there is nothing to do.
    pub(super) fn serve(&mut self, pipe: u64, side: usize, steps: Vec<(u8, Vec<u8>)>) {
        let Some(end) = self.pipes.all.get(&pipe).and_then(|pipe| pipe.ends[side].as_ref()) else {
            return;
        };
        let (client, program, id) = (end.client, end.program, end.id);
        let now = self.now;
        if !steps.is_empty() {
            let Some(Machine::Out { sender, .. }) =
                self.work(client, program, id).map(|w| &mut w.machine)
            else {
                return;
            };
            for (kind, body) in steps {
                sender.handle_answer(Answer::decode(kind, &body).expect("an answer"), now);
            }
            let wanted = sender.pipes_wanted();
            if self.dies(client) {
                return;
            }
            if wanted > 1 && self.chance.one_in(4) {
                let program = self.program(client, program).expect("it runs");
                program.session.handle_pipes_wanted(id, wanted);
                self.pump_soon(client);
            }
            self.wake(client, id);
            self.tell_end(client, id);
        }
        self.send_on(pipe, side, (client, program, id));
    }

    fn send_on(&mut self, pipe: u64, side: usize, of: (usize, u64, TransferId)) {
        let (client, program, id) = of;
        let no = PipeNo(u32::try_from(pipe).expect("few"));
        let now = self.now;
        let mut record = Vec::new();
        loop {
            let Some(work) = self.work(client, program, id).filter(|work| work.ends.contains(&no))
            else {
                // It is over here; what was decided has been said.
                if !record.is_empty() {
                    self.send_record(pipe, side, false, &record);
                }
                return self.close_end(pipe, side);
            };
            let (name, size) = (work.name.clone(), work.size);
            let Machine::Out { sender, walked } = &mut work.machine else { return };
            match sender.poll_task(no, now) {
                Task::Transmit(step) => step.encode(&mut record),
                Task::NextEntry if *walked => sender.handle_no_more(),
                Task::NextEntry => {
                    *walked = true;
                    sender.handle_entry(entry(&name, size));
                }
                Task::Small(entry) => {
                    let data = self.files[&name].clone();
                    let Some(Machine::Out { sender, .. }) = self.machine(client, id) else {
                        return;
                    };
                    for step in sender.handle_small(entry, &data, no) {
                        step.encode(&mut record);
                    }
                }
                Task::Read { entry, offset, len } => {
                    let data =
                        self.files[&name][index(offset)..index(offset) + len as usize].to_vec();
                    let Some(Machine::Out { sender, .. }) = self.machine(client, id) else {
                        return;
                    };
                    if let Some(head) = sender.handle_data(entry, offset, &data, no, now) {
                        SenderStep::Chunk { head, packed: false, data: &data }.encode(&mut record);
                    }
                }
                Task::Hash { entry, offset, len } => {
                    let data =
                        self.files[&name][index(offset)..index(offset) + len as usize].to_vec();
                    let Some(Machine::Out { sender, .. }) = self.machine(client, id) else {
                        return;
                    };
                    sender.handle_held(entry, offset, &data);
                }
                Task::Check(entry) => sender.handle_unchanged(entry),
                Task::Wait => {
                    if !record.is_empty() {
                        self.send_record(pipe, side, false, &record);
                    }
                    return;
                }
                Task::Done(_) => {
                    self.send_record(pipe, side, true, &record);
                    self.tell_end(client, id);
                    return self.close_end(pipe, side);
                }
            }
            if record.len() > PACK {
                if self.dies(client) {
                    return;
                }
                self.send_record(pipe, side, false, &record);
                record.clear();
            }
        }
    }
}

fn entry(name: &str, size: u64) -> Entry {
    Entry {
        path: SafePath::new(name).expect("a safe path"),
        kind: EntryKind::File { size: Some(size) },
        mode: None,
        mtime: Some(Stamp(1, 0)),
    }
}
