//! Something on its way in: the shell around the [`Receiver`] machine.
//!
//! Owns what the threads of one transfer share, and the loop of a pipe's thread; what is good and what
//! is refused is the machine's, and what happens on disk [`super::store`]'s. Each pipe has a thread
//! that reads, opens, checks and writes (`steps`) to a `place`.

mod again;
mod place;
mod steps;

pub use place::preflight;

use crate::clock;
use crate::common::{Common, Finding};
use crate::pipe::{PipeFault, RECORD_SPACE, Reader, Writer};
use crate::pulse::Pulse;
use crate::sending::untrusted;
use crate::store::{self, Growing};
use crate::target::Target;
use couplet::transfer::entry::EntryId;
use couplet::transfer::offer::{Offer, OnCollision};
use couplet::transfer::outcome::Outcome;
use couplet::transfer::pace::Pace;
use couplet::transfer::receive::{self, Receiver};
use couplet::transfer::wire::{Fault, SenderStep, StepReader};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// A record has answers until it has so many bytes; even the longest one fits behind them.
const PACK: usize = 64 * 1024;

/// One transfer on its way in, whatever pipes it has.
pub struct Incoming {
    target: Target,
    offer: Offer,
    on_collision: OnCollision,
    /// Where it goes; opened when the first entry comes.
    place: OnceLock<Result<Arc<store::Incoming>, String>>,
    state: Mutex<State>,
    /// Something has changed that a step may wait for: bytes from before were read again, or a step
    /// that came through another pipe was carried out.
    changed: Condvar,
    common: Arc<Common>,
}

struct State {
    receiver: Receiver,
    growing: HashMap<EntryId, Arc<Growing>>,
    stopped: bool,
    started: bool,
    pace: Pace,
}

impl Incoming {
    /// Something that is about to come; nothing is opened before its first step.
    #[must_use]
    pub fn new(
        target: Target,
        offer: Offer,
        on_collision: OnCollision,
        common: Arc<Common>,
    ) -> Self {
        let receiver = Receiver::new(offer.clone());
        let pace = Pace::new(common.rate_limit());
        let growing = HashMap::new();
        let state = State { receiver, growing, stopped: false, started: false, pace };
        Self {
            target,
            offer,
            on_collision,
            place: OnceLock::new(),
            state: Mutex::new(state),
            changed: Condvar::new(),
            common,
        }
    }

    /// Nothing is received any more; what has come stays if `keep`.
    pub fn give_up(&self, keep: bool) {
        let mut state = self.lock();
        state.stopped = true;
        state.growing.clear();
        self.changed.notify_all();
        drop(state);
        // A stream can't be gone on with.
        let keep = keep && self.offer.form.is_resumable();
        if !keep && let Some(Ok(place)) = self.place.get() {
            place.discard();
        }
    }

    /// Waits until so many bytes may have come in. What isn't read slows the sender down.
    fn pace(&self, bytes: usize) {
        let delay = {
            let mut state = self.lock();
            state.pace.set_limit(self.common.rate_limit());
            state.pace.delay(bytes as u64, clock::now())
        };
        self.common.rest(delay);
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, state: &State) {
        let (common, receiver) = (&self.common, &state.receiver);
        common.done.store(receiver.held(), Ordering::Relaxed);
        common.moved.store(receiver.moved(), Ordering::Relaxed);
        common.entries.store(receiver.finished_entries(), Ordering::Relaxed);
    }
}

/// Serves one pipe until it or the transfer is over.
pub fn run(incoming: &Arc<Incoming>, writer: Box<dyn Writer>, reader: Box<dyn Reader>) {
    Pulse::beside(writer, |pulse| serve(incoming, pulse, reader));
}

fn serve(incoming: &Arc<Incoming>, pulse: &Pulse, mut reader: Box<dyn Reader>) {
    let mut answers = Vec::new();
    let mut record = Vec::new();
    loop {
        let steps = match reader.read() {
            Ok(steps) => steps,
            Err(PipeFault::Untrusted(why)) => {
                // Nothing of what somebody meddled with stays.
                incoming.give_up(false);
                return incoming.common.tell_end(untrusted(&why));
            }
            // Another pipe goes on where this one was cut.
            Err(PipeFault::Broken(_)) => return,
        };
        pulse.turn();
        incoming.pace(steps.len());
        answers.clear();
        for step in StepReader::new(steps) {
            match step.and_then(|(kind, body)| SenderStep::decode(kind, body)) {
                Ok(step) => answers.extend(incoming.step(step)),
                Err(error) => {
                    let text = format!("your peer's side makes no sense: {error}; end this line");
                    let code = Fault::OutOfOrder;
                    return incoming.common.tell_end(Outcome::Failed { code, text });
                }
            }
            if incoming.lock().stopped {
                return;
            }
        }
        receive::coalesce(&mut answers);
        let mut state = incoming.lock();
        incoming.publish(&state);
        if !std::mem::replace(&mut state.started, true) {
            let held = state.receiver.held_before();
            incoming.common.tell(Finding::Started { held });
        }
        let outcome = state.receiver.outcome().cloned();
        drop(state);
        // A sender that has heard of it forgets it; by then this side must know, even if it is killed.
        if let Some(Outcome::Verified { saved_as, .. }) = &outcome {
            incoming.common.tell_whole(saved_as.clone());
        }
        let mut written = Ok(());
        let mut answers = answers.drain(..).peekable();
        while answers.peek().is_some() {
            record.clear();
            record.resize(RECORD_SPACE, 0);
            while record.len() < PACK
                && let Some(answer) = answers.next()
            {
                answer.encode(&mut record);
            }
            let is_final = outcome.is_some() && answers.peek().is_none();
            written = written.and_then(|()| pulse.write(is_final, &mut record));
        }
        pulse.turn();
        // What is decided stays decided, whether or not the sender has heard it.
        if let Some(outcome) = outcome {
            incoming.common.tell_end(outcome);
            return pulse.hang_up();
        }
        if written.is_err() {
            return;
        }
    }
}
