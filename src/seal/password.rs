//! The secret that two clients may share beforehand: the words of their code.
//!
//! Owns its way through memory: it is wiped when dropped and never shown.

use std::fmt;
use zeroize::Zeroizing;

/// What both clients must know to agree on keys: the words of a code, or nothing.
///
/// Wiped from memory when dropped; `Debug` hides it.
#[derive(Clone, Default)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// The password that is spelled so. An empty one is that of a line without a code.
    #[must_use]
    pub fn new(spelled: String) -> Self {
        Self(Zeroizing::new(spelled))
    }

    /// Whether there is none: the line has no code.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The words, to be written to where secrets may be.
    #[must_use]
    pub fn spelled(&self) -> &str {
        &self.0
    }

    /// The bytes that the exchange takes.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "Password(none)" } else { "Password(hidden)" })
    }
}
