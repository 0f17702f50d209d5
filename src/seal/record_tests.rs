//! Every way in which a pipe's records can be tampered with, each by its name.

use super::*;
use crate::seal::{Entropy, Exchange, Password, Progress, Setup, Suites};
use proptest::prelude::*;

/// The two ends of a pipe: what seat 1 seals and what seat 2 opens.
fn pipe(tag: u64) -> (RecordSealer, RecordOpener) {
    let keys = ends(tag, 0);
    let salts = [keys[0].salt(), keys[1].salt()];
    let [one, two] = keys;
    (one.open(&salts[1]).0, two.open(&salts[0]).1)
}

fn ends(tag: u64, salt: u8) -> [PipeKeys; 2] {
    let password = Password::default();
    let setup = |seat, random| Setup {
        seat,
        room: "",
        pairing: 1,
        password: &password,
        suites: Suites::new(true),
        random,
    };
    let (mut one, commit) = Exchange::new(&setup(Seat::One, &[1; 32]));
    let (mut two, _) = Exchange::new(&setup(Seat::Two, &[2; 32]));
    let Ok(Progress::Send(start)) = two.handle(&commit.expect("a commit")) else { panic!() };
    let Ok(Progress::Send(reveal)) = one.handle(&start) else { panic!() };
    let Ok(Progress::Done(Some(proof), two)) = two.handle(&reveal) else { panic!() };
    let Ok(Progress::Done(None, one)) = one.handle(&proof) else { panic!() };
    let mut random = [Entropy::new([salt; 32]), Entropy::new([salt + 1; 32])];
    let [first, second] = &mut random;
    [one.pipe(tag, first), two.pipe(tag, second)]
}

/// A record as it goes through the pipe.
fn sealed(sealer: &mut RecordSealer, is_final: bool, content: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0; RECORD_HEAD_LEN];
    buffer.extend_from_slice(content);
    sealer.seal(is_final, &mut buffer);
    buffer
}

/// What the other end makes of it.
fn opened(opener: &mut RecordOpener, record: &[u8]) -> Result<Vec<u8>, RecordError> {
    let len = RecordOpener::read_length(*record.first_chunk().expect("a length"))?;
    assert_eq!(len, record.len() - 4);
    opener.open(&mut record[4..].to_vec()).map(|content| content.to_vec())
}

#[test]
fn records_come_out_as_they_went_in_and_the_last_is_known() {
    let (mut sealer, mut opener) = pipe(2);
    let long = vec![7; 100_000];
    for content in [&b"hello"[..], b"", &long] {
        let record = sealed(&mut sealer, false, content);
        assert_eq!(opened(&mut opener, &record).as_deref(), Ok(content));
        assert_eq!(opener.end(), Err(RecordError::CutOff));
    }
    let record = sealed(&mut sealer, true, b"bye");
    assert_eq!(opened(&mut opener, &record).as_deref(), Ok(&b"bye"[..]));
    assert_eq!(opener.end(), Ok(()));
}

#[test]
fn the_largest_step_fits_and_anything_larger_is_no_record() {
    let (mut sealer, mut opener) = pipe(2);
    let record = sealed(&mut sealer, false, &vec![1; 1 + MAX_PIPE_BODY]);
    assert!(opened(&mut opener, &record).is_ok());
    for len in [0, 28, MAX_RECORD + 1, usize::try_from(u32::MAX).expect("64 bits")] {
        let head = u32::try_from(len).expect("a length").to_be_bytes();
        assert_eq!(RecordOpener::read_length(head), Err(RecordError::Length(len)));
    }
}

#[test]
fn what_is_cut_off_left_out_moved_or_doubled_is_named() {
    let records = |sealer: &mut RecordSealer| {
        [sealed(sealer, false, b"a"), sealed(sealer, false, b"b"), sealed(sealer, true, b"c")]
    };
    let (mut sealer, mut opener) = pipe(2);
    let [a, b, c] = records(&mut sealer);
    // Truncation.
    assert!(opened(&mut opener, &a).is_ok());
    assert_eq!(opener.end(), Err(RecordError::CutOff));
    // Left out, or in another order.
    let left_out = RecordError::OutOfOrder { expected: 1, got: 2 };
    assert_eq!(opened(&mut opener, &c), Err(left_out));
    // Replay.
    assert_eq!(opened(&mut opener, &a), Err(RecordError::Replayed(0)));
    assert!(opened(&mut opener, &b).is_ok());
    assert!(opened(&mut opener, &c).is_ok());
    assert_eq!(opened(&mut opener, &c), Err(RecordError::AfterFinal));
}

#[test]
fn records_of_another_pipe_or_of_the_other_direction_are_refused() {
    let (mut sealer, _) = pipe(2);
    let (_, mut other) = pipe(4);
    let mut record = sealed(&mut sealer, false, b"a");
    assert_eq!(opened(&mut other, &record), Err(RecordError::Spliced));
    // With the other pipe's name on it, it is just altered.
    record[5..9].copy_from_slice(&other.pipe);
    assert_eq!(opened(&mut other, &record), Err(RecordError::Altered(0)));
    // Sent back to where it came from.
    let [one, two] = ends(2, 0);
    let salt = two.salt();
    let (mut sealer, mut opener) = one.open(&salt);
    let record = sealed(&mut sealer, false, b"a");
    assert_eq!(opened(&mut opener, &record), Err(RecordError::Altered(0)));
}

#[test]
fn the_same_transfer_again_has_other_keys() {
    let [one, two] = ends(2, 0);
    let (salt_one, salt_two) = (one.salt(), two.salt());
    let (mut first, _) = one.open(&salt_two);
    let recorded = sealed(&mut first, false, b"a");
    // The relay plays the whole first pipe to the second one's receiver: its salt has changed.
    let [_, again] = ends(2, 40);
    let (_, mut opener) = again.open(&salt_one);
    assert_eq!(opened(&mut opener, &recorded), Err(RecordError::Spliced));
    let _ = two;
}

proptest! {
    /// Whatever is sealed, in however many records: it comes out of the stream again, and only the
    /// last record ends it.
    #[test]
    fn any_stream_of_records_comes_out_as_it_went_in(
        contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 1..8),
    ) {
        let (mut sealer, mut opener) = pipe(2);
        let mut stream = Vec::new();
        for (at, content) in contents.iter().enumerate() {
            stream.extend(sealed(&mut sealer, at + 1 == contents.len(), content));
        }
        let mut rest = &mut stream[..];
        for content in &contents {
            prop_assert_eq!(opener.end(), Err(RecordError::CutOff));
            let (head, after) = rest.split_first_chunk_mut().expect("a length");
            let len = RecordOpener::read_length(*head).expect("one that a record can have");
            let (record, after) = after.split_at_mut(len);
            prop_assert_eq!(opener.open(record).map(|opened| opened.to_vec()), Ok(content.clone()));
            rest = after;
        }
        prop_assert!(rest.is_empty());
        prop_assert_eq!(opener.end(), Ok(()));
    }

    /// Whatever bit is flipped in a record: it is noticed, and nothing of it is given out.
    #[test]
    fn a_flipped_bit_is_noticed(
        content in prop::collection::vec(any::<u8>(), 0..64),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
        is_final in any::<bool>(),
    ) {
        let (mut sealer, mut opener) = pipe(2);
        let record = sealed(&mut sealer, is_final, &content);
        let mut changed = record[4..].to_vec();
        let at = at.index(changed.len());
        changed[at] ^= 1 << bit;
        prop_assert!(opener.open(&mut changed).is_err());
        // Nothing has moved on: the true one is still taken.
        let mut content_again = record[4..].to_vec();
        prop_assert_eq!(opener.open(&mut content_again).map(|c| c.to_vec()), Ok(content));
    }

    #[test]
    fn random_records_never_panic_and_never_open(
        head in any::<[u8; 4]>(),
        mut record in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let _ = RecordOpener::read_length(head);
        let (_, mut opener) = pipe(2);
        prop_assert!(opener.open(&mut record).is_err());
    }
}
