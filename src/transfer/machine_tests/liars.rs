//! Each machine alone against a peer that says anything at any time.

use super::super::entry::OpenEntry;
use super::disk::index;
use super::properties::{file, item};
use super::world::Chance;
use crate::limits::{GROUP, MAX_OPEN_FILES, MIN_PIECE, SMALL_FILE};
use crate::path::SafeName;
use crate::time::Moment;
use crate::transfer::entry::EntryKind;
use crate::transfer::offer::{Form, Offer};
use crate::transfer::receive::{Closed, Ended, Greeted, Opened, Receiver};
use crate::transfer::send::{PipeNo, Sender, Task};
use crate::transfer::tree;
use crate::transfer::wire::{
    Abort, Answer, ChunkHead, Close, End, Fault, Hello, Hole, SenderStep, Skip, Step,
};
use proptest::prelude::*;

fn offer(form: Form, size: Option<u64>, entries: u64) -> Offer {
    Offer {
        name: SafeName::new("t").expect("a safe name"),
        form,
        size,
        on_disk: None,
        entries,
        mtime: None,
    }
}

/// Numbers that hurt, and some that don't.
fn number(chance: &mut Chance) -> u64 {
    match chance.below(8) {
        0 => 0,
        1 => u64::MAX - chance.below(3) as u64,
        2 => 1 << chance.below(64),
        3 => GROUP * chance.below(9) as u64,
        4 => (1_u64 << chance.below(64)) - 1,
        _ => MIN_PIECE * chance.below(300) as u64,
    }
}

fn piece(chance: &mut Chance) -> u64 {
    match chance.below(4) {
        0 => number(chance),
        1 => chance.below(index(GROUP) + 2) as u64,
        _ => MIN_PIECE << chance.below(7),
    }
}

const FAULTS: [Fault; 13] = [
    Fault::OutOfOrder,
    Fault::NotAsOffered,
    Fault::OutOfRange,
    Fault::Overlap,
    Fault::Checksum,
    Fault::Gap,
    Fault::Mismatch,
    Fault::InTransit,
    Fault::Unlawful,
    Fault::Storage,
    Fault::SourceChanged,
    Fault::Unreadable,
    Fault::Unknown,
];

/// A sender's random step.
fn lie(chance: &mut Chance, receiver: &mut Receiver) {
    let entry = if chance.one_in(20) { number(chance) } else { chance.below(30) as u64 };
    match chance.below(100) {
        0..25 => {
            let size = (!chance.one_in(4)).then(|| number(chance));
            let path = if chance.one_in(3) { "t".to_owned() } else { format!("t/{entry}") };
            let kind = if chance.one_in(4) { EntryKind::Folder } else { EntryKind::File { size } };
            let what = item(&path, kind, Vec::new()).what;
            let hello = Hello { entry, ask: chance.one_in(3), what };
            match receiver.handle_hello(hello) {
                Greeted::Look(what) => {
                    receiver.handle_looked(entry, &what, chance.one_in(2));
                }
                Greeted::Open { .. } if chance.one_in(9) => {}
                Greeted::Open { .. } => {
                    let ranges = (0..chance.below(4)).map(|_| (number(chance), number(chance)));
                    receiver.handle_opened(entry, Opened::Ready(ranges.collect()));
                }
                Greeted::Make(_) => {
                    receiver.handle_made(entry, Ok(()));
                }
                Greeted::Wait => {
                    receiver.handle_opened(entry, Opened::Ready(Vec::new()));
                }
                Greeted::Answer(_) => {}
            }
        }
        25..80 => {
            let (offset, len) = (number(chance), piece(chance));
            let size = u32::try_from(len).unwrap_or(u32::MAX);
            let head = ChunkHead { entry, offset, size, checksum: [0; 32] };
            // Sometimes a shell writes what nobody has taken.
            if receiver.handle_chunk(&head).is_ok() || chance.one_in(20) {
                let hash = tree::PieceHash { chain: [1; 32], alone: None };
                match chance.below(4) {
                    0 => drop(receiver.handle_damaged(&head)),
                    1 => receiver.handle_unwritten(entry, offset, u64::from(size)),
                    _ => drop(receiver.handle_written(entry, offset, u64::from(size), &hash)),
                }
            }
        }
        80..85 => {
            let hole = Hole { entry, offset: number(chance), size: number(chance) };
            if receiver.handle_hole(&hole).is_ok() {
                let hash = tree::PieceHash { chain: [2; 32], alone: None };
                receiver.handle_hole_written(entry, hole.offset, hole.size.min(GROUP), &hash);
            }
        }
        85..89 => {
            let hash = tree::PieceHash { chain: [3; 32], alone: None };
            receiver.handle_read_again(entry, number(chance), piece(chance), &hash, None);
        }
        89..95 => {
            let root = if chance.one_in(3) { *blake3::hash(b"").as_bytes() } else { [0; 32] };
            if let Closed::Save(_) =
                receiver.handle_close(&Close { entry, size: number(chance), root })
            {
                receiver.handle_saved(entry, Ok(()));
            }
        }
        95..98 => {
            let code = FAULTS[chance.below(FAULTS.len())];
            receiver.handle_skip(&Skip { entry, code, text: "\x1b[2J".to_owned() });
        }
        98 if receiver.handle_end(End { entries: number(chance) }) == Ended::Finish => {
            receiver.handle_finished("t");
        }
        _ if chance.one_in(40) => {
            receiver.handle_abort(&Abort { code: Fault::Unknown, text: String::new() });
        }
        _ => {}
    }
}

/// A receiver's random answer.
fn answer(chance: &mut Chance) -> Answer {
    let entry = if chance.one_in(20) { number(chance) } else { chance.below(30) as u64 };
    let step = match chance.below(20) {
        0..6 => Step::Hello { entry },
        6..15 => Step::Chunk { entry, offset: number(chance) },
        15..19 => Step::Close { entry },
        _ => Step::End,
    };
    if chance.one_in(3) {
        // Faults that end it come rarely, so that more is seen.
        let many = if chance.one_in(50) { FAULTS.len() } else { 6 };
        let code =
            [Fault::Overlap, Fault::Checksum, Fault::OutOfOrder, Fault::Gap, Fault::Unlawful]
                .into_iter()
                .chain(FAULTS)
                .nth(chance.below(many))
                .unwrap_or(Fault::Unknown);
        return Answer::error(step, code, "\x1b[2J");
    }
    let held = (0..chance.below(90)).map(|_| (number(chance), number(chance))).collect();
    Answer::Ready { step, held, done: chance.one_in(6), saved_as: None }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn a_lying_sender_gets_nowhere_and_takes_little(
        seed in any::<u64>(),
        size in prop::option::of(prop::sample::select(vec![0, GROUP, 40 * GROUP, u64::MAX])),
        form in prop::sample::select(vec![Form::Folder, Form::Several, Form::File, Form::Stream]),
    ) {
        let mut chance = Chance::new(seed);
        let mut receiver = Receiver::new(offer(form, size, 20));
        for _ in 0..3000 {
            lie(&mut chance, &mut receiver);
            let (open, ranges, nodes) = receiver.burden();
            prop_assert!(open <= MAX_OPEN_FILES);
            // Each good piece of one lie adds at most to three ledgers and to the tree.
            prop_assert!(ranges < 3 * 3000 && nodes < 3000);
            if let Some(size) = size.filter(|_| matches!(form, Form::File)) {
                prop_assert!(receiver.held() <= size);
            }
        }
    }

    #[test]
    fn a_lying_receiver_gets_no_more_than_is_offered(seed in any::<u64>(), ask in any::<bool>()) {
        let mut chance = Chance::new(seed);
        let sizes = [0, 5, SMALL_FILE, SMALL_FILE + 1, GROUP, 3 * GROUP + 9];
        let items: Vec<_> = (0..24)
            .map(|number| {
                let size = sizes[chance.below(sizes.len())];
                let kind = match chance.below(6) {
                    0 => EntryKind::Folder,
                    1 => EntryKind::File { size: None },
                    _ => EntryKind::File { size: Some(size) },
                };
                item(&format!("t/{number}"), kind, file(number, size))
            })
            .collect();
        let mut sender = Sender::new(ask);
        let (mut walked, mut pipe, now) = (0, 1, Moment::START);
        for _ in 0..4000 {
            let no = PipeNo(pipe);
            match sender.poll_task(no, now) {
                Task::NextEntry => match items.get(walked) {
                    Some(item) => {
                        sender.handle_entry(item.what.clone());
                        walked += 1;
                    }
                    None => sender.handle_no_more(),
                },
                Task::Small(id) => {
                    sender.handle_small(id, &items[index(id)].bytes, no);
                }
                Task::Read { entry, offset, len } => {
                    let item = &items[index(entry)];
                    let size = item.bytes.len() as u64;
                    let end = offset + u64::from(len);
                    prop_assert!(end <= size || item.what.size().is_none());
                    prop_assert!(offset <= size);
                    let data = &item.bytes[index(offset)..index(end.min(size))];
                    let head = sender.handle_data(entry, offset, data, no, now);
                    if end > size {
                        sender.handle_ended(entry, size);
                    }
                    if let Some(head) = head.filter(|_| chance.one_in(2)) {
                        let step = Step::Chunk { entry, offset: head.offset };
                        sender.handle_answer(Answer::ready(step), now);
                    }
                }
                Task::Hash { entry, offset, len } => {
                    let end = index(offset + u64::from(len));
                    sender.handle_held(entry, offset, &items[index(entry)].bytes[index(offset)..end]);
                }
                Task::Check(id) => sender.handle_unchanged(id),
                Task::Transmit(SenderStep::Hello(hello)) if chance.one_in(2) => {
                    let step = Step::Hello { entry: hello.entry };
                    sender.handle_answer(Answer::ready(step), now);
                }
                Task::Transmit(_) | Task::Wait => {}
                Task::Done(_) => break,
            }
            if chance.one_in(3) {
                sender.handle_answer(answer(&mut chance), now);
            }
            if chance.one_in(300) {
                sender.handle_pipe_lost(no);
                pipe += 1;
            }
            let weight: u64 = sender.open.values().map(OpenEntry::weight).sum();
            prop_assert_eq!(sender.under_way, weight);
            let total: u64 = items.iter().map(|item| item.bytes.len() as u64).sum();
            prop_assert!(sender.confirmed() <= total);
        }
    }

    /// Against the plainest model there is of one file: a flag per smallest piece.
    #[test]
    fn a_receiver_takes_each_byte_once(
        size in prop::sample::select(vec![1, MIN_PIECE, GROUP, 2 * GROUP + 70_001]),
        steps in prop::collection::vec((0..170_u64, 0..8_u32, 0..3_u8), 1..150),
    ) {
        let what = item("t", EntryKind::File { size: Some(SMALL_FILE + size) }, Vec::new()).what;
        let size = SMALL_FILE + size;
        let mut receiver = Receiver::new(offer(Form::File, Some(size), 1));
        receiver.handle_hello(Hello { entry: 0, ask: false, what });
        receiver.handle_opened(0, Opened::Ready(Vec::new()));
        let mut model = vec![false; index(size.div_ceil(MIN_PIECE))];
        let mut held = 0;
        for (at, log, what) in steps {
            let offset = at * MIN_PIECE;
            // Sometimes one byte more or less than there is.
            let rest = size.saturating_sub(offset);
            let len = (MIN_PIECE << log).min(rest.max(1) + u64::from(what == 2));
            let head = ChunkHead {
                entry: 0,
                offset,
                size: u32::try_from(len).expect("small"),
                checksum: [0; 32],
            };
            let range = index(at)..index((offset + len).div_ceil(MIN_PIECE));
            let free = model.get(range.clone()).is_some_and(|flags| flags.iter().all(|held| !held));
            let lawful = tree::is_piece(Some(size), offset, len);
            match receiver.handle_chunk(&head) {
                Ok(()) => {
                    prop_assert!(lawful && free);
                    prop_assert!(receiver.handle_chunk(&head).is_err(), "its place is kept");
                    if what == 1 {
                        receiver.handle_damaged(&head);
                    } else {
                        let hash = tree::PieceHash { chain: [0; 32], alone: None };
                        receiver.handle_written(0, offset, len, &hash);
                        prop_assert_eq!(receiver.handle_written(0, offset, len, &hash), None);
                        receiver.handle_unwritten(0, offset, len);
                        model[range].fill(true);
                        held += len;
                    }
                }
                Err(Answer::Error { code, .. }) => {
                    let expected = if lawful { Fault::Overlap } else { Fault::OutOfRange };
                    prop_assert_eq!(code, expected);
                    prop_assert!(!lawful || !free);
                }
                Err(Answer::Ready { .. }) => prop_assert!(false, "READY is no refusal"),
            }
            prop_assert_eq!(receiver.held(), held);
        }
        let close = Close { entry: 0, size, root: [0; 32] };
        let Closed::Answer { answer: Answer::Error { code, .. }, discard } =
            receiver.handle_close(&close)
        else {
            return Err(TestCaseError::fail("a file of nonsense is closed"));
        };
        let whole = held == size;
        prop_assert_eq!((code, discard), if whole { (Fault::Mismatch, true) } else { (Fault::Gap, false) });
    }
}
