//! Telling the relay's numbers to Prometheus.
//!
//! Owns the smallest HTTP/1.1 server that can: one resource, one request a connection, and a bound on
//! everything: how many come at once, how much they may say, and how long it may take. What the
//! numbers are, and their text, is [`counters`](crate::counters)'s; it is so little that no library is
//! needed for it.

use crate::line::farewell;
use crate::relay::Relay;
use bytes::BytesMut;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::debug;

/// Requests at once; others wait to be accepted.
const MAX_REQUESTS: usize = 8;

/// Bytes of a request's head.
const MAX_HEAD: usize = 4 * 1024;

/// How long a request may take to come, and then its answer to go.
const LIMIT: Duration = Duration::from_secs(2);

/// How long accepting rests after an error.
const REST: Duration = Duration::from_millis(100);

/// Answers whoever comes to `listener`, for ever.
pub(crate) async fn serve(listener: Option<Arc<TcpListener>>, relay: &Arc<Relay>) {
    let Some(listener) = listener else { return std::future::pending().await };
    let places = Arc::new(Semaphore::new(MAX_REQUESTS));
    // A set ends what is in it when it is dropped.
    let mut requests = JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        while requests.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, from)) => {
                let relay = Arc::clone(relay);
                requests.spawn(async move {
                    if let Err(error) = answer(stream, &relay).await {
                        debug!(%from, %error, "a request for metrics failed");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                debug!(%error, "can't accept a request for metrics");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

async fn answer(mut stream: TcpStream, relay: &Relay) -> io::Result<()> {
    let head = tokio::time::timeout(LIMIT, read_head(&mut stream)).await??;
    let response = respond(&head, || relay.counters.text());
    farewell(stream, BytesMut::from(&response[..]), LIMIT).await;
    Ok(())
}

/// Reads up to the empty line. What is longer than may be is cut, and not understood.
async fn read_head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(512);
    while !head.windows(4).any(|four| four == b"\r\n\r\n") && head.len() < MAX_HEAD {
        let room = MAX_HEAD - head.len();
        if (&mut *stream).take(u64::try_from(room).unwrap_or(0)).read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}

/// The whole answer to a request.
fn respond(head: &[u8], text: impl FnOnce() -> String) -> Vec<u8> {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let mut words = line.split(|byte| *byte == b' ');
    let (method, path, version) = (words.next(), words.next(), words.next());
    let is_http = version.is_some_and(|version| version.starts_with(b"HTTP/1."));
    let is_whole = head.windows(4).any(|four| four == b"\r\n\r\n");
    let path = path.and_then(|path| path.split(|byte| *byte == b'?').next());
    let (status, body) = match (method, path) {
        _ if !is_http => ("400 Bad Request", "that is no HTTP/1.1\n".to_owned()),
        _ if !is_whole => ("431 Request Header Fields Too Large", "too long\n".to_owned()),
        (Some(b"GET"), Some(b"/metrics")) => ("200 OK", text()),
        (_, Some(b"/metrics")) => ("405 Method Not Allowed", "only GET\n".to_owned()),
        _ => ("404 Not Found", "there is only /metrics\n".to_owned()),
    };
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(head: &str) -> String {
        let response = String::from_utf8(respond(head.as_bytes(), || "n 1\n".to_owned()));
        let response = response.expect("text");
        let (head, body) = response.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{head}");
        head.lines().next().expect("a line").to_owned()
    }

    #[test]
    fn only_one_thing_can_be_asked_for() {
        let asked = |line: &str| status(&format!("{line}\r\nHost: x\r\n\r\n"));
        assert_eq!(asked("GET /metrics HTTP/1.1"), "HTTP/1.1 200 OK");
        assert_eq!(asked("GET /metrics?x=1 HTTP/1.0"), "HTTP/1.1 200 OK");
        assert_eq!(asked("GET / HTTP/1.1"), "HTTP/1.1 404 Not Found");
        assert_eq!(asked("POST /metrics HTTP/1.1"), "HTTP/1.1 405 Method Not Allowed");
        assert_eq!(asked("couplet"), "HTTP/1.1 400 Bad Request");
        assert_eq!(asked(""), "HTTP/1.1 400 Bad Request");
        let long = status("GET /metrics HTTP/1.1\r\nHost: x");
        assert_eq!(long, "HTTP/1.1 431 Request Header Fields Too Large");
    }
}
