//! What a connection that isn't served, or is no longer served, is told.
//!
//! Owns the last words of the relay outside a room, each with what to do. The reasons that rooms
//! give (turns, numbers) are the core's.

use crate::counters::Count;
use bytes::BytesMut;
use couplet::frame::{FrameError, SUPPORTED_VERSIONS};
use couplet::message::{ErrorCode, ExitReason, MessageError, RelayControl, RelayToClient};
use couplet::plain::Misplaced;
use couplet::units;
use std::fmt;
use std::time::Duration;

/// Why a connection is closed by its own task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nobody is there to be told.
    Gone,
    /// The other end speaks something else, so it is told in plain text.
    NotCouplet,
    /// The relay is being ended.
    Shutdown,
    /// The relay is being started anew.
    Restart,
    /// Both seats of the room are taken, and one of them only for somebody who is away.
    SeatKept {
        /// For how long at most.
        kept: Duration,
    },
    /// A typed error.
    Error {
        /// For programs.
        code: ErrorCode,
        /// For people.
        text: String,
    },
}

impl Refusal {
    /// A typed error with its own text.
    pub(crate) fn new(code: ErrorCode, text: impl fmt::Display) -> Self {
        Self::Error { code, text: text.to_string() }
    }

    /// A typed error with the text that goes with the code.
    pub(crate) fn of(code: ErrorCode) -> Self {
        let text = match code {
            ErrorCode::HandshakeTimeout => {
                "the first message took too long; check the line and connect again"
            }
            ErrorCode::RelayFull => "the relay is full; try again later",
            ErrorCode::RoomsFull => "the relay has as many rooms as it may; try again later",
            ErrorCode::RoomTaken => {
                "both seats of that room are taken. If one was yours until a moment ago, the relay may not know yet that you are gone: try again in half a minute. Otherwise two others are there: choose another room, or make a new code"
            }
            ErrorCode::SeatGone => {
                "your seat is no longer kept: the relay was started anew, or you were away for too long; start couplet again to meet anew"
            }
            ErrorCode::UnknownPipe => {
                "that pipe was never made, is already used, or is too old; ask for a new one"
            }
            ErrorCode::PipeTimeout => {
                "the other end of the pipe didn't come in time; ask for a new one"
            }
            ErrorCode::TooManyPipes => {
                "there are as many pipes as there may be; wait until a transfer has ended"
            }
            ErrorCode::Stuck => {
                "nothing was read from this connection for too long; connect again to go on"
            }
            ErrorCode::Unexpected => {
                "that message has no place here; bring both ends to the same release"
            }
            ErrorCode::SlowDown => "too many wrong codes were tried; try again in a minute",
            ErrorCode::PairingFailed => {
                "the two of you couldn't agree on keys; most often the codes differ, so ask for the code again"
            }
            ErrorCode::Quota => {
                "your address has moved as many bytes through pipes as it may in 24 hours; try again later"
            }
            ErrorCode::IdleRoom => {
                "nothing happened in this room for so long that the relay has closed it; start couplet again to meet anew"
            }
            ErrorCode::NoPlainRooms => {
                "this relay has no plain rooms; its operator may start it with --plain-listen ADDR"
            }
            ErrorCode::Version
            | ErrorCode::Malformed
            | ErrorCode::NotYourTurn
            | ErrorCode::WrongSequence
            | ErrorCode::NoPeer
            | ErrorCode::NoShelf
            | ErrorCode::Unknown => "the relay can't go on with this connection; connect again",
        };
        Self::new(code, text)
    }

    /// Nobody gets a seat where both are taken; `kept` tells for how long one of them is only kept.
    pub(crate) fn of_seat(code: ErrorCode, kept: Option<Duration>) -> Self {
        match (code, kept) {
            (ErrorCode::RoomTaken, Some(kept)) => Self::SeatKept { kept },
            _ => Self::of(code),
        }
    }

    /// As what it is counted, of a connection that got no seat.
    pub(crate) const fn count(&self) -> Count {
        match self {
            Self::Gone => Count::RefusedGone,
            Self::NotCouplet => Count::RefusedNotCouplet,
            Self::Shutdown | Self::Restart => Count::RefusedShutdown,
            Self::SeatKept { .. } => Count::RefusedRoomTaken,
            Self::Error { code, .. } => match code {
                ErrorCode::RelayFull => Count::RefusedClients,
                ErrorCode::RoomsFull => Count::RefusedRooms,
                ErrorCode::RoomTaken => Count::RefusedRoomTaken,
                ErrorCode::SeatGone => Count::RefusedSeatGone,
                ErrorCode::SlowDown => Count::RefusedSlowDown,
                ErrorCode::HandshakeTimeout => Count::RefusedHandshakeTimeout,
                ErrorCode::Version => Count::RefusedVersion,
                ErrorCode::Malformed => Count::RefusedMalformed,
                ErrorCode::Unexpected => Count::RefusedUnexpected,
                ErrorCode::NotYourTurn
                | ErrorCode::WrongSequence
                | ErrorCode::NoPeer
                | ErrorCode::TooManyPipes
                | ErrorCode::Quota
                | ErrorCode::UnknownPipe
                | ErrorCode::PipeTimeout
                | ErrorCode::Stuck
                | ErrorCode::PairingFailed
                | ErrorCode::IdleRoom
                | ErrorCode::NoShelf
                | ErrorCode::NoPlainRooms
                | ErrorCode::Unknown => Count::RefusedOther,
            },
        }
    }

    /// The last words as bytes.
    pub(crate) fn words(&self) -> BytesMut {
        let control = match self {
            Self::Gone => return BytesMut::new(),
            Self::NotCouplet => {
                let line = "this is a couplet relay; connect to it with the program couplet\r\n";
                return BytesMut::from(line);
            }
            Self::Shutdown => RelayControl::Exit { reason: ExitReason::Shutdown },
            Self::Restart => RelayControl::Exit { reason: ExitReason::Restart },
            Self::SeatKept { kept } => RelayControl::Error {
                code: ErrorCode::RoomTaken,
                text: format!(
                    "both seats of that room are taken. One is kept for another {} for whoever was \
                     cut off: try again then, choose another room, or make a new code",
                    units::wait(*kept)
                ),
                // Rounded up, so that it is over then.
                kept_ms: Some(u64::try_from(kept.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)),
            },
            Self::Error { code, text } => {
                RelayControl::Error { code: *code, text: text.clone(), kept_ms: None }
            }
        };
        let mut bytes = BytesMut::new();
        RelayToClient::Control(control).encode(&mut bytes);
        bytes
    }
}

impl From<FrameError> for Refusal {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::NotCouplet => Self::NotCouplet,
            FrameError::Version { got } => Self::new(
                ErrorCode::Version,
                format_args!(
                    "this client speaks version {got} of the protocol, the relay speaks \
                     {SUPPORTED_VERSIONS:?}; bring both to the same release"
                ),
            ),
            FrameError::Empty | FrameError::TooLong { .. } => {
                Self::new(ErrorCode::Malformed, error)
            }
        }
    }
}

impl From<Misplaced> for Refusal {
    fn from(Misplaced { code, text }: Misplaced) -> Self {
        Self::Error { code, text }
    }
}

impl From<MessageError> for Refusal {
    fn from(error: MessageError) -> Self {
        match error {
            MessageError::Frame(error) => error.into(),
            // What serde says may quote the client's bytes; it goes back to that client only.
            MessageError::UnknownKind(_) | MessageError::Short | MessageError::Json(_) => {
                Self::new(ErrorCode::Malformed, error)
            }
        }
    }
}

/// What has this name in the code as it is called in messages and metrics: `SeatGone` is `seat_gone`.
pub(crate) fn snake_case(name: impl fmt::Debug) -> String {
    let mut snake = String::new();
    for (at, letter) in format!("{name:?}").char_indices() {
        if at > 0 && letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// For logs: the kind of refusal, never its text.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("gone"),
            Self::NotCouplet => f.write_str("not_couplet"),
            Self::Shutdown => f.write_str("shutdown"),
            Self::Restart => f.write_str("restart"),
            Self::SeatKept { .. } => f.write_str("room_taken"),
            Self::Error { code, .. } => f.write_str(&snake_case(code)),
        }
    }
}
