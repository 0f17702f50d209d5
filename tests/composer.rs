//! The composer in a real terminal: the user's own editor, the file picker, and what is pasted.

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use support::relay::Relay;
use support::terminal::Terminal;

/// An editor that shows the message and takes one line from the terminal in its place.
const EDITOR: &str = "#!/bin/sh
printf 'the editor has: '; cat \"$1\"
read words || exit 9
printf '%s\\n' \"$words\" > \"$1\"
";

/// Two clients, the first of which has this editor, and the turn.
fn pair(relay: &Relay, dir: &Path, editor: &str) -> (Terminal, Terminal) {
    let script = dir.join("my editor");
    std::fs::write(&script, editor).expect("a script");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).expect("its mode");
    let temporary = dir.join("temporary");
    std::fs::create_dir(&temporary).expect("a directory");
    let command = format!("'{}'", script.display());
    let variables = [("VISUAL", command.as_str()), ("TMPDIR", temporary.to_str().expect("text"))];
    let arguments = ["--relay", &relay.address];
    let ann = Terminal::run_with("ann", (80, 24), dir, &arguments, &variables);
    ann.sees("seat 1");
    let bob = Terminal::client("bob", &relay.address, dir);
    ann.sees("YOUR TURN");
    (ann, bob)
}

#[track_caller]
fn nothing_is_left(dir: &Path) {
    let left: Vec<_> = std::fs::read_dir(dir.join("temporary")).expect("it").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_message_goes_to_an_editor_and_what_comes_meanwhile_isnt_lost() {
    let relay = Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let (mut ann, mut bob) = pair(&relay, dir.path(), EDITOR);
    ann.line("your turn");
    bob.sees("YOUR TURN");
    ann.keys("half a draft");
    ann.sees("half a draft");
    ann.keys("\x18\x05");
    ann.sees("the editor has: half a draft");
    bob.line("said meanwhile");
    bob.sees("listening");
    ann.line("written in the editor");
    ann.sees("> written in the editor");
    ann.sees("said meanwhile");
    bob.sees("✓✓");
    nothing_is_left(dir.path());
    ann.keys("\r");
    bob.sees("written in the editor");
}

#[test]
fn an_interrupted_editor_changes_nothing() {
    let relay = Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let (mut ann, bob) = pair(&relay, dir.path(), EDITOR);
    ann.keys("half a draft\x18\x05");
    ann.sees("the editor has: half a draft");
    // The terminal makes a signal of it, for all programs in it.
    ann.keys("\x03");
    ann.sees("SIGINT");
    ann.sees("> half a draft");
    nothing_is_left(dir.path());
    ann.keys(" and more\r");
    bob.sees("half a draft and more");
}

#[test]
fn an_editor_that_fails_says_so() {
    let relay = Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let (mut ann, _bob) = pair(&relay, dir.path(), "#!/bin/sh\nexit 7\n");
    ann.keys("half a draft\x18\x05");
    ann.sees("exit status: 7");
    ann.sees("> half a draft");
    nothing_is_left(dir.path());
}

#[test]
fn files_are_chosen_from_a_list_with_a_preview() {
    let relay = Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(dir.path().join("things to send")).expect("a directory");
    for (name, text) in [("one.txt", "the first of them"), ("two.txt", "the second of them")] {
        std::fs::write(dir.path().join("things to send").join(name), text).expect("a file");
    }
    let (mut ann, bob) = pair(&relay, dir.path(), EDITOR);
    ann.line("/send");
    ann.sees("things to send/");
    ann.keys("things\r");
    ann.sees("one.txt");
    ann.sees("the first of them");
    ann.keys("tw");
    ann.sees("the second of them");
    ann.misses("one.txt");
    ann.keys("\r");
    bob.sees("two.txt");
    bob.sees("18 B");
}

#[test]
fn what_is_pasted_is_asked_about_or_becomes_a_command() {
    let relay = Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("one file.txt");
    std::fs::write(&file, "its words").expect("a file");
    let (mut ann, mut bob) = pair(&relay, dir.path(), EDITOR);
    let lines = (1..=30).map(|n| format!("line {n} of them\r")).collect::<Vec<_>>().concat();
    ann.keys(&format!("\x1b[200~{lines}\x1b[201~"));
    ann.sees("Enter pastes 30 lines");
    ann.keys("\r");
    ann.sees("line 30 of them");
    ann.keys("\r");
    bob.sees("line 30 of them");
    // As a terminal drops a file, and a file manager copies one.
    let address = format!("file://{}", file.display()).replace(' ', "%20");
    for pasted in [format!("'{}' ", file.display()), address] {
        bob.keys(&format!("\x1b[200~{pasted}\x1b[201~"));
        bob.sees("> /send /");
        bob.keys("\x03");
        bob.misses("> /send /");
    }
    // What was entered is found again, after it was cleared.
    bob.keys("\x12one\\ f");
    bob.sees("search: one");
    bob.keys("\r\r");
    ann.sees("one file.txt");
}
