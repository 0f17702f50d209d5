//! The shelf: files that lie ready on a relay, for whoever may fetch them.
//!
//! Owns what client and relay say to each other about it, who may do what, and the machines of both
//! sides: [`Host`](host::Host) is the relay's end of one connection, [`Visit`](visit::Visit) a
//! client's errands over as many connections as they take. The bytes of files go through the same
//! [`Sender`](crate::transfer::send::Sender) and [`Receiver`](crate::transfer::receive::Receiver) as
//! all others; reading and writing them is the shells'.
//!
//! A connection to the shelf is one of its own. It isn't sealed, as the relay is the other end: it
//! is inside TLS, or stays on one machine.
//!
//! ```text
//! client                              relay
//!   │── "couplet" version ─────────────>│
//!   │── open shelf ────────────────────>│
//!   │<─ shelf, what is allowed ─────────│   or login: true
//!   │── login ─────────────────────────>│   wrong: error, closed
//!   │<─ shelf, then the list ───────────│
//!   │── get name ──────────────────────>│
//!   │<─ offered ────────────────────────│   or error no_such_name, then the list
//!   │── accept ────────────────────────>│
//!   │<─ begin ──────────────────────────│   after waits, if many are served
//!   │<═ steps of a transfer, both ways ═>│
//!   │── put offer ─────────────────────>│
//!   │<─ begin ──────────────────────────│   or error taken, in_transit, …
//!   │<═ steps of a transfer, both ways ═>│
//!   │── bye ───────────────────────────>│
//!   │<─ exit fin ───────────────────────│   closed
//! ```
//!
//! Requests are answered one at a time, in their order.

pub mod access;
pub mod claims;
pub mod host;
pub mod list;
pub mod message;
pub mod name;
pub mod quota;
pub mod visit;
