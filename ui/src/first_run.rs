//! Whether this user has had couplet before, so that a welcome is given once.
//!
//! Owns the mark that says so, an empty file in the directory of the user's state.

use crate::places;
use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::DirBuilderExt as _;

/// The mark.
const WELCOMED: &str = "welcomed";

/// Whether this is the first time; from now on it isn't. Where that can't be remembered it never is:
/// a welcome at each start would be worse than none.
pub(crate) fn is_first() -> bool {
    let Some(dir) = places::state() else { return false };
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&dir);
    made.is_ok() && OpenOptions::new().write(true).create_new(true).open(dir.join(WELCOMED)).is_ok()
}
