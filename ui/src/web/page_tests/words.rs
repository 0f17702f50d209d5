//! What pages are told speaks of their buttons, and never of a terminal's commands and keys.

use super::*;
use crate::terminal::commands::COMMANDS;
use couplet::session::SayError;

/// Keys of the terminal.
pub(super) const KEYS: &[&str] =
    &["Alt-", "Ctrl-", "F1 ", "F2", "F3", "F4", "F5", "Esc", "Tab ", "Up brings"];

/// All texts in it that are couplet's own.
fn own<'a>(told: &'a Value, texts: &mut Vec<&'a str>) {
    match told {
        Value::String(text) => texts.push(text),
        Value::Array(all) => all.iter().for_each(|one| own(one, texts)),
        Value::Object(all) if all.get("who").is_some_and(|who| who == "me" || who == "peer") => {}
        Value::Object(all) => all.values().for_each(|one| own(one, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The command or key that this text speaks of.
fn terminal_word(text: &str) -> Option<&'static str> {
    let is_command = |name: &&str| {
        text.match_indices(*name).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + name.len()..].chars().next();
            before.is_none_or(|before| " (\n".contains(before))
                && after.is_none_or(|after| !after.is_alphanumeric() && after != '/')
        })
    };
    let names = COMMANDS.iter().map(|command| command.name);
    names.filter(is_command).chain(KEYS.iter().copied().filter(|key| text.contains(key))).next()
}

fn no_word_of_terminals(scene: &str, play: &mut Play) {
    play.page.welcome(TabId(1));
    for (_, told) in play.told() {
        if told["event"] == "draft" || told["event"] == "held" {
            continue;
        }
        let mut texts = Vec::new();
        own(&told, &mut texts);
        for text in texts {
            assert_eq!(terminal_word(text), None, "{scene}: {text:?}");
        }
    }
}

#[test]
fn a_word_of_terminals_is_found() {
    for (text, word) in [
        ("words a-b-c: /verify compares them", Some("/verify")),
        ("a.bin (/accept 3)", Some("/accept")),
        ("/send PATH offers a file", Some("/send")),
        ("F3 to log in", Some("F3")),
        ("saved in /send/here and a/send", None),
    ] {
        assert_eq!(terminal_word(text), word, "{text}");
    }
}

#[test]
fn no_situation_speaks_of_commands_or_keys() {
    let mut seen = 0;
    for (name, scene) in scenes::all() {
        let mut stage = stage::on_a_page(scene);
        // Of keys there are none on a page, nor the welcome that is about them.
        stage.app.notice = None;
        if name.starts_with("first_run") {
            continue;
        }
        seen += 1;
        let mut play = Play::from(stage);
        no_word_of_terminals(name, &mut play);
        play.act(&json!({"action": "leave"}));
        no_word_of_terminals(&format!("{name}, leaving"), &mut play);
    }
    assert!(seen > 60, "only {seen} situations");
}

#[test]
fn nor_does_what_the_session_says() {
    let mut play = Play::met();
    for text in [
        SayError::TooLong { bytes: 70_000 }.to_string(),
        "let them come again, or make a new code with /new".to_owned(),
    ] {
        play.hear(Heard::Trouble(text));
    }
    no_word_of_terminals("what the session says", &mut play);
    play.act(&json!({"action": "limit", "rate": 5_000_000}));
    play.act(&json!({"action": "say", "text": "x".repeat(70_000)}));
    let notice = play.newest("notice");
    assert_eq!(terminal_word(notice["text"].as_str().unwrap()), None, "{notice}");
    no_word_of_terminals("a limit", &mut play);
    // In a terminal it is as it was.
    let mut terminal = Play::from(scenes::your_turn_empty());
    terminal.hear(Heard::Trouble("make a new code with /new".to_owned()));
    assert_eq!(terminal.newest("entries")["entries"][0]["text"], "make a new code with /new");
}
