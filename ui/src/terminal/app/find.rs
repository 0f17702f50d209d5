//! The search through the conversation.
//!
//! Owns what was found and where one is in it. Each key and each tick looks through a bounded part;
//! the rest follows by itself.

use super::super::conversation::Place;
use super::super::editor::Edit;
use super::super::keys::Action;
use super::super::needle::Needle;
use super::{App, Effect, Overlay};
use couplet::time::Moment;
use std::time::Duration;
use unicode_segmentation::UnicodeSegmentation;

/// The longest text that can be looked for, in bytes.
const MOST_SOUGHT: usize = 200;
/// What is looked through at once: entries, and bytes of text.
const MOST_ENTRIES: usize = 10_000;
const MOST_BYTES: usize = 256 * 1024;
/// How long the face rests before it looks further.
const REST: Duration = Duration::from_millis(2);

/// A search.
#[derive(Debug)]
pub(crate) struct Find {
    query: String,
    needle: Option<Needle>,
    /// The entries in which it was found, the newest first.
    found: Vec<usize>,
    /// The one of these that was gone to.
    at: Option<usize>,
    /// Entries from this on have been looked through.
    looked_from: usize,
    /// Where the reader was before.
    before: Place,
}

impl App {
    /// What is looked for, while the search is open, and the entry that was gone to.
    pub(crate) fn looked_for(&self) -> Option<(&Needle, Option<usize>)> {
        let find = self.finding()?;
        let chosen = find.at.and_then(|at| find.found.get(at)).copied();
        find.needle.as_ref().map(|needle| (needle, chosen))
    }

    /// How much was found, while the search is open.
    pub(crate) fn how_many_found(&self) -> Option<String> {
        let find = self.finding()?;
        find.needle.as_ref()?;
        let more = if self.finds_at().is_some() { "+" } else { "" };
        Some(match find.at {
            Some(at) => format!("{} of {}{more}", at + 1, find.found.len()),
            None if more.is_empty() => "not found".to_owned(),
            None => "looking".to_owned(),
        })
    }

    /// What is being typed to be looked for, in the conversation or in the help, and how much was
    /// found.
    pub(crate) fn sought(&self) -> Option<(&str, String)> {
        if let Some(find) = self.finding() {
            return Some((&find.query, self.how_many_found().unwrap_or_default()));
        }
        let topic = matches!(self.overlay, Some(Overlay::Help { .. })) && self.topic.typing;
        topic.then(|| (self.topic.query.as_str(), String::new()))
    }

    /// Opens the search.
    pub(super) fn begin_find(&mut self, query: &str) {
        self.popup = None;
        self.overlay = Some(Overlay::Find);
        let before = self.conversation.place();
        self.reading.find = Some(Find {
            query: String::new(),
            needle: None,
            found: Vec::new(),
            at: None,
            looked_from: 0,
            before,
        });
        self.look_for(query);
    }

    pub(super) fn find_key(
        &mut self,
        action: Option<Action>,
        typed: Option<char>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(find) = &mut self.reading.find else { return };
        match (action, typed) {
            (None, None) => {}
            (None, Some(character)) => {
                let mut query = std::mem::take(&mut find.query);
                query.push(character);
                self.look_for(&query);
            }
            (Some(Action::Up), _) => {
                find.at = find.at.map(|at| (at + 1).min(find.found.len() - 1));
                self.go_to_found();
            }
            (Some(Action::Down), _) => {
                find.at = find.at.map(|at| at.saturating_sub(1));
                self.go_to_found();
            }
            (Some(Action::Edit(Edit::KillToStart)), _) => self.look_for(""),
            (Some(Action::Edit(_)), _) => {
                let mut query = std::mem::take(&mut find.query);
                let last = query.grapheme_indices(true).next_back().map_or(0, |(at, _)| at);
                query.truncate(last);
                self.look_for(&query);
            }
            (Some(Action::PageUp), _) => self.scroll_page(true),
            (Some(Action::PageDown), _) => self.scroll_page(false),
            (Some(Action::Submit), _) => self.overlay = None,
            (Some(Action::Escape), _) => {
                self.conversation.go_back(find.before);
                self.overlay = None;
            }
            (action, _) => self.anywhere(action, effects),
        }
        if self.overlay.is_none() {
            self.reading.find = None;
        }
    }

    pub(super) fn paste_to_find(&mut self, pasted: &str) {
        if self.overlay == Some(Overlay::Find)
            && let Some(find) = &mut self.reading.find
        {
            let query = std::mem::take(&mut find.query);
            self.look_for(&(query + pasted));
        }
    }

    /// When the search goes on, if there is more to look through.
    pub(super) fn finds_at(&self) -> Option<Moment> {
        let find = self.finding()?;
        let more = find.needle.is_some() && find.looked_from > self.conversation.numbers().start;
        more.then(|| self.now.moment + REST)
    }

    /// Looks through the next part.
    pub(super) fn find_on(&mut self) {
        if self.finding().is_none() {
            return;
        }
        let Some(find) = &mut self.reading.find else { return };
        let Some(needle) = &find.needle else { return };
        let mut bytes = 0;
        let oldest = self.conversation.numbers().start;
        for _ in 0..MOST_ENTRIES {
            if find.looked_from <= oldest || bytes >= MOST_BYTES {
                break;
            }
            find.looked_from -= 1;
            let Some(entry) = self.conversation.entry(find.looked_from) else { continue };
            bytes += entry.text.len();
            if needle.first_in(&entry.text).is_some() {
                find.found.push(find.looked_from);
            }
        }
        if find.at.is_none() && !find.found.is_empty() {
            find.at = Some(0);
            self.go_to_found();
        }
    }

    fn finding(&self) -> Option<&Find> {
        self.reading.find.as_ref().filter(|_| self.overlay == Some(Overlay::Find))
    }

    fn look_for(&mut self, query: &str) {
        let query = couplet::text::line(query, MOST_SOUGHT);
        let end = self.conversation.numbers().end;
        let Some(find) = &mut self.reading.find else { return };
        find.needle = Needle::new(&query);
        find.query = query;
        find.found.clear();
        find.at = None;
        find.looked_from = end;
        self.conversation.go_back(find.before);
        self.find_on();
    }

    fn go_to_found(&mut self) {
        let Some(columns) = self.drawn.columns else { return };
        let Some((needle, Some(number))) = self.looked_for() else { return };
        let Some(entry) = self.conversation.entry(number) else { return };
        let at = needle.first_in(&entry.text).map_or(0, |range| range.start);
        self.conversation.go_to(number, at, columns, self.drawn.rows);
    }

    fn scroll_page(&mut self, up: bool) {
        self.scroll(self.drawn.rows.saturating_sub(2).max(1), up);
    }
}
