//! What the composer's keys are for: writing, or something else for a moment.
//!
//! Owns the modes and the keys that come in twos; what each mode does has a file of its own.

use super::super::keys::{Action, Place};
use super::pasted::Pasted;
use super::seek::Seek;
use super::{App, Effect};
use std::borrow::Cow;

/// What the composer's keys are for.
#[derive(Debug, Default)]
pub(crate) enum Mode {
    /// To write.
    #[default]
    Write,
    /// The second key of two.
    Chord,
    /// To search what was entered before.
    Seek(Box<Seek>),
    /// To answer whether what was pasted is meant.
    Ask(Pasted),
}

impl Mode {
    /// Where the keys have their meaning.
    pub(super) const fn place(&self) -> Place {
        match self {
            Self::Write => Place::Talk,
            Self::Chord => Place::Chord,
            Self::Seek(_) => Place::Seek,
            Self::Ask(_) => Place::Ask,
        }
    }
}

impl App {
    /// The sentence in the last line: a question that waits for its answer, or a word about the last
    /// key.
    pub(crate) fn sentence(&self) -> Option<Cow<'_, str>> {
        match &self.mode {
            Mode::Ask(pasted) if self.overlay.is_none() => Some(pasted.question().into()),
            Mode::Ask(_) | Mode::Write | Mode::Chord | Mode::Seek(_) => {
                self.notice.as_deref().map(Cow::from)
            }
        }
    }

    /// The composer's title, if it isn't about the message.
    pub(crate) fn mode_title(&self) -> Option<String> {
        match &self.mode {
            Mode::Seek(seek) => Some(seek.title()),
            Mode::Write | Mode::Chord | Mode::Ask(_) => None,
        }
    }

    /// Whether the user is at something else than writing, so that nothing may come up by itself.
    pub(super) const fn is_elsewhere(&self) -> bool {
        !matches!(self.mode, Mode::Write) || self.handed_out.is_some()
    }

    /// What stands in the composer, or will again when a search ends.
    pub(crate) fn draft(&self) -> &str {
        match &self.mode {
            Mode::Seek(seek) => seek.before(),
            Mode::Write | Mode::Chord | Mode::Ask(_) => self.editor.text(),
        }
    }

    pub(super) fn begin_chord(&mut self) {
        self.mode = Mode::Chord;
        self.notice = Some("Ctrl-X, then Ctrl-E: your own editor; Ctrl-U: undo".to_owned());
    }

    pub(super) fn chord_key(&mut self, action: Option<Action>, effects: &mut Vec<Effect>) {
        self.mode = Mode::Write;
        match action {
            Some(Action::Edit(edit)) => self.edit(edit),
            Some(Action::Outside) => self.edit_outside(effects),
            Some(Action::Escape) => {}
            _ => self.notice = Some("that means nothing after Ctrl-X; F1 has all keys".to_owned()),
        }
    }
}
