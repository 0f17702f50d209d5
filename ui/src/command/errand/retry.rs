//! Trying again for a seat, or a relay: how often, for how long, and what the user is told of it.
//!
//! Owns these waits. A seat that is kept for somebody who is away comes free when the relay says, so
//! it is tried for until then; whatever else is in the way has [`PATIENCE`]. What passes at all is
//! [`verdict`](crate::command::verdict)'s.

use super::RETRY_AFTER;
use crate::command::report::Report;
use crate::command::verdict::{End, Passing};
use couplet::time::Moment;
use couplet::units;
use std::time::Duration;

/// For how long it is tried again if nobody says when it may go better: longer than a relay takes to
/// notice that somebody is gone.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// The first wait after a refusal; each further one is half as long again.
pub(super) const FIRST_WAIT: Duration = Duration::from_secs(2);

/// The longest such wait.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// By how much more it must be than the user was told before it is told again.
const WORTH_TELLING: Duration = Duration::from_secs(5);

/// Tries for a seat, or a relay.
#[derive(Debug)]
pub(super) struct Retry {
    /// When the next one is due, unless it is being made.
    pub(super) at: Option<Moment>,
    /// How it ends if none succeeds.
    pub(super) end: End,
    /// Since when no seat is merely kept.
    since: Moment,
    /// How long the next wait after a refusal is.
    wait: Duration,
    /// What the user was told: whether a seat is kept, and until when it is tried.
    told: Option<(bool, Moment)>,
}

impl Retry {
    /// The first try has failed.
    pub(super) const fn new(end: End, now: Moment) -> Self {
        Self { at: None, end, since: now, wait: FIRST_WAIT, told: None }
    }

    /// A try has failed for this reason, and would end so. Gives what is to be told; or the end, when
    /// it has been tried for long enough. `limit` is until when the user wants it tried, if that was
    /// said.
    pub(super) fn failed(
        mut self,
        passing: &Passing,
        end: End,
        limit: Option<Moment>,
        now: Moment,
    ) -> Result<(Self, Option<Report>), End> {
        // A little more than the relay says, so that the seat is empty by then.
        let free_in = passing.kept_for.map(|kept| kept + RETRY_AFTER);
        if free_in.is_some() {
            self.since = now;
        }
        let until = limit.unwrap_or(match free_in {
            Some(free_in) => now + free_in,
            None => self.since + PATIENCE,
        });
        if now >= until {
            return Err(end);
        }
        let wait = if passing.refused {
            let next = (self.wait * 3 / 2).min(LONGEST_WAIT);
            std::mem::replace(&mut self.wait, next)
        } else {
            RETRY_AFTER
        };
        let wait = wait.min(free_in.unwrap_or(wait)).min(until.since(now));
        (self.at, self.end) = (Some(now + wait), end);
        let report = self.is_news(free_in.is_some(), until).then(|| Report::Retrying {
            reason: passing.reason.clone(),
            for_s: units::countdown(until.since(now)),
        });
        Ok((self, report))
    }

    /// Whether the user should hear of this, and takes note that it is told.
    fn is_news(&mut self, kept: bool, until: Moment) -> bool {
        let news = self
            .told
            .is_none_or(|(was_kept, told)| kept != was_kept || until > told + WORTH_TELLING);
        if news {
            self.told = Some((kept, until));
        }
        news
    }
}
