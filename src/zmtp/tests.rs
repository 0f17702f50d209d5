//! Two connections with each other, real openings as bytes, and peers that lie.

use super::*;
use bytes::Bytes;
use proptest::prelude::*;

/// What libzmq 4.3 sends as a DEALER first: its greeting and READY.
fn libzmq_dealer() -> Vec<u8> {
    let mut bytes = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1];
    bytes.extend_from_slice(b"NULL");
    bytes.resize(64, 0);
    bytes
        .extend_from_slice(b"\x04\x29\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\0");
    bytes
}

fn events(connection: &mut Connection) -> Result<Vec<Incoming>, ZmtpError> {
    let mut events = Vec::new();
    while let Some(incoming) = connection.poll_incoming()? {
        events.push(incoming);
    }
    Ok(events)
}

/// A router whose peer, a DEALER, is there.
fn router() -> Connection {
    let mut router = Connection::router();
    router.handle_bytes(&libzmq_dealer());
    assert_eq!(events(&mut router), Ok(vec![Incoming::Ready(SocketType::Dealer)]));
    assert!(router.is_ready());
    let _ = router.take_output();
    router
}

fn message(frames: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (at, frame) in frames.iter().enumerate() {
        bytes.extend_from_slice(&frame_head(frame.len(), at + 1 < frames.len()));
        bytes.extend_from_slice(frame);
    }
    bytes
}

/// A head that announces so many bytes.
fn announce(len: u64, more: bool) -> Vec<u8> {
    let mut head = vec![2 | u8::from(more)];
    head.extend_from_slice(&len.to_be_bytes());
    head
}

fn too_much(why: TooMuch) -> Vec<Incoming> {
    vec![Incoming::Refused { why, begun: Vec::new() }]
}

fn refused(bytes: &[u8]) -> ZmtpError {
    let mut router = Connection::router();
    router.handle_bytes(bytes);
    events(&mut router).expect_err("refused")
}

#[test]
fn a_handshake_leads_to_messages_both_ways() {
    let mut one = Connection::router();
    let mut two = Connection::dealer(b"me");
    for _ in 0..3 {
        let (from_one, from_two) = (one.take_output(), two.take_output());
        one.handle_bytes(&from_two);
        two.handle_bytes(&from_one);
        let _ = (events(&mut one).expect("fine"), events(&mut two).expect("fine"));
    }
    assert!(one.is_ready() && two.is_ready());
    two.send(&[b"HELLO", b"x", b""]);
    one.send(&[b"READY"]);
    one.handle_bytes(&two.take_output());
    two.handle_bytes(&one.take_output());
    let sent = [&b"HELLO"[..], b"x", b""].map(Bytes::copy_from_slice).to_vec();
    assert_eq!(events(&mut one), Ok(vec![Incoming::Message(sent)]));
    assert_eq!(events(&mut two), Ok(vec![Incoming::Message(vec![Bytes::from("READY")])]));
}

#[test]
fn a_req_peer_gets_its_envelope_back() {
    let mut router = Connection::router();
    let opening = libzmq_dealer();
    router.handle_bytes(&opening[..64]);
    router.handle_bytes(b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03REQ");
    assert_eq!(events(&mut router), Ok(vec![Incoming::Ready(SocketType::Req)]));
    let _ = router.take_output();
    router.handle_bytes(&message(&[b"", b"CLOSE"]));
    assert_eq!(events(&mut router), Ok(vec![Incoming::Message(vec![Bytes::from("CLOSE")])]));
    router.send(&[b"READY"]);
    assert_eq!(router.take_output(), message(&[b"", b"READY"]));
}

#[test]
fn an_empty_frame_of_a_dealers_is_its_own() {
    let mut router = router();
    router.handle_bytes(&message(&[b"", b"x"]));
    let frames = vec![Bytes::new(), Bytes::from("x")];
    assert_eq!(events(&mut router), Ok(vec![Incoming::Message(frames)]));
}

#[test]
fn what_is_no_zeromq_is_refused_at_its_first_byte() {
    let error = refused(b"G");
    assert_eq!(error, ZmtpError::NotZmtp { at: 0, got: b'G', expected: 0xff });
    let expected = "that is no ZeroMQ connection (byte 0 is 0x47, expected 0xff)";
    assert_eq!(error.to_string(), expected);
    let mut old = libzmq_dealer();
    old[10] = 1;
    assert_eq!(refused(&old[..11]), ZmtpError::Version(1));
    let mut safe = libzmq_dealer();
    safe[12..17].copy_from_slice(b"CURVE");
    assert_eq!(refused(&safe), ZmtpError::Mechanism("CURVE".to_owned()));
}

#[test]
fn a_handshake_has_one_order_and_known_sockets() {
    let after = |bytes: &[u8]| {
        let mut all = libzmq_dealer()[..64].to_vec();
        all.extend_from_slice(bytes);
        refused(&all)
    };
    assert_eq!(after(&message(&[b"x"])), ZmtpError::BeforeReady("a message"));
    assert_eq!(after(b"\x04\x07\x04PING\0\0"), ZmtpError::BeforeReady("another command"));
    assert_eq!(after(b"\x05\x07\x04PING\0\0"), ZmtpError::CommandInParts);
    assert_eq!(after(b"\x04\x06\x05READY"), ZmtpError::Command("READY has no Socket-Type"));
    assert_eq!(after(b"\x04\x02\x05R"), ZmtpError::Command("its name is cut off"));
    assert_eq!(after(b"\x18\x00"), ZmtpError::Flags(0x18));
    assert_eq!(after(b"\x04\x0a\x05ERROR\x03no!"), ZmtpError::Peer("no!".to_owned()));
    let publisher = after(b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03PUB");
    let expected = "the peer is a socket of type \"PUB\", expected DEALER or REQ";
    assert_eq!(publisher.to_string(), expected);
    let mut long = vec![6];
    long.extend_from_slice(&(1_u64 << 40).to_be_bytes());
    assert_eq!(after(&long), ZmtpError::CommandTooLong(1 << 40));
}

#[test]
fn the_peer_is_told_why_it_is_refused() {
    let mut router = Connection::router();
    router.handle_bytes(&libzmq_dealer()[..64]);
    router.handle_bytes(&message(&[b"x"]));
    assert!(router.poll_incoming().is_err());
    let out = router.take_output();
    assert!(out.windows(27).any(|part| part == b"a message came before READY"), "{out:?}");
    router.handle_bytes(&[0; 1000]);
    assert!(router.poll_incoming().is_err(), "for good");
}

#[test]
fn pings_are_answered_even_between_the_frames_of_a_message() {
    let mut router = router();
    router.handle_bytes(&frame_head(1, true));
    router.handle_bytes(b"a\x04\x0a\x04PING\0\x01abc");
    router.handle_bytes(&message(&[b"b"]));
    let frames = vec![Bytes::from("a"), Bytes::from("b")];
    assert_eq!(events(&mut router), Ok(vec![Incoming::Message(frames)]));
    assert_eq!(&router.take_output()[..], b"\x04\x08\x04PONGabc");
    router.handle_bytes(b"\x04\x08\x09SUBSCRIBE"[..].get(..2).expect("a head"));
    router.handle_bytes(b"\x07UNKNOWN");
    assert_eq!(events(&mut router), Ok(vec![]), "later versions may have more commands");
}

#[test]
fn a_terabyte_that_is_announced_takes_no_memory() {
    let mut router = router();
    router.handle_bytes(&announce(1 << 40, false));
    let why = TooMuch::Frame(1 << 40);
    assert_eq!(router.poll_incoming(), Ok(Some(Incoming::Refused { why, begun: Vec::new() })));
    let error = ZmtpError::TooMuch(why);
    assert_eq!(router.poll_incoming(), Err(error.clone()));
    router.send(&[b"ERROR"]);
    assert_eq!(router.take_output(), message(&[b"ERROR"]), "it can be told");
    assert!(router.memory() < 4096);
    let text = "got a frame of 1099511627776 bytes, expected at most 2097152 bytes a frame; the \
                connection is closed over it";
    assert_eq!(error.to_string(), text);
    let mut router = self::router();
    router.handle_bytes(&announce(MAX_FRAME as u64, false));
    assert_eq!(events(&mut router), Ok(vec![]));
    assert!(router.memory() < 64 * 1024, "announced isn't come");
}

#[test]
fn a_message_that_is_too_much_is_passed_over_and_the_next_is_good() {
    let mut router = router();
    let len = MAX_FRAME + 1;
    router.handle_bytes(&announce(len as u64, true));
    assert_eq!(events(&mut router), Ok(too_much(TooMuch::Frame(len as u64))));
    let piece = vec![7; 64 * 1024];
    let mut left = len;
    while left > 0 {
        let now = left.min(piece.len());
        router.handle_bytes(&piece[..now]);
        left -= now;
        assert_eq!(events(&mut router), Ok(vec![]));
        assert!(router.memory() < 4096);
    }
    router.handle_bytes(&message(&[b"the last of it"]));
    router.handle_bytes(&message(&[b"good"]));
    assert_eq!(events(&mut router), Ok(vec![Incoming::Message(vec![Bytes::from("good")])]));
    assert!(router.message_bytes() > len as u64);
}

#[test]
fn there_is_a_bound_on_frames_and_on_their_sum() {
    let mut router = router();
    let frames = [&b"x"[..]; MAX_FRAMES];
    router.handle_bytes(&message(&frames));
    assert!(matches!(&events(&mut router).expect("fine")[..], [Incoming::Message(_)]));
    let frames = [&b"x"[..]; MAX_FRAMES + 5];
    router.handle_bytes(&message(&frames));
    let begun = vec![Bytes::from("x"); MAX_FRAMES];
    let expected = Incoming::Refused { why: TooMuch::Frames, begun };
    assert_eq!(events(&mut router), Ok(vec![expected]));
    let large = vec![0; MAX_FRAME];
    router.handle_bytes(&message(&[&large, &vec![0; 65_536], b"x"]));
    let sum = MAX_MESSAGE as u64 + 1;
    let found = events(&mut router).expect("fine");
    assert!(
        matches!(&found[..], [Incoming::Refused { why: TooMuch::Sum(got), .. }] if *got == sum)
    );
    router.handle_bytes(&message(&[&large, &vec![0; 65_536]]));
    assert!(matches!(&events(&mut router).expect("fine")[..], [Incoming::Message(_)]));
    assert!(router.memory() < 4096);
}

#[test]
fn frames_without_end_are_not_passed_over_for_ever() {
    let mut router = router();
    router.handle_bytes(&message(&[&b"x"[..]; MAX_FRAMES])[..16 * 3 - 3]);
    let mut passed = 0_u64;
    let endless = announce(1 << 20, true);
    let body = vec![0; 1 << 20];
    let error = loop {
        router.handle_bytes(&endless);
        router.handle_bytes(&body);
        match events(&mut router) {
            Ok(_) => passed += 1 << 20,
            Err(error) => break error,
        }
        assert!(passed < 2 * MAX_PASSED_OVER, "it goes on for ever");
    };
    assert!(matches!(error, ZmtpError::TooMuch(_)), "{error}");
}

proptest! {
    #[test]
    fn messages_in_any_pieces_come_out_as_they_went_in(
        messages in prop::collection::vec(
            prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 1..5), 0..6),
        cuts in prop::collection::vec(1_usize..200, 1..40),
    ) {
        let mut router = Connection::router();
        let mut bytes = libzmq_dealer();
        for frames in &messages {
            let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
            bytes.extend_from_slice(&message(&frames));
        }
        let mut got = Vec::new();
        let mut rest = &bytes[..];
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, next) = rest.split_at((*cut).min(rest.len()));
            router.handle_bytes(piece);
            for event in events(&mut router).expect("lawful") {
                if let Incoming::Message(frames) = event {
                    got.push(frames.iter().map(|frame| frame.to_vec()).collect::<Vec<_>>());
                }
            }
            rest = next;
        }
        prop_assert_eq!(got, messages);
    }

    #[test]
    fn garbage_never_panics_and_memory_is_bounded(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20),
        honest in any::<bool>(),
    ) {
        let mut router = if honest { router() } else { Connection::router() };
        let mut came = 0;
        let mut failed = None;
        for piece in pieces {
            came += piece.len();
            router.handle_bytes(&piece);
            match events(&mut router) {
                Ok(_) => prop_assert!(failed.is_none()),
                Err(error) => {
                    prop_assert!(failed.is_none_or(|earlier| earlier == error));
                    failed = Some(error);
                }
            }
            prop_assert!(router.memory() <= 2 * came + 70_000, "{} of {came}", router.memory());
        }
    }
}
