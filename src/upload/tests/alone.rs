//! The relay's side alone: order, the life of transfers, silence, bounds.

use super::desk::{Desk, chunk, close, frames, hello};
use crate::time::Moment;
use crate::upload::{Limits, MAX_UNANSWERED, Reply};
use crate::zmtp::TooMuch;
use std::time::Duration;

#[test]
fn chunks_in_any_order_become_the_file() {
    let mut desk = Desk::new();
    desk.ready(&hello("a.txt"));
    desk.ready(&chunk("a.txt", 6, b"world"));
    desk.ready(&chunk("a.txt", 0, b"hello "));
    assert!(desk.shelf.is_empty(), "not before CLOSE");
    desk.ready(&close("a.txt", "11"));
    assert_eq!(desk.shelf["a.txt"], b"hello world");
    assert_eq!(desk.uploads.names().count(), 0);
    desk.ready(&hello("empty"));
    desk.ready(&close("empty", "0"));
    assert_eq!(desk.shelf["empty"], b"");
}

#[test]
fn a_refused_hello_sets_nothing_up_and_touches_nothing() {
    let mut desk = Desk::new();
    desk.elsewhere.push("other".to_owned());
    desk.shelf.insert("old".to_owned(), Vec::new());
    desk.ready(&hello("a"));
    desk.ready(&chunk("a", 0, b"12"));
    let again = "\"a\" is in transit already; CLOSE it first";
    assert_eq!(desk.refused(&hello("a")), again);
    assert_eq!(desk.refused(&hello("other")), "\"other\" is in transit");
    assert_eq!(desk.refused(&hello("old")), "\"old\" is on the shelf already");
    for name in ["", "..", "a/b", "a\n", "NUL", ".couplet-x"] {
        desk.refused(&hello(name));
    }
    let unknown = desk.refused(&chunk("other", 0, b"x"));
    assert_eq!(unknown, "got CHUNK for \"other\", which isn't in transit; send HELLO first");
    desk.ready(&chunk("a", 2, b"34"));
    desk.ready(&close("a", "4"));
    assert_eq!(desk.shelf["a"], b"1234");
}

#[test]
fn a_refused_chunk_is_rejected_alone() {
    let mut desk = Desk::new();
    desk.ready(&hello("a"));
    desk.ready(&chunk("a", 0, b"1234"));
    let overlap = "got offset 2 size 4, which overlaps 2–4";
    assert_eq!(desk.refused(&chunk("a", 2, b"xxxx")), overlap);
    let mut damaged = chunk("a", 4, b"5678");
    damaged[5] = b"5679"[..].into();
    desk.refused(&damaged);
    desk.refused(&chunk("a", 4, b"5678")[..5]);
    desk.failures = 1;
    assert_eq!(desk.refused(&chunk("a", 4, b"5678")), "the disk is full");
    desk.ready(&chunk("a", 4, b"5678"));
    desk.ready(&close("a", "8"));
    assert_eq!(desk.shelf["a"], b"12345678");
}

#[test]
fn a_refused_close_aborts_that_transfer_and_no_other() {
    let mut desk = Desk::new();
    for (bad, why) in [
        (close("a", "6"), "bytes 2 to 4 are missing"),
        (
            close("a", "six"),
            "got the size \"six\", expected decimal digits and nothing else (no sign, no space)",
        ),
        (frames(&[b"CLOSE", b"a"]), "got CLOSE with 2 frames, expected 3: CLOSE, name, size"),
    ] {
        desk.ready(&hello("a"));
        desk.ready(&chunk("a", 0, b"12"));
        desk.ready(&chunk("a", 4, b"56"));
        if desk.uploads.names().count() == 1 {
            desk.ready(&hello("b"));
        }
        assert_eq!(desk.refused(&bad), why);
        let gone = desk.refused(&chunk("a", 2, b"34"));
        assert!(gone.contains("no longer in transit") && gone.contains(why), "{gone}");
        assert!(desk.refused(&close("a", "6")).contains("begin again with HELLO"));
    }
    desk.ready(&hello("a"));
    desk.uploads.handle_refused(&close("a", "1"), TooMuch::Frames, desk.now);
    desk.take_tasks();
    assert!(
        matches!(desk.uploads.poll_reply(), Some(Reply::Error(text)) if text.contains("16 frames"))
    );
    assert_eq!(desk.uploads.names().count(), 1, "only b is left");
    desk.ready(&close("b", "0"));
    assert_eq!(desk.shelf.keys().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn a_close_that_says_the_wrong_size_is_told_both() {
    let mut desk = Desk::new();
    desk.ready(&hello("a"));
    desk.ready(&chunk("a", 0, &[0; 5120]));
    let told = desk.refused(&close("a", "5000"));
    assert_eq!(told, "CLOSE says 5000 bytes, the highest chunk ends at 5120");
}

#[test]
fn replies_come_in_the_order_of_requests() {
    let mut desk = Desk::new();
    desk.ready(&hello("a"));
    desk.hear(&chunk("a", 0, b"12"));
    desk.hear(&chunk("a", 1, b"x"));
    desk.hear(&chunk("a", 2, b"34"));
    desk.hear(&frames(&[b"what"]));
    assert_eq!(desk.uploads.poll_reply(), None, "the first isn't written yet");
    desk.hear(&close("a", "4"));
    assert!(!desk.uploads.wants_message(), "a CLOSE is through before what follows");
    desk.work();
    assert_eq!(desk.uploads.poll_reply(), Some(Reply::Ready));
    assert!(
        matches!(desk.uploads.poll_reply(), Some(Reply::Error(text)) if text.contains("overlaps"))
    );
    assert_eq!(desk.uploads.poll_reply(), None, "the third isn't written yet");
    assert!(desk.shelf.is_empty());
    desk.work_off();
    assert_eq!(desk.uploads.poll_reply(), Some(Reply::Ready));
    assert!(matches!(desk.uploads.poll_reply(), Some(Reply::Error(text)) if text.contains("what")));
    assert_eq!(desk.uploads.poll_reply(), Some(Reply::Ready));
    assert!(desk.uploads.is_idle());
    assert_eq!(desk.shelf["a"], b"1234");
}

#[test]
fn what_is_being_written_when_a_transfer_is_aborted_goes_nowhere() {
    let mut desk = Desk::new();
    desk.ready(&hello("a"));
    desk.hear(&chunk("a", 0, b"12"));
    desk.hear(&close("a", "x"));
    desk.work_off();
    desk.hear(&hello("a"));
    desk.work_off();
    let replies: Vec<_> = std::iter::from_fn(|| desk.uploads.poll_reply()).collect();
    assert!(matches!(&replies[..], [Reply::Ready, Reply::Error(_), Reply::Ready]), "{replies:?}");
    desk.ready(&chunk("a", 0, b"34"));
    desk.ready(&close("a", "2"));
    assert_eq!(desk.shelf["a"], b"34");
}

#[test]
fn a_client_that_is_faster_than_the_disk_is_not_read() {
    let mut desk = Desk::new();
    desk.ready(&hello("a"));
    let megabyte = vec![7; 1 << 20];
    desk.hear(&chunk("a", 0, &megabyte));
    desk.hear(&chunk("a", 1 << 20, &megabyte));
    assert!(!desk.uploads.wants_message());
    desk.work();
    assert!(desk.uploads.wants_message());
    desk.work_off();
    while desk.uploads.poll_reply().is_some() {}
    for at in 0..MAX_UNANSWERED {
        assert!(desk.uploads.wants_message(), "{at}");
        desk.hear(&chunk("b", 0, b"x"));
    }
    assert!(!desk.uploads.wants_message(), "who reads no replies isn't read");
}

#[test]
fn a_client_has_so_many_files_in_transit() {
    let mut desk = Desk::new();
    for name in ["a", "b", "c"] {
        desk.ready(&hello(name));
    }
    let told = desk.refused(&hello("d"));
    assert!(told.starts_with("3 files of this client are in transit"), "{told}");
    desk.ready(&close("b", "0"));
    desk.ready(&hello("d"));
}

#[test]
fn a_silent_client_loses_its_transfers() {
    let silence = Limits::default().silence;
    let mut desk = Desk::new();
    assert_eq!(desk.uploads.poll_timeout(), None, "nothing to lose");
    desk.ready(&hello("a"));
    desk.now = Moment::from_start(silence / 2);
    desk.ready(&chunk("a", 0, b"12"));
    let at = desk.now + silence;
    assert_eq!(desk.uploads.poll_timeout(), Some(at));
    desk.hear(&chunk("a", 2, b"34"));
    assert_eq!(desk.uploads.poll_timeout(), None, "the disk's time isn't the client's");
    desk.work_off();
    assert_eq!(desk.uploads.poll_reply(), Some(Reply::Ready));
    desk.now = at;
    desk.uploads.handle_sign(Moment::from_start(silence));
    desk.uploads.handle_timeout(at);
    assert_eq!(desk.uploads.names().count(), 1, "some of a chunk came meanwhile");
    desk.now = at + silence + Duration::from_secs(1);
    desk.uploads.handle_timeout(desk.now);
    desk.take_tasks();
    assert_eq!(desk.uploads.names().count(), 0);
    let told = desk.refused(&chunk("a", 2, b"34"));
    assert!(told.contains("nothing came for 300 s"), "{told}");
    desk.ready(&hello("a"));
}
