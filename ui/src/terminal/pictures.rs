//! Pictures that were received, as the face asks for them and gets them.
//!
//! Owns by which means a terminal shows pictures. That is read from the environment: a question to
//! the terminal would race with the keys for its answer. What can't be known for sure gets half
//! blocks, which every terminal with colours shows. Only what `ratatui-image` encodes is used of
//! it: its `Picker`, whichever way it is made, runs `tmux` and changes the user's settings there.

mod depicting;

pub(crate) use depicting::depict;

use couplet::transfer::book::TransferId;
use ratatui_image::protocol::Protocol;
use std::path::PathBuf;
use std::sync::Arc;

/// By which means pictures are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Means {
    /// Two pixels a character, in any colour or in the 240 that all terminals have.
    Blocks {
        /// Whether the terminal has any colour.
        any_colour: bool,
    },
    /// The protocol of kitty.
    Kitty,
    /// Sixels.
    Sixel,
    /// The protocol of iTerm2.
    Iterm,
}

impl Means {
    /// What the environment tells, read through `variable`.
    pub(crate) fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let is = |name: &str, values: &[&str]| {
            set(name).is_some_and(|value| values.contains(&value.as_str()))
        };
        let term = set("TERM").unwrap_or_default();
        // What is in between passes pictures on only if it is told to, and then at the wrong place.
        let between = ["TMUX", "STY", "ZELLIJ"].iter().any(|name| set(name).is_some())
            || ["tmux", "screen"].iter().any(|name| term.starts_with(name));
        let any_colour = is("COLORTERM", &["truecolor", "24bit"])
            || term.ends_with("-direct")
            || set("TMUX").is_some()
            || set("WT_SESSION").is_some();
        if between {
            return Self::Blocks { any_colour };
        }
        let program = &["iTerm.app", "WezTerm", "mintty"];
        if set("KITTY_WINDOW_ID").is_some()
            || ["xterm-kitty", "xterm-ghostty"].contains(&term.as_str())
            || is("TERM_PROGRAM", &["ghostty"])
        {
            Self::Kitty
        } else if is("TERM_PROGRAM", program) || is("LC_TERMINAL", &["iTerm2"]) {
            Self::Iterm
        } else if ["foot", "mlterm", "contour"].iter().any(|name| term.starts_with(name)) {
            Self::Sixel
        } else {
            Self::Blocks { any_colour }
        }
    }
}

/// What is asked for: a picture that was received, for so much room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Depict {
    /// Of which transfer.
    pub(crate) id: TransferId,
    /// Where it lies.
    pub(crate) directory: PathBuf,
    /// The name that it has there.
    pub(crate) name: String,
    /// Columns and rows.
    pub(crate) room: (u16, u16),
    /// By which means.
    pub(crate) means: Means,
}

/// The answer.
#[derive(Debug, Clone)]
pub(crate) struct Depicted {
    /// Of which transfer.
    pub(crate) id: TransferId,
    /// The picture, or why there is none and what to do.
    pub(crate) picture: Result<Picture, String>,
}

/// A picture, ready to be drawn.
#[derive(Clone)]
pub(crate) struct Picture {
    /// What it is: `PNG, 1920x1080`.
    pub(crate) what: String,
    /// Made for the terminal.
    pub(crate) drawn: Arc<Protocol>,
    /// Whether its colours have to be among the 240 that all terminals have.
    pub(crate) few_colours: bool,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture").field("what", &self.what).finish_non_exhaustive()
    }
}

/// Whether a name is one of a picture, as far as names tell.
pub(crate) fn is_picture(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| ["png", "jpg", "jpeg", "gif", "webp"].contains(&ending.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn means(variables: &[(&str, &str)]) -> Means {
        Means::from_environment(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn what_is_not_sure_gets_half_blocks() {
        let (any, few) = (Means::Blocks { any_colour: true }, Means::Blocks { any_colour: false });
        assert_eq!(means(&[]), few);
        assert_eq!(means(&[("TERM", "xterm-256color")]), few);
        assert_eq!(means(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), any);
        assert_eq!(means(&[("TERM", "xterm-kitty")]), Means::Kitty);
        assert_eq!(means(&[("TERM_PROGRAM", "ghostty")]), Means::Kitty);
        assert_eq!(means(&[("TERM", "foot-extra")]), Means::Sixel);
        assert_eq!(means(&[("TERM_PROGRAM", "WezTerm")]), Means::Iterm);
        // What a multiplexer was started in says nothing of where it is seen.
        assert_eq!(means(&[("TMUX", "/tmp/x"), ("KITTY_WINDOW_ID", "1")]), any);
        assert_eq!(means(&[("TERM", "screen"), ("TERM_PROGRAM", "iTerm.app")]), few);
        assert_eq!(means(&[("KITTY_WINDOW_ID", ""), ("COLORTERM", "")]), few);
    }

    #[test]
    fn names_tell_pictures() {
        assert!(["a.PNG", "b.jpeg", "c.tar.webp", "photo (2).jpg"].iter().all(|n| is_picture(n)));
        assert!(!["png", "a.svg", "a.png.txt", ""].iter().any(|name| is_picture(name)));
    }
}
