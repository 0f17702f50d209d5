//! Telling TLS connections from plain ones, which come to the same port.
//!
//! Owns the first byte and the TLS handshake. What is said inside is `connection`'s, which serves
//! both alike. A TLS connection begins with the byte 0x16 (a handshake record), couplet's opening
//! with `c`; all else is served as plain and told there what this port is.

use crate::connection::{Arrival, serve};
use crate::counters::Count;
use crate::gate::Full;
use crate::line::farewell;
use crate::refusal::Refusal;
use crate::relay::Relay;
use bytes::BytesMut;
use couplet::message::ErrorCode;
use rustls::ServerConfig;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::time::timeout_at;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::info;

/// The first byte of a TLS connection: a record that carries the handshake.
const TLS_HANDSHAKE: u8 = 0x16;

/// Serves whoever has come, over TLS if that is how it begins. One limit covers the TLS handshake
/// and the first message.
pub(crate) async fn answer(stream: TcpStream, arrival: Box<Arrival>, relay: Arc<Relay>) {
    let tls = Box::pin(first_byte(&stream, &arrival, &relay)).await;
    match tls {
        None => serve(stream, arrival, relay).await,
        // Boxed, so that the task of a plain connection stays small.
        Some(config) => Box::pin(answer_tls(stream, config, arrival, relay)).await,
    }
}

/// Tells one for whom there is no room that this is so, in the way that it understands.
pub(crate) async fn turn_away(stream: TcpStream, full: Full, relay: Arc<Relay>) {
    let flush = relay.timeouts.flush;
    let words = Refusal::new(ErrorCode::RelayFull, full).words();
    let tls = match &relay.tls {
        None => None,
        Some(config) => {
            let peek = begins_with_tls(&stream);
            let is_tls = tokio::time::timeout(flush, peek).await.unwrap_or(false);
            is_tls.then(|| Arc::clone(config))
        }
    };
    match tls {
        None => farewell(stream, words, flush).await,
        Some(config) => {
            let accept = TlsAcceptor::from(config).accept(stream);
            if let Ok(Ok(stream)) = tokio::time::timeout(flush, accept).await {
                farewell(stream, words, flush).await;
            }
        }
    }
}

/// The configuration of TLS if the connection begins with it. Whoever says nothing within the limit
/// is dealt with as a plain connection that says nothing.
async fn first_byte(
    stream: &TcpStream,
    arrival: &Arrival,
    relay: &Relay,
) -> Option<Arc<ServerConfig>> {
    let config = relay.tls.as_ref()?;
    let is_tls = tokio::select! {
        biased;
        () = relay.ending.cancelled() => false,
        is_tls = timeout_at(relay.clock.at(arrival.by), begins_with_tls(stream)) => {
            is_tls.unwrap_or(false)
        }
    };
    is_tls.then(|| Arc::clone(config))
}

/// Looks at the first byte and leaves it where it is. This waits until there is one, so it is never
/// called again and can't spin.
async fn begins_with_tls(stream: &TcpStream) -> bool {
    let mut first = [0];
    matches!(stream.peek(&mut first).await, Ok(1)) && first == [TLS_HANDSHAKE]
}

async fn answer_tls(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    arrival: Box<Arrival>,
    relay: Arc<Relay>,
) {
    match Box::pin(shake_hands(stream, config, &arrival, &relay)).await {
        Ok(stream) => serve(stream, arrival, relay).await,
        Err(Failed { why, count, rest }) => {
            let Arrival { number, from, visit, handshake, .. } = *arrival;
            relay.counters.one(count);
            info!(client = number, %from, why, "refused");
            let parting = relay.gate.part();
            drop(handshake);
            if let Some(stream) = rest.filter(|_| parting.is_some()) {
                // The alert that says why is on its way already.
                Box::pin(farewell(stream, BytesMut::new(), relay.timeouts.flush)).await;
            }
            drop((parting, visit));
        }
    }
}

/// A TLS handshake that came to nothing.
struct Failed {
    why: String,
    count: Count,
    /// The connection, if there is somebody to tell.
    rest: Option<TcpStream>,
}

async fn shake_hands(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    arrival: &Arrival,
    relay: &Relay,
) -> Result<TlsStream<TcpStream>, Failed> {
    let accept = TlsAcceptor::from(config).accept(stream).into_fallible();
    let result = tokio::select! {
        biased;
        () = relay.ending.cancelled() => {
            let count = Count::RefusedShutdown;
            return Err(Failed { why: "shutdown".to_owned(), count, rest: None });
        }
        result = timeout_at(relay.clock.at(arrival.by), accept) => result,
    };
    match result {
        Ok(Ok(stream)) => Ok(stream),
        // What the library says names the fault, never the client's bytes.
        Ok(Err((error, stream))) => {
            let count = Count::RefusedTls;
            Err(Failed { why: format!("tls: {error}"), count, rest: Some(stream) })
        }
        Err(_) => {
            let count = Count::RefusedTlsTimeout;
            Err(Failed { why: "tls_timeout".to_owned(), count, rest: None })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::tls::TlsIdentity;
    use couplet::frame::FrameDecoder;
    use couplet::limits::MAX_CONTROL_BODY;
    use couplet::message::{RelayControl, RelayToClient};
    use rcgen::CertifiedKey;
    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, RootCertStore};
    use tokio::io::{AsyncRead, AsyncReadExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsConnector;
    use tokio_util::sync::CancellationToken;

    /// A relay with a certificate, and a client that trusts it.
    fn relay_and_connector() -> (Arc<Relay>, TlsConnector) {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["relay.example".to_owned()]).expect("made");
        let dir = tempfile::tempdir().expect("a directory");
        let (cert_path, key_path) = (dir.path().join("cert"), dir.path().join("key"));
        std::fs::write(&cert_path, cert.pem()).expect("written");
        std::fs::write(&key_path, signing_key.serialize_pem()).expect("written");
        let tls = TlsIdentity::load(&cert_path, &key_path).expect("a certificate");
        let config = Config { tls: Some(tls), ..Config::default() };
        let relay = Relay::new(&config, CancellationToken::new()).expect("a relay");
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).expect("a root");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        (relay, TlsConnector::from(Arc::new(client)))
    }

    async fn full(mut stream: impl AsyncRead + Unpin) -> bool {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.expect("an orderly end");
        let mut decoder = FrameDecoder::new(MAX_CONTROL_BODY);
        decoder.push(&bytes);
        let frame = decoder.poll_frame().expect("a frame").expect("a whole one");
        let message = RelayToClient::decode(frame).expect("a message");
        matches!(
            message,
            RelayToClient::Control(RelayControl::Error { code: ErrorCode::RelayFull, .. })
        )
    }

    #[tokio::test]
    async fn who_finds_the_relay_full_is_told_as_it_understands() {
        let (relay, connector) = relay_and_connector();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(turn_away(stream, Full::Rush, Arc::clone(&relay)));
            }
        });
        let stream = TcpStream::connect(address).await.expect("a relay");
        let name = ServerName::try_from("relay.example").expect("a name");
        assert!(full(connector.connect(name, stream).await.expect("a handshake")).await);
        let stream = TcpStream::connect(address).await.expect("a relay");
        stream.try_write(&couplet::frame::opening()).expect("written");
        assert!(full(stream).await);
    }
}
