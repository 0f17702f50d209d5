//! Names of what is offered, paths of entries: traversal, absolute ones, ones that are equal to a disk or
//! to an eye.

use super::scene::{Scene, one_file, site};
use super::steps::{chunk, close, end, file, folder, json_step, whole};
use super::support::raw::Answered;
use couplet::transfer::wire::kind;
use couplet_ui::config::exit;
use serde_json::{Value, json};

#[test]
fn offers_with_names_that_are_none_are_told_and_change_nothing() {
    let scene = Scene::new();
    let bob = scene.bob(&[]);
    let mut peer = scene.peer();
    let absolute = scene.path("stolen").display().to_string();
    let long = "x".repeat(256);
    let names = [
        "..",
        ".",
        "",
        "../stolen",
        "../../stolen",
        "a/../../stolen",
        &absolute,
        "/etc/stolen",
        "\\\\host\\stolen",
        "..\\stolen",
        "C:stolen",
        "a\0b",
        "NUL",
        "com1.txt",
        " stolen",
        "stolen.",
        ".couplet-0123456789abcdef",
        ".COUPLET-x",
        "\u{1b}[2J\u{1b}]0;owned\u{7}",
        "\u{9b}31m",
        "photo\u{202e}gnp.exe",
        "zero\u{200b}width",
        "line\nbreak",
        &long,
    ];
    for (number, name) in (1..).zip(names) {
        peer.offer(number, &one_file(name, 4));
    }
    // Nor do numbers that are none, or words that aren't in the list.
    let mut number = u32::try_from(names.len()).expect("few");
    for (member, value) in [
        ("size", json!(-1)),
        ("size", json!(1e300)),
        ("size", json!("4")),
        ("entries", json!(18_446_744_073_709_551_616.0)),
        ("form", json!("\u{1b}[2J\u{202e}")),
        ("form", json!({ "\u{1b}[2J": "\u{202e}" })),
        ("name", json!(["photo.png"])),
        ("mtime", json!([0, -1])),
    ] {
        number += 1;
        let mut offer = one_file("photo.png", 4);
        offer[member] = value;
        peer.offer(number, &offer);
    }
    number += 1;
    peer.offer(number, &one_file("photo.png", 4));
    assert_eq!(peer.answered(number), Answered::Accepted { part: false });
    let mut pipe = peer.pipe(number);
    assert_eq!(pipe.asked(&whole(0, "photo.png", b"good")), "ready");
    assert_eq!(pipe.asked(&end(1)), "ready");
    peer.hear_out();
    let ended = bob.ends().well();
    assert_eq!(ended.count("offered"), 1);
    assert_eq!(scene.downloads(), ["photo.png"]);
    assert_eq!(scene.received("photo.png"), b"good");
    let told: Vec<_> = ended.events.iter().filter(|event| event["event"] == "trouble").collect();
    assert!(!told.is_empty() && told.len() < number as usize, "{told:#?}");
    for trouble in told {
        let text = trouble["text"].as_str().expect("a sentence");
        assert!(text.contains("can't be read") && text.len() < 600, "{text}");
    }
}

/// Lets `path` come as that of an entry behind the folder `site`; gives why the receiver ended.
fn path_of_an_entry(path: &Value) -> String {
    let scene = Scene::new();
    let mut liar = scene.lies(&site(9));
    assert_eq!(liar.ask(&folder(0, "site")), "ready");
    let hello = json!({ "entry": 1, "path": path, "is": "file", "size": 4 });
    // The bytes come right behind it, as if it had been taken.
    let hello = json_step(kind::HELLO, &hello);
    let _ = liar.pipe.send(&[hello, chunk(1, 0, b"evil"), close(1, b"evil")].concat());
    liar.pipe.hung_up();
    let ended = liar.ends().with(exit::DAMAGED, "can't be read");
    assert!(!scene.downloads().iter().any(|name| name.ends_with("stolen")));
    ended.reason().to_owned()
}

#[test]
fn paths_that_lead_out_end_the_transfer() {
    let scene = Scene::new();
    let absolute = scene.path("stolen").display().to_string();
    let deep = vec!["d"; 65].join("/");
    let long = format!("site/{}", "x".repeat(256));
    for (path, why) in [
        (json!("site/../stolen"), "outside"),
        (json!("site/../../stolen"), "outside"),
        (json!("../stolen"), "outside"),
        (json!(".."), "outside"),
        (json!("site/./stolen"), "outside"),
        (json!(absolute), "absolute"),
        (json!("/etc/stolen"), "absolute"),
        (json!("site//stolen"), "empty name"),
        (json!("site/stolen/"), "empty name"),
        (json!(""), "empty"),
        (json!("site/a\0stolen"), "control"),
        (json!("site/.couplet-x/stolen"), "keeps for its own"),
        (json!("site/.Couplet-stolen"), "keeps for its own"),
        (json!(long), "at most 255"),
        (json!(deep), "at most 64"),
        // The same in another form: "site/../../stolen" and "/etc/stolen".
        (json!({ "bytes": "c2l0ZS8uLi8uLi9zdG9sZW4=" }), "outside"),
        (json!({ "bytes": "L2V0Yy9zdG9sZW4=" }), "absolute"),
        (json!({ "bytes": "not base64!" }), ""),
        (json!(["site", "..", "stolen"]), ""),
        (json!("site/\u{1b}[2J\u{202e}/../stolen"), "outside"),
    ] {
        let reason = path_of_an_entry(&path);
        assert!(reason.contains(why), "{path}: {reason}");
    }
}

#[test]
fn an_entry_of_another_name_than_was_offered_is_none() {
    for (offer, path) in [
        (one_file("photo.png", 4), "home"),
        (one_file("photo.png", 4), "photo.png/x"),
        (one_file("photo.png", 4), "canary"),
        (site(3), "canary"),
        (site(3), "other/x"),
        (site(3), "site"),
    ] {
        let scene = Scene::new();
        let mut liar = scene.lies(&offer);
        assert_eq!(liar.pipe.asked(&file(0, path, 4)), "not_as_offered", "{path}");
        let abort = json_step(kind::ABORT, &json!({ "code": "not_as_offered", "text": "caught" }));
        let _ = liar.pipe.send(&abort);
        liar.ends().with(exit::DAMAGED, "");
        let names = scene.downloads();
        assert!(names.iter().all(|name| name.starts_with(".couplet-")), "{names:?}");
    }
}

/// Names that are the same to some disks, or to any eye, and twice the very same.
const ALIKE: [(&str, &[u8]); 6] = [
    ("Photo.png", b"first"),
    ("photo.png", b"second"),
    ("caf\u{e9}", b"composed"),
    ("cafe\u{301}", b"decomposed"),
    ("photo.png", b"third"),
    ("PHOTO.PNG", b"fourth"),
];

#[test]
fn names_that_differ_only_in_case_or_form_replace_nothing_in_a_folder() {
    let scene = Scene::new();
    let mut liar = scene.lies(&site(7));
    assert_eq!(liar.ask(&folder(0, "site")), "ready");
    for (entry, (name, data)) in (1..).zip(ALIKE) {
        assert_eq!(liar.ask(&whole(entry, format!("site/{name}"), data)), "ready", "{name}");
    }
    assert_eq!(liar.ask(&end(7)), "ready");
    liar.ends().well();
    let names = scene.downloads();
    let mut all: Vec<_> = names[1..].iter().map(|name| scene.received(name)).collect();
    all.sort();
    let mut sent = ALIKE.map(|(_, data)| data.to_vec());
    sent.sort();
    assert_eq!(all, sent, "{names:?}");
}

#[test]
fn nor_in_the_downloads_directory_itself() {
    let scene = Scene::new();
    std::fs::write(scene.download("PHOTO.png"), "mine").expect("written");
    let offer = json!({ "name": "Photo.png", "form": "several", "size": 99, "entries": 6 });
    let mut liar = scene.lies(&offer);
    for (entry, (name, data)) in (0..).zip(ALIKE) {
        assert_eq!(liar.ask(&whole(entry, name, data)), "ready", "{name}");
    }
    // The canary's own name is taken as well.
    assert_eq!(liar.ask(&whole(6, "canary", b"dead")), "ready");
    assert_eq!(liar.ask(&whole(7, "CANARY", b"dead")), "ready");
    assert_eq!(liar.ask(&end(8)), "ready");
    liar.ends().well();
    assert_eq!(scene.received("PHOTO.png"), b"mine");
    let names = scene.downloads();
    assert_eq!(names.len(), ALIKE.len() + 3, "{names:?}");
    for (at, name) in names.iter().enumerate() {
        let others = names.iter().enumerate().filter(|(other, _)| *other != at);
        let lower = name.to_lowercase();
        assert!(others.into_iter().all(|(_, other)| other.to_lowercase() != lower), "{names:?}");
    }
}
