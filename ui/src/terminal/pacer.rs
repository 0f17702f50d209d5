//! When a frame may be drawn.
//!
//! Owns the rate: at most 60 frames a second in the long run, with a few in hand, so that a lone
//! change is drawn at once even right after another.

use couplet::time::Moment;
use std::time::Duration;

/// The time that a frame costs.
const INTERVAL: Duration = Duration::from_nanos(16_666_667);
/// Frames that may follow each other at once after a pause.
const BURST: u32 = 3;

/// Counts frames against time.
#[derive(Debug, Default)]
pub(crate) struct Pacer {
    /// The moment up to which frames are paid for.
    paid_until: Moment,
}

impl Pacer {
    /// From when on a frame may be drawn.
    pub(crate) fn ready_at(&self) -> Moment {
        let credit = INTERVAL * (BURST - 1);
        Moment::from_start(self.paid_until.since_start().saturating_sub(credit))
    }

    /// A frame was drawn.
    pub(crate) fn drawn(&mut self, now: Moment) {
        self.paid_until = self.paid_until.max(now) + INTERVAL;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_a_second_and_a_lone_change_at_once() {
        let mut pacer = Pacer::default();
        let mut now = Moment::from_start(Duration::from_secs(5));
        assert!(pacer.ready_at() <= now);
        let end = now + Duration::from_secs(1);
        let mut frames = 0;
        while now < end {
            if pacer.ready_at() <= now {
                pacer.drawn(now);
                frames += 1;
            }
            now = now + Duration::from_micros(200);
        }
        assert!((60..=63).contains(&frames), "{frames}");
        // A progress frame just now, and a message right after it.
        now = now + Duration::from_secs(1);
        pacer.drawn(now);
        assert!(pacer.ready_at() <= now);
    }
}
