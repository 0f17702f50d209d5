//! The program with its options, and its memory under clients that want it all.

use super::common::process::Process;
use super::door::{finished, start};
use couplet::zmtp::frame_head;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;
use tokio::time::timeout;

fn shelf() -> (tempfile::TempDir, String) {
    let shelf = tempfile::tempdir().expect("a directory");
    let path = shelf.path().to_str().expect("text").to_owned();
    (shelf, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_option_opens_the_door_and_says_where() {
    let (shelf, path) = shelf();
    let relay = Process::start(&["--shelf", &path, "--zmq-listen", "tcp://127.0.0.1:0"]);
    let endpoint = relay.zmq.clone().expect("it says where");
    assert!(endpoint.starts_with("tcp://127.0.0.1:") && !endpoint.ends_with(":0"), "{endpoint}");
    let script = r#"
c = Client()
c.ready("HELLO", "a")
c.ready(*chunk("a", 0, b"bytes"))
c.ready("HELLO", "left")
c.ready(*chunk("left", 0, b"bytes"))
c.ready("CLOSE", "a", 5)
"#;
    finished(start(&endpoint, script)).await;
    assert_eq!(std::fs::read(shelf.path().join("a")).expect("it is there"), b"bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_relay_leaves_is_cleared_up_by_the_next() {
    let (shelf, path) = shelf();
    let options = ["--shelf", &path[..], "--zmq-listen", "tcp://127.0.0.1:0"];
    let relay = Process::start(&options);
    let endpoint = relay.zmq.clone().expect("it says where");
    let script = r#"
c = Client()
c.ready("HELLO", "a")
c.ready(*chunk("a", 0, b"x" * 100_000))
print("there", flush=True)
"#;
    let client = start(&endpoint, &format!("{script}\nc.socket.rcvtimeo = -1\nc.answer()"));
    let arrived = async {
        while names(&path).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), arrived).await.expect("a file begins to come");
    // It is killed.
    drop(relay);
    drop(client);
    assert_eq!(names(&path).len(), 1);
    let relay = Process::start(&options);
    let endpoint = relay.zmq.clone().expect("it says where");
    let script = script.replace("\"a\"", "\"b\"");
    finished(start(&endpoint, &format!("{script}\nc.ready('CLOSE', 'b', 100_000)"))).await;
    assert_eq!(names(&path), ["b"]);
    drop(shelf);
}

fn names(path: &str) -> Vec<String> {
    let entries = std::fs::read_dir(path).expect("a directory");
    entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect()
}

/// Clients that each leave a message of 2 MiB one byte short, in as many frames as they may.
#[test]
fn half_messages_of_all_clients_stay_within_the_bound() {
    const CLIENTS: usize = 48;
    let (_shelf, path) = shelf();
    let relay = Process::start(&[
        "--shelf",
        &path,
        "--zmq-listen",
        "tcp://127.0.0.1:0",
        "--max-zmq-clients",
        "48",
        "--max-clients",
        "16",
        "--max-pipes",
        "1",
        "--max-handshakes",
        "64",
        "--max-queued-bytes",
        "4M",
    ]);
    let before = relay.memory_kib("VmRSS");
    let address = relay.zmq.clone().expect("it says where");
    let address = address.strip_prefix("tcp://").expect("an endpoint");
    let mut opening = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1];
    opening.extend_from_slice(b"NULL");
    opening.resize(64, 0);
    opening.extend_from_slice(b"\x04\x1c\x05READY\x0bSocket-Type\0\0\0\x06DEALER");
    let large = vec![7; 2 << 20];
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let mut stream = TcpStream::connect(address).expect("a relay");
            stream.write_all(&opening).expect("it reads");
            let mut greeting = [0; 64];
            stream.read_exact(&mut greeting).expect("its greeting");
            stream.write_all(&frame_head(large.len(), false)).expect("it reads");
            stream.write_all(&large[1..]).expect("it reads");
            stream
        })
        .collect();
    // What is read to the last but one has been taken in: the one after it gets an answer.
    for mut stream in &clients {
        stream.write_all(&large[..1]).expect("it reads");
        stream.write_all(&frame_head(large.len(), false)).expect("it reads");
        stream.write_all(&large[1..]).expect("it reads");
        let mut answer = [0; 8];
        stream.read_exact(&mut answer).expect("an answer");
    }
    let most = relay.memory_kib("VmHWM");
    println!("{before} KiB before, {most} KiB at most with {CLIENTS} half messages of 2 MiB");
    assert!(most < relay.bound_mib * 1024, "{most} KiB, over {} MiB", relay.bound_mib);
    assert_eq!(relay.metrics()["couplet_zmq_clients"], CLIENTS as u64);
}
