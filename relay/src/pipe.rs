//! Joining two sockets for bulk bytes.
//!
//! Owns the tokens that let the two ends in, their rendezvous, and the copying. It never looks at
//! the bytes: back-pressure is TCP's own, and a half-close is passed on.
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
//! **The bound.** At most [`MAX_PIPES_PER_ROOM`] pipes a room and `--max-pipes` in all wait or are
//! open. An end that waits holds at most one read of 16 KiB. An open pipe holds a buffer of
//! [`flow::BUFFER_BYTES`] for each direction in which bytes wait to be written (the first 64 of the
//! relay a larger one), and none when idle.

mod flow;

use crate::gate::Visit;
use crate::line::{READ_BYTES, farewell};
use crate::lock::lock;
use crate::refusal::Refusal;
use crate::relay::Relay;
use bytes::{Bytes, BytesMut};
use couplet::directory::RoomId;
use couplet::limits::MAX_PIPES_PER_ROOM;
use couplet::message::{ErrorCode, RelayControl, RelayToClient, Token};
use couplet::time::Moment;
use flow::Flow;
use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::oneshot;
use tracing::{debug, info};

/// A socket, whatever it is made of.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// The pipes that wait for their ends, and the count of all pipes.
#[derive(Debug)]
pub(crate) struct PipeTable {
    waiting: Mutex<Waiting>,
    counts: Arc<Mutex<Counts>>,
    max_pipes: usize,
    limit: Duration,
}

#[derive(Debug, Default)]
struct Waiting {
    /// A token is taken out when it is used or when its time is over.
    ends: HashMap<Token, Arc<Pair>>,
    /// In the order of time, as all pipes may wait equally long.
    deadlines: VecDeque<(Moment, [Token; 2])>,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_room: HashMap<RoomId, usize>,
}

/// A pipe is counted as long as this lives.
#[derive(Debug)]
pub(crate) struct Slot {
    counts: Arc<Mutex<Counts>>,
    room: RoomId,
}

/// A pipe whose ends are coming.
struct Pair {
    deadline: Moment,
    /// How the second end reaches the first, once that is there.
    first: Mutex<Option<oneshot::Sender<End>>>,
    slot: Slot,
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pair").field("slot", &self.slot).finish_non_exhaustive()
    }
}

/// One end of a pipe: its socket and the bytes that came behind its token.
pub(crate) struct End {
    wire: Box<dyn Wire>,
    early: BytesMut,
    half_closed: bool,
    _visit: Visit,
}

impl End {
    /// An end of which `early` has been read already.
    pub(crate) fn new(wire: impl Wire + 'static, early: Bytes, visit: Visit) -> Self {
        let early = BytesMut::from(early);
        Self { wire: Box::new(wire), early, half_closed: false, _visit: visit }
    }
}

impl PipeTable {
    /// No pipes yet; their ends have `limit` to come.
    pub(crate) fn new(max_pipes: usize, limit: Duration) -> Arc<Self> {
        Arc::new(Self { waiting: Mutex::default(), counts: Arc::default(), max_pipes, limit })
    }

    /// Counts one more pipe of `room`; `None` if there are as many as there may be.
    pub(crate) fn reserve(&self, room: RoomId, now: Moment) -> Option<Slot> {
        self.forget_late(now);
        let mut counts = lock(&self.counts);
        let in_room = counts.by_room.get(&room).copied().unwrap_or_default();
        if counts.all >= self.max_pipes || in_room >= MAX_PIPES_PER_ROOM {
            return None;
        }
        counts.all += 1;
        counts.by_room.insert(room, in_room + 1);
        Some(Slot { counts: Arc::clone(&self.counts), room })
    }

    /// Lets each of `tokens` in once, to meet the other.
    pub(crate) fn expect(&self, slot: Slot, tokens: [Token; 2], now: Moment) {
        let deadline = now + self.limit;
        let pair = Arc::new(Pair { deadline, first: Mutex::new(None), slot });
        let mut waiting = lock(&self.waiting);
        waiting.deadlines.push_back((deadline, tokens));
        for token in tokens {
            waiting.ends.insert(token, Arc::clone(&pair));
        }
    }

    /// Uses a token up.
    fn take(&self, token: Token, now: Moment) -> Option<Arc<Pair>> {
        lock(&self.waiting).ends.remove(&token).filter(|pair| pair.deadline > now)
    }

    fn forget_late(&self, now: Moment) {
        let mut waiting = lock(&self.waiting);
        while let Some((_, tokens)) =
            waiting.deadlines.pop_front_if(|(deadline, _)| *deadline <= now)
        {
            for token in tokens {
                waiting.ends.remove(&token);
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        counts.all -= 1;
        if let Some(count) = counts.by_room.get_mut(&self.room) {
            *count -= 1;
            if *count == 0 {
                counts.by_room.remove(&self.room);
            }
        }
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
    info!(client = number, why = %refusal, "refused a pipe");
    farewell(end.wire, refusal.words(), relay.timeouts.flush).await;
}

/// Who comes when.
enum Turn {
    First(oneshot::Receiver<End>),
    Second(oneshot::Sender<End>),
}

impl Pair {
    fn arrive(&self) -> Turn {
        let mut first = lock(&self.first);
        first.take().map_or_else(
            || {
                let (sender, receiver) = oneshot::channel();
                *first = Some(sender);
                Turn::First(receiver)
            },
            Turn::Second,
        )
    }
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

/// Copies both ways until both directions have ended or one has failed.
async fn join(mut one: End, mut two: End, pair: Arc<Pair>, number: u64, relay: Arc<Relay>) {
    let room = pair.slot.room;
    debug!(client = number, %room, "pipe joined");
    let mut joined = BytesMut::new();
    RelayToClient::Control(RelayControl::Joined).encode(&mut joined);
    let mut there = Flow::new(&joined, &one.early, one.half_closed);
    let mut back = Flow::new(&joined, &two.early, two.half_closed);
    one.early = BytesMut::new();
    two.early = BytesMut::new();
    let copying = poll_fn(|cx| {
        let there = there.poll(&mut *one.wire, &mut *two.wire, cx)?;
        let back = back.poll(&mut *two.wire, &mut *one.wire, cx)?;
        if there.is_ready() && back.is_ready() {
            Poll::Ready(std::io::Result::Ok(()))
        } else {
            Poll::Pending
        }
    });
    let end = tokio::select! {
        biased;
        () = relay.ending.cancelled() => "shutdown",
        result = copying => if result.is_ok() { "closed" } else { "lost" },
    };
    info!(client = number, %room, bytes_there = there.bytes(), bytes_back = back.bytes(), end, "pipe ended");
}
