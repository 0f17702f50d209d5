//! The composer: what is held, what is being written, and the completions above it.
//!
//! Owns how much of a long text is seen: the part around the cursor.

use super::super::app::App;
use super::super::wrap;
use super::pen::{Pen, to_u16};
use couplet::units;
use ratatui::layout::{Position, Rect};
use std::ops::Range;

/// The prompt before the text.
const PROMPT: usize = 2;
/// Rows of text that are seen at once.
const MOST_ROWS: usize = 5;
/// Held messages that are seen at once.
const MOST_HELD: usize = 2;

/// The composer's text, broken into rows.
pub(super) struct Composer {
    rows: Vec<Range<usize>>,
    columns: usize,
    held: Vec<String>,
}

impl Composer {
    /// The composer on a screen of this size.
    pub(super) fn new(app: &App, area: Rect) -> Self {
        let boxed = super::layout::boxed(area);
        let width = usize::from(area.width).saturating_sub(if boxed { 2 } else { 0 });
        let columns = width.saturating_sub(PROMPT).max(1);
        Self {
            rows: wrap::rows(app.editor.text(), columns),
            columns,
            held: held_lines(app, if area.height < 16 { 1 } else { MOST_HELD }),
        }
    }

    /// The rows that it would like to have, without its box.
    pub(super) fn wanted_rows(&self) -> usize {
        self.rows.len().min(MOST_ROWS) + self.held.len()
    }

    /// Draws it and gives the width of its text, and where the cursor is.
    pub(super) fn draw(
        &self,
        app: &App,
        pen: &mut Pen<'_>,
        area: Rect,
        boxed: bool,
    ) -> (usize, Option<Position>) {
        let theme = pen.theme;
        let inner = if boxed {
            let room = usize::from(area.width).saturating_sub(6);
            let titles = app.composer_titles();
            let title =
                titles.iter().find(|title| title.len() <= room).copied().unwrap_or_default();
            let title = app.mode_title().unwrap_or_else(|| title.to_owned());
            let foot = app.editor.text().len();
            let limit = couplet::limits::MAX_MESSAGE_BYTES;
            let foot = if foot > limit / 2 {
                format!("{} of {}", units::bytes(foot as u64), units::bytes(limit as u64))
            } else {
                String::new()
            };
            pen.boxed(area, &title, &foot)
        } else {
            area
        };
        let height = usize::from(inner.height);
        let held = self.held.len().min(height.saturating_sub(1));
        for (row, line) in self.held.iter().take(held).enumerate() {
            let end = usize::from(inner.width);
            pen.put(inner, row, 0, theme.symbols.held, theme.attention());
            pen.put_before(inner, row, PROMPT, end, line, theme.quiet());
        }
        let seen = height - held;
        let (row, column) = app.editor.position_in(&self.rows, self.columns);
        // Around the cursor: it is in the last row that is seen, unless the text ends above it.
        let first = (row + 1).saturating_sub(seen);
        for (at, range) in self.rows.iter().skip(first).take(seen).enumerate() {
            let prompt = match (first + at, at) {
                (0, _) => ">",
                (_, 0) => theme.symbols.ellipsis,
                _ => " ",
            };
            pen.put(inner, held + at, 0, prompt, theme.key());
            let text = app.editor.text().get(range.clone()).unwrap_or_default();
            pen.put(inner, held + at, PROMPT, text, theme.plain());
        }
        let cursor = (seen > 0).then(|| Position {
            x: inner.x + to_u16(PROMPT + column),
            y: inner.y + to_u16(held + row - first),
        });
        (self.columns, cursor)
    }
}

fn held_lines(app: &App, most: usize) -> Vec<String> {
    let count = app.held.len();
    if count == 0 {
        return Vec::new();
    }
    let shown = if count > most { most - 1 } else { count };
    let line = |(at, held): (usize, &super::super::app::Held)| {
        let text: String = held.text.lines().collect::<Vec<_>>().join(" / ");
        format!("held {}: {text}", at + 1)
    };
    let mut lines: Vec<String> = app.held.iter().enumerate().take(shown).map(line).collect();
    if count > shown {
        let more = if shown == 0 { "" } else { "more " };
        let noun = units::count(count - shown, &format!("{more}message"));
        let verb = if count - shown == 1 { "is" } else { "are" };
        lines.push(format!("{noun} {verb} held and go out on your turn"));
    }
    lines
}

/// Draws the completions to choose from, inside the conversation's box, above the composer.
pub(super) fn draw_popup(app: &App, pen: &mut Pen<'_>, conversation: Rect, boxed: bool) {
    let Some(popup) = &app.popup else { return };
    let edge = u16::from(boxed);
    let room = Rect {
        x: conversation.x + edge,
        width: conversation.width.saturating_sub(2 * edge),
        height: conversation.height.saturating_sub(2 * edge),
        y: conversation.y + edge,
    };
    let frame = 2 * edge;
    let rows = popup.labels.len().min(8).min(usize::from(room.height.saturating_sub(frame)));
    if rows == 0 {
        return;
    }
    let theme = pen.theme;
    let widest = popup.labels.iter().map(|label| wrap::width(label)).max().unwrap_or(0);
    let width = to_u16(widest.max(14) + 4).min(room.width);
    let height = to_u16(rows) + frame;
    let area = Rect { y: room.bottom() - height, width, height, ..room };
    pen.clear(area);
    let chosen = popup.chosen.unwrap_or(0);
    let first = (chosen + 1).saturating_sub(rows);
    let foot = if popup.labels.len() > rows {
        format!("{} of {}", chosen + 1, popup.labels.len())
    } else {
        String::new()
    };
    let inner = if boxed { pen.boxed(area, "Tab: next", &foot) } else { area };
    for (row, label) in popup.labels.iter().skip(first).take(rows).enumerate() {
        let end = usize::from(inner.width).saturating_sub(1);
        pen.put_before(inner, row, 1, end, label, theme.plain());
        if popup.chosen == Some(first + row) {
            pen.style_row(inner, row, theme.selected());
        }
    }
}
