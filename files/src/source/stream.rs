//! Bytes that come only once, such as those of standard input.
//!
//! Owns remembering the last of them, so that what a cut took away can be sent again. Several pipes
//! may ask at once: who asks for what is remembered needn't wait for who waits for more.

use couplet::limits::{GROUP, MAX_WINDOW};
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many of the last bytes are remembered at least, also of those that the receiver has: it may
/// be killed, and begin anew.
pub(super) const REMEMBERED: u64 = 32 * GROUP;

/// How many are remembered at most, as long as the receiver may not have them: no more are under way.
const MOST: u64 = MAX_WINDOW + GROUP;

/// How much is asked for at once; a pipe seldom has more.
const AT_ONCE: usize = 64 * 1024;

/// Bytes that are remembered together, and forgotten together.
#[expect(clippy::cast_possible_truncation, reason = "1 MiB fits every usize")]
const BLOCK: usize = GROUP as usize;

/// A stream and the last of what came from it.
pub(super) struct Stream {
    /// Locked by who waits for more, before `past`.
    source: Mutex<Tap>,
    past: Mutex<Past>,
}

struct Tap {
    from: Box<dyn Read + Send>,
    buffer: Vec<u8>,
}

/// What came last, in blocks of which all but the last are full.
#[derive(Debug, Default)]
struct Past {
    blocks: VecDeque<Vec<u8>>,
    /// Where the first block begins.
    start: u64,
    /// The receiver has all before this.
    needed: u64,
    end: u64,
    has_ended: bool,
}

/// Why bytes of a stream can't be had.
#[derive(Debug)]
pub(super) enum StreamFault {
    /// They came too long ago.
    Forgotten,
    /// The stream can't be read.
    Io(io::Error),
}

impl Stream {
    /// What this gives.
    pub(super) fn new(from: Box<dyn Read + Send>) -> Self {
        let source = Mutex::new(Tap { from, buffer: Vec::new() });
        Self { source, past: Mutex::default() }
    }

    /// Fills the buffer with what the stream has from `offset` on, and waits for it if need be. Gives
    /// how many bytes; fewer than asked for only at the end of the stream.
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, StreamFault> {
        let end = offset.saturating_add(buffer.len() as u64);
        if let Some(result) = lock(&self.past).read_at(buffer, offset) {
            return result;
        }
        let mut tap = lock(&self.source);
        loop {
            // Another may have read on meanwhile.
            let come = {
                let past = lock(&self.past);
                if let Some(result) = past.read_at(buffer, offset) {
                    return result;
                }
                past.end
            };
            let len = usize::try_from(end - come).unwrap_or(usize::MAX).min(AT_ONCE);
            let bytes = tap.read(len).map_err(StreamFault::Io)?;
            lock(&self.past).push(bytes);
        }
    }

    /// The receiver has all before this offset.
    pub(super) fn needed_from(&self, offset: u64) {
        lock(&self.past).needed = offset;
    }

    /// How many bytes it had, once it has ended.
    pub(super) fn size(&self) -> Option<u64> {
        let past = lock(&self.past);
        past.has_ended.then_some(past.end)
    }
}

impl Tap {
    /// At most `len` bytes; none at the end.
    fn read(&mut self, len: usize) -> io::Result<&[u8]> {
        self.buffer.resize(AT_ONCE, 0);
        loop {
            match self.from.read(&mut self.buffer[..len]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result.map(|len| &self.buffer[..len]),
            }
        }
    }
}

impl Past {
    /// As [`Stream::read_at`]; nothing if some of it hasn't come yet.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Option<Result<usize, StreamFault>> {
        if offset < self.start {
            return Some(Err(StreamFault::Forgotten));
        }
        let there = usize::try_from(self.end.saturating_sub(offset)).unwrap_or(usize::MAX);
        if there < buffer.len() && !self.has_ended {
            return None;
        }
        let len = there.min(buffer.len());
        let mut at = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        let mut rest = &mut buffer[..len];
        while let Some(block) = self.blocks.get(at / BLOCK).filter(|_| !rest.is_empty()) {
            let bytes = &block[at % BLOCK..];
            let (now, later) = rest.split_at_mut(bytes.len().min(rest.len()));
            now.copy_from_slice(&bytes[..now.len()]);
            at += now.len();
            rest = later;
        }
        Some(Ok(len))
    }

    /// This has come, or the end if it is nothing.
    fn push(&mut self, mut bytes: &[u8]) {
        self.has_ended = bytes.is_empty();
        self.end += bytes.len() as u64;
        while !bytes.is_empty() {
            if self.blocks.back().is_none_or(|block| block.len() == BLOCK) {
                self.blocks.push_back(Vec::new());
            }
            let Some(block) = self.blocks.back_mut() else { return };
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - block.len()));
            if block.capacity() - block.len() < now.len() {
                // Twice as large as before at least, as usual, but never larger than a block.
                let grown = (block.capacity() * 2).max(block.len() + now.len()).min(BLOCK);
                block.reserve_exact(grown - block.len());
            }
            block.extend_from_slice(now);
            bytes = later;
        }
        let wanted = self.end.saturating_sub(REMEMBERED).min(self.needed);
        let wanted = wanted.max(self.end.saturating_sub(MOST));
        while self.start + GROUP <= wanted {
            self.blocks.pop_front();
            self.start += GROUP;
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").finish_non_exhaustive()
    }
}

/// Whoever panicked with it left it whole: what is changed is changed last.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
