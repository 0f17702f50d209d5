//! The transfers as the face knows them: what the session told, and how they moved.
//!
//! Owns their order on the screen, their recent speeds, and which one a command without a number
//! means. It draws nothing.

use crate::engine::Progress;
use couplet::time::Moment;
use couplet::transfer::book::{Direction, TransferId, TransferInfo, TransferState};
use std::cmp::Reverse;
use std::collections::VecDeque;
use std::time::Duration;

/// Samples of the speed that are kept.
pub(crate) const MOST_SAMPLES: usize = 60;
/// The time between two samples.
const SAMPLE_EVERY: Duration = Duration::from_millis(500);

/// One transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Transfer {
    /// Its number, for commands.
    pub(crate) id: TransferId,
    /// What the session told of it.
    pub(crate) info: TransferInfo,
    /// How it moves.
    pub(crate) progress: Option<Progress>,
    /// Recent speeds, oldest first.
    pub(crate) speeds: VecDeque<u64>,
    stalled_since: Option<Moment>,
    sampled: Option<Moment>,
    /// Rises with every change of any transfer's state.
    change: u64,
}

/// Where a transfer is, as the screen tells it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Waits for the user's answer.
    Answer,
    /// Every byte is across, and is being checked.
    Checking,
    /// Bytes move.
    Moving,
    /// Waits for its pipe.
    Queued,
    /// Waits for the peer's answer.
    Offered,
    /// Over.
    Over,
}

impl Transfer {
    /// Where it is.
    pub(crate) fn stage(&self) -> Stage {
        match (&self.info.state, self.info.direction) {
            (TransferState::Offered, Direction::Incoming) => Stage::Answer,
            (TransferState::Offered, Direction::Outgoing) => Stage::Offered,
            (TransferState::Queued, _) => Stage::Queued,
            (TransferState::Moving, _) if self.progress.is_some() && self.done() >= self.size() => {
                Stage::Checking
            }
            (TransferState::Moving, _) => Stage::Moving,
            (
                TransferState::Verified { .. }
                | TransferState::Declined
                | TransferState::Cancelled { .. }
                | TransferState::Failed { .. }
                | TransferState::Withdrawn,
                _,
            ) => Stage::Over,
        }
    }

    /// Bytes that are across.
    pub(crate) fn done(&self) -> u64 {
        self.progress.map_or(0, |progress| progress.done)
    }

    /// Bytes in all.
    pub(crate) fn size(&self) -> u64 {
        self.progress.map_or(self.info.size, |progress| progress.size)
    }

    /// How long nothing has moved, if that is worth saying.
    pub(crate) fn stalled(&self, now: Moment) -> Option<Duration> {
        let since = self.stalled_since.filter(|_| self.stage() == Stage::Moving)?;
        Some(now.since(since))
    }

    /// Since when nothing has moved.
    pub(crate) const fn stalled_since(&self) -> Option<Moment> {
        self.stalled_since
    }
}

/// All that move, as one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Overall {
    /// How many.
    pub(crate) moving: usize,
    /// Bytes that are across.
    pub(crate) done: u64,
    /// Bytes in all.
    pub(crate) size: u64,
    /// Bytes per second.
    pub(crate) rate: Option<u64>,
    /// Time to the end.
    pub(crate) remaining: Option<Duration>,
}

/// All transfers of this session, in the order in which they are shown.
#[derive(Debug, Default)]
pub(crate) struct Transfers {
    list: Vec<Transfer>,
    changes: u64,
}

impl Transfers {
    /// Takes what the session told; gives what was known before.
    pub(crate) fn update(&mut self, id: TransferId, info: TransferInfo) -> Option<TransferState> {
        self.changes += 1;
        let change = self.changes;
        let before = if let Some(known) = self.list.iter_mut().find(|known| known.id == id) {
            if info.state != TransferState::Moving {
                known.stalled_since = None;
            }
            known.change = change;
            Some(std::mem::replace(&mut known.info, info).state)
        } else {
            self.list.push(Transfer {
                id,
                info,
                progress: None,
                speeds: VecDeque::new(),
                stalled_since: None,
                sampled: None,
                change,
            });
            None
        };
        self.sort();
        before
    }

    /// Takes a transfer's figures.
    pub(crate) fn progress(&mut self, progress: Progress, now: Moment) {
        let Some(known) = self.list.iter_mut().find(|known| known.id == progress.id) else {
            return;
        };
        known.stalled_since = progress
            .stalled_for
            .map(|stalled| Moment::from_start(now.since_start().saturating_sub(stalled)));
        known.progress = Some(progress);
        let due = known.sampled.is_none_or(|sampled| now.since(sampled) >= SAMPLE_EVERY);
        if let (Some(rate), true) = (progress.rate, due) {
            known.sampled = Some(now);
            if known.speeds.len() == MOST_SAMPLES {
                known.speeds.pop_front();
            }
            known.speeds.push_back(if progress.stalled_for.is_some() { 0 } else { rate });
        }
        if progress.done >= progress.size {
            self.sort();
        }
    }

    /// In the order in which they are shown.
    pub(crate) fn all(&self) -> &[Transfer] {
        &self.list
    }

    /// The place of this transfer in that order.
    pub(crate) fn position(&self, id: TransferId) -> Option<usize> {
        self.list.iter().position(|known| known.id == id)
    }

    /// The transfers at this stage.
    pub(crate) fn at(&self, stage: Stage) -> impl Iterator<Item = &Transfer> {
        self.list.iter().filter(move |known| known.stage() == stage)
    }

    /// The offer that has waited longest for the user.
    pub(crate) fn oldest_offer(&self) -> Option<&Transfer> {
        self.at(Stage::Answer).next()
    }

    /// Everything that moves or is about to, as one.
    pub(crate) fn overall(&self) -> Overall {
        let mut all = Overall::default();
        for known in &self.list {
            if !matches!(known.stage(), Stage::Moving | Stage::Checking | Stage::Queued) {
                continue;
            }
            all.moving += usize::from(known.stage() != Stage::Queued);
            all.done = all.done.saturating_add(known.done());
            all.size = all.size.saturating_add(known.size());
            if let Some(rate) = known.progress.and_then(|progress| progress.rate) {
                all.rate = Some(all.rate.unwrap_or(0).saturating_add(rate));
            }
        }
        all.remaining = all
            .rate
            .filter(|rate| *rate > 0)
            .map(|rate| Duration::from_secs(all.size.saturating_sub(all.done).div_ceil(rate)));
        all
    }

    fn sort(&mut self) {
        self.list.sort_by_cached_key(|known| {
            let stage = known.stage();
            // What is over: newest first. What isn't: as it was offered, so that nothing jumps.
            let newest = if stage == Stage::Over { Reverse(known.change) } else { Reverse(0) };
            let stage = if stage == Stage::Checking { Stage::Moving } else { stage };
            (stage, newest, known.id)
        });
        self.list.truncate(
            couplet::limits::MAX_FINISHED_TRANSFERS + 2 * couplet::limits::MAX_OPEN_OFFERS,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use couplet::path::SafeName;

    fn info(direction: Direction, state: TransferState) -> TransferInfo {
        TransferInfo { direction, name: SafeName::new("a.bin").unwrap(), size: 100, state }
    }

    fn at(id: u32, done: u64, rate: Option<u64>) -> Progress {
        Progress { id: TransferId(id), done, size: 100, rate, remaining: None, stalled_for: None }
    }

    #[test]
    fn what_needs_an_answer_comes_first_and_the_newest_end_next_to_last() {
        use Direction::{Incoming, Outgoing};
        let mut transfers = Transfers::default();
        for (id, direction, state) in [
            (1, Outgoing, TransferState::Offered),
            (2, Incoming, TransferState::Declined),
            (3, Incoming, TransferState::Moving),
            (4, Incoming, TransferState::Offered),
            (5, Outgoing, TransferState::Queued),
            (6, Incoming, TransferState::Withdrawn),
            (7, Incoming, TransferState::Offered),
        ] {
            transfers.update(TransferId(id), info(direction, state));
        }
        let order: Vec<_> = transfers.all().iter().map(|known| known.id.0).collect();
        assert_eq!(order, [4, 7, 3, 5, 1, 6, 2]);
        assert_eq!(transfers.oldest_offer().unwrap().id, TransferId(4));
    }

    #[test]
    fn all_of_it_is_not_yet_verified() {
        let mut transfers = Transfers::default();
        transfers.update(TransferId(1), info(Direction::Incoming, TransferState::Moving));
        assert_eq!(transfers.all()[0].stage(), Stage::Moving);
        transfers.progress(at(1, 100, Some(9)), Moment::START);
        assert_eq!(transfers.all()[0].stage(), Stage::Checking);
    }

    #[test]
    fn speeds_are_sampled_twice_a_second_and_the_oldest_go() {
        let mut transfers = Transfers::default();
        transfers.update(TransferId(1), info(Direction::Incoming, TransferState::Moving));
        for tick in 0..1000_u64 {
            let now = Moment::from_start(Duration::from_millis(tick * 100));
            transfers.progress(at(1, 1, Some(tick)), now);
        }
        let speeds = &transfers.all()[0].speeds;
        assert_eq!((speeds.len(), speeds.back()), (MOST_SAMPLES, Some(&995)));
    }

    #[test]
    fn overall_figures() {
        let mut transfers = Transfers::default();
        assert_eq!(transfers.overall(), Overall::default());
        for id in [1, 2] {
            transfers.update(TransferId(id), info(Direction::Incoming, TransferState::Moving));
            transfers.progress(at(id, 40, Some(15)), Moment::START);
        }
        transfers.update(TransferId(3), info(Direction::Incoming, TransferState::Offered));
        let all = transfers.overall();
        assert_eq!((all.moving, all.done, all.size, all.rate), (2, 80, 200, Some(30)));
        assert_eq!(all.remaining, Some(Duration::from_secs(4)));
    }
}
