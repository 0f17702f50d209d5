//! What of the relay outlives it: the rooms' records, written behind by a keeper.
//!
//! As `relay/src/rooms/keeping.rs` and its keeper do it: a change of seats is written down before the
//! client hears of its seat, what is said is written a while later.

use crate::relay::Table;
use crate::wire::{AtRelay, ConnId};
use crate::world::{Event, World};
use couplet::directory::{Directory, RoomId};
use couplet::room::{Record, Room};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The relay's disk, and the keeper's memory.
#[derive(Debug)]
pub(crate) struct Store {
    keeps: bool,
    /// What is on disk.
    records: BTreeMap<RoomId, Vec<u8>>,
    /// Rooms that have changed since the last batch was taken.
    dirty: BTreeSet<RoomId>,
    /// The number of the batch that they will be.
    batch: u64,
    /// What is being written.
    writing: Option<Vec<(RoomId, Option<Vec<u8>>)>>,
    planned: bool,
}

impl Store {
    pub(crate) const fn new(keeps: bool) -> Self {
        Self {
            keeps,
            records: BTreeMap::new(),
            dirty: BTreeSet::new(),
            batch: 0,
            writing: None,
            planned: false,
        }
    }

    pub(crate) const fn keeps(&self) -> bool {
        self.keeps
    }

    fn put(&mut self, written: Vec<(RoomId, Option<Vec<u8>>)>) {
        for (room, record) in written {
            match record {
                Some(record) => self.records.insert(room, record),
                None => self.records.remove(&room),
            };
        }
    }
}

impl World {
    /// A room has changed. Gives the batch with which that is written.
    pub(crate) fn store_changed(&mut self, room: RoomId) -> Option<u64> {
        let store = &mut self.relay.store;
        if !store.keeps {
            return None;
        }
        store.dirty.insert(room);
        let batch = store.batch;
        self.plan_write(self.weather.lag_ms);
        Some(batch)
    }

    /// Somebody waits for it.
    pub(crate) fn store_hurries(&mut self) {
        self.relay.store.planned = false;
        self.plan_write(1);
    }

    fn plan_write(&mut self, within_ms: u64) {
        let store = &mut self.relay.store;
        if store.planned || store.writing.is_some() {
            return;
        }
        store.planned = true;
        let life = self.relay.life;
        let wait = self.chance.millis(0, within_ms + 1);
        self.after(wait, Event::StoreBegin { life });
    }

    fn snapshot(&self, room: RoomId) -> Option<Vec<u8>> {
        let table = self.relay.tables.get(&room)?;
        let record = table.room.record(self.now, self.now.since_start())?;
        Some(record.encode())
    }

    pub(crate) fn store_begins(&mut self, life: u64) {
        let store = &mut self.relay.store;
        if life != self.relay.life || store.writing.is_some() || store.dirty.is_empty() {
            return;
        }
        store.planned = false;
        store.batch += 1;
        let dirty = std::mem::take(&mut store.dirty);
        let batch = dirty.into_iter().map(|room| (room, self.snapshot(room))).collect();
        self.relay.store.writing = Some(batch);
        let wait = self.chance.millis(0, self.weather.write_ms + 1);
        self.after(wait, Event::StoreDone { life });
    }

    pub(crate) fn store_ends(&mut self, life: u64) {
        if life != self.relay.life {
            return;
        }
        let Some(written) = self.relay.store.writing.take() else { return };
        self.relay.store.put(written);
        let batch = self.relay.store.batch;
        let waiting = |until: Option<u64>| until.is_some_and(|until| until < batch);
        let mut others_wait = false;
        let ready: Vec<ConnId> = self
            .conns
            .iter()
            .filter(|(_, conn)| match conn.at_relay {
                AtRelay::Seated { until, .. } => {
                    others_wait |= until.is_some() && !waiting(until);
                    waiting(until)
                }
                AtRelay::New | AtRelay::Closed => false,
            })
            .map(|(id, _)| *id)
            .collect();
        for id in ready {
            self.flush_waiting(id);
        }
        if !self.relay.store.dirty.is_empty() {
            let within = if others_wait { 1 } else { self.weather.lag_ms };
            self.plan_write(within);
        }
    }

    /// The relay is killed. What was just being written may be on disk or not.
    pub(crate) fn relay_dies(&mut self, silently: bool, down: Duration) {
        if !self.relay.up {
            return;
        }
        self.audit.tally.relay_crashes += 1;
        let written = self.relay.store.writing.take();
        if let Some(written) = written
            && self.chance.one_in(2)
        {
            self.relay.store.put(written);
        }
        self.relay_is_gone(silently);
        self.after(down, Event::RelayStart);
    }

    /// The relay has ended in order.
    pub(crate) fn relay_is_drained(&mut self, life: u64) {
        if life != self.relay.life || !self.relay.up {
            return;
        }
        let written = self.relay.store.writing.take().unwrap_or_default();
        let dirty = std::mem::take(&mut self.relay.store.dirty);
        let last: Vec<_> = dirty.into_iter().map(|room| (room, self.snapshot(room))).collect();
        if self.relay.store.keeps {
            self.relay.store.put(written);
            self.relay.store.put(last);
        }
        self.relay_is_gone(false);
    }

    fn relay_is_gone(&mut self, silently: bool) {
        self.relay.up = false;
        self.relay.draining = false;
        self.relay.life += 1;
        self.relay.store.dirty.clear();
        self.relay.store.planned = false;
        self.relay.tables.clear();
        self.drop_all(silently);
        self.drop_pipes(silently);
    }

    pub(crate) fn relay_starts(&mut self) {
        if self.relay.up {
            return;
        }
        self.relay.up = true;
        self.relay.directory = Directory::new(50);
        let (now, wall) = (self.now, self.now.since_start());
        let records = self.relay.store.records.clone();
        self.note(|| format!("the relay starts with {} rooms", records.len()));
        for (id, record) in records {
            let record = Record::decode(&record).expect("a record");
            let room = Room::restore(record, self.weather.grace, now, wall);
            self.relay.directory.restore(id, room.name().cloned());
            self.relay.tables.insert(id, Table::new(room));
            self.settle(id);
        }
    }
}
