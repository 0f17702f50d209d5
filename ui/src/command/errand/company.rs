//! Who is there: the relay, the peer, and the key to the line.
//!
//! Owns what is told of them, and that what is to be sent is offered as soon as somebody is there who
//! can read it.

use super::{Errand, LEFT_AFTER, Report, Step, Task};
use crate::engine::Command;
use crate::meeting::{self, Meeting};
use couplet::code::Code;
use couplet::session::{Event as SessionEvent, Link, Peer, Seal};
use couplet::time::Moment;

impl Errand {
    pub(super) fn handle_session(&mut self, event: SessionEvent, now: Moment) {
        match event {
            SessionEvent::Link(Link::Lost { attempt, retry_in }) => {
                self.link_lost = true;
                self.peer_here = false;
                self.alone_since.get_or_insert(now);
                let retry_in_ms = u64::try_from(retry_in.as_millis()).unwrap_or(u64::MAX);
                self.tell(Report::Reconnecting { attempt, retry_in_ms });
            }
            SessionEvent::Link(Link::Online) => {
                if std::mem::take(&mut self.link_lost) {
                    self.tell(Report::Reconnected);
                }
            }
            SessionEvent::Seated { room, .. } => {
                self.retry = None;
                // A new code is known once its room is: from here on it is a code like any other.
                if matches!(self.setup.meeting, Meeting::New(_))
                    && let Some(code) = self.setup.meeting.code(room.as_ref())
                {
                    self.tell_waiting(Some(&code));
                    self.setup.meeting = Meeting::Code(code);
                }
            }
            SessionEvent::Peer { peer, newcomer } => self.handle_peer(peer, newcomer, now),
            SessionEvent::PeerName(name) => self.peer_name = Some(name),
            SessionEvent::Seal(Seal::Sealed { words, .. }) => {
                if !std::mem::replace(&mut self.sealed, true) {
                    self.met = true;
                    self.alone_since = None;
                    self.tell(Report::Met { words });
                    self.offer_if_ready();
                }
            }
            SessionEvent::Seal(Seal::Nobody | Seal::Agreeing | Seal::Failed | Seal::Plain) => {
                self.sealed = false;
            }
            SessionEvent::Transfer { id, info } => self.handle_transfer(id, &info, now),
            SessionEvent::Notice(text) => self.tell(Report::Notice { text }),
            SessionEvent::Trouble(text) => self.tell(Report::Trouble { text }),
            SessionEvent::Link(Link::Connecting { .. })
            | SessionEvent::Role(_)
            | SessionEvent::PeerCompares
            | SessionEvent::PeerTyping(_)
            | SessionEvent::RoundTrip(_)
            | SessionEvent::Words { .. }
            | SessionEvent::Held { .. }
            | SessionEvent::TakenBack { .. }
            | SessionEvent::Said { .. }
            | SessionEvent::Marked { .. }
            | SessionEvent::Passed
            | SessionEvent::Ended(_) => {}
        }
    }

    pub(super) fn handle_peer(&mut self, peer: Peer, newcomer: bool, now: Moment) {
        let was_silent = std::mem::replace(&mut self.peer_silent, false);
        self.peer_here = peer == Peer::Present;
        if newcomer && self.left_at.take().is_some() {
            self.tell(Report::Left);
        }
        match peer {
            Peer::Present => {
                if self.sealed {
                    self.alone_since = None;
                }
                if was_silent && !newcomer && self.met {
                    self.tell(Report::Returned);
                }
                return self.offer_if_ready();
            }
            Peer::Silent { kept_for } if self.met => {
                self.peer_silent = true;
                self.tell(Report::Silent { kept_for_s: kept_for.as_secs() });
            }
            Peer::Gone if self.met => {
                self.left_at = Some(now + LEFT_AFTER);
                if let Some(transfer) = &mut self.transfer {
                    transfer.orphaned = true;
                }
            }
            Peer::Waiting | Peer::Silent { .. } | Peer::Gone => self.tell_waiting(None),
        }
        self.alone_since.get_or_insert(now);
    }

    pub(super) fn tell_waiting(&mut self, new_code: Option<&Code>) {
        if std::mem::replace(&mut self.told_waiting, true) {
            return;
        }
        let command =
            |code| meeting::command_with(code, &self.setup.relay, &self.setup.other_types);
        let command = new_code.map(command);
        self.tell(Report::Waiting { code: new_code.map(Code::to_string), command });
    }

    /// Offers what is to be sent, once somebody is there who can read it.
    pub(super) fn offer_if_ready(&mut self) {
        if let Task::Send(outgoing) = &self.setup.task
            && self.peer_here
            && self.sealed
            && !self.offering
            && self.transfer.is_none()
        {
            self.offering = true;
            self.offer_at = None;
            self.steps.push_back(Step::Engine(Command::Send(outgoing.clone())));
        }
    }
}
