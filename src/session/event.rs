//! What a [`Session`](super::Session) tells its user: every change worth showing.
//!
//! Owns the vocabulary only. All text in here that came from the peer or the relay has been through
//! the sanitiser ([`crate::text`]); a face may show it as it is.

use crate::message::{ErrorCode, Role, RoomName, Seat};
use crate::transfer::book::{TransferId, TransferInfo};
use std::time::Duration;

/// A message of one's own, from the moment it was entered. Numbers of one session, rising.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DraftId(pub u64);

/// How far a message of one's own has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// On its way to the relay.
    Sent,
    /// Taken by the relay: it is the peer's turn.
    Taken,
    /// Shown to the peer.
    Shown,
}

/// The state of the connection to the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Connecting; `attempt` counts from 1 since the last time it was online.
    Connecting {
        /// Which attempt this is.
        attempt: u32,
    },
    /// Connected, and seated or about to be.
    Online,
    /// The connection is lost; the next attempt comes after `retry_in`.
    Lost {
        /// Which attempt comes next.
        attempt: u32,
        /// The wait before it.
        retry_in: Duration,
    },
}

/// What is known of the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Nobody has come yet.
    Waiting,
    /// Somebody is there.
    Present,
    /// The connection of the peer was lost; its seat is kept for it.
    Silent {
        /// How long it is kept, from now.
        kept_for: Duration,
    },
    /// The peer has left; the seat is empty.
    Gone,
}

/// How what is said is protected, end to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seal {
    /// Nobody is there to seal for.
    Nobody,
    /// The two clients are agreeing on keys; nothing is said meanwhile.
    Agreeing,
    /// Sealed: the relay can't read it.
    Sealed {
        /// The verification words, the same on both screens unless somebody sits in the middle.
        words: [&'static str; 3],
        /// Whether both knew the same code, which somebody in the middle can't.
        by_code: bool,
        /// What the user has said of the words; `None` until then.
        verdict: Option<Verdict>,
    },
    /// Nothing is, for as long as the session lasts: this is a plain room, and the relay can read all
    /// that is said in it. No other session is ever told so.
    Plain,
    /// No keys could be agreed on with this peer: it has another code, or the exchange was meddled
    /// with. Nothing is said to it.
    Failed,
}

/// What a user has found on comparing the verification words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They are the same on both sides: the peer is verified.
    Same,
    /// They differ: somebody sits in the middle.
    Different,
}

/// Why a session is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The user left with `fin`.
    Fin,
    /// The relay was ended and said `exit`.
    RelayExit,
    /// The seat was taken up from another connection.
    Superseded,
    /// The relay refused the client for good.
    Refused {
        /// What it refused, for programs.
        code: ErrorCode,
        /// What is wrong and what to do.
        text: String,
        /// With [`ErrorCode::RoomTaken`], if a seat is only kept for somebody who is away: for how
        /// long at most.
        kept_for: Option<Duration>,
    },
    /// No connection could be made in the first place.
    Unreachable {
        /// What is wrong and what to do.
        text: String,
    },
    /// The peer had another code, and this client was the one that came last.
    WrongCode {
        /// What is wrong and what to do.
        text: String,
    },
    /// The relay isn't the one that was met at this address before.
    Distrusted {
        /// What is wrong and what to do.
        text: String,
    },
    /// What came from the other end made no sense.
    Protocol {
        /// What is wrong and what to do.
        text: String,
    },
}

/// What happened, in the order in which it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The connection to the relay changed.
    Link(Link),
    /// How long the relay took to answer a ping: the way there and back, and what the machines at
    /// both ends had to do before it.
    RoundTrip(Duration),
    /// The relay gave this client a seat, or its old seat back.
    Seated {
        /// The seat.
        seat: Seat,
        /// The room's name, if it has one.
        room: Option<RoomName>,
        /// Whether it is the seat that this session had before.
        returned: bool,
    },
    /// Whose turn it is, from this side.
    Role(Role),
    /// What is known of the peer changed.
    Peer {
        /// What it is now.
        peer: Peer,
        /// Whether this is somebody who wasn't there before, the first peer included.
        newcomer: bool,
    },
    /// How what is said is protected changed.
    Seal(Seal),
    /// The peer's user is comparing the verification words, so this one should too.
    PeerCompares,
    /// The name that the peer goes by; at most [`crate::limits::MAX_NAME_COLUMNS`] wide.
    PeerName(String),
    /// Whether the peer is writing.
    PeerTyping(bool),
    /// Words from the peer. Answer with [`Session::shown`](super::Session::shown) once they have
    /// been put before the user.
    Words {
        /// The peer's number of them.
        sequence: u64,
        /// The text, possibly of several lines.
        text: String,
        /// Whether this is the seat's last message, said before this session had the seat.
        kept: bool,
    },
    /// Words of one's own are held until the turn comes.
    Held {
        /// Their number.
        draft: DraftId,
        /// The text.
        text: String,
    },
    /// Held words were taken back by the user.
    TakenBack {
        /// Their number.
        draft: DraftId,
        /// The text.
        text: String,
    },
    /// Words of one's own went out; if they were held, they no longer are.
    Said {
        /// Their number.
        draft: DraftId,
        /// The text.
        text: String,
    },
    /// Words of one's own have come further.
    Marked {
        /// Their number.
        draft: DraftId,
        /// How far.
        mark: Mark,
    },
    /// The user gave the turn away without words.
    Passed,
    /// A transfer is new or has changed.
    Transfer {
        /// Its number, for commands.
        id: TransferId,
        /// All there is to know of it.
        info: TransferInfo,
    },
    /// The relay tells something; nothing ends.
    Notice(String),
    /// Something went wrong; nothing ends. What is wrong and what to do.
    Trouble(String),
    /// The session is over; nothing comes after this.
    Ended(Ending),
}
