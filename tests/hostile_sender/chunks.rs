//! The bytes of a file: twice, beside it, damaged, packed into bombs.

use super::scene::{Scene, one_file};
use super::steps::{
    chunk, chunk_with, close, close_with, end, file, hello, hole, json_step, packed, step,
};
use super::support::contents;
use couplet::transfer::entry::EntryKind;
use couplet::transfer::tree::piece_hash;
use couplet::transfer::wire::kind;
use couplet_ui::config::exit;
use serde_json::json;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

#[test]
fn lies_about_the_bytes_are_refused_and_the_truth_is_taken_after_them() {
    let scene = Scene::new();
    let data = contents(2 * MIB, 3);
    let (first, second) = data.split_at(MIB);
    let mut liar = scene.lies(&one_file("photo.png", data.len() as u64));
    // Before its HELLO nothing has a place.
    assert_eq!(liar.ask(&chunk(0, 0, first)), "out_of_order");
    assert_eq!(liar.ask(&close(0, &data)), "out_of_order");
    assert_eq!(liar.ask(&end(1)), "gap");
    assert_eq!(liar.ask(&file(0, "photo.png", data.len() as u64)), "ready");
    // A checksum of something else; of the same at another place.
    assert_eq!(liar.ask(&chunk_with(0, 0, first, [9; 32])), "checksum");
    let elsewhere = piece_hash(MIB as u64, first).chain;
    assert_eq!(liar.ask(&chunk_with(0, 0, first, elsewhere)), "checksum");
    assert_eq!(liar.ask(&chunk(0, 0, first)), "ready");
    // The same again, parts of it, more than it.
    assert_eq!(liar.ask(&chunk(0, 0, first)), "overlap");
    assert_eq!(liar.ask(&chunk(0, 0, &second[..16 * KIB])), "overlap");
    assert_eq!(liar.ask(&chunk(0, 512 * KIB as u64, &second[..512 * KIB])), "overlap");
    assert_eq!(liar.ask(&hole(0, 0, MIB as u64)), "overlap");
    assert_eq!(liar.ask(&hole(0, 0, 2 * MIB as u64)), "overlap");
    // Pieces that are none.
    assert_eq!(liar.ask(&chunk_with(0, MIB as u64, &second[..17 * KIB], [0; 32])), "out_of_range");
    assert_eq!(liar.ask(&chunk_with(0, MIB as u64, b"", [0; 32])), "out_of_range");
    // Too early, with a part of it missing.
    assert_eq!(liar.ask(&close(0, &data)), "gap");
    assert_eq!(liar.ask(&end(1)), "gap");
    assert_eq!(liar.ask(&chunk(0, MIB as u64, second)), "out_of_order");
    assert_eq!(liar.ask(&file(0, "photo.png", data.len() as u64)), "ready");
    assert_eq!(liar.ask(&chunk(0, MIB as u64, second)), "ready");
    assert_eq!(liar.ask(&close(0, &data)), "ready");
    for entries in [0, 2, 1 << 63, u64::MAX] {
        assert_eq!(liar.ask(&end(entries)), "gap", "{entries}");
    }
    assert_eq!(liar.ask(&end(1)), "ready");
    liar.ends().well();
    assert_eq!(scene.received("photo.png"), data);
}

#[test]
fn a_root_of_something_else_leaves_nothing_behind() {
    let scene = Scene::new();
    let data = contents(MIB, 3);
    let mut liar = scene.lies(&one_file("photo.png", MIB as u64));
    for root in [[0; 32], *blake3::hash(b"else").as_bytes()] {
        assert_eq!(liar.ask(&file(0, "photo.png", MIB as u64)), "ready");
        assert_eq!(liar.ask(&chunk(0, 0, &data)), "ready");
        assert_eq!(liar.ask(&close_with(0, MIB as u64, root)), "mismatch");
    }
    let text = json!({ "code": "mismatch", "text": "it is another one every time" });
    let _ = liar.pipe.send(&json_step(kind::ABORT, &text));
    liar.ends().with(exit::DAMAGED, "it is another one");
    let names = scene.downloads();
    assert!(names.iter().all(|name| name.starts_with(".couplet-")), "{names:?}");
    assert!(!scene.has_any("part"), "{names:?}");
}

#[test]
fn a_size_that_isnt_that_of_the_data_ends_the_transfer() {
    for (of, size, data) in [
        (kind::CHUNK, 16 << 10, 4),
        (kind::CHUNK, 0, 4),
        (kind::CHUNK, u32::MAX, 4),
        (kind::CHUNK, (1 << 20) + 1, 4),
        (kind::PACKED, u32::MAX, 4),
        (kind::PACKED, (1 << 20) + 1, 4),
    ] {
        let scene = Scene::new();
        let mut liar = scene.lies(&one_file("photo.png", MIB as u64));
        assert_eq!(liar.ask(&file(0, "photo.png", MIB as u64)), "ready");
        let mut body = vec![0; 16];
        body.extend_from_slice(&u32::to_be_bytes(size));
        body.resize(52 + data, 0);
        let _ = liar.pipe.send(&step(of, &body));
        liar.pipe.hung_up();
        liar.ends().with(exit::DAMAGED, "makes no sense");
    }
}

/// A zstd frame (RFC 8878) with blocks of one byte that is repeated: four bytes for 128 KiB of zeros.
fn zeros_packed(kib: usize, head: &[u8]) -> Vec<u8> {
    let blocks = kib / 128;
    let mut frame = [&[0x28, 0xb5, 0x2f, 0xfd], head].concat();
    for block in 1..=blocks {
        let bits = u32::from(block == blocks) | 1 << 1 | (128 << 10) << 3;
        frame.extend_from_slice(&bits.to_le_bytes()[..3]);
        frame.push(0);
    }
    frame
}

/// A window of 128 KiB, and no word about the size.
const MODEST: &[u8] = &[0, 7 << 3];

#[test]
fn bombs_dont_go_off() {
    let scene = Scene::new();
    let mut liar = scene.lies(&one_file("zeros", 2 * MIB as u64));
    assert_eq!(liar.ask(&file(0, "zeros", 2 * MIB as u64)), "ready");
    let whole = u32::try_from(MIB).expect("small");
    let bombs = [
        // As many blocks as fit a record: 32 GiB.
        zeros_packed(32 * KIB * KIB * 9 / 10, MODEST),
        zeros_packed(KIB + 128, MODEST),
        zeros_packed(KIB - 128, MODEST),
        // Said to be 2^63 bytes, with a window as large; with a window of 3.75 TiB.
        zeros_packed(KIB, &[[0xe0].as_slice(), &(1_u64 << 63).to_le_bytes()].concat()),
        zeros_packed(KIB, &[0, 0xff]),
        // Says that it is as long as it should be, and is longer.
        zeros_packed(2 * KIB, &[[0xa0].as_slice(), &whole.to_le_bytes()].concat()),
        // Two frames, no frame, a frame that isn't complete.
        [zeros_packed(KIB, MODEST), zeros_packed(KIB, MODEST)].concat(),
        Vec::new(),
        vec![0x28, 0xb5, 0x2f, 0xfd],
        vec![0xff; MIB],
    ];
    for (at, bomb) in bombs.iter().enumerate() {
        assert_eq!(liar.ask(&packed(0, 0, whole, bomb)), "checksum", "bomb {at}");
    }
    // What is as large as it says is good.
    assert_eq!(liar.ask(&packed(0, 0, whole, &zeros_packed(KIB, MODEST))), "ready");
    assert_eq!(liar.ask(&hole(0, MIB as u64, MIB as u64)), "ready");
    assert_eq!(liar.ask(&close(0, &vec![0; 2 * MIB])), "ready");
    assert_eq!(liar.ask(&end(1)), "ready");
    liar.ends().well();
}

#[test]
fn a_stream_without_end_takes_no_memory_and_can_be_stopped() {
    let scene = Scene::new();
    let offer = json!({ "name": "stdin", "form": "stream", "entries": 1 });
    let mut liar = scene.lies(&offer);
    assert_eq!(liar.ask(&hello(0, "stdin", EntryKind::File { size: None })), "ready");
    let data = vec![5; MIB];
    let flood = liar.pipe.flood(200, 1, |at, steps| {
        steps.extend_from_slice(&chunk(0, at * MIB as u64, &data));
    });
    assert_eq!(flood.answers.get("ready"), Some(&200), "{flood:?}");
    liar.cancels();
    liar.ends().with(exit::CANCELLED, "your peer stopped it");
    // Of a stream nothing is kept.
    assert!(!scene.has_any("new"), "{:?}", scene.downloads());
}

#[test]
fn a_text_without_end_is_cut_off() {
    let scene = Scene::new();
    let size = 4 * MIB as u64;
    let offer = json!({ "name": "text", "form": "text", "size": size, "entries": 1 });
    let mut liar = scene.lies(&offer);
    // Left out, and as it is the only one, that is the end.
    assert_eq!(liar.ask(&file(0, "text", size)), "unlawful");
    let said = liar.ask(&end(1));
    assert!(matches!(said.as_str(), "unlawful" | "ready"), "{said}");
    liar.ends().with(exit::DAMAGED, "the text is longer than");
}
