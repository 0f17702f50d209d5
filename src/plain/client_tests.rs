//! Clients of the plain door in a real room, point by point.

use super::*;
use crate::message::{Seat, Token};
use crate::room::{self, Room};
use crate::time::Moment;
use proptest::prelude::*;

/// A room with a client of lines at each seat, and what each of them has been told and not yet heard.
struct Scene {
    room: Room,
    seats: [Option<(Client, VecDeque<RelayToClient>)>; 2],
    /// What those who sit, or sat, there were written.
    written: [Vec<String>; 2],
    /// What the room has taken, and from where.
    taken: Vec<(Seat, String)>,
    tokens: u8,
}

impl Scene {
    fn new() -> Self {
        Self {
            room: Room::plain(),
            seats: [None, None],
            written: [Vec::new(), Vec::new()],
            taken: Vec::new(),
            tokens: 0,
        }
    }

    fn pair() -> Self {
        let mut scene = Self::new();
        assert_eq!([scene.join(), scene.join()], [Seat::One, Seat::Two]);
        assert_eq!([scene.heard(Seat::One), scene.heard(Seat::Two)], [["1", "emi"], ["2", "rec"]]);
        scene
    }

    fn join(&mut self) -> Seat {
        let seat = self.sit_down();
        self.settle();
        seat
    }

    /// Takes a seat; nothing of what that brings has been heard yet.
    fn sit_down(&mut self) -> Seat {
        self.tokens = self.tokens.wrapping_add(1);
        let token = Token::from_bytes([self.tokens; 16]);
        let seat = self.room.handle_join(token, Moment::START).expect("an empty seat");
        self.seats[seat.index()] = Some((Client::default(), VecDeque::new()));
        self.written[seat.index()].clear();
        self.carry_out();
        seat
    }

    /// The client says these bytes, and all comes to rest.
    fn says(&mut self, seat: Seat, bytes: &[u8]) -> &mut Self {
        self.act(seat, |client| client.handle_bytes(bytes));
        self.settle();
        self
    }

    fn act(&mut self, seat: Seat, act: impl FnOnce(&mut Client)) {
        if let Some((client, _)) = &mut self.seats[seat.index()] {
            act(client);
        }
        self.obey(seat);
    }

    fn obey(&mut self, seat: Seat) {
        while let Some(command) =
            self.seats[seat.index()].as_mut().and_then(|(client, _)| client.poll_command())
        {
            match command {
                Command::Write(line) => {
                    let line = String::from_utf8(line.to_vec()).expect("text");
                    let line = line.strip_suffix('\n').expect("an end");
                    assert!(check(line.as_bytes()).is_ok(), "{line:?}");
                    self.written[seat.index()].push(line.to_owned());
                }
                Command::Tell(message) => {
                    assert_eq!(super::super::check_message(&message), Ok(()));
                    match message {
                        ClientToRelay::Say { pairing, sequence, body } => {
                            if pairing == self.room.pairing() {
                                let line = String::from_utf8(body.to_vec()).expect("text");
                                self.taken.push((seat, line));
                            }
                            self.room.handle_say(seat, pairing, sequence, body);
                        }
                        ClientToRelay::Control(control) => {
                            assert_eq!(control, ClientControl::Fin);
                            self.room.handle_fin(seat);
                        }
                        ClientToRelay::Signal { .. } => panic!("a signal"),
                    }
                    self.carry_out();
                }
            }
        }
    }

    fn carry_out(&mut self) {
        while let Some(command) = self.room.poll_command() {
            match command {
                room::Command::Admit(_) => {}
                room::Command::Send { to, message } => {
                    if let Some((_, queue)) = &mut self.seats[to.index()] {
                        queue.push_back(message);
                    }
                }
                room::Command::Close(seat) => {
                    // What is on the way arrives before the end.
                    while self.hear_one(seat) {}
                    self.seats[seat.index()] = None;
                }
            }
        }
    }

    /// Hears one message that is on its way.
    fn hear_one(&mut self, seat: Seat) -> bool {
        let Some((client, queue)) = &mut self.seats[seat.index()] else { return false };
        let Some(message) = queue.pop_front() else { return false };
        client.handle_message(message);
        self.obey(seat);
        true
    }

    fn settle(&mut self) {
        while self.hear_one(Seat::One) | self.hear_one(Seat::Two) {}
    }

    fn heard(&mut self, seat: Seat) -> Vec<String> {
        std::mem::take(&mut self.written[seat.index()])
    }

    fn is_empty(&self, seat: Seat) -> bool {
        self.seats[seat.index()].is_none()
    }
}

const ONE: Seat = Seat::One;
const TWO: Seat = Seat::Two;

#[test]
fn numbers_and_roles_are_told_once_and_lines_alternate() {
    let mut scene = Scene::new();
    scene.join();
    assert_eq!(scene.heard(ONE), ["1"]);
    scene.join();
    assert_eq!([scene.heard(ONE), scene.heard(TWO)], [vec!["emi"], vec!["2", "rec"]]);
    scene.says(ONE, b"hello\n");
    assert_eq!((scene.heard(ONE), scene.heard(TWO)), (vec![], vec!["hello".to_owned()]));
    scene.says(TWO, b"hi\r\n").says(ONE, b"how are you?\0").says(TWO, "très bien\n".as_bytes());
    assert_eq!(scene.heard(ONE), ["hi", "très bien"]);
    assert_eq!(scene.heard(TWO), ["how are you?"]);
}

#[test]
fn lines_out_of_turn_wait_one_for_each_turn() {
    let mut scene = Scene::new();
    scene.join();
    scene.says(ONE, b"early 1\nearly 2\nearly 3\n");
    assert_eq!(scene.heard(ONE), ["1"]);
    scene.join();
    assert_eq!(scene.heard(TWO), ["2", "rec", "early 1"]);
    scene.says(TWO, b"a\nb\n");
    assert_eq!(scene.heard(ONE), ["emi", "a", "b"]);
    assert_eq!(scene.heard(TWO), ["early 2", "early 3"]);
}

#[test]
fn an_empty_line_gives_the_turn_away() {
    let mut scene = Scene::pair();
    scene.says(ONE, b"\n").says(TWO, b"mine\n\0").says(ONE, b"yours\n");
    assert_eq!(
        (scene.heard(ONE), scene.heard(TWO)),
        (vec!["mine".to_owned()], vec![String::new(), "yours".to_owned()])
    );
}

#[test]
fn sixty_four_lines_are_held_and_one_more_ends_it_without_a_secret() {
    let mut scene = Scene::pair();
    let lines = (1..=64).map(|number| format!("line {number}\n")).collect::<Vec<_>>().concat();
    scene.says(TWO, lines.as_bytes());
    assert!(scene.heard(TWO).is_empty() && !scene.is_empty(TWO));
    scene.says(TWO, b"line 65\nline 66\n");
    let told = scene.heard(TWO);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("error 64 lines wait for your turn already, "), "{told:?}");
    assert!(
        told[0].contains("not passed on: \"line 1\", \"line 2\"")
            && told[0].ends_with("\"line 64\", \"line 65\", and whatever came after)"),
        "{told:?}"
    );
    assert!(scene.is_empty(TWO));
    // The other goes on.
    assert_eq!(scene.join(), TWO);
    scene.says(ONE, b"still here\n");
    assert_eq!(scene.heard(TWO), ["2", "rec", "still here"]);
}

#[test]
fn fin_leaves_in_either_role_and_the_newcomer_goes_on() {
    let mut scene = Scene::pair();
    scene.says(ONE, b"for seat two\n").says(TWO, b"fin\nand more\n");
    assert_eq!((scene.heard(ONE), scene.is_empty(TWO)), (vec![], true));
    assert_eq!(scene.join(), TWO);
    assert_eq!(scene.heard(TWO), ["2", "emi", "for seat two"]);
    scene.says(TWO, b"thanks\n");
    assert_eq!(scene.heard(ONE), ["thanks"]);
    // The same for one who listens, and for seat 1, to which "thanks" was the last.
    scene.says(ONE, b"x\n").says(ONE, b"fin\r\n");
    assert_eq!((scene.heard(ONE), scene.is_empty(ONE)), (vec![], true));
    assert_eq!(scene.join(), ONE);
    assert_eq!(scene.heard(ONE), ["1", "rec", "thanks"]);
}

#[test]
fn what_is_held_when_a_client_leaves_is_named_to_it() {
    let mut scene = Scene::pair();
    let long = "é".repeat(60);
    scene.says(TWO, format!("one\n{long}\nfin\n").as_bytes());
    let expected = format!(
        "error not passed on: \"one\", \"{}…\", as you left before it was your turn to say that",
        "é".repeat(40)
    );
    assert_eq!((scene.heard(TWO), scene.is_empty(TWO)), (vec![expected], true));
}

#[test]
fn an_end_is_a_fin_and_half_a_line_is_none() {
    let mut scene = Scene::pair();
    scene.says(TWO, b"held\nhalf a l\xc3");
    scene.act(TWO, Client::handle_end);
    let told = scene.heard(TWO).join("\n");
    assert!(told.starts_with("error not passed on: \"held\", \"half a l\u{fffd}\", as"), "{told}");
    assert!(scene.is_empty(TWO) && scene.heard(ONE).is_empty());
    scene.act(ONE, Client::handle_end);
    assert_eq!((scene.heard(ONE), scene.is_empty(ONE)), (vec![], true));
}

#[test]
fn what_is_no_line_is_told_and_ends_it() {
    for (bytes, told) in [
        (&b"bad \xff\nnext\n"[..], "error a line isn't text in UTF-8; send UTF-8"),
        (
            &vec![b'x'; 16 * 1024 + 2],
            "error a line has more than 16384 bytes; send shorter ones, each ended by a line feed",
        ),
    ] {
        let mut scene = Scene::pair();
        scene.says(ONE, bytes);
        assert_eq!((scene.heard(ONE), scene.is_empty(ONE)), (vec![told.to_owned()], true));
        assert!(scene.heard(TWO).is_empty());
    }
}

#[test]
fn the_end_of_the_relay_is_the_last_word() {
    let mut scene = Scene::pair();
    scene.says(TWO, b"held\n");
    scene.room.handle_shutdown();
    scene.carry_out();
    assert_eq!(scene.heard(ONE), ["exit"]);
    let told = scene.heard(TWO);
    assert_eq!(told, ["error not passed on: \"held\", as the relay is being ended", "exit"]);
    assert!(scene.is_empty(ONE) && scene.is_empty(TWO));
}

#[test]
fn what_the_room_refuses_is_told_as_a_line() {
    let mut scene = Scene::pair();
    scene.says(TWO, b"held\n");
    scene.room.handle_idle();
    scene.carry_out();
    for (seat, tail) in [(ONE, "meet anew"), (TWO, "meet anew (not passed on: \"held\")")] {
        let told = scene.heard(seat);
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("error nothing happened in this room"), "{told:?}");
        assert!(told[0].ends_with(tail), "{told:?}");
    }
}

#[test]
fn a_line_that_meets_a_newcomer_reaches_it() {
    let mut scene = Scene::pair();
    scene.says(TWO, b"fin\n");
    // Somebody sits down, but client 1 hasn't heard of it when it speaks, and leaves at once.
    scene.sit_down();
    scene.act(ONE, |client| client.handle_bytes(b"who is it?\nfin\n"));
    assert!(!scene.is_empty(ONE), "it leaves when what it said is taken");
    scene.settle();
    assert_eq!(scene.heard(TWO), ["2", "rec", "who is it?"]);
    assert!(scene.is_empty(ONE) && scene.heard(ONE).is_empty());
}

#[test]
fn memory_is_told_and_given_back() {
    let mut scene = Scene::pair();
    let line = format!("{}\n", "x".repeat(10_000));
    for _ in 0..5 {
        scene.says(TWO, line.as_bytes());
    }
    let memory = |scene: &Scene| scene.seats[1].as_ref().map(|(client, _)| client.memory());
    assert!(memory(&scene).is_some_and(|memory| (50_000..60_000).contains(&memory)));
    scene.act(TWO, Client::handle_short);
    scene.settle();
    let told = scene.heard(TWO).join("\n");
    assert!(told.starts_with("error the relay is short of memory, and"), "{told}");
    assert!(told.contains("not passed on: \"xxxx") && scene.is_empty(TWO));
}

/// What is known of who sits at a seat.
#[derive(Default)]
struct Sitter {
    /// The numbers of the lines that it has entered.
    entered: Vec<u32>,
    /// Those that the room has taken.
    taken: Vec<u32>,
    /// The numbers of the lines that it has heard.
    heard: Vec<u32>,
    /// Whether it has left; what it says after that nobody takes.
    leaves: bool,
}

fn number(line: &str) -> Option<u32> {
    line.trim_matches('"').strip_prefix("line ")?.parse().ok()
}

proptest! {
    /// Whatever happens, and however late it is heard of: what a client says is taken, or named to it as
    /// not passed on when it leaves; and it hears each line once, in order.
    #[test]
    fn nothing_is_lost_in_silence(
        steps in prop::collection::vec((0..2_usize, 0..12_u8, 0..4_u8), 1..150),
    ) {
        let mut scene = Scene::new();
        let mut sitters = [Sitter::default(), Sitter::default()];
        let (mut lines, mut all_taken) = (0, Vec::new());
        for (at, what, hears) in steps {
            let seat = Seat::BOTH[at];
            match what {
                0 | 1 if scene.is_empty(seat) => {
                    let seat = scene.sit_down();
                    sitters[seat.index()] = Sitter::default();
                }
                2 | 3 => {
                    sitters[at].leaves = true;
                    scene.act(seat, |client| match what {
                        2 => client.handle_end(),
                        _ => client.handle_bytes(b"fin\n"),
                    });
                }
                _ if !scene.is_empty(seat) && !sitters[at].leaves => {
                    lines += 1;
                    sitters[at].entered.push(lines);
                    let line = format!("line {lines}\n");
                    scene.act(seat, |client| client.handle_bytes(line.as_bytes()));
                }
                _ => {}
            }
            for _ in 0..hears {
                scene.hear_one(seat);
                scene.hear_one(seat.other());
            }
            for (seat, line) in std::mem::take(&mut scene.taken) {
                let line = number(&line).expect("a line");
                sitters[seat.index()].taken.push(line);
                all_taken.push(line);
            }
            for seat in Seat::BOTH {
                for line in scene.heard(seat) {
                    let sitter = &mut sitters[seat.index()];
                    if let Some(line) = number(&line) {
                        prop_assert!(all_taken.contains(&line));
                        prop_assert!(sitter.heard.last().is_none_or(|last| *last < line), "{line}");
                        sitter.heard.push(line);
                    } else if line.starts_with("error ") {
                        let (_, named) = line.split_once("not passed on: ").expect("names");
                        let named: Vec<_> =
                            named.split([',', ')']).filter_map(|part| number(part.trim())).collect();
                        let all = [&sitter.taken[..], &named].concat();
                        prop_assert_eq!(&all, &sitter.entered);
                        sitter.taken = all;
                    }
                }
                if scene.is_empty(seat) {
                    prop_assert_eq!(&sitters[seat.index()].taken, &sitters[seat.index()].entered);
                }
            }
        }
    }
}
