//! All that is known of one transfer, over the whole screen (Enter in the list, `/details`).
//!
//! Owns what is told, and in which order: what it is and how it stands, where it lies and which way
//! it came, when, and how fast.

use super::super::app::App;
use super::super::clock::WallTime;
use super::super::transfers::{Stage, Transfer};
use super::super::wording;
use super::super::wrap;
use super::figures;
use super::flow;
use super::pen::{Pen, to_u16};
use super::transfers::{eta, files, gauge, state};
use crate::naming;
use couplet::limits::MAX_REASON_COLUMNS;
use couplet::transfer::book::{Direction, TransferId, TransferState};
use couplet::transfer::offer::Form;
use couplet::{text, units};
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::fmt::Write as _;

/// The columns of what stands before each line.
const LABELS: usize = 12;

/// A line: what it is about, and what there is to say.
type Line = (&'static str, String, Style);

/// Draws all that is known, from line `top` on; gives the rows on the screen and the last useful
/// `top`.
pub(super) fn draw(
    app: &App,
    pen: &mut Pen<'_>,
    area: Rect,
    boxed: bool,
    (id, top): (TransferId, usize),
) -> (usize, usize) {
    let theme = pen.theme;
    let frame = if boxed { 2 } else { 0 };
    let height = usize::from(area.height).saturating_sub(frame);
    let columns = usize::from(area.width).saturating_sub(frame + 1);
    let lines = app.transfers.get(id).map_or_else(
        || vec![("", "It isn't in the list any more.".to_owned(), theme.plain())],
        |transfer| broken(lines(app, transfer, columns, "a"), columns),
    );
    let end = lines.len().saturating_sub(height);
    let top = top.min(end);
    let inner = if boxed {
        let foot = match end - top {
            0 => String::new(),
            more => format!("{} {more} more", theme.symbols.below),
        };
        pen.boxed(area, &app.title_of(id), &foot)
    } else {
        area
    };
    let labels = labels(columns);
    for (row, (label, text, style)) in lines.iter().skip(top).take(height).enumerate() {
        pen.put(inner, row, 1, label, theme.quiet());
        pen.put(inner, row, 1 + labels, text, *style);
    }
    draw_speeds(app, pen, inner, id, lines.len() + 1);
    (height, end)
}

/// Draws how fast all together go, where nothing else is.
fn draw_speeds(app: &App, pen: &mut Pen<'_>, inner: Rect, id: TransferId, from: usize) {
    let free = usize::from(inner.height).saturating_sub(from);
    let moves = app.transfers.get(id).is_some_and(|known| known.stage() == Stage::Moving);
    let columns = usize::from(inner.width).saturating_sub(2);
    let rows = if moves && columns >= flow::WIDE { flow::rows(app, columns, free) } else { 0 };
    let rows = to_u16(rows);
    let area = Rect {
        x: inner.x + 1,
        y: inner.bottom() - rows,
        width: inner.width.saturating_sub(2),
        height: rows,
    };
    flow::draw(app, pen, area);
}

fn labels(columns: usize) -> usize {
    if columns < 40 { 0 } else { LABELS }
}

/// The same as [`draw`] shows, but for bars and keys, in lines of text.
pub(crate) fn in_words(app: &App, transfer: &Transfer) -> Vec<String> {
    let accept = format!("/accept {}", transfer.id);
    let lines = lines(app, transfer, 0, &accept).into_iter();
    let said = lines.filter(|(label, _, _)| !matches!(*label, "" | "keys"));
    said.map(|(label, text, _)| format!("{label}: {text}")).collect()
}

/// All there is to say; `accept` is what the user presses or types to accept.
fn lines(app: &App, transfer: &Transfer, columns: usize, accept: &str) -> Vec<Line> {
    let theme = app.setting.theme;
    let info = &transfer.info;
    let mut lines = Vec::new();
    let mut add = |label, text: String, style| lines.push((label, text, style));
    add("name", wording::thing(&info.offer), theme.strong());
    let (word, style) = state(app, transfer);
    add("state", word, style);
    let room = columns.saturating_sub(labels(columns)).min(60);
    let moves = !matches!(transfer.stage(), Stage::Answer | Stage::Offered | Stage::Over);
    if let Some(bar) = gauge(theme, transfer, room).filter(|_| moves) {
        add("", bar, theme.gauge());
    }
    for (label, text) in why(app, transfer, accept) {
        add(label, text, theme.strong());
    }
    let plain = theme.plain();
    add("size", size(transfer), plain);
    if let Some(files) = files(transfer).filter(|_| moves) {
        add("files", files, plain);
    }
    if let Some(place) = place(app, transfer) {
        add("place", place, plain);
    }
    if let Some(hash) = hash(transfer) {
        add("BLAKE3", hash, plain);
    }
    add("route", route(app, transfer), plain);
    for (label, text) in times(app, transfer) {
        add(label, text, plain);
    }
    if let Some(from) = from(transfer) {
        add("resumed", from, plain);
    }
    for (label, text) in speeds(app, transfer, room) {
        add(label, text, plain);
    }
    let keys = keys(transfer);
    if !keys.is_empty() {
        add("", String::new(), plain);
        add("keys", keys, theme.key());
    }
    lines
}

/// Why it is as it is, and what can be done.
fn why(app: &App, transfer: &Transfer, accept: &str) -> Vec<(&'static str, String)> {
    let peer = app.standing.peer_in_words();
    let incoming = transfer.info.direction == Direction::Incoming;
    let again = match (&transfer.shelf, incoming) {
        (Some(name), true) => format!("/get {name} fetches it again"),
        (Some(_), false) => "/put lays it down again".to_owned(),
        (None, true) => format!("{peer} can offer it again"),
        (None, false) => "/send offers it again".to_owned(),
    };
    let kept = incoming && transfer.done() > 0 && !transfer.dropped;
    let goes_on = if kept { "; what has come is kept, and it goes on from there" } else { "" };
    let next = format!("{again}{goes_on}");
    match &transfer.info.state {
        TransferState::Offered if incoming => transfer
            .outlook(app.setting.on_collision)
            .map(|outlook| ("disk", outlook.sentence(accept)))
            .into_iter()
            .collect(),
        TransferState::Offered => vec![("why", format!("{peer} has to answer"))],
        TransferState::Failed { reason, .. } => {
            let reason = text::line(reason, MAX_REASON_COLUMNS);
            let mut lines = vec![("why", reason)];
            if !transfer.is_here {
                lines.push(("what to do", next));
            }
            lines
        }
        TransferState::Cancelled { by_peer } => {
            let who = if *by_peer { peer.as_ref() } else { "you" };
            vec![("why", format!("{who} stopped it")), ("what to do", next)]
        }
        TransferState::Declined => {
            let who = if incoming { "you" } else { peer.as_ref() };
            vec![("why", format!("{who} declined it")), ("what to do", next)]
        }
        TransferState::Withdrawn => {
            let why = format!("{peer} left, or was started anew");
            vec![("why", why), ("what to do", next)]
        }
        TransferState::Verified { left_out, left_out_count, .. } if *left_out_count > 0 => {
            let told = left_out.iter().map(|why| text::line(why, MAX_REASON_COLUMNS));
            let mut lines: Vec<_> = told.map(|why| ("left out", why)).collect();
            let more = left_out_count.saturating_sub(lines.len() as u64);
            if more > 0 {
                lines.push(("", format!("and {} more", units::grouped(more))));
            }
            lines
        }
        TransferState::Interrupted => {
            vec![("why", "its pipe was cut; it goes on by itself through another".to_owned())]
        }
        TransferState::Queued | TransferState::Moving | TransferState::Verified { .. } => {
            Vec::new()
        }
    }
}

fn size(transfer: &Transfer) -> String {
    let offer = &transfer.info.offer;
    let exact = offer.size.map(|size| format!(" ({} bytes)", units::grouped(size)));
    let size = offer.size.map_or_else(|| "unknown".to_owned(), units::bytes);
    let mut text = size + &exact.unwrap_or_default();
    if wording::is_tree(offer) {
        let _ = write!(text, ", {}", naming::items(offer.entries));
    }
    let done = transfer.done();
    if done > 0 && transfer.size() != Some(done) {
        let _ = write!(text, "; {} across", units::bytes(done));
    }
    text
}

/// Where it lies, or is going to.
fn place(app: &App, transfer: &Transfer) -> Option<String> {
    let info = &transfer.info;
    if info.direction == Direction::Outgoing {
        let TransferState::Verified { saved_as, .. } = &info.state else { return None };
        let name = text::line(saved_as, MAX_REASON_COLUMNS);
        let at_peer = || format!("{name}, at {}", app.standing.peer_in_words());
        let on_shelf = transfer.shelf.as_ref().map(|name| format!("{name}, on the shelf"));
        return Some(on_shelf.unwrap_or_else(at_peer));
    }
    if info.offer.form == Form::Text {
        return Some("in the conversation".to_owned());
    }
    let downloads = app.downloads();
    if let TransferState::Verified { saved_as, .. } = &info.state {
        return Some(format!("{downloads}{}", text::line(saved_as, MAX_REASON_COLUMNS)));
    }
    (transfer.stage() != Stage::Over).then(|| format!("goes to {downloads}"))
}

/// The hash of the whole, by which it was checked.
fn hash(transfer: &Transfer) -> Option<String> {
    let is_good = matches!(transfer.info.state, TransferState::Verified { .. });
    if is_good && wording::is_tree(&transfer.info.offer) {
        return Some("each file was checked by its own".to_owned());
    }
    let hash = transfer.course.hash.filter(|_| is_good)?;
    Some(hash.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Which way the bytes go.
fn route(app: &App, transfer: &Transfer) -> String {
    let relay = &app.setting.relay;
    let peer = app.standing.peer_in_words();
    let arrow = app.setting.theme.symbols.guide;
    match (transfer.shelf.is_some(), transfer.info.direction) {
        (true, Direction::Incoming) => {
            format!("the shelf of {relay} {arrow} you, not sealed: its operator can read it")
        }
        (true, Direction::Outgoing) => {
            format!("you {arrow} the shelf of {relay}, not sealed: its operator can read it")
        }
        (false, Direction::Incoming) => {
            format!("{peer} {arrow} relay {relay} {arrow} you, sealed, on pipes of its own")
        }
        (false, Direction::Outgoing) => {
            format!("you {arrow} relay {relay} {arrow} {peer}, sealed, on pipes of its own")
        }
    }
}

/// When it was offered, began and ended.
fn times(app: &App, transfer: &Transfer) -> Vec<(&'static str, String)> {
    let course = &transfer.course;
    let shown = |wall: WallTime| {
        let WallTime { date, hour, minute, second } = wall;
        let time = format!("{hour:02}:{minute:02}:{second:02}");
        if date == app.now.wall.date { time } else { format!("{date} {time}") }
    };
    let offered = if transfer.shelf.is_some() { "asked for" } else { "offered" };
    let began = course.began.map(|(_, wall)| ("began", shown(wall)));
    let ended = course.ended.map(|(_, wall)| ("ended", shown(wall)));
    [Some((offered, shown(course.offered))), began, ended].into_iter().flatten().collect()
}

/// What it went on from.
fn from(transfer: &Transfer) -> Option<String> {
    let held = transfer.course.held.filter(|held| *held > 0)?;
    let percent = transfer.percent_of(held).filter(|percent| *percent > 0);
    let share = percent.map_or_else(String::new, |percent| format!(", {percent} %"));
    Some(format!("from {}{share}, which had come before", units::bytes(held)))
}

/// How fast it goes, or went, and how long it took.
fn speeds(app: &App, transfer: &Transfer, room: usize) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if transfer.stage() == Stage::Moving
        && let Some(rate) = transfer.rate()
    {
        let left = transfer.size().map(|_| format!(", {} left", eta(transfer)));
        lines.push(("now", units::rate(rate) + &left.unwrap_or_default()));
        let chart = figures::chart(transfer.speeds.iter(), room, 1, app.setting.theme.symbols);
        if transfer.speeds.len() > 1 {
            lines.push(("", chart.concat()));
        }
    }
    if let Some(average) = transfer.average(app.now.moment) {
        lines.push(("average", format!("{} while it moved", units::rate(average))));
    }
    if let Some(took) = transfer.course.took() {
        let short = took.as_millis() < 1000;
        let took = if short { "less than a second".into() } else { units::remaining(Some(took)) };
        lines.push(("took", took));
    }
    lines
}

/// The keys that do something here.
fn keys(transfer: &Transfer) -> String {
    let mut keys = Vec::new();
    match transfer.stage() {
        Stage::Answer => keys.extend(["a accept", "d decline"]),
        Stage::Over => {}
        Stage::Checking
        | Stage::Moving
        | Stage::Held
        | Stage::Interrupted
        | Stage::Queued
        | Stage::Offered => {
            if transfer.is_paused() {
                keys.push("p resume");
            } else if transfer.can_pause() {
                keys.push("p pause");
            }
            keys.push("c cancel");
        }
    }
    if App::is_shown_picture(transfer) {
        keys.push("v show the picture");
    }
    keys.join("   ")
}

/// The same in rows of so many columns.
fn broken(lines: Vec<Line>, columns: usize) -> Vec<Line> {
    let room = columns.saturating_sub(labels(columns));
    let mut out = Vec::new();
    for (label, text, style) in lines {
        if labels(columns) == 0 && !label.is_empty() && !text.is_empty() {
            out.extend(rows(&format!("{label}: {text}"), "", room, style));
        } else {
            out.extend(rows(&text, label, room, style));
        }
    }
    out
}

fn rows(text: &str, label: &'static str, room: usize, style: Style) -> Vec<Line> {
    let rows = wrap::rows(text, room).into_iter().enumerate();
    let label = |at| if at == 0 { label } else { "" };
    let row = |(at, row): (usize, std::ops::Range<usize>)| {
        (label(at), text[row].trim_end().to_owned(), style)
    };
    rows.map(row).collect::<Vec<Line>>()
}
