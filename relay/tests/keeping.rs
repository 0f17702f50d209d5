//! Rooms that outlive their relay: killed, drained, ended; on the same directory.
#![cfg(unix)]

mod common;

use common::Client;
use couplet::message::{
    ClientControl, ErrorCode, ExitReason, Known, PeerState, RelayControl, Role, Seat, Token,
};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tokio::net::TcpStream;

/// A relay in a process of its own; it is killed with the test.
struct Program {
    child: Child,
    address: String,
}

impl Program {
    fn start(listen: &str, data: &Path, options: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_couplet-relay"))
            .args(["--listen", listen, "--log", "warn", "--data"])
            .arg(data)
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        stdout.read_line(&mut line).expect("a first line");
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        let address = line.strip_prefix("listening on ").expect("the first line").trim().to_owned();
        Self { child, address }
    }

    /// Sends a signal and waits for the end; gives what was on standard error.
    fn end(mut self, signal: Signal) -> String {
        kill_process(Pid::from_child(&self.child), signal).expect("a live relay");
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().expect("piped");
        stderr.read_to_string(&mut said).expect("text");
        self.child.wait().expect("an end");
        said
    }

    async fn connect(&self) -> Client {
        let mut client =
            Client::over(TcpStream::connect(&self.address).await.expect("the relay is there"));
        client.open().await;
        client
    }

    async fn join(&self, room: &str) -> (Client, Token) {
        let mut client = self.connect().await;
        client.hello(Some(room), None).await;
        let token = client.welcome().await.token;
        (client, token)
    }

    async fn come_back(&self, token: Token, known: Known) -> Client {
        let mut client = self.connect().await;
        let hello = ClientControl::Hello {
            room: None,
            new_room: false,
            seat: Some(token),
            anew: false,
            times: 1,
            known,
            plain: false,
        };
        client.control(hello).await;
        client
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Two who have said one word each, and whose turn it is again.
async fn two_who_talk(relay: &Program) -> ([Client; 2], [Token; 2]) {
    let (mut one, first) = relay.join("attic").await;
    assert_eq!(one.peer().await, (PeerState::Waiting, 0));
    let (mut two, second) = relay.join("attic").await;
    assert_eq!(two.peer().await, (PeerState::Present, 1));
    assert_eq!(two.role().await, Role::Rec);
    assert_eq!(one.peer().await, (PeerState::Present, 1));
    assert_eq!(one.role().await, Role::Emi);
    one.say(1, 1, "hello").await;
    one.taken(1).await;
    assert_eq!(one.role().await, Role::Rec);
    assert_eq!(two.message().await, (1, false, "hello".to_owned()));
    assert_eq!(two.role().await, Role::Emi);
    ([one, two], [first, second])
}

#[tokio::test]
async fn after_a_kill_everybody_finds_seat_turn_and_last_message() {
    let data = tempfile::tempdir().expect("a directory");
    let relay = Program::start("127.0.0.1:0", data.path(), &[]);
    let address = relay.address.clone();
    let (clients, [first, second]) = two_who_talk(&relay).await;
    relay.end(Signal::KILL);
    drop(clients);
    let relay = Program::start(&address, data.path(), &[]);
    // Whatever was written down: the second knows that it has heard, and thereby whose turn it is.
    let known = Known { turn: 1, said: 0, heard: 1 };
    let mut two = relay.come_back(second, known).await;
    let welcome = two.welcome().await;
    assert_eq!((welcome.seat, welcome.pairing, welcome.returned), (Seat::Two, 1, true));
    assert_eq!(two.peer().await, (PeerState::Silent, 1));
    let mut one = relay.come_back(first, Known::default()).await;
    let welcome = one.welcome().await;
    assert_eq!((welcome.seat, welcome.next_sequence), (Seat::One, 2));
    assert_eq!(one.peer().await, (PeerState::Present, 1));
    assert_eq!(one.role().await, Role::Rec);
    let mut told = two.next_control_or_kept().await;
    if told.is_none() {
        told = two.next_control_or_kept().await;
    }
    assert_eq!(told, Some(RelayControl::Role { role: Role::Emi, turn: 1 }));
    // The room's name is still theirs.
    let mut third = relay.connect().await;
    third.hello(Some("attic"), None).await;
    assert_eq!(third.error().await.0, ErrorCode::RoomTaken);
}

#[tokio::test]
async fn a_drained_relay_tells_them_to_come_back_and_keeps_their_seats() {
    let data = tempfile::tempdir().expect("a directory");
    let relay = Program::start("127.0.0.1:0", data.path(), &["--drain"]);
    let address = relay.address.clone();
    let ([mut one, mut two], [first, _]) = two_who_talk(&relay).await;
    let (mut alone, third) = relay.join("cellar").await;
    alone.peer().await;
    relay.end(Signal::INT);
    for client in [&mut one, &mut two, &mut alone] {
        let exit = RelayControl::Exit { reason: ExitReason::Restart };
        assert_eq!(client.next_control().await, exit);
        client.closed().await;
    }
    let relay = Program::start(&address, data.path(), &["--drain"]);
    for (token, pairing) in [(first, 1), (third, 0)] {
        let mut back = relay.come_back(token, Known::default()).await;
        let welcome = back.welcome().await;
        assert_eq!((welcome.returned, welcome.pairing), (true, pairing));
    }
}

#[tokio::test]
async fn a_relay_that_is_ended_ends_its_rooms() {
    let data = tempfile::tempdir().expect("a directory");
    let relay = Program::start("127.0.0.1:0", data.path(), &[]);
    let address = relay.address.clone();
    let ([mut one, _two], [first, _]) = two_who_talk(&relay).await;
    relay.end(Signal::INT);
    let exit = RelayControl::Exit { reason: ExitReason::Shutdown };
    assert_eq!(one.next_control().await, exit);
    let relay = Program::start(&address, data.path(), &[]);
    let mut back = relay.come_back(first, Known::default()).await;
    assert_eq!(back.error().await.0, ErrorCode::SeatGone);
}

#[tokio::test]
async fn a_second_relay_on_the_same_directory_serves_and_says_what_it_lacks() {
    let data = tempfile::tempdir().expect("a directory");
    let first = Program::start("127.0.0.1:0", data.path(), &[]);
    // It listens before it has taken the directory, and serves after that.
    two_who_talk(&first).await;
    let second = Program::start("127.0.0.1:0", data.path(), &[]);
    two_who_talk(&second).await;
    let said = second.end(Signal::INT);
    assert!(said.contains("rooms won't outlive this relay") && said.contains("--data"), "{said}");
    assert_eq!(first.end(Signal::INT), "");
}
