//! A socket that speaks in lines, as a stream of frames.
//!
//! Owns the bytes between a client of the plain door and its [`Line`](crate::line::Line), which reads
//! and writes frames as for everybody else: what it reads from here is what the client's machine has to
//! tell the room, what it writes to here is what the machine hears from it. So everything that the line
//! sees to (whether to read, how fast, when somebody is stuck) holds here too.
//!
//! Frames are taken only while no line waits to be written, and a few at a time, so what waits in here
//! is little, and a client that doesn't read holds the line up. What the machine holds until the client's
//! turn comes is part of the memory of all queues; while that is short, who holds much is let go.

use crate::budget::{Budget, FULL_REST, SHORT_LIMIT, Share};
use crate::clock::Clock;
use crate::counters::Count;
use crate::line::READ_WHEN_FULL;
use bytes::{Buf as _, BytesMut};
use couplet::frame::FrameDecoder;
use couplet::limits::MAX_CONTROL_BODY;
use couplet::message::{ClientToRelay, RelayToClient};
use couplet::plain::{Client, Command, Fault};
use couplet::time::Moment;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// Bytes read from the socket at once.
const READ_BYTES: usize = 16 * 1024;

/// Bytes of frames that are taken at once.
const MOST_AT_ONCE: usize = 4 * 1024;

/// A client's socket, its machine, and what is on the way between it and the line.
#[derive(Debug)]
pub(super) struct Translator<S> {
    stream: S,
    client: Client,
    /// From the machine to the line.
    frames: BytesMut,
    /// From the line to the machine.
    decoder: FrameDecoder,
    /// From the machine to the client.
    lines: BytesMut,
    /// Whether the client says nothing more.
    ended: bool,
    /// Whether it was counted why the client is let go.
    counted: bool,
    budget: Arc<Budget>,
    share: Share,
    /// Since when memory is short while much is held here.
    short_since: Option<Moment>,
    /// When that is looked at next.
    look: Option<Pin<Box<Sleep>>>,
    clock: Clock,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Translator<S> {
    /// The socket of somebody who has just been given a seat.
    pub(super) fn new(stream: S, client: Client, clock: Clock, budget: &Arc<Budget>) -> Self {
        Self {
            stream,
            client,
            frames: BytesMut::new(),
            decoder: FrameDecoder::new(MAX_CONTROL_BODY),
            lines: BytesMut::new(),
            ended: false,
            counted: false,
            budget: Arc::clone(budget),
            share: Share::new(Arc::clone(budget)),
            short_since: None,
            look: None,
            clock,
        }
    }

    /// Does what the machine asks for.
    fn carry_out(&mut self) {
        let counters = self.budget.counters();
        while let Some(command) = self.client.poll_command() {
            match command {
                Command::Write(line) => self.lines.extend_from_slice(&line),
                Command::Tell(message) => {
                    if matches!(message, ClientToRelay::Say { .. }) {
                        counters.one(Count::PlainLines);
                    }
                    message.encode(&mut self.frames);
                }
            }
        }
        if let Some(fault) = self.client.fault()
            && !std::mem::replace(&mut self.counted, true)
        {
            tracing::info!(?fault, "let go");
            counters.one(match fault {
                Fault::Line(_) => Count::CutMalformed,
                Fault::TooManyHeld => Count::CutHeld,
                Fault::NoMemory => Count::CutShort,
            });
        }
        self.note_memory();
    }

    /// Tells the budget what is held here.
    fn note_memory(&mut self) {
        let memory = self.client.memory() + self.decoder.memory();
        self.share.set(memory + self.lines.capacity() + self.frames.capacity());
    }

    /// Writes the lines that wait.
    fn poll_lines(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lines.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while !self.lines.is_empty() {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, &self.lines))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.lines.advance(count),
            }
        }
        self.lines = BytesMut::new();
        self.note_memory();
        Poll::Ready(Ok(()))
    }

    /// Lets a client go that holds much while memory is short, and says whether it may be read: not
    /// while memory is full.
    fn see_to_memory(&mut self, cx: &mut Context<'_>) -> bool {
        loop {
            if self.client.memory() <= READ_WHEN_FULL || self.client.is_over() {
                (self.short_since, self.look) = (None, None);
                return true;
            }
            let now = self.clock.now();
            let since = self.short_since.take().unwrap_or(now);
            self.short_since = self.budget.is_short().then_some(since);
            if self.short_since.is_some() && now.since(since) >= SHORT_LIMIT {
                self.client.handle_short();
                self.carry_out();
                // A client that waits for an answer of the room's is over a moment later.
                self.short_since = None;
            }
            let is_full = self.budget.is_full();
            let pause = if is_full { FULL_REST } else { SHORT_LIMIT / 2 };
            if !self.is_looked_at_later(pause, cx) {
                return !is_full;
            }
        }
    }

    /// Sees to it that the memory is looked at again after so long. Whether that is now.
    fn is_looked_at_later(&mut self, pause: Duration, cx: &mut Context<'_>) -> bool {
        let look = self.look.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
        let is_now = look.as_mut().poll(cx).is_ready();
        if is_now {
            self.look = None;
        }
        is_now
    }

    /// Gives the line what there is for it.
    fn hand_over(&mut self, buffer: &mut ReadBuf<'_>) {
        let count = self.frames.len().min(buffer.remaining());
        buffer.put_slice(&self.frames[..count]);
        self.frames.advance(count);
        if self.frames.is_empty() {
            self.frames = BytesMut::new();
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Translator<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let may_read = this.see_to_memory(cx);
        if this.frames.is_empty() {
            if this.ended && this.client.is_over() {
                return Poll::Ready(Ok(()));
            }
            if this.ended || !may_read {
                return Poll::Pending;
            }
            let mut scratch = [const { MaybeUninit::uninit() }; READ_BYTES];
            let most = buffer.remaining().min(READ_BYTES);
            let mut read = ReadBuf::uninit(&mut scratch[..most]);
            ready!(Pin::new(&mut this.stream).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                this.ended = true;
                this.client.handle_end();
            } else {
                this.client.handle_bytes(read.filled());
            }
            this.carry_out();
            // Whether it is read on, or hears that it is over, hangs on what has become of it.
            cx.waker().wake_by_ref();
        }
        if this.frames.is_empty() {
            return Poll::Pending;
        }
        this.hand_over(buffer);
        this.note_memory();
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Translator<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_lines(cx))?;
        let bytes = &bytes[..bytes.len().min(MOST_AT_ONCE)];
        this.decoder.push(bytes);
        while let Some(frame) = this.decoder.poll_frame().map_err(io::Error::other)? {
            let message = RelayToClient::decode(frame).map_err(io::Error::other)?;
            this.client.handle_message(message);
        }
        this.decoder.compact();
        let had_frames = !this.frames.is_empty();
        this.carry_out();
        if !this.frames.is_empty() && !had_frames {
            // It was the client's turn that came, and it has something to say.
            cx.waker().wake_by_ref();
        }
        match this.poll_lines(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            // What can't be written yet is written before more is taken.
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(bytes.len())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_lines(cx))?;
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_lines(cx))?;
        Pin::new(&mut this.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use couplet::message::{RelayControl, Role, Seat, Token};
    use std::future::poll_fn;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    /// Somebody in seat 2 who listens, behind a wire that holds next to nothing.
    fn listener() -> (DuplexStream, Translator<DuplexStream>, BytesMut) {
        let (far, near) = duplex(64);
        let translator =
            Translator::new(near, Client::default(), Clock::start(), &Arc::<Budget>::default());
        let welcome = RelayControl::Welcome {
            seat: Seat::Two,
            token: Token::from_bytes([1; 16]),
            room: None,
            pairing: 1,
            since: 1,
            next_sequence: 1,
            grace_ms: 0,
            returned: false,
            plain: true,
        };
        let mut frames = BytesMut::new();
        for control in [welcome, RelayControl::Role { role: Role::Rec, turn: 0 }] {
            RelayToClient::Control(control).encode(&mut frames);
        }
        (far, translator, frames)
    }

    #[tokio::test]
    async fn who_does_not_read_holds_up_who_writes_and_misses_nothing() {
        let (mut far, mut translator, mut frames) = listener();
        let body = Bytes::from(vec![b'x'; 1000]);
        for sequence in 1..=100 {
            let message =
                RelayToClient::Message { pairing: 1, sequence, kept: false, body: body.clone() };
            message.encode(&mut frames);
        }
        let written = poll_fn(|cx| {
            let mut written = 0;
            while let Poll::Ready(count) =
                Pin::new(&mut translator).poll_write(cx, &frames[written..])
            {
                written += count.expect("the wire holds");
            }
            Poll::Ready(written)
        })
        .await;
        assert!(written <= 2 * MOST_AT_ONCE, "{written} of {}", frames.len());
        assert!(translator.lines.len() <= MOST_AT_ONCE && translator.lines.capacity() < 16_384);
        let held = translator.budget.held();
        assert!((translator.lines.len()..32_768).contains(&held), "{held}");
        let rest = frames.split_off(written);
        let write = async {
            translator.write_all(&rest).await.expect("the wire holds");
            translator.shutdown().await.expect("the wire holds");
            let held = translator.budget.held();
            drop(translator);
            held
        };
        let mut text = String::new();
        let (held, read) = tokio::join!(write, far.read_to_string(&mut text));
        read.expect("text");
        assert_eq!(held, 0);
        let mut lines = text.lines();
        assert_eq!((lines.next(), lines.next()), (Some("2"), Some("rec")));
        assert_eq!(lines.filter(|line| line.len() == 1000).count(), 100);
    }

    #[tokio::test]
    async fn what_is_held_is_said_when_the_turn_comes() {
        let (mut far, mut translator, frames) = listener();
        translator.write_all(&frames).await.expect("the wire holds");
        far.write_all(b"held\n").await.expect("the wire holds");
        let read = |translator: &mut Translator<DuplexStream>| {
            let mut space = [0; 256];
            let mut buffer = ReadBuf::new(&mut space);
            let mut cx = Context::from_waker(std::task::Waker::noop());
            let result = Pin::new(translator).poll_read(&mut cx, &mut buffer);
            result.map(|result| result.map(|()| buffer.filled().to_vec()).expect("the wire holds"))
        };
        assert!(read(&mut translator).is_pending(), "it isn't its turn");
        assert!(translator.budget.held() > 0);
        let mut role = BytesMut::new();
        RelayToClient::Control(RelayControl::Role { role: Role::Emi, turn: 1 }).encode(&mut role);
        translator.write_all(&role).await.expect("the wire holds");
        let Poll::Ready(frame) = read(&mut translator) else { panic!("it is its turn") };
        let mut expected = BytesMut::new();
        let body = Bytes::from_static(b"held");
        ClientToRelay::Say { pairing: 1, sequence: 1, body }.encode(&mut expected);
        assert_eq!(frame, expected);
    }
}
