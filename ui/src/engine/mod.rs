//! The engine: a session with its socket and its files. Commands in, events out; no screen.
//!
//! Owns the loop around the [`Session`] machine: it carries out what the session asks for and tells
//! it what happened. Every face (terminal, and later the browser and the one-shot commands) and the
//! tests hold the same engine. What is decided is decided in the core; bytes of files move on
//! threads of their own, so that words never wait for them.

mod api;
mod closing;
mod connection;
mod keeping;
mod offering;
pub(crate) mod outbox;
mod parts;
mod pipe;
mod processor;
pub mod shelf;
mod talk;
mod tls;
mod transfers;
pub mod zmq;

pub use api::{Command, Engine, Event, Outgoing, Progress};
pub use parts::{Part, parts, remove_part};
pub use tls::TlsChoice;

pub use couplet_files::target::Target;

use crate::clock;
use crate::conversations::{Conversation, Place, Remembered};
use connection::Connection;
use couplet::message::RelayToClient;
use couplet::seal::{Entropy, Password};
use couplet::session::{self, DraftId, Event as SessionEvent, Kept, Meet, PlainSession, Session};
use couplet::transfer::book::{Direction, TransferId, TransferState};
use couplet::transfer::offer::{Form, OnCollision};
use couplet::transfer::outcome::Outcome;
use couplet_files::common::{Finding as Moved, WrittenDown};
use keeping::Keeping;
use pipe::PipeEnd;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;
use talk::Talk;
use tokio::sync::{mpsc, oneshot};
use transfers::{Finding, Purpose, Transfers};

/// Events that wait for the face; past this many the relay isn't read until it has caught up.
const MAX_WAITING_EVENTS: usize = 1024;

/// How often a moving transfer's figures are told.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// What an engine needs to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// The relay, as `HOST:PORT`.
    pub relay: String,
    /// Whom to meet there.
    pub meet: Meet,
    /// The words of the code, which the peer must know too; empty without a code.
    pub password: Password,
    /// The name to show to the peer.
    pub name: Option<String>,
    /// Where what is received goes.
    pub target: Target,
    /// What to do about names that are taken there.
    pub on_collision: OnCollision,
    /// Bytes a second that each transfer may take; as fast as it goes if none.
    pub limit: Option<u64>,
    /// When the connection to the relay is protected.
    pub tls: TlsChoice,
    /// The file of the relays whose certificates are known; without it nothing is remembered
    /// beyond the session, so each session meets every relay for the first time.
    pub known_relays: Option<PathBuf>,
}

impl Options {
    /// A visit to the shelf of the same relay, reached and believed in the same way; what comes goes to
    /// the same place.
    #[must_use]
    pub fn visit(&self) -> shelf::Options {
        let Self { relay, tls, known_relays, target, on_collision, limit, .. } = self.clone();
        shelf::Options { relay, tls, known_relays, target, on_collision, limit }
    }
}

/// What is left when a session has ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rest {
    /// The words that were never sent, oldest first.
    pub unsaid: Vec<String>,
    /// The words that came after, when the session was over: no conversation that can be gone back to
    /// keeps them.
    pub unread: Vec<String>,
    /// Whether the conversation was ended by nobody, and can be gone back to.
    pub goes_back: bool,
}

/// Gives what is left, once the session has ended.
pub type Unsaid = oneshot::Receiver<Rest>;

/// Starts an engine on the current tokio runtime.
#[must_use]
pub fn start(options: Options) -> (Engine, Unsaid) {
    run(move |events| Running::new(options, None, events))
}

/// Starts an engine in a plain room, where nothing is sealed; of the options only those count that say
/// how the relay is reached. There is no way from here to a sealed line, nor from there to here.
#[must_use]
pub fn start_plain(options: Options) -> (Engine, Unsaid) {
    let [seed, ..] = clock::entropy();
    run(move |events| {
        let talk = Talk::Plain(PlainSession::new(seed.into()));
        Running::with(options, talk, events)
    })
}

/// Starts an engine whose conversation can be gone back to: it is written to the file, and goes on
/// from what was in it, if anything was.
#[must_use]
pub fn start_kept(
    options: Options,
    conversation: Conversation,
    before: Option<Remembered>,
) -> (Engine, Unsaid) {
    run(move |events| {
        let draft = before.as_ref().map(|before| before.draft.clone()).unwrap_or_default();
        let session = before.as_ref().map(|before| before.session.clone());
        let (relay, name) = (options.relay.clone(), options.name.clone());
        let downloads = match &options.target {
            Target::Directory(dir) => std::path::absolute(dir).unwrap_or_else(|_| dir.clone()),
            Target::Stdout | Target::Store(_) => PathBuf::new(),
        };
        let place = Place { relay, name, downloads };
        let keeping = Keeping::new(conversation, place, draft);
        let mut running = Running::new(options, session, events);
        running.keeping = Some(keeping);
        if let Some(before) = before {
            running.take_up(before);
        }
        running
    })
}

fn run(running: impl FnOnce(mpsc::Sender<Event>) -> Running + Send + 'static) -> (Engine, Unsaid) {
    let (commands, mut commands_in) = mpsc::channel(64);
    let (events_out, events) = mpsc::channel(256);
    let (unsaid_out, unsaid) = oneshot::channel();
    tokio::spawn(async move {
        let mut running = running(events_out);
        running.run(&mut commands_in).await;
        let unread = outbox::unread(commands_in).await;
        // Nobody may want to know; that is fine.
        let unsaid = running.session.unsaid();
        let _ = unsaid_out.send(Rest { unsaid, unread, goes_back: running.goes_back });
    });
    (Engine { commands, events }, unsaid)
}

struct Running {
    options: Options,
    session: Talk,
    connection: Connection,
    transfers: Transfers,
    /// Where the conversation is written down, if it can be gone back to.
    keeping: Option<Keeping>,
    /// Whether what is written down outlives the session.
    goes_back: bool,
    /// Threads that go on when all up to now has been written down.
    await_write_down: Vec<WrittenDown>,
    waiting: VecDeque<Event>,
    events: mpsc::Sender<Event>,
}

impl Running {
    fn new(options: Options, before: Option<Kept>, events: mpsc::Sender<Event>) -> Self {
        let config = session::Config {
            meet: options.meet.clone(),
            password: options.password.clone(),
            name: options.name.clone(),
            aes_in_hardware: processor::has_aes(),
            entropy: Entropy::new(clock::entropy()),
        };
        let session = match before {
            Some(before) => Session::resume(config, before),
            None => Session::new(config),
        };
        Self::with(options, Talk::Sealed(session), events)
    }

    fn with(options: Options, session: Talk, events: mpsc::Sender<Event>) -> Self {
        Self {
            session,
            connection: Connection::new(
                options.relay.clone(),
                options.tls,
                options.known_relays.clone(),
            ),
            transfers: Transfers::new(options.target.clone(), options.on_collision, options.limit),
            keeping: None,
            goes_back: false,
            await_write_down: Vec::new(),
            waiting: VecDeque::new(),
            options,
            events,
        }
    }

    /// Runs until the session is over and the face has heard so, or the face is gone.
    async fn run(&mut self, commands: &mut mpsc::Receiver<Command>) {
        let mut tick = tokio::time::interval(PROGRESS_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let events = self.events.clone();
        loop {
            self.carry_out();
            if self.session.is_over() {
                break;
            }
            let timeout = connection::sleep_until(self.session.poll_timeout());
            let may_read = self.waiting.len() < MAX_WAITING_EVENTS;
            tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => self.handle_command(command),
                    None => return self.transfers.stop_all(),
                },
                permit = events.reserve(), if !self.waiting.is_empty() => match permit {
                    Ok(permit) => {
                        if let Some(event) = self.waiting.pop_front() {
                            permit.send(event);
                        }
                    }
                    Err(_) => return self.transfers.stop_all(),
                },
                happening = self.connection.next(may_read) => self.handle_happening(happening),
                finding = self.transfers.next() => self.handle_finding(finding),
                () = timeout => self.session.handle_timeout(clock::now()),
                _ = tick.tick(), if self.transfers.any_moving() => {
                    // Figures that the face has no time for are no loss; the next ones are newer.
                    if self.waiting.is_empty() {
                        self.waiting.extend(self.transfers.progress(clock::now()).map(Event::Progress));
                    }
                }
            }
        }
        tokio::join!(self.connection.finish(), self.transfers.finish());
        while let Some(event) = self.waiting.pop_front() {
            if self.events.send(event).await.is_err() {
                return;
            }
        }
    }

    /// Does all that the session asks for.
    fn carry_out(&mut self) {
        self.write_down();
        // Those who waited for it hear of it as the other end is dropped.
        self.await_write_down.clear();
        while let Some(command) = self.session.poll_command() {
            match command {
                session::Command::Connect => self.connection.connect(),
                session::Command::Disconnect => self.connection.disconnect(),
                session::Command::Transmit(message) => self.connection.transmit(&message),
                session::Command::BeginSending { id, part } => {
                    self.transfers.begin_sending(id, part);
                }
                session::Command::OpenPipe { id, token, keys } => {
                    if let Some(relay) = self.connection.relay_address()
                        && let Some(info) = self.session.transfer(id)
                    {
                        let end = PipeEnd { relay, token, keys };
                        self.transfers.open_pipe(id, info, end, clock::now());
                    }
                }
                session::Command::DropPipes(id) => self.transfers.drop_pipes(id),
                session::Command::WantPipes { id, wanted } => {
                    for _ in self.transfers.pipes(id)..wanted {
                        self.session.request_another_pipe(id);
                    }
                }
                session::Command::HoldTransfer { id, on } => self.transfers.hold(id, on),
                session::Command::FinishSending { id, saved_as } => {
                    self.transfers.finish_sending(id, &saved_as);
                }
                session::Command::RestartTransfer(id) => self.transfers.restart(id),
                session::Command::StopTransfer { id, keep } => self.transfers.stop(id, keep),
            }
        }
        while let Some(event) = self.session.poll_event() {
            if let SessionEvent::Transfer { id, info } = &event
                && info.direction == Direction::Incoming
                && info.state == TransferState::Offered
            {
                self.transfers.preflight(*id, &info.offer, Purpose::ToShow);
            }
            self.waiting.push_back(Event::Session(event));
        }
    }

    fn handle_happening(&mut self, happening: connection::Happening) {
        use connection::Happening as H;
        let now = clock::now();
        match happening {
            H::Connected(notice) => {
                if let Some(text) = notice {
                    self.waiting.push_back(Event::RelayIsNew);
                    self.tell(SessionEvent::Notice(text));
                }
                self.session.handle_connected(now);
            }
            H::Distrusted(text) => self.session.handle_distrusted(&text),
            H::ConnectFailed(text) => self.session.handle_connect_failed(&text, now),
            H::Lost => self.session.handle_lost(now),
            H::Garbage(text) => {
                let relay = &self.options.relay;
                self.session.handle_garbage(&format!("{relay} isn't a couplet relay: {text}"));
            }
            H::Messages(messages) => {
                for message in messages {
                    let message: RelayToClient = message;
                    self.session.handle_message(message, now);
                }
            }
        }
    }

    fn handle_command(&mut self, command: Command) {
        let now = clock::now();
        match command {
            Command::Say(text) => {
                if let Err(error) = self.session.say(&text) {
                    // What can't be said goes back to the one who wrote it.
                    self.tell(SessionEvent::TakenBack { draft: DraftId(0), text });
                    self.tell(SessionEvent::Trouble(error.to_string()));
                }
            }
            Command::Pass => self.session.pass(),
            Command::TakeBack(draft) => self.session.take_back(draft),
            Command::Typing(on) => self.session.typing(on),
            Command::Draft(draft) => {
                if let Some(keeping) = &mut self.keeping {
                    keeping.set_draft(draft);
                }
            }
            Command::Shown(sequence) => self.session.shown(sequence),
            Command::Send(what) => self.transfers.inspect(what),
            Command::Accept { id, on_collision } => self.look_before_accepting(id, on_collision),
            Command::Decline(id) => self.session.decline(id),
            Command::Cancel { id, keep } => self.session.cancel(id, keep, now),
            Command::Pause(id) => self.session.pause(id, true),
            Command::Continue(id) => self.session.pause(id, false),
            Command::Number(asked) => {
                let id = self.session.number();
                self.waiting.push_back(Event::Number { asked, id });
            }
            Command::RelayMet => self.session.handle_relay_met(now),
            Command::Limit(limit) => self.transfers.limit(limit),
            Command::Compare => self.session.compare(),
            Command::Verify(verdict) => self.session.verify(verdict, now),
            Command::Fin => self.session.fin(now),
            Command::Leave => self.session.leave(now),
        }
    }

    /// What the disk has to say comes first; [`Finding::Preflight`] goes on with it.
    fn look_before_accepting(&mut self, id: Option<TransferId>, on_collision: Option<OnCollision>) {
        match self.session.open_offers(id) {
            Ok(ids) => {
                for id in ids {
                    if let Some(info) = self.session.transfer(id) {
                        let purpose = Purpose::ToAccept(on_collision);
                        self.transfers.preflight(id, &info.offer, purpose);
                    }
                }
            }
            Err(text) => self.tell(SessionEvent::Trouble(text)),
        }
    }

    fn handle_finding(&mut self, finding: Finding) {
        let now = clock::now();
        match finding {
            Finding::Inspected(paths, found) => self.offer(paths, found),
            Finding::InspectedAgain(paths, found) => self.offer_from_before(paths, found),
            Finding::Preflight { id, preflight, purpose: Purpose::ToShow } => {
                self.waiting.push_back(Event::Preflight { id, preflight });
            }
            Finding::Preflight { id, preflight, purpose: Purpose::ToAccept(on_collision) } => {
                let Some(info) = self.session.transfer(id) else { return };
                match preflight.check(&info.offer) {
                    Ok(()) => {
                        let part = self.transfers.accept(id, &preflight, on_collision);
                        self.session.accept(id, part, now);
                    }
                    Err(text) => self.waiting.push_back(Event::NotAccepted { id, text }),
                }
            }
            Finding::Transfer(id, finding) => self.handle_moved(id, finding),
        }
    }

    /// What a thread of a transfer has found.
    fn handle_moved(&mut self, id: TransferId, finding: Moved) {
        let now = clock::now();
        match finding {
            Moved::Started { held } => self.waiting.push_back(Event::Started { id, held }),
            Moved::Text { text } => self.waiting.push_back(Event::Text { id, text }),
            Moved::DiskFull { full } => self.session.handle_disk(id, full),
            Moved::PipesWanted { wanted } => self.session.handle_pipes_wanted(id, wanted),
            Moved::PipeLost { progressed } => self.session.handle_pipe_lost(id, progressed, now),
            Moved::Whole { saved_as, written_down } => {
                self.session.handle_whole(id, saved_as);
                self.await_write_down.push(written_down);
            }
            Moved::Ended { outcome } => {
                // The last figures before the end, so that a bar isn't left at 97 %.
                let last = self.transfers.last_progress(id, now).map(Event::Progress);
                self.waiting.extend(last);
                self.tell_hash(id, &outcome);
                self.transfers.forget(id);
                self.session.handle_transfer_ended(id, outcome, now);
            }
        }
    }

    /// By which hash it was checked, if it is one file; before the word that it was.
    fn tell_hash(&mut self, id: TransferId, outcome: &Outcome) {
        let one = |form| matches!(form, Form::File | Form::Stream | Form::Text);
        let is_one = self.session.transfer(id).is_some_and(|info| one(info.offer.form));
        if let (Outcome::Verified { .. }, true) = (outcome, is_one) {
            let hash = self.transfers.hash(id).map(|hash| Event::Hash { id, hash });
            self.waiting.extend(hash);
        }
    }

    fn tell(&mut self, event: SessionEvent) {
        self.waiting.push_back(Event::Session(event));
    }
}
