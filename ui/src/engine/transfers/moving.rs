//! One transfer that has pipes: in which direction it works, and how far it is.
//!
//! Owns what is the same for both directions: its figures.

use super::super::api::Progress;
use super::super::pipe::{Reader, Writer};
use couplet::time::Moment;
use couplet::transfer::book::TransferId;
use couplet::transfer::rate::Rate;
use couplet::transfer::send::PipeNo;
use couplet_files::common::Common;
use couplet_files::receiving::{self, Incoming};
use couplet_files::sending::{self, Sending};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A transfer that has had a pipe, or is about to.
pub(super) struct Moving {
    pub(super) work: Work,
    pub(super) common: Arc<Common>,
    pub(super) size: Option<u64>,
    pub(super) rate: Rate,
    /// Bytes that were there before this session moved any.
    pub(super) held: u64,
}

#[derive(Clone)]
pub(super) enum Work {
    Out(Arc<Sending>),
    In(Arc<Incoming>),
}

impl Moving {
    pub(super) fn progress(&mut self, id: TransferId, now: Moment) -> Progress {
        let done = self.common.done.load(Ordering::Relaxed);
        // What was there before would make a lie of the speed.
        self.rate.sample(now, done.saturating_sub(self.held));
        let size = self.size.unwrap_or(done);
        Progress {
            id,
            done,
            size,
            moved: self.common.moved.load(Ordering::Relaxed),
            entries: self.common.entries.load(Ordering::Relaxed),
            rate: self.rate.per_second(),
            remaining: self.size.and_then(|size| self.rate.eta(size.saturating_sub(done))),
            stalled_for: self.rate.stalled_for(now),
        }
    }
}

impl Work {
    pub(super) fn run(&self, pipe: PipeNo, writer: Writer, reader: Reader) {
        match self {
            Self::Out(sending) => sending::run(sending, pipe, Box::new(writer), Box::new(reader)),
            Self::In(incoming) => receiving::run(incoming, Box::new(writer), Box::new(reader)),
        }
    }

    /// A pipe was never opened.
    pub(super) fn lost(&self, pipe: PipeNo) {
        match self {
            Self::Out(sending) => sending.pipe_lost(pipe),
            Self::In(_) => {}
        }
    }

    pub(super) fn give_up(&self, keep: bool) {
        match self {
            Self::Out(sending) => sending.give_up(),
            Self::In(incoming) => incoming.give_up(keep),
        }
    }
}
