//! The situations that pass quickly, or that few ever get into.

use super::super::app::{Effect, Input};
use super::super::picker::{Entry, Found, Kind, Seen};
use super::super::stage::Stage;
use super::{
    Scene, connecting, conversation_emi, conversation_rec_held, peer_gone, shelf, your_turn_empty,
};
use couplet::session::{Event as Told, Link, Peer};

pub(crate) const SCENES: &[Scene] = &[
    ("talk_for_long", super::long_conversation),
    ("waiting_for_a_seat", waiting_for_a_seat),
    ("connecting_again", connecting_again),
    ("peer_gone_listening", peer_gone_listening),
    ("about_to_leave", about_to_leave),
    ("leaving", leaving),
    ("going_elsewhere", going_elsewhere),
    ("transfers_none", transfers_none),
    ("picking_reading", picking_reading),
    ("picking_refused", picking_refused),
    ("picking_for_the_shelf", picking_for_the_shelf),
    ("shelf_login_sent", shelf_login_sent),
    ("shelf_login_instead", shelf_login_instead),
    ("help_end", help_end),
];

fn waiting_for_a_seat() -> Stage {
    let mut stage = connecting();
    stage.hear(Told::Link(Link::Online));
    stage
}

fn connecting_again() -> Stage {
    let mut stage = conversation_rec_held();
    stage.hear(Told::Link(Link::Connecting { attempt: 2 }));
    stage
}

fn peer_gone_listening() -> Stage {
    let mut stage = conversation_rec_held();
    stage.hear(Told::Peer { peer: Peer::Gone, newcomer: false });
    stage
}

fn about_to_leave() -> Stage {
    let mut stage = your_turn_empty();
    stage.keys("Ctrl-C");
    stage
}

fn leaving() -> Stage {
    let mut stage = conversation_emi();
    stage.keys("Ctrl-U f i n Enter");
    stage
}

fn going_elsewhere() -> Stage {
    let mut stage = peer_gone();
    stage.write("/new").keys("Enter");
    stage
}

fn transfers_none() -> Stage {
    let mut stage = conversation_emi();
    stage.keys("F2");
    stage
}

fn picking_with(command: &str) -> Stage {
    let mut stage = your_turn_empty();
    stage.write(command).keys("Enter");
    stage
}

fn picking_reading() -> Stage {
    picking_with("/send")
}

fn answered(mut stage: Stage, seen: Seen) -> Stage {
    let Some(Effect::Look(look)) = stage.effects.last().cloned() else { panic!("nothing asked") };
    stage.give(Input::Found(Found { look, seen }));
    stage
}

fn picking_refused() -> Stage {
    let why = "/root can't be read (permission denied); Left goes back".to_owned();
    answered(picking_with("/send"), Seen::Nothing(why))
}

fn picking_for_the_shelf() -> Stage {
    let file = |n: u64| {
        let label = format!("measurement {n:03}.csv");
        Entry { file: label.clone().into(), label, kind: Kind::File(n * 1_234_567) }
    };
    let entries = (1..40).map(file).collect();
    let path = "/home/ann/measurements".into();
    let stage = picking_with("/put");
    let mut stage = answered(stage, Seen::Entries { path, entries, cut: true });
    stage.keys("Tab Tab");
    stage
}

fn shelf_login_sent() -> Stage {
    let mut stage = shelf::login();
    stage.keys("Enter");
    stage
}

/// Somebody is logged in and wants to be somebody else.
fn shelf_login_instead() -> Stage {
    let mut stage = shelf_login_sent();
    shelf::told(&mut stage, shelf::terms(couplet::account::Rights::GET));
    stage.keys("Esc").write("/shelf bea").keys("Enter");
    stage
}

fn help_end() -> Stage {
    let mut stage = conversation_emi();
    stage.keys("F1").draw(80, 24);
    stage.keys("End");
    stage
}
