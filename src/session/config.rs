//! What a session is to be: whom it meets, with which words, under which name.

use crate::message::RoomName;
use crate::seal::{Entropy, Password};

/// Whom to meet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Meet {
    /// Whoever comes next: the relay pairs in the order of arrival.
    #[default]
    Anybody,
    /// Whoever names the same room.
    In(RoomName),
    /// Whoever is told the number of a new room, which the relay gives.
    InNewRoom,
}

/// What a session is to be.
#[derive(Debug)]
pub struct Config {
    /// Whom to meet.
    pub meet: Meet,
    /// The words of the code, which the peer must know too; empty without a code.
    pub password: Password,
    /// The name to show to the peer.
    pub name: Option<String>,
    /// Whether this machine has AES in hardware.
    pub aes_in_hardware: bool,
    /// Where all secrets of this session come from.
    pub entropy: Entropy,
}

impl Config {
    /// Meets anybody, without a code and without a name.
    #[must_use]
    pub fn new(entropy: Entropy) -> Self {
        Self {
            meet: Meet::Anybody,
            password: Password::default(),
            name: None,
            aes_in_hardware: false,
            entropy,
        }
    }
}
