//! The help, made from the tables of commands and keys.
//!
//! Owns the few sentences about how a conversation goes.

use super::super::commands::COMMANDS;
use super::super::keys::{self, Place};
use super::super::needle::Needle;
use super::super::theme::Symbols;
use super::super::wrap;
use super::pen::Pen;
use ratatui::layout::Rect;

/// A line of the help.
enum Line {
    Heading(&'static str),
    Text(String),
    Pair(String, String),
    Gap,
}

/// Draws the help from line `top` on, or of it what has `query` in it; gives its rows on the screen
/// and the last useful `top`.
pub(super) fn draw(
    pen: &mut Pen<'_>,
    area: Rect,
    boxed: bool,
    top: usize,
    query: &str,
) -> (usize, usize) {
    let theme = pen.theme;
    let width = usize::from(area.width).saturating_sub(4);
    let lines = broken(about(lines(theme.symbols), query), width);
    let height = usize::from(area.height).saturating_sub(if boxed { 2 } else { 0 });
    let end = lines.len().saturating_sub(height);
    let top = top.min(end);
    let inner = if boxed {
        let foot = match end - top {
            0 => String::new(),
            more => format!("{} {more} more", theme.symbols.below),
        };
        let title =
            if query.is_empty() { "help".to_owned() } else { format!("help: {}", query.trim()) };
        pen.boxed(area, &title, &foot)
    } else {
        area
    };
    let key_columns = key_columns(width);
    for (row, line) in lines.iter().skip(top).take(height).enumerate() {
        match line {
            Line::Heading(text) => {
                pen.put(inner, row, 1, text, theme.strong());
            }
            Line::Text(text) => {
                pen.put(inner, row, 1, text, theme.plain());
            }
            Line::Pair(key, text) => {
                pen.put(inner, row, 1, key, theme.key());
                pen.put(inner, row, 1 + key_columns, text, theme.plain());
            }
            Line::Gap => {}
        }
    }
    (height, end)
}

/// The lines that have `query` in them, each below its heading; of a heading that has it, all.
fn about(lines: Vec<Line>, query: &str) -> Vec<Line> {
    let Some(needle) = Needle::new(query.trim()) else { return lines };
    let has = |text: &str| needle.first_in(text).is_some();
    let mut out = Vec::new();
    let mut heading = None;
    let mut whole = false;
    for line in lines {
        let found = match &line {
            Line::Heading(text) => {
                whole = has(text);
                heading = Some(*text);
                continue;
            }
            Line::Gap => continue,
            Line::Text(text) => has(text),
            Line::Pair(key, text) => has(key) || has(text),
        };
        if found || whole {
            if let Some(heading) = heading.take() {
                out.extend((!out.is_empty()).then_some(Line::Gap));
                out.push(Line::Heading(heading));
            }
            out.push(line);
        }
    }
    if out.is_empty() {
        out.push(Line::Text(format!(
            "The help says nothing of {:?}. Esc shows all of it.",
            query.trim()
        )));
    }
    out
}

/// The columns for the keys. Where there are few, what a key does is below it, a little to the right.
fn key_columns(width: usize) -> usize {
    match width {
        0..30 => 2,
        30..50 => 16,
        _ => 24,
    }
}

fn lines(symbols: &Symbols) -> Vec<Line> {
    let mut lines = vec![
        Line::Heading("How it goes"),
        Line::Text(
            "Two talk in turns. Who has the turn (emi) may say one message, then the turn is the \
             other's. Who listens (rec) can write too: Enter holds the message, and it goes out \
             when the turn comes."
                .to_owned(),
        ),
        Line::Text(
            "Files can be offered, answered and sent at any time, whoever's turn it is.".to_owned(),
        ),
        Line::Text(
            "A code such as 7-otter-lamp brings two together and nobody else: /new makes one, the \
             other types couplet chat and the code."
                .to_owned(),
        ),
        Line::Text("fin alone on a line leaves.".to_owned()),
        Line::Gap,
        Line::Heading("Commands"),
    ];
    lines.extend(
        COMMANDS
            .iter()
            .map(|command| Line::Pair(command.usage.to_owned(), command.help.to_owned())),
    );
    lines.push(Line::Pair("//text".to_owned(), "say a line that begins with a slash".to_owned()));
    for (place, heading) in [
        (Place::Talk, "Keys"),
        (Place::Chord, "Keys after Ctrl-X"),
        (Place::Seek, "Keys while you search what you entered before (Ctrl-R)"),
        (Place::Pick, "Keys while you choose files (F4)"),
        (Place::Transfers, "Keys in the list of transfers (F2)"),
        (Place::Shelf, "Keys on the shelf (F3)"),
        (Place::Find, "Keys in the search through the conversation (Ctrl-F)"),
        (Place::Select, "Keys while you choose messages (Alt-S)"),
        (Place::Verify, "Keys while words are compared (Alt-V)"),
        (Place::Help, "Keys in this help (F1)"),
    ] {
        lines.extend([Line::Gap, Line::Heading(heading)]);
        let named =
            keys::bindings().filter(|binding| binding.place == place && !binding.help.is_empty());
        lines.extend(
            named.map(|binding| Line::Pair(binding.label.to_owned(), binding.help.to_owned())),
        );
    }
    lines.extend([Line::Gap, Line::Heading("Marks of your messages")]);
    let marks = [
        (symbols.sent, "on its way to the relay"),
        (symbols.taken, "taken by the relay: it is your peer's turn"),
        (symbols.shown, "on your peer's screen"),
    ];
    lines.extend(marks.map(|(mark, text)| Line::Pair(mark.to_owned(), text.to_owned())));
    lines.extend([Line::Gap, Line::Heading("The seal, in the first line")]);
    let (full, half, bad) = (symbols.full, symbols.half, symbols.bad);
    let seals = [
        (
            format!("{half} sealed"),
            "the relay can't read it; /verify rules out somebody in between",
        ),
        (format!("{full} sealed"), "and your peer has the same code"),
        (format!("{full} verified"), "and you have compared the words"),
        (format!("{bad} NOT VERIFIED"), "the words differ: say nothing secret, leave with fin"),
        (format!("{bad} not sealed"), "no keys were agreed on: nothing is said"),
    ];
    lines.extend(seals.map(|(state, text)| Line::Pair(state, text.to_owned())));
    lines.extend([
        Line::Gap,
        Line::Heading("Good to know"),
        Line::Text(
            "While the terminal hasn't the focus, or, if it doesn't tell, when you have pressed no \
             key for 15 s, you are called by the bell, the desktop and the title: for a message, \
             your turn, an offer, the end of a transfer."
                .to_owned(),
        ),
    ]);
    lines
}

fn broken(lines: Vec<Line>, width: usize) -> Vec<Line> {
    let key_columns = key_columns(width);
    let mut out = Vec::new();
    for line in lines {
        match line {
            Line::Text(text) => {
                for row in wrap::rows(&text, width) {
                    out.push(Line::Text(text[row].trim_end().to_owned()));
                }
            }
            Line::Pair(key, text) => {
                let mut key = key;
                if wrap::width(&key) >= key_columns {
                    out.push(Line::Pair(std::mem::take(&mut key), String::new()));
                }
                for row in wrap::rows(&text, width.saturating_sub(key_columns)) {
                    out.push(Line::Pair(std::mem::take(&mut key), text[row].trim_end().to_owned()));
                }
            }
            kept @ (Line::Heading(_) | Line::Gap) => out.push(kept),
        }
    }
    out
}
