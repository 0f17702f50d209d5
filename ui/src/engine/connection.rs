//! The control connection: a socket to the relay, as frames.
//!
//! Owns connecting, reading and writing; when to do which is the session's. At most one connection
//! is there at a time, and bytes of an old one never reach the session once a new one is asked for.
//! Whether it is plain or TLS, and whether the relay is believed, is settled (by [`super::tls`])
//! before it counts as connected; from there on both are the same.

use super::closing::Closing;
use super::tls::{Fault, TlsChoice, Trust};
use crate::{clock, meeting};
use bytes::{Buf, BytesMut};
use couplet::frame::{self, FrameDecoder};
use couplet::limits;
use couplet::message::{ClientToRelay, RelayToClient};
use couplet::time::Moment;
use futures::future::BoxFuture;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Bytes that may wait to be written before nothing more is read: a relay, or a peer behind it, that
/// asks and asks without reading the answers costs no more.
const MAX_WAITING_OUT: usize = 1024 * 1024;

/// How long one address may take to answer.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// What has happened on the connection.
#[derive(Debug)]
pub(super) enum Happening {
    /// It is there; the text is for the user.
    Connected(Option<String>),
    /// It can't be made: what is wrong and what to do.
    ConnectFailed(String),
    /// What answers can't be trusted to be the relay: what is wrong and what to do.
    Distrusted(String),
    /// It is gone.
    Lost,
    /// What came isn't the protocol.
    Garbage(String),
    /// These messages came.
    Messages(Vec<RelayToClient>),
}

/// A socket, whatever protects it.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// A connection that was just made.
pub(super) struct Opened {
    pub(super) stream: Box<dyn Wire>,
    pub(super) address: SocketAddr,
    pub(super) is_tls: bool,
    pub(super) notice: Option<String>,
}

pub(super) struct Connection {
    trust: Arc<Trust>,
    address: Option<SocketAddr>,
    state: State,
    /// Encoded and not yet written.
    out: BytesMut,
    closing: Closing,
}

enum State {
    Idle,
    Connecting(BoxFuture<'static, Result<Opened, Fault>>),
    Open(Open),
}

struct Open {
    stream: Box<dyn Wire>,
    decoder: FrameDecoder,
    scratch: Box<[u8]>,
    /// Bytes were written that TLS may still hold.
    unflushed: bool,
}

impl Connection {
    pub(super) fn new(relay: String, tls: TlsChoice, known_relays: Option<PathBuf>) -> Self {
        let trust = Arc::new(Trust::new(relay, tls, known_relays));
        Self {
            trust,
            address: None,
            state: State::Idle,
            out: BytesMut::new(),
            closing: Closing::default(),
        }
    }

    /// Begins to connect; an old connection is dropped.
    pub(super) fn connect(&mut self) {
        self.out.clear();
        self.state = State::Connecting(Box::pin(open(Arc::clone(&self.trust))));
    }

    /// Closes the connection once all is written.
    pub(super) fn disconnect(&mut self) {
        if let State::Open(open) = std::mem::replace(&mut self.state, State::Idle) {
            self.closing.begin(open.stream, std::mem::take(&mut self.out));
        }
    }

    /// Queues a message; without a connection it goes nowhere, and the session knows.
    pub(super) fn transmit(&mut self, message: &ClientToRelay) {
        if matches!(self.state, State::Open(_)) {
            message.encode(&mut self.out);
        }
    }

    /// Where the relay was reached, for the pipes.
    pub(super) const fn relay_address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The same at the end of a session, and waits for it, and for those that were closed before.
    pub(super) async fn finish(&mut self) {
        self.disconnect();
        self.closing.done().await;
    }

    /// What happens next. Queued messages are written meanwhile, so this must be polled even if
    /// `may_read` forbids reading. Dropping the future loses nothing.
    pub(super) async fn next(&mut self, may_read: bool) -> Happening {
        let happening = match &mut self.state {
            State::Idle => std::future::pending().await,
            State::Connecting(connecting) => {
                let result = connecting.await;
                return self.opened(result);
            }
            State::Open(open) => poll_fn(|cx| open.poll(&mut self.out, may_read, cx)).await,
        };
        if matches!(happening, Happening::Lost | Happening::Garbage(_)) {
            self.state = State::Idle;
        }
        happening
    }

    fn opened(&mut self, result: Result<Opened, Fault>) -> Happening {
        self.state = State::Idle;
        match result {
            Ok(Opened { stream, address, is_tls: _, notice }) => {
                self.address = Some(address);
                self.out.extend_from_slice(&frame::opening());
                let decoder = FrameDecoder::new(limits::MAX_CONTROL_BODY);
                let scratch = vec![0; 16 * 1024].into_boxed_slice();
                self.state = State::Open(Open { stream, decoder, scratch, unflushed: false });
                Happening::Connected(notice)
            }
            Err(Fault::Failed(text)) => Happening::ConnectFailed(text),
            Err(Fault::Distrusted(text)) => Happening::Distrusted(text),
        }
    }
}

impl Open {
    /// Writes what can be written, then reads. All that is halfway done is in here or in `out`, so
    /// a poll that isn't repeated loses nothing.
    fn poll(
        &mut self,
        out: &mut BytesMut,
        may_read: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Happening> {
        if self.write(out, cx).is_err() {
            return Poll::Ready(Happening::Lost);
        }
        if !may_read || out.len() >= MAX_WAITING_OUT {
            return Poll::Pending;
        }
        let mut buffer = ReadBuf::new(&mut self.scratch);
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer));
        Poll::Ready(match read {
            Ok(()) if !buffer.filled().is_empty() => decode(&mut self.decoder, buffer.filled()),
            Ok(()) | Err(_) => Happening::Lost,
        })
    }

    /// Writes as much as goes now. TLS may take bytes that the socket doesn't take yet: only after a
    /// flush have they left.
    fn write(&mut self, out: &mut BytesMut, cx: &mut Context<'_>) -> io::Result<()> {
        while !out.is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, out) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(len)) => {
                    out.advance(len);
                    self.unflushed = true;
                }
                Poll::Ready(Err(error)) => return Err(error),
            }
        }
        if self.unflushed && Pin::new(&mut self.stream).poll_flush(cx)?.is_ready() {
            self.unflushed = false;
        }
        Ok(())
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

/// Connects to the relay, inside TLS if that is wanted.
pub(super) async fn open(trust: Arc<Trust>) -> Result<Opened, Fault> {
    let (stream, address) = reach(trust.relay()).await.map_err(Fault::Failed)?;
    if trust.wants_tls(address.ip()) {
        let (stream, notice) = trust.secure(stream, address).await?;
        Ok(Opened { stream: Box::new(stream), address, is_tls: true, notice })
    } else {
        Ok(Opened { stream: Box::new(stream), address, is_tls: false, notice: None })
    }
}

async fn reach(relay: &str) -> Result<(TcpStream, SocketAddr), String> {
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host(relay)
        .await
        .map_err(|error| {
            format!(
                "can't find the relay {relay} ({error}); check the name and the port, as in \
                 --relay HOST:PORT"
            )
        })?
        .collect();
    let is_here = addresses.iter().any(|address| address.ip().is_loopback());
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match tokio::time::timeout(CONNECT_LIMIT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // A word must not wait for more to come.
                stream.set_nodelay(true).map_err(|error| error.to_string())?;
                return Ok((stream, address));
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(if last.kind() == io::ErrorKind::ConnectionRefused && !is_here {
        format!(
            "no relay answers at {relay}; check the name and the port, and that the relay there lets \
             others in: started with --listen 0.0.0.0:3647, and that port open in its firewall"
        )
    } else if last.kind() == io::ErrorKind::ConnectionRefused {
        format!(
            "no relay answers at {relay}; start one with `{}`, or say where it is with --relay \
             HOST:PORT",
            meeting::command_of_relay(relay)
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

/// The longest sleep at once. The clock of sleeps stands still while the machine does, and the
/// session's doesn't: so soon after waking up it is seen that the relay was silent for long.
const LONGEST_SLEEP: Duration = Duration::from_secs(3);

/// Sleeps until then or for a while, whichever is shorter; for ever if there is no such time.
pub(super) async fn sleep_until(moment: Option<Moment>) {
    match moment {
        Some(moment) => {
            let wait = moment.since(clock::now()).min(LONGEST_SLEEP);
            tokio::time::sleep(wait).await;
        }
        None => std::future::pending().await,
    }
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
