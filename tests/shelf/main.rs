//! The relay's shelf with the real programs: what is listed, fetched, laid down and removed, by whom,
//! and what happens when something is killed, cut, full, changed or hostile.

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod disks;
mod getting;
mod hostile;
mod kills;
mod listing;
mod many;
mod putting;

const MIB: u64 = 1 << 20;

/// Whether two files have the same bytes; without showing them.
fn same(path: &std::path::Path, bytes: &[u8]) {
    let read = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(read == bytes, "{} differs: {} and {} bytes", path.display(), read.len(), bytes.len());
}
