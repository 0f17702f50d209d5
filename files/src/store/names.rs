//! Under which names things are kept, where that isn't their own.
//!
//! Owns the rules for names that are taken, and the list of what was decided, which is kept on disk
//! so that a transfer goes on where it was: every name in the downloads directory itself, and every
//! one further inside that had to change.

use super::rooted::Folder;
use super::trouble::Trouble;
use couplet::path::{MAX_NAME_BYTES, RawName, SafeName, SafePath, folded};
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::FileExt;

/// How many numbered names are tried before giving up.
pub(super) const MAX_NUMBERED: u32 = 10_000;

/// How many names may be on the list: they are kept in memory.
const MAX_CLAIMS: usize = 65_536;

const FILE: &str = "names";

/// The list.
#[derive(Debug)]
pub(super) struct Names {
    file: File,
    end: u64,
    claims: BTreeMap<Box<[u8]>, Claim>,
    /// The names in the downloads directory, folded; read when the first of them is asked for.
    taken: Option<HashSet<Vec<u8>>>,
}

/// Where something is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    /// Its last name.
    pub(super) name: Vec<u8>,
    /// Whether it is a folder that was made for this transfer, with nothing of anybody's in it.
    pub(super) made: bool,
}

/// A line of the list.
#[derive(Serialize, Deserialize)]
struct Line {
    path: SafePath,
    name: RawName,
    made: bool,
}

impl Names {
    /// Opens the list of a transfer.
    pub(super) fn open(state: &Folder) -> io::Result<Self> {
        let file = state.file(FILE, OFlags::RDWR | OFlags::CREATE, 0o600)?;
        let mut names = Self { file, end: 0, claims: BTreeMap::new(), taken: None };
        let mut reader = BufReader::new(names.file.try_clone()?);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            // A torn end is written over.
            let Some(Ok(read)) = line.strip_suffix(b"\n").map(serde_json::from_slice::<Line>)
            else {
                break;
            };
            names.end += line.len() as u64;
            let claim = Claim { name: read.name.0, made: read.made };
            names.claims.insert(read.path.as_bytes().into(), claim);
            line.clear();
        }
        Ok(names)
    }

    /// Where the thing with this path is kept, if that was decided.
    pub(super) fn claim(&self, path: &[u8]) -> Option<&Claim> {
        self.claims.get(path)
    }

    /// Notes where it is kept, before it is put there.
    pub(super) fn note(&mut self, path: &SafePath, claim: Claim) -> Result<(), Trouble> {
        if self.claims.get(path.as_bytes()) == Some(&claim) {
            return Ok(());
        }
        if self.claims.len() >= MAX_CLAIMS {
            return Err(Trouble::unlawful(format!(
                "more than {MAX_CLAIMS} names would have to be kept apart; have them sent in one \
                 folder"
            )));
        }
        let line = Line { path: path.clone(), name: RawName(claim.name.clone()), made: claim.made };
        let written = serde_json::to_vec(&line).map_err(io::Error::from).and_then(|mut line| {
            line.push(b'\n');
            self.file.write_all_at(&line, self.end)?;
            Ok(line.len() as u64)
        });
        self.end += written.map_err(|error| Trouble::of(path.as_bytes(), &error))?;
        self.claims.insert(path.as_bytes().into(), claim);
        Ok(())
    }

    /// Whether a name in the downloads directory is taken, or equals one that is on systems that
    /// don't tell them apart.
    pub(super) fn is_taken(&mut self, root: &Folder, name: &[u8]) -> bool {
        self.taken(root).contains(&fold(name))
    }

    /// Notes that a name in the downloads directory is taken now.
    pub(super) fn take(&mut self, root: &Folder, name: &[u8]) {
        self.taken(root).insert(fold(name));
    }

    /// The names in the downloads directory itself.
    pub(super) fn tops(&self) -> impl Iterator<Item = &[u8]> {
        let tops = self.claims.iter().filter(|(path, _)| !path.contains(&b'/'));
        tops.map(|(_, claim)| claim.name.as_slice())
    }

    fn taken(&mut self, root: &Folder) -> &mut HashSet<Vec<u8>> {
        self.taken.get_or_insert_with(|| root.names().iter().map(|name| fold(name)).collect())
    }
}

/// Whether something in the folder has this name, or one that equals it on systems that don't tell
/// them apart.
pub(super) fn is_there(folder: &Folder, name: &[u8]) -> bool {
    let folded = fold(name);
    !folder.names_that(|found| fold(found) == folded).is_empty()
}

/// What names have in common that are one to a system which knows neither case nor forms; bytes that
/// are no text are themselves.
fn fold(name: &[u8]) -> Vec<u8> {
    str::from_utf8(name).map_or_else(|_| name.to_vec(), |text| folded(text).into_bytes())
}

/// The name with a number, as [`SafeName::numbered`] gives it; of any bytes.
pub(super) fn numbered(name: &[u8], number: u32) -> Vec<u8> {
    if number <= 1 {
        return name.to_vec();
    }
    let text = str::from_utf8(name);
    if let Some(safe) = text.ok().and_then(|text| SafeName::new(text).ok()) {
        return safe.numbered(number).as_str().as_bytes().to_vec();
    }
    let dot = name.iter().rposition(|byte| *byte == b'.').filter(|at| *at > 0);
    let (stem, extension) = name.split_at(dot.unwrap_or(name.len()));
    let number = format!(" ({number})");
    let (stem, extension) = if number.len() + extension.len() < MAX_NAME_BYTES {
        (stem, extension)
    } else {
        (name, &[][..])
    };
    let mut room = stem.len().min(MAX_NAME_BYTES - number.len() - extension.len());
    if let Ok(text) = text {
        // A letter is never cut.
        room = text.floor_char_boundary(room);
    }
    [&stem[..room], number.as_bytes(), extension].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_some_systems_hold_equal_are_equal() {
        for (one, other) in [
            ("Photo.PNG", "photo.png"),
            ("caf\u{e9}", "cafe\u{301}"),
            ("CAF\u{c9}", "cafe\u{301}"),
            ("\u{212b}", "\u{e5}"),
        ] {
            assert_eq!(fold(one.as_bytes()), fold(other.as_bytes()), "{one} {other}");
        }
        assert_ne!(fold(b"caf\xe9"), fold(b"caf\xc9"), "bytes that are no text are themselves");
    }

    #[test]
    fn numbered_names_differ_and_fit() {
        assert_eq!(numbered(b"photo.png", 1), b"photo.png");
        assert_eq!(numbered(b"photo.png", 2), b"photo (2).png");
        assert_eq!(numbered(b"caf\xe9.txt", 2), b"caf\xe9 (2).txt");
        assert_eq!(numbered(b"tab\there", 3), b"tab\there (3)");
        assert_eq!(numbered(b".\xff", 3), b".\xff (3)");
        let dot_first = [&b"a."[..], &[0xff; 253]].concat();
        let wide = format!("\t{}", "\u{1f600}".repeat(63));
        for long in [&[0xff; 255][..], &dot_first, wide.as_bytes()] {
            let second = numbered(long, 2);
            assert!(second.len() <= 255 && second != long && second != numbered(long, 3));
            assert_eq!(str::from_utf8(long).is_ok(), str::from_utf8(&second).is_ok());
        }
    }
}
