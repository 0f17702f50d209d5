//! A file on its way out: the shell around the [`Sender`] machine.
//!
//! Owns the file that is read and the check that it stays the same; the order of steps is the
//! machine's. Runs on a thread of its own, with one more that reads the answers.

use super::pipe::{self, PipeFault, Reader, Writer};
use crate::clock;
use couplet::limits;
use couplet::path::SafeName;
use couplet::seal::{RECORD_HEAD_LEN, RecordError};
use couplet::text;
use couplet::transfer::send::{Outcome, Sender, Task};
use couplet::transfer::wire::{Answer, CHUNK_HEAD_LEN, Fault, SenderFrame};
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::net::Shutdown;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

/// A file that may be sent: where it is, and how it looked when it was offered.
#[derive(Debug, Clone)]
pub(super) struct Source {
    path: PathBuf,
    /// The name that the peer is told.
    pub(super) name: SafeName,
    /// Its size in bytes.
    pub(super) size: u64,
    identity: Identity,
}

/// What tells that a file is still the same: device, inode, size, and time of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.len(),
            changed: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

impl Source {
    /// Looks at a file that the user wants to send.
    ///
    /// # Errors
    /// What is wrong with it and what to do, for people.
    pub(super) fn inspect(path: &Path) -> Result<Self, String> {
        let shown = text::line(&path.to_string_lossy(), 120);
        let metadata = std::fs::metadata(path).map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                format!("there is no file {shown}; check the path")
            } else if error.kind() == io::ErrorKind::PermissionDenied {
                format!("{shown} can't be reached; you may not enter its directory")
            } else {
                format!("{shown} can't be looked at ({error})")
            }
        })?;
        if metadata.is_dir() {
            return Err(format!(
                "{shown} is a directory, and whole directories can't be sent yet; pack it first, \
                 for example: tar czf {shown}.tar.gz {shown}"
            ));
        }
        if !metadata.is_file() {
            return Err(format!(
                "{shown} is no regular file but a device, pipe or socket; copy what it gives into \
                 a file first"
            ));
        }
        let file = open(path).map_err(|error| {
            if error.kind() == io::ErrorKind::PermissionDenied {
                format!("{shown} can't be read; you have no permission (see ls -l {shown})")
            } else {
                format!("{shown} can't be opened ({error})")
            }
        })?;
        let metadata = file.metadata().map_err(|error| format!("{shown}: {error}"))?;
        let name = path.file_name().unwrap_or_default().to_str().ok_or_else(|| {
            format!("the name of {shown} isn't UTF-8; rename the file before sending it")
        })?;
        let name = SafeName::new(name).map_err(|error| error.to_string())?;
        let identity = Identity::of(&metadata);
        Ok(Self { path: path.to_owned(), name, size: metadata.len(), identity })
    }

    /// Opens it again, if it is still the same.
    fn open(&self) -> Result<File, String> {
        let file = open(&self.path)
            .map_err(|error| format!("{} can't be opened any more ({error})", self.name))?;
        self.check(&file)?;
        Ok(file)
    }

    fn check(&self, file: &File) -> Result<(), String> {
        match file.metadata() {
            Ok(metadata) if Identity::of(&metadata) == self.identity => Ok(()),
            Ok(_) => Err(format!("{} has changed since it was offered; offer it again", self.name)),
            Err(error) => Err(format!("{} can't be read any more ({error})", self.name)),
        }
    }
}

/// Opens for reading, without waiting for the other end of a named pipe that took the file's place.
fn open(path: &Path) -> io::Result<File> {
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    OpenOptions::new().read(true).custom_flags(nonblock).open(path)
}

/// Sends the file through the pipe to its end, telling `confirmed` how far it is.
pub(super) fn send(
    mut writer: Writer,
    reader: Reader,
    source: &Source,
    confirmed: &AtomicU64,
) -> Outcome {
    let mut sender = Sender::new(source.name.clone(), source.size);
    let file = source.open();
    if let Err(text) = &file {
        sender.handle_fault(Fault::SourceChanged, text.clone());
    }
    let (answers, answering) = match read_answers(reader) {
        Ok(answers) => answers,
        Err(error) => return broke(&error.into(), "offer the file again"),
    };
    let mut record = Vec::new();
    loop {
        while let Ok(answer) = answers.try_recv() {
            sender.handle_answer(answer);
        }
        confirmed.store(sender.confirmed(), Ordering::Relaxed);
        let result = match (sender.poll_task(), &file) {
            (Task::Transmit(frame), _) => {
                // Nothing of this side's comes after these, whatever is answered.
                let is_final = matches!(frame, SenderFrame::Close(_) | SenderFrame::Abort(_));
                record.clear();
                record.resize(RECORD_HEAD_LEN, 0);
                frame.encode(&mut record);
                writer.write(is_final, &mut record)
            }
            (Task::Read { offset, len }, Ok(file)) => {
                match read_chunk(&mut sender, file, offset, len, &mut record) {
                    Ok(()) => writer.write(false, &mut record),
                    Err(error) => {
                        sender.handle_fault(Fault::SourceChanged, read_fault(source, &error));
                        Ok(())
                    }
                }
            }
            (Task::Check, Ok(file)) => {
                match source.check(file) {
                    Ok(()) => sender.handle_unchanged(),
                    Err(text) => sender.handle_fault(Fault::SourceChanged, text),
                }
                Ok(())
            }
            // Without a file there is a fault, and with a fault nothing is read.
            (Task::Read { .. } | Task::Check, Err(text)) => {
                sender.handle_fault(Fault::SourceChanged, text.clone());
                Ok(())
            }
            (Task::Wait, _) => match answers.recv() {
                Ok(answer) => {
                    sender.handle_answer(answer);
                    Ok(())
                }
                Err(_) => Err(io::ErrorKind::UnexpectedEof.into()),
            },
            (Task::Done(outcome), _) => {
                // The thread reads on until the receiver hangs up, so nothing sent is thrown away.
                if writer.stream().shutdown(Shutdown::Write).is_ok() {
                    let start = clock::now();
                    while clock::now().since(start) < pipe::HANG_UP_LIMIT
                        && answers.recv_timeout(limits::FLUSH_LIMIT).is_ok()
                    {}
                }
                return outcome;
            }
        };
        if let Err(error) = result {
            // The receiver may have said why before it hung up.
            while let Ok(answer) = answers.recv() {
                sender.handle_answer(answer);
            }
            if let Task::Done(outcome) = sender.poll_task() {
                return outcome;
            }
            // What came back may tell more than that nothing more goes out.
            let fault = answering.join().ok().flatten().unwrap_or(error.into());
            return broke(&fault, "offer the file again");
        }
    }
}

/// Reads a chunk behind the space for its heads, so that it is sealed and sent where it lies.
fn read_chunk(
    sender: &mut Sender,
    file: &File,
    offset: u64,
    len: u32,
    record: &mut Vec<u8>,
) -> io::Result<()> {
    const SPACE: usize = RECORD_HEAD_LEN + 1 + CHUNK_HEAD_LEN;
    let len = usize::try_from(len).map_err(io::Error::other)?;
    record.resize(SPACE + len, 0);
    file.read_exact_at(&mut record[SPACE..], offset)?;
    let head = sender.handle_data(offset, &record[SPACE..]);
    let mut step = Vec::with_capacity(SPACE);
    SenderFrame::Chunk(head).encode(&mut step);
    record[RECORD_HEAD_LEN..SPACE].copy_from_slice(&step);
    Ok(())
}

fn read_fault(source: &Source, error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        format!("{} became shorter while it was sent; offer it again", source.name)
    } else {
        format!("{} can't be read any more ({error})", source.name)
    }
}

/// A thread that turns what comes back into answers, until the pipe ends, and then tells why it did
/// if it shouldn't have.
fn read_answers(
    mut reader: Reader,
) -> io::Result<(mpsc::Receiver<Answer>, JoinHandle<Option<PipeFault>>)> {
    // One answer for each chunk in the window, and one to spare for HELLO or CLOSE.
    let (answers_out, answers) = mpsc::sync_channel(limits::CHUNK_WINDOW + 1);
    let read = move || loop {
        let answer = match reader.read() {
            Ok((kind, body)) => Answer::decode(kind, body),
            Err(fault) => return Some(fault),
        };
        match answer {
            Ok(answer) => {
                if answers_out.send(answer).is_err() {
                    return None;
                }
            }
            Err(error) => return Some(io::Error::other(error).into()),
        }
    };
    let thread = std::thread::Builder::new().name("couplet-answers".to_owned()).spawn(read)?;
    Ok((answers, thread))
}

/// The pipe broke, and nobody said why; `next` is what to do.
pub(super) fn broke(fault: &PipeFault, next: &str) -> Outcome {
    let text = match fault {
        PipeFault::Broken(error) if is_hang_up(error) => {
            format!("the transfer broke off: the other side is gone; {next}")
        }
        PipeFault::Broken(error) => format!("the transfer broke off: {error}; {next}"),
        PipeFault::Untrusted(RecordError::CutOff) => format!(
            "the transfer broke off: the pipe was cut off before its final record, so the other \
             side or the relay is gone; {next}"
        ),
        PipeFault::Untrusted(error) => format!(
            "the transfer was stopped: {error}; somebody between you meddles, perhaps whoever \
             runs the relay. Nothing of it was kept; {next}"
        ),
    };
    Outcome::Failed { code: Fault::Unknown, text }
}

fn is_hang_up(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
    )
}
