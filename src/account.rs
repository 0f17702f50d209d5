//! Accounts of a relay's shelf, as both sides know them: names, rights, and what a password may be.
//!
//! Owns what is a name and what is a password, so that the relay, its `account` commands and the
//! clients agree. How passwords are kept and compared is the relay's; how tries are slowed is
//! [`crate::logins`]'s.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use unicode_normalization::UnicodeNormalization as _;

/// The longest name of an account, in bytes.
pub const MAX_ACCOUNT_BYTES: usize = 32;

/// The shortest password, in bytes of UTF-8 in its normal form. One byte is at most one keystroke.
pub const MIN_PASSWORD_BYTES: usize = 8;

/// The longest password, in bytes of UTF-8 in its normal form, and as it is typed.
pub const MAX_PASSWORD_BYTES: usize = 256;

/// The name of an account: small Latin letters, digits, and `.`, `_`, `-` between them.
///
/// So nothing about it depends on a font, a language or a case, and it can be shown anywhere as it
/// is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct AccountName(String);

/// A text that is no name of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "that is no name of an account: expected 1 to {MAX_ACCOUNT_BYTES} small letters a-z and digits, with . _ - between them, such as ann or build-2"
)]
pub struct BadAccountName;

impl AccountName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountName {
    type Err = BadAccountName;

    fn from_str(text: &str) -> Result<Self, BadAccountName> {
        let is_plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let is_known = |byte: &u8| is_plain(byte) || b"._-".contains(byte);
        let bytes = text.as_bytes();
        let ends = bytes.first().is_some_and(is_plain) && bytes.last().is_some_and(is_plain);
        if ends && bytes.len() <= MAX_ACCOUNT_BYTES && bytes.iter().all(is_known) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadAccountName)
        }
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<AccountName> for String {
    fn from(name: AccountName) -> Self {
        name.0
    }
}

impl TryFrom<String> for AccountName {
    type Error = BadAccountName;

    fn try_from(text: String) -> Result<Self, BadAccountName> {
        text.parse()
    }
}

/// What an account may do at the shelf.
///
/// In messages they are as people write them, such as `"get,put"`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Rights(u8);

/// A text that names no rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected rights with commas between them, out of get, put and delete, or none")]
pub struct BadRights;

impl Rights {
    /// None at all: who has them may log in and see the list.
    pub const NONE: Self = Self(0);
    /// To fetch files.
    pub const GET: Self = Self(1);
    /// To lay files down.
    pub const PUT: Self = Self(2);
    /// To remove files.
    pub const DELETE: Self = Self(4);
    /// All of them.
    pub const ALL: Self = Self(7);

    const NAMED: [(Self, &str); 3] =
        [(Self::GET, "get"), (Self::PUT, "put"), (Self::DELETE, "delete")];

    /// These and the others.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether all of the others are among these.
    #[must_use]
    pub const fn include(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// The names of these, in their order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let named = Self::NAMED.into_iter();
        named.filter(move |(right, _)| self.include(*right)).map(|(_, name)| name)
    }

    /// As a number to be written down.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// From such a number; nothing if it has rights in it that aren't known.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits <= Self::ALL.0 { Some(Self(bits)) } else { None }
    }
}

impl FromStr for Rights {
    type Err = BadRights;

    fn from_str(text: &str) -> Result<Self, BadRights> {
        if text == "none" {
            return Ok(Self::NONE);
        }
        text.split(',').map(str::trim).try_fold(Self::NONE, |rights, word| {
            let named = Self::NAMED.into_iter().find(|(_, name)| *name == word);
            named.map(|(right, _)| rights.and(right)).ok_or(BadRights)
        })
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.names().collect();
        f.pad(&if names.is_empty() { "none".to_owned() } else { names.join(",") })
    }
}

impl From<Rights> for String {
    fn from(rights: Rights) -> Self {
        rights.to_string()
    }
}

impl TryFrom<String> for Rights {
    type Error = BadRights;

    fn try_from(text: String) -> Result<Self, BadRights> {
        text.parse()
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rights({self})")
    }
}

/// A text that can't be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// Too short.
    #[error("that password is too short: it needs at least {MIN_PASSWORD_BYTES} characters")]
    Short,
    /// Too long.
    #[error("that password is too long: it may have {MAX_PASSWORD_BYTES} bytes")]
    Long,
    /// A character that can't be typed the same everywhere.
    #[error(
        "that password has a control character in it, such as a tab or a line's end; use what can be typed"
    )]
    Control,
}

/// Writes the normal form of a password that was typed as `text` to `into`, which is emptied first
/// and in which nothing is left if this fails.
///
/// One and the same password comes in as different bytes from different keyboards: `é` as one
/// character or as two. So it is brought into Unicode's form NFC, and every kind of space becomes the
/// usual one, as RFC 8265 (`OpaqueString`) has it. Nothing else is changed: case and spaces count.
///
/// Give an `into` that is wiped when it is dropped, with room for [`MAX_PASSWORD_BYTES`]: it isn't
/// moved to a larger place then.
///
/// # Errors
/// [`BadPassword`] if it can't be one.
pub fn normal_password(text: &str, into: &mut String) -> Result<(), BadPassword> {
    into.clear();
    let bad = if text.len() > MAX_PASSWORD_BYTES {
        Some(BadPassword::Long)
    } else {
        text.nfc().map(|c| if is_space(c) { ' ' } else { c }).find_map(|c| {
            if c.is_control() {
                return Some(BadPassword::Control);
            }
            let too_long = into.len() + c.len_utf8() > MAX_PASSWORD_BYTES;
            if !too_long {
                into.push(c);
            }
            too_long.then_some(BadPassword::Long)
        })
    };
    let bad = bad.or_else(|| (into.len() < MIN_PASSWORD_BYTES).then_some(BadPassword::Short));
    bad.map_or(Ok(()), |bad| {
        into.clear();
        Err(bad)
    })
}

/// Unicode's spaces (category Zs) other than the usual one.
const fn is_space(c: char) -> bool {
    matches!(
        c,
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn normal(text: &str) -> Result<String, BadPassword> {
        let mut into = "left from before".to_owned();
        let result = normal_password(text, &mut into);
        assert!(result.is_ok() || into.is_empty(), "nothing is left: {into:?}");
        result.map(|()| into)
    }

    #[test]
    fn names_are_plain_and_short() {
        let longest = "a".repeat(MAX_ACCOUNT_BYTES);
        for good in ["a", "ann", "build-2", "0", "a.b_c-d", &longest] {
            assert_eq!(good.parse::<AccountName>().expect(good).as_str(), good);
        }
        let longer = "a".repeat(MAX_ACCOUNT_BYTES + 1);
        let bad = ["", "Ann", "ann ", "-a", "a-", ".", "..", "a/b", "änn", "a\0b", "a\nb", &longer];
        for bad in bad {
            assert_eq!(bad.parse::<AccountName>(), Err(BadAccountName), "{bad:?}");
            let json = serde_json::to_string(bad).expect("text");
            assert!(serde_json::from_str::<AccountName>(&json).is_err(), "{json}");
        }
    }

    #[test]
    fn rights_are_read_as_they_are_written() {
        for bits in 0..=u8::MAX {
            let Some(rights) = Rights::from_bits(bits) else {
                assert!(bits > 7);
                continue;
            };
            assert_eq!(rights.bits(), bits);
            assert_eq!(rights.to_string().parse(), Ok(rights));
            let json = serde_json::to_string(&rights).expect("text");
            assert_eq!(serde_json::from_str::<Rights>(&json).expect("the same"), rights);
        }
        assert_eq!("put, get".parse(), Ok(Rights::GET.and(Rights::PUT)));
        assert_eq!(Rights::ALL.to_string(), "get,put,delete");
        assert!(Rights::ALL.include(Rights::PUT) && !Rights::GET.include(Rights::PUT));
        for bad in ["", "get,", "Get", "all", "get put", "none,get"] {
            assert_eq!(bad.parse::<Rights>(), Err(BadRights), "{bad:?}");
        }
    }

    #[test]
    fn one_password_has_one_form_however_it_is_typed() {
        assert_eq!(normal("cafe\u{301} noir"), Ok("café noir".to_owned()));
        assert_eq!(normal("café\u{a0}noir"), normal("café\u{3000}noir"));
        assert_eq!(normal("  case Counts "), Ok("  case Counts ".to_owned()));
        assert_ne!(normal("Password"), normal("password"));
        // Not one of those that only look alike.
        assert_eq!(normal("ﬁle-file"), Ok("ﬁle-file".to_owned()));
    }

    #[test]
    fn what_cannot_be_a_password_says_why() {
        assert_eq!(normal("1234567"), Err(BadPassword::Short));
        assert!(normal("12345678").is_ok());
        assert!(normal(&"a".repeat(MAX_PASSWORD_BYTES)).is_ok());
        assert_eq!(normal(&"a".repeat(MAX_PASSWORD_BYTES + 1)), Err(BadPassword::Long));
        // The normal form of this is three times as long.
        assert_eq!(normal(&"\u{1d160}".repeat(40)), Err(BadPassword::Long));
        for control in ["\t", "\n", "\0", "\u{1b}", "\u{7f}", "\u{85}"] {
            assert_eq!(normal(&format!("12345678{control}")), Err(BadPassword::Control));
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_bounded_and_stays_as_it_is(text in "\\PC{0,80}|.{0,300}") {
            if let Ok(once) = normal(&text) {
                prop_assert!((MIN_PASSWORD_BYTES..=MAX_PASSWORD_BYTES).contains(&once.len()));
                prop_assert_eq!(normal(&once), Ok(once));
            }
        }

        #[test]
        fn a_name_is_shown_as_it_is(text in "\\PC{0,40}|[a-z0-9._-]{0,40}") {
            if let Ok(name) = text.parse::<AccountName>() {
                prop_assert_eq!(name.to_string(), text.clone());
                prop_assert_eq!(crate::text::line(&text, 100), text);
            }
        }
    }
}
