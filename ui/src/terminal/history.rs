//! What was entered before, for the Up key and for Ctrl-R.
//!
//! Owns the list and the place in it. Nothing of it is written anywhere, and what has a code in it
//! isn't kept at all: whoever comes to this keyboard later has no business with it.

use super::commands;

const MOST: usize = 200;

/// Lines that were entered, and the walk back through them.
#[derive(Debug, Default)]
pub(crate) struct History {
    lines: Vec<String>,
    /// Where the walk is, and what was in the composer when it began.
    walk: Option<(usize, String)>,
}

impl History {
    /// Remembers `line` as the newest and ends the walk.
    pub(crate) fn remember(&mut self, line: &str) {
        self.walk = None;
        let has_code = commands::has_code(line);
        if has_code || line.trim().is_empty() || self.lines.last().is_some_and(|last| last == line)
        {
            return;
        }
        if self.lines.len() == MOST {
            self.lines.remove(0);
        }
        self.lines.push(line.to_owned());
    }

    /// Ends the walk: the text in the composer was changed or sent.
    pub(crate) fn stay(&mut self) {
        self.walk = None;
    }

    /// The entry with this number.
    pub(crate) fn get(&self, at: usize) -> Option<&str> {
        self.lines.get(at).map(String::as_str)
    }

    /// Whether the entry with this number has `query` in it. Small letters stand for capitals, too.
    pub(crate) fn has(&self, at: usize, query: &str) -> bool {
        let exactly = query.contains(char::is_uppercase);
        self.get(at).is_some_and(|line| {
            if exactly { line.contains(query) } else { line.to_lowercase().contains(query) }
        })
    }

    /// The newest entry with `query` in it, before entry `than` and other than that.
    pub(crate) fn older_with(&self, query: &str, than: Option<usize>) -> Option<usize> {
        let fits = |at: &usize| self.has(*at, query) && self.differs(*at, than);
        (0..than.unwrap_or(self.lines.len())).rev().find(fits)
    }

    /// The oldest entry with `query` in it, after entry `than` and other than that.
    pub(crate) fn newer_with(&self, query: &str, than: usize) -> Option<usize> {
        let fits = |at: &usize| self.has(*at, query) && self.differs(*at, Some(than));
        (than + 1..self.lines.len()).find(fits)
    }

    fn differs(&self, at: usize, than: Option<usize>) -> bool {
        than.is_none_or(|than| self.get(at) != self.get(than))
    }

    /// One line back; `current` is what the composer holds.
    pub(crate) fn older(&mut self, current: &str) -> Option<&str> {
        let (at, _) = self.walk.get_or_insert_with(|| (self.lines.len(), current.to_owned()));
        *at = at.checked_sub(1)?;
        self.lines.get(*at).map(String::as_str)
    }

    /// One line on; after the newest comes what the walk began with.
    pub(crate) fn newer(&mut self) -> Option<String> {
        let (at, _) = self.walk.as_mut()?;
        *at += 1;
        if let Some(line) = self.lines.get(*at) {
            return Some(line.clone());
        }
        self.walk.take().map(|(_, begun)| begun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_and_forth() {
        let mut history = History::default();
        assert_eq!(history.older("x"), None);
        history.stay();
        for line in ["one", "two", "two", " ", "/code 7-otter-lamp"] {
            history.remember(line);
        }
        assert_eq!(history.older("draft"), Some("two"));
        assert_eq!(history.older("two"), Some("one"));
        assert_eq!(history.older("one"), None);
        assert_eq!(history.newer().as_deref(), Some("two"));
        assert_eq!(history.newer().as_deref(), Some("draft"));
        assert_eq!(history.newer(), None);
    }

    #[test]
    fn what_has_a_word_in_it_is_found_either_way() {
        let mut history = History::default();
        for line in ["a Log", "b", "a log", "other", "a log", "LOG"] {
            history.remember(line);
        }
        assert_eq!(history.older_with("log", None), Some(5));
        assert_eq!(history.older_with("log", Some(5)), Some(4));
        assert_eq!(history.older_with("log", Some(4)), Some(0), "not the same once more");
        assert_eq!(history.older_with("log", Some(0)), None);
        assert_eq!(history.newer_with("log", 0), Some(2));
        assert_eq!(history.older_with("Log", None), Some(0));
        assert_eq!(history.older_with("LOg", None), None);
    }
}
