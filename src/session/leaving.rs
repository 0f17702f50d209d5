//! Leaving for good: at once, or as soon as the peer has heard what it must.

use super::{Ending, Session};
use crate::message::ClientControl;
use crate::time::Moment;
use std::time::Duration;

/// How long the relay may take to answer a `fin` before the client leaves anyway.
pub(super) const FIN_LIMIT: Duration = Duration::from_secs(2);

/// How long a client that leaves waits for its peer to hear what it must.
pub(super) const LEAVE_LIMIT: Duration = Duration::from_secs(10);

/// How long a session takes at most to leave, in either way.
pub const LEAVING_LIMIT: Duration = LEAVE_LIMIT.saturating_add(FIN_LIMIT);

impl Session {
    /// Leaves for good, in either role. The session is over when the relay has answered, or soon
    /// after if it doesn't.
    pub fn fin(&mut self, now: Moment) {
        if self.over || self.fin_by.is_some() {
            return;
        }
        if self.link.is_online() {
            self.fin_by = Some(now + FIN_LIMIT);
            self.control(ClientControl::Fin);
        } else {
            self.end(Ending::Fin);
        }
    }

    /// Leaves as [`fin`](Self::fin) does, as soon as the peer has acknowledged all that it must hear:
    /// how a transfer ended, above all. It is waited for some seconds, even if it is away.
    pub fn leave(&mut self, now: Moment) {
        if self.leave_by.is_none() && self.fin_by.is_none() {
            self.leave_by = Some(now + LEAVE_LIMIT);
            self.leave_if_heard(now);
        }
    }

    pub(super) fn leave_if_heard(&mut self, now: Moment) {
        if self.leave_by.is_some() && self.signals.all_are_heard() {
            self.leave_by = None;
            self.fin(now);
        }
    }
}
