//! The end of a relay: everybody is told, and nobody can hold it up.

mod common;

use bytes::BytesMut;
use common::{Client, Relay, soon};
use couplet::message::{ClientToRelay, ExitReason};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

#[expect(clippy::disallowed_methods, reason = "a test measures real time")]
fn stopwatch() -> Instant {
    Instant::now()
}

#[tokio::test]
async fn everybody_is_told_exit_and_the_relay_ends() {
    let relay = Relay::start().await;
    let (mut one, mut two) = relay.pair(None).await;
    let (mut alone, _) = relay.join(Some("attic")).await;
    alone.peer().await;
    let mut unsaid = relay.connect().await;
    unsaid.open().await;
    // Whoever comes later has been accepted later: this one is known to be in by now.
    let (mut last, _) = relay.join(Some("cellar")).await;
    last.peer().await;
    let began = stopwatch();
    relay.begin_end();
    for client in [&mut one, &mut two, &mut alone, &mut last, &mut unsaid] {
        assert_eq!(client.exit().await, ExitReason::Shutdown);
        client.closed().await;
    }
    let address = relay.address;
    drop((one, two, alone, unsaid, last));
    relay.ended().await;
    assert!(began.elapsed() < Duration::from_secs(2), "took {:?}", began.elapsed());
    assert!(soon(TcpStream::connect(address)).await.is_err(), "nobody listens any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_cannot_hold_up_the_end() {
    let relay = Relay::start().await;
    let (mut one, _) = relay.join(Some("attic")).await;
    one.peer().await;
    let mut stuck = relay.connect_narrowly().await;
    stuck.open().await;
    stuck.hello(Some("attic"), None).await;
    one.peer().await;
    one.role().await;
    let mut bytes = BytesMut::new();
    ClientToRelay::Signal { pairing: 1, body: vec![9; 32 * 1024].into() }.encode(&mut bytes);
    while tokio::time::timeout(Duration::from_millis(200), one.stream.write_all(&bytes))
        .await
        .is_ok_and(|written| written.is_ok())
    {}
    let began = stopwatch();
    relay.begin_end();
    assert_eq!(one.exit().await, ExitReason::Shutdown);
    relay.ended().await;
    // The flush limit is 2 s, that of a client that is stuck 20 s; what is between them is this machine
    // being busy.
    assert!(began.elapsed() < Duration::from_secs(10), "took {:?}", began.elapsed());
    drop(stuck);
}

#[tokio::test]
async fn whoever_comes_while_the_relay_ends_gets_no_seat() {
    let relay = Relay::start().await;
    let stream = soon(TcpStream::connect(relay.address)).await.expect("a relay");
    let mut client = Client::over(stream);
    let (known, _) = relay.join(None).await;
    relay.begin_end();
    assert_eq!(client.exit().await, ExitReason::Shutdown);
    client.closed().await;
    drop((client, known));
    relay.ended().await;
}
