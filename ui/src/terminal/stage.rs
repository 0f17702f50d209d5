//! For the tests: a face without a terminal, whose keys are pressed and whose engine speaks by
//! method calls.
//!
//! Owns the harness; the situations are in [`super::scenes`].

use super::app::{App, Effect, Face, Input, Setting};
use super::clock::{Now, WallTime};
use super::pictures::{Depict, Means};
use super::theme::Theme;
use super::view;
use crate::engine::{Command, Event, Progress};
use crate::meeting::{Hosted, Meeting};
use couplet::path::SafeName;
use couplet::session::{DraftId, Event as Told, Mark};
use couplet::time::Moment;
use couplet::transfer::book::{Direction, TransferId, TransferInfo, TransferState};
use couplet::transfer::offer::{Form, Offer, OnCollision, Preflight};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::civil::date;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

/// A mebibyte.
pub(crate) const MIB: u64 = 1024 * 1024;

/// A gibibyte.
pub(crate) const GIB: u64 = 1024 * MIB;

thread_local! {
    /// What those are in front of who come next.
    static FACE: Cell<Face> = const { Cell::new(Face::Terminal) };
}

/// The same situation for one who is in front of a page.
pub(crate) fn on_a_page(scene: fn() -> Stage) -> Stage {
    FACE.set(Face::Page);
    let stage = scene();
    FACE.set(Face::Terminal);
    stage
}

/// A face, its clock, and what it asked for.
pub(crate) struct Stage {
    pub(crate) app: App,
    pub(crate) now: Now,
    pub(crate) effects: Vec<Effect>,
    /// How pictures are made that are asked for.
    pub(crate) depicts: Option<fn(Depict) -> Input>,
}

impl Stage {
    /// A face that has just started.
    pub(crate) fn new() -> Self {
        Self::with("127.0.0.1:3647", Meeting::Anybody, None)
    }

    pub(crate) fn with(relay: &str, meeting: Meeting, hosted: Option<Hosted>) -> Self {
        let setting = Setting {
            face: FACE.get(),
            relay: relay.into(),
            downloads: PathBuf::from("downloads"),
            on_collision: OnCollision::default(),
            limit: None,
            home: Some(PathBuf::from("/home/ann")),
            theme: Theme::new(true, true),
            keeps: false,
            timestamps: crate::config::Timestamps::default(),
            // Of the title only its own tests hear.
            calls: super::app::Calls { title: false, ..super::app::Calls::default() },
            zone: jiff::tz::TimeZone::UTC,
            started_as: crate::meeting::STARTED_AS.to_owned(),
            hosted,
            meeting,
            pictures: Means::Blocks { any_colour: true },
            links: true,
        };
        let now = Now {
            moment: Moment::from_start(Duration::from_secs(100)),
            wall: WallTime { date: date(2026, 11, 22), hour: 12, minute: 1, second: 0 },
        };
        Self { app: App::new(setting, now), now, effects: Vec::new(), depicts: None }
    }

    pub(crate) fn give(&mut self, input: Input) -> &mut Self {
        self.effects.extend(self.app.update(input, self.now));
        self
    }

    pub(crate) fn hear(&mut self, event: Told) -> &mut Self {
        self.give(Input::Engine(Event::Session(event)))
    }

    /// Lets time pass without anything happening but ticks.
    pub(crate) fn wait(&mut self, span: Duration) -> &mut Self {
        let end = self.now.moment + span;
        while let Some(wake) = self.app.wake_at().filter(|wake| *wake <= end) {
            assert!(wake > self.now.moment, "the face would never sleep");
            self.now.moment = wake;
            self.give(Input::Tick);
        }
        self.now.moment = end;
        self
    }

    pub(crate) fn minutes(&mut self, minutes: i8) -> &mut Self {
        self.now.wall.minute += minutes;
        self
    }

    /// Presses keys: `Enter`, `Ctrl-A`, `Alt-Enter`, `F1`, `x`.
    pub(crate) fn keys(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            self.give(Input::Key(key_event(key)));
        }
        self
    }

    /// Types text.
    pub(crate) fn write(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            self.give(Input::Key(KeyEvent::new(KeyCode::Char(character), KeyModifiers::NONE)));
        }
        self
    }

    /// Draws a frame, and lets the face know, as the shell does.
    pub(crate) fn draw(&mut self, width: u16, height: u16) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        self.draw_on(&mut terminal);
        terminal.backend().buffer().clone()
    }

    /// The same on a terminal that is there already, whatever its size is now.
    pub(crate) fn draw_on(&mut self, terminal: &mut Terminal<TestBackend>) {
        let mut drawn = super::app::Drawn::default();
        terminal.draw(|frame| drawn = view::draw(&self.app, frame)).unwrap();
        self.give(Input::Drawn(drawn));
        super::scenes::closer::answer_depicts(self);
    }

    /// What was asked of the engine since the last time.
    pub(crate) fn commands(&mut self) -> Vec<Command> {
        let effects = std::mem::take(&mut self.effects);
        let mut commands = Vec::new();
        for effect in effects {
            if let Effect::Engine(command) = effect {
                commands.push(command);
            }
        }
        commands
    }

    pub(crate) fn words(&mut self, sequence: u64, text: &str) -> &mut Self {
        self.hear(Told::Words { sequence, text: text.into(), kept: false })
    }

    pub(crate) fn said(&mut self, draft: u64, text: &str, mark: Mark) -> &mut Self {
        self.hear(Told::Said { draft: DraftId(draft), text: text.into() });
        self.hear(Told::Marked { draft: DraftId(draft), mark })
    }

    pub(crate) fn transfer(
        &mut self,
        id: u32,
        direction: Direction,
        name: &str,
        size: u64,
        state: TransferState,
    ) -> &mut Self {
        let info = transfer_info(direction, name, size, state);
        self.hear(Told::Transfer { id: TransferId(id), info })
    }

    /// Something is offered.
    pub(crate) fn offer(&mut self, id: u32, direction: Direction, offer: Offer) -> &mut Self {
        let info = transfer_info(direction, "x", 0, TransferState::Offered);
        self.hear(Told::Transfer { id: TransferId(id), info: TransferInfo { offer, ..info } })
    }

    /// The disk has been asked about an offer.
    pub(crate) fn disk(&mut self, id: u32, preflight: Preflight) -> &mut Self {
        self.give(Input::Engine(Event::Preflight { id: TransferId(id), preflight }))
    }

    /// A transfer of several files moves.
    pub(crate) fn files(
        &mut self,
        id: u32,
        done: u64,
        size: u64,
        entries: u64,
        rate: Option<u64>,
    ) -> &mut Self {
        let remaining = rate.map(|rate| Duration::from_secs((size - done).div_ceil(rate)));
        let progress = Progress { entries, rate, remaining, ..standing(id, done, size) };
        self.give(Input::Engine(Event::Progress(progress)))
    }

    pub(crate) fn moves(&mut self, id: u32, done: u64, size: u64, rate: Option<u64>) -> &mut Self {
        let remaining = rate.map(|rate| Duration::from_secs((size - done).div_ceil(rate)));
        let progress = Progress { rate, remaining, stalled_for: None, ..standing(id, done, size) };
        self.give(Input::Engine(Event::Progress(progress)))
    }

    pub(crate) fn stalls(&mut self, id: u32, done: u64, size: u64, seconds: u64) -> &mut Self {
        self.give(Input::Engine(Event::Progress(Progress {
            rate: Some(0),
            stalled_for: Some(Duration::from_secs(seconds)),
            ..standing(id, done, size)
        })))
    }
}

/// A transfer of one file.
pub(crate) fn transfer_info(
    direction: Direction,
    name: &str,
    size: u64,
    state: TransferState,
) -> TransferInfo {
    TransferInfo { direction, offer: named(name, size), state, held_here: None, held_there: None }
}

/// The offer of a file.
pub(crate) fn named(name: &str, size: u64) -> Offer {
    let name = SafeName::new(name).unwrap();
    Offer { name, form: Form::File, size: Some(size), on_disk: None, entries: 1, mtime: None }
}

/// The end of a transfer without problems.
pub(crate) fn verified(saved_as: &str) -> TransferState {
    let saved_as = saved_as.to_owned();
    TransferState::Verified { saved_as, left_out: Vec::new(), left_out_count: 0 }
}

fn standing(id: u32, done: u64, size: u64) -> Progress {
    Progress {
        id: TransferId(id),
        done,
        size,
        moved: done,
        entries: 0,
        rate: None,
        remaining: None,
        stalled_for: None,
    }
}

/// The key that a word names.
pub(crate) fn key_event(word: &str) -> KeyEvent {
    let mut modifiers = KeyModifiers::NONE;
    let mut name = word;
    for (prefix, modifier) in [
        ("Ctrl-", KeyModifiers::CONTROL),
        ("Alt-", KeyModifiers::ALT),
        ("Shift-", KeyModifiers::SHIFT),
    ] {
        if let Some(rest) = name.strip_prefix(prefix) {
            (modifiers, name) = (modifiers | modifier, rest);
        }
    }
    let code = match name {
        "Enter" => KeyCode::Enter,
        "Tab" => KeyCode::Tab,
        "BackTab" => KeyCode::BackTab,
        "Esc" => KeyCode::Esc,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "PgUp" => KeyCode::PageUp,
        "PgDn" => KeyCode::PageDown,
        "Backspace" => KeyCode::Backspace,
        "Delete" => KeyCode::Delete,
        "F1" => KeyCode::F(1),
        "F2" => KeyCode::F(2),
        "F3" => KeyCode::F(3),
        "F4" => KeyCode::F(4),
        "F5" => KeyCode::F(5),
        "Space" => KeyCode::Char(' '),
        one => KeyCode::Char(one.chars().next().unwrap()),
    };
    KeyEvent::new(code, modifiers)
}
