//! How fast everything together has moved, second by second, for the chart.
//!
//! Owns the samples. They are speeds of what moves now, so bytes that were there before are in none
//! of them; a second in which nothing moved is a zero, and so the time axis never lies.

use couplet::time::Moment;
use std::collections::VecDeque;
use std::time::Duration;

/// The time between two samples.
pub(crate) const EVERY: Duration = Duration::from_secs(1);
/// Samples that are kept: five minutes.
pub(crate) const MOST: usize = 300;
/// The time that they tell of.
const SPAN: Duration = EVERY.saturating_mul(300);

/// The samples, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    speeds: VecDeque<u64>,
    /// When the next one is due; none before anything has moved.
    next: Option<Moment>,
}

impl Flow {
    /// Takes that since the last time all together went at `rate`, up to `now`; none if nothing could
    /// move.
    pub(super) fn note(&mut self, rate: Option<u64>, now: Moment) {
        let Some(mut next) = self.next else {
            self.next = rate.map(|_| now + EVERY);
            return;
        };
        // Nobody looks that far back, and a machine that slept has nothing to tell.
        if now.since(next) > SPAN {
            self.speeds.clear();
            self.next = rate.map(|_| now + EVERY);
            return;
        }
        while next <= now {
            if self.speeds.len() == MOST {
                self.speeds.pop_front();
            }
            self.speeds.push_back(rate.unwrap_or(0));
            next = next + EVERY;
        }
        self.next = Some(next);
    }

    /// When the next sample is due.
    pub(super) const fn next(&self) -> Option<Moment> {
        self.next
    }

    /// The latest `count` samples, if anything moved in that time.
    pub(crate) fn latest(&self, count: usize) -> Option<Vec<u64>> {
        let skip = self.speeds.len().saturating_sub(count);
        let latest: Vec<u64> = self.speeds.iter().skip(skip).copied().collect();
        latest.iter().any(|speed| *speed > 0).then_some(latest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: u64) -> Moment {
        Moment::from_start(Duration::from_secs(second))
    }

    #[test]
    fn every_second_has_its_sample_whenever_it_is_told() {
        let mut flow = Flow::default();
        flow.note(None, second(5));
        assert_eq!((flow.next(), flow.latest(9)), (None, None));
        flow.note(Some(0), second(10));
        assert_eq!(flow.next(), Some(second(11)));
        flow.note(Some(7), second(12));
        // Nothing could move for a while, which is no gap in the time.
        flow.note(None, second(14));
        flow.note(Some(3), second(15));
        assert_eq!(flow.latest(9), Some(vec![7, 7, 0, 0, 3]));
        assert_eq!(flow.latest(2), Some(vec![0, 3]));
        flow.note(Some(0), second(17));
        assert_eq!(flow.latest(2), None, "nothing to show of seconds without a byte");
    }

    #[test]
    fn it_is_bounded_and_forgets_what_was_long_ago() {
        let mut flow = Flow::default();
        for tick in 0..10_000_u64 {
            flow.note(Some(tick), Moment::from_start(Duration::from_millis(tick * 100)));
        }
        assert_eq!(flow.speeds.len(), MOST);
        flow.note(Some(1), second(1_000 + 2 * MOST as u64));
        assert_eq!(flow.latest(MOST), None);
        assert_eq!(flow.next(), Some(second(1_001 + 2 * MOST as u64)));
    }
}
