//! Listening, accepting, and ending in order.
//!
//! Owns the way of a relay from its listening socket to its last connection. What happens on a
//! connection is `connection`'s.

use crate::config::Config;
use crate::connection::Arrival;
use crate::knock::{answer, turn_away};
use crate::relay::Relay;
use crate::tls::TlsIdentity;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

/// Connections that the kernel keeps for the relay while it is busy.
const BACKLOG: u32 = 4096;

/// How long accepting rests after an error that won't go away by itself, such as too many files.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// Connections that may be told at once that the relay is full; others are just closed.
const MAX_TURNED_AWAY: usize = 64;

/// How long the end of the relay may take beyond the flushing of its queues.
const END_SLACK: Duration = Duration::from_millis(200);

/// A relay that can't listen. Each says what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another program listens there.
    #[error(
        "can't listen on {address}: the port is taken. Stop the other program, or choose another port with --listen {host}:0"
    )]
    Taken {
        /// What was asked for.
        address: String,
        /// Its part before the port.
        host: String,
    },
    /// The port is reserved for the system.
    #[error(
        "can't listen on {address}: this user may not use that port. Choose one above 1023 with --listen {host}:3647"
    )]
    Forbidden {
        /// What was asked for.
        address: String,
        /// Its part before the port.
        host: String,
    },
    /// The address isn't one of this machine's.
    #[error(
        "can't listen on {0}: this machine doesn't have that address. Use --listen 0.0.0.0:3647 for all that it has"
    )]
    NotHere(String),
    /// The text is no address.
    #[error(
        "can't listen on {0}: that is no address with a port. Use for example --listen 127.0.0.1:3647"
    )]
    NoAddress(String),
    /// Anything else.
    #[error("can't listen on {address}: {source}. Choose another address with --listen")]
    Other {
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
    let no_address = || ListenError::NoAddress(address.to_owned());
    let (host, _) = address.rsplit_once(':').ok_or_else(no_address)?;
    let resolved = tokio::net::lookup_host(address).await.map_err(|_| no_address())?;
    let mut last = None;
    for resolved in resolved {
        match open(resolved) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    let Some(source) = last else { return Err(no_address()) };
    let (address, host) = (address.to_owned(), host.to_owned());
    Err(if source.kind() == io::ErrorKind::AddrInUse {
        ListenError::Taken { address, host }
    } else if source.kind() == io::ErrorKind::PermissionDenied {
        ListenError::Forbidden { address, host }
    } else if source.kind() == io::ErrorKind::AddrNotAvailable {
        ListenError::NotHere(address)
    } else {
        ListenError::Other { address, source }
    })
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
    let tasks = TaskTracker::new();
    tokio::select! {
        biased;
        () = shutdown.cancelled() => {}
        () = accept_all(&relay, &listener, &tasks) => {}
    }
    drop(listener);
    info!(connections = tasks.len(), "ending");
    relay.rooms.end();
    tasks.close();
    let limit = relay.timeouts.flush + END_SLACK;
    let in_order = tokio::time::timeout(limit, tasks.wait()).await.is_ok();
    let counters = &relay.counters;
    info!(
        pipes_joined = counters.pipes_joined(),
        pipes_refused = counters.pipes_refused(),
        pipe_bytes = counters.pipe_bytes(),
        "in all"
    );
    if in_order {
        info!("ended");
    } else {
        warn!(connections = tasks.len(), "ended over connections that didn't close");
    }
    Ok(())
}

async fn accept_all(relay: &Arc<Relay>, listener: &TcpListener, tasks: &TaskTracker) {
    let turned_away = Arc::new(Semaphore::new(MAX_TURNED_AWAY));
    let mut number = 0;
    loop {
        let (stream, from) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) if concerns_one_connection(&error) => {
                debug!(%error, "a connection broke before it was accepted");
                continue;
            }
            Err(error) => {
                warn!(%error, "can't accept connections for the moment");
                tokio::time::sleep(ACCEPT_REST).await;
                continue;
            }
        };
        number += 1;
        if let Err(error) = prepare(&stream) {
            debug!(client = number, %error, "a socket refused an option");
        }
        match relay.gate.enter(from.ip()) {
            Ok((visit, handshake)) => {
                let by = relay.clock.now() + relay.timeouts.handshake;
                let arrival = Arrival { number, from, visit, handshake, by };
                tasks.spawn(answer(stream, arrival, Arc::clone(relay)));
            }
            Err(full) => {
                debug!(client = number, %from, %full, "turned away");
                if let Ok(permit) = Arc::clone(&turned_away).try_acquire_owned() {
                    let relay = Arc::clone(relay);
                    tasks.spawn(async move {
                        turn_away(stream, full, relay).await;
                        drop(permit);
                    });
                }
            }
        }
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

/// Sets what every connection needs: words leave at once, and a peer that has vanished without a
/// word is noticed even on a pipe, where nobody pings.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(unix)]
    {
        use rustix::net::sockopt;
        sockopt::set_socket_keepalive(stream, true)?;
        #[cfg(target_os = "linux")]
        {
            sockopt::set_tcp_keepidle(stream, Duration::from_mins(1))?;
            sockopt::set_tcp_keepintvl(stream, Duration::from_secs(15))?;
            sockopt::set_tcp_keepcnt(stream, 4)?;
        }
    }
    Ok(())
}

fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// What the operator reads after the first line: how clients reach a relay at `address`, and how
/// they know that it is this one.
#[must_use]
pub fn how_to_join(address: SocketAddr, tls: Option<&TlsIdentity>) -> String {
    use std::fmt::Write as _;
    let port = address.port();
    let local = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    let mut text = String::new();
    // Writing to a string doesn't fail.
    let _ = if address.ip().is_loopback() {
        write!(
            text,
            "  On this machine:  couplet --relay {address}\n  \
             Only this machine can reach it. To let others in, start it with --listen 0.0.0.0:{port}\n  \
             and let port {port} (TCP) through the firewall.\n"
        )
    } else if address.ip().is_unspecified() {
        write!(
            text,
            "  On this machine:  couplet --relay {local}\n  \
             From elsewhere:   couplet --relay THIS-MACHINE:{port}   (its name or address)\n  \
             Port {port} (TCP) must be let through the firewall.\n"
        )
    } else {
        write!(
            text,
            "  From here and elsewhere:  couplet --relay {address}\n  \
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
    text.push_str("  Ctrl+C ends it in order.\n");
    text
}
