//! Seats, turns, leaving, losing and coming back, over real sockets.

mod common;

use common::{Client, Relay, soon};
use couplet::message::{ClientControl, ErrorCode, ExitReason, PeerState, RelayControl, Role, Seat};
use std::time::Duration;

/// Has everybody back after a loss: what a client with a token says.
async fn come_back(relay: &Relay, client: &Client) -> Client {
    let mut back = relay.connect().await;
    back.token = client.token;
    back.open().await;
    back.hello(None, client.token).await;
    back
}

#[tokio::test]
async fn two_are_paired_and_talk_in_turns() {
    let relay = Relay::start().await;
    let (mut one, mut two) = relay.pair(None).await;
    one.say(1, 1, "hello").await;
    one.taken(1).await;
    assert_eq!(one.role().await, Role::Rec);
    assert_eq!(two.message().await, (1, false, "hello".to_owned()));
    assert_eq!(two.role().await, Role::Emi);
    one.say(1, 2, "out of turn").await;
    assert_eq!(one.error().await.0, ErrorCode::NotYourTurn);
    two.control(ClientControl::Pass { turn: 1 }).await;
    assert_eq!((two.role().await, one.role().await), (Role::Rec, Role::Emi));
    one.control(ClientControl::Ping).await;
    assert_eq!(one.next_control().await, RelayControl::Pong);
}

#[tokio::test]
async fn the_named_meet_by_name_and_a_third_is_refused() {
    let relay = Relay::start().await;
    let (mut waiting, _) = relay.join(None).await;
    let (_one, _two) = relay.pair(Some("attic")).await;
    let mut third = relay.connect().await;
    third.open().await;
    third.hello(Some("attic"), None).await;
    assert_eq!(third.error().await.0, ErrorCode::RoomTaken);
    third.closed().await;
    assert_eq!(waiting.peer().await, (PeerState::Waiting, 0));
    waiting.control(ClientControl::Ping).await;
    assert_eq!(waiting.next_control().await, RelayControl::Pong);
}

#[tokio::test]
async fn a_newcomer_gets_number_role_and_last_message() {
    let relay = Relay::start().await;
    let (mut one, mut two) = relay.pair(None).await;
    one.say(1, 1, "for seat two").await;
    one.taken(1).await;
    assert_eq!(one.role().await, Role::Rec);
    two.message().await;
    assert_eq!(two.role().await, Role::Emi);
    two.control(ClientControl::Fin).await;
    assert_eq!(two.exit().await, ExitReason::Fin);
    two.closed().await;
    assert_eq!(one.peer().await, (PeerState::Gone, 1));

    let (mut new, welcome) = relay.join(None).await;
    assert_eq!((welcome.seat, welcome.pairing, welcome.returned), (Seat::Two, 2, false));
    assert_eq!(new.peer().await, (PeerState::Present, 2));
    assert_eq!(new.message().await, (1, true, "for seat two".to_owned()));
    assert_eq!(new.role().await, Role::Emi);
    assert_eq!(one.peer().await, (PeerState::Replaced, 2));
    new.say(2, welcome.next_sequence, "here").await;
    assert_eq!(one.message().await.2, "here");
}

#[tokio::test]
async fn a_lost_connection_is_told_at_once_and_its_seat_given_up_after_the_grace() {
    let relay = Relay::with(|config| config.grace = Duration::from_millis(200)).await;
    let (mut one, two) = relay.pair(None).await;
    let token = two.token;
    drop(two);
    assert_eq!(one.peer().await, (PeerState::Silent, 1));
    assert_eq!(one.peer().await, (PeerState::Gone, 1));
    let mut late = relay.connect().await;
    late.open().await;
    late.hello(None, token).await;
    assert_eq!(late.error().await.0, ErrorCode::SeatGone);
    late.closed().await;
    let (_new, welcome) = relay.join(None).await;
    assert_eq!((welcome.seat, welcome.pairing), (Seat::Two, 2));
    assert_eq!(one.peer().await, (PeerState::Replaced, 2));
}

#[tokio::test]
async fn who_finds_a_seat_kept_is_told_for_how_long() {
    let relay = Relay::with(|config| config.grace = Duration::from_mins(10)).await;
    let (mut one, two) = relay.pair(Some("attic")).await;
    drop(two);
    assert_eq!(one.peer().await, (PeerState::Silent, 1));
    let mut new = relay.connect().await;
    new.open().await;
    new.hello(Some("attic"), None).await;
    let RelayControl::Error { code, text, kept_ms: Some(kept_ms) } = new.next_control().await
    else {
        panic!("not told")
    };
    assert_eq!(code, ErrorCode::RoomTaken);
    assert!((500_000..=600_000).contains(&kept_ms), "{kept_ms}");
    let minutes = kept_ms.div_ceil(60_000);
    assert!(text.contains(&format!("kept for another {minutes} min")), "{text}");
    new.closed().await;
}

#[tokio::test]
async fn the_token_brings_a_client_back_to_its_seat() {
    let relay = Relay::start().await;
    let (mut one, two) = relay.pair(None).await;
    one.say(1, 1, "while you were away").await;
    one.taken(1).await;
    assert_eq!(one.role().await, Role::Rec);
    let mut back = {
        let two = two;
        let token = two.token;
        drop(two.stream);
        assert_eq!(one.peer().await, (PeerState::Silent, 1));
        let mut back = relay.connect().await;
        back.open().await;
        back.hello(None, token).await;
        back
    };
    let welcome = back.welcome().await;
    assert!(welcome.returned);
    assert_eq!((welcome.seat, welcome.pairing), (Seat::Two, 1));
    assert_eq!(back.peer().await, (PeerState::Present, 1));
    assert_eq!(back.message().await, (1, true, "while you were away".to_owned()));
    assert_eq!(back.role().await, Role::Emi);
    assert_eq!(one.peer().await, (PeerState::Present, 1));
}

#[tokio::test]
async fn a_seat_taken_over_is_closed_without_harm_to_the_new_one() {
    let relay = Relay::start().await;
    let (mut one, mut two) = relay.pair(None).await;
    for _ in 0..3 {
        let mut back = come_back(&relay, &two).await;
        assert!(back.welcome().await.returned);
        assert_eq!(back.peer().await, (PeerState::Present, 1));
        assert_eq!(back.role().await, Role::Rec);
        assert_eq!(two.exit().await, ExitReason::Superseded);
        two.closed().await;
        // The old connection's end must not count as the new one's loss.
        assert_eq!(one.peer().await, (PeerState::Present, 1));
        two = back;
    }
    one.say(1, 1, "still here?").await;
    assert_eq!(two.message().await.2, "still here?");
    one.taken(1).await;
    assert_eq!(one.role().await, Role::Rec);
}

#[tokio::test]
async fn a_room_ends_with_its_last_client_and_frees_its_name() {
    let relay = Relay::with(|config| config.max_rooms = 1).await;
    let (mut one, mut two) = relay.pair(Some("attic")).await;
    let mut other = relay.connect().await;
    other.open().await;
    other.hello(Some("cellar"), None).await;
    assert_eq!(other.error().await.0, ErrorCode::RoomsFull);
    one.control(ClientControl::Fin).await;
    two.control(ClientControl::Fin).await;
    one.rest().await;
    two.rest().await;
    let (_again, welcome) = relay.join(Some("attic")).await;
    assert_eq!((welcome.seat, welcome.pairing), (Seat::One, 0));
}

#[tokio::test]
async fn a_silent_client_is_lost_and_one_that_pings_is_not() {
    let relay = Relay::with(|config| {
        config.timeouts.silence = Duration::from_secs(3);
    })
    .await;
    let (mut one, mut two) = relay.pair(None).await;
    let mut heartbeat = tokio::time::interval(Duration::from_millis(100));
    let pings = async {
        loop {
            heartbeat.tick().await;
            one.control(ClientControl::Ping).await;
            if one.next_control().await != RelayControl::Pong {
                return;
            }
        }
    };
    soon(pings).await;
    // The one that stayed silent is closed.
    two.closed().await;
}
