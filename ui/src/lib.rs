//! The client of couplet: the engine, and the faces that people see of it.
//!
//! | module | owns |
//! | --- | --- |
//! | [`engine`] | the session with its socket and files; commands in, events out; no screen |
//! | [`terminal`] | the terminal face |
//! | [`host`] | a relay of one's own, for `--host` |
//! | [`config`] | the command line, and the exit statuses |
//! | [`clock`] | the one clock site, the one source of randomness |

pub mod clock;
pub mod config;
pub mod engine;
pub mod host;
pub mod terminal;
