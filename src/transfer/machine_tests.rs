//! Sender and receiver against each other, over a link that reorders, damages and loses answers'
//! order, and against a sender that lies.

use super::super::send::{Sender, Task};
use super::super::wire::SenderFrame;
use super::*;
use crate::limits::{CHUNK_WINDOW, GROUP};
use proptest::prelude::*;

fn name() -> SafeName {
    SafeName::new("photo.png").expect("a safe name")
}

fn file(size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    blake3::Hasher::new().update(b"contents").finalize_xof().fill(&mut bytes);
    bytes
}

fn mib() -> usize {
    usize::try_from(GROUP).expect("fits")
}

/// Runs both machines to the end. `pick` chooses which chunk in transit arrives next and `damage`
/// says which arrivals are damaged on the way.
fn run(
    source: &[u8],
    mut pick: impl FnMut(usize) -> usize,
    mut damage: impl FnMut() -> bool,
) -> (Outcome, Option<Outcome>, Vec<u8>) {
    let size = source.len() as u64;
    let mut sender = Sender::new(name(), size);
    let mut receiver = Receiver::new(name(), size);
    let mut disk = vec![0; source.len()];
    let mut transit: Vec<ChunkHead> = Vec::new();
    loop {
        match sender.poll_task() {
            Task::Transmit(SenderFrame::Hello(hello)) => {
                sender.handle_answer(receiver.handle_hello(&hello));
            }
            Task::Transmit(SenderFrame::Close(close)) => {
                let answer = match receiver.handle_close(&close) {
                    Ok(()) => receiver.handle_saved(&name()),
                    Err(answer) => answer,
                };
                sender.handle_answer(answer);
            }
            Task::Transmit(SenderFrame::Abort(abort)) => receiver.handle_abort(&abort),
            Task::Transmit(SenderFrame::Chunk(_)) => unreachable!("chunks come from reads"),
            Task::Check => sender.handle_unchanged(),
            Task::Read { offset, len } => {
                let start = usize::try_from(offset).expect("small");
                let data = &source[start..start + usize::try_from(len).expect("small")];
                transit.push(sender.handle_data(offset, data));
                assert!(transit.len() <= CHUNK_WINDOW);
            }
            Task::Wait => {
                let head = transit.swap_remove(pick(transit.len()));
                let start = usize::try_from(head.offset).expect("small");
                let mut data = source[start..start + usize::try_from(head.size).unwrap()].to_vec();
                if damage() {
                    data[0] ^= 1;
                }
                let answer = match receiver.handle_chunk(&head, &data) {
                    Ok(()) => {
                        disk[start..start + data.len()].copy_from_slice(&data);
                        receiver.handle_written(&head)
                    }
                    Err(answer) => answer,
                };
                sender.handle_answer(answer);
                assert!(receiver.held() >= sender.confirmed());
            }
            Task::Done(outcome) => return (outcome, receiver.outcome().cloned(), disk),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_order_and_some_damage_end_verified_and_identical(
        size in prop::sample::select(vec![0, 1, 1000, mib() - 1, mib(), mib() + 1, 5 * mib() + 3]),
        order in prop::collection::vec(any::<prop::sample::Index>(), 8),
        damaged in prop::collection::vec(any::<bool>(), 10),
    ) {
        let source = file(size);
        let mut order = order.iter().cycle();
        let mut damaged = damaged.into_iter();
        let (sent, received, disk) = run(
            &source,
            |len| order.next().expect("endless").index(len),
            || damaged.next().unwrap_or(false),
        );
        let verified = Outcome::Verified { saved_as: "photo.png".to_owned() };
        prop_assert_eq!(&sent, &verified);
        prop_assert_eq!(received, Some(verified));
        prop_assert!(disk == source, "the bytes differ");
    }
}

#[test]
fn a_line_that_damages_everything_is_given_up() {
    let (sent, _, _) = run(&file(3 * mib()), |_| 0, || true);
    assert!(matches!(sent, Outcome::Failed { code: Fault::Checksum, .. }), "{sent:?}");
}

#[test]
fn a_file_that_changed_is_never_verified() {
    let mut sender = Sender::new(name(), 10);
    let mut receiver = Receiver::new(name(), 10);
    let Task::Transmit(SenderFrame::Hello(hello)) = sender.poll_task() else { panic!("no HELLO") };
    sender.handle_answer(receiver.handle_hello(&hello));
    assert_eq!(sender.poll_task(), Task::Read { offset: 0, len: 10 });
    sender.handle_fault(Fault::SourceChanged, "it shrank");
    let Task::Transmit(SenderFrame::Abort(abort)) = sender.poll_task() else { panic!("no ABORT") };
    receiver.handle_abort(&abort);
    let failed = Outcome::Failed { code: Fault::SourceChanged, text: "it shrank".to_owned() };
    assert_eq!(sender.poll_task(), Task::Done(failed.clone()));
    assert_eq!(receiver.outcome(), Some(&failed));
}

fn code(answer: &Answer) -> Option<Fault> {
    match answer {
        Answer::Ready { .. } => None,
        Answer::Error { code, .. } => Some(*code),
    }
}

fn opened(size: u64) -> Receiver {
    let mut receiver = Receiver::new(name(), size);
    assert_eq!(receiver.handle_hello(&Hello { name: name(), size }), Answer::ready(Step::Hello));
    receiver
}

fn chunk(size: u64, offset: u64, data: &[u8]) -> ChunkHead {
    let checksum = tree::group_hash(size, offset, data);
    ChunkHead { offset, size: u32::try_from(data.len()).expect("small"), checksum }
}

fn refused(receiver: &Receiver, head: &ChunkHead, data: &[u8]) -> Option<Fault> {
    receiver.handle_chunk(head, data).err().as_ref().and_then(code)
}

#[test]
fn steps_out_of_order_are_refused() {
    let mut receiver = Receiver::new(name(), 4);
    let head = chunk(4, 0, b"abcd");
    assert_eq!(refused(&receiver, &head, b"abcd"), Some(Fault::OutOfOrder));
    let close = Close { size: 4, root: head.checksum };
    assert_eq!(
        receiver.handle_close(&close).err().as_ref().and_then(code),
        Some(Fault::OutOfOrder)
    );

    let mut receiver = opened(4);
    let again = receiver.handle_hello(&Hello { name: name(), size: 4 });
    assert_eq!(code(&again), Some(Fault::OutOfOrder));
}

#[test]
fn a_hello_for_something_else_is_refused() {
    for (other, size) in [("other.png", 4), ("photo.png", 5)] {
        let mut receiver = Receiver::new(name(), 4);
        let hello = Hello { name: SafeName::new(other).expect("a safe name"), size };
        assert_eq!(code(&receiver.handle_hello(&hello)), Some(Fault::NotAsOffered));
        assert!(receiver.outcome().is_some());
    }
}

#[test]
fn chunks_that_lie_are_refused_and_change_nothing() {
    let size = GROUP + 4;
    let mut receiver = opened(size);
    let tail = chunk(size, GROUP, b"tail");
    assert_eq!(refused(&receiver, &tail, b"tale"), Some(Fault::Checksum));
    for offset in [1, GROUP + 1, 2 * GROUP, u64::MAX, u64::MAX - GROUP + 1] {
        let head = ChunkHead { offset, ..tail };
        assert_eq!(refused(&receiver, &head, b"tail"), Some(Fault::OutOfRange), "{offset}");
    }
    assert_eq!(refused(&receiver, &chunk(size, 0, b"tail"), b"tail"), Some(Fault::OutOfRange));
    assert_eq!(receiver.held(), 0);

    assert_eq!(receiver.handle_chunk(&tail, b"tail"), Ok(()));
    assert_eq!(code(&receiver.handle_written(&tail)), None);
    assert_eq!(refused(&receiver, &tail, b"tail"), Some(Fault::Overlap));
    assert_eq!(code(&receiver.handle_written(&tail)), Some(Fault::Overlap));
    assert_eq!(receiver.held(), 4);
}

#[test]
fn close_checks_gaps_size_and_root() {
    let close = |size, root, fill: bool| {
        let mut receiver = opened(4);
        if fill {
            let head = chunk(4, 0, b"abcd");
            receiver.handle_chunk(&head, b"abcd").expect("a good chunk");
            receiver.handle_written(&head);
        }
        receiver.handle_close(&Close { size, root }).err().as_ref().and_then(code)
    };
    let root = *blake3::hash(b"abcd").as_bytes();
    assert_eq!(close(4, root, true), None);
    assert_eq!(close(4, root, false), Some(Fault::Gap));
    assert_eq!(close(5, root, true), Some(Fault::Mismatch));
    assert_eq!(close(4, [0; 32], true), Some(Fault::Mismatch));
}

#[test]
fn what_happened_on_the_receivers_disk_is_not_told_to_the_sender() {
    let mut receiver = opened(4);
    let answer = receiver.handle_storage_fault(Step::Close, "/home/bob/secret: disk full");
    assert!(!format!("{answer:?}").contains("bob"));
    assert!(format!("{:?}", receiver.outcome()).contains("bob"));
}
