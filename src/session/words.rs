//! What is said: drafts held until the turn comes, messages on their way, and how far they are.
//!
//! Owns the numbers of messages in both directions. A message of one's own is kept until the peer
//! has been shown it, so that it can be said again; one of the peer's is taken once, however often
//! it comes.

use super::{DraftId, Event, Mark, Session};
use crate::limits;
use crate::message::{ClientControl, ClientToRelay, Role};
use crate::peer::{self, PeerSignal, Words as Body};
use crate::text;
use bytes::Bytes;
use std::collections::VecDeque;

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
}

#[derive(Debug, Default)]
pub(super) struct Words {
    last_draft: u64,
    held: VecDeque<(DraftId, String)>,
    /// Out, and not known to have been shown, oldest first.
    out: VecDeque<Out>,
    /// The number that the next message of this seat has; 0 before the first seat.
    next_sequence: u64,
    /// The highest number of the peer's messages that has come.
    heard: u64,
    /// The highest number of the peer's messages that has been shown.
    shown: u64,
}

#[derive(Debug)]
struct Out {
    draft: DraftId,
    sequence: u64,
    text: String,
    mark: Mark,
}

/// Messages that are out and not shown. A peer that never says what it has shown costs no more.
const MAX_OUT: usize = 64;

impl Words {
    /// A new seat: its numbers go on where the one before left them. What is held stays held.
    pub(super) fn seated(&mut self, next_sequence: u64) {
        self.next_sequence = next_sequence;
        self.out.clear();
        self.heard = 0;
        self.shown = 0;
    }

    /// The old seat again: the next number tells what the relay has taken.
    pub(super) fn returned(&mut self, next_sequence: u64, events: &mut VecDeque<Event>) {
        self.taken(next_sequence.saturating_sub(1), events);
        self.next_sequence = next_sequence;
        for out in self.out.iter_mut().filter(|out| out.mark == Mark::Sent) {
            out.sequence = self.next_sequence;
            self.next_sequence += 1;
        }
    }

    pub(super) fn taken(&mut self, sequence: u64, events: &mut VecDeque<Event>) {
        self.mark_up_to(sequence, Mark::Taken, events);
    }

    pub(super) fn shown(&mut self, sequence: u64, events: &mut VecDeque<Event>) {
        self.mark_up_to(sequence, Mark::Shown, events);
        self.out.retain(|out| out.mark < Mark::Shown);
    }

    /// The relay refused the newest words, so they are held again, in their place.
    pub(super) fn refused(&mut self, events: &mut VecDeque<Event>) {
        if let Some(Out { draft, sequence, text, .. }) =
            self.out.pop_back_if(|out| out.mark == Mark::Sent)
        {
            self.next_sequence = sequence;
            self.held.push_front((draft, text.clone()));
            events.push_back(Event::Held { draft, text });
        }
    }

    /// How many are held, and how many are out and not shown.
    #[cfg(test)]
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.held.len(), self.out.len())
    }

    fn mark_up_to(&mut self, sequence: u64, mark: Mark, events: &mut VecDeque<Event>) {
        for out in self.out.iter_mut().filter(|out| out.sequence <= sequence && out.mark < mark) {
            out.mark = mark;
            events.push_back(Event::Marked { draft: out.draft, mark });
        }
    }
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
        self.words.last_draft += 1;
        let draft = DraftId(self.words.last_draft);
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
        let untaken = self.words.out.iter().filter(|out| out.mark == Mark::Sent);
        untaken
            .map(|out| out.text.as_str())
            .chain(self.words.held.iter().map(|(_, text)| text.as_str()))
    }

    /// Gives the turn away without words.
    pub fn pass(&mut self) {
        if self.may_say() {
            self.control(ClientControl::Pass);
            self.events.push_back(Event::Passed);
            self.set_role(Role::Rec);
        } else {
            let text = "it isn't your turn, so there is none to pass".to_owned();
            self.events.push_back(Event::Trouble(text));
        }
    }

    /// The peer's words with this number have been put before the user.
    pub fn shown(&mut self, sequence: u64) {
        if sequence > self.words.shown && sequence <= self.words.heard {
            self.words.shown = sequence;
            if self.is_paired() {
                self.signal(PeerSignal::Shown { sequence });
            }
        }
    }

    /// Whether words would go out now.
    fn may_say(&self) -> bool {
        let waiting = self.words.out.back().is_some_and(|out| out.mark == Mark::Sent);
        self.link.is_online() && self.role == Some(Role::Emi) && !waiting
    }

    /// Lets the oldest held words out, if it is this client's turn.
    pub(super) fn say_next(&mut self) {
        if !self.may_say() {
            return;
        }
        let Some((draft, text)) = self.words.held.pop_front() else { return };
        let sequence = self.words.next_sequence;
        self.words.next_sequence += 1;
        self.transmit_words(sequence, &text);
        self.events.push_back(Event::Said { draft, text: text.clone() });
        if self.words.out.len() >= MAX_OUT {
            self.words.out.pop_front();
        }
        self.words.out.push_back(Out { draft, sequence, text, mark: Mark::Sent });
        // Until the relay says otherwise: two messages never go out in one turn.
        self.set_role(Role::Rec);
    }

    /// Says again what the relay hasn't taken; it drops what it has.
    pub(super) fn repeat_words(&mut self) {
        let again: Vec<_> = self
            .words
            .out
            .iter()
            .filter(|out| out.mark == Mark::Sent)
            .map(|out| (out.sequence, out.text.clone()))
            .collect();
        for (sequence, text) in again {
            self.transmit_words(sequence, &text);
        }
    }

    /// Tells a peer that has come back what it may not know: that its words were shown.
    pub(super) fn repeat_shown(&mut self) {
        let sequence = self.words.shown;
        if sequence > 0 {
            self.signal(PeerSignal::Shown { sequence });
        }
    }

    pub(super) fn handle_words(&mut self, pairing: u32, sequence: u64, kept: bool, body: &Bytes) {
        if sequence <= self.words.heard {
            // A repetition; that it was shown is said again, since the first word of it was lost.
            if sequence <= self.words.shown {
                self.repeat_shown();
            }
            return;
        }
        match peer::decode::<Body>(body) {
            Ok(Body { text }) => {
                // Only what could be read has been heard; the rest may be said again, readably.
                self.words.heard = sequence;
                let text = text::message(&text, limits::MAX_MESSAGE_BYTES);
                let kept = kept && pairing < self.pairing;
                self.events.push_back(Event::Words { sequence, text, kept });
            }
            // Where there was nobody to seal for, there are no words.
            Err(_) if body.is_empty() => {}
            Err(error) => self.events.push_back(Event::Trouble(error.to_string())),
        }
    }

    fn transmit_words(&mut self, sequence: u64, text: &str) {
        let body = peer::encode(&Body { text: text.to_owned() });
        let pairing = self.pairing;
        let say = ClientToRelay::Say { pairing, sequence, body };
        self.commands.push_back(super::Command::Transmit(say));
    }
}
