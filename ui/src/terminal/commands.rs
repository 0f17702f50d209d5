//! What a line in the composer means: words for the peer, or one of the commands.
//!
//! Owns the table of commands, from which the parser, the help and the completion are made. It
//! carries nothing out.

mod listing;
mod mistake;
mod reading;

pub(crate) use mistake::Mistake;
pub(crate) use reading::Wish;

use super::picker::Purpose;
use super::quoting::{self, name_and_word, number_and_word, read_number};
use couplet::account::AccountName;
use couplet::code::Code;
use couplet::nearness::distance;
use couplet::shelf::name::ShelfName;
use couplet::transfer::book::TransferId;
use couplet::transfer::offer::OnCollision;
use couplet::units;
use std::path::{Path, PathBuf};

/// A line that has been understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    /// Nothing at all.
    Empty,
    /// Words for the peer.
    Words(String),
    /// Offer files and folders.
    Send(Vec<PathBuf>),
    /// Show files to choose from.
    Pick(Purpose),
    /// Accept an offer, or all, and do this about names that are taken.
    Accept(Option<TransferId>, Option<OnCollision>),
    /// Decline an offer, or all.
    Decline(Option<TransferId>),
    /// Stop a transfer.
    Cancel {
        /// Which.
        id: Option<TransferId>,
        /// Whether what has come of it is kept.
        keep: bool,
    },
    /// Hold a transfer up.
    Pause(Option<TransferId>),
    /// Let it go on.
    Resume(Option<TransferId>),
    /// Show all that is known of a transfer.
    Details(Option<TransferId>),
    /// Show a picture that was received.
    Preview(Option<TransferId>),
    /// Take what is over off the list.
    Tidy,
    /// Move at most so many bytes a second in each transfer.
    Limit(Option<u64>),
    /// Show all transfers.
    Transfers,
    /// Show the relay's shelf, as this user if one is named.
    Shelf(Option<AccountName>),
    /// Fetch this from the shelf, and do this if its name is taken.
    Get(ShelfName, Option<OnCollision>),
    /// Lay these on the shelf.
    Put(Vec<PathBuf>),
    /// Do this with what was said.
    Read(Wish),
    /// Give the turn away.
    Pass,
    /// Take the newest held message back.
    Take,
    /// Compare the verification words.
    Verify,
    /// Make a new code and wait in its room.
    New,
    /// Meet by this code.
    Code(Code),
    /// Hear of the mouse, or no longer.
    Mouse(bool),
    /// Say who is there.
    Who,
    /// Show the help, on this topic or, if it is empty, on all.
    Help(String),
    /// Leave.
    Fin,
}

/// What a command takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Argument {
    /// Nothing.
    None,
    /// Paths.
    Paths,
    /// The number of an offer that waits for this side's answer.
    Offer,
    /// The number of an offer that waits for this side's answer, and what to do about names that
    /// are taken.
    Acceptance,
    /// The number of a transfer that isn't over, and whether to drop what has come.
    Cancellation,
    /// The number of a transfer that can be paused.
    Running,
    /// The number of a transfer that is paused.
    Paused,
    /// The number of any transfer.
    Any,
    /// The number of a picture that was received.
    Picture,
    /// Something that was said: a part of it, or how far back it is.
    Said,
    /// What the help is wanted for.
    Topic,
    /// A speed.
    Rate,
    /// On or off.
    Switch,
    /// A code.
    Code,
    /// A name on the shelf.
    Shelved,
    /// Who the user is at the shelf.
    User,
}

/// What can be done about names that are taken.
pub(crate) const ACCEPT_WORDS: &[(&str, OnCollision)] = &[
    ("rename", OnCollision::Rename),
    ("skip", OnCollision::Skip),
    ("overwrite", OnCollision::Overwrite),
];

/// What can be done with what has come.
pub(crate) const CANCEL_WORDS: &[(&str, ())] = &[("drop", ())];

/// What takes a limit away.
const NO_LIMIT: &str = "off";

/// Limits to choose from.
pub(crate) const LIMITS: &[&str] = &["500K", "1M", "5M", "20M", NO_LIMIT];

/// What something can be.
pub(crate) const SWITCH: &[&str] = &["on", NO_LIMIT];

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Command {
    /// With its slash.
    pub(crate) name: &'static str,
    aliases: &'static [&'static str],
    /// What it takes.
    pub(crate) argument: Argument,
    /// The name and what it takes, in the user's words.
    pub(crate) usage: &'static str,
    /// What it does, in the user's words.
    pub(crate) help: &'static str,
}

const fn command(
    name: &'static str,
    aliases: &'static [&'static str],
    argument: Argument,
    usage: &'static str,
    help: &'static str,
) -> Command {
    Command { name, aliases, argument, usage, help }
}

/// All commands, in the order in which the help shows them.
pub(crate) static COMMANDS: &[Command] = &[
    command(
        "/send",
        &["/offer"],
        Argument::Paths,
        "/send [PATH...]",
        "offer files and folders, at any time; without a path: choose them",
    ),
    command(
        "/accept",
        &[],
        Argument::Acceptance,
        "/accept [N] [HOW]",
        "accept offer N, or all; what is here in part is resumed. HOW is for names that are taken: \
         rename (as without it), skip what is the same, overwrite",
    ),
    command("/decline", &["/refuse"], Argument::Offer, "/decline [N]", "decline offer N, or all"),
    command(
        "/cancel",
        &["/stop"],
        Argument::Cancellation,
        "/cancel [N] [drop]",
        "stop transfer N, or the only one; what has come is kept, to resume from, or with drop \
         thrown away",
    ),
    command(
        "/pause",
        &["/hold"],
        Argument::Running,
        "/pause [N]",
        "hold transfer N up, or the only one",
    ),
    command(
        "/resume",
        &["/continue"],
        Argument::Paused,
        "/resume [N]",
        "let transfer N go on, or the only one that is paused",
    ),
    listing::DETAILS,
    listing::PREVIEW,
    listing::TIDY,
    command(
        "/limit",
        &[],
        Argument::Rate,
        "/limit 5M",
        "at most 5 MiB a second in each transfer; /limit off: as fast as it goes",
    ),
    command("/transfers", &[], Argument::None, "/transfers", "all transfers, and how each stands"),
    command(
        "/shelf",
        &[],
        Argument::User,
        "/shelf [USER]",
        "what lies ready on the relay, to fetch; USER is who to log in as there",
    ),
    command(
        "/get",
        &["/fetch"],
        Argument::Shelved,
        "/get NAME [HOW]",
        "fetch a file from the shelf; without HOW one that is here already isn't fetched",
    ),
    command("/put", &[], Argument::Paths, "/put [PATH...]", "lay files on the shelf"),
    reading::FIND,
    reading::SELECT,
    reading::REPLY,
    reading::COPY,
    reading::SAVE,
    command("/pass", &[], Argument::None, "/pass", "give the turn without a message"),
    command("/take", &[], Argument::None, "/take", "take the newest held message back"),
    command(
        "/verify",
        &["/compare"],
        Argument::None,
        "/verify",
        "compare the words of the seal with your peer",
    ),
    command("/new", &[], Argument::None, "/new", "make a code, and wait for whoever you tell it"),
    command("/code", &["/join"], Argument::Code, "/code CODE", "meet whoever has the same code"),
    command("/who", &[], Argument::None, "/who", "say who is here and whose turn it is"),
    command(
        "/mouse",
        &[],
        Argument::Switch,
        "/mouse on",
        "let the wheel scroll and clicks choose; /mouse off: leave them to the terminal",
    ),
    command(
        "/help",
        &["/?"],
        Argument::Topic,
        "/help [WORD]",
        "this help, or what it says of a word",
    ),
    command(
        "/fin",
        &["/quit", "/leave", "/exit"],
        Argument::None,
        "fin",
        "leave; so do /fin, /quit and /leave",
    ),
];

/// What `text` means.
///
/// # Errors
/// [`Mistake`] if it starts like a command and isn't one.
pub(crate) fn parse(text: &str, home: Option<&Path>) -> Result<Line, Mistake> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(Line::Empty);
    }
    if trimmed == "fin" {
        return Ok(Line::Fin);
    }
    if trimmed.eq_ignore_ascii_case("fin") {
        return Err(Mistake::Fin { typed: trimmed.to_owned() });
    }
    if let Some(words) = text.strip_prefix("//") {
        return Ok(Line::Words(format!("/{words}")));
    }
    if !text.starts_with('/') {
        return Ok(Line::Words(text.to_owned()));
    }
    let typed = trimmed.split_whitespace().next().unwrap_or(trimmed);
    let rest = trimmed[typed.len()..].trim();
    let Some(found) = find(typed) else {
        if trimmed.contains('\n') {
            // Several lines that happen to begin with a slash, such as a pasted listing.
            return Ok(Line::Words(text.to_owned()));
        }
        let typed = typed.to_owned();
        return Err(match nearest(&typed) {
            Some(meant) => Mistake::Typo { typed, meant },
            None => Mistake::Unknown { typed },
        });
    };
    if trimmed.contains('\n') {
        return Err(Mistake::ManyLines { command: found.name });
    }
    meaning(found, rest, home)
}

/// The command that `typed` names in full, by its name or an alias.
pub(crate) fn find(typed: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == typed || command.aliases.contains(&typed))
}

/// Whether `text` is a command that has a code in it, or was meant to be; that is no line to keep.
pub(crate) fn has_code(text: &str) -> bool {
    let Some(typed) = text.split_whitespace().next() else { return false };
    let rest = text.trim_start()[typed.len()..].trim();
    let meant = find(typed).map(|found| found.name).or_else(|| nearest(typed));
    typed.starts_with('/') && (meant == Some("/code") || Code::parse(rest).is_ok())
}

fn meaning(found: &'static Command, rest: &str, home: Option<&Path>) -> Result<Line, Mistake> {
    let command = found.name;
    if found.argument == Argument::None && !rest.is_empty() {
        return Err(Mistake::TooMuch { command });
    }
    Ok(match command {
        "/send" | "/put" => {
            let paths = quoting::paths(rest, home)?;
            match (command, paths.is_empty()) {
                ("/put", true) => Line::Pick(Purpose::Put),
                (_, true) => Line::Pick(Purpose::Send),
                ("/put", false) => Line::Put(paths),
                (_, false) => Line::Send(paths),
            }
        }
        "/get" if rest.is_empty() => return Err(Mistake::NoName),
        "/get" => {
            let (name, how) = name_and_word(rest, ACCEPT_WORDS);
            Line::Get(ShelfName::new(name)?, how)
        }
        "/shelf" if rest.is_empty() => Line::Shelf(None),
        "/shelf" => {
            let user = rest.parse().map_err(|_| Mistake::NoUser { typed: rest.to_owned() })?;
            Line::Shelf(Some(user))
        }
        "/accept" => {
            let (id, how) = number_and_word(rest, ACCEPT_WORDS).map_err(|typed| {
                let words = "rename, skip or overwrite";
                Mistake::NoWord { command, words, typed, example: "/accept 1 skip" }
            })?;
            Line::Accept(id, how)
        }
        "/decline" => Line::Decline(number(command, rest)?),
        "/cancel" => {
            let (id, drop) = number_and_word(rest, CANCEL_WORDS).map_err(|typed| {
                Mistake::NoWord { command, words: "drop", typed, example: "/cancel 1 drop" }
            })?;
            Line::Cancel { id, keep: drop.is_none() }
        }
        "/pause" => Line::Pause(number(command, rest)?),
        "/resume" => Line::Resume(number(command, rest)?),
        "/details" => Line::Details(number(command, rest)?),
        "/preview" => Line::Preview(number(command, rest)?),
        "/tidy" => Line::Tidy,
        "/limit" => Line::Limit(limit(rest)?),
        "/find" | "/select" | "/reply" | "/copy" | "/save" => {
            Line::Read(reading::meaning(command, rest, home)?)
        }
        "/transfers" => Line::Transfers,
        "/pass" => Line::Pass,
        "/take" => Line::Take,
        "/verify" => Line::Verify,
        "/new" => Line::New,
        "/code" => Line::Code(Code::parse(rest)?),
        "/mouse" => Line::Mouse(match rest {
            "on" => true,
            NO_LIMIT => false,
            _ => return Err(Mistake::NoSwitch { command }),
        }),
        "/who" => Line::Who,
        "/help" => Line::Help(rest.to_owned()),
        _ => Line::Fin,
    })
}

/// A transfer's number, if there is one.
fn number(command: &'static str, typed: &str) -> Result<Option<TransferId>, Mistake> {
    if typed.is_empty() {
        return Ok(None);
    }
    let number = read_number(typed);
    number.map(Some).ok_or_else(|| Mistake::NoNumber { command, typed: typed.to_owned() })
}

/// Bytes a second, or none for as fast as it goes.
fn limit(typed: &str) -> Result<Option<u64>, Mistake> {
    if typed.eq_ignore_ascii_case(NO_LIMIT) {
        return Ok(None);
    }
    let rate = typed.strip_suffix("/s").unwrap_or(typed);
    units::parse_bytes(rate).filter(|rate| *rate > 0).map(Some).ok_or(Mistake::NoRate)
}

/// The command that `typed` is probably meant to be.
fn nearest(typed: &str) -> Option<&'static str> {
    let names = COMMANDS
        .iter()
        .flat_map(|command| std::iter::once(command.name).chain(command.aliases.iter().copied()));
    let (distance, name) = names.map(|name| (distance(typed, name), name)).min()?;
    // A short name may be one slip away, a long one two.
    (distance <= typed.chars().count().saturating_sub(1) / 2 && distance <= 2).then_some(name)
}

#[cfg(test)]
#[path = "commands_tests.rs"]
mod tests;
