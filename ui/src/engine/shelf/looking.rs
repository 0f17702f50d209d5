//! Looks at the user's own disk before anything is asked of a shelf.
//!
//! Owns their order, which is that of the user's wishes however long each takes, and whether a name is
//! taken here; and what comes back from them, and from the threads of transfers.

use super::super::Target;
use couplet::path::SafeName;
use couplet::shelf::name::ShelfName;
use couplet::shelf::visit::ErrandId;
use couplet::transfer::offer::{Offer, OnCollision, Preflight};
use couplet_files::source::Source;
use couplet_files::store::Store;
use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;

/// What is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Look {
    /// Whether a file that is wanted is here already, and what is done then.
    Get(ShelfName, OnCollision),
    /// What a path names that is to be laid down.
    Put(PathBuf),
}

/// What was found on a disk.
pub(super) enum Found {
    /// What a path names.
    Inspected(PathBuf, Result<Source, String>),
    /// Whether a file that is wanted is here already.
    Looked { name: ShelfName, how: OnCollision, taken: Option<String> },
    /// What the disk says about what is offered.
    Preflight { id: ErrandId, offer: Offer, preflight: Preflight },
    /// What a thread of the transfer says.
    Moving(ErrandId, couplet_files::common::Finding),
}

/// Looks, one after the other.
#[derive(Debug, Default)]
pub(super) struct Looks {
    waiting: VecDeque<Look>,
    is_looking: bool,
}

impl Looks {
    /// One more is wanted.
    pub(super) fn push(&mut self, look: Look) {
        self.waiting.push_back(look);
    }

    /// The next one, which begins now; none while one is under way.
    pub(super) fn begin(&mut self) -> Option<Look> {
        if self.is_looking {
            return None;
        }
        let next = self.waiting.pop_front();
        self.is_looking = next.is_some();
        next
    }

    /// The one under way is over.
    pub(super) const fn done(&mut self) {
        self.is_looking = false;
    }

    /// Whether none is under way or wanted.
    pub(super) fn are_through(&self) -> bool {
        !self.is_looking && self.waiting.is_empty()
    }
}

/// What is done about names that are taken, for each errand.
#[derive(Debug)]
pub(super) struct Policies {
    usual: OnCollision,
    of: HashMap<ErrandId, OnCollision>,
}

impl Policies {
    /// This, unless something else is said.
    pub(super) fn new(usual: OnCollision) -> Self {
        Self { usual, of: HashMap::new() }
    }

    /// What is done for this errand.
    pub(super) fn of(&self, id: ErrandId) -> OnCollision {
        self.of.get(&id).copied().unwrap_or(self.usual)
    }

    /// For this one it is that.
    pub(super) fn set(&mut self, id: ErrandId, policy: OnCollision) {
        self.of.insert(id, policy);
    }

    /// This one is over.
    pub(super) fn forget(&mut self, id: ErrandId) {
        self.of.remove(&id);
    }
}

/// Why a file isn't asked for, if something of its name is here and stays.
pub(super) fn taken(target: &Target, policy: OnCollision, name: &ShelfName) -> Option<String> {
    let Target::Directory(dir) = target else { return None };
    if policy != OnCollision::Refuse || !dir.exists() {
        return None;
    }
    let name: SafeName = name.last();
    let store = Store::open(dir).ok()?;
    // One that was put there by a transfer that was cut right behind that is gone on with.
    let is_part = || store.parts().iter().any(|part| part.offer.name == name);
    (store.has(&name) && !is_part()).then(|| is_taken(name.as_str()))
}

/// Why something isn't fetched whose name is taken.
pub(super) fn is_taken(name: &str) -> String {
    format!("{name} is there already, so it isn't fetched; --existing says what else to do")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_looks_after_the_other_in_the_order_of_the_wishes() {
        let mut looks = Looks::default();
        let [a, b] = ["a", "b"].map(|path| Look::Put(path.into()));
        assert!(looks.are_through() && looks.begin().is_none());
        looks.push(a.clone());
        looks.push(b.clone());
        assert_eq!(looks.begin(), Some(a));
        assert_eq!(looks.begin(), None, "one is under way");
        looks.done();
        assert!(!looks.are_through());
        assert_eq!(looks.begin(), Some(b));
        assert!(!looks.are_through());
        looks.done();
        assert!(looks.are_through());
    }
}
