//! Scene 1, the first minute: two meet, talk in turns, pass files, one leaves, a third comes, and
//! the relay is ended.

use crate::person::{Person, Way};
use crate::support::contents;
use crate::support::relay::Relay;
use std::fs;
use std::path::Path;

/// What is offered, and what lies beside it.
const PHOTO: &str = "photo.png";
const NOTES: &str = "notes.txt";

#[test]
fn by_keys_alone() {
    first_minute(Way::Keys);
}

#[test]
fn by_commands_alone() {
    first_minute(Way::Commands);
}

fn first_minute(way: Way) {
    let relay = Relay::start(&[]);
    let root = tempfile::tempdir().expect("a directory");
    let dirs = ["ann", "bob", "carol"].map(|name| root.path().join(name));
    for dir in &dirs {
        fs::create_dir(dir).expect("a directory");
        fs::write(dir.join(PHOTO), contents(6_000_000, 7)).expect("a file");
        fs::write(dir.join(NOTES), format!("by {}", dir.display())).expect("a file");
    }
    let [ann_dir, bob_dir, carol_dir] = &dirs;
    let start = |name, dir: &Path| Person::start(way, name, dir, &["--relay", &relay.address]);

    // The first is told "seat 1, waiting for a peer", and welcomed.
    // With a limit, so that there is a progress to watch.
    let args = ["--relay", &relay.address, "--limit", "1M"];
    let mut ann = Person::start(way, "ann", ann_dir, &args);
    ann.sees("waiting for a peer");
    ann.sees("Welcome to couplet");
    ann.finds_itself_in(1);
    // When the second arrives, seat 1 becomes emi and seat 2 rec.
    let mut bob = start("bob", bob_dir);
    ann.sees("YOUR TURN  emi");
    bob.sees("listening  rec");
    bob.finds_itself_in(2);
    bob.looks_into_the_help();

    talk(&mut ann, &mut bob);
    pass_files(&mut ann, &mut bob, ann_dir, bob_dir);

    // One leaves cleanly; the other stays and is told so.
    bob.say("last words of bob");
    ann.sees("last words of bob");
    ann.sees("YOUR TURN  emi");
    ann.say("last words to seat 2");
    bob.sees("last words to seat 2");
    bob.sees("YOUR TURN  emi");
    let (status, screen) = bob.leave();
    assert_eq!(status, 0, "{screen}");
    assert!(screen.contains("you left (fin)"), "{screen}");
    ann.sees("gone");
    ann.sees("listening  rec");

    // A third takes the empty seat: same number, same turn, the last message to it.
    let mut carol = start("carol", carol_dir);
    carol.sees("last message to this seat");
    carol.sees("last words to seat 2");
    carol.sees("YOUR TURN  emi");
    carol.finds_itself_in(2);
    carol.say("carol is here");
    ann.sees("carol is here");
    ann.sees("YOUR TURN  emi");

    // Ctrl+C on the relay: both are told exit, and leave the terminal as it was.
    relay.interrupt();
    for person in [ann, carol] {
        let (status, screen) = person.ends();
        assert_eq!(status, 0, "{screen}");
        assert!(screen.contains("exit: the relay was ended"), "{screen}");
    }
    assert_eq!(relay.wait().code(), Some(0));
}

#[test]
fn the_welcome_is_given_once() {
    let relay = Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let args = ["--relay", &relay.address];
    let ann = Person::start(Way::Keys, "ann", dir.path(), &args);
    ann.sees("Welcome to couplet");
    // Whoever leaves before that may leave a seat behind that is kept for a while.
    ann.sees("waiting for a peer");
    assert_eq!(ann.leave_otherwise().0, 0);
    let ann = Person::start(Way::Keys, "ann again", dir.path(), &args);
    ann.sees("waiting for a peer");
    assert!(!ann.screen().contains("Welcome"), "{}", ann.screen());
    assert_eq!(ann.leave().0, 0);
}

/// Ann has the turn, before and after.
fn talk(ann: &mut Person, bob: &mut Person) {
    ann.say("did you get the build?");
    bob.sees("did you get the build?");
    bob.sees("YOUR TURN  emi");
    ann.sees("listening  rec");
    ann.sees("✓✓");
    // Out of turn it is held in sight, taken back, and held again, until the turn comes.
    ann.say("one for later");
    ann.sees("held 1: one for later");
    ann.thinks_again_of("one for later");
    bob.pass();
    bob.sees("one for later");
    bob.sees("YOUR TURN  emi");
    ann.misses("held 1");
    bob.say("yes, all of it");
    ann.sees("yes, all of it");
    ann.sees("YOUR TURN  emi");
    ann.pass();
    bob.sees("YOUR TURN  emi");
    ann.sees("listening  rec");
}

/// One each way, the first out of turn.
fn pass_files(ann: &mut Person, bob: &mut Person, ann_dir: &Path, bob_dir: &Path) {
    ann.offer(PHOTO, NOTES);
    bob.sees("photo.png (5.7 MiB)");
    bob.accept();
    for person in [&*ann, &*bob] {
        person.waits("some percent", |screen| {
            let screen = screen.contents();
            (1..100).any(|percent| screen.contains(&format!(" {percent}%")))
        });
    }
    for person in [&*ann, &*bob] {
        person.sees("photo.png verified,");
    }
    identical(&ann_dir.join(PHOTO), &bob_dir.join("downloads").join(PHOTO));
    bob.offer(NOTES, PHOTO);
    ann.sees(NOTES);
    ann.accept_in_list(2, NOTES);
    for person in [&*ann, &*bob] {
        person.sees("notes.txt verified,");
    }
    identical(&bob_dir.join(NOTES), &ann_dir.join("downloads").join(NOTES));
}

#[track_caller]
fn identical(one: &Path, other: &Path) {
    let [one, other] = [one, other].map(|path| fs::read(path).expect("a file"));
    assert!(one == other, "{} and {} bytes", one.len(), other.len());
}
