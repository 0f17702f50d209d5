//! What the frames are in bytes.

use super::super::app::Input;
use super::super::scenes;
use super::super::view;
use super::*;
use couplet::session::Event as Told;
use couplet::transfer::book::{Direction, TransferState};
use couplet::transfer::wire::Fault;
use ratatui::Terminal;
use ratatui::style::Style;

type Screen = Terminal<Canvas<Vec<u8>>>;

fn screen() -> Screen {
    Terminal::new(Canvas::of(Vec::new(), Size { width: 20, height: 3 })).unwrap()
}

/// Draws this and gives what was written for it.
fn drawn(
    screen: &mut Screen,
    cells: &[(u16, u16, &str, Style)],
    cursor: Option<(u16, u16)>,
) -> String {
    let before = screen.backend().out().len();
    screen
        .draw(|frame| {
            for (x, y, text, style) in cells {
                frame.buffer_mut().set_string(*x, *y, text, *style);
            }
            if let Some(cursor) = cursor {
                frame.set_cursor_position(cursor);
            }
        })
        .unwrap();
    String::from_utf8(screen.backend().out()[before..].to_vec()).unwrap()
}

#[test]
fn a_frame_is_one_synchronized_update_and_none_if_nothing_changes() {
    let mut screen = screen();
    let cells = [(0, 0, "ab", Style::new()), (5, 1, "c", Style::new().bold().reversed().cyan())];
    assert_eq!(
        drawn(&mut screen, &cells, Some((3, 2))),
        "\x1b[?2026h\x1b[1;1Hab\x1b[2;6H\x1b[0;1;7;36mc\x1b[0m\x1b[?25h\x1b[3;4H\x1b[?2026l"
    );
    for _ in 0..3 {
        assert_eq!(drawn(&mut screen, &cells, Some((3, 2))), "");
    }
    // The cursor alone, seen and unseen.
    assert_eq!(drawn(&mut screen, &cells, Some((4, 2))), "\x1b[?2026h\x1b[3;5H\x1b[?2026l");
    assert_eq!(drawn(&mut screen, &cells, None), "\x1b[?2026h\x1b[?25l\x1b[?2026l");
    assert_eq!(drawn(&mut screen, &cells, None), "");
    // A letter leaves the cursor elsewhere, so it is put back.
    drawn(&mut screen, &cells, Some((4, 2)));
    let moved = drawn(&mut screen, &[(0, 0, "xb", Style::new()), cells[1]], Some((4, 2)));
    assert_eq!(moved, "\x1b[?2026h\x1b[1;1Hx\x1b[3;5H\x1b[?2026l");
}

#[test]
fn what_somebody_else_drew_over_is_drawn_again() {
    let mut screen = screen();
    let cells = [(0, 0, "ab", Style::new())];
    drawn(&mut screen, &cells, Some((3, 2)));
    screen.backend_mut().forget();
    screen.resize(ratatui::layout::Rect::new(0, 0, 20, 3)).unwrap();
    let again = drawn(&mut screen, &cells, Some((3, 2)));
    assert_eq!(again, "\x1b[?2026h\x1b[2J\x1b[1;1Hab\x1b[?25h\x1b[3;4H\x1b[?2026l");
}

#[test]
fn colours_are_the_terminals_own_where_they_have_names() {
    let said = |fg, bg| {
        let mut frame = Vec::new();
        Worn::default().change(Worn { fg, bg, modifier: Modifier::DIM }, &mut frame);
        String::from_utf8(frame).unwrap()
    };
    for (fg, bg, bytes) in [
        (Color::Reset, Color::Reset, "\x1b[0;2m"),
        (Color::Black, Color::Gray, "\x1b[0;2;30;47m"),
        (Color::DarkGray, Color::White, "\x1b[0;2;90;107m"),
        (Color::Indexed(200), Color::Indexed(7), "\x1b[0;2;38;5;200;48;5;7m"),
        (Color::Rgb(1, 2, 3), Color::Reset, "\x1b[0;2;38;2;1;2;3m"),
    ] {
        assert_eq!(said(fg, bg), bytes);
    }
}

#[test]
fn no_control_character_gets_through() {
    for (symbol, put_as) in [
        ("a", "a"),
        ("\x1b", " "),
        ("\x1b[2Jx", "[2Jx"),
        ("\u{9b}2J", "2J"),
        ("\n", " "),
        ("é\u{7f}", "é"),
    ] {
        let mut frame = Vec::new();
        put(symbol, &mut frame);
        assert_eq!(frame, put_as.as_bytes(), "{symbol:?}");
    }
}

#[test]
fn wide_letters_are_followed_by_a_move() {
    let mut screen = screen();
    let wide = drawn(&mut screen, &[(0, 0, "日本x", Style::new())], None);
    assert!(wide.contains("日\x1b[1;3H本\x1b[1;5Hx"), "{wide:?}");
}

/// Whether a text is letters and no other sequences than a frame has.
fn is_known(text: &str) -> bool {
    let mut parts = text.split('\x1b');
    let letters = |part: &str| !part.chars().any(char::is_control);
    parts.next().is_some_and(letters)
        && parts.all(|part| {
            let sequence = part.strip_prefix('[');
            let end =
                sequence.and_then(|it| it.find(|c: char| !matches!(c, '0'..='9' | ';' | '?')));
            letters(part)
                && sequence
                    .zip(end)
                    .is_some_and(|(it, end)| it[end..].starts_with(['H', 'm', 'J', 'h', 'l']))
        })
}

/// What comes has gone through the sanitiser long before; this is for the day on which something
/// hasn't.
#[test]
fn whatever_the_face_is_told_only_frames_come_of_it() {
    let hostile =
        "a\x1b[2J\x1b]0;owned\x07\u{9b}31m\u{9d}0;x\u{9c}\u{90}q\u{9c}\rb\u{7f}\u{85}\x1b\\\x08c";
    assert!(!is_known(hostile) && is_known("\x1b[?2026h\x1b[1;1Ha\x1b[0;1m"));
    for size in [(120, 40), (80, 24), (60, 16), (40, 12), (20, 5)] {
        let mut stage = scenes::your_turn_empty();
        stage.app.setting.relay = hostile.into();
        stage.hear(Told::PeerName(hostile.into())).words(1, hostile);
        stage.hear(Told::Notice(hostile.into())).hear(Told::Trouble(hostile.into()));
        let failed =
            TransferState::Failed { code: Fault::SourceChanged, reason: hostile.to_owned() };
        stage.transfer(1, Direction::Incoming, "a", 9, failed);
        stage.give(Input::Paste(hostile.to_owned()));
        let size = Size { width: size.0, height: size.1 };
        let mut screen = Terminal::new(Canvas::of(Vec::new(), size)).unwrap();
        for keys in ["", "F1", "Esc F2"] {
            stage.keys(keys);
            screen.draw(|frame| drop(view::draw(&stage.app, frame))).unwrap();
        }
        let text = String::from_utf8(screen.backend().out().clone()).unwrap();
        assert!(is_known(&text), "{text:?}");
        assert!(text.contains('a') && !text.contains('\x07'));
    }
}

/// A link leads where its text says, in every row that it takes, and nothing else is in the sequence.
#[test]
fn links_lead_where_their_text_says() {
    let url = "https://example.org/a/long/way/to/somewhere/that/takes/two/rows?at=least";
    for width in [20, 40, 80, 120] {
        let mut stage = scenes::your_turn_empty();
        stage.app.setting.links = true;
        stage.words(1, &format!("see {url}, and \u{1b}]8;;http://evil\u{7}https://b.c"));
        stage.draw(width, 24);
        let size = Size { width, height: 24 };
        let mut screen = Terminal::new(Canvas::of(Vec::new(), size)).unwrap();
        screen.draw(|frame| drop(view::draw(&stage.app, frame))).unwrap();
        let bytes = String::from_utf8(screen.backend().out().clone()).unwrap();
        let mut shown = String::new();
        for part in bytes.split("\x1b]8;id=").skip(1) {
            let (target, rest) = part.split_once("\x1b\\").unwrap();
            let (id, target) = target.split_once(';').unwrap();
            let (glyph, _) = rest.split_once("\x1b]8;;\x1b\\").unwrap();
            assert!(!glyph.contains('\x1b'), "{glyph:?}");
            if target == url {
                shown.push_str(glyph);
            } else {
                assert!(target.starts_with("http") && !target.contains('\u{1b}'), "{target}");
            }
            assert!(id.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'), "{id}");
        }
        assert!(shown == url || width < 40 && url.ends_with(&shown), "{width}: {shown}");
        // Once a row, not once a cell.
        assert!(bytes.matches(url).count() <= 2 * url.len() / usize::from(width) + 4, "{width}");
        let before = bytes.len();
        screen.draw(|frame| drop(view::draw(&stage.app, frame))).unwrap();
        assert_eq!(screen.backend().out().len(), before, "the same again is nothing new");
    }
}

/// A picture's bytes are couplet's own, and go out as they are; what only looks like them doesn't.
#[test]
fn only_what_has_its_width_forced_goes_out_raw() {
    let sequence = "\x1b_Gf=32;AAAA\x1b\\";
    for forced in [true, false] {
        let mut screen = screen();
        screen
            .draw(|frame| {
                let cell = frame.buffer_mut().cell_mut((1, 1)).unwrap();
                cell.set_symbol(sequence);
                if forced {
                    cell.set_diff_option(CellDiffOption::ForcedWidth(std::num::NonZeroU16::MIN));
                }
            })
            .unwrap();
        let bytes = String::from_utf8(screen.backend().out().clone()).unwrap();
        assert_eq!(bytes.contains(sequence), forced, "{bytes:?}");
    }
}
