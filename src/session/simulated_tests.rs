//! Faults that the simulation of whole conversations found (`tests/simulation`), each as a scene.

use super::test_line::*;
use super::*;
use crate::limits;
use crate::path::SafeName;
use crate::transfer::book::TransferState;
use crate::transfer::offer::{Form, Offer};

/// Whoever has the second seat leaves, and somebody else takes it.
fn replace_second(line: &mut Line) {
    line.clients[1].session.fin(line.now);
    line.pump(1);
    line.settle();
    line.clients[1] = Client::new(Session::new(config(50)));
    line.settle();
}

fn is_sealed(line: &Line) -> bool {
    line.clients.iter().all(|client| client.session.sealing.is_sealed())
}

#[test]
fn a_refusal_that_the_relay_never_heard_is_said_again() {
    let mut line = Line::new(2);
    line.pump(0);
    line.settle_one(0);
    line.pump(1);
    line.settle_one(1);
    line.settle_one(0);
    // The newcomer's answer to the exchange is held up for too long; so is the word of that.
    line.clients[1].up.clear();
    line.pass_time(limits::EXCHANGE_LIMIT + Duration::from_secs(1));
    assert!(line.has(0, &Event::Seal(Seal::Failed)));
    line.cut(0);
    line.settle();
    assert!(line.clients[1].session.is_over(), "it is turned away, and doesn't wait for ever");
    assert!(line.has(0, &Event::Peer { peer: Peer::Gone, newcomer: false }));
}

#[test]
fn a_newcomer_vouches_only_for_what_it_was_shown() {
    let mut line = Line::paired();
    line.clients[1].shown = false;
    let one = line.say(0, "one");
    line.settle();
    line.say(1, "two");
    line.settle();
    let three = line.say(0, "three");
    line.settle();
    // Of what was said before it came a newcomer is told the last alone.
    replace_second(&mut line);
    assert_eq!(line.words(1), ["three"]);
    let shown = |draft| Event::Marked { draft, mark: Mark::Shown };
    assert!(line.has(0, &shown(three)) && !line.has(0, &shown(one)));
}

#[test]
fn what_somebody_else_said_from_that_seat_is_not_waited_for() {
    let mut line = Line::paired();
    line.say(0, "one");
    line.settle();
    line.say(1, "two");
    line.settle();
    replace_second(&mut line);
    // The newcomer has said nothing, and its seat's next number is 2.
    assert!(line.restart_client(0));
    line.settle();
    line.say(0, "three");
    line.settle();
    assert_eq!(line.words(1).last(), Some(&"three"));
}

#[test]
fn a_handed_over_message_outlives_a_reader_that_is_killed() {
    let mut line = Line::paired();
    line.say(0, "one");
    line.settle();
    line.clients[1].session.fin(line.now);
    line.pump(1);
    line.settle();
    line.clients[1] = Client::new(Session::new(config(50)));
    line.clients[1].shown = false;
    line.settle();
    assert_eq!(line.words(1), ["one"]);
    line.clients[1].events.clear();
    line.clients[1].shown = true;
    assert!(line.restart_client(1));
    line.settle();
    assert_eq!(line.words(1), ["one"]);
    line.say(1, "two");
    line.settle();
    assert_eq!(line.words(0), ["two"]);
}

#[test]
fn a_message_waits_to_be_handed_over_by_a_client_that_is_killed() {
    let mut line = Line::paired();
    line.clients[1].shown = false;
    line.say(0, "one");
    line.settle();
    line.clients[1].session.fin(line.now);
    line.pump(1);
    line.settle();
    line.clients[1] = Client::new(Session::new(config(50)));
    line.clients[1].shown = false;
    line.settle();
    // Neither it nor its reader goes on as it was.
    for index in [1, 0] {
        line.clients[index].events.clear();
        assert!(line.restart_client(index));
        line.settle();
    }
    assert_eq!(line.words(1).last(), Some(&"one"));
}

#[test]
fn what_the_relay_kept_does_not_overtake_what_is_said_again() {
    let mut line = Line::paired();
    line.clients[1].shown = false;
    line.say(0, "one");
    line.settle();
    line.clients[1].session.pass();
    line.pump(1);
    line.settle();
    line.say(0, "two");
    line.settle();
    line.clients[1].events.clear();
    line.clients[1].shown = true;
    assert!(line.restart_client(1));
    while !is_sealed(&line) {
        for index in [0, 1] {
            let _ = line.deliver_up(index) | line.deliver_down(index);
        }
    }
    // Both are said again, and get as far as the relay, which keeps the second.
    while line.deliver_up(0) {}
    line.cut(1);
    line.settle();
    assert_eq!(line.words(1), ["one", "two"]);
    assert!(!line.clients[1].events.iter().any(|event| matches!(event, Event::Trouble(_))));
}

#[test]
fn a_transfer_does_not_wait_for_one_who_left_though_somebody_else_is_there() {
    let mut line = Line::paired();
    let offer = Offer {
        name: SafeName::new("a").expect("a safe name"),
        form: Form::File,
        size: Some(9),
        on_disk: None,
        entries: 1,
        mtime: None,
    };
    let id = line.clients[0].session.offer(offer).expect("somebody is there");
    line.settle();
    line.accept(1, 1);
    line.settle();
    let state = |line: &Line| line.clients[0].session.transfer(id).map(|info| info.state.clone());
    assert_eq!(state(&line), Some(TransferState::Moving));
    replace_second(&mut line);
    line.clients[0].session.handle_pipe_lost(id, false, line.now);
    assert!(matches!(state(&line), Some(TransferState::Failed { .. })), "{:?}", state(&line));
}
