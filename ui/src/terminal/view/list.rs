//! The list of all transfers, over the whole screen (F2).
//!
//! Owns which of them are seen: the chosen one always is.

use super::super::app::App;
use super::super::transfers::{Stage, Transfer};
use super::super::wrap;
use super::flow;
use super::pen::{Pen, to_u16};
use super::transfers::{description, draw_line, eta, files};
use couplet::transfer::book::TransferId;
use ratatui::layout::Rect;

/// From so many columns on there is a chart of the speed, if there are rows for it.
const WIDE: usize = 90;

/// Draws the list and gives the number of its rows.
pub(super) fn draw(
    app: &App,
    pen: &mut Pen<'_>,
    area: Rect,
    boxed: bool,
    chosen: Option<TransferId>,
) -> usize {
    let theme = pen.theme;
    let list = app.transfers.all();
    let at = app.chosen_row(chosen);
    let inner = if boxed {
        let foot =
            if list.is_empty() { String::new() } else { format!("{} of {}", at + 1, list.len()) };
        pen.boxed(area, "all transfers", &foot)
    } else {
        area
    };
    let height = usize::from(inner.height);
    if list.is_empty() {
        let text = "No files yet. /send PATH offers one to your peer.";
        let columns = usize::from(inner.width).saturating_sub(2).max(1);
        for (row, range) in wrap::rows(text, columns).into_iter().enumerate() {
            pen.put(inner, row, 1, text[range].trim_end(), theme.plain());
        }
        return height;
    }
    // A second line for each, where a few of them fit.
    let tall = if height >= 8 { 2 } else { 1 };
    let seen = (height / tall).max(1);
    let first = (at + 1).saturating_sub(seen);
    let line = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    for (row, transfer) in list.iter().skip(first).take(seen).enumerate() {
        draw_line(app, pen, line, row * tall, transfer, tall == 1 && inner.width >= 50);
        if tall == 2 {
            let text = under(app, transfer);
            pen.put_before(line, row * 2 + 1, 4, usize::from(line.width), &text, theme.quiet());
        }
        if first + row == at {
            pen.choose(inner, row * tall, 0..seen * tall, tall);
        }
    }
    draw_chart(app, pen, line, (list.len() - first).min(seen) * tall);
    height
}

/// Draws how fast all together go in the rows from this one on, if there are enough.
fn draw_chart(app: &App, pen: &mut Pen<'_>, area: Rect, from: usize) {
    let free = usize::from(area.height).saturating_sub(from + 1);
    let columns = usize::from(area.width);
    let rows = if columns >= WIDE { flow::rows(app, columns, free) } else { 0 };
    let rows = to_u16(rows);
    flow::draw(app, pen, Rect { y: area.bottom() - rows, height: rows, ..area });
}

/// The second line of a transfer.
fn under(app: &App, transfer: &Transfer) -> String {
    let mut parts = vec![description(app, transfer)];
    match transfer.stage() {
        Stage::Moving => {
            parts.extend(files(transfer));
            parts.extend(transfer.size().map(|_| format!("eta {}", eta(transfer))));
        }
        Stage::Held | Stage::Interrupted => parts.extend(files(transfer)),
        Stage::Answer => parts.extend(
            transfer.outlook(app.setting.on_collision).map(|outlook| outlook.sentence("a")),
        ),
        Stage::Checking | Stage::Queued | Stage::Offered | Stage::Over => {}
    }
    parts.join(&format!(" {} ", app.setting.theme.symbols.dot))
}
