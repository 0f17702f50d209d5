//! One file that is uploaded: its name, its size, and its pieces, read on threads that may wait.

use super::{PutError, shown};
use bytes::Bytes;
use couplet::path::SafeName;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinHandle;

/// A piece that was read, or why it can't be.
pub(super) type Piece = (u64, Result<Bytes, String>);

pub(super) struct Source {
    name: SafeName,
    size: u64,
    file: Arc<Mutex<File>>,
    asked: VecDeque<(u64, u64)>,
    reading: Option<JoinHandle<Piece>>,
}

impl Source {
    pub(super) async fn open(path: &Path) -> Result<Self, PutError> {
        let name = name_of(path)?;
        let owned = path.to_owned();
        let opened = tokio::task::spawn_blocking(move || {
            // Before it is opened: opening a pipe would wait for whoever writes into it.
            if std::fs::metadata(&owned)?.is_file() {
                let file = File::open(&owned)?;
                let size = file.metadata()?.len();
                return Ok(Some((file, size)));
            }
            Ok(None)
        });
        let failed = |why: String| PutError::File { path: shown(path), why };
        let opened = opened.await.map_err(|error| failed(error.to_string()))?;
        let opened = opened.map_err(|error: std::io::Error| failed(error.to_string()))?;
        let (file, size) = opened.ok_or_else(|| {
            failed("it is no plain file; only those can be uploaded, one by one".to_owned())
        })?;
        let file = Arc::new(Mutex::new(file));
        Ok(Self { name, size, file, asked: VecDeque::new(), reading: None })
    }

    pub(super) const fn name(&self) -> &SafeName {
        &self.name
    }

    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Asks for a piece; [`next_read`](Self::next_read) gives it.
    pub(super) fn read(&mut self, offset: u64, len: u64) {
        self.asked.push_back((offset, len));
    }

    /// The next piece; for ever if none was asked for. Nothing is lost if this is dropped.
    pub(super) async fn next_read(&mut self) -> Piece {
        if self.reading.is_none() {
            let Some((offset, len)) = self.asked.pop_front() else {
                return std::future::pending().await;
            };
            let file = Arc::clone(&self.file);
            self.reading = Some(tokio::task::spawn_blocking(move || {
                (offset, read(&file, offset, len).map_err(|error| error.to_string()))
            }));
        }
        let Some(reading) = &mut self.reading else { return std::future::pending().await };
        let piece = reading.await;
        self.reading = None;
        piece.unwrap_or_else(|error| (0, Err(error.to_string())))
    }
}

fn name_of(path: &Path) -> Result<SafeName, PutError> {
    let why = "its name is no text in UTF-8; rename it".to_owned();
    let name = path.file_name().unwrap_or_default().to_str();
    let name = name.ok_or_else(|| PutError::File { path: shown(path), why })?;
    Ok(SafeName::new(name)?)
}

/// Reads `len` bytes, or fewer at the end of the file.
fn read(file: &Mutex<File>, offset: u64, len: u64) -> std::io::Result<Bytes> {
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    file.seek(SeekFrom::Start(offset))?;
    let mut data = Vec::new();
    (&mut *file).take(len).read_to_end(&mut data)?;
    Ok(data.into())
}
