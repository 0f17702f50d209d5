//! What is said to the terminal besides the frames: what the desktop should show, and the title.
//!
//! Owns the sequences and which terminal takes which. Text from outside is made harmless here once
//! more, whatever it went through before: one line, bounded, without control characters.

use crate::config::Notify;
use couplet::text;
use std::env::VarError;

/// The columns of what the desktop is to show.
const MOST_NOTICE: usize = 120;
/// The columns of the title.
const MOST_TITLE: usize = 80;

/// How a terminal is told what the desktop should show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Osc9,
    Osc777,
    Osc99,
}

impl Way {
    /// The way that is wanted, or that the terminal is known to take; a terminal that isn't known
    /// might put it on the screen.
    pub(super) fn chosen(
        wanted: Notify,
        variable: impl Fn(&str) -> Result<String, VarError>,
    ) -> Option<Self> {
        let set = |name: &str| variable(name).ok().filter(|value| !value.is_empty());
        match wanted {
            Notify::Off => return None,
            Notify::Osc9 => return Some(Self::Osc9),
            Notify::Osc777 => return Some(Self::Osc777),
            Notify::Osc99 => return Some(Self::Osc99),
            Notify::Auto => {}
        }
        // Between us and the terminal is one that keeps such things to itself; the bell gets through.
        if set("TMUX").is_some() || set("STY").is_some() {
            return None;
        }
        let program = set("TERM_PROGRAM").unwrap_or_default();
        let term = set("TERM").unwrap_or_default();
        if term.contains("kitty") {
            Some(Self::Osc99)
        } else if term.contains("ghostty")
            || matches!(program.as_str(), "iTerm.app" | "WezTerm" | "ghostty")
        {
            Some(Self::Osc9)
        } else if term.starts_with("foot")
            || term.starts_with("rxvt-unicode")
            || set("VTE_VERSION").is_some()
        {
            Some(Self::Osc777)
        } else {
            None
        }
    }

    /// What tells the terminal that the desktop should show this.
    pub(super) fn notice(self, said: &str) -> Vec<u8> {
        let said = clean(said, MOST_NOTICE);
        match self {
            // With a name first, as a number and a semicolon would be another request.
            Self::Osc9 => format!("\x1b]9;couplet: {said}\x07"),
            // A semicolon would begin another part.
            Self::Osc777 => format!("\x1b]777;notify;couplet;{}\x07", said.replace(';', ",")),
            Self::Osc99 => format!("\x1b]99;;couplet: {said}\x1b\\"),
        }
        .into_bytes()
    }
}

/// What gives the terminal this title.
pub(super) fn title(said: &str) -> Vec<u8> {
    format!("\x1b]2;{}\x07", clean(said, MOST_TITLE)).into_bytes()
}

/// Has the terminal remember its title.
pub(super) const REMEMBER_TITLE: &[u8] = b"\x1b[22;0t";
/// Takes the face's title away, and gives the one that was remembered back, where that is known.
pub(super) const RESTORE_TITLE: &[u8] = b"\x1b]2;\x07\x1b[23;0t";

fn clean(said: &str, columns: usize) -> String {
    let line = text::line(said, columns);
    // The sanitiser leaves none; what ends a sequence is worth two looks.
    line.chars().filter(|character| !character.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn way(notify: Notify, variables: &[(&str, &str)]) -> Option<Way> {
        Way::chosen(notify, |name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned()).ok_or(VarError::NotPresent)
        })
    }

    #[test]
    fn the_terminal_decides_unless_the_user_does() {
        let auto = |variables: &[_]| way(Notify::Auto, variables);
        assert_eq!(auto(&[("TERM", "xterm-kitty")]), Some(Way::Osc99));
        assert_eq!(auto(&[("TERM_PROGRAM", "iTerm.app")]), Some(Way::Osc9));
        assert_eq!(auto(&[("TERM", "xterm-ghostty")]), Some(Way::Osc9));
        assert_eq!(auto(&[("TERM", "foot")]), Some(Way::Osc777));
        assert_eq!(auto(&[("TERM", "xterm-256color"), ("VTE_VERSION", "7600")]), Some(Way::Osc777));
        assert_eq!(auto(&[("TERM", "xterm-256color")]), None);
        assert_eq!(auto(&[("TERM", "xterm-kitty"), ("TMUX", "x")]), None);
        assert_eq!(way(Notify::Osc9, &[("TMUX", "x")]), Some(Way::Osc9));
        assert_eq!(way(Notify::Off, &[("TERM", "foot")]), None);
    }

    #[test]
    fn the_sequences_are_these() {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        assert_eq!(text(Way::Osc9.notice("4;1;50")), "\x1b]9;couplet: 4;1;50\x07");
        assert_eq!(text(Way::Osc777.notice("a;b")), "\x1b]777;notify;couplet;a,b\x07");
        assert_eq!(text(Way::Osc99.notice("a")), "\x1b]99;;couplet: a\x1b\\");
        assert_eq!(text(title("(2) couplet: bob")), "\x1b]2;(2) couplet: bob\x07");
    }

    proptest! {
        #[test]
        fn nothing_from_outside_ends_a_sequence_or_begins_another(said in "(\\PC|[\u{0}-\u{1f}\u{7f}-\u{9f}]|\u{202e}){0,200}") {
            for bytes in [
                Way::Osc9.notice(&said),
                Way::Osc777.notice(&said),
                Way::Osc99.notice(&said),
                title(&said),
            ] {
                let text = String::from_utf8(bytes).unwrap();
                let inner = text.strip_prefix("\x1b]").unwrap();
                let inner = inner.strip_suffix('\x07').or_else(|| inner.strip_suffix("\x1b\\"));
                let inner = inner.unwrap();
                prop_assert!(!inner.chars().any(char::is_control), "{:?}", inner);
                prop_assert!(!inner.contains('\u{202e}'), "{:?}", inner);
                prop_assert!(inner.chars().count() < 1000);
            }
        }
    }
}
