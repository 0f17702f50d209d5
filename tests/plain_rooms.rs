//! Plain rooms with the real programs: the relay, netcat, a program in C, and couplet in terminals.

mod support;

use std::path::PathBuf;
use std::process::Command;
use support::netcat::{LineProgram, compiled};
use support::relay::Relay;
use support::terminal::Terminal;
use tempfile::TempDir;

/// Takes part in turns by `send` and `recv` alone: `program PORT LINES END`, where END is how it ends
/// a line.
const IN_C: &str = r#"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void say(int fd, const char *line, const char *end) {
    char buffer[256] = {0};
    size_t length = (size_t)snprintf(buffer, 200, "%s", line);
    if (strcmp(end, "lf") == 0)
        buffer[length++] = '\n';
    else if (strcmp(end, "crlf") == 0)
        buffer[length++] = '\r', buffer[length++] = '\n';
    else if (strcmp(end, "lfnul") == 0)
        buffer[length++] = '\n', length++;
    else if (strcmp(end, "nul") == 0)
        length++;
    else
        length = sizeof buffer; /* the whole buffer, as it is */
    /* In two pieces, as a network may. */
    if (send(fd, buffer, 2, 0) != 2 || send(fd, buffer + 2, length - 2, 0) < 0)
        exit(3);
}

static int hear(int fd, char *line, size_t size) {
    size_t length = 0;
    char byte;
    while (recv(fd, &byte, 1, 0) == 1) {
        if (byte == '\n') {
            line[length] = 0;
            return 1;
        }
        if (length + 1 < size)
            line[length++] = byte;
    }
    return 0;
}

int main(int argc, char **argv) {
    char number[200], line[200], words[200];
    struct sockaddr_in at = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0), said = 0, heard = 0, turn, lines;
    if (argc != 4 || fd < 0)
        return 1;
    at.sin_port = htons((unsigned short)atoi(argv[1]));
    inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
        return 2;
    lines = atoi(argv[2]);
    setvbuf(stdout, NULL, _IONBF, 0);
    if (!hear(fd, number, sizeof number) || !hear(fd, line, sizeof line))
        return 4;
    printf("%s %s\n", number, line);
    turn = strcmp(line, "emi") == 0;
    while (said < lines || heard < lines) {
        if (turn) {
            snprintf(words, sizeof words, "seat %.10s, line %d", number, ++said);
            say(fd, words, argv[3]);
        } else {
            if (!hear(fd, line, sizeof line))
                return 5;
            printf("%s\n", line);
            heard++;
        }
        turn = !turn;
    }
    say(fd, "fin", argv[3]);
    while (hear(fd, line, sizeof line))
        printf("behind fin: %s\n", line);
    printf("closed\n");
    return 0;
}
"#;

/// A relay with the plain door open, and where that is.
fn relay() -> (Relay, String) {
    let any = "127.0.0.1:0";
    let relay = Relay::start(&["--plain-listen", any, "--metrics-listen", any]);
    let plain = relay.plain.clone().expect("the plain door");
    (relay, plain)
}

struct Desk {
    _root: TempDir,
    dir: PathBuf,
}

fn desk() -> Desk {
    let root = tempfile::tempdir().expect("a directory");
    let dir = root.path().to_owned();
    Desk { _root: root, dir }
}

fn couplet(name: &str, relay: &Relay, desk: &Desk) -> Terminal {
    let args = ["chat", "--plain-room", "--relay", &relay.address];
    Terminal::run(name, (100, 30), &desk.dir, &args)
}

#[test]
fn two_netcats_every_point_of_it() {
    let (relay, plain) = relay();
    // 1. Numbers. 2. Roles when the second has come.
    let mut ann = LineProgram::netcat("ann", &plain);
    ann.hears(&["1"]);
    let mut bob = LineProgram::netcat("bob", &plain);
    bob.hears(&["2", "rec"]);
    ann.hears(&["emi"]);
    // 3. They alternate; what is out of turn is held.
    bob.says("too early, held\nand this, too\n");
    ann.says("hello\n");
    bob.hears(&["hello"]);
    ann.hears(&["too early, held"]);
    ann.says("go on\r\n");
    bob.hears(&["go on"]);
    ann.hears(&["and this, too"]);
    // 4. fin in `rec`: closed, and the other goes on.
    bob.says("fin\n");
    bob.ends();
    // 5. The newcomer: number, role, last message; it goes on as bob would have.
    let mut cleo = LineProgram::netcat("cleo", &plain);
    cleo.hears(&["2", "rec", "go on"]);
    ann.says("for seat two\n");
    cleo.hears(&["for seat two"]);
    // The same in `emi`.
    cleo.says("fin\n");
    cleo.ends();
    let mut carol = LineProgram::netcat("carol", &plain);
    carol.hears(&["2", "emi", "for seat two"]);
    carol.says("carol is here\n");
    ann.hears(&["carol is here"]);
    // 4 and 5 with one who is killed.
    ann.dies();
    relay.has("couplet_plain_clients", 1);
    let mut dan = LineProgram::netcat("dan", &plain);
    dan.hears(&["1", "emi", "carol is here"]);
    dan.says("and I am dan\n");
    carol.hears(&["and I am dan"]);
    // Out of turn once too often.
    dan.says((0..65).map(|number| format!("line {number}\n")).collect::<Vec<_>>().concat());
    let told = dan.next();
    assert!(told.starts_with("error 64 lines wait for your turn already"), "{told}");
    assert!(told.contains("\"line 0\", \"line 1\""), "{told}");
    dan.ends();
    let mut eve = LineProgram::netcat("eve", &plain);
    eve.hears(&["1", "rec", "carol is here"]);
    // 6. Ctrl+C at the relay.
    relay.interrupt();
    for mut client in [carol, eve] {
        client.hears(&["exit"]);
        client.ends();
    }
    assert_eq!(relay.wait().code(), Some(0));
}

#[test]
fn a_program_in_c_with_every_end_of_a_line() {
    let (_relay, plain) = relay();
    let (_, port) = plain.rsplit_once(':').expect("a port");
    let desk = desk();
    let program = compiled(IN_C, &desk.dir);
    let start = |name: &str, end: &str| {
        let mut command: Command = program();
        command.args([port, "5", end]);
        LineProgram::start(name, command)
    };
    for (one, two) in [("lf", "nul"), ("crlf", "whole buffer"), ("lfnul", "lf")] {
        let mut one = start(one, one);
        let mut two = start(two, two);
        // Who of them is first is theirs to find out.
        let roles = [one.next(), two.next()];
        let seats = if roles == ["1 emi", "2 rec"] { [1, 2] } else { [2, 1] };
        assert!(seats == [1, 2] || roles == ["2 rec", "1 emi"], "{roles:?}");
        for (client, from) in [(&mut one, seats[1]), (&mut two, seats[0])] {
            for number in 1..=5 {
                client.hears(&[&format!("seat {from}, line {number}")]);
            }
            client.hears(&["closed"]);
        }
        one.ends();
        two.ends();
    }
    // With a netcat across.
    let mut netcat = LineProgram::netcat("netcat", &plain);
    netcat.hears(&["1"]);
    let mut in_c = start("in C", "nul");
    netcat.hears(&["emi"]);
    in_c.hears(&["2 rec"]);
    for number in 1..=5 {
        netcat.says(format!("netcat {number}\n"));
        in_c.hears(&[&format!("netcat {number}")]);
        netcat.hears(&[&format!("seat 2, line {number}")]);
    }
    in_c.hears(&["closed"]);
    netcat.says("fin\n");
    netcat.ends();
}

#[test]
fn couplet_and_netcat_in_one_room_every_point_of_it() {
    let (relay, plain) = relay();
    let desk = desk();
    // 1 and 2, with netcat first.
    let mut netcat = LineProgram::netcat("netcat", &plain);
    netcat.hears(&["1"]);
    let mut ann = couplet("ann", &relay, &desk);
    ann.sees("NOT SEALED");
    ann.sees("seat 2");
    ann.sees("listening  rec");
    netcat.hears(&["emi"]);
    // 3, and what is out of turn, on both sides.
    ann.line("held until my turn");
    ann.sees("held 1: held until my turn");
    netcat.says("hello from netcat \x1b[2J\x1b]0;title\x07\x1b[31mred\n");
    ann.sees("hello from netcat red");
    netcat.hears(&["held until my turn"]);
    netcat.says("one\ntwo\n");
    ann.sees("one");
    ann.sees("YOUR TURN  emi");
    ann.line("and so on");
    netcat.hears(&["and so on"]);
    ann.sees("two");
    // Passing is an empty line, both ways.
    ann.sees("YOUR TURN  emi");
    ann.line("/pass");
    netcat.hears(&[""]);
    netcat.says("\n");
    ann.sees("your peer passed the turn");
    // Words only, and of one line.
    ann.line("/send photo.png");
    ann.sees("carries words only");
    ann.keys("\x15");
    ann.keys("two\x1b\rlines\r");
    ann.sees("one line at a time, and this has 2");
    ann.keys("\x03");
    ann.line("for seat one");
    netcat.hears(&["for seat one"]);
    // 4. netcat leaves in `emi`; 5. couplet takes its place, with its last message.
    netcat.says("fin\n");
    netcat.ends();
    ann.sees("gone");
    let mut bob = couplet("bob", &relay, &desk);
    bob.sees("seat 1");
    bob.sees("NOT SEALED");
    bob.sees("last message to this seat");
    bob.sees("for seat one");
    bob.sees("YOUR TURN  emi");
    bob.line("two of couplet now");
    ann.sees("two of couplet now");
    // couplet leaves in `emi`, and netcat takes its place.
    ann.sees("YOUR TURN  emi");
    ann.line("fin");
    let (status, screen) = ann.ends();
    assert_eq!(status, 0, "{screen}");
    let mut netcat = LineProgram::netcat("netcat", &plain);
    netcat.hears(&["2", "emi", "two of couplet now"]);
    netcat.says("back again\n");
    bob.sees("back again");
    // One that is killed has left, at once.
    bob.signal(rustix::process::Signal::KILL);
    relay.has("couplet_plain_clients", 1);
    let mut second = LineProgram::netcat("second", &plain);
    second.hears(&["1", "emi", "back again"]);
    second.dies();
    relay.has("couplet_plain_clients", 1);
    let carol = couplet("carol", &relay, &desk);
    carol.sees("NOT SEALED");
    // 6. Ctrl+C at the relay.
    carol.sees("seat 1");
    carol.sees("YOUR TURN  emi");
    relay.interrupt();
    assert_eq!(netcat_end(netcat), "exit");
    let (status, screen) = carol.ends();
    assert_eq!(status, 0);
    assert!(screen.contains("exit: the relay was ended"), "{screen}");
    assert_eq!(relay.wait().code(), Some(0));
}

/// The last line that it is told.
fn netcat_end(mut netcat: LineProgram) -> String {
    let line = netcat.next();
    netcat.ends();
    line
}

#[test]
fn two_of_couplet_first_and_netcat_after() {
    let (relay, plain) = relay();
    let desk = desk();
    let mut ann = couplet("ann", &relay, &desk);
    ann.sees("seat 1");
    ann.sees("NOT SEALED");
    ann.sees("--plain-room");
    let mut bob = couplet("bob", &relay, &desk);
    ann.sees("YOUR TURN  emi");
    bob.sees("listening  rec");
    ann.line("hello bob");
    bob.sees("hello bob");
    bob.line("hello ann");
    ann.sees("hello ann");
    // A killed one leaves its seat at once, and a netcat goes on as it would have.
    ann.line("the last to bob");
    bob.sees("the last to bob");
    bob.signal(rustix::process::Signal::KILL);
    ann.sees("gone");
    let mut netcat = LineProgram::netcat("netcat", &plain);
    netcat.hears(&["2", "emi", "the last to bob"]);
    netcat.says("it is me now\n");
    ann.sees("it is me now");
    netcat.dies();
    ann.sees("gone");
    ann.line("fin");
    assert_eq!(ann.ends().0, 0);
}

#[test]
fn what_was_meant_for_somebody_is_given_back_when_the_relay_is_killed() {
    let (relay, plain) = relay();
    let desk = desk();
    // Inside TLS, of which the netcat across knows nothing.
    let args = ["chat", "--plain-room", "--tls", "always", "--relay", &relay.address];
    let mut ann = Terminal::run("ann", (100, 30), &desk.dir, &args);
    ann.sees("seat 1");
    let mut netcat = LineProgram::netcat("netcat", &plain);
    netcat.hears(&["2", "rec"]);
    ann.line("before the fall");
    netcat.hears(&["before the fall"]);
    ann.line("held for the one who was there");
    ann.sees("held 1: held for");
    let address = relay.address.clone();
    relay.kill();
    relay.wait();
    netcat.ends();
    ann.sees("as none is kept in a plain room");
    // What was meant for somebody is given back, and isn't said to whoever comes.
    ann.sees("> held for the one who was there");
    let data = tempfile::tempdir().expect("a directory");
    let again = Relay::start_in(&address, data.path(), &["--plain-listen", "127.0.0.1:0"]);
    // It has another certificate, which is looked at.
    let (status, screen) = ann.ends();
    assert_eq!(status, 8, "{screen}");
    assert!(screen.contains("held for the one who was there"), "{screen}");
    drop(again);
}

#[test]
fn one_that_comes_again_takes_the_seat_that_is_empty() {
    let (relay, _plain) = relay();
    let desk = desk();
    let mut ann = couplet("ann", &relay, &desk);
    ann.sees("seat 1");
    let (address, data) = (relay.address.clone(), tempfile::tempdir().expect("a directory"));
    relay.kill();
    relay.wait();
    ann.sees("You come again");
    let relay = Relay::start_in(&address, data.path(), &["--plain-listen", "127.0.0.1:0"]);
    let mut netcat = LineProgram::netcat("netcat", relay.plain.as_ref().expect("the plain door"));
    let number = netcat.next();
    ann.sees(if number == "1" { "listening  rec" } else { "YOUR TURN  emi" });
    netcat.hears(&[if number == "1" { "emi" } else { "rec" }]);
    ann.line("here again");
    if number == "1" {
        netcat.says("go on\n");
    }
    netcat.hears(&["here again"]);
    ann.sees("NOT SEALED");
}

#[test]
fn a_relay_without_plain_rooms_says_so() {
    let relay = Relay::start(&[]);
    let desk = desk();
    let ann = couplet("ann", &relay, &desk);
    let (status, screen) = ann.ends();
    assert_eq!(status, 4, "{screen}");
    assert!(screen.contains("this relay has no plain rooms"), "{screen}");
}

#[test]
fn many_pairs_of_netcats() {
    let (relay, plain) = relay();
    let mut pairs = Vec::new();
    for number in 0..20 {
        let mut one = LineProgram::netcat(&format!("one of {number}"), &plain);
        one.hears(&["1"]);
        let mut two = LineProgram::netcat(&format!("two of {number}"), &plain);
        two.hears(&["2", "rec"]);
        one.hears(&["emi"]);
        pairs.push((one, two));
    }
    for (number, (one, two)) in pairs.iter_mut().enumerate() {
        one.says(format!("to pair {number}\n"));
        two.says(format!("from pair {number}\n"));
    }
    for (number, (one, two)) in pairs.iter_mut().enumerate() {
        two.hears(&[&format!("to pair {number}")]);
        one.hears(&[&format!("from pair {number}")]);
        // What is said ends with its program's input.
        one.says_nothing_more();
    }
    relay.interrupt();
    for (one, two) in pairs {
        assert_eq!(netcat_end(one), "exit");
        assert_eq!(netcat_end(two), "exit");
    }
}
