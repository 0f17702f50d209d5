//! A file on its way in: the shell around the [`Receiver`] machine.
//!
//! Owns reading the pipe and writing the partial file; what is good and what is refused is the
//! machine's. Runs on a thread of its own.

use super::downloads::{Downloads, Partial};
use super::pipe::{self, Reader, Writer};
use super::sending::broke;
use couplet::path::SafeName;
use couplet::seal::RECORD_HEAD_LEN;
use couplet::transfer::receive::Receiver;
use couplet::transfer::send::Outcome;
use couplet::transfer::wire::{Answer, CHUNK_HEAD_LEN, Fault, SenderFrame, Step};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Receives the file to its end, telling `held` how far it is.
pub(super) fn receive(
    mut writer: Writer,
    mut reader: Reader,
    downloads: &Path,
    name: &SafeName,
    size: u64,
    held: &AtomicU64,
) -> Outcome {
    let mut receiver = Receiver::new(name.clone(), size);
    let directory = Downloads::open(downloads);
    let mut partial = None;
    let mut record = Vec::new();
    loop {
        let (kind, body) = match reader.read() {
            Ok(step) => step,
            Err(fault) => return broke(&fault, "have the file offered again"),
        };
        let frame = match SenderFrame::decode(kind, body) {
            Ok(frame) => frame,
            Err(error) => {
                let text = format!("your peer's side makes no sense: {error}; end this line");
                return Outcome::Failed { code: Fault::OutOfOrder, text };
            }
        };
        let answer = match frame {
            SenderFrame::Hello(hello) => {
                let answer = receiver.handle_hello(&hello);
                if matches!(answer, Answer::Ready { .. }) {
                    match directory.as_ref().map_err(Clone::clone).and_then(|dir| dir.begin(size)) {
                        Ok(begun) => {
                            partial = Some(begun);
                            answer
                        }
                        Err(text) => receiver.handle_storage_fault(Step::Hello, &text),
                    }
                } else {
                    answer
                }
            }
            SenderFrame::Chunk(head) => {
                let data = &body[CHUNK_HEAD_LEN..];
                match (receiver.handle_chunk(&head, data), &partial) {
                    (Err(answer), _) => answer,
                    (Ok(()), partial) => match write(partial.as_ref(), head.offset, data) {
                        Ok(()) => receiver.handle_written(&head),
                        Err(text) => {
                            let step = Step::Chunk { offset: head.offset };
                            receiver.handle_storage_fault(step, &text)
                        }
                    },
                }
            }
            SenderFrame::Close(close) => match receiver.handle_close(&close) {
                Err(answer) => answer,
                Ok(()) => match save(partial.take(), name) {
                    Ok(saved_as) => receiver.handle_saved(&saved_as),
                    Err(text) => receiver.handle_storage_fault(Step::Close, &text),
                },
            },
            SenderFrame::Abort(abort) => {
                receiver.handle_abort(&abort);
                return receiver.outcome().cloned().unwrap_or_else(gave_up);
            }
        };
        held.store(receiver.held(), Ordering::Relaxed);
        let is_final = receiver.outcome().is_some();
        record.clear();
        record.resize(RECORD_HEAD_LEN, 0);
        answer.encode(&mut record);
        let written = writer.write(is_final, &mut record);
        // What is decided stays decided, whether or not the sender has heard it.
        if let Some(outcome) = receiver.outcome() {
            pipe::hang_up(writer.stream());
            return outcome.clone();
        }
        if let Err(error) = written {
            return broke(&error.into(), "have the file offered again");
        }
    }
}

fn write(partial: Option<&Partial<'_>>, offset: u64, data: &[u8]) -> Result<(), String> {
    partial.ok_or_else(no_file)?.write(offset, data)
}

fn save(partial: Option<Partial<'_>>, name: &SafeName) -> Result<SafeName, String> {
    partial.ok_or_else(no_file)?.save(name)
}

/// The machine takes chunks only after a HELLO, and a HELLO opens a file.
fn no_file() -> String {
    "no file was opened; this client has a fault".to_owned()
}

fn gave_up() -> Outcome {
    Outcome::Failed { code: Fault::Unknown, text: "your peer's side gave up".to_owned() }
}
