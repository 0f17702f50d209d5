//! Two sessions and a room over a link that is cut at any moment, in virtual time.

use super::offer_tests::file;
use super::test_line::{GRACE, Line, config};
use super::*;
use crate::message::{ErrorCode, PeerState, RelayControl};
use crate::room::Room;
use crate::transfer::book::{Direction, TransferState};
use proptest::prelude::*;

#[test]
fn two_pair_and_talk_in_turns_with_true_marks() {
    let mut line = Line::paired();
    assert!(line.has(0, &Event::Role(Role::Emi)) && line.has(1, &Event::Role(Role::Rec)));
    line.clients[1].shown = false;
    let draft = line.say(0, "hello");
    line.settle();
    assert_eq!(line.words(1), ["hello"]);
    assert!(line.has(0, &Event::Marked { draft, mark: Mark::Taken }));
    assert!(!line.has(0, &Event::Marked { draft, mark: Mark::Shown }));
    line.clients[1].session.shown(1);
    line.pump(1);
    line.settle();
    assert!(line.has(0, &Event::Marked { draft, mark: Mark::Shown }));
}

#[test]
fn what_is_said_out_of_turn_is_held_one_goes_out_a_turn_and_any_can_be_taken_back() {
    let mut line = Line::paired();
    let [a, b, c] = ["a", "b", "c"].map(|text| line.say(1, text));
    line.settle();
    assert_eq!(line.words(0), [""; 0]);
    line.clients[1].session.take_back(Some(b));
    line.pump(1);
    assert!(line.has(1, &Event::TakenBack { draft: b, text: "b".to_owned() }));
    for _ in 0..3 {
        line.clients[0].session.pass();
        line.pump(0);
        line.settle();
    }
    assert_eq!(line.words(0), ["a", "c"]);
    let _ = (a, c);
}

#[test]
fn what_cannot_be_said_is_refused_and_nothing_is_taken() {
    let mut line = Line::paired();
    let session = &mut line.clients[1].session;
    assert_eq!(session.say(" \n"), Err(SayError::Empty));
    let long = "x".repeat(1024 * 1024);
    assert_eq!(session.say(&long), Err(SayError::TooLong { bytes: 1024 * 1024 }));
    for _ in 0..limits::MAX_HELD {
        session.say("x").expect("room");
    }
    assert_eq!(session.say("x"), Err(SayError::TooManyHeld));
    assert_eq!(session.unsaid().count(), limits::MAX_HELD);
}

#[test]
fn the_longest_message_fits_a_frame_whatever_is_in_it() {
    let mut line = Line::paired();
    // Quotes and newlines double in JSON, the worst that the sanitised text can have.
    let text = "\"".repeat(limits::MAX_MESSAGE_BYTES);
    line.say(0, &text);
    let Some(ClientToRelay::Say { body, .. }) = line.clients[0].up.back() else { panic!("no say") };
    assert!(!body.is_empty() && body.len() <= limits::MAX_OPAQUE, "{}", body.len());
    line.settle();
    assert_eq!(line.words(1), [text.as_str()]);
}

#[test]
fn words_that_the_relay_refuses_are_held_again() {
    let mut line = Line::paired();
    let draft = line.say(0, "hello");
    let code = ErrorCode::NotYourTurn;
    let refusal = RelayControl::Error { code, text: "not your turn".to_owned(), kept_ms: None };
    let session = &mut line.clients[0].session;
    session.handle_message(RelayToClient::Control(refusal), Moment::START);
    line.clients[0].up.clear();
    line.pump(0);
    assert!(line.has(0, &Event::Held { draft, text: "hello".to_owned() }));
    let emi = RelayToClient::Control(RelayControl::Role { role: Role::Emi, turn: 0 });
    line.clients[0].session.handle_message(emi, Moment::START);
    line.settle();
    assert_eq!(line.words(1), ["hello"]);
}

#[test]
fn a_newcomer_gets_seat_role_and_last_message() {
    let mut line = Line::new(3);
    line.clients[2].session = Session::new(config(9));
    // The third waits outside until the second has left.
    let third = line.clients.pop().expect("three");
    line.settle();
    line.say(0, "for seat 2");
    line.settle();
    line.clients[1].session.fin(line.now);
    line.pump(1);
    line.settle();
    assert!(line.has(1, &Event::Ended(Ending::Fin)));
    assert!(line.has(0, &Event::Peer { peer: Peer::Gone, newcomer: false }));
    line.clients.push(third);
    line.settle();
    let seated = Event::Seated { seat: Seat::Two, room: None, returned: false };
    assert!(line.has(2, &seated));
    assert!(line.has(2, &Event::Role(Role::Emi)));
    let kept = Event::Words { sequence: 1, text: "for seat 2".to_owned(), kept: true };
    assert!(line.has(2, &kept));
    assert!(line.has(0, &Event::Peer { peer: Peer::Present, newcomer: true }));
    line.say(2, "thanks");
    line.settle();
    assert_eq!(line.words(0), ["thanks"]);
}

#[test]
fn before_anybody_was_met_any_seat_will_do() {
    let mut line = Line::new(1);
    line.settle();
    line.say(0, "held");
    line.cut(0);
    line.room = Room::new(None, GRACE);
    line.settle();
    assert!(!line.clients[0].session.is_over());
    assert_eq!(line.clients[0].session.unsaid().collect::<Vec<_>>(), ["held"]);
}

#[test]
fn a_seat_that_was_given_away_ends_the_session_and_what_is_held_can_be_had() {
    let mut line = Line::paired();
    line.say(1, "not yet said");
    line.cut(1);
    line.room.handle_timeout(line.now + GRACE);
    line.carry_out(None);
    line.settle();
    let ended = |event: &Event| {
        matches!(event, Event::Ended(Ending::Refused { code: ErrorCode::SeatGone, .. }))
    };
    assert!(line.clients[1].events.iter().any(ended));
    assert_eq!(line.clients[1].session.unsaid().collect::<Vec<_>>(), ["not yet said"]);
}

#[test]
fn a_client_that_only_listens_pings_all_the_same() {
    let mut line = Line::paired();
    let mut pings = 0;
    for _ in 0..12 {
        line.now = line.now + Duration::from_secs(5);
        let pong = RelayToClient::Control(RelayControl::Notice { text: "hello".to_owned() });
        let session = &mut line.clients[0].session;
        session.handle_message(pong, line.now);
        session.handle_timeout(line.now);
        while let Some(command) = session.poll_command() {
            pings += usize::from(
                command == Command::Transmit(ClientToRelay::Control(ClientControl::Ping)),
            );
        }
    }
    assert_eq!(pings, 4, "every 15 of 60 seconds");
}

#[test]
fn one_who_waits_alone_is_sent_to_another_and_one_who_has_met_somebody_stays() {
    let mut line = Line::new(1);
    line.settle();
    line.say(0, "held");
    line.room.handle_rejoin();
    line.carry_out(None);
    line.room = Room::new(None, GRACE);
    line.settle();
    let seated = |line: &Line| {
        line.clients[0].events.iter().filter(|e| matches!(e, Event::Seated { .. })).count()
    };
    assert_eq!(seated(&line), 2);
    assert_eq!(line.clients[0].session.unsaid().collect::<Vec<_>>(), ["held"]);

    let mut line = Line::paired();
    let rejoin = RelayControl::Exit { reason: crate::message::ExitReason::Rejoin };
    line.clients[0].session.handle_message(RelayToClient::Control(rejoin), line.now);
    line.settle();
    line.say(0, "still us");
    line.settle();
    assert_eq!(line.words(1), ["still us"]);
}

#[test]
fn a_relay_that_sends_a_client_away_again_and_again_is_not_run_after() {
    let mut session = Session::new(config(9));
    let exit = RelayControl::Exit { reason: crate::message::ExitReason::Rejoin };
    let gone =
        RelayControl::Error { code: ErrorCode::SeatGone, text: "gone".to_owned(), kept_ms: None };
    for refusal in [exit, gone] {
        let welcome = RelayControl::Welcome {
            seat: Seat::One,
            token: Token::from_bytes([1; 16]),
            room: None,
            pairing: 0,
            since: 0,
            next_sequence: 1,
            grace_ms: 0,
            returned: false,
            plain: false,
        };
        session.handle_connected(Moment::START);
        session.handle_message(RelayToClient::Control(welcome), Moment::START);
        while session.poll_command().is_some() {}
        session.handle_message(RelayToClient::Control(refusal), Moment::START);
        let commands: Vec<_> = std::iter::from_fn(|| session.poll_command()).collect();
        assert_eq!(commands, [Command::Disconnect]);
        let again = session.poll_timeout().expect("another try");
        assert!(again.since(Moment::START) >= Duration::from_millis(150));
        session.handle_timeout(again);
        assert_eq!(session.poll_command(), Some(Command::Connect));
    }
}

#[test]
fn a_stuck_client_comes_back_to_its_seat() {
    let mut line = Line::paired();
    let stuck =
        RelayControl::Error { code: ErrorCode::Stuck, text: "too slow".to_owned(), kept_ms: None };
    line.clients[0].session.handle_message(RelayToClient::Control(stuck), line.now);
    line.settle();
    assert!(!line.clients[0].session.is_over());
    line.say(0, "back");
    line.settle();
    assert_eq!(line.words(1), ["back"]);
}

#[test]
fn a_wrong_number_is_mended_by_coming_back() {
    let mut line = Line::paired();
    line.say(0, "hello");
    let code = ErrorCode::WrongSequence;
    let refusal = RelayControl::Error { code, text: "wrong".to_owned(), kept_ms: None };
    line.clients[0].up.clear();
    line.clients[0].session.handle_message(RelayToClient::Control(refusal), line.now);
    line.settle();
    assert_eq!(line.words(1), ["hello"]);
}

#[test]
fn a_relay_that_never_answers_ends_the_first_attempt() {
    let mut session = Session::new(config(9));
    session.handle_connected(Moment::START);
    session.handle_timeout(Moment::START + limits::SILENCE_LIMIT);
    assert!(session.is_over());
}

#[test]
fn a_silent_relay_is_pinged_and_then_called_lost() {
    let mut line = Line::paired();
    let start = line.now;
    let session = &mut line.clients[0].session;
    assert_eq!(session.poll_timeout(), Some(start + limits::PING_AFTER));
    session.handle_timeout(start + limits::PING_AFTER);
    let ping = Command::Transmit(ClientToRelay::Control(ClientControl::Ping));
    assert_eq!(session.poll_command(), Some(ping));
    session.handle_timeout(start + limits::SILENCE_LIMIT);
    assert_eq!(session.poll_command(), Some(Command::Disconnect));
    assert!(session.events.iter().any(|event| matches!(event, Event::Link(Link::Lost { .. }))));
}

#[test]
fn the_first_connection_must_work_and_later_ones_are_tried_for_ever() {
    let mut session = Session::new(config(9));
    session.handle_connect_failed("no relay there", Moment::START);
    assert!(session.is_over());

    let mut line = Line::paired();
    line.cut(0);
    let session = &mut line.clients[0].session;
    let mut now = line.now;
    let mut longest = Duration::ZERO;
    for _ in 0..40 {
        let next = session.poll_timeout().expect("another try");
        longest = longest.max(next.since(now));
        now = next;
        session.handle_timeout(now);
        while session.poll_command().is_some() {}
        session.handle_connect_failed("still no relay", now);
    }
    assert!(!session.is_over());
    assert!(longest <= Duration::from_secs(15) && longest > Duration::from_secs(8), "{longest:?}");
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Say(usize),
    Offer(usize),
    Up(usize),
    Down(usize),
    Cut(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    (0_u8..14, 0_usize..2, 1_u64..3000).prop_map(|(kind, index, wait)| match kind {
        0..=2 => Step::Say(index),
        3 => Step::Offer(index),
        4..=7 => Step::Up(index),
        8..=11 => Step::Down(index),
        12 => Step::Cut(index),
        _ => Step::Wait(wait),
    })
}

proptest! {
    /// Cut at any moment, in any combination, within the grace: every message that was taken in
    /// arrives once, in order; every offer arrives once, in order; nobody is stuck.
    #[test]
    fn nothing_is_lost_doubled_or_reordered(steps in prop::collection::vec(step(), 1..150)) {
        let mut line = Line::paired();
        let mut said = [Vec::new(), Vec::new()];
        let mut offered = [0, 0];
        for step in steps {
            match step {
                Step::Say(index) => line.say_next_of(index, &mut said),
                Step::Offer(index) => {
                    let size = offered[index];
                    if line.clients[index].session.offer(file("f", size)).is_ok() {
                        offered[index] += 1;
                    }
                    line.pump(index);
                }
                Step::Up(index) => { line.deliver_up(index); }
                Step::Down(index) => { line.deliver_down(index); }
                Step::Cut(index) => line.cut(index),
                Step::Wait(millis) => line.pass_time(Duration::from_millis(millis % 400)),
            }
        }
        line.say_all();
        for index in 0..2 {
            prop_assert_eq!(line.words(1 - index), said[index].clone());
            let sizes: Vec<_> = line.clients[1 - index].events.iter().filter_map(|event| {
                let Event::Transfer { info, .. } = event else { return None };
                let new = info.direction == Direction::Incoming
                    && info.state == TransferState::Offered;
                new.then_some(info.size())
            }).collect();
            prop_assert_eq!(sizes, (0..offered[index]).collect::<Vec<_>>());
            prop_assert!(!line.clients[index].session.is_over());
            // Everything shown is known to be shown.
            prop_assert_eq!(line.clients[index].session.words.counts(), (0, 0));
        }
    }

    /// A hostile relay says anything in any order: no panic, and nothing grows without bound.
    #[test]
    fn a_lying_relay_costs_nothing_but_itself(
        frames in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..60)), 0..60),
        controls in prop::collection::vec((0_u8..8, any::<u64>(), any::<u32>()), 0..60),
    ) {
        let mut session = Session::new(config(9));
        session.handle_connected(Moment::START);
        for (kind, body) in frames {
            let frame = crate::frame::Frame { kind, body: Bytes::from(body) };
            if let Ok(message) = RelayToClient::decode(frame) {
                session.handle_message(message, Moment::START);
            }
        }
        for (kind, number, pairing) in controls {
            let token = Token::from_bytes([0; 16]);
            let control = match kind {
                0 => RelayControl::Welcome {
                    seat: Seat::One, token, room: None, pairing, since: pairing, next_sequence: number,
                    grace_ms: number, returned: number % 2 == 0, plain: number % 16 == 15,
                },
                1 => RelayControl::Role { role: Role::Emi, turn: 0 },
                2 => RelayControl::Peer { state: PeerState::Replaced, pairing, since: pairing, kept_ms: Some(number) },
                3 => RelayControl::Taken { sequence: number },
                4 => RelayControl::Pipe { tag: number, token },
                5 => RelayControl::Error { code: ErrorCode::SeatGone, text: "\u{1b}[31m".to_owned(), kept_ms: None },
                6 => RelayControl::Peer { state: PeerState::Silent, pairing, since: pairing, kept_ms: None },
                _ => RelayControl::Notice { text: "x".repeat(1000) },
            };
            let _ = session.say("x");
            session.handle_message(RelayToClient::Control(control), Moment::START);
            let later = Moment::from_start(Duration::from_secs(number % 100));
            session.handle_timeout(later);
            let (held, out) = session.words.counts();
            prop_assert!(held <= limits::MAX_HELD && out <= 64);
        }
    }
}

#[test]
fn whoever_knows_that_the_relay_is_there_does_not_wait() {
    let mut line = Line::paired();
    let session = &mut line.clients[0].session;
    while session.poll_command().is_some() {}
    // It changes nothing while there is a connection.
    session.handle_relay_met(line.now);
    session.handle_timeout(line.now);
    assert_eq!(session.poll_command(), None);
    for _ in 0..9 {
        session.handle_lost(line.now);
        line.now = session.poll_timeout().expect("it tries again");
        session.handle_timeout(line.now);
        assert_eq!(session.poll_command(), Some(Command::Connect));
        session.handle_connect_failed("nobody answers", line.now);
    }
    assert!(session.poll_timeout().expect("it waits") > line.now);
    session.handle_relay_met(line.now);
    session.handle_timeout(line.now);
    assert_eq!(session.poll_command(), Some(Command::Connect));
}
