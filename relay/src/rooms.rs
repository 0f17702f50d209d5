//! The rooms of this relay: who sits where, and carrying out what the rooms command.
//!
//! Owns the core's [`Directory`] and [`Room`]s and the binding of seats to outboxes. It decides
//! nothing about turns, and it doesn't touch sockets.
//!
//! **Locks.** First the registry, then one table, then outboxes and pipes. What changes seats (join,
//! return, fin, loss, timeout) takes the registry, so that nobody looks for a seat in between; what
//! is said in a room takes only its table. None is held over an `await`.

mod idle;
mod keeping;
mod place;
mod turns;

pub(crate) use keeping::KeepError;
pub(crate) use place::Place;

use crate::clock::{Clock, fresh_bytes};
use crate::config::Config;
use crate::counters::{Count, Counters, Held};
use crate::lock::lock;
use crate::outbox::{Close, Outbox};
use crate::pipe::PipeTable;
use crate::refusal::Refusal;
use crate::store::keeper::{Keeper, Ticket};
use crate::wrong_codes::WrongCodes;
use couplet::directory::{Directory, RoomId};
use couplet::message::{ErrorCode, ExitReason, RelayControl, RelayToClient, RoomName, Seat, Token};
use couplet::room::{Command, Room};
use couplet::time::Moment;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};
use turns::Turns;

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
    /// Whether nothing in them is sealed. Such rooms keep nothing, and nobody is sent on from one to
    /// another: who waits there may be a program that can't come again.
    plain: bool,
    ending: CancellationToken,
    /// Writes the rooms' records, if they are kept.
    keeper: OnceLock<Keeper>,
}

#[derive(Debug)]
struct Registry {
    directory: Directory,
    tables: HashMap<RoomId, Arc<Table>>,
    ended: Option<Refusal>,
}

/// One room and those who sit in it.
#[derive(Debug)]
struct Table {
    id: RoomId,
    state: Mutex<TableState>,
    _counted: Held,
}

#[derive(Debug)]
struct TableState {
    room: Room,
    seats: [Option<Arc<Outbox>>; 2],
    /// Where those who sit there, or sat there last, came from.
    from: [Option<IpAddr>; 2],
    /// Whether a task waits for the room's next timeout.
    timed: bool,
    /// When something last happened.
    active: Moment,
    turns: Turns,
}

impl Rooms {
    /// No rooms yet.
    pub(crate) fn new(
        config: &Config,
        clock: Clock,
        pipes: Arc<PipeTable>,
        ending: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self::of_sort(false, config, clock, pipes, ending))
    }

    /// No plain rooms yet.
    pub(crate) fn plain(
        config: &Config,
        clock: Clock,
        pipes: Arc<PipeTable>,
        ending: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self::of_sort(true, config, clock, pipes, ending))
    }

    fn of_sort(
        plain: bool,
        config: &Config,
        clock: Clock,
        pipes: Arc<PipeTable>,
        ending: CancellationToken,
    ) -> Self {
        let max_rooms = usize::try_from(config.rooms()).unwrap_or(usize::MAX);
        let registry =
            Registry { directory: Directory::new(max_rooms), tables: HashMap::new(), ended: None };
        Self {
            registry: Mutex::new(registry),
            pipes,
            counters: Arc::clone(&config.counters),
            wrong_codes: WrongCodes::default(),
            clock,
            grace: config.grace,
            plain,
            ending,
            keeper: OnceLock::new(),
        }
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
        if let Some(refusal) = &registry.ended {
            return Err(refusal.clone());
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
            let room = if self.plain { Room::plain() } else { Room::new(name, self.grace) };
            let table = self.new_table(id, room);
            registry.tables.insert(id, Arc::clone(&table));
            table
        };
        let take = |room: &mut Room, now| room.handle_join(token, now);
        let place = self.seat(&mut registry, table, from, outbox, take)?;
        lock(&place.table.state).from[place.seat.index()] = Some(from);
        Ok(place)
    }

    /// Gives the seat that `token` stands for to this connection; `take` tells the room.
    pub(crate) fn come_back(
        self: &Arc<Self>,
        token: Token,
        take: impl FnOnce(&mut Room, Moment) -> Result<Seat, ErrorCode>,
        from: IpAddr,
        outbox: &Arc<Outbox>,
    ) -> Result<Place, Refusal> {
        let mut registry = lock(&self.registry);
        if let Some(refusal) = &registry.ended {
            return Err(refusal.clone());
        }
        let found = registry.directory.find_seat(token);
        let table = found
            .and_then(|id| registry.tables.get(&id).map(Arc::clone))
            .ok_or_else(|| Refusal::of(ErrorCode::SeatGone))?;
        self.seat(&mut registry, table, from, outbox, take)
    }

    /// Tells everybody that the relay is being ended; nobody gets a seat from now on. The rooms are
    /// over, unless the relay is to be started anew: then they are kept, and everybody is told to come
    /// back.
    pub(crate) fn end(&self, restart: bool) {
        let mut registry = lock(&self.registry);
        registry.ended = Some(if restart { Refusal::Restart } else { Refusal::Shutdown });
        let now = self.clock.now();
        let Registry { directory, tables, .. } = &mut *registry;
        tables.retain(|id, table| {
            let mut state = lock(&table.state);
            if restart {
                state.room.handle_restart(now);
            } else {
                state.room.handle_shutdown();
            }
            state.carry_out(None, now);
            directory.update(*id, &state.room.standing());
            self.changed(*id);
            restart
        });
    }

    fn new_table(&self, id: RoomId, room: Room) -> Arc<Table> {
        let state = TableState {
            room,
            seats: [None, None],
            from: [None; 2],
            timed: false,
            active: self.clock.now(),
            turns: Turns::default(),
        };
        let counted = self.counters.hold(Count::Rooms);
        Arc::new(Table { id, state: Mutex::new(state), _counted: counted })
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
        // Whoever knocks in vain keeps no room from counting as idle.
        if taken.is_ok() {
            state.active = now;
        }
        state.carry_out(Some(outbox), now);
        let ticket = self.settle(registry, &table, &mut state);
        let after = state.room.pairing();
        let turns = state.turns.clone();
        let kept = state.room.kept_for(now);
        drop(state);
        let seat = taken.map_err(|code| Refusal::of_seat(code, kept))?;
        if after > before {
            let what = if after == 1 { "paired" } else { "replaced" };
            info!(room = %table.id, %seat, pairing = after, "{what}");
        }
        let (rooms, outbox) = (Arc::clone(self), Arc::clone(outbox));
        let plain = self.plain.then(|| self.counters.hold(Count::PlainClients));
        Ok(Place { rooms, table, outbox, seat, from, ticket, turns, plain })
    }

    /// Takes note of what a change of seats has made of a room. Gives what to wait for until it is
    /// written down.
    fn settle(
        self: &Arc<Self>,
        registry: &mut Registry,
        table: &Arc<Table>,
        state: &mut TableState,
    ) -> Option<Ticket> {
        let standing = state.room.standing();
        let lonely = registry.directory.update(table.id, &standing);
        if let Some(lonely) = lonely.filter(|lonely| *lonely != table.id && !self.plain) {
            self.send_on(registry, lonely);
        }
        if standing.over && registry.tables.remove(&table.id).is_some() {
            info!(room = %table.id, "ended");
        }
        if !state.timed && state.room.poll_timeout().is_some() {
            state.timed = true;
            tokio::spawn(Arc::clone(self).keep_time(Arc::clone(table)));
        }
        self.changed(table.id)
    }

    /// Lets the one who waits in a room of its own find somebody else who does. Locks a second room
    /// under the registry's lock; nobody else holds two.
    fn send_on(&self, registry: &mut Registry, lonely: RoomId) {
        let Some(table) = registry.tables.remove(&lonely) else { return };
        let mut state = lock(&table.state);
        state.room.handle_rejoin();
        state.carry_out(None, self.clock.now());
        registry.directory.update(lonely, &state.room.standing());
        self.changed(lonely);
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

impl TableState {
    /// Does what the room commands, in order. `newcomer` is who is being seated, if anybody is.
    fn carry_out(&mut self, newcomer: Option<&Arc<Outbox>>, now: Moment) {
        let mut last_words = [None; 2];
        while let Some(command) = self.room.poll_command() {
            match command {
                Command::Admit(seat) => self.seats[seat.index()] = newcomer.cloned(),
                Command::Send { to, message } => {
                    self.turns.note(&message);
                    if let RelayToClient::Control(control) = &message
                        && let Some(close) = closing(control)
                    {
                        last_words[to.index()] = Some(close);
                    }
                    if let Some(outbox) = &self.seats[to.index()] {
                        outbox.push(&message, now);
                    }
                }
                Command::Close(seat) => {
                    if let Some(outbox) = self.seats[seat.index()].take() {
                        let otherwise = Close::Exit(ExitReason::Shutdown);
                        outbox.close(last_words[seat.index()].unwrap_or(otherwise));
                    }
                }
            }
        }
    }
}

/// Why a client is closed, if this is the last that it is told.
const fn closing(control: &RelayControl) -> Option<Close> {
    if let RelayControl::Exit { reason } = control {
        Some(Close::Exit(*reason))
    } else if let RelayControl::Error { code, .. } = control {
        Some(Close::Refused(*code))
    } else {
        None
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
