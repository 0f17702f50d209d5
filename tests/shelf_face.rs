//! The shelf in the terminal's face: the real programs, in real terminals.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::relay::Relay;
use support::terminal::Terminal;
use support::{contents, program};

const F3: &str = "\x1bOR";
const ESC: &str = "\x1b";

/// A shelf, and a place for who visits it.
struct Place {
    _root: tempfile::TempDir,
    shelf: PathBuf,
    ann: PathBuf,
}

fn place() -> Place {
    let root = tempfile::tempdir().expect("a directory");
    let [shelf, ann] = ["shelf", "ann"].map(|name| {
        let dir = root.path().join(name);
        fs::create_dir(&dir).expect("a directory");
        dir
    });
    Place { _root: root, shelf, ann }
}

/// Wide enough that no line that is looked for is broken.
fn client(relay: &Relay, place: &Place) -> Terminal {
    Terminal::run("ann", (120, 40), &place.ann, &["--relay", &relay.address])
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

#[test]
fn what_lies_on_the_shelf_is_searched_fetched_and_verified() {
    let place = place();
    let report = contents(3_000_000, 7);
    fs::write(place.shelf.join("report.pdf"), &report).expect("written");
    fs::write(place.shelf.join("photo.png"), contents(1000, 8)).expect("written");
    let relay = Relay::start(&["--shelf", text(&place.shelf)]);
    let mut ann = client(&relay, &place);
    ann.sees("seat 1");
    ann.keys(F3);
    ann.sees("the shelf of");
    ann.sees("report.pdf");
    ann.sees("2 files");
    ann.keys("REP");
    ann.misses("photo.png");
    ann.keys("\r");
    ann.sees("verified ✓");
    assert!(fs::read(place.ann.join("downloads/report.pdf")).expect("there") == report);

    // What is here already isn't fetched again.
    ann.keys("\r");
    ann.sees("here already");
    ann.sees("/get report.pdf rename");
    ann.misses("failed ✗");
    ann.keys(ESC);
    ann.sees("message (");
    ann.line("/get report.pdf rename");
    ann.sees("as report (2).pdf");
    ann.sees("report.pdf fetched from the shelf, verified");
    ann.sees("so it isn't fetched");

    // Without the right nothing is laid down; nothing of it disturbs the conversation.
    fs::write(place.ann.join("draft.txt"), "a draft").expect("written");
    ann.line("/put draft.txt");
    ann.sees("draft.txt:");
    ann.sees("4 draft.txt");
    assert!(!place.shelf.join("draft.txt").exists());
    ann.line("/get photo.png");
    ann.sees("photo.png fetched from the shelf");
    ann.line("/get nothing");
    ann.sees("nothing:");
    ann.line("fin");
    let (status, screen) = ann.ends();
    assert_eq!(status, 0, "{screen}");
}

#[test]
fn a_relay_without_a_shelf_says_so_and_the_conversation_goes_on() {
    let place = place();
    let relay = Relay::start(&[]);
    let mut ann = client(&relay, &place);
    ann.sees("seat 1");
    ann.line("/shelf");
    ann.sees("no shelf");
    ann.keys(ESC);
    ann.sees("message (nobody is here");
    ann.line("/get x");
    ann.sees("x: this relay has no shelf");
    ann.line("fin");
    assert_eq!(ann.ends().0, 0);
}

#[test]
fn who_logs_in_may_do_what_the_account_may() {
    let place = place();
    fs::write(place.shelf.join("report.pdf"), contents(1000, 7)).expect("written");
    let data = tempfile::tempdir().expect("a directory");
    let secret = place.ann.join("secret");
    fs::write(&secret, "six otters in a lamp\n").expect("written");
    let added = Command::new(program("couplet-relay"))
        .args(["account", "add", "ann", "--rights", "get,put", "--data", text(data.path())])
        .args(["--password-file", text(&secret)])
        .output()
        .expect("it runs");
    assert!(added.status.success(), "{added:?}");
    let relay = Relay::start_in("127.0.0.1:0", data.path(), &["--shelf", text(&place.shelf)]);
    let mut ann = client(&relay, &place);
    ann.sees("seat 1");
    ann.line("/shelf ann");
    ann.sees("asks who you are");
    ann.keys("six otters in a lam\r");
    ann.sees("! ");
    ann.misses("Logging in");
    assert!(!ann.screen().contains("otters"), "{}", ann.screen());
    ann.keys("six otters in a lamp\r");
    ann.sees("report.pdf");
    ann.keys(ESC);
    ann.sees("message (");
    fs::write(place.ann.join("draft.txt"), "a draft").expect("written");
    ann.line("/put draft.txt");
    ann.sees("draft.txt lies on the shelf, verified");
    assert_eq!(fs::read_to_string(place.shelf.join("draft.txt")).expect("there"), "a draft");
    ann.line("/get draft.txt");
    ann.sees("draft.txt fetched from the shelf, verified");
    ann.line("fin");
    assert_eq!(ann.ends().0, 0);
}

#[test]
fn a_plain_room_has_the_shelf_too() {
    let place = place();
    fs::write(place.shelf.join("report.pdf"), contents(1000, 7)).expect("written");
    let plain = ["--plain-listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"];
    let relay = Relay::start(&[&plain[..], &["--shelf", text(&place.shelf)]].concat());
    let args = ["chat", "--plain-room", "--relay", &relay.address];
    let mut ann = Terminal::run("ann", (120, 40), &place.ann, &args);
    ann.sees("seat 1");
    ann.keys(F3);
    ann.sees("report.pdf");
    ann.keys("\r");
    ann.sees("verified ✓");
    ann.keys(ESC);
    ann.sees("message (");
    ann.sees("report.pdf fetched from the shelf, verified");
    ann.line("fin");
    assert_eq!(ann.ends().0, 0);
}
