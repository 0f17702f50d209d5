//! A relay with a ZeroMQ door and a shelf of its own, and programs that aren't couplet's.

use super::common::{PATIENCE, Relay, soon};
use couplet_relay::config::Config;
use couplet_relay::counters::{Count, Counters};
use couplet_relay::shelf::Shelf;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout, Command};

/// What all scripts begin with.
const CLIENT: &str = include_str!("client.py");

pub(super) struct Door {
    pub(super) relay: Relay,
    pub(super) address: SocketAddr,
    pub(super) shelf: TempDir,
    pub(super) counters: Arc<Counters>,
}

impl Door {
    pub(super) async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let shelf = tempfile::tempdir().expect("a directory");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let counters = Arc::<Counters>::default();
        let relay = Relay::with(|config| {
            config.zmq = Some(Arc::new(listener));
            config.counters = Arc::clone(&counters);
            change(config);
            config.shelf = Some(shelf.path().to_owned());
            config.opened_shelf = Shelf::open(config).expect("a shelf");
        });
        Self { relay: relay.await, address, shelf, counters }
    }

    pub(super) fn endpoint(&self) -> String {
        format!("tcp://{}", self.address)
    }

    /// Begins a script in Python, which has pyzmq.
    pub(super) fn start(&self, script: &str) -> Child {
        start(&self.endpoint(), script)
    }

    /// Runs a script in Python to its end, which must be a good one. Gives what it printed.
    pub(super) async fn run(&self, script: &str) -> String {
        finished(self.start(script)).await
    }

    /// Every file on the shelf; none of couplet's own for what isn't complete.
    pub(super) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        files(self.shelf.path())
    }

    /// Ends the relay in order. Gives its shelf.
    pub(super) async fn end(self) -> TempDir {
        self.relay.begin_end();
        self.relay.ended().await;
        self.shelf
    }

    /// Waits until nobody is connected and nothing is in transit.
    pub(super) async fn is_empty(&self) {
        let gone = async {
            while self.counters.get(Count::ZmqClients) > 0 {
                tokio::task::yield_now().await;
            }
        };
        soon(gone).await;
        let parts = std::fs::read_dir(self.shelf.path()).expect("a directory");
        let parts = parts.map(|entry| entry.expect("an entry").file_name());
        let parts: Vec<_> =
            parts.filter(|name| name.to_string_lossy().starts_with(".couplet-")).collect();
        assert!(parts.is_empty(), "left behind: {parts:?}");
    }
}

/// Begins a script in Python, which has pyzmq, as a client of `endpoint`.
pub(super) fn start(endpoint: &str, script: &str) -> Child {
    let python = std::env::var("COUPLET_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    Command::new(&python)
        .args(["-c", &format!("{CLIENT}\n{script}"), endpoint])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{python} is needed for this test: {error}"))
}

/// Waits until a program has printed this line, its next.
pub(super) async fn prints(lines: &mut Lines<BufReader<ChildStdout>>, expected: &str) {
    let line = soon(lines.next_line()).await.expect("text");
    assert_eq!(line.as_deref(), Some(expected));
}

/// What a program prints, line by line; once.
pub(super) fn lines(child: &mut Child) -> Lines<BufReader<ChildStdout>> {
    BufReader::new(child.stdout.take().expect("piped")).lines()
}

/// The end of a program, which must be a good one, and what it printed.
pub(super) async fn finished(child: Child) -> String {
    let output = tokio::time::timeout(3 * PATIENCE, child.wait_with_output()).await;
    let output = output.expect("this takes far too long").expect("its output");
    let Output { status, stdout, stderr } = output;
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(
        !stderr.contains("No module named 'zmq'"),
        "this test needs pyzmq: `python3 -m pip install pyzmq`, or run .ci/run"
    );
    let stdout = String::from_utf8_lossy(&stdout).into_owned();
    assert!(status.success(), "it failed ({status}):\n{stdout}\n{stderr}");
    stdout
}

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries =
        std::fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry"));
    let named = entries.map(|entry| (entry.file_name().into_string().expect("text"), entry.path()));
    let files = named.filter(|(name, _)| !name.starts_with(".couplet-"));
    files.map(|(name, path)| (name, std::fs::read(path).expect("a file"))).collect()
}
