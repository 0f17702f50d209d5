//! The relay's one clock and its one source of randomness.
//!
//! Owns the way from the operating system to [`Moment`]s and [`Token`]s. The clock is tokio's, so
//! that a test can pause it.

use couplet::time::Moment;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// Tells the time as moments since this clock was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock whose origin is now.
    #[expect(clippy::disallowed_methods, reason = "the relay's one clock site")]
    pub(crate) fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// The time.
    pub(crate) fn now(self) -> Moment {
        Moment::from_start(self.origin.elapsed())
    }

    /// When a moment of this clock is, for tokio's timers.
    pub(crate) fn at(self, moment: Moment) -> Instant {
        // A grace of years is beyond what timers take; a day later is as good as never.
        const FAR: Duration = Duration::from_hours(24);
        self.origin
            .checked_add(moment.since_start())
            .unwrap_or_else(|| self.origin + self.origin.elapsed() + FAR)
    }
}

/// The time since 1970 by the wall clock, which may be set at any time; for what outlives the process.
#[expect(clippy::disallowed_methods, reason = "the relay's one clock site")]
pub(crate) fn wall() -> Duration {
    // A clock before 1970 is as good as none.
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// Fresh random bytes.
///
/// # Errors
/// If the operating system has none to give; then no token can be safe.
pub(crate) fn fresh_bytes<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    #[expect(clippy::disallowed_methods, reason = "the relay's one entropy site")]
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
