//! HELLO, CHUNK, CLOSE: the one transfer protocol, in every direction.
//!
//! Owns how a file crosses a pipe and how anybody can tell that it has. The machines here decide;
//! reading, writing, and the sockets are the shells'.
//!
//! ```text
//! sender                               receiver
//!   │── HELLO name, size ────────────────>│   opens a partial file
//!   │<──────────────────────────── READY ─│
//!   │── CHUNK offset, size, hash, data ──>│   checks, writes, notes in the ledger
//!   │── CHUNK … (up to a window of them) >│
//!   │<───────────────────── READY offset ─│   or ERROR offset: that chunk again
//!   │── CLOSE size, root ────────────────>│   no gaps? size? root? then fsync and rename
//!   │<──────────────────────────── READY ─│   verified
//! ```

pub mod book;
pub mod entry;
pub mod journal;
pub mod ledger;
pub mod offer;
pub mod outcome;
pub mod pace;
pub mod rate;
pub mod receive;
pub mod send;
pub mod squeeze;
pub mod tree;
pub mod wire;
