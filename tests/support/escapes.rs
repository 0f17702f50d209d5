//! What a program has written to its terminal, taken apart.

use std::fmt;

/// A piece of it.
#[derive(Clone, PartialEq, Eq)]
pub enum Piece {
    /// Letters, and what ends a line.
    Text(String),
    /// `ESC [`, with its parameters and what they are for.
    Csi(String, char),
    /// `ESC ]`, to its end.
    Osc(String),
    /// The bell.
    Bell,
    /// Any other control character, or a sequence that is no sequence.
    Other(String),
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Csi(parameters, end) => write!(f, "CSI {parameters}{end}"),
            Self::Osc(text) => write!(f, "OSC {text:?}"),
            Self::Bell => f.write_str("BEL"),
            Self::Other(text) => write!(f, "other {text:?}"),
        }
    }
}

impl Piece {
    /// The numbers of a request for colours or modifiers.
    pub fn worn(&self) -> Option<Vec<u16>> {
        let Self::Csi(parameters, 'm') = self else { return None };
        Some(parameters.split(';').map(|number| number.parse().unwrap_or(0)).collect())
    }
}

/// Takes it apart.
///
/// # Panics
/// If it isn't UTF-8.
pub fn pieces(bytes: &[u8]) -> Vec<Piece> {
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (piece, len) = if let Some(csi) = rest.strip_prefix("\x1b[") {
            match csi.find(|c: char| !matches!(c, '0'..='9' | ';' | '?')) {
                Some(end) => {
                    let letter = csi[end..].chars().next().expect("it was found");
                    (Piece::Csi(csi[..end].to_owned(), letter), 2 + end + letter.len_utf8())
                }
                None => (Piece::Other(rest.to_owned()), rest.len()),
            }
        } else if let Some(osc) = rest.strip_prefix("\x1b]") {
            match osc.find(char::is_control) {
                Some(end) if osc[end..].starts_with('\x07') => {
                    (Piece::Osc(osc[..end].to_owned()), 2 + end + 1)
                }
                Some(end) if osc[end..].starts_with("\x1b\\") => {
                    (Piece::Osc(osc[..end].to_owned()), 2 + end + 2)
                }
                _ => (Piece::Other(rest.chars().take(20).collect()), 2),
            }
        } else if first == '\x07' {
            (Piece::Bell, 1)
        } else if first.is_control() && !matches!(first, '\r' | '\n') {
            (Piece::Other(rest.chars().take(20).collect()), first.len_utf8())
        } else {
            let end = rest
                .find(|c: char| c.is_control() && !matches!(c, '\r' | '\n'))
                .unwrap_or(rest.len());
            (Piece::Text(rest[..end].to_owned()), end)
        };
        pieces.push(piece);
        rest = &rest[len..];
    }
    pieces
}
