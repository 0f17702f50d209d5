//! How much a sender may have under way, and in pieces of what size.
//!
//! Owns the estimate of the line: how long it is (the shortest time from a chunk to its answer) and
//! how fast. A short line needs a small window, and a small window is little to send again after a
//! cut; a long one needs twice its bandwidth-delay product, so that it never runs dry. Pieces are so
//! small that a slow line still shows four of them a second.

use crate::limits::{GROUP, MAX_PIPES_PER_TRANSFER, MAX_WINDOW, MIN_PIECE, MIN_WINDOW};
use crate::time::Moment;
use std::time::Duration;

/// How often the estimate is made anew.
const ROUND: Duration = Duration::from_millis(500);

/// A line on which an answer takes longer is a long one.
const LONG: Duration = Duration::from_millis(20);

/// What one connection carries at once without trouble; a long and fast line takes more of them.
const BYTES_A_PIPE: u64 = 2 * GROUP;

/// The pieces of a line that nothing is known of yet.
const FIRST_PIECE: u64 = 64 * 1024;

/// The largest pieces: what two processors' caches hold beside everything else.
const BEST_PIECE: u64 = 256 * 1024;

/// The estimate.
#[derive(Debug, Clone)]
pub(super) struct Window {
    limit: u64,
    piece: u64,
    shortest: Option<Duration>,
    round: Option<Round>,
}

#[derive(Debug, Clone, Copy)]
struct Round {
    began: Moment,
    bytes: u64,
}

impl Window {
    pub(super) const fn new() -> Self {
        Self { limit: MIN_WINDOW, piece: FIRST_PIECE, shortest: None, round: None }
    }

    /// Bytes that may be unanswered.
    pub(super) const fn limit(&self) -> u64 {
        self.limit
    }

    /// The size of the next piece.
    pub(super) const fn piece(&self) -> u64 {
        self.piece
    }

    /// How many pipes the line has use for.
    pub(super) fn pipes(&self) -> usize {
        let long = self.shortest.is_some_and(|shortest| shortest >= LONG);
        let pipes = if long { (self.limit / 2).div_ceil(BYTES_A_PIPE) } else { 1 };
        usize::try_from(pipes).unwrap_or(usize::MAX).clamp(1, MAX_PIPES_PER_TRANSFER)
    }

    /// A chunk of `bytes` was answered `took` after it was sent.
    pub(super) fn answered(&mut self, bytes: u64, took: Duration, now: Moment) {
        self.shortest = Some(self.shortest.map_or(took, |shortest| shortest.min(took)));
        let round = self.round.get_or_insert(Round { began: now, bytes: 0 });
        round.bytes += bytes;
        let elapsed = now.since(round.began);
        if elapsed < ROUND {
            // The first answers of a line already tell a quick one.
            if round.bytes >= MIN_WINDOW {
                self.piece = BEST_PIECE;
            }
            return;
        }
        let a_second = per_second(round.bytes, elapsed);
        self.round = Some(Round { began: now, bytes: 0 });
        let under_way = u128::from(a_second) * self.shortest.unwrap_or_default().as_millis() / 1000;
        let twice = u64::try_from(under_way * 2).unwrap_or(u64::MAX);
        self.limit = twice.clamp(MIN_WINDOW, MAX_WINDOW);
        // A quarter of a second each, and never so many that the window holds but one.
        let piece = (a_second / 4).max(1);
        self.piece = (1 << piece.ilog2()).clamp(MIN_PIECE, BEST_PIECE);
    }

    /// The line was cut; what was known of its length may be wrong on the next one.
    pub(super) const fn cut(&mut self) {
        self.shortest = None;
        self.round = None;
    }
}

fn per_second(bytes: u64, elapsed: Duration) -> u64 {
    let a_second = u128::from(bytes) * 1000 / elapsed.as_millis().max(1);
    u64::try_from(a_second).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line that delivers `rate` bytes a second, each answered after `delay`.
    fn after_a_while(rate: u64, delay: Duration) -> Window {
        let mut window = Window::new();
        let mut now = Moment::START;
        for _ in 0..2000 {
            let piece = window.piece();
            now = now + Duration::from_nanos(piece * 1_000_000_000 / rate);
            window.answered(piece, delay, now);
        }
        window
    }

    #[test]
    fn a_short_line_keeps_little_under_way() {
        let window = after_a_while(1 << 30, Duration::from_millis(2));
        assert_eq!((window.limit(), window.pipes()), (MIN_WINDOW, 1));
        assert_eq!(window.piece(), BEST_PIECE);
    }

    #[test]
    fn a_long_fast_line_keeps_much_under_way_on_several_pipes() {
        let window = after_a_while(100 << 20, Duration::from_millis(200));
        assert!(window.limit() > 30 * GROUP && window.limit() <= MAX_WINDOW);
        assert_eq!(window.pipes(), MAX_PIPES_PER_TRANSFER);
    }

    #[test]
    fn a_slow_line_gets_small_pieces() {
        let window = after_a_while(100_000, Duration::from_millis(300));
        assert_eq!(window.piece(), MIN_PIECE);
        assert_eq!((window.limit(), window.pipes()), (MIN_WINDOW, 1));
    }
}
