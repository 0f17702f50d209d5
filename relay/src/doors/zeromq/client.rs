//! One ZeroMQ client from its first byte to its last.
//!
//! Owns its socket, and the loop around its machines: nothing is read while its replies can't be
//! written or the disk is busy with what it sent. Every wait has a limit.

use super::Door;
use super::disk::Disk;
use crate::counters::Count;
use crate::gate::Handshake;
use crate::line::farewell;
use bytes::{Buf as _, BytesMut};
use couplet::time::Moment;
use couplet::upload::Uploads;
use couplet::zmtp::{Connection, Incoming, ZmtpError};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep_until;
use tracing::{debug, info};

/// Bytes read at once.
const READ_BYTES: usize = 64 * 1024;

/// Replies that may wait to be written before no more requests are answered.
const OUT_FULL: usize = 64 * 1024;

/// How long a client is kept that has nothing in transit while others wait for a place.
const IDLE_IN_A_CROWD: Duration = Duration::from_secs(10);

/// Why a client is no longer served.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("the connection ended")]
    Gone,
    #[error("{0}")]
    Protocol(ZmtpError),
    #[error("the handshake took too long")]
    Handshake,
    #[error("it didn't read its replies")]
    Stuck,
    #[error("nothing came for long")]
    Idle,
    #[error("the relay ends")]
    Ending,
    #[error("writing its files failed")]
    Fault,
}

#[derive(Debug)]
pub(super) struct Client {
    number: u64,
    door: Arc<Door>,
    connection: Connection,
    uploads: Uploads,
    disk: Disk,
    out: BytesMut,
    /// When some of `out` was last written, or it began to wait.
    moved: Moment,
    /// Nothing more is read of it; it is over when all that was asked is answered.
    failed: Option<ZmtpError>,
    handshake_by: Moment,
}

impl Client {
    pub(super) fn new(number: u64, door: Arc<Door>) -> Self {
        let now = door.relay.clock.now();
        Self {
            number,
            connection: Connection::router(),
            uploads: Uploads::new(door.limits, now),
            disk: Disk::new(Arc::clone(&door.shelf), number),
            out: BytesMut::new(),
            moved: now,
            failed: None,
            handshake_by: now + door.relay.timeouts.handshake,
            door,
        }
    }

    /// Serves it until it ends.
    pub(super) async fn serve(
        mut self,
        mut stream: TcpStream,
        from: SocketAddr,
        handshake: Handshake,
    ) {
        let number = self.number;
        let held = self.door.relay.counters.hold(Count::ZmqClients);
        debug!(zmq_client = number, %from, "came");
        let end = self.converse(&mut stream, handshake).await;
        if matches!(end, End::Handshake) {
            self.door.relay.counters.one(Count::RefusedHandshakeTimeout);
        }
        let lost = self.uploads.names().count();
        info!(zmq_client = number, %from, why = %end, lost, "a ZeroMQ client is gone");
        // Its names are free before it can come back.
        self.disk.end().await;
        drop(held);
        if matches!(end, End::Protocol(_)) {
            // What it was told last is to reach it, whatever it still says.
            farewell(stream, self.out, self.door.relay.timeouts.flush).await;
        }
    }

    async fn converse(&mut self, stream: &mut TcpStream, handshake: Handshake) -> End {
        let mut handshake = Some(handshake);
        let mut buffer = vec![0; READ_BYTES];
        let mut crowded = self.door.crowded.subscribe();
        let (mut reader, mut writer) = stream.split();
        loop {
            self.digest();
            self.disk.start();
            if self.connection.is_ready() {
                drop(handshake.take());
            }
            if let Some(error) = self
                .failed
                .take_if(|_| self.uploads.is_idle() && self.out.is_empty() && !self.disk.is_busy())
            {
                return End::Protocol(error);
            }
            let reads =
                self.failed.is_none() && self.out.is_empty() && self.uploads.wants_message();
            let (at, why) = self.deadline(*crowded.borrow_and_update());
            let at = self.door.relay.clock.at(at);
            tokio::select! {
                biased;
                () = self.door.relay.ending.cancelled() => return End::Ending,
                written = writer.write(&self.out), if !self.out.is_empty() => match written {
                    Ok(count) if count > 0 => {
                        self.out.advance(count);
                        self.moved = self.door.relay.clock.now();
                    }
                    Ok(_) | Err(_) => return End::Gone,
                },
                done = self.disk.done() => {
                    let Ok(done) = done else { return End::Fault };
                    let now = self.door.relay.clock.now();
                    for (ticket, result) in done {
                        self.uploads.handle_done(ticket, result, now);
                    }
                }
                count = reader.read(&mut buffer), if reads => match count {
                    Ok(0) | Err(_) => return End::Gone,
                    Ok(count) => self.hear(&buffer[..count]),
                },
                () = sleep_until(at) => {
                    let now = self.door.relay.clock.now();
                    match why {
                        Some(end) => return end,
                        None => self.uploads.handle_timeout(now),
                    }
                }
                // Somebody waits for a place now, or no longer.
                _ = crowded.changed() => {}
            }
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        let before = self.connection.message_bytes();
        self.connection.handle_bytes(bytes);
        if self.connection.message_bytes() != before {
            self.uploads.handle_sign(self.door.relay.clock.now());
        }
    }

    /// Lets the machines go on until they need something.
    fn digest(&mut self) {
        let now = self.door.relay.clock.now();
        loop {
            while let Some(task) = self.uploads.poll_task() {
                self.disk.push(task);
            }
            while let Some(reply) = self.uploads.poll_reply() {
                self.connection.send(&reply.frames());
            }
            if self.out.is_empty() {
                self.moved = now;
            }
            self.out.unsplit(self.connection.take_output());
            let full = self.out.len() >= OUT_FULL;
            if full || self.failed.is_some() || !self.uploads.wants_message() {
                return;
            }
            match self.connection.poll_incoming() {
                Ok(None) => {
                    // PONGs and the handshake's part, which are no replies.
                    self.out.unsplit(self.connection.take_output());
                    return;
                }
                Ok(Some(Incoming::Ready(peer))) => {
                    debug!(zmq_client = self.number, ?peer, "a ZeroMQ client is there");
                }
                Ok(Some(Incoming::Message(frames))) => self.uploads.handle_message(&frames, now),
                Ok(Some(Incoming::Refused { why, begun })) => {
                    debug!(zmq_client = self.number, %why, "a message is passed over");
                    self.uploads.handle_refused(&begun, why, now);
                }
                Err(error) => self.failed = Some(error),
            }
        }
    }

    /// When the next limit is over, and what it means: an end, or nothing for the client's transfers.
    fn deadline(&self, crowded: bool) -> (Moment, Option<End>) {
        let timeouts = &self.door.relay.timeouts;
        if !self.out.is_empty() {
            return (self.moved + timeouts.stuck, Some(End::Stuck));
        }
        if !self.connection.is_ready() {
            return (self.handshake_by, Some(End::Handshake));
        }
        if let Some(at) = self.uploads.poll_timeout() {
            return (at, None);
        }
        let idle = if crowded { self.door.idle.min(IDLE_IN_A_CROWD) } else { self.door.idle };
        if self.uploads.is_idle() && !self.disk.is_busy() {
            (self.uploads.heard() + idle, Some(End::Idle))
        } else {
            // The disk has what is waited for.
            (self.door.relay.clock.now() + self.door.idle, None)
        }
    }
}
