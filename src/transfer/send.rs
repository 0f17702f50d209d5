//! The sender's machine: what to read, what to send, when it is over.
//!
//! Owns the order of steps, the window of unanswered chunks, and which chunks go again. It hashes
//! what the shell reads; reading and the pipe are the shell's.

use super::tree::{self, HashTree};
use super::wire::{Abort, Answer, ChunkHead, Close, Fault, Hello, SenderFrame, Step};
use crate::limits::{CHUNK_WINDOW, GROUP, MAX_REASON_COLUMNS};
use crate::path::SafeName;
use crate::text;
use std::collections::{BTreeSet, VecDeque};

/// How often one transfer may have chunks refused before it is given up.
const MAX_REFUSALS: u32 = 16;

/// What the shell must do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Send this frame.
    Transmit(SenderFrame),
    /// Read these bytes of the file, hand them to [`Sender::handle_data`], and send the chunk that
    /// it gives, followed by them.
    Read {
        /// Where.
        offset: u64,
        /// How many bytes.
        len: u32,
    },
    /// Check that the file is still the one that was opened, and say so with
    /// [`Sender::handle_unchanged`] or [`Sender::handle_fault`].
    Check,
    /// Nothing to send: wait for an answer.
    Wait,
    /// The transfer is over.
    Done(Outcome),
}

/// How a transfer ended, on either side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Every byte is there, checked, and safe on the receiver's disk.
    Verified {
        /// The name that the file has at the receiver.
        saved_as: String,
    },
    /// It couldn't be completed.
    Failed {
        /// Why, for programs.
        code: Fault,
        /// Why and what to do, for people.
        text: String,
    },
}

/// One file on its way out.
#[derive(Debug)]
pub struct Sender {
    name: SafeName,
    size: u64,
    phase: Phase,
    /// The first byte that has never been sent.
    next: u64,
    /// Chunks that were refused and go again.
    again: VecDeque<u64>,
    /// Chunks that were sent and not answered.
    unanswered: BTreeSet<u64>,
    answered_bytes: u64,
    refusals: u32,
    tree: HashTree,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Start,
    AwaitHello,
    Moving,
    Unchanged,
    AwaitClose,
    Aborting(Abort),
    Over(Outcome),
}

impl Sender {
    /// A sender of a file of `size` bytes.
    #[must_use]
    pub fn new(name: SafeName, size: u64) -> Self {
        Self {
            name,
            size,
            phase: Phase::Start,
            next: 0,
            again: VecDeque::new(),
            unanswered: BTreeSet::new(),
            answered_bytes: 0,
            refusals: 0,
            tree: HashTree::new(size),
        }
    }

    /// The next thing to do. After [`Task::Wait`] call it when an answer has come, after
    /// [`Task::Read`] when its data has been handed in; every other task counts as done.
    pub fn poll_task(&mut self) -> Task {
        match &self.phase {
            Phase::Start => {
                self.phase = Phase::AwaitHello;
                let hello = Hello { name: self.name.clone(), size: self.size };
                Task::Transmit(SenderFrame::Hello(hello))
            }
            Phase::AwaitHello | Phase::AwaitClose => Task::Wait,
            Phase::Moving => self.next_chunk(),
            Phase::Unchanged => {
                if let Some(root) = self.tree.root() {
                    self.phase = Phase::AwaitClose;
                    Task::Transmit(SenderFrame::Close(Close { size: self.size, root }))
                } else {
                    self.end(Fault::Gap, "not every byte was read; this client has a fault");
                    self.poll_task()
                }
            }
            Phase::Aborting(abort) => {
                let abort = abort.clone();
                self.end(abort.code, abort.text.clone());
                Task::Transmit(SenderFrame::Abort(abort))
            }
            Phase::Over(outcome) => Task::Done(outcome.clone()),
        }
    }

    /// The data of a [`Task::Read`] is here; gives the head of the chunk to send before it.
    pub fn handle_data(&mut self, offset: u64, data: &[u8]) -> ChunkHead {
        let checksum = tree::group_hash(self.size, offset, data);
        self.tree.insert(offset, checksum);
        let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
        ChunkHead { offset, size, checksum }
    }

    /// The file is the one that was opened: same size, same time of change.
    pub fn handle_unchanged(&mut self) {
        if self.phase == Phase::Moving {
            self.phase = Phase::Unchanged;
        }
    }

    /// The file can't be sent any further; the receiver is told.
    pub fn handle_fault(&mut self, code: Fault, text: impl Into<String>) {
        if !matches!(self.phase, Phase::Over(_)) {
            self.phase = Phase::Aborting(Abort { code, text: text.into() });
        }
    }

    /// The receiver has answered.
    pub fn handle_answer(&mut self, answer: Answer) {
        match (&self.phase, answer) {
            (Phase::AwaitHello, Answer::Ready { step: Step::Hello, .. }) => {
                self.phase = Phase::Moving;
            }
            (Phase::Moving, Answer::Ready { step: Step::Chunk { offset }, .. })
                if self.unanswered.remove(&offset) =>
            {
                self.answered_bytes += tree::group_len(self.size, offset).unwrap_or(0);
            }
            (Phase::Moving, Answer::Error { step: Step::Chunk { offset }, code, text })
                if self.unanswered.remove(&offset) =>
            {
                self.refusals += 1;
                let again = code == Fault::Checksum && self.refusals <= MAX_REFUSALS;
                if again { self.again.push_back(offset) } else { self.refused(code, &text) }
            }
            (Phase::AwaitClose, Answer::Ready { step: Step::Close, saved_as }) => {
                // The receiver's word for it, so it is cleaned like everything a peer says.
                let saved_as = saved_as.unwrap_or_else(|| self.name.to_string());
                let saved_as = text::line(&saved_as, MAX_REASON_COLUMNS);
                self.phase = Phase::Over(Outcome::Verified { saved_as });
            }
            (Phase::Over(_) | Phase::Aborting(_), _) => {}
            (_, Answer::Error { step: Step::Hello | Step::Close, code, text }) => {
                self.refused(code, &text);
            }
            (_, Answer::Ready { .. } | Answer::Error { .. }) => {
                self.end(Fault::OutOfOrder, "the receiver answered something it wasn't asked");
            }
        }
    }

    /// Bytes that the receiver has confirmed.
    #[must_use]
    pub const fn confirmed(&self) -> u64 {
        self.answered_bytes
    }

    fn next_chunk(&mut self) -> Task {
        if self.unanswered.len() >= CHUNK_WINDOW {
            return Task::Wait;
        }
        let fresh = (self.next < self.size).then_some(self.next);
        let Some(offset) = self.again.pop_front().or(fresh) else {
            return if self.unanswered.is_empty() { Task::Check } else { Task::Wait };
        };
        if Some(offset) == fresh {
            self.next += GROUP.min(self.size - offset);
        }
        self.unanswered.insert(offset);
        let len = tree::group_len(self.size, offset).unwrap_or(0);
        Task::Read { offset, len: u32::try_from(len).unwrap_or(u32::MAX) }
    }

    fn refused(&mut self, code: Fault, text: &str) {
        self.end(code, format!("your peer's side: {}", text::line(text, MAX_REASON_COLUMNS)));
    }

    fn end(&mut self, code: Fault, text: impl Into<String>) {
        self.phase = Phase::Over(Outcome::Failed { code, text: text.into() });
    }
}
