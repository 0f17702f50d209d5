//! The short session at the end of the document, byte for byte.

use super::{Block, blocks, hex, zeros_checksum, zeros_root};
use bytes::{Bytes, BytesMut};
use couplet::frame;
use couplet::message::{
    ClientControl, ClientToRelay, PeerState, RelayControl, RelayToClient, Role, RoomName, Seat,
    Token,
};
use couplet::path::{SafeName, SafePath};
use couplet::peer::{self, Envelope, PeerSignal, Words};
use couplet::seal::{Agreed, Exchange, Password, Progress, Setup, Suites};
use couplet::transfer::entry::{Entry, EntryKind};
use couplet::transfer::offer::{Form, Offer};
use couplet::transfer::wire::{Answer, ChunkHead, Close, End, Hello, Hole, SenderStep, Step};

/// The bytes of a block of hex; what is behind a semicolon is for people.
fn bytes_of(block: &Block) -> Vec<u8> {
    let digits = block.text.lines().map(|line| line.split(';').next().unwrap_or_default());
    digits
        .flat_map(str::split_whitespace)
        .map(|byte| u8::from_str_radix(byte, 16).expect("two hex digits"))
        .collect()
}

fn from_client(messages: &[ClientToRelay]) -> Vec<u8> {
    let mut out = BytesMut::new();
    for message in messages {
        message.encode(&mut out);
    }
    out.to_vec()
}

fn from_relay(messages: &[RelayToClient]) -> Vec<u8> {
    let mut out = BytesMut::new();
    for message in messages {
        message.encode(&mut out);
    }
    out.to_vec()
}

fn peer_state(state: PeerState, pairing: u32) -> RelayToClient {
    RelayToClient::Control(RelayControl::Peer { state, pairing, since: pairing, kept_ms: None })
}

fn role(role: Role, turn: u64) -> RelayToClient {
    RelayToClient::Control(RelayControl::Role { role, turn })
}

fn signal_up(body: &Bytes) -> Vec<u8> {
    from_client(&[ClientToRelay::Signal { pairing: 1, body: body.clone() }])
}

fn signal_down(body: &Bytes) -> Vec<u8> {
    from_relay(&[RelayToClient::Signal { pairing: 1, body: body.clone() }])
}

/// The exchange of the document's first test vector: its four steps, and what each side has then.
fn exchange() -> ([Bytes; 4], [Box<Agreed>; 2]) {
    let password = Password::new("otter-lamp".to_owned());
    let randoms: [[u8; 32]; 2] =
        [0_u8, 0x20].map(|first| std::array::from_fn(|at| first + u8::try_from(at).expect("few")));
    let setup = |seat: Seat| Setup {
        seat,
        room: "7",
        pairing: 1,
        password: &password,
        suites: Suites::new(true),
        random: &randoms[seat.index()],
    };
    let (mut one, commit) = Exchange::new(&setup(Seat::One));
    let (mut two, _) = Exchange::new(&setup(Seat::Two));
    let commit = commit.expect("seat 1 begins");
    let Ok(Progress::Send(start)) = two.handle(&commit) else { panic!("no start") };
    let Ok(Progress::Send(reveal)) = one.handle(&start) else { panic!("no reveal") };
    let Ok(Progress::Done(Some(prove), two)) = two.handle(&reveal) else { panic!("no proof") };
    let Ok(Progress::Done(None, one)) = one.handle(&prove) else { panic!("no keys") };
    ([commit, start, reveal, prove], [one, two])
}

/// The steps with which a file of one zero byte goes out, and the answers to them.
fn file_of_one_byte() -> [Vec<u8>; 3] {
    let path = SafePath::new("zero").expect("a path");
    let kind = EntryKind::File { size: Some(1) };
    let what = Entry { path, kind, mode: None, mtime: None };
    let head = ChunkHead { entry: 0, offset: 0, size: 1, checksum: zeros_checksum(1, 0, 1) };
    let encode = |steps: &[SenderStep<'_>]| {
        let mut out = Vec::new();
        for step in steps {
            step.encode(&mut out);
        }
        out
    };
    let whole = encode(&[
        SenderStep::Hello(Hello { entry: 0, ask: false, what }),
        SenderStep::Chunk { head, packed: false, data: &[0] },
        SenderStep::Close(Close { entry: 0, size: 1, root: zeros_root(1) }),
    ]);
    let mut answers = Vec::new();
    Answer::ready(Step::Close { entry: 0 }).encode(&mut answers);
    [whole, answers, encode(&[SenderStep::End(End { entries: 1 })])]
}

/// The session of section 16: who speaks on what, and the bytes.
fn session() -> Vec<(&'static str, Vec<u8>)> {
    let room = RoomName::new("7").expect("a name");
    let hello = ClientControl::hello(None, true, None);
    let welcome = RelayControl::Welcome {
        seat: Seat::One,
        token: Token::from_bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
        room: Some(room),
        pairing: 0,
        since: 0,
        next_sequence: 1,
        grace_ms: 30_000,
        returned: false,
        plain: false,
    };
    let ([commit, start, reveal, prove], [mut one, mut two]) = exchange();
    let greeting = |name: &str| {
        let signal = PeerSignal::Greeting { name: Some(name.to_owned()), next: Some(1) };
        peer::encode(&Envelope { number: 0, acknowledged: 0, signal })
    };
    let greeting_one = one.bodies.seal_signal(&greeting("ann"));
    let greeting_two = two.bodies.seal_signal(&greeting("bob"));
    let words = one.bodies.seal_words(1, &peer::encode(&Words { text: "hi".to_owned() }));
    let shown = two.bodies.seal_signal(&peer::encode(&Envelope {
        number: 0,
        acknowledged: 0,
        signal: PeerSignal::Shown { sequence: 1 },
    }));
    let say = ClientToRelay::Say { pairing: 1, sequence: 1, body: words.clone() };
    let taken = RelayToClient::Control(RelayControl::Taken { sequence: 1 });
    let heard = RelayToClient::Message { pairing: 1, sequence: 1, kept: false, body: words };
    let what = Offer {
        name: SafeName::new("zero").expect("a name"),
        form: Form::File,
        size: Some(1),
        on_disk: None,
        entries: 1,
        mtime: None,
    };
    let offer = one.bodies.seal_signal(&peer::encode(&Envelope {
        number: 1,
        acknowledged: 0,
        signal: PeerSignal::Offer { offer: 1, again: false, what },
    }));
    let accept = two.bodies.seal_signal(&peer::encode(&Envelope {
        number: 1,
        acknowledged: 1,
        signal: PeerSignal::Accept { offer: 1, part: false },
    }));
    let request = ClientToRelay::Control(ClientControl::RequestPipe { tag: 2 });
    let [whole, answers, end] = file_of_one_byte();
    let mut hole = Vec::new();
    SenderStep::Hole(Hole { entry: 3, offset: 1 << 20, size: 5 << 20 }).encode(&mut hole);
    let opening = frame::opening().to_vec();
    vec![
        ("hex client-to-relay", [opening, from_client(&[ClientToRelay::Control(hello)])].concat()),
        (
            "hex relay-to-client",
            from_relay(&[RelayToClient::Control(welcome), peer_state(PeerState::Waiting, 0)]),
        ),
        (
            "hex relay-to-client",
            from_relay(&[peer_state(PeerState::Present, 1), role(Role::Emi, 0)]),
        ),
        ("hex client-to-relay", signal_up(&commit)),
        ("hex relay-to-client", signal_down(&start)),
        ("hex client-to-relay", signal_up(&reveal)),
        ("hex relay-to-client", signal_down(&prove)),
        ("hex client-to-relay", signal_up(&greeting_one)),
        ("hex relay-to-client", signal_down(&greeting_two)),
        ("hex client-to-relay", from_client(&[say])),
        ("hex relay-to-client", from_relay(&[taken, role(Role::Rec, 1)])),
        ("hex relay-to-client", from_relay(&[heard, role(Role::Emi, 1)])),
        ("hex client-to-relay", signal_up(&shown)),
        ("hex client-to-relay", signal_up(&offer)),
        ("hex client-to-relay", [signal_up(&accept), from_client(&[request])].concat()),
        ("hex steps", whole),
        ("hex steps", answers),
        ("hex steps", end),
        ("hex steps", hole),
    ]
}

#[test]
fn the_session_in_bytes() {
    let blocks = blocks("hex");
    let session = session();
    assert_eq!(blocks.len(), session.len());
    for (block, (info, bytes)) in blocks.iter().zip(session) {
        assert_eq!(block.info, info, "line {}", block.line);
        assert_eq!(hex(&bytes_of(block)), hex(&bytes), "line {}", block.line);
    }
}
