//! The face's one clock site: what time it is, on the monotonic line and on the wall.
//!
//! Owns the asking. Everything else in the face is handed a [`Now`]; tests make theirs up.

use couplet::time::Moment;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::time::Instant;

/// The time at which something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Now {
    /// On the monotonic line; durations come from this.
    pub(crate) moment: Moment,
    /// What the clock on the wall shows; for showing only.
    pub(crate) wall: WallTime,
}

/// Date and time of day, local.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct WallTime {
    /// The day.
    pub(crate) date: Date,
    /// 0 to 23.
    pub(crate) hour: i8,
    /// 0 to 59.
    pub(crate) minute: i8,
    /// 0 to 59.
    pub(crate) second: i8,
}

impl std::fmt::Display for WallTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

/// Reads the operating system's clocks.
#[derive(Debug)]
pub(crate) struct Clock {
    origin: Instant,
    zone: TimeZone,
}

impl Clock {
    /// A clock whose monotonic line starts now.
    #[expect(clippy::disallowed_methods, reason = "this is the face's one clock site")]
    pub(crate) fn new() -> Self {
        Self { origin: Instant::now(), zone: TimeZone::system() }
    }

    /// Both times, now.
    #[expect(clippy::disallowed_methods, reason = "this is the face's one clock site")]
    pub(crate) fn now(&self) -> Now {
        let local = jiff::Timestamp::now().to_zoned(self.zone.clone());
        Now {
            moment: Moment::from_start(Instant::now().saturating_duration_since(self.origin)),
            wall: WallTime {
                date: local.date(),
                hour: local.hour(),
                minute: local.minute(),
                second: local.second(),
            },
        }
    }

    /// The zone of the clock on the wall.
    pub(crate) const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The monotonic instant of `moment`, for sleeping until it.
    pub(crate) fn instant(&self, moment: Moment) -> Instant {
        self.origin + moment.since_start()
    }
}
