//! Connections whose other end is gone or as good as gone: no end of the stream, no more bytes.

mod common;

use common::Relay;
use couplet::message::{ClientControl, ErrorCode, PeerState, RelayControl};
use couplet_relay::counters::{Count, Counters};
use std::sync::Arc;
use std::time::Duration;

/// A machine that went away leaves a connection behind that just says nothing more.
#[tokio::test]
async fn a_silent_client_is_cut_and_counted_and_its_peer_is_told() {
    let counters = Arc::<Counters>::default();
    let relay = Relay::with(|config| {
        config.timeouts.silence = Duration::from_secs(3);
        config.timeouts.flush = Duration::from_millis(100);
        config.counters = Arc::clone(&counters);
    })
    .await;
    let (mut one, two) = relay.pair(None).await;
    // One of them gives signs of life.
    let alive = async {
        let mut pace = tokio::time::interval(Duration::from_millis(50));
        loop {
            pace.tick().await;
            one.control(ClientControl::Ping).await;
            let heard = one.next_control().await;
            if let RelayControl::Peer { state, .. } = heard {
                return state;
            }
            assert_eq!(heard, RelayControl::Pong);
        }
    };
    assert_eq!(common::soon(alive).await, PeerState::Silent);
    assert_eq!(counters.get(Count::CutSilent), 1);
    drop(two);
}

/// However many are silent from the beginning, each is told and counted, and the places are free
/// again for others.
#[tokio::test]
async fn handshakes_that_stop_are_cut_and_their_places_are_free_again() {
    let counters = Arc::<Counters>::default();
    let relay = Relay::with(|config| {
        config.max_handshakes = 8;
        config.timeouts.handshake = Duration::from_secs(3);
        config.counters = Arc::clone(&counters);
    })
    .await;
    let mut stalled = Vec::new();
    for number in 0..8 {
        let mut client = relay.connect().await;
        if number % 2 == 0 {
            client.raw(b"coup").await;
        }
        stalled.push(client);
    }
    let mut one_more = relay.connect().await;
    let (code, text) = one_more.error().await;
    assert_eq!(code, ErrorCode::RelayFull);
    assert!(text.contains("too many clients come"), "{text}");
    for client in &mut stalled {
        assert_eq!(client.error().await.0, ErrorCode::HandshakeTimeout);
        client.closed().await;
    }
    drop(stalled);
    let (_client, welcome) = relay.join(None).await;
    assert_eq!(welcome.pairing, 0);
    assert_eq!(counters.get(Count::RefusedHandshakeTimeout), 8);
    assert_eq!(counters.get(Count::RefusedRush), 1);
    assert_eq!(counters.get(Count::Accepted), 10);
}
