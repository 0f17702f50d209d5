//! The last line: what can be pressed or typed now.
//!
//! Owns which hints there are, the most useful first; how many fit is the view's.

use super::super::picker::Purpose;
use super::super::transfers::{Stage, Transfer};
use super::{App, Mode, Overlay};
use couplet::session::{Peer, Seal};
use std::borrow::Cow;

/// A key or command, and what it does now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hint {
    /// What to press or type.
    pub(crate) key: String,
    /// What it does.
    pub(crate) does: Cow<'static, str>,
}

fn hint(key: impl Into<String>, does: impl Into<Cow<'static, str>>) -> Hint {
    Hint { key: key.into(), does: does.into() }
}

impl App {
    /// The last line: what can be pressed now, the most useful first.
    pub(crate) fn hints(&self) -> Vec<Hint> {
        if let Some(overlay) = self.overlay {
            return self.overlay_hints(overlay);
        }
        if let Mode::Seek(seek) = &self.mode {
            let (how, query) = seek.short();
            let (query, older) = (hint(how, query.to_owned()), hint("Ctrl-R", "older"));
            return vec![query, hint("Enter", "take"), hint("Esc", "back"), older];
        }
        if self.popup.is_some() {
            return vec![hint("Tab", "next"), hint("Enter", "take"), hint("Esc", "close")];
        }
        let mut hints = Vec::new();
        let text = self.editor.text();
        if text.starts_with('/') && !text.starts_with("//") {
            hints.extend([
                hint("Tab", "complete"),
                hint("Enter", "do it"),
                hint("Ctrl-C", "clear"),
            ]);
        } else if !text.is_empty() {
            let enter = if self.standing.may_speak() { "send" } else { "hold" };
            hints.push(hint("Enter", enter));
            if !self.standing.is_plain() {
                hints.push(hint("Alt-Enter", "newline"));
            }
            hints.push(hint("Ctrl-C", "clear"));
        }
        if let Some(offer) = self.transfers.oldest_offer() {
            if text.is_empty() {
                hints.extend([hint("Alt-A", self.accept(offer)), hint("Alt-D", "decline")]);
            } else {
                hints.push(hint(format!("/accept {}", offer.id), ""));
            }
        }
        if self.conversation.is_scrolled() {
            hints.push(hint("End", "newest"));
        }
        if !self.held.is_empty() {
            hints.push(hint("Ctrl-Up", "take back"));
        }
        let is_there = self.standing.peer == Some(Peer::Present);
        let can_offer = text.is_empty() && is_there && !self.standing.is_plain();
        if can_offer {
            hints.push(hint("/send PATH", "offer a file"));
        }
        // Whoever finds these two finds the rest.
        hints.extend([hint("F1", "help"), hint("fin", "leave")]);
        if text.is_empty() {
            if self.standing.may_speak() && is_there {
                hints.push(hint("/pass", "give the turn"));
            }
            if let Some(Seal::Sealed { verdict: None, by_code: false, .. }) = self.standing.seal {
                hints.push(hint("/verify", "compare words"));
            }
        }
        if !self.transfers.all().is_empty() {
            hints.push(hint("F2", "transfers"));
        }
        if self.conversation.len() > self.drawn.rows {
            hints.push(hint("PgUp", "scroll"));
        }
        hints.push(hint("F3", "shelf"));
        if can_offer {
            hints.push(hint("F4", "choose files"));
        }
        hints
    }

    /// What can be pressed over the conversation.
    fn overlay_hints(&self, overlay: Overlay) -> Vec<Hint> {
        match overlay {
            Overlay::Help { .. } if self.topic.typing => {
                vec![hint("Enter", "stay"), hint("Esc", "all of it")]
            }
            Overlay::Help { top } => {
                let back = if self.topic.query.is_empty() { "back" } else { "all of it" };
                let end = self.drawn.help_end;
                let (page, way) = if top < end { ("PgDn", "more") } else { ("PgUp", "up") };
                let mut hints = vec![hint("Esc", back), hint("/", "find a word")];
                hints.extend((end > 0).then(|| hint(page, way)));
                hints
            }
            Overlay::Transfers { chosen } => self.list_hints(chosen),
            Overlay::Details { id, .. } => {
                let mut hints = self.transfer_hints(self.transfers.get(id));
                hints.push(hint("Esc", "back"));
                hints
            }
            Overlay::Preview { .. } => vec![hint("Esc", "back")],
            Overlay::Shelf => self.shelf_hints(),
            Overlay::Pick => {
                let picker = self.picker.as_ref();
                let puts = picker.is_some_and(|it| it.purpose == Purpose::Put);
                let enters = picker.is_some_and(|it| it.enters());
                let does = match (enters, puts) {
                    (true, _) => "open",
                    (false, true) => "lay down",
                    (false, false) => "send",
                };
                vec![
                    hint("Enter", does),
                    hint("Tab", "tick"),
                    hint("Right", "enter"),
                    hint("Left", "up"),
                    hint("Esc", "back"),
                    hint("Alt-.", "hidden"),
                ]
            }
            Overlay::Find => vec![
                hint("Up", "before"),
                hint("Down", "after"),
                hint("Enter", "stay"),
                hint("Esc", "back"),
            ],
            Overlay::Select => vec![
                hint("Up Down", "choose"),
                hint("Enter", "copy"),
                hint("Space", "from here on"),
                hint("r", "answer"),
                hint("Esc", "back"),
            ],
            Overlay::Verify if self.sealing.chosen.is_some() => {
                vec![hint("Enter", "that is it"), hint("Esc", "later")]
            }
            Overlay::Verify => {
                vec![hint("y", "same"), hint("n", "different"), hint("Esc", "later")]
            }
        }
    }

    fn shelf_hints(&self) -> Vec<Hint> {
        if self.shelf.login.as_ref().is_some_and(|login| login.sent) {
            return vec![hint("Esc", "not now")];
        }
        if let Some(login) = &self.shelf.login {
            let enter = if login.at_password { "log in" } else { "go on" };
            return vec![hint("Enter", enter), hint("Tab", "other field"), hint("Esc", "not now")];
        }
        let mut hints = Vec::new();
        if self.shelf.chosen().is_some() {
            hints.push(hint("Enter", "fetch"));
        }
        hints.extend([hint("Esc", "back"), hint("F5", "look again")]);
        if self.shelf.chosen().is_some() {
            hints.push(hint("letters", "search"));
        }
        if self.shelf.may_put() {
            hints.push(hint("/put PATH", "lays a file down"));
        }
        if !self.transfers.all().is_empty() {
            hints.push(hint("F2", "transfers"));
        }
        hints
    }

    fn list_hints(&self, chosen: Option<couplet::transfer::book::TransferId>) -> Vec<Hint> {
        let all = self.transfers.all();
        let mut hints = self.transfer_hints(all.get(self.chosen_row(chosen)));
        if !all.is_empty() {
            hints.push(hint("Enter", "details"));
        }
        if all.len() > 1 {
            hints.push(hint("Up Down", "choose"));
        }
        hints.push(hint("Esc", "back"));
        if self.transfers.at(Stage::Over).next().is_some() {
            hints.push(hint("x", "clear finished"));
        }
        hints
    }

    /// What can be done to a transfer.
    fn transfer_hints(&self, transfer: Option<&Transfer>) -> Vec<Hint> {
        let mut hints = Vec::new();
        if let Some(transfer) = transfer {
            match transfer.stage() {
                Stage::Answer => {
                    hints.extend([hint("a", self.accept(transfer)), hint("d", "decline")]);
                }
                Stage::Over => {}
                Stage::Checking
                | Stage::Moving
                | Stage::Held
                | Stage::Interrupted
                | Stage::Queued
                | Stage::Offered => {
                    if transfer.is_paused() {
                        hints.push(hint("p", "resume"));
                    } else if transfer.can_pause() {
                        hints.push(hint("p", "pause"));
                    }
                    hints.push(hint("c", "cancel"));
                }
            }
            if Self::is_shown_picture(transfer) {
                hints.push(hint("v", "show it"));
            }
        }
        hints
    }

    /// What accepting this offer is called.
    fn accept(&self, offer: &Transfer) -> Cow<'static, str> {
        let outlook = offer.outlook(self.setting.on_collision);
        outlook.map_or(Cow::Borrowed("accept"), |outlook| Cow::Owned(outlook.verb()))
    }
}
