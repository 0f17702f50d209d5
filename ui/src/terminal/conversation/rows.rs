//! The rows of entries that were looked at lately.
//!
//! Owns how much is remembered: a few hundred entries, and a bound on their rows, since a message
//! can be nothing but line feeds.

use super::super::body::{self, Part};
use super::{Entry, Who};
use std::collections::HashMap;
use std::rc::Rc;

/// Entries whose rows are remembered.
const MOST_ENTRIES: usize = 512;
/// Rows that are remembered, of all of them.
const MOST_ROWS: usize = 64 * 1024;

/// The width that entries have for their text; own ones leave room for their mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Columns {
    /// For the peer's words and system lines.
    pub(crate) text: usize,
    /// For own words.
    pub(crate) own: usize,
}

/// What is remembered; all of it is for one width.
#[derive(Debug, Default)]
pub(super) struct RowCache {
    columns: Option<Columns>,
    rows: HashMap<usize, Rc<[Part]>>,
    /// How many rows these are.
    kept: usize,
    #[cfg(test)]
    wraps: usize,
}

impl RowCache {
    /// The rows of an entry; never none.
    pub(super) fn rows(
        &mut self,
        number: usize,
        columns: Columns,
        entry: Option<&Entry>,
    ) -> Rc<[Part]> {
        if self.columns != Some(columns)
            || self.rows.len() >= MOST_ENTRIES
            || self.kept >= MOST_ROWS
        {
            self.rows.clear();
            self.kept = 0;
            self.columns = Some(columns);
        }
        if let Some(rows) = self.rows.get(&number) {
            return Rc::clone(rows);
        }
        let rows: Rc<[_]> = match entry.map(|entry| (&entry.who, &entry.text)) {
            None => body::words("", 1).into(),
            Some((Who::Me, text)) => body::parts(text, columns.own).into(),
            Some((Who::Peer(_), text)) => body::parts(text, columns.text).into(),
            Some((Who::System(_), text)) => body::words(text, columns.text).into(),
        };
        #[cfg(test)]
        {
            self.wraps += 1;
        }
        self.kept += rows.len();
        self.rows.insert(number, Rc::clone(&rows));
        rows
    }

    /// An entry is gone, or says something else.
    pub(super) fn forget(&mut self, number: usize) {
        self.kept -= self.rows.remove(&number).map_or(0, |rows| rows.len());
    }

    /// How often an entry was broken into rows.
    #[cfg(test)]
    pub(super) const fn wraps(&self) -> usize {
        self.wraps
    }

    /// How many rows are remembered.
    #[cfg(test)]
    pub(super) const fn kept(&self) -> usize {
        self.kept
    }
}
