//! Which files may go from a page, and which may go to one.
//!
//! Owns these two rules. The bytes are [`uploads`](super::uploads)' and [`received`](super::received)'s.
//! Pure.

use super::page::Page;
use super::server::{Saved, To};
use crate::terminal::app::App;
use crate::terminal::transfers::Transfer;
use couplet::session::Peer;
use couplet::transfer::book::{Direction, TransferId, TransferState};
use couplet::transfer::offer::Form;

/// Whether what a page has sent may be handed over; `meeting` is for which line, if the page says so.
///
/// # Errors
/// A sentence that says why not.
pub(super) fn may_send(page: &Page, to: To, meeting: Option<u64>) -> Result<(), String> {
    if meeting.is_some_and(|meeting| meeting != page.saying.meeting()) {
        let text = "the line that this was for is over; send it again, to whoever is here now";
        return Err(text.to_owned());
    }
    let standing = &page.app.standing;
    match to {
        To::Peer if standing.is_plain() => Err(couplet::plain::WORDS_ONLY.to_owned()),
        To::Peer if standing.peer != Some(Peer::Present) => {
            Err("nobody is there to send to; wait for your peer".to_owned())
        }
        To::Peer if standing.is_distrusted() => {
            Err("the words differ, so nothing is sent to this peer".to_owned())
        }
        // What the shelf takes, it says itself.
        To::Peer | To::Shelf => Ok(()),
    }
}

/// Where the file lies that a transfer brought, once it is there whole.
pub(super) fn received(app: &App, id: u64) -> Option<Saved> {
    let is_file = |transfer: &&Transfer| {
        transfer.info.direction == Direction::Incoming && transfer.info.offer.form == Form::File
    };
    let id = TransferId(u32::try_from(id).ok()?);
    let transfer = app.transfers.get(id).filter(is_file)?;
    let TransferState::Verified { saved_as, .. } = &transfer.info.state else { return None };
    Some(Saved { directory: app.setting.downloads.clone(), name: saved_as.clone() })
}

/// Whether somebody was there, however the line has ended.
pub(super) const fn has_met(app: &App) -> bool {
    matches!(app.standing.peer, Some(Peer::Present | Peer::Silent { .. } | Peer::Gone))
}

#[cfg(test)]
mod tests {
    use super::super::saying::Saying;
    use super::*;
    use crate::terminal::scenes;
    use crate::terminal::stage::{Stage, verified};

    fn page(stage: Stage) -> Page {
        Page::new(stage.app, Saying::default())
    }

    #[test]
    fn files_go_to_whoever_they_were_meant_for_and_is_there() {
        let here = page(scenes::your_turn_empty());
        assert!(has_met(&here.app));
        for meeting in [None, Some(1)] {
            assert_eq!(may_send(&here, To::Peer, meeting), Ok(()));
            assert_eq!(may_send(&here, To::Shelf, meeting), Ok(()));
        }
        for to in [To::Peer, To::Shelf] {
            let over = may_send(&here, to, Some(2)).unwrap_err();
            assert!(over.contains("is over"), "{over}");
        }
        let alone = page(Stage::new());
        assert!(!has_met(&alone.app));
        assert_eq!(may_send(&alone, To::Shelf, None), Ok(()));
        let nobody = may_send(&alone, To::Peer, Some(1)).unwrap_err();
        assert!(nobody.contains("nobody is there"), "{nobody}");
    }

    #[test]
    fn only_files_that_came_whole_are_given_to_a_page() {
        let mut stage = scenes::your_turn_empty();
        stage.transfer(1, Direction::Incoming, "a.txt", 9, verified("a (2).txt"));
        stage.transfer(2, Direction::Incoming, "b.txt", 9, TransferState::Moving);
        stage.transfer(3, Direction::Outgoing, "c.txt", 9, verified("c.txt"));
        let came = received(&stage.app, 1).unwrap();
        assert_eq!(
            (came.directory, came.name.as_str()),
            (stage.app.setting.downloads.clone(), "a (2).txt")
        );
        for id in [0, 2, 3, 4, u64::MAX] {
            assert!(received(&stage.app, id).is_none(), "{id}");
        }
    }
}
