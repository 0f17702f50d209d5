//! Pipes: two sockets joined, byte for byte, both ways.
#![expect(clippy::wildcard_enum_match_arm, reason = "whatever a test does not expect is a failure")]

mod common;

use bytes::BytesMut;
use common::{Client, Relay, soon};
use couplet::frame::opening;
use couplet::limits::MAX_PIPES_PER_ROOM;
use couplet::message::{ClientControl, ClientToRelay, ErrorCode, ExitReason, RelayControl, Token};
use couplet_relay::counters::Counters;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Both ends' tokens for a new pipe.
async fn tokens(one: &mut Client, two: &mut Client, tag: u64) -> (Token, Token) {
    one.control(ClientControl::RequestPipe { tag }).await;
    let (first, second) = (one.pipe().await, two.pipe().await);
    assert_eq!((first.0, second.0), (tag, tag));
    (first.1, second.1)
}

/// Opens one end, with `early` in the same write.
async fn open_end(relay: &Relay, token: Token, early: &[u8]) -> Client {
    let mut end = relay.connect().await;
    let mut bytes = BytesMut::from(&opening()[..]);
    ClientToRelay::Control(ClientControl::OpenPipe { token }).encode(&mut bytes);
    bytes.extend_from_slice(early);
    end.raw(&bytes).await;
    end
}

async fn joined(end: &mut Client) {
    assert_eq!(end.next_control().await, RelayControl::Joined);
}

#[tokio::test]
async fn bytes_go_both_ways_and_a_half_close_is_passed_on() {
    let relay = Relay::start().await;
    let (mut one, mut two) = relay.pair(None).await;
    let (a, b) = tokens(&mut one, &mut two, 7).await;
    let mut left = open_end(&relay, a, b"").await;
    let mut right = open_end(&relay, b, b"").await;
    joined(&mut left).await;
    joined(&mut right).await;
    left.raw(b"ready?").await;
    let mut six = [0; 6];
    soon(right.stream.read_exact(&mut six)).await.expect("bytes");
    assert_eq!(&six, b"ready?");
    soon(left.stream.shutdown()).await.expect("a half-close");
    assert_eq!(soon(right.stream.read(&mut six)).await.expect("an orderly end"), 0);
    right.raw(b"still open this way").await;
    soon(right.stream.shutdown()).await.expect("a half-close");
    assert_eq!(left.rest().await, b"still open this way");
    assert!(right.rest().await.is_empty());
}

#[tokio::test]
async fn what_is_sent_right_behind_the_token_arrives() {
    let relay = Relay::start().await;
    let (mut one, mut two) = relay.pair(None).await;
    // Less, and more, than what the relay reads ahead.
    for (tag, len) in [(1, 10), (2, 300_000)] {
        let (a, b) = tokens(&mut one, &mut two, tag).await;
        let there: Vec<u8> = (0..=250).cycle().take(len).collect();
        let opened = tokio::spawn({
            let early = there.clone();
            let address = relay.address;
            async move {
                let stream = tokio::net::TcpStream::connect(address).await.expect("a relay");
                let mut end = Client::over(stream);
                let mut bytes = BytesMut::from(&opening()[..]);
                ClientToRelay::Control(ClientControl::OpenPipe { token: a }).encode(&mut bytes);
                bytes.extend_from_slice(&early);
                end.raw(&bytes).await;
                soon(end.stream.shutdown()).await.expect("a half-close");
                end
            }
        });
        let mut right = open_end(&relay, b, b"and back").await;
        joined(&mut right).await;
        soon(right.stream.shutdown()).await.expect("a half-close");
        assert!(right.rest().await == there, "all bytes in order");
        let mut left = soon(opened).await.expect("no fault");
        joined(&mut left).await;
        assert_eq!(left.rest().await, b"and back");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_bytes_both_ways_at_once_are_the_same_bytes() {
    let relay = Relay::start().await;
    let (mut one, mut two) = relay.pair(None).await;
    let (a, b) = tokens(&mut one, &mut two, 1).await;
    let mut left = open_end(&relay, a, b"").await;
    let mut right = open_end(&relay, b, b"").await;
    joined(&mut left).await;
    joined(&mut right).await;
    let pump = |stream: tokio::net::TcpStream, seed: u8| async move {
        let (mut reading, mut writing) = stream.into_split();
        let sending = tokio::spawn(async move {
            let block: Vec<u8> = (0..=255).map(|byte: u8| byte.wrapping_add(seed)).collect();
            for _ in 0..(16 << 20) / 256 {
                writing.write_all(&block).await.expect("the pipe takes it");
            }
            writing.shutdown().await.expect("a half-close");
        });
        let mut got = Vec::new();
        soon(reading.read_to_end(&mut got)).await.expect("an orderly end");
        soon(sending).await.expect("no fault");
        got
    };
    let (from_right, from_left) = tokio::join!(pump(left.stream, 1), pump(right.stream, 2));
    for (got, seed) in [(from_right, 2_u8), (from_left, 1)] {
        assert_eq!(got.len(), 16 << 20);
        let right_bytes =
            (0..=255_u8).cycle().zip(&got).all(|(byte, got)| byte.wrapping_add(seed) == *got);
        assert!(right_bytes);
    }
}

#[tokio::test]
async fn a_token_lets_in_once_and_an_unknown_one_never() {
    let relay = Relay::start().await;
    let (mut one, mut two) = relay.pair(None).await;
    let mut stranger = open_end(&relay, Token::from_bytes([1; 16]), b"").await;
    assert_eq!(stranger.error().await.0, ErrorCode::UnknownPipe);
    stranger.closed().await;

    let (a, b) = tokens(&mut one, &mut two, 1).await;
    let mut left = open_end(&relay, a, b"").await;
    let mut right = open_end(&relay, b, b"").await;
    joined(&mut left).await;
    joined(&mut right).await;
    for token in [a, b] {
        let mut again = open_end(&relay, token, b"").await;
        assert_eq!(again.error().await.0, ErrorCode::UnknownPipe);
        again.closed().await;
    }
    left.raw(b"x").await;
    let mut byte = [0];
    soon(right.stream.read_exact(&mut byte)).await.expect("the pipe is unharmed");
}

/// Two joined ends of a new pipe.
async fn pipe(relay: &Relay, one: &mut Client, two: &mut Client, tag: u64) -> (Client, Client) {
    let (a, b) = tokens(one, two, tag).await;
    let mut left = open_end(relay, a, b"").await;
    let mut right = open_end(relay, b, b"").await;
    joined(&mut left).await;
    joined(&mut right).await;
    (left, right)
}

#[tokio::test]
async fn of_two_that_come_with_one_token_one_is_refused_and_they_never_meet() {
    let relay = Relay::start().await;
    let (mut one, mut two) = relay.pair(None).await;
    let (a, b) = tokens(&mut one, &mut two, 1).await;
    let mut ends = [open_end(&relay, a, b"").await, open_end(&relay, a, b"").await];
    let [left, right] = &mut ends;
    // Whichever the relay heard second.
    let refused = tokio::select! {
        (code, _) = left.error() => (code, 0),
        (code, _) = right.error() => (code, 1),
    };
    assert_eq!(refused.0, ErrorCode::UnknownPipe);
    ends[refused.1].closed().await;
    let mut other = open_end(&relay, b, b"").await;
    joined(&mut other).await;
    joined(&mut ends[1 - refused.1]).await;
}

#[tokio::test]
async fn a_try_that_breaks_off_is_a_try_too() {
    let counters = Arc::<Counters>::default();
    let relay = Relay::with(|config| config.counters = Arc::clone(&counters)).await;
    let (mut one, mut two) = relay.pair(None).await;
    let (a, b) = tokens(&mut one, &mut two, 1).await;
    let first = open_end(&relay, a, b"").await;
    // Closed with a reset, as when a program is killed: no half-close. The relay counts it.
    first.stream.set_zero_linger().expect("a socket");
    drop(first);
    soon(async {
        while counters.pipes_refused() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut again = open_end(&relay, a, b"").await;
    assert_eq!(again.error().await.0, ErrorCode::UnknownPipe);
    // The pipe can't come about any more, and its other end hears so at once.
    let mut other = open_end(&relay, b, b"").await;
    assert_eq!(other.error().await.0, ErrorCode::PipeTimeout);
    other.closed().await;
}

#[tokio::test]
async fn a_token_that_comes_late_is_refused() {
    let limit = Duration::from_secs(3);
    let relay = Relay::with(|config| config.timeouts.pipe = limit).await;
    let (mut one, mut two) = relay.pair(None).await;
    let (a, b) = tokens(&mut one, &mut two, 1).await;
    // What this end is told says that the time of both tokens is over.
    let mut early = open_end(&relay, a, b"").await;
    assert_eq!(early.error().await.0, ErrorCode::PipeTimeout);
    for token in [b, a] {
        let mut late = open_end(&relay, token, b"").await;
        assert_eq!(late.error().await.0, ErrorCode::UnknownPipe);
        late.closed().await;
    }
}

#[tokio::test]
async fn a_pipe_that_stands_still_for_too_long_is_cut() {
    let relay = Relay::with(|config| {
        config.pipe_idle = Duration::from_secs(4);
        config.max_pipes = 1;
    })
    .await;
    let (mut one, mut two) = relay.pair(None).await;
    let (mut left, right) = pipe(&relay, &mut one, &mut two, 1).await;
    left.raw(b"the last for now").await;
    assert_eq!(right.rest().await, b"the last for now");
    assert!(left.rest().await.is_empty());
    // Soon it isn't counted any more.
    soon(async {
        loop {
            one.control(ClientControl::RequestPipe { tag: 2 }).await;
            if matches!(one.next_control().await, RelayControl::Pipe { .. }) {
                break;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_pipe_takes_so_many_bytes_both_ways_together_and_no_more() {
    let relay = Relay::with(|config| config.max_pipe_bytes = Some(1000)).await;
    let (mut one, mut two) = relay.pair(None).await;
    let (mut left, mut right) = pipe(&relay, &mut one, &mut two, 1).await;
    left.raw(&[1; 600]).await;
    soon(right.stream.read_exact(&mut [0; 600])).await.expect("bytes");
    right.raw(&[2; 400]).await;
    soon(left.stream.read_exact(&mut [0; 400])).await.expect("bytes");
    right.raw(b"x").await;
    assert!(left.rest().await.is_empty(), "what is over the quota doesn't arrive");
    assert!(right.rest().await.is_empty());
    // Early bytes count as well, and the next pipe has a quota of its own.
    let (a, b) = tokens(&mut one, &mut two, 2).await;
    let mut left = open_end(&relay, a, &[1; 600]).await;
    let mut right = open_end(&relay, b, &[2; 400]).await;
    joined(&mut left).await;
    joined(&mut right).await;
    soon(left.stream.shutdown()).await.expect("a half-close");
    soon(right.stream.shutdown()).await.expect("a half-close");
    assert_eq!((left.rest().await.len(), right.rest().await.len()), (400, 600));
}

#[tokio::test]
async fn what_goes_through_pipes_is_counted() {
    let counters = Arc::<Counters>::default();
    let relay = Relay::with(|config| {
        config.counters = Arc::clone(&counters);
        config.max_pipes = 1;
    })
    .await;
    let (mut one, mut two) = relay.pair(None).await;
    let (mut left, mut right) = pipe(&relay, &mut one, &mut two, 1).await;
    one.control(ClientControl::RequestPipe { tag: 2 }).await;
    let (code, text) = one.error().await;
    assert_eq!(code, ErrorCode::TooManyPipes);
    assert!(text.contains("as many pipes as it may (1)"), "{text}");
    let mut stranger = open_end(&relay, Token::from_bytes([1; 16]), b"").await;
    assert_eq!(stranger.error().await.0, ErrorCode::UnknownPipe);
    left.raw(&vec![1; 70_000]).await;
    soon(right.stream.read_exact(&mut vec![0; 70_000])).await.expect("bytes");
    right.raw(&[2; 5]).await;
    soon(left.stream.read_exact(&mut [0; 5])).await.expect("bytes");
    assert_eq!(counters.pipe_bytes(), 70_005);
    assert_eq!((counters.pipes_joined(), counters.pipes_refused()), (1, 2));
}

#[tokio::test]
async fn an_end_that_waits_alone_is_told() {
    let relay = Relay::with(|config| config.timeouts.pipe = Duration::from_secs(3)).await;
    let (mut one, mut two) = relay.pair(None).await;
    let (a, b) = tokens(&mut one, &mut two, 1).await;
    let mut left = open_end(&relay, a, b"early").await;
    assert_eq!(left.error().await.0, ErrorCode::PipeTimeout);
    left.closed().await;
    let mut right = open_end(&relay, b, b"").await;
    assert_eq!(right.error().await.0, ErrorCode::UnknownPipe);
    right.closed().await;
}

#[tokio::test]
async fn a_room_has_so_many_pipes_and_no_more() {
    let relay = Relay::with(|config| config.timeouts.pipe = Duration::from_secs(3)).await;
    let (mut one, mut two) = relay.pair(None).await;
    let (mut other, mut peer) = relay.pair(None).await;
    for tag in 0..MAX_PIPES_PER_ROOM as u64 {
        tokens(&mut one, &mut two, tag).await;
    }
    one.control(ClientControl::RequestPipe { tag: 99 }).await;
    assert_eq!(one.error().await.0, ErrorCode::TooManyPipes);
    tokens(&mut other, &mut peer, 1).await;
    // Those that nobody came for make room again.
    soon(async {
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        loop {
            pace.tick().await;
            one.control(ClientControl::RequestPipe { tag: 100 }).await;
            match one.next_control().await {
                RelayControl::Pipe { .. } => break,
                RelayControl::Error { code, .. } => assert_eq!(code, ErrorCode::TooManyPipes),
                other => panic!("expected a pipe, got {other:?}"),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_pipe_that_ends_makes_room_and_one_outlives_its_room() {
    let relay = Relay::with(|config| config.max_pipes = 1).await;
    let (mut one, mut two) = relay.pair(None).await;
    let (a, b) = tokens(&mut one, &mut two, 1).await;
    let mut left = open_end(&relay, a, b"").await;
    let mut right = open_end(&relay, b, b"").await;
    joined(&mut left).await;
    joined(&mut right).await;
    one.control(ClientControl::RequestPipe { tag: 2 }).await;
    assert_eq!(one.error().await.0, ErrorCode::TooManyPipes);
    for client in [&mut one, &mut two] {
        client.control(ClientControl::Fin).await;
    }
    left.raw(b"last").await;
    let mut four = [0; 4];
    soon(right.stream.read_exact(&mut four)).await.expect("the pipe goes on");
    drop((left, right));
    let (mut one, _two) = relay.pair(None).await;
    soon(async {
        loop {
            one.control(ClientControl::RequestPipe { tag: 3 }).await;
            if matches!(one.next_control().await, RelayControl::Pipe { .. }) {
                break;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_end_of_the_relay_ends_pipes_too() {
    let relay = Relay::with(|config| config.timeouts.flush = Duration::from_millis(500)).await;
    let (mut one, mut two) = relay.pair(None).await;
    let (a, b) = tokens(&mut one, &mut two, 1).await;
    let (lonely, _) = tokens(&mut one, &mut two, 2).await;
    let mut left = open_end(&relay, a, b"").await;
    let mut right = open_end(&relay, b, b"").await;
    joined(&mut left).await;
    joined(&mut right).await;
    let mut waiting = open_end(&relay, lonely, b"").await;
    // Its token is used up once it waits.
    soon(async {
        loop {
            let mut again = open_end(&relay, lonely, b"").await;
            if again.error().await.0 == ErrorCode::UnknownPipe {
                break;
            }
        }
    })
    .await;
    relay.begin_end();
    assert_eq!(waiting.exit().await, ExitReason::Shutdown);
    left.closed().await;
    right.closed().await;
    drop((waiting, one, two));
    relay.ended().await;
}
