//! What the engine tells, and what becomes of it on the screen.
//!
//! Owns which events are a line in the conversation and how it reads; for transfers that is
//! [`super::transfers`]'s. Changes of turn and of the
//! line are shown by the status line alone: they are states, not news.

use super::super::conversation::{Sign, Who};
use super::super::shelf::Access;
use super::{App, Effect, Held, visit};
use crate::engine::Event;
use couplet::message::Role;
use couplet::session::{Event as SessionEvent, Link, Peer};
use std::rc::Rc;
use std::time::Duration;

/// A user who has pressed no key for that long may be elsewhere, if the terminal doesn't tell.
const AWAY_AFTER: Duration = Duration::from_secs(15);

/// Who has been here, as far as the code tells.
#[derive(Debug, Default)]
pub(super) struct Company {
    /// Somebody has come who has yet to prove that they know the code, and whether into a seat that
    /// somebody else had.
    unproven: Option<bool>,
    /// Whether anybody was met here with whom the line was sealed.
    met_somebody: bool,
}

impl App {
    pub(super) fn hear(&mut self, event: Event, effects: &mut Vec<Effect>) {
        match event {
            Event::Session(event) => self.hear_session(event, effects),
            Event::Progress(progress) => self.transfers.progress(progress, self.now.moment),
            Event::Preflight { id, preflight } => self.hear_preflight(id, preflight),
            Event::RelayIsNew => self.shelf.met_first = true,
            Event::Number { asked, id } => self.number_errand(asked, id, effects),
            Event::Started { id, held } => self.transfers.started(id, held, self.now.moment),
            Event::Hash { id, hash } => {
                if let Some(transfer) = self.transfers.get_mut(id) {
                    transfer.course.hash = Some(hash);
                }
            }
            Event::Text { id, text } => self.hear_text(id, &text, effects),
            // The session tells the same.
            Event::Offered { .. } => {}
            Event::NotOffered { text, .. } | Event::NotAccepted { text, .. } => {
                self.tell(Sign::Trouble, self.setting.face.reworded(text));
            }
        }
    }

    /// Adds a line of couplet's own.
    pub(super) fn tell(&mut self, sign: Sign, text: String) -> usize {
        self.conversation.push(self.now.wall, Who::System(sign), text)
    }

    fn hear_session(&mut self, event: SessionEvent, effects: &mut Vec<Effect>) {
        let now = self.now;
        match event {
            SessionEvent::Link(link) => {
                if link == Link::Online && matches!(self.shelf.access, Access::Lost(_)) {
                    effects.push(Effect::Shelf(visit::Command::RelayMet));
                }
                self.standing.set_link(link, now.moment);
            }
            SessionEvent::RoundTrip(took) => self.standing.round_trip = Some(took),
            SessionEvent::Seated { seat, room, returned: _ } => {
                self.standing.seat = Some(seat);
                self.standing.room = room;
            }
            SessionEvent::Role(role) => {
                let before = self.standing.role.replace(role);
                if role == Role::Emi && before == Some(Role::Rec) {
                    self.call_for_turn(effects);
                }
            }
            SessionEvent::Peer { peer, newcomer } => self.hear_peer(peer, newcomer),
            SessionEvent::PeerName(name) => self.hear_name(&name),
            SessionEvent::PeerTyping(writes) => self.standing.peer_writes = writes,
            SessionEvent::Words { sequence, text, kept } => {
                self.standing.peer_writes = false;
                if kept {
                    self.tell(Sign::Info, "last message to this seat:".to_owned());
                }
                let who = Who::Peer(self.standing.peer_label());
                let attended = self.attends();
                self.conversation.push_words(now.wall, who, text, Some(sequence), attended);
                self.call_for_words(effects);
            }
            SessionEvent::Held { draft, text } => {
                self.held.retain(|held| held.draft != draft);
                self.held.push(Held { draft, text });
            }
            SessionEvent::TakenBack { draft, text } => {
                self.held.retain(|held| held.draft != draft);
                self.take_up(text);
            }
            SessionEvent::Said { draft, text } => {
                self.held.retain(|held| held.draft != draft);
                let waits = self.standing.is_nobody_here();
                self.conversation.push_own(now.wall, draft, text, waits);
                if waits {
                    let who = if self.code().is_some() { " with the same code" } else { "" };
                    let text = format!("nobody is here: it waits for whoever comes{who}");
                    self.tell(Sign::Info, text);
                }
            }
            SessionEvent::Marked { draft, mark } => self.conversation.mark(draft, mark),
            SessionEvent::Passed => {
                self.tell(Sign::Info, "you passed the turn".to_owned());
            }
            SessionEvent::Transfer { id, info } => self.hear_transfer(id, info, effects),
            SessionEvent::Notice(text) => {
                self.tell(Sign::Info, self.setting.face.reworded(text));
            }
            SessionEvent::Trouble(text) => {
                self.tell(Sign::Trouble, self.setting.face.reworded(text));
            }
            SessionEvent::Seal(seal) => self.hear_seal(seal),
            SessionEvent::PeerCompares => {
                self.hear_compares();
                self.call(
                    |app| format!("{} compares the words", app.standing.peer_in_words()),
                    effects,
                );
            }
            SessionEvent::Ended(ending) => self.quit(ending, effects),
        }
    }

    /// Whether a bell is called for: the terminal says that it hasn't the focus, or it doesn't say
    /// and there has been no key for a while.
    pub(super) fn is_away(&self) -> bool {
        if self.focus_is_told {
            !self.focused
        } else {
            self.now.moment.since(self.last_key) >= AWAY_AFTER
        }
    }

    fn hear_peer(&mut self, peer: Peer, newcomer: bool) {
        let before = self.standing.peer;
        let label = self.standing.peer_label();
        // Where there is a code, whoever hasn't proven to know it is nobody.
        let has_code = self.code().is_some();
        let nobody_yet = has_code && !self.company.met_somebody;
        let peer = if peer == Peer::Gone && nobody_yet { Peer::Waiting } else { peer };
        let stranger = self.company.unproven.is_some() && !matches!(peer, Peer::Present);
        let in_vain = self.standing.has_waited_in_vain(self.now.moment);
        self.standing.set_peer(peer, newcomer, self.now.moment);
        self.arrival = None;
        if newcomer {
            self.forget_sealing();
        }
        let replaces = matches!(before, Some(Peer::Gone | Peer::Silent { .. }));
        if newcomer && peer == Peer::Present && has_code {
            self.company.unproven = Some(replaces);
        } else if stranger {
            // It was never said that it came.
            if matches!(peer, Peer::Gone | Peer::Waiting) {
                self.company.unproven = None;
            }
        } else if newcomer && peer == Peer::Present {
            let text = arrival_text(&self.standing.peer_label(), replaces);
            self.arrival = Some((self.tell(Sign::Info, text), replaces));
        } else if peer == Peer::Gone && before != Some(Peer::Gone) {
            let how = if in_vain { "didn't come back in time; its seat is free" } else { "left" };
            self.tell(Sign::Info, format!("{label} {how}"));
        }
    }

    /// The line is sealed: whoever came knows the code, if there is one.
    pub(super) fn welcome_proven(&mut self) {
        self.company.met_somebody = true;
        if let Some(replaces) = self.company.unproven.take() {
            let text = arrival_text(&self.standing.peer_label(), replaces);
            self.arrival = Some((self.tell(Sign::Info, text), replaces));
        }
    }

    fn hear_name(&mut self, name: &str) {
        self.standing.peer_name = (!name.is_empty()).then(|| unmistakable(name));
        if let Some((entry, replaces)) = self.arrival.take() {
            let text = arrival_text(&self.standing.peer_label(), replaces);
            self.conversation.amend(entry, text);
        }
    }
}

/// A name that can't be taken for the user's own, or for a sign of couplet's.
fn unmistakable(name: &str) -> Rc<str> {
    if name.eq_ignore_ascii_case("me") || !name.contains(char::is_alphanumeric) {
        return Rc::from(format!("peer:{name}"));
    }
    Rc::from(name)
}

fn arrival_text(label: &str, replaces: bool) -> String {
    match (label, replaces) {
        ("peer", false) => "your peer is here".to_owned(),
        ("peer", true) => "a new peer has taken the empty seat".to_owned(),
        (name, false) => format!("{name} is here"),
        (name, true) => format!("{name} has taken the empty seat"),
    }
}
