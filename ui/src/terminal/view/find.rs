//! The line in which one types what is looked for, in the conversation or in the help.

use super::super::app::App;
use super::super::wrap;
use super::pen::{Pen, to_u16};
use ratatui::layout::{Position, Rect};
use unicode_segmentation::UnicodeSegmentation;

/// Room for what is typed that the hints leave.
const LEAST: usize = 16;

/// Draws `query` and what was `found`, and says where the cursor is.
pub(super) fn draw(
    app: &App,
    pen: &mut Pen<'_>,
    area: Rect,
    (query, found): (&str, String),
) -> Option<Position> {
    let theme = pen.theme;
    let width = usize::from(area.width);
    let end = width.saturating_sub(wrap::width(&found) + 2);
    pen.put(area, 0, end + 1, &found, theme.strong());
    let label = if width < 34 { "?" } else { "find:" };
    let start = pen.put(area, 0, 1, label, theme.key()) + 1;
    // The end of it is where one types.
    let room = end.saturating_sub(start + 1);
    let mut taken = 0;
    let seen = query.grapheme_indices(true).rev().take_while(|(_, cluster)| {
        taken += wrap::grapheme_width(cluster);
        taken <= room
    });
    let from = seen.last().map_or(query.len(), |(at, _)| at);
    let cursor = pen.put(area, 0, start, &query[from..], theme.plain());
    let mut column = cursor.max(start + LEAST) + 2;
    for hint in app.hints() {
        let wide = wrap::width(&hint.key) + 1 + wrap::width(&hint.does);
        if column + wide >= end {
            break;
        }
        column = pen.put(area, 0, column, &hint.key, theme.key());
        column = pen.put(area, 0, column + 1, &hint.does, theme.plain()) + 2;
    }
    (cursor < width).then(|| Position { x: area.x + to_u16(cursor), y: area.y })
}
