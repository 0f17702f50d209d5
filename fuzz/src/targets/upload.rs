//! A ZeroMQ client that says anything, in any pieces, and the uploads that come of it.
//!
//! However its bytes are cut, the same comes out; memory stays within what came; replies are as many
//! as requests and in their order; what appears is whole, and only under a name that was free.

use couplet::time::Moment;
use couplet::upload::{Job, Limits, Reply, Task, UploadId, Uploads};
use couplet::zmtp::{Connection, Incoming, ZmtpError};
use std::collections::{BTreeMap, BTreeSet};

/// Runs one input: a byte that says how, the number of pieces and their lengths, and the bytes.
pub fn run(data: &[u8]) {
    let Some((&[how, count], rest)) = data.split_first_chunk() else { return };
    let (cuts, bytes) = rest.split_at(usize::from(count).min(rest.len()));
    let whole = serve(how, &[], bytes);
    assert_eq!(serve(how, cuts, bytes), whole, "the pieces make a difference");
}

/// What a client is told, what is on the shelf, and how the connection ended.
type Story = (Vec<Reply>, BTreeMap<String, u64>, Option<ZmtpError>);

fn serve(how: u8, cuts: &[u8], bytes: &[u8]) -> Story {
    let mut connection = Connection::router();
    if how & 1 == 0 {
        // Few inputs would come to anything else without it.
        connection.handle_bytes(&opening());
        assert!(matches!(connection.poll_incoming(), Ok(Some(Incoming::Ready(_)))));
    }
    let limits = Limits { files: 2, ..Limits::default() };
    let mut world = World {
        uploads: Uploads::new(limits, Moment::START),
        jobs: Vec::new(),
        open: BTreeMap::new(),
        shelf: BTreeMap::new(),
        // Some writes fail, the same ones however the bytes are cut.
        fails_at: u64::from(how >> 4),
        requests: 0,
    };
    let mut replies = Vec::new();
    let mut cuts = cuts.iter().map(|cut| usize::from(*cut) + 1);
    let (mut rest, mut came) = (bytes, 0);
    loop {
        let (piece, later) = rest.split_at(cuts.next().unwrap_or(rest.len()).min(rest.len()));
        rest = later;
        came += piece.len();
        connection.handle_bytes(piece);
        loop {
            match connection.poll_incoming() {
                Ok(None) => break,
                Ok(Some(Incoming::Ready(_))) => {}
                Ok(Some(Incoming::Message(frames))) => {
                    world.uploads.handle_message(&frames, Moment::START);
                    world.requests += 1;
                }
                Ok(Some(Incoming::Refused { why, begun })) => {
                    world.uploads.handle_refused(&begun, why, Moment::START);
                    world.requests += 1;
                }
                Err(error) => {
                    assert!(connection.poll_incoming().is_err(), "an error is forgotten");
                    return (replies, world.shelf, Some(error));
                }
            }
            world.work();
            while let Some(reply) = world.uploads.poll_reply() {
                replies.push(reply);
            }
            assert_eq!(replies.len(), world.requests, "a reply for each request");
            assert!(world.uploads.wants_message() && world.uploads.is_idle());
        }
        let _ = connection.take_output();
        assert!(connection.memory() <= 2 * came + 70_000, "{} of {came}", connection.memory());
        if rest.is_empty() {
            return (replies, world.shelf, None);
        }
    }
}

fn opening() -> Vec<u8> {
    let mut bytes = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1];
    bytes.extend_from_slice(b"NULL");
    bytes.resize(64, 0);
    bytes.extend_from_slice(b"\x04\x1c\x05READY\x0bSocket-Type\0\0\0\x06DEALER");
    bytes
}

struct World {
    uploads: Uploads,
    jobs: Vec<(u64, Job)>,
    /// Their names, and which bytes were written.
    open: BTreeMap<UploadId, (String, BTreeSet<u64>)>,
    shelf: BTreeMap<String, u64>,
    fails_at: u64,
    requests: usize,
}

impl World {
    fn work(&mut self) {
        loop {
            while let Some(task) = self.uploads.poll_task() {
                match task {
                    Task::Do(ticket, job) => self.jobs.push((ticket, job)),
                    Task::Discard(id) => drop(self.open.remove(&id)),
                }
            }
            if self.jobs.is_empty() {
                return;
            }
            let (ticket, job) = self.jobs.remove(0);
            let result = self.carry_out(job, ticket);
            self.uploads.handle_done(ticket, result, Moment::START);
        }
    }

    fn carry_out(&mut self, job: Job, ticket: u64) -> Result<(), String> {
        match job {
            Job::Open { id, name } => {
                let taken = self.open.values().any(|(other, _)| other == name.as_str());
                assert!(!taken, "it was refused before it came here");
                assert!(self.open.len() < 2, "more files than may be");
                if self.shelf.contains_key(name.as_str()) {
                    return Err("it is there".to_owned());
                }
                self.open.insert(id, (name.to_string(), BTreeSet::new()));
            }
            Job::Write { id, offset, data } => {
                let (_, file) = self.open.get_mut(&id).expect("an open file");
                if self.fails_at > 0 && ticket % 16 == self.fails_at {
                    return Err("the disk is full".to_owned());
                }
                for at in offset..offset + data.len() as u64 {
                    assert!(file.insert(at), "byte {at} is written twice");
                }
            }
            Job::Save { id, size } => {
                let (name, file) = self.open.remove(&id).expect("an open file");
                assert_eq!(file.len() as u64, size, "not every byte was written");
                assert!(file.last().is_none_or(|last| *last == size - 1), "a byte too far");
                assert!(self.shelf.insert(name, size).is_none(), "it was there");
            }
        }
        Ok(())
    }
}
