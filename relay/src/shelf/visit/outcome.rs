//! How a transfer with the shelf ended, as its threads tell it.
//!
//! Owns where that is kept until the connection is free again.

use crate::lock::lock;
use couplet::transfer::outcome::Outcome;
use couplet_files::common::{Common, Finding};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

/// How a transfer ended, once it has.
pub(super) type Ended = Arc<Mutex<Option<Outcome>>>;

/// What the threads of a transfer share with its connection, and how it ends.
pub(super) fn common() -> (Arc<Common>, Ended) {
    let end = Ended::default();
    let told = Arc::clone(&end);
    let common = Common::new(Arc::new(AtomicU64::new(0)), move |finding| match finding {
        Finding::Ended { outcome } => *lock(&told) = Some(outcome),
        // Only its end matters here.
        Finding::Started { .. }
        | Finding::Text { .. }
        | Finding::DiskFull { .. }
        | Finding::PipesWanted { .. }
        | Finding::PipeLost { .. }
        | Finding::Whole { .. } => {}
    });
    (common, end)
}
