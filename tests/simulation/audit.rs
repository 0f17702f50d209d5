//! What was said, and what has become of it: the simulation knows more than anybody in it.
//!
//! Owns the rules for messages: each that was accepted is delivered once and in order, or its user
//! can tell that it wasn't; marks are true.

use couplet::directory::RoomId;
use couplet::message::Seat;
use couplet::session::Mark;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that was said.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    /// How often each client was killed.
    killed: [u64; 3],
    pub(crate) messages: Vec<Message>,
    by_text: BTreeMap<String, usize>,
    /// Who was told to be in `emi` in a turn of a room.
    turns: BTreeMap<(RoomId, u64), Seat>,
    /// The numbers that relays have taken from each, and how many relays had been killed by then.
    taken: BTreeMap<(usize, u64), u64>,
    pub(crate) readers: [Reader; 3],
    /// With whom each has compared the words, in the present company.
    verified: [Option<(usize, u64)>; 3],
    pub(crate) tally: Tally,
    /// Whether anything was said before there were keys to seal it with.
    pub(crate) into_the_void: bool,
}

/// What came of all of it.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) delivered: u64,
    /// Shown once more to a new program, as the one before was killed before that was written down.
    pub(crate) shown_again: u64,
    /// Shown once more, as the last message, to one who sat down anew.
    pub(crate) handed_again: u64,
    /// Accepted by a program that was killed before there was anything to go on from.
    pub(crate) lost_with_program: u64,
    /// Given back by a program that was killed on the way to the screen.
    pub(crate) lost_on_screen: u64,
    pub(crate) deaths: u64,
    pub(crate) relay_crashes: u64,
    pub(crate) verified_transfers: u64,
    pub(crate) failed_transfers: u64,
    pub(crate) resumed_bytes: u64,
}

/// One message.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) sayer: usize,
    pub(crate) number: u64,
    pub(crate) text: String,
    pub(crate) state: State,
    /// Whether it ever went out.
    pub(crate) went_out: bool,
    pub(crate) mark: Option<Mark>,
    /// The program that showed the mark, and how many relays had been killed by then.
    marked_in: (u64, u64),
    pub(crate) taken_back: bool,
    /// Whether it was out when its company came to an end, so that its mark is all that is known.
    pub(crate) in_limbo: bool,
    /// Whom it was shown to: client and life, and in the how manieth company of that life.
    pub(crate) shown_to: BTreeMap<(usize, u64), u64>,
    /// Whom it was shown to as just said.
    said_to: Option<(usize, u64)>,
    /// The only one who may be shown it.
    only_for: Option<(usize, u64)>,
}

/// How far it is known to have been accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The session took it; nobody else knows yet.
    Entered,
    /// It is accepted.
    Accepted,
    /// The program was killed before that.
    Never,
    /// Its program was killed, and there was nothing to go on from.
    Lost,
}

/// What one client's user has been shown.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    /// In this company and life: message and the number with which it came.
    recent: Vec<(usize, u64)>,
    /// What a new program may show once more.
    may_repeat: BTreeSet<usize>,
    /// The highest number from each sayer, in this life.
    last: [Option<u64>; 3],
    life: u64,
    /// How often somebody else was across, or this one sat down anew.
    company: u64,
    /// What was said and what came, in order.
    pub(crate) transcript: Vec<usize>,
}

impl Audit {
    /// A user enters a text.
    pub(crate) fn entered(&mut self, sayer: usize, number: u64, text: &str) -> usize {
        let message = Message {
            sayer,
            number,
            text: text.to_owned(),
            state: State::Entered,
            went_out: false,
            mark: None,
            marked_in: (0, 0),
            taken_back: false,
            in_limbo: false,
            shown_to: BTreeMap::new(),
            said_to: None,
            only_for: self.verified[sayer],
        };
        self.messages.push(message);
        self.by_text.insert(text.to_owned(), self.messages.len() - 1);
        self.messages.len() - 1
    }

    fn find(&self, text: &str) -> usize {
        *self.by_text.get(text).unwrap_or_else(|| panic!("nobody ever said {text:?}"))
    }

    fn of(&mut self, sayer: usize) -> impl Iterator<Item = &mut Message> {
        self.messages.iter_mut().filter(move |message| message.sayer == sayer)
    }

    /// What is kept of a session is on disk.
    pub(crate) fn written_down(&mut self, client: usize) {
        for message in self.of(client).filter(|message| message.state == State::Entered) {
            message.state = State::Accepted;
        }
    }

    /// A program was killed; what it had written down knows that so much was shown.
    pub(crate) fn killed(&mut self, client: usize, shown: Option<u64>) {
        self.killed[client] += 1;
        self.tally.deaths += 1;
        let mut lost = 0;
        for message in self.of(client) {
            let pending = message.shown_to.is_empty() && !message.taken_back;
            match message.state {
                State::Entered => message.state = State::Never,
                State::Accepted if shown.is_none() && pending && !message.in_limbo => {
                    message.state = State::Lost;
                    lost += 1;
                }
                State::Accepted | State::Never | State::Lost => {}
            }
        }
        self.tally.lost_with_program += lost;
        let reader = &mut self.readers[client];
        let Some(shown) = shown else {
            reader.recent.clear();
            return;
        };
        for (message, sequence) in std::mem::take(&mut reader.recent) {
            if sequence > shown {
                reader.may_repeat.insert(message);
            } else {
                reader.recent.push((message, sequence));
            }
        }
    }

    /// A text that was being given back was never seen.
    pub(crate) fn lost_on_the_way(&mut self, text: &str) {
        let message = self.find(text);
        if !self.messages[message].taken_back {
            self.messages[message].taken_back = true;
            self.tally.lost_on_screen += 1;
        }
    }

    pub(crate) fn held(&mut self, client: usize, text: &str) -> usize {
        let message = self.find(text);
        assert_eq!(self.messages[message].sayer, client, "{text:?} is somebody else's");
        assert!(!self.messages[message].taken_back, "{text:?} was given back and is held");
        self.messages[message].mark = None;
        self.readers[client].transcript.retain(|said| *said != message);
        message
    }

    pub(crate) fn said(&mut self, client: usize, program: u64, text: &str) -> usize {
        let number = self.find(text);
        let message = &mut self.messages[number];
        assert_eq!(message.sayer, client, "{text:?} is somebody else's");
        assert!(!message.taken_back, "{text:?} was given back and goes out");
        message.went_out = true;
        message.mark = Some(Mark::Sent);
        message.marked_in = (program, u64::MAX);
        let transcript = &mut self.readers[client].transcript;
        if !transcript.contains(&number) {
            transcript.push(number);
        }
        number
    }

    pub(crate) fn taken_back(&mut self, client: usize, text: &str) {
        let message = self.find(text);
        assert_eq!(self.messages[message].sayer, client, "{text:?} is somebody else's");
        self.messages[message].taken_back = true;
    }

    pub(crate) fn marked(
        &mut self,
        client: usize,
        program: u64,
        message: usize,
        mark: Mark,
        sequence: Option<u64>,
        crashes: u64,
    ) {
        // Whose number isn't certain was taken by some relay at some time.
        let taken = sequence.map_or(Some(0), |number| self.taken.get(&(client, number)).copied());
        let message = &mut self.messages[message];
        let (text, before) = (&message.text, message.mark);
        let (in_program, crashes_then) = message.marked_in;
        if in_program == program && before.is_some_and(|before| before > mark) {
            let stepped_back = before == Some(Mark::Taken) && mark == Mark::Sent;
            assert!(
                stepped_back && crashes > crashes_then,
                "{text:?} of {client} went from {before:?} to {mark:?}"
            );
        }
        if mark == Mark::Shown {
            assert!(!message.shown_to.is_empty(), "{text:?} is marked as shown and wasn't");
        }
        if mark == Mark::Taken {
            assert!(taken.is_some(), "{text:?} is marked as taken and no relay had it");
        }
        message.mark = Some(mark);
        message.marked_in = (program, taken.unwrap_or(0));
    }

    /// Somebody else is across, or will be: what is out and not shown may never be.
    pub(crate) fn boundary(&mut self, client: usize) {
        for message in self.of(client) {
            if message.mark.is_some_and(|mark| mark < Mark::Shown) {
                message.in_limbo = true;
            }
        }
        self.readers[client].recent.clear();
        self.readers[client].company += 1;
        self.verified[client] = None;
    }

    /// The user has found the words to be the same as somebody's; or there is nobody any more.
    pub(crate) fn verified(&mut self, client: usize, with: Option<(usize, u64)>) {
        if with.is_some() {
            self.verified[client] = with;
        }
    }

    /// Words have come to a client's program.
    pub(crate) fn came(&mut self, client: usize, _life: u64, text: &str) {
        let message = self.find(text);
        let transcript = &mut self.readers[client].transcript;
        if !transcript.contains(&message) {
            transcript.push(message);
        }
    }

    /// A user sees words.
    pub(crate) fn displayed(
        &mut self,
        reader: usize,
        life: u64,
        program: u64,
        sequence: u64,
        text: &str,
        kept: bool,
    ) {
        let number = self.find(text);
        let message = &mut self.messages[number];
        let sayer = message.sayer;
        assert_ne!(sayer, reader, "{text:?} came back to the one who said it");
        assert_ne!(message.state, State::Never, "{text:?} was never accepted and came");
        assert!(!message.taken_back || message.went_out, "{text:?} was given back and came");
        if let Some(only_for) = message.only_for {
            assert_eq!(only_for, (reader, life), "{text:?} was for somebody else alone");
        }
        let seen = &mut self.readers[reader];
        if seen.life != life {
            let transcript = std::mem::take(&mut seen.transcript);
            *seen = Reader { life, transcript, company: seen.company, ..Reader::default() };
        }
        // Handed over, or said again to one who was handed it and was killed before it was seen.
        let again = kept || self.killed[reader] > 0;
        let before = message.shown_to.insert((reader, life), seen.company);
        if seen.may_repeat.remove(&number) {
            self.tally.shown_again += 1;
        } else if before.is_some_and(|company| again && company < seen.company) {
            // To the sayer this was somebody new, who is told the last message.
            self.tally.handed_again += 1;
        } else {
            assert_eq!(before, None, "{text:?} came twice to {reader}, program {program}");
            self.tally.delivered += 1;
            // To all but one it is what was said before they came.
            if !kept {
                let first = *message.said_to.get_or_insert((reader, life));
                assert_eq!(first, (reader, life), "{text:?} came to somebody else, too");
            }
            let last = seen.last[sayer];
            assert!(
                last.is_none_or(|last| last < message.number),
                "{text:?} came to {reader} after number {last:?}"
            );
            seen.last[sayer] = Some(message.number);
        }
        seen.recent.push((number, sequence));
    }

    /// A program has ended and told what was unsaid.
    pub(crate) fn ended(&mut self, client: usize, unsaid: &[&str]) {
        for message in self.of(client) {
            if message.state == State::Entered {
                message.state = State::Accepted;
            }
            if message.state != State::Accepted || message.taken_back {
                continue;
            }
            if unsaid.contains(&message.text.as_str()) {
                message.taken_back = true;
            } else if message.shown_to.is_empty() && !message.in_limbo {
                assert!(
                    message.mark >= Some(Mark::Taken),
                    "{:?} was neither said nor given back at the end",
                    message.text
                );
                message.in_limbo = true;
            }
        }
        self.boundary(client);
    }

    /// The relay has told a seat that it is in `emi`.
    pub(crate) fn given_turn(&mut self, _life: u64, room: RoomId, turn: u64, seat: Seat) {
        let before = *self.turns.entry((room, turn)).or_insert(seat);
        assert_eq!(before, seat, "two were in emi in turn {turn} of room {room}");
    }

    /// The relay has taken a message with this number.
    pub(crate) fn relay_took(&mut self, client: usize, sequence: u64) {
        self.taken.insert((client, sequence), self.tally.relay_crashes);
    }
}

impl Tally {
    /// Adds another one's.
    pub(crate) const fn add(&mut self, other: &Self) {
        self.delivered += other.delivered;
        self.shown_again += other.shown_again;
        self.handed_again += other.handed_again;
        self.lost_with_program += other.lost_with_program;
        self.lost_on_screen += other.lost_on_screen;
        self.deaths += other.deaths;
        self.relay_crashes += other.relay_crashes;
        self.verified_transfers += other.verified_transfers;
        self.failed_transfers += other.failed_transfers;
        self.resumed_bytes += other.resumed_bytes;
    }
}

impl Reader {
    /// How often somebody new was across, or this one sat down anew.
    pub(crate) const fn companies(&self) -> u64 {
        self.company
    }
}
