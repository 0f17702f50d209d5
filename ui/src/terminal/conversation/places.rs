//! Places in the conversation: to come back to one, to go to one.

use super::{Anchor, Columns, Conversation, Row};

/// Where a reader was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place(Option<Anchor>);

impl Conversation {
    /// Where the reader is, to come back to.
    pub(crate) const fn place(&self) -> Place {
        Place(self.anchor)
    }

    /// Goes back to where the reader was.
    pub(crate) const fn go_back(&mut self, place: Place) {
        self.anchor = place.0;
    }

    /// Goes to the entry of this number, so that the byte `at` of its text is amid the view.
    pub(crate) fn go_to(&mut self, entry: usize, at: usize, columns: Columns, height: usize) {
        let rows = self.rows_of(entry, columns);
        let row = rows.iter().rposition(|part| part.range.start <= at).unwrap_or(0);
        let hidden = rows.len() - 1 - row;
        self.anchor = Some(Anchor { entry, hidden });
        self.scroll_down(height / 2, columns);
        self.fill(columns, height);
    }

    /// Whether the first row of this entry is in a view of `height` rows.
    pub(crate) fn begins_in_view(&self, entry: usize, columns: Columns, height: usize) -> bool {
        let begins =
            |row: &Row| matches!(row, Row::Text { entry: at, first: true, .. } if *at == entry);
        self.visible(columns, height).rows.iter().any(begins)
    }
}
