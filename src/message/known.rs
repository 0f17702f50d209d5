//! What a client that comes back knows.

use super::{ClientControl, RoomName, Token};
use serde::{Deserialize, Serialize};

impl ClientControl {
    /// A hello of a client that knows nothing of a conversation.
    #[must_use]
    pub const fn hello(room: Option<RoomName>, new_room: bool, seat: Option<Token>) -> Self {
        let known = Known { turn: 0, said: 0, heard: 0 };
        Self::Hello { room, new_room, seat, anew: false, times: 0, known, plain: false }
    }

    /// A hello of a client that wants to be in a plain room.
    #[must_use]
    pub const fn plain_hello() -> Self {
        let known = Known { turn: 0, said: 0, heard: 0 };
        let (room, new_room, seat) = (None, false, None);
        Self::Hello { room, new_room, seat, anew: false, times: 0, known, plain: true }
    }
}

/// How far a client knows a conversation to be. A relay that was started anew may have kept less of
/// it, as it writes down what is said a moment after it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Known {
    /// The highest number of a turn of its own, or of one that its peer has come to.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub turn: u64,
    /// The number of its last message that its peer has heard for certain.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub said: u64,
    /// The number of the last message of its peer that has come.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub heard: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(super) const fn is_zero(number: &u64) -> bool {
    *number == 0
}
