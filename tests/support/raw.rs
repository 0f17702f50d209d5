//! A peer by hand: it agrees on keys like any client, and then says whatever a test wants.

use bytes::{Bytes, BytesMut};
use couplet::frame::{self, FrameDecoder};
use couplet::limits::MAX_CONTROL_BODY;
use couplet::message::{
    ClientControl, ClientToRelay, PeerState, RelayControl, RelayToClient, Seat,
};
use couplet::seal::{Agreed, Exchange, Password, Progress, Setup, Suites};
use std::io::{Read, Write};
use std::net::TcpStream;

/// Somebody in the second seat of a room without a name.
pub struct RawPeer {
    stream: TcpStream,
    agreed: Box<Agreed>,
    pairing: u32,
}

impl RawPeer {
    /// Takes the seat across whoever waits, and agrees on keys.
    pub fn join(relay: &str) -> Self {
        let mut stream = TcpStream::connect(relay).expect("connected");
        let mut out = BytesMut::new();
        out.extend_from_slice(&frame::opening());
        ClientToRelay::Control(ClientControl::Hello { room: None, new_room: false, seat: None })
            .encode(&mut out);
        stream.write_all(&out).expect("written");
        let mut decoder = FrameDecoder::new(MAX_CONTROL_BODY);
        let mut exchange = None;
        loop {
            let Some(frame) = decoder.poll_frame().expect("a frame") else {
                let mut bytes = [0; 4096];
                let len = stream.read(&mut bytes).expect("read");
                assert!(len > 0, "the relay hung up");
                decoder.push(&bytes[..len]);
                continue;
            };
            match RelayToClient::decode(frame).expect("a message") {
                RelayToClient::Control(RelayControl::Peer {
                    state: PeerState::Present,
                    pairing,
                    ..
                }) => {
                    let (begun, first) = Exchange::new(&Setup {
                        seat: Seat::Two,
                        room: "",
                        pairing,
                        password: &Password::default(),
                        suites: Suites::new(false),
                        random: &[42; 32],
                    });
                    assert!(first.is_none(), "seat 2 waits for seat 1");
                    exchange = Some((begun, pairing));
                }
                RelayToClient::Signal { body, pairing } => {
                    let (exchange, _) = exchange.as_mut().expect("a peer");
                    match exchange.handle(&body).expect("a step") {
                        Progress::Known => {}
                        Progress::Send(body) => send(&mut stream, pairing, body),
                        Progress::Done(body, agreed) => {
                            send(&mut stream, pairing, body.expect("a proof"));
                            return Self { stream, agreed, pairing };
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
        send(&mut self.stream, self.pairing, body);
    }

    /// Says this, sealed.
    pub fn say(&mut self, sequence: u64, content: &str) {
        let body = self.agreed.bodies.seal_words(sequence, content.as_bytes());
        let mut out = BytesMut::new();
        ClientToRelay::Say { pairing: self.pairing, sequence, body }.encode(&mut out);
        self.stream.write_all(&out).expect("written");
    }
}

fn send(stream: &mut TcpStream, pairing: u32, body: Bytes) {
    let mut out = BytesMut::new();
    ClientToRelay::Signal { pairing, body }.encode(&mut out);
    stream.write_all(&out).expect("written");
}
