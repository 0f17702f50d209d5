//! What of a directory counts against its bounds, and what is kept in it for nobody.
//!
//! Owns the sum of what is there, and which parts of what was cut are so old that nobody is expected to
//! go on with them. One that a transfer is at is never touched.

use super::Store;
use super::shelf::Thing;
use super::state::{self, State, Unknown};
use couplet::path::folded;
use couplet::transfer::entry::Stamp;
use couplet::transfer::offer::Offer;
use std::collections::HashSet;
use std::io;
use std::sync::PoisonError;
use std::time::Duration;

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Bytes of files, and of parts that nobody is at.
    pub bytes: u64,
    /// Files and folders, and such parts.
    pub entries: u64,
}

/// What was cleared up.
#[derive(Debug, Default)]
pub struct Swept {
    /// How many parts were removed.
    pub removed: usize,
    /// Why others weren't.
    pub errors: Vec<io::Error>,
}

impl Store {
    /// How much there is, but for what has one of these [folded] names in the directory itself; hidden
    /// things don't count, but for parts of what was cut.
    ///
    /// # Errors
    /// The system's, if the directory can't be read.
    pub fn tally(&self, but: &HashSet<String>) -> io::Result<Tally> {
        let passes_over = |name: &[u8]| {
            !but.is_empty() && str::from_utf8(name).is_ok_and(|name| but.contains(&folded(name)))
        };
        let mut all = self.tally_parts(|_| true);
        self.walk(true, passes_over, |thing| {
            all.entries += 1;
            if let Thing::File(_, looked) = thing {
                all.bytes = all.bytes.saturating_add(looked.size);
            }
            true
        })?;
        Ok(all)
    }

    /// How much there is of parts that nobody is at, of these offers.
    pub fn tally_parts(&self, of: impl Fn(&Offer) -> bool) -> Tally {
        let parts = self.parts().into_iter().filter(|part| !part.in_use && of(&part.offer));
        parts.fold(Tally::default(), |sum, part| Tally {
            bytes: sum.bytes.saturating_add(part.held),
            entries: sum.entries + 1,
        })
    }

    /// Removes the parts that nobody is at and nobody has touched for so long, and remnants as old of
    /// such. `now` is the time since 1970. What another version wrote is left alone.
    pub fn sweep(&self, now: Duration, keep: Duration) -> Swept {
        let _alone = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let mut swept = Swept::default();
        for found in state::scan(&self.root) {
            let is_foreign = matches!(found.about, Err(Unknown::Foreign));
            if is_foreign || !is_old(found.touched(), now, keep) {
                continue;
            }
            // It is locked by whoever is at it.
            let removed = State::take(&self.root, &found.name).and_then(|state| match state {
                Some(state) => state.remove(&self.root).map(|()| 1),
                None => Ok(0),
            });
            match removed {
                Ok(count) => swept.removed += count,
                Err(error) => swept.errors.push(error),
            }
        }
        swept
    }
}

/// Whether what was touched then is to be kept no longer. What seems to come from the future isn't old:
/// the clock was wrong then, or is now.
fn is_old(Stamp(secs, nanos): Stamp, now: Duration, keep: Duration) -> bool {
    let then = Duration::new(u64::try_from(secs).unwrap_or(0), nanos);
    now.checked_sub(then).is_some_and(|age| age > keep)
}
