//! The loop of a conversation, line by line: standard input and output and the engine around the pure
//! [`Lines`].
//!
//! Owns the loop. Commands wait in an own queue while the engine's is full, and events are read
//! meanwhile; where the output isn't read, nothing is taken in.

use super::super::app::{App, Input, Past};
use super::super::errands;
use super::super::run::setting;
use super::super::shelf::Environment;
use super::super::theme::Theme;
use super::super::unfinished;
use super::super::visiting::Visiting;
use super::super::{FaceError, Left, Options};
use super::deeds::Deed;
use super::shell::{Happened, Shell};
use super::{Lines, Wants};
use crate::engine::Engine;
use crate::engine::outbox::Outbox;
use crate::first_run::Welcome;
use crate::terminal::dress::Dress;
use couplet::limits::MAX_HELD;
use couplet::session::Ending;
use std::io::IsTerminal as _;
use tokio::sync::mpsc;

/// What a transfer's direction is called in the last lines.
const WAYS: [&str; 2] = ["incoming", "outgoing"];

/// All that the loop holds.
struct Face<'a> {
    lines: Lines,
    shell: &'a mut Shell,
    outbox: Outbox,
    visiting: Visiting,
    errands: mpsc::UnboundedSender<Input>,
    ending: Option<Ending>,
    draft_kept: String,
    /// Whether a person types, who must be able to take back what is held.
    is_typed: bool,
}

/// Runs until the session ends or the user leaves; see [`super::super::Terminal::talk`].
pub(in super::super) async fn run(
    shell: &mut Shell,
    mut engine: Engine,
    (options, dress): (Options, &Dress),
    past: &mut Past,
) -> Result<Left, FaceError> {
    shell.begin_again();
    let setting = setting(&options, dress, Theme::new(false, false), &shell.clock);
    let (errands, mut errands_done) = mpsc::unbounded_channel();
    let mut app = App::new(setting, shell.clock.now());
    app.shelf.environment = Environment::read(|name| std::env::var(name).ok());
    let draft_kept = options.draft.clone();
    app.editor.set(options.draft);
    app.go_on_after(std::mem::take(past));
    let mut lines = Lines::new(app);
    // A program that speaks for somebody needs no welcome, and isn't to use it up.
    let mut welcome = if std::io::stdin().is_terminal() { Welcome::due() } else { Welcome::NONE };
    lines.printer.columns = Shell::columns();
    if welcome.is_due() {
        lines.welcome();
    }
    let mut face = Face {
        lines,
        shell,
        outbox: Outbox::default(),
        visiting: Visiting::new(options.visit),
        errands,
        ending: None,
        draft_kept,
        is_typed: std::io::stdin().is_terminal(),
    };
    loop {
        face.outbox.flush(&engine.commands);
        let wants = face.lines.wants();
        // Before it is asked for: whoever answers at once must not be shown.
        face.shell.hide(wants == Wants::Secret);
        face.print();
        if let Some(ending) = face.ending.take() {
            face.shell.finish().await?;
            return Ok(face.left(ending, past));
        }
        if face.lines.app.standing.seat.is_some() {
            welcome.shown();
        }
        let full = face.shell.output.is_full();
        let wanted = wants != Wants::Nothing && !full && face.has_room();
        let wake = face.lines.wake_at().map(|wake| face.shell.clock.instant(wake));
        tokio::select! {
            event = engine.events.recv(), if !full && !face.lines.app.is_over() => match event {
                Some(event) => face.update(Input::Engine(event)),
                None if face.lines.app.is_leaving() => return Ok(face.left(Ending::Fin, past)),
                None => return Err(FaceError::EngineGone),
            },
            room = engine.commands.reserve(), if !face.outbox.is_empty() => face.outbox.send(room),
            happened = face.shell.next(wanted) => face.take_in(happened?),
            event = face.visiting.next() => face.update(Input::Shelf(event)),
            Some(done) = errands_done.recv() => face.update(done),
            () = sleep_until(wake), if wake.is_some() => face.update(Input::Tick),
        }
    }
}

impl Face<'_> {
    fn left(&mut self, ending: Ending, past: &mut Past) -> Left {
        let app = &mut self.lines.app;
        *past = app.take_past();
        let next = app.take_next().filter(|_| ending == Ending::Fin);
        let limit = app.limit();
        let unfinished = unfinished::lines(&app.transfers, WAYS);
        let unwritten = app.unwritten();
        let (closed, ended_by) = (app.is_closed(), self.shell.ended_by);
        let draft = self.lines.draft().to_owned();
        let unsaid = std::mem::take(&mut self.outbox).unsaid();
        Left { ending, unsaid, draft, unfinished, unwritten, closed, ended_by, next, limit }
    }

    /// Whether another message can be held. A program that writes more than that waits.
    fn has_room(&self) -> bool {
        self.is_typed || self.lines.owed.waiting() < MAX_HELD
    }

    fn print(&mut self) {
        self.lines.printer.columns = Shell::columns();
        let text = self.lines.take_printed();
        if !text.is_empty() {
            self.shell.output.put(&text, self.lines.printed_before());
        }
    }

    fn take_in(&mut self, happened: Happened) {
        let now = self.shell.clock.now();
        let deeds = match happened {
            Happened::Entered(entered) => self.lines.enter(entered, now),
            Happened::Written(before) => self.lines.shown(before, now),
            Happened::Hangup => self.lines.update(Input::Hangup, now),
            Happened::Interrupt => self.lines.update(Input::Interrupt, now),
        };
        self.carry_out(deeds);
    }

    fn update(&mut self, input: Input) {
        let deeds = self.lines.update(input, self.shell.clock.now());
        self.carry_out(deeds);
    }

    fn carry_out(&mut self, deeds: Vec<Deed>) {
        for deed in deeds {
            match deed {
                Deed::Engine(command) => self.outbox.push(command),
                Deed::Shelf(command) => {
                    self.visiting.ask(command, self.lines.app.limit());
                }
                Deed::EndVisit => self.visiting.end(),
                Deed::Save(path, text) => {
                    let done = self.errands.clone();
                    tokio::task::spawn_blocking(move || {
                        // If nobody waits for it any more, it isn't needed.
                        let _ = done.send(Input::Saved(errands::save(path, &text)));
                    });
                }
                Deed::Quit(ending) => self.ending = self.ending.take().or(Some(ending)),
            }
        }
        self.keep_draft();
    }

    /// Tells the engine what was begun, if that is kept.
    fn keep_draft(&mut self) {
        if self.lines.app.keeps() && self.lines.draft() != self.draft_kept {
            self.draft_kept = self.lines.draft().to_owned();
            self.outbox.draft(self.draft_kept.clone());
        }
    }
}

async fn sleep_until(instant: Option<std::time::Instant>) {
    if let Some(instant) = instant {
        tokio::time::sleep_until(instant.into()).await;
    }
}
