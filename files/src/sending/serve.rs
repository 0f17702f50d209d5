//! The loop of one pipe's thread: what the machine says is read, packed into records, and sent.
//!
//! Owns the carrying out of each [`Task`] and the files that are read for it, and gives up a pipe from
//! which nothing comes back.

use super::outlet::{HEADS, Outlet, PACK};
use super::{Sending, State};
use crate::clock;
use crate::source::{Found, OpenSource, Place, SourceFault};
use couplet::limits;
use couplet::transfer::entry::EntryId;
use couplet::transfer::send::{PipeNo, Task};
use couplet::transfer::wire::{Fault, SenderStep};
use std::io;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

/// What a step may add to a record that isn't full yet: a small file with its heads and paths.
const ROOM: usize = PACK + 3 * couplet::transfer::wire::MAX_JSON;

/// How long nothing may come back, though something is expected, before the pipe is given up. A
/// receiver that is busy gives signs of life.
const SILENCE: Duration = Duration::from_secs(10);

/// Sends until the transfer is over, it is stopped, or the pipe is of no use any more.
pub(super) fn serve(sending: &Sending, pipe: PipeNo, outlet: &mut Outlet) -> io::Result<()> {
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
                note_root(sending, &step);
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
                let heard = state.heard;
                let waited = sending.changed.wait_timeout(state, Duration::from_secs(1));
                let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
                let after = (state.sender.confirmed(), state.sender.confirmed_entries());
                let now = clock::now();
                if held || state.held || heard != state.heard || before != after {
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

/// What is closed is known by its hash.
fn note_root(sending: &Sending, step: &SenderStep<'_>) {
    if let SenderStep::Close(close) = step {
        sending.common.note_root(close.root);
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
        Some(Found::Entry { what, place, .. }) => {
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
                note_root(sending, &step);
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
    let Some(file) = open(&mut state, entry, pipe, outlet) else { return };
    if let Some(needed) = state.sender.needed_from(entry) {
        file.needed_from(needed);
    }
    drop(state);
    let hole = file.hole_at(offset);
    if hole >= limits::GROUP {
        let mut state = sending.lock();
        if let Some(hole) = state.sender.handle_hole(entry, offset, hole, pipe, clock::now()) {
            SenderStep::Hole(hole).encode(&mut outlet.record);
            return outlet.close();
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
    let Some(file) = open(&mut state, entry, pipe, outlet) else { return };
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

/// The file, opened when it is first read. One that can't be is left out.
fn open(
    state: &mut State,
    entry: EntryId,
    pipe: PipeNo,
    outlet: &mut Outlet,
) -> Option<Arc<OpenSource>> {
    if let Some(file) = state.files.get(&entry) {
        return Some(Arc::clone(file));
    }
    let lost = || SourceFault::Unreadable("a file was lost sight of".to_owned());
    match state.places.get(&entry).ok_or_else(lost).and_then(Place::open) {
        Ok(file) => {
            let file = Arc::new(file);
            state.files.insert(entry, Arc::clone(&file));
            Some(file)
        }
        Err(fault) => {
            leave_out(state, entry, &fault, pipe, outlet);
            None
        }
    }
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
        state.pace.set_limit(sending.common.rate_limit());
        state.pace.delay(bytes as u64, clock::now())
    };
    sending.common.rest(delay);
}

impl State {
    fn tries_to_squeeze(&mut self, entry: EntryId, offset: u64) -> bool {
        if self.squeezing.replace(entry) != Some(entry) {
            self.squeeze.begin();
        }
        self.squeeze.should_try(offset) || self.squeeze.pays()
    }
}
