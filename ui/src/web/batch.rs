//! Something that a page sends: which names its files may have, and what may be done with it when.
//!
//! Owns the rules, and no files: a batch is filled by requests that come side by side, then it is
//! handed over, and thrown away when it isn't needed any more.

use couplet::path::{SafeName, SafePath};
use couplet::time::Moment;
use std::time::Duration;

/// Files and folders in one batch.
pub(super) const MAX_ENTRIES: usize = 200_000;

/// Where one file or folder of a batch is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Below the batch.
    pub(super) path: SafePath,
    /// Whether it is a folder.
    pub(super) is_folder: bool,
}

impl Wanted {
    /// Takes a path from a request, with a slash at its end if it is a folder.
    pub(super) fn new(path: &[u8]) -> Result<Self, String> {
        let (path, is_folder) =
            path.strip_suffix(b"/").map_or((path, false), |folder| (folder, true));
        if std::str::from_utf8(path).is_err() {
            return Err("the path isn't UTF-8".to_owned());
        }
        let path = SafePath::new(path).map_err(|error| error.to_string())?;
        // The outermost name is what the peer is offered.
        let name = std::str::from_utf8(path.first()).map_err(|error| error.to_string())?;
        SafeName::new(name).map_err(|error| error.to_string())?;
        Ok(Self { path, is_folder })
    }
}

/// Why something can't be done with a batch now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotNow {
    /// It was handed over.
    #[error("this is being sent already; nothing can be added or taken away any more")]
    Taken,
    /// It isn't whole.
    #[error("files of it are still coming; send it when they are here")]
    Coming,
    /// It has nothing in it.
    #[error("there is nothing in it")]
    Empty,
    /// It can't be larger.
    #[error("there are more than 200,000 files in it; send them in parts, or as an archive")]
    TooMany,
    /// It was thrown away.
    #[error("it was thrown away meanwhile")]
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    Asked,
    Taken,
    Gone,
}

/// What is known of a batch.
#[derive(Debug)]
pub(super) struct Batch {
    stage: Stage,
    coming: usize,
    entries: usize,
    touched: Moment,
}

impl Batch {
    /// An empty one.
    pub(super) const fn new(now: Moment) -> Self {
        Self { stage: Stage::Open, coming: 0, entries: 0, touched: now }
    }

    /// A file or folder begins to come that may need so many entries, its folders among them.
    pub(super) fn begins(&mut self, entries: usize, now: Moment) -> Result<(), NotNow> {
        self.must_be_open()?;
        if self.entries + entries > MAX_ENTRIES {
            return Err(NotNow::TooMany);
        }
        self.entries += entries;
        self.coming += 1;
        self.touched = now;
        Ok(())
    }

    /// It is there, or nothing of it; so many of the entries weren't needed. Says whether the batch is
    /// to be removed now.
    pub(super) const fn ends(&mut self, unneeded: usize, now: Moment) -> bool {
        self.entries = self.entries.saturating_sub(unneeded);
        self.coming = self.coming.saturating_sub(1);
        self.touched = now;
        self.coming == 0 && matches!(self.stage, Stage::Gone)
    }

    /// It is to be handed over.
    pub(super) fn ask(&mut self) -> Result<(), NotNow> {
        self.must_be_open()?;
        if self.coming > 0 {
            return Err(NotNow::Coming);
        }
        if self.entries == 0 {
            return Err(NotNow::Empty);
        }
        self.stage = Stage::Asked;
        Ok(())
    }

    /// Whether it was taken, or can be changed and tried again.
    pub(super) fn answered(&mut self, is_taken: bool, now: Moment) {
        if self.stage == Stage::Asked {
            self.stage = if is_taken { Stage::Taken } else { Stage::Open };
            self.touched = now;
        }
    }

    /// The user throws it away. Says whether it is to be removed now; else when the last of it has
    /// stopped coming.
    pub(super) fn discard(&mut self) -> Result<bool, NotNow> {
        self.must_be_open()?;
        Ok(self.remove())
    }

    /// It is needed no more, in whatever state it is. Says the same.
    pub(super) fn remove(&mut self) -> bool {
        let was_gone = self.stage == Stage::Gone;
        self.stage = Stage::Gone;
        !was_gone && self.coming == 0
    }

    /// Whether it was thrown away.
    pub(super) fn is_gone(&self) -> bool {
        self.stage == Stage::Gone
    }

    /// Whether it is still the page's.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open | Stage::Asked)
    }

    /// When its page is taken to have left it, if nothing comes for so long; none if it isn't the
    /// page's any more.
    pub(super) fn forgotten_at(&self, after: Duration, now: Moment) -> Option<Moment> {
        let rests = self.stage == Stage::Open && self.coming == 0;
        self.is_open().then(|| if rests { self.touched } else { now } + after)
    }

    const fn must_be_open(&self) -> Result<(), NotNow> {
        match self.stage {
            Stage::Open => Ok(()),
            Stage::Asked | Stage::Taken => Err(NotNow::Taken),
            Stage::Gone => Err(NotNow::Gone),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Moment = Moment::from_start(Duration::ZERO);

    #[test]
    fn names_stay_below_and_can_be_offered() {
        let deep = "a/".repeat(64);
        let long = "x".repeat(256);
        for (path, good) in [
            (&b"a.txt"[..], true),
            (b"a/b/c.txt", true),
            (b"a/c/", true),
            (b"caf\xc3\xa9", true),
            (b"a/b .", true),
            (deep.as_bytes(), true),
            (format!("{deep}a").as_bytes(), false),
            (b"", false),
            (b"/", false),
            (b"//", false),
            (b"a//b", false),
            (b"a//", false),
            (b"/etc/passwd", false),
            (b".", false),
            (b"..", false),
            (b"../a", false),
            (b"a/../../b", false),
            (b"a/..", false),
            (b"a/./b", false),
            (b"..\\..\\a", false),
            (b"a\\b", false),
            (b"C:\\a", false),
            (b"a\0", false),
            (b"a/b\0c", false),
            (b"a\nb", false),
            (b"\xff", false),
            (b"a/\xff", false),
            (b".couplet-parts/a", false),
            (b"a/.couplet-x", false),
            (b"CON", false),
            (b" a", false),
            ("a\u{202e}b".as_bytes(), false),
            (long.as_bytes(), false),
            ("x/".repeat(3000).as_bytes(), false),
        ] {
            let wanted = Wanted::new(path);
            assert_eq!(wanted.is_ok(), good, "{:?}: {wanted:?}", String::from_utf8_lossy(path));
        }
        assert!(Wanted::new(b"a/c/").expect("a folder").is_folder);
        assert!(!Wanted::new(b"a/c").expect("a file").is_folder);
    }

    #[test]
    fn it_is_handed_over_whole_and_once() {
        let mut batch = Batch::new(START);
        assert_eq!(batch.ask(), Err(NotNow::Empty));
        assert_eq!(batch.begins(2, START), Ok(()));
        assert_eq!(batch.begins(2, START), Ok(()));
        assert_eq!(batch.ask(), Err(NotNow::Coming));
        assert!(!batch.ends(1, START));
        assert_eq!(batch.ask(), Err(NotNow::Coming));
        assert!(!batch.ends(0, START));
        assert_eq!(batch.ask(), Ok(()));
        assert_eq!(batch.begins(1, START), Err(NotNow::Taken));
        assert_eq!(batch.ask(), Err(NotNow::Taken));
        assert_eq!(batch.discard(), Err(NotNow::Taken));
        batch.answered(false, START);
        assert_eq!(batch.ask(), Ok(()), "again, after it was refused");
        batch.answered(true, START);
        assert_eq!(batch.discard(), Err(NotNow::Taken));
        assert!(!batch.is_open());
        assert!(batch.remove());
        assert!(!batch.remove(), "removed once");
        assert_eq!(batch.ask(), Err(NotNow::Gone));
    }

    #[test]
    fn it_goes_when_the_last_of_it_has_stopped() {
        let mut batch = Batch::new(START);
        batch.begins(1, START).expect("open");
        batch.begins(1, START).expect("open");
        assert_eq!(batch.discard(), Ok(false));
        assert!(batch.is_gone());
        assert!(!batch.ends(1, START));
        assert!(batch.ends(1, START));
        assert_eq!(batch.begins(1, START), Err(NotNow::Gone));
    }

    #[test]
    fn it_has_a_bound_and_what_failed_does_not_count() {
        let mut batch = Batch::new(START);
        assert_eq!(batch.begins(MAX_ENTRIES, START), Ok(()));
        assert_eq!(batch.begins(1, START), Err(NotNow::TooMany));
        assert!(!batch.ends(MAX_ENTRIES, START));
        assert_eq!(batch.ask(), Err(NotNow::Empty));
    }

    #[test]
    fn one_that_its_page_left_is_found() {
        const AFTER: Duration = Duration::from_mins(10);
        let mut batch = Batch::new(START);
        let (later, much_later) = (START + AFTER, START + AFTER + AFTER);
        assert_eq!(batch.forgotten_at(AFTER, START), Some(later));
        assert_eq!(batch.forgotten_at(AFTER, later), Some(later));
        batch.begins(1, START).expect("open");
        assert_eq!(batch.forgotten_at(AFTER, later), Some(much_later), "one still comes");
        batch.ends(0, later);
        assert_eq!(batch.forgotten_at(AFTER, much_later), Some(much_later));
        batch.ask().expect("whole");
        assert_eq!(batch.forgotten_at(AFTER, much_later), Some(much_later + AFTER));
        batch.answered(true, much_later);
        assert_eq!(batch.forgotten_at(AFTER, much_later), None, "it is on its way");
    }
}
