//! The sealed records of a pipe, for one fixed pair of keys.
//!
//! Of all that a relay can put into a pipe, nothing but the true records opens, each once, in order,
//! and only the final one ends it. The input is a whole stream, or edits of the true one.

use crate::keys::undisturbed;
use arbitrary::Unstructured;
use couplet::seal::{Agreed, Entropy, RECORD_HEAD_LEN, RecordError, RecordOpener, RecordSealer};
use std::sync::LazyLock;

/// What is sealed, in this order.
const CONTENTS: [&[u8]; 3] = [b"a step", b"", &[7; 300]];

/// The keys of both clients, and what seat 1 sends.
static TRUTH: LazyLock<([Agreed; 2], Vec<Vec<u8>>)> = LazyLock::new(|| {
    let (_, agreed) = undisturbed();
    let (mut sealer, _) = pipe(&agreed);
    let last = CONTENTS.len() - 1;
    let records = CONTENTS.iter().enumerate().map(|(at, content)| {
        let mut buffer = vec![0; RECORD_HEAD_LEN];
        buffer.extend_from_slice(content);
        sealer.seal(at == last, &mut buffer);
        buffer
    });
    let records = records.collect();
    (agreed, records)
});

/// Runs one input.
pub fn run(input: &[u8]) {
    let (agreed, records) = &*TRUTH;
    let Ok(stream) = stream(&mut Unstructured::new(input), records) else { return };
    let (_, mut opener) = pipe(agreed);
    let (opened, ended) = read(&mut opener, stream.clone(), records);
    assert_eq!(opener.end().is_ok(), opened == records.len(), "ended early or late");
    if stream == records.concat() {
        assert_eq!((opened, ended), (records.len(), Ok(())), "the truth wasn't taken");
    }
}

/// What seat 1 seals with, and what seat 2 opens with.
fn pipe([one, two]: &[Agreed; 2]) -> (RecordSealer, RecordOpener) {
    let keys = one.pipe(2, &mut Entropy::new([3; 32]));
    let their_keys = two.pipe(2, &mut Entropy::new([4; 32]));
    let (salt, their_salt) = (keys.salt(), their_keys.salt());
    (keys.open(&their_salt).0, their_keys.open(&salt).1)
}

/// What comes through the pipe.
fn stream(input: &mut Unstructured<'_>, records: &[Vec<u8>]) -> arbitrary::Result<Vec<u8>> {
    if input.arbitrary()? {
        return input.bytes(input.len()).map(<[u8]>::to_vec);
    }
    // True records in any order, or only one after the other, then changes of bytes.
    let mut stream = match input.arbitrary::<Option<[u8; 4]>>()? {
        None => records.concat(),
        Some(order) => {
            let pick = |at: u8| records.get(usize::from(at)).cloned().unwrap_or_default();
            order.map(|at| pick(at % 4)).concat()
        }
    };
    while !input.is_empty() && !stream.is_empty() {
        let at = usize::from(input.arbitrary::<u16>()?) % stream.len();
        match input.int_in_range(0..=3_u8)? {
            0 => stream[at] ^= input.arbitrary::<u8>()?,
            1 => drop(stream.remove(at)),
            2 => stream.insert(at, input.arbitrary()?),
            _ => stream.truncate(at),
        }
    }
    Ok(stream)
}

/// Splits the stream into records and opens them, as a shell does; gives how many opened, and how it
/// ended.
fn read(
    opener: &mut RecordOpener,
    mut stream: Vec<u8>,
    records: &[Vec<u8>],
) -> (usize, Result<(), RecordError>) {
    let mut opened = 0;
    let mut rest = &mut stream[..];
    while let Some((head, after)) = rest.split_first_chunk_mut() {
        let len = match RecordOpener::read_length(*head) {
            Ok(len) => len,
            Err(error) => return (opened, Err(error)),
        };
        let head = *head;
        let Some((record, after)) = after.split_at_mut_checked(len) else { break };
        rest = after;
        let sealed = [&head[..], record].concat();
        match opener.open(record) {
            Ok(content) => {
                assert_eq!(content, CONTENTS[opened]);
                assert_eq!(sealed, records[opened], "something else than the true record opened");
                opened += 1;
                assert_eq!(opener.is_ended(), opened == CONTENTS.len());
            }
            Err(error) => {
                drop(error.to_string());
                assert!(Some(&sealed) != records.get(opened), "the true record didn't open");
                return (opened, Err(error));
            }
        }
    }
    (opened, opener.end())
}
