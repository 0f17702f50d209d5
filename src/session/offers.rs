//! Transfers, as a session deals with them: offers out and in, and the pipes they move through.
//!
//! Owns the conversation about transfers; their states are the [`Book`](crate::transfer::book)'s and
//! their bytes the engine's. A pipe's tag names its transfer to both ends: the offerer's number of
//! the offer, and the offerer's seat in the lowest bit.

use super::{Command, Event, Session};
use crate::message::{ClientControl, Seat, Token};
use crate::path::SafeName;
use crate::peer::PeerSignal;
use crate::transfer::book::{BookError, Direction, TransferId, TransferState};
use crate::transfer::send::Outcome;

impl Session {
    /// Offers a file to the peer; the engine keeps it under the transfer's number until
    /// [`Command::SendFile`] or [`Command::StopTransfer`].
    ///
    /// # Errors
    /// What is wrong and what to do, if nobody is there or too much is offered.
    pub fn offer(&mut self, name: SafeName, size: u64) -> Result<TransferId, String> {
        if self.peer_here && !self.sealing.is_sealed() {
            return Err("the line isn't sealed yet; wait a moment".to_owned());
        }
        if self.sealing.is_distrusted() {
            return Err(
                "the verification words differ, so nothing is sent; leave with fin and meet \
                        by a code"
                    .to_owned(),
            );
        }
        if !self.is_paired() {
            return Err("nobody is there to send to; wait for your peer".to_owned());
        }
        if !self.signals.has_room() {
            return Err(BookError::TooMany.to_string());
        }
        let (id, offer) = self.book.offer(name.clone(), size).map_err(|error| error.to_string())?;
        self.signal(PeerSignal::Offer { offer, name, size });
        self.tell_transfer(id);
        Ok(id)
    }

    /// Accepts an offer of the peer, or all that are open.
    pub fn accept(&mut self, id: Option<TransferId>) {
        if self.sealing.is_distrusted() {
            let text = "the verification words differ, so nothing is taken from this peer; leave \
                        with fin and meet by a new code"
                .to_owned();
            return self.events.push_back(Event::Trouble(text));
        }
        self.answer_offers(id, &TransferState::Queued, |offer| PeerSignal::Accept { offer });
        self.request_pipes();
    }

    /// Declines an offer of the peer, or all that are open.
    pub fn decline(&mut self, id: Option<TransferId>) {
        self.answer_offers(id, &TransferState::Declined, |offer| PeerSignal::Decline { offer });
    }

    /// Stops a transfer, or takes an offer back: this one, or the only one.
    pub fn cancel(&mut self, id: Option<TransferId>) {
        let id = match self.book.cancellable(id) {
            Ok(id) => id,
            Err(error) => return self.events.push_back(Event::Trouble(error.to_string())),
        };
        let Some((info, offer)) = self.book.get(id) else { return };
        if info.direction == Direction::Incoming && info.state == TransferState::Offered {
            return self.decline(Some(id));
        }
        let by_offerer = info.direction == Direction::Outgoing;
        self.signal(PeerSignal::Cancel { offer, by_offerer });
        self.commands.push_back(Command::StopTransfer(id));
        self.set_transfer(id, TransferState::Cancelled { by_peer: false });
        self.request_pipes();
    }

    /// Stops all transfers and takes all offers back.
    pub(super) fn cancel_all(&mut self) {
        for id in self.book.unfinished().collect::<Vec<_>>() {
            self.cancel(Some(id));
        }
    }

    /// The engine is through with a transfer.
    pub fn handle_transfer_ended(&mut self, id: TransferId, outcome: Outcome) {
        let state = match outcome {
            Outcome::Verified { saved_as } => TransferState::Verified { saved_as },
            Outcome::Failed { text, .. } => {
                self.tell_failure(id);
                TransferState::Failed { reason: text }
            }
        };
        self.set_transfer(id, state);
        self.request_pipes();
    }

    pub(super) fn handle_offer(&mut self, offer: u32, name: SafeName, size: u64) {
        match self.book.offered(offer, name, size) {
            Ok(Some(id)) => self.tell_transfer(id),
            // A peer that offers and never acknowledges gets no more answers than there is room for.
            Err(_) if self.signals.has_room() => self.signal(PeerSignal::Decline { offer }),
            Ok(None) | Err(_) => {}
        }
    }

    pub(super) fn handle_accept(&mut self, offer: u32) {
        if let Some(id) = self.book.find(Direction::Outgoing, offer)
            && self.book.get(id).is_some_and(|(info, _)| info.state == TransferState::Offered)
        {
            self.set_transfer(id, TransferState::Queued);
        }
    }

    pub(super) fn handle_decline(&mut self, offer: u32) {
        if let Some(id) = self.book.find(Direction::Outgoing, offer) {
            self.commands.push_back(Command::StopTransfer(id));
            self.set_transfer(id, TransferState::Declined);
        }
    }

    pub(super) fn handle_cancel(&mut self, offer: u32, by_offerer: bool) {
        // The peer's outgoing transfer is this side's incoming one.
        let direction = if by_offerer { Direction::Incoming } else { Direction::Outgoing };
        if let Some(id) = self.book.cancelled_by_peer(direction, offer) {
            self.commands.push_back(Command::StopTransfer(id));
            self.tell_transfer(id);
            self.request_pipes();
        }
    }

    pub(super) fn handle_failed(&mut self, offer: u32, by_offerer: bool) {
        let direction = if by_offerer { Direction::Incoming } else { Direction::Outgoing };
        let Some(id) = self.book.find(direction, offer) else { return };
        // One that moves has a pipe, which breaks and says more.
        if self.book.get(id).is_some_and(|(info, _)| info.state != TransferState::Moving) {
            self.commands.push_back(Command::StopTransfer(id));
            let reason = "your peer's side couldn't begin with it; offer it again".to_owned();
            self.set_transfer(id, TransferState::Failed { reason });
            self.request_pipes();
        }
    }

    /// Tells the peer that a transfer has failed here, unless it is over anyway.
    fn tell_failure(&mut self, id: TransferId) {
        let Some((info, offer)) = self.book.get(id) else { return };
        if !info.state.is_over() && self.book.is_current(id) && self.signals.has_room() {
            let by_offerer = info.direction == Direction::Outgoing;
            self.signal(PeerSignal::Failed { offer, by_offerer });
        }
    }

    pub(super) fn handle_pipe(&mut self, tag: u64, token: Token) {
        let Some((seat, _)) = self.seat else { return };
        let offerer = if tag & 1 == 0 { Seat::One } else { Seat::Two };
        let direction = if offerer == seat { Direction::Outgoing } else { Direction::Incoming };
        let Ok(offer) = u32::try_from(tag >> 1) else { return };
        let Some(id) = self.book.find(direction, offer) else { return };
        let Some((info, _)) = self.book.get(id) else { return };
        // A pipe for something that wasn't accepted, or is moving already, is let lapse.
        if info.state != TransferState::Queued {
            return;
        }
        let (name, size) = (info.name.clone(), info.size);
        let Some(keys) = self.pipe_keys(tag) else { return };
        self.set_transfer(id, TransferState::Moving);
        self.commands.push_back(match direction {
            Direction::Outgoing => Command::SendFile { id, token, keys },
            Direction::Incoming => Command::ReceiveFile { id, name, size, token, keys },
        });
    }

    /// Asks the relay for the pipes of accepted offers, as many as may move at once.
    pub(super) fn request_pipes(&mut self) {
        let Some((seat, _)) = self.seat else { return };
        while self.is_paired() {
            let Some((_, offer)) = self.book.poll_pipe_request() else { return };
            let offerer_bit = u64::from(seat.other() == Seat::Two);
            self.control(ClientControl::RequestPipe { tag: u64::from(offer) << 1 | offerer_bit });
        }
    }

    /// The peer that they were offered by or to has left.
    pub(super) fn withdraw_transfers(&mut self) {
        for id in self.book.unfinished().collect::<Vec<_>>() {
            // What is moving goes on or breaks by itself: the pipe doesn't need this connection.
            if self.book.get(id).is_some_and(|(info, _)| info.state != TransferState::Moving) {
                self.commands.push_back(Command::StopTransfer(id));
                self.set_transfer(id, TransferState::Withdrawn);
            }
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

    fn tell_transfer(&mut self, id: TransferId) {
        if let Some((info, _)) = self.book.get(id) {
            self.events.push_back(Event::Transfer { id, info: info.clone() });
        }
    }
}
