//! What a conversation needs can be done by keys and by commands, and is the same then.

use super::super::picker::Purpose;
use super::super::scenes;
use super::super::stage::{Stage, named};
use super::*;
use couplet::session::{Event as Told, Verdict};
use couplet::transfer::book::Direction;

/// Somebody is here, the line is sealed, words are held, and there is an offer.
fn busy() -> Stage {
    let mut stage = scenes::sealed_unverified();
    stage.hear(scenes::sealed(false, None)).keys("Ctrl-U").words(20, "found again");
    stage.hear(Told::Held { draft: DraftId(1), text: "later".into() });
    stage.offer(1, Direction::Incoming, named("site.tar.zst", 1_000));
    stage.draw(80, 24);
    stage.effects.clear();
    stage
}

/// What was asked of the engine, what covers the conversation, and the notice.
fn outcome(mut stage: Stage) -> (Vec<Command>, Option<Overlay>, Option<String>) {
    let commands: Vec<_> = stage.commands();
    let told = |command: &Command| !matches!(command, Command::Typing(_));
    (commands.into_iter().filter(told).collect(), stage.app.overlay, stage.app.notice.clone())
}

#[test]
fn each_has_a_key_and_a_command() {
    for (keys, line) in [
        ("Alt-A", "/accept 1"),
        ("Alt-D", "/decline 1"),
        ("F2 a Esc", "/accept 1"),
        ("F2 d Esc", "/decline 1"),
        ("F4", "/send"),
        ("Ctrl-Up", "/take"),
        ("Alt-P", "/pass"),
        ("Alt-V", "/verify"),
        ("Ctrl-F", "/find"),
        ("Alt-S", "/select"),
        ("F1", "/help"),
        ("F2", "/transfers"),
        ("F3", "/shelf"),
        ("Ctrl-C Ctrl-C", "/fin"),
        ("Ctrl-D Ctrl-D", "fin"),
    ] {
        let (mut by_keys, mut by_command) = (busy(), busy());
        by_keys.keys(keys);
        by_command.write(line).keys("Enter");
        let (by_keys, by_command) = (outcome(by_keys), outcome(by_command));
        assert_eq!(by_keys, by_command, "{keys} and {line}");
        assert_ne!(by_keys, outcome(busy()), "{keys} does nothing");
    }
}

#[test]
fn a_key_leaves_what_is_being_written() {
    for keys in ["Alt-P", "Alt-V Esc", "F4 Esc", "F4 F4", "Alt-V y Enter"] {
        let mut stage = busy();
        stage.write("half a draft").keys(keys);
        assert_eq!((stage.app.draft(), stage.app.overlay), ("half a draft", None), "{keys}");
    }
}

#[test]
fn files_are_chosen_by_a_key_to_be_offered() {
    let mut stage = busy();
    stage.keys("F4");
    assert_eq!(stage.app.picker.as_ref().map(|picker| picker.purpose), Some(Purpose::Send));
    // In a plain room nothing can be offered, and it says so.
    let mut stage = scenes::plain::your_turn();
    stage.keys("F4");
    assert_eq!(stage.app.overlay, None);
    assert_eq!(stage.app.notice.as_deref(), Some(couplet::plain::WORDS_ONLY));
}

#[test]
fn words_are_compared_by_a_key_once_there_are_any() {
    let mut stage = scenes::waiting_for_a_peer();
    stage.keys("Alt-V");
    let told = stage.app.notice.as_deref();
    assert_eq!(told, Some("there are words to compare once somebody is here"));
    let mut stage = busy();
    stage.keys("Alt-V y Enter");
    assert_eq!(stage.commands(), [Command::Compare, Command::Verify(Verdict::Same)]);
}
