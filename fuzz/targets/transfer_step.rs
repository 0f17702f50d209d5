//! The steps of a transfer, and both machines that they go to.
//!
//! What decodes encodes, and decodes to the same again. A receiver that is fed with any steps never
//! holds more than was offered, and takes a CLOSE only when every byte is there and right; a sender
//! never counts more as confirmed than the file has.

#![no_main]

use couplet::limits::{CHUNK_WINDOW, GROUP};
use couplet::path::SafeName;
use couplet::transfer::receive::Receiver;
use couplet::transfer::send::{Outcome, Sender, Task};
use couplet::transfer::tree::{Hash, group_hash, group_len};
use couplet::transfer::wire::{
    Answer, CHUNK_HEAD_LEN, ChunkHead, Close, Fault, Hello, SenderFrame, Step,
};
use libfuzzer_sys::arbitrary::{self, Unstructured};
use libfuzzer_sys::fuzz_target;

/// The sizes of the file: none, one group, and three of which the first two never come.
const SIZES: [u64; 3] = [0, 9, 2 * GROUP + 9];

fuzz_target!(|input: &[u8]| {
    let mut input = Unstructured::new(input);
    // Running out of input is no find.
    let _ = match input.arbitrary() {
        Ok(true) => receive(&mut input),
        Ok(false) => send(&mut input),
        Err(error) => Err(error),
    };
});

fn name() -> SafeName {
    SafeName::new("photo.png").expect("a safe name")
}

fn receive(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let size = *input.choose(&SIZES)?;
    let mut receiver = Receiver::new(name(), size);
    // What the shell would have on disk of the last group, and its hash once it is there.
    let mut written: Option<Hash> = None;
    while !input.is_empty() {
        let (kind, body) = step(input, size)?;
        let was_over = receiver.outcome().cloned();
        match SenderFrame::decode(kind, &body) {
            Err(error) => drop(error.to_string()),
            Ok(frame) => {
                let data = body.get(CHUNK_HEAD_LEN..).unwrap_or_default();
                comes_back(&frame, data);
                match frame {
                    SenderFrame::Hello(hello) => {
                        let answer = receiver.handle_hello(&hello);
                        let fits = hello == Hello { name: name(), size };
                        assert!(fits || matches!(answer, Answer::Error { .. }), "not as offered");
                    }
                    SenderFrame::Chunk(head) if receiver.handle_chunk(&head, data).is_ok() => {
                        assert_eq!(group_len(size, head.offset), Some(data.len() as u64));
                        assert_eq!(group_hash(size, head.offset, data), head.checksum);
                        let ready = Answer::ready(Step::Chunk { offset: head.offset });
                        assert_eq!(receiver.handle_written(&head), ready);
                        assert!(
                            receiver.handle_chunk(&head, data).is_err(),
                            "the same bytes twice"
                        );
                        written = Some(head.checksum);
                    }
                    SenderFrame::Close(close) if receiver.handle_close(&close).is_ok() => {
                        let root = if size == 0 { Some(group_hash(0, 0, b"")) } else { written };
                        assert!(
                            receiver.held() == size && close.size == size && was_over.is_none()
                        );
                        assert_eq!(Some(close.root), root, "another file");
                        receiver.handle_saved(&name());
                    }
                    SenderFrame::Abort(abort) => receiver.handle_abort(&abort),
                    SenderFrame::Chunk(_) | SenderFrame::Close(_) => {}
                }
            }
        }
        assert!(receiver.held() <= size);
        if let Some(Outcome::Verified { .. }) = receiver.outcome() {
            assert_eq!(receiver.held(), size, "verified with bytes missing");
        }
    }
    Ok(())
}

/// A step from a sender: anything, or one that fits.
fn step(input: &mut Unstructured<'_>, size: u64) -> arbitrary::Result<(u8, Vec<u8>)> {
    let last = size.saturating_sub(1) / GROUP * GROUP;
    let content = b"the bytes";
    let checksum = group_hash(size, last, content);
    let frame = match input.int_in_range(0..=4_u8)? {
        0 => return Ok((input.int_in_range(0x10..=0x16)?, input.arbitrary::<&[u8]>()?.to_vec())),
        1 => SenderFrame::Hello(Hello { name: name(), size }),
        2 => SenderFrame::Chunk(ChunkHead { offset: last, size: 9, checksum }),
        3 => SenderFrame::Chunk(ChunkHead {
            offset: input.arbitrary()?,
            size: 9,
            checksum: input.arbitrary()?,
        }),
        _ => {
            let root = if size == 0 { group_hash(0, 0, b"") } else { checksum };
            SenderFrame::Close(Close { size, root })
        }
    };
    let mut bytes = Vec::new();
    frame.encode(&mut bytes);
    if let SenderFrame::Chunk(_) = frame {
        bytes.extend_from_slice(content);
    }
    let kind = bytes.remove(0);
    Ok((kind, bytes))
}

fn comes_back(frame: &SenderFrame, data: &[u8]) {
    let mut bytes = Vec::new();
    frame.encode(&mut bytes);
    if let SenderFrame::Chunk(_) = frame {
        bytes.extend_from_slice(data);
    }
    assert_eq!(SenderFrame::decode(bytes[0], &bytes[1..]).as_ref(), Ok(frame));
}

fn send(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let size = *input.choose(&[0, 9, 100 * GROUP + 9])?;
    let mut sender = Sender::new(name(), size);
    let mut asked = 0_usize;
    loop {
        match sender.poll_task() {
            Task::Transmit(_) => {}
            Task::Read { offset, len } => {
                asked += 1;
                assert_eq!(group_len(size, offset), Some(u64::from(len)));
                assert!(asked <= CHUNK_WINDOW, "more than the window at once");
                // The shell would read all of these bytes; one is as good here, and quicker to hash.
                sender.handle_data(offset, b"x");
            }
            Task::Check if input.ratio(1, 4_u8)? => {
                sender.handle_fault(Fault::SourceChanged, "it shrank");
            }
            Task::Check => sender.handle_unchanged(),
            Task::Wait => {
                if input.is_empty() {
                    return Ok(());
                }
                let answer = answer(input)?;
                if let Answer::Ready { step: Step::Chunk { .. }, .. }
                | Answer::Error { step: Step::Chunk { .. }, .. } = &answer
                {
                    asked = asked.saturating_sub(1);
                }
                sender.handle_answer(answer);
            }
            Task::Done(outcome) => {
                if let Outcome::Verified { .. } = outcome {
                    assert_eq!(sender.confirmed(), size, "verified before all was confirmed");
                }
                return Ok(());
            }
        }
        assert!(sender.confirmed() <= size);
    }
}

/// A receiver's answer: any bytes that are one, or one that may fit.
fn answer(input: &mut Unstructured<'_>) -> arbitrary::Result<Answer> {
    let chunk = Step::Chunk { offset: u64::from(input.arbitrary::<u8>()? % 102) * GROUP };
    let answer = match input.int_in_range(0..=5_u8)? {
        0 => match Answer::decode(input.int_in_range(0x14..=0x16)?, input.arbitrary()?) {
            Ok(answer) => answer,
            Err(error) => Answer::error(Step::Close, Fault::Unknown, error.to_string()),
        },
        1 => Answer::ready(Step::Hello),
        2 => Answer::ready(chunk),
        3 => Answer::error(chunk, Fault::Checksum, ""),
        4 => Answer::error(Step::Hello, Fault::NotAsOffered, input.arbitrary::<&str>()?),
        _ => Answer::ready(Step::Close),
    };
    let mut bytes = Vec::new();
    answer.encode(&mut bytes);
    assert_eq!(Answer::decode(bytes[0], &bytes[1..]).as_ref(), Ok(&answer));
    Ok(answer)
}
