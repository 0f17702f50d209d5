//! The fingerprint of a relay's certificate: what the relay prints and the client compares.
//!
//! Owns its written form, which is ssh's: `SHA256:` and base64 without padding. Hashing is the
//! shells', which have a crypto library.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::fmt;
use std::str::FromStr;

const PREFIX: &str = "SHA256:";

/// The SHA-256 of a certificate in DER.
///
/// ```
/// use couplet::fingerprint::Fingerprint;
/// let written = Fingerprint([0; 32]).to_string();
/// assert_eq!(written, "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
/// assert_eq!(written.parse(), Ok(Fingerprint([0; 32])));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

/// A text that is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that is no fingerprint; one looks like SHA256: and 43 letters and digits")]
pub struct NoFingerprint;

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", STANDARD_NO_PAD.encode(self.0))
    }
}

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let encoded = text.strip_prefix(PREFIX).ok_or(NoFingerprint)?;
        let bytes = STANDARD_NO_PAD.decode(encoded).map_err(|_| NoFingerprint)?;
        bytes.try_into().map(Self).map_err(|_| NoFingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_again(bytes in any::<[u8; 32]>()) {
            prop_assert_eq!(Fingerprint(bytes).to_string().parse(), Ok(Fingerprint(bytes)));
        }

        #[test]
        fn nothing_else_is_read(text in "(SHA256:)?[A-Za-z0-9+/=]{0,50}") {
            if let Ok(read) = text.parse::<Fingerprint>() {
                prop_assert_eq!(read.to_string(), text);
            }
        }
    }
}
