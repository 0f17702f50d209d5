//! A relay as a process of its own: its memory, its processor time and its metrics.

use super::PATIENCE;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// It is killed when it is dropped.
pub struct Process {
    child: Child,
    _data: TempDir,
    pub address: SocketAddr,
    metrics: SocketAddr,
    /// Where its ZeroMQ door is, if it was asked for one.
    pub zmq: Option<String>,
    /// What it said its memory stays below, in MiB.
    pub bound_mib: u64,
}

impl Process {
    /// Starts one on free ports.
    pub fn start(options: &[&str]) -> Self {
        let data = tempfile::tempdir().expect("a directory");
        let mut child = Command::new(env!("CARGO_BIN_EXE_couplet-relay"))
            .args(["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--data"])
            .arg(data.path())
            .args(options)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut after = |mark: &str| {
            lines
                .by_ref()
                .map(|line| line.expect("a line"))
                .find_map(|line| line.split_once(mark).map(|(_, rest)| rest.trim().to_owned()))
                .unwrap_or_else(|| panic!("the relay doesn't say {mark:?}"))
        };
        let address = after("listening on ").parse().expect("an address");
        let bound = after("Memory:");
        let bound_mib = bound.split(' ').find_map(|word| word.parse().ok()).expect("a number");
        let metrics = after("Metrics:  http://");
        let metrics = metrics.trim_end_matches("/metrics").parse().expect("an address");
        let zmq = options.contains(&"--zmq-listen").then(|| {
            let endpoint = after("ZeroMQ:");
            endpoint.split(' ').next().unwrap_or_default().to_owned()
        });
        Self { child, _data: data, address, metrics, zmq, bound_mib }
    }

    /// Everything that it counts, by name and label as it is written.
    pub fn metrics(&self) -> BTreeMap<String, u64> {
        let text = self.ask(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
        let lines = body.lines().filter(|line| !line.starts_with('#'));
        lines
            .map(|line| {
                let (name, value) = line.rsplit_once(' ').expect("a value");
                (name.to_owned(), value.parse().expect("a number"))
            })
            .collect()
    }

    /// What the metrics' port answers to these bytes.
    pub fn ask(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.metrics).expect("the metrics");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.write_all(request).expect("it reads");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        text
    }

    /// A connection to the metrics' port that says nothing.
    pub fn ask_nothing(&self) -> TcpStream {
        TcpStream::connect(self.metrics).expect("the metrics")
    }

    /// Its memory in KiB: `VmHWM` is the most ever, `VmRSS` what it is now.
    pub fn memory_kib(&self, what: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("Linux");
        let line = status.lines().find(|line| line.starts_with(what)).expect("a line");
        line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
    }

    /// The processor time that each of its live threads has taken.
    pub fn thread_times(&self) -> ThreadTimes {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let threads = threads.expect("Linux").map(|thread| thread.expect("a thread").path());
        let timed = |thread: PathBuf| {
            let time = ran(&thread.join("schedstat"));
            (thread, time)
        };
        ThreadTimes(threads.map(timed).collect())
    }

    /// Its processor time in milliseconds.
    pub fn processor_ms(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.expect("Linux");
        let (_, fields) = stat.rsplit_once(") ").expect("a name");
        let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u64>);
        ticks.map(|ticks| ticks.expect("a number") * 10).sum()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The processor time of some threads.
pub struct ThreadTimes(BTreeMap<PathBuf, Duration>);

impl ThreadTimes {
    /// How much more it is than once; what one has taken that has ended since doesn't count.
    pub fn since(&self, before: &Self) -> Duration {
        let once = |thread| before.0.get(thread).copied().unwrap_or_default();
        self.0.iter().map(|(thread, time)| time.saturating_sub(once(thread))).sum()
    }
}

/// Tells how long a thread of this process has run.
pub struct ThreadClock(PathBuf);

impl ThreadClock {
    /// That of the calling thread.
    pub fn of_this_one() -> Self {
        let thread = std::fs::read_link("/proc/thread-self").expect("Linux");
        Self(Path::new("/proc").join(thread).join("schedstat"))
    }

    /// None once the thread has ended.
    pub fn time(&self) -> Duration {
        ran(&self.0)
    }
}

/// How long a thread has run; none if it has ended.
fn ran(schedstat: &Path) -> Duration {
    let nanos = std::fs::read_to_string(schedstat).ok();
    let nanos = nanos.and_then(|text| text.split(' ').next()?.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

/// Lets this process open as many files as the system allows it.
pub fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).expect("a limit");
}

/// A number that whoever runs the test may set.
pub fn number(name: &str, default: usize) -> usize {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} isn't a number: {text}")),
        Err(_) => default,
    }
}
