//! The connection of a visit: words one way and the other, and transfers in between.
//!
//! Owns connecting, reading and writing; when to do which is the visit's.

use super::super::closing::Closing;
use super::super::connection::{Wire, open};
use super::super::tls::{Fault, Trust};
use super::Options;
use super::moving::Work;
use bytes::BytesMut;
use couplet::frame::{self, FrameDecoder};
use couplet::message::{ClientControl, ClientToRelay};
use couplet::shelf::message::{ClientToShelf, ShelfToClient};
use couplet_files::lane::{self, LaneFault, MAX_BODY, Timing};
use futures::future::BoxFuture;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;

/// Bytes read at once between transfers.
const READ: usize = 4 * 1024;

/// What has happened on the connection.
#[derive(Debug)]
pub(super) enum Happening {
    /// It is there.
    Connected {
        /// Whether a password may go over it.
        secure: bool,
        /// For the user.
        notice: Option<String>,
    },
    /// It can't be made: what is wrong and what to do.
    ConnectFailed(String),
    /// What answers can't be trusted to be the relay.
    Distrusted(String),
    /// It is gone.
    Lost,
    /// What came isn't the protocol.
    Garbage(String),
    /// The relay says something.
    Message(ShelfToClient),
    /// A transfer is over, and its threads are through.
    Carried(Result<(), Cut>),
}

/// Why a transfer has the connection no more, and nobody else has.
#[derive(Debug)]
pub(super) enum Cut {
    /// It is gone, for this reason.
    Lost(String),
    /// The relay has said something else in the middle.
    Said(ShelfToClient),
}

pub(super) struct Link {
    trust: Arc<Trust>,
    state: State,
    /// Encoded and not yet written.
    out: BytesMut,
    closing: Closing,
}

enum State {
    Idle,
    Connecting(BoxFuture<'static, Result<Made, Fault>>),
    Open(Open),
    Moving(BoxFuture<'static, Result<Open, Cut>>),
}

/// A connection that was just made.
struct Made {
    open: Open,
    secure: bool,
    notice: Option<String>,
}

struct Open {
    stream: Box<dyn Wire>,
    decoder: FrameDecoder,
}

impl Link {
    pub(super) fn new(options: &Options) -> Self {
        let Options { relay, tls, known_relays, .. } = options.clone();
        let trust = Arc::new(Trust::new(relay, tls, known_relays));
        Self { trust, state: State::Idle, out: BytesMut::new(), closing: Closing::default() }
    }

    /// Begins to connect; an old connection is dropped.
    pub(super) fn connect(&mut self) {
        self.out.clear();
        let trust = Arc::clone(&self.trust);
        self.state = State::Connecting(Box::pin(async move {
            let opened = open(trust).await?;
            let secure = opened.is_tls || opened.address.ip().to_canonical().is_loopback();
            let decoder = FrameDecoder::new(MAX_BODY);
            let open = Open { stream: opened.stream, decoder };
            Ok(Made { open, secure, notice: opened.notice })
        }));
    }

    /// Closes the connection once all is written.
    pub(super) fn disconnect(&mut self) {
        if let State::Open(open) = std::mem::replace(&mut self.state, State::Idle) {
            self.closing.begin(open.stream, std::mem::take(&mut self.out));
        }
    }

    /// The same, and waits for it.
    pub(super) async fn finish(&mut self) {
        if let State::Moving(carrying) = &mut self.state {
            // The threads put away what they have begun.
            let _ = tokio::time::timeout(couplet::limits::FLUSH_LIMIT, carrying).await;
            self.state = State::Idle;
        }
        self.disconnect();
        self.closing.done().await;
    }

    /// Queues a message; without a connection it goes nowhere, and the visit knows.
    pub(super) fn transmit(&mut self, message: &ClientToShelf) {
        message.encode(&mut self.out);
    }

    /// Gives the connection to a transfer until it is over.
    pub(super) fn carry(&mut self, work: Work) {
        let State::Open(mut open) = std::mem::replace(&mut self.state, State::Idle) else { return };
        let out = std::mem::take(&mut self.out);
        let (ends, lane) = lane::lane(Timing::default());
        work.note(&ends.stopper);
        self.state = State::Moving(Box::pin(async move {
            let (through, is_through) = oneshot::channel::<()>();
            let run = move || {
                work.run(ends);
                drop(through);
            };
            std::thread::Builder::new()
                .name("couplet-shelf".to_owned())
                .spawn(run)
                .map_err(|error| Cut::Lost(format!("no thread could be started ({error})")))?;
            let carried = async {
                open.stream.write_all(&out).await?;
                lane.carry(&mut open.stream, &mut open.decoder).await
            }
            .await;
            // Nothing is at the files any more when this is over.
            let _ = is_through.await;
            carried.map(|()| open).map_err(cut)
        }));
    }

    /// What happens next; what is queued is written first. Dropping the future loses nothing that has
    /// come, and nothing that was queued.
    pub(super) async fn next(&mut self) -> Happening {
        match &mut self.state {
            State::Idle => std::future::pending().await,
            State::Connecting(connecting) => {
                let connected = connecting.await;
                self.connected(connected)
            }
            State::Moving(carrying) => match carrying.await {
                Ok(open) => {
                    self.state = State::Open(open);
                    Happening::Carried(Ok(()))
                }
                Err(cut) => {
                    self.state = State::Idle;
                    Happening::Carried(Err(cut))
                }
            },
            State::Open(open) => {
                let happening = talk(open, &mut self.out).await;
                if matches!(happening, Happening::Lost | Happening::Garbage(_)) {
                    self.state = State::Idle;
                }
                happening
            }
        }
    }

    fn connected(&mut self, connected: Result<Made, Fault>) -> Happening {
        match connected {
            Ok(Made { open, secure, notice }) => {
                self.out.extend_from_slice(&frame::opening());
                ClientToRelay::Control(ClientControl::OpenShelf).encode(&mut self.out);
                self.state = State::Open(open);
                Happening::Connected { secure, notice }
            }
            Err(fault) => {
                self.state = State::Idle;
                match fault {
                    Fault::Failed(text) => Happening::ConnectFailed(text),
                    Fault::Distrusted(text) => Happening::Distrusted(text),
                }
            }
        }
    }
}

/// What a lane that came to nothing means.
#[expect(clippy::wildcard_enum_match_arm, reason = "all others say it themselves")]
fn cut(fault: LaneFault) -> Cut {
    match fault {
        LaneFault::Said(frame) => match ShelfToClient::decode(&frame) {
            Ok(message) => Cut::Said(message),
            Err(error) => Cut::Lost(error.to_string()),
        },
        // What the system calls it says no more.
        LaneFault::Lost(_) => Cut::Lost("the relay is gone".to_owned()),
        fault => Cut::Lost(fault.to_string()),
    }
}

async fn talk(open: &mut Open, out: &mut BytesMut) -> Happening {
    while !out.is_empty() {
        // What was written is gone from the queue, so that nothing goes twice.
        if open.stream.write_buf(out).await.is_err() {
            return Happening::Lost;
        }
    }
    if open.stream.flush().await.is_err() {
        return Happening::Lost;
    }
    let mut scratch = [0; READ];
    loop {
        match open.decoder.poll_frame() {
            Ok(Some(frame)) => {
                return ShelfToClient::decode(&frame).map_or_else(
                    |error| Happening::Garbage(error.to_string()),
                    Happening::Message,
                );
            }
            Ok(None) => {}
            Err(error) => {
                let text = format!("that isn't a couplet relay: {error}");
                return Happening::Garbage(text);
            }
        }
        match open.stream.read(&mut scratch).await {
            Ok(0) | Err(_) => return Happening::Lost,
            Ok(count) => open.decoder.push(&scratch[..count]),
        }
    }
}
