//! Taking a lock whatever happened under it before.
//!
//! Owns the one answer to a poisoned lock: go on. A panic is a fault in this program and costs the
//! connection it happened on; everybody else's rooms must go on.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex`. No caller holds a guard over an `await`.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
