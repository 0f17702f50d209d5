//! The server of the page: an address of this machine, and what comes to it.
//!
//! Owns the table of addresses and what the face's loop hears. Every request goes by the
//! [`guard`](super::guard) first. Nothing is decided here about the line: what pages say and want is
//! handed to the loop, and while that is busy, HTTP waits.

use super::answer::{Failure, dress, typed};
use super::assets::{self, PAGE};
use super::guard::{self, Keys, Refusal};
use super::sending::Spent;
use super::spool::Spool;
use super::tabs::{self, MAX_TABS};
use super::uploads::{self, Uploads};
use super::{accepting, query, received};
use crate::clock;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::header::{CONNECTION, LOCATION, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use serde::Deserialize;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::{JoinHandle, spawn_blocking};

/// How much may wait for the loop.
const HEARD: usize = 64;

/// One web socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TabId(pub(crate) u64);

/// Something that a page sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct UploadId(pub(crate) u64);

/// A number in an address, written as it is and not otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number(pub(super) u64);

/// Where something is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum To {
    /// To the peer, as an offer for each file and folder.
    Peer,
    /// On the relay's shelf.
    Shelf,
}

/// Where a file was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Saved {
    /// The directory, which is the user's own word.
    pub(crate) directory: PathBuf,
    /// What it is called there: one name.
    pub(crate) name: String,
}

/// What the loop hears of pages.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A page has come. It is told what is sent here; if that is dropped, its socket is closed, and it
    /// comes back by itself. So the loop never waits for a page: it lets go of one whose queue is full.
    Opened {
        /// Its number, which no other has had.
        tab: TabId,
        /// What it is to be told: one message each.
        telling: mpsc::Sender<Arc<str>>,
    },
    /// It has gone.
    Closed {
        /// Which one.
        tab: TabId,
    },
    /// It says something: as it came, at most 256 KiB.
    Said {
        /// Which one.
        tab: TabId,
        /// What.
        text: String,
    },
    /// Something has come whole from a page, and is to be sent. What is taken stays until
    /// [`Server::release`].
    Ready {
        /// Which one.
        upload: UploadId,
        /// Whole paths of what is at its top, in order of their names.
        entries: Vec<PathBuf>,
        /// Where it is to go.
        to: To,
        /// In which conversation, if the page says so.
        meeting: Option<u64>,
        /// Whether it is taken; else a sentence why it isn't, and it stays the page's.
        answer: oneshot::Sender<Result<(), String>>,
    },
    /// A page fetches the file that a transfer brought.
    Wanted {
        /// Which transfer.
        transfer: u64,
        /// Where it is, if there is one.
        answer: oneshot::Sender<Option<Saved>>,
    },
    /// A page saves what was said.
    Transcript {
        /// As a text.
        answer: oneshot::Sender<String>,
    },
}

/// How long is waited for whoever is slow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For the whole head of a request, or its beginning.
    pub(super) head: Duration,
    /// For the next piece of its body.
    pub(super) body: Duration,
    /// For more of an upload, before its page is taken to have left it.
    pub(super) upload: Duration,
    /// Between two pings of a web socket.
    pub(super) ping: Duration,
    /// For anything from a web socket, such as the answer to a ping.
    pub(super) silence: Duration,
    /// For a web socket to take the word that it is closed.
    pub(super) goodbye: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_mins(1),
            upload: Duration::from_mins(10),
            ping: Duration::from_secs(20),
            silence: Duration::from_mins(1),
            goodbye: Duration::from_secs(2),
        }
    }
}

/// The page can't be served. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// Somebody else listens there, or nobody may.
    #[error("the page can't be served at {address}: {error}; give another address with --listen")]
    Listen {
        /// Where.
        address: String,
        /// Why.
        error: io::Error,
    },
    /// No directory for what pages send.
    #[error(
        "there is no place for what the page sends: {0}; say where with the variable XDG_CACHE_HOME"
    )]
    Spool(io::Error),
}

/// What every request may need.
#[derive(Debug)]
pub(super) struct Site {
    port: u16,
    keys: Keys,
    /// To the loop.
    pub(super) heard: mpsc::Sender<Heard>,
    /// What pages send.
    pub(super) uploads: Uploads,
    /// A permit for each page that may still come.
    pub(super) tabs: Arc<Semaphore>,
    /// The number of the last page.
    pub(super) last_tab: AtomicU64,
    /// How long is waited.
    pub(super) patience: Patience,
    /// Changes when the server ends.
    pub(super) ending: watch::Receiver<()>,
}

/// The page's server; it listens as long as this lives.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    site: Arc<Site>,
    accepting: JoinHandle<()>,
    /// Dropped at the end, for the web sockets.
    _ending: watch::Sender<()>,
}

impl Server {
    /// Listens at `listen`; if none is given at 127.0.0.1:8080, or the next free port. What pages send
    /// goes to a directory in `spool` meanwhile; see [`Spool::default_dir`]. What another program has left
    /// there stays if any of the paths `needed` is in it.
    pub(crate) async fn start(
        listen: Option<SocketAddr>,
        spool: PathBuf,
        needed: Vec<PathBuf>,
    ) -> Result<(Self, mpsc::Receiver<Heard>), StartError> {
        Self::start_with(listen, spool, needed, Patience::default()).await
    }

    /// The same, with another patience.
    pub(super) async fn start_with(
        listen: Option<SocketAddr>,
        spool: PathBuf,
        needed: Vec<PathBuf>,
        patience: Patience,
    ) -> Result<(Self, mpsc::Receiver<Heard>), StartError> {
        let unheard = |error| StartError::Listen {
            address: listen.map_or_else(|| "127.0.0.1".to_owned(), |address| address.to_string()),
            error,
        };
        let listener = accepting::listen(listen).await.map_err(unheard)?;
        let address = listener.local_addr().map_err(unheard)?;
        let spool = spawn_blocking(move || Spool::open(&spool, &needed, clock::random));
        let spool = spool.await.map_err(io::Error::other).and_then(|spool| spool);
        let (spool, leftovers) = spool.map_err(StartError::Spool)?;
        // Nobody waits for it; what isn't gone at the end goes with the next start.
        drop(spawn_blocking(move || leftovers.remove()));
        let (heard, hearing) = mpsc::channel(HEARD);
        let (ending, ended) = watch::channel(());
        let site = Arc::new(Site {
            port: address.port(),
            keys: Keys::new(address.port(), clock::entropy),
            heard,
            uploads: Uploads::new(spool),
            tabs: Arc::new(Semaphore::new(MAX_TABS)),
            last_tab: AtomicU64::new(0),
            patience,
            ending: ended,
        });
        let router = router(Arc::clone(&site));
        let accepting = tokio::spawn(accepting::accept(listener, router, patience));
        Ok((Self { address, site, accepting, _ending: ending }, hearing))
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address that lets a browser in, as long as the program runs.
    pub(crate) fn url(&self) -> String {
        self.url_with(self.site.keys.key())
    }

    /// An address that lets a browser in once: for a command line, which everybody on this machine can
    /// read.
    pub(crate) fn url_for_once(&self) -> String {
        self.url_with(&self.site.keys.once())
    }

    /// Removes what was taken of pages: it is across, or won't be.
    pub(crate) fn release(&self, spent: Vec<Spent>) {
        if !spent.is_empty() {
            let site = Arc::clone(&self.site);
            drop(spawn_blocking(move || site.uploads.release(&spent)));
        }
    }

    /// What has come from pages stays when the program ends: it is needed to go back.
    pub(crate) fn leave_uploads(&self) {
        self.site.uploads.stay();
    }

    /// Removes all that has come and still comes from pages, unless it is needed to go back.
    pub(crate) fn release_all(&self) {
        if self.site.uploads.stays() {
            return;
        }
        let uploads = self.site.uploads.let_go_of_all();
        let site = Arc::clone(&self.site);
        drop(spawn_blocking(move || site.uploads.remove(&uploads)));
    }

    /// What requests see.
    #[cfg(test)]
    pub(super) fn site(&self) -> &Site {
        &self.site
    }

    fn url_with(&self, key: &str) -> String {
        let ip = match self.address.ip() {
            // All addresses of this machine: this is one that is always there.
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
        };
        format!("http://{}/?key={key}", SocketAddr::new(ip, self.address.port()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
        self.site.uploads.end();
    }
}

fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/client-interface.html", get(page))
        .route("/assets/{name}", get(asset))
        .route("/api/line", get(tabs::line))
        .route("/api/uploads", post(uploads::begin))
        .route("/api/uploads/{id}", put(uploads::put).delete(uploads::discard))
        .route("/api/uploads/{id}/send", post(uploads::send))
        .route("/api/received/{id}", get(received::file))
        .route("/api/transcript", get(received::transcript))
        .fallback(async || unknown())
        .method_not_allowed_fallback(async || {
            Failure::new(StatusCode::METHOD_NOT_ALLOWED, "that can't be done with this address")
        })
        .layer(from_fn_with_state(Arc::clone(&site), gate))
        .with_state(site)
}

/// What everything goes by, in and out.
async fn gate(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    dress(match admitted(&site, &parts) {
        Ok(None) => next.run(Request::from_parts(parts, body)).await,
        Ok(Some(cookie)) => {
            let headers = [(LOCATION, HeaderValue::from_static("/")), (SET_COOKIE, cookie)];
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        Err(refusal) => refused(&parts, refusal),
    })
}

/// Whether a request is served; with a cookie if it shows the key instead.
fn admitted(site: &Site, request: &Parts) -> Result<Option<HeaderValue>, Refusal> {
    guard::admits(request, site.port)?;
    if request.uri.path() == "/" {
        let key = query::value(request.uri.query(), "key").map_err(|_| Refusal::Key)?;
        if let Some(key) = key {
            let key = String::from_utf8(key).map_err(|_| Refusal::Key)?;
            let cookie = HeaderValue::try_from(site.keys.cookie_for(&key)?);
            return cookie.map(Some).map_err(|_| Refusal::Key);
        }
    }
    site.keys.are_known_by(&request.headers)?;
    Ok(None)
}

fn refused(request: &Parts, refusal: Refusal) -> Response {
    let mut response = if request.uri.path().starts_with("/api/") {
        Failure::new(StatusCode::FORBIDDEN, refusal.to_string()).into_response()
    } else {
        let mut response = typed("text/plain; charset=utf-8", format!("couplet: {refusal}\n"));
        *response.status_mut() = StatusCode::FORBIDDEN;
        response
    };
    // What else comes on this connection isn't read, such as the body of this.
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn unknown() -> Failure {
    Failure::unknown("there is nothing at this address")
}

async fn page() -> Result<Response, Failure> {
    file(PAGE)
}

async fn asset(name: Result<Path<String>, PathRejection>) -> Result<Response, Failure> {
    file(&name.map_err(|_| unknown())?)
}

fn file(name: &str) -> Result<Response, Failure> {
    let asset = assets::asset(name).ok_or_else(unknown)?;
    Ok(typed(asset.kind, asset.bytes))
}

impl<S: Sync> FromRequestParts<S> for Number {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let text = Path::<String>::from_request_parts(parts, &()).await;
        let Path(text) = text.map_err(|_| unknown())?;
        let number: u64 = text.parse().map_err(|_| unknown())?;
        if number.to_string() == text { Ok(Self(number)) } else { Err(unknown()) }
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
