//! Sending one file to somebody's server: the client's side.
//!
//! Owns which bytes go when, what is sent again, and when it has failed. Replies name no request, so
//! they are matched by their order. Reading the file and the connection are the shell's.

use super::checksum::ChecksumKind;
use super::reply::Reply;
use super::request::Request;
use crate::path::SafeName;
use crate::time::Moment;
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// The largest chunk that is sent; servers may take less.
const MAX_CHUNK: u64 = 1024 * 1024;

/// How it is sent.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Bytes of a chunk, the last of the file aside; at most 1 MiB.
    pub chunk: u64,
    /// Chunks that may be unanswered at once.
    pub window: usize,
    /// How often one chunk is sent at most.
    pub tries: u32,
    /// The checksum of chunks.
    pub checksum: ChecksumKind,
    /// How long the server may be silent while it owes a reply; to CLOSE ten times as long, as it may
    /// have to bring the whole file to its disk.
    pub silence: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            chunk: 256 * 1024,
            window: 8,
            tries: 4,
            // Every language has it at hand; TCP and whoever asks for BLAKE3 see to the rest.
            checksum: ChecksumKind::Crc32,
            silence: Duration::from_mins(1),
        }
    }
}

/// What the shell is to do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploaderTask {
    /// Send a message of these frames.
    Send(Vec<Bytes>),
    /// Read this part of the file, and say [`Uploader::handle_read`].
    Read {
        /// Where.
        offset: u64,
        /// How many bytes.
        len: u64,
    },
}

/// Why a file didn't get there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// The server didn't want it.
    #[error("the server refused \"{name}\": {text}")]
    Refused {
        /// The file.
        name: SafeName,
        /// What the server said.
        text: String,
    },
    /// A chunk was refused again and again.
    #[error("the server refused the chunk at offset {offset} {tries} times, at last with: {text}")]
    Chunk {
        /// Its offset.
        offset: u64,
        /// How often.
        tries: u32,
        /// What it said at last.
        text: String,
    },
    /// All chunks were taken, and the whole wasn't.
    #[error("the server took all of \"{name}\" and refused to finish it: {text}")]
    NotFinished {
        /// The file.
        name: SafeName,
        /// What the server said.
        text: String,
    },
    /// Something else than a reply.
    #[error("the server answered with something else than READY or ERROR; is it the right one?")]
    NoReply,
    /// One reply more than there were requests.
    #[error("the server answered what it wasn't asked; is it the right one?")]
    NotAsked,
    /// Nothing came.
    #[error("the server owes an answer and said nothing for {} s; look at it, and send the file again", .0.as_secs())]
    Silent(Duration),
    /// The file has become shorter, or can't be read any more.
    #[error("the file can't be read at offset {offset}: {text}; look at it and send it again")]
    Source {
        /// Where.
        offset: u64,
        /// What is wrong.
        text: String,
    },
}

/// One file on its way.
#[derive(Debug)]
pub struct Uploader {
    name: SafeName,
    size: u64,
    options: Options,
    stage: Stage,
    /// Where the next chunk begins that was never sent.
    next: u64,
    /// Chunks that were refused.
    again: VecDeque<u64>,
    /// How often chunks were refused.
    refused: BTreeMap<u64, u32>,
    /// Chunks that are being read.
    reading: usize,
    /// What replies are to, in their order.
    asked: VecDeque<Asked>,
    tasks: VecDeque<UploaderTask>,
    taken: u64,
    heard: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    Greeting,
    Moving,
    Closing,
    Over(Result<(), UploadError>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Hello,
    Chunk { offset: u64, len: u64 },
    Close,
}

impl Uploader {
    /// Begins with a file of `size` bytes.
    #[must_use]
    pub fn new(name: SafeName, size: u64, options: Options, now: Moment) -> Self {
        let chunk = options.chunk.clamp(1, MAX_CHUNK);
        let options = Options { chunk, window: options.window.max(1), ..options };
        let hello = UploaderTask::Send(Request::hello(&name));
        Self {
            name,
            size,
            options,
            stage: Stage::Greeting,
            next: 0,
            again: VecDeque::new(),
            refused: BTreeMap::new(),
            reading: 0,
            asked: VecDeque::from([Asked::Hello]),
            tasks: VecDeque::from([hello]),
            taken: 0,
            heard: now,
        }
    }

    /// A message came from the server.
    pub fn handle_message(&mut self, frames: &[Bytes], now: Moment) {
        self.heard = now;
        if matches!(self.stage, Stage::Over(_)) {
            return;
        }
        let Some(reply) = Reply::read(frames) else { return self.end(Err(UploadError::NoReply)) };
        match (self.asked.pop_front(), reply) {
            (None, _) => self.end(Err(UploadError::NotAsked)),
            (Some(Asked::Hello), Reply::Ready) => self.stage = Stage::Moving,
            (Some(Asked::Hello), Reply::Error(text)) => {
                let name = self.name.clone();
                self.end(Err(UploadError::Refused { name, text }));
            }
            (Some(Asked::Chunk { offset, len }), Reply::Ready) => {
                self.taken += len;
                self.refused.remove(&offset);
            }
            (Some(Asked::Chunk { offset, .. }), Reply::Error(text)) => {
                let tries = self.refused.entry(offset).or_default();
                *tries += 1;
                let tries = *tries;
                if tries < self.options.tries {
                    self.again.push_back(offset);
                } else {
                    self.end(Err(UploadError::Chunk { offset, tries, text }));
                }
            }
            (Some(Asked::Close), Reply::Ready) => self.end(Ok(())),
            (Some(Asked::Close), Reply::Error(text)) => {
                let name = self.name.clone();
                self.end(Err(UploadError::NotFinished { name, text }));
            }
        }
    }

    /// What [`UploaderTask::Read`] asked for, or why it can't be read.
    pub fn handle_read(&mut self, offset: u64, data: Result<Bytes, String>, now: Moment) {
        self.reading = self.reading.saturating_sub(1);
        let len = self.len_at(offset);
        let data = match data {
            Ok(data) if data.len() as u64 == len => data,
            Ok(data) => {
                let text = format!("it has become shorter ({} of {len} bytes there)", data.len());
                return self.end(Err(UploadError::Source { offset, text }));
            }
            Err(text) => return self.end(Err(UploadError::Source { offset, text })),
        };
        if self.stage == Stage::Moving {
            let frames = Request::chunk(&self.name, offset, self.options.checksum, data);
            self.ask(Asked::Chunk { offset, len }, frames, now);
        }
    }

    /// The time has come that [`poll_timeout`](Self::poll_timeout) said, or it may have.
    pub fn handle_timeout(&mut self, now: Moment) {
        if self.poll_timeout().is_some_and(|at| at <= now) {
            self.end(Err(UploadError::Silent(self.patience())));
        }
    }

    /// When the server will have been silent for too long.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        let owed = !self.asked.is_empty() && self.outcome().is_none();
        owed.then(|| self.heard + self.patience())
    }

    /// What to do next.
    pub fn poll_task(&mut self, now: Moment) -> Option<UploaderTask> {
        if let Some(task) = self.tasks.pop_front() {
            return Some(task);
        }
        if self.stage != Stage::Moving {
            return None;
        }
        if self.asked.len() + self.reading >= self.options.window {
            return None;
        }
        let offset = self.again.pop_front().or_else(|| {
            let next = self.next;
            (next < self.size).then(|| {
                self.next += self.len_at(next);
                next
            })
        });
        if let Some(offset) = offset {
            self.reading += 1;
            return Some(UploaderTask::Read { offset, len: self.len_at(offset) });
        }
        if self.taken == self.size && self.asked.is_empty() && self.reading == 0 {
            self.stage = Stage::Closing;
            self.ask(Asked::Close, Request::close(&self.name, self.size), now);
            return self.tasks.pop_front();
        }
        None
    }

    /// How it ended, once it has.
    #[must_use]
    pub const fn outcome(&self) -> Option<&Result<(), UploadError>> {
        match &self.stage {
            Stage::Over(result) => Some(result),
            Stage::Greeting | Stage::Moving | Stage::Closing => None,
        }
    }

    /// Bytes that the server has taken.
    #[must_use]
    pub const fn taken(&self) -> u64 {
        self.taken
    }

    /// How many replies the server owes. While it owes any, the connection is of no use to another.
    #[must_use]
    pub fn owed(&self) -> usize {
        self.asked.len()
    }

    fn patience(&self) -> Duration {
        if self.stage == Stage::Closing { 10 * self.options.silence } else { self.options.silence }
    }

    fn ask(&mut self, asked: Asked, frames: Vec<Bytes>, now: Moment) {
        if self.asked.is_empty() {
            // It owed nothing until now.
            self.heard = now;
        }
        self.asked.push_back(asked);
        self.tasks.push_back(UploaderTask::Send(frames));
    }

    /// How long the chunk at `offset` is.
    fn len_at(&self, offset: u64) -> u64 {
        self.options.chunk.min(self.size.saturating_sub(offset))
    }

    fn end(&mut self, result: Result<(), UploadError>) {
        if !matches!(self.stage, Stage::Over(_)) {
            self.stage = Stage::Over(result);
            self.tasks.clear();
        }
    }
}
