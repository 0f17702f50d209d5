//! What the parts of a transfer cost by themselves: `cargo bench --bench machines`.
//!
//! Neither disk nor network takes part: the two machines with the hash at both ends, the hash alone,
//! and the seal alone. docs/BENCHMARKS.md says what the figures are good for.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what a machine does otherwise is a fault here"
)]

use couplet::message::Seat;
use couplet::path::{SafeName, SafePath};
use couplet::seal::{
    Agreed, Entropy, Exchange, Password, Progress, RECORD_HEAD_LEN, RecordOpener, RecordSealer,
    Setup, Suites,
};
use couplet::time::Moment;
use couplet::transfer::entry::{Entry, EntryKind};
use couplet::transfer::offer::{Form, Offer};
use couplet::transfer::receive::{Closed, Ended, Greeted, Opened, Receiver};
use couplet::transfer::send::{PipeNo, Sender, Task};
use couplet::transfer::tree::{self, HashTree};
use couplet::transfer::wire::{Answer, SenderStep, Step, StepReader};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

const MIB: u64 = 1 << 20;
const PIECE: usize = 256 * 1024;

/// A sender and a receiver with nothing between them but the encoding of steps.
fn machines(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("machines");
    let bytes = bytes(64 * MIB);
    group.throughput(Throughput::Bytes(bytes.len() as u64)).sample_size(20);
    group.bench_function("one file of 64 MiB, hashed at both ends", |bencher| {
        bencher.iter(|| pass(1, &bytes));
    });
    let bytes = &bytes[..4096];
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("10,000 files of 4 KiB, hashed at both ends", |bencher| {
        bencher.iter(|| pass(10_000, bytes));
    });
}

fn hash(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hash");
    let bytes = bytes(MIB);
    for len in [16 * 1024, PIECE, bytes.len()] {
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_function(format!("a piece of {} KiB", len / 1024), |bencher| {
            bencher.iter(|| tree::piece_hash(MIB, black_box(&bytes[..len])));
        });
    }
    let hash = tree::piece_hash(0, &bytes);
    let groups = 100 * 1024;
    group.throughput(Throughput::Elements(groups));
    group.bench_function("the root of 100 GiB from its groups", |bencher| {
        bencher.iter(|| {
            let mut tree = HashTree::new();
            for number in 0..groups {
                tree.insert(number * MIB, MIB, &hash);
                tree.finish_group(number * MIB, MIB).expect("a whole group");
            }
            tree.root(groups * MIB).expect("a whole file")
        });
    });
}

fn seal(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("seal");
    for (name, aes) in [("AES-256-GCM", true), ("ChaCha20-Poly1305", false)] {
        let mut record = vec![0; RECORD_HEAD_LEN + PIECE];
        group.throughput(Throughput::Bytes(PIECE as u64));
        let (mut sealer, _) = ends(aes);
        group.bench_function(format!("{name}: seal a record of 256 KiB"), |bencher| {
            bencher.iter(|| {
                record.truncate(RECORD_HEAD_LEN + PIECE);
                sealer.seal(false, &mut record);
            });
        });
        let (mut sealer, mut opener) = ends(aes);
        group.bench_function(format!("{name}: open a record of 256 KiB"), |bencher| {
            let sealed = || {
                let mut record = vec![0; RECORD_HEAD_LEN + PIECE];
                sealer.seal(false, &mut record);
                record
            };
            bencher.iter_batched(
                sealed,
                |mut record| opener.open(&mut record[4..]).map(|opened| opened.len()),
                BatchSize::PerIteration,
            );
        });
    }
}

/// Sends so many files with these bytes from one machine to the other.
fn pass(files: u64, bytes: &[u8]) {
    let size = bytes.len() as u64;
    let name = SafeName::new("many").expect("a safe name");
    let offer = Offer {
        name,
        form: Form::Folder,
        size: Some(files * size),
        on_disk: None,
        entries: files + 1,
        mtime: None,
    };
    let (mut sender, mut receiver) = (Sender::new(false), Receiver::new(offer));
    let (pipe, now) = (PipeNo(0), Moment::START);
    let mut found = 0;
    let mut record = Vec::new();
    loop {
        let mut is_full = record.len() >= PIECE;
        match sender.poll_task(pipe, now) {
            Task::NextEntry if found > files => sender.handle_no_more(),
            Task::NextEntry => {
                sender.handle_entry(entry(found, size));
                found += 1;
            }
            Task::Transmit(step) => step.encode(&mut record),
            Task::Small(id) => {
                for step in sender.handle_small(id, bytes, pipe) {
                    step.encode(&mut record);
                }
            }
            Task::Read { entry, offset, len } => {
                let start = usize::try_from(offset).expect("in memory");
                let data = &bytes[start..start + len as usize];
                if let Some(head) = sender.handle_data(entry, offset, data, pipe, now) {
                    SenderStep::Chunk { head, packed: false, data }.encode(&mut record);
                }
            }
            Task::Check(id) => sender.handle_unchanged(id),
            Task::Hash { .. } => unreachable!("nothing is there from before"),
            Task::Wait => is_full = true,
            Task::Done(_) => return,
        }
        if is_full {
            for answer in take(&mut receiver, &record) {
                sender.handle_answer(answer, now);
            }
            record.clear();
        }
    }
}

/// The answers to the steps of a record.
fn take(receiver: &mut Receiver, record: &[u8]) -> Vec<Answer> {
    let mut answers = Vec::new();
    for step in StepReader::new(record) {
        let (kind, body) = step.expect("a step");
        answers.extend(match SenderStep::decode(kind, body).expect("a step") {
            SenderStep::Hello(hello) => {
                let id = hello.entry;
                match receiver.handle_hello(hello) {
                    Greeted::Open { .. } => {
                        Some(receiver.handle_opened(id, Opened::Ready(Vec::new())))
                    }
                    Greeted::Make(_) => Some(receiver.handle_made(id, Ok(()))),
                    other => unreachable!("{other:?}"),
                }
            }
            SenderStep::Chunk { head, data, .. } => {
                receiver.handle_chunk(&head).expect("in its place");
                let hash = tree::piece_hash(head.offset, data);
                assert_eq!(hash.chain, head.checksum);
                let len = data.len() as u64;
                let _ = receiver.handle_written(head.entry, head.offset, len, &hash);
                Some(Answer::ready(Step::Chunk { entry: head.entry, offset: head.offset }))
            }
            SenderStep::Close(close) => match receiver.handle_close(&close) {
                Closed::Save(_) => Some(receiver.handle_saved(close.entry, Ok(()))),
                other => unreachable!("{other:?}"),
            },
            SenderStep::End(end) => match receiver.handle_end(end) {
                Ended::Finish => Some(receiver.handle_finished("many")),
                other => unreachable!("{other:?}"),
            },
            other => unreachable!("{other:?}"),
        });
    }
    answers
}

fn entry(number: u64, size: u64) -> Entry {
    let (path, kind) = if number == 0 {
        ("many".to_owned(), EntryKind::Folder)
    } else {
        (format!("many/{number}"), EntryKind::File { size: Some(size) })
    };
    let path = SafePath::new(&path).expect("a safe path");
    Entry { path, kind, mode: Some(0o644), mtime: None }
}

/// What seals at one end of a pipe, and what opens at the other.
fn ends(aes: bool) -> (RecordSealer, RecordOpener) {
    let [one, two] = agree(aes);
    let mut entropy = Entropy::new([7; 32]);
    let (one, two) = (one.pipe(2, &mut entropy), two.pipe(2, &mut entropy));
    let salts = [one.salt(), two.salt()];
    (one.open(&salts[1]).0, two.open(&salts[0]).1)
}

/// Two who have agreed on keys.
fn agree(aes: bool) -> [Agreed; 2] {
    let password = Password::default();
    let setup = |seat, random| Setup {
        seat,
        room: "",
        pairing: 1,
        password: &password,
        suites: Suites::new(aes),
        random,
    };
    let (mut one, first) = Exchange::new(&setup(Seat::One, &[1; 32]));
    let (mut two, _) = Exchange::new(&setup(Seat::Two, &[2; 32]));
    let mut agreed = [None, None];
    let mut body = first;
    let mut at_two = true;
    while let Some(next) = body.take() {
        let (exchange, mine) = if at_two { (&mut two, 1) } else { (&mut one, 0) };
        body = match exchange.handle(&next).expect("a step") {
            Progress::Known => None,
            Progress::Send(body) => Some(body),
            Progress::Done(body, keys) => {
                agreed[mine] = Some(*keys);
                body
            }
        };
        at_two = !at_two;
    }
    agreed.map(|keys| keys.expect("both have agreed"))
}

/// Bytes that no two pieces have alike.
fn bytes(len: u64) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(len).expect("in memory")];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    bytes
}

criterion_group!(benches, machines, hash, seal);
criterion_main!(benches);
