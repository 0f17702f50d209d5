//! The names of files on a shelf.
//!
//! Owns what may be one: a name, or names with slashes between them where the shelf has folders, each
//! of them safe on every system and any screen, and none hidden.

use crate::path::{MAX_PATH_BYTES, MAX_PATH_PARTS, NameError, SafeName, SafePath};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of a file on a shelf. Travels as a plain string, checked when it is read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ShelfName(String);

impl ShelfName {
    /// Accepts the name exactly as it is, or says why not.
    ///
    /// # Errors
    /// The first of [`NameError`]'s reasons that holds for it or one of its parts.
    ///
    /// ```
    /// use couplet::shelf::name::ShelfName;
    /// assert!(ShelfName::new("site/index.html").is_ok());
    /// assert!(ShelfName::new("site/../../etc/passwd").is_err());
    /// ```
    pub fn new(name: &str) -> Result<Self, NameError> {
        // What makes a path lawful at all comes first, and then each of its names.
        let path = SafePath::new(name.as_bytes())?;
        path.parts().try_for_each(|part| check(&String::from_utf8_lossy(part)))?;
        Ok(Self(name.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names between its slashes, the outermost first; at least one.
    #[must_use]
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// Whether it lies in a folder.
    #[must_use]
    pub fn is_in_folder(&self) -> bool {
        self.0.contains('/')
    }

    /// Its last name: the file's own.
    ///
    /// # Panics
    /// Never: each part was checked when it was made.
    #[must_use]
    pub fn last(&self) -> SafeName {
        let last = self.parts().next_back().unwrap_or_default();
        SafeName::new(last).expect("a part of a checked name")
    }

    /// The name of something in the folder that this one is; none if that is no name, or too long.
    #[must_use]
    pub fn inside(&self, name: &str) -> Option<Self> {
        let fits = self.0.len() + 1 + name.len() <= MAX_PATH_BYTES
            && self.parts().count() < MAX_PATH_PARTS;
        (fits && check(name).is_ok()).then(|| Self(format!("{}/{name}", self.0)))
    }
}

impl TryFrom<&SafeName> for ShelfName {
    type Error = NameError;

    fn try_from(name: &SafeName) -> Result<Self, NameError> {
        Self::new(name.as_str())
    }
}

impl From<ShelfName> for String {
    fn from(name: ShelfName) -> Self {
        name.0
    }
}

impl TryFrom<String> for ShelfName {
    type Error = NameError;

    fn try_from(name: String) -> Result<Self, NameError> {
        Self::new(&name)
    }
}

impl fmt::Display for ShelfName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

fn check(part: &str) -> Result<(), NameError> {
    SafeName::new(part)?;
    if part.starts_with('.') { Err(NameError::Hidden(part.to_owned())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_part_is_a_safe_name() {
        for good in ["a", "photo.png", "site/index.html", "a/b/c"] {
            let name = ShelfName::new(good).expect(good);
            assert_eq!(name.as_str(), good);
            assert_eq!(name.last().as_str(), good.rsplit('/').next().expect("a part"));
        }
        for bad in [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "a/../b",
            "../a",
            "a\\b",
            "nul",
            "site/CON.txt",
            "a/.couplet-0123456789abcdef/x",
            ".couplet-1",
            "a\u{202e}b",
            "a\nb",
            " a",
            "a.",
            "c:x",
            ".netrc",
            "a/.git/config",
        ] {
            assert!(ShelfName::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_lies_in_a_folder() {
        let site = ShelfName::new("site").expect("a name");
        assert_eq!(site.inside("a.html").map(String::from).as_deref(), Some("site/a.html"));
        assert_eq!(site.inside(".."), None);
        assert_eq!(site.inside("a/b"), None);
        let deep = ShelfName::new(&vec!["a"; MAX_PATH_PARTS].join("/")).expect("a name");
        assert_eq!(deep.inside("b"), None);
        assert!(!site.is_in_folder() && deep.is_in_folder());
    }

    proptest! {
        #[test]
        fn whatever_is_a_name_is_a_safe_path_and_shown_as_it_is(text in "\\PC{0,40}|[a/.]{0,12}") {
            if let Ok(name) = ShelfName::new(&text) {
                prop_assert!(SafePath::new(text.as_bytes()).is_ok());
                prop_assert_eq!(crate::text::line(&text, usize::MAX), text.clone());
                prop_assert!(name.parts().all(|part| part != ".." && !part.is_empty()));
            }
        }
    }
}
