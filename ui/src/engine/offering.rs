//! Offering what the user wants sent, once the disk has said what it is.
//!
//! Owns that each path that a face has named comes back to it: with the number of its transfer, or with
//! why there is none.

use super::{Event, Running};
use couplet_files::source::Source;
use std::path::PathBuf;
use std::sync::Arc;

impl Running {
    /// Offers what these paths name, if they name something.
    pub(super) fn offer(&mut self, paths: Vec<PathBuf>, found: Result<Arc<Source>, String>) {
        let offered = match found {
            Ok(source) => match self.session.offer(source.offer().clone()) {
                Ok(id) => {
                    self.transfers.keep(id, source);
                    Event::Offered { id, paths }
                }
                Err(text) => {
                    let text = format!("{}: {text}", source.offer().name);
                    Event::NotOffered { paths, unreadable: false, text }
                }
            },
            Err(text) => Event::NotOffered { paths, unreadable: true, text },
        };
        self.waiting.push_back(offered);
    }

    /// The same for what the program before had on its way out.
    pub(super) fn offer_from_before(
        &mut self,
        paths: Vec<PathBuf>,
        found: Result<Arc<Source>, String>,
    ) {
        match found {
            Ok(source) => {
                if let Some(id) = self.session.offer_from_before(source.offer().clone()) {
                    self.transfers.keep(id, source);
                }
            }
            Err(text) => {
                self.waiting.push_back(Event::NotOffered { paths, unreadable: true, text });
            }
        }
    }
}
