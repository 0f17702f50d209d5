//! The command line of `couplet`, with its environment variables and defaults.
//!
//! Owns names, defaults and help; what a command does is the faces'.

use clap::{Args, Parser, Subcommand};
use couplet::message::RoomName;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where a relay listens if nothing else is said.
pub const DEFAULT_RELAY: &str = "127.0.0.1:3647";

/// Where a relay that is run by `--host` listens: reachable for a friend on the network.
pub const DEFAULT_HOST: &str = "0.0.0.0:3647";

/// A private line for two: talk in turns and pass files of any size.
#[derive(Debug, Parser)]
#[command(name = "couplet", version, about, after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; without a command: chat.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The options of `chat`, which need no command.
    #[command(flatten)]
    pub chat: Chat,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Meet somebody and talk, in the terminal.
    Chat(Chat),
}

/// The options of `couplet chat`.
#[derive(Debug, Clone, Args)]
pub struct Chat {
    /// The relay to meet at.
    #[arg(
        long,
        value_name = "HOST[:PORT]",
        env = "COUPLET_RELAY",
        default_value = DEFAULT_RELAY,
        value_parser = relay_address
    )]
    pub relay: String,
    /// Run a relay as well, and end it on leaving: the one-command start. Without ADDR it can be
    /// reached from the network; --host=127.0.0.1:3647 keeps it to this machine.
    #[arg(
        long,
        value_name = "ADDR",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = DEFAULT_HOST,
        conflicts_with = "relay"
    )]
    pub host: Option<SocketAddr>,
    /// Meet in the room of this name; without it, whoever comes next.
    #[arg(long, value_name = "NAME")]
    pub room: Option<RoomName>,
    /// The name to show to your peer.
    #[arg(long, value_name = "NICK", env = "COUPLET_NAME")]
    pub name: Option<String>,
    /// Where received files go.
    #[arg(long, value_name = "DIR", env = "COUPLET_DOWNLOADS", default_value = "downloads")]
    pub downloads: PathBuf,
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

/// The exit statuses, each with its meaning.
pub mod exit {
    /// The line ended in order: `fin`, or the relay said `exit`.
    pub const OK: u8 = 0;
    /// Something went wrong that has no status of its own.
    pub const FAILURE: u8 = 1;
    /// The command line is wrong; clap uses the same.
    pub const USAGE: u8 = 2;
    /// No relay could be reached, or none could be started.
    pub const NO_RELAY: u8 = 3;
    /// The relay refused: full, room taken, seat given away, another version.
    pub const REFUSED: u8 = 4;
    /// The other end doesn't speak couplet's protocol.
    pub const PROTOCOL: u8 = 5;
    /// There is no terminal to draw on.
    pub const NO_TERMINAL: u8 = 6;
}

const AFTER_HELP: &str = "\
Exit status: 0 ended in order, 1 other failure, 2 wrong usage, 3 no relay reached, 4 the relay
refused, 5 not a couplet relay, 6 no terminal. NO_COLOR is respected.

Start a relay with `couplet-relay`, or use --host. Everything else is said on the screen; F1 helps.";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn chat_needs_no_word() {
        let cli = Cli::try_parse_from(["couplet", "--relay", "host:1"]).expect("parsed");
        assert_eq!(cli.chat.relay, "host:1");
        let cli = Cli::try_parse_from(["couplet", "chat", "--room", "attic"]).expect("parsed");
        let Some(Command::Chat(chat)) = cli.command else { panic!("no chat") };
        assert_eq!(chat.room.expect("a room").as_str(), "attic");
    }

    #[test]
    fn a_relay_needs_no_port_and_is_checked() {
        for (given, taken) in [
            ("localhost", "localhost:3647"),
            ("relay.lan:80", "relay.lan:80"),
            ("[::1]", "[::1]:3647"),
            ("[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(relay_address(given), Ok(taken.to_owned()));
        }
        for bad in ["", ":80", "host:", "host:http", "host:70000"] {
            assert!(relay_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn host_has_an_address_of_its_own() {
        let cli = Cli::try_parse_from(["couplet", "--host"]).expect("parsed");
        assert_eq!(cli.chat.host.expect("an address").to_string(), DEFAULT_HOST);
        let cli = Cli::try_parse_from(["couplet", "--host=127.0.0.1:0"]).expect("parsed");
        assert_eq!(cli.chat.host.expect("an address").to_string(), "127.0.0.1:0");
        assert!(Cli::try_parse_from(["couplet", "--host", "--relay", "x:1"]).is_err());
    }
}
