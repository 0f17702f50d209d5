//! Laying down and removing: whose a name is, what there is room for, and who may.

use super::support::shelf::{PASSWORD, ShelfPlace, at, failed, told};
use super::support::valve::{Valve, Way};
use super::{MIB, same};
use couplet_ui::config::exit;
use std::fs;

#[test]
fn what_is_laid_down_is_there_for_all() {
    let place = ShelfPlace::with_ann(&[]);
    let a = place.own("a.bin", 3_000_000);
    let b = place.own("b", 0);
    let ended = place.ann_ran(&["put", "a.bin", "b"]).well();
    assert!(ended.err.contains("a.bin laid down, verified"), "{}", ended.err);
    same(&place.shelf().join("a.bin"), &a);
    same(&place.shelf().join("b"), &b);
    let ended = place.ann_ran(&["get", "a.bin", "--json"]).well();
    assert_eq!(told(&ended, "verified"), ["a.bin"]);
    same(&place.fetched("a.bin"), &a);
    // Nothing else is left on the shelf, hidden or not.
    assert_eq!(fs::read_dir(place.shelf()).expect("a directory").count(), 2);
    let ended = place.ann_ran(&["put", "nowhere", "a.bin", "--json"]).with(exit::UNREADABLE.into());
    assert_eq!(failed(&ended).len(), 2, "{:?}", ended.events());
}

#[test]
fn a_name_that_is_taken_stays_what_it_is() {
    let place = ShelfPlace::with_ann(&[]);
    let theirs = place.shelve("Photo.png", 100);
    place.own("Photo.png", 200);
    place.own("photo.PNG", 200);
    place.own("other", 10);
    let ended = place.ann_ran(&["put", "Photo.png", "other", "--json"]).with(exit::TAKEN.into());
    assert_eq!(failed(&ended)[0].1, "taken");
    assert!(failed(&ended)[0].2.contains("is on the shelf already"));
    assert_eq!(told(&ended, "verified"), ["other"]);
    let ended = place.ann_ran(&["put", "photo.PNG", "--json"]).with(exit::TAKEN.into());
    assert_eq!(failed(&ended)[0].1, "taken", "some systems hold them equal");
    same(&place.shelf().join("Photo.png"), &theirs);
    assert_eq!(place.shelved(), ["Photo.png", "other"]);
}

#[test]
fn while_something_comes_its_name_is_nobody_elses_and_nobody_sees_it() {
    let place = ShelfPlace::with_ann(&["--metrics-listen", "127.0.0.1:0"]);
    let bytes = place.own("big.bin", 24 << 20);
    place.own("other/big.bin", 100);
    let valve = Valve::before(&place.address);
    valve.allow(Way::Up, 8 * MIB);
    let ann = at(
        &place.dir("ann"),
        &valve.address,
        Some(("ann", PASSWORD)),
        &["put", "big.bin", "--json"],
    );
    ann.moved(4 * MIB);
    place.relay().has("couplet_shelf_claims", 1);

    let ended = place.ann_ran(&["put", "other/big.bin", "--json"]).with(exit::TAKEN.into());
    assert_eq!(failed(&ended)[0].1, "in_transit");
    assert!(failed(&ended)[0].2.contains("by somebody at this moment"));
    assert_eq!(place.shelved(), Vec::<String>::new());
    let ended = place.ann_ran(&["list", "--json"]).well();
    assert!(told(&ended, "file").is_empty(), "{:?}", ended.events());
    let ended = place.ann_ran(&["get", "big.bin", "--json"]).with(exit::MISSING.into());
    assert!(failed(&ended)[0].2.contains("just being laid down"), "{:?}", failed(&ended));

    valve.open();
    ann.ends().well();
    same(&place.shelf().join("big.bin"), &bytes);
    place.relay().has("couplet_shelf_claims", 0);
    let ended = place.ann_ran(&["put", "other/big.bin", "--json"]).with(exit::TAKEN.into());
    assert_eq!(failed(&ended)[0].1, "taken");
}

#[test]
fn what_there_is_no_room_for_is_refused_with_figures() {
    let place = ShelfPlace::with_ann(&["--shelf-quota", "1M", "--shelf-max-file", "600K"]);
    for (name, kib) in [("large", 601), ("first", 600), ("second", 425), ("third", 424)] {
        place.own(name, kib << 10);
    }
    let ended = place.ann_ran(&["put", "large", "--json"]).with(exit::REFUSED.into());
    let [(_, code, text)] = &failed(&ended)[..] else { panic!("{:?}", ended.events()) };
    assert_eq!(code, "too_large");
    assert!(text.contains("601") && text.contains("600"), "{text}");

    place.ann_ran(&["put", "first", "--json"]).well();
    let ended = place.ann_ran(&["put", "second", "third", "--json"]).with(exit::REFUSED.into());
    let [(_, code, text)] = &failed(&ended)[..] else { panic!("{:?}", ended.events()) };
    assert_eq!(code, "shelf_full");
    assert!(text.contains("424") && text.contains("425"), "{text}");
    assert_eq!(told(&ended, "verified"), ["third"]);
    assert_eq!(place.shelved(), ["first", "third"]);
    // Room that was made is there at once, by whomever.
    fs::remove_file(place.shelf().join("third")).expect("removed");
    place.ann_ran(&["delete", "first", "--json"]).well();
    place.ann_ran(&["put", "second", "--json"]).well();
}

#[test]
fn what_a_cut_put_has_left_counts_until_it_is_gone_on_with() {
    let place = ShelfPlace::with_ann(&["--shelf-quota", "20M", "--metrics-listen", "127.0.0.1:0"]);
    let bytes = place.own("big.bin", 16 << 20);
    place.own("other", 13 << 20);
    let valve = Valve::before(&place.address);
    valve.allow(Way::Up, 9 * MIB);
    let mut ann = at(
        &place.dir("ann"),
        &valve.address,
        Some(("ann", PASSWORD)),
        &["put", "big.bin", "--json"],
    );
    ann.moved(8 * MIB);
    ann.signal(rustix::process::Signal::KILL);
    ann.wait_for_death();
    valve.cut();
    valve.open();
    place.relay().has("couplet_shelf_claims", 0);
    let ended = place.ann_ran(&["put", "other", "--json"]);
    let (_, code, text) = &failed(&ended)[0];
    assert!(code == "shelf_full" && text.contains("13.0 MiB"), "{code}: {text}");
    place.ann_ran(&["put", "big.bin", "--json"]).well();
    same(&place.shelf().join("big.bin"), &bytes);
}

#[test]
fn folders_are_laid_down_only_where_there_are_some() {
    let place = ShelfPlace::with_ann(&[]);
    place.own("site/index.html", 100);
    let ended = place.ann_ran(&["put", "site", "--json"]).with(exit::REFUSED.into());
    assert_eq!(failed(&ended)[0].1, "bad_name");
    assert!(failed(&ended)[0].2.contains("files and no folders"));
    assert_eq!(place.shelved(), Vec::<String>::new());

    let place = ShelfPlace::with_ann(&["--shelf-folders"]);
    let index = place.own("site/index.html", 100);
    let deep = place.own("site/pictures/a.png", 300_000);
    place.ann_ran(&["put", "site", "--json"]).well();
    same(&place.shelf().join("site/index.html"), &index);
    same(&place.shelf().join("site/pictures/a.png"), &deep);
    let ended = place.ann_ran(&["list", "--json"]).well();
    assert_eq!(told(&ended, "file"), ["site/index.html", "site/pictures/a.png"]);
    let ended = place.ann_ran(&["put", "site", "--json"]).with(exit::TAKEN.into());
    assert_eq!(failed(&ended)[0].1, "taken");
}

#[test]
fn a_hidden_or_unsafe_name_is_not_laid_down() {
    let place = ShelfPlace::with_ann(&[]);
    for name in [".netrc", "nul", "trailing."] {
        place.own(name, 10);
        let ended = place.ann_ran(&["put", name, "--json"]);
        assert_ne!(ended.status, 0, "{name}: {:?}", ended.events());
        assert_eq!(fs::read_dir(place.shelf()).expect("a directory").count(), 0, "{name}");
    }
}

#[test]
fn files_are_removed_by_those_who_may() {
    let place = ShelfPlace::with_ann(&[]);
    place.account(&["add", "bob", "--rights", "get,put"]);
    place.shelve("a", 10);
    place.shelve("b", 10);
    place.shelve("site/c", 10);
    let bob =
        at(&place.dir("ann"), &place.address, Some(("bob", PASSWORD)), &["delete", "a", "--json"]);
    let ended = bob.ends().with(exit::REFUSED.into());
    assert_eq!(failed(&ended)[0].1, "not_allowed");
    assert!(failed(&ended)[0].2.contains("whoever runs the relay gives an account that right"));
    assert_eq!(place.shelved(), ["a", "b", "site"]);
    let ended =
        place.ann_ran(&["delete", "moon", "a", "site", "--json"]).with(exit::MISSING.into());
    assert_eq!(told(&ended, "deleted"), ["a"]);
    assert_eq!(failed(&ended).len(), 2, "{:?}", ended.events());
    assert_eq!(place.shelved(), ["b", "site"]);
}
