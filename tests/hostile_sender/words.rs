//! What is to be shown: names, reasons and texts with escape sequences and characters that turn others
//! around. Told as JSON and in words, neither may draw on a screen.

use super::scene::{End, Scene, Told, one_file, site};
use super::steps::{end, folder, json_step, link, step, whole};
use couplet::transfer::wire::kind;
use couplet_ui::config::exit;
use serde_json::{Value, json};

/// A title, colours, a cleared screen, a clipboard, and the order of letters turned around.
const EVIL: &str = "\u{1b}]0;owned\u{7}\u{1b}[31m\u{1b}[2J\u{9b}1;1H\u{1b}]52;c;ZXZpbA==\u{1b}\\\
                    \r\n\u{8}\u{202e}gnp.exe\u{2066}\u{200b}\u{feff}evil";

/// Both ways to tell.
const FORMS: [Told; 2] = [Told::Json, Told::Words];

#[test]
fn names_of_entries() {
    for told in FORMS {
        let scene = Scene::new();
        let bob = scene.bob_with(&[], told);
        let mut liar = scene.lies_to(bob, &site(9));
        assert_eq!(liar.ask(&folder(0, "site")), "ready");
        // Lawful inside a folder, so it is there under just that name.
        assert_eq!(liar.ask(&whole(1, format!("site/{EVIL}"), b"x")), "ready");
        assert_eq!(liar.ask(&link(2, &format!("site/{EVIL}2"), "/etc")), "unlawful");
        assert_eq!(liar.ask(&folder(3, &format!("site/{EVIL}/y"))), "unlawful");
        assert_eq!(liar.ask(&end(4)), "ready");
        liar.ends().with(exit::LEFT_OUT, "2 items were left out");
        assert_eq!(scene.received(&format!("site/{EVIL}")), b"x");
    }
}

/// Sends this step; gives how the receiver ended, told as JSON and in words.
fn each_way(steps: &[u8]) -> [End; 2] {
    FORMS.map(|told| {
        let scene = Scene::new();
        let bob = scene.bob_with(&[], told);
        let mut liar = scene.lies_to(bob, &one_file("photo.png", 4));
        let _ = liar.pipe.send(steps);
        liar.ends()
    })
}

#[test]
fn reasons() {
    let long = EVIL.repeat(500);
    for (code, status) in [
        ("gap", exit::DAMAGED),
        ("unreadable", exit::UNREADABLE),
        ("storage", exit::UNWRITABLE),
        (EVIL, exit::FAILURE),
    ] {
        for (text, shown) in [
            (EVIL, "evil"),
            (&long, "evil"),
            ("", "gave no reason"),
            (" \u{1b}[2J\u{202e} ", "gave no reason"),
        ] {
            let abort = json!({ "code": code, "text": text });
            for ended in each_way(&json_step(kind::ABORT, &abort)) {
                ended.with(status, shown);
            }
        }
    }
    let skip = json!({ "entry": 0, "code": "unreadable", "text": EVIL });
    for ended in each_way(&[json_step(kind::SKIP, &skip), end(1)].concat()) {
        ended.with(exit::UNREADABLE, "evil");
    }
}

#[test]
fn what_is_no_step_is_quoted_clean() {
    for (of, body) in [
        (kind::HELLO, json!({ "entry": 0, "path": "photo.png", "is": EVIL })),
        (kind::HELLO, json!({ "entry": EVIL, "path": "photo.png", "is": "file" })),
        (kind::HELLO, json!({ "entry": 0, "path": EVIL.repeat(9), "is": "file" })),
        (kind::HELLO, json!({ "entry": 0, "path": format!("../{EVIL}"), "is": "file" })),
        (kind::HELLO, json!({ "entry": 0, "path": { "bytes": EVIL }, "is": "file" })),
        (kind::HELLO, json!({ "entry": 0, "path": { EVIL: EVIL }, "is": "file" })),
        (kind::CLOSE, json!({ "entry": 0, "size": 4, "root": EVIL })),
        (kind::END, json!({ "entries": EVIL })),
        (kind::END, json!(EVIL.repeat(500))),
    ] {
        for ended in each_way(&json_step(of, &body)) {
            ended.with(exit::DAMAGED, "can't be read");
        }
    }
    for ended in each_way(&step(kind::END, EVIL.as_bytes())) {
        ended.with(exit::DAMAGED, "can't be read");
    }
}

#[test]
fn what_is_no_signal_is_quoted_clean() {
    for told in FORMS {
        let scene = Scene::new();
        let bob = scene.bob_with(&[], told);
        let mut peer = scene.peer();
        let mut offer = one_file("photo.png", 4);
        offer["form"] = EVIL.into();
        peer.offer(1, &offer);
        peer.offer(2, &one_file(EVIL, 4));
        peer.tell(&json!({ "type": EVIL }));
        peer.tell(&json!({ "type": "hold", "offer": 1, "by_offerer": true, "reason": EVIL }));
        peer.tell(&json!({ "type": "failed", "offer": 1, "by_offerer": true, "code": EVIL }));
        peer.tell(&json!({ "type": "accept", "offer": EVIL }));
        peer.tell(&json!(EVIL));
        peer.signal(&format!("{EVIL}{{"));
        peer.signal("{\"number\":0,\"signal\":{\"type\":\"compare\",\"\\u001b[2J\":1}}");
        let greeting = json!({ "type": "greeting", "name": EVIL });
        peer.signal(&json!({ "number": 0, "signal": greeting }).to_string());
        peer.offer(3, &one_file("photo.png", 4));
        peer.answered(3);
        let mut pipe = peer.pipe(3);
        assert_eq!(pipe.asked(&whole(0, "photo.png", b"good")), "ready");
        assert_eq!(pipe.asked(&end(1)), "ready");
        peer.hear_out();
        let ended = bob.ends().well();
        if told == Told::Json {
            let offered = ended.events.iter().find(|event| event["event"] == "offered");
            assert_eq!(offered.expect("an offer")["peer"], "gnp.exeevil");
        }
    }
}

#[test]
fn a_text_is_as_it_came_and_escaped() {
    let scene = Scene::new();
    let offer = json!({ "name": "text", "form": "text", "size": EVIL.len(), "entries": 1 });
    let mut liar = scene.lies(&offer);
    assert_eq!(liar.ask(&whole(0, "text", EVIL.as_bytes())), "ready");
    assert_eq!(liar.ask(&end(1)), "ready");
    let ended = liar.ends().well();
    let text = ended.events.iter().find(|event| event["event"] == "text").expect("a text");
    assert_eq!(text["text"], Value::from(EVIL));
}

#[test]
fn a_cancel_or_failure_that_is_signalled_is_told_in_own_words() {
    for signal in ["cancel", "failed"] {
        let scene = Scene::new();
        let mut liar = scene.lies(&one_file("photo.png", 4));
        let signal = json!({ "type": signal, "offer": 1, "by_offerer": true, "code": "mismatch",
            "text": EVIL, "reason": EVIL });
        liar.peer.tell(&signal);
        liar.pipe.cut();
        let ended = liar.ends();
        assert!(matches!(ended.status, exit::CANCELLED | exit::DAMAGED), "{ended:#?}");
    }
}
