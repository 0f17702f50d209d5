//! What is stopped, killed or cut off, and goes on from where it was.

use super::support::memory::Peak;
use super::support::one_shot::OneShot;
use super::support::relay::Relay;
use super::{CODE, Place, names};
use couplet_ui::config::exit;
use rustix::process::Signal;
use std::fs;
use std::io::Write as _;
use std::time::Duration;

const MIB: u64 = 1 << 20;

/// A relay that gives the seat of one who was killed to the next soon.
const SHORT_GRACE: &[&str] = &["--grace", "1"];

/// How long such things may take, a killed client's seat included.
const LONG: Duration = Duration::from_mins(1);

const SEND: &[&str] = &["send", "big.bin", "--code", CODE, "--json"];
const SEND_SLOWLY: &[&str] = &["send", "big.bin", "--code", CODE, "--json", "--limit", "4M"];
const RECEIVE: &[&str] = &["receive", CODE, "--json"];

#[test]
fn ctrl_c_keeps_a_part_and_the_next_time_goes_on_from_it() {
    let place = Place::new();
    let bytes = place.file("big.bin", 24 << 20);
    for (stops, status) in [(true, exit::INTERRUPTED), (false, exit::CANCELLED)] {
        let (ann, bob) = (place.ann(SEND_SLOWLY), place.bob(RECEIVE));
        bob.moved(4 * MIB);
        let stopped = if stops { &bob } else { &ann };
        stopped.signal(Signal::INT);
        let (ann, bob) = (ann.ends(), bob.ends().with(status.into()));
        let other = exit::INTERRUPTED + exit::CANCELLED - status;
        assert_eq!(ann.status, i32::from(other), "{:?}", ann.events());
        let reason = bob.event("ended")["reason"].as_str().expect("why").to_owned();
        assert!(reason.contains("% of big.bin is kept"), "{reason}");
        assert!(!place.downloads().join("big.bin").exists());
    }
    let list = place.bob(&["partials"]).ends().well();
    assert!(String::from_utf8_lossy(&list.out).contains("big.bin"), "{list:?}");
    let ann = place.ann(SEND);
    let bob = place.bob(RECEIVE).ends().well();
    let ann = ann.ends().well();
    for ended in [&ann, &bob] {
        assert!(ended.event("started")["held"].as_u64() >= Some(4 * MIB), "{:?}", ended.events());
    }
    let last = bob.events().into_iter().rev().find(|event| event["event"] == "progress");
    assert!(last.expect("figures")["moved"].as_u64() <= Some(20 * MIB));
    assert!(place.received("big.bin") == bytes);
    let list = place.bob(&["partials", "list"]).ends().well();
    assert!(String::from_utf8_lossy(&list.out).contains("no parts"), "{list:?}");
}

#[test]
fn parts_can_be_removed() {
    let place = Place::new();
    place.file("big.bin", 24 << 20);
    let (ann, bob) = (place.ann(SEND_SLOWLY), place.bob(RECEIVE));
    bob.moved(2 * MIB);
    let list = place.bob(&["partials"]).ends().well();
    assert!(String::from_utf8_lossy(&list.out).contains("in use"), "{list:?}");
    bob.signal(Signal::INT);
    bob.ends().with(exit::INTERRUPTED.into());
    ann.ends().with(exit::CANCELLED.into());
    let list = place.bob(&["partials"]).ends().well();
    let line = String::from_utf8_lossy(&list.out).into_owned();
    let id = line.split_whitespace().next().expect("an id");
    place.bob(&["partials", "remove", id]).ends().well();
    place.bob(&["partials", "remove", id]).ends().with(exit::FAILURE.into());
    place.bob(&["partials", "remove", "--all"]).ends().well();
    assert!(names(&place.downloads()).is_empty(), "{:?}", names(&place.downloads()));
}

#[test]
fn a_receiver_that_is_killed_and_started_again_goes_on() {
    let place = Place::with(SHORT_GRACE);
    let bytes = place.file("big.bin", 24 << 20);
    let ann = place.ann(SEND_SLOWLY);
    let bob = place.bob(RECEIVE);
    bob.moved(4 * MIB);
    bob.signal(Signal::KILL);
    drop(bob);
    let bob = place.bob(RECEIVE).ends_within(LONG).well();
    assert!(bob.event("started")["held"].as_u64() >= Some(2 * MIB), "{:?}", bob.events());
    ann.ends_within(LONG).well();
    assert!(place.received("big.bin") == bytes);
}

#[test]
fn a_sender_that_is_killed_and_started_again_goes_on() {
    let place = Place::with(SHORT_GRACE);
    let bytes = place.file("big.bin", 24 << 20);
    let ann = place.ann(SEND_SLOWLY);
    let bob = place.bob(RECEIVE);
    bob.moved(4 * MIB);
    ann.signal(Signal::KILL);
    drop(ann);
    let ann = place.ann(SEND).ends_within(LONG).well();
    assert!(ann.event("started")["held"].as_u64() >= Some(2 * MIB), "{:?}", ann.events());
    let bob = bob.ends_within(LONG).well();
    assert_eq!(bob.event("interrupted")["v"], 1);
    assert!(bob.event("resumed")["held"].as_u64() >= Some(2 * MIB), "{:?}", bob.events());
    assert!(place.received("big.bin") == bytes);
}

#[test]
fn a_kept_seat_is_waited_for_as_long_as_the_relay_keeps_it() {
    let place = Place::with(&["--grace", "10"]);
    let bytes = place.file("big.bin", 24 << 20);
    let ann = place.ann(SEND_SLOWLY);
    let bob = place.bob(RECEIVE);
    bob.moved(4 * MIB);
    bob.signal(Signal::KILL);
    drop(bob);
    ann.event("silent");
    let bob = place.bob(RECEIVE);
    let retrying = bob.event("retrying");
    let reason = retrying["reason"].as_str().expect("why");
    assert!(reason.contains("one of them kept"), "{retrying}");
    assert!((1..=11).contains(&retrying["for_s"].as_u64().expect("a number")), "{retrying}");
    let bob = bob.ends_within(LONG).well();
    assert!(bob.event("started")["held"].as_u64() >= Some(2 * MIB), "{:?}", bob.events());
    let tries = bob.events().iter().filter(|event| event["event"] == "retrying").count();
    assert_eq!(tries, 1, "{:?}", bob.events());
    ann.ends_within(LONG).well();
    assert!(place.received("big.bin") == bytes);
}

#[test]
fn who_does_not_wait_for_a_kept_seat_is_told_how_long_it_is_kept() {
    let place = Place::with(&["--grace", "10m"]);
    place.file("big.bin", 24 << 20);
    let ann = place.ann(SEND_SLOWLY);
    let bob = place.bob(RECEIVE);
    bob.moved(MIB);
    bob.signal(Signal::KILL);
    drop(bob);
    ann.event("silent");
    let bob = place.bob(&["receive", CODE, "--json", "--timeout", "4"]);
    let bob = bob.ends().with(exit::REFUSED.into());
    let reason = bob.event("ended")["reason"].as_str().expect("why").to_owned();
    assert!(reason.contains("One is kept for another 10 min for whoever was cut off"), "{reason}");
}

#[test]
fn both_killed_and_started_again_go_on() {
    let place = Place::with(SHORT_GRACE);
    let bytes = place.file("big.bin", 24 << 20);
    let ann = place.ann(SEND_SLOWLY);
    let bob = place.bob(RECEIVE);
    bob.moved(4 * MIB);
    for one in [&ann, &bob] {
        one.signal(Signal::KILL);
    }
    drop((ann, bob));
    let ann = place.ann(SEND);
    let bob = place.bob(RECEIVE).ends_within(LONG).well();
    ann.ends_within(LONG).well();
    assert!(bob.event("started")["held"].as_u64() >= Some(2 * MIB), "{:?}", bob.events());
    assert!(place.received("big.bin") == bytes);
}

#[test]
fn a_relay_that_is_killed_and_started_again_interrupts_it() {
    let place = Place::with(SHORT_GRACE);
    let bytes = place.file("big.bin", 24 << 20);
    let address = place.relay.address.clone();
    let ann = place.ann(SEND_SLOWLY);
    let bob = place.bob(RECEIVE);
    bob.moved(4 * MIB);
    place.relay.kill();
    place.relay.wait();
    bob.event("reconnecting");
    let _relay = Relay::start_at(&address, SHORT_GRACE);
    let dir = place.bob.path().join("downloads/big.bin");
    bob.ends_within(LONG).well();
    ann.ends_within(LONG).well();
    assert!(fs::read(dir).expect("a file") == bytes);
}

#[test]
fn a_relay_that_is_ended_and_started_again_is_waited_for() {
    let place = Place::new();
    let bytes = place.file("big.bin", 24 << 20);
    let address = place.relay.address.clone();
    let ann = place.ann(SEND_SLOWLY);
    let bob = place.bob(RECEIVE);
    bob.moved(4 * MIB);
    place.relay.interrupt();
    place.relay.wait();
    bob.event("retrying");
    let _relay = Relay::start_at(&address, &[]);
    let path = place.bob.path().join("downloads/big.bin");
    let bob = bob.ends_within(LONG).well();
    ann.ends_within(LONG).well();
    let mut starts = bob.events().into_iter().filter(|event| event["event"] == "started");
    assert!(starts.next_back().expect("a start")["held"].as_u64() >= Some(2 * MIB), "{bob:?}");
    assert!(fs::read(path).expect("a file") == bytes);
}

#[test]
fn sigterm_leaves_and_the_other_waits() {
    let place = Place::new();
    let bytes = place.file("big.bin", 24 << 20);
    let ann = place.ann(SEND_SLOWLY);
    let bob = place.bob(RECEIVE);
    bob.moved(2 * MIB);
    bob.signal(Signal::TERM);
    bob.ends().with(exit::TERMINATED.into());
    ann.event("left");
    let bob = place.bob(RECEIVE).ends_within(LONG).well();
    ann.ends_within(LONG).well();
    assert!(bob.event("started")["held"].as_u64() >= Some(MIB), "{:?}", bob.events());
    assert!(place.received("big.bin") == bytes);
}

#[test]
fn a_file_that_changes_while_it_is_sent() {
    let place = Place::new();
    place.file("big.bin", 24 << 20);
    let ann = place.ann(SEND_SLOWLY);
    let bob = place.bob(RECEIVE);
    bob.moved(MIB);
    let path = place.ann.path().join("big.bin");
    let mut file = fs::OpenOptions::new().write(true).open(path).expect("a file");
    file.write_all(b"something else").expect("written");
    drop(file);
    let ann = ann.ends().with(exit::CHANGED.into());
    assert_eq!(ann.event("failed")["code"], "source_changed");
    bob.ends().with(exit::CHANGED.into());
    assert!(!place.downloads().join("big.bin").exists());
}

#[test]
fn a_file_that_changed_between_two_tries_is_received_anew() {
    let place = Place::new();
    place.file("big.bin", 24 << 20);
    let (ann, bob) = (place.ann(SEND_SLOWLY), place.bob(RECEIVE));
    bob.moved(2 * MIB);
    ann.signal(Signal::INT);
    ann.ends().with(exit::INTERRUPTED.into());
    bob.ends().with(exit::CANCELLED.into());
    let changed = super::support::contents(5 << 20, 99);
    fs::write(place.ann.path().join("big.bin"), &changed).expect("written");
    let ann = place.ann(SEND);
    let bob = place.bob(RECEIVE).ends().well();
    ann.ends().well();
    assert!(bob.event("preflight")["changed"].as_u64() > Some(0), "{:?}", bob.events());
    assert_eq!(bob.event("started")["held"], 0);
    assert!(place.received("big.bin") == changed);
}

#[test]
fn memory_stays_small() {
    let place = Place::new();
    place.file("big.bin", 200 << 20);
    let ann = place.ann(SEND);
    let bob = place.bob(RECEIVE);
    let peaks = [Peak::of("sender", ann.pid()), Peak::of("receiver", bob.pid())];
    bob.ends_within(LONG).well();
    ann.ends_within(LONG).well();
    for peak in peaks {
        peak.stays_below(64);
    }
}

#[test]
fn a_stream_that_is_stopped_leaves_nothing() {
    let place = Place::new();
    let dir = place.ann.path();
    let send = ["send", "-", "--code", CODE, "--json", "--limit", "8M"];
    let ann = OneShot::fed(dir, &place.relay.address, &send, vec![7; 24 << 20]);
    let bob = place.bob(RECEIVE);
    bob.moved(2 * MIB);
    bob.signal(Signal::INT);
    bob.ends().with(exit::INTERRUPTED.into());
    ann.ends().with(exit::CANCELLED.into());
    assert!(names(&place.downloads()).is_empty(), "{:?}", names(&place.downloads()));
}

#[test]
fn a_sender_is_told_the_code_with_which_it_goes_on() {
    let place = Place::new();
    place.file("big.bin", 24 << 20);
    let ann = place.ann(&["send", "big.bin", "--limit", "8M"]);
    let code = ann.says("code: ").replace("code: ", "");
    let bob = place.bob(&["receive", &code, "--json"]);
    bob.moved(2 * MIB);
    ann.says(" %  ");
    bob.signal(Signal::INT);
    bob.ends().with(exit::INTERRUPTED.into());
    let ann = ann.ends().with(exit::CANCELLED.into());
    assert!(ann.err.contains(&format!("send it again with --code {code}")), "{}", ann.err);
}

#[test]
fn two_who_send_are_told() {
    let place = Place::new();
    place.file("big.bin", 1);
    let ann = place.ann(&["send", "big.bin", "--code", CODE]);
    let bob = place.bob(&["send", "--text", "hello", "--code", CODE]);
    ann.says("your peer offers a text as well; one of you has to receive");
    bob.says("your peer offers big.bin as well");
}
