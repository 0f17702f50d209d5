//! Somebody between a sender and the relay who counts: what goes into pipes, and when.
//!
//! The programs' own figures come a few times a second, and those of one that is killed end before it
//! does. What has passed here has travelled, whoever lived to tell. It has an address of its own, which
//! stays when the relay is started again; while it is [closed](Meter::close) it is refused there as at a
//! relay that is gone.

use super::PATIENCE;
use super::terminal::now;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Its connections end with the programs at their ends.
pub struct Meter {
    /// Where it listens.
    pub address: String,
    relay: String,
    pipes: Arc<(Mutex<Pipes>, Condvar)>,
    closing: Arc<AtomicBool>,
    listening: Option<JoinHandle<()>>,
}

/// What has gone from the sender into pipes, their heads and seals included.
#[derive(Default)]
struct Pipes {
    /// How many there were.
    count: usize,
    total: u64,
    /// Which pipe, how many bytes at once, and when.
    passed: Vec<(usize, u64, Instant)>,
}

impl Meter {
    /// One before this relay.
    pub fn start(relay: &str) -> Self {
        let mut meter = Self {
            address: "127.0.0.1:0".to_owned(),
            relay: relay.to_owned(),
            pipes: Arc::default(),
            closing: Arc::default(),
            listening: None,
        };
        meter.open();
        meter
    }

    /// Listens, where it did before.
    pub fn open(&mut self) {
        let listener = TcpListener::bind(&self.address).expect("a port");
        self.address = listener.local_addr().expect("an address").to_string();
        self.closing.store(false, Ordering::SeqCst);
        let (relay, closing) = (self.relay.clone(), Arc::clone(&self.closing));
        let pipes = Arc::clone(&self.pipes);
        self.listening = Some(std::thread::spawn(move || {
            for client in listener.incoming() {
                if closing.load(Ordering::SeqCst) {
                    return;
                }
                // A relay that is just being killed takes nobody; nor does this, then.
                if let (Ok(client), Ok(relay)) = (client, TcpStream::connect(&relay)) {
                    carry(client, relay, &pipes);
                }
            }
        }));
    }

    /// Refuses whoever comes from now on. What is open stays.
    pub fn close(&mut self) {
        self.closing.store(true, Ordering::SeqCst);
        // It looks when somebody comes.
        drop(TcpStream::connect(&self.address).expect("a listener"));
        self.listening.take().expect("it listens").join().expect("no panic");
    }

    /// How many pipes there were so far.
    pub fn pipes(&self) -> usize {
        self.pipes.0.lock().expect("no panic").count
    }

    /// Bytes that went into pipes so far.
    pub fn total(&self) -> u64 {
        self.pipes.0.lock().expect("no panic").total
    }

    /// Waits until so many bytes have gone into pipes.
    pub fn reaches(&self, bytes: u64) {
        self.waits(&format!("{bytes} bytes"), |pipes| (pipes.total >= bytes).then_some(()));
    }

    /// Waits until more than so many bytes have gone into pipes other than the first `before`. Gives
    /// when that was.
    pub fn passes(&self, before: usize, bytes: u64) -> Instant {
        self.waits(&format!("{bytes} bytes behind {before} pipes"), |pipes| {
            let mut left = bytes;
            let new = pipes.passed.iter().filter(|(pipe, ..)| *pipe >= before);
            new.into_iter().find_map(|(_, len, at)| {
                let is_more = *len > left;
                left = left.saturating_sub(*len);
                is_more.then_some(*at)
            })
        })
    }

    fn waits<T>(&self, what: &str, pick: impl Fn(&Pipes) -> Option<T>) -> T {
        // What is large takes a while before it comes to what is waited for.
        let until = now() + 15 * PATIENCE;
        let (pipes, changed) = &*self.pipes;
        let mut pipes = pipes.lock().expect("no panic");
        loop {
            if let Some(picked) = pick(&pipes) {
                return picked;
            }
            let left = until.saturating_duration_since(now());
            let (count, total) = (pipes.count, pipes.total);
            assert!(left > Duration::ZERO, "no {what}: {total} bytes through {count} pipes");
            pipes = changed.wait_timeout(pipes, left).expect("no panic").0;
        }
    }
}

/// Joins the two, in threads that end with them.
fn carry(client: TcpStream, relay: TcpStream, pipes: &Arc<(Mutex<Pipes>, Condvar)>) {
    let (client_too, relay_too) = (copy_of(&client), copy_of(&relay));
    std::thread::spawn(move || {
        let (mut from, mut to) = (&relay_too, &client_too);
        // A connection that breaks there breaks here, too.
        let way =
            if io::copy(&mut from, &mut to).is_ok() { Shutdown::Write } else { Shutdown::Both };
        let _ = client_too.shutdown(way);
    });
    let pipes = Arc::clone(pipes);
    std::thread::spawn(move || {
        let ended = count(&client, &relay, &pipes);
        let _ = relay.shutdown(Shutdown::Write);
        if ended.is_err() {
            let _ = client.shutdown(Shutdown::Both);
        }
    });
}

/// From the client to the relay; counts what comes after the request to open a pipe.
fn count(
    mut client: &TcpStream,
    mut relay: &TcpStream,
    pipes: &(Mutex<Pipes>, Condvar),
) -> io::Result<()> {
    let mut head = vec![0; 8 + 5];
    client.read_exact(&mut head)?;
    // The length of a frame counts its kind, which has been read.
    let len = u32::from_be_bytes(head[8..12].try_into().expect("four bytes")) as usize - 1;
    head.resize(8 + 5 + len, 0);
    client.read_exact(&mut head[13..])?;
    relay.write_all(&head)?;
    if !head.windows(9).any(|window| window == b"open_pipe") {
        return io::copy(&mut client, &mut relay).map(drop);
    }
    let (pipes, changed) = pipes;
    let pipe = {
        let mut pipes = pipes.lock().expect("no panic");
        pipes.count += 1;
        pipes.count - 1
    };
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let len = client.read(&mut buffer)?;
        if len == 0 {
            return Ok(());
        }
        let mut all = pipes.lock().expect("no panic");
        all.total += len as u64;
        all.passed.push((pipe, len as u64, now()));
        drop(all);
        changed.notify_all();
        relay.write_all(&buffer[..len])?;
    }
}

fn copy_of(stream: &TcpStream) -> TcpStream {
    stream.set_nodelay(true).expect("a socket");
    stream.try_clone().expect("a socket")
}
