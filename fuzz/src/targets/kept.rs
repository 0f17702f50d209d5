//! What a client is started anew from: any file, and what comes after.
//!
//! A session that goes on from any of them keeps all rules of [`super::session`].

use super::session::World;
use crate::draw::Input;
use couplet::session::Kept;

/// Runs one input: what was kept in JSON, and after a line feed what happens then.
pub fn run(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let (json, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let Ok(kept) = serde_json::from_slice::<Kept>(json) else { return };
    let mut world = World::resumed(kept);
    let mut input = Input::new(rest);
    // Running out of input is no find.
    while !input.is_empty() && world.step(&mut input).is_ok() {}
}
