//! Whether it pays to compress what is sent.
//!
//! Owns the judgement, from what was measured: how much pieces shrink, how long that takes, and how
//! fast the line is. Compressing is the shell's. What doesn't shrink at the beginning of a file won't
//! later, as a rule that pictures, films and archives keep; so these cost a few tries and no more.

use crate::limits::GROUP;
use std::time::Duration;

/// How many pieces at the beginning of a file are tried.
const FIRST: u32 = 3;

/// How far apart later tries of a file lie that shrank.
const EVERY: u64 = 32 * GROUP;

/// What a piece must shrink to at most, in percent.
const SHRUNK: u64 = 90;

/// How many times faster than the line compressing must be.
const FASTER: u128 = 2;

/// The judgement on one file. The line's speed is kept from file to file: see
/// [`begin`](Self::begin).
///
/// ```
/// use couplet::transfer::squeeze::Squeeze;
/// use std::time::Duration;
///
/// let mut squeeze = Squeeze::new();
/// squeeze.wrote(1_000_000, Duration::from_millis(100));
/// assert!(squeeze.should_try(0) && !squeeze.pays());
/// squeeze.tried(0, 65_536, 20_000, Duration::from_millis(1));
/// assert!(squeeze.pays());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Squeeze {
    /// Of the pieces of this file: how many were tried, and the sums of what was measured of the last
    /// of them.
    tries: u32,
    sums: Sums,
    /// Whether a first try showed that it doesn't shrink.
    hopeless: bool,
    /// Where the next try is made after the first ones.
    next: u64,
    line: Sums,
}

/// Bytes and the time that they took; older ones count less and less.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    bytes: u64,
    squeezed: u64,
    took: Duration,
}

impl Sums {
    fn add(&mut self, bytes: u64, squeezed: u64, took: Duration) {
        // Half of what was before, and of what is new all.
        self.bytes = (self.bytes / 2).saturating_add(bytes);
        self.squeezed = (self.squeezed / 2).saturating_add(squeezed);
        self.took = (self.took / 2).saturating_add(took);
    }
}

impl Squeeze {
    /// A judgement without any knowledge.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Another file begins; of the last one only the line's speed is kept.
    pub fn begin(&mut self) {
        *self = Self { line: self.line, ..Self::default() };
    }

    /// Whether the piece at `offset` is to be compressed to learn from it, whatever
    /// [`pays`](Self::pays) says: the first few of a file, and then one now and then, except of a file
    /// that didn't shrink.
    #[must_use]
    pub const fn should_try(&self, offset: u64) -> bool {
        !self.hopeless && (self.tries < FIRST || offset >= self.next)
    }

    /// A piece at `offset` was compressed, from `before` bytes to `after`, in this time.
    pub fn tried(&mut self, offset: u64, before: u64, after: u64, took: Duration) {
        self.tries = self.tries.saturating_add(1);
        self.sums.add(before, after, took);
        self.next = self.next.max(offset.saturating_add(EVERY));
        self.hopeless = self.hopeless || (self.tries == FIRST && !self.shrinks());
    }

    /// So many bytes were written into a pipe in this time.
    pub fn wrote(&mut self, bytes: u64, took: Duration) {
        self.line.add(bytes, bytes, took);
    }

    /// Whether to compress: pieces shrink by a tenth at least, and compressing takes no more than half
    /// the time that the line takes for what comes of it.
    #[must_use]
    pub fn pays(&self) -> bool {
        if self.hopeless || self.tries == 0 || self.line.bytes == 0 || !self.shrinks() {
            return false;
        }
        // took / bytes * FASTER <= line.took / line.bytes * squeezed / bytes, without dividing.
        let squeezing = self.sums.took.as_nanos() * FASTER * u128::from(self.line.bytes);
        let sending = self.line.took.as_nanos().saturating_mul(u128::from(self.sums.squeezed));
        squeezing <= sending
    }

    fn shrinks(&self) -> bool {
        let percent = u128::from(self.sums.bytes) * u128::from(SHRUNK);
        u128::from(self.sums.squeezed) * 100 < percent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIECE: u64 = 256 * 1024;

    fn micros(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    /// A line that takes so long for a piece.
    fn on_a_line(took: Duration) -> Squeeze {
        let mut squeeze = Squeeze::new();
        squeeze.wrote(PIECE, took);
        squeeze
    }

    #[test]
    fn it_pays_when_it_shrinks_and_the_line_is_slower() {
        for (after, took, line, pays) in [
            (PIECE / 2, 500, 2000, true),
            (PIECE / 2, 501, 2000, false),
            (PIECE / 2, 500, 1999, false),
            (PIECE * 91 / 100, 1, 2000, false),
            (PIECE * 9 / 10 - 1, 1, 2000, true),
            (PIECE + 9, 1, 2000, false),
        ] {
            let mut squeeze = on_a_line(micros(line));
            squeeze.tried(0, PIECE, after, micros(took));
            assert_eq!(squeeze.pays(), pays, "{after} {took} {line}");
        }
    }

    #[test]
    fn without_a_line_or_a_try_nothing_is_known() {
        assert!(!on_a_line(micros(1000)).pays());
        let mut squeeze = Squeeze::new();
        squeeze.tried(0, PIECE, 10, micros(1));
        assert!(!squeeze.pays());
        squeeze.tried(0, 0, 0, Duration::ZERO);
        squeeze.wrote(0, Duration::MAX);
        squeeze.wrote(u64::MAX, Duration::MAX);
        squeeze.tried(u64::MAX, u64::MAX, u64::MAX, Duration::MAX);
        assert!(!squeeze.pays());
    }

    #[test]
    fn what_does_not_shrink_at_first_is_never_tried_again() {
        let mut squeeze = on_a_line(micros(2000));
        let mut tries = 0;
        for piece in 0..10_000 {
            if squeeze.should_try(piece * PIECE) {
                tries += 1;
                squeeze.tried(piece * PIECE, PIECE, PIECE, micros(100));
            }
            assert!(!squeeze.pays());
        }
        assert_eq!(tries, FIRST);
        squeeze.begin();
        assert!(squeeze.should_try(0), "another file may be another matter");
        squeeze.tried(0, PIECE, PIECE / 4, micros(100));
        assert!(squeeze.pays(), "the line is known");
    }

    #[test]
    fn what_shrinks_is_looked_at_now_and_then() {
        let mut squeeze = on_a_line(micros(2000));
        let pieces = 1024;
        let mut tries = 0;
        for piece in 0..pieces {
            if squeeze.should_try(piece * PIECE) {
                tries += 1;
                // Its second half doesn't shrink.
                let after = if piece < pieces / 2 { PIECE / 3 } else { PIECE };
                squeeze.tried(piece * PIECE, PIECE, after, micros(100));
            }
        }
        assert!((8..=FIRST as usize + 8).contains(&tries), "{tries}");
        assert!(!squeeze.pays());
        squeeze.tried(0, PIECE, PIECE / 9, micros(1));
        squeeze.tried(0, PIECE, PIECE / 9, micros(1));
        assert!(squeeze.pays(), "it may shrink again later");
    }

    #[test]
    fn a_line_that_becomes_fast_ends_it() {
        let mut squeeze = on_a_line(micros(5000));
        squeeze.tried(0, PIECE, PIECE / 2, micros(500));
        assert!(squeeze.pays());
        for _ in 0..8 {
            squeeze.wrote(PIECE, micros(100));
        }
        assert!(!squeeze.pays());
    }
}
