//! What a user sees of a transfer: its number, which way it goes, how far it is, what holds it up.

use crate::path::SafeName;
use crate::transfer::offer::Offer;
use crate::transfer::wire::Fault;
use serde::{Deserialize, Serialize};

/// A transfer's number, for commands such as `/accept 3`. One count for both directions, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransferId(pub u32);

impl std::fmt::Display for TransferId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Which way the bytes go, from this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To the peer.
    Outgoing,
    /// From the peer.
    Incoming,
}

/// How far a transfer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferState {
    /// Offered; nobody has answered yet.
    Offered,
    /// Accepted; waiting for its pipe, or for other transfers to end first.
    Queued,
    /// Bytes are moving, unless it is [held](TransferInfo::held).
    Moving,
    /// Its pipe was cut; it goes on through another as soon as there is one.
    Interrupted,
    /// Every byte is there, checked, and safe on the receiver's disk.
    Verified {
        /// The name it has at the receiver, for showing.
        saved_as: String,
        /// What was left out of it, a sentence each for the first few.
        left_out: Vec<String>,
        /// How much was left out in all.
        left_out_count: u64,
    },
    /// The receiver doesn't want it.
    Declined,
    /// One side stopped it.
    Cancelled {
        /// Whether it was the peer.
        by_peer: bool,
    },
    /// It can't be completed.
    Failed {
        /// What went wrong, for programs.
        code: Fault,
        /// What went wrong and what to do.
        reason: String,
    },
    /// The peer that it was offered by or to has left.
    Withdrawn,
}

impl TransferState {
    /// Whether nothing can happen to it any more.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        !matches!(self, Self::Offered | Self::Queued | Self::Moving | Self::Interrupted)
    }
}

/// Why a transfer stands still although it could move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// The user wants it so.
    Paused,
    /// The disk is full; it goes on when there is room.
    DiskFull,
    /// For a reason that this build doesn't know.
    #[serde(other)]
    Unknown,
}

/// What a user sees of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferInfo {
    /// Which way the bytes go.
    pub direction: Direction,
    /// What was offered.
    pub offer: Offer,
    /// How far it is.
    pub state: TransferState,
    /// Why this side holds it up.
    pub held_here: Option<Hold>,
    /// Why the peer's side does.
    pub held_there: Option<Hold>,
}

impl TransferInfo {
    /// The name as offered.
    #[must_use]
    pub const fn name(&self) -> &SafeName {
        &self.offer.name
    }

    /// The bytes as offered; 0 if nobody knew.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.offer.size()
    }

    /// Why it stands still, if one side wants it so.
    #[must_use]
    pub fn held(&self) -> Option<Hold> {
        self.held_here.or(self.held_there)
    }
}
