//! Where the parts of the screen are, at every size.
//!
//! Owns the thresholds. From 80 columns the transfers have a pane at the right, from 50 they are
//! below the conversation, a line each; with fewer, or with fewer than 16 rows, they are a gauge in
//! the last line. With fewer than 10 rows or 30 columns there are no boxes.

use super::pen::Pen;
use ratatui::layout::Rect;

const LEAST: (u16, u16) = (20, 5);

/// Where the transfers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// A pane at the right.
    Pane(Rect),
    /// A line each, below the conversation.
    Lines(Rect),
    /// Nowhere; the last line has a gauge.
    None,
}

/// Where everything is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// The first line.
    pub(super) status: Rect,
    /// The conversation, with its box.
    pub(super) conversation: Rect,
    /// The transfers.
    pub(super) side: Side,
    /// The composer, with its box.
    pub(super) composer: Rect,
    /// The last line, or lines while there is a notice.
    pub(super) bottom: Rect,
    /// All between the first line and the last: for what covers the conversation.
    pub(super) middle: Rect,
    /// Whether there is room for boxes.
    pub(super) boxed: bool,
}

impl Layout {
    /// The layout of a screen of this `area`; none if it is too small. With no number of transfers
    /// they have no place at all.
    pub(super) fn new(
        area: Rect,
        composer_rows: usize,
        notice_rows: usize,
        transfers: Option<usize>,
    ) -> Option<Self> {
        if !fits(area) {
            return None;
        }
        let boxed = boxed(area);
        let frame = if boxed { 2 } else { 0 };
        let bottom_rows = clamp(notice_rows, 1, if area.height < 8 { 1 } else { 3 });
        let most = if area.height < 10 {
            1
        } else if area.height < 16 {
            3
        } else {
            area.height / 3
        };
        let composer_rows = clamp(composer_rows, 1, most) + frame;
        let (status, rest) = split(area, 1);
        let (middle, bottom) = split(rest, rest.height - bottom_rows);
        let (upper, composer) = split(middle, middle.height - composer_rows);
        let (conversation, side) = match transfers {
            Some(transfers) => beside(upper, area, transfers),
            None => (upper, Side::None),
        };
        Some(Self { status, conversation, side, composer, bottom, middle, boxed })
    }
}

/// From this width on the transfers' pane stays beside the shelf.
const SHELF_AND_PANE: u16 = 110;

/// So wide the shelf stays beside it, that all its columns are seen.
const WHOLE_SHELF: u16 = 70;

impl Layout {
    /// Where the shelf is, and the transfers' pane beside it, if there is room for both.
    pub(super) fn shelf(&self) -> (Rect, Option<Rect>) {
        match self.side {
            Side::Pane(pane) if self.middle.width >= SHELF_AND_PANE => {
                let width = pane.width.min(self.middle.width - WHOLE_SHELF);
                let area = Rect { width: self.middle.width - width, ..self.middle };
                let pane = Rect { x: area.right(), width, ..self.middle };
                (area, Some(pane))
            }
            Side::Pane(_) | Side::Lines(_) | Side::None => (self.middle, None),
        }
    }

    /// Whether the transfers are seen beside the shelf.
    pub(super) fn has_pane_beside_shelf(&self) -> bool {
        self.shelf().1.is_some()
    }
}

/// Whether anything can be drawn on a screen of this `area`.
pub(super) fn fits(area: Rect) -> bool {
    area.width >= LEAST.0 && area.height >= LEAST.1
}

/// Whether there is room for boxes on a screen of this `area`.
pub(super) fn boxed(area: Rect) -> bool {
    area.height >= 10 && area.width >= 30
}

fn beside(upper: Rect, area: Rect, transfers: usize) -> (Rect, Side) {
    if area.height < 16 || area.width < 50 {
        return (upper, Side::None);
    }
    if area.width >= 80 {
        let width = if area.width < 100 { 32 } else { (area.width * 2 / 5).clamp(40, 60) };
        let conversation = Rect { width: upper.width - width, ..upper };
        let pane = Rect { x: conversation.right(), width, ..upper };
        return (conversation, Side::Pane(pane));
    }
    if transfers == 0 {
        return (upper, Side::None);
    }
    let rows = clamp(transfers, 1, (area.height / 5).min(6)) + 2;
    let (conversation, lines) = split(upper, upper.height.saturating_sub(rows).max(3));
    (conversation, Side::Lines(lines))
}

fn split(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    let first = Rect { height: rows, ..area };
    (first, Rect { y: area.y + rows, height: area.height - rows, ..area })
}

fn clamp(wanted: usize, least: u16, most: u16) -> u16 {
    super::pen::to_u16(wanted).clamp(least, most.max(least))
}

/// What is drawn where nothing else fits.
pub(super) fn too_small(pen: &mut Pen<'_>, area: Rect) {
    let lines = if area.height >= 2 && area.width >= 13 {
        vec!["too small".to_owned(), format!("{}x{} at least", LEAST.0, LEAST.1)]
    } else {
        vec!["too small".to_owned()]
    };
    let top = usize::from(area.height).saturating_sub(lines.len()) / 2;
    for (row, line) in lines.iter().enumerate() {
        let column = usize::from(area.width).saturating_sub(line.len()) / 2;
        pen.put(area, top + row, column, line, pen.theme.plain());
    }
}
