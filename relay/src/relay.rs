//! What all connections of one relay share.
//!
//! Owns nothing but the bundle: limits, clock, rooms, pipes, and the sign that the relay is ending.

use crate::accounts::Accounts;
use crate::budget::Budget;
use crate::bulk::Bulk;
use crate::clock::Clock;
use crate::config::{Config, Timeouts};
use crate::counters::Counters;
use crate::gate::Gate;
use crate::manners::Manners;
use crate::outbox::Outbox;
use crate::pipe::{PipeLimits, PipeTable};
use crate::refusal::Refusal;
use crate::rooms::{Place, Rooms, Wanted};
use crate::shelf::Shelf;
use crate::tls::TlsIdentity;
use couplet::message::ErrorCode;
use couplet::shelf::access::Opening;
use rustls::ServerConfig;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// One relay.
#[derive(Debug)]
pub(crate) struct Relay {
    /// How many may be here.
    pub(crate) gate: Arc<Gate>,
    /// The one clock.
    pub(crate) clock: Clock,
    /// The memory of all queues.
    pub(crate) budget: Arc<Budget>,
    /// How fast one client may go.
    pub(crate) manners: Manners,
    /// The rooms.
    pub(crate) rooms: Arc<Rooms>,
    /// The plain rooms, if there are any: apart from the others, so that no seat in one leads to one in
    /// the other.
    plain_rooms: Option<Arc<Rooms>>,
    /// The pipes that wait for their ends.
    pub(crate) pipes: Arc<PipeTable>,
    /// What one pipe may do.
    pub(crate) pipe_limits: PipeLimits,
    /// The threads that pipes are copied on.
    pub(crate) bulk: Bulk,
    /// What is counted over the relay's life.
    pub(crate) counters: Arc<Counters>,
    /// The protocol's time limits.
    pub(crate) timeouts: Timeouts,
    /// What TLS connections are answered with; without it they aren't understood.
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// Files at rest, if there are any.
    pub(crate) shelf: Option<Arc<Shelf>>,
    /// How they are open to those who come.
    pub(crate) shelf_opening: Opening,
    /// Who may use them.
    pub(crate) accounts: Arc<Accounts>,
    /// Whether its end is only for a restart.
    pub(crate) drain: bool,
    /// The relay is being ended.
    pub(crate) ending: CancellationToken,
}

impl Relay {
    /// An empty relay.
    ///
    /// # Errors
    /// If the operating system has no threads to give.
    pub(crate) fn new(config: &Config, ending: CancellationToken) -> io::Result<Arc<Self>> {
        let clock = Clock::start();
        let timeouts = config.timeouts;
        let pipes = PipeTable::new(config);
        Ok(Arc::new(Self {
            gate: Gate::new(config),
            budget: Arc::new(Budget::new(
                usize::try_from(config.max_queued_bytes).unwrap_or(usize::MAX),
                Arc::clone(&config.counters),
            )),
            manners: Manners::new(config),
            clock,
            rooms: Rooms::new(config, clock, Arc::clone(&pipes), ending.clone()),
            plain_rooms: config
                .has_plain_rooms()
                .then(|| Rooms::plain(config, clock, Arc::clone(&pipes), ending.clone())),
            pipes,
            pipe_limits: PipeLimits::new(config),
            counters: Arc::clone(&config.counters),
            bulk: Bulk::start(config.workers.map(Into::into))?,
            timeouts,
            shelf: config.opened_shelf.clone(),
            shelf_opening: Opening {
                accounts: true,
                to_all: config.shelf_open,
                folders: config.shelf_folders,
                max_file: config.shelf_max_file,
            },
            accounts: Accounts::new(config.accounts_in.clone()).map_err(io::Error::other)?,
            drain: config.drain,
            tls: config.tls.as_ref().map(TlsIdentity::config),
            ending,
        }))
    }

    /// All rooms, of both sorts.
    pub(crate) fn all_rooms(&self) -> impl Iterator<Item = &Arc<Rooms>> {
        [&self.rooms].into_iter().chain(&self.plain_rooms)
    }

    /// Gives somebody an empty seat in a plain room, the one that has been empty longest.
    pub(crate) fn plain_seat(&self, from: IpAddr, outbox: &Arc<Outbox>) -> Result<Place, Refusal> {
        let rooms =
            self.plain_rooms.as_ref().ok_or_else(|| Refusal::of(ErrorCode::NoPlainRooms))?;
        rooms.join(Wanted::Any, from, outbox)
    }

    /// Tells everybody that the relay is being ended. Plain rooms don't outlive it, whatever the others
    /// do.
    pub(crate) fn end_rooms(&self) {
        self.rooms.end(self.drain);
        if let Some(plain_rooms) = &self.plain_rooms {
            plain_rooms.end(false);
        }
    }

    /// What whoever comes too late is told.
    pub(crate) const fn farewell(&self) -> Refusal {
        if self.drain { Refusal::Restart } else { Refusal::Shutdown }
    }
}
