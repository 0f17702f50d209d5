//! What threads tell the engine.

use super::super::source::Source;
use couplet::transfer::book::TransferId;
use couplet::transfer::offer::{OnCollision, Preflight};
use couplet::transfer::outcome::Outcome;
use std::sync::Arc;

/// What a thread has found.
#[derive(Debug)]
pub(in crate::engine) enum Finding {
    /// Something that the user wants to send, or why it can't be.
    Inspected(Result<Arc<Source>, String>),
    /// What was on its way out in the program before.
    InspectedAgain(Result<Arc<Source>, String>),
    /// What the disk has to say about an offer.
    Preflight { id: TransferId, preflight: Preflight, purpose: Purpose },
    /// A transfer's bytes begin to move, or go on.
    Started { id: TransferId, held: u64 },
    /// A text has come.
    Text { id: TransferId, text: String },
    /// The disk is full, or has room again.
    DiskFull { id: TransferId, full: bool },
    /// The line has use for so many pipes.
    PipesWanted { id: TransferId, wanted: usize },
    /// A transfer's last pipe is lost.
    PipeLost { id: TransferId, progressed: bool },
    /// All of an incoming transfer is in its place, and the sender hears of it once that is written
    /// down.
    Whole { id: TransferId, saved_as: String, written_down: WrittenDown },
    /// A transfer is over.
    Ended { id: TransferId, outcome: Outcome },
}

/// Is dropped when something has been written down.
pub(in crate::engine) type WrittenDown = std::sync::mpsc::SyncSender<()>;

/// Why the disk is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Purpose {
    /// To show the user what accepting would mean.
    ToShow,
    /// The user has accepted, with this about names that are taken.
    ToAccept(Option<OnCollision>),
}
