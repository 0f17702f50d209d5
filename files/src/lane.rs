//! A transfer's pipe over a connection that has other things to say before and after it.
//!
//! Owns the way between the threads of a transfer, which wait, and a connection of frames, which
//! mustn't: records go through in frames of their own kind until each direction has had its last
//! one, and then the connection is as it was before. Nothing here is sealed: the other end is the
//! relay, and what protects the connection is whoever's who made it.
//!
//! Back-pressure is the connection's own: while the threads are behind, nothing is read. Both ends
//! give signs of life all the while, so that one who waits for its disk isn't taken for dead.

use crate::pipe::{PipeFault, RECORD_SPACE, Reader, Stop, Writer};
use bytes::Bytes;
use couplet::frame::{self, Frame, FrameDecoder, FrameError, HEADER_LEN};
use couplet::limits::{MAX_PIPE_BODY, SHELF_PULSE, SHELF_SILENCE_LIMIT, SHELF_STUCK_LIMIT};
use couplet::message::kind;
use couplet::shelf::message::steps;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

/// The largest body of a frame on such a connection.
pub const MAX_BODY: usize = MAX_PIPE_BODY + couplet::transfer::wire::MAX_JSON;

/// Records that wait on either side of the lane.
const WAITING: usize = 2;

/// Bytes read at once.
const READ: usize = 256 * 1024;

/// How long what is being written may take to its end once this end leaves; as it has to be before the
/// last words, which have a limit of their own.
const LEAVING: Duration = Duration::from_secs(1);

/// Why a lane came to its end before its last record.
#[derive(Debug, thiserror::Error)]
pub enum LaneFault {
    /// The connection was lost.
    #[error("the connection was lost ({0})")]
    Lost(#[from] io::Error),
    /// Nothing was heard for too long.
    #[error("nothing came from the other end for {} s", SHELF_SILENCE_LIMIT.as_secs())]
    Silent,
    /// The other end takes nothing.
    #[error("the other end took nothing for {} minutes", SHELF_STUCK_LIMIT.as_secs() / 60)]
    Stuck,
    /// What came is no frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A frame that has no place there.
    #[error("a frame of the kind {0:#04x} came in the middle of a transfer")]
    Kind(u8),
    /// The other end has something else to say, which ends it.
    #[error("the other end spoke in the middle of a transfer")]
    Said(Frame),
    /// This side leaves; the frame before was written to its end, so that words can follow.
    #[error("this end left in the middle of a transfer")]
    Left,
    /// It was stopped from this side.
    #[error("the transfer was stopped")]
    Stopped,
}

/// How the signs of life are timed; as the protocol has it but in tests.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// How often this end gives one.
    pub pulse: Duration,
    /// How long the other may give none.
    pub silence: Duration,
    /// How long it may take nothing.
    pub stuck: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { pulse: SHELF_PULSE, silence: SHELF_SILENCE_LIMIT, stuck: SHELF_STUCK_LIMIT }
    }
}

/// What the threads of a transfer have of a lane.
pub struct Ends {
    /// Where their records go in.
    pub writer: Box<dyn Writer>,
    /// Where the other side's come out.
    pub reader: Box<dyn Reader>,
    /// Ends the lane from elsewhere.
    pub stopper: Arc<dyn Stop>,
}

/// What the connection has of it.
#[derive(Debug)]
pub struct Lane {
    out: mpsc::Receiver<Record>,
    used: mpsc::Sender<Vec<u8>>,
    into: mpsc::Sender<Bytes>,
    stopper: Arc<Stopper>,
    timing: Timing,
}

#[derive(Debug)]
struct Record {
    /// [`RECORD_SPACE`], then the steps.
    bytes: Vec<u8>,
    is_last: bool,
}

#[derive(Debug, Default)]
struct Stopper {
    stopped: AtomicBool,
    wake: Notify,
}

impl Stop for Stopper {
    fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.wake.notify_one();
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }
}

/// A lane, for the threads and for the connection.
#[must_use]
pub fn lane(timing: Timing) -> (Ends, Lane) {
    let (out_in, out) = mpsc::channel(WAITING);
    let (used, used_out) = mpsc::channel(WAITING);
    let (into, into_out) = mpsc::channel(WAITING);
    let stopper = Arc::<Stopper>::default();
    let writer = LaneWriter { out: Some(out_in), used: used_out, stopper: Arc::clone(&stopper) };
    let reader = LaneReader {
        records: into_out,
        record: Bytes::new(),
        ended: false,
        stopper: Arc::clone(&stopper),
    };
    let ends = Ends {
        writer: Box::new(writer),
        reader: Box::new(reader),
        stopper: Arc::clone(&stopper) as Arc<dyn Stop>,
    };
    (ends, Lane { out, used, into, stopper, timing })
}

impl Lane {
    /// Carries records until each direction has had its last one. `decoder` has what was read of the
    /// connection and not used, and must take bodies of [`MAX_BODY`] bytes.
    ///
    /// # Errors
    /// [`LaneFault`]; the connection is of no use any more then. The threads hear of it in any case.
    pub async fn carry<S>(self, stream: &mut S, decoder: &mut FrameDecoder) -> Result<(), LaneFault>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.carry_until(std::future::pending(), stream, decoder).await
    }

    /// The same, and until `leaving` is ready: it is left between two frames then, with
    /// [`LaneFault::Left`], so that words can follow; or as if it were stopped, if that takes long.
    ///
    /// # Errors
    /// As above.
    pub async fn carry_until<S>(
        self,
        leaving: impl Future<Output = ()>,
        stream: &mut S,
        decoder: &mut FrameDecoder,
    ) -> Result<(), LaneFault>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Self { out, used, into, stopper, timing } = self;
        let (reading, writing) = tokio::io::split(stream);
        let (leave, all_written) = (Notify::new(), AtomicBool::new(false));
        let there = async {
            write(writing, out, used, timing, &leave).await?;
            all_written.store(true, Ordering::Relaxed);
            Ok(())
        };
        let left = async {
            leaving.await;
            if all_written.load(Ordering::Relaxed) {
                return LaneFault::Left;
            }
            leave.notify_one();
            tokio::time::sleep(LEAVING).await;
            LaneFault::Stopped
        };
        let back = read(reading, decoder, into, timing);
        let stopped = async {
            while !stopper.is_stopped() {
                stopper.wake.notified().await;
            }
        };
        tokio::select! {
            biased;
            () = stopped => Err(LaneFault::Stopped),
            result = async { tokio::try_join!(there, back) } => result.map(|_| ()),
            fault = left => Err(fault),
        }
    }
}

async fn write<S: AsyncWrite>(
    mut stream: WriteHalf<S>,
    mut out: mpsc::Receiver<Record>,
    used: mpsc::Sender<Vec<u8>>,
    timing: Timing,
    leave: &Notify,
) -> Result<(), LaneFault> {
    loop {
        let record = tokio::select! {
            biased;
            () = leave.notified() => return Err(LaneFault::Left),
            record = timeout(timing.pulse, out.recv()) => record,
        };
        let record = match record {
            Ok(Some(record)) => record,
            // Whoever wrote has nothing more to say.
            Ok(None) => Record { bytes: vec![0; RECORD_SPACE], is_last: true },
            Err(_) => Record { bytes: vec![0; RECORD_SPACE], is_last: false },
        };
        let Record { mut bytes, is_last } = record;
        let kind = if is_last { steps::LAST } else { steps::STEPS };
        let start = RECORD_SPACE - HEADER_LEN;
        let header = frame::header(kind, bytes.len() - RECORD_SPACE);
        bytes[start..RECORD_SPACE].copy_from_slice(&header);
        let mut rest = &bytes[start..];
        while !rest.is_empty() {
            match timeout(timing.stuck, stream.write(rest)).await {
                Ok(Ok(0)) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Ok(len) => rest = &rest[len?..],
                Err(_) => return Err(LaneFault::Stuck),
            }
        }
        timeout(timing.stuck, stream.flush()).await.map_err(|_| LaneFault::Stuck)??;
        // Whether or not anybody takes it to use it again.
        let _ = used.try_send(bytes);
        if is_last {
            return Ok(());
        }
    }
}

async fn read<S: AsyncRead>(
    mut stream: ReadHalf<S>,
    decoder: &mut FrameDecoder,
    into: mpsc::Sender<Bytes>,
    timing: Timing,
) -> Result<(), LaneFault> {
    let mut scratch = vec![0; READ];
    loop {
        while let Some(frame) = decoder.poll_frame()? {
            let is_last = match frame.kind {
                steps::STEPS => false,
                steps::LAST => true,
                kind::CONTROL => return Err(LaneFault::Said(frame)),
                kind => return Err(LaneFault::Kind(kind)),
            };
            // Who doesn't listen any more needn't; the rest is read all the same.
            let _ = into.send(frame.body).await;
            if is_last {
                return Ok(());
            }
        }
        match timeout(timing.silence, stream.read(&mut scratch)).await {
            Ok(Ok(0)) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok(len) => decoder.push(&scratch[..len?]),
            Err(_) => return Err(LaneFault::Silent),
        }
    }
}

struct LaneWriter {
    /// None once nothing more is written.
    out: Option<mpsc::Sender<Record>>,
    used: mpsc::Receiver<Vec<u8>>,
    stopper: Arc<Stopper>,
}

impl Writer for LaneWriter {
    fn write(&mut self, is_final: bool, record: &mut Vec<u8>) -> io::Result<()> {
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        let out = self.out.as_ref().ok_or_else(broken)?;
        let bytes = std::mem::replace(record, self.used.try_recv().unwrap_or_default());
        out.blocking_send(Record { bytes, is_last: is_final }).map_err(|_| broken())?;
        if is_final {
            self.out = None;
        }
        Ok(())
    }

    /// The last record says so.
    fn finish(&self) {}

    fn abort(&self) {
        self.stopper.stop();
    }

    /// Dropping it says so.
    fn hang_up(&self) {}
}

struct LaneReader {
    records: mpsc::Receiver<Bytes>,
    record: Bytes,
    /// Whether there are no more.
    ended: bool,
    stopper: Arc<Stopper>,
}

impl Reader for LaneReader {
    fn read(&mut self) -> Result<&[u8], PipeFault> {
        let Some(record) = self.records.blocking_recv() else {
            self.ended = true;
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        };
        self.record = record;
        Ok(&self.record)
    }

    fn stop(&self) {
        // Behind the last record this direction is over, and the other may not be.
        if !self.ended {
            self.stopper.stop();
        }
    }
}

#[cfg(test)]
#[path = "lane_tests.rs"]
mod tests;
