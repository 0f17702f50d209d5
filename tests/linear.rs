//! The conversation line by line: the real programs over pipes, and in a terminal that can do nothing.

mod support;

use rustix::process::Signal;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::contents;
use support::linear::Linear;
use support::relay::Relay;
use support::shelf::{PASSWORD, ShelfPlace};
use support::terminal::Terminal;

/// A directory for each of three people.
struct People {
    _root: tempfile::TempDir,
    ann: PathBuf,
    bob: PathBuf,
    carol: PathBuf,
}

fn people() -> People {
    let root = tempfile::tempdir().expect("a directory");
    let [ann, bob, carol] = ["ann", "bob", "carol"].map(|name| {
        let dir = root.path().join(name);
        fs::create_dir(&dir).expect("a directory");
        dir
    });
    People { _root: root, ann, bob, carol }
}

fn client(name: &str, relay: &Relay, dir: &Path) -> Linear {
    Linear::start(name, &relay.address, dir, &["--name", name])
}

/// Ann in seat 1 with the turn, and bob in seat 2.
fn paired(relay: &Relay, people: &People) -> [Linear; 2] {
    let mut ann = client("ann", relay, &people.ann);
    ann.says("* seat 1, waiting for a peer");
    let mut bob = client("bob", relay, &people.bob);
    bob.says("* seat 2");
    ann.says("* your turn (emi)");
    bob.says("has the turn (rec)");
    [ann, bob]
}

#[test]
fn the_first_minute_line_by_line() {
    let relay = Relay::start(&[]);
    let people = people();
    let mut ann = client("ann", &relay, &people.ann);
    ann.says("* seat 1, waiting for a peer");
    ann.says("bash launch_client.sh");
    let mut bob = client("bob", &relay, &people.bob);
    bob.says("* seat 2");
    ann.says("* your turn (emi)");
    bob.says("has the turn (rec)");

    // They talk in turns; what is said out of turn is held.
    ann.line("did you get the build?");
    ann.says("me: did you get the build?");
    ann.says("* bob has the turn (rec)");
    bob.says("ann: did you get the build?");
    bob.says("* your turn (emi)");
    ann.says("* delivered");
    ann.line("one for later\\");
    ann.line("on two lines");
    ann.says("me (held): one for later");
    ann.says("me (held): on two lines");
    bob.line("yes, sending logs now");
    ann.says("bob: yes, sending logs now");
    ann.says("me: one for later");
    bob.says("ann: one for later");
    bob.says("ann: on two lines");
    bob.says("* your turn (emi)");

    // A file is offered, out of turn, taken, and verified.
    let photo = contents(3_000_000, 7);
    fs::write(people.ann.join("photo.png"), &photo).expect("written");
    ann.line("/send photo.png");
    ann.says("you offer photo.png (2.9 MiB)");
    let offer = bob.says("* ann offers photo.png (2.9 MiB)");
    assert!(offer.contains("/accept 1"), "{offer}");
    bob.line("/accept 1");
    bob.says("* photo.png verified, saved in downloads/");
    ann.says("* photo.png verified, bob has it");
    assert!(fs::read(people.bob.join("downloads/photo.png")).expect("there") == photo);

    // fin leaves cleanly; the other stays and is told so.
    bob.line("last words of bob");
    ann.says("bob: last words of bob");
    ann.line("last words to seat 2");
    bob.says("ann: last words to seat 2");
    bob.line("fin");
    let (status, told, err) = bob.ends();
    assert_eq!((status, err.as_str()), (0, ""), "{told}");
    assert!(told.ends_with("couplet: you left (fin)\n"), "{told}");
    ann.says("* bob left");

    // A third takes the empty seat: same number, same turn, the last message to it.
    let mut carol = client("carol", &relay, &people.carol);
    carol.says("* seat 2");
    carol.says("* your turn (emi)");
    carol.says("* last message to this seat:");
    carol.says("last words to seat 2");
    carol.line("carol is here");
    ann.says("carol: carol is here");
    ann.says("* your turn (emi)");

    // Ctrl+C on the relay: both are told exit, and end.
    relay.interrupt();
    for client in [ann, carol] {
        let (status, told, _) = client.ends();
        assert_eq!(status, 0, "{told}");
        assert!(told.contains("couplet: exit: the relay was ended"), "{told}");
    }
    assert_eq!(relay.wait().code(), Some(0));
}

#[test]
fn a_code_brings_two_together_and_both_have_the_same_words() {
    let relay = Relay::start(&[]);
    let people = people();
    let mut ann = Linear::start("ann", &relay.address, &people.ann, &["--new", "--name", "ann"]);
    let command = ann.says("couplet chat ");
    let (_, code) = command.split_once("couplet chat ").expect("the command");
    let code = code.split_whitespace().next().expect("a code").to_owned();
    // The code is asked for line by line, and may be given in the same way.
    let elsewhere = relay.address.replace("127.0.0.1", "0.0.0.0");
    let args = ["--code", "--name", "bob", "--tls", "never"];
    let mut bob = Linear::start("bob", &elsewhere, &people.bob, &args);
    bob.says("* the code to meet by");
    bob.line("7-oter-lamp");
    bob.says("did you mean otter?");
    bob.line(&code);
    let words = |said: String| {
        let (_, rest) = said.split_once("sealed by your code; words ").expect("the words");
        rest.split(':').next().expect("the words").to_owned()
    };
    let of_ann = words(ann.says("sealed by your code"));
    assert_eq!(of_ann, words(bob.says("sealed by your code")));
    assert_eq!(of_ann.split('-').count(), 3, "{of_ann}");
    ann.says("* your turn (emi)");
    ann.line("/verify");
    ann.says(&format!("* the words are: {}", of_ann.replace('-', " ")));
    bob.says("* ann compares the words of the seal: /verify");
    ann.line("same");
    bob.line("/verify");
    bob.says("* the words are: ");
    bob.line("same");
    for one in [&mut ann, &mut bob] {
        one.says("* verified: you compared the words");
    }
    for one in [&mut ann, &mut bob] {
        one.line("fin");
    }
    assert_eq!(ann.ends().0, 0);
    assert_eq!(bob.ends().0, 0);
}

#[test]
fn the_end_of_the_input_waits_for_what_was_said_and_sent() {
    let relay = Relay::start(&[]);
    let people = people();
    let [mut ann, mut bob] = paired(&relay, &people);
    let logs = contents(2_000_000, 3);
    fs::write(people.ann.join("logs.txt"), &logs).expect("written");
    for line in ["one", "two", "/send logs.txt"] {
        ann.line(line);
    }
    ann.end();
    ann.says("* end of the input: leaving once");
    bob.says("ann: one");
    bob.says("logs.txt");
    bob.line("/accept");
    bob.says("* logs.txt verified");
    // The second message goes out with the next turn, and only then is it over.
    bob.line("/pass");
    bob.says("ann: two");
    let (status, told, _) = ann.ends();
    assert_eq!(status, 0, "{told}");
    assert!(told.contains("\n* logs.txt verified, bob has it\n"), "{told}");
    assert!(told.ends_with("couplet: you left (fin)\n"), "{told}");
    assert!(fs::read(people.bob.join("downloads/logs.txt")).expect("there") == logs);
    bob.says("* ann left");
    bob.end();
    assert_eq!(bob.ends().0, 0);
}

#[test]
fn whoever_has_nothing_to_say_finds_out_whether_there_is_a_relay() {
    let relay = Relay::start(&[]);
    let people = people();
    let mut ann = client("ann", &relay, &people.ann);
    ann.end();
    let (status, told, _) = ann.ends();
    assert!(status == 0 && told.contains("* seat 1"), "{told}");
    relay.interrupt();
    let address = relay.address.clone();
    relay.wait();
    let mut ann = Linear::start("ann", &address, &people.ann, &[]);
    ann.end();
    let (status, told, err) = ann.ends();
    assert_eq!(status, 3, "{told}{err}");
    let mut ann = Linear::start("ann", &address, &people.ann, &["--code"]);
    ann.end();
    let (status, told, err) = ann.ends();
    assert_eq!(status, 2, "{told}{err}");
    assert!(err.contains("no code was given"), "{err}");
}

#[test]
fn signals_leave_in_order_and_say_what_was_never_sent() {
    let relay = Relay::start(&[]);
    let people = people();
    for (signal, says) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        // At the question for a code, too.
        let mut carol = Linear::start("carol", &relay.address, &people.carol, &["--code"]);
        carol.says("* the code to meet by");
        carol.signal(signal);
        let (status, told, err) = carol.ends();
        assert_eq!((status, err.as_str()), (says, ""), "{told}");
        let [ann, mut bob] = paired(&relay, &people);
        bob.line("never sent");
        bob.says("me (held): never sent");
        bob.signal(signal);
        let (status, told, err) = bob.ends();
        assert_eq!(status, says, "{told}{err}");
        assert!(told.ends_with("not sent, so that you have it:\nnever sent\n"), "{told}");
        ann.signal(signal);
        assert_eq!(ann.ends().0, says);
    }
}

#[test]
fn ctrl_c_leaves_what_could_be_gone_back_to_and_another_signal_closes_it() {
    let relay = Relay::start(&[]);
    let people = people();
    for (signal, says, hears) in [
        (Signal::INT, "couplet: you left (fin)\n", "* bob left"),
        (Signal::TERM, "couplet: closed; `couplet chat --last` goes back\n", "* bob is silent"),
    ] {
        let code = if signal == Signal::INT { "7-otter-lamp" } else { "8-otter-lamp" };
        let args = |name| ["--name", name, code];
        let mut ann = Linear::start("ann", &relay.address, &people.ann, &args("ann"));
        ann.says("* seat ");
        let mut bob = Linear::start("bob", &relay.address, &people.bob, &args("bob"));
        ann.says("* bob is here");
        bob.says("* ann is here");
        bob.signal(signal);
        let (_, told, err) = bob.ends();
        assert!(told.ends_with(says), "{told}{err}");
        ann.says(hears);
    }
}

#[test]
fn lines_after_a_new_room_are_said_there_and_the_end_leaves_it() {
    let relay = Relay::start(&[]);
    let people = people();
    let mut ann = client("ann", &relay, &people.ann);
    ann.says("* seat 1, waiting for a peer");
    // All of it at once, as a script has it.
    ann.line("/new\nhello");
    ann.end();
    let command = ann.says("couplet chat ");
    let (_, code) = command.split_once("couplet chat ").expect("the command");
    let code = code.split_whitespace().next().expect("a code").to_owned();
    let mut bob =
        Linear::start("bob", &relay.address, &people.bob, &["--name", "bob", code.as_str()]);
    bob.says("ann: hello");
    let (status, told, err) = ann.ends();
    assert_eq!(status, 0, "{told}{err}");
    assert!(told.ends_with("couplet: you left (fin)\n"), "{told}");
    bob.says("* ann left");
}

#[test]
fn a_shelf_that_asks_for_a_login_does_not_keep_a_script() {
    let place = ShelfPlace::with_ann(&[]);
    place.shelve("report.pdf", 1000);
    let dir = place.dir("ann");
    let mut ann = Linear::start("ann", &place.address, &dir, &["--plain"]);
    ann.line("/get report.pdf");
    ann.end();
    let (status, told, err) = ann.ends();
    assert_eq!(status, 0, "{told}{err}");
    assert!(told.contains("report.pdf isn't fetched: you left the shelf\n"), "{told}");
    // Who has a password says it ahead of the question; a pipe can't wait.
    let mut ann = Linear::start("ann", &place.address, &dir, &["--plain"]);
    for line in ["/shelf ann", PASSWORD, "/get report.pdf"] {
        ann.line(line);
    }
    ann.end();
    let (status, told, err) = ann.ends();
    assert_eq!(status, 0, "{told}{err}");
    assert!(told.contains("report.pdf fetched from the shelf, verified"), "{told}");
    assert!(!told.contains(PASSWORD), "{told}");
}

#[test]
fn what_is_typed_before_a_password_is_asked_for_is_not_sent_as_one() {
    let place = ShelfPlace::with_ann(&[]);
    place.shelve("report.pdf", 1000);
    let args = ["chat", "--relay", &place.address, "--plain"];
    let mut ann = Terminal::run("ann", (80, 24), &place.dir("ann"), &args);
    ann.sees("* seat 1, waiting for a peer");
    ann.keys("/shelf ann\rmy secret plan\r");
    ann.sees("* password of ann");
    // Had it been sent, the relay would have said by now that it is wrong.
    ann.line(PASSWORD);
    ann.sees("on the shelf: 1 file");
    let screen = ann.screen();
    assert!(!screen.contains("wrong") && !screen.contains(PASSWORD), "{screen}");
    ann.line("fin");
    assert_eq!(ann.ends().0, 0);
}

#[test]
fn nothing_that_is_entered_is_too_much() {
    let relay = Relay::start(&[]);
    let people = people();
    let [mut ann, mut bob] = paired(&relay, &people);
    ann.line(&"x".repeat(5_000_000));
    ann.says("longer than a message can be");
    // More than can be held waits outside.
    for number in 0..300 {
        ann.line(&format!("line {number}"));
    }
    ann.end();
    for number in 0..300 {
        bob.says(&format!("ann: line {number}"));
        bob.line("/pass");
    }
    let (status, told, _) = ann.ends();
    assert_eq!(status, 0, "{told}");
    assert!(!told.contains("taken back"), "{told}");
}

#[test]
fn whoever_stops_reading_is_left_and_what_cannot_be_written_is_told() {
    let relay = Relay::start(&[]);
    let people = people();
    let chat = |out: Stdio| {
        let mut command = Command::new(support::program("couplet"));
        for variable in support::VARIABLES {
            command.env_remove(variable);
        }
        command.args(["chat", "--relay", &relay.address, "--no-keep"]).current_dir(&people.ann);
        command.envs(support::places(&people.ann));
        command.stdin(Stdio::piped()).stdout(out).stderr(Stdio::piped());
        command.spawn().expect("it starts")
    };
    let full = OpenOptions::new().write(true).open("/dev/full").expect("a full device");
    let ended = chat(full.into()).wait_with_output().expect("an end");
    assert_eq!(ended.status.code(), Some(6), "{ended:?}");
    assert!(String::from_utf8_lossy(&ended.stderr).contains("can't be used"), "{ended:?}");
    let mut child = chat(Stdio::piped());
    let input = child.stdin.take();
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("an end").code(), Some(129));
    drop(input);
}

#[test]
fn a_dumb_terminal_never_gets_an_escape_sequence() {
    let relay = Relay::start(&[]);
    let people = people();
    let run = |name, dir: &Path, plain: &[&str], term| {
        let args = [&["chat", "--relay", &relay.address, "--name", name], plain].concat();
        Terminal::run_with(name, (60, 20), dir, &args, &[("TERM", term)])
    };
    let mut ann = run("ann", &people.ann, &[], "dumb");
    ann.sees("* seat 1, waiting for a peer");
    let mut bob = run("bob", &people.bob, &["--plain"], "xterm-256color");
    ann.sees("* your turn (emi)");
    ann.line("hello");
    bob.sees("ann: hello");
    // What goes on in the next row can't be taken for a line of its own.
    bob.sees("* your turn (emi)");
    bob.line(&format!("{}* your turn (emi)", "x ".repeat(40)));
    ann.waits("words in two rows", |screen| {
        screen.contents().contains("bob: x x") && screen.contents().contains("\n  x x")
    });
    ann.line("/help");
    ann.sees("//text: say a line that begins with a slash");
    // The terminal's own end of the input, and its own interrupt.
    ann.keys("\x04");
    bob.sees("* ann left");
    bob.keys("\x03");
    for (client, says) in [(ann, 0), (bob, 130)] {
        client.is_gone();
        let output = client.output();
        assert!(!output.contains(&0x1b) && !output.contains(&0x07), "{}", client.screen());
        assert_eq!(client.ends().0, says);
    }
}
