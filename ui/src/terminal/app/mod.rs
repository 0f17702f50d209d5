//! The face as a machine: what happened goes in, what is to be done comes out.
//!
//! Owns the state of the screen and the rules of its keys. No input or output, no clock: every
//! rule can be tested with keys in and effects out. Drawing is in [`super::view`], doing in
//! [`mod@super::run`].

mod calls;
mod completion;
mod details;
mod drawn;
mod exchange;
mod face;
mod find;
mod guide;
mod hear;
mod help;
mod hints;
mod leaving;
mod lists;
mod mode;
mod mouse;
mod noted;
mod outside;
mod overlay;
mod past;
mod pasted;
mod picker;
mod preview;
mod reading;
mod seal;
mod seek;
mod select;
mod shelf;
mod standing;
mod submit;
mod transfers;
mod welcome;
mod wishes;
mod write;

pub(crate) use calls::Calls;
pub(crate) use completion::{Listing, ListingRequest, Popup};
pub(crate) use drawn::{Button, Rows, Spots};
pub(crate) use exchange::{Drawn, Effect, Input};
pub(crate) use face::Face;
pub(crate) use mode::Mode;
pub(crate) use mouse::{Did, Mouse};
pub(crate) use overlay::Overlay;
pub(crate) use past::Past;
pub(crate) use reading::Saved;
pub(crate) use standing::Standing;
pub(crate) use wishes::{Sight, Wish};
pub(crate) use write::MOST_WRITTEN;

use super::clock::Now;
use super::conversation::Conversation;
use super::editor::Editor;
use super::history::History;
use super::keys::{self, Place};
use super::picker::Picker;
use super::pictures::Means;
use super::shelf::Shelf;
use super::theme::Theme;
use super::transfers::Transfers;
use crate::config::Timestamps;
use crate::engine::{Command, shelf as visit};
use crate::meeting::{Hosted, Meeting};
use couplet::code::Code;
use couplet::session::{DraftId, Ending, Peer};
use couplet::time::Moment;
use couplet::transfer::offer::OnCollision;
use crossterm::event::{KeyEvent, KeyEventKind};
use jiff::tz::TimeZone;
use std::path::PathBuf;
use std::time::Duration;

/// How long a Ctrl-C counts as the first of two.
const ARMED_FOR: Duration = Duration::from_secs(3);

/// What the face is told once, at the start.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// What the user sits in front of.
    pub(crate) face: Face,
    /// The relay's address, for showing.
    pub(crate) relay: String,
    /// Where received files go, for showing.
    pub(crate) downloads: PathBuf,
    /// What is done about names that are taken there, for showing.
    pub(crate) on_collision: OnCollision,
    /// Bytes a second that each transfer may take, or none.
    pub(crate) limit: Option<u64>,
    /// The user's home directory, which `~` stands for.
    pub(crate) home: Option<PathBuf>,
    /// The looks.
    pub(crate) theme: Theme,
    /// How the user started this program, so that a friend can do the same.
    pub(crate) started_as: String,
    /// Where the relay is reached, if it is this client's own.
    pub(crate) hosted: Option<Hosted>,
    /// Whom the user wants to meet.
    pub(crate) meeting: Meeting,
    /// Whether the conversation can be gone back to.
    pub(crate) keeps: bool,
    /// What stands before each entry of the conversation.
    pub(crate) timestamps: Timestamps,
    /// What the user wants to be called by.
    pub(crate) calls: Calls,
    /// In which times of files are shown.
    pub(crate) zone: TimeZone,
    /// How the terminal shows pictures.
    pub(crate) pictures: Means,
    /// Whether the terminal is told of links.
    pub(crate) links: bool,
}

/// Where a user who leaves a room wants to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// To a new room, with a new code.
    New,
    /// To the room of this code.
    Code(Code),
}

/// Own words that wait for the turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// Their number.
    pub(crate) draft: DraftId,
    /// The text.
    pub(crate) text: String,
}

/// The state of the face.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct App {
    /// What the face was told at the start.
    pub(crate) setting: Setting,
    /// The time of the last input.
    pub(crate) now: Now,
    /// What is known of line, room, peer and turn.
    pub(crate) standing: Standing,
    /// What was said.
    pub(crate) conversation: Conversation,
    /// What was offered.
    pub(crate) transfers: Transfers,
    /// What is known of the relay's shelf.
    pub(crate) shelf: noted::Noted<Shelf>,
    /// The files to choose from, while they are shown.
    pub(crate) picker: Option<Box<Picker>>,
    /// The received picture that is looked at.
    pub(crate) preview: preview::Preview,
    /// What is being written.
    pub(crate) editor: Editor,
    /// What waits for the turn, oldest first.
    pub(crate) held: Vec<Held>,
    /// What covers the conversation.
    pub(crate) overlay: Option<Overlay>,
    /// What that was opened from, outermost first: there Esc goes back to.
    below: Vec<Overlay>,
    /// The completions to choose from.
    pub(crate) popup: Option<Popup>,
    /// One sentence about the last key, until the next one.
    pub(crate) notice: Option<String>,
    /// What the last line on a page was to show.
    sight: Option<Sight>,
    /// What the composer's keys are for.
    pub(crate) mode: Mode,
    history: History,
    /// The message that is in the user's own editor.
    handed_out: Option<String>,
    /// The search in the conversation, and what else is done with what was said.
    pub(crate) reading: reading::Reading,
    /// What is looked for in the help.
    pub(crate) topic: help::Topic,
    drawn: Drawn,
    focused: bool,
    focus_is_told: bool,
    last_key: Moment,
    /// Until when the peer is told that the user writes; none if it isn't told so.
    writing_until: Option<Moment>,
    /// When Ctrl-C was pressed with nothing written; once more soon after leaves.
    armed: Option<Moment>,
    leave_by: Option<Moment>,
    saving: leaving::Saving,
    /// Leaving waits until the peer has heard all; whoever asks again doesn't want to.
    leaves_patiently: bool,
    /// Ended from outside, while the conversation isn't.
    closed: bool,
    next: Option<Next>,
    pub(crate) sealing: seal::Sealing,
    company: hear::Company,
    calling: calls::Calling,
    awaited_listing: Option<ListingRequest>,
    /// The line about a newcomer whose name isn't known yet, and whether it replaces somebody.
    arrival: Option<(usize, bool)>,
}

impl App {
    /// The face at its start.
    pub(crate) fn new(setting: Setting, now: Now) -> Self {
        Self {
            setting,
            now,
            standing: Standing::default(),
            conversation: Conversation::default(),
            transfers: Transfers::default(),
            shelf: noted::Noted::default(),
            picker: None,
            preview: preview::Preview::default(),
            editor: Editor::default(),
            held: Vec::new(),
            overlay: None,
            below: Vec::new(),
            popup: None,
            notice: None,
            sight: None,
            mode: Mode::default(),
            history: History::default(),
            handed_out: None,
            reading: reading::Reading::default(),
            topic: help::Topic::default(),
            drawn: Drawn::default(),
            focused: true,
            focus_is_told: false,
            last_key: now.moment,
            writing_until: None,
            armed: None,
            leave_by: None,
            saving: leaving::Saving::default(),
            leaves_patiently: false,
            closed: false,
            next: None,
            sealing: seal::Sealing::default(),
            company: hear::Company::default(),
            calling: calls::Calling::default(),
            awaited_listing: None,
            arrival: None,
        }
    }

    /// Whether the program was ended from outside, and the conversation wasn't.
    pub(crate) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether the conversation can be gone back to.
    pub(crate) const fn keeps(&self) -> bool {
        self.setting.keeps
    }

    /// The code by which to meet, once it is known whole.
    pub(crate) fn code(&self) -> Option<Code> {
        self.setting.meeting.code(self.standing.room.as_ref())
    }

    /// Whether nobody has come yet and nothing has moved, so that only the advice on how to meet is
    /// worth the room.
    pub(crate) fn is_alone(&self) -> bool {
        matches!(self.standing.peer, None | Some(Peer::Waiting)) && self.transfers.all().is_empty()
    }

    /// Takes in what happened at `now` and says what is to be done, in this order.
    pub(crate) fn update(&mut self, input: Input, now: Now) -> Vec<Effect> {
        self.now = now;
        self.conversation.set_today(now.wall.date);
        self.transfers.tick(now);
        let mut effects = Vec::new();
        match input {
            Input::Key(key) if key.kind == KeyEventKind::Release => {}
            Input::Key(key) => {
                self.last_key = now.moment;
                self.key(key, &mut effects);
                self.tell_writing(&mut effects);
            }
            Input::Paste(text) => {
                self.last_key = now.moment;
                self.paste(&text, &mut effects);
                self.tell_writing(&mut effects);
            }
            Input::Mouse(mouse) => {
                self.last_key = now.moment;
                self.mouse(mouse, &mut effects);
            }
            Input::Focus(focused) => {
                self.focus_is_told = true;
                self.focused = focused;
            }
            Input::Engine(event) => self.hear(event, &mut effects),
            Input::Shelf(event) => self.hear_shelf(event, &mut effects),
            Input::Listing(listing) => self.listed(&listing),
            Input::Found(found) => self.found(found, &mut effects),
            Input::Depicted(depicted) => self.depicted(depicted),
            Input::Saved(saved) => self.saved(&saved, &mut effects),
            Input::Probed { pasted, paths } => self.probed(&pasted, &paths),
            Input::Edited(outcome) => self.edited(outcome, &mut effects),
            Input::Wish(wish) => self.wish(wish, &mut effects),
            Input::Drawn(drawn) => self.see(drawn, &mut effects),
            Input::Tick => self.tick(&mut effects),
            Input::Hangup if self.setting.keeps => {
                // Not for good: the relay keeps the seat, and the file all that is needed.
                // Once it is over for another reason there is nothing to go back to.
                self.closed |= !self.is_over();
                self.quit(Ending::Fin, &mut effects);
            }
            Input::Hangup => self.leave(leaving::HANGUP_LIMIT, &mut effects),
            Input::Interrupt => self.leave(leaving::LEAVE_LIMIT, &mut effects),
        }
        self.retitle(&mut effects);
        effects
    }

    /// When the screen changes by itself, or something is due.
    pub(crate) fn wake_at(&self) -> Option<Moment> {
        let now = self.now.moment;
        [
            self.writing_until,
            self.leave_by,
            self.looks_at(),
            self.finds_at(),
            self.standing.next_second(now),
            self.transfers.changes_at(now),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Whether the user can be taken to see what comes in.
    pub(crate) const fn attends(&self) -> bool {
        self.focused && self.overlay.is_none() && self.handed_out.is_none()
    }

    fn key(&mut self, key: KeyEvent, effects: &mut Vec<Effect>) {
        let place = self.place_of_keys();
        let action = keys::action(place, key);
        let armed = self.armed.take();
        let was_armed = armed.is_some_and(|at| self.now.moment.since(at) < ARMED_FOR);
        self.notice = None;
        match place {
            Place::Talk => self.talk_key(action, keys::typed(key), was_armed, effects),
            Place::Chord => self.chord_key(action, effects),
            Place::Seek => self.seek_key(action, key, effects),
            Place::Ask => self.ask_key(action, effects),
            Place::Help => self.help_key(action, effects),
            Place::Topic => self.topic_key(action, keys::typed(key), effects),
            Place::Transfers => self.transfers_key(action, effects),
            Place::Details => self.details_key(action, effects),
            Place::Preview => self.preview_key(action, effects),
            Place::Verify => self.verify_key(action, key, was_armed, effects),
            Place::Shelf => self.shelf_key(action, keys::typed(key), effects),
            Place::Pick => self.pick_key(action, keys::typed(key), effects),
            Place::Select => self.select_key(action, effects),
            Place::Find => self.find_key(action, keys::typed(key), effects),
        }
    }

    fn tick(&mut self, effects: &mut Vec<Effect>) {
        self.look_if_due(effects);
        self.find_on();
        let now = self.now.moment;
        if self.leave_by.take_if(|limit| now >= *limit).is_some() {
            self.give_up_waiting(effects);
        }
        if self.writing_until.is_some_and(|until| now >= until) {
            self.writing_until = None;
            effects.push(Effect::Engine(Command::Typing(false)));
        }
    }
}

#[cfg(test)]
mod details_tests;
#[cfg(test)]
mod every_key_tests;
#[cfg(test)]
mod find_tests;
#[cfg(test)]
mod keys_tests;
#[cfg(test)]
mod mode_tests;
#[cfg(test)]
mod picker_tests;
#[cfg(test)]
mod plain_tests;
#[cfg(test)]
mod random_tests;
#[cfg(test)]
mod seal_tests;
#[cfg(test)]
mod shelf_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod transfer_tests;
#[cfg(test)]
mod ways_tests;
