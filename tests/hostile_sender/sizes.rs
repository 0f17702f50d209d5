//! Numbers near the end of numbers: sizes, offsets, entries.

use super::scene::{End, Liar, Scene, Told, one_file, site};
use super::steps::{
    chunk, chunk_with, close_with, end, file, folder, hello, hole, json_step, whole,
};
use super::support::raw::Answered;
use couplet::transfer::entry::EntryKind;
use couplet::transfer::wire::kind;
use couplet_ui::config::exit;
use serde_json::{Value, json};

const MIB: u64 = 1 << 20;

/// Says that it can't go on, and waits for the end.
fn aborts(mut liar: Liar) -> End {
    let abort = json_step(kind::ABORT, &json!({ "code": "mismatch", "text": "never mind" }));
    let _ = liar.pipe.send(&abort);
    liar.ends()
}

#[test]
fn an_offer_of_more_than_there_is_on_any_disk_is_declined() {
    for size in [1 << 63, (1 << 63) - 1, u64::MAX] {
        for form in ["file", "folder", "several"] {
            let scene = Scene::new();
            let bob = scene.bob(&[]);
            let mut peer = scene.peer();
            let offer = json!({ "name": "vast", "form": form, "size": size, "entries": u64::MAX });
            peer.offer(1, &offer);
            assert_eq!(peer.answered(1), Answered::Declined);
            peer.hear_out();
            bob.ends().with(exit::UNWRITABLE, "the disk is too full");
        }
    }
}

#[test]
fn a_size_that_is_said_to_take_nothing_isnt_believed_by_the_disk() {
    for size in [1 << 63, (1 << 63) - 1, u64::MAX, u64::MAX - MIB + 1] {
        let scene = Scene::new();
        let mut offer = one_file("vast", size);
        offer["on_disk"] = 0.into();
        let mut liar = scene.lies(&offer);
        assert_eq!(liar.ask(&file(0, "vast", size)), "storage");
        let ended = liar.ends();
        assert_eq!(ended.status, exit::UNWRITABLE, "{ended:#?}");
        assert!(ended.reason().starts_with("vast "), "{ended:#?}");
    }
}

#[test]
fn a_hole_without_end_can_be_stopped() {
    let scene = Scene::new();
    let size = 8 << 40;
    let mut offer = one_file("vast", size);
    offer["on_disk"] = 0.into();
    let mut liar = scene.lies(&offer);
    assert_eq!(liar.ask(&file(0, "vast", size)), "ready");
    liar.pipe.send(&hole(0, 0, size)).expect("sent");
    liar.bob.event("progress");
    liar.cancels();
    liar.ends().with(exit::CANCELLED, "your peer stopped it");
}

#[test]
fn nor_does_one_into_standard_output_hold_it_up() {
    let scene = Scene::new();
    let bob = scene.bob_with(&["--to", "-"], Told::JsonBeside);
    let mut liar = scene.lies_to(bob, &one_file("vast", u64::MAX));
    assert_eq!(liar.ask(&file(0, "vast", u64::MAX)), "ready");
    liar.pipe.send(&hole(0, 0, u64::MAX)).expect("sent");
    liar.cancels();
    liar.ends().with(exit::CANCELLED, "your peer stopped it");
}

#[test]
fn sizes_of_entries_are_those_of_the_offer() {
    let scene = Scene::new();
    let mut liar = scene.lies(&one_file("photo.png", MIB));
    for size in [0, MIB - 1, MIB + 1, 1 << 63, u64::MAX] {
        assert_eq!(liar.ask(&file(0, "photo.png", size)), "not_as_offered", "{size}");
    }
    let endless = hello(0, "photo.png", EntryKind::File { size: None });
    assert_eq!(liar.ask(&endless), "not_as_offered");
    aborts(liar).with(exit::DAMAGED, "never mind");
    // Together they are no more than the offer's, however many there are.
    let scene = Scene::new();
    let mut liar = scene.lies(&site(9));
    assert_eq!(liar.ask(&folder(0, "site")), "ready");
    assert_eq!(liar.ask(&file(1, "site/a", MIB)), "ready");
    for (entry, size) in (2..).zip([MIB, 1 << 63, u64::MAX, u64::MAX - MIB]) {
        assert_eq!(liar.ask(&file(entry, format!("site/{entry}"), size)), "not_as_offered");
    }
    aborts(liar).with(exit::DAMAGED, "never mind");
}

#[test]
fn offsets_near_the_end_of_numbers_have_no_place() {
    let scene = Scene::new();
    let mut liar = scene.lies(&one_file("photo.png", 2 * MIB));
    assert_eq!(liar.ask(&file(0, "photo.png", 2 * MIB)), "ready");
    let data = vec![1; 16 << 10];
    let last = u64::MAX - (16 << 10) + 1;
    for offset in [u64::MAX, last, last - MIB, 1 << 63, 2 * MIB, 1, MIB + 1] {
        let step = chunk_with(0, offset, &data, [0; 32]);
        assert_eq!(liar.ask(&step), "out_of_range", "{offset}");
    }
    for (offset, size) in [
        (0, u64::MAX),
        (u64::MAX, 1),
        (u64::MAX - MIB + 1, MIB),
        (1 << 63, 1 << 63),
        (MIB, u64::MAX - MIB),
        (0, 3 * MIB),
        (0, 1),
        (1, MIB),
        (0, 0),
        (2 * MIB, 0),
    ] {
        assert_eq!(liar.ask(&hole(0, offset, size)), "out_of_range", "{offset} {size}");
    }
    aborts(liar).with(exit::DAMAGED, "never mind");
}

#[test]
fn a_stream_has_no_place_near_the_end_of_numbers_either() {
    let data = vec![1; 1 << 20];
    let offer = json!({ "name": "stdin", "form": "stream", "entries": 1 });
    for (offset, said) in [
        (u64::MAX - MIB + 1, "out_of_range"),
        (u64::MAX - 2 * MIB + 1, "storage"),
        (1 << 63, "storage"),
        ((1 << 63) - MIB, "storage"),
    ] {
        let scene = Scene::new();
        let mut liar = scene.lies(&offer);
        assert_eq!(liar.ask(&hello(0, "stdin", EntryKind::File { size: None })), "ready");
        // What is no piece has no checksum.
        let is_piece = said == "storage";
        let step =
            if is_piece { chunk(0, offset, &data) } else { chunk_with(0, offset, &data, [0; 32]) };
        assert_eq!(liar.ask(&step), said, "{offset}");
        if said == "storage" {
            liar.ends().with(exit::UNWRITABLE, "stdin");
        } else {
            for size in [0, u64::MAX, 1 << 63] {
                let said = liar.ask(
                    &[
                        hello(0, "stdin", EntryKind::File { size: None }),
                        close_with(0, size, [0; 32]),
                    ]
                    .concat(),
                );
                assert!(matches!(said.as_str(), "ready" | "gap" | "mismatch"), "{said}");
            }
            aborts(liar).with(exit::DAMAGED, "never mind");
        }
        assert_eq!(scene.downloads().iter().filter(|name| name.contains("stdin")).count(), 0);
    }
}

#[test]
fn numbers_of_entries_near_the_end_of_numbers_are_no_entries() {
    let scene = Scene::new();
    let mut liar = scene.lies(&site(u64::MAX));
    assert_eq!(liar.ask(&folder(0, "site")), "ready");
    for entry in [u64::MAX, u64::MAX - 1, 1 << 63, 1 << 32, 4097 + 1] {
        assert_eq!(liar.ask(&folder(entry, "site/a")), "not_as_offered", "{entry}");
        let skip = json!({ "entry": entry, "code": "unreadable", "text": "no" });
        assert_eq!(liar.ask(&json_step(kind::SKIP, &skip)), "not_as_offered", "{entry}");
        let step = chunk_with(entry, u64::MAX, &[1], [0; 32]);
        assert_eq!(liar.ask(&step), "out_of_order", "{entry}");
        assert_eq!(liar.ask(&hole(entry, u64::MAX, u64::MAX)), "out_of_order", "{entry}");
        let step = close_with(entry, u64::MAX, [0; 32]);
        assert_eq!(liar.ask(&step), "out_of_order", "{entry}");
    }
    for entries in [0, 2, 1 << 63, u64::MAX] {
        assert_eq!(liar.ask(&end(entries)), "gap", "{entries}");
    }
    assert_eq!(liar.ask(&whole(1, "site/x", b"good")), "ready");
    assert_eq!(liar.ask(&end(2)), "ready");
    liar.ends().well();
    assert_eq!(scene.received("site/x"), b"good");
}

#[test]
fn numbers_that_are_none_end_the_transfer() {
    let beyond = 18_446_744_073_709_551_616.0;
    for (of, body) in [
        (kind::HELLO, json!({ "entry": 0, "path": "photo.png", "is": "file", "size": beyond })),
        (kind::HELLO, json!({ "entry": -1, "path": "photo.png", "is": "file", "size": 4 })),
        (kind::HELLO, json!({ "entry": 0.5, "path": "photo.png", "is": "file", "size": 4 })),
        (kind::CLOSE, json!({ "entry": 0, "size": beyond, "root": "00".repeat(32) })),
        (kind::CLOSE, json!({ "entry": 0, "size": 4, "root": "\u{1b}[2J".repeat(8) })),
        (kind::END, json!({ "entries": beyond })),
        (kind::END, Value::Null),
    ] {
        let scene = Scene::new();
        let mut liar = scene.lies(&one_file("photo.png", 4));
        let _ = liar.pipe.send(&json_step(of, &body));
        liar.pipe.hung_up();
        liar.ends().with(exit::DAMAGED, "can't be read");
    }
}
