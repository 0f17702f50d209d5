//! The memory that all clients together may make the relay hold in queues and half-received frames.
//!
//! Owns one number, counted by all threads without a lock, and what follows from it:
//!
//! | held, of `--max-queued-bytes` | then |
//! | --- | --- |
//! | little | a queue's producers wait from the soft limit on (`outbox`) |
//! | more | a queue may hold half of what is left of three quarters, if that is less than the soft limit |
//! | three quarters: *short* | only empty queues take anything, and whoever doesn't move what it holds is cut within seconds |
//! | all: *full* | who says more than 1 KiB at once isn't read for a moment, so next to nothing is added |
//!
//! So many greedy clients share the budget and leave some of it to the others, whose queues are
//! short; and the sum is bounded however many there are.

use crate::counters::{Count, Counters};
use crate::outbox::SOFT_LIMIT_BYTES;
use std::sync::Arc;
use std::time::Duration;

/// How long somebody may hold memory without moving it while it is short.
pub(crate) const SHORT_LIMIT: Duration = Duration::from_secs(2);

/// How long somebody who says much isn't read while it is full, before the next look.
pub(crate) const FULL_REST: Duration = Duration::from_millis(20);

/// The memory of one relay's queues.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: usize,
    /// What is held is counted here, for operators too.
    counters: Arc<Counters>,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(usize::MAX, Arc::default())
    }
}

impl Budget {
    /// With so many bytes.
    pub(crate) const fn new(limit: usize, counters: Arc<Counters>) -> Self {
        Self { limit, counters }
    }

    /// What is held for something has changed from `before` to `now`.
    pub(crate) fn change(&self, before: usize, now: usize) {
        if now > before {
            self.counters.add(Count::QueuedBytes, bytes(now - before));
        } else if before > now {
            self.counters.take_off(Count::QueuedBytes, bytes(before - now));
        }
    }

    /// How many bytes a queue may hold before its producers wait.
    pub(crate) fn soft_limit(&self) -> usize {
        let left = self.mark().saturating_sub(self.held());
        (left / 2).min(SOFT_LIMIT_BYTES)
    }

    /// Whether whoever holds some must move it.
    pub(crate) fn is_short(&self) -> bool {
        self.held() > self.mark()
    }

    /// Whether nothing may be added.
    pub(crate) fn is_full(&self) -> bool {
        self.held() >= self.limit
    }

    /// What is held.
    pub(crate) fn held(&self) -> usize {
        usize::try_from(self.counters.get(Count::QueuedBytes)).unwrap_or(usize::MAX)
    }

    /// Where things are counted.
    pub(crate) const fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    const fn mark(&self) -> usize {
        self.limit / 4 * 3
    }
}

fn bytes(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// One holder's part of a budget, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Share {
    /// Nothing yet.
    pub(crate) const fn new(budget: Arc<Budget>) -> Self {
        Self { budget, bytes: 0 }
    }

    /// From here on it is so much.
    pub(crate) fn set(&mut self, bytes: usize) {
        self.budget.change(self.bytes, bytes);
        self.bytes = bytes;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greedy_share_what_there_is_and_leave_some() {
        let budget = Budget::new(8 << 20, Arc::default());
        // A hundred who take all they may, in turn, until nobody may take more.
        let mut queues = [0_usize; 100];
        while queues.iter().any(|queue| *queue < budget.soft_limit()) {
            for queue in &mut queues {
                if *queue < budget.soft_limit() {
                    budget.change(*queue, *queue + 1000);
                    *queue += 1000;
                }
            }
        }
        assert!(!budget.is_short() && !budget.is_full());
        assert!(budget.soft_limit() > 16 << 10, "{}", budget.soft_limit());
        let shares = queues.iter().max().expect("some") - queues.iter().min().expect("some");
        assert!(shares <= 2000, "{queues:?}");
    }

    #[test]
    fn short_comes_before_full_and_what_is_given_back_counts() {
        let budget = Budget::new(4000, Arc::default());
        assert_eq!(budget.soft_limit(), 1500);
        budget.change(0, 3001);
        assert_eq!((budget.soft_limit(), budget.is_short(), budget.is_full()), (0, true, false));
        budget.change(0, 999);
        assert!(budget.is_full());
        budget.change(3001, 1);
        assert_eq!((budget.held(), budget.is_short()), (1000, false));
        assert_eq!(Budget::default().soft_limit(), SOFT_LIMIT_BYTES);
    }
}
