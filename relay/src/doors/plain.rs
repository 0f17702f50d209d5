//! The door for lines of text: netcat, telnet, or a few lines of C, each a client in a plain room.
//!
//! Owns the way of such a connection to its seat. From there on it is a client like any other, on the
//! same [`Line`], with the same limits; that it speaks in lines and not in frames is `translator`'s, and
//! what the lines mean is the core's ([`couplet::plain`]).

mod translator;

use crate::connection::converse;
use crate::counters::Count;
use crate::gate::{Full, Handshake, Visit};
use crate::line::{Line, farewell};
use crate::outbox::Outbox;
use crate::refusal::Refusal;
use crate::relay::Relay;
use crate::server::{ACCEPT_REST, concerns_one_connection, next_number, prepare};
use bytes::BytesMut;
use couplet::frame::FrameDecoder;
use couplet::limits::{MAX_CONTROL_BODY, MAX_REASON_COLUMNS};
use couplet::message::{ErrorCode, ExitReason, RelayControl, RelayToClient};
use couplet::plain::{self, Client};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;
use tracing::{Instrument as _, debug, info, info_span, warn};
use translator::Translator;

/// Somebody who listens may say nothing for as long as he likes: a year is longer than a relay runs, and
/// timers can't hold much more. A machine that has died is noticed by TCP's own signs of life.
const SILENCE: Duration = Duration::from_hours(24 * 365);

/// Serves whoever comes to `listener`, for ever.
pub(crate) async fn accept_all(
    listener: Option<Arc<TcpListener>>,
    relay: &Arc<Relay>,
    tasks: &TaskTracker,
) {
    let Some(listener) = listener else { return std::future::pending().await };
    loop {
        let (stream, from) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) if concerns_one_connection(&error) => {
                debug!(%error, "a connection broke before it was accepted");
                continue;
            }
            Err(error) => {
                warn!(%error, "can't accept plain connections for the moment");
                tokio::time::sleep(ACCEPT_REST).await;
                continue;
            }
        };
        let number = next_number(relay);
        if let Err(error) = prepare(&stream) {
            debug!(client = number, %error, "a socket refused an option");
        }
        let span = info_span!("plain");
        match relay.gate.enter(from.ip()) {
            Ok(guards) => {
                let relay = Arc::clone(relay);
                tasks.spawn(serve(stream, from, number, guards, relay).instrument(span));
            }
            Err(full) => {
                debug!(client = number, %from, %full, "turned away");
                relay.counters.one(full.count());
                if let Some(permit) = relay.gate.part() {
                    let relay = Arc::clone(relay);
                    tasks.spawn(async move {
                        farewell(stream, full_words(full), relay.timeouts.flush).await;
                        drop(permit);
                    });
                } else {
                    relay.counters.one(Count::Silently);
                }
            }
        }
    }
}

/// Serves one connection until it ends. There is nothing it must say first: who comes wants a seat.
async fn serve(
    stream: TcpStream,
    from: SocketAddr,
    number: u64,
    (visit, handshake): (Visit, Handshake),
    relay: Arc<Relay>,
) {
    let outbox = Arc::new(Outbox::new(Arc::clone(&relay.budget)));
    let admitted = relay.gate.admit().map_err(|full| Refusal::new(ErrorCode::RelayFull, full));
    let seated = admitted.and_then(|permit| Ok((relay.plain_seat(from.ip(), &outbox)?, permit)));
    let refusal = match seated {
        Ok((place, permit)) => {
            drop(handshake);
            let _held = relay.counters.hold(Count::Clients);
            info!(client = number, %from, room = %place.room(), seat = %place.seat(), "joined");
            let timeouts = crate::config::Timeouts { silence: SILENCE, ..relay.timeouts };
            let line = Box::new(Line::new(
                Translator::new(stream, Client::default(), relay.clock, &relay.budget),
                FrameDecoder::new(MAX_CONTROL_BODY),
                outbox,
                relay.clock,
                &timeouts,
                relay.manners.speeds,
            ));
            converse(line, place, Some(permit), number, &relay).await;
            return drop(visit);
        }
        Err(refusal) => refusal,
    };
    relay.counters.one(refusal.count());
    info!(client = number, %from, why = %refusal, "refused");
    let parting = relay.gate.part();
    drop(handshake);
    let limit = parting.as_ref().map_or(Duration::ZERO, |_| relay.timeouts.flush);
    Box::pin(farewell(stream, words(&refusal), limit)).await;
    drop((parting, visit));
}

fn full_words(full: Full) -> BytesMut {
    words(&Refusal::new(ErrorCode::RelayFull, full))
}

/// The last words to somebody who got no seat, as a line: a client's machine says how.
fn words(refusal: &Refusal) -> BytesMut {
    let control = match refusal {
        Refusal::Shutdown | Refusal::Restart => RelayControl::Exit { reason: ExitReason::Shutdown },
        Refusal::Error { code, text } => {
            let text = couplet::text::line(text, MAX_REASON_COLUMNS);
            RelayControl::Error { code: *code, text, kept_ms: None }
        }
        // Nothing of this can be said of a plain room.
        Refusal::Gone | Refusal::NotCouplet | Refusal::SeatKept { .. } => return BytesMut::new(),
    };
    let mut client = Client::default();
    client.handle_message(RelayToClient::Control(control));
    let mut words = BytesMut::new();
    while let Some(command) = client.poll_command() {
        if let plain::Command::Write(line) = command {
            words.extend_from_slice(&line);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_gets_no_seat_is_told_in_a_line() {
        let full = full_words(Full::Clients(7));
        assert_eq!(full, "error the relay serves as many clients as it may (7); try again later\n");
        assert_eq!(words(&Refusal::Restart), "exit\n");
        assert_eq!(words(&Refusal::Gone), "");
    }
}
