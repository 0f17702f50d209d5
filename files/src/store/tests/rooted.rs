//! Links in the way: nothing is ever written outside.

use super::*;
use std::os::unix::fs::symlink;

/// A store with somebody else's directory beside, which must stay as it is.
struct Scene {
    root: TempDir,
    outside: TempDir,
    store: Arc<Store>,
}

impl Scene {
    fn new() -> Self {
        let (root, store) = store();
        let outside = tempfile::tempdir().expect("a directory");
        std::fs::write(outside.path().join("theirs"), "theirs").expect("written");
        std::fs::create_dir(outside.path().join("d")).expect("made");
        Self { root, outside, store }
    }

    fn link_out(&self, path: &str) {
        symlink(self.outside.path(), self.root.path().join(path)).expect("linked");
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(names(self.outside.path()), ["d", "theirs"]);
            assert_eq!(read(&self.outside, "theirs"), b"theirs");
            assert_eq!(names(&self.outside.path().join("d")), [""; 0]);
            assert_ne!(mtime(&self.outside, "d"), WHEN);
        }
    }
}

const POLICIES: [OnCollision; 3] = [OnCollision::Rename, OnCollision::Skip, OnCollision::Overwrite];

/// Tries everything below a path; what it comes to doesn't matter here.
fn try_all(incoming: &Incoming, at: &str) {
    for name in ["theirs", "new", "d", "d/x"] {
        for size in [1, LARGE] {
            let entry = file(format!("{at}/{name}"), size);
            let _ = incoming.is_there(&entry);
            if let Ok((_, Some(growing))) = incoming.open(0, &entry, true) {
                growing.write(0, b"x").expect("written");
                let _ = growing.save(&entry);
            }
        }
        let mut made = folder(format!("{at}/{name}"));
        made.mode = Some(0o700);
        let _ = incoming.make(&made);
        let _ = incoming.make(&link(&format!("{at}/{name}"), "x"));
        let _ = incoming.make(&twin(&format!("{at}/{name}"), "t/mine"));
        let _ = incoming.make(&twin(&format!("{at}/{name} 2"), &format!("{at}/theirs")));
    }
}

#[test]
fn a_link_in_the_place_of_a_file_is_not_followed() {
    for policy in POLICIES {
        let scene = Scene::new();
        let target = scene.outside.path().join("theirs");
        symlink(&target, scene.root.path().join("photo.png")).expect("linked");
        let offer = offer("photo.png", Form::File, 1);
        let incoming = scene.store.begin(&offer, policy).expect("begun");
        put(&incoming, &file("photo.png", 1), b"x").expect("put");
        let expected = if policy == OnCollision::Overwrite { "photo.png" } else { "photo (2).png" };
        assert_eq!(incoming.finish(), Ok(expected.to_owned()));
        assert_eq!(read(&scene.root, expected), b"x");
    }
}

#[test]
fn a_link_in_the_way_leads_nowhere_at_any_level() {
    for policy in POLICIES {
        for at in ["t", "t/a", "t/a/b"] {
            let scene = Scene::new();
            let parent = at.rsplit_once('/').map_or("", |(parent, _)| parent);
            std::fs::create_dir_all(scene.root.path().join(parent)).expect("made");
            scene.link_out(at);
            let incoming = scene.store.begin(&folder_offer(), policy).expect("begun");
            put(&incoming, &file("t/mine", 1), b"x").map_or_else(drop, drop);
            try_all(&incoming, at);
            let _ = incoming.finish();
        }
    }
}

#[test]
fn a_link_that_the_sender_made_leads_nowhere() {
    for target in ["..", "../..", "/tmp", "d"] {
        let scene = Scene::new();
        let incoming = begin(&scene.store, &folder_offer());
        put(&incoming, &file("t/mine", 1), b"x").expect("put");
        incoming.make(&folder("t/d")).expect("made");
        incoming.make(&link("t/a", target)).expect("made");
        let text = unlawful(put(&incoming, &file("t/a/new", 1), b"x"));
        assert!(text.contains("in the way"), "{text}");
        unlawful(incoming.make(&folder("t/a/new")));
        try_all(&incoming, "t/a");
        incoming.finish().expect("finished");
        assert_eq!(names(&scene.root.path().join("t/d")), [""; 0]);
        let read = std::fs::read_link(scene.root.path().join("t/a")).expect("a link");
        assert_eq!(read, Path::new(target));
    }
}

#[test]
fn a_link_that_is_swapped_in_for_a_folder_leads_nowhere() {
    for run_again in [false, true] {
        let scene = Scene::new();
        let mut incoming = begin(&scene.store, &folder_offer());
        let mut made = folder("t/d");
        made.mode = Some(0o555);
        incoming.make(&made).expect("made");
        put(&incoming, &file("t/d/a", 1), b"x").expect("put");
        let (_, growing) = open(&incoming, &file("t/d/large", LARGE));
        std::fs::rename(scene.root.path().join("t/d"), scene.root.path().join("t/was"))
            .expect("moved");
        scene.link_out("t/d");
        let _ = growing.save(&file("t/d/large", LARGE));
        if run_again {
            drop((incoming, growing));
            incoming = begin(&scene.store, &folder_offer());
            unlawful(incoming.make(&made));
            unlawful(put(&incoming, &file("t/d/new", 1), b"x"));
        }
        try_all(&incoming, "t/d");
        incoming.finish().expect("finished");
    }
}

#[test]
fn a_state_directory_that_is_a_link_or_has_links_is_not_followed() {
    let scene = Scene::new();
    scene.link_out(".couplet-0123456789abcdef");
    let incoming = begin(&scene.store, &offer("a", Form::File, LARGE));
    let (_, growing) = open(&incoming, &file("a", LARGE));
    write_group(&growing, 0);
    drop((incoming, growing));
    assert_eq!(scene.store.parts().len(), 1);
    let theirs = scene.outside.path().join("theirs");
    for state in names(scene.root.path()).iter().filter(|name| *name != ".couplet-0123456789abcdef")
    {
        let state = scene.root.path().join(state);
        for name in names(&state).iter().filter(|name| *name != "offer.json") {
            std::fs::remove_file(state.join(name)).expect("removed");
            symlink(&theirs, state.join(name)).expect("linked");
        }
    }
    // Whatever comes of it, nothing leads out.
    if let Ok(incoming) = scene.store.begin(&offer("a", Form::File, LARGE), OnCollision::Rename)
        && let Ok((_, Some(growing))) = incoming.open(0, &file("a", LARGE), true)
    {
        write_group(&growing, 1);
    }
}

#[test]
fn a_twin_is_made_only_of_what_came() {
    let (root, store) = store();
    std::fs::write(root.path().join("theirs"), "theirs").expect("written");
    let incoming = begin(&store, &folder_offer());
    put(&incoming, &file("t/a", 5), b"bytes").expect("put");
    incoming.make(&twin("t/b", "t/a")).expect("made");
    incoming.make(&twin("t/d/c", "t/b")).expect("made");
    for (path, of) in
        [("t/x", "theirs"), ("t/x", "t/none"), ("t/x", "t/d"), ("t/x", "t/x"), ("theirs", "t/a")]
    {
        let text = unlawful(incoming.make(&twin(path, of)));
        assert!(text.contains(path), "{text}");
    }
    incoming.make(&link("t/link", "a")).expect("made");
    unlawful(incoming.make(&twin("t/x", "t/link")));
    drop(incoming);
    let again = begin(&store, &folder_offer());
    again.make(&twin("t/b", "t/a")).expect("there already");
    again.make(&link("t/link", "a")).expect("there already");
    again.finish().expect("finished");
    assert_eq!(names(&root.path().join("t")), ["a", "b", "d", "link"]);
    let inode = |path: &str| std::fs::metadata(root.path().join(path)).expect("there").ino();
    assert!(inode("t/a") == inode("t/b") && inode("t/b") == inode("t/d/c"));
}
