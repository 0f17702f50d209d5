//! What pages have sent, on its way to the peer or the shelf.
//!
//! Owns when it isn't needed any more: each file or folder once the transfer of it is over, or once it is
//! known that there won't be one. It is told apart by its path, which no other has, as the spool has a
//! folder for each upload. Pure.

use super::server::{To, UploadId};
use crate::engine::Event;
use crate::engine::shelf::Event as ShelfEvent;
use crate::terminal::app::Input;
use couplet::session::Event as Told;
use couplet::shelf::visit::{ErrandId, Event as VisitEvent};
use couplet::transfer::book::TransferId;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// What isn't needed any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Spent {
    /// One file or folder of an upload; others of it are.
    One(UploadId, PathBuf),
    /// An upload.
    All(UploadId),
}

/// All that is on its way.
#[derive(Debug, Default)]
pub(super) struct Sending {
    /// What was handed over, and isn't a transfer yet.
    asked: HashMap<PathBuf, (UploadId, To)>,
    offered: HashMap<TransferId, Sent>,
    laid: HashMap<ErrandId, Sent>,
    /// How much of each upload is in one of these.
    needed: BTreeMap<UploadId, usize>,
}

/// One file or folder of an upload.
#[derive(Debug)]
struct Sent {
    upload: UploadId,
    path: PathBuf,
}

impl Sending {
    /// These files and folders of an upload are on their way.
    pub(super) fn begin(&mut self, upload: UploadId, to: To, paths: &[PathBuf]) {
        for path in paths {
            if self.asked.insert(path.clone(), (upload, to)).is_none() {
                *self.needed.entry(upload).or_default() += 1;
            }
        }
    }

    /// Takes note of what happened; gives what isn't needed any more because of it.
    pub(super) fn hear(&mut self, input: &Input) -> Vec<Spent> {
        if let Input::Engine(event) = input {
            self.hear_engine(event)
        } else if let Input::Shelf(event) = input {
            self.hear_shelf(event)
        } else {
            Vec::new()
        }
    }

    fn hear_engine(&mut self, event: &Event) -> Vec<Spent> {
        if let Event::Offered { id, paths } = event {
            // Each is offered by itself.
            for path in paths {
                if let Some(sent) = self.take(path, To::Peer) {
                    self.offered.insert(*id, sent);
                }
            }
        } else if let Event::NotOffered { paths, .. } = event {
            let sent: Vec<_> = paths.iter().filter_map(|path| self.take(path, To::Peer)).collect();
            return self.spent(sent);
        } else if let Event::Session(Told::Transfer { id, info }) = event
            && info.state.is_over()
        {
            let sent = self.offered.remove(id);
            return self.spent(sent);
        }
        Vec::new()
    }

    fn hear_shelf(&mut self, event: &ShelfEvent) -> Vec<Spent> {
        if let ShelfEvent::Laying(id, path) = event {
            if let Some(sent) = self.take(path, To::Shelf) {
                self.laid.insert(*id, sent);
            }
        } else if let ShelfEvent::NotPut(path, _) = event {
            let sent = self.take(path, To::Shelf);
            return self.spent(sent);
        } else if let ShelfEvent::Visit(VisitEvent::Ended(id, _)) = event {
            let sent = self.laid.remove(id);
            return self.spent(sent);
        } else if let ShelfEvent::Visit(VisitEvent::Over) = event {
            return self.end_visit();
        }
        Vec::new()
    }

    /// The visit to the shelf is over, and what it has not done isn't done: gives that. The next one
    /// counts its errands from the start.
    pub(super) fn end_visit(&mut self) -> Vec<Spent> {
        let for_shelf = self.asked.extract_if(|_, (_, to)| *to == To::Shelf);
        let asked = for_shelf.map(|(path, (upload, _))| Sent { upload, path });
        let sent: Vec<_> = asked.chain(self.laid.drain().map(|(_, sent)| sent)).collect();
        self.spent(sent)
    }

    fn take(&mut self, path: &Path, to: To) -> Option<Sent> {
        if self.asked.get(path)?.1 != to {
            return None;
        }
        let (path, (upload, _)) = self.asked.remove_entry(path)?;
        Some(Sent { upload, path })
    }

    fn spent(&mut self, sent: impl IntoIterator<Item = Sent>) -> Vec<Spent> {
        let spent = sent.into_iter().map(|Sent { upload, path }| {
            let needed = self.needed.entry(upload).or_default();
            *needed = needed.saturating_sub(1);
            if *needed > 0 {
                return Spent::One(upload, path);
            }
            self.needed.remove(&upload);
            Spent::All(upload)
        });
        spent.collect()
    }
}

#[cfg(test)]
#[path = "sending_tests.rs"]
mod tests;
