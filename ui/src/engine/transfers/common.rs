//! What the threads of one transfer share with the engine: figures, pipes, and the way to tell it.
//!
//! Owns which pipes are open and whether the end has been told, so that it is told once.

use super::super::pipe::Stopper;
use super::Finding;
use couplet::transfer::book::TransferId;
use couplet::transfer::outcome::Outcome;
use couplet::transfer::send::PipeNo;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// How long a pipe that is too fast sleeps before it looks whether that is still so.
const REST: Duration = Duration::from_millis(200);

/// How long writing down what has come may take before the sender is told of it all the same.
const WRITE_DOWN_LIMIT: Duration = Duration::from_secs(1);

/// What the threads of one transfer, and the engine, share.
#[derive(Debug)]
pub(in crate::engine) struct Common {
    pub(in crate::engine) id: TransferId,
    /// Bytes that are safely across.
    pub(in crate::engine) done: AtomicU64,
    /// Bytes that went through pipes.
    pub(in crate::engine) moved: AtomicU64,
    /// Entries that are across.
    pub(in crate::engine) entries: AtomicU64,
    /// Bytes a second; 0 for as fast as it goes.
    pub(super) limit: Arc<AtomicU64>,
    pub(super) pipes: Mutex<Pipes>,
    pub(super) findings: mpsc::UnboundedSender<Finding>,
}

#[derive(Debug, Default)]
pub(super) struct Pipes {
    pub(super) open: HashMap<PipeNo, Arc<Stopper>>,
    /// Nothing is told any more: it was stopped, or its end was told.
    is_over: bool,
    /// What had moved when the last pipe was opened.
    moved_before: u64,
}

impl Common {
    /// Tells the engine.
    pub(in crate::engine) fn tell(&self, finding: Finding) {
        // An engine that is gone needs no findings.
        let _ = self.findings.send(finding);
    }

    /// The transfer is over; only the first such word counts.
    pub(in crate::engine) fn tell_end(&self, outcome: Outcome) {
        let mut pipes = self.pipes();
        if !std::mem::replace(&mut pipes.is_over, true) {
            self.tell(Finding::Ended { id: self.id, outcome });
        }
    }

    /// All of it is in its place. Waits until a program started anew would know of that.
    pub(in crate::engine) fn tell_whole(&self, saved_as: String) {
        let (written_down, is_written_down) = sync_channel(0);
        self.tell(Finding::Whole { id: self.id, saved_as, written_down });
        // An engine that is gone drops the other end at once.
        let _ = is_written_down.recv_timeout(WRITE_DOWN_LIMIT);
    }

    /// Whether nothing is told any more.
    pub(in crate::engine) fn is_over(&self) -> bool {
        self.pipes().is_over
    }

    /// Bytes a second that go through; as fast as it goes if none.
    pub(in crate::engine) fn rate_limit(&self) -> Option<u64> {
        Some(self.limit.load(Ordering::Relaxed)).filter(|limit| *limit > 0)
    }

    /// Waits, unless the transfer is over before or another limit is set.
    pub(in crate::engine) fn rest(&self, mut delay: Duration) {
        let limit = self.rate_limit();
        while !delay.is_zero() && !self.is_over() && self.rate_limit() == limit {
            let some = delay.min(REST);
            std::thread::sleep(some);
            delay -= some;
        }
    }

    pub(super) fn enter(&self, pipe: PipeNo, stopper: &Arc<Stopper>) {
        let mut pipes = self.pipes();
        if pipes.open.is_empty() {
            pipes.moved_before = self.moved.load(Ordering::Relaxed);
        }
        pipes.open.insert(pipe, Arc::clone(stopper));
    }

    /// A pipe has ended. If it was the last one of a transfer that isn't over, the engine is told.
    pub(super) fn leave(&self, pipe: PipeNo) {
        let mut pipes = self.pipes();
        let was_there = pipes.open.remove(&pipe).is_some();
        if was_there && pipes.open.is_empty() && !pipes.is_over {
            let progressed = self.moved.load(Ordering::Relaxed) > pipes.moved_before;
            self.tell(Finding::PipeLost { id: self.id, progressed });
        }
    }

    /// How many pipes there are that weren't ended.
    pub(super) fn usable_pipes(&self) -> usize {
        self.pipes().open.values().filter(|stopper| !stopper.is_stopped()).count()
    }

    pub(super) fn stop(&self, for_good: bool) {
        let mut pipes = self.pipes();
        pipes.is_over |= for_good;
        for stopper in pipes.open.values() {
            stopper.stop();
        }
    }

    pub(super) fn pipes(&self) -> std::sync::MutexGuard<'_, Pipes> {
        self.pipes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
