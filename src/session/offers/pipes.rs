//! The pipes that transfers move through: asked for, given, wished for, lost.
//!
//! Owns the conversation about them with the relay, the peer and the engine; which transfer may have
//! one is the [`Book`](crate::transfer::book)'s. A pipe's tag names its transfer to both ends: the
//! offerer's number of the offer, and the offerer's seat in the lowest bit.

use super::super::{Command, Session};
use crate::limits::MAX_PIPES_PER_TRANSFER;
use crate::message::{ClientControl, Seat, Token};
use crate::peer::PeerSignal;
use crate::time::Moment;
use crate::transfer::book::{Direction, TransferId, TransferState};
use crate::transfer::wire::Fault;

impl Session {
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
        // Whoever is there now may be somebody else, who knows nothing of it.
        let for_good = self.book.is_orphan(id) || (is_gone && !self.sealing.has_company());
        if for_good && !self.sealing.has_password() {
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
    pub(in crate::session) fn tell_without_pipe(&mut self, now: Moment) {
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

    pub(in crate::session) fn handle_pipe(&mut self, tag: u64, token: Token) {
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
    pub(in crate::session) fn request_pipes(&mut self, now: Moment) {
        let Some((seat, _)) = self.seat else { return };
        while self.is_paired() {
            let Some((_, offer)) = self.book.poll_pipe_request(now) else { return };
            self.control(ClientControl::RequestPipe { tag: tag(offer, seat.other()) });
        }
    }

    pub(in crate::session) fn handle_interrupted(&mut self, offer: u32, by_offerer: bool) {
        let direction = if by_offerer { Direction::Incoming } else { Direction::Outgoing };
        if let Some(id) = self.book.find(direction, offer) {
            self.commands.push_back(Command::DropPipes(id));
        }
    }

    pub(in crate::session) fn handle_pipes(&mut self, offer: u32, wanted: u8) {
        if let Some(id) = self.book.find(Direction::Incoming, offer) {
            let wanted = usize::from(wanted).clamp(1, MAX_PIPES_PER_TRANSFER);
            self.commands.push_back(Command::WantPipes { id, wanted });
        }
    }
}

/// What names a transfer's pipes to both ends.
fn tag(offer: u32, offerer: Seat) -> u64 {
    u64::from(offer) << 1 | u64::from(offerer == Seat::Two)
}
