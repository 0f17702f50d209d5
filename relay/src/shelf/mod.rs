//! Files at rest: one directory of the relay's machine, for whoever may fetch or lay down.
//!
//! Owns the directory, the list of names in transit, which all doors share, and what is known of
//! hashes. What a client may do when is the core's ([`couplet::shelf`]); one connection is served in
//! `visit`.
//!
//! What blocks is done away from the threads that serve conversations, and bounded: so many looks
//! at the disk at once, so many transfers (`--shelf-workers`), one hash at a time.

mod claim;
mod complaints;
mod hashes;
mod sweep;
mod visit;

pub(crate) use claim::Claim;
pub(crate) use sweep::sweep;
pub(crate) use visit::{Visitor, serve};

use crate::clock::Clock;
use crate::config::Config;
use crate::counters::Counters;
use crate::lock::lock;
use complaints::Complaints;
use couplet::shelf::claims::Claims;
use couplet::shelf::host::Refused;
use couplet::shelf::list::{Page, Query, Shelved};
use couplet::shelf::message::ShelfFault;
use couplet::shelf::name::ShelfName;
use couplet::shelf::quota::Quota;
use couplet::text;
use couplet::transfer::offer::{Offer, Preflight};
use couplet::units;
use couplet_files::source::Source;
use couplet_files::store::{ShelfFile, ShelfTrouble, Store};
use hashes::Hashes;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Looks at the disk that are made at once; others wait.
const LOOKS: usize = 2;

/// Clients at the shelf for each that may move something: the others look, or wait.
pub(crate) const VISITORS_PER_WORKER: u16 = 16;

/// What the shelf takes of memory beside its clients: lists that are being made, and known hashes.
pub(crate) const SHELF_BYTES: u64 = 96 << 20;

/// What a transfer takes at most: records on their way in and out, pieces that are read, packed or
/// unpacked, and the ranges of a file that came out of order.
pub(crate) const TRANSFER_BYTES: u64 = 12 << 20;

/// A shelf that can't be opened. Each says what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// It isn't there.
    #[error("there is no directory {0}; make it, or choose another with --shelf DIR")]
    Missing(String),
    /// It is something else.
    #[error("{0} is no directory; choose another with --shelf DIR")]
    NoDirectory(String),
    /// Anything else.
    #[error("the shelf {path} can't be read ({error}); choose another with --shelf DIR")]
    Io {
        /// What was asked for.
        path: String,
        /// What the operating system says.
        error: io::Error,
    },
}

/// The shelf of this relay.
#[derive(Debug)]
pub struct Shelf {
    path: PathBuf,
    folders: bool,
    /// How long what was cut is kept for whoever goes on with it; zero for ever.
    keep_parts: Duration,
    store: Mutex<Arc<Store>>,
    claims: Mutex<Claims>,
    /// Held by whoever counts what is there.
    counting: Mutex<()>,
    clock: Clock,
    complaints: Complaints,
    hashes: Arc<Hashes>,
    looks: Semaphore,
    visitors: Arc<Semaphore>,
    max_visitors: u32,
    /// As many as transfers may move at once.
    workers: Arc<Semaphore>,
    /// Those who wait for one.
    queue: visit::Queue,
    counters: Arc<Counters>,
}

impl Shelf {
    /// Opens the directory that the options name; none if they name none.
    ///
    /// # Errors
    /// [`ShelfError`] with one clear sentence.
    pub fn open(config: &Config) -> Result<Option<Arc<Self>>, ShelfError> {
        let Some(path) = &config.shelf else { return Ok(None) };
        let store = open(path)?;
        let clock = Clock::start();
        let max_visitors = config.shelf_workers.saturating_mul(VISITORS_PER_WORKER);
        let quota = Quota {
            shelf: config.shelf_quota,
            file: config.shelf_max_file,
            entries: Some(config.shelf_max_files.into()),
        };
        Ok(Some(Arc::new(Self {
            path: path.clone(),
            folders: config.shelf_folders,
            keep_parts: config.shelf_keep_parts,
            store: Mutex::new(store),
            claims: Mutex::new(Claims::new(quota)),
            counting: Mutex::default(),
            clock,
            complaints: Complaints::new(clock),
            hashes: Arc::default(),
            looks: Semaphore::new(LOOKS),
            visitors: Arc::new(Semaphore::new(usize::from(max_visitors))),
            max_visitors: max_visitors.into(),
            workers: Arc::new(Semaphore::new(config.shelf_workers.into())),
            queue: visit::Queue::default(),
            counters: Arc::clone(&config.counters),
        })))
    }

    /// Counts a client, as long as the permit lives.
    ///
    /// # Errors
    /// If there are as many as there may be.
    pub(crate) fn enter(&self) -> Result<OwnedSemaphorePermit, String> {
        Arc::clone(&self.visitors).try_acquire_owned().map_err(|_| {
            format!(
                "the shelf serves as many clients as it may ({}); try again later",
                self.max_visitors
            )
        })
    }

    /// The directory, opened anew if it was removed and made again.
    ///
    /// # Errors
    /// If it isn't there, or can't be opened.
    pub(crate) fn store(&self) -> Result<Arc<Store>, Refused> {
        let mut store = lock(&self.store);
        if store.is_gone() {
            *store = open(&self.path).map_err(|error| {
                self.complain(&format!("the shelf is gone: {error}"));
                let text = "the relay's shelf isn't there any more; tell the relay's operator";
                (ShelfFault::Storage, text.to_owned())
            })?;
            lock(&self.claims).removed();
        }
        Ok(Arc::clone(&store))
    }

    /// A page of what is there.
    async fn list(self: &Arc<Self>, query: Query) -> Result<Page, Refused> {
        self.look(move |shelf| {
            let store = shelf.store()?;
            let contents =
                store.contents(shelf.folders).map_err(|error| shelf.unreadable(&error))?;
            let mut matching = Vec::new();
            for file in contents.files {
                if query.matches(&file.name) {
                    matching.push(file);
                }
            }
            let shelved = matching.iter().map(|file| Shelved {
                name: file.name.clone(),
                size: file.size,
                mtime: file.mtime,
                hash: None,
            });
            let mut page = query.page(shelved, contents.left_out);
            shelf.add_hashes(&store, &mut page, &matching, query.hashes);
            Ok(page)
        })
        .await
    }

    /// Finds what has this name.
    async fn find(self: &Arc<Self>, name: ShelfName) -> Result<Source, Refused> {
        self.look(move |shelf| {
            let store = shelf.store()?;
            let is_coming =
                || name.parts().count() == 1 && lock(&shelf.claims).is_in_transit(&name.last());
            match store.find(&name) {
                Ok(source) if source.offer().is_folder() && !shelf.folders => Err(missing(&name)),
                Ok(source) => Ok(source),
                Err(ShelfTrouble::Missing) if is_coming() => Err((
                    ShelfFault::NoSuchName,
                    format!("{name} is just being laid down; try again when it is through"),
                )),
                Err(trouble) => Err(shelf.cannot(&name, trouble)),
            }
        })
        .await
    }

    /// Removes a file.
    async fn remove(self: &Arc<Self>, name: ShelfName) -> Result<(), Refused> {
        self.look(move |shelf| {
            let removed = shelf.store()?.remove(&name);
            lock(&shelf.claims).removed();
            removed.map_err(|trouble| shelf.cannot(&name, trouble))
        })
        .await
    }

    /// Looks at the disk, away from the threads that serve conversations.
    async fn look<T: Send + 'static>(
        self: &Arc<Self>,
        look: impl FnOnce(&Arc<Self>) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        let broken = || (ShelfFault::Storage, "the relay's shelf has a fault".to_owned());
        // It is never closed.
        let _permit = self.looks.acquire().await.map_err(|_| broken())?;
        let shelf = Arc::clone(self);
        tokio::task::spawn_blocking(move || look(&shelf)).await.map_err(|_| broken())?
    }

    /// Puts the hashes that are known into a page; with `find_out` the others are found out.
    fn add_hashes(&self, store: &Arc<Store>, page: &mut Page, files: &[ShelfFile], find_out: bool) {
        let mut unknown = Vec::new();
        let mut told: HashMap<_, _> =
            page.files.iter_mut().map(|told| (told.name.clone(), told)).collect();
        for file in files {
            let Some(told) = told.get_mut(&file.name) else { continue };
            told.hash = self.hashes.find(file);
            if told.hash.is_none() {
                unknown.push(file.clone());
            }
        }
        if find_out {
            self.hashes.find_out(store, unknown);
        }
    }

    fn cannot(&self, name: &ShelfName, trouble: ShelfTrouble) -> Refused {
        match trouble {
            ShelfTrouble::Missing => missing(name),
            ShelfTrouble::NoFile => {
                (ShelfFault::NoSuchName, format!("{name} is no file that can be had from a shelf"))
            }
            ShelfTrouble::Io(error) => self.unreadable(&error),
        }
    }

    /// Tells the operator what is wrong, as often as the log bears.
    pub(crate) fn complain(&self, what: &str) {
        self.complaints.say(what);
    }

    fn unreadable(&self, error: &io::Error) -> Refused {
        let shelf = shown(&self.path);
        self.complain(&format!("the shelf {shelf} can't be read or written ({error})"));
        let text = "the relay can't read or write there; tell the relay's operator";
        (ShelfFault::Storage, text.to_owned())
    }
}

/// As the operator reads it at the start: where it is, and what is there.
impl fmt::Display for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = shown(&self.path);
        let contents = lock(&self.store).contents(self.folders).unwrap_or_default();
        let bytes = contents.files.iter().map(|file| file.size).fold(0, u64::saturating_add);
        let files = units::count(contents.files.len(), "file");
        write!(f, "{path} ({files}, {})", units::bytes(bytes))
    }
}

fn open(path: &Path) -> Result<Arc<Store>, ShelfError> {
    Store::open_existing(path).map_err(|error| {
        if error.kind() == io::ErrorKind::NotFound {
            ShelfError::Missing(shown(path))
        } else if path.exists() && !path.is_dir() {
            ShelfError::NoDirectory(shown(path))
        } else {
            ShelfError::Io { path: shown(path), error }
        }
    })
}

/// What the disk has to say about what is to be laid down: whether a part of it may be there.
///
/// # Errors
/// Why it can't be.
fn preflight(shelf: &Shelf, store: &Store, offer: &Offer) -> Result<bool, Refused> {
    let preflight = store.preflight(offer);
    if let Some(trouble) = &preflight.trouble {
        shelf.complain(&format!("nothing can be laid down on the shelf: {trouble}"));
        let text = "nothing can be written to the relay's shelf; tell the relay's operator";
        return Err((ShelfFault::Storage, text.to_owned()));
    }
    let needed = preflight.needed(offer);
    let Preflight { free, part, .. } = preflight;
    match free.filter(|free| *free < needed) {
        None => Ok(part),
        Some(free) => Err((
            ShelfFault::ShelfFull,
            format!(
                "the disk of the relay's shelf is too full: {} needs {} more and {} are free; \
                 tell the relay's operator",
                offer.name,
                units::bytes(needed),
                units::bytes(free)
            ),
        )),
    }
}

fn missing(name: &ShelfName) -> Refused {
    (ShelfFault::NoSuchName, format!("there is no {name} on the shelf"))
}

fn shown(path: &Path) -> String {
    text::line(&path.to_string_lossy(), 120)
}
