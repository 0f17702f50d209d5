//! A shelf whose directory is missing, goes away, can only be read, or is full.

use super::support::mounts::{may_mount, mount};
use super::support::program;
use super::support::raw_shelf::RawShelf;
use super::support::shelf::{PASSWORD, ShelfPlace, at, failed, told};
use super::support::valve::{Valve, Way};
use super::{MIB, same};
use couplet_ui::config::exit;
use serde_json::json;
use std::fs;
use std::process::Command;

/// Starts a relay with this shelf, which can't be; gives what it says.
fn refuses(shelf: &str) -> String {
    let data = tempfile::tempdir().expect("a directory");
    let ran = Command::new(program("couplet-relay"))
        .args(["--listen", "127.0.0.1:0", "--shelf", shelf, "--data"])
        .arg(data.path())
        .output()
        .expect("it runs");
    assert_eq!(ran.status.code(), Some(2));
    assert!(ran.stdout.is_empty(), "{}", String::from_utf8_lossy(&ran.stdout));
    let said = String::from_utf8(ran.stderr).expect("text");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[test]
fn a_shelf_that_is_not_there_is_said_before_anybody_is_served() {
    let dir = tempfile::tempdir().expect("a directory");
    let missing = dir.path().join("missing");
    let said = refuses(missing.to_str().expect("UTF-8"));
    assert!(said.contains("there is no directory") && said.contains("--shelf DIR"), "{said}");
    let file = dir.path().join("file");
    fs::write(&file, "x").expect("written");
    let said = refuses(file.to_str().expect("UTF-8"));
    assert!(said.contains("is no directory"), "{said}");
    assert!(!missing.exists(), "it isn't made");
}

#[test]
fn a_shelf_that_goes_away_is_said_and_one_that_comes_back_is_served() {
    let place = ShelfPlace::with_ann(&["--metrics-listen", "127.0.0.1:0"]);
    place.shelve("a", 10);
    place.own("b", 10);
    let mut raw = RawShelf::logged_in(&place.address, "ann", PASSWORD);
    fs::remove_dir_all(place.shelf()).expect("removed");
    for args in [
        &["list", "--json"][..],
        &["get", "a", "--json"],
        &["put", "b", "--json"],
        &["delete", "a", "--json"],
    ] {
        let ended = place.ann_ran(args).with(exit::REFUSED.into());
        let text = ended.events().iter().find_map(|event| {
            event["text"].as_str().or(event["reason"].as_str()).map(str::to_owned)
        });
        let text = text.expect("a reason");
        assert!(text.contains("isn't there any more"), "{args:?}: {text}");
    }
    raw.says(&json!({"type": "list"}));
    raw.refused("storage");
    fs::create_dir(place.shelf()).expect("made");
    let bytes = place.shelve("c", 20);
    assert_eq!(raw.asks(&json!({"type": "list"}))["files"][0]["name"], "c");
    let ended = place.ann_ran(&["get", "c", "--json"]).well();
    assert_eq!(told(&ended, "verified"), ["c"]);
    same(&place.fetched("c"), &bytes);
    place.ann_ran(&["put", "b", "--json"]).well();
    place.relay().has("couplet_shelf_claims", 0);
}

#[test]
fn a_shelf_that_can_only_be_read_is_read() {
    if !may_mount() {
        return;
    }
    let place = ShelfPlace::with_ann(&["--metrics-listen", "127.0.0.1:0"]);
    place.own("b", 10);
    let bytes = place.shelve("a", 100_000);
    let at = place.shelf();
    let at = at.to_str().expect("UTF-8");
    mount(&["--bind", at, at]);
    mount(&["-o", "remount,bind,ro", at]);
    // The directory that it has open isn't the mounted one yet.
    let mut place = place;
    place.kill_relay();
    place.start_relay();
    place.ann_ran(&["get", "a", "--json"]).well();
    same(&place.fetched("a"), &bytes);
    for args in [&["put", "b", "--json"][..], &["delete", "a", "--json"]] {
        let ended = place.ann_ran(args).with(exit::REFUSED.into());
        let (_, code, text) = &failed(&ended)[0];
        assert_eq!(code, "storage", "{args:?}");
        assert!(text.contains("tell the relay's operator"), "{text}");
    }
    place.relay().has("couplet_shelf_claims", 0);
}

#[test]
fn a_shelf_whose_disk_is_full() {
    if !may_mount() {
        return;
    }
    let mut place = ShelfPlace::empty(&["--metrics-listen", "127.0.0.1:0"]);
    place.account(&["add", "ann", "--rights", "get,put,delete"]);
    let at_shelf = place.shelf();
    mount(&["-t", "tmpfs", "-o", "size=16m", "none", at_shelf.to_str().expect("UTF-8")]);
    place.start_relay();
    place.own("large", 20 << 20);
    let bytes = place.own("big.bin", 12 << 20);
    let ended = place.ann_ran(&["put", "large", "--json"]).with(exit::REFUSED.into());
    let (_, code, text) = &failed(&ended)[0];
    assert!(code == "shelf_full" && text.contains("20.0 MiB"), "{code}: {text}");

    // It fills up while something comes.
    let valve = Valve::before(&place.address);
    valve.allow(Way::Up, 4 * MIB);
    let login = Some(("ann", PASSWORD));
    let ann = at(&place.dir("ann"), &valve.address, login, &["put", "big.bin", "--json"]);
    ann.moved(2 * MIB);
    let filler = place.shelf().join(".filler");
    fs::write(&filler, vec![1; 16 << 20]).expect_err("it is full");
    valve.open();
    let ended = ann.ends();
    assert_eq!(ended.status, i32::from(exit::REFUSED), "{:?}", ended.events());
    assert!(place.shelved().is_empty(), "{:?}", place.shelved());
    place.relay().has("couplet_shelf_claims", 0);
    // What had come of it is gone on with once there is room.
    fs::remove_file(filler).expect("removed");
    place.ann_ran(&["put", "big.bin", "--json"]).well();
    same(&place.shelf().join("big.bin"), &bytes);
}
