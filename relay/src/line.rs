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

use crate::clock::Clock;
use crate::config::Timeouts;
use crate::outbox::{Close, MayRead, Next, Outbox};
use bytes::{Buf, BytesMut};
use couplet::frame::{Frame, FrameDecoder, FrameError};
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
    unflushed: bool,
    heard: Moment,
    /// Whether reading has stopped, so that silence means nothing.
    paused: bool,
    held_by: Option<Arc<Outbox>>,
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
    /// The client has left its queue full for too long, or far too full.
    Stuck,
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
    ) -> Self {
        let heard = clock.now();
        let armed = heard + timeouts.silence;
        Self {
            stream,
            decoder,
            outbox,
            in_hand: BytesMut::new(),
            in_hand_since: heard,
            unflushed: false,
            heard,
            paused: false,
            held_by: None,
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
        self.poll_deadline(cx).map(Event::End)
    }

    /// Writes what is still to be written and closes, within `limit`.
    pub(crate) async fn close(self, limit: Duration) {
        let Self { stream, outbox, mut in_hand, .. } = self;
        outbox.close(Close::Own);
        in_hand.unsplit(outbox.drain());
        farewell(stream, in_hand, limit).await;
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
        if std::mem::take(&mut self.paused) {
            self.heard = self.clock.now();
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
                    return Poll::Ready(Event::Frame(frame));
                }
                Ok(None) => {}
                Err(error) => return Poll::Ready(Event::End(End::Malformed(error))),
            }
            let Poll::Ready(read) = poll_push(&mut self.stream, &mut self.decoder, cx) else {
                self.burst = 0;
                return Poll::Pending;
            };
            match read {
                Ok(0) | Err(_) => return Poll::Ready(Event::End(End::Lost)),
                Ok(_) => self.heard = self.clock.now(),
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

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            let stuck = (!self.in_hand.is_empty()).then(|| {
                let over_since = self.outbox.over_since().unwrap_or(self.in_hand_since);
                (self.in_hand_since.min(over_since) + self.stuck, End::Stuck)
            });
            let silent = (!self.paused).then(|| (self.heard + self.silence, End::Silent));
            let Some((deadline, end)) =
                [stuck, silent].into_iter().flatten().min_by_key(|(at, _)| *at)
            else {
                return Poll::Pending;
            };
            // The timer may ring early, as deadlines move away with everything that is heard;
            // setting it anew each time would cost more.
            if deadline < self.armed {
                self.arm(deadline);
            }
            ready!(self.timer.as_mut().poll(cx));
            if self.clock.now() >= deadline {
                return Poll::Ready(end);
            }
            self.arm(deadline);
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

/// Reads once and pushes what came; 0 is the end of the stream.
pub(crate) fn poll_push<S: AsyncRead + Unpin>(
    stream: &mut S,
    decoder: &mut FrameDecoder,
    cx: &mut Context<'_>,
) -> Poll<std::io::Result<usize>> {
    let mut scratch = [const { MaybeUninit::uninit() }; READ_BYTES];
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
