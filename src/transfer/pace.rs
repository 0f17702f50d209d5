//! How fast a transfer may be, if somebody wants it slow.
//!
//! Owns the account of one rate limit: bytes are saved up while nothing is sent, for a quarter of a
//! second at most, and what is sent beyond them is waited for. Waiting is the shells'.

use crate::time::Moment;
use std::time::Duration;

/// How long a pause may be made up for by a burst.
const BURST: Duration = Duration::from_millis(250);

/// The account.
///
/// ```
/// use couplet::time::Moment;
/// use couplet::transfer::pace::Pace;
/// use std::time::Duration;
///
/// let mut pace = Pace::new(Some(1000));
/// assert_eq!(pace.delay(250, Moment::START), Duration::ZERO);
/// assert_eq!(pace.delay(500, Moment::START), Duration::from_millis(500));
/// ```
#[derive(Debug, Clone)]
pub struct Pace {
    limit: Option<u64>,
    /// When everything that was sent will have been paid for, and a whole burst is saved again.
    full_at: Moment,
}

impl Pace {
    /// At most so many bytes a second; without a limit as fast as it goes.
    #[must_use]
    pub const fn new(limit: Option<u64>) -> Self {
        Self { limit, full_at: Moment::START }
    }

    /// Sets another limit. What was sent before stays paid for as it was.
    pub const fn set_limit(&mut self, limit: Option<u64>) {
        if limit.is_none() {
            self.full_at = Moment::START;
        }
        self.limit = limit;
    }

    /// Whether there is a limit.
    #[must_use]
    pub const fn is_limited(&self) -> bool {
        self.limit.is_some()
    }

    /// How long to wait at `now` before `bytes` are sent; they count as sent. More than a burst at once
    /// is let through late, never refused. A limit of nothing is one of a byte a second.
    pub fn delay(&mut self, bytes: u64, now: Moment) -> Duration {
        let Some(limit) = self.limit else { return Duration::ZERO };
        self.full_at = self.full_at.max(now) + cost(bytes, limit);
        self.full_at.since(now).saturating_sub(BURST)
    }
}

/// How long so many bytes take.
fn cost(bytes: u64, limit: u64) -> Duration {
    let nanos = (u128::from(bytes) * 1_000_000_000).div_ceil(u128::from(limit.max(1)));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: u64) -> Moment {
        Moment::from_start(Duration::from_millis(millis))
    }

    #[test]
    fn without_a_limit_nothing_waits() {
        let mut pace = Pace::new(None);
        assert_eq!(pace.delay(u64::MAX, at(0)), Duration::ZERO);
        pace.set_limit(Some(10));
        assert!(pace.is_limited() && pace.delay(100, at(0)) > Duration::from_secs(9));
        pace.set_limit(None);
        assert_eq!(pace.delay(u64::MAX, at(0)), Duration::ZERO);
    }

    #[test]
    fn a_pause_is_made_up_for_by_a_quarter_of_a_second_at_most() {
        let mut pace = Pace::new(Some(1000));
        assert_eq!(pace.delay(1000, at(0)), Duration::from_millis(750));
        // The next second's bytes wait until the first are paid for.
        assert_eq!(pace.delay(100, at(750)), Duration::from_millis(100));
        assert_eq!(pace.delay(250, at(100_000)), Duration::ZERO);
        assert_eq!(pace.delay(1, at(100_000)), Duration::from_millis(1));
        // A tenth of a second saves a tenth.
        assert_eq!(pace.delay(100, at(100_101)), Duration::ZERO);
    }

    #[test]
    fn numbers_without_sense_do_no_harm() {
        let mut pace = Pace::new(Some(0));
        assert!(pace.delay(u64::MAX, at(1)) > Duration::from_secs(1_000_000_000));
        assert!(pace.delay(u64::MAX, at(2)) > Duration::from_secs(1_000_000_000));
        let mut fast = Pace::new(Some(u64::MAX));
        assert_eq!(fast.delay(1 << 40, at(1)), Duration::ZERO);
    }

    proptest! {
        #[test]
        fn no_span_has_more_than_the_limit_and_a_burst(
            limit in 1000..10_000_000_u64,
            sends in prop::collection::vec((1..300_000_u64, 0..400_u64), 1..60),
        ) {
            let mut pace = Pace::new(Some(limit));
            let (mut now, mut sent) = (at(5), Vec::new());
            for (bytes, pause) in sends {
                now = now + pace.delay(bytes, now);
                sent.push((now, bytes));
                now = now + Duration::from_millis(pause);
            }
            for (first, (from, _)) in sent.iter().enumerate() {
                // What is let through at the end of a wait is paid for, so it counts before the span.
                let mut bytes = 0;
                for (to, more) in &sent[first + 1..] {
                    bytes += more;
                    let span = to.since(*from) + BURST;
                    let most = u128::from(limit) * span.as_nanos() / 1_000_000_000;
                    prop_assert!(u128::from(bytes) <= most + 2, "{} of {}", bytes, most);
                }
            }
        }
    }
}
