//! The memory that pipes are copied through.
//!
//! Owns how much of it there is. A direction of a pipe borrows a buffer while bytes wait in it and
//! gives it back when it has none, so idle pipes have none and quick ones pass one around. The few
//! that are kept spare are shared by all threads: what one has warmed up the next one uses, and the
//! relay's memory doesn't grow with the threads that a pipe has been on.

use crate::lock::lock;
use std::sync::Mutex;

/// Bytes copied at once when many pipes are full.
pub(crate) const SMALL_BYTES: usize = 256 * 1024;

/// Bytes copied at once as long as few are: fewer system calls and wake-ups a GiB.
pub(crate) const LARGE_BYTES: usize = 1024 * 1024;

/// Large buffers in all. Beyond it whoever never reads costs a small one.
const MAX_LARGE: usize = 64;

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
}

impl Buffers {
    /// A buffer to read into, as large as may be.
    pub(crate) fn take(&self) -> Vec<u8> {
        let mut store = lock(&self.0);
        if let Some(spare) = store.spare.pop() {
            return spare;
        }
        let large = store.large < MAX_LARGE;
        store.large += usize::from(large);
        drop(store);
        vec![0; if large { LARGE_BYTES } else { SMALL_BYTES }]
    }

    /// Takes back what [`take`](Self::take) gave; anything else is just dropped.
    pub(crate) fn give_back(&self, buffer: Vec<u8>) {
        if buffer.len() != LARGE_BYTES {
            return;
        }
        let mut store = lock(&self.0);
        if store.spare.len() < MAX_SPARE {
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
    fn the_first_are_large_the_others_small_and_few_are_kept() {
        let buffers = Buffers::default();
        let taken: Vec<_> = (0..MAX_LARGE + 3).map(|_| buffers.take()).collect();
        assert!(taken[..MAX_LARGE].iter().all(|buffer| buffer.len() == LARGE_BYTES));
        assert!(taken[MAX_LARGE..].iter().all(|buffer| buffer.len() == SMALL_BYTES));
        for buffer in taken {
            buffers.give_back(buffer);
        }
        buffers.give_back(Vec::new());
        let store = lock(&buffers.0);
        assert_eq!((store.spare.len(), store.large), (MAX_SPARE, MAX_SPARE));
        drop(store);
        // What was given back makes room for large ones again.
        let again: Vec<_> = (0..MAX_LARGE).map(|_| buffers.take()).collect();
        assert!(again.iter().all(|buffer| buffer.len() == LARGE_BYTES));
        assert_eq!(buffers.take().len(), SMALL_BYTES);
    }
}
