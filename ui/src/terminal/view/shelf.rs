//! What is on the relay's shelf, over the conversation (F3), and the login that may come before it.
//!
//! Owns the columns and which rows are seen: the chosen one always is. What there is no room for goes
//! from the right: first the hash, then the time.

use super::super::app::App;
use super::super::shelf::{Access, Login, Shelf};
use super::super::wrap;
use super::pen::{Pen, to_u16};
use super::search;
use super::transfers::state;
use couplet::shelf::list::Shelved;
use couplet::transfer::tree::Hash;
use couplet::units;
use jiff::Timestamp;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use std::fmt::Write as _;

/// The columns of a size, of a time, of the first digits of a hash.
const SIZE: usize = 10;
const TIME: usize = 16;
const HASH: usize = 8;

/// From which widths on the time and the hash are shown.
const WITH_TIME: usize = 56;
const WITH_HASH: usize = 66;

/// What is to be done when it can't be looked at.
const AGAIN: &str = "F5 tries again.";

/// What stands before what is typed.
const PROMPT: &str = "search ";

/// Draws it; gives the number of rows for files, and where the cursor is.
pub(super) fn draw(
    app: &App,
    pen: &mut Pen<'_>,
    area: Rect,
    boxed: bool,
) -> (usize, Option<Position>) {
    let shelf = &app.shelf;
    let title = format!("the shelf of {}", app.setting.relay);
    if let Some(login) = &shelf.login {
        let inner = if boxed { pen.boxed(area, &title, "") } else { area };
        return (0, draw_login(app, login, pen, margins(inner)));
    }
    let shown = shelf.shown();
    let inner = if boxed { pen.boxed(area, &title, &foot(shelf, shown.len())) } else { area };
    let line = margins(inner);
    let columns = usize::from(line.width);
    let cursor = search::draw(pen, line, PROMPT, &shelf.search);
    // As there is room: a gap below the search, and what there is to say above the files.
    let height = usize::from(inner.height);
    let mut top = 1 + usize::from(height >= 10);
    for (text, style) in news(app, shown.is_empty()) {
        for range in wrap::rows(&text, columns.max(1)) {
            if top < height {
                pen.put(line, top, 0, text[range].trim_end(), style);
                top += 1;
            }
        }
    }
    let seen = height.saturating_sub(top);
    let at = shelf.chosen_row(&shown);
    let first = (at + 1).saturating_sub(seen.max(1));
    for (row, file) in shown.iter().skip(first).take(seen).enumerate() {
        draw_file(app, pen, line, top + row, file);
        if first + row == at {
            pen.choose(inner, top + row, top..top + seen, 1);
        }
    }
    (seen, Some(cursor))
}

fn margins(inner: Rect) -> Rect {
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

/// What is to be said besides the files: how it is with the shelf.
fn news(app: &App, nothing_shown: bool) -> Vec<(String, Style)> {
    let (shelf, theme) = (&app.shelf, app.setting.theme);
    let relay = &app.setting.relay;
    match &shelf.access {
        Access::Unasked | Access::Asking => {
            vec![(
                format!("Looking at the shelf of {relay}{}", theme.symbols.ellipsis),
                theme.plain(),
            )]
        }
        Access::Lost(text) => {
            vec![(format!("The relay is lost ({text}); trying again."), theme.attention())]
        }
        Access::Closed { what, text } => {
            let (what, again) = ((*what).to_owned(), AGAIN.to_owned());
            let mut lines = vec![(what, theme.attention()), (sentence(text), theme.plain())];
            lines.retain(|(line, _)| !line.is_empty());
            lines.push((again, theme.quiet()));
            lines
        }
        Access::There(_) if let Some(why) = &shelf.untold => {
            vec![(sentence(why), theme.attention()), (AGAIN.to_owned(), theme.quiet())]
        }
        Access::There(_) if shelf.is_cut() => {
            let many = units::grouped(shelf.files.len() as u64);
            let text = format!(
                "These are the first {many}; couplet shelf list PATTERN finds others, /get NAME \
                 fetches them."
            );
            vec![(text, theme.attention())]
        }
        Access::There(_) if !nothing_shown => Vec::new(),
        Access::There(_) if shelf.awaited.is_some() => {
            let looking = format!("Looking{}", theme.symbols.ellipsis);
            // One thing after the other is asked of the relay.
            let first = shelf.errands.iter().find(|errand| !errand.is_over);
            let later =
                first.map(|first| format!("What is here is told when {} is through.", first.name));
            vec![(later.unwrap_or(looking), theme.plain())]
        }
        Access::There(_) if !shelf.search.text().trim().is_empty() && !shelf.files.is_empty() => {
            vec![("No name matches that; Ctrl-U clears it.".to_owned(), theme.plain())]
        }
        Access::There(_) => {
            let mut lines = vec![("Nothing lies on this shelf.".to_owned(), theme.plain())];
            if shelf.may_put() {
                lines.push(("/put PATH lays a file down.".to_owned(), theme.quiet()));
            }
            lines
        }
    }
}

/// What the relay says, as a sentence of its own.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) || text.is_empty() { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// How many there are.
fn foot(shelf: &Shelf, shown: usize) -> String {
    if !matches!(shelf.access, Access::There(_) | Access::Lost(_)) || shelf.files.is_empty() {
        return String::new();
    }
    let (files, bytes, left_out) = shelf.total;
    let left_out = match left_out {
        0 => String::new(),
        count => format!(", {} not shown", units::grouped(count)),
    };
    if shelf.search.text().trim().is_empty() {
        return format!("{}, {}{left_out}", files_of(files), units::bytes(bytes));
    }
    format!("{} of {}{left_out}", units::grouped(shown as u64), files_of(files))
}

/// The first digits of a hash.
fn digits(hash: Hash) -> String {
    let mut text = String::with_capacity(HASH);
    for byte in hash.iter().take(HASH / 2) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn files_of(count: u64) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{} files", units::grouped(count)) }
}

fn draw_file(app: &App, pen: &mut Pen<'_>, line: Rect, row: usize, file: &Shelved) {
    let theme = pen.theme;
    let columns = usize::from(line.width);
    let mut end = columns;
    let mut put = |pen: &mut Pen<'_>, width: usize, text: &str, style| {
        let start = end.saturating_sub(wrap::width(text));
        pen.put(line, row, start, text, style);
        end = end.saturating_sub(width + 2);
    };
    if columns >= WITH_HASH {
        let hash = file.hash.map(digits);
        put(pen, HASH, hash.as_deref().unwrap_or(""), theme.quiet());
    }
    // What is fetched has how far it is in the place of its time.
    let latest = app.shelf.latest.get(file.name.as_str()).and_then(|id| app.transfers.get(*id));
    if let Some(transfer) = latest {
        let (text, style) = state(app, transfer);
        let text = wrap::shortened(&text, TIME, theme.symbols.ellipsis);
        put(pen, if columns >= WITH_TIME { TIME } else { wrap::width(&text) }, &text, style);
    } else if columns >= WITH_TIME {
        let time = Timestamp::new(file.mtime.0, i32::try_from(file.mtime.1).unwrap_or(0));
        let time = time.unwrap_or_default().to_zoned(app.setting.zone.clone());
        put(pen, TIME, &time.strftime("%Y-%m-%d %H:%M").to_string(), theme.quiet());
    }
    put(pen, SIZE, &units::bytes(file.size), theme.plain());
    pen.put_before(line, row, 0, end, file.name.as_str(), theme.strong());
}

/// Asks who the user is; gives where the cursor is.
fn draw_login(app: &App, login: &Login, pen: &mut Pen<'_>, line: Rect) -> Option<Position> {
    let theme = pen.theme;
    let columns = usize::from(line.width).max(1);
    let height = usize::from(line.height);
    let mut row = 0;
    let say = |pen: &mut Pen<'_>, row: &mut usize, text: &str, style: Style, keep: usize| {
        for range in wrap::rows(text, columns) {
            if *row + keep < height {
                pen.put(line, *row, 0, text[range].trim_end(), style);
                *row += 1;
            }
        }
    };
    let ask = match &app.shelf.inside {
        Some(inside) if login.instead => {
            let stops =
                if app.shelf.errands.is_empty() { "" } else { ", and stops what is under way" };
            format!("You are logged in as {inside}. To log in as somebody else ends that{stops}.")
        }
        _ => {
            "This shelf asks who you are. The account is one on this relay; its operator makes it."
                .to_owned()
        }
    };
    // The fields stay, whatever there is no room for.
    say(pen, &mut row, &ask, theme.plain(), 3);
    if app.shelf.met_first {
        let text = "You meet this relay for the first time: compare its certificate with what its \
                    operator told you before you type a password (it is shown in the conversation).";
        say(pen, &mut row, text, theme.attention(), 3);
    }
    row += usize::from(height >= row + 6);
    let stars = "*".repeat(login.secret.len().min(columns));
    let mut cursor = None;
    for (label, text, is_here) in [
        ("user      ", login.user.text(), !login.at_password),
        ("password  ", stars.as_str(), login.at_password),
    ] {
        if row < height {
            let mark = if is_here { ">" } else { " " };
            pen.put(line, row, 0, mark, theme.key());
            let start = pen.put(line, row, 2, label, theme.key());
            pen.put_before(line, row, start, columns, text, theme.strong());
            if is_here {
                let typed = if login.at_password { text } else { &text[..login.user.cursor()] };
                let x = (start + wrap::width(typed)).min(columns.saturating_sub(1));
                cursor = Some(Position { x: line.x + to_u16(x), y: line.y + to_u16(row) });
            }
            row += 1;
        }
    }
    row += usize::from(height >= row + 3);
    if let Some(wrong) = &login.wrong {
        say(pen, &mut row, &format!("! {}", sentence(wrong)), theme.attention(), 0);
    }
    if login.sent {
        let text = format!("Logging in{}", theme.symbols.ellipsis);
        say(pen, &mut row, &text, theme.plain(), 0);
        return None;
    }
    cursor
}
