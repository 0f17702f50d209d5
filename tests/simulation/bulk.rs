//! Transfers: what is offered, the machines of those that move, and what must be true of them.
//!
//! As `ui/src/engine/transfers.rs` does it, with pipes whose every record is an event.

pub(crate) mod disk;
pub(crate) mod pipes;
mod receiving;
mod sending;

use crate::chance::Chance;
use crate::weather::Death;
use crate::world::World;
use couplet::limits::{GROUP, MAX_PIPES_PER_TRANSFER, SMALL_FILE};
use couplet::message::Token;
use couplet::path::SafeName;
use couplet::seal::PipeKeys;
use couplet::session::{Command, Session};
use couplet::transfer::book::{Direction, Outliving, TransferId, TransferInfo, TransferState};
use couplet::transfer::entry::Stamp;
use couplet::transfer::offer::{Form, Offer};
use couplet::transfer::outcome::Outcome;
use couplet::transfer::receive::Receiver;
use couplet::transfer::send::{PipeNo, Sender};
use couplet::transfer::tree::Hash;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A transfer that outlives the program.
#[derive(Debug, Clone)]
pub(crate) enum Kept {
    Offered(Offer),
    Accepted(Offer),
    Received(Offer, String),
}

/// The transfers of one program that have machines.
#[derive(Debug, Default)]
pub(crate) struct Bulk {
    work: BTreeMap<TransferId, Work>,
}

/// One of them.
#[derive(Debug)]
struct Work {
    name: String,
    size: u64,
    machine: Machine,
    ends: BTreeSet<PipeNo>,
    moved_before: u64,
}

#[derive(Debug)]
enum Machine {
    Out { sender: Sender, walked: bool },
    In { receiver: Receiver, again: VecDeque<(u64, u64, Option<Hash>)> },
}

impl Work {
    fn moved(&self) -> u64 {
        match &self.machine {
            Machine::Out { sender, .. } => sender.moved(),
            Machine::In { receiver, .. } => receiver.moved(),
        }
    }

    fn outcome(&self) -> Option<Outcome> {
        match &self.machine {
            Machine::Out { sender, .. } => sender.outcome().cloned(),
            Machine::In { receiver, .. } => receiver.outcome().cloned(),
        }
    }
}

/// What the simulation knows of an offer.
#[derive(Debug, Default)]
pub(crate) struct Story {
    /// Whether a user declined or cancelled it.
    meddled: bool,
    /// Whether one held it up.
    pub(crate) held: bool,
    /// Who offered it, and in which life.
    by: (usize, u64),
    /// Whether the one who offered it was told that it is offered.
    told: bool,
    verified: u64,
    failed: Vec<String>,
}

impl Bulk {
    /// Enters what was kept by the program before.
    pub(crate) fn take_up(kept: &[Kept], session: &mut Session) {
        for transfer in kept {
            match transfer.clone() {
                Kept::Offered(offer) => {
                    session.offer_from_before(offer);
                }
                Kept::Accepted(offer) => {
                    session.accepted_before(offer);
                }
                Kept::Received(offer, saved_as) => session.received_before(offer, saved_as),
            }
        }
    }

    /// What is to be kept.
    pub(crate) fn kept(session: &Session) -> Vec<Kept> {
        let keep = |outliving: Outliving<'_>| match outliving {
            Outliving::Outgoing(id) => {
                Kept::Offered(session.transfer(id).expect("it is known").offer.clone())
            }
            Outliving::Incoming(_, offer) => Kept::Accepted(offer.clone()),
            Outliving::Received { offer, saved_as } => {
                Kept::Received(offer.clone(), saved_as.to_owned())
            }
        };
        session.kept_transfers().map(keep).collect()
    }
}

impl World {
    /// The user offers a file.
    pub(crate) fn user_offers(&mut self, index: usize) {
        let large = self.weather.large && self.chance.one_in(2);
        let program = self.program_of(index);
        let user = &self.clients[index].user;
        if user.offers == 0 || !program.is_with_somebody() {
            return;
        }
        let number = user.offers;
        let name = format!("{index}-{number}.bin");
        let size = match (large, self.chance.below(3)) {
            (true, some) => GROUP + some * GROUP / 2 + self.chance.below(3000),
            (false, 0) => self.chance.below(3),
            (false, 1) => self.chance.below(9000),
            (false, _) => SMALL_FILE + self.chance.below(100_000),
        };
        let offer = Offer {
            name: SafeName::new(&name).expect("a safe name"),
            form: Form::File,
            size: Some(size),
            on_disk: None,
            entries: 1,
            mtime: Some(Stamp(i64::try_from(number).expect("small"), 0)),
        };
        let program = self.clients[index].program.as_mut().expect("it runs");
        if program.session.offer(offer).is_ok() {
            self.clients[index].user.offers -= 1;
            let bytes = contents(&mut self.chance, size);
            self.files.insert(name.clone(), bytes);
            let by = (index, self.clients[index].lives);
            self.stories.insert(name, Story { by, ..Story::default() });
            self.pump(index);
        }
    }

    /// A user has stopped it.
    pub(crate) fn audit_declined(&mut self, name: &str) {
        self.stories.entry(name.to_owned()).or_default().meddled = true;
    }

    /// What a session asks for.
    pub(crate) fn bulk_does(&mut self, index: usize, command: Command) {
        match command {
            Command::BeginSending { id, part } => {
                let sender = Sender::new(part);
                self.begin_work(index, id, Machine::Out { sender, walked: false });
            }
            Command::OpenPipe { id, token, keys } => self.open_pipe(index, id, token, keys),
            Command::DropPipes(id) => self.close_ends(index, id),
            Command::WantPipes { id, wanted } => {
                let Some(program) = &mut self.clients[index].program else { return };
                let there = program.bulk.work.get(&id).map_or(0, |work| work.ends.len());
                for _ in there..wanted {
                    program.session.request_another_pipe(id);
                }
            }
            Command::HoldTransfer { id, on } => {
                if let Some(Machine::Out { sender, .. }) = self.machine(index, id) {
                    sender.set_paused(on);
                    self.wake(index, id);
                }
            }
            Command::FinishSending { id, saved_as } => {
                if let Some(Machine::Out { sender, .. }) = self.machine(index, id) {
                    sender.handle_finished(&saved_as);
                    self.tell_end(index, id);
                }
            }
            Command::RestartTransfer(id) => self.stop_work(index, id),
            Command::StopTransfer { id, keep } => {
                let program = self.clients[index].program.as_ref();
                let name = program
                    .and_then(|program| program.bulk.work.get(&id))
                    .map(|work| (work.name.clone(), matches!(work.machine, Machine::In { .. })));
                self.stop_work(index, id);
                if let Some((name, true)) = name.filter(|_| !keep) {
                    self.clients[index].disk.discard(&name);
                }
            }
            Command::Connect | Command::Disconnect | Command::Transmit(_) => {
                panic!("{command:?} is none of a transfer's")
            }
        }
    }

    fn begin_work(&mut self, index: usize, id: TransferId, machine: Machine) {
        let Some(program) = &mut self.clients[index].program else { return };
        let Some(info) = program.session.transfer(id) else { return };
        let (name, size) = (info.offer.name.as_str().to_owned(), info.offer.size());
        let work = Work { name, size, machine, ends: BTreeSet::new(), moved_before: 0 };
        program.bulk.work.insert(id, work);
    }

    fn machine(&mut self, index: usize, id: TransferId) -> Option<&mut Machine> {
        let program = self.clients[index].program.as_mut()?;
        program.bulk.work.get_mut(&id).map(|work| &mut work.machine)
    }

    fn work(&mut self, index: usize, program: u64, id: TransferId) -> Option<&mut Work> {
        self.program(index, program)?.bulk.work.get_mut(&id)
    }

    fn open_pipe(&mut self, index: usize, id: TransferId, token: Token, keys: PipeKeys) {
        let Some(program) = &self.clients[index].program else { return };
        let number = program.number;
        let Some(info) = program.session.transfer(id) else { return };
        if info.direction == Direction::Incoming && !program.bulk.work.contains_key(&id) {
            let receiver = Receiver::new(info.offer.clone());
            self.begin_work(index, id, Machine::In { receiver, again: VecDeque::new() });
        }
        let Some(work) = self.work(index, number, id) else { return };
        if work.ends.len() >= MAX_PIPES_PER_TRANSFER {
            return;
        }
        if work.ends.is_empty() {
            work.moved_before = work.moved();
        }
        match self.open_end((index, number), id, token, keys) {
            Some(pipe) => {
                self.work(index, number, id).expect("it works").ends.insert(pipe);
            }
            // The relay doesn't know it: the connection comes to nothing.
            None => self.last_end_is_lost(index, number, id),
        }
    }

    /// Closes all ends that a transfer has here; it goes on through others.
    fn close_ends(&mut self, index: usize, id: TransferId) {
        let Some(program) = &self.clients[index].program else { return };
        let number = program.number;
        let ends = program.bulk.work.get(&id).map(|work| work.ends.clone()).unwrap_or_default();
        for end in ends {
            self.hang_up(u64::from(end.0), index, number);
            self.end_is_lost(index, number, id, u64::from(end.0));
        }
    }

    fn hang_up(&mut self, pipe: u64, index: usize, program: u64) {
        let Some(there) = self.pipes.all.get(&pipe) else { return };
        let mine = |end: &Option<pipes::End>| {
            end.as_ref().is_some_and(|end| end.client == index && end.program == program)
        };
        if let Some(side) = there.ends.iter().position(mine) {
            self.close_end(pipe, side);
        }
    }

    fn stop_work(&mut self, index: usize, id: TransferId) {
        let Some(program) = &mut self.clients[index].program else { return };
        let number = program.number;
        if let Some(work) = program.bulk.work.remove(&id) {
            for end in work.ends {
                self.hang_up(u64::from(end.0), index, number);
            }
        }
    }

    /// An end that a transfer had is gone.
    fn end_is_lost(&mut self, index: usize, program: u64, id: TransferId, pipe: u64) {
        let no = PipeNo(u32::try_from(pipe).expect("few"));
        let Some(work) = self.work(index, program, id) else { return };
        if !work.ends.remove(&no) {
            return;
        }
        if let Machine::Out { sender, .. } = &mut work.machine {
            sender.handle_pipe_lost(no);
        }
        self.wake(index, id);
        self.last_end_is_lost(index, program, id);
    }

    fn last_end_is_lost(&mut self, index: usize, program: u64, id: TransferId) {
        let now = self.now;
        let Some(work) = self.work(index, program, id) else { return };
        if work.ends.is_empty() {
            let progressed = work.moved() > work.moved_before;
            let program = self.program(index, program).expect("it runs");
            program.session.handle_pipe_lost(id, progressed, now);
            self.pump_soon(index);
        }
    }

    /// The machine of a transfer may have come to its end: the session is told.
    fn tell_end(&mut self, index: usize, id: TransferId) {
        let now = self.now;
        let Some(program) = &mut self.clients[index].program else { return };
        let Some(outcome) = program.bulk.work.get(&id).and_then(Work::outcome) else { return };
        program.bulk.work.remove(&id);
        program.session.handle_transfer_ended(id, outcome, now);
        self.pump_soon(index);
    }

    /// All ends of a transfer look again whether there is something to do.
    fn wake(&mut self, index: usize, id: TransferId) {
        let Some(program) = &self.clients[index].program else { return };
        let number = program.number;
        let all = self.pipes.all.iter().flat_map(|(pipe, there)| {
            let ends = there.ends.iter().enumerate();
            ends.filter_map(|(side, end)| end.as_ref().map(|end| (*pipe, side, end)))
        });
        let mine =
            all.filter(|(_, _, end)| end.client == index && end.program == number && end.id == id);
        let mine: Vec<_> = mine.map(|(pipe, side, _)| (pipe, side)).collect();
        for (pipe, side) in mine {
            let go_on = pipes::PipeEvent::GoOn { pipe, side };
            self.after(std::time::Duration::ZERO, crate::world::Event::Pipe(go_on));
        }
    }

    /// A transfer has changed.
    pub(crate) fn transfer_told(&mut self, index: usize, _id: TransferId, info: &TransferInfo) {
        let name = info.offer.name.as_str();
        self.stories.get_mut(name).expect("a story").told |= info.direction == Direction::Outgoing;
        match &info.state {
            TransferState::Verified { .. } => {
                let reader = |client: &crate::client::Client| {
                    client.disk.files.get(name) == Some(&self.files[name])
                };
                let is_there = match info.direction {
                    Direction::Incoming => reader(&self.clients[index]),
                    Direction::Outgoing => self.clients.iter().any(reader),
                };
                assert!(is_there, "{name} is verified and isn't there as it was sent");
                let saved = self.clients[index].disk.saved.get(name).copied().unwrap_or(0);
                assert!(saved <= 1, "{name} was received {saved} times");
                self.stories.get_mut(name).expect("a story").verified += 1;
                self.audit.tally.verified_transfers += 1;
            }
            TransferState::Failed { reason, .. } => {
                assert!(!reason.is_empty(), "{name} failed without a reason");
                self.stories.get_mut(name).expect("a story").failed.push(reason.clone());
                self.audit.tally.failed_transfers += 1;
            }
            TransferState::Offered
            | TransferState::Queued
            | TransferState::Moving
            | TransferState::Interrupted
            | TransferState::Declined
            | TransferState::Cancelled { .. }
            | TransferState::Withdrawn => {}
        }
    }

    /// What of a client's transfers isn't at rest.
    pub(crate) fn bulk_unrest(&self, index: usize) -> Option<String> {
        // What was begun with the third may wait for whoever comes with the same code.
        if self.clients[2].programs > 0 {
            return None;
        }
        let program = self.program_of(index);
        // What one side stopped while the other was away or started anew isn't told: that waits until
        // it is offered again, or its user stops it, too.
        // So does what was offered in a life that is over.
        let is_stopped = |info: &TransferInfo| {
            let story = &self.stories[info.offer.name.as_str()];
            // Nor is one who has left since told that it isn't held up any more.
            let is_held = story.held && self.has_parted();
            story.meddled || is_held || self.clients[story.by.0].lives != story.by.1
        };
        let mut transfers = program.session.transfers();
        let open = transfers.find(|(_, info)| !info.state.is_over() && !is_stopped(info));
        open.map(|(id, info)| format!("transfer {id} of {index} is {info:?}"))
    }

    /// Whether the two have lost each other for good at some time.
    fn has_parted(&self) -> bool {
        self.audit.readers[..2].iter().any(|reader| reader.companies() > 2)
    }

    /// Between two who never started anew nothing fails that nobody stopped.
    pub(crate) fn check_transfers(&self) {
        let mut company = self.clients[..2].iter();
        let same = company.all(|client| client.lives == 1 && client.endings == 0);
        if !same || self.clients[2].programs > 0 {
            return;
        }
        let both = (0..2).all(|index| {
            self.clients[index]
                .program
                .as_ref()
                .is_some_and(crate::client::Program::is_with_somebody)
        });
        let parted = self.has_parted();
        for (name, story) in &self.stories {
            if both && !parted && !story.meddled && story.told {
                assert!(story.failed.is_empty(), "{name} failed: {:?}", story.failed);
                // If both are killed just when it is through, nobody is told; but it is there.
                let file = Some(&self.files[name]);
                let is_there = self.clients.iter().any(|c| c.disk.files.get(name) == file);
                assert!(story.verified > 0 || is_there, "{name} never came");
            }
        }
    }

    /// The disk of a program that died: its journals don't claim more than is there.
    pub(crate) fn check_ledgers(&mut self, index: usize, how: Death) {
        let disk = &mut self.clients[index].disk;
        disk.crash(how, &mut self.chance, &self.files);
    }
}

fn contents(chance: &mut Chance, size: u64) -> Vec<u8> {
    let mut bytes = vec![0; disk::index(size)];
    blake3::Hasher::new().update(&chance.bytes()).finalize_xof().fill(&mut bytes);
    bytes
}
