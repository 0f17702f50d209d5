//! The command line of `couplet`, with its environment variables and defaults.
//!
//! Owns names, defaults and help; what a command does is the faces'. The options of the commands
//! without a screen are in [`one_shot`], the exit statuses in [`exit`].

pub mod exit;
mod file;
mod filling;
mod looks;
pub mod one_shot;
pub mod shelf;
pub(crate) mod table;
mod web;

pub use filling::Places;
pub use looks::{Looks, Notify, Switch, SymbolSet, Timestamps};
pub use one_shot::{Existing, Partials, PartialsCommand, Receive, Send};
pub use shelf::Shelf;
pub use web::Web;

use crate::engine::TlsChoice;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use couplet::code::{Code, CodeError, Words};
use couplet::message::RoomName;
use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Where a relay listens if nothing else is said.
pub const DEFAULT_RELAY: &str = "127.0.0.1:3647";

/// Where a relay that is run by `--host` listens: reachable for a friend on the network.
pub const DEFAULT_HOST: &str = "0.0.0.0:3647";

/// The environment variable that may give a code.
const CODE_VARIABLE: &str = "COUPLET_CODE";

/// The fewest words of a code, for clap.
#[expect(clippy::cast_possible_truncation, reason = "a handful")]
const FEWEST_WORDS: u8 = Words::FEWEST as u8;

/// The most words of a code, for clap.
#[expect(clippy::cast_possible_truncation, reason = "a handful")]
const MOST_WORDS: u8 = Words::MOST as u8;

/// A private line for two: talk in turns and pass files of any size.
#[derive(Debug, Parser)]
#[command(
    name = "couplet",
    version,
    about,
    after_help = format!("{}\n\n{AFTER_HELP}", exit::help()),
    args_conflicts_with_subcommands = true
)]
pub struct Cli {
    /// What to do; without a command: chat.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Read this configuration instead of ~/.config/couplet/config.toml.
    #[arg(long, value_name = "FILE", env = "COUPLET_CONFIG", global = true)]
    pub config: Option<PathBuf>,
    /// The options of `chat`, which need no command.
    #[command(flatten)]
    pub chat: Chat,
}

impl Cli {
    /// Reads the command line `args`, the program's name first, and this user's configuration.
    ///
    /// # Errors
    /// What clap says of it, which is also how help and version are asked for, or what is wrong with
    /// the configuration.
    pub fn read<T>(args: impl IntoIterator<Item = T>) -> Result<Self, clap::Error>
    where
        T: Into<OsString> + Clone,
    {
        Self::read_with(args, &Places::of_this_user())
    }

    /// The same with the configuration that is in these places.
    ///
    /// # Errors
    /// As for [`Self::read`].
    pub fn read_with<T>(
        args: impl IntoIterator<Item = T>,
        places: &Places,
    ) -> Result<Self, clap::Error>
    where
        T: Into<OsString> + Clone,
    {
        let matches = Self::command().try_get_matches_from(args)?;
        let chat = matches.subcommand_matches("chat").unwrap_or(&matches);
        // Not by `conflicts_with`, for which a relay that the environment names counts as typed.
        let typed = |option| chat.value_source(option) == Some(ValueSource::CommandLine);
        if matches!(matches.subcommand_name(), None | Some("chat"))
            && typed("host")
            && typed("relay")
        {
            let text = "--host cannot be used with --relay: it runs a relay of its own";
            return Err(Self::command().error(ErrorKind::ArgumentConflict, text));
        }
        let mut cli = Self::from_arg_matches(&matches)?;
        let wrong = |text| clap::Error::raw(ErrorKind::ValueValidation, format!("{text}\n"));
        places.fill(&mut cli, &matches).map_err(wrong)?;
        Ok(cli)
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Meet somebody and talk, in the terminal.
    Chat(Chat),
    /// Send files and folders, a text, or what comes in at standard input, without a screen.
    #[command(after_help = exit::help())]
    Send(Send),
    /// Receive what the other sends, without a screen.
    #[command(after_help = exit::help())]
    Receive(Receive),
    /// List, fetch, lay down and delete files that lie ready on a relay.
    Shelf(Shelf),
    /// Meet somebody and talk, in a page in the browser of this machine.
    Web(Web),
    /// List what has come of transfers that were cut, or remove it.
    Partials(Partials),
    /// List the relays whose certificates are remembered, or forget one.
    Relays {
        /// What to do; without a word: list them.
        #[command(subcommand)]
        command: Option<RelaysCommand>,
    },
}

/// The commands of `couplet relays`.
#[derive(Debug, Subcommand)]
pub enum RelaysCommand {
    /// Forget a relay's certificate; the next one that it shows is remembered instead.
    Forget {
        /// The relay, as it was given to --relay.
        #[arg(value_name = "HOST[:PORT]", value_parser = relay_address)]
        relay: String,
    },
}

/// Where to meet, and as who: what all commands that meet somebody have.
#[derive(Debug, Clone, Args)]
pub struct At {
    /// The relay to meet at.
    #[arg(
        long,
        value_name = "HOST[:PORT]",
        env = "COUPLET_RELAY",
        default_value = DEFAULT_RELAY,
        value_parser = relay_address
    )]
    pub relay: String,
    /// When to protect the connection to the relay with TLS; auto does it for every relay that
    /// isn't on this machine.
    #[arg(long, value_name = "WHEN", env = "COUPLET_TLS", value_enum, default_value_t)]
    pub tls: TlsChoice,
    /// The name to show to your peer.
    #[arg(long, value_name = "NICK", env = "COUPLET_NAME")]
    pub name: Option<String>,
}

/// The options of `couplet chat`.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Chat {
    /// Meet whoever has the same code, such as 7-otter-lamp. The number finds the room; the words
    /// never leave this machine.
    #[arg(value_name = "CODE", conflicts_with_all = ["code_option", "new", "room"])]
    pub code: Option<CodeText>,
    /// The same; without a value couplet asks for the code. The environment variable `COUPLET_CODE`
    /// gives one too, so that it needn't stand in the list of processes.
    #[arg(
        long = "code",
        id = "code_option",
        value_name = "CODE",
        num_args = 0..=1,
        default_missing_value = "",
        conflicts_with_all = ["new", "room"]
    )]
    pub code_option: Option<CodeText>,
    /// Make a new code and wait for whoever you tell it.
    #[arg(long, conflicts_with = "room")]
    pub new: bool,
    /// Go back to the conversation that was left last, by a killed program or a closed terminal, as
    /// long as the relay keeps the seat: at the same relay, under the same name, with the same
    /// downloads directory.
    #[arg(
        long,
        conflicts_with_all = ["code", "code_option", "new", "room", "host"]
    )]
    pub last: bool,
    /// Keep what --last needs in a private file, even if you meet whoever comes next.
    #[arg(long, overrides_with = "no_keep")]
    pub keep: bool,
    /// Keep nothing that --last needs; by default it is kept if you meet by a code or in a named
    /// room.
    #[arg(long, overrides_with = "keep")]
    pub no_keep: bool,
    /// How many words a new code has; two let one guess in 1.4 million through, three one in 1,600
    /// million.
    #[arg(
        long,
        value_name = "N",
        default_value_t = FEWEST_WORDS,
        value_parser = clap::value_parser!(u8).range(i64::from(FEWEST_WORDS)..=i64::from(MOST_WORDS))
    )]
    pub words: u8,
    /// Where to meet, and as who.
    #[command(flatten)]
    pub at: At,
    /// Run a relay as well, and end it on leaving: the one-command start. Without ADDR it can be
    /// reached from the network; --host=127.0.0.1:3647 keeps it to this machine.
    #[arg(
        long,
        value_name = "ADDR",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = DEFAULT_HOST
    )]
    pub host: Option<SocketAddr>,
    /// Meet in the room of this name, without a code. With neither, you meet whoever comes next, or
    /// are asked, if the relay is on another machine.
    #[arg(long, value_name = "NAME")]
    pub room: Option<RoomName>,
    /// Enter a plain room, in which netcat and the like talk too. It is NOT SEALED: the relay can read
    /// all that is said there. It carries words only, one line at a time, and isn't kept for --last.
    #[arg(
        long,
        conflicts_with_all = ["code", "code_option", "new", "room", "last", "keep", "host"]
    )]
    pub plain_room: bool,
    /// Where received files go.
    #[arg(long, value_name = "DIR", env = "COUPLET_DOWNLOADS", default_value = "downloads")]
    pub downloads: PathBuf,
    /// What to do about names that are taken there; /accept N HOW decides it for one offer.
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    pub existing: Existing,
    /// At most so many bytes a second in each transfer; K, M and G are 1024 times more each. /limit
    /// changes it.
    #[arg(long, value_name = "RATE", value_parser = one_shot::rate)]
    pub limit: Option<u64>,
    /// Talk line by line, without a screen: for screen readers, and for programs that read and write in
    /// your place. It is so by itself where standard input or output is no terminal, or TERM is dumb.
    #[arg(long)]
    pub plain: bool,
    /// How it looks and calls.
    #[command(flatten)]
    pub looks: Looks,
}

/// Whom the command line asks to meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// That is for the user to say.
    Ask,
    /// Whoever comes next.
    Anybody,
    /// Whoever names the same room.
    Room(RoomName),
    /// Whoever is told the code that is to be made.
    New,
    /// Whoever has the same code.
    Code(Code),
}

impl Chat {
    /// Whom to meet: by what was asked for, or else by `COUPLET_CODE`, which `variable` reads. With
    /// neither, the user is asked if the relay is on another machine, where anybody might be.
    ///
    /// # Errors
    /// [`CodeError`] if a code was given and isn't one.
    pub fn wanted(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Wanted, CodeError> {
        let asks = self.code.is_none()
            && self.code_option.as_ref().is_some_and(|CodeText(text)| text.is_empty());
        if asks {
            return Ok(Wanted::Ask);
        }
        let code = self.code.as_ref().or(self.code_option.as_ref());
        let elsewhere = self.host.is_none() && !is_loopback(&self.at.relay);
        let otherwise = if elsewhere { Wanted::Ask } else { Wanted::Anybody };
        Ok(wanted_by(code, self.new, self.room.as_ref(), variable)?.unwrap_or(otherwise))
    }
}

/// Whom to meet, as far as the command line or `COUPLET_CODE`, read through `variable`, says.
fn wanted_by(
    code: Option<&CodeText>,
    new: bool,
    room: Option<&RoomName>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Wanted>, CodeError> {
    if let Some(CodeText(text)) = code {
        return Code::parse(text).map(|code| Some(Wanted::Code(code)));
    }
    if new {
        return Ok(Some(Wanted::New));
    }
    if let Some(room) = room {
        return Ok(Some(Wanted::Room(room.clone())));
    }
    // Read here and not by clap, for which a variable would contradict `--new`.
    let text = variable(CODE_VARIABLE).filter(|text| !text.is_empty());
    text.map(|text| Code::parse(&text).map(Wanted::Code)).transpose()
}

/// A code as it was given; it never shows in what is printed about the command line.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeText(String);

impl std::str::FromStr for CodeText {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Read later: clap would repeat it whole in its complaint.
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for CodeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeText(hidden)")
    }
}

/// Whether a relay at this `HOST:PORT` is on this machine.
pub(crate) fn is_loopback(relay: &str) -> bool {
    let host = relay.rsplit_once(':').map_or(relay, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Takes `HOST:PORT`, or `HOST` for the usual port.
fn relay_address(given: &str) -> Result<String, String> {
    let (_, default_port) = DEFAULT_RELAY.rsplit_once(':').unwrap_or_default();
    let bracketed = given.starts_with('[');
    let (host, port) = match given.rsplit_once(':') {
        Some((host, port)) if !bracketed || host.ends_with(']') => (host, port),
        Some(_) | None => (given, default_port),
    };
    if host.is_empty() || port.parse::<u16>().is_err() {
        return Err(format!("write it as HOST:PORT, for example {DEFAULT_RELAY}"));
    }
    Ok(format!("{host}:{port}"))
}

const AFTER_HELP: &str = "\
NO_COLOR is respected. What is always the same can stand in a file: docs/CONFIGURATION.md.

Far away: one types `couplet chat --new` and tells the other the code it shows, such as
7-otter-lamp; the other types `couplet chat 7-otter-lamp`.
Without a screen: `couplet send PATH` shows a code; the other types `couplet receive CODE`.
Start a relay with `couplet-relay`, or use --host. Everything else is said on the screen; F1 helps.";

#[cfg(test)]
#[path = "config/tests.rs"]
mod tests;
