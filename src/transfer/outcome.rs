//! How a transfer ended, on either side.
//!
//! Owns the words for it, and the list of what was left out of a tree on the way.

use super::wire::Fault;

/// How many problems are told one by one.
const MAX_TOLD: usize = 16;

/// How a transfer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Every byte that was sent is there, checked, and safe on the receiver's disk.
    Verified {
        /// The name that it has at the receiver.
        saved_as: String,
        /// What was left out of it.
        problems: Problems,
    },
    /// It couldn't be completed.
    Failed {
        /// Why, for programs.
        code: Fault,
        /// Why and what to do, for people.
        text: String,
    },
}

/// Entries that were left out of a transfer, each with a sentence; the first few of them are told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems {
    count: u64,
    code: Option<Fault>,
    told: Vec<String>,
}

impl Problems {
    /// One more.
    pub fn note(&mut self, code: Fault, text: String) {
        self.count += 1;
        self.code.get_or_insert(code);
        if self.told.len() < MAX_TOLD {
            self.told.push(text);
        }
    }

    /// How many there were.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The first of them, a sentence each.
    pub fn told(&self) -> impl Iterator<Item = &str> {
        self.told.iter().map(String::as_str)
    }

    /// How a transfer of `entries` entries ended that has come to its end: one of which nothing was
    /// left in has failed.
    #[must_use]
    pub fn outcome(self, entries: u64, saved_as: String) -> Outcome {
        match (self.code, self.told.first()) {
            (Some(code), Some(first)) if self.count >= entries => {
                Outcome::Failed { code, text: first.clone() }
            }
            _ => Outcome::Verified { saved_as, problems: self },
        }
    }
}
