//! ZeroMQ's wire protocol for one connection: ZMTP 3.0 and 3.1 with the mechanism NULL.
//!
//! Sources: RFC 23 (ZMTP 3.0), RFC 37 (ZMTP 3.1) and RFC 28 (the envelope of REQ and REP), at
//! <https://rfc.zeromq.org>. Owns the greeting, READY with its properties, frames, messages of several
//! frames, PING and PONG, ERROR, and a bound on all that a peer can make it keep. It knows no socket,
//! no clock, and nothing of what messages mean.
//!
//! ```text
//! one side                                the other
//!   │── signature, version, NULL ─────────>│   64 bytes each way
//!   │<───────── signature, version, NULL ──│
//!   │── READY Socket-Type, Identity ──────>│   commands, each way
//!   │<────────── READY Socket-Type, … ─────│
//!   │── frame (more) frame (last) ────────>│   messages, each way
//!   │── PING ─────────────────────────────>│
//!   │<─────────────────────────── PONG ────│
//! ```
//!
//! A frame that is too large is refused when its length is read, before any memory is taken for it.
//! What it announces is passed over as it comes, so the peer can be told and go on; if it announces
//! more than is worth passing over, the connection is over once it was told.

mod command;
mod connection;
mod endpoint;
mod greeting;
mod reader;
#[cfg(test)]
mod tests;

pub use connection::{Connection, Incoming, SocketType};
pub use endpoint::{Endpoint, EndpointError};
pub use greeting::GREETING_LEN;
pub use reader::{TooMuch, frame_head};

/// The largest frame of a message, in bytes.
pub const MAX_FRAME: usize = 2 * 1024 * 1024;

/// The most frames of a message.
pub const MAX_FRAMES: usize = 16;

/// The most bytes of all frames of a message together.
pub const MAX_MESSAGE: usize = MAX_FRAME + 64 * 1024;

/// The largest command, in bytes: READY with a full identity and some properties of the peer's own.
pub const MAX_COMMAND: usize = 2048;

/// How many bytes of one refused message are passed over before the connection is given up.
pub const MAX_PASSED_OVER: u64 = 64 * 1024 * 1024;

/// Why a connection can't go on. Each says what came and what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ZmtpError {
    /// It begins with something else.
    #[error("that is no ZeroMQ connection (byte {at} is {got:#04x}, expected {expected:#04x})")]
    NotZmtp {
        /// Which byte.
        at: usize,
        /// What it is.
        got: u8,
        /// What ZMTP has there.
        expected: u8,
    },
    /// An old version.
    #[error(
        "the peer speaks version {0} of ZMTP, expected 3.0 or later; it needs libzmq 4 or later"
    )]
    Version(u8),
    /// A mechanism that isn't spoken here.
    #[error("the peer wants the mechanism \"{0}\", expected NULL; switch its security options off")]
    Mechanism(String),
    /// A flag that no frame may have.
    #[error("a frame has the flags {0:#04x}, of which ZMTP 3 knows only 0x07")]
    Flags(u8),
    /// A command in more than one frame.
    #[error("a command says that more frames follow; a command is one frame")]
    CommandInParts,
    /// A command that is too large.
    #[error("a command has {0} bytes, expected at most {MAX_COMMAND}")]
    CommandTooLong(u64),
    /// A command that can't be read.
    #[error("a command can't be read: {0}")]
    Command(&'static str),
    /// Something else where READY has its place.
    #[error("{0} came before READY")]
    BeforeReady(&'static str),
    /// A socket that doesn't go with ours.
    #[error("the peer is a socket of type \"{got}\", expected {expected}")]
    SocketType {
        /// What it says it is.
        got: String,
        /// What goes with ours.
        expected: &'static str,
    },
    /// What it says itself.
    #[error("the peer gave up: {0}")]
    Peer(String),
    /// A message too large to be passed over.
    #[error("{0}; the connection is closed over it")]
    TooMuch(TooMuch),
}
