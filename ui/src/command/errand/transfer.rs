//! The one thing that is sent or received: from the offer to its end.
//!
//! Owns what its states mean for the errand, and the answer to an offer.

use super::{Errand, Report, Side, Step, Task, Terms};
use crate::command::question::Question;
use crate::command::report::Figures;
use crate::command::verdict::{self, End};
use crate::config::exit;
use crate::engine::{Command, Progress};
use crate::naming::thing;
use couplet::code::Code;
use couplet::time::Moment;
use couplet::transfer::book::{Direction, Hold, TransferId, TransferInfo, TransferState};
use couplet::transfer::offer::{Form, Offer, OnCollision, Preflight};
use couplet::transfer::wire::Fault;
use couplet::units;

/// The one thing that is sent or received.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Transfer {
    pub(super) id: TransferId,
    offer: Offer,
    /// Whether the user, or the rules, have answered.
    answered: bool,
    pub(super) started: bool,
    /// Cut, and to go on where it was; not if it is offered anew first, as a start tells of that.
    cut: bool,
    /// Bytes that are there from before, as far as the disk tells.
    part: u64,
    /// Whether the one that it was received from is gone.
    pub(super) orphaned: bool,
    held: Option<(Side, Hold)>,
    done: u64,
}

impl Errand {
    pub(super) fn handle_transfer(&mut self, id: TransferId, info: &TransferInfo, now: Moment) {
        let ours = match self.setup.task {
            Task::Send(_) => Direction::Outgoing,
            Task::Receive(_) => Direction::Incoming,
        };
        if info.direction != ours {
            let both_send = ours == Direction::Outgoing && info.state == TransferState::Offered;
            if both_send && !std::mem::replace(&mut self.told_both_send, true) {
                let name = thing(info.offer.name.as_str(), info.offer.form);
                let text = format!("your peer offers {name} as well; one of you has to receive");
                self.tell(Report::Notice { text });
            }
            return;
        }
        if self.transfer.as_ref().is_none_or(|transfer| transfer.id != id) {
            // One is enough; another is left to whoever comes after.
            if info.state == TransferState::Offered && self.makes_room() {
                self.begin(id, info);
            }
            return;
        }
        self.handle_hold(info);
        match &info.state {
            TransferState::Offered => {
                if let Some(transfer) = &mut self.transfer {
                    transfer.cut = false;
                }
                // To somebody else with the same code.
                if self.transfer.as_ref().is_some_and(|transfer| transfer.orphaned) {
                    self.begin(id, info);
                }
            }
            TransferState::Queued => {
                if let Some(transfer) = &mut self.transfer {
                    (transfer.orphaned, transfer.cut) = (false, false);
                }
            }
            TransferState::Moving => {
                if let Some(transfer) = &mut self.transfer {
                    transfer.orphaned = false;
                    if std::mem::take(&mut transfer.cut) {
                        let held = transfer.done;
                        self.tell(Report::Resumed { held });
                    }
                }
            }
            TransferState::Interrupted => {
                if let Some(transfer) = &mut self.transfer {
                    transfer.cut = transfer.started;
                }
                self.tell(Report::Interrupted);
            }
            TransferState::Verified { saved_as, left_out, left_out_count } => {
                self.tell(Report::Verified {
                    saved_as: saved_as.clone(),
                    left_out: left_out.clone(),
                    left_out_count: *left_out_count,
                });
                self.choose(verdict::verified(*left_out_count), now);
            }
            TransferState::Declined => {
                self.tell(Report::Declined { by: Side::Peer });
                self.choose(End::new(exit::DECLINED, "your peer declined it".to_owned()), now);
            }
            TransferState::Cancelled { by_peer } => {
                let by = if *by_peer { Side::Peer } else { Side::You };
                self.tell(Report::Cancelled { by });
                let receiving = ours == Direction::Incoming;
                self.choose(
                    verdict::cancelled(receiving, self.kept().as_deref(), self.code().as_ref()),
                    now,
                );
            }
            TransferState::Failed { code, reason } => {
                let known = (*code != Fault::Unknown).then_some(*code);
                self.tell(Report::Failed { code: known, reason: reason.clone() });
                self.choose(verdict::failed(*code, reason.clone()), now);
            }
            TransferState::Withdrawn => {
                self.transfer = None;
                self.question = None;
                self.offer_if_ready();
            }
        }
    }

    /// Whether a new transfer may take the place of the one that is known. One whose sender is gone
    /// gives way: what is offered now is the same, changed meanwhile, or something else.
    pub(super) fn makes_room(&mut self) -> bool {
        match &self.transfer {
            None => true,
            Some(transfer) if transfer.orphaned => {
                let cancel = Command::Cancel { id: Some(transfer.id), keep: true };
                self.steps.push_back(Step::Engine(cancel));
                true
            }
            Some(_) => false,
        }
    }

    pub(super) fn begin(&mut self, id: TransferId, info: &TransferInfo) {
        let offer = info.offer.clone();
        let (by, peer) = match info.direction {
            Direction::Outgoing => (Side::You, None),
            Direction::Incoming => (Side::Peer, self.peer_name.clone()),
        };
        self.tell(Report::Offered {
            by,
            peer,
            name: offer.name.to_string(),
            form: offer.form,
            size: offer.size,
            entries: offer.entries,
        });
        self.offering = false;
        self.question = None;
        self.transfer = Some(Transfer {
            id,
            offer,
            answered: false,
            started: false,
            cut: false,
            part: 0,
            orphaned: false,
            held: None,
            done: 0,
        });
    }

    pub(super) fn handle_hold(&mut self, info: &TransferInfo) {
        let Some(transfer) = &mut self.transfer else { return };
        let held = match (info.held_here, info.held_there) {
            (Some(reason), _) => Some((Side::You, reason)),
            (None, Some(reason)) => Some((Side::Peer, reason)),
            (None, None) => None,
        };
        if transfer.held != held && !info.state.is_over() {
            transfer.held = held;
            self.tell(match held {
                Some((by, reason)) => Report::Paused { by, reason },
                None => Report::Continued,
            });
        }
    }

    pub(super) fn handle_preflight(&mut self, id: TransferId, preflight: &Preflight, now: Moment) {
        let Task::Receive(terms) = self.setup.task else { return };
        let Some(transfer) = self.transfer.as_mut().filter(|transfer| transfer.id == id) else {
            return;
        };
        if std::mem::replace(&mut transfer.answered, true) {
            return;
        }
        transfer.part = preflight.held;
        let offer = transfer.offer.clone();
        let is_tree = matches!(offer.form, Form::Folder | Form::Several);
        let fits = if terms.to_stdout && is_tree {
            Err(format!(
                "{} is more than one file, which can't go to standard output; receive it into a \
                 directory with --to DIR",
                offer.name
            ))
        } else {
            preflight.check(&offer)
        };
        self.tell(Report::Preflight {
            held: preflight.held,
            changed: preflight.changed,
            exists: preflight.exists,
            free: preflight.free,
            trouble: fits.as_ref().err().cloned(),
        });
        match fits {
            Err(text) => self.refuse(text, now),
            Ok(()) if terms.asks => {
                let peer = self.peer_name.as_deref();
                let question = Question::new(peer, &offer, preflight, terms.asks_names);
                self.steps.push_back(Step::Ask(question.text.clone()));
                self.question = Some(question);
            }
            Ok(()) => self.accept(None),
        }
    }

    pub(super) fn accept(&mut self, on_collision: Option<OnCollision>) {
        if let Some(transfer) = &self.transfer {
            let accept = Command::Accept { id: Some(transfer.id), on_collision };
            self.steps.push_back(Step::Engine(accept));
        }
    }

    /// Declines what can't be received.
    pub(super) fn refuse(&mut self, text: String, now: Moment) {
        if let Some(transfer) = &self.transfer {
            let decline = Command::Decline(Some(transfer.id));
            self.steps.push_back(Step::Engine(decline));
        }
        self.tell(Report::Failed { code: Some(Fault::Storage), reason: text.clone() });
        self.choose(End::new(exit::UNWRITABLE, text), now);
    }

    pub(super) fn handle_started(&mut self, id: TransferId, held: u64) {
        let Some(transfer) = self.transfer.as_mut().filter(|transfer| transfer.id == id) else {
            return;
        };
        let held = held.max(transfer.part);
        transfer.done = held;
        let again = std::mem::replace(&mut transfer.started, true);
        self.tell(if again { Report::Resumed { held } } else { Report::Started { held } });
    }

    pub(super) fn handle_progress(&mut self, progress: &Progress) {
        let Some(transfer) = self.transfer.as_mut().filter(|known| known.id == progress.id) else {
            return;
        };
        transfer.done = progress.done;
        if !transfer.started && progress.stalled_for.is_none() {
            return;
        }
        let figures = Figures {
            done: progress.done,
            size: transfer.offer.size.map(|_| progress.size),
            moved: progress.moved,
            entries: progress.entries,
            rate: progress.rate,
            remaining_s: progress.remaining.map(units::countdown),
            stalled_s: progress.stalled_for.map(|span| span.as_secs()),
        };
        self.tell(Report::Progress(figures));
    }

    /// The code by which both have met.
    pub(super) fn code(&self) -> Option<Code> {
        self.setup.meeting.code(None)
    }

    /// How much of what has a name stays with the receiver if it is stopped now.
    pub(super) fn kept(&self) -> Option<String> {
        let Transfer { offer, done, started, .. } = self.transfer.as_ref()?;
        let flows = matches!(self.setup.task, Task::Receive(Terms { to_stdout: true, .. }));
        (offer.form.is_resumable() && !flows && *started && *done > 0).then(|| {
            let share = units::percent(*done, offer.size());
            format!("{share} % of {}", thing(offer.name.as_str(), offer.form))
        })
    }
}
