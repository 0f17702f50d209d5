//! Holes that were on their way when a pipe was lost, in files that may have changed since.

use crate::limits::GROUP;
use crate::path::SafePath;
use crate::time::Moment;
use crate::transfer::entry::{Entry, EntryKind};
use crate::transfer::send::{PipeNo, Sender, Task};
use crate::transfer::wire::{Answer, Fault, Hole, SenderStep, Step};

const NOW: Moment = Moment::START;

/// The groups of the file, all of which were a hole.
const GROUPS: u64 = 5;

/// A sender whose one hole was lost with its pipe and is not at the receiver.
fn lost_hole() -> Sender {
    let mut sender = Sender::new(false);
    let pipe = PipeNo(1);
    assert_eq!(sender.poll_task(pipe, NOW), Task::NextEntry);
    let path = SafePath::new("a").expect("a safe path");
    let kind = EntryKind::File { size: Some(GROUPS * GROUP) };
    sender.handle_entry(Entry { path, kind, mode: None, mtime: None });
    sender.handle_no_more();
    assert!(matches!(sender.poll_task(pipe, NOW), Task::Transmit(SenderStep::Hello(_))));
    assert!(matches!(sender.poll_task(pipe, NOW), Task::Read { offset: 0, .. }));
    let hole = sender.handle_hole(0, 0, u64::MAX, pipe, NOW).expect("worth a step");
    assert_eq!(hole.size, GROUPS * GROUP);
    sender.handle_pipe_lost(pipe);
    assert!(matches!(sender.poll_task(PipeNo(2), NOW), Task::Transmit(SenderStep::Hello(_))));
    sender.handle_answer(Answer::ready(Step::Hello { entry: 0 }), NOW);
    sender
}

#[test]
fn no_more_than_a_group_is_read_of_a_hole_that_goes_again() {
    let mut sender = lost_hole();
    let task = sender.poll_task(PipeNo(2), NOW);
    let Task::Read { entry: 0, offset: 0, len } = task else { panic!("{task:?}") };
    assert!(u64::from(len) <= GROUP, "{len} bytes at once");
    // It is a hole no more, so the file isn't the one that was begun.
    let data = vec![1; usize::try_from(len).expect("it fits")];
    assert_eq!(sender.handle_data(0, 0, &data, PipeNo(2), NOW), None);
    let task = sender.poll_task(PipeNo(2), NOW);
    let Task::Transmit(SenderStep::Skip(skip)) = task else { panic!("{task:?}") };
    assert_eq!(skip.code, Fault::SourceChanged);
}

#[test]
fn what_a_hole_that_goes_again_has_lost_is_sent_as_well() {
    let mut sender = lost_hole();
    let pipe = PipeNo(2);
    assert!(matches!(sender.poll_task(pipe, NOW), Task::Read { offset: 0, .. }));
    let hole = sender.handle_hole(0, 0, 2 * GROUP, pipe, NOW);
    assert_eq!(hole, Some(Hole { entry: 0, offset: 0, size: 2 * GROUP }));
    let next = sender.poll_task(pipe, NOW);
    assert!(matches!(next, Task::Read { offset, .. } if offset == 2 * GROUP), "{next:?}");
}
