//! The rooms of this relay: who sits where, and carrying out what the rooms command.
//!
//! Owns the core's [`Directory`] and [`Room`]s and the binding of seats to outboxes. It decides
//! nothing about turns, and it doesn't touch sockets.
//!
//! **Locks.** First the registry, then one table, then outboxes and pipes. What changes seats (join,
//! return, fin, loss, timeout) takes the registry, so that nobody looks for a seat in between; what
//! is said in a room takes only its table. None is held over an `await`.

use crate::clock::{Clock, fresh_bytes};
use crate::config::Config;
use crate::counters::Counters;
use crate::lock::lock;
use crate::outbox::{Close, Outbox};
use crate::pipe::PipeTable;
use crate::refusal::Refusal;
use crate::wrong_codes::WrongCodes;
use bytes::Bytes;
use couplet::directory::{Directory, RoomId};
use couplet::message::{ErrorCode, ExitReason, RelayControl, RelayToClient, RoomName, Seat, Token};
use couplet::room::{Command, FailedPairing, Room};
use couplet::time::Moment;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info};

/// Where a newcomer wants to sit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Across whoever has waited longest.
    Any,
    /// In the room of this name.
    Named(RoomName),
    /// In a new room, whose number it will be told.
    New,
}

/// All rooms.
#[derive(Debug)]
pub(crate) struct Rooms {
    registry: Mutex<Registry>,
    pipes: Arc<PipeTable>,
    counters: Arc<Counters>,
    wrong_codes: WrongCodes,
    clock: Clock,
    grace: Duration,
    ending: CancellationToken,
}

#[derive(Debug)]
struct Registry {
    directory: Directory,
    tables: HashMap<RoomId, Arc<Table>>,
    ended: bool,
}

/// One room and those who sit in it.
#[derive(Debug)]
struct Table {
    id: RoomId,
    state: Mutex<TableState>,
}

#[derive(Debug)]
struct TableState {
    room: Room,
    seats: [Option<Arc<Outbox>>; 2],
    /// Where those who sit there, or sat there last, came from.
    from: [Option<IpAddr>; 2],
    /// Whether a task waits for the room's next timeout.
    timed: bool,
}

/// One client's seat. Dropping it without [`fin`](Self::fin) is losing the connection.
///
/// When another connection has taken over the seat, everything that this one does is void: the seat
/// is known by the outbox that is bound to it.
#[derive(Debug)]
pub(crate) struct Place {
    rooms: Arc<Rooms>,
    table: Arc<Table>,
    outbox: Arc<Outbox>,
    seat: Seat,
    from: IpAddr,
}

impl Rooms {
    /// No rooms yet.
    pub(crate) fn new(
        config: &Config,
        clock: Clock,
        pipes: Arc<PipeTable>,
        ending: CancellationToken,
    ) -> Arc<Self> {
        let max_rooms = usize::try_from(config.max_rooms).unwrap_or(usize::MAX);
        let registry =
            Registry { directory: Directory::new(max_rooms), tables: HashMap::new(), ended: false };
        Arc::new(Self {
            registry: Mutex::new(registry),
            pipes,
            counters: Arc::clone(&config.counters),
            wrong_codes: WrongCodes::default(),
            clock,
            grace: config.grace,
            ending,
        })
    }

    /// Finds an empty seat for a newcomer. What it is told goes to `outbox`.
    pub(crate) fn join(
        self: &Arc<Self>,
        wanted: Wanted,
        from: IpAddr,
        outbox: &Arc<Outbox>,
    ) -> Result<Place, Refusal> {
        let token = random_token()?;
        let mut registry = lock(&self.registry);
        if registry.ended {
            return Err(Refusal::Shutdown);
        }
        let (name, found) = match wanted {
            Wanted::Any => (None, registry.directory.find(None)),
            Wanted::Named(name) => {
                self.wrong_codes.check(Some(&name), from, self.clock.now())?;
                let found = registry.directory.find(Some(&name));
                (Some(name), found)
            }
            Wanted::New => {
                let (random, now) = (u64::from_be_bytes(random_bytes()?), self.clock.now());
                let may_be = |name: &RoomName| self.wrong_codes.is_free(name, now);
                (Some(registry.directory.free_number(random, may_be)), None)
            }
        };
        let found = found.and_then(|id| registry.tables.get(&id).map(Arc::clone));
        let table = if let Some(table) = found {
            table
        } else {
            let id = registry.directory.create(name.clone()).map_err(Refusal::of)?;
            let room = Room::new(name, self.grace);
            let state = TableState { room, seats: [None, None], from: [None; 2], timed: false };
            let table = Arc::new(Table { id, state: Mutex::new(state) });
            registry.tables.insert(id, Arc::clone(&table));
            table
        };
        let take = |room: &mut Room, now| room.handle_join(token, now);
        let place = self.seat(&mut registry, table, from, outbox, take)?;
        lock(&place.table.state).from[place.seat.index()] = Some(from);
        Ok(place)
    }

    /// Gives the seat that `token` stands for to this connection.
    pub(crate) fn come_back(
        self: &Arc<Self>,
        token: Token,
        from: IpAddr,
        outbox: &Arc<Outbox>,
    ) -> Result<Place, Refusal> {
        let mut registry = lock(&self.registry);
        if registry.ended {
            return Err(Refusal::Shutdown);
        }
        let found = registry.directory.find_seat(token);
        let table = found
            .and_then(|id| registry.tables.get(&id).map(Arc::clone))
            .ok_or_else(|| Refusal::of(ErrorCode::SeatGone))?;
        let take = |room: &mut Room, now| room.handle_return(token, now);
        self.seat(&mut registry, table, from, outbox, take)
    }

    /// Tells everybody that the relay is being ended; nobody gets a seat from now on.
    pub(crate) fn end(&self) {
        let mut registry = lock(&self.registry);
        registry.ended = true;
        let now = self.clock.now();
        for (id, table) in std::mem::take(&mut registry.tables) {
            let mut state = lock(&table.state);
            state.room.handle_shutdown();
            state.carry_out(None, now);
            registry.directory.update(id, &state.room.standing());
        }
    }

    fn seat(
        self: &Arc<Self>,
        registry: &mut Registry,
        table: Arc<Table>,
        from: IpAddr,
        outbox: &Arc<Outbox>,
        take: impl FnOnce(&mut Room, Moment) -> Result<Seat, ErrorCode>,
    ) -> Result<Place, Refusal> {
        let now = self.clock.now();
        let mut state = lock(&table.state);
        let before = state.room.pairing();
        let taken = take(&mut state.room, now);
        state.carry_out(Some(outbox), now);
        self.settle(registry, &table, &mut state);
        let after = state.room.pairing();
        drop(state);
        let seat = taken.map_err(Refusal::of)?;
        if after > before {
            let what = if after == 1 { "paired" } else { "replaced" };
            info!(room = %table.id, %seat, pairing = after, "{what}");
        }
        Ok(Place { rooms: Arc::clone(self), table, outbox: Arc::clone(outbox), seat, from })
    }

    /// Takes note of what a change of seats has made of a room.
    fn settle(
        self: &Arc<Self>,
        registry: &mut Registry,
        table: &Arc<Table>,
        state: &mut TableState,
    ) {
        let standing = state.room.standing();
        let lonely = registry.directory.update(table.id, &standing);
        if let Some(lonely) = lonely.filter(|lonely| *lonely != table.id) {
            self.send_on(registry, lonely);
        }
        if standing.over && registry.tables.remove(&table.id).is_some() {
            info!(room = %table.id, "ended");
        }
        if !state.timed && state.room.poll_timeout().is_some() {
            state.timed = true;
            tokio::spawn(Arc::clone(self).keep_time(Arc::clone(table)));
        }
    }

    /// Lets the one who waits in a room of its own find somebody else who does. Locks a second room
    /// under the registry's lock; nobody else holds two.
    fn send_on(&self, registry: &mut Registry, lonely: RoomId) {
        let Some(table) = registry.tables.remove(&lonely) else { return };
        let mut state = lock(&table.state);
        state.room.handle_rejoin();
        state.carry_out(None, self.clock.now());
        registry.directory.update(lonely, &state.room.standing());
        info!(room = %lonely, "ended, its client may meet another");
    }

    /// Waits for a room's timeouts as long as it has any.
    async fn keep_time(self: Arc<Self>, table: Arc<Table>) {
        loop {
            let deadline = {
                let mut state = lock(&table.state);
                let Some(deadline) = state.room.poll_timeout() else {
                    state.timed = false;
                    return;
                };
                deadline
            };
            tokio::select! {
                () = self.ending.cancelled() => return,
                () = tokio::time::sleep_until(self.clock.at(deadline)) => {}
            }
            let now = self.clock.now();
            let mut registry = lock(&self.registry);
            let mut state = lock(&table.state);
            state.room.handle_timeout(now);
            state.carry_out(None, now);
            self.settle(&mut registry, &table, &mut state);
        }
    }
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

    /// Tells this client something that doesn't concern the room.
    pub(crate) fn tell(&self, message: &RelayToClient) {
        self.outbox.push(message, self.rooms.clock.now());
    }

    /// Says something. This and the others return the peer's queue if it is over its limit.
    pub(crate) fn say(&self, pairing: u32, sequence: u64, body: &[u8]) -> Option<Arc<Outbox>> {
        // The room keeps the body for long; a copy doesn't keep the rest of the read alive.
        let body = Bytes::copy_from_slice(body);
        self.act(|room| room.handle_say(self.seat, pairing, sequence, body))
    }

    /// Signals something.
    pub(crate) fn signal(&self, pairing: u32, body: Bytes) -> Option<Arc<Outbox>> {
        self.act(|room| room.handle_signal(self.seat, pairing, body))
    }

    /// Gives the turn away.
    pub(crate) fn pass(&self) -> Option<Arc<Outbox>> {
        self.act(|room| room.handle_pass(self.seat))
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
                self.rooms.counters.count_refused();
                debug!(room = %self.table.id, seat = %self.seat, %full, "refused a pipe");
                room.handle_refusal(self.seat, ErrorCode::TooManyPipes, &full.to_string());
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
        state.carry_out(None, self.rooms.clock.now());
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

impl TableState {
    /// Does what the room commands, in order. `newcomer` is who is being seated, if anybody is.
    fn carry_out(&mut self, newcomer: Option<&Arc<Outbox>>, now: Moment) {
        let mut reasons = [None; 2];
        while let Some(command) = self.room.poll_command() {
            match command {
                Command::Admit(seat) => self.seats[seat.index()] = newcomer.cloned(),
                Command::Send { to, message } => {
                    if let RelayToClient::Control(RelayControl::Exit { reason }) = message {
                        reasons[to.index()] = Some(reason);
                    }
                    if let Some(outbox) = &self.seats[to.index()] {
                        outbox.push(&message, now);
                    }
                }
                Command::Close(seat) => {
                    if let Some(outbox) = self.seats[seat.index()].take() {
                        let reason = reasons[seat.index()].unwrap_or(ExitReason::Shutdown);
                        outbox.close(Close::Exit(reason));
                    }
                }
            }
        }
    }
}

fn random_token() -> Result<Token, Refusal> {
    random_bytes().map(Token::from_bytes)
}

fn random_bytes<const N: usize>() -> Result<[u8; N], Refusal> {
    fresh_bytes().map_err(|problem| {
        error!(%problem, "the operating system gives no random bytes");
        Refusal::new(ErrorCode::RelayFull, "the relay has no random numbers; tell its operator")
    })
}
