//! The steps of a transfer as bytes, true or not.

use couplet::path::{RawName, SafePath};
use couplet::transfer::entry::{Entry, EntryId, EntryKind, Stamp};
use couplet::transfer::tree::piece_hash;
use couplet::transfer::wire::{ChunkHead, Close, End, Hello, Hole, SenderStep};
use serde_json::Value;

/// A step of any kind with any body.
pub(crate) fn step(kind: u8, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).expect("short");
    [&[kind], &len.to_be_bytes()[..], body].concat()
}

/// A step of any kind with this JSON.
pub(crate) fn json_step(kind: u8, body: &Value) -> Vec<u8> {
    step(kind, body.to_string().as_bytes())
}

fn encoded(step: &SenderStep<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    step.encode(&mut out);
    out
}

/// HELLO.
pub(crate) fn hello(entry: EntryId, path: impl AsRef<[u8]>, kind: EntryKind) -> Vec<u8> {
    let path = SafePath::new(path).expect("a lawful path");
    let what = Entry { path, kind, mode: None, mtime: Some(Stamp(1_763_720_000, 0)) };
    encoded(&SenderStep::Hello(Hello { entry, ask: false, what }))
}

/// HELLO of a file.
pub(crate) fn file(entry: EntryId, path: impl AsRef<[u8]>, size: u64) -> Vec<u8> {
    hello(entry, path, EntryKind::File { size: Some(size) })
}

/// HELLO of a folder.
pub(crate) fn folder(entry: EntryId, path: &str) -> Vec<u8> {
    hello(entry, path, EntryKind::Folder)
}

/// HELLO of a link.
pub(crate) fn link(entry: EntryId, path: &str, target: &str) -> Vec<u8> {
    hello(entry, path, EntryKind::Link { target: RawName(target.into()) })
}

/// HELLO of another name of a file.
pub(crate) fn twin(entry: EntryId, path: &str, of: &str) -> Vec<u8> {
    hello(entry, path, EntryKind::Twin { of: SafePath::new(of).expect("a lawful path") })
}

/// CHUNK with the checksum of its data.
pub(crate) fn chunk(entry: EntryId, offset: u64, data: &[u8]) -> Vec<u8> {
    chunk_with(entry, offset, data, piece_hash(offset, data).chain)
}

/// CHUNK with this checksum. (Of what is no piece there is none.)
pub(crate) fn chunk_with(entry: EntryId, offset: u64, data: &[u8], checksum: [u8; 32]) -> Vec<u8> {
    let size = u32::try_from(data.len()).expect("short");
    let head = ChunkHead { entry, offset, size, checksum };
    encoded(&SenderStep::Chunk { head, packed: false, data })
}

/// PACKED: data that is said to unpack to this.
pub(crate) fn packed(entry: EntryId, offset: u64, size: u32, data: &[u8]) -> Vec<u8> {
    let zeros = vec![0; size as usize];
    let checksum = piece_hash(offset, &zeros).chain;
    let head = ChunkHead { entry, offset, size, checksum };
    encoded(&SenderStep::Chunk { head, packed: true, data })
}

/// HOLE.
pub(crate) fn hole(entry: EntryId, offset: u64, size: u64) -> Vec<u8> {
    encoded(&SenderStep::Hole(Hole { entry, offset, size }))
}

/// CLOSE with the truth about this data.
pub(crate) fn close(entry: EntryId, data: &[u8]) -> Vec<u8> {
    close_with(entry, data.len() as u64, *blake3::hash(data).as_bytes())
}

/// CLOSE with this size and root.
pub(crate) fn close_with(entry: EntryId, size: u64, root: [u8; 32]) -> Vec<u8> {
    encoded(&SenderStep::Close(Close { entry, size, root }))
}

/// END.
pub(crate) fn end(entries: u64) -> Vec<u8> {
    encoded(&SenderStep::End(End { entries }))
}

/// A small file, whole.
pub(crate) fn whole(entry: EntryId, path: impl AsRef<[u8]>, data: &[u8]) -> Vec<u8> {
    let chunk = if data.is_empty() { Vec::new() } else { chunk(entry, 0, data) };
    [file(entry, path, data.len() as u64), chunk, close(entry, data)].concat()
}
