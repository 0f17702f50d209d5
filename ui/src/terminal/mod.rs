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
//! | `keys`, `commands`, `quoting` | what a key and a line mean |
//! | `view/`, `theme`, `wrap`, `units` | how it looks |
//! | `run`, `pacer`, `guard`, `clock`, `errands` | what happens: loop, frames, terminal modes, time, directories |

mod app;
mod clock;
mod commands;
mod conversation;
mod editor;
mod errands;
mod guard;
mod history;
mod keys;
mod pacer;
mod quoting;
mod run;
#[cfg(test)]
mod scenes;
#[cfg(test)]
mod stage;
mod theme;
mod transfers;
mod units;
mod view;
mod wrap;

use crate::engine::Engine;
use couplet::session::Ending;
use std::io;
use std::path::PathBuf;

/// What the face shows and can't know by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The relay's address, for the status line: `127.0.0.1:3647`.
    pub relay: String,
    /// Where received files go, for showing.
    pub downloads: PathBuf,
    /// How a peer joins, line by line, if there is more to say than the usual command.
    pub joining: Vec<String>,
}

/// What is left when the face has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// How the session ended.
    pub ending: Ending,
    /// What stood in the composer, neither sent nor held.
    pub draft: String,
}

/// The face couldn't go on. The terminal is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum FaceError {
    /// The terminal refused something, or there is none.
    #[error("the terminal can't be used ({0}); run couplet in a terminal, with nothing redirected")]
    Terminal(#[from] io::Error),
    /// The engine stopped without saying why.
    #[error("the session stopped unexpectedly; start couplet again, and please report it")]
    EngineGone,
}

/// Shows the session of `engine` in the terminal until it ends or the user leaves, and says how it
/// ended. Nothing is printed after that: the last sentence is the caller's.
///
/// The terminal is given back on every way out, a panic included. SIGTERM, SIGHUP and SIGINT leave
/// in order, within a second. Must run in a tokio runtime with time, I/O and blocking threads.
///
/// # Errors
/// [`FaceError`] if the terminal can't be used, or the engine is gone.
pub async fn run(engine: Engine, options: Options) -> Result<Left, FaceError> {
    run::run(engine, options).await
}
