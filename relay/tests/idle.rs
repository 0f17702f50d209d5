//! Very many clients that do nothing: what one costs, that each is reachable, and that rooms in which
//! nothing happens end.
//!
//! `COUPLET_IDLE_CLIENTS` makes them more than a thousand; the full size is in `docs/LONG_RUNS.md`.
#![cfg(target_os = "linux")]
#![expect(clippy::print_stdout, reason = "a test tells what it has measured")]

mod common;

use common::process::{Process, ThreadClock, number, raise_file_limit};
use common::tls::connector;
use common::{Client, Relay, soon};
use couplet::limits::{MAX_CONTROL_BODY, PING_AFTER};
use couplet::message::{ClientControl, ErrorCode, PeerState, RelayControl, Role};
use couplet_relay::counters::{Count, Counters};
use rustls::pki_types::ServerName;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;

/// What an idle client may cost, beyond the start.
const PLAIN_BYTES: u64 = 3 * 1024 + 512;
const TLS_BYTES: u64 = 24 * 1024;

/// Clients that come before it is measured, so that what all share is there already.
const FIRST: usize = 100;

/// How long the processor is watched while nothing happens.
const WATCH: Duration = Duration::from_secs(3);

/// What it may be busy meanwhile: 0.3 % of a core, measured in ticks of 10 ms.
const WATCH_MS: u64 = 10;

/// How often it is watched at most. Time that somebody else takes from this machine's processors counts as
/// the relay's own, but hardly each time.
const WATCHES: usize = 4;

/// One heartbeat after the other, as often as ten thousand clients have them.
const BEAT_EVERY: Duration = PING_AFTER.checked_div(10_000).expect("not zero");

/// How many echoes a heartbeat may cost. It takes 4 to 5; in milliseconds it takes some machines twice as
/// long as others.
const BEAT_ECHOES: u32 = 8;

/// How many heartbeats are measured at a time. The least of all such times counts, for the same reason as
/// with [`WATCHES`].
const BEATS: usize = 100;

/// How long a heartbeat is.
const ECHOED: usize = 8;

/// What a relay with idle clients costs.
struct Cost {
    /// Memory for each client.
    bytes: u64,
    /// Processor time of [`WATCH`].
    watch_ms: u64,
    /// Processor time for [`BEATS`] heartbeats.
    beats: Duration,
    /// What as many heartbeats cost somebody who only sends back what comes.
    echoes: Duration,
}

/// Sends back what comes, at the same pace, on the same machine, as little else as can be.
struct Echo {
    stream: TcpStream,
    clock: ThreadClock,
    thread: JoinHandle<()>,
}

impl Echo {
    async fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (clock, started) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            clock.send(ThreadClock::of_this_one()).ok().expect("it is awaited");
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                listener.set_nonblocking(true).expect("a socket");
                let listener = TcpListener::from_std(listener).expect("a socket");
                let (mut stream, _) = listener.accept().await.expect("a client");
                let mut bytes = [0; 64];
                while let Ok(1..) = stream.read(&mut bytes).await {
                    stream.write_all(&bytes[..ECHOED]).await.expect("it is read");
                }
            });
        });
        let stream = soon(TcpStream::connect(address)).await.expect("it listens");
        stream.set_nodelay(true).expect("a socket");
        let clock = soon(started).await.expect("it has started");
        Self { stream, clock, thread }
    }

    async fn once(&mut self) {
        let mut bytes = [7; ECHOED];
        soon(self.stream.write_all(&bytes)).await.expect("it reads");
        soon(self.stream.read_exact(&mut bytes)).await.expect("it answers");
    }

    fn end(self) {
        drop(self.stream);
        self.thread.join().expect("no panic");
    }
}

/// From one of many addresses of this machine, as one hasn't ports enough.
async fn connect(relay: SocketAddr, number: usize) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    let from = u32::try_from(number / 5_000 + 2).expect("few");
    let address = IpAddr::from((0x7f00_0000 + (from << 8) + 1).to_be_bytes());
    socket.bind(SocketAddr::new(address, 0)).expect("a port");
    socket.set_nodelay(true).expect("a socket");
    soon(socket.connect(relay)).await.expect("the relay accepts")
}

trait Wire: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Wire for T {}

async fn seated(
    relay: SocketAddr,
    number: usize,
    tls: Option<&TlsConnector>,
) -> Client<Box<dyn Wire>> {
    let stream = connect(relay, number).await;
    let stream: Box<dyn Wire> = match tls {
        None => Box::new(stream),
        Some(connector) => {
            let name = ServerName::try_from("relay.example").expect("a name");
            Box::new(soon(connector.connect(name, stream)).await.expect("a handshake"))
        }
    };
    let mut client = Client::over_any(stream);
    client.open().await;
    client.hello(Some(&format!("room-{}", number / 2)), None).await;
    client.welcome().await;
    client
}

/// How many milliseconds the relay is busy for in [`WATCH`] while nothing happens.
async fn quietest(relay: &Process) -> u64 {
    let mut watch = tokio::time::interval(WATCH);
    watch.tick().await;
    let mut least = u64::MAX;
    for _ in 0..WATCHES {
        let before = relay.processor_ms();
        watch.tick().await;
        least = least.min(relay.processor_ms() - before);
        if least <= WATCH_MS {
            break;
        }
    }
    least
}

/// Seats them all, leaves them alone, lets each show that it is there, and a word go through each room.
async fn idle(relay: &Process, count: usize, tls: Option<&TlsConnector>) -> Cost {
    let mut clients = Vec::new();
    let mut start_kib = 0;
    for number in 0..count + FIRST {
        if number == FIRST {
            start_kib = relay.memory_kib("VmRSS");
        }
        clients.push(seated(relay.address, number, tls).await);
    }
    for pair in clients.chunks_mut(2) {
        let [one, two] = pair else { panic!("an even number") };
        assert_eq!(one.peer().await.0, PeerState::Waiting);
        assert_eq!(
            (one.peer().await.0, two.peer().await.0),
            (PeerState::Present, PeerState::Present)
        );
        assert_eq!((one.role().await, two.role().await), (Role::Emi, Role::Rec));
    }
    let bytes = (relay.memory_kib("VmRSS").saturating_sub(start_kib)) * 1024 / size(count);
    let watch_ms = quietest(relay).await;
    let mut echo = Echo::start().await;
    let (mut beats, mut echoes) = (Duration::MAX, Duration::MAX);
    let mut pace = tokio::time::interval(BEAT_EVERY);
    for some in clients.chunks_exact_mut(BEATS) {
        let before = (relay.thread_times(), echo.clock.time());
        for client in some {
            pace.tick().await;
            client.control(ClientControl::Ping).await;
            assert_eq!(client.next_control().await, RelayControl::Pong);
            echo.once().await;
        }
        beats = beats.min(relay.thread_times().since(&before.0));
        echoes = echoes.min(echo.clock.time().saturating_sub(before.1));
    }
    echo.end();
    for (number, pair) in clients.chunks_mut(2).enumerate() {
        let [one, two] = pair else { panic!("an even number") };
        let word = format!("room {number}");
        one.say(1, 1, &word).await;
        assert_eq!(two.message().await, (1, false, word));
        one.taken(1).await;
    }
    Cost { bytes, watch_ms, beats, echoes }
}

fn size(count: usize) -> u64 {
    u64::try_from(count).expect("few")
}

/// What is measured is measured alone: with two relays at once each takes longer for the same.
static MEASURED: Mutex<()> = Mutex::new(());

fn check(tls: Option<&TlsConnector>, limit: u64) {
    // One that failed has measured all the same.
    let _alone = MEASURED.lock().unwrap_or_else(PoisonError::into_inner);
    raise_file_limit();
    let count = number("COUPLET_IDLE_CLIENTS", 1000);
    let places = (count + FIRST).to_string();
    let relay =
        Process::start(&["--log", "warn", "--max-clients", &places, "--max-rooms", &places]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let cost = runtime.expect("a runtime").block_on(idle(&relay, count, tls));
    let Cost { bytes, watch_ms, beats, echoes } = cost;
    let what = if tls.is_some() { "over TLS" } else { "plain" };
    println!(
        "{count} clients {what}: {bytes} bytes each, {watch_ms} ms busy in {WATCH:?}, \
         {beats:.1?} for {BEATS} heartbeats, {echoes:.1?} for as many echoes"
    );
    // What isn't optimised takes more.
    let limit = if cfg!(debug_assertions) { limit * 5 / 4 } else { limit };
    assert!(bytes <= limit, "{bytes} bytes for each idle client {what}; {limit} are allowed");
    assert!(watch_ms <= WATCH_MS, "{watch_ms} ms busy in {WATCH:?} for clients that do nothing");
    assert!(!echoes.is_zero() && !beats.is_zero(), "nothing was measured");
    assert!(beats <= echoes * BEAT_ECHOES, "{beats:?} for heartbeats, {echoes:?} for echoes");
}

#[test]
fn an_idle_client_costs_little_and_is_reachable() {
    check(None, PLAIN_BYTES);
}

#[test]
fn an_idle_client_over_tls_costs_little_and_is_reachable() {
    check(Some(&connector()), TLS_BYTES);
}

#[tokio::test]
async fn a_room_in_which_nothing_happens_ends_and_both_are_told() {
    let counters = Arc::<Counters>::default();
    let relay = Relay::with(|config| {
        config.idle_rooms = Duration::from_secs(4);
        config.counters = Arc::clone(&counters);
    })
    .await;
    let (mut one, mut two) = relay.pair(Some("quiet")).await;
    let (mut alone, _) = relay.join(Some("alone")).await;
    alone.peer().await;
    let (mut left, mut right) = relay.pair(Some("lively")).await;
    let talk = async {
        let mut pace = tokio::time::interval(Duration::from_millis(100));
        for round in 0.. {
            pace.tick().await;
            left.control(ClientControl::Pass { turn: 2 * round }).await;
            assert_eq!((left.role().await, right.role().await), (Role::Rec, Role::Emi));
            right.control(ClientControl::Pass { turn: 2 * round + 1 }).await;
            assert_eq!((left.role().await, right.role().await), (Role::Emi, Role::Rec));
        }
    };
    let ends = async {
        for quiet in [&mut one, &mut two, &mut alone] {
            let (code, text) = quiet.error().await;
            assert_eq!(code, ErrorCode::IdleRoom);
            assert!(text.contains("nothing happened"), "{text}");
            quiet.closed().await;
        }
    };
    tokio::select! {
        () = talk => {}
        () = ends => {}
    }
    assert_eq!(counters.get(Count::RoomsIdle), 2);
    assert_eq!(counters.get(Count::Rooms), 1, "the lively one");
    // Its name is free again.
    let (_, welcome) = relay.join(Some("quiet")).await;
    assert_eq!(welcome.pairing, 0);
}

#[tokio::test]
async fn half_a_frame_is_waited_for_only_as_long_as_silence() {
    let counters = Arc::<Counters>::default();
    let relay = Relay::with(|config| {
        config.timeouts.silence = Duration::from_secs(3);
        config.counters = Arc::clone(&counters);
    })
    .await;
    let (mut one, _) = relay.join(None).await;
    one.peer().await;
    let length = u32::try_from(MAX_CONTROL_BODY).expect("small").to_be_bytes();
    one.raw(&length).await;
    // A byte now and then is a sign of life, but no frame.
    let dribble = async {
        let mut pace = tokio::time::interval(Duration::from_millis(50));
        while one.stream.write_all(&[3]).await.is_ok() {
            pace.tick().await;
            if counters.get(Count::CutHalfFrame) > 0 {
                return;
            }
        }
    };
    soon(dribble).await;
    assert_eq!(counters.get(Count::CutHalfFrame), 1);
    assert_eq!(counters.get(Count::CutSilent), 0);
}
