//! Calls for a user who is elsewhere: the bell, what the desktop shows, the title.
//!
//! Owns what calls and what is said. A message is never said there, at most who it is from and what a
//! file is called: who shows it, and who keeps it, isn't known.

use super::{App, Effect};
use couplet::session::Peer;
use couplet::time::Moment;
use std::time::Duration;

/// What the user wants to be called by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Calls {
    /// The bell.
    pub(crate) bell: bool,
    /// What the desktop shows.
    pub(crate) notice: bool,
    /// The terminal's title.
    pub(crate) title: bool,
}

impl Default for Calls {
    fn default() -> Self {
        Self { bell: true, notice: true, title: true }
    }
}

/// At most so many calls in this time, whatever the peer does.
const MOST_CALLS: usize = 4;
const IN_TIME: Duration = Duration::from_secs(4);

/// A message passes the turn, too; one call is enough for both.
const SAME_NEWS: Duration = Duration::from_secs(2);

/// What has been called lately.
#[derive(Debug, Default)]
pub(super) struct Calling {
    /// When the last calls were, the newest last.
    last: [Option<Moment>; MOST_CALLS],
    /// What came while the user was away.
    unread: usize,
    /// What the title says.
    title: String,
}

impl App {
    /// Calls for the user, if it is away, and says why.
    pub(super) fn call(&mut self, why: impl FnOnce(&Self) -> String, effects: &mut Vec<Effect>) {
        if !self.is_away() {
            return;
        }
        let now = self.now.moment;
        if self.calling.last[0].is_some_and(|moment| now.since(moment) < IN_TIME) {
            return;
        }
        self.calling.last.rotate_left(1);
        self.calling.last[MOST_CALLS - 1] = Some(now);
        if self.setting.calls.bell {
            effects.push(Effect::Bell);
        }
        if self.setting.calls.notice {
            effects.push(Effect::Notice(why(self)));
        }
    }

    /// Somebody has said something.
    pub(super) fn call_for_words(&mut self, effects: &mut Vec<Effect>) {
        self.calling.unread += 1;
        self.call(|app| format!("{} has written to you", app.standing.peer_in_words()), effects);
    }

    /// It has become the user's turn.
    pub(super) fn call_for_turn(&mut self, effects: &mut Vec<Effect>) {
        let newest = self.calling.last[MOST_CALLS - 1];
        let told = newest.is_some_and(|moment| self.now.moment.since(moment) < SAME_NEWS);
        if !told && self.standing.peer == Some(Peer::Present) {
            self.call(|_| "it is your turn".to_owned(), effects);
        }
    }

    /// Lets the title say how it is now.
    pub(super) fn retitle(&mut self, effects: &mut Vec<Effect>) {
        if self.attends() && !self.is_away() {
            self.calling.unread = 0;
        }
        if !self.setting.calls.title {
            return;
        }
        let title = self.title();
        if title != self.calling.title {
            self.calling.title.clone_from(&title);
            effects.push(Effect::Title(title));
        }
    }

    fn title(&self) -> String {
        let standing = &self.standing;
        let unread = match self.calling.unread {
            0 => String::new(),
            unread => format!("({unread}) "),
        };
        let how = match standing.peer {
            _ if !standing.is_online() => {
                if standing.is_reconnecting() { "reconnecting" } else { "connecting" }.to_owned()
            }
            None | Some(Peer::Waiting) => "waiting".to_owned(),
            Some(Peer::Gone) => format!("{} is gone", standing.peer_in_words()),
            Some(Peer::Silent { .. }) => format!("{} is silent", standing.peer_in_words()),
            Some(Peer::Present) if standing.has_turn() => {
                format!("{}, your turn", standing.peer_label())
            }
            Some(Peer::Present) => standing.peer_label().to_string(),
        };
        format!("{unread}couplet: {how}")
    }
}

#[cfg(test)]
#[path = "calls_tests.rs"]
mod tests;
