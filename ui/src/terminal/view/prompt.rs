//! The screen that asks for a code.
//!
//! Owns what goes first when there is no room: the advice, then the gaps, then the question; the
//! field and what is wrong with it stay.

use super::super::prompt::Prompt;
use super::super::wrap;
use super::layout;
use super::pen::{Pen, to_u16};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

/// The prompt before the text.
const MARGIN: usize = 2;

/// Draws the screen and gives the width of the field.
pub(crate) fn draw_prompt(prompt: &Prompt, frame: &mut Frame<'_>) -> usize {
    let area = frame.area();
    let theme = prompt.theme;
    let pen = &mut Pen::new(frame.buffer_mut(), theme);
    if !layout::fits(area) {
        layout::too_small(pen, area);
        return 1;
    }
    let status = Rect { height: 1, ..area };
    let bottom = Rect { y: area.bottom() - 1, height: 1, ..area };
    let middle = Rect { y: area.y + 1, height: area.height - 2, ..area };
    let end = pen.put(status, 0, 1, "couplet", theme.strong()) + 2;
    pen.put_before(status, 0, end, usize::from(area.width), &prompt.relay, theme.quiet());
    draw_hints(prompt, pen, bottom);
    let boxed = layout::boxed(area);
    let inner = if boxed { pen.boxed(middle, "which code?", "") } else { middle };
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let columns = usize::from(inner.width).saturating_sub(MARGIN).max(1);
    let height = usize::from(inner.height);

    let (below, style) = below(prompt, columns);
    let below = broken(&below, columns, height.saturating_sub(1).min(4));
    let question = "Type the code that you were told, such as 7-otter-lamp.";
    let question = broken(question, columns, 3);
    let left = height.saturating_sub(1 + below.len().max(1));
    let (question, left) = if question.len() <= left {
        let left = left - question.len();
        (question, left)
    } else {
        (Vec::new(), left)
    };
    let gap = usize::from(left >= 4 && !question.is_empty());
    let mut row = 0;
    for text in &question {
        pen.put(inner, row, 0, text, theme.plain());
        row += 1;
    }
    row += gap;
    let field = row;
    let cursor = draw_field(prompt, pen, inner, field, columns);
    row += 1;
    for text in &below {
        pen.put(inner, row, MARGIN, text, style);
        row += 1;
    }
    row = row.max(field + 2);
    let advice = advice(prompt).map(|text| broken(&text, columns + MARGIN, height));
    let gap = if row + gap + advice[0].len() > height { 0 } else { gap };
    row += gap;
    for rows in advice {
        // All of a piece of advice, or nothing of it.
        if row + rows.len() > height {
            break;
        }
        for text in &rows {
            pen.put(inner, row, 0, text, theme.quiet());
            row += 1;
        }
        row += gap;
    }
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
    columns
}

fn draw_hints(prompt: &Prompt, pen: &mut Pen<'_>, area: Rect) {
    let enter = if prompt.editor.text().trim().is_empty() { "whoever comes" } else { "go on" };
    let mut column = 1;
    for (key, does) in [("Enter", enter), ("Esc", "leave"), ("Tab", "complete")] {
        if column + key.len() + 1 + does.len() > usize::from(area.width) {
            continue;
        }
        column = pen.put(area, 0, column, key, pen.theme.key());
        column = pen.put(area, 0, column + 1, does, pen.theme.plain()) + 2;
    }
}

/// Draws the field, the part around the cursor if it is long, and gives where the cursor is.
fn draw_field(
    prompt: &Prompt,
    pen: &mut Pen<'_>,
    area: Rect,
    row: usize,
    columns: usize,
) -> Option<Position> {
    if row >= usize::from(area.height) {
        return None;
    }
    let theme = pen.theme;
    let text = prompt.editor.text();
    let rows = wrap::rows(text, columns);
    let (seen, column) = prompt.editor.position_in(&rows, columns);
    pen.put(area, row, 0, ">", theme.key());
    let part = rows.get(seen).and_then(|range| text.get(range.clone())).unwrap_or_default();
    let end = pen.put(area, row, MARGIN, part, theme.strong());
    let at_end = prompt.editor.cursor() == text.len();
    if let (true, None, Some(rest)) = (at_end, &prompt.walk, prompt.completion().rest) {
        // What Tab would add.
        pen.put(area, row, end, rest, theme.quiet());
    }
    Some(Position { x: area.x + to_u16(MARGIN + column), y: area.y + to_u16(row) })
}

/// What stands right below the field: what is wrong, the words to choose from, or what Enter does.
fn below(prompt: &Prompt, columns: usize) -> (String, Style) {
    let theme = prompt.theme;
    if let Some(problem) = &prompt.problem {
        return (format!("! {problem}"), theme.attention());
    }
    let words = match &prompt.walk {
        Some(walk) => walk
            .words
            .iter()
            .enumerate()
            // The chosen one is told by more than its place, and without colours.
            .map(|(at, word)| if at == walk.at { format!("[{word}]") } else { (*word).to_owned() })
            .collect(),
        None => prompt.completion().candidates.iter().map(|word| (*word).to_owned()).collect(),
    };
    let words: Vec<String> = words;
    if words.len() > 1 {
        let line = words.join("  ");
        return (wrap::shortened(&line, columns, theme.symbols.ellipsis), theme.plain());
    }
    match prompt.prospect() {
        Some(prospect) => (format!("{} {prospect}", theme.symbols.good), theme.good()),
        None => (String::new(), theme.plain()),
    }
}

fn advice(prompt: &Prompt) -> [String; 3] {
    [
        format!(
            "Without a code, Enter alone meets whoever comes next at {}; that may be anybody.",
            prompt.relay
        ),
        "No code yet? Type new for one to tell your friend, on the phone if you like.".to_owned(),
        "The number finds the room. The words never leave this machine: with them you and your \
         friend know each other, and nobody in between can listen."
            .to_owned(),
    ]
}

fn broken(text: &str, columns: usize, most: usize) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    let rows = wrap::rows(text, columns).into_iter().take(most);
    rows.map(|range| text[range].trim_end().to_owned()).collect()
}
