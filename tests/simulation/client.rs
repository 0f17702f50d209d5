//! A client: its program, which may be killed between any two of its steps, and its disk.
//!
//! As `ui/src/engine/mod.rs` does it: what a session asks for is carried out in order, and what is
//! kept of it is written down before anything is transmitted.

use crate::bulk::Bulk;
use crate::bulk::disk::Disk;
use crate::chance::Chance;
use crate::users::User;
use crate::weather::{Death, Place, Third, Weather};
use crate::wire::ConnId;
use crate::world::{Event, World};
use couplet::message::{ClientToRelay, RelayToClient, Role, RoomName};
use couplet::seal::{Entropy, Password};
use couplet::session::{Command, Config, DraftId, Kept, Meet, Peer, Seal, Session};
use couplet::time::Moment;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// One of those who may meet.
pub(crate) struct Client {
    pub(crate) index: usize,
    /// The words of its code; empty without.
    pub(crate) password: &'static str,
    pub(crate) program: Option<Program>,
    /// How often a program was started.
    pub(crate) programs: u64,
    /// How often a session began that knows nothing of one before.
    pub(crate) lives: u64,
    pub(crate) disk: Disk,
    pub(crate) user: User,
    /// The room's number, once it was told.
    pub(crate) room: Option<RoomName>,
    /// Whether it will not come any more.
    pub(crate) retired: bool,
    /// How often its program ended by itself.
    pub(crate) endings: u64,
}

/// A running program.
pub(crate) struct Program {
    pub(crate) number: u64,
    pub(crate) session: Session,
    pub(crate) conn: Option<ConnId>,
    attempt: Option<u64>,
    timer: Option<Moment>,
    /// After how many steps it dies, and how.
    pub(crate) fuse: Option<(u32, Death, Duration)>,
    /// What the face was told and the user hasn't seen.
    pub(crate) screen: VecDeque<(u64, String, bool)>,
    /// Whose messages its drafts are, by their text's number.
    pub(crate) drafts: BTreeMap<DraftId, usize>,
    /// The numbers that went out with them, as long as they are certain.
    pub(crate) sequences: BTreeMap<DraftId, u64>,
    pub(crate) last_say: Option<u64>,
    pub(crate) online: bool,
    pub(crate) role: Option<Role>,
    pub(crate) peer: Option<Peer>,
    pub(crate) seal: Option<Seal>,
    pub(crate) bulk: Bulk,
}

impl Program {
    fn new(number: u64, session: Session) -> Self {
        Self {
            number,
            session,
            conn: None,
            attempt: None,
            timer: None,
            fuse: None,
            screen: VecDeque::new(),
            drafts: BTreeMap::new(),
            sequences: BTreeMap::new(),
            last_say: None,
            online: false,
            role: None,
            peer: None,
            seal: None,
            bulk: Bulk::default(),
        }
    }

    /// Whether it is sealed with somebody who is there.
    pub(crate) fn is_with_somebody(&self) -> bool {
        self.online
            && self.peer == Some(Peer::Present)
            && matches!(self.seal, Some(Seal::Sealed { .. }))
    }

    /// Whether nobody is there, and nobody is expected back.
    pub(crate) fn is_alone(&self) -> bool {
        self.online && matches!(self.peer, Some(Peer::Waiting | Peer::Gone))
    }
}

impl Client {
    pub(crate) fn new(index: usize, weather: &Weather, chance: &mut Chance) -> Self {
        let password = match (weather.by_code, index, weather.third) {
            (true, 2, Some(Third::Impostor)) => "wrong words",
            (true, ..) => "right words",
            (false, ..) => "",
        };
        Self {
            index,
            password,
            program: None,
            programs: 0,
            lives: 0,
            disk: Disk::default(),
            user: User::new(weather, chance),
            room: None,
            retired: false,
            endings: 0,
        }
    }
}

impl World {
    /// The program with this number, if it still runs.
    pub(crate) fn program(&mut self, client: usize, number: u64) -> Option<&mut Program> {
        self.clients[client].program.as_mut().filter(|program| program.number == number)
    }

    /// The user starts the program.
    pub(crate) fn start_client(&mut self, index: usize) {
        let Some(meet) = self.meet(index) else {
            if self.clients[0].retired {
                self.clients[index].retired = true;
            } else {
                self.after(Duration::from_secs(1), Event::Start { client: index });
            }
            return;
        };
        let entropy = Entropy::new(self.chance.bytes());
        let aes_in_hardware = self.chance.one_in(2);
        let client = &mut self.clients[index];
        if client.program.is_some() || client.retired {
            return;
        }
        client.programs += 1;
        let password = Password::new(client.password.to_owned());
        let config = Config { meet, password, aes_in_hardware, ..Config::new(entropy) };
        let number = client.programs;
        let kept = client.disk.kept.clone();
        let session = if let Some(kept) = &kept {
            // As it would be read from a file.
            let written = serde_json::to_vec(kept).expect("what is kept can be written");
            let read: Kept = serde_json::from_slice(&written).expect("and read");
            assert_eq!(&read, kept, "what is kept comes back");
            Session::resume(config, read)
        } else {
            client.lives += 1;
            client.disk.transfers.clear();
            Session::new(config)
        };
        let mut program = Program::new(number, session);
        Bulk::take_up(&client.disk.transfers, &mut program.session);
        client.program = Some(program);
        self.note(|| format!("START {index}, {}", if kept.is_some() { "resumed" } else { "anew" }));
        let pause = self.weather.pause_ms;
        let wait = self.chance.millis(0, pause * 2 + 1);
        self.after(wait, Event::Act { client: index, program: number });
        self.pump(index);
    }

    fn meet(&self, index: usize) -> Option<Meet> {
        let named = || Meet::In(RoomName::new("attic").expect("a name"));
        match self.weather.place {
            Place::Lobby => Some(Meet::Anybody),
            Place::Named => Some(named()),
            Place::Numbered => match (&self.clients[0].room, index) {
                (Some(room), _) => Some(Meet::In(room.clone())),
                (None, 0) => Some(Meet::InNewRoom),
                (None, _) => None,
            },
        }
    }

    /// One step nearer to its death. Returns whether that was the last.
    pub(crate) fn dies(&mut self, index: usize) -> bool {
        let Some(program) = &mut self.clients[index].program else { return true };
        let Some((steps, how, down)) = &mut program.fuse else { return false };
        if *steps > 0 {
            *steps -= 1;
            return false;
        }
        let (how, down) = (*how, *down);
        self.kill(index, how, down);
        true
    }

    pub(crate) fn die_at_last(&mut self, index: usize, number: u64) {
        if let Some((_, how, down)) = self.program(index, number).and_then(|p| p.fuse) {
            self.kill(index, how, down);
        }
    }

    /// The program is no more.
    pub(crate) fn kill(&mut self, index: usize, how: Death, down: Duration) {
        let Some(program) = self.clients[index].program.take() else { return };
        self.note(|| format!("DEATH of {index}, {how:?}"));
        if let Some(conn) = program.conn {
            self.break_conn(conn, false, how == Death::Killed);
        }
        self.pipes_of_dead(index, program.number, how);
        let kept = self.clients[index].disk.kept.as_ref();
        let shown = kept.map(|kept| kept.words.shown);
        self.audit.killed(index, shown);
        self.check_ledgers(index, how);
        self.after(down, Event::Start { client: index });
    }

    /// Carries out what a session asks for, and shows what it tells.
    pub(crate) fn pump(&mut self, index: usize) {
        loop {
            let Some(program) = &mut self.clients[index].program else { return };
            let mut commands = Vec::new();
            while let Some(command) = program.session.poll_command() {
                commands.push(command);
            }
            let mut events = VecDeque::new();
            while let Some(event) = program.session.poll_event() {
                events.push_back(event);
            }
            if self.dies(index) {
                return;
            }
            self.write_down(index);
            if self.dies(index) {
                return self.events_of_dead(events);
            }
            if commands.is_empty() && events.is_empty() {
                break;
            }
            for command in commands {
                if self.dies(index) {
                    return self.events_of_dead(events);
                }
                self.client_does(index, command);
            }
            while let Some(event) = events.pop_front() {
                if self.dies(index) {
                    events.push_front(event);
                    return self.events_of_dead(events);
                }
                self.face(index, event);
            }
        }
        self.time_client(index);
    }

    /// What was being given back was on its way to the screen, and is kept no more.
    fn events_of_dead(&mut self, events: VecDeque<couplet::session::Event>) {
        for event in events {
            if let couplet::session::Event::TakenBack { text, .. } = event {
                self.audit.lost_on_the_way(&text);
            }
        }
    }

    /// What must outlive the program goes to disk, before anybody else can know of it.
    pub(crate) fn write_down(&mut self, index: usize) {
        let client = &mut self.clients[index];
        let Some(program) = &client.program else { return };
        let session = &program.session;
        let kept = session.kept();
        if kept.is_none() && session.may_go_back() {
            // What was kept before is still there.
            return;
        }
        client.disk.kept = kept;
        let goes_on = client.disk.kept.is_some();
        client.disk.transfers = if goes_on { Bulk::kept(session) } else { Vec::new() };
        self.audit.written_down(index);
    }

    fn client_does(&mut self, index: usize, command: Command) {
        let client = &mut self.clients[index];
        let Some(program) = &mut client.program else { return };
        let number = program.number;
        match command {
            Command::Connect => {
                let old = program.conn.take();
                program.online = false;
                let attempt = program.attempt.map_or(1, |attempt| attempt + 1);
                program.attempt = Some(attempt);
                if let Some(old) = old {
                    self.close_up(old);
                }
                let wait = self.latency();
                self.after(wait, Event::Connected { client: index, program: number, attempt });
            }
            Command::Disconnect => {
                program.online = false;
                if let Some(old) = program.conn.take() {
                    self.close_up(old);
                }
            }
            Command::Transmit(message) => {
                if let ClientToRelay::Say { sequence, body, .. } = &message {
                    program.last_say = Some(*sequence);
                    self.audit.into_the_void |= body.is_empty();
                }
                if let Some(conn) = program.conn {
                    self.send_up(conn, message);
                }
            }
            Command::BeginSending { .. }
            | Command::OpenPipe { .. }
            | Command::DropPipes(_)
            | Command::WantPipes { .. }
            | Command::HoldTransfer { .. }
            | Command::FinishSending { .. }
            | Command::RestartTransfer(_)
            | Command::StopTransfer { .. } => self.bulk_does(index, command),
        }
    }

    /// An attempt to connect has come to its end.
    pub(crate) fn end_attempt(&mut self, index: usize, number: u64, attempt: u64) {
        let (now, up) = (self.now, self.relay.up);
        let Some(program) = self.program(index, number) else { return };
        if program.attempt != Some(attempt) || program.conn.is_some() {
            return;
        }
        if up {
            let conn = self.open_conn(index, number);
            let program = self.program(index, number).expect("it runs");
            program.conn = Some(conn);
            program.session.handle_connected(now);
        } else {
            program.session.handle_connect_failed("nobody is there", now);
        }
        self.pump(index);
    }

    /// A message has come from the relay.
    pub(crate) fn client_hears(&mut self, id: ConnId, message: RelayToClient) {
        let now = self.now;
        let Some(conn) = self.conns.get(&id) else { return };
        let (index, number) = (conn.client, conn.program);
        let Some(program) = self.program(index, number).filter(|p| p.conn == Some(id)) else {
            return;
        };
        let brief = match &message {
            RelayToClient::Control(control) => format!("{control:?}"),
            RelayToClient::Message { pairing, sequence, kept, body } => {
                format!("message {sequence} in {pairing}, kept {kept}, {} bytes", body.len())
            }
            RelayToClient::Signal { pairing, body } => {
                format!("signal in {pairing}, {} bytes", body.len())
            }
        };
        program.session.handle_message(message, now);
        self.note(|| format!("{index} < relay: {brief}"));
        self.pump(index);
    }

    /// The client notices that its connection is gone.
    pub(crate) fn client_loses(&mut self, id: ConnId) {
        let now = self.now;
        let Some(conn) = self.conns.get(&id) else { return };
        let (index, number) = (conn.client, conn.program);
        let Some(program) = self.program(index, number).filter(|p| p.conn == Some(id)) else {
            return;
        };
        program.conn = None;
        program.online = false;
        program.session.handle_lost(now);
        self.note(|| format!("{index} loses the relay"));
        self.pump(index);
    }

    fn time_client(&mut self, index: usize) {
        let now = self.now;
        let Some(program) = &mut self.clients[index].program else { return };
        let number = program.number;
        let connecting = program.conn.is_none() && program.attempt.is_some() && !program.online;
        let due = program.session.poll_timeout();
        let waits = due.is_some() || program.session.is_over() || connecting;
        assert!(waits, "client {index} waits for something without a deadline");
        if let Some(due) = due
            && program.timer.is_none_or(|timer| timer > due || timer <= now)
        {
            program.timer = Some(due);
            self.at(due.max(now), Event::Timer { client: index, program: number });
        }
    }

    pub(crate) fn client_time(&mut self, index: usize, number: u64) {
        let now = self.now;
        let Some(program) = self.program(index, number) else { return };
        program.timer = None;
        if program.session.poll_timeout().is_some_and(|due| due <= now) {
            program.session.handle_timeout(now);
            self.pump(index);
        } else {
            self.time_client(index);
        }
    }

    /// What a session has to say is carried out as soon as nobody else is at it.
    pub(crate) fn pump_soon(&mut self, index: usize) {
        if let Some(program) = &self.clients[index].program {
            let number = program.number;
            self.after(Duration::ZERO, Event::Pump { client: index, program: number });
        }
    }
}
