//! What the user can do next, in words.
//!
//! Owns every sentence of advice: the composer's title, the guide at the foot of the conversation,
//! and the hints in the last line. Each depends on where the session stands, and on nothing else.

use super::super::picker::Purpose;
use super::super::transfers::{Stage, Transfer};
use super::{App, Mode, Overlay};
use crate::meeting::{self, Meeting};
use couplet::message::{Role, Seat};
use couplet::session::{Link, Peer, Seal};
use couplet::units;
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
    /// The composer's title, the longest first; the first that fits is shown.
    pub(crate) fn composer_titles(&self) -> &'static [&'static str] {
        let standing = &self.standing;
        if standing.lacks_seal() && (standing.has_turn() || standing.is_distrusted()) {
            return match standing.seal {
                Some(Seal::Failed) => &[
                    "message (not sealed: Enter holds it, nothing is said to this peer)",
                    "message (not sealed: Enter holds it)",
                    "not sealed: held",
                    "message",
                ],
                _ if standing.is_distrusted() => &[
                    "message (the words differ: Enter holds it, nothing is sent; /verify)",
                    "message (the words differ: held)",
                    "words differ: held",
                    "message",
                ],
                _ => &[
                    "message (sealing: Enter holds it until the line is sealed)",
                    "message (sealing: Enter holds it)",
                    "sealing: held",
                    "message",
                ],
            };
        }
        if standing.is_plain() && standing.may_speak() {
            return &[
                "message (NOT SEALED; your turn: Enter sends the line)",
                "message (NOT SEALED; your turn)",
                "NOT SEALED, your turn",
                "NOT SEALED",
            ];
        }
        if standing.may_speak() && standing.peer == Some(Peer::Gone) {
            return &[
                "message (the other seat is empty: Enter leaves it for whoever comes)",
                "message (for whoever comes next)",
                "for the next peer",
                "message",
            ];
        }
        if standing.may_speak() && standing.is_nobody_here() {
            return if self.code().is_some() {
                &[
                    "message (nobody is here: Enter leaves it for whoever comes with the code)",
                    "message (for whoever has the code)",
                    "for whoever comes",
                    "message",
                ]
            } else {
                &[
                    "message (nobody is here: Enter leaves it for whoever comes)",
                    "message (for whoever comes)",
                    "for whoever comes",
                    "message",
                ]
            };
        }
        if standing.may_speak() {
            return &[
                "message (your turn: Enter sends, Alt-Enter newline)",
                "message (your turn: Enter sends)",
                "your turn",
                "message",
            ];
        }
        match (standing.is_online(), standing.role) {
            (true, Some(Role::Rec)) if !standing.is_nobody_here() => &[
                "message (rec: Enter holds it until your turn)",
                "message (rec: Enter holds it)",
                "rec: held",
                "message",
            ],
            (true, _) => &[
                "message (nobody is here yet: Enter holds it until your turn)",
                "message (Enter holds it)",
                "message",
            ],
            (false, _) => &[
                "message (no connection: Enter holds it until your turn)",
                "message (Enter holds it)",
                "message",
            ],
        }
    }

    /// Advice at the foot of the conversation, where the situation calls for it.
    pub(crate) fn guide(&self) -> Option<String> {
        let now = self.now.moment;
        let standing = &self.standing;
        let relay = &self.setting.relay;
        if self.is_leaving() {
            let what = if self.next.is_some() { "Going to another room" } else { "Leaving" };
            return Some(format!("{what}. Ctrl-C once more doesn't wait for the relay."));
        }
        if let (true, Some(guide)) = (standing.is_plain(), self.plain_guide()) {
            return Some(guide);
        }
        let (Some(seat), true) = (standing.seat, standing.is_online()) else {
            return Some(match (standing.seat, standing.link, standing.retry(now)) {
                (Some(_), _, Some((attempt, wait))) => format!(
                    "The connection to {relay} is lost; try {attempt} comes in {} s. What you \
                     write is held, nothing is lost.",
                    units::countdown(wait)
                ),
                (Some(_), _, None) => format!(
                    "The connection to {relay} is lost; trying again. What you write is held, \
                     nothing is lost."
                ),
                (None, _, Some((attempt, wait))) => format!(
                    "Nobody answers at {relay}; try {attempt} comes in {} s. Is the relay \
                     running? Start it with:\n{}",
                    units::countdown(wait),
                    meeting::command_of_relay(relay)
                ),
                (None, Some(Link::Online), None) => "Connected; waiting for a seat.".to_owned(),
                (None, _, None) => format!("Connecting to {relay}."),
            });
        };
        let name = standing.peer_label();
        let name = if standing.peer_name.is_some() { name.as_ref() } else { "Your peer" };
        match standing.peer {
            None | Some(Peer::Waiting)
                if self.setting.hosted.is_some() || self.code().is_some() =>
            {
                Some(self.waiting_guide(seat))
            }
            None | Some(Peer::Waiting) => Some(format!(
                "You have seat {seat}. Waiting for a peer: start a second client, in another \
                 terminal:\n{}",
                self.second_client()
            )),
            Some(Peer::Silent { .. }) => Some(format!(
                "{name} has lost the connection; its seat is kept for {} s. No words are lost.",
                units::countdown(standing.kept_for(now).unwrap_or_default())
            )),
            Some(Peer::Gone) if self.code().is_some() => Some(format!(
                "{name} is gone. You keep seat {seat}; whoever has the code may take the empty one:\n{}",
                self.code().map(|code| code.to_string()).unwrap_or_default()
            )),
            Some(Peer::Gone) if standing.may_speak() => Some(format!(
                "{name} is gone. You keep seat {seat}, a newcomer takes the empty one. You may say \
                 one message for them."
            )),
            Some(Peer::Gone) => {
                Some(format!("{name} is gone. You keep seat {seat}, a newcomer takes the empty one."))
            }
            Some(Peer::Present) if standing.seal == Some(Seal::Agreeing) => Some(format!(
                "{name} is here. Your clients agree on keys; until then what you enter is held."
            )),
            Some(Peer::Present) if standing.seal == Some(Seal::Failed) => Some(
                "This line isn't sealed, so nothing is said. Ask your peer over another way which \
                 code they have; fin leaves."
                    .to_owned(),
            ),
            Some(Peer::Present) if standing.is_distrusted() => Some(
                "The words differ, so nothing is sent and nothing taken. fin leaves; meet again by \
                 a new code, best over another relay."
                    .to_owned(),
            ),
            Some(Peer::Present) if self.conversation.has_words() => None,
            Some(Peer::Present) if standing.may_speak() => Some(
                "It is your turn: write a message and press Enter. /send PATH offers a file, at \
                 any time."
                    .to_owned(),
            ),
            Some(Peer::Present) => Some(format!(
                "{name} has the turn. What you enter is held until it is yours; /send PATH offers \
                 a file, at any time."
            )),
        }
    }

    /// Advice for a plain room, where it is another than for a sealed line.
    fn plain_guide(&self) -> Option<String> {
        let standing = &self.standing;
        let seat = standing.seat?;
        if !standing.is_online() {
            let relay = &self.setting.relay;
            return Some(match standing.retry(self.now.moment) {
                Some((attempt, wait)) => format!(
                    "The connection to {relay} is lost; try {attempt} comes in {} s. You come again \
                     as a newcomer.",
                    units::countdown(wait)
                ),
                None => format!("The connection to {relay} is lost; trying again, as a newcomer."),
            });
        }
        match standing.peer {
            None | Some(Peer::Waiting) => Some(format!(
                "You have seat {seat} of a plain room, which is NOT SEALED. Waiting for a second: \
                 netcat or the like at the relay's port for it, or\n{} --plain-room",
                self.second_client()
            )),
            Some(Peer::Present) if self.conversation.has_words() => None,
            Some(Peer::Present) if standing.may_speak() => Some(
                "It is your turn: write a line and press Enter. The relay can read it.".to_owned(),
            ),
            Some(Peer::Present) => Some(
                "Your peer has the turn. What you enter is held until it is yours. The relay can \
                 read it."
                    .to_owned(),
            ),
            Some(Peer::Gone | Peer::Silent { .. }) => None,
        }
    }

    /// What to do while nobody has come yet, and there is a code or a relay of one's own.
    fn waiting_guide(&self, seat: Seat) -> String {
        let code = self.code();
        let mut lines = Vec::new();
        match (&code, &self.setting.meeting) {
            (Some(code), Meeting::Code(_)) => lines.push(format!(
                "You have seat {seat}. Waiting for whoever has the same code:\n\n{code}\n\nIf \
                 nobody comes, compare the code and the relay with your friend."
            )),
            (Some(code), _) => {
                lines.push(format!("Your code, to tell on the phone:\n\n{code}\n"));
            }
            (None, _) => lines.push(format!("You have seat {seat}. Waiting for a peer.")),
        }
        if let Some(hosted) = &self.setting.hosted {
            lines.extend(hosted.how_to_join(
                code.as_ref(),
                self.standing.room.as_ref(),
                &self.setting.started_as,
            ));
        } else if let (Some(code), Meeting::New(_)) = (&code, &self.setting.meeting) {
            lines.push("Your friend types:".to_owned());
            lines.push(meeting::command_with(code, &self.setting.relay, &self.setting.started_as));
        }
        lines.join("\n")
    }

    /// What starts a client that meets this one.
    fn second_client(&self) -> String {
        meeting::command_without(&self.setting.relay, self.standing.room.as_ref())
    }

    /// The last line: what can be pressed now, the most useful first.
    pub(crate) fn hints(&self) -> Vec<Hint> {
        match self.overlay {
            Some(Overlay::Help { .. }) if self.topic.typing => {
                return vec![hint("Enter", "stay"), hint("Esc", "all of it")];
            }
            Some(Overlay::Help { top }) => {
                let back = if self.topic.query.is_empty() { "back" } else { "all of it" };
                let end = self.drawn.help_end;
                let page = if top < end { "PgDn" } else { "PgUp" };
                let mut hints = vec![hint("Esc", back), hint("/", "find a word")];
                hints.extend((end > 0).then(|| hint(page, if top < end { "more" } else { "up" })));
                return hints;
            }
            Some(Overlay::Transfers { chosen }) => return self.list_hints(chosen),
            Some(Overlay::Shelf) => return self.shelf_hints(),
            Some(Overlay::Pick) => {
                let puts = self.picker.as_ref().is_some_and(|it| it.purpose == Purpose::Put);
                return vec![
                    hint("Enter", if puts { "lay down" } else { "send" }),
                    hint("Tab", "tick"),
                    hint("Right", "enter"),
                    hint("Left", "up"),
                    hint("Esc", "back"),
                    hint("Alt-.", "hidden"),
                ];
            }
            Some(Overlay::Find) => {
                return vec![
                    hint("Up", "before"),
                    hint("Down", "after"),
                    hint("Enter", "stay"),
                    hint("Esc", "back"),
                ];
            }
            Some(Overlay::Select) => {
                return vec![
                    hint("Up Down", "choose"),
                    hint("Enter", "copy"),
                    hint("Space", "from here on"),
                    hint("r", "answer"),
                    hint("Esc", "back"),
                ];
            }
            Some(Overlay::Verify) => {
                return if self.sealing.chosen.is_some() {
                    vec![hint("Enter", "that is it"), hint("Esc", "later")]
                } else {
                    vec![hint("y", "same"), hint("n", "different"), hint("Esc", "later")]
                };
            }
            None => {}
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
        if text.is_empty() {
            if !self.standing.is_plain() {
                hints.push(hint("/send PATH", "offer a file"));
            }
            if self.standing.may_speak() && self.standing.peer == Some(Peer::Present) {
                hints.push(hint("/pass", "give the turn"));
            }
            if let Some(Seal::Sealed { verdict: None, by_code: false, .. }) = self.standing.seal {
                hints.push(hint("/verify", "compare words"));
            }
        }
        hints.extend([hint("F1", "help"), hint("fin", "leave")]);
        if !self.transfers.all().is_empty() {
            hints.push(hint("F2", "transfers"));
        }
        if self.conversation.len() > self.drawn.rows {
            hints.push(hint("PgUp", "scroll"));
        }
        hints.push(hint("F3", "shelf"));
        hints
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
        let mut hints = Vec::new();
        if let Some(transfer) = self.transfers.all().get(self.chosen_row(chosen)) {
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
        }
        if self.transfers.all().len() > 1 {
            hints.push(hint("Up Down", "choose"));
        }
        hints.push(hint("Esc", "back"));
        hints
    }

    /// What accepting this offer is called.
    fn accept(&self, offer: &Transfer) -> Cow<'static, str> {
        let outlook = offer.outlook(self.setting.on_collision);
        outlook.map_or(Cow::Borrowed("accept"), |outlook| Cow::Owned(outlook.verb()))
    }
}
