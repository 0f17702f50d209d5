//! One style in words: `cyan bold`, `#1e1e2e on 252`, `reversed`.
//!
//! Owns the words that a theme file may use. It reads text and gives a style, no more.

use couplet::nearness::distance;
use ratatui::style::{Color, Modifier, Style};

/// The sixteen that every terminal has under these names.
const COLOURS: &[(&str, Color)] = &[
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
    ("gray", Color::DarkGray),
    ("grey", Color::DarkGray),
];

/// What a terminal can do to letters besides. Nothing that blinks or hides.
const MODIFIERS: &[(&str, Modifier)] = &[
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
];

/// What stands before the colour behind the letters.
const ON: &str = "on";

/// The style that `text` names.
///
/// # Errors
/// What is wrong with it and what was expected.
pub(super) fn style(text: &str) -> Result<Style, String> {
    let mut style = Style::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        if word == ON {
            let behind = words.next().ok_or("on is followed by a colour, as in black on white")?;
            if style.bg.replace(colour(behind)?).is_some() {
                return Err("there is one colour behind the letters, not two".to_owned());
            }
        } else if let Some((_, modifier)) = MODIFIERS.iter().find(|(name, _)| *name == word) {
            style = style.add_modifier(*modifier);
        } else if style.fg.replace(colour(word)?).is_some() {
            return Err(format!(
                "there is one colour for the letters, not two; {word} behind them is: on {word}"
            ));
        }
    }
    Ok(style)
}

/// The colour that a word names.
pub(super) fn colour(word: &str) -> Result<Color, String> {
    if let Some((_, colour)) = COLOURS.iter().find(|(name, _)| *name == word) {
        return Ok(*colour);
    }
    if let Some(colour) = word.strip_prefix('#').and_then(rgb) {
        return Ok(colour);
    }
    if let Ok(index) = word.parse::<u8>() {
        return Ok(Color::Indexed(index));
    }
    let names = || COLOURS.iter().map(|(name, _)| *name);
    let words = names().chain(MODIFIERS.iter().map(|(name, _)| *name));
    let near = words.map(|name| (distance(word, name), name)).min();
    let meant = match near {
        Some((slips, name)) if slips <= 1 + usize::from(name.len() >= 6) => {
            format!("; did you mean {name}?")
        }
        Some(_) | None => {
            "; a colour is one of the sixteen (such as red or bright-blue), a number from 0 to 255, \
             or #rrggbb; besides there are bold, dim, italic, underlined and reversed"
                .to_owned()
        }
    };
    Err(format!("{word} is no colour{meant}"))
}

fn rgb(digits: &str) -> Option<Color> {
    let is_hex = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let number = u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
    let [_, r, g, b] = number.to_be_bytes();
    Some(Color::Rgb(r, g, b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn styles_are_read() {
        let style = |text| super::style(text).expect(text);
        assert_eq!(style(""), Style::new());
        assert_eq!(style("cyan"), Style::new().fg(Color::Cyan));
        assert_eq!(
            style(" bold  #01aBff on 17 "),
            Style::new()
                .fg(Color::Rgb(1, 0xab, 255))
                .bg(Color::Indexed(17))
                .add_modifier(Modifier::BOLD)
        );
        assert_eq!(style("on default").bg, Some(Color::Reset));
        assert_eq!(style("bright-black").fg, Some(Color::DarkGray));
    }

    #[test]
    fn what_is_no_style_is_told() {
        for (text, said) in [
            ("cyna", "did you mean cyan?"),
            ("bald", "did you mean bold?"),
            ("#12345", "a number from 0 to 255"),
            ("#+12345", "#rrggbb"),
            ("256", "256 is no colour"),
            ("red blue", "not two"),
            ("on red on blue", "not two"),
            ("red on", "followed by a colour"),
        ] {
            let wrong = style(text).expect_err(text);
            assert!(wrong.contains(said), "{text}: {wrong}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(on |#|[0-9a-f]{1,7}|\\PC){0,12}") {
            let _ = style(&text);
        }
    }
}
