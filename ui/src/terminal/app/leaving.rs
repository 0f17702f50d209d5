//! Leaving in order, and without order if that takes too long.
//!
//! Owns the limits; what the session does about it is the engine's.

use super::{App, Effect};
use crate::engine::Command;
use couplet::session::{Ending, LEAVING_LIMIT};
use std::time::Duration;

/// How long the engine may take to leave in order when the user asks for it.
pub(super) const LEAVE_LIMIT: Duration = Duration::from_secs(3);
/// The same when the terminal is going away.
pub(super) const HANGUP_LIMIT: Duration = Duration::from_secs(1);
/// The same when the peer is to hear all first: the session takes no longer than that itself.
const PATIENCE: Duration = LEAVING_LIMIT.saturating_add(Duration::from_secs(1));

impl App {
    /// Whether the user has asked to leave.
    pub(crate) const fn is_leaving(&self) -> bool {
        self.leave_by.is_some()
    }

    /// Asks the engine to leave, within `limit`.
    pub(super) fn leave(&mut self, limit: Duration, effects: &mut Vec<Effect>) {
        if self.leave_by.is_some() && !std::mem::take(&mut self.leaves_patiently) {
            // Asked twice: the user doesn't want to wait for the relay, nor to go on elsewhere.
            self.next = None;
            effects.push(Effect::Quit(Ending::Fin));
            return;
        }
        self.leave_by = Some(self.now.moment + limit);
        self.notice = Some("leaving".to_owned());
        effects.push(Effect::Engine(Command::Fin));
    }

    /// Asks the engine to leave as soon as the peer has heard all that it must, such as how the last
    /// transfer went.
    pub(crate) fn leave_once_heard(&mut self, effects: &mut Vec<Effect>) {
        if !self.is_leaving() {
            self.leave_by = Some(self.now.moment + PATIENCE);
            self.leaves_patiently = true;
            effects.push(Effect::Engine(Command::Leave));
        }
    }
}
