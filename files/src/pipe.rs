//! What a transfer goes through: records of steps, there and back.
//!
//! Owns no more than what its threads need of a pipe. What protects the records (a seal, or the
//! connection that they are in) and where they go is whoever's who opens it.

use couplet::transfer::send::PipeNo;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};

/// The bytes before the steps of a record that are left free for what its pipe puts there.
pub const RECORD_SPACE: usize = 17;

/// What ended a pipe.
#[derive(Debug, thiserror::Error)]
pub enum PipeFault {
    /// It was cut; another goes on where it was.
    #[error(transparent)]
    Broken(#[from] io::Error),
    /// What came through it can't be trusted, for this reason.
    #[error("{0}")]
    Untrusted(String),
}

/// The end that records leave through.
pub trait Writer: Send {
    /// Writes a record: [`RECORD_SPACE`] bytes, then its steps, perhaps none as a sign of life. The
    /// memory can be used again. With `is_final` it is the last of this direction.
    ///
    /// # Errors
    /// Those of the connection.
    fn write(&mut self, is_final: bool, record: &mut Vec<u8>) -> io::Result<()>;

    /// Nothing more is written; what was arrives.
    fn finish(&self);

    /// Ends the pipe in both directions, whatever is on its way.
    fn abort(&self);

    /// Ends the pipe so that the last words in both directions arrive, within some seconds.
    fn hang_up(&self);
}

/// The end that records come from.
pub trait Reader: Send {
    /// Waits for the next record and gives its steps.
    ///
    /// # Errors
    /// What ended the pipe.
    fn read(&mut self) -> Result<&[u8], PipeFault>;

    /// Ends the pipe in both directions; whoever writes to it gets an error.
    fn stop(&self);
}

/// Ends a pipe from another thread, now or as soon as it is there.
pub trait Stop: std::fmt::Debug + Send + Sync {
    /// Ends it; whoever reads or writes gets an error at once.
    fn stop(&self);

    /// Whether that was said.
    fn is_stopped(&self) -> bool;
}

/// Numbers for pipes, unlike in the whole program.
#[must_use]
pub fn next_pipe() -> PipeNo {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    PipeNo(NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Lets words go first: where both want the processor, a thread that moves bytes can wait and a
/// person shouldn't. On Linux niceness is a thread's own; elsewhere it would be the whole program's.
pub fn give_way() {
    #[cfg(target_os = "linux")]
    {
        /// How far it stands back.
        const NICENESS: i32 = 10;
        // Refused or not, bytes move.
        let _ = rustix::process::nice(NICENESS);
    }
}
