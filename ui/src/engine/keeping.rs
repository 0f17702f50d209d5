//! Writing down what a program could go on from, if this one is killed.
//!
//! Owns when the conversation's file is written: whenever something of it has changed, and before
//! anything is transmitted that comes after it. What of the session is kept is the core's
//! ([`couplet::session::Kept`], [`Outliving`]).

use super::Running;
use super::talk::Talk;
use super::transfers::Transfers;
use crate::clock;
use crate::conversations::{Conversation, Place, Received, Receiving, Remembered};
use couplet::session::Event as SessionEvent;
use couplet::time::Moment;
use couplet::transfer::book::Outliving;
use std::time::Duration;

/// How often the file is touched, so that its age tells when the program was killed.
const TOUCH_EVERY: Duration = Duration::from_secs(20);

/// The file, and what is in it.
pub(super) struct Keeping {
    conversation: Conversation,
    place: Place,
    draft: String,
    written: Vec<u8>,
    touched: Moment,
}

impl Keeping {
    pub(super) const fn new(conversation: Conversation, place: Place, draft: String) -> Self {
        Self { conversation, place, draft, written: Vec::new(), touched: Moment::START }
    }

    /// What stands in the composer now.
    pub(super) fn set_draft(&mut self, draft: String) {
        self.draft = draft;
    }

    fn write(&mut self, session: &Talk, transfers: &Transfers) -> std::io::Result<()> {
        let Some(kept) = session.kept() else { return Ok(()) };
        let grace = u64::try_from(session.grace().as_millis()).unwrap_or(u64::MAX);
        let mut now = Remembered::new(self.place.clone(), kept, grace, self.draft.clone());
        now.limit = transfers.rate_limit();
        for transfer in session.kept_transfers() {
            match transfer {
                Outliving::Outgoing(id) => now.sending.extend(transfers.origin(id)),
                Outliving::Incoming(id, offer) => {
                    let (offer, on_collision) = (offer.clone(), transfers.collision(id));
                    now.receiving.push(Receiving { offer, on_collision });
                }
                Outliving::Received { offer, saved_as } => {
                    let (offer, saved_as) = (offer.clone(), saved_as.to_owned());
                    now.received.push(Received { offer, saved_as });
                }
            }
        }
        let bytes = now.encode();
        if bytes != self.written {
            self.conversation.write(&bytes)?;
            self.written = bytes;
            self.touched = clock::now();
        } else if clock::now().since(self.touched) >= TOUCH_EVERY {
            self.conversation.touch(clock::wall());
            self.touched = clock::now();
        }
        Ok(())
    }
}

impl Running {
    /// Writes down what has changed. If it can't be written the user is told, and the conversation
    /// goes on without.
    pub(super) fn write_down(&mut self) {
        let Some(keeping) = &mut self.keeping else { return };
        if self.session.is_over() {
            self.goes_back = self.session.may_go_back();
            if let Some(keeping) = self.keeping.take()
                && !self.goes_back
            {
                keeping.conversation.remove();
            }
            return;
        }
        if let Err(error) = keeping.write(&self.session, &self.transfers) {
            if let Some(keeping) = self.keeping.take() {
                keeping.conversation.remove();
            }
            let text = format!(
                "this conversation can't be written down ({error}), so it can't be gone back to \
                 with --last; see that the disk has room and your state directory can be written"
            );
            self.tell(SessionEvent::Trouble(text));
        }
    }

    /// Takes up what the program before had under way.
    pub(super) fn take_up(&mut self, before: Remembered) {
        let text = "you are back in your conversation; what was said in it isn't kept here";
        self.tell(SessionEvent::Notice(text.to_owned()));
        for Receiving { offer, on_collision } in before.receiving {
            if let Some(id) = self.session.accepted_before(offer) {
                self.transfers.expect(id, on_collision);
            }
        }
        for Received { offer, saved_as } in before.received {
            self.session.received_before(offer, saved_as);
        }
        for sending in before.sending {
            self.transfers.inspect_again(sending);
        }
    }
}
