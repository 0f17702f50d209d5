//! Streams that are read again, ahead, and by several at once.

use super::*;
use std::io::{Cursor, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Gives the bytes 0, 1, 2, … in small helpings, with interruptions.
struct Helpings {
    next: u64,
    end: u64,
    calls: Arc<AtomicUsize>,
}

impl Read for Helpings {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        if call % 3 == 1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let len = to
            .len()
            .min(1 + call % 7_000)
            .min(usize::try_from(self.end - self.next).expect("fits"));
        for byte in &mut to[..len] {
            *byte = byte_at(self.next);
            self.next += 1;
        }
        Ok(len)
    }
}

/// Not the same in any two blocks.
fn byte_at(offset: u64) -> u8 {
    offset.wrapping_mul(2_654_435_761).to_be_bytes()[4]
}

fn helpings(len: u64) -> (Stream, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let from = Helpings { next: 0, end: len, calls: Arc::clone(&calls) };
    (Stream::new(Box::new(from)), calls)
}

fn read(stream: &Stream, offset: u64, len: usize) -> usize {
    let mut bytes = vec![0; len];
    let len = stream.read_at(&mut bytes, offset).expect("reads");
    for (byte, at) in bytes[..len].iter().zip(offset..) {
        assert_eq!(*byte, byte_at(at), "at {at}");
    }
    len
}

#[test]
fn a_buffer_is_filled_unless_the_stream_ends() {
    let (stream, _) = helpings(3_000_000);
    assert_eq!(read(&stream, 0, 1 << 20), 1 << 20);
    assert_eq!(stream.size(), None);
    assert_eq!(read(&stream, 1 << 20, 1 << 20), 1 << 20);
    assert_eq!(read(&stream, 2 << 20, 1 << 20), 3_000_000 - (2 << 20));
    assert_eq!(stream.size(), Some(3_000_000));
    assert_eq!((read(&stream, 3_000_000, 10), read(&stream, 9_000_000, 10)), (0, 0));
}

#[test]
fn what_was_read_can_be_read_again_in_any_pieces() {
    let (stream, calls) = helpings(4_000_000);
    assert_eq!(read(&stream, 0, 2_500_000), 2_500_000);
    let before = calls.load(Ordering::Relaxed);
    for (offset, len) in
        [(0, 1), (1_048_575, 2), (7, 2_400_000), (2_499_999, 1), (1 << 20, 1 << 20)]
    {
        assert_eq!(read(&stream, offset, len), len);
    }
    assert_eq!(calls.load(Ordering::Relaxed), before);
    // Partly new.
    assert_eq!(read(&stream, 2_000_000, 1_000_000), 1_000_000);
}

#[test]
fn who_is_ahead_leaves_nothing_out_for_the_others() {
    let (stream, _) = helpings(5_000_000);
    assert_eq!(read(&stream, 2 << 20, 1 << 20), 1 << 20);
    assert_eq!(read(&stream, 0, 2 << 20), 2 << 20);
}

#[test]
fn only_the_last_bytes_are_remembered() {
    let len = MOST + 5 * GROUP + 17;
    let (stream, _) = helpings(len);
    let mut at = 0;
    while at < len {
        at += read(&stream, at, BLOCK) as u64;
        let past = lock(&stream.past);
        let held: usize = past.blocks.iter().map(Vec::capacity).sum();
        assert!(held as u64 <= MOST + GROUP, "{held}");
        assert!(past.end - past.start >= MOST.min(at));
    }
    assert_eq!(read(&stream, len - MOST, BLOCK), BLOCK);
    let fault = stream.read_at(&mut [0], 0).expect_err("long ago");
    assert!(matches!(fault, StreamFault::Forgotten));
}

#[test]
fn fewer_are_remembered_of_what_the_receiver_has() {
    let len = MOST + 5 * GROUP + 17;
    let (stream, _) = helpings(len);
    let mut at = 0;
    while at < len {
        stream.needed_from(at.saturating_sub(4 * GROUP));
        at += read(&stream, at, BLOCK) as u64;
        let past = lock(&stream.past);
        let held: usize = past.blocks.iter().map(Vec::capacity).sum();
        assert!(held as u64 <= REMEMBERED + 2 * GROUP, "{held}");
        assert!(past.end - past.start >= REMEMBERED.min(at));
    }
    // What it hasn't stays, however much more comes.
    let (stream, _) = helpings(len);
    stream.needed_from(10 * GROUP);
    read(&stream, 60 * GROUP, BLOCK);
    assert_eq!(read(&stream, 10 * GROUP, BLOCK), BLOCK);
}

#[test]
fn a_short_stream_takes_little_memory() {
    let (stream, _) = helpings(100);
    assert!(lock(&stream.past).blocks.is_empty() && lock(&stream.source).buffer.is_empty());
    assert_eq!(read(&stream, 0, BLOCK), 100);
    assert!(lock(&stream.past).blocks[0].capacity() < 1024);
}

#[test]
fn a_stream_that_fails_says_so_and_keeps_what_came() {
    struct Fails(Cursor<&'static [u8]>);
    impl Read for Fails {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            match self.0.read(to)? {
                0 => Err(io::Error::other("broken")),
                len => Ok(len),
            }
        }
    }
    let stream = Stream::new(Box::new(Fails(Cursor::new(b"abc"))));
    let mut bytes = [0; 3];
    for _ in 0..2 {
        let fault = stream.read_at(&mut [0; 9], 0).expect_err("broken");
        assert!(matches!(fault, StreamFault::Io(_)));
        assert!(matches!(stream.read_at(&mut bytes, 0), Ok(3)));
        assert_eq!(&bytes, b"abc");
    }
}

#[test]
fn who_reads_again_doesnt_wait_for_who_waits_for_more() {
    let (from, mut to) = io::pipe().expect("a pipe");
    let stream = Arc::new(Stream::new(Box::new(from)));
    to.write_all(b"first").expect("written");
    assert!(matches!(stream.read_at(&mut [0; 5], 0), Ok(5)));
    let waiting = Arc::clone(&stream);
    let thread = thread::spawn(move || {
        let mut bytes = [0; 9];
        let len = waiting.read_at(&mut bytes, 5).expect("reads");
        bytes[..len].to_vec()
    });
    // Whether the other waits by now or not; if this waited for it, it would do so for ever.
    for _ in 0..1000 {
        assert!(matches!(stream.read_at(&mut [0; 2], 3), Ok(2)));
        thread::yield_now();
    }
    to.write_all(b"more").expect("written");
    drop(to);
    assert_eq!(thread.join().expect("reads"), b"more");
    assert_eq!(stream.size(), Some(9));
}
