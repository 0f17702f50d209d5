//! Pipes: two ends that the relay joins, and sealed records in order in both directions.

use crate::weather::Death;
use crate::world::{Event, World};
use couplet::limits::PIPE_LIMIT;
use couplet::message::Token;
use couplet::seal::{PipeKeys, RECORD_HEAD_LEN, RecordOpener, RecordSealer};
use couplet::time::Moment;
use couplet::transfer::book::TransferId;
use couplet::transfer::send::PipeNo;
use std::collections::{BTreeMap, VecDeque};

/// Something of a pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PipeEvent {
    /// An end comes to the relay.
    Arrive { pipe: u64, side: usize },
    /// Both ends must have come by now.
    Late { pipe: u64 },
    /// A record comes to this side.
    Record { pipe: u64, side: usize },
    /// This side notices that the pipe is over.
    Over { pipe: u64, side: usize },
    /// This side goes on with what it is at.
    GoOn { pipe: u64, side: usize },
    /// A receiver reads again what was there.
    Again { client: usize, program: u64, id: u32 },
}

/// All pipes.
#[derive(Default)]
pub(crate) struct Pipes {
    tokens: BTreeMap<String, (u64, usize)>,
    pub(super) all: BTreeMap<u64, Pipe>,
    last: u64,
}

/// One pipe.
pub(crate) struct Pipe {
    tokens: [String; 2],
    pub(super) ends: [Option<End>; 2],
    arrived: [bool; 2],
    /// Whether both ends are there, or were.
    pub(super) joined: bool,
}

/// One end of it.
pub(crate) struct End {
    pub(super) client: usize,
    pub(super) program: u64,
    pub(super) id: TransferId,
    keys: Option<PipeKeys>,
    seals: Option<(RecordSealer, RecordOpener)>,
    /// Records on their way to this end.
    records: VecDeque<Vec<u8>>,
    last: Moment,
    /// Steps that have come and aren't carried out.
    pub(super) steps: VecDeque<(u8, Vec<u8>)>,
}

impl World {
    /// Both ends were told of a pipe.
    pub(crate) fn expect_pipe(&mut self, tokens: [Token; 2]) {
        self.pipes.last += 1;
        let number = self.pipes.last;
        let tokens = tokens.map(String::from);
        for (side, token) in tokens.iter().enumerate() {
            self.pipes.tokens.insert(token.clone(), (number, side));
        }
        let pipe = Pipe { tokens, ends: [None, None], arrived: [false; 2], joined: false };
        self.pipes.all.insert(number, pipe);
        self.after(PIPE_LIMIT, Event::Pipe(PipeEvent::Late { pipe: number }));
    }

    /// A client opens its end. Gives the pipe's number, or nothing if the relay doesn't know it.
    pub(super) fn open_end(
        &mut self,
        (client, program): (usize, u64),
        id: TransferId,
        token: Token,
        keys: PipeKeys,
    ) -> Option<PipeNo> {
        let (number, side) = *self.pipes.tokens.get(&String::from(token))?;
        let pipe = self.pipes.all.get_mut(&number)?;
        let end = End {
            client,
            program,
            id,
            keys: Some(keys),
            seals: None,
            records: VecDeque::new(),
            last: self.now,
            steps: VecDeque::new(),
        };
        pipe.ends[side] = Some(end);
        let wait = self.latency() * 2;
        self.after(wait, Event::Pipe(PipeEvent::Arrive { pipe: number, side }));
        Some(PipeNo(u32::try_from(number).expect("few")))
    }

    pub(crate) fn pipe_event(&mut self, event: PipeEvent) {
        match event {
            PipeEvent::Arrive { pipe, side } => self.end_arrives(pipe, side),
            PipeEvent::Late { pipe } => {
                if self.pipes.all.get(&pipe).is_some_and(|pipe| !pipe.joined) {
                    self.end_pipe(pipe, [true, true]);
                }
            }
            PipeEvent::Record { pipe, side } => self.record_comes(pipe, side),
            PipeEvent::Over { pipe, side } => self.side_over(pipe, side),
            PipeEvent::GoOn { pipe, side } => self.go_on(pipe, side),
            PipeEvent::Again { client, program, id } => self.read_again(client, program, id),
        }
    }

    fn end_arrives(&mut self, number: u64, side: usize) {
        if !self.relay.up {
            return self.end_pipe(number, [true, true]);
        }
        let Some(pipe) = self.pipes.all.get_mut(&number) else { return };
        pipe.arrived[side] = true;
        if pipe.arrived != [true, true] || pipe.joined {
            return;
        }
        let [Some(one), Some(two)] = &mut pipe.ends else { return };
        let (first, second) = (one.keys.take().expect("keys"), two.keys.take().expect("keys"));
        let (salt, other) = (first.salt(), second.salt());
        one.seals = Some(first.open(&other));
        two.seals = Some(second.open(&salt));
        pipe.joined = true;
        for side in [0, 1] {
            let wait = self.latency();
            self.after(wait, Event::Pipe(PipeEvent::GoOn { pipe: number, side }));
        }
    }

    /// Sends a record from this side to the other.
    pub(super) fn send_record(&mut self, number: u64, side: usize, is_final: bool, steps: &[u8]) {
        let wait = self.latency();
        let now = self.now;
        let Some(pipe) = self.pipes.all.get_mut(&number) else { return };
        let Some((sealer, _)) = pipe.ends[side].as_mut().and_then(|end| end.seals.as_mut()) else {
            return;
        };
        let mut record = vec![0; RECORD_HEAD_LEN];
        record.extend_from_slice(steps);
        sealer.seal(is_final, &mut record);
        if let Some(other) = &mut pipe.ends[1 - side] {
            other.records.push_back(record);
            other.last = other.last.max(now + wait);
            let at = other.last;
            self.at(at, Event::Pipe(PipeEvent::Record { pipe: number, side: 1 - side }));
        }
    }

    fn record_comes(&mut self, number: u64, side: usize) {
        let Some(end) = self.pipes.all.get_mut(&number).and_then(|pipe| pipe.ends[side].as_mut())
        else {
            return;
        };
        let Some(mut record) = end.records.pop_front() else { return };
        let Some((_, opener)) = &mut end.seals else { return };
        let steps = opener.open(&mut record[4..]).expect("nobody has meddled with it");
        for step in couplet::transfer::wire::StepReader::new(steps) {
            let (kind, body) = step.expect("whole steps");
            end.steps.push_back((kind, body.to_vec()));
        }
        self.go_on(number, side);
    }

    /// This side has closed its end: what it sent comes, and then the other notices.
    pub(super) fn close_end(&mut self, number: u64, side: usize) {
        let wait = self.latency();
        let now = self.now;
        let Some(pipe) = self.pipes.all.get_mut(&number) else { return };
        pipe.ends[side] = None;
        if let Some(other) = &pipe.ends[1 - side] {
            let at = other.last.max(now + wait);
            self.at(at, Event::Pipe(PipeEvent::Over { pipe: number, side: 1 - side }));
        } else {
            self.pipes.all.remove(&number);
        }
    }

    fn side_over(&mut self, number: u64, side: usize) {
        let Some(pipe) = self.pipes.all.get_mut(&number) else { return };
        if let Some(end) = pipe.ends[side].take() {
            if pipe.ends[1 - side].is_none() {
                self.pipes.all.remove(&number);
            }
            self.end_is_lost(end.client, end.program, end.id, number);
        }
    }

    /// It breaks: of what is under way a beginning still arrives; each side notices later.
    fn end_pipe(&mut self, number: u64, hears: [bool; 2]) {
        let waits = [self.chance.millis(1, 4000), self.chance.millis(1, 4000)];
        let keeps = [self.chance.next(), self.chance.next()];
        let now = self.now;
        let Some(pipe) = self.pipes.all.get_mut(&number) else { return };
        let tokens = pipe.tokens.clone();
        let mut notices = Vec::new();
        for side in [0, 1] {
            if let Some(end) = &mut pipe.ends[side] {
                pipe.joined = true;
                let many = end.records.len() as u64 + 1;
                end.records.truncate(usize::try_from(keeps[side] % many).expect("few"));
                // What is sealed from now on goes nowhere.
                if let Some((_, opener)) = end.seals.take() {
                    let rest = std::mem::take(&mut end.records);
                    end.steps.extend(open_all(opener, rest));
                }
                if hears[side] {
                    notices.push((now + waits[side], side));
                }
            }
        }
        for (at, side) in notices {
            self.at(now, Event::Pipe(PipeEvent::GoOn { pipe: number, side }));
            self.at(at, Event::Pipe(PipeEvent::Over { pipe: number, side }));
        }
        for token in tokens {
            self.pipes.tokens.remove(&token);
        }
    }

    /// Pipes of this client break.
    pub(crate) fn cut_pipes(&mut self, client: usize) {
        let of = |pipe: &Pipe| pipe.ends.iter().flatten().any(|end| end.client == client);
        let all: Vec<u64> = self.pipes.all.iter().filter(|(_, p)| of(p)).map(|(n, _)| *n).collect();
        for number in all {
            if self.chance.percent(70) {
                self.end_pipe(number, [true, true]);
            }
        }
    }

    /// All pipes go with the relay.
    pub(crate) fn drop_pipes(&mut self, _silently: bool) {
        for number in self.pipes.all.keys().copied().collect::<Vec<_>>() {
            self.end_pipe(number, [true, true]);
        }
    }

    /// The ends of a program that is no more.
    pub(crate) fn pipes_of_dead(&mut self, client: usize, program: u64, _how: Death) {
        let is_dead = |end: &End| end.client == client && end.program == program;
        let mut dead = Vec::new();
        for (number, pipe) in &self.pipes.all {
            for side in [0, 1] {
                if pipe.ends[side].as_ref().is_some_and(is_dead) {
                    dead.push((*number, side));
                }
            }
        }
        for (number, side) in dead {
            self.end_pipe(number, [side == 1, side == 0]);
            if let Some(pipe) = self.pipes.all.get_mut(&number) {
                pipe.ends[side] = None;
            }
        }
    }
}

fn open_all(mut opener: RecordOpener, records: VecDeque<Vec<u8>>) -> Vec<(u8, Vec<u8>)> {
    let mut all = Vec::new();
    for mut record in records {
        let Ok(steps) = opener.open(&mut record[4..]) else { break };
        for step in couplet::transfer::wire::StepReader::new(steps).flatten() {
            all.push((step.0, step.1.to_vec()));
        }
    }
    all
}
