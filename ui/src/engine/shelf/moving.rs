//! One transfer from or to the shelf: its thread, and how far it is.
//!
//! Owns the figures; what moves and how is [`couplet_files`]'.

use crate::clock;
use couplet::shelf::visit::ErrandId;
use couplet::time::Moment;
use couplet::transfer::offer::{Offer, OnCollision};
use couplet::transfer::outcome::Outcome;
use couplet::transfer::rate::Rate;
use couplet_files::common::{Common, Finding};
use couplet_files::lane::Ends;
use couplet_files::pipe::{Stop, give_way, next_pipe};
use couplet_files::receiving::{self, Incoming};
use couplet_files::sending::{self, Sending};
use couplet_files::source::Source;
use couplet_files::target::Target;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How far a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Bytes that are safely across, those from before included.
    pub done: u64,
    /// Bytes in all, if that is known.
    pub size: Option<u64>,
    /// Moving average in bytes per second; none until there are samples.
    pub rate: Option<u64>,
    /// Time to the end at that speed; none until there are samples.
    pub remaining: Option<Duration>,
    /// How long nothing has moved, once that is worth showing.
    pub stalled_for: Option<Duration>,
}

pub(super) struct Moving {
    id: ErrandId,
    size: Option<u64>,
    common: Arc<Common>,
    stopper: Arc<OnceLock<Arc<dyn Stop>>>,
    rate: Rate,
    held: u64,
    outcome: Option<Outcome>,
}

/// What the thread of a transfer does.
pub(super) struct Work {
    stopper: Arc<OnceLock<Arc<dyn Stop>>>,
    what: What,
}

enum What {
    Out(Arc<Sending>),
    In(Arc<Incoming>),
}

impl Moving {
    pub(super) fn new(
        id: ErrandId,
        size: Option<u64>,
        limit: &Arc<AtomicU64>,
        tell: impl Fn(Finding) + Send + Sync + 'static,
    ) -> Self {
        let common = Common::new(Arc::clone(limit), tell);
        let mut rate = Rate::new(clock::now());
        rate.begin(clock::now());
        Self { id, size, common, stopper: Arc::default(), rate, held: 0, outcome: None }
    }

    pub(super) const fn id(&self) -> ErrandId {
        self.id
    }

    pub(super) const fn size(&self) -> Option<u64> {
        self.size
    }

    /// The work of sending this.
    pub(super) fn send(&self, source: &Source, part: bool) -> Work {
        let sending = Sending::new(source, part, Arc::clone(&self.common));
        Work { stopper: Arc::clone(&self.stopper), what: What::Out(Arc::new(sending)) }
    }

    /// The work of receiving this.
    pub(super) fn receive(&self, target: Target, offer: Offer, policy: OnCollision) -> Work {
        let incoming = Incoming::new(target, offer, policy, Arc::clone(&self.common));
        Work { stopper: Arc::clone(&self.stopper), what: What::In(Arc::new(incoming)) }
    }

    /// Ends it; what has come is kept.
    pub(super) fn stop(&self) {
        if let Some(stopper) = self.stopper.get() {
            stopper.stop();
        }
    }

    /// A thread says something. Gives what was there from before, if bytes begin to move.
    pub(super) fn heard(&mut self, finding: Finding) -> Option<u64> {
        match finding {
            Finding::Started { held } => {
                self.held = held;
                return Some(held);
            }
            Finding::Ended { outcome } => self.outcome = Some(outcome),
            // One pipe is all that there is, and dropping it says that it is written down.
            Finding::Text { .. }
            | Finding::DiskFull { .. }
            | Finding::PipesWanted { .. }
            | Finding::PipeLost { .. }
            | Finding::Whole { .. } => {}
        }
        None
    }

    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.outcome.clone()
    }

    pub(super) fn has_moved(&self) -> bool {
        self.common.moved.load(Ordering::Relaxed) > 0
    }

    pub(super) fn figures(&mut self, now: Moment) -> Figures {
        let done = self.common.done.load(Ordering::Relaxed);
        // What was there before would make a lie of the speed.
        self.rate.sample(now, done.saturating_sub(self.held));
        let left = self.size.map(|size| size.saturating_sub(done));
        Figures {
            done,
            size: self.size,
            rate: self.rate.per_second(),
            remaining: left.and_then(|left| self.rate.eta(left)),
            stalled_for: self.rate.stalled_for(now),
        }
    }

    pub(super) fn last_figures(&self) -> Figures {
        let done = self.common.done.load(Ordering::Relaxed);
        Figures { done, size: self.size, rate: self.rate.per_second(), ..Figures::default() }
    }
}

impl Work {
    /// How it can be ended.
    pub(super) fn note(&self, stopper: &Arc<dyn Stop>) {
        // It is carried once.
        let _ = self.stopper.set(Arc::clone(stopper));
    }

    /// Does it, to the end of the transfer or of the lane.
    pub(super) fn run(self, ends: Ends) {
        give_way();
        match self.what {
            What::Out(sending) => sending::run(&sending, next_pipe(), ends.writer, ends.reader),
            What::In(incoming) => {
                receiving::run(&incoming, ends.writer, ends.reader);
                incoming.give_up(true);
            }
        }
    }
}
