//! The program itself: what it prints, what it answers to signals, how it ends.
#![cfg(unix)]

use couplet::frame::opening;
use couplet::message::{ClientControl, ClientToRelay, Token};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

/// A relay in a process of its own; it is killed with the test.
struct Program {
    /// Its data, gone with the test.
    _data: TempDir,
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Program {
    fn start(options: &[&str]) -> Self {
        Self::start_with(options, |_| {})
    }

    fn start_with(options: &[&str], prepare: impl FnOnce(&mut Command)) -> Self {
        let data = tempfile::tempdir().expect("a directory");
        let mut command = command();
        prepare(&mut command);
        let mut child = command
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(data.path())
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a first line");
        let address = line.strip_prefix("listening on ").expect("the first line");
        let address = address.trim_end().parse().expect("an address with a port");
        Self { _data: data, child, stdout, address }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a live relay");
    }

    fn join(&self) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).expect("the relay is there");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        let mut bytes = bytes::BytesMut::from(&opening()[..]);
        ClientToRelay::Control(ClientControl::hello(None, false, None)).encode(&mut bytes);
        stream.write_all(&bytes).expect("the relay reads");
        let mut first = [0; 4];
        stream.read_exact(&mut first).expect("a welcome");
        stream
    }

    /// The exit status, waited for with an end.
    fn status(&mut self) -> Option<i32> {
        let (done, waiting) = mpsc::channel::<()>();
        let process = self.child.id().to_string();
        let watchdog = std::thread::spawn(move || {
            if waiting.recv_timeout(PATIENCE).is_err_and(|e| e == mpsc::RecvTimeoutError::Timeout) {
                let _ = Command::new("kill").args(["-s", "KILL", &process]).status();
            }
        });
        let status = self.child.wait().expect("a status");
        drop(done);
        watchdog.join().expect("no fault");
        status.code()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program; whoever has it listen gives it `--data`.
fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_couplet-relay"));
    command.env_remove("RUST_LOG").env_remove("COUPLET_STARTED_AS");
    command
}

fn run(options: &[&str]) -> Output {
    command().args(options).stdin(Stdio::null()).output().expect("the program runs")
}

#[test]
fn it_says_where_it_listens_and_how_to_join() {
    let mut program = Program::start(&[]);
    assert_ne!(program.address.port(), 0);
    let mut line = String::new();
    program.stdout.read_line(&mut line).expect("more lines");
    assert!(line.contains(&format!("couplet --relay {}", program.address)), "{line}");
    line.clear();
    program.stdout.read_line(&mut line).expect("more lines");
    assert!(line.contains("--listen 0.0.0.0:"), "{line}");
}

#[test]
fn it_says_how_the_client_is_started_where_it_was_told() {
    let started_as = |command: &mut Command| {
        command.env("COUPLET_STARTED_AS", "bash launch_client.sh");
    };
    let mut program = Program::start_with(&[], started_as);
    let mut line = String::new();
    program.stdout.read_line(&mut line).expect("more lines");
    let command = format!("bash launch_client.sh --relay {}\n", program.address);
    assert!(line.ends_with(&command), "{line}");
}

/// The fingerprint that a relay with these options prints.
fn printed_fingerprint(options: &[&str]) -> String {
    let mut program = Program::start(options);
    let mut line = String::new();
    while !line.contains("SHA256:") {
        line.clear();
        assert_ne!(program.stdout.read_line(&mut line).expect("more lines"), 0, "no fingerprint");
    }
    line[line.find("SHA256:").expect("found")..].trim_end().to_owned()
}

#[test]
fn a_new_start_shows_the_same_certificate_and_other_data_another() {
    let (one, two) =
        (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let at = |dir: &TempDir| {
        let dir = dir.path().join("deep/er").to_string_lossy().into_owned();
        // Said twice, the last one counts.
        printed_fingerprint(&["--data", &dir])
    };
    let first = at(&one);
    assert_eq!(first.len(), "SHA256:".len() + 43, "{first}");
    assert_eq!(first, at(&one));
    assert_ne!(first, at(&two));
}

#[test]
fn a_certificate_that_cannot_be_used_is_one_clear_sentence_and_status_2() {
    let absent = ["--tls-cert", "/nowhere/cert.pem", "--tls-key", "/nowhere/key.pem"];
    let output = run(&[&["--listen", "127.0.0.1:0"], &absent[..]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty(), "it never listened");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("can't read /nowhere/cert.pem") && said.lines().count() == 1, "{said}");
    assert_eq!(run(&absent[..2]).status.code(), Some(2), "one without the other");
}

#[test]
fn a_taken_port_is_one_clear_sentence_and_status_3() {
    let holder = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = holder.local_addr().expect("an address").to_string();
    let output = run(&["--listen", &address]);
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        format!(
            "couplet-relay: can't listen on {address}: the port is taken. Stop the other program, \
             or choose another port with --listen 127.0.0.1:0\n"
        )
    );
}

#[test]
fn an_address_that_is_none_is_one_clear_sentence_too() {
    for (address, says) in [
        ("no.such.host.invalid:3647", "no machine of that name"),
        ("192.0.2.1:5555", "Use --listen 0.0.0.0:5555"),
    ] {
        let output = run(&["--listen", address]);
        assert_eq!(output.status.code(), Some(3), "{address}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(says) && said.lines().count() == 1, "{said}");
    }
    // What can't be an address anywhere is a wrong option.
    for option in ["--listen", "--metrics-listen"] {
        for address in ["nonsense", "127.0.0.1:99999", ":3647", "127.0.0.1:"] {
            let output = run(&[option, address]);
            assert_eq!(output.status.code(), Some(2), "{option} {address}");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(said.contains("expected HOST:PORT") && said.contains(option), "{said}");
        }
    }
}

#[test]
fn wrong_options_are_status_2_and_help_is_0() {
    assert_eq!(run(&["--grace", "soon"]).status.code(), Some(2));
    assert_eq!(run(&["--frobnicate"]).status.code(), Some(2));
    let help = run(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for option in [
        "--listen",
        "--grace",
        "--max-clients",
        "--max-pipes-per-ip",
        "--pipe-idle",
        "--max-pipe-bytes",
        "--until-stdin-closes",
        "--tls-cert",
        "--data",
        "Exit status",
    ] {
        assert!(help.contains(option), "{option} in {help}");
    }
}

#[test]
fn each_ending_signal_ends_it_in_order() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut program = Program::start(&["--workers", "1"]);
        let mut client = program.join();
        program.signal(signal);
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).expect("an orderly end");
        assert!(String::from_utf8_lossy(&rest).contains("shutdown"), "exit before the end");
        drop(client);
        assert_eq!(program.status(), Some(0), "{signal:?}");
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut program = Program::start(&[]);
    // This client neither reads nor closes, so the end would take the whole flush limit.
    let mut client = program.join();
    program.signal(Signal::INT);
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).expect("an orderly end");
    program.signal(Signal::INT);
    assert_eq!(program.status(), Some(130));
}

#[test]
fn it_ends_with_its_stdin_if_asked_to() {
    let mut program = Program::start(&["--until-stdin-closes"]);
    drop(program.child.stdin.take());
    assert_eq!(program.status(), Some(0));
    let mut other = Program::start(&[]);
    drop(other.child.stdin.take());
    assert!(other.join().peer_addr().is_ok(), "without the option it stays");
    other.signal(Signal::TERM);
    assert_eq!(other.status(), Some(0));
}

#[test]
fn logs_tell_who_came_and_nothing_of_what_was_said() {
    let data = tempfile::tempdir().expect("a directory");
    let mut child = command()
        .args(["--listen", "127.0.0.1:0", "--log", "trace", "--data"])
        .arg(data.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("a first line");
    let address = line.trim_end().strip_prefix("listening on ").expect("the first line").to_owned();
    let mut ends: Vec<TcpStream> =
        (0..2).map(|_| TcpStream::connect(&address).expect("a relay")).collect();
    for end in &mut ends {
        let mut bytes = bytes::BytesMut::from(&opening()[..]);
        ClientToRelay::Control(ClientControl::hello(None, false, None)).encode(&mut bytes);
        end.write_all(&bytes).expect("the relay reads");
        // The first to be welcomed sits in seat 1 and may speak.
        end.read_exact(&mut [0; 4]).expect("a welcome");
    }
    let mut bytes = bytes::BytesMut::new();
    ClientToRelay::Say { pairing: 1, sequence: 1, body: "a-secret".into() }.encode(&mut bytes);
    ends[0].write_all(&bytes).expect("the relay reads");
    let mut heard = Vec::new();
    let mut piece = [0; 4096];
    while !String::from_utf8_lossy(&heard).contains("a-secret") {
        let count = ends[1].read(&mut piece).expect("more");
        heard.extend_from_slice(&piece[..count]);
    }
    // The second had a wrong code; a third comes back to a seat that there isn't.
    bytes.clear();
    ClientToRelay::Control(ClientControl::PairingFailed { pairing: 1 }).encode(&mut bytes);
    ends[0].write_all(&bytes).expect("the relay reads");
    ends[1].read_to_end(&mut heard).expect("an orderly end");
    let mut third = TcpStream::connect(&address).expect("a relay");
    let mut bytes = bytes::BytesMut::from(&opening()[..]);
    let token = Some(Token::from_bytes([7; 16]));
    ClientToRelay::Control(ClientControl::hello(None, false, token)).encode(&mut bytes);
    third.write_all(&bytes).expect("the relay reads");
    third.read_to_end(&mut heard).expect("an orderly end");
    drop(ends);
    let status = Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status();
    assert!(status.expect("the command kill").success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    for event in
        ["joined", "paired", "left", "why=\"pairing_failed\"", "why=seat_gone", "pipe_bytes"]
    {
        assert!(log.contains(event), "{event} in {log}");
    }
    assert!(!log.contains("a-secret") && !log.contains('\u{1b}'), "{log}");
}
