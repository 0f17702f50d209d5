//! The conversation line by line: for screen readers, for dumb terminals, and for programs that read
//! and write in a person's place (`--plain`).
//!
//! Owns the way from a line to the same [`App`] that the screen has, and what a line means while
//! something is asked. All rules are the app's: this is another shell and another view of it. Lines
//! are only ever added, and none has an escape sequence in it.
//!
//! | file | what it owns |
//! | --- | --- |
//! | this one | what a line means; pure |
//! | `deeds` | what can be done without a screen; pure |
//! | `asking` | what a line means to the question for a code; pure |
//! | `printer`, `moving` | which lines tell of a change, and how they begin; pure |
//! | `texts` | what is printed where the screen would be covered; pure |
//! | `owed` | what must be through before the end of the input ends the program; pure |
//! | `run`, `ask`, `shell`, `input`, `output` | what happens: loops, signals, standard input and output |

mod ask;
mod asking;
mod deeds;
mod input;
mod moving;
mod output;
mod owed;
mod printer;
mod run;
mod shell;
mod texts;

pub(super) use ask::ask;
pub(super) use run::run;
pub(super) use shell::Shell;

use super::app::{App, Drawn, Effect, Input, Overlay};
use super::clock::Now;
use crate::engine::Event;
use couplet::session::{Event as Told, Verdict};
use couplet::text;
use couplet::time::Moment;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use deeds::Deed;
use input::Entered;
use owed::Owed;
use printer::Printer;

/// What a line that goes on ends in.
const GOES_ON: char = '\\';
/// The rows that the shelf is asked for before its list is printed.
const LIST_ROWS: usize = 500;
/// What can cover the conversation at most, one over the other.
const MOST_COVERS: usize = 16;

/// What the next line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wants {
    /// Whatever the user enters.
    Line,
    /// A password, which isn't shown.
    Secret,
    /// Nothing yet: what is under way must be known first, or this conversation is over and the next
    /// one takes it.
    Nothing,
}

/// What has been asked, so that the next line is the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    /// Whether the words of the seal are the same.
    Verify,
    /// Who the user is at the shelf; or its list is awaited.
    Shelf {
        /// What was asked for last: whether it was the password.
        asked: Option<bool>,
    },
}

/// The conversation, line by line.
#[derive(Debug)]
struct Lines {
    app: App,
    printer: Printer,
    question: Option<Question>,
    /// Lines that go on.
    begun: String,
    owed: Owed,
    /// Whether nothing more is entered.
    over: bool,
}

impl Lines {
    /// Line by line from where this is.
    fn new(mut app: App) -> Self {
        let printer = Printer::new(&app);
        let draft = app.editor.take();
        let owed = Owed::default();
        let mut lines =
            Self { app, printer, question: None, begun: String::new(), owed, over: false };
        if !draft.trim().is_empty() {
            lines.printer.own(&lines.app, "you have written this, and it isn't sent:");
            lines.printer.quoted(&lines.app, &draft);
            lines.printer.own(&lines.app, "to say it, enter it again");
        }
        lines
    }

    /// Welcomes somebody who has never been here.
    fn welcome(&mut self) {
        texts::welcome(&mut self.printer, &self.app);
    }

    /// What the next line is.
    fn wants(&self) -> Wants {
        if self.app.is_leaving() {
            return Wants::Nothing;
        }
        let Some(Question::Shelf { .. }) = self.question else { return Wants::Line };
        match &self.app.shelf.login {
            Some(login) if login.sent => Wants::Nothing,
            Some(login) if login.at_password => Wants::Secret,
            Some(_) => Wants::Line,
            None => Wants::Nothing,
        }
    }

    /// What is to be printed, all of it from the beginning of a line to the end of one.
    fn take_printed(&mut self) -> String {
        self.printer.take()
    }

    /// The number before which all entries are printed.
    const fn printed_before(&self) -> usize {
        self.printer.before()
    }

    /// So much of what was printed is where the user finds it.
    fn shown(&mut self, before: usize, now: Now) -> Vec<Deed> {
        let drawn =
            Drawn { rows: 1, complete_before: before, list_rows: LIST_ROWS, ..Drawn::default() };
        self.update(Input::Drawn(drawn), now)
    }

    fn wake_at(&self) -> Option<Moment> {
        self.app.wake_at().into_iter().chain(self.printer.wake_at()).min()
    }

    /// Takes in what happened, and prints what has changed by it.
    fn update(&mut self, input: Input, now: Now) -> Vec<Deed> {
        self.owed.hear(&input, &self.app);
        let taken_back = if let Input::Engine(Event::Session(Told::TakenBack { text, .. })) = &input
        {
            Some(text.clone())
        } else {
            None
        };
        let effects = self.app.update(input, now);
        if let Some(text) = taken_back {
            // There is no composer to put it into.
            let rest = self.app.editor.take();
            self.app.editor.set(rest.strip_prefix(text.as_str()).unwrap_or_default().trim_start());
            self.printer.own(&self.app, "taken back, not sent:");
            self.printer.quoted(&self.app, &text);
        }
        self.settle(effects, now).into_iter().filter_map(Deed::of).collect()
    }

    /// Takes in a line.
    fn enter(&mut self, entered: Entered, now: Now) -> Vec<Deed> {
        self.take_in(entered, now).into_iter().filter_map(Deed::of).collect()
    }

    fn take_in(&mut self, entered: Entered, now: Now) -> Vec<Effect> {
        let line = match entered {
            Entered::Line(line) => line,
            Entered::NotText => {
                self.printer.own(&self.app, "that line isn't UTF-8, so it isn't taken");
                return Vec::new();
            }
            Entered::TooSoon => {
                let text = "what you typed before the password was asked for isn't taken";
                self.printer.own(&self.app, text);
                return Vec::new();
            }
            Entered::TooLong => {
                let text = "that line is longer than a message can be, so it isn't taken; send it \
                            as a file: /send PATH";
                self.begun.clear();
                self.printer.own(&self.app, text);
                return Vec::new();
            }
            Entered::End => return self.end_of_input(now),
        };
        match self.question {
            Some(Question::Shelf { .. }) => return self.answer_shelf(&line, now),
            Some(Question::Verify) => {
                let verdict = match line.trim() {
                    "same" => Some(Verdict::Same),
                    "different" => Some(Verdict::Different),
                    _ => None,
                };
                self.question = None;
                if let Some(verdict) = verdict {
                    let key = if verdict == Verdict::Same { 'y' } else { 'n' };
                    let mut effects = self.key(KeyCode::Char(key), now);
                    effects.extend(self.key(KeyCode::Enter, now));
                    return self.settle(effects, now);
                }
                // Nothing was begun by it, so nothing is to be done.
                drop(self.uncover(now));
            }
            None => {}
        }
        if let Some(line) = self.gather(&line) { self.submit(&line, now) } else { Vec::new() }
    }

    /// A line that ends in a backslash goes on with the next; two of them stand for one.
    fn gather(&mut self, line: &str) -> Option<String> {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let (line, goes_on) = match line.strip_suffix(GOES_ON) {
            Some(one) if one.ends_with(GOES_ON) => (one, false),
            Some(line) => (line, true),
            None => (line, false),
        };
        if self.begun.len() + line.len() > super::app::MOST_WRITTEN {
            self.begun.clear();
            let text = "that is longer than a message can be, so it isn't taken";
            self.printer.own(&self.app, text);
            return None;
        }
        self.begun.push_str(line);
        if goes_on {
            self.begun.push('\n');
            return None;
        }
        Some(std::mem::take(&mut self.begun))
    }

    /// Enters a whole message or command, as Enter does in the composer.
    fn submit(&mut self, line: &str, now: Now) -> Vec<Effect> {
        let line = text::message(line, super::app::MOST_WRITTEN);
        let quotation = self.app.editor.take();
        let is_command = line.starts_with('/') && !line.starts_with("//") || line.trim() == "fin";
        let answers = !quotation.is_empty() && !is_command && !line.trim().is_empty();
        if !quotation.is_empty() && !answers {
            self.printer.own(&self.app, "nothing is answered");
        }
        if let Some(refusal) = deeds::refusal(&line) {
            self.printer.own(&self.app, &refusal);
            return Vec::new();
        }
        let whole = if answers { format!("{quotation}{line}") } else { line };
        self.app.editor.set(&whole);
        let effects = self.key(KeyCode::Enter, now);
        let left = self.app.editor.text().to_owned();
        if left == whole {
            // Why it isn't said is in the notice; here nothing can be changed in it.
            self.app.editor.take();
        } else if !left.is_empty() {
            self.printer.own(&self.app, "the next line answers this; an empty one doesn't:");
            self.printer.quoted(&self.app, &left);
        }
        self.question = match self.app.overlay {
            Some(Overlay::Verify) => Some(Question::Verify),
            Some(Overlay::Shelf) => Some(Question::Shelf { asked: None }),
            _ => None,
        };
        if self.question == Some(Question::Verify) {
            texts::verify(&mut self.printer, &self.app);
        }
        self.settle(effects, now)
    }

    fn answer_shelf(&mut self, line: &str, now: Now) -> Vec<Effect> {
        self.question = Some(Question::Shelf { asked: None });
        let Some(login) = self.app.shelf.login.as_mut() else { return Vec::new() };
        if line.is_empty() {
            self.printer.own(&self.app, "you don't log in");
            let effects = self.key(KeyCode::Esc, now);
            return self.settle(effects, now);
        }
        if login.at_password {
            login.secret.push(line);
        } else {
            login.user.set(text::line(line.trim(), 200));
        }
        let effects = self.key(KeyCode::Enter, now);
        self.settle(effects, now)
    }

    /// The user has nothing more to say: what is under way is waited for, then it is left.
    fn end_of_input(&mut self, now: Now) -> Vec<Effect> {
        self.over = true;
        let mut effects = Vec::new();
        self.give_login_up(&mut effects);
        self.question = None;
        effects.append(&mut self.uncover(now));
        let rest = std::mem::take(&mut self.begun);
        if !rest.is_empty() {
            effects.append(&mut self.submit(&rest, now));
        }
        let begun = self.app.standing.seat.is_some() || self.owed.waiting() > 0;
        if begun && self.owed.is_any(&self.app) {
            let text = "end of the input: leaving once what you said and sent is through (Ctrl-C \
                        leaves now)";
            self.printer.own(&self.app, text);
        }
        self.settle(effects, now)
    }

    /// What follows from a change: what would cover the screen is printed.
    fn settle(&mut self, mut effects: Vec<Effect>, now: Now) -> Vec<Effect> {
        self.tell_notice();
        if self.over {
            self.give_login_up(&mut effects);
        }
        for _ in 0..MOST_COVERS {
            let Some(overlay) = self.app.overlay else { break };
            let mut more = match (overlay, self.question) {
                (Overlay::Verify, Some(Question::Verify)) => break,
                (Overlay::Shelf, Some(Question::Shelf { asked })) => {
                    if !self.shelf_is_told(asked) {
                        break;
                    }
                    self.key(KeyCode::Esc, now)
                }
                (Overlay::Shelf, _) if self.over => self.key(KeyCode::Esc, now),
                // It came up by itself, and isn't to take a line that was meant for the peer.
                (Overlay::Shelf, _) => {
                    self.printer.own(&self.app, "the shelf asks who you are: /shelf to log in");
                    self.key(KeyCode::F(3), now)
                }
                (Overlay::Verify, _) => {
                    let name = self.app.standing.peer_in_words();
                    let text = format!("{name} compares the words of the seal: /verify");
                    self.printer.own(&self.app, &text);
                    self.key(KeyCode::Esc, now)
                }
                _ => {
                    texts::cover(&mut self.printer, &self.app, overlay);
                    // Else the key would only lead out of what was looked for in the help.
                    self.app.topic.query.clear();
                    self.key(KeyCode::Esc, now)
                }
            };
            effects.append(&mut more);
        }
        let is_asked = matches!(
            (self.app.overlay, self.question),
            (Some(Overlay::Verify), Some(Question::Verify))
                | (Some(Overlay::Shelf), Some(Question::Shelf { .. }))
        );
        if !is_asked {
            self.question = None;
        }
        self.tell_notice();
        self.owed.ask(&effects, &self.app);
        self.leave_if_through(&mut effects);
        self.printer.look(&self.app);
        effects
    }

    /// Leaves, if that is what the end of the input waits for.
    fn leave_if_through(&mut self, effects: &mut Vec<Effect>) {
        if self.over && !self.owed.is_any(&self.app) {
            self.app.leave_once_heard(effects);
        }
    }

    /// Nobody is there any more who could log in, so what waits for that isn't done.
    fn give_login_up(&mut self, effects: &mut Vec<Effect>) {
        let Some(login) = self.app.shelf.login.as_ref().filter(|login| !login.sent) else { return };
        let is_told = matches!(self.question, Some(Question::Shelf { asked: Some(_) }));
        if let Some(wrong) = login.wrong.as_ref().filter(|_| !is_told) {
            self.printer.own(&self.app, wrong);
        }
        let text = "the shelf asks who you are, and there is no more input to say so";
        self.printer.own(&self.app, text);
        self.app.give_login_up(effects);
    }

    /// Prints what is known of the shelf, or asks; says whether nothing more is awaited of it.
    fn shelf_is_told(&mut self, asked: Option<bool>) -> bool {
        let Some(login) = &self.app.shelf.login else {
            return texts::shelf(&mut self.printer, &self.app);
        };
        if !login.sent && asked != Some(login.at_password) {
            self.question = Some(Question::Shelf { asked: Some(login.at_password) });
            texts::login(&mut self.printer, &self.app, login);
        }
        false
    }

    /// Prints the sentence about the last line.
    fn tell_notice(&mut self) {
        if let Some(notice) = self.app.notice.take() {
            self.printer.own(&self.app, &notice);
        }
    }

    /// Takes away what covers the conversation, without a word.
    fn uncover(&mut self, now: Now) -> Vec<Effect> {
        let mut effects = Vec::new();
        for _ in 0..MOST_COVERS {
            if self.app.overlay.is_none() {
                break;
            }
            effects.append(&mut self.key(KeyCode::Esc, now));
        }
        effects
    }

    fn key(&mut self, code: KeyCode, now: Now) -> Vec<Effect> {
        self.app.update(Input::Key(KeyEvent::new(code, KeyModifiers::NONE)), now)
    }

    /// What was begun and not entered.
    fn draft(&self) -> &str {
        &self.begun
    }
}

#[cfg(test)]
mod tests;
