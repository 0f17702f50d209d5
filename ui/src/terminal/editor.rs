//! The text being written: a string, a cursor, what was cut, and what can be undone.
//!
//! Owns editing, by whole grapheme clusters, so that no key ever leaves half a character behind.
//! It knows nothing of messages, keys or screens but the width at which it is broken into rows.
//!
//! It isn't the widget of ratatui-textarea (0.9.4), which measures and moves by `char`: of six
//! emoji with variation selectors in six columns three are never seen, the cursor stands eight
//! columns after a family that takes two, and a comma begins a row.

mod cases;
mod cuts;
mod undo;

use super::wrap;
use cuts::{Cuts, Last};
use std::ops::Range;
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

/// What can be done to the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Edit {
    Left,
    Right,
    WordLeft,
    WordRight,
    LineStart,
    LineEnd,
    DeleteBack,
    DeleteForward,
    KillToStart,
    KillToEnd,
    KillWordBack,
    KillWordForward,
    Yank,
    YankOlder,
    Transpose,
    Capitals,
    Smalls,
    Capital,
    Undo,
    Redo,
}

/// A text with a cursor in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Editor {
    text: String,
    cursor: usize,
    cuts: Cuts,
    /// What the last edit was, for those that go on with it.
    last: Last,
    log: undo::Log,
    /// The column that moving up and down tries to keep.
    column: Option<usize>,
}

impl Editor {
    /// The text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The byte at which the cursor stands; always between two grapheme clusters.
    pub(crate) const fn cursor(&self) -> usize {
        self.cursor
    }

    /// Whether there is nothing.
    pub(crate) const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Replaces all of the text; the cursor goes to its end.
    pub(crate) fn set(&mut self, text: impl AsRef<str>) {
        self.replace(0..self.text.len(), text.as_ref());
    }

    /// Takes the text out. That can't be undone: it has gone elsewhere.
    pub(crate) fn take(&mut self) -> String {
        self.move_to(0);
        self.log = undo::Log::default();
        std::mem::take(&mut self.text)
    }

    /// Moves the cursor to this byte, or to the end of the cluster it is in.
    pub(crate) fn go_to(&mut self, at: usize) {
        let at = self.boundary_at_or_after(at.min(self.text.len()));
        self.move_to(at);
    }

    /// Puts `text` at the cursor.
    pub(crate) fn insert(&mut self, text: &str) {
        self.replace(self.cursor..self.cursor, text);
    }

    /// Replaces a part of the text; the cursor goes to the end of what is new.
    pub(crate) fn replace(&mut self, range: Range<usize>, text: &str) {
        self.log.record(range.start, &self.text[range.clone()], text, self.cursor);
        let end = range.start + text.len();
        self.text.replace_range(range, text);
        // What was inserted may have joined with what follows it.
        self.go_to(end);
    }

    /// Does what `edit` says.
    pub(crate) fn apply(&mut self, edit: Edit) {
        match edit {
            Edit::Left => self.left(),
            Edit::Right => self.right(),
            Edit::WordLeft => self.word_left(),
            Edit::WordRight => self.word_right(),
            Edit::LineStart => self.line_start(),
            Edit::LineEnd => self.line_end(),
            Edit::DeleteBack => self.delete_back(),
            Edit::DeleteForward => self.delete_forward(),
            Edit::KillToStart => self.kill_to_start(),
            Edit::KillToEnd => self.kill_to_end(),
            Edit::KillWordBack => self.kill_word_back(),
            Edit::KillWordForward => self.kill_word_forward(),
            Edit::Yank => self.yank(),
            Edit::YankOlder => self.yank_older(),
            Edit::Transpose => self.transpose(),
            Edit::Capitals => self.capitals(),
            Edit::Smalls => self.smalls(),
            Edit::Capital => self.capital(),
            Edit::Undo => self.undo(),
            Edit::Redo => self.redo(),
        }
    }

    /// Takes the last step back: a word, a run of deletions, or what else was done at once.
    pub(crate) fn undo(&mut self) {
        let change = self.log.undo();
        self.follow(change);
    }

    /// Does again what was undone last.
    pub(crate) fn redo(&mut self) {
        let change = self.log.redo();
        self.follow(change);
    }

    /// One cluster to the left.
    pub(crate) fn left(&mut self) {
        self.move_to(self.before(self.cursor));
    }

    /// One cluster to the right.
    pub(crate) fn right(&mut self) {
        self.move_to(self.after(self.cursor));
    }

    /// To the start of this word, or of the one before.
    pub(crate) fn word_left(&mut self) {
        self.move_to(self.word_start());
    }

    /// To the end of this word, or of the next.
    pub(crate) fn word_right(&mut self) {
        self.move_to(self.word_end());
    }

    /// To the start of the line.
    pub(crate) fn line_start(&mut self) {
        self.move_to(self.line().start);
    }

    /// To the end of the line.
    pub(crate) fn line_end(&mut self) {
        self.move_to(self.line().end);
    }

    /// Deletes the cluster before the cursor.
    pub(crate) fn delete_back(&mut self) {
        self.replace(self.before(self.cursor)..self.cursor, "");
    }

    /// Deletes the cluster after the cursor.
    pub(crate) fn delete_forward(&mut self) {
        self.replace(self.cursor..self.after(self.cursor), "");
    }

    /// Cuts to the start of the line, or the line feed before it.
    pub(crate) fn kill_to_start(&mut self) {
        let start = self.line().start;
        let start = if start == self.cursor { self.before(start) } else { start };
        self.kill(start..self.cursor, false);
    }

    /// Cuts to the end of the line, or the line feed after it.
    pub(crate) fn kill_to_end(&mut self) {
        let end = self.line().end;
        let end = if end == self.cursor { self.after(end) } else { end };
        self.kill(self.cursor..end, true);
    }

    /// Cuts the word before the cursor.
    pub(crate) fn kill_word_back(&mut self) {
        self.kill(self.word_start()..self.cursor, false);
    }

    /// Cuts the word after the cursor.
    pub(crate) fn kill_word_forward(&mut self) {
        self.kill(self.cursor..self.word_end(), true);
    }

    /// Moves a row up; false if there is none.
    pub(crate) fn up(&mut self, columns: usize) -> bool {
        let rows = wrap::rows(&self.text, columns);
        let (row, column) = self.position_in(&rows, columns);
        row > 0 && self.go_to_row(&rows, row - 1, column)
    }

    /// Moves a row down; false if there is none.
    pub(crate) fn down(&mut self, columns: usize) -> bool {
        let rows = wrap::rows(&self.text, columns);
        let (row, column) = self.position_in(&rows, columns);
        row + 1 < rows.len() && self.go_to_row(&rows, row + 1, column)
    }

    /// The row and column of the cursor among `rows`, which are this text's at `columns`.
    pub(crate) fn position_in(&self, rows: &[Range<usize>], columns: usize) -> (usize, usize) {
        let row = rows.partition_point(|row| row.start <= self.cursor).saturating_sub(1);
        let Some(range) = rows.get(row) else { return (0, 0) };
        let column = wrap::width(&self.text[range.start..self.cursor.min(range.end)]);
        // Spaces may hang over the edge; the cursor stays on the screen.
        (row, column.min(columns.saturating_sub(1)))
    }

    fn go_to_row(&mut self, rows: &[Range<usize>], row: usize, column: usize) -> bool {
        let wanted = *self.column.get_or_insert(column);
        let Some(range) = rows.get(row).cloned() else { return false };
        let last_of_line =
            self.text[range.end..].is_empty() || self.text[range.end..].starts_with('\n');
        let mut at = range.start;
        let mut passed = 0;
        for (offset, grapheme) in self.text[range.clone()].grapheme_indices(true) {
            passed += wrap::grapheme_width(grapheme);
            let end = range.start + offset + grapheme.len();
            // The end of a row that goes on below is the start of the next one.
            if passed > wanted || (end == range.end && !last_of_line) {
                break;
            }
            at = end;
        }
        self.cursor = at;
        self.last = Last::Other;
        true
    }

    fn move_to(&mut self, at: usize) {
        self.cursor = at;
        self.column = None;
        self.last = Last::Other;
    }

    fn follow(&mut self, change: Option<undo::Change>) {
        if let Some(change) = change {
            self.text.replace_range(change.range, &change.text);
            self.go_to(change.cursor);
        }
    }

    fn before(&self, at: usize) -> usize {
        let mut cursor = GraphemeCursor::new(at, self.text.len(), true);
        cursor.prev_boundary(&self.text, 0).ok().flatten().unwrap_or(0)
    }

    fn after(&self, at: usize) -> usize {
        let mut cursor = GraphemeCursor::new(at, self.text.len(), true);
        cursor.next_boundary(&self.text, 0).ok().flatten().unwrap_or(self.text.len())
    }

    fn boundary_at_or_after(&self, at: usize) -> usize {
        let mut cursor = GraphemeCursor::new(at, self.text.len(), true);
        match cursor.is_boundary(&self.text, 0) {
            Ok(true) => at,
            Ok(false) | Err(_) => self.after(at),
        }
    }

    fn line(&self) -> Range<usize> {
        let start = self.text[..self.cursor].rfind('\n').map_or(0, |feed| feed + 1);
        let end =
            self.text[self.cursor..].find('\n').map_or(self.text.len(), |feed| self.cursor + feed);
        start..end
    }

    fn word_start(&self) -> usize {
        let before = &self.text[..self.cursor];
        let words = before.trim_end_matches(|c: char| !c.is_alphanumeric());
        let start = words.trim_end_matches(char::is_alphanumeric).len();
        // A word never begins inside a cluster, such as a letter with its accent.
        if start == 0 { 0 } else { self.boundary_at_or_after(start).min(self.cursor) }
    }

    fn word_end(&self) -> usize {
        let after = &self.text[self.cursor..];
        let gap = after.find(char::is_alphanumeric).unwrap_or(after.len());
        let word = after[gap..].find(|c: char| !c.is_alphanumeric()).unwrap_or(after.len() - gap);
        self.boundary_at_or_after(self.cursor + gap + word)
    }
}

#[cfg(test)]
mod tests;
