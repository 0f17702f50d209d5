//! What the word that is being typed may become.
//!
//! Owns nothing secret: it only says which words begin so.

use super::reading::{beginning_with, separates};

/// Candidates that are told at most.
const MOST: usize = 8;

/// What may follow what was typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completion {
    /// What can be added because every word that begins so goes on with it.
    pub rest: Option<&'static str>,
    /// The first words that begin so, at most 8; none before a letter of the word was typed.
    pub candidates: Vec<&'static str>,
}

/// Completes the word at the end of `text`, the beginning of a code.
///
/// ```
/// use couplet::code::complete;
/// let completion = complete("7-otter-lam");
/// assert_eq!((completion.rest, completion.candidates), (Some("p"), vec!["lamp"]));
/// ```
#[must_use]
pub fn complete(text: &str) -> Completion {
    let start = text.trim_start_matches(separates);
    let after = start.trim_start_matches(|character: char| character.is_ascii_digit());
    // The longest word has five letters, so there is nothing to look for in a long text.
    let typed = after.rsplit(separates).next().unwrap_or_default();
    if after.len() == start.len() || typed.is_empty() || typed.len() > MOST {
        return Completion::default();
    }
    let all = beginning_with(&typed.to_ascii_lowercase());
    let common = match all {
        [] => "",
        // Between sorted words everything else lies between, so these two tell for all.
        [first, .., last] => {
            let same = first.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count();
            &first[typed.len()..same]
        }
        [only] => &only[typed.len()..],
    };
    Completion {
        rest: (!common.is_empty()).then_some(common),
        candidates: all.iter().take(MOST).copied().collect(),
    }
}
