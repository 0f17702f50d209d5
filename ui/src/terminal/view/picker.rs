//! Files to choose from, over the conversation (`/send` without a path).
//!
//! Owns the columns, which rows are seen (the chosen one always is), and how much room there is for
//! the preview.

use super::super::app::App;
use super::super::picker::{Entry, Kind, Picker, Purpose};
use super::super::wrap;
use super::pen::Pen;
use super::search;
use couplet::{text, units};
use ratatui::layout::{Position, Rect};

/// The columns of a size.
const SIZE: usize = 10;

/// From which height on there is a preview of one line, and of several.
const WITH_LINE: usize = 7;
const WITH_LINES: usize = 16;

/// What stands before what is typed.
const PROMPT: &str = "filter ";

/// Draws it; gives the number of rows for files, and where the cursor is.
pub(super) fn draw(
    app: &App,
    pen: &mut Pen<'_>,
    area: Rect,
    boxed: bool,
) -> (usize, Option<Position>) {
    let Some(picker) = app.picker.as_deref() else { return (0, None) };
    let shown = picker.shown();
    let inner = if boxed {
        let room = usize::from(area.width).saturating_sub(6);
        pen.boxed(area, &title(app, picker, room), &foot(picker, shown.len()))
    } else {
        area
    };
    let line = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let columns = usize::from(line.width);
    let cursor = search::draw(pen, line, PROMPT, &picker.filter);
    let height = usize::from(inner.height);
    let preview = match height {
        WITH_LINES.. => 6,
        WITH_LINE.. => 1,
        _ => 0,
    };
    let top = 1 + usize::from(height >= WITH_LINES);
    let seen = height.saturating_sub(top + preview + usize::from(height >= WITH_LINES));
    if shown.is_empty() {
        let (text, quiet) = (nothing(picker), pen.theme.quiet());
        let rows = wrap::rows(&text, columns.max(1));
        if rows.len() <= seen {
            for (row, range) in rows.into_iter().enumerate() {
                pen.put(line, top + row, 0, text[range].trim_end(), quiet);
            }
        } else {
            pen.put_before(line, top, 0, columns, &text, quiet);
        }
    }
    let at = picker.row(shown.len());
    let first = (at + 1).saturating_sub(seen.max(1));
    for (row, entry) in shown.iter().skip(first).take(seen).enumerate() {
        draw_entry(picker, pen, line, top + row, entry);
        if first + row == at {
            pen.choose(inner, top + row, top..top + seen, 1);
        }
    }
    let below = height.saturating_sub(preview);
    if preview > 1 {
        let rule = pen.theme.symbols.ruler.repeat(columns);
        pen.put(line, below - 1, 0, &rule, pen.theme.quiet());
    }
    for (row, text) in picker.preview().iter().take(preview).enumerate() {
        pen.put_before(line, below + row, 0, columns, text, pen.theme.quiet());
    }
    (seen, Some(cursor))
}

/// What is shown of a directory, the end of its path at least.
fn title(app: &App, picker: &Picker, room: usize) -> String {
    let what = match picker.purpose {
        Purpose::Send => "send from ",
        Purpose::Put => "lay down from ",
    };
    let home = app.setting.home.as_deref();
    let below = home.and_then(|home| picker.directory.strip_prefix(home).ok());
    let path = match below {
        Some(below) if below.as_os_str().is_empty() => "~".to_owned(),
        Some(below) => format!("~/{}", below.display()),
        None => picker.directory.display().to_string(),
    };
    let path = text::line(&path, 1000);
    let room = room.saturating_sub(wrap::width(what) + 2);
    if wrap::width(&path) <= room {
        return format!("{what}{path}");
    }
    let ellipsis = app.setting.theme.symbols.ellipsis;
    let end = path
        .match_indices('/')
        .map(|(at, _)| &path[at..])
        .find(|end| wrap::width(end) + wrap::width(ellipsis) <= room)
        .unwrap_or_default();
    format!("{what}{ellipsis}{end}")
}

/// What is ticked, or how many files there are.
fn foot(picker: &Picker, shown: usize) -> String {
    if !picker.ticked.is_empty() {
        let size = |kind: &Kind| if let Kind::File(size) = kind { *size } else { 0 };
        let bytes: u64 = picker.ticked.values().map(size).fold(0, u64::saturating_add);
        let folders = picker.ticked.values().filter(|kind| **kind == Kind::Directory).count();
        let and = match folders {
            0 => String::new(),
            count => format!(" and {}", units::count(count, "folder")),
        };
        return format!("{} ticked: {}{and}", picker.ticked.len(), units::bytes(bytes));
    }
    let more = if picker.cut { " of more than can be shown" } else { "" };
    if shown == 0 { String::new() } else { format!("{} of {shown}{more}", picker.row(shown) + 1) }
}

fn nothing(picker: &Picker) -> String {
    if let Some(problem) = &picker.problem {
        return problem.clone();
    }
    if picker.is_reading() {
        return "Looking.".to_owned();
    }
    if picker.filter.is_empty() {
        "Nothing here; Left goes to the directory above.".to_owned()
    } else {
        "No name has that in it; Ctrl-U clears it.".to_owned()
    }
}

fn draw_entry(picker: &Picker, pen: &mut Pen<'_>, line: Rect, row: usize, entry: &Entry) {
    let theme = pen.theme;
    let columns = usize::from(line.width);
    let ticked = picker.ticked.contains_key(&picker.path_of(entry));
    pen.put(line, row, 0, if ticked { "[x]" } else { "[ ]" }, theme.key());
    let (label, size) = match entry.kind {
        Kind::File(size) => (entry.label.clone(), units::bytes(size)),
        Kind::Directory => (format!("{}/", entry.label), String::new()),
        Kind::Other => (entry.label.clone(), "-".to_owned()),
    };
    let size_at = columns.saturating_sub(wrap::width(&size));
    pen.put(line, row, size_at, &size, theme.plain());
    let end = if size.is_empty() { columns } else { columns.saturating_sub(SIZE + 1) };
    let style = if entry.kind == Kind::Directory { theme.key() } else { theme.strong() };
    pen.put_before(line, row, 4, end, &label, style);
}
