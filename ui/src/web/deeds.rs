//! What can be done for a page.
//!
//! Owns the one list of it: which of the app's effects are carried out, and how a page shows what a line
//! was to show. Which lines mean nothing on a page is the app's to say, in a sentence.

use super::server::TabId;
use super::wire::{self, Told};
use crate::engine::{Command, shelf as visit};
use crate::terminal::app::{Effect, Face, Sight};
use crate::terminal::commands::COMMANDS;
use couplet::session::Ending;
use std::path::PathBuf;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    /// Tell the engine.
    Engine(Command),
    /// Ask this at the shelf; the visit is begun if there is none.
    Shelf(visit::Command),
    /// End the visit to the shelf at once.
    EndVisit,
    /// Write this transcript into a new file.
    Save(PathBuf, String),
    /// This conversation is over.
    Quit(Ending),
    /// Show the downloads directory on the desktop, as this page asks.
    Folder(TabId),
    /// The program is to end once this conversation has.
    End,
}

impl Deed {
    /// What is left of `effect` on a page, if anything is.
    pub(super) fn of(effect: Effect) -> Option<Self> {
        match effect {
            Effect::Engine(command) => Some(Self::Engine(command)),
            Effect::Shelf(command) => Some(Self::Shelf(command)),
            Effect::EndVisit => Some(Self::EndVisit),
            Effect::Save(path, text) => Some(Self::Save(path, text)),
            Effect::Quit(ending) => Some(Self::Quit(ending)),
            // A page has a title, a sound and a clipboard of its own, and chooses files by itself; the
            // rest is drawing.
            Effect::List(_)
            | Effect::Look(_)
            | Effect::Probe { .. }
            | Effect::Bell
            | Effect::Notice(_)
            | Effect::Title(_)
            | Effect::Mouse(_)
            | Effect::Depict(_)
            | Effect::Copy(_)
            | Effect::Clear
            | Effect::Suspend
            | Effect::Edit(_) => None,
        }
    }
}

/// The commands that mean something on a page.
pub(super) fn commands() -> Vec<wire::Command> {
    let here = COMMANDS.iter().filter(|command| Face::Page.knows(command.name));
    here.map(|command| wire::Command { usage: command.usage, does: command.help }).collect()
}

/// Has a page show what a line was to show.
pub(super) fn show(sight: Sight) -> Told {
    let what = match sight {
        Sight::Help(words) => {
            let words = Some(words).filter(|words| !words.is_empty());
            return Told::Show { what: "help", id: None, words };
        }
        Sight::Transfers => "transfers",
        Sight::Transfer(id) => {
            return Told::Show { what: "transfer", id: Some(id.0), words: None };
        }
        Sight::Files => "files",
        Sight::Shelf => "shelf",
        Sight::Words => "words",
    };
    Told::Show { what, id: None, words: None }
}
