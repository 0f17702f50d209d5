//! The last line: a sentence about the last key, or what can be pressed next; and, where there is
//! no room for the transfers, a gauge.
//!
//! Owns the line; which hints there are is decided in [`super::super::app`].

use super::super::app::App;
use super::super::transfers::Stage;
use super::super::wrap;
use super::figures;
use super::pen::Pen;
use couplet::units;
use ratatui::layout::Rect;
use std::ops::Range;

const MARK: usize = 3;

/// The rows that the notice takes, as parts of it; none if there is no notice.
pub(super) fn notice_rows(app: &App, area: Rect) -> Vec<Range<usize>> {
    let columns = usize::from(area.width).saturating_sub(MARK + 1);
    app.sentence().map_or_else(Vec::new, |sentence| wrap::rows(&sentence, columns))
}

/// Draws the line. `with_gauge` tells that the transfers are nowhere else.
pub(super) fn draw(
    app: &App,
    pen: &mut Pen<'_>,
    area: Rect,
    notice: &[Range<usize>],
    with_gauge: bool,
) {
    let theme = pen.theme;
    if let Some(text) = app.sentence() {
        for (row, range) in notice.iter().enumerate() {
            if row == 0 {
                pen.put(area, row, 1, "!", theme.attention());
            }
            let cut = row + 1 == usize::from(area.height) && row + 1 < notice.len();
            let part = if cut { &text[range.start..] } else { &text[range.clone()] };
            let end = usize::from(area.width).saturating_sub(1);
            pen.put_before(area, row, MARK, end, part.trim_end_matches(' '), theme.strong());
        }
        return;
    }
    let mut end = usize::from(area.width);
    if with_gauge && let Some(gauge) = gauge(app, pen, usize::from(area.width)) {
        end = pen.put_right(area, 0, &gauge, theme.gauge()).saturating_sub(1);
    }
    let mut column = 1;
    for hint in app.hints() {
        let gap = usize::from(!hint.does.is_empty());
        if column + wrap::width(&hint.key) + gap + wrap::width(&hint.does) > end {
            continue;
        }
        column = pen.put(area, 0, column, &hint.key, theme.key());
        column = pen.put(area, 0, column + gap, &hint.does, theme.plain()) + 2;
    }
}

/// All transfers in a few columns; none if there is nothing to tell.
fn gauge(app: &App, pen: &Pen<'_>, width: usize) -> Option<String> {
    let symbols = pen.theme.symbols;
    let offers = app.transfers.at(Stage::Answer).count();
    let all = app.transfers.overall();
    let mut text = String::new();
    if offers > 0 {
        text = format!("{} ", units::count(offers, "offer"));
    }
    if all.size > 0 && all.moving > 0 {
        // The keys that answer an offer are worth more than a bar.
        let columns = if width < if offers > 0 { 60 } else { 40 } { 0 } else { width / 5 };
        let bar = figures::gauge(all.done, all.size, columns, symbols);
        let gap = if bar.is_empty() { "" } else { " " };
        let percent = units::percent(all.done, all.size);
        text = format!("{text}{bar}{gap}{percent}% {} ", units::remaining(all.remaining));
    } else if let Some(rate) = all.rate {
        text = format!("{text}{} ", units::rate(rate));
    }
    (!text.is_empty()).then(|| format!("{text}F2 "))
}
