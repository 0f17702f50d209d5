//! The steps of a transfer, the receiver that they go to, and the journal that it is resumed from.
//!
//! What decodes encodes, and decodes to the same again. A receiver that is fed with any steps never
//! holds more than was offered, nor more files open than there may be, and calls nothing verified
//! that isn't whole. A journal of any bytes proves nothing that no good record says.

use couplet::limits::GROUP;
use couplet::path::SafeName;
use couplet::transfer::journal;
use couplet::transfer::offer::{Form, Offer};
use couplet::transfer::outcome::Outcome;
use couplet::transfer::receive::{Closed, Ended, Greeted, Opened, Receiver};
use couplet::transfer::tree::piece_hash;
use couplet::transfer::wire::{Answer, SenderStep, StepReader};

/// What is offered: three groups in at most three files.
const SIZE: u64 = 2 * GROUP + 9;

/// Runs one input.
pub fn run(record: &[u8]) {
    let proven = journal::read(record, &[0; 32]);
    assert!(proven.good_len <= record.len() as u64);
    for (kind, body) in StepReader::new(record).flatten() {
        if let Ok(answer) = Answer::decode(kind, body) {
            let mut bytes = Vec::new();
            answer.encode(&mut bytes);
            let (kind, body) = StepReader::new(&bytes).next().expect("a step").expect("whole");
            assert_eq!(Answer::decode(kind, body).as_ref(), Ok(&answer));
        }
    }
    let name = SafeName::new("a").expect("a safe name");
    let offer = Offer {
        name,
        form: Form::Folder,
        size: Some(SIZE),
        on_disk: None,
        entries: 4,
        mtime: None,
    };
    let mut receiver = Receiver::new(offer);
    for step in StepReader::new(record) {
        let Ok((kind, body)) = step else { break };
        let Ok(step) = SenderStep::decode(kind, body) else { continue };
        comes_back(&step);
        carry_out(&mut receiver, step);
        // A tree may have grown a little since it was counted.
        assert!(receiver.held() <= 2 * SIZE + 128);
    }
    if let Some(Outcome::Verified { .. }) = receiver.outcome() {
        assert!(receiver.finished_entries() > 0, "verified with nothing in it");
    }
}

fn carry_out(receiver: &mut Receiver, step: SenderStep<'_>) {
    match step {
        SenderStep::Hello(hello) => {
            let id = hello.entry;
            match receiver.handle_hello(hello) {
                Greeted::Answer(_) | Greeted::Wait => {}
                Greeted::Look(entry) => drop(receiver.handle_looked(id, &entry, false)),
                Greeted::Open { .. } => {
                    drop(receiver.handle_opened(id, Opened::Ready(Vec::new())));
                }
                Greeted::Make(_) => drop(receiver.handle_made(id, Ok(()))),
            }
        }
        SenderStep::Chunk { head, packed: false, data } => {
            if receiver.handle_chunk(&head).is_ok() {
                let hash = piece_hash(head.offset, data);
                if hash.chain == head.checksum {
                    let len = u64::from(head.size);
                    let _ = receiver.handle_written(head.entry, head.offset, len, &hash);
                    assert!(receiver.handle_chunk(&head).is_err(), "the same bytes twice");
                } else {
                    drop(receiver.handle_damaged(&head));
                }
            }
        }
        SenderStep::Hole(hole) => {
            if receiver.handle_hole(&hole).is_ok() {
                receiver.handle_unwritten(hole.entry, hole.offset, hole.size);
            }
        }
        SenderStep::Close(close) => {
            if let Closed::Save(_) = receiver.handle_close(&close) {
                drop(receiver.handle_saved(close.entry, Ok(())));
            }
        }
        SenderStep::Skip(skip) => drop(receiver.handle_skip(&skip)),
        SenderStep::End(end) => {
            if receiver.handle_end(end) == Ended::Finish {
                drop(receiver.handle_finished("a"));
            }
        }
        SenderStep::Abort(abort) => receiver.handle_abort(&abort),
        SenderStep::Chunk { packed: true, .. } => {}
    }
}

fn comes_back(step: &SenderStep<'_>) {
    let mut bytes = Vec::new();
    step.encode(&mut bytes);
    let (kind, body) = StepReader::new(&bytes).next().expect("a step").expect("whole");
    assert_eq!(SenderStep::decode(kind, body).as_ref(), Ok(step));
}
