//! What goes over the page's web socket: docs/WEB-API.md in types.
//!
//! Owns the shapes. What they are made from is in [`super::shown`], what an action does in
//! [`super::page`].

use couplet::shelf::message::Password;
use couplet::transfer::offer::OnCollision;
use serde::{Deserialize, Serialize};

/// The version of the form.
pub(super) const VERSION: u32 = 1;

/// What a page is told whose words make no sense.
pub(super) const UNCLEAR: &str = "the page said something that isn't understood; reload it";

/// What a page is told.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum Told {
    /// Where the page has come to.
    Hello {
        v: u32,
        stage: Stage,
        meeting: u64,
        started_as: String,
        keeps: bool,
        relay: String,
        downloads: String,
        commands: Vec<Command>,
    },
    /// It is asked whom to meet.
    Asking {
        relay: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        wrong: Option<String>,
    },
    /// What the status line says.
    Line(Box<Line>),
    /// What was said.
    Entries { first: usize, all: bool, entries: Vec<Entry> },
    /// What waits for the turn.
    Held { held: Vec<Held> },
    /// What stands in the composer.
    Draft { text: String },
    /// What was said by this id is the program's to keep now.
    Said { id: String },
    /// All transfers.
    Transfers(Box<Transfers>),
    /// The shelf.
    Shelf(Box<Shelf>),
    /// What the page was asked to show by a line.
    Show {
        what: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        words: Option<String>,
    },
    /// One sentence.
    Notice { text: String },
    /// The line is over.
    Ended {
        text: String,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        unfinished: Vec<String>,
        unsent: Vec<String>,
        again: bool,
        met: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        wrong: Option<String>,
    },
}

/// How far the program has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Stage {
    Asking,
    Talking,
    Ended,
}

/// A command that can be written as a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Command {
    pub(super) usage: &'static str,
    pub(super) does: &'static str,
}

/// What the status line says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    pub(super) link: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) round_trip: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) room: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seat: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    #[serde(skip_serializing_if = "is_not")]
    pub(super) typed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) turn: Option<&'static str>,
    pub(super) peer: Peer,
    pub(super) seal: Seal,
    #[serde(skip_serializing_if = "is_not")]
    pub(super) compares: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) guide: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) limit: Option<u64>,
}

/// The one at the other end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Peer {
    pub(super) is: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "is_not")]
    pub(super) writes: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kept_for: Option<u64>,
}

/// How the line is protected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Seal {
    pub(super) is: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) words: Vec<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) by_code: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) verdict: Option<&'static str>,
}

/// One entry of the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Entry {
    pub(super) n: usize,
    pub(super) at: i64,
    pub(super) who: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    pub(super) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mark: Option<&'static str>,
}

/// A message that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Held {
    pub(super) id: u64,
    pub(super) text: String,
}

/// All transfers, and how they go together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Transfers {
    #[serde(rename = "transfers")]
    pub(super) list: Vec<Transfer>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) flow: Vec<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) all: Option<All>,
}

/// How all that move go together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct All {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) percent: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rate: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remaining: Option<u64>,
}

/// One transfer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Transfer {
    pub(super) id: u32,
    pub(super) way: &'static str,
    pub(super) name: String,
    pub(super) about: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<u64>,
    pub(super) stage: &'static str,
    pub(super) state: String,
    #[serde(skip_serializing_if = "is_not")]
    pub(super) good: bool,
    #[serde(skip_serializing_if = "is_not")]
    pub(super) bad: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) percent: Option<u64>,
    pub(super) done: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) files: Option<[u64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resumed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rate: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remaining: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hash: Option<String>,
    #[serde(skip_serializing_if = "is_not")]
    pub(super) shelf: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) speeds: Vec<u64>,
    pub(super) can: Vec<&'static str>,
}

/// What is known of the relay's shelf.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Shelf {
    pub(super) is: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wrong: Option<String>,
    #[serde(skip_serializing_if = "is_not")]
    pub(super) may_put: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<String>,
    pub(super) files: Vec<Shelved>,
    pub(super) more: bool,
    #[serde(skip_serializing_if = "is_not")]
    pub(super) whole: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pattern: Option<String>,
}

/// A file on it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Shelved {
    pub(super) name: String,
    pub(super) size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) modified: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hash: Option<String>,
    pub(super) here: bool,
}

/// What a page says.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub(super) enum Action {
    Meet {
        code: Option<String>,
        #[serde(default)]
        new: bool,
    },
    Say {
        text: String,
        id: Option<String>,
        meeting: Option<u64>,
    },
    Draft {
        text: String,
        id: Option<String>,
    },
    Shown {
        before: usize,
    },
    Earlier {
        before: usize,
    },
    TakeBack {
        id: u64,
    },
    Pass,
    Accept {
        id: Option<u32>,
        existing: Option<Existing>,
    },
    Decline {
        id: u32,
    },
    Cancel {
        id: u32,
    },
    Pause {
        id: u32,
    },
    Resume {
        id: u32,
    },
    Limit {
        rate: Option<u64>,
    },
    Tidy,
    Compare,
    Verify {
        same: bool,
    },
    Later,
    Folder,
    Shelf {
        open: bool,
    },
    Search {
        pattern: String,
    },
    More,
    Get {
        names: Vec<String>,
    },
    Login {
        user: String,
        password: Password,
    },
    Logout,
    Leave,
    End,
}

/// What is done about a name that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Existing {
    Rename,
    Overwrite,
    Skip,
}

impl From<Existing> for OnCollision {
    fn from(existing: Existing) -> Self {
        match existing {
            Existing::Rename => Self::Rename,
            Existing::Overwrite => Self::Overwrite,
            Existing::Skip => Self::Skip,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_not(it: &bool) -> bool {
    !*it
}
