//! A relay as a real process.

use super::terminal::now;
use super::{PATIENCE, program};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use tempfile::TempDir;

/// It is killed when it is dropped.
pub struct Relay {
    child: Child,
    /// Its data, gone with it unless it was given another place.
    own_data: Option<TempDir>,
    /// Where it listens.
    pub address: String,
    /// Where it listens for lines of text, if it was told to.
    pub plain: Option<String>,
    /// Where it tells its numbers, if it was told to do both.
    metrics: Option<String>,
}

impl Relay {
    /// Starts one on a free port.
    pub fn start(args: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", args)
    }

    /// Starts one at this address.
    pub fn start_at(listen: &str, args: &[&str]) -> Self {
        let data = tempfile::tempdir().expect("a directory");
        let path = data.path().to_owned();
        let mut relay = Self::start_in(listen, &path, args);
        relay.own_data = Some(data);
        relay
    }

    /// Starts one at this address whose data are here.
    pub fn start_in(listen: &str, data: &Path, args: &[&str]) -> Self {
        let mut child = Command::new(program("couplet-relay"))
            .args(["--listen", listen, "--data"])
            .arg(data)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the relay starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("its output"));
        let mut first = String::new();
        stdout.read_line(&mut first).expect("its first line");
        let address = first.trim().strip_prefix("listening on ").expect("its address").to_owned();
        let wants = |option| args.contains(&option);
        let (metrics, plain) =
            addresses(&mut stdout, wants("--metrics-listen"), wants("--plain-listen"));
        // The rest is for people; it is read so that the relay never waits for a reader.
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        Self { child, own_data: None, address, plain, metrics }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ctrl+C.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// It stands still, as on a machine that sleeps.
    pub fn suspend(&self) {
        self.signal(Signal::STOP);
    }

    /// It goes on.
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("a live relay");
    }

    /// The value of the metric of this name.
    pub fn metric(&self, metric: &str) -> u64 {
        let text = self.metrics_text();
        let value = text.lines().find_map(|line| line.strip_prefix(metric)?.strip_prefix(' '));
        let value = value.unwrap_or_else(|| panic!("no {metric} in\n{text}"));
        value.parse().expect("a number")
    }

    fn metrics_text(&self) -> String {
        let address = self.metrics.as_ref().expect("a relay with --metrics-listen");
        let mut stream = TcpStream::connect(address).expect("the metrics");
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").expect("it reads");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        text
    }

    /// Waits until the metric of this name has this value.
    pub fn has(&self, metric: &str, value: u64) {
        let wanted = format!("\n{metric} {value}\n");
        let start = now();
        loop {
            let text = self.metrics_text();
            if text.contains(&wanted) {
                return;
            }
            assert!(now() - start < PATIENCE, "never {metric} {value}; it says\n{text}");
        }
    }

    /// How it ended.
    pub fn wait(mut self) -> ExitStatus {
        let (done, waiting) = mpsc::channel();
        let pid = Pid::from_child(&self.child);
        let patience = std::thread::spawn(move || {
            if waiting.recv_timeout(PATIENCE).is_err() {
                let _ = kill_process(pid, Signal::KILL);
            }
        });
        let status = self.child.wait().expect("an end");
        done.send(()).expect("the watch is patient");
        patience.join().expect("no panic");
        status
    }
}

/// The addresses of the metrics and of the plain door, each if it is wanted; the line of the plain door
/// must say what such rooms are.
fn addresses(
    stdout: &mut impl BufRead,
    wants_metrics: bool,
    wants_plain: bool,
) -> (Option<String>, Option<String>) {
    let address = |line: &str| {
        let words = line.split_whitespace().map(|word| word.trim_start_matches("http://"));
        let mut words = words.map(|word| word.trim_end_matches("/metrics").trim_end_matches(';'));
        words.find_map(|word| word.parse().ok()).map(|address: SocketAddr| address.to_string())
    };
    let (mut metrics, mut plain) = (None, None);
    while wants_metrics && metrics.is_none() || wants_plain && plain.is_none() {
        let mut line = String::new();
        stdout.read_line(&mut line).expect("text");
        assert!(!line.is_empty(), "the relay doesn't say where its other doors are");
        if line.contains("Metrics:") {
            metrics = address(&line);
        } else if line.contains("Plain:") {
            assert!(line.contains("NOT SEALED"), "{line}");
            plain = address(&line);
        }
    }
    (metrics, plain)
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
