//! The one clock site and source of randomness of the clients, and of whatever moves files.

use couplet::time::Moment;
#[cfg(target_os = "linux")]
use std::time::Duration;
use std::time::SystemTime;

/// The time now, on a line that began before the first call. The time in which the machine slept
/// counts, where the system tells it: whoever was away for so long must be looked for.
#[must_use]
pub fn now() -> Moment {
    #[cfg(target_os = "linux")]
    {
        use rustix::time::{ClockId, clock_gettime};
        let time = clock_gettime(ClockId::Boottime);
        // It began with the system, so it is never before 0.
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
        Moment::from_start(Duration::new(seconds, nanos))
    }
    #[cfg(not(target_os = "linux"))]
    {
        instant_now()
    }
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::disallowed_methods, reason = "this is the clock site of the clients")]
fn instant_now() -> Moment {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    let start = *START.get_or_init(Instant::now);
    Moment::from_start(Instant::now().saturating_duration_since(start))
}

/// The wall clock, which may be set at any time; for the ages of files.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the clock site of the clients")]
pub fn wall() -> SystemTime {
    SystemTime::now()
}

/// A random number from the operating system.
///
/// # Panics
/// As [`entropy`].
#[must_use]
pub fn random() -> u64 {
    u64::from_le_bytes(*entropy().first_chunk().expect("eight of 32 bytes"))
}

/// 32 random bytes from the operating system, for secrets.
///
/// # Panics
/// If the operating system has no randomness to give; nothing private can be done then.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the entropy site of the clients")]
pub fn entropy() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
