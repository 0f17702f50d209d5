//! The transfers of one engine: what is offered, the threads that move bytes, and how far they are.
//!
//! Owns the sources, the threads and their pipes; which transfers there are and in what state is the
//! session's. A transfer outlives its pipes: when the last is lost it keeps what it knows and waits
//! for another.

mod finding;
mod moving;

pub(super) use finding::{Finding, Purpose};

use super::api::{Outgoing, Progress};
use super::pipe::{self, PipeEnd, Stopper};
use crate::conversations::Sending;
use couplet::limits;
use couplet::time::Moment;
use couplet::transfer::book::{Direction, TransferId, TransferInfo};
use couplet::transfer::offer::{Offer, OnCollision, Preflight};
use couplet::transfer::outcome::Outcome;
use couplet::transfer::rate::Rate;
use couplet::transfer::tree::Hash;
use couplet::transfer::wire::Fault;
use couplet_files::common::{self, Common};
use couplet_files::pipe::{Stop, give_way, next_pipe};
use couplet_files::receiving::{self, Incoming};
use couplet_files::sending;
use couplet_files::source::{Source, WalkOptions};
use couplet_files::target::Target;
use moving::{Moving, Work};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;

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

    /// The limit as it is now.
    pub(super) fn rate_limit(&self) -> Option<u64> {
        Some(self.limit.load(Ordering::Relaxed)).filter(|limit| *limit > 0)
    }

    /// Looks at what the user wants to send, away from the loop: a file system may take its time.
    pub(super) fn inspect(&self, what: Outgoing) {
        let findings = self.findings_out.clone();
        tokio::task::spawn_blocking(move || {
            let tell = |paths: Vec<PathBuf>, source: Result<Source, String>| {
                // An engine that is gone needs no findings.
                findings.send(Finding::Inspected(paths, source.map(Arc::new))).is_ok()
            };
            match what {
                Outgoing::Each(paths) => {
                    let options = WalkOptions::default();
                    for path in paths {
                        let source = Source::inspect(std::slice::from_ref(&path), &options);
                        if !tell(vec![path], source) {
                            return;
                        }
                    }
                }
                Outgoing::Together { paths, exclude, gitignore } => {
                    let source = Source::inspect(&paths, &WalkOptions { exclude, gitignore });
                    tell(paths, source);
                }
                Outgoing::Stdin => {
                    tell(Vec::new(), Ok(Source::stdin()));
                }
                Outgoing::Text(text) => {
                    tell(Vec::new(), Ok(Source::text(text)));
                }
            }
        });
    }

    /// Looks again at what was offered in the program before.
    pub(super) fn inspect_again(&self, what: Sending) {
        let findings = self.findings_out.clone();
        tokio::task::spawn_blocking(move || {
            let Sending { paths, exclude, gitignore } = what;
            let source = Source::inspect(&paths, &WalkOptions { exclude, gitignore });
            // An engine that is gone needs no findings.
            let _ = findings.send(Finding::InspectedAgain(paths, source.map(Arc::new)));
        });
    }

    /// What was accepted in the program before.
    pub(super) fn expect(&mut self, id: TransferId, on_collision: Option<OnCollision>) {
        if let Some(on_collision) = on_collision {
            self.collisions.insert(id, on_collision);
        }
    }

    /// What the user named for an outgoing transfer, if it is on disk and its paths are text.
    pub(super) fn origin(&self, id: TransferId) -> Option<Sending> {
        let (paths, options) = self.sources.get(&id)?.asked()?;
        paths.iter().all(|path| path.to_str().is_some()).then(|| Sending {
            paths: paths.to_vec(),
            exclude: options.exclude.clone(),
            gitignore: options.gitignore,
        })
    }

    /// What is done about names that are taken, if the user has said so for this one.
    pub(super) fn collision(&self, id: TransferId) -> Option<OnCollision> {
        self.collisions.get(&id).copied()
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
        let sending = sending::Sending::new(source, part, Arc::clone(&common));
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
        common.enter(pipe, Arc::clone(&stopper) as Arc<dyn Stop>);
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
            while self.moving.values().any(|moving| moving.common.has_pipes()) {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        // A thread that hangs in a file system is left to the end of the process.
        let _ = tokio::time::timeout(limits::FLUSH_LIMIT, put_away).await;
        self.moving.clear();
    }

    /// A transfer is over and will not be asked for again.
    pub(super) fn forget(&mut self, id: TransferId) {
        if let Some(moving) = self.moving.remove(&id) {
            // The last words get their time; a peer that never hangs up doesn't.
            tokio::spawn(async move {
                tokio::time::sleep(pipe::HANG_UP_LIMIT).await;
                moving.common.stop(true);
            });
        }
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
        if let Finding::Transfer(id, common::Finding::Started { held }) = &finding
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

    /// The BLAKE3 hash of what is one file and has moved whole.
    pub(super) fn hash(&self, id: TransferId) -> Option<Hash> {
        self.moving.get(&id)?.common.root()
    }

    fn common(&self, id: TransferId) -> Arc<Common> {
        let findings = self.findings_out.clone();
        Common::new(Arc::clone(&self.limit), move |finding| {
            // An engine that is gone needs no findings.
            let _ = findings.send(Finding::Transfer(id, finding));
        })
    }

    fn enter(&mut self, id: TransferId, work: Work, common: Arc<Common>, size: Option<u64>) {
        let rate = Rate::new(crate::clock::now());
        self.moving.insert(id, Moving { work, common, size, rate, held: 0 });
    }
}
