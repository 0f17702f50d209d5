//! What pages fetch: files that have come, and what was said.
//!
//! Owns the answers. A file is always something to save, never something to show: what a peer sent
//! mustn't become a page of this address. It is opened beneath the folder where it was saved, and nothing
//! but a file right there is read, a piece at a time and as fast as it is taken.

use super::answer::{Failure, typed};
use super::ranges::{Part, part};
use super::server::{Heard, Number, Saved, Site};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_RANGE, RANGE,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use couplet_files::store::rooted::{Folder, Looked, look};
use futures::stream;
use rustix::fs::{FileType, OFlags};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

/// How much is read at once.
const PIECE: usize = 64 * 1024;
/// How many pieces may wait for the socket.
const PIECES: usize = 4;
/// What the conversation is called when it is saved.
const TRANSCRIPT: &str = "couplet.txt";

/// `GET /api/transcript`
pub(super) async fn transcript(State(site): State<Arc<Site>>) -> Result<Response, Failure> {
    let (answer, answered) = oneshot::channel();
    site.heard.send(Heard::Transcript { answer }).await.map_err(|_| Failure::ending())?;
    let text = answered.await.map_err(|_| Failure::ending())?;
    let mut response = typed("text/plain; charset=utf-8", text);
    response.headers_mut().insert(CONTENT_DISPOSITION, attachment(TRANSCRIPT));
    Ok(response)
}

/// `GET /api/received/ID`
pub(super) async fn file(
    State(site): State<Arc<Site>>,
    Number(transfer): Number,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let (answer, answered) = oneshot::channel();
    let wanted = Heard::Wanted { transfer, answer };
    site.heard.send(wanted).await.map_err(|_| Failure::ending())?;
    let saved = answered.await.map_err(|_| Failure::ending())?;
    let saved = saved.ok_or_else(|| Failure::unknown("there is no such file (any more)"))?;
    let name = saved.name.clone();
    let opened = spawn_blocking(move || open(&saved));
    let opened = opened.await.map_err(|_| Failure::unknown("it can't be read"))?;
    let (file, looked) = opened?;
    let tag = tag(&looked);
    let part = asked(&headers, looked.size, &tag);
    let (status, first, count) = match part {
        Part::Whole => (StatusCode::OK, 0, looked.size),
        Part::Of(first, last) => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Part::Nowhere => {
            let text = "the file has no such part";
            let failure = Failure::new(StatusCode::RANGE_NOT_SATISFIABLE, text);
            let mut response = failure.into_response();
            let whole = value(&format!("bytes */{}", looked.size));
            response.headers_mut().insert(CONTENT_RANGE, whole);
            return Ok(response);
        }
    };
    let body = if method == Method::HEAD { Body::empty() } else { streamed(file, first, count) };
    let mut response = typed("application/octet-stream", body);
    *response.status_mut() = status;
    let about = response.headers_mut();
    about.insert(CONTENT_LENGTH, count.into());
    about.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    about.insert(ETAG, value(&tag));
    about.insert(CONTENT_DISPOSITION, attachment(&name));
    if let Part::Of(first, last) = part {
        about.insert(CONTENT_RANGE, value(&format!("bytes {first}-{last}/{}", looked.size)));
    }
    Ok(response)
}

/// The part that is asked for, unless it is to go on from what was another file.
fn asked(headers: &HeaderMap, size: u64, tag: &str) -> Part {
    let Some(range) = headers.get(RANGE).and_then(|range| range.to_str().ok()) else {
        return Part::Whole;
    };
    if headers.get(IF_RANGE).is_some_and(|known| known.as_bytes() != tag.as_bytes()) {
        return Part::Whole;
    }
    part(range, size)
}

/// Opens it where it was saved. Whatever its sender has called it, it can't lead elsewhere.
fn open(saved: &Saved) -> Result<(File, Looked), Failure> {
    let name = saved.name.as_bytes();
    if matches!(name, b"" | b"." | b"..") || name.contains(&b'/') || name.contains(&0) {
        return Err(Failure::unknown("only what came by itself can be fetched"));
    }
    let unread = |error: io::Error| {
        Failure::unknown(format!("it can't be read where it was saved: {error}"))
    };
    let folder = Folder::root(&saved.directory).map_err(unread)?;
    // Nothing that could wait for ever is waited for.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = folder.file(name, flags, 0).map_err(unread)?;
    let looked = look(&file).map_err(unread)?;
    if looked.kind == FileType::RegularFile {
        Ok((file, looked))
    } else {
        Err(Failure::not_now("it is no file; open the folder that it is in"))
    }
}

/// Another one for another file, or the same file changed.
fn tag(looked: &Looked) -> String {
    let (secs, nanos) = (looked.mtime.0, looked.mtime.1);
    format!("\"{:x}-{secs:x}-{nanos:x}\"", looked.size)
}

/// Reads it on a thread of its own, no further ahead than some pieces.
fn streamed(mut file: File, first: u64, count: u64) -> Body {
    let (pieces, coming) = mpsc::channel::<io::Result<Bytes>>(PIECES);
    // It ends by itself: with the file, or when nobody takes the pieces any more.
    drop(spawn_blocking(move || {
        if let Err(error) = read(&mut file, first, count, &pieces) {
            let _ = pieces.blocking_send(Err(error));
        }
    }));
    Body::from_stream(stream::unfold(coming, async |mut coming| {
        coming.recv().await.map(|piece| (piece, coming))
    }))
}

fn read(
    file: &mut File,
    first: u64,
    count: u64,
    pieces: &mpsc::Sender<io::Result<Bytes>>,
) -> io::Result<()> {
    file.seek(SeekFrom::Start(first))?;
    let mut left = count;
    while left > 0 {
        let length = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let mut piece = vec![0; length];
        // A file that was cut meanwhile can't be answered any more: the connection ends.
        file.read_exact(&mut piece)?;
        left -= length as u64;
        if pieces.blocking_send(Ok(Bytes::from(piece))).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// Something to save, under this name: once for all, once for browsers of this century (RFC 6266).
fn attachment(name: &str) -> HeaderValue {
    let plain: String = name
        .chars()
        .map(|c| match c {
            '"' | '\\' | '%' | '/' => '_',
            ' '..='~' => c,
            _ => '_',
        })
        .collect();
    let mut exact = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            exact.push(char::from(byte));
        } else {
            // Writing to a string doesn't fail.
            let _ = write!(exact, "%{byte:02X}");
        }
    }
    value(&format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}"))
}

/// What is made of digits and visible letters.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

#[cfg(test)]
#[path = "received_tests.rs"]
mod tests;
