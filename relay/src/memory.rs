//! What the relay's memory stays below, computed from its limits.
//!
//! Owns the sum, and what each part of it stands for. Every part is bounded by code elsewhere; a test
//! floods a relay with small limits and compares. What isn't in it is memory that isn't the
//! process's: the kernel's buffers of each socket, which the system limits itself.

use crate::accounts;
use crate::config::Config;
use crate::connection::FIRST_READ;
use crate::doors::zeromq;
use crate::gate;
use crate::line::{READ_BYTES, READ_WHEN_FULL};
use crate::pipe::{LARGE_BYTES, MAX_LARGE, MAX_SMALL, SMALL_BYTES, TINY_BYTES, TLS_UNSENT};
use crate::shelf;
use couplet::limits::{MAX_FIRST_BODY, MAX_OPAQUE, MAX_PLAIN_LINE, MAX_SHELF_ASK};

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// The program, its runtimes, certificate, logs, and the counts by address and room, whose number is
/// limited.
const PROGRAM: u64 = 24 * MIB;

/// What a thread needs beside: its stack, and a frame or a queue while it is copied to a larger
/// place.
const THREAD: u64 = 2 * MIB;

/// A connection that does nothing: task, socket, timer, seat.
const CONNECTION: u64 = 3 * KIB + KIB / 2;

/// A TLS session that does nothing.
const TLS: u64 = 20 * KIB;

/// What TLS holds of one record that is coming in: as it came, and opened.
const TLS_RECORD: u64 = 36 * KIB;

/// What TLS holds during its handshake: messages of up to 64 KiB, keys and hashes.
const TLS_HANDSHAKE: u64 = 96 * KIB;

/// What TLS holds unsent on a pipe.
const TLS_PIPE: u64 = 68 * KIB;

/// A room without its last messages.
const ROOM: u64 = 2 * KIB;

/// Of all this, what an allocator may have that nobody uses, as a divisor.
const SLACK: u64 = 4;

/// The most memory that a relay with this configuration takes, in bytes.
///
/// | part | is at most |
/// | --- | --- |
/// | the program | 24 MiB, and 2 MiB for each thread |
/// | queues, half frames, and lines held for clients in plain rooms | `--max-queued-bytes`, and 4 KiB for each client |
/// | connections, all that the limits allow together | 3.5 KiB each, with TLS 20 KiB more |
/// | handshakes | 24 KiB for the first frame, with TLS 96 KiB more |
/// | clients over TLS | 52 KiB: a record each way |
/// | rooms | 2 KiB and two last messages of 64 KiB; as many plain rooms with two of 16 KiB, if there are any |
/// | pipes | see `pipe`: 1 MiB, 256 KiB or 32 KiB for each way, and 16 KiB for each end that waits, with TLS 104 KiB for each end |
/// | the shelf, if there is one | 96 MiB, for each of `--shelf-workers` 12 MiB and three threads, and 16 clients with 64 KiB each |
/// | accounts, if there may be any | 66 MiB: two passwords that are compared, and the file of accounts; 2 MiB for each of their threads |
/// | clients of the ZeroMQ door, if there is one | 10 MiB each: a message that comes, one that waits, what is being written |
/// | the allocator | a quarter of all |
#[must_use]
pub fn memory_bound(config: &Config) -> u64 {
    let tls = |bytes: u64| if config.tls.is_some() { bytes } else { 0 };
    let workers = config.workers.map_or_else(processors, u64::from);
    let threads = 2 * workers + 4;
    let connections = gate::max_connections(config);
    let first_frame = 2 * (size(FIRST_READ) + size(MAX_FIRST_BODY));
    let pipes = u64::from(config.max_pipes);
    let plain_rooms = if config.has_plain_rooms() { config.rooms() } else { 0 };
    let all = PROGRAM
        + threads * THREAD
        + config.max_queued_bytes
        + u64::from(config.max_clients) * 4 * size(READ_WHEN_FULL)
        + connections * (CONNECTION + tls(TLS))
        + u64::from(config.max_handshakes) * (first_frame + tls(TLS_HANDSHAKE))
        + u64::from(config.max_clients) * tls(size(TLS_UNSENT) + TLS_RECORD)
        + config.rooms() * (ROOM + 2 * size(MAX_OPAQUE))
        + plain_rooms * (ROOM + 2 * size(MAX_PLAIN_LINE))
        + 2 * pipes * (size(READ_BYTES) + tls(TLS_PIPE + TLS_RECORD))
        + copying(2 * pipes)
        + accounts_of(config)
        + shelf_of(config)
        + config.zmq_clients() * zeromq::CLIENT_BYTES;
    all + all / SLACK
}

/// What logins take, if there may be any.
fn accounts_of(config: &Config) -> u64 {
    let threads = u64::from(accounts::AT_ONCE) + 1;
    if config.accounts_in.is_some() { accounts::MEMORY_BYTES + threads * THREAD } else { 0 }
}

/// What the shelf takes, if there is one: each transfer has three threads at most, and each client a
/// request that is coming in.
fn shelf_of(config: &Config) -> u64 {
    if config.shelf.is_none() {
        return 0;
    }
    let workers = u64::from(config.shelf_workers);
    let visitors = workers * u64::from(shelf::VISITORS_PER_WORKER);
    shelf::SHELF_BYTES
        + workers * (shelf::TRANSFER_BYTES + 3 * THREAD)
        + visitors * 2 * size(MAX_SHELF_ASK)
}

/// The buffers that so many directions of pipes may have at once.
fn copying(directions: u64) -> u64 {
    let large = directions.min(size(MAX_LARGE));
    let small = (directions - large).min(size(MAX_SMALL));
    let tiny = directions - large - small;
    large * size(LARGE_BYTES) + small * size(SMALL_BYTES) + tiny * size(TINY_BYTES)
}

fn processors() -> u64 {
    std::thread::available_parallelism().map_or(1, |number| size(number.get()))
}

fn size(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mib(change: impl FnOnce(&mut Config)) -> u64 {
        let mut config = Config { workers: Some(2), ..Config::default() };
        change(&mut config);
        memory_bound(&config) / MIB
    }

    #[test]
    fn every_limit_moves_it() {
        let usual = mib(|_| {});
        assert!(mib(|config| config.max_clients = 100) < usual / 2);
        assert!(mib(|config| config.max_rooms = 100) < usual);
        assert!(mib(|config| config.max_pipes = 10) < usual);
        assert!(mib(|config| config.max_handshakes = 10) < usual);
        let plain = mib(|config| config.plain_listen = Some("127.0.0.1:0".to_owned()));
        assert!(usual < plain && plain < usual + usual / 3, "{usual} {plain}");
        assert_eq!(mib(|config| config.max_queued_bytes += 400 << 20), usual + 500);
        let shelf = mib(|config| config.shelf = Some("here".into())) - usual;
        assert!((800..=1000).contains(&shelf), "{shelf}");
        assert_eq!(mib(|config| config.workers = Some(4)), usual + 10);
        // Two hashes of 19 MiB, the file, and threads; a quarter more.
        let accounts = mib(|config| config.accounts_in = Some("here".into())) - usual;
        assert!((85..=95).contains(&accounts), "{accounts}");
    }

    #[test]
    fn buffers_of_pipes_come_in_three_sizes() {
        let [large, small] = [size(MAX_LARGE), size(MAX_SMALL)];
        assert_eq!(copying(1), MIB);
        assert_eq!(copying(large + 1), large * MIB + 256 * KIB);
        assert_eq!(copying(large + small + 10), large * MIB + small * 256 * KIB + 320 * KIB);
    }
}
