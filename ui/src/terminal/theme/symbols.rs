//! What is drawn and isn't a word, in Unicode and in ASCII.
//!
//! Owns the symbols only.

use ratatui::symbols::border;

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

pub(super) static UNICODE: Symbols = Symbols {
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

pub(super) static ASCII: Symbols = Symbols {
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

    #[test]
    fn the_fallback_is_ascii() {
        let debug = format!("{ASCII:?}");
        assert!(debug.is_ascii(), "{debug}");
    }
}
