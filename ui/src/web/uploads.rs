//! What pages send: the requests that bring it, and what becomes of it.
//!
//! Owns the table of batches. The rules are in [`batch`](super::batch), the writing in
//! [`landing`](super::landing), the directory in [`spool`](super::spool). Each piece of a body waits for
//! the disk before the next is read, so nothing piles up.

use super::answer::{Failure, json_answer};
use super::batch::{Batch, NotNow, Wanted};
use super::landing::{Ground, PIECES, Piece, cut};
use super::query;
use super::sending::Spent;
use super::server::{Heard, Number, Site, To, UploadId};
use super::spool::Spool;
use crate::clock;
use axum::body::{Body, to_bytes};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use couplet::transfer::entry::Stamp;
use futures::StreamExt as _;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::{sleep, timeout};

/// How many may be open at once.
pub(super) const MAX_UPLOADS: usize = 100;

/// The longest body that says where to send.
const MAX_WORDS: usize = 4096;

/// What pages have sent.
#[derive(Debug)]
pub(super) struct Uploads {
    spool: Spool,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    last: u64,
    uploads: BTreeMap<u64, Arc<Upload>>,
    has_ended: bool,
}

/// One of them.
#[derive(Debug)]
struct Upload {
    name: String,
    path: PathBuf,
    ground: Ground,
    batch: Mutex<Batch>,
}

impl Upload {
    fn batch(&self) -> MutexGuard<'_, Batch> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<NotNow> for Failure {
    fn from(reason: NotNow) -> Self {
        let text = reason.to_string();
        match reason {
            NotNow::TooMany => Self::too_much(text),
            NotNow::Gone => Self::unknown(text),
            NotNow::Taken | NotNow::Coming | NotNow::Empty => Self::not_now(text),
        }
    }
}

impl Uploads {
    /// None yet.
    pub(super) fn new(spool: Spool) -> Self {
        Self { spool, table: Mutex::default() }
    }

    /// Removes what isn't needed any more. It blocks.
    pub(super) fn release(&self, spent: &[Spent]) {
        for spent in spent {
            match spent {
                Spent::One(id, path) => {
                    if let (Ok(upload), Some(name)) = (self.find(id.0), path.file_name()) {
                        self.spool.remove_in(upload.ground.root(), name.as_bytes());
                    }
                }
                Spent::All(id) => {
                    let upload = self.table().uploads.remove(&id.0);
                    if let Some(upload) = upload.filter(|upload| upload.batch().remove()) {
                        self.spool.remove(&upload.name);
                    }
                }
            }
        }
    }

    /// Nobody needs any of them any more. Gives what is to be [removed](Self::remove).
    pub(super) fn let_go_of_all(&self) -> Vec<String> {
        let uploads = std::mem::take(&mut self.table().uploads);
        let gone = uploads.into_values().filter(|upload| upload.batch().remove());
        gone.map(|upload| upload.name.clone()).collect()
    }

    /// Removes these from the disk, and what was inherited. It blocks.
    pub(super) fn remove(&self, names: &[String]) {
        for name in names {
            self.spool.remove(name);
        }
        self.spool.disinherit();
    }

    /// What has come stays on the disk when the program ends: it is needed to go back.
    pub(super) fn stay(&self) {
        self.spool.stay();
    }

    /// Whether it does.
    pub(super) fn stays(&self) -> bool {
        self.spool.stays()
    }

    /// Removes them all, and lets no more begin. It blocks.
    pub(super) fn end(&self) {
        self.table().has_ended = true;
        self.let_go_of_all();
        self.spool.clear();
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, id: u64) -> Result<Arc<Upload>, Failure> {
        let unknown = || Failure::unknown("there is no such upload (any more)");
        self.table().uploads.get(&id).cloned().ok_or_else(unknown)
    }

    fn begin(&self) -> Result<u64, Failure> {
        let id = {
            let mut table = self.table();
            if table.has_ended {
                return Err(Failure::ending());
            }
            table.last += 1;
            table.last
        };
        let name = id.to_string();
        let (folder, path) = self.spool.make(&name).map_err(|error| Failure::of_disk(&error))?;
        let batch = Mutex::new(Batch::new(clock::now()));
        let upload = Arc::new(Upload { name, path, ground: Ground::new(folder), batch });
        let mut table = self.table();
        if table.has_ended || table.open() >= MAX_UPLOADS {
            drop(table);
            self.spool.remove(&upload.name);
            return Err(too_many());
        }
        table.uploads.insert(id, upload);
        Ok(id)
    }

    /// Removes one if its page has left it; else says when to ask again, if it is still the page's. It
    /// blocks.
    fn forget(&self, id: u64, after: Duration) -> Option<Duration> {
        let upload = self.find(id).ok()?;
        let now = clock::now();
        let mut batch = upload.batch();
        let at = batch.forgotten_at(after, now)?;
        if at > now {
            return Some(at.since(now));
        }
        batch.remove();
        drop(batch);
        self.table().uploads.remove(&id);
        self.spool.remove(&upload.name);
        None
    }

    /// Brings one file to the disk. It blocks.
    fn land(
        &self,
        upload: &Upload,
        wanted: &Wanted,
        modified: Option<Stamp>,
        pieces: mpsc::Receiver<Piece>,
    ) -> Result<(), Failure> {
        let (unneeded, landed) = upload.ground.land(wanted, modified, pieces);
        let mut batch = upload.batch();
        let was_thrown_away = batch.is_gone();
        let remove = batch.ends(unneeded, clock::now());
        drop(batch);
        if remove {
            self.spool.remove(&upload.name);
        }
        if was_thrown_away { Err(NotNow::Gone.into()) } else { landed }
    }
}

impl Table {
    fn open(&self) -> usize {
        self.uploads.values().filter(|upload| upload.batch().is_open()).count()
    }
}

fn too_many() -> Failure {
    Failure::not_now("there are 100 uploads open already; send them or throw them away first")
}

/// `POST /api/uploads`
pub(super) async fn begin(State(site): State<Arc<Site>>) -> Result<Response, Failure> {
    let at = Arc::clone(&site);
    let id = spawn_blocking(move || at.uploads.begin()).await.map_err(broken)??;
    tokio::spawn(forget_later(Arc::downgrade(&site), id));
    Ok(json_answer(&json!({ "id": id })))
}

/// Removes an upload once its page has left it: closed or crashed, it can't say so.
async fn forget_later(site: Weak<Site>, id: u64) {
    loop {
        let Some(open) = site.upgrade() else { return };
        let after = open.patience.upload;
        let forgotten = spawn_blocking(move || open.uploads.forget(id, after)).await;
        let Ok(Some(wait)) = forgotten else { return };
        sleep(wait).await;
    }
}

/// `PUT /api/uploads/ID?path=…&modified=…`
pub(super) async fn put(
    State(site): State<Arc<Site>>,
    Number(id): Number,
    RawQuery(query): RawQuery,
    body: Body,
) -> Result<Response, Failure> {
    let query = query.as_deref();
    let wrong = |error: query::Malformed| Failure::wrong(error.to_string());
    let path = query::value(query, "path").map_err(wrong)?;
    let path = path.ok_or_else(|| Failure::wrong("say where it goes, by ?path="))?;
    let wanted = Wanted::new(&path).map_err(Failure::wrong)?;
    let modified = query::value(query, "modified").map_err(wrong)?;
    let modified = modified.map(|modified| stamp(&modified)).transpose()?;
    let upload = site.uploads.find(id)?;
    upload.batch().begins(wanted.path.parts().count(), clock::now())?;
    let (pieces, coming) = mpsc::channel(PIECES);
    let patience = site.patience.body;
    // From here on the thread ends what began, even if this is dropped.
    let landing = spawn_blocking(move || site.uploads.land(&upload, &wanted, modified, coming));
    let came = feed(body, &pieces, patience).await;
    drop(pieces);
    let landed = landing.await.map_err(broken)?;
    // What the disk said comes first: the body may have been cut because of it.
    match came {
        Ok(()) | Err(Fed::NoMoreWanted) => landed?,
        Err(Fed::Cut) => return Err(cut()),
    }
    Ok(json_answer(&json!({})))
}

/// Why a body wasn't handed over to its end.
enum Fed {
    Cut,
    NoMoreWanted,
}

async fn feed(body: Body, pieces: &mpsc::Sender<Piece>, patience: Duration) -> Result<(), Fed> {
    let mut body = body.into_data_stream();
    while let Some(piece) = timeout(patience, body.next()).await.map_err(|_| Fed::Cut)? {
        let piece = Piece::Some(piece.map_err(|_| Fed::Cut)?);
        pieces.send(piece).await.map_err(|_| Fed::NoMoreWanted)?;
    }
    pieces.send(Piece::End).await.map_err(|_| Fed::NoMoreWanted)
}

/// Milliseconds since 1970 as a file system has them.
fn stamp(text: &[u8]) -> Result<Stamp, Failure> {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok());
    let millis = number.ok_or_else(|| Failure::wrong("modified isn't a number of milliseconds"))?;
    let nanos = u32::try_from(millis.rem_euclid(1000) * 1_000_000).unwrap_or(0);
    Ok(Stamp(millis.div_euclid(1000), nanos))
}

#[derive(Deserialize)]
struct Words {
    to: To,
    meeting: Option<u64>,
}

/// `POST /api/uploads/ID/send`
pub(super) async fn send(
    State(site): State<Arc<Site>>,
    Number(id): Number,
    body: Body,
) -> Result<Response, Failure> {
    let words = timeout(site.patience.body, to_bytes(body, MAX_WORDS)).await;
    let words = words.map_err(|_| cut())?;
    let words = words.map_err(|_| Failure::too_much("that is more than says where it goes"))?;
    let Words { to, meeting } = serde_json::from_slice(&words)
        .map_err(|_| Failure::wrong("say {\"to\":\"peer\"} or {\"to\":\"shelf\"}"))?;
    let upload = site.uploads.find(id)?;
    upload.batch().ask()?;
    // In a task of its own: it is handed over or not, whether the page waits for it or not.
    let asked = tokio::spawn(async move {
        let handed = hand_over(&site, UploadId(id), &upload, to, meeting).await;
        upload.batch().answered(handed.is_ok(), clock::now());
        handed
    });
    asked.await.map_err(broken)??;
    Ok(json_answer(&json!({})))
}

async fn hand_over(
    site: &Site,
    id: UploadId,
    upload: &Arc<Upload>,
    to: To,
    meeting: Option<u64>,
) -> Result<(), Failure> {
    let of = Arc::clone(upload);
    let entries = spawn_blocking(move || {
        let mut names = of.ground.root().names();
        names.sort();
        let paths = names.into_iter().map(|name| of.path.join(OsString::from_vec(name)));
        paths.collect::<Vec<_>>()
    });
    let entries = entries.await.map_err(broken)?;
    if entries.is_empty() {
        return Err(NotNow::Empty.into());
    }
    let (answer, answered) = oneshot::channel();
    let ready = Heard::Ready { upload: id, entries, to, meeting, answer };
    site.heard.send(ready).await.map_err(|_| Failure::ending())?;
    answered.await.map_err(|_| Failure::ending())?.map_err(Failure::not_now)
}

/// `DELETE /api/uploads/ID`
pub(super) async fn discard(
    State(site): State<Arc<Site>>,
    Number(id): Number,
) -> Result<Response, Failure> {
    let upload = site.uploads.find(id)?;
    let remove = upload.batch().discard()?;
    site.uploads.table().uploads.remove(&id);
    if remove {
        spawn_blocking(move || site.uploads.spool.remove(&upload.name)).await.map_err(broken)?;
    }
    Ok(json_answer(&json!({})))
}

/// A thread has panicked, which doesn't happen.
fn broken(_: JoinError) -> Failure {
    Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "couplet stumbled over it; try again")
}

#[cfg(test)]
#[path = "uploads_tests.rs"]
mod tests;
