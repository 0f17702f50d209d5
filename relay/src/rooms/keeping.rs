//! How rooms outlive the relay: their records to the store, and back at the next start.
//!
//! Owns which change is written down when. A change of seats is waited for before the client hears of
//! it ([`Rooms::written`]); what is said isn't, as clients say again what may be lost. What a record
//! holds is the core's ([`couplet::room::Record`]).

use super::{Registry, Rooms};
use crate::clock;
use crate::lock::lock;
use crate::store::keeper::{Keeper, Ticket};
use crate::store::{Store, StoreError};
use couplet::directory::RoomId;
use couplet::room::{Record, Room};
use std::fmt;
use std::io;
use std::sync::Arc;
use tracing::{info, warn};

impl Rooms {
    /// Takes up the rooms of an earlier relay that are in `store`, and keeps all rooms there from
    /// here on. To be called once, before anybody is let in.
    ///
    /// # Errors
    /// If there is no thread for it, or the store can't be read.
    pub(crate) fn keep_in(self: &Arc<Self>, mut store: Box<dyn Store>) -> Result<(), KeepError> {
        let records = store.load()?;
        let restored = self.restore(records);
        if restored > 0 {
            info!(rooms = restored, "restored");
        }
        let rooms = Arc::downgrade(self);
        let snapshot = move |room| rooms.upgrade().and_then(|rooms| rooms.snapshot(RoomId(room)));
        let keeper = Keeper::start(store, Box::new(snapshot))?;
        // Nobody else sets it.
        let _ = self.keeper.set(keeper);
        Ok(())
    }

    /// Waits until this change is written down, if rooms are kept.
    pub(crate) async fn written(&self, ticket: Option<Ticket>) {
        if let (Some(ticket), Some(keeper)) = (ticket, self.keeper.get()) {
            keeper.flush(ticket).await;
        }
    }

    /// Writes down what is left, within 2 s. It blocks.
    pub(crate) fn write_last(&self) {
        if let Some(keeper) = self.keeper.get() {
            keeper.end();
        }
    }

    /// The room's record will be written.
    pub(super) fn changed(&self, room: RoomId) -> Option<Ticket> {
        self.keeper.get().map(|keeper| keeper.changed(room.0))
    }

    fn snapshot(&self, id: RoomId) -> Option<Vec<u8>> {
        let table = lock(&self.registry).tables.get(&id).map(Arc::clone)?;
        let state = lock(&table.state);
        let record = state.room.record(self.clock.now(), clock::wall())?;
        drop(state);
        Some(record.encode())
    }

    fn restore(self: &Arc<Self>, records: Vec<(u64, Vec<u8>)>) -> usize {
        let (now, wall) = (self.clock.now(), clock::wall());
        let mut registry = lock(&self.registry);
        let mut restored = 0;
        for (id, record) in records {
            match Record::decode(&record) {
                Ok(record) => {
                    self.enter(
                        &mut registry,
                        RoomId(id),
                        Room::restore(record, self.grace, now, wall),
                    );
                    restored += 1;
                }
                Err(error) => warn!(room = id, %error, "a room is lost"),
            }
        }
        restored
    }

    fn enter(self: &Arc<Self>, registry: &mut Registry, id: RoomId, room: Room) {
        registry.directory.restore(id, room.name().cloned());
        let table = self.new_table(id, room);
        registry.tables.insert(id, Arc::clone(&table));
        let mut state = lock(&table.state);
        self.settle(registry, &table, &mut state);
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("written", &self.written()).finish_non_exhaustive()
    }
}

/// Rooms that can't be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepError {
    /// The store is of no use.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No thread.
    #[error("there is no thread to write with ({0}); see to the system's limits")]
    Thread(#[from] io::Error),
}
