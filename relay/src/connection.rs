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

use crate::counters::Count;
use crate::gate::{Handshake, Visit};
use crate::line::{End, Event, Line, farewell, poll_push};
use crate::manners::{Conduct, Excessive};
use crate::outbox::{Close, Outbox};
use crate::pipe::{self, Wire};
use crate::refusal::{Refusal, snake_case};
use crate::relay::Relay;
use crate::rooms::{Place, Wanted};
use crate::shelf::{self, Shelf, Visitor};
use crate::throttle::{Excess, REST};
use couplet::frame::{self, Frame, FrameDecoder, OPENING_LEN};
use couplet::limits::{MAX_CONTROL_BODY, MAX_FIRST_BODY, MAX_OPAQUE};
use couplet::message::{
    ClientControl, ClientToRelay, ErrorCode, Known, RelayControl, RelayToClient, Token, kind,
};
use couplet::plain;
use couplet::room::Room;
use couplet::time::Moment;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::OwnedSemaphorePermit;
use tracing::{Instrument as _, Span, info, info_span};

/// Bytes read at once until a connection has said what it wants.
pub(crate) const FIRST_READ: usize = 4 * 1024;

/// What somebody is told who is closed as memory is short.
const SHORT: &str = "the relay is short of memory, and what it had for this connection wasn't read, or a \
                     frame not finished, for too long; connect again to go on";

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
    pub(crate) handshake: Handshake,
    /// When it must have said what it wants.
    pub(crate) by: Moment,
}

/// Serves one connection until it ends.
pub(crate) async fn serve<S>(mut stream: S, arrival: Box<Arrival>, relay: Arc<Relay>)
where
    S: Wire + 'static,
{
    let Arrival { number, from, visit, handshake, by } = *arrival;
    // What is only needed for a while is boxed, so that an idle client's task stays small.
    let wish = Box::pin(hear_wish(&mut stream, by, &relay)).await;
    let refusal = match wish {
        Ok((Wish::Seat(asked), decoder)) => {
            match take_seat(asked, from.ip(), &relay) {
                Ok(seated) => {
                    drop(handshake);
                    stream.keep_small();
                    let _held = relay.counters.hold(Count::Clients);
                    let Seated { place, outbox, permit } = seated;
                    let span = if place.is_plain() { info_span!("plain") } else { Span::none() };
                    span.in_scope(|| {
                        info!(client = number, %from, room = %place.room(), seat = %place.seat(), "joined");
                    });
                    Box::pin(place.written()).await;
                    // Boxed: what is passed on to an async function is in its future twice.
                    let line = Box::new(Line::new(
                        stream,
                        decoder,
                        outbox,
                        relay.clock,
                        &relay.timeouts,
                        relay.manners.speeds,
                    ));
                    converse(line, place, permit, number, &relay).instrument(span).await;
                    drop(visit);
                    return;
                }
                Err(refusal) => refusal,
            }
        }
        Ok((Wish::Pipe(token), decoder)) => {
            drop(handshake);
            let end = pipe::End::new(stream, decoder.into_rest(), visit);
            return Box::pin(pipe::serve(end, token, number, &relay)).await;
        }
        Ok((Wish::Shelf, decoder)) => match enter_shelf(&relay) {
            Ok((shelf, permits)) => {
                drop(handshake);
                let rest = decoder.into_rest();
                let visitor = Visitor { tls: stream.is_tls(), stream, rest, from, number };
                Box::pin(shelf::serve(visitor, shelf, &relay)).await;
                drop((permits, visit));
                return;
            }
            Err(refusal) => refusal,
        },
        Err(refusal) => refusal,
    };
    relay.counters.one(refusal.count());
    info!(client = number, %from, why = %refusal, "refused");
    let parting = relay.gate.part();
    drop(handshake);
    // If very many are refused at once, others are told and not waited for.
    let limit = parting.as_ref().map_or(Duration::ZERO, |_| relay.timeouts.flush);
    Box::pin(farewell(stream, refusal.words(), limit)).await;
    drop((parting, visit));
}

/// What a connection is for.
enum Wish {
    Seat(Asked),
    Pipe(Token),
    Shelf,
}

/// Which seat is asked for.
enum Asked {
    /// An empty one.
    New(Wanted),
    /// An empty one in a plain room.
    Plain,
    /// The one that the token stands for.
    Back { token: Token, anew: bool, times: u64, known: Known },
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
        () = relay.ending.cancelled() => Err(relay.farewell()),
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
    let mut decoder = FrameDecoder::new(MAX_FIRST_BODY);
    let frame = loop {
        if let Some(frame) = decoder.poll_frame()? {
            break frame;
        }
        match poll_fn(|cx| poll_push::<FIRST_READ, _>(stream, &mut decoder, cx)).await {
            Ok(0) | Err(_) => return Err(Refusal::Gone),
            Ok(_) => {}
        }
    };
    // What follows may be longer.
    let rest = decoder.into_rest();
    let mut decoder = FrameDecoder::new(MAX_CONTROL_BODY);
    decoder.push(&rest);
    let wish = match ClientToRelay::decode(frame)? {
        ClientToRelay::Control(ClientControl::Hello {
            room,
            new_room,
            seat,
            anew,
            times,
            known,
            plain,
        }) => {
            if plain {
                if room.is_some() || new_room || seat.is_some() {
                    return Err(Refusal::new(
                        ErrorCode::Unexpected,
                        "a plain room has no name and no seat to come back to, and a room with either \
                         isn't plain; ask for one or the other",
                    ));
                }
                return Ok((Wish::Seat(Asked::Plain), decoder));
            }
            let room = match room {
                Some(name) => Wanted::Named(name),
                None if new_room => Wanted::New,
                None => Wanted::Any,
            };
            let seat = match seat {
                Some(token) => Asked::Back { token, anew, times, known },
                None => Asked::New(room),
            };
            Wish::Seat(seat)
        }
        ClientToRelay::Control(ClientControl::OpenPipe { token }) => Wish::Pipe(token),
        ClientToRelay::Control(ClientControl::OpenShelf) => Wish::Shelf,
        ClientToRelay::Control(
            ClientControl::Pass { .. }
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

fn take_seat(asked: Asked, from: IpAddr, relay: &Relay) -> Result<Seated, Refusal> {
    let permit = relay.gate.admit();
    let outbox = Arc::new(Outbox::new(Arc::clone(&relay.budget)));
    let (place, permit) = match (asked, permit) {
        // Whoever has a seat already was let in once; at worst both of its connections are here
        // until the old one is noticed to be dead.
        (Asked::Back { token, anew, times, known }, permit) => {
            let take = |room: &mut Room, now| room.handle_return(token, anew, times, known, now);
            (relay.rooms.come_back(token, take, from, &outbox)?, permit.ok())
        }
        (Asked::Plain, Ok(permit)) => {
            let seat = || relay.plain_seat(from, &outbox);
            (info_span!("plain").in_scope(seat)?, Some(permit))
        }
        (Asked::New(room), Ok(permit)) => (relay.rooms.join(room, from, &outbox)?, Some(permit)),
        (Asked::New(_) | Asked::Plain, Err(full)) => {
            return Err(Refusal::new(ErrorCode::RelayFull, full));
        }
    };
    Ok(Seated { place, outbox, permit })
}

/// Lets somebody to the shelf, who counts as a client.
fn enter_shelf(relay: &Relay) -> Result<(Arc<Shelf>, [OwnedSemaphorePermit; 2]), Refusal> {
    let shelf = relay.shelf.as_ref().ok_or_else(|| {
        let text = "this relay has no shelf; its operator can make one with --shelf DIR";
        Refusal::new(ErrorCode::NoShelf, text)
    })?;
    let permit = relay.gate.admit();
    let permit = permit.map_err(|full| Refusal::new(ErrorCode::RelayFull, full))?;
    let visitor = shelf.enter().map_err(|full| Refusal::new(ErrorCode::RelayFull, full))?;
    Ok((Arc::clone(shelf), [permit, visitor]))
}

/// Carries out what a seated client says until its line ends.
pub(crate) async fn converse<S>(
    mut line: Box<Line<S>>,
    place: Place,
    permit: Option<OwnedSemaphorePermit>,
    number: u64,
    relay: &Relay,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut told = Conduct::default();
    let end = loop {
        match poll_fn(|cx| line.poll_event(cx)).await {
            Event::Frame(frame) => {
                let is_signal = frame.kind == kind::SIGNAL;
                match handle(frame, &place, relay) {
                    Ok(Some(full)) => line.hold_until_room(full),
                    Ok(None) => line.let_peer_go_first(),
                    Err(refusal) => break Err(refusal),
                }
                if is_signal && told.is_one_too_many(place.turn(), relay.manners.signals) {
                    relay.counters.one(Count::ThrottledSignals);
                    told.tell(Excessive::Signals, &place, relay);
                    line.rest(REST);
                }
            }
            Event::Throttled(excess) => {
                let (what, count) = match excess {
                    Excess::Frames => (Excessive::Frames, Count::ThrottledFrames),
                    Excess::Bytes => (Excessive::Bytes, Count::ThrottledBytes),
                };
                relay.counters.one(count);
                told.tell(what, &place, relay);
            }
            Event::End(End::Malformed(error)) => break Err(error.into()),
            Event::End(end) => break Ok(end),
        }
    };
    let (room, seat) = (place.room(), place.seat());
    let last_words = match &end {
        Err(refusal) => Some(refusal.clone()),
        Ok(End::Stuck) => Some(Refusal::of(ErrorCode::Stuck)),
        Ok(End::Short) => Some(Refusal::new(ErrorCode::Stuck, SHORT)),
        Ok(End::Closed(_) | End::Lost | End::Silent | End::HalfFrame | End::Malformed(_)) => None,
    };
    if let Some(cut) = cut_as(&end) {
        relay.counters.one(cut);
    }
    if let Some(Refusal::Error { code, text }) = last_words {
        place.tell(&RelayToClient::Control(RelayControl::Error { code, text, kept_ms: None }));
    }
    // The peer is told before this client's last bytes are waited for.
    drop((place, permit));
    let somebody_is_there = end != Ok(End::Lost);
    let why = match end {
        Ok(End::Closed(Close::Exit(reason))) => snake_case(reason),
        Ok(End::Closed(Close::Refused(code))) => snake_case(code),
        Ok(end) => snake_case(end),
        Err(refusal) => refusal.to_string(),
    };
    info!(client = number, %room, %seat, why, "left");
    if somebody_is_there {
        Box::pin(line.close(relay.timeouts.flush)).await;
    }
}

/// As what the end of a line is counted, if the relay made it.
const fn cut_as(end: &Result<End, Refusal>) -> Option<Count> {
    match end {
        Ok(End::Stuck) => Some(Count::CutStuck),
        Ok(End::Short) => Some(Count::CutShort),
        Ok(End::Silent) => Some(Count::CutSilent),
        Ok(End::HalfFrame) => Some(Count::CutHalfFrame),
        Err(Refusal::Error { code: ErrorCode::Unexpected, .. }) => Some(Count::CutUnexpected),
        Err(_) | Ok(End::Malformed(_)) => Some(Count::CutMalformed),
        Ok(End::Closed(_) | End::Lost) => None,
    }
}

/// Does what one frame asks for. Returns the peer's queue if it is over its limit.
fn handle(frame: Frame, place: &Place, relay: &Relay) -> Result<Option<Arc<Outbox>>, Refusal> {
    let message = ClientToRelay::decode(frame)?;
    if place.is_plain() {
        plain::check_message(&message)?;
    }
    let full = match message {
        ClientToRelay::Say { body, .. } | ClientToRelay::Signal { body, .. }
            if body.len() > MAX_OPAQUE =>
        {
            return Err(Refusal::new(
                ErrorCode::Malformed,
                format_args!("a body has {} bytes; at most {MAX_OPAQUE} may be said", body.len()),
            ));
        }
        ClientToRelay::Say { pairing, sequence, body } => {
            relay.counters.one(Count::Messages);
            place.say(pairing, sequence, &body)
        }
        ClientToRelay::Signal { pairing, body } => {
            relay.counters.one(Count::Signals);
            place.signal(pairing, body)
        }
        ClientToRelay::Control(ClientControl::Pass { turn }) => place.pass(turn),
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
        ClientToRelay::Control(
            ClientControl::Hello { .. } | ClientControl::OpenPipe { .. } | ClientControl::OpenShelf,
        ) => {
            return Err(Refusal::of(ErrorCode::Unexpected));
        }
    };
    Ok(full)
}
