//! `couplet send` and `couplet receive` as real processes, without a terminal.

use super::terminal::now;
use super::{PATIENCE, VARIABLES, places, program};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What such a process has written to one of its outputs.
type Written = Arc<(Mutex<Log>, Condvar)>;

/// Bytes, and when they came: up to where, and when.
#[derive(Default)]
struct Log {
    bytes: Vec<u8>,
    times: Vec<(usize, Instant)>,
}

/// A process. It is killed when it is dropped.
pub struct OneShot {
    child: Child,
    out: Written,
    err: Written,
    readers: Vec<JoinHandle<()>>,
    name: String,
}

/// How it ended.
#[derive(Debug)]
pub struct Ended {
    pub status: i32,
    pub out: Vec<u8>,
    pub err: String,
}

impl OneShot {
    /// `couplet` with these arguments at `relay`, in the directory `dir`.
    pub fn start(dir: &Path, relay: &str, args: &[&str]) -> Self {
        Self::start_with(dir, relay, args, |_| {})
    }

    /// The same, reading this at its standard input.
    pub fn fed(dir: &Path, relay: &str, args: &[&str], input: Vec<u8>) -> Self {
        let mut started = Self::start_with(dir, relay, args, |command| {
            command.stdin(Stdio::piped());
        });
        let mut stdin = started.child.stdin.take().expect("its input");
        started.readers.push(std::thread::spawn(move || {
            // One that has ended reads no more.
            let _ = stdin.write_all(&input);
        }));
        started
    }

    pub fn start_with(
        dir: &Path,
        relay: &str,
        args: &[&str],
        change: impl FnOnce(&mut Command),
    ) -> Self {
        let mut command = Command::new(program("couplet"));
        for name in VARIABLES {
            command.env_remove(name);
        }
        command
            .args(args)
            .current_dir(dir)
            .env("COUPLET_RELAY", relay)
            .envs(places(dir))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        change(&mut command);
        let mut child = command.spawn().expect("it starts");
        let (out, err) = (Written::default(), Written::default());
        let mut readers = vec![collect(child.stderr.take().expect("its output"), &err)];
        // Unless it goes elsewhere.
        readers.extend(child.stdout.take().map(|stdout| collect(stdout, &out)));
        Self { child, out, err, readers, name: args.join(" ") }
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a live process");
    }

    /// Waits until it is dead, after a signal.
    pub fn wait_for_death(&mut self) {
        self.child.wait().expect("a child");
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line of standard error with this in it; gives the line.
    pub fn says(&self, text: &str) -> String {
        self.waits(&self.err, text, |written| {
            let written = String::from_utf8_lossy(written).into_owned();
            let whole = written.rfind('\n').map_or("", |end| &written[..end]);
            whole.lines().find(|line| line.contains(text)).map(str::to_owned)
        })
    }

    /// Waits for the first event of this kind on standard output.
    pub fn event(&self, kind: &str) -> Value {
        self.event_with(kind, |_| true)
    }

    /// The same, for one that is as wanted.
    pub fn event_with(&self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.waits(&self.out, kind, |written| {
            let end = written.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let event = |event: &Value| event["event"] == kind && wanted(event);
            events(&written[..end]).into_iter().find(event)
        })
    }

    /// Waits for the event of this kind before which there were so many of them, and gives when it
    /// came.
    pub fn heard(&self, kind: &str, before: usize) -> Instant {
        let named = |line: &[u8]| events(line).iter().any(|event| event["event"] == kind);
        let log = |log: &Log| {
            let mut ends = (0..log.bytes.len()).filter(|at| log.bytes[*at] == b'\n');
            let mut start = 0;
            let mut seen = 0;
            let end = ends.find(|end| {
                let line = &log.bytes[std::mem::replace(&mut start, end + 1)..*end];
                seen += usize::from(named(line));
                seen > before
            })?;
            log.times.iter().find(|(len, _)| *len > end).map(|(_, at)| *at)
        };
        self.waits_in(&self.out, kind, log)
    }

    /// How many events of this kind there were so far.
    pub fn count(&self, kind: &str) -> usize {
        let log = self.out.0.lock().expect("no panic");
        let end = log.bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        events(&log.bytes[..end]).iter().filter(|event| event["event"] == kind).count()
    }

    /// Waits until so much is across.
    pub fn moved(&self, bytes: u64) {
        self.event_with("progress", |event| event["done"].as_u64() >= Some(bytes));
    }

    fn waits<T>(&self, written: &Written, what: &str, pick: impl Fn(&[u8]) -> Option<T>) -> T {
        self.waits_in(written, what, |log| pick(&log.bytes))
    }

    fn waits_in<T>(&self, written: &Written, what: &str, pick: impl Fn(&Log) -> Option<T>) -> T {
        let until = now() + PATIENCE;
        let (log, changed) = &**written;
        let mut log = log.lock().expect("no panic");
        loop {
            if let Some(picked) = pick(&log) {
                return picked;
            }
            let left = until.saturating_duration_since(now());
            if left == Duration::ZERO {
                drop(log);
                panic!("{}: no {what}; it told\n{}", self.name, self.told());
            }
            log = changed.wait_timeout(log, left).expect("no panic").0;
        }
    }

    /// All that it has written so far.
    fn told(&self) -> String {
        let text = |written: &Written| {
            let bytes = &written.0.lock().expect("no panic").bytes;
            String::from_utf8_lossy(&bytes[..bytes.len().min(20_000)]).into_owned()
        };
        format!("{}{}", text(&self.out), text(&self.err))
    }

    /// Waits for its end.
    pub fn ends(self) -> Ended {
        self.ends_within(PATIENCE)
    }

    /// Waits so long for its end.
    pub fn ends_within(mut self, limit: Duration) -> Ended {
        let (done, waiting) = mpsc::channel();
        let pid = Pid::from_child(&self.child);
        let watch = std::thread::spawn(move || {
            let late = waiting.recv_timeout(limit).is_err();
            if late {
                let _ = kill_process(pid, Signal::KILL);
            }
            late
        });
        let status = self.child.wait().expect("a child");
        // The watch may just have given up.
        let _ = done.send(());
        let late = watch.join().expect("no panic");
        assert!(!late, "{} didn't end; it told\n{}", self.name, self.told());
        for reader in self.readers.drain(..) {
            reader.join().expect("no panic");
        }
        let out = std::mem::take(&mut self.out.0.lock().expect("no panic").bytes);
        let err = std::mem::take(&mut self.err.0.lock().expect("no panic").bytes);
        let err = String::from_utf8(err).expect("text");
        Ended { status: status.code().unwrap_or(-1), out, err }
    }
}

impl Ended {
    /// The events on its standard output, after a look at their form.
    pub fn events(&self) -> Vec<Value> {
        let events = events(&self.out);
        for event in &events {
            assert_eq!(event["v"], 1, "{event}");
        }
        let last = events.last().expect("an event");
        assert_eq!((&last["event"], &last["status"]), (&"ended".into(), &self.status.into()));
        events
    }

    /// The first event of this kind.
    pub fn event(&self, kind: &str) -> Value {
        let events = self.events();
        let found = events.iter().find(|event| event["event"] == kind).cloned();
        found.unwrap_or_else(|| panic!("no {kind} in {events:#?}"))
    }

    /// Checks that it ended well.
    pub fn well(self) -> Self {
        self.with(0)
    }

    /// Checks that it ended with this status.
    pub fn with(self, status: i32) -> Self {
        let out = String::from_utf8_lossy(&self.out[..self.out.len().min(20_000)]).into_owned();
        assert_eq!(self.status, status, "{}\n{out}", self.err);
        self
    }
}

impl Drop for OneShot {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The events in these lines.
pub fn events(bytes: &[u8]) -> Vec<Value> {
    let line = |line: &[u8]| serde_json::from_slice(line).expect("each line is JSON");
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(line).collect()
}

fn collect(from: impl Read + Send + 'static, into: &Written) -> JoinHandle<()> {
    let into = Arc::clone(into);
    std::thread::spawn(move || {
        let mut from = BufReader::with_capacity(64 * 1024, from);
        loop {
            let Ok(bytes) = from.fill_buf() else { return };
            let len = bytes.len();
            let (written, changed) = &*into;
            let mut log = written.lock().expect("no panic");
            log.bytes.extend_from_slice(bytes);
            let end = log.bytes.len();
            log.times.push((end, now()));
            drop(log);
            changed.notify_all();
            if len == 0 {
                return;
            }
            from.consume(len);
        }
    })
}
