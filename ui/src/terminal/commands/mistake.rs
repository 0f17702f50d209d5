//! Lines that aren't understood: what is wrong, what was expected, what to do.

use super::super::quoting::QuoteError;
use couplet::code::CodeError;
use couplet::path::NameError;

/// A line that hasn't been understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Mistake {
    /// No such command, but one that is nearly the same.
    #[error("there is no {typed}; did you mean {meant}? (//{rest} says it to the peer)", rest = &typed[1..])]
    Typo {
        /// What was typed.
        typed: String,
        /// What it is near to.
        meant: &'static str,
    },
    /// No such command.
    #[error("there is no command {typed}; F1 lists them (//{rest} says it to the peer)", rest = &typed[1..])]
    Unknown {
        /// What was typed.
        typed: String,
    },
    /// What leaves when it is written in small letters.
    #[error("fin in small letters leaves; to say {typed}, write something beside it")]
    Fin {
        /// What was typed.
        typed: String,
    },
    /// `/get` without a name.
    #[error(
        "/get needs the name of a file on the shelf: /get NAME (Tab completes it, F3 shows all)"
    )]
    NoName,
    /// `/get` with what no file on a shelf is called.
    #[error("no file on a shelf is called that: {0}")]
    Name(#[from] NameError),
    /// `/shelf` with what no account is called.
    #[error(
        "/shelf takes nothing after it, or the name of an account, such as /shelf ann, not {typed}; /get \
         fetches, /put lays down (couplet shelf --help tells the rest)"
    )]
    NoUser {
        /// What was typed.
        typed: String,
    },
    /// Something that should be a transfer's number.
    #[error("{command} takes a transfer's number, such as {command} 1, not {typed}")]
    NoNumber {
        /// The command.
        command: &'static str,
        /// What was typed.
        typed: String,
    },
    /// Something that should be a transfer's number or one of a few words.
    #[error("{command} takes a transfer's number and {words}, such as {example}, not {typed}")]
    NoWord {
        /// The command.
        command: &'static str,
        /// What it can be followed by.
        words: &'static str,
        /// What was typed.
        typed: String,
        /// How it is used.
        example: &'static str,
    },
    /// Something that should be a speed.
    #[error(
        "/limit takes bytes a second, such as /limit 500K, /limit 5M or /limit 1G; /limit off takes \
         it away"
    )]
    NoRate,
    /// Something that should be on or off.
    #[error("{command} takes on or off, such as {command} on")]
    NoSwitch {
        /// The command.
        command: &'static str,
    },
    /// A command that takes nothing was given something.
    #[error("{command} takes nothing after it; send it alone on its line")]
    TooMuch {
        /// The command.
        command: &'static str,
    },
    /// `/code` with something that isn't one.
    #[error("{0}")]
    Code(#[from] CodeError),
    /// A command about what was said, with something that it can't take.
    #[error("{0}")]
    Read(#[from] super::reading::Mistake),
    /// A path that isn't complete.
    #[error("{0}")]
    Quote(#[from] QuoteError),
    /// More than one line.
    #[error("{command} must be alone on one line; a message can't start with it ({escaped} can)", escaped = format!("/{command}"))]
    ManyLines {
        /// The command.
        command: &'static str,
    },
}
