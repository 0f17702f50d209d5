//! The terminal face: the conversation, the transfers, a composer and a status line, drawn with
//! ratatui.
//!
//! Owns the screen and the keyboard while it runs. It says [`Command`](crate::engine::Command)s to
//! the engine and hears [`Event`](crate::engine::Event)s from it; it sees no socket and no
//! transfer's file.
//!
//! ```text
//! keys, signals ─┐                                     ┌─> engine
//!                ├─ run ──> app (pure: update) ──> run ┤
//! engine ────────┘           │                         └─> file names
//!                            └──> view (pure: draw) ──> terminal
//! ```
//!
//! | file | what it owns |
//! | --- | --- |
//! | `app/` | the state of the screen and the rules of its keys |
//! | `conversation`, `transfers`, `editor`, `history` | the parts of that state |
//! | `shelf`, `visiting` | what is known of the relay's shelf, and the visit to it |
//! | `unfinished` | what wasn't through at the end |
//! | `wording` | what offers are called, and what the disk says of them |
//! | `needle`, `links` | what is looked for in texts; addresses in them |
//! | `keys`, `commands`, `quoting` | what a key and a line mean |
//! | `view/`, `theme/`, `wrap`, `body` | how it looks |
//! | `dress`, `outcry` | what was chosen of looks and calls; the desktop and the title |
//! | `prompt` | the screen that asks for a code, before there is a session |
//! | `rehearsal` | the way in for a benchmark |
//! | `run`, `ask`, `shell`, `pacer`, `canvas`, `guard`, `clock`, `errands` | what happens: loops, frames and their bytes, terminal modes, time, directories |
//! | `picker`, `looking` | files to choose from, and looking at them |
//! | `pictures/` | received pictures, made fit for the terminal |
//! | `outside` | the user's own editor, while it has the terminal |
//! | `linear/` | the same conversation line by line, without a screen |

pub(crate) mod app;
mod ask;
mod body;
mod canvas;
pub(crate) mod clock;
pub(crate) mod commands;
pub(crate) mod conversation;
mod dress;
mod editor;
pub(crate) mod errands;
mod guard;
mod history;
mod keys;
mod linear;
mod links;
mod looking;
mod needle;
mod outcry;
mod outside;
mod pacer;
mod picker;
pub(crate) mod pictures;
mod prompt;
mod quoting;
mod rehearsal;
mod run;
#[cfg(test)]
pub(crate) mod scenes;
pub(crate) mod shelf;
mod shell;
#[cfg(test)]
pub(crate) mod stage;
pub(crate) mod theme;
pub(crate) mod transfers;
pub(crate) mod unfinished;
pub(crate) mod view;
pub(crate) mod visiting;
pub(crate) mod wording;
mod wrap;

pub use app::Next;
pub use prompt::Answer;
#[doc(hidden)]
pub use rehearsal::Rehearsal;
pub(crate) use theme::Palette;

use crate::config::{Looks, exit};
use crate::engine::Engine;
use crate::meeting::{Hosted, Meeting};
use couplet::session::Ending;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

/// What the face shows and can't know by itself.
#[derive(Debug, Clone)]
pub struct Options {
    /// The way to the relay's shelf, which is the conversation's: the relay's address, what is done about
    /// names that are taken, and the limit for transfers are shown, too.
    pub visit: crate::engine::shelf::Options,
    /// Where received files go, for showing.
    pub downloads: PathBuf,
    /// How the user started this program, so that a friend can do the same: `couplet chat`.
    pub started_as: String,
    /// Where the relay is reached, if it is this client's own.
    pub hosted: Option<Hosted>,
    /// Whom the user wants to meet, for telling the friend.
    pub meeting: Meeting,
    /// What stands in the composer at first.
    pub draft: String,
    /// Whether the conversation can be gone back to with `--last`.
    pub keeps: bool,
}

/// What is left when a conversation has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// How the session ended.
    pub ending: Ending,
    /// What was said and never reached the engine, oldest first.
    pub unsaid: Vec<String>,
    /// What stood in the composer, neither sent nor held.
    pub draft: String,
    /// A line for each transfer that wasn't through.
    pub unfinished: Vec<String>,
    /// A line for each transcript that couldn't be written, as far as the user can't have seen that.
    pub unwritten: Vec<String>,
    /// Whether the program is ended from outside, and the conversation isn't: it can be gone back to.
    pub closed: bool,
    /// The exit status that says so, if the program was ended from outside.
    pub ended_by: Option<u8>,
    /// Where the user wants to go on, if not out.
    pub next: Option<Next>,
    /// The limit for transfers as it was last: bytes a second, or none.
    pub limit: Option<u64>,
}

/// The face couldn't go on. The terminal is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum FaceError {
    /// The terminal refused something, or there is none.
    #[error("the terminal can't be used ({0}); run couplet in another, or line by line: --plain")]
    Terminal(#[from] io::Error),
    /// The code was asked for, and there was no line with an answer.
    #[error("no code was given; give it on the command line, or in COUPLET_CODE")]
    NoCode,
    /// The engine stopped without saying why.
    #[error("the session stopped unexpectedly; start couplet again, and please report it")]
    EngineGone,
}

impl FaceError {
    /// The exit status that says so.
    #[must_use]
    pub const fn status(&self) -> u8 {
        match self {
            Self::Terminal(_) => exit::NO_TERMINAL,
            Self::NoCode => exit::USAGE,
            Self::EngineGone => exit::FAILURE,
        }
    }
}

/// Whether there is no screen to draw on: standard input or output is no terminal, or one that can
/// do nothing, as `variable` says.
pub fn has_lines_only(variable: impl Fn(&str) -> Option<String>) -> bool {
    let is_dumb = variable("TERM").is_none_or(|term| matches!(term.as_str(), "" | "dumb"));
    is_dumb || !io::stdin().is_terminal() || !io::stdout().is_terminal()
}

/// The terminal, held for the face's screens.
///
/// It is given back when this is dropped and on every other way out, a panic included. SIGTERM,
/// SIGHUP and SIGINT leave in order, within a second; within three if SIGINT is Ctrl-C. Nothing is printed: the last sentence is the
/// caller's, once the terminal is back. Needs a tokio runtime with time, I/O and blocking threads.
#[derive(Debug)]
pub struct Terminal {
    shell: Shell,
    /// What was said in the conversations before.
    past: app::Past,
    dress: dress::Dress,
}

/// How it is held.
#[derive(Debug)]
enum Shell {
    Screen(Box<shell::Shell>),
    Lines(Box<linear::Shell>),
}

impl Terminal {
    /// Takes the terminal; `looks` say how it is to look and to call. It is drawn on, or standard input
    /// is read and standard output written `line_by_line`.
    ///
    /// # Errors
    /// [`FaceError`] if it can't be used.
    pub fn open(looks: &Looks, line_by_line: bool) -> Result<Self, FaceError> {
        let dress = dress::Dress::new(looks, |name| std::env::var(name));
        let shell = if line_by_line {
            Shell::Lines(Box::new(linear::Shell::open()?))
        } else {
            Shell::Screen(Box::new(shell::Shell::open(&dress)?))
        };
        Ok(Self { shell, past: app::Past::default(), dress })
    }

    /// Asks the user for the code to meet by at `relay`.
    ///
    /// # Errors
    /// [`FaceError`] if the terminal can't be used.
    pub async fn ask(&mut self, relay: &str) -> Result<Answer, FaceError> {
        match &mut self.shell {
            Shell::Screen(shell) => ask::ask(shell, relay, self.dress.theme).await,
            Shell::Lines(shell) => linear::ask(shell, relay).await,
        }
    }

    /// Shows the session of `engine` until it ends or the user leaves it, and says how it ended.
    ///
    /// # Errors
    /// [`FaceError`] if the terminal can't be used, or the engine is gone.
    pub async fn talk(&mut self, engine: Engine, options: Options) -> Result<Left, FaceError> {
        let (options, past) = ((options, &self.dress), &mut self.past);
        match &mut self.shell {
            Shell::Screen(shell) => run::run(shell, engine, options, past).await,
            Shell::Lines(shell) => linear::run(shell, engine, options, past).await,
        }
    }
}
