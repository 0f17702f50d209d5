//! A part of the face's state that is large, and of which others want to know whether it has changed.
//!
//! Owns the count of its changes.

use std::ops::{Deref, DerefMut};

/// Something, and how often it may have been changed.
#[derive(Debug, Default)]
pub(crate) struct Noted<T> {
    it: T,
    changes: u64,
}

impl<T> Noted<T> {
    /// Rises whenever somebody has it in hand to change it; if it hasn't risen, nothing has changed.
    pub(crate) const fn changes(&self) -> u64 {
        self.changes
    }
}

impl<T> Deref for Noted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.it
    }
}

impl<T> DerefMut for Noted<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.changes += 1;
        &mut self.it
    }
}
