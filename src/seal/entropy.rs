//! Randomness that came from the operating system, handed out piece by piece.
//!
//! Owns the rule that no piece is ever given twice and none can be computed from a later state: the
//! core draws no random numbers itself, so a shell hands in 32 bytes once.

use std::fmt;
use zeroize::Zeroizing;

/// A source of secrets that starts from 32 bytes of the operating system's randomness.
///
/// After each draw the state moves on by a one-way function, so whoever reads the memory later can't
/// tell what was drawn before.
pub struct Entropy(Zeroizing<[u8; 32]>);

impl Entropy {
    /// A source that starts here; the bytes must come from a cryptographic source and be used for
    /// nothing else.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// 32 fresh bytes.
    pub fn draw(&mut self) -> Zeroizing<[u8; 32]> {
        let drawn = blake3::derive_key("couplet 1 entropy, drawn", &*self.0);
        self.0 = Zeroizing::new(blake3::derive_key("couplet 1 entropy, next state", &*self.0));
        Zeroizing::new(drawn)
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_piece_comes_twice() {
        let mut entropy = Entropy::new([7; 32]);
        let drawn: std::collections::HashSet<_> = (0..100).map(|_| *entropy.draw()).collect();
        assert_eq!(drawn.len(), 100);
    }
}
