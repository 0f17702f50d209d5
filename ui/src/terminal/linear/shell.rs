//! Standard input and output as the loops hold them, with signals and the time.
//!
//! Owns what a line-wise conversation has instead of a screen. The terminal's modes aren't touched,
//! but for its echo while a password is typed; so Ctrl-C is a signal, Ctrl-D the end of the input, and
//! Ctrl-Z the terminal's own.

use super::super::FaceError;
use super::super::clock::Clock;
use super::input::{Entered, Lines};
use super::output::Output;
use crate::config::exit;
use crate::unseen::Unseen;
use rustix::termios::tcgetwinsize;
use std::io::{self, ErrorKind, IsTerminal as _};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long the last lines of a program that was ended from outside may take.
const LAST_LINES: Duration = Duration::from_secs(1);

/// What came.
#[derive(Debug)]
pub(super) enum Happened {
    /// A line, or the end of all.
    Entered(Entered),
    /// Everything before the entry of this number is written.
    Written(usize),
    /// The program is asked to end, or nobody reads what it writes.
    Hangup,
    /// Ctrl-C.
    Interrupt,
}

/// Standard input and output, and the rest of the world.
#[derive(Debug)]
pub(in super::super) struct Shell {
    /// The exit status of a program that was ended from outside, once it was.
    pub(super) ended_by: Option<u8>,
    /// The time.
    pub(super) clock: Clock,
    pub(super) output: Output,
    input: Lines,
    unseen: Option<Unseen>,
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
}

impl Shell {
    /// Takes standard input and output.
    pub(in super::super) fn open() -> Result<Self, FaceError> {
        Ok(Self {
            ended_by: None,
            clock: Clock::new(),
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            output: Output::begin()?,
            input: Lines::read()?,
            unseen: None,
        })
    }

    /// Waits for what comes next; for a line only if one is `wanted`. Nothing is lost if the wait is
    /// given up.
    pub(super) async fn next(&mut self, wanted: bool) -> Result<Happened, FaceError> {
        let status = tokio::select! {
            // What was written comes before what is said of it.
            biased;
            _ = self.terminate.recv() => exit::TERMINATED,
            _ = self.hang_up.recv() => exit::HANGUP,
            _ = self.interrupt.recv() => {
                self.ended_by = Some(exit::INTERRUPTED);
                return Ok(Happened::Interrupt);
            }
            written = self.output.written() => match written {
                Ok(before) => return Ok(Happened::Written(before)),
                Err(error) if error.kind() == ErrorKind::BrokenPipe => exit::HANGUP,
                Err(error) => return Err(error.into()),
            },
            entered = self.input.next(), if wanted => return Ok(Happened::Entered(entered)),
        };
        self.ended_by = Some(status);
        Ok(Happened::Hangup)
    }

    /// Shows what is typed, or doesn't. At a terminal what was typed before a password was asked for is
    /// none: not what the terminal still has, nor what was read ahead of it. Whoever writes into a pipe
    /// can't wait for questions, so there the next line is the password, whenever it came.
    pub(super) fn hide(&mut self, hidden: bool) {
        if !hidden {
            self.unseen = None;
        } else if self.unseen.is_none() {
            self.unseen = Unseen::begin();
            if self.unseen.is_some() {
                self.input.ask_anew();
            }
        }
    }

    /// Another conversation begins; it hears of the end of the input, too.
    pub(super) const fn begin_again(&mut self) {
        self.input.begin_again();
    }

    /// Waits until all is written, unless the program is ended from outside.
    pub(super) async fn finish(&mut self) -> Result<(), FaceError> {
        self.hide(false);
        let limit = tokio::time::sleep(LAST_LINES);
        tokio::pin!(limit);
        while !self.output.is_idle() {
            let ended = self.ended_by.is_some();
            tokio::select! {
                happened = self.next(false) => drop(happened?),
                () = &mut limit, if ended => return Ok(()),
            }
        }
        Ok(())
    }

    /// The width of the terminal, if what is written goes to one.
    pub(super) fn columns() -> Option<usize> {
        let out = io::stdout();
        let columns = tcgetwinsize(&out).ok()?.ws_col;
        (out.is_terminal() && columns > 0).then_some(usize::from(columns))
    }
}
