//! The client of couplet: the engine, and the faces that people see of it.
//!
//! | module | owns |
//! | --- | --- |
//! | [`engine`] | the session with its socket and files; commands in, events out; no screen |
//! | [`terminal`] | the terminal face |
//! | `web` | the face in a browser |
//! | [`command`] | the commands without a screen: `send` and `receive` |
//! | [`host`] | a relay of one's own, for `--host` |
//! | [`password`], [`keyring`] | where the password of a shelf's user comes from; where it is remembered |
//! | [`known_relays`] | the relays whose certificates this user has met |
//! | [`relays`] | `couplet relays`, which lists and forgets them |
//! | [`conversations`] | the conversations that can be gone back to |
//! | [`partials`] | `couplet partials`, which lists and removes what was cut |
//! | [`meeting`] | how two people are to meet, and what the friend is told |
//! | [`config`] | the command line, and the exit statuses |
//! | [`clock`] | the one clock site, the one source of randomness |

pub mod clock;
pub mod command;
pub mod config;
pub mod conversations;
pub mod engine;
mod first_run;
pub mod host;
pub mod keyring;
pub mod known_relays;
pub mod meeting;
mod naming;
pub mod partials;
pub mod password;
mod places;
pub mod relays;
pub mod terminal;
mod unseen;
pub mod web;
