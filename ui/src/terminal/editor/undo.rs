//! What was done to the text, so that it can be undone and done again.
//!
//! Owns what counts as one step: a word that was typed, a run of deletions, or any other change by
//! itself. It is bounded by bytes, so that changes of long texts don't add up.

use std::collections::VecDeque;
use std::ops::Range;

/// The bytes that are remembered at most, but always the last step.
const MOST_BYTES: usize = 512 * 1024;
/// The steps that are remembered at most.
const MOST_STEPS: usize = 500;

/// One step: at this byte, this was replaced by that.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    at: usize,
    removed: String,
    inserted: String,
    /// Where the cursor was before.
    cursor: usize,
    /// Whether more of the same joins it: it was made a key at a time.
    by_keys: bool,
}

/// What is to be done to the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// What is replaced.
    pub(super) range: Range<usize>,
    /// By what.
    pub(super) text: String,
    /// Where the cursor belongs then.
    pub(super) cursor: usize,
}

/// The steps that led to the text, and those that were undone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Log {
    done: VecDeque<Step>,
    undone: Vec<Step>,
    bytes: usize,
}

impl Log {
    /// Takes down that `removed` at byte `at` is replaced by `inserted`, with the cursor at `cursor`.
    pub(super) fn record(&mut self, at: usize, removed: &str, inserted: &str, cursor: usize) {
        if removed == inserted {
            return;
        }
        for step in self.undone.drain(..) {
            self.bytes -= step.bytes();
        }
        self.bytes += removed.len() + inserted.len();
        let joined = self.done.back_mut().is_some_and(|last| last.join(at, removed, inserted));
        if !joined {
            let by_keys = is_one(removed) != is_one(inserted);
            let (removed, inserted) = (removed.to_owned(), inserted.to_owned());
            self.done.push_back(Step { at, removed, inserted, cursor, by_keys });
        }
        while self.done.len() > 1 && (self.bytes > MOST_BYTES || self.done.len() > MOST_STEPS) {
            self.bytes -= self.done.pop_front().map_or(0, |step| step.bytes());
        }
    }

    /// What undoes the last step.
    pub(super) fn undo(&mut self) -> Option<Change> {
        let step = self.done.pop_back()?;
        let range = step.at..step.at + step.inserted.len();
        let change = Change { range, text: step.removed.clone(), cursor: step.cursor };
        self.undone.push(step);
        Some(change)
    }

    /// What does the step again that was undone last.
    pub(super) fn redo(&mut self) -> Option<Change> {
        let step = self.undone.pop()?;
        let range = step.at..step.at + step.removed.len();
        let cursor = step.at + step.inserted.len();
        let change = Change { range, text: step.inserted.clone(), cursor };
        self.done.push_back(step);
        Some(change)
    }
}

impl Step {
    fn bytes(&self) -> usize {
        self.removed.len() + self.inserted.len()
    }

    /// Takes a change into this step, if it goes on with what this one does.
    fn join(&mut self, at: usize, removed: &str, inserted: &str) -> bool {
        if !self.by_keys {
            return false;
        }
        if self.removed.is_empty() && removed.is_empty() {
            let goes_on = is_one(inserted) && at == self.at + self.inserted.len();
            // A word with the spaces after it, and each line by itself.
            let space = |text: &str| text.ends_with(char::is_whitespace);
            let word_begins = space(&self.inserted) && !space(inserted);
            let joins = goes_on && !word_begins && !self.inserted.ends_with('\n');
            if joins {
                self.inserted.push_str(inserted);
            }
            return joins;
        }
        if !self.inserted.is_empty() || !inserted.is_empty() || !is_one(removed) {
            return false;
        }
        if at + removed.len() == self.at {
            self.removed.insert_str(0, removed);
            self.at = at;
            true
        } else if at == self.at {
            self.removed.push_str(removed);
            true
        } else {
            false
        }
    }
}

/// Whether this is what one key types or deletes.
fn is_one(text: &str) -> bool {
    text.chars().count() == 1
}
