//! What pages have sent, on its way to the peer or the shelf.
//!
//! Owns when it isn't needed any more: once all transfers of it are over. What was withdrawn is needed,
//! for it is offered again when somebody comes. It is told apart by its name, as the engine tells it. Pure.

use super::server::UploadId;
use crate::terminal::transfers::Transfer;
use couplet::transfer::book::{Direction, TransferId, TransferState};

/// All that is on its way.
#[derive(Debug, Default)]
pub(super) struct Sending {
    sent: Vec<Sent>,
}

/// One file or folder of an upload.
#[derive(Debug)]
struct Sent {
    upload: UploadId,
    name: String,
    transfer: Option<TransferId>,
}

impl Sending {
    /// These files and folders of an upload are on their way.
    pub(super) fn begin(&mut self, upload: UploadId, names: impl IntoIterator<Item = String>) {
        let sent = names.into_iter().map(|name| Sent { upload, name, transfer: None });
        self.sent.extend(sent);
    }

    /// Nothing is sent any more: gives all uploads.
    pub(super) fn give_up(&mut self) -> Vec<UploadId> {
        let mut uploads: Vec<_> = self.sent.drain(..).map(|sent| sent.upload).collect();
        uploads.sort_unstable();
        uploads.dedup();
        uploads
    }

    /// How transfers stand; gives uploads of which nothing is needed any more.
    pub(super) fn look(&mut self, transfers: &[Transfer]) -> Vec<UploadId> {
        if self.sent.is_empty() {
            return Vec::new();
        }
        let mut outgoing: Vec<_> =
            transfers.iter().filter(|it| it.info.direction == Direction::Outgoing).collect();
        outgoing.sort_by_key(|transfer| transfer.id);
        let mut ended = Vec::new();
        for transfer in outgoing {
            let known = self.sent.iter().position(|sent| sent.transfer == Some(transfer.id));
            let at = known.or_else(|| {
                let name = transfer.info.name().as_str();
                let is_over = is_over(&transfer.info.state);
                let fits = |sent: &Sent| sent.transfer.is_none() && sent.name == name;
                let at = self.sent.iter().position(fits).filter(|_| !is_over)?;
                self.sent[at].transfer = Some(transfer.id);
                Some(at)
            });
            if let Some(at) = at.filter(|_| is_over(&transfer.info.state)) {
                ended.push(self.sent.remove(at).upload);
            }
        }
        ended.dedup();
        ended.retain(|upload| !self.sent.iter().any(|sent| sent.upload == *upload));
        ended
    }
}

const fn is_over(state: &TransferState) -> bool {
    match state {
        TransferState::Verified { .. }
        | TransferState::Declined
        | TransferState::Cancelled { .. }
        | TransferState::Failed { .. } => true,
        TransferState::Offered
        | TransferState::Queued
        | TransferState::Moving
        | TransferState::Interrupted
        | TransferState::Withdrawn => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::stage::{Stage, verified};

    #[test]
    fn an_upload_is_needed_until_the_last_of_it_is_over() {
        let mut sending = Sending::default();
        let mut stage = Stage::new();
        let out = Direction::Outgoing;
        // Of the same name, and not a page's.
        stage.transfer(1, out, "a.txt", 9, verified("a.txt"));
        sending.begin(UploadId(7), ["a.txt".to_owned(), "b".to_owned()]);
        stage.transfer(2, out, "a.txt", 9, TransferState::Offered);
        stage.transfer(3, out, "b", 9, TransferState::Offered);
        assert_eq!(sending.look(stage.app.transfers.all()), []);
        stage.transfer(2, out, "a.txt", 9, verified("a.txt"));
        stage.transfer(3, out, "b", 9, TransferState::Withdrawn);
        assert_eq!(sending.look(stage.app.transfers.all()), []);
        stage.transfer(3, out, "b", 9, TransferState::Declined);
        assert_eq!(sending.look(stage.app.transfers.all()), [UploadId(7)]);
        assert_eq!(sending.look(stage.app.transfers.all()), []);
        sending.begin(UploadId(8), ["x".to_owned(), "y".to_owned()]);
        assert_eq!(sending.give_up(), [UploadId(8)]);
        assert_eq!(sending.give_up(), []);
    }
}
