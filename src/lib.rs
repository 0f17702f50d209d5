//! What both sides of couplet speak, and what both sides decide.
//!
//! couplet is a private line for two: two clients talk in turns and pass files of any size through
//! a relay. This crate is its pure core. Nothing in here opens a socket or a file, asks a clock, or
//! draws a random number: what happened comes in through `handle_*` calls (with the time as a
//! [`time::Moment`]), what to do next goes out through `poll_*` calls, and the shells in
//! `couplet-relay` and `couplet-ui` carry it out. So every rule is tested in microseconds.
//!
//! | layer | module | owns |
//! | --- | --- | --- |
//! | bytes | [`frame`] | length-delimited frames, the opening bytes, maximum sizes |
//! | messages | [`message`], [`names`] | every control message between client and relay, and its words |
//! | between peers | [`peer`] | what clients say to each other inside bodies the relay can't read |
//! | the relay | [`room`], [`directory`] | seats, turns, replacement; who meets whom |
//! | the client | [`session`] | roles, held drafts, acknowledgements, reconnection, offers |
//! | files | [`transfer`] | HELLO, CHUNK and CLOSE: sender, receiver, ledger, hash tree |
//! | screens | [`text`], [`path`] | the one sanitiser and the one safe-path type |
//!
//! Every bound on size, count and time that the protocol knows is a constant in [`limits`].

pub mod directory;
pub mod frame;
pub mod limits;
pub mod message;
pub mod names;
pub mod path;
pub mod peer;
pub mod room;
pub mod session;
pub mod text;
pub mod time;
pub mod transfer;
