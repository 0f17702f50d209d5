//! What a client that is started anew goes on from: its seat, its words, and what it knows of its peer.
//!
//! Owns what of a [`Session`] outlives it. Whoever keeps it must write it down before anything is
//! transmitted that came after it: then nothing is said twice, as what went out is known, and nothing
//! is lost, as the peer was told only of what was shown here. It holds secrets.
//!
//! Transfers are kept by the engine, which knows their files; here they are entered again.

use super::sealing::Company;
use super::words::{Last, Out};
use super::{Config, DraftId, Event, Mark, Meet, Session, Verdict};
use crate::limits;
use crate::message::{Known, RoomName, Seat, Token};
use crate::seal::{Password, Root};
use crate::text;
use crate::transfer::book::{Outliving, TransferId, TransferInfo};
use crate::transfer::offer::Offer;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A session, written down. It holds secrets: `Debug` hides them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The room's name, if it has one.
    pub room: Option<RoomName>,
    /// The words of the code; empty without one.
    pub password: Spelled,
    /// The seat, and what gives it back; none if it is gone and there is no other yet.
    pub seat: Option<(Seat, Token)>,
    /// The pairing.
    pub pairing: u32,
    /// How often the seat was come back to.
    pub times: u64,
    /// How far the conversation is for certain.
    pub known: Known,
    /// The turn in which something was said last, and the number of that.
    pub last_said: Option<(u64, u64)>,
    /// The turn that was last given away without words.
    pub passed: Option<u64>,
    /// What only the two know; none while nobody is there to know it.
    pub company: Option<KeptCompany>,
    /// What was said and is to be said.
    pub words: KeptWords,
}

/// What the two have in common who agreed on keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptCompany {
    /// What only they know.
    pub root: Root,
    /// The pairing in which they agreed on it.
    pub pairing: u32,
    /// The number of the verification words.
    pub verification: u64,
    /// Whether the user has found them to be the same; none if they weren't compared.
    pub same: Option<bool>,
}

/// The words of a code, as they are kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Spelled(pub String);

impl std::fmt::Debug for Spelled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Spelled(hidden)")
    }
}

/// One's own words that the peer may not have seen, and how far the peer's were shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptWords {
    /// Held until the turn comes, oldest first.
    pub held: Vec<String>,
    /// Out and not shown: number, text, whether the relay has taken them, and for which pairing they
    /// were sealed.
    pub out: Vec<(u64, String, bool, u32)>,
    /// The number that the next message has.
    pub next: u64,
    /// The highest number of the peer's messages that was shown.
    pub shown: u64,
}

impl Session {
    /// What a client that is started anew goes on from; none before the first seat, and when the
    /// session is over.
    #[must_use]
    pub fn kept(&self) -> Option<Kept> {
        if !self.was_seated || self.over || self.fin_by.is_some() {
            return None;
        }
        // Before the peer has shown that it has the keys, it may not have them.
        let company = self.sealing.established().map(|company| KeptCompany {
            root: company.root.clone(),
            pairing: company.pairing,
            verification: company.verification,
            same: company.verdict.map(|verdict| verdict == Verdict::Same),
        });
        let out = self.words.out.iter().filter(|out| !out.withheld);
        Some(Kept {
            room: self.room.clone(),
            password: Spelled(self.sealing.password().spelled().to_owned()),
            seat: self.seat,
            pairing: self.pairing,
            times: self.times,
            known: self.known,
            last_said: self.last_said,
            passed: self.passed,
            company,
            words: KeptWords {
                held: self.words.held.iter().map(|(_, text)| text.clone()).collect(),
                out: out
                    .map(|out| {
                        let taken = out.mark >= Mark::Taken;
                        (out.sequence, out.text.clone(), taken, out.pairing)
                    })
                    .collect(),
                next: self.words.next_sequence(),
                shown: self.words.shown,
            },
        })
    }

    /// Whether a session that is over can be gone back to with what was kept last: it was refused,
    /// which may pass, and nobody has ended it.
    #[must_use]
    pub const fn may_go_back(&self) -> bool {
        self.may_go_back
    }

    /// How long the relay keeps the seat of a lost connection.
    #[must_use]
    pub const fn grace(&self) -> Duration {
        self.grace
    }

    /// A session that goes on from what was kept; of `config` the room and the password don't count.
    #[must_use]
    pub fn resume(config: Config, kept: Kept) -> Self {
        let meet = kept.room.clone().map_or(Meet::Anybody, Meet::In);
        let password = Password::new(kept.password.0);
        let mut session = Self::new(Config { meet, password, ..config });
        session.seat = kept.seat;
        session.room = kept.room;
        session.pairing = kept.pairing;
        session.was_seated = true;
        session.times = kept.times;
        session.known = kept.known;
        session.last_said = kept.last_said;
        session.passed = kept.passed;
        session.anew = true;
        if let Some(KeptCompany { root, pairing, verification, same }) = kept.company {
            session.since = pairing;
            let found = |same| if same { Verdict::Same } else { Verdict::Different };
            let company = Company::from_before(root, verification, same.map(found), pairing);
            session.sealing.set_company(company);
        }
        session.take_words(kept.words);
        session
    }

    fn take_words(&mut self, kept: KeptWords) {
        self.words.next_sequence = kept.next;
        self.words.shown = kept.shown;
        self.words.heard = kept.shown;
        // The file may have been written to by somebody else.
        let clean = |text: String| text::message(&text, limits::MAX_MESSAGE_BYTES);
        for (sequence, text, taken, pairing) in kept.out.into_iter().take(super::words::MAX_OUT) {
            let (draft, text) = (self.next_draft(), clean(text));
            let mark = if taken { Mark::Taken } else { Mark::Sent };
            self.events.push_back(Event::Said { draft, text: text.clone() });
            if taken {
                self.events.push_back(Event::Marked { draft, mark });
            }
            self.words.out.push_back(Out { draft, sequence, text, mark, pairing, withheld: false });
        }
        // It may have to be handed over to somebody who came before this client was started anew.
        let last = self.words.out.iter().rev().find(|out| out.mark >= Mark::Taken);
        self.words.last = last.map(|out| Last {
            sequence: out.sequence,
            text: out.text.clone(),
            pairing: out.pairing,
            handed: 0,
            seen: false,
        });
        for text in kept.held.into_iter().take(limits::MAX_HELD) {
            let (draft, text) = (self.next_draft(), clean(text));
            self.events.push_back(Event::Held { draft, text: text.clone() });
            self.words.held.push_back((draft, text));
        }
    }

    pub(super) const fn next_draft(&mut self) -> DraftId {
        self.words.last_draft += 1;
        DraftId(self.words.last_draft)
    }

    /// Enters what was offered to the peer before this client was started anew; it is offered again
    /// as soon as the peer is there.
    pub fn offer_from_before(&mut self, what: Offer) -> Option<TransferId> {
        let id = self.book.offered_before(what)?;
        self.tell_transfer(id);
        if self.is_paired() {
            self.offer_again();
        }
        Some(id)
    }

    /// Enters what was accepted from the peer before this client was started anew; it goes on when
    /// the peer offers it again.
    pub fn accepted_before(&mut self, what: Offer) -> Option<TransferId> {
        let id = self.book.accepted_before(what)?;
        self.tell_transfer(id);
        Some(id)
    }

    /// Enters what came whole from the peer before this client was started anew, as the peer may not
    /// have heard of it.
    pub fn received_before(&mut self, what: Offer, saved_as: String) {
        self.book.received_before(what, saved_as);
    }

    /// All of an incoming transfer is in its place under this name, and its sender hasn't been told;
    /// [`handle_transfer_ended`](Self::handle_transfer_ended) comes when it has. If what is kept is
    /// written down in between, neither side waits for the other whenever this one is killed.
    pub fn handle_whole(&mut self, id: TransferId, saved_as: String) {
        self.book.set_whole(id, saved_as);
    }

    /// The transfers that a client which is started anew must know of, oldest first.
    pub fn kept_transfers(&self) -> impl Iterator<Item = Outliving<'_>> {
        self.book.outliving()
    }

    /// All transfers, in the order of their numbers.
    pub fn transfers(&self) -> impl Iterator<Item = (TransferId, &TransferInfo)> {
        self.book.all()
    }
}
