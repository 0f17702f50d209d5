//! Keys in the conversation and its composer.
//!
//! Owns editing, history, scrolling, leaving by Ctrl-C, and telling the peer that the user writes.

use super::super::commands::{self, Line};
use super::super::editor::Edit;
use super::super::keys::Action;
use super::super::picker::Purpose;
use super::leaving::LEAVE_LIMIT;
use super::{App, Effect};
use crate::engine::Command;
use couplet::limits::MAX_MESSAGE_BYTES;
use couplet::units;
use std::path::Path;
use std::time::Duration;

/// How long after the last key the peer is still told that the user writes.
const WRITING_FOR: Duration = Duration::from_secs(5);
/// What the composer takes at most. Twice a message, so that one that is too long can be cut down.
pub(crate) const MOST_WRITTEN: usize = 2 * MAX_MESSAGE_BYTES;

impl App {
    pub(super) fn talk_key(
        &mut self,
        action: Option<Action>,
        typed: Option<char>,
        was_armed: bool,
        effects: &mut Vec<Effect>,
    ) {
        if self.popup_key(action) {
            return;
        }
        let Some(action) = action else {
            if let Some(character) = typed {
                self.insert(character.encode_utf8(&mut [0; 4]));
            }
            return;
        };
        match action {
            Action::Submit => {
                self.submit(effects);
            }
            Action::Newline => self.insert("\n"),
            Action::Complete => self.complete(effects),
            Action::Interrupt => self.interrupt(was_armed, effects),
            Action::EndOfInput if self.editor.is_empty() => self.interrupt(was_armed, effects),
            Action::TakeBack => self.by_key(Line::Take, effects),
            Action::Pass => self.by_key(Line::Pass, effects),
            Action::Compare => self.by_key(Line::Verify, effects),
            Action::Choose => self.by_key(Line::Pick(Purpose::Send), effects),
            Action::AcceptOldest => self.answer_oldest(true, effects),
            // What readline does with it, as long as there is something to do it with.
            Action::DeclineOldest if !self.editor.is_empty() => self.edit(Edit::KillWordForward),
            Action::DeclineOldest => self.answer_oldest(false, effects),
            Action::LineEndOrNewest if self.editor.is_empty() => self.conversation.go_to_newest(),
            Action::Newest => self.conversation.go_to_newest(),
            Action::PageUp => self.scroll(self.drawn.rows.saturating_sub(2).max(1), true),
            Action::PageDown => self.scroll(self.drawn.rows.saturating_sub(2).max(1), false),
            Action::ScrollUp => self.scroll(1, true),
            Action::ScrollDown => self.scroll(1, false),
            Action::Find => self.begin_find(""),
            Action::Select => self.notice = self.begin_select().err(),
            Action::Up => self.up(),
            Action::Down => self.down(),
            Action::Redraw | Action::Suspend | Action::Help | Action::Transfers | Action::Shelf => {
                self.anywhere(Some(action), effects);
            }
            Action::Edit(edit) => self.edit(edit),
            Action::Prefix => self.begin_chord(),
            Action::Seek => self.begin_seek(),
            Action::EndOfInput => self.edit(Edit::DeleteForward),
            Action::LineEndOrNewest => self.edit(Edit::LineEnd),
            // Keys of the popup and of the lists.
            Action::CompleteBack
            | Action::Escape
            | Action::Accept
            | Action::Decline
            | Action::Cancel
            | Action::PauseOrGoOn
            | Action::First
            | Action::Last
            | Action::Again
            | Action::Newer
            | Action::Outside
            | Action::Hidden
            | Action::Parent
            | Action::Enter
            | Action::Mark
            | Action::Reply
            | Action::Preview
            | Action::Tidy
            | Action::Same
            | Action::Different => {}
        }
    }

    /// Puts words that were taken back before what is being written.
    pub(super) fn take_up(&mut self, text: String) {
        self.end_seek();
        let rest = self.editor.text();
        self.editor.set(if rest.is_empty() { text } else { format!("{text}\n{rest}") });
        self.history.stay();
        self.popup = None;
    }

    /// Tells the peer when the user starts to write words, and when it stops.
    pub(super) fn tell_writing(&mut self, effects: &mut Vec<Effect>) {
        let text = self.draft();
        let is_command = text.starts_with('/') && !text.starts_with("//");
        let writes = !text.trim().is_empty() && !is_command;
        let told = self.writing_until.is_some();
        self.writing_until = writes.then(|| self.now.moment + WRITING_FOR);
        if writes != told {
            effects.push(Effect::Engine(Command::Typing(writes)));
        }
    }

    pub(super) fn home(&self) -> Option<&Path> {
        self.setting.home.as_deref()
    }

    pub(super) fn insert(&mut self, text: &str) {
        if self.editor.text().len() + text.len() > MOST_WRITTEN {
            self.notice = Some(format!(
                "a message has at most {}; make it shorter, or send it as a file: /send PATH",
                units::bytes(MAX_MESSAGE_BYTES as u64),
            ));
            return;
        }
        self.editor.insert(text);
        self.history.stay();
    }

    pub(super) fn edit(&mut self, edit: Edit) {
        let editor = &mut self.editor;
        let before = editor.text().to_owned();
        editor.apply(edit);
        // There may be no room for it.
        if editor.text().len() > MOST_WRITTEN.max(before.len()) {
            editor.undo();
        }
        if editor.text() != before {
            self.history.stay();
        }
    }

    fn up(&mut self) {
        if !self.editor.up(self.drawn.composer_columns.max(1))
            && let Some(line) = self.history.older(self.editor.text())
        {
            self.editor.set(line);
        }
    }

    fn down(&mut self) {
        if !self.editor.down(self.drawn.composer_columns.max(1))
            && let Some(line) = self.history.newer()
        {
            self.editor.set(line);
        }
    }

    pub(super) fn scroll(&mut self, rows: usize, up: bool) {
        let Some(columns) = self.drawn.columns else { return };
        if up {
            self.conversation.scroll_up(rows, columns, self.drawn.rows);
        } else {
            self.conversation.scroll_down(rows, columns);
        }
    }

    fn interrupt(&mut self, was_armed: bool, effects: &mut Vec<Effect>) {
        if !self.editor.is_empty() {
            let text = self.editor.take();
            self.history.remember(&text);
            let kept = !commands::has_code(&text);
            let said = if kept { "cleared; Up brings it back" } else { "cleared" };
            self.notice = Some(said.to_owned());
        } else if was_armed || self.is_leaving() {
            self.leave(LEAVE_LIMIT, effects);
        } else {
            self.armed = Some(self.now.moment);
            self.notice = Some("Ctrl-C again leaves (or type fin)".to_owned());
        }
    }
}
