//! What pages say, once each.
//!
//! Owns how often, and where it belongs: a page whose socket breaks says again what nobody has answered
//! for, and a page can say something in the moment in which its line ends. Pure.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// How many are remembered: more than all pages say while one of them is away.
const REMEMBERED: usize = 20_000;

/// The longest id.
const MAX_ID: usize = 64;

/// What was said in this run of the program.
#[derive(Debug, Default)]
pub(super) struct Saying {
    meeting: u64,
    known: HashSet<Arc<str>>,
    /// The same, oldest first.
    in_order: VecDeque<Arc<str>>,
}

/// What is to be done about something that a page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// It is said now.
    Now,
    /// It was meant for a line that is over.
    Late,
    /// It was said already.
    Again,
    /// This is no id.
    Unclear,
}

impl Saying {
    /// Another conversation begins.
    pub(super) const fn meet(&mut self) {
        self.meeting += 1;
    }

    /// The number of the conversation; 0 before the first.
    pub(super) const fn meeting(&self) -> u64 {
        self.meeting
    }

    /// A page says something, by this id, for that conversation; without them, now and here.
    pub(super) fn take(&mut self, id: Option<&str>, meeting: Option<u64>) -> Said {
        if let Some(id) = id {
            if id.is_empty() || id.len() > MAX_ID {
                return Said::Unclear;
            }
            if self.known.contains(id) {
                return Said::Again;
            }
            if self.in_order.len() == REMEMBERED
                && let Some(oldest) = self.in_order.pop_front()
            {
                self.known.remove(&oldest);
            }
            let id: Arc<str> = id.into();
            self.known.insert(Arc::clone(&id));
            self.in_order.push_back(id);
        }
        if meeting.is_none_or(|meeting| meeting == self.meeting) { Said::Now } else { Said::Late }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_said_once_and_to_whom_it_was_meant() {
        let mut saying = Saying::default();
        saying.meet();
        assert_eq!(saying.take(Some("a"), Some(1)), Said::Now);
        assert_eq!(saying.take(Some("a"), Some(1)), Said::Again);
        assert_eq!(saying.take(Some("b"), None), Said::Now);
        saying.meet();
        assert_eq!(saying.take(Some("a"), Some(1)), Said::Again);
        assert_eq!(saying.take(Some("c"), Some(1)), Said::Late);
        assert_eq!(saying.take(Some("c"), Some(2)), Said::Again, "it stands in the field");
        assert_eq!(saying.take(None, None), Said::Now);
        assert_eq!(saying.take(None, None), Said::Now, "nobody can tell");
        for id in [String::new(), "x".repeat(MAX_ID + 1)] {
            assert_eq!(saying.take(Some(&id), None), Said::Unclear);
        }
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut saying = Saying::default();
        for number in 0..=REMEMBERED {
            assert_eq!(saying.take(Some(&number.to_string()), None), Said::Now);
        }
        assert_eq!((saying.known.len(), saying.in_order.len()), (REMEMBERED, REMEMBERED));
        assert_eq!(saying.take(Some(&REMEMBERED.to_string()), None), Said::Again);
    }
}
