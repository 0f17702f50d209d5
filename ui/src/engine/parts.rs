//! What there is in a downloads directory of transfers that were cut, for the user to see and remove.
//!
//! Owns no more than the way in; the parts are the [`Store`]'s.

use couplet::transfer::offer::Offer;
use couplet_files::store::Store;
use std::path::Path;
use std::time::SystemTime;

/// A part of something that didn't come whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Names it.
    pub id: String,
    /// What it is a part of.
    pub offer: Offer,
    /// Bytes of it that are there.
    pub held: u64,
    /// When some of it came last.
    pub changed: SystemTime,
    /// Whether a transfer is at it.
    pub in_use: bool,
}

/// The parts in a downloads directory, the oldest first; none if there is no such directory.
///
/// # Errors
/// What is wrong and what to do.
pub fn parts(downloads: &Path) -> Result<Vec<Part>, String> {
    // Opening would make it.
    if !downloads.exists() {
        return Ok(Vec::new());
    }
    let parts = Store::open(downloads)?.parts().into_iter();
    Ok(parts
        .map(|part| Part {
            id: part.id,
            offer: part.offer,
            held: part.held,
            changed: part.changed,
            in_use: part.in_use,
        })
        .collect())
}

/// Removes a part.
///
/// # Errors
/// What is wrong and what to do.
pub fn remove_part(downloads: &Path, id: &str) -> Result<(), String> {
    Store::open(downloads)?.remove_part(id)
}
