//! Connections to the page's address: how many, and how long each may take.
//!
//! Owns the loop that takes them, and what HTTP is spoken: 1.1 and nothing else. Whoever sends half a
//! head and waits, or nothing, is closed after a while; so the few that are served at once can't be
//! held by somebody who has no business here.

use super::server::Patience;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Connections at once; further ones wait for the system to hand them over.
pub(super) const MAX_CONNECTIONS: usize = 64;

/// The longest head of a request: a path as long as there may be, each byte as three, and the rest.
const MAX_HEAD: usize = 32 * 1024;

/// About the most that is read at once.
const MAX_READ: usize = 64 * 1024;

/// Lines of a head.
const MAX_HEADERS: usize = 64;

/// How long to wait when the system has no more sockets for us.
const OUT_OF_SOCKETS: Duration = Duration::from_millis(100);

/// The ports that are tried first.
const PORTS: std::ops::RangeInclusive<u16> = 8080..=8099;

/// Listens where it is said, or on the first free port of this machine only.
pub(super) async fn listen(address: Option<SocketAddr>) -> io::Result<TcpListener> {
    if let Some(address) = address {
        return TcpListener::bind(address).await;
    }
    for port in PORTS {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            result => return result,
        }
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
}

/// Serves whoever comes, until this is dropped, and with it all its connections.
pub(super) async fn accept(listener: TcpListener, router: Router, patience: Patience) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_buf_size(MAX_READ)
        .max_header_size(MAX_HEAD)
        .max_headers(MAX_HEADERS);
    // The semaphore is never closed.
    while let Ok(place) = Arc::clone(&room).acquire_owned().await {
        let Ok((socket, _)) = listener.accept().await else {
            tokio::time::sleep(OUT_OF_SOCKETS).await;
            continue;
        };
        // Events are small and wanted at once.
        let _ = socket.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let connection = http.serve_connection(TokioIo::new(socket), service).with_upgrades();
        connections.spawn(async move {
            // What went wrong is told to whoever asked, as far as that is possible.
            let _ = connection.await;
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
}
