//! The transfers of one engine: the files that are offered, the threads that move bytes, and how far
//! they are.
//!
//! Owns the threads and what they share; which transfers there are and in what state is the
//! session's.

use super::api::Progress;
use super::pipe::{self, PipeEnd, Reader, Stopper, Writer};
use super::receiving;
use super::sending::{self, Source};
use couplet::limits;
use couplet::path::SafeName;
use couplet::time::Moment;
use couplet::transfer::book::TransferId;
use couplet::transfer::rate::Rate;
use couplet::transfer::send::Outcome;
use couplet::transfer::wire::Fault;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;

/// What a thread has found.
#[derive(Debug)]
pub(super) enum Finding {
    /// A file that the user wants to send, or why it can't be.
    Inspected(Result<Source, String>),
    /// A transfer is over.
    Ended {
        /// Which.
        id: TransferId,
        /// How.
        outcome: Outcome,
    },
}

/// How far threads that move bytes stand back.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

pub(super) struct Transfers {
    downloads: PathBuf,
    /// Files that are offered and not yet on their way.
    sources: HashMap<TransferId, Source>,
    moving: HashMap<TransferId, Moving>,
    findings_out: mpsc::UnboundedSender<Finding>,
    findings: mpsc::UnboundedReceiver<Finding>,
}

struct Moving {
    stopper: Arc<Stopper>,
    done: Arc<AtomicU64>,
    size: u64,
    rate: Rate,
}

impl Transfers {
    pub(super) fn new(downloads: PathBuf) -> Self {
        // Unbounded, and small all the same: one finding for each file and each transfer.
        let (findings_out, findings) = mpsc::unbounded_channel();
        Self { downloads, sources: HashMap::new(), moving: HashMap::new(), findings_out, findings }
    }

    /// Looks at files that the user wants to send, in their order, away from the loop: a file
    /// system may take its time.
    pub(super) fn inspect(&self, paths: Vec<PathBuf>) {
        let findings = self.findings_out.clone();
        tokio::task::spawn_blocking(move || {
            for path in paths {
                if findings.send(Finding::Inspected(Source::inspect(&path))).is_err() {
                    return;
                }
            }
        });
    }

    /// Keeps a file under its transfer's number until it is accepted.
    pub(super) fn keep(&mut self, id: TransferId, source: Source) {
        self.sources.insert(id, source);
    }

    /// Sends a kept file through the pipe.
    pub(super) fn send(&mut self, id: TransferId, end: PipeEnd, now: Moment) {
        if let Some(source) = self.sources.remove(&id) {
            self.start(id, source.size, end, now, move |writer, reader, done| {
                sending::send(writer, reader, &source, done)
            });
        }
    }

    /// Receives a file through the pipe.
    pub(super) fn receive(
        &mut self,
        id: TransferId,
        end: PipeEnd,
        name: SafeName,
        size: u64,
        now: Moment,
    ) {
        let downloads = self.downloads.clone();
        self.start(id, size, end, now, move |writer, reader, done| {
            receiving::receive(writer, reader, &downloads, &name, size, done)
        });
    }

    /// Stops whatever is done for a transfer, and forgets its file.
    pub(super) fn stop(&mut self, id: TransferId) {
        self.sources.remove(&id);
        if let Some(moving) = self.moving.get(&id) {
            moving.stopper.stop();
        }
    }

    /// Stops all.
    pub(super) fn stop_all(&mut self) {
        self.sources.clear();
        for moving in self.moving.values() {
            moving.stopper.stop();
        }
    }

    /// Stops all and waits, within reason, until the threads have put away what they had begun.
    pub(super) async fn finish(&mut self) {
        self.stop_all();
        let put_away = async {
            while self.any_moving() {
                if let Finding::Ended { id, .. } = self.next().await {
                    self.forget(id);
                }
            }
        };
        // A thread that hangs in a file system is left to the end of the process.
        let _ = tokio::time::timeout(limits::FLUSH_LIMIT, put_away).await;
    }

    /// A transfer is over and will not be asked for again.
    pub(super) fn forget(&mut self, id: TransferId) {
        self.moving.remove(&id);
    }

    /// The next finding.
    pub(super) async fn next(&mut self) -> Finding {
        match self.findings.recv().await {
            Some(finding) => finding,
            // This struct holds a sender itself.
            None => std::future::pending().await,
        }
    }

    /// Whether bytes are moving.
    pub(super) fn any_moving(&self) -> bool {
        !self.moving.is_empty()
    }

    /// The figures of all that moves.
    pub(super) fn progress(&mut self, now: Moment) -> impl Iterator<Item = Progress> {
        self.moving.iter_mut().map(move |(id, moving)| moving.progress(*id, now))
    }

    /// The figures of one transfer, at its end.
    pub(super) fn last_progress(&mut self, id: TransferId, now: Moment) -> Option<Progress> {
        self.moving.get_mut(&id).map(|moving| moving.progress(id, now))
    }

    fn start(
        &mut self,
        id: TransferId,
        size: u64,
        end: PipeEnd,
        now: Moment,
        work: impl FnOnce(Writer, Reader, &AtomicU64) -> Outcome + Send + 'static,
    ) {
        let stopper = Arc::new(Stopper::default());
        let done = Arc::new(AtomicU64::new(0));
        let moving = Moving {
            stopper: Arc::clone(&stopper),
            done: Arc::clone(&done),
            size,
            rate: Rate::new(now),
        };
        self.moving.insert(id, moving);
        let findings = self.findings_out.clone();
        let run = move || {
            give_way();
            let outcome = match pipe::open(end, &stopper) {
                Ok((writer, reader)) => work(writer, reader, &done),
                Err(text) => Outcome::Failed { code: Fault::Unknown, text },
            };
            // An engine that is gone needs no findings.
            let _ = findings.send(Finding::Ended { id, outcome });
        };
        let thread = std::thread::Builder::new().name(format!("couplet-transfer-{id}"));
        if let Err(error) = thread.spawn(run) {
            let text = format!("no thread could be started for the transfer ({error})");
            let outcome = Outcome::Failed { code: Fault::Unknown, text };
            let _ = self.findings_out.send(Finding::Ended { id, outcome });
        }
    }
}

/// Lets words go first: where both want the processor, a thread that moves bytes can wait and a
/// person shouldn't. On Linux niceness is a thread's own; elsewhere it would be the whole program's.
fn give_way() {
    #[cfg(target_os = "linux")]
    {
        // Refused or not, bytes move.
        let _ = rustix::process::nice(NICENESS);
    }
}

impl Moving {
    fn progress(&mut self, id: TransferId, now: Moment) -> Progress {
        let done = self.done.load(Ordering::Relaxed);
        self.rate.sample(now, done);
        Progress {
            id,
            done,
            size: self.size,
            rate: self.rate.per_second(),
            remaining: self.rate.eta(self.size.saturating_sub(done)),
            stalled_for: self.rate.stalled_for(now),
        }
    }
}
