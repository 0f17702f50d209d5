//! The commands about what was said: to find it, to answer it, to take it elsewhere.
//!
//! Owns their rows of the table and what may follow them; what they do is in `app::reading`.

use super::super::quoting::{self, QuoteError};
use super::{Argument, Command, command};
use std::path::{Path, PathBuf};

/// What is to be done with what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Look for this in it.
    Find(String),
    /// Choose messages in it.
    Select,
    /// Answer the peer's last message, or the one that is so many back.
    Reply(usize),
    /// Put the last message on the clipboard, or the one that is so many back.
    Copy(usize),
    /// Write it into a file.
    Save(PathBuf),
}

/// What follows the command is nothing that it can take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Mistake {
    /// Something that should say how far back.
    #[error(
        "{command} takes how far back the message is, such as {command} 2 for the last but one, not {typed}"
    )]
    NoCount {
        /// The command.
        command: &'static str,
        /// What was typed.
        typed: String,
    },
    /// `/save` without a file, or with several.
    #[error("/save needs the name of one new file: /save conversation.txt")]
    NoFile,
    /// A path that isn't complete.
    #[error("{0}")]
    Quote(#[from] QuoteError),
}

pub(super) const FIND: Command = command(
    "/find",
    &["/search"],
    Argument::Said,
    "/find TEXT",
    "look for it in what was said, as Ctrl-F does",
);

pub(super) const SELECT: Command = command(
    "/select",
    &[],
    Argument::None,
    "/select",
    "choose messages to copy or to answer, as Alt-S does",
);

pub(super) const REPLY: Command = command(
    "/reply",
    &["/quote"],
    Argument::Said,
    "/reply [N]",
    "answer your peer's last message, or the Nth last, with its beginning quoted",
);

pub(super) const COPY: Command = command(
    "/copy",
    &[],
    Argument::Said,
    "/copy [N]",
    "ask the terminal to copy the last message, or the Nth last",
);

pub(super) const SAVE: Command = command(
    "/save",
    &[],
    Argument::Paths,
    "/save FILE",
    "write the conversation into a new file, as plain text",
);

/// What one of these commands means with `rest` after it.
pub(super) fn meaning(
    command: &'static str,
    rest: &str,
    home: Option<&Path>,
) -> Result<Wish, Mistake> {
    Ok(match command {
        "/select" => Wish::Select,
        "/find" => Wish::Find(rest.to_owned()),
        "/reply" => Wish::Reply(count(command, rest)?),
        "/copy" => Wish::Copy(count(command, rest)?),
        _ => {
            let [path]: [PathBuf; 1] =
                quoting::paths(rest, home)?.try_into().map_err(|_| Mistake::NoFile)?;
            Wish::Save(path)
        }
    })
}

fn count(command: &'static str, typed: &str) -> Result<usize, Mistake> {
    if typed.is_empty() {
        return Ok(1);
    }
    let count = typed.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| Mistake::NoCount { command, typed: typed.to_owned() })
}
