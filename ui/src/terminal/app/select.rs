//! Choosing messages with the keys, to copy or to answer them.
//!
//! Owns which are chosen. Meanwhile the conversation has the screen to itself and no frames, so that
//! the terminal's own selection with the mouse takes whole lines of it and nothing else.

use super::super::conversation::{Entry, Place, Who};
use super::super::keys::Action;
use super::{App, Effect, Overlay};
use std::fmt::Write as _;
use std::ops::RangeInclusive;

/// What is chosen.
#[derive(Debug)]
pub(crate) struct Select {
    /// The entry that the keys have gone to.
    at: usize,
    /// The other end, if several are chosen.
    mark: Option<usize>,
    /// Where the reader was before.
    before: Place,
}

impl App {
    /// The numbers of the entries that are chosen, while that goes on.
    pub(crate) fn selected(&self) -> Option<RangeInclusive<usize>> {
        let select = self.reading.select.as_ref().filter(|_| self.is_selecting())?;
        let mark = select.mark.unwrap_or(select.at);
        Some(select.at.min(mark)..=select.at.max(mark))
    }

    /// Whether messages are being chosen.
    pub(crate) fn is_selecting(&self) -> bool {
        self.overlay == Some(Overlay::Select)
    }

    /// Begins at the newest words, or whatever there is.
    pub(super) fn begin_select(&mut self) -> Result<(), String> {
        let numbers = self.conversation.numbers();
        let is_said = |number: &usize| {
            let entry = self.conversation.entry(*number);
            entry.is_some_and(|entry| !matches!(entry.who, Who::System(_)))
        };
        let said = numbers.clone().rev().take(1000).find(is_said);
        let Some(at) = said.or_else(|| numbers.end.checked_sub(1)).filter(|_| !numbers.is_empty())
        else {
            return Err("nothing was said yet".to_owned());
        };
        let before = self.conversation.place();
        self.popup = None;
        self.reading.select = Some(Select { at, mark: None, before });
        self.overlay = Some(Overlay::Select);
        self.show_selected();
        Ok(())
    }

    pub(super) fn select_key(&mut self, action: Option<Action>, effects: &mut Vec<Effect>) {
        let Some(select) = &mut self.reading.select else { return };
        let numbers = self.conversation.numbers();
        let last = numbers.end.saturating_sub(1);
        let page = (self.drawn.rows / 2).max(1);
        let to = match action {
            Some(Action::Up | Action::ScrollUp) => select.at.saturating_sub(1),
            Some(Action::Down | Action::ScrollDown) => select.at + 1,
            Some(Action::PageUp) => select.at.saturating_sub(page),
            Some(Action::PageDown) => select.at + page,
            Some(Action::First) => numbers.start,
            Some(Action::Last) => last,
            Some(Action::Mark) => {
                select.mark = if select.mark.is_some() { None } else { Some(select.at) };
                return;
            }
            Some(Action::Submit) => return self.copy_selected(effects),
            Some(Action::Reply) => return self.reply_to_selected(),
            Some(Action::Escape) => {
                self.conversation.go_back(select.before);
                return self.end_select();
            }
            other => return self.anywhere(other, effects),
        };
        if matches!(action, Some(Action::ScrollUp | Action::ScrollDown)) {
            select.mark = select.mark.or(Some(select.at));
        }
        select.at = to.clamp(numbers.start, last);
        self.show_selected();
    }

    fn copy_selected(&mut self, effects: &mut Vec<Effect>) {
        let Some(range) = self.selected() else { return };
        let entries = range.clone().filter_map(|number| self.conversation.entry(number));
        let one = range.start() == range.end();
        let mut text = String::new();
        for entry in entries {
            if one { text.clone_from(&entry.text) } else { write_entry(&mut text, entry) }
        }
        match self.copy(text, effects) {
            Ok(()) => self.end_select(),
            Err(sentence) => self.notice = Some(sentence),
        }
    }

    fn reply_to_selected(&mut self) {
        let Some(select) = &self.reading.select else { return };
        let theirs = self.conversation.entry(select.at);
        match theirs.filter(|entry| matches!(entry.who, Who::Peer(_))) {
            Some(_) if self.standing.is_plain() => {
                self.notice = Some(super::reading::NO_QUOTES.to_owned());
            }
            Some(entry) => {
                let quotation = super::reading::quotation(&entry.text);
                self.end_select();
                self.conversation.go_to_newest();
                self.take_up(quotation);
            }
            None => self.notice = Some("only what your peer said can be answered".to_owned()),
        }
    }

    fn end_select(&mut self) {
        self.overlay = None;
        self.reading.select = None;
    }

    /// Scrolls as far as it takes to see it.
    fn show_selected(&mut self) {
        let (Some(select), Some(columns)) = (&self.reading.select, self.drawn.columns) else {
            return;
        };
        let number = select.at;
        if !self.conversation.begins_in_view(number, columns, self.drawn.rows) {
            self.conversation.go_to(number, 0, columns, self.drawn.rows);
        }
    }
}

/// Who said it and when, and all of it.
fn write_entry(out: &mut String, entry: &Entry) {
    let who = match &entry.who {
        Who::Me => "me: ",
        Who::Peer(name) => &format!("{name}: "),
        Who::System(_) => "* ",
    };
    let _ = write!(out, "{} {who}", entry.time);
    for (at, line) in entry.text.split('\n').enumerate() {
        let indent = if at == 0 { "" } else { "      " };
        let _ = writeln!(out, "{indent}{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::scenes;
    use super::super::super::stage::Stage;
    use super::*;
    use couplet::session::Mark;

    fn copied(stage: &mut Stage) -> Option<String> {
        std::mem::take(&mut stage.effects).into_iter().find_map(|effect| {
            let Effect::Copy(text) = effect else { return None };
            Some(text)
        })
    }

    #[test]
    fn one_message_is_copied_as_it_was_said() {
        let mut stage = scenes::conversation_emi();
        stage.draw(80, 24);
        stage.keys("Alt-S Up Up Up Enter");
        assert_eq!(copied(&mut stage).unwrap(), "the logs please,\n\nand the summary too");
        assert_eq!((stage.app.overlay, stage.app.draft()), (None, "yes, at the usual pl"));
    }

    #[test]
    fn several_are_copied_with_who_said_them() {
        for keys in ["v Up", "Shift-Up", "Shift-Up Shift-Up Shift-Down"] {
            let mut stage = scenes::conversation_emi();
            stage.draw(80, 24);
            stage.keys("Ctrl-U").write("/select").keys("Enter").keys(keys).keys("Enter");
            let text = copied(&mut stage).unwrap();
            assert_eq!(text, "12:04 me: thanks\n12:04 bob: one more thing: see you at 5?\n");
        }
    }

    #[test]
    fn an_answer_quotes_what_was_chosen_and_keeps_what_was_written() {
        let mut stage = scenes::conversation_emi();
        stage.draw(80, 24);
        stage.keys("Alt-S Up Up r");
        assert_eq!(stage.app.draft(), "> ok. offer coming\n\nyes, at the usual pl");
        // One's own words are no question.
        stage.keys("Alt-S Up r");
        assert!(stage.app.notice.as_ref().unwrap().contains("only what your peer said"));
        stage.keys("Esc");
        assert_eq!(stage.app.overlay, None);
    }

    #[test]
    fn what_is_chosen_is_in_view_and_one_comes_back_to_where_one_was() {
        let mut stage = scenes::long_conversation();
        stage.draw(80, 24);
        stage.keys("Alt-S");
        for key in ["PgUp", "Home", "End", "k", "j", "PgDn", "PgUp"] {
            stage.draw(80, 24);
            stage.keys(key);
            stage.draw(80, 24);
            let at = *stage.app.selected().unwrap().start();
            let (columns, rows) = (stage.app.drawn.columns.unwrap(), stage.app.drawn.rows);
            assert!(stage.app.conversation.begins_in_view(at, columns, rows), "{key}");
        }
        stage.keys("Esc");
        assert!(!stage.app.conversation.is_scrolled());
    }

    #[test]
    fn nothing_said_nothing_to_choose() {
        let mut stage = Stage::new();
        stage.keys("Alt-S");
        assert_eq!(stage.app.overlay, None);
        assert_eq!(stage.app.notice.as_deref(), Some("nothing was said yet"));
        stage.said(1, "hi", Mark::Sent).keys("Alt-S Up Down Home End PgUp v r Enter");
        assert_eq!(copied(&mut stage).as_deref(), Some("hi"));
    }
}
