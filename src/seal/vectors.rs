//! Keeps the test vectors of docs/PROTOCOL.md true, to the last digit.
//!
//! Each value is worked out twice: by what seals in earnest, and here, step by step as the document
//! says it. What the document must then have is compared line by line.

use super::cipher::{Cipher, KeyBytes, Opener};
use super::schedule::{Purpose, Secrets, Transcript};
use super::*;
use crate::code::verification_words;
use crate::peer::{self, Envelope, PeerSignal, Words};
use crate::transfer::wire::{Close, End, SenderStep, StepReader};
use bytes::Bytes;
use curve25519_dalek::scalar::Scalar;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use spake2::{Ed25519Group, Identity, Spake2};
use std::collections::BTreeSet;

const DOCUMENT: &str = include_str!("../../docs/PROTOCOL.md");

/// What is fixed beforehand.
struct Case {
    title: &'static str,
    room: &'static str,
    pairing: u32,
    password: &'static str,
    aes_in_hardware: bool,
}

/// The lines of a block of vectors.
#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    fn bytes(&mut self, name: &str, value: impl AsRef<[u8]>) {
        const DIGITS: usize = 64;
        let hex = hex(value.as_ref());
        let mut left = hex.as_str();
        let mut name = format!("{name:<15} =");
        while !left.is_empty() {
            let (line, rest) = left.split_at(left.len().min(DIGITS));
            self.0.push(format!("{name} {line}"));
            name = format!("{:<15}  ", "");
            left = rest;
        }
    }

    fn text(&mut self, name: &str, value: &str) {
        self.0.push(format!("{name:<15} = '{value}'"));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn counted<const LEN: usize>(first: u8) -> [u8; LEN] {
    std::array::from_fn(|at| first + u8::try_from(at).expect("few"))
}

fn derive(context: &str, parts: &[&[u8]]) -> [u8; 32] {
    blake3::derive_key(context, &parts.concat())
}

/// That `sealed` opens with this key at this place, by the cipher alone.
fn assert_opens(
    cipher: Cipher,
    key: [u8; 32],
    number: u64,
    place: &[u8],
    sealed: &[u8],
    is: &[u8],
) {
    let mut content = sealed.to_vec();
    let opener = Opener::new(cipher, KeyBytes::new(key));
    assert_eq!(opener.open(number, place, &mut content), Ok(is.len()));
    assert_eq!(&content[..is.len()], is);
}

/// One whole exchange and something sealed with what it gives.
fn vectors(case: &Case) -> Vec<String> {
    let mut lines = Lines::default();
    let randoms: [[u8; 32]; 2] = [counted(0x00), counted(0x20)];
    lines.text("room", case.room);
    lines.bytes("pairing", case.pairing.to_be_bytes());
    lines.text("password", case.password);
    for (seat, random) in Seat::BOTH.into_iter().zip(&randoms) {
        let mut wide = [0; 64];
        ChaCha20Rng::from_seed(*random).fill_bytes(&mut wide);
        let scalar = Scalar::from_bytes_mod_order_wide(&wide);
        lines.bytes(&format!("random {}", seat.number()), random);
        lines.bytes(&format!("scalar {}", seat.number()), scalar.as_bytes());
    }
    let (bodies, [mut one, _two]) = exchange(case, &randoms);
    let [commit, start, reveal, prove] = &bodies;
    let (start_one, proof_one) = reveal[2..].split_at(35);
    let start_two = &start[2..];
    for (name, body) in ["commit", "start", "reveal", "prove"].into_iter().zip(&bodies) {
        lines.bytes(name, body);
    }
    lines.bytes("refuse", ExchangeError::Differ.refusal());
    assert_eq!(commit[2..], derive("couplet 1 commitment", &[start_one]));

    let shared = shared(case.password, &randoms[0], start_two);
    let mut transcript = b"couplet 1 exchange".to_vec();
    transcript.push(u8::try_from(case.room.len()).expect("a name"));
    transcript.extend_from_slice(case.room.as_bytes());
    transcript.extend_from_slice(&case.pairing.to_be_bytes());
    transcript.extend_from_slice(start_one);
    transcript.extend_from_slice(start_two);
    let secret = derive("couplet 1 session secret", &[&shared, &transcript]);
    lines.bytes("shared", shared);
    lines.bytes("transcript", &transcript);
    lines.bytes("secret", secret);
    for (seat, proof) in [(1, proof_one), (2, &prove[2..])] {
        let context = format!("couplet 1 confirmation of seat {seat}");
        let expected = blake3::keyed_hash(&derive(&context, &[&secret]), &transcript);
        assert_eq!(proof, expected.as_bytes());
        lines.bytes(&format!("proof {seat}"), proof);
    }
    let real = {
        let transcript = Transcript::new(case.room, case.pairing, [start_one, start_two]);
        Secrets::new(&shared, &transcript, one.cipher)
    };
    let mut keys = Vec::new();
    for (name, purpose) in [("words", Purpose::Words), ("signals", Purpose::Signals)] {
        for seat in Seat::BOTH {
            let number = seat.number();
            let key = derive(&format!("couplet 1 {name} from seat {number}"), &[&secret]);
            assert_eq!(key, *real.key(seat, purpose));
            lines.bytes(&format!("{name} key {number}"), key);
            keys.push(key);
        }
    }
    let pipes = derive("couplet 1 pipes", &[&secret]);
    assert_eq!(pipes, *real.pipes());
    lines.bytes("pipes", pipes);
    let verification = derive("couplet 1 verification words", &[&secret]);
    assert_eq!(verification[..8], one.verification.to_be_bytes());
    lines.bytes("verification", &verification[..8]);
    lines.text("three words", &verification_words(one.verification).join(" "));
    bodies_of(case, &mut one, &keys, &mut lines);
    pipe_of(&one, &pipes, &mut lines);
    lines.0
}

/// The bodies of the four steps in their order, and what each side has in the end.
fn exchange(case: &Case, randoms: &[[u8; 32]; 2]) -> ([Bytes; 4], [Box<Agreed>; 2]) {
    let password = Password::new(case.password.to_owned());
    let setup = |seat: Seat| Setup {
        seat,
        room: case.room,
        pairing: case.pairing,
        password: &password,
        suites: Suites::new(case.aes_in_hardware),
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

/// The key that SPAKE2 gives to seat 1.
fn shared(password: &str, random: &[u8; 32], start_two: &[u8]) -> [u8; 32] {
    let (one, two) = (Identity::new(b"couplet seat 1"), Identity::new(b"couplet seat 2"));
    let random = ChaCha20Rng::from_seed(*random);
    let password = spake2::Password::new(password);
    let (spake, _) = Spake2::<Ed25519Group>::start_a_with_rng(&password, &one, &two, random);
    let shared = spake.finish(&start_two[2..]).expect("a message of seat 2");
    shared.try_into().expect("32 bytes")
}

/// What seat 1 says and signals first.
fn bodies_of(case: &Case, one: &mut Agreed, keys: &[[u8; 32]], lines: &mut Lines) {
    let words = peer::encode(&Words { text: "hi".to_owned() });
    let signal =
        peer::encode(&Envelope { number: 0, acknowledged: 0, signal: PeerSignal::Compare });
    let pairing = case.pairing.to_be_bytes();
    let words_place = [&[0x02][..], &pairing, &1_u64.to_be_bytes()].concat();
    let signal_place = [&[0x03][..], &pairing].concat();
    let said = one.bodies.seal_words(1, &words);
    let signalled = one.bodies.seal_signal(&signal);
    for (name, content, place, body, key) in [
        ("say", words, words_place, said, keys[0]),
        ("signal", signal, signal_place, signalled, keys[2]),
    ] {
        lines.text(name, std::str::from_utf8(&content).expect("JSON"));
        lines.bytes(&format!("{name} place"), &place);
        lines.bytes(&format!("{name} body"), &body);
        assert_eq!(body[..9], [2, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_opens(one.cipher, key, 0, &place, &body[9..], &content);
    }
}

/// The pipe on which seat 1 sends an empty file: both of its records.
fn pipe_of(one: &Agreed, pipes: &[u8; 32], lines: &mut Lines) {
    let tag = 2_u64;
    let salts: [[u8; 32]; 2] = [counted(0x40), counted(0x60)];
    let material = [&pipes[..], &tag.to_be_bytes(), &salts[0], &salts[1]];
    lines.bytes("tag", tag.to_be_bytes());
    let mut keys = Vec::new();
    for (seat, salt) in (1..).zip(&salts) {
        lines.bytes(&format!("salt {seat}"), salt);
        keys.push(derive(&format!("couplet 1 pipe from seat {seat}"), &material));
    }
    for (seat, key) in (1..).zip(&keys) {
        lines.bytes(&format!("pipe key {seat}"), key);
    }
    let name = derive("couplet 1 name of a pipe", &material);
    lines.bytes("pipe name", &name[..4]);
    let ends = PipeKeys {
        pipes: one.pipes.clone(),
        cipher: one.cipher,
        seat: Seat::One,
        tag,
        salt: zeroize::Zeroizing::new(salts[0]),
    };
    let (mut sealer, _) = ends.open(&salts[1]);
    let root = *blake3::hash(b"").as_bytes();
    let close = SenderStep::Close(Close { entry: 0, size: 0, root });
    let end = SenderStep::End(End { entries: 1 });
    for (number, step, is_final) in [(0_u8, close, false), (1, end, true)] {
        let mut record = vec![0; RECORD_HEAD_LEN];
        step.encode(&mut record);
        let content = record[RECORD_HEAD_LEN..].to_vec();
        sealer.seal(is_final, &mut record);
        let place = &record[4..RECORD_HEAD_LEN];
        let expected =
            [&[u8::from(is_final)], &name[..4], &u64::from(number).to_be_bytes()].concat();
        assert_eq!(place, expected);
        assert_opens(
            one.cipher,
            keys[0],
            number.into(),
            place,
            &record[RECORD_HEAD_LEN..],
            &content,
        );
        let (_, body) = StepReader::new(&content).next().expect("a step").expect("whole");
        lines.text(&format!("step {number}"), std::str::from_utf8(body).expect("JSON"));
        lines.bytes(&format!("record {number}"), &record);
    }
}

/// The block of the document with this title.
fn documented(title: &str) -> Vec<&'static str> {
    let begin = format!("```vectors {title}");
    let mut lines = DOCUMENT.lines().skip_while(|line| **line != begin);
    assert!(lines.next().is_some(), "no block of vectors {title}");
    lines.take_while(|line| !line.starts_with("```")).collect()
}

fn assert_documented(case: &Case) {
    let expected = vectors(case);
    let documented = documented(case.title);
    for (documented, expected) in documented.iter().zip(&expected) {
        assert_eq!(documented, expected, "{}\n{}", case.title, vectors(case).join("\n"));
    }
    assert_eq!(documented.len(), expected.len(), "{}\n{}", case.title, expected.join("\n"));
}

#[test]
fn an_exchange_with_a_code_is_documented() {
    assert_documented(&Case {
        title: "with a code",
        room: "7",
        pairing: 1,
        password: "otter-lamp",
        aes_in_hardware: true,
    });
}

#[test]
fn an_exchange_without_a_code_is_documented() {
    assert_documented(&Case {
        title: "without a code",
        room: "",
        pairing: 0x0102,
        password: "",
        aes_in_hardware: false,
    });
}

#[test]
fn there_are_no_other_vectors() {
    let blocks = DOCUMENT.lines().filter(|line| line.starts_with("```vectors"));
    assert_eq!(blocks.count(), 2);
}

/// Every context of the key schedule is in the table of keys, and nothing else is.
#[test]
fn every_context_is_documented() {
    const HEADING: &str = "| context | gives | from |";
    let source = include_str!("schedule.rs");
    let in_source: BTreeSet<_> = source
        .split('"')
        .filter(|text| text.starts_with("couplet 1 ") && *text != "couplet 1 exchange")
        .collect();
    let rows = DOCUMENT.lines().skip_while(|line| *line != HEADING).skip(2);
    let documented: BTreeSet<_> = rows
        .take_while(|line| line.starts_with('|'))
        .filter_map(|row| row.split('`').nth(1))
        .collect();
    assert_eq!(documented, in_source);
    assert_eq!(in_source.len(), 14);
}

/// The reasons of a refusal are in their table.
#[test]
fn every_reason_of_a_refusal_is_documented() {
    use ExchangeError::{Differ, Disturbed, Unanswered, Version};
    let name = |error: ExchangeError| match error {
        Differ => "differ",
        Version => "version",
        Disturbed => "disturbed",
        Unanswered => "unanswered",
    };
    for error in [Differ, Version, Disturbed, Unanswered] {
        let row = format!("| {} | `{}` |", error.refusal()[2], name(error));
        assert!(DOCUMENT.lines().any(|line| line.starts_with(&row)), "{row}");
    }
}
