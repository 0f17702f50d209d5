//! Clients that say nothing: transfers that are lost, places that are given away.

use super::common::soon;
use super::door::Door;
use couplet_relay::counters::Count;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_client_loses_its_transfers_and_is_told_so() {
    let door = Door::with(|config| config.zmq_silence = Duration::from_secs(3)).await;
    door.run(
        r#"
one, two = Client(), Client()
one.ready("HELLO", "a")
one.ready(*chunk("a", 0, b"12"))
while True:
    answer = two.ask("HELLO", "a")
    if answer == ["READY"]:
        break
    expect(answer[1], "is being laid down")
    time.sleep(0.02)
text = one.error(*chunk("a", 2, b"34"))
expect(text, "no longer in transit", "nothing came for", "HELLO")
two.ready(*chunk("a", 0, b"two"))
two.ready("CLOSE", "a", 3)
"#,
    )
    .await;
    assert_eq!(door.files()["a"], b"two");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_greets_is_closed() {
    let door = Door::with(|config| config.timeouts.handshake = Duration::from_millis(300)).await;
    let mut stream = TcpStream::connect(door.address).await.expect("a relay");
    let mut greeting = Vec::new();
    soon(stream.read_to_end(&mut greeting)).await.expect("an orderly end");
    assert_eq!(greeting.len(), couplet::zmtp::GREETING_LEN, "its own greeting, and the end");
    door.is_empty().await;
    assert_eq!(door.counters.get(Count::RefusedHandshakeTimeout), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_finds_all_places_taken_waits_and_gets_one_that_is_left() {
    let door = Door::with(|config| config.max_zmq_clients = 1).await;
    door.run(
        r#"
one = Client()
one.ready("HELLO", "a")
two = Client()
two.send("HELLO", "b")
assert not two.socket.poll(300), "there is no place for two"
one.ready("CLOSE", "a", 0)
one.close()
assert two.answer() == ["READY"]
two.ready("CLOSE", "b", 0)
"#,
    )
    .await;
    assert_eq!(door.files().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_idles_with_nothing_in_transit_makes_room() {
    let door = Door::with(|config| {
        config.max_zmq_clients = 1;
        config.zmq_silence = Duration::from_millis(1500);
    })
    .await;
    door.run(
        r#"
one, two = Client(), Client()
one.ready("HELLO", "a")
one.ready("CLOSE", "a", 0)
two.ready("HELLO", "b")
two.ready("CLOSE", "b", 0)
one.ready("HELLO", "c")
"#,
    )
    .await;
}
