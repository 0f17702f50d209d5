//! What can cover the conversation.
//!
//! Owns the list of it, and where a key is pressed then; the way from one to another is in
//! [`super::lists`].

use couplet::transfer::book::TransferId;

/// What covers the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overlay {
    /// The help, from this line on.
    Help {
        /// The first line that is seen.
        top: usize,
    },
    /// The list of all transfers.
    Transfers {
        /// The one that is chosen.
        chosen: Option<TransferId>,
    },
    /// The verification words, large.
    Verify,
    /// What is on the relay's shelf.
    Shelf,
    /// The file picker.
    Pick,
    /// The search in the conversation, which stays in sight.
    Find,
    /// The conversation alone, to choose messages in it.
    Select,
    /// All that is known of a transfer, from this line on.
    Details {
        /// Which.
        id: TransferId,
        /// The first line that is seen.
        top: usize,
    },
    /// A picture that was received.
    Preview {
        /// Of which transfer.
        id: TransferId,
    },
}
