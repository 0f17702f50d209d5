//! The keeper with a store in memory: order, waiting together, failures, the end.
//!
//! What survives a killed process is tested with the real database, in `embedded_tests.rs`.

use super::super::memory::Memory;
use super::*;
use std::collections::BTreeMap;
use std::hint::black_box;

/// How long what must come is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Rooms and their records, as the relay would have them.
#[derive(Clone, Default)]
struct Rooms(Arc<Mutex<BTreeMap<u64, Vec<u8>>>>);

impl Rooms {
    fn set(&self, room: u64, record: &str) {
        lock(&self.0).insert(room, record.as_bytes().to_vec());
    }

    fn close(&self, room: u64) {
        lock(&self.0).remove(&room);
    }

    fn now(&self) -> BTreeMap<u64, Vec<u8>> {
        lock(&self.0).clone()
    }

    fn snapshot(&self) -> Snapshot {
        let rooms = self.clone();
        Box::new(move |room| lock(&rooms.0).get(&room).cloned())
    }
}

fn start() -> (Memory, Rooms, Keeper) {
    let (memory, rooms) = (Memory::default(), Rooms::default());
    let keeper = Keeper::start(Box::new(memory.clone()), rooms.snapshot()).expect("a thread");
    (memory, rooms, keeper)
}

fn put(room: u64, record: &str) -> Change {
    Change::Put { room, record: record.as_bytes().to_vec() }
}

async fn soon(future: impl Future<Output = ()>) {
    tokio::time::timeout(PATIENCE, future).await.expect("settled in time");
}

/// Whether it is done by now.
async fn is_done(future: &mut (impl Future<Output = ()> + Unpin)) -> bool {
    std::future::poll_fn(|context| {
        let polled = std::pin::Pin::new(&mut *future).poll(context);
        std::task::Poll::Ready(polled.is_ready())
    })
    .await
}

#[tokio::test]
async fn what_was_waited_for_is_committed() {
    let (memory, rooms, keeper) = start();
    rooms.set(7, "one");
    soon(keeper.flush(keeper.changed(7))).await;
    assert_eq!(memory.records(), rooms.now());
    rooms.set(7, "two");
    rooms.set(8, "three");
    keeper.changed(7);
    soon(keeper.flush(keeper.changed(8))).await;
    assert_eq!(memory.records(), rooms.now());
    rooms.close(7);
    soon(keeper.flush(keeper.changed(7))).await;
    assert_eq!(memory.records(), rooms.now());
    // A ticket that is settled stays so.
    soon(keeper.flush(Ticket(0))).await;
    assert_eq!(keeper.written().failures, 0);
}

#[test]
fn what_nobody_waits_for_is_committed_as_well() {
    let (memory, rooms, keeper) = start();
    rooms.set(7, "one");
    keeper.changed(7);
    memory.wait_for_commits(1);
    assert_eq!(memory.commits(), [[put(7, "one")]]);
}

#[tokio::test]
async fn all_that_changes_during_a_commit_is_in_the_next_one_in_order() {
    let (memory, rooms, keeper) = start();
    memory.shut_gate();
    rooms.set(5, "first");
    let first = keeper.flush(keeper.changed(5));
    memory.wait_at_gate();
    let mut waiting = Vec::new();
    for room in [9, 3, 5, 4] {
        rooms.set(room, "second");
        waiting.push(Box::pin(keeper.flush(keeper.changed(room))));
    }
    rooms.close(4);
    for one in &mut waiting {
        assert!(!is_done(one).await, "it isn't committed");
    }
    memory.open_gate();
    soon(first).await;
    for one in waiting {
        soon(one).await;
    }
    let second = vec![put(3, "second"), Change::Remove { room: 4 }];
    let second = [second, vec![put(5, "second"), put(9, "second")]].concat();
    assert_eq!(memory.commits(), [vec![put(5, "first")], second]);
    assert_eq!(keeper.written(), Written { commits: 2, records: 5, failures: 0 });
}

#[tokio::test]
async fn a_change_during_its_own_commit_is_not_lost() {
    let (memory, rooms, keeper) = start();
    memory.shut_gate();
    rooms.set(5, "first");
    let first = keeper.flush(keeper.changed(5));
    memory.wait_at_gate();
    rooms.set(5, "second");
    let second = keeper.flush(keeper.changed(5));
    memory.open_gate();
    soon(first).await;
    soon(second).await;
    assert_eq!(memory.records(), rooms.now());
}

#[tokio::test]
async fn a_large_batch_is_committed_in_parts() {
    let (memory, rooms, keeper) = start();
    memory.shut_gate();
    keeper.changed(0);
    drop(keeper.flush(keeper.changed(0)));
    memory.wait_at_gate();
    let record = "x".repeat(MAX_COMMIT_BYTES / 4);
    for room in 1..=9 {
        rooms.set(room, &record);
        keeper.changed(room);
    }
    let all = keeper.flush(keeper.changed(0));
    memory.open_gate();
    soon(all).await;
    // The removal of room 0 and four, four, one.
    let sizes: Vec<_> = memory.commits().iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, 5, 4, 1]);
    assert_eq!(memory.records(), rooms.now());
}

#[tokio::test]
async fn a_failing_store_holds_nobody_up_and_nothing_is_forgotten() {
    let (memory, rooms, keeper) = start();
    memory.fail(true);
    rooms.set(1, "one");
    soon(keeper.flush(keeper.changed(1))).await;
    for room in 2..100 {
        rooms.set(room, "more");
        soon(keeper.flush(keeper.changed(room))).await;
    }
    assert_eq!(memory.failures(), 1, "it is left alone for a minute");
    assert_eq!(keeper.written(), Written { commits: 0, records: 0, failures: 1 });
    // The end is its last chance.
    memory.fail(false);
    keeper.end();
    assert_eq!(memory.records(), rooms.now());
}

#[tokio::test]
async fn those_who_wait_during_the_commit_that_fails_are_let_go() {
    let (memory, rooms, keeper) = start();
    memory.shut_gate();
    memory.fail(true);
    rooms.set(1, "one");
    let first = keeper.flush(keeper.changed(1));
    memory.wait_at_gate();
    rooms.set(2, "two");
    let second = keeper.flush(keeper.changed(2));
    memory.open_gate();
    soon(first).await;
    soon(second).await;
    assert_eq!(memory.failures(), 1);
}

/// Without a thread, so that only what was asked for shows.
#[test]
fn who_waits_hurries_what_is_not_taken_yet_and_nothing_else() {
    let (keeper, mut writer) =
        Keeper::with_writer(Box::new(Memory::default()), Rooms::default().snapshot());
    let due = || lock(&keeper.shared.state).pace.poll_timeout();
    let far = Moment::from_start(Duration::from_hours(1));
    lock(&keeper.shared.state).pace.handle_committed(END_WITHIN, far);
    let first = keeper.changed(1);
    assert!(due() > Some(far), "it rests");
    drop(keeper.flush(first));
    assert!(due() < Some(far), "somebody waits");
    assert_eq!(writer.take(), (0, false));
    let second = keeper.changed(1);
    drop(keeper.flush(first));
    assert!(due() > Some(far), "what is waited for is being written");
    assert!(second > first);
}

/// Without a thread, so that the test decides when what is written.
#[test]
fn rooms_that_are_over_are_not_remembered_for_ever_while_a_store_fails() {
    let (memory, rooms) = (Memory::default(), Rooms::default());
    memory.fail(true);
    let (keeper, mut writer) = Keeper::with_writer(Box::new(memory.clone()), rooms.snapshot());
    rooms.set(5, "goes on");
    let many = u64::try_from(MAX_OVER).expect("small") + 10;
    let left = [many, 20].map(|count| {
        for room in 0..count {
            keeper.changed(room);
        }
        drop(keeper.flush(keeper.changed(0)));
        let (_, is_last) = writer.take();
        assert!(!is_last);
        let error = writer.write().expect_err("it fails");
        writer.handle_failed(&error);
        // Else the next attempt would be a minute later.
        lock(&keeper.shared.state).pace = Pace::default();
        lock(&keeper.shared.state).pace.handle_change(Moment::START);
        lock(&keeper.shared.state).dirty.len()
    });
    assert_eq!(left, [1, 20], "of many only the one that goes on, of few all");
}

#[tokio::test]
async fn a_store_that_stands_still_holds_nobody_up_for_long() {
    let (memory, rooms, keeper) = start();
    memory.shut_gate();
    rooms.set(1, "one");
    soon(keeper.flush(keeper.changed(1))).await;
    memory.wait_at_gate();
    assert!(memory.records().is_empty());
    memory.open_gate();
    keeper.end();
    assert_eq!(memory.records(), rooms.now());
}

#[tokio::test]
async fn the_end_writes_what_is_left_and_lets_everybody_go() {
    let (memory, rooms, keeper) = start();
    memory.shut_gate();
    rooms.set(1, "one");
    let first = keeper.flush(keeper.changed(1));
    memory.wait_at_gate();
    rooms.set(2, "two");
    keeper.changed(2);
    memory.open_gate();
    keeper.end();
    assert_eq!(memory.records(), rooms.now());
    soon(first).await;
    // There is nobody to write it any more, nor to wait for, nor memory spent on it.
    soon(keeper.flush(keeper.changed(3))).await;
    assert!(lock(&keeper.shared.state).dirty.is_empty());
    keeper.end();
}

#[test]
fn the_end_does_not_wait_for_ever() {
    let (memory, rooms, keeper) = start();
    memory.shut_gate();
    rooms.set(1, "one");
    drop(keeper.flush(keeper.changed(1)));
    memory.wait_at_gate();
    let clock = Clock::start();
    let began = clock.now();
    keeper.end();
    let took = clock.now().since(began);
    assert!(took >= END_WITHIN && took < PATIENCE, "{took:?}");
    memory.open_gate();
}

#[tokio::test]
async fn a_keeper_that_is_dropped_writes_what_is_left() {
    let (memory, rooms, keeper) = start();
    rooms.set(1, "one");
    keeper.changed(1);
    drop(keeper);
    memory.wait_for_commits(1);
    assert_eq!(memory.records(), rooms.now());
}

#[tokio::test]
async fn a_snapshot_that_panics_costs_the_records_and_nothing_else() {
    let memory = Memory::default();
    let panics: Snapshot = Box::new(|_| panic!("on purpose"));
    let keeper = Keeper::start(Box::new(memory.clone()), panics).expect("a thread");
    soon(keeper.flush(keeper.changed(1))).await;
    soon(keeper.flush(keeper.changed(2))).await;
    keeper.end();
    assert_eq!(memory.commits().len(), 0);
}

/// A word's share of it must not be felt: it costs no more than a few entries in a locked map. The best
/// of several rounds counts, so that a busy machine doesn't break it.
#[test]
fn a_change_is_cheap() {
    const ROUNDS: u32 = 20;
    const CALLS: u32 = 10_000;
    const MOST: u32 = 4;
    let (memory, _, keeper) = start();
    memory.shut_gate();
    let clock = Clock::start();
    let round = |change: &dyn Fn(u64)| {
        let began = clock.now();
        for room in 0..CALLS {
            change(black_box(u64::from(room % 1000)));
        }
        clock.now().since(began)
    };
    let best = |change: &dyn Fn(u64)| (0..ROUNDS).map(|_| round(change)).min().expect("rounds");
    let map = Mutex::new(std::collections::HashMap::new());
    let entry = best(&|room| {
        black_box(lock(&map).insert(room, room));
    });
    let changed = best(&|room| {
        black_box(keeper.changed(room));
    });
    memory.open_gate();
    assert!(changed < MOST * entry, "{changed:?}, and {entry:?} for entries in a map");
}
