//! Meeting by a code, as a user does it: the real programs, in real terminals.

mod support;

use std::path::Path;
use support::relay::Relay;
use support::terminal::Terminal;

/// A client with these arguments after the relay's address.
fn client(name: &str, relay: &str, dir: &Path, args: &[&str]) -> Terminal {
    let args = [&["chat", "--relay", relay][..], args].concat();
    Terminal::run(name, (80, 24), dir, &args)
}

/// The relay's address as one that isn't this machine's for sure, so that couplet asks for a code.
fn elsewhere(relay: &Relay) -> String {
    relay.address.replace("127.0.0.1", "0.0.0.0")
}

/// The code that stands in the command for the friend.
fn code_on(terminal: &Terminal) -> String {
    terminal.sees("couplet chat ");
    let screen = terminal.screen();
    let (_, rest) = screen.split_once("couplet chat ").expect("the command");
    rest.split_whitespace().next().expect("a code").to_owned()
}

#[test]
fn a_new_code_brings_two_together_and_the_next_one_is_another() {
    let relay = Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let mut ann = client("ann", &relay.address, dir.path(), &["--new", "--words", "3"]);
    let code = code_on(&ann);
    let mut parts = code.split('-');
    let number = parts.next().expect("a number").to_owned();
    assert_eq!(parts.count(), 3, "{code}");
    ann.sees(&format!("room {number}"));

    // However the friend types it.
    let spelled = code.to_uppercase().replace('-', " ");
    let mut bob = client("bob", &relay.address, dir.path(), &["--name", "bob", &spelled]);
    bob.sees(&format!("room {number}"));
    ann.sees("YOUR TURN  emi");
    ann.sees("bob is here");

    // Nobody is left behind.
    ann.line("/new");
    ann.sees("bob is here; say goodbye");
    ann.keys("\u{15}");
    bob.line("fin");
    assert_eq!(bob.ends().0, 0);
    ann.sees("bob left");
    ann.sees(&code);
    ann.line("/new");
    ann.misses(&code);
    let next = code_on(&ann);
    assert_ne!(next, code);

    // And to a code that somebody else has made.
    let carol = client("carol", &relay.address, dir.path(), &["--new"]);
    let theirs = code_on(&carol);
    ann.line(&format!("/code {theirs}"));
    carol.sees("YOUR TURN  emi");
    ann.line("fin");
    let (status, screen) = ann.ends();
    assert_eq!(status, 0);
    assert!(!screen.contains(&theirs) && !screen.contains(&code), "{screen}");
}

#[test]
fn a_wrong_code_is_turned_away_and_the_right_one_is_verified_by_voice() {
    let relay = Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let mut ann = client("ann", &relay.address, dir.path(), &["--new"]);
    let code = code_on(&ann);
    let (number, words) = code.split_once('-').expect("a number and words");
    let wrong = if words == "otter-lamp" { "lamp-otter" } else { "otter-lamp" };
    let eve = client("eve", &relay.address, dir.path(), &[&format!("{number}-{wrong}")]);
    let (status, screen) = eve.ends();
    assert_eq!(status, 7, "{screen}");
    assert!(screen.contains("the code is wrong"), "{screen}");
    ann.sees("wrong code");

    let mut bob = client("bob", &relay.address, dir.path(), &["--name", "bob", &code]);
    ann.sees("● sealed");
    bob.sees("● sealed");
    let sealed = |terminal: &Terminal| {
        let screen = terminal.screen();
        let (_, rest) = screen.split_once("● sealed ").expect("the words");
        rest.split_whitespace().next().expect("the words").to_owned()
    };
    assert_eq!(sealed(&ann), sealed(&bob));
    ann.line("/verify");
    for screen in [&ann, &bob] {
        screen.sees("compare the words");
        let first: Vec<String> =
            sealed(screen).split('-').next().expect("a word").chars().map(String::from).collect();
        screen.sees(&first.join("  ").to_uppercase());
    }
    ann.keys("y\r");
    ann.sees("● verified");
    ann.misses("compare the words");
    bob.keys("\u{1b}");
    bob.misses("compare the words");
    bob.sees("● sealed");
    ann.line("now only you hear this");
    bob.sees("now only you hear this");
}

#[test]
fn far_away_the_code_is_asked_for() {
    let relay = Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let mut ann = client("ann", &elsewhere(&relay), dir.path(), &[]);
    ann.sees("which code?");
    ann.line("7-oter-lamp");
    ann.sees("did you mean otter?");
    ann.keys("\u{15}7-ott\t");
    ann.sees("7-otter-");
    ann.line("lamp");
    ann.sees("waiting for a peer");
    ann.sees("7-otter-lamp");
    let bob = Terminal::run_with(
        "bob",
        (80, 24),
        dir.path(),
        &["--relay", &elsewhere(&relay)],
        &[("COUPLET_CODE", "7-otter-lamp")],
    );
    bob.sees("seat 2");

    // Enter alone meets whoever comes next, Esc nobody.
    let mut carol = client("carol", &elsewhere(&relay), dir.path(), &[]);
    carol.sees("which code?");
    carol.keys("\r");
    carol.sees("seat 1");
    let mut dave = client("dave", &relay.address, dir.path(), &["--code"]);
    dave.sees("which code?");
    dave.keys("\u{1b}");
    let (status, screen) = dave.ends();
    assert_eq!((status, screen.trim()), (0, ""));
}

#[test]
fn a_hosted_relay_tells_the_whole_command_with_the_code() {
    let dir = tempfile::tempdir().expect("a directory");
    let args = ["--host=127.0.0.1:0", "--new"];
    let ann = Terminal::run("ann", (100, 30), dir.path(), &args);
    let code = code_on(&ann);
    let screen = ann.screen();
    let (_, rest) = screen.split_once("--relay ").expect("the address");
    let address = rest.split_whitespace().next().expect("an address");
    let bob = client("bob", address, dir.path(), &[&code]);
    bob.sees("seat 2");
    ann.sees("YOUR TURN  emi");
}

#[test]
fn a_conversation_that_is_refused_for_now_can_still_be_gone_back_to() {
    let relay = Relay::start(&["--grace", "1s"]);
    let [ann_dir, bob_dir, carol_dir] = [(); 3].map(|()| tempfile::tempdir().expect("a directory"));
    let code = "7-otter-lamp";
    let mut ann = client("ann", &relay.address, ann_dir.path(), &[code]);
    ann.sees("seat 1");
    let bob = client("bob", &relay.address, bob_dir.path(), &[code]);
    ann.sees("YOUR TURN  emi");
    ann.line("one");
    // Else it would be given back, too.
    ann.sees("✓✓");
    ann.line("held words");
    ann.sees("held 1: held words");
    // As when its terminal is closed.
    ann.signal(rustix::process::Signal::HUP);
    assert_eq!(ann.ends().0, 129);
    bob.sees("peer didn't come back in time");

    // Somebody else has its seat.
    let mut carol = client("carol", &relay.address, carol_dir.path(), &[code]);
    carol.sees("sealed by your code");
    let last = || Terminal::run("ann again", (80, 24), ann_dir.path(), &["chat", "--last"]);
    let (status, screen) = last().ends();
    assert_eq!(status, 4, "{screen}");
    let said = screen.replace(['\r', '\n'], "");
    assert!(
        said.contains("both seats") && said.contains("`couplet chat --last` goes back"),
        "{said}"
    );

    carol.line("fin");
    carol.ends();
    let mut ann = last();
    ann.sees("sealed by your code");
    ann.sees("held 1: held words");
    ann.line("fin");
    assert_eq!(ann.ends().0, 0);
}
