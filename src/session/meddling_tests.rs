//! Peers and relays that lie about who is there, what was said, and what failed.

use super::test_line::{Client, Line, config};
use super::*;
use crate::message::{PeerState, RelayControl};
use crate::seal::{Exchange, ExchangeError, Password, Progress, Setup, Suites};

fn coded(seed: u8, code: &str) -> Client {
    let password = Password::new(code.to_owned());
    Client::new(Session::new(Config { password, ..config(seed) }))
}

fn troubles(client: &Client) -> usize {
    client.events.iter().filter(|event| matches!(event, Event::Trouble(_))).count()
}

fn tell(line: &mut Line, index: usize, control: RelayControl) {
    let now = line.now;
    line.clients[index].session.handle_message(RelayToClient::Control(control), now);
    line.pump(index);
}

const fn peer(state: PeerState, pairing: u32) -> RelayControl {
    RelayControl::Peer { state, pairing, since: pairing, kept_ms: None }
}

/// Somebody who takes seat 2, tests a guess, and leaves as soon as it knows; gives how often the
/// host reported a failure, and how often it let the guess be tested at all.
fn guess_and_run(line: &mut Line, number: u8) -> (usize, bool) {
    line.room.handle_join(Token::from_bytes([100 + number; 16]), line.now).expect("a seat");
    line.clients.push(Client::silent());
    let at = line.clients.len() - 1;
    line.carry_out(Some(at));
    let pairing = line.room.pairing();
    let password = Password::new(format!("guess-{number}"));
    let (mut guess, _) = Exchange::new(&Setup {
        seat: Seat::Two,
        room: "",
        pairing,
        password: &password,
        suites: Suites::new(false),
        random: &[number; 32],
    });
    let mut tested = false;
    for _ in 0..10 {
        while line.deliver_down(0) {}
        line.pump(0);
        while line.deliver_up(0) {}
        for message in std::mem::take(&mut line.clients[at].down) {
            let RelayToClient::Signal { body, .. } = message else { continue };
            match guess.handle(&body) {
                Ok(Progress::Send(body)) => line.room.handle_signal(Seat::Two, pairing, body),
                Err(error) => {
                    assert_eq!(error, ExchangeError::Differ);
                    tested = true;
                }
                Ok(Progress::Known | Progress::Done(..)) => {}
            }
            line.carry_out(None);
        }
    }
    line.room.handle_fin(Seat::Two);
    line.carry_out(None);
    while line.deliver_down(0) {}
    line.pump(0);
    let failed = |message: &&ClientToRelay| {
        matches!(message, ClientToRelay::Control(ClientControl::PairingFailed { .. }))
    };
    let reported = line.clients[0].up.iter().filter(failed).count();
    while line.deliver_up(0) {}
    (reported, tested)
}

#[test]
fn whoever_tests_a_guess_and_leaves_is_counted_told_and_slowed_even_by_a_relay_that_does_not_care()
{
    let mut line = Line::new(0);
    line.clients.push(coded(1, "otter-lamp"));
    line.settle();
    let (mut reported, mut tested) = (0, 0);
    for number in 0..50 {
        let (reports, was_tested) = guess_and_run(&mut line, number);
        reported += reports;
        tested += usize::from(was_tested);
    }
    // Three for nothing and one more; then time must pass.
    assert_eq!((reported, tested), (4, 4));
    assert_eq!(troubles(&line.clients[0]), 4);
    // The right one still gets in, after the wait.
    line.clients.push(coded(60, "otter-lamp"));
    line.settle();
    for _ in 0..10 {
        line.pass_time(Duration::from_secs(1));
        line.settle();
    }
    assert!(line.clients[0].session.sealing.is_sealed());
}

#[test]
fn one_who_was_there_before_is_no_newcomer_after_a_loss() {
    let mut line = Line::new(0);
    for seed in [1, 2] {
        line.clients.push(coded(seed, "otter-lamp"));
        line.settle();
    }
    // Client 1 came last. While it is away, client 0 leaves, and somebody comes with a wrong code.
    line.cut(1);
    line.clients[0].session.fin(line.now);
    line.pump(0);
    line.settle_one(0);
    line.clients.push(coded(3, "otter-lamb"));
    line.pump(2);
    line.settle_one(2);
    line.settle();
    assert!(!line.clients[1].session.is_over());
    assert!(line.clients[2].session.is_over());
}

#[test]
fn a_message_that_a_relay_leaves_out_is_missed_and_never_marked_as_shown() {
    let mut line = Line::paired();
    line.say(0, "one");
    line.settle();
    line.clients[1].session.pass();
    line.pump(1);
    line.settle();
    let second = line.say(0, "two");
    line.deliver_up(0);
    line.clients[1].down.retain(|message| !matches!(message, RelayToClient::Message { .. }));
    while line.deliver_down(0) {}
    line.pass_by(Seat::Two);
    line.carry_out(None);
    line.settle();
    let third = line.say(0, "three");
    line.settle();
    assert_eq!(line.words(1), ["one", "three"]);
    assert_eq!(troubles(&line.clients[1]), 1);
    for draft in [second, third] {
        assert!(!line.has(0, &Event::Marked { draft, mark: Mark::Shown }));
    }
}

#[test]
fn the_first_message_of_all_is_missed_as_well() {
    let mut line = Line::paired();
    let first = line.say(0, "one");
    line.deliver_up(0);
    line.clients[1].down.retain(|message| !matches!(message, RelayToClient::Message { .. }));
    while line.deliver_down(0) {}
    line.pass_by(Seat::Two);
    line.carry_out(None);
    line.settle();
    line.say(0, "two");
    line.settle();
    assert_eq!(line.words(1), ["two"]);
    assert_eq!(troubles(&line.clients[1]), 1);
    assert!(!line.has(0, &Event::Marked { draft: first, mark: Mark::Shown }));
}

#[test]
fn a_newcomer_is_guessed_at_no_faster_than_anybody() {
    // The relay seats whoever comes in seat 1, tests a guess, says that the peer has gone, and
    // begins again.
    let mut line = Line::new(0);
    line.clients.push(Client::silent());
    line.room.handle_join(Token::from_bytes([7; 16]), line.now).expect("a seat");
    line.carry_out(Some(0));
    line.clients.push(coded(2, "otter-lamp"));
    line.pump(1);
    line.deliver_up(1);
    let mut reveals = 0;
    for number in 0..50_u8 {
        for message in std::mem::take(&mut line.clients[1].down) {
            let mut message = message;
            if let RelayToClient::Control(RelayControl::Welcome { seat, .. }) = &mut message {
                *seat = Seat::One;
            }
            line.clients[1].session.handle_message(message, line.now);
        }
        tell(&mut line, 1, peer(PeerState::Present, 1));
        let password = Password::new(format!("guess-{number}"));
        let (mut guess, _) = Exchange::new(&Setup {
            seat: Seat::Two,
            room: "",
            pairing: 1,
            password: &password,
            suites: Suites::new(false),
            random: &[number; 32],
        });
        for _ in 0..3 {
            for message in std::mem::take(&mut line.clients[1].up) {
                let ClientToRelay::Signal { body, .. } = message else { continue };
                match guess.handle(&body) {
                    Ok(Progress::Send(body)) => {
                        let signal = RelayToClient::Signal { pairing: 1, body };
                        line.clients[1].session.handle_message(signal, line.now);
                    }
                    Err(ExchangeError::Differ) => reveals += 1,
                    Ok(_) | Err(_) => {}
                }
            }
            line.pump(1);
        }
        tell(&mut line, 1, peer(PeerState::Gone, 1));
    }
    assert_eq!(reveals, 4);
}

#[test]
fn a_second_welcome_ends_the_line() {
    let mut line = Line::paired();
    let welcome = RelayControl::Welcome {
        seat: Seat::One,
        token: Token::from_bytes([1; 16]),
        room: None,
        pairing: 2,
        since: 2,
        next_sequence: 1,
        grace_ms: 1,
        returned: false,
        plain: false,
    };
    tell(&mut line, 0, welcome);
    let ended = |event: &Event| matches!(event, Event::Ended(Ending::Protocol { .. }));
    assert!(line.clients[0].events.iter().any(ended));
}

#[test]
fn words_on_their_way_to_a_verified_peer_do_not_go_to_a_stranger_either() {
    // Not taken before it leaves; and taken, but not known to be.
    for taken in [false, true] {
        let mut line = Line::paired();
        let now = line.now;
        line.clients[0].session.verify(Verdict::Same, now);
        let draft = line.say(0, "a secret");
        line.clients[1].session.fin(line.now);
        line.pump(1);
        line.settle_one(1);
        if taken {
            while line.deliver_up(0) {}
        }
        line.clients.push(Client::new(Session::new(config(9))));
        line.pump(2);
        line.settle_one(2);
        line.settle();
        assert_eq!(line.words(2), [""; 0], "taken: {taken}");
        let back = Event::TakenBack { draft, text: "a secret".to_owned() };
        assert!(line.has(0, &back), "taken: {taken}");
        // Nobody is stuck: they can talk, whoever has the turn.
        line.say(0, "who are you?");
        line.say(2, "somebody new");
        line.settle();
        for _ in 0..2 {
            for index in [0, 2] {
                if line.clients[index].session.role == Some(Role::Emi) {
                    line.clients[index].session.pass();
                    line.pump(index);
                    line.settle();
                }
            }
        }
        assert_eq!(line.words(2), ["who are you?"], "taken: {taken}");
        assert_eq!(line.words(0), ["somebody new"], "taken: {taken}");
    }
}

#[test]
fn offers_are_taken_back_once_the_words_were_found_to_differ() {
    let mut line = Line::paired();
    let photo = super::offer_tests::file("photo.png", 5);
    line.clients[0].session.offer(photo).expect("an offer");
    line.pump(0);
    line.settle();
    let now = line.now;
    line.clients[0].session.verify(Verdict::Different, now);
    line.pump(0);
    line.accept(1, 1);
    line.pump(1);
    line.settle();
    let opened =
        line.transfers.iter().any(|(_, command)| matches!(command, Command::OpenPipe { .. }));
    assert!(!opened, "{:?}", line.transfers);
}

#[test]
fn numbers_that_begin_anew_with_somebody_new_hide_nothing() {
    let mut line = Line::paired();
    for number in 0..3 {
        line.say(0, &format!("old {number}"));
        line.settle();
        line.say(1, "and so on");
        line.settle();
    }
    line.clients[0].session.fin(line.now);
    line.pump(0);
    line.settle();
    line.clients.push(Client::new(Session::new(config(9))));
    line.pump(2);
    while line.deliver_up(2) {}
    for message in &mut line.clients[2].down {
        if let RelayToClient::Control(RelayControl::Welcome { next_sequence, .. }) = message {
            *next_sequence = 1;
        }
    }
    line.settle();
    line.clients[2].session.say("new").expect("held or said");
    line.pump(2);
    let said = line.clients[2].up.pop_back();
    let Some(ClientToRelay::Say { pairing, sequence, body }) = said else { panic!("{said:?}") };
    assert_eq!(sequence, 1);
    let message = RelayToClient::Message { pairing, sequence, kept: false, body };
    line.clients[1].session.handle_message(message, line.now);
    line.pump(1);
    assert_eq!(line.words(1).last(), Some(&"new"));
}

#[test]
fn whoever_is_there_after_gone_is_somebody_new() {
    let mut line = Line::paired();
    line.clients[0].events.clear();
    for state in [PeerState::Gone, PeerState::Present] {
        tell(&mut line, 0, peer(state, 1));
    }
    assert!(line.has(0, &Event::Peer { peer: Peer::Present, newcomer: true }));
}

#[test]
fn words_for_a_verified_peer_do_not_go_to_a_stranger() {
    let mut line = Line::paired();
    line.say(0, "a secret");
    line.settle();
    let now = line.now;
    line.clients[0].session.verify(Verdict::Same, now);
    let held = line.say(0, "another secret");
    line.settle();
    line.clients[1].session.fin(line.now);
    line.pump(1);
    line.settle();
    line.clients.push(Client::new(Session::new(config(9))));
    line.settle();
    assert_eq!(line.words(2), [""; 0]);
    assert!(line.has(0, &Event::TakenBack { draft: held, text: "another secret".to_owned() }));
    line.clients[2].session.pass();
    line.pump(2);
    line.settle();
    assert_eq!(line.words(2), [""; 0]);
}

#[test]
fn nothing_goes_out_once_the_words_were_found_to_differ_until_they_are_the_same() {
    let mut line = Line::paired();
    let now = line.now;
    line.clients[0].session.verify(Verdict::Different, now);
    line.say(0, "a secret");
    line.settle();
    assert_eq!(line.words(1), [""; 0]);
    let photo = super::offer_tests::file("photo.png", 5);
    assert!(line.clients[0].session.offer(photo).is_err());
    let now = line.now;
    line.clients[0].session.verify(Verdict::Same, now);
    line.pump(0);
    line.settle();
    assert_eq!(line.words(1), ["a secret"]);
}

#[test]
fn nothing_is_shown_once_the_words_were_found_to_differ_until_they_are_the_same() {
    for trusted in [true, false] {
        let mut line = Line::paired();
        let now = line.now;
        line.clients[1].session.verify(Verdict::Different, now);
        line.say(0, "from the middle");
        line.settle();
        assert_eq!(line.words(1), [""; 0]);
        let is_told =
            |event: &Event| matches!(event, Event::Trouble(text) if text.contains("isn't shown"));
        assert!(line.clients[1].events.iter().any(is_told));
        if !trusted {
            // Whoever comes next hears nothing of it.
            line.clients[0].session.fin(line.now);
            line.pump(0);
            line.settle();
        }
        let now = line.now;
        line.clients[1].session.verify(Verdict::Same, now);
        line.pump(1);
        line.settle();
        assert_eq!(line.words(1), if trusted { &["from the middle"][..] } else { &[] });
    }
}

#[test]
fn numbers_at_the_end_of_their_range_are_survived() {
    let mut session = Session::new(config(1));
    session.handle_connected(Moment::START);
    let welcome = |returned| RelayControl::Welcome {
        seat: Seat::One,
        token: Token::from_bytes([1; 16]),
        room: None,
        pairing: 1,
        since: 1,
        next_sequence: u64::MAX,
        grace_ms: 1,
        returned,
        plain: false,
    };
    for control in
        [welcome(false), peer(PeerState::Gone, 1), RelayControl::Role { role: Role::Emi, turn: 0 }]
    {
        session.handle_message(RelayToClient::Control(control), Moment::START);
    }
    session.say("one").expect("taken");
    session.handle_lost(Moment::START);
    session.handle_connected(Moment::START);
    session.handle_message(RelayToClient::Control(welcome(true)), Moment::START);
    session.handle_message(RelayToClient::Control(peer(PeerState::Gone, 1)), Moment::START);
    let taken = RelayControl::Taken { sequence: u64::MAX };
    session.handle_message(RelayToClient::Control(taken), Moment::START);
    let emi = RelayControl::Role { role: Role::Emi, turn: 0 };
    session.handle_message(RelayToClient::Control(emi), Moment::START);
    session.say("two").expect("taken");
    assert!(!session.is_over());
}

#[test]
fn a_seat_cannot_be_held_for_ever_without_keys() {
    let mut line = Line::new(0);
    line.clients.push(coded(1, "otter-lamp"));
    line.settle();
    line.room.handle_join(Token::from_bytes([7; 16]), line.now).expect("a seat");
    line.clients.push(Client::silent());
    line.carry_out(Some(1));
    while line.deliver_down(0) {}
    let start = line.now;
    // It is there and away by turns, and never answers.
    while !line.has(0, &Event::Seal(Seal::Failed)) {
        line.now = line.now + Duration::from_millis(900);
        let now = line.now;
        if now.since(start).as_secs().is_multiple_of(2) {
            // Or it comes again without having been away.
            tell(&mut line, 0, peer(PeerState::Silent, 1));
        }
        tell(&mut line, 0, peer(PeerState::Present, 1));
        line.now = line.now + Duration::from_millis(1100);
        line.clients[0].session.handle_timeout(line.now);
        line.pump(0);
        assert!(line.now.since(start) < limits::EXCHANGE_LIMIT * 2);
    }
}
