//! What a command without a screen tells of what happens, and the forms in which it does.
//!
//! Owns the vocabulary of reports, which is also the JSON that scripts read (docs/JSON.md holds it
//! down), and which form is chosen. The forms are [`json`], [`lines`] and [`bar`]; what is worth
//! telling is decided in [`super::errand`].

mod bar;
mod json;
mod lines;
mod pace;
mod wording;

use couplet::time::Moment;
use couplet::transfer::book::Hold;
use couplet::transfer::offer::Form;
use couplet::transfer::wire::Fault;
use serde::Serialize;
use std::io::{self, IsTerminal as _, Write};

use bar::Bar;
use json::Json;
use lines::Lines;
use wording::Wording;

/// Something that happened. What came from the peer or the relay is clean for a screen, except a
/// [text](Self::Text).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Report {
    /// Nobody is there yet.
    Waiting {
        /// The code, if it was made here and must be told to the other.
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// What the other types, if the code was made here.
        #[serde(skip_serializing_if = "Option::is_none")]
        command: Option<String>,
    },
    /// There is no seat, or no relay any more; it is tried again for a while.
    Retrying {
        /// Why.
        reason: String,
        /// For how many seconds at most.
        for_s: u64,
    },
    /// Somebody with the same code is there, and the line is sealed.
    Met {
        /// The verification words.
        words: [&'static str; 3],
    },
    /// Something is offered.
    Offered {
        /// By whom.
        by: Side,
        /// The name that the peer goes by, if it has told one.
        #[serde(skip_serializing_if = "Option::is_none")]
        peer: Option<String>,
        /// The name of the file or folder, or of the first of several.
        name: String,
        /// What it is.
        form: Form,
        /// Its bytes, if that is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
        /// Files, folders and links.
        entries: u64,
    },
    /// What the disk has to say about the peer's offer.
    Preflight {
        /// Bytes of it that are there from before.
        held: u64,
        /// Bytes of a part of it as it was before it was changed.
        #[serde(skip_serializing_if = "Option::is_none")]
        changed: Option<u64>,
        /// Whether its name is taken.
        exists: bool,
        /// Free bytes on the disk, if it can tell.
        #[serde(skip_serializing_if = "Option::is_none")]
        free: Option<u64>,
        /// Why it can't be received, if so.
        #[serde(skip_serializing_if = "Option::is_none")]
        trouble: Option<String>,
    },
    /// The bytes begin to move.
    Started {
        /// How many were there from before.
        held: u64,
    },
    /// How far it is.
    Progress(Figures),
    /// It is held up.
    Paused {
        /// By whom.
        by: Side,
        /// Why.
        reason: Hold,
    },
    /// It is held up no longer.
    Continued,
    /// It was cut, and goes on as soon as both are there.
    Interrupted,
    /// The bytes move again after a cut.
    Resumed {
        /// How many are across.
        held: u64,
    },
    /// The connection to the relay is lost.
    Reconnecting {
        /// Which attempt comes next.
        attempt: u32,
        /// In how many milliseconds.
        retry_in_ms: u64,
    },
    /// The connection to the relay is back.
    Reconnected,
    /// The peer's connection is lost; its seat is kept for it.
    Silent {
        /// For how many seconds.
        kept_for_s: u64,
    },
    /// The peer is back.
    Returned,
    /// The peer has left. Whoever comes with the same code goes on.
    Left,
    /// A text has come. It is as the peer wrote it.
    Text {
        /// The text.
        text: String,
    },
    /// All is across, checked, and safe on the receiver's disk.
    Verified {
        /// The name that it has there.
        saved_as: String,
        /// How many entries were left out.
        left_out_count: u64,
        /// The first few of them, a sentence each.
        left_out: Vec<String>,
    },
    /// The offer was declined.
    Declined {
        /// By whom.
        by: Side,
    },
    /// The transfer was stopped.
    Cancelled {
        /// By whom.
        by: Side,
    },
    /// It can't be completed.
    Failed {
        /// Why, for programs; none if there is no word for it.
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<Fault>,
        /// Why, and what to do.
        reason: String,
    },
    /// Something worth knowing.
    Notice {
        /// What.
        text: String,
    },
    /// Something went wrong, and nothing ends.
    Trouble {
        /// What, and what to do.
        text: String,
    },
    /// The last one: the program ends.
    Ended {
        /// With this exit status.
        status: u8,
        /// Why, unless all went well.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}

/// One of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Side {
    /// This one.
    You,
    /// The other.
    Peer,
}

/// How far a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(super) struct Figures {
    /// Bytes that are across, those from before included.
    pub(super) done: u64,
    /// Bytes in all, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<u64>,
    /// Bytes that moved in this session, those that went twice included.
    pub(super) moved: u64,
    /// Files, folders and links that are across.
    pub(super) entries: u64,
    /// Bytes a second, once that can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rate: Option<u64>,
    /// Seconds to the end, once that can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remaining_s: Option<u64>,
    /// Seconds in which nothing has moved, once that is worth telling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stalled_s: Option<u64>,
}

/// Tells what happens, in one form.
pub(super) trait Reporter {
    /// Tells this.
    fn tell(&mut self, report: &Report, now: Moment);

    /// Writes a question to the terminal, so that the answer can stand behind it.
    fn ask(&mut self, question: &str);
}

/// How the user wants to hear it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Wish {
    /// As JSON.
    pub(super) json: bool,
    /// Only errors.
    pub(super) quiet: bool,
    /// Whether what is received goes to standard output, so that nothing else does.
    pub(super) data_on_stdout: bool,
    /// The directory that what is received goes into, as it is shown.
    pub(super) place: Option<String>,
    /// Whether the user is asked about offers.
    pub(super) asks: bool,
}

/// The form that fits the wish and the terminal, if there is one.
pub(super) fn reporter(wish: Wish) -> Box<dyn Reporter> {
    let Wish { json, quiet, data_on_stdout, place, asks } = wish;
    if json {
        let out: Box<dyn Write> =
            if data_on_stdout { Box::new(io::stderr()) } else { Box::new(io::stdout()) };
        return Box::new(Json::new(out));
    }
    let wording = Wording::new(place, asks);
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
    if !quiet && !dumb && io::stderr().is_terminal() {
        return Box::new(Bar::new(wording));
    }
    Box::new(Lines::new(io::stderr(), io::stdout(), io::stdout().is_terminal(), quiet, wording))
}
