//! In a plain room: what must be seen of it, and what it doesn't carry.

use super::super::scenes::{self, plain};
use super::super::theme::Theme;
use crate::engine::Command;
use couplet::session::{Event as Told, Link};
use ratatui::buffer::Buffer;
use std::time::Duration;

fn first_line(buffer: &Buffer) -> String {
    (0..buffer.area.width).map(|x| buffer[(x, 0)].symbol()).collect()
}

#[test]
fn that_it_is_not_sealed_is_seen_at_every_size_and_in_every_situation() {
    let scenes: Vec<_> = scenes::all().filter(|(name, _)| name.starts_with("plain_")).collect();
    assert_eq!(scenes.len(), plain::SCENES.len() + 1, "and the shelf in one");
    for (name, scene) in scenes {
        for theme in [Theme::new(true, true), Theme::new(false, false)] {
            for prepare in ["", "F1", "Esc", "F2"] {
                let mut stage = scene();
                stage.app.setting.theme = theme;
                stage.app.setting.relay = "a-relay-with-a-long-name.example.org:3647".to_owned();
                stage.keys(prepare);
                for width in 20..130 {
                    for height in [5, 9, 24] {
                        let line = first_line(&stage.draw(width, height));
                        assert!(
                            line.contains("NOT SEALED"),
                            "{name} {prepare} {width}x{height}: {line:?}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn the_turn_is_seen_at_every_size_too() {
    for width in 20..130 {
        let line = first_line(&plain::your_turn().draw(width, 9));
        assert!(line.contains(" emi"), "{width}: {line:?}");
        let line = first_line(&plain::listening().draw(width, 9));
        assert!(line.contains("rec "), "{width}: {line:?}");
        let mut lost = plain::your_turn();
        lost.hear(Told::Link(Link::Lost { attempt: 1, retry_in: Duration::from_secs(1) }));
        assert!(first_line(&lost.draw(width, 9)).ends_with("offline "));
    }
}

#[test]
fn no_other_room_says_so() {
    for (name, scene) in scenes::all().filter(|(name, _)| !name.starts_with("plain_")) {
        let line = first_line(&scene().draw(80, 24));
        assert!(!line.contains("NOT SEALED"), "{name}: {line}");
    }
}

#[test]
fn it_carries_words_only() {
    for (line, told) in [
        ("/send photo.png", "carries words only"),
        ("/verify", "isn't sealed, so there are no words to compare"),
        ("/accept", "no offer waits"),
    ] {
        let mut stage = plain::your_turn();
        stage.write(line).keys("Enter");
        let notice = stage.app.notice.clone().unwrap_or_default();
        assert!(notice.contains(told), "{line}: {notice}");
        assert_eq!(stage.app.draft(), "");
        stage.keys("Up");
        assert_eq!(stage.app.draft(), line, "it isn't lost");
        let asked = stage.commands();
        let asked = asked.iter().filter(|command| !matches!(command, Command::Typing(_)));
        assert_eq!(asked.count(), 0);
    }
    for advice in plain::SCENES.iter().flat_map(|(_, scene)| scene().app.hints()) {
        assert!(!advice.key.contains("/send") && !advice.key.contains("Alt-Enter"), "{advice:?}");
    }
}

#[test]
fn a_message_is_one_line() {
    let mut stage = plain::your_turn();
    stage.write("one").keys("Alt-Enter").write("two").keys("Enter");
    let notice = stage.app.notice.clone().unwrap_or_default();
    assert!(notice.contains("one line at a time, and this has 2"), "{notice}");
    assert_eq!(stage.app.draft(), "one\ntwo");
    stage.keys("Ctrl-C").write(&"x".repeat(16_385)).keys("Enter");
    let notice = stage.app.notice.clone().unwrap_or_default();
    assert!(notice.contains("16385 bytes and a line in a plain room may have 16384"), "{notice}");
    stage.keys("Backspace Enter");
    let said = stage.commands();
    assert!(said.contains(&Command::Say("x".repeat(16_384))));
}
