//! Disks that are full, read-only, or no directories at all.

use super::*;

/// Set for a copy of this program that has a small disk of its own there.
const DISK: &str = "COUPLET_TEST_DISK";

/// Runs the test that this is called from once more, with a small disk of its own mounted with these
/// options. Gives the disk in there, and nothing out here.
fn on_a_small_disk(options: &str) -> Option<std::path::PathBuf> {
    if let Some(disk) = std::env::var_os(DISK) {
        return Some(disk.into());
    }
    let place = tempfile::tempdir().expect("a directory");
    let name = std::thread::current().name().map(str::to_owned).expect("the test's name");
    let script = "mount -t tmpfs -o \"$1\" none \"$2\" || exit 99; exec \"$3\" --exact \"$4\"";
    let mut copy = Command::new("unshare");
    copy.args(["-U", "-r", "-m", "sh", "-c", script, "sh", options])
        .arg(place.path())
        .arg(std::env::current_exe().expect("this program"))
        .arg(name)
        .env(DISK, place.path());
    match output(&mut copy) {
        Ok(ran) if ran.status.code() == Some(99) => eprintln!("skipped: nothing can be mounted"),
        Ok(ran) if ran.stdout.is_empty() => eprintln!("skipped: no namespace of its own"),
        Ok(ran) => assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout)),
        Err(error) => eprintln!("skipped: {error}"),
    }
    None
}

#[test]
fn a_full_disk_is_waited_out() {
    let Some(disk) = on_a_small_disk("size=6m") else { return };
    let store = Store::open(&disk).expect("opened");
    let refused = store.begin(&offer("a", Form::File, 9 * GROUP), OnCollision::Rename);
    assert!(refused.expect_err("too large").contains("too full"));
    assert_eq!(names(&disk), [""; 0], "refused before anything is written");
    let incoming = begin(&store, &offer("a", Form::File, LARGE));
    let (_, growing) = open(&incoming, &file("a", LARGE));
    write_group(&growing, 0);
    std::fs::write(disk.join("filler"), vec![1; 9 << 20]).expect_err("it is full");
    assert!(!incoming.has_room(1));
    let group = content(GROUP);
    assert_eq!(growing.write(GROUP, &group), Err(Trouble::Full));
    let mut noted = Ok(());
    for offset in 0..200 {
        // The journal's own page is full at last.
        noted = noted.and(growing.note(Record::Hole { offset: offset * GROUP, len: 0 }));
    }
    assert_eq!(noted, Err(Trouble::Full));
    std::fs::remove_file(disk.join("filler")).expect("removed");
    assert!(incoming.has_room(GROUP));
    (1..4).for_each(|number| write_group(&growing, number));
    growing.save(&file("a", LARGE)).expect("saved");
    incoming.finish().expect("finished");
    assert_eq!(std::fs::read(disk.join("a")).expect("read"), content(LARGE));
}

#[test]
fn a_disk_without_room_for_names_is_waited_out() {
    let Some(disk) = on_a_small_disk("nr_inodes=30") else { return };
    let store = Store::open(&disk).expect("opened");
    let incoming = begin(&store, &folder_offer());
    let mut last = Ok(());
    for number in 0..40 {
        let name = format!("t/{number}");
        let done = if number % 2 == 0 {
            put(&incoming, &file(&name, 0), b"")
        } else {
            incoming.make(&folder(&name))
        };
        last = last.and(done);
    }
    assert_eq!(last, Err(Trouble::Full));
    assert_eq!(incoming.make(&link("t/link", "x")), Err(Trouble::Full));
    let (opened, large) = (incoming.open(0, &file("t/large", LARGE), true), Trouble::Full);
    assert_eq!(opened.map(drop), Err(large));
    std::fs::remove_dir(disk.join("t/1")).expect("removed");
    std::fs::remove_dir(disk.join("t/3")).expect("removed");
    std::fs::remove_dir(disk.join("t/5")).expect("removed");
    put(&incoming, &file("t/more", 1), b"x").expect("put");
    incoming.make(&link("t/link", "x")).expect("made");
    incoming.finish().expect("finished");
}

#[test]
fn a_disk_that_can_only_be_read_is_told_before() {
    let Some(disk) = on_a_small_disk("size=1m,ro") else { return };
    let store = Store::open(&disk).expect("opened");
    let trouble = store.preflight(&folder_offer()).trouble.expect("nothing can be written");
    assert!(trouble.contains("--downloads"), "{trouble}");
    assert_eq!(store.begin(&folder_offer(), OnCollision::Rename).err(), Some(trouble));
}

#[test]
fn a_file_that_cannot_fit_is_refused_before_a_byte_is_written() {
    let (root, store) = store();
    let error = store.begin(&offer("a", Form::File, u64::MAX), OnCollision::Rename);
    let error = error.expect_err("no disk is so large");
    assert!(error.contains("too full"), "{error}");
    let incoming = begin(&store, &folder_offer());
    let opened = incoming.open(0, &file("t/a", u64::MAX), true);
    assert!(matches!(opened, Err(Trouble::Refused(Fault::Storage, _))), "{opened:?}");
    incoming.discard();
    assert_eq!(names(root.path()), ["t"]);
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let root = tempfile::tempdir().expect("a directory");
    std::fs::write(root.path().join("file"), "").expect("written");
    for path in ["file", "file/sub"] {
        let error = Store::open(&root.path().join(path)).expect_err("not a directory");
        assert!(error.contains("--downloads") && error.contains(path), "{error}");
    }
    let made = root.path().join("a/b");
    assert_eq!(Store::open(&made).map(|store| store.parts()), Ok(Vec::new()));
}

#[test]
fn a_directory_that_is_gone_is_told() {
    let (root, store) = store();
    root.close().expect("removed");
    let error = store.begin(&folder_offer(), OnCollision::Rename).expect_err("gone");
    assert!(error.contains("--downloads"), "{error}");
    assert!(store.preflight(&folder_offer()).trouble.is_some());
}
