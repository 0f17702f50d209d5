//! One file of an upload on its way to the disk: a thread that writes what it is handed.
//!
//! Owns the file until it is whole. If the request ends before that, however it ends, the file goes.

use super::answer::Failure;
use super::batch::Wanted;
use axum::body::Bytes;
use couplet::transfer::entry::Stamp;
use couplet_files::store::rooted::{Folder, set_looks};
use rustix::fs::OFlags;
use std::fs::File;
use std::io::{self, Write as _};
use tokio::sync::mpsc;

/// How many pieces may wait for the disk, each as large as the socket's buffer.
pub(super) const PIECES: usize = 4;

/// What the user's mask makes of these is what the peer gets; the spool is private as a whole.
const FILE_MODE: u32 = 0o666;
const FOLDER_MODE: u32 = 0o777;

/// What comes of a request's body.
#[derive(Debug)]
pub(super) enum Piece {
    /// Bytes.
    Some(Bytes),
    /// Its end. Without it the file isn't whole.
    End,
}

/// Writes one file, or makes one folder; says how many files and folders were made. It blocks.
pub(super) fn land(
    root: &Folder,
    wanted: &Wanted,
    modified: Option<Stamp>,
    mut pieces: mpsc::Receiver<Piece>,
    made: &mut usize,
) -> Result<(), Failure> {
    let folder = parent(root, wanted, made).map_err(|error| Failure::of_disk(&error))?;
    let name = wanted.path.last();
    if wanted.is_folder {
        *made += usize::from(make(&folder, name).map_err(|error| Failure::of_disk(&error))?);
        return nothing_more(&mut pieces);
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
    let mut file = folder.file(name, flags, FILE_MODE).map_err(|error| Failure::of_disk(&error))?;
    *made += 1;
    let written = write(&mut file, &mut pieces);
    if written.is_err() {
        // If it can't be removed, it goes with the rest.
        let _ = folder.remove(name);
        *made -= 1;
    } else {
        set_looks(&file, None, modified);
    }
    written
}

/// The folder that it is in, made as far as it isn't there.
fn parent(root: &Folder, wanted: &Wanted, made: &mut usize) -> io::Result<Folder> {
    let mut folder = root.again()?;
    let depth = wanted.path.parts().count();
    for name in wanted.path.parts().take(depth - 1) {
        *made += usize::from(make(&folder, name)?);
        folder = folder.open(name)?;
    }
    Ok(folder)
}

/// Makes a folder, or finds it; says whether it made it.
fn make(folder: &Folder, name: &[u8]) -> io::Result<bool> {
    match folder.make(name, FOLDER_MODE) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            folder.open(name).map(|_| false)
        }
        Err(error) => Err(error),
    }
}

fn write(file: &mut File, pieces: &mut mpsc::Receiver<Piece>) -> Result<(), Failure> {
    loop {
        match pieces.blocking_recv() {
            Some(Piece::Some(bytes)) => {
                file.write_all(&bytes).map_err(|error| Failure::of_disk(&error))?;
            }
            Some(Piece::End) => return Ok(()),
            None => return Err(cut()),
        }
    }
}

fn nothing_more(pieces: &mut mpsc::Receiver<Piece>) -> Result<(), Failure> {
    loop {
        match pieces.blocking_recv() {
            Some(Piece::Some(bytes)) if bytes.is_empty() => {}
            Some(Piece::Some(_)) => return Err(Failure::wrong("a folder has no bytes")),
            Some(Piece::End) => return Ok(()),
            None => return Err(cut()),
        }
    }
}

/// The request ended too early.
pub(super) fn cut() -> Failure {
    Failure::wrong("the file stopped coming before its end; nothing of it was kept")
}
