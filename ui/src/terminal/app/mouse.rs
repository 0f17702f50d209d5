//! The mouse, where the user wants it: the wheel scrolls, a click answers an offer or chooses a row.
//!
//! Owns what a place on the screen is for; the view tells where it has drawn what. All of it can be
//! done by keys, too.

use super::super::keys::Action;
use super::{App, Button, Effect, Overlay};
use ratatui::layout::Position;

/// The rows that one step of the wheel moves.
const WHEEL: usize = 3;

/// What was done with the mouse, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mouse {
    /// Where.
    pub(crate) at: Position,
    /// What.
    pub(crate) did: Did,
}

/// What can be done with a mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Did {
    /// Its left button was pressed.
    Click,
    /// The wheel was turned towards what is above.
    WheelUp,
    /// The wheel was turned towards what is below.
    WheelDown,
}

impl App {
    pub(super) fn mouse(&mut self, mouse: Mouse, effects: &mut Vec<Effect>) {
        self.notice = None;
        match mouse.did {
            Did::Click => self.click(mouse.at, effects),
            Did::WheelUp => self.wheel(true, effects),
            Did::WheelDown => self.wheel(false, effects),
        }
    }

    fn click(&mut self, at: Position, effects: &mut Vec<Effect>) {
        let mut buttons = self.drawn.spots.buttons.iter();
        if let Some((_, button)) = buttons.find(|(area, _)| area.contains(at)) {
            let (id, accept) = match *button {
                Button::Accept(id) => (id, true),
                Button::Decline(id) => (id, false),
            };
            // The one that was seen there, whatever has moved since.
            if let Some(row) = self.transfers.position(id) {
                self.answer(row, accept, effects);
            }
            return;
        }
        let Some(rows) = self.drawn.spots.rows.filter(|rows| rows.area.contains(at)) else {
            return;
        };
        let clicked = (at.y - rows.area.y) / rows.step.max(1);
        let way = if clicked < rows.chosen { Action::Up } else { Action::Down };
        for _ in 0..clicked.abs_diff(rows.chosen) {
            self.move_by(way, effects);
        }
    }

    fn wheel(&mut self, up: bool, effects: &mut Vec<Effect>) {
        match self.overlay {
            None | Some(Overlay::Find) => self.scroll(WHEEL, up),
            Some(_) => {
                for _ in 0..WHEEL {
                    self.move_by(if up { Action::Up } else { Action::Down }, effects);
                }
            }
        }
    }

    /// Does what a key would do that goes up or down in what covers the conversation.
    fn move_by(&mut self, way: Action, effects: &mut Vec<Effect>) {
        match self.overlay {
            Some(Overlay::Help { .. }) => self.help_key(Some(way), effects),
            Some(Overlay::Transfers { .. }) => self.transfers_key(Some(way), effects),
            Some(Overlay::Shelf) => self.shelf_key(Some(way), None, effects),
            Some(Overlay::Pick) => self.pick_key(Some(way), None, effects),
            Some(Overlay::Select) => self.select_key(Some(way), effects),
            Some(Overlay::Details { .. }) => self.details_key(Some(way), effects),
            Some(Overlay::Verify | Overlay::Find | Overlay::Preview { .. }) | None => {}
        }
    }
}

#[cfg(test)]
#[path = "mouse_tests.rs"]
mod tests;
