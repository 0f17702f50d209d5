//! One connection to the shelf, from its greeting to its end.
//!
//! Owns the reading and writing of it and the carrying out of what the core's
//! [`Host`] commands; who logs in is looked up in [`logins`], and a worker awaited in [`waiting`]. A transfer has the connection to itself while it moves
//! ([`couplet_files::lane`]), with a thread of its own.

mod logins;
mod outcome;
mod waiting;

pub(super) use waiting::Queue;

use super::{Claim, Shelf, preflight};
use crate::accounts::Session;
use crate::counters::Count;
use crate::line::farewell;
use crate::lock::lock;
use crate::relay::Relay;
use bytes::BytesMut;
use couplet::frame::FrameDecoder;
use couplet::limits::MAX_SHELF_ASK;
use couplet::path::SafePath;
use couplet::shelf::access::{From, Opening};
use couplet::shelf::host::{Command, Host, Refused};
use couplet::shelf::message::{ClientToShelf, ShelfFault, ShelfToClient};
use couplet::transfer::offer::{Offer, OnCollision};
use couplet::transfer::outcome::Outcome;
use couplet_files::common::Common;
use couplet_files::lane::{self, LaneFault, MAX_BODY};
use couplet_files::pipe::{give_way, next_pipe};
use couplet_files::receiving::{self, Incoming};
use couplet_files::sending::{self, Sending};
use couplet_files::source::Source;
use couplet_files::store::Store;
use couplet_files::target::Target;
use outcome::{Ended, common};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tracing::info;

/// Bytes read at once between transfers.
const READ: usize = 4 * 1024;

/// Bytes of what comes next that are kept while a transfer waits for a worker.
const EARLY: usize = 64 * 1024;

/// Somebody at the shelf.
pub(crate) struct Visitor<S> {
    /// The connection.
    pub(crate) stream: S,
    /// What was read of it and not used.
    pub(crate) rest: bytes::Bytes,
    /// Whether it is inside TLS.
    pub(crate) tls: bool,
    /// Where it comes from.
    pub(crate) from: SocketAddr,
    /// Its number at this relay, for logs.
    pub(crate) number: u64,
}

/// Serves a connection until it ends.
pub(crate) async fn serve<S>(visitor: Visitor<S>, shelf: Arc<Shelf>, relay: &Relay)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Visitor { stream, rest, tls, from, number } = visitor;
    let flush = relay.timeouts.flush;
    let place = From { loopback: from.ip().to_canonical().is_loopback(), tls };
    let terms = match relay.accounts.any().await {
        Ok(accounts) => Opening { accounts, ..relay.shelf_opening }
            .terms(place)
            .map_err(|(code, text)| (code, text.to_owned())),
        Err(unavailable) => Err((ShelfFault::Storage, unavailable.to_string())),
    };
    let terms = match terms {
        Ok(terms) => terms,
        Err((code, text)) => {
            info!(client = number, %from, ?code, "refused at the shelf");
            let mut words = BytesMut::new();
            ShelfToClient::error(code, text).encode(&mut words);
            return farewell(stream, words, flush).await;
        }
    };
    info!(client = number, %from, "at the shelf");
    let _held = relay.counters.hold(Count::ShelfClients);
    let decoder = asks(&rest);
    let host = Host::new(terms, relay.clock.now());
    let mut visit = Visit {
        shelf,
        relay,
        host,
        stream,
        decoder,
        from,
        number,
        session: None,
        is_anybody: !terms.login,
        out: BytesMut::new(),
        found: None,
        claimed: None,
        worker: None,
    };
    let end = visit.run().await;
    let Visit { stream, out, found, claimed, worker, .. } = visit;
    // Others needn't wait until it has read its last words.
    drop((found, claimed, worker));
    info!(client = number, why = %end, "left the shelf");
    match end {
        End::Said => farewell(stream, out, flush).await,
        End::Gone | End::Cut(_) => {}
    }
}

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
enum End {
    /// The client was told.
    #[error("in order")]
    Said,
    /// It went away.
    #[error("lost")]
    Gone,
    /// A transfer was cut.
    #[error("cut: {0}")]
    Cut(LaneFault),
}

struct Visit<'a, S> {
    shelf: Arc<Shelf>,
    relay: &'a Relay,
    host: Host,
    stream: S,
    decoder: FrameDecoder,
    from: SocketAddr,
    number: u64,
    session: Option<Session>,
    /// Whether nobody had to log in when it began, and nobody has.
    is_anybody: bool,
    /// Encoded and not yet written.
    out: BytesMut,
    found: Option<Source>,
    claimed: Option<Claimed>,
    worker: Option<OwnedSemaphorePermit>,
}

struct Claimed {
    claim: Claim,
    offer: Offer,
    store: Arc<Store>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Visit<'_, S> {
    async fn run(&mut self) -> End {
        loop {
            while let Some(command) = self.host.poll_command() {
                if let Err(end) = Box::pin(self.carry_out(command)).await {
                    return end;
                }
            }
            if self.host.is_over() {
                return End::Said;
            }
            if let Err(end) = self.write().await {
                return end;
            }
            if let Err(end) = Box::pin(self.listen()).await {
                return end;
            }
        }
    }

    /// Waits for the next request.
    async fn listen(&mut self) -> Result<(), End> {
        let frame = match self.decoder.poll_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => {
                let mut scratch = [0; READ];
                let deadline = self.host.poll_timeout();
                tokio::select! {
                    biased;
                    () = self.relay.ending.cancelled() => return Err(self.shut_down()),
                    count = self.stream.read(&mut scratch) => match count {
                        Ok(0) | Err(_) => return Err(End::Gone),
                        Ok(count) => self.decoder.push(&scratch[..count]),
                    },
                    () = sleep_until(self.relay, deadline) => {
                        self.host.handle_timeout(self.relay.clock.now());
                    }
                }
                return Ok(());
            }
            Err(error) => {
                self.host.handle_fault(ShelfFault::Malformed, error.to_string());
                return Ok(());
            }
        };
        match ClientToShelf::decode(&frame) {
            Ok(ask) => {
                self.look_up_rights().await;
                self.host.handle(ask, self.relay.clock.now());
            }
            Err(error) => self.host.handle_fault(ShelfFault::Malformed, error.to_string()),
        }
        Ok(())
    }

    async fn carry_out(&mut self, command: Command) -> Result<(), End> {
        let clock = self.relay.clock;
        match command {
            Command::Send(message) => message.encode(&mut self.out),
            Command::CheckLogin { user, password } => {
                let result = self.check_login(&user, &password.0).await;
                self.host.handle_login(result, clock.now());
            }
            Command::List(query) => {
                let page = self.shelf.list(query).await;
                self.host.handle_list(page, clock.now());
            }
            Command::Find(name) => {
                let found = self.shelf.find(name).await.map(|source| {
                    let offer = source.offer().clone();
                    self.found = Some(source);
                    offer
                });
                self.host.handle_found(found, clock.now());
            }
            Command::Forget => self.found = None,
            Command::Claim(offer) => {
                let claimed = self.claim(offer).await;
                self.host.handle_claimed(claimed, clock.now());
            }
            Command::AwaitWorker => {
                self.worker = Some(self.await_worker().await?);
                self.host.handle_worker();
            }
            Command::SendFound { part } => {
                if let Some(source) = self.found.take() {
                    self.relay.counters.one(Count::ShelfGets);
                    self.send(&source, part).await?;
                }
                self.worker = None;
                self.host.handle_moved(clock.now());
            }
            Command::Receive => {
                if let Some(claimed) = self.claimed.take() {
                    self.relay.counters.one(Count::ShelfPuts);
                    self.receive(claimed).await?;
                }
                self.worker = None;
                self.host.handle_moved(clock.now());
            }
            Command::Delete(name) => {
                let removed = self.shelf.remove(name.clone()).await;
                if removed.is_ok() {
                    info!(client = self.number, file = %name, "removed from the shelf");
                }
                self.host.handle_deleted(name, removed, clock.now());
            }
            // It is over then, and what was said is written at the end.
            Command::Close => {}
        }
        Ok(())
    }

    async fn claim(&mut self, offer: Offer) -> Result<bool, Refused> {
        let claimed = self
            .shelf
            .look(move |shelf| {
                let store = shelf.store()?;
                let claim = shelf.claim_for(&offer)?;
                let part = preflight(shelf, &store, &offer)?;
                Ok((Claimed { claim, offer, store }, part))
            })
            .await;
        claimed.map(|(claimed, part)| {
            self.claimed = Some(claimed);
            part
        })
    }

    /// Sends what was found.
    async fn send(&mut self, source: &Source, part: bool) -> Result<(), End> {
        let (common, end) = common();
        let sending = Arc::new(Sending::new(source, part, Arc::clone(&common)));
        let work = move |ends: lane::Ends| {
            sending::run(&sending, next_pipe(), ends.writer, ends.reader);
        };
        self.carry(&common, work).await?;
        self.tell(&source.offer().name, "fetched from the shelf", &common, &end);
        Ok(())
    }

    /// Receives what a name was claimed for.
    async fn receive(&mut self, claimed: Claimed) -> Result<(), End> {
        let Claimed { mut claim, offer, store } = claimed;
        claim.leaves_a_part();
        let (common, end) = common();
        let name = SafePath::from(offer.name.clone());
        let target = Target::Store(store);
        let incoming = Arc::new(Incoming::new(
            target,
            offer.clone(),
            OnCollision::Refuse,
            Arc::clone(&common),
        ));
        let work = move |ends: lane::Ends| {
            receiving::run(&incoming, ends.writer, ends.reader);
            // What has come of one that was cut stays, for whoever goes on with it.
            incoming.give_up(true);
        };
        self.carry(&common, work).await?;
        self.tell(&name, "laid down on the shelf", &common, &end);
        if matches!(&*lock(&end), Some(Outcome::Verified { .. })) {
            claim.laid_down();
        }
        Ok(())
    }

    /// Gives the connection to a transfer until it is through.
    async fn carry(
        &mut self,
        common: &Arc<Common>,
        work: impl FnOnce(lane::Ends) + Send + 'static,
    ) -> Result<(), End> {
        self.write().await?;
        // Only while it moves are frames so long.
        let mut decoder = FrameDecoder::new(MAX_BODY);
        decoder.push(&std::mem::replace(&mut self.decoder, asks(&[])).into_rest());
        let (ends, lane) = lane::lane(self.relay.timeouts.shelf);
        let (through, is_through) = oneshot::channel::<()>();
        let run = move || {
            give_way();
            work(ends);
            drop(through);
        };
        let thread = std::thread::Builder::new().name("shelf-transfer".to_owned());
        if let Err(error) = thread.spawn(run) {
            return Err(End::Cut(error.into()));
        }
        let ending = self.relay.ending.cancelled();
        let carried = lane.carry_until(ending, &mut self.stream, &mut decoder).await;
        self.decoder = asks(&decoder.into_rest());
        // Nothing is at the file any more when this is over: the claim to its name ends here.
        let _ = is_through.await;
        self.relay.counters.add(Count::ShelfBytes, common.moved.load(Ordering::Relaxed));
        match carried {
            Err(LaneFault::Left) => Err(self.shut_down()),
            carried => carried.map_err(End::Cut),
        }
    }

    fn tell(&self, name: &impl std::fmt::Display, what: &str, common: &Common, end: &Ended) {
        let bytes = common.moved.load(Ordering::Relaxed);
        match &*lock(end) {
            Some(Outcome::Verified { .. }) => {
                info!(client = self.number, %name, bytes, "{what}");
            }
            Some(Outcome::Failed { code, .. }) => {
                info!(client = self.number, %name, bytes, ?code, "not {what}");
            }
            None => info!(client = self.number, %name, bytes, "not {what}: given up"),
        }
    }

    async fn write(&mut self) -> Result<(), End> {
        let out = std::mem::take(&mut self.out);
        if out.is_empty() {
            return Ok(());
        }
        let write = async {
            self.stream.write_all(&out).await?;
            self.stream.flush().await
        };
        match tokio::time::timeout(self.relay.timeouts.stuck, write).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }
}

/// Reads what a client asks, these bytes first.
fn asks(rest: &[u8]) -> FrameDecoder {
    let mut decoder = FrameDecoder::new(MAX_SHELF_ASK);
    decoder.push(rest);
    decoder
}

async fn sleep_until(relay: &Relay, moment: Option<couplet::time::Moment>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(relay.clock.at(moment)).await,
        None => std::future::pending().await,
    }
}
