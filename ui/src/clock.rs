//! The client's one clock site and one source of randomness.

use couplet::time::Moment;
use std::sync::OnceLock;
use std::time::Instant;

/// The time now, on the line that began with the first call.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the clock site of the client")]
pub fn now() -> Moment {
    static START: OnceLock<Instant> = OnceLock::new();
    let start = *START.get_or_init(Instant::now);
    Moment::from_start(Instant::now().saturating_duration_since(start))
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
#[expect(clippy::disallowed_methods, reason = "this is the entropy site of the client")]
pub fn entropy() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
