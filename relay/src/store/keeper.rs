//! The one thread that writes the rooms' records.
//!
//! Owns which rooms have changed since their record was written, the thread, and who waits for it.
//! When it writes is [`Pace`]'s; what a record holds is known to whoever gives the snapshots.
//!
//! Rooms only say that they have changed, which costs next to nothing; the thread then asks for
//! their records as they are by then. So however much is said in a room, it is written as often as
//! the pace allows. A store that fails holds nobody up: it is told to the log once, tried again
//! once a minute, and until then the relay goes on as if it had none.

use super::pace::Pace;
use super::{Change, Store, StoreError};
use crate::clock::Clock;
use crate::lock::lock;
use couplet::time::Moment;
use std::collections::HashSet;
use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;

/// How long [`Keeper::end`] waits for the last writes.
const END_WITHIN: Duration = Duration::from_secs(2);

/// The longest that anybody is held up by a disk that stands still.
const FLUSH_WITHIN: Duration = Duration::from_secs(2);

/// A commit has no more records once it has so many bytes: they are in memory meanwhile.
const MAX_COMMIT_BYTES: usize = 512 * 1024;

/// The most rooms that are remembered over while a store fails, those that go on aside.
const MAX_OVER: usize = 65_536;

/// How many places the sets of rooms keep when they are empty.
const KEPT_CAPACITY: usize = 1024;

/// Gives a room's record as it is now; `None` if the room is over.
pub(crate) type Snapshot = Box<dyn Fn(u64) -> Option<Vec<u8>> + Send>;

/// Up to when something has changed; see [`Keeper::flush`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// What the thread has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// Commits.
    pub(crate) commits: u64,
    /// Records written or removed by them.
    pub(crate) records: u64,
    /// Commits that failed.
    pub(crate) failures: u64,
}

/// The rooms' side of the thread. When it is dropped the thread writes what is left and ends by
/// itself; [`Self::end`] also waits for that.
pub(crate) struct Keeper {
    shared: Arc<Shared>,
    /// Up to which batch all is settled; closed once the thread has ended.
    settled: watch::Receiver<Settled>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    state: Mutex<State>,
    /// Wakes the thread, and whoever waits for its end.
    wake: Condvar,
    clock: Clock,
    commits: AtomicU64,
    records: AtomicU64,
    failures: AtomicU64,
}

#[derive(Default)]
struct State {
    /// The rooms that have changed since the last batch was taken.
    dirty: HashSet<u64>,
    /// The number of the batch they will be.
    batch: u64,
    pace: Pace,
    ending: bool,
    /// The thread has ended, or never will do anything again.
    ended: bool,
}

/// What those who wait see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    /// All batches before this one are committed.
    Before(u64),
    /// The store fails, so that there is nothing to wait for.
    Failing,
}

impl Keeper {
    /// Starts the thread. `snapshot` is called on it, without any lock of the keeper's held.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub(crate) fn start(store: Box<dyn Store>, snapshot: Snapshot) -> io::Result<Self> {
        let (keeper, writer) = Self::with_writer(store, snapshot);
        let thread = std::thread::Builder::new().name("store".to_owned());
        *lock(&keeper.thread) = Some(thread.spawn(move || writer.run())?);
        Ok(keeper)
    }

    fn with_writer(store: Box<dyn Store>, snapshot: Snapshot) -> (Self, Writer) {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            wake: Condvar::new(),
            clock: Clock::start(),
            commits: AtomicU64::new(0),
            records: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        });
        let (sender, settled) = watch::channel(Settled::Before(0));
        let writer =
            Writer { shared: Arc::clone(&shared), settled: sender, store, snapshot, batch: vec![] };
        (Self { shared, settled, thread: Mutex::default() }, writer)
    }

    /// This room has changed, or is over: its record will be written. To be called after the
    /// change, or under the same lock; that lock may be the one the snapshot takes.
    pub(crate) fn changed(&self, room: u64) -> Ticket {
        let mut state = lock(&self.shared.state);
        let ticket = Ticket(state.batch);
        // Without a thread nobody would ever take it out again.
        if !state.ended && state.dirty.insert(room) && state.dirty.len() == 1 {
            state.pace.handle_change(self.shared.clock.now());
            self.shared.wake.notify_all();
        }
        ticket
    }

    /// Ends when all that had changed up to this ticket is committed, or can't be now, which takes
    /// [`FLUSH_WITHIN`] at most. It is written at once, with everything else that has changed by
    /// then, from this call on and whether or not the future is polled. The runtime must have its
    /// timers enabled.
    #[must_use = "the writing is hurried by the call, but only the future tells when it is done"]
    pub(crate) fn flush(&self, ticket: Ticket) -> impl Future<Output = ()> + Send + use<> {
        let mut state = lock(&self.shared.state);
        // An earlier batch is being written already.
        if ticket.0 == state.batch {
            state.pace.handle_waiter();
            self.shared.wake.notify_all();
        }
        drop(state);
        let mut settled = self.settled.clone();
        async move {
            let is_settled = |settled: &Settled| match settled {
                Settled::Before(batch) => ticket.0 < *batch,
                Settled::Failing => true,
            };
            // An error inside means that the thread has ended, so that nothing will be written any
            // more; one outside, that it will be written late.
            let _ = tokio::time::timeout(FLUSH_WITHIN, settled.wait_for(is_settled)).await;
        }
    }

    /// What was written so far.
    pub(crate) fn written(&self) -> Written {
        Written {
            commits: self.shared.commits.load(Ordering::Relaxed),
            records: self.shared.records.load(Ordering::Relaxed),
            failures: self.shared.failures.load(Ordering::Relaxed),
        }
    }

    /// Writes what is left and ends the thread, which takes two seconds at most; then whatever the
    /// thread is still at is left to it. It blocks: not for a thread of the runtime. Changes after
    /// it are not written.
    pub(crate) fn end(&self) {
        self.ask_to_end();
        let Some(thread) = lock(&self.thread).take() else { return };
        let state = lock(&self.shared.state);
        let (state, _) = self
            .shared
            .wake
            .wait_timeout_while(state, END_WITHIN, |state| !state.ended)
            .unwrap_or_else(PoisonError::into_inner);
        let ended = state.ended;
        drop(state);
        if !ended {
            tracing::warn!("the rooms' last changes couldn't be written in time; see to the disk");
        } else if thread.join().is_err() {
            tracing::error!("the thread that writes the rooms' records failed");
        }
    }

    fn ask_to_end(&self) {
        lock(&self.shared.state).ending = true;
        self.shared.wake.notify_all();
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.ask_to_end();
    }
}

/// The thread's side.
struct Writer {
    shared: Arc<Shared>,
    settled: watch::Sender<Settled>,
    store: Box<dyn Store>,
    snapshot: Snapshot,
    /// The rooms that were taken and aren't committed yet, the highest first.
    batch: Vec<u64>,
}

impl Writer {
    fn run(mut self) {
        loop {
            let (number, is_last) = self.take();
            let began = self.shared.clock.now();
            match self.write() {
                Ok(()) => self.handle_committed(number, began),
                Err(error) => self.handle_failed(&error),
            }
            if is_last {
                return;
            }
        }
    }

    /// Waits until it is time, then takes all that has changed; with its number, and whether it is
    /// the last.
    fn take(&mut self) -> (u64, bool) {
        let shared = Arc::clone(&self.shared);
        let mut state = lock(&shared.state);
        while !state.ending {
            let wait = state.pace.poll_timeout().map(|due| due.since(shared.clock.now()));
            state = match wait {
                Some(Duration::ZERO) => break,
                Some(wait) => {
                    let woken = shared.wake.wait_timeout(state, wait);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => shared.wake.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        self.batch.extend(state.dirty.drain());
        state.dirty.shrink_to(KEPT_CAPACITY);
        state.pace.handle_taken();
        state.batch += 1;
        (state.batch - 1, state.ending)
    }

    /// Commits the batch, in several parts if it is large; what is committed is taken out of it.
    fn write(&mut self) -> Result<(), StoreError> {
        // Neighbours lie together in a database.
        self.batch.sort_unstable_by(|one, other| other.cmp(one));
        while !self.batch.is_empty() {
            let mut changes = Vec::new();
            let mut bytes = 0;
            for &room in self.batch.iter().rev() {
                let change = match (self.snapshot)(room) {
                    Some(record) => {
                        bytes += record.len();
                        Change::Put { room, record }
                    }
                    None => Change::Remove { room },
                };
                changes.push(change);
                if bytes >= MAX_COMMIT_BYTES {
                    break;
                }
            }
            self.store.commit(&changes)?;
            self.batch.truncate(self.batch.len() - changes.len());
            self.shared.commits.fetch_add(1, Ordering::Relaxed);
            let count = u64::try_from(changes.len()).unwrap_or(u64::MAX);
            self.shared.records.fetch_add(count, Ordering::Relaxed);
        }
        self.batch.shrink_to(KEPT_CAPACITY);
        Ok(())
    }

    fn handle_committed(&mut self, number: u64, began: Moment) {
        let now = self.shared.clock.now();
        lock(&self.shared.state).pace.handle_committed(now.since(began), now);
        if self.settled.send_replace(Settled::Before(number + 1)) == Settled::Failing {
            tracing::info!("the rooms' records can be written again");
        }
    }

    fn handle_failed(&mut self, error: &StoreError) {
        self.shared.failures.fetch_add(1, Ordering::Relaxed);
        if self.settled.send_replace(Settled::Failing) != Settled::Failing {
            tracing::error!(
                "rooms aren't kept for the relay's next start: {error}. It goes on without, and \
                 tries again every minute"
            );
        }
        // A store that fails for weeks must not cost memory for every room there has been. One that
        // is forgotten here leaves a record behind, and is an empty room after the next start.
        if self.batch.len() > MAX_OVER {
            self.batch.retain(|&room| (self.snapshot)(room).is_some());
        }
        let mut state = lock(&self.shared.state);
        state.dirty.extend(self.batch.drain(..));
        state.pace.handle_failed(self.shared.clock.now());
    }
}

/// However the thread ends, nobody waits for it any longer.
impl Drop for Writer {
    fn drop(&mut self) {
        let mut state = lock(&self.shared.state);
        state.ended = true;
        state.dirty = HashSet::new();
        drop(state);
        self.shared.wake.notify_all();
    }
}

#[cfg(test)]
#[path = "keeper_tests.rs"]
mod tests;
