//! What is sent changes meanwhile: it is told, with a status of its own, and nothing that looks whole
//! comes of it.

use super::support::contents;
use super::{CODE, Place, names};
use couplet_ui::config::exit;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

const MIB: u64 = 1 << 20;

/// Sends a file slowly, changes it on the way, and checks how that ends.
fn changed_by(change: impl Fn(&Path)) {
    let place = Place::new();
    place.file("big.bin", 12 << 20);
    let ann = place.ann(&["send", "big.bin", "--code", CODE, "--json", "--limit", "3M"]);
    let bob = place.bob(&["receive", CODE, "--json"]);
    bob.moved(MIB);
    change(&place.ann.path().join("big.bin"));
    let ann = ann.ends().with(exit::CHANGED.into());
    let bob = bob.ends().with(exit::CHANGED.into());
    for ended in [&ann, &bob] {
        let failed = ended.event("failed");
        assert_eq!(failed["code"], "source_changed", "{failed}");
        let why = failed["reason"].as_str().expect("why");
        assert!(why.contains("big.bin") || why.contains("your peer's side"), "{why}");
        assert!(ended.events().iter().all(|event| event["event"] != "verified"));
    }
    let left: Vec<_> = names(&place.downloads());
    assert!(left.iter().all(|name| name.starts_with(".couplet-")), "{left:?}");
    // Sent again as it is now, it comes whole.
    let now = fs::read(place.ann.path().join("big.bin")).expect("read");
    let ann = place.ann(&["send", "big.bin", "--code", CODE]);
    place.bob(&["receive", CODE]).ends().well();
    ann.ends().well();
    assert!(place.received("big.bin") == now);
    assert_eq!(names(&place.downloads()), ["big.bin"]);
}

#[test]
fn a_file_that_is_truncated() {
    changed_by(|path| {
        let file = OpenOptions::new().write(true).open(path).expect("opened");
        file.set_len(5 << 20).expect("shorter");
    });
}

#[test]
fn a_file_that_is_truncated_to_nothing() {
    changed_by(|path| {
        let file = OpenOptions::new().write(true).open(path).expect("opened");
        file.set_len(0).expect("empty");
    });
}

#[test]
fn a_file_that_is_replaced_by_another() {
    changed_by(|path| {
        let other = path.with_extension("new");
        fs::write(&other, contents(12 << 20, 8)).expect("written");
        fs::rename(other, path).expect("renamed over it");
    });
}

#[test]
fn a_file_that_is_appended_to() {
    changed_by(|path| {
        let mut file = OpenOptions::new().append(true).open(path).expect("opened");
        file.write_all(b"one more line\n").expect("written");
    });
}

#[test]
fn one_of_several_files_that_is_replaced() {
    let place = Place::new();
    let site = place.ann.path().join("site");
    fs::create_dir(&site).expect("made");
    fs::write(site.join("a.txt"), "a").expect("written");
    fs::write(site.join("big.bin"), contents(12 << 20, 7)).expect("written");
    fs::write(site.join("z.txt"), "z").expect("written");
    fs::write(place.ann.path().join("other"), contents(12 << 20, 8)).expect("written");
    let ann = place.ann(&["send", "site", "--code", CODE, "--json", "--limit", "3M"]);
    let bob = place.bob(&["receive", CODE, "--json"]);
    bob.moved(MIB);
    fs::rename(place.ann.path().join("other"), site.join("big.bin")).expect("renamed over it");
    // All else comes; what has changed is left out, and said.
    let ann = ann.ends().with(exit::LEFT_OUT.into());
    let bob = bob.ends().with(exit::LEFT_OUT.into());
    for ended in [&ann, &bob] {
        let verified = ended.event("verified");
        assert_eq!(verified["left_out_count"], 1, "{verified}");
        let why = verified["left_out"][0].as_str().expect("a sentence");
        assert!(why.contains("big.bin") && why.contains("changed"), "{why}");
    }
    assert_eq!(names(&place.downloads().join("site")), ["a.txt", "z.txt"]);
    assert_eq!(names(&place.downloads()), ["site"]);
}
