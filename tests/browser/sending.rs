//! Files and folders between pages: large, small, declined, cancelled.

use super::scene::{LONG, Place, met, same};
use crate::support::memory::Peak;
use crate::support::relay::Relay;
use crate::support::web::eventually;
use crate::support::{contents, proc_status_kib};
use serde_json::json;
use std::fs;

const MIB: usize = 1 << 20;
/// 300 MB.
const SIZE: usize = 300_000_000;

/// Notes the most memory that the page's scripts have.
const WATCH_HEAP: &str = "
    const now = () => performance.memory.usedJSHeapSize;
    window.heap = { first: now(), most: now() };
    setInterval(() => { heap.most = Math.max(heap.most, now()); }, 50);";

#[test]
fn three_hundred_megabytes_go_from_page_to_page_without_being_held_in_memory() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = met(&place, &relay.address, &[]);
    let big = place.file("big.bin", &contents(SIZE, 7));
    let peaks = [&ann, &bob].map(|person| {
        person.asks(WATCH_HEAP, &().into());
        let before = proc_status_kib(person.web.pid(), "VmRSS") / 1024;
        (Peak::of("couplet web", person.web.pid()), before)
    });
    ann.upload("pick-files", &[&big]);
    bob.sees_within(LONG, "transfer-list", "big.bin");
    let id = bob.accepts("big.bin");
    ann.sees_of("big.bin", "verified ✓");
    bob.sees_of("big.bin", "verified ✓");
    assert!(same(&big, &bob.received("big.bin")));

    for (person, (peak, before)) in [&ann, &bob].into_iter().zip(peaks) {
        peak.stays_below(before + 64);
        let grown = person.asks("return heap.most - heap.first", &().into());
        let grown = grown.as_f64().expect("a number");
        assert!(grown < 64e6, "the page's scripts have taken {grown} bytes");
    }

    // And something small goes the other way, whoever's turn it is.
    let note = place.file("note.txt", b"a note");
    bob.upload("pick-files", &[&note]);
    ann.accepts("note.txt");
    bob.sees_of("note.txt", "verified ✓");
    assert_eq!(fs::read(ann.received("note.txt")).expect("there"), b"a note");
    // What was on its way lies nowhere any more.
    eventually("an empty spool", || ann.spooled().is_empty() && bob.spooled().is_empty());

    // It comes out of the page again, saved by its link, and in parts.
    let saved = place.dir("saved");
    bob.saves_in(&saved);
    bob.click(&format!("download-{id}"));
    let saved = saved.join("big.bin");
    eventually("the saved file", || {
        fs::metadata(&saved).is_ok_and(|saved| saved.len() == SIZE as u64)
    });
    assert!(same(&big, &saved));
    let part = bob.asks_later(
        "fetch(find(args[0]).href, { headers: { Range: 'bytes=299999990-' } }).then(async (part) => done(
            [part.status, part.headers.get('Content-Range'), [...new Uint8Array(await part.arrayBuffer())]]))",
        &json!([format!("download-{id}")]),
    );
    let range = "bytes 299999990-299999999/300000000";
    assert_eq!(part, json!([206, range, contents(SIZE, 7)[SIZE - 10..]]));
    ann.is_sound();
    bob.is_sound();
}

#[test]
fn folders_go_as_folders_chosen_and_dropped() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = met(&place, &relay.address, &[]);
    place.file("site/index.html", b"<h1>hello</h1>");
    place.file("site/deep/er/ü & x.txt", b"deep");
    place.file("site/deep/data.bin", &contents(2 * MIB, 5));
    fs::create_dir(place.dir("site/empty")).expect("a directory");
    let loose = place.file("loose.txt", b"loose");
    ann.drop_in(&[&place.dir("site"), &loose]);
    bob.accepts("site/");
    bob.accepts("loose.txt");
    bob.sees_of("site/", "verified ✓");
    bob.sees_of("loose.txt", "verified ✓");
    for name in ["site/index.html", "site/deep/er/ü & x.txt", "site/deep/data.bin", "loose.txt"] {
        assert!(same(&place.dir(name), &bob.received(name)), "{name}");
    }
    assert!(bob.received("site/empty").is_dir());

    // By the picker, which passes over what is empty.
    place.file("more/one.txt", b"one");
    place.file("more/two/three.txt", b"three");
    bob.upload("pick-folder", &[&place.dir("more")]);
    ann.accepts("more/");
    ann.sees_of("more/", "verified ✓");
    assert_eq!(fs::read(ann.received("more/one.txt")).expect("there"), b"one");
    assert_eq!(fs::read(ann.received("more/two/three.txt")).expect("there"), b"three");
    ann.is_sound();
    bob.is_sound();
}

#[test]
fn all_that_is_offered_is_accepted_at_once() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = met(&place, &relay.address, &[]);
    let one = place.file("one.txt", b"one");
    let two = place.file("two.txt", b"two");
    ann.upload("pick-files", &[&one]);
    bob.sees("transfers-count", "1 offer");
    bob.misses("all-accept", "Accept");
    ann.upload("pick-files", &[&two]);
    bob.sees("transfers-count", "2 offers");
    bob.click("all-accept");
    for (name, bytes) in [("one.txt", b"one"), ("two.txt", b"two")] {
        bob.sees_of(name, "verified ✓");
        assert_eq!(fs::read(bob.received(name)).expect("there"), bytes);
    }
    bob.misses("all-accept", "Accept");
    ann.is_sound();
    bob.is_sound();
}

#[test]
fn offers_are_declined_and_transfers_cancelled_in_the_middle() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = met(&place, &relay.address, &[]);
    let film = place.file("film.mkv", &contents(20 * MIB, 9));
    ann.upload("pick-files", &[&film]);
    let at_bob = bob.transfer("film.mkv");
    bob.click(&format!("decline-{at_bob}"));
    ann.sees_of("film.mkv", "declined");
    bob.sees_of("film.mkv", "declined");

    // By who gets it, then by who sends it.
    ann.choose("limit", "262144");
    for who in [&bob, &ann] {
        ann.upload("pick-files", &[&film]);
        bob.waits("an offer", "return all('accept-').some(seen)", &().into());
        let id = bob.accepts("film.mkv");
        let moving = "const e = find(args[0]); return seen(e) && e.value > 0";
        bob.waits("some percent", moving, &json!([format!("progress-{id}")]));
        let id = who.transfer("film.mkv");
        who.click(&format!("cancel-{id}"));
        ann.sees_of("film.mkv", "cancelled");
        bob.sees_of("film.mkv", "cancelled");
    }
    assert!(!bob.received("film.mkv").exists());
    bob.sees("tidy", "Clear finished");
    bob.click("tidy");
    bob.sees("transfers-empty", "Nothing moves");
    ann.is_sound();
    bob.is_sound();
}
