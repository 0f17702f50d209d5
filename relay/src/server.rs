//! Listening, accepting, and ending in order.
//!
//! Owns the way of a relay from its listening socket to its last connection. What happens on a
//! connection is `connection`'s.

use crate::accept::{Accepted, accept, dismiss};
use crate::accounts;
use crate::config::Config;
use crate::connection::Arrival;
use crate::counters::Count;
use crate::doors::{plain, zeromq};
use crate::knock::{answer, turn_away};
use crate::memory::memory_bound;
use crate::metrics;
use crate::relay::Relay;
use crate::rooms::KeepError;
use crate::shelf;
use crate::store::embedded;
use crate::tls::TlsIdentity;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

/// Connections that the kernel keeps for the relay while it is busy.
const BACKLOG: u32 = 4096;

/// How long the end of the relay may take beyond the flushing of its queues.
const END_SLACK: Duration = Duration::from_millis(200);

/// A relay that can't listen. Each says what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another program listens there.
    #[error(
        "can't listen on {address}: the port is taken. Stop the other program, or choose another port with {option} {host}:0"
    )]
    Taken {
        /// The option that asked for it.
        option: &'static str,
        /// What was asked for.
        address: String,
        /// Its part before the port.
        host: String,
    },
    /// The port is reserved for the system.
    #[error(
        "can't listen on {address}: this user may not use that port. Choose one above 1023 with {option}, as in {host}:3647"
    )]
    Forbidden {
        /// The option that asked for it.
        option: &'static str,
        /// What was asked for.
        address: String,
        /// Its part before the port.
        host: String,
    },
    /// The address isn't one of this machine's.
    #[error(
        "can't listen on {address}: this machine doesn't have that address. Use {option} 0.0.0.0:{port} for all that it has, or 127.0.0.1:{port} for none but itself"
    )]
    NotHere {
        /// The option that asked for it.
        option: &'static str,
        /// What was asked for.
        address: String,
        /// Its port.
        port: String,
    },
    /// The text is no address.
    #[error(
        "can't listen on {address}: no machine of that name is known here. Use an address of this machine, as in {option} 127.0.0.1:3647"
    )]
    NoAddress {
        /// The option that asked for it.
        option: &'static str,
        /// What was asked for.
        address: String,
    },
    /// Anything else.
    #[error("can't listen on {address}: {source}. Choose another address with {option}")]
    Other {
        /// The option that asked for it.
        option: &'static str,
        /// What was asked for.
        address: String,
        /// What the operating system says.
        source: io::Error,
    },
}

/// Opens the listening socket at `address`, a host or IP address with a port.
///
/// # Errors
/// [`ListenError`] with one clear sentence.
pub async fn listen(address: &str) -> Result<TcpListener, ListenError> {
    listen_for("--listen", address).await
}

/// The same, for the option that has the address.
async fn listen_for(option: &'static str, address: &str) -> Result<TcpListener, ListenError> {
    let no_address = || ListenError::NoAddress { option, address: address.to_owned() };
    let (host, port) = address.rsplit_once(':').ok_or_else(no_address)?;
    let resolved = tokio::net::lookup_host(address).await.map_err(|_| no_address())?;
    let mut last = None;
    for resolved in resolved {
        match open(resolved) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    let Some(source) = last else { return Err(no_address()) };
    let (address, host, port) = (address.to_owned(), host.to_owned(), port.to_owned());
    Err(if source.kind() == io::ErrorKind::AddrInUse {
        ListenError::Taken { option, address, host }
    } else if source.kind() == io::ErrorKind::PermissionDenied {
        ListenError::Forbidden { option, address, host }
    } else if source.kind() == io::ErrorKind::AddrNotAvailable {
        ListenError::NotHere { option, address, port }
    } else {
        ListenError::Other { option, address, source }
    })
}

/// Opens the socket for metrics if `config` asks for one.
///
/// # Errors
/// [`ListenError`] with one clear sentence.
pub async fn listen_for_metrics(config: &mut Config) -> Result<(), ListenError> {
    if let Some(address) = &config.metrics_listen {
        config.metrics = Some(Arc::new(listen_for("--metrics-listen", address).await?));
    }
    Ok(())
}

/// Opens the door for lines of text if `config` asks for one.
///
/// # Errors
/// [`ListenError`] with one clear sentence.
pub async fn listen_for_plain(config: &mut Config) -> Result<(), ListenError> {
    if let Some(address) = &config.plain_listen {
        config.plain = Some(Arc::new(listen_for("--plain-listen", address).await?));
    }
    Ok(())
}

/// Opens the socket for ZeroMQ clients if `config` asks for one.
///
/// # Errors
/// [`ListenError`] with one clear sentence.
pub async fn listen_for_zmq(config: &mut Config) -> Result<(), ListenError> {
    if let Some(endpoint) = &config.zmq_listen {
        let listener = listen_for("--zmq-listen", &endpoint.address()).await?;
        config.zmq = Some(Arc::new(listener));
    }
    Ok(())
}

/// Serves whoever comes to `listener` until `shutdown` is cancelled; then everybody is told, and
/// this returns when all have gone, or shortly after the flush limit.
///
/// # Errors
/// If the operating system has no threads to give for the pipes.
pub async fn run(
    config: Config,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let relay = Relay::new(&config, shutdown.clone())?;
    keep_rooms(&config, &relay);
    relay.counters.set(Count::MemoryBound, memory_bound(&config));
    let tasks = TaskTracker::new();
    tokio::select! {
        biased;
        () = shutdown.cancelled() => {}
        () = accept_all(&relay, &listener, &tasks) => {}
        () = end_idle_rooms(&relay, config.idle_rooms) => {}
        () = plain::accept_all(config.plain.clone(), &relay, &tasks) => {}
        () = shelf::sweep(relay.shelf.clone()) => {}
        () = metrics::serve(config.metrics.clone(), &relay) => {}
        () = zeromq::serve(&config, &relay, &tasks) => {}
    }
    drop(listener);
    info!(connections = tasks.len(), "ending");
    relay.end_rooms();
    tasks.close();
    let limit = relay.timeouts.flush + END_SLACK;
    let in_order = tokio::time::timeout(limit, tasks.wait()).await.is_ok();
    let rooms = Arc::clone(&relay.rooms);
    // Whatever the disk does: it has 2 s, and can't hold the end up any longer.
    let _ = tokio::task::spawn_blocking(move || rooms.write_last()).await;
    let counters = &relay.counters;
    info!(
        pipes_joined = counters.pipes_joined(),
        pipes_refused = counters.pipes_refused(),
        pipe_bytes = counters.pipe_bytes(),
        counted = counters.line(),
        "in all"
    );
    if in_order {
        info!("ended");
    } else {
        warn!(connections = tasks.len(), "ended over connections that didn't close");
    }
    Ok(())
}

/// Takes up the rooms of an earlier relay, and keeps them. Without that the relay serves all the same.
fn keep_rooms(config: &Config, relay: &Arc<Relay>) {
    let Some(dir) = &config.keep_rooms_in else {
        if config.drain {
            warn!(
                "there is no directory to keep rooms in, so --drain ends them; give one with --data"
            );
        }
        return;
    };
    let kept = embedded::open(dir).map_err(KeepError::from).and_then(|(store, warning)| {
        if let Some(warning) = warning {
            warn!("{warning}");
        }
        relay.rooms.keep_in(Box::new(store))
    });
    if let Err(error) = kept {
        warn!("rooms won't outlive this relay: {error}");
    }
}

async fn accept_all(relay: &Arc<Relay>, listener: &TcpListener, tasks: &TaskTracker) {
    loop {
        let accepted = accept(listener, relay, "connections").await;
        match relay.gate.enter(accepted.from.ip()) {
            Ok((visit, handshake)) => {
                let Accepted { stream, from, number } = accepted;
                let by = relay.clock.now() + relay.timeouts.handshake;
                // Boxed, so that the task that passes it on stays small.
                let arrival = Box::new(Arrival { number, from, visit, handshake, by });
                tasks.spawn(answer(stream, arrival, Arc::clone(relay)));
            }
            Err(full) => dismiss(accepted, full, relay, tasks, turn_away),
        }
    }
}

async fn end_idle_rooms(relay: &Arc<Relay>, limit: Duration) {
    if limit.is_zero() {
        std::future::pending::<()>().await;
    } else {
        let rooms = relay.all_rooms().map(|rooms| Arc::clone(rooms).end_idle(limit));
        let mut rooms: JoinSet<()> = rooms.collect();
        while rooms.join_next().await.is_some() {}
    }
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address.ip() {
        IpAddr::V4(_) => TcpSocket::new_v4()?,
        IpAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A relay that is started anew must get its port back from connections that linger.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// What else the operator reads at the start: the memory, the shelf, and where else the relay listens.
#[must_use]
pub fn what_it_takes(config: &Config) -> String {
    let mib = memory_bound(config) >> 20;
    let metrics = config.metrics.as_ref().and_then(|listener| listener.local_addr().ok());
    let metrics = metrics.map(|at| format!("  Metrics:  http://{at}/metrics\n"));
    let shelf = config
        .opened_shelf
        .as_ref()
        .map(|shelf| format!("  Shelf:    {shelf}\n  Accounts: {}\n", accounts::told(config)));
    let plain = config.plain.as_ref().and_then(|listener| listener.local_addr().ok());
    let plain = plain.map(|at| {
        format!(
            "  Plain:    lines of text (netcat) at {at}; NOT SEALED: this relay, and whoever is on the way \
             to it, can read them\n"
        )
    });
    let zmq = config.zmq.as_ref().and_then(|listener| listener.local_addr().ok());
    let zmq = zmq.map(|at| format!(
            "  ZeroMQ:   tcp://{at}   (no login and no TLS: whoever reaches it may upload to the shelf)\n"
        ));
    let [shelf, metrics, plain, zmq] = [shelf, metrics, plain, zmq].map(Option::unwrap_or_default);
    format!("  Memory:   at most {mib} MiB with these limits\n{shelf}{metrics}{plain}{zmq}")
}

/// What the operator reads after the first line: how clients, which are started as `client`, reach
/// a relay at `address`, and how they know that it is this one.
#[must_use]
pub fn how_to_join(
    address: SocketAddr,
    client: &str,
    tls: Option<&TlsIdentity>,
    drain: bool,
) -> String {
    use std::fmt::Write as _;
    let port = address.port();
    let local = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    let mut text = String::new();
    // Writing to a string doesn't fail.
    let _ = if address.ip().is_loopback() {
        write!(
            text,
            "  On this machine:  {client} --relay {address}\n  \
             Only this machine can reach it. To let others in, start it with --listen 0.0.0.0:{port}\n  \
             and let port {port} (TCP) through the firewall.\n"
        )
    } else if address.ip().is_unspecified() {
        write!(
            text,
            "  On this machine:  {client} --relay {local}\n  \
             From elsewhere:   {client} --relay THIS-MACHINE:{port}   (its name or address)\n  \
             Port {port} (TCP) must be let through the firewall.\n"
        )
    } else {
        write!(
            text,
            "  From here and elsewhere:  {client} --relay {address}\n  \
             Port {port} (TCP) must be let through the firewall.\n"
        )
    };
    if let Some(tls) = tls {
        // Writing to a string doesn't fail.
        let _ = writeln!(text, "  Its certificate:  {}", tls.fingerprint());
        if !address.ip().is_loopback() {
            text.push_str(if tls.is_self_signed() {
                "  Whoever comes for the first time is shown that fingerprint by couplet, and should compare\n  \
                 it with this one, told in another way: if they differ, somebody sits in between.\n"
            } else {
                "  Whose system trusts its authority isn't asked to compare it; others should, the first time.\n"
            });
        }
    }
    text.push_str(if drain {
        "  Ctrl+C ends it; it keeps its rooms, and clients come back when it is started again.\n"
    } else {
        "  Ctrl+C ends it in order.\n"
    });
    text
}
