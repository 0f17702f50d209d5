//! What paths name, and trees for the tests beside.

use super::*;
use couplet::transfer::entry::Stamp;
use rustix::fs::{Mode, mknodat};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// A folder with these: a name that ends in a slash is a folder, one with `->` a link, and a file's
/// content is its name.
pub(super) fn tree(names: &[&str]) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for name in names {
        let (name, target) = name.split_once(" -> ").unwrap_or((name, ""));
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("its folder");
        if name.ends_with('/') {
            fs::create_dir_all(&path).expect("a folder");
        } else if target.is_empty() {
            fs::write(&path, name).expect("a file");
        } else {
            std::os::unix::fs::symlink(target, &path).expect("a link");
        }
    }
    dir
}

/// A named pipe, which blocks who opens it carelessly.
pub(super) fn make_fifo(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a named pipe");
}

/// Root may read everything, so nothing is refused to it.
pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// What is sent of this folder.
pub(super) fn source_with(path: &Path, options: &WalkOptions) -> Source {
    Source::inspect(&[path.to_owned()], options).expect("a source")
}

/// The paths of its entries, and why others were left out, in their order.
pub(super) fn walked(source: &Source) -> (Vec<String>, Vec<String>) {
    let (mut entries, mut left_out) = (Vec::new(), Vec::new());
    for found in source.walk() {
        match found {
            Found::Entry { what, .. } => {
                entries.push(String::from_utf8_lossy(what.path.as_bytes()).into_owned());
            }
            Found::LeftOut { why } => left_out.push(why),
        }
    }
    (entries, left_out)
}

/// The entries of a folder without its own name and itself.
pub(super) fn inside(source: &Source) -> Vec<String> {
    let names = walked(source).0;
    names.iter().filter_map(|name| name.split_once('/').map(|(_, rest)| rest.to_owned())).collect()
}

/// The entry at this path below the one that was named.
pub(super) fn find(source: &Source, below: &str) -> (Entry, Place) {
    let mut walk = source.walk();
    walk.find_map(|found| match found {
        Found::Entry { what, place, .. } if what.path.as_bytes().ends_with(below.as_bytes()) => {
            Some((what, place))
        }
        Found::Entry { .. } | Found::LeftOut { .. } => None,
    })
    .expect("such an entry")
}

fn inspect(paths: &[&Path]) -> Result<Source, String> {
    let paths: Vec<_> = paths.iter().map(|path| path.to_path_buf()).collect();
    Source::inspect(&paths, &WalkOptions::default())
}

#[test]
fn one_file_is_offered_as_it_is() {
    let dir = tree(&["photo.png"]);
    let path = dir.path().join("photo.png");
    let file = fs::File::options().write(true).open(&path).expect("the file");
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::new(77, 5)).expect("a time");
    let source = inspect(&[&path]).expect("a source");
    let offer = source.offer();
    assert_eq!((offer.name.as_str(), offer.form), ("photo.png", Form::File));
    assert_eq!((offer.size, offer.entries, offer.mtime), (Some(9), 1, Some(Stamp(77, 5))));
    let (what, place) = find(&source, "photo.png");
    offer.check_entry(&what).expect("an entry of the offer");
    assert_eq!(what.mtime, offer.mtime);
    let mut bytes = [0; 20];
    assert_eq!(place.open().expect("opens").read_at(&mut bytes, 0), Ok(9));
    assert_eq!(&bytes[..9], b"photo.png");
}

#[test]
fn a_folder_is_counted() {
    let dir = tree(&["f/a", "f/empty/", "f/b/cc", "f/link -> a", "f/bad -> /etc"]);
    let source = inspect(&[&dir.path().join("f")]).expect("a source");
    let offer = source.offer();
    assert_eq!((offer.name.as_str(), offer.form, offer.mtime), ("f", Form::Folder, None));
    assert_eq!((offer.size, offer.entries), (Some(3 + 6), 6));
    for found in source.walk() {
        if let Found::Entry { what, .. } = found {
            offer.check_entry(&what).expect("an entry of the offer");
        }
    }
}

#[test]
fn several_things_keep_their_order_and_equal_names_get_numbers() {
    let dir = tree(&["z", "one/a.txt", "two/a.txt", "three/a (2).txt", "four/a.txt", "d/x"]);
    let at = |name: &str| dir.path().join(name);
    let paths = ["z", "one/a.txt", "two/a.txt", "three/a (2).txt", "four/a.txt", "d"].map(at);
    let source = Source::inspect(&paths, &WalkOptions::default()).expect("a source");
    let offer = source.offer();
    assert_eq!((offer.name.as_str(), offer.form, offer.entries), ("z", Form::Several, 7));
    let names = ["z", "a.txt", "a (3).txt", "a (2).txt", "a (4).txt", "d", "d/x"];
    assert_eq!(walked(&source).0, names);
    let (_, place) = find(&source, "a (4).txt");
    let mut bytes = [0; 10];
    place.open().expect("opens").read_at(&mut bytes, 0).expect("reads");
    assert_eq!(&bytes, b"four/a.txt");
}

#[test]
fn long_names_stay_different_when_they_are_numbered() {
    let long = SafeName::new(&"n".repeat(255)).expect("a name");
    let names = vec![long.clone(), long.numbered(2), long.clone(), long];
    let different: BTreeSet<_> = distinct(&names).into_iter().collect();
    assert_eq!(different.len(), 4);
}

#[test]
fn a_path_without_a_last_name_has_that_of_its_folder() {
    let dir = tree(&["f/g/x"]);
    let name = |path: &str| own_name(&dir.path().join(path)).expect("a name").as_str().to_owned();
    assert_eq!(name("f/g/.."), "f");
    assert_eq!(name("f/."), "f");
    assert_eq!(name("f/"), "f");
    assert_eq!(own_name(Path::new("/")).expect("a name").as_str(), NAME_OF_ROOT);
    let here = std::env::current_dir().expect("a folder");
    let here = here.file_name().and_then(|name| name.to_str()).unwrap_or(NAME_OF_ROOT);
    assert_eq!(own_name(Path::new(".")).expect("a name").as_str(), here);
    assert_eq!(walked(&inspect(&[&dir.path().join("f/g/..")]).expect("a source")).0[1], "f/g");
}

#[test]
fn links_that_are_named_are_followed() {
    let dir = tree(&["real/f", "file -> real/f", "folder -> real", "broken -> nowhere"]);
    let file = inspect(&[&dir.path().join("file")]).expect("a source");
    assert_eq!((file.offer().name.as_str(), file.offer().form), ("file", Form::File));
    assert!(find(&file, "file").1.open().and_then(|file| file.check()).is_ok());
    let folder = inspect(&[&dir.path().join("folder")]).expect("a source");
    assert_eq!(walked(&folder).0, ["folder", "folder/f"]);
    assert!(find(&folder, "folder/f").1.open().is_ok());
    let broken = inspect(&[&dir.path().join("broken")]).expect_err("nothing there");
    assert!(broken.contains("there is no file or folder"), "{broken}");
}

#[test]
fn what_cant_be_offered_is_said_in_a_sentence() {
    let dir = tree(&["evil\u{202e}gnp.exe", "CON", ".couplet-part", "f/x"]);
    let bytes = std::ffi::OsStr::from_bytes(b"caf\xe9");
    fs::write(dir.path().join(bytes), "").expect("a file");
    make_fifo(&dir.path().join("fifo"));
    for (name, why) in [
        ("evil\u{202e}gnp.exe".as_ref(), "misleading"),
        ("CON".as_ref(), "device on Windows"),
        (".couplet-part".as_ref(), "keeps for its own"),
        (bytes, "isn't UTF-8"),
        ("fifo".as_ref(), "copy what it gives into a file"),
        ("missing".as_ref(), "check the path"),
        ("f/x/y".as_ref(), "check the path"),
    ] {
        let error = inspect(&[&dir.path().join(name)]).expect_err("no source");
        assert!(error.contains(why), "{error}");
        let with_others = inspect(&[&dir.path().join("f"), &dir.path().join(name)]);
        assert_eq!(with_others.expect_err("no source"), error);
    }
    assert!(inspect(&[Path::new("/dev/null")]).expect_err("no source").contains("device"));
    assert!(inspect(&[Path::new("")]).expect_err("no source").contains("\"\""));
    assert!(inspect(&[]).expect_err("no source").contains("nothing to send"));
}

#[test]
fn what_may_not_be_read_is_said_before_it_is_offered() {
    if is_root() {
        return;
    }
    let dir = tree(&["file", "folder/x"]);
    for name in ["file", "folder"] {
        let path = dir.path().join(name);
        rustix::fs::chmod(&path, Mode::empty()).expect("no permissions");
        let error = inspect(&[&path]).expect_err("no source");
        assert!(error.contains("you have no permission (see ls -l"), "{error}");
    }
    let within = inspect(&[&dir.path().join("folder/x")]).expect_err("no source");
    assert!(within.contains("can't be reached"), "{within}");
    rustix::fs::chmod(dir.path().join("folder"), Mode::RWXU).expect("permissions");
}

#[test]
fn a_text_is_one_file_in_memory() {
    let source = Source::text("grüße".to_owned());
    let offer = source.offer();
    assert_eq!((offer.name.as_str(), offer.form), ("text.txt", Form::Text));
    assert_eq!((offer.size, offer.entries), (Some(7), 1));
    let (what, place) = find(&source, "text.txt");
    offer.check_entry(&what).expect("an entry of the offer");
    let open = place.open().expect("opens");
    let mut bytes = [0; 16];
    assert_eq!(open.read_at(&mut bytes, 0), Ok(7));
    assert_eq!(&bytes[..7], "grüße".as_bytes());
    assert_eq!(open.read_at(&mut bytes, 6), Ok(1));
    assert_eq!(open.read_at(&mut bytes, 900), Ok(0));
    assert_eq!((open.hole_at(0), open.size(), open.check()), (0, Some(7), Ok(())));
}

#[test]
fn a_stream_goes_on_where_it_was() {
    let source = Source::stream(Box::new(io::Cursor::new(b"some bytes")));
    let offer = source.offer();
    assert_eq!((offer.name.as_str(), offer.form, offer.size), ("stdin", Form::Stream, None));
    let read = |offset, len| {
        let (what, place) = find(&source, "stdin");
        offer.check_entry(&what).expect("an entry of the offer");
        let open = place.open().expect("opens");
        let mut bytes = vec![0; len];
        let len = open.read_at(&mut bytes, offset).expect("reads");
        bytes.truncate(len);
        assert_eq!(open.check(), Ok(()));
        (String::from_utf8(bytes).expect("text"), open.size())
    };
    assert_eq!(read(0, 5), ("some ".to_owned(), None));
    assert_eq!(read(5, 90), ("bytes".to_owned(), Some(10)));
    assert_eq!(read(2, 4), ("me b".to_owned(), Some(10)));
}
