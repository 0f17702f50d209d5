//! What one client's files need of the disk, on threads that may wait for it.
//!
//! Owns the client's open files. Jobs are done in order, a batch at a time, while more come in and are
//! gathered for the next.

use super::upload::Upload;
use crate::shelf::Shelf;
use couplet::upload::{Job, Task, Ticket, UploadId};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::{JoinError, JoinHandle};
use tracing::{debug, info};

/// How a job went.
pub(super) type Done = (Ticket, Result<(), String>);

type Files = BTreeMap<UploadId, Upload>;

#[derive(Debug)]
pub(super) struct Disk {
    shelf: Arc<Shelf>,
    client: u64,
    /// While nothing runs.
    files: Files,
    tasks: Vec<Task>,
    running: Option<JoinHandle<(Files, Vec<Done>)>>,
}

impl Disk {
    pub(super) fn new(shelf: Arc<Shelf>, client: u64) -> Self {
        Self { shelf, client, files: Files::new(), tasks: Vec::new(), running: None }
    }

    pub(super) fn push(&mut self, task: Task) {
        self.tasks.push(task);
    }

    /// Begins with what has been gathered, if nothing runs.
    pub(super) fn start(&mut self) {
        if self.running.is_some() || self.tasks.is_empty() {
            return;
        }
        let mut files = std::mem::take(&mut self.files);
        let tasks = std::mem::take(&mut self.tasks);
        let (shelf, client) = (Arc::clone(&self.shelf), self.client);
        self.running = Some(tokio::task::spawn_blocking(move || {
            let done = tasks.into_iter().filter_map(|task| match task {
                Task::Do(ticket, job) => Some((ticket, carry_out(job, &mut files, &shelf, client))),
                Task::Discard(id) => {
                    files.remove(&id);
                    None
                }
            });
            let done = done.collect();
            (files, done)
        }));
    }

    pub(super) const fn is_busy(&self) -> bool {
        self.running.is_some()
    }

    /// Waits for what runs; for ever if nothing does.
    ///
    /// # Errors
    /// If it failed in a way that is a fault of this program; its files are gone.
    pub(super) async fn done(&mut self) -> Result<Vec<Done>, JoinError> {
        let Some(running) = &mut self.running else { return std::future::pending().await };
        let result = running.await;
        self.running = None;
        let (files, done) = result?;
        self.files = files;
        Ok(done)
    }

    /// Closes all files, removes what there is of them, and frees their names.
    pub(super) async fn end(mut self) {
        if self.running.is_some() {
            // What it says no longer matters.
            let _ = self.done().await;
        }
        let files = std::mem::take(&mut self.files);
        if !files.is_empty() {
            let _ = tokio::task::spawn_blocking(move || drop(files)).await;
        }
    }
}

fn carry_out(job: Job, files: &mut Files, shelf: &Arc<Shelf>, client: u64) -> Result<(), String> {
    const GONE: &str = "the file isn't open any more; begin again with HELLO";
    match job {
        Job::Open { id, name } => {
            files.insert(id, Upload::open(shelf, &name)?);
            // What comes of it is told; to begin costs a client nothing.
            debug!(zmq_client = client, %name, "upload begins");
            Ok(())
        }
        Job::Write { id, offset, data } => files.get_mut(&id).ok_or(GONE)?.write(offset, &data),
        Job::Save { id, size } => {
            let name = files.remove(&id).ok_or(GONE)?.save()?;
            info!(zmq_client = client, %name, size, "laid down on the shelf");
            Ok(())
        }
    }
}
