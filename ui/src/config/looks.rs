//! How the terminal face looks, as far as the command line says.

use clap::ValueEnum;

/// What stands before each entry of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Timestamps {
    /// Hours and minutes, local.
    #[default]
    Short,
    /// With seconds.
    Seconds,
    /// No time.
    Off,
}
