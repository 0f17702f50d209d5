//! The machine of a conversation: a sealed line, or a plain room.
//!
//! Owns which of the two an engine has, from its start to its end: neither becomes the other. What only
//! a sealed line has (transfers, going back, verification) a plain room refuses in a sentence, or has
//! nothing of.

use couplet::message::RelayToClient;
use couplet::plain::WORDS_ONLY;
use couplet::session::{Command, DraftId, Event, Kept, PlainSession, SayError, Session, Verdict};
use couplet::time::Moment;
use couplet::transfer::book::{Outliving, TransferId, TransferInfo};
use couplet::transfer::offer::Offer;
use couplet::transfer::outcome::Outcome;
use std::time::Duration;

/// One of the two.
#[expect(clippy::large_enum_variant, reason = "there is one in each engine")]
pub(super) enum Talk {
    /// Sealed from end to end.
    Sealed(Session),
    /// In a plain room.
    Plain(PlainSession),
}

/// Both do it alike.
macro_rules! both {
    ($($(#[$doc:meta])* fn $name:ident(&mut self $(, $argument:ident: $Type:ty)*) $(-> $Result:ty)?;)+) => {
        impl Talk {
            $($(#[$doc])* pub(super) fn $name(&mut self $(, $argument: $Type)*) $(-> $Result)? {
                match self {
                    Self::Sealed(session) => session.$name($($argument),*),
                    Self::Plain(session) => session.$name($($argument),*),
                }
            })+
        }
    };
}

both! {
    fn handle_connected(&mut self, now: Moment);
    fn handle_connect_failed(&mut self, text: &str, now: Moment);
    fn handle_lost(&mut self, now: Moment);
    fn handle_garbage(&mut self, text: &str);
    fn handle_distrusted(&mut self, text: &str);
    fn handle_message(&mut self, message: RelayToClient, now: Moment);
    fn handle_timeout(&mut self, now: Moment);
    fn handle_relay_met(&mut self, now: Moment);
    fn say(&mut self, text: &str) -> Result<DraftId, SayError>;
    fn pass(&mut self);
    fn take_back(&mut self, draft: Option<DraftId>);
    fn fin(&mut self, now: Moment);
    fn number(&mut self) -> TransferId;
    fn poll_command(&mut self) -> Option<Command>;
    fn poll_event(&mut self) -> Option<Event>;
}

/// Only a sealed line does it; in a plain room there is nothing to do it to.
macro_rules! sealed_only {
    ($(fn $name:ident(&mut self $(, $argument:ident: $Type:ty)*);)+) => {
        impl Talk {
            $(pub(super) fn $name(&mut self $(, $argument: $Type)*) {
                if let Self::Sealed(session) = self {
                    session.$name($($argument),*);
                }
            })+
        }
    };
}

sealed_only! {
    fn typing(&mut self, on: bool);
    fn shown(&mut self, sequence: u64);
    fn decline(&mut self, id: Option<TransferId>);
    fn cancel(&mut self, id: Option<TransferId>, keep: bool, now: Moment);
    fn pause(&mut self, id: Option<TransferId>, on: bool);
    fn compare(&mut self);
    fn verify(&mut self, verdict: Verdict, now: Moment);
    fn accept(&mut self, id: TransferId, part: bool, now: Moment);
    fn request_another_pipe(&mut self, id: TransferId);
    fn received_before(&mut self, what: Offer, saved_as: String);
    fn handle_disk(&mut self, id: TransferId, full: bool);
    fn handle_pipes_wanted(&mut self, id: TransferId, wanted: usize);
    fn handle_pipe_lost(&mut self, id: TransferId, progressed: bool, now: Moment);
    fn handle_whole(&mut self, id: TransferId, saved_as: String);
    fn handle_transfer_ended(&mut self, id: TransferId, outcome: Outcome, now: Moment);
}

impl Talk {
    /// When something is due.
    pub(super) fn poll_timeout(&self) -> Option<Moment> {
        match self {
            Self::Sealed(session) => session.poll_timeout(),
            Self::Plain(session) => session.poll_timeout(),
        }
    }

    /// Whether it has ended.
    pub(super) const fn is_over(&self) -> bool {
        match self {
            Self::Sealed(session) => session.is_over(),
            Self::Plain(session) => session.is_over(),
        }
    }

    /// The words that were never sent.
    pub(super) fn unsaid(&self) -> Vec<String> {
        match self {
            Self::Sealed(session) => session.unsaid().map(str::to_owned).collect(),
            Self::Plain(session) => session.unsaid().map(str::to_owned).collect(),
        }
    }

    /// Leaves once the peer has heard all that it must, which in a plain room is nothing more.
    pub(super) fn leave(&mut self, now: Moment) {
        match self {
            Self::Sealed(session) => session.leave(now),
            Self::Plain(session) => session.fin(now),
        }
    }

    /// Offers something.
    pub(super) fn offer(&mut self, what: Offer) -> Result<TransferId, String> {
        match self {
            Self::Sealed(session) => session.offer(what),
            Self::Plain(_) => Err(WORDS_ONLY.to_owned()),
        }
    }

    /// The offers that can be answered.
    pub(super) fn open_offers(&self, id: Option<TransferId>) -> Result<Vec<TransferId>, String> {
        match self {
            Self::Sealed(session) => session.open_offers(id),
            Self::Plain(_) => Err(WORDS_ONLY.to_owned()),
        }
    }

    /// A transfer.
    pub(super) fn transfer(&self, id: TransferId) -> Option<&TransferInfo> {
        self.sealed().and_then(|session| session.transfer(id))
    }

    /// Offers again what was offered in the program before.
    pub(super) fn offer_from_before(&mut self, what: Offer) -> Option<TransferId> {
        match self {
            Self::Sealed(session) => session.offer_from_before(what),
            Self::Plain(_) => None,
        }
    }

    /// Takes up what was accepted in the program before.
    pub(super) fn accepted_before(&mut self, what: Offer) -> Option<TransferId> {
        match self {
            Self::Sealed(session) => session.accepted_before(what),
            Self::Plain(_) => None,
        }
    }

    /// What of it could be gone on from.
    pub(super) fn kept(&self) -> Option<Kept> {
        self.sealed().and_then(Session::kept)
    }

    /// How long the relay keeps the seat.
    pub(super) fn grace(&self) -> Duration {
        self.sealed().map_or(Duration::ZERO, Session::grace)
    }

    /// Whether it can be gone back to, now that it is over.
    pub(super) fn may_go_back(&self) -> bool {
        self.sealed().is_some_and(Session::may_go_back)
    }

    /// The transfers that outlive it.
    pub(super) fn kept_transfers(&self) -> impl Iterator<Item = Outliving<'_>> {
        self.sealed().into_iter().flat_map(Session::kept_transfers)
    }

    const fn sealed(&self) -> Option<&Session> {
        match self {
            Self::Sealed(session) => Some(session),
            Self::Plain(_) => None,
        }
    }
}
