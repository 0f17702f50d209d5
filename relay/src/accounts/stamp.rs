//! By what a change of a file is noticed, without reading it.
//!
//! Owns the comparison. A file system's clock ticks every few milliseconds only: a file that was
//! changed just before it was read may change again in the same tick, and look the same. So what was
//! read of a fresh file is good for once.

use crate::clock::wall;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// How long after a change another one may still look the same, with much to spare: some file
/// systems know whole seconds only.
const FRESH: Duration = Duration::from_secs(3);

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

    /// Whether a file that still looks like this is sure to be the same, if it was read now: the
    /// last change isn't fresh, nor in a future from which the clock was set back.
    pub(crate) fn is_settled(&self) -> bool {
        let changed = u64::try_from(self.changed.0).map_or(Duration::MAX, Duration::from_secs);
        let last = self.modified.max(changed);
        wall().checked_sub(last).is_some_and(|age| age >= FRESH)
    }
}
