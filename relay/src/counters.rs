//! What the relay counts, and how it is told.
//!
//! Owns every number that an operator can see: what there is now, and what there was since the
//! start. They are counted where they happen, with relaxed atomics; whoever keeps the [`Counters`] of
//! a [`Config`](crate::config::Config) can read them while the relay runs, and
//! `metrics` shows them in the text format of Prometheus. The names are documented in
//! docs/OPERATING.md, which a test compares with this table.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Defines [`Count`] and the table of how each is shown.
macro_rules! counts {
    ($($kind:ident $metric:literal $help:literal { $($(#[$doc:meta])+ $name:ident = $why:literal,)+ })+) => {
        /// What is counted. Those whose variants belong together are shown as one metric with a label.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Count { $($($(#[$doc])+ $name,)+)+ }

        const COUNTS: usize = [$($(Count::$name,)+)+].len();

        const METRICS: &[Metric] = &[$(Metric {
            kind: stringify!($kind),
            name: $metric,
            help: $help,
            cells: &[$(($why, Count::$name),)+],
        },)+];
    };
}

/// One metric as it is shown.
#[derive(Debug)]
struct Metric {
    kind: &'static str,
    name: &'static str,
    help: &'static str,
    /// The value of the label `why`, if there are several, and where it is counted.
    cells: &'static [(&'static str, Count)],
}

counts! {
    gauge "couplet_connections" "Connections that are open, of all sorts." {
        #[doc = "See its metric."] Connections = "",
    }
    gauge "couplet_handshakes" "Connections that haven't yet said what they want." {
        #[doc = "See its metric."] Handshakes = "",
    }
    gauge "couplet_clients" "Clients that have a seat and a connection." {
        #[doc = "See its metric."] Clients = "",
    }
    gauge "couplet_plain_clients" "Clients that have a seat in a plain room, whichever way they came; they count as clients, too." {
        #[doc = "See its metric."] PlainClients = "",
    }
    gauge "couplet_rooms" "Rooms, those whose clients are expected back included." {
        #[doc = "See its metric."] Rooms = "",
    }
    gauge "couplet_pipes" "Pipes that wait for their ends or are joined." {
        #[doc = "See its metric."] Pipes = "",
    }
    gauge "couplet_shelf_clients" "Clients that are at the shelf." {
        #[doc = "See its metric."] ShelfClients = "",
    }
    gauge "couplet_shelf_waiting" "Transfers with the shelf that wait for a worker." {
        #[doc = "See its metric."] ShelfWaiting = "",
    }
    gauge "couplet_shelf_claims" "Names on the shelf that something is being laid down under." {
        #[doc = "See its metric."] ShelfClaims = "",
    }
    gauge "couplet_zmq_clients" "Clients of the ZeroMQ door that are connected." {
        #[doc = "See its metric."] ZmqClients = "",
    }
    gauge "couplet_queued_bytes" "Memory of queues to clients and of frames that have begun to come in." {
        #[doc = "See its metric."] QueuedBytes = "",
    }
    gauge "couplet_memory_bound_bytes" "What the relay's memory stays below with its limits." {
        #[doc = "See its metric."] MemoryBound = "",
    }
    counter "couplet_connections_total" "Connections that were accepted from the system." {
        #[doc = "See its metric."] Accepted = "",
    }
    counter "couplet_refused_total" "Connections that were refused, by why." {
        #[doc = "`--max-clients`."] RefusedClients = "clients",
        #[doc = "`--max-per-ip`."] RefusedAddress = "address",
        #[doc = "`--max-handshakes`."] RefusedRush = "rush",
        #[doc = "More connections than all limits together allow."] RefusedConnections = "connections",
        #[doc = "`--max-rooms`."] RefusedRooms = "rooms",
        #[doc = "Both seats are taken."] RefusedRoomTaken = "room_taken",
        #[doc = "The seat isn't kept."] RefusedSeatGone = "seat_gone",
        #[doc = "Too many wrong codes."] RefusedSlowDown = "slow_down",
        #[doc = "No complete first frame in time."] RefusedHandshakeTimeout = "handshake_timeout",
        #[doc = "A TLS handshake that took too long."] RefusedTlsTimeout = "tls_timeout",
        #[doc = "A TLS handshake that failed."] RefusedTls = "tls",
        #[doc = "Another protocol."] RefusedNotCouplet = "not_couplet",
        #[doc = "Another version."] RefusedVersion = "version",
        #[doc = "No frame, or no message."] RefusedMalformed = "malformed",
        #[doc = "A message that has no place there."] RefusedUnexpected = "unexpected",
        #[doc = "It went away before it said what it wants."] RefusedGone = "gone",
        #[doc = "The relay was being ended."] RefusedShutdown = "shutdown",
        #[doc = "Anything else."] RefusedOther = "other",
    }
    counter "couplet_turned_away_silently_total" "Refused connections that were closed without a word, as too many were being refused." {
        #[doc = "See its metric."] Silently = "",
    }
    counter "couplet_cut_total" "Clients with a seat whose connection the relay cut, by why." {
        #[doc = "Its queue stayed full."] CutStuck = "stuck",
        #[doc = "It held memory that had become short."] CutShort = "short",
        #[doc = "Nothing was heard."] CutSilent = "silent",
        #[doc = "A frame that began didn't end."] CutHalfFrame = "half_frame",
        #[doc = "No frame, or no message."] CutMalformed = "malformed",
        #[doc = "A message that has no place there."] CutUnexpected = "unexpected",
        #[doc = "More lines out of turn, in a plain room, than are held."] CutHeld = "held",
    }
    counter "couplet_plain_lines_total" "Lines that came in at the door for lines of text and were said; they count as messages, too." {
        #[doc = "See its metric."] PlainLines = "",
    }
    counter "couplet_throttled_total" "How often a client wasn't read for a moment, by why." {
        #[doc = "`--max-frames-per-second`."] ThrottledFrames = "frames",
        #[doc = "`--max-bytes-per-second`."] ThrottledBytes = "bytes",
        #[doc = "`--max-signals-per-turn`."] ThrottledSignals = "signals",
        #[doc = "`--max-queued-bytes`."] ThrottledQueued = "queued",
    }
    counter "couplet_shelf_transfers_total" "Transfers with the shelf that began, by direction." {
        #[doc = "Fetched."] ShelfGets = "get",
        #[doc = "Laid down."] ShelfPuts = "put",
    }
    counter "couplet_shelf_bytes_total" "Bytes of files that moved from and to the shelf." {
        #[doc = "See its metric."] ShelfBytes = "",
    }
    counter "couplet_logins_failed_total" "Logins at the shelf that failed." {
        #[doc = "See its metric."] LoginsFailed = "",
    }
    counter "couplet_pairings_failed_total" "Exchanges of keys that failed." {
        #[doc = "See its metric."] PairingsFailed = "",
    }
    counter "couplet_rooms_idle_total" "Rooms that were ended as nothing was said in them." {
        #[doc = "See its metric."] RoomsIdle = "",
    }
    counter "couplet_messages_total" "Messages that clients said." {
        #[doc = "See its metric."] Messages = "",
    }
    counter "couplet_signals_total" "Signals that clients sent." {
        #[doc = "See its metric."] Signals = "",
    }
    counter "couplet_received_bytes_total" "Bytes that clients with a seat sent, without pipes." {
        #[doc = "See its metric."] ReceivedBytes = "",
    }
    counter "couplet_pipes_joined_total" "Pipes both ends of which came." {
        #[doc = "See its metric."] PipesJoined = "",
    }
    counter "couplet_pipes_refused_total" "Requests for pipes, and connections for one, that were refused, by why." {
        #[doc = "`--max-pipes`."] PipesRefusedAll = "all",
        #[doc = "As many as a room may have."] PipesRefusedRoom = "room",
        #[doc = "`--max-pipes-per-ip`."] PipesRefusedAddress = "address",
        #[doc = "`--max-pipe-bytes-per-ip`."] PipesRefusedQuota = "quota",
        #[doc = "A connection that came in vain."] PipesRefusedEnd = "end",
    }
    counter "couplet_pipes_cut_total" "Joined pipes that the relay cut, by why." {
        #[doc = "`--pipe-idle`."] PipesCutIdle = "idle",
        #[doc = "`--max-pipe-bytes` or `--max-pipe-bytes-per-ip`."] PipesCutQuota = "quota",
    }
    counter "couplet_pipe_bytes_total" "Bytes that joined pipes have taken, both ways." {
        #[doc = "See its metric."] PipeBytes = "",
    }
}

/// The numbers, counted by all threads.
#[derive(Debug)]
pub struct Counters([AtomicU64; COUNTS]);

impl Default for Counters {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; COUNTS])
    }
}

impl Counters {
    /// One of the numbers.
    #[must_use]
    pub fn get(&self, count: Count) -> u64 {
        self.cell(count).load(Ordering::Relaxed)
    }

    /// Pipes both ends of which came.
    #[must_use]
    pub fn pipes_joined(&self) -> u64 {
        self.get(Count::PipesJoined)
    }

    /// Requests for pipes that a limit refused, and connections that came for one in vain.
    #[must_use]
    pub fn pipes_refused(&self) -> u64 {
        self.sum("couplet_pipes_refused_total")
    }

    /// Bytes that joined pipes have taken, both ways.
    #[must_use]
    pub fn pipe_bytes(&self) -> u64 {
        self.get(Count::PipeBytes)
    }

    /// All values of one metric together.
    #[must_use]
    pub fn sum(&self, name: &str) -> u64 {
        let cells = METRICS.iter().filter(|metric| metric.name == name).flat_map(|m| m.cells);
        cells.map(|(_, count)| self.get(*count)).sum()
    }

    /// All of them in the text format of Prometheus.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(8 * 1024);
        for Metric { kind, name, help, cells } in METRICS {
            // Writing to a string doesn't fail.
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
            for (why, count) in *cells {
                let value = self.get(*count);
                let _ = if why.is_empty() {
                    writeln!(text, "{name} {value}")
                } else {
                    writeln!(text, "{name}{{why=\"{why}\"}} {value}")
                };
            }
        }
        text
    }

    /// What isn't zero, in one line, for the log.
    #[must_use]
    pub fn line(&self) -> String {
        let mut line = String::new();
        for Metric { name, cells, .. } in METRICS.iter().filter(|metric| metric.kind == "counter") {
            for (why, count) in cells.iter().filter(|(_, count)| self.get(*count) > 0) {
                let name = name.trim_start_matches("couplet_").trim_end_matches("_total");
                let space = if line.is_empty() { "" } else { " " };
                let dot = if why.is_empty() { "" } else { "." };
                let _ = write!(line, "{space}{name}{dot}{why}={}", self.get(*count));
            }
        }
        line
    }

    pub(crate) fn add(&self, count: Count, number: u64) {
        self.cell(count).fetch_add(number, Ordering::Relaxed);
    }

    pub(crate) fn take_off(&self, count: Count, number: u64) {
        self.cell(count).fetch_sub(number, Ordering::Relaxed);
    }

    pub(crate) fn one(&self, count: Count) {
        self.add(count, 1);
    }

    pub(crate) fn set(&self, count: Count, number: u64) {
        self.cell(count).store(number, Ordering::Relaxed);
    }

    /// Counts one more of what there is now, as long as the answer lives.
    pub(crate) fn hold(self: &Arc<Self>, count: Count) -> Held {
        self.one(count);
        Held { counters: Arc::clone(self), count }
    }

    fn cell(&self, count: Count) -> &AtomicU64 {
        &self.0[count as usize]
    }
}

/// Something that is counted as long as this lives.
#[derive(Debug)]
pub(crate) struct Held {
    counters: Arc<Counters>,
    count: Count,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.counters.take_off(self.count, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_counted_until_it_is_dropped() {
        let counters = Arc::<Counters>::default();
        let held = [counters.hold(Count::Rooms), counters.hold(Count::Rooms)];
        assert_eq!(counters.get(Count::Rooms), 2);
        drop(held);
        assert_eq!(counters.get(Count::Rooms), 0);
    }

    #[test]
    fn the_text_is_prometheus_own_and_each_metric_is_told_of_once() {
        let counters = Counters::default();
        counters.add(Count::RefusedRush, 3);
        counters.one(Count::PipesRefusedQuota);
        let text = counters.text();
        assert!(text.contains("\ncouplet_refused_total{why=\"rush\"} 3\n"), "{text}");
        assert!(text.contains("# TYPE couplet_clients gauge\ncouplet_clients 0\n"), "{text}");
        assert_eq!(text.matches("# TYPE couplet_refused_total counter").count(), 1);
        assert_eq!(counters.pipes_refused(), 1);
        assert_eq!(counters.line(), "refused.rush=3 pipes_refused.quota=1");
        // Every count is in exactly one place of the table.
        assert_eq!(METRICS.iter().map(|metric| metric.cells.len()).sum::<usize>(), COUNTS);
    }

    #[test]
    fn every_metric_is_in_the_handbook() {
        let handbook = include_str!("../../docs/OPERATING.md");
        for metric in METRICS {
            assert!(handbook.contains(&format!("`{}`", metric.name)), "{} is missing", metric.name);
            for (why, _) in metric.cells.iter().filter(|(why, _)| !why.is_empty()) {
                assert!(handbook.contains(&format!("`{why}`")), "{} {why}", metric.name);
            }
        }
    }
}
