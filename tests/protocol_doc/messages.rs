//! The examples: each is read with the real types, and comes out again as it was.

use super::{examples, first_cells, json, names, table, zeros_root};
use bytes::{Bytes, BytesMut};
use couplet::frame::{Frame, FrameDecoder};
use couplet::limits;
use couplet::message::{
    self, ClientControl, ClientToRelay, ErrorCode, RelayControl, RelayToClient,
};
use couplet::peer::{self, Envelope, PeerSignal, Words};
use couplet::transfer::entry::EntryKind;
use couplet::transfer::wire::{self, Answer, Fault, SenderStep, Step, StepReader};
use std::collections::BTreeSet;

fn only_frame(bytes: &[u8], max_body: usize) -> Frame {
    let mut decoder = FrameDecoder::new(max_body);
    decoder.push(bytes);
    let frame = decoder.poll_frame().expect("a valid frame").expect("a whole frame");
    assert_eq!(decoder.buffered(), 0, "bytes behind the frame");
    frame
}

/// A control example as the frame that carries it.
pub(super) fn control_frame(text: &str) -> Frame {
    let body = Bytes::copy_from_slice(text.trim().as_bytes());
    Frame { kind: message::kind::CONTROL, body }
}

/// That what was encoded is a frame of this kind with the same JSON as the example.
pub(super) fn assert_same(text: &str, encoded: &BytesMut, kind: u8) {
    let frame = only_frame(encoded, limits::MAX_CONTROL_BODY);
    assert_eq!(frame.kind, kind, "{text}");
    assert_eq!(json(&frame.body), json(text.as_bytes()), "{text}");
}

/// That what was encoded is one step of this kind, as a record holds it, with the same JSON.
fn assert_same_step(text: &str, encoded: &[u8], kind: u8) {
    let mut steps = StepReader::new(encoded);
    let (is, body) = steps.next().expect("a step").expect("a whole one");
    assert_eq!(is, kind, "{text}");
    assert_eq!(json(body), json(text.as_bytes()), "{text}");
    assert_eq!(steps.next(), None, "{text}");
}

#[test]
fn what_clients_say_to_the_relay() {
    let (names, name_of) = names!(ClientControl:
        Hello = "hello" OpenPipe = "open_pipe" OpenShelf = "open_shelf" Pass = "pass" RequestPipe = "request_pipe"
        PairingFailed = "pairing_failed" Fin = "fin" Ping = "ping");
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
    // Of these some members are optional; the examples have all of them between them.
    let offers = examples("peer-signal").into_iter().filter(|e| e.contains(r#""type":"offer""#));
    let offers = offers.map(|e| json(e.as_bytes())["signal"].to_string());
    let members: BTreeSet<_> = offers.flat_map(|offer| members_of(&offer)).collect();
    assert_eq!(members, documented("| member of an offer | is |"));
    let hellos = examples("pipe-hello");
    let members: BTreeSet<_> = hellos.iter().flat_map(|hello| members_of(hello)).collect();
    let mut expected = documented("| member of a HELLO | is |");
    expected.extend(["size", "target", "of"].map(str::to_owned));
    assert_eq!(members, expected);
}

#[test]
fn what_peers_say_to_each_other() {
    for text in examples("words") {
        let words: Words = peer::decode(text.trim().as_bytes()).expect(&text);
        assert_eq!(json(&peer::encode(&words)), json(text.as_bytes()));
    }
    let (names, name_of) = names!(PeerSignal:
        Greeting = "greeting" Shown = "shown" Typing = "typing" LastMessage = "last_message"
        Compare = "compare" Acknowledge = "acknowledge"
        Offer = "offer" Accept = "accept" Decline = "decline" Cancel = "cancel"
        Interrupted = "interrupted" Hold = "hold" Pipes = "pipes" Finished = "finished"
        Failed = "failed";
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
    let (names, name_of) = names!(SenderStep<'_>:
        Hello = "pipe-hello" Chunk = "CHUNK" Hole = "HOLE" Close = "pipe-close"
        Skip = "pipe-skip" End = "pipe-end" Abort = "pipe-abort");
    let (entries, entry_of) = names!(EntryKind:
        File = "file" Folder = "folder" Link = "link" Twin = "twin");
    // Those that aren't JSON are in the session in bytes.
    let mut seen = BTreeSet::from(["CHUNK", "HOLE"]);
    let mut seen_entries = BTreeSet::new();
    let kinds = [
        ("pipe-hello", wire::kind::HELLO),
        ("pipe-close", wire::kind::CLOSE),
        ("pipe-skip", wire::kind::SKIP),
        ("pipe-end", wire::kind::END),
        ("pipe-abort", wire::kind::ABORT),
    ];
    for (of, kind) in kinds {
        for text in examples(of) {
            let step = SenderStep::decode(kind, text.trim().as_bytes()).expect(&text);
            assert_eq!(name_of(&step), of);
            match &step {
                SenderStep::Abort(abort) => assert_ne!(abort.code, Fault::Unknown),
                SenderStep::Skip(skip) => assert!(skip.code.concerns_entry(), "{text}"),
                SenderStep::Close(close) => assert_eq!(zeros_root(close.size), close.root),
                SenderStep::Hello(hello) => {
                    let is = entry_of(&hello.what.kind);
                    assert_eq!(json(text.as_bytes())["is"], is);
                    seen_entries.insert(is);
                }
                SenderStep::Chunk { .. } | SenderStep::Hole(_) | SenderStep::End(_) => {}
            }
            seen.insert(of);
            let mut encoded = Vec::new();
            step.encode(&mut encoded);
            assert_same_step(&text, &encoded, kind);
        }
    }
    assert_eq!(seen, names);
    assert_eq!(seen_entries, entries);
    let documented = first_cells("| `is` of an entry | it is | with |");
    assert_eq!(documented.into_iter().collect::<BTreeSet<_>>(), entries);
}

#[test]
fn the_answers_of_a_transfer() {
    let (names, name_of) = names!(Answer: Ready = "ready" Error = "error");
    let (steps, step_of) = names!(Step:
        Hello = "hello" Chunk = "chunk" Close = "close" End = "end");
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
        let mut encoded = Vec::new();
        answer.encode(&mut encoded);
        assert_same_step(&text, &encoded, wire::kind::ANSWER);
    }
    assert_eq!(seen, names);
    assert_eq!(seen_steps, steps);
}
