//! What holds for received files, whatever sends them and whatever is in the way.

mod crash;
mod disk;
mod garbage;
mod looks;
mod parts;
mod places;
mod races;
mod rooted;
mod shelves;
mod sinks;

use super::{Growing, Incoming, Store, Trouble};
use couplet::limits::GROUP;
use couplet::path::{RawName, SafeName, SafePath};
use couplet::transfer::entry::{Entry, EntryKind, Stamp};
use couplet::transfer::journal::Record;
use couplet::transfer::offer::{Form, Offer, OnCollision};
use couplet::transfer::receive::{Group, Opened};
use couplet::transfer::tree::{group_len, piece_hash};
use couplet::transfer::wire::Fault;
use std::cell::Cell;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use tempfile::TempDir;

/// When all files of these tests were changed.
const WHEN: Stamp = Stamp(1_000_000_000, 123_456_789);

/// A file of several groups, the last of them short.
const LARGE: u64 = 3 * GROUP + 5;

/// A program that is being started has all open files of this one for an instant, and so its locks.
/// No test of these is at work meanwhile.
static STARTING: RwLock<()> = RwLock::new(());

thread_local! {
    /// As long as a test is at work.
    static AT_WORK: Cell<Option<RwLockReadGuard<'static, ()>>> = const { Cell::new(None) };
}

fn at_work() {
    // A thread that has it already would wait for itself behind one that starts a program.
    let held = AT_WORK.take();
    let held = held.unwrap_or_else(|| STARTING.read().unwrap_or_else(PoisonError::into_inner));
    AT_WORK.set(Some(held));
}

/// Starts a program; when this returns it has only its own files.
fn start(command: &mut Command) -> std::io::Result<Child> {
    drop(AT_WORK.take());
    let started = {
        let _alone = STARTING.write().unwrap_or_else(PoisonError::into_inner);
        command.spawn()
    };
    at_work();
    started
}

/// Starts a program, and gives what it wrote when it has ended.
fn output(command: &mut Command) -> std::io::Result<Output> {
    start(command.stdout(Stdio::piped()).stderr(Stdio::piped()))?.wait_with_output()
}

fn store() -> (TempDir, Arc<Store>) {
    at_work();
    let root = tempfile::tempdir().expect("a directory");
    let store = Store::open(root.path()).expect("opened");
    (root, store)
}

fn offer(name: &str, form: Form, size: u64) -> Offer {
    let name = SafeName::new(name).expect("a safe name");
    Offer { name, form, size: Some(size), on_disk: None, entries: 1, mtime: Some(WHEN) }
}

fn folder_offer() -> Offer {
    offer("t", Form::Folder, 0)
}

fn entry(path: impl AsRef<[u8]>, kind: EntryKind) -> Entry {
    let path = SafePath::new(path).expect("a safe path");
    Entry { path, kind, mode: None, mtime: Some(WHEN) }
}

fn file(path: impl AsRef<[u8]>, size: u64) -> Entry {
    entry(path, EntryKind::File { size: Some(size) })
}

fn folder(path: impl AsRef<[u8]>) -> Entry {
    entry(path, EntryKind::Folder)
}

fn link(path: &str, target: &str) -> Entry {
    entry(path, EntryKind::Link { target: RawName(target.as_bytes().to_vec()) })
}

fn twin(path: &str, of: &str) -> Entry {
    entry(path, EntryKind::Twin { of: SafePath::new(of).expect("a safe path") })
}

/// Bytes that differ from place to place.
fn content(size: u64) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(size).expect("small")];
    blake3::Hasher::new().update(b"content").finalize_xof().fill(&mut bytes);
    bytes
}

fn begin(store: &Arc<Store>, offer: &Offer) -> Incoming {
    store.begin(offer, OnCollision::Rename).expect("begun")
}

fn open(incoming: &Incoming, entry: &Entry) -> (Vec<(u64, u64)>, Growing) {
    match incoming.open(0, entry, true).expect("opened") {
        (Opened::Ready(held), Some(growing)) => (held, growing),
        other => panic!("{other:?}"),
    }
}

/// Puts a whole file in its place.
fn put(incoming: &Incoming, entry: &Entry, bytes: &[u8]) -> Result<(), Trouble> {
    let (_, growing) = incoming.open(0, entry, false)?;
    let growing = growing.expect("not there yet");
    growing.write(0, bytes)?;
    growing.save(entry)
}

/// Writes a group of a file of [`LARGE`] bytes and notes it.
fn write_group(growing: &Growing, number: u64) {
    let bytes = content(LARGE);
    let offset = number * GROUP;
    let len = group_len(LARGE, offset).expect("a group");
    let start = usize::try_from(offset).expect("small");
    let data = &bytes[start..start + usize::try_from(len).expect("small")];
    growing.write(offset, data).expect("written");
    let hash = piece_hash(offset, data).chain;
    growing.note(Record::Group(Group { offset, len, hash })).expect("noted");
}

/// The names in a directory, sorted.
fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(path)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn read(root: &TempDir, path: &str) -> Vec<u8> {
    std::fs::read(root.path().join(path)).expect("read")
}

fn mode(root: &TempDir, path: &str) -> u32 {
    std::fs::symlink_metadata(root.path().join(path)).expect("there").mode() & 0o7777
}

fn mtime(root: &TempDir, path: &str) -> Stamp {
    let found = std::fs::symlink_metadata(root.path().join(path)).expect("there");
    Stamp(found.mtime(), u32::try_from(found.mtime_nsec()).expect("below a second"))
}

/// Gives a file that somebody has the time of all files here.
fn age(path: &Path) {
    let file = std::fs::File::options().write(true).open(path).expect("opened");
    super::rooted::set_looks(&file, None, Some(WHEN));
}

fn unlawful(result: Result<(), Trouble>) -> String {
    match result {
        Err(Trouble::Refused(Fault::Unlawful, text)) => text,
        other => panic!("{other:?}"),
    }
}
