//! A relay as a real process.

use super::{PATIENCE, program};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
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
        let wants_plain = args.contains(&"--plain-listen");
        let plain = wants_plain.then(|| plain_address(&mut stdout));
        // The rest is for people; it is read so that the relay never waits for a reader.
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        Self { child, own_data: None, address, plain }
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

/// The address in the line that tells of it, which must say what such rooms are.
fn plain_address(stdout: &mut impl BufRead) -> String {
    let mut lines = stdout.lines().map(|line| line.expect("text"));
    let line = lines.find(|line| line.contains("Plain:")).expect("a line about the plain door");
    assert!(line.contains("NOT SEALED"), "{line}");
    let address = line.split_whitespace().find_map(|word| word.trim_end_matches(';').parse().ok());
    address.map(|address: SocketAddr| address.to_string()).expect("an address")
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
