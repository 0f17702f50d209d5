//! The words that every layer uses for who is where: seats, roles, rooms, and the tokens that prove a
//! right.
//!
//! Owns their forms, in memory and on the wire; what they lead to is the other modules'.

use crate::limits;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One of the two seats of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum Seat {
    /// Seat 1, the first to be taken.
    One,
    /// Seat 2.
    Two,
}

impl Seat {
    /// Both seats, in order.
    pub const BOTH: [Self; 2] = [Self::One, Self::Two];

    /// The seat across.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::One => Self::Two,
            Self::Two => Self::One,
        }
    }

    /// 0 or 1, for arrays that have an element per seat.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::One => 0,
            Self::Two => 1,
        }
    }

    /// 1 or 2, as people count.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

impl From<Seat> for u8 {
    fn from(seat: Seat) -> Self {
        seat.number()
    }
}

impl TryFrom<u8> for Seat {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        match number {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            _ => Err(format!("a room has the seats 1 and 2, not {number}")),
        }
    }
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number())
    }
}

/// Whose turn it is, from one client's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May say something.
    Emi,
    /// Listens.
    Rec,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Emi => "emi",
            Self::Rec => "rec",
        })
    }
}

/// The name of a room: 1 to 64 of `A–Z a–z 0–9 . _ -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RoomName(String);

/// A room's name that isn't one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a room's name is 1 to {} letters (A-Z, a-z), digits, dots, dashes or underscores; choose another",
    limits::MAX_ROOM_NAME
)]
pub struct RoomNameError;

impl RoomName {
    /// Takes `name` if it is well-formed.
    ///
    /// # Errors
    /// [`RoomNameError`] for anything else.
    pub fn new(name: impl Into<String>) -> Result<Self, RoomNameError> {
        let name = name.into();
        let fits = !name.is_empty() && name.len() <= limits::MAX_ROOM_NAME;
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if fits && plain { Ok(Self(name)) } else { Err(RoomNameError) }
    }

    /// The name that is this number, as the relay gives them and codes tell them.
    #[must_use]
    pub fn numbered(number: u32) -> Self {
        Self(number.to_string())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for RoomName {
    type Err = RoomNameError;

    fn from_str(name: &str) -> Result<Self, RoomNameError> {
        Self::new(name)
    }
}

impl From<RoomName> for String {
    fn from(name: RoomName) -> Self {
        name.0
    }
}

impl TryFrom<String> for RoomName {
    type Error = RoomNameError;

    fn try_from(name: String) -> Result<Self, RoomNameError> {
        Self::new(name)
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// 128 random bits that prove a right: to come back to a seat, or to open one end of a pipe.
///
/// On the wire it is 32 hex digits. It never shows in logs: `Debug` hides it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Token([u8; 16]);

impl Token {
    /// A token of these bytes, which must come from a cryptographic source.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// What a relay keeps of it: enough to know the token again, and not enough to use it.
    #[must_use]
    pub fn hash(self) -> TokenHash {
        let hash = blake3::derive_key("couplet 1 hash of a token", &self.0);
        let mut half = [0; 16];
        half.copy_from_slice(&hash[..16]);
        TokenHash(Token(half))
    }
}

/// A [`Token`]'s hash. 128 bits of randomness need no salt. Written as a token is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenHash(Token);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

impl From<Token> for String {
    fn from(token: Token) -> Self {
        token.0.iter().fold(Self::with_capacity(32), |hex, byte| hex + &format!("{byte:02x}"))
    }
}

impl TryFrom<String> for Token {
    type Error = &'static str;

    fn try_from(hex: String) -> Result<Self, &'static str> {
        const SHAPE: &str = "a token is 32 hex digits";
        if hex.len() != 32 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(SHAPE);
        }
        let mut bytes = [0; 16];
        for (byte, digits) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| SHAPE)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| SHAPE)?;
        }
        Ok(Self(bytes))
    }
}
