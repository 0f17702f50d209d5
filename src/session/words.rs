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
    /// The number before that of the first message the peer says in this pairing, once it has told.
    before_first: Option<u64>,
    /// The first of the peer's messages that is missing, if one is: a relay left it out.
    gap_at: Option<u64>,
    /// The last of one's own that the relay has taken.
    last: Option<Last>,
    /// Words of the peer's that came before the keys to open them.
    early: Option<(u64, Bytes)>,
}

#[derive(Debug)]
struct Last {
    sequence: u64,
    text: String,
    /// The pairing whose peer can read them; 0 if there was nobody to seal for.
    pairing: u32,
}

#[derive(Debug)]
struct Out {
    draft: DraftId,
    sequence: u64,
    text: String,
    mark: Mark,
    /// The pairing they were last sealed for; 0 if there was nobody to seal for.
    pairing: u32,
    /// Given back to the user, as they were meant for somebody who is gone. Only the number counts
    /// still: the relay may have taken it.
    withheld: bool,
}

/// Messages that are out and not shown. A peer that never says what it has shown costs no more.
const MAX_OUT: usize = 64;

impl Words {
    /// A new seat: its numbers go on where the one before left them. What is held stays held.
    pub(super) fn seated(&mut self, next_sequence: u64) {
        self.next_sequence = next_sequence;
        self.out.clear();
        self.last = None;
        self.meet_anew();
    }

    /// Somebody else is across: nothing of theirs has been heard, and their numbers go on from
    /// wherever the seat's were.
    pub(super) fn meet_anew(&mut self) {
        self.heard = 0;
        self.shown = 0;
        self.before_first = None;
        self.gap_at = None;
        self.early = None;
    }

    /// The old seat again: the next number tells what the relay has taken.
    pub(super) fn returned(&mut self, next_sequence: u64, events: &mut VecDeque<Event>) {
        self.taken(next_sequence.saturating_sub(1), events);
        self.next_sequence = next_sequence;
        for out in self.out.iter_mut().filter(|out| out.mark == Mark::Sent) {
            out.sequence = self.next_sequence;
            // A relay may say any number; one that is out of them can't be talked through.
            self.next_sequence = self.next_sequence.saturating_add(1);
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

    /// The number that the next message of this seat has.
    pub(super) const fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// The peer has told the number of its next message. Only the first time in a pairing: later
    /// ones may be on their way.
    pub(super) fn announced(&mut self, next: u64) {
        self.before_first.get_or_insert(next.saturating_sub(1));
    }

    /// How many are held, and how many are out and not shown.
    #[cfg(test)]
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.held.len(), self.out.len())
    }

    /// The text of the last message that the relay has taken.
    #[cfg(test)]
    pub(super) fn last_text(&self) -> Option<&str> {
        self.last.as_ref().map(|last| last.text.as_str())
    }

    fn mark_up_to(&mut self, sequence: u64, mark: Mark, events: &mut VecDeque<Event>) {
        for out in self.out.iter_mut().filter(|out| out.sequence <= sequence && out.mark < mark) {
            if out.withheld {
                out.mark = mark;
                continue;
            }
            if out.mark < Mark::Taken {
                let (sequence, pairing) = (out.sequence, out.pairing);
                self.last = Some(Last { sequence, text: out.text.clone(), pairing });
            }
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
        let untaken = self.words.out.iter().filter(|out| out.mark == Mark::Sent && !out.withheld);
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
        my_turn && !waiting && !unsealed && trusted && !self.signals.is_handing_over()
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

    /// Says again what the relay hasn't taken, once after coming back or meeting somebody new; it
    /// drops what it has.
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
        for out in out.iter_mut().filter(|out| out.mark == Mark::Sent) {
            out.pairing = self.transmit_words(out.sequence, &out.text);
        }
        self.words.out = out;
    }

    /// Hands one's last words over to a peer that couldn't read them when they were said.
    pub(super) fn hand_over(&mut self) {
        let pairing = self.pairing;
        if let Some(last) = self.words.last.as_mut().filter(|last| last.pairing != pairing) {
            last.pairing = pairing;
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
            self.events.push_back(Event::Words { sequence, text, kept: true });
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
        match self.open_words(sequence, &body) {
            // The peer has the keys already. There is one at most, as its turn is over with it.
            None => self.words.early = Some((sequence, body)),
            Some(Err(fault)) => self.tell_fault(fault),
            Some(Ok(words)) => match peer::decode::<Body>(&words) {
                Ok(Body { text }) => {
                    self.look_for_gap(sequence);
                    // Only what could be read has been heard; the rest may be said again, readably.
                    self.words.heard = sequence;
                    let text = text::message(&text, limits::MAX_MESSAGE_BYTES);
                    self.events.push_back(Event::Words { sequence, text, kept: false });
                }
                Err(error) => self.tell_fault(error),
            },
        }
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
        for out in self.words.out.iter_mut().filter(|out| out.mark == Mark::Sent) {
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

    /// The keys are there: words that came before them can be opened.
    pub(super) fn hear_early_words(&mut self) {
        if let Some((sequence, body)) = self.words.early.take() {
            self.handle_words(self.pairing, sequence, body);
        }
    }

    /// Sends words; gives the pairing they are sealed for, 0 if there is nobody to seal for.
    fn transmit_words(&mut self, sequence: u64, text: &str) -> u32 {
        let words = peer::encode(&Body { text: text.to_owned() });
        let body = self.seal_words(sequence, &words);
        let pairing = self.pairing;
        let sealed_for = if body.is_empty() { 0 } else { pairing };
        let say = ClientToRelay::Say { pairing, sequence, body };
        self.commands.push_back(super::Command::Transmit(say));
        sealed_for
    }
}
