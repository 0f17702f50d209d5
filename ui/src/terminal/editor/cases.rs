//! Edits that exchange what is there for something much like it: swapped, in capitals, in small
//! letters.

use super::Editor;

impl Editor {
    /// Swaps the characters before and after the cursor, or the last two of the line, and goes on.
    pub(crate) fn transpose(&mut self) {
        let line = self.line();
        let middle = if self.cursor == line.end { self.before(self.cursor) } else { self.cursor };
        if middle <= line.start || middle >= line.end {
            return;
        }
        let (start, end) = (self.before(middle), self.after(middle));
        let swapped = format!("{}{}", &self.text[middle..end], &self.text[start..middle]);
        self.replace(start..end, &swapped);
    }

    /// The word after the cursor in capitals.
    pub(crate) fn capitals(&mut self) {
        self.change_word(str::to_uppercase);
    }

    /// The word after the cursor in small letters.
    pub(crate) fn smalls(&mut self) {
        self.change_word(str::to_lowercase);
    }

    /// The word after the cursor with a capital at its beginning.
    pub(crate) fn capital(&mut self) {
        self.change_word(|word| {
            let at = word.find(char::is_alphanumeric).unwrap_or(word.len());
            let (gap, letters) = word.split_at(at);
            let first = letters.chars().next().map_or(0, char::len_utf8);
            let (first, rest) = letters.split_at(first);
            format!("{gap}{}{}", first.to_uppercase(), rest.to_lowercase())
        });
    }

    fn change_word(&mut self, change: impl FnOnce(&str) -> String) {
        let range = self.cursor..self.word_end();
        let changed = change(&self.text[range.clone()]);
        self.replace(range, &changed);
    }
}
