//! Files at rest: one directory of the relay's machine, for whoever may fetch or lay down.
//!
//! Owns the directory, the list of names in transit, which all doors share, and what is known of
//! hashes. What a client may do when is the core's ([`couplet::shelf`]); one connection is served in
//! `visit`.
//!
//! What blocks is done away from the threads that serve conversations, and bounded: so many looks
//! at the disk at once, so many transfers (`--shelf-workers`), one hash at a time.

mod hashes;
mod visit;

pub(crate) use visit::{Visitor, serve};

use crate::config::Config;
use crate::counters::{Count, Counters};
use crate::lock::lock;
use couplet::path::SafeName;
use couplet::shelf::claims::{ClaimError, ClaimId, Claims, Quota};
use couplet::shelf::host::Refused;
use couplet::shelf::list::{Page, Query, Shelved};
use couplet::shelf::message::ShelfFault;
use couplet::shelf::name::ShelfName;
use couplet::text;
use couplet::transfer::offer::{Match, Offer, Preflight};
use couplet::units;
use couplet_files::source::Source;
use couplet_files::store::{ShelfFile, ShelfTrouble, Store};
use hashes::Hashes;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::warn;

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
    has_quota: bool,
    store: Mutex<Arc<Store>>,
    claims: Mutex<Claims>,
    hashes: Arc<Hashes>,
    looks: Semaphore,
    visitors: Arc<Semaphore>,
    max_visitors: u32,
    /// As many as transfers may move at once.
    workers: Arc<Semaphore>,
    counters: Arc<Counters>,
}

/// A name that is somebody's to lay something down under, until this is dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    shelf: Arc<Shelf>,
    id: ClaimId,
    is_laid_down: bool,
}

impl Shelf {
    /// Opens the directory that the options name; none if they name none.
    ///
    /// # Errors
    /// [`ShelfError`] with one clear sentence.
    pub fn open(config: &Config) -> Result<Option<Arc<Self>>, ShelfError> {
        let Some(path) = &config.shelf else { return Ok(None) };
        let store = open(path)?;
        let max_visitors = config.shelf_workers.saturating_mul(VISITORS_PER_WORKER);
        let quota = Quota { shelf: config.shelf_quota, file: config.shelf_max_file };
        Ok(Some(Arc::new(Self {
            path: path.clone(),
            folders: config.shelf_folders,
            has_quota: quota.shelf.is_some(),
            store: Mutex::new(store),
            claims: Mutex::new(Claims::new(quota)),
            hashes: Arc::default(),
            looks: Semaphore::new(LOOKS),
            visitors: Arc::new(Semaphore::new(usize::from(max_visitors))),
            max_visitors: max_visitors.into(),
            workers: Arc::new(Semaphore::new(config.shelf_workers.into())),
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

    /// Claims a name for something of so many bytes, if that is known. Nobody else gets it, through
    /// whatever door, while the claim lives; nor if something has it already.
    ///
    /// Looks at the disk: not to be called where nothing may wait.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn claim(
        self: &Arc<Self>,
        name: &SafeName,
        size: Option<u64>,
    ) -> Result<Claim, Refused> {
        self.claim_but(name, size, |_| false)
    }

    /// The same for what is offered. What is there of it from before a cut isn't counted twice.
    ///
    /// # Errors
    /// Why not.
    fn claim_for(self: &Arc<Self>, offer: &Offer) -> Result<Claim, Refused> {
        // A part of what was changed since gives way to the new.
        let is_part = |part: &Offer| offer.compare(part) != Match::Other;
        self.claim_but(&offer.name, Some(offer.size()), is_part)
    }

    fn claim_but(
        self: &Arc<Self>,
        name: &SafeName,
        size: Option<u64>,
        is_part: impl Fn(&Offer) -> bool,
    ) -> Result<Claim, Refused> {
        let shelved = ShelfName::try_from(name);
        shelved.map_err(|error| (ShelfFault::BadName, error.to_string()))?;
        let store = self.store()?;
        // Under the lock, so that what was just laid down under a claim is seen.
        let mut claims = lock(&self.claims);
        if self.has_quota {
            let counted = count(&store, is_part);
            claims.counted(counted.map_err(|error| self.unreadable(&error))?);
        }
        let is_there = store.has(name);
        let id = claims.claim(name, size, is_there).map_err(|error| refused(&error))?;
        self.counters.set(Count::ShelfClaims, u64::try_from(claims.len()).unwrap_or(u64::MAX));
        Ok(Claim { shelf: Arc::clone(self), id, is_laid_down: false })
    }

    /// The directory, opened anew if it was removed and made again.
    ///
    /// # Errors
    /// If it isn't there, or can't be opened.
    pub(crate) fn store(&self) -> Result<Arc<Store>, Refused> {
        let mut store = lock(&self.store);
        if store.is_gone() {
            *store = open(&self.path).map_err(|error| {
                warn!("the shelf is gone: {error}");
                let text = "the relay's shelf isn't there any more; tell the relay's operator";
                (ShelfFault::Storage, text.to_owned())
            })?;
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
                // It is being put together in its place.
                Ok(source) if source.offer().is_folder() && is_coming() => Err((
                    ShelfFault::InTransit,
                    format!("{name} is just being laid down; try again when it is through"),
                )),
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

    fn unreadable(&self, error: &io::Error) -> Refused {
        warn!(shelf = shown(&self.path), %error, "the shelf can't be read or written");
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

impl Claim {
    /// What comes is to have so many bytes in all, if that is more than before.
    ///
    /// # Errors
    /// If there is no room for so much.
    pub(crate) fn grow(&self, to: u64) -> Result<(), Refused> {
        lock(&self.shelf.claims).grow(self.id, to).map_err(|error| refused(&error))
    }

    /// What the name was claimed for is in its place.
    pub(crate) fn laid_down(mut self) {
        self.is_laid_down = true;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claims = lock(&self.shelf.claims);
        claims.release(self.id, self.is_laid_down);
        let left = u64::try_from(claims.len()).unwrap_or(u64::MAX);
        self.shelf.counters.set(Count::ShelfClaims, left);
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
fn preflight(store: &Store, offer: &Offer) -> Result<bool, Refused> {
    let preflight = store.preflight(offer);
    if let Some(trouble) = &preflight.trouble {
        warn!("nothing can be laid down on the shelf: {trouble}");
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

/// The bytes of the files that are there, and of parts of what was cut but for those that are named.
fn count(store: &Store, but: impl Fn(&Offer) -> bool) -> io::Result<u64> {
    let files = store.contents(true)?.files;
    let parts = store.parts().into_iter().filter(|part| !part.in_use && !but(&part.offer));
    let parts = parts.map(|part| part.held);
    Ok(files.iter().map(|file| file.size).chain(parts).fold(0, u64::saturating_add))
}

fn missing(name: &ShelfName) -> Refused {
    (ShelfFault::NoSuchName, format!("there is no {name} on the shelf"))
}

fn refused(error: &ClaimError) -> Refused {
    let code = match error {
        ClaimError::Taken(_) => ShelfFault::Taken,
        ClaimError::InTransit(_) | ClaimError::Crowded => ShelfFault::InTransit,
        ClaimError::TooLarge { .. } => ShelfFault::TooLarge,
        ClaimError::Full { .. } => ShelfFault::ShelfFull,
    };
    (code, error.to_string())
}

fn shown(path: &Path) -> String {
    text::line(&path.to_string_lossy(), 120)
}
