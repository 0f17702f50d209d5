//! The door for lines of text: netcat, telnet, or a few lines of C, each a client in a plain room.
//!
//! Owns the way of such a connection to its seat. From there on it is a client like any other, on the
//! same [`Line`], with the same limits; that it speaks in lines and not in frames is `translator`'s, and
//! what the lines mean is the core's ([`couplet::plain`]).

mod translator;

use crate::accept::{Accepted, accept, dismiss};
use crate::connection::converse;
use crate::counters::Count;
use crate::gate::{Full, Handshake, Visit};
use crate::line::{Line, farewell};
use crate::outbox::Outbox;
use crate::refusal::Refusal;
use crate::relay::Relay;
use bytes::BytesMut;
use couplet::frame::FrameDecoder;
use couplet::limits::{MAX_CONTROL_BODY, MAX_REASON_COLUMNS};
use couplet::message::{ErrorCode, ExitReason, RelayControl, RelayToClient};
use couplet::plain::{self, Client};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;
use tracing::{Instrument as _, info, info_span};
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
        let accepted = accept(&listener, relay, "plain connections").await;
        match relay.gate.enter(accepted.from.ip()) {
            Ok(guards) => {
                let relay = Arc::clone(relay);
                tasks.spawn(serve(accepted, guards, relay).instrument(info_span!("plain")));
            }
            Err(full) => dismiss(accepted, full, relay, tasks, |stream, full, relay| async move {
                farewell(stream, full_words(full), relay.timeouts.flush).await;
            }),
        }
    }
}

/// Serves one connection until it ends. There is nothing it must say first: who comes wants a seat.
async fn serve(accepted: Accepted, (visit, handshake): (Visit, Handshake), relay: Arc<Relay>) {
    let Accepted { stream, from, number } = accepted;
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
