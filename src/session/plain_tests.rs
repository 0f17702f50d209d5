//! A client in a plain room, against real rooms and against relays that say anything.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is not named is of no interest, or a failure"
)]

use super::*;
use crate::message::{ExitReason, PeerState, RelayControl, Seat, Token};
use crate::plain;
use crate::room::{self, Room};
use crate::session::{Mark, Peer};
use proptest::prelude::*;

const NOW: Moment = Moment::START;

fn events(session: &mut PlainSession) -> Vec<Event> {
    std::iter::from_fn(|| session.poll_event()).collect()
}

fn commands(session: &mut PlainSession) -> Vec<Command> {
    std::iter::from_fn(|| session.poll_command()).collect()
}

/// A session across a client of lines, in a real room.
struct Scene {
    room: Room,
    session: PlainSession,
    other: Option<plain::Client>,
    own: Option<Seat>,
    lines: Vec<String>,
}

impl Scene {
    /// Alone in a room of its own.
    fn new() -> Self {
        let session = PlainSession::new(7);
        let mut scene =
            Self { room: Room::plain(), session, other: None, own: None, lines: Vec::new() };
        scene.session.handle_connected(NOW);
        scene.settle();
        scene
    }

    fn other_comes(&mut self) -> &mut Self {
        self.room.handle_join(Token::from_bytes([9; 16]), NOW).expect("a seat");
        self.other = Some(plain::Client::default());
        self.settle();
        self
    }

    fn other_says(&mut self, bytes: &[u8]) -> &mut Self {
        self.other.as_mut().expect("somebody").handle_bytes(bytes);
        self.settle();
        self
    }

    fn says(&mut self, text: &str) -> &mut Self {
        self.session.say(text).expect("taken");
        self.settle();
        self
    }

    fn settle(&mut self) {
        loop {
            let mut rests = true;
            for command in commands(&mut self.session) {
                rests = false;
                let Command::Transmit(message) = command else { continue };
                match message {
                    ClientToRelay::Control(ClientControl::Hello {
                        plain: true,
                        seat: None,
                        ..
                    }) => {
                        let token = Token::from_bytes([1; 16]);
                        self.own = self.room.handle_join(token, NOW).ok();
                    }
                    message => {
                        assert_eq!(plain::check_message(&message), Ok(()));
                        self.tell(self.own.expect("a seat"), message);
                    }
                }
            }
            let other_seat = self.own.map(Seat::other);
            while let Some(command) = self.other.as_mut().and_then(plain::Client::poll_command) {
                rests = false;
                match command {
                    plain::Command::Write(line) => {
                        self.lines.push(String::from_utf8(line.to_vec()).expect("text"));
                    }
                    plain::Command::Tell(message) => self.tell(other_seat.expect("one"), message),
                }
            }
            while let Some(command) = self.room.poll_command() {
                rests = false;
                match command {
                    room::Command::Send { to, message } if self.own == Some(to) => {
                        self.session.handle_message(message, NOW);
                    }
                    room::Command::Send { message, .. } => {
                        if let Some(other) = &mut self.other {
                            other.handle_message(message);
                        }
                    }
                    room::Command::Close(seat) if self.own != Some(seat) => self.other = None,
                    room::Command::Admit(_) | room::Command::Close(_) => {}
                }
            }
            if rests {
                return;
            }
        }
    }

    fn tell(&mut self, seat: Seat, message: ClientToRelay) {
        match message {
            ClientToRelay::Say { pairing, sequence, body } => {
                self.room.handle_say(seat, pairing, sequence, body);
            }
            ClientToRelay::Control(ClientControl::Fin) => self.room.handle_fin(seat),
            other => assert_eq!(other, ClientToRelay::Control(ClientControl::Ping)),
        }
    }

    fn events(&mut self) -> Vec<Event> {
        events(&mut self.session)
    }

    fn lines(&mut self) -> String {
        std::mem::take(&mut self.lines).concat()
    }
}

#[test]
fn the_first_that_is_told_is_that_nothing_is_sealed() {
    let mut session = PlainSession::new(1);
    let told = events(&mut session);
    assert_eq!(told[0], Event::Seal(Seal::Plain));
    let Event::Notice(text) = &told[1] else { panic!("{told:?}") };
    assert!(text.contains("NOT SEALED"), "{text}");
}

#[test]
fn it_talks_in_turns_with_one_who_speaks_in_lines() {
    let mut scene = Scene::new();
    scene.says("held until somebody comes");
    assert!(scene.events().contains(&Event::Held {
        draft: DraftId(1),
        text: "held until somebody comes".to_owned()
    }));
    scene.other_comes();
    assert_eq!(scene.lines(), "2\nrec\nheld until somebody comes\n");
    let told = scene.events();
    assert!(told.contains(&Event::Peer { peer: Peer::Present, newcomer: true }), "{told:?}");
    assert!(told.contains(&Event::Marked { draft: DraftId(1), mark: Mark::Taken }), "{told:?}");
    assert!(told.ends_with(&[
        Event::Role(Role::Rec),
        Event::Marked { draft: DraftId(1), mark: Mark::Taken }
    ]));
    scene.other_says(b"\x1b[31mred\x07 alert\n");
    let words = Event::Words { sequence: 1, text: "red alert".to_owned(), kept: false };
    assert_eq!(scene.events(), [words, Event::Role(Role::Emi)]);
    scene.session.pass();
    scene.settle();
    assert_eq!(scene.lines(), "\n", "passing is an empty line");
    assert_eq!(scene.events(), [Event::Passed, Event::Role(Role::Rec)]);
    scene.other_says(b"\n");
    let told = scene.events();
    assert!(
        matches!(&told[..], [Event::Notice(text), Event::Role(Role::Emi)] if text.contains("passed"))
    );
}

#[test]
fn one_goes_and_another_comes_and_it_goes_on() {
    let mut scene = Scene::new();
    scene.other_comes().says("for seat two").other_says(b"fin\n");
    let told = scene.events();
    assert!(told.contains(&Event::Peer { peer: Peer::Gone, newcomer: false }), "{told:?}");
    scene.lines();
    scene.other_comes();
    assert_eq!(scene.lines(), "2\nemi\nfor seat two\n");
    assert!(scene.events().contains(&Event::Peer { peer: Peer::Present, newcomer: true }));
}

#[test]
fn what_is_no_line_isn_t_taken() {
    let mut scene = Scene::new();
    assert_eq!(scene.session.say(" \n"), Err(SayError::Empty));
    assert_eq!(scene.session.say("a\nb\r\nc"), Err(SayError::SeveralLines { lines: 3 }));
    let long = "é".repeat(8193);
    assert_eq!(scene.session.say(&long), Err(SayError::LineTooLong { bytes: 16386 }));
    assert!(scene.session.say(&long[2..]).is_ok());
    assert!(scene.session.say("with its end\r\n").is_ok());
    for _ in 2..64 {
        assert!(scene.session.say("x").is_ok());
    }
    assert_eq!(scene.session.say("x"), Err(SayError::TooManyHeld));
    scene.session.take_back(None);
    assert_eq!(scene.session.unsaid().count(), 63);
}

#[test]
fn a_seat_in_a_room_that_isn_t_plain_is_left_at_once() {
    let mut session = PlainSession::new(1);
    session.handle_connected(NOW);
    commands(&mut session);
    events(&mut session);
    let mut sealed = Room::new(None, Duration::from_secs(30));
    sealed.handle_join(Token::from_bytes([1; 16]), NOW).expect("a seat");
    while let Some(command) = sealed.poll_command() {
        if let room::Command::Send { message, .. } = command {
            session.handle_message(message, NOW);
        }
    }
    assert!(session.is_over());
    assert_eq!(commands(&mut session), [Command::Disconnect], "nothing is said there");
    let told = events(&mut session);
    assert!(
        matches!(&told[..], [Event::Ended(Ending::Refused { code: ErrorCode::NoPlainRooms, .. })]),
        "{told:?}"
    );
}

#[test]
fn a_sealed_session_leaves_a_plain_room_at_once() {
    let entropy = crate::seal::Entropy::new([7; 32]);
    let mut session = crate::session::Session::new(crate::session::Config::new(entropy));
    session.handle_connected(NOW);
    session.say("for a sealed line").expect("held");
    while let Some(command) = session.poll_command() {
        let plain = Command::Transmit(ClientToRelay::Control(ClientControl::plain_hello()));
        assert_ne!(command, plain);
    }
    let mut room = Room::plain();
    for token in [1, 2] {
        room.handle_join(Token::from_bytes([token; 16]), NOW).expect("a seat");
    }
    while let Some(command) = room.poll_command() {
        if let room::Command::Send { to: Seat::One, message } = command {
            session.handle_message(message, NOW);
        }
    }
    assert!(session.is_over());
    assert_eq!(session.poll_command(), Some(Command::Disconnect), "nothing is said there");
    assert_eq!(session.poll_command(), None);
    assert_eq!(session.unsaid().collect::<Vec<_>>(), ["for a sealed line"]);
    let last = std::iter::from_fn(|| session.poll_event()).last();
    assert!(
        matches!(&last, Some(Event::Ended(Ending::Protocol { text })) if text.contains("plain room")),
        "{last:?}"
    );
}

#[test]
fn a_lost_seat_is_said_and_nothing_goes_to_somebody_else() {
    let mut scene = Scene::new();
    scene.other_comes().says("one");
    scene.other_says(b"two\n");
    scene.session.say("on its way").expect("taken");
    scene.session.say("held").expect("taken");
    scene.events();
    scene.session.handle_lost(NOW);
    let told = scene.events();
    let back: Vec<_> = told
        .iter()
        .filter_map(|event| {
            let Event::TakenBack { text, .. } = event else { return None };
            Some(text.as_str())
        })
        .collect();
    assert_eq!(back, ["on its way", "held"]);
    let troubles = told.iter().filter(|event| matches!(event, Event::Trouble(_))).count();
    assert_eq!(troubles, 2, "{told:?}");
    let at = scene.session.poll_timeout().expect("a next try");
    commands(&mut scene.session);
    scene.session.handle_timeout(at);
    assert_eq!(commands(&mut scene.session), [Command::Connect]);
    scene.session.handle_connected(at);
    let hello = ClientControl::plain_hello();
    assert_eq!(commands(&mut scene.session), [Command::Transmit(ClientToRelay::Control(hello))]);
}

#[test]
fn every_end_is_told_once() {
    for (end, ending) in [
        (ExitReason::Shutdown, Ending::RelayExit),
        (ExitReason::Fin, Ending::Fin),
        (ExitReason::Superseded, Ending::Superseded),
    ] {
        let mut scene = Scene::new();
        scene.events();
        let exit = RelayToClient::Control(RelayControl::Exit { reason: end });
        scene.session.handle_message(exit.clone(), NOW);
        scene.session.handle_message(exit, NOW);
        assert_eq!(scene.events(), [Event::Ended(ending)]);
        assert_eq!(scene.session.poll_timeout(), None);
    }
    let mut scene = Scene::new();
    scene.session.fin(NOW);
    scene.settle();
    assert_eq!(scene.events().last(), Some(&Event::Ended(Ending::Fin)));
    let mut session = PlainSession::new(1);
    session.handle_connect_failed("no relay", NOW);
    let text = "no relay".to_owned();
    assert_eq!(events(&mut session).last(), Some(&Event::Ended(Ending::Unreachable { text })));
}

fn anything() -> impl Strategy<Value = RelayToClient> {
    let (seat, token) = (Seat::Two, Token::from_bytes([1; 16]));
    (0..14_u8, 0..4_u32, 0..4_u64, any::<bool>()).prop_map(
        move |(what, pairing, sequence, flag)| {
            let role = if flag { Role::Emi } else { Role::Rec };
            let state = if flag { PeerState::Replaced } else { PeerState::Gone };
            let code = if flag { ErrorCode::NotYourTurn } else { ErrorCode::Stuck };
            let reason = if flag { ExitReason::Rejoin } else { ExitReason::Restart };
            RelayToClient::Control(match what {
                0 | 1 => RelayControl::Welcome {
                    seat,
                    token,
                    room: None,
                    pairing,
                    since: 0,
                    next_sequence: sequence,
                    grace_ms: 0,
                    returned: flag,
                    plain: true,
                },
                2..=5 => RelayControl::Role { role, turn: sequence },
                6 | 7 => RelayControl::Peer { state, pairing, since: 0, kept_ms: None },
                8 | 9 => RelayControl::Taken { sequence },
                10 => RelayControl::Error { code, text: "\x1b[2J".to_owned(), kept_ms: None },
                11 => RelayControl::Exit { reason },
                12 => RelayControl::Notice { text: "\x07".to_owned() },
                _ => {
                    let body = Bytes::from_static(b"a\x1b[31m\nb\xff");
                    return RelayToClient::Message { pairing, sequence, kept: flag, body };
                }
            })
        },
    )
}

proptest! {
    /// Whatever a relay says: nothing but text reaches the screen, nothing but lines and signs of life
    /// go out, and no word that was entered vanishes.
    #[test]
    fn a_relay_may_say_anything(
        steps in prop::collection::vec((0..6_u8, anything()), 1..80),
    ) {
        let mut session = PlainSession::new(3);
        let (mut number, mut now) = (0, NOW);
        let (mut entered, mut accounted) = (Vec::new(), Vec::new());
        for (what, message) in steps {
            match what {
                0 => {
                    number += 1;
                    if session.say(&format!("line {number}")).is_ok() {
                        entered.push(format!("line {number}"));
                    }
                }
                1 => session.handle_lost(now),
                _ => session.handle_message(message, now),
            }
            if let Some(at) = session.poll_timeout().filter(|_| what == 1) {
                now = now.max(at);
                session.handle_timeout(now);
            }
            for command in commands(&mut session) {
                match command {
                    Command::Connect => session.handle_connected(now),
                    Command::Transmit(ClientToRelay::Control(ClientControl::Hello { plain, .. })) => {
                        prop_assert!(plain);
                    }
                    Command::Transmit(message) => {
                        prop_assert_eq!(plain::check_message(&message), Ok(()));
                    }
                    other => prop_assert_eq!(other, Command::Disconnect),
                }
            }
            for event in events(&mut session) {
                match event {
                    Event::Words { text, .. } | Event::Notice(text) | Event::Trouble(text) => {
                        prop_assert!(text::is_clean(&text), "{text:?}");
                    }
                    Event::TakenBack { text, .. } => accounted.push(text),
                    Event::Marked { mark, draft } => {
                        prop_assert_eq!(mark, Mark::Taken);
                        accounted.push(format!("line {}", draft.0));
                    }
                    _ => {}
                }
            }
        }
        accounted.extend(session.unsaid().map(str::to_owned));
        accounted.sort();
        entered.sort();
        prop_assert_eq!(accounted, entered);
    }
}
