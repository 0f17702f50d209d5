//! What the pipes of one address may move in a day.
//!
//! Owns the bytes of the last 24 hours by address and hour. It is bounded: of so many addresses at
//! once, the one that moved least is forgotten for another. It knows nothing of pipes.

use crate::clock::Clock;
use crate::lock::lock;
use couplet::time::Moment;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Addresses that are remembered at once.
pub(super) const MAX_ADDRESSES: usize = 10_000;

const HOUR: u64 = 3600;
const HOURS: usize = 24;

/// Bytes that a pipe moves before they are counted to its address, so that reads needn't wait for
/// each other.
const SETTLE_BYTES: u64 = 4 * 1024 * 1024;

/// The quota, and what was moved.
#[derive(Debug)]
pub(super) struct Quota {
    limit: u64,
    days: Mutex<HashMap<IpAddr, Day>>,
}

/// What one address moved: hour `h` since the start is in place `h % 24`.
#[derive(Debug, Default)]
struct Day {
    bytes: [u64; HOURS],
    hour: u64,
}

impl Day {
    /// Forgets the hours that are over.
    fn turn_to(&mut self, hour: u64) {
        let passed = hour.saturating_sub(self.hour).min(24);
        for step in 1..=passed {
            self.bytes[place(self.hour + step)] = 0;
        }
        self.hour = self.hour.max(hour);
    }

    fn sum(&self) -> u64 {
        self.bytes.iter().fold(0, |sum, bytes| sum.saturating_add(*bytes))
    }
}

impl Quota {
    /// Nothing has been moved.
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, days: Mutex::default() }
    }

    /// How long until there is room again, if there is none.
    fn wait(&self, address: IpAddr, now: Moment) -> Option<Duration> {
        let mut days = lock(&self.days);
        let day = days.get_mut(&address)?;
        day.turn_to(hour(now));
        let mut over = day.sum().checked_sub(self.limit)?;
        // The oldest hour ends first; the first of them that takes enough away is waited for.
        for age in (0..24).rev() {
            let Some(begun) = day.hour.checked_sub(age) else { continue };
            let bytes = day.bytes[place(begun)];
            if bytes > over {
                let end = Moment::from_start(Duration::from_secs((begun + 24) * HOUR));
                return Some(end.since(now));
            }
            over -= bytes;
        }
        None
    }

    /// So much was moved; whether there is room for more.
    fn count(&self, address: IpAddr, bytes: u64, now: Moment) -> bool {
        let mut days = lock(&self.days);
        if days.len() >= MAX_ADDRESSES && !days.contains_key(&address) {
            let least = days.iter().min_by_key(|(_, day)| day.sum()).map(|(address, _)| *address);
            least.map(|least| days.remove(&least));
        }
        let day = days.entry(address).or_default();
        day.turn_to(hour(now));
        let now_at = &mut day.bytes[place(day.hour)];
        *now_at = now_at.saturating_add(bytes);
        day.sum() < self.limit
    }
}

/// One pipe's way to the quota of its address.
#[derive(Debug, Clone)]
pub(super) struct Account {
    quota: Arc<Quota>,
    address: IpAddr,
    /// What isn't counted yet.
    unsettled: u64,
}

/// There is no room for more.
#[derive(Debug)]
pub(super) struct Exhausted;

impl Account {
    /// Of this address.
    pub(super) const fn new(quota: Arc<Quota>, address: IpAddr) -> Self {
        Self { quota, address, unsettled: 0 }
    }

    /// How long until there is room again, if there is none.
    pub(super) fn wait(&self, now: Moment) -> Option<Duration> {
        self.quota.wait(self.address, now)
    }

    /// So much more has moved.
    pub(super) fn count(&mut self, bytes: u64, clock: Clock) -> Result<(), Exhausted> {
        self.unsettled = self.unsettled.saturating_add(bytes);
        if self.unsettled < SETTLE_BYTES.min(self.quota.limit / 64) {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.unsettled);
        let has_room = self.quota.count(self.address, bytes, clock.now());
        if has_room { Ok(()) } else { Err(Exhausted) }
    }

    /// The pipe has ended.
    pub(super) fn settle(&mut self, clock: Clock) {
        let bytes = std::mem::take(&mut self.unsettled);
        if bytes > 0 {
            self.quota.count(self.address, bytes, clock.now());
        }
    }
}

fn hour(now: Moment) -> u64 {
    now.since_start().as_secs() / HOUR
}

fn place(hour: u64) -> usize {
    usize::try_from(hour % 24).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: u64) -> Moment {
        Moment::START + Duration::from_mins(minutes)
    }

    #[test]
    fn a_day_slides_by_the_hour_and_says_when_there_is_room() {
        let quota = Quota::new(1000);
        let [one, two] = [1, 2].map(|last| IpAddr::from([192, 0, 2, last]));
        assert!(quota.count(one, 400, at(30)));
        assert!(quota.count(one, 599, at(90)));
        assert_eq!(quota.wait(one, at(91)), None);
        assert!(!quota.count(one, 1, at(100)));
        // What was moved in the first hour is forgotten when that hour is a day old.
        assert_eq!(quota.wait(one, at(100)), Some(Duration::from_mins(24 * 60 - 100)));
        assert_eq!(quota.wait(two, at(100)), None);
        assert_eq!(quota.wait(one, at(24 * 60)), None);
        assert!(quota.count(one, 399, at(24 * 60)));
        assert!(!quota.count(one, 500, at(24 * 60)));
        // Now the second hour's 600 must go.
        assert_eq!(quota.wait(one, at(24 * 60)), Some(Duration::from_hours(1)));
        assert_eq!(quota.wait(one, at(100 * 60)), None);
        assert_eq!(lock(&quota.days)[&one].sum(), 0);
    }

    #[test]
    fn many_addresses_take_bounded_memory_and_the_one_that_moved_most_stays() {
        let quota = Quota::new(1000);
        let busy = IpAddr::from([192, 0, 2, 1]);
        assert!(!quota.count(busy, 5000, at(0)));
        for number in 0..12_000_u32 {
            quota.count(IpAddr::from(number.to_be_bytes()), 1, at(0));
        }
        assert_eq!(lock(&quota.days).len(), MAX_ADDRESSES);
        assert!(quota.wait(busy, at(1)).is_some());
    }
}
