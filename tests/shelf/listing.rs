//! What is on the shelf, as it is told.

use super::support::one_shot::Ended;
use super::support::shelf::{ShelfPlace, told};
use couplet_ui::config::exit;
use serde_json::Value;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

/// The files that were told.
fn files(ended: &Ended) -> Vec<Value> {
    ended.events().into_iter().filter(|event| event["event"] == "file").collect()
}

/// The hash that is told of the only file.
fn hash(place: &ShelfPlace) -> String {
    let ended = place.ran(&["list", "--json"]).well();
    let files = files(&ended);
    assert_eq!(files.len(), 1, "{files:?}");
    files[0]["blake3"].as_str().expect("a hash within the time").to_owned()
}

#[test]
fn a_list_has_names_sizes_times_and_hashes() {
    let place = ShelfPlace::new(&[]);
    let bytes = place.shelve("photo.png", 5000);
    place.shelve("empty", 0);
    let expected = blake3::hash(&bytes).to_hex().to_string();

    let ended = place.ran(&["list", "--json"]).well();
    let all = files(&ended);
    assert_eq!(told(&ended, "file"), ["empty", "photo.png"]);
    assert_eq!(all[1]["size"], 5000);
    assert_eq!(all[1]["blake3"].as_str(), Some(&*expected));
    assert!(all[1]["changed"].as_str().is_some_and(|at| at.ends_with('Z')), "{}", all[1]);
    let listed = ended.event("listed");
    assert_eq!((&listed["files"], &listed["bytes"]), (&2.into(), &5000.into()));

    let table = place.ran(&["list", "--long"]).well();
    let lines = String::from_utf8(table.out).expect("text");
    let lines: Vec<_> = lines.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].contains(&expected) && lines[1].ends_with("  photo.png"), "{lines:?}");
    assert!(table.err.contains("2 files"), "{}", table.err);
    let short = String::from_utf8(place.ran(&["list"]).well().out).expect("text");
    assert!(short.contains(&expected[..16]) && !short.contains(&expected), "{short}");
}

#[test]
fn a_changed_file_has_another_hash() {
    let place = ShelfPlace::new(&[]);
    place.shelve("a", 100);
    let before = hash(&place);
    assert_eq!(hash(&place), before);
    let bytes = place.shelve("a", 101);
    assert_eq!(hash(&place), blake3::hash(&bytes).to_hex().to_string());
    assert_ne!(hash(&place), before);
    // The same size, and put in its place as editors do.
    fs::write(place.dir("ann/new"), vec![7; 101]).expect("written");
    fs::rename(place.dir("ann/new"), place.shelf().join("a")).expect("renamed");
    assert_eq!(hash(&place), blake3::hash(&[7; 101]).to_hex().to_string());
}

#[test]
fn a_long_list_comes_whole_and_what_matches_is_found() {
    let place = ShelfPlace::new(&[]);
    for number in 0..640 {
        let kind = if number % 10 == 0 { "PNG" } else { "txt" };
        let name = format!("file-{number:03}-{}.{kind}", "x".repeat(number % 60));
        fs::write(place.shelf().join(name), number.to_string()).expect("written");
    }
    let ended = place.ran(&["list", "--json", "--quick"]).well();
    assert_eq!(told(&ended, "file"), place.shelved());
    assert_eq!(ended.event("listed")["files"], 640);
    let ended = place.ran(&["list", "--json", "*.PNG"]).well();
    assert_eq!(ended.event("listed")["files"], 64);
    let ended = place.ran(&["list", "--json", "*.png"]).well();
    assert_eq!(ended.event("listed")["files"], 0, "a glob is exact");
    let ended = place.ran(&["list", "--json", "png"]).well();
    assert_eq!(ended.event("listed")["files"], 64, "a search isn't");
    let ended = place.ran(&["list", "--json", "{file-63?,nothing}*"]).well();
    assert_eq!(ended.event("listed")["files"], 10);
    let ended = place.ran(&["list", "nothing of that name"]).well();
    assert!(ended.err.contains("nothing is on the shelf that matches"), "{}", ended.err);
    let long = "x".repeat(257);
    let ended = place.ran(&["list", "--json", &long]).with(exit::REFUSED.into());
    assert!(ended.event("failed")["text"].as_str().expect("why").contains("256"));
}

#[test]
fn what_is_unsafe_hidden_or_leads_outside_is_not_there() {
    for folders in [false, true] {
        let place = ShelfPlace::new(if folders { &["--shelf-folders"] } else { &[] });
        place.own("secret", 20);
        fs::create_dir(place.dir("ann/private")).expect("made");
        place.own("private/key", 20);
        place.shelve("good", 10);
        place.shelve("site/index.html", 10);
        place.shelve(".hidden", 10);
        place.shelve("site/.git", 10);
        let shelf = place.shelf();
        symlink(place.dir("ann/secret"), shelf.join("link")).expect("linked");
        symlink(place.dir("ann/private"), shelf.join("linked")).expect("linked");
        symlink("good", shelf.join("inside")).expect("linked");
        for unsafe_name in [&b"a\nb"[..], b"nul", b"trailing.", b"\xff\xfe", b"e\x1b[31m"] {
            let name = std::ffi::OsStr::from_bytes(unsafe_name);
            fs::write(shelf.join(name), "x").expect("written");
        }
        let ended = place.ran(&["list", "--json"]).well();
        let expected: &[&str] = if folders { &["good", "site/index.html"] } else { &["good"] };
        assert_eq!(told(&ended, "file"), expected);
        // Three links and five names.
        assert_eq!(ended.event("listed")["left_out"], 8, "{:?}", ended.events());
        for name in ["link", "linked/key", "inside", "missing"] {
            let ended = place.ran(&["get", name, "--json"]);
            let status = u8::try_from(ended.status).expect("a status");
            let refused =
                if !folders && name.contains('/') { exit::REFUSED } else { exit::MISSING };
            assert_eq!(status, refused, "{name}: {:?}", ended.events());
        }
        for name in [".hidden", "../data/accounts", "/etc/passwd", "a\nb", "site/.git", "nul"] {
            let ended = place.ran(&["get", name, "--json"]);
            assert_eq!(ended.status, i32::from(exit::USAGE), "{name:?}: {}", ended.err);
        }
        assert!(place.downloads().is_empty(), "{:?}", place.downloads());
    }
}
