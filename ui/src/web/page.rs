//! The face in the browser as a machine: what happened and what pages say goes in, what is to be done
//! and what pages are told comes out.
//!
//! Owns what each page knows already, so that it is told only what has changed, and how often that is.
//! The rules of the conversation are the [`App`]'s, which it draws as messages instead of cells. No
//! input or output, no clock.

use super::saying::{Said, Saying};
use super::server::TabId;
use super::shown;
use super::wire::{self, Action, Told};
use crate::terminal::app::{App, Drawn, Effect, Input, Overlay, Wish};
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
/// How often transfers are told anew while they move.
const TRANSFERS_EVERY: Duration = Duration::from_millis(120);
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

/// What is to be done that isn't the app's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    /// What the app wants done.
    App(Effect),
    /// Show the downloads directory on the desktop.
    Folder,
    /// The program is to end once this conversation has.
    End,
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
    /// When transfers may be told again, and whether there is something to tell.
    transfers_at: Moment,
    transfers_wait: bool,
    shelf: Option<wire::Shelf>,
    shelf_rows: usize,
    /// The pages that show the shelf.
    at_shelf: BTreeSet<TabId>,
    /// The page that writes.
    writer: Option<TabId>,
    /// What pages have said, in this conversation and before it.
    pub(super) saying: Saying,
}

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
            transfers_at: Moment::START,
            transfers_wait: false,
            shelf: None,
            shelf_rows: SHELF_ROWS,
            at_shelf: BTreeSet::new(),
            writer: None,
        }
    }

    /// What pages are to be told next, in order.
    pub(super) fn poll_told(&mut self) -> Option<(To, Told)> {
        self.told.pop_front()
    }

    /// When there is something to do though nothing happens.
    pub(super) fn wake_at(&self) -> Option<Moment> {
        let transfers = self.transfers_wait.then_some(self.transfers_at);
        self.app.wake_at().into_iter().chain(transfers).min()
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

    /// A page says something.
    pub(super) fn act(&mut self, tab: TabId, text: &str, now: Now) -> Vec<Deed> {
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
            Action::Folder => return vec![Deed::Folder],
            Action::End => {
                let mut deeds = self.update(Input::Wish(Wish::Do(Line::Fin)), now);
                deeds.push(Deed::End);
                return deeds;
            }
            Action::Draft { text } => {
                self.writer = Some(tab);
                Wish::Compose(text)
            }
            Action::Say { text, id, meeting } => return self.say(tab, text, id, meeting, now),
            Action::TakeBack { id } => Wish::TakeBack(DraftId(id)),
            Action::Pass => Wish::Do(Line::Pass),
            Action::Accept { id, existing } => {
                Wish::Do(Line::Accept(Some(TransferId(id)), existing.map(Into::into)))
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
            Action::Shelf { open: true } => {
                self.at_shelf.insert(tab);
                self.shelf_rows = SHELF_ROWS;
                // Another page may show it, and this one knows nothing of it yet.
                self.shelf = None;
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
        self.told.push_back((To::One(tab), Told::Notice { text: wire::UNCLEAR.to_owned() }));
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
            Said::Now => Some(Wish::Enter(text)),
            // Whoever is here now mustn't get it by itself.
            Said::Late => {
                let sentence = "the line that this was for is over; it stands in your field";
                let notice = Told::Notice { text: sentence.to_owned() };
                self.told.push_back((To::One(tab), notice));
                let all = [text.as_str(), self.app.draft()];
                Some(Wish::Compose(all.join("\n").trim_end().to_owned()))
            }
        };
        let deeds = wish.map_or_else(Vec::new, |wish| self.update(Input::Wish(wish), now));
        // The page that said it has emptied its field, and what wasn't taken is to be there again.
        self.tell(Told::Draft { text: self.draft.clone() });
        self.told.extend(id.map(|id| (To::One(tab), Told::Said { id })));
        deeds
    }

    /// A page has gone.
    pub(super) fn gone(&mut self, tab: TabId, now: Now) -> Vec<Deed> {
        self.leave_shelf(tab, now)
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
        let shelf = shown::shelf(&self.app, self.shelf_rows);
        if shelf != self.shelf {
            self.shelf.clone_from(&shelf);
            if let Some(shelf) = shelf {
                self.tell(Told::Shelf(Box::new(shelf)));
            }
        }
        if let Some(text) = self.app.notice.take() {
            self.tell(Told::Notice { text });
        }
        effects.into_iter().filter(can_be_done).map(Deed::App).collect()
    }

    fn look_at_transfers(&mut self, now: Moment) {
        let transfers = shown::transfers(&self.app);
        self.transfers_wait = false;
        if transfers == self.transfers {
            return;
        }
        let same_stages =
            transfers.list.len() == self.transfers.list.len()
                && transfers.list.iter().zip(&self.transfers.list).all(|(new, old)| {
                    (new.id, new.stage, &new.can) == (old.id, old.stage, &old.can)
                });
        // Figures can wait, another state is told at once.
        if same_stages && now < self.transfers_at {
            self.transfers_wait = true;
            return;
        }
        self.transfers_at = now + TRANSFERS_EVERY;
        self.transfers = transfers.clone();
        self.tell(Told::Transfers(Box::new(transfers)));
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

/// What needs a terminal isn't done here: pages have a title and a sound of their own.
const fn can_be_done(effect: &Effect) -> bool {
    match effect {
        Effect::Engine(_)
        | Effect::Shelf(_)
        | Effect::EndVisit
        | Effect::Save(..)
        | Effect::Quit(_) => true,
        Effect::List(_)
        | Effect::Look(_)
        | Effect::Probe { .. }
        | Effect::Bell
        | Effect::Notice(_)
        | Effect::Title(_)
        | Effect::Mouse(_)
        | Effect::Depict(_)
        | Effect::Copy(_)
        | Effect::Clear
        | Effect::Suspend
        | Effect::Edit(_) => false,
    }
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
