//! One transfer in a list: its line, and the lines under that.
//!
//! Owns how much is said of it where; which of them are seen is in [`super::pane`] and
//! [`super::list`].

use super::super::app::{App, Button};
use super::super::theme::Theme;
use super::super::transfers::{Stage, Transfer};
use super::super::wording::{self, Outlook};
use super::super::wrap;
use super::figures;
use super::pen::Pen;
use crate::naming;
use couplet::limits::MAX_REASON_COLUMNS;
use couplet::session::Peer;
use couplet::transfer::book::{Direction, Hold, TransferState};
use couplet::{text, units};
use ratatui::layout::Rect;
use ratatui::style::Style;

/// From this width on, a chart has rows of its own.
pub(super) const WIDE: usize = 36;

/// The command that accepts an offer.
const ACCEPT: &str = "/accept";

/// The rows that what the disk says of an offer may take, or why something failed.
const MOST_SENTENCE_ROWS: usize = 3;

/// Draws a transfer's line: which one, and at the right where it is.
pub(super) fn draw_line(
    app: &App,
    pen: &mut Pen<'_>,
    area: Rect,
    row: usize,
    transfer: &Transfer,
    with_figures: bool,
) {
    let theme = pen.theme;
    let (state, style) = state(app, transfer);
    // Which one it is must be told too.
    let state = wrap::shortened(&state, usize::from(area.width) * 2 / 3, theme.symbols.ellipsis);
    let mut end = pen.put_right(area, row, &state, style).saturating_sub(1);
    if with_figures {
        let figures = one_line(app, transfer, usize::from(area.width));
        let start = end.saturating_sub(wrap::width(&figures) + 1);
        pen.put(area, row, start, &figures, theme.gauge());
        if transfer.stage() == Stage::Answer
            && let Some(at) = figures.rfind(ACCEPT)
        {
            let accept = start + wrap::width(&figures[..at]);
            let columns = accept..start + wrap::width(&figures);
            pen.button(area, row, columns, Button::Accept(transfer.id));
        }
        end = start.saturating_sub(1);
    }
    let arrow = match transfer.info.direction {
        Direction::Incoming => theme.symbols.incoming,
        Direction::Outgoing => theme.symbols.outgoing,
    };
    let column = pen.put(area, row, 0, arrow, theme.key());
    let column = pen.put(area, row, column + 1, &transfer.id.to_string(), theme.quiet());
    let weight = if transfer.stage() == Stage::Over { theme.plain() } else { theme.strong() };
    pen.put_before(area, row, column + 1, end, &wording::thing(&transfer.info.offer), weight);
}

/// Where a transfer is, in a word or two.
pub(crate) fn state(app: &App, transfer: &Transfer) -> (String, Style) {
    let theme = app.setting.theme;
    let now = app.now.moment;
    let word = |text: &str, style| (text.to_owned(), style);
    match (transfer.stage(), &transfer.info.state) {
        (Stage::Answer, _) => word("offer", theme.attention()),
        (Stage::Offered, _) => word("offered", theme.plain()),
        (Stage::Queued, _) => word("queued", theme.plain()),
        (Stage::Checking, _) => word("checking", theme.plain()),
        (Stage::Interrupted, _) => word("reconnecting", theme.attention()),
        (Stage::Held, _) => {
            let held = wording::held(&transfer.info, &app.standing.peer_in_words());
            let (text, urgent) = held.unwrap_or_default();
            (text, if urgent { theme.attention() } else { theme.plain() })
        }
        (Stage::Moving, _) => {
            if let Some(stalled) = transfer.stalled(now) {
                (format!("stalled {} s", stalled.as_secs()), theme.attention())
            } else if let Some(held) = transfer.resuming(now) {
                let percent = transfer.percent_of(held);
                let from = percent.map_or_else(String::new, |percent| format!(" at {percent}%"));
                (format!("resuming{from}"), theme.good())
            } else if let Some(percent) = transfer.percent() {
                (format!("{percent}%"), theme.plain())
            } else {
                (units::bytes(transfer.done()), theme.plain())
            }
        }
        (Stage::Over, TransferState::Verified { left_out_count: 0, .. }) => {
            (format!("verified {}", theme.symbols.good), theme.good())
        }
        (Stage::Over, TransferState::Verified { left_out_count, .. }) => {
            let count = units::grouped(*left_out_count);
            (format!("verified, {count} left out"), theme.attention())
        }
        (Stage::Over, TransferState::Failed { .. }) if transfer.is_here => {
            word("here already", theme.quiet())
        }
        (Stage::Over, TransferState::Failed { .. }) => {
            (format!("failed {}", theme.symbols.bad), theme.bad())
        }
        (Stage::Over, TransferState::Declined) => word("declined", theme.quiet()),
        (Stage::Over, TransferState::Cancelled { .. }) => word("cancelled", theme.quiet()),
        (Stage::Over, _) => word("withdrawn", theme.quiet()),
    }
}

/// What else there is to say of a transfer, in a line.
pub(super) fn description(app: &App, transfer: &Transfer) -> String {
    let peer = app.standing.peer_label();
    let dot = app.setting.theme.symbols.dot;
    let extent = wording::extent(&transfer.info.offer);
    match (transfer.stage(), &transfer.info.state) {
        (Stage::Answer, _) => format!("{extent} from {peer}"),
        (Stage::Offered, _) => format!("{extent} {dot} {peer} has to answer"),
        (Stage::Queued, _) if transfer.shelf.is_some() => match transfer.before {
            None => format!("{extent} {dot} waits for the shelf"),
            Some(0) => format!("{extent} {dot} waits for the shelf, next"),
            Some(before) => {
                format!(
                    "{extent} {dot} waits for the shelf, {} before",
                    units::grouped(before.into())
                )
            }
        },
        (Stage::Queued, _) => format!("{extent} {dot} starts when there is room"),
        (Stage::Checking, _) => format!("all {extent} across {dot} checking"),
        (Stage::Interrupted, _) if transfer.shelf.is_some() => {
            format!("{} {dot} retrying", part(transfer))
        }
        (Stage::Interrupted, _) => format!("{} {dot} {}", part(transfer), comes_back(app)),
        (Stage::Held, _) => format!("{} {dot} {}", part(transfer), until(app, transfer)),
        (Stage::Moving, _) => match transfer.rate().filter(|rate| *rate > 0) {
            Some(rate) => format!("{} {dot} {}", part(transfer), units::rate(rate)),
            None => part(transfer),
        },
        (Stage::Over, TransferState::Verified { saved_as, .. })
            if saved_as != transfer.info.name().as_str() =>
        {
            format!("{extent} {dot} as {saved_as}")
        }
        (Stage::Over, TransferState::Failed { reason, .. }) => {
            text::line(reason, MAX_REASON_COLUMNS)
        }
        (Stage::Over, TransferState::Cancelled { by_peer: true }) => {
            format!("{extent} {dot} by {peer}")
        }
        (Stage::Over, _) => extent,
    }
}

/// How much of it is across: `65.1/120 MiB`, or `65.1 MiB` of nobody knows how much.
fn part(transfer: &Transfer) -> String {
    match transfer.size() {
        Some(size) => units::part_of(transfer.done(), size),
        None => units::bytes(transfer.done()),
    }
}

/// How many of its files are across, if there may be several.
pub(super) fn files(transfer: &Transfer) -> Option<String> {
    let (done, all) = transfer.files()?;
    Some(format!("{}/{}", units::grouped(done), naming::items(all)))
}

/// What a transfer waits for that was cut.
fn comes_back(app: &App) -> String {
    if app.standing.is_online() && app.standing.peer != Some(Peer::Present) {
        waits_for(app)
    } else {
        "retrying".to_owned()
    }
}

/// What a transfer waits for that is held up.
fn until(app: &App, transfer: &Transfer) -> String {
    match transfer.info.held_here {
        Some(Hold::Paused) => format!("/resume {}", transfer.id),
        Some(Hold::DiskFull) => "make room".to_owned(),
        Some(Hold::Unknown) => "waiting".to_owned(),
        None => waits_for(app),
    }
}

fn waits_for(app: &App) -> String {
    format!("waits for {}", app.standing.peer_label())
}

/// The time that a transfer still takes.
pub(super) fn eta(transfer: &Transfer) -> String {
    units::remaining(transfer.progress.and_then(|progress| progress.remaining))
}

/// A gauge of how much is across; none where that can't be told.
pub(super) fn gauge(theme: Theme, transfer: &Transfer, columns: usize) -> Option<String> {
    let (done, size) = match (transfer.size()?, transfer.files()) {
        (0, Some((done, all))) => (done, all),
        (size, _) => (transfer.done(), size),
    };
    Some(figures::gauge(done, size, columns, theme.symbols))
}

/// The lines under a transfer's first.
pub(super) fn details(app: &App, transfer: &Transfer, inner: Rect) -> Vec<(String, Style)> {
    let theme = app.setting.theme;
    let columns = usize::from(inner.width).saturating_sub(2);
    let mut lines = Vec::new();
    match transfer.stage() {
        Stage::Answer => return answer(app, transfer, columns),
        Stage::Moving | Stage::Checking | Stage::Held | Stage::Interrupted => {
            lines.extend(gauge(theme, transfer, columns).map(|bar| (bar, theme.gauge())));
            lines.push((description(app, transfer), theme.plain()));
            lines.extend(files(transfer).map(|files| (files, theme.plain())));
            if transfer.stage() == Stage::Moving {
                lines.extend(speeds(theme, transfer, columns));
            }
        }
        Stage::Queued | Stage::Offered => lines.push((description(app, transfer), theme.quiet())),
        Stage::Over => {
            let text = description(app, transfer);
            if matches!(transfer.info.state, TransferState::Failed { .. }) {
                // Why, and what to do, is worth more than a row.
                let rows = wrapped(&text, columns).into_iter();
                lines.extend(rows.map(|row| (row, theme.quiet())));
            } else if text != wording::extent(&transfer.info.offer) {
                lines.push((text, theme.quiet()));
            }
        }
    }
    lines
}

/// The lines under an offer: how much it is, what the disk says, how to answer.
fn answer(app: &App, transfer: &Transfer, columns: usize) -> Vec<(String, Style)> {
    let theme = app.setting.theme;
    let mut lines = vec![(description(app, transfer), theme.plain())];
    let is_first = app.transfers.oldest_offer().is_some_and(|first| first.id == transfer.id);
    let by_key = is_first && app.editor.is_empty();
    let accept = if by_key { "Alt-A".to_owned() } else { format!("{ACCEPT} {}", transfer.id) };
    let outlook = transfer.outlook(app.setting.on_collision);
    if let Some(outlook) = &outlook {
        let text = outlook.sentence(&accept);
        let style = if outlook.is_bad() { theme.attention() } else { theme.strong() };
        lines.extend(wrapped(&text, columns).into_iter().map(|row| (row, style)));
    }
    let how = if by_key {
        let how = |verb: &str| format!("Alt-A {verb}  Alt-D decline");
        let verb = outlook.as_ref().map_or_else(|| "accept".to_owned(), Outlook::verb);
        Some(how(&verb)).filter(|how| how.len() <= columns).unwrap_or_else(|| how("resume"))
    } else {
        format!("{accept}  /decline {}", transfer.id)
    };
    lines.push((how, theme.key()));
    lines
}

/// The rows of a sentence, as many as it may take; the last one has the rest, which is shortened.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let rows = wrap::rows(text, columns);
    let last = rows.len().min(MOST_SENTENCE_ROWS).saturating_sub(1);
    let row = |(at, range): (usize, std::ops::Range<usize>)| {
        let row = if at == last { &text[range.start..] } else { &text[range] };
        row.trim_end().to_owned()
    };
    rows.into_iter().take(MOST_SENTENCE_ROWS).enumerate().map(row).collect()
}

/// The time left with a chart of the speed: beside it, or below it where there is room.
fn speeds(theme: Theme, transfer: &Transfer, columns: usize) -> Vec<(String, Style)> {
    let samples = transfer.speeds.iter();
    if transfer.size().is_none() {
        return vec![(figures::chart(samples, columns, 1, theme.symbols).concat(), theme.gauge())];
    }
    let eta = format!("eta {}", eta(transfer));
    if columns < WIDE {
        let room = columns.saturating_sub(wrap::width(&eta) + 2);
        let chart = figures::chart(samples, room, 1, theme.symbols).concat();
        return vec![(format!("{eta}  {chart}"), theme.gauge())];
    }
    let mut lines = vec![(eta, theme.plain())];
    if samples.len() > 1 {
        let chart = figures::chart(samples, columns, 2, theme.symbols);
        lines.extend(chart.into_iter().map(|row| (row, theme.gauge())));
    }
    lines
}

/// The figures of a transfer that has a single line.
fn one_line(app: &App, transfer: &Transfer, width: usize) -> String {
    let theme = app.setting.theme;
    let bar = || gauge(theme, transfer, width / 6).unwrap_or_else(|| part(transfer));
    match transfer.stage() {
        Stage::Moving => {
            let rate = transfer.rate().filter(|_| transfer.stalled(app.now.moment).is_none());
            match (rate, transfer.size()) {
                (Some(rate), Some(_)) => {
                    format!("{} {} {}", bar(), units::rate(rate), eta(transfer))
                }
                (Some(rate), None) => units::rate(rate),
                (None, Some(_)) => bar(),
                (None, None) => String::new(),
            }
        }
        Stage::Checking | Stage::Held | Stage::Interrupted => bar(),
        Stage::Answer => {
            let size = transfer.size().map_or_else(|| "size unknown".to_owned(), units::bytes);
            let disk = transfer
                .outlook(app.setting.on_collision)
                .map(|outlook| format!(", {}", outlook.short()));
            format!("{size}{} {ACCEPT} {}", disk.unwrap_or_default(), transfer.id)
        }
        Stage::Queued | Stage::Offered | Stage::Over => {
            transfer.size().map_or_else(|| "size unknown".to_owned(), units::bytes)
        }
    }
}
