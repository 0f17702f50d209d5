//! How often pages are told of something that changes all the time.
//!
//! Owns the time at which it may be told again. What changes after some quiet is told at once; what
//! changes again soon after waits, and only its last state is told. No clock.

use couplet::time::Moment;
use std::time::Duration;

/// The pace at which one thing is told.
#[derive(Debug, Default)]
pub(super) struct Pace {
    again_at: Option<Moment>,
    waits: bool,
}

impl Pace {
    /// It may have changed: whether it is to be looked at now. If not, it is once the time has come.
    pub(super) fn is_due(&mut self, now: Moment) -> bool {
        self.waits = self.again_at.is_some_and(|at| now < at);
        !self.waits
    }

    /// It was told, and isn't for so long.
    pub(super) fn rest(&mut self, now: Moment, span: Duration) {
        self.again_at = Some(now + span);
    }

    /// It is as it was told.
    pub(super) const fn forget(&mut self) {
        self.waits = false;
    }

    /// When it is to be looked at though nothing happens.
    pub(super) fn wake_at(&self) -> Option<Moment> {
        self.again_at.filter(|_| self.waits)
    }
}
