//! How a transfer ends on its way in.
//!
//! Owns what must be through before it may, and what the sender is told of the end.

use super::{Ended, Phase, Receiver};
use crate::limits::MAX_REASON_COLUMNS;
use crate::text;
use crate::transfer::outcome::Outcome;
use crate::transfer::wire::{Abort, Answer, End, Fault, Step};

impl Receiver {
    /// The sender says that were all entries.
    pub fn handle_end(&mut self, end: End) -> Ended {
        let refuse = |code, text: &str| Ended::Answer(Answer::error(Step::End, code, text));
        match &self.phase {
            Phase::Moving if end.entries == 0 => refuse(Fault::Gap, "nothing has come at all"),
            Phase::Moving if self.through.are_all(end.entries) && self.open.is_empty() => {
                self.phase = Phase::Finishing;
                Ended::Finish
            }
            Phase::Moving => refuse(Fault::Gap, "some of the entries haven't come"),
            Phase::Finishing => Ended::Wait,
            Phase::Over(Outcome::Verified { saved_as, .. }) => {
                Ended::Answer(Self::ended(saved_as.clone()))
            }
            Phase::Over(Outcome::Failed { code, text }) => refuse(*code, told(*code, text)),
        }
    }

    /// The whole is on disk, under this name. Gives the answer.
    pub fn handle_finished(&mut self, saved_as: &str) -> Answer {
        if let Phase::Over(Outcome::Failed { code, text }) = &self.phase {
            return Answer::error(Step::End, *code, told(*code, text));
        }
        let saved_as = text::line(saved_as, MAX_REASON_COLUMNS);
        if self.phase == Phase::Finishing {
            let problems = std::mem::take(&mut self.problems);
            let entries = self.through.finished() + problems.count();
            self.phase = Phase::Over(problems.outcome(entries, saved_as.clone()));
        }
        Self::ended(saved_as)
    }

    /// The shell can't go on with the whole transfer; send the sender the answer to the step that it
    /// came with. What is local to this machine, such as a path, isn't the sender's business, so it
    /// is told less.
    pub fn handle_storage_fault(&mut self, step: Step, text: &str) -> Answer {
        self.end(Fault::Storage, text.to_owned());
        Answer::error(step, Fault::Storage, told(Fault::Storage, text))
    }

    /// The sender can't complete it.
    pub fn handle_abort(&mut self, abort: &Abort) {
        self.end(abort.code, format!("your peer's side says: {}", reason(&abort.text)));
    }

    /// The answer to a step that comes when nothing more can.
    pub(super) fn no_place(&self, step: Step) -> Option<Answer> {
        match &self.phase {
            Phase::Moving => None,
            Phase::Over(Outcome::Failed { code, text }) => {
                Some(Answer::error(step, *code, told(*code, text)))
            }
            Phase::Finishing | Phase::Over(Outcome::Verified { .. }) => {
                let text = "nothing has a place after END";
                Some(Answer::error(step, Fault::OutOfOrder, text))
            }
        }
    }

    pub(super) fn end(&mut self, code: Fault, text: String) {
        if !matches!(self.phase, Phase::Over(_)) {
            self.phase = Phase::Over(Outcome::Failed { code, text });
        }
    }

    const fn ended(saved_as: String) -> Answer {
        Answer::Ready { step: Step::End, held: Vec::new(), done: false, saved_as: Some(saved_as) }
    }
}

/// What the sender gives as a reason, safe to show; it may have left it out.
pub(super) fn reason(given: &str) -> String {
    let shown = text::line(given, MAX_REASON_COLUMNS);
    if shown.trim().is_empty() {
        "your peer's side gave no reason for it".to_owned()
    } else {
        shown
    }
}

/// What a sender is told of a fault.
fn told(code: Fault, text: &str) -> &str {
    if code == Fault::Storage {
        "nothing can be written there; ask your peer to look, then offer it again"
    } else {
        text
    }
}
