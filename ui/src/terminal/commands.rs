//! What a line in the composer means: words for the peer, or one of the commands.
//!
//! Owns the table of commands, from which the parser, the help and the completion are made. It
//! carries nothing out.

use super::quoting::{self, QuoteError};
use couplet::code::{Code, CodeError};
use couplet::nearness::distance;
use couplet::transfer::book::TransferId;
use std::path::{Path, PathBuf};

/// A line that has been understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    /// Nothing at all.
    Empty,
    /// Words for the peer.
    Words(String),
    /// Offer files.
    Send(Vec<PathBuf>),
    /// Accept an offer, or all.
    Accept(Option<TransferId>),
    /// Decline an offer, or all.
    Decline(Option<TransferId>),
    /// Stop a transfer.
    Cancel(Option<TransferId>),
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
    /// Say who is there.
    Who,
    /// Show the help.
    Help,
    /// Leave.
    Fin,
}

/// A line that hasn't been understood. It stays in the composer.
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
    /// `/send` without a path.
    #[error("/send needs a file: /send PATH (Tab completes it)")]
    NoPath,
    /// Something that should be a transfer's number.
    #[error("{command} takes a transfer's number, such as {command} 1, not {typed}")]
    NoNumber {
        /// The command.
        command: &'static str,
        /// What was typed.
        typed: String,
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

/// What a command takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Argument {
    /// Nothing.
    None,
    /// Paths.
    Paths,
    /// The number of an offer that waits for this side's answer.
    Offer,
    /// The number of a transfer that isn't over.
    Open,
    /// A code.
    Code,
}

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
    command("/send", &["/offer"], Argument::Paths, "/send PATH...", "offer files, at any time"),
    command("/accept", &[], Argument::Offer, "/accept [N]", "accept offer N, or all offers"),
    command("/decline", &["/refuse"], Argument::Offer, "/decline [N]", "decline offer N, or all"),
    command(
        "/cancel",
        &["/stop"],
        Argument::Open,
        "/cancel [N]",
        "stop transfer N, or the only one",
    ),
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
    command("/help", &["/?"], Argument::None, "/help", "this help"),
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
    let number = || match rest.trim_start_matches('#') {
        "" => Ok(None),
        digits => digits
            .parse()
            .map(|number| Some(TransferId(number)))
            .map_err(|_| Mistake::NoNumber { command, typed: rest.to_owned() }),
    };
    if found.argument == Argument::None && !rest.is_empty() {
        return Err(Mistake::TooMuch { command });
    }
    Ok(match command {
        "/send" => {
            let paths = quoting::paths(rest, home)?;
            if paths.is_empty() {
                return Err(Mistake::NoPath);
            }
            Line::Send(paths)
        }
        "/accept" => Line::Accept(number()?),
        "/decline" => Line::Decline(number()?),
        "/cancel" => Line::Cancel(number()?),
        "/pass" => Line::Pass,
        "/take" => Line::Take,
        "/verify" => Line::Verify,
        "/new" => Line::New,
        "/code" => Line::Code(Code::parse(rest)?),
        "/who" => Line::Who,
        "/help" => Line::Help,
        _ => Line::Fin,
    })
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
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Line, Mistake> {
        parse(text, Some(Path::new("/home/ann")))
    }

    #[test]
    fn words_and_fin() {
        assert_eq!(parsed("hello"), Ok(Line::Words("hello".into())));
        assert_eq!(parsed("//etc is a slash"), Ok(Line::Words("/etc is a slash".into())));
        assert_eq!(parsed("  \n "), Ok(Line::Empty));
        for fin in ["fin", "  fin \n", "/fin", "/quit", "/leave", "/exit"] {
            assert_eq!(parsed(fin), Ok(Line::Fin), "{fin}");
        }
        assert_eq!(parsed("fin."), Ok(Line::Words("fin.".into())));
        assert_eq!(parsed("the fin"), Ok(Line::Words("the fin".into())));
    }

    #[test]
    fn commands() {
        assert_eq!(
            parsed("/send a 'b c' ~/d"),
            Ok(Line::Send(["a", "b c", "/home/ann/d"].map(PathBuf::from).into()))
        );
        assert_eq!(parsed("/accept"), Ok(Line::Accept(None)));
        assert_eq!(parsed("/accept 3"), Ok(Line::Accept(Some(TransferId(3)))));
        assert_eq!(parsed("/cancel #12 "), Ok(Line::Cancel(Some(TransferId(12)))));
        assert_eq!(parsed("/?"), Ok(Line::Help));
        let code = Code::parse("7-otter-lamp").expect("a code");
        assert_eq!(parsed("/code 7 Otter lamp"), Ok(Line::Code(code)));
    }

    #[test]
    fn every_row_of_the_table_is_understood() {
        for command in COMMANDS {
            for name in std::iter::once(&command.name).chain(command.aliases) {
                let text = match command.argument {
                    Argument::Paths => format!("{name} file"),
                    Argument::Code => format!("{name} 7-otter-lamp"),
                    Argument::None | Argument::Offer | Argument::Open => (*name).to_owned(),
                };
                assert!(parsed(&text).is_ok_and(|line| !matches!(line, Line::Words(_))), "{text}");
            }
        }
    }

    #[test]
    fn mistakes_say_what_to_do() {
        let said = |text: &str| parsed(text).unwrap_err().to_string();
        assert_eq!(
            said("/sned x"),
            "there is no /sned; did you mean /send? (//sned says it to the peer)"
        );
        assert_eq!(
            said("/etc/hosts"),
            "there is no command /etc/hosts; F1 lists them (//etc/hosts says it to the peer)"
        );
        assert_eq!(said("/send"), "/send needs a file: /send PATH (Tab completes it)");
        assert_eq!(
            said("/accept it"),
            "/accept takes a transfer's number, such as /accept 1, not it"
        );
        assert_eq!(said("/pass now"), "/pass takes nothing after it; send it alone on its line");
        assert_eq!(
            said("/fin\nx"),
            "/fin must be alone on one line; a message can't start with it (//fin can)"
        );
        assert!(said("/send 'x").contains("isn't closed"));
    }

    #[test]
    fn several_lines_that_begin_with_a_slash_are_words() {
        let listing = "/etc/hosts\n/etc/passwd";
        assert_eq!(parsed(listing), Ok(Line::Words(listing.into())));
    }

    #[test]
    fn codes_are_known_wherever_they_stand() {
        for text in ["/code 7-otter-lamp", " /cdoe 7-oter", "/join x", "/new 7-otter-lamp", "/code"]
        {
            assert!(has_code(text), "{text}");
        }
        for text in ["", "7-otter-lamp", "/send 7", "/who", "words /code"] {
            assert!(!has_code(text), "{text}");
        }
    }

    #[test]
    fn slips_are_near() {
        assert_eq!(nearest("/acept"), Some("/accept"));
        assert_eq!(nearest("/hlep"), Some("/help"));
        assert_eq!(nearest("/xyzzy"), None);
        assert_eq!(nearest("/"), None);
    }
}
