//! One file of an upload on its way to the disk: a thread that writes what it is handed.
//!
//! Owns the file until it is whole. If the request ends before that, however it ends, the file goes, and
//! with it the folders that nothing else is in.

use super::answer::Failure;
use super::batch::Wanted;
use axum::body::Bytes;
use couplet::transfer::entry::Stamp;
use couplet_files::store::rooted::{Folder, set_looks};
use rustix::fs::OFlags;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
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

/// The folder of an upload. Which folders are in it is changed by one request at a time, so that none
/// goes in which another is about to put something.
#[derive(Debug)]
pub(super) struct Ground {
    root: Folder,
    /// The folders that were asked for by themselves: they stay though nothing is in them.
    named: Mutex<BTreeSet<Vec<u8>>>,
}

impl Ground {
    /// An empty one.
    pub(super) const fn new(root: Folder) -> Self {
        Self { root, named: Mutex::new(BTreeSet::new()) }
    }

    /// The folder itself.
    pub(super) const fn root(&self) -> &Folder {
        &self.root
    }

    /// Writes one file, or makes one folder. If that fails nothing of it is left, nor any folder that
    /// is empty without it. Says also how many fewer files and folders there are now than one for each
    /// name of its path would make. It blocks.
    pub(super) fn land(
        &self,
        wanted: &Wanted,
        modified: Option<Stamp>,
        mut pieces: mpsc::Receiver<Piece>,
    ) -> (usize, Result<(), Failure>) {
        let reserved = wanted.path.parts().count();
        if wanted.is_folder
            && let Err(failure) = nothing_more(&mut pieces)
        {
            return (reserved, Err(failure));
        }
        let mut made = 0;
        let mut has_file = false;
        let landed = self.make_way(wanted, &mut made).map_err(|error| Failure::of_disk(&error));
        let landed = landed.and_then(|file| {
            let Some(mut file) = file else { return Ok(()) };
            has_file = true;
            write(&mut file, &mut pieces)?;
            set_looks(&file, None, modified);
            Ok(())
        });
        let gone = if landed.is_err() { self.take_back(wanted, has_file) } else { 0 };
        ((reserved + gone).saturating_sub(made), landed)
    }

    /// Makes the folders that it is in, as far as they aren't there, and then itself; gives the file
    /// that is to be written, if it is one.
    fn make_way(&self, wanted: &Wanted, made: &mut usize) -> io::Result<Option<File>> {
        let mut named = self.named();
        let mut folder = self.root.again()?;
        let depth = wanted.path.parts().count();
        for name in wanted.path.parts().take(depth - 1) {
            *made += usize::from(make(&folder, name)?);
            folder = folder.open(name)?;
        }
        let name = wanted.path.last();
        if wanted.is_folder {
            *made += usize::from(make(&folder, name)?);
            named.insert(joined(wanted.path.parts()));
            return Ok(None);
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let file = folder.file(name, flags, FILE_MODE)?;
        *made += 1;
        Ok(Some(file))
    }

    /// Removes what was made for something that didn't come; says how much. What can't be removed goes
    /// with the rest.
    fn take_back(&self, wanted: &Wanted, has_file: bool) -> usize {
        let named = self.named();
        let names: Vec<_> = wanted.path.parts().collect();
        let mut open: Vec<_> = self.root.again().into_iter().collect();
        for name in &names[..names.len() - 1] {
            let Some(Ok(folder)) = open.last().map(|folder| folder.open(name)) else { break };
            open.push(folder);
        }
        let mut gone = 0;
        if has_file && open.len() == names.len() {
            let inner = &open[names.len() - 1];
            gone += usize::from(inner.remove(wanted.path.last()).is_ok());
        }
        for depth in (1..open.len()).rev() {
            let is_named = named.contains(&joined(names[..depth].iter().copied()));
            // One that isn't empty stays, and so do those that it is in.
            if is_named || open[depth - 1].remove_folder(names[depth - 1]).is_err() {
                break;
            }
            gone += 1;
        }
        gone
    }

    fn named(&self) -> MutexGuard<'_, BTreeSet<Vec<u8>>> {
        self.named.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn joined<'a>(names: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    names.collect::<Vec<_>>().join(&b'/')
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
