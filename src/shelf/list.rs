//! What is on the shelf, as it is told: a page at a time, all of it or what matches.
//!
//! Owns the form, the order, what matches, and how much is on a page. Looking at the disk is the
//! relay's shell's.

use super::name::ShelfName;
use crate::transfer::entry::Stamp;
use crate::transfer::tree::Hash;
use serde::{Deserialize, Serialize};

/// The longest pattern, in bytes.
pub const MAX_PATTERN: usize = 256;

/// The most files on a page.
pub const PAGE_FILES: usize = 256;

/// The most bytes that the names of a page have; all else of a file takes at most 200 in JSON, and
/// escaped a name is at most twice as long.
pub const PAGE_BYTES: usize = 6 * 1024;

/// Asks what is there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Query {
    /// What the names must match: with `*`, `?`, `[…]` or `{…}` a glob, else a part of the name in
    /// whatever case. Without it all do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The last name of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ShelfName>,
    /// Whether hashes that aren't known are to be found out, which takes a while: this page is told
    /// without them, and a later one has them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hashes: bool,
}

/// A part of the list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Page {
    /// The files, by their names in the order of bytes.
    pub files: Vec<Shelved>,
    /// Whether there are more behind the last of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
    /// How many match in all.
    pub total_files: u64,
    /// How many bytes these have.
    pub total_bytes: u64,
    /// How many things on the shelf can't be told of: their names aren't safe everywhere, or they are
    /// no plain files.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u64,
}

/// A file on the shelf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shelved {
    /// Its name.
    pub name: ShelfName,
    /// Its bytes.
    pub size: u64,
    /// When it was changed.
    pub mtime: Stamp,
    /// Its BLAKE3 hash, if that is known.
    #[serde(default, with = "hex", skip_serializing_if = "Option::is_none")]
    pub hash: Option<Hash>,
}

impl Query {
    /// Whether the relay looks at the pattern at all.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), String> {
        match &self.pattern {
            Some(pattern) if pattern.len() > MAX_PATTERN => Err(format!(
                "a pattern has at most {MAX_PATTERN} bytes, and this one has {}",
                pattern.len()
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether a name matches, on whatever page.
    #[must_use]
    pub fn matches(&self, name: &ShelfName) -> bool {
        let Some(pattern) = self.pattern.as_deref().filter(|pattern| !pattern.is_empty()) else {
            return true;
        };
        if pattern.contains(['*', '?', '[', '{']) {
            let last = name.parts().next_back().unwrap_or_default();
            // As a shell would: without a slash it is about the file's own name.
            let about = if pattern.contains('/') { name.as_str() } else { last };
            return fast_glob::glob_match(pattern, about);
        }
        name.as_str().to_lowercase().contains(&pattern.to_lowercase())
    }

    /// The page that is asked for, of all files on the shelf in any order.
    #[must_use]
    pub fn page(&self, all: impl IntoIterator<Item = Shelved>, left_out: u64) -> Page {
        let mut page = Page { left_out, ..Page::default() };
        let mut matching: Vec<_> =
            all.into_iter().filter(|file| self.matches(&file.name)).collect();
        for file in &matching {
            page.total_files += 1;
            page.total_bytes = page.total_bytes.saturating_add(file.size);
        }
        if let Some(after) = &self.after {
            matching.retain(|file| file.name > *after);
        }
        matching.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let mut bytes = 0;
        for file in matching {
            bytes += file.name.as_str().len();
            let fits = bytes <= PAGE_BYTES || page.files.is_empty();
            if !fits || page.files.len() >= PAGE_FILES {
                page.more = true;
                break;
            }
            page.files.push(file);
        }
        page
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

mod hex {
    //! A hash that may not be known, as 64 lower-case hex digits.

    use super::Hash;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(hash: &Option<Hash>, to: S) -> Result<S::Ok, S::Error> {
        match hash {
            Some(hash) => to.serialize_str(blake3::Hash::from_bytes(*hash).to_hex().as_str()),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Hash>, D::Error> {
        let Some(hex) = Option::<String>::deserialize(from)? else { return Ok(None) };
        let hash = blake3::Hash::from_hex(hex.as_bytes()).map_err(D::Error::custom)?;
        Ok(Some(*hash.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_CONTROL_BODY;
    use proptest::prelude::*;

    fn file(name: &str, size: u64) -> Shelved {
        let name = ShelfName::new(name).expect("a name");
        Shelved { name, size, mtime: Stamp(1_700_000_000, 5), hash: Some([7; 32]) }
    }

    fn names(page: &Page) -> Vec<&str> {
        page.files.iter().map(|file| file.name.as_str()).collect()
    }

    fn query(pattern: &str) -> Query {
        Query { pattern: Some(pattern.to_owned()), ..Query::default() }
    }

    #[test]
    fn globs_and_searches() {
        let all = || ["b.PNG", "a.txt", "site/a.html", "photo (1).png"].map(|name| file(name, 3));
        for (pattern, expected) in [
            ("*.png", &["photo (1).png"][..]),
            ("png", &["b.PNG", "photo (1).png"]),
            ("*.html", &["site/a.html"]),
            ("site/*", &["site/a.html"]),
            ("{a,b}.*", &["a.txt", "b.PNG", "site/a.html"]),
            ("[a-b].???", &["a.txt", "b.PNG"]),
            ("", &["a.txt", "b.PNG", "photo (1).png", "site/a.html"]),
            ("nothing", &[]),
            ("[", &[]),
        ] {
            assert_eq!(names(&query(pattern).page(all(), 0)), expected, "{pattern:?}");
        }
        let page = query("png").page(all(), 2);
        assert_eq!((page.total_files, page.total_bytes, page.left_out), (2, 6, 2));
        assert!(query(&"x".repeat(MAX_PATTERN + 1)).check().is_err());
        assert!(query(&"*".repeat(MAX_PATTERN)).check().is_ok());
    }

    #[test]
    fn a_hostile_pattern_takes_no_time_to_speak_of() {
        let name = format!("{}b", "a".repeat(200));
        let page = query(&"*a".repeat(MAX_PATTERN / 2)).page([file(&name, 1)], 0);
        assert!(page.files.is_empty());
        let braces = "{a,".repeat(MAX_PATTERN / 3);
        assert!(query(&braces).page([file(&name, 1)], 0).files.is_empty());
    }

    #[test]
    fn pages_follow_each_other_and_each_fits_a_frame() {
        // Every character of these is escaped in JSON, or has several bytes.
        let all: Vec<_> =
            (0..700).map(|n| file(&format!("{}{n:04}", "\"é".repeat(n % 80)), n as u64)).collect();
        let mut query = Query::default();
        let mut told = Vec::new();
        loop {
            let page = query.page(all.clone(), 0);
            assert_eq!(page.total_files, 700);
            let json = serde_json::to_vec(&page).expect("JSON").len();
            assert!(json + 100 < MAX_CONTROL_BODY, "{json}");
            told.extend(names(&page).into_iter().map(str::to_owned));
            if !page.more {
                break;
            }
            query.after = page.files.last().map(|file| file.name.clone());
        }
        let mut expected: Vec<_> = all.iter().map(|file| file.name.as_str().to_owned()).collect();
        expected.sort();
        assert_eq!(told, expected);
    }

    proptest! {
        #[test]
        fn any_pattern_is_answered(pattern in "\\PC{0,60}|[*?\\[\\]{},!ab/\\\\-]{0,60}", name in "[ab/]{1,20}") {
            if let Ok(name) = ShelfName::new(&name) {
                let _ = query(&pattern).matches(&name);
            }
        }

        #[test]
        fn a_page_comes_back_as_it_was(count in 0_usize..20, known in any::<bool>()) {
            let all = (0..count).map(|n| {
                Shelved { hash: known.then_some([9; 32]), ..file(&format!("f{n}"), 1) }
            });
            let page = Query::default().page(all, 3);
            let json = serde_json::to_string(&page).expect("JSON");
            prop_assert_eq!(serde_json::from_str::<Page>(&json).expect("a page"), page);
        }
    }
}
