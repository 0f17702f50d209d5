//! What threads tell the engine.

use couplet::transfer::book::TransferId;
use couplet::transfer::offer::{OnCollision, Preflight};
use couplet_files::source::Source;
use std::path::PathBuf;
use std::sync::Arc;

/// What a thread has found.
#[derive(Debug)]
pub(in crate::engine) enum Finding {
    /// Something that the user wants to send, by the paths that name it, or why it can't be.
    Inspected(Vec<PathBuf>, Result<Arc<Source>, String>),
    /// What was on its way out in the program before.
    InspectedAgain(Vec<PathBuf>, Result<Arc<Source>, String>),
    /// What the disk has to say about an offer.
    Preflight { id: TransferId, preflight: Preflight, purpose: Purpose },
    /// What a thread of a transfer has found.
    Transfer(TransferId, couplet_files::common::Finding),
}

/// Why the disk is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Purpose {
    /// To show the user what accepting would mean.
    ToShow,
    /// The user has accepted, with this about names that are taken.
    ToAccept(Option<OnCollision>),
}
