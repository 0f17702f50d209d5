//! What was entered before, for the Up key.
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
}
