//! The browser face: the line as a page that this program serves to this machine's browser.
//!
//! The page's side of it is in `docs/WEB-API.md`. The rules of the conversation are those of the
//! terminal's pure [`App`](crate::terminal), which is drawn as messages instead of cells.
//!
//! ```text
//! pages ── server (HTTP, web sockets) ──> run ──> page (pure: actions in, events out) ──> run ──> pages
//! engine ───────────────────────────────> run ──> page's app
//! ```
//!
//! | module | owns |
//! | --- | --- |
//! | `page`, `shown/`, `wire` | what pages say and are told; pure |
//! | `deeds`, `files`, `pace` | what can be done for a page; which files may go; how often it is told; pure |
//! | `run`, `asking`, `audience`, `signals` | what happens: the loops, the open pages, signals |
//! | `saying` | what pages say, once each; pure |
//! | `sending` | what is still needed of what pages have sent; pure |
//! | `server`, `accepting` | listening, the addresses; its connections |
//! | `guard` | who may ask; pure |
//! | `tabs` | the web socket of one page |
//! | `uploads`, `batch`, `landing`, `spool` | what pages send, on its way to the disk |
//! | `received`, `ranges` | what pages fetch |
//! | `answer`, `query` | headers, failures; what stands in an address |
//! | `assets` | the page's files |
//! | `browser` | opening things on the desktop |

mod accepting;
mod answer;
mod asking;
mod assets;
mod audience;
mod batch;
mod browser;
mod deeds;
mod files;
mod guard;
mod landing;
#[cfg(all(test, target_os = "linux"))]
mod large_tests;
mod pace;
mod page;
mod query;
mod ranges;
mod received;
mod run;
mod saying;
mod sending;
mod server;
mod shown;
mod signals;
mod spool;
mod tabs;
#[cfg(test)]
mod testing;
mod uploads;
mod wire;

use crate::engine::Engine;
use crate::terminal::app::Past;
use crate::terminal::clock::Clock;
use crate::terminal::{Answer, FaceError, Left, Options};
use audience::Audience;
use saying::Saying;
use server::{Heard, Server};
use signals::Signals;
use spool::Spool;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc;
use wire::{Stage, Told};

/// How long pages may take to hear that it is over.
const GOODBYE: Duration = Duration::from_secs(1);

/// What pages are told of the program at first.
#[derive(Debug, Clone)]
pub struct About {
    /// How the user started it: `couplet web`.
    pub started_as: String,
    /// The relay's address.
    pub relay: String,
    /// Where received files go.
    pub downloads: PathBuf,
}

/// The page can't be served. What it says tells what to do.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// It can't be served.
    #[error("{0}")]
    Start(String),
    /// Signals can't be heard.
    #[error("signals can't be heard ({0})")]
    Signals(#[from] std::io::Error),
}

/// The page, served for as long as this lives, for one conversation after another.
#[derive(Debug)]
pub struct Web {
    server: Server,
    heard: mpsc::Receiver<Heard>,
    audience: Audience,
    signals: Signals,
    clock: Clock,
    about: About,
    past: Past,
    saying: Saying,
    /// What was said in the last conversation, to be saved.
    said: String,
    /// Whether somebody was there.
    met: bool,
    ended_by: Option<u8>,
    is_over: bool,
}

/// How a conversation ended, for pages.
#[derive(Debug, Clone, Copy)]
pub struct Over<'a> {
    /// One sentence.
    pub text: &'a str,
    /// A line for each file that wasn't through or written.
    pub unfinished: &'a [String],
}

impl Over<'_> {
    fn told(self, unsent: &[String], again: bool, met: bool) -> Told {
        Told::Ended {
            text: self.text.to_owned(),
            unfinished: self.unfinished.to_vec(),
            unsent: unsent.to_vec(),
            again,
            met,
            wrong: None,
        }
    }
}

impl Web {
    /// Serves the page at `listen`; if none is given at 127.0.0.1:8080, or the next free port. What pages
    /// had sent in another program stays as long as any of the paths `needed` is in it.
    ///
    /// # Errors
    /// [`WebError`] if it can't be served.
    pub async fn open(
        listen: Option<SocketAddr>,
        about: About,
        needed: Vec<PathBuf>,
    ) -> Result<Self, WebError> {
        let no_home = "there is no home directory, and so no place for what the page sends; say \
                       where with the variable XDG_CACHE_HOME";
        let spool = Spool::default_dir().ok_or_else(|| WebError::Start(no_home.to_owned()))?;
        let started = Server::start(listen, spool, needed).await;
        let (server, heard) = started.map_err(|error| WebError::Start(error.to_string()))?;
        let signals = Signals::catch()?;
        Ok(Self {
            server,
            heard,
            audience: Audience::default(),
            signals,
            clock: Clock::new(),
            about,
            past: Past::default(),
            saying: Saying::default(),
            said: String::new(),
            met: false,
            ended_by: None,
            is_over: false,
        })
    }

    /// The address to open, with the key in it.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Opens the page in the user's browser.
    ///
    /// # Errors
    /// Why it can't be opened.
    pub async fn show(&self) -> Result<(), String> {
        browser::open(self.server.url_for_once()).await
    }

    /// Whether the program is to end, as a page or a signal says.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.is_over || self.ended_by.is_some()
    }

    /// The exit status of a program that was ended from outside.
    #[must_use]
    pub const fn ended_by(&self) -> Option<u8> {
        self.ended_by
    }

    /// The last conversation is over for good: what pages have sent in it isn't needed any more.
    pub fn remove_uploads(&self) {
        self.server.release_all();
    }

    /// The last conversation can be gone back to, so what pages have sent is left where it is, even when the
    /// program ends.
    pub fn leave_uploads(&self) {
        self.server.leave_uploads();
    }

    /// Asks pages whom to meet.
    pub async fn ask(&mut self) -> Answer {
        let told = Told::Asking { relay: self.about.relay.clone(), wrong: None };
        asking::ask(self, Stage::Asking, told).await.0
    }

    /// Tells pages how the last conversation ended, and asks whom to meet next. What pages say too late
    /// goes to `unsent`.
    pub async fn ask_again(&mut self, over: Over<'_>, unsent: &mut Vec<String>) -> Answer {
        let told = over.told(unsent, true, self.met);
        let (answer, told) = asking::ask(self, Stage::Ended, told).await;
        if let Told::Ended { unsent: all, .. } = told {
            *unsent = all;
        }
        answer
    }

    /// Tells pages that it is all over, and waits until they have heard it, for a moment at most. What
    /// they say too late goes to `unsent`.
    pub async fn end(mut self, over: Over<'_>, unsent: &mut Vec<String>) {
        let told = over.told(unsent, false, self.met);
        self.audience.tell(page::To::All, &told);
        let mut open: BTreeSet<_> = self.audience.dismiss().into_iter().collect();
        let mut late = 0;
        let heard = async {
            while !open.is_empty()
                && let Some(heard) = self.heard.recv().await
            {
                match heard {
                    Heard::Closed { tab } => drop(open.remove(&tab)),
                    Heard::Said { text, .. } if late < asking::MOST_LATE => {
                        let text = asking::too_late(&text, &mut self.saying);
                        late += usize::from(text.is_some());
                        unsent.extend(text);
                    }
                    Heard::Said { .. }
                    | Heard::Opened { .. }
                    | Heard::Ready { .. }
                    | Heard::Wanted { .. }
                    | Heard::Transcript { .. } => {}
                }
            }
        };
        // Whoever is too slow finds out by itself.
        let _ = tokio::time::timeout(GOODBYE, heard).await;
    }

    /// Shows a conversation until it ends.
    ///
    /// # Errors
    /// [`FaceError`] if the engine stops without a word.
    pub async fn talk(&mut self, engine: Engine, options: Options) -> Result<Left, FaceError> {
        run::run(self, engine, options).await
    }

    /// `keeps`: whether the conversation can be gone back to.
    fn hello(&self, stage: Stage, meeting: u64, keeps: bool) -> Told {
        let line = |text: &str| couplet::text::line(text, 200);
        Told::Hello {
            v: wire::VERSION,
            stage,
            meeting,
            keeps,
            started_as: line(&self.about.started_as),
            relay: line(&self.about.relay),
            downloads: line(&self.about.downloads.to_string_lossy()),
            commands: deeds::commands(),
        }
    }
}
