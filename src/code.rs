//! Codes to meet by: `7-otter-lamp`.
//!
//! Owns their words, their spelling, and how forgivingly they are read. The number is the room's and
//! goes to the relay; the words are the password of [`crate::seal`] and never leave the machine. A
//! code is drawn once for one meeting, so whoever guesses has one try for each meeting that fails:
//! with two words one in about 1.4 million ([`Words::possibilities`]).
//!
//! ```
//! use couplet::code::Code;
//! let code: Code = " 07 Otter LAMP".parse()?;
//! assert_eq!(code.to_string(), "7-otter-lamp");
//! assert_eq!(code.room().as_str(), "7");
//! // A word need not be written out, if no other begins so.
//! assert_eq!(Code::parse("7.otte.lamp")?.to_string(), "7-otter-lamp");
//! // A slip is told, and what was probably meant.
//! let error = Code::parse("7-oter-lamp").unwrap_err();
//! assert!(error.to_string().contains("did you mean otter?"));
//! # Ok::<(), couplet::code::CodeError>(())
//! ```

mod completion;
mod reading;
mod words;

pub use completion::{Completion, complete};
pub use reading::CodeError;

use crate::names::RoomName;
use crate::seal::Password;
use std::fmt;
use words::{LEN, WORDS};
use zeroize::{Zeroize, Zeroizing};

/// How many words the list has.
const COUNT: u64 = LEN as u64;

/// The words of a code: the half of it that is secret.
///
/// Wiped from memory when dropped; `Debug` hides them. `Display` spells them, as they are shown to
/// the one who is to tell them: `otter-lamp`.
#[derive(Clone, PartialEq, Eq)]
pub struct Words(Zeroizing<Vec<u16>>);

impl Words {
    /// The fewest that a code has.
    pub const FEWEST: usize = 2;
    /// The most that a code has.
    pub const MOST: usize = 8;

    /// Chooses `count` words, as few or as many as a code may have, each as likely as any other.
    /// `entropy` must come from a cryptographic source, and be used for nothing else.
    #[must_use]
    pub fn choose(count: usize, entropy: &[u8; 32]) -> Self {
        let count = count.clamp(Self::FEWEST, Self::MOST);
        let mut hasher = blake3::Hasher::new_derive_key("couplet 2026 words of a code");
        hasher.update(entropy);
        let mut stream = hasher.finalize_xof();
        let mut chosen = Zeroizing::new(Vec::with_capacity(Self::MOST));
        let mut bytes = [0; 2];
        while chosen.len() < count {
            stream.fill(&mut bytes);
            let number = usize::from(u16::from_le_bytes(bytes));
            // Numbers past the last whole multiple would make the first words likelier.
            if number < 65_536 / LEN * LEN {
                chosen.push(place(number % LEN));
            }
        }
        bytes.zeroize();
        Self(chosen)
    }

    /// How many different choices of so many words there are; a guess hits with one in as many.
    #[must_use]
    pub const fn possibilities(count: usize) -> u64 {
        let mut product: u64 = 1;
        let mut left = count;
        while left > 0 {
            product = product.saturating_mul(COUNT);
            left -= 1;
        }
        product
    }

    /// The password that they are: the words in small letters with a dash between.
    #[must_use]
    pub fn password(&self) -> Password {
        // Long enough from the start, so that growing leaves no copies behind.
        let mut spelled = String::with_capacity(Self::MOST * 8);
        for (at, word) in self.iter().enumerate() {
            if at > 0 {
                spelled.push('-');
            }
            spelled.push_str(word);
        }
        Password::new(spelled)
    }

    /// How many they are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    fn iter(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().filter_map(|place| WORDS.get(usize::from(*place)).copied())
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, word) in self.iter().enumerate() {
            let dash = if at > 0 { "-" } else { "" };
            write!(f, "{dash}{word}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words(hidden)")
    }
}

/// A whole code: the number of a room, and the words.
///
/// `Display` spells it in the one way in which couplet writes codes; reading one is forgiving
/// ([`Code::parse`]). `Debug` hides the words.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    number: u32,
    words: Words,
}

impl Code {
    /// The code of the room of this number, which counts from 1.
    #[must_use]
    pub fn new(number: u32, words: Words) -> Self {
        Self { number: number.max(1), words }
    }

    /// Reads a code however it is likely to be typed: in any case, with spaces, dots, underscores
    /// or several dashes for a dash, with zeros before the number, and with words cut short where
    /// only one begins so.
    ///
    /// # Errors
    /// [`CodeError`], which says what to do.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        reading::read(text)
    }

    /// The number of the room.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// The room in which to meet.
    #[must_use]
    pub fn room(&self) -> RoomName {
        RoomName::numbered(self.number)
    }

    /// The secret half.
    #[must_use]
    pub const fn words(&self) -> &Words {
        &self.words
    }
}

impl std::str::FromStr for Code {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        Self::parse(text)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.number, self.words)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({}, words hidden)", self.number)
    }
}

/// Three words for a number that two users compare by voice, the highest digit first: `number` is
/// reduced modulo the number of words cubed (about 1.6 thousand million, 30 bits), and written with
/// the words as digits.
///
/// For a number that is uniform over all `u64` the words are uniform to within one in ten thousand
/// million.
#[must_use]
pub fn verification_words(number: u64) -> [&'static str; 3] {
    let digit = |value: u64| WORDS[usize::from(place_of(value % COUNT))];
    [digit(number / COUNT / COUNT), digit(number / COUNT), digit(number)]
}

#[expect(clippy::cast_possible_truncation, reason = "below LEN, which fits")]
const fn place(index: usize) -> u16 {
    index as u16
}

#[expect(clippy::cast_possible_truncation, reason = "below LEN, which fits")]
const fn place_of(digit: u64) -> u16 {
    digit as u16
}

#[cfg(test)]
mod tests;
