//! The sender's steps, carried out: asked of the machine, done on the disk, told to the machine.
//!
//! Owns the way of each step between the two, and the waiting for what another pipe has begun.

use super::Incoming;
use super::place::stopped;
use crate::common::Finding;
use crate::store::Growing;
use couplet::limits::GROUP;
use couplet::transfer::journal::Record;
use couplet::transfer::receive::{Closed, Ended, Greeted, Opened};
use couplet::transfer::tree;
use couplet::transfer::wire::{Answer, ChunkHead, Fault, Hello, Hole, SenderStep, Step};
use std::sync::Arc;

impl Incoming {
    /// Carries one step out; gives the answer to it if there is one.
    pub(super) fn step(self: &Arc<Self>, step: SenderStep<'_>) -> Option<Answer> {
        let answer = self.carry_out(step);
        // The same may have come through another pipe, which waits for this.
        self.changed.notify_all();
        answer
    }

    fn carry_out(self: &Arc<Self>, step: SenderStep<'_>) -> Option<Answer> {
        Some(match step {
            SenderStep::Hello(hello) => self.hello(&hello),
            SenderStep::Chunk { head, packed: false, data } => self.chunk(&head, data),
            SenderStep::Chunk { head, packed: true, data } => self.packed(&head, data),
            SenderStep::Hole(hole) => self.hole(&hole),
            SenderStep::Close(close) => self.close(&close),
            SenderStep::Skip(skip) => {
                let mut state = self.lock();
                state.growing.remove(&skip.entry);
                state.receiver.handle_skip(&skip)
            }
            SenderStep::End(end) => self.end(end),
            SenderStep::Abort(abort) => {
                self.lock().receiver.handle_abort(&abort);
                return None;
            }
        })
    }

    fn hello(self: &Arc<Self>, hello: &Hello) -> Answer {
        let (id, step) = (hello.entry, Step::Hello { entry: hello.entry });
        let greeted = {
            let mut state = self.lock();
            loop {
                let greeted = state.receiver.handle_hello(hello.clone());
                if greeted != Greeted::Wait {
                    break greeted;
                }
                if state.stopped {
                    return Answer::error(step, Fault::Unknown, "the transfer was stopped");
                }
                state = self.wait(state);
            }
        };
        if let Greeted::Answer(answer) = greeted {
            return answer;
        }
        // Only now, so that nothing is made for what is refused.
        let place = match self.place() {
            Ok(place) => place,
            Err(text) => return self.lock().receiver.handle_storage_fault(step, &text),
        };
        match greeted {
            Greeted::Answer(answer) => answer,
            Greeted::Look(entry) => {
                let is_there = place.is_there(&entry);
                self.lock().receiver.handle_looked(id, &entry, is_there)
            }
            Greeted::Make(entry) => {
                let made = self.until_room(0, || place.make(&entry));
                self.lock().receiver.handle_made(id, made)
            }
            Greeted::Open { entry, may_resume } => {
                let opened = self.until_room(0, || place.open(id, &entry, may_resume));
                let (opened, growing) =
                    opened.unwrap_or_else(|(code, text)| (Opened::Refused(code, text), None));
                let resumed = matches!(&opened, Opened::Ready(held) if !held.is_empty());
                let mut state = self.lock();
                if let Some(growing) = growing {
                    let growing = Arc::new(growing);
                    state.growing.insert(id, Arc::clone(&growing));
                    if resumed {
                        self.read_again(id, growing);
                    }
                }
                state.receiver.handle_opened(id, opened)
            }
            Greeted::Wait => Answer::error(step, Fault::Unknown, "the transfer was stopped"),
        }
    }

    fn chunk(&self, head: &ChunkHead, data: &[u8]) -> Answer {
        let step = Step::Chunk { entry: head.entry, offset: head.offset };
        let growing = {
            let mut state = self.lock();
            if let Err(answer) = state.receiver.handle_chunk(head) {
                return answer;
            }
            state.growing.get(&head.entry).cloned()
        };
        let hash = tree::piece_hash(head.offset, data);
        if hash.chain != head.checksum {
            return self.lock().receiver.handle_damaged(head);
        }
        let Some(growing) = growing else { return self.no_file(step) };
        match self.until_room(data.len() as u64, || growing.write(head.offset, data)) {
            Ok(()) => {
                let mut state = self.lock();
                let len = u64::from(head.size);
                let group = state.receiver.handle_written(head.entry, head.offset, len, &hash);
                drop(state);
                match group.map_or(Ok(()), |group| self.note(&growing, Record::Group(group))) {
                    Ok(()) => Answer::ready(step),
                    Err((_, text)) => self.lock().receiver.handle_storage_fault(step, &text),
                }
            }
            Err((_, text)) => {
                let mut state = self.lock();
                state.receiver.handle_unwritten(head.entry, head.offset, u64::from(head.size));
                state.receiver.handle_storage_fault(step, &text)
            }
        }
    }

    fn packed(&self, head: &ChunkHead, data: &[u8]) -> Answer {
        let mut unpacked = vec![0; head.len()];
        match zstd::bulk::decompress_to_buffer(data, &mut unpacked) {
            Ok(len) if len == unpacked.len() => self.chunk(head, &unpacked),
            Ok(_) | Err(_) => {
                let step = Step::Chunk { entry: head.entry, offset: head.offset };
                let text = format!("the bytes at offset {} can't be unpacked", head.offset);
                Answer::error(step, Fault::Checksum, text)
            }
        }
    }

    fn hole(&self, hole: &Hole) -> Answer {
        let step = Step::Chunk { entry: hole.entry, offset: hole.offset };
        let growing = {
            let mut state = self.lock();
            if let Err(answer) = state.receiver.handle_hole(hole) {
                return answer;
            }
            state.growing.get(&hole.entry).cloned()
        };
        let Some(growing) = growing else { return self.no_file(step) };
        let Hole { entry, offset, size } = *hole;
        let result = self.until_room(0, || growing.skip_hole(offset, size)).and_then(|()| {
            let mut at = offset;
            while at < offset + size {
                let len = (offset + size - at).min(GROUP);
                let hash = tree::hole_hash(at, len);
                let mut state = self.lock();
                if state.stopped {
                    return Err(stopped());
                }
                state.receiver.handle_hole_written(entry, at, len, &hash);
                self.publish(&state);
                at += len;
            }
            self.note(&growing, Record::Hole { offset, len: size })
        });
        match result {
            Ok(()) => Answer::ready(step),
            Err((_, text)) => self.lock().receiver.handle_storage_fault(step, &text),
        }
    }

    fn note(&self, growing: &Growing, record: Record) -> Result<(), (Fault, String)> {
        self.until_room(0, || growing.note(record))
    }

    fn close(&self, close: &couplet::transfer::wire::Close) -> Answer {
        let step = Step::Close { entry: close.entry };
        let mut state = self.lock();
        loop {
            match state.receiver.handle_close(close) {
                Closed::Wait if state.stopped => {
                    return Answer::error(step, Fault::Unknown, "the transfer was stopped");
                }
                Closed::Wait => {
                    state = self.wait(state);
                }
                Closed::Answer { answer, discard } => {
                    if discard && let Some(growing) = state.growing.remove(&close.entry) {
                        growing.discard();
                    }
                    return answer;
                }
                Closed::Save(entry) => {
                    let growing = state.growing.remove(&close.entry);
                    drop(state);
                    self.common.note_root(close.root);
                    let saved = match growing {
                        Some(growing) => self.until_room(0, || growing.save(&entry)),
                        None => Err((Fault::Storage, "no file was opened".to_owned())),
                    };
                    return self.lock().receiver.handle_saved(close.entry, saved);
                }
            }
        }
    }

    fn end(&self, end: couplet::transfer::wire::End) -> Answer {
        let mut state = self.lock();
        let ended = loop {
            let ended = state.receiver.handle_end(end);
            if ended != Ended::Wait || state.stopped {
                break ended;
            }
            state = self.wait(state);
        };
        drop(state);
        match ended {
            Ended::Wait => Answer::error(Step::End, Fault::Unknown, "the transfer was stopped"),
            Ended::Answer(answer) => answer,
            Ended::Finish => match self.finish() {
                Ok(saved_as) => self.lock().receiver.handle_finished(&saved_as),
                Err(text) => self.lock().receiver.handle_storage_fault(Step::End, &text),
            },
        }
    }

    fn finish(&self) -> Result<String, String> {
        let place = self.place()?;
        let saved_as = self.until_room(0, || place.finish()).map_err(|(_, text)| text)?;
        if let Some(text) = place.take_text() {
            let text = String::from_utf8_lossy(&text).into_owned();
            self.common.tell(Finding::Text { text });
        }
        Ok(saved_as)
    }

    /// The machine takes chunks only after a HELLO, and a HELLO opens a file.
    fn no_file(&self, step: Step) -> Answer {
        self.lock()
            .receiver
            .handle_storage_fault(step, "no file was opened; this client has a fault")
    }
}
