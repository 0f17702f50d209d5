//! What comes back through a pipe: a thread of its own hears it and hands it to the machine.
//!
//! Owns that thread and what is told of an answer: the start, how far it is, what more the line has
//! use for. What an answer means is the machine's.

use super::Sending;
use crate::clock;
use crate::common::Finding;
use crate::pipe::{PipeFault, Reader};
use couplet::transfer::outcome::Outcome;
use couplet::transfer::send::PipeNo;
use couplet::transfer::wire::{Answer, Fault, Step, StepReader};
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

/// A thread that hands what comes back to the machine, until the pipe ends, and then tells why it did
/// if it shouldn't have.
pub(super) fn read_answers(
    sending: &Arc<Sending>,
    pipe: PipeNo,
    mut reader: Box<dyn Reader>,
) -> io::Result<JoinHandle<Option<PipeFault>>> {
    let sending = Arc::clone(sending);
    let read = move || {
        let fault = hear(&sending, &mut *reader);
        reader.stop();
        sending.lock().deaf.insert(pipe);
        sending.changed.notify_all();
        fault
    };
    std::thread::Builder::new().name("couplet-answers".to_owned()).spawn(read)
}

fn hear(sending: &Sending, reader: &mut dyn Reader) -> Option<PipeFault> {
    loop {
        let answers = match reader.read() {
            Ok(record) => StepReader::new(record)
                .map(|step| step.and_then(|(kind, body)| Answer::decode(kind, body)))
                .collect::<Result<Vec<_>, _>>(),
            Err(fault) => return Some(fault),
        };
        match answers {
            Ok(answers) => sending.answered(answers.into_iter()),
            Err(error) => {
                let text = format!("your peer's side makes no sense: {error}; end this line");
                sending.common.tell_end(Outcome::Failed { code: Fault::OutOfOrder, text });
                return Some(io::Error::other(error).into());
            }
        }
    }
}

impl Sending {
    /// Answers have come, or a sign of life.
    fn answered(&self, answers: impl Iterator<Item = Answer>) {
        let mut state = self.lock();
        let now = clock::now();
        let mut held = 0;
        state.heard += 1;
        for answer in answers {
            held += held_from_before(&answer);
            state.sender.handle_answer(answer, now);
        }
        if !state.started {
            state.started = true;
            self.common.tell(Finding::Started { held });
        }
        self.publish(&state);
        let wanted = state.sender.pipes_wanted();
        if wanted > state.wanted {
            state.wanted = wanted;
            self.common.tell(Finding::PipesWanted { wanted });
        }
        self.tell_end(&state);
        self.changed.notify_all();
    }
}

/// The bytes of a file that the receiver had before any were sent, if this is what the answer says.
fn held_from_before(answer: &Answer) -> u64 {
    match answer {
        Answer::Ready { step: Step::Hello { .. }, held, .. } => {
            held.iter().map(|(start, end)| end.saturating_sub(*start)).sum()
        }
        Answer::Ready { .. } | Answer::Error { .. } => 0,
    }
}
