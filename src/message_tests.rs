//! Round trips of every message, and what hostile bytes get.

use super::*;
use crate::frame::FrameDecoder;
use crate::limits;
use proptest::prelude::*;

fn room_name() -> impl Strategy<Value = RoomName> {
    "[A-Za-z0-9._-]{1,64}".prop_map(|name| RoomName::new(name).expect("well-formed"))
}

fn token() -> impl Strategy<Value = Token> {
    any::<[u8; 16]>().prop_map(Token::from_bytes)
}

fn body() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..200).prop_map(Bytes::from)
}

fn client_message() -> impl Strategy<Value = ClientToRelay> {
    use ClientControl as C;
    prop_oneof![
        (
            (prop::option::of(room_name()), any::<bool>(), prop::option::of(token())),
            (any::<[bool; 2]>(), any::<[u64; 4]>())
        )
            .prop_map(
                |((room, new_room, seat), ([anew, plain], [times, turn, said, heard]))| {
                    let known = Known { turn, said, heard };
                    ClientToRelay::Control(C::Hello {
                        room,
                        new_room,
                        seat,
                        anew,
                        times,
                        known,
                        plain,
                    })
                }
            ),
        token().prop_map(|token| ClientToRelay::Control(C::OpenPipe { token })),
        any::<u64>().prop_map(|tag| ClientToRelay::Control(C::RequestPipe { tag })),
        any::<u32>().prop_map(|pairing| ClientToRelay::Control(C::PairingFailed { pairing })),
        any::<u64>().prop_map(|turn| ClientToRelay::Control(C::Pass { turn })),
        prop::sample::select(vec![C::Fin, C::Ping]).prop_map(ClientToRelay::Control),
        (any::<u32>(), any::<u64>(), body())
            .prop_map(|(pairing, sequence, body)| ClientToRelay::Say { pairing, sequence, body }),
        (any::<u32>(), body()).prop_map(|(pairing, body)| ClientToRelay::Signal { pairing, body }),
    ]
}

fn relay_message() -> impl Strategy<Value = RelayToClient> {
    use RelayControl as R;
    let seat = prop::sample::select(Seat::BOTH.to_vec());
    let state = prop::sample::select(vec![
        PeerState::Waiting,
        PeerState::Present,
        PeerState::Silent,
        PeerState::Gone,
        PeerState::Replaced,
    ]);
    let code = prop::sample::select(vec![
        ErrorCode::RoomTaken,
        ErrorCode::Stuck,
        ErrorCode::PairingFailed,
        ErrorCode::SlowDown,
        ErrorCode::IdleRoom,
        ErrorCode::NoPlainRooms,
        ErrorCode::Unknown,
    ]);
    prop_oneof![
        (
            (seat, token(), prop::option::of(room_name())),
            (any::<[u32; 2]>(), any::<[u64; 2]>(), any::<[bool; 2]>())
        )
            .prop_map(
                |(
                    (seat, token, room),
                    ([pairing, since], [next_sequence, grace_ms], [returned, plain]),
                )| {
                    RelayToClient::Control(R::Welcome {
                        seat,
                        token,
                        room,
                        pairing,
                        since,
                        next_sequence,
                        grace_ms,
                        returned,
                        plain,
                    })
                }
            ),
        (prop::sample::select(vec![Role::Emi, Role::Rec]), any::<u64>())
            .prop_map(|(role, turn)| RelayToClient::Control(R::Role { role, turn })),
        (state, any::<[u32; 2]>(), prop::option::of(any::<u64>())).prop_map(
            |(state, [pairing, since], kept_ms)| {
                RelayToClient::Control(R::Peer { state, pairing, since, kept_ms })
            }
        ),
        any::<u64>().prop_map(|sequence| RelayToClient::Control(R::Taken { sequence })),
        (any::<u64>(), token())
            .prop_map(|(tag, token)| RelayToClient::Control(R::Pipe { tag, token })),
        (code, ".*", prop::option::of(any::<u64>())).prop_map(|(code, text, kept_ms)| {
            RelayToClient::Control(R::Error { code, text, kept_ms })
        }),
        ".*".prop_map(|text| RelayToClient::Control(R::Notice { text })),
        prop::sample::select(vec![
            R::Joined,
            R::Pong,
            R::Exit { reason: ExitReason::Fin },
            R::Exit { reason: ExitReason::Shutdown },
            R::Exit { reason: ExitReason::Superseded },
            R::Exit { reason: ExitReason::Rejoin },
            R::Exit { reason: ExitReason::Restart },
        ])
        .prop_map(RelayToClient::Control),
        (any::<u32>(), any::<u64>(), any::<bool>(), body()).prop_map(
            |(pairing, sequence, kept, body)| RelayToClient::Message {
                pairing,
                sequence,
                kept,
                body
            }
        ),
        (any::<u32>(), body()).prop_map(|(pairing, body)| RelayToClient::Signal { pairing, body }),
    ]
}

fn only_frame(bytes: &[u8]) -> Frame {
    let mut decoder = FrameDecoder::new(limits::MAX_CONTROL_BODY);
    decoder.push(bytes);
    let frame = decoder.poll_frame().expect("a valid frame").expect("a whole frame");
    assert_eq!(decoder.buffered(), 0);
    frame
}

proptest! {
    #[test]
    fn client_messages_come_back_as_they_went(message in client_message()) {
        let mut out = BytesMut::new();
        message.encode(&mut out);
        prop_assert_eq!(ClientToRelay::decode(only_frame(&out)), Ok(message));
    }

    #[test]
    fn relay_messages_come_back_as_they_went(message in relay_message()) {
        let mut out = BytesMut::new();
        message.encode(&mut out);
        prop_assert_eq!(RelayToClient::decode(only_frame(&out)), Ok(message));
    }

    #[test]
    fn bytes_that_are_flipped_or_cut_never_panic(
        message in relay_message(),
        at in any::<prop::sample::Index>(),
        flip in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut out = BytesMut::new();
        message.encode(&mut out);
        let kind = out[4];
        let mut body = out[frame::HEADER_LEN..].to_vec();
        if !body.is_empty() {
            let at = at.index(body.len());
            body[at] ^= flip;
            body.truncate(cut.index(body.len() + 1));
        }
        let frame = Frame { kind, body: Bytes::from(body) };
        let _ = RelayToClient::decode(frame.clone());
        let _ = ClientToRelay::decode(frame);
    }

    #[test]
    fn random_frames_never_panic(kind in any::<u8>(), body in body()) {
        let frame = Frame { kind, body };
        let _ = RelayToClient::decode(frame.clone());
        let _ = ClientToRelay::decode(frame);
    }
}

#[test]
fn the_wire_form_of_a_hello_is_the_documented_one() {
    let room = RoomName::new("attic").expect("well-formed");
    let hello = ClientToRelay::Control(ClientControl::hello(Some(room), false, None));
    let mut out = BytesMut::new();
    hello.encode(&mut out);
    assert_eq!(&out[..], b"\0\0\0\x20\x01{\"type\":\"hello\",\"room\":\"attic\"}");
}

#[test]
fn fields_and_codes_of_later_releases_are_passed_over() {
    let body = br#"{"type":"error","code":"too_purple","text":"x","more":[1,2]}"#;
    let frame = Frame { kind: kind::CONTROL, body: Bytes::from_static(body) };
    let text = "x".to_owned();
    let error = RelayControl::Error { code: ErrorCode::Unknown, text, kept_ms: None };
    assert_eq!(RelayToClient::decode(frame), Ok(RelayToClient::Control(error)));
}

#[test]
fn what_is_no_message_is_told_apart() {
    let decode = |kind, body: &'static [u8]| {
        ClientToRelay::decode(Frame { kind, body: Bytes::from_static(body) })
    };
    assert_eq!(decode(0x7f, b""), Err(MessageError::UnknownKind(0x7f)));
    assert_eq!(decode(kind::MESSAGE, b""), Err(MessageError::UnknownKind(kind::MESSAGE)));
    assert_eq!(decode(kind::SAY, b"\0\0\0\x01"), Err(MessageError::Short));
    assert!(matches!(decode(kind::CONTROL, b"[1"), Err(MessageError::Json(_))));
    assert!(matches!(decode(kind::CONTROL, b"{\"type\":\"dance\"}"), Err(MessageError::Json(_))));
}

#[test]
fn names_of_rooms_are_plain() {
    for good in ["a", "attic", "Room-7_b.2", &"x".repeat(64)] {
        assert!(RoomName::new(good).is_ok(), "{good}");
    }
    for bad in ["", "two words", "naïve", "a/b", "\x1b[31m", &"x".repeat(65)] {
        assert_eq!(RoomName::new(bad), Err(RoomNameError), "{bad}");
    }
}

#[test]
fn tokens_never_show() {
    let token = Token::from_bytes([0xab; 16]);
    assert_eq!(format!("{token:?}"), "Token(hidden)");
    assert_eq!(String::from(token), "ab".repeat(16));
    assert!(Token::try_from("zz".repeat(16)).is_err());
    assert!(Token::try_from("é".repeat(16)).is_err());
}
