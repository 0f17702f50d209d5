//! A relay's shell in small: files in memory, jobs that are done when a test says so.

use crate::path::SafeName;
use crate::time::Moment;
use crate::upload::{Job, Limits, Reply, Task, Ticket, UploadId, Uploads};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};

pub(super) struct Desk {
    pub(super) uploads: Uploads,
    pub(super) now: Moment,
    pub(super) jobs: VecDeque<(Ticket, Job)>,
    open: BTreeMap<UploadId, (SafeName, Vec<u8>)>,
    pub(super) shelf: BTreeMap<String, Vec<u8>>,
    /// Names that are in transit over another door.
    pub(super) elsewhere: Vec<String>,
    /// So many of the next writes fail.
    pub(super) failures: usize,
}

pub(super) fn frames(fields: &[&[u8]]) -> Vec<Bytes> {
    fields.iter().map(|field| Bytes::copy_from_slice(field)).collect()
}

/// A good chunk.
pub(super) fn chunk(name: &str, offset: u64, data: &[u8]) -> Vec<Bytes> {
    let (offset, size) = (offset.to_string(), data.len().to_string());
    let sum = format!("{:08X}", crc32fast::hash(data));
    let fields = ["CHUNK", name, &offset, &size, &sum].map(str::as_bytes);
    frames(&[&fields[..], &[data]].concat())
}

pub(super) fn hello(name: &str) -> Vec<Bytes> {
    frames(&[b"HELLO", name.as_bytes()])
}

pub(super) fn close(name: &str, size: &str) -> Vec<Bytes> {
    frames(&[b"CLOSE", name.as_bytes(), size.as_bytes()])
}

impl Desk {
    pub(super) fn new() -> Self {
        let limits = Limits { files: 3, ..Limits::default() };
        Self {
            uploads: Uploads::new(limits, Moment::START),
            now: Moment::START,
            jobs: VecDeque::new(),
            open: BTreeMap::new(),
            shelf: BTreeMap::new(),
            elsewhere: Vec::new(),
            failures: 0,
        }
    }

    /// Hands a message in, and does nothing about it yet.
    pub(super) fn hear(&mut self, message: &[Bytes]) {
        assert!(self.uploads.wants_message(), "it doesn't want {message:?}");
        self.uploads.handle_message(message, self.now);
        self.take_tasks();
    }

    /// What is asked for now is noted, and files are discarded at once.
    pub(super) fn take_tasks(&mut self) {
        while let Some(task) = self.uploads.poll_task() {
            match task {
                Task::Do(ticket, job) => self.jobs.push_back((ticket, job)),
                Task::Discard(id) => {
                    // In order: what was to be done about it before is done.
                    while self.jobs.iter().any(|(_, job)| id_of(job) == id) {
                        self.work();
                    }
                    self.open.remove(&id);
                }
            }
        }
    }

    /// Does the next job.
    pub(super) fn work(&mut self) {
        let Some((ticket, job)) = self.jobs.pop_front() else { return };
        let result = self.do_job(job);
        self.uploads.handle_done(ticket, result, self.now);
        self.take_tasks();
    }

    /// Does all jobs.
    pub(super) fn work_off(&mut self) {
        while !self.jobs.is_empty() {
            self.work();
        }
    }

    /// Hands a message in, does what is to be done, and gives the one reply.
    pub(super) fn ask(&mut self, message: &[Bytes]) -> Reply {
        self.hear(message);
        self.work_off();
        let reply = self.uploads.poll_reply().expect("a reply");
        assert_eq!(self.uploads.poll_reply(), None, "one reply for one request");
        reply
    }

    /// The text of the refusal of a message.
    pub(super) fn refused(&mut self, message: &[Bytes]) -> String {
        match self.ask(message) {
            Reply::Error(text) => text,
            Reply::Ready => panic!("it is taken: {message:?}"),
        }
    }

    pub(super) fn ready(&mut self, message: &[Bytes]) {
        assert_eq!(self.ask(message), Reply::Ready);
    }

    fn do_job(&mut self, job: Job) -> Result<(), String> {
        match job {
            Job::Open { id, name } => {
                let taken = self.open.values().any(|(other, _)| *other == name);
                if taken || self.elsewhere.iter().any(|other| other == name.as_str()) {
                    return Err(format!("\"{name}\" is in transit"));
                }
                if self.shelf.contains_key(name.as_str()) {
                    return Err(format!("\"{name}\" is on the shelf already"));
                }
                self.open.insert(id, (name, Vec::new()));
                Ok(())
            }
            Job::Write { id, offset, data } => {
                if self.failures > 0 {
                    self.failures -= 1;
                    return Err("the disk is full".to_owned());
                }
                let (_, file) = self.open.get_mut(&id).expect("an open file");
                let start = usize::try_from(offset).expect("small");
                file.resize(file.len().max(start + data.len()), 0);
                file[start..start + data.len()].copy_from_slice(&data);
                Ok(())
            }
            Job::Save { id, size } => {
                let (name, file) = self.open.remove(&id).expect("an open file");
                assert_eq!(file.len() as u64, size);
                self.shelf.insert(name.to_string(), file);
                Ok(())
            }
        }
    }
}

fn id_of(job: &Job) -> UploadId {
    match job {
        Job::Open { id, .. } | Job::Write { id, .. } | Job::Save { id, .. } => *id,
    }
}
