//! Scene 2, far away: two meet by a code, and see by the same words that nobody sits in between.

use crate::person::{Person, Way};
use crate::support::relay::Relay;
use crate::support::terminal::Terminal;
use couplet::code::Code;
use std::path::Path;
use tempfile::TempDir;

#[test]
fn by_keys_alone() {
    let relay = Relay::start(&[]);
    let [ann_dir, bob_dir] = dirs();
    let ann = start(Way::Keys, "ann", &relay, ann_dir.path(), &["--new"]);
    let code = code_on(&ann);
    // The friend is asked for it, and Tab helps.
    let mut bob = start(Way::Keys, "bob", &relay, bob_dir.path(), &["--code"]);
    bob.meet_by(&code);
    once_met(ann, bob, &code);
}

#[test]
fn by_the_two_commands_of_the_shell() {
    let relay = Relay::start(&[]);
    let [ann_dir, bob_dir] = dirs();
    let ann = start(Way::Commands, "ann", &relay, ann_dir.path(), &["--new"]);
    let code = code_on(&ann);
    let bob = start(Way::Commands, "bob", &relay, bob_dir.path(), &[&code]);
    once_met(ann, bob, &code);
}

#[test]
fn by_commands_alone() {
    let relay = Relay::start(&[]);
    let [ann_dir, bob_dir] = dirs();
    let mut ann = start(Way::Commands, "ann", &relay, ann_dir.path(), &[]);
    ann.sees("waiting for a peer");
    ann.new_code();
    let code = code_on(&ann);
    let mut bob = start(Way::Commands, "bob", &relay, bob_dir.path(), &[]);
    bob.sees("waiting for a peer");
    bob.meet_by(&code);
    once_met(ann, bob, &code);
}

/// Both are in the room of the code; its number is seen, its words aren't.
fn once_met(mut ann: Person, mut bob: Person, code: &str) {
    let (number, secret) = code.split_once('-').expect("a number and words");
    ann.sees("YOUR TURN  emi");
    bob.sees("listening  rec");
    for person in [&ann, &bob] {
        person.sees(&format!("room {number}"));
        person.sees("sealed by your code");
    }
    let words = words_on(&ann);
    assert_eq!(words, words_on(&bob));
    assert_eq!(words.split('-').count(), 3, "{words}");

    // Each says for itself that they are the same; on the other side they come up by themselves.
    ann.compare();
    ann.says_the_same();
    bob.says_the_same();
    assert_eq!(words_on(&ann), words);
    assert_eq!(words_on(&bob), words);

    ann.say("now only you hear this");
    bob.sees("now only you hear this");
    bob.sees("YOUR TURN  emi");
    let (status, screen) = bob.leave_otherwise();
    assert_eq!(status, 0, "{screen}");
    ann.sees("gone");
    let (status, screen) = ann.leave();
    assert_eq!(status, 0, "{screen}");
    assert!(!screen.contains(secret), "{screen}");
}

fn dirs() -> [TempDir; 2] {
    [(); 2].map(|()| tempfile::tempdir().expect("a directory"))
}

fn start(way: Way, name: &str, relay: &Relay, dir: &Path, args: &[&str]) -> Person {
    let common = ["chat", "--relay", &relay.address, "--name", name];
    Person::start(way, name, dir, &[&common[..], args].concat())
}

/// The code that stands in the command for the friend.
fn code_on(terminal: &Terminal) -> String {
    let code = |screen: &str| {
        let (_, rest) = screen.split_once("couplet chat ")?;
        let typed = rest.split_whitespace().next()?;
        Code::parse(typed).ok().map(|_| typed.to_owned())
    };
    terminal.waits("a code", |screen| code(&screen.contents()).is_some());
    code(&terminal.screen()).expect("a code")
}

/// The three words in the status line.
fn words_on(terminal: &Terminal) -> String {
    let screen = terminal.screen();
    let status = screen.lines().next().unwrap_or_default();
    let state = ["● sealed ", "● verified "].into_iter().find_map(|state| status.split_once(state));
    let (_, rest) = state.unwrap_or_else(|| panic!("no words in {status:?}"));
    rest.split_whitespace().next().expect("the words").to_owned()
}
