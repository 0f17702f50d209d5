//! The Tab key: completing commands, paths and transfer numbers.
//!
//! Owns what the candidates are and how they are put into the line. Directories are read by the
//! shell ([`mod@super::super::run`]), which answers a [`ListingRequest`] with a [`Listing`].

use super::super::commands::{
    self, ACCEPT_WORDS, Argument, CANCEL_WORDS, COMMANDS, LIMITS, SWITCH,
};
use super::super::keys::Action;
use super::super::quoting;
use super::super::shelf::Access;
use super::super::transfers::{Stage, Transfer};
use super::shelf::LOGIN_WANTED;
use super::{App, Effect};
use std::path::PathBuf;

/// The names on the shelf that are offered at most.
const MOST_NAMES: usize = 200;

/// A directory to be read for a completion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListingRequest {
    /// Which one.
    pub(crate) directory: PathBuf,
    /// What the names must begin with. Without a dot there, hidden ones don't count.
    pub(crate) prefix: String,
    /// The line and the cursor for which it is wanted; it is of no use for another.
    text: String,
    cursor: usize,
    /// Where the path begins in the line.
    start: usize,
    /// The directory as it was typed, with its slash.
    typed: String,
    tilde: bool,
}

/// A directory that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listing {
    /// What was asked.
    pub(crate) request: ListingRequest,
    /// The names that fit, sorted; directories end in a slash. Or why there are none.
    pub(crate) names: Result<Vec<String>, String>,
}

/// Completions to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Popup {
    /// As they are shown.
    pub(crate) labels: Vec<String>,
    /// The one that is in the line now, if one is.
    pub(crate) chosen: Option<usize>,
    /// What each puts into the line.
    inserts: Vec<String>,
    /// What follows each once it is taken.
    after: Vec<&'static str>,
    start: usize,
}

/// Candidates before they are in the line.
struct Candidates {
    /// The raw texts; what several have in common is found here.
    raw: Vec<String>,
    /// How a raw text is written in the line.
    write: Box<dyn Fn(&str) -> String>,
    /// Where the text begins that they replace.
    start: usize,
    /// What follows a candidate that is the only one.
    after: fn(&str) -> &'static str,
}

impl App {
    /// Gives the popup its keys; any other key closes it and has its own meaning.
    pub(super) fn popup_key(&mut self, action: Option<Action>) -> bool {
        let Some(mut popup) = self.popup.take() else { return false };
        let count = popup.labels.len();
        let onward = match action {
            Some(Action::Complete | Action::Down) => true,
            Some(Action::CompleteBack | Action::Up) => false,
            Some(Action::Escape) => return true,
            Some(Action::Submit) => {
                if let Some(chosen) = popup.chosen {
                    // As a shell does: what comes next is another word.
                    self.editor.insert(popup.after[chosen]);
                }
                return popup.chosen.is_some();
            }
            _ => return false,
        };
        let next = match (popup.chosen, onward) {
            (Some(at), true) => (at + 1) % count,
            (Some(at), false) => (at + count - 1) % count,
            (None, true) => 0,
            (None, false) => count - 1,
        };
        popup.chosen = Some(next);
        self.editor.replace(popup.start..self.editor.cursor(), &popup.inserts[next]);
        self.history.stay();
        self.popup = Some(popup);
        true
    }

    pub(super) fn complete(&mut self, effects: &mut Vec<Effect>) {
        let head = &self.editor.text()[..self.editor.cursor()];
        if !head.starts_with('/') || head.starts_with("//") || head.contains('\n') {
            self.notice = Some("Tab completes commands and their paths; try / and Tab".to_owned());
            return;
        }
        let Some((command, _)) = head.split_once(char::is_whitespace) else {
            let raw = COMMANDS.iter().map(|command| command.name);
            let raw = raw.filter(|name| name.starts_with(head)).map(str::to_owned).collect();
            self.apply(Candidates {
                raw,
                write: Box::new(str::to_owned),
                start: 0,
                after: |name| match commands::find(name).map(|command| command.argument) {
                    Some(Argument::None) | None => "",
                    Some(_) => " ",
                },
            });
            return;
        };
        match commands::find(command).map(|command| command.argument) {
            Some(Argument::Paths) => self.complete_path(effects),
            Some(Argument::Offer) => self.complete_number(is_answerable, &[]),
            Some(Argument::Acceptance) => {
                self.complete_number(is_answerable, &names(ACCEPT_WORDS));
            }
            Some(Argument::Cancellation) => {
                let is_open = |transfer: &Transfer| transfer.stage() != Stage::Over;
                self.complete_number(is_open, &names(CANCEL_WORDS));
            }
            Some(Argument::Running) => self.complete_number(Transfer::can_pause, &[]),
            Some(Argument::Any) => self.complete_number(|_| true, &[]),
            Some(Argument::Picture) => self.complete_number(Self::is_shown_picture, &[]),
            Some(Argument::Paused) => self.complete_number(Transfer::is_paused, &[]),
            Some(Argument::Rate) => self.complete_number(|_| false, LIMITS),
            Some(Argument::Switch) => self.complete_number(|_| false, SWITCH),
            Some(Argument::Code) => self.complete_code(),
            Some(Argument::Shelved) => self.complete_shelved(effects),
            Some(Argument::None | Argument::User | Argument::Said | Argument::Topic) | None => {}
        }
    }

    /// Takes a directory that was read, if the line is still the one it was read for.
    pub(super) fn listed(&mut self, listing: &Listing) {
        let request = &listing.request;
        let is_awaited = self.awaited_listing.take_if(|awaited| awaited == request).is_some();
        let unchanged =
            self.editor.text() == request.text && self.editor.cursor() == request.cursor;
        let writes = matches!(self.mode, super::Mode::Write);
        if !is_awaited || !unchanged || !writes || self.overlay.is_some() {
            return;
        }
        match &listing.names {
            Err(sentence) => self.notice = Some(sentence.clone()),
            Ok(names) => {
                let (typed, tilde) = (request.typed.clone(), request.tilde);
                self.apply(Candidates {
                    raw: names.clone(),
                    write: Box::new(move |name| match typed.strip_prefix('~') {
                        Some(below) if tilde => {
                            format!("~{}", quoting::escaped(&format!("{below}{name}")))
                        }
                        _ => quoting::escaped(&format!("{typed}{name}")),
                    }),
                    start: request.start,
                    after: |name| if name.ends_with('/') { "" } else { " " },
                });
            }
        }
    }

    fn complete_path(&mut self, effects: &mut Vec<Effect>) {
        let text = self.editor.text();
        let cursor = self.editor.cursor();
        let word = quoting::words(&text[..cursor]).pop().filter(|word| word.end == cursor);
        let (start, path, tilde) =
            word.map_or((cursor, String::new(), false), |word| (word.start, word.text, word.tilde));
        if tilde && path == "~" {
            self.editor.insert("/");
            return self.complete_path(effects);
        }
        let (typed, prefix) =
            path.rfind('/').map_or(("", path.as_str()), |at| path.split_at(at + 1));
        let below_home = typed.strip_prefix("~/").filter(|_| tilde).zip(self.home());
        let directory = match below_home {
            Some((below, home)) => home.join(below),
            None if typed.is_empty() => PathBuf::from("."),
            None => PathBuf::from(typed),
        };
        let request = ListingRequest {
            directory,
            prefix: prefix.to_owned(),
            text: text.to_owned(),
            cursor,
            start,
            typed: typed.to_owned(),
            tilde,
        };
        self.awaited_listing = Some(request.clone());
        effects.push(Effect::List(request));
    }

    fn complete_code(&mut self) {
        let cursor = self.editor.cursor();
        let head = &self.editor.text()[..cursor];
        let code = head.split_once(char::is_whitespace).map_or("", |(_, code)| code);
        let letters = head.bytes().rev().take_while(u8::is_ascii_alphabetic).count();
        let words = couplet::code::complete(code).candidates;
        if words.is_empty() {
            let advice = "a code is a number and words: Tab completes a word that has begun";
            self.notice = Some(advice.to_owned());
            return;
        }
        let raw = words.into_iter().map(str::to_owned).collect();
        let start = cursor - letters;
        self.apply(Candidates { raw, write: Box::new(str::to_owned), start, after: |_| "" });
    }

    /// Completes the name of a file on the shelf, as far as it was looked at.
    fn complete_shelved(&mut self, effects: &mut Vec<Effect>) {
        let head = &self.editor.text()[..self.editor.cursor()];
        let begun = head.split_once(char::is_whitespace).map_or("", |(_, name)| name.trim_start());
        let start = head.len() - begun.len();
        if !self.shelf.is_known() {
            let notice = match &self.shelf.access {
                Access::Closed { text, .. } => text,
                _ if self.shelf.login.is_some() => LOGIN_WANTED,
                Access::Unasked | Access::Asking | Access::There(_) | Access::Lost(_) => {
                    "looking at the shelf; Tab again in a moment"
                }
            };
            self.notice = Some(notice.to_owned());
            self.look_again(effects);
            return;
        }
        let known = || self.shelf.files.iter().map(|file| file.name.as_str());
        let fit = known().filter(|name| name.starts_with(begun));
        let raw: Vec<_> = fit.map(str::to_owned).take(MOST_NAMES).collect();
        if let Some((name, word)) = begun.rsplit_once(char::is_whitespace)
            && raw.is_empty()
            && known().any(|known| known == name.trim_end())
        {
            let words = names(ACCEPT_WORDS).into_iter().filter(|how| how.starts_with(word));
            let (raw, start) = (words.map(str::to_owned).collect(), head.len() - word.len());
            self.apply(Candidates { raw, write: Box::new(str::to_owned), start, after: |_| "" });
            return;
        }
        self.apply(Candidates { raw, write: Box::new(str::to_owned), start, after: |_| "" });
    }

    /// Completes the number of a transfer that fits, or one of these words; what stands in the line
    /// already isn't offered again.
    fn complete_number(&mut self, fits: impl Fn(&Transfer) -> bool, words: &[&str]) {
        let cursor = self.editor.cursor();
        let head = &self.editor.text()[..cursor];
        // White space may have several bytes.
        let begun = head.rsplit(char::is_whitespace).next().unwrap_or_default();
        let start = cursor - begun.len();
        let before: Vec<&str> = head[..start].split_whitespace().skip(1).collect();
        let has_word = before.iter().any(|part| words.contains(part));
        let has_number = before.iter().any(|part| !words.contains(part));
        let numbers = self.transfers.all().iter().filter(|transfer| !has_number && fits(transfer));
        let numbers = numbers.map(|transfer| transfer.id.to_string());
        let words = words.iter().filter(|_| !has_word).map(|word| (*word).to_owned());
        let raw = numbers.chain(words).filter(|text| text.starts_with(begun)).collect();
        self.apply(Candidates { raw, write: Box::new(str::to_owned), start, after: |_| "" });
    }

    fn apply(&mut self, candidates: Candidates) {
        let Candidates { raw, write, start, after } = candidates;
        let range = start..self.editor.cursor();
        match raw.as_slice() {
            [] => {
                let typed = &self.editor.text()[range];
                self.notice = Some(format!("nothing here begins with {typed}"));
            }
            [only] => {
                self.editor.replace(range, &(write(only) + after(only)));
            }
            several => {
                let common = write(common_start(several));
                if common.len() > range.len() {
                    self.editor.replace(range, &common);
                }
                let inserts = several.iter().map(|raw| write(raw)).collect();
                let after = several.iter().map(|raw| after(raw)).collect();
                self.popup = Some(Popup { labels: raw, chosen: None, inserts, after, start });
            }
        }
        self.history.stay();
    }
}

fn is_answerable(transfer: &Transfer) -> bool {
    transfer.stage() == Stage::Answer
}

fn names<T>(words: &[(&'static str, T)]) -> Vec<&'static str> {
    words.iter().map(|(name, _)| *name).collect()
}

/// What all of these begin with.
fn common_start(texts: &[String]) -> &str {
    let Some((first, rest)) = texts.split_first() else { return "" };
    let mut common = first.as_str();
    for text in rest {
        let same = common.char_indices().zip(text.chars()).find(|((_, a), b)| a != b);
        let end = same.map_or(common.len().min(text.len()), |((at, _), _)| at);
        common = &common[..end];
    }
    common
}
