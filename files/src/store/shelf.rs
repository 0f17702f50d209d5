//! A directory whose files lie ready to be fetched.
//!
//! Owns looking what is in it, finding and removing. Only plain files count whose names are safe
//! everywhere, reached through folders and never through links, so nothing outside is ever touched.

use super::names;
use super::rooted::{Folder, Looked};
use super::{Store, unusable};
use crate::source::Source;
use couplet::path::SafeName;
use couplet::shelf::name::ShelfName;
use couplet::transfer::entry::Stamp;
use rustix::fs::{FileType, OFlags};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// The most files that are looked at; what is beyond them isn't told of.
pub const MAX_FILES: usize = 100_000;

/// Bytes that their names may have together; likewise.
const MAX_NAMES: usize = 8 << 20;

/// A file, as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ShelfFile {
    /// Its name.
    pub name: ShelfName,
    /// Its bytes.
    pub size: u64,
    /// When it was changed.
    pub mtime: Stamp,
    /// When anything about it was changed, as the system says: that can't be set by who lays it down.
    pub ctime: Stamp,
    /// What tells it from another that had its name before: device and number there.
    pub identity: (u64, u64),
}

/// Something in the directory that isn't hidden.
#[derive(Debug)]
pub(super) enum Thing {
    /// A plain file whose name is safe.
    File(ShelfName, Looked),
    /// A folder whose name is safe, and which could be read if that was wanted.
    Folder,
    /// Anything else.
    Other,
    /// Whatever it is: it isn't looked at any more.
    Beyond,
}

/// A way through the directory. It holds as many folders open as they are deep, which is bounded with
/// the names of what can be in them.
struct Walk<P, S> {
    folders: bool,
    passes_over: P,
    see: S,
    goes_on: bool,
}

impl<P: Fn(&[u8]) -> bool, S: FnMut(Thing) -> bool> Walk<P, S> {
    fn through(&mut self, folder: &Folder, above: Option<&ShelfName>) {
        let passes_over = |name: &[u8]| above.is_none() && (self.passes_over)(name);
        for name in folder.names_that(|name| !name.starts_with(b".") && !passes_over(name)) {
            if !self.goes_on {
                (self.see)(Thing::Beyond);
                continue;
            }
            let full = str::from_utf8(&name).ok().and_then(|name| match above {
                Some(above) => above.inside(name),
                None => ShelfName::new(name).ok(),
            });
            let thing = match (full, folder.look(&name)) {
                (Some(full), Ok(looked)) if looked.kind == FileType::RegularFile => {
                    Thing::File(full, looked)
                }
                (Some(full), Ok(looked)) if looked.is_folder() && self.folders => {
                    match folder.open(&name) {
                        Ok(inner) => {
                            self.goes_on = (self.see)(Thing::Folder);
                            self.through(&inner, Some(&full));
                            continue;
                        }
                        Err(_) => Thing::Other,
                    }
                }
                // Removed since the folder was read.
                (_, Err(error)) if error.kind() == io::ErrorKind::NotFound => continue,
                (_, Ok(looked)) if looked.is_folder() && !self.folders => Thing::Folder,
                _ => Thing::Other,
            };
            self.goes_on = (self.see)(thing);
        }
    }
}

/// What is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    /// The files, in no order.
    pub files: Vec<ShelfFile>,
    /// How many other things there are: with unsafe names, links, devices, folders that can't be read,
    /// and files beyond the most. Hidden ones and couplet's own don't count.
    pub left_out: u64,
}

/// Why something on a shelf can't be had.
#[derive(Debug, thiserror::Error)]
pub enum ShelfTrouble {
    /// Nothing has that name.
    #[error("there is no file of that name")]
    Missing,
    /// It is a link, a device or the like.
    #[error("it is no plain file")]
    NoFile,
    /// The system's word.
    #[error(transparent)]
    Io(io::Error),
}

impl Store {
    /// Opens a directory that must be there.
    ///
    /// # Errors
    /// The system's.
    pub fn open_existing(path: &Path) -> io::Result<Arc<Self>> {
        let root = Folder::root(path)?;
        Ok(Arc::new(Self::of(root, true)))
    }

    /// Whether the directory was removed since it was opened.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.root.is_gone()
    }

    /// What is in it, and with `folders` in the folders in it.
    ///
    /// # Errors
    /// The system's, if the directory itself can't be read.
    pub fn contents(&self, folders: bool) -> io::Result<Contents> {
        let mut contents = Contents::default();
        let mut bytes_of_names = 0;
        self.walk(
            folders,
            |_| false,
            |thing| {
                match thing {
                    Thing::File(name, looked) => {
                        bytes_of_names += name.as_str().len();
                        contents.files.push(ShelfFile::new(name, &looked));
                    }
                    Thing::Folder => {}
                    Thing::Other | Thing::Beyond => contents.left_out += 1,
                }
                contents.files.len() < MAX_FILES && bytes_of_names < MAX_NAMES
            },
        )?;
        Ok(contents)
    }

    /// Goes through all that is there and not hidden, but for what has a name in the directory itself
    /// that is to be passed over, and with `folders` into the folders, as long as `see` wants to go on;
    /// then only counts what is left in those that it is in.
    ///
    /// # Errors
    /// The system's, if the directory itself can't be read.
    pub(super) fn walk(
        &self,
        folders: bool,
        passes_over: impl Fn(&[u8]) -> bool,
        see: impl FnMut(Thing) -> bool,
    ) -> io::Result<()> {
        let mut walk = Walk { folders, passes_over, see, goes_on: true };
        walk.through(&self.root.open(b".")?, None);
        Ok(())
    }

    /// Finds what has this name: a file, or a folder with all that is in it.
    ///
    /// # Errors
    /// [`ShelfTrouble`].
    pub fn find(&self, name: &ShelfName) -> Result<Source, ShelfTrouble> {
        let folder = self.folder_of(name)?;
        Ok(Source::inside(&folder, &name.last())?)
    }

    /// Opens a file to read it, if it is still the same.
    ///
    /// # Errors
    /// [`ShelfTrouble`]; [`Missing`](ShelfTrouble::Missing) also if it is another one now.
    pub fn read(&self, file: &ShelfFile) -> Result<File, ShelfTrouble> {
        let folder = self.folder_of(&file.name)?;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let opened = folder.file(file.name.last().as_str(), flags, 0)?;
        let looked = super::rooted::look(&opened)?;
        let same = looked.kind == FileType::RegularFile
            && ShelfFile::new(file.name.clone(), &looked) == *file;
        if same { Ok(opened) } else { Err(ShelfTrouble::Missing) }
    }

    /// Removes a file.
    ///
    /// # Errors
    /// [`ShelfTrouble`].
    pub fn remove(&self, name: &ShelfName) -> Result<(), ShelfTrouble> {
        let folder = self.folder_of(name)?;
        let last = name.last();
        let looked = folder.look(last.as_str().as_bytes())?;
        if looked.kind != FileType::RegularFile {
            return Err(ShelfTrouble::NoFile);
        }
        folder.remove(last.as_str().as_bytes())?;
        Ok(folder.flush()?)
    }

    /// Whether something in the directory itself has this name, or one that some systems hold equal.
    #[must_use]
    pub fn has(&self, name: &SafeName) -> bool {
        names::is_there(&self.root, name.as_str().as_bytes())
    }

    /// The folder that has the file of this name.
    fn folder_of(&self, name: &ShelfName) -> io::Result<Folder> {
        let mut folder = self.root.open(b".")?;
        let mut parts: Vec<_> = name.parts().collect();
        parts.pop();
        for part in parts {
            folder = folder.open(part.as_bytes())?;
        }
        Ok(folder)
    }
}

impl ShelfFile {
    fn new(name: ShelfName, looked: &Looked) -> Self {
        let Looked { size, mtime, ctime, identity, .. } = *looked;
        Self { name, size, mtime, ctime, identity }
    }
}

impl From<io::Error> for ShelfTrouble {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only some of the system's errors are told apart"
    )]
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            io::ErrorKind::Unsupported => Self::NoFile,
            // A link, or something that nobody answers behind.
            _ if unusable(&error) => Self::NoFile,
            _ => Self::Io(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn name(text: &str) -> ShelfName {
        ShelfName::new(text).expect("a name")
    }

    fn names(contents: &Contents) -> Vec<&str> {
        let mut names: Vec<_> = contents.files.iter().map(|file| file.name.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// A directory with all sorts of things in it, and a secret beside it.
    fn shelf() -> (tempfile::TempDir, Arc<Store>) {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path().join("shelf");
        std::fs::create_dir_all(root.join("site/inner")).expect("made");
        std::fs::create_dir(root.join(".couplet-0123456789abcdef")).expect("made");
        for (path, bytes) in [
            ("photo.png", "picture"),
            ("site/a.html", "page"),
            ("site/inner/b", "deep"),
            (".hidden", "h"),
            (".couplet-0123456789abcdef/x.part", "part"),
            ("nul", "a device elsewhere"),
        ] {
            std::fs::write(root.join(path), bytes).expect("written");
        }
        std::fs::write(dir.path().join("secret"), "secret").expect("written");
        symlink("../secret", root.join("link")).expect("linked");
        symlink("..", root.join("up")).expect("linked");
        symlink("photo.png", root.join("same")).expect("linked");
        let store = Store::open_existing(&root).expect("opened");
        (dir, store)
    }

    #[test]
    fn plain_files_with_safe_names_are_there_and_nothing_else() {
        let (dir, store) = shelf();
        let flat = store.contents(false).expect("read");
        assert_eq!(names(&flat), ["photo.png"]);
        // Three links, and a name that means a device elsewhere.
        assert_eq!(flat.left_out, 4);
        let deep = store.contents(true).expect("read");
        assert_eq!(names(&deep), ["photo.png", "site/a.html", "site/inner/b"]);
        assert!(!store.is_gone());
        std::fs::remove_dir_all(dir.path().join("shelf")).expect("removed");
        assert!(store.is_gone());
    }

    #[test]
    fn nothing_outside_is_found_read_or_removed() {
        let (dir, store) = shelf();
        for path in ["link", "up/secret", "same"] {
            assert!(store.find(&name(path)).is_err(), "{path}");
            assert!(store.remove(&name(path)).is_err(), "{path}");
        }
        assert!(matches!(store.find(&name("nothing")), Err(ShelfTrouble::Missing)));
        assert!(matches!(store.find(&name("photo.png/x")), Err(ShelfTrouble::Missing)));
        assert!(matches!(store.find(&name("link")), Err(ShelfTrouble::NoFile)));
        assert!(matches!(store.remove(&name("site")), Err(ShelfTrouble::NoFile)));
        let read = |path: &str| std::fs::read_to_string(dir.path().join(path)).expect("there");
        assert_eq!((read("secret"), read("shelf/photo.png")), ("secret".into(), "picture".into()));
    }

    #[test]
    fn what_is_there_can_be_had() {
        let (dir, store) = shelf();
        let file = store.find(&name("site/a.html")).expect("there");
        assert_eq!((file.offer().name.as_str(), file.offer().size), ("a.html", Some(4)));
        let folder = store.find(&name("site")).expect("there");
        assert_eq!((folder.offer().entries, folder.offer().size), (4, Some(8)));
        assert!(store.has(&SafeName::new("PHOTO.png").expect("a name")));
        let contents = store.contents(false).expect("read");
        let photo = contents.files.first().expect("one");
        let mut text = String::new();
        io::Read::read_to_string(&mut store.read(photo).expect("there"), &mut text).expect("read");
        assert_eq!(text, "picture");
        std::fs::write(dir.path().join("shelf/photo.png"), "another").expect("written");
        let changed = ShelfFile { mtime: Stamp(1, 1), ..photo.clone() };
        assert!(store.read(&changed).is_err());
        store.remove(&name("photo.png")).expect("removed");
        assert!(matches!(store.find(&name("photo.png")), Err(ShelfTrouble::Missing)));
    }
}
