//! The world: all that there is, the time, and what happens next.
//!
//! Owns the order of events. Everything that takes time is an event of its own, so that anything may
//! happen in between.

use crate::audit::Audit;
use crate::bulk::Story;
use crate::bulk::pipes::Pipes;
use crate::chance::Chance;
use crate::client::Client;
use crate::relay::Relay;
use crate::weather::{Fault, Weather, When};
use crate::wire::{Conn, ConnId};
use couplet::directory::RoomId;
use couplet::time::Moment;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

/// Events that no conversation needs: somebody runs in circles.
const TOO_MANY: u64 = 400_000;

/// What happens at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// The next message of a connection comes to the relay.
    Up(ConnId),
    /// The next message of a connection comes to the client.
    Down(ConnId),
    /// The relay notices that a connection is gone.
    UpEnd(ConnId),
    /// The client does.
    DownEnd(ConnId),
    /// The relay looks whether it has heard of the client.
    Silence(ConnId),
    /// An attempt to connect has come to its end.
    Connected { client: usize, program: u64, attempt: u64 },
    /// A session wants to be called.
    Timer { client: usize, program: u64 },
    /// The face puts what it was told before the user.
    Display { client: usize, program: u64 },
    /// The user does something.
    Act { client: usize, program: u64 },
    /// The user answers an offer.
    Answer { client: usize, program: u64, transfer: u32 },
    /// The user starts the program.
    Start { client: usize },
    /// A program that was to die in the middle of something does so now at the latest.
    Die { client: usize, program: u64 },
    /// A room wants to be called.
    Room { life: u64, room: RoomId },
    /// The relay's store begins to write.
    StoreBegin { life: u64 },
    /// It has written.
    StoreDone { life: u64 },
    /// The relay is started again.
    RelayStart,
    /// The relay's process ends after a drain.
    RelayGone { life: u64 },
    /// One of the weather's faults.
    Fault(usize),
    /// From here on nothing goes wrong any more.
    Heal,
    /// Somebody looks whether all is settled.
    Look,
    /// A session has something to say.
    Pump { client: usize, program: u64 },
    /// Something of a pipe.
    Pipe(crate::bulk::pipes::PipeEvent),
}

/// All that there is.
pub(crate) struct World {
    pub(crate) now: Moment,
    pub(crate) chance: Chance,
    pub(crate) weather: Weather,
    pub(crate) relay: Relay,
    pub(crate) conns: BTreeMap<ConnId, Conn>,
    pub(crate) last_conn: u64,
    pub(crate) clients: Vec<Client>,
    pub(crate) pipes: Pipes,
    pub(crate) audit: Audit,
    /// What is in each file that was offered, and what has become of it.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) stories: BTreeMap<String, Story>,
    pub(crate) healed: bool,
    pub(crate) settled: bool,
    pub(crate) trace: Option<Vec<String>>,
    queue: BinaryHeap<Reverse<(Moment, u64)>>,
    happenings: BTreeMap<u64, Event>,
    last_event: u64,
    moves: u64,
    count: u64,
    waiting_faults: Vec<(u64, usize)>,
}

impl World {
    pub(crate) fn new(weather: Weather, trace: bool) -> Self {
        let mut chance = Chance::new(weather.seed);
        let relay = Relay::new(&weather);
        let clients = (0..3).map(|index| Client::new(index, &weather, &mut chance)).collect();
        Self {
            now: Moment::START,
            chance,
            relay,
            conns: BTreeMap::new(),
            last_conn: 0,
            clients,
            pipes: Pipes::default(),
            audit: Audit::default(),
            files: BTreeMap::new(),
            stories: BTreeMap::new(),
            healed: false,
            settled: false,
            trace: trace.then(Vec::new),
            queue: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            last_event: 0,
            moves: 0,
            count: 0,
            waiting_faults: Vec::new(),
            weather,
        }
    }

    /// Lets the whole conversation happen.
    pub(crate) fn run(&mut self) {
        self.after(Duration::ZERO, Event::Start { client: 0 });
        let second = self.chance.millis(0, 2000);
        self.after(second, Event::Start { client: 1 });
        for (number, (when, _)) in self.weather.faults.clone().into_iter().enumerate() {
            match when {
                When::Time(at) => self.at(Moment::from_start(at), Event::Fault(number)),
                When::Moves(moves) => self.waiting_faults.push((moves, number)),
            }
        }
        self.at(Moment::from_start(self.weather.heal_at), Event::Heal);
        while !self.settled {
            self.happen();
        }
        self.check_the_end();
    }

    fn happen(&mut self) {
        self.count += 1;
        assert!(self.count < TOO_MANY, "so many events that somebody runs in circles");
        let Some(Reverse((at, number))) = self.queue.pop() else {
            panic!("nothing is going to happen, and it isn't over");
        };
        let event = self.happenings.remove(&number).expect("an event");
        self.now = self.now.max(at);
        if !self.healed {
            self.trigger_faults();
        }
        self.carry_out(event);
    }

    fn trigger_faults(&mut self) {
        let moves = self.moves;
        let due = self.waiting_faults.iter().position(|(at, _)| *at <= moves);
        if let Some(due) = due {
            let (_, number) = self.waiting_faults.swap_remove(due);
            self.do_fault(number);
        }
    }

    fn carry_out(&mut self, event: Event) {
        if let Event::Pipe(event) = &event {
            let event = *event;
            self.note(|| format!("pipe {event:?}"));
        }
        match event {
            Event::Up(conn) => {
                self.moves += 1;
                self.arrive_up(conn);
            }
            Event::Down(conn) => {
                self.moves += 1;
                self.arrive_down(conn);
            }
            Event::UpEnd(conn) => self.relay_loses(conn),
            Event::DownEnd(conn) => self.client_loses(conn),
            Event::Silence(conn) => self.relay_listens(conn),
            Event::Connected { client, program, attempt } => {
                self.end_attempt(client, program, attempt);
            }
            Event::Timer { client, program } => self.client_time(client, program),
            Event::Display { client, program } => self.display(client, program),
            Event::Act { client, program } => self.user_acts(client, program),
            Event::Answer { client, program, transfer } => {
                self.user_answers(client, program, transfer);
            }
            Event::Start { client } => self.start_client(client),
            Event::Die { client, program } => self.die_at_last(client, program),
            Event::Room { life, room } => self.room_time(life, room),
            Event::StoreBegin { life } => self.store_begins(life),
            Event::StoreDone { life } => self.store_ends(life),
            Event::RelayStart => self.relay_starts(),
            Event::RelayGone { life } => self.relay_is_drained(life),
            Event::Fault(number) => {
                if !self.healed {
                    self.do_fault(number);
                }
            }
            Event::Heal => self.heal(),
            Event::Look => self.look(),
            Event::Pump { client, program } => {
                if self.program(client, program).is_some() {
                    self.pump(client);
                }
            }
            Event::Pipe(event) => self.pipe_event(event),
        }
    }

    fn do_fault(&mut self, number: usize) {
        let fault: Fault = self.weather.faults[number].1.clone();
        self.note(|| format!("FAULT {fault:?}"));
        self.go_wrong(&fault);
    }

    /// Something happens after a while.
    pub(crate) fn after(&mut self, wait: Duration, event: Event) {
        self.at(self.now + wait, event);
    }

    /// Something happens at some time.
    pub(crate) fn at(&mut self, at: Moment, event: Event) {
        self.last_event += 1;
        self.queue.push(Reverse((at, self.last_event)));
        self.happenings.insert(self.last_event, event);
    }

    /// Writes down what happens, if somebody wants to read it.
    pub(crate) fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            let at = self.now.since_start();
            trace.push(format!("{:>10.3} {}", at.as_secs_f64(), what()));
        }
    }
}
