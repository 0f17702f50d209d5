//! What the operator is told of a shelf that can't be used as it should.
//!
//! Owns how often: whoever is at a door can bring the same trouble about again and again, and the log
//! must not grow with that.

use crate::clock::Clock;
use crate::lock::lock;
use couplet::time::Moment;
use std::sync::Mutex;
use std::time::Duration;
use tracing::{debug, warn};

/// How often something is said.
const EVERY: Duration = Duration::from_secs(10);

/// What was said, and when.
#[derive(Debug)]
pub(super) struct Complaints {
    clock: Clock,
    said: Mutex<Said>,
}

#[derive(Debug, Default)]
struct Said {
    last: Option<Moment>,
    /// How many weren't since.
    unsaid: u64,
}

impl Complaints {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, said: Mutex::default() }
    }

    /// Says this, unless something was said a moment ago.
    pub(super) fn say(&self, what: &str) {
        match lock(&self.said).may_say(self.clock.now()) {
            Some(0) => warn!("{what}"),
            Some(unsaid) => warn!(unsaid, "{what}"),
            None => debug!("{what}"),
        }
    }
}

impl Said {
    /// Whether something may be said now, and how much wasn't since the last time.
    fn may_say(&mut self, now: Moment) -> Option<u64> {
        if self.last.is_some_and(|last| now.since(last) < EVERY) {
            self.unsaid += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_again_and_again_is_said_now_and_then() {
        let mut said = Said::default();
        let at = |seconds| Moment::START + Duration::from_secs(seconds);
        assert_eq!(said.may_say(at(0)), Some(0));
        assert_eq!([1, 9, 9].map(|seconds| said.may_say(at(seconds))), [None; 3]);
        assert_eq!(said.may_say(at(10)), Some(3));
        assert_eq!(said.may_say(at(30)), Some(0));
    }
}
