//! The checksum of a chunk: 8 hex digits of CRC-32 (IEEE) or 64 of BLAKE3.
//!
//! Owns telling the two apart by their length, and computing them.

use std::fmt;

/// Which checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChecksumKind {
    /// CRC-32 as IEEE 802.3 and zlib have it: finds accidents.
    Crc32,
    /// BLAKE3: finds all.
    Blake3,
}

/// A checksum of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// See [`ChecksumKind::Crc32`].
    Crc32(u32),
    /// See [`ChecksumKind::Blake3`].
    Blake3([u8; 32]),
}

impl Checksum {
    /// The checksum of `data`.
    #[must_use]
    pub fn of(kind: ChecksumKind, data: &[u8]) -> Self {
        match kind {
            ChecksumKind::Crc32 => Self::Crc32(crc32fast::hash(data)),
            ChecksumKind::Blake3 => Self::Blake3(*blake3::hash(data).as_bytes()),
        }
    }

    /// Reads 8 or 64 hex digits, in either case; none if it is anything else.
    #[must_use]
    pub fn read(digits: &[u8]) -> Option<Self> {
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        match digits.len() {
            8 => {
                let digits = std::str::from_utf8(digits).ok()?;
                u32::from_str_radix(digits, 16).ok().map(Self::Crc32)
            }
            64 => blake3::Hash::from_hex(digits).ok().map(|hash| Self::Blake3(*hash.as_bytes())),
            _ => None,
        }
    }

    /// Which one it is.
    #[must_use]
    pub const fn kind(&self) -> ChecksumKind {
        match self {
            Self::Crc32(_) => ChecksumKind::Crc32,
            Self::Blake3(_) => ChecksumKind::Blake3,
        }
    }
}

impl fmt::Display for ChecksumKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crc32 => "CRC-32",
            Self::Blake3 => "BLAKE3",
        })
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crc32(sum) => write!(f, "{sum:08x}"),
            Self::Blake3(hash) => f.write_str(&blake3::Hash::from_bytes(*hash).to_hex()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_values_are_the_published_ones() {
        let crc = Checksum::of(ChecksumKind::Crc32, b"123456789");
        assert_eq!(crc.to_string(), "cbf43926");
        let blake = Checksum::of(ChecksumKind::Blake3, b"");
        let published = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
        assert_eq!(blake.to_string(), published);
        assert_eq!(Checksum::read(b"CBF43926"), Some(crc));
        assert_eq!(Checksum::read(published.to_uppercase().as_bytes()), Some(blake));
        for bad in [&b""[..], b"cbf4392", b"cbf439266", b"+bf43926", b"0xcbf439", &[b'g'; 64]] {
            assert_eq!(Checksum::read(bad), None);
        }
    }
}
