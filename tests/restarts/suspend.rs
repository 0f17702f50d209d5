//! A client and the relay that stand still for a while, as a laptop's that is closed: it heals by itself.
//!
//! It stands still until the other has said something meanwhile; `COUPLET_SUSPEND_SECONDS` says for how
//! long beyond that: with 45 s the relay gives the client up, and with 30 s the clients the relay.

use super::{Scene, now};
use std::time::Duration;

fn for_how_long() -> Duration {
    let told = std::env::var("COUPLET_SUSPEND_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(told.unwrap_or(0))
}

#[test]
fn a_client_that_stood_still_goes_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut scene = Scene::begin(dir.path());
    scene.until_more(4, "the beginning");
    scene.people[1].is_suspended();
    scene.people[0].talks_alone();
    scene.people[0].waits(for_how_long());
    scene.people[1].goes_on();
    let start = now();
    scene.until_more(4, "a client that stood still");
    println!(
        "a client stood still for {:?}; four messages more after {:?}",
        for_how_long(),
        now() - start
    );
}

#[test]
fn a_relay_that_stood_still_goes_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut scene = Scene::begin(dir.path());
    scene.until_more(4, "the beginning");
    let relay = scene.relay.as_ref().expect("a relay");
    relay.suspend();
    scene.people[0].talks_alone();
    scene.people[0].waits(for_how_long());
    relay.go_on();
    let start = now();
    scene.until_more(4, "a relay that stood still");
    println!(
        "the relay stood still for {:?}; four messages more after {:?}",
        for_how_long(),
        now() - start
    );
}
