//! Those who misbehave, and what they are told.

use crate::common::soon;
use bytes::BytesMut;
use couplet::frame::{FrameDecoder, MAGIC, opening};
use couplet::limits::MAX_CONTROL_BODY;
use couplet::message::{
    ClientControl, ClientToRelay, ErrorCode, PeerState, RelayControl, RelayToClient,
};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Connects that are begun at once.
const TICK: Duration = Duration::from_millis(10);

/// How often somebody who never reads sends 60,000 bytes to another.
const SIGNAL_AGAIN: Duration = Duration::from_millis(50);

/// How soon somebody who was cut comes again.
const AGAIN: Duration = Duration::from_millis(200);

/// Connections that wait for their end at once; more are waited for, so that files suffice.
const MAX_WAITING: usize = 6000;

/// What all of them were told.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    pub connects: u64,
    pub relay_full: u64,
    pub rooms_full: u64,
    pub malformed: u64,
    pub not_couplet: u64,
    pub handshake_timeout: u64,
    /// Closed without a word.
    pub silent: u64,
    /// Told something else.
    pub untyped: u64,
    /// Left by themselves, and heard nothing.
    pub left: u64,
}

#[derive(Debug, Clone, Copy)]
enum Heard {
    Nothing,
    Error(ErrorCode),
    PlainLine,
    Other,
    /// It went away by itself.
    Left,
}

#[expect(clippy::disallowed_methods, reason = "a test measures real time")]
fn stopwatch() -> Instant {
    Instant::now()
}

/// All of them.
pub struct Horde {
    relay: SocketAddr,
    over: CancellationToken,
    tasks: JoinSet<Vec<Heard>>,
    seated: Vec<TcpStream>,
    tally: Tally,
    number: u32,
}

impl Horde {
    pub fn new(relay: SocketAddr) -> Self {
        Self {
            relay,
            over: CancellationToken::new(),
            tasks: JoinSet::new(),
            seated: Vec::new(),
            tally: Tally::default(),
            number: 0,
        }
    }

    /// Clients that never read, two in a room, each sending the other as much as goes; who is cut
    /// comes again.
    pub async fn never_read(&mut self, count: usize) {
        let (there, mut met) = tokio::sync::mpsc::unbounded_channel();
        for number in 0..count {
            let (relay, over, there) = (self.relay, self.over.clone(), there.clone());
            self.tasks.spawn(async move {
                let mut heard = Vec::new();
                let mut pace = tokio::time::interval(AGAIN);
                for round in 0_u64.. {
                    pace.tick().await;
                    let room = format!("deaf-{}-{round}", number / 2);
                    let one = deafly(relay, &room, || {
                        let _ = there.send(());
                    });
                    tokio::select! {
                        () = over.cancelled() => break,
                        what = one => heard.extend(what),
                    }
                }
                heard
            });
        }
        for _ in 0..count {
            soon(met.recv()).await;
        }
    }

    /// Clients that say their hello a byte a second; who is cut comes again.
    pub fn trickle(&mut self, count: usize) {
        for number in 0..count {
            let (relay, over) = (self.relay, self.over.clone());
            self.tasks.spawn(async move {
                // Those who are there at the end leave.
                let mut heard = vec![Heard::Left];
                let mut pace = tokio::time::interval(AGAIN);
                while !over.is_cancelled() {
                    pace.tick().await;
                    let mut stream = narrow(relay, 3).await;
                    // Some are silent from the beginning, as one whose machine went away.
                    let bytes = if number % 5 == 0 { Vec::new() } else { hello(None).to_vec() };
                    let slowly = async {
                        let mut pace = tokio::time::interval(Duration::from_secs(1));
                        let (mut reading, mut writing) = stream.split();
                        let write = async {
                            for byte in bytes.chunks(1) {
                                pace.tick().await;
                                if writing.write_all(byte).await.is_err() {
                                    break;
                                }
                            }
                            std::future::pending::<()>().await;
                        };
                        tokio::select! {
                            () = write => Heard::Left,
                            heard = hear(&mut reading) => heard,
                        }
                    };
                    tokio::select! {
                        () = over.cancelled() => {}
                        what = slowly => heard.push(what),
                    }
                }
                heard
            });
        }
    }

    /// Clients that have a seat and do nothing.
    pub async fn fill(&mut self, count: usize) {
        for _ in 0..count {
            let mut stream = narrow(self.relay, 4).await;
            stream.write_all(&hello(None)).await.expect("written");
            let mut first = [0; 1];
            soon(stream.read_exact(&mut first)).await.expect("a welcome");
            self.seated.push(stream);
        }
    }

    /// So many connects a second of all sorts, for so long.
    pub async fn connect(&mut self, rate: usize, time: Duration) -> Duration {
        let begun = stopwatch();
        let mut ticks = tokio::time::interval(TICK);
        let per_tick = rate / 100;
        for _ in 0..time.as_millis() / TICK.as_millis() {
            ticks.tick().await;
            for _ in 0..per_tick {
                self.number += 1;
                self.tally.connects += 1;
                self.tasks.spawn(come_and_hear(self.relay, self.number));
            }
            while self.tasks.len() > MAX_WAITING {
                self.take_one().await;
            }
            while let Some(heard) = self.tasks.try_join_next() {
                self.count(&heard.expect("no fault"));
            }
        }
        begun.elapsed()
    }

    /// Ends them all.
    pub async fn end(mut self) -> Tally {
        self.over.cancel();
        while !self.tasks.is_empty() {
            self.take_one().await;
        }
        self.tally
    }

    async fn take_one(&mut self) {
        if let Some(heard) = soon(self.tasks.join_next()).await {
            self.count(&heard.expect("no fault"));
        }
    }

    fn count(&mut self, heard: &[Heard]) {
        let tally = &mut self.tally;
        for heard in heard {
            *match heard {
                Heard::Nothing => &mut tally.silent,
                Heard::Error(ErrorCode::RelayFull) => &mut tally.relay_full,
                Heard::Error(ErrorCode::RoomsFull) => &mut tally.rooms_full,
                Heard::Error(ErrorCode::Malformed) => &mut tally.malformed,
                Heard::Error(ErrorCode::HandshakeTimeout) => &mut tally.handshake_timeout,
                Heard::PlainLine => &mut tally.not_couplet,
                Heard::Error(_) | Heard::Other => &mut tally.untyped,
                Heard::Left => &mut tally.left,
            } += 1;
        }
    }
}

/// One that comes, says something, and hears what it is told.
async fn come_and_hear(relay: SocketAddr, number: u32) -> Vec<Heard> {
    let words: &[u8] = match number % 4 {
        0 => &hello(None),
        1 => b"GET / HTTP/1.1\r\n\r\n",
        // A frame of 4 GiB.
        2 => &[&opening()[..], &[0xff; 4]].concat(),
        _ => &[&MAGIC[..], &[1, 0, 0, 0, 5, 1], b"{{{{"].concat(),
    };
    let mut stream = connect_from(relay, 5 + number % 40).await;
    if number % 16 == 1 {
        // It goes away before it has said anything.
        return vec![Heard::Left];
    }
    // A relay that has closed already has its reason in the stream.
    let _ = stream.write_all(words).await;
    vec![hear(&mut stream).await]
}

/// One that meets somebody in a room, reads nothing more and sends until it is cut. What it was told
/// if it got no seat.
async fn deafly(relay: SocketAddr, room: &str, met: impl Fn()) -> Option<Heard> {
    let mut signal = BytesMut::new();
    ClientToRelay::Signal { pairing: 1, body: vec![7; 60_000].into() }.encode(&mut signal);
    let mut stream = narrow(relay, 2).await;
    let _ = stream.write_all(&hello(Some(room))).await;
    let mut decoder = FrameDecoder::new(MAX_CONTROL_BODY);
    let mut piece = [0; 512];
    loop {
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return Some(Heard::Nothing),
            Ok(count) => decoder.push(&piece[..count]),
        }
        while let Some(frame) = decoder.poll_frame().expect("frames") {
            match RelayToClient::decode(frame).expect("messages") {
                RelayToClient::Control(RelayControl::Error { code, .. }) => {
                    return Some(Heard::Error(code));
                }
                RelayToClient::Control(RelayControl::Peer {
                    state: PeerState::Present, ..
                }) => {
                    met();
                    let mut pace = tokio::time::interval(SIGNAL_AGAIN);
                    while stream.write_all(&signal).await.is_ok() {
                        pace.tick().await;
                    }
                    return None;
                }
                _ => {}
            }
        }
    }
}

/// What is heard until the end, or until there is a seat, which is given up.
async fn hear(stream: &mut (impl AsyncReadExt + Unpin)) -> Heard {
    let mut bytes = Vec::new();
    let mut heard = Heard::Nothing;
    // What came before a reset counts.
    while let Ok(1..) = soon(stream.read_buf(&mut bytes)).await {
        if bytes.starts_with(b"this is a couplet relay") {
            heard = Heard::PlainLine;
            continue;
        }
        let mut decoder = FrameDecoder::new(MAX_CONTROL_BODY);
        decoder.push(&bytes);
        heard = match decoder.poll_frame().ok().flatten().map(RelayToClient::decode) {
            Some(Ok(RelayToClient::Control(RelayControl::Error { code, .. }))) => {
                Heard::Error(code)
            }
            Some(Ok(RelayToClient::Control(RelayControl::Welcome { .. }))) => return Heard::Left,
            _ => Heard::Other,
        };
    }
    heard
}

fn hello(room: Option<&str>) -> BytesMut {
    let room = room.map(|room| couplet::message::RoomName::new(room).expect("well-formed"));
    let mut bytes = BytesMut::from(&opening()[..]);
    ClientToRelay::Control(ClientControl::hello(room, false, None)).encode(&mut bytes);
    bytes
}

/// A connection of which the kernel holds little.
async fn narrow(relay: SocketAddr, from: u32) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    connect_over(socket, relay, from).await
}

async fn connect_from(relay: SocketAddr, from: u32) -> TcpStream {
    connect_over(TcpSocket::new_v4().expect("a socket"), relay, from).await
}

/// From one of many addresses of this machine, as one hasn't ports enough.
async fn connect_over(socket: TcpSocket, relay: SocketAddr, from: u32) -> TcpStream {
    let address = IpAddr::from((0x7f00_0000 + (from << 8) + 1).to_be_bytes());
    socket.bind(SocketAddr::new(address, 0)).expect("a port");
    soon(socket.connect(relay)).await.expect("the relay accepts")
}
