//! Keys in the list of transfers, and the way from what covers the conversation to
//! something else that does, and back.
//!
//! Owns choosing and scrolling there.

use super::super::keys::{Action, Place};
use super::super::transfers::Stage;
use super::super::wording;
use super::{App, Effect, Overlay, shelf};
use crate::engine::Command;
use couplet::transfer::book::TransferId;

impl App {
    /// Where a key is pressed.
    pub(super) const fn place_of_keys(&self) -> Place {
        match self.overlay {
            None => self.mode.place(),
            Some(Overlay::Help { .. }) if self.topic.typing => Place::Topic,
            Some(Overlay::Help { .. }) => Place::Help,
            Some(Overlay::Transfers { .. }) => Place::Transfers,
            Some(Overlay::Details { .. }) => Place::Details,
            Some(Overlay::Preview { .. }) => Place::Preview,
            Some(Overlay::Verify) => Place::Verify,
            Some(Overlay::Shelf) => Place::Shelf,
            Some(Overlay::Pick) => Place::Pick,
            Some(Overlay::Find) => Place::Find,
            Some(Overlay::Select) => Place::Select,
        }
    }

    /// Shows this over the conversation, and over what is shown there now.
    pub(super) fn go_to(&mut self, to: Overlay) {
        let same = |one: &Overlay| std::mem::discriminant(one) == std::mem::discriminant(&to);
        let now = self.overlay.replace(to);
        self.below.extend(now);
        // Who goes from one to the other and on to the first again needn't come back the whole way.
        if let Some(at) = self.below.iter().position(same) {
            self.below.truncate(at);
        }
    }

    /// Shows what was shown before.
    pub(super) fn go_back(&mut self) {
        self.overlay = self.below.pop();
    }

    /// This can't be shown any more, wherever it is.
    pub(super) fn take_away(&mut self, gone: Overlay) {
        self.below.retain(|one| *one != gone);
        if self.overlay == Some(gone) {
            self.go_back();
        }
    }

    pub(super) fn transfers_key(&mut self, action: Option<Action>, effects: &mut Vec<Effect>) {
        let Some(Overlay::Transfers { chosen }) = self.overlay else { return };
        let list = self.transfers.all();
        let at = self.chosen_row(chosen);
        let end = list.len().saturating_sub(1);
        let page = (self.drawn.list_rows / 2).max(1);
        if let Some(to) = row_after(action, at, page, end) {
            let chosen = list.get(to).map(|transfer| transfer.id);
            self.overlay = Some(Overlay::Transfers { chosen });
            return;
        }
        match action {
            Some(Action::Escape) => self.go_back(),
            Some(action) if self.act_on(action, at, effects) => {}
            other => self.anywhere(other, effects),
        }
    }

    /// The row that is chosen: the first one until the user has chosen.
    pub(crate) fn chosen_row(&self, chosen: Option<TransferId>) -> usize {
        chosen.and_then(|id| self.transfers.position(id)).unwrap_or(0)
    }

    /// Actions that are the same everywhere.
    pub(super) fn anywhere(&mut self, action: Option<Action>, effects: &mut Vec<Effect>) {
        if action == Some(Action::Redraw) {
            effects.push(Effect::Clear);
        } else if action == Some(Action::Suspend) {
            effects.push(Effect::Suspend);
        } else if action == Some(Action::Help) {
            self.open_help("");
        } else if action == Some(Action::Transfers) {
            self.go_to(Overlay::Transfers { chosen: None });
        } else if action == Some(Action::Shelf) {
            self.open_shelf(effects);
        }
    }

    pub(super) fn answer(&mut self, row: usize, accept: bool, effects: &mut Vec<Effect>) {
        let Some(transfer) = self.transfers.all().get(row) else { return };
        let id = Some(transfer.id);
        if transfer.stage() == Stage::Answer {
            let command = if accept {
                Command::Accept { id, on_collision: None }
            } else {
                Command::Decline(id)
            };
            effects.push(Effect::Engine(command));
        } else {
            let name = wording::thing(&transfer.info.offer);
            self.notice = Some(format!("{name} doesn't wait for your answer"));
        }
    }

    pub(super) fn pause_row(&mut self, row: usize, effects: &mut Vec<Effect>) {
        let Some(transfer) = self.transfers.all().get(row) else { return };
        let id = Some(transfer.id);
        if transfer.is_paused() {
            effects.push(Effect::Engine(Command::Continue(id)));
        } else if transfer.can_pause() {
            effects.push(Effect::Engine(Command::Pause(id)));
        } else if transfer.shelf.is_some() && transfer.stage() != Stage::Over {
            self.notice = Some(format!("{}; c cancels it", shelf::NO_PAUSE));
        } else {
            let name = wording::thing(&transfer.info.offer);
            let why = if transfer.stage() == Stage::Over { "is over" } else { "doesn't move" };
            self.notice = Some(format!("{name} {why}, so it can't be paused"));
        }
    }

    pub(super) fn cancel_row(&mut self, row: usize, effects: &mut Vec<Effect>) {
        let Some(transfer) = self.transfers.all().get(row) else { return };
        let id = transfer.id;
        let command = match transfer.stage() {
            Stage::Over => {
                let name = wording::thing(&transfer.info.offer);
                self.notice = Some(format!("{name} is over already"));
                return;
            }
            Stage::Answer => Command::Decline(Some(id)),
            Stage::Checking
            | Stage::Moving
            | Stage::Held
            | Stage::Interrupted
            | Stage::Queued
            | Stage::Offered
                if transfer.shelf.is_some() =>
            {
                return self.cancel_errand(id, effects);
            }
            Stage::Checking
            | Stage::Moving
            | Stage::Held
            | Stage::Interrupted
            | Stage::Queued
            | Stage::Offered => Command::Cancel { id: Some(id), keep: true },
        };
        effects.push(Effect::Engine(command));
    }
}

/// The row to which a key leads from this one, in pages of so many, up to the last; none if the key
/// chooses no row.
pub(super) fn row_after(
    action: Option<Action>,
    at: usize,
    page: usize,
    end: usize,
) -> Option<usize> {
    let to = match action {
        Some(Action::Up) => at.saturating_sub(1),
        Some(Action::Down) => at + 1,
        Some(Action::PageUp) => at.saturating_sub(page),
        Some(Action::PageDown) => at + page,
        Some(Action::First) => 0,
        Some(Action::Last) => end,
        _ => return None,
    };
    Some(to.min(end))
}

#[cfg(test)]
#[path = "lists_tests.rs"]
mod tests;
