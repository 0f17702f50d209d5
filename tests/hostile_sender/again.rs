//! The same again, without end: refusals, pipes, offers. Whoever lies so often is either let go, or costs
//! no more than it takes to read what it sends.

use super::scene::{End, Liar, Scene, Told, one_file};
use super::steps::{chunk, chunk_with, close_with, end, file, json_step, whole};
use super::support::contents;
use couplet::transfer::wire::kind;
use couplet_ui::config::exit;
use serde_json::json;

const MIB: usize = 1 << 20;

/// So often something is tried that must come to an end before.
const ROUNDS: u64 = 20_000;

/// Ends it, if it isn't over.
fn aborts(mut liar: Liar) -> End {
    let abort = json_step(kind::ABORT, &json!({ "code": "mismatch", "text": "enough of it" }));
    let _ = liar.pipe.send(&abort);
    liar.ends()
}

#[test]
fn the_same_chunk_without_end() {
    let scene = Scene::new();
    let data = contents(16 << 10, 1);
    let mut liar = scene.lies(&one_file("photo.png", MIB as u64));
    assert_eq!(liar.ask(&file(0, "photo.png", MIB as u64)), "ready");
    let step = chunk(0, 0, &data);
    let flood = liar.pipe.flood(400, 60, |_, steps| *steps = step.repeat(60));
    assert_eq!(flood.answers.get("ready"), Some(&1), "{flood:?}");
    let ended = aborts(liar);
    assert_eq!(ended.status, exit::DAMAGED, "{ended:#?}");
}

#[test]
fn chunks_for_ever_before_any_hello() {
    let scene = Scene::new();
    let data = vec![1; MIB];
    let mut liar = scene.lies(&one_file("photo.png", MIB as u64));
    let step = chunk_with(0, 0, &data, [0; 32]);
    let flood = liar.pipe.flood(300, 1, |_, steps| *steps = step.clone());
    assert!(!flood.answers.contains_key("ready"), "{flood:?}");
    let ended = aborts(liar);
    assert_eq!(ended.status, exit::DAMAGED, "{ended:#?}");
    assert_eq!(scene.downloads(), [""; 0]);
}

#[test]
fn damaged_chunks_without_end() {
    let scene = Scene::new();
    let data = vec![1; MIB];
    let mut liar = scene.lies(&one_file("photo.png", MIB as u64));
    assert_eq!(liar.ask(&file(0, "photo.png", MIB as u64)), "ready");
    let step = chunk_with(0, 0, &data, [0; 32]);
    let flood = liar.pipe.flood(300, 1, |_, steps| *steps = step.clone());
    assert!(!flood.answers.contains_key("ready"), "{flood:?}");
    let ended = aborts(liar);
    assert_eq!(ended.status, exit::DAMAGED, "{ended:#?}");
}

#[test]
fn a_wrong_root_without_end_is_the_end() {
    for (size, said) in [(MIB as u64, MIB as u64 + 1), (0, 0), (1 << 30, 1)] {
        let scene = Scene::new();
        let mut liar = scene.lies(&one_file("photo.png", size));
        let wrong = [file(0, "photo.png", size), close_with(0, said, [0; 32])].concat();
        let flood = liar.pipe.flood(ROUNDS, 2, |_, steps| steps.clone_from(&wrong));
        let refused: u64 = flood.answers.get("mismatch").copied().unwrap_or(0);
        let ended = liar.ends().with(exit::DAMAGED, "again and again");
        assert!(refused < 100, "{refused} times\n{ended:#?}");
        assert!(!scene.has_any("png") && !scene.has_any("part"), "{:?}", scene.downloads());
    }
}

#[test]
fn what_is_there_from_before_isnt_read_over_and_over() {
    let scene = Scene::new();
    let (size, here) = (32 * MIB as u64, 24);
    let mut offer = one_file("photo.png", size);
    offer["mtime"] = json!([1_763_720_000, 0]);
    let mut liar = scene.lies_to(scene.bob(&["--timeout", "3"]), &offer);
    assert_eq!(liar.ask(&file(0, "photo.png", size)), "ready");
    let data = contents(MIB, 5);
    let flood = liar.pipe.flood(here, 1, |at, steps| {
        steps.extend_from_slice(&chunk(0, at * MIB as u64, &data));
    });
    assert_eq!(flood.answers.get("ready"), Some(&here), "{flood:?}");
    liar.peer.fin();
    liar.pipe.cut();
    let ended = liar.bob.ends();
    assert_eq!(ended.status, exit::NO_PEER, "{ended:#?}");

    let mut liar = scene.lies(&offer);
    assert!(liar.part, "it has forgotten");
    assert_eq!(liar.ask(&file(0, "photo.png", size)), "ready");
    let read = liar.bob.has_read();
    for _ in 0..40 {
        assert_eq!(liar.ask(&close_with(0, 1, [0; 32])), "mismatch");
        assert_eq!(liar.ask(&file(0, "photo.png", size)), "ready");
    }
    let read = liar.bob.has_read() - read;
    assert!(read < 2 * here * MIB as u64, "it has read {read} bytes");
    // To leave it out is the end of it, too.
    let skip = json!({ "entry": 0, "code": "unreadable", "text": "enough of it" });
    assert_eq!(liar.ask(&json_step(kind::SKIP, &skip)), "ready");
    assert_eq!(liar.ask(&file(0, "photo.png", size)), "unlawful");
    assert_eq!(liar.ask(&end(1)), "ready");
    liar.ends().with(exit::UNREADABLE, "enough of it");
}

#[test]
fn pipes_that_are_cut_at_once_can_be_stopped() {
    let scene = Scene::new();
    let mut liar = scene.lies(&one_file("photo.png", 4));
    for _ in 0..2 {
        liar.pipe.cut();
        liar.pipe = liar.peer.pipe(1);
    }
    liar.cancels();
    liar.ends().with(exit::CANCELLED, "your peer stopped it");
}

#[test]
fn offers_without_end() {
    let scene = Scene::new();
    let mut liar = scene.lies(&one_file("photo.png", 4));
    for number in 2..2000 {
        liar.peer.offer(number, &one_file("other.png", 4));
    }
    assert_eq!(liar.ask(&whole(0, "photo.png", b"good")), "ready");
    assert_eq!(liar.ask(&end(1)), "ready");
    let ended = liar.ends().well();
    assert_eq!(ended.count("offered"), 1);
    assert_eq!(scene.downloads(), ["photo.png"]);
}

#[test]
fn bytes_of_a_stream_that_come_too_early_are_bounded() {
    let scene = Scene::new();
    let bob = scene.bob_with(&["--to", "-"], Told::JsonBeside);
    let size = 1 << 30;
    let mut liar = scene.lies_to(bob.at_most(128 * 1024), &one_file("photo.png", size));
    assert_eq!(liar.ask(&file(0, "photo.png", size)), "ready");
    // All but the first, which all others wait for.
    let data = vec![1; MIB];
    let flood = liar.pipe.flood(200, 1, |at, steps| {
        steps.extend_from_slice(&chunk(0, (at + 1) * MIB as u64, &data));
    });
    assert!(flood.answers["ready"] <= 64, "{flood:?}");
    liar.ends().with(exit::UNWRITABLE, "takes them only in order");
}

#[test]
fn answers_that_are_never_read_hold_nothing_up() {
    let scene = Scene::new();
    let mut liar = scene.lies(&one_file("photo.png", 4));
    let tiny = end(9);
    liar.pipe.stuff(&tiny.repeat(MIB / tiny.len()));
    liar.cancels();
    liar.ends().with(exit::CANCELLED, "your peer stopped it");
}
