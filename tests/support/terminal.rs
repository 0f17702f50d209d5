//! A client in a terminal of its own.

use super::{PATIENCE, VARIABLES, places, program};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// A pseudo-terminal with a program in it. The program is killed when this is dropped.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    shared: Arc<Shared>,
    /// The terminal's settings (echo, line mode, …) before the program started.
    settings: String,
    name: String,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    emulator: vt100::Parser,
    output: Vec<u8>,
    ended: bool,
}

impl Terminal {
    /// A `couplet` client at `relay` in a terminal of 80x24, in the directory `dir`.
    pub fn client(name: &str, relay: &str, dir: &Path) -> Self {
        Self::run(name, (80, 24), dir, &["--relay", relay])
    }

    /// `couplet` with these arguments in a terminal of so many columns and rows.
    pub fn run(name: &str, size: (u16, u16), dir: &Path, args: &[&str]) -> Self {
        Self::run_with(name, size, dir, args, &[])
    }

    /// The same, with these environment variables too.
    pub fn run_with(
        name: &str,
        size: (u16, u16),
        dir: &Path,
        args: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        Self::of("couplet", name, size, dir, args, variables)
    }

    /// The same, for another program of this workspace.
    pub fn of(
        of: &str,
        name: &str,
        (cols, rows): (u16, u16),
        dir: &Path,
        args: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let settings = format!("{:?}", pair.master.get_termios());
        let mut command = CommandBuilder::new(program(of));
        command.args(args);
        command.cwd(dir);
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        command.env("TZ", "UTC");
        for name in ["NO_COLOR", "COLORTERM", "TERM_PROGRAM", "VTE_VERSION", "TMUX", "STY"] {
            command.env_remove(name);
        }
        for name in VARIABLES {
            command.env_remove(name);
        }
        for (name, place) in places(dir) {
            command.env(name, place);
        }
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the client starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("its output");
        let writer = pair.master.take_writer().expect("its input");
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                emulator: vt100::Parser::new(at_least_one(rows), at_least_one(cols), 0),
                output: Vec::new(),
                ended: false,
            }),
            changed: Condvar::new(),
        });
        let reading = Arc::clone(&shared);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                let len = reader.read(&mut bytes).unwrap_or(0);
                let mut state = reading.state.lock().expect("no panic");
                state.emulator.process(&bytes[..len]);
                state.output.extend_from_slice(&bytes[..len]);
                state.ended = len == 0;
                reading.changed.notify_all();
                if len == 0 {
                    return;
                }
            }
        });
        Self { master: pair.master, writer, child, shared, settings, name: name.to_owned() }
    }

    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("a live client")
    }

    /// Types this, as it is.
    pub fn keys(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).expect("a live terminal");
        self.writer.flush().expect("a live terminal");
    }

    /// Types a line and Enter.
    pub fn line(&mut self, text: &str) {
        self.keys(text);
        self.keys("\r");
    }

    /// Waits until the text is on the screen.
    pub fn sees(&self, text: &str) {
        self.waits(&format!("{text:?}"), |screen| screen.contents().contains(text));
    }

    /// Waits until the text isn't on the screen.
    pub fn misses(&self, text: &str) {
        self.waits(&format!("no {text:?}"), |screen| !screen.contents().contains(text));
    }

    /// Waits until the screen is as wanted.
    pub fn waits(&self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        let took = self.waits_at_most(PATIENCE, &wanted);
        assert!(took.is_some(), "{} never saw {what}; the screen is\n{}", self.name, self.screen());
    }

    /// Waits at most so long until the screen is as wanted; gives how long it took.
    pub fn waits_at_most(
        &self,
        limit: Duration,
        wanted: &impl Fn(&vt100::Screen) -> bool,
    ) -> Option<Duration> {
        let start = now();
        let mut state = self.shared.state.lock().expect("no panic");
        loop {
            if wanted(state.emulator.screen()) {
                return Some(now() - start);
            }
            let left = limit.checked_sub(now() - start)?;
            if state.ended {
                return None;
            }
            state = self.shared.changed.wait_timeout(state, left).expect("no panic").0;
        }
    }

    /// The screen as it is once it is as wanted and no frame is half drawn.
    pub fn shot(&self, limit: Duration, wanted: &impl Fn(&vt100::Screen) -> bool) -> vt100::Screen {
        let start = now();
        let mut state = self.shared.state.lock().expect("no panic");
        loop {
            let screen = state.emulator.screen();
            if frame_is_whole(&state.output) && wanted(screen) {
                return screen.clone();
            }
            let left = limit.checked_sub(now() - start).filter(|_| !state.ended);
            let contents = screen.contents();
            let left = left.unwrap_or_else(|| panic!("{} shows\n{contents}", self.name));
            state = self.shared.changed.wait_timeout(state, left).expect("no panic").0;
        }
    }

    /// The screen as text.
    pub fn screen(&self) -> String {
        self.shared.state.lock().expect("no panic").emulator.screen().contents()
    }

    /// All that the program has ever written.
    pub fn output(&self) -> Vec<u8> {
        self.shared.state.lock().expect("no panic").output.clone()
    }

    /// Waits at most so long until the program has written so many bytes; tells whether it has.
    pub fn writes_within(&self, limit: Duration, bytes: usize) -> bool {
        let state = self.shared.state.lock().expect("no panic");
        let end = state.output.len().saturating_add(bytes);
        let misses = |state: &mut State| state.output.len() < end && !state.ended;
        let (state, _) =
            self.shared.changed.wait_timeout_while(state, limit, misses).expect("no panic");
        state.output.len() >= end
    }

    /// Waits until the program has written nothing for so long; tells whether that came to be.
    pub fn stays_silent_for(&self, span: Duration) -> bool {
        let start = now();
        while now() - start < PATIENCE {
            if !self.writes_within(span, 1) {
                return true;
            }
        }
        false
    }

    /// Gives the terminal another size.
    pub fn resize(&self, cols: u16, rows: u16) {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let mut state = self.shared.state.lock().expect("no panic");
        state.emulator.screen_mut().set_size(at_least_one(rows), at_least_one(cols));
        self.master.resize(size).expect("a live terminal");
    }

    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).expect("a process");
        kill_process(pid, signal).expect("a live client");
    }

    /// Waits until the program is stopped, as by Ctrl-Z.
    pub fn stops(&self) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).expect("a process");
        let stopped = waitpid(Some(pid), WaitOptions::UNTRACED).expect("a child");
        assert!(stopped.is_some_and(|(_, status)| status.stopped()), "{} ended", self.name);
    }

    /// Waits until the program is gone, however it ended: what it has drawn is all there then.
    pub fn is_gone(&self) {
        let state = self.shared.state.lock().expect("no panic");
        let running = |state: &mut State| !state.ended;
        let (state, _) =
            self.shared.changed.wait_timeout_while(state, PATIENCE, running).expect("no panic");
        assert!(state.ended, "{} didn't end", self.name);
    }

    /// Waits for the end; gives the exit status, after checking that the terminal is as it was.
    pub fn ends(mut self) -> (u32, String) {
        // The output ends when the program does.
        let state = self.shared.state.lock().expect("no panic");
        let running = |state: &mut State| !state.ended;
        let (state, waited) =
            self.shared.changed.wait_timeout_while(state, PATIENCE, running).expect("no panic");
        let screen = state.emulator.screen();
        let name = &self.name;
        assert!(!waited.timed_out(), "{name} didn't end; the screen is\n{}", screen.contents());
        let status = self.child.wait().expect("an end").exit_code();
        assert!(!screen.alternate_screen(), "{name} left the alternate screen on");
        assert!(!screen.hide_cursor(), "{name} left the cursor hidden");
        assert!(!screen.bracketed_paste(), "{name} left bracketed paste on");
        assert!(!screen.application_cursor() && !screen.application_keypad());
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        let settings = format!("{:?}", self.master.get_termios());
        assert_eq!(settings, self.settings, "{name} left the terminal in another mode");
        (status, screen.contents())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

/// Whether the last of what the program has marked as a frame (a synchronized update) has ended.
fn frame_is_whole(output: &[u8]) -> bool {
    const MARK: &[u8] = b"\x1b[?2026";
    let last = output.windows(MARK.len() + 1).rev().find(|bytes| bytes.starts_with(MARK));
    last.is_none_or(|bytes| bytes.ends_with(b"l"))
}

#[expect(clippy::disallowed_methods, reason = "tests measure real time")]
pub fn now() -> Instant {
    Instant::now()
}

fn at_least_one(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap_or(NonZeroU16::MIN)
}
