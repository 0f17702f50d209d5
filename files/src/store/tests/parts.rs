//! What is kept of what isn't complete: listed, told, removed.

use super::*;

fn large_offer() -> Offer {
    offer("a", Form::File, LARGE)
}

#[test]
fn remnants_are_cleared_up_and_other_peoples_directories_are_not() {
    let (root, store) = store();
    for name in [".couplet-0123456789abcdef", ".couplet-mine", "0123456789abcdef"] {
        std::fs::create_dir(root.path().join(name)).expect("made");
        std::fs::write(root.path().join(name).join("x.part"), "x").expect("written");
    }
    assert_eq!(store.parts(), []);
    begin(&store, &large_offer()).discard();
    assert_eq!(names(root.path()), [".couplet-mine", "0123456789abcdef"]);
}

#[test]
fn what_another_version_wrote_is_left_alone() {
    let (root, store) = store();
    let state = root.path().join(".couplet-0123456789abcdef");
    std::fs::create_dir(&state).expect("made");
    for (text, is_kept) in [("{\"offer\":7}", true), ("", false), ("{\"of", false)] {
        std::fs::create_dir_all(&state).expect("made");
        std::fs::write(state.join("offer.json"), text).expect("written");
        begin(&store, &large_offer()).discard();
        assert_eq!(state.exists(), is_kept, "{text}");
    }
}

/// Waits until what is written is newer than all parts: file systems have coarse clocks.
fn until_later(store: &Store) {
    let elsewhere = tempfile::tempdir().expect("a directory");
    let path = elsewhere.path().join("now");
    let newest = store.parts().iter().map(|part| part.changed).max();
    let now = || {
        std::fs::write(&path, "now").expect("written");
        std::fs::metadata(&path).and_then(|about| about.modified()).expect("a time")
    };
    while newest.is_some_and(|newest| now() <= newest) {
        std::thread::yield_now();
    }
}

#[test]
fn parts_are_listed_and_removed() {
    let (root, store) = store();
    for name in ["one", "two"] {
        let incoming = begin(&store, &offer(name, Form::File, LARGE));
        write_group(&open(&incoming, &file(name, LARGE)).1, 0);
        drop(incoming);
        until_later(&store);
    }
    let kept = begin(&store, &offer("three", Form::File, LARGE));
    let parts = store.parts();
    let told: Vec<_> = parts.iter().map(|part| (part.offer.name.as_str(), part.in_use)).collect();
    assert_eq!(told, [("one", false), ("two", false), ("three", true)]);
    assert!(parts[0].changed < parts[1].changed);
    let error = store.remove_part(&parts[2].id).expect_err("in use");
    assert!(error.contains("stop that first"), "{error}");
    assert_eq!(store.remove_part(&parts[0].id), Ok(()));
    assert!(store.remove_part(&parts[0].id).is_err());
    assert!(store.remove_part("../x").is_err());
    assert_eq!(store.parts().len(), 2);
    kept.discard();
    assert_eq!(names(root.path()).len(), 1);
}

#[test]
fn bytes_in_their_place_are_told() {
    let (_root, store) = store();
    let incoming = begin(&store, &folder_offer());
    put(&incoming, &file("t/a", 3), b"abc").expect("put");
    drop(incoming);
    assert_eq!(store.preflight(&folder_offer()).held, 3);
    let incoming = begin(&store, &folder_offer());
    put(&incoming, &file("t/b", 3), b"abc").expect("put");
    drop(incoming);
    assert_eq!(store.preflight(&folder_offer()).held, 6);
    assert!(!store.preflight(&folder_offer()).exists, "it is its own");
}

#[test]
fn a_small_file_that_was_cut_is_nothing() {
    let (root, store) = store();
    let incoming = begin(&store, &folder_offer());
    let (_, growing) = open(&incoming, &file("t/a", 3));
    growing.write(0, b"ab").expect("written");
    // As a killed process leaves it.
    let growing = std::mem::ManuallyDrop::new(growing);
    drop(incoming);
    let _ = &growing;
    assert!(!root.path().join("t").exists());
}
