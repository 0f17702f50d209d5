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
//! | the relay's certificate | [`fingerprint`] | how it is shown, compared and written down |
//! | between peers | [`peer`] | what clients say to each other inside bodies the relay can't read |
//! | the relay | [`room`], [`directory`], [`guesses`] | seats, turns, replacement; who meets whom; wrong codes |
//! | the shelf's accounts | [`account`], [`logins`] | names, rights, passwords; failed logins |
//! | other programs | [`plain`] | plain rooms: lines of text, in turns, for netcat and the like |
//! | the client | [`session`] | roles, held drafts, acknowledgements, reconnection, offers |
//! | files at rest | [`shelf`] | what lies on a relay, who may do what with it, the machines of both sides |
//! | other programs | [`zmtp`], [`upload`] | ZeroMQ's wire, and the chunked upload spoken over it |
//! | files | [`transfer`] | HELLO, CHUNK and CLOSE: sender, receiver, ledger, hash tree |
//! | sealing | [`seal`] | keys from a code, and everything sealed with them (feature `client`) |
//! | people | [`code`], [`nearness`] | codes to meet by, and what a slip was meant to be |
//! | screens | [`text`], [`path`], [`units`] | the one sanitiser, the one safe-path type, numbers for people |
//!
//! Every bound on size, count and time that couplet's own protocol knows is a constant in [`limits`];
//! those of other programs' protocols are beside them.

pub mod account;
#[cfg(feature = "client")]
pub mod code;
pub mod directory;
pub mod fingerprint;
pub mod frame;
pub mod guesses;
pub mod limits;
pub mod logins;
pub mod message;
pub mod names;
pub mod nearness;
pub mod path;
pub mod peer;
pub mod plain;
pub mod room;
#[cfg(feature = "client")]
pub mod seal;
#[cfg(feature = "client")]
pub mod session;
pub mod shelf;
pub mod text;
pub mod time;
pub mod transfer;
pub mod units;
pub mod upload;
pub mod zmtp;
