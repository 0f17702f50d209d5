//! A client that talks line by line, over pipes.

use super::terminal::now;
use super::{PATIENCE, VARIABLES, places, program};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// What has come out, and whether that is all.
type Written = Arc<(Mutex<(String, bool)>, Condvar)>;

/// A conversation over pipes. Its program is killed when this is dropped.
pub struct Linear {
    child: Child,
    input: Option<ChildStdin>,
    out: Written,
    /// Everything before this was waited for.
    seen: usize,
    name: String,
}

impl Linear {
    /// `couplet chat` with these arguments at `relay`, in the directory `dir`.
    pub fn start(name: &str, relay: &str, dir: &Path, args: &[&str]) -> Self {
        Self::start_with(name, relay, dir, args, &[])
    }

    /// The same, with these environment variables too.
    pub fn start_with(
        name: &str,
        relay: &str,
        dir: &Path,
        args: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::new(program("couplet"));
        for variable in VARIABLES {
            command.env_remove(variable);
        }
        command
            .arg("chat")
            .args(args)
            .current_dir(dir)
            .env("COUPLET_RELAY", relay)
            .env("COUPLET_TIMESTAMPS", "off")
            .env("TERM", "xterm-256color")
            .envs(places(dir))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (variable, value) in variables {
            command.env(variable, value);
        }
        let mut child = command.spawn().expect("it starts");
        let out = Written::default();
        let reading = Arc::clone(&out);
        let mut stdout = child.stdout.take().expect("its output");
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let mut part = [0; 4096];
            loop {
                let len = stdout.read(&mut part).unwrap_or(0);
                bytes.extend_from_slice(&part[..len]);
                let (text, changed) = &*reading;
                // Whole lines only, which is all that is promised.
                let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                let whole = String::from_utf8(bytes[..whole].to_vec()).expect("text");
                *text.lock().expect("no panic") = (whole, len == 0);
                changed.notify_all();
                if len == 0 {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        Self { child, input, out, seen: 0, name: name.to_owned() }
    }

    /// Enters a line.
    pub fn line(&mut self, text: &str) {
        let input = self.input.as_mut().expect("its input");
        input.write_all(format!("{text}\n").as_bytes()).expect("a live client");
        input.flush().expect("a live client");
    }

    /// Enters no more.
    pub fn end(&mut self) {
        self.input = None;
    }

    /// Waits for a line with this in it, after those that were waited for before; gives it.
    pub fn says(&mut self, text: &str) -> String {
        let until = now() + PATIENCE;
        let (written, changed) = &*self.out;
        let mut written = written.lock().expect("no panic");
        loop {
            let mut end = self.seen;
            for line in written.0[self.seen..].split_inclusive('\n') {
                end += line.len();
                if line.contains(text) {
                    self.seen = end;
                    return line.trim_end().to_owned();
                }
            }
            let left = until.saturating_duration_since(now());
            if left == Duration::ZERO || written.1 {
                let told = written.0.clone();
                drop(written);
                panic!("{}: no {text:?}; it told\n{told}", self.name);
            }
            written = changed.wait_timeout(written, left).expect("no panic").0;
        }
    }

    /// All that it has written so far.
    pub fn told(&self) -> String {
        self.out.0.lock().expect("no panic").0.clone()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a live client");
    }

    /// Waits for its end: its status, all that it wrote, and what it wrote to standard error.
    pub fn ends(mut self) -> (i32, String, String) {
        // The output ends when the program does.
        let (written, changed) = &*self.out;
        let written = written.lock().expect("no panic");
        let running = |written: &mut (String, bool)| !written.1;
        let (written, _) =
            changed.wait_timeout_while(written, PATIENCE, running).expect("no panic");
        assert!(written.1, "{} didn't end; it told\n{}", self.name, written.0);
        drop(written);
        let mut err = String::new();
        self.child.stderr.take().expect("its errors").read_to_string(&mut err).expect("text");
        let status = self.child.wait().expect("a child");
        let told = self.told();
        assert!(!told.contains('\u{1b}') && !err.contains('\u{1b}'), "{told}{err}");
        (status.code().unwrap_or(-1), told, err)
    }
}

impl Drop for Linear {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
