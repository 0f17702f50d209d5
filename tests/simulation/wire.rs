//! Connections: two queues of messages, each in order, each as slow as it likes.
//!
//! Owns what is under way, and what of it is lost when a connection breaks; who notices and when is
//! drawn by whoever breaks it.

use crate::world::{Event, World};
use bytes::BytesMut;
use couplet::frame::FrameDecoder;
use couplet::limits::{CLIENT_SILENCE_LIMIT, MAX_CONTROL_BODY};
use couplet::message::{ClientToRelay, RelayToClient};
use couplet::time::Moment;
use std::collections::VecDeque;
use std::time::Duration;

/// One connection between a client and the relay; a number is used but once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ConnId(pub(crate) u64);

/// One direction.
#[derive(Debug)]
pub(crate) struct Way<T> {
    queue: VecDeque<T>,
    /// When the last message that is under way arrives.
    last: Moment,
    /// Whether what is sent from now on gets there.
    open: bool,
}

/// What a connection is at the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtRelay {
    /// It hasn't said what it wants.
    New,
    /// It has a seat; what is said to it waits until the seat is written down, if a batch is named.
    Seated { room: couplet::directory::RoomId, seat: couplet::message::Seat, until: Option<u64> },
    /// The relay knows it no more.
    Closed,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) client: usize,
    pub(crate) program: u64,
    pub(crate) at_relay: AtRelay,
    /// What waits for the seat to be written down.
    pub(crate) waiting: Vec<RelayToClient>,
    pub(crate) heard: Moment,
    up: Way<ClientToRelay>,
    down: Way<RelayToClient>,
    /// Until when nothing gets through.
    stalled: Moment,
}

impl<T> Way<T> {
    fn new(now: Moment) -> Self {
        Self { queue: VecDeque::new(), last: now, open: true }
    }
}

impl Conn {
    fn new(client: usize, program: u64, now: Moment) -> Self {
        Self {
            client,
            program,
            at_relay: AtRelay::New,
            waiting: Vec::new(),
            heard: now,
            up: Way::new(now),
            down: Way::new(now),
            stalled: now,
        }
    }
}

impl World {
    /// A new connection, of which the relay hears nothing before the first message.
    pub(crate) fn open_conn(&mut self, client: usize, program: u64) -> ConnId {
        self.last_conn += 1;
        let id = ConnId(self.last_conn);
        self.conns.insert(id, Conn::new(client, program, self.now));
        id
    }

    /// How long the next message takes.
    pub(crate) fn latency(&mut self) -> Duration {
        let slow = self.weather.slow_one_in.filter(|_| !self.healed);
        if slow.is_some_and(|many| self.chance.one_in(many)) {
            return self.chance.millis(500, 10_000);
        }
        let most = self.weather.latency_ms;
        self.chance.millis(most / 4, most + 1)
    }

    /// A client sends something.
    pub(crate) fn send_up(&mut self, id: ConnId, message: ClientToRelay) {
        let wait = self.latency();
        let now = self.now;
        let Some(conn) = self.conns.get_mut(&id) else { return };
        if !conn.up.open {
            return;
        }
        let at = conn.up.last.max(conn.stalled).max(now + wait);
        conn.up.last = at;
        conn.up.queue.push_back(message);
        self.at(at, Event::Up(id));
    }

    /// The relay sends something.
    pub(crate) fn send_down(&mut self, id: ConnId, message: RelayToClient) {
        let wait = self.latency();
        let now = self.now;
        let Some(conn) = self.conns.get_mut(&id) else { return };
        if !conn.down.open {
            return;
        }
        let at = conn.down.last.max(conn.stalled).max(now + wait);
        conn.down.last = at;
        conn.down.queue.push_back(message);
        self.at(at, Event::Down(id));
    }

    pub(crate) fn arrive_up(&mut self, id: ConnId) {
        let Some(message) = self.conns.get_mut(&id).and_then(|conn| conn.up.queue.pop_front())
        else {
            return;
        };
        let message = if self.weather.as_bytes { up_as_bytes(&message) } else { message };
        self.relay_hears(id, message);
    }

    pub(crate) fn arrive_down(&mut self, id: ConnId) {
        let Some(message) = self.conns.get_mut(&id).and_then(|conn| conn.down.queue.pop_front())
        else {
            return;
        };
        let message = if self.weather.as_bytes { down_as_bytes(&message) } else { message };
        self.client_hears(id, message);
    }

    /// The client has closed it, or died in an orderly system: what it sent comes, and then the relay
    /// notices.
    pub(crate) fn close_up(&mut self, id: ConnId) {
        let wait = self.latency();
        let now = self.now;
        let Some(conn) = self.conns.get_mut(&id) else { return };
        if conn.up.open {
            conn.up.open = false;
            let at = conn.up.last.max(conn.stalled).max(now + wait);
            self.at(at, Event::UpEnd(id));
        }
    }

    /// The relay has closed it: what it sent comes, and then the client notices.
    pub(crate) fn close_down(&mut self, id: ConnId) {
        let wait = self.latency();
        let now = self.now;
        let Some(conn) = self.conns.get_mut(&id) else { return };
        if conn.down.open {
            conn.down.open = false;
            let at = conn.down.last.max(conn.stalled).max(now + wait);
            self.at(at, Event::DownEnd(id));
        }
    }

    /// It breaks: of what is under way a beginning still arrives, in each direction. Each side that is
    /// to notice does so, later.
    pub(crate) fn break_conn(&mut self, id: ConnId, client_hears: bool, relay_hears: bool) {
        let (mut up_at, mut down_at) = (self.latency(), self.latency());
        if self.chance.one_in(3) {
            up_at += self.chance.millis(0, 5000);
            down_at += self.chance.millis(0, 5000);
        }
        let now = self.now;
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let keep = self.chance.index(conn.up.queue.len() + 1);
        conn.up.queue.truncate(keep);
        let keep = self.chance.index(conn.down.queue.len() + 1);
        conn.down.queue.truncate(keep);
        let was_open = (conn.up.open, conn.down.open);
        conn.up.open = false;
        conn.down.open = false;
        let up_at = conn.up.last.max(now + up_at);
        let down_at = conn.down.last.max(now + down_at);
        if relay_hears && was_open.0 {
            self.at(up_at, Event::UpEnd(id));
        }
        if client_hears && was_open.1 {
            self.at(down_at, Event::DownEnd(id));
        }
    }

    /// Nothing gets through for a while.
    pub(crate) fn stall(&mut self, id: ConnId, wait: Duration) {
        let until = self.now + wait;
        if let Some(conn) = self.conns.get_mut(&id) {
            conn.stalled = until;
        }
    }

    /// The relay looks whether it has heard of the client.
    pub(crate) fn relay_listens(&mut self, id: ConnId) {
        let Some(conn) = self.conns.get(&id) else { return };
        if conn.at_relay == AtRelay::Closed {
            return;
        }
        let due = conn.heard + CLIENT_SILENCE_LIMIT;
        if due <= self.now {
            self.close_down(id);
            self.relay_loses(id);
        } else {
            self.at(due, Event::Silence(id));
        }
    }
}

fn up_as_bytes(message: &ClientToRelay) -> ClientToRelay {
    let mut bytes = BytesMut::new();
    message.encode(&mut bytes);
    let mut decoder = FrameDecoder::new(MAX_CONTROL_BODY);
    let middle = bytes.len() / 2;
    decoder.push(&bytes[..middle]);
    assert_eq!(decoder.poll_frame(), Ok(None), "half a frame is none");
    decoder.push(&bytes[middle..]);
    let frame = decoder.poll_frame().expect("a frame").expect("a whole frame");
    let read = ClientToRelay::decode(frame).expect("a message");
    assert_eq!(&read, message, "what was encoded comes back");
    read
}

fn down_as_bytes(message: &RelayToClient) -> RelayToClient {
    let mut bytes = BytesMut::new();
    message.encode(&mut bytes);
    let mut decoder = FrameDecoder::new(MAX_CONTROL_BODY);
    decoder.push(&bytes);
    let frame = decoder.poll_frame().expect("a frame").expect("a whole frame");
    let read = RelayToClient::decode(frame).expect("a message");
    assert_eq!(&read, message, "what was encoded comes back");
    read
}
