//! The loop of a conversation: terminal and engine around the pure [`App`].
//!
//! Owns the loop; nothing ticks while nothing moves. Commands wait in an own queue while the
//! engine's is full, and events are read meanwhile, so the two bounded queues can't block each
//! other.

use super::app::{App, Effect, Input, MOST_WRITTEN, Past, Setting};
use super::clock::Clock;
use super::dress::Dress;
use super::errands;
use super::links;
use super::looking;
use super::outside::{self, Outside};
use super::pictures::{self, Means};
use super::shelf::Environment;
use super::shell::{Happened, Shell};
use super::theme::Theme;
use super::unfinished;
use super::view;
use super::visiting::Visiting;
use super::{FaceError, Left, Options};
use crate::engine::outbox::Outbox;
use crate::engine::{Engine, Event};
use crate::first_run::Welcome;
use couplet::session::Ending;
use tokio::sync::mpsc;

/// Events of the engine that are taken in before a frame is drawn.
const MOST_AT_ONCE: usize = 256;

/// All that the loop holds.
struct Face<'a> {
    app: App,
    shell: &'a mut Shell,
    outbox: Outbox,
    visiting: Visiting,
    errands: mpsc::UnboundedSender<Input>,
    /// The user's own editor, while it has the terminal.
    outside: Option<Outside>,
    ending: Option<Ending>,
    /// What the engine knows of the composer.
    draft_kept: String,
}

/// Runs the face until the session ends or the user leaves; see [`super::Terminal::talk`].
pub(super) async fn run(
    shell: &mut Shell,
    mut engine: Engine,
    (options, dress): (Options, &Dress),
    past: &mut Past,
) -> Result<Left, FaceError> {
    let setting = setting(&options, dress, dress.theme, &shell.clock);
    let (errands, mut errands_done) = mpsc::unbounded_channel();
    let mut app = App::new(setting, shell.clock.now());
    app.shelf.environment = Environment::read(|name| std::env::var(name).ok());
    let draft_kept = options.draft.clone();
    app.editor.set(options.draft);
    app.go_on_after(std::mem::take(past));
    let mut welcome = Welcome::due();
    if welcome.is_due() {
        app.welcome();
    }
    shell.changed = true;
    let mut face = Face {
        app,
        shell,
        outbox: Outbox::default(),
        visiting: Visiting::new(options.visit),
        errands,
        outside: None,
        ending: None,
        draft_kept,
    };
    let mut gone = false;
    loop {
        face.outbox.flush(&engine.commands);
        face.draw_if_due()?;
        face.outbox.flush(&engine.commands);
        // What the user writes outside isn't given up for the end of a session.
        if face.outside.is_none()
            && let Some(ending) = face.ending.take()
        {
            return Ok(face.left(ending, past));
        }
        if face.app.standing.seat.is_some() {
            welcome.shown();
        }
        let wake = face.wake_at();
        tokio::select! {
            event = engine.events.recv(), if face.listens(gone) => match event {
                Some(event) => face.hear(event, &mut engine.events)?,
                // The engine is gone; what the user writes outside isn't.
                None if face.outside.is_some() => gone = true,
                None if face.app.is_leaving() => return Ok(face.left(Ending::Fin, past)),
                None => return Err(FaceError::EngineGone),
            },
            room = engine.commands.reserve(), if !face.outbox.is_empty() => face.outbox.send(room),
            happened = face.shell.next() => face.take_in(happened?)?,
            edited = Outside::ended(&mut face.outside, MOST_WRITTEN) => face.come_back(edited)?,
            event = face.visiting.next() => face.update(Input::Shelf(event))?,
            Some(done) = errands_done.recv() => face.update(done)?,
            () = sleep_until(wake), if wake.is_some() => face.update(Input::Tick)?,
        }
    }
}

/// What the app is told once.
pub(super) fn setting(options: &Options, dress: &Dress, theme: Theme, clock: &Clock) -> Setting {
    Setting {
        relay: couplet::text::line(&options.visit.relay, 60),
        downloads: options.downloads.clone(),
        on_collision: options.visit.on_collision,
        limit: options.visit.limit,
        zone: clock.zone().clone(),
        home: std::env::var_os("HOME").filter(|home| !home.is_empty()).map(Into::into),
        theme,
        started_as: options.started_as.clone(),
        hosted: options.hosted.clone(),
        meeting: options.meeting.clone(),
        timestamps: dress.timestamps,
        calls: dress.calls,
        keeps: options.keeps,
        pictures: Means::from_environment(|name| std::env::var(name).ok()),
        face: super::app::Face::Terminal,
        links: links::are_known(|name| std::env::var(name)),
    }
}

impl Face<'_> {
    /// Whether the engine is to be heard; it may be `gone`.
    fn listens(&self, gone: bool) -> bool {
        !self.app.is_over() && (!gone || self.outside.is_none())
    }

    /// What is left at the end: words that were written are the user's, whatever ended.
    fn left(&mut self, ending: Ending, past: &mut Past) -> Left {
        *past = self.app.take_past();
        let next = self.app.take_next().filter(|_| ending == Ending::Fin);
        let (draft, limit) = (self.app.draft().to_owned(), self.app.limit());
        let symbols = self.app.setting.theme.symbols;
        let ways = [symbols.incoming, symbols.outgoing];
        let unfinished = unfinished::lines(&self.app.transfers, ways);
        let (closed, ended_by) = (self.app.is_closed(), self.shell.ended_by);
        let unsaid = std::mem::take(&mut self.outbox).unsaid();
        let unwritten = self.app.unwritten();
        Left { ending, unsaid, draft, unfinished, unwritten, closed, ended_by, next, limit }
    }

    fn wake_at(&self) -> Option<std::time::Instant> {
        let wake = self.shell.frame_at().into_iter().chain(self.app.wake_at()).min()?;
        Some(self.shell.clock.instant(wake))
    }

    fn draw_if_due(&mut self) -> Result<(), FaceError> {
        if self.ending.is_some() {
            return Ok(());
        }
        let app = &self.app;
        if let Some(drawn) = self.shell.draw(|frame| view::draw(app, frame))? {
            let hints = self.app.hints();
            let effects = self.app.update(Input::Drawn(drawn), self.shell.clock.now());
            // What can be pressed may hang on what there is more of than was drawn.
            self.shell.changed |= self.app.hints() != hints;
            self.carry_out(effects)?;
        }
        Ok(())
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

    fn take_in(&mut self, happened: Happened) -> Result<(), FaceError> {
        if let (Happened::Hangup, Some(outside)) = (&happened, &mut self.outside) {
            outside.stop();
        }
        self.update(match happened {
            Happened::Key(key) => Input::Key(key),
            Happened::Paste(text) => Input::Paste(text),
            Happened::Mouse(mouse) => Input::Mouse(mouse),
            Happened::Focus(focused) => Input::Focus(focused),
            Happened::Redraw => Input::Tick,
            Happened::Hangup => Input::Hangup,
        })
    }

    fn update(&mut self, input: Input) -> Result<(), FaceError> {
        let effects = self.app.update(input, self.shell.clock.now());
        self.shell.changed = true;
        self.carry_out(effects)?;
        self.keep_draft();
        Ok(())
    }

    /// Tells the engine what stands in the composer, if that is kept.
    fn keep_draft(&mut self) {
        if !self.app.keeps() || self.app.draft() == self.draft_kept {
            return;
        }
        self.draft_kept = self.app.draft().to_owned();
        self.outbox.draft(self.draft_kept.clone());
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> Result<(), FaceError> {
        for effect in effects {
            match effect {
                Effect::Engine(command) => self.outbox.push(command),
                Effect::Shelf(command) => self.visiting.ask(command, self.app.limit()),
                Effect::EndVisit => self.visiting.end(),
                Effect::List(request) => {
                    self.send_out(move || Some(Input::Listing(errands::list(request))));
                }
                Effect::Look(look) => {
                    self.send_out(move || Some(Input::Found(looking::look(look))));
                }
                Effect::Depict(wish) => self.send_out(move || {
                    // The size in pixels is asked of the system, not of the terminal.
                    let screen = crossterm::terminal::window_size().ok();
                    Some(Input::Depicted(pictures::depict(&wish, screen.as_ref())))
                }),
                Effect::Probe { pasted, readings } => self.send_out(move || {
                    errands::probe(readings).map(|paths| Input::Probed { pasted, paths })
                }),
                Effect::Bell => self.shell.bell()?,
                Effect::Notice(text) => self.shell.notice(&text)?,
                Effect::Title(text) => self.shell.title(text)?,
                Effect::Mouse(on) => self.shell.mouse(on)?,
                Effect::Copy(text) => self.shell.copy(&text)?,
                Effect::Save(path, text) => {
                    self.send_out(move || Some(Input::Saved(errands::save(path, &text))));
                }
                Effect::Clear => self.shell.clear()?,
                Effect::Suspend => self.shell.suspend()?,
                Effect::Edit(text) => self.go_outside(&text)?,
                Effect::Quit(ending) => self.ending = self.ending.take().or(Some(ending)),
            }
        }
        Ok(())
    }

    /// Lets the user's own editor have the terminal.
    fn go_outside(&mut self, text: &str) -> Result<(), FaceError> {
        let chosen = outside::chosen(|name| std::env::var_os(name));
        let started = chosen.and_then(|editor| {
            self.shell.lend();
            Outside::start(editor, text)
        });
        match started {
            Ok(outside) => {
                self.outside = Some(outside);
                Ok(())
            }
            Err(sentence) => self.come_back(Err(sentence)),
        }
    }

    /// The terminal is the face's again.
    fn come_back(&mut self, edited: Result<String, String>) -> Result<(), FaceError> {
        self.outside = None;
        self.shell.reclaim()?;
        let effects = self.app.update(Input::Edited(edited), self.shell.clock.now());
        self.shell.changed = true;
        self.carry_out(effects)?;
        self.keep_draft();
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
}

async fn sleep_until(instant: Option<std::time::Instant>) {
    if let Some(instant) = instant {
        tokio::time::sleep_until(instant.into()).await;
    }
}
