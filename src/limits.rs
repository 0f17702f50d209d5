//! The bounds that both sides hold against each other, in one place.
//!
//! Sizes are in bytes. Both sides hold these against each other: what exceeds one is refused with a
//! typed error. Bounds that an operator sets (clients, rooms, grace) are in the relay's own
//! configuration; these can't be changed without a new protocol version.

pub use crate::path::{MAX_NAME_BYTES, MAX_PATH_BYTES, MAX_PATH_PARTS};
use std::time::Duration;

/// The largest body of a frame, on a control connection or on a pipe until it is joined: a sealed
/// body of [`MAX_OPAQUE`] bytes, the header before it, and some room to spare.
pub const MAX_CONTROL_BODY: usize = 64 * 1024 + 256;

/// The largest body of the first frame of a connection, which costs the relay memory before it knows
/// whom it is for.
pub const MAX_FIRST_BODY: usize = 8 * 1024;

/// The largest text of one message in bytes of UTF-8. Escaped in JSON it can double, and with the
/// seal around it still fits [`MAX_OPAQUE`]; more than this is a file.
pub const MAX_MESSAGE_BYTES: usize = 30 * 1024;

/// The largest line in a plain room in bytes, without its end.
pub const MAX_PLAIN_LINE: usize = 16 * 1024;

/// The largest body of a say, message or signal frame, as the relay sees it (opaque).
pub const MAX_OPAQUE: usize = 64 * 1024;

/// The size of a group: the largest piece of a file that travels at once, and what a ledger counts in.
pub const GROUP: u64 = 1024 * 1024;

/// The smallest piece of a file, the last of it aside.
pub const MIN_PIECE: u64 = 16 * 1024;

/// The largest plaintext of a record on a joined pipe: a piece of a file, the heads before it, and
/// some room to spare; or many small steps.
#[expect(clippy::cast_possible_truncation, reason = "1 MiB fits every usize")]
pub const MAX_PIPE_BODY: usize = GROUP as usize + 1024;

/// The bytes of files that a sender may have unanswered at least, on however many pipes: enough to
/// keep a short line busy, and little to send again after a cut.
pub const MIN_WINDOW: u64 = 4 * GROUP;

/// The bytes that it may have unanswered at most, on the longest of lines.
pub const MAX_WINDOW: u64 = 64 * GROUP;

/// Entries of a tree that a sender may have begun and the receiver not confirmed.
pub const MAX_OPEN_ENTRIES: usize = 4096;

/// Files of one transfer that a receiver holds open at once. Those that come whole in one record
/// don't count.
pub const MAX_OPEN_FILES: usize = 16;

/// A file of at most this many bytes travels whole in one record, and is answered once.
pub const SMALL_FILE: u64 = 256 * 1024;

/// Entries of one transfer. A receiver remembers four bytes of each.
pub const MAX_ENTRIES: u64 = 1 << 24;

/// The longest run of zeros that is sent at once; hashing it takes some ten milliseconds.
pub const MAX_HOLE: u64 = 256 * GROUP;

/// Pipes that one transfer may have at once.
pub const MAX_PIPES_PER_TRANSFER: usize = 4;

/// Ranges of a file that a receiver names as held; what it holds beyond them is sent again.
pub const MAX_HELD_RANGES: usize = 64;

/// The longest name of a room, in bytes.
pub const MAX_ROOM_NAME: usize = 64;

/// The longest nickname, in columns on a screen.
pub const MAX_NAME_COLUMNS: usize = 24;

/// The longest text in an error, notice or reason, in columns on a screen.
pub const MAX_REASON_COLUMNS: usize = 300;

/// Messages that a client holds until its turn comes.
pub const MAX_HELD: usize = 64;

/// Signals that a client keeps for resending until its peer has acknowledged them.
pub const MAX_UNACKED_SIGNALS: usize = 1024;

/// Offers from one peer that may be unanswered or under way at once.
pub const MAX_OPEN_OFFERS: usize = 256;

/// Transfers that one client receives at once; accepted ones beyond it wait in a queue.
pub const MAX_ACTIVE_RECEIVES: usize = 8;

/// Finished transfers that a client remembers.
pub const MAX_FINISHED_TRANSFERS: usize = 512;

/// Pipes of one room that may wait for their ends or be open at once: all that two can use who each
/// receive as much at a time as they may.
pub const MAX_PIPES_PER_ROOM: usize = 2 * MAX_ACTIVE_RECEIVES * MAX_PIPES_PER_TRANSFER;

/// How often a client sends a ping, whatever else it sends and hears.
pub const PING_AFTER: Duration = Duration::from_secs(15);

/// How long a client waits for any sign of the relay before it calls the connection lost.
pub const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// How long the relay waits for any sign of a client before it calls the connection lost.
pub const CLIENT_SILENCE_LIMIT: Duration = Duration::from_secs(45);

/// How long a seat is kept at least after the relay was started anew: what a client needs to find it
/// again, whose waits between attempts are at most [`LONGEST_WAIT`].
pub const RETURN_LIMIT: Duration = Duration::from_secs(20);

/// The longest wait of a client between two attempts to connect.
pub const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// How long two clients that are both there may take to agree on keys.
pub const EXCHANGE_LIMIT: Duration = Duration::from_secs(20);

/// How long a peer that is there may take to say again what may not have come, before the conversation
/// goes on without.
pub const CATCH_UP_LIMIT: Duration = Duration::from_mins(1);

/// The largest body of what a client asks of the shelf: a name of the greatest length, each byte
/// escaped, and some room to spare.
pub const MAX_SHELF_ASK: usize = 32 * 1024;

/// How long a client may ask nothing of the shelf before its connection is closed.
pub const SHELF_IDLE_LIMIT: Duration = Duration::from_mins(5);

/// How long nothing may come from the other end while a transfer with the shelf moves, before that
/// is called dead. Signs of life come every [`SHELF_PULSE`].
pub const SHELF_SILENCE_LIMIT: Duration = Duration::from_secs(20);

/// How long the other end may take nothing of what a transfer with the shelf has for it, alive or not.
pub const SHELF_STUCK_LIMIT: Duration = Duration::from_mins(5);

/// How often each end of a transfer with the shelf says that it is alive.
pub const SHELF_PULSE: Duration = Duration::from_secs(4);

/// How long a client may take from connecting to a complete first frame.
pub const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// How long the two ends of a pipe may take to come, from the moment their tokens were made.
pub const PIPE_LIMIT: Duration = Duration::from_secs(20);

/// How long the relay's last words may take to reach a client that is being closed.
pub const FLUSH_LIMIT: Duration = Duration::from_secs(2);

/// How long the relay lets a client leave its queue full before it closes that client.
pub const STUCK_LIMIT: Duration = Duration::from_secs(20);
