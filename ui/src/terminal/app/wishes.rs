//! What a page in a browser wants, which has buttons and fields where a screen has keys.
//!
//! Owns nothing but the way in: each wish ends in what a key or a command does.

use super::super::commands::Line;
use super::super::picker::Purpose;
use super::super::shelf::Login;
use super::{App, Effect, MOST_WRITTEN, Overlay};
use crate::engine::Command;
use couplet::session::{DraftId, Verdict};
use couplet::shelf::message::Password;
use couplet::shelf::name::ShelfName;
use couplet::text;
use couplet::transfer::book::TransferId;
use std::path::PathBuf;

/// What a page wants.
#[derive(Debug, Clone)]
pub(crate) enum Wish {
    /// This stands in the composer now.
    Compose(String),
    /// Words, or a command. What stands in the composer is the beginning of it, or somebody else's, and
    /// stays.
    Say(String),
    /// What a command would do; the composer keeps what stands in it.
    Do(Line),
    /// A verdict on the verification words, which were in sight.
    Verdict(Verdict),
    /// None on them now: they are put away.
    Later,
    /// This held message goes back into the composer.
    TakeBack(DraftId),
    /// The user looks at the shelf, or no longer.
    Shelf(bool),
    /// Only what matches this is listed of it.
    Search(String),
    /// The user is this account at the shelf.
    LogIn {
        /// Its name.
        user: String,
        /// Its password.
        password: Password,
    },
    /// The user is nobody there any more.
    LogOut,
    /// Fetch these.
    Get(Vec<ShelfName>),
    /// Lay these down.
    Put(Vec<PathBuf>),
}

/// What a line was to show; a page shows it in its own way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sight {
    /// The help: what it says of these words, or all.
    Help(String),
    /// All transfers.
    Transfers,
    /// All that is known of this one.
    Transfer(TransferId),
    /// Files to choose from, to be sent.
    Files,
    /// The relay's shelf.
    Shelf,
    /// The verification words.
    Words,
}

impl App {
    /// What the last line was to show, once.
    pub(crate) const fn take_sight(&mut self) -> Option<Sight> {
        self.sight.take()
    }

    /// Does what a page wants.
    pub(super) fn wish(&mut self, wish: Wish, effects: &mut Vec<Effect>) {
        self.last_key = self.now.moment;
        self.notice = None;
        match wish {
            Wish::Compose(text) => self.editor.set(text::message(&text, MOST_WRITTEN)),
            Wish::Say(text) => {
                let covers = (self.overlay.take(), std::mem::take(&mut self.below));
                let text = text::message(&text, MOST_WRITTEN);
                let other = Some(self.draft().to_owned()).filter(|draft| !text.starts_with(draft));
                self.editor.set(&text);
                if !self.submit(effects) {
                    // A page has nothing to bring it back from.
                    self.editor.set(text);
                }
                if let Some(other) = other {
                    let all = [self.draft(), &other].join("\n");
                    self.editor.set(all.trim_start());
                }
                self.see_instead(covers);
            }
            Wish::Do(line) => self.by_key(line, effects),
            Wish::Verdict(verdict) => {
                if self.overlay == Some(Overlay::Verify) {
                    self.take_away(Overlay::Verify);
                    effects.push(Effect::Engine(Command::Verify(verdict)));
                }
            }
            Wish::Later => self.take_away(Overlay::Verify),
            Wish::TakeBack(draft) => {
                if self.held.iter().any(|held| held.draft == draft) {
                    effects.push(Effect::Engine(Command::TakeBack(Some(draft))));
                }
            }
            Wish::Shelf(true) if self.overlay == Some(Overlay::Shelf) => self.look_again(effects),
            Wish::Shelf(true) => self.open_shelf(effects),
            Wish::Shelf(false) => self.take_away(Overlay::Shelf),
            Wish::Search(pattern) => self.search_for(&pattern),
            Wish::LogIn { user, password } => self.log_in_as(&user, &password.0, effects),
            Wish::LogOut => self.log_out(effects),
            Wish::Get(names) => {
                for name in names {
                    if let Err(sentence) = self.get(name, effects) {
                        self.notice = Some(sentence);
                    }
                }
            }
            Wish::Put(paths) => self.put(paths, effects),
        }
        self.notice = self.notice.take().map(|notice| self.setting.face.reworded(notice));
        self.uncover();
        self.tell_writing(effects);
    }

    /// Notes what a line was to show, over what covered the conversation before.
    fn see_instead(&mut self, covers: (Option<Overlay>, Vec<Overlay>)) {
        let sought = std::mem::take(&mut self.topic.query);
        self.sight = self.overlay.and_then(|overlay| match overlay {
            Overlay::Help { .. } => Some(Sight::Help(sought)),
            Overlay::Transfers { .. } => Some(Sight::Transfers),
            Overlay::Details { id, .. } => Some(Sight::Transfer(id)),
            Overlay::Verify => Some(Sight::Words),
            Overlay::Shelf => Some(Sight::Shelf),
            Overlay::Pick => Some(match self.picker.as_ref().map(|picker| picker.purpose) {
                Some(Purpose::Put) => Sight::Shelf,
                Some(Purpose::Send) | None => Sight::Files,
            }),
            // Their commands are for terminals.
            Overlay::Find | Overlay::Select | Overlay::Preview { .. } => None,
        });
        match (self.overlay, covers) {
            (Some(now @ (Overlay::Verify | Overlay::Shelf)), (Some(before), _))
                if now != before =>
            {
                self.below = vec![before];
            }
            (Some(Overlay::Verify | Overlay::Shelf), _) => {}
            (_, covers) => (self.overlay, self.below) = covers,
        }
    }

    /// What a page shows otherwise covers nothing of it.
    fn uncover(&mut self) {
        while let Some(overlay) = self.overlay
            && !matches!(overlay, Overlay::Verify | Overlay::Shelf)
        {
            self.topic.query.clear();
            self.go_back();
        }
        self.picker = None;
        self.popup = None;
    }

    fn log_in_as(&mut self, user: &str, password: &str, effects: &mut Vec<Effect>) {
        if self.shelf.login.as_ref().is_some_and(|login| login.sent) {
            self.notice = Some("the relay is looking at a login already".to_owned());
            return;
        }
        let instead = self.shelf.login.is_none() || self.shelf.inside.is_some();
        let mut login = Login::of(Some(text::line(user.trim(), 200)));
        login.secret.push(password);
        self.shelf.login = Some(Login { instead, ..login });
        self.log_in(effects);
    }

    fn log_out(&mut self, effects: &mut Vec<Effect>) {
        self.shelf.environment.password = None;
        (self.shelf.named, self.shelf.user) = (None, None);
        self.leave_shelf(effects);
        self.shelf.files.clear();
        if self.overlay == Some(Overlay::Shelf) {
            // What anybody may see of it, or who one is.
            self.look_again(effects);
        }
    }
}
