//! How an errand ends, with which exit status and which words.

use super::super::{Interrupt, LEAVING_LIMIT, RETRY_AFTER, Terms};
use super::scene::{ID, Scene, verified};
use crate::config::exit;
use crate::engine::{Command, Event};
use couplet::session::{Ending, Event as SessionEvent};
use couplet::transfer::book::TransferState;
use couplet::transfer::offer::{Form, Preflight};
use couplet::transfer::wire::Fault;

#[test]
fn each_end_of_a_transfer_has_its_status() {
    let failed = |code| TransferState::Failed { code, reason: "why".to_owned() };
    for (state, status) in [
        (TransferState::Declined, exit::DECLINED),
        (TransferState::Cancelled { by_peer: true }, exit::CANCELLED),
        (failed(Fault::Unreadable), exit::UNREADABLE),
        (failed(Fault::SourceChanged), exit::CHANGED),
        (failed(Fault::Storage), exit::UNWRITABLE),
        (failed(Fault::Mismatch), exit::DAMAGED),
        (failed(Fault::Unknown), exit::FAILURE),
        (verified(1), exit::LEFT_OUT),
    ] {
        let mut scene = Scene::sending().meets().moving(300);
        scene.transfer(ID, Form::Folder, state.clone());
        assert_eq!(scene.leaves().0, status, "{state:?}");
    }
}

#[test]
fn what_cannot_be_sent_ends_it_and_what_can_later_does_not() {
    let mut scene = Scene::sending().meets();
    let text = "nobody is there".to_owned();
    scene.event(Event::NotOffered { paths: Vec::new(), unreadable: false, text: text.clone() });
    assert_eq!(scene.wait(), RETRY_AFTER);
    assert_eq!(scene.commands().len(), 2);
    scene.event(Event::NotOffered { paths: Vec::new(), unreadable: true, text });
    assert_eq!(scene.leaves().0, exit::UNREADABLE);
}

#[test]
fn what_flows_cannot_begin_again() {
    let terms = Terms { to_stdout: true, ..Terms::default() };
    let mut scene = Scene::receiving(terms).meets();
    scene.transfer(ID, Form::Stream, TransferState::Offered);
    scene.event(Event::Preflight { id: ID, preflight: Preflight::default() });
    scene.transfer(ID, Form::Stream, TransferState::Moving);
    scene.event(Event::Started { id: ID, held: 0 });
    scene.session(SessionEvent::Ended(Ending::RelayExit));
    assert_eq!(scene.ended().0, exit::NO_RELAY);
}

#[test]
fn ctrl_c_stops_it_for_both_and_says_how_to_go_on() {
    for mut scene in [Scene::sending(), Scene::receiving(Terms::default())] {
        scene = scene.meets().moving(450);
        scene.errand.handle_interrupt(Interrupt::Stop, scene.now);
        scene.take();
        let commands = scene.commands();
        let cancel = Command::Cancel { id: Some(ID), keep: true };
        assert_eq!(commands[commands.len() - 2..], [cancel, Command::Leave]);
        let (status, reason) = scene.leaves();
        assert_eq!(status, exit::INTERRUPTED);
        assert!(reason.contains("45 % of site/"), "{reason}");
        assert!(reason.contains("send"), "{reason}");
    }
}

#[test]
fn sigterm_only_leaves_and_a_second_signal_ends_it_at_once() {
    let mut scene = Scene::sending().meets().moving(450);
    scene.errand.handle_interrupt(Interrupt::Terminate, scene.now);
    scene.take();
    assert_eq!(scene.commands().last(), Some(&Command::Leave));
    assert!(!scene.commands().iter().any(|command| matches!(command, Command::Cancel { .. })));
    scene.errand.handle_interrupt(Interrupt::Stop, scene.now);
    scene.take();
    assert_eq!(scene.ended().0, exit::TERMINATED);
}

#[test]
fn leaving_has_an_end() {
    let mut scene = Scene::sending().meets();
    scene.errand.handle_interrupt(Interrupt::Stop, scene.now);
    scene.take();
    assert_eq!(scene.wait(), LEAVING_LIMIT);
    assert_eq!(scene.ended().0, exit::INTERRUPTED);
}
