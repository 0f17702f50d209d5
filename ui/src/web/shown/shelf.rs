//! The relay's shelf as a page is told of it.

use super::super::wire;
use super::hex;
use crate::terminal::app::{App, Overlay};
use crate::terminal::shelf::Access;
use couplet::text;
use couplet::transfer::book::{Direction, TransferState};

/// What is known of it; nothing while nobody looks.
pub(in super::super) fn shelf(app: &App, rows: usize) -> Option<wire::Shelf> {
    if app.overlay != Some(Overlay::Shelf) {
        return None;
    }
    let shelf = &app.shelf;
    let (mut is, mut told) = match &shelf.access {
        Access::Unasked | Access::Asking => ("asking", None),
        Access::There(_) => ("there", shelf.untold.clone()),
        Access::Lost(why) => ("lost", Some(text::line(why, 300))),
        Access::Closed { text, .. } => ("closed", Some(text.clone())),
    };
    let mut wrong = None;
    if let Some(login) = &shelf.login {
        is = if login.sent { "asking" } else { "login" };
        wrong.clone_from(&login.wrong);
        told = None;
    }
    let shown = shelf.shown();
    let pattern = shelf.search.text().trim();
    Some(wire::Shelf {
        is,
        text: told,
        wrong,
        may_put: shelf.may_put(),
        user: shelf.inside.clone(),
        more: shown.len() > rows || shelf.is_cut(),
        whole: shelf.is_whole() && pattern.is_empty() && shown.len() <= rows,
        files: shown
            .into_iter()
            .take(rows)
            .map(|file| wire::Shelved {
                name: file.name.to_string(),
                size: file.size,
                modified: Some(file.mtime.0.saturating_mul(1000)),
                hash: file.hash.as_ref().map(hex),
                here: is_here(app, file.name.as_str()),
            })
            .collect(),
        pattern: (!pattern.is_empty()).then(|| pattern.to_owned()),
    })
}

/// Whether it was fetched in this session, or found to be here already.
fn is_here(app: &App, name: &str) -> bool {
    let latest = app.shelf.latest.get(name).and_then(|id| app.transfers.get(*id));
    latest.is_some_and(|transfer| {
        let came = matches!(transfer.info.state, TransferState::Verified { .. });
        transfer.info.direction == Direction::Incoming && (came || transfer.is_here)
    })
}
