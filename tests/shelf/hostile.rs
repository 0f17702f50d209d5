//! Clients by hand that say what no client says, or stop in the middle.

use super::MIB;
use super::support::proc_status_kib;
use super::support::raw_shelf::RawShelf;
use super::support::shelf::{PASSWORD, ShelfPlace, told};
use couplet::shelf::message::steps::{LAST, STEPS};
use couplet_relay::config::Timing;
use couplet_relay::config::{Config, Timeouts};
use couplet_relay::server;
use couplet_relay::shelf::Shelf;
use serde_json::{Value, json};
use std::io::Write as _;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const METRICS: &[&str] = &["--metrics-listen", "127.0.0.1:0"];

fn get(name: &str) -> Value {
    json!({"type": "get", "name": name})
}

fn put(name: &str, size: u64) -> Value {
    json!({"type": "put", "offer": {"name": name, "form": "file", "size": size, "entries": 1}})
}

/// It still serves, and holds nothing for anybody.
fn is_well(place: &ShelfPlace) {
    for metric in ["couplet_shelf_clients", "couplet_shelf_claims", "couplet_connections"] {
        place.relay().has(metric, 0);
    }
    let mut raw = RawShelf::open(&place.address);
    assert_eq!(raw.word()["type"], "shelf");
}

#[test]
fn what_is_no_message_ends_the_connection_with_a_reason() {
    let place = ShelfPlace::new(METRICS);
    place.shelve("a", 10);
    let frame = |kind: u8, body: &[u8]| {
        let len = u32::try_from(body.len() + 1).expect("short").to_be_bytes();
        [&len[..], &[kind], body].concat()
    };
    let deep = format!(r#"{{"type":{}"#, "[".repeat(20_000));
    let garbage: Vec<(&str, Vec<u8>)> = vec![
        ("no frame", vec![0xff; 64]),
        ("a frame of no bytes", vec![0; 4]),
        ("a giant frame", [&(1_u32 << 31).to_be_bytes()[..], &[1]].concat()),
        ("no JSON", frame(1, b"\xff\xfe\x00")),
        ("no object", frame(1, b"[]")),
        ("no such message", frame(1, br#"{"type":"moon"}"#)),
        ("a name that leads outside", frame(1, br#"{"type":"get","name":"../../etc/passwd"}"#)),
        ("a hidden name", frame(1, br#"{"type":"delete","name":".couplet-1/x"}"#)),
        ("a name of the wrong kind", frame(1, br#"{"type":"get","name":5}"#)),
        ("JSON without an end", frame(1, deep.as_bytes())),
        ("no such kind", frame(0x7f, b"x")),
        ("steps out of place", frame(STEPS, b"")),
        ("the last steps out of place", frame(LAST, b"")),
    ];
    for (what, bytes) in garbage {
        let mut raw = RawShelf::let_in(&place.address);
        raw.bytes(&bytes);
        let text = raw.sent_away("malformed");
        assert!(!text.is_empty() && !text.contains('\n'), "{what}: {text:?}");
    }
    // Before anything is said, and in the middle of it.
    let mut raw = RawShelf::let_in(&place.address);
    raw.bytes(&[0, 0, 1]);
    drop(raw);
    is_well(&place);
    assert!(place.shelf().join("a").is_file());
}

#[test]
fn what_is_said_out_of_its_place_ends_the_connection() {
    let place = ShelfPlace::new(METRICS);
    place.shelve("a", 10);
    let accept = || json!({"type": "accept"});
    for said in [
        vec![accept()],
        vec![json!({"type": "decline"})],
        vec![get("a"), get("a")],
        vec![get("a"), json!({"type": "list"})],
        vec![get("a"), json!({"type": "login", "user": "x", "password": "x"})],
    ] {
        let mut raw = RawShelf::let_in(&place.address);
        for message in &said {
            raw.says(message);
        }
        if said.len() > 1 {
            assert_eq!(raw.word()["type"], "offered");
        }
        raw.sent_away("unexpected");
    }
    // What comes before the answer is answered after it, or is out of place; never mixed up.
    let mut raw = RawShelf::let_in(&place.address);
    raw.says(&json!({"type": "list"}));
    raw.says(&json!({"type": "list", "pattern": "nothing"}));
    assert_eq!(raw.word()["total_files"], 1);
    assert_eq!(raw.word()["total_files"], 0);
    drop(raw);
    is_well(&place);
}

#[test]
fn a_giant_frame_takes_no_memory() {
    let place = ShelfPlace::new(METRICS);
    let before = proc_status_kib(place.relay().pid(), "VmRSS");
    let mut many: Vec<_> = (0..50).map(|_| RawShelf::let_in(&place.address)).collect();
    for raw in &mut many {
        // As much as a frame of steps may have, and none of it comes.
        raw.bytes(&[&(1_000_000_u32).to_be_bytes()[..], &[STEPS]].concat());
    }
    place.relay().has("couplet_shelf_clients", 50);
    let after = proc_status_kib(place.relay().pid(), "VmRSS");
    assert!(after < before + 50 * 256, "{before} KiB, and then {after} KiB");
    drop(many);
    is_well(&place);
}

#[test]
fn nonsense_in_the_middle_of_a_put_frees_the_name() {
    let place = ShelfPlace::with_ann(METRICS);
    let middles: [(&str, u8, &[u8]); 5] = [
        ("a control message", 1, br#"{"type":"list"}"#),
        ("no such kind", 0x7f, b"x"),
        ("no steps", STEPS, &[0xff; 100]),
        ("an unfinished step", STEPS, &[1, 0, 0]),
        ("the end of it", LAST, b""),
    ];
    for (what, kind, body) in middles {
        let mut raw = RawShelf::logged_in(&place.address, "ann", PASSWORD);
        let begin = raw.asks(&put("own", 5000));
        assert_eq!(begin["type"], "begin", "{what}: {begin}");
        raw.frame(kind, body);
        drop(raw);
        is_well(&place);
        assert!(place.shelved().is_empty(), "{what}: {:?}", place.shelved());
    }
    for offer in [
        json!({"name": "own", "form": "stream", "entries": 1}),
        json!({"name": "own", "form": "folder", "size": 3, "entries": 1}),
    ] {
        let mut raw = RawShelf::logged_in(&place.address, "ann", PASSWORD);
        raw.says(&json!({"type": "put", "offer": offer}));
        raw.refused("bad_name");
    }
    let mut raw = RawShelf::logged_in(&place.address, "ann", PASSWORD);
    raw.says(&put(".hidden", 10));
    raw.refused("bad_name");
    raw.says(&put("../up", 10));
    raw.sent_away("malformed");
    place.own("own", 5000);
    let ended = place.ann_ran(&["put", "own", "--json"]).well();
    assert_eq!(told(&ended, "verified"), ["own"]);
}

/// A relay in this process, for which two seconds are a long time. It ends with the runtime.
async fn impatient(place: &ShelfPlace) -> String {
    let (pulse, long) = (Duration::from_millis(200), Duration::from_secs(2));
    let mut config = Config {
        data: Some(place.data()),
        shelf: Some(place.shelf()),
        timeouts: Timeouts {
            shelf: Timing { pulse, silence: long, stuck: long },
            ..Timeouts::default()
        },
        ..Config::default()
    };
    let shelf = Shelf::open(&config).expect("a directory");
    config.open_shelf(shelf);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(server::run(config, listener, CancellationToken::new()));
    address
}

/// Each of these waits for the relay to lose its patience.
#[tokio::test(flavor = "multi_thread")]
async fn who_stops_reading_or_goes_silent_is_closed_and_a_name_is_free_again() {
    let place = ShelfPlace::empty(&[]);
    place.account(&["add", "ann", "--rights", "get,put"]);
    place.shelve("big.bin", 64 << 20);
    let address = impatient(&place).await;
    let ann = move || RawShelf::logged_in(&address, "ann", PASSWORD);
    let begun = |mut raw: RawShelf| {
        assert_eq!(raw.asks(&get("big.bin"))["type"], "offered");
        raw.says(&json!({"type": "accept"}));
        raw
    };
    let all = tokio::task::spawn_blocking(move || {
        let (mut putting, mut other) = (ann(), ann());
        assert_eq!(putting.asks(&put("own", 5000))["type"], "begin");
        other.says(&put("own", 5000));
        other.refused("in_transit");
        // One that says nothing in a get, and reads all that comes.
        let mut silent = begun(ann());
        let mut came = 0;
        while let Some((_, body)) = silent.next() {
            came += body.len() as u64;
        }
        assert!(came < 64 * MIB, "all was sent to one who answers nothing");
        while putting.next().is_some() {}
        assert_eq!(other.asks(&put("own", 5000))["type"], "begin");
        // One that gives signs of life, and takes nothing.
        let mut stuck = begun(ann());
        let (held, pace) = std::sync::mpsc::channel::<()>();
        let mut signs = 0;
        while stuck.stream.write_all(&[0, 0, 0, 1, STEPS]).is_ok() {
            signs += 1;
            assert!(signs < 200, "it is never closed");
            let _ = pace.recv_timeout(Duration::from_millis(100));
        }
        drop(held);
        assert!(signs > 5, "it is closed at once");
    });
    all.await.expect("no panic");
}
