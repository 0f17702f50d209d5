//! One end of a pipe: a blocking socket through the relay to the peer.
//!
//! Owns opening it and ending it from outside; what goes through is that of
//! [`couplet_files::sending`] and [`couplet_files::receiving`]. Pipes are blocking and have threads of their own: bulk bytes then cost
//! one system call a MiB, and never share a queue with words. Everything that goes through is a
//! sealed record, which is opened in the memory it was read into.

use crate::clock;
use bytes::BytesMut;
use couplet::frame::{self, Frame, HEADER_LEN};
use couplet::limits;
use couplet::message::{ClientControl, ClientToRelay, RelayControl, RelayToClient, Token};
use couplet::seal::{PipeKeys, RECORD_HEAD_LEN, RecordError, RecordOpener, RecordSealer, SALT_LEN};
use couplet::text;
use couplet_files::pipe::{self, PipeFault, Stop};
use rustix::io::Errno;
use rustix::net::{self, RecvFlags, sockopt};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

// The space that is left before the steps is what a seal needs.
const _: () = assert!(RECORD_HEAD_LEN == pipe::RECORD_SPACE);

/// How long the relay may take to take the connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// How long the last words may take in all.
pub(super) const HANG_UP_LIMIT: Duration = Duration::from_secs(10);

/// Ends a pipe from another thread, now or as soon as it is there.
#[derive(Debug, Default)]
pub(super) struct Stopper {
    stopped: AtomicBool,
    stream: Mutex<Option<TcpStream>>,
}

impl Stop for Stopper {
    fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        let stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stream) = &*stream {
            // It may be closed already; then there is nothing to end.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }
}

impl Stopper {
    fn watch(&self, stream: &TcpStream) -> io::Result<()> {
        *self.stream.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream.try_clone()?);
        if self.is_stopped() { stream.shutdown(Shutdown::Both) } else { Ok(()) }
    }
}

/// Where a pipe is opened, with what right, and with which keys.
#[derive(Debug)]
pub(super) struct PipeEnd {
    pub(super) relay: SocketAddr,
    pub(super) token: Token,
    pub(super) keys: PipeKeys,
}

/// What leaves through a pipe.
#[derive(Debug)]
pub(super) struct Writer {
    stream: TcpStream,
    sealer: RecordSealer,
}

impl pipe::Writer for Writer {
    fn write(&mut self, is_final: bool, record: &mut Vec<u8>) -> io::Result<()> {
        self.sealer.seal(is_final, record);
        self.stream.write_all(record)
    }

    fn finish(&self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    fn abort(&self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    fn hang_up(&self) {
        hang_up(&self.stream);
    }
}

/// What comes out of a pipe.
#[derive(Debug)]
pub(super) struct Reader {
    stream: TcpStream,
    opener: RecordOpener,
    record: Vec<u8>,
}

impl pipe::Reader for Reader {
    fn stop(&self) {
        // It may be closed already; then there is nothing to end.
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    fn read(&mut self) -> Result<&[u8], PipeFault> {
        let mut head = [0; 4];
        self.fill(&mut head)?;
        let len = RecordOpener::read_length(head).map_err(fault)?;
        let mut record = std::mem::take(&mut self.record);
        record.resize(len, 0);
        let filled = self.fill(&mut record);
        self.record = record;
        filled?;
        self.opener.open(&mut self.record).map(|steps| &*steps).map_err(fault)
    }
}

impl Reader {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), PipeFault> {
        read_whole(&self.stream, buffer).map_err(|error| {
            // The end of the stream is the end of the pipe only if the other side has said so.
            if error.kind() == io::ErrorKind::UnexpectedEof
                && let Err(cut_off) = self.opener.end()
            {
                return fault(cut_off);
            }
            error.into()
        })
    }
}

/// A pipe that is cut off is only broken, whoever did it: another goes on.
fn fault(error: RecordError) -> PipeFault {
    match error {
        RecordError::CutOff => io::Error::new(io::ErrorKind::UnexpectedEof, error).into(),
        RecordError::Length(_)
        | RecordError::Spliced
        | RecordError::OutOfOrder { .. }
        | RecordError::Replayed(_)
        | RecordError::Altered(_)
        | RecordError::AfterFinal => PipeFault::Untrusted(error.to_string()),
    }
}

/// Fills the buffer, asking the system to wait until all of it is there: woken once for a record
/// rather than for each piece that comes, which costs more than opening the record.
fn read_whole(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    while filled < buffer.len() {
        match net::recv(stream, &mut buffer[filled..], RecvFlags::WAITALL) {
            Ok((0, _)) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok((len, _)) => filled += len,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Opens one end of a pipe and waits for the other.
///
/// # Errors
/// What is wrong and what to do.
pub(super) fn open(end: PipeEnd, stopper: &Stopper) -> Result<(Writer, Reader), String> {
    let PipeEnd { relay, token, keys } = end;
    let broken = |error: io::Error| {
        format!("the connection for the file can't be made ({error}); offer it again")
    };
    let mut stream = TcpStream::connect_timeout(&relay, CONNECT_LIMIT).map_err(broken)?;
    stopper.watch(&stream).map_err(broken)?;
    stream.set_nodelay(true).map_err(broken)?;
    keep_alive(&stream).map_err(broken)?;
    let mut out = BytesMut::new();
    out.extend_from_slice(&frame::opening());
    ClientToRelay::Control(ClientControl::OpenPipe { token }).encode(&mut out);
    stream.write_all(&out).map_err(broken)?;
    // The relay ends the wait before this does, and says why.
    let patience = limits::PIPE_LIMIT + CONNECT_LIMIT;
    stream.set_read_timeout(Some(patience)).map_err(broken)?;
    let mut body = Vec::new();
    let kind = read_frame(&mut stream, limits::MAX_CONTROL_BODY, &mut body).map_err(broken)?;
    let answer = RelayToClient::decode(Frame { kind, body: body.into() })
        .map_err(|error| error.to_string())?;
    match answer {
        RelayToClient::Control(RelayControl::Joined) => {
            let mut salt = [0; SALT_LEN];
            stream.write_all(&keys.salt()).map_err(broken)?;
            stream.read_exact(&mut salt).map_err(broken)?;
            stream.set_read_timeout(None).map_err(broken)?;
            let (sealer, opener) = keys.open(&salt);
            let reader = stream.try_clone().map_err(broken)?;
            let reader = Reader { stream: reader, opener, record: Vec::new() };
            Ok((Writer { stream, sealer }, reader))
        }
        RelayToClient::Control(RelayControl::Error { text, .. }) => {
            Err(text::line(&text, limits::MAX_REASON_COLUMNS))
        }
        RelayToClient::Control(_)
        | RelayToClient::Message { .. }
        | RelayToClient::Signal { .. } => {
            Err("the relay didn't open the pipe; offer the file again".to_owned())
        }
    }
}

/// Ends a pipe so that the last words in both directions arrive: closing a socket with unread bytes
/// in it would throw away what was written to it last.
fn hang_up(mut stream: &TcpStream) {
    let mut scratch = vec![0; 64 * 1024];
    let end = stream
        .shutdown(Shutdown::Write)
        .and_then(|()| stream.set_read_timeout(Some(limits::FLUSH_LIMIT)));
    if end.is_err() {
        return;
    }
    // Bounded by what a sender may have on its way when it is refused, and in time.
    let mut left = usize::try_from(limits::MAX_WINDOW).unwrap_or(usize::MAX);
    let start = clock::now();
    while let Ok(len @ 1..) = stream.read(&mut scratch) {
        left = left.saturating_sub(len);
        if left == 0 || clock::now().since(start) >= HANG_UP_LIMIT {
            return;
        }
    }
}

/// Lets the system ask a silent other side whether it is there: nobody pings on a pipe, and a relay
/// whose machine is gone would be waited for for ever. It is taken for gone after some ten seconds,
/// and so is one that doesn't confirm what is written.
fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    #[cfg(target_os = "linux")]
    {
        sockopt::set_tcp_keepidle(stream, Duration::from_secs(4))?;
        sockopt::set_tcp_keepintvl(stream, Duration::from_secs(2))?;
        sockopt::set_tcp_keepcnt(stream, 3)?;
        sockopt::set_tcp_user_timeout(stream, 10_000)?;
    }
    Ok(())
}

/// Reads one frame of the relay's into `body`; gives its kind.
///
/// # Errors
/// Those of the stream, and `InvalidData` for a frame that is empty or too long.
fn read_frame(stream: &mut impl Read, max_body: usize, body: &mut Vec<u8>) -> io::Result<u8> {
    let mut header = [0; HEADER_LEN];
    stream.read_exact(&mut header)?;
    let (kind, len) = frame::read_header(header, max_body).map_err(io::Error::other)?;
    body.resize(len, 0);
    stream.read_exact(body)?;
    Ok(kind)
}
