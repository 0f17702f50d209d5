//! What is asked at the terminal: a code, unseen, and answers to questions.
//!
//! Owns standard input where it isn't what is sent. Each line is read on a thread of its own, as
//! reading can't be given up.

use super::Refusal;
use crate::config::exit;
use crate::unseen::Unseen;
use std::io::{self, BufRead as _, Read as _, Write as _};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// The longest line that is taken.
const MAX_LINE: u64 = 1024;

/// Asks for a code. It isn't shown while it is typed; without a terminal it is the first line that
/// comes in.
///
/// # Errors
/// [`Refusal`] if there is none, or the user has stopped it with Ctrl+C.
pub(super) async fn code() -> Result<String, Refusal> {
    let Some(mut interrupt) = interrupts() else {
        let text = "signals can't be heard here".to_owned();
        return Err(Refusal { status: exit::FAILURE, text });
    };
    let unseen = Unseen::begin();
    if unseen.is_some() {
        let mut err = io::stderr();
        // A terminal that is gone can't be asked, and the reading says so.
        let _ = write!(err, "code (it isn't shown): ");
        let _ = err.flush();
    }
    let mut lines = Lines::new();
    let line = tokio::select! {
        line = lines.next() => line,
        _ = interrupt.recv() => None,
    };
    if let Some(unseen) = unseen {
        drop(unseen);
        let _ = writeln!(io::stderr());
    }
    line.ok_or_else(|| {
        let text = "no code was given; type it, or give it in COUPLET_CODE".to_owned();
        Refusal { status: exit::USAGE, text }
    })
}

/// Lines from standard input, each read when it is wanted and not before.
#[derive(Debug, Default)]
pub(super) struct Lines {
    coming: Option<oneshot::Receiver<String>>,
}

impl Lines {
    pub(super) const fn new() -> Self {
        Self { coming: None }
    }

    /// The next line; nothing at the end of the input. Nothing is lost if the wait is given up.
    pub(super) async fn next(&mut self) -> Option<String> {
        let line = self.coming.get_or_insert_with(read).await;
        self.coming = None;
        line.ok()
    }
}

fn read() -> oneshot::Receiver<String> {
    let (out, line) = oneshot::channel();
    // Not one of the runtime's threads, whose end would be waited for.
    let thread = std::thread::Builder::new().name("couplet-input".to_owned());
    let spawned = thread.spawn(move || {
        let mut line = String::new();
        let read = io::stdin().lock().take(MAX_LINE).read_line(&mut line);
        if read.is_ok_and(|len| len > 0) {
            // Whoever waited may have given up.
            let _ = out.send(line);
        }
    });
    // Without a thread no line ever comes, which is what a closed channel says.
    drop(spawned);
    line
}

/// Ctrl+C, which doesn't end the program from now on; nothing if signals can't be heard here.
pub(crate) fn interrupts() -> Option<Signal> {
    signal(SignalKind::interrupt()).ok()
}
