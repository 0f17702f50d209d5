//! What a visit asks of its shell, and what it tells.

use crate::shelf::list::{Page, Query};
use crate::shelf::message::{ClientToShelf, ShelfFault, ShelfToClient, Terms};
use crate::shelf::name::ShelfName;
use crate::transfer::offer::Offer;
use crate::transfer::outcome::Outcome;
use std::time::Duration;

/// Names an errand of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrandId(pub u32);

/// What a user may want of the shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// To see a page of what is there.
    List(Query),
    /// To fetch a file.
    Get {
        /// Which.
        name: ShelfName,
    },
    /// To lay something down.
    Put {
        /// What.
        offer: Offer,
    },
    /// To have a file removed.
    Delete {
        /// Which.
        name: ShelfName,
    },
}

/// What the shell must do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Connect to the relay and open its shelf; then [`Visit::handle_connected`](super::Visit) or
    /// `handle_connect_failed`.
    Connect,
    /// Close the connection, after what was to be transmitted.
    Disconnect,
    /// Send this.
    Transmit(ClientToShelf),
    /// Receive what was offered, over the connection as it is; then `handle_moved`.
    Receive {
        /// For which errand.
        id: ErrandId,
        /// What.
        offer: Offer,
    },
    /// Send what is to be laid down, likewise. With `part` the relay may have some of it.
    Send {
        /// For which errand.
        id: ErrandId,
        /// Whether entries must be asked about.
        part: bool,
    },
    /// Stop the transfer of this errand, and keep what has come.
    StopMoving(ErrandId),
}

/// How a transfer came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moved {
    /// It is over.
    Ended {
        /// How.
        outcome: Outcome,
        /// Whether the connection goes on.
        connected: bool,
    },
    /// The connection was lost.
    Cut {
        /// Why.
        text: String,
        /// Whether anything had moved.
        progressed: bool,
    },
    /// The relay has said this in the middle of it.
    Said(ShelfToClient),
}

/// How it is with the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// It is there, and the user may do this.
    There(Terms),
    /// It was lost; it is tried again after a wait.
    Lost {
        /// Why.
        text: String,
        /// How long.
        wait: Duration,
    },
    /// There is none, or none any more. This and all that follow are the end.
    None(String),
    /// The relay was ended in order.
    Ended(String),
    /// What answers isn't believed to be the relay.
    Distrusted(String),
    /// The relay doesn't let this client in: why for programs and people, and for how long.
    Refused(ShelfFault, String, Option<Duration>),
    /// What answers speaks no protocol of the shelf.
    NoShelf(String),
}

/// How an errand ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The list was told.
    Listed,
    /// The transfer ended so.
    Moved(Outcome),
    /// The file is removed.
    Deleted,
    /// It was refused.
    Refused(ShelfFault, String),
    /// There is no such file; this is what there is.
    Missing {
        /// What the relay says.
        text: String,
        /// The first page.
        page: Page,
    },
    /// What was offered wasn't taken, for this reason.
    NotTaken(NotTaken),
    /// The user took it back.
    Cancelled,
    /// There is no way to the relay any more.
    GivenUp(String),
}

/// Why something that was offered wasn't taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTaken {
    /// Whether its name is taken, and that is all.
    pub taken: bool,
    /// What is wrong and what to do.
    pub text: String,
}

/// What a visit tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// How it is with the relay.
    Connection(Connection),
    /// The user must say who it is: [`Visit::log_in`](super::Visit::log_in).
    LoginWanted,
    /// That wasn't right, or isn't any more; again, or [`Visit::leave`](super::Visit::leave).
    LoginFailed {
        /// What the relay says.
        text: String,
    },
    /// A page of what is there: as an errand wanted it, or without one what follows a login.
    List(Option<ErrandId>, Page),
    /// What was asked for is this: [`Visit::accept`](super::Visit::accept) or
    /// [`Visit::decline`](super::Visit::decline) it.
    Offered {
        /// For which errand.
        id: ErrandId,
        /// What it is.
        offer: Offer,
        /// Whether it was accepted before, and cut.
        again: bool,
        /// Whether it isn't what it was then.
        changed: bool,
    },
    /// So many transfers are before that of this errand.
    Waiting(ErrandId, u32),
    /// An errand is over.
    Ended(ErrandId, End),
    /// All is over.
    Over,
}

impl Wish {
    /// What is asked of the relay for it.
    pub(super) fn ask(&self) -> ClientToShelf {
        match self {
            Self::List(query) => ClientToShelf::List(query.clone()),
            Self::Get { name } => ClientToShelf::Get { name: name.clone() },
            Self::Put { offer } => ClientToShelf::Put { offer: offer.clone() },
            Self::Delete { name } => ClientToShelf::Delete { name: name.clone() },
        }
    }
}

impl Connection {
    /// In a sentence; empty if it is there.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::There(_) => "",
            Self::Lost { text, .. }
            | Self::None(text)
            | Self::Ended(text)
            | Self::Distrusted(text)
            | Self::Refused(_, text, _)
            | Self::NoShelf(text) => text,
        }
    }
}

impl Event {
    /// The page that it has.
    #[must_use]
    pub const fn page(&self) -> Option<&Page> {
        match self {
            Self::List(_, page) | Self::Ended(_, End::Missing { page, .. }) => Some(page),
            Self::Connection(_)
            | Self::LoginWanted
            | Self::LoginFailed { .. }
            | Self::Offered { .. }
            | Self::Waiting(..)
            | Self::Ended(..)
            | Self::Over => None,
        }
    }
}
