//! How long is waited for a peer to say again what may not have come, before anything is said to it.
//!
//! Owns that this wait has an end. A client that keeps to the protocol is through in an instant; one
//! that doesn't, or whose relay leaves something out, must not silence the other for ever.

use super::{Event, Session};
use crate::limits;
use crate::time::Moment;

/// A wait for the peer, if there is one.
#[derive(Debug, Default)]
pub(super) struct CatchingUp {
    /// When it is over, and how far the peer had been heard when that was set.
    by: Option<(Moment, u64)>,
    /// Whether it took too long and isn't minded any more.
    overdue: bool,
}

impl CatchingUp {
    /// When [`Session::time_out_catching_up`] must be called.
    pub(super) fn timeout(&self) -> Option<Moment> {
        self.by.map(|(by, _)| by)
    }

    /// Whether the peer has taken too long.
    pub(super) const fn is_overdue(&self) -> bool {
        self.overdue
    }

    /// Sets the limit when a wait begins and whenever something has been heard in it, as a slow
    /// connection takes its time.
    fn follow(&mut self, waits: bool, heard: u64, now: Moment) {
        if !waits {
            *self = Self::default();
        } else if !self.overdue && self.by.is_none_or(|(_, before)| before != heard) {
            self.by = Some((now + limits::CATCH_UP_LIMIT, heard));
        }
    }
}

impl Session {
    /// Notices when a wait for the peer begins and ends. Only while it is there: that somebody is
    /// away the user sees.
    pub(super) fn follow_catching_up(&mut self, now: Moment) {
        let waits = self.is_paired() && self.is_catching_up();
        self.catching_up.follow(waits, self.words.heard, now);
    }

    /// Whether the peer has yet to say again what may not have come, or to take what was said before
    /// it came.
    pub(super) fn is_catching_up(&self) -> bool {
        self.words.is_behind() || self.signals.is_handing_over()
    }

    /// Goes on without what the peer doesn't say again.
    pub(super) fn time_out_catching_up(&mut self, now: Moment) {
        let due = |(by, _): &mut (Moment, u64)| *by <= now;
        if self.catching_up.by.take_if(due).is_none() {
            return;
        }
        self.catching_up.overdue = true;
        self.words.stop_catching_up();
        let text = "your peer's program hasn't said where your conversation stands, though it is \
                    there; it goes on, and something may be missing: ask your peer what came last";
        self.events.push_back(Event::Trouble(text.to_owned()));
        self.hear_early_words();
        self.say_next();
    }
}
