//! Keeps `docs/PROTOCOL.md` true: every example is read and written with the real types, every table
//! is held against the real names and numbers.
//!
//! What the document must have is asked from the types by matches without a wildcard, so that a new
//! variant doesn't compile here until it has a name, and then fails until it is documented.

use bytes::{Bytes, BytesMut};
use couplet::frame::{self, Frame, FrameDecoder, HEADER_LEN};
use couplet::limits;
use couplet::message::{
    self, ClientControl, ClientToRelay, ErrorCode, ExitReason, PeerState, RelayControl,
    RelayToClient, Role, RoomName, Seat, Token,
};
use couplet::peer::{self, Envelope, PeerSignal, Words};
use couplet::transfer::tree::{self, HashTree};
use couplet::transfer::wire::{self, Abort, Answer, ChunkHead, Close, Fault, SenderFrame, Step};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

const DOCUMENT: &str = include_str!("../docs/PROTOCOL.md");

/// A fenced block: its info string, its text, and the line that it begins on.
struct Block {
    info: &'static str,
    text: String,
    line: usize,
}

/// The fenced blocks whose info string begins with `language` and goes on.
fn blocks(language: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in DOCUMENT.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(info), None) => {
                open = Some(Block { info, text: String::new(), line: index + 1 });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => block.text = format!("{}{line}\n", block.text),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block of the document has no end");
    blocks.retain(|block| block.info.split(' ').next() == Some(language));
    blocks
}

/// The texts of the blocks of JSON with this info string, at least one.
fn examples(of: &str) -> Vec<String> {
    let info = format!("json {of}");
    let found: Vec<_> =
        blocks("json").into_iter().filter(|b| b.info == info).map(|b| b.text).collect();
    assert!(!found.is_empty(), "no example of {of}");
    found
}

/// The rows of the one table with this heading, as cells without their backticks.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let mut tables = 0;
    let mut rows = Vec::new();
    let mut lines = DOCUMENT.lines();
    while let Some(line) = lines.next() {
        if line == heading {
            tables += 1;
            lines.next();
            rows.extend(lines.by_ref().take_while(|line| line.starts_with('|')).map(cells));
        }
    }
    assert_eq!(tables, 1, "tables with the heading {heading}");
    rows
}

fn cells(row: &'static str) -> Vec<&'static str> {
    row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect()
}

/// The first cells of a table.
fn first_cells(heading: &str) -> Vec<&'static str> {
    table(heading).into_iter().map(|row| row[0]).collect()
}

/// The name that serde gives to a variant without fields.
fn serde_name<T: Serialize>(value: &T) -> String {
    let name = serde_json::to_value(value).expect("a plain variant");
    name.as_str().expect("a name").to_owned()
}

/// The variants of a type without fields that the document must have. A variant that is named neither
/// here nor after `except` doesn't compile.
macro_rules! every {
    ($Type:ident: $($variant:ident)* $(; except $exception:ident)?) => {{
        const fn is_documented(value: $Type) -> bool {
            match value {
                $($Type::$variant => true,)*
                $($Type::$exception => false,)?
            }
        }
        let all = [$($Type::$variant),*];
        assert!(all.iter().all(|value| is_documented(*value)));
        all
    }};
}

/// The names that the variants of a type with fields have on the wire, and a function that tells the
/// name of a value.
macro_rules! names {
    ($Type:ident: $($variant:ident = $name:literal)* $(; except $exception:ident)?) => {{
        fn name_of(value: &$Type) -> &'static str {
            match value {
                $($Type::$variant { .. } => $name,)*
                $($Type::$exception => panic!("an example of nothing"),)?
            }
        }
        (BTreeSet::from([$($name),*]), name_of as fn(&$Type) -> &'static str)
    }};
}

fn only_frame(bytes: &[u8], max_body: usize) -> Frame {
    let mut decoder = FrameDecoder::new(max_body);
    decoder.push(bytes);
    let frame = decoder.poll_frame().expect("a valid frame").expect("a whole frame");
    assert_eq!(decoder.buffered(), 0, "bytes behind the frame");
    frame
}

fn json(text: &[u8]) -> Value {
    serde_json::from_slice(text).expect("an example is JSON")
}

/// A control example as the frame that carries it.
fn control_frame(text: &str) -> Frame {
    let body = Bytes::copy_from_slice(text.trim().as_bytes());
    Frame { kind: message::kind::CONTROL, body }
}

/// That what was encoded is a frame of this kind with the same JSON as the example.
fn assert_same(text: &str, encoded: &BytesMut, kind: u8) {
    let frame = only_frame(encoded, limits::MAX_CONTROL_BODY);
    assert_eq!(frame.kind, kind, "{text}");
    assert_eq!(json(&frame.body), json(text.as_bytes()), "{text}");
}

#[test]
fn every_block_is_of_a_form_that_is_checked() {
    const JSON: [&str; 8] = [
        "json client-to-relay",
        "json relay-to-client",
        "json words",
        "json peer-signal",
        "json pipe-hello",
        "json pipe-close",
        "json pipe-abort",
        "json pipe-answer",
    ];
    for block in blocks("json") {
        assert!(JSON.contains(&block.info), "line {}: {}", block.line, block.info);
    }
    assert!(blocks("").is_empty(), "a block without an info string");
}

#[test]
fn what_clients_say_to_the_relay() {
    let (names, name_of) = names!(ClientControl:
        Hello = "hello" OpenPipe = "open_pipe" Pass = "pass" RequestPipe = "request_pipe"
        Fin = "fin" Ping = "ping");
    let mut seen = BTreeSet::new();
    for text in examples("client-to-relay") {
        let message = ClientToRelay::decode(control_frame(&text)).expect(&text);
        let ClientToRelay::Control(control) = &message else { panic!("{text}") };
        assert_eq!(json(text.as_bytes())["type"], name_of(control));
        seen.insert(name_of(control));
        let mut encoded = BytesMut::new();
        message.encode(&mut encoded);
        assert_same(&text, &encoded, message::kind::CONTROL);
    }
    assert_eq!(seen, names);
}

#[test]
fn what_the_relay_says_to_clients() {
    let (names, name_of) = names!(RelayControl:
        Welcome = "welcome" Role = "role" Peer = "peer" Taken = "taken" Pipe = "pipe"
        Joined = "joined" Notice = "notice" Exit = "exit" Error = "error" Pong = "pong");
    let mut seen = BTreeSet::new();
    for text in examples("relay-to-client") {
        let message = RelayToClient::decode(control_frame(&text)).expect(&text);
        let RelayToClient::Control(control) = &message else { panic!("{text}") };
        assert_eq!(json(text.as_bytes())["type"], name_of(control));
        if let RelayControl::Error { code, .. } = control {
            assert_ne!(*code, ErrorCode::Unknown, "{text}");
        }
        seen.insert(name_of(control));
        let mut encoded = BytesMut::new();
        message.encode(&mut encoded);
        assert_same(&text, &encoded, message::kind::CONTROL);
    }
    assert_eq!(seen, names);
}

#[test]
fn the_members_of_objects() {
    let members_of = |example: &str| {
        let example = json(example.as_bytes());
        let members = example.as_object().expect("an object").keys().cloned();
        members.filter(|member| member != "type").collect::<BTreeSet<_>>()
    };
    let documented =
        |heading| -> BTreeSet<_> { first_cells(heading).into_iter().map(str::to_owned).collect() };
    let welcome = examples("relay-to-client").into_iter().find(|e| e.contains(r#""welcome""#));
    let welcome = members_of(&welcome.expect("a welcome"));
    assert_eq!(welcome, documented("| member of a welcome | is |"));
    for envelope in examples("peer-signal") {
        assert_eq!(members_of(&envelope), documented("| member of an envelope | is |"));
    }
}

#[test]
fn what_peers_say_to_each_other() {
    for text in examples("words") {
        let words: Words = peer::decode(text.trim().as_bytes()).expect(&text);
        assert_eq!(json(&peer::encode(&words)), json(text.as_bytes()));
    }
    let (names, name_of) = names!(PeerSignal:
        Greeting = "greeting" Shown = "shown" Typing = "typing" Acknowledge = "acknowledge"
        Offer = "offer" Accept = "accept" Decline = "decline" Cancel = "cancel" Failed = "failed";
        except Unknown);
    let mut seen = BTreeSet::new();
    let mut numbered = BTreeSet::new();
    for text in examples("peer-signal") {
        let envelope: Envelope = peer::decode(text.trim().as_bytes()).expect(&text);
        assert_eq!(json(&peer::encode(&envelope)), json(text.as_bytes()));
        let name = name_of(&envelope.signal);
        assert_eq!(json(text.as_bytes())["signal"]["type"], name);
        assert_eq!(envelope.number > 0, envelope.signal.is_numbered(), "{text}");
        seen.insert(name);
        if envelope.signal.is_numbered() {
            numbered.insert(name);
        }
    }
    assert_eq!(seen, names);
    let rows = table("| signal | numbered | meaning |");
    assert_eq!(rows.iter().map(|row| row[0]).collect::<BTreeSet<_>>(), names);
    for row in rows {
        assert_eq!(row[1] == "yes", numbered.contains(row[0]), "{}", row[0]);
    }
}

#[test]
fn the_steps_of_a_transfer() {
    let (names, name_of) = names!(SenderFrame:
        Hello = "pipe-hello" Chunk = "CHUNK" Close = "pipe-close" Abort = "pipe-abort");
    let mut seen = BTreeSet::from(["CHUNK"]);
    let kinds = [
        ("pipe-hello", wire::kind::HELLO),
        ("pipe-close", wire::kind::CLOSE),
        ("pipe-abort", wire::kind::ABORT),
    ];
    for (of, kind) in kinds {
        for text in examples(of) {
            let step = SenderFrame::decode(kind, text.trim().as_bytes()).expect(&text);
            assert_eq!(name_of(&step), of);
            match &step {
                SenderFrame::Abort(Abort { code, .. }) => assert_ne!(*code, Fault::Unknown),
                SenderFrame::Close(Close { size, root }) => assert_eq!(zeros(*size).1, *root),
                SenderFrame::Hello(_) | SenderFrame::Chunk(_) => {}
            }
            seen.insert(of);
            let mut encoded = BytesMut::new();
            step.encode(&mut encoded);
            assert_same(&text, &encoded, kind);
        }
    }
    assert_eq!(seen, names);
}

#[test]
fn the_answers_of_a_transfer() {
    let (names, name_of) = names!(Answer: Ready = "ready" Error = "error");
    let (steps, step_of) = names!(Step: Hello = "hello" Chunk = "chunk" Close = "close");
    let mut seen = BTreeSet::new();
    let mut seen_steps = BTreeSet::new();
    for text in examples("pipe-answer") {
        let answer = Answer::decode(wire::kind::ANSWER, text.trim().as_bytes()).expect(&text);
        let (Answer::Ready { step, .. } | Answer::Error { step, .. }) = &answer;
        if let Answer::Error { code, .. } = &answer {
            assert_ne!(*code, Fault::Unknown, "{text}");
        }
        assert_eq!(json(text.as_bytes())["answer"], name_of(&answer));
        assert_eq!(json(text.as_bytes())["to"], step_of(step));
        seen.insert(name_of(&answer));
        seen_steps.insert(step_of(step));
        let mut encoded = BytesMut::new();
        answer.encode(&mut encoded);
        assert_same(&text, &encoded, wire::kind::ANSWER);
    }
    assert_eq!(seen, names);
    assert_eq!(seen_steps, steps);
}

#[test]
fn codes_reasons_states_and_faults() {
    let codes = every!(ErrorCode:
        Version Malformed Unexpected HandshakeTimeout RelayFull RoomsFull RoomTaken SeatGone
        NotYourTurn WrongSequence NoPeer TooManyPipes UnknownPipe PipeTimeout Stuck;
        except Unknown);
    let rows = table("| code | final | meaning |");
    let expected: Vec<_> = codes
        .iter()
        .map(|code| (serde_name(code), if code.is_final() { "yes" } else { "no" }))
        .collect();
    let documented: Vec<_> = rows.iter().map(|row| (row[0].to_owned(), row[1])).collect();
    assert_eq!(documented, expected);

    let reasons = every!(ExitReason: Fin Shutdown Superseded Rejoin);
    assert_eq!(first_cells("| reason | meaning |"), reasons.map(|reason| serde_name(&reason)));

    let states = every!(PeerState: Waiting Present Silent Gone Replaced);
    assert_eq!(first_cells("| state | meaning |"), states.map(|state| serde_name(&state)));

    let faults = every!(Fault:
        OutOfOrder NotAsOffered OutOfRange Overlap Checksum Gap Mismatch Storage SourceChanged;
        except Unknown);
    assert_eq!(
        first_cells("| fault | said to | ends it | meaning |"),
        faults.map(|fault| serde_name(&fault))
    );
}

/// The names of the `pub const`s in a piece of source, in order.
fn constants(source: &'static str) -> Vec<&'static str> {
    source
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("pub const "))
        .filter_map(|rest| rest.split_once(':').map(|(name, _)| name))
        .collect()
}

/// The body of `pub mod kind` in a piece of source.
fn kind_module(source: &'static str) -> &'static str {
    let (_, rest) = source.split_once("pub mod kind {").expect("a module of kinds");
    rest.split_once("\n}").expect("its end").0
}

macro_rules! kinds {
    ($($kind:path),* $(,)?) => {
        [$((format!("{:#04x}", $kind), last_part(stringify!($kind)))),*]
    };
}

fn last_part(path: &'static str) -> &'static str {
    path.rsplit([':', ' ']).next().unwrap_or(path)
}

#[test]
fn the_kinds_of_frames() {
    let kinds = kinds![
        message::kind::CONTROL,
        message::kind::SAY,
        message::kind::SIGNAL,
        message::kind::MESSAGE,
        wire::kind::HELLO,
        wire::kind::CHUNK,
        wire::kind::CLOSE,
        wire::kind::ABORT,
        wire::kind::ANSWER,
    ];
    let mut in_source = constants(kind_module(include_str!("../src/message.rs")));
    in_source.extend(constants(kind_module(include_str!("../src/transfer/wire.rs"))));
    assert_eq!(kinds.iter().map(|(_, name)| *name).collect::<Vec<_>>(), in_source);
    let documented: Vec<_> = table("| kind | name | connection | direction | body |")
        .into_iter()
        .map(|row| (row[0].to_owned(), row[1]))
        .collect();
    assert_eq!(documented, kinds);
}

/// How the tables write the value of a limit.
trait Written {
    fn written(&self) -> String;
}

impl Written for usize {
    fn written(&self) -> String {
        self.to_string()
    }
}

impl Written for u64 {
    fn written(&self) -> String {
        self.to_string()
    }
}

impl Written for Duration {
    fn written(&self) -> String {
        assert_eq!(self.subsec_nanos(), 0, "the table has whole seconds");
        format!("{} s", self.as_secs())
    }
}

macro_rules! limits {
    ($($name:ident)*) => {
        [$((stringify!($name), limits::$name.written())),*]
    };
}

#[test]
fn the_limits() {
    let limits = limits![
        MAX_CONTROL_BODY MAX_MESSAGE_BYTES MAX_OPAQUE GROUP MAX_PIPE_BODY CHUNK_WINDOW
        MAX_ROOM_NAME MAX_NAME_COLUMNS MAX_REASON_COLUMNS MAX_HELD MAX_UNACKED_SIGNALS
        MAX_OPEN_OFFERS MAX_ACTIVE_RECEIVES MAX_FINISHED_TRANSFERS MAX_PIPES_PER_ROOM
        MAX_NAME_BYTES MAX_PATH_BYTES MAX_PATH_PARTS
        PING_AFTER SILENCE_LIMIT CLIENT_SILENCE_LIMIT HANDSHAKE_LIMIT PIPE_LIMIT FLUSH_LIMIT
        STUCK_LIMIT
    ];
    let documented: Vec<_> = table("| constant | value | bounds |")
        .into_iter()
        .map(|row| (row[0], row[1].to_owned()))
        .collect();
    assert_eq!(documented, limits);

    // Whatever else the module has must be in the table too.
    let source = include_str!("../src/limits.rs");
    let mut in_source: BTreeSet<_> = constants(source).into_iter().collect();
    let reexports = source.lines().filter_map(|line| line.strip_prefix("pub use "));
    for (_, names) in reexports.filter_map(|line| line.trim_end_matches("};").split_once('{')) {
        in_source.extend(names.split(',').map(str::trim));
    }
    assert_eq!(limits.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>(), in_source);
}

#[test]
fn the_other_limits() {
    let others = [
        ("frame::OPENING_LEN", frame::OPENING_LEN),
        ("frame::HEADER_LEN", HEADER_LEN),
        ("transfer::wire::CHUNK_HEAD_LEN", wire::CHUNK_HEAD_LEN),
        ("transfer::wire::MAX_JSON", wire::MAX_JSON),
        ("SOFT_LIMIT_FRAMES", couplet_relay::SOFT_LIMIT_FRAMES),
        ("SOFT_LIMIT_BYTES", couplet_relay::SOFT_LIMIT_BYTES),
        ("HARD_LIMIT_BYTES", couplet_relay::HARD_LIMIT_BYTES),
    ];
    let documented: Vec<_> = table("| also | value | bounds |")
        .into_iter()
        .map(|row| (row[0], row[1].parse().expect("a number")))
        .collect();
    assert_eq!(documented, others);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// The checksums of a file of so many zero bytes, by offset, and its root.
fn zeros(size: u64) -> (Vec<(u64, tree::Hash)>, tree::Hash) {
    let data = vec![0; usize::try_from(size).expect("small")];
    let mut tree = HashTree::new(size);
    let mut checksums = Vec::new();
    let mut offset = 0;
    while let Some(len) = tree::group_len(size, offset) {
        let start = usize::try_from(offset).expect("small");
        let end = usize::try_from(offset + len).expect("small");
        let checksum = tree::group_hash(size, offset, &data[start..end]);
        tree.insert(offset, checksum);
        checksums.push((offset, checksum));
        offset += len;
    }
    let root = tree.root().expect("all groups");
    assert_eq!(root, *blake3::hash(&data).as_bytes(), "a root is the plain BLAKE3 of the file");
    (checksums, root)
}

#[test]
fn the_hashes() {
    for row in table("| size | what | hash |") {
        let [size, what, hash] = row[..] else { panic!("a row of three cells") };
        let (checksums, root) = zeros(size.parse().expect("a size"));
        let mut checked = 0;
        if what.ends_with("root") {
            assert_eq!(hash, hex(&root), "{size}: {what}");
            checked += 1;
        }
        if let Some(rest) = what.strip_prefix("checksum at ") {
            let offset: u64 = rest.trim_end_matches(", and root").parse().expect("an offset");
            let (_, checksum) =
                checksums.iter().find(|(at, _)| *at == offset).expect("a group there");
            assert_eq!(hash, hex(checksum), "{size}: {what}");
            checked += 1;
        }
        assert!(checked > 0, "{size}: {what}");
    }
}

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
    RelayToClient::Control(RelayControl::Peer { state, pairing, kept_ms: None })
}

fn role(role: Role) -> RelayToClient {
    RelayToClient::Control(RelayControl::Role { role })
}

/// The session of section 14: who speaks on what, and the bytes.
fn session() -> Vec<(&'static str, Vec<u8>)> {
    let room = RoomName::new("attic").expect("a name");
    let hello = ClientControl::Hello { room: Some(room.clone()), seat: None };
    let welcome = RelayControl::Welcome {
        seat: Seat::One,
        token: Token::from_bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
        room: Some(room),
        pairing: 0,
        next_sequence: 1,
        grace_ms: 30_000,
        returned: false,
    };
    let words = peer::encode(&Words { text: "hi".to_owned() });
    let shown = peer::encode(&Envelope {
        number: 0,
        acknowledged: 0,
        signal: PeerSignal::Shown { sequence: 1 },
    });
    let say = ClientToRelay::Say { pairing: 1, sequence: 1, body: words.clone() };
    let taken = RelayToClient::Control(RelayControl::Taken { sequence: 1 });
    let heard = RelayToClient::Message { pairing: 1, sequence: 1, kept: false, body: words };
    let signal = ClientToRelay::Signal { pairing: 1, body: shown };
    let checksum = tree::group_hash(1, 0, &[0]);
    let mut chunk = BytesMut::new();
    SenderFrame::Chunk(ChunkHead { offset: 0, size: 1, checksum }).encode(&mut chunk);
    let opening = frame::opening().to_vec();
    vec![
        ("hex client-to-relay", [opening, from_client(&[ClientToRelay::Control(hello)])].concat()),
        (
            "hex relay-to-client",
            from_relay(&[RelayToClient::Control(welcome), peer_state(PeerState::Waiting, 0)]),
        ),
        ("hex relay-to-client", from_relay(&[peer_state(PeerState::Present, 1), role(Role::Emi)])),
        ("hex client-to-relay", from_client(&[say])),
        ("hex relay-to-client", from_relay(&[taken, role(Role::Rec)])),
        ("hex relay-to-client", from_relay(&[heard, role(Role::Emi)])),
        ("hex client-to-relay", from_client(&[signal])),
        ("hex pipe", [chunk.to_vec(), vec![0]].concat()),
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
