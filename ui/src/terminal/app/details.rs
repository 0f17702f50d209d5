//! All that is known of one transfer, over the conversation (Enter in the list, `/details`), and
//! the list without what is over.
//!
//! Owns the keys there: what can be done to a transfer in the list can be done here.

use super::super::keys::Action;
use super::super::transfers::Stage;
use super::super::wording;
use super::lists::row_after;
use super::{App, Effect, Overlay};
use couplet::transfer::book::TransferId;
use couplet::units;

impl App {
    /// Shows this transfer, or the only one.
    pub(super) fn show_details(&mut self, id: Option<TransferId>) -> Result<(), String> {
        let none = || "there are no transfers yet; /send PATH offers a file".to_owned();
        let id = self.meant(id, "/details", |_| true, none)?;
        self.go_to(Overlay::Details { id, top: 0 });
        Ok(())
    }

    pub(super) fn details_key(&mut self, action: Option<Action>, effects: &mut Vec<Effect>) {
        let Some(Overlay::Details { id, top }) = self.overlay else { return };
        let page = self.drawn.list_rows.saturating_sub(1).max(1);
        if let Some(top) =
            row_after(action, top.min(self.drawn.help_end), page, self.drawn.help_end)
        {
            self.overlay = Some(Overlay::Details { id, top });
            return;
        }
        match (action, self.transfers.position(id)) {
            (Some(Action::Escape), _) => self.go_back(),
            (Some(action), Some(row)) if self.act_on(action, row, effects) => {}
            (other, _) => self.anywhere(other, effects),
        }
    }

    /// Does to the transfer in this row what a key asks for; tells whether it asks for something.
    pub(super) fn act_on(&mut self, action: Action, row: usize, effects: &mut Vec<Effect>) -> bool {
        let id = self.transfers.all().get(row).map(|transfer| transfer.id);
        match (action, id) {
            (Action::Accept, _) => self.answer(row, true, effects),
            (Action::Decline, _) => self.answer(row, false, effects),
            (Action::Cancel, _) => self.cancel_row(row, effects),
            (Action::PauseOrGoOn, _) => self.pause_row(row, effects),
            (Action::Enter, Some(id)) => self.go_to(Overlay::Details { id, top: 0 }),
            (Action::Preview, Some(id)) => self.preview_by_key(id),
            (Action::Tidy, _) => self.tidy(),
            _ => return false,
        }
        true
    }

    /// Takes what is over off the list.
    pub(super) fn tidy(&mut self) {
        if let Some(Overlay::Details { id, .. } | Overlay::Preview { id }) = self.overlay
            && self.transfers.get(id).is_some_and(|transfer| transfer.stage() == Stage::Over)
        {
            self.go_back();
        }
        self.notice = Some(match self.transfers.forget_over() {
            0 => "nothing in the list is over".to_owned(),
            count => format!(
                "{} off the list; what was received stays where it is",
                units::count(count, "finished transfer")
            ),
        });
    }

    /// What a transfer is called, for a title.
    pub(crate) fn title_of(&self, id: TransferId) -> String {
        let transfer = self.transfers.get(id);
        transfer.map_or_else(
            || format!("transfer {id}"),
            |transfer| format!("{id} {}", wording::thing(&transfer.info.offer)),
        )
    }
}
