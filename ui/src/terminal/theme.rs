//! How things look: styles and symbols, and their poorer versions.
//!
//! Owns the looks only. Colours are the terminal's own eight, over its own foreground and
//! background, so a light terminal stays light. Colour never carries meaning alone: whatever it
//! says is also said by a word, a symbol, or bold, dim and reversed, and with `NO_COLOR` there is
//! none. Where the locale isn't UTF-8, every symbol has an ASCII one.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;
use std::env::VarError;

/// Styles and symbols together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Theme {
    colours: bool,
    /// The symbols.
    pub(crate) symbols: &'static Symbols,
}

#[expect(clippy::unused_self, reason = "every style is asked of the theme, coloured or not")]
impl Theme {
    /// A theme with colours or without, with Unicode symbols or ASCII ones.
    pub(crate) const fn new(colours: bool, unicode: bool) -> Self {
        Self { colours, symbols: if unicode { &UNICODE } else { &ASCII } }
    }

    /// What `NO_COLOR` and the locale ask for, read through `variable`.
    pub(crate) fn from_environment(variable: impl Fn(&str) -> Result<String, VarError>) -> Self {
        let set = |name: &str| variable(name).ok().filter(|value| !value.is_empty());
        let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
        let unicode = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        Self::new(set("NO_COLOR").is_none(), unicode)
    }

    /// Ordinary text.
    pub(crate) const fn plain(self) -> Style {
        Style::new()
    }

    /// Text that matters.
    pub(crate) const fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Text that steps back: times, borders, hints.
    pub(crate) const fn quiet(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// The one thing on the screen that must not be overlooked: it is the user's turn.
    pub(crate) const fn turn(self) -> Style {
        self.tinted(Color::Green).add_modifier(Modifier::REVERSED).add_modifier(Modifier::BOLD)
    }

    /// What is selected in a list.
    pub(crate) const fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// What was looked for, where one has gone to it.
    pub(crate) const fn found(self) -> Style {
        self.tinted(Color::Yellow).add_modifier(Modifier::REVERSED).add_modifier(Modifier::BOLD)
    }

    /// What was looked for, elsewhere.
    pub(crate) const fn also_found(self) -> Style {
        self.tinted(Color::Yellow).add_modifier(Modifier::UNDERLINED).add_modifier(Modifier::BOLD)
    }

    /// One's own name.
    pub(crate) const fn me(self) -> Style {
        self.tinted(Color::Cyan)
    }

    /// The peer's name.
    pub(crate) const fn peer(self) -> Style {
        self.tinted(Color::Magenta).add_modifier(Modifier::BOLD)
    }

    /// Keys and commands that the user can type now.
    pub(crate) const fn key(self) -> Style {
        self.tinted(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// What went well.
    pub(crate) const fn good(self) -> Style {
        self.tinted(Color::Green)
    }

    /// What waits for the user, or isn't as it should be.
    pub(crate) const fn attention(self) -> Style {
        self.tinted(Color::Yellow).add_modifier(Modifier::BOLD)
    }

    /// What went wrong.
    pub(crate) const fn bad(self) -> Style {
        self.tinted(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// A gauge and a chart.
    pub(crate) const fn gauge(self) -> Style {
        self.tinted(Color::Cyan)
    }

    const fn tinted(self, colour: Color) -> Style {
        if self.colours { Style::new().fg(colour) } else { Style::new() }
    }
}

/// Everything that is drawn and isn't a word.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Symbols {
    /// Ends what was cut.
    pub(crate) ellipsis: &'static str,
    /// Between two figures.
    pub(crate) dot: &'static str,
    /// Something is there, or is so.
    pub(crate) full: &'static str,
    /// Something isn't there, or isn't so.
    pub(crate) hollow: &'static str,
    /// Something is there, but not all that it takes.
    pub(crate) half: &'static str,
    /// Own words on their way.
    pub(crate) sent: &'static str,
    /// Own words taken by the relay.
    pub(crate) taken: &'static str,
    /// Own words shown to the peer.
    pub(crate) shown: &'static str,
    /// It went well.
    pub(crate) good: &'static str,
    /// It went wrong, or was refused.
    pub(crate) bad: &'static str,
    /// Bytes that come.
    pub(crate) incoming: &'static str,
    /// Bytes that go.
    pub(crate) outgoing: &'static str,
    /// Begins advice on what to do next.
    pub(crate) guide: &'static str,
    /// Begins a held message.
    pub(crate) held: &'static str,
    /// More lies that way.
    pub(crate) below: &'static str,
    /// Beside a quotation, and beside code.
    pub(crate) quote: &'static str,
    pub(crate) code: &'static str,
    /// The ruler's line.
    pub(crate) ruler: &'static str,
    /// A gauge's cells from one eighth to full; ASCII has only the last.
    pub(crate) eighths: &'static [&'static str],
    /// A gauge's empty cell.
    pub(crate) empty: &'static str,
    /// A chart's columns from lowest to highest.
    pub(crate) columns: &'static [&'static str],
    /// The boxes.
    pub(crate) border: border::Set<'static>,
}

static UNICODE: Symbols = Symbols {
    ellipsis: "…",
    dot: "·",
    full: "●",
    hollow: "○",
    half: "◐",
    sent: "…",
    taken: "✓",
    shown: "✓✓",
    good: "✓",
    bad: "✗",
    incoming: "⇣",
    outgoing: "⇡",
    guide: "→",
    held: "‖",
    below: "↓",
    quote: "┆",
    code: "▌",
    ruler: "─",
    eighths: &["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
    empty: "░",
    columns: &["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    border: border::PLAIN,
};

static ASCII: Symbols = Symbols {
    ellipsis: "~",
    dot: "-",
    full: "*",
    hollow: "o",
    half: "%",
    sent: ".",
    taken: "+",
    shown: "++",
    good: "+",
    bad: "x",
    incoming: "v",
    outgoing: "^",
    guide: ">",
    held: "=",
    below: "v",
    quote: ">",
    code: "|",
    ruler: "-",
    eighths: &["#"],
    empty: ".",
    columns: &["_", ".", "-", "=", "+", "*", "%", "#"],
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    fn theme(variables: &[(&str, &str)]) -> Theme {
        Theme::from_environment(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned()).ok_or(VarError::NotPresent)
        })
    }

    #[test]
    fn the_environment_decides() {
        assert_eq!(theme(&[("LANG", "en_GB.UTF-8")]), Theme::new(true, true));
        assert_eq!(theme(&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")]), Theme::new(true, false));
        assert_eq!(theme(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8")]), Theme::new(true, true));
        assert_eq!(theme(&[("NO_COLOR", "1")]), Theme::new(false, false));
        assert_eq!(theme(&[("NO_COLOR", ""), ("LANG", "C")]), Theme::new(true, false));
    }

    #[test]
    fn the_fallback_is_ascii() {
        let debug = format!("{ASCII:?}");
        assert!(debug.is_ascii(), "{debug}");
    }
}
