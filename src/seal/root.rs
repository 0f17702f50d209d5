//! What two clients who have agreed on keys once know of each other ever after.
//!
//! Owns the *root*: a secret of the first exchange between the two. When one of them is started anew
//! the keys of the pairing are gone, and they agree on fresh ones with the root in their password, so
//! nobody else can take the place of either, the relay included. No nonce can be used twice by that,
//! and what was said before can't be read with what is kept.

use super::Password;
use super::cipher::KeyBytes;
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

/// A secret that two clients have in common. Wiped when dropped; `Debug` hides it.
///
/// It is written as 64 hex digits, and only to where secrets may be.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Root(pub(super) KeyBytes);

impl Root {
    /// The password with which the two agree on keys again, where `code` is that of their code.
    #[must_use]
    pub fn password(&self, code: &Password) -> Password {
        let material = Zeroizing::new([&self.0[..], code.as_bytes()].concat());
        let derived =
            Zeroizing::new(blake3::derive_key("couplet 1 password of the same two", &material));
        Password::new(hex(&derived))
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Root(hidden)")
    }
}

impl From<Root> for String {
    fn from(root: Root) -> Self {
        hex(&root.0)
    }
}

impl TryFrom<String> for Root {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let text = Zeroizing::new(text);
        let hash =
            blake3::Hash::from_hex(text.as_bytes()).map_err(|_| "a root is 64 hex digits")?;
        Ok(Self(Zeroizing::new(*hash.as_bytes())))
    }
}

fn hex(bytes: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*bytes).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_from_text_and_hides_in_debug() {
        let root = Root(Zeroizing::new([7; 32]));
        let text = String::from(root.clone());
        assert_eq!(text, "07".repeat(32));
        assert_eq!(Root::try_from(text), Ok(root.clone()));
        assert!(Root::try_from("07".repeat(31)).is_err());
        assert_eq!(format!("{root:?}"), "Root(hidden)");
    }

    #[test]
    fn the_password_hangs_on_the_root_and_on_the_code() {
        let (one, two) = (Root(Zeroizing::new([1; 32])), Root(Zeroizing::new([2; 32])));
        let (code, none) = (Password::new("otter-lamp".to_owned()), Password::default());
        let all = [one.password(&code), one.password(&none), two.password(&code)];
        let spelled: std::collections::HashSet<_> =
            all.iter().map(|password| password.as_bytes().to_vec()).collect();
        assert_eq!(spelled.len(), 3);
        assert!(all.iter().all(|password| !password.is_empty()));
    }
}
