//! What is said: drafts held until the turn comes, messages on their way, and how far they are.
//!
//! Owns when words go out; their numbers and marks are kept in `numbers`. A message of one's own is kept until the peer
//! has been shown it, so that it can be said again; one of the peer's is taken once, however often
//! it comes.

mod numbers;

pub(super) use numbers::{Last, MAX_OUT, Out, Words};

use super::{DraftId, Event, Mark, Session};
use crate::limits;
use crate::message::{ClientControl, ClientToRelay, Role};
use crate::peer::{self, PeerSignal, Words as Body};
use crate::text;
use bytes::Bytes;

/// Why words can't be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SayError {
    /// There is nothing to say.
    #[error("there is nothing to send; write something first")]
    Empty,
    /// More than a message may have.
    #[error(
        "the message has {bytes} bytes and a message may have {}; shorten it, or send it as a file with /send",
        limits::MAX_MESSAGE_BYTES
    )]
    TooLong {
        /// How many bytes it has.
        bytes: usize,
    },
    /// As many are held as may be.
    #[error(
        "{} messages are held for your turn already; take one back or wait for your turn",
        limits::MAX_HELD
    )]
    TooManyHeld,
    /// More than one line, in a plain room.
    #[error(
        "a plain room carries one line at a time, and this has {lines}; send them one by one, each in \
         its turn"
    )]
    SeveralLines {
        /// How many it has.
        lines: usize,
    },
    /// More than a line may have, in a plain room.
    #[error(
        "the line has {bytes} bytes and a line in a plain room may have {}; shorten it",
        limits::MAX_PLAIN_LINE
    )]
    LineTooLong {
        /// How many bytes it has.
        bytes: usize,
    },
}

impl Session {
    /// Takes words to say: they go out now if it is this client's turn, else they are held until it
    /// is.
    ///
    /// # Errors
    /// [`SayError`]; nothing is taken then.
    pub fn say(&mut self, text: &str) -> Result<DraftId, SayError> {
        if text.trim().is_empty() {
            return Err(SayError::Empty);
        }
        if text.len() > limits::MAX_MESSAGE_BYTES {
            return Err(SayError::TooLong { bytes: text.len() });
        }
        if self.words.held.len() >= limits::MAX_HELD {
            return Err(SayError::TooManyHeld);
        }
        let draft = self.next_draft();
        // What a peer's screen wouldn't show need not travel.
        let text = text::message(text, limits::MAX_MESSAGE_BYTES);
        self.words.held.push_back((draft, text.clone()));
        if !self.may_say() {
            self.events.push_back(Event::Held { draft, text });
        }
        self.say_next();
        Ok(draft)
    }

    /// Takes held words back: these, or the newest.
    pub fn take_back(&mut self, draft: Option<DraftId>) {
        let held = &mut self.words.held;
        let taken = match draft {
            None => held.pop_back(),
            Some(draft) => {
                let at = held.iter().position(|(id, _)| *id == draft);
                at.and_then(|at| held.remove(at))
            }
        };
        match taken {
            Some((draft, text)) => self.events.push_back(Event::TakenBack { draft, text }),
            None => self.events.push_back(Event::Trouble("no message is held".to_owned())),
        }
    }

    /// The words that never left this machine, oldest first.
    pub fn unsaid(&self) -> impl Iterator<Item = &str> {
        let untaken = self.words.out.iter().filter(|out| out.mark == Mark::Sent && !out.withheld);
        untaken
            .map(|out| out.text.as_str())
            .chain(self.words.held.iter().map(|(_, text)| text.as_str()))
    }

    /// Gives the turn away without words.
    pub fn pass(&mut self) {
        if self.may_say() {
            let turn = self.turn;
            self.passed = Some(turn);
            self.control(ClientControl::Pass { turn });
            self.events.push_back(Event::Passed);
            self.set_role(Role::Rec);
        } else {
            let text = "it isn't your turn, so there is none to pass; it comes with your \
                        peer's next message"
                .to_owned();
            self.events.push_back(Event::Trouble(text));
        }
    }

    /// The peer's words with this number have been put before the user.
    pub fn shown(&mut self, sequence: u64) {
        if sequence > self.words.shown && sequence <= self.words.heard {
            self.words.shown = sequence;
            if self.is_paired() {
                self.tell_shown();
            }
        }
    }

    /// Whether words would go out now. Not before the line is sealed, if somebody is there; and not
    /// before a newcomer has what was said before it came, or that could be overtaken.
    fn may_say(&self) -> bool {
        let waiting = self.words.out.back().is_some_and(|out| out.mark == Mark::Sent);
        let unsealed = self.peer_here && !self.sealing.is_sealed();
        let my_turn = self.link.is_online() && self.role == Some(Role::Emi);
        let trusted = !self.sealing.is_distrusted();
        let behind = self.is_catching_up() && !self.catching_up.is_overdue();
        my_turn && !waiting && !unsealed && trusted && !behind
    }

    /// Lets the oldest held words out, if it is this client's turn.
    pub(super) fn say_next(&mut self) {
        if !self.may_say() {
            return;
        }
        let Some((draft, text)) = self.words.held.pop_front() else { return };
        let sequence = self.words.next_sequence;
        self.words.next_sequence = sequence.saturating_add(1);
        let pairing = self.transmit_words(sequence, &text);
        self.last_said = Some((self.turn, sequence));
        self.events.push_back(Event::Said { draft, text: text.clone() });
        if self.words.out.len() >= MAX_OUT {
            self.words.out.pop_front();
        }
        self.words.out.push_back(Out {
            draft,
            sequence,
            text,
            mark: Mark::Sent,
            pairing,
            withheld: false,
        });
        // Until the relay says otherwise: two messages never go out in one turn.
        self.set_role(Role::Rec);
    }

    /// Says again what the relay hasn't taken, once after coming back or meeting somebody new, and if
    /// the peer is there also what it hasn't shown: a relay that was started anew may have lost it on
    /// the way. Both drop what they have.
    pub(super) fn repeat_words(&mut self) {
        if !std::mem::take(&mut self.repeat_due) {
            return;
        }
        let mut out = std::mem::take(&mut self.words.out);
        if let Some(withheld) = out.pop_back_if(|out| out.withheld && out.mark == Mark::Sent) {
            // The relay hasn't taken it, so number and turn are to be had again.
            self.words.next_sequence = withheld.sequence;
            self.set_role(Role::Emi);
        }
        let (peer_here, since) = (self.peer_here, self.since);
        let is_due = |out: &&mut Out| {
            // What is handed over, of a pairing before, is said again with the signals.
            let unseen = peer_here && out.pairing >= since && !out.withheld;
            out.mark == Mark::Sent || unseen
        };
        for out in out.iter_mut().filter(is_due) {
            out.pairing = self.transmit_words(out.sequence, &out.text);
        }
        self.words.out = out;
        if self.is_paired() {
            // Behind all of it: whoever waits to hear what was said needn't any longer. Of some that
            // count nothing comes, as they were for somebody who had a seat before.
            self.signal(PeerSignal::Greeting { name: None, next: None });
        }
    }

    /// Hands one's last words over to a peer that couldn't read them when they were said; once more if
    /// it was started anew before it showed them.
    pub(super) fn hand_over(&mut self) {
        let since = self.since;
        // Whoever is the same as before hears it again, or has seen it.
        let is_unread = |last: &&mut Last| last.pairing < since && !last.seen;
        if let Some(last) = self.words.last.as_mut().filter(is_unread) {
            last.handed = self.pairing;
            let (sequence, text) = (last.sequence, last.text.clone());
            self.signal(PeerSignal::LastMessage { sequence, text });
        }
    }

    /// The peer's last words, said before the keys were there.
    pub(super) fn handle_handed(&mut self, sequence: u64, text: &str) {
        // It is the first of all that this peer says; later it would be out of turn.
        if self.words.heard == 0 && sequence > 0 {
            self.words.heard = sequence;
            let text = text::message(text, limits::MAX_MESSAGE_BYTES);
            self.hear_words(sequence, text, true);
        }
    }

    /// The peer has been shown everything up to this number.
    pub(super) fn handle_shown(&mut self, sequence: u64) {
        self.words.shown(sequence, self.since, &mut self.events);
        self.known.said = self.known.said.max(sequence.min(self.words.taken_up_to()));
        if let Some((turn, said)) = self.last_said
            && sequence >= said
        {
            self.known.turn = self.known.turn.max(turn.saturating_add(1));
        }
    }

    /// Tells a peer that has come back what it may not know: that its words were shown.
    pub(super) fn repeat_shown(&mut self) {
        if self.words.shown > 0 {
            self.tell_shown();
        }
    }

    /// Says how far the peer's words were shown: not past one that is missing, or the peer would
    /// take that for shown, too.
    fn tell_shown(&mut self) {
        let sequence = match self.words.gap_at {
            Some(gap) => self.words.shown.min(gap - 1),
            None => self.words.shown,
        };
        if sequence > 0 {
            self.signal(PeerSignal::Shown { sequence });
        }
    }

    pub(super) fn handle_words(&mut self, pairing: u32, sequence: u64, body: Bytes) {
        if sequence > self.known.heard {
            self.known.heard = sequence;
            if self.role == Some(Role::Rec) {
                // It took the turn; the role that says so comes next, unless the relay ends just now.
                self.known.turn = self.known.turn.max(self.turn.saturating_add(1));
            }
        }
        if sequence <= self.words.heard {
            // A repetition; that it was shown is said again, since the first word of it was lost.
            if sequence <= self.words.shown {
                self.repeat_shown();
            }
            return;
        }
        // Where there was nobody to seal for, there are no words; those for somebody who was here
        // before are nobody else's. Whoever said them hands them over.
        if body.is_empty() || pairing != self.pairing {
            return;
        }
        if self.words.is_behind() && sequence > self.words.heard.saturating_add(1) {
            // Those before it are yet to be said again, and would be taken for repetitions.
            return self.words.put_by(sequence, body);
        }
        match self.open_words(sequence, &body) {
            // The peer has the keys already.
            None => self.words.put_by(sequence, body),
            Some(Err(fault)) => self.tell_fault(fault),
            Some(Ok(words)) => match peer::decode::<Body>(&words) {
                Ok(Body { text }) => {
                    self.look_for_gap(sequence);
                    // Only what could be read has been heard; the rest may be said again, readably.
                    self.words.heard = sequence;
                    let text = text::message(&text, limits::MAX_MESSAGE_BYTES);
                    self.hear_words(sequence, text, false);
                    // It may be what was waited for.
                    self.hear_early_words();
                    self.say_next();
                }
                Err(error) => self.tell_fault(error),
            },
        }
    }

    /// The user is to see these words, if the peer is trusted.
    fn hear_words(&mut self, sequence: u64, text: String, kept: bool) {
        if !self.sealing.is_distrusted() {
            self.events.push_back(Event::Words { sequence, text, kept });
            return;
        }
        // Nothing is said to it, so it can say one thing in its turn. More than that breaks the rules
        // of the line, and is nobody's loss.
        if self.words.distrusted.len() < MAX_OUT {
            self.words.distrusted.push_back((sequence, text));
        }
        let text = "something was said to you and isn't shown, as the words of the seal differ";
        self.events.push_back(Event::Trouble(text.to_owned()));
    }

    /// The peer is trusted after all: what it has said meanwhile is shown.
    pub(super) fn trust_words(&mut self) {
        let said = std::mem::take(&mut self.words.distrusted).into_iter();
        self.events.extend(said.map(|(sequence, text)| Event::Words {
            sequence,
            text,
            kept: false,
        }));
    }

    /// Each message has the number after the one before it, from the first that the peer announced.
    fn look_for_gap(&mut self, sequence: u64) {
        let known = self.words.heard > 0 || self.words.before_first.is_some();
        let next = self.words.heard.max(self.words.before_first.unwrap_or(0)).saturating_add(1);
        if known && sequence > next && self.words.gap_at.is_none() {
            self.words.gap_at = Some(next);
            let text = "a message of your peer's is missing before the next one; whoever runs the \
                        relay has left it out. Ask your peer to say it again"
                .to_owned();
            self.events.push_back(Event::Trouble(text));
        }
    }

    /// Words that were meant for the one who is gone alone don't go to whoever comes next: what is
    /// held or not yet taken goes back to the user, and the last message isn't handed over.
    pub(super) fn withhold_from_strangers(&mut self) {
        if !self.sealing.is_for_this_peer_alone() {
            return;
        }
        self.words.last = None;
        // What the relay has taken is out of reach, and isn't said again.
        self.words.out.retain(|out| out.mark == Mark::Sent);
        for out in &mut self.words.out {
            out.withheld = true;
            let text = std::mem::take(&mut out.text);
            self.events.push_back(Event::TakenBack { draft: out.draft, text });
        }
        for (draft, text) in std::mem::take(&mut self.words.held) {
            self.events.push_back(Event::TakenBack { draft, text });
        }
        let text = "whoever was there is gone, and whoever comes next is somebody else until you \
                    compare the words again; what wasn't sent is given back to you"
            .to_owned();
        self.events.push_back(Event::Trouble(text));
    }

    /// The keys are there, or what was said before: words that came before them can be opened.
    pub(super) fn hear_early_words(&mut self) {
        for (sequence, body) in std::mem::take(&mut self.words.early) {
            self.handle_words(self.pairing, sequence, body);
        }
    }

    /// Sends words, without a body if there is nobody to seal for; gives the pairing they are for.
    fn transmit_words(&mut self, sequence: u64, text: &str) -> u32 {
        let words = peer::encode(&Body { text: text.to_owned() });
        let body = self.seal_words(sequence, &words);
        let pairing = self.pairing;
        let say = ClientToRelay::Say { pairing, sequence, body };
        self.commands.push_back(super::Command::Transmit(say));
        pairing
    }
}
