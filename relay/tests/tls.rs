//! TLS and plain connections on the one port.

mod common;

use common::tls::connector;
use common::{Client, Relay, soon};
use couplet::message::{ClientControl, ErrorCode, ExitReason, PeerState, RelayControl, Role, Seat};
use couplet_relay::counters::{Count, Counters};
use couplet_relay::tls::TlsIdentity;
use rustls::pki_types::ServerName;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

async fn relay() -> Relay {
    relay_with(|_| {}).await
}

async fn relay_with(change: impl FnOnce(&mut couplet_relay::config::Config)) -> Relay {
    Relay::with(|config| {
        config.tls = Some(TlsIdentity::for_this_run().expect("a certificate"));
        change(config);
    })
    .await
}

type TlsClient = Client<TlsStream<TcpStream>>;

async fn connect(relay: &Relay) -> TlsClient {
    let stream = soon(TcpStream::connect(relay.address)).await.expect("a relay");
    let name = ServerName::try_from("relay.example").expect("a name");
    Client::over_any(soon(connector().connect(name, stream)).await.expect("a handshake"))
}

/// The first flight of a TLS client.
fn client_hello() -> Vec<u8> {
    let name = ServerName::try_from("relay.example").expect("a name");
    let config = Arc::clone(connector().config());
    let mut client = rustls::ClientConnection::new(config, name).expect("a client");
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).expect("a hello");
    bytes
}

/// A plain client and a TLS client in one room; the plain one speaks first.
async fn mixed_pair(relay: &Relay) -> (Client, TlsClient) {
    let (mut plain, welcome) = relay.join(None).await;
    assert_eq!(welcome.seat, Seat::One);
    assert_eq!(plain.peer().await, (PeerState::Waiting, 0));
    let mut tls = connect(relay).await;
    tls.open().await;
    tls.hello(None, None).await;
    assert_eq!(tls.welcome().await.seat, Seat::Two);
    assert_eq!(tls.peer().await, (PeerState::Present, 1));
    assert_eq!(tls.role().await, Role::Rec);
    assert_eq!(plain.peer().await, (PeerState::Present, 1));
    assert_eq!(plain.role().await, Role::Emi);
    (plain, tls)
}

#[tokio::test]
async fn plain_and_tls_clients_talk_with_each_other_on_one_port() {
    let relay = relay().await;
    let (mut plain, mut tls) = mixed_pair(&relay).await;
    let long = "w".repeat(50_000);
    for turn in 1..=10 {
        let text = if turn % 2 == 0 { "short" } else { &long };
        plain.say(1, turn, text).await;
        assert_eq!(tls.message().await, (turn, false, text.to_owned()));
        assert_eq!(tls.role().await, Role::Emi);
        plain.taken(turn).await;
        assert_eq!(plain.role().await, Role::Rec);
        tls.say(1, turn, text).await;
        assert_eq!(plain.message().await, (turn, false, text.to_owned()));
        assert_eq!(plain.role().await, Role::Emi);
        tls.taken(turn).await;
        assert_eq!(tls.role().await, Role::Rec);
    }
    relay.begin_end();
    assert_eq!(tls.exit().await, ExitReason::Shutdown);
    tls.closed().await;
    drop((plain, tls));
    relay.ended().await;
}

#[tokio::test]
async fn a_pipe_goes_over_tls_too_and_its_half_close_is_passed_on() {
    let relay = relay().await;
    let (mut plain, mut tls) = mixed_pair(&relay).await;
    tls.control(ClientControl::RequestPipe { tag: 7 }).await;
    let ((_, token_tls), (_, token_plain)) = (tls.pipe().await, plain.pipe().await);
    let mut tls_end = connect(&relay).await;
    tls_end.open().await;
    tls_end.control(ClientControl::OpenPipe { token: token_tls }).await;
    let mut plain_end = relay.connect().await;
    plain_end.open().await;
    plain_end.control(ClientControl::OpenPipe { token: token_plain }).await;
    assert_eq!(tls_end.next_control().await, RelayControl::Joined);
    assert_eq!(plain_end.next_control().await, RelayControl::Joined);
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let there = async {
        tls_end.raw(&bytes).await;
        soon(tls_end.stream.shutdown()).await.expect("a half-close");
    };
    let mut got = Vec::new();
    let (read, ()) = tokio::join!(soon(plain_end.stream.read_to_end(&mut got)), there);
    read.expect("an orderly end");
    assert!(got == bytes, "{} bytes", got.len());
    let back = async {
        plain_end.raw(&bytes).await;
        soon(plain_end.stream.shutdown()).await.expect("a half-close");
    };
    let (rest, ()) = tokio::join!(tls_end.rest(), back);
    assert!(rest == bytes, "{} bytes", rest.len());
}

#[tokio::test]
async fn half_a_client_hello_is_closed_within_the_one_limit() {
    let counters = Arc::<Counters>::default();
    let relay = relay_with(|config| {
        config.timeouts.handshake = Duration::from_secs(4);
        config.counters = Arc::clone(&counters);
    })
    .await;
    let mut quiet = relay.connect().await;
    let hello = client_hello();
    quiet.raw(&hello[..hello.len() / 2]).await;
    let mut slow = relay.connect().await;
    slow.raw(&hello).await;
    // A handshake that is done doesn't give more time for the first message.
    let mut dumb = connect(&relay).await;
    assert_eq!(dumb.error().await.0, ErrorCode::HandshakeTimeout);
    dumb.closed().await;
    // What is read from `slow` is the relay's flight, which it has never answered.
    for client in [quiet, slow] {
        let mut client = client;
        let mut sink = Vec::new();
        // A reset is an end as well: bytes that the relay hasn't read may cause it.
        let _ = soon(client.stream.read_to_end(&mut sink)).await;
    }
    // Without a byte there is no telling, and the words are plain.
    let mut silent = relay.connect().await;
    assert_eq!(silent.error().await.0, ErrorCode::HandshakeTimeout);
    assert_eq!(counters.get(Count::RefusedTlsTimeout), 2);
    assert_eq!(counters.get(Count::RefusedHandshakeTimeout), 2);
}

#[tokio::test]
async fn a_silent_client_is_left_in_order() {
    let relay = relay_with(|config| config.timeouts.silence = Duration::from_millis(300)).await;
    let mut client = connect(&relay).await;
    client.open().await;
    client.hello(None, None).await;
    client.welcome().await;
    client.peer().await;
    client.closed().await;
}

#[tokio::test]
async fn garbage_after_the_first_byte_costs_its_own_connection_only() {
    let relay = relay().await;
    let (mut plain, mut tls) = mixed_pair(&relay).await;
    for garbage in
        [&[0x16, 0xff, 0xff, 0xff, 0xff, 0, 1, 2][..], &[0x16; 5000], b"\x16\x03\x01\0\0"]
    {
        let mut client = relay.connect().await;
        client.raw(garbage).await;
        client.stream.shutdown().await.expect("a half-close");
        let mut answer = Vec::new();
        let _ = soon(client.stream.read_to_end(&mut answer)).await;
        assert!(!answer.starts_with(b"this is"), "no plain words to a TLS client");
    }
    // Broken records inside a good connection.
    let (io, _) = connect(&relay).await.stream.into_inner();
    let mut broken = Client::over(io);
    broken.raw(&[0x17, 3, 3, 0, 20]).await;
    broken.raw(&[0; 20]).await;
    let mut sink = Vec::new();
    let _ = soon(broken.stream.read_to_end(&mut sink)).await;
    plain.say(1, 1, "still here").await;
    assert_eq!(tls.message().await.2, "still here");
}

#[tokio::test]
async fn a_client_without_tls_1_3_is_refused() {
    let relay = relay().await;
    // A ClientHello of TLS 1.2, as RFC 5246 writes it: no extensions at all.
    let mut hello = vec![1, 0, 0, 41, 3, 3];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x2f, 1, 0]);
    let mut record = vec![0x16, 3, 1, 0, 45];
    record.extend(hello);
    let mut client = relay.connect().await;
    client.raw(&record).await;
    client.stream.shutdown().await.expect("a half-close");
    let mut answer = Vec::new();
    soon(client.stream.read_to_end(&mut answer)).await.expect("an orderly end");
    // One fatal alert and nothing else.
    assert_eq!((answer.len(), answer[0], answer[5]), (7, 0x15, 2), "{answer:?}");
}

#[tokio::test]
async fn who_is_turned_away_is_told_so_over_tls() {
    let relay = relay_with(|config| config.max_clients = 1).await;
    let _first = relay.join(None).await;
    let mut second = connect(&relay).await;
    second.open().await;
    second.hello(None, None).await;
    assert_eq!(second.error().await.0, ErrorCode::RelayFull);
    second.closed().await;
}

#[tokio::test]
async fn a_relay_without_a_certificate_says_what_it_is() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    client.raw(&client_hello()).await;
    client.stream.shutdown().await.expect("a half-close");
    let answer = String::from_utf8(client.rest().await).expect("text");
    assert!(answer.starts_with("this is a couplet relay"), "{answer}");
}
