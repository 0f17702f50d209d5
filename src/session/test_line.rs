//! A line for tests: two sessions, the room between them, and connections that can be cut at any
//! moment, in virtual time.

use super::*;
use crate::message::RelayControl;
use crate::room::{self, Record, Room};
use crate::seal::Entropy;
use crate::transfer::book::TransferId;

pub(super) const GRACE: Duration = Duration::from_secs(30);

/// What a session of a test is: like any other, but the same every time.
pub(super) fn config(seed: u8) -> Config {
    Config::new(Entropy::new([seed; 32]))
}

/// One client and its connection: what is under way in each direction.
pub(super) struct Client {
    pub(super) session: Session,
    pub(super) connected: bool,
    pub(super) seat: Option<Seat>,
    pub(super) up: VecDeque<ClientToRelay>,
    pub(super) down: VecDeque<RelayToClient>,
    pub(super) events: Vec<Event>,
    pub(super) shown: bool,
    /// What is written down of the session before anything is transmitted.
    pub(super) kept: Option<Kept>,
}

impl Client {
    pub(super) fn new(session: Session) -> Self {
        Self {
            session,
            connected: false,
            seat: None,
            up: VecDeque::new(),
            down: VecDeque::new(),
            events: Vec::new(),
            shown: true,
            kept: None,
        }
    }

    /// One that says nothing and does nothing.
    pub(super) fn silent() -> Self {
        let mut client = Self::new(Session::new(config(200)));
        client.session.fin(Moment::START);
        while client.session.poll_command().is_some() {}
        client
    }
}

/// Two clients and the room between them.
pub(super) struct Line {
    pub(super) room: Room,
    pub(super) clients: Vec<Client>,
    pub(super) now: Moment,
    pub(super) tokens: u8,
    pub(super) transfers: Vec<(usize, Command)>,
    /// What the relay has written down of the room.
    pub(super) record: Option<Record>,
}

impl Line {
    pub(super) fn new(clients: usize) -> Self {
        let client = |index: u8| Client::new(Session::new(config(index + 1)));
        let clients = (0..u8::try_from(clients).expect("few")).map(client).collect();
        let room = Room::new(None, GRACE);
        Self { room, clients, now: Moment::START, tokens: 0, transfers: Vec::new(), record: None }
    }

    /// A paired line, settled.
    pub(super) fn paired() -> Self {
        let mut line = Self::new(2);
        line.settle();
        line
    }

    /// Accepts an offer of which nothing is there yet.
    pub(super) fn accept(&mut self, index: usize, id: u32) {
        let now = self.now;
        self.clients[index].session.accept(TransferId(id), false, now);
    }

    /// Carries out what a session asks for.
    pub(super) fn pump(&mut self, index: usize) {
        self.clients[index].kept = self.clients[index].session.kept();
        while let Some(command) = self.clients[index].session.poll_command() {
            match command {
                Command::Connect => {
                    self.disconnect(index);
                    self.clients[index].connected = true;
                    self.clients[index].session.handle_connected(self.now);
                }
                Command::Disconnect => {
                    // What was to be transmitted goes out first.
                    while self.deliver_up(index) {}
                    self.disconnect(index);
                }
                Command::Transmit(message) => {
                    if self.clients[index].connected {
                        self.clients[index].up.push_back(message);
                    }
                }
                Command::BeginSending { .. }
                | Command::OpenPipe { .. }
                | Command::DropPipes(_)
                | Command::WantPipes { .. }
                | Command::HoldTransfer { .. }
                | Command::FinishSending { .. }
                | Command::RestartTransfer(_)
                | Command::StopTransfer { .. } => self.transfers.push((index, command)),
            }
        }
        let client = &mut self.clients[index];
        while let Some(event) = client.session.poll_event() {
            if let (Event::Words { sequence, .. }, true) = (&event, client.shown) {
                client.session.shown(*sequence);
            }
            client.events.push(event);
        }
        self.clients[index].kept = self.clients[index].session.kept();
        if self.clients[index].session.commands.front().is_some() {
            self.pump(index);
        }
    }

    /// The relay hears that a seat gives its turn away.
    pub(super) fn pass_by(&mut self, seat: Seat) {
        let turn = self.room.record(self.now, Duration::ZERO).expect("somebody is there").turn;
        self.room.handle_pass(seat, turn);
    }

    /// The relay reads one message from a client.
    pub(super) fn deliver_up(&mut self, index: usize) -> bool {
        let Some(message) = self.clients[index].up.pop_front() else { return false };
        let seat = self.clients[index].seat;
        match (message, seat) {
            (
                ClientToRelay::Control(ClientControl::Hello {
                    seat: token,
                    anew,
                    times,
                    known,
                    ..
                }),
                None,
            ) => {
                let result = if let Some(token) = token {
                    self.room.handle_return(token, anew, times, known, self.now)
                } else {
                    self.tokens += 1;
                    self.room.handle_join(Token::from_bytes([self.tokens; 16]), self.now)
                };
                if let Err(code) = result {
                    let error =
                        RelayControl::Error { code, text: "refused".to_owned(), kept_ms: None };
                    self.clients[index].down.push_back(RelayToClient::Control(error));
                }
                // A change of seats is written down before anybody hears of it.
                self.write_down();
            }
            (ClientToRelay::Control(control), Some(seat)) => match control {
                ClientControl::Fin => self.room.handle_fin(seat),
                ClientControl::Pass { turn } => self.room.handle_pass(seat, turn),
                ClientControl::RequestPipe { tag } => {
                    let tokens = [Token::from_bytes([1; 16]), Token::from_bytes([2; 16])];
                    self.room.handle_pipe_request(seat, tag, tokens);
                }
                ClientControl::Ping => {
                    self.clients[index].down.push_back(RelayToClient::Control(RelayControl::Pong));
                }
                ClientControl::PairingFailed { pairing } => {
                    self.room.handle_pairing_failed(seat, pairing);
                }
                ClientControl::Hello { .. }
                | ClientControl::OpenPipe { .. }
                | ClientControl::OpenShelf => {}
            },
            (ClientToRelay::Say { pairing, sequence, body }, Some(seat)) => {
                self.room.handle_say(seat, pairing, sequence, body);
            }
            (ClientToRelay::Signal { pairing, body }, Some(seat)) => {
                self.room.handle_signal(seat, pairing, body);
            }
            (_, None) => {}
        }
        self.carry_out(Some(index));
        true
    }

    pub(super) fn carry_out(&mut self, joining: Option<usize>) {
        while let Some(command) = self.room.poll_command() {
            let at = |seat| self.clients.iter().position(|client| client.seat == Some(seat));
            match command {
                room::Command::Admit(seat) => {
                    self.clients[joining.expect("somebody joins")].seat = Some(seat);
                }
                room::Command::Send { to, message } => {
                    let to = at(to).expect("a client in the seat");
                    self.clients[to].down.push_back(message);
                }
                room::Command::Close(seat) => {
                    let closed = at(seat).expect("a client in the seat");
                    self.clients[closed].seat = None;
                }
            }
        }
    }

    /// A client reads one message from the relay.
    pub(super) fn deliver_down(&mut self, index: usize) -> bool {
        let client = &mut self.clients[index];
        let Some(message) = client.down.pop_front() else { return false };
        client.session.handle_message(message, self.now);
        self.pump(index);
        true
    }

    /// The connection breaks: what was under way is lost.
    pub(super) fn disconnect(&mut self, index: usize) {
        let client = &mut self.clients[index];
        client.connected = false;
        client.up.clear();
        client.down.clear();
        if let Some(seat) = client.seat.take() {
            self.room.handle_lost(seat, self.now);
            self.carry_out(None);
        }
    }

    pub(super) fn cut(&mut self, index: usize) {
        if self.clients[index].connected {
            self.disconnect(index);
            self.clients[index].session.handle_lost(self.now);
            self.pump(index);
        }
    }

    /// The relay writes down what there is now.
    pub(super) fn write_down(&mut self) {
        self.record = self.room.record(self.now, self.now.since_start());
    }

    /// The relay is killed and started again, with what it has written down.
    pub(super) fn restart_relay(&mut self) {
        let (now, wall) = (self.now, self.now.since_start());
        for client in &mut self.clients {
            client.seat = None;
        }
        self.room = match self.record.clone() {
            Some(record) => Room::restore(record, GRACE, now, wall),
            None => Room::new(None, GRACE),
        };
        for index in 0..self.clients.len() {
            self.cut(index);
        }
    }

    /// A client is killed and started again, with what it has written down; gives whether it had.
    pub(super) fn restart_client(&mut self, index: usize) -> bool {
        let Some(kept) = self.clients[index].kept.clone() else { return false };
        self.tokens += 1;
        self.disconnect(index);
        self.clients[index].session = Session::resume(config(100 + self.tokens), kept);
        self.pump(index);
        true
    }

    pub(super) fn pass_time(&mut self, wait: Duration) {
        self.now = self.now + wait;
        self.room.handle_timeout(self.now);
        self.carry_out(None);
        for index in 0..self.clients.len() {
            self.clients[index].session.handle_timeout(self.now);
            self.pump(index);
        }
    }

    /// Lets everything arrive, and everybody come back.
    pub(super) fn settle(&mut self) {
        loop {
            for index in 0..self.clients.len() {
                self.pump(index);
            }
            let mut moved = false;
            for index in 0..self.clients.len() {
                moved |= self.deliver_up(index) | self.deliver_down(index);
            }
            if !moved {
                let waiting = |client: &Client| !client.connected && !client.session.is_over();
                if !self.clients.iter().any(waiting) {
                    return;
                }
                self.pass_time(Duration::from_millis(200));
            }
        }
    }

    /// Lets everything arrive at the relay and from it that concerns one client.
    pub(super) fn settle_one(&mut self, index: usize) {
        while self.deliver_up(index) || self.deliver_down(index) {}
    }

    pub(super) fn words(&self, index: usize) -> Vec<&str> {
        self.clients[index]
            .events
            .iter()
            .filter_map(|event| {
                if let Event::Words { text, .. } = event { Some(text.as_str()) } else { None }
            })
            .collect()
    }

    pub(super) fn say(&mut self, index: usize, text: &str) -> DraftId {
        let draft = self.clients[index].session.say(text).expect("room for words");
        self.pump(index);
        draft
    }

    /// Says the next of a client's numbered words, up to a bound, and notes them.
    pub(super) fn say_next_of(&mut self, index: usize, said: &mut [Vec<String>; 2]) {
        if said[index].len() < 40 {
            let text = format!("{index}:{}", said[index].len());
            self.say(index, &text);
            said[index].push(text);
        }
    }

    /// Lets everything that is held go out. Turns alternate, so whoever has nothing to say passes.
    pub(super) fn say_all(&mut self) {
        self.settle();
        for _ in 0..200 {
            for index in 0..2 {
                let idle = self.clients[index].session.words.counts().0 == 0;
                if idle && self.clients[index].session.role == Some(Role::Emi) {
                    self.clients[index].session.pass();
                }
                self.settle();
            }
        }
    }

    pub(super) fn has(&self, index: usize, event: &Event) -> bool {
        self.clients[index].events.contains(event)
    }
}
