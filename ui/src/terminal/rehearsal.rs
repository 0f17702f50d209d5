//! A face without a terminal, for the benchmark of long conversations.
//!
//! Owns only the way in: what is measured is the face itself, drawn into a buffer. It is in the
//! library because a benchmark sees nothing else of it, and no part of what the library promises.

use super::app::{App, Drawn, Input, Setting};
use super::clock::{Clock, Now};
use super::pictures::Means;
use super::theme::Theme;
use super::view;
use crate::engine::Event;
use crate::meeting::Meeting;
use couplet::session::Event as Told;
use couplet::transfer::offer::OnCollision;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// A face, its clock standing still, with a conversation in it.
#[derive(Debug)]
pub struct Rehearsal {
    app: App,
    now: Now,
    said: u64,
    screen: Terminal<TestBackend>,
}

impl Rehearsal {
    /// A face on a screen of this size.
    ///
    /// # Panics
    /// Never: the screen is memory.
    #[must_use]
    pub fn new(width: u16, height: u16) -> Self {
        let setting = Setting {
            relay: "127.0.0.1:3647".to_owned(),
            downloads: "downloads".into(),
            on_collision: OnCollision::default(),
            limit: None,
            home: None,
            theme: Theme::new(true, true),
            started_as: crate::meeting::STARTED_AS.to_owned(),
            hosted: None,
            meeting: Meeting::Anybody,
            keeps: false,
            timestamps: crate::config::Timestamps::default(),
            calls: super::app::Calls::default(),
            zone: TimeZone::UTC,
            pictures: Means::Blocks { any_colour: true },
            links: true,
            face: super::app::Face::Terminal,
        };
        let now = Clock::new().now();
        let screen = Terminal::new(TestBackend::new(width, height)).unwrap();
        Self { app: App::new(setting, now), now, said: 0, screen }
    }

    /// The peer says something.
    pub fn hear(&mut self, text: &str) {
        self.said += 1;
        let words = Told::Words { sequence: self.said, text: text.to_owned(), kept: false };
        self.app.update(Input::Engine(Event::Session(words)), self.now);
    }

    /// A page up.
    pub fn page_up(&mut self) {
        let key = KeyEvent::new(KeyCode::PageUp, KeyModifiers::NONE);
        self.app.update(Input::Key(key), self.now);
    }

    /// To the newest.
    pub fn newest(&mut self) {
        let key = KeyEvent::new(KeyCode::End, KeyModifiers::NONE);
        self.app.update(Input::Key(key), self.now);
    }

    /// Another size of the screen.
    pub fn resize(&mut self, width: u16, height: u16) {
        self.screen.backend_mut().resize(width, height);
    }

    /// Draws a frame, and lets the face know, as the shell does.
    ///
    /// # Panics
    /// Never: the screen is memory.
    pub fn draw(&mut self) {
        let mut drawn = Drawn::default();
        self.screen.draw(|frame| drawn = view::draw(&self.app, frame)).unwrap();
        self.app.update(Input::Drawn(drawn), self.now);
    }
}
