//! What is done with what was said: answered, copied, saved, looked through.
//!
//! Owns the commands for it; looking through it is [`super::find`]'s.

use super::super::commands::Wish;
use super::super::conversation::{Sign, Who};
use super::find::Find;
use super::leaving::not_written;
use super::select::Select;
use super::{App, Effect};
use couplet::units;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Lines of a message that are quoted, and the width of each.
const MOST_QUOTED: usize = 3;
const QUOTED_COLUMNS: usize = 160;
/// What terminals take for their clipboard: many refuse more.
const MOST_COPIED: usize = 64 * 1024;

/// Why nothing is quoted in a plain room.
pub(super) const NO_QUOTES: &str =
    "a plain room carries one line at a time, so nothing can be quoted in it";

/// What is being done.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// The search, while it is open.
    pub(super) find: Option<Find>,
    /// What is chosen in the conversation, while that goes on.
    pub(super) select: Option<Select>,
    /// A quotation for the composer, once the command has left it.
    quotation: Option<String>,
}

/// How the writing of a transcript ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Saved {
    /// The file.
    pub(crate) path: PathBuf,
    /// How many lines it has, or why it wasn't written.
    pub(crate) lines: Result<usize, String>,
}

impl App {
    pub(super) fn read(&mut self, wish: Wish, effects: &mut Vec<Effect>) -> Result<(), String> {
        match wish {
            Wish::Find(text) => self.begin_find(&text),
            Wish::Select => self.begin_select()?,
            Wish::Reply(_) if self.standing.is_plain() => {
                return Err(NO_QUOTES.to_owned());
            }
            Wish::Reply(count) => {
                let theirs = |who: &Who| matches!(who, Who::Peer(_));
                let entry = self.conversation.back(count, |entry| theirs(&entry.who));
                let entry = entry.ok_or_else(|| self.not_so_many(count, theirs))?;
                self.reading.quotation = Some(quotation(&entry.text));
            }
            Wish::Copy(count) => {
                let said = |who: &Who| !matches!(who, Who::System(_));
                let entry = self.conversation.back(count, |entry| said(&entry.who));
                let entry = entry.ok_or_else(|| self.not_so_many(count, said))?;
                self.copy(entry.text.clone(), effects)?;
            }
            Wish::Save(path) => {
                self.saving.begin(path.clone());
                effects.push(Effect::Save(path, self.transcript()));
            }
        }
        Ok(())
    }

    /// Asks the terminal to copy this.
    pub(super) fn copy(&mut self, text: String, effects: &mut Vec<Effect>) -> Result<(), String> {
        if text.len() > MOST_COPIED {
            return Err(format!(
                "this is {}, and terminals take at most {} for the clipboard; /save FILE writes \
                 the conversation into a file",
                units::bytes(text.len() as u64),
                units::bytes(MOST_COPIED as u64),
            ));
        }
        let lines = text.lines().count();
        effects.push(Effect::Copy(text));
        self.notice = Some(format!(
            "asked the terminal to copy {}; whether it does is its own setting",
            units::count(lines.max(1), "line"),
        ));
        Ok(())
    }

    /// Puts the quotation into the composer, above the answer.
    pub(super) fn begin_reply(&mut self) {
        if let Some(quotation) = self.reading.quotation.take() {
            self.editor.set(quotation);
        }
    }

    pub(super) fn tell_saved(&mut self, saved: &Saved) {
        match &saved.lines {
            Ok(lines) => {
                let path = couplet::text::line(&saved.path.to_string_lossy(), 200);
                self.tell(Sign::Good, format!("{} written to {path}", units::count(*lines, "line")))
            }
            Err(why) => self.tell(Sign::Trouble, not_written(&saved.path, why)),
        };
    }

    fn not_so_many(&self, count: usize, counts: impl Fn(&Who) -> bool) -> String {
        let all = (1..).take_while(|back| {
            *back < count && self.conversation.back(*back, |entry| counts(&entry.who)).is_some()
        });
        match all.count() {
            0 => "nothing was said yet".to_owned(),
            all => format!("only {} so far", units::count(all, "message")),
        }
    }

    /// All that was said, for a file.
    pub(crate) fn transcript(&self) -> String {
        let mut out = String::new();
        for number in self.conversation.numbers() {
            let Some(entry) = self.conversation.entry(number) else { continue };
            let time = entry.time;
            let _ = write!(out, "{} {time}:{:02}  ", time.date, time.second);
            match &entry.who {
                Who::Me => out.push_str("me: "),
                Who::Peer(name) => out.extend([name, ": "]),
                Who::System(_) => out.push_str("* "),
            }
            for (at, line) in entry.text.split('\n').enumerate() {
                out.push_str(if at == 0 { "" } else { "    " });
                out.push_str(line);
                out.push('\n');
            }
        }
        out
    }
}

/// The beginning of a message, with a mark before each line, and a new line for the answer.
pub(super) fn quotation(text: &str) -> String {
    let mut out = String::new();
    // What it quotes itself has been read before.
    let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('>'));
    for line in lines.by_ref().take(MOST_QUOTED) {
        let _ = writeln!(out, "> {}", couplet::text::line(line, QUOTED_COLUMNS));
    }
    if lines.next().is_some() {
        out.push_str("> …\n");
    }
    out
}
