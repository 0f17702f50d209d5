//! The relay's numbers over HTTP, and that asking for them can't be used against it.
#![cfg(target_os = "linux")]

mod common;

use common::PATIENCE;
use common::process::Process;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

#[test]
fn the_numbers_are_told_and_nothing_else_is() {
    let relay = Process::start(&["--max-clients", "7"]);
    let metrics = relay.metrics();
    assert_eq!(metrics["couplet_memory_bound_bytes"] >> 20, relay.bound_mib);
    assert_eq!(metrics["couplet_clients"], 0);
    assert_eq!(metrics["couplet_refused_total{why=\"clients\"}"], 0);
    let answers = |request: &[u8], status: &str| {
        let answer = relay.ask(request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
    };
    answers(b"GET / HTTP/1.1\r\n\r\n", "404 Not Found");
    answers(b"POST /metrics HTTP/1.1\r\n\r\n", "405 Method Not Allowed");
    answers(b"\x16\x03\x01\r\n\r\n", "400 Bad Request");
    let long = [&b"GET /metrics HTTP/1.1\r\nX: "[..], &[b'x'; 5000]].concat();
    answers(&long, "431 Request Header Fields Too Large");
    // A connection to the relay that is no client shows.
    let mut stream = TcpStream::connect(relay.address).expect("the relay");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("it reads");
    let mut line = String::new();
    stream.read_to_string(&mut line).expect("an answer");
    assert_eq!(relay.metrics()["couplet_refused_total{why=\"not_couplet\"}"], 1);
}

#[test]
fn those_who_ask_for_nothing_are_cut_and_others_get_their_answer() {
    let relay = Process::start(&[]);
    let idle: Vec<_> = (0..20).map(|_| relay.ask_nothing()).collect();
    // Eight are served at a time; each of them for two seconds.
    assert_eq!(relay.metrics()["couplet_clients"], 0);
    drop(idle);
}

#[test]
fn a_port_that_is_taken_is_told_as_the_relays_own() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let data = tempfile::tempdir().expect("a directory");
    let output = Command::new(env!("CARGO_BIN_EXE_couplet-relay"))
        .args(["--listen", "127.0.0.1:0", "--metrics-listen", &address, "--data"])
        .arg(data.path())
        .stdin(Stdio::null())
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&format!("can't listen on {address}: the port is taken")), "{said}");
    assert!(said.contains("another port with --metrics-listen 127.0.0.1:0"), "{said}");
    // The program that sits there isn't confused with a relay.
    assert!(!String::from_utf8_lossy(&output.stdout).contains("listening on"));
}
