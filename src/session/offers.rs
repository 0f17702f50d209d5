//! Transfers, as a session deals with them: offers out and in, and the pipes they move through.
//!
//! Owns the conversation about transfers; their states are the [`Book`](crate::transfer::book)'s and
//! their bytes the engine's. A pipe's tag names its transfer to both ends: the offerer's number of
//! the offer, and the offerer's seat in the lowest bit.

use super::{Command, Event, Session};
use crate::limits::{MAX_PIPES_PER_TRANSFER, MAX_REASON_COLUMNS};
use crate::message::{ClientControl, Seat, Token};
use crate::peer::PeerSignal;
use crate::text;
use crate::time::Moment;
use crate::transfer::book::{BookError, Direction, Hold, TransferId, TransferInfo, TransferState};
use crate::transfer::offer::Offer;
use crate::transfer::outcome::Outcome;
use crate::transfer::wire::Fault;

impl Session {
    /// Offers something to the peer; the engine keeps it under the transfer's number until the
    /// transfer is over.
    ///
    /// # Errors
    /// What is wrong and what to do, if nobody is there or too much is offered.
    pub fn offer(&mut self, what: Offer) -> Result<TransferId, String> {
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

    /// A transfer's last pipe is lost; `progressed`: something had come through it, or gone. Another
    /// is asked for by the receiver as soon as the peer is there.
    pub fn handle_pipe_lost(&mut self, id: TransferId, progressed: bool, now: Moment) {
        let Some((info, offer)) = self.book.get(id) else { return };
        // The word may be of a pipe from before it was offered again.
        if info.state != TransferState::Moving {
            return;
        }
        let incoming = info.direction == Direction::Incoming;
        let is_gone = !self.book.is_current(id) || self.met == 0;
        if is_gone && !self.sealing.has_password() {
            let reason =
                "your peer is gone; what has come is kept, and goes on from there when it \
                          is offered again"
                    .to_owned();
            self.commands.push_back(Command::StopTransfer { id, keep: true });
            return self.set_transfer(id, TransferState::Failed { code: Fault::Unknown, reason });
        }
        if let Some(code) = self.book.failed_there(id) {
            self.fail_as_there(id, code);
        } else if self.book.interrupt(id, progressed, now) {
            self.tell_transfer(id);
            // Before the request, so that the offerer lets go of what it may still believe in.
            if incoming && self.book.is_current(id) && self.signals.has_room() {
                self.signal(PeerSignal::Interrupted { offer, by_offerer: false });
            }
        }
        self.request_pipes(now);
    }

    /// Tells the receiver of what has been without a pipe for a while: it may believe in one that is
    /// dead, or that this side was never given.
    pub(super) fn tell_without_pipe(&mut self, now: Moment) {
        while self.is_paired() && self.signals.has_room() {
            let Some(offer) = self.book.poll_without_pipe(now) else { return };
            self.signal(PeerSignal::Interrupted { offer, by_offerer: true });
        }
    }

    /// The line has use for so many pipes of an outgoing transfer.
    pub fn handle_pipes_wanted(&mut self, id: TransferId, wanted: usize) {
        let Some((info, offer)) = self.book.get(id) else { return };
        let moving = info.state == TransferState::Moving && self.book.is_current(id);
        if moving && self.is_paired() {
            let wanted = u8::try_from(wanted.min(MAX_PIPES_PER_TRANSFER)).unwrap_or(1);
            self.signal(PeerSignal::Pipes { offer, wanted });
        }
    }

    /// One more pipe for an incoming transfer that moves, as its sender wishes.
    pub fn request_another_pipe(&mut self, id: TransferId) {
        let Some((seat, _)) = self.seat else { return };
        let Some((info, offer)) = self.book.get(id) else { return };
        if self.is_paired() && self.book.is_current(id) && info.state == TransferState::Moving {
            self.control(ClientControl::RequestPipe { tag: tag(offer, seat.other()) });
        }
    }

    pub(super) fn handle_offer(&mut self, offer: u32, again: bool, what: Offer, now: Moment) {
        // Whoever knows the code goes on with what was accepted before a cut, without being asked.
        if self.sealing.has_password()
            && let Some(id) = self.book.adopt(offer, &what)
        {
            self.commands.push_back(Command::RestartTransfer(id));
            self.signal(PeerSignal::Accept { offer, part: true });
            self.repeat_hold(id);
            self.tell_transfer(id);
            return self.request_pipes(now);
        }
        if again
            && self.sealing.has_password()
            && self.signals.has_room()
            && let Some(saved_as) = self.book.finished_before(offer, &what)
        {
            return self.signal(PeerSignal::Finished { offer, saved_as });
        }
        match self.book.offered(offer, what) {
            Ok(Some(id)) => self.tell_transfer(id),
            // A peer that offers and never acknowledges gets no more answers than there is room for.
            Err(_) if self.signals.has_room() => self.signal(PeerSignal::Decline { offer }),
            Ok(None) | Err(_) => {}
        }
    }

    pub(super) fn handle_accept(&mut self, offer: u32, part: bool) {
        let Some(id) = self.book.find(Direction::Outgoing, offer) else {
            // It ended here while the answer was on its way; the receiver must not wait for it.
            if self.signals.has_room() {
                self.signal(PeerSignal::Failed { offer, by_offerer: true, code: None });
            }
            return;
        };
        if self.state(id) == Some(&TransferState::Offered) {
            self.commands.push_back(Command::BeginSending { id, part });
            self.set_transfer(id, TransferState::Queued);
            if self.transfer(id).is_some_and(|info| info.held().is_some()) {
                self.command_hold(id);
            }
        }
    }

    pub(super) fn handle_decline(&mut self, offer: u32) {
        if let Some(id) = self.book.find(Direction::Outgoing, offer) {
            self.commands.push_back(Command::StopTransfer { id, keep: true });
            self.set_transfer(id, TransferState::Declined);
        }
    }

    pub(super) fn handle_cancel(&mut self, offer: u32, by_offerer: bool, now: Moment) {
        // The peer's outgoing transfer is this side's incoming one.
        let direction = if by_offerer { Direction::Incoming } else { Direction::Outgoing };
        if let Some(id) = self.book.cancelled_by_peer(direction, offer) {
            self.commands.push_back(Command::StopTransfer { id, keep: true });
            self.tell_transfer(id);
            self.request_pipes(now);
        }
    }

    pub(super) fn handle_failed(
        &mut self,
        offer: u32,
        by_offerer: bool,
        code: Option<Fault>,
        now: Moment,
    ) {
        let code = code.unwrap_or(Fault::Unknown);
        let direction = if by_offerer { Direction::Incoming } else { Direction::Outgoing };
        let Some(id) = self.book.find(direction, offer) else { return };
        // One that moves has a pipe, which may say more before it breaks.
        if self.state(id) == Some(&TransferState::Moving) {
            self.book.note_failure(id, code);
        } else {
            self.fail_as_there(id, code);
            self.request_pipes(now);
        }
    }

    fn fail_as_there(&mut self, id: TransferId, code: Fault) {
        self.commands.push_back(Command::StopTransfer { id, keep: true });
        let reason = failed_there(code).to_owned();
        self.set_transfer(id, TransferState::Failed { code, reason });
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

    pub(super) fn handle_pipe(&mut self, tag: u64, token: Token) {
        let Some((seat, _)) = self.seat else { return };
        let offerer = if tag & 1 == 0 { Seat::One } else { Seat::Two };
        let direction = if offerer == seat { Direction::Outgoing } else { Direction::Incoming };
        let Ok(offer) = u32::try_from(tag >> 1) else { return };
        let Some(id) = self.book.find(direction, offer) else { return };
        // A pipe for something that wasn't accepted is let lapse. One for something that moves is
        // one more.
        if !self.book.takes_pipe(id) {
            return;
        }
        let Some(keys) = self.pipe_keys(tag) else { return };
        self.set_transfer(id, TransferState::Moving);
        self.commands.push_back(Command::OpenPipe { id, token, keys });
    }

    /// Asks the relay for the pipes of accepted offers, as many as may move at once.
    pub(super) fn request_pipes(&mut self, now: Moment) {
        let Some((seat, _)) = self.seat else { return };
        while self.is_paired() {
            let Some((_, offer)) = self.book.poll_pipe_request(now) else { return };
            self.control(ClientControl::RequestPipe { tag: tag(offer, seat.other()) });
        }
    }

    /// The peer that they were offered by or to has left. What was accepted, or goes out, waits for
    /// whoever comes with the same code: that is the same person, or one who was told it.
    pub(super) fn withdraw_transfers(&mut self) {
        let by_code = self.sealing.has_password();
        for id in self.book.unfinished().collect::<Vec<_>>() {
            let Some((info, _)) = self.book.get(id) else { continue };
            // What is moving goes on or breaks by itself: the pipe doesn't need this connection.
            let is_open_offer =
                info.direction == Direction::Incoming && info.state == TransferState::Offered;
            if info.state == TransferState::Moving || (by_code && !is_open_offer) {
                continue;
            }
            self.commands.push_back(Command::StopTransfer { id, keep: true });
            self.set_transfer(id, TransferState::Withdrawn);
        }
    }

    /// Somebody with the same code is there: what an earlier peer didn't get, or not all of it, is
    /// offered anew.
    pub(super) fn offer_again(&mut self) {
        if !self.sealing.has_password() {
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

    pub(super) fn handle_interrupted(&mut self, offer: u32, by_offerer: bool) {
        let direction = if by_offerer { Direction::Incoming } else { Direction::Outgoing };
        if let Some(id) = self.book.find(direction, offer) {
            self.commands.push_back(Command::DropPipes(id));
        }
    }

    pub(super) fn handle_hold(&mut self, offer: u32, by_offerer: bool, reason: Option<Hold>) {
        let direction = if by_offerer { Direction::Incoming } else { Direction::Outgoing };
        if let Some(id) = self.book.find(direction, offer)
            && self.book.hold(id, false, reason)
        {
            self.tell_transfer(id);
            self.command_hold(id);
        }
    }

    pub(super) fn handle_pipes(&mut self, offer: u32, wanted: u8) {
        if let Some(id) = self.book.find(Direction::Incoming, offer) {
            let wanted = usize::from(wanted).clamp(1, MAX_PIPES_PER_TRANSFER);
            self.commands.push_back(Command::WantPipes { id, wanted });
        }
    }

    pub(super) fn handle_finished(&mut self, offer: u32, saved_as: &str) {
        let Some(id) = self.book.find(Direction::Outgoing, offer) else { return };
        let saved_as = text::line(saved_as, MAX_REASON_COLUMNS);
        if self.state(id) == Some(&TransferState::Offered) {
            // It was there from before it was offered again.
            self.commands.push_back(Command::StopTransfer { id, keep: true });
            let verified =
                TransferState::Verified { saved_as, left_out: Vec::new(), left_out_count: 0 };
            self.set_transfer(id, verified);
        } else {
            self.commands.push_back(Command::FinishSending { id, saved_as });
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

    fn tell_transfer(&mut self, id: TransferId) {
        if let Some((info, _)) = self.book.get(id) {
            self.events.push_back(Event::Transfer { id, info: info.clone() });
        }
    }
}

/// What names a transfer's pipes to both ends.
fn tag(offer: u32, offerer: Seat) -> u64 {
    u64::from(offer) << 1 | u64::from(offerer == Seat::Two)
}

/// What is said of a transfer that failed at the peer's side for this reason, if nothing better is
/// known.
const fn failed_there(code: Fault) -> &'static str {
    match code {
        Fault::Storage | Fault::InTransit => {
            "your peer's side couldn't write it; offer it again when there is room for it"
        }
        Fault::SourceChanged => {
            "it was changed at your peer's side while it was sent; have it offered again when it is \
             complete"
        }
        Fault::Unreadable => "your peer's side couldn't read it; have it offered again",
        Fault::Checksum | Fault::Gap | Fault::Mismatch | Fault::OutOfRange | Fault::Overlap => {
            "what came at your peer's side isn't what was sent; offer it again"
        }
        Fault::OutOfOrder | Fault::NotAsOffered | Fault::Unlawful | Fault::Unknown => {
            "your peer's side couldn't go on with it; offer it again"
        }
    }
}
