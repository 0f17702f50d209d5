//! Something on its way in: the shell around the [`Receiver`] machine.
//!
//! Owns the files that grow and the loop of a pipe's thread; what is good and what is refused is the
//! machine's, and what happens on disk [`super::store`]'s. Each pipe has a thread that reads, opens,
//! checks and writes.

use super::Target;
use super::pipe::{self, PipeFault, Reader, Writer};
use super::sending::untrusted;
use super::store::{self, Growing, Store, Trouble};
use super::transfers::{Common, Finding};
use couplet::limits::GROUP;
use couplet::seal::{RECORD_HEAD_LEN, RecordError};
use couplet::transfer::entry::EntryId;
use couplet::transfer::journal::Record;
use couplet::transfer::offer::{Form, Offer, OnCollision, Preflight};
use couplet::transfer::outcome::Outcome;
use couplet::transfer::receive::{self, Closed, Ended, Greeted, Opened, Receiver};
use couplet::transfer::tree::{self, PieceHash};
use couplet::transfer::wire::{
    Answer, ChunkHead, Fault, Hello, Hole, SenderStep, Step, StepReader,
};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// Answers in one record: so many of the longest fit.
const MAX_ANSWERS: usize = 512;

/// How often a full disk is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// One transfer on its way in, whatever pipes it has.
pub(super) struct Incoming {
    target: Target,
    offer: Offer,
    on_collision: OnCollision,
    /// Where it goes; opened when the first entry comes.
    place: OnceLock<Result<Arc<store::Incoming>, String>>,
    state: Mutex<State>,
    /// Something has changed that a step may wait for: bytes from before were read again, or a step
    /// that came through another pipe was carried out.
    changed: Condvar,
    common: Arc<Common>,
}

struct State {
    receiver: Receiver,
    growing: HashMap<EntryId, Arc<Growing>>,
    stopped: bool,
    started: bool,
}

/// What the disk has to say about an offer.
pub(super) fn preflight(target: &Target, offer: &Offer) -> Preflight {
    match target {
        Target::Directory(_) if matches!(offer.form, Form::Text) => Preflight::default(),
        Target::Directory(path) => match Store::open(path) {
            Ok(store) => store.preflight(offer),
            Err(trouble) => Preflight { trouble: Some(trouble), ..Preflight::default() },
        },
        Target::Stdout if matches!(offer.form, Form::Folder | Form::Several) => Preflight {
            trouble: Some(
                "several files can't go to standard output; give a directory with --to DIR"
                    .to_owned(),
            ),
            ..Preflight::default()
        },
        Target::Stdout => Preflight::default(),
    }
}

impl Incoming {
    pub(super) fn new(
        target: Target,
        offer: Offer,
        on_collision: OnCollision,
        common: Arc<Common>,
    ) -> Self {
        let receiver = Receiver::new(offer.clone());
        let state = State { receiver, growing: HashMap::new(), stopped: false, started: false };
        Self {
            target,
            offer,
            on_collision,
            place: OnceLock::new(),
            state: Mutex::new(state),
            changed: Condvar::new(),
            common,
        }
    }

    /// Nothing is received any more; what has come stays if `keep`.
    pub(super) fn give_up(&self, keep: bool) {
        let mut state = self.lock();
        state.stopped = true;
        state.growing.clear();
        self.changed.notify_all();
        drop(state);
        if !keep && let Some(Ok(place)) = self.place.get() {
            place.discard();
        }
    }

    fn place(&self) -> Result<&Arc<store::Incoming>, String> {
        let opened = self.place.get_or_init(|| {
            match (&self.target, self.offer.form) {
                (_, Form::Text) => Ok(store::Incoming::text()),
                (Target::Stdout, _) => Ok(store::Incoming::stream(std::io::stdout())),
                (Target::Directory(path), _) => {
                    Store::open(path).and_then(|store| store.begin(&self.offer, self.on_collision))
                }
            }
            .map(Arc::new)
        });
        opened.as_ref().map_err(Clone::clone)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, state: &State) {
        let (common, receiver) = (&self.common, &state.receiver);
        common.done.store(receiver.held(), Ordering::Relaxed);
        common.moved.store(receiver.moved(), Ordering::Relaxed);
        common.entries.store(receiver.finished_entries(), Ordering::Relaxed);
    }

    fn hello(self: &Arc<Self>, hello: &Hello) -> Answer {
        let (id, step) = (hello.entry, Step::Hello { entry: hello.entry });
        let greeted = {
            let mut state = self.lock();
            loop {
                let greeted = state.receiver.handle_hello(hello.clone());
                if greeted != Greeted::Wait {
                    break greeted;
                }
                if state.stopped {
                    return Answer::error(step, Fault::Unknown, "the transfer was stopped");
                }
                state = self.wait(state);
            }
        };
        let place = match (&greeted, self.place()) {
            (Greeted::Answer(_), _) => None,
            (_, Ok(place)) => Some(place),
            (_, Err(text)) => return self.lock().receiver.handle_storage_fault(step, &text),
        };
        match (greeted, place) {
            (Greeted::Answer(answer), _) => answer,
            (Greeted::Look(entry), Some(place)) => {
                let is_there = place.is_there(&entry);
                self.lock().receiver.handle_looked(id, &entry, is_there)
            }
            (Greeted::Make(entry), Some(place)) => {
                let made = self.until_room(0, || place.make(&entry));
                self.lock().receiver.handle_made(id, made)
            }
            (Greeted::Open { entry, may_resume }, Some(place)) => {
                let opened = self.until_room(0, || place.open(id, &entry, may_resume));
                let (opened, growing) =
                    opened.unwrap_or_else(|(code, text)| (Opened::Refused(code, text), None));
                let resumed = matches!(&opened, Opened::Ready(held) if !held.is_empty());
                let mut state = self.lock();
                if let Some(growing) = growing {
                    let growing = Arc::new(growing);
                    state.growing.insert(id, Arc::clone(&growing));
                    if resumed {
                        self.read_again(id, growing);
                    }
                }
                state.receiver.handle_opened(id, opened)
            }
            (Greeted::Wait, _) | (_, None) => {
                Answer::error(step, Fault::Storage, "there is nowhere to put it")
            }
        }
    }

    /// Reads what is there from before once more, beside what moves: the hash of the whole needs it,
    /// and it may have been damaged since.
    fn read_again(self: &Arc<Self>, id: EntryId, growing: Arc<Growing>) {
        let incoming = Arc::clone(self);
        let work = move || {
            let mut buffer = Vec::new();
            for (offset, len, noted) in growing.held_from_before() {
                let hash = if noted.is_none() {
                    Some(tree::hole_hash(offset, len))
                } else {
                    buffer.resize(usize::try_from(len).unwrap_or(0), 0);
                    growing
                        .read_at(&mut buffer, offset)
                        .ok()
                        .map(|()| tree::piece_hash(offset, &buffer))
                };
                let mut state = incoming.lock();
                if state.stopped {
                    return;
                }
                // What can't be read is sent anew, as what was damaged is.
                let damaged = PieceHash { chain: [0; 32], alone: None };
                let (hash, noted) = match hash {
                    Some(hash) => (hash, noted),
                    None => (damaged, Some([1; 32])),
                };
                state.receiver.handle_read_again(id, offset, len, &hash, noted.as_ref());
                incoming.changed.notify_all();
            }
        };
        // Without a thread nothing is read again, and CLOSE waits until the transfer is stopped.
        if let Err(error) =
            std::thread::Builder::new().name("couplet-read-again".into()).spawn(work)
        {
            let text = format!("no thread could be started for the transfer ({error})");
            self.common.tell_end(Outcome::Failed { code: Fault::Unknown, text });
        }
    }

    fn chunk(&self, head: &ChunkHead, data: &[u8]) -> Answer {
        let step = Step::Chunk { entry: head.entry, offset: head.offset };
        let growing = {
            let mut state = self.lock();
            if let Err(answer) = state.receiver.handle_chunk(head) {
                return answer;
            }
            state.growing.get(&head.entry).cloned()
        };
        let hash = tree::piece_hash(head.offset, data);
        if hash.chain != head.checksum {
            return self.lock().receiver.handle_damaged(head);
        }
        let Some(growing) = growing else { return self.no_file(step) };
        match self.until_room(data.len() as u64, || growing.write(head.offset, data)) {
            Ok(()) => {
                let mut state = self.lock();
                let len = u64::from(head.size);
                let group = state.receiver.handle_written(head.entry, head.offset, len, &hash);
                drop(state);
                match group.map_or(Ok(()), |group| self.note(&growing, Record::Group(group))) {
                    Ok(()) => Answer::ready(step),
                    Err((_, text)) => self.lock().receiver.handle_storage_fault(step, &text),
                }
            }
            Err((_, text)) => {
                let mut state = self.lock();
                state.receiver.handle_unwritten(head.entry, head.offset, u64::from(head.size));
                state.receiver.handle_storage_fault(step, &text)
            }
        }
    }

    fn packed(&self, head: &ChunkHead, data: &[u8]) -> Answer {
        let mut unpacked = vec![0; head.len()];
        match zstd::bulk::decompress_to_buffer(data, &mut unpacked) {
            Ok(len) if len == unpacked.len() => self.chunk(head, &unpacked),
            Ok(_) | Err(_) => {
                let step = Step::Chunk { entry: head.entry, offset: head.offset };
                let text = format!("the bytes at offset {} can't be unpacked", head.offset);
                Answer::error(step, Fault::Checksum, text)
            }
        }
    }

    fn hole(&self, hole: &Hole) -> Answer {
        let step = Step::Chunk { entry: hole.entry, offset: hole.offset };
        let growing = {
            let mut state = self.lock();
            if let Err(answer) = state.receiver.handle_hole(hole) {
                return answer;
            }
            state.growing.get(&hole.entry).cloned()
        };
        let Some(growing) = growing else { return self.no_file(step) };
        let Hole { entry, offset, size } = *hole;
        let result = self.until_room(0, || growing.skip_hole(offset, size)).and_then(|()| {
            let mut at = offset;
            while at < offset + size {
                let len = (offset + size - at).min(GROUP);
                let hash = tree::hole_hash(at, len);
                let mut state = self.lock();
                if state.stopped {
                    return Err(stopped());
                }
                state.receiver.handle_hole_written(entry, at, len, &hash);
                self.publish(&state);
                at += len;
            }
            self.note(&growing, Record::Hole { offset, len: size })
        });
        match result {
            Ok(()) => Answer::ready(step),
            Err((_, text)) => self.lock().receiver.handle_storage_fault(step, &text),
        }
    }

    fn note(&self, growing: &Growing, record: Record) -> Result<(), (Fault, String)> {
        self.until_room(0, || growing.note(record))
    }

    /// Writes; while the disk is full, waits until there is room, and says so.
    fn until_room<T>(
        &self,
        bytes: u64,
        mut write: impl FnMut() -> Result<T, Trouble>,
    ) -> Result<T, (Fault, String)> {
        let id = self.common.id;
        let mut told = false;
        loop {
            match write() {
                Err(Trouble::Full) => {
                    if !std::mem::replace(&mut told, true) {
                        self.common.tell(Finding::DiskFull { id, full: true });
                    }
                }
                result => {
                    if told {
                        self.common.tell(Finding::DiskFull { id, full: false });
                    }
                    return result.map_err(Trouble::into_fault);
                }
            }
            loop {
                if self.lock().stopped || self.common.is_over() {
                    return Err(stopped());
                }
                std::thread::sleep(LOOK_AGAIN);
                if self.place().is_ok_and(|place| place.has_room(bytes + GROUP)) {
                    break;
                }
            }
        }
    }

    fn close(&self, close: &couplet::transfer::wire::Close) -> Answer {
        let step = Step::Close { entry: close.entry };
        let mut state = self.lock();
        loop {
            match state.receiver.handle_close(close) {
                Closed::Wait if state.stopped => {
                    return Answer::error(step, Fault::Unknown, "the transfer was stopped");
                }
                Closed::Wait => {
                    state = self.wait(state);
                }
                Closed::Answer { answer, discard } => {
                    if discard && let Some(growing) = state.growing.remove(&close.entry) {
                        growing.discard();
                    }
                    return answer;
                }
                Closed::Save(entry) => {
                    let growing = state.growing.remove(&close.entry);
                    drop(state);
                    let saved = match growing {
                        Some(growing) => self.until_room(0, || growing.save(&entry)),
                        None => Err((Fault::Storage, "no file was opened".to_owned())),
                    };
                    return self.lock().receiver.handle_saved(close.entry, saved);
                }
            }
        }
    }

    fn end(&self, end: couplet::transfer::wire::End) -> Answer {
        let mut state = self.lock();
        let ended = loop {
            let ended = state.receiver.handle_end(end);
            if ended != Ended::Wait || state.stopped {
                break ended;
            }
            state = self.wait(state);
        };
        drop(state);
        match ended {
            Ended::Wait => Answer::error(Step::End, Fault::Unknown, "the transfer was stopped"),
            Ended::Answer(answer) => answer,
            Ended::Finish => match self.finish() {
                Ok(saved_as) => self.lock().receiver.handle_finished(&saved_as),
                Err(text) => self.lock().receiver.handle_storage_fault(Step::End, &text),
            },
        }
    }

    fn finish(&self) -> Result<String, String> {
        let place = self.place()?;
        let saved_as = self.until_room(0, || place.finish()).map_err(|(_, text)| text)?;
        if let Some(text) = place.take_text() {
            let text = String::from_utf8_lossy(&text).into_owned();
            self.common.tell(Finding::Text { id: self.common.id, text });
        }
        Ok(saved_as)
    }

    /// The machine takes chunks only after a HELLO, and a HELLO opens a file.
    fn no_file(&self, step: Step) -> Answer {
        self.lock()
            .receiver
            .handle_storage_fault(step, "no file was opened; this client has a fault")
    }

    /// Carries one step out; gives the answer to it if there is one.
    fn step(self: &Arc<Self>, step: SenderStep<'_>) -> Option<Answer> {
        let answer = self.carry_out(step);
        // The same may have come through another pipe, which waits for this.
        self.changed.notify_all();
        answer
    }

    fn carry_out(self: &Arc<Self>, step: SenderStep<'_>) -> Option<Answer> {
        Some(match step {
            SenderStep::Hello(hello) => self.hello(&hello),
            SenderStep::Chunk { head, packed: false, data } => self.chunk(&head, data),
            SenderStep::Chunk { head, packed: true, data } => self.packed(&head, data),
            SenderStep::Hole(hole) => self.hole(&hole),
            SenderStep::Close(close) => self.close(&close),
            SenderStep::Skip(skip) => {
                let mut state = self.lock();
                state.growing.remove(&skip.entry);
                state.receiver.handle_skip(&skip)
            }
            SenderStep::End(end) => self.end(end),
            SenderStep::Abort(abort) => {
                self.lock().receiver.handle_abort(&abort);
                return None;
            }
        })
    }
}

fn stopped() -> (Fault, String) {
    (Fault::Unknown, "the transfer was stopped".to_owned())
}

/// Serves one pipe until it or the transfer is over.
pub(super) fn run(incoming: &Arc<Incoming>, mut writer: Writer, mut reader: Reader) {
    let mut answers = Vec::new();
    let mut record = Vec::new();
    loop {
        let steps = match reader.read() {
            Ok(steps) => steps,
            Err(PipeFault::Untrusted(error)) if error != RecordError::CutOff => {
                // Nothing of what somebody meddled with stays.
                incoming.give_up(false);
                return incoming.common.tell_end(untrusted(&error));
            }
            // Another pipe goes on where this one was cut.
            Err(_) => return,
        };
        answers.clear();
        for step in StepReader::new(steps) {
            match step.and_then(|(kind, body)| SenderStep::decode(kind, body)) {
                Ok(step) => answers.extend(incoming.step(step)),
                Err(error) => {
                    let text = format!("your peer's side makes no sense: {error}; end this line");
                    let code = Fault::OutOfOrder;
                    return incoming.common.tell_end(Outcome::Failed { code, text });
                }
            }
            if incoming.lock().stopped {
                return;
            }
        }
        receive::coalesce(&mut answers);
        let mut state = incoming.lock();
        incoming.publish(&state);
        if !std::mem::replace(&mut state.started, true) {
            let held = state.receiver.held() - state.receiver.moved();
            incoming.common.tell(Finding::Started { id: incoming.common.id, held });
        }
        let outcome = state.receiver.outcome().cloned();
        drop(state);
        let mut written = Ok(());
        let mut answers = answers.drain(..).peekable();
        while answers.peek().is_some() {
            record.clear();
            record.resize(RECORD_HEAD_LEN, 0);
            for answer in answers.by_ref().take(MAX_ANSWERS) {
                answer.encode(&mut record);
            }
            let is_final = outcome.is_some() && answers.peek().is_none();
            written = written.and_then(|()| writer.write(is_final, &mut record));
        }
        // What is decided stays decided, whether or not the sender has heard it.
        if let Some(outcome) = outcome {
            incoming.common.tell_end(outcome);
            return pipe::hang_up(writer.stream());
        }
        if written.is_err() {
            return;
        }
    }
}
