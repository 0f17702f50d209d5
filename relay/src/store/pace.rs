//! When the keeper commits: soon enough for those who wait, seldom enough for everybody else.
//!
//! Owns the rule, in virtual time. What is committed isn't known here.

use couplet::time::Moment;
use std::time::Duration;

/// How long changes that nobody waits for are gathered. It is what a sudden end of the relay may
/// cost of them, and lets what is said go out before the writer wakes.
const GATHER: Duration = Duration::from_millis(20);

/// How many times as long as a commit took the writer rests after it: so it has a tenth of one
/// core's time at most.
const REST_FACTOR: u32 = 9;

/// The longest rest, however long a commit took.
const MAX_REST: Duration = Duration::from_secs(1);

/// How long a store that failed is left alone.
const RETRY: Duration = Duration::from_mins(1);

/// When to commit next.
///
/// A machine: [`Self::poll_timeout`] says when to take what is dirty and commit it; it must be
/// asked again after each `handle_*`.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When the first of the changes that aren't taken yet was made.
    dirty_since: Option<Moment>,
    /// Whether somebody waits for one of them.
    waited_for: bool,
    rests_until: Moment,
    broken_until: Option<Moment>,
}

impl Pace {
    /// Something changed. Only the first since [`Self::handle_taken`] makes a difference.
    pub(super) fn handle_change(&mut self, now: Moment) {
        self.dirty_since.get_or_insert(now);
    }

    /// Somebody waits for what has changed; nothing if nothing has.
    pub(super) fn handle_waiter(&mut self) {
        self.waited_for = self.dirty_since.is_some();
    }

    /// All that has changed was taken, to be committed now.
    pub(super) fn handle_taken(&mut self) {
        self.dirty_since = None;
        self.waited_for = false;
    }

    /// What was taken is committed, which took so long.
    pub(super) fn handle_committed(&mut self, took: Duration, now: Moment) {
        self.broken_until = None;
        self.rests_until = now + took.saturating_mul(REST_FACTOR).min(MAX_REST);
    }

    /// What was taken couldn't be committed, and is among the changes again.
    pub(super) fn handle_failed(&mut self, now: Moment) {
        self.dirty_since.get_or_insert(now);
        self.broken_until = Some(now + RETRY);
    }

    /// When to commit, which may be past; `None` while nothing has changed.
    pub(super) fn poll_timeout(&self) -> Option<Moment> {
        let since = self.dirty_since?;
        // Those who wait aren't held up by a broken store, so they don't hurry it either.
        Some(match self.broken_until {
            Some(until) => until,
            None if self.waited_for => since,
            None => self.rests_until.max(since + GATHER),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Moment::from_start(Duration::from_millis(ms))
    }

    #[test]
    fn changes_are_gathered_and_the_first_of_them_counts() {
        let mut pace = Pace::default();
        assert_eq!(pace.poll_timeout(), None);
        pace.handle_change(at(100));
        pace.handle_change(at(115));
        assert_eq!(pace.poll_timeout(), Some(at(120)));
        pace.handle_taken();
        assert_eq!(pace.poll_timeout(), None);
    }

    #[test]
    fn the_writer_rests_nine_times_as_long_as_a_commit_took() {
        for (took, due) in [(1, 121), (5, 145), (100, 1000), (111, 1099), (5000, 1100)] {
            let mut pace = Pace::default();
            pace.handle_committed(Duration::from_millis(took), at(100));
            pace.handle_change(at(101));
            assert_eq!(pace.poll_timeout(), Some(at(due)), "after {took} ms");
        }
    }

    #[test]
    fn its_share_of_time_is_a_tenth_however_busy_the_rooms_are() {
        for took in [1, 3, 10, 50, 111] {
            let (mut pace, mut now, mut busy) = (Pace::default(), 0, 0);
            while now < 100_000 {
                pace.handle_change(at(now));
                let due = pace.poll_timeout().expect("something has changed");
                now = now.max(u64::try_from(due.since_start().as_millis()).expect("small"));
                pace.handle_taken();
                (now, busy) = (now + took, busy + took);
                pace.handle_committed(Duration::from_millis(took), at(now));
            }
            assert!(busy * 10 <= now + 10 * took, "{busy} of {now} ms, {took} each");
        }
    }

    #[test]
    fn who_waits_is_served_at_once_and_once() {
        let mut pace = Pace::default();
        pace.handle_committed(Duration::from_millis(50), at(100));
        pace.handle_waiter();
        pace.handle_change(at(101));
        assert_eq!(pace.poll_timeout(), Some(at(550)), "nobody waits for what wasn't changed");
        pace.handle_waiter();
        assert!(pace.poll_timeout() <= Some(at(101)));
        pace.handle_taken();
        pace.handle_change(at(102));
        assert_eq!(pace.poll_timeout(), Some(at(550)));
    }

    #[test]
    fn a_broken_store_is_tried_once_a_minute_whoever_waits() {
        let mut pace = Pace::default();
        pace.handle_change(at(0));
        pace.handle_taken();
        pace.handle_failed(at(30));
        pace.handle_change(at(40));
        pace.handle_waiter();
        assert_eq!(pace.poll_timeout(), Some(at(60_030)));
        pace.handle_taken();
        pace.handle_failed(at(60_040));
        assert_eq!(pace.poll_timeout(), Some(at(120_040)));
        pace.handle_taken();
        pace.handle_committed(Duration::from_millis(1), at(120_050));
        assert_eq!(pace.poll_timeout(), None);
        pace.handle_change(at(121_000));
        assert_eq!(pace.poll_timeout(), Some(at(121_020)));
    }
}
