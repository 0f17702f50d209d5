//! Looking at files for the picker: what is in a directory, and the beginning of a file.
//!
//! Owns the bounds of that. It blocks, so it runs on threads of its own; nothing that could make it
//! wait for ever, such as a pipe, is opened.

use super::picker::{Entry, Found, Kind, Look, Seen};
use couplet::{text, units};
use std::fs::{File, Metadata, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// The entries of a directory that are looked at.
const MOST_ENTRIES: usize = 20_000;
/// What is read of a file for its preview, how many lines are made of it, and how wide they are.
const MOST_BYTES: usize = 4 * 1024;
const MOST_LINES: usize = 8;
const MOST_COLUMNS: usize = 200;

/// How files begin whose kind is known by that.
const KINDS: &[(&[u8], &str)] = &[
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a zip archive, or a document that is one"),
    (b"\x1f\x8b", "packed with gzip"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd"),
    (b"\xfd7zXZ", "packed with xz"),
    (b"BZh", "packed with bzip2"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x7fELF", "a program or library"),
    (b"OggS", "sound or film (Ogg)"),
    (b"ID3", "sound (MP3)"),
    (b"fLaC", "sound (FLAC)"),
    (b"SQLite format 3", "an SQLite database"),
];

/// Looks at what is asked for.
pub(crate) fn look(look: Look) -> Found {
    let seen = if look.entries { entries(&look.path) } else { preview(&look.path) };
    Found { seen: seen.unwrap_or_else(Seen::Nothing), look }
}

fn entries(path: &Path) -> Result<Seen, String> {
    let shown = text::line(&path.to_string_lossy(), 120);
    let unread = |error| format!("{shown} can't be read: {error}");
    let path = std::fs::canonicalize(path).map_err(unread)?;
    let mut listed = std::fs::read_dir(&path).map_err(unread)?;
    let mut entries: Vec<Entry> = listed
        .by_ref()
        .take(MOST_ENTRIES)
        .flatten()
        .map(|entry| {
            let file = entry.file_name();
            let label = text::line(&file.to_string_lossy(), 500);
            // Through links, as opening it would.
            let kind = std::fs::metadata(entry.path()).map_or(Kind::Other, |meta| kind(&meta));
            Entry { file, label, kind }
        })
        .collect();
    let cut = listed.next().is_some();
    entries.sort_by_cached_key(|entry| {
        (entry.kind != Kind::Directory, entry.label.to_lowercase(), entry.file.clone())
    });
    Ok(Seen::Entries { path, entries, cut })
}

fn kind(meta: &Metadata) -> Kind {
    if meta.is_dir() {
        Kind::Directory
    } else if meta.is_file() {
        Kind::File(meta.len())
    } else {
        Kind::Other
    }
}

fn preview(path: &Path) -> Result<Seen, String> {
    let meta = std::fs::metadata(path).map_err(|error| format!("it can't be read: {error}"))?;
    Ok(Seen::Preview(match kind(&meta) {
        Kind::Other => vec!["neither a file nor a directory: it can't be sent".to_owned()],
        Kind::Directory => inside(path)?,
        Kind::File(0) => vec!["an empty file".to_owned()],
        Kind::File(size) => first_lines(path, size)?,
    }))
}

/// What is in a directory, in a line.
fn inside(path: &Path) -> Result<Vec<String>, String> {
    let listed = std::fs::read_dir(path).map_err(|error| format!("it can't be read: {error}"))?;
    let names: Vec<String> = listed
        .take(1000)
        .flatten()
        .map(|entry| text::line(&entry.file_name().to_string_lossy(), 60))
        .collect();
    let some = names.iter().take(6).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if names.len() > 6 { ", and more" } else { "" };
    Ok(vec![match names.len() {
        0 => "an empty directory".to_owned(),
        1000 => format!("a directory of 1,000 entries or more: {some}{more}"),
        1 => format!("a directory with {some}"),
        count => format!("a directory of {count} entries: {some}{more}"),
    }])
}

fn first_lines(path: &Path, size: u64) -> Result<Vec<String>, String> {
    let unread = |error| format!("it can't be read: {error}");
    // It may have become a pipe in between; that mustn't make this thread wait.
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(unread)?;
    if !file.metadata().map_err(unread)?.is_file() {
        return Err("it has just become something else".to_owned());
    }
    let bytes = beginning(&file).map_err(unread)?;
    let words = match std::str::from_utf8(&bytes) {
        Ok(words) => Some(words),
        // The last character may be cut in two.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    };
    if let Some(words) = words.filter(|words| !words.contains('\0')) {
        let lines = words.lines().take(MOST_LINES);
        return Ok(lines.map(|line| text::line(line, MOST_COLUMNS)).collect());
    }
    let known = KINDS.iter().find(|(start, _)| bytes.starts_with(start));
    let what = known.map_or("no text, of a kind that isn't known", |(_, what)| what);
    Ok(vec![format!("{what}, {}", units::bytes(size))])
}

fn beginning(file: &File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MOST_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn previewed(path: &Path) -> Vec<String> {
        match preview(path) {
            Ok(Seen::Preview(lines)) => lines,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn directories_come_first_and_are_seen_through_links() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("b"), "four").unwrap();
        std::fs::write(at("A\u{1b}[2J"), "").unwrap();
        std::fs::create_dir(at("z")).unwrap();
        std::os::unix::fs::symlink(at("z"), at("link")).unwrap();
        std::os::unix::fs::symlink(at("nowhere"), at("broken")).unwrap();
        let asked = Look { serial: 7, path: dir.path().join("z/.."), entries: true };
        let Found { look: answered, seen: Seen::Entries { path, entries, cut: false } } =
            look(asked.clone())
        else {
            panic!("no entries")
        };
        assert_eq!(answered, asked);
        assert_eq!(path, std::fs::canonicalize(dir.path()).unwrap());
        let seen: Vec<_> = entries.iter().map(|entry| (entry.label.as_str(), entry.kind)).collect();
        assert_eq!(seen[..2], [("link", Kind::Directory), ("z", Kind::Directory)]);
        assert!(seen[2].0.starts_with('A') && !seen[2].0.contains('\u{1b}'));
        assert_eq!(seen[3..], [("b", Kind::File(4)), ("broken", Kind::Other)]);
        let none = look(Look { path: at("no"), ..asked });
        assert!(matches!(none.seen, Seen::Nothing(text) if text.contains("can't be read")));
    }

    #[test]
    fn a_preview_is_the_first_lines_or_what_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("text"), format!("one\n\u{1b}[31mtwo\n{}", "日\n".repeat(9_000)))
            .unwrap();
        let lines = previewed(&at("text"));
        assert_eq!((lines.len(), lines[0].as_str()), (MOST_LINES, "one"));
        assert!(!lines[1].contains('\u{1b}'));
        std::fs::write(at("cut"), format!("x{}", "日".repeat(4_000))).unwrap();
        assert!(previewed(&at("cut"))[0].starts_with("x日"), "cut in a character");
        std::fs::write(at("png"), b"\x89PNG\r\n\x1a\n\0\0\0").unwrap();
        assert_eq!(previewed(&at("png")), ["a PNG picture, 11 B"]);
        std::fs::write(at("bin"), b"a\0b").unwrap();
        assert_eq!(previewed(&at("bin")), ["no text, of a kind that isn't known, 3 B"]);
        std::fs::write(at("empty"), b"").unwrap();
        assert_eq!(previewed(&at("empty")), ["an empty file"]);
        assert!(previewed(dir.path())[0].starts_with("a directory of 5 entries: "));
        let socket = at("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(previewed(&socket)[0].starts_with("neither"));
    }
}
