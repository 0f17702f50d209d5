//! What goes well: files, folders, streams and texts, and what is told of them.

use super::support::contents;
use super::support::one_shot::{OneShot, events};
use super::{CODE, Place, names};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn a_file_with_the_code_in_the_environment() {
    let place = Place::new();
    let bytes = place.file("photo.png", 3_000_000);
    let ann = place.ann(&["send", "photo.png", "--code", CODE, "--json", "--name", "ann"]);
    let (dir, relay) = (place.bob.path(), &place.relay.address);
    let bob = OneShot::start_with(dir, relay, &["receive", "--json"], |command| {
        command.env("COUPLET_CODE", CODE);
    });
    let (ann, bob) = (ann.ends().well(), bob.ends().well());
    assert_eq!(place.received("photo.png"), bytes);
    assert_eq!(names(&place.downloads()), ["photo.png"]);
    assert_eq!(ann.event("met")["words"], bob.event("met")["words"]);
    let offered = bob.event("offered");
    assert_eq!((&offered["by"], &offered["peer"]), (&"peer".into(), &"ann".into()));
    assert_eq!((&offered["form"], &offered["size"]), (&"file".into(), &3_000_000.into()));
    assert_eq!(bob.event("preflight")["held"], 0);
    for ended in [&ann, &bob] {
        assert_eq!(ended.event("started")["held"], 0);
        assert_eq!(ended.event("verified")["saved_as"], "photo.png");
        let last = ended.events().into_iter().rev().find(|event| event["event"] == "progress");
        assert_eq!(last.expect("figures")["done"], 3_000_000);
        assert_eq!(ended.err, "", "with --json nothing else is told");
    }
}

#[test]
fn a_folder_as_it_was() {
    let place = Place::new();
    let site = place.ann.path().join("site");
    fs::create_dir_all(site.join("deep/empty")).expect("made");
    fs::write(site.join("deep/run.sh"), "#!/bin/sh\n").expect("written");
    let mode = fs::Permissions::from_mode(0o750);
    fs::set_permissions(site.join("deep/run.sh"), mode).expect("set");
    for name in ["a.txt", "b.o", "c.log"] {
        fs::write(site.join(name), name).expect("written");
    }
    fs::write(site.join(".gitignore"), "*.log\n").expect("written");
    let args = ["send", "site", "--code", CODE, "--exclude", "*.o", "--gitignore"];
    let ann = place.ann(&args);
    let bob = place.bob(&["receive", CODE, "--to", "in"]);
    let (ann, bob) = (ann.ends().well(), bob.ends().well());
    let received = place.bob.path().join("in/site");
    assert_eq!(names(&received), [".gitignore", "a.txt", "deep"]);
    assert_eq!(names(&received.join("deep")), ["empty", "run.sh"]);
    let mode = fs::metadata(received.join("deep/run.sh")).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o750);
    assert!(ann.err.contains("verified: your peer has site/\n"), "{}", ann.err);
    assert!(bob.err.contains("verified: site/ is in in/\n"), "{}", bob.err);
    assert!(bob.out.is_empty());
}

#[test]
fn several_paths_as_one_offer() {
    let place = Place::new();
    let bytes = place.file("a.bin", 100_000);
    fs::create_dir(place.ann.path().join("folder")).expect("made");
    fs::write(place.ann.path().join("folder/b"), "b").expect("written");
    let ann = place.ann(&["send", "a.bin", "folder", "--code", CODE]);
    let bob = place.bob(&["receive", CODE, "--json"]).ends().well();
    ann.ends().well();
    assert_eq!(bob.event("offered")["form"], "several");
    assert_eq!(place.received("a.bin"), bytes);
    assert_eq!(place.received("folder/b"), b"b");
}

#[test]
fn a_name_that_is_taken() {
    let place = Place::new();
    let new = place.file("notes.txt", 1000);
    fs::create_dir(place.downloads()).expect("made");
    let old = place.downloads().join("notes.txt");
    fs::write(&old, "old").expect("written");
    let ann = place.ann(&["send", "notes.txt", "--code", CODE]);
    let bob = place.bob(&["receive", CODE, "--json"]).ends().well();
    ann.ends().well();
    let saved_as = bob.event("verified")["saved_as"].as_str().expect("a name").to_owned();
    assert_ne!(saved_as, "notes.txt");
    assert_eq!((place.received("notes.txt"), place.received(&saved_as)), (b"old".into(), new));
    let ann = place.ann(&["send", "notes.txt", "--code", CODE]);
    place.bob(&["receive", CODE, "--existing", "overwrite"]).ends().well();
    ann.ends().well();
    assert_eq!(fs::read(&old).expect("a file").len(), 1000);
}

#[test]
fn from_standard_input_to_standard_output() {
    let place = Place::new();
    let bytes = contents(64 << 20, 3);
    let (dir, relay) = (place.ann.path(), &place.relay.address);
    let ann = OneShot::fed(dir, relay, &["send", "-", "--code", CODE], bytes.clone());
    let bob = place.bob(&["receive", CODE, "--to", "-", "--json"]).ends().well();
    ann.ends().well();
    assert!(bob.out == bytes, "{} of {} bytes", bob.out.len(), bytes.len());
    // What is told goes to the other output.
    let told = events(bob.err.as_bytes());
    assert!(told.iter().any(|event| event["event"] == "verified"), "{told:?}");
    assert!(!place.downloads().exists());
}

#[test]
fn a_file_to_standard_output() {
    let place = Place::new();
    let bytes = place.file("photo.png", 5_000_000);
    let ann = place.ann(&["send", "photo.png", "--code", CODE]);
    let bob = place.bob(&["receive", CODE, "--to", "-"]).ends().well();
    ann.ends().well();
    assert!(bob.out == bytes, "{} bytes", bob.out.len());
}

#[test]
fn a_text() {
    let place = Place::new();
    let ann = place.ann(&["send", "--text", "hello\nyou\x1b[2J", "--code", CODE]);
    let bob = place.bob(&["receive", CODE]).ends().well();
    ann.ends().well();
    assert_eq!(bob.out, b"hello\nyou\x1b[2J");
    assert!(bob.err.contains("verified: a text\n"), "it is nowhere but here: {}", bob.err);
    assert!(!place.downloads().exists());

    let (dir, relay) = (place.ann.path(), &place.relay.address);
    let args = ["send", "--text", "-", "--code", CODE];
    let ann = OneShot::fed(dir, relay, &args, "grüß dich".into());
    let bob = place.bob(&["receive", CODE, "--json"]).ends().well();
    ann.ends().well();
    assert_eq!(bob.event("text")["text"], "grüß dich");
}

#[test]
fn either_side_makes_the_code_and_says_what_the_other_types() {
    let place = Place::new();
    let bytes = place.file("photo.png", 1000);
    let ann = place.ann(&["send", "photo.png", "--words", "3"]);
    let code = ann.says("code: ").trim_start_matches("code: ").to_owned();
    assert_eq!(code.split('-').count(), 4, "{code}");
    let types = ann.says("the other side types: ");
    let relay = &place.relay.address;
    assert!(types.ends_with(&format!("couplet receive {code} --relay {relay}")), "{types}");
    place.bob(&["receive", &code]).ends().well();
    ann.ends().well();
    assert_eq!(place.received("photo.png"), bytes);

    let bob = place.bob(&["receive", "--json", "--existing", "skip"]);
    let waiting = bob.event("waiting");
    let code = waiting["code"].as_str().expect("a code");
    let command = waiting["command"].as_str().expect("a command");
    assert!(command.contains(&format!("couplet send PATH --code {code}")), "{command}");
    place.ann(&["send", "photo.png", "--code", code]).ends().well();
    bob.ends().well();
    assert_eq!(names(&place.downloads()), ["photo.png"]);
}

#[test]
fn quiet_tells_nothing() {
    let place = Place::new();
    place.file("photo.png", 1000);
    let ann = place.ann(&["send", "photo.png", "--code", CODE, "--quiet"]);
    let bob = place.bob(&["receive", CODE, "-q"]).ends().well();
    for ended in [ann.ends().well(), bob] {
        assert_eq!((ended.err.as_str(), &ended.out[..]), ("", &b""[..]));
    }
}

#[test]
fn a_rate_is_kept() {
    let place = Place::new();
    place.file("big.bin", 2 << 20);
    let start = super::support::terminal::now();
    let ann = place.ann(&["send", "big.bin", "--code", CODE, "--limit", "1M"]);
    place.bob(&["receive", CODE]).ends().well();
    ann.ends().well();
    // The last piece may go out ahead of its time.
    let took = super::support::terminal::now() - start;
    assert!(took.as_millis() > 700, "{took:?}");
}
