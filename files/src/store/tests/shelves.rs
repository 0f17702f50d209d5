//! What is particular to a directory that others fetch from: folders appear whole, there is a sum of
//! what is there, and what nobody goes on with is cleared up.

use super::*;
use crate::store::{Swept, Tally};
use couplet::shelf::name::ShelfName;
use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

const DAY: Duration = Duration::from_hours(24);

fn shelf() -> (TempDir, Arc<Store>) {
    at_work();
    let root = tempfile::tempdir().expect("a directory");
    let store = Store::open_existing(root.path()).expect("opened");
    (root, store)
}

fn begin(store: &Arc<Store>, offer: &Offer) -> Incoming {
    store.begin(offer, OnCollision::Refuse).expect("begun")
}

fn shown(store: &Store) -> Vec<String> {
    let contents = store.contents(true).expect("read");
    assert_eq!(contents.left_out, 0);
    let mut names: Vec<_> = contents.files.iter().map(|file| file.name.to_string()).collect();
    names.sort();
    names
}

/// By the clock of the disk, since 1970.
fn now() -> Duration {
    let file = tempfile::tempfile().and_then(|file| file.metadata()?.modified()).expect("a file");
    file.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970")
}

#[test]
fn a_folder_is_there_when_it_is_whole() {
    let (root, store) = shelf();
    let incoming = begin(&store, &folder_offer());
    incoming.make(&Entry { mode: Some(0o555), ..folder("t") }).expect("made");
    incoming.make(&folder("t/in")).expect("made");
    put(&incoming, &file("t/in/a", 3), b"abc").expect("put");
    incoming.make(&twin("t/b", "t/in/a")).expect("made");
    let name = ShelfName::new("t").expect("a name");
    assert!(store.find(&name).is_err() && !store.has(&name.last()));
    assert_eq!(shown(&store), Vec::<String>::new());
    // A killed relay goes on with it.
    drop(incoming);
    assert_eq!(store.preflight(&folder_offer()).held, 3);
    let incoming = begin(&store, &folder_offer());
    incoming.make(&Entry { mode: Some(0o555), ..folder("t") }).expect("made");
    incoming.make(&folder("t/in")).expect("made");
    assert!(incoming.is_there(&file("t/in/a", 3)));
    incoming.make(&twin("t/b", "t/in/a")).expect("made");
    put(&incoming, &file("t/c", 1), b"c").expect("put");
    assert_eq!(incoming.finish(), Ok("t".to_owned()));
    assert_eq!(names(root.path()), ["t"]);
    assert_eq!(shown(&store), ["t/b", "t/c", "t/in/a"]);
    assert_eq!((mode(&root, "t"), mtime(&root, "t")), (0o555, WHEN));
    let all = Tally { bytes: 7, entries: 5 };
    assert_eq!(store.tally(&HashSet::new()).expect("read"), all);
    std::fs::set_permissions(root.path().join("t"), PermissionsExt::from_mode(0o755)).expect("set");
}

#[test]
fn a_folder_whose_name_is_taken_meanwhile_replaces_nothing() {
    let (root, store) = shelf();
    for by_a_folder in [false, true] {
        let incoming = begin(&store, &folder_offer());
        put(&incoming, &file("t/a", 3), b"abc").expect("put");
        let path = root.path().join("t");
        if by_a_folder {
            std::fs::remove_file(&path).expect("removed");
            std::fs::create_dir(&path).expect("made");
        } else {
            std::fs::write(&path, "theirs").expect("written");
        }
        let text = unlawful(incoming.finish().map(drop));
        assert!(text.contains("there is a t already"), "{text}");
        incoming.discard();
        assert_eq!(names(root.path()), ["t"]);
        assert!(!root.path().join("t/a").exists());
    }
}

#[test]
fn a_folder_that_comes_to_nothing_leaves_nothing() {
    let (root, store) = shelf();
    let incoming = begin(&store, &folder_offer());
    incoming.make(&folder("t/deep/deeper")).expect("made");
    put(&incoming, &file("t/deep/a", 3), b"abc").expect("put");
    incoming.make(&link("t/deep/up", "../../..")).expect("made");
    drop(incoming);
    // As an end leaves it that had given the folders their looks.
    let part = root.path().join(&names(root.path())[0]).join("apart/t/deep");
    std::fs::set_permissions(&part, PermissionsExt::from_mode(0o500)).expect("set");
    begin(&store, &folder_offer()).discard();
    assert_eq!(names(root.path()), Vec::<String>::new());
}

#[test]
fn what_nobody_has_touched_for_long_and_nobody_is_at_is_swept() {
    let (root, store) = shelf();
    let cut = begin(&store, &offer("cut", Form::File, LARGE));
    write_group(&open(&cut, &file("cut", LARGE)).1, 0);
    drop(cut);
    let cut = begin(&store, &folder_offer());
    put(&cut, &file("t/a", 3), b"abc").expect("put");
    drop(cut);
    let moving = begin(&store, &offer("moving", Form::File, LARGE));
    write_group(&open(&moving, &file("moving", LARGE)).1, 0);
    let remnant = root.path().join(".couplet-0123456789abcdef");
    let foreign = root.path().join(".couplet-00000000000000ff");
    for (path, about) in [(&remnant, ""), (&foreign, "{\"offer\":7}")] {
        std::fs::create_dir(path).expect("made");
        std::fs::write(path.join("offer.json"), about).expect("written");
    }
    std::fs::write(root.path().join("whole"), "w").expect("written");
    assert_eq!(
        store.tally(&HashSet::new()).expect("read"),
        Tally { bytes: GROUP + 3 + 1, entries: 3 }
    );
    let sweep = |now| {
        let Swept { removed, errors } = store.sweep(now, DAY);
        assert!(errors.is_empty(), "{errors:?}");
        removed
    };
    assert_eq!(sweep(now()), 0, "they are from today");
    assert_eq!(sweep(Duration::ZERO), 0, "nothing is old before it was made");
    assert_eq!(sweep(now() + DAY / 2), 0);
    assert_eq!(sweep(now() + DAY + Duration::from_mins(1)), 3);
    let parts = store.parts();
    assert!(parts.len() == 1 && parts[0].in_use && foreign.exists(), "{parts:?}");
    assert_eq!(shown(&store), ["whole"]);
    drop(moving);
    assert_eq!(sweep(now() + 2 * DAY), 1, "nobody is at it any more");
    assert_eq!(store.tally(&HashSet::new()).expect("read"), Tally { bytes: 1, entries: 1 });
}

#[test]
fn everything_that_is_there_counts_whatever_its_name_is() {
    let (root, store) = shelf();
    std::fs::create_dir_all(root.path().join("a/b")).expect("made");
    for path in ["a/b/c", "nul", "d"] {
        std::fs::write(root.path().join(path), "12345").expect("written");
    }
    std::fs::write(root.path().join(".hidden"), "12345").expect("written");
    std::os::unix::fs::symlink("d", root.path().join("link")).expect("linked");
    // Neither the bytes of a link nor of a name that can't have come through here.
    assert_eq!(store.tally(&HashSet::new()).expect("read"), Tally { bytes: 10, entries: 6 });
    std::fs::write(root.path().join("D.txt"), "1").expect("written");
    let but = ["a", "d.txt", "c"].map(str::to_owned).into();
    assert_eq!(store.tally(&but).expect("read"), Tally { bytes: 5, entries: 3 });
}

#[test]
fn many_folders_are_gone_through_with_few_of_them_open() {
    let (root, store) = shelf();
    // More than a process may usually have open.
    for number in 0..1500 {
        std::fs::create_dir(root.path().join(format!("d{number}"))).expect("made");
    }
    let open = || std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let before = open();
    let mut most = 0;
    store
        .walk(
            true,
            |_| false,
            |_| {
                most = most.max(open());
                true
            },
        )
        .expect("read");
    // Other tests have some open, too.
    assert!(most < before + 1000, "{most} were open, {before} before");
    assert_eq!(store.tally(&HashSet::new()).expect("read").entries, 1500);
}
