//! What a face says to the engine and hears from it.
//!
//! Owns the two vocabularies and the handle; the engine's work is in [`super`]. A face never sees a
//! socket or a transfer's file.

use couplet::session::{DraftId, Event as SessionEvent, Verdict};
use couplet::transfer::book::TransferId;
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
    /// The peer's words with this sequence number have been drawn on the screen.
    Shown(u64),
    /// Offer these files to the peer.
    Send(Vec<PathBuf>),
    /// Accept an offer; all that are open if no number is given.
    Accept(Option<TransferId>),
    /// Decline an offer; all that are open if no number is given.
    Decline(Option<TransferId>),
    /// Stop a transfer; the only one if no number is given.
    Cancel(Option<TransferId>),
    /// The user compares the verification words; the peer's user is asked to do so too.
    Compare,
    /// What the user has found on comparing them.
    Verify(Verdict),
    /// Leave for good, in either role.
    Fin,
}

/// How fast a transfer is moving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Which transfer.
    pub id: TransferId,
    /// Bytes that are safely across.
    pub done: u64,
    /// Bytes in all.
    pub size: u64,
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
    /// A moving transfer's figures, about ten times a second while it moves.
    Progress(Progress),
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
