//! How often the two clients of a pairing couldn't agree on keys, and how long whoever tries next
//! must wait for it.
//!
//! Owns the count and the waits. Each exchange tests one guess of a code, and the clients say when
//! one failed; the relay sees no more than that. A slip of the tongue costs nothing; after that each
//! failure doubles the wait, so guessing a code of two words takes longer than anybody has.

use crate::time::Moment;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// Failures that cost no wait.
const FREE: u32 = 3;

/// The wait after the first failure that costs one; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// How long after the last failure all is forgotten.
const FORGET_AFTER: Duration = Duration::from_hours(1);

/// How many rooms or addresses are remembered; the one that failed longest ago goes first.
const MAX_REMEMBERED: usize = 4096;

/// The failures of rooms, or of addresses.
#[derive(Debug)]
pub struct Guesses<K> {
    counts: HashMap<K, Count>,
    all: u64,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    failures: u32,
    last: Moment,
}

impl<K> Default for Guesses<K> {
    fn default() -> Self {
        Self { counts: HashMap::new(), all: 0 }
    }
}

impl<K: Hash + Eq + Clone> Guesses<K> {
    /// An exchange failed there.
    pub fn handle_failed(&mut self, place: K, now: Moment) {
        self.all += 1;
        if self.counts.len() >= MAX_REMEMBERED && !self.counts.contains_key(&place) {
            self.counts.retain(|_, count| now.since(count.last) < FORGET_AFTER);
            if self.counts.len() >= MAX_REMEMBERED {
                let oldest = self.counts.iter().min_by_key(|(_, count)| count.last);
                if let Some(oldest) = oldest.map(|(place, _)| place.clone()) {
                    self.counts.remove(&oldest);
                }
            }
        }
        let count = self.counts.entry(place).or_insert(Count { failures: 0, last: now });
        if now.since(count.last) >= FORGET_AFTER {
            count.failures = 0;
        }
        count.failures = count.failures.saturating_add(1);
        count.last = now;
    }

    /// How long the next try there must still wait; `None` if it needn't.
    #[must_use]
    pub fn wait(&self, place: &K, now: Moment) -> Option<Duration> {
        let count = self.counts.get(place)?;
        let doublings = count.failures.checked_sub(FREE + 1)?.min(16);
        let wait = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
        let left = (count.last + wait).since(now);
        (!left.is_zero()).then_some(left)
    }

    /// How many failed in all.
    #[must_use]
    pub const fn all(&self) -> u64 {
        self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_free_then_each_doubles_the_wait_up_to_a_minute() {
        let mut guesses = Guesses::default();
        let mut now = Moment::START;
        let mut waits = Vec::new();
        for _ in 0..12 {
            guesses.handle_failed("7", now);
            let wait = guesses.wait(&"7", now).unwrap_or_default();
            waits.push(wait.as_secs());
            now = now + wait;
            assert_eq!(guesses.wait(&"7", now), None);
        }
        assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(guesses.wait(&"8", now), None);
        assert_eq!(guesses.all(), 12);
    }

    #[test]
    fn it_is_forgotten_after_an_hour_and_the_memory_is_bounded() {
        let mut guesses = Guesses::default();
        for _ in 0..10 {
            guesses.handle_failed(0, Moment::START);
        }
        let later = Moment::START + FORGET_AFTER;
        guesses.handle_failed(0, later);
        assert_eq!(guesses.wait(&0, later), None);
        for place in 0..10_000 {
            guesses.handle_failed(place, later + Duration::from_millis(place));
        }
        assert_eq!(guesses.counts.len(), MAX_REMEMBERED);
        assert!(guesses.counts.contains_key(&9_999) && !guesses.counts.contains_key(&1));
    }
}
