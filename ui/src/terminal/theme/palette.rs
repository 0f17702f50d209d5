//! Which style is for what: the built-in themes.
//!
//! Owns the colours. Those of `terminal` are the terminal's own eight over its own foreground and
//! background, so a light terminal stays light; `dusk` and `paper` bring a background of their own,
//! and all their letters stand out from it by 4.5 to 1 or more.

use super::depth::Depth;
use ratatui::style::{Color, Modifier, Style};

/// A style for each purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Palette {
    /// Ordinary text; its colours are the screen's.
    pub(super) text: Style,
    pub(super) strong: Style,
    pub(super) quiet: Style,
    pub(super) border: Style,
    pub(super) turn: Style,
    pub(super) selected: Style,
    pub(super) found: Style,
    pub(super) also_found: Style,
    pub(super) me: Style,
    pub(super) peer: Style,
    pub(super) key: Style,
    pub(super) good: Style,
    pub(super) attention: Style,
    pub(super) bad: Style,
    pub(super) gauge: Style,
}

/// A purpose: its name in a theme file, its style, and the modifiers that tell it apart without
/// colours, which no theme can take away.
pub(super) type Purpose = (&'static str, fn(&mut Palette) -> &mut Style, Modifier);

/// All purposes.
pub(super) const PURPOSES: &[Purpose] = &[
    ("text", |palette| &mut palette.text, Modifier::empty()),
    ("strong", |palette| &mut palette.strong, Modifier::BOLD),
    ("quiet", |palette| &mut palette.quiet, Modifier::empty()),
    ("border", |palette| &mut palette.border, Modifier::empty()),
    ("turn", |palette| &mut palette.turn, Modifier::REVERSED),
    ("selected", |palette| &mut palette.selected, Modifier::REVERSED),
    ("found", |palette| &mut palette.found, Modifier::REVERSED),
    ("also-found", |palette| &mut palette.also_found, Modifier::UNDERLINED),
    ("me", |palette| &mut palette.me, Modifier::empty()),
    ("peer", |palette| &mut palette.peer, Modifier::empty()),
    ("key", |palette| &mut palette.key, Modifier::empty()),
    ("good", |palette| &mut palette.good, Modifier::empty()),
    ("attention", |palette| &mut palette.attention, Modifier::empty()),
    ("bad", |palette| &mut palette.bad, Modifier::empty()),
    ("gauge", |palette| &mut palette.gauge, Modifier::empty()),
];

/// The built-in themes by their names.
pub(super) const BUILT_IN: &[(&str, &Palette)] =
    &[("terminal", &TERMINAL), ("dusk", &DUSK), ("paper", &PAPER)];

/// For `NO_COLOR`.
pub(super) static COLOURLESS: Palette = over(Style::new(), [Style::new(); 8], DIM);

/// The terminal's own colours.
pub(super) static TERMINAL: Palette = over(
    Style::new(),
    [
        fg(Color::Cyan),
        fg(Color::Magenta),
        fg(Color::Cyan),
        fg(Color::Green),
        fg(Color::Yellow),
        fg(Color::Red),
        fg(Color::Cyan),
        fg(Color::Green),
    ],
    DIM,
);

/// A dark one.
pub(super) static DUSK: Palette = over(
    rgb(0xd7_da_e0).bg(hex(0x1c_1e_26)),
    [
        rgb(0x7f_c8_d8),
        rgb(0xe0_a3_d4),
        rgb(0x7f_c8_d8),
        rgb(0x98_c9_8a),
        rgb(0xe5_c0_7b),
        rgb(0xf0_8a_8a),
        rgb(0x7f_b0_e0),
        rgb(0x98_c9_8a),
    ],
    rgb(0x9a_a0_ad),
);

/// A light one.
pub(super) static PAPER: Palette = over(
    rgb(0x2e_2a_24).bg(hex(0xf7_f3_e8)),
    [
        rgb(0x00_60_6e),
        rgb(0x8a_2f_76),
        rgb(0x00_60_6e),
        rgb(0x2f_6b_1f),
        rgb(0x7a_52_00),
        rgb(0xa8_20_1a),
        rgb(0x1f_5d_9a),
        rgb(0x2f_6b_1f),
    ],
    rgb(0x66_5f_54),
);

const DIM: Style = Style::new().add_modifier(Modifier::DIM);

const fn fg(colour: Color) -> Style {
    Style::new().fg(colour)
}

const fn hex(rgb: u32) -> Color {
    let [_, r, g, b] = rgb.to_be_bytes();
    Color::Rgb(r, g, b)
}

const fn rgb(rgb: u32) -> Style {
    fg(hex(rgb))
}

/// A palette of a text style, the tints (me, peer, key, good, attention, bad, gauge, turn), and what
/// steps back.
const fn over(text: Style, tints: [Style; 8], quiet: Style) -> Palette {
    let [me, peer, key, good, attention, bad, gauge, turn] = tints;
    let block = Modifier::REVERSED.union(Modifier::BOLD);
    Palette {
        text,
        strong: text.add_modifier(Modifier::BOLD),
        quiet: on(quiet, text),
        border: on(quiet, text),
        turn: on(turn, text).add_modifier(block),
        selected: text.add_modifier(Modifier::REVERSED),
        found: on(attention, text).add_modifier(block),
        also_found: on(attention, text).add_modifier(Modifier::UNDERLINED.union(Modifier::BOLD)),
        me: on(me, text),
        peer: on(peer, text).add_modifier(Modifier::BOLD),
        key: on(key, text).add_modifier(Modifier::BOLD),
        good: on(good, text),
        attention: on(attention, text).add_modifier(Modifier::BOLD),
        bad: on(bad, text).add_modifier(Modifier::BOLD),
        gauge: on(gauge, text),
    }
}

/// A style over the screen's own colours, where it has none.
pub(super) const fn on(style: Style, text: Style) -> Style {
    let fg = if style.fg.is_some() { style.fg } else { text.fg };
    let bg = if style.bg.is_some() { style.bg } else { text.bg };
    Style { fg, bg, ..style }
}

impl Palette {
    /// The name of the theme that nobody has chosen.
    pub(crate) const DEFAULT: &'static str = "terminal";

    /// The built-in theme of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, palette)| *palette)
    }

    /// The names of the built-in themes.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The palette in colours that there are.
    pub(super) fn at(self, depth: Depth) -> Self {
        let own_background = self == DUSK || self == PAPER;
        if depth == Depth::Sixteen && own_background {
            // Among sixteen nothing is sure to stand out from a background of one's own.
            return TERMINAL;
        }
        let mut palette = self;
        for (_, style, _) in PURPOSES {
            let style = style(&mut palette);
            *style = depth.style(*style);
        }
        palette
    }
}

#[cfg(test)]
mod tests {
    use super::super::depth;
    use super::*;

    /// Relative luminance (WCAG 2).
    fn luminance(colour: Color) -> f64 {
        let parts = if let Color::Rgb(r, g, b) = colour {
            [r, g, b]
        } else if let Color::Indexed(index) = colour {
            depth::parts(index)
        } else {
            panic!("{colour:?} is the user's own")
        };
        let [r, g, b] = parts.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn contrast(style: Style) -> f64 {
        let (one, other) = (luminance(style.fg.unwrap()), luminance(style.bg.unwrap()));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn letters_stand_out_from_a_background_of_ones_own() {
        for depth in [Depth::True, Depth::Indexed] {
            for (name, palette) in BUILT_IN.iter().filter(|(_, palette)| palette.text.bg.is_some())
            {
                let mut palette = palette.at(depth);
                for (purpose, style, _) in PURPOSES {
                    let style = *style(&mut palette);
                    assert!(
                        contrast(style) >= 4.5,
                        "{name} {purpose} {depth:?}: {}",
                        contrast(style)
                    );
                    assert!(!style.add_modifier.contains(Modifier::DIM), "{name} {purpose}");
                }
            }
        }
        let black_on_white = Style::new().fg(hex(0)).bg(hex(0xff_ff_ff));
        assert!((contrast(black_on_white) - 21.0).abs() < 0.01, "the measure itself");
    }

    #[test]
    fn what_must_not_be_overlooked_needs_no_colour() {
        for (name, palette) in BUILT_IN.iter().chain([&("colourless", &COLOURLESS)]) {
            let mut palette = **palette;
            for (purpose, style, floor) in PURPOSES {
                assert!(style(&mut palette).add_modifier.contains(*floor), "{name} {purpose}");
            }
        }
        let mut bare = COLOURLESS;
        for (purpose, style, _) in PURPOSES {
            assert_eq!((style(&mut bare).fg, style(&mut bare).bg), (None, None), "{purpose}");
        }
    }

    #[test]
    fn sixteen_colours_are_the_users_own() {
        assert_eq!(DUSK.at(Depth::Sixteen), TERMINAL);
        for depth in [Depth::Sixteen, Depth::Indexed, Depth::True] {
            assert_eq!(TERMINAL.at(depth), TERMINAL);
        }
        assert_eq!(PAPER.at(Depth::True), PAPER);
        assert_ne!(PAPER.at(Depth::Indexed), PAPER);
    }
}
