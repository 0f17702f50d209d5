//! The numbers of messages in both directions, and how far each of one's own has come.

use super::{DraftId, Event, Mark};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};

#[derive(Debug, Default)]
pub(in crate::session) struct Words {
    pub(in crate::session) last_draft: u64,
    pub(in crate::session) held: VecDeque<(DraftId, String)>,
    /// Out, and not known to have been shown, oldest first.
    pub(in crate::session) out: VecDeque<Out>,
    /// The number that the next message of this seat has; 0 before the first seat.
    pub(in crate::session) next_sequence: u64,
    /// The highest number of the peer's messages that has come.
    pub(in crate::session) heard: u64,
    /// The highest number of the peer's messages that has been shown.
    pub(in crate::session) shown: u64,
    /// The number before that of the first message the peer says in this pairing, once it has told.
    pub(in crate::session) before_first: Option<u64>,
    /// Whether the peer has yet to say again what may not have come, and how far that must have been
    /// heard before anything is said: with keys that are new, having the turn doesn't mean having
    /// heard what was said before them.
    pub(in crate::session) behind: Option<CatchUp>,
    /// The first of the peer's messages that is missing, if one is: a relay left it out.
    pub(in crate::session) gap_at: Option<u64>,
    /// The last of one's own that the relay has taken.
    pub(in crate::session) last: Option<Last>,
    /// Words of the peer's that came before the keys to open them, or before others that are said
    /// again, by number.
    pub(in crate::session) early: BTreeMap<u64, Bytes>,
    /// What a peer has said whose verification words differ, oldest first: it isn't shown, unless
    /// the user finds that they are the same after all.
    pub(in crate::session) distrusted: VecDeque<(u64, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::session) enum CatchUp {
    /// The peer will tell.
    Untold,
    /// It will tell once more, as the connection was lost.
    Again,
    /// This number.
    To(u64),
}

#[derive(Debug)]
pub(in crate::session) struct Last {
    pub(in crate::session) sequence: u64,
    pub(in crate::session) text: String,
    /// The pairing that they were last said in.
    pub(in crate::session) pairing: u32,
    /// The pairing in which they were last handed over to somebody; 0 if they weren't.
    pub(in crate::session) handed: u32,
    /// Whether whoever is across has been shown them.
    pub(in crate::session) seen: bool,
}

#[derive(Debug)]
pub(in crate::session) struct Out {
    pub(in crate::session) draft: DraftId,
    pub(in crate::session) sequence: u64,
    pub(in crate::session) text: String,
    pub(in crate::session) mark: Mark,
    /// The pairing that they were last said in.
    pub(in crate::session) pairing: u32,
    /// Given back to the user, as they were meant for somebody who is gone. Only the number counts
    /// still: the relay may have taken it.
    pub(in crate::session) withheld: bool,
}

/// Messages that are out and not shown. A peer that never says what it has shown costs no more.
pub(in crate::session) const MAX_OUT: usize = 64;

impl Words {
    /// A new seat: its numbers go on where the one before left them. What is held stays held; what
    /// went out from a seat that is gone and wasn't shown is given back, as nobody knows whether it
    /// came.
    pub(in crate::session) fn seated(&mut self, next_sequence: u64, events: &mut VecDeque<Event>) {
        self.next_sequence = next_sequence;
        let lost: Vec<_> = self.out.drain(..).filter(|out| !out.withheld).collect();
        if !lost.is_empty() {
            let text = "your seat was gone, and what your peer may not have seen is given back to \
                        you; say it again if it hasn't come"
                .to_owned();
            events.push_back(Event::Trouble(text));
        }
        let back = |Out { draft, text, .. }| Event::TakenBack { draft, text };
        events.extend(lost.into_iter().map(back));
        self.last = None;
        self.meet_anew();
    }

    /// Somebody else is across: nothing of theirs has been heard, and their numbers go on from
    /// wherever the seat's were. Of what was taken before they came they are handed the last, so what
    /// they have been shown says nothing of the rest.
    pub(in crate::session) fn meet_anew(&mut self) {
        if let Some(last) = &mut self.last {
            last.seen = false;
        }
        let last = self.last.as_ref().map(|last| last.sequence);
        self.out.retain(|out| out.mark == Mark::Sent || Some(out.sequence) == last);
        self.heard = 0;
        self.shown = 0;
        self.before_first = None;
        self.behind = None;
        self.gap_at = None;
        self.early.clear();
        self.distrusted.clear();
    }

    /// The two have agreed on keys: what was said without them, or sealed with others, is said again.
    pub(in crate::session) const fn catch_up(&mut self) {
        self.behind = Some(CatchUp::Untold);
    }

    /// The peer has said again whatever it can. After another connection that is only so if its
    /// greeting came before, over this one: else what was in between may have been lost.
    pub(in crate::session) const fn caught_up(&mut self) {
        if !matches!(self.behind, Some(CatchUp::Again)) {
            self.behind = None;
        }
    }

    /// The connection is another; the peer greets again, and says again what wasn't shown.
    pub(in crate::session) const fn reconnected(&mut self) {
        if self.behind.is_some() {
            self.behind = Some(CatchUp::Again);
        }
    }

    /// Nothing is said again any more.
    pub(in crate::session) const fn stop_catching_up(&mut self) {
        self.behind = None;
    }

    /// Keeps words for later; a peer that sends more than it may have out can say them again.
    pub(in crate::session) fn put_by(&mut self, sequence: u64, body: Bytes) {
        if self.early.len() < MAX_OUT {
            self.early.insert(sequence, body);
        }
    }

    /// Whether the peer has said something that hasn't been heard.
    pub(in crate::session) fn is_behind(&self) -> bool {
        match self.behind {
            None => false,
            Some(CatchUp::Untold | CatchUp::Again) => true,
            Some(CatchUp::To(number)) => {
                let early = self.early.last_key_value().map_or(0, |(sequence, _)| *sequence);
                self.heard < number.max(early)
            }
        }
    }

    /// The old seat again: the next number tells what the relay has taken. One that was started anew
    /// may have lost the last that it had, which are to be taken again.
    pub(in crate::session) fn returned(
        &mut self,
        next_sequence: u64,
        events: &mut VecDeque<Event>,
    ) {
        self.taken(next_sequence.saturating_sub(1), events);
        self.next_sequence = next_sequence;
        for out in self.out.iter_mut().filter(|out| out.sequence >= next_sequence) {
            if out.mark != Mark::Sent {
                out.mark = Mark::Sent;
                if !out.withheld {
                    events.push_back(Event::Marked { draft: out.draft, mark: Mark::Sent });
                }
            }
            out.sequence = self.next_sequence;
            // A relay may say any number; one that is out of them can't be talked through.
            self.next_sequence = self.next_sequence.saturating_add(1);
        }
    }

    /// The relay has taken everything up to this number. Gives whether that is new.
    pub(in crate::session) fn taken(
        &mut self,
        sequence: u64,
        events: &mut VecDeque<Event>,
    ) -> bool {
        let is_new = |out: &Out| out.sequence <= sequence && out.mark < Mark::Taken;
        let new = self.out.iter().any(is_new);
        self.mark_up_to(sequence, Mark::Taken, events);
        new
    }

    /// The peer, which is the same since the pairing `since`, was shown everything up to this number
    /// that was said to it: what was said to somebody before, and isn't the last of it, wasn't.
    pub(in crate::session) fn shown(
        &mut self,
        sequence: u64,
        since: u32,
        events: &mut VecDeque<Event>,
    ) {
        self.mark_up_to(sequence, Mark::Taken, events);
        let handed = self.last.as_ref().filter(|last| last.handed >= since);
        let handed = handed.map(|last| last.sequence);
        let was_shown = |out: &&mut Out| {
            let was_told = out.pairing >= since || Some(out.sequence) == handed;
            out.sequence <= sequence && was_told
        };
        for out in self.out.iter_mut().filter(was_shown) {
            out.mark = Mark::Shown;
            if !out.withheld {
                events.push_back(Event::Marked { draft: out.draft, mark: Mark::Shown });
            }
        }
        if let Some(last) = self.last.as_mut().filter(|last| last.sequence <= sequence) {
            last.seen = true;
        }
        self.out.retain(|out| out.mark < Mark::Shown);
    }

    /// The relay refused the newest words, so they are held again, in their place.
    pub(in crate::session) fn refused(&mut self, events: &mut VecDeque<Event>) {
        if let Some(Out { draft, sequence, text, .. }) =
            self.out.pop_back_if(|out| out.mark == Mark::Sent)
        {
            self.next_sequence = sequence;
            self.held.push_front((draft, text.clone()));
            events.push_back(Event::Held { draft, text });
        }
    }

    /// The number of the last message that the relay has taken.
    pub(in crate::session) fn taken_up_to(&self) -> u64 {
        let waiting = self.out.iter().find(|out| out.mark == Mark::Sent);
        waiting.map_or(self.next_sequence, |out| out.sequence).saturating_sub(1)
    }

    /// The number that the next message of this seat has.
    pub(in crate::session) const fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// The peer has told the number of its next message. Only the first time in a pairing: later
    /// ones may be on their way.
    pub(in crate::session) fn announced(&mut self, next: u64) {
        self.before_first.get_or_insert(next.saturating_sub(1));
        if matches!(self.behind, Some(CatchUp::Untold | CatchUp::Again)) {
            self.behind = Some(CatchUp::To(next.saturating_sub(1)));
        }
    }

    /// How many are held, and how many are out and not shown.
    #[cfg(test)]
    pub(in crate::session) fn counts(&self) -> (usize, usize) {
        (self.held.len(), self.out.len())
    }

    /// The text of the last message that the relay has taken.
    #[cfg(test)]
    pub(in crate::session) fn last_text(&self) -> Option<&str> {
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
                let text = out.text.clone();
                self.last = Some(Last { sequence, text, pairing, handed: 0, seen: false });
            }
            out.mark = mark;
            events.push_back(Event::Marked { draft: out.draft, mark });
        }
    }
}
