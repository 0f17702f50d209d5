//! Something on its way out: the shell around the [`Sender`] machine.
//!
//! Owns the walk, the files that are open, and the loop of a pipe's thread; the order of steps is the
//! machine's. Each pipe has a thread that reads, seals and writes, and one more that reads answers.

use super::pipe::{PipeFault, Reader, Writer};
use super::source::{Found, OpenSource, Place, Source, SourceFault, Walk};
use super::transfers::{Common, Finding};
use crate::clock;
use couplet::limits;
use couplet::seal::{RECORD_HEAD_LEN, RecordError};
use couplet::time::Moment;
use couplet::transfer::entry::EntryId;
use couplet::transfer::outcome::Outcome;
use couplet::transfer::pace::Pace;
use couplet::transfer::send::{PipeNo, Sender, Task};
use couplet::transfer::squeeze::Squeeze;
use couplet::transfer::wire::{
    Answer, CHUNK_HEAD_LEN, ChunkHead, Fault, STEP_HEAD_LEN, SenderStep, Step, StepReader,
};
use std::collections::{HashMap, HashSet};
use std::io;
use std::net::Shutdown;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A record is sent when it has so many bytes, or when there is nothing to add to it.
const PACK: usize = 256 * 1024;

/// What a step may add to a record that isn't full yet: a small file with its heads and paths.
const ROOM: usize = PACK + 3 * couplet::transfer::wire::MAX_JSON;

/// Bytes of a chunk before its data.
const HEADS: usize = STEP_HEAD_LEN + CHUNK_HEAD_LEN;

/// The quickest of zstd's usual levels.
const ZSTD_LEVEL: i32 = 1;

/// How long nothing may come back, though something is expected, before the pipe is given up.
const SILENCE: Duration = Duration::from_secs(10);

/// One transfer on its way out, whatever pipes it has.
pub(super) struct Sending {
    state: Mutex<State>,
    /// Something has changed: an answer, a hold, the end.
    changed: Condvar,
    common: Arc<Common>,
}

struct State {
    sender: Sender,
    walk: Option<Walk>,
    places: HashMap<EntryId, Place>,
    /// Files that take more than one record.
    files: HashMap<EntryId, Arc<OpenSource>>,
    held: bool,
    stopped: bool,
    /// Pipes from which nothing comes back any more.
    deaf: HashSet<PipeNo>,
    started: bool,
    wanted: usize,
    pace: Pace,
    squeeze: Squeeze,
    /// The file that the judgement on compressing is about.
    squeezing: Option<EntryId>,
}

impl State {
    fn tries_to_squeeze(&mut self, entry: EntryId, offset: u64) -> bool {
        if self.squeezing.replace(entry) != Some(entry) {
            self.squeeze.begin();
        }
        self.squeeze.should_try(offset) || self.squeeze.pays()
    }
}

impl Sending {
    pub(super) fn new(source: &Source, part: bool, common: Arc<Common>) -> Self {
        let limit = rate_limit(&common);
        Self {
            state: Mutex::new(State {
                sender: Sender::new(part),
                walk: Some(source.walk()),
                places: HashMap::new(),
                files: HashMap::new(),
                held: false,
                stopped: false,
                deaf: HashSet::new(),
                started: false,
                wanted: 1,
                pace: Pace::new(limit),
                squeeze: Squeeze::new(),
                squeezing: None,
            }),
            changed: Condvar::new(),
            common,
        }
    }

    /// Holds the transfer up, or lets it go on.
    pub(super) fn hold(&self, on: bool) {
        let mut state = self.lock();
        state.held = on;
        state.sender.set_paused(on);
        self.changed.notify_all();
    }

    /// The receiver's client says that it has everything.
    pub(super) fn finish(&self, saved_as: &str) {
        let mut state = self.lock();
        state.sender.handle_finished(saved_as);
        self.tell_end(&state);
        self.changed.notify_all();
    }

    /// Nothing is sent any more.
    pub(super) fn give_up(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    /// A pipe has ended, or never was.
    pub(super) fn pipe_lost(&self, pipe: PipeNo) {
        let mut state = self.lock();
        state.deaf.remove(&pipe);
        state.sender.handle_pipe_lost(pipe);
        // What the line has use for is told again, as one is missing now.
        state.wanted = 1;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_end(&self, state: &State) {
        if let Some(outcome) = state.sender.outcome() {
            self.publish(state);
            self.common.tell_end(outcome.clone());
        }
    }

    fn publish(&self, state: &State) {
        let (common, sender) = (&self.common, &state.sender);
        common.done.store(sender.confirmed(), Ordering::Relaxed);
        common.moved.store(sender.moved(), Ordering::Relaxed);
        common.entries.store(sender.confirmed_entries(), Ordering::Relaxed);
    }

    /// Answers have come.
    fn answered(&self, answers: impl Iterator<Item = Answer>) {
        let mut state = self.lock();
        let now = clock::now();
        let mut held = 0;
        for answer in answers {
            held += held_from_before(&answer);
            state.sender.handle_answer(answer, now);
        }
        if !state.started {
            state.started = true;
            self.common.tell(Finding::Started { id: self.common.id, held });
        }
        self.publish(&state);
        let wanted = state.sender.pipes_wanted();
        if wanted > state.wanted {
            state.wanted = wanted;
            self.common.tell(Finding::PipesWanted { id: self.common.id, wanted });
        }
        self.tell_end(&state);
        self.changed.notify_all();
    }
}

/// The bytes of a file that the receiver had before any were sent, if this is what the answer says.
fn held_from_before(answer: &Answer) -> u64 {
    match answer {
        Answer::Ready { step: Step::Hello { .. }, held, .. } => {
            held.iter().map(|(start, end)| end.saturating_sub(*start)).sum()
        }
        Answer::Ready { .. } | Answer::Error { .. } => 0,
    }
}

/// Serves one pipe until it or the transfer is over.
pub(super) fn run(sending: &Arc<Sending>, pipe: PipeNo, writer: Writer, reader: Reader) {
    let Ok(answering) = read_answers(sending, pipe, reader) else { return sending.pipe_lost(pipe) };
    let mut outlet = Outlet { writer, record: Vec::new(), scratch: Vec::new(), compressor: None };
    outlet.clear();
    let result = serve(sending, pipe, &mut outlet);
    if result.is_ok() {
        // The thread reads on until the receiver hangs up, so nothing sent is thrown away.
        let _ = outlet.writer.stream().shutdown(Shutdown::Write);
    } else {
        let _ = outlet.writer.stream().shutdown(Shutdown::Both);
    }
    let fault = answering.join().ok().flatten();
    sending.pipe_lost(pipe);
    if let Some(PipeFault::Untrusted(error)) = fault
        && error != RecordError::CutOff
    {
        sending.common.tell_end(untrusted(&error));
    }
}

/// A record that is being filled, and where it goes.
struct Outlet {
    writer: Writer,
    record: Vec<u8>,
    scratch: Vec<u8>,
    compressor: Option<zstd::bulk::Compressor<'static>>,
}

impl Outlet {
    /// Completes the chunk that begins at `start` in the record, with its data behind the space for
    /// its heads. With `squeeze` compressing it is tried, and done if that pays.
    fn finish_chunk(&mut self, sending: &Sending, head: &ChunkHead, start: usize, squeeze: bool) {
        let data = start + HEADS;
        let len = self.record.len() - data;
        if squeeze && let Some(squeezed) = self.squeeze(data) {
            let began = squeezed.began;
            let mut state = sending.lock();
            let took = clock::now().since(began);
            state.squeeze.tried(head.offset, len as u64, squeezed.len as u64, took);
            if state.squeeze.pays() && squeezed.len < len {
                drop(state);
                self.record.truncate(start);
                head.encode_before(true, squeezed.len, &mut self.record);
                self.record.extend_from_slice(&self.scratch[..squeezed.len]);
                return;
            }
        }
        self.record[start..data].copy_from_slice(&head.bytes_before(false, len));
    }

    /// Compresses the record's bytes from `data` on into the scratch memory.
    fn squeeze(&mut self, data: usize) -> Option<Squeezed> {
        let began = clock::now();
        if self.compressor.is_none() {
            self.compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL).ok();
        }
        let bytes = &self.record[data..];
        self.scratch.clear();
        self.scratch.resize(zstd::zstd_safe::compress_bound(bytes.len()), 0);
        let len =
            self.compressor.as_mut()?.compress_to_buffer(bytes, &mut self.scratch[..]).ok()?;
        Some(Squeezed { len, began })
    }

    fn clear(&mut self) {
        self.record.clear();
        self.record.resize(RECORD_HEAD_LEN, 0);
    }

    fn is_empty(&self) -> bool {
        self.record.len() == RECORD_HEAD_LEN
    }

    fn is_full(&self) -> bool {
        self.record.len() >= PACK
    }

    fn flush(&mut self, sending: &Sending, is_final: bool) -> io::Result<()> {
        let (bytes, began) = (self.record.len() as u64, clock::now());
        let result = self.writer.write(is_final, &mut self.record);
        self.clear();
        // How long a full pipe takes is how fast the line is.
        sending.lock().squeeze.wrote(bytes, clock::now().since(began));
        result
    }
}

/// Compressed bytes: how many, and when that was begun.
struct Squeezed {
    len: usize,
    began: Moment,
}

fn serve(sending: &Sending, pipe: PipeNo, outlet: &mut Outlet) -> io::Result<()> {
    let mut quiet_since = clock::now();
    loop {
        if outlet.is_full() {
            pace(sending, outlet.record.len());
            outlet.flush(sending, false)?;
            quiet_since = clock::now();
        }
        let mut state = sending.lock();
        if state.stopped {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let task = state.sender.poll_task(pipe, clock::now());
        if state.deaf.contains(&pipe) && !matches!(task, Task::Done(_)) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match task {
            Task::NextEntry => next_entry(&mut state),
            Task::Transmit(step) => {
                step.encode(&mut outlet.record);
            }
            Task::Small(entry) => small(state, sending, entry, pipe, outlet),
            Task::Read { entry, offset, len } => {
                // A piece begins a record of its own: it is read where it is sealed and sent from.
                if !outlet.is_empty() && outlet.record.len() + len as usize > ROOM {
                    drop(state);
                    outlet.flush(sending, false)?;
                    state = sending.lock();
                }
                read(state, sending, entry, offset, len, pipe, outlet);
            }
            Task::Hash { entry, offset, len } => {
                hash(state, sending, entry, offset, len, pipe, outlet);
            }
            Task::Check(entry) => {
                let file = state.files.get(&entry).cloned();
                drop(state);
                let result = file.as_deref().map_or(Ok(()), OpenSource::check);
                let mut state = sending.lock();
                match result {
                    Ok(()) => state.sender.handle_unchanged(entry),
                    Err(fault) => leave_out(&mut state, entry, &fault, pipe, outlet),
                }
            }
            Task::Wait if !outlet.is_empty() => {
                drop(state);
                pace(sending, outlet.record.len());
                outlet.flush(sending, false)?;
                quiet_since = clock::now();
            }
            Task::Wait => {
                let before = (state.sender.confirmed(), state.sender.confirmed_entries());
                let held = state.held;
                let waited = sending.changed.wait_timeout(state, Duration::from_secs(1));
                let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
                let after = (state.sender.confirmed(), state.sender.confirmed_entries());
                let now = clock::now();
                if held || state.held || before != after {
                    quiet_since = now;
                } else if state.sender.awaits_answer() && now.since(quiet_since) >= SILENCE {
                    return Err(io::ErrorKind::TimedOut.into());
                }
            }
            Task::Done(_) => {
                sending.tell_end(&state);
                drop(state);
                return outlet.flush(sending, true);
            }
        }
    }
}

fn next_entry(state: &mut State) {
    let State { places, files, sender, .. } = state;
    // Files of entries that are through are closed; there are never many open.
    files.retain(|id, _| sender.is_open(*id));
    if places.len() > 2 * limits::MAX_OPEN_ENTRIES {
        places.retain(|id, _| sender.is_open(*id));
    }
    match state.walk.as_mut().and_then(Iterator::next) {
        Some(Found::Entry { what, place }) => {
            let id = state.sender.handle_entry(what);
            state.places.insert(id, place);
        }
        Some(Found::LeftOut { why }) => {
            let _ = state.sender.handle_left_out(Fault::Unreadable, why);
        }
        None => {
            state.walk = None;
            state.sender.handle_no_more();
        }
    }
}

/// Reads a small file whole and appends its steps.
fn small(
    state: MutexGuard<'_, State>,
    sending: &Sending,
    entry: EntryId,
    pipe: PipeNo,
    outlet: &mut Outlet,
) {
    let place = state.places.get(&entry).cloned();
    drop(state);
    let read = read_small(place.as_ref(), &mut outlet.scratch);
    let mut state = sending.lock();
    match read {
        Ok(()) => {
            for step in state.sender.handle_small(entry, &outlet.scratch, pipe) {
                step.encode(&mut outlet.record);
            }
        }
        Err(fault) => leave_out(&mut state, entry, &fault, pipe, outlet),
    }
}

fn read_small(place: Option<&Place>, data: &mut Vec<u8>) -> Result<(), SourceFault> {
    let Some(place) = place else {
        return Err(SourceFault::Unreadable("a file was lost sight of".to_owned()));
    };
    let file = place.open()?;
    data.clear();
    data.resize(usize::try_from(file.size().unwrap_or(0)).unwrap_or(0), 0);
    file.read_at(data, 0)?;
    file.check()
}

/// Reads a piece behind the space for its heads, so that it is sealed and sent where it lies.
fn read(
    mut state: MutexGuard<'_, State>,
    sending: &Sending,
    entry: EntryId,
    offset: u64,
    len: u32,
    pipe: PipeNo,
    outlet: &mut Outlet,
) {
    let file = match open(&mut state, entry) {
        Ok(file) => file,
        Err(fault) => return leave_out(&mut state, entry, &fault, pipe, outlet),
    };
    drop(state);
    let hole = file.hole_at(offset);
    if hole >= limits::GROUP {
        let mut state = sending.lock();
        if let Some(hole) = state.sender.handle_hole(entry, offset, hole, pipe, clock::now()) {
            return SenderStep::Hole(hole).encode(&mut outlet.record);
        }
    }
    let start = outlet.record.len();
    let data = start + HEADS;
    outlet.record.resize(data + len as usize, 0);
    let result = file.read_at(&mut outlet.record[data..], offset);
    let mut state = sending.lock();
    match result {
        Ok(count) => {
            outlet.record.truncate(data + count);
            let head = (count > 0)
                .then(|| {
                    let data = &outlet.record[data..];
                    state.sender.handle_data(entry, offset, data, pipe, clock::now())
                })
                .flatten();
            if let Some(size) = file.size().filter(|_| count < len as usize) {
                state.sender.handle_ended(entry, size);
            }
            let squeeze = head.is_some() && state.tries_to_squeeze(entry, offset);
            drop(state);
            match head {
                Some(head) => outlet.finish_chunk(sending, &head, start, squeeze),
                None => outlet.record.truncate(start),
            }
        }
        Err(fault) => {
            outlet.record.truncate(start);
            leave_out(&mut state, entry, &fault, pipe, outlet);
        }
    }
}

/// Reads what the receiver has, for the hash of the whole.
fn hash(
    mut state: MutexGuard<'_, State>,
    sending: &Sending,
    entry: EntryId,
    offset: u64,
    len: u32,
    pipe: PipeNo,
    outlet: &mut Outlet,
) {
    let file = match open(&mut state, entry) {
        Ok(file) => file,
        Err(fault) => return leave_out(&mut state, entry, &fault, pipe, outlet),
    };
    drop(state);
    outlet.scratch.resize(len as usize, 0);
    let read = if file.hole_at(offset) >= u64::from(len) {
        outlet.scratch.fill(0);
        Ok(len as usize)
    } else {
        file.read_at(&mut outlet.scratch, offset)
    };
    let mut state = sending.lock();
    match read {
        Ok(_) => state.sender.handle_held(entry, offset, &outlet.scratch),
        Err(fault) => leave_out(&mut state, entry, &fault, pipe, outlet),
    }
}

/// The file, opened when it is first read.
fn open(state: &mut State, entry: EntryId) -> Result<Arc<OpenSource>, SourceFault> {
    if let Some(file) = state.files.get(&entry) {
        return Ok(Arc::clone(file));
    }
    let Some(place) = state.places.get(&entry) else {
        return Err(SourceFault::Unreadable("a file was lost sight of".to_owned()));
    };
    let file = Arc::new(place.open()?);
    state.files.insert(entry, Arc::clone(&file));
    Ok(file)
}

fn leave_out(
    state: &mut State,
    entry: EntryId,
    fault: &SourceFault,
    pipe: PipeNo,
    outlet: &mut Outlet,
) {
    let (code, why) = (fault.code(), fault.to_string());
    state.files.remove(&entry);
    state.sender.handle_unreadable(entry, code, why, pipe).encode(&mut outlet.record);
}

/// Waits until so many bytes may go out.
fn pace(sending: &Sending, bytes: usize) {
    let delay = {
        let mut state = sending.lock();
        state.pace.set_limit(rate_limit(&sending.common));
        state.pace.delay(bytes as u64, clock::now())
    };
    if !delay.is_zero() {
        std::thread::sleep(delay);
    }
}

fn rate_limit(common: &Common) -> Option<u64> {
    Some(common.limit.load(Ordering::Relaxed)).filter(|limit| *limit > 0)
}

/// A thread that hands what comes back to the machine, until the pipe ends, and then tells why it did
/// if it shouldn't have.
fn read_answers(
    sending: &Arc<Sending>,
    pipe: PipeNo,
    mut reader: Reader,
) -> io::Result<JoinHandle<Option<PipeFault>>> {
    let sending = Arc::clone(sending);
    let read = move || {
        let fault = hear(&sending, &mut reader);
        reader.stop();
        sending.lock().deaf.insert(pipe);
        sending.changed.notify_all();
        fault
    };
    std::thread::Builder::new().name("couplet-answers".to_owned()).spawn(read)
}

fn hear(sending: &Sending, reader: &mut Reader) -> Option<PipeFault> {
    loop {
        let answers = match reader.read() {
            Ok(record) => StepReader::new(record)
                .map(|step| step.and_then(|(kind, body)| Answer::decode(kind, body)))
                .collect::<Result<Vec<_>, _>>(),
            Err(fault) => return Some(fault),
        };
        match answers {
            Ok(answers) => sending.answered(answers.into_iter()),
            Err(error) => {
                let text = format!("your peer's side makes no sense: {error}; end this line");
                sending.common.tell_end(Outcome::Failed { code: Fault::OutOfOrder, text });
                return Some(io::Error::other(error).into());
            }
        }
    }
}

/// What came through a pipe was tampered with.
pub(super) fn untrusted(error: &RecordError) -> Outcome {
    let text = format!(
        "the transfer was stopped: {error}; somebody between you meddles, perhaps whoever runs the \
         relay. Offer it again through another relay"
    );
    Outcome::Failed { code: Fault::Checksum, text }
}
