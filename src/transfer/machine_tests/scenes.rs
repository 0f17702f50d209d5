//! Single scenes, step by step.

use super::disk::index;
use super::properties::{Weather, file, item, run};
use super::world::World;
use crate::limits::{GROUP, MAX_HELD_RANGES, MIN_PIECE};
use crate::path::SafeName;
use crate::time::Moment;
use crate::transfer::entry::{Entry, EntryKind};
use crate::transfer::offer::{Form, Offer};
use crate::transfer::outcome::Outcome;
use crate::transfer::receive::{self, Closed, Ended, Greeted, Opened, Receiver};
use crate::transfer::send::{PipeNo, Sender, Task};
use crate::transfer::wire::{
    Abort, Answer, ChunkHead, Close, End, Fault, Hello, SenderStep, Skip, Step,
};

const NOW: Moment = Moment::START;
const ONE: PipeNo = PipeNo(1);
const TWO: PipeNo = PipeNo(2);

fn a_file(size: u64) -> Entry {
    item("t", EntryKind::File { size: Some(size) }, Vec::new()).what
}

#[test]
fn the_same_nonsense_again_and_again_ends_it() {
    let size = 3 * GROUP;
    let what = item("t", EntryKind::File { size: Some(size) }, Vec::new()).what;
    let mut receiver = Receiver::new(offer(Form::File, size, 1));
    for round in 0.. {
        let hello = Hello { entry: 0, ask: false, what: what.clone() };
        let Greeted::Open { .. } = receiver.handle_hello(hello) else { break };
        assert!(round < 100, "it goes on and on");
        receiver.handle_opened(0, Opened::Ready(Vec::new()));
        let close = Close { entry: 0, size: size + 1, root: [0; 32] };
        let closed = receiver.handle_close(&close);
        assert!(matches!(closed, Closed::Answer { discard: true, .. }), "{closed:?}");
    }
    let Some(Outcome::Failed { text, .. }) = receiver.outcome() else { panic!("it isn't over") };
    assert!(text.contains("again and again"), "{text}");
}

fn offer(form: Form, size: u64, entries: u64) -> Offer {
    let name = SafeName::new("t").expect("a safe name");
    Offer { name, form, size: Some(size), on_disk: None, entries, mtime: None }
}

fn code(answer: &Answer) -> Option<Fault> {
    match answer {
        Answer::Ready { .. } => None,
        Answer::Error { code, .. } => Some(*code),
    }
}

/// A sender that has found one entry.
fn sender(what: Entry, ask: bool) -> Sender {
    let mut sender = Sender::new(ask);
    assert_eq!(sender.poll_task(ONE, NOW), Task::NextEntry);
    sender.handle_entry(what);
    sender.handle_no_more();
    sender
}

/// A receiver with one file open.
fn opened(size: u64) -> Receiver {
    let mut receiver = Receiver::new(offer(Form::File, size, 1));
    let hello = Hello { entry: 0, ask: false, what: a_file(size) };
    assert!(matches!(receiver.handle_hello(hello), Greeted::Open { .. }));
    assert_eq!(code(&receiver.handle_opened(0, Opened::Ready(Vec::new()))), None);
    receiver
}

fn write(receiver: &mut Receiver, offset: u64, data: &[u8]) {
    let hash = super::super::tree::piece_hash(offset, data);
    let size = u32::try_from(data.len()).expect("small");
    let head = ChunkHead { entry: 0, offset, size, checksum: hash.chain };
    receiver.handle_chunk(&head).expect("it has a place");
    receiver.handle_written(0, offset, data.len() as u64, &hash);
}

/// The next offset that is to be read.
fn read(sender: &mut Sender, bytes: &[u8], pipe: PipeNo) -> Option<u64> {
    let Task::Read { entry, offset, len } = sender.poll_task(pipe, NOW) else { return None };
    let data = &bytes[index(offset)..index(offset + u64::from(len))];
    assert!(sender.handle_data(entry, offset, data, pipe, NOW).is_some());
    Some(offset)
}

fn is_hello(task: &Task, asks: bool) -> bool {
    matches!(task, Task::Transmit(SenderStep::Hello(hello)) if hello.ask == asks)
}

#[test]
fn only_what_a_lost_pipe_held_is_asked_about() {
    let bytes = file(1, 2 * GROUP);
    let mut sender = sender(a_file(2 * GROUP), false);
    assert!(is_hello(&sender.poll_task(ONE, NOW), false));
    assert_eq!(sender.poll_task(TWO, NOW), Task::Wait, "HELLO's answer may overtake no chunk");
    sender.handle_answer(Answer::ready(Step::Hello { entry: 0 }), NOW);
    let first = read(&mut sender, &bytes, ONE).expect("a piece");
    let second = read(&mut sender, &bytes, TWO).expect("another");
    assert_eq!((first, second), (0, 64 * 1024));
    let Task::Read { offset: third, .. } = sender.poll_task(ONE, NOW) else { panic!("no third") };
    sender.handle_pipe_lost(ONE);
    assert_eq!(sender.handle_data(0, third, &bytes[..65536], ONE, NOW), None, "it comes too late");
    assert!(is_hello(&sender.poll_task(TWO, NOW), true));
    sender.handle_answer(Answer::ready(Step::Chunk { entry: 0, offset: second }), NOW);
    let held = vec![(0, MIN_PIECE)];
    let step = Step::Hello { entry: 0 };
    sender.handle_answer(Answer::Ready { step, held, done: false, saved_as: None }, NOW);
    assert_eq!(sender.confirmed(), MIN_PIECE + 64 * 1024);
    let again = Task::Read { entry: 0, offset: third, len: 65536 };
    assert_eq!(sender.poll_task(TWO, NOW), again);
    assert_eq!(sender.handle_data(0, third, &bytes[..65536], ONE, NOW), None, "another reads it");
    let data = &bytes[index(third)..index(third) + 65536];
    assert!(sender.handle_data(0, third, data, TWO, NOW).is_some());
    assert_eq!(read(&mut sender, &bytes, TWO), Some(MIN_PIECE));
}

#[test]
fn a_hole_that_was_read_in_part_is_read_to_its_end() {
    let mut sender = sender(a_file(3 * GROUP), true);
    assert!(is_hello(&sender.poll_task(ONE, NOW), true));
    let (step, held) = (Step::Hello { entry: 0 }, vec![(2 * GROUP, 3 * GROUP)]);
    sender.handle_answer(Answer::Ready { step, held, done: false, saved_as: None }, NOW);
    let zeros = vec![0; index(3 * GROUP)];
    assert_eq!(read(&mut sender, &zeros, ONE), Some(0));
    let chunk = Step::Chunk { entry: 0, offset: 0 };
    sender.handle_answer(Answer::error(chunk, Fault::Checksum, ""), NOW);
    for _ in 0..100 {
        match sender.poll_task(ONE, NOW) {
            Task::Read { entry, offset, len } => {
                let hole = sender.handle_hole(entry, offset, 2 * GROUP - offset, ONE, NOW);
                if hole.is_none() {
                    let data = &zeros[..usize::try_from(len).expect("small")];
                    sender.handle_data(entry, offset, data, ONE, NOW);
                }
                sender.handle_answer(Answer::ready(Step::Chunk { entry, offset }), NOW);
            }
            Task::Hash { entry, offset, len } => {
                sender.handle_held(entry, offset, &zeros[..usize::try_from(len).expect("small")]);
            }
            Task::Check(_) => return,
            Task::NextEntry | Task::Transmit(_) | Task::Small(_) | Task::Wait | Task::Done(_) => {
                break;
            }
        }
    }
    panic!("it isn't read to its end");
}

#[test]
fn whatever_a_lost_pipe_was_told_to_do_another_is_told() {
    let small = a_file(10);
    let mut one = sender(small, false);
    assert_eq!(one.poll_task(ONE, NOW), Task::Small(0));
    assert_eq!(one.poll_task(TWO, NOW), Task::Wait);
    one.handle_pipe_lost(ONE);
    assert_eq!(one.poll_task(TWO, NOW), Task::Small(0));
    assert_eq!(one.handle_small(0, &[0; 10], ONE), Vec::new());
    assert_eq!(one.handle_small(0, &[0; 10], TWO).len(), 3);
    assert_eq!(one.under_way, 10);

    let large = a_file(2 * GROUP);
    let mut two = sender(large, true);
    assert!(is_hello(&two.poll_task(ONE, NOW), true));
    let (step, held) = (Step::Hello { entry: 0 }, vec![(0, 2 * GROUP)]);
    two.handle_answer(Answer::Ready { step, held, done: false, saved_as: None }, NOW);
    let Task::Hash { offset: 0, len, .. } = two.poll_task(ONE, NOW) else { panic!("no hash") };
    two.handle_pipe_lost(ONE);
    let again = two.poll_task(TWO, NOW);
    assert_eq!(again, Task::Hash { entry: 0, offset: 0, len });
    let bytes = file(1, 2 * GROUP);
    two.handle_held(0, 0, &bytes[..index(GROUP)]);
    assert!(matches!(two.poll_task(TWO, NOW), Task::Hash { .. }));
    two.handle_held(0, GROUP, &bytes[index(GROUP)..]);
    assert_eq!(two.poll_task(TWO, NOW), Task::Check(0));
    two.handle_pipe_lost(TWO);
    assert_eq!(two.poll_task(PipeNo(3), NOW), Task::Check(0));
    two.handle_unchanged(0);
    assert!(matches!(two.poll_task(PipeNo(3), NOW), Task::Transmit(SenderStep::Close(_))));
}

#[test]
fn an_entry_that_is_left_out_stays_so_when_skip_is_lost() {
    let mut sender = sender(a_file(10), false);
    assert_eq!(sender.poll_task(ONE, NOW), Task::Small(0));
    let step = sender.handle_unreadable(0, Fault::Unreadable, "no", ONE);
    sender.handle_pipe_lost(ONE);
    assert_eq!(sender.poll_task(TWO, NOW), Task::Transmit(step));
    sender.handle_answer(Answer::ready(Step::Close { entry: 0 }), NOW);
    assert!(matches!(sender.poll_task(TWO, NOW), Task::Transmit(SenderStep::End(_))));
    let saved_as = Some("t".to_owned());
    let answer = Answer::Ready { step: Step::End, held: Vec::new(), done: false, saved_as };
    sender.handle_answer(answer, NOW);
    let failed = Outcome::Failed { code: Fault::Unreadable, text: "no".to_owned() };
    assert_eq!(sender.outcome(), Some(&failed), "nothing is left of it");
}

#[test]
fn what_is_done_needs_no_bytes_and_what_is_held_goes_but_once() {
    let bytes = file(1, 3 * GROUP);
    let mut done = sender(a_file(3 * GROUP), false);
    assert!(is_hello(&done.poll_task(ONE, NOW), false));
    assert_eq!(read(&mut done, &bytes, ONE), Some(0));
    let step = Step::Hello { entry: 0 };
    let ready = |held, done| Answer::Ready { step, held, done, saved_as: None };
    done.handle_answer(ready(Vec::new(), true), NOW);
    assert_eq!((done.under_way, done.confirmed()), (0, 3 * GROUP));

    let mut part = sender(a_file(3 * GROUP), false);
    assert!(is_hello(&part.poll_task(ONE, NOW), false));
    assert_eq!(read(&mut part, &bytes, ONE), Some(0));
    part.handle_answer(ready(vec![(0, GROUP), (2 * GROUP, 3 * GROUP)], false), NOW);
    let mut offsets = Vec::new();
    while let Some(offset) = read(&mut part, &bytes, ONE) {
        offsets.push(offset);
    }
    assert!(offsets.iter().all(|offset| (GROUP..2 * GROUP).contains(offset)), "{offsets:?}");
    assert_eq!(offsets.len(), 16);
}

#[test]
fn one_pipe_finds_the_next_entry_at_a_time() {
    let mut sender = Sender::new(false);
    assert_eq!(sender.poll_task(ONE, NOW), Task::NextEntry);
    assert_eq!(sender.poll_task(TWO, NOW), Task::Wait);
    sender.handle_pipe_lost(ONE);
    assert_eq!(sender.poll_task(TWO, NOW), Task::NextEntry);
}

#[test]
fn a_line_that_damages_everything_is_given_up_on_both_sides() {
    let items = vec![item("t", EntryKind::File { size: Some(3 * GROUP) }, file(1, 3 * GROUP))];
    let mut world = World::new(items, Form::File, 1);
    let weather = Weather {
        seed: 1,
        pipes: 1,
        losses: 0,
        sender_restarts: 0,
        restarts: 0,
        damages: usize::MAX,
        repeats: false,
        every: 9,
    };
    world.damage_all = true;
    run(&mut world, Form::File, &weather);
    for outcome in [world.sender.outcome(), world.receiver.outcome()] {
        assert!(matches!(outcome, Some(Outcome::Failed { code: Fault::Checksum, .. })));
    }
}

#[test]
fn steps_have_their_place() {
    let mut receiver = opened(GROUP);
    write(&mut receiver, 0, &file(1, 64 * 1024));
    let close = Close { entry: 0, size: GROUP, root: [0; 32] };
    let Closed::Answer { answer, discard: false } = receiver.handle_close(&close) else {
        panic!("it isn't whole");
    };
    assert_eq!(code(&answer), Some(Fault::Gap));
    let head = ChunkHead { entry: 0, offset: 65536, size: 65536, checksum: [0; 32] };
    let refused = receiver.handle_chunk(&head).expect_err("CLOSE was refused");
    assert_eq!(code(&refused), Some(Fault::OutOfOrder));
    let hello = Hello { entry: 0, ask: true, what: a_file(GROUP) };
    let (step, held) = (Step::Hello { entry: 0 }, vec![(0, 65536)]);
    let held = Answer::Ready { step, held, done: false, saved_as: None };
    assert_eq!(receiver.handle_hello(hello), Greeted::Answer(held), "it goes on where it was");
    assert_eq!(receiver.handle_chunk(&head), Ok(()));

    let lie = Close { entry: 0, size: GROUP + 1, root: [0; 32] };
    let Closed::Answer { discard: true, .. } = receiver.handle_close(&lie) else {
        panic!("the size is a lie");
    };
    let other = Hello { entry: 0, ask: true, what: a_file(GROUP - 1) };
    let Greeted::Answer(answer) = receiver.handle_hello(other) else { panic!("something else") };
    assert_eq!(code(&answer), Some(Fault::NotAsOffered));
    let hello = Hello { entry: 0, ask: true, what: a_file(GROUP) };
    assert!(matches!(receiver.handle_hello(hello), Greeted::Open { .. }));
}

#[test]
fn what_is_done_for_one_pipe_is_waited_for_by_another() {
    let mut receiver = Receiver::new(offer(Form::File, 5, 1));
    let hello = Hello { entry: 0, ask: false, what: a_file(5) };
    assert!(matches!(receiver.handle_hello(hello.clone()), Greeted::Open { .. }));
    assert_eq!(receiver.handle_hello(hello.clone()), Greeted::Wait);
    receiver.handle_opened(0, Opened::Ready(Vec::new()));
    assert!(matches!(receiver.handle_hello(hello.clone()), Greeted::Answer(_)));
    write(&mut receiver, 0, b"hello");
    let close = Close { entry: 0, size: 5, root: *blake3::hash(b"hello").as_bytes() };
    assert!(matches!(receiver.handle_close(&close), Closed::Save(_)));
    assert_eq!(receiver.handle_close(&close), Closed::Wait);
    receiver.handle_saved(0, Ok(()));
    let Closed::Answer { answer, discard: false } = receiver.handle_close(&close) else { panic!() };
    assert_eq!(code(&answer), None);
    assert_eq!(receiver.handle_end(End { entries: 1 }), Ended::Finish);
    assert_eq!(receiver.handle_end(End { entries: 1 }), Ended::Wait);
    receiver.handle_finished("t (2)");
    let Ended::Answer(Answer::Ready { saved_as, .. }) = receiver.handle_end(End { entries: 1 })
    else {
        panic!("it is finished");
    };
    assert_eq!(saved_as.as_deref(), Some("t (2)"));
    let Greeted::Answer(Answer::Ready { done: true, .. }) = receiver.handle_hello(hello) else {
        panic!("a sender that begins anew hears that it is there");
    };
}

#[test]
fn a_tree_of_nothing_or_of_too_much_is_refused() {
    let mut receiver = Receiver::new(offer(Form::File, 5, 1));
    let refused = |ended: Ended| match ended {
        Ended::Answer(answer) => code(&answer),
        Ended::Finish | Ended::Wait => None,
    };
    assert_eq!(refused(receiver.handle_end(End { entries: 0 })), Some(Fault::Gap));
    assert_eq!(refused(receiver.handle_end(End { entries: 1 })), Some(Fault::Gap));
    let hello = Hello { entry: 1, ask: false, what: a_file(5) };
    let Greeted::Answer(answer) = receiver.handle_hello(hello) else { panic!("one was offered") };
    assert_eq!(code(&answer), Some(Fault::NotAsOffered));

    let mut tree = Receiver::new(offer(Form::Folder, 100, 3));
    let folder = item("t", EntryKind::Folder, Vec::new()).what;
    let skip = |entry| Skip { entry, code: Fault::Unreadable, text: String::new() };
    assert_eq!(code(&tree.handle_skip(&skip(4000))), Some(Fault::NotAsOffered));
    assert!(matches!(
        tree.handle_hello(Hello { entry: 0, ask: false, what: folder.clone() }),
        Greeted::Make(_)
    ));
    tree.handle_made(0, Ok(()));
    let huge = item("t/a", EntryKind::File { size: Some(u64::MAX) }, Vec::new()).what;
    let Greeted::Answer(answer) = tree.handle_hello(Hello { entry: 1, ask: false, what: huge })
    else {
        panic!("that was never offered");
    };
    assert_eq!(code(&answer), Some(Fault::NotAsOffered));
    // A sender that counts anew must find the same.
    let other = item("t/b", EntryKind::Folder, Vec::new()).what;
    let Greeted::Answer(answer) = tree.handle_hello(Hello { entry: 0, ask: true, what: other })
    else {
        panic!("it was something else");
    };
    assert_eq!(code(&answer), Some(Fault::NotAsOffered));
}

#[test]
fn what_happened_on_the_receivers_disk_is_not_told_to_the_sender() {
    let mut receiver = opened(GROUP);
    let answer = receiver.handle_storage_fault(Step::End, "/home/bob/secret: no");
    let later = receiver.handle_end(End { entries: 1 });
    let hello = receiver.handle_hello(Hello { entry: 0, ask: true, what: a_file(GROUP) });
    for told in [format!("{answer:?}"), format!("{later:?}"), format!("{hello:?}")] {
        assert!(told.contains("Storage") && !told.contains("bob"), "{told}");
    }
    assert!(format!("{:?}", receiver.outcome()).contains("bob"));
}

#[test]
fn an_end_by_one_side_is_told_to_the_other() {
    let mut sender = sender(a_file(10), false);
    sender.handle_fault(Fault::Unreadable, "the disk has died");
    let Task::Transmit(SenderStep::Abort(abort)) = sender.poll_task(ONE, NOW) else { panic!() };
    let mut receiver = opened(GROUP);
    receiver.handle_abort(&abort);
    receiver.handle_abort(&Abort { code: Fault::Unknown, text: "later".to_owned() });
    let failed = Outcome::Failed { code: Fault::Unreadable, text: "the disk has died".to_owned() };
    assert_eq!(sender.poll_task(ONE, NOW), Task::Done(failed));
    let text = "your peer's side says: the disk has died".to_owned();
    assert_eq!(receiver.outcome(), Some(&Outcome::Failed { code: Fault::Unreadable, text }));
    assert_eq!(code(&receiver.handle_finished("t")), Some(Fault::Unreadable));
}

#[test]
fn a_stream_is_read_in_order_and_kept_until_it_is_confirmed() {
    let mut sender = sender(item("t", EntryKind::File { size: None }, Vec::new()).what, false);
    assert!(is_hello(&sender.poll_task(ONE, NOW), false));
    sender.handle_answer(Answer::ready(Step::Hello { entry: 0 }), NOW);
    let bytes = file(1, 100_000);
    assert_eq!(read(&mut sender, &bytes, ONE), Some(0));
    let Task::Read { offset: 65536, len, .. } = sender.poll_task(ONE, NOW) else { panic!() };
    assert_eq!(sender.poll_task(TWO, NOW), Task::Wait, "one reads at a time");
    assert_eq!((len, sender.needed_from(0)), (65536, Some(0)));
    sender.handle_answer(Answer::ready(Step::Chunk { entry: 0, offset: 0 }), NOW);
    assert_eq!(sender.needed_from(0), Some(65536));
    // The reader's pipe dies after it has read the last bytes of the stream.
    sender.handle_pipe_lost(ONE);
    assert_eq!(sender.handle_data(0, 65536, &bytes[65536..], ONE, NOW), None);
    sender.handle_ended(0, 100_000);
    let again = sender.poll_task(TWO, NOW);
    assert_eq!(again, Task::Read { entry: 0, offset: 65536, len: 100_000 - 65536 });
}

#[test]
fn ranges_that_make_no_sense_are_passed_over() {
    let mut sender = sender(a_file(GROUP), true);
    assert!(is_hello(&sender.poll_task(ONE, NOW), true));
    let mut held = vec![(5, 9), (u64::MAX, 0), (0, u64::MAX), (0, GROUP), (MIN_PIECE, GROUP - 1)];
    held.extend(std::iter::repeat_n((0, 0), MAX_HELD_RANGES));
    let step = Step::Hello { entry: 0 };
    sender.handle_answer(Answer::Ready { step, held, done: false, saved_as: None }, NOW);
    assert_eq!(sender.confirmed(), GROUP);
}

#[test]
fn answers_to_a_file_that_is_closed_travel_as_one() {
    let (hello, chunk) = (Step::Hello { entry: 1 }, Step::Chunk { entry: 1, offset: 0 });
    let other = Answer::ready(Step::Chunk { entry: 2, offset: 0 });
    let error = Answer::error(chunk, Fault::Overlap, "");
    let close = Answer::ready(Step::Close { entry: 1 });
    let mut answers = vec![
        Answer::ready(hello),
        Answer::ready(chunk),
        other.clone(),
        error.clone(),
        close.clone(),
    ];
    receive::coalesce(&mut answers);
    assert_eq!(answers, [other, error, close]);
}

#[test]
fn small_and_empty_files_are_one_answer_each() {
    let mut sender = sender(a_file(0), false);
    assert_eq!(sender.poll_task(ONE, NOW), Task::Small(0));
    let steps = sender.handle_small(0, b"", ONE);
    let root = *blake3::hash(b"").as_bytes();
    assert_eq!(steps.last(), Some(&SenderStep::Close(Close { entry: 0, size: 0, root })));
    assert_eq!(steps.len(), 2);
    sender.handle_answer(Answer::ready(Step::Close { entry: 0 }), NOW);
    assert_eq!(sender.confirmed_entries(), 1);
}
