//! Uploading files in chunks over ZeroMQ, to this relay's door or to anybody's server.
//!
//! Owns the connection and the reading of the files; what goes when is decided by the core's
//! [`Uploader`], and the wire is the core's [`Connection`]. Nothing here is sealed: whoever runs the
//! server, or sits on the way to it, can read the files.

mod source;

use crate::clock;
use bytes::{Buf as _, BytesMut};
use couplet::path::{NameError, SafeName};
use couplet::text;
use couplet::time::Moment;
use couplet::upload::{Options, UploadError, Uploader, UploaderTask};
use couplet::zmtp::{Connection, Endpoint, Incoming, ZmtpError};
use source::Source;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long connecting and the handshake may take, each; the text of [`PutError::Mute`] says it.
const LIMIT: Duration = Duration::from_secs(10);

/// Bytes read at once; only replies come.
const READ_BYTES: usize = 16 * 1024;

/// What is told on the way.
#[derive(Debug)]
pub enum Progress<'a> {
    /// A file begins.
    Begins {
        /// Which.
        path: &'a Path,
        /// The name that it is to have.
        name: &'a SafeName,
        /// How many bytes it has.
        size: u64,
    },
    /// The server has taken so many bytes of it.
    Taken {
        /// Which.
        path: &'a Path,
        /// How many.
        bytes: u64,
        /// Of how many.
        size: u64,
    },
    /// A file is there, or isn't.
    Ended {
        /// Which.
        path: &'a Path,
        /// Its size, or why not.
        result: &'a Result<u64, PutError>,
    },
}

/// How it went with one file.
#[derive(Debug)]
pub struct Put {
    /// Which.
    pub path: PathBuf,
    /// Its size, or why it isn't there.
    pub result: Result<u64, PutError>,
}

/// Why a file isn't there. Each says what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// Nobody listens there.
    #[error(
        "can't connect to {endpoint}: {source}; is the server running, and is that its address?"
    )]
    Connect {
        /// Where.
        endpoint: Endpoint,
        /// What the system says.
        source: io::Error,
    },
    /// It isn't a ZeroMQ server for this.
    #[error("{endpoint} is no server for uploads over ZeroMQ: {source}")]
    Protocol {
        /// Where.
        endpoint: Endpoint,
        /// What is wrong.
        source: ZmtpError,
    },
    /// It says nothing.
    #[error(
        "{0} took the connection and said nothing for 10 s; either it is no ZeroMQ server, or it serves as many as it may: try again later"
    )]
    Mute(Endpoint),
    /// The connection broke.
    #[error(
        "the connection to {0} was lost; look whether the server runs, and send the file again"
    )]
    Lost(Endpoint),
    /// The file has a name that no server should take.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The file can't be sent.
    #[error("{path} can't be sent: {why}")]
    File {
        /// Which, fit to be shown.
        path: String,
        /// Why.
        why: String,
    },
    /// The server, or the file, gave trouble on the way.
    #[error(transparent)]
    Upload(#[from] UploadError),
}

/// Uploads files, one after the other, each under its own name. A file that fails doesn't keep the
/// others from going. The answer has one entry a file, in order.
///
/// # Errors
/// If there is no server; then nothing was sent.
pub async fn put(
    paths: &[PathBuf],
    endpoint: &Endpoint,
    options: Options,
    mut report: impl FnMut(Progress<'_>),
) -> Result<Vec<Put>, PutError> {
    let mut link = Some(Link::connect(endpoint).await?);
    let mut all = Vec::with_capacity(paths.len());
    for path in paths {
        let result = put_one(path, endpoint, options, &mut link, &mut report).await;
        report(Progress::Ended { path, result: &result });
        all.push(Put { path: path.clone(), result });
    }
    Ok(all)
}

async fn put_one(
    path: &Path,
    endpoint: &Endpoint,
    options: Options,
    kept: &mut Option<Link>,
    report: &mut impl FnMut(Progress<'_>),
) -> Result<u64, PutError> {
    let source = Source::open(path).await?;
    let size = source.size();
    report(Progress::Begins { path, name: source.name(), size });
    // Replies that a file left behind would be taken for the next one's.
    let mut link = match kept.take() {
        Some(link) => link,
        None => Link::connect(endpoint).await?,
    };
    let mut uploader = Uploader::new(source.name().clone(), size, options, clock::now());
    link.run(&mut uploader, source, |bytes| report(Progress::Taken { path, bytes, size })).await?;
    if uploader.owed() == 0 {
        *kept = Some(link);
    }
    match uploader.outcome() {
        Some(Ok(())) => Ok(size),
        Some(Err(error)) => Err(error.clone().into()),
        None => Err(PutError::Lost(endpoint.clone())),
    }
}

/// A connection to the server.
struct Link {
    endpoint: Endpoint,
    stream: TcpStream,
    connection: Connection,
    out: BytesMut,
}

impl Link {
    async fn connect(endpoint: &Endpoint) -> Result<Self, PutError> {
        let failed = |source| PutError::Connect { endpoint: endpoint.clone(), source };
        let connect = TcpStream::connect(endpoint.address());
        let stream = match tokio::time::timeout(LIMIT, connect).await {
            Ok(stream) => stream.map_err(failed)?,
            Err(_) => return Err(failed(io::ErrorKind::TimedOut.into())),
        };
        stream.set_nodelay(true).map_err(failed)?;
        let connection = Connection::dealer(b"");
        let mut link =
            Self { endpoint: endpoint.clone(), stream, connection, out: BytesMut::new() };
        match tokio::time::timeout(LIMIT, link.shake_hands()).await {
            Ok(result) => result.map(|()| link),
            Err(_) => Err(PutError::Mute(endpoint.clone())),
        }
    }

    async fn shake_hands(&mut self) -> Result<(), PutError> {
        let mut buffer = vec![0; READ_BYTES];
        while !self.connection.is_ready() {
            let out = self.connection.take_output();
            let lost = |_| PutError::Lost(self.endpoint.clone());
            self.stream.write_all(&out).await.map_err(lost)?;
            if self.connection.is_ready() {
                break;
            }
            let count = self.stream.read(&mut buffer).await.map_err(lost)?;
            if count == 0 {
                return Err(PutError::Lost(self.endpoint.clone()));
            }
            self.connection.handle_bytes(&buffer[..count]);
            self.next()?;
        }
        Ok(())
    }

    /// What came next, if it is whole.
    fn next(&mut self) -> Result<Option<Incoming>, PutError> {
        let endpoint = self.endpoint.clone();
        self.connection.poll_incoming().map_err(|source| PutError::Protocol { endpoint, source })
    }

    /// Runs one upload to its end.
    async fn run(
        &mut self,
        uploader: &mut Uploader,
        mut source: Source,
        mut taken: impl FnMut(u64),
    ) -> Result<(), PutError> {
        let mut buffer = vec![0; READ_BYTES];
        let mut told = 0;
        loop {
            self.digest(uploader, &mut source)?;
            if uploader.taken() != told {
                told = uploader.taken();
                taken(told);
            }
            if uploader.outcome().is_some() {
                return Ok(());
            }
            let lost = || PutError::Lost(self.endpoint.clone());
            let (mut reader, mut writer) = self.stream.split();
            tokio::select! {
                count = reader.read(&mut buffer) => match count {
                    Ok(0) | Err(_) => return Err(lost()),
                    Ok(count) => self.connection.handle_bytes(&buffer[..count]),
                },
                written = writer.write(&self.out), if !self.out.is_empty() => match written {
                    Ok(0) | Err(_) => return Err(lost()),
                    Ok(count) => self.out.advance(count),
                },
                (offset, data) = source.next_read() => {
                    uploader.handle_read(offset, data, clock::now());
                }
                () = wait_until(uploader.poll_timeout()) => uploader.handle_timeout(clock::now()),
            }
        }
    }

    /// Lets the machines go on until they need something.
    fn digest(&mut self, uploader: &mut Uploader, source: &mut Source) -> Result<(), PutError> {
        let now = clock::now();
        loop {
            while let Some(task) = uploader.poll_task(now) {
                match task {
                    UploaderTask::Send(frames) => {
                        let frames: Vec<&[u8]> = frames.iter().map(|frame| &frame[..]).collect();
                        self.connection.send(&frames);
                    }
                    UploaderTask::Read { offset, len } => source.read(offset, len),
                }
            }
            self.out.unsplit(self.connection.take_output());
            match self.next()? {
                None => break,
                Some(Incoming::Message(frames)) => uploader.handle_message(&frames, now),
                Some(Incoming::Refused { .. } | Incoming::Ready(_)) => {
                    uploader.handle_message(&[], now);
                }
            }
        }
        self.out.unsplit(self.connection.take_output());
        Ok(())
    }
}

async fn wait_until(moment: Option<Moment>) {
    match moment {
        Some(moment) => tokio::time::sleep(moment.since(clock::now())).await,
        None => std::future::pending().await,
    }
}

/// A path as it may be shown.
fn shown(path: &Path) -> String {
    text::line(&path.to_string_lossy(), 80)
}
