//! Waiting for a worker.
//!
//! Owns what happens to a client meanwhile.

use super::{EARLY, End, READ, Visit};
use crate::counters::Count;
use couplet::limits::SHELF_PULSE;
use couplet::message::ExitReason;
use couplet::shelf::host::Command;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::sync::OwnedSemaphorePermit;

impl<S: AsyncRead + AsyncWrite + Unpin> Visit<'_, S> {
    /// Waits until one more transfer may move. The client is told again and again, and whether it is
    /// still there is seen meanwhile.
    pub(super) async fn await_worker(&mut self) -> Result<OwnedSemaphorePermit, End> {
        let workers = Arc::clone(&self.shelf.workers);
        if let Ok(permit) = Arc::clone(&workers).try_acquire_owned() {
            return Ok(permit);
        }
        let _waits = self.relay.counters.hold(Count::ShelfWaiting);
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
                    let before = self.relay.counters.get(Count::ShelfWaiting).saturating_sub(1);
                    self.host.handle_wait(u32::try_from(before).unwrap_or(u32::MAX));
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
