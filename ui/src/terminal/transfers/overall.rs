//! Everything that moves or is about to, as one.
//!
//! Owns the figures under the lists: how much is across of what has a size, how fast, and how long
//! it still takes.

use super::{Stage, Transfers};
use couplet::units;
use std::time::Duration;

/// All that move or are about to, as one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Overall {
    /// How many move.
    pub(crate) moving: usize,
    /// How many have been accepted and stand still.
    pub(crate) waiting: usize,
    /// Bytes that are across, of those whose size is known.
    pub(crate) done: u64,
    /// Bytes in all of these.
    pub(crate) size: u64,
    /// Bytes per second.
    pub(crate) rate: Option<u64>,
    /// Time to the end.
    pub(crate) remaining: Option<Duration>,
}

impl Overall {
    /// How much is across, in whole percent, if that can be told.
    pub(crate) fn percent(&self) -> Option<u64> {
        (self.size > 0).then(|| units::percent(self.done, self.size))
    }
}

impl Transfers {
    /// Everything that moves or is about to, as one.
    pub(crate) fn overall(&self) -> Overall {
        let mut all = Overall::default();
        // Of those whose size is known.
        let mut known_rate = 0_u64;
        for known in &self.list {
            let stage = known.stage();
            all.moving += usize::from(matches!(stage, Stage::Moving | Stage::Checking));
            let waits = matches!(stage, Stage::Held | Stage::Interrupted | Stage::Queued);
            all.waiting += usize::from(waits);
            if let Some(rate) = known.rate() {
                all.rate = Some(all.rate.unwrap_or(0).saturating_add(rate));
            }
            let goes_on = matches!(
                stage,
                Stage::Moving | Stage::Checking | Stage::Interrupted | Stage::Queued
            );
            if let Some(size) = known.size().filter(|_| goes_on) {
                all.done = all.done.saturating_add(known.done());
                all.size = all.size.saturating_add(size);
                known_rate = known_rate.saturating_add(known.rate().unwrap_or(0));
            }
        }
        all.remaining = (known_rate > 0)
            .then(|| Duration::from_secs(all.size.saturating_sub(all.done).div_ceil(known_rate)));
        all
    }
}
