//! The conversation: its entries, where the reader is in it, and what of it is new.
//!
//! Owns the scrollback. Entries are broken into rows only when they are looked at, from the bottom
//! up, so a screen costs the same with 100,000 entries behind it as with ten. It draws nothing.

use super::body::{Form, Part};
use super::clock::WallTime;
use couplet::session::{DraftId, Mark};
use jiff::civil::Date;
pub(crate) use places::Place;
pub(crate) use rows::Columns;
use rows::RowCache;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::rc::Rc;

mod places;
mod rows;

/// Entries that are kept; the oldest go first.
const MOST_ENTRIES: usize = 200_000;
/// Bytes of text that are kept.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// Who speaks in an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Who {
    /// The user.
    Me,
    /// The peer, by the name it had then.
    Peer(Rc<str>),
    /// couplet itself.
    System(Sign),
}

/// The kind of a line of couplet's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// Something to know.
    Info,
    /// Something went wrong.
    Trouble,
    /// Bytes come or are offered.
    Incoming,
    /// Bytes go or are offered.
    Outgoing,
    /// Something is done, and well.
    Good,
    /// One of several things to know, by its number.
    Step(u8),
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// When it came.
    pub(crate) time: WallTime,
    /// Who said it.
    pub(crate) who: Who,
    /// What was said, possibly on several lines. It has no room to grow.
    pub(crate) text: String,
    /// How far it has come, if it is the user's.
    pub(crate) mark: Option<Mark>,
}

/// One row of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Row {
    /// The line above the first of a day.
    Day(Date),
    /// The line above what is new.
    Ruler {
        /// How many of the peer's messages are new.
        new: usize,
    },
    /// A part of an entry.
    Text {
        /// Which entry.
        entry: usize,
        /// The part of its text.
        range: Range<usize>,
        /// What it is.
        form: Form,
        /// Whether it is the entry's first row.
        first: bool,
        /// Whether it is the entry's last row.
        last: bool,
    },
}

/// What can be seen of the conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Visible {
    /// From top to bottom; fewer than asked for at the beginning of the conversation.
    pub(crate) rows: Vec<Row>,
    /// Everything before this entry has been shown to its last row.
    pub(crate) complete_before: usize,
    /// Entries of which nothing is seen because they are further down.
    pub(crate) below: usize,
    /// New messages among these.
    pub(crate) new_below: usize,
}

/// The conversation.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    entries: VecDeque<Entry>,
    /// The number of the oldest entry that is kept. Numbers never change.
    base: usize,
    bytes: usize,
    /// Own words that weren't shown yet. Drafts and entries rise together.
    by_draft: BTreeMap<DraftId, usize>,
    /// Said while nobody was there, and not shown to anybody yet.
    waiting: BTreeSet<DraftId>,
    unshown: VecDeque<(usize, u64)>,
    /// Where the reader is; nowhere in particular means at the newest.
    anchor: Option<Anchor>,
    ruler: Option<Ruler>,
    cache: RefCell<RowCache>,
    /// What day it is.
    today: Date,
}

/// The bottom of the screen: this entry, without that many of its last rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Anchor {
    entry: usize,
    hidden: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ruler {
    above: usize,
    new: usize,
    /// Whether the user has seen what is below it; then the next news get a ruler of their own.
    seen: bool,
}

impl Conversation {
    /// Adds an entry at the end and gives its number.
    pub(crate) fn push(&mut self, time: WallTime, who: Who, mut text: String) -> usize {
        text.shrink_to_fit();
        self.bytes += text.len();
        self.entries.push_back(Entry { time, who, text, mark: None });
        while self.entries.len() > MOST_ENTRIES
            || (self.bytes > MOST_BYTES && self.entries.len() > 1)
        {
            let gone = self.entries.pop_front();
            self.bytes -= gone.map_or(0, |entry| entry.text.len());
            self.cache.borrow_mut().forget(self.base);
            self.base += 1;
        }
        while let Some(oldest) = self.by_draft.first_entry().filter(|it| *it.get() < self.base) {
            self.waiting.remove(oldest.key());
            oldest.remove();
        }
        self.end() - 1
    }

    /// Adds the peer's words; with their number, if the peer is to hear that they were seen.
    /// `attended` tells whether the user can be taken to see them now.
    pub(crate) fn push_words(
        &mut self,
        time: WallTime,
        who: Who,
        text: String,
        sequence: Option<u64>,
        attended: bool,
    ) {
        let entry = self.push(time, who, text);
        self.unshown.extend(sequence.map(|sequence| (entry, sequence)));
        if !attended || self.anchor.is_some() {
            let fresh = Ruler { above: entry, new: 0, seen: false };
            let ruler = self.ruler.filter(|ruler| !ruler.seen).unwrap_or(fresh);
            self.ruler = Some(Ruler { new: ruler.new + 1, ..ruler });
        }
    }

    /// Adds own words. If they wait for somebody to come, they have no mark until they are shown:
    /// that the relay has passed the turn on says nothing of them.
    pub(crate) fn push_own(&mut self, time: WallTime, draft: DraftId, text: String, waits: bool) {
        let entry = self.push(time, Who::Me, text);
        self.by_draft.insert(draft, entry);
        if waits {
            self.waiting.insert(draft);
        }
    }

    /// Replaces the text of an entry.
    pub(crate) fn amend(&mut self, number: usize, text: String) {
        let index = number.checked_sub(self.base);
        if let Some(entry) = index.and_then(|index| self.entries.get_mut(index)) {
            self.bytes = self.bytes - entry.text.len() + text.len();
            entry.text = text;
            self.cache.borrow_mut().forget(number);
        }
    }

    /// Notes how far own words have come.
    pub(crate) fn mark(&mut self, draft: DraftId, mark: Mark) {
        let Some(number) = self.by_draft.get(&draft).copied() else { return };
        if mark == Mark::Shown {
            self.by_draft.remove(&draft);
            self.waiting.remove(&draft);
        } else if self.waiting.contains(&draft) {
            return;
        }
        let index = number.checked_sub(self.base);
        if let Some(entry) = index.and_then(|index| self.entries.get_mut(index)) {
            entry.mark = Some(mark);
        }
    }

    /// Its session is over and another begins: what was said stays, for reading only.
    pub(crate) fn close(&mut self) {
        self.by_draft.clear();
        self.waiting.clear();
        self.unshown.clear();
        self.anchor = None;
        self.ruler = None;
    }

    /// The entry of this number.
    pub(crate) fn entry(&self, number: usize) -> Option<&Entry> {
        self.entries.get(number.checked_sub(self.base)?)
    }

    /// What day it is, for the ruler above what is older.
    pub(crate) const fn set_today(&mut self, today: Date) {
        self.today = today;
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether anybody has said anything.
    pub(crate) fn has_words(&self) -> bool {
        self.entries.iter().rev().take(1000).any(|entry| !matches!(entry.who, Who::System(_)))
    }

    /// Whether the reader has gone back.
    pub(crate) const fn is_scrolled(&self) -> bool {
        self.anchor.is_some()
    }

    /// The numbers of the entries that are kept.
    pub(crate) fn numbers(&self) -> Range<usize> {
        self.base..self.end()
    }

    /// The entry that is so many back among those that count; 1 is the newest.
    pub(crate) fn back(&self, count: usize, counts: impl Fn(&Entry) -> bool) -> Option<&Entry> {
        self.entries.iter().rev().filter(|entry| counts(entry)).nth(count.checked_sub(1)?)
    }

    /// Goes to the newest.
    pub(crate) fn go_to_newest(&mut self) {
        self.anchor = None;
    }

    /// The user has looked at the screen: what is new stays marked, what comes next is newer.
    pub(crate) fn looked_at(&mut self) {
        if let (None, Some(ruler)) = (self.anchor, &mut self.ruler) {
            ruler.seen = true;
        }
    }

    /// The user has taken note of everything: nothing is new any more.
    pub(crate) fn all_read(&mut self) {
        self.ruler = None;
    }

    /// The peer's words that have been seen when everything before `complete_before` has.
    pub(crate) fn take_shown(&mut self, complete_before: usize) -> Vec<u64> {
        let seen = self.unshown.partition_point(|(entry, _)| *entry < complete_before);
        self.unshown.drain(..seen).map(|(_, sequence)| sequence).collect()
    }

    /// Goes `rows` up in a view of `height` rows.
    pub(crate) fn scroll_up(&mut self, rows: usize, columns: Columns, height: usize) {
        let Some(mut anchor) = self.anchor_now(columns) else { return };
        anchor.hidden += rows;
        loop {
            let tall = self.height(anchor.entry, columns);
            if anchor.hidden < tall {
                break;
            }
            if anchor.entry == self.base {
                anchor.hidden = tall;
                break;
            }
            anchor.hidden -= tall;
            anchor.entry -= 1;
        }
        self.anchor = Some(anchor);
        self.fill(columns, height);
    }

    /// Never past the beginning: the screen stays full if it can be.
    fn fill(&mut self, columns: Columns, height: usize) {
        let Some(anchor) = self.anchor else { return };
        let seen = self.rows_up_from(anchor, columns, height);
        if seen < height {
            self.scroll_down(height - seen, columns);
        }
    }

    /// Goes `rows` down; at the newest it stays there as more comes.
    pub(crate) fn scroll_down(&mut self, rows: usize, columns: Columns) {
        let Some(mut anchor) = self.anchor else { return };
        let mut left = rows;
        while left > anchor.hidden {
            left -= anchor.hidden;
            anchor.entry += 1;
            if anchor.entry >= self.end() {
                self.anchor = None;
                return;
            }
            anchor.hidden = self.height(anchor.entry, columns);
        }
        anchor.hidden -= left;
        let at_end = anchor.entry + 1 == self.end() && anchor.hidden == 0;
        self.anchor = (!at_end).then_some(anchor);
    }

    /// What a view of `height` rows shows.
    pub(crate) fn visible(&self, columns: Columns, height: usize) -> Visible {
        let Some(anchor) = self.anchor_now(columns) else { return Visible::default() };
        let mut rows = Vec::with_capacity(height);
        let mut number = anchor.entry;
        let mut skip = anchor.hidden;
        while rows.len() < height {
            let ranges = self.rows_of(number, columns);
            let last = ranges.len() - 1;
            for (at, part) in ranges.iter().enumerate().rev().skip(skip) {
                rows.push(Row::Text {
                    entry: number,
                    range: part.range.clone(),
                    form: part.form,
                    first: at == 0,
                    last: at == last,
                });
            }
            let hidden = skip.saturating_sub(ranges.len());
            rows.extend(self.rulers(number).skip(hidden));
            skip = 0;
            if number == self.base {
                break;
            }
            number -= 1;
        }
        rows.truncate(height);
        rows.reverse();
        Visible {
            complete_before: match (height, anchor.hidden) {
                (0, _) => 0,
                (_, 0) => anchor.entry + 1,
                (_, _) => anchor.entry,
            },
            below: self.end() - 1 - anchor.entry,
            new_below: self.ruler.filter(|ruler| ruler.above > anchor.entry).map_or(0, |r| r.new),
            rows,
        }
    }

    /// How often an entry was broken into rows.
    #[cfg(test)]
    pub(crate) fn wraps(&self) -> usize {
        self.cache.borrow().wraps()
    }

    fn end(&self) -> usize {
        self.base + self.entries.len()
    }

    /// The anchor as it is at this width, with what has become of the entries since.
    fn anchor_now(&self, columns: Columns) -> Option<Anchor> {
        let newest = self.end().checked_sub(1).filter(|_| !self.entries.is_empty())?;
        let Some(anchor) = self.anchor else { return Some(Anchor { entry: newest, hidden: 0 }) };
        let entry = anchor.entry.clamp(self.base, newest);
        let hidden = anchor.hidden.min(self.height(entry, columns).saturating_sub(1));
        Some(Anchor { entry, hidden })
    }

    fn rows_up_from(&self, anchor: Anchor, columns: Columns, enough: usize) -> usize {
        let mut rows = self.height(anchor.entry, columns).saturating_sub(anchor.hidden);
        for number in (self.base..anchor.entry).rev() {
            if rows >= enough {
                break;
            }
            rows += self.height(number, columns);
        }
        rows
    }

    fn height(&self, number: usize, columns: Columns) -> usize {
        self.rows_of(number, columns).len() + self.rulers(number).count()
    }

    /// The rulers above an entry, from the bottom up.
    fn rulers(&self, number: usize) -> impl Iterator<Item = Row> {
        let new = self.ruler.filter(|ruler| ruler.above == number);
        let new = new.map(|ruler| Row::Ruler { new: ruler.new });
        new.into_iter().chain(self.day_of(number).map(Row::Day))
    }

    /// The day that begins with an entry. The first day of all goes without saying if it is today.
    fn day_of(&self, number: usize) -> Option<Date> {
        let day = self.entry(number)?.time.date;
        let before = number.checked_sub(1).and_then(|before| self.entry(before));
        (day != before.map_or(self.today, |before| before.time.date)).then_some(day)
    }

    fn rows_of(&self, number: usize, columns: Columns) -> Rc<[Part]> {
        self.cache.borrow_mut().rows(number, columns, self.entry(number))
    }
}

#[cfg(test)]
#[path = "conversation_tests.rs"]
mod tests;
