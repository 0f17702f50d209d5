//! One file that is being uploaded, from its claim on a name to its place on the shelf.
//!
//! Owns the way through the shelf and its store, and what a client is told when the disk has trouble:
//! nothing of this machine. Everything here may wait for the disk.

use crate::shelf::{Claim, Shelf};
use couplet::path::{SafeName, SafePath};
use couplet::shelf::name::ShelfName;
use couplet::transfer::entry::{Entry, EntryKind};
use couplet::transfer::offer::{Form, Offer, OnCollision};
use couplet::transfer::receive::LOOSE;
use couplet_files::store::{Growing, Incoming, Store, Trouble};
use std::sync::Arc;
use tracing::warn;

/// The file. Dropping it removes what there is of it and frees its name.
#[derive(Debug)]
pub(super) struct Upload {
    // In the order in which they are dropped: the name is free when nothing is left.
    growing: Growing,
    incoming: Discarded,
    store: Arc<Store>,
    claim: Claim,
    entry: Entry,
    written: u64,
}

/// What is left is removed with it.
#[derive(Debug)]
struct Discarded(Incoming);

impl Upload {
    /// Takes a name that is neither in transit, over any door, nor there, and opens a file for it.
    ///
    /// # Errors
    /// A sentence for the client.
    pub(super) fn open(shelf: &Arc<Shelf>, name: &SafeName) -> Result<Self, String> {
        let claim = shelf.claim(name).map_err(|(_, text)| text)?;
        let store = shelf.store().map_err(|(_, text)| text)?;
        let incoming = store.begin(&offer(name), OnCollision::Refuse).map_err(|error| {
            shelf.complain(&format!("nothing can be laid down on the shelf: {error}"));
            unwritable()
        })?;
        let incoming = Discarded(incoming);
        let kind = EntryKind::File { size: None };
        let entry = Entry { path: SafePath::from(name.clone()), kind, mode: None, mtime: None };
        let opened =
            incoming.0.open(LOOSE, &entry, false).map_err(|trouble| told(shelf, trouble))?;
        let growing = opened.1.ok_or_else(|| format!("{name} is on the shelf already"))?;
        Ok(Self { growing, incoming, store, claim, entry, written: 0 })
    }

    /// Writes bytes that weren't written before.
    ///
    /// # Errors
    /// A sentence for the client.
    pub(super) fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), String> {
        let written = self.written + data.len() as u64;
        self.claim.grow(written).map_err(|(_, text)| text)?;
        self.growing.write(offset, data).map_err(|trouble| told(self.claim.shelf(), trouble))?;
        self.written = written;
        Ok(())
    }

    /// Every byte is there: lets it appear under its name, all at once. Gives the name.
    ///
    /// # Errors
    /// A sentence for the client; nothing is left of it then.
    pub(super) fn save(self) -> Result<SafePath, String> {
        self.growing.save(&self.entry).map_err(|trouble| told(self.claim.shelf(), trouble))?;
        if let Err(trouble) = self.incoming.0.finish() {
            // It has its name, but nobody knows for how long.
            if let Ok(name) = ShelfName::new(&self.entry.path.to_string()) {
                let _ = self.store.remove(&name);
            }
            return Err(told(self.claim.shelf(), trouble));
        }
        let Self { claim, entry, .. } = self;
        claim.laid_down();
        Ok(entry.path)
    }
}

impl Drop for Discarded {
    fn drop(&mut self) {
        self.0.discard();
    }
}

/// Removes what an earlier relay left of uploads when it was killed: nobody can go on with them.
pub(super) fn clear_up(shelf: &Shelf) {
    let Ok(store) = shelf.store() else { return };
    let is_ours = |offer: &Offer| offer.form == Form::File && offer.size.is_none();
    for part in store.parts().into_iter().filter(|part| !part.in_use && is_ours(&part.offer)) {
        if let Err(error) = store.remove_part(&part.id) {
            warn!("what is left of an upload can't be removed: {error}");
        }
    }
}

fn offer(name: &SafeName) -> Offer {
    let form = Form::File;
    Offer { name: name.clone(), form, size: None, on_disk: None, entries: 1, mtime: None }
}

/// What the operator reads, and what the client is told.
fn told(shelf: &Shelf, trouble: Trouble) -> String {
    shelf.complain(&format!("an upload can't be written: {trouble:?}"));
    match trouble {
        Trouble::Full => {
            "the disk of the relay's shelf is full; tell the relay's operator".to_owned()
        }
        // A name, such as one that somebody has put there by hand meanwhile.
        Trouble::Refused(fault, text) if fault.concerns_entry() => text,
        Trouble::Refused(..) => unwritable(),
    }
}

fn unwritable() -> String {
    "nothing can be written to the relay's shelf; tell the relay's operator".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use tempfile::TempDir;

    fn shelf(change: impl FnOnce(&mut Config)) -> (TempDir, Arc<Shelf>) {
        let dir = tempfile::tempdir().expect("a directory");
        let mut config = Config { shelf: Some(dir.path().to_owned()), ..Config::default() };
        change(&mut config);
        let shelf = Shelf::open(&config).expect("a directory").expect("a shelf");
        (dir, shelf)
    }

    fn name(name: &str) -> SafeName {
        SafeName::new(name).expect("a safe name")
    }

    fn refused(shelf: &Arc<Shelf>, of: &str) -> String {
        Upload::open(shelf, &name(of)).expect_err("refused")
    }

    fn left(dir: &TempDir) -> Vec<String> {
        let entries = std::fs::read_dir(dir.path()).expect("a directory");
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_name_is_taken_for_all_doors_at_once() {
        let (dir, shelf) = shelf(|_| {});
        let other_door = shelf.claim(&name("a")).expect("free");
        assert!(refused(&shelf, "a").contains("is being laid down"));
        drop(other_door);
        let mut upload = Upload::open(&shelf, &name("a")).expect("free again");
        assert!(shelf.claim(&name("a")).is_err(), "it is this door's");
        upload.write(5, b"world").expect("written");
        upload.write(0, b"hello").expect("written");
        assert_eq!(left(&dir).len(), 1, "it isn't there before it is whole: {:?}", left(&dir));
        upload.save().expect("saved");
        assert_eq!(left(&dir), ["a"]);
        assert_eq!(std::fs::read(dir.path().join("a")).expect("there"), b"helloworld");
        assert!(refused(&shelf, "a").contains("on the shelf already"));
        assert!(shelf.claim(&name("a")).is_err(), "it is there");
    }

    #[test]
    fn what_is_dropped_leaves_nothing() {
        let (dir, shelf) = shelf(|_| {});
        let mut upload = Upload::open(&shelf, &name("a")).expect("free");
        upload.write(0, &vec![7; 100_000]).expect("written");
        drop(upload);
        assert_eq!(left(&dir), Vec::<String>::new());
        assert!(Upload::open(&shelf, &name("a")).is_ok());
    }

    #[test]
    fn quotas_hold_while_nobody_knows_how_much_comes() {
        let (dir, shelf) = shelf(|config| {
            config.shelf_quota = Some(1000);
            config.shelf_max_file = Some(600);
        });
        let mut one = Upload::open(&shelf, &name("one")).expect("room");
        one.write(0, &[1; 600]).expect("room");
        let text = one.write(600, b"x").expect_err("too large");
        assert!(text.contains("a file on this shelf may have"), "{text}");
        let mut two = Upload::open(&shelf, &name("two")).expect("room");
        two.write(0, &[2; 400]).expect("room");
        let text = two.write(400, b"x").expect_err("full");
        assert!(text.contains("the shelf has room for"), "{text}");
        drop(one);
        two.write(400, &[2; 200]).expect("room again");
        two.save().expect("saved");
        assert_eq!(left(&dir), ["two"]);
    }

    #[test]
    fn what_is_put_there_by_hand_meanwhile_is_not_replaced() {
        let (dir, shelf) = shelf(|_| {});
        let mut upload = Upload::open(&shelf, &name("a")).expect("free");
        upload.write(0, b"ours").expect("written");
        std::fs::write(dir.path().join("a"), b"theirs").expect("written");
        let text = upload.save().expect_err("something is there");
        assert!(text.contains("there is a a already"), "{text}");
        assert_eq!(std::fs::read(dir.path().join("a")).expect("there"), b"theirs");
        assert_eq!(left(&dir), ["a"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_names_that_are_taken() {
        let (dir, shelf) = shelf(|_| {});
        let outside = tempfile::tempdir().expect("a directory");
        let target = outside.path().join("target");
        std::os::unix::fs::symlink(&target, dir.path().join("a")).expect("a link");
        assert!(refused(&shelf, "a").contains("on the shelf already"));
        assert!(!target.exists());
    }

    #[test]
    fn a_shelf_that_is_gone_is_told_as_such() {
        let (dir, shelf) = shelf(|_| {});
        let mut upload = Upload::open(&shelf, &name("a")).expect("free");
        std::fs::remove_dir_all(dir.path()).expect("removed");
        assert!(refused(&shelf, "b").contains("isn't there any more"));
        // What is open can still be written, but has no place to go to.
        let _ = upload.write(0, b"x");
        assert!(upload.save().expect_err("no place").contains("tell the relay's operator"));
    }
}
