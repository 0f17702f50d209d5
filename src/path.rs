//! The names a peer may give to files: [`SafeName`] for one, [`SafePath`] for a relative path.
//!
//! Owns the question "may this name be created below a folder of mine?", and answers it for what is
//! offered the same on every system, since two people seldom run the same one. It doesn't own opening
//! anything (the shells do, through a handle of the folder, which also guards against symbolic
//! links), nor what happens when a name is already taken, beyond offering [`SafeName::numbered`].
//!
//! A hostile name is refused with its reason, never silently repaired: a repaired name could
//! collide with an honest one, and nobody would learn that somebody tried.

mod relative;

pub use relative::{RawName, SafePath};

use crate::text;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use unicode_normalization::UnicodeNormalization as _;

/// The longest name, in bytes of UTF-8: what the common file systems take.
pub const MAX_NAME_BYTES: usize = 255;

/// The longest path, in bytes of UTF-8, slashes included (Linux's `PATH_MAX`).
pub const MAX_PATH_BYTES: usize = 4096;

/// How many names a path may have.
pub const MAX_PATH_PARTS: usize = 64;

/// What the names of couplet's own files for unfinished transfers begin with. No peer may use it,
/// in any case of letters, so that none can aim at them.
pub const PARTIAL_PREFIX: &str = ".couplet-";

/// Why a name or path was refused. The names in the texts are safe to show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No name at all.
    #[error("the file name is empty; give the file a name before sending it")]
    Empty,
    /// `.` or `..`.
    #[error("the name \"{0}\" points outside the folder; rename the file before sending it")]
    Outside(String),
    /// `/` or `\` inside one name. The backslash too: it separates folders on Windows.
    #[error("the name \"{0}\" has a slash or backslash in it; rename the file without it")]
    Separator(String),
    /// C0, DEL or C1.
    #[error("the name \"{0}\" has control characters in it; rename the file without them")]
    Control(String),
    /// Characters that don't show, reorder what shows, or pile up: not its own [`text::message`].
    #[error(
        "the name \"{0}\" has hidden or misleading characters in it; rename the file without them"
    )]
    Misleading(String),
    /// A letter and a colon first.
    #[error("the name \"{0}\" begins like a Windows drive; rename the file without the colon")]
    Drive(String),
    /// A name that Windows gives to a device, with or without an extension.
    #[error(
        "the name \"{0}\" means a device on Windows, not a file; rename the file before sending it"
    )]
    Device(String),
    /// A blank first or last, or a dot last; Windows drops the latter two.
    #[error(
        "the name \"{0}\" begins or ends with a space or ends with a dot; rename the file \
         without it"
    )]
    Edge(String),
    /// Begins with [`PARTIAL_PREFIX`].
    #[error(
        "the name \"{0}\" begins with {PARTIAL_PREFIX:?}, which couplet keeps for its own files; \
         rename the file before sending it"
    )]
    Ours(String),
    /// Begins with a dot, where such names aren't taken.
    #[error(
        "the name \"{0}\" begins with a dot, which hides a file, and a shelf shows all that it \
         has; rename the file without it"
    )]
    Hidden(String),
    /// More than [`MAX_NAME_BYTES`].
    #[error(
        "the name \"{name}\" has {bytes} bytes, and at most {MAX_NAME_BYTES} are possible; give \
         the file a shorter name"
    )]
    NameTooLong {
        /// The beginning of the name.
        name: String,
        /// Its length in bytes.
        bytes: usize,
    },
    /// A path that begins with a slash.
    #[error("the path \"{0}\" is absolute; send it relative to the folder you are sending")]
    Absolute(String),
    /// Two slashes in a row, or one at the end.
    #[error(
        "the path \"{0}\" has an empty name between or after its slashes; write it with single \
         slashes"
    )]
    EmptyPart(String),
    /// More than [`MAX_PATH_PARTS`].
    #[error(
        "the path \"{path}\" is {parts} names deep, and at most {MAX_PATH_PARTS} are possible; \
         send a folder further inside"
    )]
    TooDeep {
        /// The beginning of the path.
        path: String,
        /// How many names it has.
        parts: usize,
    },
    /// More than [`MAX_PATH_BYTES`].
    #[error(
        "the path \"{path}\" has {bytes} bytes, and at most {MAX_PATH_BYTES} are possible; send \
         a folder further inside"
    )]
    PathTooLong {
        /// The beginning of the path.
        path: String,
        /// Its length in bytes.
        bytes: usize,
    },
}

/// The name of one file or folder: 1..=[`MAX_NAME_BYTES`] bytes that mean nothing but themselves,
/// on any system and any screen. Travels as a plain string, checked when it is read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SafeName(String);

impl SafeName {
    /// Accepts the name exactly as it is, or says why not.
    ///
    /// A colon is refused only where it makes a drive of the name (`C:x`): elsewhere it is lawful
    /// and common outside Windows (`12:30 notes.txt`), and can't leave the folder on it.
    ///
    /// # Errors
    /// The first of [`NameError`]'s reasons that holds.
    ///
    /// ```
    /// use couplet::path::SafeName;
    /// assert!(SafeName::new("photo.png").is_ok());
    /// assert!(SafeName::new("../photo.png").is_err());
    /// ```
    pub fn new(name: &str) -> Result<Self, NameError> {
        check(name)?;
        Ok(Self(name.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same name with a number before its extension, for when it is taken: `photo (2).png`,
    /// `site (2).tar.gz`. Different numbers give different names. A name that would become too
    /// long loses the end of its stem.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        let (stem, extension) = self.0.split_at(stem_bytes(&self.0));
        let number = format!(" ({number})");
        let room = MAX_NAME_BYTES.saturating_sub(number.len() + extension.len());
        let kept = stem.get(..stem.floor_char_boundary(room)).unwrap_or(stem);
        // Cleaned again, since the cut may have left half of a joined sequence.
        Self(format!("{}{number}{extension}", text::message(kept, room)))
    }
}

/// What names have in common that are one to a system which knows neither case nor forms.
#[must_use]
pub fn folded(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    name.nfc().flat_map(char::to_lowercase).nfc().collect()
}

impl fmt::Display for SafeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Already clean; goes through the sanitiser like all that is shown all the same.
        f.pad(&text::line(&self.0, usize::MAX))
    }
}

impl AsRef<str> for SafeName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for SafeName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl TryFrom<String> for SafeName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::new(&text)
    }
}

impl From<SafeName> for String {
    fn from(checked: SafeName) -> Self {
        checked.0
    }
}

fn check(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(NameError::NameTooLong { name: shown(name), bytes: name.len() });
    }
    let refusal = if matches!(name, "." | "..") {
        NameError::Outside
    } else if name.contains(['/', '\\']) {
        NameError::Separator
    } else if name.contains(char::is_control) {
        NameError::Control
    } else if is_drive(name) {
        NameError::Drive
    } else if is_device(name) {
        NameError::Device
    } else if is_ours(name) {
        NameError::Ours
    } else if name.starts_with(is_blank) || name.ends_with(|c| c == '.' || is_blank(c)) {
        NameError::Edge
    } else if !text::is_clean(name) {
        NameError::Misleading
    } else {
        return Ok(());
    };
    Err(refusal(shown(name)))
}

/// The beginning of a refused name, safe to show.
fn shown(name: &str) -> String {
    text::line(&text::message(name, MAX_NAME_BYTES), 60)
}

/// White space, or the Braille pattern without dots, which looks like it.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{2800}'
}

fn is_drive(name: &str) -> bool {
    matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// The device names of Windows, as its documentation "Naming Files, Paths, and Namespaces" lists
/// them: in any case, before any extension or stream, superscript digits included.
fn is_device(name: &str) -> bool {
    let stem = name.split(['.', ':']).next().unwrap_or(name).trim_end().to_ascii_uppercase();
    if matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") {
        return true;
    }
    let port = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    let mut digits = port.unwrap_or_default().chars();
    matches!(digits.next(), Some('0'..='9' | '¹' | '²' | '³')) && digits.next().is_none()
}

fn is_ours(name: &str) -> bool {
    name.get(..PARTIAL_PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PARTIAL_PREFIX))
}

/// Where the extension begins: the last dot, or the one before it in `.tar.gz` and its kin. A
/// first dot begins no extension, nor does one before blanks or many letters (`Dr. Who`).
fn stem_bytes(name: &str) -> usize {
    const MAX_EXTENSION_BYTES: usize = 32;
    let dot = |text: &str| text.rfind('.').filter(|&at| at > 0);
    let Some(last) = dot(name) else { return name.len() };
    let (stem, extension) = name.split_at(last);
    if extension.len() > MAX_EXTENSION_BYTES || extension.contains(is_blank) {
        return name.len();
    }
    dot(stem)
        .filter(|&at| stem.get(at..).is_some_and(|inner| inner.eq_ignore_ascii_case(".tar")))
        .unwrap_or(last)
}

#[cfg(test)]
mod tests;
