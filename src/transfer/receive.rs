//! The receiver's machine: what is good, what is refused, when the file may appear.
//!
//! Owns every check on what a sender claims: the name and size against the offer, each chunk against
//! its place and checksum, the whole against its root. It hashes; writing, flushing to disk and
//! naming the file are the shell's. Nothing a sender says makes it keep more than 32 bytes and a
//! range for each MiB that really came.

use super::ledger::Ledger;
use super::send::Outcome;
use super::tree::{self, HashTree};
use super::wire::{Abort, Answer, ChunkHead, Close, Fault, Hello, Step};
use crate::limits::MAX_REASON_COLUMNS;
use crate::path::SafeName;
use crate::text;

/// One file on its way in.
#[derive(Debug)]
pub struct Receiver {
    name: SafeName,
    size: u64,
    phase: Phase,
    ledger: Ledger,
    tree: HashTree,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    AwaitHello,
    Moving,
    Saving,
    Over(Outcome),
}

impl Receiver {
    /// A receiver of a file that was offered with this name and size.
    #[must_use]
    pub fn new(name: SafeName, size: u64) -> Self {
        Self {
            name,
            size,
            phase: Phase::AwaitHello,
            ledger: Ledger::new(),
            tree: HashTree::new(size),
        }
    }

    /// The sender opens the transfer; send it the answer.
    pub fn handle_hello(&mut self, hello: &Hello) -> Answer {
        if self.phase != Phase::AwaitHello {
            return Answer::error(Step::Hello, Fault::OutOfOrder, "this pipe has had its HELLO");
        }
        if hello.name != self.name || hello.size != self.size {
            let text = format!(
                "{} of {} bytes was accepted, not {} of {} bytes",
                self.name, self.size, hello.name, hello.size
            );
            self.end(Fault::NotAsOffered, text.clone());
            return Answer::error(Step::Hello, Fault::NotAsOffered, text);
        }
        self.phase = Phase::Moving;
        Answer::ready(Step::Hello)
    }

    /// A chunk has come. If it is good, write its data at its offset, then call
    /// [`handle_written`](Self::handle_written).
    ///
    /// # Errors
    /// The answer to send if it isn't; the chunk changes nothing then and may come again.
    pub fn handle_chunk(&self, head: &ChunkHead, data: &[u8]) -> Result<(), Answer> {
        let step = Step::Chunk { offset: head.offset };
        let refuse = |code, text: String| Err(Answer::error(step, code, text));
        if self.phase != Phase::Moving {
            let text = "a chunk has no place before READY to HELLO or after CLOSE".to_owned();
            return refuse(Fault::OutOfOrder, text);
        }
        let len = data.len() as u64;
        if tree::group_len(self.size, head.offset) != Some(len) {
            let text = format!(
                "{len} bytes at offset {} are no group of a file of {} bytes",
                head.offset, self.size
            );
            return refuse(Fault::OutOfRange, text);
        }
        if let Err(error) = self.ledger.check(head.offset, len) {
            return refuse(Fault::Overlap, error.to_string());
        }
        if tree::group_hash(self.size, head.offset, data) != head.checksum {
            let text = format!("the {len} bytes at offset {} don't match", head.offset);
            return refuse(Fault::Checksum, text);
        }
        Ok(())
    }

    /// A good chunk's data is written; send the sender the answer.
    pub fn handle_written(&mut self, head: &ChunkHead) -> Answer {
        let step = Step::Chunk { offset: head.offset };
        match self.ledger.insert(head.offset, u64::from(head.size)) {
            Ok(()) => {
                self.tree.insert(head.offset, head.checksum);
                Answer::ready(step)
            }
            Err(error) => Answer::error(step, Fault::Overlap, error.to_string()),
        }
    }

    /// The sender says that was all. If so, flush the file to disk, give it its final name, and call
    /// [`handle_saved`](Self::handle_saved).
    ///
    /// # Errors
    /// The answer to send if it isn't; the transfer is over then.
    pub fn handle_close(&mut self, close: &Close) -> Result<(), Answer> {
        if self.phase != Phase::Moving {
            let text = "a CLOSE has no place here".to_owned();
            return Err(self.refuse_close(Fault::OutOfOrder, text));
        }
        if close.size != self.size {
            let text = format!("the file has {} bytes, CLOSE says {}", self.size, close.size);
            return Err(self.refuse_close(Fault::Mismatch, text));
        }
        if let Some((start, end)) = self.ledger.first_gap(self.size) {
            return Err(
                self.refuse_close(Fault::Gap, format!("bytes {start} to {end} are missing"))
            );
        }
        if self.tree.root() != Some(close.root) {
            let text = "the whole doesn't match its BLAKE3 hash; send it again".to_owned();
            return Err(self.refuse_close(Fault::Mismatch, text));
        }
        self.phase = Phase::Saving;
        Ok(())
    }

    /// The file is on disk under its final name; send the sender the answer.
    pub fn handle_saved(&mut self, saved_as: &SafeName) -> Answer {
        let name = saved_as.as_str().to_owned();
        self.phase = Phase::Over(Outcome::Verified { saved_as: saved_as.to_string() });
        Answer::Ready { step: Step::Close, saved_as: Some(name) }
    }

    /// The shell can't open, write, flush or name the file; send the sender the answer. The transfer
    /// is over.
    pub fn handle_storage_fault(&mut self, step: Step, text: &str) -> Answer {
        self.end(Fault::Storage, text.to_owned());
        // What is local to this machine, such as a path, is not the sender's business.
        Answer::error(
            step,
            Fault::Storage,
            "the file can't be written there; ask your peer to look, then offer it again",
        )
    }

    /// The sender can't complete it.
    pub fn handle_abort(&mut self, abort: &Abort) {
        self.end(abort.code, text::line(&abort.text, MAX_REASON_COLUMNS));
    }

    /// How it ended, once it has.
    #[must_use]
    pub const fn outcome(&self) -> Option<&Outcome> {
        match &self.phase {
            Phase::Over(outcome) => Some(outcome),
            Phase::AwaitHello | Phase::Moving | Phase::Saving => None,
        }
    }

    /// Bytes that are written and checked.
    #[must_use]
    pub const fn held(&self) -> u64 {
        self.ledger.held()
    }

    fn refuse_close(&mut self, code: Fault, text: String) -> Answer {
        if !matches!(self.phase, Phase::Over(_)) {
            self.end(code, text.clone());
        }
        Answer::error(Step::Close, code, text)
    }

    fn end(&mut self, code: Fault, text: String) {
        self.phase = Phase::Over(Outcome::Failed { code, text });
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
