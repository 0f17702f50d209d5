//! What the composer does besides writing, key by key.

use super::super::scenes;
use super::super::stage::{Stage, key_event};
use super::*;
use std::time::Duration;

/// A face that has said four things and is writing a fifth.
fn ready() -> Stage {
    let mut stage = scenes::your_turn_empty();
    stage.draw(80, 24);
    for text in ["the first log", "other", "a second log", "last"] {
        stage.write(text).keys("Enter");
    }
    stage.write("draft").keys("Left").effects.clear();
    stage
}

fn title(stage: &Stage) -> String {
    stage.app.mode_title().unwrap_or_default()
}

#[test]
fn what_is_typed_is_found_and_again_means_older() {
    let mut stage = ready();
    stage.keys("Ctrl-R");
    assert_eq!((title(&stage).as_str(), stage.app.editor.text()), ("search: ", "draft"));
    stage.write("log");
    assert_eq!((title(&stage).as_str(), stage.app.editor.text()), ("search: log", "a second log"));
    stage.keys("Ctrl-R");
    assert_eq!(stage.app.editor.text(), "the first log");
    stage.keys("Ctrl-R");
    assert_eq!(title(&stage), "no more with: log");
    assert_eq!(stage.app.editor.text(), "the first log");
    stage.keys("Ctrl-S");
    assert_eq!(stage.app.editor.text(), "a second log");
    stage.keys("Ctrl-U").write("of");
    assert_eq!((title(&stage).as_str(), stage.app.editor.text()), ("nothing with: of", "draft"));
    stage.keys("Backspace Backspace Ctrl-R");
    assert_eq!(stage.app.editor.text(), "last");
}

#[test]
fn enter_takes_it_and_sends_nothing() {
    let mut stage = ready();
    stage.keys("Ctrl-R").write("fi").keys("Enter");
    assert!(!stage.commands().iter().any(|command| matches!(command, Command::Say(_))));
    assert_eq!(stage.app.editor.text(), "the first log");
    stage.keys("Ctrl-_");
    assert_eq!(stage.app.editor.text(), "draft", "one step");
    stage.keys("Alt-_ Enter");
    assert!(stage.commands().contains(&Command::Say("the first log".into())));
}

#[test]
fn esc_leaves_the_message_as_it_was() {
    for key in ["Esc", "Ctrl-G", "Ctrl-C"] {
        let mut stage = ready();
        stage.keys("Ctrl-R").write("log").keys(key).write("!");
        assert_eq!(stage.app.editor.text(), "draf!t", "{key}");
        assert!(stage.app.mode_title().is_none());
    }
}

#[test]
fn another_key_takes_it_and_does_what_it_does() {
    let mut stage = ready();
    stage.keys("Ctrl-R").write("log").keys("Ctrl-A").write("> ");
    assert_eq!(stage.app.editor.text(), "> a second log");
}

#[test]
fn words_that_are_taken_back_meanwhile_come_before_the_draft() {
    let mut stage = ready();
    let draft = couplet::session::DraftId(9);
    stage.keys("Ctrl-R").write("log");
    let text = "held".into();
    stage.hear(couplet::session::Event::TakenBack { draft, text });
    assert_eq!(stage.app.editor.text(), "held\ndraft");
}

#[test]
fn two_keys_undo_and_others_after_the_first_do_nothing() {
    let mut stage = ready();
    stage.keys("Ctrl-W Ctrl-X");
    let notice = stage.app.notice.clone().unwrap_or_default();
    assert!(notice.contains("Ctrl-U"), "{notice}");
    stage.keys("Ctrl-U");
    assert_eq!(stage.app.editor.text(), "draft");
    for key in ["x", "Enter", "Ctrl-C", "Esc", "F1", "Ctrl-X"] {
        stage.effects.clear();
        stage.keys("Ctrl-X").keys(key);
        assert_eq!((stage.app.editor.text(), stage.app.overlay), ("draft", None), "{key}");
        assert!(stage.commands().iter().all(|command| matches!(command, Command::Typing(_))));
    }
}

#[test]
fn the_message_goes_out_to_an_editor_and_comes_back() {
    let mut stage = ready();
    stage.keys("Ctrl-X Ctrl-E");
    assert_eq!(stage.effects.last(), Some(&Effect::Edit("draft".to_owned())));
    assert!(!stage.app.attends());
    stage.give(Input::Edited(Ok("two\r\nlines\u{1b}[2J\n\n".to_owned())));
    assert_eq!(stage.app.editor.text(), "two\nlines");
    assert!(stage.app.attends());
    stage.keys("Ctrl-_");
    assert_eq!(stage.app.editor.text(), "draft");
}

#[test]
fn an_editor_that_fails_changes_nothing_and_says_so() {
    let mut stage = ready();
    stage.keys("Ctrl-X Ctrl-E").give(Input::Edited(Err("vi is lost".to_owned())));
    assert_eq!(stage.app.editor.text(), "draft");
    assert_eq!(stage.app.notice.as_deref(), Some("vi is lost"));
    stage.give(Input::Edited(Ok("nobody asked".to_owned())));
    assert_eq!(stage.app.editor.text(), "draft");
}

#[test]
fn words_that_are_taken_back_meanwhile_stay_before_what_was_edited() {
    let mut stage = ready();
    let draft = couplet::session::DraftId(9);
    stage.keys("Ctrl-X Ctrl-E");
    stage.hear(couplet::session::Event::TakenBack { draft, text: "held".into() });
    stage.give(Input::Edited(Ok("edited\n".to_owned())));
    assert_eq!(stage.app.editor.text(), "held\nedited");
}

#[test]
fn the_peer_isnt_told_for_ever_that_the_user_writes() {
    let mut stage = ready();
    stage.write("x").commands();
    stage.keys("Ctrl-X Ctrl-E").wait(Duration::from_secs(6));
    assert_eq!(stage.commands(), [Command::Typing(false)]);
    stage.words(1, "meanwhile").give(Input::Edited(Ok("y".to_owned())));
    assert_eq!(stage.commands(), [Command::Typing(true)], "and nothing was shown meanwhile");
}

#[test]
fn a_search_is_neither_told_as_writing_nor_kept_as_the_draft() {
    let mut stage = ready();
    stage.keys("Ctrl-C Ctrl-R").commands();
    stage.write("log");
    assert_eq!((stage.app.editor.text(), stage.app.draft()), ("a second log", ""));
    assert_eq!(stage.commands(), []);
    stage.keys("Enter");
    assert_eq!(stage.app.draft(), "a second log");
    assert_eq!(stage.commands(), [Command::Typing(true)]);
}

#[test]
fn nothing_comes_up_over_a_question_or_a_search() {
    let paste = Input::Paste("x".repeat(5_000));
    for begin in [&[paste][..], &["Ctrl-R", "Ctrl-X"].map(|key| Input::Key(key_event(key)))[..]] {
        for input in begin {
            let mut stage = ready();
            stage.hear(scenes::sealed(false, None)).keys("Ctrl-C");
            stage.give(input.clone()).wait(Duration::from_mins(1));
            stage.hear(couplet::session::Event::PeerCompares);
            assert_eq!(stage.app.overlay, None, "{input:?}");
        }
    }
}
