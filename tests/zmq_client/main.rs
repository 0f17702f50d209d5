//! Uploading over ZeroMQ as a client: to servers that aren't couplet's, written with pyzmq, and to a
//! relay's own door. Needs python3 with pyzmq; `.ci/run` installs it if it is missing.

use couplet::upload::{ChecksumKind, Options, UploadError};
use couplet::zmtp::Endpoint;
use couplet_relay::config::Config;
use couplet_relay::server;
use couplet_relay::shelf::Shelf;
use couplet_ui::engine::zmq::{Progress, Put, PutError, put};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

/// Longer than anything takes here, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(40);

/// Somebody's server, and the folder that it writes to. It is killed when it is dropped.
struct Server {
    endpoint: Endpoint,
    folder: TempDir,
    child: Child,
}

impl Server {
    async fn start(manner: &str) -> Self {
        let python = std::env::var("COUPLET_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let folder = tempfile::tempdir().expect("a directory");
        let mut child = Command::new(&python)
            .args(["-c", include_str!("server.py")])
            .arg(folder.path())
            .arg(manner)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{python} is needed for this test: {error}"));
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("soon");
        let line = line.expect("a line").expect(
            "the server says where it listens; it needs pyzmq: `python3 -m pip install pyzmq`, or \
             run .ci/run",
        );
        let endpoint = Endpoint::to_connect(&line).expect("an endpoint");
        Self { endpoint, folder, child }
    }

    fn has(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(name)).expect("the file is there")
    }
}

/// Files to send.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn make(&self, name: &str, size: usize) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, contents(size)).expect("written");
        path
    }
}

fn contents(size: usize) -> Vec<u8> {
    (0..size).map(|at| u8::try_from(at % 251).expect("small")).collect()
}

async fn send(paths: &[PathBuf], endpoint: &Endpoint) -> Vec<Put> {
    send_with(paths, endpoint, Options::default()).await.expect("there is a server")
}

async fn send_with(
    paths: &[PathBuf],
    endpoint: &Endpoint,
    options: Options,
) -> Result<Vec<Put>, PutError> {
    let sending = put(paths, endpoint, options, |_| {});
    tokio::time::timeout(PATIENCE, sending).await.expect("this takes far too long")
}

fn told(put: &Put) -> String {
    put.result.as_ref().expect_err("it fails").to_string()
}

#[tokio::test]
async fn files_go_to_a_server_that_is_not_ours() {
    for manner in ["router", "rep", "grumpy"] {
        let server = Server::start(manner).await;
        let files = Files::new();
        let sizes = [0, 1, 262_144, 262_145, 3_000_000];
        let paths = sizes.map(|size| files.make(&format!("{size}.bin"), size));
        let (mut begun, mut taken, mut ended) = (0, Vec::new(), 0);
        let report = |progress: Progress<'_>| match progress {
            Progress::Begins { .. } => begun += 1,
            Progress::Taken { bytes, size, .. } => taken.push((bytes, size)),
            Progress::Ended { result, .. } => ended += u32::from(result.is_ok()),
        };
        let sending = put(&paths, &server.endpoint, Options::default(), report);
        let all = tokio::time::timeout(PATIENCE, sending).await.expect("soon").expect("a server");
        for (size, put) in sizes.into_iter().zip(&all) {
            assert_eq!(put.result.as_ref().ok(), Some(&(size as u64)), "{manner}: {put:?}");
            assert!(server.has(&format!("{size}.bin")) == contents(size), "{manner}: {size}");
        }
        assert_eq!((begun, ended), (5, 5), "{manner}");
        assert_eq!(taken.last(), Some(&(3_000_000, 3_000_000)), "{manner}");
    }
}

#[tokio::test]
async fn a_file_that_is_refused_keeps_none_of_the_others_back() {
    let server = Server::start("router").await;
    let files = Files::new();
    let (one, two) = (files.make("one", 10), files.make("two", 700_000));
    let folder = files.0.path().to_owned();
    let missing = folder.join("missing");
    let odd = files.make("CON", 10);
    let all = send(&[one.clone(), one, folder, missing, odd, two], &server.endpoint).await;
    assert_eq!(all[0].result.as_ref().ok(), Some(&10));
    assert_eq!(told(&all[1]), "the server refused \"one\": that name is taken");
    assert!(told(&all[2]).contains("it is no plain file"), "{}", told(&all[2]));
    assert!(told(&all[3]).contains("missing can't be sent: "), "{}", told(&all[3]));
    assert!(matches!(all[4].result, Err(PutError::Name(_))), "{:?}", all[4]);
    assert_eq!(all[5].result.as_ref().ok(), Some(&700_000));
    assert!(server.has("two") == contents(700_000));
}

#[tokio::test]
async fn a_server_that_takes_no_chunk_is_given_up() {
    let server = Server::start("full").await;
    let files = Files::new();
    let all = send(&[files.make("a", 2_000_000), files.make("b", 0)], &server.endpoint).await;
    let expected = "the server refused the chunk at offset 0 4 times, at last with: no room";
    assert_eq!(told(&all[0]), expected);
    assert_eq!(all[1].result.as_ref().ok(), Some(&0), "on a new connection");
}

#[tokio::test]
async fn what_is_no_such_server_is_told_apart() {
    let files = Files::new();
    let path = [files.make("a", 10)];
    let rude = Server::start("rude").await;
    let all = send(&path, &rude.endpoint).await;
    assert!(matches!(all[0].result, Err(PutError::Upload(UploadError::NoReply))), "{all:?}");

    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let web = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let endpoint = Endpoint::to_connect(&format!("tcp://{address}")).expect("an endpoint");
    let error = send_with(&path, &endpoint, Options::default()).await.expect_err("no ZeroMQ");
    assert!(error.to_string().contains("is no server for uploads over ZeroMQ"), "{error}");
    web.await.expect("it ends");

    // Nobody listens there any more.
    let error = send_with(&path, &endpoint, Options::default()).await.expect_err("nobody");
    assert!(
        error.to_string().starts_with(&format!("can't connect to tcp://{address}: ")),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_dies_is_noticed() {
    let mut server = Server::start("grumpy").await;
    let files = Files::new();
    let path = [files.make("a", 50_000_000)];
    let mut pid = server.child.id();
    let report = |progress: Progress<'_>| {
        if matches!(progress, Progress::Taken { .. })
            && let Some(pid) = pid.take()
        {
            let pid = rustix::process::Pid::from_raw(i32::try_from(pid).expect("small"));
            let pid = pid.expect("a process");
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("killed");
        }
    };
    let sending = put(&path, &server.endpoint, Options::default(), report);
    let all = tokio::time::timeout(PATIENCE, sending).await.expect("soon").expect("a server");
    assert!(matches!(all[0].result, Err(PutError::Lost(_))), "{all:?}");
    let _ = server.child.wait().await;
}

/// A relay with a door, for as long as it is kept.
async fn relay(shelf: &Path) -> (Endpoint, CancellationToken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let mut config = Config {
        listen: "127.0.0.1:0".to_owned(),
        shelf: Some(shelf.to_owned()),
        zmq: Some(Arc::new(listener)),
        ..Config::default()
    };
    config.opened_shelf = Shelf::open(&config).expect("a shelf");
    let listener = server::listen(&config.listen).await.expect("a port");
    let shutdown = CancellationToken::new();
    tokio::spawn(server::run(config, listener, shutdown.clone()));
    (Endpoint::to_connect(&format!("tcp://{address}")).expect("an endpoint"), shutdown)
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_to_a_relay_with_either_checksum() {
    let shelf = tempfile::tempdir().expect("a directory");
    let (endpoint, shutdown) = relay(shelf.path()).await;
    let files = Files::new();
    for (kind, name) in [(ChecksumKind::Crc32, "crc"), (ChecksumKind::Blake3, "blake")] {
        let paths = [files.make(name, 5_000_001)];
        let options = Options { checksum: kind, chunk: 1 << 20, ..Options::default() };
        let all = send_with(&paths, &endpoint, options).await.expect("a relay");
        assert_eq!(all[0].result.as_ref().ok(), Some(&5_000_001), "{all:?}");
        assert!(std::fs::read(shelf.path().join(name)).expect("there") == contents(5_000_001));
        let again = send_with(&paths, &endpoint, options).await.expect("a relay");
        let expected = format!("the server refused \"{name}\": {name} is on the shelf already");
        assert!(told(&again[0]).starts_with(&expected), "{}", told(&again[0]));
    }
    shutdown.cancel();
}
