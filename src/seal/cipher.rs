//! The ciphers: which there are, and sealing under one key without ever using a nonce twice.
//!
//! Owns the counters. Both ciphers take a nonce of 96 bits, here 32 zero bits and a counter of 64
//! (RFC 8439 section 2.8, NIST SP 800-38D section 8.2.1), and add a tag of 128 bits.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroize;

/// Bytes that a seal adds at the end.
pub const TAG_LEN: usize = 16;

/// The key of one direction and purpose, before it is set up for a cipher; wiped when dropped.
pub(super) type KeyBytes = zeroize::Zeroizing<[u8; 32]>;

/// The ciphers that a client can use, as bits of the byte in which it tells its peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suites(u8);

impl Suites {
    const CHACHA: u8 = 1;
    const AES: u8 = 2;

    /// ChaCha20-Poly1305, which is quick anywhere, and AES-256-GCM where the machine has AES in
    /// hardware; elsewhere that would be slow, and hard to compute in constant time.
    #[must_use]
    pub const fn new(aes_in_hardware: bool) -> Self {
        Self(if aes_in_hardware { Self::CHACHA | Self::AES } else { Self::CHACHA })
    }

    /// As told by the peer; bits that this build doesn't know stay, as they are in the transcript.
    pub(super) const fn from_byte(byte: u8) -> Self {
        Self(byte)
    }

    pub(super) const fn to_byte(self) -> u8 {
        self.0
    }

    /// The best that both have; `None` if there is none.
    pub(super) const fn common(self, other: Self) -> Option<Cipher> {
        let both = self.0 & other.0;
        if both & Self::AES != 0 {
            Some(Cipher::Aes256Gcm)
        } else if both & Self::CHACHA != 0 {
            Some(Cipher::ChaCha20Poly1305)
        } else {
            None
        }
    }
}

/// A cipher that both clients have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cipher {
    /// RFC 8439.
    ChaCha20Poly1305,
    /// NIST SP 800-38D.
    Aes256Gcm,
}

/// Bytes that weren't sealed by the holder of the key for this place, or were altered since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Altered;

/// Seals under one key; each seal takes the next number.
pub(super) struct Sealer {
    key: LessSafeKey,
    next: u64,
}

/// Opens what a [`Sealer`] with the same key has sealed.
pub(super) struct Opener {
    key: LessSafeKey,
}

impl Sealer {
    pub(super) fn new(cipher: Cipher, key: KeyBytes) -> Self {
        Self { key: set_up(cipher, key), next: 0 }
    }

    /// The number that the next seal takes.
    pub(super) const fn next_number(&self) -> u64 {
        self.next
    }

    /// Seals in place; gives the tag.
    ///
    /// # Panics
    /// After 2^64 seals under one key, which no machine reaches.
    pub(super) fn seal(&mut self, associated: &[u8], in_out: &mut [u8]) -> [u8; TAG_LEN] {
        let number = self.next;
        // Before anything is sealed with it: a number is never used twice.
        self.next = number.checked_add(1).expect("fewer than 2^64 seals under one key");
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce(number), Aad::from(associated), in_out)
            .expect("shorter than the cipher's limit of 64 GiB");
        let mut bytes = [0; TAG_LEN];
        bytes.copy_from_slice(tag.as_ref());
        bytes
    }
}

impl Opener {
    pub(super) fn new(cipher: Cipher, key: KeyBytes) -> Self {
        Self { key: set_up(cipher, key) }
    }

    /// Opens in place what is followed by its tag; gives the length of what was sealed.
    pub(super) fn open(
        &self,
        number: u64,
        associated: &[u8],
        in_out: &mut [u8],
    ) -> Result<usize, Altered> {
        self.key
            .open_in_place(nonce(number), Aad::from(associated), in_out)
            .map(|opened| opened.len())
            .map_err(|_| Altered)
    }
}

fn set_up(cipher: Cipher, mut key: KeyBytes) -> LessSafeKey {
    let algorithm = match cipher {
        Cipher::ChaCha20Poly1305 => &aead::CHACHA20_POLY1305,
        Cipher::Aes256Gcm => &aead::AES_256_GCM,
    };
    let unbound = UnboundKey::new(algorithm, &*key).expect("both ciphers take keys of 32 bytes");
    key.zeroize();
    LessSafeKey::new(unbound)
}

fn nonce(number: u64) -> Nonce {
    let mut bytes = [0; aead::NONCE_LEN];
    bytes[4..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").field("next", &self.next).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opener(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hardware_of_both_decides() {
        let (soft, hard) = (Suites::new(false), Suites::new(true));
        assert_eq!(hard.common(hard), Some(Cipher::Aes256Gcm));
        assert_eq!(hard.common(soft), Some(Cipher::ChaCha20Poly1305));
        assert_eq!(soft.common(hard), Some(Cipher::ChaCha20Poly1305));
        assert_eq!(soft.common(Suites::from_byte(0)), None);
        assert_eq!(hard.common(Suites::from_byte(0b1111_1000)), None);
    }

    #[test]
    fn every_seal_has_a_nonce_of_its_own() {
        for cipher in [Cipher::ChaCha20Poly1305, Cipher::Aes256Gcm] {
            let mut sealer = Sealer::new(cipher, KeyBytes::new([1; 32]));
            let opener = Opener::new(cipher, KeyBytes::new([1; 32]));
            let mut sealed = Vec::new();
            for number in 0..3 {
                let mut bytes = b"the same words".to_vec();
                let tag = sealer.seal(b"place", &mut bytes);
                bytes.extend_from_slice(&tag);
                assert!(!sealed.contains(&bytes));
                sealed.push(bytes.clone());
                assert_eq!(opener.open(number + 1, b"place", &mut bytes.clone()), Err(Altered));
                assert_eq!(opener.open(number, b"other", &mut bytes.clone()), Err(Altered));
                assert_eq!(opener.open(number, b"place", &mut bytes), Ok(14));
                assert_eq!(&bytes[..14], b"the same words");
            }
        }
    }
}
