//! What the face has to ask the file system for: names to complete, and whether a pasted path is
//! one; and what it has to write there.
//!
//! Owns reading directories, and the one file that the face writes. It blocks, so it runs on threads of its own.

use super::app::{Listing, ListingRequest, Saved};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

/// Names that are offered at most.
const MOST_NAMES: usize = 500;
/// Directory entries that are looked at; a larger directory is completed from these only.
const MOST_ENTRIES: usize = 50_000;

/// Reads the directory that `request` asks for.
pub(crate) fn list(request: ListingRequest) -> Listing {
    let names = names(&request);
    Listing { request, names }
}

fn names(request: &ListingRequest) -> Result<Vec<String>, String> {
    let shown = couplet::text::line(&request.directory.to_string_lossy(), 120);
    let entries = std::fs::read_dir(&request.directory)
        .map_err(|error| format!("{shown} can't be read: {error}"))?;
    let mut names = Vec::new();
    for entry in entries.take(MOST_ENTRIES).flatten() {
        // What isn't UTF-8 or has control characters can't be typed, and so not be completed.
        let Ok(mut name) = entry.file_name().into_string() else { continue };
        let hidden = name.starts_with('.') && !request.prefix.starts_with('.');
        if hidden || !name.starts_with(&request.prefix) || name.contains(char::is_control) {
            continue;
        }
        // Through links, as opening it would.
        if std::fs::metadata(entry.path()).is_ok_and(|meta| meta.is_dir()) {
            name.push('/');
        }
        names.push(name);
        if names.len() == MOST_NAMES {
            break;
        }
    }
    names.sort();
    Ok(names)
}

/// The first of these readings of which every path is an existing file.
pub(crate) fn probe(readings: Vec<Vec<PathBuf>>) -> Option<Vec<PathBuf>> {
    readings.into_iter().find(|paths| !paths.is_empty() && paths.iter().all(|path| path.exists()))
}

/// Writes a transcript into a new file, which only the user may read.
pub(crate) fn save(path: PathBuf, text: &str) -> Saved {
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let written = opened.and_then(|mut file| {
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        // Half of it is nothing to keep, and the name is free again for the next try.
        written.inspect_err(|_| drop(std::fs::remove_file(&path)))
    });
    let lines = match written {
        Ok(()) => Ok(text.lines().count()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err("there is something of that name already; choose another".to_owned())
        }
        Err(error) => Err(error.to_string()),
    };
    Saved { path, lines }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_is_written_once_and_for_nobody_else() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("said.txt");
        assert_eq!(save(path.clone(), "a\nb\n").lines, Ok(2));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = save(path.clone(), "other").lines.unwrap_err();
        assert!(again.contains("choose another"), "{again}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a\nb\n");
        assert!(save(directory.path().join("no/such"), "x").lines.is_err());
        assert!(save(directory.path().to_owned(), "x").lines.is_err());
    }

    #[test]
    fn only_existing_paths_are_taken_for_paths() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a b");
        std::fs::write(&file, "").unwrap();
        let missing = directory.path().join("c");
        let readings = vec![vec![missing.clone()], vec![file.clone(), missing], vec![file.clone()]];
        assert_eq!(probe(readings), Some(vec![file]));
        assert_eq!(probe(vec![vec![]]), None);
    }
}
