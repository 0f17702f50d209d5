//! The limits of one client's speed, of an address's bytes, and of the memory of all queues.
#![expect(clippy::wildcard_enum_match_arm, reason = "whatever a test does not expect is a failure")]

mod common;

use bytes::BytesMut;
use common::{Client, Relay, soon};
use couplet::message::{
    ClientControl, ClientToRelay, ErrorCode, RelayControl, RelayToClient, Role,
};
use couplet_relay::counters::{Count, Counters};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

fn signals(count: u32, len: usize) -> BytesMut {
    let mut bytes = BytesMut::new();
    for number in 0..count {
        let mut body = vec![9; len];
        body[..4].copy_from_slice(&number.to_be_bytes());
        ClientToRelay::Signal { pairing: 1, body: body.into() }.encode(&mut bytes);
    }
    bytes
}

async fn hears_signals(client: &mut Client, count: u32) {
    for number in 0..count {
        match client.next().await {
            RelayToClient::Signal { body, .. } => assert_eq!(body[..4], number.to_be_bytes()),
            other => panic!("expected signal {number}, got {other:?}"),
        }
    }
}

/// Whoever sends too fast is told once, and everything arrives in order.
async fn is_slowed(relay: &Relay, count: u32, len: usize, notice: &str) {
    let (mut one, mut two) = relay.pair(None).await;
    one.raw(&signals(count, len)).await;
    hears_signals(&mut two, count).await;
    one.control(ClientControl::Ping).await;
    let mut told = 0;
    loop {
        match one.next_control().await {
            RelayControl::Notice { text } => {
                assert!(text.contains(notice) && text.contains("nothing is lost"), "{text}");
                told += 1;
            }
            RelayControl::Pong => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(told, 1);
}

#[tokio::test]
async fn frames_bytes_and_signals_beyond_the_limits_are_read_more_slowly_and_none_is_lost() {
    type Change = fn(&mut couplet_relay::config::Config);
    let cases: [(Change, u32, usize, &str, Count); 3] = [
        (|config| config.max_frames_per_second = 100, 450, 10, "messages", Count::ThrottledFrames),
        (|config| config.max_bytes_per_second = 65_536, 16, 30_000, "bytes", Count::ThrottledBytes),
        (|config| config.max_signals_per_turn = 20, 30, 10, "signals", Count::ThrottledSignals),
    ];
    for (change, count, len, notice, counted) in cases {
        let counters = Arc::<Counters>::default();
        let relay = Relay::with(|config| {
            change(config);
            config.counters = Arc::clone(&counters);
        })
        .await;
        is_slowed(&relay, count, len, notice).await;
        assert!(counters.get(counted) > 0, "{notice}");
        assert_eq!(counters.get(Count::Signals), u64::from(count));
        assert_eq!(counters.sum("couplet_throttled_total"), counters.get(counted), "{notice}");
    }
}

#[tokio::test]
async fn signals_are_counted_anew_when_the_turn_changes() {
    let counters = Arc::<Counters>::default();
    let relay = Relay::with(|config| {
        config.max_signals_per_turn = 20;
        config.counters = Arc::clone(&counters);
    })
    .await;
    let (mut one, mut two) = relay.pair(None).await;
    for turn in 0..10 {
        one.raw(&signals(20, 10)).await;
        hears_signals(&mut two, 20).await;
        let (speaker, hearer) =
            if turn % 2 == 0 { (&mut one, &mut two) } else { (&mut two, &mut one) };
        speaker.control(ClientControl::Pass { turn }).await;
        assert_eq!((speaker.role().await, hearer.role().await), (Role::Rec, Role::Emi));
    }
    assert_eq!(counters.get(Count::ThrottledSignals), 0);
}

/// With less memory than the deaf would fill, they are closed early, and a pair beside them never
/// waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_memory_is_short_the_deaf_are_closed_and_a_pair_goes_on_talking() {
    const LIMIT: u64 = 4 << 20;
    let counters = Arc::<Counters>::default();
    let relay = Relay::with(|config| {
        config.max_queued_bytes = LIMIT;
        config.counters = Arc::clone(&counters);
        config.timeouts.flush = Duration::from_millis(200);
    })
    .await;
    let (mut left, mut right) = relay.pair(Some("well-behaved")).await;
    let mut floods = tokio::task::JoinSet::new();
    let bytes = signals(1, 60_000);
    for room in 0..60 {
        let room = format!("deaf-{room}");
        for _ in 0..2 {
            let mut client = relay.connect_narrowly().await;
            client.open().await;
            client.hello(Some(&room), None).await;
            client.welcome().await;
            let bytes = bytes.clone();
            // It ends when the relay closes the connection, over which it has read nothing.
            floods.spawn(async move { while client.stream.write_all(&bytes).await.is_ok() {} });
        }
    }
    let mut most = 0;
    for number in 1.. {
        soon(async {
            left.say(1, number, "still there?").await;
            assert_eq!(right.message().await.0, number);
            right.role().await;
            right.control(ClientControl::Pass { turn: 2 * number - 1 }).await;
            right.role().await;
            left.taken(number).await;
            left.role().await;
            left.role().await;
        })
        .await;
        most = most.max(counters.get(Count::QueuedBytes));
        if counters.sum("couplet_cut_total") >= 20 {
            break;
        }
    }
    assert!(counters.get(Count::CutShort) > 0, "{}", counters.line());
    // Beyond it at most what one read brings, on each thread.
    assert!((LIMIT / 2..LIMIT + (1 << 20)).contains(&most), "{most} bytes were queued");
    floods.shutdown().await;
}

#[tokio::test]
async fn the_first_frame_may_not_be_long_but_what_follows_it_may() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    client.open().await;
    client.raw(&[0, 0, 0x20, 0x02]).await;
    assert_eq!(client.error().await.0, ErrorCode::Malformed);
    client.closed().await;

    // A hello and a long frame behind it in one piece.
    let (mut one, _) = relay.join(Some("attic")).await;
    one.peer().await;
    let mut two = relay.connect().await;
    let mut bytes = BytesMut::from(&couplet::frame::opening()[..]);
    let room = couplet::message::RoomName::new("attic").expect("well-formed");
    ClientToRelay::Control(ClientControl::hello(Some(room), false, None)).encode(&mut bytes);
    bytes.extend_from_slice(&signals(1, 60_000));
    two.raw(&bytes).await;
    one.peer().await;
    one.role().await;
    hears_signals(&mut one, 1).await;
}
