//! Programs of other people's that talk in lines: a netcat, and programs in C.

use super::PATIENCE;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};

/// Such a program, whose lines are read as they come. It is killed when this is dropped.
pub struct LineProgram {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    name: String,
}

impl LineProgram {
    /// `nc` at this address.
    ///
    /// # Panics
    /// If there is none: the Debian package netcat-openbsd has one.
    pub fn netcat(name: &str, address: &str) -> Self {
        let (host, port) = address.rsplit_once(':').expect("an address");
        let mut command = Command::new("nc");
        command.args([host, port]);
        Self::start(name, command)
    }

    /// Any program.
    pub fn start(name: &str, mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap_or_else(|error| {
                let program = command.get_program().display();
                panic!("{name}: {program}: {error}; nc is in the Debian package netcat-openbsd")
            });
        let stdout = BufReader::new(child.stdout.take().expect("its output"));
        let (out, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.split(b'\n').map_while(Result::ok) {
                if out.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
            }
        });
        let stdin = child.stdin.take();
        Self { child, stdin, lines, name: name.to_owned() }
    }

    /// Gives it this to say, as it is.
    pub fn says(&mut self, bytes: impl AsRef<[u8]>) {
        let stdin = self.stdin.as_mut().expect("its input is open");
        stdin.write_all(bytes.as_ref()).expect("it reads");
        stdin.flush().expect("it reads");
    }

    /// It says nothing more.
    pub fn says_nothing_more(&mut self) {
        self.stdin = None;
    }

    /// The next line that it was told.
    pub fn next(&mut self) -> String {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => panic!("{} was told nothing", self.name),
            Err(RecvTimeoutError::Disconnected) => panic!("{} has ended", self.name),
        }
    }

    /// These are the next lines that it was told.
    pub fn hears(&mut self, expected: &[&str]) {
        for line in expected {
            assert_eq!(self.next(), *line, "{}", self.name);
        }
    }

    /// It was told nothing more, and ends, as its connection was closed. (A netcat waits for the end of
    /// its input as well; if that alone ends, it goes on listening.)
    pub fn ends(mut self) {
        self.stdin = None;
        match self.lines.recv_timeout(PATIENCE) {
            Err(RecvTimeoutError::Disconnected) => {}
            other => panic!("{} didn't end: {other:?}", self.name),
        }
        self.child.wait().expect("an end");
    }

    /// It is killed, as by `kill -9`.
    pub fn dies(self) {
        kill_process(Pid::from_child(&self.child), Signal::KILL).expect("a live program");
    }
}

impl Drop for LineProgram {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Compiles a program in C, and gives a command that runs it.
///
/// # Panics
/// If there is no compiler (Rust links with one), or the program is wrong.
pub fn compiled(source: &str, dir: &Path) -> impl Fn() -> Command + use<> {
    let (code, program) = (dir.join("program.c"), dir.join("program"));
    std::fs::write(&code, source).expect("written");
    let mut cc = Command::new("cc");
    cc.args(["-Wall", "-Wextra", "-Werror", "-o"]).arg(&program).arg(&code);
    let output = cc.output().expect("a C compiler called cc");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    move || Command::new(&program)
}
