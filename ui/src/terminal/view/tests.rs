//! Every situation at every size that matters, as pictures and as rules.

use super::super::app::Input;
use super::super::prompt::Prompt;
use super::super::scenes;
use super::super::stage::{Stage, key_event};
use super::super::theme::{Palette, Theme};
use crate::config::SymbolSet;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use std::fmt::Write as _;

const SIZES: [(u16, u16); 7] = [(80, 24), (120, 40), (60, 16), (40, 12), (20, 5), (10, 3), (0, 0)];

/// The cells as text, in a frame of their own, so that ends of lines can be seen.
fn picture(buffer: &Buffer) -> String {
    let mut picture = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            if skip == 0 {
                line.push_str(symbol);
                skip = super::super::wrap::width(symbol).max(1);
            }
            skip -= 1;
        }
        let _ = writeln!(picture, "{}", line.trim_end());
    }
    picture
}

#[test]
fn every_situation_at_every_size() {
    for (name, scene) in scenes::all() {
        let mut pictures = String::new();
        for (width, height) in SIZES {
            let mut stage = scene();
            stage.draw(width, height);
            let buffer = stage.draw(width, height);
            let _ = writeln!(pictures, "--- {width}x{height}\n{}", picture(&buffer));
        }
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, pictures);
        });
    }
}

/// The first screen, which has no session yet.
#[test]
fn the_prompt_at_every_size() {
    for (name, text, keys) in [
        ("prompt_empty", "", ""),
        ("prompt_ghost", "7-ott", ""),
        ("prompt_choices", "7-otter-twi", "Tab Tab"),
        ("prompt_mistake", "7-oter-lamp", "Enter"),
        ("prompt_complete", "7 otter lamp", ""),
    ] {
        let mut pictures = String::new();
        for (width, height) in SIZES {
            let theme = Theme::new(true, true);
            let mut prompt = Prompt::new("relay.lan:3647".to_owned(), theme);
            prompt.paste(text);
            for key in keys.split_whitespace() {
                prompt.key(key_event(key));
            }
            let buffer = drawn(&prompt, width, height);
            let _ = writeln!(pictures, "--- {width}x{height}\n{}", picture(&buffer));
        }
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, pictures);
        });
    }
}

fn drawn(prompt: &Prompt, width: u16, height: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut columns = 0;
    terminal.draw(|frame| columns = super::draw_prompt(prompt, frame)).unwrap();
    assert!(columns > 0);
    terminal.backend().buffer().clone()
}

#[test]
fn the_prompt_fits_every_size_and_needs_no_colours_and_no_unicode() {
    let mut prompt = Prompt::new("relay.lan:3647".to_owned(), Theme::new(false, false));
    for text in ["7-otter-twi", "-oter-lamp and more"] {
        prompt.paste(text);
        for key in ["Tab", "Enter"] {
            for height in 0..30 {
                for width in 0..100 {
                    let buffer = drawn(&prompt, width, height);
                    assert!(picture(&buffer).is_ascii());
                    let plain = |cell: &ratatui::buffer::Cell| cell.fg == Color::Reset;
                    assert!(buffer.content().iter().all(plain));
                }
            }
            prompt.key(key_event(key));
        }
    }
}

#[test]
fn no_size_is_too_much() {
    for scene in [
        scenes::transfers_moving,
        scenes::closer::transfers_chart,
        scenes::offer_to_resume,
        scenes::transfers_held,
        scenes::scripts_and_emoji,
        scenes::conversation_rec_held,
    ] {
        let mut stage = scene();
        for height in 0..50 {
            for width in 0..130 {
                stage.draw(width, height);
            }
        }
    }
}

#[test]
fn overlays_fit_every_size() {
    for name in [
        "help",
        "completion",
        "transfers_list",
        "transfers_held_list",
        "long_message",
        "comparing",
        "shelf_getting",
        "shelf_lost",
        "shelf_login_new_relay",
        "shelf_login_wrong",
        "searching_in_vain",
        "picking_several",
        "picking_nothing",
        "asking_about_a_paste",
        "finding",
        "finding_nothing",
        "transfers_chart_list",
        "details_verified",
        "details_moving",
        "details_failed",
        "details_offer",
        "picture_awaited",
        "picture_refused",
    ] {
        let (_, scene) = scenes::all().find(|(known, _)| *known == name).unwrap();
        let mut stage = scene();
        for height in 0..30 {
            for width in (0..130).step_by(3) {
                stage.draw(width, height);
            }
        }
    }
}

/// Frames that are closed at their right end tell that nothing overlaps or is cut.
#[test]
fn boxes_are_whole() {
    // Where messages are chosen there are no frames.
    for (name, scene) in scenes::all().filter(|(name, _)| !name.starts_with("selecting")) {
        for (width, height) in
            [(80, 24), (120, 40), (60, 16), (40, 12), (100, 30), (79, 16), (50, 20)]
        {
            let buffer = scene().draw(width, height);
            let count =
                |symbol| buffer.content().iter().filter(|cell| cell.symbol() == symbol).count();
            let corners = ["┌", "┐", "└", "┘"].map(count);
            assert!(
                corners.iter().all(|n| *n == corners[0]),
                "{name} at {width}x{height}: {corners:?}"
            );
            for y in 1..height - 1 {
                let (first, last) = (buffer[(0, y)].symbol(), buffer[(width - 1, y)].symbol());
                let last = last.trim_end_matches('\u{200e}');
                let closed = matches!((first, last), ("│", "│") | ("┌", "┐") | ("└", "┘"));
                assert!(
                    closed || first == " ",
                    "{name} at {width}x{height}, row {y}: {first}{last}"
                );
            }
        }
    }
}

/// A terminal that turns right-to-left writing around does so between two marks, so that neither the
/// frame nor what is beside it moves.
#[test]
fn right_to_left_writing_is_kept_between_marks() {
    for (width, height) in [(80, 24), (120, 40), (60, 16), (40, 12), (20, 5)] {
        let buffer = scenes::talk::right_to_left().draw(width, height);
        let mut rows = 0;
        for y in 1..height {
            let symbols: Vec<&str> = (0..width).map(|x| buffer[(x, y)].symbol()).collect();
            let is_rtl = |symbol: &&str| super::super::body::turns(symbol);
            let Some(first) = symbols.iter().position(is_rtl) else { continue };
            rows += 1;
            let line = symbols.concat();
            assert!(symbols[..first].concat().contains('\u{200e}'), "{width}x{height}: {line:?}");
            let last = symbols.iter().rposition(is_rtl).unwrap_or(first);
            let framed = symbols[last..].iter().any(|symbol| symbol.starts_with('│'));
            assert!(
                !framed || symbols[last..].contains(&"│\u{200e}"),
                "{width}x{height}: {line:?}"
            );
        }
        assert!(rows > 0 || height < 10, "{width}x{height}");
    }
}

fn turn_cells(buffer: &Buffer) -> (String, bool) {
    let line: Vec<_> = (0..buffer.area.width).map(|x| &buffer[(x, 0)]).collect();
    let text = line.iter().map(|cell| cell.symbol()).collect();
    (text, line.iter().any(|cell| cell.modifier.contains(Modifier::REVERSED)))
}

#[test]
fn without_colours_the_turn_is_still_unmistakable() {
    for unicode in [true, false] {
        let theme = Theme::new(false, unicode);
        for (name, scene) in scenes::all() {
            let mut stage = scene();
            stage.app.setting.theme = theme;
            let buffer = stage.draw(80, 24);
            let coloured =
                |cell: &&ratatui::buffer::Cell| cell.fg != Color::Reset || cell.bg != Color::Reset;
            assert_eq!(buffer.content().iter().find(coloured), None, "{name}");
        }
        let look = |scene: fn() -> Stage| {
            let mut stage = scene();
            stage.app.setting.theme = theme;
            turn_cells(&stage.draw(80, 24))
        };
        let (mine, mine_reversed) = look(scenes::conversation_emi);
        let (other, other_reversed) = look(scenes::conversation_rec_held);
        assert!(mine.ends_with("YOUR TURN  emi ") && mine_reversed);
        assert!(other.ends_with("listening  rec ") && !other_reversed);
    }
}

#[test]
fn the_ascii_face_draws_ascii() {
    for name in [
        "picking_filtered",
        "transfers_moving",
        "offer_to_resume",
        "transfers_held",
        "transfers_chart",
        "transfers_chart_list",
        "transfers_folded",
        "details_verified",
        "details_moving",
    ] {
        let (_, scene) = scenes::all().find(|(known, _)| *known == name).unwrap();
        for (width, height) in [(80, 24), (120, 40)] {
            let mut stage = scene();
            stage.app.setting.theme = Theme::new(true, false);
            let text = picture(&stage.draw(width, height));
            assert!(text.is_ascii(), "{text}");
        }
    }
}

#[test]
fn a_hundred_thousand_messages_cost_what_a_screen_costs() {
    let mut stage = scenes::your_turn_empty();
    for number in 0..100_000 {
        stage.words(
            number,
            "a message of some length that has to be wrapped at eighty columns, and then some",
        );
    }
    let before = stage.app.conversation.wraps();
    for _ in 0..100 {
        stage.draw(80, 24);
    }
    assert!(stage.app.conversation.wraps() - before <= 24);
}

/// Printed only, since machines differ: what a frame costs at its worst.
#[test]
#[expect(clippy::disallowed_methods, reason = "a measurement, not a rule")]
fn what_a_frame_costs() {
    let mut stage = scenes::transfers_moving();
    for number in 0..100_000 {
        stage.words(number, "a message of some length that has to be wrapped, and then some");
    }
    for (what, text) in [("empty", ""), ("full of one word", "é"), ("full of words", "wörd ")] {
        stage.keys("Ctrl-C");
        stage.give(Input::Paste(text.repeat(60_000 / text.len().max(1)))).keys("Enter");
        let started = std::time::Instant::now();
        for _ in 0..20 {
            stage.draw(120, 40);
        }
        println!("a frame with the composer {what}: {:?}", started.elapsed() / 20);
    }
}

#[test]
fn a_theme_with_a_background_leaves_no_cell_without() {
    let dusk = Palette::named("dusk").unwrap();
    let told = |name: &str| match name {
        "COLORTERM" => Ok("truecolor".to_owned()),
        _ => Err(std::env::VarError::NotPresent),
    };
    let theme = Theme::chosen(dusk, SymbolSet::Unicode, told);
    for (name, scene) in scenes::all() {
        for (width, height) in SIZES {
            let mut stage = scene();
            stage.app.setting.theme = theme;
            let buffer = stage.draw(width, height);
            for y in 0..height {
                let mut x = 0;
                while x < width {
                    let cell = &buffer[(x, y)];
                    let whole = cell.fg != Color::Reset && cell.bg != Color::Reset;
                    assert!(whole, "{name} at {width}x{height}: {x} {y} {cell:?}");
                    // What a wide letter covers is never drawn.
                    let wide = super::super::wrap::width(cell.symbol()).max(1);
                    x += u16::try_from(wide).unwrap();
                }
            }
        }
    }
}
