//! The names that a peer may give to files.
//!
//! What is accepted stays below its root, on any system and screen, and so does what is made of it;
//! what is refused is told in clean text.

#![no_main]

use couplet::path::{MAX_NAME_BYTES, MAX_PATH_BYTES, MAX_PATH_PARTS, SafeName, SafePath};
use couplet::text;
use libfuzzer_sys::fuzz_target;
use std::path::{Component, Path};

fuzz_target!(|input: (u32, &str)| {
    let (number, given) = input;
    match SafePath::new(given) {
        Ok(path) => accepted_path(&path, given),
        Err(refusal) => assert!(text::is_clean(&refusal.to_string()), "{refusal}"),
    }
    match SafeName::new(given) {
        Ok(name) => accepted_name(&name, given, number),
        Err(refusal) => assert!(text::is_clean(&refusal.to_string()), "{refusal}"),
    }
});

fn accepted_path(path: &SafePath, given: &str) {
    assert_eq!(path.as_str(), given, "accepted and altered");
    assert_eq!(path.to_string(), given, "shown as something else");
    assert!(given.len() <= MAX_PATH_BYTES && path.parts().count() <= MAX_PATH_PARTS);
    let root = Path::new("/root/downloads");
    let joined = root.join(given);
    let below: Vec<_> = joined.strip_prefix(root).expect("below the root").components().collect();
    assert!(below.iter().all(|part| matches!(part, Component::Normal(_))), "{given:?}");
    assert_eq!(below.len(), path.parts().count());
    for part in path.parts() {
        assert!(SafeName::new(part).is_ok(), "{part:?}");
    }
    assert_eq!(SafeName::new(path.file_name().as_str()), Ok(path.file_name()));
    if let Some(parent) = path.parent() {
        assert_eq!(SafePath::new(parent.as_str()).as_ref(), Ok(&parent));
        assert_eq!(parent.join(&path.file_name()).as_ref(), Ok(path));
    }
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
