//! Fetching, when all goes well, and names that are missing or taken.

use super::same;
use super::support::PATIENCE;
use super::support::shelf::{ShelfPlace, failed, told};
use couplet_ui::config::exit;
use std::fs;

#[test]
fn one_several_and_all_that_match_are_fetched() {
    let place = ShelfPlace::new(&[]);
    let a = place.shelve("a.bin", 3_000_000);
    let b = place.shelve("b.bin", 70_001);
    let c = place.shelve("c.txt", 0);
    let ended = place.ran(&["get", "a.bin"]).well();
    assert!(ended.err.contains("a.bin fetched, verified"), "{}", ended.err);
    same(&place.fetched("a.bin"), &a);
    fs::remove_file(place.fetched("a.bin")).expect("removed");

    let ended = place.ran(&["get", "c.txt", "b.bin", "--json"]).well();
    assert_eq!(told(&ended, "verified"), ["c.txt", "b.bin"]);
    same(&place.fetched("b.bin"), &b);
    same(&place.fetched("c.txt"), &c);

    let ended = place.ran(&["get", "*.bin", "--to", "elsewhere", "--json"]).well();
    assert_eq!(told(&ended, "verified"), ["a.bin", "b.bin"]);
    same(&place.dir("ann/elsewhere/a.bin"), &a);
    assert_eq!(place.downloads(), ["b.bin", "c.txt"]);
    let mtime =
        |path: &std::path::Path| fs::metadata(path).and_then(|at| at.modified()).expect("a time");
    assert_eq!(mtime(&place.fetched("b.bin")), mtime(&place.shelf().join("b.bin")));
}

/// More than any queue between the parts of a client has room for.
#[test]
fn very_many_files_are_fetched_in_their_order() {
    let place = ShelfPlace::new(&[]);
    for number in 0..700 {
        place.shelve(&format!("f{number:03}"), number);
    }
    let ended = place.client(&["get", "f*", "--json"]).ends_within(3 * PATIENCE).well();
    assert_eq!(told(&ended, "verified"), place.shelved());
    assert_eq!(place.downloads(), place.shelved());
    let mut names = place.shelved();
    names.reverse();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let args = [&["get", "--to", "again", "--json"], &names[..]].concat();
    let ended = place.client(&args).ends_within(3 * PATIENCE).well();
    assert_eq!(told(&ended, "verified"), names);
}

#[test]
fn standard_output_gets_the_bytes_and_nothing_else() {
    let place = ShelfPlace::new(&[]);
    let bytes = place.shelve("a.bin", 2_345_678);
    let ended = place.ran(&["get", "a.bin", "--to", "-"]).well();
    assert!(ended.out == bytes, "{} bytes", ended.out.len());
    let ended = place.ran(&["get", "a.bin", "--to", "-", "--json"]).well();
    assert!(ended.out == bytes, "{} bytes", ended.out.len());
    assert!(ended.err.contains(r#""event":"verified""#), "{}", ended.err);
    let ended = place.ran(&["get", "missing", "--to", "-"]).with(exit::MISSING.into());
    assert!(ended.out.is_empty());
    let ended = place.ran(&["get", "a.bin", "b", "--to", "-"]).with(exit::USAGE.into());
    assert!(ended.err.contains("only one file"), "{}", ended.err);
}

#[test]
fn a_missing_name_is_answered_with_the_list_and_the_next_is_fetched() {
    let place = ShelfPlace::new(&[]);
    let b = place.shelve("b", 1000);
    let ended = place.ran(&["get", "moon", "b", "--json"]).with(exit::MISSING.into());
    assert_eq!(failed(&ended)[0].1, "no_such_name");
    assert_eq!(ended.event("there")["names"], serde_json::json!(["b"]));
    assert_eq!(told(&ended, "verified"), ["b"]);
    same(&place.fetched("b"), &b);
    let ended = place.ran(&["get", "moon"]).with(exit::MISSING.into());
    assert!(ended.err.contains("there is no moon on the shelf"), "{}", ended.err);
    assert!(ended.err.contains("the shelf has b"), "{}", ended.err);
    let ended = place.ran(&["get", "*.moon", "--json"]).with(exit::MISSING.into());
    assert_eq!(failed(&ended)[0].0, "*.moon");
}

#[test]
fn a_name_that_is_here_is_dealt_with_as_the_user_says() {
    let place = ShelfPlace::new(&[]);
    let theirs = place.shelve("a", 1000);
    let b = place.shelve("b", 10);
    let mine = place.own("downloads/a", 500);
    let ended = place.ran(&["get", "a", "b", "--json"]).with(exit::TAKEN.into());
    assert_eq!(failed(&ended)[0].1, "taken");
    assert_eq!(told(&ended, "verified"), ["b"]);
    same(&place.fetched("a"), &mine);
    same(&place.fetched("b"), &b);

    let ended = place.ran(&["get", "a", "--existing", "rename", "--json"]).well();
    let saved_as = ended.event("verified")["saved_as"].as_str().expect("a name").to_owned();
    assert_ne!(saved_as, "a");
    same(&place.fetched(&saved_as), &theirs);
    same(&place.fetched("a"), &mine);
    fs::remove_file(place.fetched(&saved_as)).expect("removed");

    let ended = place.ran(&["get", "a", "--existing", "overwrite", "--json"]).well();
    assert_eq!(ended.event("verified")["saved_as"], "a");
    same(&place.fetched("a"), &theirs);
    // It has the same size and time now, so nothing is fetched.
    place.ran(&["get", "a", "--existing", "skip", "--json"]).well();
    assert_eq!(place.downloads(), ["a", "b"]);
}

#[test]
fn folders_are_fetched_where_the_shelf_has_some() {
    let place = ShelfPlace::new(&[]);
    place.shelve("site/index.html", 100);
    let ended = place.ran(&["get", "site", "--json"]).with(exit::MISSING.into());
    assert_eq!(failed(&ended)[0].1, "no_such_name");
    let ended = place.ran(&["get", "site/index.html", "--json"]).with(exit::REFUSED.into());
    assert_eq!(failed(&ended)[0].1, "bad_name");

    let place = ShelfPlace::new(&["--shelf-folders"]);
    let index = place.shelve("site/index.html", 100);
    let deep = place.shelve("site/pictures/a.png", 300_000);
    place.own("private", 10);
    std::os::unix::fs::symlink(place.dir("ann/private"), place.shelf().join("site/link"))
        .expect("linked");
    let ended = place.ran(&["get", "site/index.html", "--json"]).well();
    assert_eq!(ended.event("verified")["saved_as"], "index.html");
    same(&place.fetched("index.html"), &index);
    place.ran(&["get", "site"]);
    same(&place.fetched("site/index.html"), &index);
    same(&place.fetched("site/pictures/a.png"), &deep);
    // Whatever the link is, it isn't what it leads to.
    let link = fs::read(place.fetched("site/link"));
    assert!(
        link.is_err()
            || fs::symlink_metadata(place.fetched("site/link")).expect("there").is_symlink()
    );
}

#[test]
fn a_relay_without_a_shelf_says_so() {
    let relay = super::support::relay::Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let ended = super::support::shelf::at(dir.path(), &relay.address, None, &["list"]).ends();
    assert_eq!(ended.status, i32::from(exit::REFUSED), "{}", ended.err);
    assert!(ended.err.contains("this relay has no shelf"), "{}", ended.err);
}
