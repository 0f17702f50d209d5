//! What the operator can set, and how it is written on the command line.
//!
//! Owns the options, their defaults and their checks. Bounds that belong to the protocol are the
//! core's ([`couplet::limits`]); they appear here only as [`Timeouts`], which tests make short.

mod parse;

use crate::counters::Counters;
use crate::shelf::Shelf;
use crate::tls::{self, TlsError, TlsIdentity};
use clap::Parser;
use couplet::limits;
use couplet::zmtp::Endpoint;
pub use couplet_files::lane::Timing;
use parse::{
    parse_address, parse_bytes, parse_bytes_or_none, parse_duration, parse_filter,
    parse_long_duration, parse_queued,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Where the relay listens unless told otherwise.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:3647";

/// The relay of couplet, a private line for two: it pairs two clients and moves what they say and
/// send.
#[derive(Debug, Clone, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[command(
    name = "couplet-relay",
    version,
    about,
    after_help = "Exit status: 0 ended in order (Ctrl+C, SIGTERM, SIGHUP, or stdin closed); 2 wrong \
                  options, or a certificate or shelf that can't be used; 3 can't listen; 130 a second Ctrl+C.\n\
                  The first line on stdout is \"listening on ADDRESS:PORT\"; logs go to stderr."
)]
pub struct Config {
    /// Address and port to listen on; 0.0.0.0 lets other machines in, port 0 takes any
    /// free port
    #[arg(long, value_name = "ADDR", default_value = DEFAULT_LISTEN, value_parser = parse_address)]
    pub listen: String,

    /// How long the seat of a lost connection is kept: seconds, or with a unit as in 500ms or 2m
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = parse_duration)]
    pub grace: Duration,

    /// Clients that may have a seat at once
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_clients: u32,

    /// Connections at once that haven't yet said what they want
    #[arg(long, value_name = "N", default_value_t = 2_048, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_handshakes: u32,

    /// Rooms that may exist at once
    #[arg(long, value_name = "N", default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_rooms: u32,

    /// Connections from one address at once, pipes included; this machine's own don't count;
    /// 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub max_per_ip: u32,

    /// Pipes (transfers under way) at once, over all rooms
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_pipes: u32,

    /// Pipes at once that clients from one address asked for; this machine's own don't count;
    /// 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 128)]
    pub max_pipes_per_ip: u32,

    /// How long a pipe may stand still before it is cut, such as 10m; 0 for no limit
    #[arg(long, value_name = "SECONDS", default_value = "1h", value_parser = parse_duration)]
    pub pipe_idle: Duration,

    /// Bytes that may go through one pipe, both ways together, before it is cut, such as 500M or
    /// 20G; by default any number
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    pub max_pipe_bytes: Option<u64>,

    /// Bytes that may go through the pipes that one address asked for in 24 hours, such as 50G; this
    /// machine's own don't count; by default any number
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    pub max_pipe_bytes_per_ip: Option<u64>,

    /// Frames a second that one client may send before it isn't read for a moment; four seconds'
    /// worth may come at once; 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    pub max_frames_per_second: u32,

    /// Bytes a second, likewise, such as 4M; what goes through pipes doesn't count; 0 for no limit
    #[arg(long, value_name = "BYTES", default_value = "8M", value_parser = parse_bytes_or_none)]
    pub max_bytes_per_second: u64,

    /// Signals (offers, answers, typing) that a client may send in one turn before only 20 a second
    /// are read; 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub max_signals_per_turn: u32,

    /// Memory for what waits for slow clients, all together, such as 64M; when it becomes short,
    /// those who don't read are closed sooner
    #[arg(long, value_name = "BYTES", default_value = "256M", value_parser = parse_queued)]
    pub max_queued_bytes: u64,

    /// How long a room is kept in which nothing is said, signalled or sent, such as 2h, whether
    /// anybody waits in it or not; 0 for ever
    #[arg(long, value_name = "SECONDS", default_value = "24h", value_parser = parse_duration)]
    pub idle_rooms: Duration,

    /// Where to tell numbers to Prometheus, over HTTP at /metrics, such as 127.0.0.1:9464; keep
    /// it from the public
    #[arg(long, value_name = "ADDR", value_parser = parse_address)]
    pub metrics_listen: Option<String>,

    /// Where to serve netcat, telnet and other programs that talk in turns in lines of text, such as
    /// 127.0.0.1:4000; nothing there is sealed, and the relay can read it. Without it there are no
    /// plain rooms
    #[arg(long, value_name = "ADDR", value_parser = parse_address)]
    pub plain_listen: Option<String>,

    /// Where to take files for the shelf from programs that upload in chunks over ZeroMQ, such as
    /// tcp://127.0.0.1:5555; a host of * is every address, port 0 any free port. Whoever reaches it
    /// may upload
    #[expect(clippy::doc_markdown, reason = "this is shown as help, where it is no Markdown")]
    #[arg(long, value_name = "ENDPOINT", requires = "shelf", value_parser = Endpoint::to_listen)]
    pub zmq_listen: Option<Endpoint>,

    /// ZeroMQ clients at once; further ones wait to be accepted
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_zmq_clients: u32,

    /// How long a ZeroMQ client may be silent before its uploads are lost
    #[arg(long, value_name = "SECONDS", default_value = "5m", value_parser = parse_duration)]
    pub zmq_silence: Duration,

    /// The certificate to show to clients that come over TLS, with the chain to its authority; PEM.
    /// Without it the relay makes one itself at its first start
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The key of --tls-cert; PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// Where the relay keeps its rooms, and the certificate that it made; by default
    /// $XDG_STATE_HOME/couplet-relay, or ~/.local/state/couplet-relay
    #[arg(long, value_name = "DIR", overrides_with = "data")]
    pub data: Option<PathBuf>,

    /// Let rooms outlive an end by Ctrl+C or SIGTERM: clients are told to come back, and find their
    /// seats when the relay is started again. Without it they are told that it is over
    #[arg(long)]
    pub drain: bool,

    /// A directory whose files lie ready for clients to fetch (couplet shelf); by default there is none
    #[arg(long, value_name = "DIR")]
    pub shelf: Option<PathBuf>,

    /// Let everybody who reaches the relay fetch files from the shelf. Without it, and without
    /// accounts, only this machine may; with accounts (couplet-relay account add) everybody logs in
    #[arg(long, requires = "shelf")]
    pub shelf_open: bool,

    /// Folders on the shelf, with what is in them, can be fetched and laid down too
    #[arg(long, requires = "shelf")]
    pub shelf_folders: bool,

    /// Bytes that the files on the shelf may have together, such as 50G; by default what the disk
    /// holds
    #[arg(long, value_name = "BYTES", requires = "shelf", value_parser = parse_bytes)]
    pub shelf_quota: Option<u64>,

    /// Bytes that one file, or folder, that is laid down may have, such as 4G; by default any number
    #[arg(long, value_name = "BYTES", requires = "shelf", value_parser = parse_bytes)]
    pub shelf_max_file: Option<u64>,

    /// Files and folders that there may be on the shelf
    #[arg(long, value_name = "N", default_value_t = 100_000, requires = "shelf", value_parser = clap::value_parser!(u32).range(1..))]
    pub shelf_max_files: u32,

    /// How long what came of a cut upload is kept for whoever goes on with it, such as 12h or 30d; 0
    /// for ever
    #[arg(long, value_name = "SECONDS", default_value = "7d", requires = "shelf", value_parser = parse_long_duration)]
    pub shelf_keep_parts: Duration,

    /// Transfers with the shelf that move at once; others wait for one of them to end
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub shelf_workers: u16,

    /// Threads that serve; by default one per processor
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub workers: Option<u16>,

    /// End in order when stdin closes, for a program that runs the relay as its child
    #[arg(long)]
    pub until_stdin_closes: bool,

    /// What to log, such as warn, info, or debug
    #[arg(long, value_name = "FILTER", env = "RUST_LOG", default_value = "info", value_parser = parse_filter)]
    pub log: String,

    /// The protocol's time limits.
    #[arg(skip)]
    pub timeouts: Timeouts,

    /// The certificate itself, once it is loaded or made (see [`Config::identity`]); without one,
    /// only plain connections are served.
    #[arg(skip)]
    pub tls: Option<TlsIdentity>,

    /// The directory of [`Config::shelf`], once it is opened (see [`Shelf::open`]).
    #[arg(skip)]
    pub opened_shelf: Option<Arc<Shelf>>,

    /// Where rooms are kept, so that they outlive the relay; without it they don't.
    #[arg(skip)]
    pub keep_rooms_in: Option<PathBuf>,

    /// Where the accounts of the shelf are, if anybody can log in at all; the memory that logins may
    /// take is counted then.
    #[arg(skip)]
    pub accounts_in: Option<PathBuf>,

    /// Where [`Config::metrics_listen`] is listened on, once it is (see
    /// [`listen_for_metrics`](crate::server::listen_for_metrics)).
    #[arg(skip)]
    pub metrics: Option<Arc<TcpListener>>,

    /// Where [`Config::plain_listen`] is listened on, once it is (see
    /// [`listen_for_plain`](crate::server::listen_for_plain)).
    #[arg(skip)]
    pub plain: Option<Arc<TcpListener>>,

    /// Where [`Config::zmq_listen`] is listened on, once it is (see
    /// [`listen_for_zmq`](crate::server::listen_for_zmq)).
    #[arg(skip)]
    pub zmq: Option<Arc<TcpListener>>,

    /// What the relay counts; whoever keeps a clone can read it while the relay runs.
    #[arg(skip)]
    pub counters: Arc<Counters>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: DEFAULT_LISTEN.to_owned(),
            grace: Duration::from_secs(30),
            max_clients: 10_000,
            max_handshakes: 2_048,
            max_rooms: 5_000,
            max_per_ip: 1_000,
            max_pipes: 1_000,
            max_pipes_per_ip: 128,
            pipe_idle: Duration::from_hours(1),
            max_pipe_bytes: None,
            max_pipe_bytes_per_ip: None,
            max_frames_per_second: 50_000,
            max_bytes_per_second: 8 << 20,
            max_signals_per_turn: 10_000,
            max_queued_bytes: 256 << 20,
            idle_rooms: Duration::from_hours(24),
            metrics_listen: None,
            plain_listen: None,
            tls_cert: None,
            tls_key: None,
            data: None,
            shelf: None,
            shelf_open: false,
            shelf_folders: false,
            shelf_quota: None,
            shelf_max_file: None,
            shelf_max_files: 100_000,
            shelf_keep_parts: Duration::from_hours(7 * 24),
            shelf_workers: 32,
            workers: None,
            until_stdin_closes: false,
            drain: false,
            keep_rooms_in: None,
            accounts_in: None,
            log: "info".to_owned(),
            timeouts: Timeouts::default(),
            tls: None,
            opened_shelf: None,
            metrics: None,
            plain: None,
            zmq_listen: None,
            max_zmq_clients: 64,
            zmq_silence: Duration::from_mins(5),
            zmq: None,
            counters: Arc::default(),
        }
    }
}

impl Config {
    /// The shelf is this one, if there is any; accounts are for it.
    pub fn open_shelf(&mut self, shelf: Option<Arc<Shelf>>) {
        self.accounts_in = shelf.as_ref().and_then(|_| self.data_dir());
        self.opened_shelf = shelf;
    }

    /// How many rooms there may be: none is without a client that is there or expected back.
    #[must_use]
    pub fn rooms(&self) -> u64 {
        self.max_rooms.min(self.max_clients).into()
    }

    /// Whether there are plain rooms.
    #[must_use]
    pub const fn has_plain_rooms(&self) -> bool {
        self.plain_listen.is_some() || self.plain.is_some()
    }

    /// How many clients there may be at the ZeroMQ door.
    #[must_use]
    pub fn zmq_clients(&self) -> u64 {
        self.zmq.as_ref().map_or(0, |_| self.max_zmq_clients.into())
    }

    /// The certificate that the options ask for: the operator's, or the relay's own, which is made
    /// and kept if there is none yet. The text is a warning for the operator.
    ///
    /// # Errors
    /// [`TlsError`] with one clear sentence.
    pub fn identity(&self) -> Result<(TlsIdentity, Option<String>), TlsError> {
        if let (Some(cert), Some(key)) = (&self.tls_cert, &self.tls_key) {
            return TlsIdentity::load(cert, key).map(|identity| (identity, None));
        }
        if let Some(dir) = self.data_dir() {
            return TlsIdentity::keep_in(&dir);
        }
        let warning = "there is no home directory to keep the relay's certificate in, so it is good \
                       for this run only; give a directory with --data";
        TlsIdentity::for_this_run().map(|identity| (identity, Some(warning.to_owned())))
    }

    /// Where the relay keeps what outlives it; none if there is no home directory either.
    #[must_use]
    pub fn data_dir(&self) -> Option<PathBuf> {
        self.data.clone().or_else(tls::default_data_dir)
    }
}

/// The protocol's time limits; other values than the default are for tests.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// See [`limits::HANDSHAKE_LIMIT`].
    pub handshake: Duration,
    /// See [`limits::CLIENT_SILENCE_LIMIT`].
    pub silence: Duration,
    /// See [`limits::STUCK_LIMIT`].
    pub stuck: Duration,
    /// See [`limits::PIPE_LIMIT`].
    pub pipe: Duration,
    /// See [`limits::FLUSH_LIMIT`].
    pub flush: Duration,
    /// Of transfers with the shelf.
    pub shelf: Timing,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: limits::HANDSHAKE_LIMIT,
            silence: limits::CLIENT_SILENCE_LIMIT,
            stuck: limits::STUCK_LIMIT,
            pipe: limits::PIPE_LIMIT,
            flush: limits::FLUSH_LIMIT,
            shelf: Timing::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound_and_its_defaults_are_the_defaults() {
        Config::command().debug_assert();
        let parsed = Config::try_parse_from(["couplet-relay", "--log", "info"]).expect("defaults");
        assert_eq!(format!("{parsed:?}"), format!("{:?}", Config::default()));
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in
            [["--max-clients", "0"], ["--grace", "soon"], ["--log", "=["], ["--tls-key", "x"]]
        {
            let line = ["couplet-relay"].into_iter().chain(bad);
            assert!(Config::try_parse_from(line).is_err(), "{bad:?}");
        }
    }
}
