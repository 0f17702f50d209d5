//! Searching what was entered before (Ctrl-R): what is found is seen in the composer as one types.
//!
//! Owns the search. Nothing is sent by it: what was found is taken into the composer, or what stood
//! there comes back as it was.

use super::super::editor::Editor;
use super::super::keys::{self, Action, Place};
use super::mode::Mode;
use super::{App, Effect};
use couplet::text;
use crossterm::event::KeyEvent;
use unicode_segmentation::UnicodeSegmentation;

/// The longest search, in bytes.
const MOST_SOUGHT: usize = 200;

/// A search.
#[derive(Debug, Default)]
pub(crate) struct Seek {
    query: Editor,
    /// The entry that is shown, if one was found.
    at: Option<usize>,
    /// Whether the last key found nothing.
    failed: bool,
    /// What stood in the composer.
    before: Editor,
}

impl Seek {
    /// What stood in the composer.
    pub(super) fn before(&self) -> &str {
        self.before.text()
    }

    /// What is sought, and whether it was found.
    pub(super) fn title(&self) -> String {
        let query = self.query.text();
        match (self.failed, self.at) {
            (true, Some(_)) => format!("no more with: {query}"),
            (true, None) => format!("nothing with: {query}"),
            (false, _) => format!("search: {query}"),
        }
    }

    /// What is sought, and whether it was found, for the least room.
    pub(super) fn short(&self) -> (&'static str, &str) {
        let query = self.query.text();
        let start = query.grapheme_indices(true).rev().nth(7).map_or(0, |(at, _)| at);
        (if self.failed { "nothing:" } else { "search:" }, &query[start..])
    }
}

impl App {
    pub(super) fn begin_seek(&mut self) {
        self.popup = None;
        let before = self.editor.clone();
        self.mode = Mode::Seek(Box::new(Seek { before, ..Seek::default() }));
    }

    /// Ends the search, if there is one, with what stood in the composer before.
    pub(super) fn end_seek(&mut self) {
        if let Mode::Seek(seek) = &mut self.mode {
            self.editor = std::mem::take(&mut seek.before);
            self.mode = Mode::Write;
        }
    }

    pub(super) fn seek_key(
        &mut self,
        action: Option<Action>,
        key: KeyEvent,
        effects: &mut Vec<Effect>,
    ) {
        match (action, keys::typed(key)) {
            (Some(Action::Seek), _) => self.seek_on(true),
            (Some(Action::Newer), _) => self.seek_on(false),
            (Some(Action::Submit), _) => self.take_found(),
            (Some(Action::Escape), _) => self.end_seek(),
            (Some(Action::Edit(edit)), _) => self.change_query(|query| query.apply(edit)),
            (None, Some(typed)) => {
                self.change_query(|query| query.insert(typed.encode_utf8(&mut [0; 4])));
            }
            // Any other key takes what was found, and has its own meaning.
            _ => {
                self.take_found();
                self.talk_key(keys::action(Place::Talk, key), None, false, effects);
            }
        }
    }

    /// Takes pasted text into what is sought.
    pub(super) fn paste_query(&mut self, pasted: &str) {
        let line = text::line(pasted.lines().next().unwrap_or_default(), MOST_SOUGHT);
        self.change_query(|query| query.insert(&line));
    }

    fn change_query(&mut self, change: impl FnOnce(&mut Editor)) {
        let Mode::Seek(seek) = &mut self.mode else { return };
        change(&mut seek.query);
        if seek.query.text().len() > MOST_SOUGHT {
            seek.query.undo();
        }
        let query = seek.query.text();
        // What is shown stays, if it has that, too.
        let newest = seek.at.filter(|at| self.history.has(*at, query));
        let found = newest.or_else(|| self.history.older_with(query, None));
        seek.at = found.filter(|_| !query.is_empty());
        seek.failed = found.is_none() && !query.is_empty();
        self.show_found();
    }

    fn seek_on(&mut self, older: bool) {
        let Mode::Seek(seek) = &mut self.mode else { return };
        let query = seek.query.text();
        let found = if older {
            self.history.older_with(query, seek.at)
        } else {
            seek.at.and_then(|at| self.history.newer_with(query, at))
        };
        seek.failed = found.is_none();
        seek.at = found.or(seek.at);
        self.show_found();
    }

    fn show_found(&mut self) {
        let Mode::Seek(seek) = &mut self.mode else { return };
        let mut editor = seek.before.clone();
        if let Some(line) = seek.at.and_then(|at| self.history.get(at)) {
            editor.set(line);
        }
        self.editor = editor;
    }

    fn take_found(&mut self) {
        self.history.stay();
        self.mode = Mode::Write;
    }
}
