//! A relay on a port of its own, and clients that speak the raw protocol. Every wait is bounded.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part of this")]
#![expect(clippy::wildcard_enum_match_arm, reason = "whatever a test does not expect is a failure")]

#[cfg(target_os = "linux")]
pub mod process;
pub mod tls;

use bytes::BytesMut;
use couplet::frame::{FrameDecoder, opening};
use couplet::limits::MAX_CONTROL_BODY;
use couplet::message::{
    ClientControl, ClientToRelay, ErrorCode, ExitReason, PeerState, RelayControl, RelayToClient,
    Role, RoomName, Seat, Token,
};
use couplet_relay::config::Config;
use couplet_relay::server;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Longer than anything takes here, however busy the machine is.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for `future`, but not for ever.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("this takes far too long")
}

/// A relay in this process.
pub struct Relay {
    pub address: SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<std::io::Result<()>>,
}

impl Relay {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config { listen: "127.0.0.1:0".to_owned(), ..Config::default() };
        change(&mut config);
        let listener = server::listen(&config.listen).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(server::run(config, listener, shutdown.clone()));
        Self { address, shutdown, task }
    }

    pub async fn connect(&self) -> Client {
        Client::over(soon(TcpStream::connect(self.address)).await.expect("a relay"))
    }

    /// A connection of which the kernel holds little, so that not reading soon shows.
    pub async fn connect_narrowly(&self) -> Client {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        Client::over(soon(socket.connect(self.address)).await.expect("a relay"))
    }

    pub async fn join(&self, room: Option<&str>) -> (Client, Welcome) {
        let mut client = self.connect().await;
        client.open().await;
        client.hello(room, None).await;
        let welcome = client.welcome().await;
        (client, welcome)
    }

    /// Two in a room of their own, with everything read that they are told at first.
    pub async fn pair(&self, room: Option<&str>) -> (Client, Client) {
        let (mut one, first) = self.join(room).await;
        assert_eq!(one.peer().await, (PeerState::Waiting, 0));
        let (mut two, second) = self.join(room).await;
        assert_eq!((first.seat, second.seat), (Seat::One, Seat::Two));
        assert_eq!(two.peer().await, (PeerState::Present, 1));
        assert_eq!(two.role().await, Role::Rec);
        assert_eq!(one.peer().await, (PeerState::Present, 1));
        assert_eq!(one.role().await, Role::Emi);
        one.token = Some(first.token);
        two.token = Some(second.token);
        (one, two)
    }

    pub fn begin_end(&self) {
        self.shutdown.cancel();
    }

    pub async fn ended(self) {
        let ended = soon(self.task).await.expect("the relay ends without a fault");
        ended.expect("the relay had threads enough");
    }
}

pub struct Welcome {
    pub seat: Seat,
    pub token: Token,
    pub pairing: u32,
    pub next_sequence: u64,
    pub returned: bool,
}

/// One raw client.
pub struct Client<S = TcpStream> {
    pub stream: S,
    decoder: FrameDecoder,
    pub token: Option<Token>,
}

impl Client {
    pub fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a socket");
        Self::over_any(stream)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub fn over_any(stream: S) -> Self {
        Self { stream, decoder: FrameDecoder::new(MAX_CONTROL_BODY), token: None }
    }

    pub async fn raw(&mut self, bytes: &[u8]) {
        soon(self.stream.write_all(bytes)).await.expect("the relay reads");
    }

    pub async fn open(&mut self) {
        self.raw(&opening()).await;
    }

    pub async fn send(&mut self, message: ClientToRelay) {
        let mut bytes = BytesMut::new();
        message.encode(&mut bytes);
        self.raw(&bytes).await;
    }

    pub async fn control(&mut self, control: ClientControl) {
        self.send(ClientToRelay::Control(control)).await;
    }

    pub async fn hello(&mut self, room: Option<&str>, seat: Option<Token>) {
        let room = room.map(|room| RoomName::new(room).expect("well-formed"));
        self.control(ClientControl::hello(room, false, seat)).await;
    }

    pub async fn say(&mut self, pairing: u32, sequence: u64, body: &str) {
        let body = body.to_owned().into();
        self.send(ClientToRelay::Say { pairing, sequence, body }).await;
    }

    /// The next message; `None` at the end of the stream.
    pub async fn try_next(&mut self) -> Option<RelayToClient> {
        loop {
            if let Some(frame) = self.decoder.poll_frame().expect("frames") {
                return Some(RelayToClient::decode(frame).expect("messages"));
            }
            let mut piece = vec![0; 8192];
            let count = soon(self.stream.read(&mut piece)).await.expect("an orderly end");
            if count == 0 {
                return None;
            }
            self.decoder.push(&piece[..count]);
        }
    }

    pub async fn next(&mut self) -> RelayToClient {
        self.try_next().await.expect("one more message")
    }

    pub async fn next_control(&mut self) -> RelayControl {
        match self.next().await {
            RelayToClient::Control(control) => control,
            other => panic!("expected a control message, got {other:?}"),
        }
    }

    /// The next control message; none if it is words that were kept.
    pub async fn next_control_or_kept(&mut self) -> Option<RelayControl> {
        match self.next().await {
            RelayToClient::Control(control) => Some(control),
            RelayToClient::Message { kept: true, .. } => None,
            other => panic!("expected a control message or kept words, got {other:?}"),
        }
    }

    pub async fn welcome(&mut self) -> Welcome {
        match self.next_control().await {
            RelayControl::Welcome { seat, token, pairing, next_sequence, returned, .. } => {
                Welcome { seat, token, pairing, next_sequence, returned }
            }
            other => panic!("expected a welcome, got {other:?}"),
        }
    }

    pub async fn peer(&mut self) -> (PeerState, u32) {
        match self.next_control().await {
            RelayControl::Peer { state, pairing, .. } => (state, pairing),
            other => panic!("expected news of the peer, got {other:?}"),
        }
    }

    pub async fn role(&mut self) -> Role {
        match self.next_control().await {
            RelayControl::Role { role, .. } => role,
            other => panic!("expected a role, got {other:?}"),
        }
    }

    pub async fn taken(&mut self, expected: u64) {
        assert_eq!(self.next_control().await, RelayControl::Taken { sequence: expected });
    }

    /// The next words: number, whether they were kept, text.
    pub async fn message(&mut self) -> (u64, bool, String) {
        match self.next().await {
            RelayToClient::Message { sequence, kept, body, .. } => {
                (sequence, kept, String::from_utf8(body.to_vec()).expect("text"))
            }
            other => panic!("expected a message, got {other:?}"),
        }
    }

    pub async fn error(&mut self) -> (ErrorCode, String) {
        match self.next_control().await {
            RelayControl::Error { code, text, .. } => (code, text),
            other => panic!("expected an error, got {other:?}"),
        }
    }

    pub async fn exit(&mut self) -> ExitReason {
        match self.next_control().await {
            RelayControl::Exit { reason } => reason,
            other => panic!("expected an exit, got {other:?}"),
        }
    }

    pub async fn pipe(&mut self) -> (u64, Token) {
        match self.next_control().await {
            RelayControl::Pipe { tag, token } => (tag, token),
            other => panic!("expected a pipe, got {other:?}"),
        }
    }

    /// The last words and then the end.
    pub async fn closed(&mut self) {
        assert_eq!(self.try_next().await, None);
    }

    /// Everything until the end, without looking at it.
    pub async fn rest(mut self) -> Vec<u8> {
        let mut bytes = self.decoder.into_rest().to_vec();
        soon(self.stream.read_to_end(&mut bytes)).await.expect("an orderly end");
        bytes
    }
}
