//! What the peer says of transfers: offers, answers, cancellations, and how they ended there.

use super::super::{Command, Session};
use crate::limits::MAX_REASON_COLUMNS;
use crate::peer::PeerSignal;
use crate::text;
use crate::time::Moment;
use crate::transfer::book::{Direction, Hold, TransferId, TransferState};
use crate::transfer::offer::Offer;
use crate::transfer::wire::Fault;

impl Session {
    pub(in crate::session) fn handle_offer(
        &mut self,
        offer: u32,
        again: bool,
        what: Offer,
        now: Moment,
    ) {
        // Whoever knows the code, or was there before, goes on with what was accepted before a cut, without being asked.
        if self.sealing.knows_peer_again()
            && let Some(id) = self.book.adopt(offer, &what)
        {
            self.commands.push_back(Command::RestartTransfer(id));
            self.signal(PeerSignal::Accept { offer, part: true });
            self.repeat_hold(id);
            self.tell_transfer(id);
            return self.request_pipes(now);
        }
        if again
            && self.sealing.knows_peer_again()
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

    pub(in crate::session) fn handle_accept(&mut self, offer: u32, part: bool) {
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

    pub(in crate::session) fn handle_decline(&mut self, offer: u32) {
        if let Some(id) = self.book.find(Direction::Outgoing, offer) {
            self.commands.push_back(Command::StopTransfer { id, keep: true });
            self.set_transfer(id, TransferState::Declined);
        }
    }

    pub(in crate::session) fn handle_cancel(&mut self, offer: u32, by_offerer: bool, now: Moment) {
        // The peer's outgoing transfer is this side's incoming one.
        let direction = if by_offerer { Direction::Incoming } else { Direction::Outgoing };
        if let Some(id) = self.book.cancelled_by_peer(direction, offer) {
            self.commands.push_back(Command::StopTransfer { id, keep: true });
            self.tell_transfer(id);
            self.request_pipes(now);
        }
    }

    pub(in crate::session) fn handle_failed(
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

    pub(in crate::session) fn handle_hold(
        &mut self,
        offer: u32,
        by_offerer: bool,
        reason: Option<Hold>,
    ) {
        let direction = if by_offerer { Direction::Incoming } else { Direction::Outgoing };
        if let Some(id) = self.book.find(direction, offer)
            && self.book.hold(id, false, reason)
        {
            self.tell_transfer(id);
            self.command_hold(id);
        }
    }

    pub(in crate::session) fn handle_finished(&mut self, offer: u32, saved_as: &str) {
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

    pub(super) fn fail_as_there(&mut self, id: TransferId, code: Fault) {
        self.commands.push_back(Command::StopTransfer { id, keep: true });
        let reason = failed_there(code).to_owned();
        self.set_transfer(id, TransferState::Failed { code, reason });
    }
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
