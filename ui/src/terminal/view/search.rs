//! The line in which a list is searched, on the shelf and in the file picker.

use super::super::editor::Editor;
use super::super::wrap;
use super::pen::{Pen, to_u16};
use ratatui::layout::{Position, Rect};

/// Draws what is searched after `prompt` in the first row of `line`, the part of it in which the cursor
/// stands; gives where that is.
pub(super) fn draw(pen: &mut Pen<'_>, line: Rect, prompt: &str, search: &Editor) -> Position {
    let start = pen.put(line, 0, 0, prompt, pen.theme.key());
    let room = usize::from(line.width).saturating_sub(start + 1).max(1);
    let text = search.text();
    let rows = wrap::rows(text, room);
    let (row, column) = search.position_in(&rows, room);
    let part = rows.get(row).and_then(|range| text.get(range.clone())).unwrap_or_default();
    pen.put(line, 0, start, part, pen.theme.strong());
    if text.is_empty() {
        pen.put(line, 0, start + 1, "type a part of a name", pen.theme.quiet());
    }
    Position { x: line.x + to_u16(start + column), y: line.y }
}
