//! One connection from its first byte to its last.
//!
//! Owns the way from the opening bytes to a seat or a pipe, and what each message of a seated client
//! does. It doesn't know turns (the core's room) or how bytes move (`line`, `pipe`).
//!
//! ```text
//! client                         relay
//!    │── "couplet" version ──────>│   within the handshake limit,
//!    │── hello ──────────────────>│   or else a typed error
//!    │<─ welcome, … ──────────────│   from here on `converse`
//!    │
//!    │── "couplet" version ──────>│
//!    │── open pipe, bytes … ─────>│   from here on `pipe`
//! ```

use crate::gate::Visit;
use crate::line::{End, Event, Line, farewell, poll_push};
use crate::outbox::{Close, Outbox};
use crate::pipe::{self, Wire};
use crate::refusal::Refusal;
use crate::relay::Relay;
use crate::rooms::{Place, Wanted};
use couplet::frame::{self, Frame, FrameDecoder, OPENING_LEN};
use couplet::limits::{MAX_CONTROL_BODY, MAX_OPAQUE};
use couplet::message::{
    ClientControl, ClientToRelay, ErrorCode, RelayControl, RelayToClient, Token,
};
use couplet::time::Moment;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::OwnedSemaphorePermit;
use tracing::info;

/// A connection that has just come in.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// Its number at this relay, for logs.
    pub(crate) number: u64,
    /// Where it comes from.
    pub(crate) from: SocketAddr,
    /// Its count at the gate, kept as long as it is here.
    pub(crate) visit: Visit,
    /// Its place among those that haven't said what they want.
    pub(crate) handshake: OwnedSemaphorePermit,
    /// When it must have said what it wants.
    pub(crate) by: Moment,
}

/// Serves one connection until it ends.
pub(crate) async fn serve<S>(mut stream: S, arrival: Arrival, relay: Arc<Relay>)
where
    S: Wire + 'static,
{
    let Arrival { number, from, visit, handshake, by } = arrival;
    // What is only needed for a while is boxed, so that an idle client's task stays small.
    let wish = Box::pin(hear_wish(&mut stream, by, &relay)).await;
    drop(handshake);
    let refusal = match wish {
        Ok((Wish::Seat { room, token }, decoder)) => {
            match take_seat(room, token, from.ip(), &relay) {
                Ok(seated) => {
                    let Seated { place, outbox, permit } = seated;
                    info!(client = number, %from, room = %place.room(), seat = %place.seat(), "joined");
                    let line = Line::new(stream, decoder, outbox, relay.clock, &relay.timeouts);
                    converse(line, place, permit, number, &relay).await;
                    drop(visit);
                    return;
                }
                Err(refusal) => refusal,
            }
        }
        Ok((Wish::Pipe(token), decoder)) => {
            let end = pipe::End::new(stream, decoder.into_rest(), visit);
            return Box::pin(pipe::serve(end, token, number, &relay)).await;
        }
        Err(refusal) => refusal,
    };
    info!(client = number, %from, why = %refusal, "refused");
    Box::pin(farewell(stream, refusal.words(), relay.timeouts.flush)).await;
}

/// What a connection is for.
enum Wish {
    Seat { room: Wanted, token: Option<Token> },
    Pipe(Token),
}

/// A client with a seat.
struct Seated {
    place: Place,
    outbox: Arc<Outbox>,
    permit: Option<OwnedSemaphorePermit>,
}

async fn hear_wish<S: AsyncRead + Unpin>(
    stream: &mut S,
    by: Moment,
    relay: &Relay,
) -> Result<(Wish, FrameDecoder), Refusal> {
    tokio::select! {
        biased;
        () = relay.ending.cancelled() => Err(Refusal::Shutdown),
        wish = tokio::time::timeout_at(relay.clock.at(by), read_wish(stream)) => {
            wish.unwrap_or_else(|_| Err(Refusal::of(ErrorCode::HandshakeTimeout)))
        }
    }
}

async fn read_wish<S: AsyncRead + Unpin>(stream: &mut S) -> Result<(Wish, FrameDecoder), Refusal> {
    let mut opening = [0; OPENING_LEN];
    let mut have = 0;
    // A wrong first byte is answered at once, however few follow it.
    while frame::read_opening(&opening[..have])?.is_none() {
        match stream.read(&mut opening[have..]).await {
            Ok(0) | Err(_) => return Err(Refusal::Gone),
            Ok(count) => have += count,
        }
    }
    let mut decoder = FrameDecoder::new(MAX_CONTROL_BODY);
    let frame = loop {
        if let Some(frame) = decoder.poll_frame()? {
            break frame;
        }
        match poll_fn(|cx| poll_push(stream, &mut decoder, cx)).await {
            Ok(0) | Err(_) => return Err(Refusal::Gone),
            Ok(_) => {}
        }
    };
    let wish = match ClientToRelay::decode(frame)? {
        ClientToRelay::Control(ClientControl::Hello { room, new_room, seat }) => {
            let room = match room {
                Some(name) => Wanted::Named(name),
                None if new_room => Wanted::New,
                None => Wanted::Any,
            };
            Wish::Seat { room, token: seat }
        }
        ClientToRelay::Control(ClientControl::OpenPipe { token }) => Wish::Pipe(token),
        ClientToRelay::Control(
            ClientControl::Pass
            | ClientControl::RequestPipe { .. }
            | ClientControl::PairingFailed { .. }
            | ClientControl::Fin
            | ClientControl::Ping,
        )
        | ClientToRelay::Say { .. }
        | ClientToRelay::Signal { .. } => return Err(Refusal::of(ErrorCode::Unexpected)),
    };
    Ok((wish, decoder))
}

fn take_seat(
    room: Wanted,
    token: Option<Token>,
    from: IpAddr,
    relay: &Relay,
) -> Result<Seated, Refusal> {
    let permit = relay.gate.admit();
    let outbox = Arc::new(Outbox::default());
    let (place, permit) = match (token, permit) {
        // Whoever has a seat already was let in once; at worst both of its connections are here
        // until the old one is noticed to be dead.
        (Some(token), permit) => (relay.rooms.come_back(token, from, &outbox)?, permit.ok()),
        (None, Ok(permit)) => (relay.rooms.join(room, from, &outbox)?, Some(permit)),
        (None, Err(full)) => return Err(Refusal::new(ErrorCode::RelayFull, full)),
    };
    Ok(Seated { place, outbox, permit })
}

/// Carries out what a seated client says until its line ends.
async fn converse<S>(
    mut line: Line<S>,
    place: Place,
    permit: Option<OwnedSemaphorePermit>,
    number: u64,
    relay: &Relay,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let end = loop {
        match poll_fn(|cx| line.poll_event(cx)).await {
            Event::Frame(frame) => match handle(frame, &place) {
                Ok(Some(full)) => line.hold_until_room(full),
                Ok(None) => line.let_peer_go_first(),
                Err(refusal) => break Err(refusal),
            },
            Event::End(End::Malformed(error)) => break Err(error.into()),
            Event::End(end) => break Ok(end),
        }
    };
    let (room, seat) = (place.room(), place.seat());
    let last_words = match &end {
        Err(refusal) => Some(refusal.clone()),
        Ok(End::Stuck) => Some(Refusal::of(ErrorCode::Stuck)),
        Ok(End::Closed(_) | End::Lost | End::Silent | End::Malformed(_)) => None,
    };
    if let Some(Refusal::Error { code, text }) = last_words {
        place.tell(&RelayToClient::Control(RelayControl::Error { code, text }));
    }
    // The peer is told before this client's last bytes are waited for.
    drop((place, permit));
    let somebody_is_there = end != Ok(End::Lost);
    let why = match end {
        Ok(End::Closed(Close::Exit(reason))) => format!("{reason:?}").to_lowercase(),
        Ok(end) => format!("{end:?}").to_lowercase(),
        Err(refusal) => refusal.to_string(),
    };
    info!(client = number, %room, %seat, why, "left");
    if somebody_is_there {
        Box::pin(line.close(relay.timeouts.flush)).await;
    }
}

/// Does what one frame asks for. Returns the peer's queue if it is over its limit.
fn handle(frame: Frame, place: &Place) -> Result<Option<Arc<Outbox>>, Refusal> {
    let full = match ClientToRelay::decode(frame)? {
        ClientToRelay::Say { body, .. } | ClientToRelay::Signal { body, .. }
            if body.len() > MAX_OPAQUE =>
        {
            return Err(Refusal::new(
                ErrorCode::Malformed,
                format_args!("a body has {} bytes; at most {MAX_OPAQUE} may be said", body.len()),
            ));
        }
        ClientToRelay::Say { pairing, sequence, body } => place.say(pairing, sequence, &body),
        ClientToRelay::Signal { pairing, body } => place.signal(pairing, body),
        ClientToRelay::Control(ClientControl::Pass) => place.pass(),
        ClientToRelay::Control(ClientControl::RequestPipe { tag }) => place.request_pipe(tag)?,
        ClientToRelay::Control(ClientControl::Fin) => {
            place.fin();
            None
        }
        ClientToRelay::Control(ClientControl::PairingFailed { pairing }) => {
            place.pairing_failed(pairing);
            None
        }
        ClientToRelay::Control(ClientControl::Ping) => {
            place.tell(&RelayToClient::Control(RelayControl::Pong));
            None
        }
        ClientToRelay::Control(ClientControl::Hello { .. } | ClientControl::OpenPipe { .. }) => {
            return Err(Refusal::of(ErrorCode::Unexpected));
        }
    };
    Ok(full)
}
