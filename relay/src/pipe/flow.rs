//! One direction of a pipe.
//!
//! Owns the copying and the buffers, which come from a small store of each thread: a direction has
//! one only while bytes wait in it, so that idle and quick pipes cost no memory.

use super::Wire;
use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::ReadBuf;

/// Bytes copied at once when many pipes are full.
pub(crate) const BUFFER_BYTES: usize = 256 * 1024;

/// Bytes copied at once as long as few are: fewer system calls a GiB.
const LARGE_BYTES: usize = 1024 * 1024;

/// Large buffers in all. Beyond it whoever never reads costs a small one.
const MAX_LARGE: usize = 64;

/// Large buffers that a thread keeps for the next one who needs one.
const MAX_SPARE: usize = 4;

/// Large buffers that there are, the spare ones included.
static LARGE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Copies from one socket to the other, and then passes the end of the stream on.
#[derive(Debug)]
pub(super) struct Flow {
    /// What was read and isn't written yet is `buffer[start..end]`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    stage: Stage,
    bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Copying,
    Closing,
    Closed,
}

impl Flow {
    /// A direction in which `greeting` and then `early` go first; with `ended`, that is all.
    pub(super) fn new(greeting: &[u8], early: &[u8], ended: bool) -> Self {
        let buffer = [greeting, early].concat();
        let stage = if ended { Stage::Closing } else { Stage::Copying };
        Self { start: 0, end: buffer.len(), buffer, stage, bytes: bytes(early.len()) }
    }

    /// How many bytes of the other end's have been read.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Copies as much as goes; ready when the end of the stream is passed on.
    pub(super) fn poll(
        &mut self,
        from: &mut dyn Wire,
        to: &mut dyn Wire,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            while self.start < self.end {
                let rest = &self.buffer[self.start..self.end];
                match ready!(Pin::new(&mut *to).poll_write(cx, rest))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    count => self.start += count,
                }
            }
            match self.stage {
                Stage::Copying => match self.poll_read(from, cx)? {
                    Poll::Ready(0) => self.stage = Stage::Closing,
                    Poll::Ready(count) => self.bytes += bytes(count),
                    Poll::Pending => {
                        // Nothing waits in it, so others may have it. Whether the flush is done
                        // or will wake this again, there is nothing to do now.
                        give_back(std::mem::take(&mut self.buffer));
                        let _ = Pin::new(&mut *to).poll_flush(cx)?;
                        return Poll::Pending;
                    }
                },
                Stage::Closing => {
                    give_back(std::mem::take(&mut self.buffer));
                    ready!(Pin::new(&mut *to).poll_shutdown(cx))?;
                    self.stage = Stage::Closed;
                }
                Stage::Closed => return Poll::Ready(Ok(())),
            }
        }
    }

    fn poll_read(&mut self, from: &mut dyn Wire, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.buffer.len() < BUFFER_BYTES {
            self.buffer = take_spare();
        }
        let mut buffer = ReadBuf::new(&mut self.buffer);
        ready!(Pin::new(from).poll_read(cx, &mut buffer))?;
        let count = buffer.filled().len();
        self.start = 0;
        self.end = count;
        Poll::Ready(Ok(count))
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        give_back(std::mem::take(&mut self.buffer));
    }
}

fn take_spare() -> Vec<u8> {
    if let Some(spare) = SPARE.with_borrow_mut(Vec::pop) {
        return spare;
    }
    let one_more = |count| (count < MAX_LARGE).then_some(count + 1);
    let large = LARGE.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok();
    vec![0; if large { LARGE_BYTES } else { BUFFER_BYTES }]
}

fn give_back(buffer: Vec<u8>) {
    if buffer.len() != LARGE_BYTES {
        return;
    }
    let kept = SPARE.with_borrow_mut(|spare| {
        let room = spare.len() < MAX_SPARE;
        if room {
            spare.push(buffer);
        }
        room
    });
    if !kept {
        LARGE.fetch_sub(1, Ordering::Relaxed);
    }
}

fn bytes(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
