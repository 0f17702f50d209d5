//! How many colours a terminal has, and the nearest of those it has.
//!
//! Owns the reading of `COLORTERM` and `TERM`, and the distance between colours.

use ratatui::style::{Color, Style};

/// How many colours a terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Depth {
    /// The sixteen that have names.
    Sixteen,
    /// Those, a cube of 216, and 24 greys.
    Indexed,
    /// All.
    True,
}

/// What the names of terminals with 256 colours have in them.
const INDEXED: &[&str] = &["256", "kitty", "ghostty", "alacritty", "foot", "wezterm"];

impl Depth {
    /// What the terminal says of itself through `COLORTERM` and `TERM`.
    pub(crate) fn told(colorterm: Option<&str>, term: Option<&str>) -> Self {
        let says_so = colorterm.is_some_and(|told| told == "truecolor" || told == "24bit");
        if says_so || term.is_some_and(|term| term.ends_with("-direct")) {
            return Self::True;
        }
        let indexed = |term: &str| INDEXED.iter().any(|part| term.contains(part));
        if term.is_some_and(indexed) { Self::Indexed } else { Self::Sixteen }
    }

    /// The style in colours that there are.
    pub(super) fn style(self, style: Style) -> Style {
        let near = |colour: Option<Color>| colour.map(|colour| self.nearest(colour));
        Style { fg: near(style.fg), bg: near(style.bg), ..style }
    }

    /// The nearest colour that there is. Those with names are the user's own, and stay.
    pub(super) fn nearest(self, colour: Color) -> Color {
        match (self, colour) {
            (Self::Indexed, Color::Rgb(r, g, b)) => Color::Indexed(nearest_of(16..=255, [r, g, b])),
            (Self::Sixteen, Color::Rgb(r, g, b)) => {
                NAMED[usize::from(nearest_of(0..=15, [r, g, b]))]
            }
            (Self::Sixteen, Color::Indexed(index)) => {
                NAMED[usize::from(nearest_of(0..=15, parts(index)))]
            }
            (_, other) => other,
        }
    }
}

/// The sixteen, in the order of their numbers.
const NAMED: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

/// What the sixteen usually are (xterm's); whoever has others sees those.
const USUAL: [[u8; 3]; 16] = [
    [0, 0, 0],
    [205, 0, 0],
    [0, 205, 0],
    [205, 205, 0],
    [0, 0, 238],
    [205, 0, 205],
    [0, 205, 205],
    [229, 229, 229],
    [127, 127, 127],
    [255, 0, 0],
    [0, 255, 0],
    [255, 255, 0],
    [92, 92, 255],
    [255, 0, 255],
    [0, 255, 255],
    [255, 255, 255],
];

/// The steps of the cube.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// Red, green and blue of a number.
pub(super) fn parts(index: u8) -> [u8; 3] {
    match index {
        0..=15 => USUAL[usize::from(index)],
        16..=231 => {
            let cube = usize::from(index - 16);
            [STEPS[cube / 36], STEPS[cube / 6 % 6], STEPS[cube % 6]]
        }
        232..=255 => [8 + 10 * (index - 232); 3],
    }
}

fn nearest_of(numbers: std::ops::RangeInclusive<u8>, wanted: [u8; 3]) -> u8 {
    let start = *numbers.start();
    numbers.min_by_key(|number| apart(parts(*number), wanted)).unwrap_or(start)
}

/// How far two colours are apart to the eye ("redmean", Thiadmer Riemersma).
fn apart(one: [u8; 3], other: [u8; 3]) -> i64 {
    let [r, g, b] = [0, 1, 2].map(|at| i64::from(one[at]) - i64::from(other[at]));
    let mean = i64::midpoint(i64::from(one[0]), i64::from(other[0]));
    (((512 + mean) * r * r) >> 8) + 4 * g * g + (((767 - mean) * b * b) >> 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_environment_tells() {
        for (colorterm, term, depth) in [
            (Some("truecolor"), Some("xterm"), Depth::True),
            (Some("24bit"), None, Depth::True),
            (Some("yes"), Some("tmux-256color"), Depth::Indexed),
            (None, Some("xterm-kitty"), Depth::Indexed),
            (None, Some("xterm"), Depth::Sixteen),
            (None, Some("xterm-direct"), Depth::True),
            (None, Some("linux"), Depth::Sixteen),
            (None, None, Depth::Sixteen),
        ] {
            assert_eq!(Depth::told(colorterm, term), depth, "{colorterm:?} {term:?}");
        }
    }

    #[test]
    fn the_nearest_is_near() {
        let near = |depth: Depth, r, g, b| depth.nearest(Color::Rgb(r, g, b));
        assert_eq!(near(Depth::True, 1, 2, 3), Color::Rgb(1, 2, 3));
        assert_eq!(near(Depth::Indexed, 0, 0, 0), Color::Indexed(16));
        assert_eq!(near(Depth::Indexed, 255, 255, 254), Color::Indexed(231));
        assert_eq!(near(Depth::Indexed, 96, 134, 176), Color::Indexed(67));
        assert_eq!(near(Depth::Indexed, 39, 40, 38), Color::Indexed(235));
        assert_eq!(near(Depth::Sixteen, 10, 5, 5), Color::Black);
        assert_eq!(near(Depth::Sixteen, 0, 200, 10), Color::Green);
        assert_eq!(Depth::Sixteen.nearest(Color::Indexed(231)), Color::White);
        for depth in [Depth::Sixteen, Depth::Indexed] {
            assert_eq!(depth.nearest(Color::Magenta), Color::Magenta, "the user's own");
            assert_eq!(depth.nearest(Color::Reset), Color::Reset);
        }
    }

    proptest! {
        #[test]
        fn what_there_is_stays(index in 16..=255_u8) {
            let [r, g, b] = parts(index);
            let Color::Indexed(found) = Depth::Indexed.nearest(Color::Rgb(r, g, b)) else {
                panic!("no number")
            };
            prop_assert_eq!(parts(found), [r, g, b]);
        }
    }
}
