//! Connections as they come in, at whichever door.
//!
//! Owns what is done alike about each: numbers, options of the socket, errors of accepting, and the
//! few words to those for whom there is no room.

use crate::counters::Count;
use crate::gate::Full;
use crate::relay::Relay;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

/// How long accepting rests after an error that won't go away by itself, such as too many files.
const REST: Duration = Duration::from_millis(100);

/// Somebody who has just come.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// The connection.
    pub(crate) stream: TcpStream,
    /// Where it comes from.
    pub(crate) from: SocketAddr,
    /// Its number, by which the log tells of it.
    pub(crate) number: u64,
}

/// Waits for the next connection; `door` is what the log calls those that come there. All doors
/// accept in one task, so no number is given twice.
pub(crate) async fn accept(listener: &TcpListener, relay: &Relay, door: &str) -> Accepted {
    let (stream, from) = loop {
        match listener.accept().await {
            Ok(accepted) => break accepted,
            Err(error) if concerns_one_connection(&error) => {
                debug!(%error, "a connection broke before it was accepted");
            }
            Err(error) => {
                warn!(%error, "can't accept {door} for the moment");
                tokio::time::sleep(REST).await;
            }
        }
    };
    relay.counters.one(Count::Accepted);
    let number = relay.counters.get(Count::Accepted);
    if let Err(error) = prepare(&stream) {
        debug!(client = number, %error, "a socket refused an option");
    }
    Accepted { stream, from, number }
}

/// There is no room for somebody, who is told so with `farewell` if there is room for that.
pub(crate) fn dismiss<F: Future<Output = ()> + Send + 'static>(
    accepted: Accepted,
    full: Full,
    relay: &Arc<Relay>,
    tasks: &TaskTracker,
    farewell: impl FnOnce(TcpStream, Full, Arc<Relay>) -> F,
) {
    let Accepted { stream, from, number } = accepted;
    debug!(client = number, %from, %full, "turned away");
    relay.counters.one(full.count());
    let Some(permit) = relay.gate.part() else { return relay.counters.one(Count::Silently) };
    let farewell = farewell(stream, full, Arc::clone(relay));
    tasks.spawn(async move {
        farewell.await;
        drop(permit);
    });
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
