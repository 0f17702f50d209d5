//! What goes wrong at the edges, in real terminals: one clear sentence each, its own exit status,
//! and nothing lost.

mod support;

use std::io::{Read, Write};
use std::net::TcpListener;
use support::raw::RawPeer;
use support::relay::Relay;
use support::terminal::Terminal;

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

/// A port on which nothing listens: it was free a moment ago, and nobody else here asks for one of this
/// address.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.2:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

#[test]
fn no_relay_at_the_address() {
    let (dir, relay) = (dir(), nobody());
    let (status, screen) = Terminal::client("ann", &relay, dir.path()).ends();
    assert_eq!(status, 3);
    assert!(screen.contains(&format!("no relay answers at {relay}")), "{screen}");
    // However the lines of the terminal break.
    let said = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(&format!("bash launch_server.sh --listen {relay}")), "{screen}");
}

#[test]
fn an_address_that_is_none() {
    let dir = dir();
    let (status, screen) = Terminal::client("ann", "host:no-port", dir.path()).ends();
    assert_eq!(status, 2);
    assert!(screen.contains("HOST:PORT"), "{screen}");
    // With a code, so that it isn't asked for one first.
    let args = ["--relay", "no.such.host.invalid", "7-otter-lamp"];
    let (status, screen) = Terminal::run("ann", (80, 24), dir.path(), &args).ends();
    assert_eq!(status, 3);
    assert!(screen.contains("--relay HOST:PORT"), "{screen}");
}

#[test]
fn something_else_listens_there() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let web = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut hello = [0; 8];
        stream.read_exact(&mut hello).expect("its opening");
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").expect("written");
    });
    let dir = dir();
    let (status, screen) = Terminal::client("ann", &address, dir.path()).ends();
    assert_eq!(status, 5);
    assert!(screen.contains("isn't a couplet relay"), "{screen}");
    web.join().expect("no panic");
}

#[test]
fn a_room_that_is_taken() {
    let relay = Relay::start(&[]);
    let dir = dir();
    let args = ["--relay", &relay.address, "--room", "attic"];
    let one = Terminal::run("one", (80, 24), dir.path(), &args);
    one.sees("seat 1");
    let two = Terminal::run("two", (80, 24), dir.path(), &args);
    two.sees("seat 2");
    two.sees("attic");
    let (status, screen) = Terminal::run("three", (80, 24), dir.path(), &args).ends();
    assert_eq!(status, 4);
    assert!(screen.contains("taken"), "{screen}");
}

#[test]
fn a_relay_that_dies_in_the_middle_of_a_sentence_loses_nothing() {
    let relay = Relay::start(&[]);
    let dir = dir();
    let mut ann = Terminal::client("ann", &relay.address, dir.path());
    ann.sees("seat 1");
    let bob = Terminal::client("bob", &relay.address, dir.path());
    bob.sees("seat 2");
    ann.sees("YOUR TURN");
    ann.keys("in the middle of a");
    ann.sees("in the middle of a");
    relay.kill();
    ann.sees("reconnecting");
    ann.sees("in the middle of a");
    ann.line(" sentence");
    ann.sees("held 1: in the middle of a sentence");
    ann.keys("and half a word");
    ann.sees("and half a word");
    ann.signal(rustix::process::Signal::TERM);
    let (status, screen) = ann.ends();
    assert_eq!(status, 143);
    assert!(screen.contains("not sent"), "{screen}");
    assert!(screen.contains("and half a word"), "{screen}");
    assert!(screen.contains("in the middle of a sentence"), "{screen}");
}

#[test]
fn a_message_of_a_mebibyte_is_refused_and_the_line_goes_on() {
    let relay = Relay::start(&[]);
    let dir = dir();
    let mut ann = Terminal::client("ann", &relay.address, dir.path());
    ann.sees("seat 1");
    let bob = Terminal::client("bob", &relay.address, dir.path());
    ann.sees("YOUR TURN");
    // As a terminal pastes it.
    ann.keys("\x1b[200~");
    for _ in 0..1024 {
        ann.keys(&"x".repeat(1024));
    }
    ann.keys("\x1b[201~");
    ann.sees("/send");
    ann.sees("KiB");
    ann.keys("\x03");
    ann.line("short again");
    bob.sees("short again");
}

#[test]
fn a_long_paste_without_brackets_arrives_whole() {
    let relay = Relay::start(&[]);
    let dir = dir();
    let mut ann = Terminal::client("ann", &relay.address, dir.path());
    ann.sees("seat 1");
    ann.keys(&"0123456789 ".repeat(300));
    ann.keys("the end");
    ann.sees("the end");
}

#[test]
fn typos_and_missing_files_get_a_sentence() {
    let relay = Relay::start(&[]);
    let dir = dir();
    let mut ann = Terminal::client("ann", &relay.address, dir.path());
    ann.sees("seat 1");
    let bob = Terminal::client("bob", &relay.address, dir.path());
    bob.sees("seat 2");
    ann.line("/sned x");
    ann.sees("did you mean /send");
    ann.keys("\x03");
    ann.line("/send missing.txt");
    ann.sees("there is no file");
    ann.line("/send /dev/null");
    ann.sees("a device, pipe or socket");
    ann.line("/accept 9");
    ann.sees("no offer waits for your answer");
}

#[test]
fn a_hostile_peer_cannot_draw_on_the_screen() {
    let relay = Relay::start(&[]);
    let dir = dir();
    let mut ann = Terminal::client("ann", &relay.address, dir.path());
    ann.sees("seat 1");
    let mut mallory = RawPeer::join(&relay.address);
    for signal in [
        r#"{"signal":{"type":"greeting","name":"\u001b[2J\u001b]0;owned\u0007mallory"}}"#,
        r#"{"number":1,"signal":{"type":"offer","offer":1,"name":"../../etc/passwd","form":"file","size":1,"entries":1}}"#,
        r#"{"number":2,"signal":{"type":"offer","offer":2,"name":"fine.txt","form":"file","size":1,"entries":1}}"#,
    ] {
        mallory.signal(signal);
    }
    ann.sees("YOUR TURN");
    ann.line("your turn, mallory");
    ann.sees("listening");
    mallory.has_turn();
    mallory.say(1, r#"{"text":"be\u001b[31mfore \u001b]52;c;aGk=\u0007\u202e after"}"#);
    ann.sees("before  after");
    ann.sees("mallory");
    ann.sees("fine.txt");
    assert!(!ann.output().windows(5).any(|bytes| bytes == b"owned" || bytes == b"52;c;"));
    assert!(!ann.screen().contains("offers ../"), "{}", ann.screen());
}
