//! Each exit status, produced by what it is for.

use super::support::middle::{Deed, Middle};
use super::support::one_shot::OneShot;
use super::support::raw::{Answered, RawPeer};
use super::support::relay::Relay;
use super::{CODE, Place};
use couplet_ui::config::exit;
use rustix::process::Signal;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;

/// The statuses that a test in here, or in the file that is named, produces.
const PRODUCED: &[(u8, &str)] = &[
    (exit::OK, "passing.rs"),
    (exit::FAILURE, "here"),
    (exit::USAGE, "here"),
    (exit::NO_RELAY, "here"),
    (exit::REFUSED, "here"),
    (exit::PROTOCOL, "here"),
    (exit::NO_TERMINAL, "tests/linear.rs"),
    (exit::WRONG_CODE, "here"),
    (exit::DISTRUSTED, "here"),
    (exit::NO_PEER, "here"),
    (exit::DECLINED, "here, terminals.rs"),
    (exit::CANCELLED, "cuts.rs"),
    (exit::UNREADABLE, "here"),
    (exit::UNWRITABLE, "here"),
    (exit::CHANGED, "cuts.rs"),
    (exit::DAMAGED, "here"),
    (exit::LEFT_OUT, "here"),
    (exit::MISSING, "tests/shelf/getting.rs"),
    (exit::TAKEN, "tests/shelf/getting.rs"),
    (exit::LOGIN, "tests/shelf/accounts.rs"),
    (exit::HANGUP, "here"),
    (exit::INTERRUPTED, "cuts.rs"),
    (exit::TERMINATED, "here"),
];

#[test]
fn each_status_is_produced() {
    let listed: BTreeSet<_> = exit::ALL.iter().map(|(status, _)| *status).collect();
    let produced: BTreeSet<_> = PRODUCED.iter().map(|(status, _)| *status).collect();
    assert_eq!(listed, produced);
}

/// A port on which nothing listens: it was free a moment ago, and nobody else here asks for one of this
/// address.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.2:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

fn ends(dir: &Path, relay: &str, args: &[&str], status: u8, with: &str) {
    let ended = OneShot::start(dir, relay, args).ends().with(status.into());
    assert!(
        ended.err.starts_with("couplet: ") || ended.err.contains("\ncouplet: "),
        "{}",
        ended.err
    );
    assert!(ended.err.contains(with), "{}", ended.err);
}

#[test]
fn without_a_relay() {
    let dir = tempfile::tempdir().expect("a directory");
    let (dir, nobody) = (dir.path(), nobody());
    ends(dir, &nobody, &["send", "x", "--code", "7-oter-lamp"], exit::USAGE, "did you mean otter");
    ends(dir, &nobody, &["send", "-", "x"], exit::USAGE, "sent alone");
    ends(dir, &nobody, &["receive", CODE, "--quiet"], exit::NO_RELAY, "no relay answers");
    ends(dir, &nobody, &["chat"], exit::NO_RELAY, "relay");
    ends(dir, &nobody, &["partials", "remove", "none"], exit::FAILURE, "no part");
    let status = OneShot::start(dir, &nobody, &["send"]).ends().status;
    assert_eq!(status, i32::from(exit::USAGE));
}

#[test]
fn something_else_listens_there() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let web = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut hello = [0; 8];
        stream.read_exact(&mut hello).expect("its opening");
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").expect("written");
    });
    let dir = tempfile::tempdir().expect("a directory");
    ends(dir.path(), &address, &["receive", CODE], exit::PROTOCOL, "isn't a couplet relay");
    web.join().expect("no panic");
}

#[test]
fn both_seats_are_taken() {
    let place = Place::new();
    let waiting =
        [place.bob(&["receive", CODE, "--json"]), place.bob(&["receive", CODE, "--json"])];
    for one in &waiting {
        one.event("met");
    }
    let args = ["receive", CODE, "--timeout", "4"];
    ends(place.ann.path(), &place.relay.address, &args, exit::REFUSED, "trying again");
}

#[test]
fn another_code() {
    let place = Place::new();
    let bob = place.bob(&["receive", CODE, "--json"]);
    bob.event("waiting");
    let args = ["receive", "7-otter-reef"];
    ends(place.ann.path(), &place.relay.address, &args, exit::WRONG_CODE, "code");
    // The one who was there first hears of it, and waits on.
    bob.event("trouble");
    place.file("photo.png", 10);
    place.ann(&["send", "photo.png", "--code", CODE]).ends().well();
    bob.ends().well();
}

#[test]
fn another_certificate_than_before() {
    let place = Place::new();
    let (dir, address) = (place.bob.path(), place.relay.address.clone());
    let args = ["receive", CODE, "--tls", "always"];
    let bob = place.bob(&args);
    bob.says("first time");
    bob.signal(Signal::TERM);
    bob.ends().with(exit::TERMINATED.into());
    place.relay.interrupt();
    place.relay.wait();
    let _relay = Relay::start_at(&address, &[]);
    ends(dir, &address, &args, exit::DISTRUSTED, "another certificate");
}

#[test]
fn nobody_comes_in_time() {
    let place = Place::new();
    let args = ["receive", CODE, "--timeout", "0.2", "--json"];
    let ended = place.bob(&args).ends().with(exit::NO_PEER.into());
    assert!(ended.event("ended")["reason"].as_str().expect("why").contains("within 0.2 s"));
}

#[test]
fn nothing_to_send() {
    let place = Place::new();
    let bob = place.bob(&["receive", CODE, "--json"]);
    bob.event("waiting");
    let (dir, relay) = (place.ann.path(), &place.relay.address);
    let args = ["send", "missing.txt", "--code", CODE];
    ends(dir, relay, &args, exit::UNREADABLE, "no file or folder missing.txt");
    // Before a code is made of which somebody could be told.
    let said = OneShot::start(dir, relay, &["send", "missing.txt"]).ends();
    assert!(said.status == i32::from(exit::UNREADABLE) && !said.err.contains("code:"), "{said:?}");
    // Whoever waited hears nothing of it.
    place.file("photo.png", 10);
    place.ann(&["send", "photo.png", "--code", CODE]).ends().well();
    bob.ends().well();
}

#[test]
fn nowhere_to_write() {
    let place = Place::new();
    fs::write(place.bob.path().join("file"), "").expect("written");
    let (dir, relay) = (place.bob.path(), &place.relay.address);
    ends(dir, relay, &["receive", CODE, "--to", "file"], exit::UNWRITABLE, "no directory");

    fs::create_dir(place.ann.path().join("site")).expect("made");
    let ann = place.ann(&["send", "site", "--code", CODE]);
    ends(dir, relay, &["receive", CODE, "--to", "-"], exit::UNWRITABLE, "--to DIR");
    ann.ends().with(exit::DECLINED.into());
}

#[test]
fn nobody_reads_the_output() {
    let place = Place::new();
    place.file("photo.png", 3 << 20);
    let ann = place.ann(&["send", "photo.png", "--code", CODE, "--json"]);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let args = ["receive", CODE, "--to", "-"];
    let bob = OneShot::start_with(place.bob.path(), &place.relay.address, &args, |command| {
        command.stdout(writer);
    });
    let bob = bob.ends().with(exit::UNWRITABLE.into());
    assert!(bob.err.contains("reading the output has stopped"), "{}", bob.err);
    let ann = ann.ends().with(exit::UNWRITABLE.into());
    assert_eq!(ann.event("failed")["code"], "storage");
}

#[test]
fn more_than_the_disk_has_room_for() {
    let place = Place::new();
    let bob = place.bob(&["receive", CODE, "--json"]);
    // Nobody here has so much to send.
    let mut ann = RawPeer::meet(&place.relay.address, CODE);
    ann.offer(1, &json!({ "name": "vast", "form": "file", "size": 15_u64 << 40, "entries": 1 }));
    assert_eq!(ann.answered(1), Answered::Declined);
    ann.hear_out();
    let bob = bob.ends().with(exit::UNWRITABLE.into());
    let trouble = bob.event("preflight")["trouble"].as_str().expect("trouble").to_owned();
    assert!(trouble.contains("too full"), "{trouble}");
    assert!(bob.events().iter().all(|event| event["event"] != "started"));
}

#[test]
fn damaged_on_the_way() {
    let place = Place::new();
    place.file("photo.png", 3 << 20);
    let mut large = 0;
    let meddle = move |_, mut record: Vec<u8>| {
        large += u32::from(record.len() > 100_000);
        if large == 2 {
            record[1000] ^= 1;
        }
        Deed::Send(vec![record])
    };
    let middle = Middle::meddling(&place.relay.address, Box::new(meddle));
    let (dir, relay) = (place.ann.path(), &middle.address);
    let ann = OneShot::start(dir, relay, &["send", "photo.png", "--code", CODE, "--json"]);
    let bob = place.bob(&["receive", CODE, "--json"]).ends().with(exit::DAMAGED.into());
    assert_eq!(bob.event("failed")["code"], "checksum");
    let ann = ann.ends();
    assert_ne!(ann.status, i32::from(exit::OK), "{:?}", ann.events());
}

#[test]
fn something_is_left_out() {
    let place = Place::new();
    let site = place.ann.path().join("site");
    fs::create_dir(&site).expect("made");
    fs::write(site.join("a.txt"), "a").expect("written");
    let _socket = UnixListener::bind(site.join("socket")).expect("a socket");
    let ann = place.ann(&["send", "site", "--code", CODE, "--json"]);
    let bob = place.bob(&["receive", CODE, "--json"]).ends();
    assert!(bob.events().iter().all(|event| event["event"] != "left"), "{:?}", bob.events());
    let ann = ann.ends().with(exit::LEFT_OUT.into());
    let verified = ann.event("verified");
    assert_eq!(verified["left_out_count"], 1);
    assert!(verified["left_out"][0].as_str().expect("a sentence").contains("socket"));
    assert_eq!(place.received("site/a.txt"), b"a");
    bob.with(exit::LEFT_OUT.into());
}

#[test]
fn ended_by_signals_while_it_waits() {
    let place = Place::new();
    for (signal, status) in [
        (Signal::HUP, exit::HANGUP),
        (Signal::INT, exit::INTERRUPTED),
        (Signal::TERM, exit::TERMINATED),
    ] {
        let bob = place.bob(&["receive", CODE]);
        bob.says("waiting");
        bob.signal(signal);
        bob.ends().with(status.into());
    }
}
