//! What calls a user who is away, and how often.

use super::super::super::stage::Stage;
use super::super::Input;
use super::*;
use crate::terminal::scenes;
use couplet::message::Role;
use couplet::session::Event as Told;
use couplet::transfer::book::{Direction, TransferState};

fn calls(stage: &mut Stage) -> (usize, Vec<String>) {
    let effects = std::mem::take(&mut stage.effects);
    let bells = effects.iter().filter(|effect| **effect == Effect::Bell).count();
    let said = effects.into_iter().filter_map(|effect| {
        let Effect::Notice(said) = effect else { return None };
        Some(said)
    });
    (bells, said.collect())
}

/// Somebody is there, and the user isn't looking.
fn away() -> Stage {
    let mut stage = scenes::your_turn_empty();
    stage.hear(Told::Role(Role::Rec)).give(Input::Focus(false)).wait(Duration::from_secs(10));
    stage.effects.clear();
    stage
}

#[test]
fn each_kind_of_news_calls_once_and_words_are_never_repeated() {
    let mut stage = away();
    stage.words(1, "a secret").hear(Told::Role(Role::Emi));
    let (bells, said) = calls(&mut stage);
    assert_eq!((bells, said.len()), (1, 1), "a message and the turn that comes with it: {said:?}");
    assert!(said[0].contains("has written to you") && !said[0].contains("secret"));
    stage.hear(Told::Role(Role::Rec)).wait(Duration::from_secs(10)).hear(Told::Role(Role::Emi));
    assert_eq!(calls(&mut stage), (1, vec!["it is your turn".to_owned()]));
    stage.wait(Duration::from_secs(10));
    stage.transfer(1, Direction::Incoming, "a.iso", 9, TransferState::Offered);
    let (bells, said) = calls(&mut stage);
    assert!(bells == 1 && said[0].contains("offers a.iso"), "{said:?}");
    stage.wait(Duration::from_secs(10));
    stage.transfer(1, Direction::Incoming, "a.iso", 9, crate::terminal::stage::verified("a.iso"));
    let (bells, said) = calls(&mut stage);
    assert!(bells == 1 && said[0].contains("a.iso verified"), "{said:?}");
    stage.give(Input::Focus(true)).wait(Duration::from_secs(10)).words(2, "hi");
    assert_eq!(calls(&mut stage), (0, Vec::new()));
}

#[test]
fn a_peer_cant_ring_for_ever() {
    let mut stage = away();
    for number in 0..1000 {
        stage.words(number, "x");
    }
    assert_eq!(calls(&mut stage).0, MOST_CALLS);
    stage.wait(IN_TIME).words(1000, "x");
    assert_eq!(calls(&mut stage).0, 1);
}

#[test]
fn what_isnt_wanted_isnt_done() {
    let mut stage = away();
    stage.app.setting.calls = Calls { bell: false, notice: true, title: false };
    stage.words(1, "x");
    let (bells, said) = calls(&mut stage);
    assert_eq!((bells, said.len()), (0, 1));
    stage.app.setting.calls = Calls { bell: true, notice: false, title: false };
    stage.words(2, "x");
    assert_eq!(calls(&mut stage), (1, Vec::new()));
}

#[test]
fn the_title_tells_who_and_what() {
    let titles = |stage: &mut Stage| -> Vec<String> {
        let effects = std::mem::take(&mut stage.effects).into_iter();
        let title = |effect| {
            let Effect::Title(title) = effect else { return None };
            Some(title)
        };
        effects.filter_map(title).collect()
    };
    let mut stage = Stage::new();
    stage.app.setting.calls.title = true;
    stage.give(Input::Tick).give(Input::Tick);
    assert_eq!(titles(&mut stage), ["couplet: connecting"]);
    let mut stage = away();
    stage.app.setting.calls.title = true;
    stage.hear(Told::PeerName("bob".to_owned()));
    stage.words(1, "x").words(2, "y").hear(Told::Role(Role::Emi));
    let last = titles(&mut stage).pop();
    assert_eq!(last.as_deref(), Some("(2) couplet: bob, your turn"));
    stage.give(Input::Focus(true));
    assert_eq!(titles(&mut stage), ["couplet: bob, your turn"]);
    stage.give(Input::Tick);
    assert_eq!(titles(&mut stage), [""; 0]);
}
