//! What comes through a pipe and is no record, or no step.

use super::scene::{Scene, one_file};
use super::steps::{end, file, hole, json_step, step, whole};
use super::support::contents;
use couplet::limits::MAX_PIPE_BODY;
use couplet::transfer::wire::{MAX_JSON, kind};
use couplet_ui::config::exit;
use serde_json::json;

#[test]
fn what_is_no_step_ends_the_transfer() {
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    for (steps, why) in [
        (step(0x42, b"{}"), "unknown kind 0x42"),
        (step(0, b""), "unknown kind 0x00"),
        (step(0xff, &[0xff; 1000]), "unknown kind 0xff"),
        // The receiver's own.
        (json_step(kind::ANSWER, &json!({ "answer": "ready", "to": "end" })), "unknown kind 0x15"),
        // Not whole, or none.
        (vec![kind::HELLO], "no length"),
        (vec![kind::HELLO, 0, 0], "no length"),
        (vec![kind::HELLO, 0xff, 0xff, 0xff, 0xff], "no length"),
        (vec![kind::END, 0, 0, 0, 9, b'{'], "no length"),
        (step(kind::HOLE, &[0; 23]), "no length"),
        (step(kind::HOLE, &[0; 25]), "no length"),
        (step(kind::CHUNK, &[0; 51]), "no length"),
        (step(kind::CHUNK, b""), "no length"),
        (step(kind::HELLO, &vec![b' '; MAX_JSON + 1]), "no length"),
        (step(kind::HELLO, b""), "can't be read"),
        (step(kind::HELLO, &[0xff; 100]), "can't be read"),
        (step(kind::HELLO, "[".repeat(60_000).as_bytes()), "can't be read"),
        (step(kind::END, deep.as_bytes()), "can't be read"),
        (step(kind::HELLO, br#"{"entry":0,"entry":1}"#), "can't be read"),
        ([end(1), step(kind::END, b"\"\x1b[2J\xe2\x80\xae")].concat(), "can't be read"),
        (step(kind::SKIP, &[&b"\"\\u001b[2J"[..], &[b'x'; 9000], b"\""].concat()), "can't be read"),
    ] {
        let scene = Scene::new();
        let mut liar = scene.lies(&one_file("photo.png", 4));
        let _ = liar.pipe.send(&steps);
        liar.pipe.hung_up();
        let ended = liar.ends().with(exit::DAMAGED, "makes no sense");
        assert!(ended.reason().contains(why), "{why}: {ended:#?}");
        assert_eq!(scene.downloads(), [""; 0]);
    }
}

#[test]
fn what_is_no_record_ends_the_transfer() {
    let garbage = contents(1 << 20, 99);
    for (raw, why) in [
        (&[0xff; 64][..], "which none can have"),
        (&[0; 64], "which none can have"),
        (b"GET / HTTP/1.1\r\nHost: couplet\r\n\r\n", "which none can have"),
        (&[0, 0, 0, 28, 1, 2, 3, 4], "which none can have"),
        // A length that a record can have, and garbage behind it.
        (&[&[0, 0, 1, 0][..], &garbage[..256]].concat(), "another pipe"),
        (&[&[0, 16, 0, 0][..], &garbage].concat(), "another pipe"),
    ] {
        let scene = Scene::new();
        let mut liar = scene.lies(&one_file("photo.png", 4));
        assert_eq!(liar.ask(&file(0, "photo.png", 4)), "ready");
        let _ = liar.pipe.send_raw(raw);
        liar.pipe.hung_up();
        let ended = liar.ends().with(exit::DAMAGED, "meddles");
        assert!(ended.reason().contains(why), "{ended:#?}");
        let names = scene.downloads();
        assert!(!names.iter().any(|name| !name.starts_with(".couplet-")), "{names:?}");
    }
    let scene = Scene::new();
    let mut liar = scene.lies(&one_file("photo.png", 4));
    let _ = liar.pipe.send_altered(&whole(0, "photo.png", b"evil"));
    liar.pipe.hung_up();
    liar.ends().with(exit::DAMAGED, "record 0 was altered");
    assert_eq!(scene.downloads(), [""; 0]);
}

#[test]
fn records_full_of_tiny_steps_take_no_memory() {
    let scene = Scene::new();
    let mut liar = scene.lies(&one_file("photo.png", 4));
    let tiny = end(9);
    let fit = MAX_PIPE_BODY / tiny.len();
    let flood = liar.pipe.flood(12, fit as u64, |_, steps| *steps = tiny.repeat(fit));
    let answered: u64 = flood.answers.values().sum();
    assert_eq!(flood.answers.get("gap"), Some(&answered), "{flood:?}");
    let tiny = hole(0, 0, 1 << 20);
    let fit = MAX_PIPE_BODY / tiny.len();
    let flood = liar.pipe.flood(12, fit as u64, |_, steps| *steps = tiny.repeat(fit));
    assert!(!flood.answers.contains_key("ready"), "{flood:?}");
    let abort = json_step(kind::ABORT, &json!({ "code": "gap", "text": "enough of it" }));
    let _ = liar.pipe.send(&abort);
    let ended = liar.ends();
    assert_eq!(ended.status, exit::DAMAGED, "{ended:#?}");
}

#[test]
fn empty_records_are_nothing() {
    let scene = Scene::new();
    let mut liar = scene.lies(&one_file("photo.png", 4));
    for _ in 0..10_000 {
        liar.pipe.send(b"").expect("sent");
    }
    assert_eq!(liar.ask(&whole(0, "photo.png", b"good")), "ready");
    assert_eq!(liar.ask(&end(1)), "ready");
    liar.ends().well();
    assert_eq!(scene.received("photo.png"), b"good");
}
