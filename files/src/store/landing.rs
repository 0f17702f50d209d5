//! One transfer that comes into the downloads directory.
//!
//! Owns the order of things: what is there already, what is made, what is flushed before anything is
//! forgotten.

use super::flusher::{Bytes, Flusher, Unflushed};
use super::folders::{Folders, Place};
use super::growing::Part;
use super::looks::Looks;
use super::names::Names;
use super::places::Places;
use super::rooted::Folder;
use super::state::{About, NEW, State, journal_name, part_name};
use super::trouble::{Trouble, taken};
use couplet::limits::SMALL_FILE;
use couplet::path::{SafeName, SafePath};
use couplet::transfer::entry::{Entry, Stamp};
use couplet::transfer::offer::OnCollision;
use couplet::transfer::receive::Opened;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// After how many bytes in their place it is noted how many they are.
const NOTE_EVERY: u64 = 16 * 1024 * 1024;

/// The transfer.
#[derive(Debug)]
pub(super) struct Landing {
    root: Arc<Folder>,
    /// What everything is laid down in: the same, or a folder apart from which it is moved when it is
    /// whole.
    base: Arc<Folder>,
    /// Whether what is laid down apart has been moved to its place.
    moved: AtomicBool,
    /// Its state directory.
    pub(super) state: State,
    offered: SafeName,
    /// Where things go.
    pub(super) places: Places,
    /// What folders are to look like at the end.
    pub(super) looks: Looks,
    /// The bits that a mode keeps when a file is made with it.
    granted: u32,
    /// Bytes in their place, from earlier runs too.
    bytes_placed: AtomicU64,
    next_name: AtomicU64,
    unflushed: Mutex<Unflushed>,
    flusher: OnceLock<Flusher>,
}

impl Landing {
    /// Begins a run of a transfer. With `whole` what it lays down appears when all of it is there.
    pub(super) fn new(
        root: Arc<Folder>,
        state: State,
        about: About,
        policy: OnCollision,
        whole: bool,
    ) -> io::Result<Self> {
        let base = if whole { Arc::new(state.apart()?) } else { Arc::clone(&root) };
        let moment = state.moment()?;
        let names = Names::open(&state.folder)?;
        let looks = Looks::begin(&state.folder)?;
        let placed = state.placed();
        let folders = Folders::new(Arc::clone(&base), policy, names, about.begun);
        Ok(Self {
            places: Places::new(folders, moment.at),
            moved: AtomicBool::new(!whole),
            root,
            base,
            offered: about.offer.name,
            looks,
            granted: moment.granted,
            bytes_placed: AtomicU64::new(placed),
            next_name: AtomicU64::new(0),
            unflushed: Mutex::new(Unflushed::default()),
            flusher: OnceLock::new(),
            state,
        })
    }

    /// Opens a file, or finds that it is there.
    pub(super) fn open(
        self: &Arc<Self>,
        entry: &Entry,
        may_resume: bool,
    ) -> Result<(Opened, Option<Part>), Trouble> {
        Places::check(&entry.path)?;
        if (may_resume || self.places.folders.policy == OnCollision::Skip) && self.is_there(entry) {
            return Ok((Opened::Done, None));
        }
        let part = match entry.size() {
            Some(size) if size > SMALL_FILE => {
                // Whatever can be refused is refused before so much comes.
                self.places.foresee(&entry.path)?;
                Part::resume(self, entry, size)?
            }
            Some(_) | None => Part::begin(self, entry)?,
        };
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for (offset, len, _) in part.held_from_before() {
            match ranges.last_mut() {
                Some((_, end)) if *end == offset => *end += len,
                _ => ranges.push((offset, offset + len)),
            }
        }
        Ok((Opened::Ready(ranges), Some(part)))
    }

    /// Whether a file is there, whole and as it should be.
    pub(super) fn is_there(&self, entry: &Entry) -> bool {
        self.places.has(entry)
    }

    /// Completes the transfer. Gives what it is saved as.
    pub(super) fn finish(&self) -> Result<String, Trouble> {
        let trouble = |error: io::Error| Trouble::of(self.offered().as_bytes(), &error);
        if !self.moved.load(Ordering::Acquire) {
            // Before it has its looks, as a folder that can't be written to can't be moved either.
            self.unflushed().flush(&self.base)?;
            self.appear()?;
            self.moved.store(true, Ordering::Release);
        }
        self.looks.apply(&self.root).map_err(trouble)?;
        self.unflushed().flush(&self.root)?;
        self.root.flush().map_err(|error| Trouble::of(b"the downloads directory", &error))?;
        // What is left of it is cleared up by the next transfer.
        let _ = self.state.remove(&self.root);
        Ok(self.places.saved_as(&self.offered))
    }

    /// Moves what was laid down apart to its place.
    fn appear(&self) -> Result<(), Trouble> {
        let name = self.offered().as_bytes();
        match self.base.place(name, &self.root, name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(taken(&SafePath::from(self.offered.clone()), self.places.folders.policy))
            }
            moved => moved.map_err(|error| Trouble::of(name, &error)),
        }
    }

    /// Removes what isn't complete.
    pub(super) fn discard(&self) {
        let _ = self.looks.apply(&self.base);
        let _ = self.state.remove(&self.root);
    }

    /// What was offered.
    pub(super) fn offered(&self) -> &str {
        self.offered.as_str()
    }

    /// Free bytes.
    pub(super) fn free(&self) -> Option<u64> {
        self.root.free()
    }

    /// Puts a file of the state directory into its place.
    pub(super) fn place(&self, name: &str, entry: &Entry) -> Result<Arc<Place>, Trouble> {
        self.places.put(&self.state.folder, name, &entry.path)
    }

    /// A file is in its place and on disk.
    pub(super) fn placed(&self, bytes: u64) {
        let before = self.bytes_placed.fetch_add(bytes, Ordering::AcqRel);
        // What was there before is read from a file, which may say anything.
        let after = before.saturating_add(bytes);
        if before / NOTE_EVERY != after / NOTE_EVERY {
            self.state.note_placed(after);
        }
    }

    /// A file is in its place and may not be on disk.
    pub(super) fn placed_unflushed(&self, file: &Arc<Bytes>, place: &Place, bytes: u64) {
        self.unflushed().file(file, &place.folder);
        self.placed(bytes);
    }

    /// A name in the state directory that nothing has.
    pub(super) fn fresh_name(&self) -> String {
        format!("{}{NEW}", self.next_name.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether a file that is made with this mode has it.
    pub(super) fn is_granted(&self, mode: u32) -> bool {
        mode & 0o777 & !self.granted == 0
    }

    /// Flushes a file from now on, beside what moves.
    pub(super) fn flush_beside(&self, bytes: &Arc<Bytes>) -> Result<(), Trouble> {
        if self.flusher.get().is_none() {
            let started = self
                .state
                .beside(&self.root)
                .and_then(Flusher::start)
                .map_err(|error| Trouble::of(self.offered.as_str().as_bytes(), &error))?;
            // If another was faster, this one ends at once.
            let _ = self.flusher.set(started);
        }
        if let Some(flusher) = self.flusher.get() {
            flusher.begin(bytes);
        }
        Ok(())
    }

    /// Enough has come for a flush.
    pub(super) fn flush_soon(&self) {
        if let Some(flusher) = self.flusher.get() {
            flusher.wake();
        }
    }

    /// Removes parts of what had the same path before it was changed.
    pub(super) fn forget_others(&self, key: &str) {
        let Some((path, _)) = key.split_once('-') else { return };
        for name in self.state.folder.names() {
            let is_same_path =
                name.strip_prefix(path.as_bytes()).is_some_and(|rest| rest.starts_with(b"-"));
            let is_it = [part_name(key), journal_name(key)].iter().any(|it| it.as_bytes() == name);
            if is_same_path && !is_it {
                let _ = self.state.folder.remove(&name);
            }
        }
    }

    /// What is to be flushed at the end.
    pub(super) fn unflushed(&self) -> std::sync::MutexGuard<'_, Unflushed> {
        self.unflushed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.state.note_placed(self.bytes_placed.load(Ordering::Acquire));
    }
}

/// Names a large file in the state directory: by its path, and by what tells one version of it from
/// another.
pub(super) fn key(entry: &Entry) -> String {
    let path = blake3::hash(entry.path.as_bytes()).to_hex();
    let Stamp(secs, nanos) = entry.mtime.unwrap_or(Stamp(i64::MIN, 0));
    let version = format!("{:?} {secs} {nanos}", entry.size());
    let version = blake3::hash(version.as_bytes()).to_hex();
    format!("{}-{}", &path[..16], &version[..16])
}
