//! A path below a folder, as raw bytes.
//!
//! Owns the question "does this path stay below its folder?" for the entries of a tree. Names inside
//! a tree are kept as they are, whatever bytes they have, since what somebody calls their files isn't
//! couplet's to judge; what is *shown* of them goes through the sanitiser, and the name of what is
//! offered is a [`SafeName`]. Links in the way are the shells' to refuse, which open every part of a
//! path without following any.

use super::{MAX_NAME_BYTES, MAX_PATH_BYTES, MAX_PATH_PARTS, NameError, PARTIAL_PREFIX, SafeName};
use crate::text;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;

/// A relative path: 1..=[`MAX_PATH_PARTS`] names with `/` between them, at most [`MAX_PATH_BYTES`]
/// bytes. No name is empty, `.`, `..`, longer than [`MAX_NAME_BYTES`], has a NUL or begins like
/// couplet's own files, so joined to a folder it stays below it and aims at nothing of couplet's.
/// All else is lawful, bytes that are no UTF-8 included.
///
/// Travels as a string, or as `{"bytes":"…"}` in base64 if it isn't UTF-8; checked when it is read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SafePath(Box<[u8]>);

impl SafePath {
    /// Accepts the path exactly as it is, or says why not.
    ///
    /// # Errors
    /// The first of [`NameError`]'s reasons that holds for the path or one of its names.
    ///
    /// ```
    /// use couplet::path::SafePath;
    /// assert_eq!(SafePath::new("project/src/main.rs").unwrap().parts().count(), 3);
    /// assert!(SafePath::new("project/../../etc/passwd").is_err());
    /// assert!(SafePath::new(b"caf\xe9/menu").is_ok());
    /// ```
    pub fn new(path: impl AsRef<[u8]>) -> Result<Self, NameError> {
        let path = path.as_ref();
        if path.is_empty() {
            return Err(NameError::Empty);
        }
        if path.len() > MAX_PATH_BYTES {
            return Err(NameError::PathTooLong { path: shown(path), bytes: path.len() });
        }
        if path.starts_with(b"/") {
            return Err(NameError::Absolute(shown(path)));
        }
        let mut parts = 0;
        for part in path.split(|byte| *byte == b'/') {
            parts += 1;
            check(part, path)?;
        }
        if parts > MAX_PATH_PARTS {
            return Err(NameError::TooDeep { path: shown(path), parts });
        }
        Ok(Self(path.into()))
    }

    /// The path as bytes, with `/` between the names.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its names from the outermost in; there is at least one.
    #[must_use]
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &[u8]> + Clone {
        self.0.split(|byte| *byte == b'/')
    }

    /// Its first name.
    #[must_use]
    pub fn first(&self) -> &[u8] {
        self.parts().next().unwrap_or(&self.0)
    }

    /// Its last name.
    #[must_use]
    pub fn last(&self) -> &[u8] {
        self.parts().next_back().unwrap_or(&self.0)
    }

    /// The path without its last name; none if that was the only one.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let end = self.0.iter().rposition(|byte| *byte == b'/')?;
        Some(Self(self.0[..end].into()))
    }

    /// The path of something inside this one.
    ///
    /// # Errors
    /// [`NameError`] if the name isn't lawful or the result would be too long or too deep.
    pub fn join(&self, name: impl AsRef<[u8]>) -> Result<Self, NameError> {
        Self::new([&self.0, name.as_ref()].join(&b'/'))
    }

    /// The same path with another first name.
    ///
    /// # Errors
    /// [`NameError::PathTooLong`] if it would be.
    pub fn with_first(&self, name: &SafeName) -> Result<Self, NameError> {
        let rest = &self.0[self.first().len()..];
        Self::new([name.as_str().as_bytes(), rest].concat())
    }

    /// Whether a link in the folder of this path that leads to `target` stays below the first name
    /// of this path, going by names alone. Upwards it may only lead at its beginning: behind a name
    /// that is a link itself, nobody could tell by names where `..` is.
    #[must_use]
    pub fn holds_link_to(&self, target: &[u8]) -> bool {
        if target.is_empty() || target.starts_with(b"/") || target.contains(&0) {
            return false;
        }
        // The link's own name isn't a level that ".." could leave.
        let mut depth = self.parts().count() - 1;
        let mut is_below = false;
        for part in target.split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." if is_below || depth <= 1 => return false,
                b".." => depth -= 1,
                _ => is_below = true,
            }
        }
        depth >= 1
    }
}

fn check(part: &[u8], path: &[u8]) -> Result<(), NameError> {
    if part.is_empty() {
        return Err(NameError::EmptyPart(shown(path)));
    }
    if matches!(part, b"." | b"..") {
        return Err(NameError::Outside(shown(path)));
    }
    if part.contains(&0) {
        return Err(NameError::Control(shown(path)));
    }
    if part.len() > MAX_NAME_BYTES {
        return Err(NameError::NameTooLong { name: shown(part), bytes: part.len() });
    }
    let prefix = PARTIAL_PREFIX.as_bytes();
    if part.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)) {
        return Err(NameError::Ours(shown(path)));
    }
    Ok(())
}

fn shown(bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(MAX_NAME_BYTES)];
    text::line(&String::from_utf8_lossy(start), 60)
}

impl fmt::Display for SafePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&text::line(&String::from_utf8_lossy(&self.0), usize::MAX))
    }
}

impl fmt::Debug for SafePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SafePath({:?})", String::from_utf8_lossy(&self.0))
    }
}

impl From<SafeName> for SafePath {
    fn from(name: SafeName) -> Self {
        Self(name.as_str().as_bytes().into())
    }
}

impl AsRef<[u8]> for SafePath {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for SafePath {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        RawName(self.0.to_vec()).serialize(to)
    }
}

impl<'de> Deserialize<'de> for SafePath {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = RawName::deserialize(from)?;
        Self::new(&raw.0).map_err(D::Error::custom)
    }
}

/// Bytes that are usually text, in JSON: a string, or `{"bytes":"…"}` in base64 if it isn't UTF-8.
/// Nothing about them is checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RawName(pub Vec<u8>);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum RawNameForm<'a> {
    #[serde(borrow)]
    Text(std::borrow::Cow<'a, str>),
    Bytes {
        bytes: String,
    },
}

impl Serialize for RawName {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match str::from_utf8(&self.0) {
            Ok(text) => to.serialize_str(text),
            Err(_) => RawNameForm::Bytes { bytes: BASE64.encode(&self.0) }.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for RawName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match RawNameForm::deserialize(from)? {
            RawNameForm::Text(text) => Ok(Self(text.into_owned().into_bytes())),
            RawNameForm::Bytes { bytes } => {
                BASE64.decode(bytes).map(Self).map_err(D::Error::custom)
            }
        }
    }
}
