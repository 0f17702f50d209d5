//! What goes into the face and what comes out of it.
//!
//! Owns the shapes only: [`App::update`](super::App::update) takes the one and gives the other.

use super::super::conversation::Columns;
use super::super::picker::{Found, Look};
use super::super::pictures::{Depict, Depicted};
use super::{Listing, ListingRequest, Mouse, Saved, Spots, Wish};
use crate::engine::{Command, Event, shelf as visit};
use couplet::session::Ending;
use crossterm::event::KeyEvent;
use std::path::PathBuf;

/// What happened.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The mouse was used.
    Mouse(Mouse),
    /// The terminal got the focus, or lost it.
    Focus(bool),
    /// The engine tells something.
    Engine(Event),
    /// Something is heard of the visit to the shelf.
    Shelf(visit::Event),
    /// A directory has been read.
    Listing(Listing),
    /// What the file picker asked for.
    Found(Found),
    /// A received picture that was asked for.
    Depicted(Depicted),
    /// A pasted text names these files, which exist.
    Probed {
        /// The text as it was pasted.
        pasted: String,
        /// The files.
        paths: Vec<PathBuf>,
    },
    /// The user's own editor has ended, with this message or a failure.
    Edited(Result<String, String>),
    /// The transcript was written, or wasn't.
    Saved(Saved),
    /// A page in a browser wants something.
    Wish(Wish),
    /// A frame has been drawn.
    Drawn(Drawn),
    /// The time that [`App::wake_at`](super::App::wake_at) asked for has come, or the screen has another size.
    Tick,
    /// The program was asked to end, or its terminal is gone.
    Hangup,
    /// Ctrl-C where it is a signal and no key.
    Interrupt,
}

/// What the frame that was drawn last has shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Drawn {
    /// The width of the texts in the conversation.
    pub(crate) columns: Option<Columns>,
    /// The height of the conversation.
    pub(crate) rows: usize,
    /// Everything before this entry has been seen to its end.
    pub(crate) complete_before: usize,
    /// The width of the composer's text.
    pub(crate) composer_columns: usize,
    /// The height of the list or the help, if one is open.
    pub(crate) list_rows: usize,
    /// How far the help can be scrolled, or a transfer's details.
    pub(crate) help_end: usize,
    /// What can be clicked on.
    pub(crate) spots: Spots,
    /// The columns and rows that there are for a picture.
    pub(crate) picture_room: Option<(u16, u16)>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Tell the engine.
    Engine(Command),
    /// Ask this at the shelf; the visit is begun if there is none.
    Shelf(visit::Command),
    /// End the visit to the shelf at once.
    EndVisit,
    /// Read a directory for a completion.
    List(ListingRequest),
    /// Look at files for the file picker.
    Look(Look),
    /// Make a received picture fit for the terminal.
    Depict(Depict),
    /// Find out whether a pasted text names files; the first reading of which all exist counts.
    Probe {
        /// The text as it was pasted.
        pasted: String,
        /// The ways in which it can be read.
        readings: Vec<Vec<PathBuf>>,
    },
    /// Call for the user.
    Bell,
    /// Have the desktop show this.
    Notice(String),
    /// Give the terminal this title.
    Title(String),
    /// Hear of the mouse, or no longer.
    Mouse(bool),
    /// Ask the terminal to put this on its clipboard.
    Copy(String),
    /// Write this transcript into a new file.
    Save(PathBuf, String),
    /// Draw everything again.
    Clear,
    /// Give the terminal back to the shell until it continues this program.
    Suspend,
    /// Let the user's own editor have the terminal, with this message.
    Edit(String),
    /// Leave.
    Quit(Ending),
}
