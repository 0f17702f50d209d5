//! A link that can be cut and healed: a port that leads to the relay.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// It is left to itself when it is dropped, and ends with the test.
pub struct Link {
    /// Where it is reached.
    pub address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    cut: bool,
    open: Vec<TcpStream>,
}

impl Link {
    pub fn to(relay: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let state: Arc<Mutex<State>> = Arc::default();
        let (relay, shared) = (relay.to_owned(), Arc::clone(&state));
        std::thread::spawn(move || {
            for near in listener.incoming() {
                let Ok(near) = near else { continue };
                let mut state = shared.lock().expect("no panic");
                if state.cut {
                    continue;
                }
                // A relay that is gone hangs up at once.
                let Ok(far) = TcpStream::connect(&relay) else { continue };
                for end in [&near, &far] {
                    let _ = end.set_nodelay(true);
                    state.open.extend(end.try_clone());
                }
                let ends = [&near, &far].map(|end| end.try_clone().expect("a socket"));
                let [near_again, far_again] = ends;
                std::thread::spawn(move || carry(near, far));
                std::thread::spawn(move || carry(far_again, near_again));
            }
        });
        Self { address, state }
    }

    /// All connections break, and none can be made.
    pub fn cut(&self) {
        let mut state = self.state.lock().expect("no panic");
        state.cut = true;
        for stream in state.open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Connections can be made again.
    pub fn heal(&self) {
        self.state.lock().expect("no panic").cut = false;
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    for end in [&from, &to] {
        let _ = end.shutdown(Shutdown::Both);
    }
}
