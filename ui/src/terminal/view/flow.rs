//! The chart of how fast everything together goes.
//!
//! Owns its scale and its label: the highest speed that is seen, and the time from the left edge to
//! now, which is the right edge.

use super::super::app::App;
use super::super::transfers::EVERY;
use super::super::wrap;
use super::figures;
use super::pen::Pen;
use couplet::units;
use ratatui::layout::Rect;

/// With fewer rows it says no more than the line of each transfer.
const LEAST_ROWS: usize = 3;
/// More make it no clearer.
const MOST_ROWS: usize = 10;

/// The rows that the chart takes of `free` ones, its label included; none if there is nothing to show.
pub(super) fn rows(app: &App, columns: usize, free: usize) -> usize {
    let rows = free.min(MOST_ROWS + 1);
    let is_worth_it = rows > LEAST_ROWS && app.transfers.is_going();
    if is_worth_it && samples(app, columns).is_some() { rows } else { 0 }
}

/// From so many columns on a chart of the last minute or more is as good as it gets.
pub(super) const WIDE: usize = super::transfers::WIDE;

/// The rows that it takes at least.
pub(super) const LEAST: usize = LEAST_ROWS + 1;

/// Draws the chart over the whole of `area`.
pub(super) fn draw(app: &App, pen: &mut Pen<'_>, area: Rect) {
    let columns = usize::from(area.width);
    let rows = usize::from(area.height).saturating_sub(1);
    let Some(samples) = samples(app, columns) else { return };
    let theme = pen.theme;
    let highest = samples.iter().copied().max().unwrap_or(0);
    let across = figures::samples_across(columns, theme.symbols);
    let span = units::remaining(Some(EVERY * u32::try_from(across).unwrap_or(u32::MAX)));
    let span = format!("last {span}");
    let end = pen.put_right(area, 0, &span, theme.quiet()).saturating_sub(1);
    let top = format!("top {}", units::rate(highest));
    let end = end.min(columns.saturating_sub(wrap::width(&span) + 1));
    pen.put_before(area, 0, 0, end, &top, theme.quiet());
    let chart = figures::dotted(&samples, columns, rows, theme.symbols);
    for (row, line) in chart.iter().enumerate() {
        pen.put(area, row + 1, 0, line, theme.gauge());
    }
}

fn samples(app: &App, columns: usize) -> Option<Vec<u64>> {
    let across = figures::samples_across(columns, app.setting.theme.symbols);
    app.transfers.flow.latest(across)
}
