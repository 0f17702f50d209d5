//! The text being written: a string, a cursor, and what was cut last.
//!
//! Owns editing, by whole grapheme clusters, so that no key ever leaves half a character behind.
//! It knows nothing of messages, keys or screens but the width at which it is broken into rows.

use super::wrap;
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
}

/// A text with a cursor in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Editor {
    text: String,
    cursor: usize,
    cut: String,
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
    pub(crate) fn set(&mut self, text: impl Into<String>) {
        self.text = text.into();
        self.cursor = self.text.len();
        self.column = None;
    }

    /// Takes the text out.
    pub(crate) fn take(&mut self) -> String {
        self.cursor = 0;
        self.column = None;
        std::mem::take(&mut self.text)
    }

    /// Puts `text` at the cursor.
    pub(crate) fn insert(&mut self, text: &str) {
        self.replace(self.cursor..self.cursor, text);
    }

    /// Replaces a part of the text; the cursor goes to the end of what is new.
    pub(crate) fn replace(&mut self, range: Range<usize>, text: &str) {
        let end = range.start + text.len();
        self.text.replace_range(range, text);
        self.cursor = end;
        // What was inserted may have joined with what follows it.
        self.cursor = self.boundary_at_or_after(end);
        self.column = None;
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
        }
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
        self.kill(start..self.cursor);
    }

    /// Cuts to the end of the line, or the line feed after it.
    pub(crate) fn kill_to_end(&mut self) {
        let end = self.line().end;
        let end = if end == self.cursor { self.after(end) } else { end };
        self.kill(self.cursor..end);
    }

    /// Cuts the word before the cursor.
    pub(crate) fn kill_word_back(&mut self) {
        self.kill(self.word_start()..self.cursor);
    }

    /// Cuts the word after the cursor.
    pub(crate) fn kill_word_forward(&mut self) {
        self.kill(self.cursor..self.word_end());
    }

    /// What [`Self::yank`] would insert.
    pub(crate) fn cut(&self) -> &str {
        &self.cut
    }

    /// Puts back what was cut last.
    pub(crate) fn yank(&mut self) {
        let cut = self.cut.clone();
        self.insert(&cut);
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
        true
    }

    fn move_to(&mut self, at: usize) {
        self.cursor = at;
        self.column = None;
    }

    fn kill(&mut self, range: Range<usize>) {
        if !range.is_empty() {
            self.text[range.clone()].clone_into(&mut self.cut);
            self.replace(range, "");
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An editor with the cursor at the `|`.
    fn editor(text: &str) -> Editor {
        let cursor = text.find('|').unwrap();
        Editor { text: text.replace('|', ""), cursor, ..Editor::default() }
    }

    fn seen(editor: &Editor) -> String {
        let mut text = editor.text.clone();
        text.insert(editor.cursor, '|');
        text
    }

    #[track_caller]
    fn check(before: &str, edit: impl Fn(&mut Editor), after: &str) {
        let mut editor = editor(before);
        edit(&mut editor);
        assert_eq!(seen(&editor), after);
    }

    #[test]
    fn moving() {
        check("ab|c", Editor::left, "a|bc");
        check("👩‍👩‍👧‍👦|", Editor::left, "|👩‍👩‍👧‍👦");
        check("|e\u{301}x", Editor::right, "e\u{301}|x");
        check("one two|", Editor::word_left, "one |two");
        check("one, |two", Editor::word_left, "|one, two");
        check("one| two x", Editor::word_right, "one two| x");
        check("a\nb|c\nd", Editor::line_start, "a\n|bc\nd");
        check("a\n|bc\nd", Editor::line_end, "a\nbc|\nd");
        check("|", Editor::left, "|");
        check("|", Editor::word_right, "|");
    }

    #[test]
    fn deleting() {
        check("ab👍🏽|c", Editor::delete_back, "ab|c");
        check("a|👍🏽c", Editor::delete_forward, "a|c");
        check("one two|", Editor::kill_word_back, "one |");
        check("one tw|o\nx", Editor::kill_to_start, "|o\nx");
        check("a\n|b", Editor::kill_to_start, "a|b");
        check("a|b\nc", Editor::kill_to_end, "a|\nc");
        check("a|\nc", Editor::kill_to_end, "a|c");
        check("x|one two", Editor::kill_word_forward, "x| two");
    }

    #[test]
    fn what_was_cut_comes_back() {
        let mut editor = editor("one two|");
        editor.kill_word_back();
        editor.line_start();
        editor.yank();
        assert_eq!(seen(&editor), "two|one ");
    }

    #[test]
    fn rows_up_and_down_keep_the_column() {
        let down = |editor: &mut Editor| assert!(editor.down(4));
        let up = |editor: &mut Editor| assert!(editor.up(4));
        check("abcd|", |editor| assert!(!editor.up(9)), "abcd|");
        check("ab|c\nx\nabc", down, "abc\nx|\nabc");
        check(
            "ab|c\nx\nabc",
            |editor| {
                down(editor);
                down(editor);
            },
            "abc\nx\nab|c",
        );
        check("abcdef|", up, "ab|cdef");
        check("abcd|ef", up, "|abcdef");
    }

    proptest! {
        #[test]
        fn the_cursor_stays_between_clusters(
            edits in proptest::collection::vec((0_u8..16, "(a|é|e\u{301}|日|👩‍👩|\u{200d}|👦| |\n|🇩|🇪){0,4}"), 0..60)
        ) {
            let mut editor = Editor::default();
            for (edit, text) in edits {
                match edit {
                    0..=3 => editor.insert(&text),
                    4 => editor.left(),
                    5 => editor.right(),
                    6 => editor.word_left(),
                    7 => editor.word_right(),
                    8 => editor.delete_back(),
                    9 => editor.delete_forward(),
                    10 => editor.kill_to_start(),
                    11 => editor.kill_word_back(),
                    12 => editor.kill_to_end(),
                    13 => editor.yank(),
                    14 => { editor.up(3); }
                    _ => { editor.down(3); }
                }
                let boundary = editor.cursor == editor.text.len()
                    || editor.text.grapheme_indices(true).any(|(at, _)| at == editor.cursor);
                prop_assert!(boundary, "{:?}", seen(&editor));
            }
        }
    }
}
