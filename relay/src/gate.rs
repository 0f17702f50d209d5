//! How many may be here at once, in all and from one address.
//!
//! Owns the counts and gives them back when a guard is dropped. It knows nothing of what the
//! visitors do; rooms and pipes are counted where they are kept.

use crate::config::Config;
use crate::counters::{Count, Counters, Held};
use crate::lock::lock;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Refused connections that may be waited for at once until they have read why; others are told and
/// closed.
pub(crate) const MAX_PARTINGS: u32 = 256;

/// The counts.
#[derive(Debug)]
pub(crate) struct Gate {
    connections: Arc<Semaphore>,
    handshakes: Arc<Semaphore>,
    clients: Arc<Semaphore>,
    partings: Arc<Semaphore>,
    max_clients: u32,
    max_per_ip: u32,
    visits: Mutex<HashMap<IpAddr, u32>>,
    counters: Arc<Counters>,
}

/// Too many are here already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Full {
    /// In all.
    #[error("the relay serves as many clients as it may ({0}); try again later")]
    Clients(u32),
    /// From this address.
    #[error(
        "your address has as many connections to the relay as it may ({0}); close one, or ask the operator to raise --max-per-ip"
    )]
    Address(u32),
    /// Before their first message.
    #[error("too many clients come to the relay at this moment; try again in a few seconds")]
    Rush,
    /// More than all limits together allow.
    #[error("the relay has as many connections as it may; try again in a few seconds")]
    Connections,
}

impl Full {
    /// As what it is counted.
    pub(crate) const fn count(self) -> Count {
        match self {
            Self::Clients(_) => Count::RefusedClients,
            Self::Address(_) => Count::RefusedAddress,
            Self::Rush => Count::RefusedRush,
            Self::Connections => Count::RefusedConnections,
        }
    }
}

/// One connection is counted as long as this lives.
#[derive(Debug)]
pub(crate) struct Visit {
    gate: Arc<Gate>,
    counted_as: Option<IpAddr>,
    _permit: OwnedSemaphorePermit,
    _held: Held,
}

/// One handshake is counted as long as this lives.
#[derive(Debug)]
pub(crate) struct Handshake {
    _permit: OwnedSemaphorePermit,
    _held: Held,
}

/// All connections that the limits of `config` allow, of all sorts.
pub(crate) fn max_connections(config: &Config) -> u64 {
    let pipes = 2 * u64::from(config.max_pipes);
    u64::from(config.max_clients)
        + u64::from(config.max_handshakes)
        + config.zmq_clients()
        + pipes
        + u64::from(MAX_PARTINGS)
}

impl Gate {
    /// A gate with the limits of `config`.
    pub(crate) fn new(config: &Config) -> Arc<Self> {
        let semaphore = |permits: u64| {
            let permits = usize::try_from(permits).unwrap_or(usize::MAX);
            Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)))
        };
        Arc::new(Self {
            connections: semaphore(max_connections(config)),
            handshakes: semaphore(config.max_handshakes.into()),
            clients: semaphore(config.max_clients.into()),
            partings: semaphore(MAX_PARTINGS.into()),
            max_clients: config.max_clients,
            max_per_ip: config.max_per_ip,
            visits: Mutex::default(),
            counters: Arc::clone(&config.counters),
        })
    }

    /// Counts a connection that has just come in; the second guard is for its handshake only.
    pub(crate) fn enter(self: &Arc<Self>, from: IpAddr) -> Result<(Visit, Handshake), Full> {
        let handshake = try_one(&self.handshakes).ok_or(Full::Rush)?;
        let permit = try_one(&self.connections).ok_or(Full::Connections)?;
        let counted_as = (self.max_per_ip > 0).then(|| neighbourhood(from)).flatten();
        if let Some(address) = counted_as {
            let mut visits = lock(&self.visits);
            let count = visits.entry(address).or_default();
            if *count >= self.max_per_ip {
                return Err(Full::Address(self.max_per_ip));
            }
            *count += 1;
        }
        let held = self.counters.hold(Count::Connections);
        let visit = Visit { gate: Arc::clone(self), counted_as, _permit: permit, _held: held };
        let held = self.counters.hold(Count::Handshakes);
        Ok((visit, Handshake { _permit: handshake, _held: held }))
    }

    /// Counts a client that wants a seat, as long as the permit lives.
    pub(crate) fn admit(&self) -> Result<OwnedSemaphorePermit, Full> {
        try_one(&self.clients).ok_or(Full::Clients(self.max_clients))
    }

    /// Counts a refused connection that is waited for, as long as the permit lives; none if there are
    /// too many of them.
    pub(crate) fn part(&self) -> Option<OwnedSemaphorePermit> {
        try_one(&self.partings)
    }
}

fn try_one(semaphore: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    Arc::clone(semaphore).try_acquire_owned().ok()
}

impl Drop for Visit {
    fn drop(&mut self) {
        let Some(address) = self.counted_as else { return };
        let mut visits = lock(&self.gate.visits);
        if let Some(count) = visits.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                visits.remove(&address);
            }
        }
    }
}

/// What counts as one address: an IPv4 address, or the /64 that one IPv6 customer has. This machine
/// itself isn't counted, as everything that comes through a local tunnel or proxy has its address.
pub(crate) fn neighbourhood(address: IpAddr) -> Option<IpAddr> {
    match address.to_canonical() {
        local if local.is_loopback() => None,
        IpAddr::V4(address) => Some(IpAddr::V4(address)),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Some(IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> Arc<Gate> {
        Gate::new(&Config { max_per_ip: 2, max_clients: 1, ..Config::default() })
    }

    #[test]
    fn an_address_has_so_many_and_no_more_until_one_leaves() {
        let gate = gate();
        let from: IpAddr = "192.0.2.7".parse().expect("an address");
        let first = gate.enter(from).expect("room");
        let _second = gate.enter(from).expect("room");
        assert_eq!(gate.enter(from).err(), Some(Full::Address(2)));
        assert!(gate.enter("192.0.2.8".parse().expect("an address")).is_ok());
        drop(first);
        assert!(gate.enter(from).is_ok());
    }

    #[test]
    fn one_ipv6_customer_is_one_address_and_this_machine_is_none() {
        let gate = gate();
        let visits: Vec<_> = ["2001:db8::1", "2001:db8::2"]
            .map(|text| gate.enter(text.parse().expect("an address")).expect("room"))
            .into();
        assert!(gate.enter("2001:db8::3".parse().expect("an address")).is_err());
        drop(visits);
        assert!(lock(&gate.visits).is_empty());
        let local: Vec<_> = (0..100).map(|_| gate.enter(IpAddr::from([127, 0, 0, 1]))).collect();
        assert!(local.iter().all(Result::is_ok));
    }

    #[test]
    fn handshakes_and_connections_have_limits_of_their_own() {
        let counters = Arc::<Counters>::default();
        let gate = Gate::new(&Config {
            max_handshakes: 2,
            max_clients: 1,
            max_pipes: 1,
            counters: Arc::clone(&counters),
            ..Config::default()
        });
        let from = IpAddr::from([127, 0, 0, 1]);
        let first = gate.enter(from).expect("room");
        let second = gate.enter(from).expect("room");
        assert_eq!(gate.enter(from).err(), Some(Full::Rush));
        assert_eq!(counters.get(Count::Handshakes), 2);
        let mut visits: Vec<_> = [first, second].map(|(visit, _)| visit).into();
        let full = loop {
            match gate.enter(from) {
                Ok((visit, _)) => visits.push(visit),
                Err(full) => break full,
            }
        };
        assert_eq!(full, Full::Connections);
        assert_eq!(visits.len(), 2 + 1 + 2 + 256);
        assert_eq!(counters.get(Count::Connections), 261);
        drop(visits);
        assert_eq!((counters.get(Count::Connections), counters.get(Count::Handshakes)), (0, 0));
    }

    #[test]
    fn seats_are_counted_on_their_own() {
        let gate = gate();
        let seat = gate.admit().expect("room");
        assert_eq!(gate.admit().err(), Some(Full::Clients(1)));
        drop(seat);
        assert!(gate.admit().is_ok());
    }
}
