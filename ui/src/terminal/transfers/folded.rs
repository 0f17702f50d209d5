//! Those that are over and don't need a line each any more.
//!
//! Owns when that is, and how all of them are told in one line.

use super::{Stage, Transfer, Transfers};
use couplet::time::Moment;
use couplet::transfer::book::TransferState;
use couplet::units;
use std::time::Duration;

/// How long what is over has a line of its own beside the conversation.
pub(crate) const FRESH: Duration = Duration::from_mins(1);
/// How many have one at most.
const MOST_FRESH: usize = 3;

/// What several transfers have come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Folded {
    /// How many.
    pub(crate) all: usize,
    verified: usize,
    failed: usize,
    declined: usize,
    cancelled: usize,
    other: usize,
}

impl Folded {
    fn new(list: &[Transfer]) -> Self {
        let mut folded = Self { all: list.len(), ..Self::default() };
        for known in list {
            *match &known.info.state {
                TransferState::Verified { .. } => &mut folded.verified,
                TransferState::Failed { .. } if known.is_here => &mut folded.other,
                TransferState::Failed { .. } => &mut folded.failed,
                TransferState::Declined => &mut folded.declined,
                TransferState::Cancelled { .. } => &mut folded.cancelled,
                TransferState::Withdrawn
                | TransferState::Offered
                | TransferState::Queued
                | TransferState::Moving
                | TransferState::Interrupted => &mut folded.other,
            } += 1;
        }
        folded
    }

    /// They in a line: `5 finished: 1 failed, 4 verified`.
    pub(crate) fn line(&self) -> String {
        let parts: Vec<String> = [
            // What may be cut off at the end is the good news.
            (self.failed, "failed"),
            (self.verified, "verified"),
            (self.declined, "declined"),
            (self.cancelled, "cancelled"),
            (self.other, "other"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", units::grouped(count as u64)))
        .collect();
        format!("{} finished: {}", units::grouped(self.all as u64), parts.join(", "))
    }
}

impl Transfers {
    /// Those with a line of their own beside the conversation, and the rest.
    pub(crate) fn in_sight(&self, now: Moment) -> (&[Transfer], Option<Folded>) {
        let over = self.list.iter().position(|known| known.stage() == Stage::Over);
        let over = over.unwrap_or(self.list.len());
        let fresh = self.list[over..].iter().take(MOST_FRESH);
        let fresh = fresh.take_while(|known| known.fades_at().is_some_and(|at| at > now)).count();
        let (seen, rest) = self.list.split_at(over + fresh);
        match rest {
            [] => (seen, None),
            // It has a line in any case.
            [_] => (&self.list, None),
            rest => (seen, Some(Folded::new(rest))),
        }
    }

    /// How many lines these have at least.
    pub(crate) fn lines_in_sight(&self, now: Moment) -> usize {
        let (seen, folded) = self.in_sight(now);
        seen.len() + usize::from(folded.is_some())
    }

    /// Forgets those that are over; gives how many there were.
    pub(crate) fn forget_over(&mut self) -> usize {
        let before = self.list.len();
        self.list.retain(|known| known.stage() != Stage::Over);
        before - self.list.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::scenes::failed;
    use crate::terminal::stage::{MIB, Stage, verified};
    use couplet::transfer::book::Direction::{Incoming, Outgoing};

    fn seen(stage: &Stage) -> (Vec<u32>, Option<String>) {
        let (seen, folded) = stage.app.transfers.in_sight(stage.now.moment);
        let line = folded.map(|folded| folded.line());
        (seen.iter().map(|known| known.id.0).collect(), line)
    }

    #[test]
    fn the_latest_keep_a_line_for_a_while() {
        let mut stage = Stage::new();
        stage.transfer(1, Outgoing, "moves", MIB, TransferState::Moving);
        for id in 2..=4 {
            stage.transfer(id, Incoming, "a", MIB, verified("a"));
        }
        assert_eq!(seen(&stage), (vec![1, 4, 3, 2], None));
        stage.wait(FRESH / 2).transfer(5, Outgoing, "b", MIB, failed("no"));
        assert_eq!(seen(&stage), (vec![1, 5, 4, 3, 2], None), "one alone isn't worth folding");
        stage.transfer(6, Incoming, "c", MIB, TransferState::Declined);
        let two = Some("2 finished: 2 verified".to_owned());
        assert_eq!(seen(&stage), (vec![1, 6, 5, 4], two));
        stage.wait(FRESH / 2);
        let three = Some("3 finished: 3 verified".to_owned());
        assert_eq!(seen(&stage), (vec![1, 6, 5], three));
        stage.wait(FRESH / 2);
        let all = Some("5 finished: 1 failed, 3 verified, 1 declined".to_owned());
        assert_eq!(seen(&stage), (vec![1], all));
        assert_eq!(stage.app.transfers.forget_over(), 5);
        assert_eq!(seen(&stage), (vec![1], None));
    }

    #[test]
    fn nothing_wakes_for_what_has_faded() {
        let mut stage = Stage::new();
        stage.transfer(1, Incoming, "a", MIB, verified("a"));
        assert_eq!(stage.app.wake_at(), Some(stage.now.moment + FRESH));
        stage.wait(FRESH);
        assert_eq!(stage.app.wake_at(), None);
    }
}
