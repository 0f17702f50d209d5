//! The whole command line: the relay itself, or one of its commands.
//!
//! Owns which commands there are; their options are where they are carried out, the relay's own in
//! [`Config`].

use crate::accounts::command::AccountArgs;
use crate::config::Config;
use clap::{CommandFactory as _, Parser, Subcommand};

/// The command line of `couplet-relay`.
#[derive(Debug, Parser)]
#[command(about = Config::command().get_about().cloned().unwrap_or_default(), args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; without a command: run a relay.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The relay's options.
    #[command(flatten)]
    pub config: Config,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make, list, change and remove the accounts of the shelf, whether the relay runs or not
    Account(AccountArgs),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn without_a_command_it_is_the_relay_as_ever() {
        Cli::command().debug_assert();
        let cli = read("couplet-relay --listen 127.0.0.1:0 --data x --log info").expect("options");
        assert!(cli.command.is_none());
        assert_eq!(cli.config.listen, "127.0.0.1:0");
        let same =
            Config { listen: "127.0.0.1:0".into(), data: Some("x".into()), ..Config::default() };
        assert_eq!(format!("{:?}", cli.config), format!("{same:?}"));
        let help = Cli::command().render_long_help().to_string();
        assert!(help.starts_with("The relay of couplet"), "{help}");
        assert!(help.contains("account") && help.contains("--max-clients"), "{help}");
        assert_eq!(Cli::command().get_name(), "couplet-relay");
    }

    #[test]
    fn the_directory_may_stand_anywhere_in_a_command() {
        for line in [
            "couplet-relay account --data x list",
            "couplet-relay account list --data x --json",
            "couplet-relay account add ann --data x --rights get,put --password-file -",
            "couplet-relay account rights ann none",
        ] {
            assert!(matches!(read(line), Ok(Cli { command: Some(_), .. })), "{line}");
        }
        for line in [
            "couplet-relay account",
            "couplet-relay account add",
            "couplet-relay account add Ann",
            "couplet-relay account add ann --rights all",
            "couplet-relay account add ann --password 12345678",
            "couplet-relay account rights ann",
            "couplet-relay --listen 127.0.0.1:0 account list",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
