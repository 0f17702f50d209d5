//! The hashes of files on the shelf, found out when somebody asks, and remembered.
//!
//! Owns the memory and the one thread that reads. A hash is of a file as it was found: by its number on
//! its disk, size and times; once any of these changes it isn't that file's any more. One of the times is
//! the system's own, so nobody can lay down another file that passes for it.

use crate::lock::lock;
use couplet::transfer::entry::Stamp;
use couplet::transfer::tree::Hash;
use couplet_files::pipe::give_way;
use couplet_files::store::{ShelfFile, Store};
use std::collections::{HashMap, VecDeque};
use std::io::Read;
use std::sync::{Arc, Mutex, Weak};
use tracing::warn;

/// How many hashes are remembered. When there are more, all are forgotten, and found out anew.
const MAX_KNOWN: usize = 100_000;

/// How many files may wait to be read; who asks for more asks again.
const MAX_WAITING: usize = 1024;

/// Bytes read at once.
const READ: usize = 1024 * 1024;

/// What is known.
#[derive(Debug, Default)]
pub(super) struct Hashes(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Not by their names, which may be long.
    known: HashMap<Key, Hash>,
    waiting: VecDeque<ShelfFile>,
    /// Whether a thread reads.
    reading: bool,
}

/// What tells a file, as it was found, from all others.
type Key = ((u64, u64), u64, [Stamp; 2]);

const fn key(file: &ShelfFile) -> Key {
    (file.identity, file.size, [file.mtime, file.ctime])
}

impl Hashes {
    /// The hash of a file, if it is known.
    pub(super) fn find(&self, file: &ShelfFile) -> Option<Hash> {
        lock(&self.0).known.get(&key(file)).copied()
    }

    /// Finds out the hashes of these, one after the other, in a while.
    pub(super) fn find_out(self: &Arc<Self>, store: &Arc<Store>, files: Vec<ShelfFile>) {
        let mut state = lock(&self.0);
        for file in files {
            if state.waiting.len() < MAX_WAITING && !state.waiting.contains(&file) {
                state.waiting.push_back(file);
            }
        }
        if state.reading || state.waiting.is_empty() {
            return;
        }
        // It ends with the relay, in the middle of a file if need be.
        let (hashes, store) = (Arc::downgrade(self), Arc::clone(store));
        let work = move || {
            give_way();
            read_all(&hashes, &store);
        };
        match std::thread::Builder::new().name("shelf-hashes".to_owned()).spawn(work) {
            Ok(_) => state.reading = true,
            Err(error) => {
                warn!(%error, "no thread could be started to find out hashes");
                state.waiting.clear();
            }
        }
    }

    fn next(&self) -> Option<ShelfFile> {
        let mut state = lock(&self.0);
        let next = state.waiting.pop_front();
        state.reading = next.is_some();
        next
    }

    fn note(&self, file: &ShelfFile, hash: Hash) {
        let mut state = lock(&self.0);
        if state.known.len() >= MAX_KNOWN {
            state.known.clear();
        }
        state.known.insert(key(file), hash);
    }
}

fn read_all(hashes: &Weak<Hashes>, store: &Store) {
    let mut buffer = vec![0; READ];
    while let Some(file) = hashes.upgrade().and_then(|hashes| hashes.next()) {
        // One that changes, or can't be read, has none.
        if let Some(hash) = read(hashes, store, &file, &mut buffer)
            && let Some(hashes) = hashes.upgrade()
        {
            hashes.note(&file, hash);
        }
    }
}

/// The hash of a file, if it stays the same while it is read.
fn read(hashes: &Weak<Hashes>, store: &Store, file: &ShelfFile, buffer: &mut [u8]) -> Option<Hash> {
    let mut opened = store.read(file).ok()?;
    let mut hasher = blake3::Hasher::new();
    loop {
        match opened.read(buffer).ok()? {
            0 => break,
            count => hasher.update(&buffer[..count]),
        };
        if hashes.strong_count() == 0 {
            return None;
        }
    }
    store.read(file).ok()?;
    Some(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn a_hash_is_of_a_file_as_it_was_found() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("a"), "abc").expect("written");
        let store = Store::open_existing(dir.path()).expect("opened");
        let hashes = Arc::<Hashes>::default();
        let file = store.contents(false).expect("read").files.remove(0);
        let mut buffer = vec![0; 2];
        let weak = Arc::downgrade(&hashes);
        let hash = read(&weak, &store, &file, &mut buffer).expect("a hash");
        assert_eq!(hash, *blake3::hash(b"abc").as_bytes());
        hashes.note(&file, hash);
        assert_eq!(hashes.find(&file), Some(hash));
        std::fs::write(dir.path().join("a"), "abcd").expect("written");
        let now = store.contents(false).expect("read").files.remove(0);
        assert_eq!(hashes.find(&now), None);
        assert_eq!(read(&weak, &store, &file, &mut buffer), None);
        // Another file that was given the first one's size and time.
        std::fs::write(dir.path().join("a"), "xyz").expect("written");
        let Stamp(secs, nanos) = file.mtime;
        let then = std::time::Duration::new(u64::try_from(secs).expect("after 1970"), nanos);
        let times =
            std::fs::FileTimes::new().set_modified(std::time::SystemTime::UNIX_EPOCH + then);
        let opened = std::fs::File::options().write(true).open(dir.path().join("a"));
        opened.expect("opened").set_times(times).expect("set");
        let forged = store.contents(false).expect("read").files.remove(0);
        assert_eq!((forged.size, forged.mtime), (file.size, file.mtime));
        assert_eq!(hashes.find(&forged), None);
    }

    #[test]
    fn what_was_asked_for_is_known_in_a_while() {
        let dir = tempfile::tempdir().expect("a directory");
        for name in ["a", "b", "c"] {
            std::fs::write(dir.path().join(name), name).expect("written");
        }
        let store = Store::open_existing(dir.path()).expect("opened");
        let hashes = Arc::<Hashes>::default();
        let files = store.contents(false).expect("read").files;
        hashes.find_out(&store, files.clone());
        hashes.find_out(&store, files.clone());
        let (done, is_done) = channel();
        let asker = Arc::clone(&hashes);
        std::thread::spawn(move || {
            while files.iter().any(|file| asker.find(file).is_none()) {
                std::thread::yield_now();
            }
            let _ = done.send(());
        });
        let limit = std::time::Duration::from_secs(20);
        is_done.recv_timeout(limit).expect("all are known");
    }
}
