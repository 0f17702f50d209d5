//! Who is met, and how long a seat, a relay and a peer are waited for.

use super::super::retry::{FIRST_WAIT, LONGEST_WAIT, PATIENCE};
use super::super::{RETRY_AFTER, Step, Task, Terms};
use super::scene::{ID, Scene, code, kept, outgoing, refused, verified};
use crate::command::report::Report;
use crate::config::exit;
use crate::engine::{Command, Event};
use crate::meeting::Meeting;
use couplet::code::Words;
use couplet::message::ErrorCode;
use couplet::session::{Ending, Event as SessionEvent, Link, Peer, Seal};
use couplet::time::Moment;
use couplet::transfer::book::{TransferId, TransferState};
use couplet::transfer::offer::{Form, Preflight};
use std::time::Duration;

#[test]
fn a_new_code_is_told_once_with_the_command_for_the_other() {
    let meeting = Meeting::New(code().words().clone());
    let mut scene = Scene::new(Task::Send(outgoing()), meeting, None);
    scene.seated();
    scene.session(SessionEvent::Peer { peer: Peer::Waiting, newcomer: false });
    scene.sealed();
    let waiting = Report::Waiting {
        code: Some("7-otter-lamp".to_owned()),
        command: Some("couplet receive 7-otter-lamp --relay relay.lan:3647".to_owned()),
    };
    assert_eq!(scene.reports().iter().filter(|report| ***report == waiting).count(), 1);
    assert_eq!(scene.reports().len(), 2);
    // Whatever happens next, it is met by that code.
    scene.session(SessionEvent::Ended(Ending::RelayExit));
    scene.wait();
    assert_eq!(scene.steps.last(), Some(&Step::Start(Meeting::Code(code()))));
}

#[test]
fn a_code_of_more_words_is_made() {
    let words = Words::choose(3, &[7; 32]);
    let mut scene = Scene::new(Task::Receive(Terms::default()), Meeting::New(words), None);
    scene.seated();
    let Some(Step::Tell(Report::Waiting { code: Some(code), .. })) = scene.steps.last() else {
        panic!("{:?}", scene.steps)
    };
    assert_eq!(code.split('-').count(), 4, "{code}");
}

#[test]
fn a_taken_seat_is_tried_for_and_told_once() {
    let mut scene = Scene::sending();
    let mut waits = Vec::new();
    while scene.now < Moment::START + PATIENCE {
        scene.session(refused(ErrorCode::RoomTaken));
        waits.push(scene.wait());
    }
    assert_eq!(retryings(&scene), [("perhaps still", 60)]);
    // More and more seldom, and a last time when the patience is over.
    assert_eq!(waits[..3], [2000, 3000, 4500].map(Duration::from_millis));
    let longest = waits.iter().max().expect("waits");
    assert_eq!((*longest, waits.iter().sum()), (LONGEST_WAIT, PATIENCE));
    scene.session(refused(ErrorCode::RoomTaken));
    assert_eq!(scene.ended(), (exit::REFUSED, "both seats are taken".to_owned()));
    let starts = scene.steps.iter().filter(|step| matches!(step, Step::Start(_))).count();
    assert_eq!(starts, waits.len() + 1);
}

/// What was told of tries: a part of the reason, and for how many seconds.
fn retryings(scene: &Scene) -> Vec<(&'static str, u64)> {
    let part = |reason: &str| {
        let parts = ["perhaps still", "one of them kept", "the relay was ended"];
        parts.into_iter().find(|part| reason.contains(part)).unwrap_or("something else")
    };
    let told = scene.reports().into_iter().map(|report| {
        let Report::Retrying { reason, for_s } = report else { panic!("{report:?}") };
        (part(reason), *for_s)
    });
    told.collect()
}

#[test]
fn a_seat_that_is_kept_is_waited_for_as_long_as_it_is() {
    let mut scene = Scene::sending();
    let free = Moment::START + Duration::from_mins(10);
    let mut waits = Vec::new();
    while scene.now < free {
        scene.session(kept(free.since(scene.now).as_secs()));
        waits.push(scene.wait());
    }
    // No try goes past the end of the keeping by more than a moment.
    assert!(scene.now.since(free) <= RETRY_AFTER, "{:?}", scene.now);
    assert_eq!(waits[..2], [2000, 3000].map(Duration::from_millis));
    assert_eq!(waits.iter().max(), Some(&LONGEST_WAIT));
    assert_eq!(retryings(&scene), [("one of them kept", 601)]);
    let scene = scene.meets();
    assert_eq!(scene.commands(), [Command::Send(outgoing())]);
}

#[test]
fn a_seat_that_is_kept_for_a_moment_is_tried_for_when_it_is_over() {
    let mut scene = Scene::sending();
    scene.session(kept(1));
    assert_eq!(scene.wait(), Duration::from_secs(1) + RETRY_AFTER);
    // The relay's clock may be a little behind.
    scene.session(kept(0));
    assert_eq!(scene.wait(), RETRY_AFTER);
}

#[test]
fn a_seat_that_another_takes_when_its_keeping_is_over_ends_it_after_a_while() {
    let mut scene = Scene::sending();
    // The relay notices only now that somebody is gone.
    scene.session(refused(ErrorCode::RoomTaken));
    scene.wait();
    let free = scene.now + Duration::from_mins(2);
    while scene.now < free {
        scene.session(kept(free.since(scene.now).as_secs()));
        scene.wait();
    }
    let since = scene.now;
    scene.session(refused(ErrorCode::RoomTaken));
    let told = retryings(&scene);
    assert_eq!(told[..2], [("perhaps still", 60), ("one of them kept", 121)]);
    let [_, _, (part, for_s)] = told[..] else { panic!("{told:?}") };
    assert!(part == "perhaps still" && for_s <= 60, "{told:?}");
    while scene.errand.poll_timeout().is_some() {
        scene.wait();
        scene.session(refused(ErrorCode::RoomTaken));
    }
    assert!(scene.now.since(since) <= PATIENCE && scene.now.since(since) > PATIENCE / 2);
    assert_eq!(scene.ended().0, exit::REFUSED);
}

#[test]
fn a_limit_of_the_user_holds_for_a_kept_seat_as_well() {
    let limit = Duration::from_secs(5);
    let mut scene = Scene::new(Task::Send(outgoing()), Meeting::Code(code()), Some(limit));
    scene.session(kept(600));
    assert_eq!(scene.wait(), FIRST_WAIT);
    assert_eq!(retryings(&scene), [("one of them kept", 5)]);
    scene.session(kept(598));
    assert_eq!(scene.wait(), Duration::from_secs(3));
    let said = "one seat is kept for another 598 s".to_owned();
    assert_eq!(scene.ended(), (exit::REFUSED, said));
}

#[test]
fn a_seat_that_comes_free_is_taken() {
    let mut scene = Scene::sending();
    scene.session(refused(ErrorCode::RoomTaken));
    scene.wait();
    let scene = scene.meets();
    assert_eq!(scene.commands(), [Command::Send(outgoing())]);
}

#[test]
fn refusals_that_do_not_pass_end_it_at_once() {
    let unreachable = || Ending::Unreachable { text: "no relay".to_owned() };
    for (ending, status) in [
        (unreachable(), exit::NO_RELAY),
        (Ending::WrongCode { text: "other code".to_owned() }, exit::WRONG_CODE),
        (Ending::Distrusted { text: "changed".to_owned() }, exit::DISTRUSTED),
        (Ending::Protocol { text: "no relay".to_owned() }, exit::PROTOCOL),
        (
            Ending::Refused { code: ErrorCode::Version, text: "old".to_owned(), kept_for: None },
            exit::REFUSED,
        ),
    ] {
        let mut scene = Scene::sending();
        scene.session(SessionEvent::Ended(ending));
        assert_eq!(scene.ended().0, status);
    }
    // A relay that was there may come back.
    let mut scene = Scene::sending().meets();
    scene.session(SessionEvent::Ended(Ending::RelayExit));
    scene.wait();
    scene.session(SessionEvent::Ended(unreachable()));
    assert_eq!(scene.wait(), RETRY_AFTER);
}

#[test]
fn nobody_comes_in_time() {
    let limit = Duration::from_secs(5);
    let mut scene = Scene::new(Task::Send(outgoing()), Meeting::Code(code()), Some(limit));
    scene.seated();
    scene.session(SessionEvent::Peer { peer: Peer::Waiting, newcomer: false });
    assert_eq!(scene.wait(), limit);
    let (status, reason) = scene.leaves();
    assert_eq!(status, exit::NO_PEER);
    assert!(reason.contains("within 5 s"), "{reason}");
}

#[test]
fn the_limit_counts_again_when_the_peer_goes_away() {
    let limit = Duration::from_secs(5);
    let mut scene = Scene::new(Task::Send(outgoing()), Meeting::Code(code()), Some(limit)).meets();
    scene = scene.moving(300);
    assert_eq!(scene.errand.poll_timeout(), None);
    let peer = Peer::Silent { kept_for: Duration::from_secs(30) };
    scene.session(SessionEvent::Peer { peer, newcomer: false });
    scene.session(SessionEvent::Peer { peer: Peer::Present, newcomer: false });
    assert_eq!(scene.errand.poll_timeout(), None);
    assert!(scene.has(&Step::Tell(Report::Returned)));
    let retry_in = Duration::from_millis(250);
    scene.session(SessionEvent::Link(Link::Lost { attempt: 1, retry_in }));
    assert_eq!(scene.wait(), limit);
    assert_eq!(scene.leaves().0, exit::NO_RELAY);
}

#[test]
fn another_with_the_same_code_goes_on_or_offers_anew() {
    let gone = || SessionEvent::Peer { peer: Peer::Gone, newcomer: false };
    let unsealed = || SessionEvent::Seal(Seal::Nobody);
    // The same is offered again: the session goes on with it under its number.
    let mut scene = Scene::receiving(Terms::default()).meets().moving(450);
    scene.transfer(ID, Form::Folder, TransferState::Interrupted);
    scene.session(gone());
    scene.session(unsealed());
    scene.sealed();
    assert!(scene.has(&Step::Tell(Report::Left)));
    scene.transfer(ID, Form::Folder, TransferState::Queued);
    scene.event(Event::Started { id: ID, held: 450 });
    assert!(scene.has(&Step::Tell(Report::Resumed { held: 450 })));
    // Something else is: the old one gives way.
    scene.session(gone());
    scene.session(unsealed());
    scene.sealed();
    let other = TransferId(2);
    scene.transfer(other, Form::Folder, TransferState::Offered);
    let cancel = Command::Cancel { id: Some(ID), keep: true };
    assert_eq!(scene.commands().last(), Some(&cancel));
    scene.transfer(ID, Form::Folder, TransferState::Cancelled { by_peer: false });
    scene.event(Event::Preflight { id: other, preflight: Preflight::default() });
    let accept = Command::Accept { id: Some(other), on_collision: None };
    assert_eq!(scene.commands().last(), Some(&accept));
    scene.transfer(other, Form::Folder, verified(0));
    assert_eq!(scene.leaves().0, exit::OK);
}
