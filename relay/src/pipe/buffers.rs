//! The memory that pipes are copied through.
//!
//! Owns how much of it there is. A direction of a pipe borrows a buffer while bytes wait in it and
//! gives it back when it has none, so idle pipes have none and quick ones pass one around. The few
//! that are kept spare are shared by all threads: what one has warmed up the next one uses, and the
//! relay's memory doesn't grow with the threads that a pipe has been on.

use crate::lock::lock;
use std::sync::Mutex;

/// Bytes copied at once as long as few pipes are full: fewer system calls and wake-ups a GiB.
pub(crate) const LARGE_BYTES: usize = 1024 * 1024;

/// Bytes copied at once when many are.
pub(crate) const SMALL_BYTES: usize = 256 * 1024;

/// Bytes copied at once when very many are.
pub(crate) const TINY_BYTES: usize = 32 * 1024;

/// Large buffers in all. Beyond it whoever never reads costs a small one.
pub(crate) const MAX_LARGE: usize = 64;

/// Small buffers in all. Beyond it whoever never reads costs a tiny one.
pub(crate) const MAX_SMALL: usize = 256;

/// Large buffers that are kept for the next one who needs one.
const MAX_SPARE: usize = 8;

/// The buffers of one relay.
#[derive(Debug, Default)]
pub(crate) struct Buffers(Mutex<Store>);

#[derive(Debug, Default)]
struct Store {
    spare: Vec<Vec<u8>>,
    /// Large buffers that there are, the spare ones included.
    large: usize,
    /// Small ones.
    small: usize,
}

impl Buffers {
    /// A buffer to read into, as large as may be.
    pub(crate) fn take(&self) -> Vec<u8> {
        let mut store = lock(&self.0);
        if let Some(spare) = store.spare.pop() {
            return spare;
        }
        let size = if store.large < MAX_LARGE {
            store.large += 1;
            LARGE_BYTES
        } else if store.small < MAX_SMALL {
            store.small += 1;
            SMALL_BYTES
        } else {
            TINY_BYTES
        };
        drop(store);
        vec![0; size]
    }

    /// Takes back what [`take`](Self::take) gave; anything else is just dropped.
    pub(crate) fn give_back(&self, buffer: Vec<u8>) {
        let mut store = match buffer.len() {
            LARGE_BYTES | SMALL_BYTES => lock(&self.0),
            _ => return,
        };
        if buffer.len() == SMALL_BYTES {
            store.small = store.small.saturating_sub(1);
        } else if store.spare.len() < MAX_SPARE {
            store.spare.push(buffer);
        } else {
            store.large = store.large.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_large_the_others_small_or_tiny_and_few_are_kept() {
        let buffers = Buffers::default();
        let taken: Vec<_> = (0..MAX_LARGE + MAX_SMALL + 3).map(|_| buffers.take()).collect();
        let (large, others) = taken.split_at(MAX_LARGE);
        let (small, tiny) = others.split_at(MAX_SMALL);
        assert!(large.iter().all(|buffer| buffer.len() == LARGE_BYTES));
        assert!(small.iter().all(|buffer| buffer.len() == SMALL_BYTES));
        assert!(tiny.iter().all(|buffer| buffer.len() == TINY_BYTES) && tiny.len() == 3);
        for buffer in taken {
            buffers.give_back(buffer);
        }
        buffers.give_back(Vec::new());
        let store = lock(&buffers.0);
        assert_eq!((store.spare.len(), store.large, store.small), (MAX_SPARE, MAX_SPARE, 0));
        drop(store);
        // What was given back makes room for large ones again.
        let again: Vec<_> = (0..MAX_LARGE).map(|_| buffers.take()).collect();
        assert!(again.iter().all(|buffer| buffer.len() == LARGE_BYTES));
        assert_eq!(buffers.take().len(), SMALL_BYTES);
    }
}
