//! What must be through before the end of the input ends the program.
//!
//! Owns what counts: words until the peer has seen them, files until they are verified, whatever was
//! asked of the shelf. What the peer offers and the user hasn't taken doesn't, nor what the user has
//! paused; and for a peer that has left, nothing does. It decides nothing else.

use super::super::app::{App, Effect, Input};
use super::super::transfers::{Stage, Transfer};
use crate::engine::{Command, Event, Outgoing};
use couplet::session::{DraftId, Event as Told, Mark, Peer};
use couplet::transfer::book::{Direction, TransferId};
use std::collections::{BTreeMap, BTreeSet};

/// What was asked for and isn't through.
#[derive(Debug, Default)]
pub(super) struct Owed {
    /// Messages that the engine hasn't taken.
    entered: usize,
    /// How far those have come that it has; none while they are held.
    words: BTreeMap<DraftId, Option<Mark>>,
    /// Files that aren't offered.
    offers: usize,
    /// Offers that the user has accepted and that wait for the disk.
    accepted: BTreeSet<TransferId>,
    /// Transcripts that aren't written.
    transcripts: usize,
}

impl Owed {
    /// Takes note of what happened, before the app does.
    pub(super) fn hear(&mut self, input: &Input, app: &App) {
        if let Input::Saved(_) = input {
            self.transcripts = self.transcripts.saturating_sub(1);
        }
        let Input::Engine(event) = input else { return };
        if let Event::NotOffered { .. } = event {
            self.offers = self.offers.saturating_sub(1);
        } else if let Event::NotAccepted { id, .. } = event {
            self.accepted.remove(id);
        } else if let Event::Session(told) = event {
            self.hear_session(told, app);
        }
    }

    fn hear_session(&mut self, told: &Told, app: &App) {
        if let Told::Held { draft, .. } = told {
            self.taken(*draft, None);
        } else if let Told::Said { draft, .. } = told {
            self.taken(*draft, Some(Mark::Sent));
        } else if let Told::TakenBack { draft, .. } = told {
            if self.words.remove(draft).is_none() {
                self.entered = self.entered.saturating_sub(1);
            }
        } else if let Told::Marked { draft, mark } = told {
            // Nobody in a plain room tells that they have seen anything.
            if *mark == Mark::Shown || (*mark == Mark::Taken && app.standing.is_plain()) {
                self.words.remove(draft);
            }
        } else if let Told::Transfer { id, info } = told
            && info.direction == Direction::Outgoing
            && app.transfers.get(*id).is_none()
        {
            self.offers = self.offers.saturating_sub(1);
        }
    }

    fn taken(&mut self, draft: DraftId, mark: Option<Mark>) {
        if self.words.insert(draft, mark).is_none() {
            self.entered = self.entered.saturating_sub(1);
        }
    }

    /// Takes note of what is asked for.
    pub(super) fn ask(&mut self, effects: &[Effect], app: &App) {
        for effect in effects {
            if let Effect::Save(..) = effect {
                self.transcripts += 1;
            }
            let Effect::Engine(command) = effect else { continue };
            if let Command::Say(_) = command {
                self.entered += 1;
            } else if let Command::Send(Outgoing::Each(paths)) = command {
                self.offers += paths.len();
            } else if let Command::Accept { id, .. } = command {
                let open = app.transfers.at(Stage::Answer).map(|offer| offer.id);
                self.accepted.extend(open.filter(|open| id.is_none_or(|id| id == *open)));
            }
        }
    }

    /// How many messages wait to go out.
    pub(super) fn waiting(&self) -> usize {
        self.entered + self.words.values().filter(|mark| mark.is_none()).count()
    }

    /// Whether anything is.
    pub(super) fn is_any(&self, app: &App) -> bool {
        let standing = &app.standing;
        // Before that it isn't known whether there is a relay.
        if standing.seat.is_none() || standing.peer.is_none() {
            return true;
        }
        let shelf = &app.shelf;
        if self.transcripts > 0
            || !shelf.asked.is_empty()
            || shelf.errands.iter().any(|errand| !errand.is_over)
        {
            return true;
        }
        // Nothing goes out any more.
        if standing.peer == Some(Peer::Gone) || standing.is_distrusted() {
            return false;
        }
        let accepted = |offer: &Transfer| self.accepted.contains(&offer.id);
        self.entered > 0
            || !self.words.is_empty()
            || self.offers > 0
            || app.transfers.all().iter().any(|transfer| match transfer.stage() {
                Stage::Over => false,
                Stage::Answer => accepted(transfer),
                Stage::Held => !transfer.is_paused(),
                Stage::Checking
                | Stage::Moving
                | Stage::Interrupted
                | Stage::Queued
                | Stage::Offered => true,
            })
    }
}
