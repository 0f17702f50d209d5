//! Writing into a buffer, without ever leaving it.
//!
//! Owns the few ways in which the parts put text on the screen: from the left, from the right, and
//! in boxes. Everything goes through ratatui's buffer, which takes no control characters; only links and
//! pictures are put into its cells by themselves.

use super::super::app::{Button, Rows, Spots};
use super::super::links;
use super::super::theme::Theme;
use super::super::wrap;
use ratatui::buffer::{Buffer, CellDiffOption};
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::widgets::{Block, Clear, Widget};
use ratatui_image::Image;
use std::num::NonZeroU16;
use std::ops::Range;

const ONE: NonZeroU16 = NonZeroU16::MIN;

/// A buffer and the looks.
#[derive(Debug)]
pub(super) struct Pen<'a> {
    buffer: &'a mut Buffer,
    /// The looks.
    pub(super) theme: Theme,
    /// What can be clicked on, as far as it was drawn.
    pub(super) spots: Spots,
}

impl<'a> Pen<'a> {
    /// A pen for `buffer`, whose ground it lays.
    pub(super) fn new(buffer: &'a mut Buffer, theme: Theme) -> Self {
        buffer.set_style(buffer.area, theme.plain());
        Self { buffer, theme, spots: Spots::default() }
    }

    /// What was put in these columns is a button.
    pub(super) fn button(&mut self, area: Rect, row: usize, columns: Range<usize>, button: Button) {
        let part = Rect {
            x: area.x.saturating_add(to_u16(columns.start)),
            y: area.y.saturating_add(to_u16(row)),
            width: to_u16(columns.len()),
            height: 1,
        };
        let part = part.intersection(area);
        if !part.is_empty() {
            self.spots.buttons.push((part, button));
        }
    }

    /// Marks the chosen entry of a list: its first row; `rows` are those of all entries, of which
    /// each has `step`.
    pub(super) fn choose(&mut self, area: Rect, row: usize, rows: Range<usize>, step: usize) {
        self.style_row(area, row, self.theme.selected());
        let area = Rect {
            y: area.y.saturating_add(to_u16(rows.start)),
            height: to_u16(rows.len()),
            ..area
        };
        let chosen = to_u16(row.saturating_sub(rows.start) / step.max(1));
        self.spots.rows = Some(Rows { area, step: to_u16(step), chosen });
    }

    /// Writes `text` in row `row` of `area`, from column `column` on, as far as there is room; gives
    /// the column after it.
    pub(super) fn put(
        &mut self,
        area: Rect,
        row: usize,
        column: usize,
        text: &str,
        style: Style,
    ) -> usize {
        let area = area.intersection(self.buffer.area);
        let room = usize::from(area.width).saturating_sub(column);
        if row >= usize::from(area.height) || room == 0 {
            return column;
        }
        let (x, y) = (area.x + to_u16(column), area.y + to_u16(row));
        let (end, _) = self.buffer.set_stringn(x, y, text, room, style);
        usize::from(end - area.x)
    }

    /// Writes `text` so that it ends at the right edge; gives the column where it begins.
    pub(super) fn put_right(&mut self, area: Rect, row: usize, text: &str, style: Style) -> usize {
        let start = usize::from(area.width).saturating_sub(wrap::width(text));
        self.put(area, row, start, text, style);
        start
    }

    /// Writes `text` in the columns before `end`, shortened if need be; gives the column after it.
    pub(super) fn put_before(
        &mut self,
        area: Rect,
        row: usize,
        column: usize,
        end: usize,
        text: &str,
        style: Style,
    ) -> usize {
        let room = end.saturating_sub(column);
        let text = wrap::shortened(text, room, self.theme.symbols.ellipsis);
        self.put(area, row, column, &text, style)
    }

    /// Keeps what a terminal turns around (right-to-left writing) between column `start` of a row
    /// and the frame beside it, by a mark of no width (U+200E) on either side.
    pub(super) fn isolate(&mut self, area: Rect, row: usize, start: usize) {
        if row >= usize::from(area.height) {
            return;
        }
        let y = area.y + to_u16(row);
        let before = (start > 0).then(|| area.x.saturating_add(to_u16(start - 1)));
        for x in before.into_iter().chain([area.right()]) {
            if let Some(cell) = self.buffer.cell_mut((x, y))
                && !cell.symbol().contains('\u{200e}')
            {
                let symbol = format!("{}\u{200e}", cell.symbol());
                cell.set_symbol(&symbol);
            }
        }
    }

    /// Makes what stands in these columns of a row, one column a character, lead to `target` (OSC 8),
    /// which is printable ASCII. Rows of one link have the same `id`.
    pub(super) fn link(
        &mut self,
        area: Rect,
        row: usize,
        columns: Range<usize>,
        (target, id): (&str, &str),
    ) {
        if row >= usize::from(area.height) {
            return;
        }
        let y = area.y + to_u16(row);
        for column in columns.start..columns.end.min(usize::from(area.width)) {
            if let Some(cell) = self.buffer.cell_mut((area.x + to_u16(column), y)) {
                let symbol = links::cell(cell.symbol(), target, id);
                cell.set_symbol(&symbol).set_diff_option(CellDiffOption::ForcedWidth(ONE));
            }
        }
    }

    /// Gives a whole row a style.
    pub(super) fn style_row(&mut self, area: Rect, row: usize, style: Style) {
        if row < usize::from(area.height) {
            let line = Rect { y: area.y + to_u16(row), height: 1, ..area };
            self.buffer.set_style(line.intersection(self.buffer.area), style);
        }
    }

    /// Empties `area`.
    pub(super) fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        Clear.render(area, self.buffer);
        self.buffer.set_style(area, self.theme.plain());
    }

    /// Draws a picture that was made for `area`, in no other colours than the 240 that all terminals
    /// have if they are `few`.
    pub(super) fn picture(&mut self, picture: Image<'_>, area: Rect, few: bool) {
        let area = area.intersection(self.buffer.area);
        picture.render(area, self.buffer);
        if few {
            for position in area.positions() {
                if let Some(cell) = self.buffer.cell_mut(position) {
                    (cell.fg, cell.bg) = (nearest(cell.fg), nearest(cell.bg));
                }
            }
        }
    }

    /// Draws a box with its titles and gives its inside.
    pub(super) fn boxed(&mut self, area: Rect, title: &str, foot: &str) -> Rect {
        let block = Block::bordered()
            .border_set(self.theme.symbols.border)
            .border_style(self.theme.border());
        let inner = block.inner(area);
        block.render(area, self.buffer);
        if area.width > 4 && area.height > 1 {
            let room = usize::from(area.width) - 4;
            let ellipsis = self.theme.symbols.ellipsis;
            if !title.is_empty() {
                let title =
                    format!(" {} ", wrap::shortened(title, room.saturating_sub(2), ellipsis));
                self.put(area, 0, 1, &title, self.theme.over_border(self.theme.plain()));
            }
            if !foot.is_empty() {
                let foot = format!(" {} ", wrap::shortened(foot, room.saturating_sub(2), ellipsis));
                let start = usize::from(area.width) - 1 - wrap::width(&foot);
                let row = usize::from(area.height) - 1;
                self.put(area, row, start, &foot, self.theme.over_border(self.theme.strong()));
            }
        }
        inner
    }
}

/// The colour of a terminal's cube of 6 by 6 by 6 that is most like this one.
fn nearest(colour: Color) -> Color {
    let Color::Rgb(red, green, blue) = colour else { return colour };
    // The steps are 0, 95, 135, 175, 215 and 255.
    let step = |level: u8| match level {
        0..48 => 0,
        48..115 => 1,
        _ => (level - 35) / 40,
    };
    Color::Indexed(16 + 36 * step(red) + 6 * step(green) + step(blue))
}

/// Columns and rows of a screen fit; what doesn't is off the screen anyway.
pub(super) fn to_u16(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}
