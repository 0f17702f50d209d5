//! What a face says to the engine and hears from it.
//!
//! Owns the two vocabularies and the handle; the engine's work is in [`super`]. A face never sees a
//! socket or a transfer's file.

use couplet::session::{DraftId, Event as SessionEvent, Verdict};
use couplet::transfer::book::TransferId;
use couplet::transfer::offer::{OnCollision, Preflight};
use couplet::transfer::tree::Hash;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc;

/// What a face may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Say this now, or hold it until the turn comes.
    Say(String),
    /// Give the turn away without words.
    Pass,
    /// Take the newest (or this) held message back out.
    TakeBack(Option<DraftId>),
    /// The user is writing, or has stopped.
    Typing(bool),
    /// What stands in the composer has changed; it is kept, if the conversation is.
    Draft(String),
    /// The peer's words with this sequence number have been drawn on the screen.
    Shown(u64),
    /// Offer something to the peer.
    Send(Outgoing),
    /// Accept an offer; all that are open if no number is given. It is refused with a sentence, and
    /// stays open, if it can't fit.
    Accept {
        /// Which.
        id: Option<TransferId>,
        /// What to do about names that are taken; as the options say if not given.
        on_collision: Option<OnCollision>,
    },
    /// Decline an offer; all that are open if no number is given.
    Decline(Option<TransferId>),
    /// Stop a transfer; the only one if no number is given.
    Cancel {
        /// Which.
        id: Option<TransferId>,
        /// Whether what has come of it stays on disk, to go on from if it is offered again.
        keep: bool,
    },
    /// Hold a transfer up; the only one if no number is given.
    Pause(Option<TransferId>),
    /// Let it go on.
    Continue(Option<TransferId>),
    /// Give out a number for a transfer that isn't the engine's; [`Event::Number`] tells it.
    Number(u64),
    /// The relay was met elsewhere: an attempt to reach it that is waited for is made at once.
    RelayMet,
    /// Send and receive at most so many bytes a second in each transfer; as fast as it goes if none.
    Limit(Option<u64>),
    /// The user compares the verification words; the peer's user is asked to do so too.
    Compare,
    /// What the user has found on comparing them.
    Verify(Verdict),
    /// Leave for good, in either role.
    Fin,
    /// The same, as soon as the peer has heard all that it must; within some seconds in any case.
    Leave,
}

/// Something to offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// Each of these files and folders by itself.
    Each(Vec<PathBuf>),
    /// All of these as one, side by side.
    Together {
        /// What.
        paths: Vec<PathBuf>,
        /// Patterns of what to leave out, as in a `.gitignore`.
        exclude: Vec<String>,
        /// Whether to leave out what the `.gitignore` files in it say.
        gitignore: bool,
    },
    /// What comes in at standard input, until its end.
    Stdin,
    /// A text to be shown, not kept as a file.
    Text(String),
}

/// How fast a transfer is moving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Which transfer.
    pub id: TransferId,
    /// Bytes that are safely across, those from before included.
    pub done: u64,
    /// Bytes in all; what is across if nobody knows.
    pub size: u64,
    /// Bytes that went through pipes in this session, those that went twice included.
    pub moved: u64,
    /// Files, folders and links that are across.
    pub entries: u64,
    /// Moving average in bytes per second; none until there are samples.
    pub rate: Option<u64>,
    /// Time to the end at that speed; none until there are samples.
    pub remaining: Option<Duration>,
    /// How long nothing has moved, once that is worth showing.
    pub stalled_for: Option<Duration>,
}

/// What a face hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// From the session machine.
    Session(SessionEvent),
    /// What the disk has to say about an offer of the peer's; soon after the offer.
    Preflight {
        /// Which offer.
        id: TransferId,
        /// What there is of it, what is in the way, and how much room there is.
        preflight: Preflight,
    },
    /// What a command wanted sent is offered; just before the session tells of the transfer.
    Offered {
        /// Its number.
        id: TransferId,
        /// The paths that the command named; none if it isn't on disk.
        paths: Vec<PathBuf>,
    },
    /// What was to be sent isn't offered.
    NotOffered {
        /// The paths that were named; none if it isn't on disk.
        paths: Vec<PathBuf>,
        /// Whether it is at fault: it isn't there, can't be read, or nothing of it is left to send.
        /// Else it can be offered later, as when nobody is there.
        unreadable: bool,
        /// What is wrong and what to do.
        text: String,
    },
    /// An offer isn't accepted, as it can't be received here; it stays open.
    NotAccepted {
        /// Which offer.
        id: TransferId,
        /// What is wrong and what to do.
        text: String,
    },
    /// The relay is met for the first time, as a notice says at once.
    RelayIsNew,
    /// A number that was asked for with [`Command::Number`].
    Number {
        /// What was given with the question.
        asked: u64,
        /// The number, which no other transfer has.
        id: TransferId,
    },
    /// A transfer's bytes begin to move, or go on after a cut.
    Started {
        /// Which transfer.
        id: TransferId,
        /// Bytes that were there already.
        held: u64,
    },
    /// A moving transfer's figures, about ten times a second while it moves.
    Progress(Progress),
    /// The BLAKE3 hash by which a transfer of one file was checked, just before it is told to be
    /// verified.
    Hash {
        /// Which transfer.
        id: TransferId,
        /// The hash of the whole file.
        hash: Hash,
    },
    /// A text has come whole that was offered as one. It is as the peer wrote it: clean it
    /// ([`couplet::text`]) before it goes to a screen.
    Text {
        /// Which transfer.
        id: TransferId,
        /// The text.
        text: String,
    },
}

/// A running engine, as a face holds it.
///
/// Dropping it ends the session without a word to the relay, as a crash would; say
/// [`Command::Fin`] and wait for [`SessionEvent::Ended`] to leave in order.
#[derive(Debug)]
pub struct Engine {
    /// Commands in. The queue is bounded: await room in it.
    pub commands: mpsc::Sender<Command>,
    /// Events out, in order. The queue is bounded: a face that doesn't read holds the engine up,
    /// and through it the peer; nothing is dropped.
    pub events: mpsc::Receiver<Event>,
}
