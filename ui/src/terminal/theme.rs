//! How things look: styles and symbols, and their poorer versions.
//!
//! Owns the looks only. Colour never carries meaning alone: whatever it says is also said by a word,
//! a symbol, or bold, dim and reversed, and with `NO_COLOR` there is none, whatever theme was chosen.
//! Where the locale isn't UTF-8, every symbol has an ASCII one.

mod depth;
mod file;
mod paint;
mod palette;
mod symbols;

pub(crate) use palette::Palette;
pub(crate) use symbols::Symbols;

use crate::config::SymbolSet;
use depth::Depth;
use palette::{COLOURLESS, TERMINAL};
use ratatui::style::{Color, Style};
use std::env::VarError;
use symbols::{ASCII, UNICODE};

/// Styles and symbols together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Theme {
    palette: &'static Palette,
    /// The symbols.
    pub(crate) symbols: &'static Symbols,
}

impl Theme {
    /// A theme with the terminal's colours or without any, with Unicode symbols or ASCII ones.
    pub(crate) const fn new(colours: bool, unicode: bool) -> Self {
        let palette = if colours { &TERMINAL } else { &COLOURLESS };
        Self { palette, symbols: if unicode { &UNICODE } else { &ASCII } }
    }

    /// What was chosen, as far as `NO_COLOR`, the terminal and the locale allow it; they are read
    /// through `variable`.
    pub(crate) fn chosen(
        palette: &'static Palette,
        symbols: SymbolSet,
        variable: impl Fn(&str) -> Result<String, VarError>,
    ) -> Self {
        let set = |name: &str| variable(name).ok().filter(|value| !value.is_empty());
        let unicode = match symbols {
            SymbolSet::Unicode => true,
            SymbolSet::Ascii => false,
            SymbolSet::Auto => {
                let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
                locale.is_some_and(|locale| {
                    let locale = locale.to_ascii_lowercase();
                    locale.contains("utf-8") || locale.contains("utf8")
                })
            }
        };
        let bare = Self::new(false, unicode);
        if set("NO_COLOR").is_some() {
            return bare;
        }
        let depth = Depth::told(set("COLORTERM").as_deref(), set("TERM").as_deref());
        let reduced = palette.at(depth);
        let palette = if reduced == *palette { palette } else { reduced.kept() };
        Self { palette, ..bare }
    }

    /// Ordinary text.
    pub(crate) const fn plain(self) -> Style {
        self.palette.text
    }

    /// Text that matters.
    pub(crate) const fn strong(self) -> Style {
        self.palette.strong
    }

    /// Text that steps back: times, hints.
    pub(crate) const fn quiet(self) -> Style {
        self.palette.quiet
    }

    /// The boxes.
    pub(crate) const fn border(self) -> Style {
        self.palette.border
    }

    /// A style for what is put over a border: a style only adds to what is there.
    pub(crate) fn over_border(self, style: Style) -> Style {
        let border = self.border();
        let beneath = border.add_modifier.difference(style.add_modifier);
        let fg = style.fg.or(border.fg.map(|_| Color::Reset));
        let bg = style.bg.or(border.bg.map(|_| Color::Reset));
        Style { fg, bg, ..style }.remove_modifier(beneath)
    }

    /// The one thing on the screen that must not be overlooked: it is the user's turn.
    pub(crate) const fn turn(self) -> Style {
        self.palette.turn
    }

    /// What is selected in a list.
    pub(crate) const fn selected(self) -> Style {
        self.palette.selected
    }

    /// What was looked for, where one has gone to it.
    pub(crate) const fn found(self) -> Style {
        self.palette.found
    }

    /// What was looked for, elsewhere.
    pub(crate) const fn also_found(self) -> Style {
        self.palette.also_found
    }

    /// One's own name.
    pub(crate) const fn me(self) -> Style {
        self.palette.me
    }

    /// The peer's name.
    pub(crate) const fn peer(self) -> Style {
        self.palette.peer
    }

    /// Keys and commands that the user can type now.
    pub(crate) const fn key(self) -> Style {
        self.palette.key
    }

    /// What went well.
    pub(crate) const fn good(self) -> Style {
        self.palette.good
    }

    /// What waits for the user, or isn't as it should be.
    pub(crate) const fn attention(self) -> Style {
        self.palette.attention
    }

    /// What went wrong.
    pub(crate) const fn bad(self) -> Style {
        self.palette.bad
    }

    /// Whether there are colours at all.
    pub(crate) fn has_colours(self) -> bool {
        *self.palette != COLOURLESS
    }

    /// A gauge and a chart.
    pub(crate) const fn gauge(self) -> Style {
        self.palette.gauge
    }
}

impl Palette {
    /// The palette for as long as the program runs: there are two of them at most.
    pub(crate) fn kept(self) -> &'static Self {
        Box::leak(Box::new(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Modifier;

    fn theme(variables: &[(&str, &str)], symbols: SymbolSet) -> Theme {
        chosen(&TERMINAL, variables, symbols)
    }

    fn chosen(palette: &'static Palette, variables: &[(&str, &str)], symbols: SymbolSet) -> Theme {
        Theme::chosen(palette, symbols, |name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned()).ok_or(VarError::NotPresent)
        })
    }

    #[test]
    fn the_environment_decides() {
        let theme = |variables: &[_]| theme(variables, SymbolSet::Auto);
        assert_eq!(theme(&[("LANG", "en_GB.UTF-8")]), Theme::new(true, true));
        assert_eq!(theme(&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")]), Theme::new(true, false));
        assert_eq!(theme(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8")]), Theme::new(true, true));
        assert_eq!(theme(&[("NO_COLOR", "1")]), Theme::new(false, false));
        assert_eq!(theme(&[("NO_COLOR", ""), ("LANG", "C")]), Theme::new(true, false));
    }

    #[test]
    fn symbols_can_be_chosen() {
        let utf = [("LANG", "C.UTF-8")];
        assert_eq!(theme(&utf, SymbolSet::Ascii), Theme::new(true, false));
        assert_eq!(theme(&[], SymbolSet::Unicode), Theme::new(true, true));
    }

    #[test]
    fn no_theme_has_colours_where_none_are_wanted() {
        for name in Palette::names() {
            let palette = Palette::named(name).expect("a theme");
            let bare = chosen(palette, &[("NO_COLOR", "1")], SymbolSet::Ascii);
            assert_eq!(bare, Theme::new(false, false), "{name}");
        }
    }

    #[test]
    fn colours_are_those_that_there_are() {
        let dusk = Palette::named("dusk").expect("a theme");
        let text = |variables: &[_]| chosen(dusk, variables, SymbolSet::Auto).plain();
        let all = [("COLORTERM", "truecolor"), ("TERM", "xterm-256color")];
        assert!(matches!(text(&all).bg, Some(Color::Rgb(..))));
        assert!(matches!(text(&all[1..]).bg, Some(Color::Indexed(_))));
        assert_eq!(text(&[("TERM", "linux")]), Style::new());
    }

    #[test]
    fn what_stands_over_a_border_takes_nothing_of_it() {
        let theme = Theme::new(true, true);
        let title = theme.over_border(theme.strong());
        assert!(title.sub_modifier.contains(Modifier::DIM));
        assert!(title.add_modifier.contains(Modifier::BOLD));
    }
}
