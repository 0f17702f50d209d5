//! The answer to a request: `READY`, or `ERROR` and a text.

use super::MAX_TEXT_COLUMNS;
use crate::text;
use bytes::Bytes;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It is done.
    Ready,
    /// It is refused, for this reason.
    Error(String),
}

impl Reply {
    /// A refusal; the text is made fit to be shown.
    #[must_use]
    pub fn error(text: &str) -> Self {
        Self::Error(text::line(text, MAX_TEXT_COLUMNS).trim().to_owned())
    }

    /// Its frames.
    #[must_use]
    pub fn frames(&self) -> Vec<&[u8]> {
        match self {
            Self::Ready => vec![b"READY"],
            Self::Error(text) => vec![b"ERROR", text.as_bytes()],
        }
    }

    /// Reads what [`frames`](Self::frames) made, or another program's; none if it is neither.
    #[must_use]
    pub fn read(frames: &[Bytes]) -> Option<Self> {
        let (verb, rest) = frames.split_first()?;
        match &verb[..] {
            b"READY" => Some(Self::Ready),
            b"ERROR" => {
                let text = rest.first().map(|text| String::from_utf8_lossy(text));
                Some(Self::error(text.as_deref().unwrap_or("no reason was given")))
            }
            _ => None,
        }
    }
}
