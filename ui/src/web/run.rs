//! The loop of a conversation in the browser: pages, signals and the engine around the pure [`Page`].
//!
//! Owns the loop. Commands wait in an own queue while the engine's is full, and events are read
//! meanwhile; no page is ever waited for.

use super::Web;
use super::browser;
use super::deeds::Deed;
use super::files;
use super::page::Page;
use super::sending::Sending;
use super::server::{Heard, TabId, To as Goal, UploadId};
use super::wire::Stage;
use crate::config::{Timestamps, exit};
use crate::engine::outbox::Outbox;
use crate::engine::{Command, Engine, Outgoing};
use crate::terminal::app::{App, Calls, Face as At, Input, Saved, Setting, Wish};
use crate::terminal::errands;
use crate::terminal::pictures::Means;
use crate::terminal::shelf::Environment;
use crate::terminal::theme::Theme;
use crate::terminal::unfinished;
use crate::terminal::visiting::Visiting;
use crate::terminal::{FaceError, Left, Options};
use couplet::session::Ending;
use std::path::PathBuf;
use tokio::task::JoinSet;

/// What a transfer's direction is called in the last lines.
const WAYS: [&str; 2] = ["incoming", "outgoing"];

/// What took its time beside the loop.
enum Done {
    /// A transcript was written, or wasn't.
    Saved(Saved),
    /// The desktop shows this directory, as a page has asked; or why it doesn't.
    Folder { tab: TabId, path: PathBuf, opened: Result<(), String> },
}

/// All that the loop holds.
struct Face<'a> {
    page: Page,
    web: &'a mut Web,
    outbox: Outbox,
    visiting: Visiting,
    sending: Sending,
    outside: JoinSet<Done>,
    ending: Option<Ending>,
    draft_kept: String,
}

/// Runs until the session ends or the user leaves; see [`Web::talk`].
pub(super) async fn run(
    web: &mut Web,
    mut engine: Engine,
    options: Options,
) -> Result<Left, FaceError> {
    let mut app = App::new(setting(&options, web), web.clock.now());
    app.shelf.environment = Environment::read(|name| std::env::var(name).ok());
    let draft_kept = options.draft.clone();
    app.editor.set(options.draft);
    app.go_on_after(std::mem::take(&mut web.past));
    let mut face = Face {
        page: Page::new(app, std::mem::take(&mut web.saying)),
        web,
        outbox: Outbox::default(),
        visiting: Visiting::new(options.visit),
        sending: Sending::default(),
        outside: JoinSet::new(),
        ending: None,
        draft_kept,
    };
    for tab in face.web.audience.tabs() {
        face.welcome(tab);
    }
    loop {
        face.outbox.flush(&engine.commands);
        face.tell();
        if let Some(ending) = face.ending.take() {
            return Ok(face.left(ending));
        }
        let wake = face.page.wake_at().map(|wake| face.web.clock.instant(wake));
        tokio::select! {
            event = engine.events.recv(), if !face.page.app.is_over() => match event {
                Some(event) => face.update(Input::Engine(event)),
                None if face.page.app.is_leaving() => return Ok(face.left(Ending::Fin)),
                None => return Err(FaceError::EngineGone),
            },
            room = engine.commands.reserve(), if !face.outbox.is_empty() => face.outbox.send(room),
            heard = face.web.heard.recv() => match heard {
                Some(heard) => face.hear(heard),
                None => return Err(FaceError::EngineGone),
            },
            status = face.web.signals.next() => {
                face.web.ended_by = Some(status);
                face.update(if status == exit::INTERRUPTED { Input::Interrupt } else { Input::Hangup });
            }
            event = face.visiting.next() => face.update(Input::Shelf(event)),
            Some(Ok(done)) = face.outside.join_next() => face.take_in(done),
            () = sleep_until(wake), if wake.is_some() => face.update(Input::Tick),
        }
    }
}

/// What the app is told once. Of looks there are none: pages have their own.
fn setting(options: &Options, web: &Web) -> Setting {
    Setting {
        relay: couplet::text::line(&options.visit.relay, 60),
        downloads: options.downloads.clone(),
        on_collision: options.visit.on_collision,
        limit: options.visit.limit,
        zone: web.clock.zone().clone(),
        home: std::env::var_os("HOME").filter(|home| !home.is_empty()).map(Into::into),
        theme: Theme::new(false, true),
        started_as: options.started_as.clone(),
        hosted: options.hosted.clone(),
        meeting: options.meeting.clone(),
        timestamps: Timestamps::Off,
        calls: Calls { bell: false, notice: false, title: false },
        keeps: options.keeps,
        pictures: Means::Blocks { any_colour: false },
        links: false,
        face: At::Page,
    }
}

impl Face<'_> {
    fn left(mut self, ending: Ending) -> Left {
        self.tell();
        self.web.saying = self.page.saying;
        let app = &mut self.page.app;
        let (draft, limit) = (app.draft().to_owned(), app.limit());
        let next = app.take_next().filter(|_| ending == Ending::Fin);
        let unfinished = unfinished::lines(&app.transfers, WAYS);
        let unwritten = app.unwritten();
        let closed = app.is_closed();
        self.web.said = app.transcript();
        self.web.met = files::has_met(app);
        self.web.past = app.take_past();
        let ended_by = self.web.ended_by;
        let unsaid = self.outbox.unsaid();
        Left { ending, unsaid, draft, unfinished, unwritten, closed, ended_by, next, limit }
    }

    fn tell(&mut self) {
        while let Some((to, told)) = self.page.poll_told() {
            self.web.audience.tell(to, &told);
        }
    }

    fn welcome(&mut self, tab: TabId) {
        let (meeting, keeps) = (self.page.saying.meeting(), self.page.app.keeps());
        let hello = self.web.hello(Stage::Talking, meeting, keeps);
        self.web.audience.tell(super::page::To::One(tab), &hello);
        self.page.welcome(tab);
    }

    fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Opened { tab, telling } => {
                self.web.audience.opened(tab, telling);
                self.welcome(tab);
            }
            Heard::Closed { tab } => {
                self.web.audience.closed(tab);
                let deeds = self.page.gone(tab, self.web.clock.now());
                self.carry_out(deeds);
            }
            Heard::Said { tab, text } => {
                let deeds = self.page.act(tab, &text, self.web.clock.now());
                self.carry_out(deeds);
            }
            Heard::Ready { upload, entries, to, meeting, answer } => {
                let taken = files::may_send(&self.page, to, meeting);
                if taken.is_ok() {
                    self.send(upload, entries, to);
                }
                // A page that has gone doesn't need an answer.
                let _ = answer.send(taken);
            }
            Heard::Wanted { transfer, answer } => {
                let _ = answer.send(files::received(&self.page.app, transfer));
            }
            Heard::Transcript { answer } => {
                let _ = answer.send(self.page.app.transcript());
            }
        }
    }

    /// Offers what has come from a page, or lays it down.
    fn send(&mut self, upload: UploadId, entries: Vec<PathBuf>, to: Goal) {
        self.sending.begin(upload, to, &entries);
        match to {
            Goal::Peer => self.outbox.push(Command::Send(Outgoing::Each(entries))),
            Goal::Shelf => self.update(Input::Wish(Wish::Put(entries))),
        }
    }

    fn update(&mut self, input: Input) {
        let spent = self.sending.hear(&input);
        self.web.server.release(spent);
        let deeds = self.page.update(input, self.web.clock.now());
        self.carry_out(deeds);
    }

    fn carry_out(&mut self, deeds: Vec<Deed>) {
        for deed in deeds {
            self.carry_out_one(deed);
        }
        self.keep_draft();
    }

    fn carry_out_one(&mut self, deed: Deed) {
        match deed {
            Deed::Engine(command) => self.outbox.push(command),
            Deed::Shelf(command) => self.visiting.ask(command, self.page.app.limit()),
            Deed::EndVisit => {
                self.visiting.end();
                self.web.server.release(self.sending.end_visit());
            }
            Deed::Save(path, text) => {
                self.outside.spawn_blocking(move || Done::Saved(errands::save(path, &text)));
            }
            Deed::Quit(ending) => self.ending = self.ending.take().or(Some(ending)),
            Deed::Folder(tab) => {
                let downloads = self.page.app.setting.downloads.clone();
                self.outside.spawn(async move {
                    // The desktop knows nothing of where this program is.
                    let whole = std::path::absolute(&downloads).unwrap_or(downloads);
                    Done::Folder { tab, opened: browser::open(&whole).await, path: whole }
                });
            }
            Deed::End => self.web.is_over = true,
        }
    }

    /// Something is done that took its time.
    fn take_in(&mut self, done: Done) {
        match done {
            Done::Saved(saved) => self.update(Input::Saved(saved)),
            Done::Folder { opened: Ok(()), .. } => {}
            Done::Folder { tab, path, opened: Err(why) } => {
                let path = couplet::text::line(&path.to_string_lossy(), 200);
                self.page.notice(tab, format!("what you received is in {path}: {why}"));
            }
        }
    }

    /// Tells the engine what stands in the composer, if that is kept.
    fn keep_draft(&mut self) {
        if self.page.app.keeps() && self.page.app.draft() != self.draft_kept {
            self.draft_kept = self.page.app.draft().to_owned();
            self.outbox.draft(self.draft_kept.clone());
        }
    }
}

async fn sleep_until(instant: Option<std::time::Instant>) {
    if let Some(instant) = instant {
        tokio::time::sleep_until(instant.into()).await;
    }
}
