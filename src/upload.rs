//! Chunked upload as other programs speak it, over messages of several frames (ZeroMQ's).
//!
//! Owns the requests and replies, their faults in words, and both sides: [`Uploads`] is one client's
//! side at the relay, [`Uploader`] sends a file to somebody's server. What of a file's bytes is good is
//! decided by the same [`Receiver`](crate::transfer::receive::Receiver) that takes couplet's own
//! transfers; sockets, files, and which names are in transit elsewhere are the shells'.
//!
//! ```text
//! client                                            relay
//!   │── "HELLO" name ─────────────────────────────────>│   the name is free, and now in transit
//!   │<──────────────────────────────────────── "READY" │   or "ERROR" text, to any of these
//!   │── "CHUNK" name offset size checksum data ───────>│   in any order, several unanswered
//!   │<──────────────────────────────────────── "READY" │
//!   │── "CLOSE" name size ────────────────────────────>│   no gaps? size? then it is there
//!   │<──────────────────────────────────────── "READY" │
//! ```
//!
//! Each field is a frame, numbers are decimal digits. Replies come in the order of the requests.

mod checksum;
mod reply;
mod request;
#[cfg(test)]
mod tests;
mod uploader;
mod uploads;

pub use checksum::{Checksum, ChecksumKind};
pub use reply::Reply;
pub use request::{Refused, Request, RequestError};
pub use uploader::{Options, UploadError, Uploader, UploaderTask};
pub use uploads::{Job, Limits, Task, Ticket, UploadId, Uploads};

/// The most separate ranges of all files of a client that are in transit.
pub const MAX_RANGES: usize = 8192;

/// Bytes of one client that may be waiting to be written before no more of it is read; one chunk
/// more may be there.
pub const MAX_WAITING: u64 = 2 * 1024 * 1024;

/// Requests of one client that may be unanswered before no more of it is read.
pub const MAX_UNANSWERED: usize = 64;

/// The longest text of a refusal, in columns on a screen.
pub const MAX_TEXT_COLUMNS: usize = 300;
