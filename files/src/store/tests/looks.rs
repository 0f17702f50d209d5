//! Modes and times.

use super::*;

#[test]
fn files_folders_and_links_look_as_they_did() {
    let (root, store) = store();
    let incoming = begin(&store, &folder_offer());
    let with = |mut entry: Entry, mode: u32, secs: i64| {
        entry.mode = Some(mode);
        entry.mtime = Some(Stamp(secs, 999_999_999));
        entry
    };
    incoming.make(&with(folder("t"), 0o555, 1)).expect("made");
    incoming.make(&with(folder("t/shut"), 0o7000, -5)).expect("made");
    incoming.make(&with(folder("t/shut/deep"), 0o1777, 3)).expect("made");
    for (path, mode) in [("t/a", 0o777), ("t/b", 0o4444), ("t/shut/deep/c", 0)] {
        put(&incoming, &with(file(path, 1), mode, 7), b"x").expect("put");
    }
    let large = with(file("t/large", LARGE), 0o606, 8);
    let (_, growing) = open(&incoming, &large);
    growing.save(&large).expect("saved");
    incoming.make(&with(link("t/link", "a"), 0o777, 9)).expect("made");
    incoming.finish().expect("finished");
    for (path, expected, secs) in [
        ("t", 0o555, 1),
        ("t/shut/deep", 0o777, 3),
        ("t/a", 0o777, 7),
        ("t/b", 0o444, 7),
        ("t/large", 0o606, 8),
    ] {
        // Inside of what nobody may enter only root can look.
        if std::fs::symlink_metadata(root.path().join(path)).is_ok() {
            assert_eq!(mode(&root, path), expected, "{path}");
            assert_eq!(mtime(&root, path), Stamp(secs, 999_999_999), "{path}");
        }
    }
    assert_eq!(mode(&root, "t/shut"), 0);
    assert_eq!(mtime(&root, "t/shut"), Stamp(-5, 999_999_999));
    assert_eq!(mtime(&root, "t/link"), Stamp(9, 999_999_999));
    open_up(&root);
}

#[test]
fn nobody_elses_folder_changes_its_looks() {
    let (root, store) = store();
    std::fs::create_dir(root.path().join("t")).expect("made");
    let before = mode(&root, "t");
    let incoming = store.begin(&folder_offer(), OnCollision::Skip).expect("begun");
    for (path, mode) in [("t", 0o500), ("t/new", 0o510)] {
        let mut made = folder(path);
        made.mode = Some(mode);
        incoming.make(&made).expect("made");
    }
    incoming.finish().expect("finished");
    assert_eq!(mode(&root, "t"), before);
    assert_eq!(mode(&root, "t/new"), 0o510);
}

/// Runs as somebody whom a mode keeps out, also if these tests run as root.
#[test]
fn a_transfer_that_ends_while_it_ends_goes_on_all_the_same() {
    if rustix::process::geteuid().is_root() {
        let exe = std::env::current_exe().expect("this program");
        let name = std::thread::current().name().map(str::to_owned).expect("the test's name");
        match output(Command::new("unshare").arg("-U").arg(exe).args(["--exact", &name])) {
            Ok(ran) if ran.status.success() => return,
            Ok(ran) if !ran.stdout.is_empty() => {
                panic!("{}", String::from_utf8_lossy(&ran.stdout))
            }
            Ok(_) | Err(_) => eprintln!("nobody but root here; some of it shows nothing"),
        }
    }
    let (root, store) = store();
    let shut = |path: &str, mode| {
        let mut made = folder(path);
        made.mode = Some(mode);
        made
    };
    let incoming = begin(&store, &folder_offer());
    incoming.make(&shut("t", 0o555)).expect("made");
    incoming.make(&shut("t/d", 0)).expect("made");
    put(&incoming, &file("t/d/a", 1), b"x").expect("put");
    // As far as the looks, and no farther.
    let state = names(root.path()).remove(0);
    let kept = root.path().join("kept");
    std::fs::create_dir(&kept).expect("made");
    for name in names(&root.path().join(&state)) {
        std::fs::copy(root.path().join(&state).join(&name), kept.join(&name)).expect("copied");
    }
    incoming.finish().expect("finished");
    drop(incoming);
    std::fs::rename(&kept, root.path().join(&state)).expect("back");
    assert_eq!(mode(&root, "t"), 0o555);
    let again = begin(&store, &folder_offer());
    again.make(&shut("t", 0o555)).expect("there");
    again.make(&shut("t/d", 0)).expect("there");
    assert!(again.is_there(&file("t/d/a", 1)));
    put(&again, &file("t/d/b", 1), b"x").expect("put");
    assert_eq!(again.finish(), Ok("t".to_owned()));
    assert_eq!(mode(&root, "t"), 0o555);
    open_up(&root);
    assert_eq!(names(&root.path().join("t/d")), ["a", "b"]);
}

/// So that the directory can be removed.
fn open_up(root: &TempDir) {
    use std::os::unix::fs::PermissionsExt;
    for path in ["t", "t/d", "t/shut"] {
        let path = root.path().join(path);
        let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700));
    }
}
