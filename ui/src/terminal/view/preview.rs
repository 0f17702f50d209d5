//! A received picture, over the whole screen (`v` in the list, `/preview`).
//!
//! Owns where it is put: in the middle of what room there is, which the face is told so that the
//! picture can be made for it.

use super::super::app::App;
use super::super::wrap;
use super::pen::Pen;
use couplet::transfer::book::TransferId;
use ratatui::layout::Rect;
use ratatui_image::Image;

/// Draws the picture, or what there is instead; gives the columns and rows that there are for it.
pub(super) fn draw(
    app: &App,
    pen: &mut Pen<'_>,
    area: Rect,
    boxed: bool,
    id: TransferId,
) -> (u16, u16) {
    let theme = pen.theme;
    let seen = app.preview.seen.as_ref();
    let inner = if boxed {
        let what = seen.and_then(|seen| seen.as_ref().ok()).map(|picture| picture.what.as_str());
        pen.boxed(area, &app.title_of(id), what.unwrap_or_default())
    } else {
        area
    };
    let room = (inner.width, inner.height);
    let sentence = match seen {
        Some(Ok(picture)) => {
            let size = picture.drawn.size();
            // One that was made for more room is on its way to be made anew.
            if size.width <= room.0 && size.height <= room.1 {
                let middle = Rect {
                    x: inner.x + (room.0 - size.width) / 2,
                    y: inner.y + (room.1 - size.height) / 2,
                    width: size.width,
                    height: size.height,
                };
                pen.picture(Image::new(&picture.drawn), middle, picture.few_colours);
                return room;
            }
            format!("looking at it{}", theme.symbols.ellipsis)
        }
        Some(Err(sentence)) => sentence.clone(),
        None => format!("looking at it{}", theme.symbols.ellipsis),
    };
    let columns = usize::from(room.0).saturating_sub(2);
    let rows = wrap::rows(&sentence, columns);
    let top = usize::from(room.1).saturating_sub(rows.len()) / 2;
    let widest = rows.iter().map(|row| wrap::width(sentence[row.clone()].trim_end())).max();
    let left = 1 + columns.saturating_sub(widest.unwrap_or(0)) / 2;
    for (at, row) in rows.into_iter().enumerate() {
        pen.put(inner, top + at, left, sentence[row].trim_end(), theme.plain());
    }
    room
}
