//! Names: those that are taken, those that differ in nothing that every system sees, strange ones.

use super::*;

const POLICIES: [OnCollision; 3] = [OnCollision::Rename, OnCollision::Skip, OnCollision::Overwrite];

#[test]
fn a_file_appears_whole_and_never_replaces_another() {
    for size in [3, LARGE] {
        let (root, store) = store();
        std::fs::write(root.path().join("photo.png"), "old").expect("written");
        for expected in ["photo (2).png", "photo (3).png"] {
            let incoming = begin(&store, &offer("photo.png", Form::File, size));
            let entry = file("photo.png", size);
            let (_, growing) = open(&incoming, &entry);
            let bytes = content(size);
            growing.write(1, &bytes[1..]).expect("written");
            growing.write(0, &bytes[..1]).expect("written");
            assert!(!root.path().join(expected).exists());
            growing.save(&entry).expect("saved");
            assert_eq!(incoming.finish(), Ok(expected.to_owned()));
            assert_eq!(read(&root, expected), bytes);
            assert_eq!(mtime(&root, expected), WHEN);
        }
        assert_eq!(read(&root, "photo.png"), b"old");
        assert_eq!(names(root.path()).len(), 3, "nothing else is left");
    }
}

#[test]
fn what_is_given_up_leaves_nothing() {
    let (root, store) = store();
    let incoming = begin(&store, &folder_offer());
    let (_, large) = open(&incoming, &file("t/large", LARGE));
    let (_, small) = open(&incoming, &file("t/small", 3));
    write_group(&large, 0);
    small.write(0, b"abc").expect("written");
    put(&incoming, &file("t/whole", 2), b"ab").expect("put");
    incoming.discard();
    drop((large, small));
    assert_eq!(names(root.path()), ["t"]);
    assert_eq!(names(&root.path().join("t")), ["whole"]);
}

#[test]
fn names_that_are_equal_elsewhere_are_kept_apart() {
    for (there, offered, kept) in
        [("Photo.PNG", "photo.png", "photo (2).png"), ("cafe\u{301}", "caf\u{e9}", "caf\u{e9} (2)")]
    {
        for form in [Form::File, Form::Folder] {
            let (root, store) = store();
            std::fs::write(root.path().join(there), "old").expect("written");
            let offer = offer(offered, form, 1);
            assert!(store.preflight(&offer).exists);
            let incoming = begin(&store, &offer);
            if form == Form::File {
                put(&incoming, &file(offered, 1), b"x").expect("put");
            } else {
                incoming.make(&folder(offered)).expect("made");
                put(&incoming, &file(format!("{offered}/a"), 1), b"x").expect("put");
            }
            assert_eq!(incoming.finish(), Ok(kept.to_owned()));
            assert_eq!(read(&root, there), b"old");
        }
    }
    let (root, store) = store();
    let incoming = begin(&store, &offer("a", Form::Several, 2));
    put(&incoming, &file("a", 1), b"1").expect("put");
    put(&incoming, &file("A", 1), b"2").expect("put");
    incoming.make(&folder("\u{e4}")).expect("made");
    put(&incoming, &file("A\u{308}", 1), b"3").expect("put");
    assert_eq!(incoming.finish(), Ok("A (2), A\u{308} (2), a and 1 more".to_owned()));
    assert_eq!(read(&root, "A (2)"), b"2");
}

#[test]
fn a_folder_that_is_there_is_left_alone_or_filled() {
    for policy in POLICIES {
        let (root, store) = store();
        let there = root.path().join("t");
        std::fs::create_dir(&there).expect("made");
        for name in ["same", "other"] {
            std::fs::write(there.join(name), "old").expect("written");
            age(&there.join(name));
        }
        let incoming = store.begin(&folder_offer(), policy).expect("begun");
        incoming.make(&folder("t")).expect("made");
        assert_eq!(incoming.is_there(&file("t/same", 3)), policy == OnCollision::Skip);
        if policy != OnCollision::Skip {
            put(&incoming, &file("t/same", 3), b"new").expect("put");
        }
        put(&incoming, &file("t/other", 5), b"newer").expect("put");
        let saved_as = incoming.finish().expect("finished");
        match policy {
            OnCollision::Rename => {
                assert_eq!(saved_as, "t (2)");
                assert_eq!(names(&there), ["other", "same"]);
                assert_eq!(read(&root, "t/other"), b"old");
                assert_eq!(read(&root, "t (2)/other"), b"newer");
            }
            OnCollision::Skip => {
                assert_eq!(names(&there), ["other", "other (2)", "same"]);
                assert_eq!(read(&root, "t/other (2)"), b"newer");
                assert_eq!(read(&root, "t/other"), b"old");
            }
            OnCollision::Overwrite => {
                assert_eq!(names(&there), ["other", "same"]);
                assert_eq!(read(&root, "t/same"), b"new");
                assert_eq!(read(&root, "t/other"), b"newer");
            }
            OnCollision::Refuse => panic!("it has a test of its own"),
        }
    }
}

#[test]
fn a_name_that_is_taken_is_refused_if_that_is_said_and_nothing_changes() {
    let (root, store) = store();
    for name in ["a", "T"] {
        std::fs::write(root.path().join(name), "old").expect("written");
    }
    for size in [3, LARGE] {
        let incoming = store.begin(&offer("A", Form::File, size), OnCollision::Refuse);
        let refused = put(&incoming.expect("begun"), &file("A", size), &content(size));
        assert!(refused.is_err(), "another file has a name that some systems hold equal");
    }
    let incoming = store.begin(&folder_offer(), OnCollision::Refuse).expect("begun");
    let refused = incoming.make(&folder("t"));
    assert!(matches!(&refused, Err(Trouble::Refused(_, text)) if text.contains("already")));
    assert_eq!((read(&root, "a"), read(&root, "T")), (b"old".to_vec(), b"old".to_vec()));
    drop(incoming);
    // What is free is taken, and is then this transfer's own for whoever goes on with it.
    let offer = offer("b", Form::File, LARGE);
    let incoming = store.begin(&offer, OnCollision::Refuse).expect("begun");
    put(&incoming, &file("b", LARGE), &content(LARGE)).expect("put");
    drop(incoming);
    let incoming = store.begin(&offer, OnCollision::Refuse).expect("begun");
    let (opened, _) = incoming.open(0, &file("b", LARGE), true).expect("opened");
    assert_eq!(opened, Opened::Done);
    assert_eq!(incoming.finish(), Ok("b".to_owned()));
}

#[test]
fn what_is_the_same_is_left_out_if_the_user_says_so() {
    let (root, store) = store();
    std::fs::write(root.path().join("a"), content(LARGE)).expect("written");
    age(&root.path().join("a"));
    let offer = offer("a", Form::File, LARGE);
    let incoming = store.begin(&offer, OnCollision::Skip).expect("begun");
    let (opened, growing) = incoming.open(0, &file("a", LARGE), true).expect("opened");
    assert!(opened == Opened::Done && growing.is_none());
    assert_eq!(incoming.finish(), Ok("a".to_owned()));
    assert_eq!(names(root.path()), ["a"]);
    let incoming = store.begin(&offer, OnCollision::Rename).expect("begun");
    assert!(!incoming.is_there(&file("a", LARGE)));
}

#[test]
fn a_folder_is_never_replaced_by_something_else_nor_the_other_way_round() {
    let (root, store) = store();
    std::fs::create_dir_all(root.path().join("t/folder")).expect("made");
    std::fs::write(root.path().join("t/file"), "old").expect("written");
    std::fs::write(root.path().join("f"), "old").expect("written");
    let incoming = store.begin(&folder_offer(), OnCollision::Overwrite).expect("begun");
    unlawful(incoming.make(&folder("t/file")));
    unlawful(put(&incoming, &file("t/file/x", 1), b"x"));
    unlawful(put(&incoming, &file("t/folder", 1), b"x"));
    unlawful(incoming.make(&link("t/folder", "x")));
    unlawful(incoming.open(0, &file("t/folder", LARGE), true).map(drop));
    drop(incoming);
    let incoming = store.begin(&offer("f", Form::Folder, 1), OnCollision::Overwrite);
    unlawful(incoming.expect("begun").make(&folder("f")));
    assert_eq!(read(&root, "t/file"), b"old");
    assert_eq!(read(&root, "f"), b"old");
    assert!(root.path().join("t/folder").is_dir());
}

#[test]
fn a_name_in_the_directory_itself_is_safe_everywhere() {
    let (_root, store) = store();
    let incoming = begin(&store, &offer("a", Form::Several, 9));
    for bad in [&b"caf\xe9"[..], b"tab\there", b"NUL", b"line\nbreak"] {
        let text = unlawful(put(&incoming, &file(bad, 1), b"x"));
        assert!(!text.contains(['\n', '\t']), "{text}");
        unlawful(incoming.make(&folder(bad)));
        unlawful(put(&incoming, &file([bad, b"/inside"].concat(), 1), b"x"));
    }
}

#[test]
fn every_lawful_byte_is_kept_inside() {
    let (root, store) = store();
    let incoming = begin(&store, &folder_offer());
    let mut sent = Vec::new();
    for byte in (1..=255).filter(|byte| *byte != b'/') {
        for name in [vec![byte], vec![b'x', byte, b'y']] {
            if name != b"." {
                put(&incoming, &file([b"t/", &name[..]].concat(), 1), &[byte]).expect("put");
                sent.push(name);
            }
        }
    }
    let long = [vec![0xff; 254], vec![b'/'], vec![b'n'; 255]].concat();
    put(&incoming, &file([b"t/", &long[..]].concat(), 1), b"x").expect("put");
    sent.push(vec![0xff; 254]);
    incoming.finish().expect("finished");
    let found = std::fs::read_dir(root.path().join("t")).expect("a directory");
    let mut found: Vec<_> = found
        .map(|entry| std::os::unix::ffi::OsStringExt::into_vec(entry.expect("one").file_name()))
        .collect();
    found.sort();
    sent.sort();
    assert_eq!(found, sent);
}

#[test]
fn the_longest_names_are_numbered_too() {
    let (root, store) = store();
    let name = format!("{}.txt", "n".repeat(251));
    for expected in 1..=3 {
        let incoming = begin(&store, &offer(&name, Form::File, 1));
        put(&incoming, &file(&name, 1), b"x").expect("put");
        incoming.finish().expect("finished");
        assert_eq!(names(root.path()).len(), expected);
    }
}

#[test]
fn what_an_earlier_run_put_there_is_replaced_by_its_new_version() {
    let (root, store) = store();
    let first = begin(&store, &folder_offer());
    put(&first, &file("t/a", 3), b"old").expect("put");
    put(&first, &file("t/b", 3), b"old").expect("put");
    drop(first);
    let second = begin(&store, &folder_offer());
    assert!(second.is_there(&file("t/a", 3)));
    assert!(!second.is_there(&file("t/b", 5)), "it has another size now");
    let text = unlawful(put(&second, &file("t/a/x", 1), b"x"));
    assert!(text.contains("in the way"), "{text}");
    put(&second, &file("t/b", 5), b"newer").expect("put");
    assert_eq!(second.finish(), Ok("t".to_owned()));
    assert_eq!(names(&root.path().join("t")), ["a", "b"]);
    assert_eq!(read(&root, "t/b"), b"newer");
}

#[test]
fn names_that_this_disk_holds_equal_are_numbered_inside() {
    let (root, store) = store();
    let incoming = begin(&store, &folder_offer());
    // The same name twice in one run is what such a disk makes of two.
    put(&incoming, &file("t/a", 1), b"1").expect("put");
    put(&incoming, &file("t/a", 1), b"2").expect("put");
    incoming.make(&link("t/a", "b")).expect("made");
    incoming.finish().expect("finished");
    assert_eq!(names(&root.path().join("t")), ["a", "a (2)", "a (3)"]);
    assert_eq!(read(&root, "t/a"), b"1");
}

#[test]
fn several_files_keep_their_names_over_runs() {
    let (root, store) = store();
    std::fs::write(root.path().join("a"), "old").expect("written");
    let offer = offer("a", Form::Several, 2);
    let first = begin(&store, &offer);
    put(&first, &file("a", 1), b"1").expect("put");
    put(&first, &file("d/x", 1), b"1").expect("put");
    drop(first);
    let second = begin(&store, &offer);
    assert!(second.is_there(&file("a", 1)) && second.is_there(&file("d/x", 1)));
    assert!(!second.is_there(&file("b", 1)));
    put(&second, &file("b", 1), b"1").expect("put");
    assert_eq!(second.finish(), Ok("a (2), b, d".to_owned()));
    assert_eq!(names(root.path()), ["a", "a (2)", "b", "d"]);
}

#[test]
fn a_folder_that_somebody_removes_meanwhile_is_made_again() {
    let (root, store) = store();
    let incoming = begin(&store, &folder_offer());
    put(&incoming, &file("t/d/a", 1), b"1").expect("put");
    std::fs::remove_dir_all(root.path().join("t")).expect("removed");
    put(&incoming, &file("t/d/b", 1), b"1").expect("put");
    incoming.finish().expect("finished");
    assert_eq!(names(&root.path().join("t/d")), ["b"]);
}
