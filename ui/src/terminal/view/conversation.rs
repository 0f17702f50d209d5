//! The conversation's part of the screen, drawn from the bottom up.
//!
//! Owns the columns of an entry: time, who, text, mark.

use super::super::app::App;
use super::super::body::{self, Form};
use super::super::conversation::{Columns, Entry, Row, Sign, Who};
use super::super::links;
use super::super::theme::Theme;
use super::super::wrap;
use super::pen::Pen;
use crate::config::Timestamps;
use couplet::session::Mark;
use couplet::units;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::ops::Range;

/// What was seen.
pub(super) struct Seen {
    /// The width of the texts.
    pub(super) columns: Columns,
    /// The height of the view.
    pub(super) rows: usize,
    /// Everything before this entry was seen to its end.
    pub(super) complete_before: usize,
}

/// The columns of an entry.
#[derive(Clone, Copy)]
struct Grid {
    /// Where who begins; the time is before it, if this isn't 0.
    who: usize,
    /// Where the text begins.
    text: usize,
    columns: Columns,
}

/// Room for the time with its seconds, and a space.
const WITH_SECONDS: usize = 9;
/// Room for a mark and a space before it.
const MARK: usize = 3;

/// Draws the conversation with its guide and gives what was seen.
pub(super) fn draw(app: &App, pen: &mut Pen<'_>, area: Rect, boxed: bool) -> Seen {
    let theme = pen.theme;
    let frame = if boxed { 2 } else { 0 };
    let width = usize::from(area.width.saturating_sub(frame));
    let height = usize::from(area.height.saturating_sub(frame));
    let guide = guide_rows(app, width, height);
    let gap = usize::from(!guide.is_empty() && height > 8);
    let rows = height.saturating_sub(guide.len() + gap);
    let grid = grid(app, width);
    let visible = app.conversation.visible(grid.columns, rows);
    let inner = if boxed {
        let arrow = theme.symbols.below;
        let foot = match (visible.below, visible.new_below) {
            (0, _) => String::new(),
            (below, 0) => format!("{arrow} {below} below"),
            (below, new) => format!("{arrow} {below} below, {new} new"),
        };
        let title = app
            .how_many_found()
            .map_or_else(|| "conversation".to_owned(), |found| format!("conversation: {found}"));
        pen.boxed(area, &title, &foot)
    } else {
        area
    };
    let top = rows - visible.rows.len().min(rows);
    // A short conversation begins at the top, as on paper.
    let top = if app.conversation.is_scrolled() { top } else { 0 };
    let mut marked = Marked::default();
    let chosen = app.selected();
    let mut links = Links { known: app.setting.links, ..Links::default() };
    for (at, row) in visible.rows.iter().enumerate() {
        match row {
            Row::Ruler { new } => {
                let label = units::count(*new, "new message");
                draw_ruler(pen, inner, top + at, &label, theme.attention());
            }
            Row::Day(day) => {
                let label = day.strftime("%A %-d %B %Y").to_string();
                draw_ruler(pen, inner, top + at, &label, theme.quiet());
            }
            Row::Text { entry, range, form, first, last } => {
                let Some(known) = app.conversation.entry(*entry) else { continue };
                if *first {
                    draw_head(pen, inner, top + at, known, grid);
                }
                let text = known.text.get(range.clone()).unwrap_or_default();
                let (bar, style) = look(theme, *form);
                pen.put(inner, top + at, grid.text, bar, theme.quiet());
                let start = grid.text + if bar.is_empty() { 0 } else { body::BAR };
                let column = pen.put(inner, top + at, start, text, style);
                links.put(pen, inner, top + at, start..column, (*entry, &known.text, range));
                if body::turns(text) {
                    pen.isolate(inner, top + at, grid.text);
                }
                if let Some((marks, chosen)) = marked.of(app, *entry, &known.text) {
                    let style = if chosen { theme.found() } else { theme.also_found() };
                    mark_found(pen, inner, top + at, start..column, (text, range, marks), style);
                }
                if let (true, Some(mark)) = (*last, known.mark) {
                    draw_mark(pen, inner, top + at, mark);
                }
                if chosen.as_ref().is_some_and(|chosen| chosen.contains(entry)) {
                    pen.style_row(inner, top + at, theme.selected());
                }
            }
        }
    }
    let code = app.code().map(|code| code.to_string()).unwrap_or_default();
    let after = if visible.rows.is_empty() { 0 } else { gap };
    for (at, part) in guide.iter().enumerate() {
        // Right after a short conversation, at the foot of a long one.
        let row = (visible.rows.len() + after).min(height - guide.len()) + at;
        if at == 0 {
            pen.put(inner, row, 0, theme.symbols.guide, theme.key());
        }
        // The code is what is looked for here.
        let style = if *part == code { theme.turn() } else { theme.strong() };
        pen.put(inner, row, 2, part, style);
    }
    Seen { columns: grid.columns, rows, complete_before: visible.complete_before }
}

/// The bar and the style of a row.
fn look(theme: Theme, form: Form) -> (&'static str, Style) {
    match form {
        Form::Words => ("", theme.plain()),
        Form::Quote => (theme.symbols.quote, theme.quiet()),
        Form::Code => (theme.symbols.code, theme.plain()),
        Form::Fence => (theme.symbols.code, theme.quiet()),
    }
}

/// What was found in the entry that is being drawn.
#[derive(Default)]
struct Marked {
    entry: Option<usize>,
    ranges: Vec<Range<usize>>,
}

impl Marked {
    /// The parts of the entry that are looked for, and whether it is the one that is gone to.
    fn of(&mut self, app: &App, entry: usize, text: &str) -> Option<(&[Range<usize>], bool)> {
        let (needle, chosen) = app.looked_for()?;
        if self.entry != Some(entry) {
            self.entry = Some(entry);
            self.ranges = needle.all_in(text);
        }
        (!self.ranges.is_empty()).then_some((&self.ranges, chosen == Some(entry)))
    }
}

/// The addresses in the entry that is being drawn.
#[derive(Default)]
struct Links {
    /// Whether the terminal is to be told of them.
    known: bool,
    entry: Option<usize>,
    ranges: Vec<Range<usize>>,
}

impl Links {
    /// Makes those in this `range` of the entry's text links, which stands in these columns.
    fn put(
        &mut self,
        pen: &mut Pen<'_>,
        inner: Rect,
        row: usize,
        columns: Range<usize>,
        (entry, text, range): (usize, &str, &Range<usize>),
    ) {
        if !self.known {
            return;
        }
        if self.entry != Some(entry) {
            self.entry = Some(entry);
            self.ranges = links::in_text(text);
        }
        for link in self.ranges.iter().filter(|it| it.start < range.end && it.end > range.start) {
            let (from, to) = (link.start.max(range.start), link.end.min(range.end));
            let Some(before) = text.get(range.start..from) else { continue };
            let start = columns.start + wrap::width(before);
            let end = (start + to - from).min(columns.end);
            let id = format!("{entry}-{}", link.start);
            pen.link(inner, row, start..end, (&text[link.clone()], &id));
        }
    }
}

/// Marks the parts of a row that are looked for.
fn mark_found(
    pen: &mut Pen<'_>,
    inner: Rect,
    row: usize,
    columns: Range<usize>,
    (text, range, marks): (&str, &Range<usize>, &[Range<usize>]),
    style: Style,
) {
    for mark in marks.iter().filter(|mark| mark.start < range.end && mark.end > range.start) {
        let start = mark.start.saturating_sub(range.start);
        let end = mark.end.min(range.end) - range.start;
        let (Some(before), Some(found)) = (text.get(..start), text.get(start..end)) else {
            continue;
        };
        let column = columns.start + wrap::width(before);
        if column < columns.end {
            pen.put(inner, row, column, found, style);
        }
    }
}

/// The guide in rows; it never takes more than half of a conversation, and all of the room where
/// nobody is there to talk to.
fn guide_rows(app: &App, width: usize, height: usize) -> Vec<String> {
    let Some(guide) = app.guide().filter(|_| !app.is_selecting()) else { return Vec::new() };
    // Before anything was said there is nothing better to show.
    let most = if app.is_alone() {
        // There may be a conversation from before, in another room.
        if app.conversation.has_words() { height * 3 / 4 } else { height }
    } else if app.conversation.has_words() {
        (height / 2).min(5)
    } else {
        height.min(6)
    };
    let mut ranges = wrap::rows(&guide, width.saturating_sub(2));
    if ranges.len() > most {
        ranges.retain(|range| !range.is_empty());
    }
    // What is waited with is the last to go.
    let code = app.code().map(|code| code.to_string());
    let is_code = |range: &std::ops::Range<usize>| Some(&guide[range.clone()]) == code.as_deref();
    if let Some(at) = ranges.iter().position(is_code).filter(|at| *at + 1 >= most) {
        ranges[..=at].rotate_right(1);
    }
    let ellipsis = app.setting.theme.symbols.ellipsis;
    let cut = ranges.len() > most;
    let mut rows: Vec<String> =
        ranges.into_iter().take(most).map(|range| guide[range].trim_end().to_owned()).collect();
    if let (true, Some(last)) = (cut, rows.last_mut()) {
        *last = wrap::shortened(&format!("{last} {ellipsis}"), width.saturating_sub(2), ellipsis);
    }
    rows
}

fn grid(app: &App, width: usize) -> Grid {
    let name = wrap::width(&app.standing.peer_label());
    let most = if width < 44 { 6 } else { 10 };
    let who_columns = name.clamp(4, most);
    let who = match app.setting.timestamps {
        Timestamps::Seconds if width >= 40 => WITH_SECONDS,
        Timestamps::Short | Timestamps::Seconds if width >= 34 => WITH_SECONDS - 3,
        Timestamps::Short | Timestamps::Seconds | Timestamps::Off => 0,
    };
    let text = who + who_columns + 1;
    let room = width.saturating_sub(text).max(1);
    Grid { who, text, columns: Columns { text: room, own: room.saturating_sub(MARK).max(1) } }
}

fn draw_head(pen: &mut Pen<'_>, inner: Rect, row: usize, entry: &Entry, grid: Grid) {
    let theme = pen.theme;
    let mut column = 0;
    let is_step = matches!(entry.who, Who::System(Sign::Step(_)));
    if grid.who > 0 && !is_step {
        column = pen.put(inner, row, 0, &entry.time.to_string(), theme.quiet());
    }
    if grid.who == WITH_SECONDS && !is_step {
        pen.put(inner, row, column, &format!(":{:02}", entry.time.second), theme.quiet());
    }
    let (label, style) = match &entry.who {
        Who::Me => ("me", theme.me()),
        Who::Peer(name) => (name.as_ref(), theme.peer()),
        Who::System(sign) => sign_symbol(theme, *sign),
    };
    pen.put_before(inner, row, grid.who, grid.text - 1, label, style);
}

fn sign_symbol(theme: Theme, sign: Sign) -> (&'static str, Style) {
    let symbols = theme.symbols;
    match sign {
        Sign::Info => (symbols.dot, theme.quiet()),
        Sign::Trouble => ("!", theme.bad()),
        Sign::Incoming => (symbols.incoming, theme.key()),
        Sign::Outgoing => (symbols.outgoing, theme.key()),
        Sign::Good => (symbols.good, theme.good()),
        Sign::Step(number) => {
            let numbers = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
            let at = usize::from(number).saturating_sub(1);
            (numbers.get(at).copied().unwrap_or(symbols.dot), theme.key())
        }
    }
}

fn draw_mark(pen: &mut Pen<'_>, inner: Rect, row: usize, mark: Mark) {
    let theme = pen.theme;
    let (symbol, style) = match mark {
        Mark::Sent => (theme.symbols.sent, theme.quiet()),
        Mark::Taken => (theme.symbols.taken, theme.quiet()),
        Mark::Shown => (theme.symbols.shown, theme.good()),
    };
    pen.put_right(inner, row, symbol, style);
}

fn draw_ruler(pen: &mut Pen<'_>, inner: Rect, row: usize, label: &str, style: Style) {
    let width = usize::from(inner.width);
    pen.put(inner, row, 0, &pen.theme.symbols.ruler.repeat(width), style);
    let label = wrap::shortened(label, width.saturating_sub(4), pen.theme.symbols.ellipsis);
    let label = format!(" {label} ");
    let column = width.saturating_sub(wrap::width(&label)) / 2;
    pen.put(inner, row, column, &label, style);
}
