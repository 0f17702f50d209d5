//! Signs of life from whoever is busy with one step for long.
//!
//! Owns the thread that gives them; what is served beside it is [`crate::receiving`]'s.

use crate::pipe::{RECORD_SPACE, Writer};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often a busy side says that it is alive.
const PULSE: Duration = Duration::from_secs(2);

/// Says that this side is alive while its thread is busy with one step for long: reading a file again,
/// flushing it, waiting for a slow disk. Else the other side would take the pipe for dead.
pub(crate) struct Pulse {
    writer: Mutex<Box<dyn Writer>>,
    /// What counts the records that were begun and ended: odd while one is being worked on.
    turns: AtomicU64,
}

impl Pulse {
    /// Serves a pipe with `serve`, and gives signs of life until that returns.
    pub(crate) fn beside(writer: Box<dyn Writer>, serve: impl FnOnce(&Self)) {
        let pulse = Self { writer: Mutex::new(writer), turns: AtomicU64::new(0) };
        let (over, is_over) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            let pulse = &pulse;
            let beat = move || {
                let mut before = 0;
                while is_over.recv_timeout(PULSE) == Err(RecvTimeoutError::Timeout) {
                    let turns = pulse.turns.load(Ordering::Relaxed);
                    // Still at what it was at the last time.
                    if turns % 2 == 1 && turns == before {
                        // Whoever serves the pipe finds out what is wrong with it.
                        let _ = pulse.write(false, &mut vec![0; RECORD_SPACE]);
                    }
                    before = turns;
                }
            };
            // Without the thread a pipe may be taken for dead, and then another one goes on.
            let _ =
                std::thread::Builder::new().name("couplet-pulse".into()).spawn_scoped(scope, beat);
            serve(pulse);
            drop(over);
        });
    }

    /// Work on a record begins, or is over.
    pub(crate) fn turn(&self) {
        self.turns.fetch_add(1, Ordering::Relaxed);
    }

    /// As [`Writer::write`].
    pub(crate) fn write(&self, is_final: bool, record: &mut Vec<u8>) -> io::Result<()> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).write(is_final, record)
    }

    /// As [`Writer::hang_up`].
    pub(crate) fn hang_up(&self) {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).hang_up();
    }
}
