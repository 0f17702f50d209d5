//! The bounded queue towards one client.
//!
//! Owns the bytes that wait for one client's socket, and who is woken when. It doesn't write them
//! (that is the client's own task, see `line`) and doesn't know what they mean.
//!
//! **The bound.** Whoever pushes something towards a client that is over the *soft limit* must read
//! nothing more from its own socket until the queue has shrunk, so a producer adds at most what one
//! of its frames brings: a queue holds the soft limit and one frame. What doesn't come from a
//! producer (people coming and going across a client that doesn't read) is small, but has no
//! natural end: at the *hard limit* the client counts as stuck at once. The soft limit is lower when
//! many queues are full (`budget`). With everything that one client can make the relay hold:
//!
//! | what | at most |
//! | --- | --- |
//! | its queue, in encoded frames | [`HARD_LIMIT_BYTES`], in a buffer of at most twice that |
//! | a frame that has begun to come in | 64 KiB and one read of 16 KiB, in a buffer of at most twice that |
//! | the last message to its seat | 64 KiB |
//! | all else (task, socket, seat, timer) | about 2 KiB, and the kernel's socket buffers |
//!
//! An idle client has only the last line.

use crate::budget::Budget;
use crate::lock::lock;
use bytes::BytesMut;
use couplet::message::{ErrorCode, ExitReason, RelayToClient};
use couplet::time::Moment;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// Frames in a queue from which on its producers wait.
pub const SOFT_LIMIT_FRAMES: usize = 64;

/// Bytes in a queue from which on its producers wait.
pub const SOFT_LIMIT_BYTES: usize = 256 * 1024;

/// Bytes in a queue from which on its client counts as stuck, whatever time has passed.
pub const HARD_LIMIT_BYTES: usize = 2 * SOFT_LIMIT_BYTES;

/// One client's queue. Everybody who sends to the client pushes; only its own task takes.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    budget: Arc<Budget>,
}

#[derive(Debug, Default)]
struct State {
    queued: BytesMut,
    queued_frames: usize,
    /// What the client's task has taken and not yet written.
    in_hand_bytes: usize,
    in_hand_frames: usize,
    /// What the budget was told that `queued`, and what is in hand, take in memory.
    queued_memory: usize,
    in_hand_memory: usize,
    over_since: Option<Moment>,
    overflowed: bool,
    closed: Option<Close>,
    owner: Option<Waker>,
    producers: Vec<Waker>,
}

/// Why nothing more goes into an outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Close {
    /// The room said so; the client is told with this reason.
    Exit(ExitReason),
    /// The room refused the client, which is told with this code.
    Refused(ErrorCode),
    /// The client's own task is ending the connection.
    Own,
}

/// What the client's task finds to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Write these bytes, then say [`Outbox::written`].
    Write(BytesMut),
    /// Nothing more will come: flush and close.
    Close(Close),
    /// The hard limit is exceeded.
    Overflow,
}

/// Whether a client's task may read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum MayRead {
    /// It may.
    Now,
    /// The client must first read what it has caused.
    Later,
    /// Nothing it says counts any more.
    Ended(Next),
}

impl Outbox {
    /// An empty one, whose memory is part of `budget`.
    pub(crate) fn new(budget: Arc<Budget>) -> Self {
        Self { state: Mutex::default(), budget }
    }

    /// The memory that it is part of.
    pub(crate) const fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// Queues a message; a closed outbox drops it.
    pub(crate) fn push(&self, message: &RelayToClient, now: Moment) {
        let mut state = lock(&self.state);
        if state.closed.is_some() || state.overflowed {
            return;
        }
        message.encode(&mut state.queued);
        state.queued_frames += 1;
        let (before, now_held) = (state.queued_memory, state.queued.capacity());
        self.budget.change(before, now_held);
        state.queued_memory = now_held;
        if state.over_since.is_none() && state.is_over(&self.budget) {
            state.over_since = Some(now);
        }
        if state.queued.len() + state.in_hand_bytes > HARD_LIMIT_BYTES {
            state.overflowed = true;
        }
        let owner = state.owner.take();
        drop(state);
        if let Some(owner) = owner {
            owner.wake();
        }
    }

    /// Nothing more may be pushed; what is queued is still to be written.
    pub(crate) fn close(&self, why: Close) {
        let mut state = lock(&self.state);
        state.closed.get_or_insert(why);
        let producers = std::mem::take(&mut state.producers);
        let owner = state.owner.take();
        drop(state);
        producers.into_iter().chain(owner).for_each(Waker::wake);
    }

    /// For the client's task: what to do next; it is woken when there is something.
    pub(crate) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Next> {
        let mut state = lock(&self.state);
        if let Some(end) = state.end() {
            Poll::Ready(end)
        } else if state.queued.is_empty() {
            set_waker(&mut state.owner, cx);
            Poll::Pending
        } else {
            Poll::Ready(Next::Write(state.take()))
        }
    }

    /// For the client's task while it has something in hand: whether that has lost its purpose. It
    /// is woken when that changes.
    pub(crate) fn poll_end(&self, cx: &mut Context<'_>) -> Poll<Next> {
        let mut state = lock(&self.state);
        if let Some(end) = state.end() {
            return Poll::Ready(end);
        }
        set_waker(&mut state.owner, cx);
        Poll::Pending
    }

    /// For the client's task: whether to read what the client says next.
    pub(crate) fn may_read(&self) -> MayRead {
        let state = lock(&self.state);
        match state.end() {
            Some(end) => MayRead::Ended(end),
            None if state.over_since.is_some() => MayRead::Later,
            None => MayRead::Now,
        }
    }

    /// For the client's task: what it had in hand is written.
    pub(crate) fn written(&self) {
        let mut state = lock(&self.state);
        state.in_hand_bytes = 0;
        state.in_hand_frames = 0;
        self.budget.change(std::mem::take(&mut state.in_hand_memory), 0);
        if state.is_over(&self.budget) {
            return;
        }
        state.over_since = None;
        let producers = std::mem::take(&mut state.producers);
        drop(state);
        producers.into_iter().for_each(Waker::wake);
    }

    /// For the client's task when it ends: all that is left.
    pub(crate) fn drain(&self) -> BytesMut {
        lock(&self.state).take()
    }

    /// Since when the queue is over its soft limit.
    pub(crate) fn over_since(&self) -> Option<Moment> {
        lock(&self.state).over_since
    }

    /// For a producer: whether it may go on. It is woken when it may, or when the outbox closes.
    pub(crate) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        if state.over_since.is_none() || state.closed.is_some() {
            return Poll::Ready(());
        }
        if !state.producers.iter().any(|waker| waker.will_wake(cx.waker())) {
            state.producers.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl State {
    fn is_over(&self, budget: &Budget) -> bool {
        self.queued.len() + self.in_hand_bytes > budget.soft_limit()
            || self.queued_frames + self.in_hand_frames > SOFT_LIMIT_FRAMES
    }

    fn end(&self) -> Option<Next> {
        let overflow = self.overflowed.then_some(Next::Overflow);
        overflow.or(self.closed.map(Next::Close))
    }

    fn take(&mut self) -> BytesMut {
        self.in_hand_bytes += self.queued.len();
        self.in_hand_frames += self.queued_frames;
        self.queued_frames = 0;
        self.in_hand_memory += std::mem::take(&mut self.queued_memory);
        std::mem::take(&mut self.queued)
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        let state = lock(&self.state);
        self.budget.change(state.queued_memory + state.in_hand_memory, 0);
    }
}

fn set_waker(slot: &mut Option<Waker>, cx: &Context<'_>) {
    if !slot.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
        *slot = Some(cx.waker().clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use couplet::message::RelayControl;
    use std::time::Duration;

    const PONG: RelayToClient = RelayToClient::Control(RelayControl::Pong);

    fn signal(len: usize) -> RelayToClient {
        RelayToClient::Signal { pairing: 1, body: Bytes::from(vec![7; len]) }
    }

    fn take(outbox: &Outbox) -> Option<BytesMut> {
        match outbox.poll_next(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Next::Write(bytes)) => Some(bytes),
            Poll::Ready(Next::Close(_) | Next::Overflow) | Poll::Pending => None,
        }
    }

    fn has_room(outbox: &Outbox) -> bool {
        outbox.poll_room(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn producers_wait_from_the_soft_limit_until_all_in_hand_is_written() {
        let outbox = Outbox::default();
        for _ in 0..SOFT_LIMIT_FRAMES {
            outbox.push(&PONG, Moment::START);
            assert!(has_room(&outbox));
        }
        let late = Moment::START + Duration::from_secs(1);
        outbox.push(&PONG, late);
        assert!(!has_room(&outbox));
        assert_eq!(outbox.over_since(), Some(late));
        let bytes = take(&outbox).expect("something to write");
        assert!(!has_room(&outbox), "taken isn't written");
        drop(bytes);
        outbox.written();
        assert!(has_room(&outbox));
        assert_eq!(outbox.over_since(), None);
    }

    #[test]
    fn many_bytes_count_as_many_frames_do() {
        let outbox = Outbox::default();
        for _ in 0..4 {
            outbox.push(&signal(64 * 1024 - 100), Moment::START);
        }
        assert!(has_room(&outbox));
        outbox.push(&signal(1000), Moment::START);
        assert!(!has_room(&outbox));
    }

    #[test]
    fn its_memory_is_the_budgets_until_it_is_written_or_dropped() {
        let budget = Arc::new(Budget::new(40_000, Arc::default()));
        let [one, two] = [(); 2].map(|()| Outbox::new(Arc::clone(&budget)));
        one.push(&signal(9_000), Moment::START);
        assert!(budget.held() >= 9_000 && has_room(&one));
        one.push(&signal(9_000), Moment::START);
        assert!(!has_room(&one), "half of what is left of three quarters");
        drop(take(&one).expect("something to write"));
        assert!(budget.held() >= 18_000, "taken isn't written");
        // What is left for others is less now.
        two.push(&signal(6_000), Moment::START);
        assert!(!has_room(&two));
        one.written();
        assert!(has_room(&one) && budget.held() < 18_000);
        drop(two);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn at_the_hard_limit_it_takes_nothing_more() {
        let outbox = Outbox::default();
        for _ in 0..100 {
            outbox.push(&signal(64 * 1024), Moment::START);
        }
        assert!(outbox.drain().len() <= HARD_LIMIT_BYTES + 65 * 1024);
        let next = outbox.poll_next(&mut Context::from_waker(Waker::noop()));
        assert_eq!(next, Poll::Ready(Next::Overflow));
    }

    #[test]
    fn closing_keeps_what_is_queued_and_takes_no_more() {
        let outbox = Outbox::default();
        outbox.push(&PONG, Moment::START);
        outbox.close(Close::Exit(ExitReason::Fin));
        outbox.close(Close::Own);
        outbox.push(&PONG, Moment::START);
        let next = outbox.poll_next(&mut Context::from_waker(Waker::noop()));
        assert_eq!(next, Poll::Ready(Next::Close(Close::Exit(ExitReason::Fin))));
        let mut one = BytesMut::new();
        PONG.encode(&mut one);
        assert_eq!(outbox.drain(), one);
    }
}
