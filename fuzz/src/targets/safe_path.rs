//! The names and paths that a peer may give to files.
//!
//! What is accepted stays below its root, and so does what is made of it; what is refused is told in
//! clean text. A name that is offered is lawful on any system and screen, too.

use arbitrary::{Arbitrary as _, Unstructured};
use couplet::path::{MAX_NAME_BYTES, MAX_PATH_BYTES, MAX_PATH_PARTS, SafeName, SafePath};
use couplet::text;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

/// Runs one input.
pub fn run(data: &[u8]) {
    let Ok(input) = <(u32, &[u8], &[u8])>::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    let (number, given, target) = input;
    match SafePath::new(given) {
        Ok(path) => {
            accepted_path(&path, given);
            if path.holds_link_to(target) {
                stays_inside(&path, target);
            }
        }
        Err(refusal) => assert!(text::is_clean(&refusal.to_string()), "{refusal}"),
    }
    let Ok(given) = str::from_utf8(given) else { return };
    match SafeName::new(given) {
        Ok(name) => accepted_name(&name, given, number),
        Err(refusal) => assert!(text::is_clean(&refusal.to_string()), "{refusal}"),
    }
}

fn accepted_path(path: &SafePath, given: &[u8]) {
    assert_eq!(path.as_bytes(), given, "accepted and altered");
    assert!(text::is_clean(&path.to_string()), "{path}");
    assert!(given.len() <= MAX_PATH_BYTES && path.parts().count() <= MAX_PATH_PARTS);
    let root = Path::new("/root/downloads");
    let joined = root.join(OsStr::from_bytes(given));
    let below: Vec<_> = joined.strip_prefix(root).expect("below the root").components().collect();
    assert!(below.iter().all(|part| matches!(part, Component::Normal(_))), "{path}");
    assert_eq!(below.len(), path.parts().count());
    if let Some(parent) = path.parent() {
        assert_eq!(SafePath::new(parent.as_bytes()).as_ref(), Ok(&parent));
        assert_eq!(parent.join(path.last()).as_ref(), Ok(path));
    }
    let json = serde_json::to_string(path).expect("JSON");
    assert_eq!(serde_json::from_str::<SafePath>(&json).expect("a path"), *path);
}

/// Going by names alone, the link leads to something below the first name of its path.
fn stays_inside(path: &SafePath, target: &[u8]) {
    let mut names: Vec<&[u8]> = path.parts().collect();
    names.pop();
    for part in target.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                names.pop();
                assert!(!names.is_empty(), "{path} leads out by {target:?}");
            }
            name => names.push(name),
        }
    }
    assert_eq!(names.first(), Some(&path.first()));
}

fn accepted_name(name: &SafeName, given: &str, number: u32) {
    assert_eq!(name.as_str(), given, "accepted and altered");
    assert!(given.len() <= MAX_NAME_BYTES);
    assert!(!given.contains(['/', '\\']) && !given.contains(char::is_control), "{given:?}");
    assert!(SafePath::new(given).is_ok(), "a name that is no path: {given:?}");
    let numbered = name.numbered(number);
    assert_eq!(SafeName::new(numbered.as_str()).as_ref(), Ok(&numbered));
    assert_ne!(numbered, name.numbered(number.wrapping_add(1)));
}
