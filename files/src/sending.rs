//! Something on its way out: the shell around the [`Sender`] machine.
//!
//! Owns what the threads of one transfer share, and a thread's beginning and end; the order of steps
//! is the machine's. Each pipe has a thread that reads, seals and writes (`serve`, into an `outlet`),
//! and one more that reads `answers`.

mod answers;
mod outlet;
mod serve;

use crate::common::Common;
use crate::pipe::{PipeFault, Reader, Writer};
use crate::source::{OpenSource, Place, Source, Walk};
use answers::read_answers;
use couplet::transfer::entry::EntryId;
use couplet::transfer::outcome::Outcome;
use couplet::transfer::pace::Pace;
use couplet::transfer::send::{PipeNo, Sender};
use couplet::transfer::squeeze::Squeeze;
use couplet::transfer::wire::Fault;
use outlet::Outlet;
use serve::serve;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// One transfer on its way out, whatever pipes it has.
pub struct Sending {
    state: Mutex<State>,
    /// Something has changed: an answer, a hold, the end.
    changed: Condvar,
    common: Arc<Common>,
}

struct State {
    sender: Sender,
    walk: Option<Walk>,
    places: HashMap<EntryId, Place>,
    /// Files that take more than one record.
    files: HashMap<EntryId, Arc<OpenSource>>,
    held: bool,
    stopped: bool,
    /// Pipes from which nothing comes back any more.
    deaf: HashSet<PipeNo>,
    started: bool,
    /// How many records have come back.
    heard: u64,
    wanted: usize,
    pace: Pace,
    squeeze: Squeeze,
    /// The file that the judgement on compressing is about.
    squeezing: Option<EntryId>,
}

impl Sending {
    /// Something that is about to go out. With `part` the receiver may have some of it.
    #[must_use]
    pub fn new(source: &Source, part: bool, common: Arc<Common>) -> Self {
        let limit = common.rate_limit();
        Self {
            state: Mutex::new(State {
                sender: Sender::new(part),
                walk: Some(source.walk()),
                places: HashMap::new(),
                files: HashMap::new(),
                held: false,
                stopped: false,
                deaf: HashSet::new(),
                started: false,
                heard: 0,
                wanted: 1,
                pace: Pace::new(limit),
                squeeze: Squeeze::new(),
                squeezing: None,
            }),
            changed: Condvar::new(),
            common,
        }
    }

    /// Holds the transfer up, or lets it go on.
    pub fn hold(&self, on: bool) {
        let mut state = self.lock();
        state.held = on;
        state.sender.set_paused(on);
        self.changed.notify_all();
    }

    /// The receiver's client says that it has everything.
    pub fn finish(&self, saved_as: &str) {
        let mut state = self.lock();
        state.sender.handle_finished(saved_as);
        self.tell_end(&state);
        self.changed.notify_all();
    }

    /// Nothing is sent any more.
    pub fn give_up(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    /// A pipe has ended, or never was.
    pub fn pipe_lost(&self, pipe: PipeNo) {
        let mut state = self.lock();
        state.deaf.remove(&pipe);
        state.sender.handle_pipe_lost(pipe);
        // What the line has use for is told again, as one is missing now.
        state.wanted = 1;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_end(&self, state: &State) {
        if let Some(outcome) = state.sender.outcome() {
            self.publish(state);
            self.common.tell_end(outcome.clone());
        }
    }

    fn publish(&self, state: &State) {
        let (common, sender) = (&self.common, &state.sender);
        common.done.store(sender.confirmed(), Ordering::Relaxed);
        common.moved.store(sender.moved(), Ordering::Relaxed);
        common.entries.store(sender.confirmed_entries(), Ordering::Relaxed);
    }
}

/// Serves one pipe until it or the transfer is over.
pub fn run(sending: &Arc<Sending>, pipe: PipeNo, writer: Box<dyn Writer>, reader: Box<dyn Reader>) {
    let Ok(answering) = read_answers(sending, pipe, reader) else { return sending.pipe_lost(pipe) };
    let mut outlet = Outlet::new(writer);
    let result = serve(sending, pipe, &mut outlet);
    if result.is_ok() {
        // The thread reads on until the receiver hangs up, so nothing sent is thrown away.
        outlet.writer.finish();
    } else {
        outlet.writer.abort();
    }
    let fault = answering.join().ok().flatten();
    sending.pipe_lost(pipe);
    if let Some(PipeFault::Untrusted(why)) = fault {
        sending.common.tell_end(untrusted(&why));
    }
}

/// What came through a pipe was tampered with.
pub(crate) fn untrusted(why: &str) -> Outcome {
    let text = format!(
        "the transfer was stopped: {why}; somebody between you meddles, perhaps whoever runs the \
         relay. Offer it again through another relay"
    );
    Outcome::Failed { code: Fault::Checksum, text }
}
