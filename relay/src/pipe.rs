//! Joining two sockets for bulk bytes.
//!
//! Owns the two ends: their rendezvous, and their way to the threads that copy. It never looks at
//! the bytes: back-pressure is TCP's own, and a half-close is passed on.
//!
//! | module | owns |
//! | --- | --- |
//! | [`table`] | tokens, and how many pipes there may be |
//! | [`flow`] | the copying in one direction |
//! | [`buffers`] | the memory for it |
//! | [`meter`] | what one pipe may do, and the counting |
//! | [`quota`] | what the pipes of one address may move in a day |
//!
//! ```text
//! client 1           relay           client 2
//!    │── request pipe ─>│               │        on the control connections
//!    │<─ pipe token a ──│─ pipe token b ─>
//!    │══ open pipe a ══>│               │        on connections of their own
//!    │                  │<══ open pipe b ═│
//!    │<════ joined ═════│═══ joined ════>│
//!    │<═══════════ bytes, both ways ═════>│
//! ```
//!
//! **The bound.** At most 64 pipes a room, `--max-pipes-per-ip` of an address and `--max-pipes` in
//! all wait or are open. An end that waits holds at most one read of 16 KiB. An open pipe holds a
//! buffer for each direction in which bytes wait to be written, and none when idle: the first 64 of
//! the relay one of [`buffers::LARGE_BYTES`], the next 256 one of [`buffers::SMALL_BYTES`], all others
//! one of [`buffers::TINY_BYTES`].

mod buffers;
mod flow;
mod meter;
mod quota;
mod table;

use crate::counters::Count;
use crate::gate::Visit;
use crate::line::{READ_BYTES, farewell};
use crate::refusal::Refusal;
use crate::relay::Relay;
use bytes::{Bytes, BytesMut};
use couplet::message::{ErrorCode, RelayControl, RelayToClient, Token};
use flow::Flow;
use meter::{Cut, Meter};
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use table::{Pair, Turn};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::server::TlsStream;
use tracing::{debug, info};

pub(crate) use buffers::{Buffers, LARGE_BYTES, MAX_LARGE, MAX_SMALL, SMALL_BYTES, TINY_BYTES};
pub(crate) use meter::PipeLimits;
pub(crate) use table::PipeTable;

/// A socket, whatever it is made of.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {
    /// The same socket, watched by the runtime that this is called on. Watched by another one, each
    /// wake-up would cross threads, which costs a busy pipe a sixth of its processor time.
    fn move_here(self: Box<Self>) -> io::Result<Box<dyn Wire>>;

    /// Whether it is inside TLS.
    fn is_tls(&self) -> bool {
        false
    }

    /// From here on little goes through, and what waits in the socket's own memory should be little.
    fn keep_small(&mut self) {}
}

impl Wire for TcpStream {
    fn move_here(self: Box<Self>) -> io::Result<Box<dyn Wire>> {
        Ok(Box::new(Self::from_std(self.into_std()?)?))
    }
}

/// It stays where it is: what is inside can't be taken out and put back.
impl Wire for TlsStream<TcpStream> {
    fn move_here(self: Box<Self>) -> io::Result<Box<dyn Wire>> {
        Ok(self)
    }

    fn is_tls(&self) -> bool {
        true
    }

    fn keep_small(&mut self) {
        self.get_mut().1.set_buffer_limit(Some(TLS_UNSENT));
    }
}

/// Bytes that TLS may hold unsent on a control connection: one record. More waits in the queue, whose
/// memory is counted.
pub(crate) const TLS_UNSENT: usize = 16 * 1024;

/// One end of a pipe: its socket and the bytes that came behind its token.
pub(crate) struct End {
    wire: Box<dyn Wire>,
    early: BytesMut,
    half_closed: bool,
    visit: Visit,
}

impl End {
    /// An end of which `early` has been read already.
    pub(crate) fn new(wire: impl Wire + 'static, early: Bytes, visit: Visit) -> Self {
        let early = BytesMut::from(early);
        Self { wire: Box::new(wire), early, half_closed: false, visit }
    }
}

/// Serves the connection that came with `token` until its pipe ends. The end that comes second is
/// handed over to the task of the first, which does the copying.
pub(crate) async fn serve(mut end: End, token: Token, number: u64, relay: &Arc<Relay>) {
    let refusal = match relay.pipes.take(token, relay.clock.now()) {
        None => Refusal::of(ErrorCode::UnknownPipe),
        Some(pair) => match pair.arrive() {
            Turn::First(other) => match wait_for(other, &mut end, &pair, relay).await {
                Ok(other) => {
                    let copying = join(end, other, Arc::clone(&pair), number, Arc::clone(relay));
                    return relay.bulk.run(copying).await;
                }
                Err(refusal) => refusal,
            },
            Turn::Second(first) => match first.send(end) {
                Ok(()) => return,
                Err(unmet) => {
                    end = unmet;
                    Refusal::of(ErrorCode::PipeTimeout)
                }
            },
        },
    };
    relay.counters.one(Count::PipesRefusedEnd);
    info!(client = number, why = %refusal, "refused a pipe");
    let parting = relay.gate.part();
    let limit = parting.as_ref().map_or(Duration::ZERO, |_| relay.timeouts.flush);
    farewell(end.wire, refusal.words(), limit).await;
}

/// Waits for the other end.
async fn wait_for(
    mut other: oneshot::Receiver<End>,
    end: &mut End,
    pair: &Pair,
    relay: &Relay,
) -> Result<End, Refusal> {
    let refusal = tokio::select! {
        biased;
        met = &mut other => return met.map_err(|_| Refusal::of(ErrorCode::PipeTimeout)),
        () = relay.ending.cancelled() => Refusal::Shutdown,
        () = tokio::time::sleep_until(relay.clock.at(pair.deadline)) => {
            Refusal::of(ErrorCode::PipeTimeout)
        }
        () = read_early(end) => Refusal::Gone,
    };
    // The other end may have come at the last instant.
    other.close();
    other.try_recv().map_err(|_| refusal)
}

/// Reads a little ahead, so that a connection that breaks while it waits is noticed. Ends only
/// then: an orderly end of the stream is a half-close, which the other end will see.
async fn read_early(end: &mut End) {
    while !end.half_closed && end.early.len() < READ_BYTES {
        match end.wire.read_buf(&mut end.early).await {
            Ok(0) => end.half_closed = true,
            Ok(_) => {}
            Err(_) => return,
        }
    }
    std::future::pending::<()>().await;
}

/// Copies both ways until both directions have ended, one has failed, or a limit is reached.
async fn join(mut one: End, mut two: End, pair: Arc<Pair>, number: u64, relay: Arc<Relay>) {
    let room = pair.room();
    debug!(client = number, %room, "pipe joined");
    relay.counters.one(Count::PipesJoined);
    let mut joined = BytesMut::new();
    RelayToClient::Control(RelayControl::Joined).encode(&mut joined);
    let new_flow = |from: &mut End| {
        let early = std::mem::take(&mut from.early);
        Flow::new(Arc::clone(relay.bulk.buffers()), &joined, &early, from.half_closed)
    };
    let (mut there, mut back) = (new_flow(&mut one), new_flow(&mut two));
    let end = tokio::select! {
        biased;
        () = relay.ending.cancelled() => "shutdown",
        result = copy([one, two], [&mut there, &mut back], &pair, &relay) => match result {
            Ok(()) => "closed",
            Err(Cut::Lost) => "lost",
            Err(Cut::Idle) => {
                relay.counters.one(Count::PipesCutIdle);
                "idle"
            }
            Err(Cut::Quota) => {
                relay.counters.one(Count::PipesCutQuota);
                "quota"
            }
        },
    };
    info!(client = number, %room, bytes_there = there.bytes(), bytes_back = back.bytes(), end, "pipe ended");
}

async fn copy(
    ends: [End; 2],
    flows: [&mut Flow; 2],
    pair: &Pair,
    relay: &Relay,
) -> Result<(), Cut> {
    let [one, two] = ends;
    // The sockets end before what counts them.
    let (_visits, mut one, mut two) =
        ((one.visit, two.visit), one.wire.move_here()?, two.wire.move_here()?);
    let [there, back] = flows;
    let counters = Arc::clone(&relay.counters);
    let mut meter = Meter::new(relay.pipe_limits, counters, pair.account(), relay.clock);
    meter.count(there.bytes() + back.bytes())?;
    poll_fn(|cx| {
        let there = there.poll(&mut *one, &mut *two, &mut meter, cx)?;
        let back = back.poll(&mut *two, &mut *one, &mut meter, cx)?;
        if there.is_ready() && back.is_ready() {
            return Poll::Ready(Ok(()));
        }
        meter.poll_idle(cx).map(|()| Err(Cut::Idle))
    })
    .await
}
