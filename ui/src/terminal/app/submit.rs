//! The Enter key: what was written is said, or done.
//!
//! Owns what each command asks of the engine, and which mistakes are found before it is asked. Words
//! that can't be said stay in the composer; a command with a mistake goes, as in other programs, and
//! Up brings it back.

use super::super::commands::{self, Line};
use super::super::conversation::Sign;
use super::super::picker::Purpose;
use super::super::transfers::{Stage, Transfer};
use super::leaving::LEAVE_LIMIT;
use super::{App, Effect, Next, Overlay, shelf};
use crate::engine::{Command, Outgoing, shelf as visit};
use couplet::limits::{MAX_MESSAGE_BYTES, MAX_PLAIN_LINE};
use couplet::plain::WORDS_ONLY;
use couplet::session::{Peer, SayError, Seal, Verdict};
use couplet::transfer::book::{Hold, TransferId};
use couplet::units;

/// Where a command with a mistake went.
const FROM_HISTORY: &str = "; Up brings it back";

impl App {
    /// Whether it is done; if not, a notice says why, and where a command went.
    pub(super) fn submit(&mut self, effects: &mut Vec<Effect>) -> bool {
        let outcome = commands::parse(self.editor.text(), self.home())
            .map_err(|mistake| (mistake.to_string(), FROM_HISTORY))
            .and_then(|line| self.carry_out(line, effects).map_err(|sentence| (sentence, "")));
        let is_done = outcome.is_ok();
        let text = self.editor.text();
        let is_command = text.starts_with('/') && !text.starts_with("//");
        match outcome {
            // What has a code in it isn't remembered, so it stays.
            Err((sentence, _)) if !is_command || commands::has_code(text) => {
                self.notice = Some(sentence);
                return false;
            }
            Err((sentence, advice)) => self.notice = Some(sentence + advice),
            Ok(()) => {}
        }
        let text = self.editor.take();
        self.history.remember(&text);
        self.begin_reply();
        is_done
    }

    /// Does by a key what this line does, whatever stands in the composer.
    pub(super) fn by_key(&mut self, line: Line, effects: &mut Vec<Effect>) {
        if let Err(sentence) = self.carry_out(line, effects) {
            self.notice = Some(sentence);
        }
    }

    pub(super) fn answer_oldest(&mut self, accept: bool, effects: &mut Vec<Effect>) {
        let Some(offer) = self.transfers.oldest_offer() else {
            self.notice = Some("no offer waits for your answer".to_owned());
            return;
        };
        let id = Some(offer.id);
        let command =
            if accept { Command::Accept { id, on_collision: None } } else { Command::Decline(id) };
        effects.push(Effect::Engine(command));
    }

    fn carry_out(&mut self, line: Line, effects: &mut Vec<Effect>) -> Result<(), String> {
        if let Some(why) = self.setting.face.refusal(&line) {
            return Err(why.to_owned());
        }
        let command = match line {
            Line::Empty => return Ok(()),
            Line::Words(text) => {
                if self.standing.is_plain() { is_line(&text) } else { fits(&text) }?;
                self.conversation.go_to_newest();
                self.conversation.all_read();
                Command::Say(text)
            }
            Line::Send(_) | Line::Pick(Purpose::Send) if self.standing.is_plain() => {
                return Err(WORDS_ONLY.to_owned());
            }
            Line::Pick(purpose) => {
                self.open_picker(purpose, effects);
                return Ok(());
            }
            Line::Send(paths) => Command::Send(Outgoing::Each(paths)),
            Line::Accept(id, on_collision) => {
                Command::Accept { id: self.open_offer(id)?, on_collision }
            }
            Line::Decline(id) => Command::Decline(self.open_offer(id)?),
            Line::Cancel { id, keep } => return self.cancel(id, keep, effects),
            Line::Shelf(user) => return self.visit_as(user, effects),
            Line::Get(name, how) => return self.get_with(name, how, effects),
            Line::Put(paths) => {
                self.put(paths, effects);
                return Ok(());
            }
            Line::Read(wish) => return self.read(wish, effects),
            Line::Pause(id) => Command::Pause(Some(self.to_pause(id)?)),
            Line::Resume(id) => Command::Continue(Some(self.to_resume(id)?)),
            Line::Limit(limit) => {
                self.conversation.go_to_newest();
                let text = self.setting.face.reworded(limited(limit));
                self.tell(Sign::Info, text);
                self.setting.limit = limit;
                effects.push(Effect::Shelf(visit::Command::Limit(limit)));
                Command::Limit(limit)
            }
            Line::Transfers => {
                self.go_to(Overlay::Transfers { chosen: None });
                return Ok(());
            }
            Line::Details(id) => return self.show_details(id),
            Line::Preview(id) => return self.preview(id),
            Line::Tidy => {
                self.tidy();
                return Ok(());
            }
            Line::Pass => Command::Pass,
            Line::Take if self.held.is_empty() => {
                return Err("nothing is held, so nothing can be taken back".to_owned());
            }
            Line::Take => Command::TakeBack(None),
            Line::Verify => self.compare()?,
            Line::New => return self.go_on(Next::New, effects),
            Line::Code(code) => return self.go_on(Next::Code(code), effects),
            Line::Mouse(on) => {
                let how = if on {
                    "the wheel scrolls and clicks choose; with Shift held the terminal selects text"
                } else {
                    "the mouse is the terminal's again"
                };
                self.conversation.go_to_newest();
                self.tell(Sign::Info, how.to_owned());
                effects.push(Effect::Mouse(on));
                return Ok(());
            }
            Line::Who => {
                let text = self.who();
                self.conversation.go_to_newest();
                self.tell(Sign::Info, text);
                return Ok(());
            }
            Line::Help(topic) => {
                self.open_help(&topic);
                return Ok(());
            }
            Line::Fin => {
                self.leave(LEAVE_LIMIT, effects);
                return Ok(());
            }
        };
        effects.push(Effect::Engine(command));
        Ok(())
    }

    /// Leaves this room for another, if nobody is left behind in it.
    fn go_on(&mut self, next: Next, effects: &mut Vec<Effect>) -> Result<(), String> {
        let name = self.standing.peer_in_words();
        match self.standing.peer {
            Some(Peer::Present) => {
                return Err(format!("{name} is here; say goodbye and leave with fin first"));
            }
            Some(Peer::Silent { .. }) => {
                return Err(format!(
                    "the seat of {name} is still kept; wait for that to end, or leave with fin"
                ));
            }
            None | Some(Peer::Waiting | Peer::Gone) => {}
        }
        if self.is_leaving() {
            return Err("already leaving".to_owned());
        }
        self.leave(LEAVE_LIMIT, effects);
        self.notice = None;
        self.next = Some(next);
        Ok(())
    }

    fn open_offer(&self, id: Option<TransferId>) -> Result<Option<TransferId>, String> {
        let open = self.numbers(|transfer| transfer.stage() == Stage::Answer);
        match id {
            _ if open.is_empty() => Err("no offer waits for your answer".to_owned()),
            Some(id) if !self.transfers.at(Stage::Answer).any(|offer| offer.id == id) => {
                Err(format!("{id} isn't an offer that waits for your answer; these do: {open}"))
            }
            id => Ok(id),
        }
    }

    fn cancel(
        &mut self,
        id: Option<TransferId>,
        keep: bool,
        effects: &mut Vec<Effect>,
    ) -> Result<(), String> {
        let id = self.meant(
            id,
            "/cancel",
            |transfer| transfer.stage() != Stage::Over,
            || "no transfer is under way".to_owned(),
        )?;
        let Some(transfer) = self.transfers.get_mut(id) else { return Ok(()) };
        if transfer.shelf.is_some() {
            if !keep {
                return Err(format!(
                    "what has come from the shelf is kept, to go on from; /cancel {id} stops it"
                ));
            }
            self.cancel_errand(id, effects);
            return Ok(());
        }
        transfer.dropped = !keep;
        effects.push(Effect::Engine(Command::Cancel { id: Some(id), keep }));
        Ok(())
    }

    fn to_pause(&self, id: Option<TransferId>) -> Result<TransferId, String> {
        let is_open =
            |transfer: &Transfer| transfer.shelf.is_some() && transfer.stage() != Stage::Over;
        let none_else = id.is_none() && !self.transfers.all().iter().any(Transfer::can_pause);
        let meant = |transfer: &&Transfer| none_else || id == Some(transfer.id);
        if let Some(one) = self.transfers.all().iter().filter(meant).find(|one| is_open(one)) {
            return Err(format!("{}; /cancel {} stops it", shelf::NO_PAUSE, one.id));
        }
        self.meant(id, "/pause", Transfer::can_pause, || {
            let paused = self.numbers(Transfer::is_paused);
            if paused.is_empty() {
                "nothing moves that could be paused".to_owned()
            } else {
                format!("nothing moves that could be paused; paused already: {paused}")
            }
        })
    }

    fn to_resume(&self, id: Option<TransferId>) -> Result<TransferId, String> {
        self.meant(id, "/resume", Transfer::is_paused, || {
            if self.transfers.oldest_offer().is_some() {
                return "you have paused nothing; an offer is resumed with /accept".to_owned();
            }
            let held = self.transfers.at(Stage::Held).next();
            match held.map(|transfer| (transfer.info.held_here, transfer.info.held_there)) {
                Some((Some(Hold::DiskFull), _)) => {
                    "you have paused nothing; a full disk goes on by itself once there is room"
                        .to_owned()
                }
                Some((_, Some(Hold::Paused))) => {
                    let name = self.standing.peer_in_words();
                    format!("you have paused nothing; what {name} has paused, {name} lets go on")
                }
                _ => "you have paused nothing".to_owned(),
            }
        })
    }

    /// The transfer that a command means: this one, or the only one that fits.
    pub(super) fn meant(
        &self,
        id: Option<TransferId>,
        command: &str,
        fits: impl Fn(&Transfer) -> bool,
        none: impl FnOnce() -> String,
    ) -> Result<TransferId, String> {
        let fitting = self.transfers.all().iter().filter(|transfer| fits(transfer));
        let fitting: Vec<TransferId> = fitting.map(|transfer| transfer.id).collect();
        match (id, fitting.as_slice()) {
            (_, []) => Err(none()),
            (None, [only]) => Ok(*only),
            (Some(id), all) if all.contains(&id) => Ok(id),
            (None, all) => Err(format!("which one? {command} and one of {}", numbers(all))),
            (Some(id), all) => {
                Err(format!("{command} doesn't fit transfer {id}; it fits: {}", numbers(all)))
            }
        }
    }

    fn numbers(&self, fits: impl Fn(&Transfer) -> bool) -> String {
        let fitting = self.transfers.all().iter().filter(|transfer| fits(transfer));
        numbers(&fitting.map(|transfer| transfer.id).collect::<Vec<_>>())
    }

    fn who(&self) -> String {
        let standing = &self.standing;
        let seat = standing.seat.map_or("no seat yet".to_owned(), |seat| format!("seat {seat}"));
        let room = standing.room.as_ref().map_or(String::new(), |room| format!(", room {room}"));
        let name = standing.peer_label();
        let peer = match standing.peer {
            None | Some(Peer::Waiting) => "nobody else yet".to_owned(),
            Some(Peer::Present) => format!("{name} is here"),
            Some(Peer::Silent { .. }) => format!("{name} is silent, its seat is kept"),
            Some(Peer::Gone) => format!("{name} has left"),
        };
        let turn = match standing.role {
            None => "no turns yet".to_owned(),
            Some(couplet::message::Role::Emi) => "your turn (emi)".to_owned(),
            Some(couplet::message::Role::Rec) => format!("{name} has the turn, you listen (rec)"),
        };
        let seal = match standing.seal {
            Some(Seal::Sealed { words, verdict, .. }) => {
                let standing = match verdict {
                    Some(Verdict::Same) => "verified",
                    Some(Verdict::Different) => "NOT VERIFIED, nothing is sent",
                    None => "sealed, not compared",
                };
                format!("; {standing}, words {}", words.join("-"))
            }
            Some(Seal::Agreeing) => "; agreeing on keys".to_owned(),
            Some(Seal::Failed) => "; not sealed".to_owned(),
            Some(Seal::Plain) => "; a plain room, NOT SEALED".to_owned(),
            Some(Seal::Nobody) | None => String::new(),
        };
        format!("you: {seat}{room} at {}; {peer}; {turn}{seal}", self.setting.relay)
    }
}

fn limited(limit: Option<u64>) -> String {
    match limit {
        Some(limit) => format!(
            "from now on at most {} in each transfer; /limit off takes that away",
            units::rate(limit)
        ),
        None => "transfers go as fast as they can".to_owned(),
    }
}

fn numbers(ids: &[TransferId]) -> String {
    let shown: Vec<String> = ids.iter().take(8).map(ToString::to_string).collect();
    let more = if ids.len() > shown.len() { " and more" } else { "" };
    shown.join(", ") + more
}

/// What a plain room carries.
fn is_line(text: &str) -> Result<(), String> {
    let text = text.trim_end_matches(['\r', '\n']);
    let lines = text.lines().count();
    if lines > 1 {
        return Err(SayError::SeveralLines { lines }.to_string());
    }
    if text.len() > MAX_PLAIN_LINE {
        return Err(SayError::LineTooLong { bytes: text.len() }.to_string());
    }
    Ok(())
}

fn fits(text: &str) -> Result<(), String> {
    if text.len() <= MAX_MESSAGE_BYTES {
        return Ok(());
    }
    Err(format!(
        "this message is {}, a message has at most {}; make it shorter, or /send it as a file",
        units::bytes(text.len() as u64),
        units::bytes(MAX_MESSAGE_BYTES as u64),
    ))
}
