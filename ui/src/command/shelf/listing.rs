//! The list of a shelf as it comes, a page after the other.
//!
//! Owns what of it is believed and how much is kept, whatever a relay says.

use crate::config::exit;
use couplet::shelf::list::{Page, Shelved};
use couplet::shelf::name::ShelfName;
use couplet::units;

/// The files that are kept at most.
const MOST_FILES: usize = 1_000_000;

/// The bytes that their names may have together.
const MOST_BYTES: usize = 64 << 20;

/// What has come.
#[derive(Debug, Default)]
pub(super) struct Listing {
    files: Vec<Shelved>,
    /// The bytes of their names.
    bytes: usize,
    /// How many things on the shelf can't be told of.
    pub(super) left_out: u64,
}

/// Why nothing more of the list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// It doesn't go on, but says that it does; or it isn't in order.
    Backwards,
    /// It is longer than is kept.
    TooLong,
}

impl Listing {
    /// Takes a page; gives the name after which the next begins, if there is one.
    pub(super) fn take_page(&mut self, page: Page) -> Result<Option<ShelfName>, Broken> {
        self.left_out = page.left_out;
        let before = self.files.len();
        for file in page.files {
            if self.files.last().is_some_and(|last| last.name >= file.name) {
                return Err(Broken::Backwards);
            }
            self.bytes += file.name.as_str().len();
            if self.files.len() >= MOST_FILES || self.bytes > MOST_BYTES {
                return Err(Broken::TooLong);
            }
            self.files.push(file);
        }
        match self.files.last() {
            Some(last) if page.more && self.files.len() > before => Ok(Some(last.name.clone())),
            _ if page.more => Err(Broken::Backwards),
            _ => Ok(None),
        }
    }

    /// Whether the relay has yet to find out hashes.
    pub(super) fn lacks_hashes(&self) -> bool {
        self.files.iter().any(|file| file.hash.is_none())
    }

    /// Gives all that has come, and begins anew.
    pub(super) fn take(&mut self) -> Vec<Shelved> {
        self.bytes = 0;
        std::mem::take(&mut self.files)
    }
}

impl Broken {
    /// The exit status, and what is wrong and what to do.
    pub(super) fn verdict(self) -> (u8, String) {
        match self {
            Self::Backwards => {
                let text = "the relay's list of files isn't in order; bring both ends to the same \
                            release";
                (exit::PROTOCOL, text.to_owned())
            }
            Self::TooLong => {
                let most = units::grouped(MOST_FILES as u64);
                let text = format!(
                    "the list is longer than couplet takes ({most} files, or as many bytes of names); \
                     ask for a part of it, as in couplet shelf list 'a*'"
                );
                (exit::FAILURE, text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use couplet::transfer::entry::Stamp;

    fn page(names: impl IntoIterator<Item = String>, more: bool) -> Page {
        let file = |name: String| {
            let name = ShelfName::new(&name).expect("a name");
            Shelved { name, size: 1, mtime: Stamp(1, 0), hash: None }
        };
        Page { files: names.into_iter().map(file).collect(), more, ..Page::default() }
    }

    fn of(names: &[&str], more: bool) -> Page {
        page(names.iter().map(|name| (*name).to_owned()), more)
    }

    #[test]
    fn pages_follow_each_other() {
        let mut listing = Listing::default();
        let after = listing.take_page(of(&["a", "b"], true)).expect("in order");
        assert_eq!(after, Some(ShelfName::new("b").expect("a name")));
        assert_eq!(listing.take_page(of(&["c"], false)), Ok(None));
        assert!(listing.lacks_hashes());
        assert_eq!(listing.take().len(), 3);
        // From the beginning again.
        assert_eq!(listing.take_page(of(&["a"], false)), Ok(None));
    }

    #[test]
    fn a_relay_that_repeats_itself_is_not_asked_for_ever() {
        for next in [of(&["a", "b"], true), of(&["b"], true), of(&[], true), of(&["d", "c"], false)]
        {
            let mut listing = Listing::default();
            listing.take_page(of(&["a", "b"], true)).expect("in order");
            assert_eq!(listing.take_page(next.clone()), Err(Broken::Backwards), "{next:?}");
        }
    }

    #[test]
    fn a_relay_that_has_no_end_is_not_listened_to_for_ever() {
        let mut listing = Listing::default();
        let folder = "x".repeat(200);
        let mut number = 0_u64;
        let broken = loop {
            let names = (0..256).map(|n| format!("{folder}/{folder}/{:012}", number + n));
            let names: Vec<_> = names.collect();
            number += 256;
            if let Err(broken) = listing.take_page(page(names, true)) {
                break broken;
            }
        };
        assert_eq!(broken, Broken::TooLong);
        assert!(listing.bytes <= MOST_BYTES + 4096 && listing.files.len() <= MOST_FILES);
    }
}
