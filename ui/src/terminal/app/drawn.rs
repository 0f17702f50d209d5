//! What the frame that was drawn last has shown, and where.
//!
//! Owns what becomes of it: what was seen is told to the peer, and clicks are about what is on the
//! screen.

use super::{App, Drawn, Effect};
use crate::engine::Command;
use couplet::transfer::book::TransferId;
use ratatui::layout::Rect;

/// What a click there answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Button {
    /// Accepts this offer.
    Accept(TransferId),
    /// Declines it.
    Decline(TransferId),
}

/// The rows of a list of which one can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rows {
    /// Where they are.
    pub(crate) area: Rect,
    /// How many rows each entry has.
    pub(crate) step: u16,
    /// Which of the entries that are seen is chosen.
    pub(crate) chosen: u16,
}

/// What of the screen can be clicked on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Spots {
    /// The buttons of offers.
    pub(crate) buttons: Vec<(Rect, Button)>,
    /// The list, if one is open.
    pub(crate) rows: Option<Rows>,
}

impl App {
    /// A frame has been drawn.
    pub(super) fn see(&mut self, drawn: Drawn, effects: &mut Vec<Effect>) {
        let (rows, complete_before) = (drawn.rows, drawn.complete_before);
        let picture_room = drawn.picture_room;
        self.drawn = drawn;
        if self.attends() && rows > 0 {
            self.conversation.looked_at();
        }
        self.want_more(effects);
        self.want_picture(picture_room, effects);
        let shown = self.conversation.take_shown(complete_before);
        effects.extend(shown.into_iter().map(|n| Effect::Engine(Command::Shown(n))));
    }
}
