//! How fast a transfer moves, how long it will take, and whether it stands still.
//!
//! Owns the moving average; which figures are shown when is the faces'. Feed it the bytes that moved
//! in this session only: resumed bytes would make a lie of the speed.

use crate::time::Moment;
use std::collections::VecDeque;
use std::time::Duration;

/// The span over which the speed is averaged.
const WINDOW: Duration = Duration::from_secs(5);

/// The shortest span that gives a speed worth showing.
const SHORTEST: Duration = Duration::from_millis(300);

/// How long nothing moves before that is worth showing.
const STALL: Duration = Duration::from_secs(3);

/// The most samples that are kept; more are thinned by replacing the newest.
const MAX_SAMPLES: usize = 128;

/// Samples of one transfer's progress.
#[derive(Debug, Clone)]
pub struct Rate {
    samples: VecDeque<(Moment, u64)>,
    moved_at: Moment,
}

impl Rate {
    /// Starts at `now` with nothing moved.
    #[must_use]
    pub fn new(now: Moment) -> Self {
        Self { samples: VecDeque::from([(now, 0)]), moved_at: now }
    }

    /// It moves again after a pause that is nobody's speed.
    pub fn begin(&mut self, now: Moment) {
        let done = self.samples.back().map_or(0, |(_, done)| *done);
        *self = Self { samples: VecDeque::from([(now, done)]), moved_at: now };
    }

    /// `done` bytes have moved by `now`.
    pub fn sample(&mut self, now: Moment, done: u64) {
        if self.samples.back().is_none_or(|(_, before)| *before != done) {
            self.moved_at = now;
        }
        if self.samples.len() >= MAX_SAMPLES {
            self.samples.pop_back();
        }
        self.samples.push_back((now, done));
        // One sample from before the window stays, so that the window is always covered.
        while self.samples.get(1).is_some_and(|(at, _)| now.since(*at) >= WINDOW) {
            self.samples.pop_front();
        }
    }

    /// Bytes per second over the last seconds; `None` until there are samples enough.
    #[must_use]
    pub fn per_second(&self) -> Option<u64> {
        let ((first_at, first), (last_at, last)) = (self.samples.front()?, self.samples.back()?);
        let span = last_at.since(*first_at);
        if span < SHORTEST {
            return None;
        }
        let bytes = u128::from(last.saturating_sub(*first));
        u64::try_from(bytes * 1000 / span.as_millis().max(1)).ok()
    }

    /// How long `remaining` bytes will take; `None` without a speed.
    #[must_use]
    pub fn eta(&self, remaining: u64) -> Option<Duration> {
        let rate = self.per_second().filter(|rate| *rate > 0)?;
        Some(Duration::from_secs(remaining.div_ceil(rate)))
    }

    /// How long nothing has moved, once that is worth showing.
    #[must_use]
    pub fn stalled_for(&self, now: Moment) -> Option<Duration> {
        let still = now.since(self.moved_at);
        (still >= STALL).then_some(still)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_start(Duration::from_millis(millis))
    }

    #[test]
    fn a_steady_flow_has_its_speed_and_its_end() {
        let mut rate = Rate::new(at(0));
        assert_eq!((rate.per_second(), rate.eta(1)), (None, None));
        for tick in 1..=100 {
            rate.sample(at(tick * 100), tick * 1000);
        }
        assert_eq!(rate.per_second(), Some(10_000));
        assert_eq!(rate.eta(25_000), Some(Duration::from_secs(3)));
        assert_eq!(rate.stalled_for(at(10_100)), None);
    }

    #[test]
    fn what_was_fast_long_ago_is_forgotten() {
        let mut rate = Rate::new(at(0));
        rate.sample(at(1000), 1_000_000);
        for tick in 11..=100 {
            rate.sample(at(tick * 100), 1_000_000 + (tick - 10) * 10);
        }
        let speed = rate.per_second().expect("a speed");
        assert!((90..=110).contains(&speed), "{speed}");
    }

    #[test]
    fn standing_still_is_noticed_and_ends() {
        let mut rate = Rate::new(at(0));
        rate.sample(at(100), 5);
        rate.sample(at(2000), 5);
        assert_eq!(rate.stalled_for(at(3000)), None);
        assert_eq!(rate.stalled_for(at(8100)), Some(Duration::from_secs(8)));
        rate.sample(at(9000), 6);
        assert_eq!(rate.stalled_for(at(9100)), None);
    }

    #[test]
    fn samples_are_bounded_however_often_they_come() {
        let mut rate = Rate::new(at(0));
        for tick in 0..10_000 {
            rate.sample(at(tick / 10), tick);
        }
        assert!(rate.samples.len() <= MAX_SAMPLES);
    }
}
