//! What is known of the line, the room, the peer and the turn.
//!
//! Owns the countdowns: the session tells spans, and they are counted from when they were told.

use couplet::message::{Role, RoomName, Seat};
use couplet::session::{Link, Peer, Seal, Verdict};
use couplet::time::Moment;
use std::rc::Rc;
use std::time::Duration;

/// How much earlier than by its countdown here a seat may be given up at the relay.
const NEWS_TRAVEL: Duration = Duration::from_secs(2);

/// Where the session stands.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// The state of the connection; none before the first try.
    pub(crate) link: Option<Link>,
    /// The seat, once there is one.
    pub(crate) seat: Option<Seat>,
    /// The room's name, if it has one.
    pub(crate) room: Option<RoomName>,
    /// Whose turn it is, once there are two.
    pub(crate) role: Option<Role>,
    /// What is known of the peer; none before a seat was given.
    pub(crate) peer: Option<Peer>,
    /// The peer's name, if it told one.
    pub(crate) peer_name: Option<Rc<str>>,
    /// Whether the peer is writing.
    pub(crate) peer_writes: bool,
    /// How what is said is protected; none before that was told.
    pub(crate) seal: Option<Seal>,
    /// How long the relay took to answer, if it did on this connection.
    pub(crate) round_trip: Option<Duration>,
    link_told: Moment,
    peer_told: Moment,
}

impl Standing {
    /// Takes the state of the connection.
    pub(super) fn set_link(&mut self, link: Link, now: Moment) {
        self.link = Some(link);
        self.round_trip = None;
        self.link_told = now;
    }

    /// Takes the state of the peer.
    pub(super) fn set_peer(&mut self, peer: Peer, newcomer: bool, now: Moment) {
        if newcomer {
            self.peer_name = None;
        }
        self.peer = Some(peer);
        self.peer_told = now;
        self.peer_writes = false;
    }

    /// Whether the connection is there.
    pub(crate) const fn is_online(&self) -> bool {
        matches!(self.link, Some(Link::Online))
    }

    /// Whether the session had a connection and has lost it.
    pub(crate) const fn is_reconnecting(&self) -> bool {
        self.seat.is_some() && !self.is_online()
    }

    /// Whether it is this side's turn.
    pub(crate) const fn has_turn(&self) -> bool {
        self.is_online() && matches!(self.role, Some(Role::Emi))
    }

    /// Whether the user has found that the verification words differ, so that nothing goes out.
    pub(crate) const fn is_distrusted(&self) -> bool {
        matches!(self.seal, Some(Seal::Sealed { verdict: Some(Verdict::Different), .. }))
    }

    /// Whether this is a plain room, in which nothing is sealed.
    pub(crate) const fn is_plain(&self) -> bool {
        matches!(self.seal, Some(Seal::Plain))
    }

    /// Whether somebody is there and words are held, whoever's turn it is, for want of a seal. (What
    /// is said to nobody waits on this machine until it can be sealed for somebody.)
    pub(crate) const fn lacks_seal(&self) -> bool {
        let unsealed = matches!(self.seal, Some(Seal::Nobody | Seal::Agreeing | Seal::Failed))
            || self.is_distrusted();
        unsealed && matches!(self.peer, Some(Peer::Present))
    }

    /// Whether nobody has come yet, or nobody who proved to know the code.
    pub(crate) const fn is_nobody_here(&self) -> bool {
        matches!(self.peer, None | Some(Peer::Waiting))
    }

    /// Whether words that are entered now go out now.
    pub(crate) const fn may_speak(&self) -> bool {
        self.has_turn() && !self.lacks_seal()
    }

    /// What the peer is called.
    pub(crate) fn peer_label(&self) -> Rc<str> {
        self.peer_name.clone().unwrap_or_else(|| Rc::from("peer"))
    }

    /// What the peer is called in a sentence.
    pub(crate) fn peer_in_words(&self) -> Rc<str> {
        self.peer_name.clone().unwrap_or_else(|| Rc::from("your peer"))
    }

    /// The try that comes next, and the wait for it, while there is no connection.
    pub(crate) fn retry(&self, now: Moment) -> Option<(u32, Duration)> {
        match self.link? {
            Link::Lost { attempt, retry_in } => {
                Some((attempt, retry_in.saturating_sub(now.since(self.link_told))))
            }
            Link::Connecting { .. } | Link::Online => None,
        }
    }

    /// How long ago the peer's state was told.
    pub(crate) const fn silent_for(&self, now: Moment) -> Duration {
        now.since(self.peer_told)
    }

    /// How long a silent peer's seat is still kept.
    pub(crate) fn kept_for(&self, now: Moment) -> Option<Duration> {
        match self.peer? {
            Peer::Silent { kept_for } => Some(kept_for.saturating_sub(now.since(self.peer_told))),
            Peer::Waiting | Peer::Present | Peer::Gone => None,
        }
    }

    /// Whether the time has run out for which a silent peer's seat was kept, but for the way of the
    /// news.
    pub(crate) fn has_waited_in_vain(&self, now: Moment) -> bool {
        self.kept_for(now).is_some_and(|left| left <= NEWS_TRAVEL)
    }

    /// When the next countdown on the screen shows another number.
    pub(crate) fn next_second(&self, now: Moment) -> Option<Moment> {
        let retry = self.retry(now).map(|(_, wait)| wait);
        let kept = self.kept_for(now);
        retry
            .into_iter()
            .chain(kept)
            .filter(|left| !left.is_zero())
            .map(|left| {
                // Just past the second, so that the rounded-up number has changed.
                let part = Duration::from_nanos(u64::from(left.subsec_nanos()));
                now + if part.is_zero() { Duration::from_secs(1) } else { part }
            })
            .min()
    }
}
