//! The situations in a plain room.

use super::super::stage::Stage;
use super::Scene;
use couplet::message::{Role, Seat};
use couplet::session::{DraftId, Event as Told, Link, Mark, Peer, Seal};
use std::time::Duration;

pub(in crate::terminal) const SCENES: &[Scene] = &[
    ("plain_connecting", connecting),
    ("plain_waiting", waiting),
    ("plain_your_turn", your_turn),
    ("plain_listening", listening),
    ("plain_peer_gone", peer_gone),
    ("plain_connection_lost", connection_lost),
];

fn connecting() -> Stage {
    let mut stage = Stage::new();
    stage.hear(Told::Seal(Seal::Plain));
    let text = "this is a plain room and NOT SEALED: the relay, and whoever can look into it or the \
                lines to it, reads all that is said here";
    stage.hear(Told::Notice(text.into()));
    stage.hear(Told::Link(Link::Connecting { attempt: 1 }));
    stage
}

fn waiting() -> Stage {
    let mut stage = connecting();
    stage.hear(Told::Link(Link::Online));
    stage.hear(Told::Seated { seat: Seat::One, room: None, returned: false });
    stage.hear(Told::Peer { peer: Peer::Waiting, newcomer: false });
    stage
}

pub(in crate::terminal) fn your_turn() -> Stage {
    let mut stage = waiting();
    stage.hear(Told::Peer { peer: Peer::Present, newcomer: true });
    stage.hear(Told::Role(Role::Emi));
    stage
}

pub(in crate::terminal) fn listening() -> Stage {
    let mut stage = your_turn();
    stage.said(1, "hello, netcat", Mark::Taken);
    stage.hear(Told::Role(Role::Rec));
    stage.words(1, "hello, couplet").said(2, "how is it there?", Mark::Taken);
    stage.hear(Told::Held { draft: DraftId(3), text: "one for later".into() });
    stage
}

fn peer_gone() -> Stage {
    let mut stage = listening();
    stage.hear(Told::Peer { peer: Peer::Gone, newcomer: false });
    stage
}

fn connection_lost() -> Stage {
    let mut stage = your_turn();
    stage.hear(Told::Link(Link::Lost { attempt: 1, retry_in: Duration::from_millis(3_200) }));
    stage
}
