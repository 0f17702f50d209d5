//! The pipes that wait for their ends, and how many there may be.
//!
//! Owns the tokens and the counts of pipes: in all, of a room, and of an address. A token is good
//! for one try: it is gone with the first connection that names it, whatever becomes of that, and
//! it is gone when its time is over. It knows nothing of sockets.

use super::End;
use super::quota::{Account, Quota};
use crate::config::Config;
use crate::counters::{Count, Counters, Held};
use crate::gate::neighbourhood;
use crate::lock::lock;
use couplet::directory::RoomId;
use couplet::limits::MAX_PIPES_PER_ROOM;
use couplet::message::{ErrorCode, Token};
use couplet::time::Moment;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;

/// The pipes that wait for their ends, and the counts of all pipes.
#[derive(Debug)]
pub(crate) struct PipeTable {
    waiting: Mutex<Waiting>,
    counts: Arc<Mutex<Counts>>,
    quota: Option<Arc<Quota>>,
    counters: Arc<Counters>,
    max_pipes: usize,
    /// 0 for no limit.
    max_per_address: usize,
    limit: Duration,
}

#[derive(Debug, Default)]
struct Waiting {
    /// A token is taken out when it is used or when its time is over.
    ends: HashMap<Token, Arc<Pair>>,
    /// In the order of time, as all pipes may wait equally long.
    deadlines: VecDeque<(Moment, [Token; 2])>,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_room: HashMap<RoomId, usize>,
    by_address: HashMap<IpAddr, usize>,
}

/// There are as many pipes as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Full {
    /// In all.
    #[error("the relay has as many pipes as it may ({0}); wait until a transfer has ended")]
    All(usize),
    /// In this room.
    #[error("this room has as many pipes as it may ({0}); wait until a transfer has ended")]
    Room(usize),
    /// Asked for from this address.
    #[error(
        "your address has as many pipes as it may ({0}); wait until a transfer has ended, or ask the operator to raise --max-pipes-per-ip"
    )]
    Address(usize),
    /// Its bytes of a day have been moved.
    #[error(
        "your address has moved as many bytes through pipes as it may in 24 hours; there is room again in about {} min",
        .0.as_secs().div_ceil(60)
    )]
    Quota(Duration),
}

impl Full {
    /// What the client is told, for programs.
    pub(crate) const fn code(self) -> ErrorCode {
        match self {
            Self::All(_) | Self::Room(_) | Self::Address(_) => ErrorCode::TooManyPipes,
            Self::Quota(_) => ErrorCode::Quota,
        }
    }

    /// As what it is counted.
    pub(crate) const fn count(self) -> Count {
        match self {
            Self::All(_) => Count::PipesRefusedAll,
            Self::Room(_) => Count::PipesRefusedRoom,
            Self::Address(_) => Count::PipesRefusedAddress,
            Self::Quota(_) => Count::PipesRefusedQuota,
        }
    }
}

/// A pipe is counted as long as this lives.
#[derive(Debug)]
pub(crate) struct Slot {
    counts: Arc<Mutex<Counts>>,
    room: RoomId,
    counted_as: Option<IpAddr>,
    account: Option<Account>,
    _held: Held,
}

/// A pipe whose ends are coming.
pub(super) struct Pair {
    /// When the second end must have come.
    pub(super) deadline: Moment,
    /// How the second end reaches the first, once that is there.
    first: Mutex<Option<oneshot::Sender<End>>>,
    slot: Slot,
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pair").field("slot", &self.slot).finish_non_exhaustive()
    }
}

impl PipeTable {
    /// No pipes yet, with the limits of `config`.
    pub(crate) fn new(config: &Config) -> Arc<Self> {
        Arc::new(Self {
            waiting: Mutex::default(),
            counts: Arc::default(),
            quota: config.max_pipe_bytes_per_ip.map(|bytes| Arc::new(Quota::new(bytes))),
            counters: Arc::clone(&config.counters),
            max_pipes: size(config.max_pipes),
            max_per_address: size(config.max_pipes_per_ip),
            limit: config.timeouts.pipe,
        })
    }

    /// Counts one more pipe of `room`, to the address that asks for it: nobody can use up what
    /// belongs to somebody else.
    pub(crate) fn reserve(&self, room: RoomId, from: IpAddr, now: Moment) -> Result<Slot, Full> {
        self.forget_late(now);
        let account = self.quota.as_ref().zip(neighbourhood(from));
        let account = account.map(|(quota, address)| Account::new(Arc::clone(quota), address));
        if let Some(wait) = account.as_ref().and_then(|account| account.wait(now)) {
            return Err(Full::Quota(wait));
        }
        let counted_as = (self.max_per_address > 0).then(|| neighbourhood(from)).flatten();
        let mut counts = lock(&self.counts);
        if counts.all >= self.max_pipes {
            return Err(Full::All(self.max_pipes));
        }
        if of(&counts.by_room, &room) >= MAX_PIPES_PER_ROOM {
            return Err(Full::Room(MAX_PIPES_PER_ROOM));
        }
        if let Some(address) = counted_as {
            if of(&counts.by_address, &address) >= self.max_per_address {
                return Err(Full::Address(self.max_per_address));
            }
            *counts.by_address.entry(address).or_default() += 1;
        }
        counts.all += 1;
        *counts.by_room.entry(room).or_default() += 1;
        let held = self.counters.hold(Count::Pipes);
        Ok(Slot { counts: Arc::clone(&self.counts), room, counted_as, account, _held: held })
    }

    /// Whether a pipe of `room` waits or is open.
    pub(crate) fn has_any(&self, room: RoomId) -> bool {
        lock(&self.counts).by_room.contains_key(&room)
    }

    /// Lets each of `tokens` in once, to meet the other.
    pub(crate) fn expect(&self, slot: Slot, tokens: [Token; 2], now: Moment) {
        let deadline = now + self.limit;
        let pair = Arc::new(Pair { deadline, first: Mutex::new(None), slot });
        let mut waiting = lock(&self.waiting);
        waiting.deadlines.push_back((deadline, tokens));
        for token in tokens {
            waiting.ends.insert(token, Arc::clone(&pair));
        }
    }

    /// Uses a token up.
    pub(super) fn take(&self, token: Token, now: Moment) -> Option<Arc<Pair>> {
        lock(&self.waiting).ends.remove(&token).filter(|pair| pair.deadline > now)
    }

    fn forget_late(&self, now: Moment) {
        let mut waiting = lock(&self.waiting);
        while let Some((_, tokens)) =
            waiting.deadlines.pop_front_if(|(deadline, _)| *deadline <= now)
        {
            for token in tokens {
                waiting.ends.remove(&token);
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        counts.all -= 1;
        one_less(&mut counts.by_room, &self.room);
        if let Some(address) = &self.counted_as {
            one_less(&mut counts.by_address, address);
        }
    }
}

/// Who comes when.
pub(super) enum Turn {
    First(oneshot::Receiver<End>),
    Second(oneshot::Sender<End>),
}

impl Pair {
    /// One of the two ends is there.
    pub(super) fn arrive(&self) -> Turn {
        let mut first = lock(&self.first);
        first.take().map_or_else(
            || {
                let (sender, receiver) = oneshot::channel();
                *first = Some(sender);
                Turn::First(receiver)
            },
            Turn::Second,
        )
    }

    /// Whose quota the pipe is counted to, if there is one.
    pub(super) fn account(&self) -> Option<Account> {
        self.slot.account.clone()
    }

    /// The room that the pipe was asked for in.
    pub(super) const fn room(&self) -> RoomId {
        self.slot.room
    }
}

fn of<K: Hash + Eq>(counts: &HashMap<K, usize>, key: &K) -> usize {
    counts.get(key).copied().unwrap_or_default()
}

fn one_less<K: Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

fn size(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use couplet::directory::Directory;

    const NOW: Moment = Moment::START;

    fn table(change: impl FnOnce(&mut Config)) -> Arc<PipeTable> {
        let mut config = Config::default();
        change(&mut config);
        PipeTable::new(&config)
    }

    fn rooms<const N: usize>() -> [RoomId; N] {
        let mut directory = Directory::new(N);
        std::array::from_fn(|_| directory.create(None).expect("room for a room"))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_has_so_many_pipes_over_all_rooms_until_one_ends() {
        let table = table(|config| config.max_pipes_per_ip = 2);
        let [one, two] = rooms();
        let from = address("192.0.2.7");
        let first = table.reserve(one, from, NOW).expect("room");
        let _second = table.reserve(two, from, NOW).expect("room");
        let refused = table.reserve(two, from, NOW).expect_err("too many");
        assert_eq!(refused, Full::Address(2));
        assert!(refused.to_string().contains("--max-pipes-per-ip"), "{refused}");
        // One customer of IPv6 is one address; others aren't concerned, nor is this machine.
        let customer: Vec<_> = ["2001:db8::1", "2001:db8::2"]
            .map(|text| table.reserve(one, address(text), NOW).expect("room"))
            .into();
        assert!(table.reserve(one, address("2001:db8::3"), NOW).is_err());
        assert!(table.reserve(one, address("2001:db8:0:1::1"), NOW).is_ok());
        let local: Vec<_> = (0..9).map(|_| table.reserve(one, address("127.0.0.1"), NOW)).collect();
        assert!(local.iter().all(Result::is_ok));
        drop((first, customer, local));
        assert!(table.reserve(two, from, NOW).is_ok());
    }

    #[test]
    fn zero_is_no_limit_of_an_address_and_the_other_limits_hold() {
        let table = table(|config| {
            config.max_pipes_per_ip = 0;
            config.max_pipes = 72;
        });
        let [one, two] = rooms();
        let from = address("192.0.2.7");
        let mut slots: Vec<_> =
            (0..MAX_PIPES_PER_ROOM).map(|_| table.reserve(one, from, NOW).expect("room")).collect();
        let full = table.reserve(one, from, NOW).expect_err("too many");
        assert_eq!(full, Full::Room(MAX_PIPES_PER_ROOM));
        while let Ok(slot) = table.reserve(two, from, NOW) {
            slots.push(slot);
        }
        assert_eq!(slots.len(), 72);
        assert_eq!(table.reserve(two, from, NOW).expect_err("too many"), Full::All(72));
        drop(slots);
        let counts = lock(&table.counts);
        assert!(counts.all == 0 && counts.by_room.is_empty() && counts.by_address.is_empty());
    }

    #[test]
    fn whoever_has_moved_its_bytes_of_the_day_gets_no_pipe_and_is_told_when() {
        let table = table(|config| config.max_pipe_bytes_per_ip = Some(1000));
        let [room] = rooms();
        let (from, other) = (address("192.0.2.7"), address("192.0.2.8"));
        let slot = table.reserve(room, from, NOW).expect("room");
        let mut account = slot.account.clone().expect("a quota");
        assert!(account.count(999, Clock::start()).is_ok());
        assert!(table.reserve(room, from, NOW).is_ok());
        assert!(account.count(20, Clock::start()).is_err());
        let refused = table.reserve(room, from, NOW).expect_err("too many bytes");
        assert_eq!((refused.code(), refused.count()), (ErrorCode::Quota, Count::PipesRefusedQuota));
        assert!(refused.to_string().contains("room again in about 1440 min"), "{refused}");
        assert!(table.reserve(room, other, NOW).is_ok());
        let local = table.reserve(room, address("127.0.0.1"), NOW).expect("room");
        assert!(local.account.is_none());
        assert!(table.reserve(room, from, NOW + Duration::from_hours(24)).is_ok());
    }

    #[test]
    fn a_token_is_taken_once_and_not_when_its_time_is_over() {
        let table = table(|config| config.timeouts.pipe = Duration::from_secs(20));
        let [room] = rooms();
        let from = address("192.0.2.7");
        let [a, b, c, d] = [1, 2, 3, 4].map(|byte| Token::from_bytes([byte; 16]));
        for tokens in [[a, b], [c, d]] {
            let slot = table.reserve(room, from, NOW).expect("room");
            table.expect(slot, tokens, NOW);
        }
        let in_time = NOW + Duration::from_millis(19_999);
        assert!(table.take(Token::from_bytes([9; 16]), in_time).is_none(), "never made");
        assert!(table.take(a, in_time).is_some());
        assert!(table.take(a, in_time).is_none(), "a second time");
        let late = NOW + Duration::from_secs(20);
        assert!(table.take(b, late).is_none(), "too late");
        assert!(table.take(b, in_time).is_none(), "a late try is a try too");
        // Tokens that nobody came with are forgotten, and what they held is given back.
        drop(table.reserve(room, from, late).expect("room"));
        assert!(lock(&table.waiting).ends.is_empty() && lock(&table.waiting).deadlines.is_empty());
        assert_eq!(lock(&table.counts).all, 0);
    }
}
