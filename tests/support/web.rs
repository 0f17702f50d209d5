//! `couplet web` as a real process.

use super::{PATIENCE, VARIABLES, places, program};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// How often something beside the page is looked at.
const LOOKS: Duration = Duration::from_millis(20);

/// It is killed when it is dropped.
pub struct Web {
    child: Child,
    /// The page's address, with the key.
    pub url: String,
    /// Where it listens.
    pub address: String,
    /// What it prints after the address, once it has ended.
    rest: Receiver<String>,
}

impl Web {
    /// Starts one in the directory `dir`, for the relay at this address.
    pub fn start(relay: &str, dir: &Path, args: &[&str]) -> Self {
        let mut command = Command::new(program("couplet"));
        command.args(["web", "--no-open", "--listen", "127.0.0.1:0", "--relay", relay]).args(args);
        command.current_dir(dir);
        for name in VARIABLES {
            command.env_remove(name);
        }
        command.env_remove("DBUS_SESSION_BUS_ADDRESS");
        // There is nothing on it that would open anything on somebody's desktop.
        command.env("PATH", dir);
        command.env("XDG_CACHE_HOME", dir.join(".cache")).env("LC_ALL", "C.UTF-8");
        command.envs(places(dir));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("couplet starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("its output"));
        let mut stderr = child.stderr.take().expect("its output");
        let mut first = String::new();
        stdout.read_line(&mut first).expect("text");
        let url = first.trim().strip_prefix("couplet: the page is at ");
        let url = url.unwrap_or_else(|| panic!("no address in {first:?}")).to_owned();
        let address = url.trim_start_matches("http://").split('/').next().expect("an address");
        let address = address.to_owned();
        let (told, rest) = mpsc::channel();
        std::thread::spawn(move || {
            let mut text = String::new();
            let _ = stdout.read_to_string(&mut text);
            let _ = stderr.read_to_string(&mut text);
            let _ = told.send(text);
        });
        Self { child, url, address, rest }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ctrl+C.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a live program");
    }

    /// Waits for the end; gives the exit status, and what was printed after the address.
    pub fn ends(mut self) -> (i32, String) {
        let text = self.rest.recv_timeout(PATIENCE).expect("couplet ends");
        let status = self.child.wait().expect("an end").code().expect("no signal");
        (status, text)
    }

    /// The answer to a request by another program, which has no cookie: status line, head and body.
    pub fn asked(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("a live program");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        let host = &self.address;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something beside the page is so, such as that a file is there; it is looked at now and
/// then, and the processor left to those who make it so.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let looking = async {
        let mut looks = tokio::time::interval(LOOKS);
        while !is_so() {
            looks.tick().await;
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let looked = runtime
        .expect("a runtime")
        .block_on(async { tokio::time::timeout(PATIENCE, looking).await });
    assert!(looked.is_ok(), "{what} never came to be so");
}
