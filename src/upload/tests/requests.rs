//! Everything that can be wrong with a request, and what the client is told.

use super::desk::{chunk, close, frames, hello};
use crate::path::SafeName;
use crate::upload::{ChecksumKind, Request};
use bytes::Bytes;
use proptest::prelude::*;

fn told(message: &[Bytes]) -> String {
    Request::read(message).expect_err("refused").why.to_string()
}

/// A chunk with one field changed.
fn changed(field: usize, to: &[u8]) -> Vec<Bytes> {
    let mut message = chunk("a.bin", 4096, b"some bytes");
    message[field] = Bytes::copy_from_slice(to);
    message
}

#[test]
fn good_requests_are_read() {
    let name = SafeName::new("a.bin").expect("a safe name");
    assert_eq!(Request::read(&hello("a.bin")), Ok(Request::Hello { name: name.clone() }));
    let data = Bytes::from("some bytes");
    let good = Request::Chunk { name: name.clone(), offset: 4096, data: data.clone() };
    assert_eq!(Request::read(&chunk("a.bin", 4096, &data)).as_ref(), Ok(&good));
    let upper = blake3::hash(&data).to_hex().to_uppercase();
    assert_eq!(Request::read(&changed(4, upper.as_bytes())).as_ref(), Ok(&good));
    assert_eq!(Request::read(&changed(2, b"0004096")).as_ref(), Ok(&good), "zeros are harmless");
    let all = u64::MAX.to_string();
    let closed = Request::Close { name, size: u64::MAX };
    assert_eq!(Request::read(&close("a.bin", &all)), Ok(closed));
}

#[test]
fn each_fault_says_what_came_and_what_was_expected() {
    let cases: &[(Vec<Bytes>, &str)] = &[
        (frames(&[b"HELLO"]), "got HELLO with 1 frame, expected 2: HELLO, name"),
        (frames(&[b"HELLO", b"a", b"b"]), "got HELLO with 3 frames, expected 2: HELLO, name"),
        (
            chunk("a", 0, b"x")[..4].to_vec(),
            "got CHUNK with 4 frames, expected 6: CHUNK, name, offset, size, checksum, data",
        ),
        (
            [chunk("a", 0, b"x"), frames(&[b""])].concat(),
            "got CHUNK with 7 frames, expected 6: CHUNK, name, offset, size, checksum, data",
        ),
        (frames(&[b"CLOSE", b"a"]), "got CLOSE with 2 frames, expected 3: CLOSE, name, size"),
        (frames(&[b""]), "the request (frame 1) is empty; expected HELLO, CHUNK or CLOSE"),
        (frames(&[b"hello", b"a"]), "got the request \"hello\", expected HELLO, CHUNK or CLOSE"),
        (
            frames(&[b"\x1b[2Jx\xff", b"a"]),
            "got the request \"x\u{fffd}\", expected HELLO, CHUNK or CLOSE",
        ),
        (changed(2, b""), "the offset (frame 3) is empty; expected decimal digits"),
        (changed(3, b""), "the size (frame 4) is empty; expected decimal digits"),
        (
            changed(2, b"-1"),
            "got the offset \"-1\", expected decimal digits and nothing else (no sign, no space)",
        ),
        (
            changed(3, b" 10"),
            "got the size \" 10\", expected decimal digits and nothing else (no sign, no space)",
        ),
        (
            close("a", "0x10"),
            "got the size \"0x10\", expected decimal digits and nothing else (no sign, no space)",
        ),
        (
            close("a", "18446744073709551616"),
            "got the size 18446744073709551616, expected at most 18446744073709551615, which is \
             what fits 64 bits",
        ),
        (
            changed(4, b"1234567"),
            "got a checksum of 7 bytes, expected 8 hex digits (CRC-32) or 64 (BLAKE3)",
        ),
        (
            changed(4, b"1234567g"),
            "got the checksum \"1234567g\", expected hex digits and nothing else",
        ),
        (
            changed(3, b"9"),
            "got size 9 with 10 bytes of data, expected the size to be the data's length",
        ),
        (
            changed(5, b""),
            "the data (frame 6) is empty; a chunk has at least 1 byte, and an empty file is a HELLO \
             and a CLOSE with size 0",
        ),
        (
            changed(4, b"00000000"),
            "the CRC-32 of the 10 bytes at offset 4096 is 9f597f55, the request says 00000000; send \
             the chunk again",
        ),
        (
            hello("../a"),
            "the name \"../a\" has a slash or backslash in it; rename the file without it",
        ),
        (hello(""), "the file name is empty; give the file a name before sending it"),
        (
            frames(&[b"HELLO", b"a\xff"]),
            "got a file name that is not UTF-8 (\"a\u{fffd}\"); expected a plain file name in UTF-8",
        ),
    ];
    for (message, expected) in cases {
        assert_eq!(told(message), *expected);
    }
    assert!(
        told(&changed(4, &[b'0'; 64])).starts_with("the BLAKE3 of the 10 bytes at offset 4096")
    );
    assert!(told(&[]).contains("is empty"));
}

#[test]
fn what_a_client_writes_is_quoted_short_and_harmless() {
    let long = vec![b'7'; 1 << 20];
    let text = told(&changed(2, &long));
    assert!(text.chars().count() < 200, "{text}");
    let text = told(&frames(&[&long]));
    assert!(text.chars().count() < 200, "{text}");
    assert!(!told(&hello("a\u{202e}b")).contains('\u{202e}'));
}

#[test]
fn a_refused_close_tells_whose_it_was() {
    let name = SafeName::new("a").ok();
    for message in
        [close("a", "x"), frames(&[b"CLOSE", b"a"]), frames(&[b"CLOSE", b"a", b"1", b""])]
    {
        assert_eq!(Request::read(&message).expect_err("refused").closes, name);
    }
    assert_eq!(Request::read(&frames(&[b"CLOSE"])).expect_err("refused").closes, None);
    assert_eq!(Request::read(&frames(&[b"HELLO", b"a", b""])).expect_err("refused").closes, None);
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        offset in any::<u64>(),
        data in prop::collection::vec(any::<u8>(), 1..300),
        blake in any::<bool>(),
    ) {
        let name = SafeName::new("photo (2).png").expect("a safe name");
        let kind = if blake { ChecksumKind::Blake3 } else { ChecksumKind::Crc32 };
        let data = Bytes::from(data);
        let message = Request::chunk(&name, offset, kind, data.clone());
        prop_assert_eq!(Request::read(&message), Ok(Request::Chunk { name: name.clone(), offset, data }));
        let message = Request::close(&name, offset);
        prop_assert_eq!(Request::read(&message), Ok(Request::Close { name: name.clone(), size: offset }));
        prop_assert_eq!(Request::read(&Request::hello(&name)), Ok(Request::Hello { name }));
    }

    #[test]
    fn anything_is_read_or_refused_in_one_short_line(
        message in prop::collection::vec(prop_oneof![
            prop::collection::vec(any::<u8>(), 0..70),
            prop::sample::select(vec!["HELLO", "CHUNK", "CLOSE", "a", "0", "00000000"])
                .prop_map(|word| word.as_bytes().to_vec()),
        ], 0..8),
    ) {
        let message: Vec<Bytes> = message.into_iter().map(Bytes::from).collect();
        if let Err(refused) = Request::read(&message) {
            let text = refused.why.to_string();
            prop_assert!(!text.contains(|c: char| c.is_control()), "{}", text);
            prop_assert!(text.chars().count() < 300, "{}", text);
        }
    }
}
