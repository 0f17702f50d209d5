//! The steps go and come back as they were, in the documented form, and garbage never panics.

use super::*;
use crate::path::{RawName, SafePath};
use crate::transfer::entry::{Entry, EntryKind, Stamp};
use crate::transfer::tree::Hash;
use proptest::prelude::*;

fn path(bytes: &[u8]) -> SafePath {
    SafePath::new(bytes).expect("a safe path")
}

fn any_kind() -> impl Strategy<Value = EntryKind> {
    prop_oneof![
        any::<Option<u64>>().prop_map(|size| EntryKind::File { size }),
        Just(EntryKind::Folder),
        prop::collection::vec(any::<u8>(), 0..20)
            .prop_map(|target| EntryKind::Link { target: RawName(target) }),
        Just(EntryKind::Twin { of: path(b"a/caf\xe9") }),
    ]
}

fn any_hello() -> impl Strategy<Value = Hello> {
    let looks = (any::<Option<u32>>(), any::<Option<(i64, u32)>>());
    (any::<u64>(), any::<bool>(), any_kind(), looks).prop_map(
        |(entry, ask, kind, (mode, mtime))| {
            let mtime = mtime.map(|(secs, nanos)| Stamp(secs, nanos));
            Hello { entry, ask, what: Entry { path: path(b"a/\x1b b\n"), kind, mode, mtime } }
        },
    )
}

fn steps(record: &[u8]) -> Vec<(u8, &[u8])> {
    StepReader::new(record).map(|step| step.expect("a step")).collect()
}

#[test]
fn steps_have_the_documented_form() {
    let mut out = Vec::new();
    Answer::ready(Step::Chunk { entry: 3, offset: 1_048_576 }).encode(&mut out);
    let expected = br#"{"answer":"ready","to":"chunk","entry":3,"offset":1048576}"#;
    assert_eq!(steps(&out), [(kind::ANSWER, &expected[..])]);
    let what = Entry {
        path: path(b"photo.png"),
        kind: EntryKind::File { size: Some(3) },
        mode: Some(0o644),
        mtime: Some(Stamp(-1, 5)),
    };
    out.clear();
    SenderStep::Hello(Hello { entry: 0, ask: false, what }).encode(&mut out);
    let expected =
        br#"{"entry":0,"path":"photo.png","is":"file","size":3,"mode":420,"mtime":[-1,5]}"#;
    assert_eq!(steps(&out), [(kind::HELLO, &expected[..])]);
}

proptest! {
    #[test]
    fn steps_come_back_as_they_went(
        hello in any_hello(),
        (entry, offset, size) in any::<(u64, u64, u64)>(),
        checksum in any::<Hash>(),
        data in prop::collection::vec(any::<u8>(), 0..100),
        text in ".{0,40}",
    ) {
        let len = u32::try_from(data.len()).expect("small");
        let head = ChunkHead { entry, offset, size: len, checksum };
        let sent = [
            SenderStep::Hello(hello),
            SenderStep::Chunk { head, packed: false, data: &data },
            SenderStep::Chunk { head: ChunkHead { size: 7, ..head }, packed: true, data: &data },
            SenderStep::Hole(Hole { entry, offset, size }),
            SenderStep::Close(Close { entry, size, root: checksum }),
            SenderStep::Skip(Skip { entry, code: Fault::Unreadable, text: text.clone() }),
            SenderStep::End(End { entries: entry }),
            SenderStep::Abort(Abort { code: Fault::SourceChanged, text: text.clone() }),
        ];
        let mut record = Vec::new();
        for step in &sent {
            step.encode(&mut record);
        }
        let read: Vec<_> = steps(&record)
            .into_iter()
            .map(|(kind, body)| SenderStep::decode(kind, body).expect("a step"))
            .collect();
        prop_assert_eq!(&read[..], &sent[..]);
        // Cut anywhere, some steps come whole and the rest is an error, never something else.
        for end in 0..record.len() {
            let whole = StepReader::new(&record[..end]).take_while(Result::is_ok).count();
            prop_assert!(whole < sent.len());
        }
    }

    #[test]
    fn answers_come_back_as_they_went(
        (entry, offset) in any::<(u64, u64)>(),
        held in prop::collection::vec(any::<(u64, u64)>(), 0..4),
        done in any::<bool>(),
        text in ".{0,40}",
    ) {
        let all =
            [Step::Hello { entry }, Step::Chunk { entry, offset }, Step::Close { entry }, Step::End];
        for step in all {
            let saved_as = Some(text.clone());
            for answer in [
                Answer::Ready { step, held: held.clone(), done, saved_as },
                Answer::error(step, Fault::Gap, text.clone()),
            ] {
                let mut out = Vec::new();
                answer.encode(&mut out);
                let (kind, body) = steps(&out)[0];
                prop_assert_eq!(Answer::decode(kind, body), Ok(answer));
            }
        }
    }

    #[test]
    fn random_bodies_never_panic(kind in 0x10_u8..0x1c, body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = SenderStep::decode(kind, &body);
        let _ = Answer::decode(kind::ANSWER, &body);
        for (kind, body) in StepReader::new(&body).flatten() {
            let _ = SenderStep::decode(kind, body);
        }
    }
}

#[test]
fn a_chunk_is_as_long_as_it_says() {
    let head = ChunkHead { entry: 0, offset: 0, size: 3, checksum: [0; 32] };
    let mut out = Vec::new();
    SenderStep::Chunk { head, packed: false, data: b"four" }.encode(&mut out);
    let (kind, body) = steps(&out)[0];
    assert_eq!(SenderStep::decode(kind, body), Err(WireError::ChunkSize { said: 3, had: 4 }));
    let huge = ChunkHead { size: u32::MAX, ..head };
    out.clear();
    SenderStep::Chunk { head: huge, packed: true, data: b"four" }.encode(&mut out);
    let (kind, body) = steps(&out)[0];
    assert!(SenderStep::decode(kind, body).is_err(), "more than a group can't be unpacked");
}

#[test]
fn what_cannot_be_read_is_quoted_without_what_a_screen_would_obey() {
    let body = br#"{"entry":0,"path":"a","is":"\u001b[2J\u202e"}"#;
    let error = SenderStep::decode(kind::HELLO, body).expect_err("no kind").to_string();
    assert!(error.contains("unknown variant") && text::is_clean(&error), "{error:?}");
}
