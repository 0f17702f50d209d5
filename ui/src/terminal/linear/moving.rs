//! What is told of transfers while they move.
//!
//! Owns when that is: at the start, when something else becomes of them, and now and then in between.
//! How they were offered and how they ended is told in the conversation.

use super::super::app::App;
use super::super::transfers::{Stage, Transfer};
use super::super::wording;
use couplet::time::Moment;
use couplet::transfer::book::{Direction, TransferId, TransferState};
use couplet::units;
use std::collections::BTreeMap;
use std::time::Duration;

/// The time between two lines that tell how far a transfer is.
const EVERY: Duration = Duration::from_secs(10);

/// What was told.
#[derive(Debug, Default)]
pub(super) struct Moving {
    told: BTreeMap<TransferId, Told>,
    wake_at: Option<Moment>,
}

#[derive(Debug, PartialEq, Eq)]
struct Told {
    state: State,
    at: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Moving,
    Stalled,
    Held(String),
    Interrupted,
}

impl Moving {
    /// When there is something to tell again.
    pub(super) const fn wake_at(&self) -> Option<Moment> {
        self.wake_at
    }

    /// What there is to tell now.
    pub(super) fn look(&mut self, app: &App) -> Vec<String> {
        let now = app.now.moment;
        let mut lines = Vec::new();
        let mut wake_at = None;
        for transfer in app.transfers.all() {
            let Some(state) = state(app, transfer) else {
                if transfer.stage() == Stage::Over {
                    self.told.remove(&transfer.id);
                }
                continue;
            };
            let before = self.told.get(&transfer.id);
            let is_due = before.is_some_and(|told| now.since(told.at) >= EVERY);
            let line = match before {
                None => Some(begins(transfer, now)),
                Some(told) if told.state != state => Some(changes(transfer, &state)),
                Some(_) if state == State::Moving && is_due => Some(goes_on(transfer)),
                Some(_) => None,
            };
            if let Some(line) = line {
                lines.push(line);
                self.told.insert(transfer.id, Told { state, at: now });
            }
            let told = self.told.get(&transfer.id).filter(|told| told.state == State::Moving);
            wake_at = wake_at.into_iter().chain(told.map(|told| told.at + EVERY)).min();
        }
        self.wake_at = wake_at;
        lines
    }
}

/// What is told of a transfer that is under way; nothing of one that isn't.
fn state(app: &App, transfer: &Transfer) -> Option<State> {
    Some(match transfer.stage() {
        Stage::Moving if transfer.stalled(app.now.moment).is_some() => State::Stalled,
        Stage::Moving => State::Moving,
        Stage::Held => {
            let held = wording::held(&transfer.info, &app.standing.peer_in_words());
            State::Held(held.map(|(word, _)| word).unwrap_or_default())
        }
        Stage::Interrupted => State::Interrupted,
        Stage::Answer | Stage::Checking | Stage::Queued | Stage::Offered | Stage::Over => {
            return None;
        }
    })
}

fn begins(transfer: &Transfer, now: Moment) -> String {
    let verb = match transfer.info.direction {
        Direction::Incoming => "receiving",
        Direction::Outgoing => "sending",
    };
    let resumes = transfer.resuming(now).and_then(|held| transfer.percent_of(held));
    let resumes = resumes.map(|percent| format!(", resuming at {percent} %")).unwrap_or_default();
    let offer = &transfer.info.offer;
    let (thing, extent) = (wording::thing(offer), wording::extent(offer));
    format!("{verb} {thing} ({extent}), transfer {}{resumes}", transfer.id)
}

fn changes(transfer: &Transfer, state: &State) -> String {
    let thing = wording::thing(&transfer.info.offer);
    let so_far = so_far(transfer);
    match state {
        State::Moving => format!("{thing} goes on, {so_far}"),
        State::Stalled => format!("{thing} is stalled, {so_far}"),
        State::Held(why) => format!("{thing} waits: {why}"),
        State::Interrupted => format!("{thing} is interrupted, {so_far}; it goes on by itself"),
    }
}

fn goes_on(transfer: &Transfer) -> String {
    let mut line = format!("{}: {}", wording::thing(&transfer.info.offer), so_far(transfer));
    if let Some(rate) = transfer.rate() {
        line = format!("{line}, {}", units::rate(rate));
    }
    if let Some(remaining) = transfer.progress.and_then(|progress| progress.remaining) {
        line = format!("{line}, {} left", units::remaining(Some(remaining)));
    }
    line
}

/// How much of it is across.
fn so_far(transfer: &Transfer) -> String {
    match (transfer.percent(), transfer.size()) {
        (Some(percent), Some(size)) => {
            format!("{percent} %, {}", units::part_of(transfer.done(), size))
        }
        _ => units::bytes(transfer.done()),
    }
}

/// How it ended.
const fn ended(transfer: &Transfer) -> &'static str {
    match &transfer.info.state {
        TransferState::Verified { left_out_count: 0, .. } => "verified",
        TransferState::Verified { .. } => "verified, with something left out",
        TransferState::Failed { .. } if transfer.is_here => "here already",
        TransferState::Failed { .. } => "failed",
        TransferState::Declined => "declined",
        TransferState::Cancelled { .. } => "cancelled",
        TransferState::Withdrawn
        | TransferState::Offered
        | TransferState::Queued
        | TransferState::Moving
        | TransferState::Interrupted => "withdrawn",
    }
}

/// A transfer in a line of a list.
pub(super) fn listed(app: &App, transfer: &Transfer) -> String {
    let offer = &transfer.info.offer;
    let (thing, extent) = (wording::thing(offer), wording::extent(offer));
    let way = match transfer.info.direction {
        Direction::Incoming => "incoming",
        Direction::Outgoing => "outgoing",
    };
    let id = transfer.id;
    let state = match (transfer.stage(), state(app, transfer)) {
        (Stage::Answer, _) => format!("waits for your answer: /accept {id} or /decline {id}"),
        (Stage::Offered, _) => "waits for your peer's answer".to_owned(),
        (Stage::Queued, _) => "starts when there is room".to_owned(),
        (Stage::Checking, _) => "all across, being checked".to_owned(),
        (Stage::Moving, Some(State::Stalled)) => format!("stalled, {}", so_far(transfer)),
        (Stage::Held, Some(State::Held(why))) => format!("{why}, {}", so_far(transfer)),
        (Stage::Interrupted, _) => format!("interrupted, {}", so_far(transfer)),
        (Stage::Moving | Stage::Held, _) => {
            let line = goes_on(transfer);
            line.strip_prefix(&format!("{thing}: ")).unwrap_or(&line).to_owned()
        }
        (Stage::Over, _) => ended(transfer).to_owned(),
    };
    format!("{id}, {way}, {thing} ({extent}): {state}")
}
