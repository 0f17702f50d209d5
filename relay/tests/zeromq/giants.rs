//! Messages that are too much, and what isn't ZeroMQ at all.

use super::common::soon;
use super::door::Door;
use couplet::zmtp::{Connection, Incoming};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn giants_are_refused_and_the_client_goes_on() {
    let door = Door::open().await;
    door.run(
        r#"
c = Client()
c.ready("HELLO", "a")
expect(c.error(*chunk("a", 0, b"x" * (2 * 1024 * 1024 + 1))), "2097153 bytes", "2097152")
expect(c.error(*chunk("a", 0, b"x" * 30_000_000)), "30000000 bytes", "2097152")
expect(c.error("CHUNK", b"n" * 100_000, 0, 1, "00000000", b"x" * (2 * 1024 * 1024)), "in all")
expect(c.error(*["HELLO"] * 17), "16 frames")
expect(c.error(*["HELLO"] * 400), "16 frames")
expect(c.error("CHUNK", b"n" * 1_000_000, 0, 1, "00000000", b"x"), "1000000 bytes")
c.ready(*chunk("a", 0, b"x" * (2 * 1024 * 1024)))
c.ready("CLOSE", "a", 2 * 1024 * 1024)
"#,
    )
    .await;
    assert_eq!(door.files()["a"].len(), 2 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_of_too_many_frames_aborts_like_any_other() {
    let door = Door::open().await;
    door.run(
        r#"
c = Client()
c.ready("HELLO", "a")
expect(c.error("CLOSE", "a", *["0"] * 20), "16 frames")
expect(c.error("CLOSE", "a", 0), "no longer in transit", "16 frames")
"#,
    )
    .await;
}

/// A client by hand, so that it can announce what it doesn't have.
#[tokio::test(flavor = "multi_thread")]
async fn a_terabyte_that_is_announced_is_refused_with_words() {
    let door = Door::open().await;
    let mut stream = TcpStream::connect(door.address).await.expect("a relay");
    let mut dealer = Connection::dealer(b"");
    let mut announced = false;
    let mut told = None;
    let mut buffer = [0; 4096];
    loop {
        let out = dealer.take_output();
        stream.write_all(&out).await.expect("it reads");
        let count = soon(stream.read(&mut buffer)).await.expect("an orderly end");
        if count == 0 {
            break;
        }
        dealer.handle_bytes(&buffer[..count]);
        while let Some(incoming) = dealer.poll_incoming().expect("it speaks ZMTP") {
            match incoming {
                Incoming::Ready(_) => {
                    let mut giant = dealer.take_output().to_vec();
                    giant.push(2);
                    giant.extend_from_slice(&(1_u64 << 40).to_be_bytes());
                    giant.extend_from_slice(&[7; 10_000]);
                    stream.write_all(&giant).await.expect("it reads");
                    announced = true;
                }
                Incoming::Message(frames) => told = Some(frames),
                Incoming::Refused { why, .. } => panic!("{why}"),
            }
        }
    }
    assert!(announced);
    let told = told.expect("words before the end");
    assert_eq!(&told[0][..], b"ERROR");
    let text = String::from_utf8_lossy(&told[1]);
    assert!(text.contains("1099511627776 bytes, expected at most 2097152"), "{text}");
    door.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_zeromq_is_closed_at_once() {
    let door = Door::open().await;
    for words in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"couplet\x01", &[0xff; 200]] {
        let mut stream = TcpStream::connect(door.address).await.expect("a relay");
        stream.write_all(words).await.expect("it reads");
        let mut rest = Vec::new();
        soon(stream.read_to_end(&mut rest)).await.expect("an orderly end");
    }
    door.is_empty().await;
    door.run(r#"Client().ready("HELLO", "a")"#).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_sockets_are_refused_and_heartbeats_are_answered() {
    let door = Door::open().await;
    door.run(
        r#"
from zmq.utils.monitor import recv_monitor_message
other = CONTEXT.socket(zmq.PUSH)
other.linger = 0
monitor = other.get_monitor_socket()
other.connect(ENDPOINT)
while recv_monitor_message(monitor)["event"] != zmq.EVENT_DISCONNECTED:
    pass
other.disable_monitor()
other.close()

c = Client()
c.close()
c = CONTEXT.socket(zmq.DEALER)
c.linger = 0
c.heartbeat_ivl, c.heartbeat_timeout, c.heartbeat_ttl = 50, 20_000, 20_000
monitor = c.get_monitor_socket()
c.connect(ENDPOINT)
c.rcvtimeo = 20_000
for n in range(10):
    assert not c.poll(60)
    c.send_multipart([b"HELLO", b"n%d" % n])
    assert c.recv_multipart() == [b"READY"], n
events = []
while monitor.poll(0):
    events.append(recv_monitor_message(monitor)["event"])
assert zmq.EVENT_DISCONNECTED not in events, events
"#,
    )
    .await;
}
