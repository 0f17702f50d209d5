//! Trees with everything that a file system can have in them.

use super::super::tests::{find, inside, is_root, make_fifo, source_with, tree, walked};
use super::super::{Source, WalkOptions};
use super::*;
use couplet::limits::{MAX_PATH_BYTES, MAX_PATH_PARTS};
use couplet::transfer::entry::Stamp;
use proptest::prelude::*;
use rustix::fs::{Mode, mkdirat, openat};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixListener;
use std::time::{Duration, SystemTime};

fn source(path: &Path) -> Source {
    source_with(path, &WalkOptions::default())
}

#[test]
fn a_walk_can_go_to_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<Walk>();
    is_send::<Found>();
}

#[test]
fn folders_come_before_what_is_in_them_and_all_is_sorted() {
    let dir = tree(&["t/b/2", "t/b/10", "t/a", "t/b.txt", "t/C", "t/.hidden", "t/empty/"]);
    let source = source(&dir.path().join("t"));
    // Bytewise, so capitals first, and what is in a folder before what only begins like it.
    let names = [".hidden", "C", "a", "b", "b/10", "b/2", "b.txt", "empty"];
    assert_eq!(inside(&source), names);
    assert_eq!(walked(&source).0[0], "t");
}

#[test]
fn every_byte_that_a_name_can_have_is_kept() {
    let dir = tree(&["t/"]);
    let top = dir.path().join("t");
    let mut names = BTreeSet::new();
    for byte in (1..=255).filter(|byte| *byte != b'/') {
        for name in [vec![byte], vec![b'x', byte]] {
            if name != b"." {
                fs::write(top.join(OsStr::from_bytes(&name)), &name).expect("a file");
                names.insert(name);
            }
        }
    }
    names.insert(vec![0xff; 255]);
    fs::write(top.join(OsStr::from_bytes(&[0xff; 255])), [0xff; 255]).expect("a file");
    let mut walk = source(&top).walk();
    assert!(matches!(walk.next(), Some(Found::Entry { .. })));
    for (name, found) in names.iter().zip(&mut walk) {
        let Found::Entry { what, place, .. } = found else { panic!("{name:?} was left out") };
        assert_eq!(what.path.last(), name);
        let mut bytes = vec![0; name.len()];
        place.open().expect("opens").read_at(&mut bytes, 0).expect("reads");
        assert_eq!(&bytes, name);
    }
    assert!(walk.next().is_none());
}

#[test]
fn modes_and_times_are_kept() {
    let dir = tree(&["t/script", "t/folder/", "t/link -> script"]);
    let top = dir.path().join("t");
    let script = fs::File::options().write(true).open(top.join("script")).expect("the file");
    // Before 1970 too.
    script.set_modified(SystemTime::UNIX_EPOCH - Duration::new(1, 999_999_999)).expect("a time");
    rustix::fs::chmod(top.join("script"), Mode::from_raw_mode(0o4751)).expect("a mode");
    rustix::fs::chmod(top.join("folder"), Mode::from_raw_mode(0o750)).expect("a mode");
    let source = source(&top);
    let (script, _) = find(&source, "script");
    assert_eq!((script.mode, script.mtime), (Some(0o751), Some(Stamp(-2, 1))));
    let (folder, _) = find(&source, "folder");
    assert_eq!((folder.mode, folder.kind), (Some(0o750), EntryKind::Folder));
    let (link, _) = find(&source, "link");
    assert_eq!((link.mode, link.mtime.is_some()), (None, true));
}

#[test]
fn links_are_kept_only_if_they_stay_inside() {
    let dir = tree(&[
        "t/f",
        "t/d/good -> ../f",
        "t/here -> d",
        "t/dangling -> missing/x",
        "t/out -> ../t/f",
        "t/root -> /etc/passwd",
        "t/d/up -> ../../x",
    ]);
    let source = source(&dir.path().join("t"));
    let (entries, left_out) = walked(&source);
    assert_eq!(entries, ["t", "t/d", "t/d/good", "t/dangling", "t/f", "t/here"]);
    assert_eq!(left_out.len(), 3);
    let why = "the link t/d/up leads outside of what is sent, to ../../x, so it is left out";
    assert_eq!(left_out[0], why);
    let (good, place) = find(&source, "good");
    assert_eq!(good.kind, EntryKind::Link { target: RawName(b"../f".to_vec()) });
    assert!(place.open().is_err());
}

#[test]
fn another_name_of_a_file_is_its_twin() {
    let dir = tree(&["t/a", "t/d/", "t/z"]);
    let top = dir.path().join("t");
    for name in ["d/b", "c"] {
        fs::hard_link(top.join("a"), top.join(name)).expect("another name");
    }
    // Has a second name too, but elsewhere.
    fs::hard_link(top.join("z"), dir.path().join("elsewhere")).expect("another name");
    let source = source(&top);
    let kind = |name| find(&source, name).0.kind;
    assert_eq!(kind("t/a"), EntryKind::File { size: Some(3) });
    assert_eq!(kind("t/z"), EntryKind::File { size: Some(3) });
    let of = SafePath::new("t/a").expect("a path");
    assert_eq!(kind("t/d/b"), EntryKind::Twin { of: of.clone() });
    assert_eq!(kind("t/c"), EntryKind::Twin { of });
    assert_eq!((source.offer().size, source.offer().entries), (Some(6), 6));
}

#[test]
fn a_twin_is_never_of_something_else_that_was_named() {
    let dir = tree(&["one/a", "two/"]);
    fs::hard_link(dir.path().join("one/a"), dir.path().join("two/a")).expect("another name");
    let paths = ["one", "two"].map(|name| dir.path().join(name));
    let source = Source::inspect(&paths, &WalkOptions::default()).expect("a source");
    assert!(find(&source, "two/a").0.is_file());
}

#[test]
fn what_is_no_file_is_left_out_with_its_reason() {
    let dir = tree(&["t/a", "t/z"]);
    let top = dir.path().join("t");
    make_fifo(&top.join("fifo"));
    let _socket = UnixListener::bind(top.join("socket")).expect("a socket");
    fs::write(top.join(".couplet-part"), "").expect("a file");
    let (entries, left_out) = walked(&source(&top));
    assert_eq!(entries, ["t", "t/a", "t/z"]);
    assert!(left_out[0].contains("couplet keeps for its own files"), "{left_out:?}");
    assert_eq!(left_out[1], "t/fifo is a named pipe and no file, so it is left out");
    assert_eq!(left_out[2], "t/socket is a socket and no file, so it is left out");
}

#[test]
fn a_folder_that_cant_be_read_is_left_out_and_the_walk_goes_on() {
    if is_root() {
        return;
    }
    let dir = tree(&["t/a", "t/locked/x", "t/z"]);
    let locked = dir.path().join("t/locked");
    rustix::fs::chmod(&locked, Mode::empty()).expect("no permissions");
    let (entries, left_out) = walked(&source(&dir.path().join("t")));
    rustix::fs::chmod(&locked, Mode::RWXU).expect("permissions");
    assert_eq!(entries, ["t", "t/a", "t/z"]);
    assert!(left_out[0].starts_with("the folder t/locked can't be read"), "{left_out:?}");
}

#[test]
fn trees_that_are_too_deep_are_left_out_from_there_on() {
    let deep = vec!["d"; MAX_PATH_PARTS + 6].join("/") + "/";
    let dir = tree(&[&format!("t/{deep}"), "t/z"]);
    let (entries, left_out) = walked(&source(&dir.path().join("t")));
    assert_eq!(entries.len(), MAX_PATH_PARTS + 1);
    assert!(left_out.len() == 1 && left_out[0].contains("names deep"), "{left_out:?}");
}

#[test]
fn paths_as_long_as_they_may_be_are_read() {
    let dir = tree(&["t/"]);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let mut folder = openat(CWD, dir.path().join("t"), flags, Mode::empty()).expect("a folder");
    let name = "n".repeat(200);
    let mut len = 1;
    while len + 1 + name.len() < MAX_PATH_BYTES - 60 {
        mkdirat(&folder, &name, Mode::RWXU).expect("a folder");
        folder = openat(&folder, &name, flags, Mode::empty()).expect("a folder");
        len += 1 + name.len();
    }
    for last in [MAX_PATH_BYTES - len - 1, MAX_PATH_BYTES - len] {
        let flags = OFlags::WRONLY | OFlags::CREATE;
        let file = openat(&folder, "x".repeat(last), flags, Mode::RUSR).expect("a file");
        rustix::io::write(&file, b"deep").expect("a file");
    }
    let source = source(&dir.path().join("t"));
    let (_, left_out) = walked(&source);
    assert!(left_out.len() == 1 && left_out[0].contains("at most 4096"), "{left_out:?}");
    let (what, place) = find(&source, "x");
    assert_eq!(what.path.as_bytes().len(), MAX_PATH_BYTES);
    let open = place.open().expect("opens");
    let mut bytes = [0; 4];
    open.read_at(&mut bytes, 0).expect("reads");
    assert_eq!((&bytes, open.check()), (b"deep", Ok(())));
}

#[test]
fn what_changes_during_a_walk_leads_nowhere_else() {
    let dir = tree(&["t/a", "t/b/x", "t/c/", "t/d", "secret/x"]);
    let top = dir.path().join("t");
    let mut walk = source(&top).walk();
    // The names of the folder are read by now.
    assert!(walk.next().is_some());
    fs::remove_dir_all(top.join("b")).expect("no folder");
    std::os::unix::fs::symlink("../secret", top.join("b")).expect("a link");
    fs::remove_dir(top.join("c")).expect("no folder");
    let names: Vec<_> = walk
        .map(|found| match found {
            Found::Entry { what, .. } => what.path.to_string(),
            Found::LeftOut { why } => why,
        })
        .collect();
    let link = "the link t/b leads outside of what is sent, to ../secret, so it is left out";
    assert_eq!(names, ["t/a", link, "t/d"]);
}

#[test]
fn a_folder_that_is_gone_is_left_out() {
    let dir = tree(&["t/a", "u/b"]);
    let paths = ["t", "u"].map(|name| dir.path().join(name));
    let source = Source::inspect(&paths, &WalkOptions::default()).expect("a source");
    fs::remove_dir_all(&paths[0]).expect("no folder");
    let (entries, left_out) = walked(&source);
    assert_eq!(entries, ["u", "u/b"]);
    assert!(left_out[0].contains("any more; check the path"), "{left_out:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A walk is sorted by the names on the way, as lists of bytes.
    #[test]
    fn the_order_is_that_of_the_names(
        paths in prop::collection::vec(prop::collection::vec("[ab.!~]{1,2}", 1..4), 0..20)
    ) {
        let dir = tree(&["t/"]);
        let top = dir.path().join("t");
        let mut expected = BTreeSet::from([vec!["t".to_owned()]]);
        for path in paths {
            if path.iter().any(|name| name == "." || name == "..") {
                continue;
            }
            fs::create_dir_all(top.join(path.join("/"))).expect("folders");
            for len in 1..=path.len() {
                let mut names = vec!["t".to_owned()];
                names.extend_from_slice(&path[..len]);
                expected.insert(names);
            }
        }
        let expected: Vec<_> = expected.iter().map(|names| names.join("/")).collect();
        prop_assert_eq!(walked(&source(&top)).0, expected);
    }
}
