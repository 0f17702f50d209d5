//! Web sockets by raw bytes against the real server.

use super::super::testing::{Answer, Bench, rest};
use super::*;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const UPGRADE: &str = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// A request for a socket, with these lines instead of those that say where from.
fn request(bench: &Bench, lines: &str) -> Vec<u8> {
    let (host, cookie) = (bench.host(), &bench.cookie);
    let head = format!("GET /api/line HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n{lines}");
    format!("{head}Connection: Upgrade\r\n{UPGRADE}\r\n").into_bytes()
}

/// A socket that is open, and what the loop tells it.
async fn open(bench: &mut Bench) -> (TcpStream, TabId, mpsc::Sender<Arc<str>>) {
    let mut socket = bench.connect().await;
    let origin = format!("Origin: http://{}\r\n", bench.host());
    socket.write_all(&request(bench, &origin)).await.expect("written");
    let head = head(&mut socket).await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.to_ascii_lowercase().contains("content-security-policy: "), "{head}");
    let Heard::Opened { tab, telling } = bench.hear().await else { panic!("it has come") };
    (socket, tab, telling)
}

async fn head(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.expect("a head"));
    }
    String::from_utf8(head).expect("ASCII")
}

/// A frame as browsers mask it, with a mask that changes nothing.
fn frame(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | kind, 0x80 | 127];
    frame.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(bytes);
    frame
}

/// The next frame that isn't a ping.
async fn next(socket: &mut TcpStream) -> (u8, Vec<u8>) {
    loop {
        let kind = socket.read_u8().await.expect("a frame") & 0xf;
        let length = match socket.read_u8().await.expect("a length") {
            126 => socket.read_u16().await.expect("a length").into(),
            127 => usize::try_from(socket.read_u64().await.expect("a length")).expect("some"),
            length => length.into(),
        };
        let mut bytes = vec![0; length];
        socket.read_exact(&mut bytes).await.expect("a frame");
        if kind != PING {
            return (kind, bytes);
        }
    }
}

async fn is_closed(bench: &mut Bench, expected: TabId) {
    let Heard::Closed { tab } = bench.hear().await else { panic!("it has gone") };
    assert_eq!(tab, expected);
}

#[tokio::test]
async fn both_sides_say_something_and_the_page_goes() {
    let mut bench = Bench::new().await;
    let (mut socket, tab, telling) = open(&mut bench).await;
    telling.send("{\"event\":\"hello\"}".into()).await.expect("told");
    assert_eq!(next(&mut socket).await, (TEXT, b"{\"event\":\"hello\"}".to_vec()));
    let long = "é".repeat(MAX_MESSAGE / 2);
    for said in ["{}", &long] {
        socket.write_all(&frame(TEXT, said.as_bytes())).await.expect("written");
        let Heard::Said { tab: from, text } = bench.hear().await else { panic!("it was said") };
        assert_eq!(from, tab);
        assert!(text == said, "as it came");
    }
    let (mut other, second, other_telling) = open(&mut bench).await;
    assert_ne!(tab, second);
    other.write_all(&frame(CLOSE, &1000_u16.to_be_bytes())).await.expect("written");
    is_closed(&mut bench, second).await;
    assert!(other_telling.is_closed());
    drop(socket);
    is_closed(&mut bench, tab).await;
    assert!(telling.is_closed());
}

#[tokio::test]
async fn only_its_own_page_opens_one() {
    let bench = Bench::new().await;
    let host = bench.host();
    for lines in [
        String::new(),
        "Origin: http://evil.com\r\n".to_owned(),
        "Origin: null\r\n".to_owned(),
        format!("Origin: https://{host}\r\n"),
        format!("Origin: http://{host}.evil.com\r\n"),
        format!("Origin: http://{host}\r\nSec-Fetch-Site: cross-site\r\n"),
    ] {
        let answer = bench.raw(&request(&bench, &lines)).await;
        assert_eq!(answer.status, 403, "{lines}");
    }
    let plain = bench.get("/api/line", "").await;
    assert_eq!(plain.status, 400, "{plain:?}");
    let origin = format!("Origin: http://{host}\r\nSec-WebSocket-Protocol: x\r\n");
    let no_key = String::from_utf8(request(&bench, &origin)).expect("ASCII");
    let no_key = no_key.replace("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "");
    assert_eq!(bench.raw(no_key.replace("Upgrade\r\n", "close\r\n").as_bytes()).await.status, 400);
}

#[tokio::test]
async fn too_much_at_once_or_no_text_ends_it() {
    let mut bench = Bench::new().await;
    let broken = frame(TEXT, b"\xff\xfe");
    let mut endless = vec![0x80 | TEXT, 0x80 | 127];
    endless.extend_from_slice(&u64::MAX.to_be_bytes());
    endless.extend_from_slice(&[0; 4]);
    let mut pieces = frame(TEXT, &vec![b'x'; MAX_MESSAGE / 2]);
    pieces[0] = TEXT;
    let mut more = frame(0, &vec![b'x'; MAX_MESSAGE / 2 + 1]);
    more[0] = 0;
    pieces.extend_from_slice(&more);
    let mut unmasked = vec![0x80 | TEXT, 2];
    unmasked.extend_from_slice(b"{}");
    for bytes in [
        frame(TEXT, &vec![b'x'; MAX_MESSAGE + 1]),
        frame(BINARY, b"{}"),
        frame(7, b""),
        broken,
        endless,
        pieces,
        unmasked,
    ] {
        let (mut socket, tab, _telling) = open(&mut bench).await;
        let _ = socket.write_all(&bytes).await;
        is_closed(&mut bench, tab).await;
        rest(&mut socket).await;
    }
}

#[tokio::test]
async fn whoever_does_not_answer_pings_is_let_go() {
    let (ping, silence) = (Duration::from_millis(150), Duration::from_secs(2));
    let goodbye = Duration::from_millis(100);
    let mut bench = Bench::with(Patience { ping, silence, goodbye, ..Patience::default() }).await;
    let (mut silent, tab, _telling) = open(&mut bench).await;
    is_closed(&mut bench, tab).await;
    rest(&mut silent).await;
    // One that does, for longer than that.
    let (mut socket, tab, telling) = open(&mut bench).await;
    for _ in 0..20 {
        assert_eq!(socket.read_u16().await.expect("a ping"), 0x8900);
        socket.write_all(&frame(PONG, b"")).await.expect("written");
    }
    telling.send("told".into()).await.expect("told");
    assert_eq!(next(&mut socket).await, (TEXT, b"told".to_vec()));
    drop(socket);
    is_closed(&mut bench, tab).await;
}

#[tokio::test]
async fn a_page_that_takes_nothing_is_let_go_of_and_comes_again() {
    let mut bench = Bench::new().await;
    let (mut socket, tab, telling) = open(&mut bench).await;
    let event: Arc<str> = "x".repeat(100_000).into();
    while telling.try_send(Arc::clone(&event)).is_ok() {
        tokio::task::yield_now().await;
    }
    drop(telling);
    // What was told before comes, then the end; nothing is held for longer.
    let mut count = 0;
    loop {
        match next(&mut socket).await {
            (TEXT, bytes) => count += usize::from(bytes == event.as_bytes()),
            (CLOSE, bytes) => break assert_eq!(bytes, close_code::AGAIN.to_be_bytes()),
            (kind, _) => panic!("{kind}"),
        }
    }
    assert!(count >= EVENTS, "{count}");
    is_closed(&mut bench, tab).await;
    let (_again, another, _telling) = open(&mut bench).await;
    assert_ne!(another, tab);
}

#[tokio::test]
async fn there_are_not_too_many_pages() {
    let mut bench = Bench::new().await;
    let mut open_ones = Vec::new();
    for _ in 0..MAX_TABS {
        open_ones.push(open(&mut bench).await);
    }
    let origin = format!("Origin: http://{}\r\n", bench.host());
    let mut socket = bench.connect().await;
    socket.write_all(&request(&bench, &origin)).await.expect("written");
    let head = head(&mut socket).await;
    assert!(head.starts_with("HTTP/1.1 409 "), "{head}");
    let (gone, tab, _) = open_ones.pop().expect("one");
    drop(gone);
    is_closed(&mut bench, tab).await;
    // Its place is free a moment after the loop has heard.
    loop {
        let mut socket = bench.connect().await;
        socket.write_all(&request(&bench, &origin)).await.expect("written");
        if self::head(&mut socket).await.starts_with("HTTP/1.1 101 ") {
            break;
        }
    }
}

#[tokio::test]
async fn the_end_of_the_server_is_said() {
    let mut bench = Bench::new().await;
    let (mut socket, _tab, _telling) = open(&mut bench).await;
    let Bench { server, heard: _heard, .. } = bench;
    drop(server);
    assert_eq!(next(&mut socket).await, (CLOSE, close_code::AWAY.to_be_bytes().to_vec()));
    assert!(Answer::new(&rest(&mut socket).await).body.is_empty());
}
