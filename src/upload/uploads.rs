//! One client's uploads at the relay: requests in, work for the shell and replies out.
//!
//! Owns the order of requests and replies, which names this client has in transit, and when it has
//! been silent for too long. It doesn't own which names are free, as all doors of the relay share
//! them: [`Job::Open`] asks the shell. Each connection has one of these. When it is lost the shell
//! drops it, with all files that it opened, so their names are free at once; ZeroMQ's own
//! reconnecting makes a new connection, which begins with HELLO.
//!
//! The shell hands in a message only while [`Uploads::wants_message`] holds. So what waits here is
//! bounded, and a client that is faster than the disk isn't read.

use super::reply::Reply;
use super::request::{Refused, Request, closes};
use super::{MAX_RANGES, MAX_UNANSWERED, MAX_WAITING};
use crate::path::SafeName;
use crate::time::Moment;
use crate::transfer::receive::{Closed, LOOSE, Opened, Receiver};
use crate::transfer::wire::{Answer, Fault};
use crate::zmtp::TooMuch;
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// What a client may have and how long.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Files in transit at once.
    pub files: usize,
    /// How long it may be silent before its transfers are lost.
    pub silence: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { files: 16, silence: Duration::from_mins(5) }
    }
}

/// A file that is in transit, or was, on this connection.
pub type UploadId = u64;

/// A request that waits for its reply.
pub type Ticket = u64;

/// What the shell is to do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Do this and say how it went with [`Uploads::handle_done`].
    Do(Ticket, Job),
    /// Close this file, remove what is there of it, and let its name be free. If it was never opened
    /// there is nothing to do.
    Discard(UploadId),
}

/// What there is to do about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// Take the name, if it is neither in transit nor there, and open a file to write into. A refusal's
    /// text is told to the client.
    Open {
        /// The number that it has from now on.
        id: UploadId,
        /// The name that it shall have.
        name: SafeName,
    },
    /// Write these bytes.
    Write {
        /// Into which.
        id: UploadId,
        /// Where.
        offset: u64,
        /// What.
        data: Bytes,
    },
    /// It is whole: let it appear under its name, all at once, and the name be free of transit. If
    /// that fails nothing is to be left of it.
    Save {
        /// Which.
        id: UploadId,
        /// Its size.
        size: u64,
    },
}

/// One client's uploads.
#[derive(Debug)]
pub struct Uploads {
    limits: Limits,
    transfers: BTreeMap<SafeName, Transfer>,
    /// Why names that it had are no longer in transit.
    lost: BTreeMap<SafeName, String>,
    /// What waits for its reply, in the order of requests, and the ticket of the first.
    waiting: VecDeque<Waiting>,
    first: Ticket,
    tasks: VecDeque<Task>,
    next_id: UploadId,
    /// Bytes that are being written.
    writing: u64,
    heard: Moment,
}

#[derive(Debug)]
struct Transfer {
    id: UploadId,
    receiver: Receiver,
    /// Pieces that are being written.
    writing: usize,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Opening,
    Open,
    /// CLOSE came; its ticket and size. What is being written must be through first.
    Closing(Ticket, u64),
    Saving,
}

#[derive(Debug)]
enum Waiting {
    Replied(Reply),
    Opening(SafeName),
    Writing {
        name: SafeName,
        id: UploadId,
        offset: u64,
        size: u64,
    },
    /// A CLOSE, and from then on its saving.
    Closing(SafeName),
}

impl Uploads {
    /// The uploads of a client that has just come.
    #[must_use]
    pub fn new(limits: Limits, now: Moment) -> Self {
        Self {
            limits,
            transfers: BTreeMap::new(),
            lost: BTreeMap::new(),
            waiting: VecDeque::new(),
            first: 0,
            tasks: VecDeque::new(),
            next_id: 0,
            writing: 0,
            heard: now,
        }
    }

    /// Whether the next message may be handed in.
    #[must_use]
    pub fn wants_message(&self) -> bool {
        self.writing < MAX_WAITING
            && self.waiting.len() < MAX_UNANSWERED
            && self.transfers.values().all(|transfer| transfer.stage == Stage::Open)
    }

    /// A whole message has come.
    pub fn handle_message(&mut self, frames: &[Bytes], now: Moment) {
        self.heard = now;
        match Request::read(frames) {
            Ok(Request::Hello { name }) => self.hello(name),
            Ok(Request::Chunk { name, offset, data }) => self.chunk(name, offset, data),
            Ok(Request::Close { name, size }) => self.close(&name, size),
            Err(Refused { why, closes }) => {
                let text = why.to_string();
                if let Some(name) = closes {
                    self.lose(&name, format!("its CLOSE was refused: {text}"));
                }
                self.reply(Reply::error(&text));
            }
        }
    }

    /// A message has come that is too much, of which these frames were read.
    pub fn handle_refused(&mut self, begun: &[Bytes], why: TooMuch, now: Moment) {
        self.heard = now;
        if let Some(name) = closes(begun) {
            self.lose(&name, format!("its CLOSE was refused: {why}"));
        }
        self.reply(Reply::error(&why.to_string()));
    }

    /// Some of a message has come, so the client isn't silent.
    pub fn handle_sign(&mut self, now: Moment) {
        self.heard = now;
    }

    /// A [job](Task::Do) is done, or why it couldn't be, in a sentence for the client.
    pub fn handle_done(&mut self, ticket: Ticket, result: Result<(), String>, now: Moment) {
        // What takes its time here isn't the client's silence.
        self.heard = now;
        let Some(waiting) = self.waiting_mut(ticket) else { return };
        match std::mem::replace(waiting, Waiting::Replied(Reply::Ready)) {
            Waiting::Replied(reply) => *waiting = Waiting::Replied(reply),
            Waiting::Opening(name) => self.opened(ticket, &name, result),
            Waiting::Writing { name, id, offset, size } => {
                self.writing -= size;
                self.set_reply(ticket, reply_of(&result));
                self.written(&name, id, (offset, size), &result);
            }
            Waiting::Closing(name) => self.saved(ticket, &name, result),
        }
    }

    /// The time has come that [`poll_timeout`](Self::poll_timeout) said, or it may have.
    pub fn handle_timeout(&mut self, now: Moment) {
        if self.poll_timeout().is_some_and(|at| at <= now) {
            let why = format!("nothing came for {} s", self.limits.silence.as_secs());
            for name in self.transfers.keys().cloned().collect::<Vec<_>>() {
                self.lose(&name, why.clone());
            }
        }
    }

    /// When the client will have been silent for too long; none while it has nothing to lose.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        let idle = self.waiting.is_empty() && !self.transfers.is_empty();
        idle.then(|| self.heard + self.limits.silence)
    }

    /// What to do next about files.
    pub fn poll_task(&mut self) -> Option<Task> {
        self.tasks.pop_front()
    }

    /// The next reply to send, in the order of the requests.
    pub fn poll_reply(&mut self) -> Option<Reply> {
        match self.waiting.pop_front()? {
            Waiting::Replied(reply) => {
                self.first += 1;
                Some(reply)
            }
            waiting @ (Waiting::Opening(_) | Waiting::Writing { .. } | Waiting::Closing(_)) => {
                self.waiting.push_front(waiting);
                None
            }
        }
    }

    /// Whether every request has its reply.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// When anything was last heard of the client.
    #[must_use]
    pub const fn heard(&self) -> Moment {
        self.heard
    }

    /// The names that are in transit.
    pub fn names(&self) -> impl Iterator<Item = &SafeName> {
        self.transfers.keys()
    }

    fn hello(&mut self, name: SafeName) {
        if self.transfers.contains_key(&name) {
            let text = format!("\"{name}\" is in transit already; CLOSE it first");
            return self.reply(Reply::error(&text));
        }
        if self.transfers.len() >= self.limits.files {
            let text = format!(
                "{} files of this client are in transit, which is as many as may be; CLOSE one first",
                self.transfers.len()
            );
            return self.reply(Reply::error(&text));
        }
        let id = self.next_id;
        self.next_id += 1;
        let (receiver, stage) = (Receiver::loose(&name), Stage::Opening);
        self.transfers.insert(name.clone(), Transfer { id, receiver, writing: 0, stage });
        let ticket = self.wait(Waiting::Opening(name.clone()));
        self.tasks.push_back(Task::Do(ticket, Job::Open { id, name }));
    }

    fn opened(&mut self, ticket: Ticket, name: &SafeName, result: Result<(), String>) {
        if let Err(text) = result {
            self.transfers.remove(name);
            return self.set_reply(ticket, Reply::error(&text));
        }
        self.lost.remove(name);
        if let Some(transfer) = self.transfers.get_mut(name) {
            transfer.stage = Stage::Open;
            let answer = transfer.receiver.handle_opened(LOOSE, Opened::Ready(Vec::new()));
            self.set_reply(ticket, reply_from(answer));
        }
    }

    fn chunk(&mut self, name: SafeName, offset: u64, data: Bytes) {
        let elsewhere = self.transfers.iter().filter(|(other, _)| **other != name);
        let elsewhere: usize = elsewhere.map(|(_, other)| other.receiver.loose_ranges()).sum();
        let Some(transfer) = self.transfers.get_mut(&name) else {
            let text = self.unknown("CHUNK", &name);
            return self.reply(Reply::error(&text));
        };
        let size = data.len() as u64;
        let most = MAX_RANGES.saturating_sub(elsewhere);
        if let Err(answer) = transfer.receiver.handle_loose_chunk(offset, size, most) {
            return self.reply(reply_from(answer));
        }
        transfer.writing += 1;
        let id = transfer.id;
        self.writing += size;
        let ticket = self.wait(Waiting::Writing { name, id, offset, size });
        self.tasks.push_back(Task::Do(ticket, Job::Write { id, offset, data }));
    }

    fn written(
        &mut self,
        name: &SafeName,
        id: UploadId,
        (offset, size): (u64, u64),
        result: &Result<(), String>,
    ) {
        // It may have been aborted, and begun anew, while this was written.
        let transfer = self.transfers.get_mut(name).filter(|transfer| transfer.id == id);
        let Some(transfer) = transfer else { return };
        transfer.writing -= 1;
        if result.is_ok() {
            transfer.receiver.handle_loose_written(offset, size);
        } else {
            transfer.receiver.handle_unwritten(LOOSE, offset, size);
        }
        if let Stage::Closing(ticket, size) = transfer.stage {
            self.try_close(name, ticket, size);
        }
    }

    fn close(&mut self, name: &SafeName, size: u64) {
        if !self.transfers.contains_key(name) {
            let text = self.unknown("CLOSE", name);
            return self.reply(Reply::error(&text));
        }
        let ticket = self.wait(Waiting::Closing(name.clone()));
        self.try_close(name, ticket, size);
    }

    fn try_close(&mut self, name: &SafeName, ticket: Ticket, size: u64) {
        let Some(transfer) = self.transfers.get_mut(name) else { return };
        if transfer.writing > 0 {
            transfer.stage = Stage::Closing(ticket, size);
            return;
        }
        match transfer.receiver.handle_loose_close(size) {
            Closed::Save(_) => {
                transfer.stage = Stage::Saving;
                let id = transfer.id;
                self.tasks.push_back(Task::Do(ticket, Job::Save { id, size }));
            }
            // There is nothing from before that it could wait for.
            Closed::Wait => {}
            Closed::Answer { answer, .. } => {
                let reply = reply_from(answer);
                if let Reply::Error(text) = &reply {
                    self.lose(name, format!("its CLOSE was refused: {text}"));
                }
                self.set_reply(ticket, reply);
            }
        }
    }

    fn saved(&mut self, ticket: Ticket, name: &SafeName, result: Result<(), String>) {
        let Some(mut transfer) = self.transfers.remove(name) else { return };
        if let Err(text) = &result {
            self.note_lost(name, format!("it couldn't be saved: {text}"));
        }
        let result = result.map_err(|text| (Fault::Storage, text));
        let reply = match &result {
            Ok(()) => Reply::Ready,
            Err((_, text)) => Reply::error(text),
        };
        transfer.receiver.handle_saved(LOOSE, result);
        self.set_reply(ticket, reply);
    }

    /// Aborts a transfer.
    fn lose(&mut self, name: &SafeName, why: String) {
        if let Some(transfer) = self.transfers.remove(name) {
            self.tasks.push_back(Task::Discard(transfer.id));
            self.note_lost(name, why);
        }
    }

    fn note_lost(&mut self, name: &SafeName, why: String) {
        // The last of them are enough, as it is for a better text only.
        if self.lost.len() >= self.limits.files {
            self.lost.pop_first();
        }
        self.lost.insert(name.clone(), why);
    }

    fn unknown(&self, verb: &str, name: &SafeName) -> String {
        match self.lost.get(name) {
            Some(why) => format!(
                "\"{name}\" is no longer in transit, and what came of it is gone ({why}); begin \
                 again with HELLO"
            ),
            None => format!("got {verb} for \"{name}\", which isn't in transit; send HELLO first"),
        }
    }

    fn reply(&mut self, reply: Reply) {
        self.wait(Waiting::Replied(reply));
    }

    fn wait(&mut self, waiting: Waiting) -> Ticket {
        self.waiting.push_back(waiting);
        self.first + self.waiting.len() as u64 - 1
    }

    fn waiting_mut(&mut self, ticket: Ticket) -> Option<&mut Waiting> {
        let at = usize::try_from(ticket.checked_sub(self.first)?).ok()?;
        self.waiting.get_mut(at)
    }

    fn set_reply(&mut self, ticket: Ticket, reply: Reply) {
        if let Some(waiting) = self.waiting_mut(ticket) {
            *waiting = Waiting::Replied(reply);
        }
    }
}

fn reply_of(result: &Result<(), String>) -> Reply {
    match result {
        Ok(()) => Reply::Ready,
        Err(text) => Reply::error(text),
    }
}

fn reply_from(answer: Answer) -> Reply {
    match answer {
        Answer::Ready { .. } => Reply::Ready,
        Answer::Error { text, .. } => Reply::error(&text),
    }
}
