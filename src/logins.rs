//! Failed logins, and how long whoever tries next must wait for them.
//!
//! Owns the counts, the waits and the locks; who logs in with what is the relay's. Three are counted:
//!
//! | what fails | is slowed | is locked |
//! | --- | --- | --- |
//! | an account from one address | after a few failures, each doubling the wait | after some more, for minutes |
//! | an address, whatever the account | after more of them, likewise | after still more, likewise |
//! | an account, from wherever | after some, up to one try in so many seconds | never |
//!
//! So a stranger who tries an account locks out nobody but whoever has the same address. What is
//! slowed for everybody isn't for an address from which that account was logged in to before: its
//! rightful user gets in beside any number of strangers. This machine's own address stands for
//! everybody behind a proxy or tunnel. There an account is slowed, but nothing is locked, and the
//! address as such isn't counted.
//!
//! A try counts as a failure from its beginning until it is known to be none, so many at once gain
//! nothing.

use crate::account::AccountName;
use crate::time::Moment;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// How many of each sort are remembered; those that failed least, and of these the one that failed
/// longest ago, go first.
const MAX_REMEMBERED: usize = 4096;

/// From how many addresses an account is remembered to have been logged in to; the last ones stay.
const MAX_KNOWN: usize = 8;

/// How failures are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// An account from one address.
    pub pair: Steps,
    /// An address, whatever the account.
    pub address: Steps,
    /// An account, from whatever address.
    pub account: Steps,
    /// How long a lock lasts.
    pub lock: Duration,
    /// How long after the last failure all is forgotten.
    pub forget_after: Duration,
}

/// How one sort of failures is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// Failures that cost no wait.
    pub free: u32,
    /// The wait after the first failure that costs one; each further one doubles it.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// The failures that lock.
    pub lock_at: Option<u32>,
}

impl Default for Policy {
    fn default() -> Self {
        let first_wait = Duration::from_secs(1);
        let longest_wait = Duration::from_mins(1);
        Self {
            pair: Steps { free: 3, first_wait, longest_wait, lock_at: Some(10) },
            address: Steps { free: 20, first_wait, longest_wait, lock_at: Some(50) },
            account: Steps {
                free: 10,
                first_wait,
                longest_wait: Duration::from_secs(15),
                lock_at: None,
            },
            lock: Duration::from_mins(15),
            forget_after: Duration::from_hours(1),
        }
    }
}

/// Why somebody may not try now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Too soon after failures: the wait.
    Slow(Duration),
    /// Too many failures: for how long still.
    Locked(Duration),
}

impl Hold {
    /// How long to wait before the next try.
    #[must_use]
    pub const fn wait(self) -> Duration {
        match self {
            Self::Slow(wait) | Self::Locked(wait) => wait,
        }
    }
}

/// Whose try it is: what was given as the account's name, if it can be one, and the address as it is
/// counted, if it isn't this machine's own; what an address is, is the shell's to say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Try<A> {
    /// The account that was named; all that can't be names are one.
    pub account: Option<AccountName>,
    /// The address; none for this machine's own.
    pub address: Option<A>,
}

/// The failures. Every try that [`Logins::handle_try`] allows is followed by one of
/// [`Logins::handle_failed`] and [`Logins::handle_success`].
#[derive(Debug)]
pub struct Logins<A> {
    policy: Policy,
    pairs: Counts<Try<A>>,
    addresses: Counts<A>,
    accounts: Counts<Option<AccountName>>,
    known: HashMap<AccountName, Vec<A>>,
    failed: u64,
}

impl<A: Copy + Eq + Hash> Default for Logins<A> {
    fn default() -> Self {
        Self::new(Policy::default())
    }
}

impl<A: Copy + Eq + Hash> Logins<A> {
    /// With nothing that has failed yet.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            pairs: Counts::new(),
            addresses: Counts::new(),
            accounts: Counts::new(),
            known: HashMap::new(),
            failed: 0,
        }
    }

    /// Whether somebody may try now; nothing is counted.
    ///
    /// # Errors
    /// [`Hold`]: not now, and how long not. A lock comes before a longer wait.
    pub fn check(&self, who: &Try<A>, now: Moment) -> Result<(), Hold> {
        let Policy { pair, address, account, .. } = self.policy;
        // Whoever has this machine's address may be anybody.
        let pair = Steps { lock_at: who.address.and(pair.lock_at), ..pair };
        let holds = [
            self.pairs.hold(who, pair, now),
            who.address.and_then(|from| self.addresses.hold(&from, address, now)),
            self.accounts.hold(&who.account, account, now).filter(|_| !self.is_known(who)),
        ];
        let worst = holds.into_iter().flatten().max_by_key(|hold| match hold {
            Hold::Slow(wait) => (false, *wait),
            Hold::Locked(wait) => (true, *wait),
        });
        worst.map_or(Ok(()), Err)
    }

    /// The same, and if they may, the try is under way.
    ///
    /// # Errors
    /// [`Hold`], as [`Logins::check`] says.
    pub fn handle_try(&mut self, who: &Try<A>, now: Moment) -> Result<(), Hold> {
        self.check(who, now)?;
        self.pairs.begin(who, now, self.policy.forget_after);
        if let Some(from) = &who.address {
            self.addresses.begin(from, now, self.policy.forget_after);
        }
        self.accounts.begin(&who.account, now, self.policy.forget_after);
        Ok(())
    }

    /// The try was in vain.
    pub fn handle_failed(&mut self, who: &Try<A>, now: Moment) {
        let Policy { pair, address, account, lock, .. } = self.policy;
        self.failed += 1;
        let pair = Steps { lock_at: who.address.and(pair.lock_at), ..pair };
        self.pairs.fail(who, pair, lock, now);
        if let Some(from) = &who.address {
            self.addresses.fail(from, address, lock, now);
        }
        self.accounts.fail(&who.account, account, lock, now);
    }

    /// The try was right. What failed with this account is forgotten; what the address failed with
    /// others isn't, as whoever has an account could try all others beside it.
    pub fn handle_success(&mut self, who: &Try<A>) {
        self.pairs.forget(who);
        self.accounts.forget(&who.account);
        if let Some(from) = &who.address {
            self.addresses.take_back(from);
            self.know(who.account.as_ref(), *from);
        }
    }

    /// The try came to nothing without being right or wrong, such as for want of the database.
    pub fn handle_undecided(&mut self, who: &Try<A>) {
        self.pairs.take_back(who);
        self.accounts.take_back(&who.account);
        if let Some(from) = &who.address {
            self.addresses.take_back(from);
        }
    }

    /// How many failed in all.
    #[must_use]
    pub const fn failed(&self) -> u64 {
        self.failed
    }

    fn is_known(&self, who: &Try<A>) -> bool {
        let (Some(account), Some(address)) = (&who.account, &who.address) else { return false };
        self.known.get(account).is_some_and(|known| known.contains(address))
    }

    fn know(&mut self, account: Option<&AccountName>, address: A) {
        let Some(account) = account else { return };
        if self.known.len() >= MAX_REMEMBERED && !self.known.contains_key(account) {
            // Whichever: only accounts that there are get here, and the next login brings it back.
            let other = self.known.keys().next().cloned();
            other.map(|other| self.known.remove(&other));
        }
        let known = self.known.entry(account.clone()).or_default();
        known.retain(|known| *known != address);
        known.push(address);
        if known.len() > MAX_KNOWN {
            known.remove(0);
        }
    }
}

/// The failures of one sort.
#[derive(Debug)]
struct Counts<K>(HashMap<K, Count>);

#[derive(Debug, Clone, Copy)]
struct Count {
    failures: u32,
    /// Tries that are under way.
    under_way: u32,
    last: Moment,
    locked_until: Option<Moment>,
}

impl<K: Hash + Eq + Clone> Counts<K> {
    fn new() -> Self {
        Self(HashMap::new())
    }

    fn hold(&self, key: &K, steps: Steps, now: Moment) -> Option<Hold> {
        let count = self.0.get(key)?;
        let left = |until: Moment| Some(until.since(now)).filter(|left| !left.is_zero());
        if let Some(left) = count.locked_until.and_then(left) {
            return Some(Hold::Locked(left));
        }
        let wait = steps.wait(count.failures.saturating_add(count.under_way));
        // Tries that are under way began to fail only now.
        let since = if count.under_way > 0 { now } else { count.last };
        left(since + wait?).map(Hold::Slow)
    }

    fn begin(&mut self, key: &K, now: Moment, forget_after: Duration) {
        let is_over = |count: &Count| {
            let unlocked = count.locked_until.is_none_or(|until| until <= now);
            count.under_way == 0 && unlocked && now.since(count.last) >= forget_after
        };
        if self.0.get(key).is_some_and(is_over) {
            self.0.remove(key);
        }
        if self.0.len() >= MAX_REMEMBERED && !self.0.contains_key(key) {
            self.0.retain(|_, count| !is_over(count));
            self.make_room();
        }
        let new = Count { failures: 0, under_way: 0, last: now, locked_until: None };
        let count = self.0.entry(key.clone()).or_insert(new);
        count.under_way = count.under_way.saturating_add(1);
    }

    fn make_room(&mut self) {
        if self.0.len() >= MAX_REMEMBERED {
            let least = self.0.iter().filter(|(_, count)| count.under_way == 0);
            let least = least.min_by_key(|(_, count)| (count.failures, count.last));
            if let Some(least) = least.map(|(key, _)| key.clone()) {
                self.0.remove(&least);
            }
        }
    }

    fn fail(&mut self, key: &K, steps: Steps, lock: Duration, now: Moment) {
        let Some(count) = self.0.get_mut(key) else { return };
        count.under_way = count.under_way.saturating_sub(1);
        count.failures = count.failures.saturating_add(1);
        count.last = now;
        if steps.lock_at.is_some_and(|at| count.failures >= at) {
            count.locked_until = Some(now + lock);
            // A few more after it, each with its wait, until the next lock.
            count.failures = count.failures.saturating_sub(steps.free);
        }
    }

    /// What failed is forgotten, but not what is still under way.
    fn forget(&mut self, key: &K) {
        if let Some(count) = self.0.get_mut(key) {
            (count.failures, count.locked_until) = (0, None);
        }
        self.take_back(key);
    }

    fn take_back(&mut self, key: &K) {
        if let Some(count) = self.0.get_mut(key) {
            count.under_way = count.under_way.saturating_sub(1);
            if count.failures == 0 && count.under_way == 0 {
                self.0.remove(key);
            }
        }
    }
}

impl Steps {
    /// The wait after so many failures; none if they are free.
    fn wait(self, failures: u32) -> Option<Duration> {
        let doublings = failures.checked_sub(self.free + 1)?.min(16);
        Some(self.first_wait.saturating_mul(1 << doublings).min(self.longest_wait))
    }
}

#[cfg(test)]
#[path = "logins_tests.rs"]
mod tests;
