//! Logins: right, wrong, slowed down, and accounts that change while somebody is at the shelf.

use super::support::raw_shelf::RawShelf;
use super::support::shelf::{PASSWORD, ShelfPlace, at, failed, told};
use super::support::terminal::Terminal;
use couplet_relay::accounts::FILE;
use couplet_ui::config::exit;
use serde_json::{Value, json};
use std::fs;

const METRICS: &[&str] = &["--metrics-listen", "127.0.0.1:0"];

fn login(user: &str, password: &str) -> Value {
    json!({"type": "login", "user": user, "password": password})
}

fn list() -> Value {
    json!({"type": "list"})
}

#[test]
fn the_right_login_gets_the_list_and_its_rights() {
    let place = ShelfPlace::with_ann(METRICS);
    place.account(&["add", "bob", "--rights", "get"]);
    place.shelve("a", 3);
    let mut raw = RawShelf::open(&place.address);
    assert_eq!(raw.word(), json!({"type": "shelf", "login": true, "rights": []}));
    // Nothing is told before, and it may still log in then.
    raw.says(&list());
    raw.refused("login_needed");
    assert_eq!(raw.asks(&login("bob", PASSWORD)), json!({"type": "shelf", "rights": ["get"]}));
    let page = raw.word();
    assert_eq!((&page["type"], &page["files"][0]["name"]), (&"list".into(), &"a".into()));
    raw.says(&json!({"type": "delete", "name": "a"}));
    raw.refused("not_allowed");
    assert_eq!(raw.asks(&json!({"type": "bye"})), json!({"type": "exit", "reason": "fin"}));
    raw.hung_up();
    place.relay().has("couplet_shelf_clients", 0);
    place.relay().has("couplet_connections", 0);
    let ended = place.ann_ran(&["list", "--json"]).well();
    assert_eq!(told(&ended, "file"), ["a"]);
}

#[test]
fn a_wrong_login_ends_the_connection_and_does_not_say_what_was_wrong() {
    let place = ShelfPlace::with_ann(METRICS);
    place.shelve("a", 3);
    let texts = [("ann", "wrong horse"), ("nobody", PASSWORD), ("no such/name", ""), ("", "x")]
        .map(|(user, password)| {
            let mut raw = RawShelf::open(&place.address);
            raw.word();
            raw.says(&login(user, password));
            raw.sent_away("login_failed")
        });
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    place.relay().has("couplet_logins_failed_total", 4);
    for (user, password) in [("ann", "wrong horse"), ("nobody", PASSWORD)] {
        let client = at(&place.dir("ann"), &place.address, Some((user, password)), &["get", "a"]);
        let ended = client.ends().with(exit::LOGIN.into());
        assert!(ended.err.contains(&texts[0]), "{}", ended.err);
    }
    let ended = place.ran(&["get", "a", "--json"]).with(exit::LOGIN.into());
    let reason = ended.event("ended")["reason"].as_str().expect("why").to_owned();
    assert!(reason.contains("--user NAME"), "{reason}");
    assert!(place.downloads().is_empty());
    let mut raw = RawShelf::open(&place.address);
    raw.word();
    raw.frame(1, br#"{"type":"login","user":"ann"}"#);
    raw.sent_away("malformed");
}

#[test]
fn whoever_fails_again_and_again_is_slowed_down() {
    let place = ShelfPlace::with_ann(&[]);
    place.account(&["add", "bob"]);
    let mut tries = 0;
    let slowed = loop {
        let mut raw = RawShelf::open(&place.address);
        raw.word();
        let answer = raw.asks(&login("ann", "wrong horse"));
        raw.hung_up();
        if answer["code"] != "login_failed" {
            break answer;
        }
        tries += 1;
        // The waits become longer and longer, whatever this machine's speed.
        assert!(tries < 15, "it is never slowed down");
    };
    assert!(tries >= 3, "a slip or two costs nothing: {tries}");
    assert_eq!(slowed["code"], "slow_down", "{slowed}");
    assert!(slowed["wait_ms"].as_u64().is_some_and(|wait| wait > 0), "{slowed}");
    // From this machine itself nobody is ever locked out.
    let mut raw = RawShelf::open(&place.address);
    raw.word();
    let answer = raw.asks(&login("ann", PASSWORD));
    let code = answer["code"].as_str().unwrap_or("let in");
    assert!(["slow_down", "let in"].contains(&code), "{answer}");
    // Others aren't slowed by it.
    RawShelf::logged_in(&place.address, "bob", PASSWORD);
}

#[test]
fn what_an_account_may_do_is_what_it_may_do_now() {
    let place = ShelfPlace::with_ann(&[]);
    place.account(&["add", "bob"]);
    place.shelve("a", 3);
    let mut ann = RawShelf::logged_in(&place.address, "ann", PASSWORD);
    let mut bob = RawShelf::logged_in(&place.address, "bob", PASSWORD);
    place.account(&["rights", "ann", "put"]);
    ann.says(&json!({"type": "get", "name": "a"}));
    ann.refused("not_allowed");
    place.account(&["rights", "ann", "get"]);
    assert_eq!(ann.asks(&json!({"type": "get", "name": "a"}))["type"], "offered");
    ann.says(&json!({"type": "decline"}));
    place.account(&["remove", "ann"]);
    ann.says(&list());
    let text = ann.sent_away("login_needed");
    assert!(text.contains("removed"), "{text}");
    assert_eq!(bob.asks(&list())["type"], "list");
    place.account(&["passwd", "bob"]);
    bob.says(&list());
    bob.sent_away("login_needed");
    let ended = place.ann_ran(&["get", "a", "--json"]);
    assert_eq!(ended.status, i32::from(exit::LOGIN), "{:?}", ended.events());
}

#[test]
fn when_the_accounts_cannot_be_read_nobody_is_let_in() {
    let place = ShelfPlace::with_ann(&[]);
    place.shelve("a", 3);
    let mut inside = RawShelf::logged_in(&place.address, "ann", PASSWORD);
    fs::write(place.data().join(FILE), "this is no database").expect("written");
    inside.says(&list());
    inside.sent_away("login_needed");
    let text = RawShelf::open(&place.address).sent_away("storage");
    assert!(text.contains("lets nobody in"), "{text}");
    let ended = place.ann_ran(&["get", "a"]).with(exit::REFUSED.into());
    assert!(ended.err.contains("lets nobody in"), "{}", ended.err);
    fs::remove_file(place.data().join(FILE)).expect("removed");
    // They were there, so that they are gone isn't taken for none.
    let ended = place.ran(&["get", "a"]).with(exit::REFUSED.into());
    assert!(ended.err.contains("lets nobody in"), "{}", ended.err);
}

#[test]
fn without_accounts_files_can_be_fetched_and_nothing_else() {
    let place = ShelfPlace::new(&[]);
    place.shelve("a", 3);
    place.own("b", 3);
    place.ran(&["get", "a"]).well();
    for args in [&["put", "b", "--json"][..], &["delete", "a", "--json"]] {
        let ended = place.ran(args).with(exit::REFUSED.into());
        assert_eq!(failed(&ended)[0].1, "not_allowed", "{args:?}");
    }
    assert_eq!(place.shelved(), ["a"]);
    let mut raw = RawShelf::let_in(&place.address);
    raw.says(&login("ann", PASSWORD));
    raw.sent_away("unexpected");
}

#[test]
fn once_there_are_accounts_those_who_came_before_are_asked_who_they_are() {
    let place = ShelfPlace::new(&[]);
    place.shelve("a", 3);
    let mut raw = RawShelf::let_in(&place.address);
    assert_eq!(raw.asks(&list())["type"], "list");
    place.account(&["add", "ann"]);
    raw.says(&json!({"type": "get", "name": "a"}));
    let text = raw.sent_away("login_needed");
    assert!(text.contains("for accounts now"), "{text}");
    place.ran(&["get", "a"]).with(exit::LOGIN.into());
    place.ann_ran(&["get", "a"]).well();
    // And when they can't be read any more, it isn't open to anybody again.
    let place = ShelfPlace::new(&[]);
    let mut raw = RawShelf::let_in(&place.address);
    fs::write(place.data().join(FILE), "this is no database").expect("written");
    raw.says(&list());
    raw.sent_away("storage");
}

#[test]
fn a_password_goes_through_tls_to_a_relay_that_is_known() {
    let place = ShelfPlace::with_ann(&[]);
    let bytes = place.shelve("a", 300_000);
    let args = ["get", "a", "--tls", "always", "--json"];
    let first = place.ann_ran(&args).with(exit::LOGIN.into());
    let reason = first.event("ended")["reason"].as_str().expect("why").to_owned();
    assert!(reason.contains("for the first time"), "{reason}");
    assert!(place.downloads().is_empty());
    place.ann_ran(&args).well();
    super::same(&place.fetched("a"), &bytes);
    let ended = place.ann_ran(&["put", "downloads/a", "--tls", "always", "--json"]);
    assert_eq!(failed(&ended)[0].1, "taken");
}

#[test]
fn ctrl_c_ends_it_while_the_password_is_asked_for() {
    let place = ShelfPlace::with_ann(METRICS);
    let args = ["shelf", "list", "--user", "ann", "--relay", &place.address];
    let env = [("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus")];
    let mut ann = Terminal::of("couplet", "ann", (100, 24), &place.dir("ann"), &args, &env);
    ann.sees("(it isn't shown):");
    ann.keys("half a pass\u{3}");
    let (status, screen) = ann.ends();
    assert_eq!(status, u32::from(exit::INTERRUPTED), "{screen}");
    assert!(screen.lines().any(|line| line.trim_end() == "couplet: stopped"), "{screen}");
    place.relay().has("couplet_connections", 0);
}
