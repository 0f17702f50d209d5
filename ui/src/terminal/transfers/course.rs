//! What a transfer has been through: when it was offered, began and ended, and what it went on from.
//!
//! Owns the reckoning of its average, which counts neither bytes that were there before nor time in
//! which it was held up or cut.

use super::super::clock::WallTime;
use couplet::time::Moment;
use couplet::transfer::tree::Hash;
use std::time::Duration;

/// The shortest time that makes an average worth telling.
const SHORTEST: Duration = Duration::from_millis(100);

/// The course of one transfer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Course {
    /// When it was offered.
    pub(crate) offered: WallTime,
    /// When its bytes began to move.
    pub(crate) began: Option<(Moment, WallTime)>,
    /// When it was over.
    pub(crate) ended: Option<(Moment, WallTime)>,
    /// Bytes that were there when it began.
    pub(crate) held: Option<u64>,
    /// The BLAKE3 hash by which it was checked, if it is one file.
    pub(crate) hash: Option<Hash>,
    /// How long it was free to move, until it was held up or cut the last time.
    moved_for: Duration,
}

impl Course {
    /// Something that was offered at this time.
    pub(super) fn new(offered: WallTime) -> Self {
        Self { offered, ..Self::default() }
    }

    /// It was free to move for so long.
    pub(super) fn moved(&mut self, span: Duration) {
        self.moved_for += span;
    }

    /// Bytes a second on average, of `done` that are across, if it has moved for so long `since`.
    pub(super) fn average(&self, done: u64, since: Duration) -> Option<u64> {
        let span = self.moved_for + since;
        let bytes = u128::from(done.saturating_sub(self.held.unwrap_or(0)));
        let is_known = span >= SHORTEST && bytes > 0;
        is_known.then(|| u64::try_from(bytes * 1000 / span.as_millis()).unwrap_or(u64::MAX))
    }

    /// How long it took from its first byte to its end, waiting included.
    pub(crate) fn took(&self) -> Option<Duration> {
        let ((began, _), (ended, _)) = (self.began?, self.ended?);
        Some(ended.since(began))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_counts_what_moved_while_it_could() {
        let mut course = Course { held: Some(400), ..Course::default() };
        assert_eq!(course.average(1000, Duration::ZERO), None, "no time, no speed");
        course.moved(Duration::from_secs(1));
        course.moved(Duration::from_secs(2));
        assert_eq!(course.average(1000, Duration::ZERO), Some(200));
        assert_eq!(course.average(1000, Duration::from_secs(3)), Some(100));
        assert_eq!(course.average(400, Duration::ZERO), None, "nothing has moved");
        assert_eq!(course.took(), None);
    }
}
