//! Entries without end: more than were offered, more than are open at once, millions of them.

use super::scene::{Scene, site};
use super::steps::{chunk, file, folder, json_step, whole};
use couplet::transfer::wire::kind;
use couplet_ui::config::exit;
use serde_json::json;

fn abort() -> Vec<u8> {
    json_step(kind::ABORT, &json!({ "code": "gap", "text": "an entry was found after the last" }))
}

#[test]
fn no_more_entries_come_than_were_offered() {
    let scene = Scene::new();
    let mut liar = scene.lies(&site(8));
    assert_eq!(liar.ask(&folder(0, "site")), "ready");
    let flood = liar.pipe.flood(2000, 1, |at, steps| {
        steps.extend_from_slice(&whole(at + 1, format!("site/{at}"), b"x"));
    });
    // An eighth and 64 more than were counted, the folder included.
    assert_eq!(flood.answers.get("ready"), Some(&72), "{flood:?}");
    let _ = liar.pipe.send(&abort());
    let ended = liar.ends();
    assert_eq!(ended.status, exit::DAMAGED, "{ended:#?}");
    assert_eq!(scene.downloads().iter().filter(|name| name.starts_with("site/")).count(), 72);
}

#[test]
fn files_that_are_begun_and_never_ended_arent_kept_open() {
    let scene = Scene::new();
    let mut liar = scene.lies(&site(u64::MAX));
    assert_eq!(liar.ask(&folder(0, "site")), "ready");
    let flood = liar.pipe.flood(300, 200, |at, steps| {
        for entry in at * 200..(at + 1) * 200 {
            // Some with a few bytes, some with none.
            steps.extend_from_slice(&file(entry + 1, format!("site/{entry}"), entry % 2 * 1000));
        }
    });
    // They are refused, or that many refusals were the end of it.
    assert!(flood.answers["ready"] <= 16, "{flood:?}");
    let open = std::fs::read_dir(format!("/proc/{}/fd", liar.bob.pid())).map_or(0, Iterator::count);
    assert!(open < 64, "{open} files are open");
    let _ = liar.pipe.send(&abort());
    let ended = liar.ends();
    assert_eq!(ended.status, exit::DAMAGED, "{ended:#?}");
    let made = scene.downloads().len();
    assert!(made < 40, "{made} files are left");
}

#[test]
fn a_manifest_without_end_takes_no_memory() {
    let scene = Scene::new();
    let mut liar = scene.lies(&site(u64::MAX));
    assert_eq!(liar.ask(&folder(0, "site")), "ready");
    let before = liar.bob.peak();
    // Every second one is there, so that no two that were left out are neighbours.
    let skip = |entry| json!({ "entry": entry, "code": "unreadable", "text": "no" });
    let flood = liar.pipe.flood(500, 1000, |at, steps| {
        for entry in (at * 1000 + 1)..=(at + 1) * 1000 {
            if entry % 2 == 0 {
                steps.extend_from_slice(&folder(entry, "site/same"));
            } else {
                steps.extend_from_slice(&json_step(kind::SKIP, &skip(entry)));
            }
        }
    });
    let grown = liar.bob.peak().saturating_sub(before);
    // Half a million entries: a few bytes for each.
    assert!(grown < 40 * 1024, "it has {grown} KiB more");
    assert!(flood.answers["ready"] > 1000, "{flood:?}");
    let _ = liar.pipe.send(&abort());
    let ended = liar.ends();
    assert_eq!(ended.status, exit::DAMAGED, "{ended:#?}");
    assert_eq!(scene.downloads().iter().filter(|name| name.starts_with("site/")).count(), 1);
}

#[test]
fn an_entry_that_is_told_again_as_something_else_is_refused() {
    let scene = Scene::new();
    let mut liar = scene.lies(&site(9));
    assert_eq!(liar.ask(&folder(0, "site")), "ready");
    assert_eq!(liar.ask(&whole(1, "site/a", b"first")), "ready");
    assert_eq!(liar.ask(&file(1, "site/b", 5)), "not_as_offered");
    assert_eq!(liar.ask(&folder(1, "site/a")), "not_as_offered");
    assert_eq!(liar.ask(&file(1, "site/a", 5)), "done");
    assert_eq!(liar.ask(&chunk(1, 0, b"other")), "out_of_order");
    // One that is open can't become another either.
    assert_eq!(liar.ask(&file(2, "site/c", 1 << 19)), "ready");
    assert_eq!(liar.ask(&file(2, "site/a", 1 << 19)), "not_as_offered");
    let _ = liar.pipe.send(&abort());
    liar.ends().with(exit::DAMAGED, "after the last");
    assert_eq!(scene.received("site/a"), b"first");
}
