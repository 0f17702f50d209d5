//! One connection as a machine: bytes in, messages out, and bytes to send.
//!
//! Owns the order of greeting, READY and messages, and the empty frame that REQ and REP put before
//! each. A shell reads, calls [`Connection::handle_bytes`], then [`Connection::poll_incoming`] until
//! there is nothing more, and writes [`Connection::take_output`] before it reads again: what is to be
//! sent by itself (PONG) is then never more than what came.

use super::ZmtpError;
use super::command::{self, Command};
use super::greeting::{self, GREETING_LEN};
use super::reader::{COMMAND, Piece, Reader, TooMuch, frame_head, head};
use crate::text;
use bytes::{Buf as _, Bytes, BytesMut};

/// The longest text of a peer's that is told.
const MAX_REASON_COLUMNS: usize = 200;

/// What a socket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketType {
    /// Answers many.
    Router,
    /// Asks, several questions at a time.
    Dealer,
    /// Asks, one question at a time.
    Req,
    /// Answers one at a time.
    Rep,
}

/// What comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// The peer is there and is one of these; messages may go both ways.
    Ready(SocketType),
    /// A message: its frames, at least one, without the envelope of REQ and REP.
    Message(Vec<Bytes>),
    /// A message that is too much. It is passed over; the next one may be good, or what is announced
    /// is too much even for that, which the next call says.
    Refused {
        /// What is too much of it.
        why: TooMuch,
        /// The frames before that.
        begun: Vec<Bytes>,
    },
}

/// One connection.
#[derive(Debug)]
pub struct Connection {
    side: SocketType,
    identity: Vec<u8>,
    stage: Stage,
    /// Once it is there.
    peer: Option<SocketType>,
    reader: Reader,
    out: BytesMut,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    Greeting,
    /// READY hasn't come.
    Waiting,
    Ready,
    Over(ZmtpError),
}

impl Connection {
    /// The side that answers, ROUTER, for DEALER and REQ peers.
    #[must_use]
    pub fn router() -> Self {
        Self::new(SocketType::Router, &[])
    }

    /// The side that asks, DEALER, for ROUTER and REP peers. `identity` may be empty; at most 255
    /// bytes of it are used.
    #[must_use]
    pub fn dealer(identity: &[u8]) -> Self {
        Self::new(SocketType::Dealer, identity)
    }

    fn new(side: SocketType, identity: &[u8]) -> Self {
        let identity = identity[..identity.len().min(255)].to_vec();
        let out = BytesMut::from(&greeting::ours()[..]);
        let reader = Reader::default();
        Self { side, identity, stage: Stage::Greeting, peer: None, reader, out }
    }

    /// Bytes came from the peer. Everything that came before should have been
    /// [polled](Self::poll_incoming).
    pub fn handle_bytes(&mut self, bytes: &[u8]) {
        if !matches!(self.stage, Stage::Over(_)) {
            self.reader.push(bytes);
        }
    }

    /// What came of it, in order; none if nothing whole is there.
    ///
    /// # Errors
    /// [`ZmtpError`] if it can't go on, for good. What is left of [`take_output`](Self::take_output)
    /// tells the peer.
    pub fn poll_incoming(&mut self) -> Result<Option<Incoming>, ZmtpError> {
        if let Stage::Over(error) = &self.stage {
            return Err(error.clone());
        }
        self.advance().inspect_err(|error| {
            // ERROR is a command of the handshake. Who isn't ZeroMQ wouldn't understand it.
            let is_told = !matches!(error, ZmtpError::NotZmtp { .. } | ZmtpError::Peer(_));
            if is_told && self.peer.is_none() {
                self.put_command(&command::error(&error.to_string()));
            }
            self.stage = Stage::Over(error.clone());
            self.reader = Reader::default();
        })
    }

    /// Appends a message to what is to be sent, with the envelope that the peer needs. Before
    /// [`Incoming::Ready`] it goes nowhere; last words are possible when it is over.
    pub fn send(&mut self, frames: &[&[u8]]) {
        let Some(peer) = self.peer else { return };
        let envelope: &[&[u8]] =
            if matches!(peer, SocketType::Req | SocketType::Rep) { &[b""] } else { &[] };
        let count = envelope.len() + frames.len();
        for (at, frame) in envelope.iter().chain(frames).enumerate() {
            self.out.extend_from_slice(&frame_head(frame.len(), at + 1 < count));
            self.out.extend_from_slice(frame);
        }
    }

    /// What is to be sent now, in order; it may be empty.
    pub fn take_output(&mut self) -> BytesMut {
        self.out.split()
    }

    /// Whether the handshake is through; until then a shell gives the peer little time.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        matches!(self.stage, Stage::Ready)
    }

    /// Bytes of messages that have come, whole or not. That it grows is a sign of the program at the
    /// other end; commands such as PING come from its library.
    #[must_use]
    pub const fn message_bytes(&self) -> u64 {
        self.reader.seen()
    }

    /// The memory that it takes, but for messages that have come out.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.reader.memory() + self.out.capacity()
    }

    fn advance(&mut self) -> Result<Option<Incoming>, ZmtpError> {
        if self.stage == Stage::Greeting {
            let input = self.reader.input();
            if !greeting::check(input)? {
                return Ok(None);
            }
            input.advance(GREETING_LEN);
            self.put_command(&command::ready(self.side.name(), &self.identity));
            self.stage = Stage::Waiting;
        }
        while let Some(piece) = self.reader.poll()? {
            let incoming = match (piece, self.peer) {
                (Piece::Command(body), _) => self.obey(&body)?,
                (Piece::Message(_) | Piece::Refused(..), None) => {
                    return Err(ZmtpError::BeforeReady("a message"));
                }
                (Piece::Message(frames), Some(peer)) => {
                    Some(Incoming::Message(opened(frames, peer)))
                }
                (Piece::Refused(why, begun), Some(peer)) => {
                    Some(Incoming::Refused { why, begun: opened(begun, peer) })
                }
            };
            if incoming.is_some() {
                return Ok(incoming);
            }
        }
        Ok(None)
    }

    fn obey(&mut self, body: &[u8]) -> Result<Option<Incoming>, ZmtpError> {
        let waiting = self.stage == Stage::Waiting;
        match command::read(body)? {
            Command::Ready { socket_type } if waiting => {
                let peer = self.side.admit(socket_type)?;
                self.stage = Stage::Ready;
                self.peer = Some(peer);
                Ok(Some(Incoming::Ready(peer)))
            }
            Command::Error { reason } => {
                let shown = text::line(&String::from_utf8_lossy(reason), MAX_REASON_COLUMNS);
                Err(ZmtpError::Peer(shown))
            }
            Command::Ready { .. } => Err(ZmtpError::Command("READY came a second time")),
            Command::Ping { .. } | Command::Other if waiting => {
                Err(ZmtpError::BeforeReady("another command"))
            }
            Command::Ping { context } => {
                self.put_command(&command::pong(context));
                Ok(None)
            }
            // RFC 37 lets later versions have more of them.
            Command::Other => Ok(None),
        }
    }

    fn put_command(&mut self, body: &[u8]) {
        self.out.extend_from_slice(&head(COMMAND, body.len()));
        self.out.extend_from_slice(body);
    }
}

impl SocketType {
    const fn name(self) -> &'static str {
        match self {
            Self::Router => "ROUTER",
            Self::Dealer => "DEALER",
            Self::Req => "REQ",
            Self::Rep => "REP",
        }
    }

    /// Whether a peer of the type with this name goes with this one.
    fn admit(self, name: &[u8]) -> Result<Self, ZmtpError> {
        let (peers, expected): (&[Self], _) = match self {
            Self::Router | Self::Rep => (&[Self::Dealer, Self::Req], "DEALER or REQ"),
            Self::Dealer | Self::Req => (&[Self::Router, Self::Rep], "ROUTER or REP"),
        };
        let peer = peers.iter().find(|peer| peer.name().as_bytes() == name);
        peer.copied().ok_or_else(|| {
            let got = text::line(&String::from_utf8_lossy(name), 20);
            ZmtpError::SocketType { got, expected }
        })
    }
}

/// The message without the envelope that REQ and REP put around it.
fn opened(mut frames: Vec<Bytes>, peer: SocketType) -> Vec<Bytes> {
    let has_envelope = matches!(peer, SocketType::Req | SocketType::Rep);
    if has_envelope && frames.len() > 1 && frames.first().is_some_and(Bytes::is_empty) {
        frames.remove(0);
    }
    frames
}
