//! One direction of a pipe.
//!
//! Owns the copying. Each read takes all that is there, up to a whole buffer, and is written out
//! before the next one.

use super::Wire;
use super::buffers::Buffers;
use super::meter::{Cut, Meter};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::ReadBuf;

/// Bytes that one direction moves before the other one and other pipes get their turn.
const MAX_BURST: u64 = 8 * 1024 * 1024;

/// Copies from one socket to the other, and then passes the end of the stream on.
#[derive(Debug)]
pub(super) struct Flow {
    buffers: Arc<Buffers>,
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
    pub(super) fn new(buffers: Arc<Buffers>, greeting: &[u8], early: &[u8], ended: bool) -> Self {
        let buffer = [greeting, early].concat();
        let stage = if ended { Stage::Closing } else { Stage::Copying };
        Self { buffers, start: 0, end: buffer.len(), buffer, stage, bytes: bytes(early.len()) }
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
        meter: &mut Meter,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Cut>> {
        let pause_at = self.bytes.saturating_add(MAX_BURST);
        loop {
            while self.start < self.end {
                let rest = &self.buffer[self.start..self.end];
                match ready!(Pin::new(&mut *to).poll_write(cx, rest))? {
                    0 => return Poll::Ready(Err(Cut::Lost)),
                    count => self.start += count,
                }
                meter.note_written();
            }
            match self.stage {
                Stage::Copying if self.bytes >= pause_at => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Stage::Copying => match self.poll_read(from, cx)? {
                    Poll::Ready(0) => self.stage = Stage::Closing,
                    Poll::Ready(count) => {
                        self.bytes += bytes(count);
                        meter.count(bytes(count))?;
                    }
                    Poll::Pending => {
                        // Nothing waits in it, so others may have it. Whether the flush is done
                        // or will wake this again, there is nothing to do now.
                        self.give_back();
                        let _ = Pin::new(&mut *to).poll_flush(cx)?;
                        return Poll::Pending;
                    }
                },
                Stage::Closing => {
                    self.give_back();
                    ready!(Pin::new(&mut *to).poll_shutdown(cx))?;
                    self.stage = Stage::Closed;
                }
                Stage::Closed => return Poll::Ready(Ok(())),
            }
        }
    }

    fn poll_read(
        &mut self,
        from: &mut dyn Wire,
        cx: &mut Context<'_>,
    ) -> Poll<std::io::Result<usize>> {
        if self.buffer.len() < super::buffers::TINY_BYTES {
            self.buffer = self.buffers.take();
        }
        let mut buffer = ReadBuf::new(&mut self.buffer);
        ready!(Pin::new(from).poll_read(cx, &mut buffer))?;
        let count = buffer.filled().len();
        self.start = 0;
        self.end = count;
        Poll::Ready(Ok(count))
    }

    fn give_back(&mut self) {
        self.buffers.give_back(std::mem::take(&mut self.buffer));
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn bytes(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
