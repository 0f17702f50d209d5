//! The screen that asks for a code before there is a session, as a machine: keys in, answer out.
//!
//! Owns what its keys do; how it looks is in [`super::view`].

use super::editor::Editor;
use super::keys::{self, Action, Place};
use super::theme::Theme;
use couplet::code::{self, Code, Words};
use couplet::text;
use crossterm::event::{KeyEvent, KeyEventKind};

/// What the field takes at most, in bytes; a code of the longest words takes half of it.
const MOST_WRITTEN: usize = 120;

/// What the user has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Meet whoever comes next.
    Anybody,
    /// Make a new code.
    New,
    /// Meet by this code.
    Code(Code),
    /// Meet nobody after all.
    Leave {
        /// The exit status that says so, if the program was ended from outside.
        ended_by: Option<u8>,
    },
}

/// What is to be done after a key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Draw, and go on asking.
    Asking,
    /// Draw everything again.
    Redraw,
    /// Give the terminal to the shell until it continues this program.
    Suspend,
    /// There is an answer.
    Answered(Answer),
}

/// A walk through the words that the one being typed may become.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Walk {
    /// The words.
    pub(crate) words: Vec<&'static str>,
    /// The one that is in the field now.
    pub(crate) at: usize,
    start: usize,
}

/// The state of the screen.
#[derive(Debug)]
pub(crate) struct Prompt {
    /// The relay's address, for showing.
    pub(crate) relay: String,
    /// The looks.
    pub(crate) theme: Theme,
    /// The field.
    pub(crate) editor: Editor,
    /// What is wrong with what was entered last.
    pub(crate) problem: Option<String>,
    /// The words to choose from, while Tab goes through them.
    pub(crate) walk: Option<Walk>,
    columns: usize,
}

impl Prompt {
    /// An empty field.
    pub(crate) fn new(relay: String, theme: Theme) -> Self {
        let editor = Editor::default();
        Self { relay, theme, editor, problem: None, walk: None, columns: 1 }
    }

    /// Notes that the field was drawn with room for `columns` columns.
    pub(crate) fn drawn(&mut self, columns: usize) {
        self.columns = columns.max(1);
    }

    /// What would be added to the word before the cursor, and the words that it may become.
    pub(crate) fn completion(&self) -> code::Completion {
        let (head, tail) = self.editor.text().split_at(self.editor.cursor());
        // In the midst of a word there is nothing to add.
        if tail.starts_with(|next: char| next.is_ascii_alphanumeric()) {
            return code::Completion::default();
        }
        code::complete(head)
    }

    /// What Enter would do now, in words; none if it can't be told yet.
    pub(crate) fn prospect(&self) -> Option<String> {
        let text = self.editor.text();
        if let Ok(code) = Code::parse(text) {
            return Some(format!("Enter meets by {code}"));
        }
        asks_for_new(text).then(|| "Enter makes a new code".to_owned())
    }

    /// A key was pressed.
    pub(crate) fn key(&mut self, key: KeyEvent) -> Outcome {
        if key.kind == KeyEventKind::Release {
            return Outcome::Asking;
        }
        let action = keys::action(Place::Talk, key);
        let walk = self.walk.take();
        match (action, keys::typed(key)) {
            (Some(Action::Complete), _) => self.complete(walk, true),
            (Some(Action::CompleteBack), _) => self.complete(walk, false),
            // It closes what is open first.
            (Some(Action::Escape), _) if walk.is_some() => {}
            (Some(Action::Submit), _) => return self.submit(),
            (Some(Action::Escape | Action::Interrupt), _) => {
                return Outcome::Answered(Answer::Leave { ended_by: None });
            }
            (Some(Action::EndOfInput), _) if self.editor.is_empty() => {
                return Outcome::Answered(Answer::Leave { ended_by: None });
            }
            (Some(Action::Redraw), _) => return Outcome::Redraw,
            (Some(Action::Suspend), _) => return Outcome::Suspend,
            (Some(Action::Edit(edit)), _) => {
                self.editor.apply(edit);
                self.problem = None;
            }
            (Some(Action::EndOfInput), _) => self.editor.delete_forward(),
            (Some(Action::LineEndOrNewest), _) => self.editor.line_end(),
            (None, Some(character)) => self.insert(character.encode_utf8(&mut [0; 4])),
            _ => {}
        }
        Outcome::Asking
    }

    /// Text was pasted.
    pub(crate) fn paste(&mut self, pasted: &str) -> Outcome {
        self.walk = None;
        let line = text::line(pasted.trim(), 2 * MOST_WRITTEN);
        self.insert(&line);
        Outcome::Asking
    }

    fn insert(&mut self, text: &str) {
        if self.editor.text().len() + text.len() > MOST_WRITTEN {
            self.problem = Some("that is longer than any code; Ctrl-U clears the line".to_owned());
        } else {
            self.editor.insert(text);
            self.problem = None;
        }
    }

    fn submit(&mut self) -> Outcome {
        let text = self.editor.text();
        if text.trim().is_empty() {
            return Outcome::Answered(Answer::Anybody);
        }
        if asks_for_new(text) {
            return Outcome::Answered(Answer::New);
        }
        match Code::parse(text) {
            Ok(code) => Outcome::Answered(Answer::Code(code)),
            Err(error) => {
                self.problem = Some(error.to_string());
                Outcome::Asking
            }
        }
    }

    fn complete(&mut self, walk: Option<Walk>, onward: bool) {
        self.problem = None;
        let cursor = self.editor.cursor();
        if let Some(mut walk) = walk {
            let step = if onward { 1 } else { walk.words.len() - 1 };
            walk.at = (walk.at + step) % walk.words.len();
            self.editor.replace(walk.start..cursor, walk.words[walk.at]);
            self.walk = Some(walk);
            return;
        }
        let completion = self.completion();
        if let Some(rest) = completion.rest {
            self.editor.insert(rest);
        }
        match completion.candidates.as_slice() {
            [] => {
                let number = self.editor.text().contains(|digit: char| digit.is_ascii_digit());
                let advice =
                    if number { "no word begins so" } else { "type the number of the code first" };
                self.problem = Some(advice.to_owned());
            }
            [_] => {
                // Another word must follow the first one.
                let text = self.editor.text();
                if words_in(text) < Words::FEWEST && self.editor.cursor() == text.len() {
                    self.editor.insert("-");
                }
            }
            several if completion.rest.is_none() => {
                let head = &self.editor.text()[..cursor];
                let letters = head.bytes().rev().take_while(u8::is_ascii_alphabetic).count();
                let walk = Walk { words: several.to_vec(), at: 0, start: cursor - letters };
                self.editor.replace(walk.start..cursor, walk.words[0]);
                self.walk = Some(walk);
            }
            _ => {}
        }
    }
}

/// Whether a new code is asked for instead of one being given.
fn asks_for_new(text: &str) -> bool {
    matches!(text.trim(), "new" | "/new")
}

fn words_in(head: &str) -> usize {
    head.split(|letter: char| !letter.is_ascii_alphabetic()).filter(|word| !word.is_empty()).count()
}

#[cfg(test)]
mod tests {
    use super::super::stage::key_event;
    use super::*;
    use proptest::prelude::*;

    fn prompt() -> Prompt {
        Prompt::new("relay.lan:3647".to_owned(), Theme::new(true, true))
    }

    fn typed(prompt: &mut Prompt, text: &str) {
        for letter in text.chars() {
            let key = KeyEvent::new(
                crossterm::event::KeyCode::Char(letter),
                crossterm::event::KeyModifiers::NONE,
            );
            assert_eq!(prompt.key(key), Outcome::Asking);
        }
    }

    fn pressed(prompt: &mut Prompt, keys: &str) -> Outcome {
        keys.split_whitespace().fold(Outcome::Asking, |_, key| prompt.key(key_event(key)))
    }

    fn code(text: &str) -> Outcome {
        Outcome::Answered(Answer::Code(Code::parse(text).expect("a code")))
    }

    #[test]
    fn a_code_nobody_or_out() {
        let mut asked = prompt();
        typed(&mut asked, "7 Otte lamp");
        assert_eq!(pressed(&mut asked, "Enter"), code("7-otter-lamp"));
        assert_eq!(pressed(&mut prompt(), "Enter"), Outcome::Answered(Answer::Anybody));
        for keys in ["Esc", "Ctrl-C", "Ctrl-D", "a Ctrl-C"] {
            let outcome = pressed(&mut prompt(), keys);
            assert_eq!(outcome, Outcome::Answered(Answer::Leave { ended_by: None }), "{keys}");
        }
        let mut asked = prompt();
        typed(&mut asked, " new");
        assert_eq!(pressed(&mut asked, "Enter"), Outcome::Answered(Answer::New));
    }

    #[test]
    fn mistakes_are_told_in_place_until_the_next_letter() {
        let mut asked = prompt();
        typed(&mut asked, "7-oter-lamp");
        assert_eq!(pressed(&mut asked, "Enter"), Outcome::Asking);
        let problem = asked.problem.clone().expect("a problem");
        assert_eq!(problem, "no code has the word oter; did you mean otter?");
        pressed(&mut asked, "Backspace");
        assert_eq!(asked.problem, None);
        assert_eq!(asked.editor.text(), "7-oter-lam");
    }

    #[test]
    fn tab_completes_as_far_as_it_can_and_then_walks() {
        let mut asked = prompt();
        typed(&mut asked, "7-ott");
        assert_eq!(asked.completion().rest, Some("er"));
        pressed(&mut asked, "Tab");
        assert_eq!(asked.editor.text(), "7-otter-");
        typed(&mut asked, "twi");
        pressed(&mut asked, "Tab");
        assert_eq!(asked.editor.text(), "7-otter-twice");
        pressed(&mut asked, "Tab Tab BackTab");
        assert_eq!(asked.editor.text(), "7-otter-twine");
        assert_eq!(pressed(&mut asked, "Esc"), Outcome::Asking);
        assert_eq!(pressed(&mut asked, "Enter"), code("7-otter-twine"));
        let mut asked = prompt();
        pressed(&mut asked, "Tab");
        assert!(asked.problem.is_some_and(|problem| problem.contains("number")));
    }

    #[test]
    fn a_pasted_code_is_taken_on_one_line() {
        let mut asked = prompt();
        asked.paste("  7-otter-\nlamp\u{1b}[2J\n");
        assert_eq!(pressed(&mut asked, "Enter"), code("7-otter-lamp"));
        asked.paste(&"x".repeat(500));
        assert!(asked.problem.is_some());
    }

    proptest! {
        #[test]
        fn nothing_panics(
            steps in prop::collection::vec(prop_oneof![
                prop::sample::select(vec!["Tab", "BackTab", "Left", "Home", "End", "Backspace",
                    "Delete", "Ctrl-W", "Ctrl-K", "Ctrl-Y", "Ctrl-U", "Alt-B", "Esc", "Enter",
                    "Up", "F1", "7", "o", "t", "s", "-", "é"]).prop_map(str::to_owned),
                "\\PC{0,9}".prop_map(|text| format!("paste {text}")),
            ], 0..60),
        ) {
            let mut asked = prompt();
            for step in steps {
                match step.strip_prefix("paste ") {
                    Some(text) => { asked.paste(text); }
                    None => { asked.key(key_event(&step)); }
                }
                asked.prospect();
                asked.completion();
            }
        }
    }
}
