//! What comes into the downloads directory and has no bytes of its own: folders, links, twins.
//!
//! Owns making each of them, or finding that it is there.

use super::landing::Landing;
use super::places::Places;
use super::rooted::{Folder, look, set_link_time, set_looks};
use super::trouble::Trouble;
use couplet::path::SafePath;
use couplet::transfer::entry::{Entry, EntryKind};
use couplet::transfer::offer::OnCollision;
use rustix::fs::{FileType, OFlags};
use std::io;

impl Landing {
    /// Makes a folder, link or twin.
    pub(super) fn make(&self, entry: &Entry) -> Result<(), Trouble> {
        Places::check(&entry.path)?;
        match &entry.kind {
            EntryKind::Folder => self.make_folder(entry),
            EntryKind::Link { target } => self.make_link(entry, &target.0),
            EntryKind::Twin { of } => self.make_twin(entry, of),
            EntryKind::File { .. } => {
                Err(Trouble::unlawful(format!("{} is a file and has to be opened", entry.path)))
            }
        }
    }

    fn make_folder(&self, entry: &Entry) -> Result<(), Trouble> {
        let (path, ours) = self.places.folders.make(&entry.path, entry.mode)?;
        // A folder that somebody had is filled and otherwise left as it is.
        if (ours || self.places.folders.policy == OnCollision::Overwrite)
            && (entry.mode.is_some() || entry.mtime.is_some())
        {
            let noted = self.looks.note(&path, entry.mode, entry.mtime);
            noted.map_err(|error| Trouble::of(entry.path.as_bytes(), &error))?;
        }
        if let Some(place) = self.places.folders.find(&entry.path) {
            self.unflushed().folder(&place.folder);
        }
        Ok(())
    }

    fn make_link(&self, entry: &Entry, target: &[u8]) -> Result<(), Trouble> {
        let place = self.places.folders.of(&entry.path)?;
        let name = self.places.name_of(&entry.path);
        if place.folder.link_target(&name).is_ok_and(|there| there == target) {
            return Ok(());
        }
        let fresh = self.fresh_name();
        let state = &self.state.folder;
        state
            .make_link(&fresh, target)
            .map_err(|error| Trouble::of(entry.path.as_bytes(), &error))?;
        if let Some(mtime) = entry.mtime {
            set_link_time(state, &fresh, mtime);
        }
        self.place_made(&fresh, entry)
    }

    fn make_twin(&self, entry: &Entry, of: &SafePath) -> Result<(), Trouble> {
        if of.first() != entry.path.first() || of == &entry.path {
            return Err(Trouble::unlawful(format!(
                "{} is said to be another name of something else",
                entry.path
            )));
        }
        let missing = || {
            Trouble::unlawful(format!(
                "{} can't be made, since the file that it is another name of, {of}, isn't among \
                 what came",
                entry.path
            ))
        };
        let source = self.places.folders.find(of).ok_or_else(missing)?;
        let source_name = self.places.name_of(of);
        let found = source.folder.look(&source_name).map_err(|_| missing())?;
        // What somebody had before isn't given another name in what is their peer's.
        let is_sent = self.places.counts(&source, of, found.ctime);
        if found.kind != FileType::RegularFile || !is_sent {
            return Err(missing());
        }
        let place = self.places.folders.of(&entry.path)?;
        let name = self.places.name_of(&entry.path);
        let there = place.folder.look(&name);
        if there.is_ok_and(|there| there.identity == found.identity) {
            return Ok(());
        }
        let fresh = self.fresh_name();
        let state = &self.state.folder;
        if source.folder.make_twin(&source_name, state, fresh.as_bytes()).is_err() {
            // Too many names, or a disk that has no second ones: then a file like it.
            copy(&source.folder, &source_name, state, &fresh)
                .map_err(|error| Trouble::of(entry.path.as_bytes(), &error))?;
        }
        self.place_made(&fresh, entry)
    }

    /// Puts a link or twin into its place.
    fn place_made(&self, fresh: &str, entry: &Entry) -> Result<(), Trouble> {
        match self.place(fresh, entry) {
            Ok(place) => {
                self.unflushed().folder(&place.folder);
                Ok(())
            }
            Err(trouble) => {
                let _ = self.state.folder.remove(fresh.as_bytes());
                Err(trouble)
            }
        }
    }
}

/// Makes a file like another.
fn copy(from: &Folder, name: &[u8], to: &Folder, fresh: &str) -> io::Result<()> {
    let mut source = from.file(name, OFlags::RDONLY, 0)?;
    let looks = look(&source)?;
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC;
    let mut file = to.file(fresh, flags, 0o600)?;
    io::copy(&mut source, &mut file)?;
    set_looks(&file, Some(looks.mode), Some(looks.mtime));
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_like_the_file() {
        let root = tempfile::tempdir().expect("a directory");
        let folder = Folder::root(root.path()).expect("opened");
        std::fs::write(root.path().join("a"), "bytes").expect("written");
        let file = folder.file("a", OFlags::WRONLY, 0).expect("opened");
        set_looks(&file, Some(0o640), Some(couplet::transfer::entry::Stamp(7, 5)));
        copy(&folder, b"a", &folder, "b").expect("copied");
        let (one, other) = (folder.look(b"a").expect("there"), folder.look(b"b").expect("there"));
        assert_eq!((one.size, one.mode, one.mtime), (other.size, other.mode, other.mtime));
        assert_ne!(one.identity, other.identity);
        std::os::unix::fs::symlink("a", root.path().join("link")).expect("linked");
        assert!(copy(&folder, b"link", &folder, "c").is_err(), "a link isn't followed");
    }
}
