//! How fast one client may go: frames and bytes of its control connection.
//!
//! Owns the arithmetic of two token buckets. It is pure: the time is passed in, once a read rather
//! than once a frame, and taking is a subtraction. What happens to a client that goes faster (it
//! isn't read for a moment, so nothing is lost) is `line`'s.

use couplet::time::Moment;
use std::time::Duration;

/// How many seconds' worth may come at once.
const BURST_SECONDS: u64 = 4;

/// A client that went too fast rests until it may go on for as long as this at its full speed, so
/// that it isn't woken for every frame.
pub(crate) const REST: Duration = Duration::from_millis(50);

/// How often a bucket is filled, so that the fractions of a token that are lost don't count.
const FILL_AFTER: Duration = Duration::from_millis(1);

/// The speeds; 0 for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Speeds {
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
}

/// What went too fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Excess {
    Frames,
    Bytes,
}

/// What one client may still send.
#[derive(Debug)]
pub(crate) struct Throttle {
    speeds: Speeds,
    frames: i64,
    bytes: i64,
    filled: Moment,
}

impl Throttle {
    /// One that is full.
    pub(crate) fn new(speeds: Speeds, now: Moment) -> Self {
        let [frames, bytes] = [speeds.frames, speeds.bytes].map(burst);
        Self { speeds, frames, bytes, filled: now }
    }

    /// So much time has passed. Called when something was read.
    pub(crate) fn fill(&mut self, now: Moment) {
        let passed = now.since(self.filled);
        if passed < FILL_AFTER {
            return;
        }
        self.filled = now;
        for (level, speed) in
            [(&mut self.frames, self.speeds.frames), (&mut self.bytes, self.speeds.bytes)]
        {
            *level = level.saturating_add(worth(speed, passed)).min(burst(speed));
        }
    }

    /// One frame of so many bytes has come.
    pub(crate) const fn take(&mut self, bytes: usize) {
        self.frames -= 1;
        self.bytes -= bytes.cast_signed() as i64;
    }

    /// How long to rest, and for what; none if the client may go on.
    pub(crate) fn excess(&mut self) -> Option<(Excess, Duration)> {
        let frames = (self.speeds.frames > 0 && self.frames < 0).then_some(Excess::Frames);
        let bytes = (self.speeds.bytes > 0 && self.bytes < 0).then_some(Excess::Bytes);
        let excess = frames.or(bytes)?;
        let rest = |level: i64, speed: u64| match (speed, level) {
            (0, _) | (_, 0..) => Duration::ZERO,
            _ => REST + Duration::from_micros(level.unsigned_abs() * 1_000_000 / speed),
        };
        let frames = rest(self.frames, self.speeds.frames);
        Some((excess, frames.max(rest(self.bytes, self.speeds.bytes))))
    }
}

fn burst(speed: u64) -> i64 {
    i64::try_from(speed.saturating_mul(BURST_SECONDS)).unwrap_or(i64::MAX)
}

/// What comes in that time.
fn worth(speed: u64, passed: Duration) -> i64 {
    let worth = u128::from(speed) * passed.as_micros() / 1_000_000;
    i64::try_from(worth).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEEDS: Speeds = Speeds { frames: 100, bytes: 10_000 };

    fn at(millis: u64) -> Moment {
        Moment::START + Duration::from_millis(millis)
    }

    #[test]
    fn a_burst_passes_and_then_the_speed_holds() {
        let mut throttle = Throttle::new(SPEEDS, Moment::START);
        let mut now = Moment::START;
        let mut taken = 0;
        while now < at(10_000) {
            throttle.fill(now);
            if let Some((excess, rest)) = throttle.excess() {
                assert_eq!(excess, Excess::Frames);
                assert!(rest >= REST && rest < 2 * REST, "{rest:?}");
                now = now + rest;
            } else {
                throttle.take(1);
                taken += 1;
            }
        }
        // Four seconds' worth at once, and ten seconds of the speed.
        assert!((1_390..=1_410).contains(&taken), "{taken}");
    }

    #[test]
    fn bytes_are_counted_on_their_own_and_a_large_frame_is_paid_off() {
        let mut throttle = Throttle::new(SPEEDS, Moment::START);
        throttle.take(50_000);
        let (excess, rest) = throttle.excess().expect("too much");
        assert_eq!((excess, rest), (Excess::Bytes, REST + Duration::from_secs(1)));
        throttle.fill(Moment::START + rest);
        assert_eq!(throttle.excess(), None);
    }

    #[test]
    fn whoever_keeps_to_the_speed_never_rests() {
        let mut throttle = Throttle::new(SPEEDS, Moment::START);
        for tick in 0..100_000 {
            throttle.fill(at(tick * 11));
            assert_eq!(throttle.excess(), None);
            throttle.take(100);
        }
    }

    #[test]
    fn zero_is_no_limit() {
        let mut throttle = Throttle::new(Speeds::default(), Moment::START);
        for _ in 0..1_000_000 {
            throttle.take(1 << 20);
        }
        assert_eq!(throttle.excess(), None);
        throttle.fill(at(100));
        assert_eq!(throttle.excess(), None);
    }
}
