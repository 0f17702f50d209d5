//! What folders are to look like once everything is in them.
//!
//! Owns the list of it. A folder that nobody may write to can't be filled, and filling one changes
//! its time, so this is put off to the end. The list is a file, read from its end, so that the
//! innermost come first and memory holds one, however many there are.
//!
//! ```text
//! record   path mode (4) seconds (8) nanoseconds (4) length of the path (4)     all big-endian
//! ```

use super::rooted::{Folder, set_looks};
use couplet::path::MAX_PATH_BYTES;
use couplet::transfer::entry::Stamp;
use rustix::fs::OFlags;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, PoisonError};

const FILE: &str = "looks";

/// Bytes behind a path.
const TAIL: usize = 4 + 8 + 4 + 4;

/// Stands for a mode, or for nanoseconds, that nobody has said.
const NONE: u32 = u32::MAX;

/// The list.
#[derive(Debug)]
pub(super) struct Looks {
    file: File,
    end: Mutex<u64>,
}

impl Looks {
    /// Begins the list. What one from before had is told again by the sender.
    pub(super) fn begin(state: &Folder) -> io::Result<Self> {
        let file = state.file(FILE, OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC, 0o600)?;
        Ok(Self { file, end: Mutex::new(0) })
    }

    /// Notes what a folder is to look like; `path` is where it is, from the downloads directory.
    pub(super) fn note(
        &self,
        path: &[u8],
        mode: Option<u32>,
        mtime: Option<Stamp>,
    ) -> io::Result<()> {
        let Stamp(secs, nanos) = mtime.unwrap_or(Stamp(0, NONE));
        let mut record = path.to_vec();
        record.extend_from_slice(&mode.unwrap_or(NONE).to_be_bytes());
        record.extend_from_slice(&secs.to_be_bytes());
        record.extend_from_slice(&nanos.to_be_bytes());
        record.extend_from_slice(&u32::try_from(path.len()).unwrap_or(NONE).to_be_bytes());
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        self.file.write_all_at(&record, *end)?;
        *end += record.len() as u64;
        Ok(())
    }

    /// Gives each folder its looks. One that has gone, or that something else is in the place of,
    /// is passed over.
    pub(super) fn apply(&self, root: &Folder) -> io::Result<()> {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        let mut path = Vec::new();
        while let Some(tail_at) = end.checked_sub(TAIL as u64) {
            let mut tail = [0; TAIL];
            self.file.read_exact_at(&mut tail, tail_at)?;
            let [m0, m1, m2, m3, secs @ .., n0, n1, n2, n3, l0, l1, l2, l3] = tail;
            let len = u32::from_be_bytes([l0, l1, l2, l3]);
            // With the number behind its name the path may be longer than it came.
            let most = 2 * MAX_PATH_BYTES;
            let len = usize::try_from(len).ok().filter(|len| *len <= most);
            let start = len.and_then(|len| tail_at.checked_sub(len as u64));
            let (Some(len), Some(start)) = (len, start) else {
                return Err(io::ErrorKind::InvalidData.into());
            };
            path.resize(len, 0);
            self.file.read_exact_at(&mut path, start)?;
            *end = start;
            let mode = Some(u32::from_be_bytes([m0, m1, m2, m3])).filter(|mode| *mode != NONE);
            let nanos = u32::from_be_bytes([n0, n1, n2, n3]);
            let mtime = (nanos != NONE).then_some(Stamp(i64::from_be_bytes(secs), nanos));
            if let Some(folder) = walk(root, &path) {
                set_looks(&folder, mode, mtime);
            }
        }
        Ok(())
    }
}

fn walk(root: &Folder, path: &[u8]) -> Option<Folder> {
    let mut folder = root.again().ok()?;
    for name in path.split(|byte| *byte == b'/') {
        folder = folder.open(name).ok()?;
    }
    Some(folder)
}
