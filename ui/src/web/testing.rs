//! What the tests of the server share: a real one, and a client of raw bytes.
//!
//! Everything ends with the other side's word: nothing here waits for a time, but for the limit in which
//! a test that hangs fails.

use super::server::{Heard, Patience, Server};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// By when anything has happened that is going to.
const LIMIT: Duration = Duration::from_mins(1);

/// A server, and who is allowed to ask it.
pub(super) struct Bench {
    pub(super) server: Server,
    pub(super) heard: mpsc::Receiver<Heard>,
    pub(super) cookie: String,
    pub(super) dir: tempfile::TempDir,
}

/// An answer, taken apart.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Bench {
    pub(super) async fn new() -> Self {
        Self::with(Patience::default()).await
    }

    pub(super) async fn with(patience: Patience) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let listen = Some(([127, 0, 0, 1], 0).into());
        let spool = dir.path().join("uploads");
        let (server, heard) =
            Server::start_with(listen, spool, Vec::new(), patience).await.expect("a server");
        let mut bench = Self { server, heard, cookie: String::new(), dir };
        let way_in = bench.key();
        let answer = bench.raw(&bench.head("GET", &format!("/?key={way_in}"), "")).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let set = answer.header("set-cookie").expect("a cookie");
        bench.cookie = set.split(';').next().expect("a value").to_owned();
        bench
    }

    /// The key of the printed address.
    pub(super) fn key(&self) -> String {
        let url = self.server.url();
        url.split_once("?key=").expect("a key").1.to_owned()
    }

    pub(super) fn host(&self) -> String {
        self.server.address().to_string()
    }

    /// The head of a request, with a cookie if there is one yet; further lines end in `\r\n`.
    pub(super) fn head(&self, method: &str, target: &str, lines: &str) -> Vec<u8> {
        let host = self.host();
        let own = format!("Host: {host}\r\nOrigin: http://{host}\r\nCookie: {}\r\n", self.cookie);
        let end = "Connection: close\r\n\r\n";
        format!("{method} {target} HTTP/1.1\r\n{own}{lines}{end}").into_bytes()
    }

    /// A request as the page makes it.
    pub(super) async fn ask(&self, method: &str, target: &str, body: &[u8]) -> Answer {
        let length = format!("Content-Length: {}\r\n", body.len());
        let mut request = self.head(method, target, &length);
        request.extend_from_slice(body);
        self.raw(&request).await
    }

    /// Another one, with these lines in its head.
    pub(super) async fn get(&self, target: &str, lines: &str) -> Answer {
        self.raw(&self.head("GET", target, lines)).await
    }

    /// Whatever bytes.
    pub(super) async fn raw(&self, request: &[u8]) -> Answer {
        let mut socket = self.connect().await;
        // A server that has answered already needn't read the rest.
        let _ = socket.write_all(request).await;
        Answer::new(&rest(&mut socket).await)
    }

    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.server.address()).await.expect("connected")
    }

    /// What the loop hears next.
    pub(super) async fn hear(&mut self) -> Heard {
        let heard = tokio::time::timeout(LIMIT, self.heard.recv()).await;
        heard.expect("in time").expect("the server lives")
    }

    /// Begins an upload; gives its address.
    pub(super) async fn upload(&self) -> String {
        let answer = self.ask("POST", "/api/uploads", b"").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let id = answer.json()["id"].as_u64().expect("a number");
        format!("/api/uploads/{id}")
    }

    /// All that lies in the spool, below this program's directory. It may be removed meanwhile.
    pub(super) fn spooled(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let all = self.dir.path().join("uploads");
        for own in std::fs::read_dir(all).expect("there") {
            let own = own.expect("an entry").path();
            collect(&own, &own, &mut found);
        }
        found.sort();
        found
    }
}

fn collect(root: &Path, dir: &Path, found: &mut Vec<PathBuf>) {
    let entries = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
        entries => entries.expect("there"),
    };
    for entry in entries {
        let path = entry.expect("an entry").path();
        found.push(path.strip_prefix(root).expect("below it").to_owned());
        if path.is_dir() {
            collect(root, &path, found);
        }
    }
}

/// What comes until the other side ends; a reset is an end, too.
pub(super) async fn rest(socket: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(LIMIT, socket.read_to_end(&mut bytes)).await;
    let _ = read.expect("the server ends it in time");
    bytes
}

impl Answer {
    /// Nothing at all has the status 0.
    pub(super) fn new(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let Some(end) = end else {
            return Self { status: 0, head: String::new(), body: bytes.to_vec() };
        };
        let head = String::from_utf8(bytes[..end].to_vec()).expect("a head is ASCII");
        let status = head.split(' ').nth(1).expect("a status").parse().expect("a number");
        let mut body = bytes[end + 4..].to_vec();
        if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
            body = unchunked(&body);
        }
        Self { status, head, body }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.split("\r\n").filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// The sentence of a failure.
    pub(super) fn error(&self) -> String {
        self.json()["error"].as_str().expect("a sentence").to_owned()
    }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = bytes.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&bytes[..end]).expect("a size");
        let size = usize::from_str_radix(size, 16).expect("a size");
        whole.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 4 + size..];
    }
    whole
}
