//! What a client that misbehaves gets: a typed error, and nobody else notices.

mod common;

use bytes::BytesMut;
use common::{Relay, soon};
use couplet::frame::{self, MAGIC};
use couplet::limits::MAX_OPAQUE;
use couplet::message::{
    ClientControl, ClientToRelay, ErrorCode, PeerState, RelayControl, Token, kind,
};
use std::time::Duration;

#[tokio::test]
async fn another_version_is_told_which_ones_there_are() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    client.raw(MAGIC).await;
    client.raw(&[99]).await;
    let (code, text) = client.error().await;
    assert_eq!(code, ErrorCode::Version);
    assert!(text.contains("99") && text.contains("[1]"), "{text}");
    client.closed().await;
}

#[tokio::test]
async fn other_protocols_get_one_plain_line() {
    let relay = Relay::start().await;
    let zeros = vec![0; 100_000];
    for bytes in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], b"\x16\x03\x01\x02\x00", &zeros] {
        let mut client = relay.connect().await;
        client.raw(bytes).await;
        let answer = String::from_utf8(client.rest().await).expect("text");
        assert!(answer.starts_with("this is a couplet relay;"), "{answer}");
        assert!(answer.ends_with("\r\n"));
    }
}

#[tokio::test]
async fn a_frame_that_lies_about_its_length_is_refused_at_once() {
    let relay = Relay::start().await;
    for lie in [[0xff, 0xff, 0xff, 0xff], [0, 0, 0, 0], [0, 2, 0, 0]] {
        let mut client = relay.connect().await;
        client.open().await;
        client.raw(&lie).await;
        assert_eq!(client.error().await.0, ErrorCode::Malformed);
        client.closed().await;
    }
}

#[tokio::test]
async fn frames_that_are_no_messages_are_refused() {
    let relay = Relay::start().await;
    let bodies: [(u8, &[u8]); 5] = [
        (kind::CONTROL, b"{"),
        (kind::CONTROL, b"{\"type\":\"dance\"}"),
        (kind::CONTROL, b"{\"type\":\"hello\",\"room\":\"../etc\"}"),
        (kind::SAY, b"abc"),
        (0x7f, b""),
    ];
    for (kind, body) in bodies {
        let mut client = relay.connect().await;
        client.open().await;
        let mut bytes = BytesMut::new();
        frame::encode(kind, &[body], &mut bytes);
        client.raw(&bytes).await;
        assert_eq!(client.error().await.0, ErrorCode::Malformed);
        client.closed().await;
    }
}

#[tokio::test]
async fn a_slow_handshake_is_cut() {
    let relay = Relay::with(|config| {
        config.timeouts.handshake = Duration::from_millis(150);
    })
    .await;
    for bytes in [&b""[..], b"coup", b"couplet\x01", b"couplet\x01\x00\x00\x00\x20\x01{"] {
        let mut client = relay.connect().await;
        client.raw(bytes).await;
        assert_eq!(client.error().await.0, ErrorCode::HandshakeTimeout);
        client.closed().await;
    }
}

#[tokio::test]
async fn an_opening_in_single_bytes_is_an_opening() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let mut bytes = BytesMut::from(&frame::opening()[..]);
    ClientToRelay::Control(ClientControl::hello(None, false, None)).encode(&mut bytes);
    for byte in &bytes {
        client.raw(&[*byte]).await;
    }
    client.welcome().await;
}

#[tokio::test]
async fn what_comes_first_must_be_a_hello_or_a_pipe() {
    let relay = Relay::start().await;
    for control in [ClientControl::Pass { turn: 0 }, ClientControl::Fin, ClientControl::Ping] {
        let mut client = relay.connect().await;
        client.open().await;
        client.control(control).await;
        assert_eq!(client.error().await.0, ErrorCode::Unexpected);
        client.closed().await;
    }
}

#[tokio::test]
async fn a_second_hello_costs_the_connection_and_only_that() {
    let relay = Relay::start().await;
    for again in [
        ClientControl::hello(None, false, None),
        ClientControl::OpenPipe { token: Token::from_bytes([7; 16]) },
    ] {
        let (mut one, mut two) = relay.pair(None).await;
        two.control(again).await;
        assert_eq!(two.error().await.0, ErrorCode::Unexpected);
        two.closed().await;
        assert_eq!(one.peer().await, (PeerState::Silent, 1));
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_one_at_the_limit_passes() {
    let relay = Relay::start().await;
    let (mut one, mut two) = relay.pair(None).await;
    let body = vec![b'x'; MAX_OPAQUE].into();
    one.send(ClientToRelay::Say { pairing: 1, sequence: 1, body }).await;
    assert_eq!(two.message().await.2.len(), MAX_OPAQUE);
    one.taken(1).await;
    one.role().await;
    let body = vec![b'x'; MAX_OPAQUE + 1].into();
    one.send(ClientToRelay::Signal { pairing: 1, body }).await;
    assert_eq!(one.error().await.0, ErrorCode::Malformed);
    one.closed().await;
}

#[tokio::test]
async fn too_many_clients_are_told_so_and_pipes_still_come_in() {
    let relay = Relay::with(|config| config.max_clients = 2).await;
    let (mut one, mut two) = relay.pair(None).await;
    let mut third = relay.connect().await;
    third.open().await;
    third.hello(None, None).await;
    let (code, text) = third.error().await;
    assert_eq!(code, ErrorCode::RelayFull);
    assert!(text.contains('2'), "{text}");
    third.closed().await;

    one.control(ClientControl::RequestPipe { tag: 1 }).await;
    for end in [&mut one, &mut two] {
        let (_, token) = end.pipe().await;
        end.token = Some(token);
    }
    let mut ends = [relay.connect().await, relay.connect().await];
    for (end, client) in ends.iter_mut().zip([&one, &two]) {
        end.open().await;
        end.control(ClientControl::OpenPipe { token: client.token.expect("a token") }).await;
    }
    for end in &mut ends {
        assert_eq!(end.next_control().await, RelayControl::Joined);
    }

    one.control(ClientControl::Fin).await;
    one.rest().await;
    let (_fourth, welcome) = relay.join(None).await;
    assert_eq!(welcome.pairing, 2);
    soon(async { drop(two) }).await;
}
