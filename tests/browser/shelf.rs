//! The relay's shelf in a page: logging in, fetching several, putting something there.

use super::scene::{Place, same};
use crate::support::shelf::{PASSWORD, ShelfPlace};
use crate::support::web::eventually;

#[test]
fn who_logs_in_ticks_fetches_and_puts() {
    let (place, shelf) = (Place::new(), ShelfPlace::with_ann(&[]));
    let report = shelf.shelve("report.pdf", 3_000_000);
    let photo = shelf.shelve("photo.png", 1000);
    shelf.shelve("notes.txt", 10);
    let ann = place.page_at("ann", &shelf.address, &["--new"]);
    ann.has_a_code();
    ann.click("shelf-open");
    ann.sees("shelf-login", "asks who you are");
    ann.write("shelf-name", "ann");
    ann.enter("shelf-password", "wrong horse");
    ann.sees("shelf-wrong", "wrong");
    ann.sees("shelf-login", "Log in");
    assert!(!ann.asks("return document.body.innerText", &().into()).to_string().contains("horse"));
    ann.sees("shelf-name", "ann");
    ann.enter("shelf-password", PASSWORD);
    for name in ["report.pdf", "photo.png", "notes.txt"] {
        ann.sees("shelf-files", name);
    }
    ann.sees("shelf-user", "ann");

    // A part of the name, then all of them again. What was ticked before stays so.
    ann.click("shelf-tick-photo.png");
    ann.enter("shelf-pattern", "*.pdf");
    ann.misses("shelf-files", "photo.png");
    ann.sees("shelf-chosen", "1 of them not in this list");
    ann.click("shelf-tick-report.pdf");
    ann.sees("shelf-chosen", "2 files");
    ann.asks("find('shelf-pattern').value = ''", &().into());
    ann.click("shelf-search");
    ann.sees("shelf-files", "photo.png");
    ann.misses("shelf-chosen", "not in this list");
    ann.sees("shelf-chosen", "2 files");
    ann.click("shelf-fetch");
    ann.sees_of("report.pdf", "verified ✓");
    ann.sees_of("photo.png", "verified ✓");
    assert!(std::fs::read(ann.received("report.pdf")).expect("there") == report);
    assert!(std::fs::read(ann.received("photo.png")).expect("there") == photo);
    assert!(!ann.received("notes.txt").exists());

    // What was fetched is marked; something of one's own is laid down.
    ann.click("shelf-open");
    ann.sees("shelf-file-report.pdf", "fetched");
    let draft = place.file("draft.txt", b"a draft");
    ann.upload("pick-put", &[&draft]);
    ann.sees("shelf-files", "draft.txt");
    let laid = shelf.shelf().join("draft.txt");
    eventually("the draft on the shelf", || laid.exists());
    assert!(same(&draft, &laid));
    ann.click("shelf-close");
    ann.sees("log", "draft.txt");

    ann.click("shelf-open");
    ann.click("shelf-logout");
    ann.sees("shelf-login", "asks who you are");
    ann.is_sound();
}

#[test]
fn a_relay_without_a_shelf_says_so() {
    let (place, relay) = (Place::new(), crate::support::relay::Relay::start(&[]));
    let ann = place.page("ann", &relay, &["--new"]);
    ann.has_a_code();
    ann.click("shelf-open");
    ann.sees("shelf-text", "no shelf");
    ann.click("shelf-close");
    ann.sees("invite-code", "-");
    ann.is_sound();
}
