//! The commands without a screen, `couplet send` and `couplet receive`: the engine without a face.
//!
//! Owns the way from the command line to an errand. What an event means is decided in the pure parts:
//! `errand` (what happens next), `verdict` (with which exit status it ends), `question` (what is
//! asked). How it is told is `report`'s; `run` carries it all out.

pub(crate) mod ask;
mod errand;
mod question;
mod report;
mod run;
pub mod shelf;
mod verdict;

use crate::clock;
use crate::config::one_shot::Common;
use crate::config::{Existing, Receive, Send, Wanted, exit};
use crate::engine::{Options, Outgoing, Target};
use crate::known_relays::KnownRelays;
use crate::meeting::Meeting;
use couplet::code::{Code, Words};
use couplet::seal::Password;
use couplet::session::Meet;
use couplet::text;
use couplet::transfer::offer::OnCollision;
use couplet_files::source::check_paths;
use couplet_files::store::MAX_TEXT;
use errand::{Errand, Setup, Task, Terms};
use report::Wish;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;

/// The longest name of a directory in a line, in columns.
const MAX_DIRECTORY: usize = 60;

/// Why a command doesn't even begin: the exit status, and what is wrong and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The exit status.
    pub status: u8,
    /// What is wrong and what to do.
    pub text: String,
}

impl Refusal {
    fn usage(text: impl Into<String>) -> Self {
        Self { status: exit::USAGE, text: text.into() }
    }
}

/// Does `couplet send`; gives the exit status. `started_as` is how the user starts this program.
///
/// # Errors
/// [`Refusal`] before anything has begun.
pub async fn send(send: Send, started_as: &str) -> Result<u8, Refusal> {
    let wanted = send.wanted(variable).map_err(|error| Refusal::usage(error.to_string()))?;
    if wanted == Wanted::Ask && send.reads_stdin() && !io::stdin().is_terminal() {
        return Err(Refusal::usage(
            "standard input is what is sent, so the code can't be read there; give it in \
             COUPLET_CODE",
        ));
    }
    let outgoing = match send.outgoing().map_err(Refusal::usage)? {
        Some(outgoing) => outgoing,
        None => Outgoing::Text(read_text()?),
    };
    if let Outgoing::Together { paths, .. } = &outgoing {
        // Before a code is made, and somebody told of it, for what isn't there.
        check_paths(paths).map_err(|text| Refusal { status: exit::UNREADABLE, text })?;
    }
    let meeting = meeting(wanted, &send.common).await?;
    let setup = setup(Task::Send(outgoing), meeting, &send.common, started_as, "receive");
    // Nothing is received; were it, it would go nowhere.
    let options = options(&send.common, Target::Directory("downloads".into()));
    let wish = wish(&send.common, None, false, false);
    Ok(run::run(Errand::new(setup, clock::now()), options, report::reporter(wish)).await)
}

/// Does `couplet receive`; gives the exit status. `started_as` is how the user starts this program.
///
/// # Errors
/// [`Refusal`] before anything has begun.
pub async fn receive(receive: Receive, started_as: &str) -> Result<u8, Refusal> {
    let wanted = receive.wanted(variable).map_err(|error| Refusal::usage(error.to_string()))?;
    let directory = receive.directory();
    if directory.is_some_and(|path| path.exists() && !path.is_dir()) {
        let named = directory.map(shown).unwrap_or_default();
        let text = format!("{named} is no directory; choose another with --to");
        return Err(Refusal { status: exit::UNWRITABLE, text });
    }
    let common = &receive.common;
    let meeting = meeting(wanted, common).await?;
    // Without somebody to ask, having told or typed the code is the consent.
    let somebody = io::stdin().is_terminal() && io::stderr().is_terminal();
    let asks = somebody && !receive.yes && !common.json;
    let terms = Terms {
        asks,
        asks_names: asks && receive.existing == Existing::Ask,
        to_stdout: directory.is_none(),
    };
    let setup = setup(Task::Receive(terms), meeting, common, started_as, "send PATH --code");
    let target = directory.map_or(Target::Stdout, |path| Target::Directory(path.to_owned()));
    let mut options = options(common, target);
    options.on_collision = receive.existing.on_collision();
    let place = directory.map(shown);
    let wish = wish(common, place, directory.is_none(), asks);
    Ok(run::run(Errand::new(setup, clock::now()), options, report::reporter(wish)).await)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Whom to meet, after asking for the code if that is wanted.
async fn meeting(wanted: Wanted, common: &Common) -> Result<Meeting, Refusal> {
    match wanted {
        Wanted::Code(code) => Ok(Meeting::Code(code)),
        Wanted::Ask => {
            let text = ask::code().await?;
            let code = Code::parse(&text).map_err(|error| Refusal::usage(error.to_string()))?;
            Ok(Meeting::Code(code))
        }
        Wanted::New | Wanted::Anybody | Wanted::Room(_) => {
            Ok(Meeting::New(Words::choose(usize::from(common.words), &clock::entropy())))
        }
    }
}

fn setup(
    task: Task,
    meeting: Meeting,
    common: &Common,
    started_as: &str,
    other_does: &str,
) -> Setup {
    Setup {
        task,
        meeting,
        timeout: common.timeout,
        relay: common.at.relay.clone(),
        other_types: format!("{started_as} {other_does}"),
    }
}

/// What the engine needs; whom to meet is the errand's to say.
fn options(common: &Common, target: Target) -> Options {
    Options {
        relay: common.at.relay.clone(),
        meet: Meet::Anybody,
        password: Password::default(),
        name: common.at.name.clone(),
        target,
        on_collision: OnCollision::default(),
        limit: common.limit,
        tls: common.at.tls,
        known_relays: KnownRelays::default_path(),
    }
}

fn wish(common: &Common, place: Option<String>, data_on_stdout: bool, asks: bool) -> Wish {
    Wish { json: common.json, quiet: common.quiet, data_on_stdout, place, asks }
}

fn shown(directory: &Path) -> String {
    let shown = text::line(&directory.to_string_lossy(), MAX_DIRECTORY);
    match shown.trim_end_matches('/') {
        "" => shown,
        trimmed => trimmed.to_owned(),
    }
}

/// The text that comes in at standard input.
fn read_text() -> Result<String, Refusal> {
    let refused = |text: String| Refusal { status: exit::UNREADABLE, text };
    let mut bytes = Vec::new();
    io::stdin()
        .take(MAX_TEXT + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| refused(format!("standard input can't be read ({error})")))?;
    if bytes.len() as u64 > MAX_TEXT {
        return Err(refused(format!("a text has at most {MAX_TEXT} bytes; send it as a file")));
    }
    String::from_utf8(bytes)
        .map_err(|_| refused("standard input isn't text in UTF-8; send it with `-`".to_owned()))
}
