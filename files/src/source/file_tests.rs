//! Files that stay the same, and those that don't.

use super::super::tests::{find, is_root, make_fifo, source_with, tree};
use super::super::{Source, WalkOptions};
use super::*;
use std::fs;
use std::os::unix::net::UnixListener;
use tempfile::TempDir;

const MIB: u64 = 1024 * 1024;

/// A folder `t` with a file `d/f`, found both by itself and in the folder.
fn found() -> (TempDir, PathBuf, [Place; 2]) {
    let dir = tree(&["t/d/f", "t/d/other", "else/f"]);
    let path = dir.path().join("t/d/f");
    let alone = source_with(&path, &WalkOptions::default());
    let within = source_with(&dir.path().join("t"), &WalkOptions::default());
    let places = [&alone, &within].map(|source: &Source| find(source, "f").1);
    (dir, path, places)
}

fn has_changed(result: Result<impl Sized, SourceFault>) -> bool {
    let Err(fault) = result else { return false };
    assert!(fault.to_string().contains("f has changed since it was offered; it has to be"));
    fault.code() == Fault::SourceChanged
}

#[test]
fn what_stays_the_same_is_read() {
    let (_dir, path, places) = found();
    // Neither of these changes what is sent.
    rustix::fs::chmod(&path, rustix::fs::Mode::RUSR).expect("a mode");
    fs::hard_link(&path, path.with_file_name("again")).expect("another name");
    for place in places {
        let open = place.open().expect("opens");
        let mut bytes = [0; 9];
        assert_eq!(open.read_at(&mut bytes, 0), Ok(5));
        assert_eq!(&bytes[..5], b"t/d/f");
        assert_eq!(open.read_at(&mut bytes[..2], 2), Ok(2));
        assert_eq!(&bytes[..2], b"d/");
        assert_eq!((open.read_at(&mut bytes, 5), open.read_at(&mut bytes, 50)), (Ok(0), Ok(0)));
        assert_eq!((open.size(), open.check(), open.hole_at(0)), (Some(5), Ok(()), 0));
    }
}

#[test]
fn what_changed_before_it_is_opened_isnt_read() {
    type Change = fn(&Path);
    let changes: [Change; 8] = [
        |path| fs::write(path, "longer than before").expect("written"),
        |path| {
            let file = fs::File::options().write(true).open(path).expect("the file");
            file.set_modified(std::time::SystemTime::UNIX_EPOCH).expect("a time");
        },
        |path| {
            // Another with the same size and time.
            let time = fs::metadata(path).and_then(|data| data.modified()).expect("a time");
            let other = path.with_file_name("other");
            fs::write(&other, "12345").expect("written");
            let file = fs::File::options().write(true).open(&other).expect("the file");
            file.set_modified(time).expect("a time");
            fs::rename(other, path).expect("renamed");
        },
        |path| {
            fs::remove_file(path).expect("removed");
            make_fifo(path);
        },
        |path| {
            fs::remove_file(path).expect("removed");
            drop(UnixListener::bind(path).expect("a socket"));
        },
        |path| {
            fs::remove_file(path).expect("removed");
            fs::create_dir(path).expect("a folder");
        },
        |path| {
            fs::remove_file(path).expect("removed");
            std::os::unix::fs::symlink("other", path).expect("a link");
        },
        |path| {
            let folder = path.parent().expect("a folder");
            fs::rename(folder, folder.with_file_name("away")).expect("renamed");
            std::os::unix::fs::symlink("../else", folder).expect("a link");
        },
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let (_dir, path, places) = found();
        change(&path);
        for place in places {
            assert!(has_changed(place.open()), "change {number} of {place:?}");
        }
    }
}

#[test]
fn what_changes_while_it_is_open_is_noticed() {
    let (_dir, path, places) = found();
    let open = places.map(|place| place.open().expect("opens"));
    fs::write(&path, "t/").expect("written");
    for file in &open {
        let mut bytes = [0; 5];
        let fault = file.read_at(&mut bytes, 0).expect_err("too short");
        assert!(fault.to_string().contains("became shorter while it was sent"), "{fault}");
        assert_eq!(fault.code(), Fault::SourceChanged);
        assert!(has_changed(file.check()));
    }
}

#[test]
fn what_takes_its_place_while_it_is_open_is_noticed() {
    let (_dir, path, places) = found();
    let open = places.map(|place| place.open().expect("opens"));
    fs::rename(path.with_file_name("other"), &path).expect("renamed");
    for file in &open {
        let mut bytes = [0; 5];
        assert_eq!(file.read_at(&mut bytes, 0), Ok(5));
        assert!(has_changed(file.check()));
    }
}

#[test]
fn what_is_gone_is_said_so() {
    let (_dir, path, places) = found();
    let open = places.clone().map(|place| place.open().expect("opens"));
    fs::remove_file(&path).expect("removed");
    let after = places.map(|place| place.open().map(drop));
    for result in open.map(|file| file.check()).into_iter().chain(after) {
        let fault = result.expect_err("gone");
        assert!(fault.to_string().contains("was moved or removed"), "{fault}");
        assert_eq!(fault.code(), Fault::SourceChanged);
    }
}

#[test]
fn a_folder_that_moves_as_a_whole_takes_its_files_along() {
    let (dir, _, [_, within]) = found();
    let open = within.open().expect("opens");
    fs::rename(dir.path().join("t"), dir.path().join("moved")).expect("renamed");
    assert!(open.check().is_ok() && within.open().is_ok());
}

#[test]
fn what_may_not_be_read_any_more_is_unreadable() {
    if is_root() {
        return;
    }
    let (_dir, path, places) = found();
    rustix::fs::chmod(&path, rustix::fs::Mode::empty()).expect("no permissions");
    for place in places {
        let fault = place.open().expect_err("not allowed");
        assert!(fault.to_string().contains("give yourself permission"), "{fault}");
        assert_eq!(fault.code(), Fault::Unreadable);
    }
}

#[test]
fn folders_have_no_bytes() {
    let dir = tree(&["t/d/"]);
    let source = source_with(&dir.path().join("t"), &WalkOptions::default());
    let fault = find(&source, "t/d").1.open().expect_err("a folder");
    assert_eq!(fault.code(), Fault::Unreadable);
}

#[test]
#[cfg(target_os = "linux")]
fn holes_are_found_where_there_are_some() {
    let dir = tree(&["sparse", "dense", "empty"]);
    let at = |name: &str| dir.path().join(name);
    let file = fs::File::create(at("sparse")).expect("a file");
    file.set_len(200 * 1024 * MIB).expect("a length");
    file.write_all_at(&[1; 4096], 8 * MIB).expect("written");
    fs::write(at("dense"), vec![0; 3 << 20]).expect("written");
    fs::write(at("empty"), "").expect("written");
    let open = |name: &str| {
        let source = source_with(&at(name), &WalkOptions::default());
        find(&source, name).1.open().expect("opens")
    };
    let sparse = open("sparse");
    assert_eq!(sparse.hole_at(0), 8 * MIB);
    assert_eq!(sparse.hole_at(7 * MIB + 5), MIB - 5);
    assert_eq!(sparse.hole_at(8 * MIB), 0);
    assert_eq!(sparse.hole_at(9 * MIB), (200 * 1024 - 9) * MIB);
    assert_eq!(sparse.hole_at(200 * 1024 * MIB), 0);
    let mut bytes = [9; 10];
    assert_eq!(sparse.read_at(&mut bytes, 8 * MIB - 5), Ok(10));
    assert_eq!(bytes, [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    assert_eq!((open("dense").hole_at(0), open("empty").hole_at(0)), (0, 0));
}
