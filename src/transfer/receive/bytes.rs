//! The bytes of files on their way in: from a chunk to the file in its place.
//!
//! Owns which file a step is about and whether it may come now; the checks on its bytes are
//! [`FileIn`]'s.

use super::file::{FileIn, Group, NotYet};
use super::{Closed, MAX_MISMATCHES, Receiver, Stage};
use crate::transfer::entry::EntryId;
use crate::transfer::tree::{Hash, PieceHash};
use crate::transfer::wire::{Answer, ChunkHead, Close, Fault, Hole, Step};

impl Receiver {
    /// A chunk has come, or with [`handle_hole`](Self::handle_hole) zeros. If it has a place, check
    /// its data against its checksum, write it, and say [`handle_written`](Self::handle_written) or
    /// [`handle_unwritten`](Self::handle_unwritten), even if the pipe is lost meanwhile: its place is
    /// kept until then.
    ///
    /// # Errors
    /// The answer to send if it has none; the chunk changes nothing then and may come again.
    pub fn handle_chunk(&mut self, head: &ChunkHead) -> Result<(), Answer> {
        self.take(head.entry, head.offset, u64::from(head.size), false)
    }

    /// As [`handle_chunk`](Self::handle_chunk), for zeros.
    ///
    /// # Errors
    /// As there.
    pub fn handle_hole(&mut self, hole: &Hole) -> Result<(), Answer> {
        self.take(hole.entry, hole.offset, hole.size, true)
    }

    /// A piece that had a place is written. Gives the group that is complete now.
    pub fn handle_written(
        &mut self,
        id: EntryId,
        offset: u64,
        len: u64,
        hash: &PieceHash,
    ) -> Option<Group> {
        let file = self.open.get_mut(&id)?.file.as_mut()?;
        if file.is_being_written(offset, len) {
            self.moved += len;
            file.written(offset, len, hash)
        } else {
            None
        }
    }

    /// Zeros that had a place are written, of which this group is one.
    pub fn handle_hole_written(&mut self, id: EntryId, group: u64, len: u64, hash: &PieceHash) {
        if let Some(file) = self.file(id)
            && file.is_being_written(group, len)
        {
            let _ = file.written(group, len, hash);
            self.holes += len;
        }
    }

    /// A piece that had a place isn't what its checksum says. Gives the answer.
    pub fn handle_damaged(&mut self, head: &ChunkHead) -> Answer {
        self.handle_unwritten(head.entry, head.offset, u64::from(head.size));
        let step = Step::Chunk { entry: head.entry, offset: head.offset };
        let text = format!("the {} bytes at offset {} don't match", head.size, head.offset);
        self.count_mismatch(Fault::Checksum);
        Answer::error(step, Fault::Checksum, text)
    }

    /// A piece that had a place couldn't be written; the place is free again.
    pub fn handle_unwritten(&mut self, id: EntryId, offset: u64, len: u64) {
        if let Some(file) = self.file(id)
            && file.is_being_written(offset, len)
        {
            file.give_back(offset, len);
        }
    }

    /// Bytes that were there from before were read again: `hash` is what they have, `noted` what the
    /// ledger says of them. If they differ they are sent anew.
    pub fn handle_read_again(
        &mut self,
        id: EntryId,
        offset: u64,
        len: u64,
        hash: &PieceHash,
        noted: Option<&Hash>,
    ) {
        if let Some(file) = self.file(id) {
            let same = noted.is_none_or(|noted| *noted == hash.chain);
            file.read_again(offset, len, same.then_some(hash));
        }
    }

    /// The sender says that a file is complete. If it isn't, its chunks are taken again only after a
    /// new HELLO.
    pub fn handle_close(&mut self, close: &Close) -> Closed {
        let step = Step::Close { entry: close.entry };
        let no = |answer| Closed::Answer { answer, discard: false };
        if let Some(answer) = self.through.answer(close.entry, None, step) {
            return no(answer);
        }
        if let Some(answer) = self.no_place(step) {
            return no(answer);
        }
        let Some(entry) = self.open.get_mut(&close.entry) else {
            return no(Answer::error(step, Fault::OutOfOrder, "there is no such file open"));
        };
        if entry.stage == Stage::Saving {
            return Closed::Wait;
        }
        let Some(file) = entry.file.as_ref().filter(|_| entry.stage == Stage::Open) else {
            let text = "CLOSE has no place before READY to HELLO";
            return no(Answer::error(step, Fault::OutOfOrder, text));
        };
        match file.check(close) {
            Ok(()) => {
                entry.stage = Stage::Saving;
                Closed::Save(entry.what.clone())
            }
            Err(NotYet::Unread) => Closed::Wait,
            Err(NotYet::Refused(code, text)) => {
                let discard = code == Fault::Mismatch;
                entry.stage = Stage::Refused;
                if discard {
                    entry.file = None;
                    self.count_mismatch(code);
                }
                Closed::Answer { answer: Answer::error(step, code, text), discard }
            }
        }
    }

    /// A file is in its place, or why not. Gives the answer. A fault that doesn't
    /// [concern the entry alone](Fault::concerns_entry) is the end of the transfer.
    pub fn handle_saved(&mut self, id: EntryId, result: Result<(), (Fault, String)>) -> Answer {
        let step = Step::Close { entry: id };
        let Some(entry) = self.open.get(&id) else { return self.is_gone(step) };
        match result {
            Ok(()) => {
                let bytes = entry.file.as_ref().map_or(0, FileIn::bytes);
                self.finish(id, bytes);
                Answer::ready(step)
            }
            Err((code, text)) => self.refuse_entry(id, step, code, text),
        }
    }

    /// Writing and hashing the same for ever is of no use to anybody but one who wants it so.
    fn count_mismatch(&mut self, code: Fault) {
        self.mismatches += 1;
        if self.mismatches > MAX_MISMATCHES {
            let text = "again and again what came wasn't what it was said to be; have it offered \
                        again, and if that doesn't help ask your peer to look at the file";
            self.end(code, text.to_owned());
        }
    }

    fn take(&mut self, id: EntryId, offset: u64, len: u64, hole: bool) -> Result<(), Answer> {
        let step = Step::Chunk { entry: id, offset };
        if let Some(answer) = self.no_place(step) {
            return Err(answer);
        }
        let open = self.open.get_mut(&id).filter(|entry| entry.stage == Stage::Open);
        let Some(file) = open.and_then(|entry| entry.file.as_mut()) else {
            let text = "a chunk has no place before READY to HELLO or after CLOSE";
            return Err(Answer::error(step, Fault::OutOfOrder, text));
        };
        file.take(offset, len, hole).map_err(|(code, text)| Answer::error(step, code, text))
    }
}
