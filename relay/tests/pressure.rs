//! A client that doesn't read holds up its own peer, for a while, and nobody else.
#![expect(clippy::wildcard_enum_match_arm, reason = "whatever a test does not expect is a failure")]

mod common;

use bytes::BytesMut;
use common::{Relay, soon};
use couplet::message::{ClientControl, ClientToRelay, PeerState, RelayControl, RelayToClient};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

fn signal(len: usize) -> BytesMut {
    let mut bytes = BytesMut::new();
    ClientToRelay::Signal { pairing: 1, body: vec![9; len].into() }.encode(&mut bytes);
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_never_reads_is_closed_and_its_peer_is_told() {
    let relay = Relay::with(|config| {
        config.timeouts.stuck = Duration::from_secs(5);
        config.timeouts.flush = Duration::from_millis(300);
    })
    .await;
    let (mut one, _) = relay.join(Some("attic")).await;
    assert_eq!(one.peer().await.0, PeerState::Waiting);
    let mut two = relay.connect_narrowly().await;
    two.open().await;
    two.hello(Some("attic"), None).await;
    assert_eq!(one.peer().await, (PeerState::Present, 1));
    one.role().await;

    // It floods until the relay takes nothing more, which it must at some point.
    let bytes = signal(32 * 1024);
    let mut sent = 0_usize;
    while tokio::time::timeout(Duration::from_millis(200), one.stream.write_all(&bytes))
        .await
        .is_ok_and(|written| written.is_ok())
    {
        sent += bytes.len();
        // The rest is in the socket buffers of both ends, which the kernel makes as it likes.
        assert!(sent < 64 << 20, "the relay has swallowed 64 MiB");
    }

    // Others don't notice.
    let (mut left, mut right) = relay.pair(None).await;
    for turn in 0..50 {
        left.say(1, turn + 1, "quick").await;
        right.message().await;
        right.role().await;
        right.control(ClientControl::Pass { turn: 2 * turn + 1 }).await;
        right.role().await;
        left.taken(turn + 1).await;
        left.role().await;
        left.role().await;
    }

    // A cut write may have left half a signal; the rest of the stream is only read from here on.
    assert_eq!(one.peer().await, (PeerState::Silent, 1));
    drop(two);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_client_gets_everything_in_order() {
    let relay = Relay::start().await;
    let (one, mut two) = relay.pair(None).await;
    let (_reading, mut writing) = one.stream.into_split();
    let count = 2_000_u32;
    let producer = tokio::spawn(async move {
        for number in 0..count {
            let mut body = vec![0; 8 * 1024];
            body[..4].copy_from_slice(&number.to_be_bytes());
            let mut bytes = BytesMut::new();
            ClientToRelay::Signal { pairing: 1, body: body.into() }.encode(&mut bytes);
            writing.write_all(&bytes).await.expect("the relay reads in time");
        }
        writing
    });
    // It takes 500 at a time, twenty times a second: slower than they come.
    let mut pace = tokio::time::interval(Duration::from_millis(50));
    for number in 0..count {
        if number % 500 == 0 {
            pace.tick().await;
        }
        match two.next().await {
            RelayToClient::Signal { body, .. } => assert_eq!(body[..4], number.to_be_bytes()),
            other => panic!("expected a signal, got {other:?}"),
        }
    }
    drop(soon(producer).await.expect("no fault"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_asks_without_reading_the_answers_only_stops_itself() {
    let relay = Relay::with(|config| {
        config.timeouts.stuck = Duration::from_millis(500);
        config.timeouts.flush = Duration::from_millis(200);
    })
    .await;
    let mut client = relay.connect_narrowly().await;
    client.open().await;
    client.hello(None, None).await;
    let mut pings = BytesMut::new();
    for _ in 0..1000 {
        ClientToRelay::Control(ClientControl::Ping).encode(&mut pings);
    }
    // The relay stops reading and then closes; a writer sees a full socket, and then an error.
    let flood = async {
        let mut sent = 0;
        while client.stream.write_all(&pings).await.is_ok() {
            sent += pings.len();
            assert!(sent < 512 << 20, "the relay has swallowed 512 MiB of pings");
        }
    };
    soon(flood).await;
    let (mut one, _two) = relay.pair(None).await;
    one.control(ClientControl::Ping).await;
    assert_eq!(one.next_control().await, RelayControl::Pong);
}
