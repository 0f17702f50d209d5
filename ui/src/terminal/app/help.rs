//! The help: how far it is scrolled, and what is looked for in it.
//!
//! Owns its keys; what it says is in [`super::super::view`].

use super::super::editor::Edit;
use super::super::keys::Action;
use super::lists::row_after;
use super::{App, Effect, Overlay};
use unicode_segmentation::UnicodeSegmentation;

/// The longest text that can be looked for, in columns.
const MOST_SOUGHT: usize = 60;

/// What is looked for in the help.
#[derive(Debug, Default)]
pub(crate) struct Topic {
    /// Only what has this in it is shown; all, if it is empty.
    pub(crate) query: String,
    /// Whether it is being typed.
    pub(crate) typing: bool,
}

impl App {
    /// Opens the help, on one topic only or on all.
    pub(super) fn open_help(&mut self, query: &str) {
        self.topic = Topic { query: couplet::text::line(query, MOST_SOUGHT), typing: false };
        self.go_to(Overlay::Help { top: 0 });
    }

    pub(super) fn help_key(&mut self, action: Option<Action>, effects: &mut Vec<Effect>) {
        let Some(Overlay::Help { top }) = self.overlay else { return };
        let page = self.drawn.list_rows.saturating_sub(1).max(1);
        if let Some(top) = row_after(action, top, page, self.drawn.help_end) {
            self.overlay = Some(Overlay::Help { top });
            return;
        }
        match action {
            Some(Action::Find) => self.topic.typing = true,
            // Out of what was looked for first, then out of the help.
            Some(Action::Escape) if !self.topic.query.is_empty() => self.look_up(""),
            Some(Action::Escape) => self.go_back(),
            other => self.anywhere(other, effects),
        }
    }

    /// A key while a topic is typed.
    pub(super) fn topic_key(
        &mut self,
        action: Option<Action>,
        typed: Option<char>,
        effects: &mut Vec<Effect>,
    ) {
        match (action, typed) {
            (Some(Action::Submit), _) => self.topic.typing = false,
            (Some(Action::Escape), _) => {
                self.topic.typing = false;
                self.look_up("");
            }
            (Some(Action::Edit(Edit::KillToStart)), _) => self.look_up(""),
            (Some(Action::Edit(_)), _) => {
                let mut query = std::mem::take(&mut self.topic.query);
                let last = query.grapheme_indices(true).next_back().map_or(0, |(at, _)| at);
                query.truncate(last);
                self.look_up(&query);
            }
            (None, Some(character)) => {
                let mut query = std::mem::take(&mut self.topic.query);
                query.push(character);
                self.look_up(&query);
            }
            (action, _) => self.help_key(action, effects),
        }
    }

    /// Text that was pasted while a topic is typed.
    pub(super) fn paste_to_topic(&mut self, pasted: &str) {
        if self.topic.typing {
            let query = std::mem::take(&mut self.topic.query);
            self.look_up(&(query + pasted));
        }
    }

    fn look_up(&mut self, query: &str) {
        // A space at the end is a word that has yet to be typed.
        let open = query.ends_with(' ');
        self.topic.query = couplet::text::line(query, MOST_SOUGHT);
        if open && !self.topic.query.is_empty() && !self.topic.query.ends_with(' ') {
            self.topic.query.push(' ');
        }
        self.overlay = Some(Overlay::Help { top: 0 });
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::scenes;
    use super::*;

    #[test]
    fn what_is_looked_for_is_all_that_is_shown() {
        let mut stage = scenes::your_turn_empty();
        stage.write("/help decline").keys("Enter");
        let seen = |stage: &mut crate::terminal::stage::Stage| {
            let buffer = stage.draw(80, 24);
            buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect::<String>()
        };
        let help = seen(&mut stage);
        assert!(help.contains("/decline [N]") && help.contains("Alt-D"), "{help}");
        assert!(!help.contains("/pass"), "{help}");
        // Out of the topic, then out of the help.
        stage.keys("Esc");
        assert!(seen(&mut stage).contains("How it goes"));
        stage.keys("Esc");
        assert_eq!(stage.app.overlay, None);
    }

    #[test]
    fn a_topic_is_typed_and_its_letters_are_no_keys() {
        let mut stage = scenes::your_turn_empty();
        stage.keys("F1 /").write("jq k ");
        assert_eq!(stage.app.topic.query, "jq k ");
        stage.keys("Backspace Backspace");
        assert_eq!(stage.app.topic.query, "jq ");
        stage.keys("Ctrl-U").write("clip").keys("Enter");
        assert_eq!((stage.app.topic.query.as_str(), stage.app.topic.typing), ("clip", false));
        stage.keys("Ctrl-F").write("board").keys("Esc");
        assert_eq!((stage.app.topic.query.as_str(), stage.app.topic.typing), ("", false));
        stage.keys("q");
        assert_eq!((stage.app.overlay, stage.app.draft()), (None, ""));
    }

    #[test]
    fn a_topic_is_bounded_whatever_is_pasted() {
        let mut stage = scenes::your_turn_empty();
        stage.keys("F1 /");
        stage.give(super::super::Input::Paste("x\u{1b}[31m\r\n".repeat(10_000)));
        assert!(stage.app.topic.query.len() <= MOST_SOUGHT * 4);
        assert!(!stage.app.topic.query.contains(char::is_control));
    }
}
