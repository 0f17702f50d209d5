//! Sealed lines: what the relay sees of them, wrong codes, newcomers, and meddling.

use super::offer_tests::file;
use super::test_line::{Client, Line, config};
use super::*;
use crate::message::{PeerState, RelayControl};
use crate::seal::{EXCHANGE_FORM, Password, SEALED_FORM};
use crate::transfer::book::{TransferId, TransferState};
use proptest::prelude::*;

fn coded(seed: u8, code: &str) -> Client {
    let password = Password::new(code.to_owned());
    Client::new(Session::new(Config { password, ..config(seed) }))
}

fn line(codes: &[&str]) -> Line {
    let mut line = Line::new(0);
    for code in codes {
        line.clients.push(coded(u8::try_from(line.clients.len()).expect("few"), code));
        line.settle();
    }
    line
}

fn sealed_words(line: &Line, index: usize) -> Option<[&'static str; 3]> {
    line.clients[index].events.iter().rev().find_map(|event| {
        let Event::Seal(Seal::Sealed { words, .. }) = event else { return None };
        Some(*words)
    })
}

fn last_seal(line: &Line, index: usize) -> Option<Seal> {
    line.clients[index].events.iter().rev().find_map(|event| {
        let Event::Seal(seal) = event else { return None };
        Some(*seal)
    })
}

fn troubles(line: &Line, index: usize) -> usize {
    line.clients[index].events.iter().filter(|event| matches!(event, Event::Trouble(_))).count()
}

#[test]
fn both_have_the_same_words_and_know_whether_there_was_a_code() {
    for code in ["otter-lamp", ""] {
        let line = line(&[code, code]);
        let words = sealed_words(&line, 0).expect("sealed");
        assert_eq!(sealed_words(&line, 1), Some(words));
        let expected = Seal::Sealed { words, by_code: !code.is_empty(), verdict: None };
        assert_eq!(last_seal(&line, 0), Some(expected));
        assert!(line.has(0, &Event::Seal(Seal::Agreeing)));
    }
}

#[test]
fn everything_that_clients_say_to_each_other_is_sealed_once_there_are_keys() {
    let mut line = line(&["", ""]);
    let mut seen = 0;
    let mut look = |line: &Line| {
        for client in &line.clients {
            for message in &client.up {
                if let ClientToRelay::Say { body, .. } | ClientToRelay::Signal { body, .. } =
                    message
                {
                    seen += 1;
                    assert_eq!(body.first(), Some(&SEALED_FORM));
                    for secret in [&b"hello"[..], b"photo", b"typing", b"greeting"] {
                        assert!(!body.windows(secret.len()).any(|window| window == secret));
                    }
                }
            }
        }
    };
    line.say(0, "hello");
    line.clients[0].session.typing(true);
    let photo = super::offer_tests::file("photo.png", 5);
    line.clients[0].session.offer(photo).expect("an offer");
    line.pump(0);
    look(&line);
    line.deliver_up(0);
    line.deliver_down(1);
    look(&line);
    assert!(seen >= 4, "{seen}");
}

#[test]
fn nothing_is_said_before_it_is_sealed() {
    let mut line = Line::new(0);
    line.clients.push(coded(1, ""));
    line.clients.push(coded(2, ""));
    line.pump(0);
    line.pump(1);
    line.say(0, "too early");
    // Everything is delivered but what seat 2 sends in the exchange.
    for _ in 0..20 {
        line.deliver_up(0);
        line.deliver_down(0);
        if line.clients[1].seat.is_none() {
            line.deliver_up(1);
        }
        line.deliver_down(1);
        assert!(!line.clients[0].up.iter().any(|up| matches!(up, ClientToRelay::Say { .. })));
    }
    assert_eq!(last_seal(&line, 0), Some(Seal::Agreeing));
    line.settle();
    assert_eq!(line.words(1), ["too early"]);
}

/// Two who have met and agree on keys.
fn agreeing(codes: [&str; 2]) -> Line {
    let mut line = Line::new(0);
    line.clients.push(coded(1, codes[0]));
    line.clients.push(coded(2, codes[1]));
    line.pump(0);
    line.pump(1);
    while last_seal(&line, 0) != Some(Seal::Agreeing) {
        let moved = [0, 1].map(|index| line.deliver_up(index) | line.deliver_down(index));
        assert!(moved.contains(&true), "they never meet");
    }
    line
}

/// A user sees whose turn it is a moment before there are keys, and whoever sends a file at once must
/// not have to do it again.
#[test]
fn what_is_offered_before_there_are_keys_goes_out_when_there_are() {
    let mut line = agreeing(["otter-lamp", "otter-lamp"]);
    for name in ["early.png", "taken-back.png"] {
        line.clients[0].session.offer(file(name, 7)).expect("somebody is there");
    }
    let now = line.now;
    line.clients[0].session.cancel(Some(TransferId(2)), true, now);
    line.settle();
    let cancelled = TransferState::Cancelled { by_peer: true };
    for (id, state) in [(1, TransferState::Offered), (2, cancelled)] {
        let info = line.clients[1].session.transfer(TransferId(id)).expect("an offer");
        assert_eq!(info.state, state, "{id}");
    }
}

#[test]
fn what_was_offered_to_somebody_with_another_code_waits_for_the_right_one() {
    let mut line = agreeing(["otter-lamp", "otter-lamb"]);
    line.clients[0].session.offer(file("early.png", 7)).expect("somebody is there");
    line.settle();
    let state = |line: &Line, index: usize, id| {
        let session = &line.clients[index].session;
        session.transfer(TransferId(id)).map(|info| info.state.clone())
    };
    assert_eq!(state(&line, 1, 1), None);
    line.clients.push(coded(3, "otter-lamp"));
    line.settle();
    let offered = Some(TransferState::Offered);
    assert_eq!([state(&line, 0, 1), state(&line, 2, 1)], [offered.clone(), offered]);
    assert_eq!(state(&line, 2, 2), None);
}

#[test]
fn a_wrong_code_is_one_error_on_both_sides_and_the_room_stays_usable() {
    let mut line = line(&["otter-lamp", "otter-lamb"]);
    let ended = |event: &Event| matches!(event, Event::Ended(Ending::WrongCode { .. }));
    assert!(line.clients[1].events.iter().any(ended), "{:?}", line.clients[1].events);
    assert_eq!(troubles(&line, 0), 1);
    assert!(!line.clients[0].session.is_over());
    assert!(line.has(0, &Event::Peer { peer: Peer::Gone, newcomer: false }));
    line.clients.push(coded(3, "otter-lamp"));
    line.settle();
    assert_eq!(sealed_words(&line, 0), sealed_words(&line, 2));
    line.say(0, "there you are");
    line.settle();
    assert_eq!(line.words(2), ["there you are"]);
    assert_eq!(line.words(1), [""; 0]);
}

#[test]
fn a_code_and_none_do_not_meet() {
    for codes in [["otter-lamp", ""], ["", "otter-lamp"]] {
        let line = line(&codes);
        assert!(line.clients[1].session.is_over());
        assert!(!line.clients[0].session.is_over());
    }
}

#[test]
fn one_who_never_answers_is_given_up_and_the_room_stays_usable() {
    let mut line = line(&["", ""]);
    line.clients[1].session.fin(line.now);
    line.pump(1);
    line.settle();
    // Somebody who takes the seat and says nothing.
    let token = Token::from_bytes([99; 16]);
    line.room.handle_join(token, line.now).expect("a seat");
    line.clients.push(Client::silent());
    line.carry_out(Some(2));
    while line.deliver_down(0) {}
    assert_eq!(last_seal(&line, 0), Some(Seal::Agreeing));
    line.pass_time(limits::EXCHANGE_LIMIT);
    while line.deliver_up(0) {}
    while line.deliver_down(0) {}
    assert!(!line.clients[0].session.is_over());
    assert_eq!(last_seal(&line, 0), Some(Seal::Nobody));
    assert!(troubles(&line, 0) > 0);
    line.clients[2].seat = None;
    line.clients.push(coded(4, ""));
    line.settle();
    assert_eq!(sealed_words(&line, 0), sealed_words(&line, 3));
}

#[test]
fn a_newcomer_has_keys_of_its_own_and_gets_the_last_message_sealed_with_them() {
    let mut line = line(&["", ""]);
    let before = sealed_words(&line, 0);
    line.say(0, "for seat 2");
    line.settle();
    line.clients[1].session.fin(line.now);
    line.pump(1);
    line.settle();
    assert_eq!(last_seal(&line, 0), Some(Seal::Nobody));
    line.clients.push(coded(3, ""));
    line.settle();
    assert_ne!(sealed_words(&line, 0), before);
    assert_eq!(sealed_words(&line, 0), sealed_words(&line, 2));
    let kept = Event::Words { sequence: 1, text: "for seat 2".to_owned(), kept: true };
    assert!(line.has(2, &kept), "{:?}", line.clients[2].events);
}

#[test]
fn what_is_said_to_an_empty_seat_has_no_body_and_is_handed_over() {
    let mut line = line(&["", ""]);
    line.clients[1].session.fin(line.now);
    line.pump(1);
    line.settle();
    let draft = line.say(0, "into the void");
    let said = line.clients[0].up.back().cloned();
    assert!(matches!(&said, Some(ClientToRelay::Say { body, .. }) if body.is_empty()), "{said:?}");
    line.settle();
    assert!(line.has(0, &Event::Marked { draft, mark: Mark::Taken }));
    line.clients.push(coded(3, ""));
    line.settle();
    assert_eq!(line.words(2), ["into the void"]);
    assert!(line.has(2, &Event::Role(Role::Emi)));
    assert!(line.has(0, &Event::Marked { draft, mark: Mark::Shown }));
}

#[test]
fn comparing_asks_the_peer_too_and_each_side_has_its_own_verdict() {
    let mut line = line(&["", ""]);
    line.clients[0].session.compare();
    let now = line.now;
    line.clients[0].session.verify(Verdict::Same, now);
    line.pump(0);
    line.settle();
    assert!(line.has(1, &Event::PeerCompares));
    let verdict = |line: &Line, index| match last_seal(line, index) {
        Some(Seal::Sealed { verdict, .. }) => verdict,
        _ => panic!("not sealed"),
    };
    assert_eq!(verdict(&line, 0), Some(Verdict::Same));
    assert_eq!(verdict(&line, 1), None);
}

#[test]
fn what_is_not_sealed_altered_or_replayed_is_thrown_away_and_said() {
    let mut line = line(&["", ""]);
    line.say(0, "true words");
    line.deliver_up(0);
    let (mut words, mut signal) = (None, None);
    line.clients[0].session.typing(true);
    line.pump(0);
    line.deliver_up(0);
    for message in &line.clients[1].down {
        match message {
            RelayToClient::Message { pairing, body, .. } => words = Some((*pairing, body.clone())),
            RelayToClient::Signal { body, .. } => signal = Some(body.clone()),
            RelayToClient::Control(_) => {}
        }
    }
    let ((pairing, words), signal) = (words.expect("words"), signal.expect("a signal"));
    line.settle();
    let heard = line.words(1).len();
    let mut altered = words.to_vec();
    altered[12] ^= 1;
    let forged: [Bytes; 4] = [
        altered.into(),
        // True words, said to be other ones.
        words.clone(),
        Bytes::from_static(br#"{"text":"plain words"}"#),
        Bytes::from_static(b"x"),
    ];
    for body in forged {
        let message = RelayToClient::Message { pairing, sequence: 2, kept: false, body };
        line.clients[1].session.handle_message(message, line.now);
        line.pump(1);
    }
    let plain = Bytes::from_static(br#"{"signal":{"type":"typing","on":true}}"#);
    for body in [plain, signal] {
        let before = line.clients[1].events.len();
        let message = RelayToClient::Signal { pairing, body };
        line.clients[1].session.handle_message(message, line.now);
        line.pump(1);
        let new = &line.clients[1].events[before..];
        assert!(!new.iter().any(|event| matches!(event, Event::PeerTyping(_))), "{new:?}");
    }
    assert_eq!(line.words(1).len(), heard);
    // Each was said, up to a bound.
    assert_eq!(troubles(&line, 1), 5);
    line.settle();
    line.say(1, "still here");
    line.settle();
    assert_eq!(line.words(0), ["still here"]);
}

#[test]
fn a_lying_relay_cannot_make_a_sealed_line_plain() {
    let mut line = line(&["", ""]);
    // It says that somebody new is there, and never lets an exchange through.
    let pairing = 2;
    let replaced =
        RelayControl::Peer { state: PeerState::Replaced, pairing, since: pairing, kept_ms: None };
    let session = &mut line.clients[0].session;
    session.handle_message(RelayToClient::Control(replaced), line.now);
    let emi = RelayToClient::Control(RelayControl::Role { role: Role::Emi, turn: 0 });
    session.handle_message(emi, line.now);
    session.say("a secret").expect("held");
    while let Some(command) = session.poll_command() {
        if let Command::Transmit(ClientToRelay::Say { .. }) = command {
            panic!("said to nobody known");
        }
        if let Command::Transmit(ClientToRelay::Signal { body, .. }) = command {
            assert_eq!(body.first(), Some(&EXCHANGE_FORM));
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Say(usize),
    Up(usize),
    Down(usize),
    Cut(usize),
    Wait(u64),
    /// The client in this place is gone, and somebody new comes.
    Replace(usize),
}

fn step() -> impl Strategy<Value = Step> {
    (0_u8..16, 0_usize..2, 1_u64..400).prop_map(|(kind, index, wait)| match kind {
        0..=3 => Step::Say(index),
        4..=8 => Step::Up(index),
        9..=12 => Step::Down(index),
        13 => Step::Cut(index),
        14 => Step::Wait(wait),
        _ => Step::Replace(index),
    })
}

proptest! {
    /// Whoever is cut or replaced, at any moment: what each one hears is in order and without
    /// doubles, the last message taken is what somebody new hears first, and nobody is stuck.
    #[test]
    fn newcomers_hear_the_last_message_and_nobody_is_stuck(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut line = Line::new(2);
        line.settle();
        let mut said = 0;
        let mut seed = 10;
        for step in steps {
            match step {
                Step::Say(index) => {
                    let _ = line.clients[index].session.say(&format!("{said:04}"));
                    line.pump(index);
                    said += 1;
                }
                Step::Up(index) => { line.deliver_up(index); }
                Step::Down(index) => { line.deliver_down(index); }
                // Whoever hasn't even heard of its seat when it is cut off has to start again.
                Step::Cut(index) if line.clients[index].session.seat.is_some() => line.cut(index),
                Step::Cut(_) => {}
                Step::Wait(millis) => line.pass_time(Duration::from_millis(millis)),
                Step::Replace(index) => {
                    let client = &line.clients[index];
                    if client.seat.is_some() && client.session.link.is_online() {
                        line.clients[index].session.fin(line.now);
                        line.pump(index);
                        line.settle_one(index);
                        seed += 1;
                        line.clients[index] = Client::new(Session::new(config(seed)));
                        line.pump(index);
                    }
                }
            }
        }
        line.settle();
        let heard = |line: &Line, index: usize| -> Vec<String> {
            line.words(index).iter().map(|text| (*text).to_owned()).collect()
        };
        for index in 0..2 {
            let words = heard(&line, index);
            let mut ordered = words.clone();
            ordered.dedup();
            prop_assert_eq!(&words, &ordered, "doubled");
            prop_assert!(!line.clients[index].session.is_over());
            prop_assert!(line.clients[index].session.sealing.is_sealed());
        }
        // They can talk on, both ways.
        for _ in 0..200 {
            for index in 0..2 {
                let idle = line.clients[index].session.unsaid().next().is_none();
                if idle && line.clients[index].session.role == Some(Role::Emi) {
                    line.clients[index].session.pass();
                }
                line.settle();
            }
        }
        for index in 0..2 {
            prop_assert_eq!(line.clients[index].session.unsaid().count(), 0);
            // Whatever the other has said and the relay has taken last was heard here.
            if let Some(last) = line.clients[1 - index].session.words.last_text() {
                let heard = heard(&line, index);
                prop_assert_eq!(heard.last().map(String::as_str), Some(last));
            }
        }
    }
}
