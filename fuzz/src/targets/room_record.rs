//! The record that a room is kept in on disk: any bytes, and what comes after them.
//!
//! What is read is written again as the same. A room from any record goes on without a panic, keeps
//! all rules of [`super::room`], and says nothing that isn't in the record.

use super::room::World;
use crate::draw::Input;
use couplet::room::{Record, Room};
use couplet::time::Moment;
use std::time::Duration;

/// Runs one input: a record in JSON, and after a line feed what happens then.
pub fn run(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let (json, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let record = match Record::decode(json) {
        Ok(record) => record,
        Err(error) => return drop(error.to_string()),
    };
    assert_eq!(Record::decode(&record.encode()).as_ref(), Ok(&record));
    let grace = Duration::from_secs(30);
    let room = Room::restore(record.clone(), grace, Moment::START, Duration::from_secs(1 << 30));
    let mut world = World::of(room);
    world.knows(&record);
    let mut input = Input::new(rest);
    // Running out of input is no find.
    while !input.is_empty() && world.step(&mut input).is_ok() {}
}
