//! What can be done without a screen.
//!
//! Owns both lists: which of the app's effects are carried out line by line, and which commands mean
//! nothing there.

use super::super::app::Effect;
use super::super::commands;
use crate::engine::{Command, shelf as visit};
use couplet::session::Ending;
use std::path::PathBuf;

/// Commands that need a screen.
const ON_SCREEN: &[&str] = &["/copy", "/mouse", "/preview", "/select"];

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
    /// Leave.
    Quit(Ending),
}

impl Deed {
    /// What is left of `effect` where there are only lines, if anything is.
    pub(super) fn of(effect: Effect) -> Option<Self> {
        match effect {
            Effect::Engine(command) => Some(Self::Engine(command)),
            Effect::Shelf(command) => Some(Self::Shelf(command)),
            Effect::EndVisit => Some(Self::EndVisit),
            Effect::Save(path, text) => Some(Self::Save(path, text)),
            Effect::Quit(ending) => Some(Self::Quit(ending)),
            // There is no bell in a line of text, no clipboard or title to be asked for, and nothing
            // is drawn, pasted or completed.
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

/// Whether this command, by its own name, means nothing line by line.
pub(super) fn needs_screen(name: &str) -> bool {
    ON_SCREEN.contains(&name)
}

/// Why what was entered can't be done line by line, if that is a command that can't.
pub(super) fn refusal(line: &str) -> Option<String> {
    let found = line.split_whitespace().next().and_then(commands::find)?;
    let name = found.name;
    if name == "/copy" {
        let text = "line by line there is no clipboard; /save FILE writes the conversation into a \
                    file";
        return Some(text.to_owned());
    }
    needs_screen(name).then(|| format!("{name} is for the screen, and line by line there is none"))
}
