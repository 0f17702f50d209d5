//! Leaving in order, and without order if that takes too long.
//!
//! Owns the limits, and that a transcript which is being written is waited for; what the session does
//! about it is the engine's.

use super::{App, Effect, Saved};
use crate::engine::Command;
use couplet::session::{Ending, LEAVING_LIMIT};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long the engine may take to leave in order when the user asks for it.
pub(super) const LEAVE_LIMIT: Duration = Duration::from_secs(3);
/// The same when the terminal is going away.
pub(super) const HANGUP_LIMIT: Duration = Duration::from_secs(1);
/// The same when the peer is to hear all first: the session takes no longer than that itself.
const PATIENCE: Duration = LEAVING_LIMIT.saturating_add(Duration::from_secs(1));
/// How long transcripts may still be written once all else is over.
const SAVING_LIMIT: Duration = Duration::from_secs(5);

/// What the end waits for.
#[derive(Debug, Default)]
pub(super) struct Saving {
    /// Where transcripts are being written.
    paths: Vec<PathBuf>,
    /// The end that waits until they are.
    ending: Option<Ending>,
    /// A line for each that failed when nobody could see it any more.
    failed: Vec<String>,
}

impl Saving {
    pub(super) fn begin(&mut self, path: PathBuf) {
        self.paths.push(path);
    }

    fn end(&mut self, path: &Path) {
        if let Some(at) = self.paths.iter().position(|saved| saved == path) {
            self.paths.remove(at);
        }
    }
}

impl App {
    /// Whether the user has asked to leave.
    pub(crate) const fn is_leaving(&self) -> bool {
        self.leave_by.is_some()
    }

    /// Whether nothing is awaited of the engine any more.
    pub(crate) const fn is_over(&self) -> bool {
        self.saving.ending.is_some()
    }

    /// Ends it, once what is being written is.
    pub(super) fn quit(&mut self, ending: Ending, effects: &mut Vec<Effect>) {
        if self.saving.paths.is_empty() {
            effects.push(Effect::Quit(ending));
        } else if !self.is_over() {
            self.saving.ending = Some(ending);
            self.leave_by = Some(self.now.moment + SAVING_LIMIT);
            self.leaves_patiently = false;
            // A terminal that has gone can't be told anything.
            if !self.closed {
                self.notice = Some("writing the transcript".to_owned());
            }
        }
    }

    /// The time is up: without the engine, and without what is still being written if that was waited
    /// for.
    pub(super) fn give_up_waiting(&mut self, effects: &mut Vec<Effect>) {
        if self.is_over() { self.quit_at_once(effects) } else { self.quit(Ending::Fin, effects) }
    }

    /// Ends it now.
    pub(super) fn quit_at_once(&mut self, effects: &mut Vec<Effect>) {
        effects.push(Effect::Quit(self.saving.ending.take().unwrap_or(Ending::Fin)));
    }

    /// A transcript is written, or can't be.
    pub(super) fn saved(&mut self, saved: &Saved, effects: &mut Vec<Effect>) {
        self.saving.end(&saved.path);
        self.tell_saved(saved);
        if let Err(why) = &saved.lines
            && self.is_leaving()
        {
            self.saving.failed.push(not_written(&saved.path, why));
        }
        if self.saving.paths.is_empty()
            && let Some(ending) = self.saving.ending.take()
        {
            effects.push(Effect::Quit(ending));
        }
    }

    /// A line for each transcript of which the user can't know otherwise that it isn't there.
    pub(crate) fn unwritten(&self) -> Vec<String> {
        self.saving.failed.iter().cloned().chain(self.late()).collect()
    }

    /// One for each that is still being written.
    pub(super) fn late(&self) -> impl Iterator<Item = String> {
        let late =
            |path: &PathBuf| not_written(path, "it took too long, so look whether it is whole");
        self.saving.paths.iter().map(late)
    }

    /// Asks the engine to leave, within `limit`.
    pub(super) fn leave(&mut self, limit: Duration, effects: &mut Vec<Effect>) {
        if self.leave_by.is_some() && !std::mem::take(&mut self.leaves_patiently) {
            // Asked twice: the user doesn't want to wait for the relay, nor to go on elsewhere.
            self.next = None;
            self.quit_at_once(effects);
            return;
        }
        self.leave_by = Some(self.now.moment + limit);
        self.notice = Some("leaving".to_owned());
        effects.push(Effect::Engine(Command::Fin));
    }

    /// Asks the engine to leave as soon as the peer has heard all that it must, such as how the last
    /// transfer went.
    pub(crate) fn leave_once_heard(&mut self, effects: &mut Vec<Effect>) {
        if !self.is_leaving() {
            self.leave_by = Some(self.now.moment + PATIENCE);
            self.leaves_patiently = true;
            effects.push(Effect::Engine(Command::Leave));
        }
    }
}

/// What is said of a transcript that couldn't be written.
pub(super) fn not_written(path: &Path, why: &str) -> String {
    let path = couplet::text::line(&path.to_string_lossy(), 200);
    format!("{path} isn't written: {why}")
}

#[cfg(test)]
#[path = "leaving_tests.rs"]
mod tests;
