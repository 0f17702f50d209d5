//! The question for a code, line by line, as a machine: lines in, an answer or a sentence out.
//!
//! Owns its sentences, and what a line means that isn't a code; what one means that may be is the
//! [`Prompt`]'s.

use super::super::prompt::{Answer, Outcome, Prompt};
use super::super::theme::Theme;
use super::input::Entered;
use couplet::text;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What comes of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// The question is answered.
    Answered(Answer),
    /// Nothing more comes, so no code either.
    NoCode,
    /// It isn't, and this is why.
    Again(String),
}

/// The question.
#[derive(Debug)]
pub(super) struct Asking {
    prompt: Prompt,
}

impl Asking {
    /// By which code to meet at `relay`.
    pub(super) fn new(relay: &str) -> Self {
        Self { prompt: Prompt::new(text::line(relay, 60), Theme::new(false, false)) }
    }

    /// The question in words.
    pub(super) fn question(&self) -> String {
        format!(
            "the code to meet by, such as 7-otter-lamp? new makes one; an empty line meets whoever \
             comes next at {}, and that may be anybody; fin leaves",
            self.prompt.relay
        )
    }

    /// Takes in a line.
    pub(super) fn enter(&mut self, entered: Entered) -> Said {
        let line = match entered {
            Entered::Line(line) => text::line(line.trim(), 200),
            Entered::NotText => return Said::Again("that line isn't UTF-8, so no code".to_owned()),
            Entered::TooLong => return Said::Again("that is longer than any code".to_owned()),
            Entered::TooSoon => return Said::Again("that line isn't taken".to_owned()),
            Entered::End => return Said::NoCode,
        };
        if line == "fin" {
            return Said::Answered(Answer::Leave { ended_by: None });
        }
        self.prompt.editor.set(line);
        match self.prompt.key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)) {
            Outcome::Answered(answer) => Said::Answered(answer),
            Outcome::Asking | Outcome::Redraw | Outcome::Suspend => {
                Said::Again(self.prompt.problem.take().unwrap_or_default())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use couplet::code::Code;
    use zeroize::Zeroizing;

    fn said(line: &str) -> Said {
        Asking::new("relay.lan:3647").enter(Entered::Line(Zeroizing::new(line.to_owned())))
    }

    #[test]
    fn a_line_is_a_code_or_says_what_else_is_wanted() {
        let code = Code::parse("7-otter-lamp").expect("a code");
        assert_eq!(said(" 7 otter lamp\r"), Said::Answered(Answer::Code(code)));
        assert_eq!(said("new"), Said::Answered(Answer::New));
        assert_eq!(said(""), Said::Answered(Answer::Anybody));
        assert_eq!(said(" fin "), Said::Answered(Answer::Leave { ended_by: None }));
    }

    #[test]
    fn what_is_no_code_is_told_and_asked_again() {
        let mut asking = Asking::new("relay.lan:3647");
        let typo = Entered::Line(Zeroizing::new("7-oter-lamp".to_owned()));
        for (entered, says) in [
            (typo, "did you mean otter?"),
            (Entered::NotText, "isn't UTF-8"),
            (Entered::TooLong, "longer than any code"),
        ] {
            let said = asking.enter(entered);
            assert!(matches!(&said, Said::Again(why) if why.contains(says)), "{said:?}");
        }
        let code = Entered::Line(Zeroizing::new("7-otter-lamp".to_owned()));
        assert!(matches!(asking.enter(code), Said::Answered(Answer::Code(_))));
        assert_eq!(asking.enter(Entered::End), Said::NoCode);
    }

    #[test]
    fn the_question_names_the_relay_and_the_ways_out() {
        let question = Asking::new("relay.lan:3647\u{1b}[2J").question();
        assert!(question.contains("relay.lan:3647") && question.contains("fin leaves"));
        assert!(!question.contains('\u{1b}'));
    }
}
