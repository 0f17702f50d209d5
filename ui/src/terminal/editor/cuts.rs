//! What was cut, and putting it back.
//!
//! Owns the last few cuts, as readline does: what is cut in one go is one, and what was put back can
//! be exchanged for what was cut before.

use super::Editor;
use std::collections::VecDeque;
use std::ops::Range;

/// The cuts that are remembered.
const MOST: usize = 16;

/// What was cut, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cuts(VecDeque<String>);

/// What the last edit was, as far as the next one goes on with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Last {
    /// Nothing to go on with.
    #[default]
    Other,
    /// Something was cut.
    Cut,
    /// This cut was put back, from this byte on.
    Yank {
        /// Which, newest first.
        nth: usize,
        /// Where it begins.
        start: usize,
    },
}

impl Editor {
    /// Puts back what was cut last.
    pub(crate) fn yank(&mut self) {
        let range = self.cursor..self.cursor;
        self.put_back(0, range);
    }

    /// Puts in the place of what was just put back what was cut before it.
    pub(crate) fn yank_older(&mut self) {
        let Last::Yank { nth, start } = self.last else { return };
        let end = start + self.cuts.0.get(nth).map_or(0, String::len);
        self.put_back((nth + 1) % self.cuts.0.len().max(1), start..end);
    }

    pub(super) fn kill(&mut self, range: Range<usize>, onward: bool) {
        let cut = &self.text[range.clone()];
        if cut.is_empty() {
            return;
        }
        match self.cuts.0.front_mut() {
            Some(last) if self.last == Last::Cut && onward => last.push_str(cut),
            Some(last) if self.last == Last::Cut => last.insert_str(0, cut),
            _ => {
                self.cuts.0.push_front(cut.to_owned());
                self.cuts.0.truncate(MOST);
            }
        }
        self.replace(range, "");
        self.last = Last::Cut;
    }

    fn put_back(&mut self, nth: usize, range: Range<usize>) {
        let Some(cut) = self.cuts.0.get(nth).cloned() else { return };
        let start = range.start;
        self.replace(range, &cut);
        self.last = Last::Yank { nth, start };
    }
}
