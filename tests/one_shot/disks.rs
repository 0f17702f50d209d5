//! Disks that are full or read-only under a real receiver.
//!
//! Each test runs in a mount namespace of its own, with what it wants mounted there.

use super::support::mounts::{may_mount, mount};
use super::support::one_shot::Ended;
use super::{CODE, Place, names};
use couplet_ui::config::exit;
use std::fs;

const MIB: usize = 1 << 20;

const SEND: &[&str] = &["send", "big.bin", "--code", CODE, "--json"];
const SEND_SLOWLY: &[&str] = &["send", "big.bin", "--code", CODE, "--json", "--limit", "4M"];

/// bob's downloads on a disk of their own, of so many MiB.
fn small_disk(place: &Place, mib: usize) {
    fs::create_dir(place.downloads()).expect("a directory");
    let (options, at) = (format!("size={mib}m"), place.downloads());
    mount(&["-t", "tmpfs", "-o", &options, "none", at.to_str().expect("UTF-8")]);
}

/// Nothing is there that looks like the file.
fn nothing_whole(place: &Place, but: &[&str]) {
    let there: Vec<_> = names(&place.downloads())
        .into_iter()
        .filter(|name| !name.starts_with(".couplet-"))
        .collect();
    assert_eq!(there, but);
}

fn reason(ended: &Ended) -> String {
    ended.event("ended")["reason"].as_str().expect("why").to_owned()
}

#[test]
fn a_disk_that_fills_up_is_waited_out() {
    if !may_mount() {
        return;
    }
    let place = Place::new();
    small_disk(&place, 24);
    let bytes = place.file("big.bin", 12 * MIB);
    let ann = place.ann(SEND_SLOWLY);
    let bob = place.bob(&["receive", CODE, "--json"]);
    bob.moved(MIB as u64);
    // Somebody else takes all that there is.
    let filler = place.downloads().join("filler");
    fs::write(&filler, vec![1; 24 * MIB]).expect_err("it is full");
    let here = bob.event("paused");
    let there = ann.event("paused");
    assert_eq!((&here["by"], &here["reason"]), (&"you".into(), &"disk_full".into()));
    assert_eq!((&there["by"], &there["reason"]), (&"peer".into(), &"disk_full".into()));
    nothing_whole(&place, &["filler"]);
    fs::remove_file(filler).expect("removed");
    bob.event("continued");
    ann.event("continued");
    bob.ends().well();
    ann.ends().well();
    assert!(place.received("big.bin") == bytes);
    assert_eq!(names(&place.downloads()), ["big.bin"]);
}

#[test]
fn people_are_told_of_a_full_disk() {
    if !may_mount() {
        return;
    }
    let place = Place::new();
    small_disk(&place, 24);
    place.file("big.bin", 12 * MIB);
    let ann = place.ann(&["send", "big.bin", "--code", CODE, "--limit", "4M"]);
    // The sender begins at once.
    let bob = place.bob(&["receive", CODE]);
    bob.says("receiving");
    let filler = place.downloads().join("filler");
    fs::write(&filler, vec![1; 24 * MIB]).expect_err("it is full");
    let told = [bob.says("disk is full"), ann.says("disk is full")];
    assert!(told.iter().all(|line| line.contains("full")), "{told:?}");
    fs::remove_file(filler).expect("removed");
    bob.ends().well();
    ann.ends().well();
}

#[test]
fn more_than_a_small_disk_has_room_for() {
    if !may_mount() {
        return;
    }
    let place = Place::new();
    small_disk(&place, 8);
    place.file("big.bin", 12 * MIB);
    let ann = place.ann(SEND);
    let bob = place.bob(&["receive", CODE, "--json"]).ends().with(exit::UNWRITABLE.into());
    let trouble = bob.event("preflight")["trouble"].as_str().expect("trouble").to_owned();
    assert!(trouble.contains("too full"), "{trouble}");
    let ann = ann.ends().with(exit::DECLINED.into());
    assert!(ann.events().iter().all(|event| event["event"] != "started"));
    assert!(names(&place.downloads()).is_empty(), "{:?}", names(&place.downloads()));
}

#[test]
fn a_directory_that_can_only_be_read() {
    if !may_mount() {
        return;
    }
    let place = Place::new();
    place.file("big.bin", MIB);
    fs::create_dir(place.downloads()).expect("a directory");
    let at = place.downloads();
    let at = at.to_str().expect("UTF-8");
    mount(&["--bind", at, at]);
    mount(&["-o", "remount,bind,ro", at]);
    let ann = place.ann(SEND);
    let bob = place.bob(&["receive", CODE, "--json"]).ends().with(exit::UNWRITABLE.into());
    let why = reason(&bob);
    assert!(why.contains("Read-only") && why.contains("--downloads DIR"), "{why}");
    ann.ends().with(exit::DECLINED.into());
    nothing_whole(&place, &[]);
}
