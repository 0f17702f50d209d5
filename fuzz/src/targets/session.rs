//! The client's machine: a relay and a peer that say anything, a user who wishes anything, losses,
//! waits, and starts from what was kept.
//!
//! Each input costs a bounded number of commands and events, what is shown is clean text, nothing that
//! the user says goes out readable, nothing comes after the end, nobody is called for ever, what
//! waits has a bound, and a session that is started anew has all that was kept.
//!
//! `world` is the engine and the user, `relay` what the relay says, `peer` the other end, which has
//! the keys.

mod peer;
mod relay;
mod world;

pub(super) use world::World;

use crate::draw::Input;

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let Ok(by_code) = input.arbitrary::<bool>() else { return };
    let mut world = World::new(by_code);
    // Running out of input is no find.
    while !input.is_empty() && world.step(&mut input).is_ok() {}
}
