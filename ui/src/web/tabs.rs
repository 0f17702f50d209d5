//! The web socket of one page: what the loop tells it, and what it says.
//!
//! Owns the socket as long as the page is there. A page that doesn't take what it is told, doesn't
//! answer to pings or says too much at once loses its socket, comes back and is told all again.

use super::answer::Failure;
use super::server::{Heard, Patience, Site, TabId};
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// The longest message of a page.
pub(super) const MAX_MESSAGE: usize = 256 * 1024;

/// Pages at once.
pub(super) const MAX_TABS: usize = 16;

/// How many events may wait for a page.
const EVENTS: usize = 256;

/// What a socket may take of memory for what waits to be written, and for reading.
const WRITE_AT: usize = 64 * 1024;

/// `GET /api/line`
pub(super) async fn line(
    State(site): State<Arc<Site>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Failure> {
    let upgrade = upgrade.map_err(|_| Failure::wrong("this address is for web sockets"))?;
    let seats = Arc::clone(&site.tabs);
    let seat = seats.try_acquire_owned();
    let seat = seat.map_err(|_| Failure::not_now("16 pages are open already; close one first"))?;
    let upgrade = upgrade
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .read_buffer_size(WRITE_AT)
        .write_buffer_size(WRITE_AT);
    Ok(upgrade.on_upgrade(async move |socket| {
        serve(&site, socket).await;
        drop(seat);
    }))
}

async fn serve(site: &Site, socket: WebSocket) {
    let tab = TabId(site.last_tab.fetch_add(1, Ordering::Relaxed) + 1);
    let (telling, told) = mpsc::channel(EVENTS);
    if site.heard.send(Heard::Opened { tab, telling }).await.is_err() {
        return;
    }
    let (mut to, from) = socket.split();
    let mut ending = site.ending.clone();
    let why = tokio::select! {
        why = hear(site, tab, from) => why,
        why = tell(&site.patience, told, &mut to) => why,
        _ = ending.changed() => close_code::AWAY,
    };
    let goodbye = Message::Close(Some(CloseFrame { code: why, reason: Utf8Bytes::default() }));
    let _ = timeout(site.patience.goodbye, to.send(goodbye)).await;
    // Whoever isn't there any more needn't know.
    let _ = site.heard.send(Heard::Closed { tab }).await;
}

/// Takes what the page says, until it is silent, gone or unclear. While the loop is busy, nothing is read.
async fn hear(site: &Site, tab: TabId, mut from: SplitStream<WebSocket>) -> u16 {
    loop {
        let message = match timeout(site.patience.silence, from.next()).await {
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(_))) => return close_code::SIZE,
            Ok(None) | Err(_) => return close_code::AWAY,
        };
        match message {
            Message::Text(text) => {
                let said = Heard::Said { tab, text: text.as_str().to_owned() };
                if site.heard.send(said).await.is_err() {
                    return close_code::AWAY;
                }
            }
            Message::Binary(_) => return close_code::UNSUPPORTED,
            Message::Close(_) => return close_code::NORMAL,
            // Pings are answered by the socket itself.
            Message::Ping(_) | Message::Pong(_) => {}
        }
    }
}

/// Tells the page what there is to tell, until the loop lets go of it or it takes no more.
async fn tell(
    patience: &Patience,
    mut told: mpsc::Receiver<Arc<str>>,
    to: &mut SplitSink<WebSocket, Message>,
) -> u16 {
    let mut pings = interval(patience.ping);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let message = tokio::select! {
            event = told.recv() => match event {
                Some(event) => Message::text(&*event),
                None => return close_code::AGAIN,
            },
            _ = pings.tick() => Message::Ping(axum::body::Bytes::new()),
        };
        match timeout(patience.silence, to.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return close_code::AWAY,
        }
    }
}

#[cfg(test)]
#[path = "tabs_tests.rs"]
mod tests;
