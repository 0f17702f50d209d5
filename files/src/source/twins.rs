//! Files that have several names in one tree.
//!
//! Owns which name came first. Only so many are remembered; of the others each name is sent as a
//! file of its own, which costs bytes and loses nothing.

use super::look::Look;
use couplet::path::SafePath;
use std::collections::BTreeMap;

/// How many files are remembered at once.
const MAX_REMEMBERED: usize = 100_000;

/// The files with several names of which not all have come yet.
#[derive(Debug, Default)]
pub(super) struct Twins {
    /// By device and inode.
    first: BTreeMap<(u64, u64), First>,
}

#[derive(Debug)]
struct First {
    path: SafePath,
    /// Names that haven't come, if they are all in this tree.
    left: u64,
}

impl Twins {
    /// The path under which this file came before; else it is remembered under this one.
    pub(super) fn first_path(&mut self, look: &Look, path: &SafePath) -> Option<SafePath> {
        if look.names < 2 {
            return None;
        }
        let key = (look.seen.device, look.seen.inode);
        if let Some(first) = self.first.get_mut(&key) {
            first.left -= 1;
            let path = first.path.clone();
            if first.left == 0 {
                self.first.remove(&key);
            }
            return Some(path);
        }
        if self.first.len() < MAX_REMEMBERED {
            self.first.insert(key, First { path: path.clone(), left: look.names - 1 });
        }
        None
    }
}
