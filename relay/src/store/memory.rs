//! A store in memory for tests: it shows what was committed, and fails or stands still when told.
//!
//! Owns nothing that outlives the test.

use super::{Change, Store, StoreError};
use crate::lock::lock;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// The store. A clone is the same one: one goes to the keeper, the other stays with the test.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    records: BTreeMap<u64, Vec<u8>>,
    commits: Vec<Vec<Change>>,
    failures: u64,
    fails: bool,
    gate_is_shut: bool,
    at_the_gate: bool,
}

impl Memory {
    /// From now on commits fail, as on a full disk, or no longer do.
    pub(crate) fn fail(&self, fails: bool) {
        lock(&self.0.state).fails = fails;
    }

    /// From now on commits stand still until [`Self::open_gate`].
    pub(crate) fn shut_gate(&self) {
        lock(&self.0.state).gate_is_shut = true;
    }

    /// Lets through what stands still.
    pub(crate) fn open_gate(&self) {
        lock(&self.0.state).gate_is_shut = false;
        self.0.changed.notify_all();
    }

    /// Waits until a commit stands at the gate.
    pub(crate) fn wait_at_gate(&self) {
        self.wait("a commit stands at the gate", |state| state.at_the_gate);
    }

    /// Waits until there were so many commits.
    pub(crate) fn wait_for_commits(&self, count: usize) {
        self.wait("there are enough commits", |state| state.commits.len() >= count);
    }

    /// The commits that were carried out, in order.
    pub(crate) fn commits(&self) -> Vec<Vec<Change>> {
        lock(&self.0.state).commits.clone()
    }

    /// The records as they are now.
    pub(crate) fn records(&self) -> BTreeMap<u64, Vec<u8>> {
        lock(&self.0.state).records.clone()
    }

    /// How many commits failed.
    pub(crate) fn failures(&self) -> u64 {
        lock(&self.0.state).failures
    }

    fn wait(&self, what: &str, mut is_so: impl FnMut(&State) -> bool) {
        let state = lock(&self.0.state);
        let (state, waited) = self
            .0
            .changed
            .wait_timeout_while(state, PATIENCE, |state| !is_so(state))
            .unwrap_or_else(PoisonError::into_inner);
        assert!(!waited.timed_out(), "waited in vain until {what}: {state:?}");
    }
}

impl Store for Memory {
    fn load(&mut self) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        Ok(self.records().into_iter().collect())
    }

    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        let mut state = lock(&self.0.state);
        while state.gate_is_shut {
            state.at_the_gate = true;
            self.0.changed.notify_all();
            state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.at_the_gate = false;
        if state.fails {
            state.failures += 1;
            self.0.changed.notify_all();
            return Err(StoreError::Full("the memory of a test".to_owned()));
        }
        for change in changes {
            match change {
                Change::Put { room, record } => drop(state.records.insert(*room, record.clone())),
                Change::Remove { room } => drop(state.records.remove(room)),
            }
        }
        state.commits.push(changes.to_vec());
        self.0.changed.notify_all();
        Ok(())
    }
}
