//! Where what comes goes: a directory, standard output, or nowhere but here.
//!
//! Owns what the disk is asked before an offer is accepted, the opening of the place, and the waiting
//! while a disk is full; what happens on it is [`store`]'s.

use super::Incoming;
use crate::common::Finding;
use crate::store::{self, Store, Trouble};
use crate::target::Target;
use couplet::limits::GROUP;
use couplet::transfer::offer::{Form, Offer, Preflight};
use couplet::transfer::wire::Fault;
use std::fs::File;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

/// How often a full disk is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// What the disk has to say about an offer.
#[must_use]
pub fn preflight(target: &Target, offer: &Offer) -> Preflight {
    match target {
        Target::Directory(_) if matches!(offer.form, Form::Text) => Preflight::default(),
        Target::Directory(path) => match Store::open(path) {
            Ok(store) => store.preflight(offer),
            Err(trouble) => Preflight { trouble: Some(trouble), ..Preflight::default() },
        },
        Target::Stdout if matches!(offer.form, Form::Folder | Form::Several) => Preflight {
            trouble: Some(
                "several files can't go to standard output; give a directory with --to DIR"
                    .to_owned(),
            ),
            ..Preflight::default()
        },
        Target::Stdout => Preflight::default(),
        Target::Store(store) => store.preflight(offer),
    }
}

impl Incoming {
    pub(super) fn place(&self) -> Result<&Arc<store::Incoming>, String> {
        let opened = self.place.get_or_init(|| {
            match (&self.target, self.offer.form) {
                (_, Form::Text) => Ok(store::Incoming::text()),
                (Target::Stdout, _) => Ok(store::Incoming::stream(standard_output()?)),
                (Target::Directory(path), _) => {
                    Store::open(path).and_then(|store| store.begin(&self.offer, self.on_collision))
                }
                (Target::Store(store), _) => store.begin(&self.offer, self.on_collision),
            }
            .map(Arc::new)
        });
        opened.as_ref().map_err(Clone::clone)
    }

    /// Writes; while the disk is full, waits until there is room, and says so.
    pub(super) fn until_room<T>(
        &self,
        bytes: u64,
        mut write: impl FnMut() -> Result<T, Trouble>,
    ) -> Result<T, (Fault, String)> {
        let mut told = false;
        loop {
            match write() {
                // Many may write to a shelf, and none of them can make room there.
                Err(Trouble::Full) if !matches!(self.target, Target::Store(_)) => {
                    if !std::mem::replace(&mut told, true) {
                        self.common.tell(Finding::DiskFull { full: true });
                    }
                }
                result => {
                    if told {
                        self.common.tell(Finding::DiskFull { full: false });
                    }
                    return result.map_err(Trouble::into_fault);
                }
            }
            loop {
                if self.lock().stopped || self.common.is_over() {
                    return Err(stopped());
                }
                std::thread::sleep(LOOK_AGAIN);
                if self.place().is_ok_and(|place| place.has_room(bytes + GROUP)) {
                    break;
                }
            }
        }
    }
}

/// The standard output, without the buffer of lines that the library puts before it.
fn standard_output() -> Result<File, String> {
    let same = std::io::stdout().as_fd().try_clone_to_owned();
    let same = same.map_err(|error| format!("standard output can't be written ({error})"))?;
    Ok(File::from(same))
}

pub(super) fn stopped() -> (Fault, String) {
    (Fault::Unknown, "the transfer was stopped".to_owned())
}
