//! The turn rules as a table of scenes; `model` holds them against what clients were told.

#[path = "room_tests/model.rs"]
mod model;

use super::*;
use crate::message::Known;

const GRACE: Duration = Duration::from_secs(30);

fn at(seconds: u64) -> Moment {
    Moment::from_start(Duration::from_secs(seconds))
}

fn token(number: u8) -> Token {
    Token::from_bytes([number; 16])
}

fn back(room: &mut Room, number: u8, seconds: u64) -> Result<Seat, ErrorCode> {
    room.handle_return(token(number), false, 0, Known::default(), at(seconds))
}

fn drain(room: &mut Room) -> Vec<Command> {
    std::iter::from_fn(|| room.poll_command()).collect()
}

/// What the commands say to one seat, as short words.
fn told(commands: &[Command], seat: Seat) -> Vec<String> {
    commands
        .iter()
        .filter_map(|command| match command {
            Command::Send { to, message } if *to == seat => Some(word(message)),
            Command::Close(closed) if *closed == seat => Some("close".to_owned()),
            Command::Send { .. } | Command::Close(_) | Command::Admit(_) => None,
        })
        .collect()
}

fn word(message: &RelayToClient) -> String {
    use RelayControl as R;
    match message {
        RelayToClient::Message { sequence, kept, body, .. } => {
            let kept = if *kept { "kept " } else { "" };
            format!("{kept}message {sequence} {}", String::from_utf8_lossy(body))
        }
        RelayToClient::Signal { body, .. } => format!("signal {}", String::from_utf8_lossy(body)),
        RelayToClient::Control(control) => match control {
            R::Welcome { seat, returned: false, .. } => format!("welcome {seat}"),
            R::Welcome { seat, returned: true, .. } => format!("back {seat}"),
            R::Role { role, .. } => role.to_string(),
            R::Peer { state, .. } => format!("{state:?}").to_lowercase(),
            R::Taken { sequence } => format!("taken {sequence}"),
            R::Pipe { tag, .. } => format!("pipe {tag}"),
            R::Exit { reason } => format!("exit {reason:?}").to_lowercase(),
            R::Error { code, .. } => format!("error {code:?}"),
            R::Joined | R::Notice { .. } | R::Pong => "?".to_owned(),
        },
    }
}

#[test]
fn whoever_came_last_is_turned_away_where_no_keys_were_agreed_on_and_it_counts_once() {
    // Either may say so; seat 2 came last.
    for says in Seat::BOTH {
        let mut room = paired();
        assert_eq!(
            room.handle_pairing_failed(says, 1),
            Some(FailedPairing::Current { newcomer: Seat::Two })
        );
        let commands = drain(&mut room);
        assert_eq!(told(&commands, Seat::Two), ["error PairingFailed", "close"]);
        assert_eq!(told(&commands, Seat::One), ["gone"]);
        assert_eq!(room.handle_pairing_failed(Seat::One, 1), None);
        assert_eq!(drain(&mut room), []);
        // The room stays usable, and the turn is where it was.
        assert_eq!(room.handle_join(token(3), at(1)), Ok(Seat::Two));
        assert_eq!(told(&drain(&mut room), Seat::Two).last().map(String::as_str), Some("rec"));
    }
    // In the next pairing it is whoever came last into that: here seat 1.
    let mut room = paired();
    room.handle_fin(Seat::One);
    assert_eq!(room.handle_join(token(3), at(1)), Ok(Seat::One));
    // Said late, it counts, and nobody is turned away for what another did.
    assert_eq!(room.handle_pairing_failed(Seat::Two, 1), Some(FailedPairing::Over));
    assert_eq!(room.handle_pairing_failed(Seat::Two, 1), None);
    assert_eq!(room.handle_pairing_failed(Seat::Two, 3), None, "that is yet to come");
    assert_eq!(
        room.handle_pairing_failed(Seat::Two, 2),
        Some(FailedPairing::Current { newcomer: Seat::One })
    );
    // One who has left already is counted all the same, and nobody is turned away for it.
    let mut room = paired();
    room.handle_fin(Seat::Two);
    drain(&mut room);
    assert_eq!(
        room.handle_pairing_failed(Seat::One, 1),
        Some(FailedPairing::Current { newcomer: Seat::Two })
    );
    assert_eq!(drain(&mut room), []);
}

fn paired() -> Room {
    let mut room = Room::new(None, GRACE);
    assert_eq!(room.handle_join(token(1), at(0)), Ok(Seat::One));
    assert_eq!(room.handle_join(token(2), at(0)), Ok(Seat::Two));
    drain(&mut room);
    room
}

fn say(room: &mut Room, seat: Seat, sequence: u64, text: &'static str) -> Vec<Command> {
    let pairing = room.pairing();
    room.handle_say(seat, pairing, sequence, Bytes::from_static(text.as_bytes()));
    drain(room)
}

#[test]
fn the_first_waits_and_the_second_makes_it_emi() {
    let mut room = Room::new(None, GRACE);
    room.handle_join(token(1), at(0)).expect("a seat");
    assert_eq!(told(&drain(&mut room), Seat::One), ["welcome 1", "waiting"]);
    room.handle_join(token(2), at(1)).expect("a seat");
    let commands = drain(&mut room);
    assert_eq!(told(&commands, Seat::One), ["present", "emi"]);
    assert_eq!(told(&commands, Seat::Two), ["welcome 2", "present", "rec"]);
    assert_eq!(room.handle_join(token(3), at(2)), Err(ErrorCode::RoomTaken));
    assert_eq!(room.kept_for(at(2)), None);
}

#[test]
fn in_a_plain_room_a_lost_seat_is_empty_at_once_and_everybody_knows_what_it_is() {
    let mut room = Room::plain();
    for (number, seat) in [(1, Seat::One), (2, Seat::Two)] {
        assert_eq!(room.handle_join(token(number), at(0)), Ok(seat));
    }
    let commands = drain(&mut room);
    let is_plain = |command: &&Command| {
        let Command::Send { message: RelayToClient::Control(control), .. } = command else {
            return false;
        };
        matches!(control, RelayControl::Welcome { plain: true, grace_ms: 0, .. })
    };
    assert_eq!(commands.iter().filter(is_plain).count(), 2);
    say(&mut room, Seat::One, 1, "hello");
    room.handle_lost(Seat::Two, at(1));
    assert_eq!(told(&drain(&mut room), Seat::One), ["gone"]);
    assert_eq!((room.poll_timeout(), room.standing().open), (None, true));
    // The token is worth nothing any more, and the newcomer goes on.
    let known = Known::default();
    let back = room.handle_return(token(2), false, 1, known, at(1));
    assert_eq!(back, Err(ErrorCode::SeatGone));
    assert_eq!(room.handle_join(token(3), at(1)), Ok(Seat::Two));
    let commands = drain(&mut room);
    assert_eq!(told(&commands, Seat::Two), ["welcome 2", "present", "kept message 1 hello", "emi"]);
}

#[test]
fn saying_swaps_and_only_emi_may() {
    let mut room = paired();
    let commands = say(&mut room, Seat::One, 1, "hello");
    assert_eq!(told(&commands, Seat::One), ["taken 1", "rec"]);
    assert_eq!(told(&commands, Seat::Two), ["message 1 hello", "emi"]);
    let commands = say(&mut room, Seat::One, 2, "more");
    assert_eq!(told(&commands, Seat::One), ["error NotYourTurn"]);
    assert_eq!(told(&commands, Seat::Two), [""; 0]);
    let commands = say(&mut room, Seat::Two, 9, "wrong number");
    assert_eq!(told(&commands, Seat::Two), ["error WrongSequence"]);
    let commands = say(&mut room, Seat::Two, 1, "hi");
    assert_eq!(told(&commands, Seat::One), ["message 1 hi", "emi"]);
}

#[test]
fn a_repetition_is_passed_on_and_takes_no_turn() {
    let mut room = paired();
    say(&mut room, Seat::One, 1, "hello");
    let commands = say(&mut room, Seat::One, 1, "hello");
    assert_eq!(told(&commands, Seat::One), ["taken 1", "rec"]);
    assert_eq!(told(&commands, Seat::Two), ["message 1 hello"]);
    assert_eq!((room.turn, room.has_turn()), (1, Seat::Two));
}

#[test]
fn nobody_says_anything_before_the_first_pairing() {
    let mut room = Room::new(None, GRACE);
    room.handle_join(token(1), at(0)).expect("a seat");
    drain(&mut room);
    assert_eq!(told(&say(&mut room, Seat::One, 1, "x"), Seat::One), ["error NotYourTurn"]);
    room.handle_pass(Seat::One, room.turn);
    assert_eq!(told(&drain(&mut room), Seat::One), ["error NotYourTurn"]);
}

#[test]
fn passing_swaps_without_a_message() {
    let mut room = paired();
    room.handle_pass(Seat::One, room.turn);
    let commands = drain(&mut room);
    assert_eq!(told(&commands, Seat::One), ["rec"]);
    assert_eq!(told(&commands, Seat::Two), ["emi"]);
    room.handle_pass(Seat::One, room.turn);
    assert_eq!(told(&drain(&mut room), Seat::One), ["error NotYourTurn"]);
}

#[test]
fn fin_empties_the_seat_and_the_newcomer_goes_on_as_the_one_that_left() {
    // The one that leaves is in emi.
    let mut room = paired();
    say(&mut room, Seat::One, 1, "over to you");
    room.handle_fin(Seat::Two);
    let commands = drain(&mut room);
    assert_eq!(told(&commands, Seat::Two), ["exit fin", "close"]);
    assert_eq!(told(&commands, Seat::One), ["gone"]);
    assert_eq!(room.handle_join(token(3), at(5)), Ok(Seat::Two));
    let commands = drain(&mut room);
    assert_eq!(told(&commands, Seat::One), ["replaced"]);
    let expected = ["welcome 2", "present", "kept message 1 over to you", "emi"];
    assert_eq!(told(&commands, Seat::Two), expected);

    // The one that leaves is in rec.
    let mut room = paired();
    say(&mut room, Seat::One, 1, "first");
    say(&mut room, Seat::Two, 1, "second");
    room.handle_fin(Seat::Two);
    drain(&mut room);
    room.handle_join(token(3), at(5)).expect("a seat");
    let expected = ["welcome 2", "present", "kept message 1 first", "rec"];
    assert_eq!(told(&drain(&mut room), Seat::Two), expected);
}

#[test]
fn emi_may_say_one_message_to_an_empty_seat() {
    let mut room = paired();
    room.handle_fin(Seat::Two);
    drain(&mut room);
    let commands = say(&mut room, Seat::One, 1, "for whoever comes");
    assert_eq!(told(&commands, Seat::One), ["taken 1", "rec"]);
    assert_eq!(told(&say(&mut room, Seat::One, 2, "x"), Seat::One), ["error NotYourTurn"]);
    room.handle_join(token(3), at(5)).expect("a seat");
    let expected = ["welcome 2", "present", "kept message 1 for whoever comes", "emi"];
    assert_eq!(told(&drain(&mut room), Seat::Two), expected);
}

#[test]
fn a_lost_connection_keeps_its_seat_for_the_holder_of_the_token() {
    let mut room = paired();
    room.handle_lost(Seat::Two, at(10));
    assert_eq!(told(&drain(&mut room), Seat::One), ["silent"]);
    assert_eq!(room.poll_timeout(), Some(at(40)));
    assert_eq!(room.handle_join(token(3), at(11)), Err(ErrorCode::RoomTaken));
    // Who is refused is told when the seat comes free at the latest, and the first of both counts.
    assert_eq!(room.kept_for(at(11)), Some(at(40).since(at(11))));
    assert_eq!(back(&mut room, 3, 11), Err(ErrorCode::SeatGone));
    say(&mut room, Seat::One, 1, "still there?");
    assert_eq!(back(&mut room, 2, 12), Ok(Seat::Two));
    let commands = drain(&mut room);
    assert_eq!(told(&commands, Seat::One), ["present"]);
    let expected = ["back 2", "present", "kept message 1 still there?", "emi"];
    assert_eq!(told(&commands, Seat::Two), expected);
    assert_eq!(room.poll_timeout(), None);
}

#[test]
fn after_the_grace_the_seat_is_for_a_newcomer() {
    let mut room = paired();
    room.handle_lost(Seat::Two, at(10));
    drain(&mut room);
    room.handle_timeout(at(39));
    assert_eq!(drain(&mut room), []);
    room.handle_timeout(at(40));
    assert_eq!(told(&drain(&mut room), Seat::One), ["gone"]);
    assert_eq!(back(&mut room, 2, 41), Err(ErrorCode::SeatGone));
    assert_eq!(room.handle_join(token(3), at(41)), Ok(Seat::Two));
}

#[test]
fn a_return_closes_the_connection_that_the_relay_still_believes_in() {
    let mut room = paired();
    assert_eq!(back(&mut room, 2, 1), Ok(Seat::Two));
    let commands = drain(&mut room);
    let expected = ["exit superseded", "close", "back 2", "present", "rec"];
    assert_eq!(told(&commands, Seat::Two), expected);
    let closed = commands.iter().position(|c| *c == Command::Close(Seat::Two));
    let admitted = commands.iter().position(|c| *c == Command::Admit(Seat::Two));
    assert!(closed < admitted);
}

#[test]
fn what_was_meant_for_the_one_that_left_never_reaches_the_newcomer() {
    let mut room = paired();
    let old = room.pairing();
    room.handle_fin(Seat::Two);
    room.handle_join(token(3), at(1)).expect("a seat");
    drain(&mut room);
    room.handle_signal(Seat::One, old, Bytes::from_static(b"secret"));
    room.handle_say(Seat::One, old, 1, Bytes::from_static(b"secret"));
    assert_eq!(drain(&mut room), []);
    room.handle_signal(Seat::One, room.pairing(), Bytes::from_static(b"hello"));
    assert_eq!(told(&drain(&mut room), Seat::Two), ["signal hello"]);
}

#[test]
fn a_pipe_is_told_to_both_ends_or_to_none() {
    let mut room = paired();
    assert!(room.handle_pipe_request(Seat::Two, 7, [token(8), token(9)]));
    let commands = drain(&mut room);
    assert_eq!(told(&commands, Seat::One), ["pipe 7"]);
    assert_eq!(told(&commands, Seat::Two), ["pipe 7"]);
    room.handle_lost(Seat::One, at(1));
    drain(&mut room);
    assert!(!room.handle_pipe_request(Seat::Two, 8, [token(8), token(9)]));
    assert_eq!(told(&drain(&mut room), Seat::Two), ["error NoPeer"]);
}

#[test]
fn the_room_is_over_when_both_seats_are_empty() {
    let mut room = paired();
    assert!(!room.standing().over);
    room.handle_fin(Seat::One);
    room.handle_lost(Seat::Two, at(0));
    assert!(!room.standing().over, "the seat is kept");
    room.handle_timeout(at(30));
    assert!(room.standing().over);

    let mut unpaired = Room::new(None, GRACE);
    unpaired.handle_join(token(1), at(0)).expect("a seat");
    unpaired.handle_lost(Seat::One, at(0));
    assert!(unpaired.standing().over, "nothing to come back to");
}

#[test]
fn a_shutdown_tells_everybody() {
    let mut room = paired();
    room.handle_shutdown();
    let commands = drain(&mut room);
    for seat in Seat::BOTH {
        assert_eq!(told(&commands, seat), ["exit shutdown", "close"]);
    }
    assert!(room.standing().over);
}

#[test]
fn the_end_of_numbers_is_no_trap() {
    // Nobody gets there by talking, but a record may say so.
    let wall = Duration::from_secs(1);
    let mut room = paired();
    drain(&mut room);
    let mut record = room.record(at(0), wall).expect("somebody is there");
    (record.turn, record.said, record.pairing) = (u64::MAX, [u64::MAX; 2], u32::MAX);
    let mut room = Room::restore(record, GRACE, at(0), wall);
    for number in [1, 2] {
        back(&mut room, number, 0).expect("the seat is kept");
    }
    room.handle_say(Seat::Two, u32::MAX, u64::MAX, Bytes::new());
    room.handle_say(Seat::Two, u32::MAX, 0, Bytes::new());
    room.handle_pass(Seat::Two, u64::MAX);
    room.handle_fin(Seat::One);
    room.handle_join(token(3), at(0)).expect("a seat");
    assert_eq!(told(&drain(&mut room), Seat::One).last().map(String::as_str), Some("rec"));
}

#[test]
fn a_hello_that_was_overtaken_takes_no_seat() {
    let mut room = paired();
    let back = |room: &mut Room, times| {
        room.handle_return(token(2), false, times, Known::default(), at(1))
    };
    assert_eq!(back(&mut room, 2), Ok(Seat::Two));
    drain(&mut room);
    assert_eq!(back(&mut room, 1), Err(ErrorCode::SeatGone));
    assert!(drain(&mut room).is_empty(), "nobody is closed for it");
    assert_eq!(back(&mut room, 3), Ok(Seat::Two));
    // Whoever is new in a seat counts anew.
    room.handle_fin(Seat::Two);
    assert_eq!(room.handle_join(token(3), at(2)), Ok(Seat::Two));
    assert_eq!(room.handle_return(token(3), false, 1, Known::default(), at(3)), Ok(Seat::Two));
}

#[test]
fn a_room_from_a_record_keeps_seats_as_long_as_they_were_to_be() {
    let mut room = Room::new(None, Duration::from_secs(100));
    for number in [1, 2] {
        room.handle_join(token(number), at(0)).expect("a seat");
    }
    room.handle_lost(Seat::Two, at(50));
    let record = room.record(at(60), Duration::from_secs(1060)).expect("a room");
    // Started 30 s later: one sat there, the other has 60 s left.
    let wall = Duration::from_secs(1090);
    let again = Room::restore(record.clone(), Duration::from_secs(100), at(0), wall);
    assert_eq!(again.places.map(Place::kept_until), [Some(at(100)), Some(at(60))]);
    assert_eq!(Record::decode(&record.encode()), Ok(record.clone()));
    // However late it is, there is time to come back; and a clock that was set back gives no more.
    let late = Room::restore(record.clone(), Duration::from_secs(100), at(0), wall * 9);
    assert_eq!(late.places[1].kept_until(), Some(at(20)));
    let early = Room::restore(record, Duration::from_secs(100), at(0), Duration::ZERO);
    assert_eq!(early.places[1].kept_until(), Some(at(100)));
}
