//! Clients of couplet's own protocol in plain rooms, and what is refused them there.

use super::Both;
use super::common::Relay;
use couplet::message::{
    ClientControl, ClientToRelay, ErrorCode, PeerState, RelayControl, Role, Seat,
};
use couplet_relay::counters::Count;

#[tokio::test]
async fn frames_and_lines_meet_in_one_room() {
    let both = Both::start().await;
    let mut lines = both.lines().await;
    lines.hears("1").await;
    let mut framed = both.framed().await;
    let welcome = framed.next_control().await;
    assert!(
        matches!(welcome, RelayControl::Welcome { seat: Seat::Two, plain: true, grace_ms: 0, .. }),
        "{welcome:?}"
    );
    assert_eq!(framed.peer().await, (PeerState::Present, 1));
    assert_eq!(framed.role().await, Role::Rec);
    lines.hears("emi").await;
    lines.says("from lines\n").await;
    assert_eq!(framed.message().await, (1, false, "from lines".to_owned()));
    assert_eq!(framed.role().await, Role::Emi);
    framed.say(1, 1, "from frames").await;
    framed.taken(1).await;
    lines.hears("from frames").await;
    // It is replaced by one who speaks in lines, at once: no seat is kept.
    drop(framed);
    both.counts(Count::PlainClients, 1).await;
    let mut newcomer = both.lines().await;
    for line in ["2", "rec", "from lines"] {
        newcomer.hears(line).await;
    }
    lines.says("again\n").await;
    newcomer.hears("again").await;
    // And one who speaks in lines by one who speaks in frames.
    lines.says("fin\n").await;
    lines.closes().await;
    let mut framed = both.framed().await;
    assert_eq!(framed.welcome().await.seat, Seat::One);
    assert_eq!(framed.peer().await, (PeerState::Present, 3));
    assert_eq!(framed.message().await, (1, true, "from frames".to_owned()));
    assert_eq!(framed.role().await, Role::Rec);
    newcomer.says("welcome\n").await;
    assert_eq!(framed.message().await.2, "welcome");
}

#[tokio::test]
async fn only_lines_are_let_into_a_plain_room() {
    let both = Both::start().await;
    let mut lines = both.lines().await;
    lines.hears("1").await;
    let body = |bytes: &'static [u8]| bytes::Bytes::from_static(bytes);
    let mut role_is_told = false;
    for (message, code) in [
        (ClientToRelay::Signal { pairing: 1, body: body(b"x") }, ErrorCode::Unexpected),
        (ClientToRelay::Control(ClientControl::RequestPipe { tag: 1 }), ErrorCode::Unexpected),
        (ClientToRelay::Control(ClientControl::Pass { turn: 0 }), ErrorCode::Unexpected),
        (
            ClientToRelay::Control(ClientControl::PairingFailed { pairing: 1 }),
            ErrorCode::Unexpected,
        ),
        (
            ClientToRelay::Say { pairing: 1, sequence: 1, body: body(b"two\nlines") },
            ErrorCode::Malformed,
        ),
        (ClientToRelay::Say { pairing: 1, sequence: 1, body: body(b"\xff") }, ErrorCode::Malformed),
    ] {
        let mut framed = both.framed().await;
        framed.welcome().await;
        framed.peer().await;
        framed.role().await;
        framed.send(message).await;
        assert_eq!(framed.error().await.0, code);
        framed.closed().await;
        both.counts(Count::PlainClients, 1).await;
        if !std::mem::replace(&mut role_is_told, true) {
            lines.hears("emi").await;
        }
    }
    // Nothing of all that has come through.
    let mut two = both.lines().await;
    for line in ["2", "rec"] {
        two.hears(line).await;
    }
    lines.says("still here\n").await;
    two.hears("still here").await;
}

#[tokio::test]
async fn plain_and_sealed_rooms_are_apart() {
    let both = Both::start().await;
    // One waits in a sealed room, and isn't met from a plain one; nor the other way round.
    let (mut sealed, welcome) = both.relay.join(None).await;
    let mut lines = both.lines().await;
    lines.hears("1").await;
    let (mut other, _) = both.relay.join(None).await;
    assert_eq!(other.peer().await, (PeerState::Present, 1));
    assert_eq!(sealed.peer().await, (PeerState::Waiting, 0));
    // A token opens no plain room, and a plain room has no name and none that is new.
    for (room, new_room, seat) in
        [(None, false, Some(welcome.token)), (Some("attic"), false, None), (None, true, None)]
    {
        let room = room.map(|room| couplet::message::RoomName::new(room).expect("a name"));
        let mut hello = ClientControl::hello(room, new_room, seat);
        if let ClientControl::Hello { plain, .. } = &mut hello {
            *plain = true;
        }
        let mut client = both.relay.connect().await;
        client.open().await;
        client.control(hello).await;
        assert_eq!(client.error().await.0, ErrorCode::Unexpected);
        client.closed().await;
    }
    // Nor does the token of a seat in a plain room open anything.
    let mut framed = both.framed().await;
    let token = framed.welcome().await.token;
    lines.hears("emi").await;
    let mut client = both.relay.connect().await;
    client.open().await;
    client.hello(None, Some(token)).await;
    assert_eq!(client.error().await.0, ErrorCode::SeatGone);
}

#[tokio::test]
async fn a_relay_without_the_door_has_no_plain_rooms() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    client.open().await;
    client.control(ClientControl::plain_hello()).await;
    let (code, text) = client.error().await;
    assert_eq!(code, ErrorCode::NoPlainRooms);
    assert!(text.contains("--plain-listen"), "{text}");
    client.closed().await;
}
