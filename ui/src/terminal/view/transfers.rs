//! The transfers beside or below the conversation.
//!
//! Owns how much is said of each: all of it while there is room, then a line each, then a count.

use super::super::app::App;
use super::super::theme::Theme;
use super::super::transfers::{Stage, Transfer};
use super::super::units;
use super::super::wrap;
use super::figures;
use super::pen::Pen;
use couplet::time::Moment;
use couplet::transfer::book::{Direction, TransferState};
use ratatui::layout::Rect;
use ratatui::style::Style;

/// From this width on, a chart has rows of its own.
const WIDE: usize = 36;

/// Draws the pane at the right.
pub(super) fn draw_pane(app: &App, pen: &mut Pen<'_>, area: Rect) {
    let inner = pen.boxed(area, &title(app, area), &foot(app));
    let list = app.transfers.all();
    let height = usize::from(inner.height);
    if list.is_empty() {
        return draw_nothing(pen, inner);
    }
    let mut row = 0;
    for (at, transfer) in list.iter().enumerate() {
        let left = height - row;
        let after = list.len() - at - 1;
        if left == 0 {
            break;
        }
        if left == 1 && after > 0 {
            let more = format!("and {} more: F2", after + 1);
            pen.put(inner, row, 2, &more, pen.theme.quiet());
            break;
        }
        let wanted = details(app, transfer, inner);
        // The others keep a line each, as far as there are lines.
        let room = left - 1 - after.min(left - 1).min(height / 3);
        draw_line(pen, inner, row, transfer, app.now.moment, false);
        row += 1;
        for (text, style) in wanted.into_iter().take(room) {
            pen.put_before(inner, row, 2, usize::from(inner.width), &text, style);
            row += 1;
        }
    }
}

/// Draws a line for each, below the conversation.
pub(super) fn draw_lines(app: &App, pen: &mut Pen<'_>, area: Rect) {
    let inner = pen.boxed(area, &title(app, area), &foot(app));
    let list = app.transfers.all();
    let height = usize::from(inner.height);
    for (row, transfer) in list.iter().enumerate().take(height) {
        if row + 1 == height && list.len() > height {
            let more = format!("and {} more: F2", list.len() - row);
            pen.put(inner, row, 2, &more, pen.theme.quiet());
        } else {
            draw_line(pen, inner, row, transfer, app.now.moment, true);
        }
    }
}

/// Draws a transfer's line: which one, and at the right where it is.
pub(super) fn draw_line(
    pen: &mut Pen<'_>,
    area: Rect,
    row: usize,
    transfer: &Transfer,
    now: Moment,
    with_figures: bool,
) {
    let theme = pen.theme;
    let (state, style) = state(theme, transfer, now);
    let mut end = pen.put_right(area, row, &state, style).saturating_sub(1);
    if with_figures {
        let figures = one_line(theme, transfer, usize::from(area.width), now);
        let start = end.saturating_sub(wrap::width(&figures) + 1);
        pen.put(area, row, start, &figures, theme.gauge());
        end = start.saturating_sub(1);
    }
    let arrow = match transfer.info.direction {
        Direction::Incoming => theme.symbols.incoming,
        Direction::Outgoing => theme.symbols.outgoing,
    };
    let column = pen.put(area, row, 0, arrow, theme.key());
    let column = pen.put(area, row, column + 1, &transfer.id.to_string(), theme.quiet());
    let weight = if transfer.stage() == Stage::Over { theme.plain() } else { theme.strong() };
    pen.put_before(area, row, column + 1, end, transfer.info.name.as_str(), weight);
}

/// Where a transfer is, in a word or two.
pub(super) fn state(theme: Theme, transfer: &Transfer, now: Moment) -> (String, Style) {
    let symbols = theme.symbols;
    let word = |text: &str, style| (text.to_owned(), style);
    match (transfer.stage(), &transfer.info.state) {
        (Stage::Answer, _) => word("offer", theme.attention()),
        (Stage::Offered, _) => word("offered", theme.plain()),
        (Stage::Queued, _) => word("queued", theme.plain()),
        (Stage::Checking, _) => word("checking", theme.plain()),
        (Stage::Moving, _) => match transfer.stalled(now) {
            Some(stalled) => (format!("stalled {} s", stalled.as_secs()), theme.attention()),
            None => (format!("{}%", percent(transfer)), theme.plain()),
        },
        (Stage::Over, TransferState::Verified { .. }) => {
            (format!("verified {}", symbols.good), theme.good())
        }
        (Stage::Over, TransferState::Failed { .. }) => {
            (format!("failed {}", symbols.bad), theme.bad())
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
    let size = units::bytes(transfer.size());
    match (transfer.stage(), &transfer.info.state) {
        (Stage::Answer, _) => format!("{size} from {peer}"),
        (Stage::Offered, _) => format!("{size} {dot} {peer} has to answer"),
        (Stage::Queued, _) => format!("{size} {dot} starts when there is room"),
        (Stage::Checking, _) => format!("all {size} across {dot} checking"),
        (Stage::Moving, _) => {
            let part = units::part_of(transfer.done(), transfer.size());
            let rate = transfer.progress.and_then(|progress| progress.rate);
            match rate.filter(|rate| *rate > 0) {
                Some(rate) => format!("{part} {dot} {}", units::rate(rate)),
                None => part,
            }
        }
        (Stage::Over, TransferState::Verified { saved_as })
            if saved_as != transfer.info.name.as_str() =>
        {
            format!("{size} {dot} as {saved_as}")
        }
        (Stage::Over, TransferState::Failed { reason }) => reason.clone(),
        (Stage::Over, TransferState::Cancelled { by_peer: true }) => {
            format!("{size} {dot} by {peer}")
        }
        (Stage::Over, _) => size,
    }
}

/// The time that a transfer still takes.
pub(super) fn eta(transfer: &Transfer) -> String {
    units::remaining(transfer.progress.and_then(|progress| progress.remaining))
}

fn percent(transfer: &Transfer) -> u64 {
    units::percent(transfer.done(), transfer.size())
}

/// The lines under a transfer's first.
fn details(app: &App, transfer: &Transfer, inner: Rect) -> Vec<(String, Style)> {
    let theme = app.setting.theme;
    let columns = usize::from(inner.width).saturating_sub(2);
    let mut lines = Vec::new();
    match transfer.stage() {
        Stage::Answer => {
            lines.push((description(app, transfer), theme.plain()));
            let is_first =
                app.transfers.oldest_offer().is_some_and(|first| first.id == transfer.id);
            let how = if is_first && app.editor.is_empty() {
                "Alt-A accept  Alt-D decline".to_owned()
            } else {
                format!("/accept {0}  /decline {0}", transfer.id)
            };
            lines.push((how, theme.key()));
        }
        Stage::Moving | Stage::Checking => {
            let bar = figures::gauge(transfer.done(), transfer.size(), columns, theme.symbols);
            lines.push((bar, theme.gauge()));
            lines.push((description(app, transfer), theme.plain()));
            if transfer.stage() == Stage::Moving {
                lines.extend(speeds(theme, transfer, columns));
            }
        }
        Stage::Queued | Stage::Offered => lines.push((description(app, transfer), theme.quiet())),
        Stage::Over => {
            let text = description(app, transfer);
            if text != units::bytes(transfer.size()) {
                lines.push((text, theme.quiet()));
            }
        }
    }
    lines
}

/// The time left with a chart of the speed: beside it, or below it where there is room.
fn speeds(theme: Theme, transfer: &Transfer, columns: usize) -> Vec<(String, Style)> {
    let eta = format!("eta {}", eta(transfer));
    let samples = transfer.speeds.iter();
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
fn one_line(theme: Theme, transfer: &Transfer, width: usize, now: Moment) -> String {
    match transfer.stage() {
        Stage::Moving | Stage::Checking => {
            let bar = figures::gauge(transfer.done(), transfer.size(), width / 6, theme.symbols);
            let rate = transfer.progress.and_then(|progress| progress.rate);
            match rate.filter(|_| transfer.stalled(now).is_none()) {
                Some(rate) => format!("{bar} {} {}", units::rate(rate), eta(transfer)),
                None => bar,
            }
        }
        Stage::Answer => format!("{} /accept {}", units::bytes(transfer.size()), transfer.id),
        Stage::Queued | Stage::Offered | Stage::Over => units::bytes(transfer.size()),
    }
}

/// The title: what moves and what waits for an answer, as long as it may be.
fn title(app: &App, area: Rect) -> String {
    let offers = app.transfers.at(Stage::Answer).count();
    let moving = app.transfers.overall().moving;
    let mut news = Vec::new();
    if moving > 0 {
        news.push(format!("{moving} moving"));
    }
    if offers > 0 {
        news.push(units::count(offers, "offer"));
    }
    let news = news.join(", ");
    let long = format!("transfers: {news}");
    // A corner, a line and a space at both ends.
    let fits = long.len() + 6 <= usize::from(area.width);
    match (news.is_empty(), fits) {
        (true, _) => "transfers".to_owned(),
        (false, true) => long,
        (false, false) => news,
    }
}

fn foot(app: &App) -> String {
    let all = app.transfers.overall();
    if all.moving == 0 {
        return String::new();
    }
    let percent = units::percent(all.done, all.size);
    let rate = all.rate.map_or(String::new(), |rate| format!(" {}", units::rate(rate)));
    format!("all {percent}%{rate} {}", units::remaining(all.remaining))
}

fn draw_nothing(pen: &mut Pen<'_>, inner: Rect) {
    let theme = pen.theme;
    let lines = [
        ("No files yet.", theme.plain()),
        ("", theme.plain()),
        ("/send PATH", theme.key()),
        ("offers a file to your peer,", theme.quiet()),
        ("whoever's turn it is.", theme.quiet()),
        ("Tab completes the path.", theme.quiet()),
    ];
    for (row, (text, style)) in lines.into_iter().enumerate() {
        pen.put(inner, row, 1, text, style);
    }
}
