//! Transfers, as a session deals with them: offers out and in, and the pipes they move through.
//!
//! Owns the conversation about transfers; their states are the [`Book`](crate::transfer::book)'s and
//! their bytes the engine's. Here is what this side wishes and tells; what the peer says is in
//! `heard`, and the pipes are in `pipes`.

mod heard;
mod pipes;

use super::{Command, Event, Session};
use crate::peer::PeerSignal;
use crate::time::Moment;
use crate::transfer::book::{BookError, Direction, Hold, TransferId, TransferInfo, TransferState};
use crate::transfer::offer::Offer;
use crate::transfer::outcome::Outcome;
use crate::transfer::wire::Fault;

impl Session {
    /// Offers something to the peer; the engine keeps it under the transfer's number until the
    /// transfer is over. What is offered while the two agree on keys goes out once they have them.
    ///
    /// # Errors
    /// What is wrong and what to do, if nobody is there or too much is offered.
    pub fn offer(&mut self, what: Offer) -> Result<TransferId, String> {
        if self.sealing.is_distrusted() {
            return Err(
                "the verification words differ, so nothing is sent; leave with fin and meet \
                        by a code"
                    .to_owned(),
            );
        }
        if self.peer_here && self.sealing.has_failed() {
            return Err(
                "this line isn't sealed, so nothing is sent; wait for somebody with the same \
                        code, or leave with fin"
                    .to_owned(),
            );
        }
        let agreeing = self.link.is_online() && self.peer_here && self.sealing.is_agreeing();
        if !self.is_paired() && !agreeing {
            return Err("nobody is there to send to; wait for your peer".to_owned());
        }
        if !self.signals.has_room() {
            return Err(BookError::TooMany.to_string());
        }
        let (id, offer) = self.book.offer(what.clone()).map_err(|error| error.to_string())?;
        self.signal(PeerSignal::Offer { offer, again: false, what });
        self.tell_transfer(id);
        Ok(id)
    }

    /// The offers of the peer that are meant to be answered: this one, or all that are open.
    ///
    /// # Errors
    /// What is wrong and what to do, if there is none.
    pub fn open_offers(&self, id: Option<TransferId>) -> Result<Vec<TransferId>, String> {
        self.book.open_offers(id).map_err(|error| error.to_string())
    }

    /// What is known of a transfer.
    #[must_use]
    pub fn transfer(&self, id: TransferId) -> Option<&TransferInfo> {
        self.book.get(id).map(|(info, _)| info)
    }

    /// A number for a transfer that isn't with the peer, such as one from the relay's shelf, so that the
    /// user can name it like the others.
    pub const fn number(&mut self) -> TransferId {
        self.book.number()
    }

    /// Accepts an offer of the peer. With `part` some of it may be here already.
    pub fn accept(&mut self, id: TransferId, part: bool, now: Moment) {
        if self.sealing.is_distrusted() {
            let text = "the verification words differ, so nothing is taken from this peer; leave \
                        with fin and meet by a new code"
                .to_owned();
            return self.events.push_back(Event::Trouble(text));
        }
        self.answer_offers(Some(id), &TransferState::Queued, |offer| PeerSignal::Accept {
            offer,
            part,
        });
        self.request_pipes(now);
    }

    /// Declines an offer of the peer, or all that are open.
    pub fn decline(&mut self, id: Option<TransferId>) {
        self.answer_offers(id, &TransferState::Declined, |offer| PeerSignal::Decline { offer });
    }

    /// Stops a transfer, or takes an offer back: this one, or the only one. What has come of it stays
    /// on disk if `keep`, to go on from if it is offered again.
    pub fn cancel(&mut self, id: Option<TransferId>, keep: bool, now: Moment) {
        let Some((id, direction, offer)) = self.meant(id) else { return };
        let is_offer =
            self.book.get(id).map(|(info, _)| &info.state) == Some(&TransferState::Offered);
        if direction == Direction::Incoming && is_offer {
            return self.decline(Some(id));
        }
        // To whoever came since, the number means another transfer, or none.
        if self.book.is_current(id) {
            self.signal(PeerSignal::Cancel { offer, by_offerer: direction == Direction::Outgoing });
        }
        self.commands.push_back(Command::StopTransfer { id, keep });
        self.set_transfer(id, TransferState::Cancelled { by_peer: false });
        self.request_pipes(now);
    }

    /// Holds a transfer up, or with no reason lets it go on: this one, or the only one. The user's
    /// wish; a full disk is told with [`handle_disk`](Self::handle_disk).
    pub fn pause(&mut self, id: Option<TransferId>, on: bool) {
        if let Some((id, ..)) = self.meant(id) {
            self.hold(id, on.then_some(Hold::Paused));
        }
    }

    /// The disk that a transfer is written to is full, or has room again.
    pub fn handle_disk(&mut self, id: TransferId, full: bool) {
        let paused = self.book.get(id).and_then(|(info, _)| info.held_here) == Some(Hold::Paused);
        if full || !paused {
            self.hold(id, full.then_some(Hold::DiskFull));
        }
    }

    /// Stops all transfers and takes all offers back; what has come is kept.
    pub(super) fn cancel_all(&mut self, now: Moment) {
        for id in self.book.unfinished().collect::<Vec<_>>() {
            self.cancel(Some(id), true, now);
        }
    }

    /// The engine is through with a transfer.
    pub fn handle_transfer_ended(&mut self, id: TransferId, outcome: Outcome, now: Moment) {
        let state = match outcome {
            Outcome::Verified { saved_as, problems } => {
                self.tell_finished(id, &saved_as);
                TransferState::Verified {
                    saved_as,
                    left_out: problems.told().map(str::to_owned).collect(),
                    left_out_count: problems.count(),
                }
            }
            Outcome::Failed { code, text } => {
                self.tell_failure(id, code);
                TransferState::Failed { code, reason: text }
            }
        };
        self.set_transfer(id, state);
        self.request_pipes(now);
    }

    /// Tells the peer that a transfer has failed here, unless it is over anyway.
    fn tell_failure(&mut self, id: TransferId, code: Fault) {
        let Some((info, offer)) = self.book.get(id) else { return };
        if !info.state.is_over() && self.book.is_current(id) && self.signals.has_room() {
            let by_offerer = info.direction == Direction::Outgoing;
            let code = (code != Fault::Unknown).then_some(code);
            self.signal(PeerSignal::Failed { offer, by_offerer, code });
        }
    }

    /// The peer that they were offered by or to has left. What was accepted, or goes out, waits for
    /// whoever comes with the same code: that is the same person, or one who was told it.
    pub(super) fn withdraw_transfers(&mut self) {
        let again = self.sealing.has_password() || self.sealing.has_company();
        for id in self.book.unfinished().collect::<Vec<_>>() {
            let Some((info, _)) = self.book.get(id) else { continue };
            // What is moving goes on or breaks by itself: the pipe doesn't need this connection.
            let is_open_offer =
                info.direction == Direction::Incoming && info.state == TransferState::Offered;
            if info.state == TransferState::Moving || (again && !is_open_offer) {
                continue;
            }
            self.commands.push_back(Command::StopTransfer { id, keep: true });
            self.set_transfer(id, TransferState::Withdrawn);
        }
    }

    /// Somebody with the same code is there, or the same as before: what an earlier peer didn't get, or not all of it, is
    /// offered anew.
    pub(super) fn offer_again(&mut self) {
        if !self.sealing.knows_peer_again() {
            return;
        }
        for id in self.book.unfinished().collect::<Vec<_>>() {
            if self.book.is_current(id) || !self.signals.has_room() {
                continue;
            }
            let Some(offer) = self.book.offer_again(id) else { continue };
            let Some((info, _)) = self.book.get(id) else { continue };
            let what = info.offer.clone();
            self.commands.push_back(Command::RestartTransfer(id));
            self.signal(PeerSignal::Offer { offer, again: true, what });
            self.repeat_hold(id);
            self.tell_transfer(id);
        }
    }

    /// What was accepted before one of the two was started anew, and isn't offered again: it came, or
    /// was stopped, and the word of that went with the program.
    pub(super) fn give_up_unoffered(&mut self, now: Moment) {
        for id in self.book.take_unoffered(now) {
            self.commands.push_back(Command::StopTransfer { id, keep: true });
            self.set_transfer(id, TransferState::Withdrawn);
        }
    }

    fn hold(&mut self, id: TransferId, reason: Option<Hold>) {
        if self.book.hold(id, true, reason) {
            self.tell_hold(id);
            self.tell_transfer(id);
            self.command_hold(id);
        }
    }

    /// Whoever is new doesn't know that this side holds the transfer up.
    fn repeat_hold(&mut self, id: TransferId) {
        if self.transfer(id).is_some_and(|info| info.held_here.is_some()) {
            self.tell_hold(id);
        }
    }

    fn tell_hold(&mut self, id: TransferId) {
        let Some((info, offer)) = self.book.get(id) else { return };
        let (by_offerer, reason) = (info.direction == Direction::Outgoing, info.held_here);
        if self.book.is_current(id) && self.signals.has_room() {
            self.signal(PeerSignal::Hold { offer, by_offerer, reason });
        }
    }

    fn state(&self, id: TransferId) -> Option<&TransferState> {
        self.transfer(id).map(|info| &info.state)
    }

    fn command_hold(&mut self, id: TransferId) {
        if let Some((info, _)) = self.book.get(id) {
            self.commands.push_back(Command::HoldTransfer { id, on: info.held().is_some() });
        }
    }

    /// The transfer that is meant, its direction and its offer's number, or the user is told.
    fn meant(&mut self, id: Option<TransferId>) -> Option<(TransferId, Direction, u32)> {
        match self.book.unfinished_one(id) {
            Ok(id) => self.book.get(id).map(|(info, offer)| (id, info.direction, offer)),
            Err(error) => {
                self.events.push_back(Event::Trouble(error.to_string()));
                None
            }
        }
    }

    fn tell_finished(&mut self, id: TransferId, saved_as: &str) {
        let Some((info, offer)) = self.book.get(id) else { return };
        let incoming = info.direction == Direction::Incoming && !info.state.is_over();
        if incoming && self.book.is_current(id) && self.signals.has_room() {
            self.signal(PeerSignal::Finished { offer, saved_as: saved_as.to_owned() });
        }
    }

    fn answer_offers(
        &mut self,
        id: Option<TransferId>,
        state: &TransferState,
        signal: impl Fn(u32) -> PeerSignal,
    ) {
        match self.book.open_offers(id) {
            Ok(ids) => {
                for id in ids {
                    if let Some((_, offer)) = self.book.get(id) {
                        self.signal(signal(offer));
                    }
                    self.set_transfer(id, state.clone());
                }
            }
            Err(error) => self.events.push_back(Event::Trouble(error.to_string())),
        }
    }

    fn set_transfer(&mut self, id: TransferId, state: TransferState) {
        if self.book.set_state(id, state) {
            self.tell_transfer(id);
        }
    }

    pub(super) fn tell_transfer(&mut self, id: TransferId) {
        if let Some((info, _)) = self.book.get(id) {
            self.events.push_back(Event::Transfer { id, info: info.clone() });
        }
    }
}
