//! How the terminal face looks and calls, as far as the command line says.
//!
//! Owns the names, defaults and help of these options.

use crate::terminal::Palette;
use clap::{Args, ValueEnum};

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

/// What is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum SymbolSet {
    /// As the locale says.
    #[default]
    Auto,
    /// Lines, arrows and marks of Unicode.
    Unicode,
    /// ASCII only.
    Ascii,
}

/// How the terminal is told of what the desktop should show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Notify {
    /// As the terminal takes it, if it is one that is known to.
    #[default]
    Auto,
    /// Not at all.
    Off,
    /// By OSC 9: `iTerm2`, `WezTerm`, Ghostty.
    Osc9,
    /// By OSC 777: foot, urxvt, VTE.
    Osc777,
    /// By OSC 99: kitty.
    Osc99,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// It is.
    On,
    /// It isn't.
    Off,
}

impl Switch {
    /// Whether it is on.
    #[must_use]
    pub const fn is_on(self) -> bool {
        matches!(self, Self::On)
    }
}

impl From<bool> for Switch {
    fn from(on: bool) -> Self {
        if on { Self::On } else { Self::Off }
    }
}

/// How the face looks and calls.
#[derive(Debug, Clone, Args)]
pub struct Looks {
    /// What stands before each entry of the conversation.
    #[arg(long, value_name = "HOW", env = "COUPLET_TIMESTAMPS", value_enum, default_value_t)]
    pub timestamps: Timestamps,
    /// The colours: terminal (your terminal's own), dusk (dark), paper (light), a theme of yours, or
    /// a file; docs/CONFIGURATION.md tells how to make one.
    #[arg(
        long,
        value_name = "NAME|FILE",
        env = "COUPLET_THEME",
        default_value = Palette::DEFAULT
    )]
    pub theme: String,
    /// What is drawn with.
    #[arg(long, value_name = "WHICH", env = "COUPLET_SYMBOLS", value_enum, default_value_t)]
    pub symbols: SymbolSet,
    /// Let the wheel scroll and clicks choose and answer; then the terminal selects text only with
    /// Shift held. /mouse changes it.
    #[arg(
        long,
        value_name = "on|off",
        num_args = 0..=1,
        require_equals = true,
        value_enum,
        hide_possible_values = true,
        default_value = "off",
        default_missing_value = "on"
    )]
    pub mouse: Switch,
    /// Ring when something comes while you are away.
    #[arg(
        long,
        value_name = "on|off",
        require_equals = true,
        value_enum,
        hide_possible_values = true,
        default_value = "on"
    )]
    pub bell: Switch,
    /// Have the desktop show it, too: by the terminal, so it works over ssh.
    #[arg(long, value_name = "HOW", env = "COUPLET_NOTIFY", value_enum, default_value_t)]
    pub notify: Notify,
    /// Show in the terminal's title who is there, whose turn it is, and how much is unread.
    #[arg(
        long,
        value_name = "on|off",
        require_equals = true,
        value_enum,
        hide_possible_values = true,
        default_value = "on"
    )]
    pub title: Switch,
    /// Neither ring nor have the desktop show anything, whatever else says so.
    #[arg(long, short)]
    pub quiet: bool,
    /// The theme, once it has been found.
    #[arg(skip)]
    pub(crate) palette: Option<&'static Palette>,
}
