//! What the threads of one transfer share with whoever runs it: figures, pipes, and the way to tell.
//!
//! Owns which pipes are open and whether the end has been told, so that it is told once.

use crate::pipe::Stop;
use couplet::transfer::outcome::Outcome;
use couplet::transfer::send::PipeNo;
use couplet::transfer::tree::Hash;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a pipe that is too fast sleeps before it looks whether that is still so.
const REST: Duration = Duration::from_millis(200);

/// How long writing down what has come may take before the sender is told of it all the same.
const WRITE_DOWN_LIMIT: Duration = Duration::from_secs(1);

/// What a thread of a transfer has found.
#[derive(Debug)]
pub enum Finding {
    /// The bytes begin to move, or go on.
    Started {
        /// Bytes that were there already.
        held: u64,
    },
    /// A text has come.
    Text {
        /// As it came: nothing in it is safe to show.
        text: String,
    },
    /// The disk is full, or has room again.
    DiskFull {
        /// Whether it is.
        full: bool,
    },
    /// The line has use for more pipes.
    PipesWanted {
        /// How many in all.
        wanted: usize,
    },
    /// The last pipe is lost.
    PipeLost {
        /// Whether anything had moved since there was one.
        progressed: bool,
    },
    /// All of what comes in is in its place, and the sender hears of it once that is written down.
    Whole {
        /// The name that it has.
        saved_as: String,
        /// Drop this then.
        written_down: WrittenDown,
    },
    /// It is over.
    Ended {
        /// How.
        outcome: Outcome,
    },
}

/// Is dropped when something has been written down.
pub type WrittenDown = std::sync::mpsc::SyncSender<()>;

/// What the threads of one transfer, and whoever runs it, share.
pub struct Common {
    /// Bytes that are safely across.
    pub done: AtomicU64,
    /// Bytes that went through pipes.
    pub moved: AtomicU64,
    /// Entries that are across.
    pub entries: AtomicU64,
    /// The hash of the file that was closed last.
    root: Mutex<Option<Hash>>,
    limit: Arc<AtomicU64>,
    pipes: Mutex<Pipes>,
    tell: Box<dyn Fn(Finding) + Send + Sync>,
}

#[derive(Debug, Default)]
struct Pipes {
    open: HashMap<PipeNo, Arc<dyn Stop>>,
    /// Nothing is told any more: it was stopped, or its end was told.
    is_over: bool,
    /// What had moved when the last pipe was opened.
    moved_before: u64,
}

impl Common {
    /// Nothing has moved yet. `limit` is in bytes a second, 0 for as fast as it goes, and may change
    /// at any time; `tell` is called from the transfer's threads and must not wait.
    #[must_use]
    pub fn new(limit: Arc<AtomicU64>, tell: impl Fn(Finding) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            done: AtomicU64::new(0),
            moved: AtomicU64::new(0),
            entries: AtomicU64::new(0),
            root: Mutex::default(),
            limit,
            pipes: Mutex::default(),
            tell: Box::new(tell),
        })
    }

    /// Tells whoever runs the transfer.
    pub fn tell(&self, finding: Finding) {
        (self.tell)(finding);
    }

    /// The transfer is over; only the first such word counts.
    pub fn tell_end(&self, outcome: Outcome) {
        let mut pipes = self.pipes();
        if !std::mem::replace(&mut pipes.is_over, true) {
            self.tell(Finding::Ended { outcome });
        }
    }

    /// All of it is in its place. Waits until a program started anew would know of that.
    pub fn tell_whole(&self, saved_as: String) {
        let (written_down, is_written_down) = sync_channel(0);
        self.tell(Finding::Whole { saved_as, written_down });
        // Whoever is gone drops the other end at once.
        let _ = is_written_down.recv_timeout(WRITE_DOWN_LIMIT);
    }

    /// Whether nothing is told any more.
    pub fn is_over(&self) -> bool {
        self.pipes().is_over
    }

    /// A file is whole, and this is its BLAKE3 hash.
    pub(crate) fn note_root(&self, root: Hash) {
        *self.root.lock().unwrap_or_else(PoisonError::into_inner) = Some(root);
    }

    /// The BLAKE3 hash of the file that was whole last: of all of it, if it is one file.
    pub fn root(&self) -> Option<Hash> {
        *self.root.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes a second that go through; as fast as it goes if none.
    pub fn rate_limit(&self) -> Option<u64> {
        Some(self.limit.load(Ordering::Relaxed)).filter(|limit| *limit > 0)
    }

    /// Waits, unless the transfer is over before or another limit is set.
    pub fn rest(&self, mut delay: Duration) {
        let limit = self.rate_limit();
        while !delay.is_zero() && !self.is_over() && self.rate_limit() == limit {
            let some = delay.min(REST);
            std::thread::sleep(some);
            delay -= some;
        }
    }

    /// A pipe is about to be opened, which `stopper` ends.
    pub fn enter(&self, pipe: PipeNo, stopper: Arc<dyn Stop>) {
        let mut pipes = self.pipes();
        if pipes.open.is_empty() {
            pipes.moved_before = self.moved.load(Ordering::Relaxed);
        }
        pipes.open.insert(pipe, stopper);
    }

    /// A pipe has ended. If it was the last one of a transfer that isn't over, it is told.
    pub fn leave(&self, pipe: PipeNo) {
        let mut pipes = self.pipes();
        let was_there = pipes.open.remove(&pipe).is_some();
        if was_there && pipes.open.is_empty() && !pipes.is_over {
            let progressed = self.moved.load(Ordering::Relaxed) > pipes.moved_before;
            self.tell(Finding::PipeLost { progressed });
        }
    }

    /// How many pipes there are that weren't ended.
    #[must_use]
    pub fn usable_pipes(&self) -> usize {
        self.pipes().open.values().filter(|stopper| !stopper.is_stopped()).count()
    }

    /// Whether any pipe is there, ended or not.
    #[must_use]
    pub fn has_pipes(&self) -> bool {
        !self.pipes().open.is_empty()
    }

    /// Ends the pipes that there are; `for_good` if nothing is to be told any more.
    pub fn stop(&self, for_good: bool) {
        let mut pipes = self.pipes();
        pipes.is_over |= for_good;
        for stopper in pipes.open.values() {
            stopper.stop();
        }
    }

    fn pipes(&self) -> std::sync::MutexGuard<'_, Pipes> {
        self.pipes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Common {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Common").field("done", &self.done).finish_non_exhaustive()
    }
}
