//! The control connection: a socket to the relay, as frames.
//!
//! Owns connecting, reading and writing; when to do which is the session's. At most one connection
//! is there at a time, and bytes of an old one never reach the session once a new one is asked for.

use crate::clock;
use bytes::{Buf, BytesMut};
use couplet::frame::{self, FrameDecoder};
use couplet::limits;
use couplet::message::{ClientToRelay, RelayToClient};
use couplet::time::Moment;
use futures::future::BoxFuture;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes that may wait to be written before nothing more is read: a relay, or a peer behind it, that
/// asks and asks without reading the answers costs no more.
const MAX_WAITING_OUT: usize = 1024 * 1024;

/// How long one address may take to answer.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// What has happened on the connection.
#[derive(Debug)]
pub(super) enum Happening {
    /// It is there.
    Connected,
    /// It can't be made: what is wrong and what to do.
    ConnectFailed(String),
    /// It is gone.
    Lost,
    /// What came isn't the protocol.
    Garbage(String),
    /// These messages came.
    Messages(Vec<RelayToClient>),
}

pub(super) struct Connection {
    relay: String,
    address: Option<SocketAddr>,
    state: State,
    /// Encoded and not yet written.
    out: BytesMut,
}

enum State {
    Idle,
    Connecting(BoxFuture<'static, Result<TcpStream, String>>),
    Open { stream: TcpStream, decoder: FrameDecoder, scratch: Box<[u8]> },
}

impl Connection {
    pub(super) fn new(relay: String) -> Self {
        Self { relay, address: None, state: State::Idle, out: BytesMut::new() }
    }

    /// Begins to connect; an old connection is dropped.
    pub(super) fn connect(&mut self) {
        self.out.clear();
        self.state = State::Connecting(Box::pin(connect(self.relay.clone())));
    }

    /// Closes the connection once all is written.
    pub(super) fn disconnect(&mut self) {
        if let State::Open { stream, .. } = std::mem::replace(&mut self.state, State::Idle) {
            let out = std::mem::take(&mut self.out);
            tokio::spawn(close(stream, out));
        }
    }

    /// Queues a message; without a connection it goes nowhere, and the session knows.
    pub(super) fn transmit(&mut self, message: &ClientToRelay) {
        if matches!(self.state, State::Open { .. }) {
            message.encode(&mut self.out);
        }
    }

    /// Where the relay was reached, for the pipes.
    pub(super) const fn relay_address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Writes what is queued for as long as that may take, at the end of a session.
    pub(super) async fn flush(&mut self) {
        if let State::Open { stream, .. } = std::mem::replace(&mut self.state, State::Idle) {
            close(stream, std::mem::take(&mut self.out)).await;
        }
    }

    /// What happens next. Queued messages are written meanwhile, so this must be polled even if
    /// `may_read` forbids reading. Dropping the future loses nothing.
    pub(super) async fn next(&mut self, may_read: bool) -> Happening {
        loop {
            match &mut self.state {
                State::Idle => std::future::pending().await,
                State::Connecting(connecting) => {
                    let result = connecting.await;
                    return self.opened(result);
                }
                State::Open { stream, decoder, scratch } => {
                    let may_read = may_read && self.out.len() < MAX_WAITING_OUT;
                    let (mut reader, mut writer) = stream.split();
                    tokio::select! {
                        read = reader.read(scratch), if may_read => {
                            let happening = match read {
                                Ok(0) | Err(_) => Happening::Lost,
                                Ok(len) => decode(decoder, &scratch[..len]),
                            };
                            if matches!(happening, Happening::Lost | Happening::Garbage(_)) {
                                self.state = State::Idle;
                            }
                            return happening;
                        }
                        written = writer.write(&self.out), if !self.out.is_empty() => match written {
                            Ok(len) if len > 0 => self.out.advance(len),
                            Ok(_) | Err(_) => {
                                self.state = State::Idle;
                                return Happening::Lost;
                            }
                        },
                        else => std::future::pending().await,
                    }
                }
            }
        }
    }

    fn opened(&mut self, result: Result<TcpStream, String>) -> Happening {
        match result {
            Ok(stream) => {
                self.address = stream.peer_addr().ok();
                self.out.extend_from_slice(&frame::opening());
                let decoder = FrameDecoder::new(limits::MAX_CONTROL_BODY);
                let scratch = vec![0; 16 * 1024].into_boxed_slice();
                self.state = State::Open { stream, decoder, scratch };
                Happening::Connected
            }
            Err(text) => {
                self.state = State::Idle;
                Happening::ConnectFailed(text)
            }
        }
    }
}

fn decode(decoder: &mut FrameDecoder, bytes: &[u8]) -> Happening {
    decoder.push(bytes);
    let mut messages = Vec::new();
    loop {
        match decoder.poll_frame() {
            Ok(None) => return Happening::Messages(messages),
            Err(error) => return Happening::Garbage(error.to_string()),
            Ok(Some(frame)) => match RelayToClient::decode(frame) {
                Ok(message) => messages.push(message),
                Err(error) => return Happening::Garbage(error.to_string()),
            },
        }
    }
}

async fn close(mut stream: TcpStream, out: BytesMut) {
    let flush = async {
        stream.write_all(&out).await?;
        stream.shutdown().await
    };
    // A relay that doesn't take it in time is gone; there is nothing left to tell it.
    let _ = tokio::time::timeout(limits::FLUSH_LIMIT, flush).await;
}

async fn connect(relay: String) -> Result<TcpStream, String> {
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host(&relay)
        .await
        .map_err(|error| {
            format!(
                "can't find the relay {relay} ({error}); check the name and the port, as in \
                 --relay HOST:PORT"
            )
        })?
        .collect();
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match tokio::time::timeout(CONNECT_LIMIT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // A word must not wait for more to come.
                stream.set_nodelay(true).map_err(|error| error.to_string())?;
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(if last.kind() == io::ErrorKind::ConnectionRefused {
        format!(
            "no relay answers at {relay}; start one with `bash launch_server.sh`, or say where it \
             is with --relay HOST:PORT"
        )
    } else if last.kind() == io::ErrorKind::TimedOut {
        format!(
            "the relay {relay} doesn't answer within {} s; check the address and the network",
            CONNECT_LIMIT.as_secs()
        )
    } else {
        format!("can't reach the relay {relay} ({last}); check the address and the network")
    })
}

/// Sleeps until then; for ever if there is no such time.
pub(super) async fn sleep_until(moment: Option<Moment>) {
    match moment {
        Some(moment) => tokio::time::sleep(moment.since(clock::now())).await,
        None => std::future::pending().await,
    }
}
