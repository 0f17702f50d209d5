//! Where what is received goes.

use crate::store::Store;
use std::path::PathBuf;
use std::sync::Arc;

/// Where what is received goes.
#[derive(Debug, Clone)]
pub enum Target {
    /// Into this directory, which is made when something comes.
    Directory(PathBuf),
    /// To standard output: one file or stream, in order.
    Stdout,
    /// Into a directory that is open already.
    Store(Arc<Store>),
}
