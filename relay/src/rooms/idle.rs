//! Ending the rooms in which nothing happens.
//!
//! Owns one task that looks at all rooms now and then. What its clients are told is the core's.

use super::Rooms;
use crate::counters::Count;
use crate::lock::lock;
use couplet::time::Moment;
use std::sync::Arc;
use std::time::Duration;
use tracing::info;

/// How many times within the limit the rooms are looked at.
const LOOKS: u32 = 8;

/// The most often and the least often that they are.
const PACE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_mins(5));

impl Rooms {
    /// Ends rooms that have been idle for `limit`, for ever.
    pub(crate) async fn end_idle(self: Arc<Self>, limit: Duration) {
        let pace = (limit / LOOKS).clamp(PACE.0, PACE.1);
        loop {
            tokio::time::sleep(pace).await;
            self.end_idle_now(limit, self.clock.now());
        }
    }

    fn end_idle_now(self: &Arc<Self>, limit: Duration, now: Moment) {
        let mut registry = lock(&self.registry);
        let is_idle = |active: Moment| now.since(active) >= limit;
        let mut idle: Vec<_> = registry.tables.values().map(Arc::clone).collect();
        idle.retain(|table| is_idle(lock(&table.state).active) && !self.pipes.has_any(table.id));
        for table in idle {
            let mut state = lock(&table.state);
            // Something may have happened since.
            if is_idle(state.active) {
                info!(room = %table.id, "idle for too long");
                self.counters.one(Count::RoomsIdle);
                state.room.handle_idle();
                state.carry_out(None, now);
                self.settle(&mut registry, &table, &mut state);
            }
        }
    }
}
