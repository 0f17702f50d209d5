//! Whether this user has had couplet before, so that a welcome is given once.
//!
//! Owns the mark that says so, an empty file in the directory of the user's state.

use crate::places;
use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// The mark.
const WELCOMED: &str = "welcomed";

/// A welcome that is shown, and isn't to be shown again once the user can have read it: whoever starts
/// the client before the relay is sent away at once.
#[derive(Debug)]
pub(crate) struct Welcome(Option<PathBuf>);

impl Welcome {
    /// None, as for a program that speaks for somebody.
    pub(crate) const NONE: Self = Self(None);

    /// What is due to this user.
    pub(crate) fn due() -> Self {
        Self(places::state().filter(|state| is_first(state)))
    }

    /// Whether it is to be shown.
    pub(crate) const fn is_due(&self) -> bool {
        self.0.is_some()
    }

    /// It was shown, and the user has come to where it helps.
    pub(crate) fn shown(&mut self) {
        if let Some(state) = self.0.take() {
            // Next time, it may be written.
            let _ = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .open(state.join(WELCOMED));
        }
    }
}

/// Whether this is the first time. Where that can't be remembered it never is: a welcome at each start
/// would be worse than none.
fn is_first(state: &Path) -> bool {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(state);
    made.is_ok() && !state.join(WELCOMED).exists() && can_be_written(state)
}

fn can_be_written(state: &Path) -> bool {
    rustix::fs::access(state, rustix::fs::Access::WRITE_OK).is_ok()
}
