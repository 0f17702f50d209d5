//! The search, and what else is done with what was said: keys in, effects and the screen out.

use super::super::scenes;
use super::super::stage::Stage;
use super::*;
use couplet::session::{Event as Told, Mark};
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Modifier;
use std::time::Duration;

fn told(count: u64) -> Stage {
    let mut stage = scenes::your_turn_empty();
    for number in 0..count {
        let text = match number % 10 {
            3 => format!("number {number} has an Apple"),
            _ => format!("number {number}"),
        };
        stage.words(number + 1, &text);
    }
    stage.draw(80, 24);
    stage
}

fn rows(buffer: &Buffer) -> Vec<String> {
    let row = |y| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect();
    (0..buffer.area.height).map(row).collect()
}

/// The cells with this modifier inside the conversation.
fn marked(buffer: &Buffer, modifier: Modifier) -> String {
    let cells = (1..buffer.area.height - 5).flat_map(|y| (1..47).map(move |x| (x, y)));
    cells
        .map(|at| &buffer[at])
        .filter(|cell| cell.modifier.contains(modifier))
        .map(Cell::symbol)
        .collect()
}

#[test]
fn what_is_looked_for_is_found_backwards_and_marked() {
    let mut stage = told(100);
    stage.keys("Ctrl-F").write("aPPLe");
    let buffer = stage.draw(80, 24);
    let seen = rows(&buffer);
    assert!(seen[1].contains("conversation: 1 of 10"), "{seen:#?}");
    assert!(seen[23].contains("find: aPPLe") && seen[23].contains("1 of 10"), "{}", seen[23]);
    assert!(seen.iter().any(|row| row.contains("number 93 has an Apple")), "{seen:#?}");
    assert_eq!(marked(&buffer, Modifier::REVERSED), "Apple");
    for (keys, at, number) in [("Up Ctrl-F", 3, 73), ("Ctrl-R Ctrl-P", 5, 53), ("Down", 4, 63)] {
        let buffer = stage.keys(keys).draw(80, 24);
        let seen = rows(&buffer);
        assert!(seen[1].contains(&format!("conversation: {at} of 10")), "{keys}: {}", seen[1]);
        let wanted = format!("number {number} has an Apple");
        assert!(seen.iter().any(|row| row.contains(&wanted)), "{keys}: {seen:#?}");
        assert_eq!(marked(&buffer, Modifier::REVERSED), "Apple", "{keys}");
    }
    // The others in sight have another mark, and neither needs a colour.
    let buffer = stage.draw(80, 50);
    assert_eq!(marked(&buffer, Modifier::REVERSED), "Apple");
    assert!(marked(&buffer, Modifier::UNDERLINED).starts_with("AppleApple"));
    // Beyond the ends there is nothing.
    stage.keys("Up Up Up Up Up Up Up Up Up Up Up Up");
    assert_eq!(stage.app.how_many_found().unwrap(), "10 of 10");
}

#[test]
fn escape_goes_back_and_enter_stays() {
    let mut stage = told(100);
    stage.write("half a word").keys("PgUp");
    let before = rows(&stage.draw(80, 24));
    stage.keys("Ctrl-F").write("apple").keys("Up Up Up Esc");
    assert_eq!(rows(&stage.draw(80, 24)), before);
    stage.keys("Ctrl-F").write("number 23").keys("Enter");
    let seen = rows(&stage.draw(80, 24));
    assert!(seen.iter().any(|row| row.contains("number 23 has")), "{seen:#?}");
    assert!(stage.app.conversation.is_scrolled() && stage.app.overlay.is_none());
    assert_eq!(stage.app.draft(), "half a word");
    // As many letters as one likes, and none.
    stage.keys("Ctrl-F").write(&"x".repeat(500)).keys("Ctrl-U Backspace Up Down");
    assert_eq!(stage.app.sought(), Some(("", String::new())));
    assert_eq!(stage.app.how_many_found(), None);
    stage.write("zebra");
    assert_eq!(stage.app.how_many_found().unwrap(), "not found");
    stage.keys("Backspace Ctrl-C");
    assert!(stage.app.overlay.is_none());
    assert!(!stage.app.is_leaving());
}

#[test]
fn each_key_looks_through_a_bounded_part_and_the_rest_follows() {
    let mut stage = told(0);
    stage.words(1, "the needle");
    for number in 0..50_000 {
        stage.words(number + 2, "hay");
    }
    stage.draw(80, 24);
    stage.keys("Ctrl-U").write("/find needle").keys("Enter");
    assert_eq!(stage.app.how_many_found().unwrap(), "looking");
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.app.how_many_found().unwrap(), "1 of 1");
    assert!(rows(&stage.draw(80, 24)).iter().any(|row| row.contains("the needle")));
    // What is found is still there when the oldest go.
    for number in 0..200_000 {
        stage.words(number + 60_000, "hay");
    }
    stage.keys("Up Down").draw(80, 24);
}

#[test]
fn a_reply_quotes_the_beginning_of_what_is_answered() {
    let mut stage = told(0);
    stage.write("/reply").keys("Enter");
    assert_eq!(stage.app.notice.as_deref(), Some("nothing was said yet"));
    stage.keys("Ctrl-U");
    stage.words(1, "first\n\nsecond\n> what I said\nthird\nfourth");
    stage.words(2, "later").said(1, "mine", Mark::Shown);
    stage.write("/reply").keys("Enter");
    assert_eq!(stage.app.draft(), "> later\n");
    stage.keys("Ctrl-C").write("/reply 2").keys("Enter").write("yes");
    assert_eq!(stage.app.draft(), "> first\n> second\n> third\n> …\nyes");
    stage.commands();
    stage.keys("Enter");
    let said = Command::Say("> first\n> second\n> third\n> …\nyes".into());
    assert!(stage.commands().contains(&said));
    stage.write("/reply 3").keys("Enter");
    assert_eq!(stage.app.notice.as_deref(), Some("only 2 messages so far"));
    for bad in ["/reply 0", "/copy one"] {
        stage.keys("Ctrl-C").write(bad).keys("Enter");
        let notice = stage.app.notice.clone().unwrap();
        assert!(notice.contains("takes how far back the message is"), "{notice}");
    }
}

#[test]
fn copying_asks_the_terminal_and_says_so() {
    let mut stage = told(0);
    stage.words(1, "theirs\nin two lines").said(1, "mine", Mark::Shown);
    stage.effects.clear();
    stage.write("/copy 2").keys("Enter");
    assert!(stage.effects.contains(&Effect::Copy("theirs\nin two lines".into())));
    let notice = stage.app.notice.clone().unwrap();
    assert!(notice.starts_with("asked the terminal to copy 2 lines"), "{notice}");
    stage.effects.clear();
    stage.words(2, &"x".repeat(65 * 1024)).write("/copy").keys("Enter");
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::Copy(_))));
    assert!(stage.app.notice.clone().unwrap().contains("/save FILE"));
}

#[test]
fn the_transcript_has_times_names_and_all_lines() {
    let mut stage = told(0);
    stage.words(1, "theirs\nin two lines").said(1, "mine", Mark::Shown);
    stage.hear(Told::Notice("a notice".into()));
    stage.effects.clear();
    stage.write("/save ~/said.txt").keys("Enter");
    let path = PathBuf::from("/home/ann/said.txt");
    let text = "2026-11-22 12:01:00  * bob is here\n2026-11-22 12:01:00  bob: theirs\n    in two lines\n\
                2026-11-22 12:01:00  me: mine\n2026-11-22 12:01:00  * a notice\n";
    assert!(
        stage.effects.contains(&Effect::Save(path.clone(), text.into())),
        "{:?}",
        stage.effects
    );
    let mut last = |lines| {
        stage.give(Input::Saved(Saved { path: path.clone(), lines }));
        let number = stage.app.conversation.numbers().end - 1;
        stage.app.conversation.entry(number).unwrap().text.clone()
    };
    assert_eq!(last(Ok(5)), "5 lines written to /home/ann/said.txt");
    assert_eq!(last(Err("no".into())), "/home/ann/said.txt isn't written: no");
    for bad in ["/save", "/save a b"] {
        stage.keys("Ctrl-C").write(bad).keys("Enter");
        assert!(
            stage.app.notice.clone().unwrap().starts_with("/save needs the name of one new file")
        );
    }
}
