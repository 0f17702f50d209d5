//! The face in the browser as a machine: what happened and what pages say goes in, what is to be done
//! and what pages are told comes out.
//!
//! Owns what each page knows already, so that it is told only what has changed, and how often that is.
//! The rules of the conversation are the [`App`]'s, which it draws as messages instead of cells. No
//! input or output, no clock.

use super::deeds::{self, Deed};
use super::pace::Pace;
use super::saying::{Said, Saying};
use super::server::TabId;
use super::shown;
use super::wire::{self, Action, Told};
use crate::terminal::app::{App, Drawn, Effect, Input, Overlay, Sight, Wish};
use crate::terminal::clock::Now;
use crate::terminal::commands::Line;
use crate::terminal::conversation::Entry;
use couplet::session::{DraftId, Mark, Verdict};
use couplet::shelf::name::ShelfName;
use couplet::time::Moment;
use couplet::transfer::book::TransferId;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// Entries that a page is told of at once.
const MOST_AT_ONCE: usize = 500;
/// The newest entries, in which something may still change.
const WATCHED: usize = 1000;
/// How often transfers are told anew while they move, and the shelf while it changes; a long list less
/// often.
const TOLD_EVERY: Duration = Duration::from_millis(120);
const LONG_TOLD_EVERY: Duration = Duration::from_millis(600);
/// What makes it a long one.
const LONG: usize = 200;
/// Files of the shelf that are told at first, and more each time.
const SHELF_ROWS: usize = 500;

/// Whom something is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    /// All pages.
    All,
    /// This one.
    One(TabId),
    /// All but this one.
    AllBut(TabId),
}

/// What was told of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    mark: Option<Mark>,
    text: usize,
}

impl Known {
    const fn of(entry: &Entry) -> Self {
        Self { mark: entry.mark, text: entry.text.len() }
    }
}

/// The face in the browser.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) app: App,
    told: VecDeque<(To, Told)>,
    /// The number of the next entry to be told.
    entries_to: usize,
    /// What was told of those before it, the newest last.
    known: VecDeque<Known>,
    line: Option<wire::Line>,
    held: Vec<wire::Held>,
    draft: String,
    transfers: wire::Transfers,
    transfers_pace: Pace,
    shelf: Option<wire::Shelf>,
    shelf_rows: usize,
    shelf_pace: Pace,
    /// Of what that was made.
    shelf_seen: Option<ShelfStamp>,
    /// The pages that show the shelf.
    at_shelf: BTreeSet<TabId>,
    /// The page that writes.
    writer: Option<TabId>,
    /// What pages have said, in this conversation and before it.
    pub(super) saying: Saying,
    /// The page whose wish is being carried out.
    asker: Option<TabId>,
}

/// As long as it is the same, so is what is told of the shelf: how often that was changed, how many
/// transfers there are, whether it is looked at and how many rows of it are told.
type ShelfStamp = (u64, usize, bool, usize);

impl Page {
    /// The face at its start, after what was said in earlier conversations.
    pub(super) fn new(app: App, mut saying: Saying) -> Self {
        saying.meet();
        Self {
            saying,
            // What was said before, a page is told as it comes.
            entries_to: app.conversation.numbers().end,
            app,
            told: VecDeque::new(),
            known: VecDeque::new(),
            line: None,
            held: Vec::new(),
            draft: String::new(),
            transfers: wire::Transfers::default(),
            transfers_pace: Pace::default(),
            shelf: None,
            shelf_rows: SHELF_ROWS,
            shelf_pace: Pace::default(),
            shelf_seen: None,
            at_shelf: BTreeSet::new(),
            writer: None,
            asker: None,
        }
    }

    /// What pages are to be told next, in order.
    pub(super) fn poll_told(&mut self) -> Option<(To, Told)> {
        self.told.pop_front()
    }

    /// When there is something to do though nothing happens.
    pub(super) fn wake_at(&self) -> Option<Moment> {
        let paces = [self.transfers_pace.wake_at(), self.shelf_pace.wake_at()];
        self.app.wake_at().into_iter().chain(paces.into_iter().flatten()).min()
    }

    /// Takes in what happened.
    pub(super) fn update(&mut self, input: Input, now: Now) -> Vec<Deed> {
        let effects = self.app.update(input, now);
        self.settle(effects, now)
    }

    /// A page has come, or has come again: it is told all of it.
    pub(super) fn welcome(&mut self, tab: TabId) {
        let to = To::One(tab);
        let end = self.app.conversation.numbers().end;
        let from = self.first().max(end.saturating_sub(MOST_AT_ONCE));
        let mut told = vec![Told::Line(Box::new(shown::line(&self.app)))];
        told.push(self.entries(from, end, true));
        told.push(Told::Held { held: shown::held(&self.app) });
        told.push(Told::Draft { text: self.app.draft().to_owned() });
        told.push(Told::Transfers(Box::new(shown::transfers(&self.app))));
        let shelf = shown::shelf(&self.app, self.shelf_rows);
        told.extend(shelf.map(|shelf| Told::Shelf(Box::new(shelf))));
        self.told.extend(told.into_iter().map(|told| (to, told)));
    }

    /// One sentence about what this page wanted.
    pub(super) fn notice(&mut self, tab: TabId, text: String) {
        self.told.push_back((To::One(tab), Told::Notice { text }));
    }

    /// A page says something.
    pub(super) fn act(&mut self, tab: TabId, text: &str, now: Now) -> Vec<Deed> {
        self.asker = Some(tab);
        let deeds = self.act_for(tab, text, now);
        self.asker = None;
        deeds
    }

    fn act_for(&mut self, tab: TabId, text: &str, now: Now) -> Vec<Deed> {
        let Ok(action) = serde_json::from_str::<Action>(text) else { return self.unclear(tab) };
        let wish = match action {
            // Here is a line already.
            Action::Meet { .. } => return Vec::new(),
            Action::Shown { before } => return self.seen(before, now),
            Action::Earlier { before } => {
                let before = before.clamp(self.first(), self.entries_to);
                let from = self.first().max(before.saturating_sub(MOST_AT_ONCE));
                let entries = self.entries(from, before, false);
                self.told.push_back((To::One(tab), entries));
                return Vec::new();
            }
            Action::More => {
                self.shelf_rows = self.shelf_rows.saturating_add(SHELF_ROWS);
                let before = self.app.conversation.numbers().start;
                return self.seen(before, now);
            }
            Action::Folder => return vec![Deed::Folder(tab)],
            Action::End => {
                let mut deeds = self.update(Input::Wish(Wish::Do(Line::Fin)), now);
                deeds.push(Deed::End);
                return deeds;
            }
            Action::Draft { text, id } => {
                self.writer = Some(tab);
                self.told.extend(id.map(|id| (To::One(tab), Told::Said { id })));
                Wish::Compose(text)
            }
            Action::Say { text, id, meeting } => return self.say(tab, text, id, meeting, now),
            Action::TakeBack { id } => Wish::TakeBack(DraftId(id)),
            Action::Pass => Wish::Do(Line::Pass),
            Action::Accept { id, existing } => {
                Wish::Do(Line::Accept(id.map(TransferId), existing.map(Into::into)))
            }
            Action::Decline { id } => Wish::Do(Line::Decline(Some(TransferId(id)))),
            Action::Cancel { id } => {
                Wish::Do(Line::Cancel { id: Some(TransferId(id)), keep: true })
            }
            Action::Pause { id } => Wish::Do(Line::Pause(Some(TransferId(id)))),
            Action::Resume { id } => Wish::Do(Line::Resume(Some(TransferId(id)))),
            Action::Limit { rate } => Wish::Do(Line::Limit(rate.filter(|rate| *rate > 0))),
            Action::Tidy => Wish::Do(Line::Tidy),
            Action::Compare => Wish::Do(Line::Verify),
            Action::Verify { same } => {
                Wish::Verdict(if same { Verdict::Same } else { Verdict::Different })
            }
            Action::Later => Wish::Later,
            Action::Shelf { open: true } => {
                self.arrive_at_shelf(tab);
                Wish::Shelf(true)
            }
            Action::Shelf { open: false } => return self.leave_shelf(tab, now),
            Action::Search { pattern } => Wish::Search(pattern),
            Action::Get { names } => {
                let names = names.iter().map(|name| ShelfName::new(name));
                // No page shows another.
                let Ok(names) = names.collect() else { return Vec::new() };
                Wish::Get(names)
            }
            Action::Login { user, password } => Wish::LogIn { user, password },
            Action::Logout => Wish::LogOut,
            Action::Leave => Wish::Do(Line::Fin),
        };
        let deeds = self.update(Input::Wish(wish), now);
        self.writer = None;
        deeds
    }

    fn unclear(&mut self, tab: TabId) -> Vec<Deed> {
        self.notice(tab, wire::UNCLEAR.to_owned());
        Vec::new()
    }

    /// A page says these words, or a command. From here on they are accounted for, and it is told so.
    fn say(
        &mut self,
        tab: TabId,
        text: String,
        id: Option<String>,
        meeting: Option<u64>,
        now: Now,
    ) -> Vec<Deed> {
        let wish = match self.saying.take(id.as_deref(), meeting) {
            Said::Unclear => return self.unclear(tab),
            Said::Again => None,
            Said::Now => Some(Wish::Say(text)),
            // Whoever is here now mustn't get it by itself.
            Said::Late => {
                let sentence = "the line that this was for is over; it stands in your field";
                self.notice(tab, sentence.to_owned());
                let all = [self.app.draft(), text.as_str()];
                Some(Wish::Compose(all.join("\n").trim_start().to_owned()))
            }
        };
        let before = self.draft.clone();
        let deeds = wish.map_or_else(Vec::new, |wish| self.update(Input::Wish(wish), now));
        if self.draft == before && !before.is_empty() {
            // The page that said it has emptied its field, and what wasn't taken is to be there again.
            self.tell(Told::Draft { text: before });
        }
        self.told.extend(id.map(|id| (To::One(tab), Told::Said { id })));
        deeds
    }

    /// A page has gone.
    pub(super) fn gone(&mut self, tab: TabId, now: Now) -> Vec<Deed> {
        self.leave_shelf(tab, now)
    }

    /// A page shows the shelf, and knows nothing of it yet; another one may.
    fn arrive_at_shelf(&mut self, tab: TabId) {
        self.at_shelf.insert(tab);
        self.shelf_rows = SHELF_ROWS;
        (self.shelf, self.shelf_seen, self.shelf_pace) = (None, None, Pace::default());
    }

    /// A page shows the shelf no longer; others may.
    fn leave_shelf(&mut self, tab: TabId, now: Now) -> Vec<Deed> {
        if self.at_shelf.remove(&tab) && self.at_shelf.is_empty() {
            return self.update(Input::Wish(Wish::Shelf(false)), now);
        }
        Vec::new()
    }

    /// The user has seen, on a page, all before this entry.
    fn seen(&mut self, before: usize, now: Now) -> Vec<Deed> {
        let drawn = Drawn {
            rows: 1,
            complete_before: before.min(self.app.conversation.numbers().end),
            list_rows: self.shelf_rows,
            ..Drawn::default()
        };
        self.update(Input::Drawn(drawn), now)
    }

    /// What follows from a change.
    fn settle(&mut self, effects: Vec<Effect>, now: Now) -> Vec<Deed> {
        if !self.at_shelf.is_empty() && self.app.overlay.is_none() {
            self.app.overlay = Some(Overlay::Shelf);
        }
        self.look_at_entries();
        let line = shown::line(&self.app);
        if self.line.as_ref() != Some(&line) {
            self.line = Some(line.clone());
            self.tell(Told::Line(Box::new(line)));
        }
        let held = shown::held(&self.app);
        if held != self.held {
            self.held.clone_from(&held);
            self.tell(Told::Held { held });
        }
        if self.app.draft() != self.draft {
            self.draft = self.app.draft().to_owned();
            let told = Told::Draft { text: self.draft.clone() };
            let to = self.writer.map_or(To::All, To::AllBut);
            self.told.push_back((to, told));
        }
        self.look_at_transfers(now.moment);
        self.look_at_shelf(now.moment);
        if let Some(text) = self.app.notice.take() {
            let to = self.asker.map_or(To::All, To::One);
            self.told.push_back((to, Told::Notice { text }));
        }
        if let (Some(sight), Some(tab)) = (self.app.take_sight(), self.asker) {
            if sight == Sight::Shelf && self.app.overlay == Some(Overlay::Shelf) {
                self.arrive_at_shelf(tab);
            }
            self.told.push_back((To::One(tab), deeds::show(sight)));
        }
        effects.into_iter().filter_map(Deed::of).collect()
    }

    fn look_at_transfers(&mut self, now: Moment) {
        if !self.transfers_pace.is_due(now) {
            return;
        }
        let transfers = shown::transfers(&self.app);
        if transfers == self.transfers {
            return;
        }
        self.transfers_pace.rest(now, every(transfers.list.len()));
        self.transfers = transfers.clone();
        self.tell(Told::Transfers(Box::new(transfers)));
    }

    fn look_at_shelf(&mut self, now: Moment) {
        let is_looked_at = self.app.overlay == Some(Overlay::Shelf);
        let transfers = self.app.transfers.all().len();
        let seen = (self.app.shelf.changes(), transfers, is_looked_at, self.shelf_rows);
        if self.shelf_seen == Some(seen) {
            return self.shelf_pace.forget();
        }
        // What a user does there is answered at once.
        if self.asker.is_none() && !self.shelf_pace.is_due(now) {
            return;
        }
        self.shelf_pace.forget();
        self.shelf_seen = Some(seen);
        let shelf = shown::shelf(&self.app, self.shelf_rows);
        if shelf == self.shelf {
            return;
        }
        self.shelf.clone_from(&shelf);
        if let Some(shelf) = shelf {
            self.shelf_pace.rest(now, every(shelf.files.len()));
            self.tell(Told::Shelf(Box::new(shelf)));
        }
    }

    fn look_at_entries(&mut self) {
        let numbers = self.app.conversation.numbers();
        let mut changed = Vec::new();
        let first = self.entries_to - self.known.len();
        for (at, known) in self.known.iter_mut().enumerate() {
            let Some(entry) = self.app.conversation.entry(first + at) else { continue };
            let now = Known::of(entry);
            if *known != now {
                *known = now;
                changed.push(first + at);
            }
        }
        for n in self.entries_to.max(numbers.start)..numbers.end {
            if let Some(entry) = self.app.conversation.entry(n) {
                self.known.push_back(Known::of(entry));
                changed.push(n);
            }
        }
        self.entries_to = numbers.end.max(self.entries_to);
        let over = self.known.len().saturating_sub(WATCHED);
        self.known.drain(..over);
        if !changed.is_empty() {
            let entries = self.entries_of(changed.into_iter(), false);
            self.tell(entries);
        }
    }

    fn entries(&self, from: usize, to: usize, all: bool) -> Told {
        self.entries_of(from..to, all)
    }

    fn entries_of(&self, numbers: impl Iterator<Item = usize>, all: bool) -> Told {
        let zone = &self.app.setting.zone;
        let entries = numbers
            .filter_map(|n| self.app.conversation.entry(n).map(|it| shown::entry(n, it, zone)));
        Told::Entries { first: self.first(), all, entries: entries.collect() }
    }

    fn first(&self) -> usize {
        self.app.conversation.numbers().start
    }

    fn tell(&mut self, told: Told) {
        self.told.push_back((To::All, told));
    }
}

/// How often a list of so many rows is told.
const fn every(rows: usize) -> Duration {
    if rows > LONG { LONG_TOLD_EVERY } else { TOLD_EVERY }
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
