//! Drawing the face: from the state of [`App`] to the cells of a frame, and nothing back but what
//! was seen.
//!
//! Owns the order in which the parts are drawn; where they are is in [`layout`], each part in a
//! file of its own. Every part must cope with an area of any size, nothing included.

mod composer;
mod conversation;
mod details;
mod figures;
mod find;
mod flow;
mod help;
mod hints;
mod layout;
mod list;
mod pane;
mod pen;
mod picker;
mod preview;
mod prompt;
mod search;
mod shelf;
mod status;
mod transfers;
mod verify;

pub(crate) use details::in_words as details_in_words;
pub(crate) use prompt::draw_prompt;
pub(crate) use transfers::state as state_in_words;

use super::app::{App, Drawn, Overlay};
use layout::{Layout, Side};
use pen::Pen;
use ratatui::Frame;

/// Draws `app` into `frame` and tells what it has shown.
pub(crate) fn draw(app: &App, frame: &mut Frame<'_>) -> Drawn {
    let area = frame.area();
    let theme = app.setting.theme;
    let composer = composer::Composer::new(app, area);
    let notice = hints::notice_rows(app, area);
    // A plain room carries none but those with the shelf.
    let any = !app.is_alone() && (!app.standing.is_plain() || !app.transfers.all().is_empty());
    let transfers = any.then(|| app.transfers.lines_in_sight(app.now.moment));
    let layout = Layout::new(area, composer.wanted_rows(), notice.len(), transfers);
    let mut drawn = Drawn::default();
    let Some(layout) = layout else {
        layout::too_small(&mut Pen::new(frame.buffer_mut(), theme), area);
        return drawn;
    };
    let mut pen = Pen::new(frame.buffer_mut(), theme);
    status::draw(app, &mut pen, layout.status);
    let with_gauge = match app.overlay {
        None => layout.side == Side::None,
        Some(Overlay::Shelf) => !layout.has_pane_beside_shelf(),
        Some(_) => false,
    };
    let sought = app.sought();
    let finding = sought.map(|sought| find::draw(app, &mut pen, layout.bottom, sought));
    if finding.is_none() {
        hints::draw(app, &mut pen, layout.bottom, &notice, with_gauge);
    }
    match app.overlay {
        Some(Overlay::Help { top }) => {
            (drawn.list_rows, drawn.help_end) =
                help::draw(&mut pen, layout.middle, layout.boxed, top, &app.topic.query);
            if let Some(cursor) = finding.flatten() {
                frame.set_cursor_position(cursor);
            }
            return drawn;
        }
        Some(Overlay::Transfers { chosen }) => {
            drawn.list_rows = list::draw(app, &mut pen, layout.middle, layout.boxed, chosen);
            drawn.spots = pen.spots;
            return drawn;
        }
        Some(Overlay::Details { id, top }) => {
            (drawn.list_rows, drawn.help_end) =
                details::draw(app, &mut pen, layout.middle, layout.boxed, (id, top));
            return drawn;
        }
        Some(Overlay::Preview { id }) => {
            let room = preview::draw(app, &mut pen, layout.middle, layout.boxed, id);
            drawn.picture_room = Some(room);
            return drawn;
        }
        Some(Overlay::Verify) => {
            verify::draw(app, &mut pen, layout.middle, layout.boxed);
            return drawn;
        }
        Some(Overlay::Shelf) => {
            let (area, pane) = layout.shelf();
            if let Some(pane) = pane {
                pane::draw_pane(app, &mut pen, pane);
            }
            let (rows, cursor) = shelf::draw(app, &mut pen, area, layout.boxed);
            (drawn.list_rows, drawn.spots) = (rows, pen.spots);
            if let Some(cursor) = cursor {
                frame.set_cursor_position(cursor);
            }
            return drawn;
        }
        Some(Overlay::Pick) => {
            let (rows, cursor) = picker::draw(app, &mut pen, layout.middle, layout.boxed);
            (drawn.list_rows, drawn.spots) = (rows, pen.spots);
            if let Some(cursor) = cursor {
                frame.set_cursor_position(cursor);
            }
            return drawn;
        }
        Some(Overlay::Select) => {
            // Nothing beside it and no frame, for the terminal's own selection.
            let seen = conversation::draw(app, &mut pen, layout.middle, false);
            (drawn.columns, drawn.rows) = (Some(seen.columns), seen.rows);
            return drawn;
        }
        Some(Overlay::Find) | None => {}
    }
    let seen = conversation::draw(app, &mut pen, layout.conversation, layout.boxed);
    (drawn.columns, drawn.rows) = (Some(seen.columns), seen.rows);
    drawn.complete_before = seen.complete_before;
    match layout.side {
        Side::Pane(area) => pane::draw_pane(app, &mut pen, area),
        Side::Lines(area) => pane::draw_lines(app, &mut pen, area),
        Side::None => {}
    }
    let (columns, cursor) = composer.draw(app, &mut pen, layout.composer, layout.boxed);
    drawn.composer_columns = columns;
    composer::draw_popup(app, &mut pen, layout.conversation, layout.boxed);
    drawn.spots = pen.spots;
    if let Some(cursor) = finding.unwrap_or(cursor) {
        // The terminal's own cursor, so that input methods and screen readers know the place.
        frame.set_cursor_position(cursor);
    }
    drawn
}

#[cfg(test)]
mod sweep_tests;
#[cfg(test)]
mod tests;
