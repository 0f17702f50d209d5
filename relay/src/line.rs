//! One client's socket while the client has a seat: frames in, queue out, deadlines.
//!
//! Owns when to read, when to write and when to give up. It doesn't know what frames mean
//! (`connection`) or where queued bytes come from (`outbox`).
//!
//! Everything is one poll function, so that a client that does nothing costs one small struct and
//! one timer: bytes are read into a piece of the stack, and buffers exist only while something is
//! in them. While the client's peer, or the client itself, is over the soft limit of its queue,
//! nothing is read from the client. (Then the end of its stream isn't noticed either, but the one
//! whom that would concern is the one who doesn't read.)

use crate::budget::{FULL_REST, SHORT_LIMIT, Share};
use crate::clock::Clock;
use crate::config::Timeouts;
use crate::counters::Count;
use crate::outbox::{Close, MayRead, Next, Outbox};
use crate::throttle::{Excess, Speeds, Throttle};
use bytes::{Buf, BytesMut};
use couplet::frame::{Frame, FrameDecoder, FrameError, HEADER_LEN};
use couplet::time::Moment;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::Sleep;

/// Bytes read at once.
pub(crate) const READ_BYTES: usize = 16 * 1024;

/// Bytes read at once, and of frames that are handled, while the memory of all queues is full.
pub(crate) const READ_WHEN_FULL: usize = 1024;

/// Frames of one client that are handled before others get their turn.
const MAX_BURST: u32 = 64;

/// One client's socket and its queue.
#[derive(Debug)]
pub(crate) struct Line<S> {
    stream: S,
    decoder: FrameDecoder,
    outbox: Arc<Outbox>,
    in_hand: BytesMut,
    in_hand_since: Moment,
    /// When some of what is in hand was last written.
    moved: Moment,
    unflushed: bool,
    heard: Moment,
    /// Whether reading has stopped, so that silence means nothing.
    paused: bool,
    held_by: Option<Arc<Outbox>>,
    /// What the decoder holds.
    decoder_memory: Share,
    /// Since when a frame has been coming in.
    half_since: Option<Moment>,
    throttle: Throttle,
    rest_until: Option<Moment>,
    burst: u32,
    peer_first: bool,
    timer: Pin<Box<Sleep>>,
    armed: Moment,
    clock: Clock,
    silence: Duration,
    stuck: Duration,
}

/// What comes from a line.
#[derive(Debug)]
pub(crate) enum Event {
    /// The client's next frame.
    Frame(Frame),
    /// The client sends too fast and isn't read for a moment.
    Throttled(Excess),
    /// There will be nothing more.
    End(End),
}

/// Why a line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The outbox was closed.
    Closed(Close),
    /// The client has closed the connection, or the network has.
    Lost,
    /// Nothing was heard for too long.
    Silent,
    /// A frame that began has taken too long.
    HalfFrame,
    /// The client has left its queue full for too long, or far too full.
    Stuck,
    /// Memory is short, and the client has held some for too long without moving it.
    Short,
    /// The client's bytes are no frames.
    Malformed(FrameError),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Line<S> {
    /// The line of a client that has just said hello; `decoder` may hold what it sent since.
    pub(crate) fn new(
        stream: S,
        decoder: FrameDecoder,
        outbox: Arc<Outbox>,
        clock: Clock,
        timeouts: &Timeouts,
        speeds: Speeds,
    ) -> Self {
        let heard = clock.now();
        let armed = heard + timeouts.silence;
        let decoder_memory = Share::new(Arc::clone(outbox.budget()));
        Self {
            stream,
            decoder,
            outbox,
            in_hand: BytesMut::new(),
            in_hand_since: heard,
            moved: heard,
            unflushed: false,
            heard,
            paused: false,
            held_by: None,
            decoder_memory,
            half_since: None,
            throttle: Throttle::new(speeds, heard),
            rest_until: None,
            burst: 0,
            peer_first: false,
            timer: Box::pin(tokio::time::sleep_until(clock.at(armed))),
            armed,
            clock,
            silence: timeouts.silence,
            stuck: timeouts.stuck,
        }
    }

    /// Reads no further frame until `peer` has room; the queue goes on being written.
    pub(crate) fn hold_until_room(&mut self, peer: Arc<Outbox>) {
        self.held_by = Some(peer);
    }

    /// Reads no further frame for so long; the queue goes on being written.
    pub(crate) fn rest(&mut self, pause: Duration) {
        self.rest_until = self.rest_until.max(Some(self.clock.now() + pause));
    }

    /// Lets the peer's task, which has just been woken, run before this one writes: what was said
    /// to the peer leaves before this client is told that it did.
    pub(crate) fn let_peer_go_first(&mut self) {
        self.peer_first = true;
    }

    /// The next event. Between the calls nothing happens on the line.
    ///
    /// All frames that are there are handled before anything is written, so that the answers to
    /// them go out together.
    pub(crate) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if let Poll::Ready(event) = self.read(cx) {
            return Poll::Ready(event);
        }
        if std::mem::take(&mut self.peer_first) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Err(end) = self.write(cx) {
            return Poll::Ready(Event::End(end));
        }
        self.note_memory();
        self.poll_deadline(cx).map(Event::End)
    }

    /// Writes what is still to be written and closes, within `limit`.
    pub(crate) async fn close(mut self, limit: Duration) {
        self.outbox.close(Close::Own);
        self.in_hand.unsplit(self.outbox.drain());
        let Self { stream, outbox, in_hand, .. } = self;
        farewell(stream, in_hand, limit).await;
        // The budget has its memory back only now.
        drop(outbox);
    }

    fn read(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        match self.outbox.may_read() {
            MayRead::Ended(next) => return Poll::Ready(Event::End(end_of(&next))),
            MayRead::Later => {
                self.paused = true;
                return Poll::Pending;
            }
            MayRead::Now => {}
        }
        if let Some(peer) = &self.held_by {
            if peer.poll_room(cx).is_pending() {
                self.paused = true;
                return Poll::Pending;
            }
            self.held_by = None;
        }
        let is_full = self.outbox.budget().is_full();
        if self.must_rest(is_full) {
            return Poll::Pending;
        }
        if std::mem::take(&mut self.paused) {
            self.heard = self.clock.now();
            self.throttle.fill(self.heard);
            if self.half_since.is_some() && !self.outbox.budget().is_short() {
                self.half_since = Some(self.heard);
            }
        }
        if let Some((excess, pause)) = self.throttle.excess() {
            self.rest(pause);
            return Poll::Ready(Event::Throttled(excess));
        }
        if self.burst == MAX_BURST {
            self.burst = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            match self.decoder.poll_frame() {
                Ok(Some(frame)) => {
                    self.burst += 1;
                    self.half_since = None;
                    self.throttle.take(frame.body.len() + HEADER_LEN);
                    return Poll::Ready(Event::Frame(frame));
                }
                Ok(None) => {
                    if self.decoder.buffered() > 0 && self.half_since.is_none() {
                        self.half_since = Some(self.heard);
                    }
                    if self.must_rest(is_full) {
                        return Poll::Pending;
                    }
                }
                Err(error) => return Poll::Ready(Event::End(End::Malformed(error))),
            }
            let read = if is_full {
                poll_push::<READ_WHEN_FULL, _>(&mut self.stream, &mut self.decoder, cx)
            } else {
                poll_push::<READ_BYTES, _>(&mut self.stream, &mut self.decoder, cx)
            };
            let Poll::Ready(read) = read else {
                self.burst = 0;
                return Poll::Pending;
            };
            match read {
                Ok(0) | Err(_) => return Poll::Ready(Event::End(End::Lost)),
                Ok(count) => {
                    self.heard = self.clock.now();
                    self.throttle.fill(self.heard);
                    let count = u64::try_from(count).unwrap_or_default();
                    self.outbox.budget().counters().add(Count::ReceivedBytes, count);
                }
            }
        }
    }

    fn write(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        loop {
            if self.in_hand.is_empty() {
                if self.unflushed {
                    match Pin::new(&mut self.stream).poll_flush(cx) {
                        Poll::Ready(Ok(())) => self.unflushed = false,
                        Poll::Ready(Err(_)) => return Err(End::Lost),
                        Poll::Pending => {}
                    }
                }
                match self.outbox.poll_next(cx) {
                    Poll::Ready(Next::Write(bytes)) => {
                        self.in_hand = bytes;
                        self.in_hand_since = self.clock.now();
                        self.moved = self.in_hand_since;
                    }
                    Poll::Ready(next) => return Err(end_of(&next)),
                    Poll::Pending => return Ok(()),
                }
            }
            match Pin::new(&mut self.stream).poll_write(cx, &self.in_hand) {
                Poll::Ready(Ok(0) | Err(_)) => return Err(End::Lost),
                Poll::Ready(Ok(count)) => {
                    self.in_hand.advance(count);
                    self.unflushed = true;
                    if self.in_hand.is_empty() {
                        self.in_hand = BytesMut::new();
                        self.outbox.written();
                        if self.paused {
                            // This may have been what reading waited for.
                            cx.waker().wake_by_ref();
                        }
                    } else {
                        self.moved = self.clock.now();
                    }
                }
                Poll::Pending => {
                    return match self.outbox.poll_end(cx) {
                        Poll::Ready(next) => Err(end_of(&next)),
                        Poll::Pending => Ok(()),
                    };
                }
            }
        }
    }

    /// Whether the client isn't read for the moment, for its own speed, or as memory is full and this
    /// would take much of it. Who says little to one who reads goes on.
    fn must_rest(&mut self, is_full: bool) -> bool {
        if self.rest_until.is_some_and(|until| self.clock.now() >= until) {
            self.rest_until = None;
        }
        if self.rest_until.is_none() && is_full && self.decoder.buffered() > READ_WHEN_FULL {
            self.outbox.budget().counters().one(Count::ThrottledQueued);
            self.rest(FULL_REST);
            // It holds memory for as long as this lasts.
            self.half_since = self.half_since.or(self.rest_until);
        }
        self.paused |= self.rest_until.is_some();
        self.rest_until.is_some()
    }

    /// Tells the budget what half of a frame takes.
    fn note_memory(&mut self) {
        self.decoder.compact();
        self.decoder_memory.set(self.decoder.memory());
    }

    /// What ends the line, and when, if nothing happens before.
    fn deadline(&self) -> Option<(Moment, End)> {
        let writing = !self.in_hand.is_empty();
        let stuck = writing.then(|| {
            let over_since = self.outbox.over_since().unwrap_or(self.in_hand_since);
            (self.in_hand_since.min(over_since) + self.stuck, End::Stuck)
        });
        let silent = (!self.paused).then(|| (self.heard + self.silence, End::Silent));
        let half = self.half_since.filter(|_| !self.paused);
        let half = half.map(|since| (since + self.silence, End::HalfFrame));
        let since = match (writing.then_some(self.moved), self.half_since) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let short = since
            .filter(|_| self.outbox.budget().is_short())
            .map(|since| (since + SHORT_LIMIT, End::Short));
        [stuck, silent, half, short].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        // Who holds memory must notice when it becomes short.
        let holds = !self.in_hand.is_empty() || self.half_since.is_some();
        loop {
            let end = self.deadline();
            let now = (holds || self.rest_until.is_some()).then(|| self.clock.now());
            let look = now.filter(|_| holds).map(|now| now + SHORT_LIMIT / 2);
            let Some(wake) =
                end.map(|(at, _)| at).into_iter().chain(look).chain(self.rest_until).min()
            else {
                return Poll::Pending;
            };
            // The timer may ring early, as deadlines move away with everything that is heard;
            // setting it anew each time would cost more.
            if wake < self.armed {
                self.arm(wake);
            }
            ready!(self.timer.as_mut().poll(cx));
            let now = self.clock.now();
            if let Some((at, end)) = end
                && now >= at
            {
                return Poll::Ready(end);
            }
            if self.rest_until.take_if(|until| now >= *until).is_some() {
                // This is what reading waits for.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            self.arm(wake.max(now));
        }
    }

    fn arm(&mut self, deadline: Moment) {
        self.armed = deadline;
        self.timer.as_mut().reset(self.clock.at(deadline));
    }
}

fn end_of(next: &Next) -> End {
    match next {
        Next::Close(why) => End::Closed(*why),
        Next::Overflow | Next::Write(_) => End::Stuck,
    }
}

/// Reads once, at most `BYTES`, and pushes what came; 0 is the end of the stream.
pub(crate) fn poll_push<const BYTES: usize, S: AsyncRead + Unpin>(
    stream: &mut S,
    decoder: &mut FrameDecoder,
    cx: &mut Context<'_>,
) -> Poll<std::io::Result<usize>> {
    let mut scratch = [const { MaybeUninit::uninit() }; BYTES];
    let mut buffer = ReadBuf::uninit(&mut scratch);
    ready!(Pin::new(stream).poll_read(cx, &mut buffer))?;
    decoder.push(buffer.filled());
    Poll::Ready(Ok(buffer.filled().len()))
}

/// Writes the last words and closes, within `limit`.
///
/// Until the other end closes too, what it still sends is read and dropped: closing over unread
/// bytes would make the kernel reset the connection and take the last words with it.
pub(crate) async fn farewell<S>(mut stream: S, words: BytesMut, limit: Duration)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let orderly = async {
        stream.write_all(&words).await?;
        stream.shutdown().await?;
        std::future::poll_fn(|cx| {
            loop {
                let mut scratch = [const { MaybeUninit::uninit() }; READ_BYTES];
                let mut buffer = ReadBuf::uninit(&mut scratch);
                ready!(Pin::new(&mut stream).poll_read(cx, &mut buffer))?;
                if buffer.filled().is_empty() {
                    return Poll::Ready(std::io::Result::Ok(()));
                }
            }
        })
        .await
    };
    if let Ok(Err(error)) = tokio::time::timeout(limit, orderly).await {
        tracing::debug!(%error, "the last words didn't arrive");
    }
}
