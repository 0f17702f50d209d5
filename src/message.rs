//! Every message between a client and its relay, and its form inside a [`Frame`].
//!
//! Owns the vocabulary of the control connection. What peers say to each other travels inside as
//! opaque bytes ([`crate::peer`]); the bytes of files never come this way ([`crate::transfer`]).
//!
//! Control messages are JSON objects told apart by `"type"`; fields that a reader doesn't know are
//! passed over. Frames that carry opaque bytes have a short binary header instead, so that the
//! relay never copies or escapes what it can't read:
//!
//! ```text
//! say      client -> relay    pairing (4) sequence (8) body
//! signal   both ways          pairing (4) body
//! message  relay -> client    pairing (4) sequence (8) flags (1) body     flags: 1 = kept message
//! ```
//!
//! All numbers are big-endian.

use crate::frame::{self, Frame, FrameError};
use crate::limits;
use crate::text;
use bytes::{Buf, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

mod known;

pub use known::Known;

pub use crate::names::{Role, RoomName, RoomNameError, Seat, Token, TokenHash};

/// The kinds of frames on a control connection.
pub mod kind {
    /// A JSON control message, either way.
    pub const CONTROL: u8 = 0x01;
    /// Words for the peer, client to relay.
    pub const SAY: u8 = 0x02;
    /// A signal for or from the peer, either way.
    pub const SIGNAL: u8 = 0x03;
    /// Words from the peer, relay to client.
    pub const MESSAGE: u8 = 0x04;
}

/// What a client says to the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientToRelay {
    /// A JSON control message.
    Control(ClientControl),
    /// Words for the peer; only in [`Role::Emi`].
    Say {
        /// The pairing that the body is meant for; one that is over is not passed on.
        pairing: u32,
        /// 1 for the seat's first, and so on; the same number again is a repetition.
        sequence: u64,
        /// Opaque to the relay; may be empty while nobody is there to seal for.
        body: Bytes,
    },
    /// Something for the peer that takes no turn.
    Signal {
        /// The pairing that the body is meant for; one that is over is not passed on.
        pairing: u32,
        /// Opaque to the relay.
        body: Bytes,
    },
}

/// The control messages of [`ClientToRelay`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientControl {
    /// The first message of a control connection.
    Hello {
        /// The room to meet in; without one the relay pairs in the order of arrival.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<RoomName>,
        /// Whether to open a room with a number that the relay gives; without `room`.
        #[serde(default, skip_serializing_if = "is_false")]
        new_room: bool,
        /// The token of the seat to come back to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seat: Option<Token>,
        /// With `seat`: whether the client was started anew and has lost the keys of the pairing.
        #[serde(default, skip_serializing_if = "is_false")]
        anew: bool,
        /// With `seat`: how often the client has come back to it, this time included. Connections may
        /// overtake each other, and an older one must not take the seat from a newer.
        #[serde(default, skip_serializing_if = "known::is_zero")]
        times: u64,
        /// With `seat`: how far the client knows the conversation to be.
        #[serde(flatten)]
        known: Known,
        /// Whether to enter a plain room, in which nothing is sealed ([`crate::plain`]); without all of
        /// the others.
        #[serde(default, skip_serializing_if = "is_false")]
        plain: bool,
    },
    /// The first and only message of a pipe connection.
    OpenPipe {
        /// The one-time token from [`RelayControl::Pipe`].
        token: Token,
    },
    /// The first message of a connection to the relay's shelf; what follows is
    /// [`crate::shelf::message`]'s.
    OpenShelf,
    /// Give the turn away without a message.
    Pass {
        /// The number of the turn that is given away; one that is over is passed over.
        turn: u64,
    },
    /// Ask for a pipe to the peer.
    RequestPipe {
        /// Told to both ends, so that they know which transfer it is for.
        tag: u64,
    },
    /// No keys could be agreed on with the peer: whoever came last into the pairing is turned away.
    PairingFailed {
        /// The pairing; one that is over is passed over.
        pairing: u32,
    },
    /// Leave for good; the seat is empty at once.
    Fin,
    /// Is the relay there?
    Ping,
}

/// What the relay says to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelayToClient {
    /// A JSON control message.
    Control(RelayControl),
    /// Words from the peer.
    Message {
        /// The pairing they were said in.
        pairing: u32,
        /// The sender's number of them.
        sequence: u64,
        /// Whether this is the seat's last message, kept and told again.
        kept: bool,
        /// Opaque to the relay.
        body: Bytes,
    },
    /// Something from the peer that takes no turn.
    Signal {
        /// The pairing it was sent in.
        pairing: u32,
        /// Opaque to the relay.
        body: Bytes,
    },
}

/// The control messages of [`RelayToClient`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RelayControl {
    /// The answer to a hello that got a seat.
    Welcome {
        /// The seat.
        seat: Seat,
        /// The proof for coming back to it.
        token: Token,
        /// The room's name, if it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<RoomName>,
        /// The pairing that is current; 0 before the room's first.
        pairing: u32,
        /// The pairing in which one of the two came last who wasn't there before; from it on both
        /// seats have belonged to the same two.
        since: u32,
        /// The number that the seat's next message must have.
        next_sequence: u64,
        /// How long the seat is kept after a lost connection, in milliseconds.
        grace_ms: u64,
        /// Whether this is a return to the seat rather than a new start in it.
        returned: bool,
        /// Whether the room is a plain one. A client that wanted the other sort leaves at once.
        #[serde(default, skip_serializing_if = "is_false")]
        plain: bool,
    },
    /// Whose turn it is now.
    Role {
        /// This client's role.
        role: Role,
        /// The turn's number: 0 for the room's first, one more with each that is over.
        turn: u64,
    },
    /// What the other seat is now.
    Peer {
        /// Its state.
        state: PeerState,
        /// The pairing that is current from here on.
        pairing: u32,
        /// As in [`Welcome`](Self::Welcome).
        since: u32,
        /// With [`PeerState::Silent`]: how long the seat is kept, in milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kept_ms: Option<u64>,
    },
    /// The relay has taken the client's message; the turn is the peer's.
    Taken {
        /// The message's number.
        sequence: u64,
    },
    /// One end of a pipe.
    Pipe {
        /// The tag of the request.
        tag: u64,
        /// Opens this client's end, once.
        token: Token,
    },
    /// On a pipe connection: both ends are there; what follows is the peer's bytes.
    Joined,
    /// Something the user should know; nothing ends.
    Notice {
        /// For people.
        text: String,
    },
    /// The relay closes this connection for good and on purpose.
    Exit {
        /// Why.
        reason: ExitReason,
    },
    /// Something was refused.
    Error {
        /// What, for programs.
        code: ErrorCode,
        /// What is wrong and what to do, for people.
        text: String,
        /// With [`ErrorCode::RoomTaken`], if a seat is only kept for somebody who is away: for how
        /// long at most, in milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kept_ms: Option<u64>,
    },
    /// The relay is there.
    Pong,
}

/// What a client is told of the other seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerState {
    /// Nobody has come yet.
    Waiting,
    /// Somebody is there: new in a room's first pairing, otherwise the same as before, back again.
    Present,
    /// The connection was lost; the seat is kept for a while.
    Silent,
    /// The seat is empty.
    Gone,
    /// Somebody new has taken the seat; or the same client started anew, if `since` says that the two
    /// are the same as before.
    Replaced,
}

/// Why the relay closed a connection on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitReason {
    /// The client said `fin`.
    Fin,
    /// The relay is being ended, and its rooms with it.
    Shutdown,
    /// The relay is being started anew: come back to the seat.
    Restart,
    /// The same seat was taken up from another connection.
    Superseded,
    /// Somebody else waits alone: connect anew to meet them. Only before the first pairing.
    Rejoin,
}

/// What was refused, for programs. The relay closes the connection after those that are
/// [final](Self::is_final).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// A version that the relay doesn't speak.
    Version,
    /// Bytes that are no frame, or a frame that is no message.
    Malformed,
    /// A message that has no place here, such as a second hello.
    Unexpected,
    /// The first message took too long.
    HandshakeTimeout,
    /// The relay serves as many clients as it may.
    RelayFull,
    /// The relay has as many rooms as it may.
    RoomsFull,
    /// Both seats of the room are taken, or kept.
    RoomTaken,
    /// The seat to come back to is no longer kept.
    SeatGone,
    /// A message out of turn.
    NotYourTurn,
    /// A message whose number isn't the next one.
    WrongSequence,
    /// Nobody is there for a signal or a pipe.
    NoPeer,
    /// The room has as many pipes as it may.
    TooManyPipes,
    /// The client's address has moved as many bytes through pipes as it may for now.
    Quota,
    /// A pipe's token that was never made, was used, or is too old.
    UnknownPipe,
    /// The other end of the pipe didn't come in time.
    PipeTimeout,
    /// The client left its queue full for too long.
    Stuck,
    /// The two clients couldn't agree on keys: their codes differ.
    PairingFailed,
    /// Too many failed to agree on keys in that room, or from that address; it opens again soon.
    SlowDown,
    /// Nothing happened in the room for so long that it is ended.
    IdleRoom,
    /// The relay has no shelf.
    NoShelf,
    /// The relay has no plain rooms.
    NoPlainRooms,
    /// A code that this build doesn't know.
    #[serde(other)]
    Unknown,
}

impl ErrorCode {
    /// Whether the relay closes the connection after it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(
            self,
            Self::NotYourTurn
                | Self::WrongSequence
                | Self::NoPeer
                | Self::TooManyPipes
                | Self::Quota
        )
    }
}

/// A frame that is no message, or one that is none in this direction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The bytes are no frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A kind that this direction doesn't have.
    #[error("a frame of the unknown kind {0:#04x} came in; bring both ends to the same release")]
    UnknownKind(u8),
    /// A body that is shorter than its header.
    #[error("a frame's body was cut short; the stream is damaged")]
    Short,
    /// A control body that isn't the JSON of a message.
    #[error("a control message can't be read ({0}); bring both ends to the same release")]
    Json(String),
}

impl ClientToRelay {
    /// Reads a frame that came from a client.
    ///
    /// # Errors
    /// [`MessageError`] for anything that isn't one of these messages.
    pub fn decode(frame: Frame) -> Result<Self, MessageError> {
        let Frame { kind, mut body } = frame;
        match kind {
            kind::CONTROL => Ok(Self::Control(from_json(&body)?)),
            kind::SAY => Ok(Self::Say {
                pairing: body.try_get_u32().map_err(short)?,
                sequence: body.try_get_u64().map_err(short)?,
                body,
            }),
            kind::SIGNAL => Ok(Self::Signal { pairing: body.try_get_u32().map_err(short)?, body }),
            unknown => Err(MessageError::UnknownKind(unknown)),
        }
    }

    /// Appends this message as a frame.
    pub fn encode(&self, out: &mut BytesMut) {
        match self {
            Self::Control(control) => frame::encode(kind::CONTROL, &[&to_json(control)], out),
            Self::Say { pairing, sequence, body } => frame::encode(
                kind::SAY,
                &[&pairing.to_be_bytes(), &sequence.to_be_bytes(), body],
                out,
            ),
            Self::Signal { pairing, body } => {
                frame::encode(kind::SIGNAL, &[&pairing.to_be_bytes(), body], out);
            }
        }
    }
}

impl RelayToClient {
    /// Reads a frame that came from the relay.
    ///
    /// # Errors
    /// [`MessageError`] for anything that isn't one of these messages.
    pub fn decode(frame: Frame) -> Result<Self, MessageError> {
        let Frame { kind, mut body } = frame;
        match kind {
            kind::CONTROL => Ok(Self::Control(from_json(&body)?)),
            kind::MESSAGE => Ok(Self::Message {
                pairing: body.try_get_u32().map_err(short)?,
                sequence: body.try_get_u64().map_err(short)?,
                kept: body.try_get_u8().map_err(short)? & 1 == 1,
                body,
            }),
            kind::SIGNAL => Ok(Self::Signal { pairing: body.try_get_u32().map_err(short)?, body }),
            unknown => Err(MessageError::UnknownKind(unknown)),
        }
    }

    /// Appends this message as a frame.
    pub fn encode(&self, out: &mut BytesMut) {
        match self {
            Self::Control(control) => frame::encode(kind::CONTROL, &[&to_json(control)], out),
            Self::Message { pairing, sequence, kept, body } => frame::encode(
                kind::MESSAGE,
                &[&pairing.to_be_bytes(), &sequence.to_be_bytes(), &[u8::from(*kept)], body],
                out,
            ),
            Self::Signal { pairing, body } => {
                frame::encode(kind::SIGNAL, &[&pairing.to_be_bytes(), body], out);
            }
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

fn short(_: bytes::TryGetError) -> MessageError {
    MessageError::Short
}

fn from_json<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, MessageError> {
    serde_json::from_slice(body).map_err(|error| {
        // It may quote what can't be read, and that is the other end's.
        MessageError::Json(text::line(&error.to_string(), limits::MAX_REASON_COLUMNS))
    })
}

fn to_json<T: Serialize>(message: &T) -> Vec<u8> {
    serde_json::to_vec(message).expect("control messages have string keys and no failing parts")
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
