//! Waiting for a worker.
//!
//! Owns who is before whom, and what happens to a client meanwhile.

use super::{EARLY, End, READ, Visit};
use crate::counters::Count;
use crate::lock::lock;
use couplet::limits::SHELF_PULSE;
use couplet::message::ExitReason;
use couplet::shelf::host::Command;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::sync::OwnedSemaphorePermit;

/// Those who wait, as they came; workers are given out in that order.
#[derive(Debug, Default)]
pub(in crate::shelf) struct Queue {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    last: u64,
    numbers: BTreeSet<u64>,
}

/// A place in the queue, which is left when this is dropped.
struct Place<'a> {
    queue: &'a Queue,
    number: u64,
}

impl Queue {
    fn join(&self) -> Place<'_> {
        let mut waiting = lock(&self.waiting);
        waiting.last += 1;
        let number = waiting.last;
        waiting.numbers.insert(number);
        Place { queue: self, number }
    }
}

impl Place<'_> {
    /// How many are before this one.
    fn before(&self) -> usize {
        lock(&self.queue.waiting).numbers.range(..self.number).count()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        lock(&self.queue.waiting).numbers.remove(&self.number);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Visit<'_, S> {
    /// Waits until one more transfer may move. The client is told again and again, and whether it is
    /// still there is seen meanwhile.
    pub(super) async fn await_worker(&mut self) -> Result<OwnedSemaphorePermit, End> {
        let workers = Arc::clone(&self.shelf.workers);
        if let Ok(permit) = Arc::clone(&workers).try_acquire_owned() {
            return Ok(permit);
        }
        let _waits = self.relay.counters.hold(Count::ShelfWaiting);
        let shelf = Arc::clone(&self.shelf);
        let place = shelf.queue.join();
        let mut free = std::pin::pin!(workers.acquire_owned());
        let mut tick = tokio::time::interval(SHELF_PULSE);
        let mut scratch = [0; READ];
        loop {
            tokio::select! {
                biased;
                () = self.relay.ending.cancelled() => {
                    return Err(self.shut_down());
                }
                permit = &mut free => return permit.map_err(|_| End::Gone),
                _ = tick.tick() => {
                    self.host.handle_wait(u32::try_from(place.before()).unwrap_or(u32::MAX));
                    self.say();
                    self.write().await?;
                }
                count = self.stream.read(&mut scratch), if self.decoder.buffered() < EARLY => {
                    match count {
                        Ok(0) | Err(_) => return Err(End::Gone),
                        Ok(count) => self.decoder.push(&scratch[..count]),
                    }
                }
            }
        }
    }

    /// The client is to be told that the relay ends.
    pub(super) fn shut_down(&mut self) -> End {
        let restart = self.relay.drain;
        let reason = if restart { ExitReason::Restart } else { ExitReason::Shutdown };
        self.host.handle_shutdown(reason);
        self.say();
        End::Said
    }

    /// Encodes what the machine has to say; while it waits it wants nothing else done.
    fn say(&mut self) {
        while let Some(command) = self.host.poll_command() {
            if let Command::Send(message) = command {
                message.encode(&mut self.out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_knows_how_many_are_before_it() {
        let queue = Queue::default();
        let [first, second, third] = [queue.join(), queue.join(), queue.join()];
        assert_eq!([&first, &second, &third].map(Place::before), [0, 1, 2]);
        drop(second);
        assert_eq!([&first, &third].map(Place::before), [0, 1]);
        drop(first);
        let fourth = queue.join();
        assert_eq!([&third, &fourth].map(Place::before), [0, 1]);
        drop((third, fourth));
        assert_eq!(lock(&queue.waiting).numbers.len(), 0);
    }
}
