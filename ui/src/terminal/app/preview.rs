//! Pictures that were received, over the conversation (`v`, `/preview`).
//!
//! Owns which of them can be shown, and when one is asked for: once it is known how much room there
//! is, again when that has changed, and never two at a time, however often the user asks.

use super::super::keys::Action;
use super::super::pictures::{Depict, Depicted, Picture, is_picture};
use super::super::transfers::Transfer;
use super::super::wording;
use super::{App, Effect, Overlay};
use couplet::transfer::book::{Direction, TransferId, TransferState};
use couplet::transfer::offer::Form;

/// The picture that is shown, and what was asked for.
#[derive(Debug, Default)]
pub(crate) struct Preview {
    of: Option<TransferId>,
    /// For so much room it was asked for last.
    room: Option<(u16, u16)>,
    /// Somebody is at it.
    under_way: bool,
    /// What came of it.
    pub(crate) seen: Option<Result<Picture, String>>,
}

impl App {
    /// Whether a transfer is a picture that can be shown, as far as its name tells.
    pub(crate) fn is_shown_picture(transfer: &Transfer) -> bool {
        saved_as(transfer).is_some_and(is_picture)
    }

    /// Shows the picture of this transfer, or of the one that came last.
    pub(super) fn preview(&mut self, id: Option<TransferId>) -> Result<(), String> {
        let all = self.transfers.all();
        let id = match id {
            Some(id) => id,
            // What is over comes newest first.
            None => match all.iter().find(|transfer| Self::is_shown_picture(transfer)) {
                Some(transfer) => transfer.id,
                None => return Err("no picture has come yet that could be shown".to_owned()),
            },
        };
        let Some(transfer) = self.transfers.get(id) else {
            return Err(format!("there is no transfer {id}; F2 shows the numbers"));
        };
        let thing = wording::thing(&transfer.info.offer);
        if transfer.info.direction == Direction::Outgoing {
            return Err(format!("{thing} went out from here; only what was received is shown"));
        }
        if saved_as(transfer).is_none() {
            return Err(format!("{thing} isn't a file that has come whole"));
        }
        let theme = self.setting.theme;
        if !theme.has_colours() {
            let advice = "start couplet without NO_COLOR, or open it with another program";
            return Err(format!("pictures need colours; {advice}"));
        }
        if theme.symbols.ellipsis.is_ascii() {
            return Err("pictures need more than ASCII; open it with another program".to_owned());
        }
        self.preview =
            Preview { of: Some(id), under_way: self.preview.under_way, ..Preview::default() };
        self.go_to(Overlay::Preview { id });
        Ok(())
    }

    /// The same by a key, which has no other place for a sentence than the last line.
    pub(super) fn preview_by_key(&mut self, id: TransferId) {
        if let Err(sentence) = self.preview(Some(id)) {
            self.notice = Some(sentence);
        }
    }

    pub(super) fn preview_key(&mut self, action: Option<Action>, effects: &mut Vec<Effect>) {
        if action == Some(Action::Escape) {
            self.go_back();
            // It may be large. What is still being made is no use any more.
            self.preview = Preview { under_way: self.preview.under_way, ..Preview::default() };
        } else {
            self.anywhere(action, effects);
        }
    }

    /// Asks for the picture, as there is so much room for it.
    pub(super) fn want_picture(&mut self, room: Option<(u16, u16)>, effects: &mut Vec<Effect>) {
        let Some(Overlay::Preview { id }) = self.overlay else { return };
        let wanted = room.filter(|room| room.0 > 0 && room.1 > 0);
        if wanted.is_none() || wanted == self.preview.room || self.preview.under_way {
            return;
        }
        let Some(name) = self.transfers.get(id).and_then(saved_as) else { return };
        if let (Some(room), name) = (wanted, name.to_owned()) {
            let directory = self.setting.downloads.clone();
            let means = self.setting.pictures;
            effects.push(Effect::Depict(Depict { id, directory, name, room, means }));
            (self.preview.room, self.preview.under_way) = (wanted, true);
        }
    }

    pub(super) fn depicted(&mut self, depicted: Depicted) {
        self.preview.under_way = false;
        if self.preview.of == Some(depicted.id) {
            self.preview.seen = Some(depicted.picture);
        }
        if !matches!(self.overlay, Some(Overlay::Preview { .. })) && !self.is_below_preview() {
            // Nobody looks any more.
            self.preview = Preview::default();
        }
    }

    fn is_below_preview(&self) -> bool {
        self.below.iter().any(|one| matches!(one, Overlay::Preview { .. }))
    }
}

/// The name of a file that has come whole.
fn saved_as(transfer: &Transfer) -> Option<&str> {
    let info = &transfer.info;
    let came = info.direction == Direction::Incoming && info.offer.form == Form::File;
    if let TransferState::Verified { saved_as, .. } = &info.state
        && came
    {
        return Some(saved_as);
    }
    None
}
