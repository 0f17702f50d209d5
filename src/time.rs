//! Points in time as the machines see them: passed in, never asked for.
//!
//! Owns the one type for "now". It doesn't know what the time is; each shell has one clock site
//! that turns the operating system's monotonic clock into [`Moment`]s, and tests make them up.

use std::ops::Add;
use std::time::Duration;

/// A point on a monotonic time line, as the time since an origin that the shell chose.
///
/// Moments of one shell compare with each other and with nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(Duration);

impl Moment {
    /// The origin of the time line.
    pub const START: Self = Self(Duration::ZERO);

    /// The moment that lies `since_start` after the origin.
    #[must_use]
    pub const fn from_start(since_start: Duration) -> Self {
        Self(since_start)
    }

    /// How long after the origin this moment lies.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// How much later `self` is than `earlier`; zero if it isn't.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait))
    }
}
