//! Relays and clients that are killed and started again: nothing is lost, doubled or reordered.

use super::offer_tests::file;
use super::test_line::*;
use super::*;
use crate::message::RelayControl;
use crate::seal::EXCHANGE_FORM;
use crate::transfer::book::{TransferId, TransferState};
use crate::transfer::outcome::{Outcome, Problems};
use proptest::prelude::*;

fn said_words(line: &Line, index: usize) -> Vec<String> {
    line.words(index).into_iter().map(str::to_owned).collect()
}

#[test]
fn a_relay_that_knows_nothing_of_the_last_message_learns_of_it() {
    let mut line = Line::paired();
    // Taken and on its way; the relay is killed before it has written it down.
    line.say(0, "hello");
    assert!(line.deliver_up(0));
    line.clients[1].down.clear();
    line.restart_relay();
    line.settle();
    assert_eq!(line.words(1), ["hello"]);
    line.say(1, "hello to you");
    line.settle();
    assert_eq!(line.words(0), ["hello to you"]);
}

#[test]
fn a_message_that_came_though_nobody_wrote_it_down_comes_once() {
    let mut line = Line::paired();
    line.say(0, "hello");
    line.settle();
    line.restart_relay();
    line.settle();
    line.say(1, "hello to you");
    line.settle();
    assert_eq!((line.words(1), line.words(0)), (vec!["hello"], vec!["hello to you"]));
    assert_eq!(line.clients.iter().filter(|c| c.session.role == Some(Role::Emi)).count(), 1);
}

#[test]
fn a_turn_that_was_given_away_stays_so_though_nobody_wrote_it_down() {
    let mut line = Line::paired();
    line.clients[0].session.pass();
    line.pump(0);
    // Nobody but the one who passes knows of it.
    assert!(line.deliver_up(0));
    line.restart_relay();
    line.settle();
    assert_eq!(line.clients[0].session.role, Some(Role::Rec));
    assert_eq!(line.clients[1].session.role, Some(Role::Emi));
}

#[test]
fn a_client_that_is_killed_comes_back_with_its_drafts_and_its_peer() {
    let mut line = Line::paired();
    line.say(0, "one");
    line.settle();
    line.say(0, "a draft");
    line.clients[1].session.verify(Verdict::Same, Moment::START);
    line.pump(1);
    let words = |line: &Line, index: usize| {
        line.clients[index].events.iter().rev().find_map(|event| {
            let Event::Seal(Seal::Sealed { words, verdict, .. }) = event else { return None };
            Some((*words, *verdict))
        })
    };
    let before = words(&line, 0).expect("sealed").0;
    for index in [0, 1] {
        line.clients[index].events.clear();
        assert!(line.restart_client(index));
        line.settle();
    }
    // The same words on both sides as before, and what was found on comparing them.
    assert_eq!(words(&line, 0), Some((before, None)));
    assert_eq!(words(&line, 1), Some((before, Some(Verdict::Same))));
    let draft = line.clients[0]
        .events
        .iter()
        .any(|event| matches!(event, Event::Held { text, .. } if text == "a draft"));
    assert!(draft);
    line.say(1, "two");
    line.settle();
    assert_eq!((line.words(0), line.words(1)), (vec!["two"], vec!["a draft"]));
}

fn holds(line: &Line, index: usize, wanted: &str) -> bool {
    let held = |event: &Event| matches!(event, Event::Held { text, .. } if text == wanted);
    line.clients[index].events.iter().any(held)
}

#[test]
fn one_who_is_alone_is_killed_and_loses_nothing() {
    // Before anybody came, and after somebody has left.
    for met in [false, true] {
        let mut line = Line::new(1 + usize::from(met));
        line.settle();
        if met {
            line.clients[1].session.fin(line.now);
            line.settle();
            line.clients[1].session = Session::new(config(7));
        } else {
            line.clients.push(Client::new(Session::new(config(7))));
        }
        line.clients[1].up.clear();
        let alone = |line: &mut Line| while line.deliver_up(0) | line.deliver_down(0) {};
        line.clients[0].session.say("to whoever comes").expect("held");
        line.clients[0].session.say("and this").expect("held");
        line.pump(0);
        alone(&mut line);
        line.clients[0].events.clear();
        assert!(line.restart_client(0), "met: {met}");
        alone(&mut line);
        // A seat in which nobody was met isn't kept, and another is as good.
        line.pass_time(Duration::from_secs(1));
        alone(&mut line);
        assert!(line.clients[0].session.seat.is_some(), "met: {met}");
        assert!(holds(&line, 0, "and this"), "{:?}", line.clients[0].events);
        line.settle();
        assert!(line.clients[0].session.is_paired());
        assert_eq!(line.words(1).first(), Some(&"to whoever comes"), "met: {met}");
        line.clients[1].session.pass();
        line.settle();
        assert_eq!(line.words(1), ["to whoever comes", "and this"], "met: {met}");
    }
}

#[test]
fn what_was_for_one_alone_is_not_told_to_the_next_by_a_client_started_anew() {
    let mut line = Line::paired();
    line.clients[0].session.verify(Verdict::Same, line.now);
    line.pump(0);
    line.clients[1].shown = false;
    line.say(0, "for you alone");
    line.settle();
    line.clients[1].session.fin(line.now);
    line.settle();
    assert!(line.restart_client(0));
    line.settle_one(0);
    line.clients[1].session = Session::new(config(8));
    line.clients[1].events.clear();
    line.settle();
    assert!(line.clients[0].session.is_paired());
    assert_eq!(line.words(1), [""; 0]);
}

#[test]
fn a_relay_that_has_no_room_for_now_ends_no_conversation() {
    let mut line = Line::paired();
    line.say(0, "one");
    line.settle();
    line.say(0, "held");
    let refuse = |line: &mut Line, code| {
        let error = RelayControl::Error { code, text: "refused".to_owned(), kept_ms: None };
        line.clients[0].session.handle_message(RelayToClient::Control(error), line.now);
        line.pump(0);
    };
    // It has forgotten its rooms, and has too many of others now.
    line.clients[0].session.meet = Meet::In("7".parse().expect("a name"));
    line.disconnect(0);
    line.clients[0].session.handle_lost(line.now);
    for code in [ErrorCode::SeatGone, ErrorCode::RoomsFull, ErrorCode::RoomsFull] {
        line.clients[0].session.handle_timeout(line.now + Duration::from_mins(1));
        while line.clients[0].session.poll_command().is_some() {}
        line.clients[0].session.handle_connected(line.now);
        refuse(&mut line, code);
        assert!(!line.clients[0].session.is_over(), "{code:?}");
        assert!(line.clients[0].session.poll_timeout().is_some(), "{code:?}");
    }
    // The user hears of it once.
    let told = Event::Trouble("refused".to_owned());
    assert_eq!(line.clients[0].events.iter().filter(|event| **event == told).count(), 1);
    // Others have both seats; whenever they are gone it can be gone back to.
    let kept = line.clients[0].session.kept().expect("it was seated");
    assert_eq!(kept.words.held, ["held"]);
    line.clients[0].session.handle_timeout(line.now + Duration::from_mins(2));
    line.clients[0].session.handle_connected(line.now);
    refuse(&mut line, ErrorCode::RoomTaken);
    assert!(line.clients[0].session.is_over() && line.clients[0].session.may_go_back());
    // Whoever leaves doesn't come back.
    line.clients[1].session.fin(line.now);
    line.settle_one(1);
    assert!(line.clients[1].session.is_over() && !line.clients[1].session.may_go_back());
}

#[test]
fn a_stranger_in_the_seat_is_nobody_to_go_on_with() {
    let mut line = Line::paired();
    line.say(0, "for my peer");
    line.settle();
    let kept = line.clients[1].kept.clone().expect("sealed");
    line.clients[1].session.fin(line.now);
    line.pump(1);
    line.settle();
    // Somebody new has the seat, and the one who was there comes back too late.
    line.clients[1].session = Session::new(config(50));
    line.pump(1);
    line.settle();
    line.clients.push(Client::new(Session::resume(config(51), kept)));
    line.pump(2);
    line.settle_one(2);
    let refused = |event: &Event| {
        matches!(event, Event::Ended(Ending::Refused { code: ErrorCode::SeatGone, .. }))
    };
    assert!(line.clients[2].events.iter().any(refused), "{:?}", line.clients[2].events);
    assert!(line.clients[0].session.sealing.is_sealed());
}

#[test]
fn nobody_takes_a_seat_up_without_what_the_two_have_in_common() {
    let mut line = Line::paired();
    line.settle();
    // The token alone, as a relay has it: the keys of the two are another's.
    let mut stolen = line.clients[1].kept.clone().expect("sealed");
    stolen.company.as_mut().expect("sealed").root = "00".repeat(32).try_into().expect("a root");
    line.disconnect(1);
    line.clients[1].session = Session::resume(config(60), stolen);
    line.pump(1);
    line.settle();
    assert!(!line.clients[0].session.sealing.is_sealed());
    let told = |event: &Event| matches!(event, Event::Ended(Ending::WrongCode { .. }));
    assert!(line.clients[1].events.iter().any(told), "{:?}", line.clients[1].events);
}

#[test]
fn what_is_not_offered_again_is_given_up_after_a_while() {
    let mut line = Line::paired();
    line.clients[0].session.offer(file("a", 5)).expect("offered");
    line.pump(0);
    line.settle();
    line.accept(1, 1);
    line.pump(1);
    line.settle();
    // The sender is through and has forgotten it; the receiver was killed before it wrote that down.
    let offer = line.clients[1].session.transfer(TransferId(1)).expect("accepted").offer.clone();
    let now = line.now;
    line.clients[0].session.handle_transfer_ended(
        TransferId(1),
        Outcome::Verified { saved_as: "a".to_owned(), problems: Problems::default() },
        now,
    );
    line.pump(0);
    assert!(line.restart_client(1));
    let id = line.clients[1].session.accepted_before(offer).expect("room for it");
    line.settle();
    let state = |line: &Line| line.clients[1].session.transfer(id).map(|info| info.state.clone());
    assert_eq!(state(&line), Some(TransferState::Queued));
    for _ in 0..20 {
        line.pass_time(Duration::from_secs(10));
        line.settle();
    }
    assert_eq!(state(&line), Some(TransferState::Withdrawn));
}

#[test]
fn what_has_come_whole_is_known_before_the_sender_hears_of_it() {
    let mut line = Line::paired();
    line.clients[0].session.offer(file("a", 5)).expect("offered");
    line.settle();
    line.accept(1, 1);
    line.settle();
    let outliving = |line: &Line| {
        line.clients[1].session.kept_transfers().map(|o| format!("{o:?}")).collect::<Vec<_>>()
    };
    assert!(outliving(&line)[0].starts_with("Incoming"), "{:?}", outliving(&line));
    line.clients[1].session.handle_whole(TransferId(1), "a (2)".to_owned());
    assert!(outliving(&line)[0].contains("saved_as: \"a (2)\""), "{:?}", outliving(&line));
    // It is killed before its answer goes out; the sender hears of it all the same.
    let offer = line.clients[1].session.transfer(TransferId(1)).expect("accepted").offer.clone();
    assert!(line.restart_client(1));
    line.clients[1].session.received_before(offer, "a (2)".to_owned());
    line.settle();
    let state = &line.clients[0].session.transfer(TransferId(1)).expect("offered").state;
    let came = |saved_as: &str| saved_as == "a (2)";
    assert!(
        matches!(state, TransferState::Verified { saved_as, .. } if came(saved_as)),
        "{state:?}"
    );
    // Of many only the last are kept.
    for number in 0..70 {
        let name = format!("{number}");
        line.clients[1].session.received_before(file(&name, 5), name);
    }
    let kept = outliving(&line);
    assert_eq!(kept.len(), 64);
    assert!(kept[63].contains("saved_as: \"69\""), "{}", kept[63]);
}

#[test]
fn a_peer_that_never_says_where_it_stands_silences_nobody() {
    let mut line = Line::new(2);
    let is_sealed = |message: &ClientToRelay| matches!(message, ClientToRelay::Signal { body, .. } if body.first() != Some(&EXCHANGE_FORM));
    // Client 1 agrees on keys, and nothing that it says under them comes.
    let settle = |line: &mut Line| loop {
        (0..2).for_each(|index| line.pump(index));
        line.clients[1].up.retain(|message| !is_sealed(message));
        let moved = (0..2)
            .fold(false, |moved, index| moved | line.deliver_up(index) | line.deliver_down(index));
        if !moved {
            break;
        }
    };
    settle(&mut line);
    assert!(line.clients[0].session.is_paired());
    line.say(0, "hello");
    let said = |line: &Line| {
        line.clients[0].events.iter().any(|event| matches!(event, Event::Said { .. }))
    };
    // Time without a connection isn't the peer's.
    line.pass_time(Duration::from_secs(20));
    settle(&mut line);
    line.cut(0);
    line.clients[0].session.handle_timeout(line.now + Duration::from_mins(1));
    settle(&mut line);
    let told = |event: &&Event| matches!(event, Event::Trouble(text) if text.contains("missing"));
    assert_eq!(line.clients[0].events.iter().filter(told).count(), 0);
    for seconds in 0..=60 {
        assert!(!said(&line), "after {seconds} s");
        let due = line.clients[0].session.poll_timeout().expect("it waits");
        assert!(due <= line.now + Duration::from_mins(1));
        line.pass_time(Duration::from_secs(1));
        settle(&mut line);
        if said(&line) {
            assert_eq!(seconds, 59);
            break;
        }
    }
    assert_eq!(line.clients[0].events.iter().filter(told).count(), 1);
    assert_eq!(line.words(1), ["hello"]);
}

#[derive(Debug, Clone)]
enum Step {
    Say(usize),
    Pass(usize),
    Up(usize),
    Down(usize),
    Cut(usize),
    Wait(u64),
    WriteDown,
    RestartRelay,
    RestartClient(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0_usize..2;
    prop_oneof![
        4 => who.clone().prop_map(Step::Say),
        1 => who.clone().prop_map(Step::Pass),
        8 => who.clone().prop_map(Step::Up),
        8 => who.clone().prop_map(Step::Down),
        1 => who.clone().prop_map(Step::Cut),
        2 => (0_u64..400).prop_map(Step::Wait),
        2 => Just(Step::WriteDown),
        1 => Just(Step::RestartRelay),
        1 => who.prop_map(Step::RestartClient),
    ]
}

proptest! {
    /// Everything may be killed at any moment, the relay with whatever it has written down: every
    /// message arrives once, in order; never do both have the turn once all is quiet, and nobody is
    /// stuck.
    #[test]
    fn nothing_is_lost_doubled_or_reordered(steps in prop::collection::vec(step(), 1..150)) {
        let mut line = Line::paired();
        let mut said = [Vec::new(), Vec::new()];
        for step in steps {
            match step {
                Step::Say(index) => line.say_next_of(index, &mut said),
                Step::Pass(index) => {
                    line.clients[index].session.pass();
                    line.pump(index);
                }
                Step::Up(index) => { line.deliver_up(index); }
                Step::Down(index) => { line.deliver_down(index); }
                Step::Cut(index) => line.cut(index),
                Step::Wait(millis) => line.pass_time(Duration::from_millis(millis)),
                Step::WriteDown => line.write_down(),
                Step::RestartRelay => line.restart_relay(),
                Step::RestartClient(index) => { line.restart_client(index); }
            }
        }
        line.say_all();
        let emis = line.clients.iter().filter(|c| c.session.role == Some(Role::Emi)).count();
        prop_assert_eq!(emis, 1);
        prop_assert_eq!(said_words(&line, 1), said[0].clone());
        prop_assert_eq!(said_words(&line, 0), said[1].clone());
        for client in &line.clients {
            prop_assert!(!client.session.is_over());
            prop_assert_eq!(client.session.words.counts(), (0, 0), "everything was shown");
        }
    }
}
