//! A theme from a file: a style for each purpose that it names.
//!
//! Owns what may stand there. What isn't named stays as in the theme that it is based on. It reads
//! text only; the file is found by [`crate::config`].

use super::paint;
use super::palette::{PURPOSES, Palette, TERMINAL, on};
use crate::config::table::{self, Wrong};

/// Names the theme that one is based on.
const BASE: &str = "base";

impl Palette {
    /// Reads a theme file.
    ///
    /// # Errors
    /// What is wrong in which line, and what was expected.
    pub(crate) fn read(text: &str) -> Result<Self, Wrong> {
        let entries = table::entries(text)?;
        let mut palette = TERMINAL;
        if let Some(base) = entries.iter().find(|entry| entry.key == BASE) {
            let name = base.text()?;
            palette = *Self::named(name).ok_or_else(|| {
                let names: Vec<&str> = Self::names().collect();
                base.wrong(format!("is one of {}, not {name}", names.join(", ")))
            })?;
        }
        let mut named = Vec::new();
        for entry in entries.iter().filter(|entry| entry.key != BASE) {
            let Some((key, style, floor)) = PURPOSES.iter().find(|(key, ..)| *key == entry.key)
            else {
                let keys = PURPOSES.iter().map(|(key, ..)| *key).chain([BASE]);
                return Err(entry.unknown("a theme", keys));
            };
            let wanted = paint::style(entry.text()?).map_err(|text| entry.wrong(text))?;
            *style(&mut palette) = wanted.add_modifier(*floor);
            named.push(*key);
        }
        // What the file doesn't name was made for the colours of its base.
        let text = palette.text;
        let moved = named.contains(&"text");
        for (key, style, _) in PURPOSES.iter().skip(1) {
            let style = style(&mut palette);
            if moved && !named.contains(key) {
                style.bg = None;
                if matches!(*key, "strong" | "selected") {
                    style.fg = None;
                }
            }
            *style = on(*style, text);
        }
        Ok(palette)
    }
}

#[cfg(test)]
mod tests {
    use super::super::palette::DUSK;
    use super::*;
    use proptest::prelude::*;
    use ratatui::style::{Color, Modifier, Style};

    #[test]
    fn a_theme_is_read() {
        assert_eq!(Palette::read(""), Ok(TERMINAL));
        assert_eq!(Palette::read("base = \"dusk\""), Ok(DUSK));
        let text = "# mine\nbase = 'dusk'\nme = \"#ff0000 italic\"\nturn = \"white on blue\"\n";
        let palette = Palette::read(text).expect("a theme");
        let red = Color::Rgb(255, 0, 0);
        let me = Style::new().fg(red).add_modifier(Modifier::ITALIC);
        assert_eq!(palette.me, Style { bg: DUSK.text.bg, ..me });
        assert_eq!(palette.peer, DUSK.peer);
        // It still is a block without colours.
        let turn = Style::new().fg(Color::Gray).bg(Color::Blue);
        assert_eq!(palette.turn, turn.add_modifier(Modifier::REVERSED));
    }

    #[test]
    fn another_background_is_everywhere() {
        let mut palette =
            Palette::read("base = \"paper\"\ntext = \"black on 250\"").expect("a theme");
        for (purpose, style, _) in PURPOSES {
            assert_eq!(style(&mut palette).bg, Some(Color::Indexed(250)), "{purpose}");
        }
        assert_eq!(palette.strong.fg, Some(Color::Black));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, told) in [
            ("\nmee = 'red'", "line 2: a theme has no setting mee; did you mean me?"),
            ("me = 3", "line 1: me is text in quotes, not an integer"),
            ("me = 'rde'", "line 1: me: rde is no colour; did you mean red?"),
            ("base = 'dawn'", "line 1: base is one of terminal, dusk, paper, not dawn"),
            ("me = 'red'\nme = 'blue'", "line 2: "),
            ("[me]\nfg = 'red'", "line 1: me is text in quotes, not a table"),
        ] {
            let wrong = Palette::read(text).expect_err(text).to_string();
            assert!(wrong.starts_with(told), "{text}: {wrong}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "((me|text|base|turn) ?= ?['\"]?[a-z #0-9]{0,12}['\"]?\n?|\\PC){0,4}") {
            let _ = Palette::read(&text);
        }
    }
}
