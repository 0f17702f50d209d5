//! The transfers as a page is told of them.

use super::super::wire;
use super::{hex, millis};
use crate::terminal::app::App;
use crate::terminal::transfers::{Stage, Transfer};
use crate::terminal::view::state_in_words;
use crate::terminal::wording;
use couplet::limits::MAX_REASON_COLUMNS;
use couplet::text;
use couplet::transfer::book::{Direction, TransferState};
use couplet::transfer::offer::Form;

/// How far back the speed of all together is told.
const FLOW: usize = 120;

/// All of them.
pub(in super::super) fn transfers(app: &App) -> wire::Transfers {
    let all = app.transfers.overall();
    wire::Transfers {
        list: app.transfers.all().iter().map(|transfer| one(app, transfer)).collect(),
        flow: app.transfers.flow.latest(FLOW).unwrap_or_default(),
        all: (all.moving > 0).then(|| wire::All {
            percent: all.percent(),
            rate: all.rate,
            remaining: all.remaining.map(millis),
        }),
    }
}

fn one(app: &App, transfer: &Transfer) -> wire::Transfer {
    let info = &transfer.info;
    let stage = transfer.stage();
    let moves = stage == Stage::Moving;
    let is_good = matches!(info.state, TransferState::Verified { left_out_count: 0, .. });
    let is_bad = matches!(info.state, TransferState::Failed { .. }) && !transfer.is_here;
    wire::Transfer {
        id: transfer.id.0,
        way: match info.direction {
            Direction::Incoming => "in",
            Direction::Outgoing => "out",
        },
        name: wording::thing(&info.offer),
        about: wording::extent(&info.offer),
        size: transfer.size(),
        stage: staged(stage),
        state: in_words(app, transfer),
        good: is_good,
        bad: is_bad,
        note: note(app, transfer),
        percent: transfer.percent().filter(|_| stage != Stage::Answer && stage != Stage::Offered),
        done: transfer.done(),
        files: transfer.files().map(|(done, all)| [done, all]),
        resumed: transfer.course.held.filter(|held| *held > 0),
        rate: transfer.rate(),
        remaining: transfer.progress.filter(|_| moves).and_then(|it| it.remaining).map(millis),
        hash: transfer.course.hash.as_ref().map(hex),
        shelf: transfer.shelf.is_some(),
        speeds: if moves { transfer.speeds.iter().copied().collect() } else { Vec::new() },
        can: can(transfer),
    }
}

/// Where it is; a page has marks of its own.
fn in_words(app: &App, transfer: &Transfer) -> String {
    let symbols = app.setting.theme.symbols;
    let words = state_in_words(app, transfer).0;
    words.trim_end_matches(symbols.good).trim_end_matches(symbols.bad).trim_end().to_owned()
}

const fn staged(stage: Stage) -> &'static str {
    match stage {
        Stage::Answer => "answer",
        Stage::Checking => "checking",
        Stage::Moving => "moving",
        Stage::Held => "held",
        Stage::Interrupted => "interrupted",
        Stage::Queued => "queued",
        Stage::Offered => "offered",
        Stage::Over => "over",
    }
}

/// A sentence about it: why it failed, what the disk says, where it is.
fn note(app: &App, transfer: &Transfer) -> Option<String> {
    let incoming = transfer.info.direction == Direction::Incoming;
    match &transfer.info.state {
        TransferState::Failed { reason, .. } => Some(text::line(reason, MAX_REASON_COLUMNS)),
        TransferState::Offered if incoming => {
            transfer.outlook(app.setting.on_collision).map(|outlook| outlook.sentence("accepting"))
        }
        TransferState::Verified { left_out, .. } if !left_out.is_empty() => {
            let left_out: Vec<String> =
                left_out.iter().map(|why| text::line(why, MAX_REASON_COLUMNS)).collect();
            Some(left_out.join("; "))
        }
        TransferState::Verified { saved_as, .. } if incoming && is_on_disk(transfer) => {
            let saved_as = text::line(saved_as, MAX_REASON_COLUMNS);
            Some(format!("saved as {saved_as} in {}", app.downloads()))
        }
        TransferState::Offered
        | TransferState::Queued
        | TransferState::Moving
        | TransferState::Interrupted
        | TransferState::Verified { .. }
        | TransferState::Declined
        | TransferState::Cancelled { .. }
        | TransferState::Withdrawn => None,
    }
}

fn is_on_disk(transfer: &Transfer) -> bool {
    !matches!(transfer.info.offer.form, Form::Stream | Form::Text)
}

/// What can be done with it.
fn can(transfer: &Transfer) -> Vec<&'static str> {
    let mut can = Vec::new();
    let incoming = transfer.info.direction == Direction::Incoming;
    match transfer.stage() {
        Stage::Answer => can.extend(["accept", "decline"]),
        Stage::Over => {
            if incoming
                && is_on_disk(transfer)
                && matches!(transfer.info.state, TransferState::Verified { .. })
            {
                if transfer.info.offer.form == Form::File {
                    can.push("download");
                }
                can.push("folder");
            }
        }
        Stage::Checking
        | Stage::Moving
        | Stage::Held
        | Stage::Interrupted
        | Stage::Queued
        | Stage::Offered => {
            if transfer.can_pause() {
                can.push("pause");
            }
            if transfer.is_paused() {
                can.push("resume");
            }
            can.push("cancel");
        }
    }
    can
}
