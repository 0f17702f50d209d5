//! The verification words, large, over the whole screen (`/verify`).
//!
//! Owns how large they can be: they are the last to go, then what to do, then why.

use super::super::app::App;
use super::super::wrap;
use super::pen::Pen;
use couplet::session::{Seal, Verdict};
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Draws the words and what to do with them.
pub(super) fn draw(app: &App, pen: &mut Pen<'_>, area: Rect, boxed: bool) {
    let Some(Seal::Sealed { words, by_code, verdict }) = app.standing.seal else { return };
    let theme = pen.theme;
    let inner = if boxed { pen.boxed(area, "compare the words", "") } else { area };
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let width = usize::from(inner.width);
    let height = usize::from(inner.height);
    let texts: Vec<(Vec<String>, Style)> = [
        (what_to_do(app.sealing.chosen), theme.strong()),
        (standing(app, verdict, by_code), standing_style(app, verdict)),
    ]
    .into_iter()
    .map(|(text, style)| (broken(&text, width), style))
    .collect();
    let wanted: usize = texts.iter().map(|(rows, _)| rows.len()).sum();
    // From the largest to what fits anywhere: with a row between the words and around them, with one
    // around them, without any, and all on one row.
    let mut row = if height >= 9 + wanted {
        put_words(pen, inner, words, 1, 2)
    } else if height >= 5 + wanted {
        put_words(pen, inner, words, 1, 1)
    } else if height >= 3 + texts[0].0.len() {
        put_words(pen, inner, words, 0, 1)
    } else {
        pen.put_before(inner, 0, 0, width, &words.join(" "), theme.strong());
        1
    };
    let gap = usize::from(height > row + wanted + 1);
    for (rows, style) in texts {
        for text in rows {
            pen.put(inner, row, 0, &text, style);
            row += 1;
        }
        row += gap;
    }
}

/// Puts the words one below the other, spelled wide, `top` rows down and `step` rows apart; gives
/// the row after them.
fn put_words(pen: &mut Pen<'_>, area: Rect, words: [&str; 3], top: usize, step: usize) -> usize {
    let width = usize::from(area.width);
    let wide = |word: &str| {
        let letters: Vec<String> = word.to_uppercase().chars().map(String::from).collect();
        letters.join(if width < 30 { " " } else { "  " })
    };
    let words = words.map(wide);
    let widest = words.iter().map(|word| wrap::width(word)).max().unwrap_or(0);
    let column = width.saturating_sub(widest) / 2;
    for (at, word) in words.iter().enumerate() {
        pen.put(area, top + at * step, column, word, pen.theme.key());
    }
    top + 2 * step + 1 + top
}

fn what_to_do(chosen: Option<Verdict>) -> String {
    match chosen {
        Some(Verdict::Same) => {
            return "They are the SAME on both sides? Enter: yes, Esc: not now.".to_owned();
        }
        Some(Verdict::Different) => {
            return "They DIFFER? Enter: yes, Esc: not now.".to_owned();
        }
        None => {}
    }
    "Read these words to each other over a voice you know: on the phone, or across the table. \
     Press y and Enter if your peer has the same, n and Enter if they differ, Esc to do it later."
        .to_owned()
}

fn standing(app: &App, verdict: Option<Verdict>, by_code: bool) -> String {
    let symbols = app.setting.theme.symbols;
    let (full, half, bad) = (symbols.full, symbols.half, symbols.bad);
    match verdict {
        Some(Verdict::Same) => format!("{full} Verified: you have said that they are the same."),
        Some(Verdict::Different) => format!(
            "{bad} You have said that they differ: somebody may be sitting in the middle. \
             Nothing more is sent or taken; leave with fin, and meet by a new code."
        ),
        None if by_code => format!(
            "{full} Not compared yet. You met by a code, which only somebody who knows it can do."
        ),
        None => format!(
            "{half} Not compared yet. You met without a code: only these words tell whether \
             somebody sits in the middle."
        ),
    }
}

fn standing_style(app: &App, verdict: Option<Verdict>) -> Style {
    let theme = app.setting.theme;
    match verdict {
        Some(Verdict::Same) => theme.good(),
        Some(Verdict::Different) => theme.attention(),
        None => theme.plain(),
    }
}

fn broken(text: &str, width: usize) -> Vec<String> {
    wrap::rows(text, width).into_iter().map(|row| text[row].trim_end().to_owned()).collect()
}
