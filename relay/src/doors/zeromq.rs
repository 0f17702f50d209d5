//! The door for programs that upload in chunks over ZeroMQ.
//!
//! Owns listening for them, how many may be here at once, and the end of each. What one client says
//! is `client`'s, what its files need of the disk `disk`'s, the way of one onto the shelf `upload`'s. The
//! machines are the core's: [`couplet::zmtp`] and [`couplet::upload`].
//!
//! When all places are taken nobody is accepted: a ZeroMQ client waits by itself, with what it wants
//! to say. Who idles with nothing in transit makes room then.

mod client;
mod disk;
mod upload;

use crate::accept::{Accepted, accept};
use crate::config::Config;
use crate::relay::Relay;
use crate::shelf::Shelf;
use client::Client;
use couplet::upload::Limits;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_util::task::TaskTracker;
use tracing::debug;

/// What one client can make the relay hold at most: a message that is coming in (2 MiB and what it
/// grows by), one that waits, what is being written (4 MiB), the ranges of its files, its buffers, and what a thread
/// that writes takes of its stack.
pub(crate) const CLIENT_BYTES: u64 = 10 * 1024 * 1024;

/// What all clients of this door share.
#[derive(Debug)]
struct Door {
    relay: Arc<Relay>,
    shelf: Arc<Shelf>,
    limits: Limits,
    /// How long a client is kept that has nothing in transit.
    idle: Duration,
    /// Whether somebody waits for a place.
    crowded: watch::Sender<bool>,
}

impl Door {
    /// Whether somebody waits for a place.
    fn crowd(&self, crowded: bool) {
        self.crowded.send_if_modified(|now| std::mem::replace(now, crowded) != crowded);
    }
}

/// Serves whoever comes to `config`'s listener, for ever.
pub(crate) async fn serve(config: &Config, relay: &Arc<Relay>, tasks: &TaskTracker) {
    let (Some(listener), Some(shelf)) = (&config.zmq, &config.opened_shelf) else {
        return std::future::pending().await;
    };
    let door = Arc::new(Door {
        relay: Arc::clone(relay),
        shelf: Arc::clone(shelf),
        limits: Limits { silence: config.zmq_silence, ..Limits::default() },
        idle: 2 * config.zmq_silence,
        crowded: watch::Sender::new(false),
    });
    let left = Arc::clone(shelf);
    // Without it there is less room, and nothing else is lost.
    let _ = tokio::task::spawn_blocking(move || upload::clear_up(&left)).await;
    let places = usize::try_from(config.max_zmq_clients).unwrap_or(Semaphore::MAX_PERMITS);
    accept_all(&door, listener, &Arc::new(Semaphore::new(places)), tasks).await;
}

async fn accept_all(
    door: &Arc<Door>,
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    tasks: &TaskTracker,
) {
    let relay = &door.relay;
    loop {
        door.crowd(places.available_permits() == 0);
        let Ok(place) = Arc::clone(places).acquire_owned().await else { return };
        door.crowd(false);
        let Accepted { stream, from, number } = accept(listener, relay, "ZeroMQ clients").await;
        match relay.gate.enter(from.ip()) {
            Ok((visit, handshake)) => {
                let client = Client::new(number, Arc::clone(door));
                tasks.spawn(async move {
                    client.serve(stream, from, handshake).await;
                    drop((visit, place));
                });
            }
            Err(full) => {
                // Its library tries again by itself.
                debug!(zmq_client = number, %from, %full, "turned away");
                relay.counters.one(full.count());
            }
        }
    }
}
