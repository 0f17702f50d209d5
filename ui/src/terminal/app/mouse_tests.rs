//! Before, click, after.

use super::super::super::stage::Stage;
use super::super::Input;
use super::*;
use crate::engine::Command;
use crate::terminal::scenes;
use couplet::session::Event as Told;
use couplet::transfer::book::{Direction, TransferId, TransferState};

fn at(stage: &mut Stage, column: u16, row: u16, did: Did) {
    stage.give(Input::Mouse(Mouse { at: Position { x: column, y: row }, did }));
}

/// Clicks on the first of these letters on the screen.
fn click(stage: &mut Stage, text: &str) {
    let buffer = stage.draw(80, 24);
    let (width, height) = (buffer.area.width, buffer.area.height);
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    let found = (0..height).find_map(|y| {
        let row = row(y);
        let byte = row.find(text)?;
        Some((u16::try_from(row[..byte].chars().count()).unwrap(), y))
    });
    let (x, y) = found.unwrap_or_else(|| panic!("no {text} on the screen"));
    at(stage, x, y, Did::Click);
}

fn two_offers() -> Stage {
    let mut stage = scenes::your_turn_empty();
    for id in [1, 2] {
        let name = format!("file{id}.txt");
        stage.transfer(id, Direction::Incoming, &name, 9, TransferState::Offered);
    }
    stage.commands();
    stage
}

#[test]
fn a_click_answers_the_offer_that_was_seen_there() {
    let mut stage = two_offers();
    let spots = |stage: &mut Stage| {
        stage.draw(80, 24);
        stage.app.drawn.spots.buttons.clone()
    };
    let buttons = spots(&mut stage);
    assert!(buttons.iter().any(|(_, button)| *button == Button::Accept(TransferId(1))));
    for (area, button) in buttons {
        let (id, command) = match button {
            Button::Accept(id) => (id, Command::Accept { id: Some(id), on_collision: None }),
            Button::Decline(id) => (id, Command::Decline(Some(id))),
        };
        for x in [area.x, area.right() - 1] {
            at(&mut stage, x, area.y, Did::Click);
            assert_eq!(stage.commands(), std::slice::from_ref(&command), "{id}");
        }
        at(&mut stage, area.x.saturating_sub(1), area.y, Did::Click);
        assert!(!stage.commands().contains(&command), "beside it");
    }
    // It has been withdrawn since, and the screen not been drawn again.
    let area = spots(&mut stage)[0].0;
    stage.transfer(1, Direction::Incoming, "file1.txt", 9, TransferState::Withdrawn);
    at(&mut stage, area.x, area.y, Did::Click);
    assert_eq!(stage.commands(), []);
    stage.draw(80, 24);
    assert!(!spots(&mut stage).iter().any(|(_, it)| *it == Button::Accept(TransferId(1))));
}

/// Nothing that the peer has written makes a button: a name like one doesn't.
#[test]
fn only_the_line_that_says_how_has_buttons() {
    let mut stage = two_offers();
    stage.draw(80, 24);
    let honest = stage.app.drawn.spots.buttons.len();
    stage.hear(Told::PeerName("x /decline Alt-D".into()));
    stage.draw(80, 24);
    let buttons = &stage.app.drawn.spots.buttons;
    assert_eq!(buttons.len(), honest, "{buttons:?}");
}

/// Below the conversation an offer has one line, and its command is the button.
#[test]
fn the_command_in_a_single_line_is_a_button() {
    let mut stage = two_offers();
    stage.draw(60, 24);
    let buttons = stage.app.drawn.spots.buttons.clone();
    assert!(!buttons.is_empty());
    for (area, button) in buttons {
        let Button::Accept(id) = button else { panic!("{button:?}") };
        at(&mut stage, area.x, area.y, Did::Click);
        let accepted = Command::Accept { id: Some(id), on_collision: None };
        assert_eq!(stage.commands(), [accepted]);
    }
}

#[test]
fn elsewhere_a_click_does_nothing() {
    let mut stage = two_offers();
    stage.write("half a word").draw(80, 24);
    stage.commands();
    for row in 0..30 {
        at(&mut stage, 3, row, Did::Click);
    }
    assert_eq!(stage.commands(), []);
    assert_eq!(stage.app.draft(), "half a word");
}

#[test]
fn the_wheel_scrolls_the_conversation_and_the_help() {
    let mut stage = scenes::long_conversation();
    stage.draw(80, 24);
    assert!(!stage.app.conversation.is_scrolled());
    at(&mut stage, 5, 5, Did::WheelUp);
    assert!(stage.app.conversation.is_scrolled());
    at(&mut stage, 5, 5, Did::WheelDown);
    assert!(!stage.app.conversation.is_scrolled());
    stage.keys("F1").draw(80, 24);
    at(&mut stage, 5, 5, Did::WheelDown);
    assert_eq!(stage.app.overlay, Some(Overlay::Help { top: 3 }));
    at(&mut stage, 5, 5, Did::WheelUp);
    assert_eq!(stage.app.overlay, Some(Overlay::Help { top: 0 }));
}

#[test]
fn a_click_on_a_row_chooses_it() {
    let mut stage = two_offers();
    stage.keys("F2");
    click(&mut stage, "file2.txt");
    assert_eq!(stage.app.overlay, Some(Overlay::Transfers { chosen: Some(TransferId(2)) }));
    click(&mut stage, "file1.txt");
    assert_eq!(stage.app.overlay, Some(Overlay::Transfers { chosen: Some(TransferId(1)) }));
    at(&mut stage, 5, 20, Did::Click);
    assert_eq!(stage.app.overlay, Some(Overlay::Transfers { chosen: Some(TransferId(2)) }));
    assert_eq!(stage.commands(), [], "to choose is to answer nothing");
}

#[test]
fn the_mouse_is_switched_on_and_off() {
    let mut stage = scenes::your_turn_empty();
    stage.effects.clear();
    stage.write("/mouse on").keys("Enter");
    assert!(stage.effects.contains(&Effect::Mouse(true)), "{:?}", stage.effects);
    stage.write("/mouse off").keys("Enter");
    assert!(stage.effects.contains(&Effect::Mouse(false)));
    stage.effects.clear();
    stage.write("/mouse maybe").keys("Enter");
    assert!(stage.app.sentence().is_some_and(|said| said.contains("/mouse takes on or off")));
}
