//! The engine, the user and the relay of one session.

use super::peer::{Peer, what};
use crate::draw::{self, Input};
use crate::keys::PASSWORD;
use arbitrary::Result;
use bytes::{Bytes, BytesMut};
use couplet::frame::FrameDecoder;
use couplet::limits::{MAX_CONTROL_BODY, MAX_HELD, MAX_MESSAGE_BYTES};
use couplet::message::{
    ClientControl, ClientToRelay, PeerState, RelayControl, RelayToClient, Role, RoomName, Seat,
};
use couplet::seal::{Entropy, Password};
use couplet::session::{Command, Config, Ending, Event, Kept, Meet, Session, Verdict};
use couplet::text;
use couplet::time::Moment;
use couplet::transfer::book::TransferId;
use couplet::transfer::outcome::{Outcome, Problems};
use couplet::transfer::wire::Fault;

/// What the user says has this in it.
const SECRET: &str = "the cat is in the attic";

/// The most that is to be done, or shown, about one input: all that waits may go out again.
const MAX_DUE: usize = 4096;

/// More than may wait: held, out, and those that were refused.
const MAX_WAITING: usize = 3 * MAX_HELD;

/// One session and all that is around it.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(in crate::targets) struct World {
    pub(in crate::targets) session: Session,
    pub(in crate::targets) now: Moment,
    by_code: bool,
    /// Whether the engine was asked to connect, and whether there is a connection.
    connecting: bool,
    connected: bool,
    /// What the relay has told last.
    pub(super) seat: Seat,
    pub(super) room: Option<RoomName>,
    pub(super) pairing: u32,
    pub(super) turn: u64,
    /// The number of the last words that went out.
    pub(super) said: u64,
    heard: u64,
    /// Whether the relay has given a seat on this connection.
    pub(super) seated: bool,
    /// The pipes that were asked for.
    pub(super) tags: Vec<u64>,
    over: bool,
    peer: Peer,
    starts: u8,
}

fn config(seed: u8, by_code: bool) -> Config {
    let password = Password::new(if by_code { PASSWORD.to_owned() } else { String::new() });
    let meet = if by_code { Meet::In(RoomName::numbered(7)) } else { Meet::Anybody };
    Config { meet, password, name: Some("me".to_owned()), ..Config::new(Entropy::new([seed; 32])) }
}

impl World {
    pub(in crate::targets) fn new(by_code: bool) -> Self {
        Self::of(Session::new(config(1, by_code)), by_code)
    }

    /// A session that goes on from what was kept.
    pub(in crate::targets) fn resumed(kept: Kept) -> Self {
        let mut world = Self::new(false);
        (world.pairing, world.turn) = (kept.pairing, kept.known.turn);
        world.seat = kept.seat.map_or(world.seat, |(seat, _)| seat);
        world.said = kept.known.said;
        world.start(kept);
        world
    }

    fn of(session: Session, by_code: bool) -> Self {
        Self {
            session,
            now: Moment::START,
            by_code,
            connecting: false,
            connected: false,
            seat: Seat::One,
            room: None,
            pairing: 0,
            turn: 0,
            said: 0,
            heard: 0,
            seated: false,
            tags: Vec::new(),
            over: false,
            peer: Peer::default(),
            starts: 1,
        }
        .settled()
    }

    fn settled(mut self) -> Self {
        self.carry_out();
        self
    }

    /// One thing happens.
    pub(in crate::targets) fn step(&mut self, input: &mut Input<'_>) -> Result<()> {
        let choice = input.arbitrary::<u8>()? % 32;
        if self.over && choice > 19 && choice != 21 {
            // The engine has ended with the session.
            return Ok(());
        }
        match choice {
            0..=2 => self.meet(input)?,
            3..=7 => self.relay_says(input)?,
            8..=12 => {
                let body = self.peer.signal(input)?;
                self.signal(draw::near32(input, self.pairing)?, body);
            }
            13..=15 => {
                let sequence = draw::near(input, self.heard.saturating_add(1))?;
                let pairing = draw::near32(input, self.pairing)?;
                let (kept, body) = (input.arbitrary()?, self.peer.words(input, sequence)?);
                self.heard = sequence;
                self.tell(RelayToClient::Message { pairing, sequence, kept, body });
            }
            16 => self.exchange_on(input.arbitrary()?),
            17 => self.give_pipe(input)?,
            18 | 19 => self.wait(input)?,
            20 => self.engine_says(input)?,
            21 => self.restart(),
            _ => self.user_wishes(input)?,
        }
        self.carry_out();
        self.check();
        Ok(())
    }

    /// A connection, a seat, a peer and keys, if all goes well.
    fn meet(&mut self, input: &mut Input<'_>) -> Result<()> {
        if self.connecting {
            self.connecting = false;
            self.connected = true;
            self.session.handle_connected(self.now);
            self.carry_out();
        }
        let again: bool = input.arbitrary()?;
        self.pairing = self.pairing.max(1);
        if !self.seated {
            self.welcome(input)?;
        }
        let state = PeerState::Present;
        let (pairing, since) = (self.pairing, self.pairing.min(1));
        self.peer_begins(again);
        self.control(RelayControl::Peer { state, pairing, since, kept_ms: None });
        self.exchange_on(false);
        let role = if input.arbitrary()? { Role::Emi } else { Role::Rec };
        self.control(RelayControl::Role { role, turn: self.turn });
        Ok(())
    }

    fn welcome(&mut self, input: &mut Input<'_>) -> Result<()> {
        let welcome = RelayControl::Welcome {
            seat: self.seat,
            token: draw::token(input)?,
            room: self.room.clone(),
            pairing: self.pairing,
            since: self.pairing.min(draw::near32(input, 1)?),
            next_sequence: draw::near(input, self.said.saturating_add(1))?,
            grace_ms: 1000,
            returned: input.arbitrary()?,
            plain: false,
        };
        self.control(welcome);
        Ok(())
    }

    fn peer_begins(&mut self, again: bool) {
        let room = if self.by_code { "7" } else { "" };
        self.peer.begin(self.seat.other(), room, self.pairing, self.by_code, again);
    }

    /// The exchange goes on as far as it does by itself.
    fn exchange_on(&mut self, anew: bool) {
        if anew {
            self.peer_begins(false);
        }
        for _ in 0..4 {
            for body in std::mem::take(&mut self.peer.steps) {
                self.signal(self.pairing, body);
            }
            self.carry_out();
        }
    }

    fn engine_says(&mut self, input: &mut Input<'_>) -> Result<()> {
        let id = self.transfer(input)?;
        let text = draw::text(input)?;
        match input.arbitrary::<u8>()? % 12 {
            0..=2 if self.connected => {
                self.connected = false;
                self.session.handle_lost(self.now);
            }
            0..=2 if self.connecting => {
                self.connecting = false;
                self.session.handle_connect_failed(&text, self.now);
            }
            3 if self.connected => self.session.handle_garbage(&text),
            4 if self.connecting => self.session.handle_distrusted(&text),
            5 => self.session.handle_disk(id, input.arbitrary()?),
            6 => {
                let outcome = if input.arbitrary()? {
                    Outcome::Verified { saved_as: text, problems: Problems::default() }
                } else {
                    Outcome::Failed { code: Fault::Storage, text }
                };
                self.session.handle_transfer_ended(id, outcome, self.now);
            }
            7 | 8 => self.session.handle_pipe_lost(id, input.arbitrary()?, self.now),
            9 => self.session.handle_pipes_wanted(id, input.arbitrary()?),
            10 => self.session.request_another_pipe(id),
            _ => drop(self.session.offer_from_before(what(input)?)),
        }
        Ok(())
    }

    fn user_wishes(&mut self, input: &mut Input<'_>) -> Result<()> {
        let id = self.transfer(input)?;
        match input.arbitrary::<u8>()? % 20 {
            0..=5 => {
                let result = self.session.say(&format!("{SECRET} {}", draw::text(input)?));
                if let Err(error) = result {
                    assert!(text::is_clean(&error.to_string()));
                }
            }
            6 => self.session.take_back(None),
            7 => self.session.pass(),
            8 => self.session.shown(draw::near(input, self.heard)?),
            9 => self.session.typing(input.arbitrary()?),
            10 => self.session.compare(),
            11 => {
                let same: bool = input.arbitrary()?;
                let verdict = if same { Verdict::Same } else { Verdict::Different };
                self.session.verify(verdict, self.now);
            }
            12 | 13 => {
                // So many at once that all there is room for is taken.
                for _ in 0..if input.ratio(1, 8)? { 40 } else { 1 } {
                    drop(self.session.offer(what(input)?));
                }
            }
            14 | 15 => {
                for id in self.session.open_offers(None).unwrap_or_default() {
                    self.session.accept(id, input.arbitrary()?, self.now);
                }
            }
            16 => self.session.decline(input.arbitrary::<bool>()?.then_some(id)),
            17 => self.session.cancel(Some(id), input.arbitrary()?, self.now),
            18 => self.session.pause(Some(id), input.arbitrary()?),
            _ => match input.arbitrary::<u8>()? % 8 {
                0 => self.session.fin(self.now),
                1 => self.session.leave(self.now),
                _ => self.session.accept(id, true, self.now),
            },
        }
        Ok(())
    }

    /// A transfer that there is, as a rule.
    fn transfer(&self, input: &mut Input<'_>) -> Result<TransferId> {
        let count = self.session.transfers().count();
        if count == 0 || input.ratio(1, 8)? {
            return Ok(TransferId(draw::near32(input, 1)?));
        }
        // The last are most often those that move.
        let at = count - 1 - input.choose_index(count.min(12))?;
        Ok(self.session.transfers().nth(at).map_or(TransferId(1), |(id, _)| id))
    }

    fn wait(&mut self, input: &mut Input<'_>) -> Result<()> {
        self.now = match self.session.poll_timeout() {
            Some(at) if input.ratio(3, 4)? => at.max(self.now),
            Some(_) | None => self.now + draw::wait(input)?,
        };
        self.session.handle_timeout(self.now);
        let next = self.session.poll_timeout();
        assert!(next.is_none_or(|at| at > self.now), "it would be called for ever");
        Ok(())
    }

    /// The client is killed and started again, with what was written down last.
    fn restart(&mut self) {
        if let Some(kept) = self.session.kept() {
            self.start(kept);
        }
    }

    fn start(&mut self, kept: Kept) {
        let json = serde_json::to_string(&kept).expect("JSON");
        assert_eq!(serde_json::from_str::<Kept>(&json).expect("what was written is read"), kept);
        self.starts = self.starts.wrapping_add(1);
        self.session = Session::resume(config(self.starts, self.by_code), kept);
        (self.connecting, self.connected, self.over) = (false, false, false);
    }

    pub(super) fn control(&mut self, control: RelayControl) {
        self.seated |= self.connected && matches!(control, RelayControl::Welcome { .. });
        self.tell(RelayToClient::Control(control));
        self.carry_out();
    }

    fn signal(&mut self, pairing: u32, body: Bytes) {
        self.tell(RelayToClient::Signal { pairing, body });
    }

    fn tell(&mut self, message: RelayToClient) {
        if self.connected {
            self.session.handle_message(message, self.now);
        }
    }

    /// Does what the session asks for, and looks at what it shows.
    fn carry_out(&mut self) {
        for count in 0.. {
            let Some(command) = self.session.poll_command() else { break };
            assert!(count < MAX_DUE, "{command:?} is one too many");
            match command {
                Command::Connect => {
                    (self.connecting, self.connected, self.seated) = (true, false, false);
                }
                Command::Disconnect => {
                    (self.connecting, self.connected, self.seated) = (false, false, false);
                }
                Command::Transmit(message) => {
                    fits(&message);
                    self.transmitted(message);
                }
                Command::BeginSending { .. }
                | Command::OpenPipe { .. }
                | Command::DropPipes(_)
                | Command::WantPipes { .. }
                | Command::HoldTransfer { .. }
                | Command::FinishSending { .. }
                | Command::RestartTransfer(_)
                | Command::StopTransfer { .. } => {}
            }
        }
        for count in 0.. {
            let Some(event) = self.session.poll_event() else { break };
            assert!(count < MAX_DUE, "{event:?} is one too many");
            assert!(!self.over, "{event:?} after the end");
            self.shown(event);
        }
        assert_eq!(self.session.is_over(), self.over, "an end that nobody is told of");
    }

    fn transmitted(&mut self, message: ClientToRelay) {
        let body = match message {
            ClientToRelay::Say { sequence, body, .. } => {
                self.said = sequence;
                body
            }
            ClientToRelay::Signal { body, .. } => {
                self.peer.hear(&body);
                body
            }
            ClientToRelay::Control(ClientControl::Hello { .. }) => Bytes::new(),
            ClientToRelay::Control(ClientControl::RequestPipe { tag }) => {
                self.tags.push(tag);
                return;
            }
            ClientToRelay::Control(_) => return,
        };
        let secret = SECRET.as_bytes();
        assert!(!body.windows(secret.len()).any(|window| window == secret), "readable words");
    }

    fn shown(&mut self, event: Event) {
        let clean = |text: &str| assert!(text::is_clean(text), "unclean: {text:?}");
        match event {
            Event::PeerName(text)
            | Event::Notice(text)
            | Event::Trouble(text)
            | Event::Held { text, .. }
            | Event::TakenBack { text, .. }
            | Event::Said { text, .. } => clean(&text),
            Event::Words { text, .. } => {
                clean(&text);
                assert!(text.len() <= MAX_MESSAGE_BYTES);
            }
            Event::Ended(ending) => {
                self.over = true;
                match ending {
                    Ending::Refused { text, .. }
                    | Ending::WrongCode { text }
                    | Ending::Distrusted { text }
                    | Ending::Protocol { text } => clean(&text),
                    // That one is the engine's own.
                    Ending::Unreachable { .. }
                    | Ending::Fin
                    | Ending::RelayExit
                    | Ending::Superseded => {}
                }
            }
            Event::Link(_)
            | Event::Seated { .. }
            | Event::Role(_)
            | Event::Peer { .. }
            | Event::Seal(_)
            | Event::PeerCompares
            | Event::PeerTyping(_)
            | Event::RoundTrip(_)
            | Event::Marked { .. }
            | Event::Passed
            | Event::Transfer { .. } => {}
        }
    }

    fn check(&self) {
        assert!(self.session.unsaid().count() <= MAX_WAITING, "more waits than may");
        assert!(self.session.transfers().count() <= 4 * MAX_DUE);
        if self.over {
            assert_eq!(self.session.poll_timeout(), None, "it is over");
        }
        if let Some(kept) = self.session.kept() {
            let again = Session::resume(config(0, self.by_code), kept.clone()).kept();
            assert_eq!(again, Some(kept), "something is lost by starting anew");
        }
    }
}

/// What goes out fits into a frame, and is read as it was meant.
fn fits(message: &ClientToRelay) {
    let mut bytes = BytesMut::new();
    message.encode(&mut bytes);
    let mut decoder = FrameDecoder::new(MAX_CONTROL_BODY);
    decoder.push(&bytes);
    let frame = decoder.poll_frame().expect("a good frame").expect("a whole frame");
    assert_eq!(ClientToRelay::decode(frame).as_ref(), Ok(message));
}
