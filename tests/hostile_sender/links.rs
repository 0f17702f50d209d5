//! Symbolic links: ones that are sent, ones that lie in wait, and other names of files.

use super::scene::{End, Liar, Scene, one_file, site};
use super::steps::{chunk, close, end, file, folder, hello, json_step, link, twin, whole};
use couplet::transfer::entry::EntryKind;
use couplet::transfer::wire::kind;
use couplet_ui::config::exit;
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// Ends a tree of so many entries.
fn ends(mut liar: Liar, entries: u64) -> End {
    assert_eq!(liar.ask(&end(entries)), "ready");
    liar.ends()
}

#[test]
fn links_that_lead_out_are_left_out() {
    let scene = Scene::new();
    let mut liar = scene.lies(&site(40));
    assert_eq!(liar.ask(&folder(0, "site")), "ready");
    let outside = scene.path("outside").display().to_string();
    let mut entry = 1;
    for (path, target) in [
        ("site/a", ".."),
        ("site/b", "../.."),
        ("site/c", &outside),
        ("site/d", "/etc/passwd"),
        ("site/e/f", "../../.."),
        ("site/g", "x/../../.."),
        ("site/h", "./../outside"),
        ("site/i", ""),
        ("site/j", "a\0b"),
        ("site/k", "..//"),
    ] {
        assert_eq!(liar.ask(&link(entry, path, target)), "unlawful", "{path} to {target}");
        // What was refused is no way: this makes a folder of the name, inside.
        let through = whole(entry + 1, format!("{path}/canary"), b"dead");
        assert_eq!(liar.ask(&through), "ready", "{path}");
        entry += 2;
    }
    let ended = ends(liar, entry).with(exit::LEFT_OUT, "were left out");
    assert_eq!(ended.left_out().len(), 10);
    for text in ended.left_out() {
        assert!(text.contains("leads outside"), "{text}");
    }
    assert!(scene.downloads().contains(&"site/a/canary".to_owned()));
}

#[test]
fn nothing_is_written_through_a_link_that_was_sent() {
    let scene = Scene::new();
    let mut liar = scene.lies(&site(40));
    let all = [folder(0, "site"), folder(1, "site/real"), folder(2, "site/real/deep")];
    for step in all {
        assert_eq!(liar.ask(&step), "ready");
    }
    assert_eq!(liar.ask(&whole(3, "site/real/kept", b"kept")), "ready");
    // Each is lawful, and leads to a folder or file that is there.
    for (entry, (path, target)) in (4..).zip([
        ("site/in", "real"),
        ("site/real/deep/up", "../.."),
        ("site/self", "."),
        ("site/file", "real/kept"),
        ("site/loop", "loop"),
    ]) {
        assert_eq!(liar.ask(&link(entry, path, target)), "ready", "{path} to {target}");
    }
    for (entry, path) in (9..).zip([
        "site/in/x",
        "site/in/deep/x",
        "site/real/deep/up/x",
        "site/self/x",
        "site/loop/x",
        "site/file/x",
    ]) {
        assert_eq!(liar.ask(&whole(entry, path, b"dead")), "unlawful", "{path}");
    }
    // A large file is refused before its bytes come, a folder or link in the way as well.
    assert_eq!(liar.ask(&file(15, "site/in/large", 1 << 20)), "unlawful");
    assert_eq!(liar.ask(&folder(16, "site/in/dir")), "unlawful");
    assert_eq!(liar.ask(&link(17, "site/in/l", "x")), "unlawful");
    assert_eq!(liar.ask(&twin(18, "site/in/t", "site/real/kept")), "unlawful");
    // Nor does a file take the place of what a link leads to.
    assert_eq!(liar.ask(&whole(19, "site/file", b"dead")), "ready");
    // A folder can't take a link's place, nor a link a folder's.
    assert_eq!(liar.ask(&folder(20, "site/in")), "unlawful");
    assert_eq!(liar.ask(&whole(21, "site/in/y", b"dead")), "unlawful");
    assert_eq!(liar.ask(&link(22, "site/real", "deep")), "ready");
    assert_eq!(liar.ask(&whole(23, "site/real/y", b"alive")), "ready");
    // Another name of a link, of a folder, of what isn't there, of what wasn't sent.
    for (entry, of) in
        (24..).zip(["site/file/x", "site/self", "site/real", "site/in/kept", "site/none"])
    {
        assert_eq!(liar.ask(&twin(entry, &format!("site/t{entry}"), of)), "unlawful", "{of}");
    }
    let ended = ends(liar, 29).with(exit::LEFT_OUT, "were left out");
    assert_eq!(ended.left_out().len(), 16);
    assert_eq!(scene.received("site/real/kept"), b"kept");
    assert_eq!(scene.received("site/real/y"), b"alive");
    let names = scene.downloads();
    let strange = names.iter().find(|name| name.ends_with("/x") || name.contains("large"));
    assert_eq!(strange, None, "{names:?}");
}

#[test]
fn another_name_of_what_wasnt_sent_is_none() {
    let scene = Scene::new();
    let mut liar = scene.lies(&json!({
        "name": "canary", "form": "several", "size": 99, "entries": 9
    }));
    // The first is the user's own: it would be a way to look at it or to change it.
    assert_eq!(liar.ask(&twin(0, "mine", "canary")), "unlawful");
    assert_eq!(liar.ask(&twin(1, "canary", "canary")), "unlawful");
    assert_eq!(liar.ask(&twin(2, "canary/x", "canary")), "unlawful");
    let abort = json_step(kind::ABORT, &json!({ "code": "unlawful", "text": "caught" }));
    let _ = liar.pipe.send(&abort);
    liar.ends().with(exit::DAMAGED, "caught");
    assert_eq!(scene.downloads().iter().filter(|name| !name.starts_with(".couplet-")).count(), 0);
    // One that leads out isn't even a path.
    for of in ["../canary", "/etc/passwd", "site/../../canary"] {
        let mut liar = scene.lies(&site(9));
        let step = json!({ "entry": 0, "path": "site/t", "is": "twin", "of": of });
        let _ = liar.pipe.send(&json_step(kind::HELLO, &step));
        liar.pipe.hung_up();
        liar.ends().with(exit::DAMAGED, "can't be read");
    }
}

/// A folder, with a file in it and one further inside, to a receiver with these options.
fn site_into(scene: &Scene, options: &[&str]) -> (Vec<String>, End) {
    let mut liar = scene.lies_to(scene.bob(options), &site(4));
    let mut said = Vec::new();
    for step in [
        folder(0, "site"),
        folder(1, "site/sub"),
        whole(2, "site/canary", b"dead"),
        whole(3, "site/sub/canary", b"dead"),
    ] {
        said.push(liar.ask(&step));
    }
    said.push(liar.ask(&end(4)));
    let _ = liar.pipe.send(&json_step(kind::ABORT, &json!({ "code": "gap", "text": "over" })));
    (said, liar.ends())
}

#[test]
fn a_link_in_the_place_of_the_folder_isnt_followed() {
    for existing in ["rename", "skip", "overwrite"] {
        let scene = Scene::new();
        scene.link("site", "outside");
        let (said, ended) = site_into(&scene, &["--existing", existing]);
        // It is kept beside the link, or left out; see `Bob::ends` for what must not happen.
        if existing == "overwrite" {
            assert_eq!(said[..4], ["unlawful"; 4], "{ended:#?}");
            assert!(ended.reason().contains("in the way"), "{ended:#?}");
        } else {
            assert_eq!(said, ["ready"; 5], "{existing}: {ended:#?}");
            assert_eq!(scene.received("site (2)/sub/canary"), b"dead");
        }
    }
}

#[test]
fn nor_is_one_further_inside() {
    for existing in ["skip", "overwrite"] {
        let scene = Scene::new();
        fs::create_dir(scene.download("site")).expect("made");
        scene.link("site/sub", "outside");
        scene.link("site/canary", "outside/canary");
        let (said, ended) = site_into(&scene, &["--existing", existing]);
        assert_eq!(said, ["ready", "unlawful", "ready", "unlawful", "ready"], "{existing}");
        ended.with(exit::LEFT_OUT, "2 items were left out");
    }
}

#[test]
fn a_link_in_the_place_of_the_file_isnt_followed() {
    for (existing, to) in [
        ("rename", "outside/canary"),
        ("skip", "outside/canary"),
        ("overwrite", "outside/canary"),
        ("rename", "nowhere"),
        ("overwrite", "nowhere"),
        ("overwrite", "outside"),
    ] {
        for size in [4, 300 << 10] {
            let scene = Scene::new();
            scene.link("photo.png", to);
            let data = vec![7; size];
            let bob = scene.bob(&["--existing", existing]);
            let mut liar = scene.lies_to(bob, &one_file("photo.png", size as u64));
            let steps = if size == 4 {
                vec![whole(0, "photo.png", &data)]
            } else {
                let (head, tail) = data.split_at(256 << 10);
                let pieces = [chunk(0, 0, head), chunk(0, 256 << 10, tail), close(0, &data)];
                [vec![file(0, "photo.png", size as u64)], pieces.to_vec()].concat()
            };
            for step in steps {
                assert_eq!(liar.ask(&step), "ready", "{existing} {to}");
            }
            ends(liar, 1).well();
            let name = if existing == "overwrite" { "photo.png" } else { "photo (2).png" };
            assert!(scene.download(name).symlink_metadata().expect("there").is_file());
            assert_eq!(scene.received(name), data);
        }
    }
}

#[test]
fn looks_give_no_rights_that_matter() {
    let scene = Scene::new();
    let mut liar = scene.lies(&site(4));
    for (entry, (path, is)) in (0..).zip([("site", "folder"), ("site/sub", "folder")]) {
        let step = json!({
            "entry": entry, "path": path, "is": is, "mode": u32::MAX,
            "mtime": [i64::MIN, u32::MAX],
        });
        assert_eq!(liar.ask(&json_step(kind::HELLO, &step)), "ready");
    }
    let step = json!({
        "entry": 2, "path": "site/run", "is": "file", "size": 0, "mode": 0o107_777,
        "mtime": [i64::MAX, u32::MAX],
    });
    let step = [json_step(kind::HELLO, &step), close(2, b"")].concat();
    assert_eq!(liar.ask(&step), "ready");
    let large = EntryKind::File { size: Some(0) };
    assert_eq!(liar.ask(&[hello(3, "site/sub/x", large), close(3, b"")].concat()), "ready");
    ends(liar, 4).well();
    for path in ["site", "site/sub", "site/run"] {
        let mode = fs::symlink_metadata(scene.download(path)).expect("there").permissions().mode();
        assert_eq!(mode & 0o7000, 0, "{path}: {mode:o}");
    }
}
