//! A visit beside the relay's own end, over a link that is cut.

use super::*;
use crate::account::Rights;
use crate::message::ExitReason;
use crate::path::SafeName;
use crate::shelf::host::{self, Host};
use crate::shelf::list::{Page, Query};
use crate::shelf::message::{ShelfFault, ShelfToClient};
use crate::shelf::name::ShelfName;
use crate::transfer::offer::Form;
use crate::transfer::outcome::{Outcome, Problems};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn name(text: &str) -> ShelfName {
    ShelfName::new(text).expect("a name")
}

fn offer(size: u64) -> Offer {
    let name = SafeName::new("photo.png").expect("a name");
    Offer { name, form: Form::File, size: Some(size), on_disk: None, entries: 1, mtime: None }
}

fn get() -> Wish {
    Wish::Get { name: name("photo.png") }
}

fn verified() -> Outcome {
    Outcome::Verified { saved_as: "photo.png".into(), problems: Problems::default() }
}

/// What goes on between a visit and a relay.
struct World {
    now: Moment,
    visit: Visit,
    host: Option<Host>,
    /// Whether accounts are needed; the right password is "right".
    login: bool,
    /// What the relay has, as a size.
    file: u64,
    down: bool,
    /// Transfers that began, by direction.
    moves: Vec<(&'static str, bool)>,
    events: Vec<Event>,
    /// How many transfers are cut.
    cuts: u32,
}

impl World {
    fn new(login: bool) -> Self {
        Self {
            now: Moment::START,
            visit: Visit::new(),
            host: None,
            login,
            file: 3,
            down: false,
            moves: Vec::new(),
            events: Vec::new(),
            cuts: 0,
        }
    }

    fn want(&mut self, wish: Wish) -> ErrandId {
        let id = self.visit.want(wish, self.now);
        self.run();
        id
    }

    /// Lets all happen that does without anybody's word.
    fn run(&mut self) {
        loop {
            if let Some(command) = self.visit.poll_command() {
                self.carry_out(command);
            } else if let Some(command) = self.host.as_mut().and_then(Host::poll_command) {
                self.serve(command);
            } else if let Some(event) = self.visit.poll_event() {
                self.hear(&event);
                self.events.push(event);
            } else {
                return;
            }
        }
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Connect if self.down => {
                self.visit.handle_connect_failed("no relay answers", self.now);
            }
            Command::Connect => {
                let rights = if self.login { Rights::NONE } else { Rights::ALL };
                let terms = Terms { login: self.login, rights, folders: false, max_file: None };
                self.host = Some(Host::new(terms, self.now));
                self.visit.handle_connected(true, self.now);
            }
            Command::Disconnect => self.host = None,
            Command::Transmit(ask) => {
                if let Some(host) = &mut self.host {
                    host.handle(ask, self.now);
                }
            }
            Command::Receive { id, .. } => self.moved(id, "in"),
            Command::Send { id, .. } => self.moved(id, "out"),
            Command::StopMoving(_) => {}
        }
    }

    /// A transfer runs through, or is cut.
    fn moved(&mut self, id: ErrandId, direction: &'static str) {
        let is_cut = self.cuts > 0;
        self.moves.push((direction, is_cut));
        if is_cut {
            self.cuts -= 1;
            self.host = None;
            let text = "the connection was lost".to_owned();
            self.visit.handle_moved(id, Moved::Cut { text, progressed: true }, self.now);
        } else {
            if let Some(host) = &mut self.host {
                host.handle_moved(self.now);
            }
            let outcome = verified();
            self.visit.handle_moved(id, Moved::Ended { outcome, connected: true }, self.now);
        }
    }

    fn serve(&mut self, command: host::Command) {
        let Some(host) = &mut self.host else { return };
        let missing = || (ShelfFault::NoSuchName, "there is none".to_owned());
        match command {
            host::Command::Send(message) => self.visit.handle_message(message, self.now),
            host::Command::CheckLogin { password, .. } => {
                let wrong = ((ShelfFault::LoginFailed, "wrong".to_owned()), None);
                let right = password.0 == "right";
                host.handle_login(if right { Ok(Rights::ALL) } else { Err(wrong) }, self.now);
            }
            host::Command::List(_) => host.handle_list(Ok(Page::default()), self.now),
            host::Command::Find(found) => {
                let there = found.as_str() == "photo.png";
                host.handle_found(
                    if there { Ok(offer(self.file)) } else { Err(missing()) },
                    self.now,
                );
            }
            host::Command::Claim(_) => host.handle_claimed(Ok(false), self.now),
            host::Command::AwaitWorker => host.handle_worker(),
            host::Command::Delete(name) => host.handle_deleted(name, Ok(()), self.now),
            // The client's side says when a transfer is over.
            host::Command::SendFound { .. } | host::Command::Receive | host::Command::Forget => {}
            host::Command::Close => {
                self.host = None;
                self.visit.handle_lost(self.now);
            }
        }
    }

    fn hear(&mut self, event: &Event) {
        if let Event::Offered { id, again, .. } = event {
            self.visit.accept(*id, *again, self.now);
        }
    }

    /// The connection breaks.
    fn cut(&mut self) {
        self.host = None;
        self.visit.handle_lost(self.now);
        self.run();
    }

    /// Until the next thing that is due.
    fn pass(&mut self) -> bool {
        let Some(at) = self.visit.poll_timeout() else { return false };
        self.now = self.now.max(at);
        self.visit.handle_timeout(self.now);
        self.run();
        true
    }

    fn ends(&self) -> BTreeMap<ErrandId, Vec<&End>> {
        let mut ends = BTreeMap::<_, Vec<_>>::new();
        for event in &self.events {
            if let Event::Ended(id, end) = event {
                ends.entry(*id).or_default().push(end);
            }
        }
        ends
    }

    fn end(&self, id: ErrandId) -> &End {
        match self.ends().get(&id).map(Vec::as_slice) {
            Some([end]) => end,
            other => panic!("{id:?}: {other:?}"),
        }
    }
}

#[test]
fn errands_are_done_one_after_the_other_and_the_goodbye_is_the_end() {
    let mut world = World::new(false);
    let list = world.want(Wish::List(Query::default()));
    let fetched = world.want(get());
    let missing = world.want(Wish::Get { name: name("moon") });
    let put = world.want(Wish::Put { offer: offer(3) });
    let gone = world.want(Wish::Delete { name: name("photo.png") });
    assert_eq!(*world.end(list), End::Listed);
    assert_eq!(*world.end(fetched), End::Moved(verified()));
    assert!(matches!(world.end(missing), End::Missing { .. }));
    assert_eq!(*world.end(put), End::Moved(verified()));
    assert_eq!(*world.end(gone), End::Deleted);
    assert_eq!(world.moves, [("in", false), ("out", false)]);
    world.visit.leave(world.now);
    world.run();
    assert!(world.visit.is_over());
    assert_eq!(world.events.last(), Some(&Event::Over));
}

#[test]
fn what_is_cut_goes_on_and_what_changed_meanwhile_is_told() {
    let mut world = World::new(false);
    world.cuts = 2;
    let id = world.want(get());
    world.file = 4;
    assert!(world.pass());
    assert!(world.pass());
    assert_eq!(*world.end(id), End::Moved(verified()));
    assert_eq!(world.moves, [("in", true), ("in", true), ("in", false)]);
    let offered: Vec<_> = world
        .events
        .iter()
        .filter_map(|event| {
            let Event::Offered { again, changed, .. } = event else { return None };
            Some((*again, *changed))
        })
        .collect();
    assert_eq!(offered, [(false, false), (true, true), (true, false)]);
}

#[test]
fn a_relay_that_never_was_there_is_not_waited_for_and_one_that_is_gone_is() {
    let mut world = World::new(false);
    world.down = true;
    let id = world.want(get());
    assert!(matches!(world.end(id), End::GivenUp(text) if text == "no relay answers"));
    assert!(world.visit.is_over());

    let mut world = World::new(false);
    world.cuts = 1;
    let id = world.want(get());
    world.down = true;
    let start = world.now;
    while world.pass() {}
    assert!(world.now.since(start) >= PATIENCE, "{:?}", world.now);
    assert!(world.now.since(start) < 2 * PATIENCE);
    assert!(matches!(world.end(id), End::GivenUp(_)));
}

#[test]
fn whoever_must_says_who_it_is_and_again_after_a_cut() {
    let mut world = World::new(true);
    let id = world.want(get());
    assert!(world.events.contains(&Event::LoginWanted));
    let say = |world: &mut World, password: &str| {
        let password = Password(password.to_owned());
        world.visit.log_in("ann".to_owned(), password, world.now);
        world.run();
    };
    say(&mut world, "wrong");
    assert!(world.events.iter().any(|event| matches!(event, Event::LoginFailed { .. })));
    assert!(world.ends().is_empty(), "it can be said again");
    world.cuts = 1;
    say(&mut world, "right");
    assert!(world.events.iter().any(|event| matches!(event, Event::List(None, _))));
    assert!(world.pass());
    assert_eq!(*world.end(id), End::Moved(verified()));
}

#[test]
fn a_password_is_not_sent_where_others_could_read_it() {
    let mut visit = Visit::new();
    visit.log_in("ann".to_owned(), Password("right".to_owned()), Moment::START);
    visit.want(get(), Moment::START);
    visit.handle_connected(false, Moment::START);
    let terms = Terms { login: true, rights: Rights::NONE, folders: false, max_file: None };
    visit.handle_message(ShelfToClient::Shelf(terms), Moment::START);
    let said: Vec<_> = std::iter::from_fn(|| visit.poll_command()).collect();
    assert_eq!(said, [Command::Connect, Command::Disconnect]);
    assert!(visit.is_over());
}

#[test]
fn a_silent_relay_is_lost() {
    let mut world = World::new(false);
    world.visit.want(get(), world.now);
    assert_eq!(world.visit.poll_command(), Some(Command::Connect));
    world.visit.handle_connected(true, world.now);
    assert!(world.pass());
    assert!(matches!(world.events.first(), Some(Event::Connection(Connection::None(_)))));
}

#[test]
fn a_relay_that_is_ended_says_so_at_any_point_and_is_believed_at_once() {
    let exit = |reason| ShelfToClient::Exit { reason };
    for at in ["greeting", "login", "offered", "moving", "idle"] {
        for reason in [ExitReason::Shutdown, ExitReason::Restart] {
            let now = Moment::START;
            let mut visit = Visit::new();
            let id = visit.want(get(), now);
            visit.handle_connected(true, now);
            if at != "greeting" {
                let login = at == "login";
                let terms = Terms { login, rights: Rights::ALL, folders: false, max_file: None };
                visit.handle_message(ShelfToClient::Shelf(terms), now);
            }
            if matches!(at, "offered" | "moving" | "idle") {
                visit.handle_message(ShelfToClient::Offered { offer: offer(3) }, now);
            }
            if at == "moving" {
                visit.accept(id, false, now);
                visit.handle_message(ShelfToClient::Begin { part: false }, now);
                visit.handle_moved(id, Moved::Said(exit(reason)), now);
            } else {
                if at == "idle" {
                    visit.decline(id, NotTaken { taken: true, text: "no".to_owned() }, now);
                }
                visit.handle_message(exit(reason), now);
            }
            let told: Vec<_> = std::iter::from_fn(|| visit.poll_event()).collect();
            let ended = Event::Connection(Connection::Ended("the relay was ended".to_owned()));
            let says_it = told.contains(&ended) && visit.is_over();
            assert_eq!(says_it, reason == ExitReason::Shutdown, "{at}, {reason:?}: {told:?}");
            // One that comes back is waited for, if there is anything to do and it was met.
            let waits = matches!(visit.link, Link::Waiting { .. });
            let expected = reason == ExitReason::Restart && matches!(at, "offered" | "moving");
            assert_eq!(waits, expected, "{at}, {reason:?}: {:?}", visit.link);
        }
    }
}

#[test]
fn what_is_offered_under_another_name_is_not_taken() {
    let mut world = World::new(false);
    let id = world.visit.want(Wish::Get { name: name("site/photo.jpg") }, world.now);
    world.visit.handle_connected(true, world.now);
    let terms = Terms { login: false, rights: Rights::GET, folders: true, max_file: None };
    world.visit.handle_message(ShelfToClient::Shelf(terms), world.now);
    world.visit.handle_message(ShelfToClient::Offered { offer: offer(3) }, world.now);
    let told: Vec<_> = std::iter::from_fn(|| world.visit.poll_event()).collect();
    assert!(!told.iter().any(|event| matches!(event, Event::Offered { .. })), "{told:?}");
    let refused = |end: &End| matches!(end, End::GivenUp(text) if text.contains("in the place of site/photo.jpg"));
    assert!(
        told.iter()
            .any(|event| matches!(event, Event::Ended(ended, end) if *ended == id && refused(end))),
        "{told:?}"
    );
    assert!(world.visit.is_over());
}

fn wishes() -> impl Strategy<Value = Wish> {
    prop_oneof![
        Just(get()),
        Just(Wish::Get { name: name("moon") }),
        Just(Wish::List(Query::default())),
        Just(Wish::Put { offer: offer(3) }),
        Just(Wish::Delete { name: name("photo.png") }),
    ]
}

proptest! {
    /// Whatever is wanted, cut and cancelled: each errand ends exactly once, and after the end nothing
    /// is done.
    #[test]
    fn every_errand_ends_once(
        login in any::<bool>(),
        steps in prop::collection::vec((0_u8..8, wishes(), 0_u32..12), 1..40),
    ) {
        let mut world = World::new(login);
        world.visit.log_in("ann".to_owned(), Password("right".to_owned()), world.now);
        let mut wanted = Vec::new();
        for (step, wish, number) in steps {
            match step {
                0..4 => {
                    world.cuts = number % 3;
                    wanted.push(world.want(wish));
                }
                4 => world.cut(),
                5 => {
                    world.visit.cancel(ErrandId(number), world.now);
                    world.run();
                }
                6 => world.down = !world.down,
                _ => {
                    world.pass();
                }
            }
        }
        world.visit.leave(world.now);
        world.run();
        for _ in 0..100 {
            world.pass();
        }
        prop_assert!(world.visit.is_over(), "{:?}", world.visit);
        let ends = world.ends();
        for id in wanted {
            prop_assert_eq!(ends.get(&id).map(Vec::len), Some(1), "{:?}", id);
        }
        prop_assert_eq!(world.visit.poll_command(), None);
    }

    /// A relay that says anything at any time.
    #[test]
    fn a_relay_that_talks_nonsense_is_left(said in prop::collection::vec((0_u8..9, any::<bool>()), 1..30)) {
        let mut visit = Visit::new();
        let now = Moment::START;
        visit.want(get(), now);
        visit.want(Wish::Put { offer: offer(3) }, now);
        visit.log_in("ann".to_owned(), Password("right".to_owned()), now);
        for (what, flag) in said {
            let rights = Rights::ALL;
            let message = match what {
                0 | 1 => ShelfToClient::Shelf(Terms { login: flag, rights, folders: true, max_file: None }),
                2 => ShelfToClient::List(Page::default()),
                3 => ShelfToClient::Offered { offer: offer(u64::from(flag)) },
                4 => ShelfToClient::Begin { part: flag },
                5 => ShelfToClient::Wait { before: 3 },
                6 => ShelfToClient::Deleted { name: name("a") },
                7 => ShelfToClient::error(if flag { ShelfFault::NoSuchName } else { ShelfFault::LoginFailed }, "x"),
                _ => ShelfToClient::Exit { reason: crate::message::ExitReason::Restart },
            };
            visit.handle_message(message, now);
            while let Some(command) = visit.poll_command() {
                match command {
                    Command::Connect => visit.handle_connected(true, now),
                    Command::Receive { id, .. } | Command::Send { id, .. } => {
                        visit.handle_moved(id, Moved::Ended { outcome: verified(), connected: flag }, now);
                    }
                    Command::Disconnect | Command::Transmit(_) | Command::StopMoving(_) => {}
                }
            }
            while let Some(event) = visit.poll_event() {
                if let Event::Offered { id, .. } = event {
                    if flag { visit.accept(id, false, now) } else { visit.decline(id, NotTaken { taken: true, text: "no".to_owned() }, now) }
                }
            }
        }
    }
}
