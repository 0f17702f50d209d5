//! Reading a code as people type it.
//!
//! Owns what is forgiven and what each mistake is told as. What is repeated of the input has been
//! through the sanitiser.

use super::words::WORDS;
use super::{Code, Words, place};
use crate::nearness;
use crate::text;
use std::fmt;
use zeroize::Zeroizing;

/// The longest text that is looked at, in bytes: a code with the longest words takes a quarter of it.
const MOST_BYTES: usize = 256;

/// How much of a mistaken word is repeated, in columns.
const MOST_REPEATED: usize = 24;

/// Words that are told when what was typed may be any of them.
const MOST_TOLD: usize = 8;

/// A text that isn't a code: what is wrong, and what to do.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Nothing but spaces and dashes.
    #[error("a code is a number and words, such as 7-otter-lamp; type the one you were told")]
    Empty,
    /// Far longer than any code.
    #[error("that is longer than any code; one looks like 7-otter-lamp")]
    TooLong,
    /// It doesn't begin with a number.
    #[error(
        "a code begins with a number, such as 7-otter-lamp, not with {typed}; put the number first"
    )]
    NoNumber {
        /// What it begins with.
        typed: String,
    },
    /// The number isn't one that a room can have.
    #[error("{typed} isn't the number of a room (1 to {max}); check it with whoever gave you the code", max = u32::MAX)]
    BadNumber {
        /// What was typed.
        typed: String,
    },
    /// Fewer words than a code has.
    #[error("a code has a number and at least {fewest} words, such as 7-otter-lamp; {}", missing(*given), fewest = Words::FEWEST)]
    TooFewWords {
        /// How many there are.
        given: usize,
    },
    /// More words than a code has.
    #[error("a code has at most {most} words after its number, and this has {given}; leave out what doesn't belong to it", most = Words::MOST)]
    TooManyWords {
        /// How many there are.
        given: usize,
    },
    /// A word that no code has.
    #[error("no code has the word {typed}; did you mean {nearest}?")]
    UnknownWord {
        /// What was typed.
        typed: String,
        /// The word that is nearest to it.
        nearest: &'static str,
    },
    /// The beginning of several words.
    #[error("{typed} may be {}; write the word out", alternatives(candidates, *more))]
    AmbiguousWord {
        /// What was typed.
        typed: String,
        /// Words that begin so, the first few.
        candidates: Vec<&'static str>,
        /// Whether there are more.
        more: bool,
    },
}

/// Words of a code don't belong into logs, mistaken ones included.
impl fmt::Debug for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "Empty",
            Self::TooLong => "TooLong",
            Self::NoNumber { .. } => "NoNumber",
            Self::BadNumber { .. } => "BadNumber",
            Self::TooFewWords { .. } => "TooFewWords",
            Self::TooManyWords { .. } => "TooManyWords",
            Self::UnknownWord { .. } => "UnknownWord",
            Self::AmbiguousWord { .. } => "AmbiguousWord",
        })
    }
}

/// Whether `character` stands between the parts of a code: what a phone or a chat makes of a dash
/// is one too.
pub(super) fn separates(character: char) -> bool {
    let dash = matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ad}');
    dash || character.is_whitespace() || matches!(character, '_' | '.' | ',' | '`' | '\'' | '"')
}

/// The words that begin with `start`, which is in small letters.
pub(super) fn beginning_with(start: &str) -> &'static [&'static str] {
    let from = WORDS.partition_point(|word| *word < start);
    let count = WORDS[from..].iter().take_while(|word| word.starts_with(start)).count();
    &WORDS[from..from + count]
}

/// Reads `typed`; see [`Code::parse`].
pub(super) fn read(typed: &str) -> Result<Code, CodeError> {
    if typed.len() > MOST_BYTES {
        return Err(CodeError::TooLong);
    }
    let lower = Zeroizing::new(typed.to_ascii_lowercase());
    let whole = lower.trim_matches(separates);
    // The number may stand right before the first word.
    let digits = whole.find(|character: char| !character.is_ascii_digit()).unwrap_or(whole.len());
    let (digits, rest) = whole.split_at(digits);
    if digits.is_empty() {
        return Err(match whole.split(separates).next() {
            None | Some("") => CodeError::Empty,
            Some(part) => CodeError::NoNumber { typed: repeated(part) },
        });
    }
    let Ok(number) = digits.trim_start_matches('0').parse::<u32>() else {
        return Err(CodeError::BadNumber { typed: repeated(digits) });
    };
    let mut places = Zeroizing::new(Vec::with_capacity(Words::MOST));
    let parts = || rest.split(separates).filter(|part| !part.is_empty());
    for part in parts().take(Words::MOST) {
        places.push(place_of(part)?);
    }
    match parts().count() {
        given if given < Words::FEWEST => Err(CodeError::TooFewWords { given }),
        given if given > Words::MOST => Err(CodeError::TooManyWords { given }),
        _ => Ok(Code::new(number, Words(places))),
    }
}

/// The place of the word that `part` is, or begins.
fn place_of(part: &str) -> Result<u16, CodeError> {
    let from = WORDS.partition_point(|word| *word < part);
    let candidates = beginning_with(part);
    match candidates {
        // Itself first, since it is sorted: `art` is a word though `artist` may be another.
        [exact, ..] if *exact == part => Ok(place(from)),
        [_] => Ok(place(from)),
        [] => {
            let nearest = WORDS.iter().copied().min_by_key(|word| nearness::distance(part, word));
            let nearest = nearest.unwrap_or_default();
            Err(CodeError::UnknownWord { typed: repeated(part), nearest })
        }
        several => Err(CodeError::AmbiguousWord {
            typed: repeated(part),
            candidates: several.iter().take(MOST_TOLD).copied().collect(),
            more: several.len() > MOST_TOLD,
        }),
    }
}

fn repeated(typed: &str) -> String {
    let shown = text::line(typed, MOST_REPEATED);
    if shown.is_empty() { "that".to_owned() } else { shown }
}

fn missing(given: usize) -> &'static str {
    if given == 0 { "type its words too" } else { "type the other word too" }
}

fn alternatives(candidates: &[&str], more: bool) -> String {
    if more {
        return format!("{} and others", candidates.join(", "));
    }
    match candidates.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        Some((last, _)) => (*last).to_owned(),
        None => String::new(),
    }
}
