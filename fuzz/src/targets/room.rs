//! The relay's machine: any order of who comes, says, goes and comes back, restarts included.
//!
//! Nobody is told anything without a connection, the two are never both in `emi`, nothing that was
//! said for one pairing is passed on as another's, each input costs a few commands, and a room that
//! is written down and read again is the same.

use crate::draw::{self, Input};
use arbitrary::Result;
use bytes::{Bytes, BytesMut};
use couplet::frame::FrameDecoder;
use couplet::limits::{MAX_CONTROL_BODY, RETURN_LIMIT};
use couplet::message::{
    ErrorCode, Known, RelayControl, RelayToClient, Role, RoomName, Seat, Token,
};
use couplet::room::{Command, FailedPairing, Record, Room};
use couplet::time::Moment;
use std::collections::BTreeSet;
use std::time::Duration;

const GRACE: Duration = Duration::from_secs(30);

/// Somewhere in the year 2026, on the other clock.
const WALL: Duration = Duration::from_secs(1_790_000_000);

/// The most that is to be done about one input.
const MAX_COMMANDS: usize = 12;

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let name = draw::room(&mut input).unwrap_or_default();
    let mut world = World::new(name);
    // Running out of input is no find.
    while !input.is_empty() && world.step(&mut input).is_ok() {}
}

/// One room, and what its clients were told.
pub(super) struct World {
    room: Room,
    now: Moment,
    tokens: u8,
    /// The token with which each seat was last taken.
    seated: [Option<Token>; 2],
    here: [bool; 2],
    roles: [Option<Role>; 2],
    /// The number of the last turn and message that each client knows of.
    turn: u64,
    taken: [u64; 2],
    /// What was said: to whom, in which pairing, as which number.
    said: BTreeSet<(Seat, u32, u64, Bytes)>,
    signalled: BTreeSet<(Seat, u32, Bytes)>,
    failed: u32,
}

impl World {
    fn new(name: Option<RoomName>) -> Self {
        Self::of(Room::new(name, GRACE))
    }

    /// A room, of which nobody knows anything.
    pub(super) fn of(room: Room) -> Self {
        Self {
            room,
            now: Moment::START,
            tokens: 100,
            seated: [None; 2],
            here: [false; 2],
            roles: [None; 2],
            turn: 0,
            taken: [0; 2],
            said: BTreeSet::new(),
            signalled: BTreeSet::new(),
            failed: 0,
        }
    }

    /// What a room has kept may be told, too.
    pub(super) fn knows(&mut self, record: &Record) {
        self.turn = record.turn;
        self.taken = record.said;
        self.failed = record.failed;
        for seat in Seat::BOTH {
            if let Some(kept) = &record.last[seat.index()] {
                self.said.insert((seat, kept.pairing, kept.sequence, kept.body.clone()));
            }
        }
    }

    /// One thing happens.
    pub(super) fn step(&mut self, input: &mut Input<'_>) -> Result<()> {
        let seat = draw::seat(input)?;
        let pairing = self.room.pairing();
        let mut joining = None;
        match input.arbitrary::<u8>()? % 24 {
            0..=3 => {
                self.tokens = self.tokens.wrapping_add(1);
                let token = Token::from_bytes([self.tokens; 16]);
                match self.room.handle_join(token, self.now) {
                    Ok(seat) => joining = Some((seat, token)),
                    Err(code) => assert_eq!(code, ErrorCode::RoomTaken),
                }
            }
            4..=6 => {
                let wrong = draw::token(input)?;
                let own = self.seated[seat.index()].filter(|_| wrong == TOKEN);
                let token = own.unwrap_or(wrong);
                let known = Known {
                    turn: draw::near(input, self.turn)?,
                    said: draw::near(input, self.taken[seat.index()])?,
                    heard: draw::near(input, self.taken[seat.other().index()])?,
                };
                match self.room.handle_return(
                    token,
                    input.arbitrary()?,
                    input.arbitrary::<u8>()?.into(),
                    known,
                    self.now,
                ) {
                    Ok(seat) => joining = Some((seat, token)),
                    Err(code) => assert_eq!(code, ErrorCode::SeatGone),
                }
            }
            7..=11 => {
                let pairing = draw::near32(input, pairing)?;
                let next = self.taken[seat.index()].saturating_add(1);
                let sequence = draw::near(input, next)?;
                let body = draw::bytes(input)?;
                self.said.insert((seat.other(), pairing, sequence, body.clone()));
                self.room.handle_say(seat, pairing, sequence, body);
            }
            12 => self.room.handle_pass(seat, draw::near(input, self.turn)?),
            13 => {
                let (pairing, body) = (draw::near32(input, pairing)?, draw::bytes(input)?);
                self.signalled.insert((seat.other(), pairing, body.clone()));
                self.room.handle_signal(seat, pairing, body);
            }
            14 => self.room.handle_fin(seat),
            15 | 16 => {
                // Its connection is gone, so nobody is told anything there.
                self.here[seat.index()] = false;
                self.room.handle_lost(seat, self.now);
            }
            17 => self.wait(draw::wait(input)?),
            18 => {
                let told = draw::near32(input, pairing)?;
                let result = self.room.handle_pairing_failed(seat, told);
                if let Some(failed) = result {
                    assert!(told > self.failed && told <= pairing, "counted twice");
                    self.failed = told;
                    assert_eq!(failed == FailedPairing::Over, told < pairing);
                }
            }
            19 => {
                let tokens = [draw::token(input)?, draw::token(input)?];
                let both = self.here == [true; 2];
                let opened = self.room.handle_pipe_request(seat, input.arbitrary()?, tokens);
                assert_eq!(opened, both, "a pipe without two ends");
            }
            20 => self.room.handle_refusal(seat, ErrorCode::TooManyPipes, "no"),
            21 => self.reread(),
            22 => match input.arbitrary::<u8>()? % 4 {
                0 => self.room.handle_rejoin(),
                1 => self.room.handle_shutdown(),
                _ => self.restart(draw::wait(input)?),
            },
            _ => {
                // Killed, and started again with what was written down.
                self.here = [false; 2];
                let wait = draw::wait(input)?;
                self.reread();
                self.wait(wait);
            }
        }
        self.carry_out(joining);
        if self.room.standing().over {
            *self = Self { now: self.now, tokens: self.tokens, ..Self::new(None) };
        }
        self.check();
        Ok(())
    }

    fn wait(&mut self, wait: Duration) {
        self.now = self.now + wait;
        self.room.handle_timeout(self.now);
        let next = self.room.poll_timeout();
        assert!(next.is_none_or(|at| at > self.now), "it would be called for ever");
        assert!(next.is_none_or(|at| at <= self.now + GRACE.max(RETURN_LIMIT)), "{next:?}");
    }

    fn restart(&mut self, wait: Duration) {
        self.room.handle_restart(self.now);
        self.carry_out(None);
        assert_eq!(self.here, [false; 2]);
        self.reread();
        self.wait(wait);
    }

    /// Writes the room down and reads it again, which changes nothing but how long seats are kept.
    fn reread(&mut self) {
        let wall = WALL + self.now.since_start();
        let Some(record) = self.room.record(self.now, wall) else {
            return assert!(self.room.standing().over);
        };
        let read = Record::decode(&record.encode()).expect("what was written is read");
        assert_eq!(read, record);
        let room = Room::restore(read, GRACE, self.now, wall);
        let again = room.record(self.now, wall).expect("the room isn't over");
        for seat in [0, 1] {
            let token = |record: &Record| record.seats[seat].map(|kept| kept.token);
            assert_eq!(token(&again), token(&record), "somebody's seat is gone");
        }
        assert_eq!(Record { seats: record.seats, ..again.clone() }, record);
        let third = Room::restore(again.clone(), GRACE, self.now, wall).record(self.now, wall);
        assert_eq!(third, Some(again), "read once more it is another");
        if self.here == [false; 2] {
            self.room = room;
        }
    }

    fn carry_out(&mut self, joining: Option<(Seat, Token)>) {
        let mut admitted = None;
        for count in 0.. {
            let Some(command) = self.room.poll_command() else { break };
            assert!(count < MAX_COMMANDS, "{command:?} is one too many");
            match command {
                Command::Admit(seat) => {
                    let at = seat.index();
                    assert!(!self.here[at], "two connections in one seat");
                    let (_, token) = joining.filter(|(to, _)| *to == seat).expect("one who comes");
                    assert!(admitted.replace(seat).is_none(), "two seats for one");
                    self.seated[at] = Some(token);
                    self.here[at] = true;
                    self.roles[at] = None;
                }
                Command::Close(seat) => {
                    assert!(std::mem::take(&mut self.here[seat.index()]), "closed twice");
                }
                Command::Send { to, message } => {
                    assert!(self.here[to.index()], "{message:?} to nobody");
                    self.hear(to, message);
                }
            }
        }
        assert_eq!(admitted, joining.map(|(seat, _)| seat));
    }

    fn hear(&mut self, to: Seat, message: RelayToClient) {
        fits(&message);
        let at = to.index();
        match message {
            RelayToClient::Control(control) => match control {
                RelayControl::Role { role, turn } => {
                    self.roles[at] = Some(role);
                    self.turn = turn;
                }
                RelayControl::Taken { sequence } => {
                    self.taken[at] = self.taken[at].max(sequence);
                }
                RelayControl::Welcome { seat, next_sequence, .. } => {
                    assert_eq!(seat, to);
                    self.taken[at] = next_sequence.saturating_sub(1);
                }
                RelayControl::Peer { .. }
                | RelayControl::Pipe { .. }
                | RelayControl::Joined
                | RelayControl::Notice { .. }
                | RelayControl::Exit { .. }
                | RelayControl::Error { .. }
                | RelayControl::Pong => {}
            },
            RelayToClient::Message { pairing, sequence, body, .. } => {
                let what = (to, pairing, sequence, body);
                assert!(self.said.contains(&what), "nobody said {what:?}");
            }
            RelayToClient::Signal { pairing, body } => {
                assert_eq!(pairing, self.room.pairing());
                assert!(self.signalled.contains(&(to, pairing, body)), "nobody signalled that");
            }
        }
    }

    fn check(&self) {
        let standing = self.room.standing();
        assert_eq!(standing.met, self.room.pairing() > 0);
        assert_eq!(standing.open, standing.tokens.contains(&None));
        for seat in Seat::BOTH {
            let token = standing.tokens[seat.index()];
            let here = self.here[seat.index()];
            assert!(!here || token == self.seated[seat.index()].map(Token::hash));
        }
        if self.here == [true; 2] {
            let [one, two] = self.roles;
            assert!(one.is_some() && two.is_some() && one != two, "{one:?} and {two:?}");
        }
    }
}

/// A token that says that the seat's own is to be used.
const TOKEN: Token = Token::from_bytes([0; 16]);

/// What is told fits into a frame, and is read as it was meant.
fn fits(message: &RelayToClient) {
    let mut bytes = BytesMut::new();
    message.encode(&mut bytes);
    let mut decoder = FrameDecoder::new(MAX_CONTROL_BODY);
    decoder.push(&bytes);
    let frame = decoder.poll_frame().expect("a good frame").expect("a whole frame");
    assert_eq!(RelayToClient::decode(frame).as_ref(), Ok(message));
}
