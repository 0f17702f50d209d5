//! What is looked for in texts: found in any case, and only as whole characters.
//!
//! Owns what counts as found. A letter isn't found in one that has an accent: both ends of what is
//! found lie between grapheme clusters.

use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// Places that are told of one text.
const MOST_PLACES: usize = 1000;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Needle {
    folded: String,
}

impl Needle {
    /// Looks for `text`; none if there is nothing to look for.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let folded: String = text.chars().flat_map(char::to_lowercase).collect();
        (!folded.is_empty()).then_some(Self { folded })
    }

    /// Where it is first.
    pub(crate) fn first_in(&self, text: &str) -> Option<Range<usize>> {
        self.places(text, 1).pop()
    }

    /// Where it is, as far as that is worth telling.
    pub(crate) fn all_in(&self, text: &str) -> Vec<Range<usize>> {
        self.places(text, MOST_PLACES)
    }

    fn places(&self, text: &str, most: usize) -> Vec<Range<usize>> {
        let mut places = Vec::new();
        if text.is_ascii() {
            if self.folded.is_ascii() {
                let folded = text.to_ascii_lowercase();
                let found = folded.match_indices(&self.folded).take(most);
                places.extend(found.map(|(at, part)| at..at + part.len()));
            }
            return places;
        }
        // Where clusters begin, in the folded text and in the text.
        let mut folded = String::with_capacity(text.len());
        let mut starts = Vec::new();
        for (at, cluster) in text.grapheme_indices(true) {
            starts.push((folded.len(), at));
            folded.extend(cluster.chars().flat_map(char::to_lowercase));
        }
        starts.push((folded.len(), text.len()));
        let start_of = |byte: usize| {
            starts.binary_search_by_key(&byte, |(folded, _)| *folded).ok().map(|at| starts[at].1)
        };
        let mut from = 0;
        while let Some(at) = folded[from..].find(&self.folded).map(|at| at + from) {
            let end = at + self.folded.len();
            if let (Some(start), Some(stop)) = (start_of(at), start_of(end)) {
                places.push(start..stop);
                if places.len() == most {
                    break;
                }
                from = end;
            } else {
                from = at + folded[at..].chars().next().map_or(1, char::len_utf8);
            }
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found<'a>(what: &str, text: &'a str) -> Vec<&'a str> {
        let needle = Needle::new(what).unwrap();
        needle.all_in(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn any_case_is_found_and_only_whole_characters() {
        assert_eq!(found("ab", "ABcab aB"), ["AB", "ab", "aB"]);
        assert_eq!(found("ÜNAL", "Herr ünal und ÜNAL"), ["ünal", "ÜNAL"]);
        assert_eq!(found("e", "cafe\u{301} here"), ["e", "e"]);
        assert_eq!(found("E\u{301}", "cafe\u{301}"), ["e\u{301}"]);
        assert_eq!(found("👩", "👩‍👩‍👧‍👦 👩"), ["👩"]);
        assert_eq!(found("本語", "日本語の"), ["本語"]);
        assert_eq!(found("i", "İi"), ["i"]);
        assert_eq!(found("aa", "aaaaa"), ["aa", "aa"]);
        assert!(found("é", "plain").is_empty());
        assert_eq!(Needle::new(""), None);
    }

    proptest! {
        #[test]
        fn what_was_cut_out_is_found(text in "(\\PC|[a-cA-C\u{301}é日]){0,30}", at in 0_usize..30, len in 1_usize..5) {
            let clusters: Vec<&str> = text.graphemes(true).skip(at).take(len).collect();
            if let Some(needle) = Needle::new(&clusters.concat().to_uppercase()).filter(|_| text.is_ascii()) {
                prop_assert!(needle.first_in(&text).is_some());
            }
            if let Some(needle) = Needle::new(&clusters.concat()) {
                prop_assert!(needle.first_in(&text).is_some());
                for range in needle.all_in(&text) {
                    prop_assert!(text.get(range).is_some());
                }
            }
        }
    }
}
