//! Somebody between clients and a relay who counts what goes either way, lets so much through and no
//! more, and cuts.
//!
//! What is held back stands still until the test has done what it wants to have happened in the middle;
//! so no test depends on how fast a machine is.

use super::PATIENCE;
use super::terminal::now;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the clients to the relay.
    Up,
    /// From the relay to the clients.
    Down,
}

/// It ends with the test.
pub struct Valve {
    /// Where it listens.
    pub address: String,
    shared: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    passed: [u64; 2],
    /// How much may pass, if there is a bound.
    allowed: [Option<u64>; 2],
    refuses: bool,
    open: Vec<TcpStream>,
    connections: usize,
}

impl Valve {
    /// One before this relay, which lets everything through.
    pub fn before(relay: &str) -> Self {
        Self::at("127.0.0.1:0", relay)
    }

    /// One that listens there, before whoever is at the other address.
    pub fn at(listen: &str, relay: &str) -> Self {
        let listener = TcpListener::bind(listen).expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let shared = Arc::<(Mutex<State>, Condvar)>::default();
        let (relay, all) = (relay.to_owned(), Arc::clone(&shared));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                // While the relay is gone nobody gets any further.
                if let (Ok(client), Ok(relay)) = (client, TcpStream::connect(&relay)) {
                    join(&client, &relay, &all);
                }
            }
        });
        Self { address, shared }
    }

    /// Lets so many bytes through that way in all, from the beginning on.
    pub fn allow(&self, way: Way, bytes: u64) {
        self.change(|state| state.allowed[way as usize] = Some(bytes));
    }

    /// Lets everything through.
    pub fn open(&self) {
        self.change(|state| {
            state.allowed = [None; 2];
            state.refuses = false;
        });
    }

    /// Breaks all connections.
    pub fn cut(&self) {
        self.change(|state| {
            for stream in state.open.drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
    }

    /// Breaks all connections, and further ones at once, until it is opened.
    pub fn close(&self) {
        self.change(|state| state.refuses = true);
        self.cut();
    }

    /// Bytes that went that way.
    pub fn passed(&self, way: Way) -> u64 {
        self.shared.0.lock().expect("no panic").passed[way as usize]
    }

    /// Connections that were made.
    pub fn connections(&self) -> usize {
        self.shared.0.lock().expect("no panic").connections
    }

    /// Waits until so many bytes went that way.
    pub fn reaches(&self, way: Way, bytes: u64) {
        let until = now() + PATIENCE;
        let (state, changed) = &*self.shared;
        let mut state = state.lock().expect("no panic");
        while state.passed[way as usize] < bytes {
            let left = until.saturating_duration_since(now());
            let passed = state.passed;
            assert!(left > Duration::ZERO, "{way:?}: no {bytes} bytes, but {passed:?}");
            state = changed.wait_timeout(state, left).expect("no panic").0;
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.shared.0.lock().expect("no panic"));
        self.shared.1.notify_all();
    }
}

fn join(client: &TcpStream, relay: &TcpStream, shared: &Arc<(Mutex<State>, Condvar)>) {
    let copy = |stream: &TcpStream| {
        stream.set_nodelay(true).expect("a socket");
        stream.try_clone().expect("a socket")
    };
    {
        let mut state = shared.0.lock().expect("no panic");
        if state.refuses {
            return;
        }
        state.connections += 1;
        state.open.extend([copy(client), copy(relay)]);
    }
    let ways = [(Way::Up, copy(client), copy(relay)), (Way::Down, copy(relay), copy(client))];
    for (way, from, to) in ways {
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            let ended = carry(way, &from, &to, &shared);
            let how = if ended.is_ok() { Shutdown::Write } else { Shutdown::Both };
            let _ = to.shutdown(how);
            if ended.is_err() {
                let _ = from.shutdown(Shutdown::Both);
            }
        });
    }
}

fn carry(
    way: Way,
    mut from: &TcpStream,
    mut to: &TcpStream,
    shared: &(Mutex<State>, Condvar),
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let len = from.read(&mut buffer)?;
        if len == 0 {
            return Ok(());
        }
        let mut rest = &buffer[..len];
        while !rest.is_empty() {
            let now = take(way, rest.len(), shared);
            to.write_all(&rest[..now])?;
            rest = &rest[now..];
        }
    }
}

/// Waits until something may pass, and says how much of so many bytes.
fn take(way: Way, len: usize, shared: &(Mutex<State>, Condvar)) -> usize {
    let (state, changed) = shared;
    let mut state = state.lock().expect("no panic");
    loop {
        let passed = state.passed[way as usize];
        let left = state.allowed[way as usize].map_or(u64::MAX, |most| most.saturating_sub(passed));
        let now = usize::try_from(left).unwrap_or(usize::MAX).min(len);
        if now > 0 {
            state.passed[way as usize] += now as u64;
            changed.notify_all();
            return now;
        }
        state = changed.wait(state).expect("no panic");
    }
}
