//! The transfers as the face knows them: what the session told, and how they moved.
//!
//! Owns their order on the screen, their recent speeds, and which one a command without a number
//! means. It draws nothing.

mod course;
mod flow;
mod folded;
mod overall;

pub(crate) use course::Course;
pub(crate) use flow::{EVERY, Flow};
pub(crate) use folded::{FRESH, Folded};

use super::clock::{Now, WallTime};
use super::wording::{self, Outlook};
use crate::engine::Progress;
use couplet::time::Moment;
use couplet::transfer::book::{Direction, Hold, TransferId, TransferInfo, TransferState};
use couplet::transfer::offer::{OnCollision, Preflight};
use couplet::units;
use std::cmp::Reverse;
use std::collections::VecDeque;
use std::time::Duration;

/// Samples of the speed that are kept.
pub(crate) const MOST_SAMPLES: usize = 60;
/// The time between two samples.
const SAMPLE_EVERY: Duration = Duration::from_millis(500);
/// How long nothing moves before that is worth saying.
const STALLED_AFTER: Duration = Duration::from_secs(3);
/// How long it is said that a transfer goes on from where it was.
const RESUMES_FOR: Duration = Duration::from_secs(2);

/// One transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Transfer {
    /// Its number, for commands.
    pub(crate) id: TransferId,
    /// What the session told of it.
    pub(crate) info: TransferInfo,
    /// How it moves.
    pub(crate) progress: Option<Progress>,
    /// Recent speeds, oldest first.
    pub(crate) speeds: VecDeque<u64>,
    /// What the disk says of it, if it is an offer of the peer's.
    pub(crate) preflight: Option<Preflight>,
    /// The entry in the conversation that tells of the offer.
    pub(crate) told_in: Option<usize>,
    /// Whether it was told in the conversation that a disk is full.
    pub(crate) full_was_told: bool,
    /// The name on the shelf of what is fetched from there or laid down.
    pub(crate) shelf: Option<String>,
    /// How many the relay carries out before it, if it comes from the shelf or goes there.
    pub(crate) before: Option<u32>,
    /// Whether it isn't fetched from the shelf as it is here already.
    pub(crate) is_here: bool,
    /// Whether the user wanted nothing of it kept.
    pub(crate) dropped: bool,
    /// What it has been through.
    pub(crate) course: Course,
    stalled_since: Option<Moment>,
    /// Since when it may move, if it may.
    free_since: Option<Moment>,
    /// When it went on, and the bytes that were across then.
    resumed: Option<(Moment, u64)>,
    sampled: Option<Moment>,
    /// Rises with every change of any transfer's state.
    change: u64,
}

/// Where a transfer is, as the screen tells it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Waits for the user's answer.
    Answer,
    /// Every byte is across, and is being checked.
    Checking,
    /// Bytes move.
    Moving,
    /// One side wants it to wait.
    Held,
    /// Its pipe was cut; it goes on by itself.
    Interrupted,
    /// Waits for its pipe.
    Queued,
    /// Waits for the peer's answer.
    Offered,
    /// Over.
    Over,
}

impl Transfer {
    /// Where it is.
    pub(crate) fn stage(&self) -> Stage {
        match (&self.info.state, self.info.direction) {
            (TransferState::Offered, Direction::Incoming) => Stage::Answer,
            (TransferState::Offered, Direction::Outgoing) => Stage::Offered,
            (TransferState::Moving, _) if self.is_across() => Stage::Checking,
            (TransferState::Queued | TransferState::Moving | TransferState::Interrupted, _)
                if self.info.held().is_some() =>
            {
                Stage::Held
            }
            (TransferState::Queued, _) => Stage::Queued,
            (TransferState::Interrupted, _) => Stage::Interrupted,
            (TransferState::Moving, _) => Stage::Moving,
            (
                TransferState::Verified { .. }
                | TransferState::Declined
                | TransferState::Cancelled { .. }
                | TransferState::Failed { .. }
                | TransferState::Withdrawn,
                _,
            ) => Stage::Over,
        }
    }

    /// Bytes that are across.
    pub(crate) fn done(&self) -> u64 {
        self.progress.map_or(0, |progress| progress.done)
    }

    /// Bytes in all, if anybody knows.
    pub(crate) const fn size(&self) -> Option<u64> {
        self.info.offer.size
    }

    /// Files that are across and files in all, if there may be several.
    pub(crate) fn files(&self) -> Option<(u64, u64)> {
        let offer = &self.info.offer;
        let done = self.progress.map_or(0, |progress| progress.entries);
        wording::is_tree(offer).then(|| (done.min(offer.entries), offer.entries))
    }

    /// How much of it is across, in whole percent; 100 only when all of it is.
    pub(crate) fn percent(&self) -> Option<u64> {
        let percent = self.percent_of(self.done())?;
        Some(if self.is_across() { 100 } else { percent.min(99) })
    }

    /// What accepting it would mean, if it waits for the user and is more than a new file.
    /// `taken` is what is done about names that are taken.
    pub(crate) fn outlook(&self, taken: OnCollision) -> Option<Outlook> {
        let disk = self.preflight.as_ref().filter(|_| self.stage() == Stage::Answer)?;
        Outlook::new(&self.info.offer, disk, taken)
    }

    /// Its speed, while it moves.
    pub(crate) fn rate(&self) -> Option<u64> {
        self.progress.filter(|_| self.stage() == Stage::Moving)?.rate
    }

    /// Whether the user can pause it.
    pub(crate) fn can_pause(&self) -> bool {
        let waits = matches!(self.stage(), Stage::Moving | Stage::Interrupted | Stage::Queued);
        self.shelf.is_none() && (waits || (self.stage() == Stage::Held && !self.is_paused()))
    }

    /// Whether the user has paused it.
    pub(crate) fn is_paused(&self) -> bool {
        self.stage() == Stage::Held && self.info.held_here == Some(Hold::Paused)
    }

    /// How long nothing has moved, if that is worth saying.
    pub(crate) fn stalled(&self, now: Moment) -> Option<Duration> {
        let since = self.stalled_since.filter(|_| self.stage() == Stage::Moving)?;
        Some(now.since(since)).filter(|span| *span >= STALLED_AFTER)
    }

    /// The bytes that were across when it went on, if that was just now.
    pub(crate) fn resuming(&self, now: Moment) -> Option<u64> {
        let (at, held) = self.resumed.filter(|_| self.stage() == Stage::Moving)?;
        (now.since(at) < RESUMES_FOR).then_some(held)
    }

    /// When it looks different though nothing happens.
    pub(crate) fn changes_at(&self, now: Moment) -> Option<Moment> {
        let moving = self.stage() == Stage::Moving;
        let stall = self.stalled_since.filter(|_| moving).map(|since| match self.stalled(now) {
            Some(shown) => since + Duration::from_secs(shown.as_secs() + 1),
            None => since + STALLED_AFTER,
        });
        let resumed = self.resuming(now).and(self.resumed).map(|(at, _)| at + RESUMES_FOR);
        let fades = self.fades_at().filter(|at| *at > now);
        stall.into_iter().chain(resumed).chain(fades).min()
    }

    /// Bytes a second on average while it moved, without those that were there before.
    pub(crate) fn average(&self, now: Moment) -> Option<u64> {
        let since = self.free_since.map_or(Duration::ZERO, |since| now.since(since));
        self.course.average(self.done(), since)
    }

    /// When what is over needs no line of its own any more.
    pub(crate) fn fades_at(&self) -> Option<Moment> {
        let (ended, _) = self.course.ended.filter(|_| self.stage() == Stage::Over)?;
        Some(ended + FRESH)
    }

    /// Takes that its state is another now.
    fn enter(&mut self, change: u64, now: Moment, wall: WallTime) {
        let free = self.info.state == TransferState::Moving && self.info.held().is_none();
        if free {
            self.free_since.get_or_insert(now);
            self.course.began.get_or_insert((now, wall));
        } else {
            self.stalled_since = None;
            if let Some(since) = self.free_since.take() {
                self.course.moved(now.since(since));
            }
        }
        let is_over = self.stage() == Stage::Over;
        self.course.ended = is_over.then(|| self.course.ended.unwrap_or((now, wall)));
        self.change = change;
    }

    /// Whether all of it is across, so that it has only to be checked.
    fn is_across(&self) -> bool {
        self.progress.is_some()
            && self.size().is_some_and(|size| self.done() >= size)
            && self.files().is_none_or(|(done, all)| done >= all)
    }

    /// How much of it so many bytes are, in whole percent.
    pub(crate) fn percent_of(&self, done: u64) -> Option<u64> {
        match (self.size()?, self.files()) {
            // Files without a byte in them.
            (0, Some((done, all))) => Some(units::percent(done, all)),
            (0, None) => None,
            (size, _) => Some(units::percent(done, size)),
        }
    }

    /// Its place among the others; it doesn't change by a pause or a cut.
    const fn rank(&self) -> u8 {
        match (&self.info.state, self.info.direction) {
            (TransferState::Offered, Direction::Incoming) => 0,
            (TransferState::Moving | TransferState::Interrupted, _) => 1,
            (TransferState::Queued, _) => 2,
            (TransferState::Offered, Direction::Outgoing) => 3,
            (
                TransferState::Verified { .. }
                | TransferState::Declined
                | TransferState::Cancelled { .. }
                | TransferState::Failed { .. }
                | TransferState::Withdrawn,
                _,
            ) => 4,
        }
    }
}

/// All transfers of this session, in the order in which they are shown.
#[derive(Debug, Default)]
pub(crate) struct Transfers {
    list: Vec<Transfer>,
    changes: u64,
    /// How fast all of them have moved together.
    pub(crate) flow: Flow,
    /// What the clock on the wall showed last.
    wall: WallTime,
}

impl Transfers {
    /// Takes what the session told; gives what was known before.
    pub(crate) fn update(
        &mut self,
        id: TransferId,
        info: TransferInfo,
        now: Moment,
    ) -> Option<TransferInfo> {
        self.changes += 1;
        let (change, wall) = (self.changes, self.wall);
        let before = if let Some(known) = self.get_mut(id) {
            let was_cut = known.info.state == TransferState::Interrupted;
            if was_cut && info.state == TransferState::Moving && known.done() > 0 {
                known.resumed = Some((now, known.done()));
            }
            let before = std::mem::replace(&mut known.info, info);
            known.enter(change, now, wall);
            Some(before)
        } else {
            let mut new = Transfer {
                id,
                info,
                progress: None,
                speeds: VecDeque::new(),
                preflight: None,
                told_in: None,
                full_was_told: false,
                shelf: None,
                before: None,
                is_here: false,
                dropped: false,
                course: Course::new(wall),
                stalled_since: None,
                free_since: None,
                resumed: None,
                sampled: None,
                change,
            };
            new.enter(change, now, wall);
            self.list.push(new);
            None
        };
        self.sort();
        before
    }

    /// Takes a transfer's figures.
    pub(crate) fn progress(&mut self, progress: Progress, now: Moment) {
        let Some(known) = self.get_mut(progress.id) else { return };
        known.progress = Some(progress);
        // While it is held up or cut nothing can move, which is no stall and no speed.
        let Some(free_since) = known.free_since else { return };
        known.stalled_since = progress.stalled_for.map(|stalled| {
            let since = Moment::from_start(now.since_start().saturating_sub(stalled));
            since.max(free_since)
        });
        let due = known.sampled.is_none_or(|sampled| now.since(sampled) >= SAMPLE_EVERY);
        if let (Some(rate), true) = (progress.rate, due) {
            known.sampled = Some(now);
            if known.speeds.len() == MOST_SAMPLES {
                known.speeds.pop_front();
            }
            known.speeds.push_back(if progress.stalled_for.is_some() { 0 } else { rate });
        }
    }

    /// Takes that a transfer's bytes begin to move; `held` were there already.
    pub(crate) fn started(&mut self, id: TransferId, held: u64, now: Moment) {
        if let Some(known) = self.get_mut(id) {
            known.resumed = (held > 0).then_some((now, held));
            // What it goes on from after a cut has come in this session.
            known.course.held.get_or_insert(held);
        }
    }

    /// Takes what time it is, and how fast it went until now.
    pub(crate) fn tick(&mut self, now: Now) {
        self.flow.note(self.flowing(now.moment), now.moment);
        self.wall = now.wall;
    }

    /// When any of them looks different though nothing happens.
    pub(crate) fn changes_at(&self, now: Moment) -> Option<Moment> {
        let each = self.list.iter().filter_map(|known| known.changes_at(now));
        // Zeros can be written down when something else is to be done.
        let flow = self.flow.next().filter(|_| self.flowing(now).is_some_and(|rate| rate > 0));
        each.chain(flow).min()
    }

    /// Whether any is under way: moving, or about to.
    pub(crate) fn is_going(&self) -> bool {
        self.list.iter().any(|known| !matches!(known.rank(), 0 | 3 | 4))
    }

    /// Bytes per second of all together; none if nothing could move.
    fn flowing(&self, now: Moment) -> Option<u64> {
        let could = |known: &&Transfer| matches!(known.stage(), Stage::Moving | Stage::Checking);
        let rate = |known: &Transfer| known.rate().filter(|_| known.stalled(now).is_none());
        self.list
            .iter()
            .filter(could)
            .map(|known| rate(known).unwrap_or(0))
            .reduce(u64::saturating_add)
    }

    /// The transfer of this number.
    pub(crate) fn get(&self, id: TransferId) -> Option<&Transfer> {
        self.list.iter().find(|known| known.id == id)
    }

    /// The same, to be changed.
    pub(crate) fn get_mut(&mut self, id: TransferId) -> Option<&mut Transfer> {
        self.list.iter_mut().find(|known| known.id == id)
    }

    /// In the order in which they are shown.
    pub(crate) fn all(&self) -> &[Transfer] {
        &self.list
    }

    /// The place of this transfer in that order.
    pub(crate) fn position(&self, id: TransferId) -> Option<usize> {
        self.list.iter().position(|known| known.id == id)
    }

    /// The transfers at this stage.
    pub(crate) fn at(&self, stage: Stage) -> impl Iterator<Item = &Transfer> {
        self.list.iter().filter(move |known| known.stage() == stage)
    }

    /// The offer that has waited longest for the user.
    pub(crate) fn oldest_offer(&self) -> Option<&Transfer> {
        self.at(Stage::Answer).next()
    }

    fn sort(&mut self) {
        self.list.sort_by_cached_key(|known| {
            let is_over = known.stage() == Stage::Over;
            // What is over: newest first. What isn't: as it was offered, so that nothing jumps.
            let newest = if is_over { Reverse(known.change) } else { Reverse(0) };
            (known.rank(), newest, known.id)
        });
        self.list.truncate(
            couplet::limits::MAX_FINISHED_TRANSFERS + 2 * couplet::limits::MAX_OPEN_OFFERS,
        );
    }
}

#[cfg(test)]
#[path = "transfers_tests.rs"]
mod tests;
