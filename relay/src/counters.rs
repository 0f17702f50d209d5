//! What the relay counts over its life.
//!
//! Owns the totals of what went through pipes. They are logged when the relay ends, and whoever
//! keeps the [`Counters`] of a [`Config`](crate::config::Config) can read them while it runs.

use std::sync::atomic::{AtomicU64, Ordering};

/// The totals since the start, counted by all threads.
#[derive(Debug, Default)]
pub struct Counters {
    pipes_joined: AtomicU64,
    pipes_refused: AtomicU64,
    pipe_bytes: AtomicU64,
}

impl Counters {
    /// Pipes both ends of which came.
    #[must_use]
    pub fn pipes_joined(&self) -> u64 {
        self.pipes_joined.load(Ordering::Relaxed)
    }

    /// Requests for pipes that a limit refused, and connections that came for one in vain.
    #[must_use]
    pub fn pipes_refused(&self) -> u64 {
        self.pipes_refused.load(Ordering::Relaxed)
    }

    /// Bytes that joined pipes have taken, both ways.
    #[must_use]
    pub fn pipe_bytes(&self) -> u64 {
        self.pipe_bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn count_joined(&self) {
        self.pipes_joined.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_refused(&self) {
        self.pipes_refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_bytes(&self, count: u64) {
        self.pipe_bytes.fetch_add(count, Ordering::Relaxed);
    }
}
