//! The options of `couplet shelf`.
//!
//! Owns their names, defaults and help; what they do is [`crate::command::shelf`]'s.

use super::one_shot::rate;
use super::{DEFAULT_RELAY, exit, relay_address};
use crate::engine::TlsChoice;
use clap::{Args, Subcommand, ValueEnum};
use couplet::account::AccountName;
use couplet::shelf::name::ShelfName;
use couplet::transfer::offer::OnCollision;
use couplet::zmtp::Endpoint;
use std::path::PathBuf;

/// The environment variable that may have the name of the account.
pub const USER: &str = "COUPLET_USER";

/// The options of `couplet shelf`.
#[derive(Debug, Clone, Args)]
#[command(after_help = exit::help())]
pub struct Shelf {
    /// What to do.
    #[command(subcommand)]
    pub command: ShelfCommand,
    /// Where the shelf is, and how what happens is told.
    #[command(flatten)]
    pub common: ShelfCommon,
}

/// The commands of `couplet shelf`.
#[derive(Debug, Clone, Subcommand)]
pub enum ShelfCommand {
    /// Show what is there.
    List {
        /// Only names that match: a glob such as '*.png', else a part of the name.
        #[arg(value_name = "PATTERN")]
        pattern: Option<String>,
        /// Show whole hashes.
        #[arg(long, short)]
        long: bool,
        /// Don't wait for hashes that the relay doesn't know yet.
        #[arg(long)]
        quick: bool,
    },
    /// Fetch files.
    Get {
        /// Which, as the list names them; a glob such as '*.png' is all that match.
        #[arg(value_name = "NAME", required = true, value_parser = wanted)]
        names: Vec<String>,
        /// Where they go; - is standard output, for one file.
        #[arg(
            long,
            visible_alias = "downloads",
            value_name = "DIR",
            env = "COUPLET_DOWNLOADS",
            default_value = "downloads"
        )]
        to: PathBuf,
        /// What to do about names that are taken there.
        #[arg(long, value_name = "HOW", value_enum, default_value_t)]
        existing: ShelfExisting,
        /// At most so many bytes a second; K, M and G are 1024 times more each.
        #[arg(long, value_name = "RATE", value_parser = rate)]
        limit: Option<u64>,
    },
    /// Lay files down for others to fetch.
    Put {
        /// What: files, and folders where the shelf takes them.
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<PathBuf>,
        /// Lay them down at this server instead, in chunks over ZeroMQ, as in tcp://HOST:5555: a
        /// relay's with --zmq-listen, or anybody's. Nothing is protected on the way.
        #[expect(clippy::doc_markdown, reason = "this is shown as help, where it is no Markdown")]
        #[arg(
            long,
            value_name = "ENDPOINT",
            value_parser = Endpoint::to_connect,
            conflicts_with = "limit"
        )]
        zmq: Option<Endpoint>,
        /// At most so many bytes a second; K, M and G are 1024 times more each.
        #[arg(long, value_name = "RATE", value_parser = rate)]
        limit: Option<u64>,
    },
    /// Remove files from the shelf.
    Delete {
        /// Which, as the list names them.
        #[arg(value_name = "NAME", required = true, value_parser = name)]
        names: Vec<ShelfName>,
    },
}

/// What the commands of `couplet shelf` have in common.
#[derive(Debug, Clone, Args)]
pub struct ShelfCommon {
    /// The relay that has the shelf.
    #[arg(
        long,
        value_name = "HOST[:PORT]",
        env = "COUPLET_RELAY",
        default_value = DEFAULT_RELAY,
        value_parser = relay_address,
        global = true
    )]
    pub relay: String,
    /// When to protect the connection with TLS; auto does it for every relay that isn't on this
    /// machine.
    #[arg(
        long,
        value_name = "WHEN",
        env = "COUPLET_TLS",
        value_enum,
        default_value_t,
        global = true
    )]
    pub tls: TlsChoice,
    /// The account to log in with, if the shelf asks for one.
    #[arg(long, value_name = "NAME", env = USER, global = true)]
    pub user: Option<AccountName>,
    /// Where its password is; - is standard input. Else it is in `COUPLET_PASSWORD`, or remembered,
    /// or asked for.
    #[arg(long, value_name = "FILE", global = true)]
    pub password_file: Option<PathBuf>,
    /// Remember the password in the system's keyring.
    #[arg(long, requires = "user", global = true)]
    pub remember: bool,
    /// Tell what happens as JSON, an object a line, on standard output; docs/JSON.md describes it.
    #[arg(long, global = true)]
    pub json: bool,
    /// Tell only errors.
    #[arg(long, short, conflicts_with = "json", global = true)]
    pub quiet: bool,
}

/// What to do about names that are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ShelfExisting {
    /// Leave it: what is there isn't fetched.
    #[default]
    Refuse,
    /// Fetch it under another name, with a number.
    Rename,
    /// Leave out what is there already with the same size and time; rename otherwise.
    Skip,
    /// Replace files.
    Overwrite,
}

impl ShelfExisting {
    /// What the engine does about a name that is taken.
    #[must_use]
    pub const fn on_collision(self) -> OnCollision {
        match self {
            Self::Refuse => OnCollision::Refuse,
            Self::Rename => OnCollision::Rename,
            Self::Skip => OnCollision::Skip,
            Self::Overwrite => OnCollision::Overwrite,
        }
    }
}

/// Whether what is wanted is a glob, and not a name.
#[must_use]
pub fn is_glob(wanted: &str) -> bool {
    wanted.contains(['*', '?', '[', '{'])
}

fn wanted(text: &str) -> Result<String, String> {
    if is_glob(text) { Ok(text.to_owned()) } else { name(text).map(String::from) }
}

fn name(text: &str) -> Result<ShelfName, String> {
    ShelfName::new(text).map_err(|error| error.to_string())
}
