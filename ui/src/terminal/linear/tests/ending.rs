//! When the end of the input leaves; and that nothing but lines of text comes out, whatever goes in.

use super::*;
use crate::terminal::linear::printer::Printer;
use couplet::session::Mark;
use proptest::prelude::*;

#[test]
fn the_end_of_the_input_leaves_once_all_is_through() {
    // Nothing was said: as soon as it is known that there is a relay.
    let mut play = Play::from(Stage::new());
    assert!(!play.ends().leaves());
    play.hear(Told::Link(Link::Online));
    play.hear(Told::Seated { seat: Seat::One, room: None, returned: false });
    assert!(!play.leaves());
    play.hear(Told::Peer { peer: Peer::Waiting, newcomer: false });
    assert!(play.leaves());

    let mut play = Play::met();
    assert!(play.ends().leaves());

    // A message is waited for until it was seen.
    let mut play = Play::met();
    assert!(!play.line("one").ends().leaves());
    play.hear(Told::Held { draft: DraftId(1), text: "one".into() });
    play.hear(Told::Said { draft: DraftId(1), text: "one".into() });
    play.hear(Told::Marked { draft: DraftId(1), mark: Mark::Taken });
    assert!(!play.leaves());
    play.hear(Told::Marked { draft: DraftId(1), mark: Mark::Shown });
    assert!(play.leaves());

    // What a peer that has left doesn't hear isn't waited for.
    let mut play = Play::met();
    play.line("one").hear(Told::Held { draft: DraftId(1), text: "one".into() });
    assert!(!play.ends().leaves());
    play.hear(Told::Peer { peer: Peer::Gone, newcomer: false });
    assert!(play.leaves());
}

#[test]
fn the_end_of_the_input_waits_for_files() {
    let mut play = Play::met();
    assert!(!play.line("/send photo.png").ends().leaves());
    play.transfer(Direction::Outgoing, TransferState::Offered);
    assert!(!play.leaves());
    play.transfer(Direction::Outgoing, TransferState::Moving);
    assert!(!play.leaves());
    play.transfer(Direction::Outgoing, verified("photo.png"));
    assert!(play.leaves());

    let mut play = Play::met();
    play.line("/send nothing").ends();
    let text = "there is no file of that name".to_owned();
    play.give(Input::Engine(Event::NotOffered { paths: Vec::new(), unreadable: true, text }));
    assert!(play.leaves());

    // What is offered here is the user's to take, and is waited for once it was taken.
    let mut play = Play::met();
    play.transfer(Direction::Incoming, TransferState::Offered);
    assert!(play.ends().leaves());
    let mut play = Play::met();
    play.transfer(Direction::Incoming, TransferState::Offered);
    assert!(!play.line("/accept").ends().leaves());
    play.transfer(Direction::Incoming, verified("photo.png"));
    assert!(play.leaves());

    let mut play = Play::met();
    assert!(!play.line("/save said.txt").ends().leaves());
    play.give(Input::Saved(Saved { path: "said.txt".into(), lines: Ok(1) }));
    assert!(play.leaves());
}

#[test]
fn every_scene_of_the_screen_can_be_told_in_lines() {
    for (name, scene) in scenes::all() {
        let mut stage = scene();
        stage.app.editor.take();
        let mut play = Play { now: stage.now, lines: Lines::new(stage.app), deeds: Vec::new() };
        play.lines.printer = Printer::new(&Stage::new().app);
        play.rest().rest().line("/who").line("/transfers").line("/help");
        let told = play.told();
        assert!(told.lines().count() > 5, "{name}: {told}");
        check(&told);
    }
}

/// Whole lines of what can be shown, and nothing else.
fn check(told: &str) {
    assert!(told.is_empty() || told.ends_with('\n'));
    for line in told.lines() {
        assert!(couplet::text::is_clean(line), "{line:?}");
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
}

proptest! {
    #[test]
    fn nothing_but_lines_of_text_comes_out(
        steps in prop::collection::vec((0_u8..14, "\\PC{0,20}|(\u{1b}\\[[0-9;]{0,3}[A-Za-z]|\u{7}|\u{9b}|\r|\n|\\* |me: |\\\\){0,9}|/[a-z]{1,6} ?[a-z0-9]{0,3}"), 0..40),
        columns in prop::option::of(0_usize..90),
    ) {
        let mut play = Play::met();
        for (at, (kind, text)) in steps.into_iter().enumerate() {
            play.lines.printer.columns = columns;
            let clean = couplet::text::message(&text, 1000);
            let number = at as u64;
            match kind {
                0 => play.hear(Told::PeerName(couplet::text::line(&text, 24))),
                1 | 2 => play.hear(Told::Words { sequence: number, text: clean, kept: false }),
                3 => play.hear(Told::Held { draft: DraftId(number), text: clean }),
                4 => play.hear(Told::Said { draft: DraftId(number), text: clean }),
                5 => play.hear(Told::Role(Role::Rec)),
                6 => play.hear(Told::Notice(couplet::text::line(&text, 300))),
                7 => play.hear(Told::PeerCompares),
                8 => {
                    let info = transfer_info(Direction::Incoming, "x", 9, TransferState::Offered);
                    play.hear(Told::Transfer { id: TransferId(1), info })
                }
                9 => play.hear(Told::Peer { peer: Peer::Present, newcomer: true }),
                10 => play.hear(scenes::sealed(true, None)),
                11 if number.is_multiple_of(7) => play.ends(),
                _ => play.line(&text),
            };
            let told = play.told();
            let escapes = told.contains('\u{1b}');
            prop_assert!(!escapes);
            for line in told.lines() {
                prop_assert!(couplet::text::is_clean(line), "{:?}", line);
            }
            play.deeds.clear();
        }
    }
}
