//! A peer by hand: it agrees on keys like any client, and then says whatever a test wants.

use super::PATIENCE;
use super::raw_pipe::RawPipe;
use bytes::{Bytes, BytesMut};
use couplet::frame::{self, FrameDecoder};
use couplet::limits::MAX_CONTROL_BODY;
use couplet::message::{
    ClientControl, ClientToRelay, PeerState, RelayControl, RelayToClient, Role, RoomName, Seat,
    Token,
};
use couplet::peer::{Envelope, PeerSignal, decode};
use couplet::seal::{Agreed, Entropy, Exchange, Password, Progress, Setup, Suites};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;

/// Somebody in a seat across the one who waits.
pub struct RawPeer {
    line: Line,
    relay: String,
    agreed: Box<Agreed>,
    entropy: Entropy,
    seat: Seat,
    pairing: u32,
    /// Numbered signals that were said.
    said: u64,
}

/// What a peer hears that it may have to do something about.
#[derive(Debug)]
pub enum Heard {
    /// Something sealed from the one across.
    Signal(Envelope),
    /// Its end of a pipe.
    Pipe { tag: u64, token: Token },
    /// Nobody is across any more, or the relay has hung up.
    Gone,
}

/// The answer to an offer.
#[derive(Debug, PartialEq, Eq)]
pub enum Answered {
    Accepted {
        part: bool,
    },
    Declined,
    /// It was there already.
    Finished,
    /// The one across has left.
    Gone,
}

impl RawPeer {
    /// Takes the seat across whoever waits without a code, and agrees on keys.
    pub fn join(relay: &str) -> Self {
        Self::enter(relay, "", "")
    }

    /// Meets whoever waits with this code, such as `7-otter-lamp`.
    pub fn meet(relay: &str, code: &str) -> Self {
        let (room, words) = code.split_once('-').expect("a number and words");
        Self::enter(relay, room, words)
    }

    fn enter(relay: &str, room: &str, words: &str) -> Self {
        let mut line = Line::open(relay);
        let name = (!room.is_empty()).then(|| RoomName::new(room).expect("a room's name"));
        let hello = ClientControl::hello(name, false, None);
        let password = Password::new(words.to_owned());
        let mut out = BytesMut::new();
        out.extend_from_slice(&frame::opening());
        ClientToRelay::Control(hello).encode(&mut out);
        line.stream.write_all(&out).expect("written");
        let (mut own, mut exchange) = (Seat::Two, None);
        loop {
            match line.next().expect("the relay hung up") {
                RelayToClient::Control(RelayControl::Welcome { seat, .. }) => own = seat,
                RelayToClient::Control(RelayControl::Peer {
                    state: PeerState::Present | PeerState::Replaced,
                    pairing,
                    ..
                }) => {
                    let (begun, first) = Exchange::new(&Setup {
                        seat: own,
                        room,
                        pairing,
                        password: &password,
                        suites: Suites::new(false),
                        random: &[42; 32],
                    });
                    if let Some(first) = first {
                        line.signal(pairing, first);
                    }
                    exchange = Some(begun);
                }
                RelayToClient::Signal { body, pairing } => {
                    let exchange = exchange.as_mut().expect("a peer");
                    match exchange.handle(&body).expect("a step") {
                        Progress::Known => {}
                        Progress::Send(body) => line.signal(pairing, body),
                        Progress::Done(body, agreed) => {
                            if let Some(body) = body {
                                line.signal(pairing, body);
                            }
                            let (relay, entropy) = (relay.to_owned(), Entropy::new([7; 32]));
                            return Self {
                                line,
                                relay,
                                agreed,
                                entropy,
                                seat: own,
                                pairing,
                                said: 0,
                            };
                        }
                    }
                }
                RelayToClient::Control(_) | RelayToClient::Message { .. } => {}
            }
        }
    }

    /// Signals this, sealed.
    pub fn signal(&mut self, content: &str) {
        let body = self.agreed.bodies.seal_signal(content.as_bytes());
        self.line.signal(self.pairing, body);
    }

    /// Signals this as the next numbered signal.
    pub fn tell(&mut self, signal: &Value) {
        self.said += 1;
        self.signal(&json!({ "number": self.said, "signal": signal }).to_string());
    }

    /// Says this, sealed.
    pub fn say(&mut self, sequence: u64, content: &str) {
        let body = self.agreed.bodies.seal_words(sequence, content.as_bytes());
        self.line.send(&ClientToRelay::Say { pairing: self.pairing, sequence, body });
    }

    /// Waits until it has the turn, which the relay says once it has the words of the one across.
    pub fn has_turn(&mut self) {
        loop {
            let heard = self.line.next().expect("the relay hung up");
            if let RelayToClient::Control(RelayControl::Role { role: Role::Emi, .. }) = heard {
                return;
            }
        }
    }

    /// Leaves for good.
    pub fn fin(&mut self) {
        self.line.send(&ClientToRelay::Control(ClientControl::Fin));
    }

    /// Leaves for good, and waits until the seat is empty.
    pub fn leave(&mut self) {
        self.fin();
        while self.line.next().is_some() {}
    }

    /// Offers what has these members, under this number.
    pub fn offer(&mut self, number: u32, what: &Value) {
        let mut signal = what.clone();
        signal["type"] = "offer".into();
        signal["offer"] = number.into();
        self.tell(&signal);
    }

    /// The answer to an offer.
    pub fn answered(&mut self, number: u32) -> Answered {
        loop {
            match self.hear() {
                Heard::Signal(Envelope { signal, .. }) => {
                    if let PeerSignal::Accept { offer, part } = signal
                        && offer == number
                    {
                        return Answered::Accepted { part };
                    }
                    if matches!(signal, PeerSignal::Decline { offer } if offer == number) {
                        return Answered::Declined;
                    }
                    if matches!(signal, PeerSignal::Finished { offer, .. } if offer == number) {
                        return Answered::Finished;
                    }
                }
                Heard::Pipe { .. } => {}
                Heard::Gone => return Answered::Gone,
            }
        }
    }

    /// The next pipe for this offer.
    pub fn pipe(&mut self, number: u32) -> RawPipe {
        let wanted = u64::from(number) << 1 | u64::from(self.seat == Seat::Two);
        loop {
            match self.hear() {
                Heard::Pipe { tag, token } if tag == wanted => {
                    return RawPipe::open(
                        &self.relay,
                        token,
                        self.agreed.pipe(tag, &mut self.entropy),
                    );
                }
                Heard::Gone => panic!("whoever was across has left without asking for a pipe"),
                Heard::Pipe { .. } | Heard::Signal(_) => {}
            }
        }
    }

    /// The next thing that matters. What is numbered is acknowledged.
    pub fn hear(&mut self) -> Heard {
        loop {
            match self.line.next() {
                None
                | Some(RelayToClient::Control(RelayControl::Peer {
                    state: PeerState::Gone | PeerState::Silent,
                    ..
                })) => return Heard::Gone,
                Some(RelayToClient::Control(RelayControl::Pipe { tag, token })) => {
                    return Heard::Pipe { tag, token };
                }
                Some(RelayToClient::Signal { body, .. }) => {
                    let Ok(opened) = self.agreed.bodies.open_signal(&body) else { continue };
                    let envelope: Envelope = decode(&opened).expect("a signal");
                    if envelope.number > 0 {
                        let (number, signal) = (envelope.number, json!({ "type": "acknowledge" }));
                        let heard =
                            json!({ "number": 0, "acknowledged": number, "signal": signal });
                        self.signal(&heard.to_string());
                    }
                    return Heard::Signal(envelope);
                }
                Some(RelayToClient::Control(_) | RelayToClient::Message { .. }) => {}
            }
        }
    }

    /// Listens politely until the one across has left.
    pub fn hear_out(&mut self) {
        while !matches!(self.hear(), Heard::Gone) {}
    }
}

/// A control connection.
struct Line {
    stream: TcpStream,
    decoder: FrameDecoder,
}

impl Line {
    fn open(relay: &str) -> Self {
        let stream = TcpStream::connect(relay).expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        Self { stream, decoder: FrameDecoder::new(MAX_CONTROL_BODY) }
    }

    /// The relay's next message; nothing if it has hung up.
    fn next(&mut self) -> Option<RelayToClient> {
        loop {
            if let Some(frame) = self.decoder.poll_frame().expect("a frame") {
                return Some(RelayToClient::decode(frame).expect("a message"));
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes) {
                Ok(0) => return None,
                Ok(len) => self.decoder.push(&bytes[..len]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    panic!("the relay says nothing")
                }
                Err(_) => return None,
            }
        }
    }

    fn signal(&mut self, pairing: u32, body: Bytes) {
        self.send(&ClientToRelay::Signal { pairing, body });
    }

    /// Sends this, if the relay still listens.
    fn send(&mut self, message: &ClientToRelay) {
        let mut out = BytesMut::new();
        message.encode(&mut out);
        let _ = self.stream.write_all(&out);
    }
}
