//! A visit to a relay's shelf: the core's [`Visit`] with its connection and its files.
//!
//! Owns the loop that carries out what the visit asks for and tells it what happened; the connection
//! is in `link`, the threads that move bytes in `moving`. Errands in, events out; no screen. The
//! command `couplet shelf` and the terminal's list of the shelf both hold one.

mod link;
mod looking;
mod moving;

use super::connection::sleep_until;
use super::{Target, TlsChoice};
use crate::clock;
use couplet::shelf::list::Query;
use couplet::shelf::message::Password;
use couplet::shelf::name::ShelfName;
use couplet::shelf::visit::{
    self, End, ErrandId, Event as VisitEvent, Moved, NotTaken, Visit, Wish,
};
use couplet::transfer::offer::OnCollision;
use couplet_files::receiving;
use couplet_files::source::{Source, WalkOptions};
use link::{Cut, Happening, Link};
use looking::{Found, Look, Looks, Policies, is_taken};
use moving::{Figures, Moving};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// How often a moving transfer's figures are told.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// What a visit needs to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// The relay, as `HOST:PORT`.
    pub relay: String,
    /// When the connection is protected.
    pub tls: TlsChoice,
    /// The file of the relays whose certificates are known.
    pub known_relays: Option<PathBuf>,
    /// Where what is fetched goes.
    pub target: Target,
    /// What to do about names that are taken there.
    pub on_collision: OnCollision,
    /// Bytes a second that transfers may take; as fast as it goes if none.
    pub limit: Option<u64>,
}

/// What may be asked of a visit. Each errand is told with [`Event::Wanted`] at once, and ends with
/// [`VisitEvent::Ended`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A page of what is there.
    List(Query),
    /// A file.
    Get(ShelfName),
    /// The same, and this is done if its name is taken.
    GetWith(ShelfName, OnCollision),
    /// To lay down what this path names.
    Put(PathBuf),
    /// To have a file removed.
    Delete(ShelfName),
    /// Who the user is.
    LogIn {
        /// The account.
        user: String,
        /// Its password.
        password: Password,
    },
    /// An errand isn't wanted any more.
    Cancel(ErrandId),
    /// The relay was met elsewhere: an attempt to reach it that is waited for is made at once.
    RelayMet,
    /// Move at most so many bytes a second from now on; as fast as it goes if none.
    Limit(Option<u64>),
    /// To leave when what is being done is through.
    Leave,
}

/// What is heard of a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// From the visit's machine.
    Visit(VisitEvent),
    /// Something for the user, such as that a relay is met for the first time.
    Notice(String),
    /// An errand was taken on.
    Wanted(ErrandId, Wish),
    /// The errand that was taken on just before lays down what this path names.
    Laying(ErrandId, PathBuf),
    /// A path can't be laid down: what is wrong and what to do.
    NotPut(PathBuf, String),
    /// Bytes begin to move, or go on after a cut.
    Started {
        /// For which errand.
        id: ErrandId,
        /// What was there already.
        held: u64,
        /// The size of the whole.
        size: Option<u64>,
    },
    /// How far it is.
    Progress(ErrandId, Figures),
}

pub use moving::Figures as ShelfFigures;

/// A running visit, as a face holds it. Dropping it ends the visit without a word.
#[derive(Debug)]
pub struct Shelf {
    /// Commands in; await room.
    pub commands: mpsc::Sender<Command>,
    /// Events out, in order.
    pub events: mpsc::Receiver<Event>,
}

/// Begins a visit on the current tokio runtime. It connects with its first errand.
#[must_use]
pub fn start(options: Options) -> Shelf {
    let (commands, commands_in) = mpsc::channel(64);
    let (events_out, events) = mpsc::channel(256);
    tokio::spawn(Running::new(options, events_out).run(commands_in));
    Shelf { commands, events }
}

struct Running {
    options: Options,
    visit: Visit,
    link: Link,
    limit: Arc<AtomicU64>,
    /// What is to be laid down.
    sources: HashMap<ErrandId, Arc<Source>>,
    /// What is done about names that are taken.
    policies: Policies,
    moving: Option<Moving>,
    /// Whoever looks at disks away from the loop tells it here.
    found_in: mpsc::UnboundedSender<Found>,
    found: mpsc::UnboundedReceiver<Found>,
    /// Looks at what is wanted, in order; leaving waits for them.
    looks: Looks,
    leaving: bool,
    events: mpsc::Sender<Event>,
}

impl Running {
    fn new(options: Options, events: mpsc::Sender<Event>) -> Self {
        let link = Link::new(&options);
        let limit = Arc::new(AtomicU64::new(options.limit.unwrap_or(0)));
        // Unbounded, and small all the same: a few for each errand and cut.
        let (found_in, found) = mpsc::unbounded_channel();
        Self {
            policies: Policies::new(options.on_collision),
            options,
            visit: Visit::new(),
            link,
            limit,
            sources: HashMap::new(),
            moving: None,
            found_in,
            found,
            looks: Looks::default(),
            leaving: false,
            events,
        }
    }

    /// Runs until the visit is over or nobody listens any more.
    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut tick = tokio::time::interval(PROGRESS_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            if self.carry_out().await.is_err() || self.visit.is_over() {
                break;
            }
            tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => self.handle(command).await,
                    None => break,
                },
                happening = self.link.next() => self.happened(happening).await,
                Some(found) = self.found.recv() => self.found(found).await,
                () = sleep_until(self.visit.poll_timeout()) => {
                    self.visit.handle_timeout(clock::now());
                }
                _ = tick.tick(), if self.moving.is_some() => self.tell_progress(),
            }
        }
        if let Some(moving) = &self.moving {
            moving.stop();
        }
        self.link.finish().await;
    }

    /// Does all that the visit asks for. Fails if nobody listens.
    async fn carry_out(&mut self) -> Result<(), ()> {
        loop {
            if let Some(command) = self.visit.poll_command() {
                self.do_it(command);
            } else if let Some(event) = self.visit.poll_event() {
                self.heard(&event);
                self.events.send(Event::Visit(event)).await.map_err(drop)?;
            } else {
                return Ok(());
            }
        }
    }

    fn do_it(&mut self, command: visit::Command) {
        match command {
            visit::Command::Connect => self.link.connect(),
            visit::Command::Disconnect => self.link.disconnect(),
            visit::Command::Transmit(message) => self.link.transmit(&message),
            visit::Command::Receive { id, offer } => {
                let (target, policy) = (self.options.target.clone(), self.policies.of(id));
                let moving = Moving::new(id, offer.size, &self.limit, self.teller(id));
                self.link.carry(moving.receive(target, offer, policy));
                self.moving = Some(moving);
            }
            visit::Command::Send { id, part } => {
                let Some(source) = self.sources.get(&id).cloned() else { return };
                let moving = Moving::new(id, source.offer().size, &self.limit, self.teller(id));
                self.link.carry(moving.send(&source, part));
                self.moving = Some(moving);
            }
            visit::Command::StopMoving(id) => {
                if let Some(moving) = self.moving.take_if(|moving| moving.id() == id) {
                    moving.stop();
                }
            }
        }
    }

    /// What the visit tells concerns this side, too.
    fn heard(&mut self, event: &VisitEvent) {
        match event {
            VisitEvent::Offered { id, offer, .. } => {
                let (target, offer, id) = (self.options.target.clone(), offer.clone(), *id);
                self.look(move || {
                    let preflight = receiving::preflight(&target, &offer);
                    Found::Preflight { id, offer, preflight }
                });
            }
            VisitEvent::Ended(id, _) => {
                self.sources.remove(id);
                self.policies.forget(*id);
            }
            VisitEvent::Connection(_)
            | VisitEvent::LoginWanted
            | VisitEvent::LoginFailed { .. }
            | VisitEvent::List(..)
            | VisitEvent::Waiting(..)
            | VisitEvent::Over => {}
        }
    }

    async fn handle(&mut self, command: Command) {
        let now = clock::now();
        match command {
            Command::List(query) => {
                self.want(Wish::List(query)).await;
            }
            Command::Get(name) => self.look_at(Look::Get(name, self.options.on_collision)),
            Command::GetWith(name, how) => self.look_at(Look::Get(name, how)),
            Command::Put(path) => self.look_at(Look::Put(path)),
            Command::Delete(name) => {
                self.want(Wish::Delete { name }).await;
            }
            Command::LogIn { user, password } => self.visit.log_in(user, password, now),
            Command::Cancel(id) => self.visit.cancel(id, now),
            Command::RelayMet => self.visit.handle_relay_met(),
            Command::Limit(limit) => self.limit.store(limit.unwrap_or(0), Ordering::Relaxed),
            Command::Leave => {
                self.leaving = true;
                self.leave_if_done();
            }
        }
    }

    async fn want(&mut self, wish: Wish) -> ErrandId {
        let id = self.visit.want(wish.clone(), clock::now());
        let _ = self.events.send(Event::Wanted(id, wish)).await;
        id
    }

    async fn happened(&mut self, happening: Happening) {
        let now = clock::now();
        match happening {
            Happening::Connected { secure, notice } => {
                if let Some(notice) = notice {
                    self.tell(Event::Notice(notice)).await;
                }
                self.visit.handle_connected(secure, now);
            }
            Happening::ConnectFailed(text) => self.visit.handle_connect_failed(&text, now),
            Happening::Distrusted(text) => self.visit.handle_distrusted(&text),
            Happening::Lost => self.visit.handle_lost(now),
            Happening::Garbage(text) => self.visit.handle_garbage(&text),
            Happening::Message(message) => self.visit.handle_message(message, now),
            Happening::Carried(carried) => {
                // All that the threads have said comes first: they are through.
                while let Ok(found) = self.found.try_recv() {
                    Box::pin(self.found(found)).await;
                }
                let Some(moving) = self.moving.take() else { return };
                // The last figures before the end, so that a bar isn't left at 97 %.
                self.tell(Event::Progress(moving.id(), moving.last_figures())).await;
                let (id, outcome, progressed) = (moving.id(), moving.outcome(), moving.has_moved());
                let moved = match (outcome, carried) {
                    (Some(outcome), carried) => {
                        Moved::Ended { outcome, connected: carried.is_ok() }
                    }
                    (None, Err(Cut::Said(message))) => Moved::Said(message),
                    (None, Err(Cut::Lost(text))) => Moved::Cut { text, progressed },
                    (None, Ok(())) => {
                        Moved::Cut { text: "the transfer was cut".to_owned(), progressed }
                    }
                };
                self.visit.handle_moved(id, moved, now);
            }
        }
    }

    async fn found(&mut self, found: Found) {
        let now = clock::now();
        match found {
            Found::Inspected(path, source) => {
                self.looks.done();
                match source {
                    Ok(source) => {
                        let wish = Wish::Put { offer: source.offer().clone() };
                        // Before it is wanted, as that may begin at once.
                        let id = self.want(wish).await;
                        self.sources.insert(id, Arc::new(source));
                        self.tell(Event::Laying(id, path)).await;
                    }
                    Err(text) => self.tell(Event::NotPut(path, text)).await,
                }
                self.look_next();
                self.leave_if_done();
            }
            Found::Looked { name, how, taken } => {
                self.looks.done();
                match taken {
                    None => {
                        let id = self.want(Wish::Get { name }).await;
                        self.policies.set(id, how);
                    }
                    Some(text) => {
                        let id = self.visit.refuse(End::NotTaken(NotTaken { taken: true, text }));
                        self.tell(Event::Wanted(id, Wish::Get { name })).await;
                    }
                }
                self.look_next();
                self.leave_if_done();
            }
            Found::Preflight { id, offer, preflight } => {
                let policy = self.policies.of(id);
                let refused = preflight.check(&offer).err().or_else(|| {
                    (preflight.exists && policy == OnCollision::Refuse)
                        .then(|| is_taken(offer.name.as_str()))
                });
                if let Some(text) = refused {
                    let taken = preflight.trouble.is_none() && preflight.exists;
                    self.visit.decline(id, NotTaken { taken, text }, now);
                } else {
                    let skips = policy == OnCollision::Skip && preflight.exists;
                    self.visit.accept(id, preflight.part || skips, now);
                }
            }
            Found::Moving(id, finding) => {
                let Some(moving) = self.moving.as_mut().filter(|moving| moving.id() == id) else {
                    return;
                };
                if let Some(held) = moving.heard(finding) {
                    let size = moving.size();
                    self.tell(Event::Started { id, held, size }).await;
                }
            }
        }
    }

    fn look_at(&mut self, look: Look) {
        self.looks.push(look);
        self.look_next();
    }

    /// Looks at what is wanted next, unless it looks already.
    fn look_next(&mut self) {
        let Some(look) = self.looks.begin() else { return };
        let target = self.options.target.clone();
        self.look(move || match look {
            Look::Get(name, how) => {
                let taken = looking::taken(&target, how, &name);
                Found::Looked { name, how, taken }
            }
            Look::Put(path) => {
                let source = Source::inspect(std::slice::from_ref(&path), &WalkOptions::default());
                Found::Inspected(path, source)
            }
        });
    }

    /// Looks at a disk away from the loop: a file system may take its time.
    fn look(&self, look: impl FnOnce() -> Found + Send + 'static) {
        let found = self.found_in.clone();
        tokio::task::spawn_blocking(move || {
            // A visit that is over needs it no more.
            let _ = found.send(look());
        });
    }

    fn teller(&self, id: ErrandId) -> impl Fn(couplet_files::common::Finding) + use<> {
        let found = self.found_in.clone();
        move |finding| {
            let _ = found.send(Found::Moving(id, finding));
        }
    }

    fn leave_if_done(&mut self) {
        if self.leaving && self.looks.are_through() {
            self.visit.leave(clock::now());
        }
    }

    fn tell_progress(&mut self) {
        if let Some(moving) = &mut self.moving
            && let Ok(permit) = self.events.try_reserve()
        {
            permit.send(Event::Progress(moving.id(), moving.figures(clock::now())));
        }
    }

    async fn tell(&mut self, event: Event) {
        // A face that is gone ends the loop soon.
        let _ = self.events.send(event).await;
    }
}
