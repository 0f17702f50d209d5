//! What is here already, how it is fetched all the same, and what waits for the relay.

use super::super::super::scenes::shelf::{fetch, getting, list, name, told, verified};
use super::super::super::stage::Stage;
use super::*;
use couplet::shelf::visit::{ErrandId, Event as Told, NotTaken};

fn seen(stage: &mut Stage, width: u16) -> String {
    stage.draw(width, 40).content().iter().map(ratatui::buffer::Cell::symbol).collect()
}

/// The line of this file in the list.
fn row(stage: &mut Stage, file: &str) -> String {
    let buffer = stage.draw(80, 24);
    let cells: Vec<_> = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
    let rows = cells.chunks(80).map(<[&str]>::concat);
    rows.into_iter().find(|row| row.contains(file)).unwrap_or_default()
}

fn is_here(stage: &mut Stage, file: &str, errand: u32, number: u32) {
    fetch(stage, file, errand, number);
    let not = NotTaken { taken: true, text: "taken".to_owned() };
    told(stage, Told::Ended(ErrandId(errand), End::NotTaken(not)));
}

#[test]
fn what_is_here_already_has_not_failed() {
    let mut stage = list();
    is_here(&mut stage, "photo.png", 2, 1);
    let line = row(&mut stage, "photo.png");
    assert!(line.contains("here already") && !line.contains("failed"), "{line}");
    let expected = "photo.png is in downloads/ already, so it isn't fetched; /get photo.png rename \
                    puts it beside that";
    assert_eq!(stage.app.notice.as_deref(), Some(expected));
    // Beside it, the whole sentence is read.
    stage.keys("Down");
    let screen = seen(&mut stage, 120);
    assert!(screen.contains("here already") && screen.contains("rename"), "{screen}");
    stage.keys("Esc");
    assert_eq!(stage.app.notice, None);
    is_here(&mut stage, "big.iso", 3, 2);
    assert_eq!(stage.app.notice, None, "nobody looks at the shelf");

    // What was fetched stays verified.
    let mut stage = list();
    fetch(&mut stage, "photo.png", 2, 1);
    told(&mut stage, Told::Ended(ErrandId(2), verified("photo.png")));
    is_here(&mut stage, "photo.png", 3, 2);
    assert!(row(&mut stage, "photo.png").contains("verified"), "{}", row(&mut stage, "photo.png"));
}

#[test]
fn how_it_is_fetched_all_the_same_is_said_and_completed() {
    let mut stage = list();
    stage.keys("Esc");
    for (typed, how) in [
        ("rename", OnCollision::Rename),
        ("skip", OnCollision::Skip),
        ("OVERWRITE", OnCollision::Overwrite),
    ] {
        stage.effects.clear();
        stage.write(&format!("/get {typed} me.png {typed}")).keys("Enter");
        let expected = Command::GetWith(name(&format!("{typed} me.png")), how);
        assert_eq!(stage.effects.first(), Some(&Effect::Shelf(expected)));
    }
    stage.effects.clear();
    stage.write("/get rename").keys("Enter");
    assert_eq!(stage.effects.first(), Some(&Effect::Shelf(Command::Get(name("rename")))));
    stage.write("/get photo.png r").keys("Tab");
    assert_eq!(stage.app.draft(), "/get photo.png rename");
    stage.keys("Ctrl-u").write("/get photo.png ").keys("Tab");
    assert_eq!(stage.app.popup.as_ref().unwrap().labels, ["rename", "skip", "overwrite"]);
    stage.keys("Esc Ctrl-u").write("/get nothing r").keys("Tab");
    assert_eq!(stage.app.draft(), "/get nothing r");
}

#[test]
fn how_many_are_before_it_is_told() {
    let mut stage = getting();
    assert!(seen(&mut stage, 120).contains("waits for the shelf"));
    for (before, text) in [(3, "waits for the shelf, 3 before"), (0, "waits for the shelf, next")] {
        told(&mut stage, Told::Waiting(ErrandId(4), before));
        let screen = seen(&mut stage, 120);
        assert!(screen.contains(text), "{screen}");
    }
}

#[test]
fn hashes_are_seen_on_all_screens_that_have_the_room() {
    for width in 74..200 {
        let screen = seen(&mut list(), width);
        assert!(screen.contains("a2a2a2a2"), "{width}: {screen}");
    }
}
