//! The greeting: the first 64 bytes each way.
//!
//! Owns its layout and what of the peer's is refused, at the first byte that is wrong.
//!
//! ```text
//! signature: ff, 8 of anything, 7f   version: 3, minor   mechanism: "NULL", 16 of 00
//! as-server: 00                      filler: 31 of 00
//! ```

use super::ZmtpError;
use crate::text;

/// Its length in bytes.
pub const GREETING_LEN: usize = 64;

const VERSION_AT: usize = 10;
const MECHANISM_AT: usize = 12;
const MECHANISM_END: usize = 32;

/// Ours, of ZMTP 3.1.
pub(super) const fn ours() -> [u8; GREETING_LEN] {
    let mut bytes = [0; GREETING_LEN];
    bytes[0] = 0xff;
    bytes[9] = 0x7f;
    bytes[VERSION_AT] = 3;
    bytes[VERSION_AT + 1] = 1;
    bytes[MECHANISM_AT] = b'N';
    bytes[MECHANISM_AT + 1] = b'U';
    bytes[MECHANISM_AT + 2] = b'L';
    bytes[MECHANISM_AT + 3] = b'L';
    bytes
}

/// Checks what has come of the peer's. Returns whether it is complete.
pub(super) fn check(bytes: &[u8]) -> Result<bool, ZmtpError> {
    for (at, expected) in [(0, 0xff), (9, 0x7f)] {
        if let Some(got) = bytes.get(at).filter(|got| **got != expected) {
            return Err(ZmtpError::NotZmtp { at, got: *got, expected });
        }
    }
    if let Some(major) = bytes.get(VERSION_AT).filter(|major| **major < 3) {
        return Err(ZmtpError::Version(*major));
    }
    if let Some(mechanism) = bytes.get(MECHANISM_AT..MECHANISM_END)
        && mechanism != &ours()[MECHANISM_AT..MECHANISM_END]
    {
        let name = mechanism.split(|byte| *byte == 0).next().unwrap_or_default();
        let shown = text::line(&String::from_utf8_lossy(name), 20);
        return Err(ZmtpError::Mechanism(shown));
    }
    Ok(bytes.len() >= GREETING_LEN)
}
