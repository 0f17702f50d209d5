//! The transfers beside or below the conversation.
//!
//! Owns how much is said of each: all of it while there is room, then a line each, then a count.
//! Those that are over fold into one line, and at the foot of a wide pane is a chart of the speed.

use super::super::app::{App, Button};
use super::super::transfers::{Folded, Stage};
use super::super::wrap;
use super::flow;
use super::pen::{Pen, to_u16};
use super::transfers::{WIDE, details, draw_line};
use couplet::transfer::book::TransferId;
use couplet::units;
use ratatui::layout::Rect;

/// With so many rows the pane has one for everybody, and some for the chart of the speed.
const TALL: usize = 20;

/// Draws the pane at the right.
pub(super) fn draw_pane(app: &App, pen: &mut Pen<'_>, area: Rect) {
    let inner = pen.boxed(area, &title(app, area), &foot(app));
    if app.transfers.all().is_empty() {
        return draw_nothing(pen, inner);
    }
    let (list, folded) = app.transfers.in_sight(app.now.moment);
    let all: Vec<_> = list.iter().map(|transfer| details(app, transfer, inner)).collect();
    let wanted = all.iter().map(|details| details.len() + 1).sum::<usize>();
    let wanted = wanted + usize::from(folded.is_some());
    let (inner, below) = with_chart(app, inner, wanted);
    let height = usize::from(inner.height);
    let lines = list.len() + usize::from(folded.is_some());
    let mut row = 0;
    for (at, (transfer, details)) in list.iter().zip(all).enumerate() {
        let left = height - row;
        let after = lines - at - 1;
        if left == 0 {
            break;
        }
        if left == 1 && after > 0 {
            let more = app.transfers.all().len() - at;
            pen.put(inner, row, 2, &format!("and {more} more: F2"), pen.theme.quiet());
            row += 1;
            break;
        }
        // The others keep a line each, as far as there are lines.
        let room = left - 1 - after.min(left - 1).min(height / 3);
        draw_line(app, pen, inner, row, transfer, false);
        row += 1;
        let last = details.len().saturating_sub(1);
        for (at, (text, style)) in details.into_iter().enumerate().take(room) {
            pen.put_before(inner, row, 2, usize::from(inner.width), &text, style);
            if at == last && transfer.stage() == Stage::Answer {
                draw_buttons(pen, inner, row, transfer.id, &text);
            }
            row += 1;
        }
    }
    if let Some(folded) = folded.filter(|_| row < height) {
        draw_folded(pen, inner, row, folded);
    }
    flow::draw(app, pen, below);
}

/// Makes buttons of the two words that answer an offer: of the line that says how, in which there is
/// nothing of the peer's.
fn draw_buttons(pen: &mut Pen<'_>, inner: Rect, row: usize, id: TransferId, text: &str) {
    let Some(at) = ["Alt-D", "/decline"].iter().find_map(|word| text.rfind(word)) else { return };
    let (accept, decline) = (wrap::width(text[..at].trim_end()), wrap::width(&text[..at]));
    pen.button(inner, row, 2..2 + accept, Button::Accept(id));
    pen.button(inner, row, 2 + decline..2 + wrap::width(text), Button::Decline(id));
}

/// The inside of the pane with the chart of the speed at its foot, if that is wide enough for it:
/// the rows that nothing else wants, and some in any case where there are many.
fn with_chart(app: &App, inner: Rect, wanted: usize) -> (Rect, Rect) {
    let height = usize::from(inner.height);
    let least = if height >= TALL { flow::LEAST } else { 0 };
    // A row stays empty above it.
    let free = height.saturating_sub(wanted + 1).max(least);
    let columns = usize::from(inner.width);
    let rows = if columns >= WIDE { flow::rows(app, columns, free) } else { 0 };
    let rows = to_u16(rows);
    let above = Rect { height: inner.height - rows, ..inner };
    let below = Rect { y: above.bottom(), height: rows, ..inner };
    let above = Rect { height: above.height.saturating_sub(u16::from(rows > 0)), ..above };
    (above, below)
}

/// Draws a line for each, below the conversation.
pub(super) fn draw_lines(app: &App, pen: &mut Pen<'_>, area: Rect) {
    let inner = pen.boxed(area, &title(app, area), &foot(app));
    let (list, folded) = app.transfers.in_sight(app.now.moment);
    let height = usize::from(inner.height);
    let lines = list.len() + usize::from(folded.is_some());
    for (row, transfer) in list.iter().enumerate().take(height) {
        if row + 1 == height && lines > height {
            let more = format!("and {} more: F2", app.transfers.all().len() - row);
            pen.put(inner, row, 2, &more, pen.theme.quiet());
        } else {
            draw_line(app, pen, inner, row, transfer, true);
        }
    }
    if let Some(folded) = folded.filter(|_| list.len() < height) {
        draw_folded(pen, inner, list.len(), folded);
    }
}

/// Draws the line of those that are over and have none of their own.
fn draw_folded(pen: &mut Pen<'_>, area: Rect, row: usize, folded: Folded) {
    let theme = pen.theme;
    let end = pen.put_right(area, row, "F2", theme.key()).saturating_sub(1);
    pen.put_before(area, row, 0, end, &folded.line(), theme.quiet());
}

/// The title: what moves and what waits for an answer, as long as it may be.
fn title(app: &App, area: Rect) -> String {
    let offers = app.transfers.at(Stage::Answer).count();
    let all = app.transfers.overall();
    let (moving, waiting) = (all.moving, all.waiting);
    let news = |with_waiting: bool| {
        let parts = [
            (moving > 0).then(|| format!("{moving} moving")),
            (waiting > 0 && with_waiting).then(|| format!("{waiting} waiting")),
            (offers > 0).then(|| units::count(offers, "offer")),
        ];
        parts.into_iter().flatten().collect::<Vec<String>>().join(", ")
    };
    if news(true).is_empty() {
        return "transfers".to_owned();
    }
    // A corner, a line and a space at both ends.
    let fits = |title: &String| title.len() + 6 <= usize::from(area.width);
    let titles = [format!("transfers: {}", news(true)), news(true)];
    titles.into_iter().find(fits).unwrap_or_else(|| news(false))
}

fn foot(app: &App) -> String {
    let all = app.transfers.overall();
    if all.moving == 0 {
        return String::new();
    }
    let rate = all.rate.map_or(String::new(), |rate| format!(" {}", units::rate(rate)));
    match all.percent() {
        Some(percent) => format!("all {percent}%{rate} {}", units::remaining(all.remaining)),
        None if all.rate.is_none() => String::new(),
        None => format!("all{rate}"),
    }
}

fn draw_nothing(pen: &mut Pen<'_>, inner: Rect) {
    let theme = pen.theme;
    let lines = [
        ("No files yet.", theme.plain()),
        ("", theme.plain()),
        ("/send PATH", theme.key()),
        ("offers a file or a folder,", theme.quiet()),
        ("whoever's turn it is.", theme.quiet()),
        ("Tab completes the path.", theme.quiet()),
    ];
    for (row, (text, style)) in lines.into_iter().enumerate() {
        pen.put(inner, row, 1, text, style);
    }
}
