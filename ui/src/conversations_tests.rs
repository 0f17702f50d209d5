//! Conversations that are begun, left, found again and removed.

use super::*;

fn remembered(draft: &str) -> Remembered {
    let session = serde_json::json!({
        "room": "7", "password": "otter-lamp",
        "seat": [1, "000102030405060708090a0b0c0d0e0f"], "pairing": 1,
        "times": 1, "known": {}, "last_said": null, "passed": null,
        "company": { "root": "11".repeat(32), "pairing": 1, "verification": 5, "same": null },
        "words": { "held": [], "out": [], "next": 1, "shown": 0 }
    });
    let session = serde_json::from_value(session).expect("a session");
    let place = Place { relay: "relay:1".to_owned(), name: None, downloads: "/d".into() };
    Remembered::new(place, session, 30_000, draft.to_owned())
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(500_000)
}

#[test]
fn the_last_one_is_found_when_its_program_is_gone() {
    let dir = tempfile::tempdir().expect("a directory");
    let all = Conversations::at(dir.path().join("state"));
    assert!(matches!(all.last(), Err(LastError::None)));
    let one = all.begin(now()).expect("begun");
    assert!(matches!(all.last(), Err(LastError::None)), "nothing is written yet");
    one.write(&remembered("one").encode()).expect("written");
    assert!(matches!(all.last(), Err(LastError::InUse)));
    let two = all.begin(now()).expect("begun");
    two.write(&remembered("two").encode()).expect("written");
    two.touch(now() + Duration::from_mins(1));
    one.touch(now());
    drop((one, two));
    let (held, last) = all.last().expect("a conversation");
    assert_eq!(last, remembered("two"));
    let (_, last) = all.last().expect("the other");
    assert_eq!(last.draft, "one");
    held.remove();
    assert_eq!(all.files().len(), 1);
}

#[test]
fn nobody_else_may_read_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let all = Conversations::at(dir.path().join("state"));
    let one = all.begin(now()).expect("begun");
    one.write(&remembered("x").encode()).expect("written");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&one.path), mode(&all.dir)), (0o600, 0o700));
    assert!(!format!("{:?}", remembered("x")).contains("otter"));
}

#[test]
fn what_is_of_no_use_is_removed() {
    let dir = tempfile::tempdir().expect("a directory");
    let all = Conversations::at(dir.path().to_owned());
    for age in [0, 3600, 3700] {
        let one = all.begin(now()).expect("begun");
        one.write(&remembered("x").encode()).expect("written");
        one.touch(now() - Duration::from_secs(age));
    }
    let one = all.begin(now()).expect("begun");
    one.write(b"not even JSON").expect("written");
    one.touch(now() - Duration::from_hours(3));
    drop(one);
    let _new = all.begin(now()).expect("begun");
    // The grace of 30 s and an hour: one is too old.
    assert_eq!(all.files().len(), 3);
}

#[test]
fn a_damaged_file_is_said_so_without_its_secrets() {
    let dir = tempfile::tempdir().expect("a directory");
    let all = Conversations::at(dir.path().to_owned());
    let one = all.begin(now()).expect("begun");
    let text = String::from_utf8(remembered("x").encode()).expect("text");
    one.write(text.replace("\"seat\":[1", "\"seat\":[\"otter-lamp\"").as_bytes()).expect("written");
    drop(one);
    let error = all.last().expect_err("damaged").to_string();
    assert!(error.contains("damaged") && !error.contains("otter"), "{error}");
    let one = all.begin(now()).expect("begun");
    one.write(text.replace("\"format\":1", "\"format\":2").as_bytes()).expect("written");
    one.touch(now() + Duration::from_hours(999_999));
    drop(one);
    assert!(all.last().expect_err("later").to_string().contains("version"));
}
