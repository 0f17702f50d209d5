//! The face's shell: terminal, keys, signals and engine around the pure [`App`].
//!
//! Owns the loop. A frame is drawn when something has changed and the [`Pacer`] allows it, never
//! otherwise; nothing ticks while nothing moves. Commands wait in an own queue while the engine's
//! is full, and events are read meanwhile, so the two bounded queues can't block each other.

use super::app::{App, Effect, Input, Setting};
use super::clock::Clock;
use super::errands;
use super::guard::Guard;
use super::pacer::Pacer;
use super::theme::Theme;
use super::view;
use super::{FaceError, Left, Options};
use crate::engine::{Command, Engine, Event};
use couplet::session::Ending;
use crossterm::event::{Event as TerminalEvent, EventStream};
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use futures::StreamExt;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use rustix::process::Signal as SignalNumber;
use std::collections::VecDeque;
use std::io::{self, BufWriter, Stdout, Write as _};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// Events of the engine that are taken in before a frame is drawn.
const MOST_AT_ONCE: usize = 256;

type Screen = Terminal<CrosstermBackend<BufWriter<Stdout>>>;

/// The signals that the face answers.
struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    stop: Signal,
    resume: Signal,
}

/// A signal that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signalled {
    End,
    Stop,
    Resume,
}

/// All that the loop holds.
struct Face {
    app: App,
    clock: Clock,
    // Fields are dropped in this order: what the screen still holds is out before the guard goes.
    screen: Screen,
    guard: Guard,
    pacer: Pacer,
    changed: bool,
    outbox: VecDeque<Command>,
    errands: mpsc::UnboundedSender<Input>,
    ending: Option<Ending>,
}

/// Runs the face until the session ends or the user leaves; see [`super::run()`].
pub(super) async fn run(mut engine: Engine, options: Options) -> Result<Left, FaceError> {
    let mut signals = Signals::new()?;
    let clock = Clock::new();
    // crossterm would turn colours off by its own reading of NO_COLOR, and reversed video with it.
    crossterm::style::force_color_output(true);
    let setting = Setting {
        relay: couplet::text::line(&options.relay, 60),
        downloads: options.downloads,
        home: std::env::var_os("HOME").filter(|home| !home.is_empty()).map(Into::into),
        theme: Theme::from_environment(|name| std::env::var(name)),
        joining: options.joining,
    };
    let (errands, mut errands_done) = mpsc::unbounded_channel();
    let guard = Guard::new()?;
    let screen =
        Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(64 * 1024, io::stdout())))?;
    let mut face = Face {
        app: App::new(setting, clock.now()),
        clock,
        screen,
        guard,
        pacer: Pacer::default(),
        changed: true,
        outbox: VecDeque::new(),
        errands,
        ending: None,
    };
    // Whatever was on the screen before isn't ours to draw around.
    face.clear()?;
    let mut keys = Some(EventStream::new());
    loop {
        face.flush(&engine.commands);
        face.draw_if_due()?;
        face.flush(&engine.commands);
        if let Some(ending) = face.ending.take() {
            return Ok(face.left(ending));
        }
        let wake = face.wake_at();
        tokio::select! {
            event = engine.events.recv() => match event {
                Some(event) => face.hear(event, &mut engine.events)?,
                None if face.app.is_leaving() => return Ok(face.left(Ending::Fin)),
                None => return Err(FaceError::EngineGone),
            },
            room = engine.commands.reserve(), if !face.outbox.is_empty() => match room {
                Ok(room) => if let Some(command) = face.outbox.pop_front() {
                    room.send(command);
                },
                // The engine has ended; its last events say why.
                Err(_) => face.outbox.clear(),
            },
            event = next(&mut keys) => if let Some(Ok(event)) = event {
                face.take_in(event)?;
            } else {
                // The terminal is gone.
                keys = None;
                face.update(Input::Hangup)?;
            },
            signalled = signals.next() => face.signalled(signalled)?,
            Some(done) = errands_done.recv() => face.update(done)?,
            () = sleep_until(wake), if wake.is_some() => face.update(Input::Tick)?,
        }
    }
}

impl Face {
    /// What is left at the end: words that were written are the user's, whatever ended.
    fn left(&self, ending: Ending) -> Left {
        Left { ending, draft: self.app.draft().to_owned() }
    }

    /// Hands the engine what it has room for.
    fn flush(&mut self, commands: &mpsc::Sender<Command>) {
        while !self.outbox.is_empty() {
            let Ok(room) = commands.try_reserve() else { return };
            if let Some(command) = self.outbox.pop_front() {
                room.send(command);
            }
        }
    }

    fn wake_at(&self) -> Option<std::time::Instant> {
        let frame = self.changed.then(|| self.pacer.ready_at());
        let wake = frame.into_iter().chain(self.app.wake_at()).min()?;
        Some(self.clock.instant(wake))
    }

    fn draw_if_due(&mut self) -> Result<(), FaceError> {
        if !Guard::holds() {
            // A panic somewhere has printed its message; drawing over it would hide it.
            return Err(FaceError::EngineGone);
        }
        let now = self.clock.now();
        if !self.changed || self.pacer.ready_at() > now.moment || self.ending.is_some() {
            return Ok(());
        }
        let app = &self.app;
        let mut drawn = super::app::Drawn::default();
        // At once, so that a panic while drawing leaves nothing behind that is written later.
        crossterm::execute!(self.screen.backend_mut(), BeginSynchronizedUpdate)?;
        self.screen.draw(|frame| drawn = view::draw(app, frame))?;
        crossterm::execute!(self.screen.backend_mut(), EndSynchronizedUpdate)?;
        self.changed = false;
        self.pacer.drawn(now.moment);
        let effects = self.app.update(Input::Drawn(drawn), now);
        self.carry_out(effects)
    }

    /// Takes in an event, and those that wait behind it.
    fn hear(&mut self, first: Event, events: &mut mpsc::Receiver<Event>) -> Result<(), FaceError> {
        let mut next = Some(first);
        let mut taken = 0;
        while let Some(event) = next {
            self.update(Input::Engine(event))?;
            taken += 1;
            let more = self.ending.is_none() && taken < MOST_AT_ONCE;
            next = if more { events.try_recv().ok() } else { None };
        }
        Ok(())
    }

    fn take_in(&mut self, event: TerminalEvent) -> Result<(), FaceError> {
        let input = match event {
            TerminalEvent::Key(key) => Input::Key(key),
            TerminalEvent::Paste(text) => Input::Paste(text),
            TerminalEvent::FocusGained => Input::Focus(true),
            TerminalEvent::FocusLost => Input::Focus(false),
            TerminalEvent::Resize(..) => {
                // What the terminal made of the old screen is anybody's guess, even at the old size.
                self.clear()?;
                Input::Tick
            }
            TerminalEvent::Mouse(_) => return Ok(()),
        };
        self.update(input)
    }

    fn signalled(&mut self, signalled: Signalled) -> Result<(), FaceError> {
        match signalled {
            Signalled::End => self.update(Input::Hangup),
            Signalled::Stop => self.suspend(),
            Signalled::Resume => {
                self.guard.retake()?;
                self.clear()
            }
        }
    }

    fn update(&mut self, input: Input) -> Result<(), FaceError> {
        let effects = self.app.update(input, self.clock.now());
        self.changed = true;
        self.carry_out(effects)
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> Result<(), FaceError> {
        for effect in effects {
            match effect {
                Effect::Engine(command) => self.outbox.push_back(command),
                Effect::List(request) => {
                    self.send_out(move || Some(Input::Listing(errands::list(request))));
                }
                Effect::Probe { pasted, readings } => self.send_out(move || {
                    errands::probe(readings).map(|paths| Input::Probed { pasted, paths })
                }),
                Effect::Bell => {
                    let out = self.screen.backend_mut();
                    out.write_all(b"\x07")?;
                    io::Write::flush(out)?;
                }
                Effect::Clear => self.clear()?,
                Effect::Suspend => self.suspend()?,
                Effect::Quit(ending) => self.ending = self.ending.take().or(Some(ending)),
            }
        }
        Ok(())
    }

    /// Lets a thread of its own ask the file system.
    fn send_out(&self, errand: impl FnOnce() -> Option<Input> + Send + 'static) {
        let done = self.errands.clone();
        tokio::task::spawn_blocking(move || {
            if let Some(input) = errand() {
                // If nobody waits for it any more, it isn't needed.
                let _ = done.send(input);
            }
        });
    }

    fn suspend(&mut self) -> Result<(), FaceError> {
        self.guard.suspend()?;
        self.clear()
    }

    fn clear(&mut self) -> Result<(), FaceError> {
        // Not `clear`, which asks the terminal for the cursor and gets no answer past the key reader.
        let size = self.screen.size()?;
        self.screen.resize(size.into())?;
        self.changed = true;
        Ok(())
    }
}

impl Signals {
    fn new() -> io::Result<Self> {
        let kind = |number: SignalNumber| signal(SignalKind::from_raw(number.as_raw()));
        Ok(Self {
            terminate: kind(SignalNumber::TERM)?,
            hang_up: kind(SignalNumber::HUP)?,
            interrupt: kind(SignalNumber::INT)?,
            stop: kind(SignalNumber::TSTP)?,
            resume: kind(SignalNumber::CONT)?,
        })
    }

    async fn next(&mut self) -> Signalled {
        tokio::select! {
            _ = self.terminate.recv() => Signalled::End,
            _ = self.hang_up.recv() => Signalled::End,
            _ = self.interrupt.recv() => Signalled::End,
            _ = self.stop.recv() => Signalled::Stop,
            _ = self.resume.recv() => Signalled::Resume,
        }
    }
}

async fn next(keys: &mut Option<EventStream>) -> Option<io::Result<TerminalEvent>> {
    match keys {
        Some(keys) => keys.next().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(instant: Option<std::time::Instant>) {
    if let Some(instant) = instant {
        tokio::time::sleep_until(instant.into()).await;
    }
}
