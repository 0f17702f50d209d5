//! What one joined pipe may do: how many bytes, and how long without any.
//!
//! Owns the two limits of a pipe and the counting; who is counted with it is the relay's
//! [`Counters`]. It sees numbers and never bytes.

use super::quota::Account;
use crate::clock::Clock;
use crate::config::Config;
use crate::counters::{Count, Counters};
use couplet::time::Moment;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;

/// What one pipe may do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PipeLimits {
    /// How long nothing may go through, if that is limited.
    idle: Option<Duration>,
    /// How many bytes may go through, both ways together, if that is limited.
    bytes: Option<u64>,
}

impl PipeLimits {
    /// Those of `config`.
    pub(crate) fn new(config: &Config) -> Self {
        let idle = (!config.pipe_idle.is_zero()).then_some(config.pipe_idle);
        Self { idle, bytes: config.max_pipe_bytes }
    }
}

/// Why a pipe ends before both of its ends have.
#[derive(Debug)]
pub(super) enum Cut {
    /// A connection broke.
    Lost,
    /// Nothing went through for too long.
    Idle,
    /// More came than may go through one pipe, or through all of one address.
    Quota,
}

impl From<io::Error> for Cut {
    fn from(_: io::Error) -> Self {
        Self::Lost
    }
}

/// Counts one pipe.
#[derive(Debug)]
pub(super) struct Meter {
    counters: Arc<Counters>,
    /// What may still come, if that is limited.
    left: Option<u64>,
    /// Whose quota it is, if there is one.
    account: Option<Account>,
    clock: Clock,
    idle: Option<(Idle, Pin<Box<Sleep>>)>,
    /// Whether anything has since the last look at `idle`.
    moved: bool,
}

impl Meter {
    /// Of a pipe that begins now, on the runtime that this is called on.
    pub(super) fn new(
        limits: PipeLimits,
        counters: Arc<Counters>,
        account: Option<Account>,
        clock: Clock,
    ) -> Self {
        let idle = limits.idle.map(|limit| {
            let since = clock.now();
            let timer = tokio::time::sleep_until(clock.at(since + limit));
            (Idle { limit, since }, Box::pin(timer))
        });
        Self { counters, left: limits.bytes, account, clock, idle, moved: false }
    }

    /// So many bytes have come. What is over the quota must not go on.
    pub(super) fn count(&mut self, bytes: u64) -> Result<(), Cut> {
        self.moved = true;
        self.counters.add(Count::PipeBytes, bytes);
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(bytes).ok_or(Cut::Quota)?;
        }
        if let Some(account) = &mut self.account {
            account.count(bytes, self.clock).map_err(|_| Cut::Quota)?;
        }
        Ok(())
    }

    /// Some bytes have gone on.
    pub(super) const fn note_written(&mut self) {
        self.moved = true;
    }

    /// Ready when nothing has moved for too long. Called whenever something may have.
    pub(super) fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some((idle, timer)) = &mut self.idle else { return Poll::Pending };
        if std::mem::take(&mut self.moved) {
            idle.handle_moved(self.clock.now());
        }
        // The timer may ring early: setting it anew for everything that moves would cost more.
        loop {
            ready!(timer.as_mut().poll(cx));
            if idle.is_over(self.clock.now()) {
                return Poll::Ready(());
            }
            timer.as_mut().reset(self.clock.at(idle.deadline()));
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(account) = &mut self.account {
            account.settle(self.clock);
        }
    }
}

/// A limit that begins anew with every byte.
#[derive(Debug)]
struct Idle {
    limit: Duration,
    since: Moment,
}

impl Idle {
    const fn handle_moved(&mut self, now: Moment) {
        self.since = now;
    }

    fn deadline(&self) -> Moment {
        self.since + self.limit
    }

    fn is_over(&self, now: Moment) -> bool {
        now >= self.deadline()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(quota: Option<u64>) -> (Meter, Arc<Counters>) {
        let counters = Arc::<Counters>::default();
        let limits = PipeLimits { idle: None, bytes: quota };
        (Meter::new(limits, Arc::clone(&counters), None, Clock::start()), counters)
    }

    #[test]
    fn a_quota_is_for_all_bytes_and_all_are_counted() {
        let (mut meter, counters) = meter(Some(10));
        assert!(meter.count(4).is_ok() && meter.count(6).is_ok() && meter.count(0).is_ok());
        assert!(matches!(meter.count(1), Err(Cut::Quota)));
        assert_eq!(counters.pipe_bytes(), 11);
        let (mut endless, _) = self::meter(None);
        assert!(endless.count(u64::MAX).is_ok() && endless.count(1).is_ok());
    }

    #[test]
    fn a_pipe_is_idle_once_nothing_has_moved_for_the_whole_limit() {
        let second = Duration::from_secs(1);
        let mut idle = Idle { limit: 10 * second, since: Moment::START };
        assert!(!idle.is_over(Moment::START + 9 * second));
        // What moves just before the end puts it off by the whole limit.
        idle.handle_moved(Moment::START + 9 * second);
        assert!(!idle.is_over(Moment::START + 18 * second));
        assert!(idle.is_over(Moment::START + 19 * second));
    }

    #[test]
    fn the_limits_are_those_of_the_options_and_zero_is_none() {
        let limits = PipeLimits::new(&Config::default());
        assert_eq!((limits.idle, limits.bytes), (Some(Duration::from_hours(1)), None));
        let config = Config { pipe_idle: Duration::ZERO, ..Config::default() };
        assert_eq!(PipeLimits::new(&config).idle, None);
    }
}
