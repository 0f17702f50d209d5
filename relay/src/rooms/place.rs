//! One client's seat: what it does in its room.

use super::turns::Turns;
use super::{Rooms, Table, TableState, random_token};
use crate::counters::{Count, Held};
use crate::lock::lock;
use crate::outbox::Outbox;
use crate::refusal::Refusal;
use crate::store::keeper::Ticket;
use bytes::Bytes;
use couplet::directory::RoomId;
use couplet::message::{RelayToClient, Seat};
use couplet::room::{FailedPairing, Room};
use couplet::time::Moment;
use std::net::IpAddr;
use std::sync::Arc;
use tracing::{debug, info};

/// One client's seat. Dropping it without [`fin`](Self::fin) is losing the connection.
///
/// When another connection has taken over the seat, everything that this one does is void: the seat
/// is known by the outbox that is bound to it.
#[derive(Debug)]
pub(crate) struct Place {
    pub(super) rooms: Arc<Rooms>,
    pub(super) table: Arc<Table>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) seat: Seat,
    pub(super) from: IpAddr,
    /// What to wait for until this seat is written down.
    pub(super) ticket: Option<Ticket>,
    pub(super) turns: Turns,
    /// In a plain room, where it is counted.
    pub(super) plain: Option<Held>,
}

impl Place {
    /// The room's number.
    pub(crate) fn room(&self) -> RoomId {
        self.table.id
    }

    /// The seat.
    pub(crate) const fn seat(&self) -> Seat {
        self.seat
    }

    /// Whether it is in a plain room, where not all may be said.
    pub(crate) const fn is_plain(&self) -> bool {
        self.plain.is_some()
    }

    /// Waits until the seat is written down, so that it is there after a restart of the relay; the
    /// client is told nothing before.
    pub(crate) async fn written(&self) {
        self.rooms.written(self.ticket).await;
    }

    /// Which turn it is, since the room began.
    pub(crate) fn turn(&self) -> u64 {
        self.turns.number()
    }

    /// Tells this client something that doesn't concern the room.
    pub(crate) fn tell(&self, message: &RelayToClient) {
        self.outbox.push(message, self.rooms.clock.now());
    }

    /// Says something. This and the others return the peer's queue if it is over its limit.
    pub(crate) fn say(&self, pairing: u32, sequence: u64, body: &[u8]) -> Option<Arc<Outbox>> {
        // The room keeps the body for long; a copy doesn't keep the rest of the read alive.
        let body = Bytes::copy_from_slice(body);
        let peer = self.act(|room| room.handle_say(self.seat, pairing, sequence, body));
        self.rooms.changed(self.table.id);
        peer
    }

    /// Signals something.
    pub(crate) fn signal(&self, pairing: u32, body: Bytes) -> Option<Arc<Outbox>> {
        self.act(|room| room.handle_signal(self.seat, pairing, body))
    }

    /// Gives the turn away.
    pub(crate) fn pass(&self, turn: u64) -> Option<Arc<Outbox>> {
        let peer = self.act(|room| room.handle_pass(self.seat, turn));
        self.rooms.changed(self.table.id);
        peer
    }

    /// Asks for a pipe to the peer.
    pub(crate) fn request_pipe(&self, tag: u64) -> Result<Option<Arc<Outbox>>, Refusal> {
        let tokens = [random_token()?, random_token()?];
        let now = self.rooms.clock.now();
        let pipes = &self.rooms.pipes;
        Ok(self.act(|room| match pipes.reserve(self.table.id, self.from, now) {
            // Both ends must be let in before either can have heard of its token.
            Ok(slot) if room.handle_pipe_request(self.seat, tag, tokens) => {
                pipes.expect(slot, tokens, now);
            }
            Ok(_) => {}
            Err(full) => {
                self.rooms.counters.one(full.count());
                debug!(room = %self.table.id, seat = %self.seat, %full, "refused a pipe");
                room.handle_refusal(self.seat, full.code(), &full.to_string());
            }
        }))
    }

    /// The two couldn't agree on keys: whoever came last is turned away, and it is counted.
    pub(crate) fn pairing_failed(&self, pairing: u32) {
        let now = self.rooms.clock.now();
        self.leave(|room, _, from| {
            let Some(failed) = room.handle_pairing_failed(self.seat, pairing) else { return };
            let from = match failed {
                FailedPairing::Current { newcomer } => from[newcomer.index()],
                FailedPairing::Over => None,
            };
            let all = self.rooms.wrong_codes.count(room.name(), from, now);
            self.rooms.counters.one(Count::PairingsFailed);
            info!(room = %self.table.id, pairing, all, "no keys were agreed on");
        });
    }

    /// Leaves for good.
    pub(crate) fn fin(&self) {
        self.leave(|room, _, _| room.handle_fin(self.seat));
    }

    fn act(&self, act: impl FnOnce(&mut Room)) -> Option<Arc<Outbox>> {
        let mut state = lock(&self.table.state);
        if !self.holds_seat(&state) {
            return None;
        }
        act(&mut state.room);
        state.active = self.rooms.clock.now();
        let now = state.active;
        state.carry_out(None, now);
        let peer = state.seats[self.seat.other().index()].as_ref();
        peer.filter(|peer| peer.over_since().is_some()).cloned()
    }

    /// Does what may change seats.
    fn leave(&self, leave: impl FnOnce(&mut Room, Moment, &[Option<IpAddr>; 2])) {
        let mut registry = lock(&self.rooms.registry);
        let mut state = lock(&self.table.state);
        if !self.holds_seat(&state) {
            return;
        }
        let now = self.rooms.clock.now();
        let TableState { room, from, .. } = &mut *state;
        leave(room, now, from);
        state.carry_out(None, now);
        self.rooms.settle(&mut registry, &self.table, &mut state);
    }

    fn holds_seat(&self, state: &TableState) -> bool {
        let bound = state.seats[self.seat.index()].as_ref();
        bound.is_some_and(|bound| Arc::ptr_eq(bound, &self.outbox))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave(|room, now, _| room.handle_lost(self.seat, now));
        let mut state = lock(&self.table.state);
        if self.holds_seat(&state) {
            state.seats[self.seat.index()] = None;
        }
    }
}
