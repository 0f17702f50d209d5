//! The transfers of one engine: what is offered, the threads that move bytes, and how far they are.
//!
//! Owns the threads and what they share; which transfers there are and in what state is the
//! session's. A transfer outlives its pipes: when the last is lost it keeps what it knows and waits
//! for another.

use super::api::{Outgoing, Progress};
use super::pipe::{self, PipeEnd, Reader, Stopper, Writer};
use super::receiving::Incoming;
use super::sending::Sending;
use super::source::{Source, WalkOptions};
use super::{Target, receiving, sending};
use couplet::limits;
use couplet::time::Moment;
use couplet::transfer::book::{Direction, TransferId, TransferInfo};
use couplet::transfer::offer::{Offer, OnCollision, Preflight};
use couplet::transfer::outcome::Outcome;
use couplet::transfer::rate::Rate;
use couplet::transfer::send::PipeNo;
use couplet::transfer::wire::Fault;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// What a thread has found.
#[derive(Debug)]
pub(super) enum Finding {
    /// Something that the user wants to send, or why it can't be.
    Inspected(Result<Arc<Source>, String>),
    /// What the disk has to say about an offer.
    Preflight { id: TransferId, preflight: Preflight, purpose: Purpose },
    /// A transfer's bytes begin to move, or go on.
    Started { id: TransferId, held: u64 },
    /// A text has come.
    Text { id: TransferId, text: String },
    /// The disk is full, or has room again.
    DiskFull { id: TransferId, full: bool },
    /// The line has use for so many pipes.
    PipesWanted { id: TransferId, wanted: usize },
    /// A transfer's last pipe is lost.
    PipeLost { id: TransferId, progressed: bool },
    /// A transfer is over.
    Ended { id: TransferId, outcome: Outcome },
}

/// Why the disk is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To show the user what accepting would mean.
    ToShow,
    /// The user has accepted, with this about names that are taken.
    ToAccept(Option<OnCollision>),
}

/// How far threads that move bytes stand back.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

pub(super) struct Transfers {
    target: Target,
    on_collision: OnCollision,
    /// Bytes a second; 0 for as fast as it goes.
    limit: Arc<AtomicU64>,
    /// What is offered or on its way out.
    sources: HashMap<TransferId, Arc<Source>>,
    /// What to do about names that are taken, where the user has said so for one transfer.
    collisions: HashMap<TransferId, OnCollision>,
    moving: HashMap<TransferId, Moving>,
    findings_out: mpsc::UnboundedSender<Finding>,
    findings: mpsc::UnboundedReceiver<Finding>,
}

/// A transfer that has had a pipe, or is about to.
struct Moving {
    work: Work,
    common: Arc<Common>,
    size: Option<u64>,
    rate: Rate,
    /// Bytes that were there before this session moved any.
    held: u64,
}

#[derive(Clone)]
enum Work {
    Out(Arc<Sending>),
    In(Arc<Incoming>),
}

/// What the threads of one transfer, and the engine, share.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) id: TransferId,
    /// Bytes that are safely across.
    pub(super) done: AtomicU64,
    /// Bytes that went through pipes.
    pub(super) moved: AtomicU64,
    /// Entries that are across.
    pub(super) entries: AtomicU64,
    /// Bytes a second; 0 for as fast as it goes.
    pub(super) limit: Arc<AtomicU64>,
    pipes: Mutex<Pipes>,
    findings: mpsc::UnboundedSender<Finding>,
}

#[derive(Debug, Default)]
struct Pipes {
    open: HashMap<PipeNo, Arc<Stopper>>,
    /// Nothing is told any more: it was stopped, or its end was told.
    is_over: bool,
    /// What had moved when the last pipe was opened.
    moved_before: u64,
}

impl Common {
    /// Tells the engine.
    pub(super) fn tell(&self, finding: Finding) {
        // An engine that is gone needs no findings.
        let _ = self.findings.send(finding);
    }

    /// The transfer is over; only the first such word counts.
    pub(super) fn tell_end(&self, outcome: Outcome) {
        let mut pipes = self.pipes();
        if !std::mem::replace(&mut pipes.is_over, true) {
            self.tell(Finding::Ended { id: self.id, outcome });
        }
    }

    /// Whether nothing is told any more.
    pub(super) fn is_over(&self) -> bool {
        self.pipes().is_over
    }

    fn enter(&self, pipe: PipeNo, stopper: &Arc<Stopper>) {
        let mut pipes = self.pipes();
        if pipes.open.is_empty() {
            pipes.moved_before = self.moved.load(Ordering::Relaxed);
        }
        pipes.open.insert(pipe, Arc::clone(stopper));
    }

    /// A pipe has ended. If it was the last one of a transfer that isn't over, the engine is told.
    fn leave(&self, pipe: PipeNo) {
        let mut pipes = self.pipes();
        let was_there = pipes.open.remove(&pipe).is_some();
        if was_there && pipes.open.is_empty() && !pipes.is_over {
            let progressed = self.moved.load(Ordering::Relaxed) > pipes.moved_before;
            self.tell(Finding::PipeLost { id: self.id, progressed });
        }
    }

    /// How many pipes there are that weren't ended.
    fn usable_pipes(&self) -> usize {
        self.pipes().open.values().filter(|stopper| !stopper.is_stopped()).count()
    }

    fn stop(&self, for_good: bool) {
        let mut pipes = self.pipes();
        pipes.is_over |= for_good;
        for stopper in pipes.open.values() {
            stopper.stop();
        }
    }

    fn pipes(&self) -> std::sync::MutexGuard<'_, Pipes> {
        self.pipes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transfers {
    pub(super) fn new(target: Target, on_collision: OnCollision, limit: Option<u64>) -> Self {
        // Unbounded, and small all the same: a few findings for each transfer and cut.
        let (findings_out, findings) = mpsc::unbounded_channel();
        Self {
            target,
            on_collision,
            limit: Arc::new(AtomicU64::new(limit.unwrap_or(0))),
            sources: HashMap::new(),
            collisions: HashMap::new(),
            moving: HashMap::new(),
            findings_out,
            findings,
        }
    }

    /// How many bytes a second each transfer may take, from now on.
    pub(super) fn limit(&self, limit: Option<u64>) {
        self.limit.store(limit.unwrap_or(0), Ordering::Relaxed);
    }

    /// Looks at what the user wants to send, away from the loop: a file system may take its time.
    pub(super) fn inspect(&self, what: Outgoing) {
        let findings = self.findings_out.clone();
        tokio::task::spawn_blocking(move || {
            let tell = |source: Result<Source, String>| {
                // An engine that is gone needs no findings.
                findings.send(Finding::Inspected(source.map(Arc::new))).is_ok()
            };
            match what {
                Outgoing::Each(paths) => {
                    let options = WalkOptions::default();
                    for path in paths {
                        if !tell(Source::inspect(&[path], &options)) {
                            return;
                        }
                    }
                }
                Outgoing::Together { paths, exclude, gitignore } => {
                    tell(Source::inspect(&paths, &WalkOptions { exclude, gitignore }));
                }
                Outgoing::Stdin => {
                    tell(Ok(Source::stdin()));
                }
                Outgoing::Text(text) => {
                    tell(Ok(Source::text(text)));
                }
            }
        });
    }

    /// Asks the disk what it has to say about an offer, away from the loop.
    pub(super) fn preflight(&self, id: TransferId, offer: &Offer, purpose: Purpose) {
        let findings = self.findings_out.clone();
        let (target, offer) = (self.target.clone(), offer.clone());
        tokio::task::spawn_blocking(move || {
            let preflight = receiving::preflight(&target, &offer);
            let _ = findings.send(Finding::Preflight { id, preflight, purpose });
        });
    }

    /// The user accepts what the disk has said this about. Returns whether some of it may be there.
    pub(super) fn accept(
        &mut self,
        id: TransferId,
        preflight: &Preflight,
        on_collision: Option<OnCollision>,
    ) -> bool {
        if let Some(on_collision) = on_collision {
            self.collisions.insert(id, on_collision);
        }
        let skips = on_collision.unwrap_or(self.on_collision) == OnCollision::Skip;
        preflight.part || (skips && preflight.exists)
    }

    /// Keeps a source under its transfer's number.
    pub(super) fn keep(&mut self, id: TransferId, source: Arc<Source>) {
        self.sources.insert(id, source);
    }

    /// What is offered will be sent. With `part` the receiver may have some of it.
    pub(super) fn begin_sending(&mut self, id: TransferId, part: bool) {
        let Some(source) = self.sources.get(&id) else { return };
        let common = self.common(id);
        let size = source.offer().size;
        let sending = Sending::new(source, part, Arc::clone(&common));
        self.enter(id, Work::Out(Arc::new(sending)), common, size);
    }

    /// Opens a pipe for a transfer: its first or one more.
    pub(super) fn open_pipe(
        &mut self,
        id: TransferId,
        info: &TransferInfo,
        end: PipeEnd,
        now: Moment,
    ) {
        if info.direction == Direction::Incoming && !self.moving.contains_key(&id) {
            let common = self.common(id);
            let on_collision = self.collisions.get(&id).copied().unwrap_or(self.on_collision);
            let incoming = Incoming::new(
                self.target.clone(),
                info.offer.clone(),
                on_collision,
                Arc::clone(&common),
            );
            self.enter(id, Work::In(Arc::new(incoming)), common, info.offer.size);
        }
        let Some(moving) = self.moving.get_mut(&id) else { return };
        // Whoever gives out more than were asked for doesn't get more threads for it.
        if moving.common.usable_pipes() >= limits::MAX_PIPES_PER_TRANSFER {
            return;
        }
        moving.rate.begin(now);
        let (work, common) = (moving.work.clone(), Arc::clone(&moving.common));
        let stopper = Arc::new(Stopper::default());
        let pipe = next_pipe();
        common.enter(pipe, &stopper);
        let run = move || {
            give_way();
            match pipe::open(end, &stopper) {
                Ok((writer, reader)) => work.run(pipe, writer, reader),
                // Another is asked for, so why this one wasn't opened matters to nobody.
                Err(_) => work.lost(pipe),
            }
            common.leave(pipe);
        };
        let thread = std::thread::Builder::new().name(format!("couplet-pipe-{id}"));
        if let Err(error) = thread.spawn(run) {
            let text = format!("no thread could be started for the transfer ({error})");
            moving.common.tell_end(Outcome::Failed { code: Fault::Unknown, text });
        }
    }

    /// How many pipes a transfer has.
    pub(super) fn pipes(&self, id: TransferId) -> usize {
        self.moving.get(&id).map_or(0, |moving| moving.common.usable_pipes())
    }

    /// Ends the pipes that a transfer has; it goes on through others.
    pub(super) fn drop_pipes(&self, id: TransferId) {
        if let Some(moving) = self.moving.get(&id) {
            moving.common.stop(false);
        }
    }

    /// Holds a transfer up, or lets it go on. Only the sender can; the receiver's side just waits.
    pub(super) fn hold(&self, id: TransferId, on: bool) {
        if let Some(Work::Out(sending)) = self.moving.get(&id).map(|moving| &moving.work) {
            sending.hold(on);
        }
    }

    /// The receiver's client says that it has everything.
    pub(super) fn finish_sending(&self, id: TransferId, saved_as: &str) {
        if let Some(Work::Out(sending)) = self.moving.get(&id).map(|moving| &moving.work) {
            sending.finish(saved_as);
        }
    }

    /// Forgets how far a transfer is; what it is stays known.
    pub(super) fn restart(&mut self, id: TransferId) {
        if let Some(moving) = self.moving.remove(&id) {
            moving.common.stop(true);
            moving.work.give_up(true);
        }
    }

    /// Stops whatever is done for a transfer, and forgets it.
    pub(super) fn stop(&mut self, id: TransferId, keep: bool) {
        self.sources.remove(&id);
        self.collisions.remove(&id);
        if let Some(moving) = self.moving.remove(&id) {
            moving.common.stop(true);
            moving.work.give_up(keep);
        }
    }

    /// Stops all; what has come is kept.
    pub(super) fn stop_all(&mut self) {
        self.sources.clear();
        for moving in self.moving.values() {
            moving.common.stop(true);
            moving.work.give_up(true);
        }
    }

    /// Stops all and waits, within reason, until the threads have put away what they had begun.
    pub(super) async fn finish(&mut self) {
        self.stop_all();
        let put_away = async {
            while self.moving.values().any(|moving| !moving.common.pipes().open.is_empty()) {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        // A thread that hangs in a file system is left to the end of the process.
        let _ = tokio::time::timeout(limits::FLUSH_LIMIT, put_away).await;
        self.moving.clear();
    }

    /// A transfer is over and will not be asked for again.
    pub(super) fn forget(&mut self, id: TransferId) {
        self.moving.remove(&id);
        self.sources.remove(&id);
        self.collisions.remove(&id);
    }

    /// The next finding.
    pub(super) async fn next(&mut self) -> Finding {
        let finding = match self.findings.recv().await {
            Some(finding) => finding,
            // This struct holds a sender itself.
            None => std::future::pending().await,
        };
        if let Finding::Started { id, held } = &finding
            && let Some(moving) = self.moving.get_mut(id)
        {
            moving.held = *held;
        }
        finding
    }

    /// Whether bytes are moving.
    pub(super) fn any_moving(&self) -> bool {
        !self.moving.is_empty()
    }

    /// The figures of all that moves.
    pub(super) fn progress(&mut self, now: Moment) -> impl Iterator<Item = Progress> {
        self.moving.iter_mut().map(move |(id, moving)| moving.progress(*id, now))
    }

    /// The figures of one transfer, at its end.
    pub(super) fn last_progress(&mut self, id: TransferId, now: Moment) -> Option<Progress> {
        self.moving.get_mut(&id).map(|moving| moving.progress(id, now))
    }

    fn common(&self, id: TransferId) -> Arc<Common> {
        Arc::new(Common {
            id,
            done: AtomicU64::new(0),
            moved: AtomicU64::new(0),
            entries: AtomicU64::new(0),
            limit: Arc::clone(&self.limit),
            pipes: Mutex::default(),
            findings: self.findings_out.clone(),
        })
    }

    fn enter(&mut self, id: TransferId, work: Work, common: Arc<Common>, size: Option<u64>) {
        let rate = Rate::new(crate::clock::now());
        self.moving.insert(id, Moving { work, common, size, rate, held: 0 });
    }
}

impl Work {
    fn run(&self, pipe: PipeNo, writer: Writer, reader: Reader) {
        match self {
            Self::Out(sending) => sending::run(sending, pipe, writer, reader),
            Self::In(incoming) => receiving::run(incoming, writer, reader),
        }
    }

    /// A pipe was never opened.
    fn lost(&self, pipe: PipeNo) {
        match self {
            Self::Out(sending) => sending.pipe_lost(pipe),
            Self::In(_) => {}
        }
    }

    fn give_up(&self, keep: bool) {
        match self {
            Self::Out(sending) => sending.give_up(),
            Self::In(incoming) => incoming.give_up(keep),
        }
    }
}

/// Numbers for pipes, unlike in the whole program.
fn next_pipe() -> PipeNo {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    PipeNo(NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Lets words go first: where both want the processor, a thread that moves bytes can wait and a
/// person shouldn't. On Linux niceness is a thread's own; elsewhere it would be the whole program's.
fn give_way() {
    #[cfg(target_os = "linux")]
    {
        // Refused or not, bytes move.
        let _ = rustix::process::nice(NICENESS);
    }
}

impl Moving {
    fn progress(&mut self, id: TransferId, now: Moment) -> Progress {
        let done = self.common.done.load(Ordering::Relaxed);
        // What was there before would make a lie of the speed.
        self.rate.sample(now, done.saturating_sub(self.held));
        let size = self.size.unwrap_or(done);
        Progress {
            id,
            done,
            size,
            moved: self.common.moved.load(Ordering::Relaxed),
            entries: self.common.entries.load(Ordering::Relaxed),
            rate: self.rate.per_second(),
            remaining: self.size.and_then(|size| self.rate.eta(size.saturating_sub(done))),
            stalled_for: self.rate.stalled_for(now),
        }
    }
}
