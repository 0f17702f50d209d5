//! By what a change of a file is noticed, without reading it.
//!
//! Owns the comparison. A file system's clock ticks every few milliseconds only: a file that was
//! changed just before it was read may change again in the same tick, and look the same. So what was
//! read of a fresh file is good for once.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// How long after a change another one may still look the same, with much to spare.
const FRESH: Duration = Duration::from_millis(200);

/// The same where the file system knows whole seconds only, or two of them.
const LONG_FRESH: Duration = Duration::from_secs(5);

/// What the operating system says of a file: which it is, how long, and when it was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    file: (u64, u64),
    len: u64,
    modified: Duration,
    changed: (i64, i64),
}

impl Stamp {
    /// Of the file there; nothing if there is none.
    pub(crate) fn of(path: &Path) -> io::Result<Option<Self>> {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let modified = metadata.modified()?.duration_since(SystemTime::UNIX_EPOCH);
        #[cfg(unix)]
        let (file, changed) = {
            use std::os::unix::fs::MetadataExt as _;
            ((metadata.dev(), metadata.ino()), (metadata.ctime(), metadata.ctime_nsec()))
        };
        #[cfg(not(unix))]
        let (file, changed) = ((0, 0), (0, 0));
        let modified = modified.unwrap_or_default();
        Ok(Some(Self { file, len: metadata.len(), modified, changed }))
    }

    /// Whether a file that was read at this time, since 1970, and still looks like this is sure to be
    /// the same: the last change wasn't fresh then, nor in a future from which the clock was set back.
    pub(crate) fn was_settled(&self, at: Duration) -> bool {
        let changed = match (u64::try_from(self.changed.0), u32::try_from(self.changed.1)) {
            (Ok(seconds), Ok(nanos)) => Duration::new(seconds, nanos),
            _ => Duration::MAX,
        };
        let last = self.modified.max(changed);
        let fresh = if self.changed.1 == 0 { LONG_FRESH } else { FRESH };
        at.checked_sub(last).is_some_and(|age| age >= fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_in_the_tick_of_a_change_is_not_sure() {
        let second = Duration::from_secs(1);
        let at = |modified: Duration, changed: (i64, i64)| Stamp {
            file: (1, 2),
            len: 3,
            modified,
            changed,
        };
        let fine = at(9 * second, (9, 500_000_000));
        assert!(!fine.was_settled(9 * second + Duration::from_millis(501)));
        assert!(fine.was_settled(11 * second));
        let coarse = at(9 * second, (9, 0));
        assert!(!coarse.was_settled(11 * second));
        assert!(coarse.was_settled(14 * second));
        let in_the_future = at(99 * second, (9, 500_000_000));
        assert!(!in_the_future.was_settled(11 * second));
    }
}
