//! The relay: its directory and rooms, and the binding of seats to connections.
//!
//! As `relay/src/rooms.rs` and `connection.rs` do it, without sockets. What outlives it is in
//! [`crate::store`].

use crate::store::Store;
use crate::weather::Weather;
use crate::wire::{AtRelay, Conn, ConnId};
use crate::world::{Event, World};
use couplet::directory::{Directory, RoomId};
use couplet::guesses::Guesses;
use couplet::message::{
    ClientControl, ClientToRelay, ErrorCode, ExitReason, RelayControl, RelayToClient, Role,
    RoomName, Seat, Token,
};
use couplet::room::{Command, Room};
use couplet::time::Moment;
use std::collections::BTreeMap;
use std::time::Duration;

/// The relay's program, or the place where it was.
pub(crate) struct Relay {
    pub(crate) up: bool,
    /// How often it was started; what is to happen in a life that is over doesn't.
    pub(crate) life: u64,
    pub(crate) draining: bool,
    pub(crate) directory: Directory,
    pub(crate) tables: BTreeMap<RoomId, Table>,
    pub(crate) store: Store,
    grace: Duration,
    wrong_codes: Guesses<RoomName>,
}

/// One room and those who sit in it.
pub(crate) struct Table {
    pub(crate) room: Room,
    pub(crate) seats: [Option<ConnId>; 2],
    timer: Option<Moment>,
}

impl Table {
    pub(crate) const fn new(room: Room) -> Self {
        Self { room, seats: [None, None], timer: None }
    }
}

impl Relay {
    pub(crate) fn new(weather: &Weather) -> Self {
        Self {
            up: true,
            life: 0,
            draining: false,
            directory: Directory::new(50),
            tables: BTreeMap::new(),
            store: Store::new(weather.keeps),
            grace: weather.grace,
            wrong_codes: Guesses::default(),
        }
    }
}

impl World {
    /// A message has come from a client.
    pub(crate) fn relay_hears(&mut self, id: ConnId, message: ClientToRelay) {
        let now = self.now;
        let Some(conn) = self.conns.get_mut(&id) else { return };
        conn.heard = now;
        let client = conn.client;
        let at_relay = conn.at_relay;
        if at_relay == AtRelay::Closed || !self.relay.up {
            return;
        }
        self.note(|| format!("relay < {client}: {}", brief_up(&message)));
        match (at_relay, message) {
            (AtRelay::New, ClientToRelay::Control(hello)) => self.seat(id, hello),
            (AtRelay::Seated { room, seat, .. }, message) => self.said(id, room, seat, message),
            (AtRelay::New | AtRelay::Closed, _) => {}
        }
    }

    fn seat(&mut self, id: ConnId, hello: ClientControl) {
        let ClientControl::Hello { room, new_room, seat: token, anew, times, known, plain: false } =
            hello
        else {
            panic!("a connection begins with {hello:?}");
        };
        self.at(self.now + couplet::limits::CLIENT_SILENCE_LIMIT, Event::Silence(id));
        if self.relay.draining {
            let exit = RelayControl::Exit { reason: ExitReason::Restart };
            self.send_down(id, RelayToClient::Control(exit));
            return self.close_from_relay(id);
        }
        let now = self.now;
        let result = if let Some(token) = token {
            self.relay.directory.find_seat(token).ok_or(ErrorCode::SeatGone).and_then(|found| {
                let table = self.relay.tables.get_mut(&found).expect("a table");
                table.room.handle_return(token, anew, times, known, now).map(|_| found)
            })
        } else {
            let fresh = Token::from_bytes(*self.chance.bytes().first_chunk().expect("16 of 32"));
            self.find_room(room, new_room).and_then(|found| {
                let table = self.relay.tables.get_mut(&found).expect("a table");
                table.room.handle_join(fresh, now).map(|_| found)
            })
        };
        match result {
            Ok(room) => {
                let batch = self.store_changed(room);
                self.carry_out_room(room, Some((id, batch)));
                self.settle(room);
                if batch.is_some() {
                    self.store_hurries();
                }
            }
            Err(code) => {
                let error = RelayControl::Error { code, text: "refused".to_owned(), kept_ms: None };
                self.send_down(id, RelayToClient::Control(error));
                self.close_from_relay(id);
            }
        }
    }

    fn find_room(&mut self, name: Option<RoomName>, new: bool) -> Result<RoomId, ErrorCode> {
        let (name, found) = match name {
            Some(name) => {
                if self.relay.wrong_codes.wait(&name, self.now).is_some() {
                    return Err(ErrorCode::SlowDown);
                }
                let found = self.relay.directory.find(Some(&name));
                (Some(name), found)
            }
            None if new => {
                let random = self.chance.next();
                (Some(self.relay.directory.free_number(random, |_| true)), None)
            }
            None => (None, self.relay.directory.find(None)),
        };
        if let Some(found) = found {
            return Ok(found);
        }
        let room = self.relay.directory.create(name.clone())?;
        self.relay.tables.insert(room, Table::new(Room::new(name, self.relay.grace)));
        Ok(room)
    }

    fn said(&mut self, id: ConnId, room: RoomId, seat: Seat, message: ClientToRelay) {
        let Some(table) = self.relay.tables.get_mut(&room) else { return };
        if table.seats[seat.index()] != Some(id) {
            return;
        }
        let machine = &mut table.room;
        let mut changes_seats = false;
        match message {
            ClientToRelay::Say { pairing, sequence, body } => {
                machine.handle_say(seat, pairing, sequence, body);
                self.store_changed(room);
            }
            ClientToRelay::Signal { pairing, body } => machine.handle_signal(seat, pairing, body),
            ClientToRelay::Control(control) => match control {
                ClientControl::Pass { turn } => {
                    machine.handle_pass(seat, turn);
                    self.store_changed(room);
                }
                ClientControl::Fin => {
                    machine.handle_fin(seat);
                    changes_seats = true;
                }
                ClientControl::Ping => {
                    self.send_down(id, RelayToClient::Control(RelayControl::Pong));
                }
                ClientControl::PairingFailed { pairing } => {
                    let failed = machine.handle_pairing_failed(seat, pairing);
                    if let (Some(_), Some(name)) = (failed, machine.name().cloned()) {
                        self.relay.wrong_codes.handle_failed(name, self.now);
                    }
                    changes_seats = true;
                }
                ClientControl::RequestPipe { tag } => {
                    let tokens = [(); 2].map(|()| {
                        Token::from_bytes(*self.chance.bytes().first_chunk().expect("16 of 32"))
                    });
                    if machine.handle_pipe_request(seat, tag, tokens) {
                        self.expect_pipe(tokens);
                    }
                }
                ClientControl::Hello { .. }
                | ClientControl::OpenPipe { .. }
                | ClientControl::OpenShelf => {
                    panic!("a client says {control:?} on a line")
                }
            },
        }
        self.carry_out_room(room, None);
        if changes_seats {
            self.settle(room);
        }
    }

    /// Does what a room commands. `joining` is whose join is being handled, and until which batch is
    /// written it is told nothing.
    fn carry_out_room(&mut self, id: RoomId, joining: Option<(ConnId, Option<u64>)>) {
        let life = self.relay.life;
        loop {
            let Some(table) = self.relay.tables.get_mut(&id) else { return };
            let Some(command) = table.room.poll_command() else { return };
            match command {
                Command::Admit(seat) => {
                    let (joining, until) = joining.expect("somebody joins");
                    table.seats[seat.index()] = Some(joining);
                    let conn = self.conns.get_mut(&joining).expect("a connection");
                    conn.at_relay = AtRelay::Seated { room: id, seat, until };
                }
                Command::Send { to, message } => {
                    let conn = table.seats[to.index()].expect("somebody in the seat");
                    if let RelayToClient::Control(control) = &message {
                        let of = self.conns[&conn].client;
                        match control {
                            RelayControl::Role { role: Role::Emi, turn } => {
                                self.audit.given_turn(life, id, *turn, to);
                            }
                            RelayControl::Taken { sequence } => {
                                self.audit.relay_took(of, *sequence);
                            }
                            RelayControl::Welcome { .. }
                            | RelayControl::Role { .. }
                            | RelayControl::Peer { .. }
                            | RelayControl::Pipe { .. }
                            | RelayControl::Joined
                            | RelayControl::Notice { .. }
                            | RelayControl::Exit { .. }
                            | RelayControl::Error { .. }
                            | RelayControl::Pong => {}
                        }
                    }
                    self.tell(conn, message);
                }
                Command::Close(seat) => {
                    let conn = table.seats[seat.index()].take().expect("somebody in the seat");
                    self.flush_waiting(conn);
                    self.close_from_relay(conn);
                }
            }
        }
    }

    /// To a seat's connection; it waits until the seat is written down.
    fn tell(&mut self, id: ConnId, message: RelayToClient) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        if let AtRelay::Seated { until: Some(_), .. } = conn.at_relay {
            conn.waiting.push(message);
        } else {
            self.send_down(id, message);
        }
    }

    /// What waited for a seat to be written down goes out.
    pub(crate) fn flush_waiting(&mut self, id: ConnId) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        if let AtRelay::Seated { until, .. } = &mut conn.at_relay {
            *until = None;
        }
        for message in std::mem::take(&mut conn.waiting) {
            self.send_down(id, message);
        }
    }

    fn close_from_relay(&mut self, id: ConnId) {
        if let Some(conn) = self.conns.get_mut(&id) {
            conn.at_relay = AtRelay::Closed;
        }
        self.close_down(id);
    }

    /// The relay notices that a connection is gone.
    pub(crate) fn relay_loses(&mut self, id: ConnId) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let AtRelay::Seated { room, seat, .. } =
            std::mem::replace(&mut conn.at_relay, AtRelay::Closed)
        else {
            return;
        };
        let client = conn.client;
        let now = self.now;
        let Some(table) = self.relay.tables.get_mut(&room) else { return };
        if table.seats[seat.index()] != Some(id) {
            return;
        }
        table.room.handle_lost(seat, now);
        table.seats[seat.index()] = None;
        self.note(|| format!("relay loses {client}"));
        self.carry_out_room(room, None);
        self.settle(room);
    }

    /// Takes note of what a change of seats has made of a room.
    pub(crate) fn settle(&mut self, id: RoomId) {
        let Some(table) = self.relay.tables.get(&id) else { return };
        let standing = table.room.standing();
        let lonely = self.relay.directory.update(id, &standing);
        if let Some(lonely) = lonely.filter(|lonely| *lonely != id) {
            if let Some(table) = self.relay.tables.get_mut(&lonely) {
                table.room.handle_rejoin();
                self.carry_out_room(lonely, None);
                let over = self.relay.tables[&lonely].room.standing();
                self.relay.directory.update(lonely, &over);
                self.relay.tables.remove(&lonely);
            }
            self.store_changed(lonely);
        }
        if standing.over {
            self.relay.tables.remove(&id);
        }
        self.store_changed(id);
        self.time_room(id);
    }

    fn time_room(&mut self, id: RoomId) {
        let Some(table) = self.relay.tables.get_mut(&id) else { return };
        let Some(at) = table.room.poll_timeout() else { return };
        if table.timer.is_none_or(|timer| timer > at) {
            table.timer = Some(at);
            let life = self.relay.life;
            self.at(at, Event::Room { life, room: id });
        }
    }

    pub(crate) fn room_time(&mut self, life: u64, id: RoomId) {
        if life != self.relay.life || !self.relay.up {
            return;
        }
        let now = self.now;
        let Some(table) = self.relay.tables.get_mut(&id) else { return };
        table.timer = None;
        table.room.handle_timeout(now);
        self.carry_out_room(id, None);
        self.settle(id);
    }

    /// The relay is to be started anew: everybody is told, and what there is is written down.
    pub(crate) fn drain(&mut self, down: Duration) {
        if !self.relay.up || self.relay.draining {
            return;
        }
        self.relay.draining = true;
        let now = self.now;
        for id in self.relay.tables.keys().copied().collect::<Vec<_>>() {
            // One that waited alone may have been sent on, and its room be over by now.
            let keeps = self.relay.store.keeps();
            let Some(table) = self.relay.tables.get_mut(&id) else { continue };
            if keeps {
                table.room.handle_restart(now);
            } else {
                table.room.handle_shutdown();
            }
            self.carry_out_room(id, None);
            self.settle(id);
        }
        let life = self.relay.life;
        self.after(Duration::from_millis(500), Event::RelayGone { life });
        self.after(Duration::from_millis(500) + down, Event::RelayStart);
    }

    /// Every connection of the relay's is gone with it.
    pub(crate) fn drop_all(&mut self, silently: bool) {
        let all: Vec<ConnId> = self.conns.keys().copied().collect();
        for id in all {
            let conn: &mut Conn = self.conns.get_mut(&id).expect("a connection");
            if conn.at_relay == AtRelay::Closed {
                continue;
            }
            conn.at_relay = AtRelay::Closed;
            conn.waiting.clear();
            self.break_conn(id, !silently, false);
        }
    }
}

/// A message in a few words.
pub(crate) fn brief_up(message: &ClientToRelay) -> String {
    match message {
        ClientToRelay::Control(control) => format!("{control:?}"),
        ClientToRelay::Say { pairing, sequence, body } => {
            format!("say {sequence} in {pairing}, {} bytes", body.len())
        }
        ClientToRelay::Signal { pairing, body } => {
            format!("signal in {pairing}, {} bytes", body.len())
        }
    }
}
