//! The first line: relay, seal, room, peer, seat, connection, and whose turn it is.
//!
//! Owns what goes first when there is no room: the turn, the peer and the state of the seal stay
//! longest; the words of the seal go before its state. That a plain room isn't sealed stays at every
//! width.

use super::super::app::App;
use super::super::theme::Theme;
use super::super::wrap;
use super::pen::Pen;
use couplet::message::Role;
use couplet::session::{Link, Peer, Seal, Verdict};
use couplet::units;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// With fewer columns, words are said shorter, or by their sign alone.
const NARROW: usize = 30;

/// What a plain room is, in words that stay when there is room for no others.
const NOT_SEALED: &str = "NOT SEALED";

/// A part of the line. Of those that don't fit, the one with the lowest rank goes first.
struct Part {
    rank: u8,
    /// The columns before it.
    gap: usize,
    text: String,
    style: Style,
}

/// Draws the line.
pub(super) fn draw(app: &App, pen: &mut Pen<'_>, area: Rect) {
    let width = usize::from(area.width);
    let (turn, style) = turn(app, pen.theme, width);
    let end = pen.put_right(area, 0, &turn, style);
    let mut parts = parts(app, pen.theme, width);
    // A column at the left, some between parts, one before the turn.
    let taken = |parts: &[Part]| {
        let parts = parts.iter().enumerate();
        let gap = |at, part: &Part| if at == 0 { 1 } else { part.gap };
        1 + parts.map(|(at, part)| gap(at, part) + wrap::width(&part.text)).sum::<usize>()
    };
    while taken(&parts) > end && parts.len() > 1 {
        let lowest = parts.iter().enumerate().min_by_key(|(_, part)| part.rank).map(|(at, _)| at);
        parts.remove(lowest.unwrap_or(0));
    }
    let mut column = 0;
    for (at, part) in parts.iter().enumerate() {
        column += if at == 0 { 1 } else { part.gap };
        column = pen.put_before(area, 0, column, end.saturating_sub(1), &part.text, part.style);
    }
}

fn turn(app: &App, theme: Theme, width: usize) -> (String, Style) {
    let standing = &app.standing;
    let text = match (standing.role, standing.is_online()) {
        _ if app.is_leaving() => "leaving ",
        (_, false) if standing.seat.is_some() => "offline ",
        (None, _) | (_, false) => "waiting ",
        _ if standing.peer == Some(Peer::Waiting) => "waiting ",
        // Of a plain room it must be seen that it is one, at every width.
        (Some(Role::Emi), true) if width < NARROW && standing.is_plain() => " emi ",
        (Some(Role::Rec), true) if width < NARROW && standing.is_plain() => "rec ",
        (Some(Role::Emi), true) if width < NARROW => " TURN emi ",
        (Some(Role::Emi), true) => " YOUR TURN  emi ",
        (Some(Role::Rec), true) if width < NARROW => "listen rec ",
        (Some(Role::Rec), true) => "listening  rec ",
    };
    let waits = standing.peer == Some(Peer::Waiting);
    let style = if standing.has_turn() && !waits && !app.is_leaving() {
        theme.turn()
    } else {
        theme.plain()
    };
    (text.to_owned(), style)
}

fn parts(app: &App, theme: Theme, width: usize) -> Vec<Part> {
    let standing = &app.standing;
    let symbols = theme.symbols;
    let now = app.now.moment;
    let mut parts = Vec::new();
    let narrow = width < NARROW;
    let gap = if narrow { 1 } else { 2 };
    parts.push(Part { rank: 2, gap, text: app.setting.relay.clone(), style: theme.quiet() });
    if let Some(took) = standing.round_trip {
        parts.push(Part { rank: 1, gap: 1, text: units::latency(took), style: theme.quiet() });
    }
    let mut add = |rank, text: String, style| parts.push(Part { rank, gap, text, style });
    if let Some((text, words, style)) = standing.seal.and_then(|seal| seal_parts(seal, theme)) {
        // Where there is no room for a word, its sign.
        let (rank, text) = match narrow {
            _ if standing.is_plain() => (10, if narrow { NOT_SEALED.to_owned() } else { text }),
            true => (8, text.chars().take(1).collect()),
            false => (8, text),
        };
        add(rank, text, style);
        if let Some(words) = words {
            parts.push(Part { rank: 4, gap: 1, text: words, style });
        }
    }
    let mut add = |rank, text: String, style| parts.push(Part { rank, gap, text, style });
    if let Some(room) = &standing.room {
        let room = wrap::shortened(room.as_str(), 16, symbols.ellipsis);
        add(3, format!("room {room}"), theme.plain());
    }
    match standing.link {
        None => add(9, "connecting".to_owned(), theme.attention()),
        Some(Link::Connecting { attempt }) => {
            let word = if standing.is_reconnecting() { "reconnecting" } else { "connecting" };
            let text = if attempt > 1 { format!("{word}, try {attempt}") } else { word.to_owned() };
            add(9, text, theme.attention());
        }
        Some(Link::Lost { attempt, .. }) => {
            let wait = standing.retry(now).map_or(0, |(_, wait)| units::countdown(wait));
            let word = if standing.is_reconnecting() { "reconnecting" } else { "no answer" };
            add(9, format!("{word}, try {attempt} in {wait} s"), theme.attention());
        }
        Some(Link::Online) => {
            if let Some((text, style)) = peer(app, theme) {
                add(9, text, style);
            }
        }
    }
    if let Some(seat) = standing.seat {
        add(5, format!("seat {seat}"), theme.plain());
    }
    parts
}

/// How what is said is protected: the state, the words, and their style.
fn seal_parts(seal: Seal, theme: Theme) -> Option<(String, Option<String>, Style)> {
    let symbols = theme.symbols;
    let (text, words, style) = match seal {
        Seal::Nobody => return None,
        Seal::Agreeing => {
            (format!("{} sealing{}", symbols.hollow, symbols.ellipsis), None, theme.attention())
        }
        Seal::Failed => (format!("{} not sealed", symbols.bad), None, theme.bad()),
        Seal::Plain => (format!("{} {NOT_SEALED}", symbols.bad), None, theme.attention()),
        Seal::Sealed { words, by_code, verdict } => match verdict {
            Some(Verdict::Same) => {
                (format!("{} verified", symbols.full), Some(words), theme.good())
            }
            Some(Verdict::Different) => {
                (format!("{} NOT VERIFIED", symbols.bad), None, theme.attention())
            }
            // Who has the code is the one who was told it.
            None if by_code => (format!("{} sealed", symbols.full), Some(words), theme.good()),
            None => (format!("{} sealed", symbols.half), Some(words), theme.plain()),
        },
    };
    Some((text, words.map(|words| words.join("-")), style))
}

fn peer(app: &App, theme: Theme) -> Option<(String, Style)> {
    let standing = &app.standing;
    let name = standing.peer_label();
    let (full, hollow) = (theme.symbols.full, theme.symbols.hollow);
    Some(match standing.peer? {
        Peer::Waiting => (format!("{hollow} waiting for a peer"), theme.attention()),
        Peer::Present if standing.peer_writes => {
            (format!("{name} {full} typing{}", theme.symbols.ellipsis), theme.good())
        }
        Peer::Present => (format!("{name} {full}"), theme.good()),
        Peer::Silent { .. } => {
            let left = units::countdown(standing.kept_for(app.now.moment).unwrap_or_default());
            let silent = standing.silent_for(app.now.moment).as_secs();
            (format!("{name} {hollow} silent {silent} s, kept {left} s"), theme.attention())
        }
        Peer::Gone => (format!("{name} {hollow} gone"), theme.attention()),
    })
}
